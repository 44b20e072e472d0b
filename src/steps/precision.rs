//! Precision: for whom the programme is right, how soon, and by which tests.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::alarm_counts::laboratories;
use super::cases::language_of;
use super::learn::FollowedCase;
use super::run::checked_pulls;
use super::sources::Sources;
use super::{DataFolder, StepError};
use crate::learning::{self, Burden, GroupedCase, PrecisionByGroup, burden, precision_by_group};
use crate::orders::Action;
use crate::outcomes::{self, IndexDecision, Verification};
use crate::rulebook::{Observed, Rulebook};

/// Tells the people of followed decisions apart, as they were known on a day. `cases` are those that
/// [`learn`](super::learn) has followed until that day, sorted by resident.
///
/// # Errors
///
/// When the calibration in force is of something the programme does not observe, or reading fails.
pub fn precision(
    rulebook: &Rulebook,
    data: &DataFolder,
    (cases, today): (&[FollowedCase], Date),
) -> Result<PrecisionByGroup, StepError> {
    let pulls = checked_pulls(rulebook, data)?;
    let by_pull = laboratories(rulebook, &pulls);
    let observed = learning::observed(&rulebook.calibration)?;
    let horizon = rulebook.calibration.estimand.horizon_months;
    let sources = Sources::of(data, rulebook, &pulls)?;
    let mut stored = data.store.facts(&rulebook.catalogue, None)?;
    let asked = cases.iter().filter(|one| one.case.is_asked());
    let mut asked = asked.peekable();
    let mut grouped = Vec::new();
    for entry in data.store.register(None)? {
        let resident = entry.resident;
        let mut facts = Vec::new();
        stored.take_until(resident, &mut facts)?;
        let mut facts = Some(facts);
        let mut later = None;
        while let Some(one) = asked.next_if(|one| one.resident == resident) {
            let later = later.get_or_insert_with(|| {
                sources.profile(&entry, facts.take().unwrap_or_default(), today)
            });
            let index = one.index_date.map(|on| IndexDecision {
                on,
                decided: one.case.decided,
                // What treatment means for the outcome has been said already.
                first_on: on,
            });
            let verification = index.map_or_else(Verification::default, |index| {
                outcomes::verification(rulebook, observed, horizon, &index, later)
            });
            grouped.push(GroupedCase {
                case: one.case,
                index_date: one.index_date,
                language: language_of(&entry).to_owned(),
                district: entry.district.as_deref().map(str::to_owned),
                laboratory: laboratory(observed, &verification, &by_pull),
                verification,
            });
        }
    }
    let burden = burden_until(data, today)?;
    Ok(precision_by_group(rulebook, &grouped, burden))
}

/// Whose results decided; nothing without results.
fn laboratory(
    observed: &Observed,
    verification: &Verification,
    by_pull: &BTreeMap<u32, String>,
) -> Option<String> {
    let results = verification.results.iter();
    let results = results.filter(|result| observed.verified_by.contains(&result.test));
    let names = results.filter_map(|result| by_pull.get(&result.pull));
    let names: BTreeSet<&String> = names.collect();
    match names.len() {
        0 => None,
        1 => names.first().map(|name| (*name).clone()),
        _ => Some("several".to_owned()),
    }
}

/// Orders that left and tasks that were opened until a day, by name.
fn burden_until(data: &DataFolder, today: Date) -> Result<Option<Burden>, StepError> {
    let mut orders = Vec::new();
    data.ledger.departures(|row| {
        if let Some(day) = row.left_on {
            orders.push((order_name(&row.action).to_owned(), day));
        }
    })?;
    let tasks = data.ledger.tasks_opened()?;
    let tasks: Vec<(String, Date)> = tasks
        .into_iter()
        .map(|(code, day)| (format!("task {code}"), day))
        .collect();
    Ok(burden(today, &orders, &tasks))
}

const fn order_name(action: &Action) -> &'static str {
    match action {
        Action::Questionnaire => "questionnaires",
        Action::RemindQuestionnaire | Action::RemindLaboratory => "reminders",
        Action::Laboratory { .. } => "laboratory orders",
        Action::Message { .. } => "messages",
        Action::Contact { .. } => "contacts by a professional",
        Action::Cancel { .. } => "orders taken back",
    }
}
