//! What is really so in the city, and how near the calibrations come to it.
//!
//! Only here does anything of ours look at the truth, and only after the last run.

use std::collections::HashMap;

use crate::calibration::{Evaluation, Rows, Settings, evaluate};
use crate::fhir::IdentityKey;
use crate::learning::{Case, Round, Tested};
use crate::outcomes::Decided;
use crate::profile::ResidentId;
use crate::report::Truth;
use crate::rulebook::Calibration;

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
/// people for both, of first rounds.
///
/// A recalibration that was made among the flagged alone is held against the flagged alone: of the others
/// it says nothing.
pub(super) fn compared(
    (before, after): (&Calibration, Option<&Calibration>),
    cases: &[(ResidentId, Case)],
    confirmed: &HashMap<ResidentId, bool>,
    among: Tested,
) -> Option<Truth> {
    let decided = cases.iter().filter(|(_, case)| {
        case.round == Round::First
            && match case.decided {
                Decided::Flagged | Decided::SampledNegative(_) | Decided::BelowLevel => true,
                Decided::Undecided | Decided::NotEligible | Decided::NotCounted => false,
            }
    });
    let mut known: Vec<(&Case, bool)> = decided
        .filter_map(|(resident, case)| Some((case, *confirmed.get(resident)?)))
        .collect();
    let flagged = known
        .iter()
        .filter(|(case, _)| case.decided == Decided::Flagged);
    let (flagged, flagged_confirmed) =
        flagged.fold((0, 0), |(n, found), (_, y)| (n + 1, found + u64::from(*y)));
    match among {
        Tested::Everybody => {}
        Tested::FlaggedOnly => known.retain(|(case, _)| case.decided == Decided::Flagged),
    }
    Some(Truth {
        among,
        before: held(before, &known)?,
        after: after.and_then(|after| held(after, &known)),
        flagged,
        flagged_confirmed,
    })
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
