//! Risk by a horizon against R survival, riskRegression, lifelines and scikit-survival.

use super::super::survival::Followed;
use super::super::{FollowUp, auroc, brier};
use super::{agrees, numbers, python, r, same, table};

fn followed(name: &str) -> Followed {
    let rows = table(name);
    let flags = |column: &str| {
        numbers(&rows, column)
            .into_iter()
            .map(|y| 0.5 < y)
            .collect()
    };
    let occurred: Vec<bool> = flags("y");
    let follow_up = FollowUp {
        times: numbers(&rows, "t"),
        competing: rows[0].contains(&"c".to_owned()).then(|| flags("c")),
        horizon: if name == "censored" { 9.95 } else { 10.0 },
    };
    Followed::new(&numbers(&rows, "p"), &occurred, None, &follow_up).expect("a sound table")
}

#[test]
fn observed_risk_equals_that_of_survfit() {
    for name in ["censored", "competing"] {
        let observed = followed(name).observed_risk().expect("identifiable");
        agrees(name, "observed", observed);
        same(observed.value, python(name, "lifelines observed"));
    }
}

#[test]
fn weighted_scores_equal_those_of_risk_regression() {
    for name in ["censored", "competing"] {
        let reduced = followed(name).reduced().expect("sound");
        let score = brier(&reduced).expect("identifiable");
        same(score.value, r(name, "brier"));
        let area = auroc(&reduced).expect("identifiable").estimate;
        same(area.value, r(name, "auroc"));
        // Its limits also carry the estimation of the censoring weights; ours take them as known.
        for (ours, measure) in [(score, "brier"), (area, "auroc")] {
            let width = |upper: f64, lower: f64| upper - lower;
            let theirs = width(
                r(name, &format!("{measure}.upper")),
                r(name, &format!("{measure}.lower")),
            );
            let ratio = width(ours.upper, ours.lower) / theirs;
            assert!((0.97..1.08).contains(&ratio), "{name} {measure} {ratio}");
        }
    }
}

#[test]
fn scikit_survival_is_near() {
    // It takes the censoring weight at the time of an event, not just before it.
    let reduced = followed("censored").reduced().expect("sound");
    let score = brier(&reduced).expect("identifiable").value;
    assert!((score - python("censored", "sksurv brier")).abs() < 1e-3);
    let area = auroc(&reduced).expect("identifiable").estimate.value;
    assert!((area - python("censored", "sksurv auroc")).abs() < 1e-4);
}

#[test]
fn known_states_weigh_as_much_as_everybody() {
    for name in ["censored", "competing"] {
        let people = followed(name);
        let reduced = people.reduced().expect("sound");
        same(reduced.total_weight(), people.n() as f64);
        let rate = reduced.sum(|row| reduced.outcome(row)) / reduced.total_weight();
        same(rate, people.observed_risk().expect("identifiable").value);
    }
}
