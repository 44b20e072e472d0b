//! Several servers at once: each source has its time, and one that fails keeps only its own waiting.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::acting::{Clinic, at_risk};
use crate::support::exporter::{Exporter, Reply};
use crate::support::pulling::files_of;
use crate::support::served::Served;
use crate::support::site::{Said, count, text};
use crate::support::world::{World, national_id};

const ANNA: &str = "010190-999W";
const VEIKKO: &str = "131052-308T";

/// The register and the residents' own health record, each with a server.
struct Town {
    register: World,
    own: World,
    servers: [Exporter; 2],
}

impl Town {
    fn new() -> Self {
        let (mut register, mut own) = (World::new(), World::new());
        register
            .resident("anna")
            .woman_born("1990-01-01")
            .registered("identifier", national_id(ANNA));
        register.resident("veikko").man_born("1955-01-01");
        own.resident("phr-7")
            .registered("identifier", national_id(ANNA))
            .waist(95.0, "2025-10-01");
        let town = Self {
            register,
            own,
            servers: [Exporter::new(), Exporter::new()],
        };
        town.servers[0].has(&files_of(&town.register));
        town.servers[1].has(&files_of(&town.own));
        let address = town.servers[1].at("/fhir");
        town.configured(&address, 600);
        town
    }

    fn config(&self) -> PathBuf {
        self.register.site.beside("preventio.toml")
    }

    /// The residents' own record is at an address and has so many seconds.
    fn configured(&self, own: &str, seconds: u32) {
        let register = self.servers[0].at("/fhir");
        let text = format!(
            r#"[site]
trial = true
[legal_basis]
reference = "trial"
valid_from = 2025-01-01
valid_until = 2025-12-31
[source.export]
people = "register"
trust = "record"
precedence = 1
server = "register"
group = "g"
[source.kanta-phr]
people = "linked"
trust = "resident"
precedence = 2
server = "phr"
group = "g"
give_up_seconds = {seconds}
[server.register]
base = "{register}"
source = "export"
requests_per_minute = 600
[server.phr]
base = "{own}"
source = "kanta-phr"
requests_per_minute = 600
"#
        );
        fs::write(self.config(), text).expect("a file can be written");
    }

    fn pulls(&self, more: &[&str]) -> Said {
        let config = self.config().display().to_string();
        let words = [&["pull", "--config", &config], more].concat();
        self.register.site.does(&words)
    }

    fn n_pulls(&self) -> usize {
        let said = self.register.site.does(&["fsck", "--json"]).ends_well();
        let report: Value = serde_json::from_str(&said).expect("JSON");
        usize::try_from(count(&report["pulls"])).expect("few")
    }

    /// What is known of each source, without ids and instants of this test.
    fn status(&self) -> Vec<Value> {
        let said = self.pulls(&["--status", "--json"]).ends_well();
        let status: Value = serde_json::from_str(&said).expect("JSON");
        let sources = status["sources"].as_array().expect("a list").iter();
        let told = ["source", "pull", "failed", "residents", "undetermined"];
        let told = |source: &Value| told.map(|key| source[key].clone()).into_iter().collect();
        sources.map(told).collect()
    }

    /// Runs, and says who is undetermined; the run is decided again as it was, and the folder is whole.
    #[track_caller]
    fn undetermined(&self) -> Vec<&'static str> {
        self.register.runs();
        self.register.site.is_whole();
        self.register.site.does(&["replay", "--all"]).ends_well();
        let is_left = |name: &&str| self.register.site.state_of(name) == "undetermined-incomplete";
        ["anna", "veikko"].into_iter().filter(is_left).collect()
    }
}

#[test]
fn all_sources_are_pulled_in_turn_and_one_by_its_name() {
    let town = Town::new();
    assert_eq!(
        town.pulls(&["--status"]).code,
        Some(1),
        "there is no data folder yet"
    );
    let said = town.pulls(&[]);
    assert!(said.err.contains("kanta-phr: "), "{}", said.err);
    said.ends_well();
    assert_eq!(town.undetermined(), [""; 0]);
    let told = town.register.explanation_for("anna");
    let whose = "Told by:\n  kanta-phr: 1 statement, 1 of them the resident's own word\n";
    assert!(told.contains(whose), "{told}");
    // First it was put on record that the residents' own record was still to come.
    assert_eq!(town.n_pulls(), 3);
    town.pulls(&["--source", "kanta-phr"]).ends_well();
    assert_eq!(town.n_pulls(), 4);
    assert_eq!(
        town.status(),
        [
            json!(["export", 2, false, 2, 0]),
            json!(["kanta-phr", 4, false, 1, 0])
        ]
    );
}

#[test]
fn whoever_a_source_knows_waits_for_it_when_it_fails_and_nobody_else() {
    let town = Town::new();
    town.pulls(&[]).ends_well();
    assert_eq!(town.undetermined(), [""; 0]);
    let address = town.servers[1].at("/fhir");
    // Nobody listens; no answer comes; none is to come for a long time; it is never ready.
    let later = Reply::status(503).with("retry-after", "3600");
    let ways: [(&str, Option<(&str, Reply)>); 4] = [
        ("http://127.0.0.1:9/fhir", None),
        (
            &address,
            Some(("GET /fhir/Group/g/$export", Reply::hangs())),
        ),
        (&address, Some(("GET /fhir/Group/g/$export", later))),
        (
            &address,
            Some((
                "GET /status/1",
                Reply::status(202).with("retry-after", "3600"),
            )),
        ),
    ];
    for (n, (address, says)) in ways.into_iter().enumerate() {
        let before = says.as_ref().map(|(asked, reply)| {
            let before = town.servers[1].answer_to(asked);
            town.servers[1].says(asked, std::slice::from_ref(reply));
            (*asked, before)
        });
        town.configured(address, 1);
        let told = town.pulls(&[]).ends_with(1);
        assert!(
            told.contains("source `kanta-phr` was not pulled: it was not here after 1 seconds"),
            "{told}"
        );
        assert!(told.contains("1 of 2 sources failed: kanta-phr"), "{told}");
        assert_eq!(town.undetermined(), ["anna"], "way {n}");
        let told = town.register.explanation_for("anna");
        assert!(
            told.contains("Something of source `kanta-phr` is missing"),
            "{told}"
        );
        let status = town.status();
        assert_eq!(status[1][2], true, "{status:?}");
        assert_eq!(status[1][4], 1, "{status:?}");
        assert_eq!(status[0][4], 0, "{status:?}");
        if n == 0 {
            // What is there stands for itself, whatever another source did.
            let pulled = town.register.site.does(&["pull", "--status"]).ends_well();
            assert!(
                pulled.contains("kanta-phr, linked to the register"),
                "{pulled}"
            );
        }
        if let Some((asked, reply)) = before {
            town.servers[1].says(asked, &[reply]);
        }
        town.configured(&town.servers[1].at("/fhir"), 600);
        town.pulls(&[]).ends_well();
        assert_eq!(town.undetermined(), [""; 0], "way {n}");
    }
}

#[test]
fn a_source_that_never_came_may_know_anybody() {
    let town = Town::new();
    town.configured("http://127.0.0.1:9/fhir", 1);
    town.pulls(&[]).ends_with(1);
    let waiting = town.undetermined();
    let status = town.status();
    assert_eq!(status[1][2], true, "{status:?}");
    assert_eq!(status[1][4], 2, "{status:?}");
    town.configured(&town.servers[1].at("/fhir"), 600);
    town.pulls(&[]).ends_well();
    assert_eq!(town.undetermined(), [""; 0]);
    assert_eq!(waiting, ["anna", "veikko"]);
}

#[test]
fn a_configured_source_that_is_still_to_come_may_know_anybody() {
    let town = Town::new();
    // As when a pull of all ends after the register, before the next source's turn.
    town.pulls(&["--source", "export"]).ends_well();
    assert_eq!(town.undetermined(), ["anna", "veikko"]);
    let told = town.register.explanation_for("veikko");
    assert!(
        told.contains("Something of source `kanta-phr` is missing"),
        "{told}"
    );
    town.pulls(&["--source", "kanta-phr"]).ends_well();
    assert_eq!(town.undetermined(), [""; 0]);
}

#[test]
fn whoever_joins_the_register_waits_until_each_source_was_asked_about_them() {
    let mut town = Town::new();
    town.pulls(&[]).ends_well();
    assert_eq!(town.undetermined(), [""; 0]);
    town.register.resident("maija").woman_born("1960-01-01");
    town.servers[0].has(&files_of(&town.register));
    let is_left = |town: &Town| town.register.site.state_of("maija") == "undetermined-incomplete";
    town.pulls(&["--source", "export"]).ends_well();
    assert_eq!(town.undetermined(), [""; 0]);
    assert!(is_left(&town), "the residents' own record may know her");
    let told = town.register.explanation_for("maija");
    assert!(
        told.contains("Something of source `kanta-phr` is missing"),
        "{told}"
    );
    assert_eq!(town.status()[1][4], 1);
    // What fails says nothing about her either.
    town.configured("http://127.0.0.1:9/fhir", 1);
    town.pulls(&[]).ends_with(1);
    assert_eq!(town.undetermined(), ["anna"]);
    assert!(is_left(&town));
    town.configured(&town.servers[1].at("/fhir"), 600);
    town.pulls(&[]).ends_well();
    assert_eq!(town.undetermined(), [""; 0]);
    assert!(!is_left(&town));
    assert_eq!(town.status()[1][4], 0);
}

#[test]
fn a_register_that_fails_leaves_everybody_undetermined_and_the_others_are_pulled() {
    let town = Town::new();
    town.pulls(&[]).ends_well();
    let refused = Reply::outcome(403, "forbidden", "not today");
    let asked = "GET /fhir/Group/g/$export";
    let before = town.servers[0].answer_to(asked);
    town.servers[0].says(asked, &[refused]);
    town.servers[0].says(
        "GET /fhir/Group/g",
        &[Reply::outcome(403, "forbidden", "no")],
    );
    let told = town.pulls(&[]).ends_with(1);
    assert!(told.contains("1 of 2 sources failed: export"), "{told}");
    assert_eq!(town.undetermined(), ["anna", "veikko"]);
    assert_eq!(town.status()[1], json!(["kanta-phr", 5, false, 1, 0]));
    town.servers[0].says(asked, &[before]);
    town.pulls(&["--source", "export"]).ends_well();
    assert_eq!(town.undetermined(), [""; 0]);
}

#[test]
fn mistakes_of_all_sources_are_told_before_any_server_is_asked() {
    let town = Town::new();
    let text = fs::read_to_string(town.config()).expect("a configuration");
    let laboratory =
        |of: &str, n: u32| format!("{of}\ngroup = \"g\"\nlaboratory = \"nowhere-{n}\"\n");
    let text = text
        .replace(
            "server = \"register\"\ngroup = \"g\"\n",
            &laboratory("server = \"register\"", 1),
        )
        .replace(
            "server = \"phr\"\ngroup = \"g\"\n",
            &laboratory("server = \"phr\"", 2),
        );
    fs::write(town.config(), text).expect("a file can be written");
    let told = town.pulls(&[]).ends_with(1);
    for wrong in [
        "source `export`: the rules know no laboratory `nowhere-1`",
        "source `kanta-phr`: the rules know no laboratory `nowhere-2`",
    ] {
        assert!(told.contains(wrong), "{told}");
    }
    assert!(
        town.servers
            .iter()
            .all(|server| server.everything_asked().is_empty())
    );
    assert!(!town.register.site.data().exists());
}

/// What a server has of ours about somebody, as it calls them.
#[track_caller]
fn about(server: &Served, kind: &str, patient: &str) -> Vec<Value> {
    let found = server.gets(&format!("/fhir/{kind}?patient=Patient/{patient}"));
    let found = found.with(200);
    let entries = found["entry"].as_array().cloned().unwrap_or_default();
    entries
        .into_iter()
        .map(|mut entry| entry["resource"].take())
        .collect()
}

/// A clinic whose questionnaires leave by a portal that calls its people otherwise than the register.
fn with_portal() -> (Clinic, World, Served) {
    let mut world = World::new();
    at_risk(&mut world, "veikko").registered("identifier", national_id(VEIKKO));
    world
        .resident("anna")
        .woman_born("1970-06-06")
        .bmi(28.0, "2025-10-01")
        .registered("identifier", national_id(ANNA));
    let mut portal = World::new();
    for (name, id) in [("maisa-1", VEIKKO), ("maisa-2", ANNA)] {
        portal
            .resident(name)
            .registered("identifier", national_id(id));
    }
    let clinic = Clinic::of::<&str>(world, &[], &[]);
    let maisa = Served::open(&["--residents", "0", "--accept-any-subject"]);
    let sources = format!(
        r#"[source.export]
people = "register"
trust = "record"
precedence = 1
[source.maisa]
people = "linked"
trust = "record"
precedence = 2
[server.maisa]
base = "http://{}/fhir"
source = "maisa"
requests_per_minute = 60000
request_deadline_seconds = 0.5
settle_seconds = 0.8
longest_pause_seconds = 1
[channel.questionnaire]
way = "declared"
server = "maisa"
[channel.laboratory]"#,
        maisa.address()
    );
    clinic.configured(&[("[channel.laboratory]", &sources)]);
    let report = pulls_portal(&clinic, &portal);
    assert_eq!(count(&report["residents"]), 2);
    (clinic, portal, maisa)
}

fn pulls_portal(clinic: &Clinic, portal: &World) -> Value {
    let config = clinic.config().display().to_string();
    let more = ["--config", &config, "--source", "maisa"];
    clinic.site().pulls(&portal.export(), &more)
}

#[test]
fn each_act_goes_to_a_server_by_the_name_that_the_server_knows() {
    let (clinic, _, maisa) = with_portal();
    clinic.acts();
    clinic.faults("seed=3,lost-answer=0.5");
    clinic.does(&["dispatch", "--for", "1s"]).ends_well();
    clinic.quiet();
    clinic.delivers_everything();
    let orders = about(&clinic.server, "ServiceRequest", "veikko");
    assert_eq!(orders.len(), 2);
    let asked = about(&maisa, "Task", "maisa-2");
    assert_eq!(asked.len(), 1);
    assert_eq!(text(&asked[0]["owner"]["reference"]), "Patient/maisa-2");
    // Neither server has heard of anybody by the other's name.
    for name in ["maisa-1", "maisa-2", "anna"] {
        assert_eq!(
            about(&clinic.server, "ServiceRequest", name),
            [Value::Null; 0]
        );
        assert_eq!(about(&clinic.server, "Task", name), [Value::Null; 0]);
    }
    assert_eq!(about(&maisa, "Task", "anna"), [Value::Null; 0]);
    // Each server is read back by its own names.
    assert_eq!(clinic.differences(), BTreeMap::new());
    clinic.site().is_whole();
}

#[test]
fn a_name_given_to_somebody_else_is_not_used_again_for_what_was_sent_under_it() {
    let (clinic, mut portal, maisa) = with_portal();
    clinic.acts();
    let faults = |plan: &str| {
        let heard = maisa.hears("POST", "/_control/faults", &[], plan);
        heard.expect("the server answers").with(200);
    };
    faults("seed=3,lost-answer=1");
    clinic.does(&["dispatch", "--for", "1s"]).ends_well();
    // In doubt, and the portal now says that the name was somebody else's all along.
    portal
        .resident("maisa-2")
        .registered("identifier", national_id(VEIKKO));
    pulls_portal(&clinic, &portal);
    faults("");
    let before = maisa.gets("/_control/requests").with(200);
    clinic.quiet();
    clinic.delivers_everything();
    assert_eq!(maisa.gets("/_control/requests").with(200), before);
    // A person finds out what became of it.
    let found_out = BTreeMap::from([("delivery-unknown".to_owned(), 1)]);
    assert_eq!(clinic.tasks(), found_out);
    let listed = clinic.site().does(&["tasks", "list"]).ends_well();
    assert!(listed.contains("for: operator\n    order "), "{listed}");
    clinic.site().is_whole();
}
