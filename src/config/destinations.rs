//! Where orders go that do not leave by FHIR: a folder, or a listener of HL7 v2.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::fhir::is_this_machine;

/// A folder from which the record system takes signed files, and says what became of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListFolder {
    /// Where files are put; the other side may take them away.
    pub folder: PathBuf,
    /// Where the program keeps what it has put there, for its own eyes.
    pub kept: PathBuf,
    /// Where the other side says what became of rows; without it they wait to be seen in the record.
    pub acknowledged: Option<PathBuf>,
    /// The key that signs them: Ed25519, PEM in PKCS #8 form.
    pub signing_key: PathBuf,
    /// Whether residents of `outreach` are written to or called; not for `list`.
    pub by: Option<OutreachBy>,
    /// The same for reminders, where they go another way than what they remind of.
    pub reminders_by: Option<OutreachBy>,
    /// Orders in one file, at most.
    #[serde(default = "default_rows")]
    pub rows: u32,
    /// Seconds between two looks at what became of a row.
    #[serde(default = "default_look")]
    pub look_seconds: u32,
}

/// How people reach a resident who has no portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutreachBy {
    /// By letter.
    Letter,
    /// By telephone.
    Phone,
}

impl OutreachBy {
    /// The name in the configuration and in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Letter => "letter",
            Self::Phone => "phone",
        }
    }
}

/// A receiver of HL7 v2 messages.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hl7Receiver {
    /// `HOST:PORT` of a listener (MLLP); not together with `folder`.
    pub listener: Option<String>,
    /// Where messages are put as files, one each.
    pub folder: Option<PathBuf>,
    /// Where the program keeps what it has put there.
    pub kept: Option<PathBuf>,
    /// Where the other side puts its answers, one file each; without it they wait to be seen in the record.
    pub acknowledged: Option<PathBuf>,
    /// MSH-3: what this program is called.
    pub sending_application: String,
    /// MSH-4: who sends.
    pub sending_facility: String,
    /// MSH-5: what the receiver is called.
    pub receiving_application: String,
    /// MSH-6: who receives.
    pub receiving_facility: String,
    /// PID-3.4: who gives out the residents' identifiers.
    pub patient_authority: String,
    /// Whether the receiver acts once on messages with one MSH-10, however often they come. Without it
    /// a message whose answer was lost is a task for a person.
    #[serde(default)]
    pub repeats_are_safe: bool,
    /// Seconds between two looks at what became of a file.
    #[serde(default = "default_look")]
    pub look_seconds: u32,
}

fn default_rows() -> u32 {
    1_000
}

fn default_look() -> u32 {
    300
}

impl ListFolder {
    /// What is wrong with the folder of `list` or `outreach`.
    pub(super) fn mistakes(&self, of: &str, wrong: &mut Vec<String>) {
        match (of, self.by, self.reminders_by) {
            ("outreach", None, _) => {
                wrong.push("outreach: `by` is missing: `letter` or `phone`".to_owned());
            }
            ("list", by, reminders) if by.is_some() || reminders.is_some() => {
                wrong.push("list: `by` and `reminders_by` belong to `outreach`".to_owned());
            }
            (_, _, _) => {}
        }
        let mut folders = vec![&self.folder, &self.kept];
        folders.extend(&self.acknowledged);
        apart(&folders, of, wrong);
        if !(1..=100_000).contains(&self.rows) {
            wrong.push(format!("{of}: `rows` is 1 to 100000"));
        }
        if self.look_seconds < 3 {
            wrong.push(format!(
                "{of}: `look_seconds` must be at least 3: a dispatcher that is to end waits two"
            ));
        }
        if let Err(error) = crate::approval::SigningKey::read(&self.signing_key) {
            wrong.push(format!("{of}: `signing_key`: {error}"));
        }
    }
}

impl Hl7Receiver {
    pub(super) fn mistakes(&self, is_trial: bool, wrong: &mut Vec<String>) {
        match (&self.listener, &self.folder) {
            (Some(listener), None) => {
                let host = listener.rsplit_once(':').filter(|(host, port)| {
                    !host.is_empty() && port.parse::<u16>().is_ok_and(|port| 0 < port)
                });
                match host {
                    None => wrong.push("hl7v2: `listener` is `HOST:PORT`".to_owned()),
                    // MLLP has no encryption of its own: orders are about people.
                    Some((host, _)) if !is_this_machine(host) => wrong.push(if is_trial {
                        "hl7v2: a trial talks to this machine only (127.0.0.1, ::1, localhost)"
                            .to_owned()
                    } else {
                        "hl7v2: `listener` must be on this machine: MLLP is not encrypted, so that what leaves the machine goes through a tunnel that ends here".to_owned()
                    }),
                    Some(_) => {}
                }
                if self.kept.is_some() || self.acknowledged.is_some() {
                    wrong.push("hl7v2: `kept` and `acknowledged` belong to `folder`".to_owned());
                }
            }
            (None, Some(folder)) => {
                let Some(kept) = &self.kept else {
                    wrong.push("hl7v2: `folder` needs `kept` beside it".to_owned());
                    return;
                };
                let mut folders = vec![folder, kept];
                folders.extend(&self.acknowledged);
                apart(&folders, "hl7v2", wrong);
            }
            (Some(_), Some(_)) | (None, None) => {
                wrong.push("hl7v2: either `listener` or `folder`".to_owned());
            }
        }
        let names = [
            ("sending_application", &self.sending_application),
            ("sending_facility", &self.sending_facility),
            ("receiving_application", &self.receiving_application),
            ("receiving_facility", &self.receiving_facility),
            ("patient_authority", &self.patient_authority),
        ];
        for (name, value) in names {
            // HD of HL7 2.5.1: a namespace id has 20 characters.
            let is_name = !value.is_empty()
                && value.chars().count() <= 20
                && value
                    .chars()
                    .all(|c| c.is_ascii_graphic() && !"|^~\\&".contains(c));
            if !is_name {
                wrong.push(format!(
                    "hl7v2: `{name}` is 1 to 20 characters without spaces and |^~\\&"
                ));
            }
        }
        if self.look_seconds < 3 {
            wrong.push(
                "hl7v2: `look_seconds` must be at least 3: a dispatcher that is to end waits two"
                    .to_owned(),
            );
        }
    }
}

/// Folders are there, are whole paths and are three: what one side puts somewhere the other must not
/// take for its own.
fn apart(folders: &[&PathBuf], what: &str, wrong: &mut Vec<String>) {
    for folder in folders {
        if !folder.is_absolute() {
            wrong.push(format!(
                "{what}: `{}` is not a whole path",
                folder.display()
            ));
        } else if !Path::is_dir(folder) {
            wrong.push(format!("{what}: there is no folder `{}`", folder.display()));
        }
    }
    // A file is handed over by renaming it, which works within one file system only.
    let devices: BTreeSet<u64> = folders
        .iter()
        .take(2)
        .filter_map(|folder| folder.metadata().ok())
        .map(|found| found.dev())
        .collect();
    if 1 < devices.len() {
        wrong.push(format!(
            "{what}: `folder` and `kept` are not on one file system"
        ));
    }
    for (n, folder) in folders.iter().enumerate() {
        if folders[..n].contains(folder) {
            wrong.push(format!("{what}: `{}` is named twice", folder.display()));
        }
    }
}
