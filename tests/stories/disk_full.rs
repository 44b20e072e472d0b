//! No room for what a pull or a run writes: the folder stays as it was, and the next attempt completes it.

use super::orders_disk::{ROOM, fails_clearly, with_room};
use crate::support::site::{Site, TempFolder, made_up_register};

const DAY: &str = "2025-02-01";

/// Runs a command with less room than it needs, then with more and more.
#[track_caller]
fn leaves_all_as_it_was(site: &Site, command: &[String], before: &str) {
    let mut failed = 0;
    for blocks in ROOM {
        let said = with_room(blocks, command);
        if !fails_clearly(&said) {
            return;
        }
        failed += 1;
        let says_what = said.err.contains("cannot ") || said.err.contains("Parquet");
        assert!(says_what, "{}", said.err);
        let why = ["too large", "full", "I/O error"];
        assert!(why.iter().any(|why| said.err.contains(why)), "{}", said.err);
        if site.data().join("ledger.sqlite").exists() {
            let now = site.does(&["fsck"]).ends_well();
            assert!(now == before || before.is_empty(), "{now}");
        }
    }
    assert!(3 < failed, "only {failed} attempts had too little room");
}

#[test]
fn a_pull_and_a_run_on_a_full_disk_lose_nothing() {
    let folder = TempFolder::new();
    let export = made_up_register(&folder, 200, 6);
    let undisturbed = Site::new();
    undisturbed.pulls(&export, &[]);
    let hash = undisturbed.decisions_hash(DAY);

    let site = Site::new();
    leaves_all_as_it_was(&site, &site.pull_words(&export, &[]), "");
    site.pulls(&export, &[]);
    let before = site.does(&["fsck"]).ends_well();
    let run = site.arguments(&["run", "--index-date", DAY]);
    leaves_all_as_it_was(&site, &run, &before);
    assert_eq!(site.decisions_hash(DAY), hash);
    site.is_whole();
}
