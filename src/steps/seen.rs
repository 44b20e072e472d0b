//! What a run saw: everything that its decisions depend on, put together again from what is stored.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::canonical::{Texts, canonical};
use super::in_force::InForce;
use super::run::decided;
use super::sources::Sources;
use super::{DataFolder, StepError, sampling};
use crate::lake::{DecisionRow, RegisterRow};
use crate::ledger::{EpisodeMap, LedgerError, PullRecord, RunRecord};
use crate::pathway::Sampling;
use crate::profile::{Fact, Profile, ResidentId};
use crate::rulebook::Rulebook;

/// Runs that are decided again in one reading of the facts; more would need more memory.
pub(super) const TOGETHER: usize = 8;

/// Why the rules of a run cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoRules {
    /// The ledger has none for it.
    NotKept,
    /// What the ledger has is not what was stored.
    Damaged(String),
    /// This program does not understand them: the first mistake it sees.
    NotUnderstood(String),
}

/// The rule books of runs, each loaded once.
#[derive(Default)]
pub(super) struct Books(BTreeMap<String, Result<Rulebook, NoRules>>);

impl Books {
    /// The rules that a run used.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read; rules that are not to be had are a value.
    pub(super) fn of(
        &mut self,
        data: &DataFolder,
        fingerprint: &str,
    ) -> Result<Result<Rulebook, NoRules>, StepError> {
        if !self.0.contains_key(fingerprint) {
            let book = match data.ledger.rule_book(fingerprint) {
                Err(LedgerError::Content(what)) => Err(NoRules::Damaged(what)),
                kept => kept?.ok_or(NoRules::NotKept).and_then(|files| {
                    Rulebook::load_kept(&files)
                        .map_err(|mistakes| NoRules::NotUnderstood(super::error::first(&mistakes)))
                }),
            };
            self.0.insert(fingerprint.to_owned(), book);
        }
        Ok(self.0[fingerprint].clone())
    }
}

/// What a run saw, beside its rules and the facts.
pub(super) struct Seen {
    pub(super) run: RunRecord,
    pub(super) index_date: Date,
    episodes: EpisodeMap,
    /// The number of the newest event of an episode that the run saw and the ledger still has.
    newest_event: i64,
    sources: Sources,
    sampling: Option<Sampling>,
    /// Whether the key by which the run drew is that of the folder.
    pub(super) has_its_lot: bool,
}

impl Seen {
    /// What a run saw, without the rounds of residents: those need memory, and are read when wanted.
    ///
    /// `pulls` are all of the folder. `None` when the record says no index date.
    pub(super) fn of(
        data: &DataFolder,
        rulebook: &Rulebook,
        run: RunRecord,
        pulls: &[PullRecord],
    ) -> Result<Option<Self>, StepError> {
        let Ok(index_date) = run.index_date.parse() else {
            return Ok(None);
        };
        let seen: Vec<PullRecord> = until(pulls, run.pull).cloned().collect();
        Ok(Some(Self {
            index_date,
            episodes: EpisodeMap::default(),
            newest_event: 0,
            sources: Sources::of(data, rulebook, &seen)?,
            sampling: sampling::of_run(data, &run)?,
            has_its_lot: sampling::is_held(data, &run)?,
            run,
        }))
    }

    /// The same with the rounds as the run saw them, before what it asked for itself.
    pub(super) fn with_episodes(self, data: &DataFolder) -> Result<Self, StepError> {
        let (episodes, newest_event) = data.ledger.episodes(Some(self.run.ledger_event))?;
        Ok(Self {
            episodes,
            newest_event,
            ..self
        })
    }

    /// Whether the ledger still has the newest event that the run saw; known once episodes are read.
    pub(super) fn has_all_events(&self) -> bool {
        self.newest_event == self.run.ledger_event
    }

    /// The entry of a resident that the run saw; `None` for who was not on the register yet.
    ///
    /// `versions` are all entries of one resident, sorted by version.
    pub(super) fn entry<'v>(&self, versions: &'v [RegisterRow]) -> Option<&'v RegisterRow> {
        entry_until(versions, self.run.pull)
    }

    /// What was known about a resident.
    pub(super) fn profile(&self, entry: &RegisterRow, facts: &[Fact]) -> Profile {
        let seen = facts
            .iter()
            .filter(|fact| fact.version.pull <= self.run.pull);
        self.sources
            .profile(entry, seen.copied().collect(), self.index_date)
    }

    /// What rules say about a resident of whom this was known.
    pub(super) fn decide(
        &self,
        (in_force, texts): &(InForce, Texts),
        who: ResidentId,
        profile: &Profile,
    ) -> DecisionRow {
        let rulebook = in_force.rules_for(who);
        let episode = self.episodes.get(&who);
        let (_, decision) = decided(rulebook, who, profile, episode, self.sampling.as_ref());
        canonical(rulebook, texts, who, &decision)
    }
}

/// The entry of a resident after so many pulls; `versions` are all of one resident, sorted by version.
pub(super) fn entry_until(versions: &[RegisterRow], pull: u32) -> Option<&RegisterRow> {
    let mut newest_first = versions.iter().rev();
    newest_first.find(|row| row.version.pull <= pull)
}

/// The pulls that a run saw which was made after so many.
pub(super) fn until(pulls: &[PullRecord], pull: u32) -> impl Iterator<Item = &PullRecord> {
    pulls.iter().filter(move |known| known.id <= pull)
}
