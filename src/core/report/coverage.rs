//! Coverage: everybody on the register in exactly one standing, and nobody forgotten.
//!
//! The states are those that runs decide; what is added here is what a run cannot know: that nothing
//! was done about its decision, that a round went on after it, that somebody came after it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

use crate::orders::is_to_do;
use crate::pathway::{Conclusion, Episode, Stage};
use crate::profile::ResidentId;
use crate::rulebook::{Rulebook, State};

/// Where somebody on the register stands. A closed list; each resident is in exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// In a state, and what follows from it is on record.
    At(State),
    /// The newest run puts them in a state, and what follows from it has not happened: the run did not
    /// act, effects were stopped, no channel takes the act, or the scope leaves them out.
    NotActedOn(State),
    /// The next run says where they stand.
    ToDecide(ToDecide),
    /// They were on the register when the newest run decided, and it did not decide about them.
    Lost,
}

/// Why the next run has to say where somebody stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ToDecide {
    /// They came onto the register after the newest run.
    NewOnTheRegister,
    /// What was asked of them or ordered for them was taken back after the newest run.
    TakenBack,
}

impl Standing {
    /// Every standing, in the order of reports.
    pub fn all() -> impl Iterator<Item = Self> {
        let states = State::NAMES.iter().map(|(_, state)| *state);
        let of_states = states.flat_map(|state| [Self::At(state), Self::NotActedOn(state)]);
        of_states.chain([
            Self::ToDecide(ToDecide::NewOnTheRegister),
            Self::ToDecide(ToDecide::TakenBack),
            Self::Lost,
        ])
    }

    /// The state that a run gave them; `None` for who has none.
    #[must_use]
    pub const fn state(self) -> Option<State> {
        match self {
            Self::At(state) | Self::NotActedOn(state) => Some(state),
            Self::ToDecide(_) | Self::Lost => None,
        }
    }
}

/// What is on record of somebody about whom a run has decided.
#[derive(Debug, Clone, Copy)]
pub struct Decided<'a> {
    /// Who.
    pub resident: ResidentId,
    /// The state that the run gave them.
    pub state: State,
    /// The row that decided, by position in the pathway; `None` when its rules are not known any more.
    pub row: Option<usize>,
    /// The day as of which the run decided.
    pub on: Date,
    /// The newest round as the run saw it.
    pub before: Option<&'a Episode>,
    /// The newest round as it stands now.
    pub now: Option<&'a Episode>,
    /// Whether a task was opened about them by the row that decided; a person may have closed it since.
    pub has_task: bool,
}

/// Where somebody stands about whom the newest run has decided.
#[must_use]
pub fn standing(rulebook: &Rulebook, known: &Decided<'_>) -> Standing {
    if let Some(now) = known.now.filter(|_| known.now != known.before) {
        match &now.stage {
            Stage::WithANurse { .. } => return Standing::At(State::WithANurse),
            Stage::Closed {
                conclusion: Conclusion::Withdrawn,
                ..
            } => return Standing::ToDecide(ToDecide::TakenBack),
            Stage::Closed {
                conclusion:
                    Conclusion::Normal
                    | Conclusion::BelowLevel
                    | Conclusion::Left(_)
                    | Conclusion::Recalled,
                ..
            }
            | Stage::Eligible
            | Stage::Queued { .. }
            | Stage::Asked { .. }
            | Stage::Ordered { .. }
            | Stage::Confirming { .. }
            | Stage::OfferedPrevention { .. } => {}
        }
    }
    let who = (known.resident, known.on);
    let is_open = |row| is_to_do(rulebook, row, who, known.now, known.has_task);
    if known.row.is_some_and(is_open) {
        Standing::NotActedOn(known.state)
    } else {
        Standing::At(known.state)
    }
}

/// Somebody on the register.
#[derive(Clone)]
pub struct Registered {
    /// Who.
    pub resident: ResidentId,
    /// Whether they came onto the register after the newest run.
    pub is_new: bool,
    /// District; `None` when it is not known or nobody's to know.
    pub district: Option<Arc<str>>,
    /// Language of contact; `None` when it is not known.
    pub language: Option<Arc<str>>,
}

/// Somebody about whom the newest run has decided.
#[derive(Debug, Clone)]
pub struct Covered {
    /// Who.
    pub resident: ResidentId,
    /// Where they stand.
    pub standing: Standing,
    /// Since when, as far as it is on record.
    pub since: Option<Date>,
    /// The row that decided: the reason.
    pub row: Arc<str>,
}

/// Something that does not add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Unaccounted {
    /// Somebody was forgotten.
    #[error("resident {0} was on the register when the run decided, and has no decision")]
    NotDecided(ResidentId),
    /// Somebody is in two states.
    #[error("resident {0} has more than one decision of the run")]
    DecidedTwice(ResidentId),
    /// Somebody has vanished from the register.
    #[error("resident {0} has a decision of the run, and is not on the register")]
    NotOnTheRegister(ResidentId),
    /// Somebody is counted twice.
    #[error("resident {0} is on the register more than once")]
    RegisteredTwice(ResidentId),
    /// A round goes on with nobody of the register.
    #[error("resident {0} has a round, and is not on the register")]
    RoundOfNobody(ResidentId),
    /// The run's own count is another one.
    #[error("the run has on record that it decided about {recorded} residents, {found} are stored")]
    OtherNumber {
        /// As the run counted them.
        recorded: u64,
        /// As they are stored.
        found: u64,
    },
}

/// Everybody in one standing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CoverageLine {
    /// How many residents.
    pub n: u64,
    /// Since when the one is there who has been there longest, and who that is.
    pub longest: Option<(Date, ResidentId)>,
    /// How many by the row that decided.
    pub rows: BTreeMap<Arc<str>, u64>,
}

/// How many are in each standing.
pub type Standings = BTreeMap<Standing, u64>;

/// Everybody on the register, each counted once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Residents on the register.
    pub register: u64,
    /// By standing; they add up to `register`.
    pub lines: BTreeMap<Standing, CoverageLine>,
    /// By district and standing; they add up to `register`.
    pub by_district: BTreeMap<Option<Arc<str>>, Standings>,
    /// By language of contact and standing; they add up to `register`.
    pub by_language: BTreeMap<Option<Arc<str>>, Standings>,
    /// What does not add up, each once.
    pub unaccounted: BTreeSet<Unaccounted>,
}

impl Coverage {
    /// Holds the register against the decisions of a run. Total: whatever is wrong with either, everybody
    /// on the register is counted once, and what is wrong is named.
    #[must_use]
    pub fn of(register: &[Registered], decided: &[Covered]) -> Self {
        let mut coverage = Self::default();
        let mut decisions: BTreeMap<ResidentId, &Covered> = BTreeMap::new();
        for covered in decided {
            if decisions.insert(covered.resident, covered).is_some() {
                let twice = Unaccounted::DecidedTwice(covered.resident);
                coverage.unaccounted.insert(twice);
            }
        }
        let mut seen = BTreeSet::new();
        for entry in register {
            if !seen.insert(entry.resident) {
                let twice = Unaccounted::RegisteredTwice(entry.resident);
                coverage.unaccounted.insert(twice);
                continue;
            }
            let covered = decisions.remove(&entry.resident);
            coverage.count(entry, covered);
        }
        let vanished = decisions.keys().filter(|who| !seen.contains(*who));
        let vanished = vanished.map(|who| Unaccounted::NotOnTheRegister(*who));
        coverage.unaccounted.extend(vanished);
        coverage
    }

    fn count(&mut self, entry: &Registered, covered: Option<&Covered>) {
        let standing = match covered {
            Some(covered) => covered.standing,
            None if entry.is_new => Standing::ToDecide(ToDecide::NewOnTheRegister),
            None => {
                let forgotten = Unaccounted::NotDecided(entry.resident);
                self.unaccounted.insert(forgotten);
                Standing::Lost
            }
        };
        self.register += 1;
        let line = self.lines.entry(standing).or_default();
        line.n += 1;
        if let Some(covered) = covered {
            *line.rows.entry(Arc::clone(&covered.row)).or_default() += 1;
            let since = covered.since.map(|since| (since, covered.resident));
            line.longest = [line.longest, since].into_iter().flatten().min();
        }
        for (table, name) in [
            (&mut self.by_district, &entry.district),
            (&mut self.by_language, &entry.language),
        ] {
            let standings = table.entry(name.clone()).or_default();
            *standings.entry(standing).or_default() += 1;
        }
    }

    /// Whether everybody is in one standing and every sum is the register.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        let lines: u64 = self.lines.values().map(|line| line.n).sum();
        let sum = |table: &BTreeMap<Option<Arc<str>>, Standings>| -> u64 {
            table.values().flat_map(BTreeMap::values).sum()
        };
        let sums = [lines, sum(&self.by_district), sum(&self.by_language)];
        self.unaccounted.is_empty() && sums.iter().all(|sum| *sum == self.register)
    }
}
