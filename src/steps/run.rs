//! Run: every resident of the register gets a decision.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::acting::{ActOptions, ActReport, Acting, Asked, Collected};
use super::canonical::{Texts, canonical};
use super::{DataFolder, PullReport, StepError};
use crate::lake::{DecisionRow, DecisionsHash, FactStream, RegisterRow, Store, Table};
use crate::ledger::{EpisodeMap, PullRecord, RunRecord};
use crate::pathway;
use crate::profile::{Fact, Profile, Register, ResidentId};
use crate::rulebook::{Rulebook, State, Status};

/// What a run needs beside the rules and the data folder.
#[derive(Debug, Clone)]
pub struct RunOptions<'a> {
    /// The day profiles are taken.
    pub index_date: Date,
    /// Worker threads.
    pub threads: usize,
    /// The instant of the run (UTC), for people.
    pub at: String,
    /// How to act; `None` for a run that asks nothing of anybody.
    pub act: Option<ActOptions<'a>>,
}

/// Which rules decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulebookReport {
    /// Id of the programme.
    pub id: String,
    /// Its version.
    pub version: String,
    /// `draft` or `in-force`.
    pub status: String,
    /// SHA-256 over all rule files.
    pub fingerprint: String,
    /// Model and its version.
    pub model: String,
    /// Calibration and its version.
    pub calibration: String,
    /// Numbers in the rules that nobody has verified.
    pub unverified: usize,
}

/// Which data were decided on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullSummary {
    /// The pull the run saw.
    pub id: u32,
    /// Whether the newest pull of every source was read to its end.
    pub is_complete: bool,
    /// Lines of all pulls, by what became of them.
    pub lines: u64,
    /// Facts of all pulls.
    pub facts: u64,
}

/// What a run decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunReport {
    /// Its number.
    pub run: u32,
    /// The day profiles were taken.
    pub index_date: String,
    /// Residents on the register.
    pub register: u64,
    /// Residents by state; every state of the closed list is named, and they add up to `register`.
    pub states: BTreeMap<String, u64>,
    /// Residents by the pathway row that decided.
    pub rows: BTreeMap<String, u64>,
    /// Reviews opened for professionals, by pathway row.
    pub reviews: BTreeMap<String, u64>,
    /// Issues by code, of all pulls seen.
    pub issues: BTreeMap<String, u64>,
    /// Facts about people who are not on the register; named by the issue `subject-unknown`.
    pub facts_without_resident: u64,
    /// Which rules decided.
    pub rulebook: RulebookReport,
    /// Which data were decided on.
    pub pull: PullSummary,
    /// What was done to the world: nothing, unless a run is told to act.
    pub effects: String,
    /// What a run that acts asked of the world.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<ActReport>,
    /// SHA-256 over the canonical decisions, sorted by resident.
    pub decisions_hash: String,
}

/// Residents a worker takes at a time.
const CHUNK: usize = 1_024;

/// One resident with everything known, before the index date is applied.
struct Case {
    resident: ResidentId,
    register: Register,
    facts: Vec<Fact>,
}

/// What every decision of a run depends on, beside the resident.
#[derive(Clone, Copy)]
struct Deciding<'a> {
    rulebook: &'a Rulebook,
    episodes: &'a EpisodeMap,
    acting: Option<&'a Acting>,
    index_date: Date,
    threads: usize,
}

/// A decision in canonical form, and what it asks of the world.
struct Decided {
    row: DecisionRow,
    asked: Option<Asked>,
}

/// Decides about everybody and stores the decisions; unless told to act, it asks nothing of anybody.
///
/// # Errors
///
/// When nothing was pulled, the facts belong to other rules, or reading or
/// writing fails.
///
/// # Panics
///
/// Never by design: only when a rule book that the loader accepted cannot decide about somebody.
pub fn run(
    rulebook: &Rulebook,
    data: &mut DataFolder,
    options: &RunOptions<'_>,
) -> Result<RunReport, StepError> {
    let pulls = checked_pulls(rulebook, data)?;
    let act = options.act;
    let acting = act.map(|act| Acting::begin(rulebook, data, options.index_date, act));
    let acting = acting.transpose()?;
    let register = residents(data, &pulls)?;
    let id = data.ledger.runs()?.last().map_or(1, |run| run.id + 1);
    let (episodes, ledger_event) = data.ledger.episodes(None)?;
    let deciding = Deciding {
        rulebook,
        episodes: &episodes,
        acting: acting.as_ref(),
        index_date: options.index_date,
        threads: options.threads.max(1),
    };
    let mut tally = Tally::default();
    let mut collected = acting
        .as_ref()
        .zip(act)
        .map(|(acting, act)| Collected::new(acting, act.config));
    let staged = thread::scope(|scope| {
        let (send_done, receive_done) = sync_channel(deciding.threads * 2);
        let passed_over = scope.spawn(|| decide_all(deciding, &data.store, &register, send_done));
        let mut in_order = InOrder {
            receive: receive_done,
            waiting: BTreeMap::new(),
            next: 0,
        };
        let staged = data.store.stage_decisions(id, || {
            let Some(decided) = in_order.next() else {
                return Ok::<_, StepError>(None);
            };
            let mut rows = Vec::with_capacity(decided.len());
            for Decided { row, asked } in decided {
                tally.add(&row);
                if let (Some(collected), Some(asked)) = (&mut collected, asked) {
                    collected.add(asked);
                }
                rows.push(row);
            }
            Ok(Some(rows))
        });
        // When staging failed, nobody takes decisions any more and the deciders must stop.
        drop(in_order);
        tally.passed_over = passed_over.join().expect("deciding never panics")?;
        staged
    })?;
    let mut report = tally.report(rulebook, id, options, &pulls, register.len());
    let record = RunRecord {
        id,
        at: options.at.clone(),
        index_date: options.index_date.to_string(),
        pull: report.pull.id,
        rules_fingerprint: rulebook.fingerprint.clone(),
        decisions_hash: report.decisions_hash.clone(),
        register: report.register,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        ledger_event,
        acted: collected.is_some(),
        report: String::new(),
    };
    let (commit, asked) = collected.map(|c| (c.commit, c.report)).unzip();
    let today = act.map(|act| act.today);
    let generation = data.ledger.commit_run(
        &record,
        &[staged.file],
        commit.as_ref().zip(today),
        |acted| {
            report.finish(asked.map(|asked| asked.with(acted)));
            serde_json::to_string(&report).expect("a report has no maps with odd keys")
        },
    )?;
    data.publish(generation)?;
    Ok(report)
}

/// The pulls of a folder, when its facts belong to these rules.
pub(super) fn checked_pulls(
    rulebook: &Rulebook,
    data: &DataFolder,
) -> Result<Vec<PullRecord>, StepError> {
    let pulls = data.ledger.pulls()?;
    if pulls.is_empty() {
        return Err(StepError::NothingPulled);
    }
    if pulls
        .iter()
        .any(|pull| pull.facts_fingerprint != rulebook.facts_fingerprint)
    {
        return Err(StepError::OtherFacts);
    }
    Ok(pulls)
}

/// The register, sorted by resident; residents of a source with an open slice are incomplete.
fn residents(
    data: &DataFolder,
    pulls: &[PullRecord],
) -> Result<Vec<(ResidentId, Register)>, StepError> {
    let rows = data.store.register(None)?;
    let open = sources_with_open_slices(pulls);
    Ok(rows
        .iter()
        .map(|row| (row.resident, completed(row, &open)))
        .collect())
}

/// A register entry with its completeness.
pub(super) fn completed(row: &RegisterRow, open: &BTreeSet<String>) -> Register {
    Register {
        complete: !open.contains(&*row.source),
        ..row.register
    }
}

/// Sources of which some resource type was cut off and has not come whole since.
///
/// A file cut off before its first line is known by the word its name begins with.
pub(super) fn sources_with_open_slices(pulls: &[PullRecord]) -> BTreeSet<String> {
    let mut open: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for pull in pulls {
        let slices = serde_json::from_str::<PullReport>(&pull.report).map(|report| report.slices);
        let slices = slices.unwrap_or_default();
        let kinds = |is_whole: bool| {
            let slices = slices
                .iter()
                .filter(move |slice| slice.is_whole == is_whole);
            let kinds = slices
                .flat_map(|slice| slice.types.iter().cloned().chain([first_word(&slice.file)]));
            kinds.collect::<BTreeSet<String>>()
        };
        let (whole, cut_off) = (kinds(true), kinds(false));
        let open = open.entry(&pull.source).or_default();
        open.retain(|kind| !whole.contains(kind));
        open.extend(cut_off);
    }
    open.retain(|_, kinds| !kinds.is_empty());
    open.into_keys().map(str::to_owned).collect()
}

/// `Observation` of `Observation.000.ndjson.gz`.
fn first_word(file: &str) -> String {
    file.chars().take_while(|c| c.is_alphabetic()).collect()
}

/// Reads facts along the register, decides in several threads, and returns how many facts
/// belong to nobody on the register.
fn decide_all(
    deciding: Deciding<'_>,
    store: &Store,
    register: &[(ResidentId, Register)],
    done: SyncSender<(usize, Vec<Decided>)>,
) -> Result<u64, StepError> {
    let Deciding {
        rulebook, threads, ..
    } = deciding;
    let texts = Texts::new(rulebook);
    let (send, receive) = sync_channel::<(usize, Vec<Case>)>(threads);
    // Held by the workers alone: when they stop, sending cases fails instead of waiting.
    let receive = Arc::new(Mutex::new(receive));
    thread::scope(|scope| {
        for _ in 0..threads {
            let (done, receive, texts) = (done.clone(), Arc::clone(&receive), &texts);
            scope.spawn(move || {
                loop {
                    let next = receive
                        .lock()
                        .expect("no worker panics while it waits")
                        .recv();
                    let Ok((n, cases)) = next else { return };
                    let rows = cases.into_iter().map(|case| decide(deciding, texts, case));
                    if done.send((n, rows.collect())).is_err() {
                        return;
                    }
                }
            });
        }
        drop((done, receive));
        // Takes the sender along, so that workers stop when there is nothing left to decide.
        read_cases(rulebook, store, register, send)
    })
}

fn read_cases(
    rulebook: &Rulebook,
    store: &Store,
    register: &[(ResidentId, Register)],
    send: SyncSender<(usize, Vec<Case>)>,
) -> Result<u64, StepError> {
    let mut streams = Vec::new();
    for path in store.files(Table::Facts)? {
        streams.push(FactStream::open(&rulebook.catalogue, &path, None)?);
    }
    let mut passed_over = 0;
    for (n, chunk) in register.chunks(CHUNK).enumerate() {
        let mut cases = Vec::with_capacity(chunk.len());
        for (resident, entry) in chunk {
            let mut facts = Vec::new();
            for stream in &mut streams {
                passed_over += stream.take_until(*resident, &mut facts)?;
            }
            cases.push(Case {
                resident: *resident,
                register: *entry,
                facts,
            });
        }
        if send.send((n, cases)).is_err() {
            break;
        }
    }
    drop(send);
    // What sorts after the last resident belongs to nobody either.
    let last = ResidentId::from_bytes([0xff; 16]);
    for stream in &mut streams {
        let mut rest = Vec::new();
        passed_over += stream.take_until(last, &mut rest)? + rest.len() as u64;
    }
    Ok(passed_over)
}

fn decide(deciding: Deciding<'_>, texts: &Texts, case: Case) -> Decided {
    let Deciding {
        rulebook,
        episodes,
        acting,
        index_date,
        ..
    } = deciding;
    let episode = episodes.get(&case.resident);
    let profile = Profile::as_of(case.register, case.facts, index_date);
    let decision = pathway::decide(rulebook, &profile, episode);
    let asked = acting.map(|acting| acting.ask(rulebook, case.resident, episode, &decision));
    Decided {
        row: canonical(rulebook, texts, case.resident, &decision),
        asked,
    }
}

/// Puts finished chunks back into the order of the register.
struct InOrder {
    receive: Receiver<(usize, Vec<Decided>)>,
    waiting: BTreeMap<usize, Vec<Decided>>,
    next: usize,
}

impl InOrder {
    fn next(&mut self) -> Option<Vec<Decided>> {
        loop {
            if let Some(rows) = self.waiting.remove(&self.next) {
                self.next += 1;
                return Some(rows);
            }
            let (n, rows) = self.receive.recv().ok()?;
            self.waiting.insert(n, rows);
        }
    }
}

/// Counts decisions as they pass.
#[derive(Default)]
struct Tally {
    hash: DecisionsHash,
    states: BTreeMap<&'static str, u64>,
    rows: BTreeMap<Arc<str>, u64>,
    reviews: BTreeMap<String, u64>,
    passed_over: u64,
}

impl Tally {
    fn add(&mut self, row: &DecisionRow) {
        self.hash.add(row);
        *self.states.entry(row.state).or_default() += 1;
        *self.rows.entry(Arc::clone(&row.row)).or_default() += 1;
        for review in row
            .reviews
            .split(';')
            .filter_map(|review| review.split(':').next())
        {
            if !review.is_empty() {
                *self.reviews.entry(review.to_owned()).or_default() += 1;
            }
        }
    }

    fn report(
        self,
        rulebook: &Rulebook,
        run: u32,
        options: &RunOptions<'_>,
        pulls: &[PullRecord],
        n_residents: usize,
    ) -> RunReport {
        let reports: Vec<PullReport> = pulls
            .iter()
            .filter_map(|pull| serde_json::from_str(&pull.report).ok())
            .collect();
        let mut issues: BTreeMap<String, u64> = BTreeMap::new();
        for (code, n) in reports.iter().flat_map(|report| &report.issues) {
            *issues.entry(code.clone()).or_default() += n;
        }
        let states = State::NAMES
            .iter()
            .map(|(name, _)| {
                (
                    (*name).to_owned(),
                    self.states.get(name).copied().unwrap_or(0),
                )
            })
            .collect();
        RunReport {
            run,
            index_date: options.index_date.to_string(),
            register: n_residents as u64,
            states,
            rows: self
                .rows
                .into_iter()
                .map(|(row, n)| (row.to_string(), n))
                .collect(),
            reviews: self.reviews,
            issues,
            facts_without_resident: self.passed_over,
            rulebook: rulebook_report(rulebook),
            pull: PullSummary {
                id: pulls.last().map_or(0, |pull| pull.id),
                is_complete: sources_with_open_slices(pulls).is_empty(),
                lines: reports.iter().map(|report| report.lines.read).sum(),
                facts: reports.iter().map(|report| report.facts).sum(),
            },
            effects: "none: nothing was sent to anybody".to_owned(),
            act: None,
            decisions_hash: self.hash.finish(),
        }
    }
}

impl RunReport {
    /// Adds what was asked of the world.
    fn finish(&mut self, act: Option<ActReport>) {
        self.effects = match &act {
            None => return,
            Some(ActReport {
                stopped: Some(reason),
                ..
            }) => format!("stopped ({reason}): nobody is asked for anything"),
            Some(act) => format!(
                "{} orders planned, {} to be taken back; `preventio dispatch` delivers them",
                act.planned, act.cancelled
            ),
        };
        self.act = act;
    }
}

fn rulebook_report(rulebook: &Rulebook) -> RulebookReport {
    let named = |header: &crate::rulebook::Header| format!("{} {}", header.id, header.version);
    let programme = &rulebook.programme.header;
    RulebookReport {
        id: programme.id.clone(),
        version: programme.version.clone(),
        status: match programme.status {
            Status::Draft => "draft".to_owned(),
            Status::InForce => "in-force".to_owned(),
        },
        fingerprint: rulebook.fingerprint.clone(),
        model: named(&rulebook.model.header),
        calibration: named(&rulebook.calibration.header),
        unverified: rulebook.unverified.len(),
    }
}
