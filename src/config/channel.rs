//! Who takes which kind of act, and by which way.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use preventiojyraa_core::delivery::{Policy, ReadBack};
use preventiojyraa_core::orders::ActionKind;
use preventiojyraa_core::rulebook::{LaboratoryId, Language, Rulebook};
use serde::Deserialize;

use super::Server;
use crate::fhir::{To, Way, somebody_takes};
use crate::ledger::ChannelTerms;

/// How orders of one kind leave.
#[derive(Debug, Clone)]
pub struct Channel {
    /// The server that takes them.
    pub server: Server,
    /// The ways that may be taken, the first that the server declares being chosen.
    pub ways: Vec<Way>,
    /// Who takes what goes to professionals; the first owns tasks.
    pub to: Vec<To>,
    /// The language in which professionals are written to.
    pub language: Language,
    /// The laboratory that takes the orders, by its name in the rules.
    pub laboratory: Option<String>,
    /// What the ledger needs to know of it.
    pub terms: ChannelTerms,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawChannel {
    way: RawWay,
    server: String,
    /// Whether the server is asked for orders whose arrival is in doubt. Without it orders arrive
    /// at most once, and each doubt is a task for a person.
    #[serde(default = "reads_back")]
    reads_back: bool,
    /// Who takes what goes to professionals: `Type/id` or `system|value`.
    #[serde(default)]
    to: Vec<String>,
    /// The language in which professionals are written to.
    language: Option<String>,
    /// The laboratory that takes the orders, by its name in the rules.
    laboratory: Option<String>,
}

impl Channel {
    /// The laboratory that takes the orders, where it is named and the rules know it.
    #[must_use]
    pub fn laboratory(&self, rulebook: &Rulebook) -> Option<LaboratoryId> {
        let name = self.laboratory.as_deref()?;
        rulebook.catalogue.vocabulary.laboratory(name)
    }
}

fn reads_back() -> bool {
    true
}

/// How acts leave, or that the server's statement says it.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawWay {
    ServiceRequest,
    Communication,
    Task,
    Declared,
}

impl RawWay {
    /// The ways that may be taken; `None` when acts of this kind have no such way.
    fn allowed(self, kind: ActionKind) -> Option<Vec<Way>> {
        let only = match self {
            Self::Declared => return Some(Way::of(kind).to_vec()),
            Self::ServiceRequest => Way::ServiceRequest,
            Self::Communication => Way::Communication,
            Self::Task => Way::Task,
        };
        Way::of(kind).contains(&only).then(|| vec![only])
    }
}

/// A channel by the name of its kind, or all that is wrong with it.
pub(super) fn channel(
    name: &str,
    raw: &RawChannel,
    servers: &BTreeMap<String, Server>,
) -> Result<(ActionKind, Channel), Vec<String>> {
    let known = ActionKind::NAMES.map(|(known, _)| known).join(", ");
    let mut kinds = ActionKind::NAMES.iter();
    let Some((_, kind)) = kinds.find(|(known, _)| *known == name) else {
        return Err(vec![format!("no such kind of act; known: {known}")]);
    };
    let mut wrong = Vec::new();
    let ways = raw.way.allowed(*kind).unwrap_or_else(|| {
        let ways = Way::of(*kind).iter().map(|way| way.resource_type());
        let ways = ways.collect::<Vec<_>>().join(" or ");
        wrong.push(format!("acts of this kind leave as {ways} only"));
        Vec::new()
    });
    let to: Vec<To> = raw.to.iter().filter_map(|text| To::parse(text)).collect();
    if to.len() < raw.to.len() {
        wrong.push("`to` is `Type/id` or `system|value`, each".to_owned());
    }
    match kind {
        ActionKind::Questionnaire | ActionKind::Message if !raw.to.is_empty() => {
            wrong.push("it goes to the resident: there is no `to`".to_owned());
        }
        // What the server declares decides whether anybody has to be named.
        ActionKind::Questionnaire
        | ActionKind::Message
        | ActionKind::Laboratory
        | ActionKind::Professional => {
            if let ([way], true) = (&ways[..], wrong.is_empty())
                && let Err(error) = somebody_takes(*kind, *way, &to)
            {
                wrong.push(error.to_string());
            }
        }
    }
    if raw.laboratory.is_some() && *kind != ActionKind::Laboratory {
        wrong.push("`laboratory` belongs to the channel of laboratory orders".to_owned());
    }
    let language = match raw.language.as_deref() {
        None => Some(Language::Finnish),
        Some(code) => Language::of(code),
    };
    if language.is_none() {
        wrong.push("`language` is none in which there are texts".to_owned());
    }
    let Some(server) = servers.get(&raw.server) else {
        wrong.push(format!("no server is called `{}`", raw.server));
        return Err(wrong);
    };
    let deadline = SignedDuration::try_from_secs_f64(server.request_deadline_seconds);
    let settle = SignedDuration::try_from_secs_f64(server.settle_seconds);
    let (Ok(request_deadline), Ok(settle), Some(language), true) =
        (deadline, settle, language, wrong.is_empty())
    else {
        if wrong.is_empty() {
            wrong.push("its server's times make no sense".to_owned());
        }
        return Err(wrong);
    };
    let read_back = if raw.reads_back {
        ReadBack::Possible
    } else {
        ReadBack::Impossible
    };
    let terms = ChannelTerms {
        name: name.to_owned(),
        server: raw.server.clone(),
        source: server.source.clone(),
        policy: Policy { read_back, settle },
        per_minute: server.requests_per_minute,
        // Longer than two requests, so that whoever starts in time is never overtaken.
        lease: request_deadline * 3,
        request_deadline,
    };
    let channel = Channel {
        server: server.clone(),
        ways,
        to,
        language,
        laboratory: raw.laboratory.clone(),
        terms,
    };
    Ok((*kind, channel))
}
