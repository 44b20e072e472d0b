//! A transfer that broke off leaves nobody decided to be well.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::world::{HIGHEST, LOWEST, World, file};

const DAY: &str = "2025-10-01";

fn clinic() -> World {
    let mut world = World::new();
    world
        .resident("aino")
        .woman_born("1961-04-30")
        .bmi(31.2, DAY);
    world
        .resident("bertta")
        .woman_born("1985-05-05")
        .bmi(22.0, DAY)
        .waist(75.0, DAY)
        .answers(&LOWEST, DAY);
    world
        .resident("cecilia")
        .woman_born("1955-06-06")
        .bmi(33.0, DAY)
        .waist(101.0, DAY)
        .answers(&HIGHEST, DAY);
    world
        .resident("frans")
        .man_born("1949-09-09")
        .diagnosed("E11.9", "2019-02-03");
    // The last line of the results, the one that breaks; nothing else is known of him.
    world
        .resident("zacharias")
        .man_born("1970-07-07")
        .hba1c(42.0, DAY)
        .which_has(
            "note",
            serde_json::json!([{ "text": "näyte otettu hätäisesti" }]),
        );
    world
}

#[track_caller]
fn everything_is_known(world: &World) {
    world.runs();
    for (name, state) in [
        ("aino", "asked"),
        ("bertta", "below-level"),
        ("cecilia", "ordered"),
        ("frans", "known-disease"),
        ("zacharias", "asked"),
    ] {
        world.decides_that(name, state);
    }
}

#[track_caller]
fn nobody_is_decided_to_be_well(world: &World) {
    world.runs();
    for name in ["aino", "bertta", "cecilia", "zacharias"] {
        world.decides_that(name, "undetermined-incomplete");
    }
    world.decides_that("frans", "known-disease");
}

/// Replaces the results by what `send` makes of them, pulls, and then pulls them whole.
#[track_caller]
fn breaks_off_and_heals(ending: &str, send: impl FnOnce(&[u8]) -> Vec<u8>) {
    let world = clinic();
    let export = world.export();
    let whole = take(&file(&export, "Observation"));
    let broken = PathBuf::from(format!(
        "{}{ending}",
        file(&export, "Observation").display()
    ));
    fs::write(&broken, send(&whole)).expect("an export file can be written");
    let report = world.site.pulls(&export, &[]);
    assert_eq!(report["is_complete"], false, "{report}");
    let cut_off = world
        .site
        .issues()
        .iter()
        .filter(|issue| issue.code.name() == "cut-off")
        .count();
    assert!(0 < cut_off, "the place where it broke is named");
    nobody_is_decided_to_be_well(&world);
    world.site.is_whole();
    // A later export of other things, however whole, does not bring back what was missing.
    fs::remove_file(&broken).expect("an export file can be removed");
    let report = world.site.pulls(&export, &[]);
    assert_eq!(report["is_complete"], true, "{report}");
    nobody_is_decided_to_be_well(&world);
    world.pulls();
    everything_is_known(&world);
}

fn take(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).expect("an export file");
    fs::remove_file(path).expect("an export file can be removed");
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory can be written");
    encoder.finish().expect("memory can be written")
}

fn first_half(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len() / 2);
    bytes
}

#[test]
fn a_whole_transfer_decides_everybody() {
    let world = clinic();
    world.pulls();
    everything_is_known(&world);
}

#[test]
fn a_gzip_file_cut_in_the_middle_leaves_its_residents_undetermined_until_a_whole_one_comes() {
    breaks_off_and_heals(".gz", |bytes| first_half(gzip(bytes)));
}

#[test]
fn a_gzip_file_without_its_last_bytes_does_too() {
    breaks_off_and_heals(".gz", |bytes| {
        let mut bytes = gzip(bytes);
        bytes.truncate(bytes.len() - 4);
        bytes
    });
}

#[test]
fn a_zstandard_file_cut_in_the_middle_does_too() {
    breaks_off_and_heals(".zst", |bytes| {
        first_half(zstd::encode_all(bytes, 1).expect("memory can be written"))
    });
}

#[test]
fn a_plain_file_that_stops_in_the_middle_of_a_line_does_too() {
    breaks_off_and_heals("", |bytes| bytes[..bytes.len() - 30].to_vec());
}

#[test]
fn a_plain_file_that_stops_in_the_middle_of_a_letter_does_too() {
    breaks_off_and_heals("", |bytes| {
        let letter = bytes.iter().rposition(|byte| *byte == 0xc3);
        bytes[..=letter.expect("a letter of two bytes")].to_vec()
    });
}

#[test]
fn a_compressed_file_of_which_nothing_came_does_too() {
    breaks_off_and_heals(".gz", |_| Vec::new());
    breaks_off_and_heals(".zst", |_| Vec::new());
}
