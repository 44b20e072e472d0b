//! Sources: where data come from, and what each is to the programme.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Server;
use crate::fhir::MORE_TYPES;
use crate::rulebook::Rulebook;

/// What the source of statements is called that people put on record here; no other can be called so.
pub const BY_HAND: &str = "by-hand";

/// Whom a source knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum People {
    /// It is the register: everybody in it is a resident of the programme.
    #[default]
    Register,
    /// People of the register, found by their national identifier; nobody else is added.
    Linked,
}

/// Whose word a source passes on. Of a measurement that two sources tell, the one of the record stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// A record's: each statement stands as it says of itself.
    #[default]
    Record,
    /// The residents' own, whatever codes and units it has: a service in which people write down
    /// what they have measured themselves.
    Resident,
}

/// What a source is to the programme. By default it is the register, and a record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceTerms {
    /// Whom it knows.
    pub people: People,
    /// Whose word it passes on.
    pub trust: Trust,
    /// Which source is believed where several tell the same measurement: the smallest number; none
    /// comes last.
    pub precedence: Option<u32>,
}

/// Where data come from, by the name that every resident's opaque id is made with.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Whom it knows.
    pub people: People,
    /// Whose word it passes on.
    pub trust: Trust,
    /// Which source is believed where several tell the same measurement and stand behind it alike: 1
    /// before 2. Each of several sources has its own.
    pub precedence: Option<u32>,
    /// The server that exports it, by its name here; none for one that comes in folders.
    pub server: Option<String>,
    /// The group that is exported.
    pub group: Option<String>,
    /// Resource types to ask for beside those that decisions rest on: `Task`, where the lifestyle service
    /// tells in tasks who takes part.
    #[serde(default)]
    pub more_types: Vec<String>,
    /// The laboratory whose results these are, unless they name another, by its name in the rules:
    /// some codes mean another test in each.
    pub laboratory: Option<String>,
    /// Seconds that a pull of it may take over the network, until it has failed and the next source's
    /// turn comes. What is under way is kept, and the next pull goes on with it.
    #[serde(default = "default_give_up")]
    pub give_up_seconds: u32,
}

fn default_give_up() -> u32 {
    3_600
}

impl Source {
    /// What it is to the programme.
    #[must_use]
    pub const fn terms(&self) -> SourceTerms {
        SourceTerms {
            people: self.people,
            trust: self.trust,
            precedence: self.precedence,
        }
    }

    /// Its laboratory when the rules do not know it, and those that they know.
    #[must_use]
    pub fn unknown_laboratory(&self, rulebook: &Rulebook) -> Option<(&str, String)> {
        let laboratory = self.laboratory.as_deref()?;
        let known = rulebook.catalogue.vocabulary.laboratories.iter();
        let known: Vec<&str> = known.map(|one| &*one.id).collect();
        (!known.contains(&laboratory)).then(|| (laboratory, known.join(", ")))
    }
}

/// What does not hold together among sources, and between them and servers.
pub(super) fn mistakes(
    sources: &BTreeMap<String, Source>,
    servers: &BTreeMap<String, Server>,
    mistakes: &mut Vec<String>,
) {
    let registers = sources.values().filter(|source| match source.people {
        People::Register => true,
        People::Linked => false,
    });
    let n_registers = registers.count();
    if !sources.is_empty() && n_registers != 1 {
        mistakes.push(format!(
            "{n_registers} sources are the register (`people = \"register\"`); exactly one says who there is"
        ));
    }
    if !sources.is_empty() {
        for (name, server) in servers {
            if !sources.contains_key(&server.source) {
                mistakes.push(format!(
                    "server `{name}` understands the names of source `{0}`, and `[source.{0}]` is not here",
                    server.source
                ));
            }
        }
    }
    let mut taken: BTreeMap<u32, &str> = BTreeMap::new();
    for (name, source) in sources {
        let mut wrong = |what: String| mistakes.push(format!("source `{name}`: {what}"));
        if name == BY_HAND {
            wrong(
                "what people put on record comes from there, so no source can be called so"
                    .to_owned(),
            );
        }
        if (source.people, source.trust) == (People::Register, Trust::Resident) {
            wrong("the register cannot be the residents' own word".to_owned());
        }
        match source.precedence {
            None if 1 < sources.len() => {
                wrong("one of several, says no `precedence`: 1 is believed before 2".to_owned());
            }
            Some(precedence) => {
                if let Some(other) = taken.insert(precedence, name) {
                    wrong(format!(
                        "has the `precedence` of source `{other}`: {precedence}"
                    ));
                }
            }
            None => {}
        }
        if source.give_up_seconds == 0 {
            wrong("`give_up_seconds = 0`: no time to pull anything".to_owned());
        }
        for kind in &source.more_types {
            if !MORE_TYPES.contains(&kind.as_str()) {
                let known = MORE_TYPES.join(", ");
                wrong(format!("`more_types` can name: {known}; not `{kind}`"));
            }
        }
        if source.server.is_some() != source.group.is_some() {
            wrong("`server` and `group` go together: what is exported, and from where".to_owned());
        }
        let Some(called) = &source.server else {
            continue;
        };
        match servers.get(called) {
            None => wrong(format!("no `[server.{called}]` here")),
            Some(server) if server.source != *name => wrong(format!(
                "server `{called}` understands the names of source `{}`",
                server.source
            )),
            Some(_) => {}
        }
    }
}
