//! Figures against scikit-learn, statsmodels and dcurves.

use super::super::{
    at_threshold, auroc, brier, calibration_in_the_large, calibration_slope, isotonic,
};
use super::{outcomes, python, same};

const TABLES: [&str; 4] = ["ordinary", "ties", "rare", "weights"];

#[test]
fn points_equal_those_of_scikit_learn_and_statsmodels() {
    for name in TABLES {
        let rows = outcomes(name);
        let area = auroc(&rows).expect("identifiable").estimate.value;
        same(area, python(name, "sklearn auroc"));
        let score = brier(&rows).expect("identifiable").value;
        same(score, python(name, "sklearn brier"));
        let large = calibration_in_the_large(&rows).expect("identifiable").value;
        same(large, python(name, "statsmodels calibration_in_the_large"));
        let slope = calibration_slope(&rows).expect("identifiable").value;
        same(slope, python(name, "statsmodels slope"));
    }
}

#[test]
fn net_benefit_equals_that_of_dcurves() {
    for name in ["ordinary", "ties", "rare"] {
        for threshold in [0.1, 0.3] {
            let at = at_threshold(&outcomes(name), threshold);
            let model = at.net_benefit.expect("identifiable").value;
            let all = at.net_benefit_treat_all.expect("identifiable").value;
            let theirs = |who: &str| python(name, &format!("dcurves {threshold} {who}"));
            // A difference of shares near zero keeps their absolute digits.
            assert!((model - theirs("model")).abs() < 1e-12);
            assert!((all - theirs("all")).abs() < 1e-12);
        }
    }
}

#[test]
fn isotonic_steps_equal_those_of_scikit_learn() {
    for name in TABLES {
        let steps = isotonic(&outcomes(name));
        let mut n_checked = 0;
        for (measure, theirs) in super::python_lines(name, "sklearn isotonic at ") {
            let p: f64 = measure.parse().expect("a prediction");
            let step = steps
                .iter()
                .find(|step| p <= step.to)
                .expect("within the table");
            assert!((step.observed - theirs).abs() < 1e-12, "{name} {p}");
            n_checked += 1;
        }
        assert_eq!(n_checked, 5);
    }
}
