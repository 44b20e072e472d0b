//! A programme in a made-up town: the real program on one side, the stand-in with a clock of its own on the other.
//!
//! ```text
//! let mut programme = Programme::in_a_town();
//! programme.works();
//! let aino = programme.somebody_who_is("asked");
//! aino.answers_after(45);
//! programme.reaches("2025-03-26");
//! assert_snapshot!(programme.diary_of(&aino));
//! ```

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::rc::Rc;

use jiff::Span;
use jiff::civil::Date;
use preventiojyraa::delivery::Delivery;
use preventiojyraa::fhir::{MORE_TYPES, TYPES_READ};
use preventiojyraa::ledger::{Ledger, RowView, RunRecord};
use preventiojyraa::orders::Action;
use preventiojyraa::pathway::Event;
use preventiojyraa::profile::ResidentId;
use preventiojyraa::steps::{Access, DataFolder, funnel};
use serde_json::{Value, json};

use super::acting::Running;
use super::pulling::{Keys, base};
use super::shipped::rulebook;
use super::site::{Said, Site, count, opaque, preventio_starts};
pub(crate) use super::town::Resident;
use super::town::{ORDERS, TYPES, Town};

/// The day on which every programme begins.
pub(crate) const START: &str = "2025-01-15";
/// Days between two runs.
const EVERY: i32 = 14;
/// Where nobody listens.
const NOBODY: &str = "http://127.0.0.1:9/fhir";
const NURSES: &str = "PractitionerRole/prevention-nurses";

/// Something that a person has to look at.
pub(crate) struct Task {
    id: i64,
    resident: ResidentId,
    pub(crate) code: String,
    pub(crate) priority: String,
    /// The day by which somebody looks, ISO.
    pub(crate) due: String,
}

impl Task {
    pub(crate) fn about(&self, resident: &Resident) -> bool {
        self.resident == opaque(&resident.patient)
    }
}

/// What the programme did about one resident, day by day.
#[derive(Default)]
struct Diary {
    state: String,
    rows: BTreeMap<i64, String>,
    tasks: BTreeSet<i64>,
    lines: Vec<String>,
}

/// The program with a data folder and a configuration, and the town that it works in.
pub(crate) struct Programme {
    town: Rc<Town>,
    keys: Keys,
    pub(crate) site: Site,
    configuration: String,
    is_down: bool,
    reads_tasks: bool,
    patients: Vec<String>,
    diaries: BTreeMap<ResidentId, Diary>,
}

impl Programme {
    /// A town of 150 behind the kind of server that a city has.
    pub(crate) fn in_a_town() -> Self {
        Self::of("apotti", 150, "")
    }

    /// A town behind a server of a profile, and more words for the configuration.
    pub(crate) fn of(profile: &str, residents: u32, more: &str) -> Self {
        let keys = Keys::new("es384");
        let residents = residents.to_string();
        let words = ["--profile", profile, "--residents", &residents];
        let server = keys.server(&[&words[..], &["--seed", "9", "--start", START]].concat());
        let town = Town {
            token: keys.token(&server),
            server,
            today: Cell::new(START.parse().expect("a date")),
        };
        let truth = town.server.gets("/_control/truth").text;
        let patient = |row: &str| row.split(',').next().map(str::to_owned);
        let programme = Self {
            patients: truth.lines().skip(1).filter_map(patient).collect(),
            town: Rc::new(town),
            keys,
            site: Site::new(),
            configuration: more.to_owned(),
            is_down: false,
            reads_tasks: false,
            diaries: BTreeMap::new(),
        };
        programme.is_configured();
        programme
    }

    /// The same, which also reads the tasks by which others follow residents.
    pub(crate) fn that_reads_tasks(mut self) -> Self {
        self.reads_tasks = true;
        self
    }

    /// Another end of the configuration from now on.
    pub(crate) fn is_now_configured(&mut self, more: &str) {
        self.configuration = more.to_owned();
        self.is_configured();
    }

    fn is_configured(&self) {
        let channels = ["questionnaire", "laboratory", "message", "professional"].map(|kind| {
            let to = match kind {
                "laboratory" | "professional" => format!("to = [\"{NURSES}\"]\n"),
                _ => String::new(),
            };
            format!("[channel.{kind}]\nway = \"declared\"\nserver = \"town\"\n{to}\n")
        });
        let text = format!(
            r#"[site]
trial = true
today = {today}

[legal_basis]
reference = "trial without people"
valid_from = 2025-01-01
valid_until = 2027-12-31

[server.town]
base = "{base}"
source = "export"
client_id = "engine"
key_file = "{key}"
requests_per_minute = 120000
parallel = 8
request_deadline_seconds = 1.5
settle_seconds = 1.6

{channels}
{more}"#,
            today = self.today(),
            base = match self.is_down {
                true => NOBODY.to_owned(),
                false => base(&self.town.server),
            },
            key = self.keys.private().display(),
            channels = channels.concat(),
            more = self.configuration,
        );
        fs::write(self.config(), text).expect("a configuration can be written");
    }

    fn config(&self) -> String {
        self.site.beside("preventio.toml").display().to_string()
    }

    pub(crate) fn today(&self) -> Date {
        self.town.today.get()
    }

    /// Whether the laboratories of the town are open today: on all days but Saturdays and Sundays.
    pub(crate) fn is_a_weekday(&self) -> bool {
        self.today().weekday().to_monday_zero_offset() < 5
    }

    /// A command about this data folder and with this configuration.
    pub(crate) fn does(&self, words: &[&str]) -> Said {
        self.site
            .does(&[words, &["--config", &self.config()]].concat())
    }

    /// Starts a command about this data folder and with this configuration.
    pub(crate) fn starts(&self, words: &[&str]) -> Running {
        let data = self.site.data().display().to_string();
        let config = self.config();
        let rest = ["--data", &data, "--config", &config];
        Running(preventio_starts(&[words, &rest].concat()))
    }

    #[track_caller]
    pub(crate) fn reports(&self, words: &[&str]) -> Value {
        let said = self.does(&[words, &["--json"]].concat()).ends_well();
        serde_json::from_str(&said).expect("the report is JSON")
    }

    #[track_caller]
    pub(crate) fn pulls(&self) -> Value {
        if !self.reads_tasks {
            return self.pulls_with(&[]);
        }
        let types = [&TYPES_READ[..], &MORE_TYPES].concat().join(",");
        self.pulls_with(&["--types", &types])
    }

    /// Pulls with more words.
    #[track_caller]
    pub(crate) fn pulls_with(&self, more: &[&str]) -> Value {
        self.keys.pulls(&self.site, &self.town.server, more)
    }

    /// Decides about everybody, and plans what follows.
    #[track_caller]
    pub(crate) fn decides(&mut self) -> Value {
        let report = self.reports(&["run", "--act"]);
        self.is_noted();
        report
    }

    /// Delivers what is planned, until nothing is due or in doubt.
    #[track_caller]
    pub(crate) fn delivers(&mut self) {
        super::acting::until("everything is delivered", || {
            self.reports(&["dispatch", "--once"]);
            !self.rows().iter().any(super::acting::is_open)
        });
        self.is_noted();
    }

    /// The same by rules of a folder.
    #[track_caller]
    pub(crate) fn delivers_by(&self, rules: &str) {
        super::acting::until("everything is delivered", || {
            self.reports(&["dispatch", "--once", "--rules", rules]);
            !self.rows().iter().any(super::acting::is_open)
        });
    }

    /// Every run, oldest first.
    pub(crate) fn runs(&self) -> Vec<RunRecord> {
        self.ledger().runs().expect("runs can be read")
    }

    /// Who was asked for what by which run: resident, run and act, in the order of the outbox.
    pub(crate) fn planned_by_run(&self) -> Vec<(String, u64, String)> {
        let path = self.site.data().join("ledger.sqlite");
        let ledger = rusqlite::Connection::open(path).expect("the ledger opens");
        let mut rows = ledger
            .prepare("SELECT lower(hex(resident)), run, action FROM outbox ORDER BY id")
            .expect("the outbox can be read");
        let rows = rows.query_map([], |row| {
            Ok((row.get(0)?, row.get::<_, u32>(1)?.into(), row.get(2)?))
        });
        let rows = rows.expect("the outbox can be read");
        rows.map(|row| row.expect("a row")).collect()
    }

    /// A working day: pulls, decides, delivers.
    #[track_caller]
    pub(crate) fn works(&mut self) {
        self.pulls();
        self.decides();
        self.delivers();
    }

    /// So many days pass in the town, and nothing is done about it.
    #[track_caller]
    pub(crate) fn waits(&mut self, days: i32) {
        self.town.decides("advance", &json!({ "days": days }));
        let today = self.today().saturating_add(Span::new().days(days));
        self.town.today.set(today);
        self.is_configured();
    }

    /// Lives until a day: every other week, and on the last day, it pulls, decides and delivers.
    #[track_caller]
    pub(crate) fn reaches(&mut self, day: &str) {
        let day: Date = day.parse().expect("a date");
        while self.today() < day {
            let left = (day - self.today()).get_days();
            self.waits(left.min(EVERY));
            self.works();
        }
    }

    /// Nobody listens at the portal's address from now on, or somebody does again.
    pub(crate) fn portal_is_down(&mut self, is_down: bool) {
        self.is_down = is_down;
        self.is_configured();
    }

    /// What goes wrong at the server from now on.
    #[track_caller]
    pub(crate) fn faults(&self, plan: &str) {
        let heard = self
            .town
            .server
            .hears("POST", "/_control/faults", &[], plan);
        heard.expect("the server answers").with(200);
    }

    /// Somebody of the register.
    pub(crate) fn resident(&self, patient: &str) -> Resident {
        Resident::of(&self.town, patient)
    }

    /// Everybody whom the newest run left in a state.
    pub(crate) fn all_who_are(&self, state: &str) -> Vec<Resident> {
        let decisions = self.site.decisions();
        let is_so = |patient: &&String| {
            let decision = decisions.get(&opaque(patient));
            decision.is_some_and(|decision| decision.state == state)
        };
        let patients = self.patients.iter().filter(is_so);
        patients.map(|patient| self.resident(patient)).collect()
    }

    /// The source's ids of everybody whom the newest run left in a state, whatever key made them opaque.
    pub(crate) fn patients_who_are(&self, state: &str) -> BTreeSet<String> {
        let ledger = self.ledger();
        let decisions = self.site.decisions();
        let of_state = decisions.iter().filter(|(_, row)| row.state == state);
        let patient = |who| ledger.patient_id(who).expect("identities can be read");
        of_state.filter_map(|(who, _)| patient(*who)).collect()
    }

    /// Where somebody lives, as far as that may be known.
    pub(crate) fn district_of(&self, resident: &Resident) -> Option<String> {
        let who = opaque(&resident.patient);
        let register = self.site.store().register(Some(who));
        let row = register
            .expect("the register can be read")
            .into_iter()
            .next();
        row?.district.map(|name| name.to_string())
    }

    #[track_caller]
    pub(crate) fn somebody_who_is(&self, state: &str) -> Resident {
        let all = self.all_who_are(state);
        all.into_iter()
            .next()
            .unwrap_or_else(|| panic!("nobody is {state}"))
    }

    fn ledger(&self) -> Ledger {
        Ledger::open(&self.site.data().join("ledger.sqlite")).expect("the ledger opens")
    }

    pub(crate) fn rows(&self) -> Vec<RowView> {
        self.ledger().outbox().expect("the outbox can be read")
    }

    /// What happened in the episodes of a resident.
    pub(crate) fn events_of(&self, resident: &Resident) -> Vec<Event> {
        let mut events = Vec::new();
        let who = opaque(&resident.patient);
        let each = |id, _, event: &Event| {
            if id == who {
                events.push(event.clone());
            }
        };
        self.ledger().every_event(each).expect("events can be read");
        events
    }

    /// Open tasks, the most urgent first.
    pub(crate) fn worklist(&self) -> Vec<Task> {
        let path = self.site.data().join("ledger.sqlite");
        let ledger = rusqlite::Connection::open(path).expect("the ledger opens");
        let mut tasks = ledger
            .prepare(
                "SELECT id, resident, code, priority, due FROM task WHERE closed_at IS NULL
                 ORDER BY priority <> 'same-day', priority <> 'urgent', priority <> 'soon', due, id",
            )
            .expect("tasks can be read");
        let rows = tasks.query_map([], |row| {
            Ok(Task {
                id: row.get(0)?,
                resident: ResidentId::from_bytes(row.get(1)?),
                code: row.get(2)?,
                priority: row.get(3)?,
                due: row.get(4)?,
            })
        });
        let rows = rows.expect("tasks can be read");
        rows.map(|row| row.expect("a task")).collect()
    }

    /// The codes of the open tasks about a resident.
    pub(crate) fn tasks_about(&self, resident: &Resident) -> Vec<String> {
        let all = self.worklist().into_iter();
        let about = all.filter(|task| task.about(resident));
        about.map(|task| task.code).collect()
    }

    /// Writes down what is new about everybody.
    fn is_noted(&mut self) {
        let today = self.today();
        for (who, decision) in self.site.decisions() {
            let diary = self.diaries.entry(who).or_default();
            if diary.state != decision.state {
                decision.state.clone_into(&mut diary.state);
                diary.lines.push(format!("{today} {}", decision.state));
            }
        }
        for row in self.rows() {
            let diary = self.diaries.entry(row.order.resident).or_default();
            let now = standing(&row);
            if diary.rows.get(&row.id) != Some(&now) {
                diary.lines.push(format!("{today}   {now}"));
                diary.rows.insert(row.id, now);
            }
        }
        for task in self.worklist() {
            let diary = self.diaries.entry(task.resident).or_default();
            if diary.tasks.insert(task.id) {
                let (code, priority, due) = (task.code, task.priority, task.due);
                let line = format!("{today}   task {code}, {priority}, by {due}");
                diary.lines.push(line);
            }
        }
    }

    /// What the programme did about somebody, and where they stood.
    pub(crate) fn diary_of(&self, resident: &Resident) -> String {
        let diary = &self.diaries[&opaque(&resident.patient)];
        let planned = |line: &&String| !line.ends_with(PLANNED);
        let lines: Vec<&str> = diary
            .lines
            .iter()
            .filter(planned)
            .map(String::as_str)
            .collect();
        lines.join("\n")
    }

    /// What a professional reads about a resident, without what names them.
    #[track_caller]
    pub(crate) fn explanation_for(&self, resident: &Resident) -> String {
        let said = self.site.does(&["explain", &resident.patient]).ends_well();
        let id = opaque(&resident.patient).to_string();
        said.replace(&id, "<resident>")
            .replace(&resident.patient, "<patient>")
    }

    /// Our numbers at the server, each once in one way, and none that was not planned.
    #[track_caller]
    pub(crate) fn each_order_is_there_once(&self) {
        let mut there: BTreeMap<String, &str> = BTreeMap::new();
        for kind in TYPES {
            let target = format!("/_control/orders?type={kind}");
            let counted = self.town.server.gets(&target).with(200);
            let by_identifier = counted["by_identifier"].as_object().expect("a list");
            for (identifier, entry) in by_identifier {
                let Some(key) = identifier.strip_prefix(&format!("{ORDERS}|")) else {
                    continue;
                };
                assert_eq!(count(&entry["count"]), 1, "{key} as {kind}");
                there.entry(key.to_owned()).or_insert(kind);
            }
        }
        let rows = self.rows();
        let keys: BTreeSet<String> = rows.iter().map(|row| row.order.key().to_string()).collect();
        for row in &rows {
            let key = row.order.key().to_string();
            let is_delivered = matches!(row.delivery, Delivery::Acknowledged { .. });
            // What is taken back by changing the order has no entry of its own.
            let is_change = matches!(row.delivery, Delivery::Acknowledged { reference: None });
            if is_change && matches!(row.order.action, Action::Cancel { .. }) {
                continue;
            }
            let name = row.order.action.name();
            assert_eq!(
                there.contains_key(&key),
                is_delivered,
                "{name}: {:?}",
                row.delivery
            );
        }
        let unknown: Vec<&String> = there.keys().filter(|key| !keys.contains(*key)).collect();
        assert_eq!(unknown, Vec::<&String>::new(), "nobody planned it");
    }

    /// What was handed over, what the other side has and what is waited for agree.
    #[track_caller]
    pub(crate) fn agrees_with_the_other_side(&self) {
        let report = self.reports(&["reconcile"]);
        assert_eq!(report["differences"], json!([]));
    }

    /// Everybody on the register is in one state, and in one place of the funnel.
    #[track_caller]
    pub(crate) fn everybody_is_accounted_for(&self) {
        let decisions = self.site.decisions();
        let register = self.site.register();
        let ids: BTreeSet<ResidentId> = register.iter().map(|row| row.resident).collect();
        let decided: BTreeSet<ResidentId> = decisions.keys().copied().collect();
        assert_eq!(decided, ids, "everybody, each once");
        let runs = self.ledger().runs().expect("runs can be read");
        let newest = runs.last().expect("a run");
        let report: Value = serde_json::from_str(&newest.report).expect("JSON");
        let states = report["states"].as_object().expect("states");
        let sum: u64 = states.values().map(count).sum();
        assert_eq!(sum, ids.len() as u64, "the states add up to the register");
        let covered = self.site.covers();
        assert_eq!(count(&covered["register"]), ids.len() as u64);
        let data = DataFolder::open(&self.site.data(), Access::Read).expect("it opens");
        let funnel = funnel(&data, newest.id, self.today()).expect("it can be read");
        let lines = funnel.lines(&rulebook().programme.words);
        assert_eq!(lines[0].n, ids.len() as u64, "the funnel begins with all");
        for (at, line) in lines.iter().enumerate() {
            let inside = lines[at + 1..].iter();
            let inside = inside.take_while(|other| line.depth < other.depth);
            let parts: Vec<u64> = inside
                .filter(|other| other.depth == line.depth + 1)
                .map(|other| other.n)
                .collect();
            if !parts.is_empty() {
                assert_eq!(parts.iter().sum::<u64>(), line.n, "{}", line.id);
            }
        }
    }
}

const PLANNED: &str = ": planned";

/// Where an act stands, in words.
fn standing(row: &RowView) -> String {
    let name = row.order.action.name();
    match &row.delivery {
        Delivery::Planned { .. } => format!("{name}{PLANNED}"),
        Delivery::Sending { .. } | Delivery::Unknown { .. } => format!("{name}: in doubt"),
        Delivery::Acknowledged { .. } => name,
        Delivery::Refused { why } => format!("{name}: not sent, {}", why.name()),
    }
}
