//! The letter about a decision: in plain words, in three languages, also to whoever is not invited.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use preventiojyraa::rules;
use serde_json::{Value, json};

use crate::support::acting::{Clinic, at_risk};
use crate::support::site::opaque;
use crate::support::world::{LOWEST, World};

const VISIT: &str = "2025-10-01";

/// Somebody in each of the states that are told most often.
fn clinic() -> Clinic {
    let mut world = World::new();
    drop(at_risk(&mut world, "invited"));
    drop(
        world
            .resident("below")
            .man_born("1985-03-03")
            .bmi(22.0, VISIT)
            .waist(80.0, VISIT)
            .answers(&LOWEST, VISIT),
    );
    drop(
        world
            .resident("excluded")
            .woman_born("1955-01-01")
            .diagnosed("E11.9", "2020-01-01")
            .called("diagnosis"),
    );
    drop(
        world
            .resident("asked")
            .woman_born("1965-06-06")
            .bmi(28.0, VISIT),
    );
    drop(
        world
            .resident("confirming")
            .woman_born("1960-01-01")
            .hba1c(52.0, VISIT),
    );
    drop(at_risk(&mut world, "refused").says_no(VISIT));
    let clinic = Clinic::of(world, &["invited"], &[]);
    clinic.acts();
    clinic
}

fn letter(clinic: &Clinic, name: &str, words: &[&str]) -> String {
    let said = clinic.site().does(&[&["letter", name], words].concat());
    said.ends_well()
}

#[test]
fn a_letter_says_what_was_decided_and_why_to_whoever_is_invited_and_whoever_is_not() {
    let clinic = clinic();
    let all = [
        "invited",
        "below",
        "excluded",
        "asked",
        "confirming",
        "refused",
    ];
    for language in ["fi", "sv", "en"] {
        let letters = all.map(|name| {
            let text = letter(&clinic, name, &["--lang", language]);
            format!("──── {name}\n{text}")
        });
        insta::assert_snapshot!(format!("letters-{language}"), letters.join("\n"));
    }
}

#[test]
fn whoever_reads_a_letter_is_on_record_and_it_says_nothing_that_is_nobodys_to_know() {
    let mut clinic = clinic();
    drop(
        clinic
            .world
            .resident("asked")
            .registered("address", json!([{ "district": "Kallio" }]))
            .registered(
                "communication",
                json!([{ "language": { "coding": [{ "code": "sv" }] } }]),
            ),
    );
    clinic.world.pulls();
    clinic.world.runs();
    let text = letter(&clinic, "asked", &[]);
    assert!(text.contains("Du får frågor"), "her own language: {text}");
    for hidden in ["Kallio", "asked", "%", &opaque("asked").to_string()] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    let said = clinic.site().does(&["audit", "list", "--json"]).ends_well();
    let said: Value = serde_json::from_str(&said).expect("JSON");
    let records = said["records"].as_array().expect("a list");
    let last = records.last().expect("a record");
    assert_eq!(last["act"], "viewed-resident");
    assert_eq!(last["about"], opaque("asked").to_string());
    let page = clinic.site().beside("letter.html");
    let path = page.display().to_string();
    assert_eq!(letter(&clinic, "asked", &["--html", &path]), "");
    let html = fs::read_to_string(&page).expect("a page");
    assert!(html.contains("<html lang=\"sv\">"), "{html}");
    for word in ["http://", "https://", "<script"] {
        assert!(!html.contains(word), "{word}: {html}");
    }
    let mode = fs::metadata(&page).expect("a page").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // Nothing is overwritten.
    let again = clinic.site().does(&["letter", "asked", "--html", &path]);
    assert!(again.ends_with(1).contains("letter.html"));
}

#[test]
fn what_was_not_decided_is_in_no_letter() {
    let mut clinic = clinic();
    clinic.world.statement("diagnosis")["verificationStatus"] =
        json!({ "coding": [{ "code": "refuted" }] });
    clinic.world.pulls();
    let said = clinic.site().does(&["letter", "excluded"]).ends_with(1);
    assert!(said.contains("the newest run decided otherwise"), "{said}");
    let said = clinic.site().does(&["letter", "nobody"]).ends_with(1);
    assert!(said.contains("nobody on the register"), "{said}");
}

#[test]
fn a_set_of_letters_that_is_not_whole_is_no_rule() {
    for (from, to, mistake) in [
        (
            "[texts.letter-overdue]",
            "[texts.letter-too-late]",
            "there are letters, and text `letter-overdue` is missing in `fi`",
        ),
        (
            "[texts.letter-overdue]",
            "[texts.letter-too-late]",
            "no letter has a text `letter-too-late`",
        ),
        (
            "family-history = ",
            "family-histories = ",
            "letters call item `family-history` nothing in `fi`",
        ),
        (
            "family-history = ",
            "family-histories = ",
            "the model has no item `family-histories`",
        ),
        (
            "tilanteessa {on} ja",
            "tilanteessa {due} ja",
            "nothing can be put for `{due}` in text `letter-opening`",
        ),
    ] {
        let mut files = rules::shipped_files();
        let file = files
            .iter_mut()
            .find(|file| file.path == "texts/type-2-diabetes/fi.toml");
        let file = file.expect("the Finnish texts");
        assert!(file.text.contains(from), "{from}");
        file.text = file.text.replacen(from, to, 1);
        let Err(error) = rules::check(&files, None) else {
            panic!("{mistake}");
        };
        let said = format!("{error:?} {error}");
        assert!(said.contains(mistake), "{mistake}: {said}");
    }
}
