//! Orders leave within the hours given, and nobody is written to at night.

use std::thread;
use std::time::Duration;

use preventiojyraa::schedule::Step;

use crate::support::daily::Daily;

const BY_DAY: &str = "run = \"19:00\"\ndispatch = [\"08:00-20:00\"]\nretry_seconds = 1";

#[test]
fn what_is_planned_in_the_evening_leaves_in_the_morning() {
    let daily = Daily::of(3, BY_DAY);
    daily.clinic.world.pulls();
    daily.clinic.acts();
    let daemon = daily.serves("2025-11-01T20:00:00+02:00");
    thread::park_timeout(Duration::from_secs(3));
    daemon.ends_when_told();
    assert_eq!(daily.clinic.n_at_server(), 0);
    assert_eq!(daily.on_record(Step::Dispatch), [""; 0]);
    let daemon = daily.serves("2025-11-02T07:59:58+02:00");
    assert_eq!(daily.clinic.n_at_server(), 0);
    daily.waits_for_all_orders();
    daemon.ends_when_told();
    assert_eq!(daily.on_record(Step::Dispatch), ["2025-11-02 done"]);
    daily.clinic.has_each_order_once();
}

#[test]
fn at_the_end_of_the_hours_nothing_new_leaves() {
    let daily = Daily::of(30, BY_DAY);
    daily.clinic.world.pulls();
    daily.clinic.acts();
    // Six a second: the hours end long before the orders do.
    daily.says_now("requests_per_minute = 60000", "requests_per_minute = 360");
    let daemon = daily.serves("2025-11-02T19:59:57+02:00");
    daily.waits_for(Step::Dispatch, "2025-11-02 done");
    let n_at_eight = daily.clinic.n_at_server();
    assert!(0 < n_at_eight && n_at_eight < 60, "{n_at_eight}");
    thread::park_timeout(Duration::from_secs(2));
    assert_eq!(daily.clinic.n_at_server(), n_at_eight);
    daemon.ends_when_told();
    daily.says_now("requests_per_minute = 360", "requests_per_minute = 60000");
    let daemon = daily.serves("2025-11-03T10:00:00+02:00");
    daily.waits_for_all_orders();
    daemon.ends_when_told();
    daily.clinic.has_each_order_once();
}
