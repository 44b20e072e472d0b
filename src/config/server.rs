//! Servers the program talks to.

use std::path::PathBuf;

use serde::Deserialize;

use crate::fhir::{Credentials, is_this_machine};

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

impl Server {
    /// How the program shows who it is; what does not go together was refused at reading.
    ///
    /// # Errors
    ///
    /// Says what does not go together.
    pub fn credentials(&self) -> Result<Credentials, &'static str> {
        let key = (self.client_id.clone(), self.key_file.clone());
        Credentials::of(self.token_file.clone(), key, self.key_id.clone())
    }

    pub(super) fn mistakes(&self, name: &str, is_trial: bool, mistakes: &mut Vec<String>) {
        let mut wrong = |what: &str| mistakes.push(format!("server `{name}`: {what}"));
        let Some((scheme, host)) = scheme_and_host(&self.base) else {
            wrong("`base` is not an http or https address");
            return;
        };
        let is_here = is_this_machine(host);
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
pub(super) fn scheme_and_host(base: &str) -> Option<(&str, &str)> {
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
