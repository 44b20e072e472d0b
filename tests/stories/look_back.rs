//! A slip in a rule is found later: exactly who was affected, what should have been, and what was asked of them.
//!
//! Each expectation is made without looking back: the corrected rules decide a copy of the data
//! folder that was made before the faulty run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use preventiojyraa::ledger::Ledger;
use rusqlite::Connection;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::support::acting::copy;
use crate::support::programme::Programme;
use crate::support::rules::Rules;
use crate::support::site::{Site, TempFolder, made_up_register, preventio, text, words_of};

/// By resident: what was decided, and what should have been.
type Differing = BTreeMap<String, (String, String)>;

/// State, next step, questions and reviews, as a list shows them.
fn shown(decision: &Value) -> String {
    let part = |key: &str| text(&decision[key]);
    [part("state"), part("next"), part("asks"), part("reviews")].join("|")
}

#[track_caller]
fn found(site: &Site, corrected: &Rules) -> Value {
    let said = corrected.look_back(site, &["--json"]).ends_well();
    serde_json::from_str(&said).expect("JSON")
}

/// What the list says about one run.
fn of_run(looked: &Value, run: u64) -> Differing {
    let affected = looked["affected"].as_array().expect("a list").iter();
    let about = affected.flat_map(|who| {
        let decisions = who["decisions"].as_array().expect("a list").iter();
        decisions.map(move |decision| (text(&who["resident"]), decision))
    });
    about
        .filter(|(_, decision)| decision["run"] == run)
        .map(|(who, decision)| {
            (
                who,
                (shown(&decision["was"]), shown(&decision["should_be"])),
            )
        })
        .collect()
}

/// Decisions of the newest run of a data folder.
fn decided(site: &Site) -> BTreeMap<String, (String, String)> {
    let decisions = site.decisions();
    let each = decisions.iter().map(|(who, row)| {
        let decision = [row.state, &row.next, &row.asks, &row.reviews].join("|");
        (who.to_string(), (decision, words_of(row)))
    });
    each.collect()
}

/// A data folder of its own with the content of another.
fn copied(site: &Site) -> Site {
    let other = Site::new();
    copy(&site.data(), &other.data());
    other
}

/// Who is decided about otherwise in two folders, and of how many only score or reasons differ.
fn differing(was: &Site, should_be: &Site) -> (Differing, u64) {
    let (was, should_be) = (decided(was), decided(should_be));
    assert_eq!(was.len(), should_be.len());
    let mut only_scores = 0;
    let mut found = Differing::new();
    for (who, (decision, words)) in was {
        let (other, other_words) = should_be[&who].clone();
        if decision != other {
            found.insert(who, (decision, other));
        } else if words != other_words {
            only_scores += 1;
        }
    }
    (found, only_scores)
}

#[test]
fn a_slip_in_a_waist_band_is_found_in_everybody_it_touched_and_in_nobody_else() {
    let folder = TempFolder::new();
    let export = made_up_register(&folder, 2_000, 11);
    let site = Site::new();
    let faulty = Rules::at(site.beside("faulty"));
    let corrected = faulty.copied_to(site.beside("corrected"));
    corrected.have_a_new_version_of_the_score();
    faulty.have_waists_off_by(-20);
    site.pulls(&export, &[]);
    let other = copied(&site);
    site.runs("2025-01-15", &["--rules", &faulty.name()]);
    other.runs("2025-01-15", &["--rules", &corrected.name()]);
    let (expected, only_scores) = differing(&site, &other);
    assert!(10 < expected.len(), "the slip touches {}", expected.len());
    let looked = found(&site, &corrected);
    assert_eq!(of_run(&looked, 1), expected);
    assert_eq!(looked["residents"], expected.len());
    assert_eq!(looked["only_scores"], only_scores);
    assert_eq!(looked["runs"][0]["replayed"], true);
    assert_eq!(
        looked["acts"],
        serde_json::json!({}),
        "nobody was asked for anything"
    );
    // The answer does not depend on threads; the corrected rules are no part of it.
    let one = corrected
        .look_back(&site, &["--json", "--threads", "1"])
        .ends_well();
    let one: Value = serde_json::from_str(&one).expect("JSON");
    assert_eq!(one, looked);
    site.runs("2025-01-15", &["--rules", &corrected.name()]);
    assert_eq!(found(&site, &corrected), looked);
    // The list as a file for its owner alone.
    let list = site.beside("affected.csv");
    let place = list.display().to_string();
    let said = corrected.look_back(&site, &["--out", &place]).ends_well();
    assert!(
        !said.contains("should be"),
        "the list is in the file: {said}"
    );
    let mut reader = csv::Reader::from_path(&list).expect("a table");
    let listed: BTreeSet<String> = reader
        .records()
        .map(|row| row.expect("a row")[0].to_owned())
        .collect();
    assert_eq!(listed, expected.into_keys().collect());
    corrected.look_back(&site, &["--out", &place]).ends_with(1);
}

#[test]
fn what_was_asked_of_the_affected_is_told_run_by_run() {
    let mut programme = Programme::in_a_town();
    let faulty = Rules::at(programme.site.beside("faulty"));
    let corrected = faulty.copied_to(programme.site.beside("corrected"));
    corrected.have_a_new_version_of_the_score();
    faulty.have_waists_off_by(-30);
    let faulty = faulty.name();
    let mut expected = Vec::new();
    for days in [0, 42, 28] {
        programme.waits(days);
        programme.pulls();
        let other = copied(&programme.site);
        programme
            .does(&["run", "--act", "--rules", &faulty])
            .ends_well();
        // The corrected rules decide what the faulty ones decided about, and ask for nothing.
        let runs = programme.runs();
        let index_date = runs.last().expect("a run").index_date.clone();
        other.runs(&index_date, &["--rules", &corrected.name()]);
        expected.push(differing(&programme.site, &other).0);
        programme.delivers_by(&faulty);
    }
    let looked = found(&programme.site, &corrected);
    for (n, expected) in expected.iter().enumerate() {
        let run = n as u64 + 1;
        assert_eq!(of_run(&looked, run), *expected, "run {run}");
        assert_eq!(looked["runs"][n]["replayed"], true);
        assert_eq!(looked["runs"][n]["acted"], true);
    }
    let everybody: BTreeSet<&String> = expected.iter().flat_map(BTreeMap::keys).collect();
    assert!(3 < everybody.len(), "the slip touches {}", everybody.len());
    let by_run = programme.planned_by_run();
    let (mut asked, mut tasks) = (0, 0);
    for who in looked["affected"].as_array().expect("a list") {
        let resident = text(&who["resident"]);
        let decisions = who["decisions"].as_array().expect("a list");
        let runs: BTreeSet<u64> = decisions.iter().filter_map(|d| d["run"].as_u64()).collect();
        let first = *runs.first().expect("a run");
        let expected: Vec<(u64, String)> = by_run
            .iter()
            .filter(|(id, run, _)| *id == resident && first <= *run)
            .map(|(_, run, action)| (*run, action.clone()))
            .collect();
        let is_task = |act: &&Value| text(&act["action"]).starts_with("task ");
        let acts = who["acts"].as_array().expect("a list").iter();
        tasks += acts.clone().filter(is_task).count();
        let acts = acts.filter(|act| !is_task(act));
        let told: Vec<(u64, String)> = acts
            .map(|act| {
                let run = act["run"].as_u64().expect("a run");
                let by = act["by_affected_decision"].as_bool().expect("a flag");
                assert_eq!(by, runs.contains(&run));
                (run, text(&act["action"]))
            })
            .collect();
        assert_eq!(told, expected, "{resident}");
        asked += told.len();
    }
    assert!(
        0 < tasks,
        "somebody was put before a professional by the slip"
    );
    assert!(0 < asked, "somebody was asked for something by the slip");
    let acts = looked["acts"].as_object().expect("counts");
    assert!(
        acts.keys().any(|act| act.ends_with(": acknowledged")),
        "{acts:?}"
    );
}

#[test]
fn only_runs_that_held_the_faulty_version_are_looked_at() {
    let folder = TempFolder::new();
    let export = made_up_register(&folder, 300, 3);
    let site = Site::new();
    let corrected = Rules::at(site.beside("corrected"));
    corrected.have_a_new_version_of_the_score();
    site.pulls(&export, &[]);
    site.runs("2025-01-15", &["--rules", &corrected.name()]);
    let said = corrected.look_back(&site, &[]).ends_with(1);
    insta::assert_snapshot!(said, @"error: no run here was made with rule `findrisc` from version 2025.1 until before 2025.2: nobody was affected here");
    let shipped = Rules::at(site.beside("shipped"));
    let said = shipped.look_back(&site, &[]).ends_with(1);
    insta::assert_snapshot!(said, @r#"
    error: the corrected rules hold `findrisc` at version 2025.1, which does not come after 2025.1
    hint: a changed number is a new version; name the rules with `--corrected DIR`
    "#);
    let words = ["look-back", "--rule", "laboratory", "--from", "2020.1"];
    let said = site.does(&words).ends_with(1);
    insta::assert_snapshot!(said, @r#"
    error: rule `laboratory` says how facts are read, and what is stored here was read by the faulty version
    hint: pull the same exports into a new data folder with the corrected rules, run there as of the same days, and compare
    "#);
    // Nothing has left: nobody was told anything by a faulty text.
    let words = ["look-back", "--rule", "texts-fi", "--from", "2020.1"];
    let said = site.does(&words).ends_with(1);
    insta::assert_snapshot!(said, @"error: nothing has left here by rule `texts-fi` from version 2020.1 until before 2026.1: nobody was affected here");
    let words = ["look-back", "--rule", "findrisc", "--from", "v1"];
    let said = site.does(&words).ends_with(1);
    assert!(said.starts_with("error: `v1` is no version"), "{said}");
    let words = ["look-back", "--rule", "findrisk", "--from", "2020.1"];
    assert!(
        site.does(&words)
            .ends_with(1)
            .starts_with("error: no rule `findrisk`")
    );
    assert!(Path::new(&site.data()).exists());
    preventio(&[
        "look-back",
        "--rule",
        "findrisc",
        "--from",
        "1",
        "--data",
        "/nowhere",
    ])
    .ends_with(1);
}

/// Changes the rules kept for the only run here, as a program that let more be would have kept them.
fn kept_otherwise(site: &Site, change: impl Fn(&str) -> String) {
    let ledger = Connection::open(site.data().join("ledger.sqlite")).expect("a ledger");
    ledger
        .execute_batch(
            "DROP TRIGGER rule_text_stays; DROP TRIGGER rule_book_stays; DROP TRIGGER rule_book_remains;",
        )
        .expect("rows may change");
    let fingerprint: String = ledger
        .query_row("SELECT rules_fingerprint FROM run", [], |row| row.get(0))
        .expect("a run");
    let kept = Ledger::open(&site.data().join("ledger.sqlite")).expect("a ledger");
    let mut files = kept.rule_book(&fingerprint).expect("whole").expect("kept");
    let score = files
        .iter_mut()
        .find(|file| file.path == "scores/findrisc.toml");
    let score = score.expect("the score");
    score.text = change(&score.text);
    let digest = Sha256::digest(score.text.as_bytes());
    let sha256: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let content = zstd::bulk::compress(score.text.as_bytes(), 1).expect("bytes");
    ledger
        .execute(
            "INSERT INTO rule_text (sha256, content) VALUES (?1, ?2)",
            rusqlite::params![sha256, content],
        )
        .expect("a text");
    ledger
        .execute(
            "UPDATE rule_book SET sha256 = ?1 WHERE path = 'scores/findrisc.toml'",
            [sha256],
        )
        .expect("a file");
    let fingerprint = preventiojyraa::rulebook::fingerprint(&files);
    for sql in [
        "UPDATE rule_book SET fingerprint = ?1",
        "UPDATE run SET rules_fingerprint = ?1",
    ] {
        ledger.execute(sql, [&fingerprint]).expect(sql);
    }
}

#[test]
fn a_run_by_a_version_without_a_place_among_others_is_told() {
    let folder = TempFolder::new();
    let export = made_up_register(&folder, 50, 3);
    let site = Site::new();
    let corrected = Rules::at(site.beside("corrected"));
    corrected.have_a_new_version_of_the_score();
    site.pulls(&export, &[]);
    site.runs("2025-01-15", &[]);
    kept_otherwise(&site, |text| {
        text.replacen("version = \"2025.1\"", "version = \"2025.2-rc1\"", 1)
    });
    let said = corrected.look_back(&site, &[]);
    assert_eq!(said.code, Some(5), "{}", said.err);
    let told = "of runs 1 it cannot be said whether they held a faulty version";
    assert!(said.out.contains(told), "{}", said.out);
}

#[test]
fn a_damaged_rule_is_as_one_that_is_not_kept() {
    let folder = TempFolder::new();
    let export = made_up_register(&folder, 50, 3);
    let site = Site::new();
    let corrected = Rules::at(site.beside("corrected"));
    corrected.have_a_new_version_of_the_score();
    site.pulls(&export, &[]);
    site.runs("2025-01-15", &[]);
    let ledger = Connection::open(site.data().join("ledger.sqlite")).expect("a ledger");
    ledger
        .execute_batch("DROP TRIGGER rule_text_stays; UPDATE rule_text SET content = x'00';")
        .expect("damage");
    let said = corrected.look_back(&site, &[]);
    assert_eq!(said.code, Some(5), "{}", said.err);
    assert!(
        said.out.contains("of runs 1 nothing can be said"),
        "{}",
        said.out
    );
    let words = [
        "rules",
        "mark-faulty",
        "--rule",
        "findrisc",
        "--version",
        "2024.7",
        "--by",
        "Olli",
        "--why",
        "a slip",
    ];
    let said = site.does(&words);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(
        said.err.contains("no rule findrisc 2024.7 is known here"),
        "{}",
        said.err
    );
}
