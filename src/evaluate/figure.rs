//! A figure as plain fields, ready to become JSON.

use serde::Serialize;

use crate::calibration::Figure;

/// `{estimate, lower, upper, method}` with a 95 % interval, or `{not_identifiable: reason}`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum FigureEntry {
    /// The figure is known.
    Known {
        /// The estimate.
        estimate: f64,
        /// The lower limit.
        lower: f64,
        /// The upper limit.
        upper: f64,
        /// How the limits were found.
        method: &'static str,
    },
    /// It is not.
    Unknown {
        /// Why.
        not_identifiable: String,
    },
}

impl FigureEntry {
    /// The entry of a figure.
    #[must_use]
    pub fn of(figure: Figure) -> Self {
        match figure {
            Ok(known) => Self::Known {
                estimate: known.value,
                lower: known.lower,
                upper: known.upper,
                method: known.method.name(),
            },
            Err(reason) => Self::Unknown {
                not_identifiable: reason.to_string(),
            },
        }
    }
}
