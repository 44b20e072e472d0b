//! The program pulling over the network, as a client that a server knows.

use std::fs;
use std::path::{Path, PathBuf};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use serde_json::{Value, json};

use super::exporter::Exporter;
use super::served::Served;
use super::site::{Said, Site, TempFolder, preventio, text};
use super::world::World;

/// The register that a server serves and that [`made_up_register`](super::site::made_up_register)
/// exports, seed by seed.
pub(crate) const REGISTER: [&str; 2] = ["--as-of", "2025-01-15"];

/// A client's keys.
pub(crate) struct Keys {
    folder: TempFolder,
}

impl Keys {
    pub(crate) fn new(algorithm: &str) -> Self {
        let folder = TempFolder::new();
        let out = folder.join("keys").display().to_string();
        let words = [
            "standin",
            "client-key",
            "--out",
            &out,
            "--algorithm",
            algorithm,
        ];
        preventio(&words).ends_well();
        Self { folder }
    }

    pub(crate) fn private(&self) -> PathBuf {
        self.folder.join("keys").join("private.pem")
    }

    /// As a server is told them.
    pub(crate) fn registered_as(&self, id: &str) -> String {
        format!(
            "{id}={}",
            self.folder.join("keys").join("jwks.json").display()
        )
    }

    /// A server that knows the client `engine` by these keys.
    pub(crate) fn server(&self, words: &[&str]) -> Served {
        let client = self.registered_as("engine");
        Served::starts(&[&["--client", &client], &REGISTER[..], words].concat())
    }

    /// A token for `engine` that lets a story read and write what the server declares; the keys are ES384.
    #[track_caller]
    pub(crate) fn token(&self, server: &Served) -> String {
        let keys = fs::read_to_string(self.folder.join("keys").join("jwks.json"));
        let keys: Value = serde_json::from_str(&keys.expect("public keys")).expect("JSON");
        let mut header = Header::new(Algorithm::ES384);
        header.kid = keys["keys"][0]["kid"].as_str().map(str::to_owned);
        let claims = json!({
            "iss": "engine", "sub": "engine",
            "aud": format!("http://{}/auth/token", server.address()),
            "exp": get_current_timestamp() + 200, "jti": "a-story",
        });
        let pem = fs::read(self.private()).expect("a private key");
        let key = EncodingKey::from_ec_pem(&pem).expect("a key");
        let assertion = encode(&header, &claims, &key).expect("claims can be signed");
        let form = format!(
            "grant_type=client_credentials&scope=system/*.cruds&client_assertion_type=\
             urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={assertion}"
        );
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        let heard = server.hears("POST", "/auth/token", &kind, &form);
        let answer = heard.expect("the server answers").with(200);
        text(&answer["access_token"])
    }

    /// The words of a pull from a server, as `engine`.
    pub(crate) fn words(&self, site: &Site, base: &str, group: &str, more: &[&str]) -> Vec<String> {
        let key = self.private().display().to_string();
        let words = [
            "pull",
            "--server",
            base,
            "--client-id",
            "engine",
            "--key",
            &key,
        ];
        site.arguments(&[&words, &["--group", group][..], more].concat())
    }

    pub(crate) fn pull(&self, site: &Site, base: &str, group: &str, more: &[&str]) -> Said {
        preventio(&self.words(site, base, group, more))
    }

    /// Pulls everybody from the made-up server and returns the report.
    #[track_caller]
    pub(crate) fn pulls(&self, site: &Site, server: &Served, more: &[&str]) -> Value {
        let more = [&["--json"], more].concat();
        let said = self.pull(site, &base(server), "helsinki", &more);
        serde_json::from_str(&said.ends_well()).expect("the report is JSON")
    }

    /// Pulls group `g` from a server with a script.
    pub(crate) fn pull_from(&self, site: &Site, exporter: &Exporter, more: &[&str]) -> Said {
        self.pull(site, &exporter.at("/fhir"), "g", more)
    }

    #[track_caller]
    pub(crate) fn pulls_from(&self, site: &Site, exporter: &Exporter, more: &[&str]) -> Value {
        let said = self.pull_from(site, exporter, &[&["--json"], more].concat());
        serde_json::from_str(&said.ends_well()).expect("the report is JSON")
    }
}

pub(crate) fn base(server: &Served) -> String {
    format!("http://{}/fhir", server.address())
}

/// How often the made-up server was asked for an export.
#[track_caller]
pub(crate) fn n_exports(server: &Served) -> u64 {
    let requests = server.gets("/_control/requests").with(200);
    requests["exports"].as_u64().expect("a count")
}

/// The job that is under way in a data folder, as its file says, if there is one.
pub(crate) fn job_under_way(site: &Site) -> Option<String> {
    let pulls = fs::read_dir(site.data().join("pulls")).ok()?;
    let folders = pulls.filter_map(|entry| Some(entry.ok()?.path()));
    let mut jobs = folders.filter_map(|path| fs::read_to_string(path.join("job.json")).ok());
    jobs.next()
}

/// The lines of a world's export by type.
pub(crate) fn files_of(world: &World) -> std::collections::BTreeMap<String, String> {
    let read = |path: &Path| {
        let kind = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        (kind, fs::read_to_string(path).expect("an export file"))
    };
    let entries = fs::read_dir(world.export()).expect("an export folder");
    entries
        .map(|entry| read(&entry.expect("an entry").path()))
        .collect()
}
