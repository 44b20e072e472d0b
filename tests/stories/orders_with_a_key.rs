//! Orders leave for a server that knows the program by its key.

use std::fs;

use serde_json::Value;

use crate::support::pulling::Keys;
use crate::support::served::Served;
use crate::support::site::{Site, preventio};

const DAY: &str = "2026-01-15";

/// A folder pulled from a server and run to act, and the configuration of that trial.
fn acting(keys: &Keys, server: &Served, credentials: &str) -> (Site, String) {
    let site = Site::new();
    keys.pulls(&site, server, &[]);
    let (config, epoch) = (site.beside("config.toml"), site.beside("epoch"));
    let content = format!(
        "[site]\ntrial = true\ntoday = {DAY}\nepoch_file = \"{}\"\n\
         [legal_basis]\nreference = \"trial without people\"\nvalid_from = 2025-01-01\nvalid_until = 2026-12-31\n\
         [server.standin]\nbase = \"http://{}/fhir\"\nsource = \"export\"\n{credentials}\n\
         requests_per_minute = 60000\nrequest_deadline_seconds = 5\nsettle_seconds = 6\n\
         [channel.laboratory]\nway = \"service-request\"\nserver = \"standin\"\n",
        epoch.display(),
        server.address(),
    );
    fs::write(&config, content).expect("a configuration can be written");
    (site, config.display().to_string())
}

#[test]
fn orders_are_sent_and_reconciled_with_a_token_that_is_asked_for() {
    let keys = Keys::new("es384");
    let words = [
        "--profile",
        "open",
        "--residents",
        "400",
        "--start",
        DAY,
        "--token-lifetime",
        "2",
    ];
    let server = keys.server(&words);
    let key = keys.private().display().to_string();
    let credentials = format!("client_id = \"engine\"\nkey_file = \"{key}\"");
    let (site, config) = acting(&keys, &server, &credentials);
    let with = |words: &[&str]| site.arguments(&[words, &["--config", &config]].concat());
    preventio(&with(&["run", "--act"])).ends_well();
    let said = preventio(&with(&["dispatch", "--once", "--json"])).ends_well();
    let report: Value = serde_json::from_str(&said).expect("JSON");
    assert!(
        0 < report["accepted"].as_u64().expect("a count"),
        "{report}"
    );
    assert_eq!(report["sent"], report["accepted"], "{report}");
    preventio(&with(&["reconcile"])).ends_well();
    let orders = server.gets("/_control/orders").with(200);
    assert_eq!(orders["total"], report["accepted"]);
}

#[test]
fn a_dispatcher_with_a_key_that_the_server_does_not_know_says_so() {
    let (keys, others) = (Keys::new("es384"), Keys::new("rs384"));
    let server = keys.server(&["--profile", "open", "--residents", "40", "--start", DAY]);
    let key = others.private().display().to_string();
    let credentials = format!("client_id = \"engine\"\nkey_file = \"{key}\"");
    let (site, config) = acting(&keys, &server, &credentials);
    let with = |words: &[&str]| site.arguments(&[words, &["--config", &config]].concat());
    let said = preventio(&with(&["dispatch", "--once"])).ends_with(1);
    assert!(
        said.contains("no token was given to client `engine`"),
        "{said}"
    );
}

#[test]
fn a_token_file_and_a_key_do_not_go_together() {
    let keys = Keys::new("es384");
    let server = keys.server(&["--profile", "open", "--residents", "4", "--start", DAY]);
    for (credentials, why) in [
        (
            "client_id = \"x\"",
            "`client_id` and `key_file` go together",
        ),
        ("key_id = \"x\"", "`key_id` needs"),
        (
            "client_id = \"x\"\nkey_file = \"k\"\ntoken_file = \"t\"",
            "does not go together with",
        ),
    ] {
        let (site, config) = acting(&keys, &server, credentials);
        let words = site.arguments(&["dispatch", "--once", "--config", &config]);
        let said = preventio(&words).ends_with(1);
        assert!(said.contains(why), "{said}");
    }
}
