//! Learn: index decisions, what became of them, and the recalibration that this justifies.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;

use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::in_force::{self, InForce};
use super::run::{checked_pulls, runs_of};
use super::sources::Sources;
use super::{DataFolder, LearnDocument, StepError};
use crate::lake::DecisionRow;
use crate::learning::{self, Case, Learning, Round};
use crate::ledger::{OrderedInRound, RecalibrationRecord, RunRecord};
use crate::outcomes::{self, Decided, IndexDecision, Outcome};
use crate::pathway::OrderedBecause;
use crate::profile::ResidentId;
use crate::report::LearningSubject;
use crate::rulebook::{Rulebook, Score, State};

/// What learning needs beside the rules and the data folder.
#[derive(Debug, Clone)]
pub struct LearnOptions {
    /// The day of looking back.
    pub today: Date,
    /// Only decisions of this run; all, otherwise.
    pub index_run: Option<u32>,
    /// Who puts the proposal in force.
    pub accept_as: Option<String>,
    /// Which decisions are kept out of the fit.
    pub hold_out: HoldOut,
    /// The instant of now (UTC), for people.
    pub at: String,
}

/// Which decisions are kept out of a fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldOut {
    /// None: what is proposed can be judged once newer decisions have outcomes.
    Nobody,
    /// The newest, as many as the programme says: they can judge what is proposed.
    Newest,
}

/// What was kept out of a fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldOut {
    /// The last index date that was fitted.
    pub fitted_until: Date,
    /// Verified decisions after it.
    pub verified: usize,
}

/// What was learned, and what became of it.
pub struct LearnReport {
    /// The figures.
    pub learning: Learning,
    /// What they are about.
    pub subject: LearningSubject,
    /// Everybody's decisions with their outcomes, sorted by resident; without those held out.
    pub cases: Vec<FollowedCase>,
    /// What was kept out of the fit; nothing when all was fitted.
    pub held_out: Option<HeldOut>,
}

/// A decision about a resident, followed to what became of it.
#[derive(Debug, Clone, Copy)]
pub struct FollowedCase {
    /// Who.
    pub resident: ResidentId,
    /// The run that decided, or that of the newest decision where none counts.
    pub run: u32,
    /// Day zero; nothing when the run does not count.
    pub index_date: Option<Date>,
    /// What was decided, and what became of it.
    pub case: Case,
}

/// Follows index decisions to their outcomes, holds them against the calibration in force, and puts
/// the recalibration that they justify on record: proposed, or accepted by a named person.
///
/// # Errors
///
/// When nothing was pulled or decided, the calibration in force is of something the programme does
/// not observe, there is nothing to accept, nobody can be held out, or reading or writing fails.
pub fn learn(
    rulebook: &Rulebook,
    data: &mut DataFolder,
    options: &LearnOptions,
) -> Result<LearnReport, StepError> {
    if options
        .accept_as
        .as_ref()
        .is_some_and(|by| by.trim().is_empty())
    {
        return Err(StepError::AcceptedByNobody);
    }
    let in_force = in_force::in_force(rulebook, data)?;
    let rulebook = &in_force.rulebook;
    let calibration = &rulebook.calibration;
    learning::observed(calibration)?;
    let mut followed = follow(rulebook, data, (options.index_run, options.today))?;
    let held_out = match options.hold_out {
        HoldOut::Nobody => None,
        HoldOut::Newest => Some(followed.hold_out(rulebook)?),
    };
    let cases: Vec<Case> = followed.cases.iter().map(|one| one.case).collect();
    let model = (&rulebook.model, rulebook.pathway.lowest_level());
    let learning = learning::learn(calibration, &calibration.estimand, model, &cases)?;
    let mut subject = LearningSubject {
        as_of: options.today,
        runs: followed.runs.iter().copied().collect(),
        has_acted: followed.has_acted,
        residents: followed.residents,
        proposal: None,
        accepted: None,
    };
    let record = record(&in_force, data, options, &learning, &followed, &subject)?;
    if let Some(record) = record {
        let id = data.ledger.propose(&record)?;
        subject.proposal = Some(id);
        if let Some(by) = &options.accept_as {
            if in_force::Registry::of(data)?.is_rolled_back(id) {
                return Err(StepError::RolledBack(id));
            }
            data.ledger.accept(id, by, &options.at)?;
            subject.accepted = Some(by.clone());
        }
    } else if options.accept_as.is_some() {
        let why = match &learning.first.proposal {
            Err(reason) => reason.to_string(),
            Ok(_) => "the outcomes do not contradict the calibration in force".to_owned(),
        };
        return Err(StepError::NothingToAccept(why));
    }
    Ok(LearnReport {
        learning,
        subject,
        cases: followed.cases,
        held_out,
    })
}

/// What is put on record of a proposal; nothing when none is justified.
fn record(
    in_force: &InForce,
    data: &DataFolder,
    options: &LearnOptions,
    learning: &Learning,
    followed: &Followed,
    subject: &LearningSubject,
) -> Result<Option<RecalibrationRecord>, StepError> {
    let round = &learning.first;
    let Some(proposal) = round.proposal.as_ref().ok().filter(|p| p.changes()) else {
        return Ok(None);
    };
    let rulebook = &in_force.rulebook;
    let (intercept, slope) = proposal.recalibration.update();
    let runs: Vec<String> = subject.runs.iter().map(u32::to_string).collect();
    let document = LearnDocument::new(learning, subject);
    Ok(Some(RecalibrationRecord {
        id: 0,
        at: options.at.clone(),
        as_of: options.today.to_string(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        rules_fingerprint: rulebook.fingerprint.clone(),
        model: in_force::model(rulebook),
        base: in_force::base(rulebook),
        made_from: in_force.recalibration,
        fitted_until: followed.newest_verified().map(|day| day.to_string()),
        estimand: learning.estimand.to_string(),
        pull: data.ledger.newest_pull()?,
        ledger_event: followed.ledger_event,
        runs: runs.join(","),
        cases_hash: followed.hash(),
        n: round.verified as u64,
        events: round.confirmed as u64,
        tested: round.tested.name().to_owned(),
        method: proposal.recalibration.test.name().to_owned(),
        rung: proposal.recalibration.chosen.name().to_owned(),
        intercept,
        slope,
        report: serde_json::to_string(&document).expect("a document has no maps with odd keys"),
    }))
}

/// Everybody's decisions that count, with their outcomes.
pub(super) struct Followed {
    /// Sorted by resident.
    pub(super) cases: Vec<FollowedCase>,
    pub(super) runs: BTreeSet<u32>,
    pub(super) residents: u64,
    pub(super) has_acted: bool,
    pub(super) ledger_event: i64,
}

impl Followed {
    /// The days of verified decisions.
    fn verified(&self) -> impl Iterator<Item = Date> {
        let verified = self.cases.iter().filter(|one| one.case.is_verified());
        verified.filter_map(|one| one.index_date)
    }

    fn newest_verified(&self) -> Option<Date> {
        self.verified().max()
    }

    /// Leaves out the newest decisions, as many as the programme says.
    fn hold_out(&mut self, rulebook: &Rulebook) -> Result<HeldOut, StepError> {
        let limits = rulebook.programme.model_changes.as_ref();
        let limits = limits.ok_or(StepError::NoModelChanges)?;
        let days = self.verified().collect();
        let until = learning::fitted_until(days, limits.held_out);
        let fitted_until = until.ok_or(StepError::NobodyToHoldOut)?;
        let is_fitted = |one: &FollowedCase| one.index_date.is_some_and(|on| on <= fitted_until);
        let verified = self.verified().filter(|on| fitted_until < *on).count();
        self.cases.retain(is_fitted);
        let followed = |one: &&FollowedCase| one.case.outcome != Outcome::NotFollowed;
        self.runs = self
            .cases
            .iter()
            .filter(followed)
            .map(|one| one.run)
            .collect();
        let firsts = self.cases.iter();
        let firsts = firsts.filter(|one| one.case.round == Round::First);
        self.residents = firsts.count() as u64;
        Ok(HeldOut {
            fitted_until,
            verified,
        })
    }

    /// SHA-256 over the cases in canonical form, 64 hexadecimal digits.
    pub(super) fn hash(&self) -> String {
        let mut hash = Sha256::new();
        for FollowedCase {
            resident,
            run,
            case,
            ..
        } in &self.cases
        {
            let inclusion = match case.decided {
                Decided::SampledNegative(inclusion) => inclusion.billionths(),
                Decided::Flagged
                | Decided::BelowLevel
                | Decided::Undecided
                | Decided::NotEligible
                | Decided::NotCounted => 0,
            };
            let (low, high) = case
                .score
                .unwrap_or((Score::from(i16::MIN), Score::from(i16::MIN)));
            let line = format!(
                "{resident}\u{1f}{run}\u{1f}{}\u{1f}{inclusion}\u{1f}{low}\u{1f}{high}\u{1f}{}\u{1e}",
                case.decided.name(),
                case.outcome.name()
            );
            hash.update(line.as_bytes());
        }
        let mut text = String::with_capacity(64);
        for byte in hash.finalize() {
            write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        }
        text
    }
}

/// One resident's decision in one run, as far as learning is concerned.
#[derive(Clone, Copy)]
struct Known {
    run: u32,
    round: Round,
    decided: Decided,
    score: Option<(Score, Score)>,
}

/// What is known of a resident's decisions while all are read.
#[derive(Clone, Copy, Default)]
struct OfResident {
    /// The first that counts.
    first: Option<Known>,
    /// The newest, whatever it was.
    newest: Option<Known>,
    /// The one of the run that was asked for.
    of_run: Option<Known>,
}

/// Follows decisions, of one run or of all, to what was known of their outcomes on a day.
pub(super) fn follow(
    rulebook: &Rulebook,
    data: &DataFolder,
    (index_run, today): (Option<u32>, Date),
) -> Result<Followed, StepError> {
    let pulls = checked_pulls(rulebook, data)?;
    let runs = runs_of(rulebook, data)?;
    if runs.is_empty() {
        return Err(StepError::NothingRun);
    }
    if let Some(wanted) = index_run
        && !runs.iter().any(|run| run.id == wanted)
    {
        return Err(StepError::UnknownRun(wanted));
    }
    // Runs that asked nothing of anybody are rehearsals, unless all were.
    let has_acted = runs.iter().any(|run| run.acted);
    let counting: BTreeMap<u32, Date> = runs
        .iter()
        .filter(|run| run.acted || !has_acted)
        .map(|run| Ok((run.id, index_date(run)?)))
        .collect::<Result<_, StepError>>()?;
    let ordered: HashMap<(ResidentId, u32), OrderedInRound> = data
        .ledger
        .ordered()?
        .into_iter()
        .map(|order| ((order.resident, order.run), order))
        .collect();
    let own: BTreeSet<u32> = runs.iter().map(|run| run.id).collect();
    let (known, repeats) = decisions(data, index_run, (&own, &counting), &ordered)?;
    let mut followed = Followed {
        cases: Vec::new(),
        runs: BTreeSet::new(),
        residents: 0,
        has_acted,
        ledger_event: data.ledger.episodes(None)?.1,
    };
    let sources = Sources::of(data, rulebook, &pulls)?;
    let mut stored = data.store.facts(&rulebook.catalogue, None)?;
    let calibration = &rulebook.calibration;
    let observed = learning::observed(calibration)?;
    let horizon = calibration.estimand.horizon_months;
    for entry in data.store.register(None)? {
        let resident = entry.resident;
        let mut facts = Vec::new();
        stored.take_until(resident, &mut facts)?;
        let cases = known.get(&resident).map(|of| of.cases(index_run));
        let later = sources.profile(&entry, facts, today);
        let first = cases.into_iter().flatten();
        // Since when treatment may be the programme's doing.
        let began = known.get(&resident).and_then(|of| of.first);
        let began = began.and_then(|first| counting.get(&first.run));
        let repeat = repeats.get(&resident).into_iter().flatten().copied();
        for case in first.chain(repeat) {
            let index = counting.get(&case.run).map(|on| IndexDecision {
                on: *on,
                decided: case.decided,
                first_on: began.map_or(*on, |began| *began.min(on)),
            });
            let outcome = index.map_or(Outcome::NotFollowed, |index| {
                outcomes::outcome(rulebook, observed, horizon, &index, &later)
            });
            if outcome != Outcome::NotFollowed {
                followed.runs.insert(case.run);
            }
            followed.residents += u64::from(case.round == Round::First);
            let case_of = Case {
                round: case.round,
                decided: case.decided,
                score: case.score,
                sex: later.register().sex,
                age: index
                    .and_then(|index| later.register().birth.age_on(index.on))
                    .map(|(youngest, _)| youngest),
                outcome,
            };
            followed.cases.push(FollowedCase {
                resident,
                run: case.run,
                index_date: index.map(|index| index.on),
                case: case_of,
            });
        }
    }
    Ok(followed)
}

impl OfResident {
    /// The resident's one case of a first round.
    fn cases(&self, index_run: Option<u32>) -> Option<Known> {
        match (index_run, self.first) {
            (None, first) => first.or(self.newest),
            (Some(wanted), Some(first)) if first.run == wanted => Some(first),
            (Some(wanted), Some(first)) if first.run < wanted => self.of_run.map(|known| Known {
                decided: Decided::NotCounted,
                ..known
            }),
            (Some(_), Some(_) | None) => self.of_run,
        }
    }
}

type AllKnown = (
    HashMap<ResidentId, OfResident>,
    HashMap<ResidentId, Vec<Known>>,
);

/// Reads every stored decision of the programme's own runs once: each resident's first that counts, and those of later rounds.
fn decisions(
    data: &DataFolder,
    index_run: Option<u32>,
    (own, counting): (&BTreeSet<u32>, &BTreeMap<u32, Date>),
    ordered: &HashMap<(ResidentId, u32), OrderedInRound>,
) -> Result<AllKnown, StepError> {
    let mut all: HashMap<ResidentId, OfResident> = HashMap::new();
    let mut repeats: HashMap<ResidentId, Vec<Known>> = HashMap::new();
    data.store.decisions(None, |run, row| {
        if !own.contains(&run) {
            return;
        }
        let order = ordered.get(&(row.resident, run));
        let decided = decided(&row, order);
        let known = Known {
            run,
            round: Round::First,
            decided,
            score: row.score,
        };
        let of = all.entry(row.resident).or_default();
        let counts = counting.contains_key(&run)
            && matches!(
                decided,
                Decided::Flagged | Decided::SampledNegative(_) | Decided::BelowLevel
            );
        let is_wanted = index_run.is_none_or(|wanted| wanted == run);
        if order.is_some_and(|order| 1 < order.round) {
            if counts && is_wanted {
                repeats.entry(row.resident).or_default().push(Known {
                    round: Round::Repeat,
                    ..known
                });
            }
        } else if counts && of.first.is_none_or(|first| precedes(&known, &first)) {
            of.first = Some(known);
        }
        if of.newest.is_none_or(|newest| newest.run < run) {
            of.newest = Some(known);
        }
        if index_run == Some(run) {
            of.of_run = Some(known);
        }
    })?;
    for of in all.values_mut() {
        // Looked at only where they are not the decision that counts.
        for known in [&mut of.newest, &mut of.of_run].into_iter().flatten() {
            known.decided = known.decided.unless_it_counts();
        }
    }
    repeats
        .values_mut()
        .for_each(|list| list.sort_by_key(|known| known.run));
    Ok((all, repeats))
}

/// Whether a decision of a first round counts rather than another: being drawn outweighs having been
/// below the level before anybody was drawn, else the earlier one counts.
fn precedes(one: &Known, other: &Known) -> bool {
    let is_drawn = |known: &Known| matches!(known.decided, Decided::SampledNegative(_));
    match (one.decided, other.decided) {
        (_, Decided::BelowLevel) if is_drawn(one) => true,
        (Decided::BelowLevel, _) if is_drawn(other) => false,
        _ => one.run < other.run,
    }
}

/// What a stored decision was, as far as learning is concerned.
fn decided(row: &DecisionRow, order: Option<&OrderedInRound>) -> Decided {
    match row.known_state() {
        State::Ordered if row.next.starts_with("order-laboratory") => Decided::Flagged,
        State::SampledNegative => match order.map(|order| order.because) {
            Some(OrderedBecause::SampledNegative(inclusion)) => Decided::SampledNegative(inclusion),
            // Drawn, but nothing was ordered for it: nobody tested stands for others.
            Some(OrderedBecause::Flagged) | None => Decided::BelowLevel,
        },
        State::BelowLevel => Decided::BelowLevel,
        State::Asked | State::UndecidedNotAnswered | State::UndeterminedIncomplete => {
            Decided::Undecided
        }
        State::Ordered
        | State::Deceased
        | State::NotYetBorn
        | State::Moved
        | State::OutsideAge
        | State::OutOfScope
        | State::OptedOut
        | State::KnownDisease
        | State::UnderReview
        | State::Overdue
        | State::Confirming
        | State::WithANurse
        | State::OfferedPrevention
        | State::Concluded => Decided::NotEligible,
    }
}

fn index_date(run: &RunRecord) -> Result<Date, StepError> {
    run.index_date.parse().map_err(|_| StepError::NothingRun)
}
