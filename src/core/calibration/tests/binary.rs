//! Unweighted figures against R: pROC, glm, rms, prop.test.

use super::super::{
    at_threshold, auroc, brier, calibration_in_the_large, calibration_slope, observed_to_expected,
    scaled_brier,
};
use super::{agrees, outcomes, r, same};

const TABLES: [&str; 3] = ["ordinary", "ties", "rare"];

#[test]
fn figures_of_the_whole_table_equal_those_of_r() {
    for name in TABLES {
        let rows = outcomes(name);
        same(rows.n() as f64, r(name, "n"));
        same(rows.events() as f64, r(name, "events"));
        let area = auroc(&rows).expect("identifiable");
        agrees(name, "auroc", area.estimate);
        same(area.variance, r(name, "auroc.variance"));
        let large = calibration_in_the_large(&rows).expect("identifiable");
        agrees(name, "calibration_in_the_large", large);
        agrees(
            name,
            "slope",
            calibration_slope(&rows).expect("identifiable"),
        );
        agrees(
            name,
            "o_e",
            observed_to_expected(&rows).expect("identifiable"),
        );
        agrees(name, "brier", brier(&rows).expect("identifiable"));
        same(
            brier(&rows).expect("identifiable").value,
            r(name, "rms.brier"),
        );
        same(
            scaled_brier(&rows).expect("identifiable").value,
            r(name, "scaled_brier"),
        );
    }
}

#[test]
fn rms_agrees_to_the_digits_it_converges_to() {
    for name in TABLES {
        let slope = calibration_slope(&outcomes(name)).expect("identifiable");
        // `lrm` stops at a change of 0.025 in the deviance and rounds predictions for its area.
        assert!((slope.value - r(name, "rms.slope")).abs() < 1e-7);
        let area = auroc(&outcomes(name)).expect("identifiable");
        assert!((area.estimate.value - r(name, "rms.auroc")).abs() < 5e-4);
    }
}

#[test]
fn figures_at_a_threshold_equal_those_of_r() {
    for name in TABLES {
        for threshold in [0.1, 0.3] {
            let figures = at_threshold(&outcomes(name), threshold);
            let check = |measure: &str, ours: super::super::Figure| {
                let key = format!("threshold {threshold} {measure}");
                match ours {
                    Ok(ours) => agrees(name, &key, ours),
                    // Nobody is flagged: R's script has no line either.
                    Err(_) => assert_eq!((name, threshold), ("rare", 0.3), "{measure}"),
                }
            };
            check("ppv", figures.ppv);
            check("npv", figures.npv);
            check("sensitivity", figures.sensitivity);
            check("specificity", figures.specificity);
            check("flagged_share", figures.flagged_share);
            check("net_benefit_treat_all", figures.net_benefit_treat_all);
            if figures.flagged > 0 {
                check("net_benefit", figures.net_benefit);
            }
        }
    }
}
