//! One person with several entries: nobody is lost, nothing is asked twice, and what is known is known of one.

use serde_json::{Value, json};

use crate::support::acting::{Clinic, at_risk, key};
use crate::support::site::{count, opaque, text};
use crate::support::world::{LOWEST, World, national_id};

const VISIT: &str = "2025-10-01";
const ID: &str = "131052-308T";

fn link(other: &str, kind: &str) -> Value {
    json!([{ "other": { "reference": format!("Patient/{other}") }, "type": kind }])
}

/// Somebody of whom too little is known to decide.
fn unknown(world: &mut World, name: &str) {
    drop(
        world
            .resident(name)
            .woman_born("1965-06-06")
            .bmi(28.0, VISIT),
    );
}

/// Pulls and runs.
fn decides(world: &World) -> Value {
    world.pulls();
    world.runs()
}

/// Two entries with the same national identifier, of whom too little is known to decide.
fn twins() -> World {
    let mut world = World::new();
    for name in ["aino", "aino-again"] {
        unknown(&mut world, name);
        drop(
            world
                .resident(name)
                .registered("identifier", national_id(ID)),
        );
    }
    world
}

/// Open tasks with a code, each by whom it is about.
fn about(world: &World, code: &str) -> Vec<String> {
    let said = world.site.does(&["tasks", "list", "--json"]).ends_well();
    let said: Value = serde_json::from_str(&said).expect("JSON");
    let tasks = said["tasks"].as_array().expect("a list").iter();
    let of_code = tasks.filter(|task| text(&task["what"]) == code);
    of_code.map(|task| text(&task["resident"])).collect()
}

/// In the pilot two entries of one person led to two invitations, or to none.
#[test]
fn new_zealand_2018_two_entries_are_one_person_who_is_asked_once() {
    let mut world = twins();
    let run = decides(&world);
    assert_eq!(count(&run["states"]["asked"]), 1);
    assert_eq!(count(&run["states"]["out-of-scope"]), 1);
    let (asked, second) = match world.site.state_of("aino") {
        "asked" => ("aino", "aino-again"),
        _ => ("aino-again", "aino"),
    };
    // What she answers under one entry decides about her, under whichever she is asked.
    drop(world.resident(second).answers(&LOWEST, VISIT));
    decides(&world);
    world.decides_that(asked, "below-level");
    world.decides_that(second, "out-of-scope");
    let told = world.explanation_for(asked);
    let also = format!(
        "Also entered as {}: what is told there counts here.",
        opaque(second)
    );
    assert!(told.contains(&world.with_names(&also)), "{told}");
    let told = world.explanation_for(second);
    assert!(
        told.contains("is decided about under another entry of the same person"),
        "{told}"
    );
    let coverage = world.site.does(&["coverage"]).ends_well();
    assert!(
        coverage.contains("1 of these entries are second ones"),
        "{coverage}"
    );
    world.site.is_whole();
}

#[test]
fn whichever_entry_says_so_and_whenever_it_comes_the_same_person_comes_out() {
    for (says, of, kind) in [
        ("aino", "aino-again", "replaces"),
        ("aino-again", "aino", "replaced-by"),
    ] {
        for late in [None, Some("aino"), Some("aino-again")] {
            let mut world = World::new();
            for name in ["aino", "aino-again"] {
                if late != Some(name) {
                    unknown(&mut world, name);
                }
            }
            if let Some(late) = late {
                world.pulls();
                unknown(&mut world, late);
            }
            drop(world.resident(says).registered("link", link(of, kind)));
            decides(&world);
            world.decides_that("aino", "asked");
            world.decides_that("aino-again", "out-of-scope");
        }
    }
    // Who is only referred to may be somebody else.
    let mut world = World::new();
    for name in ["aino", "birgitta"] {
        unknown(&mut world, name);
    }
    drop(
        world
            .resident("aino")
            .registered("link", link("birgitta", "seealso")),
    );
    decides(&world);
    world.decides_that("aino", "asked");
    world.decides_that("birgitta", "asked");
}

#[test]
fn entries_that_contradict_each_other_are_not_united_and_a_person_looks() {
    for (field, value) in [
        ("birthDate", json!("1965-06-07")),
        ("gender", json!("male")),
    ] {
        let mut world = World::new();
        for name in ["aino", "birgitta"] {
            unknown(&mut world, name);
            drop(
                world
                    .resident(name)
                    .registered("identifier", national_id(ID)),
            );
        }
        drop(world.resident("birgitta").registered(field, value));
        let run = decides(&world);
        assert_eq!(count(&run["states"]["asked"]), 2);
        assert_eq!(about(&world, "entries-unclear").len(), 2);
        // It is said once.
        decides(&world);
        assert_eq!(about(&world, "entries-unclear").len(), 2);
    }
}

/// Two entries at risk, each of which has been ordered tests for.
fn ordered_for_both() -> Clinic {
    let mut world = World::new();
    for name in ["aino", "aino-again"] {
        at_risk(&mut world, name);
    }
    let clinic = Clinic::of(world, &["aino", "aino-again"], &[]);
    clinic.acts();
    clinic.delivers_everything();
    assert_eq!(clinic.active_at_server().len(), 4);
    clinic
}

#[test]
fn what_was_ordered_under_both_entries_is_taken_back_under_one() {
    let mut clinic = ordered_for_both();
    drop(
        clinic
            .world
            .resident("aino")
            .registered("link", link("aino-again", "replaces")),
    );
    clinic.world.pulls();
    clinic.acts();
    clinic.delivers_everything();
    let active = clinic.active_at_server();
    assert_eq!(
        active,
        ["fasting-plasma-glucose", "hba1c"]
            .map(|test| key("aino", test))
            .into()
    );
}

#[test]
fn an_order_under_the_entry_that_is_replaced_is_the_persons_order_and_any_result_answers_it() {
    let mut world = World::new();
    at_risk(&mut world, "aino");
    let mut clinic = Clinic::of(world, &["aino"], &[]);
    clinic.acts();
    clinic.delivers_everything();
    // A new entry comes, which replaces the one under which she was called.
    drop(at_risk(&mut clinic.world, "aino-again"));
    drop(
        clinic
            .world
            .resident("aino-again")
            .registered("link", link("aino", "replaces")),
    );
    clinic.world.pulls();
    clinic.acts();
    clinic.delivers_everything();
    assert_eq!(
        clinic.active_at_server().len(),
        2,
        "nothing is ordered twice"
    );
    drop(
        clinic
            .world
            .resident("aino-again")
            .hba1c(36.0, "2025-11-05")
            .fasting_glucose(5.2, "2025-11-05"),
    );
    clinic.world.pulls();
    clinic.world.runs_as_of("2025-11-06");
    let told = clinic.world.explanation_for("aino");
    let rests_on = "fasting plasma glucose 5.2 mmol/L, normal, on 5 November 2025";
    assert!(told.contains(rests_on), "{told}");
    assert_eq!(clinic.world.site.state_of("aino-again"), "out-of-scope");
}

#[test]
fn who_is_parted_again_has_their_own_facts_and_a_person_looks_at_what_was_done() {
    let mut clinic = ordered_for_both();
    drop(
        clinic
            .world
            .resident("aino")
            .registered("link", link("aino-again", "replaces")),
    );
    clinic.world.pulls();
    clinic.acts();
    let run = clinic.world.runs();
    drop(clinic.world.resident("aino").registered("link", json!([])));
    clinic.world.pulls();
    clinic.world.runs();
    for name in ["aino", "aino-again"] {
        let told = clinic.world.explanation_for(name);
        assert!(!told.contains("Also entered as"), "{told}");
        assert!(!told.contains("under another entry"), "{told}");
    }
    let mut parted = about(&clinic.world, "entries-parted");
    parted.sort();
    let mut both = ["aino", "aino-again"].map(|name| opaque(name).to_string());
    both.sort();
    assert_eq!(parted, both);
    // What was decided while they were one is decided again as it was.
    let id = run["run"].to_string();
    let said = clinic.site().does(&["replay", &id]).ends_well();
    assert!(said.contains("identical"), "{said}");
    clinic.site().is_whole();
}

#[test]
fn a_person_of_whom_one_entry_is_hidden_is_hidden() {
    let mut world = twins();
    let hidden = json!({ "security": [{ "code": "TURVAKIELTO" }] });
    drop(world.resident("aino-again").registered("meta", hidden));
    decides(&world);
    world.decides_that("aino-again", "asked");
    world.decides_that("aino", "out-of-scope");
}

#[test]
fn who_has_died_or_left_under_one_entry_has_under_the_one_that_leads() {
    for (says, field, value, states) in [
        (
            "aino",
            "deceasedDateTime",
            json!("2025-10-20"),
            ["deceased", "deceased"],
        ),
        (
            "aino-again",
            "deceasedDateTime",
            json!("2025-10-20"),
            ["deceased", "deceased"],
        ),
    ] {
        let mut world = twins();
        decides(&world);
        drop(world.resident(says).registered(field, value));
        decides(&world);
        let found = ["aino", "aino-again"].map(|name| world.site.state_of(name));
        assert_eq!(found, states, "{says}");
    }
    // The entry that was written last says where she lives.
    for says in ["aino", "aino-again"] {
        let mut world = twins();
        decides(&world);
        drop(world.resident(says).leaves("2025-10-20"));
        decides(&world);
        let mut found = ["aino", "aino-again"].map(|name| world.site.state_of(name));
        found.sort();
        assert_eq!(found, ["moved", "out-of-scope"], "{says}");
    }
}

#[test]
fn an_entry_that_another_replaces_says_nothing_of_where_she_lives_now() {
    // She moves; that the other entry was hers is found out later, and it is written anew as it was.
    let mut world = World::new();
    for name in ["aino", "aino-again"] {
        unknown(&mut world, name);
    }
    drop(world.resident("aino").leaves("2025-10-10"));
    decides(&world);
    let replaced = link("aino", "replaced-by");
    drop(world.resident("aino-again").registered("link", replaced));
    decides(&world);
    let mut found = ["aino", "aino-again"].map(|name| world.site.state_of(name));
    found.sort();
    assert_eq!(found, ["moved", "out-of-scope"]);
}
