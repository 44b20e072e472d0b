//! Does the register resemble the published cohorts? Counts, and the measures that come from them.
//!
//! Everything is judged on the truth, never on the records. The reference points are in [`super::published`].

use super::calendar::Day;
use super::findrisc;
use super::health::Health;
use super::intervals::{self, Estimate};
use super::person::{Person, Sex, Stay};

/// One more than the highest score.
const SCORES: usize = 27;

/// How many people had each score, with and without the condition.
#[derive(Clone, Debug, Default)]
pub(super) struct ScoreCounts {
    pub(super) with: [u64; SCORES],
    pub(super) without: [u64; SCORES],
}

impl ScoreCounts {
    fn add(&mut self, score: usize, has_condition: bool) {
        let side = if has_condition {
            &mut self.with
        } else {
            &mut self.without
        };
        side[score.min(SCORES - 1)] += 1;
    }

    fn merge(&mut self, other: &ScoreCounts) {
        for score in 0..SCORES {
            self.with[score] += other.with[score];
            self.without[score] += other.without[score];
        }
    }

    /// Share with the condition.
    fn prevalence(&self) -> Estimate {
        let with = self.with.iter().sum();
        intervals::proportion(with, with + self.without.iter().sum::<u64>())
    }

    /// Share of those with the condition at or above a score.
    fn sensitivity(&self, at: usize) -> Estimate {
        intervals::proportion(self.with[at..].iter().sum(), self.with.iter().sum())
    }

    /// Share of those without the condition at or above a score.
    fn false_positive_rate(&self, at: usize) -> Estimate {
        intervals::proportion(self.without[at..].iter().sum(), self.without.iter().sum())
    }

    /// Share of those without the condition below a score.
    fn specificity(&self, at: usize) -> Estimate {
        intervals::proportion(self.without[..at].iter().sum(), self.without.iter().sum())
    }

    fn area_under_curve(&self) -> Estimate {
        intervals::area_under_curve(&self.with, &self.without)
    }
}

/// A yes among a number asked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Share {
    yes: u64,
    of: u64,
}

impl Share {
    fn add(&mut self, yes: bool) {
        self.yes += u64::from(yes);
        self.of += 1;
    }

    fn merge(&mut self, other: Share) {
        self.yes += other.yes;
        self.of += other.of;
    }
}

/// Counts for one sex at 45–74 years.
#[derive(Clone, Debug, Default)]
struct MiddleAge {
    undiagnosed: ScoreCounts,
    abnormal: Share,
    obese: Share,
}

/// Everything the table of fit is computed from. Adding up is commutative, so threads cannot change it.
#[derive(Clone, Debug, Default)]
pub(super) struct FitCounts {
    /// Living residents of at least 20 years.
    pub(super) adults: u64,
    men: MiddleAge,
    women: MiddleAge,
    ten_years: ScoreCounts,
}

/// A measure of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    Undiagnosed(Sex),
    UndiagnosedArea(Sex),
    UndiagnosedSensitivity(Sex, usize),
    UndiagnosedFalsePositives(Sex, usize),
    AbnormalTolerance(Sex),
    Obesity(Sex),
    TenYearIncidence,
    TenYearConcordance,
    TenYearSensitivity(usize),
    TenYearSpecificity(usize),
}

impl FitCounts {
    /// Counts one resident; only those who live in the city on that day take part.
    pub(super) fn add(&mut self, person: &Person, health: &Health, as_of: Day) {
        if person.stay != Stay::Lives || person.age < 20 {
            return;
        }
        self.adults += 1;
        let known = health.diagnosed_by(as_of);
        let score = findrisc::score(&health.items);
        if !known {
            let horizon = as_of.plus_years(10.0);
            self.ten_years
                .add(score, health.drug_between(as_of, horizon));
        }
        if (45..=74).contains(&person.age) {
            let group = match person.sex {
                Sex::Male => &mut self.men,
                Sex::Female => &mut self.women,
            };
            if !known {
                group.undiagnosed.add(score, health.undiagnosed_on(as_of));
                group
                    .abnormal
                    .add(health.glycaemia.on(as_of, health.drug).abnormal());
                group.obese.add(health.items.body_mass_index >= 30.0);
            }
        }
    }

    /// Adds the counts of other residents.
    pub(super) fn merge(&mut self, other: &FitCounts) {
        self.adults += other.adults;
        self.ten_years.merge(&other.ten_years);
        for (mine, theirs) in [(&mut self.men, &other.men), (&mut self.women, &other.women)] {
            mine.undiagnosed.merge(&theirs.undiagnosed);
            mine.abnormal.merge(theirs.abnormal);
            mine.obese.merge(theirs.obese);
        }
    }

    /// The value of a measure in this register, with its 95 % interval.
    pub(super) fn estimate(&self, measure: Measure) -> Estimate {
        match measure {
            Measure::Undiagnosed(sex) => self.of(sex).undiagnosed.prevalence(),
            Measure::UndiagnosedArea(sex) => self.of(sex).undiagnosed.area_under_curve(),
            Measure::UndiagnosedSensitivity(sex, at) => self.of(sex).undiagnosed.sensitivity(at),
            Measure::UndiagnosedFalsePositives(sex, at) => {
                self.of(sex).undiagnosed.false_positive_rate(at)
            }
            Measure::AbnormalTolerance(sex) => share(self.of(sex).abnormal),
            Measure::Obesity(sex) => share(self.of(sex).obese),
            Measure::TenYearIncidence => self.ten_years.prevalence(),
            Measure::TenYearConcordance => self.ten_years.area_under_curve(),
            Measure::TenYearSensitivity(at) => self.ten_years.sensitivity(at),
            Measure::TenYearSpecificity(at) => self.ten_years.specificity(at),
        }
    }

    fn of(&self, sex: Sex) -> &MiddleAge {
        match sex {
            Sex::Male => &self.men,
            Sex::Female => &self.women,
        }
    }
}

fn share(counted: Share) -> Estimate {
    intervals::proportion(counted.yes, counted.of)
}

/// Percent or plain, as people quote it.
pub(super) fn is_percentage(measure: Measure) -> bool {
    !matches!(
        measure,
        Measure::UndiagnosedArea(_) | Measure::TenYearConcordance
    )
}

/// A count for display.
pub(super) fn people(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
