//! The ledger keeps the rules that runs used, each file once, and proves them.

use rusqlite::Connection;

use crate::support::earlier_ledgers::back_to;
use crate::support::rules::Rules;
use crate::support::site::{INDEX_DATE, Site, text};
use crate::support::world::World;

fn world() -> World {
    let mut world = World::new();
    world
        .resident("aino")
        .woman_born("1961-04-30")
        .bmi(31.2, "2025-10-01");
    world.decides();
    world
}

fn ledger(site: &Site) -> Connection {
    Connection::open(site.data().join("ledger.sqlite")).expect("a ledger")
}

fn n(site: &Site, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    ledger(site)
        .query_row(&sql, [], |row| row.get(0))
        .expect("a table")
}

#[test]
fn a_file_that_did_not_change_is_kept_once() {
    let world = world();
    let site = &world.site;
    let files = n(site, "rule_book");
    assert!(10 < files);
    assert_eq!(n(site, "rule_text"), files);
    world.runs();
    assert_eq!(n(site, "rule_book"), files, "the same rules again");
    let rules = Rules::at(site.beside("rules"));
    rules.have_a_new_version_of_the_score();
    site.runs(INDEX_DATE, &["--rules", &rules.name()]);
    assert_eq!(n(site, "rule_book"), 2 * files);
    assert_eq!(n(site, "rule_text"), files + 1, "one file changed");
    site.is_whole();
}

#[test]
fn rules_that_a_run_used_are_known_by_the_beginning_of_their_fingerprint() {
    let world = world();
    let report = world.runs();
    let fingerprint = text(&report["rulebook"]["fingerprint"]);
    let rules = Rules::at(world.site.beside("rules"));
    rules.have_a_new_version_of_the_score();
    let words = ["rules", "diff", &fingerprint[..12], &rules.name()];
    let said = world.site.does(&words).ends_well();
    assert!(said.contains("version: 2025.1 → 2025.2"), "{said}");
    let said = world
        .site
        .does(&["rules", "diff", "0123456", "shipped"])
        .ends_with(1);
    insta::assert_snapshot!(said, @r#"
    error: `0123456` is neither a folder of rules nor the beginning of the fingerprint of one rule book that a run here used
    hint: `preventio run --json` says the fingerprint of its rules
    "#);
}

#[test]
fn a_rule_that_is_damaged_or_gone_is_found() {
    let damages = [
        "DROP TRIGGER rule_text_stays;
         UPDATE rule_text SET content = x'00' WHERE sha256 = (SELECT min(sha256) FROM rule_text);",
        "DROP TRIGGER rule_book_remains;
         DELETE FROM rule_book WHERE path LIKE 'scores/%';",
        "DROP TRIGGER rule_book_remains;
         DELETE FROM rule_book;",
        "DROP TRIGGER rule_book_stays;
         UPDATE rule_book SET path = 'scores/other.toml' WHERE path LIKE 'scores/%';",
    ];
    for damage in damages {
        let world = world();
        ledger(&world.site).execute_batch(damage).expect(damage);
        let said = world.site.damage();
        assert!(said.contains("run 1"), "{damage}: {said}");
    }
    let world = world();
    for statement in [
        "UPDATE rule_text SET content = x'00'",
        "DELETE FROM rule_text",
        "UPDATE rule_book SET path = ''",
        "DELETE FROM rule_book",
    ] {
        assert!(
            ledger(&world.site).execute(statement, []).is_err(),
            "{statement}"
        );
    }
}

#[test]
fn a_ledger_from_before_rules_were_kept_is_read_and_says_what_it_cannot_tell() {
    let world = world();
    back_to(5, &ledger(&world.site));
    let site = &world.site;
    site.is_whole();
    let rules = Rules::at(site.beside("rules"));
    rules.have_a_new_version_of_the_score();
    let said = rules.look_back(site, &[]);
    assert_eq!(said.code, Some(5), "{}", said.err);
    assert!(
        said.out
            .contains("of runs 1 nothing can be said: their rules are not kept"),
        "{}",
        said.out
    );
    world.runs();
    site.is_whole();
    // The same fingerprint is the same rules: now they are known for the first run too.
    let said = rules.look_back(site, &[]).ends_well();
    assert!(
        said.contains("run 1 as of") && said.contains("run 2 as of"),
        "{said}"
    );
}
