//! States: where residents stand.

/// Where a resident stands after a run. A closed list; each resident is in exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    missing_docs,
    reason = "the names are the documentation: the closed list of every programme"
)]
pub enum State {
    Deceased,
    NotYetBorn,
    Moved,
    OutsideAge,
    OutOfScope,
    OptedOut,
    KnownDisease,
    UnderReview,
    UndeterminedIncomplete,
    Asked,
    UndecidedNotAnswered,
    BelowLevel,
    SampledNegative,
    Ordered,
    Overdue,
    Confirming,
    WithANurse,
    OfferedPrevention,
    Concluded,
}

impl State {
    /// Every state with its name, in the order reports list them.
    pub const NAMES: [(&'static str, Self); 19] = [
        ("deceased", Self::Deceased),
        ("not-yet-born", Self::NotYetBorn),
        ("moved", Self::Moved),
        ("outside-age", Self::OutsideAge),
        ("out-of-scope", Self::OutOfScope),
        ("opted-out", Self::OptedOut),
        ("known-disease", Self::KnownDisease),
        ("under-review", Self::UnderReview),
        ("undetermined-incomplete", Self::UndeterminedIncomplete),
        ("asked", Self::Asked),
        ("undecided-not-answered", Self::UndecidedNotAnswered),
        ("below-level", Self::BelowLevel),
        ("sampled-negative", Self::SampledNegative),
        ("ordered", Self::Ordered),
        ("overdue", Self::Overdue),
        ("confirming", Self::Confirming),
        ("with-a-nurse", Self::WithANurse),
        ("offered-prevention", Self::OfferedPrevention),
        ("concluded", Self::Concluded),
    ];

    /// The name in rule files and the lake; reports may have a word of the programme's for it.
    ///
    /// # Panics
    ///
    /// Never: every state is in [`State::NAMES`].
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(_, state)| *state == self);
        found.expect("every state has a name").0
    }

    /// Whether the programme is about somebody in this state, or they are outside it.
    #[must_use]
    pub const fn is_in_the_programme(self) -> bool {
        match self {
            Self::Deceased
            | Self::NotYetBorn
            | Self::Moved
            | Self::OutsideAge
            | Self::OutOfScope
            | Self::OptedOut
            | Self::KnownDisease => false,
            Self::UnderReview
            | Self::UndeterminedIncomplete
            | Self::Asked
            | Self::UndecidedNotAnswered
            | Self::BelowLevel
            | Self::SampledNegative
            | Self::Ordered
            | Self::Overdue
            | Self::Confirming
            | Self::WithANurse
            | Self::OfferedPrevention
            | Self::Concluded => true,
        }
    }
}
