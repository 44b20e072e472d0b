//! A task is handed over to a colleague: whose it is can be seen, its last day stays as it is, and nobody
//! is hidden because whoever has it in hand is away.

use serde_json::{Value, json};

use crate::support::acting::{Clinic, at_risk};
use crate::support::browser::{Browser, Pages};
use crate::support::site::{Said, opaque, text};
use crate::support::world::World;

/// A result that cannot wait.
const CRITICAL: &str = "liisa";
/// A result to confirm.
const CONFIRMING: &str = "aino";
const BY: [&str; 4] = ["--by", "Maija", "--reason", "he knows her"];

fn clinic() -> Clinic {
    let mut world = World::new();
    let kallio = || json!([{ "district": "Kallio" }]);
    drop(
        world
            .resident(CRITICAL)
            .woman_born("1970-06-06")
            .fasting_glucose(22.0, "2025-10-28")
            .registered("address", kallio()),
    );
    drop(
        world
            .resident(CONFIRMING)
            .woman_born("1960-01-01")
            .hba1c(44.0, "2023-10-01")
            .hba1c(52.0, "2025-10-01")
            .registered("address", kallio()),
    );
    drop(at_risk(&mut world, "matti").registered("address", json!([{ "district": "Pasila" }])));
    let clinic = Clinic::of(world, &["matti"], &[]);
    clinic.acts();
    clinic
}

fn tasks(clinic: &Clinic) -> Vec<Value> {
    let words = ["tasks", "list", "--on", "2025-11-20", "--json"];
    let said = clinic.site().does(&words).ends_well();
    let said: Value = serde_json::from_str(&said).expect("JSON");
    said["tasks"].as_array().expect("a list").clone()
}

fn task_of(clinic: &Clinic, name: &str) -> Value {
    let id = opaque(name).to_string();
    let tasks = tasks(clinic).into_iter();
    let mut of = tasks.filter(|task| task["resident"] == id.as_str());
    of.next().expect("a task")
}

fn hands(clinic: &Clinic, words: &[&str]) -> Said {
    let words = [&["tasks", "hand-over"], words, &BY[..]].concat();
    clinic.site().does(&words)
}

fn address(name: &str) -> String {
    format!("/resident?id={}", opaque(name))
}

fn found(page: &str) -> Vec<&'static str> {
    let all = [CRITICAL, CONFIRMING, "matti"].into_iter();
    all.filter(|name| page.contains(&address(name))).collect()
}

fn nurse(pages: &Pages, name: &str, districts: &str) -> Browser {
    let mut browser = pages.browser();
    browser.signs_in(name, "clinician", districts);
    browser
}

fn records(clinic: &Clinic, act: &str) -> Vec<[String; 3]> {
    let said = clinic.site().does(&["audit", "list", "--json"]).ends_well();
    let said: Value = serde_json::from_str(&said).expect("JSON");
    let records = said["records"].as_array().expect("a list").iter();
    let of_act = records.filter(|one| one["act"] == act);
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    of_act
        .map(|one| [word(&one["who"]), word(&one["about"]), word(&one["detail"])])
        .collect()
}

#[test]
fn a_task_is_handed_over_given_back_and_due_on_the_same_day_all_along() {
    let clinic = clinic();
    let before = task_of(&clinic, CRITICAL);
    assert_eq!(before["holder"], Value::Null);
    let number = before["task"].to_string();
    let said = hands(&clinic, &[&number, "--to", "Matti"]).ends_well();
    assert_eq!(said, "1 matter handed over to Matti by Maija.\n");
    let after = task_of(&clinic, CRITICAL);
    assert_eq!(after["holder"], "Matti");
    for same in ["due", "is_late", "priority", "opened_on"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    let words = ["tasks", "list", "--on", "2025-11-20"];
    let said = clinic.site().does(&words).ends_well();
    assert!(said.contains("\n    in hand: Matti\n"), "{said}");
    // To a role, and back to nobody.
    hands(&clinic, &[&number, "--to-role", "medical-lead"]).ends_well();
    assert_eq!(task_of(&clinic, CRITICAL)["holder"], "medical-lead");
    let said = hands(&clinic, &[&number, "--back"]).ends_well();
    assert_eq!(said, "1 matter given back by Maija.\n");
    assert_eq!(task_of(&clinic, CRITICAL)["holder"], Value::Null);
    let said = hands(&clinic, &[&number, "--back"]).ends_with(1);
    assert!(said.starts_with("error: nobody has this in hand"), "{said}");
    let (who, id) = ("Maija".to_owned(), opaque(CRITICAL).to_string());
    let record = [who, id, number];
    let expected = [record.clone(), record.clone()];
    assert_eq!(records(&clinic, "handed-over-task"), expected);
    assert_eq!(records(&clinic, "gave-back-task"), [record]);
    clinic.site().is_whole();
}

#[test]
fn all_of_several_matters_are_handed_over_or_none() {
    let clinic = clinic();
    let number = task_of(&clinic, CRITICAL)["task"].to_string();
    for (words, says) in [
        (
            vec![number.as_str(), "999", "--to", "Matti"],
            "error: no task here has the number 999\n",
        ),
        (
            vec![number.as_str(), "--to", " "],
            "error: `--to` is empty\n",
        ),
        (
            vec![number.as_str(), "--to-role", "researcher"],
            "error: nothing can be handed over to the role `researcher`\n",
        ),
        (
            vec![number.as_str(), "--confirming", "matti", "--to", "Matti"],
            "error: this resident is not to be confirmed\n",
        ),
    ] {
        let said = hands(&clinic, &words).ends_with(1);
        assert!(said.starts_with(says), "{words:?}: {said}");
    }
    for words in [
        vec![number.as_str()],
        vec!["--to", "Matti"],
        vec![number.as_str(), "--to", "Matti", "--back"],
    ] {
        hands(&clinic, &words).ends_with(2);
    }
    assert_eq!(task_of(&clinic, CRITICAL)["holder"], Value::Null);
    // What is closed is nobody's to have in hand.
    let close = [
        "tasks", "close", &number, "--by", "Maija", "--reason", "done",
    ];
    clinic.site().does(&close).ends_well();
    let said = hands(&clinic, &[&number, "--to", "Matti"]).ends_with(1);
    let closed = format!("error: task {number} is closed already");
    assert!(said.starts_with(&closed), "{said}");
    assert!(records(&clinic, "handed-over-task").is_empty());
}

#[test]
fn a_nurse_hands_over_takes_and_gives_back_on_the_page_and_the_list_shows_whose_it_is() {
    let clinic = clinic();
    let pages = Pages::for_trial(&clinic);
    let mut maija = nurse(&pages, "Maija Meikäläinen", "");
    let mut matti = nurse(&pages, "Matti Meikäläinen", "");
    let (id, task) = (opaque(CONFIRMING).to_string(), task_of(&clinic, CONFIRMING));
    let number = task["task"].to_string();
    let named = [("id", id.as_str()), ("task", number.as_str())];
    let with = |more: &[(&'static str, &'static str)]| [&named[..], more].concat();
    let whose = |browser: &mut Browser, whose: &str| {
        found(&browser.gets(&format!("/worklist?whose={whose}")).text)
    };
    assert_eq!(whose(&mut maija, "mine"), [""; 0]);
    assert_eq!(whose(&mut maija, "nobody"), [CRITICAL, CONFIRMING]);
    let page = maija.gets(&address(CONFIRMING)).text;
    assert!(page.contains("In hand: nobody"), "{page}");
    // Neither a name nor a role, both, no reason, no such role.
    for fields in [
        with(&[("what", "hand-over"), ("reason", "x")]),
        with(&[
            ("what", "hand-over"),
            ("reason", "x"),
            ("person", "Matti"),
            ("role", "clinician"),
        ]),
        with(&[("what", "hand-over"), ("reason", " "), ("person", "Matti")]),
        with(&[
            ("what", "hand-over"),
            ("reason", "x"),
            ("role", "researcher"),
        ]),
        with(&[("what", "lose"), ("reason", "x"), ("person", "Matti")]),
    ] {
        assert_eq!(maija.sends("/resident/hand-over", &fields).status, 422);
    }
    let back = with(&[("what", "give-back"), ("reason", "x")]);
    assert_eq!(maija.sends("/resident/hand-over", &back).status, 409);
    let give = with(&[
        ("what", "hand-over"),
        ("reason", "<i>knows her</i>"),
        ("person", "matti meikäläinen\u{202e}"),
    ]);
    let heard = maija.sends("/resident/hand-over", &give);
    let done = format!("{}&done=handed-over", address(CONFIRMING));
    assert_eq!(
        heard.header("location"),
        Some(done.as_str()),
        "{}",
        heard.text
    );
    let page = maija.gets(&done).text;
    assert!(page.contains("Its last day stays as it is."), "{page}");
    assert!(
        page.contains("In hand: <strong><bdi>matti meikäläinen</bdi>"),
        "{page}"
    );
    assert!(page.contains("&lt;i&gt;knows her&lt;/i&gt;"), "{page}");
    assert!(page.contains("Handed over: "), "{page}");
    // He finds it among his own; she does not, and nobody's is the other alone.
    assert_eq!(whose(&mut matti, "mine"), [CONFIRMING]);
    assert_eq!(whose(&mut maija, "mine"), [""; 0]);
    assert_eq!(whose(&mut maija, "nobody"), [CRITICAL]);
    assert_eq!(
        whose(&mut maija, "person%3Amatti%20meik%C3%A4l%C3%A4inen"),
        [CONFIRMING]
    );
    // Whoever is away hides nothing: it is where it was, as late as it was.
    assert_eq!(
        found(&maija.gets("/worklist").text),
        [CRITICAL, CONFIRMING, "matti"]
    );
    assert_eq!(task_of(&clinic, CONFIRMING)["due"], task["due"]);
    // She takes it herself, and a role has it, and then nobody.
    let take = with(&[("what", "take"), ("reason", "he is on leave")]);
    assert_eq!(maija.sends("/resident/hand-over", &take).status, 303);
    assert_eq!(whose(&mut maija, "mine"), [CONFIRMING]);
    assert_eq!(whose(&mut matti, "mine"), [""; 0]);
    let role = with(&[
        ("what", "hand-over"),
        ("reason", "x"),
        ("role", "clinician"),
    ]);
    assert_eq!(maija.sends("/resident/hand-over", &role).status, 303);
    assert_eq!(whose(&mut matti, "mine"), [CONFIRMING]);
    assert_eq!(whose(&mut matti, "role%3Aclinician"), [CONFIRMING]);
    assert_eq!(maija.sends("/resident/hand-over", &back).status, 303);
    assert_eq!(whose(&mut maija, "nobody"), [CRITICAL, CONFIRMING]);
    let handed = records(&clinic, "handed-over-task");
    assert_eq!(handed.len(), 3);
    assert!(
        handed
            .iter()
            .all(|[who, about, _]| who == "Maija Meikäläinen (trial)" && *about == id)
    );
    // Nobody hands over whom they may not see, nor a task of somebody else.
    let mut other = nurse(&pages, "Olli", "Pasila");
    other.gets("/worklist");
    assert_eq!(other.sends("/resident/hand-over", &take).status, 404);
    let wrong = opaque(CRITICAL).to_string();
    let wrong = [
        ("id", wrong.as_str()),
        named[1],
        ("what", "take"),
        ("reason", "x"),
    ];
    assert_eq!(maija.sends("/resident/hand-over", &wrong).status, 404);
}

#[test]
fn who_is_to_be_confirmed_is_handed_over_without_a_task_too() {
    let clinic = clinic();
    let site = clinic.site();
    for task in tasks(&clinic) {
        if text(&task["resident"]) == opaque(CONFIRMING).to_string() {
            let number = task["task"].to_string();
            let close = [
                "tasks", "close", &number, "--by", "Maija", "--reason", "rang",
            ];
            site.does(&close).ends_well();
        }
    }
    let pages = Pages::for_trial(&clinic);
    let mut maija = nurse(&pages, "Maija Meikäläinen", "");
    let mine = |browser: &mut Browser| found(&browser.gets("/worklist?whose=mine").text);
    let nobodys = |browser: &mut Browser| found(&browser.gets("/worklist?whose=nobody").text);
    assert_eq!(nobodys(&mut maija), [CRITICAL, CONFIRMING]);
    maija.gets(&address(CONFIRMING));
    let id = opaque(CONFIRMING).to_string();
    let take = [
        ("id", id.as_str()),
        ("task", ""),
        ("what", "take"),
        ("reason", "mine"),
    ];
    assert_eq!(maija.sends("/resident/hand-over", &take).status, 303);
    assert_eq!(mine(&mut maija), [CONFIRMING]);
    assert_eq!(nobodys(&mut maija), [CRITICAL]);
    let said = hands(&clinic, &["--confirming", CONFIRMING, "--back"]).ends_well();
    assert_eq!(said, "1 matter given back by Maija.\n");
    assert_eq!(mine(&mut maija), [""; 0]);
    // Who is not to be confirmed has nothing to be handed over without a task.
    let other = opaque("matti").to_string();
    let wrong = [("id", other.as_str()), take[1], take[2], take[3]];
    assert_eq!(maija.sends("/resident/hand-over", &wrong).status, 404);
    // It is shown to whom it is about, and gone with them.
    let who = ["--by", "Maija", "--reason", "request 17/2026"];
    let words = [&["subject-access", CONFIRMING, "--lang", "en"], &who[..]].concat();
    let shown = site.does(&words).ends_well();
    assert!(
        shown.contains("To whom tasks were handed over (2)"),
        "{shown}"
    );
    drop(pages);
    site.does(&[&["erase", CONFIRMING], &who[..]].concat())
        .ends_well();
    site.is_whole();
}
