//! The lake as files: compacted, it tells the same; away from the data folder, it comes back.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use preventiojyraa::lake::{Store, Table};
use serde_json::Value;

use crate::support::acting::dies_after;
use crate::support::site::{
    Dice, Said, Site, TempFolder, count, made_up_register, preventio_starts, text, words_of,
};
use crate::support::snapshots::reads;

const DAYS: [&str; 3] = ["2025-02-01", "2025-03-01", "2025-04-01"];

/// Pulls of a register made up and of the same one a little older, and three runs.
fn site(residents: u32) -> Site {
    let folder = TempFolder::new();
    let export = made_up_register(&folder, residents, 3);
    let site = Site::new();
    pulled(&site, &export);
    site
}

fn pulled(site: &Site, export: &Path) {
    site.pulls(export, &[]);
    for (n, day) in DAYS.iter().enumerate() {
        // A line that says something new: another version of an observation.
        let file = export.join("Observation.ndjson");
        let lines = fs::read_to_string(&file).expect("an export file");
        let line = lines.lines().nth(n).expect("a line");
        fs::write(&file, format!("{lines}{}\n", line.replace("2024", "2023"))).expect("written");
        site.pulls(export, &[]);
        site.runs(day, &[]);
    }
}

fn json(said: Said) -> Value {
    serde_json::from_str(&said.ends_well()).expect("the report is JSON")
}

/// Files of each table, as `lake status` counts them.
fn files(report: &Value) -> Vec<u64> {
    let tables = report["tables"].as_array().expect("tables");
    tables.iter().map(|table| count(&table["files"])).collect()
}

fn rows(report: &Value) -> Vec<u64> {
    let tables = report["tables"].as_array().expect("tables");
    tables.iter().map(|table| count(&table["rows"])).collect()
}

/// Everything that is read from the lake but the facts, which runs show.
fn told(site: &Site) -> (Vec<String>, Vec<String>, usize) {
    let store = Store::open(&site.lake()).expect("the lake opens");
    let mut decisions = Vec::new();
    store
        .decisions(None, |run, row| {
            decisions.push(format!("{run} {}", words_of(&row)))
        })
        .expect("decisions");
    decisions.sort();
    let register = store
        .register_versions(None)
        .expect("a register")
        .into_iter();
    let register =
        register.map(|row| format!("{} {:?} {:?}", row.resident, row.version, row.register));
    (decisions, register.collect(), site.issues().len())
}

#[test]
fn a_compacted_lake_has_the_same_rows_in_as_few_files_as_can_be() {
    let site = site(60);
    let before = json(site.does(&["lake", "status", "--json"]));
    let (known, hash) = (told(&site), site.decisions_hash(DAYS[0]));
    assert!(files(&before).iter().all(|n| 1 < *n), "{before}");
    assert!(before["away"].is_null());

    let report = json(site.does(&["lake", "compact", "--json"]));
    let before = rows(&before);
    let (rows, more) = (rows(&report["lake"]), 60 + 1);
    assert_eq!(files(&report["lake"]), [1, 1, 1, 1]);
    assert_eq!(count(&report["written"]), 4);
    // A run was made between: one decision more of everybody.
    assert_eq!(rows[..3], before[..3]);
    assert!(
        before[3] < rows[3] && rows[3] <= before[3] + more,
        "{rows:?}"
    );
    site.is_whole();
    assert_eq!(site.decisions_hash(DAYS[0]), hash);
    let (decisions, register, issues) = told(&site);
    assert!(known.0.iter().all(|row| decisions.contains(row)));
    assert_eq!((register, issues), (known.1, known.2));

    // A second time there is one file to fold in; a third time nothing.
    let again = json(site.does(&["lake", "compact", "--json"]));
    assert_eq!(
        [count(&again["replaced"]), count(&again["written"])],
        [2, 1]
    );
    let said = site.does(&["lake", "compact"]).ends_well();
    assert!(said.starts_with("Nothing to compact\n"), "{said}");
}

#[test]
fn a_full_file_is_left_alone_and_no_more_files_are_written_than_needed() {
    let site = site(60);
    let report = json(site.does(&["lake", "compact", "--rows-per-file", "50", "--json"]));
    let (files_now, rows) = (files(&report["lake"]), rows(&report["lake"]));
    let needed: Vec<u64> = rows.iter().map(|rows| rows.div_ceil(50).max(1)).collect();
    assert_eq!(files_now, needed);
    site.is_whole();
    let hash = site.decisions_hash(DAYS[1]);
    let again = json(site.does(&["lake", "compact", "--rows-per-file", "50", "--json"]));
    // What is not full of the decisions, with those of the run since.
    assert!(count(&again["replaced"]) <= 3, "{again}");
    assert_eq!(site.decisions_hash(DAYS[1]), hash);
    site.is_whole();
}

#[test]
fn whoever_reads_a_generation_goes_on_reading_it() {
    let site = site(30);
    let store = Store::open(&site.lake()).expect("the lake opens");
    let seen: Vec<PathBuf> = Table::ALL
        .iter()
        .flat_map(|table| store.files(*table).expect("files"))
        .collect();
    site.does(&["lake", "compact"]).ends_well();
    let now: Vec<PathBuf> = store.files(Table::Facts).expect("files");
    assert!(
        !seen.contains(&now[0]),
        "the new generation has other files"
    );
    for path in seen {
        let bytes = fs::read(&path).expect("a file of the generation before");
        assert!(bytes.ends_with(b"PAR1"), "{}", path.display());
    }
}

#[test]
fn compacting_killed_at_random_moments_leaves_whole_folders() {
    let site = site(400);
    let hash = site.decisions_hash(DAYS[2]);
    let words = |full: &str| site.arguments(&["lake", "compact", "--rows-per-file", full]);
    // There and back, so that each time everything is rewritten.
    let started = Instant::now();
    site.does(&["lake", "compact", "--rows-per-file", "300"])
        .ends_well();
    let took = started.elapsed();
    let known = told(&site);
    let mut dice = Dice::new(12);
    let (mut at_work, mut generations) = (0, BTreeSet::new());
    for n in 0..30 {
        let full = if n % 2 == 0 { "1000000" } else { "300" };
        let mut child = preventio_starts(&words(full));
        let after = took * u32::try_from(dice.below(1_500)).expect("small") / 1_000;
        at_work += usize::from(dies_after(&mut child, Instant::now(), after));
        let report = json(site.does(&["fsck", "--json"]));
        generations.insert(count(&report["generation"]));
        assert_eq!(told(&site), known);
    }
    assert!(5 < at_work, "only {at_work} kills met the program at work");
    assert!(
        2 < generations.len(),
        "compacting was never done: {generations:?}"
    );
    assert_eq!(site.decisions_hash(DAYS[2]), hash);
}

/// A lake away from its data folder, in a folder on the same disk.
struct Away {
    site: Site,
    export: PathBuf,
    folder: TempFolder,
}

impl Away {
    fn new() -> Self {
        let folder = TempFolder::new();
        let export = made_up_register(&folder, 40, 3);
        let site = Site::new();
        let away = Self {
            site,
            export,
            folder,
        };
        fs::write(away.config(), away.configuration("away")).expect("written");
        away.moves(&away.site).ends_well();
        pulled(&away.site, &away.export);
        away
    }

    fn configuration(&self, at: &str) -> String {
        format!(
            "[site]\ntrial = true\n[legal_basis]\nreference = \"trial\"\nvalid_from = 2025-01-01\nvalid_until = 2025-12-31\n[lake]\nat = \"{at}\"\n"
        )
    }

    fn config(&self) -> PathBuf {
        self.folder.join("preventio.toml")
    }

    fn moves(&self, site: &Site) -> Said {
        let config = self.config().display().to_string();
        site.does(&["lake", "move", "--config", &config])
    }

    /// The place.
    fn place(&self) -> PathBuf {
        self.folder.join("away")
    }

    /// Another data folder with a copy of the ledger and nothing else.
    fn restored(&self) -> Site {
        let site = Site::new();
        let mut folder = DirBuilder::new();
        folder.mode(0o700).create(site.data()).expect("a folder");
        for name in ["ledger.sqlite", "ledger.sqlite-wal"] {
            let from = self.site.data().join(name);
            if from.exists() {
                fs::copy(from, site.data().join(name)).expect("a copy");
            }
        }
        site
    }

    fn lists(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.place().join("generations")).expect("lists");
        let mut lists: Vec<_> = entries
            .map(|entry| entry.expect("an entry").path())
            .collect();
        lists.sort();
        lists
    }

    /// The name of a file of the lake that has facts.
    fn facts(&self) -> String {
        let store = Store::open(&self.site.lake()).expect("the lake opens");
        let files = store.files(Table::Facts).expect("files");
        let name = files[0].file_name().expect("a name");
        name.to_string_lossy().into_owned()
    }
}

#[test]
fn a_restored_ledger_on_an_empty_disk_gets_its_lake_back() {
    let away = Away::new();
    let (known, hash) = (told(&away.site), away.site.decisions_hash(DAYS[0]));
    let status = json(away.site.does(&["lake", "status", "--json"]));
    assert_eq!(status["generation"], status["away"]["generation"]);
    away.site.is_whole();

    // Looking is enough: who only reads fetches what is gone.
    fs::remove_dir_all(away.site.lake()).expect("removed");
    away.site.does(&["lake", "status"]).ends_well();
    assert!(known.0.iter().all(|row| told(&away.site).0.contains(row)));

    let restored = away.restored();
    assert_eq!(restored.decisions_hash(DAYS[0]), hash);
    restored.is_whole();
    let (decisions, register, issues) = told(&restored);
    assert!(known.0.iter().all(|row| decisions.contains(row)));
    assert_eq!((register, issues), (known.1, known.2));
}

#[test]
fn a_file_that_is_gone_here_is_fetched_and_never_read_over() {
    let away = Away::new();
    let name = away.facts();
    let link = away.site.lake().join("current/facts").join(&name);
    for path in [&link, &away.site.lake().join("objects").join(&name)] {
        fs::remove_file(path).expect("removed");
    }
    // Without the place, nobody goes on as if the rows had never been.
    fs::rename(away.place(), away.folder.join("elsewhere")).expect("moved");
    let said = away.site.does(&["explain", "nobody"]).ends_with(1);
    assert!(
        said.contains(&name) && said.contains("was committed"),
        "{said}"
    );
    fs::rename(away.folder.join("elsewhere"), away.place()).expect("moved back");
    away.site.decisions_hash(DAYS[0]);
    assert!(link.exists());
    away.site.is_whole();
}

#[test]
fn a_wrong_byte_away_is_found_and_not_taken() {
    let away = Away::new();
    let path = away.place().join("objects").join(away.facts());
    let mut bytes = fs::read(&path).expect("an object");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).expect("written");
    let said = away.site.damage();
    assert!(
        said.contains(&away.facts()) && said.contains("has other content"),
        "{said}"
    );

    let restored = away.restored();
    let said = restored
        .does(&["run", "--index-date", DAYS[0]])
        .ends_with(1);
    assert!(
        said.contains("has other content") && said.contains("hint: "),
        "{said}"
    );
    assert_eq!(
        fs::read_dir(restored.lake().join("_staging"))
            .expect("a folder")
            .count(),
        0
    );
    // What the data folder still has is sent again.
    fs::remove_file(&path).expect("removed");
    away.moves(&away.site).ends_well();
    away.site.is_whole();
    restored.decisions_hash(DAYS[0]);
}

#[test]
fn two_that_write_to_one_place_are_noticed_before_anything_is_committed() {
    let away = Away::new();
    let copy = away.restored();
    away.site.runs(DAYS[0], &[]);
    let n_lists = away.lists().len();
    for words in [&["run", "--index-date", DAYS[1]][..], &["lake", "compact"]] {
        let said = copy.does(words).ends_with(1);
        assert!(
            said.contains("is at generation") && said.contains("hint: "),
            "{said}"
        );
    }
    // Both at the same number, with other files.
    let newest = away.lists().pop().expect("a list");
    let text = fs::read_to_string(&newest).expect("a list");
    let lines: Vec<&str> = text.lines().collect();
    fs::write(&newest, lines[..lines.len() - 1].join("\n")).expect("written");
    let said = away
        .site
        .does(&["run", "--index-date", DAYS[1]])
        .ends_with(1);
    assert!(
        said.contains("two data folders write to one place"),
        "{said}"
    );
    assert_eq!(away.lists().len(), n_lists);

    let other = Site::new();
    let said = away.moves(&other).ends_with(1);
    let wanted = away.moves(&away.site).ends_with(1);
    assert!(wanted.contains("two data folders"), "{wanted}");
    // A folder in which nothing was pulled has no lake to bring; its first pull is refused.
    assert!(
        said.contains("holds the lake of another data folder"),
        "{said}"
    );
}

#[test]
fn an_old_copy_of_the_ledger_shows_what_was_then_and_writes_nothing() {
    let away = Away::new();
    let (old, known) = (away.restored(), told(&away.site));
    away.site.runs(DAYS[0], &[]);
    let status = json(old.does(&["lake", "status", "--json"]));
    assert!(count(&status["generation"]) < count(&status["away"]["generation"]));
    assert_eq!(told(&old), known);
    let said = old.does(&["run", "--index-date", DAYS[1]]).ends_with(1);
    assert!(said.contains("this ledger is an old copy"), "{said}");
    // What is looked for there is found there, also where nobody can write.
    let said = old.does(&["fsck"]);
    assert_eq!(said.code, Some(3), "{}", said.out);
    assert!(said.out.contains("is at generation"), "{}", said.out);
}

#[test]
fn a_place_that_does_not_answer_loses_nothing() {
    let away = Away::new();
    let before = json(away.site.does(&["lake", "status", "--json"]));
    let known = told(&away.site);
    fs::rename(away.place(), away.folder.join("elsewhere")).expect("moved");
    fs::write(away.place(), "not a folder").expect("written");
    for words in [&["run", "--index-date", DAYS[0]][..], &["lake", "compact"]] {
        let said = away.site.does(words).ends_with(1);
        assert!(said.contains("nothing was lost"), "{said}");
    }
    let status = json(away.site.does(&["lake", "status", "--json"]));
    assert_eq!(status["generation"], before["generation"]);
    assert!(status["away"]["trouble"].is_string(), "{status}");
    assert_eq!(told(&away.site), known);

    fs::remove_file(away.place()).expect("removed");
    fs::rename(away.folder.join("elsewhere"), away.place()).expect("moved back");
    // Committed, and killed before the place showed it.
    let newest = away.lists().pop().expect("a list");
    fs::remove_file(&newest).expect("removed");
    away.site.decisions_hash(DAYS[0]);
    assert!(newest.exists());
    away.site.is_whole();
}

#[test]
fn what_nobody_needs_goes_when_asked_for() {
    let away = Away::new();
    let objects = || {
        fs::read_dir(away.place().join("objects"))
            .expect("objects")
            .count()
    };
    let before = objects();
    let report = json(away.site.does(&["lake", "compact", "--collect", "--json"]));
    assert_eq!(away.lists().len(), 2);
    let (removed, written) = (count(&report["removed"]), count(&report["written"]));
    assert!(0 < removed && written == 4, "{report}");
    assert!(objects() < before + 4);
    away.site.is_whole();
    // The generation before can still be read from its list.
    let list = fs::read_to_string(&away.lists()[0]).expect("a list");
    for line in list.lines().skip(1) {
        let file = line.split(',').nth(3).expect("a file");
        assert!(away.place().join(file).exists(), "{file}");
    }
    let here = Site::new();
    here.pulls(&away.export, &[]);
    let said = here.does(&["lake", "compact", "--collect"]).ends_with(1);
    assert!(said.contains("lies in the data folder alone"), "{said}");
}

#[test]
fn a_configuration_that_says_of_the_lake_what_is_not_so_is_refused() {
    let away = Away::new();
    let config = away.config().display().to_string();
    let words = ["run", "--index-date", DAYS[0], "--config", &config];
    away.site.does(&words).ends_well();
    fs::write(away.config(), away.configuration("other")).expect("written");
    let said = away.site.does(&words).ends_with(1);
    assert!(said.contains("preventio lake move"), "{said}");
    let inside = away.site.lake().display().to_string();
    fs::write(away.config(), away.configuration(&inside)).expect("written");
    let said = away.moves(&away.site).ends_with(1);
    assert!(said.contains("lies in the data folder"), "{said}");
    // Home again.
    let text = away.configuration("x");
    let home = text.split("[lake]").next().expect("the rest");
    fs::write(away.config(), home).expect("written");
    let said = away.moves(&away.site);
    assert!(said.err.contains("the data folder alone"), "{}", said.err);
    fs::remove_dir_all(away.place()).expect("removed");
    away.site.is_whole();
    assert!(text_of_status(&away.site).contains("It lies in the data folder alone"));
}

fn text_of_status(site: &Site) -> String {
    site.does(&["lake", "status"]).ends_well()
}

#[test]
fn the_status_reads_as_it_should() {
    let site = site(30);
    let said = text_of_status(&site);
    // Sizes are those of a compressor's release; how many rows is the point.
    let lines = said.lines().map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [table, files, rows, _, ..] if files.parse::<u64>().is_ok() => {
                let told = words[4..].join(" ");
                format!("{table} {files} {rows} <bytes> {told}\n")
            }
            _ => format!("{line}\n"),
        }
    });
    reads("lake-status", &lines.collect::<String>());
    let hash = text(&site.runs(DAYS[0], &[])["decisions_hash"]);
    assert_eq!(hash.len(), 64);
}
