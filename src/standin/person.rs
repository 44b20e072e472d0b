//! Who lives in the city: sex, birth date, language, district, identity, and how their stay ends.
//!
//! Residents are numbered from 0. Blocks of 4,096 consecutive numbers each hold one resident per age stratum, and the
//! strata are disjoint sets of birth dates; so within a block all birth dates differ, and a block's number can serve as the
//! slot of the henkilötunnus. That keeps codes unique without remembering any of them.

use super::calendar::Day;
use super::henkilotunnus;
use super::numbers;
use super::permutation::Permutation;
use super::places::{self, District, Municipality};
use super::random::{Dice, Stream, logistic, mixed};

/// Legal sex as the disease model uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sex {
    Male,
    Female,
}

/// The closest relative with diabetes, as question 8 of the form asks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kinship {
    None,
    /// Grandparent, aunt, uncle or first cousin only.
    Distant,
    /// Parent, sibling or own child.
    Close,
}

/// How a resident's stay stands on the day of the register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stay {
    Lives,
    /// The day of death; the record may not know it.
    Died(Day),
    /// The day of the move, and where to.
    Moved(Day),
}

/// A resident's place in the city and time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Person {
    pub(super) number: u32,
    pub(super) sex: Sex,
    pub(super) birth: Day,
    /// Completed years on the day of the register.
    pub(super) age: i32,
    /// Years with decimals on the day of the register.
    pub(super) age_exact: f64,
    /// BCP 47 code of the contact language.
    pub(super) language: &'static str,
    pub(super) district: District,
    pub(super) destination: Municipality,
    pub(super) stay: Stay,
    /// Slot of the henkilötunnus among those of the same birth date and sex.
    pub(super) slot: u32,
}

impl Person {
    /// The last day on which the record can grow.
    pub(super) fn last_day(&self, as_of: Day) -> Day {
        match self.stay {
            Stay::Lives => as_of,
            Stay::Died(day) | Stay::Moved(day) => day.min(as_of),
        }
    }

    /// The code of the test range.
    pub(super) fn test_code(&self) -> String {
        henkilotunnus::test_code(self.birth, self.sex == Sex::Female, self.slot)
    }
}

/// Strata per block, and residents per block.
const STRATA: u32 = 4_096;

/// The most residents for whom test identity codes exist.
pub(super) const MOST_RESIDENTS: u32 = STRATA * henkilotunnus::PER_BIRTH_DATE_AND_SEX;

/// The population from which residents are drawn.
#[derive(Debug)]
pub(super) struct Population {
    seed: u64,
    as_of: Day,
    /// Age in days at which each stratum starts; one more than there are strata.
    starts: Vec<i32>,
}

impl Population {
    /// The population of a seed on a day.
    pub(super) fn new(seed: u64, as_of: Day) -> Population {
        Population {
            seed,
            as_of,
            starts: stratum_starts(),
        }
    }

    /// The day of the register.
    pub(super) fn as_of(&self) -> Day {
        self.as_of
    }

    /// The seed.
    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// The resident with this number.
    pub(super) fn resident(&self, number: u32) -> Person {
        let mut dice = Dice::of(self.seed, number, Stream::Person);
        let birth = self.birth_of(number, &mut dice);
        let age_exact = self.as_of.years_since(birth);
        let women = women_share(age_exact);
        let sex = if dice.chance(women) {
            Sex::Female
        } else {
            Sex::Male
        };
        let district = dice.weighted(&places::DISTRICTS);
        let language = language_of(&mut dice, age_exact, &district);
        let stay = stay_of(&mut dice, age_exact, self.as_of, birth);
        let offset = mixed(&[self.seed, u64::from(birth.0.unsigned_abs()), 0x5107]);
        Person {
            number,
            sex,
            birth,
            age: self.as_of.completed_years_since(birth),
            age_exact,
            language,
            district,
            destination: dice.weighted(&places::DESTINATIONS),
            stay,
            slot: (numbers::low_32(offset) % henkilotunnus::PER_BIRTH_DATE_AND_SEX
                + number / STRATA)
                % henkilotunnus::PER_BIRTH_DATE_AND_SEX,
        }
    }

    fn birth_of(&self, number: u32, dice: &mut Dice) -> Day {
        let block_key = mixed(&[self.seed, u64::from(number / STRATA), 0xb10c]);
        let stratum = Permutation::new(block_key, STRATA).at(number % STRATA);
        let place = numbers::position_of_bits(u64::from(stratum), self.starts.len());
        let age_days = dice.whole(self.starts[place], self.starts[place + 1] - 1);
        self.as_of.plus(-age_days)
    }
}

/// Boundaries in days of age, such that every stratum holds about the same share of residents.
fn stratum_starts() -> Vec<i32> {
    let total: f64 = places::AGE_BANDS.iter().map(|(share, _)| share).sum();
    let mut starts = vec![0];
    let mut band = 0;
    let mut below = 0.0;
    for stratum in 1..STRATA {
        let wanted = total * f64::from(stratum) / f64::from(STRATA);
        while below + places::AGE_BANDS[band].0 < wanted {
            below += places::AGE_BANDS[band].0;
            band += 1;
        }
        let years =
            5.0 * (numbers::real(band as u64) + (wanted - below) / places::AGE_BANDS[band].0);
        let previous = starts[starts.len() - 1];
        starts.push(numbers::rounded_days(years * 365.25).max(previous + 1));
    }
    starts.push(numbers::rounded_days(106.0 * 365.25));
    starts
}

fn women_share(age: f64) -> f64 {
    let band = numbers::position(age / 110.0, places::AGE_BANDS.len());
    places::AGE_BANDS[band].1
}

fn language_of(dice: &mut Dice, age: f64, district: &District) -> &'static str {
    let by_age = if age < 18.0 {
        -1.10
    } else if age < 45.0 {
        -1.00
    } else if age < 65.0 {
        -1.45
    } else {
        -2.90
    };
    if dice.chance(logistic(by_age + district.other_language_shift)) {
        dice.weighted(&places::OTHER_LANGUAGES)
    } else if dice.chance((0.062 * district.swedish_factor).min(0.5)) {
        "sv"
    } else {
        "fi"
    }
}

/// About 3 % have moved out and the dead of the last five years are still on the register.
fn stay_of(dice: &mut Dice, age: f64, as_of: Day, birth: Day) -> Stay {
    let ended = as_of.plus(-dice.whole(1, 5 * 365)).max(birth);
    let dying = (0.000_12 * libm::exp(0.088 * age)).min(0.65);
    if dice.chance(dying) {
        Stay::Died(ended)
    } else if dice.chance(if age < 45.0 { 0.040 } else { 0.018 }) {
        Stay::Moved(ended)
    } else {
        Stay::Lives
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_residents_share_a_test_identity_code() {
        let population = Population::new(5, Day::from_civil(2026, 1, 15));
        let codes: std::collections::BTreeSet<String> = (0..30_000)
            .map(|number| population.resident(number).test_code())
            .collect();
        assert_eq!(codes.len(), 30_000);
    }

    #[test]
    fn strata_of_age_are_disjoint_and_cover_all_ages() {
        let starts = stratum_starts();
        assert_eq!(starts.len(), 4_097);
        assert!(starts.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn nobody_is_born_after_the_day_of_the_register() {
        let as_of = Day::from_civil(2026, 1, 15);
        let population = Population::new(6, as_of);
        for number in 0..5_000 {
            let person = population.resident(number);
            assert!(
                person.birth <= as_of && person.age >= 0 && person.last_day(as_of) >= person.birth
            );
        }
    }
}
