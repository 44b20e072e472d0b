//! Weighted figures against R survey.

use super::super::{
    at_threshold, auroc, brier, calibration_in_the_large, calibration_slope, observed_to_expected,
    scaled_brier,
};
use super::{agrees, outcomes, r, same};

const NAME: &str = "weights";

#[test]
fn figures_of_the_whole_table_equal_those_of_r_survey() {
    let rows = outcomes(NAME);
    let large = calibration_in_the_large(&rows).expect("identifiable");
    agrees(NAME, "calibration_in_the_large", large);
    agrees(
        NAME,
        "slope",
        calibration_slope(&rows).expect("identifiable"),
    );
    agrees(
        NAME,
        "o_e",
        observed_to_expected(&rows).expect("identifiable"),
    );
    agrees(NAME, "brier", brier(&rows).expect("identifiable"));
    agrees(
        NAME,
        "scaled_brier",
        scaled_brier(&rows).expect("identifiable"),
    );
}

#[test]
fn the_variance_of_the_area_is_near_the_jackknife() {
    let area = auroc(&outcomes(NAME)).expect("identifiable");
    same(area.estimate.value, r(NAME, "auroc"));
    // Another formula for the same quantity: equal to first order only.
    let ratio = area.variance / r(NAME, "jackknife auroc.variance");
    assert!((0.98..1.02).contains(&ratio), "{ratio}");
}

#[test]
fn figures_at_a_threshold_equal_those_of_r_survey() {
    let rows = outcomes(NAME);
    for threshold in [0.1, 0.3] {
        let figures = at_threshold(&rows, threshold);
        let check = |measure: &str, ours: super::super::Figure| {
            let key = format!("threshold {threshold} {measure}");
            agrees(NAME, &key, ours.expect("identifiable"));
        };
        check("ppv", figures.ppv);
        check("npv", figures.npv);
        check("sensitivity", figures.sensitivity);
        check("specificity", figures.specificity);
        check("flagged_share", figures.flagged_share);
        check("net_benefit", figures.net_benefit);
    }
}
