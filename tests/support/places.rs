//! Where orders go that do not leave by FHIR, played by the tests: a folder reader and an HL7 v2 listener.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::acting::Clinic;
use super::site::TempFolder;

/// RFC 8410, section 10.3: nobody may sign with it.
pub(crate) const PRIVATE_KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
/// Section 10.1: its public half.
pub(crate) const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";

/// Three folders between the program and somebody who reads them, and the program's key.
pub(crate) struct Folders(TempFolder);

impl Folders {
    pub(crate) fn new() -> Self {
        let folder = TempFolder::new();
        for name in ["out", "kept", "acknowledged"] {
            fs::create_dir(folder.join(name)).expect("a folder can be made");
        }
        fs::write(folder.join("key.pem"), PRIVATE_KEY).expect("a key can be written");
        Self(folder)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The lines of a configuration that name them.
    pub(crate) fn lines(&self) -> String {
        let line =
            |name: &str, folder: &str| format!("{name} = \"{}\"\n", self.path(folder).display());
        line("folder", "out") + &line("kept", "kept") + &line("acknowledged", "acknowledged")
    }

    /// The table of signed files.
    pub(crate) fn list(&self) -> String {
        format!(
            "\n[channel.laboratory.list]\n{}signing_key = \"{}\"\nlook_seconds = 3\n",
            self.lines(),
            self.path("key.pem").display()
        )
    }

    /// The files that were handed over, by name, with what they say.
    pub(crate) fn files(&self, ending: &str) -> BTreeMap<String, String> {
        read(&self.path("out"), ending)
    }

    /// The rows of all signed files, each as its fields by column.
    pub(crate) fn rows(&self) -> Vec<BTreeMap<String, String>> {
        let mut rows = Vec::new();
        for content in self.files(".csv").values() {
            let mut reader = csv::Reader::from_reader(content.as_bytes());
            let header = reader.headers().expect("a header").clone();
            for row in reader.records() {
                let row = row.expect("a row");
                let fields = header.iter().zip(&row);
                rows.push(
                    fields
                        .map(|(name, value)| (name.to_owned(), value.to_owned()))
                        .collect(),
                );
            }
        }
        rows
    }

    /// Says the same about every row of every file.
    pub(crate) fn acknowledges(&self, outcome: &str) {
        for (name, content) in self.files(".csv") {
            let mut reader = csv::Reader::from_reader(content.as_bytes());
            let rows = reader.records().map(|row| row.expect("a row"));
            let rows = rows.map(|row| format!("{},{outcome},lab-{}\n", &row[0], &row[0][..8]));
            let text = "order,outcome,reference\n".to_owned() + &rows.collect::<String>();
            let path = self.path("acknowledged").join(format!("{name}.ack"));
            fs::write(path, text).expect("it can be written");
        }
    }
}

fn read(folder: &Path, ending: &str) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(ending) && !name.starts_with('.') {
            let content = fs::read_to_string(entry.path()).expect("it is text");
            files.insert(name, content);
        }
    }
    files
}

/// How a listener answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answers {
    /// With this code of an acknowledgement, `AA`, `AE` or `AR`.
    With(&'static str),
    /// With `AA`, after a while.
    After(Duration),
    /// It does the work and closes before it answers.
    Never,
    /// Not the first time, and then with `AA`.
    ToRepeats,
    /// About another message.
    ToAnother,
    /// As something does that speaks no HL7 v2.
    Nonsense,
}

/// An HL7 v2 listener that acts once on one MSH-10.
pub(crate) struct Hl7Listener {
    address: String,
    state: Arc<Mutex<Heard>>,
}

struct Heard {
    answers: Answers,
    /// Messages by MSH-10, and how often each came.
    messages: BTreeMap<String, (String, u32)>,
}

impl Hl7Listener {
    pub(crate) fn starts(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        let address = listener.local_addr().expect("bound").to_string();
        let heard = Heard {
            answers,
            messages: BTreeMap::new(),
        };
        let state = Arc::new(Mutex::new(heard));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(stream), shared) = (stream, Arc::clone(&shared)) else {
                    continue;
                };
                thread::spawn(move || answer(stream, &shared));
            }
        });
        Self { address, state }
    }

    /// Messages by MSH-10, and how often each came.
    pub(crate) fn messages(&self) -> BTreeMap<String, (String, u32)> {
        self.state.lock().expect("nobody panicked").messages.clone()
    }

    /// The table of a configuration that names it.
    pub(crate) fn table(&self, repeats_are_safe: bool) -> String {
        format!(
            "\n[channel.laboratory.hl7v2]\nlistener = \"{}\"\nrepeats_are_safe = {repeats_are_safe}\n{PARTIES}",
            self.address
        )
    }
}

/// Who talks to whom.
pub(crate) const PARTIES: &str = r#"sending_application = "PREVENTIO"
sending_facility = "HELSINKI"
receiving_application = "LAB"
receiving_facility = "HUS"
patient_authority = "APOTTI"
look_seconds = 3
"#;

/// One block in, one out.
fn answer(mut stream: TcpStream, shared: &Mutex<Heard>) -> Option<()> {
    let mut bytes = Vec::new();
    let mut part = [0; 1024];
    while !bytes.ends_with(&[0x1c, 0x0d]) {
        let n = stream.read(&mut part).ok().filter(|n| 0 < *n)?;
        bytes.extend_from_slice(&part[..n]);
    }
    let text = String::from_utf8(bytes[1..bytes.len() - 2].to_vec()).ok()?;
    let id = text.split('|').nth(9)?.to_owned();
    let (answers, n) = {
        let mut heard = shared.lock().expect("nobody panicked");
        let entry = heard.messages.entry(id.clone()).or_insert((text, 0));
        entry.1 += 1;
        let n = heard.messages[&id].1;
        (heard.answers, n)
    };
    let (code, about) = match answers {
        Answers::With(code) => (code, id),
        Answers::After(pause) => {
            thread::sleep(pause);
            ("AA", id)
        }
        Answers::ToAnother => ("AA", "ANOTHER".to_owned()),
        Answers::ToRepeats if 1 < n => ("AA", id),
        Answers::Never | Answers::ToRepeats => return None,
        Answers::Nonsense => return stream.write_all(b"\x0bSSH-2.0\r\x1c\r").ok(),
    };
    let said = format!(
        "\x0bMSH|^~\\&|LAB|HUS|PREVENTIO|HELSINKI|20250201||ACK^O21^ACK|A{about}|P|2.5.1\rMSA|{code}|{about}\r\x1c\r"
    );
    stream.write_all(said.as_bytes()).ok()
}

/// What the clinic's configuration says of channels when it says nothing else.
pub(crate) const CHANNEL: &str =
    "[channel.laboratory]\nway = \"service-request\"\nserver = \"standin\"\n";
/// Every kind of act by the first way that the server declares.
pub(crate) const DECLARED: &str = r#"[channel.laboratory]
way = "declared"
server = "standin"
to = ["PractitionerRole/nurses"]

[channel.questionnaire]
way = "declared"
server = "standin"

[channel.message]
way = "declared"
server = "standin"

[channel.professional]
way = "declared"
server = "standin"
to = ["PractitionerRole/nurses"]
"#;

/// A clinic whose laboratory orders leave otherwise: ways, more keys of the channel, and its tables.
#[track_caller]
pub(crate) fn leaves_by(clinic: &Clinic, ways: &str, keys: &str, tables: &str) {
    let text = format!("[channel.laboratory]\nway = {ways}\nserver = \"standin\"\n{keys}{tables}");
    clinic.configured(&[(CHANNEL, &text)]);
}
