//! What holds for any table of predictions and outcomes.

use preventiojyraa_core::calibration::{
    self, Evaluation, PairedOutcomes, Rows, Settings, auroc, calibration_slope,
};
use proptest::prelude::*;

/// Predictions in thousandths, so that ties are frequent; both classes are there.
fn tables() -> impl Strategy<Value = Rows> {
    let row = (1..1000_u16, any::<bool>(), 1..9_u8);
    prop::collection::vec(row, 40..160).prop_map(|rows| {
        let mut occurred: Vec<bool> = rows.iter().map(|(_, y, _)| *y).collect();
        occurred[..2].fill(true);
        occurred[2..4].fill(false);
        Rows {
            predicted: rows
                .iter()
                .map(|(p, _, _)| f64::from(*p) / 1000.0)
                .collect(),
            occurred,
            weights: Some(rows.iter().map(|(_, _, w)| f64::from(*w)).collect()),
            ..Rows::default()
        }
    })
}

fn evaluate(rows: &Rows) -> Evaluation {
    let settings = Settings {
        thresholds: vec![0.2, 0.5],
    };
    calibration::evaluate(rows, &[], &settings).expect("a sound table")
}

/// Every point estimate that a table has.
fn estimates(evaluation: &Evaluation) -> Vec<f64> {
    let whole = &evaluation.whole;
    let mut figures = vec![
        whole.auroc.map(|area| area.estimate),
        whole.o_e,
        whole.calibration_in_the_large,
        whole.slope,
        whole.brier,
        whole.scaled_brier,
    ];
    for at in &whole.thresholds {
        figures.extend([
            at.ppv,
            at.npv,
            at.sensitivity,
            at.specificity,
            at.net_benefit,
        ]);
    }
    let mut values: Vec<f64> = figures.iter().flatten().map(|known| known.value).collect();
    for curve in [&evaluation.loess, &evaluation.spline]
        .into_iter()
        .flatten()
    {
        let i = curve.indices;
        values.extend([i.ici, i.e50, i.e90, i.emax]);
    }
    values
}

fn reordered(rows: &Rows, order: &[usize]) -> Rows {
    let weights = rows.weights.as_ref();
    Rows {
        predicted: order.iter().map(|n| rows.predicted[*n]).collect(),
        occurred: order.iter().map(|n| rows.occurred[*n]).collect(),
        weights: weights.map(|weights| order.iter().map(|n| weights[*n]).collect()),
        ..Rows::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_order_of_rows_changes_no_bit(rows in tables(), step in 1..1000_usize) {
        let n = rows.predicted.len();
        let mut order: Vec<usize> = (0..n).collect();
        order.rotate_left(step % n);
        order.reverse();
        let other = evaluate(&reordered(&rows, &order));
        prop_assert_eq!(format!("{:?}", evaluate(&rows)), format!("{other:?}"));
    }

    #[test]
    fn a_row_split_in_two_of_half_the_weight_changes_no_estimate(rows in tables()) {
        let n = rows.predicted.len();
        let order: Vec<usize> = (0..n).chain(0..n).collect();
        let mut twice = reordered(&rows, &order);
        twice.weights.iter_mut().flatten().for_each(|weight| *weight /= 2.0);
        // Twice as many rows can afford more knots: compare where both have as many.
        let (once, twice) = (evaluate(&rows), evaluate(&twice));
        let knots = |e: &Evaluation| e.ladder.as_ref().map_or(0, |ladder| ladder.spline.knots.len());
        prop_assume!(knots(&once) == knots(&twice) && once.spline.is_ok() == twice.spline.is_ok());
        let (once, twice) = (estimates(&once), estimates(&twice));
        prop_assert_eq!(once.len(), twice.len());
        for (a, b) in once.into_iter().zip(twice) {
            prop_assert!((a - b).abs() <= 1e-8 * a.abs().max(1.0), "{} {}", a, b);
        }
    }

    #[test]
    fn a_rising_transformation_leaves_the_area(rows in tables()) {
        let area = |predicted: Vec<f64>| {
            let rows = PairedOutcomes::new(predicted, rows.occurred.clone(), None);
            auroc(&rows.expect("a sound table")).expect("identifiable")
        };
        let plain = area(rows.predicted.clone());
        prop_assert_eq!(plain, area(rows.predicted.iter().map(|p| p * p).collect()));
        prop_assert_eq!(plain, area(rows.predicted.iter().map(|p| p.sqrt() / 2.0).collect()));
    }

    #[test]
    fn exchanging_event_and_non_event_mirrors(rows in tables()) {
        let mirrored = PairedOutcomes::new(
            rows.predicted.iter().map(|p| 1.0 - p).collect(),
            rows.occurred.iter().map(|y| !y).collect(),
            None,
        ).expect("a sound table");
        let plain = PairedOutcomes::new(rows.predicted, rows.occurred, None).expect("a sound table");
        let area = |rows: &PairedOutcomes| auroc(rows).expect("identifiable").estimate.value;
        prop_assert!((area(&plain) - area(&mirrored)).abs() < 1e-12);
        if let (Ok(a), Ok(b)) = (calibration_slope(&plain), calibration_slope(&mirrored)) {
            prop_assert!((a.value - b.value).abs() < 1e-8 * a.value.abs().max(1.0));
        }
    }

    #[test]
    fn an_estimate_lies_within_its_interval(rows in tables()) {
        let evaluation = evaluate(&rows);
        let whole = &evaluation.whole;
        let mut figures = vec![whole.o_e, whole.slope, whole.brier, whole.scaled_brier];
        for at in &whole.thresholds {
            figures.extend([at.ppv, at.npv, at.sensitivity, at.specificity, at.number_needed_to_screen]);
        }
        for known in figures.into_iter().flatten() {
            prop_assert!(known.lower <= known.value + 1e-12 && known.value <= known.upper + 1e-12);
        }
    }
}
