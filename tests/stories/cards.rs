//! A professional opens a record in their own system and is told what the screening would do.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::acting::{at_risk, key};
use crate::support::cards::{ORDER_SELECT, PATIENT_VIEW, Ward, bundle, call, cards};
use crate::support::world::{LOWEST, World};

/// Aino is at risk, Helmi is not, and Kerttu's answers are missing.
fn ward() -> World {
    let mut world = World::new();
    at_risk(&mut world, "aino");
    world
        .resident("helmi")
        .woman_born("1980-06-06")
        .bmi(22.0, "2025-10-01")
        .waist(70.0, "2025-10-01")
        .answers(&LOWEST, "2025-10-01");
    world
        .resident("kerttu")
        .woman_born("1965-06-06")
        .bmi(28.0, "2025-10-01");
    world
}

fn suggested(card: &Value) -> Vec<Value> {
    let actions = card["suggestions"][0]["actions"].as_array();
    actions.cloned().unwrap_or_default()
}

#[test]
fn who_would_be_tested_has_a_card_with_a_draft_to_sign_and_who_needs_nothing_has_none() {
    let ward = Ward::of(ward());
    let card = ward.views("aino").remove(0);
    assert_snapshot!(card["summary"].as_str().expect("a line"), @"Screening: fasting plasma glucose and HbA1c due; score 26 of 26");
    // The day on which the pull of this test was made is the machine's.
    let detail = card["detail"].as_str().expect("words");
    let detail = detail.split("* On record").next().expect("words");
    assert_snapshot!(detail, @r"
    * She scores at or above the action level, whatever the open questions hold. \[score-at-or-above\]
    * By what is known: score 26 of 26; 12 is the action level.
    * Not known: nothing that counts.
    * Data: of 1 October 2025 (1 month earlier).
    * By type-2-diabetes 2026.1, an unsigned draft, with stepwise 2026.1. This program is not a certified medical device; a professional decides.
    ");
    assert_eq!(card["indicator"], "info");
    let drafts = suggested(&card);
    assert_eq!(drafts.len(), 2);
    for (draft, test) in drafts.iter().zip(["fasting-plasma-glucose", "hba1c"]) {
        let order = &draft["resource"];
        assert_eq!(order["status"], "draft");
        assert_eq!(order["subject"]["reference"], "Patient/aino");
        // The key that the order has when a run places it.
        assert_eq!(order["identifier"][0]["value"], key("aino", test));
    }
    assert_eq!(ward.views("helmi"), [] as [Value; 0]);
    let open = ward.views("kerttu").remove(0);
    assert_snapshot!(open["summary"].as_str().expect("a line"), @"Screening: a few answers decide; score 4 to 23 of 26");
    assert_eq!(open.get("suggestions"), None);
    let sees = "SELECT group_concat(who || ' ' || act || ' ' || detail, '; ') FROM (
        SELECT DISTINCT who, act, detail FROM audit WHERE about IS NOT NULL)";
    assert_snapshot!(ward.on_record(sees), @"Practitioner/laakari-7 at ehr asked-for-card screening-patient-view");
    assert_eq!(ward.on_record("SELECT count(*) || '' FROM cds_card"), "2");
    for name in ["aino", "Practitioner", "helmi"] {
        let talk = ward.clinic.site().beside("serve.log");
        let talk = std::fs::read_to_string(talk).unwrap_or_default();
        assert!(!talk.contains(name), "{talk}");
    }
}

#[test]
fn what_the_record_system_gives_along_counts_and_is_not_kept() {
    let ward = Ward::of(ward());
    let result = |value: f64, patient: &str| {
        json!({
            "resourceType": "Observation",
            "id": "fresh",
            "status": "final",
            "category": [{ "coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                "code": "laboratory",
            }] }],
            "code": { "coding": [{ "system": "http://loinc.org", "code": "59261-8" }] },
            "subject": { "reference": format!("Patient/{patient}") },
            "effectiveDateTime": "2025-10-30",
            "valueQuantity": {
                "value": value, "unit": "mmol/mol",
                "system": "http://unitsofmeasure.org", "code": "mmol/mol",
            },
        })
    };
    let given = |resource: Value| json!({ "laboratory": bundle(&[resource]) });
    let high = ward
        .views_with("helmi", given(result(60.0, "helmi")))
        .remove(0);
    assert_eq!(high["indicator"], "warning");
    let detail = high["detail"].as_str().expect("words");
    assert!(detail.contains("60 mmol/mol"), "{detail}");
    // Somebody else's result is nobody's here.
    let other = ward.views_with("helmi", given(result(60.0, "aino")));
    assert_eq!(other, [] as [Value; 0]);
    // What cannot be read is told of, and changes nothing.
    let broken = json!({ "laboratory": bundle(&[json!({ "resourceType": "Observation" })]) });
    let card = ward.views_with("aino", broken).remove(0);
    let detail = card["detail"].as_str().expect("words");
    assert!(detail.contains("1 could not be read"), "{detail}");
    assert_eq!(ward.views("helmi"), [] as [Value; 0]);
}

#[test]
fn nobody_has_a_card_who_said_no_or_whose_whereabouts_are_not_disclosed() {
    let mut world = ward();
    at_risk(&mut world, "irma").says_no("2025-10-15");
    let hidden = json!({ "security": [{
        "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "TURVAKIELTO",
    }] });
    at_risk(&mut world, "salla").registered("meta", hidden.clone());
    let ward = Ward::of(world);
    assert_eq!(ward.views("aino").len(), 1);
    for name in ["irma", "salla"] {
        assert_eq!(ward.views(name), [] as [Value; 0], "{name}");
    }
    // The record system may know before the register does.
    for (key, resource) in [
        (
            "patient",
            json!({ "resourceType": "Patient", "id": "aino", "meta": hidden }),
        ),
        (
            "patient",
            json!({ "resourceType": "Patient", "id": "aino", "deceasedBoolean": true }),
        ),
    ] {
        let given = ward.views_with("aino", json!({ key: resource }));
        assert_eq!(given, [] as [Value; 0]);
    }
}

#[test]
fn no_test_is_suggested_that_is_being_ordered_or_was() {
    let ward = Ward::of(ward());
    let view = ward.views("aino").remove(0);
    let drafts: Vec<Value> = suggested(&view)
        .into_iter()
        .map(|draft| draft["resource"].clone())
        .collect();
    let while_ordering = |drafts: &[Value]| {
        let mut call = call("order-select", "aino");
        call["context"]["selections"] = json!(["ServiceRequest/1"]);
        call["context"]["draftOrders"] = bundle(drafts);
        cards(&ward.asks(ORDER_SELECT, &call))
    };
    assert_eq!(suggested(&while_ordering(&[])[0]).len(), 2);
    assert_eq!(suggested(&while_ordering(&drafts[..1])[0]).len(), 1);
    assert_eq!(while_ordering(&drafts), [] as [Value; 0]);
    // A run has placed the order since.
    ward.clinic.acts();
    assert_eq!(ward.views("aino"), [] as [Value; 0]);
    assert_eq!(while_ordering(&[]), [] as [Value; 0]);
}

#[test]
fn while_effects_are_stopped_nobody_has_a_card() {
    let ward = Ward::of(ward());
    let site = ward.clinic.site();
    site.does(&["effects", "stop", "--by", "Maija", "--reason", "a doubt"])
        .ends_well();
    assert_eq!(ward.views("aino"), [] as [Value; 0]);
    let numbers = ward.daemon.gets("/metrics").text;
    let called =
        "preventio_cds_calls_total{asked=\"screening-patient-view\",outcome=\"not-permitted\"} 1.0";
    assert!(numbers.contains(called), "{numbers}");
    site.does(&["effects", "resume", "--by", "Maija", "--reason", "settled"])
        .ends_well();
    assert_eq!(ward.views("aino").len(), 1);
    let numbers = ward.daemon.gets("/metrics").text;
    assert!(
        numbers.contains("preventio_cds_cards{what=\"shown\"} 1.0"),
        "{numbers}"
    );
}

#[test]
fn what_was_done_with_a_card_is_on_record_once_and_goes_with_the_resident() {
    let ward = Ward::of(ward());
    let card = ward.views("aino").remove(0);
    let told = json!([{
        "card": card["uuid"],
        "outcome": "overridden",
        "overrideReason": {
            "reason": { "code": "elsewhere", "system": "https://example.org/reasons" },
            "userComment": "tested at work last week",
        },
        "outcomeTimestamp": "2025-11-01T10:00:00Z",
    }]);
    ward.tells(&told).with(200);
    ward.tells(&told).with(200);
    let n = || ward.on_record("SELECT count(*) || '' FROM cds_feedback");
    assert_eq!(n(), "1");
    // A card that nobody was shown.
    let mut unknown = told.clone();
    unknown[0]["card"] = json!("00000000-0000-4000-8000-000000000000");
    ward.tells(&unknown).with(200);
    assert_eq!(n(), "1");
    let asked = ["--by", "Maija", "--reason", "asked for it"];
    let site = ward.clinic.site();
    let shown = site.does(&[&["subject-access", "aino"], &asked[..]].concat());
    let shown = shown.ends_well();
    for held in ["tested at work last week", "screening-patient-view"] {
        assert!(shown.contains(held), "{shown}");
    }
    site.does(&[&["erase", "aino"], &asked[..]].concat())
        .ends_well();
    assert_eq!(n(), "0");
    assert_eq!(ward.on_record("SELECT count(*) || '' FROM cds_card"), "0");
    // Whoever is not on the register any more is not known here.
    let heard = ward.asks(PATIENT_VIEW, &call("patient-view", "aino"));
    heard.with(412);
}
