//! Score to probability: every score, in every table, against the figures that it was made from.

use preventiojyraa_core::risk::probability;
use preventiojyraa_core::rulebook::{
    Calibration, CalibrationUse, Conversion, Line, Rulebook, Score,
};

use super::loader::{PROGRAMME, edited, mistakes_after};
use super::pathway::{low, scoring};
use crate::support::core::{Someone, rulebook};

const CONFIRMED: &str = "calibrations/findrisc-confirmed-12-months.toml";

/// First score, last score, probability in units of 1e-9.
type Row = (Score, Score, u32);

#[track_caller]
fn check(calibration: &Calibration, rows: &[Row]) {
    let mut n_scores = 0;
    for (first, last, expected) in rows {
        for score in *first..=*last {
            let found = calibration.at(score);
            assert_eq!(found, *expected, "{} at {score}", calibration.header.id);
            n_scores += 1;
        }
    }
    assert_eq!(n_scores, 27, "every score from 0 to 26");
}

fn line(calibration: &Calibration) -> Line {
    match &calibration.conversion {
        Conversion::Logistic(line) => *line,
        Conversion::Bands(_) | Conversion::Identity(_) => {
            panic!("{} is no line", calibration.header.id)
        }
    }
}

/// The rules with something else than HUNT3's table shown, or in force.
#[track_caller]
fn with(key: &str, calibration: &str) -> Calibration {
    let shipped = rulebook();
    let now = match key {
        "calibration" => &shipped.calibration.header.id,
        _ => {
            &shipped
                .display_calibration
                .as_ref()
                .expect("one is shown")
                .header
                .id
        }
    };
    let (find, replace) = (
        format!("\n{key} = \"{now}\""),
        format!("\n{key} = \"{calibration}\""),
    );
    let loaded = Rulebook::load(&edited(PROGRAMME, &find, &replace).0).expect("it loads");
    match key {
        "calibration" => loaded.calibration,
        _ => loaded.display_calibration.expect("one is shown"),
    }
}

/// The standard normal distribution function, by the series of its density.
fn normal(z: f64) -> f64 {
    let (mut term, mut sum, mut n) = (z, z, 1.0);
    while 1e-17 < f64::abs(term) {
        n += 2.0;
        term *= z * z / n;
        sum += term;
    }
    0.5 + sum * (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// Its inverse, by halving.
fn quantile(share: f64) -> f64 {
    let (mut low, mut high) = (-6.0, 6.0);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if normal(middle) < share {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// Saaristo 2005, FIN-D2D, HUNT3 and the 45 % of fasting glucose, put together as the file says.
#[test]
fn the_prediction_in_force_follows_from_published_figures_as_its_file_says() {
    let cases = f64::midpoint(quantile(0.66), quantile(0.70));
    let others = f64::midpoint(quantile(0.31), quantile(0.39));
    let spread = f64::midpoint(
        4.0 / (quantile(0.90) - quantile(0.67)),
        4.0 / (quantile(0.62) - quantile(0.27)),
    );
    let found = 0.45 * f64::midpoint(0.093, 0.073);
    let slope = (cases - others) / spread;
    let average = 10.5 + spread * f64::midpoint(cases, others);
    let intercept = (found / (1.0 - found)).ln() - slope * average;
    let line = line(&rulebook().calibration);
    assert!((line.slope - slope).abs() < 5e-6, "{slope}");
    assert!((line.intercept - intercept).abs() < 5e-4, "{intercept}");
}

#[test]
fn the_prediction_in_force_is_of_what_the_programme_observes() {
    let calibration = &rulebook().calibration;
    assert_eq!(calibration.use_for, CalibrationUse::Prediction);
    assert_eq!(calibration.estimand.horizon_months, 12);
    assert!(!calibration.verified, "nobody has observed these numbers");
    let observed = calibration.estimand.observed.as_ref().expect("it is");
    let name = |id| rulebook().catalogue.definition(id).id.as_str();
    assert_eq!(name(observed.confirmed_by), "diabetes-diagnosis");
    let tests: Vec<&str> = observed.verified_by.iter().map(|id| name(*id)).collect();
    assert_eq!(tests, ["fasting-plasma-glucose", "hba1c"]);
    let treatments = observed.treated_by.iter();
    let treatments: Vec<&str> = treatments.map(|treatment| name(treatment.fact)).collect();
    assert_eq!(
        treatments,
        ["lifestyle-service", "glucose-lowering-medication"]
    );
}

/// `1 / (1 + exp(5.2575 - 0.18796 s))`, by Python's decimal arithmetic with 40 digits.
#[test]
fn a_line_of_log_odds_gives_the_same_billionths_everywhere() {
    for (score, expected) in LINE {
        assert_eq!(rulebook().calibration.at(score), expected, "at {score}");
    }
}

const LINE: [(Score, u32); 6] = [
    (0, 5181323),
    (7, 19043916),
    (12, 47336504),
    (15, 80313140),
    (20, 182679210),
    (26, 408410545),
];

#[test]
fn probabilities_of_different_things_are_not_compared() {
    let (one, other) = (
        &rulebook().calibration,
        with("calibration", "findrisc-hunt3-2019"),
    );
    assert_eq!(one.estimand.comparable(&one.estimand), Ok(()));
    let refusal = one
        .estimand
        .comparable(&other.estimand)
        .expect_err("they differ");
    let said = refusal.to_string();
    for part in ["within 12 months", "within 120 months", "hint: "] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn a_shift_moves_bands_and_lines_alike() {
    // Log odds of 0.028 and 0.135, shifted by 0.5 and stretched by 0.9, by Python.
    check(
        &with("calibration", "findrisc-hunt3-2019").shifted(0.5, 0.9),
        &[(0, 14, 63421159), (15, 26, 236546167)],
    );
    let calibration = &rulebook().calibration;
    let (line, moved) = (line(calibration), line(&calibration.shifted(0.5, 0.9)));
    assert!((moved.intercept - (0.5 + 0.9 * line.intercept)).abs() < 1e-15);
    assert!((moved.slope - 0.9 * line.slope).abs() < 1e-15);
    for score in 0..=26 {
        assert_eq!(
            calibration.shifted(0.0, 1.0).at(score),
            calibration.at(score)
        );
    }
}

#[test]
fn a_line_that_cannot_be_one_is_refused() {
    for (find, replace, code, file) in [
        (
            "slope = 0.18796",
            "slope = 0.0",
            "calibration-slope",
            CONFIRMED,
        ),
        (
            "slope = 0.18796",
            "slope = -0.1",
            "calibration-slope",
            CONFIRMED,
        ),
        (
            "slope = 0.18796",
            "slope = nan",
            "rule-wrong-type",
            CONFIRMED,
        ),
        ("slope = 0.18796\n", "", "rule-missing-key", CONFIRMED),
        (
            "why = \"derived from",
            "# why = \"derived from",
            "rule-missing-key",
            CONFIRMED,
        ),
        (
            "[logistic]",
            "[[band]]\nprobability = 0.1\n[logistic]",
            "calibration-two-forms",
            CONFIRMED,
        ),
        ("[logistic]", "[logistics]", "rule-missing-key", CONFIRMED),
        (
            "slope = 0.18796",
            "slope = 5.0",
            "probability-range",
            PROGRAMME,
        ),
        (
            "intercept = -5.2575",
            "intercept = -50",
            "probability-range",
            PROGRAMME,
        ),
        (
            "use = \"prediction\"",
            "use = \"display\"",
            "programme-mismatch",
            PROGRAMME,
        ),
        (
            "\"hba1c\"]",
            "\"hba1c-point-of-care\"]",
            "estimand-test",
            CONFIRMED,
        ),
        (
            "\"hba1c\"]",
            "\"ogtt-2h-plasma-glucose\"]",
            "programme-mismatch",
            PROGRAMME,
        ),
        (
            "[\"fasting-plasma-glucose\", \"hba1c\"]",
            "[]",
            "estimand-test",
            CONFIRMED,
        ),
        (
            "\"diabetes-diagnosis\"",
            "\"diabetes\"",
            "fact-unknown",
            CONFIRMED,
        ),
        (
            "fact = \"lifestyle-service\"",
            "fact = \"lifestyle\"",
            "fact-unknown",
            CONFIRMED,
        ),
        (
            "answers = [\"started\", \"finished\"]",
            "answers = [\"begun\"]",
            "estimand-treatment",
            CONFIRMED,
        ),
        (
            "answers = [\"started\", \"finished\"]\n",
            "",
            "estimand-treatment",
            CONFIRMED,
        ),
        (
            "fact = \"glucose-lowering-medication\"",
            "fact = \"glucose-lowering-medication\"\nanswers = [\"started\"]",
            "estimand-treatment",
            CONFIRMED,
        ),
    ] {
        let mistakes = mistakes_after(CONFIRMED, find, replace);
        let found = mistakes.iter().any(|m| m.code == code && m.file == file);
        assert!(found, "{replace}: {mistakes:?}");
    }
}

/// HUNT3 (Jølle 2019): 2.8 % below 15 points, 13.5 % from there, within ten years.
#[test]
fn what_is_shown_beside_it_is_what_hunt3_observed() {
    let shown = rulebook().display_calibration.as_ref();
    let calibration = shown.expect("a table over ten years");
    check(calibration, &[(0, 14, 28_000_000), (15, 26, 135_000_000)]);
    assert_eq!(calibration.use_for, CalibrationUse::Prediction);
    assert_eq!(calibration.estimand.horizon_months, 120);
}

/// The form: 1 in 100, 25, 6, 3 and 2.
#[test]
fn the_forms_own_estimate_is_shown_and_predicts_nothing() {
    let shown = with("display_calibration", "findrisc-form");
    check(
        &shown,
        &[
            (0, 6, 10_000_000),
            (7, 11, 40_000_000),
            (12, 14, 166_666_667),
            (15, 20, 333_333_333),
            (21, 26, 500_000_000),
        ],
    );
    assert_eq!(shown.use_for, CalibrationUse::Display);
    assert_eq!(shown.estimand.horizon_months, 120);
}

#[test]
fn a_range_of_scores_has_a_range_of_probabilities() {
    let calibration = &with("calibration", "findrisc-hunt3-2019");
    for (someone, expected) in [
        (low(), (28_000_000, 28_000_000)),
        (scoring(12), (28_000_000, 28_000_000)),
        (Someone::unknown(), (28_000_000, 135_000_000)),
        (
            Someone::man_of(80).with_highest_answers(),
            (135_000_000, 135_000_000),
        ),
    ] {
        assert_eq!(probability(calibration, &someone.assessment()), expected);
    }
}
