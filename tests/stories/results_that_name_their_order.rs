//! What a laboratory says its result was made for: the order that it names comes before what days suggest.

use preventiojyraa::delivery::Delivery;
use preventiojyraa::ledger::Ledger;
use preventiojyraa::pathway::Event;
use serde_json::{Value, json};

use crate::support::acting::{Clinic, key};
use crate::support::site::{INDEX_DATE, count, opaque, text};

const ONE: &str = "resident-000";
const OTHER: &str = "resident-001";
const LONG_AGO: &str = "2025-09-15";
const AFTERWARDS: &str = "2025-11-04";

/// Two residents, whose orders have arrived.
fn ordered() -> Clinic {
    let clinic = Clinic::with(2, &[]);
    clinic.acts();
    clinic.delivers_everything();
    clinic
}

/// By our own number of the order, as a laboratory gives it back.
fn by_identifier(name: &str) -> Value {
    let system = "https://preventiojyraa.example.org/fhir/order";
    json!([{ "identifier": { "system": system, "value": key(name, "hba1c") } }])
}

/// By what the other side calls the order.
fn by_reference(clinic: &Clinic, name: &str) -> Value {
    let wanted = key(name, "hba1c");
    let rows = clinic.rows();
    let row = rows
        .iter()
        .find(|row| row.order.key().to_string() == wanted);
    let Delivery::Acknowledged { reference } = &row.expect("it was ordered").delivery else {
        panic!("it has arrived");
    };
    let reference = reference.as_deref().expect("it says what it is called");
    json!([{ "reference": format!("https://laboratory.example.org/fhir/{reference}") }])
}

/// The result of somebody, which names an order.
fn reports(clinic: &mut Clinic, name: &str, (hba1c, day): (f64, &str), order: Value) {
    let resident = clinic.world.resident(name).hba1c(hba1c, day);
    resident.which_has("basedOn", order).called("result");
}

/// The tests whose results somebody's round has, with the day of each sample.
fn received(clinic: &Clinic, name: &str) -> Vec<String> {
    let path = clinic.site().data().join("ledger.sqlite");
    let ledger = Ledger::open(&path).expect("the ledger opens");
    let mut found = Vec::new();
    let each = |resident, _, event: &Event| {
        if let (
            Event::ResultReceived {
                test, sampled_on, ..
            },
            true,
        ) = (event, resident == opaque(name))
        {
            found.push(format!("{test} of {sampled_on}"));
        }
    };
    ledger.every_event(each).expect("events can be read");
    found
}

#[test]
fn a_result_that_names_its_order_ends_the_waiting_though_its_day_is_wrong() {
    let names: [fn(&Clinic) -> Value; 2] =
        [|_| by_identifier(ONE), |clinic| by_reference(clinic, ONE)];
    for order in names {
        let mut clinic = ordered();
        let order = order(&clinic);
        reports(&mut clinic, ONE, (36.0, LONG_AGO), order);
        // The same day, without an order: from before this round.
        clinic.world.resident(OTHER).hba1c(36.0, LONG_AGO);
        clinic.world.pulls();
        assert_eq!(received(&clinic, ONE), [format!("hba1c of {LONG_AGO}")]);
        // It comes again with the next whole export.
        clinic.world.pulls();
        clinic.acts();
        assert_eq!(received(&clinic, ONE), [format!("hba1c of {LONG_AGO}")]);
        assert_eq!(received(&clinic, OTHER), [""; 0]);
        assert!(clinic.tasks().is_empty(), "{:?}", clinic.tasks());
    }
}

#[test]
fn an_order_of_somebody_else_is_answered_for_neither_and_a_person_finds_out() {
    let mut clinic = ordered();
    reports(&mut clinic, ONE, (52.0, LONG_AGO), by_identifier(OTHER));
    let report = clinic.world.pulls();
    assert_eq!(count(&report["issues"]["result-of-another"]), 1);
    clinic.acts();
    assert_eq!(received(&clinic, ONE), [""; 0]);
    assert_eq!(received(&clinic, OTHER), [""; 0]);
    let tasks = clinic.site().does(&["tasks", "list", "--json"]).ends_well();
    let tasks: Value = serde_json::from_str(&tasks).expect("JSON");
    let mut tasks = tasks["tasks"].as_array().expect("a list").iter();
    let task = tasks.find(|task| text(&task["what"]) == "result-of-another");
    let task = task.expect("somebody finds out");
    assert_eq!(text(&task["owner"]), "professional");
    assert_eq!(text(&task["resident"]), opaque(ONE).to_string());
    assert_eq!(text(&task["order"]), key(OTHER, "hba1c"));
    // What was said of her is a fact all the same, and a person has the last word.
    assert!(
        clinic
            .world
            .explanation_for(ONE)
            .contains("HbA1c 52 mmol/mol")
    );
    let id = count(&task["task"]).to_string();
    let words = [
        "tasks",
        "close",
        &id,
        "--by",
        "Maija",
        "--reason",
        "the sample was hers",
    ];
    clinic.site().does(&words).ends_well();
    clinic.world.pulls();
    let again = clinic.tasks().get("result-of-another").copied();
    assert_eq!(again, None, "the same line opens it once");
}

#[test]
fn an_answer_under_a_code_or_in_a_unit_that_nobody_knows_is_a_persons_and_never_silence() {
    for reader in ["filtered", "reference"] {
        for (code, unit) in [("99999-9", "mmol/mol"), ("59261-8", "bananas")] {
            let mut clinic = ordered();
            let resident = clinic.world.resident(ONE);
            let resident = resident.measures(code, 36.0, unit, AFTERWARDS);
            resident
                .which_has("basedOn", by_identifier(ONE))
                .called("result");
            let export = clinic.world.export();
            clinic.site().pulls(&export, &["--reader", reader]);
            let of_result = |clinic: &Clinic| clinic.tasks().get("result-not-understood").copied();
            assert_eq!(of_result(&clinic), Some(1), "{reader} {code} {unit}");
            assert_eq!(received(&clinic, ONE), [""; 0]);
            // The laboratory sends it again under a code that means the test.
            let result = clinic.world.statement("result");
            result["code"]["coding"][0]["code"] = json!("59261-8");
            result["valueQuantity"]["unit"] = json!("mmol/mol");
            result["valueQuantity"]["code"] = json!("mmol/mol");
            clinic.world.pulls();
            assert_eq!(of_result(&clinic), None);
            assert_eq!(received(&clinic, ONE), [format!("hba1c of {AFTERWARDS}")]);
        }
    }
}

#[test]
fn what_is_not_final_answers_nothing_and_what_else_was_measured_with_it_is_nobodys_task() {
    let mut clinic = ordered();
    reports(&mut clinic, ONE, (36.0, AFTERWARDS), by_identifier(ONE));
    clinic.world.statement("result")["status"] = json!("preliminary");
    clinic.world.pulls();
    assert_eq!(received(&clinic, ONE), [""; 0]);
    assert!(clinic.tasks().is_empty());
    clinic.world.statement("result")["status"] = json!("final");
    // A laboratory measures more than was asked for, and says so.
    let resident = clinic.world.resident(ONE);
    let resident = resident.measures("99999-9", 1.0, "mmol/L", AFTERWARDS);
    resident
        .which_has("basedOn", by_identifier(ONE))
        .called("aside");
    clinic.world.pulls();
    assert_eq!(received(&clinic, ONE), [format!("hba1c of {AFTERWARDS}")]);
    assert!(clinic.tasks().is_empty(), "{:?}", clinic.tasks());
    // An order of somebody who is not ours means nothing.
    reports(
        &mut clinic,
        OTHER,
        (36.0, INDEX_DATE),
        json!([{ "reference": "ServiceRequest/4711" }]),
    );
    clinic.world.statement("result")["id"] = json!("another");
    clinic.world.pulls();
    assert_eq!(received(&clinic, OTHER), [""; 0]);
    clinic.acts();
    assert_eq!(
        received(&clinic, OTHER),
        [format!("hba1c of {INDEX_DATE}")],
        "by its day"
    );
}

#[test]
fn a_second_sample_for_one_order_and_a_result_that_nobody_waits_for_are_issues_that_people_see() {
    let mut clinic = ordered();
    reports(&mut clinic, ONE, (36.0, AFTERWARDS), by_identifier(ONE));
    let first = clinic.world.pulls();
    assert_eq!(first["issues"]["result-doubled"], Value::Null);
    // The same sample in another unit is no second one; another sample is.
    let resident = clinic.world.resident(ONE);
    let in_per_cent = resident.hba1c_percent(5.4, AFTERWARDS);
    in_per_cent
        .which_has("basedOn", by_identifier(ONE))
        .called("in-per-cent");
    let same = clinic.world.pulls();
    assert_eq!(same["issues"]["result-doubled"], Value::Null);
    let resident = clinic.world.resident(ONE).hba1c(47.0, INDEX_DATE);
    resident
        .which_has("basedOn", by_identifier(ONE))
        .called("another-sample");
    let doubled = clinic.world.pulls();
    assert_eq!(count(&doubled["issues"]["result-doubled"]), 1);
    let told = clinic.world.explanation_for(ONE);
    let says = "an order has results of two samples at basedOn; was a sample of 2025-11-01 after one of 2025-11-04";
    assert!(told.contains(says), "{told}");
    assert_eq!(received(&clinic, ONE), [format!("hba1c of {AFTERWARDS}")]);
    // It comes again with every whole export, and is told once.
    let again = clinic.world.pulls();
    assert_eq!(again["issues"]["result-doubled"], Value::Null);

    // The other one has moved away meanwhile: nobody waits for her result.
    drop(clinic.world.resident(OTHER).leaves("2025-10-31"));
    clinic.world.pulls();
    clinic.acts();
    let resident = clinic.world.resident(OTHER).hba1c(52.0, AFTERWARDS);
    resident
        .which_has("basedOn", by_identifier(OTHER))
        .called("late");
    let late = clinic.world.pulls();
    assert_eq!(count(&late["issues"]["result-late"]), 1);
    let told = clinic.world.explanation_for(OTHER);
    assert!(
        told.contains("a result came when its order was not waited for any more"),
        "{told}"
    );
    assert_eq!(clinic.world.pulls()["issues"]["result-late"], Value::Null);
}
