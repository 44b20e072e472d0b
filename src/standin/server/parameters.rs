//! Search parameters: where in a resource each looks, and when a value matches.

use serde_json::Value;

use super::store::patient_in;

/// How a parameter compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// `code`, `system|code`, `system|` over codes, codings, concepts and identifiers.
    Token,
    /// `Type/id`, `id` or an absolute address.
    Reference,
    /// A date with a prefix; partial dates compare by their own precision.
    Date,
    /// The beginning of a text, in any case.
    Text,
    /// An address, exactly.
    Uri,
}

impl Sort {
    /// FHIR's code of the parameter type.
    pub(super) fn code(self) -> &'static str {
        match self {
            Sort::Token => "token",
            Sort::Reference => "reference",
            Sort::Date => "date",
            Sort::Text => "string",
            Sort::Uri => "uri",
        }
    }
}

/// A parameter's name, how it compares, and the paths of the members it looks at.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) sort: Sort,
    paths: &'static [&'static str],
}

/// The parameter with this name.
pub(super) fn named(name: &str) -> Option<&'static Parameter> {
    PARAMETERS.iter().find(|parameter| parameter.name == name)
}

const fn parameter(name: &'static str, sort: Sort, paths: &'static [&'static str]) -> Parameter {
    Parameter { name, sort, paths }
}

const PARAMETERS: &[Parameter] = &[
    parameter("_id", Sort::Token, &["id"]),
    parameter("_lastUpdated", Sort::Date, &["meta.lastUpdated"]),
    parameter("identifier", Sort::Token, &["identifier"]),
    parameter("patient", Sort::Reference, &["subject", "patient", "for"]),
    parameter("subject", Sort::Reference, &["subject"]),
    parameter("status", Sort::Token, &["status"]),
    parameter("intent", Sort::Token, &["intent"]),
    parameter("category", Sort::Token, &["category"]),
    parameter("code", Sort::Token, &["code", "medicationCodeableConcept"]),
    parameter("clinical-status", Sort::Token, &["clinicalStatus"]),
    parameter("gender", Sort::Token, &["gender"]),
    parameter("family", Sort::Text, &["name.family"]),
    parameter("given", Sort::Text, &["name.given"]),
    parameter("birthdate", Sort::Date, &["birthDate"]),
    parameter(
        "date",
        Sort::Date,
        &["effectiveDateTime", "effectivePeriod.start", "dateTime"],
    ),
    parameter("issued", Sort::Date, &["issued"]),
    parameter("authored", Sort::Date, &["authored", "authoredOn"]),
    parameter("authoredon", Sort::Date, &["authoredOn"]),
    parameter("onset-date", Sort::Date, &["onsetDateTime"]),
    parameter("recorded-date", Sort::Date, &["recordedDate"]),
    parameter("sent", Sort::Date, &["sent"]),
    parameter("based-on", Sort::Reference, &["basedOn"]),
    parameter("part-of", Sort::Reference, &["partOf"]),
    parameter("focus", Sort::Reference, &["focus"]),
    parameter("requester", Sort::Reference, &["requester"]),
    parameter("questionnaire", Sort::Uri, &["questionnaire"]),
    parameter("url", Sort::Uri, &["url"]),
];

impl Parameter {
    /// True when the resource has one of the wanted values, which are joined by commas.
    pub(super) fn matches(&self, resource: &Value, wanted: &str) -> bool {
        let mut found = Vec::new();
        for path in self.paths {
            collect(resource, path, &mut found);
        }
        let mut any_of = wanted.split(',');
        any_of.any(|wanted| found.iter().any(|value| self.one_matches(value, wanted)))
    }

    fn one_matches(&self, value: &Value, wanted: &str) -> bool {
        match self.sort {
            Sort::Token => token_matches(value, wanted),
            Sort::Reference => reference_matches(value, wanted),
            Sort::Date => value.as_str().is_some_and(|at| date_matches(at, wanted)),
            Sort::Text => value
                .as_str()
                .is_some_and(|text| text.to_lowercase().starts_with(&wanted.to_lowercase())),
            Sort::Uri => value.as_str() == Some(wanted),
        }
    }
}

/// The values at a dotted path, lists opened.
fn collect<'a>(value: &'a Value, path: &str, found: &mut Vec<&'a Value>) {
    if let Value::Array(list) = value {
        for element in list {
            collect(element, path, found);
        }
    } else if path.is_empty() {
        if !value.is_null() {
            found.push(value);
        }
    } else {
        let (member, rest) = path.split_once('.').unwrap_or((path, ""));
        collect(&value[member], rest, found);
    }
}

fn token_matches(value: &Value, wanted: &str) -> bool {
    if let Some(code) = value.as_str() {
        return wanted.rsplit('|').next() == Some(code);
    }
    if let Some(codings) = value["coding"].as_array() {
        return codings.iter().any(|coding| token_matches(coding, wanted));
    }
    let text = |name: &str| value[name].as_str().unwrap_or_default();
    let code = if value["code"].is_string() {
        text("code")
    } else {
        text("value")
    };
    match wanted.split_once('|') {
        None => code == wanted,
        Some((system, "")) => text("system") == system,
        Some((system, wanted)) => text("system") == system && code == wanted,
    }
}

fn reference_matches(value: &Value, wanted: &str) -> bool {
    let Some(reference) = value["reference"].as_str() else {
        return false;
    };
    if let (Some(is), Some(wanted)) = (patient_in(reference), patient_in(wanted)) {
        return is == wanted;
    }
    let end = format!("/{wanted}");
    reference == wanted || reference.ends_with(&end)
}

/// Compares texts cut to the length of the shorter, so that `2026-01` holds all of January.
///
/// Offsets are left out: the stand-in writes Helsinki's own time, and searches here are by day.
fn date_matches(at: &str, wanted: &str) -> bool {
    let starts_with_prefix = wanted
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic());
    let (prefix, day) = if starts_with_prefix && wanted.is_char_boundary(2) {
        wanted.split_at(2.min(wanted.len()))
    } else {
        ("eq", wanted)
    };
    let length = at.len().min(day.len()).min("2026-01-01T00:00:00".len());
    let (Some(at), Some(day)) = (at.get(..length), day.get(..length)) else {
        return false;
    };
    match prefix {
        "eq" => at == day,
        "ne" => at != day,
        "lt" | "eb" => at < day,
        "le" => at <= day,
        "gt" | "sa" => at > day,
        "ge" => at >= day,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parameters_match_as_fhir_says() {
        let order = json!({
            "id": "7", "status": "active",
            "identifier": [{ "system": "urn:x", "value": "k1" }],
            "code": { "coding": [{ "system": "http://loinc.org", "code": "4548-4" }] },
            "subject": { "reference": "Patient/p1" },
            "authoredOn": "2026-01-15T08:00:00+02:00",
        });
        for (name, wanted, matches) in [
            ("_id", "7", true),
            ("_id", "8,7", true),
            ("identifier", "urn:x|k1", true),
            ("identifier", "urn:x|", true),
            ("identifier", "k1", true),
            ("identifier", "urn:y|k1", false),
            ("code", "http://loinc.org|4548-4", true),
            ("code", "4548", false),
            ("patient", "p1", true),
            ("patient", "Patient/p1", true),
            ("patient", "http://127.0.0.1/fhir/Patient/p1", true),
            ("patient", "1", false),
            ("status", "active,completed", true),
            ("authored", "2026-01-15", true),
            ("authored", "ge2026-01-16", false),
            ("authored", "lt2026-02", true),
            ("sent", "2026", false),
        ] {
            let parameter = named(name).expect(name);
            assert_eq!(
                parameter.matches(&order, wanted),
                matches,
                "{name}={wanted}"
            );
        }
    }
}
