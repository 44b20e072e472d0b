//! Episodes: events in, folds out.

use std::collections::HashMap;

use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Ledger, LedgerError, sql};
use crate::orders::{Action, Order};
use crate::pathway::{
    Episode, Event, Finding, HandedOver, Inclusion, NotDelivered, Offer, OrderedBecause,
};
use crate::profile::{ResidentId, Standing};
use crate::rulebook::{OfferAnswer, State};

/// The names of findings in the ledger.
const FINDINGS: [(&str, Finding); 3] = [
    ("disease-range", Finding::DiseaseRange),
    ("impaired", Finding::Impaired),
    ("normal", Finding::Normal),
];

/// The names of why a person acts; `NotDelivered` is told by the event of that name.
const HANDED_OVER: [(&str, HandedOver); 2] = [
    ("did-not-attend", HandedOver::DidNotAttend),
    ("results-undecided", HandedOver::ResultsUndecided),
];

/// The names of who told what became of an offer.
const TOLD_BY: [(&str, Standing); 3] = [
    ("service", Standing::Established),
    ("unaccepted", Standing::Unaccepted),
    ("resident", Standing::SelfReported),
];

/// Why tests are ordered, as stored: nothing for the flagged, as before there were others.
fn because_text(because: OrderedBecause) -> Option<String> {
    match because {
        OrderedBecause::Flagged => None,
        OrderedBecause::SampledNegative(inclusion) => {
            Some(format!("sampled-negative:{}", inclusion.billionths()))
        }
    }
}

pub(super) fn because(text: Option<&str>) -> Option<OrderedBecause> {
    let Some(text) = text else {
        return Some(OrderedBecause::Flagged);
    };
    let billionths = text.strip_prefix("sampled-negative:")?.parse().ok()?;
    Inclusion::from_billionths(billionths).map(OrderedBecause::SampledNegative)
}

/// How probable it was that the resident was drawn for whom a laboratory order is; nothing of those who
/// were not drawn, and of other orders.
pub(super) fn drawn_for(
    connection: &Connection,
    order: &Order,
) -> Result<Option<Inclusion>, LedgerError> {
    let Action::Laboratory { test } = &order.action else {
        return Ok(None);
    };
    let action = "cannot read why tests were ordered";
    let detail: Option<Option<String>> = connection
        .prepare_cached(
            "SELECT detail FROM episode_event
             WHERE resident = ?1 AND round = ?2 AND kind = 'tests-ordered'
               AND instr(',' || tests || ',', ',' || ?3 || ',')
             ORDER BY id DESC LIMIT 1",
        )
        .and_then(|mut statement| {
            let values = params![order.resident.as_bytes(), order.round, test];
            statement.query_row(values, |row| row.get(0)).optional()
        })
        .map_err(sql(action))?;
    let wrong = || LedgerError::Content("tests were ordered for no reason".to_owned());
    match detail.map(|detail| because(detail.as_deref())) {
        Some(because) => match because.ok_or_else(wrong)? {
            OrderedBecause::SampledNegative(inclusion) => Ok(Some(inclusion)),
            OrderedBecause::Flagged => Ok(None),
        },
        None => Ok(None),
    }
}

/// An event as columns: kind, day, until, tests, detail.
struct Columns {
    kind: &'static str,
    on: Date,
    until: Option<Date>,
    tests: Option<String>,
    detail: Option<String>,
}

fn name_of<T: PartialEq>(names: &[(&'static str, T)], value: &T) -> String {
    let found = names.iter().find(|(_, known)| known == value);
    found.expect("every value has a name").0.to_owned()
}

fn columns(event: &Event) -> Columns {
    let plain = |kind, on: &Date| Columns {
        kind,
        on: *on,
        until: None,
        tests: None,
        detail: None,
    };
    match event {
        Event::Queued { on } => plain("queued", on),
        Event::Asked { on, answer_by } => Columns {
            until: Some(*answer_by),
            ..plain("asked", on)
        },
        Event::TestsOrdered {
            on,
            tests,
            sample_by,
            because,
        } => Columns {
            until: Some(*sample_by),
            tests: Some(tests.join(",")),
            detail: because_text(*because),
            ..plain("tests-ordered", on)
        },
        Event::Reminded { on, until } => Columns {
            until: Some(*until),
            ..plain("reminded", on)
        },
        Event::ResultReceived {
            on,
            test,
            sampled_on,
        } => Columns {
            until: Some(*sampled_on),
            tests: Some(test.clone()),
            ..plain("result-received", on)
        },
        Event::HandedOver { on, why } => Columns {
            detail: match why {
                HandedOver::NotDelivered(why) => Some(name_of(&NotDelivered::NAMES, why)),
                HandedOver::DidNotAttend | HandedOver::ResultsUndecided => {
                    Some(name_of(&HANDED_OVER, why))
                }
            },
            ..plain("handed-over", on)
        },
        Event::Delivered { on, test } => Columns {
            tests: test.clone(),
            ..plain("delivered", on)
        },
        Event::NotDelivered { on, test, why } => Columns {
            tests: test.clone(),
            detail: Some(name_of(&NotDelivered::NAMES, why)),
            ..plain("not-delivered", on)
        },
        Event::ResultSeen { on, finding } => Columns {
            detail: Some(name_of(&FINDINGS, finding)),
            ..plain("result-seen", on)
        },
        Event::BelowLevel { on } => plain("below-level", on),
        Event::Left { on, state } => Columns {
            detail: Some(state.name().to_owned()),
            ..plain("left", on)
        },
        Event::RecallDue { on } => plain("recall-due", on),
        Event::OfferMoved {
            on,
            to: Offer::NotAnswered,
        } => plain("offer-moved", on),
        Event::OfferMoved {
            on,
            to:
                Offer::Told {
                    answer,
                    on: told_on,
                    by,
                },
        } => Columns {
            until: Some(*told_on),
            detail: Some(format!("{}:{}", answer.name(), name_of(&TOLD_BY, by))),
            ..plain("offer-moved", on)
        },
    }
}

fn value_of<T: Copy>(names: &[(&str, T)], name: Option<&str>) -> Option<T> {
    let found = names.iter().find(|(known, _)| Some(*known) == name);
    found.map(|(_, value)| *value)
}

/// Where an offer stands, by the day and the words that are stored: none while nobody has answered.
fn offer(told_on: Option<Date>, words: Option<&str>) -> Option<Offer> {
    let Some((on, words)) = told_on.zip(words) else {
        return Some(Offer::NotAnswered);
    };
    let (answer, by) = words.split_once(':')?;
    Some(Offer::Told {
        answer: OfferAnswer::parse(answer)?,
        on,
        by: value_of(&TOLD_BY, Some(by))?,
    })
}

fn event(
    kind: &str,
    on: Date,
    until: Option<Date>,
    tests: Option<String>,
    detail: Option<&str>,
) -> Option<Event> {
    Some(match kind {
        "queued" => Event::Queued { on },
        "asked" => Event::Asked {
            on,
            answer_by: until?,
        },
        "tests-ordered" => Event::TestsOrdered {
            on,
            tests: tests?.split(',').map(str::to_owned).collect(),
            sample_by: until?,
            because: because(detail)?,
        },
        "reminded" => Event::Reminded { on, until: until? },
        "result-received" => Event::ResultReceived {
            on,
            test: tests?,
            sampled_on: until?,
        },
        "handed-over" => Event::HandedOver {
            on,
            why: value_of(&HANDED_OVER, detail)
                .or_else(|| value_of(&NotDelivered::NAMES, detail).map(HandedOver::NotDelivered))?,
        },
        "delivered" => Event::Delivered { on, test: tests },
        "not-delivered" => Event::NotDelivered {
            on,
            test: tests,
            why: value_of(&NotDelivered::NAMES, detail)?,
        },
        "result-seen" => Event::ResultSeen {
            on,
            finding: value_of(&FINDINGS, detail)?,
        },
        "below-level" => Event::BelowLevel { on },
        "left" => Event::Left {
            on,
            state: value_of(&State::NAMES, detail)?,
        },
        "recall-due" => Event::RecallDue { on },
        "offer-moved" => Event::OfferMoved {
            on,
            to: offer(until, detail)?,
        },
        _ => return None,
    })
}

/// A day as stored.
pub(super) fn day(text: &str) -> Result<Date, LedgerError> {
    text.parse()
        .map_err(|_| LedgerError::Content(format!("`{text}` is no date")))
}

const COLUMNS: &str = "resident, round, kind, on_day, until, tests, detail";

type Raw = (
    [u8; 16],
    u16,
    String,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
);

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok((
        row.get(0)?,
        row.get(1)?,
        row.get(2)?,
        row.get(3)?,
        row.get(4)?,
        row.get(5)?,
        row.get(6)?,
    ))
}

fn read(raw: Raw) -> Result<(ResidentId, u16, Event), LedgerError> {
    let (resident, round, kind, on, until, tests, detail) = raw;
    let until = until.as_deref().map(day).transpose()?;
    let event = event(&kind, day(&on)?, until, tests, detail.as_deref());
    let event = event.ok_or_else(|| LedgerError::Content(format!("an event `{kind}`")))?;
    Ok((ResidentId::from_bytes(resident), round, event))
}

/// The next state of a fold; the ledger only holds events that fitted when they were written.
fn fold(
    episode: Option<Episode>,
    round: u16,
    event: &Event,
) -> Result<Option<Episode>, LedgerError> {
    let mut episode = match episode {
        // Late news about a round that is over: it was fitted into that round when it was written.
        Some(episode) if round < episode.round => return Ok(Some(episode)),
        Some(episode) if round == episode.round => episode,
        Some(_) | None => Episode::begin(round),
    };
    episode
        .apply(event)
        .map_err(|misfit| LedgerError::Content(format!("an event that does not fit: {misfit}")))?;
    Ok(Some(episode))
}

/// The newest episode of one resident, or one round of it, as of the newest event or an earlier one.
pub(super) fn episode_of(
    connection: &Connection,
    resident: ResidentId,
    only_round: Option<u16>,
    up_to_event: Option<i64>,
) -> Result<Option<Episode>, LedgerError> {
    let action = "cannot read an episode";
    let mut statement = connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM episode_event
             WHERE resident = ?1 AND (?2 IS NULL OR round = ?2) AND id <= ?3 ORDER BY id"
        ))
        .map_err(sql(action))?;
    let rows = statement
        .query_map(
            params![
                resident.as_bytes(),
                only_round,
                up_to_event.unwrap_or(i64::MAX)
            ],
            raw,
        )
        .map_err(sql(action))?;
    let mut episode = None;
    for row in rows {
        let (_, round, event) = read(row.map_err(sql(action))?)?;
        episode = fold(episode, round, &event)?;
    }
    Ok(episode)
}

/// Whether events fit one after the other where a resident's rounds stand now.
fn all_fit(
    connection: &Connection,
    resident: ResidentId,
    events: &[(u16, Event)],
) -> Result<bool, LedgerError> {
    let mut rounds: HashMap<u16, Episode> = HashMap::new();
    for (round, event) in events {
        if !rounds.contains_key(round) {
            let known = episode_of(connection, resident, Some(*round), None)?;
            rounds.insert(*round, known.unwrap_or_else(|| Episode::begin(*round)));
        }
        let fits = rounds
            .get_mut(round)
            .is_some_and(|episode| episode.apply(event).is_ok());
        if !fits {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Adds events when all of them fit, one after the other, where a resident's rounds stand now; says
/// whether they did. Else nothing is added.
pub(super) fn add_events(
    connection: &Connection,
    resident: ResidentId,
    events: &[(u16, Event)],
    run: Option<u32>,
    at: i64,
) -> Result<bool, LedgerError> {
    if !all_fit(connection, resident, events)? {
        return Ok(false);
    }
    for (round, event) in events {
        insert(connection, (resident, *round, event), run, at)?;
    }
    Ok(true)
}

fn insert(
    connection: &Connection,
    (resident, round, event): (ResidentId, u16, &Event),
    run: Option<u32>,
    at: i64,
) -> Result<(), LedgerError> {
    let columns = columns(event);
    connection
        .prepare_cached(
            "INSERT INTO episode_event (resident, round, kind, on_day, until, tests, detail, run, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                resident.as_bytes(),
                round,
                columns.kind,
                columns.on.to_string(),
                columns.until.map(|day| day.to_string()),
                columns.tests,
                columns.detail,
                run,
                at
            ])
        })
        .map(drop)
        .map_err(sql("cannot add an event"))
}

/// Residents' newest episodes.
pub type EpisodeMap = HashMap<ResidentId, Episode>;

impl Ledger {
    /// Every resident's newest episode, as of the newest event or an earlier one, and the number of
    /// that event.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn episodes(&self, up_to_event: Option<i64>) -> Result<(EpisodeMap, i64), LedgerError> {
        let action = "cannot read episodes";
        let last = up_to_event.unwrap_or(i64::MAX);
        let mut statement = self
            .connection
            .prepare(&format!(
                "SELECT {COLUMNS}, id FROM episode_event WHERE id <= ?1 ORDER BY id"
            ))
            .map_err(sql(action))?;
        let rows = statement
            .query_map([last], |row| Ok((raw(row)?, row.get::<_, i64>(7)?)))
            .map_err(sql(action))?;
        let mut episodes = EpisodeMap::new();
        let mut newest = 0;
        for row in rows {
            let (raw, id) = row.map_err(sql(action))?;
            let (resident, round, event) = read(raw)?;
            let episode = fold(episodes.remove(&resident), round, &event)?;
            episodes.extend(episode.map(|episode| (resident, episode)));
            newest = id;
        }
        Ok((episodes, newest))
    }

    /// Every event of every episode, in the order in which they were written.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn every_event(
        &self,
        mut each: impl FnMut(ResidentId, u16, &Event),
    ) -> Result<(), LedgerError> {
        let action = "cannot read episodes";
        let mut statement = self
            .connection
            .prepare(&format!("SELECT {COLUMNS} FROM episode_event ORDER BY id"))
            .map_err(sql(action))?;
        let rows = statement.query_map([], raw).map_err(sql(action))?;
        for row in rows {
            let (resident, round, event) = read(row.map_err(sql(action))?)?;
            each(resident, round, &event);
        }
        Ok(())
    }

    /// One resident's newest episode, as of the newest event or an earlier one.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn episode(
        &self,
        resident: ResidentId,
        up_to_event: Option<i64>,
    ) -> Result<Option<Episode>, LedgerError> {
        episode_of(&self.connection, resident, None, up_to_event)
    }
}
