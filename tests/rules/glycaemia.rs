//! What a laboratory result means: both sides of each limit, in each unit, and limited values.
//!
//! Limits are those of clinical practice in Finland (WHO): fasting 6.1 and 7.0,
//! two-hour 7.8 and 11.1 mmol/L, glycated haemoglobin 48 mmol/mol or 6.5 %.

use preventiojyraa_core::profile::{Comparator, Quantity, Unit};
use preventiojyraa_core::rulebook::Category;

use crate::support::core::{fact_id, rulebook};

const MMOL: Unit = Unit::MillimolePerLitre;
const MG: Unit = Unit::MilligramPerDecilitre;
const IFCC: Unit = Unit::MillimolePerMole;
const NGSP: Unit = Unit::Percent;

#[track_caller]
fn check(test: &str, unit: Unit, rows: &[(f64, Category)]) {
    for (value, expected) in rows {
        check_limited(
            test,
            unit,
            &[(Comparator::Exactly, *value, Some(*expected))],
        );
    }
}

#[track_caller]
fn check_limited(test: &str, unit: Unit, rows: &[(Comparator, f64, Option<Category>)]) {
    for (comparator, value, expected) in rows {
        let quantity = Quantity::new(*value, unit, *comparator).expect("finite");
        let found = rulebook().thresholds.category(fact_id(test), quantity);
        let found = found.map(|band| band.category);
        assert_eq!(found, *expected, "{test} {comparator:?} {value} {unit}");
    }
}

#[test]
fn fasting_glucose_is_impaired_from_6_1_and_diabetic_from_7_0() {
    use Category::{DiseaseRange, Intermediate, Normal};
    check(
        "fasting-plasma-glucose",
        MMOL,
        &[
            (4.0, Normal),
            (5.6, Normal),
            (6.0, Normal),
            (6.09, Normal),
            (6.1, Intermediate),
            (6.9, Intermediate),
            (6.99, Intermediate),
            (7.0, DiseaseRange),
            (7.1, DiseaseRange),
            (25.0, DiseaseRange),
        ],
    );
    check(
        "fasting-plasma-glucose",
        MG,
        &[
            (100.0, Normal),
            (109.0, Normal),
            (109.9, Normal),
            (110.0, Intermediate),
            (125.0, Intermediate),
            (125.9, Intermediate),
            (126.0, DiseaseRange),
            (127.0, DiseaseRange),
        ],
    );
}

#[test]
fn two_hour_glucose_is_impaired_from_7_8_and_diabetic_from_11_1() {
    use Category::{DiseaseRange, Intermediate, Normal};
    check(
        "ogtt-2h-plasma-glucose",
        MMOL,
        &[
            (7.7, Normal),
            (7.79, Normal),
            (7.8, Intermediate),
            (11.0, Intermediate),
            (11.09, Intermediate),
            (11.1, DiseaseRange),
            (11.2, DiseaseRange),
        ],
    );
    check(
        "ogtt-2h-plasma-glucose",
        MG,
        &[
            (139.0, Normal),
            (139.9, Normal),
            (140.0, Intermediate),
            (199.0, Intermediate),
            (199.9, Intermediate),
            (200.0, DiseaseRange),
        ],
    );
}

#[test]
fn hba1c_below_the_diabetic_range_says_nothing_and_is_never_normal() {
    use Category::{DiseaseRange, Inconclusive};
    for test in ["hba1c", "hba1c-point-of-care"] {
        check(
            test,
            IFCC,
            &[
                (30.0, Inconclusive),
                (41.0, Inconclusive),
                (42.0, Inconclusive),
                (47.0, Inconclusive),
                (47.9, Inconclusive),
                (48.0, DiseaseRange),
                (49.0, DiseaseRange),
            ],
        );
        check(
            test,
            NGSP,
            &[
                (5.7, Inconclusive),
                (6.4, Inconclusive),
                (6.49, Inconclusive),
                (6.5, DiseaseRange),
                (6.6, DiseaseRange),
            ],
        );
    }
}

/// 6.5 % is 47.5 mmol/mol by the conversion formula: converting first would lose the diagnosis.
#[test]
fn hba1c_is_compared_in_the_unit_received() {
    use Category::{DiseaseRange, Inconclusive};
    check("hba1c", NGSP, &[(6.5, DiseaseRange)]);
    check("hba1c", IFCC, &[(47.5, Inconclusive)]);
}

#[test]
fn samples_of_a_lesser_kind_are_high_or_say_nothing() {
    use Category::{DiseaseRange, Inconclusive};
    check(
        "glucose-fasting-unknown",
        MMOL,
        &[
            (4.0, Inconclusive),
            (7.0, Inconclusive),
            (11.0, Inconclusive),
            (11.1, DiseaseRange),
        ],
    );
    check(
        "glucose-fasting-unknown",
        MG,
        &[
            (126.0, Inconclusive),
            (199.9, Inconclusive),
            (200.0, DiseaseRange),
        ],
    );
    check(
        "fasting-capillary-glucose",
        MMOL,
        &[
            (5.0, Inconclusive),
            (6.9, Inconclusive),
            (7.0, DiseaseRange),
        ],
    );
}

#[test]
fn a_test_without_bands_in_a_unit_says_nothing_in_it() {
    for (test, unit) in [
        ("fasting-plasma-glucose", NGSP),
        ("hba1c", MMOL),
        ("hba1c-point-of-care", MG),
        ("body-mass-index", Unit::KgPerSquareMetre),
    ] {
        check_limited(test, unit, &[(Comparator::Exactly, 150.0, None)]);
    }
}

#[test]
fn a_limited_result_means_the_lowest_it_can_mean_and_is_normal_only_for_certain() {
    use Category::{DiseaseRange, Intermediate, Normal};
    use Comparator::{Above, AtLeast, AtMost, Below};
    check_limited(
        "fasting-plasma-glucose",
        MMOL,
        &[
            (Below, 3.0, Some(Normal)),
            (Below, 6.1, Some(Normal)),
            (AtMost, 6.0, Some(Normal)),
            (AtMost, 6.1, None),
            (Below, 7.0, None),
            (Below, 25.0, None),
            (Above, 5.0, None),
            (Above, 6.1, Some(Intermediate)),
            (AtLeast, 6.1, Some(Intermediate)),
            (Above, 6.9, Some(Intermediate)),
            (AtLeast, 7.0, Some(DiseaseRange)),
            (Above, 7.0, Some(DiseaseRange)),
            (Above, 33.3, Some(DiseaseRange)),
        ],
    );
    check_limited(
        "hba1c",
        NGSP,
        &[
            (Below, 4.0, Some(Category::Inconclusive)),
            (Below, 6.5, Some(Category::Inconclusive)),
            (AtMost, 6.5, None),
            (Above, 6.4, None),
            (Above, 6.5, Some(DiseaseRange)),
            (AtLeast, 6.5, Some(DiseaseRange)),
            (Above, 14.0, Some(DiseaseRange)),
        ],
    );
}

#[track_caller]
fn check_critical(test: &str, unit: Unit, rows: &[(f64, bool)]) {
    for (value, expected) in rows {
        let quantity = Quantity::new(*value, unit, Comparator::Exactly).expect("finite");
        let found = rulebook().thresholds.is_critical(fact_id(test), quantity);
        assert_eq!(found, *expected, "{test} {value} {unit}");
    }
}

#[test]
fn a_glucose_is_critical_from_the_drafted_limit() {
    for test in [
        "fasting-plasma-glucose",
        "ogtt-2h-plasma-glucose",
        "glucose-fasting-unknown",
    ] {
        check_critical(
            test,
            MMOL,
            &[(11.1, false), (19.9, false), (20.0, true), (45.0, true)],
        );
        check_critical(
            test,
            MG,
            &[(20.0, false), (359.9, false), (360.0, true), (600.0, true)],
        );
    }
    check_critical("hba1c", IFCC, &[(48.0, false), (200.0, false)]);
}

#[test]
fn a_limited_result_is_critical_only_for_certain() {
    use Comparator::{Above, AtLeast, AtMost, Below};
    for (comparator, value, expected) in [
        (Below, 25.0, false),
        (AtMost, 25.0, false),
        (Above, 19.9, false),
        (AtLeast, 19.9, false),
        (AtLeast, 20.0, true),
        (Above, 20.0, true),
    ] {
        let quantity = Quantity::new(value, MMOL, comparator).expect("finite");
        let id = fact_id("fasting-plasma-glucose");
        let found = rulebook().thresholds.is_critical(id, quantity);
        assert_eq!(found, expected, "{comparator:?} {value}");
    }
}

#[test]
fn a_critical_limit_is_marked_as_not_verified() {
    let marked = rulebook()
        .unverified
        .iter()
        .filter(|unverified| unverified.file == "thresholds/glycaemia-finland.toml")
        .count();
    assert_eq!(
        marked, 8,
        "four critical limits, two policies, the confirmation table and a row of it"
    );
}
