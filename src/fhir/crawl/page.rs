//! What an answer to a read or a search holds.
//!
//! FHIR R4, `bundle.html` and `search.html`: `search.mode` may be absent, and then means a match;
//! so may `link`, `total` and `entry`.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::http::Outcome;
use super::raw;

/// One page of a search.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// What was found: resource type and the resource as one line.
    pub(super) found: Vec<(String, Vec<u8>)>,
    /// Whether something in it is about another resident: the server has not understood whom it
    /// was asked about.
    pub(super) is_about_others: bool,
    /// Whether the server says that something went wrong.
    pub(super) has_errors: bool,
    /// How many there are in all, where it says so.
    pub(super) total: Option<u64>,
    /// Where it goes on.
    pub(super) next: Option<String>,
}

impl Page {
    /// Reads a page of what is known about one resident; `None` when it is none.
    pub(super) fn read(body: &[u8], patient: &str) -> Option<Self> {
        let wire: WireBundle<'_> = serde_json::from_slice(body).ok()?;
        if wire.resource_type != "Bundle" {
            return None;
        }
        let next = wire.link.unwrap_or_default().into_iter();
        let next = next
            .filter(|link| link.relation == "next")
            .find_map(|link| link.url);
        let mut page = Self {
            total: wire.total,
            next,
            ..Self::default()
        };
        let entries = entries(body);
        if entries.len() != wire.entry.unwrap_or_default().len() {
            return None;
        }
        for entry in entries {
            // An entry that stands for a resource which is withheld.
            let Some(bytes) = entry else {
                page.has_errors = true;
                continue;
            };
            // What cannot even be looked at is a line like a bad line of an export, and missing.
            let head: Option<Head<'_>> = serde_json::from_slice(bytes).ok();
            let may_be_outcome =
                (head.as_ref()).is_none_or(|head| head.resource_type == Some("OperationOutcome"));
            if let Some(outcome) = may_be_outcome.then(|| Outcome::read(bytes)).flatten() {
                page.has_errors |= outcome.is_error();
                continue;
            }
            page.has_errors |= head.is_none();
            let head = head.unwrap_or_default();
            page.is_about_others |= head.is_about_other_than(patient);
            let kind = head.resource_type.unwrap_or_default().to_owned();
            page.found.push((kind, line(bytes)));
        }
        Some(page)
    }
}

/// The resource of each entry, where it has one, byte for byte.
fn entries(body: &[u8]) -> Vec<Option<&[u8]>> {
    let named = |at: usize, name: &[u8]| {
        let members = raw::members(body, at).into_iter();
        members
            .rev()
            .find(|(key, _)| *key == name)
            .map(|(_, place)| place)
    };
    let Some(list) = named(raw::blanks(body, 0), b"entry") else {
        return Vec::new();
    };
    if body.get(list.start) != Some(&b'[') {
        return Vec::new();
    }
    let places = raw::items(body, list.start).into_iter();
    places
        .map(|place| named(place.start, b"resource").and_then(|place| body.get(place)))
        .collect()
}

/// The resource that was read, as one line, when it is the one that was asked for.
pub(super) fn resource(body: &[u8], kind: &str, id: &str) -> Option<Vec<u8>> {
    let head: Head<'_> = serde_json::from_slice(body).ok()?;
    (head.resource_type == Some(kind) && head.id.as_deref() == Some(id)).then(|| line(body))
}

/// The members of a group, as ids; `None` when the answer is no group, or does not list them all.
pub(super) fn members(body: &[u8]) -> Option<Vec<String>> {
    let wire: WireGroup<'_> = serde_json::from_slice(body).ok()?;
    if wire.resource_type != "Group" {
        return None;
    }
    let listed = wire.member.unwrap_or_default();
    let n_listed = listed.len() as u64;
    if listed.is_empty() && wire.quantity != Some(0) || wire.quantity.is_some_and(|n| n_listed < n)
    {
        return None;
    }
    let present = listed
        .into_iter()
        .filter(|member| member.inactive != Some(true));
    // A member who cannot be named would be lost without a word.
    present
        .map(|member| patient_of(&member.entity?.reference?).map(str::to_owned))
        .collect()
}

/// The id in a reference to a patient: relative, absolute, or of one version.
pub(super) fn patient_of(reference: &str) -> Option<&str> {
    let reference = reference.split("/_history/").next()?;
    let mut parts = reference.rsplit('/');
    let (id, kind) = (parts.next()?, parts.next()?);
    (kind == "Patient" && !id.is_empty()).then_some(id)
}

/// One line of an export: line ends outside of texts are blanks, and inside of texts JSON has none.
fn line(resource: &[u8]) -> Vec<u8> {
    let resource = resource.trim_ascii();
    let blank = |byte: &u8| {
        if matches!(byte, b'\n' | b'\r') {
            b' '
        } else {
            *byte
        }
    };
    resource.iter().map(blank).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireBundle<'b> {
    resource_type: &'b str,
    total: Option<u64>,
    link: Option<Vec<WireLink>>,
    entry: Option<Vec<IgnoredAny>>,
}

#[derive(Deserialize)]
struct WireLink {
    relation: String,
    url: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Head<'b> {
    resource_type: Option<&'b str>,
    id: Option<String>,
    subject: Option<WireReference>,
    patient: Option<WireReference>,
}

impl Head<'_> {
    fn is_about_other_than(&self, patient: &str) -> bool {
        let mut references = [&self.subject, &self.patient].into_iter().flatten();
        references.any(|reference| {
            let reference = reference.reference.as_deref().and_then(patient_of);
            reference.is_some_and(|id| id != patient)
        })
    }
}

#[derive(Deserialize)]
struct WireReference {
    reference: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireGroup<'b> {
    resource_type: &'b str,
    quantity: Option<u64>,
    member: Option<Vec<WireMember>>,
}

#[derive(Deserialize)]
struct WireMember {
    entity: Option<WireReference>,
    inactive: Option<bool>,
}
