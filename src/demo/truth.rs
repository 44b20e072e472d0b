//! What is really so in the city, and how near the calibrations come to it.
//!
//! Only here does anything of ours look at the truth, and only after the last run.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;

use crate::calibration::{Evaluation, Rows, Settings, evaluate};
use crate::fhir::IdentityKey;
use crate::learning::{Case, Round, Tested};
use crate::outcomes::Decided;
use crate::profile::ResidentId;
use crate::report::Truth;
use crate::rulebook::Calibration;
use crate::steps::FollowedCase;

use super::{DemoError, SOURCE};

/// Whom tests and professionals would confirm within the horizon, had everybody been ordered the tests
/// and come: by resident, who is there and has no diabetes on record.
pub(super) fn confirmed(csv: &[u8]) -> Result<HashMap<ResidentId, bool>, DemoError> {
    let mut reader = csv::Reader::from_reader(csv);
    let headers = reader.headers().map_err(|_| DemoError::Told)?.clone();
    let column = |name: &str| {
        let found = headers.iter().position(|known| known == name);
        found.ok_or(DemoError::Told)
    };
    let (patient, here) = (column("patient_id")?, column("here")?);
    let (prevalent, confirmed) = (column("prevalent")?, column("confirmed")?);
    let mut all = HashMap::new();
    for row in reader.records() {
        let row = row.map_err(|_| DemoError::Told)?;
        let cell = |at: usize| row.get(at).unwrap_or_default();
        if cell(here) == "1" && cell(prevalent) == "0" {
            let resident = IdentityKey::PUBLIC.resident(SOURCE, cell(patient));
            all.insert(resident, cell(confirmed) == "1");
        }
    }
    Ok(all)
}

/// Holds the calibration of the beginning and the one accepted since, if any, against the truth: the same
/// people for both, of first rounds, each from the day of the decision on.
///
/// They are those whose horizon is over, as in the figures: who was decided about lately is another kind of people, since
/// most were below the level for years. A recalibration that was made among the flagged alone is held
/// against the flagged alone: of the others it says nothing.
pub(super) fn compared(
    (before, after): (&Calibration, Option<&Calibration>),
    cases: &[FollowedCase],
    confirmed: impl Fn(Date) -> Result<HashMap<ResidentId, bool>, DemoError>,
    among: Tested,
) -> Result<Option<Truth>, DemoError> {
    let decided = cases.iter().filter(|followed| {
        followed.case.round == Round::First
            && followed.case.outcome.counts()
            && match followed.case.decided {
                Decided::Flagged => true,
                Decided::SampledNegative(_) | Decided::BelowLevel => among == Tested::Everybody,
                Decided::Undecided | Decided::NotEligible | Decided::NotCounted => false,
            }
    });
    let mut by_day: BTreeMap<Date, Vec<&FollowedCase>> = BTreeMap::new();
    for followed in decided {
        if let Some(day) = followed.index_date {
            by_day.entry(day).or_default().push(followed);
        }
    }
    let mut known = Vec::new();
    for (day, followed) in by_day {
        let confirmed = confirmed(day)?;
        let those = followed.into_iter();
        known.extend(those.filter_map(|one| Some((&one.case, *confirmed.get(&one.resident)?))));
    }
    let flagged = known
        .iter()
        .filter(|(case, _)| case.decided == Decided::Flagged);
    let (flagged, flagged_confirmed) =
        flagged.fold((0, 0), |(n, found), (_, y)| (n + 1, found + u64::from(*y)));
    let Some(held_before) = held(before, &known) else {
        return Ok(None);
    };
    Ok(Some(Truth {
        among,
        before: held_before,
        after: after.and_then(|after| held(after, &known)),
        flagged,
        flagged_confirmed,
    }))
}

fn held(calibration: &Calibration, known: &[(&Case, bool)]) -> Option<Evaluation> {
    let rows = known.iter();
    let rows = rows.filter_map(|(case, y)| Some((case.predicted(calibration)?, *y)));
    let (predicted, occurred) = rows.unzip();
    let rows = Rows {
        predicted,
        occurred,
        weights: None,
        follow_up: None,
    };
    evaluate(&rows, &[], &Settings::default()).ok()
}
