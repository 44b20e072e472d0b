//! Strata of those below the action level: both sides of each boundary, and what is not known.

use preventiojyraa_core::pathway::{Inclusion, Sampling, Stratum};
use preventiojyraa_core::profile::{BirthDate, Sex};
use preventiojyraa_core::rulebook::Score;

use crate::support::core::Someone;

const ALL: u32 = 1_000_000_000;

fn probability(billionths: u32) -> Inclusion {
    Inclusion::from_billionths(billionths).expect("a probability")
}

#[test]
fn a_probability_lies_above_nought_and_up_to_one() {
    for (billionths, is_one) in [
        (0, false),
        (1, true),
        (ALL, true),
        (ALL + 1, false),
        (u32::MAX, false),
    ] {
        let found = Inclusion::from_billionths(billionths);
        assert_eq!(found.is_some(), is_one, "{billionths}");
        assert_eq!(
            found.map(Inclusion::billionths),
            is_one.then_some(billionths)
        );
    }
}

fn everybody() -> Stratum {
    Stratum {
        id: "some".to_owned(),
        age_from: None,
        age_below: None,
        sex: None,
        score_from: None,
        score_below: None,
        inclusion: probability(7),
    }
}

/// Whether somebody with this highest possible score has the probability of a stratum.
#[track_caller]
fn belongs(stratum: &Stratum, someone: &Someone, highest: Option<Score>) -> bool {
    let sampling = Sampling {
        inclusion: probability(3),
        strata: vec![stratum.clone()],
        key: [0; 32],
    };
    let found = sampling
        .inclusion_of(&someone.profile(), highest)
        .billionths();
    assert!(found == 3 || found == 7);
    found == 7
}

#[test]
fn ages_sexes_and_scores_count_on_both_sides_of_each_boundary() {
    let of_age = Stratum {
        age_from: Some(40),
        age_below: Some(50),
        ..everybody()
    };
    for (age, belongs_there) in [(39, false), (40, true), (49, true), (50, false)] {
        assert_eq!(
            belongs(&of_age, &Someone::woman_of(age), Some(5)),
            belongs_there,
            "{age}"
        );
    }
    let women = Stratum {
        sex: Some(Sex::Female),
        ..everybody()
    };
    assert!(belongs(&women, &Someone::woman_of(40), Some(5)));
    assert!(!belongs(&women, &Someone::man_of(40), Some(5)));
    let of_scores = Stratum {
        score_from: Some(7),
        score_below: Some(12),
        ..everybody()
    };
    for (highest, belongs_there) in [
        (None, false),
        (Some(6), false),
        (Some(7), true),
        (Some(11), true),
        (Some(12), false),
    ] {
        let found = belongs(&of_scores, &Someone::woman_of(40), highest);
        assert_eq!(found, belongs_there, "{highest:?}");
    }
    assert!(belongs(&everybody(), &Someone::unknown(), None));
}

#[test]
fn whose_age_may_lie_outside_a_stratum_does_not_belong_to_it() {
    let born = |from: (i16, i8, i8), to: (i16, i8, i8)| {
        Someone::woman_of(45).registered(|register| {
            let day = |(year, month, day)| jiff::civil::date(year, month, day);
            register.birth = BirthDate::between(day(from), day(to)).expect("in order");
        })
    };
    let of_age = |age_from, age_below| Stratum {
        age_from,
        age_below,
        ..everybody()
    };
    let year = crate::support::core::TODAY.year();
    // 45 to 47 years old.
    let someone = born((year - 48, 12, 31), (year - 45, 1, 1));
    for (from, below, belongs_there) in [
        (Some(45), None, true),
        (Some(46), None, false),
        (None, Some(48), true),
        (None, Some(47), false),
    ] {
        let found = belongs(&of_age(from, below), &someone, Some(5));
        assert_eq!(found, belongs_there, "{from:?} {below:?}");
    }
    assert!(!belongs(
        &of_age(Some(18), None),
        &Someone::unknown(),
        Some(5)
    ));
}
