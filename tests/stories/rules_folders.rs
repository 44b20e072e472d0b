//! Folders with anything in them: refused with file and line, in bounded memory, never a panic.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use preventiojyraa::rules::{self, RulesError};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::Value;

use crate::support::draw::fixed;
use crate::support::rules::Rules;
use crate::support::site::{TempFolder, preventio};

const SCORE: &str = "scores/findrisc.toml";
const STEPWISE: &str = "pathways/stepwise.toml";

/// A copy of the shipped rules with one file written over, and what is wrong with it: file, line, code.
#[track_caller]
fn wrong(change: impl FnOnce(&Path)) -> Vec<(String, usize, &'static str)> {
    let folder = TempFolder::new();
    let rules = Rules::at(folder.join("rules"));
    change(&rules.folder);
    match rules::load(Some(&rules.folder), None) {
        Ok(_) => Vec::new(),
        Err(RulesError::Mistakes(mistakes)) => {
            let places = mistakes.into_iter().map(|m| (m.file, m.line, m.code));
            places.collect()
        }
        Err(error @ RulesError::Unreadable { .. }) => panic!("{error}"),
    }
}

fn has(found: &[(String, usize, &'static str)], file: &str, line: usize, code: &str) -> bool {
    found
        .iter()
        .any(|place| (place.0.as_str(), place.1, place.2) == (file, line, code))
}

#[test]
fn a_file_of_fifty_megabytes_is_not_read() {
    let found = wrong(|folder| {
        let file = fs::File::create(folder.join(SCORE)).expect("created");
        file.set_len(50 << 20).expect("fifty megabytes");
    });
    assert!(has(&found, SCORE, 1, "rule-too-large"), "{found:?}");
    assert!(
        found.iter().any(|place| place.2 == "rule-not-found"),
        "and what follows: {found:?}"
    );
}

#[test]
fn bytes_that_are_no_text_are_refused_in_their_line() {
    for (bytes, line) in [
        (&b"id = \"a\"\n# \xff\n"[..], 2),
        (b"\xc3\x28", 1),
        (b"a = 1\n\n\nb = \"\xed\xa0\x80\"", 4),
        (b"\xff\xfei\x00d\x00", 1),
    ] {
        let found = wrong(|folder| fs::write(folder.join(SCORE), bytes).expect("written"));
        assert!(
            has(&found, SCORE, line, "rule-not-utf8"),
            "{bytes:?}: {found:?}"
        );
    }
    // One letter in a comment of a file that is else as it was: nothing is guessed.
    let found = wrong(|folder| {
        let path = folder.join(STEPWISE);
        let mut bytes = fs::read(&path).expect("a rule file");
        bytes.splice(2..3, [0xe4]);
        fs::write(path, bytes).expect("written");
    });
    assert!(has(&found, STEPWISE, 1, "rule-not-utf8"), "{found:?}");
}

#[test]
fn links_in_a_circle_pipes_and_deep_folders_end() {
    let found = wrong(|folder| symlink("..", folder.join("scores/round")).expect("a link"));
    assert_eq!(found, [], "folders behind links are not walked");
    let found = wrong(|folder| {
        symlink("itself.toml", folder.join("scores/itself.toml")).expect("a link");
        fs::remove_file(folder.join("scores/itself.toml")).expect("removed");
        symlink("..", folder.join("scores/folder.toml")).expect("a link");
    });
    assert!(
        has(&found, "scores/folder.toml", 1, "rule-no-file"),
        "{found:?}"
    );
    let found = wrong(|folder| {
        let pipe = folder.join("scores/pipe.toml");
        assert!(
            Command::new("mkfifo")
                .arg(pipe)
                .status()
                .expect("mkfifo starts")
                .success()
        );
    });
    assert!(
        has(&found, "scores/pipe.toml", 1, "rule-no-file"),
        "{found:?}"
    );
    let found = wrong(|folder| {
        let deep = (0..40).fold(folder.join("scores"), |path, _| path.join("d"));
        fs::create_dir_all(&deep).expect("made");
        fs::write(deep.join("x.toml"), "").expect("written");
    });
    assert!(
        found.iter().any(|place| place.2 == "rule-folder-too-deep"),
        "{found:?}"
    );
    let found = wrong(|folder| {
        for n in 0..1_100 {
            fs::write(folder.join(format!("scores/{n}.toml")), "").expect("written");
        }
    });
    assert!(
        found.iter().any(|place| place.2 == "rule-files-too-many"),
        "{}",
        found.len()
    );
}

#[test]
fn mistakes_are_told_as_json_too() {
    let folder = TempFolder::new();
    let rules = Rules::at(folder.join("rules"));
    rules.says(
        SCORE,
        &[(
            "{ from = 25, to = 30, points = 1 }",
            "{ from = 26, to = 30, points = 1 }",
        )],
    );
    let said = preventio(&["rules", "check", "--json", "--rules", &rules.name()]);
    assert_eq!((said.code, said.err.as_str()), (Some(4), ""));
    let report: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(report["holds"], false);
    let mut mistakes = report["mistakes"].as_array().into_iter().flatten();
    let mistake = mistakes.find(|mistake| mistake["file"] == SCORE);
    let mistake = mistake.expect("a mistake in the score");
    assert_eq!(mistake["code"], "band-gap");
    assert!(mistake["line"].as_u64().is_some_and(|line| 1 < line));
    let said = preventio(&["rules", "check", "--json"]).ends_well();
    let report: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(report["holds"], true);
    assert!(
        report["unverified"]
            .as_array()
            .is_some_and(|all| 5 < all.len())
    );
    assert!(report["rules"].as_array().is_some_and(|all| 10 < all.len()));
}

#[test]
fn any_bytes_in_any_file_are_refused_or_loaded_and_never_break_anything() {
    let folder = TempFolder::new();
    let rules = Rules::at(folder.join("rules"));
    let paths: Vec<_> = rules::shipped_files()
        .into_iter()
        .map(|file| file.path)
        .collect();
    let changes = vec((any::<prop::sample::Index>(), any::<u8>()), 1..6);
    let strategy = (prop::sample::select(paths), changes);
    let mut runner = TestRunner::new(fixed(200));
    let outcome = runner.run(&strategy, |(path, changes)| {
        let place = rules.folder.join(&path);
        let whole = fs::read(&place).expect("a rule file");
        let mut bytes = whole.clone();
        for (at, byte) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        fs::write(&place, bytes).expect("written");
        let loaded = rules::load(Some(&rules.folder), None);
        fs::write(&place, whole).expect("written");
        if let Err(error) = loaded {
            prop_assert!(!error.to_string().is_empty());
        }
        Ok(())
    });
    outcome.expect("nothing breaks");
    rules::load(Some(&rules.folder), None).expect("as it was");
}
