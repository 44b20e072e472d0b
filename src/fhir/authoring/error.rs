//! Why a resource was not written.

/// Why a resource was not written.
///
/// The messages name the field and what is expected of it, and never show the
/// value, which belongs to a resident.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthoringError {
    /// A text is blank, has control characters, or is a code or URI with spaces.
    #[error("`{field}` is blank, or has control characters, or spaces where none may be")]
    Text {
        /// The field of the content at fault.
        field: &'static str,
    },
    /// A reference does not read as `Type/id`, or names another type.
    #[error("`{field}` is not a reference of the form `{expected}`, relative or absolute")]
    Reference {
        /// The field of the content at fault.
        field: &'static str,
        /// What the reference has to look like.
        expected: &'static str,
    },
    /// A reference to something that cannot read a message or do a task.
    #[error("`{field}` refers to a type of resource that the standard does not allow there")]
    Recipient {
        /// The field of the content at fault.
        field: &'static str,
    },
    /// A date does not exist, or is not written as `YYYY-MM-DD`.
    #[error("`{field}` is not a calendar date of the form `YYYY-MM-DD`")]
    Date {
        /// The field of the content at fault.
        field: &'static str,
    },
    /// The lowest possible score lies above the highest.
    #[error("`score_low` is above `score_high`")]
    ScoreOrder,
    /// A probability is not a number in `0.0..=1.0`.
    #[error("`{field}` is not a probability from 0 to 1")]
    Probability {
        /// The field of the content at fault.
        field: &'static str,
    },
    /// The lower bound of the probability lies above the upper.
    #[error("`probability_low` is above `probability_high`")]
    ProbabilityOrder,
    /// A prediction over no time at all.
    #[error("`horizon_months` is zero")]
    Horizon,
    /// A required element was not given to a builder: a mistake in this package.
    #[error("a required element of the resource was not built")]
    Incomplete(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The finished resource could not be written as JSON: a mistake in this package.
    #[error("the finished resource could not be written as JSON")]
    Json(#[source] serde_json::Error),
}

impl From<fhir_sdk::BuilderError> for AuthoringError {
    fn from(error: fhir_sdk::BuilderError) -> Self {
        Self::Incomplete(Box::new(error))
    }
}
