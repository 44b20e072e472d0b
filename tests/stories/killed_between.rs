//! A working day, a pull of what changed and a run, killed at any point: started again, it ends as an
//! undisturbed one does.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use preventiojyraa::steps::{Access, DataFolder, check};
use serde_json::{Value, json};

use crate::support::acting::{copy, dies_after};
use crate::support::site::{
    Dice, Site, TempFolder, count, made_up_register, preventio, preventio_starts, text,
};

const FIRST_DAY: &str = "2025-01-20";
const DAY: &str = "2025-02-01";
const RESIDENTS: u32 = 300;

/// How often is killed: `PREVENTIO_KILLS`, or what the gate has time for.
fn n_kills() -> usize {
    let wanted = std::env::var("PREVENTIO_KILLS").ok();
    wanted.and_then(|n| n.parse().ok()).unwrap_or(40)
}

/// An export of what changed since another: every seventh result has another value, every thirtieth
/// is taken back, and one in fifty residents has died.
fn what_changed(export: &Path, to: PathBuf) -> PathBuf {
    fs::create_dir(&to).expect("a folder can be made");
    for entry in fs::read_dir(export).expect("an export") {
        let path = entry.expect("a file").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let is_ours = name.starts_with("Observation") || name.starts_with("Patient");
        if !is_ours || !name.ends_with(".ndjson") {
            continue;
        }
        let lines = fs::read_to_string(&path).expect("an export file");
        let changed = lines.lines().enumerate().filter_map(|(n, line)| {
            let mut resource: Value = serde_json::from_str(line).ok()?;
            if name.starts_with("Patient") {
                resource["deceasedDateTime"] = json!("2025-01-25");
                return (n % 50 == 7).then_some(resource);
            }
            if n % 30 == 3 {
                resource["status"] = json!("entered-in-error");
                return Some(resource);
            }
            let value = resource["valueQuantity"]["value"].as_f64()?;
            resource["valueQuantity"]["value"] = json!((value * 1.1 * 10.0).round() / 10.0);
            n.is_multiple_of(7).then_some(resource)
        });
        let text: String = changed.map(|resource| format!("{resource}\n")).collect();
        fs::write(to.join(&name), text).expect("an export file");
    }
    to
}

/// A data folder as it is on the morning of the day, and what is to be pulled on it.
struct Morning {
    folder: TempFolder,
    delta: PathBuf,
    site: Site,
}

/// What a day ends with.
#[derive(Debug, PartialEq, Eq)]
struct Evening {
    hash: String,
    facts: u64,
    register: u64,
}

impl Morning {
    fn new() -> Self {
        let folder = TempFolder::new();
        let export = made_up_register(&folder, RESIDENTS, 9);
        let delta = what_changed(&export, folder.join("delta"));
        let site = Site::new();
        site.pulls(&export, &["--threads", "2"]);
        site.runs(FIRST_DAY, &["--threads", "2"]);
        Self {
            folder,
            delta,
            site,
        }
    }

    /// The same folder once more.
    fn again(&self) -> Site {
        let site = Site::new();
        copy(&self.site.data(), &site.data());
        site
    }

    fn commands(&self, site: &Site) -> [Vec<String>; 2] {
        let threads = ["--threads", "2"];
        [
            site.pull_words(&self.delta, &threads),
            site.arguments(&[&["run", "--index-date", DAY][..], &threads].concat()),
        ]
    }

    /// Does the day to its end, and says how it ends.
    #[track_caller]
    fn ends(&self, site: &Site) -> Evening {
        let pulled = site.pulls(&self.delta, &["--threads", "2"]);
        let run = site.runs(DAY, &["--threads", "2"]);
        assert_eq!(count(&pulled["lines"]["set_aside"]), 0, "{pulled}");
        Evening {
            hash: text(&run["decisions_hash"]),
            facts: n_facts(site),
            register: count(&run["register"]),
        }
    }
}

/// How many facts the lake holds, twice stored ones twice.
fn n_facts(site: &Site) -> u64 {
    let rulebook = crate::support::shipped::rulebook();
    let store = preventiojyraa::lake::Store::open(&site.lake()).expect("a lake");
    let mut stored = store.facts(&rulebook.catalogue, None).expect("facts");
    let (mut n, mut facts) = (0, Vec::new());
    while let Some(resident) = stored.next_resident().expect("facts") {
        facts.clear();
        stored.take_until(resident, &mut facts).expect("facts");
        n += facts.len() as u64;
    }
    n
}

/// Whether the folder is whole, and how many pulls and runs it has.
#[track_caller]
fn whole(site: &Site) -> (usize, usize) {
    let data = DataFolder::open(&site.data(), Access::Check).expect("it opens");
    let report = check(&data).expect("it can be checked");
    assert_eq!(report.problems, Vec::<String>::new());
    (report.pulls, report.runs)
}

#[test]
fn a_day_killed_at_any_point_and_started_again_ends_as_if_undisturbed() {
    let morning = Morning::new();
    let site = morning.again();
    let mut took = [Duration::ZERO; 2];
    for (command, took) in morning.commands(&site).iter().zip(&mut took) {
        let started = Instant::now();
        preventio(command).ends_well();
        *took = started.elapsed();
    }
    let undisturbed = morning.ends(&morning.again());
    let mut dice = Dice::new(12);
    let (mut at_work, mut by_what_was_done) = (0, [0; 3]);
    for _ in 0..n_kills() {
        let site = morning.again();
        let micros = u64::try_from((took[0] + took[1]).as_micros()).expect("not so long");
        let point = dice.below(usize::try_from(micros).expect("not so long"));
        let mut left = Duration::from_micros(point as u64);
        for (command, took) in morning.commands(&site).iter().zip(took) {
            if took <= left {
                preventio(command).ends_well();
                left -= took;
                continue;
            }
            let mut child = preventio_starts(command);
            at_work += usize::from(dies_after(&mut child, Instant::now(), left));
            break;
        }
        // One pull and one run are from before.
        let (pulls, runs) = whole(&site);
        assert!((1..=2).contains(&pulls) && (1..=2).contains(&runs) && runs <= pulls);
        by_what_was_done[pulls + runs - 2] += 1;
        assert_eq!(morning.ends(&site), undisturbed);
        whole(&site);
    }
    site.does(&["replay", "--all"]).ends_well();
    assert!(
        n_kills() < 4 * at_work,
        "only {at_work} of {} kills met the program at work",
        n_kills()
    );
    assert!(
        0 < by_what_was_done[0] && 0 < by_what_was_done[1],
        "kills met one command only: {by_what_was_done:?}"
    );
    drop(morning.folder);
}
