//! A researcher holds a model against what happened.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::site::{TempFolder, preventio};
use crate::support::snapshots::reads;

/// A column of identifiers, taken for one of groups.
const MANY: &str = include_str!("../../fixtures/evaluate/many-groups.csv");

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/evaluate")
        .join(name)
}

fn evaluate(file: &Path, more: &[&str]) -> String {
    let file = file.display().to_string();
    let words = ["evaluate", &file, "--outcome", "y", "--prediction", "p"];
    preventio(&[&words, more].concat()).ends_well()
}

fn document(file: &Path, more: &[&str]) -> Value {
    let said = evaluate(file, &[more, &["--json"]].concat());
    serde_json::from_str(&said).expect("JSON")
}

#[test]
fn a_model_is_judged_in_one_command() {
    let said = evaluate(
        &fixture("ordinary.csv"),
        &["--group", "district", "--threshold", "0.3"],
    );
    reads("evaluate-ordinary", &said);
}

#[test]
fn parquet_and_csv_say_the_same() {
    let more = ["--group", "district"];
    let csv = document(&fixture("ordinary.csv"), &more);
    assert_eq!(csv, document(&fixture("ordinary.parquet"), &more));
}

#[test]
fn the_document_has_what_a_script_needs() {
    let document = document(
        &fixture("weights.csv"),
        &["--weight", "w", "--threshold", "0.1", "--threshold", "0.3"],
    );
    assert_eq!(document["n"], 811);
    assert_eq!(document["events"], 276);
    for figure in [
        "auroc",
        "calibration_in_the_large",
        "slope",
        "o_e",
        "brier",
        "scaled_brier",
    ] {
        let figure = &document[figure];
        let at = |key: &str| figure[key].as_f64().expect("a number");
        assert!(at("lower") < at("estimate") && at("estimate") < at("upper"));
        assert!(figure["method"].is_string());
    }
    assert!(document["auroc"]["variance"].is_number());
    let thresholds = document["thresholds"].as_array().expect("a list");
    assert_eq!(thresholds.len(), 2);
    for key in ["ppv", "npv", "sensitivity", "specificity", "net_benefit"] {
        assert!(thresholds[1][key]["estimate"].is_number(), "{key}");
    }
    assert!(document["curve"][0]["observed"].is_number());
}

#[test]
fn the_page_needs_nothing_else() {
    let folder = TempFolder::new();
    let table = folder.join("<b>.csv");
    fs::copy(fixture("ordinary.csv"), &table).expect("a file can be copied");
    let page = folder.join("page.html").display().to_string();
    let more = ["--group", "sex", "--threshold", "0.3", "--html", &page];
    evaluate(&table, &more);
    let page = fs::read_to_string(&page).expect("a page");
    for outside in ["http", "src=", "@import", "url(", "<script", "<b>.csv"] {
        assert!(!page.contains(outside), "{outside}");
    }
    let plots = page.matches("<svg").count();
    assert_eq!(plots, 5);
    assert_eq!(page.matches("<desc").count(), plots);
    assert_eq!(page.matches("role=\"img\"").count(), plots);
    // Figures first, methods after.
    let place = |text: &str| page.find(text).expect("it is there");
    assert!(place("AUROC") < place("Calibration plot"));
    assert!(place("Calibration plot") < place("<h2>Methods"));
}

#[test]
fn a_small_group_is_no_evidence() {
    let document = document(&fixture("ordinary.csv"), &["--group", "district"]);
    let isle = &document["groups"][0];
    assert_eq!(isle["group"], "isle");
    assert!(isle["insufficient_evidence"].is_string());
    assert!(isle.get("auroc").is_none());
    assert!(document["groups"][1]["auroc"]["estimate"].is_number());
}

#[test]
fn constant_predictions_leave_the_slope_open() {
    let folder = TempFolder::new();
    let file = folder.join("constant.csv");
    let rows: String = (0..60)
        .map(|n| format!("0.3,{}\n", u8::from(n % 3 == 0)))
        .collect();
    fs::write(&file, format!("p,y\n{rows}")).expect("a file can be written");
    let document = document(&file, &[]);
    assert_eq!(document["auroc"]["estimate"], 0.5);
    assert_eq!(
        document["slope"]["not_identifiable"],
        "the predictions are all the same"
    );
    assert!(document["ladder"]["not_identifiable"].is_string());
    assert!(document["o_e"]["estimate"].is_number());
}

#[test]
fn a_spreadsheet_with_semicolons_and_a_mark_is_read() {
    let folder = TempFolder::new();
    let file = folder.join("sheet.csv");
    let text = "\u{feff}p;y\r\n0.1;0\r\n0.4;TRUE\r\n0.2;false\r\n0.6;1\r\n";
    fs::write(&file, text).expect("a file can be written");
    assert_eq!(document(&file, &[])["events"], 2);
}

#[test]
fn incomplete_rows_are_left_out_when_asked_and_counted() {
    let folder = TempFolder::new();
    let file = folder.join("gaps.csv");
    fs::write(&file, "p,y\n0.1,0\nNA,1\n0.4,\n0.2,0\n0.6,1\n").expect("a file can be written");
    let document = document(&file, &["--drop-missing"]);
    assert_eq!(document["n"], 3);
    assert_eq!(document["dropped_rows"], 2);
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_place() {
    let files: [(&str, &[u8], &[&str]); 21] = [
        ("no such column", b"p,x\n0.1,0\n", &[]),
        ("twice", b"p,y,y\n0.1,0,1\n", &[]),
        ("above 1", b"p,y\n0.1,0\n1.2,1\n", &[]),
        ("below 0", b"p,y\n-0.1,0\n0.2,1\n", &[]),
        ("percent", b"p,y\n12,0\n45,1\n", &[]),
        ("not a number", b"p,y\n0.1,0\nNaN,1\n", &[]),
        ("text", b"p,y\nlow,0\n0.2,1\n", &[]),
        (
            "a long text",
            b"p,y\nMeikalainen Matti 131052-308T,0\n0.2,1\n",
            &[],
        ),
        ("missing", b"p,y\n0.1,0\n,1\n", &[]),
        ("other outcome", b"p,y\n0.1,0\n0.2,2\n", &[]),
        ("one class", b"p,y\n0.1,0\n0.2,0\n", &[]),
        ("no rows", b"p,y\n", &[]),
        ("empty", b"", &[]),
        (
            "negative weight",
            b"p,y,w\n0.1,0,1\n0.2,1,-1\n",
            &["--weight", "w"],
        ),
        ("decimal comma", b"p;y\n0.1;0\n0,2;1\n", &[]),
        ("split decimal comma", b"p,y\n0.1,0\n0,2,1\n", &[]),
        (
            "mixed encodings",
            b"p,y,g\n0.1,0,S\xc3\xa4\n0.2,1,S\xe4\n",
            &["--group", "g"],
        ),
        (
            "negative time",
            b"p,y,t\n0.1,0,2\n0.2,1,-3\n",
            &["--time", "t", "--horizon", "1"],
        ),
        (
            "two events",
            b"p,y,t,c\n0.1,1,2,1\n0.2,1,3,0\n",
            &["--time", "t", "--horizon", "1", "--competing", "c"],
        ),
        ("too many groups", MANY.as_bytes(), &["--group", "g"]),
        ("UTF-16", b"\xff\xfep\0,\0y\0\n\0", &[]),
    ];
    let folder = TempFolder::new();
    let file = folder.join("table.csv");
    let path = file.display().to_string();
    let mut told = String::new();
    for (name, bytes, more) in files {
        fs::write(&file, bytes).expect("a file can be written");
        let words = ["evaluate", &path, "--outcome", "y", "--prediction", "p"];
        let said = preventio(&[&words, more].concat()).ends_with(1);
        told.push_str(&format!(
            "{name}\n  {}\n",
            said.trim().replace('\n', "\n  ")
        ));
    }
    reads("evaluate-bad-files", &told.replace(&path, "table.csv"));
}

#[test]
fn people_followed_over_time_are_judged_at_the_horizon() {
    let more = ["--time", "t", "--horizon", "10", "--competing", "c"];
    let document = document(&fixture("competing.csv"), &more);
    assert_eq!(document["n"], 700);
    assert_eq!(document["horizon"], 10.0);
    for figure in ["observed_risk", "o_e", "auroc", "brier", "slope"] {
        assert!(document[figure]["estimate"].is_number(), "{figure}");
    }
    assert!(document["spline"]["ici"].is_number());
    let said = evaluate(&fixture("competing.csv"), &more);
    assert!(said.contains("observed risk"), "{said}");
}

#[test]
fn a_horizon_that_nobody_reaches_is_refused() {
    let path = fixture("competing.csv").display().to_string();
    let words = ["evaluate", &path, "--outcome", "y", "--prediction", "p"];
    let more = ["--time", "t", "--horizon", "30"];
    let said = preventio(&[&words[..], &more].concat()).ends_with(1);
    assert!(
        said.contains("nobody is observed up to the horizon 30"),
        "{said}"
    );
    let said = preventio(&[&words[..], &["--time", "t"]].concat()).ends_with(2);
    assert!(said.contains("--horizon"), "{said}");
}

#[test]
fn resampling_follows_from_its_seed() {
    let drawn = |seed: &str| {
        let more = ["--bootstrap", "100", "--seed", seed];
        document(&fixture("ties.csv"), &more)["bootstrap"].clone()
    };
    let first = drawn("5");
    assert_eq!(first, drawn("5"));
    assert_ne!(first["figures"], drawn("6")["figures"]);
    assert_eq!(first["replicates"], 100);
    let brier = &first["figures"]["brier"];
    assert!(brier["lower"].as_f64() < brier["upper"].as_f64());
}

#[test]
fn a_threshold_must_be_a_probability() {
    let path = fixture("ordinary.csv").display().to_string();
    let words = ["evaluate", &path, "--outcome", "y", "--prediction", "p"];
    let said = preventio(&[&words[..], &["--threshold", "20"]].concat()).ends_with(2);
    assert!(said.contains("a threshold is a probability"), "{said}");
}
