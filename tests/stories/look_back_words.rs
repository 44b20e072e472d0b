//! A slip in a text or an order code is found later: exactly what left with it, to whom, and what it should have said.
//!
//! Each expectation is read from the server that the words went to.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
use serde_json::Value;

use crate::support::acting::{Clinic, at_risk, until};
use crate::support::places::{CHANNEL, DECLARED};
use crate::support::rules::Rules;
use crate::support::site::{opaque, text};
use crate::support::world::World;

const ORDERS: &str = "orders/laboratory.toml";
const FINNISH: &str = "texts/type-2-diabetes/fi.toml";
const WRONG_CODE: (&str, &str) = ("code = \"6128\"", "code = \"6129\"");
const WRONG_WORDS: (&str, &str) = ("Vastaaminen on vapaaehtoista", "Vastaaminen on pakollista");
const NEXT: (&str, &str) = ("version = \"2026.1\"", "version = \"2026.2\"");

/// Three at risk, and of three people something must be asked: in Swedish, in Finnish, in Finnish for want of Russian.
fn clinic() -> Clinic {
    let mut world = World::new();
    for name in ["at-risk-1", "at-risk-2", "at-risk-3"] {
        at_risk(&mut world, name);
    }
    for (name, language) in [("asked-sv", "sv"), ("asked-fi", "fi"), ("asked-ru", "ru")] {
        let coding = serde_json::json!([{ "system": "urn:ietf:bcp:47", "code": language }]);
        world
            .resident(name)
            .woman_born("1970-06-06")
            .bmi(28.0, "2025-10-01")
            .registered(
                "communication",
                serde_json::json!([{ "language": { "coding": coding } }]),
            );
    }
    let clinic = Clinic::of::<&str>(world, &[], &[]);
    clinic.configured(&[(CHANNEL, DECLARED)]);
    clinic
}

/// Runs, acts and delivers by rules of a folder.
fn acts_by(clinic: &Clinic, rules: &Rules) {
    let rules = rules.name();
    clinic
        .does(&["run", "--act", "--rules", &rules])
        .ends_well();
    until("everything is delivered", || {
        clinic
            .does(&["dispatch", "--once", "--rules", &rules])
            .ends_well();
        !clinic.rows().iter().any(crate::support::acting::is_open)
    });
}

/// Acts by rules with a slip in a file; those rules, and the corrected ones.
fn slips(clinic: &Clinic, file: &str, slip: (&str, &str)) -> (Rules, Rules) {
    let faulty = Rules::at(clinic.site().beside("faulty"));
    let corrected = faulty.copied_to(clinic.site().beside("corrected"));
    faulty.says(file, &[slip]);
    corrected.says(file, &[NEXT]);
    acts_by(clinic, &faulty);
    (faulty, corrected)
}

fn looks_back(clinic: &Clinic, rule: &str, corrected: &Rules, code: i32) -> Value {
    let corrected = corrected.name();
    let words = [
        "look-back",
        "--rule",
        rule,
        "--from",
        "2026.1",
        "--corrected",
        &corrected,
        "--json",
    ];
    let said = clinic.site().does(&words);
    assert_eq!(said.code, Some(code), "{}", said.err);
    serde_json::from_str(&said.out).expect("JSON")
}

/// Residents and acts that the list names.
fn affected(looked: &Value) -> BTreeSet<(String, String)> {
    let affected = looked["affected"].as_array().expect("a list").iter();
    affected
        .map(|act| (text(&act["resident"]), text(&act["action"])))
        .collect()
}

/// About whom resources of a type at the server hold some words.
fn about_whom(clinic: &Clinic, kind: &str, words: &str) -> BTreeSet<String> {
    let found = clinic.server.gets(&format!("/fhir/{kind}")).with(200);
    let entries = found["entry"].as_array().cloned().unwrap_or_default();
    let resources = entries.iter().map(|entry| &entry["resource"]);
    let with = resources.filter(|resource| resource.to_string().contains(words));
    with.map(|resource| {
        let whom = ["subject", "for"]
            .iter()
            .find_map(|key| resource[key]["reference"].as_str());
        let patient = whom
            .and_then(|whom| whom.strip_prefix("Patient/"))
            .expect("a patient");
        opaque(patient).to_string()
    })
    .collect()
}

#[test]
fn a_wrong_order_code_is_found_in_every_order_that_bore_it_and_in_no_other() {
    let clinic = clinic();
    let (faulty, corrected) = slips(&clinic, ORDERS, WRONG_CODE);
    let there = about_whom(&clinic, "ServiceRequest", "6129");
    assert_eq!(there.len(), 3);
    let looked = looks_back(&clinic, "laboratory-orders", &corrected, 0);
    let expected = there
        .into_iter()
        .map(|who| (who, "laboratory:hba1c".to_owned()));
    assert_eq!(affected(&looked), expected.collect());
    assert_eq!(looked["acts"]["laboratory:hba1c: acknowledged"], 3);
    let first = &looked["affected"][0];
    assert_eq!(first["was"][0]["said"], "kuntaliitto|6129 B-HbA1c");
    assert_eq!(first["should_be"][0]["said"], "kuntaliitto|6128 B-HbA1c");
    assert_eq!(first["way"], "service-request");
    assert!(text(&first["at"]).starts_with("20"), "{}", first["at"]);
    // What the code was right for is looked at, and not named.
    assert!(3 < looked["orders"].as_u64().expect("a number"));
    // Nobody was told anything else by it.
    let words = looks_back(&clinic, "texts-fi", &next_words(&clinic, &faulty), 0);
    assert_eq!(words["affected"], serde_json::json!([]));
}

/// The same words at a later version.
fn next_words(clinic: &Clinic, rules: &Rules) -> Rules {
    let next = rules.copied_to(clinic.site().beside("next-words"));
    next.says(FINNISH, &[NEXT]);
    next
}

#[test]
fn a_wrong_sentence_is_found_in_whoever_read_it_in_that_language() {
    let clinic = clinic();
    let (_, corrected) = slips(&clinic, FINNISH, WRONG_WORDS);
    let there = about_whom(&clinic, "Task", "Vastaaminen on pakollista");
    let readers = ["asked-fi", "asked-ru"].map(|name| opaque(name).to_string());
    assert_eq!(
        there,
        BTreeSet::from(readers),
        "the Swedish words were right"
    );
    let looked = looks_back(&clinic, "texts-fi", &corrected, 0);
    let expected = there
        .iter()
        .map(|who| (who.clone(), "questionnaire".to_owned()));
    assert_eq!(affected(&looked), expected.collect());
    assert_eq!(looked["residents"], 2);
    for act in looked["affected"].as_array().expect("a list") {
        assert_eq!(
            act["was"].as_array().map(Vec::len),
            Some(1),
            "only what differs"
        );
        assert_eq!(act["was"][0]["of"], "text questionnaire in fi");
        assert!(text(&act["was"][0]["said"]).contains(WRONG_WORDS.1));
        assert!(text(&act["should_be"][0]["said"]).contains(WRONG_WORDS.0));
    }
    // What leaves by the corrected rules is none of it, and the list stays as it was.
    acts_by(&clinic, &corrected);
    assert_eq!(looks_back(&clinic, "texts-fi", &corrected, 0), looked);
    // The list as people read it, and as a file for its owner alone.
    let corrected = corrected.name();
    let list = clinic.site().beside("affected.csv").display().to_string();
    let words = [
        "look-back",
        "--rule",
        "texts-fi",
        "--from",
        "2026.1",
        "--corrected",
        &corrected,
    ];
    let said = clinic.site().does(&words).ends_well();
    insta::assert_snapshot!("look_back_words", hidden(&said));
    clinic
        .site()
        .does(&[&words[..], &["--out", &list]].concat())
        .ends_well();
    let mut reader = csv::Reader::from_path(&list).expect("a table");
    let listed: BTreeSet<String> = reader
        .records()
        .map(|row| row.expect("a row")[0].to_owned())
        .collect();
    assert_eq!(listed, there);
}

/// Without what differs from one time to the next.
fn hidden(said: &str) -> String {
    let names: BTreeMap<String, &str> = ["asked-fi", "asked-ru"]
        .map(|name| (opaque(name).to_string(), name))
        .into();
    said.lines()
        .map(|line| {
            names
                .get(line)
                .map_or_else(|| without_moment(line), |name| format!("<{name}>"))
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// A line with the moment of handing over left out.
fn without_moment(line: &str) -> String {
    match (line.find(", on 20"), line.rfind("Z: ")) {
        (Some(from), Some(to)) if from < to => {
            format!("{}, on <moment>{}", &line[..from], &line[to + 1..])
        }
        _ => line.to_owned(),
    }
}

#[test]
fn what_left_before_words_were_put_on_record_is_counted_and_not_passed_over() {
    let clinic = clinic();
    let (_, corrected) = slips(&clinic, FINNISH, WRONG_WORDS);
    let ledger = Connection::open(clinic.site().data().join("ledger.sqlite")).expect("a ledger");
    let from_before = "UPDATE outbox SET worded_by = NULL, worded_for = NULL, worded_in = NULL WHERE action = 'questionnaire'";
    assert_eq!(ledger.execute(from_before, []), Ok(3));
    let looked = looks_back(&clinic, "texts-fi", &corrected, 5);
    assert_eq!(looked["not_on_record"], 3);
    assert_eq!(looked["affected"], serde_json::json!([]));
    // A rule book that nobody kept.
    let unknown = "UPDATE outbox SET worded_by = 'nobody''s', worded_in = 'fi' WHERE action = 'questionnaire'";
    assert_eq!(ledger.execute(unknown, []), Ok(3));
    let looked = looks_back(&clinic, "texts-fi", &corrected, 5);
    assert_eq!(
        (&looked["not_on_record"], &looked["not_kept"]),
        (&0.into(), &3.into())
    );
}
