//! A figure with its interval, or the reason why there is none.

use std::fmt;

use super::limits::Z;

/// How an interval of 95 % was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Variance from placement values (`DeLong` 1988), normal limits within 0 and 1.
    DeLong,
    /// Complete separation: the exact limit of as many independent pairs as the smaller class has.
    IndependentPairs,
    /// Normal limits from the inverse information of a maximum-likelihood fit.
    Wald,
    /// Normal limits of the logarithm, with the variance of a binomial count.
    LogBinomial,
    /// Wilson's score limits of a proportion.
    Wilson,
    /// Wilson's score limits at the effective sample size of the weighted proportion.
    WilsonEffectiveSize,
    /// Normal limits from the sample variance of each row's contribution.
    Linearised,
    /// The same for weighted rows: with-replacement design variance, as R survey computes it.
    DesignLinearised,
    /// The same on the logarithm.
    LogDesignLinearised,
    /// Normal limits from the sandwich variance of a weighted fit.
    DesignSandwich,
    /// Greenwood's variance, limits on the scale `log(−log S)`.
    GreenwoodLogLog,
    /// Infinitesimal jackknife of the Aalen-Johansen estimate, normal limits on the log scale.
    JackknifeLog,
    /// The inverse of the limits of a proportion.
    InverseOfProportion,
    /// Percentiles of bootstrap replicates.
    Bootstrap,
    /// Fay and Feuer's gamma limits of a weighted sum of Poisson counts.
    WeightedPoisson,
    /// Donner and Zou's limits of a ratio of two such sums.
    RatioOfCounts,
    /// No interval: what holds however those who did not come differ, within stated odds, and by chance.
    BoundsWithinOdds,
    /// No interval: what holds whatever those who did not come have, and by chance.
    WorstCaseBounds,
}

impl Method {
    /// The method as a reader of a table sees it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DeLong => "DeLong",
            Self::IndependentPairs => "exact, independent pairs",
            Self::Wald => "Wald",
            Self::LogBinomial => "log scale, binomial",
            Self::Wilson => "Wilson",
            Self::WilsonEffectiveSize => "Wilson at the effective sample size",
            Self::Linearised => "normal, linearised",
            Self::DesignLinearised => "normal, linearised with design variance",
            Self::LogDesignLinearised => "log scale, linearised with design variance",
            Self::DesignSandwich => "Wald with design variance (sandwich)",
            Self::GreenwoodLogLog => "Greenwood, log-log scale",
            Self::JackknifeLog => "infinitesimal jackknife, log scale",
            Self::InverseOfProportion => "inverse of the limits of the predictive value",
            Self::Bootstrap => "bootstrap percentiles",
            Self::WeightedPoisson => "weighted Poisson counts",
            Self::RatioOfCounts => "ratio of weighted Poisson counts",
            Self::BoundsWithinOdds => "bounds, not an interval",
            Self::WorstCaseBounds => "worst-case bounds, not an interval",
        }
    }
}

/// A figure with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The figure itself.
    pub value: f64,
    /// Lower limit.
    pub lower: f64,
    /// Upper limit; infinite where nothing bounds it.
    pub upper: f64,
    /// How the limits were made.
    pub method: Method,
}

impl Estimate {
    /// Limits at 1.96 standard errors.
    pub(super) fn normal(value: f64, se: f64, method: Method) -> Self {
        Self {
            value,
            lower: value - Z * se,
            upper: value + Z * se,
            method,
        }
    }

    /// Limits at 1.96 standard errors of the logarithm.
    pub(super) fn log_normal(value: f64, se_of_log: f64, method: Method) -> Self {
        let factor = libm::exp(Z * se_of_log);
        Self {
            value,
            lower: value / factor,
            upper: value * factor,
            method,
        }
    }

    /// A share of plain counts with Wilson's limits; `n` is above zero.
    pub(crate) fn wilson(hits: usize, n: usize) -> Self {
        super::decision::wilson(hits as f64 / n as f64, n as f64, Method::Wilson)
    }

    /// The same, with limits that a probability cannot pass.
    pub(super) fn within_unit(self) -> Self {
        Self {
            lower: self.lower.max(0.0),
            upper: self.upper.min(1.0),
            ..self
        }
    }
}

/// A figure, or why it cannot be had.
pub type Figure = Result<Estimate, NotIdentifiable>;

/// Why a figure cannot be had from these rows. A value, not an error: the other figures stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotIdentifiable {
    /// Nobody had the event.
    NoEvents,
    /// Everybody had the event.
    NoNonEvents,
    /// A variance needs two of each class.
    FewerThanTwoOfAClass,
    /// The predictions are all the same.
    ConstantPredictions,
    /// So many predictions are exactly 0 or 1, where the log odds are infinite.
    PredictionsAtTheEnds {
        /// How many rows.
        rows: usize,
    },
    /// The predictions split events from non-events, so that coefficients run to infinity.
    Separation,
    /// The fit did not settle.
    NotConverged,
    /// Columns of the fit are not independent, as with very few distinct predictions.
    TooFewDistinctPredictions,
    /// The denominator holds nobody: none flagged, or all.
    EmptyDenominator,
    /// Fewer events or non-events than the figure needs.
    InsufficientEvidence {
        /// The smaller of events and non-events.
        found: usize,
        /// What it takes.
        needed: usize,
    },
    /// More than one in twenty bootstrap replicates had no figure.
    UnstableReplicates,
    /// The predictions sum to zero.
    NoExpectedEvents,
    /// Nobody below the action level was drawn for tests.
    NobodyTestedBelowLevel,
    /// Fewer people than the figure needs; it would describe single ones.
    TooFewPeople {
        /// How many there are.
        found: usize,
        /// What it takes.
        needed: usize,
    },
    /// Fewer events among the sampled negatives than the figure needs.
    TooFewMissed {
        /// How many there are.
        found: usize,
        /// What it takes.
        needed: usize,
    },
    /// The fitted slope is not above zero: higher predictions would mean lower risk.
    SlopeNotAboveZero,
}

impl NotIdentifiable {
    /// Whether more people of the same kind would give the figure.
    #[must_use]
    pub const fn is_for_want_of_people(&self) -> bool {
        matches!(
            self,
            Self::InsufficientEvidence { .. }
                | Self::TooFewPeople { .. }
                | Self::TooFewMissed { .. }
        )
    }
}

impl fmt::Display for NotIdentifiable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoEvents => write!(f, "no events"),
            Self::NoNonEvents => write!(f, "no non-events"),
            Self::FewerThanTwoOfAClass => write!(f, "fewer than two events or non-events"),
            Self::ConstantPredictions => write!(f, "the predictions are all the same"),
            Self::PredictionsAtTheEnds { rows } => write!(
                f,
                "{rows} predictions are exactly 0 or 1, where the log odds are infinite"
            ),
            Self::Separation => write!(
                f,
                "the predictions separate events from non-events, so that coefficients are infinite"
            ),
            Self::NotConverged => write!(f, "the fit did not converge"),
            Self::TooFewDistinctPredictions => write!(f, "too few distinct predictions"),
            Self::EmptyDenominator => write!(f, "nobody in the denominator"),
            Self::InsufficientEvidence { found, needed } => write!(
                f,
                "insufficient evidence: {found} events or non-events, {needed} needed"
            ),
            Self::UnstableReplicates => {
                write!(f, "more than 5 % of the bootstrap replicates had no figure")
            }
            Self::NoExpectedEvents => write!(f, "the predictions sum to zero"),
            Self::NobodyTestedBelowLevel => write!(
                f,
                "nobody below the action level was tested, since no random sample of them was drawn"
            ),
            Self::TooFewPeople { found, needed } => {
                write!(
                    f,
                    "insufficient evidence: {found} of the {needed} people needed"
                )
            }
            Self::TooFewMissed { found, needed } => write!(
                f,
                "insufficient evidence: {found} of the {needed} confirmed needed among the sampled negatives"
            ),
            Self::SlopeNotAboveZero => write!(
                f,
                "the fitted slope is not above zero: people with higher predictions had the event less often"
            ),
        }
    }
}
