//! Looking again, just before orders leave: death, move, refusal, diagnosis, non-disclosure, other rules.

use std::collections::HashSet;

use super::run::{checked_pulls, decided};
use super::sources::Sources;
use super::{DataFolder, StepError, sampling};
use crate::config::{Config, Scope};
use crate::delivery::{Delivery, Refused, Route};
use crate::lake::{FactStreams, RegisterRow};
use crate::ledger::{Checked, RowView, Stamp, Turn, Verdict};
use crate::orders::{Action, Candidate, Order, ScoreNote, asks, before_leaving, still_wanted};
use crate::pathway::{self, Episode, Inclusion, OrderedBecause, Sampling, Stage, TestOrder};
use crate::profile::{Fact, Profile, ResidentId, Standing};
use crate::rulebook::Rulebook;

/// Decides again about every resident with an order that may still be sent, on the newest facts, and
/// stops what is no longer wanted. The same rules decide: there is no second list of reasons.
///
/// Orders whose residents' data may be incomplete stay, and do not leave. Returns false when the
/// lake is not what the ledger has committed (a pull is appearing just now, or was interrupted):
/// then nothing was looked at, and nothing leaves.
///
/// # Errors
///
/// When the lake or the ledger cannot be read or written.
pub fn recheck(
    rulebook: &Rulebook,
    data: &mut DataFolder,
    config: &Config,
    stamp: &Stamp,
) -> Result<bool, StepError> {
    let mut rows = data.ledger.unchecked(stamp, None, ROWS)?;
    if rows.is_empty() {
        return Ok(true);
    }
    let before = published(data)?;
    if before.is_none() {
        return Ok(false);
    }
    // What leaves leaves in the words of these rules.
    data.ledger.keep_rules(rulebook)?;
    let mut looking = Looking::begin(rulebook, data, config)?;
    while let Some(last) = rows.last().map(|row| row.order.resident) {
        let verdicts = looking.verdicts(data, stamp, &rows)?;
        // What appeared while reading was not wholly seen.
        if published(data)? != before || data.ledger.newest_pull()? != stamp.pull {
            return Ok(false);
        }
        data.ledger.checked(&config.terms(), stamp, &verdicts)?;
        rows = data.ledger.unchecked(stamp, Some(last), ROWS)?;
    }
    Ok(true)
}

/// Rows that are looked at at a time.
const ROWS: usize = 1_024;

/// With which probability the resident was drawn for the open round.
fn drawn(episode: Option<&Episode>) -> Option<Inclusion> {
    match episode.map(|episode| &episode.stage) {
        Some(Stage::Ordered {
            because: OrderedBecause::SampledNegative(inclusion),
            ..
        }) => Some(*inclusion),
        Some(
            Stage::Ordered {
                because: OrderedBecause::Flagged,
                ..
            }
            | Stage::Eligible
            | Stage::Queued { .. }
            | Stage::Asked { .. }
            | Stage::Confirming { .. }
            | Stage::OfferedPrevention { .. }
            | Stage::WithANurse { .. }
            | Stage::Closed { .. },
        )
        | None => None,
    }
}

/// Whether the record shows that a test was taken care of since it was decided: its result is there,
/// or somebody's order of it.
fn is_seen(rulebook: &Rulebook, row: &RowView, episode: Option<&Episode>, facts: &[Fact]) -> bool {
    let order = &row.order;
    let since = |fact: &Fact| order.decided_on <= fact.recorded.date(fact.effective);
    let test = match &order.action {
        Action::Laboratory { test } => test,
        // Whoever has answered has been reached.
        Action::Questionnaire | Action::RemindQuestionnaire => {
            let answered = |fact: &Fact| fact.standing == Standing::SelfReported && since(fact);
            return row.way == Some(Route::Outreach) && facts.iter().any(answered);
        }
        Action::RemindLaboratory
        | Action::Message { .. }
        | Action::Contact { .. }
        | Action::Cancel { .. } => return false,
    };
    let has_result = match episode.filter(|episode| episode.round == order.round) {
        Some(Episode {
            stage: Stage::Ordered { tests, .. },
            ..
        }) => matches!(tests.get(test), Some(TestOrder::Resulted(_))),
        _ => false,
    };
    let catalogue = &rulebook.catalogue;
    let test = catalogue.find(test);
    let ordered_as = test.and_then(|test| catalogue.order_meaning(test));
    has_result
        || facts.iter().any(|fact| {
            (Some(fact.id) == test || Some(fact.id) == ordered_as)
                && order.decided_on <= fact.effective
                && since(fact)
        })
}

/// Whether the newest word about it is that the resident is not reached at the portal.
pub(super) fn is_without_portal(rulebook: &Rulebook, profile: &Profile) -> bool {
    let name = rulebook.programme.without_portal.as_deref();
    let Some(id) = name.and_then(|name| rulebook.catalogue.find(name)) else {
        return false;
    };
    let newest = profile.facts_of(id).last();
    newest.is_some_and(|fact| fact.until.is_none_or(|until| profile.index_date() < until))
}

/// Whether it is of questions of which nothing has left, and which wait for the resident's turn.
fn is_in_turn(row: &RowView, episode: Option<&Episode>) -> bool {
    let stage = episode
        .filter(|episode| episode.round == row.order.round)
        .map(|episode| &episode.stage);
    row.order.action == Action::Questionnaire
        && matches!(row.delivery, Delivery::Planned { .. })
        && matches!(stage, Some(Stage::Queued { .. }))
}

/// What is asked now of somebody who waits for their turn, and how soon.
fn turn(
    rulebook: &Rulebook,
    order: &Order,
    profile: &Profile,
    decision: &pathway::Decision,
) -> Option<Turn> {
    let first = rulebook.programme.asking.as_ref();
    let first = first.map_or(&[][..], |asking| &asking.first);
    let candidate = Candidate::of(profile, decision, order.decided_on)?;
    Some(Turn {
        asks: asks(rulebook, decision),
        rank: candidate.rank(first),
    })
}

/// Whether an order begins a round: nothing else of the round has left yet.
fn begins_a_round(data: &DataFolder, order: &Order) -> Result<bool, StepError> {
    Ok(match &order.action {
        Action::Questionnaire | Action::Laboratory { .. } => !data.ledger.has_begun(order)?,
        Action::RemindQuestionnaire
        | Action::RemindLaboratory
        | Action::Message { .. }
        | Action::Contact { .. }
        | Action::Cancel { .. } => false,
    })
}

/// The generation that readers see, when it is the newest that was committed.
fn published(data: &DataFolder) -> Result<Option<u32>, StepError> {
    let committed = data.ledger.generation_number()?;
    Ok(committed.filter(|number| data.store.current() == Some(*number)))
}

/// What is known of everybody, read along the residents with open orders.
struct Looking<'r> {
    rulebook: &'r Rulebook,
    sampling: Option<Sampling>,
    sources: Sources,
    /// Sorted by resident.
    register: Vec<RegisterRow>,
    hidden: HashSet<ResidentId>,
    scope: &'r Scope,
    facts: FactStreams<'r>,
}

impl<'r> Looking<'r> {
    fn begin(
        rulebook: &'r Rulebook,
        data: &DataFolder,
        config: &'r Config,
    ) -> Result<Self, StepError> {
        let pulls = checked_pulls(rulebook, data)?;
        Ok(Self {
            rulebook,
            sampling: sampling::in_force(data, config)?.map(|(sampling, _)| sampling),
            sources: Sources::of(data, rulebook, &pulls)?,
            register: data.store.register(None)?,
            hidden: data.ledger.non_disclosed()?,
            scope: &config.scope,
            facts: data.store.facts(&rulebook.catalogue, None)?,
        })
    }

    fn entry(&self, resident: ResidentId) -> Option<&RegisterRow> {
        let found = self
            .register
            .binary_search_by_key(&resident, |row| row.resident);
        self.register.get(found.ok()?)
    }

    /// What to do with rows, which are sorted by resident and follow those of the last call.
    fn verdicts(
        &mut self,
        data: &DataFolder,
        stamp: &Stamp,
        rows: &[RowView],
    ) -> Result<Vec<Checked>, StepError> {
        let rulebook = self.rulebook;
        let mut verdicts = Vec::with_capacity(rows.len());
        for of_resident in rows.chunk_by(|a, b| a.order.resident == b.order.resident) {
            let resident = of_resident[0].order.resident;
            let mut facts = Vec::new();
            self.facts.take_until(resident, &mut facts)?;
            let episode = data.ledger.episode(resident, None)?;
            let seen = of_resident.iter();
            let seen: Vec<bool> = seen
                .map(|row| is_seen(rulebook, row, episode.as_ref(), &facts))
                .collect();
            let entry = self.entry(resident);
            let decided = entry.map(|entry| {
                let profile = self.sources.profile(entry, facts, stamp.day);
                let before = before_leaving(episode.as_ref());
                let sampling = self.sampling.as_ref();
                let decision = match drawn(episode.as_ref()).filter(|_| sampling.is_some()) {
                    // Who was drawn for this round stays drawn: the lot is not drawn again.
                    Some(inclusion) => {
                        pathway::decide(rulebook, &profile, before.as_ref(), Some(inclusion))
                    }
                    None => decided(rulebook, resident, &profile, before.as_ref(), sampling).1,
                };
                (profile, decision)
            });
            let decision = decided.as_ref().map(|(_, decision)| decision);
            let is_without_portal = decided
                .as_ref()
                .is_some_and(|(profile, _)| is_without_portal(rulebook, profile));
            let language = entry.and_then(|entry| entry.language.clone());
            let assessment = decision.and_then(|d| d.assessment.as_ref());
            let score = assessment.map(|assessment| ScoreNote::of(rulebook, assessment).text());
            let is_in_scope = entry.is_some_and(|entry| {
                let district = entry.district.as_deref();
                self.scope.holds(district, entry.register.birth, stamp.day)
            });
            let is_hidden = self.hidden.contains(&resident);
            for (row, is_seen) in of_resident.iter().zip(seen) {
                let is_order = !matches!(row.order.action, Action::Cancel { .. });
                let wanted = decision
                    .map(|decision| still_wanted(rulebook, &row.order, episode.as_ref(), decision));
                let is_in_turn = is_in_turn(row, episode.as_ref());
                let last_day = if row.delivery.is_awaited() {
                    // It has left: what it asks for may be done as long as it is waited for.
                    row.order.due.max(row.order.send_by)
                } else {
                    row.order.send_by
                };
                let verdict = match wanted {
                    // Who waits for their turn is decided about anew each time: it never gets stale.
                    _ if last_day < stamp.day && !is_in_turn => Verdict::Stop(Refused::TooLate),
                    // Erased since: there is nobody to ask.
                    None if is_order => Verdict::Stop(Refused::NotExpressible),
                    Some(Some(false)) => Verdict::Stop(Refused::Withdrawn),
                    _ if is_order && is_hidden => Verdict::Stop(Refused::Withheld),
                    // Outside the scope of now no round begins; it may be wider tomorrow.
                    _ if !is_in_scope && begins_a_round(data, &row.order)? => Verdict::Hold,
                    Some(None) => Verdict::Hold,
                    Some(Some(true)) | None => Verdict::MayLeave,
                };
                verdicts.push(Checked {
                    row: row.id,
                    verdict,
                    language: language.clone(),
                    score: score.clone(),
                    is_without_portal,
                    turn: decided.as_ref().filter(|_| is_in_turn).and_then(
                        |(profile, decision)| turn(rulebook, &row.order, profile, decision),
                    ),
                    is_seen,
                });
            }
        }
        Ok(verdicts)
    }
}
