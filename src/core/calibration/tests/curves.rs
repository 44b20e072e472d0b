//! Curves, their indices and the ladder against R: loess, rms and survey.

use super::super::curve::{CurveIndices, loess_indices, spline_indices};
use super::super::loess::Loess;
use super::super::spline::Spline;
use super::super::{PairedOutcomes, Rung, isotonic, ladder, loess_curve};
use super::{outcomes, r, same};

const PLACES: [f64; 5] = [0.05, 0.1, 0.2, 0.3, 0.5];

/// Places at which R was asked: those within the predictions.
fn places(rows: &PairedOutcomes) -> impl Iterator<Item = f64> {
    let last = rows.predicted()[rows.n() - 1];
    PLACES.into_iter().filter(move |p| *p <= last)
}

#[track_caller]
fn check_indices(name: &str, smoother: &str, ours: CurveIndices) {
    same(ours.ici, r(name, &format!("{smoother} ici")));
    same(ours.e50, r(name, &format!("{smoother} e50")));
    same(ours.e90, r(name, &format!("{smoother} e90")));
    same(ours.emax, r(name, &format!("{smoother} emax")));
}

#[test]
fn loess_equals_that_of_r_computed_directly() {
    for name in ["ordinary", "rare"] {
        let rows = outcomes(name);
        let loess = Loess::fit(&rows).expect("identifiable");
        check_indices(name, "loess", loess_indices(&rows, &loess));
    }
}

#[test]
fn splines_equal_those_of_rms() {
    for name in ["ordinary", "rare"] {
        let rows = outcomes(name);
        let log_odds = rows.log_odds().expect("within 0 and 1");
        let spline = Spline::fit(&rows, &log_odds).expect("identifiable");
        check_indices(name, "spline", spline_indices(&rows, &log_odds, &spline));
        check_spline(name, &rows, &spline);
    }
}

fn check_spline(name: &str, rows: &PairedOutcomes, spline: &Spline) {
    for p in places(rows) {
        let key = format!("spline at {p}");
        same(spline.probability(p), r(name, &key));
        let (lower, upper) = spline.limits(p);
        same(lower, r(name, &format!("{key}.lower")));
        same(upper, r(name, &format!("{key}.upper")));
    }
}

#[test]
fn weighted_splines_equal_those_of_survey() {
    let rows = outcomes("weights");
    let log_odds = rows.log_odds().expect("within 0 and 1");
    let spline = Spline::fit(&rows, &log_odds).expect("identifiable");
    check_spline("weights", &rows, &spline);
}

#[test]
fn every_step_of_the_ladder_equals_that_of_r() {
    for name in ["ordinary", "rare", "weights"] {
        let ladder = ladder(&outcomes(name)).expect("identifiable");
        for (step, label) in ladder.steps.iter().zip(["original", "intercept", "slope"]) {
            let theirs = r(name, &format!("ladder {label} statistic"));
            // A difference of deviances of some hundreds: their rounding is what is left.
            assert!(
                (step.statistic - theirs).abs() < 1e-9 * theirs.max(1.0),
                "{} {theirs}",
                step.statistic
            );
            let theirs = r(name, &format!("ladder {label} p"));
            assert!(
                (step.p_value - theirs).abs() < 1e-9 * theirs.max(1e-3),
                "{} {theirs}",
                step.p_value
            );
        }
    }
    let chosen = |name| ladder(&outcomes(name)).expect("identifiable").chosen;
    assert_eq!(chosen("ordinary"), Rung::InterceptAndSlope);
    assert_eq!(chosen("rare"), Rung::Original);
    assert_eq!(chosen("weights"), Rung::Original);
}

#[test]
fn steps_of_the_isotonic_curve_rise_and_keep_the_mean() {
    let rows = outcomes("ties");
    let steps = isotonic(&rows);
    assert!(
        steps
            .windows(2)
            .all(|pair| pair[0].observed < pair[1].observed)
    );
    let total: f64 = steps.iter().map(|step| step.weight * step.observed).sum();
    assert!((total - rows.events() as f64).abs() < 1e-9);
}

/// Many rows: 201 places instead of all move indices by less than 1e-4, and even as few as
/// 300 pooled points instead of 10,000 by less than 5e-4.
#[test]
fn the_grid_of_a_large_table_is_close_to_the_direct_curve() {
    for name in ["ordinary", "rare"] {
        let rows = outcomes(name);
        let direct = Loess::with(&rows, 3_000, 3_000).expect("identifiable");
        let exact = loess_indices(&rows, &direct);
        for (most, tolerance) in [(10_000, 1e-4), (500, 5e-4)] {
            let grid = Loess::with(&rows, 200, most).expect("identifiable");
            let near = loess_indices(&rows, &grid);
            assert!((exact.ici - near.ici).abs() < tolerance, "{name} {most}");
            assert!((exact.e50 - near.e50).abs() < tolerance, "{name} {most}");
            assert!((exact.e90 - near.e90).abs() < tolerance, "{name} {most}");
        }
    }
}

#[test]
fn limits_hold_the_curve() {
    let curve = loess_curve(&outcomes("ordinary")).expect("identifiable");
    for point in &curve.points {
        assert!(point.lower <= point.observed.clamp(0.0, 1.0));
        assert!(point.observed.clamp(0.0, 1.0) <= point.upper);
    }
}
