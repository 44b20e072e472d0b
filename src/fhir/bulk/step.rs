//! What an export does next: a machine without IO.
//!
//! | stage | what comes | what follows |
//! |---|---|---|
//! | asking | 202 with an address on the same origin | preparing, on disk before the first poll: soon, or when the server says |
//! | | 429, 502, 503, 504, `transient`, a page for people, no answer | ask again later |
//! | | 200, 405, 501 | the server has no export |
//! | | anything else | refused |
//! | preparing | 202, or 200 with `X-Export-Status: 202` | ask again later |
//! | | 200 with a manifest | fetching, or its next page; closing when that one was there before |
//! | | 404, 410 | asking anew, once |
//! | | 429, 502, 503, 504, `transient`, a page for people, no answer | ask again later |
//! | | other 4xx and 5xx | closing, failed |
//! | fetching | a file, with as many lines as promised | the next file, or fetched |
//! | | one with other lines than promised | again, twice; then it counts as incomplete |
//! | | 404, 410; 400, 401, 403 where no token is required | preparing: the manifest once more, then asking anew, once |
//! | | 403 where a token is required | preparing: the manifest once more; in the end the pull fails and the job stays |
//! | | a file cut off, 429, 5xx, no answer | again later; in the end the pull fails and the job stays |
//! | fetched | facts stored | closing |
//! | closing | any answer but "not now" | forgotten |
//!
//! What does not belong to a stage changes nothing.

use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;
use reqwest::Url;

use super::super::answers::{asks_to_wait, later, page_for_people, said};
use super::super::http::{Answer, Heard, shown, usable};
use super::super::retry_after;
use super::action::{Action, Call, Patience};
use super::files::{FileEnd, next_file};
use super::job::{Failure, Job, Pages, Stage};
use super::manifest::{Got, ListedFile, Manifest, NotFollowed, Page, origin};
use crate::delivery::{after, clamped_retry};

/// A server is never asked to wait for longer than this, whatever it says.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);
/// An export of what changed may be there at once: without a word from the server it is asked about
/// after so many seconds, and then after one, two, four.
const FIRST_POLL: f64 = 0.25;
/// Without a word from the server nobody waits for longer than this.
const LONGEST_BACKOFF: f64 = 300.0;
/// Answers in a row that tell nothing, until a person is told.
const MOST_FAILURES: u32 = 10;
/// Pages of a manifest: a city's files fill some dozens.
const MOST_PAGES: usize = 10_000;
/// Tries of saying that an export is not needed any more.
const MOST_DELETES: u32 = 3;

/// What happened.
pub(super) enum Event {
    /// The process began, or it is time.
    Woke,
    /// An answer to what was asked.
    Heard(Heard),
    /// A file is here, with so many lines.
    Here(Got),
    /// A file came and is not whole.
    CutOff(String),
    /// The facts are stored.
    Stored,
    /// Nobody wants it any more.
    GivenUp,
}

/// What happens next.
pub(super) fn step(
    job: Job,
    now: Timestamp,
    patience: Patience,
    event: Event,
) -> (Job, Vec<Action>) {
    let mut machine = Machine {
        job,
        now,
        actions: Vec::new(),
    };
    match event {
        Event::Woke => machine.go_on(patience),
        Event::Heard(heard) => machine.heard(heard),
        Event::Here(got) => machine.file(FileEnd::Here(got)),
        Event::CutOff(why) => machine.file(FileEnd::CutOff(why)),
        Event::Stored => machine.stored(),
        Event::GivenUp => machine.give_up(None),
    }
    (machine.job, machine.actions)
}

pub(super) struct Machine {
    pub(super) job: Job,
    now: Timestamp,
    actions: Vec<Action>,
}

impl Machine {
    pub(super) fn push(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// A new stage, on disk before anything else happens.
    pub(super) fn enter(&mut self, stage: Stage) {
        self.job.stage = stage;
        self.push(Action::Save);
    }

    pub(super) fn end(&mut self, failure: Option<Failure>) {
        if failure
            .as_ref()
            .is_none_or(|failure| !failure.keeps_the_job())
        {
            self.push(Action::Forget);
        }
        self.push(Action::Ended(failure));
    }

    fn go_on(&mut self, patience: Patience) {
        let began = Timestamp::from_second(self.job.began).unwrap_or(self.now);
        let limit = SignedDuration::from_hours(24 * i64::from(patience.days));
        if limit < self.now.duration_since(began) {
            match &self.job.stage {
                Stage::Asking { .. } | Stage::Preparing { .. } | Stage::Fetching { .. } => {
                    return self.give_up(Some(Failure::TooLate(patience.days)));
                }
                Stage::Fetched { .. } | Stage::Closing { .. } => {}
            }
        }
        self.next();
    }

    /// What the stage does by itself.
    pub(super) fn next(&mut self) {
        let action = match &self.job.stage {
            Stage::Asking { .. } => Action::Ask(Call::KickOff),
            Stage::Preparing { status, pages, .. } => {
                let url = pages.as_ref().map_or(status, |pages| &pages.next);
                Action::Ask(Call::Status(url.clone()))
            }
            Stage::Fetching {
                status, manifest, ..
            } => match next_file(manifest) {
                Some(fetch) => Action::Fetch(fetch),
                None => {
                    let (status, manifest) = (status.clone(), manifest.clone());
                    self.enter(Stage::Fetched { status, manifest });
                    Action::Store
                }
            },
            Stage::Fetched { .. } => Action::Store,
            Stage::Closing { status, .. } => Action::Ask(Call::Delete(status.clone())),
        };
        self.push(action);
    }

    fn heard(&mut self, heard: Heard) {
        match self.job.stage.clone() {
            Stage::Asking { tries } => self.answer_to_kick_off(heard, tries),
            Stage::Preparing { .. } => self.answer_to_poll(heard),
            Stage::Fetching { .. } => self.file(FileEnd::Heard(heard)),
            Stage::Fetched { .. } => {}
            Stage::Closing {
                status,
                tries,
                failure,
            } => {
                let is_later = later(&heard).is_some();
                if is_later && tries < MOST_DELETES {
                    self.enter(Stage::Closing {
                        status,
                        tries: tries + 1,
                        failure,
                    });
                    self.wait(&heard, tries);
                } else {
                    if is_later {
                        let text = "the server did not answer the wish to delete the export";
                        self.push(Action::Tell(text.to_owned()));
                    }
                    self.end(failure);
                }
            }
        }
    }

    fn stored(&mut self) {
        if let Stage::Fetched { status, .. } = &self.job.stage {
            let status = status.clone();
            self.close(status, None);
        }
    }

    /// The server need not keep it any longer.
    fn close(&mut self, status: String, failure: Option<Failure>) {
        self.enter(Stage::Closing {
            status,
            tries: 0,
            failure,
        });
        self.next();
    }

    fn give_up(&mut self, failure: Option<Failure>) {
        match &self.job.stage {
            Stage::Asking { .. } => self.end(failure),
            Stage::Preparing { status, .. }
            | Stage::Fetching { status, .. }
            | Stage::Fetched { status, .. }
            | Stage::Closing { status, .. } => {
                let status = status.clone();
                self.close(status, failure);
            }
        }
    }

    /// The server has forgotten it: once it is asked for anew.
    pub(super) fn begin_anew(&mut self) {
        if 0 < self.job.restarts {
            return self.end(Some(Failure::Gone));
        }
        self.job.restarts += 1;
        self.push(Action::Clear);
        self.enter(Stage::Asking { tries: 0 });
        let text = "the server has forgotten the export: asking for a new one";
        self.push(Action::Tell(text.to_owned()));
        self.next();
    }

    /// Waits as the answer says, or longer with every try.
    pub(super) fn wait(&mut self, heard: &Heard, tries: u32) {
        let told = match heard {
            Heard::Answer(answer) => retry_after::told(&answer.headers, self.now),
            Heard::Nothing(_) | Heard::TooLarge(_) => None,
        };
        let until = self.after(told, tries);
        self.push(Action::WaitUntil(until));
    }

    pub(super) fn after(&self, told: Option<SignedDuration>, tries: u32) -> Timestamp {
        let jitter = self.job.jitter(tries);
        match told {
            // Never sooner than the server says, and a little later.
            Some(wait) => {
                let until = clamped_retry(self.now, wait, LONGEST_WAIT);
                after(until, SignedDuration::from_millis(whole(jitter * 250.0)))
            }
            None => {
                let doubled = 2_f64.powi(i32::try_from(tries.min(16)).unwrap_or(16));
                self.in_about(doubled.min(LONGEST_BACKOFF), tries)
            }
        }
    }

    /// A quarter sooner or later than in so many seconds: not everybody at once.
    fn in_about(&self, seconds: f64, tries: u32) -> Timestamp {
        let seconds = seconds * (0.75 + self.job.jitter(tries) / 2.0);
        after(
            self.now,
            SignedDuration::from_millis(whole(seconds * 1_000.0)),
        )
    }

    fn answer_to_kick_off(&mut self, heard: Heard, tries: u32) {
        if let Some(why) = later(&heard).or_else(|| page_for_people(&heard)) {
            if MOST_FAILURES <= tries && !asks_to_wait(&heard) {
                return self.end(Some(Failure::Failed(why)));
            }
            self.job.stage = Stage::Asking { tries: tries + 1 };
            self.push(Action::Tell(format!(
                "the server does not begin yet: {why}"
            )));
            return self.wait(&heard, tries);
        }
        let Heard::Answer(answer) = heard else {
            return;
        };
        let is_unknown = matches!(
            answer.status,
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED
        );
        if is_unknown || answer.status == StatusCode::OK {
            return self.end(Some(Failure::NoExport(said(&answer))));
        }
        if answer.status != StatusCode::ACCEPTED {
            return self.end(Some(Failure::Refused(said(&answer))));
        }
        let status = match answer.header("content-location") {
            None => return self.end(Some(Failure::NoStatus("missing".to_owned()))),
            Some(text) => text.to_owned(),
        };
        let Some(url) = usable(&status) else {
            let what = "not an https address".to_owned();
            return self.end(Some(Failure::NoStatus(what)));
        };
        if !self.is_own(&url) {
            return self.end(Some(Failure::OtherOrigin {
                what: "the status of the export".to_owned(),
                origin: origin(&status),
            }));
        }
        self.enter(Stage::Preparing {
            status,
            polls: 0,
            failures: 0,
            pages: None,
            had: Vec::new(),
            again: false,
        });
        self.push(Action::Tell("the server prepares the export".to_owned()));
        let told = retry_after::told(&answer.headers, self.now);
        let until = match told {
            Some(_) => self.after(told, 0),
            None => self.in_about(FIRST_POLL, 0),
        };
        self.push(Action::WaitUntil(until));
    }

    /// Whether an address is on the origin of the server.
    fn is_own(&self, url: &Url) -> bool {
        usable(&self.job.request.server).is_some_and(|own| own.origin() == url.origin())
    }

    fn answer_to_poll(&mut self, heard: Heard) {
        let Stage::Preparing {
            status,
            polls,
            failures,
            pages,
            had,
            again,
        } = self.job.stage.clone()
        else {
            return;
        };
        let mut keep_asking = |failures| {
            self.job.stage = Stage::Preparing {
                status: status.clone(),
                polls: polls.saturating_add(1),
                failures,
                pages: pages.clone(),
                had: had.clone(),
                again,
            };
        };
        let told_nothing = later(&heard).or_else(|| page_for_people(&heard));
        if let Some(why) = told_nothing {
            let is_patient = asks_to_wait(&heard);
            keep_asking(failures + u32::from(!is_patient));
            if MOST_FAILURES <= failures {
                let tries = failures;
                return self.end(Some(Failure::NoAnswer { tries, last: why }));
            }
            self.push(Action::Tell(format!("no word about the export: {why}")));
            return self.wait(&heard, polls);
        }
        let Heard::Answer(answer) = heard else {
            return;
        };
        match answer.status {
            StatusCode::NOT_FOUND | StatusCode::GONE => self.begin_anew(),
            StatusCode::UNAUTHORIZED => self.end(Some(Failure::Unauthorised(said(&answer)))),
            StatusCode::ACCEPTED => {
                keep_asking(0);
                self.still_preparing(answer, polls);
            }
            StatusCode::OK if answer.header("x-export-status") == Some("202") => {
                keep_asking(0);
                self.still_preparing(answer, polls);
            }
            StatusCode::OK => self.manifest(&answer, status, pages, had, again),
            _ => self.close(status, Some(Failure::Failed(said(&answer)))),
        }
    }

    fn still_preparing(&mut self, answer: Answer, polls: u32) {
        let progress = answer.header("x-progress").map(shown);
        if let Some(progress) = progress.filter(|text| !text.is_empty()) {
            let short: String = progress.chars().take(100).collect();
            self.push(Action::Tell(format!("the server says: {short}")));
        }
        self.wait(&Heard::Answer(answer), polls);
    }

    fn manifest(
        &mut self,
        answer: &Answer,
        status: String,
        pages: Option<Pages>,
        had: Vec<ListedFile>,
        again: bool,
    ) {
        let page = match Page::read(&answer.body) {
            Ok(page) => page,
            Err(NotFollowed::Address(place)) => {
                return self.close(status, Some(Failure::Address(place)));
            }
            Err(NotFollowed::NoManifest) => {
                let why = "its answer is no manifest".to_owned();
                return self.close(status, Some(Failure::Failed(why)));
            }
        };
        let mut manifest = page.manifest;
        if manifest.requires_token {
            let elsewhere =
                |file: &&ListedFile| usable(&file.url).is_none_or(|url| !self.is_own(&url));
            if let Some(file) = manifest.files.iter().find(elsewhere) {
                let failure = Failure::OtherOrigin {
                    what: "a file that needs a token".to_owned(),
                    origin: origin(&file.url),
                };
                return self.close(status, Some(failure));
            }
        }
        let mut asked = Vec::new();
        if let Some(before) = pages {
            asked = before.before;
            asked.push(before.next);
            let mut files = before.manifest.files;
            files.append(&mut manifest.files);
            manifest = Manifest {
                files,
                ..before.manifest
            };
        }
        if let Some(next) = page.next {
            if next == status || asked.contains(&next) || MOST_PAGES <= asked.len() {
                let why = "a page of its manifest leads back to an earlier one".to_owned();
                return self.close(status, Some(Failure::Failed(why)));
            }
            match usable(&next).filter(|url| self.is_own(url)) {
                None => {
                    let failure = Failure::OtherOrigin {
                        what: "the next page of the manifest".to_owned(),
                        origin: origin(&next),
                    };
                    return self.close(status, Some(failure));
                }
                Some(_) => self.enter(Stage::Preparing {
                    status,
                    polls: 0,
                    failures: 0,
                    pages: Some(Pages {
                        manifest,
                        next,
                        before: asked,
                    }),
                    had,
                    again,
                }),
            }
            return self.next();
        }
        for file in &mut manifest.files {
            file.got = had_before(file, &had);
        }
        let n = manifest.files.len();
        self.push(Action::Tell(format!("the export is ready: {n} files")));
        self.enter(Stage::Fetching {
            status,
            manifest,
            tries: 0,
            again,
        });
        self.next();
    }
}

/// What came of a file before the manifest was asked for again: by its address, or by its place when
/// only what signs the address is new and no other file has that place.
fn had_before(file: &ListedFile, had: &[ListedFile]) -> Option<Got> {
    let place = |url: &str| url.split(['?', '#']).next().unwrap_or_default().to_owned();
    if let Some(same) = had.iter().find(|before| before.url == file.url) {
        return same.got.clone();
    }
    let at_place = place(&file.url);
    let mut same = had.iter().filter(|before| {
        place(&before.url) == at_place
            && before.kind == file.kind
            && before.resource_type == file.resource_type
            && before.count == file.count
    });
    let found = same.next()?;
    if same.next().is_some() {
        return None;
    }
    found.got.clone()
}

/// A number of milliseconds that is no larger than an hour's.
fn whole(milliseconds: f64) -> i64 {
    let bounded = milliseconds.clamp(0.0, 3_600_000.0).round();
    #[allow(
        clippy::cast_possible_truncation,
        reason = "it lies between zero and an hour"
    )]
    let whole = bounded as i64;
    whole
}
