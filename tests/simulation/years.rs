//! Years of a city on a real data folder: after every pull and every run, everybody stands somewhere once,
//! those who left stand where they left to, and nobody waits beyond what the rules give.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use jiff::civil::{Date, date};
use preventiojyraa::delivery::{Delivery, Next};
use preventiojyraa::ledger::{EpisodeMap, Ledger, RowView};
use preventiojyraa::pathway::Stage;
use serde_json::{Value, json};

use super::city::{City, Left, days};
use super::say;
use crate::support::served::Served;
use crate::support::shipped::rulebook;
use crate::support::site::{Said, Site, count, text};

/// Ten years of it are in the past: a pull believes of no address that it has ended in the future.
const START: Date = date(2016, 1, 14);
/// Days between two runs.
const EVERY: usize = 28;

/// A size that a sweep may set.
fn setting(name: &str, otherwise: usize) -> usize {
    let asked = std::env::var(name).ok();
    asked.map_or(otherwise, |n| n.parse().expect("a number"))
}

/// A mistake that is made in the first months, behind the program's back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    /// Somebody is decided about and not counted.
    LosesSomebody,
    /// A round that began of nobody.
    BeginsForNobody,
    /// Those who are asked may take for ever.
    NeverReminds,
    /// Those who are ordered for may take for ever.
    NeverChases,
    /// What was ordered is ordered again by another name.
    OrdersTwice,
    /// Nobody remembers which entries are of one person.
    ForgetsPersons,
}

/// The programme in the city.
struct Years {
    site: Site,
    server: Served,
    city: City,
    problems: Vec<String>,
}

impl Years {
    fn of(residents: usize, seed: u64) -> Self {
        let years = Self {
            site: Site::new(),
            server: Served::open(&["--residents", "0", "--accept-any-subject"]),
            city: City::of(residents, seed, START),
            problems: Vec::new(),
        };
        years.is_configured();
        years
    }

    fn config(&self) -> String {
        self.site.beside("preventio.toml").display().to_string()
    }

    fn is_configured(&self) {
        let channels = ["questionnaire", "laboratory", "message", "professional"].map(|kind| {
            let way = match kind {
                "laboratory" => "service-request",
                _ => "communication",
            };
            let to = match kind {
                "professional" => "to = [\"PractitionerRole/prevention-nurses\"]\n",
                _ => "",
            };
            format!("[channel.{kind}]\nway = \"{way}\"\nserver = \"standin\"\n{to}\n")
        });
        let text = format!(
            r#"[site]
trial = true
no_weekly_cap = true
today = {}

[legal_basis]
reference = "trial without people"
valid_from = 2015-01-01
valid_until = 2050-12-31

[server.standin]
base = "http://{}/fhir"
source = "export"
requests_per_minute = 600000
parallel = 8

{}"#,
            self.city.today,
            self.server.address(),
            channels.concat(),
        );
        fs::write(self.config(), text).expect("a configuration can be written");
    }

    fn does(&self, words: &[&str]) -> Said {
        self.site
            .does(&[words, &["--config", &self.config()]].concat())
    }

    fn ledger_path(&self) -> PathBuf {
        self.site.data().join("ledger.sqlite")
    }

    fn ledger(&self) -> Ledger {
        Ledger::open(&self.ledger_path()).expect("the ledger opens")
    }

    fn rounds(&self) -> EpisodeMap {
        self.ledger().episodes(None).expect("rounds can be read").0
    }

    fn finds(&mut self, what: &str) {
        self.problems.push(format!("{}: {what}", self.city.today));
    }

    /// Everybody is on the register, in one standing, and every sum is the register.
    fn covers(&mut self) -> Value {
        let said = self.site.does(&["coverage", "--json"]);
        let report: Value = serde_json::from_str(&said.out).expect("the report is JSON");
        if said.code != Some(0) || report["adds_up"] != true {
            self.finds("does not add up");
        }
        let n_entries = self.city.people.len() as u64;
        for parts in ["standings", "by_district", "by_language"] {
            let parts_of = report[parts].as_array().expect("a list").iter();
            let sum: u64 = parts_of.map(|one| count(&one["residents"])).sum();
            if sum != n_entries {
                self.finds(&format!("{parts} are {sum} of {n_entries}"));
            }
        }
        report
    }

    /// What a pull brings is there at once, and waits for the run.
    fn pulls(&mut self) {
        let folder = self.site.beside("export");
        let export = self.city.exports(&folder);
        self.site.pulls(&export, &[]);
        self.covers();
    }

    fn decides(&mut self) {
        self.does(&["run", "--act"]).ends_well();
        let report = self.covers();
        self.left_and_left_alone(&report);
        self.nobody_is_under_way_twice();
        self.nobody_waits_for_ever(&report);
    }

    /// Everything that is planned leaves.
    fn delivers(&mut self) {
        for _ in 0..20 {
            self.does(&["dispatch", "--once"]).ends_well();
            let rows = self.ledger().outbox().expect("the outbox can be read");
            if !rows.iter().any(is_open) {
                self.covers();
                return;
            }
        }
        self.finds("something never leaves");
    }

    /// Who died or moved stands there, all of them and nobody else.
    fn left_and_left_alone(&mut self, report: &Value) {
        let mut left: BTreeMap<&str, u64> = BTreeMap::new();
        for person in &self.city.people {
            // Who has died has died under each entry; under a second one nobody lives anywhere.
            let first = person.same_as.filter(|_| person.gave_way);
            let first = first.and_then(|first| self.city.people[first].left);
            match person.left.or(first.filter(|left| *left == Left::Died)) {
                Some(Left::Died) => *left.entry("deceased").or_default() += 1,
                Some(Left::Moved) => *left.entry("moved").or_default() += 1,
                None => {}
            }
        }
        let standings = standings(report);
        for state in ["deceased", "moved"] {
            let expected = left.get(state).copied().unwrap_or_default();
            let found = standings.get(state).map_or(0, |one| one.0);
            if found != expected {
                self.finds(&format!("{found} are {state}, {expected} really"));
            }
        }
        if standings.contains_key("lost") {
            self.finds("somebody is lost");
        }
    }

    /// Of entries of one person at most one has a round under way.
    fn nobody_is_under_way_twice(&mut self) {
        let rounds = self.rounds();
        let mut under_way: BTreeMap<usize, u32> = BTreeMap::new();
        for (n, entry) in self.city.people.iter().enumerate() {
            let person = entry.same_as.filter(|_| entry.gave_way).unwrap_or(n);
            let stage = rounds.get(&entry.id).map(|round| &round.stage);
            let is_under_way = matches!(
                stage,
                Some(Stage::Queued { .. } | Stage::Asked { .. } | Stage::Ordered { .. })
            );
            *under_way.entry(person).or_default() += u32::from(is_under_way);
        }
        let n_twice = under_way.values().filter(|n| 1 < **n).count();
        if n_twice != 0 {
            self.finds(&format!("{n_twice} people are under way twice"));
        }
    }

    /// Each standing in which something is waited for ends, by the deadlines of the rules and the days
    /// between runs.
    fn nobody_waits_for_ever(&mut self, report: &Value) {
        let deadlines = rulebook().pathway.deadlines;
        let standings = standings(report);
        let longest = [
            (
                "asked",
                deadlines.answer_days + deadlines.answer_reminder_days,
            ),
            ("ordered", deadlines.sample_days),
            ("overdue", deadlines.sample_reminder_days),
        ];
        for (state, most) in longest {
            let Some((_, since)) = standings.get(state) else {
                continue;
            };
            // A run late for each of: leaving, reminding, giving up.
            let allowed = days(usize::from(most) + 3 * EVERY);
            if *since < self.city.today.saturating_sub(allowed) {
                self.finds(&format!("{state} since {since}"));
            }
        }
    }

    /// Each order is planned once and at the other side once.
    fn has_each_order_once(&mut self) {
        let counted = self.server.gets("/_control/orders").with(200);
        let orders = counted["by_identifier"].as_object().expect("a list");
        let n_twice = orders
            .values()
            .filter(|order| order["statuses"].as_array().map(Vec::len) != Some(1));
        let n_twice = n_twice.count();
        if n_twice != 0 {
            self.finds(&format!("{n_twice} orders are there more than once"));
        }
        if counted["without_identifier"] != 0 {
            self.finds("orders are there that nobody can tell apart");
        }
        let planned = self.ledger().outbox().expect("the outbox can be read");
        let keys = planned.iter().map(|row| row.order.key().to_string());
        let keys: BTreeSet<String> = keys.collect();
        if keys.len() != planned.len() {
            self.finds("an order is planned twice");
        }
        assert!(!keys.is_empty(), "something was ordered");
    }

    fn lives(&mut self, runs: usize, bug: Option<Bug>) {
        for n in 0..runs {
            if 0 < n {
                let rounds = self.rounds();
                self.city.lives(EVERY, &rounds);
                self.is_configured();
            }
            self.pulls();
            self.decides();
            self.delivers();
            if n < 4 || bug == Some(Bug::ForgetsPersons) {
                self.goes_wrong(bug);
            }
        }
        self.has_each_order_once();
    }

    fn goes_wrong(&self, bug: Option<Bug>) {
        let sql = match bug {
            None => return,
            Some(Bug::OrdersTwice) => return self.orders_again(),
            Some(Bug::ForgetsPersons) => "DELETE FROM entry_link; DELETE FROM person",
            Some(Bug::LosesSomebody) => {
                "UPDATE run SET register = register + 1 WHERE id = (SELECT MAX(id) FROM run)"
            }
            Some(Bug::BeginsForNobody) => {
                "INSERT INTO episode_event (resident, round, kind, on_day, until, at)
                 SELECT x'000102030405060708090a0b0c0d0e0f', 1, 'asked', '2016-02-01', '2016-03-01', 0
                 WHERE NOT EXISTS (SELECT 1 FROM episode_event
                     WHERE resident = x'000102030405060708090a0b0c0d0e0f')"
            }
            Some(Bug::NeverReminds) => {
                "DROP TRIGGER IF EXISTS episode_event_stays;
                 UPDATE episode_event SET until = '2099-01-01' WHERE kind = 'asked'"
            }
            Some(Bug::NeverChases) => {
                "DROP TRIGGER IF EXISTS episode_event_stays;
                 UPDATE episode_event SET until = '2099-01-01' WHERE kind = 'tests-ordered'"
            }
        };
        let ledger = rusqlite::Connection::open(self.ledger_path()).expect("the ledger opens");
        ledger.execute_batch(sql).expect("it can be changed");
    }

    /// What a careless retry does.
    fn orders_again(&self) {
        let counted = self.server.gets("/_control/orders").with(200);
        let orders = counted["by_identifier"].as_object().expect("a list");
        let Some(key) = orders.keys().next() else {
            return;
        };
        let (system, value) = key.split_once('|').expect("a system and a value");
        let again = json!({
            "resourceType": "ServiceRequest",
            "status": "active",
            "intent": "order",
            "identifier": [{ "system": system, "value": value }],
            "subject": { "reference": "Patient/entry-1" },
        });
        self.server
            .posts("/fhir/ServiceRequest", &[], &again)
            .with(201);
    }
}

fn is_open(row: &RowView) -> bool {
    match row.delivery {
        Delivery::Planned { .. } | Delivery::Sending { .. } => true,
        Delivery::Unknown { next, .. } => {
            matches!(next, Next::LookUp { .. } | Next::SendAgain { .. })
        }
        Delivery::Acknowledged { .. } | Delivery::Refused { .. } => false,
    }
}

/// How many are in each standing, and since when the one who has been there longest.
fn standings(report: &Value) -> BTreeMap<String, (u64, Date)> {
    let standings = report["standings"].as_array().expect("a list").iter();
    let with_day = standings.map(|one| {
        let since = one["since"].as_str().map(|day| day.parse().expect("a day"));
        let n = count(&one["residents"]);
        (text(&one["standing"]), (n, since.unwrap_or(Date::MAX)))
    });
    with_day.collect()
}

#[test]
fn everybody_stands_somewhere_once_after_every_step_of_years() {
    let residents = setting("PREVENTIO_RESIDENTS", 250);
    let n_runs = setting("PREVENTIO_RUNS", 14);
    let started = Instant::now();
    let mut years = Years::of(residents, 1);
    years.lives(n_runs, None);
    assert_eq!(years.problems, Vec::<String>::new());
    years.site.is_whole();
    let lived = years.city.lived;
    for (what, n) in lived.counts() {
        assert!(0 < n, "nobody was {what}, so nothing is shown about it");
    }
    say(&format!(
        "years: {residents} residents, {n_runs} runs in {:.0} s: {:?}",
        started.elapsed().as_secs_f64(),
        lived.counts()
    ));
}

#[test]
fn a_mistake_in_the_first_months_is_noticed() {
    let bugs = [
        Bug::LosesSomebody,
        Bug::BeginsForNobody,
        Bug::NeverReminds,
        Bug::NeverChases,
        Bug::OrdersTwice,
        Bug::ForgetsPersons,
    ];
    for bug in bugs {
        // Few are entered twice, so that it takes more of them.
        let (residents, runs) = match bug {
            Bug::ForgetsPersons => (500, 13),
            Bug::LosesSomebody
            | Bug::BeginsForNobody
            | Bug::NeverReminds
            | Bug::NeverChases
            | Bug::OrdersTwice => (60, 12),
        };
        let mut years = Years::of(residents, 2);
        years.lives(runs, Some(bug));
        assert!(!years.problems.is_empty(), "{bug:?} is not noticed");
    }
}
