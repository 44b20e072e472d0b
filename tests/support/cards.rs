//! A ward whose record system asks for cards: residents that were pulled, the daemon, and a client with keys.
//!
//! ```text
//! let ward = Ward::of(world);
//! let card = ward.views("aino").cards(1).remove(0);
//! ```

use std::fs;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use jsonwebtoken::get_current_timestamp;
use serde_json::{Value, json};

use super::acting::Clinic;
use super::served::{Heard, Served, hears};
use super::signer::Signer;
use super::world::World;

/// The address by which clients call, whatever the port: a proxy is between.
pub(crate) const BASE: &str = "http://127.0.0.1:9/screening";
pub(crate) const ISSUER: &str = "https://ehr.example.org";
pub(crate) const PATIENT_VIEW: &str = "/cds-services/screening-patient-view";
pub(crate) const ORDER_SELECT: &str = "/cds-services/screening-order-select";
pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");

/// What a good token for a path claims; each time another.
pub(crate) fn claims(path: &str) -> Value {
    static N: AtomicU32 = AtomicU32::new(0);
    let now = get_current_timestamp();
    let n = N.fetch_add(1, Ordering::Relaxed);
    json!({
        "iss": ISSUER,
        "aud": format!("{BASE}{path}"),
        "iat": now,
        "exp": now + 200,
        "jti": format!("token-{n}"),
    })
}

/// A call of a hook about somebody.
pub(crate) fn call(hook: &str, patient: &str) -> Value {
    json!({
        "hook": hook,
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": { "userId": "Practitioner/laakari-7", "patientId": patient },
    })
}

/// A searchset of these.
pub(crate) fn bundle(resources: &[Value]) -> Value {
    let entries: Vec<Value> = resources
        .iter()
        .map(|resource| json!({ "resource": resource }))
        .collect();
    json!({ "resourceType": "Bundle", "type": "searchset", "entry": entries })
}

pub(crate) struct Ward {
    pub(crate) clinic: Clinic,
    pub(crate) signer: Signer,
    pub(crate) daemon: Served,
    pub(crate) address: String,
}

impl Ward {
    /// Whoever is in a world is pulled, and the daemon serves.
    pub(crate) fn of(world: World) -> Self {
        Self::with(world, &[])
    }

    /// The same where the configuration is changed first: what it says, what it shall say.
    #[track_caller]
    pub(crate) fn with(world: World, changes: &[(&str, &str)]) -> Self {
        world.pulls();
        let nobody: [&str; 0] = [];
        let clinic = Clinic::pulled(world, &nobody);
        let signer = Signer::new("es384");
        let keys = clinic.site().beside("jwks.json");
        fs::write(&keys, &signer.public).expect("a file can be written");
        let mut text = fs::read_to_string(clinic.config()).expect("a configuration");
        text.push_str(&format!(
            r#"
[schedule]
learn = "day 28 03:00"

[serve]
listen = "127.0.0.1:0"

[cds]
listen = "127.0.0.1:0"
base = "{BASE}"
answer_within_ms = 10000
origins = ["https://sandbox.example.org"]

[cds.client.ehr]
issuer = "{ISSUER}"
jwks_file = "jwks.json"
source = "export"
"#
        ));
        for (from, to) in changes {
            assert!(
                text.contains(from),
                "the configuration does not say `{from}`"
            );
            text = text.replacen(from, to, 1);
        }
        fs::write(clinic.config(), text).expect("a configuration can be written");
        let (daemon, address) = started(&clinic);
        Self {
            clinic,
            signer,
            daemon,
            address,
        }
    }

    /// Ends the daemon and starts it again.
    pub(crate) fn starts_again(self) -> Self {
        self.daemon.ends_when_told();
        let (daemon, address) = started(&self.clinic);
        Self {
            daemon,
            address,
            ..self
        }
    }

    pub(crate) fn hears(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Heard {
        let at = (self.address.as_str(), self.address.as_str());
        let heard = hears(at, (method, path), headers, body);
        heard.expect("the service answers")
    }

    /// Asks with a token of these claims.
    pub(crate) fn asks_with(&self, token: &str, path: &str, body: &Value) -> Heard {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), JSON];
        self.hears("POST", path, &headers, &body.to_string())
    }

    /// Asks with a good token.
    pub(crate) fn asks(&self, path: &str, body: &Value) -> Heard {
        self.asks_with(&self.signer.signs(&claims(path)), path, body)
    }

    /// The cards when somebody's record is opened.
    #[track_caller]
    pub(crate) fn views(&self, patient: &str) -> Vec<Value> {
        cards(&self.asks(PATIENT_VIEW, &call("patient-view", patient)))
    }

    /// The same with what the record system gives along.
    #[track_caller]
    pub(crate) fn views_with(&self, patient: &str, prefetch: Value) -> Vec<Value> {
        let mut call = call("patient-view", patient);
        call["prefetch"] = prefetch;
        cards(&self.asks(PATIENT_VIEW, &call))
    }

    /// Tells what was done with cards.
    #[track_caller]
    pub(crate) fn tells(&self, feedback: &Value) -> Heard {
        let path = format!("{PATIENT_VIEW}/feedback");
        self.asks(&path, &json!({ "feedback": feedback }))
    }

    /// What the ledger has of a query that gives one text.
    #[track_caller]
    pub(crate) fn on_record(&self, query: &str) -> String {
        let path = self.clinic.site().data().join("ledger.sqlite");
        let ledger = rusqlite::Connection::open(path).expect("a ledger");
        ledger
            .query_row(query, [], |row| row.get(0))
            .expect("the ledger answers")
    }
}

fn started(clinic: &Clinic) -> (Served, String) {
    let talk = fs::File::options()
        .create(true)
        .append(true)
        .open(clinic.site().beside("serve.log"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_preventio"));
    command
        .args(clinic.words(&["serve", "--threads", "2"]))
        .stdin(Stdio::null())
        .stderr(talk.expect("a file for what it says"));
    Served::started_with_cards(&mut command)
}

/// The cards of a good answer.
#[track_caller]
pub(crate) fn cards(heard: &Heard) -> Vec<Value> {
    let answer = heard.with(200);
    answer["cards"].as_array().expect("a list of cards").clone()
}
