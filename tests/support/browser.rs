//! A browser without a screen: holds its cookie, and sends the forms that it was shown.
//!
//! ```text
//! let mut maija = pages.browser();
//! maija.signs_in("Maija", "clinician", "");
//! assert_eq!(maija.gets("/").status, 200);
//! ```

use std::fs::{self, File};
use std::process::{Command, Stdio};

use super::acting::Clinic;
use super::served::{Heard, Served, hears};

/// What `[web]` says where anybody may sign in as anybody.
pub(crate) const ON_THIS_MACHINE: &str = "\n[web]\nlisten = \"127.0.0.1:0\"\n";

/// The pages of a clinic, gone with the story.
pub(crate) struct Pages {
    /// Keeps the daemon alive.
    _daemon: Served,
    address: String,
}

impl Pages {
    /// Serves the pages of a clinic, with more in its configuration and more words.
    #[track_caller]
    pub(crate) fn of(clinic: &Clinic, web: &str, words: &[&str]) -> Self {
        Self::add(
            clinic,
            &format!("{web}\n[serve]\nlisten = \"127.0.0.1:0\"\n"),
        );
        let talk = clinic.site().beside("serve.log");
        let talk = File::options().create(true).append(true).open(talk);
        let mut command = Command::new(env!("CARGO_BIN_EXE_preventio"));
        command
            .args(clinic.words(&[&["serve"], words].concat()))
            .stdin(Stdio::null())
            .stderr(talk.expect("a file for what it says"));
        let (daemon, address) = Served::started_with_pages(&mut command);
        Self {
            _daemon: daemon,
            address,
        }
    }

    /// Where anybody may sign in as anybody.
    #[track_caller]
    pub(crate) fn for_trial(clinic: &Clinic) -> Self {
        Self::of(clinic, ON_THIS_MACHINE, &["--dev"])
    }

    /// Adds to a clinic's configuration.
    pub(crate) fn add(clinic: &Clinic, more: &str) {
        let text = fs::read_to_string(clinic.config()).expect("a configuration");
        fs::write(clinic.config(), text + more).expect("a configuration can be written");
    }

    /// The address without `http://`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser {
            address: self.address.clone(),
            host: self.address.clone(),
            cookie: None,
            seal: String::new(),
        }
    }
}

/// A browser.
#[derive(Clone)]
pub(crate) struct Browser {
    address: String,
    /// What it calls the site.
    pub(crate) host: String,
    pub(crate) cookie: Option<String>,
    /// What the forms of the last page were sealed with.
    pub(crate) seal: String,
}

impl Browser {
    /// Asks and remembers what it is to hold.
    #[track_caller]
    pub(crate) fn asks(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Heard {
        let mut all = headers.to_vec();
        let cookie = self.cookie.clone();
        if let Some(cookie) = &cookie {
            all.push(("cookie", cookie));
        }
        let heard = hears((&self.address, &self.host), (method, path), &all, body);
        let heard = heard.expect("the pages answer");
        if let Some(set) = heard.header("set-cookie") {
            self.cookie = set.split(';').next().map(str::to_owned);
        }
        if let Some((_, rest)) = heard.text.split_once("name=\"csrf\" value=\"") {
            self.seal = rest.split('"').next().unwrap_or_default().to_owned();
        }
        heard
    }

    #[track_caller]
    pub(crate) fn gets(&mut self, path: &str) -> Heard {
        self.asks("GET", path, &[], "")
    }

    /// Sends a form that the last page had.
    #[track_caller]
    pub(crate) fn sends(&mut self, path: &str, fields: &[(&str, &str)]) -> Heard {
        let seal = self.seal.clone();
        let fields = [&[("csrf", seal.as_str())], fields].concat();
        let kind = ("content-type", "application/x-www-form-urlencoded");
        self.asks("POST", path, &[kind], &form(&fields))
    }

    /// Signs in by its own word, in English.
    #[track_caller]
    pub(crate) fn signs_in(&mut self, name: &str, role: &str, districts: &str) {
        self.gets("/sign-in");
        let fields = [
            ("language", "en"),
            ("name", name),
            ("role", role),
            ("districts", districts),
        ];
        let heard = self.sends("/sign-in/trial", &fields);
        assert_eq!(heard.header("location"), Some("/"), "{}", heard.text);
        assert_eq!(self.gets("/").status, 200);
    }
}

/// The fields of a form as they are sent.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let fields = fields.iter();
    let fields: Vec<String> = fields
        .map(|(name, value)| format!("{name}={}", escaped(value)))
        .collect();
    fields.join("&")
}

/// A text within an address or a form.
pub(crate) fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let each = text.bytes().map(|byte| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    each.collect()
}
