//! A resident's true glucose over time.
//!
//! Glucose rises exponentially towards the diagnostic level, which it reaches on the day of onset by definition: with the
//! fasting value in about a third, with the two-hour value of the tolerance test in the rest. So "onset before this day" and
//! "diabetes by a tolerance test on this day" are the same statement, as in the surveys the truth is compared with.
//!
//! # Source
//!
//! Diagnostic levels (fasting plasma glucose 7.0 mmol/L, two-hour value 11.1 mmol/L) and intermediate levels (6.1, 7.8):
//! Lääkärin käsikirja, kaypahoito.fi/ykt00552 (6 May 2025), glucose levels.
//! The `HbA1c` relation is the stand-in's own round approximation.

use super::calendar::Day;
use super::parameters::Parameters;
use super::random::Dice;

/// Fasting plasma glucose that defines diabetes, mmol/L.
pub(super) const FASTING_LEVEL: f64 = 7.0;
/// Two-hour glucose that defines diabetes, mmol/L.
pub(super) const TWO_HOUR_LEVEL: f64 = 11.1;

/// The course of glucose.
#[derive(Clone, Copy, Debug)]
pub(super) struct Glycaemia {
    pub(super) onset: Day,
    /// The fasting value crosses its level first; otherwise the two-hour value does.
    pub(super) fasting_first: bool,
    baseline_fasting: f64,
    baseline_two_hour: f64,
    /// The values on the day of onset; one of them is exactly at its diagnostic level.
    fasting_end: f64,
    two_hour_end: f64,
    /// How far `HbA1c` lies from what the glucose predicts, mmol/mol.
    hba1c_shift: f64,
    rise_years: f64,
    treated_fasting: f64,
}

/// The true values on one day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values {
    /// mmol/L.
    pub(super) fasting: f64,
    /// mmol/L.
    pub(super) two_hour: f64,
    /// mmol/mol.
    pub(super) hba1c: f64,
}

impl Values {
    /// Impaired fasting glucose, impaired tolerance or diabetes.
    pub(super) fn abnormal(&self) -> bool {
        self.fasting >= 6.1 || self.two_hour >= 7.8
    }
}

impl Glycaemia {
    /// Draws a course that reaches the diagnostic level on `onset`.
    ///
    /// `burden` is what age and latent risk add to the level before the rise, in standard deviations: many people live with
    /// intermediate values that never become diabetes.
    pub(super) fn draw(
        parameters: &Parameters,
        onset: Day,
        burden: f64,
        dice: &mut Dice,
    ) -> Glycaemia {
        let fasting_first = dice.chance(0.33);
        let other_at_onset = if fasting_first {
            dice.between(0.60, 0.99)
        } else {
            dice.between(0.80, 0.995)
        };
        let (fasting_end, two_hour_end) = if fasting_first {
            (FASTING_LEVEL, TWO_HOUR_LEVEL * other_at_onset)
        } else {
            (FASTING_LEVEL * other_at_onset, TWO_HOUR_LEVEL)
        };
        let fasting = dice
            .normal(parameters.baseline_fasting + 0.16 * burden, 0.38)
            .max(4.2);
        let two_hour = dice
            .normal(parameters.baseline_two_hour + 0.62 * burden, 1.25)
            .max(3.4);
        Glycaemia {
            onset,
            fasting_first,
            fasting_end,
            two_hour_end,
            baseline_fasting: fasting.min(fasting_end - 0.1),
            baseline_two_hour: two_hour.min(two_hour_end - 0.2),
            hba1c_shift: dice.normal(0.0, 2.0),
            rise_years: parameters.rise_years,
            treated_fasting: dice.normal(7.4, 1.1).clamp(5.2, 12.0),
        }
    }

    /// The true values on a day, under treatment from `treated` on.
    pub(super) fn on(&self, day: Day, treated: Day) -> Values {
        let years = day.years_since(self.onset);
        let (mut fasting, mut two_hour) = if years < 0.0 {
            let progress = libm::exp(years / self.rise_years);
            (
                self.baseline_fasting + (self.fasting_end - self.baseline_fasting) * progress,
                self.baseline_two_hour + (self.two_hour_end - self.baseline_two_hour) * progress,
            )
        } else {
            (
                self.fasting_end + 0.10 * years.min(25.0),
                self.two_hour_end + 0.22 * years.min(25.0),
            )
        };
        if day > treated {
            fasting = fasting.min(self.treated_fasting);
            two_hour = two_hour.min(self.treated_fasting + 4.0);
        }
        Values {
            fasting,
            two_hour,
            hba1c: 3.8 + 5.4 * fasting + 0.5 * two_hour + self.hba1c_shift,
        }
    }
}
