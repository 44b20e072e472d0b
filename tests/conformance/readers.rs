//! The filtering reader and the reference reader find the same, whatever is in the files.
//!
//! Lines are made by the made-up city and by the fixtures, and then changed. Where a change leaves a
//! line what it was to FHIR (white space, escapes, order of keys, packing), everything must be the
//! same. Where it damages lines, the reader that filters may count a damaged line of no interest by
//! its code instead of setting it aside, and may do nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::civil::date;
use preventiojyraa::fhir::{Filter, Glance, IdentityKey, ReadBy};
use preventiojyraa::lake::{IssueRow, RegisterRow, Store};
use preventiojyraa::profile::{Fact, ResidentId};
use preventiojyraa::steps::{
    self, Access, DataFolder, LineReader, PullOptions, PullReport, StepError,
};
use rusqlite::Connection;
use serde_json::Value;

use crate::support::shipped::rulebook;
use crate::support::site::{Dice, TempFolder, preventio};

/// Cases of the gate; a sweep sets its own number.
fn n_cases() -> u64 {
    let asked = std::env::var("PREVENTIO_READER_CASES").ok();
    asked.map_or(40, |n| {
        n.parse().expect("PREVENTIO_READER_CASES is a number")
    })
}

/// A line that was set aside: file, line, code, bytes.
type SetAside = (String, i64, String, Vec<u8>);

/// Everything that a pull leaves behind.
struct Left {
    report: PullReport,
    facts: Vec<(ResidentId, Fact)>,
    register: Vec<RegisterRow>,
    issues: Vec<IssueRow>,
    set_aside: Vec<SetAside>,
    unmapped: BTreeMap<(String, String, String), i64>,
    identities: Vec<(Vec<u8>, String, Option<String>)>,
}

/// How to pull.
#[derive(Clone, Copy)]
struct How {
    reader: LineReader,
    read_by: ReadBy,
    threads: usize,
}

const REFERENCE: How = How {
    reader: LineReader::Reference,
    read_by: ReadBy::Plain,
    threads: 1,
};

const FILTERED: How = How {
    reader: LineReader::Filtered,
    threads: 2,
    ..REFERENCE
};

/// Opens a folder. A program that another test starts holds the lock of the folder that was closed just now,
/// from its fork until its exec.
fn opened(place: &Path) -> DataFolder {
    let mut tries = 0;
    loop {
        match DataFolder::open(place, Access::Write) {
            Err(StepError::Busy(_)) if tries < 100 => tries += 1,
            opened => return opened.expect("a data folder"),
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// Pulls exports one after another into a new folder, and says what the last leaves behind.
fn pulled(folder: &TempFolder, exports: &[&Path], how: How) -> Left {
    let place = folder.join("data");
    if place.exists() {
        fs::remove_dir_all(&place).expect("a folder can be removed");
    }
    let mut report = None;
    for from in exports {
        let mut data = opened(&place);
        let options = PullOptions {
            from,
            source: "export",
            key: Some(IdentityKey::PUBLIC),
            threads: how.threads,
            reader: how.reader,
            read_by: how.read_by,
            today: date(2026, 1, 15),
            at: "now".to_owned(),
            laboratory: None,
            terms: preventiojyraa::config::SourceTerms::default(),
            network: None,
            deleted: &[],
            lacking: &[],
        };
        let pulled = steps::pull(rulebook(), &mut data, &options);
        report = Some(pulled.expect("a pull"));
    }
    let store = Store::open(&place.join("lake")).expect("a lake");
    let mut streams = store.facts(&rulebook().catalogue, None).expect("facts");
    let mut facts = Vec::new();
    while let Some(resident) = streams.next_resident().expect("facts") {
        let mut of_resident = Vec::new();
        streams
            .take_until(resident, &mut of_resident)
            .expect("facts");
        facts.extend(of_resident.into_iter().map(|fact| (resident, fact)));
    }
    let ledger = Connection::open(place.join("ledger.sqlite")).expect("a ledger");
    Left {
        report: report.expect("an export"),
        facts,
        register: store.register(None).expect("a register"),
        issues: store.issues(None).expect("issues"),
        set_aside: rows(
            &ledger,
            "SELECT file, line, code, raw FROM quarantine ORDER BY pull, file, line",
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        ),
        unmapped: rows(
            &ledger,
            "SELECT resource_type, system, code, n FROM unmapped WHERE pull = (SELECT max(pull) FROM unmapped)",
            |row| Ok(((row.get(0)?, row.get(1)?, row.get(2)?), row.get(3)?)),
        )
        .into_iter()
        .collect(),
        identities: rows(
            &ledger,
            "SELECT resident, patient_id, national_id FROM identity ORDER BY resident",
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        ),
    }
}

fn rows<T>(
    ledger: &Connection,
    query: &str,
    row: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Vec<T> {
    let mut statement = ledger.prepare(query).expect("a query");
    let rows = statement.query_map([], |r| row(r)).expect("rows");
    rows.collect::<Result<_, _>>().expect("rows")
}

fn says_the_same(a: &RegisterRow, b: &RegisterRow) -> bool {
    (a.resident, a.version, a.register) == (b.resident, b.version, b.register)
        && (&a.district, &a.language) == (&b.district, &b.language)
}

/// What must be the same whatever is damaged.
#[track_caller]
fn assert_same_facts(what: &str, a: &Left, b: &Left) {
    assert_eq!(a.facts.len(), b.facts.len(), "{what}: facts");
    assert!(a.facts == b.facts, "{what}: other facts");
    let same = a.register.len() == b.register.len()
        && a.register
            .iter()
            .zip(&b.register)
            .all(|(a, b)| says_the_same(a, b));
    assert!(same, "{what}: another register");
    assert!(a.identities == b.identities, "{what}: other identities");
}

#[track_caller]
fn assert_same(what: &str, a: &Left, b: &Left) {
    assert_same_facts(what, a, b);
    let report = |left: &Left| serde_json::to_string_pretty(&left.report).expect("JSON");
    assert_eq!(report(a), report(b), "{what}");
    assert!(a.issues == b.issues, "{what}: other issues");
    assert!(a.set_aside == b.set_aside, "{what}: other lines set aside");
    assert_eq!(a.unmapped, b.unmapped, "{what}");
}

/// Lines of a made-up city, with and without verbosity, and of all fixtures.
fn corpus(folder: &TempFolder) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    for (name, verbose, residents) in [("verbose", true, "30"), ("plain", false, "60")] {
        let out = folder.join(name);
        let place = out.display().to_string();
        let mut words = vec!["standin", "export", "--residents", residents, "--seed", "5"];
        words.extend(["--out", &place, "--as-of", "2026-01-15"]);
        words.extend(verbose.then_some("--verbose"));
        preventio(&words).ends_well();
        for entry in fs::read_dir(&out).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|ending| ending == "ndjson") {
                let bytes = fs::read(&path).expect("a file");
                lines.extend(bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec));
            }
        }
    }
    for kind in fs::read_dir(super::outcome::folder()).expect("a folder") {
        let kind = kind.expect("an entry").path();
        for entry in fs::read_dir(&kind).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|ending| ending == "json") {
                let bytes = fs::read(&path).expect("a fixture");
                lines.push(bytes.trim_ascii_end().to_vec());
            }
        }
    }
    lines.retain(|line| !line.is_empty() && !line.contains(&b'\n'));
    lines.sort();
    lines.dedup();
    assert!(600 < lines.len(), "{}", lines.len());
    lines
}

/// Changes a line so that it stays what it was to FHIR.
fn rewritten(dice: &mut Dice, line: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(line);
    let replaced = |from: &str, to: &str| text.replace(from, to).into_bytes();
    let at_random = |dice: &mut Dice, insert: &str| {
        // After some comma or colon outside texts, blanks change nothing.
        let places: Vec<usize> = text.match_indices(",\"").map(|(at, _)| at + 1).collect();
        let mut bytes = line.to_vec();
        if !places.is_empty() {
            let at = places[dice.below(places.len())];
            bytes.splice(at..at, insert.bytes());
        }
        bytes
    };
    match dice.below(20) {
        0 => replaced("\":{", "\": {"),
        1 => replaced("\":\"", "\" : \""),
        2 => replaced("\"code\":\"", "\"code\":\t\""),
        // Codes behind escapes.
        3 => replaced("-", "\\u002d"),
        4 => replaced("4", "\\u0034"),
        5 => replaced("E1", "\\u0045\\u0031"),
        6 => replaced("/", "\\/"),
        7 => reordered(&text),
        8 => [b" ", line, b"  "].concat(),
        9 => [line, b"\r"].concat(),
        10 => replaced(
            "\"status\":\"final\"",
            "\"extension\":[{\"url\":\"u\",\"valueString\":\"\\\"code\\\":{\"}],\"status\":\"final\"",
        ),
        11 => replaced(
            ",\"subject\"",
            ",\"contained\":[{\"resourceType\":\"Patient\",\"id\":\"inner\"}],\"subject\"",
        ),
        12 => replaced(
            "\"status\":\"final\"",
            "\"status\":\"final\",\"component\":[{\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"59261-8\"}]},\"valueQuantity\":{\"value\":44,\"unit\":\"mmol/mol\"}}]",
        ),
        // A newer version, an older one, and one that says something else.
        13 => dated(&text, "2025-12-01T10:00:00Z").into_bytes(),
        14 => at_random(dice, " \t"),
        // Keys behind escapes, and blanks where codes are looked for.
        15 => replaced("\"code\"", "\"c\\u006fde\""),
        16 => replaced("\"code\":\"", "\"code\":\r\""),
        17 => replaced("\"code\":\"", "\"code\"\t:\""),
        // What looks like a code where none is, and a word that ends in one.
        18 => replaced(
            "\"status\":\"final\"",
            "\"note\":[{\"text\":\"code\"},{\"text\":\"\\\"code\\\":\\\"4548-4\\\"\"}],\"zipcode\":\"4548-4\",\"status\":\"final\"",
        ),
        _ => {
            let other = text
                .replace("4548-4", "8867-4")
                .replace("59261-8", "8867-4");
            dated(&other, "2025-12-02T10:00:00Z").into_bytes()
        }
    }
}

/// With a time of update, where there is none.
fn dated(text: &str, at: &str) -> String {
    if text.contains("lastUpdated") {
        return text.to_owned();
    }
    let meta = format!(",\"meta\":{{\"lastUpdated\":\"{at}\",");
    text.replacen(",\"meta\":{", &meta, 1)
}

/// Keys in the order of the alphabet, as some servers write them.
fn reordered(text: &str) -> Vec<u8> {
    match serde_json::from_str::<Value>(text) {
        Ok(value) => value.to_string().into_bytes(),
        Err(_) => text.as_bytes().to_vec(),
    }
}

/// Damages a line.
fn damaged(dice: &mut Dice, line: &[u8]) -> Vec<u8> {
    let mut bytes = line.to_vec();
    let at = dice.below(bytes.len().max(1));
    match dice.below(10) {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(..at)),
        2 => bytes[at] = u8::try_from(dice.below(256)).expect("a byte"),
        3 => drop(bytes.remove(at)),
        4 => bytes.insert(at, b"\"{}[],:\\\xff\0"[dice.below(10)]),
        // The end of the line is lost, and another follows.
        5 => {
            bytes.truncate(at);
            bytes.extend_from_slice(line);
        }
        6 => bytes = [line, line].concat(),
        // A code twice, once of no interest.
        9 => {
            let text = String::from_utf8_lossy(line).into_owned();
            let twice = text.replace("\"code\":\"", "\"code\":\"8867-4\",\"code\":\"");
            bytes = twice.into_bytes();
        }
        7 => {
            let end = (at + dice.below(40)).min(bytes.len());
            bytes.drain(at..end);
        }
        _ => {
            let text = String::from_utf8_lossy(line).into_owned();
            let twice = text.replace("\"status\":", "\"id\":\"other\",\"status\":");
            bytes = twice.into_bytes();
        }
    }
    bytes.retain(|byte| *byte != b'\n');
    bytes
}

/// Packs lines into files: plain or in several gzip members, with a mark of byte order, blank lines
/// and without a last line end, as chance will have it.
fn packed(dice: &mut Dice, lines: &[Vec<u8>], out: &Path) {
    if out.exists() {
        fs::remove_dir_all(out).expect("a folder can be removed");
    }
    fs::create_dir_all(out).expect("a folder can be made");
    let n_files = 1 + dice.below(3);
    for (n, part) in lines
        .chunks(lines.len().div_ceil(n_files).max(1))
        .enumerate()
    {
        let mut text = Vec::new();
        if dice.below(4) == 0 {
            text.extend_from_slice(b"\xef\xbb\xbf");
        }
        for line in part {
            text.extend_from_slice(line);
            text.push(b'\n');
            if dice.below(9) == 0 {
                text.extend_from_slice(b" \r\n");
            }
        }
        if dice.below(3) == 0 {
            text.pop();
        }
        let name = format!("part-{n}.ndjson");
        match dice.below(4) {
            0 => {
                let middle = dice.below(text.len().max(1));
                let mut members = Vec::new();
                for half in [&text[..middle], &text[middle..]] {
                    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
                    gzip.write_all(half).expect("memory can be written");
                    members.extend(gzip.finish().expect("memory can be written"));
                }
                fs::write(out.join(format!("{name}.gz")), members).expect("written");
            }
            1 => {
                let bytes = zstd::encode_all(&text[..], 1).expect("memory can be written");
                fs::write(out.join(format!("{name}.zst")), bytes).expect("written");
            }
            _ => fs::write(out.join(name), &text).expect("written"),
        }
    }
}

/// Some lines of the corpus in an order of their own, some of them changed.
fn drawn(
    dice: &mut Dice,
    corpus: &[Vec<u8>],
    change: impl Fn(&mut Dice, &[u8]) -> Vec<u8>,
) -> Vec<Vec<u8>> {
    let n_lines = 20 + dice.below(200);
    let mut lines = Vec::new();
    for _ in 0..n_lines {
        let line = &corpus[dice.below(corpus.len())];
        lines.push(line.clone());
        if dice.below(2) == 0 {
            // Beside itself, before or after: two versions of one statement.
            let changed = change(dice, line);
            let at = lines.len() - dice.below(2);
            lines.insert(at, changed);
        }
    }
    lines
}

#[test]
fn rewritten_lines_are_read_alike_by_both_readers() {
    let folder = TempFolder::new();
    let corpus = corpus(&folder);
    for seed in 0..n_cases() {
        let mut dice = Dice::new(seed);
        let out = folder.join("export");
        let lines = drawn(&mut dice, &corpus, rewritten);
        packed(&mut dice, &lines, &out);
        let filtered = How {
            threads: 1 + dice.below(3),
            read_by: [ReadBy::Plain, ReadBy::Direct][dice.below(2)],
            ..FILTERED
        };
        let expected = pulled(&folder, &[&out], REFERENCE);
        assert_same(
            &format!("seed {seed}"),
            &pulled(&folder, &[&out], filtered),
            &expected,
        );
        // The same again, on top of what is known now.
        if seed % 4 == 0 {
            let next = folder.join("next");
            let lines = drawn(&mut dice, &corpus, rewritten);
            packed(&mut dice, &lines, &next);
            let expected = pulled(&folder, &[&out, &next], REFERENCE);
            let found = pulled(&folder, &[&out, &next], filtered);
            assert_same(&format!("seed {seed}, twice"), &found, &expected);
        }
    }
}

#[test]
fn damaged_lines_cost_no_fact_and_go_unseen_only_where_no_rule_speaks() {
    let folder = TempFolder::new();
    let corpus = corpus(&folder);
    let filter = Filter::new(rulebook());
    for seed in 0..n_cases() {
        let mut dice = Dice::new(1_000_000 + seed);
        let out = folder.join("export");
        let lines = drawn(&mut dice, &corpus, damaged);
        packed(&mut dice, &lines, &out);
        let expected = pulled(&folder, &[&out], REFERENCE);
        let found = pulled(&folder, &[&out], FILTERED);
        let what = format!("seed {seed}");
        assert_same_facts(&what, &found, &expected);
        let seen: BTreeSet<&SetAside> = found.set_aside.iter().collect();
        for line in &expected.set_aside {
            let raw = zstd::decode_all(&line.3[..]).expect("compressed");
            let passes = filter.glance(&raw) != Glance::Unclear;
            // The last line of a file is parsed when it has no end, whatever it looks like.
            assert!(
                seen.contains(line) || passes,
                "{what}: {} {}",
                line.0,
                line.1
            );
        }
        let n_missed = expected.set_aside.len() - found.set_aside.len();
        let counts = (found.report.lines, expected.report.lines);
        assert_eq!(
            counts.0.unmapped + counts.0.other_type,
            counts.1.unmapped + counts.1.other_type + n_missed as u64,
            "{what}"
        );
        assert_eq!(counts.0.facts, counts.1.facts, "{what}");
        let issues: BTreeSet<&IssueRow> = expected.issues.iter().collect();
        let unknown = found.issues.iter().filter(|row| !issues.contains(row));
        assert_eq!(
            unknown.count(),
            0,
            "{what}: issues that the reference lacks"
        );
        assert_eq!(
            expected.issues.len() - found.issues.len(),
            n_missed,
            "{what}"
        );
    }
}

#[test]
fn a_newer_version_of_no_interest_takes_back_what_an_older_one_said() {
    let observation = |code: &str, updated: &str| {
        format!(
            r#"{{"resourceType":"Observation","id":"o1","meta":{{"lastUpdated":"{updated}"}},"status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"{code}"}}]}},"subject":{{"reference":"Patient/p1"}},"effectiveDateTime":"2025-10-01","valueQuantity":{{"value":44,"unit":"mmol/mol"}}}}"#
        )
        .into_bytes()
    };
    let patient = br#"{"resourceType":"Patient","id":"p1","birthDate":"1961-04-30"}"#.to_vec();
    let spoke = observation("59261-8", "2025-10-01T10:00:00Z");
    let silent = observation("8867-4", "2025-10-02T10:00:00Z");
    let folder = TempFolder::new();
    let (first, second) = (folder.join("first"), folder.join("second"));
    for lines in [[&patient, &spoke, &silent], [&silent, &spoke, &patient]] {
        fs::create_dir_all(&first).expect("a folder");
        let text = lines.map(|line| [line, &b"\n"[..]].concat()).concat();
        fs::write(first.join("all.ndjson"), text).expect("written");
        let found = pulled(&folder, &[&first], FILTERED);
        assert_eq!(
            found.facts.len(),
            2,
            "what was said and that it is taken back"
        );
        assert_same("one export", &found, &pulled(&folder, &[&first], REFERENCE));
    }
    // The same in two exports, and with a line that is not dated.
    fs::create_dir_all(&second).expect("a folder");
    let undated = String::from_utf8(silent).expect("ASCII");
    let undated = undated.replace(r#""meta":{"lastUpdated":"2025-10-02T10:00:00Z"},"#, "");
    fs::write(
        first.join("all.ndjson"),
        [&patient, &b"\n"[..], &spoke].concat(),
    )
    .expect("written");
    fs::write(second.join("all.ndjson"), undated).expect("written");
    let found = pulled(&folder, &[&first, &second], FILTERED);
    assert_eq!(found.facts.len(), 2);
    let expected = pulled(&folder, &[&first, &second], REFERENCE);
    assert_same("two exports", &found, &expected);
}
