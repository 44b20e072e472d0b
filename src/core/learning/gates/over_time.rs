//! Is a calibration as right in one quarter as in the next?

use jiff::civil::Date;

use super::people::People;
use super::{Gate, GateName, GateVerdict};
use crate::calibration::{FEWEST_IN_GROUP, calibration_in_the_large, homogeneity};
use crate::rulebook::Calibration;

/// Quarters that differ by chance this rarely are held to differ.
const RARELY: f64 = 0.01;

/// The quarter of a day, counted on from year 0.
pub(in crate::learning) fn quarter(on: Date) -> i32 {
    i32::from(on.year()) * 4 + i32::from((on.month() - 1) / 3)
}

/// How a stretch of quarters is called.
pub(in crate::learning) fn named(from: i32, to: i32) -> String {
    let name = |quarter: i32| format!("{} Q{}", quarter.div_euclid(4), quarter.rem_euclid(4) + 1);
    if from == to {
        name(from)
    } else {
        format!("{} to {}", name(from), name(to))
    }
}

/// Neighbouring quarters with at least ten confirmed and ten others, oldest first; the last ones that
/// are too few go with those before them. Each row is a verified decision's quarter, and whether it was
/// confirmed.
pub(in crate::learning) fn blocks(rows: &[(i32, bool)]) -> Vec<(i32, i32)> {
    let mut quarters: Vec<i32> = rows.iter().map(|(quarter, _)| *quarter).collect();
    quarters.sort_unstable();
    quarters.dedup();
    let within = |from: i32, to: i32| {
        let here = rows.iter().filter(|(at, _)| (from..=to).contains(at));
        let events = here.clone().filter(|(_, confirmed)| *confirmed).count();
        events.min(here.count() - events)
    };
    let mut blocks: Vec<(i32, i32)> = Vec::new();
    let mut from = None;
    for at in &quarters {
        let first = *from.get_or_insert(*at);
        if FEWEST_IN_GROUP <= within(first, *at) {
            blocks.push((first, *at));
            from = None;
        }
    }
    if let (Some(last), Some(newest)) = (blocks.last_mut(), quarters.last()) {
        last.1 = *newest;
    }
    blocks
}

/// Holds the proposal's calibration-in-the-large in each quarter against the others: those fitted and
/// those held out. Outcomes that come late, or by another rule than before, show here.
pub(super) fn over_time(people: &People<'_>, proposed: &Calibration) -> Gate {
    let mut figures = Vec::new();
    let rows = people.rows.iter().map(|(case, _)| {
        let is_confirmed = case.case.outcome.verified() == Some(true);
        (quarter(case.on), is_confirmed)
    });
    for (from, to) in blocks(&rows.collect::<Vec<_>>()) {
        let here = people.only(|case| (from..=to).contains(&quarter(case.on)));
        let figure = here
            .paired(proposed)
            .and_then(|rows| calibration_in_the_large(&rows));
        figures.push((named(from, to), figure));
    }
    let known: Vec<_> = figures
        .iter()
        .filter_map(|(_, figure)| figure.ok())
        .collect();
    let verdict = match homogeneity(&known) {
        None => GateVerdict::NotJudgeable(
            "insufficient evidence: fewer than two stretches of time with ten confirmed and ten others"
                .to_owned(),
        ),
        Some(found) if found.p_value < RARELY => GateVerdict::Failed(format!(
            "it is not as right at one time as at another (Q {:.1} with {} degrees of freedom): outcomes came late, or are found by other means than before",
            found.statistic, found.degrees
        )),
        Some(_) => GateVerdict::Passed,
    };
    let gate = Gate::new(GateName::OverTime, verdict);
    figures.into_iter().fold(gate, |gate, (when, figure)| {
        gate.shows(format!("calibration-in-the-large, {when}"), figure)
    })
}
