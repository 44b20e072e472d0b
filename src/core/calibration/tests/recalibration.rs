//! Intercept and slope, their limits and tests, against R: glm for plain rows, survey for weighted ones.

use super::super::{Estimate, LadderTest, Rung, recalibrate};
use super::{outcomes, said, same};

const R: &str = include_str!("../../../../fixtures/reference/recalibration-r.tsv");

#[track_caller]
fn agrees(table: &str, measure: &str, ours: Estimate) {
    same(ours.value, said(R, table, measure));
    same(ours.lower, said(R, table, &format!("{measure}.lower")));
    same(ours.upper, said(R, table, &format!("{measure}.upper")));
}

#[track_caller]
fn check(table: &str, test: LadderTest, chosen: Rung) {
    let found = recalibrate(&outcomes(table)).expect("identifiable");
    agrees(table, "intercept", found.intercept);
    agrees(table, "slope", found.slope);
    agrees(table, "shift", found.shift);
    for step in &found.steps {
        let key = |what: &str| format!("{} {what}", step.rung.name());
        same(step.statistic, said(R, table, &key("statistic")));
        same(step.p_value, said(R, table, &key("p")));
    }
    assert_eq!((found.test, found.chosen), (test, chosen));
}

#[test]
fn plain_rows_equal_those_of_glm() {
    check(
        "ordinary",
        LadderTest::LikelihoodRatio,
        Rung::InterceptAndSlope,
    );
}

#[test]
fn weighted_rows_equal_those_of_survey() {
    check("weights", LadderTest::DesignWald, Rung::Intercept);
}
