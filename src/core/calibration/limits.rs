//! Tolerances and smallest sizes, each with its reason, in one place.

/// Standard normal quantile of 97.5 %: all intervals are of 95 %.
pub(super) const Z: f64 = 1.959_963_984_540_054;
/// Significance level of each test in the ladder.
pub(super) const ALPHA: f64 = 0.05;
/// A Newton step is final when it promises to change the deviance by less than
/// this: the square of double precision would be 5e-32, and the rounding of a
/// sum over ten million rows stays well below.
pub(super) const NEWTON_DECREMENT: f64 = 1e-18;
/// Newton's method converges in under ten steps where a finite maximum exists.
pub(super) const NEWTON_STEPS: usize = 60;
/// A log odds this far out means that a coefficient runs to infinity: `exp(-40)` is 4e-18.
pub(super) const RUNAWAY_LOG_ODDS: f64 = 40.0;
/// A pivot this small beside its diagonal is a column that the others span.
pub(super) const PIVOT: f64 = 1e-12;
/// Share of the sample in each neighbourhood of the loess curve (R's default).
pub(super) const SPAN: f64 = 0.75;
/// Up to this many distinct predictions the loess curve is computed at each; the
/// work grows with its square.
pub(super) const DIRECT_ROWS: usize = 3_000;
/// Beyond [`DIRECT_ROWS`], the number of places at which the loess curve is computed.
pub(super) const GRID: usize = 201;
/// Beyond [`DIRECT_ROWS`], rows are pooled into at most this many groups of
/// neighbours; a thirtieth of it still gives indices to 5e-4 (see the tests).
pub(super) const BINS: usize = 10_000;
/// Rows up to which a bootstrap resamples rows; beyond, groups of neighbours.
pub(super) const BOOTSTRAP_ROWS: usize = 20_000;
/// Groups of neighbours that a bootstrap of a larger table resamples.
pub(super) const BOOTSTRAP_BINS: usize = 2_000;
/// With fewer events or non-events than this, a group says nothing of use, and
/// its figures would describe single people.
pub const FEWEST_IN_GROUP: usize = 10;
/// Events or non-events per estimated parameter below which likelihood theory
/// is not to be trusted.
///
/// Source: Peduzzi et al., J Clin Epidemiol 1996;49:1373-1379.
pub(super) const EVENTS_PER_PARAMETER: usize = 10;
/// Events and non-events that a validation needs for its figures.
///
/// Source: Collins, Ogundimu, Altman, Stat Med 2016;35:214-226, abstract.
pub const ENOUGH_FOR_FIGURES: usize = 100;
/// Events and non-events that a flexible curve needs.
///
/// Source: Van Calster et al., J Clin Epidemiol 2016;74:167-176, abstract.
pub(super) const ENOUGH_FOR_CURVES: usize = 200;
