//! From residents to files: chunks of residents on several threads, written in order.
//!
//! Each worker takes every w-th chunk and sends it through a channel of two places; the writer asks the workers in turn.
//! So the files do not depend on the number of threads, and at most three chunks per worker are in memory.
//! A worker ends when its chunks are done or when the writer has hung up.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::num::NonZero;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::calendar::Day;
use super::fit::FitCounts;
use super::health::Health;
use super::lines::{Kind, Lines};
use super::numbers;
use super::oddities::{Death, Oddities};
use super::parameters::FITTED;
use super::permutation::Permutation;
use super::person::{Person, Population, Stay};
use super::random::{Dice, Stream, mixed};
use super::scribe::{Detail, EVERY_TURN, Scribe, Turn};
use super::{
    ExportedFile, StandinError, circulation, conditions, consents, family, filler, health,
    laboratory, medications, patients, questionnaires, truth, vitals,
};

/// Residents per chunk.
const CHUNK: u32 = 512;

/// One walk over all residents, writing some kinds of resources.
#[derive(Clone, Copy, Debug)]
struct Pass {
    kinds: &'static [Kind],
    turn: Turn,
    /// In which order the residents come; `None` is by number.
    order: Option<Permutation>,
    /// Writes `truth.csv` and counts for the table of fit.
    with_truth: bool,
}

/// What a worker sends: one chunk of one pass.
struct Chunk {
    lines: Lines,
    truth: Vec<u8>,
    fit: FitCounts,
}

/// Everything the workers read.
struct Plan<'a> {
    population: &'a Population,
    residents: u32,
    detail: Detail,
}

/// Writes all files into an empty or new directory and says what was written.
pub(super) fn write(
    population: &Population,
    residents: u32,
    detail: Detail,
    directory: &Path,
) -> Result<(Vec<ExportedFile>, FitCounts), StandinError> {
    let plan = Plan {
        population,
        residents,
        detail,
    };
    let mut files = Files::create(directory)?;
    let mut fit = FitCounts::default();
    for pass in passes(&plan) {
        fit.merge(&walk(&plan, &pass, &mut files)?);
    }
    Ok((files.finish()?, fit))
}

/// Compact: one walk in the order of numbers. Verbose: a walk in an order of its own for each file, and five for the
/// Observations, so that a resident's lines lie scattered over the whole file, as after an export from a running system.
fn passes(plan: &Plan<'_>) -> Vec<Pass> {
    if plan.detail == Detail::Compact {
        return vec![Pass {
            kinds: &Kind::ALL,
            turn: EVERY_TURN,
            order: None,
            with_truth: true,
        }];
    }
    const SINGLE: [&[Kind]; 4] = [
        &[Kind::Patient],
        &[Kind::Condition],
        &[Kind::MedicationRequest],
        &[
            Kind::FamilyMemberHistory,
            Kind::QuestionnaireResponse,
            Kind::Consent,
        ],
    ];
    const ROUNDS: u32 = 5;
    let order = |number: u64| {
        Permutation::new(
            mixed(&[plan.population.seed(), 0x0bde, number]),
            plan.residents,
        )
    };
    let single = SINGLE.into_iter().zip(0..).map(|(kinds, number)| Pass {
        kinds,
        turn: EVERY_TURN,
        order: Some(order(number)),
        with_truth: number == 0,
    });
    let observations = (0..ROUNDS).map(|turn| Pass {
        kinds: &[Kind::Observation],
        turn: Turn { turn, of: ROUNDS },
        order: Some(order(u64::from(turn) + 100)),
        with_truth: false,
    });
    single.chain(observations).collect()
}

fn walk(plan: &Plan<'_>, pass: &Pass, files: &mut Files) -> Result<FitCounts, StandinError> {
    let chunks = plan.residents.div_ceil(CHUNK);
    let available = thread::available_parallelism().map_or(1, NonZero::get);
    let workers = u32::try_from(available.min(64))
        .expect("at most 64")
        .min(chunks);
    thread::scope(|scope| {
        let receivers: Vec<Receiver<Chunk>> = (0..workers)
            .map(|worker| {
                let (sender, receiver) = sync_channel(2);
                scope.spawn(move || work(plan, pass, (worker, workers, chunks), &sender));
                receiver
            })
            .collect();
        let mut fit = FitCounts::default();
        for (_, receiver) in (0..chunks).zip(receivers.iter().cycle()) {
            let chunk = receiver.recv().expect(
                "a worker sends all its chunks unless it panicked, which the scope reports",
            );
            files.append(pass, &chunk)?;
            fit.merge(&chunk.fit);
        }
        Ok(fit)
    })
}

/// Worker, number of workers, number of chunks.
fn work(plan: &Plan<'_>, pass: &Pass, share: (u32, u32, u32), sender: &SyncSender<Chunk>) {
    let (worker, workers, chunks) = share;
    let mut next = worker;
    while next < chunks {
        let first = next * CHUNK;
        let chunk = write_chunk(plan, pass, first..(first + CHUNK).min(plan.residents));
        if sender.send(chunk).is_err() {
            return;
        }
        next += workers;
    }
}

fn write_chunk(plan: &Plan<'_>, pass: &Pass, positions: Range<u32>) -> Chunk {
    let mut chunk = Chunk {
        lines: Lines::default(),
        truth: Vec::new(),
        fit: FitCounts::default(),
    };
    for position in positions {
        let number = pass.order.map_or(position, |order| order.at(position));
        write_resident(plan, pass, number, &mut chunk);
    }
    chunk.lines.finish();
    chunk
}

fn write_resident(plan: &Plan<'_>, pass: &Pass, number: u32, chunk: &mut Chunk) {
    let lived = Lived::of(plan.population, number);
    if pass.with_truth {
        let (seed, as_of) = (plan.population.seed(), plan.population.as_of());
        let Lived {
            person,
            health,
            oddities,
        } = &lived;
        truth::write(&mut chunk.truth, seed, as_of, person, health, oddities);
        chunk.fit.add(person, health, as_of);
    }
    let manner = (plan.detail, pass.turn);
    lived.write(plan.population, manner, pass.kinds, &mut chunk.lines);
}

/// Writes some kinds of lines about one resident, without repeats.
pub(super) fn write_one(
    population: &Population,
    detail: Detail,
    number: u32,
    kinds: &[Kind],
    lines: &mut Lines,
) {
    Lived::of(population, number).write(population, (detail, EVERY_TURN), kinds, lines);
}

/// Lets somebody write about a resident on a later day, when records reach until then; returns what was written.
pub(super) fn write_later<T>(
    population: &Population,
    number: u32,
    today: Day,
    act: impl FnOnce(&mut Scribe<'_>) -> T,
) -> (T, Lines) {
    let lived = Lived::of(population, number);
    let mut lines = Lines::default();
    let mut scribe = Scribe {
        as_of: today,
        ..lived.scribe(population, (Detail::Compact, EVERY_TURN), &mut lines)
    };
    let acted = act(&mut scribe);
    (acted, lines)
}

/// What has become of a resident since the day of the register.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Changes {
    pub(super) died: Option<Day>,
    pub(super) moved: Option<Day>,
    /// Since when their address must not be disclosed.
    pub(super) hidden: Option<Day>,
}

impl Changes {
    /// The day of the last change.
    pub(super) fn last(&self) -> Option<Day> {
        [self.died, self.moved, self.hidden]
            .into_iter()
            .flatten()
            .max()
    }
}

/// Writes a resident's Patient as it reads after changes, without repeats.
pub(super) fn write_changed(population: &Population, number: u32, changes: &Changes) -> Lines {
    let mut lived = Lived::of(population, number);
    let stays = [changes.moved.map(Stay::Moved), changes.died.map(Stay::Died)];
    for stay in stays.into_iter().flatten() {
        lived.person.stay = stay;
    }
    lived.oddities.death = Death::WithDate;
    lived.oddities.non_disclosure |= changes.hidden.is_some();
    let mut lines = Lines::default();
    let mut scribe = lived.scribe(population, (Detail::Compact, EVERY_TURN), &mut lines);
    scribe.as_of = changes.last().unwrap_or(scribe.as_of);
    patients::write(&mut scribe);
    lines
}

/// A resident with everything that lines are written from.
struct Lived {
    person: Person,
    health: Health,
    oddities: Oddities,
}

impl Lived {
    fn of(population: &Population, number: u32) -> Lived {
        let (seed, as_of) = (population.seed(), population.as_of());
        let person = population.resident(number);
        Lived {
            person,
            health: health::live(&FITTED, &person, seed, as_of),
            oddities: Oddities::draw(&mut Dice::of(seed, number, Stream::Oddities)),
        }
    }

    fn scribe<'a>(
        &'a self,
        population: &Population,
        (detail, turn): (Detail, Turn),
        lines: &'a mut Lines,
    ) -> Scribe<'a> {
        Scribe {
            person: &self.person,
            health: &self.health,
            oddities: &self.oddities,
            as_of: population.as_of(),
            seed: population.seed(),
            detail,
            turn,
            lines,
            written: [0; 7],
        }
    }

    fn write(
        &self,
        population: &Population,
        manner: (Detail, Turn),
        kinds: &[Kind],
        lines: &mut Lines,
    ) {
        let mut scribe = self.scribe(population, manner, lines);
        for kind in kinds {
            match kind {
                Kind::Patient => patients::write(&mut scribe),
                Kind::Observation => {
                    vitals::write(&mut scribe);
                    laboratory::write(&mut scribe);
                    circulation::write_smoking(&mut scribe);
                    filler::write(&mut scribe);
                }
                Kind::Condition => conditions::write(&mut scribe),
                Kind::MedicationRequest => medications::write(&mut scribe),
                Kind::FamilyMemberHistory => family::write(&mut scribe),
                Kind::QuestionnaireResponse => questionnaires::write(&mut scribe),
                Kind::Consent => consents::write(&mut scribe),
            }
        }
    }
}

/// The files of one export. Until the last line is written they end in `.part`, so that nobody reads half a register.
struct Files {
    kinds: Vec<Growing>,
    truth: Growing,
}

impl Files {
    fn create(directory: &Path) -> Result<Files, StandinError> {
        let failed = |source| StandinError::Directory {
            path: directory.to_owned(),
            source,
        };
        fs::create_dir_all(directory).map_err(failed)?;
        if fs::read_dir(directory).map_err(failed)?.next().is_some() {
            return Err(StandinError::DirectoryNotEmpty {
                path: directory.to_owned(),
            });
        }
        let kinds = Kind::ALL
            .iter()
            .map(|kind| Growing::create(directory, &format!("{}.ndjson", kind.name())));
        let mut files = Files {
            kinds: kinds.collect::<Result<_, _>>()?,
            truth: Growing::create(directory, "truth.csv")?,
        };
        files
            .truth
            .append(format!("{}\n", truth::HEADER).as_bytes(), 0)?;
        Ok(files)
    }

    fn append(&mut self, pass: &Pass, chunk: &Chunk) -> Result<(), StandinError> {
        for kind in pass.kinds {
            self.kinds[kind.place()].append(chunk.lines.bytes(*kind), chunk.lines.count(*kind))?;
        }
        let rows = chunk.truth.iter().filter(|byte| **byte == b'\n').count();
        self.truth.append(
            &chunk.truth,
            u64::try_from(rows).expect("a chunk has few rows"),
        )
    }

    fn finish(self) -> Result<Vec<ExportedFile>, StandinError> {
        self.kinds
            .into_iter()
            .chain([self.truth])
            .map(Growing::finish)
            .collect()
    }
}

/// One file that is still being written.
struct Growing {
    name: String,
    path: PathBuf,
    out: BufWriter<File>,
    lines: u64,
    bytes: u64,
}

impl Growing {
    fn create(directory: &Path, name: &str) -> Result<Growing, StandinError> {
        let path = directory.join(name);
        let file = File::create_new(part_of(&path)).map_err(|source| StandinError::File {
            path: path.clone(),
            source,
        })?;
        Ok(Growing {
            name: name.to_owned(),
            path,
            out: BufWriter::with_capacity(1 << 18, file),
            lines: 0,
            bytes: 0,
        })
    }

    fn append(&mut self, bytes: &[u8], lines: u64) -> Result<(), StandinError> {
        self.out
            .write_all(bytes)
            .map_err(|source| self.failed(source))?;
        self.lines += lines;
        self.bytes += numbers::size(bytes.len());
        Ok(())
    }

    fn finish(mut self) -> Result<ExportedFile, StandinError> {
        let done = self
            .out
            .flush()
            .and_then(|()| fs::rename(part_of(&self.path), &self.path));
        done.map_err(|source| self.failed(source))?;
        Ok(ExportedFile {
            name: self.name,
            lines: self.lines,
            bytes: self.bytes,
        })
    }

    fn failed(&self, source: io::Error) -> StandinError {
        StandinError::File {
            path: self.path.clone(),
            source,
        }
    }
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}
