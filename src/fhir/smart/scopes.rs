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

/// Which of the wanted types a granted scope leaves unreadable.
///
/// A server that grants in other words than it was asked in, or says nothing, is believed to have
/// granted what was asked; a narrower scope that names types is taken by its word.
pub(super) fn not_granted(wanted: &[(String, Right)], granted: &str) -> Vec<String> {
    let mut readable: BTreeMap<&str, bool> = BTreeMap::new();
    for scope in granted.split_whitespace() {
        let Some((kind, rights)) = scope
            .strip_prefix("system/")
            .and_then(|rest| rest.split_once('.'))
        else {
            continue;
        };
        let rights = rights.split('?').next().unwrap_or_default();
        let reads = rights == "*" || rights == "read" || is_version_2(rights);
        *readable.entry(kind).or_default() |= reads;
    }
    if readable.is_empty() {
        return Vec::new();
    }
    let reads = |kind: &str| readable.get(kind).copied().unwrap_or(false);
    let missing = wanted
        .iter()
        .filter(|(kind, _)| !reads("*") && !reads(kind));
    missing.map(|(kind, _)| kind.clone()).collect()
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
        for (granted, missing) in [
            ("system/*.rs", ""),
            ("system/*.read", ""),
            ("system/*.*", ""),
            ("system/Patient.rs system/ServiceRequest.cruds", ""),
            ("system/Patient.rs", "ServiceRequest"),
            ("system/Patient.rs?x=y", "ServiceRequest"),
            ("system/Patient.c", "Patient,ServiceRequest"),
            ("system/*.write", "Patient,ServiceRequest"),
            ("", ""),
            ("openid", ""),
        ] {
            assert_eq!(
                not_granted(&wanted(), granted).join(","),
                missing,
                "{granted}"
            );
        }
    }
}
