//! Look back: who was affected by a faulty rule, found by deciding again with the corrected one.
//!
//! Each run that held the rule at a faulty version is decided again twice on what it saw: with its own rules, which must give the hash on record, and with the
//! corrected file in the place of the faulty one. Whoever's decision differs was affected.

use std::collections::{BTreeMap, BTreeSet};

use super::canonical::{Texts, canonical};
use super::cases::{Along, along};
use super::in_force::{model, pinned_with};
use super::look_back_document::{
    ActSince, Affected, DecidedOtherwise, DecisionShown, LookBack, RunLookedAt,
};
use super::run::{Open, completed, decided};
use super::{DataFolder, StepError, sampling};
use crate::lake::{DecisionRow, DecisionsHash, RegisterRow};
use crate::ledger::{AskedAct, EpisodeMap, LedgerError, RunRecord};
use crate::pathway::Sampling;
use crate::profile::{Fact, Profile, ResidentId};
use crate::rulebook::{RuleFile, Rulebook, version_numbers};

/// Runs that are decided again in one reading of the facts; more would need more memory.
const TOGETHER: usize = 8;

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

/// Finds who was affected by a faulty rule.
///
/// # Errors
///
/// When the corrected rules do not have the rule at a later version, the rule decides how facts are
/// read, rules kept for a run do not load, or reading fails.
pub fn look_back(data: &DataFolder, options: &LookBackOptions<'_>) -> Result<LookBack, StepError> {
    let (corrected, file) = corrected_file(options)?;
    let numbers = |version: &str| {
        version_numbers(version).ok_or_else(|| StepError::NoVersion(version.to_owned()))
    };
    let (from, before) = (numbers(options.from)?, numbers(&corrected)?);
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
        let Some(book) = books.of(data, &run.rules_fingerprint)? else {
            looked.not_kept.push(run.id);
            continue;
        };
        let name = book.names.iter().find(|name| name.id == options.rule);
        let Some((path, version)) = name.map(|name| (&name.file, name.version.clone())) else {
            continue;
        };
        let Some(numbers) = version_numbers(&version) else {
            looked.not_ordered.push(run.id);
            continue;
        };
        let is_faulty = from <= numbers && numbers < before;
        if is_faulty {
            let seen = pulls.iter().filter(|pull| pull.id <= run.pull);
            let seen: Vec<_> = seen.cloned().collect();
            if seen
                .iter()
                .any(|pull| pull.facts_fingerprint != book.facts_fingerprint)
            {
                return Err(StepError::OtherFacts);
            }
            runs.push(Again::begin(
                data,
                run,
                (path, version),
                &book,
                &file,
                &seen,
            )?);
        }
    }
    if runs.is_empty() && looked.not_kept.is_empty() && looked.not_ordered.is_empty() {
        return Err(StepError::NoRunHeld {
            rule: options.rule.to_owned(),
            from: options.from.to_owned(),
            corrected,
        });
    }
    let register = data.store.register_versions()?;
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

/// The corrected file and its version.
fn corrected_file(options: &LookBackOptions<'_>) -> Result<(String, RuleFile), StepError> {
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
    if is_in("orders/") || is_in("texts/") {
        return Err(StepError::WritingCorrected(options.rule.to_owned()));
    }
    let file = book.files.iter().find(|file| file.path == name.file);
    let file = file.cloned().ok_or_else(unknown)?;
    Ok((name.version.clone(), file))
}

/// The rule books of runs, each loaded once.
#[derive(Default)]
struct Books(BTreeMap<String, Option<Rulebook>>);

impl Books {
    fn of(&mut self, data: &DataFolder, fingerprint: &str) -> Result<Option<Rulebook>, StepError> {
        if !self.0.contains_key(fingerprint) {
            // Rules that are damaged, or that this program cannot read, say as little as rules that
            // are not kept.
            let files = match data.ledger.rule_book(fingerprint) {
                Err(LedgerError::Content(_)) => None,
                kept => kept?,
            };
            let book = files.and_then(|files| Rulebook::load_kept(&files).ok());
            self.0.insert(fingerprint.to_owned(), book);
        }
        Ok(self.0.get(fingerprint).cloned().flatten())
    }
}

/// Everything that a run saw, to be decided again.
struct Again {
    run: RunRecord,
    index_date: jiff::civil::Date,
    version: String,
    own: (Rulebook, Texts),
    corrected: (Rulebook, Texts),
    episodes: EpisodeMap,
    open: Open,
    sampling: Option<Sampling>,
}

impl Again {
    fn begin(
        data: &DataFolder,
        run: RunRecord,
        (path, version): (&str, String),
        own: &Rulebook,
        file: &RuleFile,
        pulls: &[crate::ledger::PullRecord],
    ) -> Result<Self, StepError> {
        // In the place of the faulty file, wherever that was kept then.
        let in_place = |known: &RuleFile| {
            if known.path == path {
                RuleFile {
                    path: path.to_owned(),
                    text: file.text.clone(),
                }
            } else {
                known.clone()
            }
        };
        let files: Vec<RuleFile> = own.files.iter().map(in_place).collect();
        let corrected = Rulebook::load_kept(&files).map_err(StepError::CorrectedRules)?;
        let scored_by = model(own);
        let with = |book: &Rulebook| -> Result<(Rulebook, Texts), StepError> {
            let pinned = pinned_with(book, data, run.recalibration, &scored_by)?;
            let texts = Texts::new(&pinned.rulebook);
            Ok((pinned.rulebook, texts))
        };
        Ok(Self {
            index_date: run
                .index_date
                .parse()
                .map_err(|_| StepError::UnknownRun(run.id))?,
            version,
            own: with(own)?,
            corrected: with(&corrected)?,
            episodes: EpisodeMap::default(),
            open: Open::of(pulls),
            sampling: sampling::of_run(data, &run)?,
            run,
        })
    }

    /// What was decided and what should have been, about somebody who was on the register then.
    fn decide(
        &self,
        who: ResidentId,
        entry: &RegisterRow,
        facts: &[Fact],
    ) -> (DecisionRow, DecisionRow) {
        let seen = facts
            .iter()
            .filter(|fact| fact.version.pull <= self.run.pull);
        let entry = completed(entry, &self.open);
        let profile = Profile::as_of(entry, seen.copied().collect(), self.index_date);
        let [was, should_be] = [&self.own, &self.corrected].map(|(rulebook, texts)| {
            let episode = self.episodes.get(&who);
            let (_, decision) = decided(rulebook, who, &profile, episode, self.sampling.as_ref());
            canonical(rulebook, texts, who, &decision)
        });
        (was, should_be)
    }
}

fn with_episodes(data: &DataFolder, batch: Vec<Again>) -> Result<Vec<Again>, StepError> {
    let with = batch.into_iter().map(|again| {
        let (episodes, _) = data.ledger.episodes(Some(again.run.ledger_event))?;
        Ok(Again { episodes, ..again })
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
        catalogue: &first.own.0.catalogue,
        residents: &residents,
        threads,
    };
    let work = |n: usize, facts: Vec<Fact>| -> Vec<Option<(DecisionRow, DecisionRow)>> {
        let about = batch.iter().map(|again| {
            // Sorted by version: the newest that the run saw comes last.
            let mut seen = entries[n].iter().rev();
            let entry = seen.find(|row| row.version.pull <= again.run.pull)?;
            Some(again.decide(entry.resident, entry, &facts))
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
        looked.replayed = hash.finish() == again.run.decisions_hash;
    }
    Ok(looked)
}

fn begun(again: &Again) -> RunLookedAt {
    RunLookedAt {
        run: again.run.id,
        index_date: again.run.index_date.clone(),
        version: again.version.clone(),
        acted: again.run.acted,
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
