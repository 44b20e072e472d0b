//! A data folder of its own for each story, and the real program at work on it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use preventiojyraa::fhir::IdentityKey;
use preventiojyraa::lake::{DecisionRow, IssueRow, RegisterRow, Store};
use preventiojyraa::profile::{Fact, ResidentId};
use serde_json::Value;

pub(crate) use super::dice::Dice;

/// The index date of every story that does not choose its own.
pub(crate) const INDEX_DATE: &str = "2025-11-01";

/// A folder that goes away with the test.
pub(crate) struct TempFolder(PathBuf);

impl TempFolder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("preventio-story-{}-{n}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a temporary folder can be made");
        Self(path)
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        // A folder that cannot be removed is no reason to fail a story.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What the program said, and how it ended.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    #[track_caller]
    pub(crate) fn ends_well(self) -> String {
        assert_eq!(self.code, Some(0), "stderr: {}", self.err);
        self.out
    }

    /// What a person reads when it ends well, without times.
    #[track_caller]
    pub(crate) fn without_times(self) -> String {
        // One instant in a thousand is a whole second, and written without a fraction.
        let is_time =
            |word: &str| 20 <= word.len() && word.starts_with("20") && word.ends_with('Z');
        let said = self.ends_well();
        let lines = said.lines().map(|line| {
            let words = line.split(' ');
            let words = words.map(|word| if is_time(word) { "<time>" } else { word });
            words.collect::<Vec<_>>().join(" ") + "\n"
        });
        lines.collect()
    }

    #[track_caller]
    pub(crate) fn ends_with(self, code: i32) -> String {
        assert_eq!(
            self.code,
            Some(code),
            "stdout: {}\nstderr: {}",
            self.out,
            self.err
        );
        self.err
    }
}

fn command<A: AsRef<OsStr>>(arguments: &[A]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_preventio"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub(crate) fn preventio<A: AsRef<OsStr>>(arguments: &[A]) -> Said {
    said(command(arguments).output().expect("the program starts"))
}

fn said(output: Output) -> Said {
    let Output {
        status,
        stdout,
        stderr,
    } = output;
    let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
    Said {
        code: status.code(),
        out: text(stdout),
        err: text(stderr),
    }
}

/// Runs the program to its end, and tells it something on its standard input.
pub(crate) fn preventio_is_told<A: AsRef<OsStr>>(arguments: &[A], text: &[u8]) -> Said {
    let mut command = command(arguments);
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut talk = child.stdin.take().expect("it listens");
    // It may have refused before it has listened.
    drop(talk.write_all(text));
    drop(talk);
    said(child.wait_with_output().expect("the program ends"))
}

/// Starts the program and does not wait for it.
pub(crate) fn preventio_starts<A: AsRef<OsStr>>(arguments: &[A]) -> Child {
    let mut command = command(arguments);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("the program starts")
}

/// A data folder.
pub(crate) struct Site {
    folder: TempFolder,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self {
            folder: TempFolder::new(),
        }
    }

    /// A path beside the data folder.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub(crate) fn lake(&self) -> PathBuf {
        self.data().join("lake")
    }

    /// A command about this data folder: its words, then more.
    pub(crate) fn arguments(&self, words: &[&str]) -> Vec<String> {
        let data = self.data().display().to_string();
        let words = words.iter().map(|word| (*word).to_owned());
        words.chain(["--data".to_owned(), data]).collect()
    }

    /// Runs a command that reads a text from its standard input.
    pub(crate) fn is_told(&self, words: &[&str], text: &[u8]) -> Said {
        preventio_is_told(&self.arguments(words), text)
    }

    pub(crate) fn does(&self, words: &[&str]) -> Said {
        preventio(&self.arguments(words))
    }

    pub(crate) fn pull_words(&self, from: &Path, more: &[&str]) -> Vec<String> {
        let from = from.display().to_string();
        let mut words = vec!["pull", "--from", &from];
        words.extend(more);
        self.arguments(&words)
    }

    /// Pulls an export folder and returns the report.
    #[track_caller]
    pub(crate) fn pulls(&self, from: &Path, more: &[&str]) -> Value {
        let words = [&["--json"], more].concat();
        let out = preventio(&self.pull_words(from, &words)).ends_well();
        serde_json::from_str(&out).expect("the report is JSON")
    }

    /// Runs as of a day and returns the report.
    #[track_caller]
    pub(crate) fn runs(&self, index_date: &str, more: &[&str]) -> Value {
        let words = [&["run", "--index-date", index_date, "--json"], more].concat();
        serde_json::from_str(&self.does(&words).ends_well()).expect("the report is JSON")
    }

    /// Where everybody stands, by a report that adds up by itself.
    #[track_caller]
    pub(crate) fn covers(&self) -> Value {
        let said = self.does(&["coverage", "--json"]).ends_well();
        let report: Value = serde_json::from_str(&said).expect("the report is JSON");
        let sum = |list: &Value| -> u64 {
            let list = list.as_array().expect("a list");
            list.iter().map(|one| count(&one["residents"])).sum()
        };
        for parts in ["standings", "by_district", "by_language"] {
            assert_eq!(sum(&report[parts]), count(&report["register"]), "{parts}");
        }
        for standing in report["standings"].as_array().expect("a list") {
            let rows = standing["rows"].as_object().expect("rows").values();
            let n: u64 = rows.map(count).sum();
            let is_decided = !text(&standing["standing"]).starts_with("to-decide:new");
            assert!(
                !is_decided || n == count(&standing["residents"]),
                "{standing}"
            );
        }
        report
    }

    /// The hash of what a run decides.
    #[track_caller]
    pub(crate) fn decisions_hash(&self, index_date: &str) -> String {
        text(&self.runs(index_date, &[])["decisions_hash"])
    }

    #[track_caller]
    pub(crate) fn is_whole(&self) {
        let said = self.does(&["fsck"]);
        assert_eq!(said.code, Some(0), "fsck says: {}{}", said.out, said.err);
    }

    /// What `fsck` finds wrong.
    #[track_caller]
    pub(crate) fn damage(&self) -> String {
        let said = self.does(&["fsck"]);
        assert_eq!(said.code, Some(3), "fsck says: {}{}", said.out, said.err);
        said.out
    }

    pub(crate) fn store(&self) -> Store {
        Store::open(&self.lake()).expect("the lake opens")
    }

    /// Every fact about those who are on the register of another data folder, in order.
    pub(crate) fn facts_about_those_of(&self, other: &Site) -> Vec<(ResidentId, Fact)> {
        let residents: Vec<ResidentId> = other.register().iter().map(|row| row.resident).collect();
        let mut facts = self.facts();
        facts.retain(|(resident, _)| residents.contains(resident));
        facts
    }

    /// Every fact that is stored, in order.
    pub(crate) fn facts(&self) -> Vec<(ResidentId, Fact)> {
        let rules = preventiojyraa::rules::shipped().expect("the shipped rules hold");
        let store = self.store();
        let stored = store.facts(&rules.catalogue, None);
        let mut stored = stored.expect("facts can be read");
        let (mut facts, mut some) = (Vec::new(), Vec::new());
        while let Some(resident) = stored.next_resident().expect("facts can be read") {
            some.clear();
            stored
                .take_until(resident, &mut some)
                .expect("facts can be read");
            for mut fact in some.drain(..) {
                // How it was written on the way is nothing that it says.
                fact.version.digest = 0;
                facts.push((resident, fact));
            }
        }
        facts.sort_by_key(|(resident, fact)| {
            (*resident, fact.submission, fact.version, fact.part, fact.id)
        });
        facts
    }

    pub(crate) fn issues(&self) -> Vec<IssueRow> {
        self.store().issues(None).expect("issues can be read")
    }

    pub(crate) fn register(&self) -> Vec<RegisterRow> {
        self.store()
            .register(None)
            .expect("the register can be read")
    }

    /// The decisions of the newest run.
    pub(crate) fn decisions(&self) -> BTreeMap<ResidentId, DecisionRow> {
        let mut newest: (u32, BTreeMap<_, _>) = (0, BTreeMap::new());
        let each = |run, row: DecisionRow| {
            if newest.0 < run {
                newest = (run, BTreeMap::new());
            }
            if newest.0 == run {
                newest.1.insert(row.resident, row);
            }
        };
        self.store()
            .decisions(None, each)
            .expect("decisions can be read");
        newest.1
    }

    /// The state in which the newest run left a resident.
    #[track_caller]
    pub(crate) fn state_of(&self, patient_id: &str) -> &'static str {
        let decisions = self.decisions();
        let decision = decisions.get(&opaque(patient_id));
        decision
            .unwrap_or_else(|| panic!("nothing was decided about {patient_id}"))
            .state
    }

    /// The reviews that the newest run opened for a resident.
    #[track_caller]
    pub(crate) fn reviews_of(&self, patient_id: &str) -> String {
        let decisions = self.decisions();
        decisions[&opaque(patient_id)].reviews.clone()
    }
}

/// Everything a decision says, for comparing one with another.
pub(crate) fn words_of(row: &DecisionRow) -> String {
    let DecisionRow {
        resident,
        state,
        row,
        next,
        score,
        probability,
        items,
        asks,
        reviews,
        reasons,
    } = row;
    format!(
        "{resident} {state} {row} {next} {score:?} {probability:?} {items} {asks} {reviews} {reasons}"
    )
}

/// The opaque id of a resident of the source that has no name of its own.
pub(crate) fn opaque(patient_id: &str) -> ResidentId {
    IdentityKey::PUBLIC.resident("export", patient_id)
}

/// A JSON text.
#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a JSON text").to_owned()
}

/// A JSON number of things.
#[track_caller]
pub(crate) fn count(value: &Value) -> u64 {
    value.as_u64().expect("a JSON count")
}

/// A register that the program makes up, as an export folder.
pub(crate) fn made_up_register(folder: &TempFolder, residents: u32, seed: u64) -> PathBuf {
    let out = folder.join("made-up");
    let (n, s) = (residents.to_string(), seed.to_string());
    let place = out.display().to_string();
    preventio(&[
        "standin",
        "export",
        "--residents",
        &n,
        "--seed",
        &s,
        "--out",
        &place,
        "--as-of",
        "2025-01-15",
    ])
    .ends_well();
    out
}
