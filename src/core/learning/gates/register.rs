//! What a proposal does to the register: decisions that change, and what they ask for.

use super::{Gate, GateName, GateVerdict};
use crate::rulebook::ModelChanges;

/// How decisions about the register differ. Numbers of people are to the ten below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegisterChange {
    /// Residents on the register.
    pub register: u64,
    /// Residents whose decision changes.
    pub changed: u64,
    /// Residents whom the programme is about, by the calibration in force.
    pub cohort_before: u64,
    /// The same by the proposal.
    pub cohort_after: u64,
    /// Residents for whom tests are asked, by the calibration in force and by the proposal.
    pub laboratory: [u64; 2],
    /// Residents who are asked questions, likewise.
    pub questionnaires: [u64; 2],
}

fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// Judges decisions and capacity. Without a number of questionnaires a week, all may leave at once.
#[must_use]
pub fn judge_register(
    limits: &ModelChanges,
    questionnaires_per_week: Option<u32>,
    change: &RegisterChange,
) -> [Gate; 2] {
    [
        decisions(limits, change),
        capacity(limits, questionnaires_per_week, change),
    ]
}

fn decisions(limits: &ModelChanges, change: &RegisterChange) -> Gate {
    let changed = share(change.changed, change.register);
    let moved = change.cohort_before.abs_diff(change.cohort_after);
    let cohort = share(moved, change.cohort_before);
    let verdict = if limits.most_changed < changed {
        GateVerdict::Failed("it changes the decisions about too many residents".to_owned())
    } else if limits.cohort < cohort {
        GateVerdict::Failed(
            "it changes the number of people whom the programme is about by too much".to_owned(),
        )
    } else {
        GateVerdict::Passed
    };
    Gate::new(GateName::Decisions, verdict)
        .counts(
            "share of the register whose decision changes",
            changed,
            format!("at most {}", limits.most_changed),
        )
        .counts(
            "change of the number of people whom the programme is about",
            cohort,
            format!("at most {}", limits.cohort),
        )
}

/// What the proposal asks for beyond what is asked now has to fit into a week.
fn capacity(limits: &ModelChanges, per_week: Option<u32>, change: &RegisterChange) -> Gate {
    let more = |[now, then]: [u64; 2]| then.saturating_sub(now);
    let (tests, forms) = (more(change.laboratory), more(change.questionnaires));
    let most_tests = u64::from(limits.laboratory_per_week);
    let most_forms = per_week.map(u64::from);
    let verdict = if most_tests < tests {
        GateVerdict::Failed(format!(
            "laboratories have room for {most_tests} more a week, and it orders tests for {tests} more at once"
        ))
    } else if most_forms.is_some_and(|most| most < forms) {
        GateVerdict::Failed("it asks more people at once than may be asked in a week".to_owned())
    } else {
        GateVerdict::Passed
    };
    Gate::new(GateName::Capacity, verdict)
        .counts(
            "residents more for whom tests are ordered",
            tests as f64,
            format!("at most {most_tests} a week"),
        )
        .counts(
            "residents more who are asked questions",
            forms as f64,
            most_forms.map_or("any number a week".to_owned(), |most| {
                format!("at most {most} a week")
            }),
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learning::gates::Gate;

    fn limits() -> ModelChanges {
        ModelChanges {
            held_out: 0.4,
            fewest: 50,
            score_margin: 0.0,
            group_margin: 0.0,
            net_benefit_margin: 0.0,
            groups_judged: 0.0,
            slope: [0.5, 2.0],
            mean_risk: [0.5, 2.0],
            most_changed: 0.05,
            cohort: 0.02,
            laboratory_per_week: 100,
            days_with_a_share: 28,
        }
    }

    fn change() -> RegisterChange {
        RegisterChange {
            register: 10_000,
            changed: 0,
            cohort_before: 5_000,
            cohort_after: 5_000,
            laboratory: [300, 300],
            questionnaires: [1_000, 1_000],
        }
    }

    fn passes(gate: &Gate) -> bool {
        gate.verdict == GateVerdict::Passed
    }

    #[test]
    fn decisions_may_change_up_to_the_limit_and_no_further() {
        for (changed, cohort_after, expected) in [
            (0, 5_000, true),
            (500, 5_000, true),
            (510, 5_000, false),
            (0, 5_100, true),
            (0, 5_110, false),
            (0, 4_900, true),
            (0, 4_890, false),
        ] {
            let change = RegisterChange {
                changed,
                cohort_after,
                ..change()
            };
            let gate = decisions(&limits(), &change);
            assert_eq!(passes(&gate), expected, "{changed} {cohort_after}");
        }
    }

    #[test]
    fn what_is_asked_for_beside_has_to_fit_into_a_week() {
        for (laboratory, questionnaires, per_week, expected) in [
            ([300, 400], [1_000, 1_000], Some(200), true),
            ([300, 410], [1_000, 1_000], Some(200), false),
            ([300, 0], [1_000, 0], Some(200), true),
            ([300, 300], [1_000, 1_200], Some(200), true),
            ([300, 300], [1_000, 1_210], Some(200), false),
            // Where no number is said, all may be asked.
            ([300, 300], [1_000, 9_000], None, true),
        ] {
            let change = RegisterChange {
                laboratory,
                questionnaires,
                ..change()
            };
            let gate = capacity(&limits(), per_week, &change);
            assert_eq!(passes(&gate), expected, "{laboratory:?} {questionnaires:?}");
        }
    }
}
