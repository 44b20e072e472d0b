//! Whoever asks for something that cannot be is told what to do instead.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::site::{INDEX_DATE, Said, Site, preventio};
use crate::support::snapshots::reads;
use crate::support::world::World;

/// Everything said, without the paths of this machine.
fn told(site: &Site, said: Said, code: i32) -> String {
    assert_eq!(said.out, "", "nothing is data");
    let folder = site.beside("x");
    let folder = folder.parent().expect("a folder").display().to_string();
    said.ends_with(code).replace(&folder, "<folder>")
}

fn world() -> World {
    let mut world = World::new();
    world
        .resident("aino")
        .woman_born("1961-04-30")
        .bmi(31.2, "2025-10-01");
    world
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("a folder entry");
        let place = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &place);
        } else {
            fs::copy(entry.path(), place).expect("a file can be copied");
        }
    }
}

/// The shipped rules with changes: a file, what it says, what it shall say.
fn rules(site: &Site, changes: &[(&str, &str, &str)]) -> PathBuf {
    let folder = site.beside("rules");
    copy(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("rules"),
        &folder,
    );
    for (file, from, to) in changes {
        let path = folder.join(file);
        let text = fs::read_to_string(&path).expect("a rule file");
        assert!(text.contains(from), "{file} does not say `{from}`");
        fs::write(path, text.replacen(from, to, 1)).expect("a rule file can be written");
    }
    folder
}

#[test]
fn a_data_folder_that_is_not_there_is_missed() {
    let site = Site::new();
    for words in [
        &["run", "--index-date", INDEX_DATE][..],
        &["fsck"],
        &["explain", "aino"],
    ] {
        let said = told(&site, site.does(words), 1);
        insta::allow_duplicates! {
            insta::assert_snapshot!(said, @r#"
            error: there is no data folder at `<folder>/data`
            hint: `preventio pull --from DIR --data DATA` creates one
            "#);
        }
        assert!(!site.data().exists(), "a question makes no folder");
    }
}

#[test]
fn an_export_folder_that_is_not_there_or_empty_is_missed() {
    let site = Site::new();
    let export = site.beside("export");
    let words = ["pull", "--from", &export.display().to_string()];
    insta::assert_snapshot!(told(&site, site.does(&words), 1), @"error: cannot list `<folder>/export`: No such file or directory (os error 2)");
    assert!(!site.data().exists(), "a slip of the pen makes no folder");
    fs::create_dir(&export).expect("a folder can be made");
    fs::write(export.join("truth.csv"), "not for us").expect("a file can be written");
    insta::assert_snapshot!(told(&site, site.does(&words), 1), @"error: no `.ndjson`, `.ndjson.gz` or `.ndjson.zst` file in `<folder>/export`");
}

#[test]
fn commands_in_the_wrong_order_are_told_the_right_one() {
    let world = world();
    let site = &world.site;
    // A pull that found nothing to pull leaves no data folder.
    let empty = site.beside("empty").display().to_string();
    fs::create_dir(&empty).expect("a folder can be made");
    site.does(&["pull", "--from", &empty]).ends_with(1);
    insta::assert_snapshot!(told(site, site.does(&["run", "--index-date", INDEX_DATE]), 1), @r#"
    error: there is no data folder at `<folder>/data`
    hint: `preventio pull --from DIR --data DATA` creates one
    "#);
    world.pulls();
    insta::assert_snapshot!(told(site, site.does(&["explain", "aino"]), 1), @r#"
    error: no run has decided yet
    hint: `preventio run --data DATA --index-date YYYY-MM-DD`
    "#);
}

#[test]
fn a_resident_whom_nobody_knows_is_not_found() {
    let world = world();
    world.decides();
    let site = &world.site;
    insta::assert_snapshot!(told(site, site.does(&["explain", "Patient/nobody"]), 1), @r#"
    error: nobody on the register is called `Patient/nobody`
    hint: give the 32-digit resident id, or the source's `Patient.id`
    "#);
    insta::assert_snapshot!(told(site, site.does(&["explain", &"0".repeat(32)]), 1), @r#"
    error: nobody on the register is called `00000000000000000000000000000000`
    hint: give the 32-digit resident id, or the source's `Patient.id`
    "#);
}

#[test]
fn a_name_that_two_sources_use_is_ambiguous() {
    let world = world();
    world.decides();
    let site = &world.site;
    site.pulls(&world.export(), &["--source", "other"]);
    insta::assert_snapshot!(told(site, site.does(&["explain", "aino"]), 1), @r#"
    error: 2 residents are called `aino`
    hint: give the 32-digit resident id
    "#);
}

#[test]
fn a_date_that_is_none_is_wrong_usage() {
    let world = world();
    world.decides();
    let site = &world.site;
    for date in ["2025-02-30", "tomorrow", "01.02.2025"] {
        let said = told(site, site.does(&["run", "--index-date", date]), 2);
        assert!(
            said.starts_with(&format!(
                "error: invalid value '{date}' for '--index-date <DATE>'"
            )),
            "{said}"
        );
    }
    // Acting without a configuration: who would take the orders, and by what right?
    assert_eq!(site.does(&["run", "--act"]).code, Some(2));
    assert_eq!(preventio(&["screen"]).code, Some(2));
    assert_eq!(preventio::<&str>(&[]).code, Some(2));
}

#[test]
fn every_mistake_in_the_rules_is_shown_at_once() {
    let site = Site::new();
    let folder = rules(
        &site,
        &[
            (
                "scores/findrisc.toml",
                "{ from = 45, below = 55, points = 2 }",
                "{ from = 46, below = 55, points = 2 }",
            ),
            (
                "pathways/stepwise.toml",
                "state = \"deceased\"",
                "state = \"departed\"",
            ),
            (
                "facts/measurements.toml",
                "kg = [0.4, 400]",
                "kg = [400, 0.4]",
            ),
            (
                "programmes/type-2-diabetes.toml",
                "time_zone = ",
                "timezone = ",
            ),
        ],
    );
    let folder = folder.display().to_string();
    let said = preventio(&["rules", "check", "--rules", &folder]);
    reads("mistakes-in-the-rules", &told(&site, said, 4));
    let said = site.does(&["run", "--index-date", INDEX_DATE, "--rules", &folder]);
    assert_eq!(said.code, Some(4), "{}", said.err);
}

#[test]
fn a_rules_folder_that_is_not_there_or_empty_is_missed() {
    let site = Site::new();
    let folder = site.beside("rules").display().to_string();
    let check = || preventio(&["rules", "check", "--rules", &folder]);
    insta::assert_snapshot!(told(&site, check(), 1), @"error: cannot read rules in `<folder>/rules`: No such file or directory (os error 2): No such file or directory (os error 2)");
    fs::create_dir(&folder).expect("a folder can be made");
    insta::assert_snapshot!(told(&site, check(), 4), @r#"
    error[programme-missing]: there is no readable `programmes/ID.toml`
      --> programmes:1:1
      hint: it names the rules in force
    1 mistake in the rules
    "#);
}

#[test]
fn facts_read_by_other_definitions_are_not_decided_on() {
    let world = world();
    world.decides();
    let site = &world.site;
    let folder = rules(site, &[("facts/measurements.toml", "[10, 90]", "[10, 95]")]);
    let folder = folder.display().to_string();
    let export = world.export().display().to_string();
    for words in [
        &["run", "--index-date", INDEX_DATE, "--rules", &folder][..],
        &["explain", "aino", "--rules", &folder],
        &["pull", "--from", &export, "--rules", &folder],
    ] {
        let said = told(site, site.does(words), 1);
        insta::allow_duplicates! {
            insta::assert_snapshot!(said, @r#"
            error: the facts in this folder were read with other fact definitions than these rules have
            hint: pull into a new folder
            "#);
        }
    }
    site.is_whole();
}

#[test]
fn another_action_level_is_no_other_definition_of_facts() {
    let world = world();
    world.decides();
    let site = &world.site;
    let folder = rules(
        site,
        &[("pathways/stepwise.toml", "points = 12", "points = 15")],
    );
    site.runs(INDEX_DATE, &["--rules", &folder.display().to_string()]);
    site.is_whole();
}

#[test]
fn a_data_folder_keeps_its_identity_key() {
    let world = world();
    let site = &world.site;
    let export = world.export().display().to_string();
    let key = |name: &str, text: &str| {
        let path = site.beside(name);
        fs::write(&path, text).expect("a file can be written");
        path.display().to_string()
    };
    let (own, other) = (key("own", &"a1".repeat(32)), key("other", &"b2".repeat(32)));
    let pull = |key: &str| site.does(&["pull", "--from", &export, "--identity-key", key]);
    let said = pull(&own);
    assert_eq!(
        (said.code, said.err.as_str()),
        (Some(0), ""),
        "a key of one's own needs no note"
    );
    insta::assert_snapshot!(told(site, pull(&other), 1), @"error: this data folder was made with another identity key");
    insta::assert_snapshot!(told(site, pull(&key("short", "a1")), 1), @r#"
    error: `<folder>/short` does not hold 64 hexadecimal digits
    hint: openssl rand -hex 32
    "#);
    insta::assert_snapshot!(told(site, pull(&key("words", &"zz".repeat(32))), 1), @r#"
    error: `<folder>/words` does not hold 64 hexadecimal digits
    hint: openssl rand -hex 32
    "#);
    let nowhere = site.beside("nowhere").display().to_string();
    insta::assert_snapshot!(told(site, pull(&nowhere), 1), @"error: cannot read the identity key `<folder>/nowhere`: No such file or directory (os error 2)");
    // The folder remembers: without a key it goes on with its own.
    assert_eq!(site.does(&["pull", "--from", &export]).code, Some(0));
    site.is_whole();
}

#[test]
fn a_key_that_everybody_knows_is_pointed_out() {
    let world = world();
    let export = world.export().display().to_string();
    let said = world.site.does(&["pull", "--from", &export]);
    assert_eq!(said.code, Some(0));
    insta::assert_snapshot!(said.err, @r#"
    note: identities are made with a key that everybody knows
    hint: for real people, give a new data folder its own with `--identity-key FILE`
    "#);
}

#[test]
fn the_manual_of_every_command_is_its_help() {
    for words in [
        &[][..],
        &["pull"],
        &["run"],
        &["serve"],
        &["config"],
        &["config", "check"],
        &["backup"],
        &["explain"],
        &["coverage"],
        &["audit"],
        &["audit", "list"],
        &["audit", "verify"],
        &["audit", "checkpoint"],
        &["alarms"],
        &["learn"],
        &["opt-out"],
        &["opt-out", "record"],
        &["opt-out", "undo"],
        &["opt-out", "list"],
        &["model"],
        &["model", "list"],
        &["model", "show"],
        &["model", "propose"],
        &["model", "shadow"],
        &["model", "sign"],
        &["model", "promote"],
        &["model", "rollback"],
        &["model", "drift"],
        &["model", "refit"],
        &["evaluate"],
        &["subject-access"],
        &["erase"],
        &["retention"],
        &["fsck"],
        &["lake"],
        &["lake", "status"],
        &["lake", "compact"],
        &["lake", "move"],
        &["rules"],
        &["rules", "check"],
        &["rules", "show"],
        &["rules", "diff"],
        &["rules", "keygen"],
        &["rules", "sign"],
        &["rules", "verify"],
        &["rules", "mark-faulty"],
        &["look-back"],
        &["replay"],
        &["what-if"],
        &["server"],
        &["server", "check"],
        &["standin"],
        &["standin", "export"],
        &["standin", "serve"],
        &["standin", "client-key"],
    ] {
        let said = preventio(&[words, &["--help"]].concat()).ends_well();
        reads(&[&["help"], words].concat().join("-"), &said);
    }
}
