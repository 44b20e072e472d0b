//! Sampled negatives: residents below the action level who are offered the same tests, by lot.
//!
//! Only with them can sensitivity and calibration below the level be known. The lot is a keyed hash, so
//! it is the same in every run of a round, on every machine, and nobody without the key foresees it.

use sha2::{Digest, Sha256};

use super::{Conclusion, Episode, Stage};
use crate::profile::{Profile, ResidentId, Sex};
use crate::rulebook::Score;

/// The probability of being drawn: above 0, at most 1, in units of 1e-9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Inclusion(u32);

impl Inclusion {
    /// Everybody is drawn.
    pub const EVERYBODY: Self = Self(1_000_000_000);

    /// A probability from its billionths; `None` for 0 and for more than 1.
    #[must_use]
    pub const fn from_billionths(billionths: u32) -> Option<Self> {
        if 0 < billionths && billionths <= 1_000_000_000 {
            Some(Self(billionths))
        } else {
            None
        }
    }

    /// The probability in billionths, 1 to 1,000,000,000.
    #[must_use]
    pub const fn billionths(self) -> u32 {
        self.0
    }
}

/// Some of those below the action level, who are drawn with a probability of their own.
///
/// What is not named is open: every age, every sex, every score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stratum {
    /// Its name in reports.
    pub id: String,
    /// Youngest age, in completed years.
    pub age_from: Option<i16>,
    /// First age that is too old.
    pub age_below: Option<i16>,
    /// The sex of the register.
    pub sex: Option<Sex>,
    /// Lowest of the highest possible scores, in what the model counts: points, or parts per million.
    pub score_from: Option<Score>,
    /// First of them that is too high.
    pub score_below: Option<Score>,
    /// How probable it is that somebody of it is drawn.
    pub inclusion: Inclusion,
}

impl Stratum {
    /// Whether a resident certainly belongs to it; who is scored by the highest score still possible.
    /// Who has no score belongs to no stratum of scores.
    fn has(&self, profile: &Profile, highest: Option<Score>) -> bool {
        let (youngest, oldest) = profile.age_in_years().unwrap_or((i16::MIN, i16::MAX));
        self.age_from.is_none_or(|from| from <= youngest)
            && self.age_below.is_none_or(|below| oldest < below)
            && self.sex.is_none_or(|sex| sex == profile.register().sex)
            && self
                .score_from
                .is_none_or(|from| highest.is_some_and(|highest| from <= highest))
            && self
                .score_below
                .is_none_or(|below| highest.is_some_and(|highest| highest < below))
    }
}

/// How residents below the action level are drawn.
#[derive(Clone, PartialEq, Eq)]
pub struct Sampling {
    /// How probable it is that somebody is drawn who belongs to no stratum.
    pub inclusion: Inclusion,
    /// Those with a probability of their own; the first that somebody belongs to counts.
    pub strata: Vec<Stratum>,
    /// The key of the lot: who knows it knows who is drawn.
    pub key: [u8; 32],
}

impl Sampling {
    /// Whether a resident is drawn, should they be below the level, and with which probability.
    ///
    /// The same round has the same lot however often it is asked: a lot drawn anew in every run
    /// would draw everybody in the end.
    ///
    /// # Formula
    ///
    /// Drawn when the first 8 bytes of SHA-256 over key, `preventio-sample`, programme, resident and
    /// round (joined by U+001F), as a big-endian number, lie below `inclusion × 2⁶⁴`.
    #[must_use]
    pub fn draws(
        &self,
        programme: &str,
        resident: ResidentId,
        episode: Option<&Episode>,
    ) -> Option<Inclusion> {
        self.draws_with(self.inclusion, programme, resident, episode)
    }

    /// How probable it is that a resident is drawn, whose highest possible score is `highest`; `None` for
    /// who has none.
    #[must_use]
    pub fn inclusion_of(&self, profile: &Profile, highest: Option<Score>) -> Inclusion {
        let mut strata = self.strata.iter();
        let own = strata.find(|stratum| stratum.has(profile, highest));
        own.map_or(self.inclusion, |stratum| stratum.inclusion)
    }

    /// As [`Sampling::draws`], with the probability of the resident's stratum: the lot itself is the
    /// same, so a larger share keeps everybody of a smaller one.
    #[must_use]
    pub fn draws_with(
        &self,
        inclusion: Inclusion,
        programme: &str,
        resident: ResidentId,
        episode: Option<&Episode>,
    ) -> Option<Inclusion> {
        let round = round_of_the_lot(episode);
        let text = format!("\u{1f}preventio-sample\u{1f}{programme}\u{1f}{resident}\u{1f}{round}");
        is_drawn(&self.key, &text, inclusion).then_some(inclusion)
    }
}

/// Whether a lot with a key draws what a text names.
///
/// # Formula
///
/// Drawn when the first 8 bytes of SHA-256 over key and text, as a big-endian number, lie below
/// `share × 2⁶⁴`.
#[must_use]
pub fn is_drawn(key: &[u8; 32], text: &str, share: Inclusion) -> bool {
    let mut hash = Sha256::new();
    hash.update(key);
    hash.update(text.as_bytes());
    let hash = hash.finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    let drawn = u128::from(u64::from_be_bytes(first)) * 1_000_000_000;
    drawn < u128::from(share.billionths()) << 64
}

/// The round that a lot is drawn for: the open one, or the next. A round that ended below the level
/// keeps its lot, or answering a form would be a second chance to be drawn.
fn round_of_the_lot(episode: Option<&Episode>) -> u16 {
    let Some(episode) = episode else { return 1 };
    match &episode.stage {
        Stage::Closed { conclusion, .. } => match conclusion {
            Conclusion::BelowLevel => episode.round,
            Conclusion::Normal
            | Conclusion::Left(_)
            | Conclusion::Withdrawn
            | Conclusion::Recalled => episode.round.saturating_add(1),
        },
        // Whoever is ordered for after these begins a round of their own.
        Stage::OfferedPrevention { .. } | Stage::WithANurse { .. } => {
            episode.round.saturating_add(1)
        }
        Stage::Eligible
        | Stage::Queued { .. }
        | Stage::Asked { .. }
        | Stage::Ordered { .. }
        | Stage::Confirming { .. } => episode.round,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::profile::{BirthDate, Register};

    fn sampling(billionths: u32) -> Sampling {
        Sampling {
            inclusion: Inclusion::from_billionths(billionths).expect("a probability"),
            strata: Vec::new(),
            key: [9; 32],
        }
    }

    fn resident(n: u32) -> ResidentId {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        ResidentId::from_bytes(bytes)
    }

    fn drawn(sampling: &Sampling, episode: Option<&Episode>) -> Vec<u32> {
        let mut all = 0..50_000;
        let all = all.by_ref();
        all.filter(|n| sampling.draws("p", resident(*n), episode).is_some())
            .collect()
    }

    #[test]
    fn as_many_are_drawn_as_the_probability_says() {
        // Binomial with n = 50,000 and p = 0.02: 1,000 with a standard deviation of 31.3; five of them.
        let n = drawn(&sampling(20_000_000), None).len();
        assert!((844..=1_156).contains(&n), "{n}");
        assert_eq!(drawn(&sampling(1_000_000_000), None).len(), 50_000);
        assert_eq!(Inclusion::from_billionths(0), None);
        assert_eq!(Inclusion::from_billionths(1_000_000_001), None);
    }

    #[test]
    fn a_round_keeps_its_lot_and_the_next_has_another() {
        let sampling = sampling(100_000_000);
        let first = drawn(&sampling, None);
        let closed = |conclusion| Episode {
            round: 1,
            stage: Stage::Closed {
                on: date(2026, 3, 2),
                conclusion,
            },
        };
        assert_eq!(drawn(&sampling, Some(&Episode::begin(1))), first);
        assert_eq!(
            drawn(&sampling, Some(&closed(Conclusion::BelowLevel))),
            first
        );
        let next = drawn(&sampling, Some(&closed(Conclusion::Normal)));
        assert_ne!(next, first);
        assert_eq!(drawn(&sampling, Some(&Episode::begin(2))), next);
    }

    #[test]
    fn a_larger_share_keeps_everybody_of_a_smaller_one() {
        let few = drawn(&sampling(10_000_000), None);
        let many = drawn(&sampling(50_000_000), None);
        assert!(few.iter().all(|n| many.binary_search(n).is_ok()));
    }

    #[test]
    fn another_key_draws_others() {
        let one = drawn(&sampling(20_000_000), None);
        let mut other = sampling(20_000_000);
        other.key = [8; 32];
        assert_ne!(one, drawn(&other, None));
    }

    #[test]
    fn the_first_stratum_that_somebody_surely_belongs_to_says_how_probable_the_lot_is() {
        let share = |n| Inclusion::from_billionths(n).expect("a probability");
        let mut sampling = sampling(10_000_000);
        let open = Stratum {
            id: "older-men".to_owned(),
            age_from: Some(60),
            age_below: Some(70),
            sex: Some(Sex::Male),
            score_from: Some(7),
            score_below: Some(12),
            inclusion: share(50_000_000),
        };
        let everybody_of_60 = Stratum {
            sex: None,
            score_from: None,
            score_below: None,
            inclusion: share(20_000_000),
            ..open.clone()
        };
        sampling.strata = vec![open, everybody_of_60];
        let someone = |birth, sex| {
            let register = Register {
                birth,
                sex,
                ..Register::unknown()
            };
            Profile::as_of(register, Vec::new(), date(2026, 6, 1))
        };
        let on = |year| BirthDate::on(date(year, 1, 1));
        let year = BirthDate::between(date(1966, 1, 1), date(1966, 12, 31)).expect("in order");
        for (birth, sex, highest, n) in [
            (on(1966), Sex::Male, Some(11), 50_000_000),
            (on(1966), Sex::Male, Some(7), 50_000_000),
            (on(1966), Sex::Male, Some(6), 20_000_000),
            (on(1966), Sex::Male, Some(12), 20_000_000),
            (on(1966), Sex::Female, Some(11), 20_000_000),
            (on(1966), Sex::Unknown, Some(11), 20_000_000),
            (on(1967), Sex::Male, Some(11), 10_000_000),
            (on(1957), Sex::Male, Some(11), 50_000_000),
            (on(1956), Sex::Male, Some(11), 10_000_000),
            // Whoever has no score belongs to no stratum of scores.
            (on(1966), Sex::Male, None, 20_000_000),
            // 59 or 60: not surely.
            (year, Sex::Male, Some(11), 10_000_000),
        ] {
            let inclusion = sampling.inclusion_of(&someone(birth, sex), highest);
            assert_eq!(inclusion, share(n), "{sex:?} {highest:?}");
        }
    }
}
