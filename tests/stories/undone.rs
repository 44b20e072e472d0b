//! What was said about many orders at once is taken back in one step, as long as they have not left.

use serde_json::Value;

use crate::support::acting::{Clinic, at_risk, key};
use crate::support::browser::{Browser, Pages};
use crate::support::site::{Said, opaque};
use crate::support::world::World;

const HERS: &str = "aino";
const OTHER: &str = "matti";
const TESTS: [&str; 2] = ["hba1c", "fasting-plasma-glucose"];

fn clinic() -> Clinic {
    let mut world = World::new();
    for (name, district) in [(HERS, "Kallio"), (OTHER, "Pasila")] {
        let district = serde_json::json!([{ "district": district }]);
        drop(at_risk(&mut world, name).registered("address", district));
    }
    let clinic = Clinic::of(world, &[HERS, OTHER], &[]);
    clinic.acts();
    clinic
}

fn says(clinic: &Clinic, verb: &str, keys: &[&str]) -> Said {
    let by = ["--by", "Maija", "--reason", "texts change"];
    let words = [&["orders", verb], keys, &by[..]].concat();
    clinic.site().does(&words)
}

fn undoes(clinic: &Clinic, act: &str) -> Said {
    clinic
        .site()
        .does(&["orders", "undo", act, "--by", "Liisa"])
}

/// What is said about an order that waits; nothing of one that has left.
fn review(clinic: &Clinic, key: &str) -> Option<Value> {
    let said = clinic.site().does(&["orders", "list", "--json"]);
    let said: Value = serde_json::from_str(&said.ends_well()).expect("JSON");
    let orders = said["orders"].as_array().expect("a list").clone();
    let mut of_key = orders.into_iter().filter(|one| one["key"] == key);
    of_key.next().map(|one| one["review"].clone())
}

fn n_records(clinic: &Clinic, act: &str) -> usize {
    let said = clinic.site().does(&["audit", "list", "--json"]).ends_well();
    let said: Value = serde_json::from_str(&said).expect("JSON");
    let records = said["records"].as_array().expect("a list").iter();
    records.filter(|one| one["act"] == act).count()
}

#[test]
fn what_was_held_at_once_is_as_it_was_before_in_one_step() {
    let clinic = clinic();
    let keys = TESTS.map(|test| key(HERS, test));
    let [first, second] = [keys[0].as_str(), keys[1].as_str()];
    says(&clinic, "approve", &[first]).ends_well();
    let said = says(&clinic, "hold", &[first, second]).ends_well();
    assert_eq!(
        said,
        "2 orders held by Maija.\n`preventio orders undo 2` takes it back until they have left.\n"
    );
    // The same again is no news, and there is nothing to take back of it.
    let said = says(&clinic, "hold", &[first, second]).ends_well();
    assert_eq!(said, "0 orders held by Maija.\n");
    let said = undoes(&clinic, "2").ends_well();
    assert_eq!(said, "Taken back by Liisa: 2 orders.\n");
    assert_eq!(review(&clinic, first), Some("approved".into()));
    assert_eq!(review(&clinic, second), Some(Value::Null));
    assert_eq!(n_records(&clinic, "took-back-review"), 2);
    // Once.
    let said = undoes(&clinic, "2").ends_with(1);
    assert_eq!(
        said,
        "error: nothing was taken back: of what was said, 0 had left already, and 2 were taken back or spoken of otherwise since\n"
    );
    let said = undoes(&clinic, "77").ends_with(1);
    assert!(
        said.starts_with("error: nothing that was said about orders has the number 77\n"),
        "{said}"
    );
    clinic.dispatches();
    assert_eq!(clinic.n_at_server(), 4);
    clinic.site().is_whole();
}

#[test]
fn what_has_left_is_told_and_what_has_not_is_taken_back() {
    let clinic = clinic();
    let keys = TESTS.map(|test| key(HERS, test));
    let [first, second] = [keys[0].as_str(), keys[1].as_str()];
    says(&clinic, "hold", &[first, second]).ends_well();
    says(&clinic, "approve", &[first]).ends_well();
    clinic.dispatches();
    assert_eq!(review(&clinic, first), None);
    let said = undoes(&clinic, "1").ends_well();
    assert_eq!(
        said,
        "Taken back by Liisa: 1 order.\n1 order had left already.\n"
    );
    assert_eq!(review(&clinic, second), Some(Value::Null));
    clinic.dispatches();
    // Nothing of it is left: there is nothing to take back, and nothing pretends that there was.
    let said = undoes(&clinic, "1").ends_with(1);
    assert!(said.contains("2 had left already, and 0 were"), "{said}");
    assert_eq!(n_records(&clinic, "took-back-review"), 1);
    // What somebody has said since holds.
    let others = TESTS.map(|test| key(OTHER, test));
    assert_eq!(clinic.n_at_server(), 4);
    let said = says(&clinic, "hold", &[&others[0]]).ends_with(1);
    assert!(said.contains("only what has not left"), "{said}");
}

#[test]
fn everything_that_was_held_is_let_go_again() {
    let mut clinic = clinic();
    let said = says(&clinic, "hold", &["--all"]).ends_well();
    assert!(said.starts_with("4 orders held by Maija.\n"), "{said}");
    let known = key(HERS, TESTS[0]);
    says(&clinic, "approve", &[&known]).ends_well();
    let said = undoes(&clinic, "1").ends_well();
    assert_eq!(
        said,
        "Taken back by Liisa: 3 orders.\nAbout 1 order something else was said since.\n"
    );
    assert_eq!(review(&clinic, &known), Some("approved".into()));
    // It is shown to whom it is about, and gone with them.
    let who = ["--by", "Maija", "--reason", "request 17/2026"];
    let words = [&["subject-access", OTHER, "--lang", "en"], &who[..]].concat();
    let shown = clinic.site().does(&words).ends_well();
    assert!(shown.contains("What was taken back of it (2)"), "{shown}");
    clinic.world.resident(OTHER).says_no("2025-10-30");
    clinic.world.pulls();
    clinic.acts();
    clinic.dispatches();
    let words = [&["erase", OTHER], &who[..]].concat();
    clinic.site().does(&words).ends_well();
    clinic.site().is_whole();
}

fn nurse(pages: &Pages, name: &str, districts: &str) -> Browser {
    let mut browser = pages.browser();
    browser.signs_in(name, "clinician", districts);
    browser
}

#[test]
fn a_nurse_undoes_what_she_has_just_said_and_the_list_stays_as_she_had_it() {
    let clinic = clinic();
    let pages = Pages::for_trial(&clinic);
    let mut maija = nurse(&pages, "Maija", "");
    maija.gets("/worklist?for=order-to-leave&district=Kallio");
    let keys = TESTS.map(|test| key(HERS, test));
    let says = [
        ("order", keys[0].as_str()),
        ("order", keys[1].as_str()),
        ("review", "held"),
        ("reason", "texts change"),
        ("for", "order-to-leave"),
        ("district", "Kallio"),
    ];
    let heard = maija.sends("/worklist/orders", &says);
    let back = "/worklist?for=order-to-leave&district=Kallio&done=reviewed&act=1";
    assert_eq!(heard.header("location"), Some(back), "{}", heard.text);
    let page = maija.gets(back).text;
    assert!(page.contains("Undo what was just said"), "{page}");
    assert_eq!(review(&clinic, &keys[0]), Some("held".into()));
    let undo = [("act", "1"), says[4], says[5]];
    // A colleague's is not hers to undo here, nor what nobody has said.
    let mut liisa = nurse(&pages, "Liisa", "");
    liisa.gets("/worklist");
    for act in ["1", "77", "x", ""] {
        assert_eq!(liisa.sends("/worklist/undo", &[("act", act)]).status, 404);
    }
    let heard = maija.sends("/worklist/undo", &undo);
    let done = "/worklist?for=order-to-leave&district=Kallio&done=undone&n=2&left=0&since=0";
    assert_eq!(heard.header("location"), Some(done), "{}", heard.text);
    let page = maija.gets(done).text;
    assert!(page.contains("Undone; orders: 2."), "{page}");
    assert!(!page.contains("Had left already"), "{page}");
    assert!(
        keys.iter()
            .all(|key| review(&clinic, key) == Some(Value::Null))
    );
    assert_eq!(maija.sends("/worklist/undo", &undo).status, 409);
    // One order, from the resident's own page, back to it.
    let id = opaque(HERS).to_string();
    let one = [
        ("id", id.as_str()),
        ("order", keys[0].as_str()),
        ("review", "held"),
        ("reason", "x"),
    ];
    let heard = maija.sends("/resident/order", &one);
    let back = format!("/resident?id={id}&done=reviewed&act=3");
    assert_eq!(heard.header("location"), Some(back.as_str()));
    let page = maija.gets(&back).text;
    assert!(page.contains("Undo what was just said"), "{page}");
    let heard = maija.sends(
        "/worklist/undo",
        &[("act", "3"), ("from", "resident"), one[0]],
    );
    let done = format!("/resident?id={id}&done=undone&n=1&left=0&since=0");
    assert_eq!(heard.header("location"), Some(done.as_str()));
    let page = maija.gets(&done).text;
    assert!(page.contains("hold undone"), "{page}");
    // Whatever a form or an address says, nobody is led elsewhere and nothing is made up.
    let page = maija.gets("/worklist?done=undone&n=%3Cb%3E&left=9").text;
    assert!(!page.contains("<b>") && !page.contains("Undone;"), "{page}");
}
