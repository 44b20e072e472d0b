//! Resampling against the formulas.

use super::super::{FollowUp, Resampling, Rows, Settings, bootstrap_figures, evaluate};
use super::{numbers, table};

fn rows(name: &str) -> Rows {
    let cells = table(name);
    let flags = |column: &str| {
        numbers(&cells, column)
            .into_iter()
            .map(|y| 0.5 < y)
            .collect()
    };
    let has = |column: &str| cells[0].contains(&column.to_owned());
    Rows {
        predicted: numbers(&cells, "p"),
        occurred: flags("y"),
        weights: has("w").then(|| numbers(&cells, "w")),
        follow_up: has("t").then(|| FollowUp {
            times: numbers(&cells, "t"),
            competing: has("c").then(|| flags("c")),
            horizon: 10.0,
        }),
    }
}

#[test]
fn limits_are_near_those_of_the_formulas() {
    for name in ["ordinary", "weights", "competing"] {
        let rows = rows(name);
        let evaluation = evaluate(&rows, &[], &Settings::default()).expect("sound");
        let resampling = Resampling::new(&rows).expect("small enough");
        let replicates: Vec<_> = (0..200).map(|n| resampling.replicate(1, n)).collect();
        let figures = bootstrap_figures(&evaluation, &replicates);
        let whole = &evaluation.whole;
        let formulas = [
            whole.auroc.map(|area| area.estimate),
            whole.o_e,
            whole.calibration_in_the_large,
            whole.slope,
            whole.brier,
            whole.scaled_brier,
        ];
        for (resampled, formula) in figures.iter().zip(formulas) {
            let (drawn, known) = (
                resampled.figure.expect("stable"),
                formula.expect("identifiable"),
            );
            let ratio = (drawn.upper - drawn.lower) / (known.upper - known.lower);
            // Percentiles of 200 replicates scatter by a tenth; O:E takes E as known
            // by its formula, censoring weights are taken as known by all.
            assert!(
                (0.7..1.3).contains(&ratio),
                "{name} {} {ratio}",
                resampled.name
            );
        }
        let ici = figures.iter().find(|figure| figure.name == "loess_ici");
        assert!(ici.is_some_and(|ici| ici.figure.is_ok()));
    }
}

#[test]
fn a_replicate_follows_from_seed_and_number() {
    let resampling = Resampling::new(&rows("ties")).expect("small enough");
    assert_eq!(resampling.replicate(7, 3), resampling.replicate(7, 3));
    assert_ne!(resampling.replicate(7, 3), resampling.replicate(7, 4));
    assert_ne!(resampling.replicate(7, 3), resampling.replicate(8, 3));
}

/// Nine copies of the rare table: pooled, and limits a third as wide.
#[test]
fn a_large_table_is_pooled() {
    let small = rows("rare");
    let large = Rows {
        predicted: small.predicted.repeat(9),
        occurred: small.occurred.repeat(9),
        ..Rows::default()
    };
    let width = |rows: &Rows| {
        let evaluation = evaluate(rows, &[], &Settings::default()).expect("sound");
        let resampling = Resampling::new(rows).expect("can be pooled");
        let replicates: Vec<_> = (0..60).map(|n| resampling.replicate(1, n)).collect();
        let area = bootstrap_figures(&evaluation, &replicates)[0]
            .figure
            .expect("stable");
        area.upper - area.lower
    };
    let ratio = width(&small) / width(&large);
    assert!((2.3..3.9).contains(&ratio), "{ratio}");
}
