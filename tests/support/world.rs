//! A small made-up clinic, told as sentences and sent as FHIR.
//!
//! ```text
//! world.resident("aino").woman_born("1961-04-30").bmi(31.2, "2025-10-01");
//! ```
//!
//! Whoever is on the register lives in the area; whatever is said of them stands as
//! established and is final, unless the story says otherwise.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::site::{INDEX_DATE, Site, opaque};

const LOINC: &str = "http://loinc.org";
const UCUM: &str = "http://unitsofmeasure.org";
const ICD_10: &str = "urn:oid:1.2.246.537.6.1";
const ATC: &str = "urn:oid:1.2.246.537.6.32";
const CHOICES: &str = "https://maisa.example.org/fhir/CodeSystem/suostumus";
const FORM: &str = "https://maisa.example.org/fhir/Questionnaire/t2d-riskitesti";

/// A national identifier as `Patient.identifier` has it.
pub(crate) fn national_id(value: &str) -> Value {
    json!([{ "system": "urn:oid:1.2.246.21", "value": value }])
}

/// Answers that add nothing to a score.
pub(crate) const LOWEST: [(&str, &str); 5] = [
    ("liikunta", "kylla"),
    ("kasvikset", "paivittain"),
    ("verenpainelaake", "ei"),
    ("korkea-verensokeri", "ei"),
    ("suku", "ei"),
];
/// Answers that add all they can.
pub(crate) const HIGHEST: [(&str, &str); 5] = [
    ("liikunta", "ei"),
    ("kasvikset", "ei-paivittain"),
    ("verenpainelaake", "kylla"),
    ("korkea-verensokeri", "kylla"),
    ("suku", "lahi"),
];

/// What a source knows, and the data folder it is pulled into.
pub(crate) struct World {
    pub(crate) site: Site,
    residents: BTreeMap<String, Value>,
    statements: Vec<Value>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            site: Site::new(),
            residents: BTreeMap::new(),
            statements: Vec::new(),
        }
    }

    /// Aino, with an HbA1c in the range of diabetes (`result`), and Veikko, who has diabetes (`diagnosis`).
    pub(crate) fn with_a_result_and_a_diagnosis() -> Self {
        let mut world = Self::new();
        world
            .resident("aino")
            .woman_born("1960-01-01")
            .hba1c(52.0, "2025-10-01")
            .called("result");
        world
            .resident("veikko")
            .man_born("1955-01-01")
            .diagnosed("E11.9", "2020-01-01")
            .called("diagnosis");
        world
    }

    /// Somebody on the register; the name is their `Patient.id`.
    pub(crate) fn resident(&mut self, name: &str) -> Resident<'_> {
        self.residents.entry(name.to_owned()).or_insert_with(
            || json!({ "resourceType": "Patient", "id": name, "extension": [municipality("091")] }),
        );
        Resident {
            world: self,
            name: name.to_owned(),
        }
    }

    /// A statement by its id, to be corrected.
    #[track_caller]
    pub(crate) fn statement(&mut self, id: &str) -> &mut Value {
        let found = self.statements.iter_mut().find(|s| s["id"] == id);
        found.unwrap_or_else(|| panic!("no statement is called {id}"))
    }

    /// Writes everything as an export folder, a file a resource type, and says where.
    pub(crate) fn export(&self) -> PathBuf {
        let folder = self.site.beside("export");
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("the last export can be removed");
        }
        fs::create_dir_all(&folder).expect("an export folder can be made");
        let mut files: BTreeMap<&str, String> = BTreeMap::new();
        for resource in self.residents.values().chain(&self.statements) {
            let kind = resource["resourceType"].as_str().expect("it has a type");
            let file = files.entry(kind).or_default();
            file.push_str(&format!("{resource}\n"));
        }
        for (kind, text) in files {
            let path = folder.join(format!("{kind}.ndjson"));
            fs::write(path, text).expect("an export file can be written");
        }
        folder
    }

    /// Exports, pulls, and returns the report.
    #[track_caller]
    pub(crate) fn pulls(&self) -> Value {
        self.site.pulls(&self.export(), &[])
    }

    #[track_caller]
    pub(crate) fn runs(&self) -> Value {
        self.runs_as_of(INDEX_DATE)
    }

    #[track_caller]
    pub(crate) fn runs_as_of(&self, index_date: &str) -> Value {
        self.site.runs(index_date, &[])
    }

    /// Pulls and runs.
    #[track_caller]
    pub(crate) fn decides(&self) {
        self.pulls();
        self.runs();
    }

    #[track_caller]
    pub(crate) fn decides_that(&self, name: &str, is: &str) {
        assert_eq!(self.site.state_of(name), is, "state of {name}");
    }

    /// What a professional reads about a resident, ids put back into names.
    #[track_caller]
    pub(crate) fn explanation_for(&self, name: &str) -> String {
        let said = self.site.does(&["explain", name]).ends_well();
        self.with_names(&said)
    }

    /// A text with opaque ids put back into names.
    pub(crate) fn with_names(&self, text: &str) -> String {
        self.residents.keys().fold(text.to_owned(), |text, name| {
            text.replace(&opaque(name).to_string(), &format!("<{name}>"))
        })
    }
}

/// A file of the last export.
pub(crate) fn file(export: &Path, kind: &str) -> PathBuf {
    export.join(format!("{kind}.ndjson"))
}

fn municipality(code: &str) -> Value {
    json!({
        "url": "https://hl7.fi/fhir/finnish-base-profiles/StructureDefinition/municipality-code",
        "valueCoding": { "system": "urn:oid:1.2.246.537.6.21", "code": code },
    })
}

/// Somebody, and what is said of them.
pub(crate) struct Resident<'w> {
    world: &'w mut World,
    name: String,
}

impl Resident<'_> {
    /// What the register says of them.
    pub(crate) fn registered(self, field: &str, value: Value) -> Self {
        let entry = self.world.residents.get_mut(&self.name);
        entry.expect("on the register")[field] = value;
        self
    }

    pub(crate) fn woman_born(self, day: &str) -> Self {
        self.registered("gender", json!("female"))
            .registered("birthDate", json!(day))
    }

    pub(crate) fn man_born(self, day: &str) -> Self {
        self.registered("gender", json!("male"))
            .registered("birthDate", json!(day))
    }

    pub(crate) fn dies(self, day: &str) -> Self {
        self.registered("deceasedDateTime", json!(day))
    }

    pub(crate) fn lives_in(self, code: &str) -> Self {
        self.registered("extension", json!([municipality(code)]))
    }

    pub(crate) fn leaves(self, day: &str) -> Self {
        let addresses = json!([
            { "period": { "end": day }, "extension": [municipality("091")] },
            { "period": { "start": day }, "extension": [municipality("049")] },
        ]);
        self.registered("address", addresses)
    }

    /// Any statement about them.
    pub(crate) fn has(self, mut resource: Value) -> Self {
        let n = self.world.statements.len() + 1;
        resource["id"] = json!(format!("{}-{n}", self.name));
        let reference = json!({ "reference": format!("Patient/{}", self.name) });
        let is_patient = matches!(
            resource["resourceType"].as_str(),
            Some("Consent" | "FamilyMemberHistory")
        );
        resource[if is_patient { "patient" } else { "subject" }] = reference;
        self.world.statements.push(resource);
        self
    }

    /// Changes the last statement.
    pub(crate) fn which_has(self, field: &str, value: Value) -> Self {
        let last = self.world.statements.last_mut();
        last.expect("something was said")[field] = value;
        self
    }

    /// Names the last statement.
    pub(crate) fn called(self, id: &str) -> Self {
        self.which_has("id", json!(id))
    }

    /// A measurement by its LOINC code.
    pub(crate) fn measures(self, code: &str, value: f64, unit: &str, day: &str) -> Self {
        self.has(json!({
            "resourceType": "Observation",
            "status": "final",
            "code": { "coding": [{ "system": LOINC, "code": code }] },
            "effectiveDateTime": day,
            "valueQuantity": { "value": value, "unit": unit, "system": UCUM, "code": unit },
        }))
    }

    pub(crate) fn bmi(self, value: f64, day: &str) -> Self {
        self.measures("39156-5", value, "kg/m2", day)
    }

    pub(crate) fn waist(self, centimetres: f64, day: &str) -> Self {
        self.measures("8280-0", centimetres, "cm", day)
    }

    /// `HbA1c` in mmol/mol.
    pub(crate) fn hba1c(self, value: f64, day: &str) -> Self {
        self.measures("59261-8", value, "mmol/mol", day)
    }

    /// `HbA1c` in per cent.
    pub(crate) fn hba1c_percent(self, value: f64, day: &str) -> Self {
        self.measures("4548-4", value, "%", day)
    }

    /// Fasting plasma glucose in mmol/L.
    pub(crate) fn fasting_glucose(self, value: f64, day: &str) -> Self {
        self.measures("14771-0", value, "mmol/L", day)
    }

    /// A diagnosis made at an encounter.
    pub(crate) fn diagnosed(self, icd_10: &str, day: &str) -> Self {
        self.mentioned(icd_10, day).which_has(
            "category",
            json!([{ "coding": [{ "code": "encounter-diagnosis" }] }]),
        )
    }

    /// A diagnosis that no professional has accepted.
    pub(crate) fn mentioned(self, icd_10: &str, day: &str) -> Self {
        self.has(json!({
            "resourceType": "Condition",
            "code": { "coding": [{ "system": ICD_10, "code": icd_10 }] },
            "recordedDate": day,
        }))
    }

    pub(crate) fn prescribed(self, atc: &str, day: &str) -> Self {
        self.has(json!({
            "resourceType": "MedicationRequest",
            "status": "active",
            "intent": "order",
            "medicationCodeableConcept": { "coding": [{ "system": ATC, "code": atc }] },
            "authoredOn": day,
        }))
    }

    pub(crate) fn says_no(self, day: &str) -> Self {
        self.has(json!({
            "resourceType": "Consent",
            "status": "active",
            "category": [{ "coding": [{ "system": CHOICES, "code": "t2d-seulonta" }] }],
            "dateTime": day,
            "provision": { "type": "deny" },
        }))
    }

    /// Answers of the portal's form, question by question.
    pub(crate) fn answers(self, answers: &[(&str, &str)], day: &str) -> Self {
        let items: Vec<Value> = answers
            .iter()
            .map(|(question, code)| {
                json!({ "linkId": question, "answer": [{ "valueCoding": { "code": code } }] })
            })
            .collect();
        self.has(json!({
            "resourceType": "QuestionnaireResponse",
            "questionnaire": FORM,
            "status": "completed",
            "authored": day,
            "item": items,
        }))
    }
}
