//! What must be so before anything is asked of anybody, and what is said when it is not.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use crate::support::acting::Clinic;
use crate::support::rules::{Rules, key, signer};
use crate::support::served::Served;
use crate::support::site::{INDEX_DATE, count};
use crate::support::snapshots::reads;

const TRIAL: &str = "trial = true\ntoday = 2025-11-01";
const BASIS: &str = "[legal_basis]\nreference = \"trial without people\"\nvalid_from = 2025-01-01\nvalid_until = 2025-12-31\n";
const FROM: &str = "valid_from = 2025-01-01";
const UNTIL: &str = "valid_until = 2025-12-31";

/// What is wrong, and how the configuration says it.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)]);

/// What an act is told, in words without this machine's paths and ports.
#[track_caller]
fn refusal(clinic: &Clinic, words: &[&str]) -> String {
    let said = clinic.does(words);
    assert_eq!(said.out, "", "nothing is data");
    let folder = clinic.site().beside("x");
    let folder = folder.parent().expect("a folder").display().to_string();
    let told = said.ends_with(1).replace(&folder, "<folder>");
    told.replace(clinic.server.address(), "<server>")
}

#[test]
fn nothing_starts_with_a_configuration_that_does_not_hold() {
    let clinic = Clinic::with(1, &[]);
    clinic.acts();
    let here = format!("http://{}", clinic.server.address());
    let cases: [Case<'_>; 15] = [
        ("no legal basis", &[(BASIS, "")]),
        (
            "a legal basis without a name",
            &[("trial without people", " ")],
        ),
        (
            "a legal basis that begins tomorrow",
            &[(FROM, "valid_from = 2025-11-02")],
        ),
        (
            "a legal basis that ended yesterday",
            &[(UNTIL, "valid_until = 2025-10-31")],
        ),
        (
            "a legal basis that ends before it begins",
            &[(UNTIL, "valid_until = 2024-12-31")],
        ),
        (
            "draft rules outside a trial",
            &[
                (TRIAL, "trial = false"),
                (UNTIL, "valid_until = 2999-12-31"),
            ],
        ),
        (
            "a chosen day outside a trial",
            &[("trial = true", "trial = false")],
        ),
        (
            "a trial against another host",
            &[(&here, "https://fhir.example.org")],
        ),
        (
            "plain http to another host",
            &[(TRIAL, "trial = false"), (&here, "http://fhir.example.org")],
        ),
        (
            "another host behind a name",
            &[(&here, "http://127.0.0.1@fhir.example.org")],
        ),
        (
            "a word that nobody knows",
            &[("way = ", "retries = 3\nway = ")],
        ),
        (
            "a wait shorter than a request",
            &[("settle_seconds = 0.8", "settle_seconds = 0.5")],
        ),
        (
            "a channel that nobody knows",
            &[("channel.laboratory", "channel.pharmacy")],
        ),
        (
            "a server that is not described",
            &[("server = \"standin\"", "server = \"other\"")],
        ),
        (
            "no channel",
            &[(
                "[channel.laboratory]\nway = \"service-request\"\nserver = \"standin\"\n",
                "",
            )],
        ),
    ];
    let mut all = String::new();
    for (what, changes) in cases {
        clinic.configured(changes);
        let told = refusal(&clinic, &["dispatch", "--once"]);
        all.push_str(&format!("# {what}\n{told}\n"));
        if what != "no channel" {
            assert_eq!(refusal(&clinic, &["run", "--act"]), told, "{what}");
        }
    }
    reads("refusals-of-effects", &all);
    assert_eq!(clinic.n_at_server(), 0);
    assert_eq!(clinic.outbox().get("planned"), Some(&2));
    clinic.configured(&[]);
    clinic.delivers_everything();
    clinic.has_each_order_once();
}

#[test]
fn a_legal_basis_holds_on_its_first_day_and_on_its_last() {
    for changes in [
        (FROM, "valid_from = 2025-11-01"),
        (UNTIL, "valid_until = 2025-11-01"),
    ] {
        let clinic = Clinic::with(1, &[]);
        clinic.configured(&[changes]);
        clinic.acts();
        clinic.delivers_everything();
        clinic.has_each_order_once();
    }
}

#[test]
fn a_run_that_acts_decides_as_of_today() {
    let clinic = Clinic::with(1, &[]);
    let said = refusal(&clinic, &["run", "--act", "--index-date", "2025-10-31"]);
    insta::assert_snapshot!(said, @"error: a run that acts decides as of today, 2025-11-01, not as of 2025-10-31");
    let words = ["run", "--act", "--index-date", INDEX_DATE];
    clinic.does(&words).ends_well();
    assert_eq!(
        clinic.site().does(&["run", "--act"]).code,
        Some(2),
        "a configuration is needed"
    );
}

#[test]
fn signed_rules_need_an_identity_key_of_ones_own() {
    let clinic = Clinic::with(1, &[]);
    let rules = Rules::at(clinic.site().beside("rules"));
    rules.are_in_force("2020-01-01", "2999-12-31");
    let lead = clinic.site().beside("lead.pem");
    let signers = signer("Maija", &key(&lead), "2020-01-01", "2999-12-31");
    fs::write(clinic.site().beside("signers.toml"), signers).expect("it can be written");
    rules.signed(&lead, "Maija").ends_well();
    clinic.configured(&[
        (TRIAL, "trial = false"),
        (
            UNTIL,
            "valid_until = 2999-12-31\n[rules]\nsigners = \"signers.toml\"\n",
        ),
    ]);
    let rules = rules.name();
    for words in [&["run", "--act"][..], &["dispatch", "--once"]] {
        let said = refusal(&clinic, &[words, &["--rules", &rules]].concat());
        insta::allow_duplicates! {
            insta::assert_snapshot!(said, @r#"
            error: identities in this data folder are made with a key that everybody knows: effects on people refuse to start
            hint: pull into a new data folder with `--identity-key FILE`
            "#);
        }
    }
    assert_eq!(clinic.n_at_server(), 0);
}

#[test]
fn a_server_that_cannot_take_orders_is_named_with_all_that_it_lacks() {
    let mut clinic = Clinic::with(1, &[]);
    clinic.acts();
    clinic.server = Served::starts(&["--no-auth", "--residents", "0"]);
    clinic.configured(&[]);
    insta::assert_snapshot!(refusal(&clinic, &["dispatch", "--once"]), @"error: orders cannot leave as ServiceRequest: the server does not declare create of ServiceRequest, update of ServiceRequest");
    clinic.server = Served::open(&[
        "--residents",
        "0",
        "--accept-any-subject",
        "--searchable",
        "no",
    ]);
    clinic.configured(&[]);
    insta::assert_snapshot!(refusal(&clinic, &["dispatch", "--once"]), @"error: orders cannot leave as ServiceRequest: the server does not declare search of ServiceRequest");
    assert_eq!(clinic.n_at_server(), 0);
    assert_eq!(clinic.outbox().get("planned"), Some(&2));
}

#[test]
fn a_server_that_finds_orders_by_resident_only_is_good_enough() {
    let clinic = Clinic::with(
        3,
        &[
            "--identifier-search",
            "no",
            "--faults",
            "seed=4,lost-answer=0.5",
        ],
    );
    clinic.acts();
    clinic.dispatches();
    clinic.quiet();
    clinic.delivers_everything();
    clinic.has_each_order_once();
    assert!(clinic.differences().is_empty());
}

/// Answers one request: the statement of what it can do, or a refusal.
fn refuses(stream: TcpStream, statement: &str, status: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.to_lowercase();
        if let Some(n) = line.strip_prefix("content-length:") {
            length = n.trim().parse().unwrap_or(0);
        }
        if line.trim().is_empty() {
            break;
        }
    }
    reader.read_exact(&mut vec![0; length])?;
    let (status, body) = if first.contains("/metadata") {
        ("200 OK", statement)
    } else {
        (status, "{}")
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/fhir+json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    reader.get_mut().write_all(answer.as_bytes())
}

#[test]
fn orders_wait_for_a_server_that_does_not_let_us_in() {
    for status in ["401 Unauthorized", "403 Forbidden", "404 Not Found"] {
        let clinic = Clinic::with(2, &[]);
        clinic.acts();
        let statement = clinic.server.gets("/fhir/metadata").text;
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address").to_string();
        // Ends with the process: it waits for whoever may still come.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Whoever hangs up needs no answer.
                let _ = refuses(stream, &statement, status);
            }
        });
        clinic.configured(&[(clinic.server.address(), &address)]);
        let report: serde_json::Value = {
            let said = clinic
                .does(&["dispatch", "--for", "1s", "--json"])
                .ends_well();
            serde_json::from_str(&said).expect("the report is JSON")
        };
        assert_eq!(count(&report["turned_down"]), 0, "{status}: {report}");
        assert!(0 < count(&report["later"]), "{status}: {report}");
        assert_eq!(clinic.outbox().get("planned"), Some(&4), "{status}");
        assert!(clinic.tasks().is_empty(), "{status}");
        clinic.configured(&[]);
        clinic.delivers_everything();
        clinic.has_each_order_once();
    }
}
