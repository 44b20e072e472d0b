//! The town at the other side of a programme, and its residents: what they will do, and what they received.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use jiff::civil::Date;
use serde_json::{Value, json};

use super::served::{Heard, Served};
use super::site::text;

/// The namespace of our own numbers.
pub(super) const ORDERS: &str = "https://preventiojyraa.example.org/fhir/order";
/// The types by which acts leave.
pub(super) const TYPES: [&str; 3] = ["ServiceRequest", "Communication", "Task"];

/// The other side, behind tokens.
pub(crate) struct Town {
    pub(super) server: Served,
    pub(super) token: String,
    pub(super) today: Cell<Date>,
}

impl Town {
    #[track_caller]
    fn asks(&self, method: &str, target: &str, body: &Value) -> Heard {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str())];
        self.server.asks(method, target, &headers, body)
    }

    #[track_caller]
    pub(super) fn decides(&self, what: &str, body: &Value) {
        let target = format!("/_control/{what}");
        self.server.posts(&target, &[], body).with(200);
    }

    /// The resources of a type about somebody.
    #[track_caller]
    fn about(&self, kind: &str, patient: &str) -> Vec<Value> {
        let target = format!("/fhir/{kind}?patient={patient}&_count=1000");
        let mut page = self.asks("GET", &target, &Value::Null).with(200);
        let entries = page["entry"].as_array_mut().map(std::mem::take);
        let entries = entries.unwrap_or_default().into_iter();
        entries.map(|mut entry| entry["resource"].take()).collect()
    }
}

/// Somebody in the town, and what they will do.
#[derive(Clone)]
pub(crate) struct Resident {
    town: Rc<Town>,
    pub(crate) patient: String,
    fate: Rc<RefCell<Value>>,
    results: Rc<RefCell<Vec<Value>>>,
}

impl Resident {
    /// Somebody of a town's register.
    pub(super) fn of(town: &Rc<Town>, patient: &str) -> Self {
        Self {
            town: Rc::clone(town),
            patient: patient.to_owned(),
            fate: Rc::new(RefCell::new(json!({}))),
            results: Rc::default(),
        }
    }

    fn will(&self, what: &str, value: Value) -> &Self {
        let mut fate = self.fate.borrow_mut();
        fate["patient"] = json!(self.patient);
        fate[what] = value;
        self.town.decides("fate", &fate);
        self
    }

    /// They answer so many days after they are asked.
    pub(crate) fn answers_after(&self, days: u32) -> &Self {
        self.will("answers_after_days", json!(days))
    }

    pub(crate) fn never_answers(&self) -> &Self {
        self.will("answers_after_days", Value::Null)
    }

    /// They come to the laboratory so many days after a test is ordered there.
    pub(crate) fn comes_after(&self, days: u32) -> &Self {
        self.will("attends_after_days", json!(days))
    }

    pub(crate) fn never_comes(&self) -> &Self {
        self.will("attends_after_days", Value::Null)
    }

    /// How far they go with an offer of the lifestyle service.
    pub(crate) fn goes_with_an_offer(&self, way: &str) -> &Self {
        self.will("offer", json!(way))
    }

    pub(crate) fn has_result_amended(&self) -> &Self {
        self.will("amended", json!(true))
    }

    fn now(&self, what: &str) {
        self.town.decides(what, &json!({ "patient": self.patient }));
    }

    pub(crate) fn refuses(&self) {
        self.now("refuses");
    }

    pub(crate) fn dies(&self) {
        self.now("dies");
    }

    /// From now on nobody may learn where they live.
    pub(crate) fn hides(&self) {
        self.now("hides");
    }

    /// The laboratory reports both tests today: fasting glucose in mmol/L and `HbA1c` in mmol/mol.
    #[track_caller]
    pub(crate) fn has_results(&self, fasting: f64, hba1c: f64) {
        let today = self.town.today.get();
        for (code, value, unit) in [
            ("14771-0", fasting, "mmol/L"),
            ("59261-8", hba1c, "mmol/mol"),
        ] {
            let result = json!({
                "resourceType": "Observation",
                "status": "final",
                "code": { "coding": [{ "system": "http://loinc.org", "code": code }] },
                "subject": { "reference": format!("Patient/{}", self.patient) },
                "effectiveDateTime": format!("{today}T08:00:00+02:00"),
                "issued": format!("{today}T11:00:00+02:00"),
                "valueQuantity": { "value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit },
            });
            let stored = self.town.asks("POST", "/fhir/Observation", &result);
            self.results.borrow_mut().push(stored.with(201));
        }
    }

    /// The laboratory corrects both results, today.
    #[track_caller]
    pub(crate) fn has_other_results(&self, fasting: f64, hba1c: f64) {
        let today = self.town.today.get();
        let mut results = self.results.borrow_mut();
        assert_eq!(results.len(), 2, "there is something to correct");
        for (result, value) in results.iter_mut().zip([fasting, hba1c]) {
            result["status"] = json!("amended");
            result["issued"] = json!(format!("{today}T11:30:00+02:00"));
            result["valueQuantity"]["value"] = json!(value);
            let target = format!("/fhir/Observation/{}", text(&result["id"]));
            let version = format!("W/\"{}\"", text(&result["meta"]["versionId"]));
            let bearer = format!("Bearer {}", self.town.token);
            let headers = [("authorization", bearer.as_str()), ("if-match", &version)];
            let stored = self.town.server.asks("PUT", &target, &headers, result);
            *result = stored.with(200);
        }
    }

    /// Everything of ours that the other side has about them, in words: to whom, and about what.
    #[track_caller]
    pub(crate) fn received(&self) -> String {
        let mut lines = Vec::new();
        for kind in TYPES {
            let all = self.town.about(kind, &self.patient).into_iter();
            let ours = all.filter(is_ours);
            lines.extend(ours.map(|resource| in_words(kind, &resource)));
        }
        lines.sort();
        lines.join("\n")
    }
}

/// Whether a resource is by us; what a professional orders on request carries our number and is theirs.
fn is_ours(resource: &Value) -> bool {
    let identifiers = resource["identifier"].as_array();
    let has_number = identifiers
        .into_iter()
        .flatten()
        .any(|identifier| identifier["system"] == ORDERS);
    has_number && resource["supportingInfo"].is_null()
}

fn in_words(kind: &str, resource: &Value) -> String {
    let on = |name: &str| resource[name].as_str().map(|at| at[..10].to_owned());
    let when = on("sent").or_else(|| on("authoredOn")).unwrap_or_default();
    let to = match kind {
        "Communication" => &resource["recipient"][0]["reference"],
        "Task" => &resource["owner"]["reference"],
        _ => &Value::Null,
    };
    let to = match to.as_str() {
        Some(to) if to.starts_with("Patient/") => "the resident",
        Some(_) => "professionals",
        None => "the laboratory",
    };
    let status = text(&resource["status"]);
    let what = ["topic", "code", "description"].map(|name| {
        let concept = &resource[name];
        let text = concept["text"].as_str().or(concept.as_str());
        let text = text.or(concept["coding"][0]["display"].as_str());
        text.map(str::to_owned)
    });
    let what = what.into_iter().flatten().next().unwrap_or_default();
    format!("{when} {kind} to {to}, {status}: {what}")
}
