//! Calibration: how right predictions were.
//!
//! # What lives here
//!
//! Measures of discrimination, calibration and clinical use of predicted
//! probabilities, each with an interval and the name of its method:
//! [`evaluate`] computes all of them, the other functions one each. It reads
//! nothing, and it changes no model.
//!
//! # How the data flows
//!
//! `Rows → PairedOutcomes → Figure`. Rows are checked and sorted once, in
//! [`PairedOutcomes::new`]; every measure takes them from there.
//!
//! # Invariants
//!
//! * The same rows in any order give the same figures, bit for bit.
//! * A figure that the rows do not determine is [`NotIdentifiable`], with a reason; never a number.
//! * Weighted rows have design-based intervals: `DeLong`, Wilson and likelihood
//!   ratios assume that each row stands for itself alone.
//! * A row split in two of half the weight changes no estimate.
//!
//! # Example
//!
//! ```
//! use preventiojyraa_core::calibration::{Rows, Settings, evaluate};
//!
//! let rows = Rows {
//!     predicted: vec![0.1, 0.2, 0.3, 0.6, 0.7],
//!     occurred: vec![false, true, false, true, true],
//!     ..Rows::default()
//! };
//! let evaluation = evaluate(&rows, &[], &Settings::default())?;
//! assert_eq!(evaluation.whole.events, 3);
//! assert!(evaluation.whole.o_e.is_ok_and(|oe| (oe.value - 3.0 / 1.9).abs() < 1e-12));
//! # Ok::<(), preventiojyraa_core::calibration::OutcomesError>(())
//! ```
//!
//! # Why it is so
//!
//! Researchers trust a figure that equals the one of their own tool, so each
//! definition is that of a widely used package where one exists, and tests hold
//! it against stored output of that package to nine digits. Deliberate differences:
//!
//! | here | there | why |
//! |---|---|---|
//! | complete separation: an exact limit | pROC: an interval of no width | a variance of zero promises certainty |
//! | weighted proportions: Wilson at the effective size | survey: logit or normal limits | holds near 0 and 1, and equals Wilson at equal weights |
//! | weighted limits use normal quantiles | survey: Student's t | the same from a few hundred rows on; smaller weighted tables say so |
//! | the variance of a weighted area is linearised | none does it; the jackknife is within 2 % | one pass instead of one per row |
//! | a prediction of exactly 0 or 1 has no slope | rms drops such rows | dropping rows would change the question silently |
//! | coefficients to the last digit | rms stops early, and rounds predictions for its C | the order of rows would show |
//! | the loess band has the variance of a 0/1 outcome | R: one variance for all places | near 0 and 1 outcomes scatter less |
//! | weighted loess: three quarters of the weight | R: of the rows | splitting a row must change nothing |
//! | weighted quantiles: first value to reach the share | R's type 7 has no weights | the same reason |
//! | censored exactly at the horizon: free of the event | riskRegression: unknown | with everybody seen to the horizon nobody would be known |
//! | censoring weights just before an event | scikit-survival: at the event | the estimate then agrees with Kaplan-Meier |
//! | limits take censoring weights as known | riskRegression estimates their share | within 8 % in the tests; the bootstrap estimates them anew |
//! | curve at a horizon: weighted spline and loess | Austin 2020: Cox or Fine-Gray on a spline | no proportional hazards assumed; one definition with and without follow-up |

mod bootstrap;
mod brier;
mod change;
mod compared;
mod curve;
mod decision;
mod discrimination;
mod estimate;
mod evaluation;
mod in_the_large;
mod isotonic;
mod ladder;
mod levels;
mod limits;
mod loess;
mod logistic;
mod matrix;
mod numbers;
mod outcomes;
mod pooled;
mod published_order;
mod recalibration;
mod spline;
mod stability;
mod survival;
mod weighted_count;

pub use bootstrap::{BootstrapFigure, Replicate, Resampling, bootstrap_figures};
pub use brier::{brier, scaled_brier};
pub use change::{
    CHANGE_TOLD_FROM, CalibrationChange, TimedOutcome, WatchedOverTime, watch_over_time,
};
pub use compared::{Compared, Homogeneity, homogeneity};
pub use curve::{Curve, CurveIndices, CurvePoint, loess_curve, spline_curve};
pub use decision::{DecisionPoint, ThresholdFigures, at_threshold, decision_curve};
pub use discrimination::{Auroc, RocPoint, auroc, roc};
pub use estimate::{Estimate, Figure, Method, NotIdentifiable};
pub use evaluation::{
    Bar, Evaluation, Evidence, GroupEvaluation, Grouping, Rows, Settings, Summary, evaluate,
};
pub use in_the_large::{calibration_in_the_large, calibration_slope, observed_to_expected};
pub use isotonic::{IsotonicStep, isotonic};
pub use ladder::{Ladder, LadderStep, LadderTest, Rung, ladder};
pub(crate) use levels::score_line;
pub use levels::{Level, LevelFit, LevelRefit, LevelRow, MOST_LEVELS, refit_levels};
pub use limits::{ENOUGH_FOR_FIGURES, FEWEST_IN_GROUP};
pub(crate) use logistic::Responses;
pub use outcomes::{OutcomesError, PairedOutcomes};
pub use recalibration::{Recalibration, RecalibrationTest, recalibrate};
pub use spline::Spline;
pub use stability::{Stability, stability};
pub use survival::FollowUp;
pub use weighted_count::{count_of_both, share_found, weighted_count};

#[cfg(test)]
mod tests;
