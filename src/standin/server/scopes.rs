//! What a token allows: SMART system scopes, of both spellings.
//!
//! `system/Observation.rs` (version 2: create, read, update, delete, search) and `system/Observation.read` (version 1).

use super::kinds::Kind;

/// The letters of version 2, in the only order in which they may stand.
const LETTERS: &str = "cruds";

/// One scope.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Scope {
    /// A resource type, or `*`.
    kind: String,
    /// Some of [`LETTERS`].
    letters: String,
}

/// What is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scopes {
    /// Everything, because tokens are not asked for.
    Unchecked,
    /// What these say.
    Of(Granted),
}

/// A list of scopes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Granted(Vec<Scope>);

impl Scope {
    fn read(text: &str) -> Option<Scope> {
        let (kind, permission) = text.strip_prefix("system/")?.split_once('.')?;
        if kind != "*" && !kind.bytes().all(|b| b.is_ascii_alphabetic()) {
            return None;
        }
        let letters = match permission {
            "read" => "rs",
            "write" => "cud",
            "*" => LETTERS,
            letters => letters,
        };
        let in_order = LETTERS.chars().filter(|letter| letters.contains(*letter));
        let valid = !letters.is_empty() && in_order.eq(letters.chars());
        valid.then(|| Scope {
            kind: kind.to_owned(),
            letters: letters.to_owned(),
        })
    }

    /// What both allow.
    fn and(&self, other: &Scope) -> Option<Scope> {
        let kind = match (self.kind.as_str(), other.kind.as_str()) {
            (kind, "*") | ("*", kind) => kind,
            (kind, same) if kind == same => kind,
            _ => return None,
        };
        let both = self
            .letters
            .chars()
            .filter(|letter| other.letters.contains(*letter));
        let letters: String = both.collect();
        (!letters.is_empty()).then(|| Scope {
            kind: kind.to_owned(),
            letters,
        })
    }
}

impl Granted {
    /// Reads scopes; those that are none of ours are left out, as OAuth has it.
    pub(super) fn read(text: &str) -> Granted {
        Granted(text.split_whitespace().filter_map(Scope::read).collect())
    }

    /// What is asked for, as far as this allows it.
    pub(super) fn narrowed(&self, asked: &Granted) -> Granted {
        let mut both = Vec::new();
        for asked in &asked.0 {
            for scope in self.0.iter().filter_map(|scope| asked.and(scope)) {
                if !both.contains(&scope) {
                    both.push(scope);
                }
            }
        }
        Granted(both)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As scopes are written, in version 2.
    pub(super) fn text(&self) -> String {
        let texts = self
            .0
            .iter()
            .map(|scope| format!("system/{}.{}", scope.kind, scope.letters));
        texts.collect::<Vec<_>>().join(" ")
    }
}

impl Scopes {
    /// True when this may be done with this type.
    pub(super) fn allow(&self, kind: Kind, letter: char) -> bool {
        match self {
            Scopes::Unchecked => true,
            Scopes::Of(granted) => granted.0.iter().any(|scope| {
                (scope.kind == "*" || scope.kind == kind.name()) && scope.letters.contains(letter)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_never_wider_than_either_side() {
        for (registered, asked, granted) in [
            ("system/*.cruds", "system/*.rs", "system/*.rs"),
            ("system/*.rs", "system/*.cruds", "system/*.rs"),
            ("system/*.rs", "system/Task.read", "system/Task.rs"),
            (
                "system/Task.rs system/Patient.r",
                "system/*.rs",
                "system/Task.rs system/Patient.r",
            ),
            ("system/Task.rs", "system/Task.write", ""),
            ("system/*.rs", "user/*.rs system/*.sr system/*. openid", ""),
        ] {
            let granting = Granted::read(registered).narrowed(&Granted::read(asked));
            assert_eq!(granting.text(), granted, "{registered} asked for {asked}");
        }
    }

    #[test]
    fn a_scope_is_about_its_type_and_letters() {
        let scopes = Scopes::Of(Granted::read("system/Task.rs system/ServiceRequest.c"));
        assert!(scopes.allow(Kind::Task, 'r') && scopes.allow(Kind::ServiceRequest, 'c'));
        assert!(!scopes.allow(Kind::Task, 'c') && !scopes.allow(Kind::Patient, 'r'));
    }
}
