//! Names, addresses and identifiers stay where they must, and appear nowhere else.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::GenericStringType;
use arrow_schema::DataType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::json;

use crate::support::site::{INDEX_DATE, Said, Site, opaque};
use crate::support::world::{World, file};

/// Invented, and of the range of identifiers reserved for tests.
const NATIONAL_ID: &str = "010190-999W";
const MARKERS: [&str; 6] = [
    "Merkkinen",
    "Tuntematon",
    "Salapolku 13",
    "+358 50 000 1313",
    "merkki@example.org",
    NATIONAL_ID,
];
const PATIENT_ID: &str = "merkki-0001";

/// A resident whose entry says everything that must go nowhere.
fn telling_world() -> World {
    let mut world = World::new();
    world
        .resident(PATIENT_ID)
        .woman_born("1990-01-01")
        .registered("name", json!([{ "family": "Merkkinen", "given": ["Tuntematon"] }]))
        .registered(
            "telecom",
            json!([{ "system": "phone", "value": "+358 50 000 1313" }, { "system": "email", "value": "merkki@example.org" }]),
        )
        .registered("identifier", json!([{ "system": "urn:oid:1.2.246.21", "value": NATIONAL_ID }]))
        .registered("address", json!([{ "line": ["Salapolku 13"], "district": "Keskinen" }]))
        .bmi(31.0, "2025-10-01")
        .which_has("note", json!([{ "text": "soitti Merkkinen, +358 50 000 1313" }]))
        .measures("8280-0", 12.0, "cm", "2025-10-01")
        .which_has("performer", json!([{ "display": "Tuntematon Merkkinen" }]));
    world
        .resident("hidden")
        .woman_born("1980-01-01")
        .registered("meta", json!({ "security": [{ "code": "TURVAKIELTO" }] }))
        .registered(
            "address",
            json!([{ "line": ["Salapolku 13"], "district": "Itäinen" }]),
        );
    world.resident("open").woman_born("1980-01-01").registered(
        "address",
        json!([{ "line": ["Salapolku 13"], "district": "Itäinen" }]),
    );
    world
}

/// The same with lines that cannot be read.
fn export_with_bad_lines(world: &World) -> PathBuf {
    let export = world.export();
    let path = file(&export, "Patient");
    let mut text = fs::read_to_string(&path).expect("an export file");
    text.push_str(
        "{\"resourceType\":\"Patient\",\"id\":5,\"name\":[{\"family\":\"Merkkinen\"}]}\n",
    );
    text.push_str("{\"resourceType\":\"Patient\",\"gender\":[\"Merkkinen\"]}\n");
    text.push_str("Merkkinen, Tuntematon; Salapolku 13; 010190-999W\n");
    text.push_str("{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"Merkkinen\"");
    fs::write(path, text).expect("an export file can be written");
    export
}

#[track_caller]
fn is_silent(place: &str, text: &str) {
    for marker in MARKERS {
        assert!(!text.contains(marker), "{place} tells `{marker}`");
    }
}

fn every_path(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_path_buf()];
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a folder entry").path();
        let metadata = fs::symlink_metadata(&path).expect("metadata");
        if metadata.is_dir() {
            found.extend(every_path(&path));
        } else if !metadata.is_symlink() {
            found.push(path);
        }
    }
    found
}

/// Every text in a Parquet file, and the names of its columns.
fn texts_in(path: &Path) -> Vec<String> {
    let file = fs::File::open(path).expect("an object");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .expect("Parquet")
        .build();
    let mut texts = Vec::new();
    for batch in reader.expect("Parquet") {
        let batch = batch.expect("a batch");
        for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
            texts.push(field.name().clone());
            if *field.data_type() == DataType::Utf8 {
                let column = column.as_bytes::<GenericStringType<i32>>();
                texts.extend(column.iter().flatten().map(str::to_owned));
            }
        }
    }
    texts
}

#[test]
fn no_command_tells_who_somebody_is() {
    let world = telling_world();
    let export = export_with_bad_lines(&world).display().to_string();
    let site = &world.site;
    let id = opaque(PATIENT_ID).to_string();
    let said: Vec<Said> = [
        &["pull", "--from", &export][..],
        &["pull", "--from", &export, "--json"],
        &["run", "--index-date", INDEX_DATE],
        &["run", "--index-date", INDEX_DATE, "--json"],
        &["explain", PATIENT_ID],
        &["explain", &id],
        &["explain", "nobody"],
        &["fsck"],
        &["fsck", "--json"],
    ]
    .map(|words| site.does(words))
    .into();
    for Said { out, err, .. } in said {
        is_silent("stdout", &out);
        is_silent("stderr", &err);
        assert!(
            !out.contains(PATIENT_ID),
            "stdout calls her by the source's id: {out}"
        );
    }
}

#[test]
fn nothing_in_the_lake_tells_who_somebody_is() {
    let world = telling_world();
    world.site.pulls(&export_with_bad_lines(&world), &[]);
    world.runs();
    let mut n_texts = 0;
    for path in every_path(&world.site.lake())
        .iter()
        .filter(|path| path.is_file())
    {
        is_silent("a path", &path.display().to_string());
        is_silent(
            "raw bytes",
            &String::from_utf8_lossy(&fs::read(path).expect("an object")),
        );
        for text in texts_in(path) {
            n_texts += 1;
            is_silent("the lake", &text);
            assert!(
                !text.contains(PATIENT_ID),
                "the lake calls her by the source's id"
            );
        }
    }
    assert!(40 < n_texts, "only {n_texts} texts were looked at");
}

#[test]
fn the_ledger_tells_it_in_the_identity_map_and_in_quarantine_only() {
    let world = telling_world();
    world.site.pulls(&export_with_bad_lines(&world), &[]);
    world.runs();
    let ledger = Connection::open(world.site.data().join("ledger.sqlite")).expect("a ledger");
    let mut tables = ledger
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
        .expect("a list of tables");
    let tables: Vec<String> = tables
        .query_map([], |row| row.get(0))
        .and_then(Iterator::collect)
        .expect("a list of tables");
    let mut known = Vec::new();
    for table in tables.iter().filter(|table| *table != "quarantine") {
        let mut rows = ledger
            .prepare(&format!("SELECT * FROM \"{table}\""))
            .expect("a table");
        let columns: Vec<String> = rows.column_names().map(str::to_owned).collect();
        let mut rows = rows.query([]).expect("a table");
        while let Some(row) = rows.next().expect("a row") {
            for (n, column) in columns.iter().enumerate() {
                let bytes = match row.get_ref(n).expect("a value") {
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
                    ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => continue,
                };
                let text = String::from_utf8_lossy(bytes);
                match (table.as_str(), column.as_str()) {
                    ("identity", "patient_id" | "national_id") => known.push(text.into_owned()),
                    _ => {
                        is_silent(&format!("{table}.{column}"), &text);
                        assert!(
                            !text.contains(PATIENT_ID),
                            "{table}.{column} has the source's id"
                        );
                    }
                }
            }
        }
    }
    known.sort();
    assert_eq!(known, [NATIONAL_ID, "hidden", PATIENT_ID, "open"]);
}

#[test]
fn a_national_identifier_in_a_wrong_place_does_not_reach_the_lake() {
    let mut world = World::new();
    world
        .resident("aino")
        .woman_born("1990-01-01")
        .registered("birthDate", json!(NATIONAL_ID));
    world.decides();
    let saws: Vec<String> = world
        .site
        .issues()
        .into_iter()
        .map(|issue| issue.saw)
        .collect();
    assert_eq!(saws, ["11 characters that are no date"]);
}

#[test]
fn the_district_of_who_is_under_a_safety_non_disclosure_is_not_kept() {
    let world = telling_world();
    world.decides();
    let register = world.site.register();
    let district = |name| {
        let row = register.iter().find(|row| row.resident == opaque(name));
        row.expect("on the register").district.clone()
    };
    assert_eq!(district("hidden"), None);
    assert_eq!(district("open").as_deref(), Some("Itäinen"));
    assert_eq!(district(PATIENT_ID).as_deref(), Some("Keskinen"));
}

#[track_caller]
fn only_the_owner_can_open(site: &Site) {
    for path in every_path(&site.data()) {
        let mode = fs::metadata(&path).expect("metadata").permissions().mode() & 0o777;
        let wanted = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, wanted, "mode {mode:o} of {}", path.display());
    }
}

#[test]
fn only_the_owner_can_open_a_data_folder_at_any_stage() {
    let world = telling_world();
    world.site.pulls(&export_with_bad_lines(&world), &[]);
    only_the_owner_can_open(&world.site);
    world.runs();
    only_the_owner_can_open(&world.site);
    world.explanation_for("open");
    world.site.is_whole();
    only_the_owner_can_open(&world.site);
}
