//! Who takes which kind of act, and by which way.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use preventiojyraa_core::delivery::{Policy, ReadBack, Route};
use preventiojyraa_core::orders::ActionKind;
use preventiojyraa_core::rulebook::{LaboratoryId, Language, Rulebook};
use serde::Deserialize;

use super::{Hl7Receiver, ListFolder, Server};
use crate::fhir::{To, Way, somebody_takes};
use crate::ledger::{ChannelTerms, Reviewing};

/// How orders of one kind leave.
#[derive(Debug, Clone)]
pub struct Channel {
    /// The server that takes what leaves by FHIR.
    pub server: Option<Server>,
    /// The ways that may be taken, in their order: the next one where the one before is not open.
    pub routes: Vec<Route>,
    /// Whether the first that the server declares is the only one to be taken.
    pub is_first_only: bool,
    /// Where signed files go.
    pub list: Option<ListFolder>,
    /// Where signed files go for the people who reach residents without a portal.
    pub outreach: Option<ListFolder>,
    /// Where HL7 v2 messages go.
    pub hl7v2: Option<Hl7Receiver>,
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
    way: RawWays,
    server: Option<String>,
    /// The source of pulls whose `Patient.id`s the other side understands, where no server says it.
    source: Option<String>,
    /// Whether orders leave by themselves, or each one once a person has approved it.
    #[serde(default)]
    mode: Mode,
    /// Where signed files go.
    list: Option<ListFolder>,
    /// Where signed files go for the people who reach residents without a portal.
    outreach: Option<ListFolder>,
    /// Where HL7 v2 messages go.
    hl7v2: Option<Hl7Receiver>,
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

impl RawChannel {
    /// What leaves only once a person has approved it, where tests of whoever was drawn have a mode too.
    pub(super) fn reviewing(&self, drawn: Mode) -> Reviewing {
        match (self.mode, drawn) {
            (Mode::Reviewed, _) => Reviewing::Everything,
            (Mode::Automatic, Mode::Reviewed) => Reviewing::Drawn,
            (Mode::Automatic, Mode::Automatic) => Reviewing::Nothing,
        }
    }
}

fn reads_back() -> bool {
    true
}

/// One way, or several in the order in which they are taken.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawWays {
    One(String),
    Several(Vec<String>),
}

/// Whether orders leave by themselves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Mode {
    /// Each leaves when it is due.
    #[default]
    Automatic,
    /// Each leaves once a person has approved it.
    Reviewed,
}

/// That the server's statement says which way.
const DECLARED: &str = "declared";

/// The ways that may be taken, and whether the first that is open is the only one.
fn routes(kind: ActionKind, raw: &RawWays, wrong: &mut Vec<String>) -> (Vec<Route>, bool) {
    let names = match raw {
        RawWays::One(name) if name == DECLARED => {
            return (Route::declared_for(kind).to_vec(), true);
        }
        RawWays::One(name) => std::slice::from_ref(name),
        RawWays::Several(names) => &names[..],
    };
    let mut routes = Vec::new();
    for name in names {
        match Route::parse(name) {
            Some(route) if routes.contains(&route) => {
                wrong.push(format!("`way` names `{name}` twice"));
            }
            Some(route) if Route::of(kind).contains(&route) => routes.push(route),
            Some(_) => {
                let known = Route::of(kind).iter().map(|route| route.name());
                let known = known.collect::<Vec<_>>().join(", ");
                wrong.push(format!(
                    "acts of this kind do not leave by `{name}`, but by {known} or `declared`"
                ));
            }
            None => {
                let known = Route::NAMES.map(|(known, _)| known).join(", ");
                wrong.push(format!(
                    "there is no way `{name}`; known: {known}; or `declared` alone"
                ));
            }
        }
    }
    if names.is_empty() {
        wrong.push("`way` names no way".to_owned());
    }
    (routes, false)
}

/// What leaves by FHIR needs a server, what leaves otherwise a place of its own; nothing is named in vain.
fn destinations(raw: &RawChannel, routes: &[Route], is_trial: bool, wrong: &mut Vec<String>) {
    let needs_server = routes.iter().any(|route| Way::of(*route).is_some());
    if needs_server && raw.server.is_none() {
        wrong.push("`server` is missing".to_owned());
    }
    if raw.server.is_none() && raw.source.is_none() {
        wrong.push(
            "`source` is missing: whose names for residents does the other side know?".to_owned(),
        );
    }
    if raw.server.is_some() && raw.source.is_some() {
        wrong.push("`source` is the server's: it is not named beside `server`".to_owned());
    }
    let places = [
        (Route::List, raw.list.is_some(), "list"),
        (Route::Hl7v2, raw.hl7v2.is_some(), "hl7v2"),
        (Route::Outreach, raw.outreach.is_some(), "outreach"),
    ];
    for (route, is_named, table) in places {
        match (routes.contains(&route), is_named) {
            (true, false) => wrong.push(format!(
                "`way` names `{table}`, and `[channel.….{table}]` is missing"
            )),
            (false, true) => wrong.push(format!(
                "`[channel.….{table}]` is there, and `way` does not name `{table}`"
            )),
            (true, true) | (false, false) => {}
        }
    }
    if let Some(list) = &raw.list {
        list.mistakes("list", wrong);
    }
    if let Some(outreach) = &raw.outreach {
        outreach.mistakes("outreach", wrong);
    }
    if let Some(hl7v2) = &raw.hl7v2 {
        hl7v2.mistakes(is_trial, wrong);
    }
}

/// Ways about which something else holds than about the server.
fn read_backs(raw: &RawChannel, routes: &[Route]) -> BTreeMap<Route, ReadBack> {
    let of = |route: &Route| {
        let can = match route {
            Route::ServiceRequest
            | Route::Task
            | Route::Communication
            | Route::ScoreObservation => raw.reads_back,
            // The program keeps what it has put there.
            Route::List | Route::Worklist | Route::Outreach => true,
            Route::Hl7v2 => raw
                .hl7v2
                .as_ref()
                .is_some_and(|to| to.folder.is_some() || to.repeats_are_safe),
        };
        let read_back = if can {
            ReadBack::Possible
        } else {
            ReadBack::Impossible
        };
        (*route, read_back)
    };
    routes.iter().map(of).collect()
}

/// A channel by the name of its kind, or all that is wrong with it.
pub(super) fn channel(
    name: &str,
    raw: &RawChannel,
    servers: &BTreeMap<String, Server>,
    (is_trial, drawn): (bool, Mode),
) -> Result<(ActionKind, Channel), Vec<String>> {
    let known = ActionKind::NAMES.map(|(known, _)| known).join(", ");
    let mut kinds = ActionKind::NAMES.iter();
    let Some((_, kind)) = kinds.find(|(known, _)| *known == name) else {
        return Err(vec![format!("no such kind of act; known: {known}")]);
    };
    let mut wrong = Vec::new();
    let (routes, is_first_only) = routes(*kind, &raw.way, &mut wrong);
    destinations(raw, &routes, is_trial, &mut wrong);
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
            let ways = routes.iter().filter(|_| !is_first_only);
            for way in ways.filter_map(|route| Way::of(*route)) {
                if let (Err(error), true) =
                    (somebody_takes(*kind, way, &to), to.len() == raw.to.len())
                {
                    wrong.push(error.to_string());
                }
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
    let server = raw.server.as_ref().map(|name| (name, servers.get(name)));
    if let Some((name, None)) = server {
        wrong.push(format!("no server is called `{name}`"));
    }
    let server = server.and_then(|(name, server)| Some((name, server?)));
    // What leaves without a server takes no longer than a file, or a connection on this machine.
    let (deadline, settle) = server.map_or((20.0, 60.0), |(_, server)| {
        (server.request_deadline_seconds, server.settle_seconds)
    });
    let deadline = SignedDuration::try_from_secs_f64(deadline);
    let settle = SignedDuration::try_from_secs_f64(settle);
    let (Ok(request_deadline), Ok(settle), Some(language), true) =
        (deadline, settle, language, wrong.is_empty())
    else {
        if wrong.is_empty() {
            wrong.push("its server's times make no sense".to_owned());
        }
        return Err(wrong);
    };
    let read_backs = read_backs(raw, &routes);
    let can_all: BTreeSet<ReadBack> = read_backs.values().copied().collect();
    let read_back = if can_all.contains(&ReadBack::Impossible) {
        ReadBack::Impossible
    } else {
        ReadBack::Possible
    };
    let source = server.map(|(_, server)| server.source.clone());
    let terms = ChannelTerms {
        name: name.to_owned(),
        server: server.map_or_else(
            || format!("without a server: {name}"),
            |(name, _)| name.clone(),
        ),
        source: source.or_else(|| raw.source.clone()).unwrap_or_default(),
        policy: Policy { read_back, settle },
        read_backs,
        reviewing: raw.reviewing(drawn),
        per_minute: server.map_or(PER_MINUTE, |(_, server)| server.requests_per_minute),
        // Longer than two requests, so that whoever starts in time is never overtaken.
        lease: request_deadline * 3,
        request_deadline,
    };
    let channel = Channel {
        server: server.map(|(_, server)| server.clone()),
        routes,
        is_first_only,
        list: raw.list.clone(),
        outreach: raw.outreach.clone(),
        hl7v2: raw.hl7v2.clone(),
        to,
        language,
        laboratory: raw.laboratory.clone(),
        terms,
    };
    Ok((*kind, channel))
}

/// Orders a minute where no server says how fast it may be asked.
const PER_MINUTE: u32 = 60_000;
