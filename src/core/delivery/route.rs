//! The ways by which acts leave, whatever carries them.

use crate::orders::ActionKind;

/// A way by which an act leaves. An order takes one way: the next one only after the other side has
/// clearly said that nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Route {
    /// A laboratory order as a FHIR `ServiceRequest`.
    ServiceRequest,
    /// A FHIR `Task` for a resident or a professional.
    Task,
    /// A FHIR `Communication` to a resident, or to a pool of professionals.
    Communication,
    /// The score as a FHIR `Observation`: the record's own rules act on it.
    ScoreObservation,
    /// A laboratory order as an HL7 v2 message.
    Hl7v2,
    /// A row of a signed file, for the record's own bulk ordering.
    List,
    /// A task here: a professional places the order by hand.
    Worklist,
    /// A row of a signed file, for the people who write to residents without a portal, or call them.
    Outreach,
}

impl Route {
    /// Every way with its name in the configuration, the ledger and reports.
    pub const NAMES: [(&'static str, Self); 8] = [
        ("service-request", Self::ServiceRequest),
        ("task", Self::Task),
        ("communication", Self::Communication),
        ("score-observation", Self::ScoreObservation),
        ("hl7v2", Self::Hl7v2),
        ("list", Self::List),
        ("worklist", Self::Worklist),
        ("outreach", Self::Outreach),
    ];

    /// The name in the configuration, the ledger and reports.
    ///
    /// # Panics
    ///
    /// Never: every way is in [`Route::NAMES`].
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(_, route)| *route == self);
        found.expect("every way has a name").0
    }

    /// Reads what [`Route::name`] wrote; `None` for anything else.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, route)| *route)
    }

    /// The ways of which a server's statement says whether they are open, the first being the best.
    #[must_use]
    pub const fn declared_for(kind: ActionKind) -> &'static [Self] {
        match kind {
            ActionKind::Laboratory => &[Self::ServiceRequest, Self::Communication],
            ActionKind::Questionnaire | ActionKind::Professional => {
                &[Self::Task, Self::Communication]
            }
            ActionKind::Message => &[Self::Communication],
        }
    }

    /// The ways that acts of a kind can take.
    #[must_use]
    pub const fn of(kind: ActionKind) -> &'static [Self] {
        match kind {
            ActionKind::Laboratory => &[
                Self::ServiceRequest,
                Self::Communication,
                Self::ScoreObservation,
                Self::Hl7v2,
                Self::List,
                Self::Worklist,
            ],
            ActionKind::Questionnaire => &[Self::Task, Self::Communication, Self::Outreach],
            ActionKind::Professional => &[Self::Task, Self::Communication],
            ActionKind::Message => &[Self::Communication, Self::Outreach],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_is_read_back_from_its_name_and_taken_by_some_kind_of_act() {
        for (name, route) in Route::NAMES {
            assert_eq!(Route::parse(name), Some(route));
            assert_eq!(route.name(), name);
            let is_taken = |(_, kind): &(_, ActionKind)| Route::of(*kind).contains(&route);
            assert!(ActionKind::NAMES.iter().any(is_taken), "{name}");
        }
        assert_eq!(Route::parse("carrier-pigeon"), None);
    }
}
