//! People do their work on the pages: whoever waits is there, what they decide is on record in their name,
//! and nobody is shown whom they may not see.

use std::sync::Arc;

use preventiojyraa::config::Reach;
use preventiojyraa::steps::{Choice, Worklists};
use serde_json::{Value, json};

use crate::support::acting::{Clinic, at_risk, key, until};
use crate::support::browser::{Browser, Pages};
use crate::support::shipped::rulebook;
use crate::support::site::opaque;
use crate::support::world::World;

const CRITICAL: &str = "liisa";
const CONFIRMING: &str = "aino";
const AT_RISK: &str = "matti";
const HIDDEN: &str = "salla";

/// A result that cannot wait, one to confirm, somebody for whom tests are ordered, and somebody whose
/// district is nobody's to know.
fn clinic() -> Clinic {
    let mut world = World::new();
    let district = |name: &str| json!([{ "district": name }]);
    drop(
        world
            .resident(CRITICAL)
            .woman_born("1970-06-06")
            .fasting_glucose(22.0, "2025-10-28")
            .registered("address", district("Kallio")),
    );
    drop(
        world
            .resident(CONFIRMING)
            .woman_born("1960-01-01")
            .hba1c(44.0, "2023-10-01")
            .hba1c(52.0, "2025-10-01")
            .registered("address", district("Kallio")),
    );
    drop(at_risk(&mut world, AT_RISK).registered("address", district("Pasila")));
    let hidden = json!({ "security": [{ "code": "TURVAKIELTO" }] });
    drop(
        at_risk(&mut world, HIDDEN)
            .registered("meta", hidden)
            .registered("address", district("Kallio")),
    );
    let clinic = Clinic::of(world, &[AT_RISK, HIDDEN], &[]);
    clinic.acts();
    clinic
}

fn address(name: &str) -> String {
    format!("/resident?id={}", opaque(name))
}

/// What a page says without its marks, a line for each thing.
fn says(page: &str) -> String {
    let main = page.split_once("<main").map_or(page, |(_, rest)| rest);
    let main = main.split_once("</main>").map_or(main, |(main, _)| main);
    let mut text = String::new();
    for part in main.split('<').skip(1) {
        let (tag, words) = part.split_once('>').unwrap_or((part, ""));
        let name = tag.trim_start_matches('/').split([' ', '>']).next();
        let breaks = [
            "p", "tr", "li", "ul", "h1", "h2", "h3", "dd", "br", "label", "option", "a", "button",
            "select", "legend", "fieldset", "caption", "form",
        ];
        if name.is_some_and(|name| breaks.contains(&name)) {
            text.push('\n');
        } else if tag.starts_with("/t") || tag.starts_with("/dt") {
            text.push_str(" | ");
        }
        text.push_str(words);
    }
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && *line != "|");
    lines.collect::<Vec<_>>().join("\n")
}

fn names_found(page: &str) -> Vec<&'static str> {
    let all = [CRITICAL, CONFIRMING, AT_RISK, HIDDEN];
    let mut found: Vec<(usize, &str)> = all
        .into_iter()
        .filter_map(|name| Some((page.find(&address(name))?, name)))
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, name)| name).collect()
}

fn records(clinic: &Clinic, act: &str) -> Vec<(String, Option<String>)> {
    let said = clinic.site().does(&["audit", "list", "--json"]).ends_well();
    let said: Value = serde_json::from_str(&said).expect("JSON");
    let records = said["records"].as_array().expect("a list").iter();
    let of_act = records.filter(|one| one["act"] == act);
    of_act
        .map(|one| {
            let who = one["who"].as_str().expect("a name").to_owned();
            (who, one["about"].as_str().map(str::to_owned))
        })
        .collect()
}

fn open_tasks(clinic: &Clinic) -> Vec<Value> {
    let said = clinic.site().does(&["tasks", "list", "--json"]).ends_well();
    let said: Value = serde_json::from_str(&said).expect("JSON");
    said["tasks"].as_array().expect("a list").clone()
}

fn task_of(clinic: &Clinic, name: &str) -> String {
    let id = opaque(name).to_string();
    let tasks = open_tasks(clinic);
    let task = tasks.iter().find(|task| task["resident"] == id.as_str());
    task.expect("a task")["task"].to_string()
}

fn reviews(clinic: &Clinic) -> Vec<(String, Value)> {
    let said = clinic
        .site()
        .does(&["orders", "list", "--json"])
        .ends_well();
    let said: Value = serde_json::from_str(&said).expect("JSON");
    let orders = said["orders"].as_array().expect("a list").iter();
    orders
        .map(|one| {
            let key = one["key"].as_str().expect("a key").to_owned();
            (key, one["review"].clone())
        })
        .collect()
}

fn nurse(pages: &Pages, districts: &str) -> Browser {
    let mut browser = pages.browser();
    browser.signs_in("Maija Meikäläinen", "clinician", districts);
    browser
}

#[test]
fn what_cannot_wait_is_first_and_each_row_says_why_and_what_to_do() {
    let clinic = clinic();
    let pages = Pages::for_trial(&clinic);
    let mut maija = nurse(&pages, "");
    let page = maija.gets("/worklist").text;
    let found = names_found(&page);
    assert_eq!(found[..2], [CRITICAL, CONFIRMING], "{page}");
    assert_eq!(found.len(), 4, "{page}");
    insta::assert_snapshot!("worklist", says(&page));
    assert_eq!(records(&clinic, "listed-tasks").len(), 1);
    // By what somebody waits for, by district, by what is late, and what is not a filter at all.
    for (words, expected) in [
        ("for=confirm", vec![CONFIRMING]),
        ("for=order-to-leave&district=Pasila", vec![AT_RISK]),
        ("district=Pasila", vec![AT_RISK]),
        ("district=Nowhere", vec![]),
        ("for=same-day&late=yes", vec![]),
        ("page=7", vec![]),
    ] {
        let page = maija.gets(&format!("/worklist?{words}")).text;
        assert_eq!(names_found(&page), expected, "{words}");
    }
    let page = maija.gets("/worklist?for=nothing&page=x&late=").text;
    assert_eq!(names_found(&page).len(), 4);
}

#[test]
fn a_nurse_opens_somebody_sees_why_and_closes_the_task_in_her_name() {
    let clinic = clinic();
    let pages = Pages::for_trial(&clinic);
    let mut maija = nurse(&pages, "Kallio");
    let page = maija.gets(&address(CONFIRMING)).text;
    for words in [
        "She has a laboratory result in the range of diabetes and no diagnosis",
        "52 mmol/mol",
        "<polyline",
        "to be confirmed by a professional",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let id = opaque(CONFIRMING).to_string();
    let who = "Maija Meikäläinen (trial)".to_owned();
    assert_eq!(
        records(&clinic, "viewed-resident"),
        [(who.clone(), Some(id.clone()))]
    );
    let task = task_of(&clinic, CONFIRMING);
    let fields = |conclusion: &'static str, reason: &'static str| {
        [
            ("id", id.clone()),
            ("task", task.clone()),
            ("conclusion", conclusion.to_owned()),
            ("reason", reason.to_owned()),
        ]
    };
    let sends = |browser: &mut Browser, fields: &[(&str, String)]| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
        browser.sends("/resident/task", &fields)
    };
    for (conclusion, reason) in [
        ("", "rang her"),
        ("certain", "rang her"),
        ("ruled-out", " "),
    ] {
        assert_eq!(sends(&mut maija, &fields(conclusion, reason)).status, 422);
    }
    let n_open = open_tasks(&clinic).len();
    let hostile = "<b>\u{202e}rang her</b>";
    let heard = sends(&mut maija, &fields("test-again", hostile));
    let back = format!("{}&done=closed", address(CONFIRMING));
    assert_eq!(
        heard.header("location"),
        Some(back.as_str()),
        "{}",
        heard.text
    );
    assert_eq!(open_tasks(&clinic).len(), n_open - 1);
    assert_eq!(records(&clinic, "closed-task"), [(who, Some(id.clone()))]);
    let page = maija.gets(&back).text;
    assert!(
        page.contains("role=\"status\">The task is closed."),
        "{page}"
    );
    let escaped = "<bdi>test-again: &lt;b&gt;\u{202e}rang her&lt;/b&gt;</bdi>";
    assert!(page.contains(escaped), "{page}");
    // Somebody else was there before: nothing is closed twice.
    assert_eq!(sends(&mut maija, &fields("other", "again")).status, 404);
    // She still has to be confirmed: nobody vanishes because a task is closed.
    assert!(names_found(&maija.gets("/worklist").text).contains(&CONFIRMING));
}

#[test]
fn orders_are_held_together_and_let_go_again_until_they_have_left() {
    let clinic = clinic();
    let pages = Pages::for_trial(&clinic);
    let mut maija = nurse(&pages, "");
    maija.gets("/worklist");
    let keys = ["hba1c", "fasting-plasma-glucose"].map(|test| key(AT_RISK, test));
    let fields = |review: &'static str, reason: &'static str| {
        [
            ("order", keys[0].as_str()),
            ("order", keys[1].as_str()),
            ("review", review),
            ("reason", reason),
        ]
    };
    let says = |review: &str| {
        let found = reviews(&clinic);
        let of_keys = found.iter().filter(|(key, _)| keys.contains(key));
        of_keys.filter(|(_, said)| *said == review).count()
    };
    assert_eq!(
        maija.sends("/worklist/orders", &fields("held", "")).status,
        422
    );
    assert_eq!(
        maija.sends("/worklist/orders", &fields("lost", "x")).status,
        404
    );
    let nothing = [("review", "held"), ("reason", "x")];
    assert_eq!(maija.sends("/worklist/orders", &nothing).status, 422);
    assert_eq!(says("held"), 0);
    let heard = maija.sends("/worklist/orders", &fields("held", "in hospital now"));
    assert_eq!(
        heard.header("location"),
        Some("/worklist?done=reviewed&act=1"),
        "{}",
        heard.text
    );
    assert_eq!(says("held"), 2);
    clinic.dispatches();
    assert_eq!(clinic.n_at_server(), 0);
    // One of them is let go from the resident's own page.
    maija.gets(&address(AT_RISK));
    let id = opaque(AT_RISK).to_string();
    let one = [
        ("id", id.as_str()),
        ("order", keys[0].as_str()),
        ("review", "approved"),
        ("reason", "home again"),
    ];
    assert_eq!(maija.sends("/resident/order", &one).status, 303);
    assert_eq!(says("held"), 1);
    clinic.dispatches();
    assert_eq!(clinic.n_at_server(), 1);
    let late = maija.sends(
        "/resident/order",
        &[one[0], one[1], ("review", "held"), one[3]],
    );
    assert_eq!(late.status, 409, "{}", late.text);
    // Somebody else's order is not reached by way of this resident.
    let others = key(HIDDEN, "hba1c");
    let other = [one[0], ("order", others.as_str()), one[2], one[3]];
    assert_eq!(maija.sends("/resident/order", &other).status, 404);
}

#[test]
fn a_nurse_sees_her_own_districts_and_whose_district_is_hidden_is_in_none() {
    let clinic = clinic();
    let pages = Pages::for_trial(&clinic);
    let mut maija = nurse(&pages, "Kallio");
    assert_eq!(
        names_found(&maija.gets("/worklist").text),
        [CRITICAL, CONFIRMING]
    );
    let n_viewed = records(&clinic, "viewed-resident").len();
    for name in [AT_RISK, HIDDEN, "nobody"] {
        let heard = maija.gets(&address(name));
        assert_eq!(heard.status, 404, "{name}");
        assert!(!heard.text.contains("Pasila"), "{}", heard.text);
    }
    assert_eq!(maija.gets("/resident?id=matti").status, 404);
    assert_eq!(maija.gets("/resident").status, 404);
    assert_eq!(records(&clinic, "viewed-resident").len(), n_viewed);
    maija.gets("/worklist");
    let (id, order) = (opaque(AT_RISK).to_string(), key(AT_RISK, "hba1c"));
    let named = ("id", id.as_str());
    let held = [
        ("review", "held"),
        ("reason", "x"),
        ("order", order.as_str()),
    ];
    assert_eq!(maija.sends("/worklist/orders", &held).status, 404);
    let one = [named, held[0], held[1], held[2]];
    assert_eq!(maija.sends("/resident/order", &one).status, 404);
    let refusal = [named, ("what", "record"), ("reason", "x")];
    assert_eq!(maija.sends("/resident/opt-out", &refusal).status, 404);
    let (own, task) = (opaque(CONFIRMING).to_string(), task_of(&clinic, CRITICAL));
    let task = [
        ("id", own.as_str()),
        ("task", task.as_str()),
        ("conclusion", "other"),
        ("reason", "x"),
    ];
    assert_eq!(maija.sends("/resident/task", &task).status, 404);
    assert!(reviews(&clinic).iter().all(|(_, said)| said.is_null()));
    assert!(records(&clinic, "closed-task").is_empty());
    // Everybody's nurse sees the hidden one too, without a district.
    let mut all = nurse(&pages, "");
    let page = all.gets(&address(HIDDEN)).text;
    assert!(
        page.contains("<h1>Resident</h1>") && !page.contains("Kallio"),
        "{page}"
    );
}

#[test]
fn a_refusal_is_put_on_record_and_taken_back() {
    let clinic = clinic();
    let pages = Pages::for_trial(&clinic);
    let mut maija = nurse(&pages, "");
    maija.gets(&address(AT_RISK));
    let id = opaque(AT_RISK).to_string();
    let said = [
        ("id", id.as_str()),
        ("what", "record"),
        ("reason", "said so at the visit"),
        ("until", "2028-01-01"),
    ];
    let not_a_day = [said[0], said[1], said[2], ("until", "soon")];
    assert_eq!(maija.sends("/resident/opt-out", &not_a_day).status, 422);
    let heard = maija.sends("/resident/opt-out", &said);
    let back = format!("{}&done=opted-out", address(AT_RISK));
    assert_eq!(
        heard.header("location"),
        Some(back.as_str()),
        "{}",
        heard.text
    );
    let page = maija.gets(&back).text;
    assert!(page.contains("said so at the visit"), "{page}");
    assert_eq!(maija.sends("/resident/opt-out", &said).status, 409);
    clinic.site().runs("2025-11-01", &[]);
    assert_eq!(clinic.site().state_of(AT_RISK), "opted-out");
    let undo = [said[0], ("what", "undo"), ("reason", "changed her mind")];
    assert_eq!(maija.sends("/resident/opt-out", &undo).status, 303);
    assert_eq!(maija.sends("/resident/opt-out", &undo).status, 409);
}

#[test]
fn an_operator_stops_all_that_leaves_and_every_page_says_so() {
    let clinic = clinic();
    let pages = Pages::for_trial(&clinic);
    let mut olli = pages.browser();
    olli.signs_in("Olli", "operator", "");
    let page = olli.gets("/operations").text;
    insta::assert_snapshot!("operations", without_hash(&says(&page)));
    let stop = [("switch", "stop"), ("reason", "<i>wrong cut-off</i>")];
    assert_eq!(olli.sends("/operations/effects", &[stop[0]]).status, 422);
    assert_eq!(
        olli.sends("/operations/effects", &[("switch", "?"), stop[1]])
            .status,
        404
    );
    let heard = olli.sends("/operations/effects", &stop);
    assert_eq!(heard.header("location"), Some("/operations?done=stopped"));
    assert!(clinic.status()["stopped"]["by"] == "Olli (trial)");
    let page = olli.gets("/operations").text;
    assert!(page.contains("&lt;i&gt;wrong cut-off&lt;/i&gt;"), "{page}");
    let mut maija = nurse(&pages, "");
    assert!(
        maija
            .gets("/worklist")
            .text
            .contains("All effects are stopped.")
    );
    let heard = olli.sends(
        "/operations/effects",
        &[("switch", "resume"), ("reason", "mended")],
    );
    assert_eq!(heard.header("location"), Some("/operations?done=resumed"));
    assert!(clinic.status()["stopped"].is_null());
    assert!(
        !maija
            .gets("/worklist")
            .text
            .contains("All effects are stopped.")
    );
}

fn without_hash(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let words = line.split(' ').map(|word| {
            let is_hash = word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit());
            let is_instant = word.len() > 19 && word.ends_with('Z');
            match (is_hash, is_instant) {
                (true, _) => "[hash]",
                (_, true) => "[instant]",
                (false, false) => word,
            }
        });
        words.collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_researcher_sees_numbers_and_nobody_and_a_medical_lead_has_nothing_to_take_back() {
    let clinic = clinic();
    let pages = Pages::for_trial(&clinic);
    let mut rauha = pages.browser();
    rauha.signs_in("Rauha", "researcher", "");
    let page = rauha.gets("/numbers").text;
    for name in [CRITICAL, CONFIRMING, AT_RISK, HIDDEN] {
        let id = opaque(name).to_string();
        assert!(!page.contains(&id) && !page.contains(name), "{page}");
    }
    assert!(
        page.contains("not told"),
        "four residents are too few: {page}"
    );
    assert!(!page.contains("/numbers/roll-back"), "{page}");
    for path in ["/worklist", &address(AT_RISK), "/operations", "/audit"] {
        assert_eq!(rauha.gets(path).status, 403, "{path}");
    }
    let mut lea = pages.browser();
    lea.signs_in("Lea", "medical-lead", "");
    lea.gets("/numbers");
    assert_eq!(
        lea.sends("/numbers/roll-back", &[("reason", "")]).status,
        422
    );
    let heard = lea.sends("/numbers/roll-back", &[("reason", "worse in Kallio")]);
    assert_eq!(heard.status, 409, "{}", heard.text);
}

#[test]
fn who_watches_over_those_who_look_sees_who_looked_at_whom() {
    let clinic = clinic();
    let pages = Pages::for_trial(&clinic);
    nurse(&pages, "").gets(&address(AT_RISK));
    let mut tiina = pages.browser();
    tiina.signs_in("Tiina", "data-protection-officer", "");
    let all = tiina.gets("/audit").text;
    assert!(
        all.contains("The chain is whole.") && all.contains("signed in"),
        "{all}"
    );
    let about = tiina.gets(&format!("/audit?id={AT_RISK}")).text;
    assert!(about.contains("viewed a resident"), "{about}");
    assert!(
        about.contains("<bdi>Maija Meikäläinen (trial)</bdi>"),
        "{about}"
    );
    assert!(!about.contains("signed in</td>"), "{about}");
    assert_eq!(tiina.gets("/audit?id=nobody").status, 404);
    assert_eq!(tiina.gets("/worklist").status, 403);
}

#[test]
fn pages_speak_finnish_and_swedish_too() {
    let clinic = clinic();
    let pages = Pages::for_trial(&clinic);
    let mut maija = nurse(&pages, "");
    for (language, words) in [
        ("fi", ["<h1>Työlista</h1>", "vahvistettavana"]),
        ("sv", ["<h1>Arbetslista</h1>", "ska bekräftas"]),
    ] {
        maija.sends("/language", &[("language", language)]);
        let page = maija.gets("/worklist").text;
        for words in words {
            assert!(page.contains(words), "{words}: {page}");
        }
    }
}

#[test]
fn the_list_is_read_again_when_work_has_changed_and_not_because_somebody_looks() {
    let clinic = clinic();
    let on = "2025-11-01".parse().expect("a day");
    let mut worklists = Worklists::of(clinic.site().data());
    let mut shown = || worklists.shown_to(rulebook(), "Maija", on).expect("a list");
    let list = shown();
    assert!(Arc::ptr_eq(&list, &shown()));
    // Others look at somebody, by a process of their own.
    for name in [CRITICAL, AT_RISK] {
        let id = opaque(name).to_string();
        clinic.site().does(&["explain", &id]).ends_well();
    }
    assert!(Arc::ptr_eq(&list, &shown()));
    // A task is closed, then an order is held, then nothing.
    let task = task_of(&clinic, CONFIRMING);
    let closed = ["tasks", "close", &task, "--by", "Maija", "--reason", "seen"];
    clinic.site().does(&closed).ends_well();
    let without = shown();
    assert!(!Arc::ptr_eq(&list, &without));
    let order = key(AT_RISK, "hba1c");
    let held = ["orders", "hold", &order, "--by", "Maija"];
    clinic.site().does(&held).ends_well();
    let held = shown();
    assert!(!Arc::ptr_eq(&without, &held));
    assert!(Arc::ptr_eq(&held, &shown()));
    // Each choice of it is made once.
    let everybody = Choice {
        reach: Reach::Everybody,
        ..Choice::default()
    };
    let chosen = held.choose(&everybody);
    assert!(Arc::ptr_eq(&chosen, &held.choose(&everybody)));
    assert_eq!(chosen.n(), held.rows.len());
    let kallio = Choice {
        reach: Reach::Districts(vec!["Kallio".to_owned()]),
        ..Choice::default()
    };
    let kallio = held.choose(&kallio);
    assert!(kallio.n() < chosen.n());
    assert!(
        kallio
            .some(&held, 0, 50)
            .all(|row| row.district.as_deref() == Some("Kallio"))
    );
    assert_eq!(
        held.choose(&Choice::default()).n(),
        0,
        "nobody is anybody's"
    );
}

#[test]
fn an_operator_sees_what_the_schedule_has_done() {
    let clinic = clinic();
    let web = "\n[web]\nlisten = \"127.0.0.1:0\"\n\n[schedule]\nrun = \"05:00\"\n";
    let words = ["--dev", "--now", "2025-11-01T04:59:59+02:00"];
    let pages = Pages::of(&clinic, web, &words);
    let mut olli = pages.browser();
    olli.signs_in("Olli", "operator", "");
    let mut page = String::new();
    until("the run of the day is done", || {
        page = says(&olli.gets("/operations").text);
        page.contains("done, but nothing") || page.contains("| done")
    });
    let line = page.lines().find(|line| line.starts_with("run |"));
    let line = line.unwrap_or_else(|| panic!("{page}"));
    assert!(line.contains("2025-11-01"), "{line}");
    assert!(!line.contains("under way"), "{line}");
    // A run that is over is not said to be under way.
    assert!(!page.contains("A run is under way"), "{page}");
}
