//! A programme that is served: a register that is exported, a server that takes orders, and the daemon between.
//!
//! ```text
//! let daily = Daily::of(6, "pull = \"02:00\"\nrun = \"05:00\"");
//! let daemon = daily.serves("2025-11-01T01:59:59+02:00");
//! daily.has(&daemon, Step::Pull, &["2025-11-01 done"]);
//! daemon.ends_when_told();
//! ```

use std::fs::{self, File};
use std::process::{Command, Stdio};

use preventiojyraa::ledger::{Ledger, ServedOutcome};
use preventiojyraa::schedule::Step;

use super::acting::{Clinic, at_risk, until};
use super::exporter::Exporter;
use super::pulling::files_of;
use super::served::Served;
use super::site::Said;
use super::world::World;

/// All steps within two minutes of the night, and orders leave at any hour.
pub(crate) const ALL_AT_TWO: &str = r#"pull = "02:00"
run = "02:00"
reconcile = "02:01"
learn = "day 1 02:01"
dispatch = ["00:00-24:00"]
retry_seconds = 1
"#;

/// A register and a clinic, and when what is done.
pub(crate) struct Daily {
    pub(crate) clinic: Clinic,
    pub(crate) register: Exporter,
    residents: usize,
}

impl Daily {
    /// So many residents at risk, of whom nothing was pulled yet.
    pub(crate) fn of(residents: usize, schedule: &str) -> Self {
        Self::behind(residents, schedule, &[])
    }

    /// The same with more words for the server that takes orders.
    pub(crate) fn behind(residents: usize, schedule: &str, server: &[&str]) -> Self {
        let mut world = World::new();
        let names: Vec<String> = (0..residents).map(|n| format!("resident-{n:03}")).collect();
        for name in &names {
            at_risk(&mut world, name);
        }
        let register = Exporter::new();
        register.has(&files_of(&world));
        let daily = Self {
            clinic: Clinic::not_pulled(world, &names, server),
            register,
            residents,
        };
        daily.configured(schedule, "");
        daily
    }

    /// Writes the configuration anew: the schedule, and more of what serving needs.
    pub(crate) fn configured(&self, schedule: &str, serve: &str) {
        self.clinic.configured(&[]);
        let text = fs::read_to_string(self.clinic.config()).expect("a configuration");
        let register = self.register.at("/fhir");
        let more = format!(
            r#"
[source.export]
people = "register"
trust = "record"
server = "register"
group = "g"

[server.register]
base = "{register}"
source = "export"
requests_per_minute = 6000

[schedule]
{schedule}

[serve]
listen = "127.0.0.1:0"
{serve}
"#
        );
        fs::write(self.clinic.config(), text + &more).expect("a configuration can be written");
    }

    /// Changes a word of the configuration.
    #[track_caller]
    pub(crate) fn says_now(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.clinic.config()).expect("a configuration");
        assert!(text.contains(from), "the configuration says no `{from}`");
        fs::write(self.clinic.config(), text.replacen(from, to, 1)).expect("it can be written");
    }

    fn command(&self, now: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_preventio"));
        let path = self.clinic.site().beside("serve.log");
        let talk = File::options().create(true).append(true).open(path);
        let words = ["serve", "--now", now, "--threads", "2"];
        command
            .args(self.clinic.words(&words))
            .stdin(Stdio::null())
            .stderr(talk.expect("a file for what it says"));
        command
    }

    /// Starts the daemon when it is so late, and waits until it is watched.
    pub(crate) fn serves(&self, now: &str) -> Served {
        Served::started(&mut self.command(now))
    }

    /// Starts it and waits until it has ended.
    pub(crate) fn serves_and_ends(&self, more: &[&str]) -> Said {
        self.clinic.does(&[&["serve"], more].concat())
    }

    /// What it has said so far.
    pub(crate) fn talk(&self) -> String {
        fs::read_to_string(self.clinic.site().beside("serve.log")).unwrap_or_default()
    }

    fn ledger(&self) -> Ledger {
        let path = self.clinic.site().data().join("ledger.sqlite");
        Ledger::open(&path).expect("a ledger")
    }

    /// What is on record of a step, oldest first: the day, and how it ended.
    pub(crate) fn on_record(&self, step: Step) -> Vec<String> {
        let steps = self
            .ledger()
            .served(step, 1_000)
            .expect("steps can be read");
        let told = steps.iter().rev().map(|served| {
            let outcome = served
                .ended
                .map_or("under way", |(_, outcome)| outcome.name());
            format!("{} {outcome}", served.day)
        });
        told.collect()
    }

    /// How often a step ended so.
    pub(crate) fn n_ended(&self, step: Step, outcome: ServedOutcome) -> usize {
        let end = format!(" {}", outcome.name());
        let steps = self.on_record(step);
        steps.iter().filter(|told| told.ends_with(&end)).count()
    }

    /// Waits until the newest of a step on record is this.
    #[track_caller]
    pub(crate) fn waits_for(&self, step: Step, told: &str) {
        until(&format!("{} {told}", step.name()), || {
            self.on_record(step).last().is_some_and(|last| last == told)
        });
    }

    /// How many pulls and runs there are.
    pub(crate) fn n_pulls_and_runs(&self) -> (usize, usize) {
        let ledger = self.ledger();
        let (pulls, runs) = (ledger.pulls(), ledger.runs());
        (pulls.expect("pulls").len(), runs.expect("runs").len())
    }

    /// Waits until every order is at the server.
    #[track_caller]
    pub(crate) fn waits_for_all_orders(&self) {
        let all = 2 * self.residents as u64;
        until("all orders are at the server", || {
            self.clinic.n_at_server() == all
        });
    }
}
