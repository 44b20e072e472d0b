//! Runs of every release, decided again by this program: identical, for ever.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use preventiojyraa::steps::{Access, DataFolder};
use serde_json::Value;

use super::replay::{content, replays};
use crate::support::site::Site;

fn releases() -> Vec<PathBuf> {
    let folder = Path::new(crate::ROOT).join("fixtures/replay");
    let entries = fs::read_dir(folder).expect("a folder of releases");
    let mut releases: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .collect();
    releases.sort();
    releases
}

fn name(path: &Path) -> String {
    path.file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned()
}

/// A data folder with what a release left, which only its owner can open; the fixture stays as it is.
fn put_back(release: &Path) -> Site {
    let site = Site::new();
    let private = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode can be set");
    };
    for folder in ["", "lake", "lake/objects"] {
        let from = release.join(folder);
        let to = site.data().join(folder);
        fs::create_dir(&to).expect("a folder can be made");
        private(&to, 0o700);
        for entry in fs::read_dir(from).expect("a folder") {
            let from = entry.expect("an entry").path();
            if from.is_file() {
                let to = to.join(name(&from));
                fs::copy(&from, &to).expect("a file can be copied");
                private(&to, 0o600);
            }
        }
    }
    fs::rename(
        site.data().join("expected.json"),
        site.beside("expected.json"),
    )
    .expect("a file can be moved");
    site
}

#[test]
fn the_version_of_this_program_has_its_fixture() {
    let versions: BTreeSet<String> = releases().iter().map(|path| name(path)).collect();
    let own = env!("CARGO_PKG_VERSION");
    assert!(
        versions.contains(own),
        "`fixtures/replay/{own}` is not there; make it by this program: `fixtures/replay/make PROGRAM`"
    );
}

#[test]
fn every_run_of_every_release_is_decided_again_identically() {
    for release in releases() {
        let before = content(&release);
        let expected = fs::read_to_string(release.join("expected.json")).expect("a file");
        let expected: Value = serde_json::from_str(&expected).expect("JSON");
        assert_eq!(expected["program"], name(&release).as_str());
        let expected = expected["runs"].as_array().expect("runs").iter();
        let hashes = |runs: Vec<&Value>| -> Vec<(Value, Value, Value)> {
            let each = runs.into_iter();
            each.map(|run| {
                let of = |key: &str| run[key].clone();
                (of("run"), of("decisions"), of("hash"))
            })
            .collect()
        };
        let expected = hashes(expected.collect());
        assert!(3 <= expected.len(), "{}", release.display());
        let site = put_back(&release);
        // Only the committed files are kept: what readers look at is linked anew, as after a crash.
        drop(DataFolder::open(&site.data(), Access::Untouched).expect("its ledger can be read"));
        drop(DataFolder::open(&site.data(), Access::WriteExisting).expect("it opens"));
        let said = replays(&site, &["--all", "--json"]);
        assert_eq!(
            said.code,
            Some(0),
            "{}: a change of how is decided must not reach released versions; the fixture of one \
             that is not released yet is made anew (`fixtures/replay/make`): {}{}",
            release.display(),
            said.out,
            said.err
        );
        let found: Value = serde_json::from_str(&said.out).expect("JSON");
        let found = found["runs"].as_array().expect("runs").iter();
        assert_eq!(hashes(found.collect()), expected, "{}", release.display());
        site.is_whole();
        assert!(content(&release) == before, "the fixture has changed");
    }
}
