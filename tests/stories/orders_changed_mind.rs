//! Somebody changes their mind, or life does, between the decision and the sending: nothing leaves for them.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::acting::{Clinic, at_risk, key, keys};
use crate::support::site::{count, opaque};
use crate::support::world::World;

/// After the decisions and before the day of the story.
const LATELY: &str = "2025-10-20";

/// What a new pull tells of a resident who was to be tested.
type News = fn(&mut World, &str);

/// Who changes, what happens to them, and the task that it leaves, if any.
const CHANGES: [(&str, News, Option<&str>); 6] = [
    (
        "opts-out",
        |world, name| drop(world.resident(name).says_no(LATELY)),
        None,
    ),
    (
        "dies",
        |world, name| drop(world.resident(name).dies(LATELY)),
        None,
    ),
    (
        "leaves",
        |world, name| drop(world.resident(name).leaves(LATELY)),
        None,
    ),
    (
        "hides",
        |world, name| {
            let label = json!({ "security": [{ "code": "TURVAKIELTO" }] });
            drop(world.resident(name).registered("meta", label));
        },
        Some("delivery-withheld"),
    ),
    (
        "is-diagnosed",
        |world, name| drop(world.resident(name).diagnosed("E11.9", LATELY)),
        None,
    ),
    (
        "is-tested",
        |world, name| drop(world.resident(name).fasting_glucose(5.2, LATELY)),
        None,
    ),
];
const STEADY: [&str; 2] = ["steady-1", "steady-2"];

fn world() -> World {
    let mut world = World::new();
    for name in names() {
        at_risk(&mut world, name);
    }
    world
}

fn names() -> Vec<&'static str> {
    let changing = CHANGES.iter().map(|(name, _, _)| *name);
    STEADY.into_iter().chain(changing).collect()
}

fn rows_of(clinic: &Clinic, name: &str) -> Vec<String> {
    let rows = clinic.rows();
    let of = rows.iter().filter(|row| row.order.resident == opaque(name));
    of.map(|row| format!("{} {:?}", row.order.action.name(), row.delivery))
        .collect()
}

#[test]
fn whoever_changed_before_the_sending_gets_no_order_and_the_others_do() {
    let mut clinic = Clinic::of(world(), &names(), &[]);
    assert_eq!(count(&clinic.acts()["planned"]), 2 * names().len() as u64);
    for (name, news, _) in CHANGES {
        news(&mut clinic.world, name);
    }
    clinic.world.pulls();
    clinic.delivers_everything();
    assert_eq!(clinic.active_at_server(), keys(&STEADY));
    assert_eq!(clinic.n_at_server(), 4);
    for (name, _, _) in CHANGES {
        for row in rows_of(&clinic, name) {
            assert!(row.contains("Refused"), "{name}: {row}");
        }
    }
    let with_a_task = CHANGES.iter().filter_map(|(_, _, task)| *task);
    let with_a_task: BTreeSet<String> = with_a_task.map(str::to_owned).collect();
    let tasks = clinic.tasks();
    let codes: BTreeSet<String> = tasks.keys().cloned().collect();
    assert_eq!(codes, with_a_task);
    assert_eq!(tasks["delivery-withheld"], 2, "one for each order withheld");
    assert!(clinic.differences().is_empty());
    // The next run knows as well.
    assert_eq!(count(&clinic.acts()["planned"]), 0);
    clinic.dispatches();
    assert_eq!(clinic.n_at_server(), 4);
    clinic.site().is_whole();
}

#[test]
fn a_row_in_doubt_is_not_sent_again_to_whoever_changed_meanwhile() {
    let mut clinic = Clinic::of(world(), &names(), &["--faults", "lost-request=1"]);
    clinic.acts();
    clinic.does(&["dispatch", "--for", "1s"]).ends_well();
    clinic.quiet();
    for (name, news, _) in CHANGES {
        news(&mut clinic.world, name);
    }
    clinic.world.pulls();
    clinic.delivers_everything();
    assert_eq!(clinic.active_at_server(), keys(&STEADY));
    assert_eq!(clinic.n_at_server(), 4);
    clinic.site().is_whole();
}

#[test]
fn whoever_changes_after_the_sending_has_their_orders_taken_back() {
    let left = ["opts-out", "dies", "leaves", "is-diagnosed"];
    let mut clinic = Clinic::of(world(), &names(), &[]);
    clinic.acts();
    clinic.delivers_everything();
    clinic.has_each_order_once();
    for (name, news, _) in CHANGES {
        if left.contains(&name) {
            news(&mut clinic.world, name);
        }
    }
    clinic.world.pulls();
    let acted = clinic.acts();
    assert_eq!(count(&acted["cancelled"]), 2 * left.len() as u64, "{acted}");
    clinic.delivers_everything();
    let revoked: BTreeSet<String> = clinic
        .at_server()
        .into_iter()
        .filter(|(_, statuses)| *statuses == ["revoked"])
        .map(|(key, _)| key)
        .collect();
    assert_eq!(revoked, keys(&left));
    assert_eq!(
        clinic.active_at_server().len() as u64 + 8,
        2 * names().len() as u64
    );
    assert!(clinic.differences().is_empty());
    let again = clinic.acts();
    assert_eq!(
        [count(&again["planned"]), count(&again["cancelled"])],
        [0, 0]
    );
    clinic.dispatches();
    assert_eq!(clinic.requests("creates"), 2 * names().len() as u64);
    clinic.site().is_whole();
}

#[test]
fn an_order_is_taken_back_once_however_badly_the_server_behaves() {
    let plan = "seed=5,lost-request=0.1,lost-answer=0.2,status-503=0.1,status-500-after=0.1";
    let mut clinic = Clinic::of(world(), &names(), &[]);
    clinic.acts();
    clinic.delivers_everything();
    clinic.world.resident("opts-out").says_no(LATELY);
    clinic.world.pulls();
    clinic.acts();
    clinic.faults(plan);
    clinic.dispatches();
    clinic.quiet();
    clinic.delivers_everything();
    let at_server = clinic.at_server();
    for key in keys(&["opts-out"]) {
        assert_eq!(at_server[&key], ["revoked"]);
    }
    assert_eq!(clinic.n_at_server(), 2 * names().len() as u64);
    assert!(clinic.differences().is_empty());
}

#[test]
fn whoever_is_hidden_from_the_beginning_gets_no_order_and_a_person_knows() {
    let mut world = world();
    let label = json!({ "security": [{ "code": "TURVAKIELTO" }] });
    world.resident("steady-1").registered("meta", label);
    let clinic = Clinic::of(world, &names(), &[]);
    clinic.acts();
    clinic.delivers_everything();
    let at_server = clinic.active_at_server();
    assert!(
        !at_server.contains(&key("steady-1", "hba1c")),
        "an order left for somebody hidden"
    );
    assert!(at_server.contains(&key("steady-2", "hba1c")));
    assert!(clinic.tasks().contains_key("delivery-withheld"));
}
