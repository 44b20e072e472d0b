//! What pulls have left: of whom something is missing, and which source is believed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::Date;
use serde::Serialize;

use super::persons::{Persons, Whom};
use super::{DataFolder, PullReport, StepError};
use crate::config::{BY_HAND, People, SourceTerms};
use crate::lake::RegisterRow;
use crate::ledger::{Ledger, PullRecord};
use crate::profile::{EntryRank, Fact, Precedence, Profile, Register, ResidentId};
use crate::rulebook::{Condition, RegisterFinding, Row, Rulebook};

/// What some pulls say together of the sources of a folder.
#[derive(Debug, Default)]
pub(super) struct Sources {
    /// Sources of which some resource type was cut off and has not come whole since.
    open: BTreeSet<String>,
    /// Residents of whom something is missing: of themselves, or of a source beside the register that
    /// knows them and is not whole.
    residents: BTreeSet<ResidentId>,
    /// Sources beside the register that are not whole and have never said whom they know: what is missing
    /// of them could be about anybody.
    may_know_anybody: BTreeSet<String>,
    /// By sources beside the register, who came on the register after they were last asked about everybody.
    newcomers: BTreeMap<String, BTreeSet<ResidentId>>,
    precedence: Precedence,
    persons: Persons,
    /// What the register says of people with several entries, by each of them.
    registered: HashMap<ResidentId, Register>,
    /// What second entries tell of their persons, by the entry that leads.
    told_elsewhere: HashMap<ResidentId, Vec<Fact>>,
}

impl Sources {
    /// After these pulls, which are the first of a folder up to some of them, as rules need it.
    pub(super) fn of(
        data: &DataFolder,
        rulebook: &Rulebook,
        pulls: &[PullRecord],
    ) -> Result<Self, StepError> {
        Self::about(data, rulebook, pulls, Whom::Everybody)
    }

    /// The same for whoever asks about one person only.
    pub(super) fn of_person(
        data: &DataFolder,
        rulebook: &Rulebook,
        pulls: &[PullRecord],
        resident: ResidentId,
    ) -> Result<Self, StepError> {
        Self::about(data, rulebook, pulls, Whom::Person(resident))
    }

    fn about(
        data: &DataFolder,
        rulebook: &Rulebook,
        pulls: &[PullRecord],
        whom: Whom,
    ) -> Result<Self, StepError> {
        let mut sources = Self::without_facts(&data.ledger, pulls)?;
        let is_of_second = |row: &Row| {
            row.when == Condition::Register(RegisterFinding::SecondEntry) && row.outcome.is_some()
        };
        // Rules that do not know of second entries decide about each as somebody of its own.
        if rulebook.pathway.rows.iter().any(is_of_second) {
            let last = pulls.last().map_or(0, |pull| pull.id);
            sources.persons = Persons::of(data, last)?;
            // Of whom something is missing under one entry, it is missing of the person.
            let lacking = sources.persons.leads_of(&sources.residents);
            sources.residents.extend(lacking);
            sources.registered = sources.persons.registered(data, last, whom)?;
            sources.told_elsewhere =
                sources
                    .persons
                    .facts(data, &rulebook.catalogue, last, whom)?;
        }
        Ok(sources)
    }

    fn without_facts(ledger: &Ledger, pulls: &[PullRecord]) -> Result<Self, StepError> {
        let reports = pulls.iter().filter_map(|pull| {
            let report = serde_json::from_str::<PullReport>(&pull.report).ok()?;
            Some((&*pull.source, report))
        });
        let reports: Vec<(&str, PullReport)> = reports.collect();
        // Each pull says for its source who is left, and what the source is.
        let newest: BTreeMap<&str, &PullReport> = reports
            .iter()
            .map(|(source, report)| (*source, report))
            .collect();
        let left = newest
            .values()
            .map(|report| report.residents_undetermined());
        let mut residents: BTreeSet<ResidentId> = left.flatten().collect();
        let ranks = reports.iter().filter_map(|(source, report)| {
            let of_source = newest.get(source)?;
            Some((report.id, of_source.terms.precedence?))
        });
        let precedence = Precedence::of(ranks);
        let open = with_open_slices(&reports);
        let last = pulls.last().map_or(0, |pull| pull.id);
        let mut may_know_anybody = BTreeSet::new();
        for source in &open {
            let linked = ledger.linked(source, last)?;
            let is_linked = |report: &&PullReport| report.terms.people == People::Linked;
            // One that has never told whom it knows may know anybody.
            if linked.is_empty() && newest.get(source.as_str()).is_some_and(is_linked) {
                may_know_anybody.insert(source.clone());
            }
            residents.extend(linked);
        }
        let mut newcomers = BTreeMap::new();
        for (source, report) in &newest {
            // From a folder nothing more may ever come: nobody waits for that until something is missing.
            let is_to_come = open.contains(*source) || report.network.is_some();
            if report.terms.people == People::Linked && is_to_come {
                let joined = ledger.joined(newest_whole(&reports, source), last)?;
                let joined: BTreeSet<ResidentId> = joined.into_iter().collect();
                residents.extend(joined.iter().copied());
                newcomers.insert((*source).to_owned(), joined);
            }
        }
        Ok(Self {
            open,
            residents,
            may_know_anybody,
            newcomers,
            precedence,
            ..Self::default()
        })
    }

    /// Whether nothing is missing of any source.
    pub(super) fn are_whole(&self) -> bool {
        self.open.is_empty()
    }

    /// A register entry with its completeness.
    pub(super) fn completed(&self, row: &RegisterRow) -> Register {
        let is_open = self.open.contains(&*row.source)
            || self.residents.contains(&row.resident)
            || !self.may_know_anybody.is_empty();
        let known = self.registered.get(&row.resident).unwrap_or(&row.register);
        Register {
            death: known.death,
            residence: known.residence,
            complete: !is_open,
            rank: match self.persons.lead_of(row.resident) {
                Some(_) => EntryRank::GivesWay,
                None => EntryRank::Leading,
            },
            ..row.register
        }
    }

    /// The sources of which something is missing that could be about a resident: their own, and those
    /// beside the register that know them.
    pub(super) fn missing_about(
        &self,
        ledger: &Ledger,
        row: &RegisterRow,
    ) -> Result<Vec<&str>, StepError> {
        let mut missing = BTreeSet::new();
        for source in &self.open {
            if **source == *row.source
                || self.may_know_anybody.contains(source)
                || ledger.linked(source, u32::MAX)?.contains(&row.resident)
            {
                missing.insert(source.as_str());
            }
        }
        let newcomers = self.newcomers.iter();
        let waits = newcomers.filter(|(_, residents)| residents.contains(&row.resident));
        missing.extend(waits.map(|(source, _)| source.as_str()));
        Ok(missing.into_iter().collect())
    }

    /// That a person has several entries, as explanations say it; nothing for others.
    pub(super) fn of_several_entries(&self, resident: ResidentId) -> Option<String> {
        if let Some(lead) = self.persons.lead_of(resident) {
            return Some(format!("This person is decided about as {lead}.\n"));
        }
        let others = self.persons.others_of(resident);
        let others: Vec<String> = others.map(|other| other.to_string()).collect();
        (!others.is_empty()).then(|| {
            format!(
                "Also entered as {}: what is told there counts here.\n",
                others.join(", ")
            )
        })
    }

    /// What is known about a resident on a day.
    pub(super) fn profile(&self, row: &RegisterRow, facts: Vec<Fact>, index_date: Date) -> Profile {
        self.profile_of(row.resident, self.completed(row), facts, index_date)
    }

    /// The same with an entry whose completeness is known.
    pub(super) fn profile_of(
        &self,
        resident: ResidentId,
        register: Register,
        mut facts: Vec<Fact>,
        index_date: Date,
    ) -> Profile {
        match register.rank {
            EntryRank::Leading => {
                let told = self.told_elsewhere.get(&resident);
                facts.extend(told.into_iter().flatten());
            }
            // What it tells counts under the entry that leads.
            EntryRank::GivesWay => facts.clear(),
        }
        Profile::of_sources(register, facts, index_date, &self.precedence)
    }
}

/// Refuses a source whose people or trust are others than before: what is stored of it would be read by
/// terms that do not hold any more. Its precedence may change, and counts from the next pull on.
pub(super) fn same_terms(
    pulls: &[PullRecord],
    source: &str,
    terms: SourceTerms,
) -> Result<(), StepError> {
    let mut of_source = pulls.iter().rev().filter(|pull| pull.source == source);
    let before = of_source.find_map(|pull| serde_json::from_str::<PullReport>(&pull.report).ok());
    let before = before.map(|report| report.terms);
    match before {
        Some(before) if (before.people, before.trust) != (terms.people, terms.trust) => {
            Err(StepError::OtherTerms(source.to_owned()))
        }
        Some(_) | None => Ok(()),
    }
}

/// What is known of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceKnown {
    /// What it is called.
    pub source: String,
    /// What it is to the programme.
    pub terms: SourceTerms,
    /// The newest pull of it; none when it was never pulled.
    pub pull: Option<u32>,
    /// The instant of that (UTC), for people.
    pub at: Option<String>,
    /// Whether that one brought nothing: the source could not be pulled.
    pub failed: bool,
    /// Residents of the register whom it tells about.
    pub residents: u64,
    /// Those who stay undetermined until more of it comes: of these or, while it has never said whom it
    /// knows, everybody.
    pub undetermined: u64,
}

impl DataFolder {
    /// Whether of each of these sources some pull is on record, be it one that brought nothing.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn knows(&self, sources: &[&str]) -> Result<bool, StepError> {
        let pulls = self.ledger.pulls()?;
        let is_known = |source: &&str| pulls.iter().any(|pull| pull.source == **source);
        Ok(sources.iter().all(is_known))
    }

    /// What is known of each source, in the order of their names; of `configured` ones also of those that
    /// were never pulled.
    ///
    /// # Errors
    ///
    /// When the ledger or the register cannot be read.
    pub fn sources(
        &self,
        configured: &[(&str, SourceTerms)],
    ) -> Result<Vec<SourceKnown>, StepError> {
        let pulls = self.ledger.pulls()?;
        let register = self.store.register(None)?;
        let sources = Sources::without_facts(&self.ledger, &pulls)?;
        let last = pulls.last().map_or(0, |pull| pull.id);
        let never = configured.iter().map(|(source, terms)| SourceKnown {
            source: (*source).to_owned(),
            terms: *terms,
            pull: None,
            at: None,
            failed: false,
            residents: 0,
            undetermined: 0,
        });
        let mut known: BTreeMap<String, SourceKnown> = never
            .map(|source| (source.source.clone(), source))
            .collect();
        // Only the newest of each source is looked at.
        let pulled = pulls.iter().filter(|pull| pull.source != BY_HAND);
        let newest: BTreeMap<&str, &PullRecord> =
            pulled.map(|pull| (&*pull.source, pull)).collect();
        for pull in newest.into_values() {
            let Ok(report) = serde_json::from_str::<PullReport>(&pull.report) else {
                continue;
            };
            let mut residents = self.ledger.linked(&pull.source, last)?;
            let own = register.iter().filter(|row| *row.source == *pull.source);
            residents.extend(own.map(|row| row.resident));
            let n_residents = residents.len() as u64;
            let undetermined = if sources.may_know_anybody.contains(&pull.source) {
                register.len() as u64
            } else {
                let mut left = report.residents_undetermined();
                if sources.open.contains(&pull.source) {
                    left.extend(residents);
                }
                left.extend(sources.newcomers.get(&pull.source).into_iter().flatten());
                left.len() as u64
            };
            let source = SourceKnown {
                source: pull.source.clone(),
                failed: report.is_of_nothing(),
                terms: report.terms,
                pull: Some(pull.id),
                at: Some(pull.at.clone()),
                residents: n_residents,
                undetermined,
            };
            known.insert(pull.source.clone(), source);
        }
        Ok(known.into_values().collect())
    }
}

/// The newest pull that brought everything of a source; 0 where there was none.
fn newest_whole(reports: &[(&str, PullReport)], source: &str) -> u32 {
    let is_of_all = |report: &PullReport| {
        let network = report.network.as_ref();
        report.is_complete && network.is_none_or(|network| network.since.is_none())
    };
    let mut newest_first = reports.iter().rev();
    newest_first
        .find(|(of, report)| *of == source && is_of_all(report))
        .map_or(0, |(_, report)| report.id)
}

/// Sources of which some resource type was cut off and has not come whole since, from the same
/// group where it came over the network.
///
/// A file cut off before its first line is known by the word its name begins with.
fn with_open_slices(reports: &[(&str, PullReport)]) -> BTreeSet<String> {
    // Source, group, and the list of residents where not the whole group was read.
    type Origin<'p> = (&'p str, Option<&'p str>, Option<&'p str>);
    let mut open: BTreeMap<Origin<'_>, BTreeSet<String>> = BTreeMap::new();
    for (source, report) in reports {
        let kinds = |is_whole: bool| {
            let slices = report.slices.iter();
            let slices = slices.filter(move |slice| slice.is_whole == is_whole);
            let kinds = slices
                .flat_map(|slice| slice.types.iter().cloned().chain([first_word(&slice.file)]));
            kinds.collect::<BTreeSet<String>>()
        };
        let (mut whole, mut cut_off) = (kinds(true), kinds(false));
        let (mut group, mut listed) = (None, None);
        if let Some(network) = &report.network {
            // What was asked for and is in no file is not there: it came whole as well.
            whole.extend(network.types.iter().cloned());
            cut_off.extend(network.incomplete.iter().cloned());
            (group, listed) = (Some(&*network.group), network.listed.as_deref());
        }
        // What came whole of some residents says nothing about the others of their group.
        for ((of_source, of_group, of_list), kinds) in &mut open {
            let is_theirs = listed.is_none() || *of_list == listed;
            if of_source == source && *of_group == group && is_theirs {
                kinds.retain(|kind| !whole.contains(kind));
            }
        }
        open.entry((source, group, listed))
            .or_default()
            .extend(cut_off);
    }
    open.retain(|_, kinds| !kinds.is_empty());
    open.into_keys()
        .map(|(source, _, _)| source.to_owned())
        .collect()
}

/// `Observation` of `Observation.000.ndjson.gz`.
fn first_word(file: &str) -> String {
    file.chars().take_while(|c| c.is_alphabetic()).collect()
}
