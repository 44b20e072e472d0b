//! Signed files of orders, for the record's own bulk ordering.
//!
//! A file is CSV (RFC 4180, UTF-8, with a header) with a row for each order; beside it lies a detached
//! Ed25519 signature over its bytes, `FILE.sig`, 64 bytes, as openssl checks it. The signature is there
//! before the file. What became of rows the other side says in a file of its own, `FILE.ack`: CSV with
//! the columns `order`, `outcome` (`taken`, `refused`, or `returned` for what reached nobody) and
//! `reference`; of several rows about one order the last counts. Who writes none is read by their deeds:
//! an order or a result in a later pull.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use super::handover::Handover;
use super::{Coming, NotOpen, OrderChannel, Placing, Writer, codes_of, taken_back};
use crate::approval::SigningKey;
use crate::config::ListFolder;
use crate::delivery::{Answer, Found, Route, ServerNews, after};
use crate::ledger::{Addressee, NotExpressible};
use crate::orders::{Keep, Order, ScoreNote};

/// The columns of a file of orders.
const COLUMNS: [&str; 12] = [
    "order",
    "action",
    "takes_back",
    "patient",
    "code_system",
    "code",
    "test",
    "decided_on",
    "sample_by",
    "score_low",
    "score_high",
    "model",
];
/// Orders that are due at the same time are handed out together: how long to wait for the others.
const GATHER: Duration = Duration::from_millis(200);
/// A larger acknowledgement is not read.
const MAX_BYTES: u64 = 16 << 20;
/// When to try again what a full disk or a missing folder has kept from being handed over.
const LATER: SignedDuration = SignedDuration::from_mins(1);

/// What a file is and what its rows say.
pub(super) struct Sheet {
    /// The way.
    pub(super) route: Route,
    /// What names of files begin with.
    pub(super) name: &'static str,
    /// The columns; one is called `order` and holds its key.
    pub(super) columns: &'static [&'static str],
    /// The fields of a row.
    pub(super) row: RowOf,
}

/// Puts an order into the fields of a row.
pub(super) type RowOf =
    fn(&ListFolder, Writer<'_>, &Order, Addressee<'_>) -> Result<Vec<String>, NotExpressible>;

/// Orders for the record's own bulk ordering.
pub(super) const ORDERS: Sheet = Sheet {
    route: Route::List,
    name: "orders",
    columns: &COLUMNS,
    row: order_row,
};

/// A folder of signed files.
pub(super) struct ListChannel {
    sheet: &'static Sheet,
    settings: ListFolder,
    inner: Arc<Inner>,
    waiting: Mutex<Vec<Waiting>>,
}

struct Inner {
    sheet: &'static Sheet,
    handover: Handover,
    acknowledged: Option<PathBuf>,
    key: SigningKey,
    look: SignedDuration,
    rows: usize,
    now: fn() -> Timestamp,
    /// In which of our files each order is, as far as they were read.
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    files: BTreeSet<String>,
    order_in: BTreeMap<String, String>,
}

/// A row whose file is still to be written.
struct Waiting {
    row: Vec<u8>,
    order: String,
    tell: oneshot::Sender<Answer>,
}

impl ListChannel {
    pub(super) fn open(
        sheet: &'static Sheet,
        settings: &ListFolder,
        now: fn() -> Timestamp,
    ) -> Result<Self, NotOpen> {
        let inner = Inner {
            sheet,
            handover: Handover::new(&settings.folder, &settings.kept),
            acknowledged: settings.acknowledged.clone(),
            key: SigningKey::read(&settings.signing_key)?,
            look: SignedDuration::from_secs(i64::from(settings.look_seconds)),
            rows: usize::try_from(settings.rows).unwrap_or(usize::MAX),
            now,
            known: Mutex::default(),
        };
        let unreadable = |source| NotOpen::Folder {
            path: settings.kept.clone(),
            source,
        };
        inner.read_kept().map_err(unreadable)?;
        Ok(Self {
            sheet,
            settings: settings.clone(),
            inner: Arc::new(inner),
            waiting: Mutex::default(),
        })
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins those who wait; whoever comes first waits for the others and writes their file.
    async fn handed_over(
        &self,
        placing: Placing<'_>,
        may_go_on: &(dyn Fn() -> bool + Sync),
    ) -> Answer {
        let (tell, hear) = oneshot::channel();
        let is_first = {
            let mut waiting = self.waiting();
            waiting.push(Waiting {
                row: placing.bytes.to_vec(),
                order: placing.order.key().to_string(),
                tell,
            });
            waiting.len() == 1
        };
        if is_first {
            tokio::time::sleep(GATHER).await;
            let mut rows = std::mem::take(&mut *self.waiting());
            while !rows.is_empty() {
                // Gathering and each file take their time: the switch may have been set meanwhile.
                if !may_go_on() {
                    let retry_at = (self.inner.now)();
                    for waiting in rows {
                        // Who does not listen any more has lost their claim.
                        let _ = waiting.tell.send(Answer::NotSent { retry_at });
                    }
                    break;
                }
                let rest = rows.split_off(rows.len().min(self.inner.rows));
                let inner = Arc::clone(&self.inner);
                let file = std::mem::replace(&mut rows, rest);
                // Its own ending is heard through each row.
                drop(tokio::task::spawn_blocking(move || inner.write(file)).await);
            }
        }
        hear.await.unwrap_or(Answer::Silence)
    }
}

impl Inner {
    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads those of our files that were not read yet.
    fn read_kept(&self) -> io::Result<()> {
        let mut known = self.known();
        for name in self.handover.names()? {
            if known.files.contains(&name) {
                continue;
            }
            let Some(content) = self.handover.handed_over(&name)? else {
                continue;
            };
            for order in column(&content, "order")? {
                known.order_in.insert(order, name.clone());
            }
            known.files.insert(name);
        }
        Ok(())
    }

    fn file_of(&self, order: &str) -> io::Result<Option<String>> {
        // What was once read of our files stays so: they are looked for only about who is not known.
        let known = self.known().order_in.get(order).cloned();
        if known.is_some() {
            return Ok(known);
        }
        self.read_kept()?;
        Ok(self.known().order_in.get(order).cloned())
    }

    /// Writes one file of rows, and tells each what became of it.
    fn write(&self, mut rows: Vec<Waiting>) {
        let look_at = after((self.now)(), self.look);
        let retry_at = after((self.now)(), LATER);
        let turn = self.handover.turn().and_then(|turn| {
            self.read_kept()?;
            Ok(turn)
        });
        let Ok(turn) = turn else {
            for row in rows {
                let _ = row.tell.send(Answer::NotSent { retry_at });
            }
            return;
        };
        // What was handed over is not handed over again, whoever asks for it.
        let (there, missing): (Vec<Waiting>, Vec<Waiting>) = {
            let known = self.known();
            rows.drain(..)
                .partition(|row| known.order_in.contains_key(&row.order))
        };
        for row in there {
            let _ = row.tell.send(Answer::HandedOver { look_at });
        }
        if missing.is_empty() {
            return;
        }
        let columns: Vec<String> = self.sheet.columns.iter().map(|c| (*c).to_owned()).collect();
        let mut content = line(&columns).unwrap_or_default();
        for row in &missing {
            content.extend_from_slice(&row.row);
        }
        let digest = Sha256::digest(&content);
        let name = digest[..8].iter().map(|byte| format!("{byte:02x}"));
        let name = format!("{}-{}.csv", self.sheet.name, name.collect::<String>());
        let signature = self.key.sign_bytes(&content);
        let written = turn.hand_over(&name, &content, &[(".sig", &signature)]);
        drop(turn);
        // After a failure nobody knows which step was the last: the folder says it.
        let is_there =
            written.is_ok() || self.handover.handed_over(&name).is_ok_and(|f| f.is_some());
        for row in missing {
            let _ = row.tell.send(if is_there {
                Answer::HandedOver { look_at }
            } else {
                Answer::Silence
            });
        }
    }

    /// What became of an order that may be in one of our files.
    fn look_up(&self, order: &str) -> Found {
        let now = (self.now)();
        let look_at = after(now, self.look);
        match self.file_of(order) {
            Err(_) => Found::NotTold {
                retry_at: after(now, LATER),
            },
            Ok(None) => Found::Nothing,
            Ok(Some(file)) => match self.outcome(&file, order) {
                Some(Outcome::Taken(reference)) => Found::One {
                    reference: reference.unwrap_or(file),
                },
                Some(Outcome::Refused) => Found::NotTaken,
                Some(Outcome::Returned) => Found::Returned,
                None => Found::Awaited { look_at },
            },
        }
    }

    /// What the other side says of an order; `None` while it says nothing, or nothing that is understood.
    fn outcome(&self, file: &str, order: &str) -> Option<Outcome> {
        let path = self.acknowledged.as_ref()?.join(format!("{file}.ack"));
        let mut last = None;
        told(&path, |of, outcome| {
            if of == order {
                last = Some(outcome);
            }
        })?;
        last
    }
}

enum Outcome {
    Taken(Option<String>),
    Refused,
    Returned,
}

/// Reads what the other side says, row by row; `None` where it says nothing that can be read.
fn told(path: &Path, mut each: impl FnMut(&str, Outcome)) -> Option<()> {
    let mut content = Vec::new();
    let opened = fs::File::open(path).ok()?;
    opened.take(MAX_BYTES).read_to_end(&mut content).ok()?;
    let mut reader = csv::Reader::from_reader(&content[..]);
    let header = reader.headers().ok()?.clone();
    let at = |name: &str| header.iter().position(|known| known.trim() == name);
    let (orders, outcomes, references) = (at("order")?, at("outcome")?, at("reference"));
    // A row that cannot be read says nothing, and keeps none of the others from being heard.
    for row in reader.records().filter_map(Result::ok) {
        let Some(order) = row.get(orders).map(str::trim) else {
            continue;
        };
        match row.get(outcomes).map(str::trim) {
            Some("taken") => {
                let reference = references.and_then(|at| row.get(at)).map(str::trim);
                let reference = reference.filter(|text| !text.is_empty());
                each(order, Outcome::Taken(reference.map(str::to_owned)));
            }
            Some("refused") => each(order, Outcome::Refused),
            Some("returned") => each(order, Outcome::Returned),
            Some(_) | None => {}
        }
    }
    Some(())
}

/// Orders of which the other side says last that they came back, also when it had taken them before:
/// what was taken is not looked up again by itself. By their keys, with the file that says it.
///
/// # Errors
///
/// When the folder cannot be read.
pub fn returned(settings: &ListFolder) -> io::Result<BTreeMap<String, String>> {
    let mut returned = BTreeMap::new();
    let Some(folder) = &settings.acknowledged else {
        return Ok(returned);
    };
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !name.ends_with(".ack") {
            continue;
        }
        // What cannot be read says nothing yet.
        let _ = told(&folder.join(&name), |order, outcome| match outcome {
            Outcome::Returned => drop(returned.insert(order.to_owned(), name.clone())),
            Outcome::Taken(_) | Outcome::Refused => drop(returned.remove(order)),
        });
    }
    Ok(returned)
}

/// One column of a file of ours.
fn column(content: &[u8], name: &str) -> io::Result<Vec<String>> {
    let mut reader = csv::Reader::from_reader(content);
    let at = reader.headers()?.iter().position(|known| known == name);
    let Some(at) = at else {
        return Ok(Vec::new());
    };
    let mut values = Vec::new();
    for row in reader.records() {
        values.push(row?.get(at).unwrap_or_default().to_owned());
    }
    Ok(values)
}

fn line(fields: &[String]) -> Option<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(fields).ok()?;
    writer.into_inner().ok()
}

/// A row for the record's own bulk ordering.
fn order_row(
    _: &ListFolder,
    writer: Writer<'_>,
    order: &Order,
    to: Addressee<'_>,
) -> Result<Vec<String>, NotExpressible> {
    let code = codes_of(writer, order)?.first().ok_or(NotExpressible)?;
    let (action, takes_back) = match taken_back(order) {
        None => ("order", String::new()),
        Some((key, Keep::None)) => ("cancel", key.to_string()),
        // An order is in one file once: nothing is ever doubled.
        Some((_, Keep::Oldest)) => return Err(NotExpressible),
    };
    // Taking back says nothing of a score.
    let score = to.score.filter(|_| takes_back.is_empty());
    let score = score.and_then(ScoreNote::parse).map(|score| {
        let model = &writer.rulebook.model.rung(score.rung).header;
        let model = format!("{} {}", model.id, model.version);
        (score.low.to_string(), score.high.to_string(), model)
    });
    let (low, high, model) = score.unwrap_or_default();
    Ok(vec![
        order.key().to_string(),
        action.to_owned(),
        takes_back,
        to.patient_id.to_owned(),
        crate::fhir::uri(code.system).to_owned(),
        code.code.clone(),
        code.display.clone(),
        order.decided_on.to_string(),
        order.due.to_string(),
        low,
        high,
        model,
    ])
}

impl OrderChannel for ListChannel {
    fn route(&self) -> Route {
        self.sheet.route
    }

    fn author(
        &self,
        writer: Writer<'_>,
        order: &Order,
        to: Addressee<'_>,
    ) -> Result<Vec<u8>, NotExpressible> {
        let fields = (self.sheet.row)(&self.settings, writer, order, to)?;
        line(&fields).ok_or(NotExpressible)
    }

    fn send<'a>(
        &'a self,
        placing: Placing<'a>,
        may_go_on: &'a (dyn Fn() -> bool + Sync),
    ) -> Coming<'a, (Answer, ServerNews)> {
        Box::pin(async move {
            (
                self.handed_over(placing, may_go_on).await,
                ServerNews::NotAsked,
            )
        })
    }

    fn look_up<'a>(&'a self, placing: Placing<'a>) -> Coming<'a, (Found, ServerNews)> {
        let (inner, order) = (Arc::clone(&self.inner), placing.order.key().to_string());
        let retry_at = after((self.inner.now)(), LATER);
        Box::pin(async move {
            let found = tokio::task::spawn_blocking(move || inner.look_up(&order)).await;
            (
                found.unwrap_or(Found::NotTold { retry_at }),
                ServerNews::NotAsked,
            )
        })
    }
}
