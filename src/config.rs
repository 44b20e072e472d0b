//! The site's configuration: what the program may do here, and whom it talks to.
//!
//! Longer than other files: every key of the one file is declared and checked in one place.
//! One TOML file, read at start. It holds no medicine (that is `rules/`) and no
//! secret (those are files of their own, named here).

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use jiff::civil::Date;
use preventiojyraa_core::delivery::{Policy, ReadBack};
use preventiojyraa_core::orders::{ActionKind, Offered};
use preventiojyraa_core::rulebook::{Rulebook, Status};
use serde::Deserialize;

use crate::fhir::{Credentials, IdentityKey};
use crate::ledger::ChannelTerms;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read `{path}`")]
    Unreadable {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is not what a configuration looks like.
    #[error("the configuration `{path}` cannot be used\n{message}")]
    Shape {
        /// Where.
        path: PathBuf,
        /// What is wrong, with its line.
        message: String,
    },
    /// Values that do not go together; all of them.
    #[error("the configuration `{path}` cannot be used: {}", .mistakes.join("; "))]
    Values {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        mistakes: Vec<String>,
    },
}

/// Why nothing may be asked of anybody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoEffects {
    /// The rules are not signed.
    #[error(
        "the rules are an unsigned draft: effects on people refuse to start\nhint: `status = \"in-force\"` in the signed programme, or a trial against this machine alone (`[site] trial = true`)"
    )]
    DraftRules,
    /// The law's permission is missing today.
    #[error(
        "the legal basis `{reference}` holds from {from} to {until}, and today is {today}: no effect starts\nhint: `[legal_basis]` in the configuration"
    )]
    LegalBasis {
        /// What it is called.
        reference: String,
        /// First day.
        from: Date,
        /// Last day.
        until: Date,
        /// Today.
        today: Date,
    },
    /// Everybody knows the identity key.
    #[error(
        "identities in this data folder are made with a key that everybody knows: effects on people refuse to start\nhint: pull into a new data folder with `--identity-key FILE`"
    )]
    PublicKey,
    /// The index date is not today.
    #[error("a run that acts decides as of today, {today}, not as of {index_date}")]
    NotToday {
        /// Today.
        today: Date,
        /// The date given.
        index_date: Date,
    },
}

/// A configuration that holds together.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it was read from.
    pub path: PathBuf,
    /// What the program may do here.
    pub site: Site,
    /// The law's permission.
    pub legal_basis: LegalBasis,
    /// Who takes which kind of act, by kind.
    pub channels: Vec<(ActionKind, Channel)>,
}

/// What the program may do here.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// A trial without people: every server is on this machine. Only then may rules be drafts,
    /// the identity key public and the index date another day than today.
    #[serde(default)]
    pub trial: bool,
    /// The day it is in a trial; else the clock says it.
    #[serde(default, deserialize_with = "optional_date")]
    pub today: Option<Date>,
    /// The file that remembers, outside the data folder and outside its backups, how often orders
    /// were handed over. Default: beside the data folder, `DATA.epoch`.
    pub epoch_file: Option<PathBuf>,
}

/// The law's permission to decide about people automatically.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalBasis {
    /// What it is called: a decision and its number.
    pub reference: String,
    /// First day on which it holds.
    #[serde(deserialize_with = "date")]
    pub valid_from: Date,
    /// Last day on which it holds.
    #[serde(deserialize_with = "date")]
    pub valid_until: Date,
}

/// A server the program talks to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// FHIR base address.
    pub base: String,
    /// The source of pulls whose `Patient.id`s this server understands.
    pub source: String,
    /// A file with a bearer token, read before each request; none for a server that needs none.
    pub token_file: Option<PathBuf>,
    /// What the server calls this program (SMART Backend Services), instead of a token file.
    pub client_id: Option<String>,
    /// The client's private key, PEM or JWK.
    pub key_file: Option<PathBuf>,
    /// What the server calls the key, where the file does not say it.
    pub key_id: Option<String>,
    /// Requests a minute, by all processes together.
    pub requests_per_minute: u32,
    /// Requests under way at once, by one process.
    #[serde(default = "default_parallel")]
    pub parallel: u32,
    /// Seconds until a request is given up.
    #[serde(default = "default_deadline")]
    pub request_deadline_seconds: f64,
    /// Seconds until a request that was given up is asked about: longer than it can be under way.
    #[serde(default = "default_settle")]
    pub settle_seconds: f64,
    /// Seconds that the server may ask to be left alone, at most.
    #[serde(default = "default_longest_pause")]
    pub longest_pause_seconds: u32,
}

fn default_longest_pause() -> u32 {
    900
}

fn default_parallel() -> u32 {
    4
}

fn default_deadline() -> f64 {
    20.0
}

fn default_settle() -> f64 {
    60.0
}

/// How orders of one kind leave.
#[derive(Debug, Clone)]
pub struct Channel {
    /// The server that takes them.
    pub server: Server,
    /// What the ledger needs to know of it.
    pub terms: ChannelTerms,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    site: Site,
    legal_basis: LegalBasis,
    #[serde(default)]
    server: BTreeMap<String, Server>,
    #[serde(default)]
    channel: BTreeMap<String, RawChannel>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawChannel {
    way: Way,
    server: String,
    /// Whether the server is asked for orders whose arrival is in doubt. Without it orders arrive
    /// at most once, and each doubt is a task for a person.
    #[serde(default = "reads_back")]
    reads_back: bool,
}

fn reads_back() -> bool {
    true
}

#[derive(Clone, Copy, Deserialize)]
enum Way {
    #[serde(rename = "service-request")]
    ServiceRequest,
}

fn date<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let text = toml::value::Datetime::deserialize(deserializer)?.to_string();
    text.parse()
        .map_err(|_| serde::de::Error::custom(format!("`{text}` is not a date like 2026-02-01")))
}

fn optional_date<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Date>, D::Error> {
    date(deserializer).map(Some)
}

impl Config {
    /// The day it is, when a trial has chosen one.
    #[must_use]
    pub const fn trial_day(&self) -> Option<Date> {
        self.site.today
    }

    /// Reads and checks a configuration.
    ///
    /// # Errors
    ///
    /// When it cannot be read, has keys that nobody knows, or values that do not go together.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            path: path.to_path_buf(),
            source,
        })?;
        let file: File = toml::from_str(&text).map_err(|error| ConfigError::Shape {
            path: path.to_path_buf(),
            message: error.to_string().trim_end().to_owned(),
        })?;
        let mut mistakes = Vec::new();
        if file.legal_basis.valid_until < file.legal_basis.valid_from {
            mistakes.push("the legal basis ends before it begins".to_owned());
        }
        if file.legal_basis.reference.trim().is_empty() {
            mistakes.push("the legal basis has no reference".to_owned());
        }
        if file.site.today.is_some() && !file.site.trial {
            mistakes.push("only a trial chooses the day it is".to_owned());
        }
        for (name, server) in &file.server {
            server.mistakes(name, file.site.trial, &mut mistakes);
        }
        let mut channels = Vec::new();
        for (name, raw) in &file.channel {
            match channel(name, raw, &file.server) {
                Ok(channel) => channels.push(channel),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        if !mistakes.is_empty() {
            return Err(ConfigError::Values {
                path: path.to_path_buf(),
                mistakes,
            });
        }
        Ok(Self {
            path: path.to_path_buf(),
            site: file.site,
            legal_basis: file.legal_basis,
            channels,
        })
    }

    /// The kinds of acts that somebody here takes.
    #[must_use]
    pub fn offered(&self) -> Offered {
        Offered {
            kinds: self.channels.iter().map(|(kind, _)| *kind).collect(),
        }
    }

    /// What the ledger needs to know of every channel.
    #[must_use]
    pub fn terms(&self) -> Vec<ChannelTerms> {
        let terms = self.channels.iter().map(|(_, channel)| &channel.terms);
        terms.cloned().collect()
    }

    /// Where the epoch outside the data folder is kept; a relative place is beside the configuration.
    ///
    /// # Errors
    ///
    /// When the data folder is not there, or the file would lie in it: then it would go back in time
    /// together with the ledger.
    pub fn epoch_file(&self, data: &Path) -> Result<PathBuf, ConfigError> {
        let data = canonical(data)?;
        let file = match &self.site.epoch_file {
            None => {
                let mut name = data.file_name().unwrap_or_default().to_os_string();
                name.push(".epoch");
                data.with_file_name(name)
            }
            Some(file) => {
                let config = canonical(&self.path)?;
                config.parent().unwrap_or(Path::new("/")).join(file)
            }
        };
        let folder = canonical(file.parent().unwrap_or(Path::new("/")))?;
        if folder.starts_with(&data) {
            return Err(ConfigError::Values {
                path: self.path.clone(),
                mistakes: vec!["`epoch_file` lies in the data folder".to_owned()],
            });
        }
        Ok(file)
    }

    /// Whether effects may start today.
    ///
    /// # Errors
    ///
    /// [`NoEffects`] says what is missing.
    pub fn allows_effects(
        &self,
        rulebook: &Rulebook,
        key: Option<&IdentityKey>,
        today: Date,
    ) -> Result<(), NoEffects> {
        self.legal_basis_holds(today)?;
        if self.site.trial {
            return Ok(());
        }
        if rulebook.programme.header.status == Status::Draft {
            return Err(NoEffects::DraftRules);
        }
        if key.is_none_or(|key| *key == IdentityKey::PUBLIC) {
            return Err(NoEffects::PublicKey);
        }
        Ok(())
    }

    /// Whether the law's permission holds on a day.
    ///
    /// # Errors
    ///
    /// [`NoEffects::LegalBasis`].
    pub fn legal_basis_holds(&self, today: Date) -> Result<(), NoEffects> {
        let LegalBasis {
            reference,
            valid_from,
            valid_until,
        } = &self.legal_basis;
        if *valid_from <= today && today <= *valid_until {
            return Ok(());
        }
        Err(NoEffects::LegalBasis {
            reference: reference.clone(),
            from: *valid_from,
            until: *valid_until,
            today,
        })
    }
}

/// A path without links and dots: one file, however it is spelled.
fn canonical(path: &Path) -> Result<PathBuf, ConfigError> {
    path.canonicalize()
        .map_err(|source| ConfigError::Unreadable {
            path: path.to_path_buf(),
            source,
        })
}

impl Server {
    /// How the program shows who it is; what does not go together was refused at reading.
    pub(crate) fn credentials(&self) -> Result<Credentials, &'static str> {
        let key = (self.client_id.clone(), self.key_file.clone());
        Credentials::of(self.token_file.clone(), key, self.key_id.clone())
    }

    fn mistakes(&self, name: &str, is_trial: bool, mistakes: &mut Vec<String>) {
        let mut wrong = |what: &str| mistakes.push(format!("server `{name}`: {what}"));
        let Some((scheme, host)) = scheme_and_host(&self.base) else {
            wrong("`base` is not an http or https address");
            return;
        };
        let is_here = host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse::<IpAddr>()
                .is_ok_and(|ip| ip.is_loopback());
        if is_trial && !is_here {
            wrong("a trial talks to servers on this machine only (127.0.0.1, ::1, localhost)");
        }
        if scheme == "http" && !is_here {
            wrong("`base` must be https: orders are about people");
        }
        if let Err(why) = self.credentials() {
            wrong(why);
        }
        if self.requests_per_minute == 0 || self.parallel == 0 {
            wrong("`requests_per_minute` and `parallel` must be at least 1");
        }
        let seconds = 0.001..=3_600.0;
        if !seconds.contains(&self.request_deadline_seconds)
            || !seconds.contains(&self.settle_seconds)
        {
            wrong("`request_deadline_seconds` and `settle_seconds` are 0.001 to 3600");
        } else if self.settle_seconds <= self.request_deadline_seconds {
            wrong("`settle_seconds` must be longer than `request_deadline_seconds`");
        }
    }
}

/// Scheme and host of an address, without user, port and path.
fn scheme_and_host(base: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = base.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    // A name before `@` could make another host look like this machine.
    if !matches!(scheme, "http" | "https") || authority.is_empty() || authority.contains('@') {
        return None;
    }
    let host = match authority.strip_prefix('[') {
        Some(rest) => authority.get(..rest.find(']')? + 2)?,
        None => authority.split(':').next()?,
    };
    Some((scheme, host))
}

fn channel(
    name: &str,
    raw: &RawChannel,
    servers: &BTreeMap<String, Server>,
) -> Result<(ActionKind, Channel), String> {
    let kind = match name {
        "laboratory" => ActionKind::Laboratory,
        _ => {
            return Err(format!(
                "channel `{name}`: no such kind of act; known: laboratory"
            ));
        }
    };
    let server = servers
        .get(&raw.server)
        .ok_or_else(|| format!("channel `{name}`: no server is called `{}`", raw.server))?;
    let deadline = SignedDuration::try_from_secs_f64(server.request_deadline_seconds);
    let settle = SignedDuration::try_from_secs_f64(server.settle_seconds);
    let (Ok(request_deadline), Ok(settle)) = (deadline, settle) else {
        return Err(format!(
            "channel `{name}`: its server's times make no sense"
        ));
    };
    let read_back = match (raw.way, raw.reads_back) {
        (Way::ServiceRequest, true) => ReadBack::Possible,
        (Way::ServiceRequest, false) => ReadBack::Impossible,
    };
    let terms = ChannelTerms {
        name: name.to_owned(),
        source: server.source.clone(),
        policy: Policy { read_back, settle },
        per_minute: server.requests_per_minute,
        // Longer than two requests, so that whoever starts in time is never overtaken.
        lease: request_deadline * 3,
        request_deadline,
    };
    let server = server.clone();
    Ok((kind, Channel { server, terms }))
}

#[cfg(test)]
mod tests {
    use super::scheme_and_host;

    #[test]
    fn the_host_of_an_address_cannot_be_hidden() {
        for (base, host) in [
            ("http://127.0.0.1:80/fhir", Some("127.0.0.1")),
            ("http://[::1]:80/fhir", Some("[::1]")),
            ("https://fhir.example.org/R4", Some("fhir.example.org")),
            ("http://127.0.0.1@evil.example.org/", None),
            ("http://127.0.0.1:80@evil.example.org/", None),
            (
                "http://127.0.0.1.evil.example.org/",
                Some("127.0.0.1.evil.example.org"),
            ),
            ("ftp://127.0.0.1/", None),
            ("127.0.0.1", None),
            ("http:///fhir", None),
        ] {
            assert_eq!(scheme_and_host(base).map(|(_, host)| host), host, "{base}");
        }
    }
}
