//! Diseases by files alone: a second one that is shipped, and a third in a folder of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::rules::Rules;
use crate::support::site::{INDEX_DATE, Site, TempFolder, count, made_up_register, preventio};
use crate::support::snapshots::reads;

/// Words of the first disease that a report of another has no use for.
const OF_ANOTHER_DISEASE: [&str; 7] = [
    "diabet", "glucose", "glycaem", "hba1c", "findrisc", "sugar", "insulin",
];

fn says_nothing_of_another_disease(text: &str, what: &str) {
    let text = text.to_lowercase();
    for word in OF_ANOTHER_DISEASE {
        assert!(!text.contains(word), "{what} says `{word}`");
    }
}

fn demo(out: &Path, more: &[&str]) -> String {
    let place = out.display().to_string();
    let words = ["demo", "--pathway", "cardiovascular", "--residents", "300"];
    let words = [&words[..], &["--seed", "4", "--out", &place], more].concat();
    preventio(&words).ends_well()
}

#[test]
fn a_town_is_screened_for_its_hearts_from_the_register_to_the_review() {
    let folder = TempFolder::new();
    let out = folder.join("shown");
    let said = demo(&out, &[]);
    reads("demo-of-hearts", &said);
    says_nothing_of_another_disease(&said, "the report");
    let page = fs::read_to_string(out.join("report.html")).expect("a page");
    says_nothing_of_another_disease(&page, "the page");
    assert!(
        page.contains("From the register to a professional&#39;s review")
            || page.contains("From the register to a professional's review")
    );
    let data = out.join("data").display().to_string();
    preventio(&["fsck", "--data", &data]).ends_well();
    // What the programme does not observe, `learn` does not make up.
    let words = ["learn", "--programme", "cardiovascular", "--data", &data];
    let refused = preventio(&words).ends_with(1);
    assert!(refused.contains("not compared"), "{refused}");
    // The rounds in this folder are one programme's: another cannot go on with them.
    let words = ["run", "--index-date", "2029-02-01", "--data", &data];
    let refused = preventio(&words).ends_with(1);
    assert!(
        refused.contains("`cardiovascular` has asked residents in this data folder"),
        "{refused}"
    );
}

#[test]
fn its_numbers_add_up_and_its_panels_lead_to_reviews() {
    let folder = TempFolder::new();
    let out = folder.join("shown");
    let shown: Value = serde_json::from_str(&demo(&out, &["--json"])).expect("JSON");
    let register = count(&shown["register"]);
    let states = shown["states"].as_object().expect("states");
    assert_eq!(states.values().map(count).sum::<u64>(), register);
    assert!(states.contains_key("in-care"), "{states:?}");
    let funnel = shown["funnel"].as_array().expect("a funnel");
    let depth = |line: &Value| count(&line["depth"]);
    for (at, line) in funnel.iter().enumerate() {
        let below = funnel[at + 1..]
            .iter()
            .take_while(|other| depth(line) < depth(other));
        let parts: Vec<u64> = below
            .filter(|other| depth(other) == depth(line) + 1)
            .map(|other| count(&other["n"]))
            .collect();
        if !parts.is_empty() {
            assert_eq!(parts.iter().sum::<u64>(), count(&line["n"]), "{line}");
        }
    }
    let n = |id: &str| {
        let line = funnel.iter().find(|line| line["id"] == id);
        count(&line.unwrap_or_else(|| panic!("no line {id}"))["n"])
    };
    assert!(0 < n("flagged"), "somebody is at high risk");
    let happened = |what: &str| shown["happened"][what].as_u64().unwrap_or(0);
    // Four samples a panel, and a professional who is asked talks to somebody.
    assert!(0 < happened("attended") && 0 < happened("consulted"));
    assert!(happened("prescribed") <= happened("consulted"));
    let outbox = shown["outbox"].as_object().expect("an outbox");
    let open = |state: &str| outbox.get(state).map_or(0, count);
    assert_eq!(open("planned") + open("sending"), 0, "{outbox:?}");
    // Nobody holds a risk of ten years against three years of treatment.
    assert_eq!(shown["precision"], Value::Null);
    assert_eq!(shown["calibration"], Value::Null);
}

#[test]
fn one_pull_serves_every_programme_of_a_folder() {
    let folder = TempFolder::new();
    let export = made_up_register(&folder, 300, 7).display().to_string();
    let site = Site::new();
    site.does(&["pull", "--from", &export]).ends_well();
    let first = site.runs("2025-01-15", &[]);
    let second = site.runs("2025-01-15", &["--programme", "cardiovascular"]);
    let again = site.runs("2025-01-15", &["--programme", "type-2-diabetes"]);
    assert_eq!(first["decisions_hash"], again["decisions_hash"]);
    assert_ne!(first["decisions_hash"], second["decisions_hash"]);
    assert_eq!(first["register"], second["register"]);
    let id = |report: &Value| report["rulebook"]["id"].clone();
    assert_eq!(
        (id(&first), id(&second)),
        (json!("type-2-diabetes"), json!("cardiovascular"))
    );
    for (report, known) in [(&first, "known-diabetes"), (&second, "in-care")] {
        let states = report["states"].as_object().expect("states");
        assert_eq!(
            states.values().map(count).sum::<u64>(),
            count(&report["register"])
        );
        assert!(0 < count(&states[known]), "{states:?}");
    }
    site.is_whole();
    let unknown = site.does(&["run", "--programme", "cardio"]).ends_with(4);
    assert!(
        unknown.contains("no programme is called `cardio`"),
        "{unknown}"
    );
}

/// Every file of the rules that the programme for heart and vessels brought along.
const OF_THE_HEART: [&str; 13] = [
    "programmes/cardiovascular.toml",
    "scores/cardiovascular-ladder.toml",
    "scores/framingham-office-2008.toml",
    "scores/score2.toml",
    "scores/score2-op.toml",
    "calibrations/cardiovascular-ten-years.toml",
    "thresholds/lipids-finland.toml",
    "pathways/lipids-and-review.toml",
    "orders/lipids.toml",
    "questionnaires/programme-cvd.toml",
    "texts/cardiovascular/fi.toml",
    "texts/cardiovascular/sv.toml",
    "texts/cardiovascular/en.toml",
];

/// The same program, before and after these files: nothing else has to be touched.
#[test]
fn the_files_of_the_heart_programme_are_all_it_takes() {
    let folder = TempFolder::new();
    let export = made_up_register(&folder, 120, 7).display().to_string();
    let site = Site::new();
    let rules = Rules::at(folder.join("rules"));
    let place = rules.name();
    let take = |file: &'static str| {
        let path = rules.folder.join(file);
        let text = fs::read_to_string(&path).expect("a rule file");
        fs::remove_file(&path).expect("it can be taken away");
        (path, text)
    };
    let taken = OF_THE_HEART.map(take);
    let hearts = ["--programme", "cardiovascular", "--rules", &place];
    let run = [&["run", "--index-date", "2025-01-15"][..], &hearts].concat();
    site.does(&["pull", "--from", &export, "--rules", &place])
        .ends_well();
    let refused = site.does(&run).ends_with(4);
    assert!(
        refused.contains("no programme is called `cardiovascular`"),
        "{refused}"
    );
    site.runs("2025-01-15", &["--rules", &place]);
    for (path, text) in taken {
        fs::write(path, text).expect("it can be put back");
    }
    // A new form brings new facts to read.
    let site = Site::new();
    site.does(&["pull", "--from", &export, "--rules", &place])
        .ends_well();
    let report = site.runs("2025-01-15", &hearts);
    assert_eq!(report["rulebook"]["id"], "cardiovascular");
    assert!(
        0 < count(&report["states"]["in-care"]),
        "{}",
        report["states"]
    );
}

/// The rules of a third disease, which no Rust speaks of.
fn gout() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rules/gout");
    folder.display().to_string()
}

/// A few people, as an export.
fn people(site: &Site) -> PathBuf {
    let folder = site.beside("export");
    fs::create_dir_all(&folder).expect("a folder can be made");
    let mut files: BTreeMap<&str, String> = BTreeMap::new();
    let mut line = |resource: Value| {
        let name = resource["resourceType"]
            .as_str()
            .expect("a type")
            .to_owned();
        let name = match name.as_str() {
            "Patient" => "Patient.ndjson",
            "Observation" => "Observation.ndjson",
            _ => "Condition.ndjson",
        };
        let text = files.entry(name).or_default();
        text.push_str(&format!("{resource}\n"));
    };
    for (id, born) in [
        ("heavy", "1960-05-01"),
        ("light", "1990-05-01"),
        ("high", "1980-05-01"),
        ("ill", "1960-05-01"),
        ("open", "1960-05-01"),
    ] {
        line(json!({ "resourceType": "Patient", "id": id, "gender": "male", "birthDate": born }));
    }
    let mut observed = |id: &str, code: &str, value: f64, unit: &str| {
        line(json!({
            "resourceType": "Observation", "id": format!("{id}-{code}"), "status": "final",
            "code": { "coding": [{ "system": "http://loinc.org", "code": code }] },
            "subject": { "reference": format!("Patient/{id}") },
            "effectiveDateTime": "2025-06-01",
            "valueQuantity": { "value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit },
        }));
    };
    observed("heavy", "39156-5", 33.0, "kg/m2");
    observed("light", "39156-5", 22.0, "kg/m2");
    observed("high", "14933-6", 0.55, "mmol/L");
    line(json!({
        "resourceType": "Condition", "id": "ill-gout", "subject": { "reference": "Patient/ill" },
        "category": [{ "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/condition-category", "code": "encounter-diagnosis" }] }],
        "code": { "coding": [{ "system": "urn:oid:1.2.246.537.6.1", "code": "M10.9" }] },
        "recordedDate": "2024-03-01",
    }));
    for (name, text) in files {
        fs::write(folder.join(name), text).expect("a file can be written");
    }
    folder
}

#[test]
fn a_third_disease_from_a_folder_of_rules_is_pulled_decided_and_explained() {
    let site = Site::new();
    let (export, rules) = (people(&site).display().to_string(), gout());
    site.does(&["pull", "--from", &export, "--rules", &rules])
        .ends_well();
    let report = site.runs(INDEX_DATE, &["--rules", &rules]);
    assert_eq!(report["rulebook"]["id"], "gout");
    for (patient, state) in [
        ("heavy", "ordered"),
        ("light", "below-level"),
        ("high", "confirming"),
        ("ill", "known-disease"),
        ("open", "under-review"),
    ] {
        assert_eq!(site.state_of(patient), state, "{patient}");
    }
    assert_eq!(count(&report["states"]["known-gout"]), 1);
    let said = site
        .does(&["explain", "heavy", "--rules", &rules])
        .ends_well();
    for part in [
        "His risk score is 4 of 4; 3 is the action level.",
        "He is 65: 2 points.",
        "scores at or above the action level. [score-at-or-above]",
        "By gout 1, an unsigned draft, with gout-points 1, urate-first 1 and urate 1.",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    says_nothing_of_another_disease(&said, "the explanation");
    site.is_whole();
}
