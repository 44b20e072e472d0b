//! Scopes: what a token is to allow, in the words of SMART 2 and of SMART 1.

use std::collections::BTreeMap;

/// What is to be done with a resource type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Read and search it.
    Read,
    /// Create, read, update and search it.
    Write,
}

/// Scopes for resource types, separated by blanks; in version 1 where the server knows no other.
pub(super) fn scopes(wanted: &[(String, Right)], is_version_1: bool) -> String {
    let texts = wanted
        .iter()
        .map(|(kind, right)| match (right, is_version_1) {
            (Right::Read, false) => format!("system/{kind}.rs"),
            (Right::Read, true) => format!("system/{kind}.read"),
            (Right::Write, false) => format!("system/{kind}.crus"),
            (Right::Write, true) => format!("system/{kind}.read system/{kind}.write"),
        });
    texts.collect::<Vec<_>>().join(" ")
}

/// What a granted scope leaves out of what was wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotGranted {
    /// Resource types that cannot be read at all.
    pub unreadable: Vec<String>,
    /// Resource types of which only a part can be read: their scope has conditions (`?category=…`).
    pub narrowed: Vec<String>,
}

/// How much of a resource type a scope lets be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Extent {
    Nothing,
    Part,
    Whole,
}

/// Which of the wanted types a granted scope leaves unreadable, or narrows.
///
/// A server that grants in other words than it was asked in, or says nothing, is believed to have
/// granted what was asked; a narrower scope that names types is taken by its word. Conditions
/// that the site itself `asked` for, word for word, are meant to be so.
pub(super) fn not_granted(
    wanted: &[(String, Right)],
    asked: Option<&str>,
    granted: &str,
) -> NotGranted {
    let is_asked =
        |scope: &str| asked.is_some_and(|own| own.split_whitespace().any(|word| word == scope));
    let mut readable: BTreeMap<&str, Extent> = BTreeMap::new();
    for scope in granted.split_whitespace() {
        let Some((kind, rights)) = scope
            .strip_prefix("system/")
            .and_then(|rest| rest.split_once('.'))
        else {
            continue;
        };
        let (rights, has_conditions) = match rights.split_once('?') {
            Some((rights, _)) => (rights, !is_asked(scope)),
            None => (rights, false),
        };
        let reads = rights == "*" || rights == "read" || is_version_2(rights);
        let extent = match (reads, has_conditions) {
            (false, _) => Extent::Nothing,
            (true, true) => Extent::Part,
            (true, false) => Extent::Whole,
        };
        let known = readable.entry(kind).or_insert(Extent::Nothing);
        *known = extent.max(*known);
    }
    if readable.is_empty() {
        return NotGranted::default();
    }
    let of = |kind: &str| readable.get(kind).copied().unwrap_or(Extent::Nothing);
    let mut missing = NotGranted::default();
    for (kind, _) in wanted {
        match of("*").max(of(kind)) {
            Extent::Nothing => missing.unreadable.push(kind.clone()),
            Extent::Part => missing.narrowed.push(kind.clone()),
            Extent::Whole => {}
        }
    }
    missing
}

/// Whether rights in version 2 (`cruds`) hold reading.
fn is_version_2(rights: &str) -> bool {
    rights.contains('r') && rights.chars().all(|right| "cruds".contains(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Vec<(String, Right)> {
        let wanted = [("Patient", Right::Read), ("ServiceRequest", Right::Write)];
        wanted.map(|(kind, right)| (kind.to_owned(), right)).into()
    }

    #[test]
    fn scopes_are_asked_for_in_the_version_the_server_knows() {
        assert_eq!(
            scopes(&wanted(), false),
            "system/Patient.rs system/ServiceRequest.crus"
        );
        assert_eq!(
            scopes(&wanted(), true),
            "system/Patient.read system/ServiceRequest.read system/ServiceRequest.write"
        );
    }

    #[test]
    fn what_was_not_granted_is_noticed() {
        for (granted, unreadable, narrowed) in [
            ("system/*.rs", "", ""),
            ("system/*.read", "", ""),
            ("system/*.*", "", ""),
            ("system/Patient.rs system/ServiceRequest.cruds", "", ""),
            ("system/Patient.rs", "ServiceRequest", ""),
            ("system/Patient.rs?x=y", "ServiceRequest", "Patient"),
            ("system/*.rs?x=y", "", "Patient,ServiceRequest"),
            ("system/*.rs?x=y system/Patient.rs", "", "ServiceRequest"),
            ("system/Patient.c", "Patient,ServiceRequest", ""),
            ("system/*.write", "Patient,ServiceRequest", ""),
            ("", "", ""),
            ("openid", "", ""),
        ] {
            let missing = not_granted(&wanted(), None, granted);
            assert_eq!(missing.unreadable.join(","), unreadable, "{granted}");
            assert_eq!(missing.narrowed.join(","), narrowed, "{granted}");
        }
    }

    #[test]
    fn conditions_that_the_site_asked_for_itself_are_meant_so() {
        let own = "system/*.rs?x=y";
        for (granted, narrowed) in [(own, ""), ("system/*.rs?x=z", "Patient,ServiceRequest")] {
            let missing = not_granted(&wanted(), Some(own), granted);
            assert_eq!(missing.narrowed.join(","), narrowed, "{granted}");
        }
    }
}
