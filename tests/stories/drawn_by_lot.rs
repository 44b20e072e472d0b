//! Those below the action level who were drawn by lot are listed by themselves, with why they are there;
//! their tests wait for a named person where the configuration says so.

use serde_json::{Value, json};

use crate::support::acting::{Clinic, TESTS, at_risk, key};
use crate::support::browser::{Browser, Pages};
use crate::support::site::{opaque, preventio};
use crate::support::world::{LOWEST, World};

const DRAWN: &str = "aino";
const ELSEWHERE: &str = "bertta";
const FLAGGED: &str = "matti";
const LOT: &str = "\n[sampled_negatives]\nshare = 0.999\napproved_by = \"Dr Test\"\n";
const REVIEWED: &str = "mode = \"reviewed\"\n";

/// Two below the level who are drawn, and one above it.
fn clinic(more: &str) -> Clinic {
    let mut world = World::new();
    let visit = "2025-10-01";
    for (name, district) in [(DRAWN, "Kallio"), (ELSEWHERE, "Pasila")] {
        drop(
            world
                .resident(name)
                .woman_born("1990-01-01")
                .bmi(22.0, visit)
                .waist(70.0, visit)
                .answers(&LOWEST, visit)
                .registered("address", json!([{ "district": district }])),
        );
    }
    drop(at_risk(&mut world, FLAGGED).registered("address", json!([{ "district": "Kallio" }])));
    let clinic = Clinic::of(world, &[FLAGGED], &[]);
    Pages::add(&clinic, &format!("{LOT}{more}"));
    clinic.acts();
    clinic
}

fn listed(clinic: &Clinic, words: &[&str]) -> Vec<Value> {
    let words = [&["orders", "list", "--json"], words].concat();
    let said = clinic.site().does(&words).ends_well();
    let said: Value = serde_json::from_str(&said).expect("JSON");
    said["orders"].as_array().expect("a list").clone()
}

fn nurse(pages: &Pages, districts: &str) -> Browser {
    let mut browser = pages.browser();
    browser.signs_in("Maija", "clinician", districts);
    browser
}

fn found(page: &str) -> Vec<&'static str> {
    let all = [DRAWN, ELSEWHERE, FLAGGED].into_iter();
    all.filter(|name| page.contains(&format!("/resident?id={}", opaque(name))))
        .collect()
}

#[test]
fn those_who_were_drawn_are_listed_by_themselves_and_why_they_are_there() {
    let clinic = clinic("");
    let all = listed(&clinic, &[]);
    assert_eq!(all.len(), 6);
    let drawn = listed(&clinic, &["--drawn"]);
    assert_eq!(drawn.len(), 4);
    assert!(drawn.iter().all(|one| one["drawn_e9"] == 999_000_000));
    let flagged = opaque(FLAGGED).to_string();
    let is_flagged = |one: &&Value| one["resident"] == flagged.as_str();
    assert!(
        all.iter()
            .filter(is_flagged)
            .all(|one| one["drawn_e9"].is_null())
    );
    let said = clinic
        .site()
        .does(&["orders", "list", "--drawn"])
        .ends_well();
    assert_eq!(said.matches("drawn by lot (99.9 %)").count(), 4, "{said}");

    let pages = Pages::for_trial(&clinic);
    let mut maija = nurse(&pages, "");
    let page = maija.gets("/drawn").text;
    assert_eq!(found(&page), [DRAWN, ELSEWHERE], "{page}");
    assert!(
        page.contains("not chosen for a high risk but by lot"),
        "{page}"
    );
    assert!(
        page.contains("how many cases the screening misses"),
        "{page}"
    );
    assert!(page.contains("99.9 %"), "{page}");
    assert_eq!(page.matches("name=\"order\"").count(), 4, "{page}");
    // On the worklist they are too, and it is said of them there.
    let page = maija.gets("/worklist?for=order-to-leave").text;
    assert_eq!(found(&page), [DRAWN, ELSEWHERE, FLAGGED], "{page}");
    assert_eq!(page.matches("<td>drawn by lot").count(), 2, "{page}");
    // Whom she may not see is not there, and nothing can be said about them from here.
    let mut liisa = nurse(&pages, "Kallio");
    assert_eq!(found(&liisa.gets("/drawn").text), [DRAWN]);
    let other = key(ELSEWHERE, TESTS[0]);
    let held = [
        ("order", other.as_str()),
        ("review", "held"),
        ("reason", "x"),
        ("from", "drawn"),
    ];
    assert_eq!(liisa.sends("/worklist/orders", &held).status, 404);
    // Nobody is drawn: the page says so, and offers nothing.
    let none = Clinic::with(1, &[]);
    none.acts();
    let pages = Pages::for_trial(&none);
    let page = nurse(&pages, "").gets("/drawn").text;
    assert!(
        page.contains("0 residents wait") && !page.contains("name=\"order\""),
        "{page}"
    );
}

#[test]
fn tests_of_those_drawn_wait_for_a_named_person_and_those_of_the_flagged_do_not() {
    let clinic = clinic(REVIEWED);
    clinic.dispatches();
    let waiting = listed(&clinic, &[]);
    assert_eq!(waiting.len(), 4, "the flagged one's have left: {waiting:?}");
    assert!(waiting.iter().all(|one| !one["drawn_e9"].is_null()));
    let pages = Pages::for_trial(&clinic);
    let mut maija = nurse(&pages, "");
    maija.gets("/drawn");
    let keys = TESTS.map(|test| key(DRAWN, test));
    let says = |review: &'static str| {
        [
            ("order", keys[0].as_str()),
            ("order", keys[1].as_str()),
            ("review", review),
            ("reason", "seen"),
            ("from", "drawn"),
        ]
    };
    let heard = maija.sends("/worklist/orders", &says("held"));
    let back = "/drawn?done=reviewed&act=1";
    assert_eq!(heard.header("location"), Some(back), "{}", heard.text);
    assert!(maija.gets(back).text.contains("Undo what was just said"));
    let heard = maija.sends("/worklist/undo", &[("act", "1"), ("from", "drawn")]);
    let done = "/drawn?done=undone&n=2&left=0&since=0";
    assert_eq!(heard.header("location"), Some(done), "{}", heard.text);
    clinic.dispatches();
    assert_eq!(listed(&clinic, &[]).len(), 4, "undone, they wait as before");
    assert_eq!(
        maija.sends("/worklist/orders", &says("approved")).status,
        303
    );
    clinic.dispatches();
    let waiting = listed(&clinic, &[]);
    assert_eq!(waiting.len(), 2, "{waiting:?}");
    let other = opaque(ELSEWHERE).to_string();
    assert!(waiting.iter().all(|one| one["resident"] == other.as_str()));
    assert_eq!(found(&maija.gets("/drawn").text), [ELSEWHERE]);
    clinic.site().is_whole();
}

#[test]
fn without_that_they_leave_as_others_do() {
    let clinic = clinic("");
    clinic.dispatches();
    assert_eq!(listed(&clinic, &[]), [Value::Null; 0]);
}

#[test]
fn how_tests_of_those_drawn_leave_is_automatic_or_reviewed_and_nothing_else() {
    let clinic = clinic("");
    let text = std::fs::read_to_string(clinic.config()).expect("a configuration");
    let text = text.replace(LOT, &format!("{LOT}mode = \"sometimes\"\n"));
    std::fs::write(clinic.config(), text).expect("a configuration can be written");
    let config = clinic.config().display().to_string();
    let said = preventio(&["config", "check", "--config", &config]);
    assert_ne!(said.code, Some(0));
    assert!(said.err.contains("sometimes"), "{}", said.err);
}
