//! Look back: who was affected by a faulty rule, found by deciding again with the corrected one.
//!
//! Each run that held the rule at a faulty version is decided again twice on what it saw: with its own rules, which must give the hash on record, and with the
//! corrected file in the place of the faulty one. Whoever's decision differs was affected.

use std::collections::{BTreeMap, BTreeSet};

use super::canonical::Texts;
use super::cases::{Along, along};
use super::in_force::{InForce, model, pinned_with};
use super::look_back_document::{
    ActSince, Affected, DecidedOtherwise, DecisionShown, LookBack, LookedBack, RunLookedAt,
};
use super::look_back_words;
use super::seen::{Books, Seen, TOGETHER, until};
use super::{DataFolder, StepError};
use crate::lake::{DecisionRow, DecisionsHash, RegisterRow};
use crate::ledger::{AskedAct, PullRecord, RunRecord};
use crate::profile::{Fact, ResidentId};
use crate::rulebook::{RuleFile, Rulebook, version_numbers};

/// Which rule was faulty, and what it should have been.
#[derive(Debug, Clone, Copy)]
pub struct LookBackOptions<'a> {
    /// The rule's id.
    pub rule: &'a str,
    /// The first faulty version.
    pub from: &'a str,
    /// The rules with the corrected file.
    pub corrected: &'a Rulebook,
    /// Worker threads.
    pub threads: usize,
}

/// Whether two decisions ask something else of the world.
pub(super) fn decides_otherwise(a: &DecisionRow, b: &DecisionRow) -> bool {
    (a.state, &a.next, &a.asks, &a.reviews) != (b.state, &b.next, &b.asks, &b.reviews)
}

/// The file that corrects a faulty rule, and which versions it corrects.
pub(super) struct Correction {
    pub(super) version: String,
    from: Vec<u64>,
    before: Vec<u64>,
    file: RuleFile,
}

/// What a rule book has of a rule.
pub(super) enum Held {
    /// Nothing, or a version that is not faulty.
    No,
    /// A version without a place among the others.
    NotOrdered,
    /// A faulty version.
    Faulty { path: String, version: String },
}

impl Correction {
    pub(super) fn held(&self, book: &Rulebook, rule: &str) -> Held {
        let Some(name) = book.names.iter().find(|name| name.id == rule) else {
            return Held::No;
        };
        let Some(numbers) = version_numbers(&name.version) else {
            return Held::NotOrdered;
        };
        if self.from <= numbers && numbers < self.before {
            let (path, version) = (name.file.clone(), name.version.clone());
            return Held::Faulty { path, version };
        }
        Held::No
    }

    /// A rule book with the corrected file in the place of the faulty one, wherever that was kept then.
    pub(super) fn in_place(&self, book: &Rulebook, path: &str) -> Result<Rulebook, StepError> {
        let in_place = |known: &RuleFile| {
            if known.path == path {
                RuleFile {
                    path: path.to_owned(),
                    text: self.file.text.clone(),
                }
            } else {
                known.clone()
            }
        };
        let files: Vec<RuleFile> = book.files.iter().map(in_place).collect();
        Rulebook::load_kept(&files).map_err(StepError::CorrectedRules)
    }
}

/// Finds who was affected by a faulty rule: whose decision should have been another or, where the rule
/// says how acts are written, who was sent other words than they should have been.
///
/// # Errors
///
/// When the corrected rules do not have the rule at a later version, the rule decides how facts are
/// read, rules kept for a run do not load, or reading fails.
pub fn look_back(
    data: &DataFolder,
    options: &LookBackOptions<'_>,
) -> Result<LookedBack, StepError> {
    let (correction, is_about_words) = correction(options)?;
    if is_about_words {
        let LookBackOptions { rule, from, .. } = *options;
        let words = look_back_words::look_back(data, rule, from, &correction)?;
        return Ok(LookedBack::Words(words));
    }
    decisions(data, options, &correction).map(LookedBack::Decisions)
}

fn decisions(
    data: &DataFolder,
    options: &LookBackOptions<'_>,
    correction: &Correction,
) -> Result<LookBack, StepError> {
    let corrected = &correction.version;
    let mut looked = LookBack {
        rule: options.rule.to_owned(),
        from: options.from.to_owned(),
        corrected: corrected.clone(),
        runs: Vec::new(),
        not_kept: Vec::new(),
        not_ordered: Vec::new(),
        residents: 0,
        only_scores: 0,
        states: BTreeMap::new(),
        acts: BTreeMap::new(),
        affected: Vec::new(),
    };
    let pulls = data.ledger.pulls()?;
    let mut books = Books::default();
    let mut runs = Vec::new();
    for run in data.ledger.runs()? {
        // Rules that are damaged, or that this program cannot read, say as little as rules that are
        // not kept.
        let Ok(book) = books.of(data, &run.rules_fingerprint)? else {
            looked.not_kept.push(run.id);
            continue;
        };
        let (path, version) = match correction.held(&book, options.rule) {
            Held::No => continue,
            Held::NotOrdered => {
                looked.not_ordered.push(run.id);
                continue;
            }
            Held::Faulty { path, version } => (path, version),
        };
        let is_other = |pull: &PullRecord| pull.facts_fingerprint != book.facts_fingerprint;
        if until(&pulls, run.pull).any(is_other) {
            return Err(StepError::OtherFacts);
        }
        let corrected = correction.in_place(&book, &path)?;
        runs.push(Again::begin(
            data,
            run,
            version,
            (&book, &corrected),
            &pulls,
        )?);
    }
    if runs.is_empty() && looked.not_kept.is_empty() && looked.not_ordered.is_empty() {
        return Err(StepError::NoRunHeld {
            rule: options.rule.to_owned(),
            from: options.from.to_owned(),
            corrected: corrected.clone(),
        });
    }
    let register = data.store.register_versions(None)?;
    let mut found: BTreeMap<ResidentId, Vec<DecidedOtherwise>> = BTreeMap::new();
    let mut scores = BTreeSet::new();
    let mut rest = runs;
    while !rest.is_empty() {
        let later = rest.split_off(rest.len().min(TOGETHER));
        let batch = std::mem::replace(&mut rest, later);
        let batch = with_episodes(data, batch)?;
        looked.runs.extend(again(
            data,
            options.threads,
            &register,
            &batch,
            |who, found_in| match found_in {
                Found::Decision(otherwise) => found.entry(who).or_default().push(*otherwise),
                Found::Score => drop(scores.insert(who)),
            },
        )?);
    }
    looked.only_scores = scores
        .iter()
        .filter(|who| !found.contains_key(*who))
        .count() as u64;
    finish(data, &mut looked, found)?;
    Ok(looked)
}

/// The corrected file, and whether it says how acts are written.
fn correction(options: &LookBackOptions<'_>) -> Result<(Correction, bool), StepError> {
    let numbers = |version: &str| {
        version_numbers(version).ok_or_else(|| StepError::NoVersion(version.to_owned()))
    };
    let book = options.corrected;
    let name = book.names.iter().find(|name| name.id == options.rule);
    let unknown = || {
        let known: Vec<&str> = book.names.iter().map(|name| name.id.as_str()).collect();
        StepError::UnknownRule {
            rule: options.rule.to_owned(),
            version: "any".to_owned(),
            known: known.join(", "),
        }
    };
    let name = name.ok_or_else(unknown)?;
    if version_numbers(&name.version) <= version_numbers(options.from) {
        return Err(StepError::NotCorrected {
            rule: options.rule.to_owned(),
            from: options.from.to_owned(),
            corrected: name.version.clone(),
        });
    }
    let is_in = |folder: &str| name.file.starts_with(folder);
    if is_in("facts/") || is_in("questionnaires/") {
        return Err(StepError::FactsCorrected(options.rule.to_owned()));
    }
    let is_about_words = is_in("orders/") || is_in("texts/");
    let file = book.files.iter().find(|file| file.path == name.file);
    let correction = Correction {
        from: numbers(options.from)?,
        before: numbers(&name.version)?,
        version: name.version.clone(),
        file: file.cloned().ok_or_else(unknown)?,
    };
    Ok((correction, is_about_words))
}

/// A run to be decided again, by its own rules and by the corrected ones.
struct Again {
    seen: Seen,
    version: String,
    own: (InForce, Texts),
    corrected: (InForce, Texts),
}

impl Again {
    fn begin(
        data: &DataFolder,
        run: RunRecord,
        version: String,
        (own, corrected): (&Rulebook, &Rulebook),
        pulls: &[PullRecord],
    ) -> Result<Self, StepError> {
        let scored_by = model(own);
        let with = |book: &Rulebook| -> Result<(InForce, Texts), StepError> {
            let pinned = pinned_with(book, data, &run, &scored_by)?;
            let texts = Texts::new(&pinned.rulebook);
            Ok((pinned, texts))
        };
        let (id, own, corrected) = (run.id, with(own)?, with(corrected)?);
        let seen = Seen::of(data, &own.0.rulebook, run, pulls)?;
        Ok(Self {
            seen: seen.ok_or(StepError::UnknownRun(id))?,
            version,
            own,
            corrected,
        })
    }

    /// What was decided and what should have been, about somebody who was on the register then.
    fn decide(&self, entry: &RegisterRow, facts: &[Fact]) -> (DecisionRow, DecisionRow) {
        let profile = self.seen.profile(entry, facts);
        let [was, should_be] = [&self.own, &self.corrected]
            .map(|rules| self.seen.decide(rules, entry.resident, &profile));
        (was, should_be)
    }
}

fn with_episodes(data: &DataFolder, batch: Vec<Again>) -> Result<Vec<Again>, StepError> {
    let with = batch.into_iter().map(|again| {
        let seen = again.seen.with_episodes(data)?;
        Ok(Again { seen, ..again })
    });
    with.collect()
}

/// What was found about a resident in a run.
enum Found {
    Decision(Box<DecidedOtherwise>),
    Score,
}

/// Decides several runs again in one reading of the facts.
fn again(
    data: &DataFolder,
    threads: usize,
    register: &[RegisterRow],
    batch: &[Again],
    mut each: impl FnMut(ResidentId, Found),
) -> Result<Vec<RunLookedAt>, StepError> {
    let Some(first) = batch.first() else {
        return Ok(Vec::new());
    };
    let entries: Vec<&[RegisterRow]> = register.chunk_by(|a, b| a.resident == b.resident).collect();
    let residents: Vec<ResidentId> = entries.iter().map(|rows| rows[0].resident).collect();
    let everybody = Along {
        store: &data.store,
        catalogue: &first.own.0.rulebook.catalogue,
        residents: &residents,
        threads,
    };
    let work = |n: usize, facts: Vec<Fact>| -> Vec<Option<(DecisionRow, DecisionRow)>> {
        let about = batch.iter().map(|again| {
            let entry = again.seen.entry(entries[n])?;
            Some(again.decide(entry, &facts))
        });
        about.collect()
    };
    let mut hashes: Vec<DecisionsHash> = batch.iter().map(|_| DecisionsHash::default()).collect();
    let mut looked: Vec<RunLookedAt> = batch.iter().map(begun).collect();
    along(everybody, work, |in_order| {
        for (n, decided) in in_order
            .flatten()
            .flat_map(|of_runs| of_runs.into_iter().enumerate())
        {
            let Some((was, should_be)) = decided else {
                continue;
            };
            hashes[n].add(&was);
            if decides_otherwise(&was, &should_be) {
                looked[n].decisions += 1;
                let otherwise = DecidedOtherwise {
                    run: looked[n].run,
                    index_date: looked[n].index_date.clone(),
                    was: DecisionShown::from(&was),
                    should_be: DecisionShown::from(&should_be),
                };
                each(was.resident, Found::Decision(Box::new(otherwise)));
            } else if was != should_be {
                looked[n].scores += 1;
                each(was.resident, Found::Score);
            }
        }
        Ok(())
    })?;
    for ((looked, hash), again) in looked.iter_mut().zip(hashes).zip(batch) {
        looked.replayed = hash.finish() == again.seen.run.decisions_hash;
    }
    Ok(looked)
}

fn begun(again: &Again) -> RunLookedAt {
    RunLookedAt {
        run: again.seen.run.id,
        index_date: again.seen.run.index_date.clone(),
        version: again.version.clone(),
        acted: again.seen.run.acted,
        replayed: false,
        decisions: 0,
        scores: 0,
    }
}

/// Counts, and looks up what was asked of whom.
fn finish(
    data: &DataFolder,
    looked: &mut LookBack,
    found: BTreeMap<ResidentId, Vec<DecidedOtherwise>>,
) -> Result<(), StepError> {
    looked.residents = found.len() as u64;
    let first = looked.runs.iter().map(|run| run.run).min();
    let mut asked: BTreeMap<ResidentId, Vec<AskedAct>> = BTreeMap::new();
    for act in first.map_or(Ok(Vec::new()), |run| data.ledger.asked_since(run))? {
        if found.contains_key(&act.resident) {
            asked.entry(act.resident).or_default().push(act);
        }
    }
    for (who, decisions) in found {
        for otherwise in &decisions {
            let (was, should_be) = (otherwise.was.state, otherwise.should_be.state);
            *looked
                .states
                .entry(format!("{was} → {should_be}"))
                .or_default() += 1;
        }
        let earliest = decisions.iter().min_by_key(|otherwise| otherwise.run);
        let is_since = |act: &AskedAct| match (act.run, earliest) {
            (Some(run), Some(earliest)) => earliest.run <= run,
            // ISO dates follow their letters.
            (None, Some(earliest)) => earliest.index_date <= act.decided_on,
            (_, None) => true,
        };
        let by = |run: Option<u32>| decisions.iter().any(|otherwise| Some(otherwise.run) == run);
        let acts = asked.remove(&who).unwrap_or_default().into_iter();
        let acts: Vec<ActSince> = acts
            .filter(is_since)
            .map(|act| ActSince {
                run: act.run,
                by_affected_decision: by(act.run),
                action: act.action,
                state: act.state,
                decided_on: act.decided_on,
            })
            .collect();
        for act in acts.iter().filter(|act| act.by_affected_decision) {
            let what = format!("{}: {}", act.action, act.state);
            *looked.acts.entry(what).or_default() += 1;
        }
        looked.affected.push(Affected {
            resident: who.to_string(),
            decisions,
            acts,
        });
    }
    Ok(())
}
