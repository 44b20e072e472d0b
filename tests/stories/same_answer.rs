//! The same data give the same answer, however they are cut, packed, ordered and read.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::site::{Dice, Site, TempFolder, made_up_register, text};

const DAY: &str = "2025-02-01";

/// An export folder in memory: name and content of each file.
type Files = BTreeMap<String, Vec<u8>>;

fn files(export: &Path) -> Files {
    let entries = fs::read_dir(export)
        .expect("an export folder")
        .map(|entry| {
            let path = entry.expect("a folder entry").path();
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (name, fs::read(path).expect("an export file"))
        });
    entries
        .filter(|(name, _)| name.ends_with(".ndjson"))
        .collect()
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory can be written");
    encoder.finish().expect("memory can be written")
}

/// The hash that a new data folder comes to.
#[track_caller]
fn hash_of(folder: &TempFolder, name: &str, files: &Files, threads: &str) -> String {
    let export: PathBuf = folder.join(name);
    fs::create_dir_all(&export).expect("an export folder can be made");
    for (name, bytes) in files {
        fs::write(export.join(name), bytes).expect("an export file can be written");
    }
    let site = Site::new();
    site.pulls(&export, &["--threads", threads]);
    text(&site.runs(DAY, &["--threads", threads])["decisions_hash"])
}

fn renamed(files: &Files) -> Files {
    let names = files.keys().rev().enumerate();
    names
        .map(|(n, name)| (format!("{n}-{name}"), files[name].clone()))
        .collect()
}

fn split(files: &Files) -> Files {
    let mut parts = Files::new();
    for (name, bytes) in files {
        for (n, line) in lines(bytes).into_iter().enumerate() {
            parts
                .entry(format!("{}-{name}", n % 3))
                .or_default()
                .extend(line);
        }
    }
    parts
}

fn merged(files: &Files) -> Files {
    Files::from([(
        "all.ndjson".to_owned(),
        files.values().flatten().copied().collect(),
    )])
}

fn shuffled(files: &Files, seed: u64) -> Files {
    let mut dice = Dice::new(seed);
    let shuffle = |bytes: &Vec<u8>| {
        let mut lines = lines(bytes);
        for n in (1..lines.len()).rev() {
            lines.swap(n, dice.below(n + 1));
        }
        lines.concat()
    };
    files
        .keys()
        .cloned()
        .zip(files.values().map(shuffle).collect::<Vec<_>>())
        .collect()
}

fn packed(files: &Files, ending: &str, pack: impl Fn(&[u8]) -> Vec<u8>) -> Files {
    files
        .iter()
        .map(|(name, bytes)| (format!("{name}{ending}"), pack(bytes)))
        .collect()
}

#[test]
fn threads_names_order_and_packing_of_files_do_not_change_one_decision() {
    let folder = TempFolder::new();
    let files = files(&made_up_register(&folder, 800, 7));
    let wanted = hash_of(&folder, "as-it-is", &files, "1");
    let in_members = |bytes: &[u8]| -> Vec<u8> {
        lines(bytes)
            .chunks(97)
            .flat_map(|lines| gzip(&lines.concat()))
            .collect()
    };
    for (name, files, threads) in [
        ("two-threads", files.clone(), "2"),
        ("seven-threads", files.clone(), "7"),
        ("renamed", renamed(&files), "2"),
        ("split", split(&files), "2"),
        ("merged", merged(&files), "2"),
        ("shuffled", shuffled(&files, 1), "2"),
        ("shuffled-and-merged", shuffled(&merged(&files), 2), "2"),
        ("gzip", packed(&files, ".gz", gzip), "2"),
        ("gzip-members", packed(&files, ".gz", in_members), "2"),
        (
            "zstandard",
            packed(&files, ".zst", |bytes| {
                zstd::encode_all(bytes, 1).expect("memory")
            }),
            "2",
        ),
    ] {
        assert_eq!(hash_of(&folder, name, &files, threads), wanted, "{name}");
    }
}

#[test]
fn two_runs_in_one_folder_decide_the_same() {
    let folder = TempFolder::new();
    let export = made_up_register(&folder, 200, 8);
    let site = Site::new();
    site.pulls(&export, &[]);
    let first = site.runs(DAY, &[]);
    let second = site.runs(DAY, &[]);
    assert_eq!(second["run"], 2);
    assert_eq!(first["decisions_hash"], second["decisions_hash"]);
    assert_eq!(first["states"], second["states"]);
    site.is_whole();
}

#[test]
fn another_seed_is_another_city() {
    let folder = TempFolder::new();
    let other = TempFolder::new();
    let [a, b] = [(&folder, 1), (&other, 2)].map(|(folder, seed)| {
        hash_of(
            folder,
            "copy",
            &files(&made_up_register(folder, 50, seed)),
            "1",
        )
    });
    assert_ne!(a, b);
}
