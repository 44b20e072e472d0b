//! A clinic that acts: residents at risk, a server that takes their orders, and the program in between.
//!
//! ```text
//! let clinic = Clinic::with(20, &[]);
//! clinic.acts();
//! clinic.delivers_everything();
//! clinic.has_each_order_once();
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use preventiojyraa::delivery::{Delivery, Next};
use preventiojyraa::ledger::{Ledger, RowView};
use preventiojyraa::orders::{Action, OrderKey};
use serde_json::Value;

use super::served::Served;
use super::site::{INDEX_DATE, Said, Site, count, opaque, preventio, preventio_starts};
use super::world::{HIGHEST, Resident, World};

/// What the rules in force order for whoever scores at or above the level.
pub(crate) const TESTS: [&str; 2] = ["fasting-plasma-glucose", "hba1c"];
/// Somebody else's server has an answer by then, or the story fails.
const PATIENCE: Duration = Duration::from_secs(120);
const VISIT: &str = "2025-10-01";
const PROGRAMME: &str = "type-2-diabetes";
const ORDERS: &str = "https://preventiojyraa.example.org/fhir/order|";
/// A server that takes orders about anybody and knows nobody.
const ANYBODY: [&str; 3] = ["--residents", "0", "--accept-any-subject"];

/// A data folder that may act in a trial, and the server that it acts on.
pub(crate) struct Clinic {
    pub(crate) world: World,
    pub(crate) server: Served,
    /// The residents for whom two orders each are expected.
    at_risk: Vec<String>,
}

/// Somebody who scores above the level whatever is not known of them.
pub(crate) fn at_risk<'w>(world: &'w mut World, name: &str) -> Resident<'w> {
    world
        .resident(name)
        .woman_born("1955-06-06")
        .bmi(33.0, VISIT)
        .waist(101.0, VISIT)
        .answers(&HIGHEST, VISIT)
}

/// The key of an order of a resident's first round.
pub(crate) fn key(name: &str, test: &str) -> String {
    let action = Action::Laboratory {
        test: test.to_owned(),
    };
    OrderKey::derive(opaque(name), PROGRAMME, 1, &action).to_string()
}

/// The keys of all orders of residents' first rounds.
pub(crate) fn keys<S: AsRef<str>>(names: &[S]) -> BTreeSet<String> {
    let of = |name: &S| TESTS.map(|test| key(name.as_ref(), test));
    names.iter().flat_map(of).collect()
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "not in time: {what}");
        thread::park_timeout(Duration::from_millis(5));
    }
}

/// Kills a process when it has run for so long; says whether it was still at work.
pub(crate) fn dies_after(child: &mut Child, started: Instant, after: Duration) -> bool {
    while let Some(left) = after.checked_sub(started.elapsed()) {
        thread::park_timeout(left);
    }
    child.kill().expect("a child can be killed");
    !child.wait().expect("a child ends").success()
}

/// A process that ends with the story.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether a row is still the program's to deal with.
pub(crate) fn is_open(row: &RowView) -> bool {
    match &row.delivery {
        Delivery::Planned { .. }
        | Delivery::Sending { .. }
        | Delivery::Unknown {
            next: Next::LookUp { .. } | Next::SendAgain { .. },
            ..
        } => true,
        Delivery::Acknowledged { .. }
        | Delivery::Refused { .. }
        | Delivery::Unknown {
            next: Next::Awaited { .. } | Next::Person,
            ..
        } => false,
    }
}

/// Copies a folder with everything in it; links stay links.
pub(crate) fn copy(from: &Path, to: &Path) {
    let status = std::process::Command::new("cp")
        .arg("-a")
        .args([from, to])
        .status();
    assert!(status.expect("cp starts").success(), "a folder is copied");
}

impl Clinic {
    /// So many residents at risk, pulled, and a server started with more words.
    pub(crate) fn with(residents: usize, server: &[&str]) -> Self {
        let mut world = World::new();
        let names: Vec<String> = (0..residents).map(|n| format!("resident-{n:03}")).collect();
        for name in &names {
            at_risk(&mut world, name);
        }
        Self::of(world, &names, server)
    }

    /// Whoever is in a world, of whom those at risk are named.
    pub(crate) fn of<S: AsRef<str>>(world: World, at_risk: &[S], server: &[&str]) -> Self {
        world.pulls();
        Self::behind(world, at_risk, server)
    }

    /// Whoever is in a world of which nothing was pulled yet, and a server started with more words.
    pub(crate) fn not_pulled<S: AsRef<str>>(world: World, at_risk: &[S], server: &[&str]) -> Self {
        Self::behind(world, at_risk, server)
    }

    /// Whoever is in a world that was pulled already.
    pub(crate) fn pulled<S: AsRef<str>>(world: World, at_risk: &[S]) -> Self {
        Self::behind(world, at_risk, &[])
    }

    fn behind<S: AsRef<str>>(world: World, at_risk: &[S], server: &[&str]) -> Self {
        let words = [&ANYBODY[..], server].concat();
        let clinic = Self {
            world,
            server: Served::open(&words),
            at_risk: at_risk
                .iter()
                .map(|name| name.as_ref().to_owned())
                .collect(),
        };
        clinic.configured(&[]);
        clinic
    }

    pub(crate) fn site(&self) -> &Site {
        &self.world.site
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.site().beside("preventio.toml")
    }

    /// Writes the configuration of a trial, with changes: what it says, what it shall say.
    #[track_caller]
    pub(crate) fn configured(&self, changes: &[(&str, &str)]) {
        let mut text = format!(
            r#"[site]
trial = true
today = {INDEX_DATE}

[legal_basis]
reference = "trial without people"
valid_from = 2025-01-01
valid_until = 2025-12-31

[server.standin]
base = "http://{}/fhir"
source = "export"
requests_per_minute = 60000
request_deadline_seconds = 0.5
settle_seconds = 0.8
longest_pause_seconds = 1

[channel.laboratory]
way = "service-request"
server = "standin"
"#,
            self.server.address()
        );
        for (from, to) in changes {
            assert!(
                text.contains(from),
                "the configuration does not say `{from}`"
            );
            text = text.replacen(from, to, 1);
        }
        fs::write(self.config(), text).expect("a configuration can be written");
    }

    /// A command about this data folder and with this configuration.
    pub(crate) fn words(&self, words: &[&str]) -> Vec<String> {
        let config = self.config().display().to_string();
        self.site()
            .arguments(&[words, &["--config", &config]].concat())
    }

    pub(crate) fn does(&self, words: &[&str]) -> Said {
        preventio(&self.words(words))
    }

    /// Starts a command and does not wait for it.
    pub(crate) fn starts(&self, words: &[&str]) -> Running {
        Running(preventio_starts(&self.words(words)))
    }

    #[track_caller]
    pub(crate) fn reports(&self, words: &[&str]) -> Value {
        let said = self.does(&[words, &["--json"]].concat()).ends_well();
        serde_json::from_str(&said).expect("the report is JSON")
    }

    /// Runs and acts; the part of the report about acting.
    #[track_caller]
    pub(crate) fn acts(&self) -> Value {
        self.reports(&["run", "--act"])["act"].clone()
    }

    /// Dispatches what is due.
    #[track_caller]
    pub(crate) fn dispatches(&self) -> Value {
        self.reports(&["dispatch", "--once"])
    }

    /// Reconciles: the differences by name, with their counts.
    #[track_caller]
    pub(crate) fn differences(&self) -> BTreeMap<String, u64> {
        let said = self.does(&["reconcile", "--json"]);
        let report: Value = serde_json::from_str(&said.out).expect("the report is JSON");
        let all = report["differences"].as_array().expect("a list");
        let difference = |d: &Value| {
            let what = d["what"].as_str().expect("a name");
            (what.to_owned(), count(&d["n"]))
        };
        let all: BTreeMap<String, u64> = all.iter().map(difference).collect();
        let code = if all.is_empty() { 0 } else { 5 };
        assert_eq!(said.code, Some(code), "{}{}", said.out, said.err);
        all
    }

    /// Where effects stand.
    #[track_caller]
    pub(crate) fn status(&self) -> Value {
        let said = self.site().does(&["effects", "status", "--json"]);
        serde_json::from_str(&said.ends_well()).expect("the status is JSON")
    }

    /// Dispatches until nothing is open any more.
    #[track_caller]
    pub(crate) fn delivers_everything(&self) {
        until("everything is delivered", || {
            self.dispatches();
            !self.rows().iter().any(is_open)
        });
    }

    /// Dispatches until nothing waits to leave any more.
    #[track_caller]
    pub(crate) fn delivers_what_is_planned(&self) {
        until("everything has left", || {
            self.dispatches();
            let rows = self.rows();
            !rows
                .iter()
                .any(|row| matches!(row.delivery, Delivery::Planned { .. }))
        });
    }

    /// The server behaves from now on.
    #[track_caller]
    pub(crate) fn quiet(&self) {
        self.server
            .posts("/_control/quiet", &[], &Value::Null)
            .with(200);
    }

    /// What goes wrong at the server from now on.
    #[track_caller]
    pub(crate) fn faults(&self, plan: &str) {
        let heard = self.server.hears("POST", "/_control/faults", &[], plan);
        heard.expect("the server answers").with(200);
    }

    /// How many requests of a kind the server has worked on.
    #[track_caller]
    pub(crate) fn requests(&self, kind: &str) -> u64 {
        count(&self.server.gets("/_control/requests").with(200)[kind])
    }

    /// How many orders the server has.
    #[track_caller]
    pub(crate) fn n_at_server(&self) -> u64 {
        let counted = self.server.gets("/_control/orders?summary=true");
        count(&counted.with(200)["total"])
    }

    /// What the server has by our keys, with the status of each.
    #[track_caller]
    pub(crate) fn at_server(&self) -> BTreeMap<String, Vec<String>> {
        let counted = self.server.gets("/_control/orders").with(200);
        assert_eq!(counted["without_identifier"], 0);
        let orders = counted["by_identifier"].as_object().expect("a list");
        let each = orders.iter().map(|(identifier, order)| {
            let key = identifier.strip_prefix(ORDERS).expect("an order of ours");
            let statuses = order["statuses"].as_array().expect("a list").iter();
            let statuses = statuses.map(|status| status.as_str().expect("a status").to_owned());
            (key.to_owned(), statuses.collect())
        });
        each.collect()
    }

    /// Our keys at the server, of which one is active each.
    #[track_caller]
    pub(crate) fn active_at_server(&self) -> BTreeSet<String> {
        let mut active = BTreeSet::new();
        for (key, statuses) in self.at_server() {
            let n = statuses.iter().filter(|status| *status == "active").count();
            assert!(n < 2, "{key} is active {n} times");
            if n == 1 {
                active.insert(key);
            }
        }
        active
    }

    fn ledger(&self) -> Ledger {
        Ledger::open(&self.site().data().join("ledger.sqlite")).expect("the ledger opens")
    }

    /// The outbox.
    pub(crate) fn rows(&self) -> Vec<RowView> {
        self.ledger().outbox().expect("the outbox can be read")
    }

    /// Open tasks by code.
    pub(crate) fn tasks(&self) -> BTreeMap<String, u64> {
        self.ledger().open_tasks().expect("tasks can be read")
    }

    /// Rows of the outbox by state.
    pub(crate) fn outbox(&self) -> BTreeMap<String, u64> {
        self.ledger()
            .outbox_states()
            .expect("the outbox can be read")
    }

    /// The server has one order for each resident at risk and test, and no other.
    #[track_caller]
    pub(crate) fn has_each_order_once(&self) {
        self.has_each_order_once_or_a_person(0);
    }

    /// The same, but for so many at most that a person has on their worklist.
    #[track_caller]
    pub(crate) fn has_each_order_once_or_a_person(&self, most: usize) {
        let at_server = self.at_server();
        let twice = at_server.iter().find(|(_, statuses)| statuses.len() != 1);
        assert_eq!(twice, None, "an order is there more than once");
        let there: BTreeSet<String> = at_server.into_keys().collect();
        let with_a_person = self.ledger().orders_with_a_person();
        let with_a_person = with_a_person.expect("tasks can be read");
        assert!(with_a_person.len() <= most, "{} tasks", with_a_person.len());
        let mut may_be_there = BTreeSet::new();
        let mut must_be_there = BTreeSet::new();
        for row in self.rows() {
            let key = row.order.key().to_string();
            if with_a_person.contains(&row.id) {
                may_be_there.insert(key);
            } else {
                must_be_there.insert(key);
            }
        }
        let planned: BTreeSet<String> = must_be_there.union(&may_be_there).cloned().collect();
        assert_eq!(
            planned,
            keys(&self.at_risk),
            "what the residents need is planned"
        );
        let missing: Vec<&String> = must_be_there.difference(&there).collect();
        assert_eq!(missing, Vec::<&String>::new(), "at the server");
        let unknown: Vec<&String> = there.difference(&planned).collect();
        assert_eq!(unknown, Vec::<&String>::new(), "that nobody asked for");
    }

    /// Two dispatchers deliver to it, somebody says something, and a second later nothing more arrives.
    pub(crate) fn falls_silent_within_a_second_of(&self, command: &[&str]) {
        self.acts();
        self.configured(&[("60000", "900")]);
        let running: [Running; 2] = [(); 2].map(|()| self.starts(&["dispatch", "--for", "20s"]));
        until("orders leave", || 5 <= self.n_at_server());
        let said = Instant::now();
        self.site().does(command).ends_well();
        let second = Duration::from_secs(1);
        until("a second is over", || second <= said.elapsed());
        let then = self.n_at_server();
        assert!(then < 200, "everything had left before");
        until("another is over", || {
            assert_eq!(self.n_at_server(), then, "orders leave all the same");
            second * 2 <= said.elapsed()
        });
        drop(running);
        assert_eq!(count(&self.dispatches()["sent"]), 0);
        assert_eq!(self.n_at_server(), then);
    }
}
