//! Drift: the calibration in force through the months of its decisions, and each item of the score then
//! and now. Nothing is stored and nobody is asked.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use super::cases::{Along, along};
use super::in_force::{InForce, Registry, in_force};
use super::learn::{FollowedCase, follow};
use super::model_document::FigureShown;
use super::run::{checked_pulls, runs_of};
use super::sources::Sources;
use super::{DataFolder, StepError};
use crate::calibration::Figure;
use crate::lake::RegisterRow;
use crate::learning::{
    self, CalibrationDrift, DriftChange, DriftSeen, GateFigure, InputLevel, InputLevels, ItemDrift,
    ItemsDrift, Stretch, calibration_drift, input_drift, input_levels,
};
use crate::profile::{EntryRank, Fact, Profile, Residence, ResidentId};
use crate::risk;
use crate::rulebook::{Calibration, Rulebook};

/// When to look back from, and how.
#[derive(Debug, Clone, Copy)]
pub struct DriftOptions {
    /// The day of looking back.
    pub today: Date,
    /// Worker threads; the answer does not depend on it.
    pub threads: usize,
}

/// How a calibration and what it rests on have moved.
#[derive(Debug, Clone, Serialize)]
pub struct DriftReport {
    /// The day of looking back.
    pub as_of: String,
    /// The calibration in force, by name.
    pub calibration: String,
    /// The last day of decisions that it was fitted on; nothing when it is that of the rule file.
    pub fitted_until: Option<String>,
    /// What its probabilities are of.
    pub outcome: String,
    /// Verified decisions of first rounds.
    pub verified: usize,
    /// Of them so many were confirmed.
    pub confirmed: usize,
    /// Quarters of index dates, oldest first.
    pub quarters: Vec<StretchShown>,
    /// Changes, in the order in which they could be seen.
    pub changes: Vec<DriftChangeShown>,
    /// The first day of decisions since which nothing differs.
    pub alike_since: Option<String>,
    /// Whether the newest change is one that the calibration in force has seen nothing of.
    pub unanswered: bool,
    /// Items then and now; nothing when there are no two days to compare.
    pub inputs: Option<InputsShown>,
}

/// A stretch of quarters.
#[derive(Debug, Clone, Serialize)]
pub struct StretchShown {
    /// Its name.
    pub name: String,
    /// Verified decisions.
    pub verified: usize,
    /// Of them so many were confirmed.
    pub confirmed: usize,
    /// So many were to be expected.
    pub expected: f64,
    /// Observed over expected.
    pub o_e: FigureShown,
}

/// A change of the calibration.
#[derive(Debug, Clone, Serialize)]
pub struct DriftChangeShown {
    /// The first day of decisions since which it is another.
    pub since: String,
    /// The first day of the month whose decisions made it known.
    pub seen: String,
    /// In standard errors; above zero, more are confirmed than before.
    pub statistic: f64,
    /// O:E before.
    pub before: FigureShown,
    /// O:E from then on, as far as it was known.
    pub after: FigureShown,
}

/// Items on two days.
#[derive(Debug, Clone, Serialize)]
pub struct InputsShown {
    /// The earlier day.
    pub then: String,
    /// The later one.
    pub now: String,
    /// Residents with a score, then and now.
    pub residents: [u64; 2],
    /// Each item in the order of the form, then the score.
    pub items: Vec<InputShown>,
}

/// An item on two days.
#[derive(Debug, Clone, Serialize)]
pub struct InputShown {
    /// Its name.
    pub item: String,
    /// Population stability index.
    pub index: Option<f64>,
    /// Probability of as large an index by chance.
    pub p_value: Option<f64>,
    /// Share of whom nothing is known, then and now; of the score, share that is a range.
    pub missing: Option<[f64; 2]>,
    /// What is made of it; why not, where nothing is.
    pub verdict: String,
}

/// Follows the calibration in force through time, and holds each item now against the day until which
/// the calibration was fitted, or the first run where it was not fitted here.
///
/// # Errors
///
/// When nothing was pulled or decided, the calibration in force is of something that the programme does
/// not observe, or reading fails.
pub fn model_drift(
    rulebook: &Rulebook,
    data: &DataFolder,
    options: DriftOptions,
) -> Result<DriftReport, StepError> {
    let in_force = in_force(rulebook, data)?;
    let calibration = &in_force.rulebook.calibration;
    learning::observed(calibration)?;
    let followed = follow(&in_force.rulebook, data, (None, options.today))?;
    let seen = drift_seen(&in_force, data, (&followed.cases, options))?;
    Ok(DriftReport::new(calibration, options.today, &seen))
}

impl DriftReport {
    /// What was seen of a calibration, as of a day.
    pub(super) fn new(calibration: &Calibration, as_of: Date, seen: &DriftSeen) -> Self {
        let drift = &seen.calibration;
        Self {
            as_of: as_of.to_string(),
            calibration: calibration.name(),
            fitted_until: seen.fitted_until.map(|day| day.to_string()),
            outcome: calibration.estimand.to_string(),
            verified: drift.verified,
            confirmed: drift.confirmed,
            unanswered: seen.unanswered().is_some(),
            quarters: drift.stretches.iter().map(StretchShown::from).collect(),
            changes: drift.changes.iter().map(DriftChangeShown::from).collect(),
            alike_since: drift.alike_since.map(|day| day.to_string()),
            inputs: seen.items.as_ref().map(InputsShown::from),
        }
    }
}

/// How the calibration in force has moved among followed decisions, and each item of the score.
///
/// # Errors
///
/// When lake or ledger cannot be read.
pub(super) fn drift_seen(
    in_force: &InForce,
    data: &DataFolder,
    (cases, options): (&[FollowedCase], DriftOptions),
) -> Result<DriftSeen, StepError> {
    let (calibration, fitted_until) = calibration_over_time(in_force, data, cases)?;
    let then = match fitted_until {
        Some(day) => Some(day),
        None => first_run(&in_force.rulebook, data)?,
    };
    let then = then.filter(|then| *then < options.today);
    let days = then.map(|then| [then, options.today]);
    let items = days.map(|days| items(&in_force.rulebook, data, days, options.threads));
    Ok(DriftSeen {
        calibration,
        fitted_until,
        items: items.transpose()?,
    })
}

/// The calibration over time, and until when it was fitted.
fn calibration_over_time(
    in_force: &InForce,
    data: &DataFolder,
    cases: &[FollowedCase],
) -> Result<(CalibrationDrift, Option<Date>), StepError> {
    let dated = cases.iter();
    let dated: Vec<_> = dated
        .filter_map(|one| Some((one.case, one.index_date?)))
        .collect();
    let registry = Registry::of(data)?;
    let record = in_force.recalibration.and_then(|id| registry.called(id));
    let fitted_until = record
        .and_then(|record| record.fitted_until.as_ref())
        .and_then(|day| day.parse().ok());
    let calibration = &in_force.rulebook.calibration;
    Ok((calibration_drift(calibration, &dated), fitted_until))
}

/// The newest change that the calibration in force has seen nothing of.
///
/// Nothing where nobody can say: nothing was pulled or decided, or the programme does not observe what
/// the calibration is of.
///
/// # Errors
///
/// When lake or ledger cannot be read.
pub(super) fn unanswered_change(
    rulebook: &Rulebook,
    data: &DataFolder,
    today: Date,
) -> Result<Option<DriftChange>, StepError> {
    let in_force = in_force(rulebook, data)?;
    let calibration = &in_force.rulebook.calibration;
    let followed = learning::observed(calibration)
        .map_err(StepError::from)
        .and_then(|_| follow(&in_force.rulebook, data, (None, today)));
    match followed {
        Ok(followed) => {
            let (drift, until) = calibration_over_time(&in_force, data, &followed.cases)?;
            Ok(drift.unanswered(until).cloned())
        }
        Err(
            StepError::NothingPulled
            | StepError::NothingRun
            | StepError::OtherFacts
            | StepError::OtherProgramme { .. }
            | StepError::Estimands(_),
        ) => Ok(None),
        Err(error) => Err(error),
    }
}

fn first_run(rulebook: &Rulebook, data: &DataFolder) -> Result<Option<Date>, StepError> {
    let runs = runs_of(rulebook, data)?;
    Ok(runs
        .iter()
        .filter_map(|run| run.index_date.parse().ok())
        .min())
}

/// Whom the programme could decide about on a day: alive, not moved away, and of an age with a score.
fn is_there(profile: &Profile) -> bool {
    let is_here = match profile.register().residence {
        Residence::InArea | Residence::Unknown => true,
        Residence::MovedAway(left) => left.is_some_and(|day| profile.index_date() < day),
        Residence::Elsewhere => false,
    };
    // Who is not born yet has no age, nor has anybody whose birth is not known: they are left out.
    is_here
        && profile.age_in_years().is_some()
        && !profile.is_deceased()
        && profile.register().rank == EntryRank::Leading
}

/// The model of a ladder that was used, and the level of each item and of the score.
type Levels = (usize, Vec<InputLevel>);

fn items(
    rulebook: &Rulebook,
    data: &DataFolder,
    [then, now]: [Date; 2],
    threads: usize,
) -> Result<ItemsDrift, StepError> {
    let pulls = checked_pulls(rulebook, data)?;
    let sources = Sources::of(data, rulebook, &pulls)?;
    let register: Vec<RegisterRow> = data.store.register(None)?;
    let residents: Vec<ResidentId> = register.iter().map(|row| row.resident).collect();
    let everybody = Along {
        store: &data.store,
        catalogue: &rulebook.catalogue,
        residents: &residents,
        threads,
    };
    let levels = |entry: &RegisterRow, facts: Vec<Fact>, on: Date| -> Option<Levels> {
        let profile = sources.profile(entry, facts, on);
        let assessed = is_there(&profile).then(|| risk::assess(rulebook, &profile));
        let assessment = assessed.flatten()?;
        Some((assessment.rung(), input_levels(&assessment)))
    };
    let work = |n: usize, facts: Vec<Fact>| {
        let entry = &register[n];
        [
            levels(entry, facts.clone(), then),
            levels(entry, facts, now),
        ]
    };
    let mut counted: BTreeMap<(usize, usize), InputLevels> = BTreeMap::new();
    let mut assessed = [0, 0];
    along(everybody, work, |results| {
        for both in results.flatten() {
            for (at, found) in both.into_iter().enumerate() {
                let Some((rung, levels)) = found else {
                    continue;
                };
                assessed[at] += 1;
                for (n, level) in levels.into_iter().enumerate() {
                    let of = counted.entry((rung, n)).or_default();
                    of.entry(level).or_default()[at] += 1;
                }
            }
        }
        Ok(())
    })?;
    let items = counted.iter().map(|((rung, n), levels)| {
        let model = rulebook.model.rung(*rung);
        let item = model.items.get(*n);
        let name = item.map_or("score", |item| &item.name);
        let name = match rulebook.model.rungs.len() {
            0 => name.to_owned(),
            _ => format!("{name} ({})", model.header.id),
        };
        ItemDrift {
            item: name,
            found: input_drift(levels),
        }
    });
    Ok(ItemsDrift {
        then,
        now,
        residents: assessed,
        items: items.collect(),
    })
}

impl From<&ItemsDrift> for InputsShown {
    fn from(drift: &ItemsDrift) -> Self {
        Self {
            then: drift.then.to_string(),
            now: drift.now.to_string(),
            residents: drift.residents,
            items: drift.items.iter().map(InputShown::from).collect(),
        }
    }
}

impl From<&ItemDrift> for InputShown {
    fn from(drift: &ItemDrift) -> Self {
        let item = drift.item.clone();
        match drift.found {
            Ok(known) => Self {
                item,
                index: Some(known.index),
                p_value: Some(known.p_value),
                missing: Some(known.missing),
                verdict: known.verdict.name().to_owned(),
            },
            Err(why) => Self {
                item,
                index: None,
                p_value: None,
                missing: None,
                verdict: format!("not known: {why}"),
            },
        }
    }
}

fn shown(what: &str, figure: Figure) -> FigureShown {
    let what = what.to_owned();
    FigureShown::from(&GateFigure { what, figure })
}

impl From<&Stretch> for StretchShown {
    fn from(stretch: &Stretch) -> Self {
        Self {
            name: stretch.name.clone(),
            verified: stretch.verified,
            confirmed: stretch.confirmed,
            expected: stretch.expected,
            o_e: shown("O:E", stretch.o_e),
        }
    }
}

impl From<&DriftChange> for DriftChangeShown {
    fn from(change: &DriftChange) -> Self {
        Self {
            since: change.since.to_string(),
            seen: change.seen.to_string(),
            statistic: change.statistic,
            before: shown("O:E before", change.before),
            after: shown("O:E since", change.after),
        }
    }
}
