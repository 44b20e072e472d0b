//! Search: conditions, candidates from the register and the store, pages.
//!
//! The register's resources come first, resident by resident, then what was written, in the order in which it was. A page
//! names where the next one starts, so nothing is remembered between pages and what is written meanwhile comes last.

use std::io;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::lines;
use super::World;
use super::answers::{Answer, bad_request, outcome, precondition_failed};
use super::calls::{Call, encoded, pairs};
use super::interactions::failed;
use super::kinds::Kind;
use super::parameters::{self, Parameter};
use super::profiles::Declared;
use super::store::{Place, Store, id_of, parsed, patient_in};

/// Residents looked at for one page; where few match, a page may be short or empty and still have a next one.
const LOOKED_AT: u32 = 2_000;
/// Entries of a page when the client does not say, and at most.
const PAGE: (usize, usize) = (50, 1_000);

/// A parameter and the values wanted of it.
pub(super) struct Condition {
    parameter: &'static Parameter,
    wanted: String,
}

/// A search as understood.
#[derive(Default)]
pub(super) struct Wish {
    pub(super) conditions: Vec<Condition>,
    count: usize,
    page: Position,
    /// Parameters that were not understood and not looked at.
    pub(super) ignored: Vec<String>,
}

/// Where a page starts.
#[derive(Clone, Copy, Debug, Default)]
struct Position {
    /// Which of the residents searched, and how many of their lines have been given.
    resident: u32,
    line: usize,
    place: Place,
}

impl Position {
    fn text(self) -> String {
        format!("{}.{}.{}", self.resident, self.line, self.place)
    }

    fn read(text: &str) -> Option<Position> {
        let mut parts = text.split('.');
        let position = Position {
            resident: parts.next()?.parse().ok()?,
            line: parts.next()?.parse().ok()?,
            place: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(position)
    }
}

/// Reads a query. Parameters that are not `known` are set aside, as FHIR has it.
fn understood(known: impl Fn(&str) -> bool, pairs: &[(String, String)]) -> Result<Wish, Answer> {
    let mut wish = Wish {
        count: PAGE.0,
        ..Wish::default()
    };
    for (name, value) in pairs {
        match (name.as_str(), parameters::named(name)) {
            ("_count", _) => {
                let count = value
                    .parse()
                    .map_err(|_| bad_request("`_count` is no number"))?;
                wish.count = PAGE.1.min(count);
            }
            ("_page", _) => {
                let position = Position::read(value);
                wish.page = position.ok_or_else(|| bad_request("`_page` is not of this server"))?;
            }
            ("_format", _) => {}
            (_, Some(parameter)) if known(name) => wish.conditions.push(Condition {
                parameter,
                wanted: value.clone(),
            }),
            _ => wish.ignored.push(name.clone()),
        }
    }
    Ok(wish)
}

impl Wish {
    /// The values of the first condition on one of these parameters.
    fn values(&self, names: &[&str]) -> Option<Vec<&str>> {
        let mut conditions = self.conditions.iter();
        let found = conditions.find(|condition| names.contains(&condition.parameter.name))?;
        Some(found.wanted.split(',').collect())
    }

    /// The Patient ids asked for.
    fn patients(&self) -> Option<Vec<&str>> {
        let values = self.values(&["patient", "subject"])?;
        Some(
            values
                .into_iter()
                .map(|value| patient_in(value).unwrap_or(value))
                .collect(),
        )
    }

    /// True when the search is about named people or named resources.
    pub(super) fn names_somebody(&self) -> bool {
        self.values(&["patient", "subject", "_id", "identifier", "family"])
            .is_some()
    }

    /// True when the resource meets every condition.
    pub(super) fn matches(&self, resource: &Value) -> bool {
        let mut conditions = self.conditions.iter();
        conditions.all(|condition| condition.parameter.matches(resource, &condition.wanted))
    }

    /// Places in the store that may match, in order, from one on.
    pub(super) fn candidates<'a>(
        &'a self,
        store: &'a Store,
        kind: Kind,
        first: Place,
    ) -> Box<dyn Iterator<Item = Place> + 'a> {
        let sorted = |mut places: Vec<Place>| {
            places.sort_unstable();
            places.dedup();
            Box::new(places.into_iter().filter(move |place| first <= *place))
        };
        if let Some(ids) = self.values(&["_id"]) {
            let places = ids.into_iter().filter_map(|id| store.find(kind, id));
            return sorted(places.map(|(place, _)| place).collect());
        }
        let index = |values: Vec<&'a str>,
                     of: fn(&'a Store, Kind, &'a str, Place) -> Vec<Place>| {
            sorted(
                values
                    .into_iter()
                    .flat_map(|value| of(store, kind, value, first))
                    .collect(),
            )
        };
        // One value walks the index as far as the page goes; several are joined first.
        match (self.values(&["identifier"]), self.patients()) {
            (Some(tokens), _) if tokens.len() == 1 => store.identified(kind, tokens[0], first),
            (Some(tokens), _) => index(tokens, |s, k, v, f| s.identified(k, v, f).collect()),
            (None, Some(patients)) if patients.len() == 1 => {
                Box::new(store.about(kind, patients[0], first))
            }
            (None, Some(patients)) => index(patients, |s, k, v, f| s.about(k, v, f).collect()),
            (None, None) => Box::new(store.all(kind, first)),
        }
    }
}

/// One page of matches as JSON texts, and where the next one starts.
fn page(world: &World, kind: Kind, wish: &Wish) -> io::Result<(Vec<Vec<u8>>, Option<Position>)> {
    let mut found = Vec::new();
    let mut at = wish.page;
    if !from_register(world, kind, wish, &mut at, &mut found) {
        return Ok((found, Some(at)));
    }
    let store = world.store();
    for place in wish.candidates(&store, kind, at.place) {
        let Some(stored) = store.at(place) else { break };
        let body = store.body(stored)?;
        if wish.matches(&parsed(&body)) {
            if found.len() == wish.count {
                at.place = place;
                return Ok((found, Some(at)));
            }
            found.push(body);
        }
    }
    Ok((found, None))
}

/// Adds matches of the register; false when the page is full before the register is through.
fn from_register(
    world: &World,
    kind: Kind,
    wish: &Wish,
    at: &mut Position,
    found: &mut Vec<Vec<u8>>,
) -> bool {
    let Some(in_register) = kind.in_register() else {
        return true;
    };
    let people = &world.people;
    let named = match (kind, wish.values(&["_id"]), wish.patients()) {
        (Kind::Patient, Some(ids), _) => Some(ids),
        (_, Some(ids), _) => return whole_ids(world, in_register, wish, &ids, found),
        (_, None, patients) => patients,
    };
    let numbers: Option<Vec<u32>> = named.map(|named| {
        let numbers = named.into_iter().filter_map(|id| people.number_of(id));
        numbers.collect()
    });
    let length = numbers.as_ref().map_or(people.count(), |list| {
        u32::try_from(list.len()).expect("a query holds few ids")
    });
    let last = at.resident.saturating_add(LOOKED_AT);
    while at.resident < length {
        if at.resident == last {
            return false;
        }
        let number = numbers
            .as_ref()
            .map_or(at.resident, |list| list[at.resident as usize]);
        let lines = people.lines(number, in_register);
        for (n, line) in lines.into_iter().enumerate().skip(at.line) {
            if !wish.conditions.is_empty() && !wish.matches(&parsed(&line)) {
                continue;
            }
            if found.len() == wish.count {
                at.line = n;
                return false;
            }
            found.push(line);
        }
        *at = Position {
            resident: at.resident + 1,
            line: 0,
            place: 0,
        };
    }
    true
}

/// The register's resources with these ids; they are few and fit on one page.
fn whole_ids(
    world: &World,
    kind: lines::Kind,
    wish: &Wish,
    ids: &[&str],
    found: &mut Vec<Vec<u8>>,
) -> bool {
    if wish.page.place == 0 {
        let lines = ids.iter().filter_map(|id| world.people.line(kind, id));
        found.extend(
            lines
                .filter(|line| wish.matches(&parsed(line)))
                .take(wish.count),
        );
    }
    true
}

/// Answers a search.
pub(super) fn answer(
    world: &World,
    call: &Call,
    declared: &Declared,
    pairs: &[(String, String)],
) -> Result<Answer, Answer> {
    let known = |name: &str| world.options.searches_by(declared, name);
    let wish = understood(known, pairs)?;
    if !wish.ignored.is_empty() && call.prefers("handling=strict") {
        let said = format!("not supported: {}", wish.ignored.join(", "));
        return Err(bad_request(&said));
    }
    if world.options.profile.searches_name_a_person() && !wish.names_somebody() {
        return Err(bad_request(
            "a search needs one of patient, subject, _id, identifier",
        ));
    }
    let (found, next) = page(world, declared.kind, &wish).map_err(failed)?;
    let bundle = bundle(call, declared.kind, &wish, pairs, (found, next));
    Ok(Answer::resource(StatusCode::OK, bundle))
}

fn bundle(
    call: &Call,
    kind: Kind,
    wish: &Wish,
    pairs: &[(String, String)],
    (found, next): (Vec<Vec<u8>>, Option<Position>),
) -> Vec<u8> {
    let base = call.base();
    let link = |relation: &str, page: Option<Position>| {
        let kept = pairs
            .iter()
            .filter(|(name, _)| name != "_page" && !wish.ignored.contains(name));
        let mut query: Vec<String> = kept
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
            .collect();
        query.extend(page.map(|page| format!("_page={}", page.text())));
        let mark = if query.is_empty() { "" } else { "?" };
        json!({ "relation": relation, "url": format!("{base}/{}{mark}{}", kind.name(), query.join("&")) })
    };
    let first = wish.page.text() == Position::default().text();
    let mut links = vec![link("self", (!first).then_some(wish.page))];
    links.extend(next.map(|next| link("next", Some(next))));
    let mut out = format!(
        "{{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"link\":{}",
        json!(links)
    );
    // How many there are in all is known only when they all stand here.
    if first && next.is_none() {
        out.push_str(&format!(",\"total\":{}", found.len()));
    }
    out.push_str(",\"entry\":[");
    let mut out = out.into_bytes();
    for (n, resource) in found.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        let id = parsed(resource)["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let url = json!(format!("{base}/{}/{id}", kind.name()));
        out.extend_from_slice(format!("{{\"fullUrl\":{url},\"resource\":").as_bytes());
        out.extend_from_slice(resource);
        out.extend_from_slice(b",\"search\":{\"mode\":\"match\"}}");
    }
    if !wish.ignored.is_empty() {
        let said = format!("not supported and ignored: {}", wish.ignored.join(", "));
        let warning = outcome("warning", "not-supported", &said);
        let comma = if found.is_empty() { "" } else { "," };
        let entry = json!({ "resource": warning, "search": { "mode": "outcome" } });
        out.extend_from_slice(format!("{comma}{entry}").as_bytes());
    }
    out.extend_from_slice(b"]}");
    out
}

/// Resources in the store that meet a condition for creating, two at most: what `If-None-Exist` asks.
///
/// A condition may use every parameter, also one that searches may not.
pub(super) fn existing(store: &Store, kind: Kind, query: &str) -> Result<Vec<Place>, Answer> {
    let wish = understood(|_| true, &pairs(query.trim_start_matches('?')))?;
    if wish.conditions.is_empty() || !wish.ignored.is_empty() {
        return Err(precondition_failed(
            "the condition for creating names no supported search parameter",
        ));
    }
    let mut places = Vec::new();
    for place in wish.candidates(store, kind, 0) {
        let Some(stored) = store.at(place) else { break };
        if wish.matches(&store.value(stored).map_err(failed)?) {
            places.push(place);
        }
        if places.len() == 2 {
            break;
        }
    }
    Ok(places)
}

/// The address of a resource, relative to the base.
pub(super) fn address(kind: Kind, place: Place) -> String {
    format!("{}/{}", kind.name(), id_of(place))
}
