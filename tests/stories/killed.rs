//! Killed at any moment, the data folder is as it was before or as it is after.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, Instant};

use preventiojyraa::lake::Store;
use serde_json::Value;

use crate::support::acting::dies_after;
use crate::support::site::{
    Dice, Site, TempFolder, count, made_up_register, preventio_starts, text,
};

const DAY: &str = "2025-02-01";
const RESIDENTS: u32 = 1500;

/// Starts a command, kills it after a while and says whether it was still at work.
fn killed(arguments: &[String], after: Duration) -> bool {
    let started = Instant::now();
    let mut child = preventio_starts(arguments);
    dies_after(&mut child, started, after)
}

/// What `fsck` says of a folder that must be whole: generation, pulls and runs.
#[track_caller]
fn whole(site: &Site) -> [u64; 3] {
    let said = site.does(&["fsck", "--json"]).ends_well();
    let report: Value = serde_json::from_str(&said).expect("the report is JSON");
    [&report["generation"], &report["pulls"], &report["runs"]].map(|n| n.as_u64().unwrap_or(0))
}

/// How long each of a pull and a run takes at best, and what is decided in the end.
fn undisturbed(export: &Path) -> ([Duration; 2], String) {
    let [first, second] = [(); 2].map(|()| {
        let site = Site::new();
        let started = Instant::now();
        site.pulls(export, &["--threads", "2"]);
        let pulled = started.elapsed();
        let hash = text(&site.runs(DAY, &["--threads", "2"])["decisions_hash"]);
        (pulled, started.elapsed() - pulled, hash)
    });
    assert_eq!(first.2, second.2);
    let took = [first.0.min(second.0), first.1.min(second.1)];
    (took, first.2)
}

/// Kills commands of one folder after another at random moments; five kills a folder.
#[track_caller]
fn survives(kills: usize, seed: u64, kills_runs: bool) {
    let folder = TempFolder::new();
    let export = made_up_register(&folder, RESIDENTS, 9);
    let (took, hash) = undisturbed(&export);
    let took = took[usize::from(kills_runs)];
    let mut dice = Dice::new(seed);
    let mut at_work = 0;
    let mut endings = BTreeSet::new();
    for _ in 0..kills / 5 {
        let site = Site::new();
        if kills_runs {
            site.pulls(&export, &["--threads", "2"]);
        }
        let command = if kills_runs {
            site.arguments(&["run", "--index-date", DAY, "--threads", "2"])
        } else {
            site.pull_words(&export, &["--threads", "2"])
        };
        for _ in 0..5 {
            let before = whole_or_nothing(&site);
            let thousandths = u32::try_from(dice.below(1_000)).expect("a small number");
            at_work += usize::from(killed(&command, took * thousandths / 1_000));
            // Killed before there was a ledger: as before.
            if !site.data().join("ledger.sqlite").exists() {
                continue;
            }
            let after = whole(&site);
            let done = if kills_runs { [1, 0, 1] } else { [1, 1, 0] };
            let completed = [0, 1, 2].map(|n| before[n] + done[n]);
            assert!(
                after == before || after == completed,
                "{before:?} became {after:?}"
            );
            endings.insert(after == completed);
        }
        if whole_or_nothing(&site)[1] == 0 {
            site.pulls(&export, &["--threads", "2"]);
        }
        assert_eq!(
            site.decisions_hash(DAY),
            hash,
            "the answer is that of an undisturbed folder"
        );
        site.is_whole();
    }
    assert!(
        kills < 10 * at_work,
        "only {at_work} of {kills} kills met the program at work"
    );
    assert!(
        endings.contains(&false),
        "no kill left a folder as it was before"
    );
}

fn whole_or_nothing(site: &Site) -> [u64; 3] {
    if site.data().join("ledger.sqlite").exists() {
        whole(site)
    } else {
        [0; 3]
    }
}

#[test]
fn fifty_pulls_killed_at_random_moments_leave_whole_folders() {
    survives(50, 10, false);
}

#[test]
fn fifty_runs_killed_at_random_moments_leave_whole_folders() {
    survives(50, 11, true);
}

/// Copies a folder with its links and its modes.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a folder can be made");
    fs::set_permissions(to, fs::Permissions::from_mode(0o700)).expect("its mode can be set");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("a folder entry");
        let (kind, place) = (
            entry.file_type().expect("its type"),
            to.join(entry.file_name()),
        );
        if kind.is_symlink() {
            let target = fs::read_link(entry.path()).expect("a link");
            symlink(target, place).expect("a link can be made");
        } else if kind.is_dir() {
            copy(&entry.path(), &place);
        } else {
            fs::copy(entry.path(), place).expect("a file can be copied");
        }
    }
}

/// A folder in which the ledger committed a run, and the lake as it was before that.
struct Committed {
    site: Site,
    /// Name of the file with the decisions, and the number of its generation.
    decisions: String,
    folder: TempFolder,
}

impl Committed {
    fn new() -> Self {
        let folder = TempFolder::new();
        let export = made_up_register(&folder, 40, 3);
        let site = Site::new();
        site.pulls(&export, &[]);
        let before = folder.join("before");
        copy(&site.lake(), &before);
        site.runs(DAY, &[]);
        copy(&site.lake(), &folder.join("after"));
        let table = site.lake().join("current/decisions");
        let mut files = fs::read_dir(table).expect("a table");
        let file = files
            .next()
            .expect("one file")
            .expect("a folder entry")
            .file_name();
        fs::remove_dir_all(site.lake()).expect("the lake can be removed");
        copy(&before, &site.lake());
        let decisions = file.to_string_lossy().into_owned();
        Self {
            site,
            decisions,
            folder,
        }
    }

    /// Puts the file of decisions somewhere into the lake.
    fn with_decisions_in(&self, place: &str) {
        let from = self
            .folder
            .join("after")
            .join("objects")
            .join(&self.decisions);
        let to = self.site.lake().join(place).join(&self.decisions);
        fs::copy(from, to).expect("a file can be copied");
    }

    fn with_generation_in(&self, from: &str, to: &str) {
        copy(
            &self.folder.join("after").join(from),
            &self.site.lake().join(to),
        );
    }

    #[track_caller]
    fn recovers_to_after(&self) {
        assert_eq!(whole(&self.site), [2, 1, 1]);
        let staging = fs::read_dir(self.site.lake().join("_staging")).expect("a folder");
        assert_eq!(staging.count(), 0, "nothing is left in staging");
        let decided: u64 = self.site.decisions().len() as u64;
        assert_eq!(decided, self.site.register().len() as u64);
    }
}

#[test]
fn what_was_staged_and_never_committed_is_gone_after_a_restart() {
    let folder = TempFolder::new();
    let export = made_up_register(&folder, 40, 3);
    let site = Site::new();
    site.pulls(&export, &[]);
    let before = whole(&site);
    let store = Store::open(&site.lake()).expect("the lake opens");
    store
        .stage_issues(std::iter::empty())
        .expect("issues can be staged");
    store
        .stage_register(&[], 0, std::iter::empty())
        .expect("a register can be staged");
    fs::create_dir(site.lake().join("_staging/generation-2")).expect("a folder can be made");
    fs::write(site.lake().join("_staging/facts-0.writing"), "half").expect("a file can be written");
    assert_eq!(whole(&site), before);
    assert_eq!(count(&site.runs(DAY, &[])["run"]), 1);
    site.is_whole();
}

#[test]
fn what_was_committed_and_never_published_is_published_at_the_next_start() {
    let committed = Committed::new();
    committed.with_decisions_in("_staging");
    committed.recovers_to_after();
}

#[test]
fn a_file_moved_into_place_without_its_generation_is_finished() {
    let committed = Committed::new();
    committed.with_decisions_in("objects");
    committed.recovers_to_after();
}

#[test]
fn a_generation_half_linked_in_staging_is_built_anew() {
    let committed = Committed::new();
    committed.with_decisions_in("objects");
    committed.with_generation_in("generations/1", "_staging/generation-2");
    committed.recovers_to_after();
}

#[test]
fn a_generation_in_place_that_nobody_points_at_is_pointed_at() {
    let committed = Committed::new();
    committed.with_decisions_in("objects");
    committed.with_generation_in("generations/2", "generations/2");
    let pointer = committed.site.lake().join("_staging/current");
    symlink("generations/2", pointer).expect("a link can be made");
    committed.recovers_to_after();
}

#[test]
fn a_reader_sees_the_generation_before_until_somebody_writes() {
    let committed = Committed::new();
    committed.with_decisions_in("_staging");
    assert_eq!(committed.site.decisions().len(), 0);
    committed.recovers_to_after();
}

#[test]
fn a_committed_file_that_is_nowhere_is_reported_by_name() {
    let committed = Committed::new();
    let said = committed.site.does(&["fsck"]);
    assert_ne!(said.code, Some(0));
    let told = format!("{}{}", said.out, said.err);
    assert!(told.contains(&committed.decisions), "{told}");
}
