//! Each fault of the made-up server by its name: what the program makes of it, and that it makes
//! nobody well.

use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::support::exporter::Exporter;
use crate::support::population::Population;
use crate::support::pulling::{Keys, base};
use crate::support::served::Served;
use crate::support::site::{Said, Site, TempFolder, count, made_up_register};

const DAY: &str = "2025-02-01";
const GROUP: &str = "helsinki-1";

/// Nothing that the program says names anybody of the city, or tells a value of theirs.
#[track_caller]
fn names_nobody(said: &Said) {
    static CITY: OnceLock<Population> = OnceLock::new();
    let city = CITY.get_or_init(|| {
        let folder = TempFolder::new();
        Population::of(&made_up_register(&folder, 40, 3))
    });
    let told = format!("{}\n{}", said.out, said.err);
    let named = city.named_in(&told);
    assert!(named.is_empty(), "it names {named:?}:\n{told}");
}

#[test]
fn a_scanner_for_people_finds_them() {
    let folder = TempFolder::new();
    let export = made_up_register(&folder, 40, 3);
    let city = Population::of(&export);
    let patients = std::fs::read_to_string(export.join("Patient.ndjson")).expect("residents");
    let first = patients.lines().next().expect("a line");
    let first: Value = serde_json::from_str(first).expect("JSON");
    let family = first["name"][0]["family"].as_str().expect("a name");
    let told = format!("no answer about {family}: 503");
    assert_eq!(city.named_in(&told), [family]);
    let id = first["id"].as_str().expect("an id");
    assert_eq!(city.named_in(&format!("/Patient/{id}?x")), [id]);
    let told = "the server does not begin yet: 503 Service Unavailable";
    assert!(city.named_in(told).is_empty());
}

/// A city with one fault, and what it is without.
struct Faulty {
    keys: Keys,
    server: Served,
    site: Site,
}

impl Faulty {
    fn new(faults: &str) -> Self {
        let keys = Keys::new("es384");
        let city = ["--residents", "40", "--seed", "3", "--faults", faults];
        let server = keys.server(&city);
        let site = Site::new();
        Self { keys, server, site }
    }

    fn pull(&self, more: &[&str]) -> Said {
        let more = [&["--json"], more].concat();
        let said = (self.keys).pull(&self.site, &base(&self.server), GROUP, &more);
        names_nobody(&said);
        said
    }

    #[track_caller]
    fn pulls(&self, more: &[&str]) -> Value {
        serde_json::from_str(&self.pull(more).ends_well()).expect("JSON")
    }

    /// How often it happened.
    fn happened(&self, fault: &str) -> u64 {
        let requests = self.server.gets("/_control/requests").with(200);
        count(&requests["faults"][fault])
    }

    fn is_quiet(&self) {
        self.server
            .posts("/_control/quiet", &[], &Value::Null)
            .with(200);
    }

    /// The pull comes through, and every fact is there.
    #[track_caller]
    fn is_got_over(fault: &str, plan: &str, more: &[&str]) -> Said {
        let faulty = Self::new(plan);
        let said = faulty.pull(more);
        let err = said.err.clone();
        let report: Value = serde_json::from_str(&said.ends_well()).expect("JSON");
        assert_eq!(report["is_complete"], true, "{report}");
        assert!(0 < faulty.happened(fault), "{fault} has not happened");
        faulty.is_quiet();
        let straight = Site::new();
        faulty
            .keys
            .pull(&straight, &base(&faulty.server), GROUP, &[])
            .ends_well();
        assert!(straight.facts() == faulty.site.facts(), "{fault}");
        Said {
            out: String::new(),
            err,
            code: Some(0),
        }
    }

    /// Residents stay undetermined, and nobody is below the level.
    #[track_caller]
    fn nobody_is_well(&self) {
        let report = self.site.runs(DAY, &[]);
        let states = &report["states"];
        assert!(0 < count(&states["undetermined-incomplete"]), "{report}");
        assert_eq!(states["below-level"].as_u64().unwrap_or(0), 0, "{report}");
    }
}

#[test]
fn too_many_requests_are_waited_for_in_seconds() {
    Faulty::is_got_over("status-429", "status-429=0.3,seed=1", &[]);
}

#[test]
fn too_many_requests_are_waited_for_until_a_date() {
    Faulty::is_got_over("status-429-date", "status-429-date=0.3,seed=1", &[]);
}

#[test]
fn too_many_requests_are_waited_for_until_an_instant_in_milliseconds() {
    Faulty::is_got_over("status-429-millis", "status-429-millis=0.3,seed=1", &[]);
}

#[test]
fn a_server_that_fails_and_says_it_will_pass_is_asked_again() {
    Faulty::is_got_over(
        "status-500-transient",
        "status-500-transient=0.3,seed=4",
        &[],
    );
}

#[test]
fn a_server_that_fails_for_good_ends_the_pull_with_its_words() {
    let faulty = Faulty::new("status-500=1");
    let told = faulty.pull(&["--by", "export"]).ends_with(1);
    assert!(
        told.contains("500") && told.contains("something went wrong"),
        "{told}"
    );
    assert!(!faulty.site.lake().join("current").exists());
}

#[test]
fn a_server_that_is_away_is_waited_for() {
    Faulty::is_got_over("status-503", "status-503=0.3,seed=2,retry-after=0", &[]);
}

#[test]
fn a_file_that_drips_comes_whole() {
    Faulty::is_got_over("slow", "slow=0.2,slow-ms=50,seed=11", &[]);
}

#[test]
fn a_file_that_ends_early_is_fetched_again() {
    Faulty::is_got_over("truncated-file", "truncated-file=0.3,seed=11", &[]);
    Faulty::is_got_over("cut-short", "cut-short=0.2,seed=11", &[]);
}

#[test]
fn a_page_for_people_is_no_answer() {
    Faulty::is_got_over("wrong-type", "wrong-type=0.2,seed=13", &[]);
}

#[test]
fn a_manifest_with_an_error_leaves_residents_undetermined() {
    let faulty = Faulty::new("partial-manifest=1");
    let report = faulty.pulls(&[]);
    assert_eq!(report["is_complete"], false);
    assert_eq!(report["network"]["errors"], 1);
    faulty.nobody_is_well();
}

#[test]
fn somebody_in_the_list_of_deleted_stays_on_the_register() {
    let faulty = Faulty::new("deleted-resources=1");
    faulty.is_quiet();
    faulty.pulls(&[]);
    let before = faulty.site.register().len();
    faulty
        .server
        .hears("POST", "/_control/faults", &[], "deleted-resources=1")
        .expect("an answer")
        .with(200);
    let report = faulty.pulls(&[]);
    assert_eq!(report["issues"]["patient-deleted"], 1, "{report}");
    assert_eq!(report["network"]["deleted"], 2);
    assert_eq!(faulty.site.register().len(), before);
    let states = faulty.site.runs(DAY, &[]);
    let sum: u64 = states["states"]
        .as_object()
        .expect("states")
        .values()
        .map(count)
        .sum();
    assert_eq!(sum, before as u64, "everybody is accounted for");
    faulty.site.is_whole();
}

#[test]
fn an_address_that_has_expired_is_looked_up_again() {
    Faulty::is_got_over("expired-url", "expired-url=0.12,seed=11", &[]);
}

#[test]
fn a_token_that_has_expired_is_renewed_once_for_each_question() {
    Faulty::is_got_over("expired-token", "expired-token=0.2,seed=8", &[]);
}

#[test]
fn an_assertion_that_is_said_to_be_used_is_told_at_once() {
    let faulty = Faulty::new("replayed-jti=1");
    let told = faulty.pull(&[]).ends_with(1);
    assert!(told.contains("invalid_client"), "{told}");
    assert_eq!(faulty.happened("replayed-jti"), 1, "told at once");
}

#[test]
fn a_redirect_and_a_next_page_elsewhere_get_nothing() {
    let elsewhere = Exporter::new();
    let origin = elsewhere.at("");
    for (fault, way, told) in [
        ("redirect-elsewhere", "export", "307"),
        ("redirect-elsewhere", "crawl", "307"),
        ("next-elsewhere", "export", "another origin"),
    ] {
        let faulty = Faulty::new(&format!("{fault}=1,elsewhere={origin}"));
        let said = faulty.pull(&["--by", way]).ends_with(1);
        assert!(said.contains(told), "{fault} {way}: {said}");
        assert!(0 < faulty.happened(fault));
    }
    let faulty = Faulty::new(&format!("next-elsewhere=1,elsewhere={origin}"));
    faulty.pulls(&["--by", "crawl"]);
    faulty.nobody_is_well();
    assert!(
        elsewhere.everything_asked().is_empty(),
        "no token, and no question"
    );
}

#[test]
fn lines_that_come_twice_and_out_of_order_say_the_same() {
    Faulty::is_got_over("duplicates", "duplicates=1", &["--by", "export"]);
}

#[test]
fn an_empty_answer_for_an_export_leads_to_a_crawl() {
    let said = Faulty::is_got_over("empty-export", "empty-export=1", &[]);
    assert!(
        said.err.contains("reading resident by resident instead"),
        "{}",
        said.err
    );
}

#[test]
fn an_entry_that_does_not_say_that_it_matches_does() {
    Faulty::is_got_over("no-mode", "no-mode=1", &["--by", "crawl"]);
}

#[test]
fn an_answer_that_is_lost_is_asked_for_again() {
    Faulty::is_got_over("lost-answer", "lost-answer=0.2,seed=4", &[]);
}

#[test]
fn a_request_that_is_lost_is_sent_again() {
    Faulty::is_got_over("lost-request", "lost-request=0.2,seed=4", &[]);
}

#[test]
fn a_fault_can_be_asked_for_by_name_for_one_request() {
    let server = Served::starts(&["--no-auth", "--residents", "5", "--profile", "open"]);
    let asks = |fault: &str, target: &str| {
        let headers = [("x-standin-fault", fault), ("prefer", "respond-async")];
        server.hears("GET", target, &headers, "")
    };
    let export = "/fhir/Group/helsinki/$export";
    for (fault, status) in [
        ("status-429", 429),
        ("status-429-date", 429),
        ("status-429-millis", 429),
        ("status-503", 503),
        ("status-500", 500),
        ("status-500-transient", 500),
        ("expired-token", 401),
        ("redirect-elsewhere", 307),
        ("empty-export", 200),
    ] {
        let heard = asks(fault, export).unwrap_or_else(|| panic!("{fault}: no answer"));
        assert_eq!(heard.status, status, "{fault}");
        let retry = heard.header("retry-after").unwrap_or_default().to_owned();
        match fault {
            "status-429" => assert_eq!(retry, "1"),
            "status-429-date" => assert!(retry.ends_with("GMT"), "{retry}"),
            "status-429-millis" => assert_eq!(retry.len(), 13, "{retry}"),
            _ => {}
        }
    }
    let next = asks("next-elsewhere", "/fhir/Patient?_count=2").expect("an answer");
    let next = next.json();
    let links = next["link"].as_array().expect("links").clone();
    assert!(links.iter().any(|link| {
        link["relation"] == "next"
            && link["url"]
                .as_str()
                .is_some_and(|url| url.starts_with("http://127.0.0.1:9/"))
    }));
    let no_mode = asks("no-mode", "/fhir/Patient?_count=2")
        .expect("an answer")
        .json();
    assert_eq!(no_mode["entry"][0]["search"], Value::Null);
    assert!(no_mode["entry"][0]["resource"].is_object());
    // And for the next one nothing is wrong.
    let plain = server.gets("/fhir/Patient?_count=2").with(200);
    assert_eq!(plain["entry"][0]["search"], json!({ "mode": "match" }));
}
