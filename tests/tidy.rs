//! Architecture and hygiene, as tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use preventiojyraa::intake::IssueCode;
use preventiojyraa::rulebook::State;

/// The core's rooms, in the only order in which imports may point left.
const CORE: [&str; 13] = [
    "profile",
    "rulebook",
    "intake",
    "risk",
    "pathway",
    "orders",
    "delivery",
    "outcomes",
    "calibration",
    "learning",
    "planning",
    "schedule",
    "report",
];
/// A file this long needs a sentence at its top that says why.
const LONG_FILE: usize = 500;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below a folder, with its text.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    collect(&root().join(folder), &mut files);
    files.sort();
    files
}

fn collect(folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("a source folder can be listed") {
        let path = entry.expect("a source folder can be listed").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root()).expect("below the root");
            let text = fs::read_to_string(&path).expect("a source file can be read");
            files.push((name.display().to_string(), text));
        }
    }
}

/// Code lines: comments and docs left out, so that a doc example is no import.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
}

fn mentions(text: &str, words: &[&str]) -> bool {
    code(text).any(|line| words.iter().any(|word| line.contains(word)))
}

#[test]
fn imports_between_core_rooms_point_left() {
    for (n, room) in CORE.iter().enumerate() {
        for (file, text) in sources(&format!("src/core/{room}")) {
            for later in &CORE[n + 1..] {
                let import = format!("crate::{later}");
                assert!(!mentions(&text, &[&import]), "{file} imports {later}");
            }
        }
    }
}

#[test]
fn the_core_depends_on_nothing_that_could_do_io() {
    let manifest = fs::read_to_string(root().join("src/core/Cargo.toml")).expect("readable");
    let table = manifest
        .split("[dependencies]")
        .nth(1)
        .expect("it has dependencies");
    let table = table
        .split("\n[")
        .next()
        .expect("split yields one part or more");
    let names: BTreeSet<&str> = table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('=').map(|(name, _)| name.trim()))
        .collect();
    assert_eq!(
        names,
        BTreeSet::from([
            "jiff",
            "libm",
            "rand_chacha",
            "sha2",
            "statrs",
            "thiserror",
            "toml",
        ])
    );
    for (file, text) in sources("src/core") {
        let io = [
            "std::fs",
            "std::net",
            "std::env",
            "std::process",
            "std::time",
            "std::thread",
        ];
        assert!(!mentions(&text, &io), "{file} reaches outside");
    }
}

#[test]
fn only_the_edges_of_time_read_the_clock() {
    for (file, text) in sources("src") {
        let clocks = ["Timestamp::now", "Zoned::now", "SystemTime", "Instant::now"];
        let rooms = ["src/cli/", "src/daemon/", "src/standin/server/"];
        let allowed = rooms.iter().any(|room| file.starts_with(room));
        assert!(
            allowed || !mentions(&text, &clocks),
            "{file} reads the clock"
        );
    }
}

#[test]
fn each_technology_stays_in_its_rooms() {
    let rules: [(&[&str], &[&str]); 7] = [
        // The demonstration turns the stand-in's clock: a test's control, not a conversation.
        // Pages ask the provider who somebody is.
        (&["reqwest"], &["src/fhir/", "src/demo/", "src/web/"]),
        (&["rusqlite"], &["src/ledger/"]),
        (&["arrow_array", "parquet::"], &["src/lake/"]),
        (&["object_store"], &["src/lake/away/"]),
        (&["fhir_sdk"], &["src/fhir/authoring/"]),
        (&["preventiojyraa_authoring"], &["src/fhir/authored/"]),
        (
            &["serde_json"],
            &[
                "src/fhir/",
                "src/steps/",
                "src/cli/",
                "src/standin/",
                "src/demo/",
                "src/cds/",
            ],
        ),
    ];
    for (file, text) in sources("src") {
        for (words, rooms) in rules {
            let allowed = rooms.iter().any(|room| file.starts_with(room));
            assert!(
                allowed || !mentions(&text, words),
                "{file} mentions {words:?}"
            );
        }
    }
}

#[test]
fn the_stand_in_shares_nothing_with_the_engine() {
    for (file, text) in sources("src/standin") {
        let imports = ["crate::", "preventiojyraa_core"];
        assert!(!mentions(&text, &imports), "{file} imports from the engine");
    }
    for room in [
        "evaluate", "fhir", "lake", "ledger", "steps", "daemon", "core",
    ] {
        for (file, text) in sources(&format!("src/{room}")) {
            assert!(
                !mentions(&text, &["standin::"]),
                "{file} knows the stand-in"
            );
        }
    }
}

#[test]
fn steps_do_not_know_sql_or_fhir_fields() {
    for (file, text) in sources("src/steps") {
        let words = [
            "SELECT ",
            "INSERT ",
            "valueQuantity",
            "resourceType",
            "effectiveDateTime",
        ];
        assert!(!mentions(&text, &words), "{file}");
    }
}

#[test]
fn every_room_says_what_it_is() {
    let headings = [
        "# What lives here",
        "# How the data flows",
        "# Invariants",
        "# Why it is so",
    ];
    let core = CORE.map(|room| format!("src/core/{room}/mod.rs"));
    let edges = [
        "approval", "cds", "channels", "evaluate", "fhir", "lake", "ledger", "steps", "web",
        "daemon", "standin",
    ]
    .map(|r| format!("src/{r}/mod.rs"));
    for file in core.into_iter().chain(edges) {
        let text = fs::read_to_string(root().join(&file)).expect("every room has a door");
        for heading in headings {
            assert!(text.contains(heading), "{file} lacks `{heading}`");
        }
    }
}

#[test]
fn long_files_say_why_and_nothing_is_left_unfinished() {
    for (file, text) in sources("src") {
        let n_lines = text.lines().count();
        let says_why = text
            .lines()
            .take(6)
            .any(|line| line.contains("Longer than"));
        assert!(
            n_lines <= LONG_FILE || says_why,
            "{file} has {n_lines} lines"
        );
        let unfinished = ["todo!(", "unimplemented!(", ".unwrap()", "dbg!("];
        assert!(!mentions(&text, &unfinished), "{file} is unfinished");
    }
    for (file, text) in sources("tests") {
        let skipped = ["#[ignore", "#[should_panic"];
        assert!(
            file.ends_with("tidy.rs") || !mentions(&text, &skipped),
            "{file}"
        );
    }
}

#[test]
fn codes_are_kebab_case_and_unique_over_the_program() {
    let issues = IssueCode::ALL.iter().map(|code| code.name());
    let states = State::NAMES.iter().map(|(name, _)| *name);
    let rules = preventiojyraa::rules::shipped().expect("the shipped rules hold");
    let rows: Vec<String> = rules
        .pathway
        .rows
        .iter()
        .map(|row| row.id.clone())
        .collect();
    let mut seen = BTreeSet::new();
    // A row may share its name with the state it decides, so states are checked by themselves.
    for code in issues.chain(rows.iter().map(String::as_str)) {
        assert!(
            seen.insert(code.to_owned()) || code == "opted-out" || code == "deceased",
            "{code}"
        );
    }
    assert_eq!(
        states.clone().collect::<BTreeSet<_>>().len(),
        State::NAMES.len()
    );
    for code in seen.iter().map(String::as_str).chain(states) {
        let kebab = code
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        assert!(kebab, "{code}");
    }
}

#[test]
fn every_dependency_earns_its_place_in_a_comment() {
    for manifest in [
        "Cargo.toml",
        "src/core/Cargo.toml",
        "src/fhir/authoring/Cargo.toml",
        "tests/fuzz/Cargo.toml",
    ] {
        let text = fs::read_to_string(root().join(manifest)).expect("readable");
        let mut in_dependencies = false;
        let mut commented = false;
        for line in text.lines() {
            if line.starts_with('[') {
                in_dependencies = line.contains("dependencies");
            } else if line.starts_with('#') {
                commented = true;
                continue;
            } else if in_dependencies && line.contains('=') {
                // What the workspace declares is explained there.
                assert!(
                    commented || line.contains("workspace = true"),
                    "{manifest}: {line}"
                );
            }
            commented = false;
        }
    }
}

#[test]
fn no_clinical_cut_off_stands_in_the_code() {
    // Numbers that only medicine would write, outside tests, docs and the made-up city.
    let cut_offs = [
        "7.0", "11.1", "6.1", "7.8", "48.0", "6.5", "102.0", "88.0", "94.0",
    ];
    for (file, text) in sources("src") {
        if file.starts_with("src/standin/") || file.ends_with("tests.rs") {
            continue;
        }
        let body = text
            .split("#[cfg(test)]")
            .next()
            .expect("split yields one part or more");
        for line in code(body) {
            let words = line.split(|c: char| !(c.is_ascii_digit() || c == '.'));
            for word in words {
                assert!(!cut_offs.contains(&word), "{file}: {line}");
            }
        }
    }
}
