//! What alarms are judged by, gathered from lake and ledger.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use super::interval_cases::interval_cases;
use super::model_drift::unanswered_change;
use super::reconcile::{PASSING, on_record};
use super::run::runs_of;
use super::run_report::RunReport;
use super::unmapped::over_limit;
use super::{DataFolder, PullReport, StepError};
use crate::config::{BY_HAND, Config};
use crate::delivery::TaskCode;
use crate::ledger::{Departure, Gone, PullRecord, RunRecord};
use crate::orders::{Action, week_of};
use crate::pathway::Stage;
use crate::profile::{Fact, FactId, ResidentId, SubmissionId};
use crate::report::{
    AlarmCounts, LaboratoryWeeks, LeftOrders, NewCode, RunCounts, Stream, StreamKind, Waits, Week,
};
use crate::rulebook::{NextStep, Rulebook, State};

type Districts = HashMap<ResidentId, Arc<str>>;
type Days = BTreeMap<(StreamKind, String), BTreeMap<Date, u64>>;

/// Everything that alarms are judged by, as of a day.
pub(super) fn counts(
    rulebook: &Rulebook,
    data: &DataFolder,
    config: Option<&Config>,
    on: Date,
) -> Result<AlarmCounts, StepError> {
    let pulls = data.ledger.pulls()?;
    let reports = pulls.iter().map(|pull| serde_json::from_str(&pull.report));
    let reports: Vec<Option<PullReport>> = reports.map(Result::ok).collect();
    let sources = Pulled::of(rulebook, &pulls, &reports);
    let districts = districts(data)?;
    let mut left = Left::default();
    data.ledger
        .departures(|row| left.add(&districts, on, row))?;
    let mut streams = streams(left.days, on);
    let (results, known_until) = results(rulebook, data, &sources, &districts)?;
    streams.extend(self::streams(results, known_until));
    let not_understood = over_limit(rulebook, &pulls);
    Ok(AlarmCounts {
        streams,
        not_taken: waiting(left.not_taken),
        not_left: waiting(left.not_left),
        differences: differences(data, on)?,
        not_understood: not_understood.iter().map(ToString::to_string).collect(),
        new_codes: new_codes(&sources, &reports),
        runs: runs(rulebook, data, on)?,
        waits: waits(rulebook, data, on)?,
        laboratory: left.laboratory,
        interval_cases: interval_cases(rulebook, data, on)?.passed_over(),
        drift: unanswered_change(rulebook, data, on)?,
        pulls: sources.newest(config),
    })
}

/// Whose results each pull brought, by its number: the laboratory that was named, else the source.
pub(super) fn laboratories(rulebook: &Rulebook, pulls: &[PullRecord]) -> BTreeMap<u32, String> {
    let reports = pulls.iter().map(|pull| serde_json::from_str(&pull.report));
    let reports: Vec<Option<PullReport>> = reports.map(Result::ok).collect();
    let pulled = Pulled::of(rulebook, pulls, &reports).by_id.into_iter();
    pulled
        .map(|(pull, (_, laboratory, _))| (pull, laboratory.to_owned()))
        .collect()
}

/// Which pull brought what, and when.
struct Pulled<'p> {
    /// By number: the source, the laboratory whose results it brought, the day.
    by_id: BTreeMap<u32, (&'p str, &'p str, Option<Date>)>,
}

impl<'p> Pulled<'p> {
    /// Without pulls that say that a source could not be pulled.
    fn of(rulebook: &Rulebook, pulls: &'p [PullRecord], reports: &'p [Option<PullReport>]) -> Self {
        let zone = &rulebook.programme.time_zone;
        let mut by_id = BTreeMap::new();
        for (pull, report) in pulls.iter().zip(reports) {
            let is_of_nothing = report.as_ref().is_some_and(PullReport::is_of_nothing);
            // Nobody expects what people put on record to come day by day.
            if is_of_nothing || pull.source == BY_HAND {
                continue;
            }
            let laboratory = report
                .as_ref()
                .and_then(|report| report.laboratory.as_deref());
            let at = pull.at.parse::<Timestamp>().ok();
            let day = at.and_then(|at| at.in_tz(zone).ok()).map(|at| at.date());
            let source = &*pull.source;
            by_id.insert(pull.id, (source, laboratory.unwrap_or(source), day));
        }
        Self { by_id }
    }

    /// By source, the day of the newest pull; of configured sources also of those never pulled.
    fn newest(&self, config: Option<&Config>) -> BTreeMap<String, Option<Date>> {
        let configured = config.into_iter().flat_map(|config| config.sources.keys());
        let mut newest: BTreeMap<String, Option<Date>> =
            configured.map(|source| (source.clone(), None)).collect();
        for (source, _, day) in self.by_id.values() {
            let known = newest.entry((*source).to_owned()).or_default();
            *known = (*known).max(*day);
        }
        newest
    }
}

fn districts(data: &DataFolder) -> Result<Districts, StepError> {
    let register = data.store.register(None)?.into_iter();
    Ok(register
        .filter_map(|row| Some((row.resident, row.district?)))
        .collect())
}

fn streams(days: Days, known_until: Date) -> Vec<Stream> {
    let streams = days.into_iter().map(|((kind, of), days)| Stream {
        kind,
        of,
        days,
        known_until,
    });
    streams.collect()
}

/// What rows of the outbox say of their way.
#[derive(Default)]
struct Left {
    days: Days,
    not_taken: BTreeMap<(String, Date), u64>,
    not_left: BTreeMap<(String, Date), u64>,
    laboratory: Option<LaboratoryWeeks>,
}

impl Left {
    fn add(&mut self, districts: &Districts, on: Date, row: Departure) {
        let Departure {
            resident,
            action,
            channel,
            decided_on,
            left_on,
            gone,
        } = row;
        match gone {
            // Who waits for their turn to be asked is counted by itself.
            Gone::NotYet if action == Action::Questionnaire => {}
            Gone::NotYet => {
                *self
                    .not_left
                    .entry((channel.clone(), decided_on))
                    .or_default() += 1;
            }
            Gone::NotTaken => {
                let since = left_on.unwrap_or(decided_on);
                *self.not_taken.entry((channel.clone(), since)).or_default() += 1;
            }
            Gone::Settled => {}
        }
        let (Some(day), Some(kind)) = (left_on, stream_of(&action)) else {
            return;
        };
        let mut count = |of: String| {
            let days = self.days.entry((kind, of)).or_default();
            *days.entry(day).or_default() += 1;
        };
        count(format!("channel/{channel}"));
        if let Some(district) = districts.get(&resident) {
            count(format!("district/{district}"));
        }
        if kind == StreamKind::Orders {
            self.laboratory(on, day);
        }
    }

    /// Counts an order in this week or the one before.
    fn laboratory(&mut self, on: Date, day: Date) {
        let (monday, _) = week_of(on);
        let (before, _) = week_of(monday.yesterday().unwrap_or(monday));
        let none = [before, monday].map(|monday| Week { monday, n: 0 });
        for week in self.laboratory.get_or_insert(none) {
            let (_, sunday) = week_of(week.monday);
            week.n += u64::from(week.monday <= day && day <= sunday);
        }
    }
}

const fn stream_of(action: &Action) -> Option<StreamKind> {
    match action {
        Action::Questionnaire
        | Action::RemindQuestionnaire
        | Action::RemindLaboratory
        | Action::Message { .. } => Some(StreamKind::Invitations),
        Action::Laboratory { .. } => Some(StreamKind::Orders),
        Action::Contact { .. } | Action::Cancel { .. } => None,
    }
}

fn waiting(counted: BTreeMap<(String, Date), u64>) -> Vec<LeftOrders> {
    let orders = counted
        .into_iter()
        .map(|((channel, since), n)| LeftOrders { channel, since, n });
    orders.collect()
}

/// Results of the tests that the pathway orders, by laboratory and district, on the days on which they were
/// recorded; and the last day of which everything may be known: the one before the newest pull.
fn results(
    rulebook: &Rulebook,
    data: &DataFolder,
    pulled: &Pulled<'_>,
    districts: &Districts,
) -> Result<(Days, Date), StepError> {
    let tests = ordered_tests(rulebook);
    let mut days = Days::new();
    let mut stored = data.store.facts(&rulebook.catalogue, None)?;
    let mut facts = Vec::new();
    while let Some(resident) = stored.next_resident()? {
        facts.clear();
        stored.take_until(resident, &mut facts)?;
        let results = facts.iter().filter(|fact| tests.contains(&fact.id));
        // Of a corrected result only the first version came as news.
        let mut first: BTreeMap<(SubmissionId, u16, FactId), Fact> = BTreeMap::new();
        for fact in results.filter(|fact| fact.quantity().is_some()) {
            let known = first.entry((fact.submission, fact.part, fact.id));
            let known = known.or_insert(*fact);
            if fact.version < known.version {
                *known = *fact;
            }
        }
        for fact in first.values() {
            let day = fact.recorded.date(fact.effective);
            let mut count = |of: String| {
                let days = days.entry((StreamKind::Results, of)).or_default();
                *days.entry(day).or_default() += 1;
            };
            if let Some((_, laboratory, _)) = pulled.by_id.get(&fact.version.pull) {
                count(format!("laboratory/{laboratory}"));
            }
            if let Some(district) = districts.get(&resident) {
                count(format!("district/{district}"));
            }
        }
    }
    let newest = pulled.by_id.values().filter_map(|(_, _, day)| *day).max();
    let known_until = newest.and_then(|day| day.yesterday().ok());
    Ok((days, known_until.unwrap_or(Date::MAX)))
}

fn ordered_tests(rulebook: &Rulebook) -> Vec<FactId> {
    let rows = rulebook.pathway.rows.iter();
    let tests = rows.filter_map(|row| match &row.outcome {
        Some((_, NextStep::OrderLaboratory { tests })) => Some(tests.clone()),
        Some(_) | None => None,
    });
    tests.flatten().collect()
}

/// What does not agree by the ledger alone, without what ends by itself; and what a comparison with the other
/// side has left for a person.
fn differences(data: &DataFolder, on: Date) -> Result<Vec<(String, u64)>, StepError> {
    let report = on_record(data, on)?;
    let lasting = report.differences.into_iter();
    let lasting = lasting.filter(|one| !PASSING.contains(&one.what));
    let mut differences: Vec<(String, u64)> =
        lasting.map(|one| (one.what.to_owned(), one.n)).collect();
    let open = data.ledger.open_tasks()?;
    for code in [
        TaskCode::DeliveryUnknown,
        TaskCode::DeliveryDoubled,
        TaskCode::DeliveryMissing,
        TaskCode::DeliveryNotTakenBack,
    ] {
        if let Some(n) = open.get(code.name()) {
            differences.push((format!("open tasks `{}`", code.name()), *n));
        }
    }
    Ok(differences)
}

fn new_codes(sources: &Pulled<'_>, reports: &[Option<PullReport>]) -> Vec<NewCode> {
    let of_something = |report: &&PullReport| sources.by_id.contains_key(&report.id);
    let newest: BTreeMap<&str, &PullReport> = reports
        .iter()
        .flatten()
        .filter(of_something)
        .map(|report| (&*report.source, report))
        .collect();
    let mut new = Vec::new();
    for (source, report) in newest {
        let codes = report.codes.iter().flat_map(|codes| &codes.newly_frequent);
        new.extend(codes.map(|(kind, system, code, n, before)| NewCode {
            source: source.to_owned(),
            code: format!("{kind} {system} {code}"),
            n: *n,
            before: *before,
        }));
    }
    new
}

/// Runs of the programme up to a day.
fn runs(rulebook: &Rulebook, data: &DataFolder, on: Date) -> Result<Vec<RunCounts>, StepError> {
    let counted = runs_of(rulebook, data)?;
    let counted = counted.iter().filter_map(|run| counted_run(rulebook, run));
    Ok(counted.filter(|run| run.on <= on).collect())
}

fn counted_run(rulebook: &Rulebook, run: &RunRecord) -> Option<RunCounts> {
    let report: RunReport = serde_json::from_str(&run.report).ok()?;
    let words = &rulebook.programme.words;
    let n = |state| report.states.get(words.state(state)).copied().unwrap_or(0);
    Some(RunCounts {
        on: run.index_date.parse().ok()?,
        register: report.register,
        flagged: n(State::Ordered),
        asked: n(State::Asked),
        passed_over: n(State::BelowLevel) + n(State::Concluded),
        exclusions_due: report.exclusions_due.clone(),
        contradictions: report.contradictions.clone(),
    })
}

fn waits(rulebook: &Rulebook, data: &DataFolder, on: Date) -> Result<Waits, StepError> {
    let (episodes, _) = data.ledger.episodes(None)?;
    let confirming = episodes.values().filter_map(|episode| match episode.stage {
        Stage::Confirming { since } => Some(since),
        Stage::Eligible
        | Stage::Queued { .. }
        | Stage::Asked { .. }
        | Stage::Ordered { .. }
        | Stage::OfferedPrevention { .. }
        | Stage::WithANurse { .. }
        | Stage::Closed { .. } => None,
    });
    let rows = rulebook.pathway.rows.iter();
    let rows = rows.filter(|row| matches!(row.outcome, Some((State::Confirming, _))));
    let deadlines = rows
        .filter_map(|row| row.review)
        .map(|review| review.within_days);
    let tasks = data.ledger.tasks()?.into_iter();
    Ok(Waits {
        to_be_asked: data.ledger.waiting_to_be_asked(on)?.since,
        tasks_due: tasks.map(|open| open.task.due).collect(),
        confirming: confirming.collect(),
        confirming_days: deadlines.max(),
    })
}
