//! Damage to a data folder is found and named.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use rusqlite::Connection;

use crate::support::site::{INDEX_DATE, Site};
use crate::support::world::World;

/// A folder with one pull and one run.
fn world() -> World {
    let mut world = World::new();
    world
        .resident("aino")
        .woman_born("1961-04-30")
        .bmi(31.2, "2025-10-01");
    world.decides();
    world.site.is_whole();
    world
}

fn first_file(site: &Site, table: &str) -> PathBuf {
    let folder = fs::read_dir(site.lake().join("current").join(table)).expect("a table");
    let files = folder.map(|entry| entry.expect("a folder entry").file_name());
    let name = files.min().expect("one file");
    site.lake().join("objects").join(name)
}

fn name(path: &std::path::Path) -> String {
    path.file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned()
}

fn ledger(site: &Site) -> Connection {
    Connection::open(site.data().join("ledger.sqlite")).expect("a ledger")
}

#[test]
fn one_flipped_byte_in_any_table_is_found() {
    for table in ["facts", "register", "issues", "decisions"] {
        let world = world();
        let path = first_file(&world.site, table);
        let mut bytes = fs::read(&path).expect("an object");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).expect("an object can be written");
        let said = world.site.damage();
        let wanted = format!(
            "`{}` has other content than when it was committed",
            name(&path)
        );
        assert!(said.contains(&wanted), "{said}");
    }
}

#[test]
fn a_missing_object_is_found() {
    let world = world();
    let path = first_file(&world.site, "facts");
    fs::remove_file(&path).expect("an object can be removed");
    let said = world.site.damage();
    assert!(
        said.contains(&format!("`{}` is missing or cannot be read", name(&path))),
        "{said}"
    );
}

#[test]
fn a_missing_file_of_the_readers_is_found() {
    let world = world();
    let object = first_file(&world.site, "facts");
    let link = world.site.lake().join("current/facts").join(name(&object));
    fs::remove_file(link).expect("a link can be removed");
    let said = world.site.damage();
    assert!(
        said.contains("readers see 0 files of `facts`, the ledger names 1"),
        "{said}"
    );
}

#[test]
fn a_file_that_readers_see_and_nobody_committed_is_found() {
    let world = world();
    let stray = world.site.lake().join("current/facts/stray.parquet");
    fs::copy(first_file(&world.site, "facts"), stray).expect("a file can be copied");
    let said = world.site.damage();
    assert!(
        said.contains("readers see 2 files of `facts`, the ledger names 1"),
        "{said}"
    );
}

#[test]
fn a_stray_object_is_removed_before_the_check() {
    let world = world();
    let stray = world.site.lake().join("objects/stray.parquet");
    fs::write(&stray, "nobody's").expect("a file can be written");
    world.site.is_whole();
    assert!(!stray.exists());
}

#[test]
fn what_others_can_open_is_found() {
    for place in ["ledger.sqlite", "lock", "lake/objects", "lake"] {
        let world = world();
        let path = world.site.data().join(place);
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode can be set");
        let said = world.site.damage();
        let wanted = format!("`{}` can be opened by others than its owner", name(&path));
        assert!(said.contains(&wanted), "{said}");
    }
    let world = world();
    let path = first_file(&world.site, "facts");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("a mode can be set");
    assert!(world.site.damage().contains(&name(&path)));
}

#[test]
fn a_data_folder_that_others_can_enter_is_found() {
    let world = world();
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(world.site.data(), mode).expect("a mode can be set");
    let said = world.site.damage();
    assert!(
        said.contains("the data folder can be opened by others"),
        "{said}"
    );
}

#[test]
fn another_hash_in_the_ledger_is_found() {
    let world = world();
    let sql = "UPDATE run SET decisions_hash = replace(decisions_hash, substr(decisions_hash, 1, 1), 'x')";
    ledger(&world.site)
        .execute(sql, [])
        .expect("the ledger can be edited");
    let said = world.site.damage();
    assert!(
        said.contains("the decisions of run 1 are not those that were committed"),
        "{said}"
    );
}

#[test]
fn other_counts_in_the_ledger_are_found() {
    for (sql, wanted) in [
        (
            "UPDATE run SET register = 2",
            "run 1 decided about 2 residents, 1 are stored",
        ),
        (
            "UPDATE run SET report = '{}'",
            "the states of run 1 do not add up to its register",
        ),
        (
            "UPDATE pull SET report = '{}'",
            "the report of pull 1 cannot be read",
        ),
        (
            "DELETE FROM identity",
            "1 residents on the register, 0 in the identity map",
        ),
        (
            "DELETE FROM run",
            "decisions of run 1, which is not on record",
        ),
    ] {
        let world = world();
        ledger(&world.site)
            .execute(sql, [])
            .expect("the ledger can be edited");
        let said = world.site.damage();
        assert!(said.contains(wanted), "{sql}: {said}");
    }
}

#[test]
fn a_ledger_that_is_no_database_is_an_error_that_says_so() {
    let world = world();
    let path = world.site.data().join("ledger.sqlite");
    fs::write(path, "this is no database, whatever its name says").expect("it can be written");
    let said = world.site.does(&["fsck"]).ends_with(1);
    assert!(said.starts_with("error: ledger: "), "{said}");
    let said = world
        .site
        .does(&["run", "--index-date", INDEX_DATE])
        .ends_with(1);
    assert!(said.starts_with("error: ledger: "), "{said}");
}

#[test]
fn a_lost_file_is_found_again_in_the_generation_before_or_said_to_be_lost() {
    let world = world();
    let objects = world.site.data().join("lake/objects");
    let path = first_file(&world.site, "facts");
    let object = objects.join(path.file_name().expect("a file"));
    fs::remove_file(&object).expect("an object can be removed");
    let said = world.site.damage();
    assert!(said.contains("is missing or cannot be read"), "{said}");
    // The next commit finds it among the links of the generation before.
    world.runs();
    world.site.is_whole();
}
