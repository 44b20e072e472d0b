//! Learning: what the outcomes say about the calibration in force, and what they would change.
//!
//! # What lives here
//!
//! [`learn`] turns index decisions with their outcomes into precision, uptake
//! and calibration, and into a proposed recalibration; [`precision_by_group`]
//! says for whom the programme is right, and how soon. What became of a
//! resident is `outcomes`; the statistics are `calibration`; here it is only
//! said which people stand for whom. [`calibration_drift`] follows a calibration
//! through the months of its decisions, [`input_drift`] an item from one day to another. [`refit_points`]
//! holds the points themselves against outcomes.
//!
//! # How the data flows
//!
//! `(calibration in force, score bands, cases) → Learning`. First rounds and
//! repeat rounds are never mixed.
//!
//! # Invariants
//!
//! * Only flagged people and people drawn at random are counted: whoever below the level happened
//!   to be tested elsewhere was not drawn, and would stand for nobody in particular.
//! * Without a random sample from below the level there is no sensitivity, no specificity, and no
//!   calibration but among the flagged.
//! * A proposal changes nothing; people put it in force, once every gate has let it through.
//! * What judges a proposal was not used to make it.
//! * Outcomes of one estimand are never held against probabilities of another.
//!
//! # Example
//!
//! ```
//! use preventiojyraa_core::calibration::NotIdentifiable;
//! use preventiojyraa_core::learning::proportion;
//!
//! assert!(proportion(12, 90).is_ok_and(|ppv| ppv.lower < 0.134 && 0.133 < ppv.upper));
//! let few = NotIdentifiable::TooFewPeople { found: 9, needed: 10 };
//! assert_eq!(proportion(3, 9), Err(few));
//! ```
//!
//! # Why it is so
//!
//! Only some of those who are asked come to the laboratory. Within a band of
//! scores, a sex and ten years of age it is assumed that those who came are like
//! those who did not; then each who came stands for as many as were asked of
//! these over those who came. Cells and no fitted line: a line could be wrong in
//! its shape, a cell only be too coarse, and a cell of fewer than ten who came
//! joins others. A sampled negative stands for as many more as the inverse of the
//! probability of being drawn. The assumption is printed with the figures, and
//! "per order" and "per result" beside them need none.
//! O:E, slope and the recalibration of the flagged alone are weighted so too: where the old come more often
//! and have it more often, whoever came has too much of it for the flagged.
//! Figures that do without it, or with less of it, stand beside those with it:
//! bounds, not intervals, since no number of people narrows them.
//!
//! A score known as a range is one prediction too: the middle of its log odds.
//! How much that matters is shown by O:E with all ranges at their lowest, and at
//! their highest.

mod burden;
mod cases;
mod changes;
mod drift;
mod figures;
mod flow;
mod gates;
mod judged;
mod point_items;
mod precision;
mod refit;
mod uptake;

#[cfg(test)]
mod tests;

pub use burden::{Burden, BurdenLine, Happened, burden};
pub use cases::{Case, Round, ScoreBand, score_bands};
pub use changes::{ModelChange, ModelLot, Standing};
pub use drift::{
    CalibrationDrift, DriftChange, DriftSeen, INPUT_MOVED_FROM, InputDrift, InputLevel,
    InputLevels, InputVerdict, ItemDrift, ItemsDrift, Stretch, calibration_drift, input_drift,
    input_levels,
};
pub use figures::{
    BandFigures, Calibrated, Learning, Proposal, RoundLearning, Tested, learn, observed, proportion,
};
pub use flow::{Arm, Flow, flow};
pub use gates::{
    DIMENSIONS, DatedCase, Gate, GateFigure, GateName, GateNumber, GateVerdict, RegisterChange,
    Update, all_pass, fitted_until, judge, judge_register,
};
pub use judged::{WeakCalibration, weak_calibration_among};
pub use precision::{
    GroupFigures, Grouped, GroupedCase, Grouping, LaboratoryFigures, LeadTime, PrecisionByGroup,
    Quartiles, References, RoundPrecision, TestCounts, precision_by_group,
};
pub use refit::{
    Found, NoPoints, PointsCase, PointsHeldOut, PointsRefit, RefitItem, RefitLevel, refit_points,
};
pub use uptake::{Measure, ODDS_OF_NON_COMERS, Population, UptakeFigures, Weights, uptake_among};
