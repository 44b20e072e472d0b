//! Professionals leave each other notes about a resident: in their name, unchanged, corrected by a further
//! one, and harmless whatever somebody writes.

use serde_json::Value;

use crate::support::acting::{Clinic, at_risk};
use crate::support::browser::{Browser, Pages};
use crate::support::site::{Said, Site, opaque};
use crate::support::world::World;

const HERS: &str = "aino";
const OTHER: &str = "matti";

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

fn adds(site: &Site, name: &str, more: &[&str], text: &str) -> Said {
    let words = ["note", "add", "--resident", name, "--by", "Maija"];
    site.is_told(&[&words[..], more].concat(), text.as_bytes())
}

fn list(site: &Site, name: &str) -> Said {
    site.does(&["note", "list", "--resident", name])
}

fn records(clinic: &Clinic, act: &str) -> Vec<(String, String, String)> {
    let said = clinic.site().does(&["audit", "list", "--json"]).ends_well();
    let said: Value = serde_json::from_str(&said).expect("JSON");
    let records = said["records"].as_array().expect("a list").iter();
    let of_act = records.filter(|one| one["act"] == act);
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    of_act
        .map(|one| (word(&one["who"]), word(&one["about"]), word(&one["detail"])))
        .collect()
}

fn address(name: &str) -> String {
    format!("/resident?id={}", opaque(name))
}

fn nurse(pages: &Pages, districts: &str) -> Browser {
    let mut browser = pages.browser();
    browser.signs_in("Maija Meikäläinen", "clinician", districts);
    browser
}

#[test]
fn a_note_stays_as_it_was_written_and_is_corrected_by_a_further_one() {
    let clinic = clinic();
    let site = clinic.site();
    let none = list(site, HERS).ends_well();
    assert_eq!(none, "There is no note about this resident.\n");
    let said = adds(site, HERS, &[], " call after four\nshe works nights\n").ends_well();
    assert_eq!(said, "Note 1 written by Maija.\n");
    adds(site, HERS, &["--corrects", "1"], "call after five").ends_well();
    insta::assert_snapshot!(list(site, HERS).without_times(), @r"
    1  <time>  Maija  corrected by 2
        call after four
        she works nights
    2  <time>  Maija  corrects 1
        call after five
    ");
    let said = site.does(&["note", "list", "--resident", HERS, "--json"]);
    let said: Value = serde_json::from_str(&said.ends_well()).expect("JSON");
    assert_eq!(said[0]["text"], "call after four\nshe works nights");
    assert_eq!(said[0]["corrected_by"], 2);
    assert_eq!(said[1]["corrects"], 1);
    // A note of somebody else, and one that there is not, cannot be corrected.
    for (name, number) in [(OTHER, "1"), (HERS, "9")] {
        let said = adds(site, name, &["--corrects", number], "x").ends_with(1);
        let expected = format!(
            "error: there is no note {number} about this resident\nhint: `preventio note list` shows those there are\n"
        );
        assert_eq!(said, expected);
    }
    adds(site, "nobody", &[], "x").ends_with(1);
    let ledger = rusqlite::Connection::open(site.data().join("ledger.sqlite")).expect("a ledger");
    for change in ["UPDATE note SET text = 'other'", "DELETE FROM note"] {
        assert!(ledger.execute(change, []).is_err(), "{change}");
    }
    let id = opaque(HERS).to_string();
    let wrote = |n: &str| ("Maija".to_owned(), id.clone(), n.to_owned());
    assert_eq!(records(&clinic, "wrote-note"), [wrote("1"), wrote("2")]);
    let listed = records(&clinic, "listed-notes");
    assert_eq!(listed.len(), 3);
    assert!(listed.iter().all(|(_, about, _)| *about == id));
    site.is_whole();
}

#[test]
fn an_empty_note_and_one_that_is_too_long_are_refused_and_say_so() {
    let clinic = clinic();
    let site = clinic.site();
    let said = adds(site, HERS, &[], " \n ").ends_with(1);
    assert!(
        said.starts_with("error: the note is empty\nhint: "),
        "{said}"
    );
    let said = adds(site, HERS, &[], &"ä".repeat(4_001)).ends_with(1);
    insta::assert_snapshot!(said, @r"
    error: the note has 4001 characters, and 4000 is the most
    hint: what is longer belongs in the record; say here where it stands
    ");
    adds(site, HERS, &[], &"x".repeat(10_240)).ends_with(1);
    adds(site, HERS, &[], &"ä".repeat(4_000)).ends_well();
    let words = ["note", "add", "--resident", HERS, "--by", "Maija"];
    let said = site.is_told(&words, &[0x66, 0xe4]).ends_with(1);
    assert!(
        said.starts_with("error: the note is no UTF-8 text\n"),
        "{said}"
    );
    let words = ["note", "add", "--resident", HERS, "--by", " "];
    let said = site.is_told(&words, b"x").ends_with(1);
    assert!(said.starts_with("error: `--by` is empty\n"), "{said}");
    assert_eq!(records(&clinic, "wrote-note").len(), 1);
}

#[test]
fn a_nurse_writes_a_note_on_the_page_in_her_name_and_sees_it_among_what_has_happened() {
    let clinic = clinic();
    let pages = Pages::for_trial(&clinic);
    let mut maija = nurse(&pages, "Kallio");
    let page = maija.gets(&address(HERS)).text;
    assert!(page.contains("There are no notes."), "{page}");
    let id = opaque(HERS).to_string();
    let hostile = "</textarea><script>alert(1)</script>\r\n\u{202e}gnp.exe \u{1b}[2J<b>";
    let note = [("id", id.as_str()), ("text", hostile)];
    let heard = maija.sends("/resident/note", &note);
    let back = format!("{}&done=noted", address(HERS));
    assert_eq!(
        heard.header("location"),
        Some(back.as_str()),
        "{}",
        heard.text
    );
    let page = maija.gets(&back).text;
    assert!(
        page.contains("role=\"status\">The note is written."),
        "{page}"
    );
    assert!(!page.contains("<script>"), "{page}");
    let escaped = "&lt;/textarea&gt;&lt;script&gt;alert(1)&lt;/script&gt;\n\u{202e}gnp.exe";
    // Among the notes, and among what has happened.
    assert_eq!(page.matches(escaped).count(), 2, "{page}");
    assert!(page.contains(&format!("<bdi>{escaped}")), "{page}");
    assert!(
        page.contains("<bdi>Maija Meikäläinen (trial)</bdi>"),
        "{page}"
    );
    // On a terminal it moves no cursor and turns nothing around.
    let said = list(clinic.site(), HERS).ends_well();
    assert!(said.contains("\\u{202e}gnp.exe \\u{1b}[2J<b>\n"), "{said}");
    // What is wrong is corrected by a further one.
    let right = [note[0], ("text", "see the record"), ("corrects", "1")];
    assert_eq!(maija.sends("/resident/note", &right).status, 303);
    let page = maija.gets(&address(HERS)).text;
    assert!(page.contains("Corrected by note 2"), "{page}");
    let who = "Maija Meikäläinen (trial)".to_owned();
    let wrote = |n: &str| (who.clone(), id.clone(), n.to_owned());
    assert_eq!(records(&clinic, "wrote-note"), [wrote("1"), wrote("2")]);
    // Nothing, too much, and a note there is not.
    let of = |text: &str| {
        maija
            .clone()
            .sends("/resident/note", &[note[0], ("text", text)])
    };
    assert_eq!(of(" \r\n ").status, 422);
    let long = of(&"ä".repeat(4_001));
    assert_eq!(long.status, 422);
    assert!(
        long.text.contains("4,000 characters at most"),
        "{}",
        long.text
    );
    assert_eq!(of(&"ä".repeat(4_000)).status, 303);
    for corrects in ["77", "x"] {
        let wrong = [note[0], right[1], ("corrects", corrects)];
        assert_eq!(maija.sends("/resident/note", &wrong).status, 404);
    }
    // Nobody whom she may not see.
    let other = opaque(OTHER).to_string();
    let note = [("id", other.as_str()), ("text", "x")];
    assert_eq!(maija.sends("/resident/note", &note).status, 404);
    assert_eq!(records(&clinic, "wrote-note").len(), 3);
    // Nor does anything of it stand in what operators read.
    let log = std::fs::read_to_string(clinic.site().beside("serve.log")).expect("a log");
    assert!(!log.contains("see the record"), "{log}");
}
