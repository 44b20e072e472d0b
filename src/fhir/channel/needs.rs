//! What a server must declare before an order leaves for it.

use super::super::server::Capabilities;

/// By what a server finds our orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SearchBy {
    Identifier,
    /// By this parameter, `patient` or `subject`; our identifier is compared here.
    Resident(&'static str),
}

/// What the server must declare, or all that it lacks.
pub(super) fn needs(declared: &Capabilities, reads_back: bool) -> Result<SearchBy, Vec<String>> {
    let resource = declared.resources.get("ServiceRequest");
    let can = |interaction: &str| {
        resource.is_some_and(|r| r.interactions.iter().any(|known| known == interaction))
    };
    let finds = |parameter: &str| {
        resource.is_some_and(|r| r.searches.iter().any(|known| known == parameter))
    };
    let mut lacks = Vec::new();
    if !can("create") {
        lacks.push("create of ServiceRequest".to_owned());
    }
    if !reads_back {
        // Never asked, so it does not matter by what.
        return if lacks.is_empty() {
            Ok(SearchBy::Identifier)
        } else {
            Err(lacks)
        };
    }
    // An order that cannot be taken back is not placed.
    if !can("update") {
        lacks.push("update of ServiceRequest".to_owned());
    }
    if !can("search-type") {
        lacks.push("search of ServiceRequest".to_owned());
    }
    let search_by = if finds("identifier") {
        Some(SearchBy::Identifier)
    } else {
        let parameter = ["patient", "subject"].into_iter().find(|name| finds(name));
        parameter.map(SearchBy::Resident)
    };
    match search_by {
        Some(search_by) if lacks.is_empty() => Ok(search_by),
        Some(_) => Err(lacks),
        None => {
            if can("search-type") {
                lacks.push("search of ServiceRequest by identifier or patient".to_owned());
            }
            Err(lacks)
        }
    }
}
