//! What comes of each file of an export; part of the machine.

use reqwest::StatusCode;

use super::super::answers::{asks_to_wait, later, said};
use super::super::http::Heard;
use super::action::{Action, Fetch};
use super::job::{Failure, Stage};
use super::manifest::{Got, Manifest};
use super::step::Machine;

/// Tries of one file.
const MOST_TRIES: u32 = 6;
/// Tries of a file whose number of lines is not what was promised.
const MOST_RECOUNTS: u32 = 2;

/// How the fetching of a file ended.
pub(super) enum FileEnd {
    Here(Got),
    CutOff(String),
    Heard(Heard),
}

impl Machine {
    pub(super) fn file(&mut self, end: FileEnd) {
        let Stage::Fetching {
            status,
            manifest,
            tries,
            again,
        } = self.job.stage.clone()
        else {
            return;
        };
        let Some(n) = manifest.files.iter().position(|file| file.got.is_none()) else {
            return;
        };
        let mut tried_again = |tries| {
            self.job.stage = Stage::Fetching {
                status: status.clone(),
                manifest: manifest.clone(),
                tries,
                again,
            };
        };
        let (last, heard) = match end {
            FileEnd::Here(got) => {
                if manifest.files[n].promises_other_than(&got) && tries < MOST_RECOUNTS {
                    tried_again(tries + 1);
                    let until = self.after(None, 0);
                    return self.push(Action::WaitUntil(until));
                }
                let mut manifest = manifest;
                manifest.files[n].got = Some(got);
                self.enter(Stage::Fetching {
                    status,
                    manifest,
                    tries: 0,
                    again,
                });
                return self.next();
            }
            FileEnd::CutOff(why) => (why, None),
            FileEnd::Heard(heard) => {
                if let Heard::Answer(answer) = &heard {
                    let is_gone = is_gone(answer.status, manifest.requires_token);
                    // A signed address that has expired is forbidden; the manifest has a fresh one.
                    let may_be_stale = is_gone || answer.status == StatusCode::FORBIDDEN;
                    if may_be_stale && !again {
                        self.enter(Stage::Preparing {
                            status,
                            polls: 0,
                            failures: 0,
                            pages: None,
                            had: manifest.files,
                            again: true,
                        });
                        return self.next();
                    }
                    if is_gone {
                        return self.begin_anew();
                    }
                }
                let why = match &heard {
                    Heard::Answer(answer) => said(answer),
                    Heard::Nothing(why) | Heard::TooLarge(why) => why.clone(),
                };
                (why, Some(heard))
            }
        };
        let is_hopeful = heard.as_ref().is_none_or(|heard| later(heard).is_some());
        let tries = tries + u32::from(!heard.as_ref().is_some_and(asks_to_wait));
        tried_again(if is_hopeful { tries } else { 0 });
        if !is_hopeful || MOST_TRIES <= tries {
            // The next process begins with fresh patience, and may ask for the manifest again.
            self.job.stage = Stage::Fetching {
                status,
                manifest: manifest.clone(),
                tries: 0,
                again: false,
            };
            self.push(Action::Save);
            let resource_type = manifest.files[n].resource_type.clone();
            return self.end(Some(Failure::File {
                resource_type,
                tries: tries.max(1),
                last,
            }));
        }
        self.push(Action::Tell(format!("a file is fetched again: {last}")));
        match heard {
            Some(heard) => self.wait(&heard, tries),
            None => {
                let until = self.after(None, tries);
                self.push(Action::WaitUntil(until));
            }
        }
    }
}

/// Whether there is no file at an address any more. One that is a secret of its own, and needs no
/// token, is refused in the words of the store that keeps it once it has expired.
fn is_gone(status: StatusCode, requires_token: bool) -> bool {
    let is_refused = matches!(
        status,
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
    );
    matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE) || is_refused && !requires_token
}

/// The first file that is not here yet.
pub(super) fn next_file(manifest: &Manifest) -> Option<Fetch> {
    let mut files = manifest.files.iter().enumerate();
    let (n, file) = files.find(|(_, file)| file.got.is_none())?;
    let kind: String = file
        .resource_type
        .chars()
        .filter(char::is_ascii_alphabetic)
        .collect();
    let kind = if kind.is_empty() {
        "Resource".to_owned()
    } else {
        kind
    };
    Some(Fetch {
        url: file.url.clone(),
        with_token: manifest.requires_token,
        kind: file.kind,
        // By place and address: in another manifest of the same export the place may be another file's.
        name: format!(
            "{kind}.{n:05}.{}.ndjson",
            &blake3::hash(file.url.as_bytes()).to_hex()[..8]
        ),
    })
}
