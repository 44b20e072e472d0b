//! Persons: entries of the register that are of one person, and the one under which it is decided about.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{BirthDate, ResidentId, Sex};

/// How far the rounds of an entry have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rounds {
    /// It never had one.
    None,
    /// All are over.
    Over,
    /// One is under way.
    Open,
}

/// An entry that may be of the same person as others.
#[derive(Clone, Copy)]
pub struct Candidate {
    /// Which.
    pub resident: ResidentId,
    /// Birth date, as precise as known.
    pub birth: BirthDate,
    /// Legal sex.
    pub sex: Sex,
    /// Whether a safety non-disclosure is in force.
    pub is_hidden: bool,
    /// Whether the source says that another replaces it.
    pub is_replaced: bool,
    /// Its rounds.
    pub rounds: Rounds,
    /// Whether it led a person before.
    pub led_before: bool,
}

/// Shows the id and the rounds, and nothing of the person.
impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidate")
            .field("resident", &self.resident)
            .field("rounds", &self.rounds)
            .finish_non_exhaustive()
    }
}

/// What an entry is to its person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonStanding {
    /// Of one person with others, of which this one leads.
    United(ResidentId),
    /// The only one of its person.
    Alone,
    /// Others seem to be of the same person, and contradict it.
    Unclear,
}

impl PersonStanding {
    /// The entry under which the person of `resident` is decided about.
    #[must_use]
    pub const fn lead(self, resident: ResidentId) -> ResidentId {
        match self {
            Self::United(lead) => lead,
            Self::Alone | Self::Unclear => resident,
        }
    }
}

/// What each candidate is to its person, when these pairs are said to be of one person.
///
/// Entries that hang together by pairs are one person when no two of them contradict each other in birth
/// date or sex; else none of them is united with any. Of one person leads, in this order: an entry under a
/// safety non-disclosure, so that nothing of it shows; one with a round under way, so that nobody is asked
/// twice; the one that led before; one that had rounds; one that is not replaced; the smallest id. Neither
/// the order of candidates nor that of pairs matters. Pairs with an entry that is no candidate are passed
/// over.
///
/// # Example
///
/// ```
/// use preventiojyraa_core::profile::{
///     BirthDate, Candidate, PersonStanding, ResidentId, Rounds, Sex, persons,
/// };
///
/// let entry = |id: u8, rounds| Candidate {
///     resident: ResidentId::from_bytes([id; 16]),
///     birth: BirthDate::on(jiff::civil::date(1960, 2, 29)),
///     sex: Sex::Female,
///     is_hidden: false,
///     is_replaced: false,
///     rounds,
///     led_before: false,
/// };
/// let two = [entry(1, Rounds::None), entry(2, Rounds::Open)];
/// let found = persons(&two, &[(two[0].resident, two[1].resident)]);
/// assert_eq!(found[&two[0].resident], PersonStanding::United(two[1].resident));
/// ```
#[must_use]
pub fn persons(
    candidates: &[Candidate],
    pairs: &[(ResidentId, ResidentId)],
) -> BTreeMap<ResidentId, PersonStanding> {
    let known: BTreeMap<ResidentId, &Candidate> = candidates
        .iter()
        .map(|candidate| (candidate.resident, candidate))
        .collect();
    let mut beside: BTreeMap<ResidentId, BTreeSet<ResidentId>> = BTreeMap::new();
    for (one, other) in pairs {
        if known.contains_key(one) && known.contains_key(other) && one != other {
            beside.entry(*one).or_default().insert(*other);
            beside.entry(*other).or_default().insert(*one);
        }
    }
    let mut found = BTreeMap::new();
    for resident in known.keys() {
        if found.contains_key(resident) {
            continue;
        }
        let together = reached(*resident, &beside);
        let members: Vec<&Candidate> = together.iter().map(|member| known[member]).collect();
        let standing = standing(&members);
        found.extend(together.into_iter().map(|member| (member, standing)));
    }
    found
}

/// Everybody who hangs together with one by pairs.
fn reached(
    first: ResidentId,
    beside: &BTreeMap<ResidentId, BTreeSet<ResidentId>>,
) -> BTreeSet<ResidentId> {
    let mut reached = BTreeSet::from([first]);
    let mut open = vec![first];
    while let Some(next) = open.pop() {
        for other in beside.get(&next).into_iter().flatten() {
            if reached.insert(*other) {
                open.push(*other);
            }
        }
    }
    reached
}

fn standing(members: &[&Candidate]) -> PersonStanding {
    let contradict = members.iter().enumerate().any(|(n, one)| {
        let mut others = members[..n].iter();
        others.any(|other| contradicts(one, other))
    });
    let lead = members.iter().max_by_key(|one| {
        (
            one.is_hidden,
            one.rounds == Rounds::Open,
            one.led_before,
            one.rounds,
            !one.is_replaced,
            Reverse(one.resident),
        )
    });
    match lead {
        _ if members.len() < 2 => PersonStanding::Alone,
        _ if contradict => PersonStanding::Unclear,
        Some(lead) => PersonStanding::United(lead.resident),
        None => PersonStanding::Alone,
    }
}

/// Whether two entries cannot be of one person by what both say.
fn contradicts(one: &Candidate, other: &Candidate) -> bool {
    let is_other_sex = one.sex != other.sex && one.sex != Sex::Unknown && other.sex != Sex::Unknown;
    let is_born_otherwise = match (one.birth.bounds(), other.birth.bounds()) {
        (Some((from, to)), Some((other_from, other_to))) => to < other_from || other_to < from,
        (Some(_) | None, None) | (None, Some(_)) => false,
    };
    is_other_sex || is_born_otherwise
}
