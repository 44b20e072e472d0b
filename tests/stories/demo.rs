//! The whole programme on a made-up town, in one command.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::site::{TempFolder, count, preventio};
use crate::support::snapshots::reads;

/// The words that show a small town, into a folder.
fn words(out: &Path, more: &[&str]) -> Vec<String> {
    let town = ["demo", "--residents", "250", "--seed", "4", "--out"];
    let town = town.into_iter().map(str::to_owned);
    let more = more.iter().map(|word| (*word).to_owned());
    town.chain([out.display().to_string()])
        .chain(more)
        .collect()
}

/// What `fsck` thinks of the data that a demonstration left.
fn is_whole(out: &Path) {
    let data = out.join("data").display().to_string();
    preventio(&["fsck", "--data", &data]).ends_well();
}

fn out(folder: &TempFolder) -> PathBuf {
    folder.join("shown")
}

#[test]
fn a_town_is_screened_from_the_register_to_the_diagnosis() {
    let folder = TempFolder::new();
    let out = out(&folder);
    let said = preventio(&words(&out, &[])).ends_well();
    reads("demo-of-a-town", &said);
    is_whole(&out);
    let page = fs::read_to_string(out.join("report.html")).expect("a page");
    for external in ["src=", "href=", "<script", "@import", "url("] {
        assert!(!page.contains(external), "the page needs {external}");
    }
    // Every plot says in words what it shows.
    let plots = page.matches("<svg ").count();
    assert!(0 < plots);
    assert_eq!(page.matches("<desc ").count(), plots);
    for part in [
        "From the register to a diagnosis",
        "Who waits for whom",
        "Not a certified medical device",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // Nobody's id, date of birth or name is on it.
    let data = out.join("data").display().to_string();
    let first = fs::read_to_string(out.join("preventio.toml")).expect("a configuration");
    assert!(first.contains("trial = true"), "{data}");
    assert!(!page.contains("Patient/"));
}

#[test]
fn its_numbers_add_up_for_programs_too() {
    let folder = TempFolder::new();
    let out = out(&folder);
    let said = preventio(&words(&out, &["--json"])).ends_well();
    let shown: Value = serde_json::from_str(&said).expect("JSON");
    let register = count(&shown["register"]);
    assert!(250 <= register, "{register}");
    let states = shown["states"].as_object().expect("states");
    assert_eq!(states.values().map(count).sum::<u64>(), register);
    let funnel = shown["funnel"].as_array().expect("a funnel");
    let depth = |line: &Value| count(&line["depth"]);
    assert_eq!(count(&funnel[0]["n"]), register);
    for (at, line) in funnel.iter().enumerate() {
        let below = funnel[at + 1..]
            .iter()
            .take_while(|l| depth(line) < depth(l));
        let parts: Vec<u64> = below
            .filter(|l| depth(l) == depth(line) + 1)
            .map(|l| count(&l["n"]))
            .collect();
        if !parts.is_empty() {
            assert_eq!(parts.iter().sum::<u64>(), count(&line["n"]), "{line}");
        }
    }
    let hash = shown["decisions_hash"].as_str().expect("a hash");
    assert_eq!(hash.len(), 64);
    assert!(shown["rulebook"]["fingerprint"].is_string());
    assert!(shown["precision"]["ppv_per_order"].is_object());
    // A town is too small to recalibrate anything, and the program says so instead of doing it.
    assert!(
        shown["calibration"]["insufficient_evidence"].is_string(),
        "{}",
        shown["calibration"]
    );
    assert!(shown["calibration"]["truth"]["residents"].is_number());
    // What the city got is what the engine sent: nothing is left in the outbox that could still leave.
    let outbox = shown["outbox"].as_object().expect("an outbox");
    let open = |state: &str| outbox.get(state).map_or(0, count);
    assert_eq!(open("planned") + open("sending"), 0, "{outbox:?}");
    is_whole(&out);
}

#[test]
fn it_writes_over_nothing() {
    let folder = TempFolder::new();
    let out = out(&folder);
    fs::create_dir_all(&out).expect("a folder");
    fs::write(out.join("mine.txt"), "mine").expect("a file");
    let said = preventio(&words(&out, &[])).ends_with(1);
    assert!(said.contains("is not empty"), "{said}");
    assert_eq!(fs::read_dir(&out).expect("readable").count(), 1);
}
