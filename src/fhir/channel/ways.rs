//! The ways by which acts leave, and which of them a server's statement opens.

use super::super::server::Capabilities;
use super::RemoteStanding;
use crate::delivery::Route;

/// A way for an act: the resource type that carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// A laboratory order.
    ServiceRequest,
    /// Something said to a resident or to professionals; it cannot be taken back.
    Communication,
    /// Something that a resident or a professional is asked to do.
    Task,
    /// The resident's score, for the record's own rules to act on.
    Observation,
}

impl Way {
    /// What it is called where ways without FHIR are among the choices.
    #[must_use]
    pub const fn route(self) -> Route {
        match self {
            Self::ServiceRequest => Route::ServiceRequest,
            Self::Communication => Route::Communication,
            Self::Task => Route::Task,
            Self::Observation => Route::ScoreObservation,
        }
    }

    /// The resource that carries a way; `None` for a way without FHIR.
    #[must_use]
    pub const fn of(route: Route) -> Option<Self> {
        match route {
            Route::ServiceRequest => Some(Self::ServiceRequest),
            Route::Communication => Some(Self::Communication),
            Route::Task => Some(Self::Task),
            Route::ScoreObservation => Some(Self::Observation),
            Route::Hl7v2 | Route::List | Route::Worklist | Route::Outreach => None,
        }
    }

    /// The resource type, as FHIR spells it.
    #[must_use]
    pub const fn resource_type(self) -> &'static str {
        match self {
            Self::ServiceRequest => "ServiceRequest",
            Self::Communication => "Communication",
            Self::Task => "Task",
            Self::Observation => "Observation",
        }
    }

    /// Whether what was sent is taken back by changing it; else by saying so once more.
    #[must_use]
    pub const fn is_revoked(self) -> bool {
        match self {
            Self::ServiceRequest | Self::Observation => true,
            Self::Communication | Self::Task => false,
        }
    }

    /// The status of what was taken back.
    pub(super) const fn taken_back(self) -> &'static str {
        match self {
            // The record's rules act on scores that stand; FHIR has no weaker word for one that does not.
            Self::Observation => "entered-in-error",
            Self::ServiceRequest | Self::Communication | Self::Task => "revoked",
        }
    }

    /// Parameters by which the standard lets a server find what is about somebody.
    const fn by_resident(self) -> &'static [&'static str] {
        match self {
            Self::ServiceRequest | Self::Communication | Self::Observation => {
                &["patient", "subject"]
            }
            Self::Task => &["patient"],
        }
    }

    /// What became of a resource with this status.
    ///
    /// FHIR R4, `EventStatus`: `not-done` is an event that "was terminated prior to any activity", and
    /// `entered-in-error` one that "should never have existed"; `TaskStatus`: `rejected` is a performer who
    /// "has no ability to perform", `failed` a task that "was attempted but could not be completed". None
    /// of them is a resident's word. Reasons (`statusReason`) are not looked at: no server of ours says
    /// which codes it uses. A `ServiceRequest` has no status for what did not arrive.
    pub(super) fn standing(self, status: &str) -> RemoteStanding {
        let is_returned = match self {
            Self::Communication => matches!(status, "not-done" | "entered-in-error"),
            Self::Task => matches!(status, "rejected" | "failed"),
            Self::ServiceRequest | Self::Observation => false,
        };
        match (self.stands(status), is_returned) {
            (true, _) => RemoteStanding::Stands,
            (false, true) => RemoteStanding::Returned,
            (false, false) => RemoteStanding::Over,
        }
    }

    /// Whether a resource with this status still stands: somebody acts on it, or has read it.
    fn stands(self, status: &str) -> bool {
        match self {
            Self::ServiceRequest => {
                matches!(status, "active" | "on-hold" | "draft" | "unknown")
            }
            Self::Communication => matches!(
                status,
                "preparation" | "in-progress" | "on-hold" | "completed" | "unknown"
            ),
            Self::Observation => matches!(
                status,
                "registered" | "preliminary" | "final" | "amended" | "corrected" | "unknown"
            ),
            Self::Task => matches!(
                status,
                "draft"
                    | "requested"
                    | "received"
                    | "accepted"
                    | "ready"
                    | "in-progress"
                    | "on-hold"
            ),
        }
    }
}

/// By what a server finds what is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SearchBy {
    Identifier,
    /// By this parameter, `patient` or `subject`; our identifier is compared here.
    Resident(&'static str),
    /// It is never asked.
    Never,
}

/// Whether what is there can be changed.
pub(super) fn is_changeable(declared: &Capabilities, way: Way) -> bool {
    let resource = declared.resources.get(way.resource_type());
    resource.is_some_and(|r| r.interactions.iter().any(|known| known == "update"))
}

/// Ways, each with what the server does not declare for it.
pub type Lacking = Vec<(Way, Vec<String>)>;

/// Those of some ways that are open, in their order, and what each of the others lacks.
pub(super) fn choose(
    declared: &Capabilities,
    ways: &[Way],
    reads_back: bool,
) -> (Vec<(Way, SearchBy)>, Lacking) {
    let mut open = Vec::new();
    let mut lacking = Vec::new();
    for way in ways {
        match needs(declared, *way, reads_back) {
            Ok(search_by) => open.push((*way, search_by)),
            Err(lacks) => lacking.push((*way, lacks)),
        }
    }
    (open, lacking)
}

/// What the server must declare, or all that it lacks.
fn needs(declared: &Capabilities, way: Way, reads_back: bool) -> Result<SearchBy, Vec<String>> {
    let name = way.resource_type();
    let resource = declared.resources.get(name);
    let can = |interaction: &str| {
        resource.is_some_and(|r| r.interactions.iter().any(|known| known == interaction))
    };
    let finds = |parameter: &str| {
        resource.is_some_and(|r| r.searches.iter().any(|known| known == parameter))
    };
    let mut lacks = Vec::new();
    if !can("create") {
        lacks.push(format!("create of {name}"));
    }
    if !reads_back {
        return if lacks.is_empty() {
            Ok(SearchBy::Never)
        } else {
            Err(lacks)
        };
    }
    // An order that cannot be taken back is not placed; a score orders nothing by itself.
    if way == Way::ServiceRequest && !can("update") {
        lacks.push(format!("update of {name}"));
    }
    if !can("search-type") {
        lacks.push(format!("search of {name}"));
        return Err(lacks);
    }
    let search_by = if finds("identifier") {
        Some(SearchBy::Identifier)
    } else {
        let mut parameters = way.by_resident().iter();
        let parameter = parameters.find(|name| finds(name));
        parameter.map(|name| SearchBy::Resident(name))
    };
    match search_by {
        Some(search_by) if lacks.is_empty() => Ok(search_by),
        Some(_) => Err(lacks),
        None => {
            lacks.push(format!("search of {name} by identifier or patient"));
            Err(lacks)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::fhir::ResourceCapabilities;
    use crate::orders::ActionKind;

    fn server(resources: &[(&str, &str, &str)]) -> Capabilities {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        let each = resources.iter().map(|(name, interactions, searches)| {
            let declared = ResourceCapabilities {
                interactions: words(interactions),
                searches: words(searches),
                operations: Vec::new(),
            };
            ((*name).to_owned(), declared)
        });
        Capabilities {
            software: "test".to_owned(),
            fhir_version: "4.0.1".to_owned(),
            resources: each.collect::<BTreeMap<_, _>>(),
            operations: Vec::new(),
        }
    }

    fn told(declared: &Capabilities, kind: ActionKind, reads_back: bool) -> String {
        let ways = Route::declared_for(kind).iter().copied();
        let ways: Vec<Way> = ways.filter_map(Way::of).collect();
        match choose(declared, &ways, reads_back) {
            (open, _) if !open.is_empty() => {
                format!("{} {:?}", open[0].0.resource_type(), open[0].1)
            }
            (_, lacking) => {
                let lacks = lacking.into_iter().flat_map(|(_, lacks)| lacks);
                format!("lacks {}", lacks.collect::<Vec<_>>().join(", "))
            }
        }
    }

    #[test]
    fn the_first_way_that_is_open_is_taken_and_every_lack_is_named() {
        use ActionKind::{Laboratory, Message, Professional, Questionnaire};
        let everything = "create read update search-type";
        let open = server(&[
            ("ServiceRequest", everything, "identifier patient"),
            ("Communication", everything, "identifier patient"),
            ("Task", everything, "identifier patient"),
        ]);
        let apotti = server(&[
            ("ServiceRequest", "read search-type", "patient"),
            ("Communication", "create read search-type", "patient"),
            ("Task", "read search-type update", "patient"),
        ]);
        let blind = server(&[
            ("ServiceRequest", "create update", ""),
            ("Communication", "create search-type", "sent"),
        ]);
        for (declared, kind, reads_back, expected) in [
            (&open, Laboratory, true, "ServiceRequest Identifier"),
            (&open, Questionnaire, true, "Task Identifier"),
            (&open, Professional, true, "Task Identifier"),
            (&open, Message, true, "Communication Identifier"),
            (&open, Message, false, "Communication Never"),
            (
                &apotti,
                Laboratory,
                true,
                "Communication Resident(\"patient\")",
            ),
            (
                &apotti,
                Questionnaire,
                true,
                "Communication Resident(\"patient\")",
            ),
            (
                &apotti,
                Message,
                true,
                "Communication Resident(\"patient\")",
            ),
            (&blind, Laboratory, false, "ServiceRequest Never"),
            (
                &blind,
                Laboratory,
                true,
                "lacks search of ServiceRequest, search of Communication by identifier or patient",
            ),
            (&blind, Questionnaire, false, "Communication Never"),
            (
                &server(&[]),
                Professional,
                true,
                "lacks create of Task, search of Task, create of Communication, search of Communication",
            ),
        ] {
            assert_eq!(
                told(declared, kind, reads_back),
                expected,
                "{kind:?} {reads_back}"
            );
        }
    }
}
