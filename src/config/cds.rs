//! Cards for professionals in their own systems: where they are asked for, and by whom.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::Source;
use super::server::scheme_and_host;
use crate::fhir::{Caller, KeysAt, is_this_machine};

/// Keys of `[cds]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCds {
    /// Where cards are asked for; on this machine, behind a proxy that encrypts.
    #[serde(default = "default_listen")]
    listen: SocketAddr,
    /// The address by which clients call the service; their tokens name it.
    base: String,
    /// Milliseconds within which an answer is given up.
    #[serde(default = "default_within")]
    answer_within_ms: u64,
    /// Origins of pages that may ask from a browser.
    #[serde(default)]
    origins: Vec<String>,
    /// Systems that may ask, by name.
    #[serde(default)]
    client: BTreeMap<String, RawClient>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClient {
    issuer: String,
    jwks: Option<String>,
    jwks_file: Option<PathBuf>,
    source: String,
    laboratory: Option<String>,
}

fn default_listen() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 8081))
}

fn default_within() -> u64 {
    2_000
}

/// The decision-support service.
#[derive(Debug, Clone)]
pub struct Cds {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The address by which clients call it, without a slash at its end.
    pub base: String,
    /// How long an answer may take.
    pub answer_within: Duration,
    /// Origins of pages that may ask from a browser.
    pub origins: BTreeSet<String>,
    /// Systems that may ask, by name.
    pub clients: BTreeMap<String, CdsClient>,
}

/// A system that may ask.
#[derive(Debug, Clone)]
pub struct CdsClient {
    /// The issuer of its tokens.
    pub issuer: String,
    /// Its public keys.
    pub keys: KeysAt,
    /// The source of pulls whose `Patient.id`s it uses.
    pub source: String,
    /// The laboratory by whose codes it orders, where the rules have codes of its own.
    pub laboratory: Option<String>,
}

impl Cds {
    /// Systems that may ask, as tokens are held against them.
    #[must_use]
    pub fn callers(&self) -> Vec<Caller> {
        let callers = self.clients.iter().map(|(name, client)| Caller {
            name: name.clone(),
            issuer: client.issuer.clone(),
            keys: client.keys.clone(),
        });
        callers.collect()
    }
}

impl RawCds {
    /// What holds together of it; relative places are beside the configuration.
    pub(super) fn checked(
        &self,
        (folder, is_trial): (&Path, bool),
        sources: &BTreeMap<String, Source>,
        mistakes: &mut Vec<String>,
    ) -> Cds {
        let mut wrong = |what: String| mistakes.push(format!("cds: {what}"));
        if !self.listen.ip().is_loopback() {
            wrong("`listen` must be on this machine: cards are about people, and a proxy here encrypts them".to_owned());
        }
        if let Err(why) = is_safe(&self.base, is_trial) {
            wrong(format!("`base` {why}"));
        }
        if !(50..=10_000).contains(&self.answer_within_ms) {
            wrong("`answer_within_ms` is 50 to 10000".to_owned());
        }
        if self.client.is_empty() {
            wrong("nobody may ask: `[cds.client.NAME]`".to_owned());
        }
        for origin in &self.origins {
            let is_bare = origin
                .split("://")
                .nth(1)
                .is_some_and(|rest| !rest.contains('/'));
            if scheme_and_host(origin).is_none() || !is_bare {
                wrong(format!(
                    "`{origin}` is no origin like https://ehr.example.org"
                ));
            }
        }
        let mut issuers = BTreeSet::new();
        let mut clients = BTreeMap::new();
        for (name, raw) in &self.client {
            let mut wrong = |what: &str| wrong(format!("client `{name}`: {what}"));
            if raw.issuer.trim().is_empty() || !issuers.insert(&raw.issuer) {
                wrong("`issuer` is empty, or another client's");
            }
            if !sources.is_empty() && !sources.contains_key(&raw.source) {
                wrong("`source` is no `[source.NAME]` here");
            }
            let keys = match (&raw.jwks, &raw.jwks_file) {
                (Some(address), None) => {
                    if let Err(why) = is_safe(address, is_trial) {
                        wrong(&format!("`jwks` {why}"));
                    }
                    KeysAt::Address(address.clone())
                }
                (None, Some(file)) => KeysAt::File(folder.join(file)),
                (None, None) | (Some(_), Some(_)) => {
                    wrong("one of `jwks` and `jwks_file` says where its public keys are");
                    continue;
                }
            };
            let client = CdsClient {
                issuer: raw.issuer.clone(),
                keys,
                source: raw.source.clone(),
                laboratory: raw.laboratory.clone(),
            };
            clients.insert(name.clone(), client);
        }
        Cds {
            listen: self.listen,
            base: self.base.trim_end_matches('/').to_owned(),
            answer_within: Duration::from_millis(self.answer_within_ms),
            origins: self.origins.iter().cloned().collect(),
            clients,
        }
    }
}

/// Whether an address is encrypted, or on this machine; in a trial it is on this machine.
fn is_safe(address: &str, is_trial: bool) -> Result<(), &'static str> {
    let Some((scheme, host)) = scheme_and_host(address) else {
        return Err("is not an http or https address");
    };
    let is_here = is_this_machine(host);
    if is_trial && !is_here {
        return Err("must be on this machine in a trial (127.0.0.1, ::1, localhost)");
    }
    if scheme == "http" && !is_here {
        return Err("must be https");
    }
    Ok(())
}
