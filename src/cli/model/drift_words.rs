//! Drift in words.

use preventiojyraa::learning::INPUT_MOVED_FROM;
use preventiojyraa::steps::{
    DriftChangeShown, DriftReport, FigureShown, InputShown, InputsShown, StretchShown,
};

pub(super) fn report(report: &DriftReport) -> String {
    let mut text = format!(
        "Drift as of {}\nCalibration in force: {}\n",
        report.as_of, report.calibration
    );
    text.push_str(&match &report.fitted_until {
        Some(day) => format!("Fitted on decisions until {day}\n"),
        None => "Not fitted on this programme's outcomes\n".to_owned(),
    });
    text.push_str(&format!(
        "Outcome: {}\nVerified decisions of first rounds: {}, {} of them confirmed\n",
        report.outcome, report.verified, report.confirmed
    ));
    text.push_str("\nObserved over expected, by index date\n");
    if report.quarters.is_empty() {
        text.push_str("  insufficient evidence: fewer than ten confirmed and ten others\n");
    }
    let width = report.quarters.iter().map(|one| one.name.len()).max();
    for quarter in &report.quarters {
        text.push_str(&stretch(quarter, width.unwrap_or(0)));
    }
    text.push_str("\nChanges\n");
    text.extend(report.changes.iter().map(change));
    match (&report.alike_since, report.changes.is_empty()) {
        (None, _) => text.push_str("  nobody is verified\n"),
        (Some(day), true) => {
            text.push_str(&format!(
                "  none is told since the first decisions, of {day}\n"
            ));
        }
        (Some(day), false) => {
            text.push_str(&format!("  since {day} no further one is told\n"));
        }
    }
    if report.unanswered {
        text.push_str("  The calibration in force has seen nothing of the newest change: `preventio alarms --runbook calibration-drifts`\n");
    }
    match &report.inputs {
        Some(known) => text.push_str(&inputs(known)),
        None => text.push_str("\nItems: no time has passed since the first run\n"),
    }
    text.push_str(
        "\nOutcomes that are written down late, or found by other means, look like a change too.\n",
    );
    text
}

fn figure(shown: &FigureShown) -> String {
    match shown.figure {
        Some([value, lower, upper]) => format!("{value:.2} ({lower:.2} to {upper:.2})"),
        None => format!("not known: {}", shown.method),
    }
}

fn stretch(shown: &StretchShown, width: usize) -> String {
    format!(
        "  {:<width$}  {:>6} verified  {:>5} confirmed  {:>8.1} expected  O:E {}\n",
        shown.name,
        shown.verified,
        shown.confirmed,
        shown.expected,
        figure(&shown.o_e)
    )
}

fn change(shown: &DriftChangeShown) -> String {
    let what = if 0.0 < shown.statistic {
        "more"
    } else {
        "fewer"
    };
    format!(
        "  since {}: {what} are confirmed than before, O:E {}, before {}; {:.1} standard errors, seen with the decisions of the month from {}\n",
        shown.since,
        figure(&shown.after),
        figure(&shown.before),
        shown.statistic.abs(),
        shown.seen
    )
}

fn inputs(shown: &InputsShown) -> String {
    let (moved, changed) = INPUT_MOVED_FROM;
    let mut text = format!(
        "\nItems on {} and on {}: {} and {} residents; moved from an index of {moved:.2}, changed from {changed:.2}\n",
        shown.then, shown.now, shown.residents[0], shown.residents[1]
    );
    let width = shown.items.iter().map(|one| one.item.chars().count()).max();
    for one in &shown.items {
        text.push_str(&item(one, width.unwrap_or(0)));
    }
    text
}

fn item(shown: &InputShown, width: usize) -> String {
    let (Some(index), Some(missing)) = (shown.index, shown.missing) else {
        return format!("  {:<width$}  {}\n", shown.item, shown.verdict);
    };
    let [then, now] = missing.map(|share| share * 100.0);
    format!(
        "  {:<width$}  {index:>6.3}  {:<7}  not known {then:.1} %, now {now:.1} %\n",
        shown.item, shown.verdict
    )
}
