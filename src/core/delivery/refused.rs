//! Why orders do not leave, and how the ledger says so.

/// Why a row does not leave, or has left in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refused {
    /// The other side said no, with this HTTP status.
    TurnedDown(u16),
    /// The other side said no in other words than an HTTP status.
    NotTaken,
    /// The last day for sending passed.
    TooLate,
    /// It is not wanted any more.
    Withdrawn,
    /// A person decides whether this resident is asked.
    Withheld,
    /// The order cannot be written down for this channel.
    NotExpressible,
    /// It left, and came back: it reached nobody.
    Returned,
}

impl Refused {
    /// The name in the ledger, `turned-down:422`.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::TurnedDown(status) => format!("turned-down:{status}"),
            Self::NotTaken => "not-taken".to_owned(),
            Self::TooLate => "too-late".to_owned(),
            Self::Withdrawn => "withdrawn".to_owned(),
            Self::Withheld => "withheld".to_owned(),
            Self::NotExpressible => "not-expressible".to_owned(),
            Self::Returned => "returned".to_owned(),
        }
    }

    /// Reads what [`Refused::name`] wrote.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "not-taken" => Self::NotTaken,
            "too-late" => Self::TooLate,
            "withdrawn" => Self::Withdrawn,
            "withheld" => Self::Withheld,
            "not-expressible" => Self::NotExpressible,
            "returned" => Self::Returned,
            _ => Self::TurnedDown(name.strip_prefix("turned-down:")?.parse().ok()?),
        })
    }
}
