//! Who did what and who looked at whom is on record, and nothing of it can be changed unnoticed.

use rusqlite::Connection;
use rusqlite::types::Value as Stored;
use serde_json::Value;

use crate::support::acting::{Clinic, at_risk};
use crate::support::site::{Site, opaque, text};
use crate::support::world::World;

const MAIJA: [&str; 2] = ["--by", "Maija Meikäläinen"];

/// A clinic in which somebody was looked at, a task closed, an order held, effects stopped and resumed.
fn clinic() -> Clinic {
    let mut world = World::new();
    world
        .resident("ill")
        .man_born("1960-01-01")
        .fasting_glucose(24.0, "2025-10-28");
    at_risk(&mut world, "high");
    let clinic = Clinic::of(world, &["high"], &[]);
    clinic.acts();
    let site = clinic.site();
    site.does(&["explain", "ill"]).ends_well();
    site.does(&["explain", "high", "--model", "leicester-2010"])
        .ends_well();
    site.does(&["tasks", "list"]).ends_well();
    site.does(&[&["tasks", "close", "1", "--reason", "seen"], &MAIJA[..]].concat())
        .ends_well();
    site.does(&["orders", "list"]).ends_well();
    site.does(&[&["orders", "hold", "--all"], &MAIJA[..]].concat())
        .ends_well();
    site.does(&[&["effects", "stop", "--reason", "a drill"], &MAIJA[..]].concat())
        .ends_well();
    site.does(&[&["effects", "resume"], &MAIJA[..]].concat())
        .ends_well();
    clinic
}

fn listed(site: &Site, more: &[&str]) -> Vec<Value> {
    let said = site.does(&[&["audit", "list", "--json"], more].concat());
    let list: Value = serde_json::from_str(&said.ends_well()).expect("JSON");
    list["records"].as_array().expect("a list").clone()
}

fn ledger(site: &Site) -> Connection {
    let path = site.data().join("ledger.sqlite");
    Connection::open(path).expect("the ledger opens")
}

/// What somebody does who has the file and no scruples.
fn tampers(site: &Site, sql: &str) {
    let guards = "DROP TRIGGER IF EXISTS audit_stays; DROP TRIGGER IF EXISTS audit_remains;";
    let done = ledger(site).execute_batch(&format!("{guards}{sql}"));
    done.expect("whoever has the file can change it");
}

fn verdict(site: &Site) -> (Option<i32>, String) {
    let said = site.does(&["audit", "verify"]);
    (said.code, said.out)
}

#[test]
fn whoever_looks_or_acts_is_on_record_before() {
    let clinic = clinic();
    let records = listed(clinic.site(), &[]);
    let acts: Vec<(String, bool)> = records
        .iter()
        .map(|record| (text(&record["act"]), record["about"].is_null()))
        .collect();
    let expected = [
        ("viewed-resident", false),
        ("viewed-resident", false),
        ("listed-tasks", true),
        ("closed-task", false),
        ("listed-orders", true),
        ("held-order", false),
        ("held-order", false),
        ("stopped-effects", true),
        ("resumed-effects", true),
    ];
    let expected = expected.map(|(act, about_nobody)| (act.to_owned(), about_nobody));
    assert_eq!(acts, expected);
    assert!(text(&records[0]["who"]).starts_with("account "));
    assert_eq!(text(&records[3]["who"]), "Maija Meikäläinen");
    assert_eq!(text(&records[0]["about"]), opaque("ill").to_string());
    // Who asks who has looked is on record too.
    let about_ill = listed(clinic.site(), &["--resident", "ill"]);
    let acts: Vec<String> = about_ill.iter().map(|one| text(&one["act"])).collect();
    assert_eq!(acts, ["viewed-resident", "closed-task"]);
    let n = listed(clinic.site(), &[]).len();
    assert_eq!(n, expected.len() + 2);
    clinic.site().is_whole();
}

#[test]
fn nobody_is_shown_when_it_cannot_be_put_on_record() {
    let clinic = clinic();
    tampers(
        clinic.site(),
        "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'no'); END;",
    );
    let said = clinic.site().does(&["explain", "ill"]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    let said = clinic.site().does(&["tasks", "list"]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
}

#[test]
fn the_program_itself_changes_nothing_in_it() {
    let clinic = clinic();
    for sql in ["UPDATE audit SET who = 'somebody'", "DELETE FROM audit"] {
        let refused = ledger(clinic.site()).execute_batch(sql);
        assert!(refused.is_err(), "{sql}");
    }
}

/// Each column of each record, one bit changed.
#[test]
fn any_change_is_found_at_its_record() {
    let clinic = clinic();
    let n = listed(clinic.site(), &[]).len();
    let columns = ["at", "who", "act", "about", "detail", "hash"];
    for record in 1..=n {
        for column in columns {
            let connection = ledger(clinic.site());
            let of = format!("WHERE writer = 'command' AND n = {record}");
            let select = format!("SELECT {column} FROM audit {of}");
            let before: Stored = connection
                .query_row(&select, [], |row| row.get(0))
                .expect("a record");
            let changed = match &before {
                Stored::Integer(n) => Stored::Integer(n ^ 1),
                Stored::Text(text) => Stored::Text(format!("{text}.")),
                Stored::Blob(bytes) => {
                    let mut bytes = bytes.clone();
                    bytes[0] ^= 1;
                    Stored::Blob(bytes)
                }
                Stored::Null => Stored::Blob(vec![7; 16]),
                Stored::Real(_) => panic!("no such column"),
            };
            tampers(clinic.site(), "");
            let update = format!("UPDATE audit SET {column} = ?1 {of}");
            connection.execute(&update, [&changed]).expect("changed");
            let said = format!(
                "Broken: record {record} of the audit chain `command` is not what was written\n"
            );
            assert_eq!(verdict(clinic.site()), (Some(3), said), "{column}");
            connection.execute(&update, [&before]).expect("put back");
        }
    }
    assert_eq!(verdict(clinic.site()).0, Some(0));
    // A broken chain is damage.
    tampers(clinic.site(), "UPDATE audit SET who = 'nobody' WHERE n = 2");
    let found = clinic.site().damage();
    let expected = "record 2 of the audit chain `command` is not what was written";
    assert!(found.contains(expected), "{found}");
}

#[test]
fn a_record_that_is_taken_out_is_missed() {
    let clinic = clinic();
    tampers(clinic.site(), "DELETE FROM audit WHERE n = 3");
    let said = "Broken: record 3 of the audit chain `command` is missing\n";
    assert_eq!(verdict(clinic.site()), (Some(3), said.to_owned()));
}

#[test]
fn an_end_that_is_cut_off_or_written_anew_shows_against_a_checkpoint() {
    let clinic = clinic();
    let site = clinic.site();
    let file = site.beside("checkpoints.txt").display().to_string();
    let verify = ["audit", "verify", "--checkpoints", &file];
    site.does(&["audit", "checkpoint", "--to", &file])
        .ends_well();
    site.does(&["explain", "ill"]).ends_well();
    site.does(&["audit", "checkpoint", "--to", &file])
        .ends_well();
    let whole = site.does(&verify).ends_well();
    assert!(whole.ends_with("all that the checkpoints remember is there.\n"));
    let last = listed(site, &[]).len() - 1;
    tampers(site, &format!("DELETE FROM audit WHERE {last} <= n"));
    // By itself a shorter chain is a chain.
    assert_eq!(verdict(site).0, Some(0));
    let said = site.does(&verify);
    let expected = format!("Broken: record {last} of the audit chain `command` is missing\n");
    assert_eq!((said.code, said.out), (Some(3), expected));
    // What is written in its place has another hash.
    site.does(&["tasks", "list"]).ends_well();
    let said = site.does(&verify);
    let expected =
        format!("Broken: record {last} of the audit chain `command` is not what was written\n");
    assert_eq!((said.code, said.out), (Some(3), expected));
    std::fs::write(site.beside("checkpoints.txt"), "command 1 xyz now\n").expect("written");
    let said = site.does(&verify).ends_with(1);
    let expected = format!(
        "error: line 1 of `{file}` is no checkpoint of the audit\nhint: `preventio audit checkpoint --to FILE` writes such files\n"
    );
    assert_eq!(said, expected);
}
