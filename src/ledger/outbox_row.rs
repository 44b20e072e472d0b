//! A row of the outbox, between its columns and [`Delivery`].

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params};

use super::clock::instant;
use super::episodes::day;
use super::handout::WordedBy;
use super::reviews::Review;
use super::{LedgerError, sql};
use crate::delivery::{Delivery, Next, Refused, Route};
use crate::orders::{Action, Order};
use crate::profile::ResidentId;

pub(super) const COLUMNS: &str = "id, resident, programme, round, action, decided_on, send_by, due, \
     state, next, at, claim, sends, absent, reference, why, payload, verdict, asks, recall_on, language, \
     way, awaited, score, review, patient_id, left_on, without_portal";

/// A row as it is in the outbox.
pub(super) struct OutboxRow {
    pub(super) id: i64,
    pub(super) order: Order,
    pub(super) delivery: Delivery,
    pub(super) payload: Option<Vec<u8>>,
    /// What the source called the resident when it was put into words.
    pub(super) patient_id: Option<String>,
    /// What deciding again said about it last.
    pub(super) verdict: Option<String>,
    /// The resident's language of contact, as it was then.
    pub(super) language: Option<String>,
    /// By which way it left, or may have.
    pub(super) way: Option<Route>,
    /// Their score, as it was then.
    pub(super) score: Option<String>,
    /// What a person has said about it.
    pub(super) review: Option<Review>,
    /// The day on which it began to leave.
    pub(super) left_on: Option<Date>,
    /// Whether the resident was known not to be reached at the portal, as it was then.
    pub(super) is_without_portal: bool,
}

/// Columns that need reading beyond their type.
struct Raw {
    texts: [String; 6],
    next: Option<String>,
    at: Option<i64>,
    claim: Option<i64>,
    sends: u8,
    absent: u8,
    reference: Option<String>,
    why: Option<String>,
    id: i64,
    resident: [u8; 16],
    round: u16,
    payload: Option<Vec<u8>>,
    verdict: Option<String>,
    asks: String,
    recall_on: Option<String>,
    language: Option<String>,
    way: Option<String>,
    awaited: bool,
    score: Option<String>,
    review: Option<String>,
    patient_id: Option<String>,
    left_on: Option<String>,
    is_without_portal: bool,
}

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok(Raw {
        id: row.get(0)?,
        resident: row.get(1)?,
        round: row.get(3)?,
        texts: [
            row.get(2)?,
            row.get(4)?,
            row.get(5)?,
            row.get(6)?,
            row.get(7)?,
            row.get(8)?,
        ],
        next: row.get(9)?,
        at: row.get(10)?,
        claim: row.get(11)?,
        sends: row.get(12)?,
        absent: row.get(13)?,
        reference: row.get(14)?,
        why: row.get(15)?,
        payload: row.get(16)?,
        verdict: row.get(17)?,
        asks: row.get(18)?,
        recall_on: row.get(19)?,
        language: row.get(20)?,
        way: row.get(21)?,
        awaited: row.get(22)?,
        score: row.get(23)?,
        review: row.get(24)?,
        patient_id: row.get(25)?,
        left_on: row.get(26)?,
        is_without_portal: row.get(27)?,
    })
}

fn read(raw: Raw) -> Result<OutboxRow, LedgerError> {
    let wrong = || LedgerError::Content(format!("row {} of the outbox makes no sense", raw.id));
    let at = || -> Result<Timestamp, LedgerError> { instant(raw.at.ok_or_else(wrong)?) };
    let [programme, action, decided_on, send_by, due, state] = &raw.texts;
    let next = match raw.next.as_deref() {
        None => None,
        Some("look-up") if raw.awaited => Some(Next::Awaited { at: at()? }),
        Some("look-up") => Some(Next::LookUp {
            absent: raw.absent,
            at: at()?,
        }),
        Some("send-again") => Some(Next::SendAgain { at: at()? }),
        Some("person") => Some(Next::Person),
        Some(_) => return Err(wrong()),
    };
    let delivery = match state.as_str() {
        "planned" => Delivery::Planned { not_before: at()? },
        "sending" => Delivery::Sending {
            claim: raw.claim.ok_or_else(wrong)?.cast_unsigned(),
            lease_until: at()?,
            sends: raw.sends,
        },
        "unknown" => Delivery::Unknown {
            sends: raw.sends,
            next: next.ok_or_else(wrong)?,
        },
        "acknowledged" => Delivery::Acknowledged {
            reference: raw.reference.clone(),
        },
        "refused" => Delivery::Refused {
            why: raw
                .why
                .as_deref()
                .and_then(Refused::parse)
                .ok_or_else(wrong)?,
        },
        _ => return Err(wrong()),
    };
    Ok(OutboxRow {
        id: raw.id,
        order: Order {
            resident: ResidentId::from_bytes(raw.resident),
            programme: programme.clone(),
            round: raw.round,
            action: Action::parse(action).ok_or_else(wrong)?,
            decided_on: day(decided_on)?,
            send_by: day(send_by)?,
            due: day(due)?,
            asks: raw.asks.split_whitespace().map(str::to_owned).collect(),
            recall_on: raw.recall_on.as_deref().map(day).transpose()?,
        },
        delivery,
        payload: raw.payload,
        patient_id: raw.patient_id,
        verdict: raw.verdict,
        language: raw.language,
        way: raw
            .way
            .as_deref()
            .map(|way| Route::parse(way).ok_or_else(wrong))
            .transpose()?,
        score: raw.score,
        review: raw
            .review
            .as_deref()
            .map(|said| Review::parse(said).ok_or_else(wrong))
            .transpose()?,
        left_on: raw.left_on.as_deref().map(day).transpose()?,
        is_without_portal: raw.is_without_portal,
    })
}

/// Reads the rows that `rest`, a clause after `FROM outbox`, selects.
pub(super) fn select(
    connection: &Connection,
    rest: &str,
    values: &[Value],
) -> Result<Vec<OutboxRow>, LedgerError> {
    let action = "cannot read the outbox";
    let mut statement = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM outbox {rest}"))
        .map_err(sql(action))?;
    let rows = statement
        .query_map(rusqlite::params_from_iter(values), raw)
        .map_err(sql(action))?;
    rows.map(|row| read(row.map_err(sql(action))?)).collect()
}

/// The row of an order.
pub(super) fn select_order(
    connection: &Connection,
    order: &Order,
) -> Result<OutboxRow, LedgerError> {
    let key = Value::Blob(order.key().as_bytes().to_vec());
    let rows = select(connection, "WHERE key = ?1", &[key])?;
    let row = rows.into_iter().next();
    row.ok_or_else(|| LedgerError::Content("an order that was planned is not there".into()))
}

/// One row.
pub(super) fn select_one(connection: &Connection, id: i64) -> Result<OutboxRow, LedgerError> {
    let rows = select(connection, "WHERE id = ?1", &[Value::Integer(id)])?;
    let row = rows.into_iter().next();
    row.ok_or_else(|| LedgerError::Content(format!("no row {id} in the outbox")))
}

/// A delivery as columns.
struct DeliveryColumns<'d> {
    state: &'static str,
    next: Option<&'static str>,
    at: Option<i64>,
    claim: Option<i64>,
    sends: u8,
    absent: u8,
    awaited: bool,
    reference: Option<&'d str>,
    why: Option<String>,
}

fn columns(delivery: &Delivery) -> DeliveryColumns<'_> {
    let plain = DeliveryColumns {
        state: delivery.name(),
        next: None,
        at: None,
        claim: None,
        sends: delivery.sends(),
        absent: 0,
        awaited: false,
        reference: None,
        why: None,
    };
    match delivery {
        Delivery::Planned { not_before } => DeliveryColumns {
            at: Some(not_before.as_microsecond()),
            ..plain
        },
        Delivery::Sending {
            claim, lease_until, ..
        } => DeliveryColumns {
            at: Some(lease_until.as_microsecond()),
            claim: Some(claim.cast_signed()),
            ..plain
        },
        Delivery::Unknown { next, .. } => {
            let awaited = matches!(next, Next::Awaited { .. });
            let (next, at, absent) = match next {
                Next::LookUp { absent, at } => ("look-up", Some(at), *absent),
                Next::Awaited { at } => ("look-up", Some(at), 0),
                Next::SendAgain { at } => ("send-again", Some(at), 0),
                Next::Person => ("person", None, 0),
            };
            DeliveryColumns {
                next: Some(next),
                at: at.map(|at| at.as_microsecond()),
                absent,
                awaited,
                ..plain
            }
        }
        Delivery::Acknowledged { reference } => DeliveryColumns {
            reference: reference.as_deref(),
            ..plain
        },
        Delivery::Refused { why } => DeliveryColumns {
            why: Some(why.name()),
            ..plain
        },
    }
}

/// What leaves, or may.
#[derive(Clone, Copy)]
pub(super) struct Leaving<'w> {
    pub(super) way: Route,
    pub(super) bytes: &'w [u8],
    /// What the source calls the resident whom they are about.
    pub(super) patient_id: &'w str,
    /// By which rules it was put into words just now; nothing for the words of an earlier sending.
    pub(super) worded_by: Option<&'w WordedBy>,
}

/// Writes where a row stands on a day. What is settled needs its bytes no more; what may take any way
/// has neither bytes nor words, nor a way or a name of its own; what was given back unsent has not begun
/// to leave.
pub(super) fn update(
    connection: &Connection,
    (id, today): (i64, Date),
    delivery: &Delivery,
    written: Option<Leaving<'_>>,
) -> Result<(), LedgerError> {
    let columns = columns(delivery);
    let worded_by = written.and_then(|written| written.worded_by);
    connection
        .prepare_cached(
            "UPDATE outbox SET state = ?2, next = ?3, at = ?4, claim = ?5, sends = CASE WHEN ?10 THEN sends ELSE ?6 END, absent = ?7,
                 reference = ?8, why = ?9,
                 payload = CASE WHEN ?10 OR ?12 THEN NULL ELSE coalesce(?11, payload) END,
                 way = CASE WHEN ?12 THEN NULL ELSE coalesce(?13, way) END, awaited = ?14,
                 patient_id = CASE WHEN ?12 THEN NULL ELSE coalesce(?18, patient_id) END,
                 worded_for = CASE WHEN ?12 THEN NULL WHEN ?15 IS NULL THEN worded_for ELSE ?16 END,
                 worded_in = CASE WHEN ?12 THEN NULL ELSE coalesce(?17, worded_in) END,
                 worded_by = CASE WHEN ?12 THEN NULL ELSE coalesce(?15, worded_by) END,
                 left_on = CASE ?2 WHEN 'planned' THEN NULL
                     WHEN 'sending' THEN coalesce(left_on, ?19)
                     WHEN 'acknowledged' THEN coalesce(left_on, ?19)
                     ELSE left_on END
             WHERE id = ?1",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                id,
                columns.state,
                columns.next,
                columns.at,
                columns.claim,
                columns.sends,
                columns.absent,
                columns.reference,
                columns.why,
                delivery.is_settled(),
                written.map(|written| written.bytes),
                delivery.may_take_any_way(),
                written.map(|written| written.way.name()),
                columns.awaited,
                worded_by.map(|by| &by.rules),
                worded_by.and_then(|by| by.laboratory.as_ref()),
                worded_by.map(|by| &by.language),
                written.map(|written| written.patient_id),
                today.to_string()
            ])
        })
        .map(drop)
        .map_err(sql("cannot write the outbox"))
}

/// Adds a row when its key is not there; says whether it was added.
pub(super) fn insert(
    connection: &Connection,
    order: &Order,
    channel: &str,
    delivery: &Delivery,
    run: Option<u32>,
) -> Result<bool, LedgerError> {
    let columns = columns(delivery);
    connection
        .prepare_cached(
            "INSERT INTO outbox (key, resident, programme, round, action, channel, decided_on,
                 send_by, due, run, state, next, at, sends, absent, asks, recall_on)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
             ON CONFLICT (key) DO NOTHING",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                order.key().as_bytes(),
                order.resident.as_bytes(),
                order.programme,
                order.round,
                order.action.name(),
                channel,
                order.decided_on.to_string(),
                order.send_by.to_string(),
                order.due.to_string(),
                run,
                columns.state,
                columns.next,
                columns.at,
                columns.sends,
                columns.absent,
                order.asks.join(" "),
                order.recall_on.map(|day| day.to_string())
            ])
        })
        .map(|n| n == 1)
        .map_err(sql("cannot plan an order"))
}

/// Notes how a row changed.
pub(super) fn note(
    connection: &Connection,
    outbox: i64,
    at: Timestamp,
    what: &str,
) -> Result<(), LedgerError> {
    connection
        .prepare_cached("INSERT INTO outbox_event (outbox, at, what) VALUES (?1, ?2, ?3)")
        .and_then(|mut statement| statement.execute(params![outbox, at.as_microsecond(), what]))
        .map(drop)
        .map_err(sql("cannot note a change of the outbox"))
}
