//! The other side: the stand-in in a process of its own, and its clock.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use jiff::civil::Date;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::DemoError;
use crate::rulebook::CodeSystem;

/// What the stand-in calls us.
pub(super) const CLIENT: &str = "preventio-demo";
/// The disease about which the city tells the truth: a coding system, and a code of its diagnosis.
pub(super) const TRUTH_IS_ABOUT: (CodeSystem, &str) = (CodeSystem::Icd10, "E11");
/// How long the stand-in may take to let a month pass.
const DEADLINE: Duration = Duration::from_secs(600);

/// A made-up city that answers on this machine. It ends when this value does.
pub(super) struct City {
    process: Child,
    address: SocketAddr,
    runtime: Runtime,
    client: reqwest::Client,
}

/// What the city is like.
pub(super) struct CityOptions<'a> {
    pub(super) residents: u32,
    pub(super) seed: u64,
    pub(super) start: Date,
    /// The file with the public keys of the client.
    pub(super) keys: &'a Path,
}

impl City {
    pub(super) fn start(options: &CityOptions<'_>) -> Result<Self, DemoError> {
        let program = std::env::current_exe().map_err(DemoError::City)?;
        let start = options.start.to_string();
        let mut process = Command::new(program)
            .args(["standin", "serve", "--profile", "apotti"])
            .args(["--listen", "127.0.0.1:0", "--until-stdin-closes"])
            .args(["--export-seconds", "0"])
            .args(["--residents", &options.residents.to_string()])
            .args(["--seed", &options.seed.to_string()])
            .args(["--as-of", &start, "--start", &start])
            .arg("--client")
            .arg(format!("{CLIENT}={}", options.keys.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(DemoError::City)?;
        let address = process.stdout.take().and_then(listening);
        let ready = address.ok_or_else(|| {
            DemoError::City(std::io::Error::other("it did not say where it listens"))
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let client = reqwest::Client::builder().timeout(DEADLINE).build();
        let started = ready.and_then(|address| {
            let runtime = runtime.map_err(DemoError::City)?;
            Ok((address, runtime, client?))
        });
        match started {
            Ok((address, runtime, client)) => Ok(Self {
                process,
                address,
                runtime,
                client,
            }),
            Err(error) => {
                let _ = process.kill();
                let _ = process.wait();
                Err(error)
            }
        }
    }

    /// The FHIR base address.
    pub(super) fn base(&self) -> String {
        format!("http://{}/fhir", self.address)
    }

    /// Lets days pass.
    pub(super) fn advance(&self, days: u16) -> Result<(), DemoError> {
        let body = json!({ "days": days }).to_string();
        self.control(self.client.post(self.at("advance")).body(body))
            .map(drop)
    }

    /// A table of who would be confirmed within twelve months of a day, had everybody been tested.
    pub(super) fn truth(&self, from: Date) -> Result<Vec<u8>, DemoError> {
        self.control(self.client.get(self.at(&format!("truth?from={from}"))))
    }

    /// What has happened there so far, counted.
    pub(super) fn happened(&self) -> Result<Value, DemoError> {
        let text = self.control(self.client.get(self.at("world")))?;
        serde_json::from_slice(&text).map_err(|_| DemoError::Told)
    }

    fn at(&self, what: &str) -> String {
        format!("http://{}/_control/{what}", self.address)
    }

    fn control(&self, request: reqwest::RequestBuilder) -> Result<Vec<u8>, DemoError> {
        self.runtime.block_on(async {
            let answer = request.send().await?.error_for_status()?;
            Ok(answer.bytes().await?.to_vec())
        })
    }

    /// The most memory it has used, in bytes; `None` where the system does not tell.
    pub(super) fn peak_memory(&self) -> Option<u64> {
        peak_memory(&PathBuf::from(format!(
            "/proc/{}/status",
            self.process.id()
        )))
    }
}

impl Drop for City {
    fn drop(&mut self) {
        // Closing its standard input ends it too; waiting leaves no process behind.
        drop(self.process.stdin.take());
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The address in `listening on http://127.0.0.1:PORT`.
fn listening(out: impl std::io::Read) -> Option<SocketAddr> {
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line).ok()?;
    line.trim()
        .strip_prefix("listening on http://")?
        .parse()
        .ok()
}

/// The high-water mark of a process's resident memory, in bytes.
pub(super) fn peak_memory(status: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
