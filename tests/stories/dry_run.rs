//! A run is rehearsed: whom it would ask for what is known before anybody is asked.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::programme::Programme;
use crate::support::site::{count, text};
use crate::support::snapshots::reads;

/// Whom a dry run would ask for what: resident and act, in the order of the outbox.
fn named(dry: &Value) -> Vec<(String, String)> {
    let orders = dry["orders"].as_array().expect("a list").iter();
    orders
        .map(|order| {
            (
                text(&order["resident"]).to_owned(),
                text(&order["act"]).to_owned(),
            )
        })
        .collect()
}

/// Whom the newest run has asked for what.
fn planned(programme: &Programme) -> Vec<(String, String)> {
    let newest = programme.runs().last().map(|run| u64::from(run.id));
    let rows = programme.planned_by_run().into_iter();
    rows.filter(|(_, run, _)| Some(*run) == newest)
        .map(|(resident, _, act)| (resident, act))
        .collect()
}

/// Who of them is known not to be reached at the portal, once what they are asked has been put into words.
fn without_portal(programme: &Programme) -> BTreeSet<String> {
    let path = programme.site.data().join("ledger.sqlite");
    let ledger = rusqlite::Connection::open(path).expect("the ledger opens");
    let mut rows = ledger
        .prepare(
            "SELECT lower(hex(resident)) FROM outbox WHERE without_portal = 1
             AND run = (SELECT max(id) FROM run) AND action NOT LIKE 'laboratory:%'",
        )
        .expect("the outbox can be read");
    let rows = rows
        .query_map([], |row| row.get(0))
        .expect("it can be read");
    rows.map(|row| row.expect("a row")).collect()
}

fn tasks(dry: &Value) -> u64 {
    let tasks = dry["tasks"].as_array().expect("a list").iter();
    tasks.map(|task| count(&task["n"])).sum()
}

#[test]
fn what_a_dry_run_names_is_what_the_run_then_plans() {
    let mut programme = Programme::in_a_town();
    for days in [0, 28, 56, 56] {
        programme.waits(days);
        programme.pulls();
        let (runs, rows) = (programme.runs().len(), programme.rows().len());
        let open = programme.worklist().len();
        let dry = programme.reports(&["run", "--dry-run"]);
        // Nothing is stored, and nobody is asked.
        assert_eq!(programme.runs().len(), runs);
        assert_eq!(programme.rows().len(), rows);
        assert_eq!(programme.worklist().len(), open);
        assert_eq!(dry["obstacles"], Value::Array(Vec::new()));

        let run = programme.decides();
        assert_eq!(named(&dry), planned(&programme));
        assert_eq!(tasks(&dry), count(&run["act"]["tasks_opened"]));
        for part in ["run", "states", "decisions_hash", "act"] {
            assert_eq!(dry["report"][part], run[part], "{part}");
        }
        programme.delivers();
        let orders = dry["orders"].as_array().expect("a list").iter();
        let told: BTreeSet<String> = orders
            .filter(|order| order["is_without_portal"] == true)
            .map(|order| text(&order["resident"]).to_owned())
            .collect();
        assert_eq!(told, without_portal(&programme));
    }
    programme.site.is_whole();
}

#[test]
fn the_work_of_each_channel_adds_up_to_what_would_be_asked() {
    let mut programme = Programme::in_a_town();
    programme.works();
    programme.waits(28);
    programme.pulls();
    let dry = programme.reports(&["run", "--dry-run"]);
    let load = dry["load"].as_array().expect("a list");
    let sum: u64 = load.iter().map(|one| count(&one["planned"])).sum();
    assert_eq!(sum, named(&dry).len() as u64);
    assert!(0 < sum, "somebody is to be asked for something");
    for one in load {
        let acts = one["acts"].as_object().expect("acts").values();
        assert_eq!(acts.map(count).sum::<u64>(), count(&one["planned"]));
    }
    let said = programme.does(&["run", "--dry-run"]).ends_well();
    reads("dry-run", &said);
    // Who listed orders by resident is on record; numbers alone are nobody's.
    let listed = programme.site.does(&["audit", "list"]).ends_well();
    assert_eq!(listed.matches("listed-orders").count(), 1, "{listed}");
}

#[test]
fn what_stands_against_acting_is_told_and_the_rehearsal_goes_on() {
    let mut programme = Programme::in_a_town();
    programme.pulls();
    let free = programme.reports(&["run", "--dry-run"]);
    programme
        .site
        .does(&["effects", "stop", "--by", "Olli", "--reason", "a look"])
        .ends_well();
    let stopped = programme.reports(&["run", "--dry-run"]);
    assert_eq!(named(&stopped), named(&free));
    let obstacles = stopped["obstacles"].as_array().expect("a list");
    assert_eq!(obstacles.len(), 1, "{obstacles:?}");
    assert!(text(&obstacles[0]).contains("effects are stopped: a look"));
    // The run itself heeds the stop.
    let run = programme.decides();
    assert_eq!(run["act"]["planned"], 0);
}

#[test]
fn a_dry_run_is_of_today_and_of_a_site() {
    let programme = Programme::in_a_town();
    programme.pulls();
    let both = programme.does(&["run", "--dry-run", "--act"]).ends_with(2);
    assert!(both.contains("cannot be used with"), "{both}");
    let nowhere = programme.site.does(&["run", "--dry-run"]).ends_with(2);
    assert!(nowhere.contains("--config"), "{nowhere}");
    let another = ["run", "--dry-run", "--index-date", "2024-01-01"];
    let said = programme.does(&another).ends_with(1);
    assert!(said.contains("2024-01-01"), "{said}");
}
