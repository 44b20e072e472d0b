//! A bad line is named with its place and kept; its neighbours do not notice.

use std::fs;
use std::path::Path;

use preventiojyraa::lake::IssueRow;
use rusqlite::Connection;
use serde_json::Value;

use crate::support::site::{INDEX_DATE, count, text, words_of};
use crate::support::world::{LOWEST, World, file};

const DAY: &str = "2025-10-01";

/// Residents whose decisions must not change, each for another reason decided.
fn neighbours() -> World {
    let mut world = World::new();
    world
        .resident("aino")
        .woman_born("1961-04-30")
        .bmi(31.2, DAY);
    world
        .resident("bertta")
        .woman_born("1985-05-05")
        .bmi(22.0, DAY)
        .answers(&LOWEST, DAY);
    world
        .resident("daniel")
        .man_born("1970-07-07")
        .hba1c(51.0, DAY);
    world
        .resident("gunvor")
        .woman_born("1968-10-10")
        .fasting_glucose(6.4, DAY);
    world
        .resident("hannes")
        .man_born("1972-11-11")
        .fasting_glucose(5.2, DAY);
    world
}

/// What every decision says, and the hash of all.
fn decided(world: &World) -> (Vec<String>, String) {
    let hash = text(&world.runs()["decisions_hash"]);
    (
        world.site.decisions().values().map(words_of).collect(),
        hash,
    )
}

/// An observation of Aino with these fields in place of usual ones.
fn about_aino(id: &str, fields: &str) -> Vec<u8> {
    format!(
        r#"{{"resourceType":"Observation","id":"{id}","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"59261-8"}}]}},"subject":{{"reference":"Patient/aino"}},{fields}}}"#
    )
    .into_bytes()
}

fn hba1c(value: &str, unit: &str) -> String {
    format!(
        r#""valueQuantity":{{"value":{value},"unit":"{unit}","system":"http://unitsofmeasure.org","code":"{unit}"}}"#
    )
}

const DATED: &str = r#""effectiveDateTime":"2025-10-01""#;

/// Bad lines, the code each is named by, and whether its bytes go to quarantine.
fn bad_lines() -> Vec<(Vec<u8>, &'static str, bool)> {
    let high = hba1c("60", "mmol/mol");
    let observed = |fields: &str| about_aino("bad", fields);
    let whole = observed(&format!("{DATED},{high}"));
    let text = String::from_utf8(whole.clone()).expect("ASCII");
    let without = |part: &str| text.replace(part, "").into_bytes();
    let latin_1: Vec<u8> = text
        .replace("final", "fin@l")
        .bytes()
        .map(|b| if b == b'@' { 0xe4 } else { b })
        .collect();
    let long = format!(
        "{DATED},\"note\":[{{\"text\":\"{}\"}}],{high}",
        "x".repeat(2 << 20)
    );
    vec![
        (b"this is no JSON".to_vec(), "not-json", true),
        (
            b"{\"resourceType\":\"Observation\"} tail".to_vec(),
            "not-json",
            true,
        ),
        (b"{\"hello\":\"world\"}".to_vec(), "not-fhir", true),
        (
            text.replace("\"final\"", "7").into_bytes(),
            "not-fhir",
            true,
        ),
        (whole[..90].to_vec(), "cut-off", true),
        (observed(&long), "line-too-long", true),
        (latin_1, "not-utf8", true),
        (
            text.replace("\"status\"", "\"id\":\"twice\",\"status\"")
                .into_bytes(),
            "duplicate-key",
            true,
        ),
        (without("\"id\":\"bad\","), "id-missing", true),
        (
            without("\"subject\":{\"reference\":\"Patient/aino\"},"),
            "subject-missing",
            true,
        ),
        (
            observed(&format!("{DATED},{}", hba1c("\"6,1\"", "%"))),
            "not-fhir",
            true,
        ),
        (
            about_aino("unit", &format!("{DATED},{}", hba1c("60", "bananas"))),
            "unit-unknown",
            false,
        ),
        (
            about_aino(
                "future",
                &format!("\"effectiveDateTime\":\"2999-01-01\",{high}"),
            ),
            "date-in-future",
            false,
        ),
        (
            about_aino("zero", &format!("{DATED},{}", hba1c("0", "mmol/mol"))),
            "value-implausible",
            false,
        ),
        (
            about_aino(
                "when",
                &format!("\"effectiveDateTime\":\"last spring\",{high}"),
            ),
            "date-missing",
            false,
        ),
        (
            about_aino("two", &format!("{DATED},\"valueString\":\"high\",{high}")),
            "value-not-understood",
            false,
        ),
        (
            about_aino("null", &format!("{DATED},\"valueQuantity\":null")),
            "value-missing",
            false,
        ),
    ]
}

/// Puts one bad line after each good one of a file; the rest of either comes after.
fn interleaved(path: &Path, bad: &[Vec<u8>]) -> Vec<(u64, Vec<u8>)> {
    let good = fs::read_to_string(path).expect("an export file");
    let mut lines = good.lines();
    let mut text: Vec<u8> = Vec::new();
    let mut places = Vec::new();
    let mut number = 0;
    for bytes in bad {
        for line in [lines.next().map(str::as_bytes), Some(bytes)]
            .into_iter()
            .flatten()
        {
            text.extend([line, b"\n"].concat());
            number += 1;
        }
        places.push((number, bytes.clone()));
    }
    text.extend(lines.flat_map(|line| format!("{line}\n").into_bytes()));
    fs::write(path, text).expect("an export file can be written");
    places
}

/// Lines of a report add up, and so many were set aside.
#[track_caller]
fn adds_up(report: &Value, set_aside: usize) {
    let lines = report["lines"].as_object().expect("counts of lines");
    let sum: u64 = lines
        .iter()
        .filter(|(name, _)| *name != "read")
        .map(|(_, n)| count(n))
        .sum();
    assert_eq!(sum, count(&lines["read"]), "{report}");
    assert_eq!(count(&lines["set_aside"]), set_aside as u64, "{report}");
}

fn quarantined(world: &World) -> Vec<(u64, String, Vec<u8>)> {
    let ledger = Connection::open(world.site.data().join("ledger.sqlite")).expect("a ledger");
    let mut rows = ledger
        .prepare("SELECT line, code, raw FROM quarantine ORDER BY line")
        .expect("a table of lines set aside");
    let rows = rows.query_map([], |row| {
        let (line, raw): (i64, Vec<u8>) = (row.get(0)?, row.get(2)?);
        let raw = zstd::decode_all(&raw[..]).expect("kept with zstd");
        Ok((line.cast_unsigned(), row.get(1)?, raw))
    });
    rows.and_then(Iterator::collect).expect("rows can be read")
}

#[test]
fn each_bad_line_is_named_and_its_neighbours_are_decided_as_if_it_were_not_there() {
    let undisturbed = neighbours();
    undisturbed.pulls();
    let world = neighbours();
    let export = world.export();
    let bad = bad_lines();
    let bytes: Vec<Vec<u8>> = bad.iter().map(|(bytes, _, _)| bytes.clone()).collect();
    let places = interleaved(&file(&export, "Observation"), &bytes);
    let report = world.site.pulls(&export, &[]);
    adds_up(&report, bad.len());
    assert_eq!(
        report["is_complete"], true,
        "every file was read to its end"
    );
    assert_eq!(decided(&world), decided(&undisturbed));
    let issues = world.site.issues();
    for ((line, bytes), (_, code, _)) in places.iter().zip(&bad) {
        let of_line: Vec<&IssueRow> = issues.iter().filter(|issue| issue.line == *line).collect();
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(120)]);
        let [issue] = of_line[..] else {
            panic!("{} issues for {shown}", of_line.len())
        };
        assert_eq!(issue.code.name(), *code, "{shown}");
        assert_eq!(issue.file, "Observation.ndjson");
        assert!(!issue.expected.is_empty(), "{shown}");
    }
    assert_eq!(issues.len(), bad.len());
    let kept: Vec<(u64, String, Vec<u8>)> = places
        .into_iter()
        .zip(&bad)
        .filter(|(_, (_, _, is_kept))| *is_kept)
        .map(|((line, bytes), (_, code, _))| (line, (*code).to_owned(), bytes))
        .collect();
    assert!(
        quarantined(&world) == kept,
        "quarantine holds the raw bytes of each line"
    );
    world.site.is_whole();
}

#[test]
fn the_place_in_the_resource_and_what_was_expected_are_told() {
    let mut world = neighbours();
    world.resident("aino").waist(12.0, DAY);
    let export = world.export();
    let bad: Vec<Vec<u8>> = bad_lines().into_iter().map(|(bytes, _, _)| bytes).collect();
    interleaved(&file(&export, "Observation"), &bad);
    world.site.pulls(&export, &[]);
    let told: String = world
        .site
        .issues()
        .iter()
        .map(|issue| {
            let hint = issue
                .hint
                .as_ref()
                .map_or(String::new(), |hint| format!(" ({hint})"));
            format!(
                "{} at [{}], expected {}{hint}\n",
                issue.code.name(),
                issue.at,
                issue.expected
            )
        })
        .collect();
    crate::support::snapshots::reads("issues-of-bad-lines", &told);
}

/// Other spellings of the same file, which change nothing.
#[test]
fn blank_lines_windows_line_ends_a_byte_order_mark_and_a_missing_last_end_change_nothing() {
    let undisturbed = neighbours();
    undisturbed.pulls();
    let wanted = decided(&undisturbed);
    for (what, change) in [
        (
            "blank lines",
            (|text| text.replace('\n', "\n\n  \n")) as fn(&str) -> String,
        ),
        ("CRLF", |text| text.replace('\n', "\r\n")),
        ("byte order mark", |text| format!("\u{feff}{text}")),
        ("no last line end", |text| text.trim_end().to_owned()),
    ] {
        let world = neighbours();
        let export = world.export();
        for kind in ["Patient", "Observation", "QuestionnaireResponse"] {
            let path = file(&export, kind);
            let text = fs::read_to_string(&path).expect("an export file");
            fs::write(&path, change(&text)).expect("an export file can be written");
        }
        adds_up(&world.site.pulls(&export, &[]), 0);
        assert_eq!(decided(&world), wanted, "{what}");
        assert!(world.site.issues().is_empty(), "{what}");
    }
}

#[test]
fn an_empty_file_is_whole_and_says_nothing() {
    let world = neighbours();
    let export = world.export();
    fs::write(file(&export, "Consent"), "").expect("an export file can be written");
    let report = world.site.pulls(&export, &[]);
    adds_up(&report, 0);
    assert_eq!(report["is_complete"], true);
}

#[test]
fn a_file_in_utf_16_is_recognised_for_what_it_is() {
    let world = neighbours();
    let export = world.export();
    let line = String::from_utf8(about_aino("wide", DATED)).expect("ASCII");
    let wide: Vec<u8> = format!("\u{feff}{line}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    fs::write(file(&export, "Wide"), wide).expect("an export file can be written");
    adds_up(&world.site.pulls(&export, &[]), 1);
    let issues = world.site.issues();
    let [issue] = &issues[..] else {
        panic!("{} issues", issues.len())
    };
    assert_eq!(
        (issue.file.as_str(), issue.line, issue.code.name()),
        ("Wide.ndjson", 1, "not-utf8")
    );
    assert_eq!(issue.hint.as_deref(), Some("is this UTF-16?"));
}

#[test]
fn a_list_where_a_resource_should_be_is_nobody() {
    let world = neighbours();
    let export = world.export();
    fs::write(file(&export, "List"), "[\"Patient\"]\n").expect("an export file can be written");
    adds_up(&world.site.pulls(&export, &[]), 1);
    assert_eq!(world.site.issues()[0].code.name(), "not-fhir");
    assert_eq!(count(&world.site.runs(INDEX_DATE, &[])["register"]), 5);
}
