use jiff::civil::{Date, date};

use super::*;

fn fact(submission: u8, updated: i64, effective: Date, value: FactValue) -> Fact {
    Fact {
        id: FactId(3),
        value,
        effective,
        until: None,
        recorded: Recorded::AsEffective,
        standing: Standing::Established,
        submission: SubmissionId::from_bytes([submission; 16]),
        part: 0,
        version: Version {
            updated,
            pull: 1,
            digest: 0,
        },
    }
}

fn seen(facts: Vec<Fact>, index_date: Date) -> Vec<FactValue> {
    Profile::as_of(Register::unknown(), facts, index_date)
        .facts()
        .iter()
        .map(|f| f.value)
        .collect()
}

#[test]
fn a_fact_is_seen_from_the_day_it_was_true_and_recorded() {
    let mut late = fact(1, 0, date(2020, 1, 10), FactValue::Present);
    late.recorded = Recorded::On(date(2020, 2, 1));
    for (day, n) in [
        (date(2020, 1, 10), 0),
        (date(2020, 1, 31), 0),
        (date(2020, 2, 1), 1),
    ] {
        assert_eq!(seen(vec![late], day).len(), n, "{day}");
    }
    let mut early = fact(1, 0, date(2020, 3, 1), FactValue::Present);
    early.recorded = Recorded::On(date(2020, 2, 1));
    for (day, n) in [(date(2020, 2, 29), 0), (date(2020, 3, 1), 1)] {
        assert_eq!(seen(vec![early], day).len(), n, "{day}");
    }
}

#[test]
fn the_newest_version_wins_in_any_order_and_a_withdrawal_removes_it() {
    let old = fact(1, 1, date(2020, 1, 1), FactValue::Answer(0));
    let new = fact(1, 2, date(2020, 1, 1), FactValue::Answer(1));
    let gone = fact(1, 3, date(2020, 1, 1), FactValue::Withdrawn);
    let day = date(2021, 1, 1);
    assert_eq!(seen(vec![old, new], day), [FactValue::Answer(1)]);
    assert_eq!(seen(vec![new, old, new], day), [FactValue::Answer(1)]);
    assert_eq!(seen(vec![gone, new, old], day), []);
}

#[test]
fn a_withdrawal_recorded_later_does_not_reach_back() {
    let fact_ = fact(1, 1, date(2020, 1, 1), FactValue::Present);
    let mut gone = fact(1, 3, date(2020, 1, 1), FactValue::Withdrawn);
    gone.recorded = Recorded::On(date(2022, 1, 1));
    assert_eq!(seen(vec![fact_, gone], date(2021, 12, 31)).len(), 1);
    assert_eq!(seen(vec![fact_, gone], date(2022, 1, 1)).len(), 0);
}

fn measured(submission: u8, centimetres: f64, standing: Standing) -> Fact {
    let value = Quantity::new(centimetres, Unit::Centimetre, Comparator::Exactly);
    let value = FactValue::Quantity(value.expect("a finite number"));
    Fact {
        standing,
        ..fact(submission, 0, date(2020, 1, 1), value)
    }
}

#[test]
fn the_record_and_the_residents_own_account_of_a_measurement_are_one() {
    use Standing::{Established, SelfReported};
    let who_told = |facts: &[Fact]| {
        let profile = Profile::as_of(Register::unknown(), facts.to_vec(), date(2020, 1, 2));
        let told = profile.facts().iter();
        told.map(|fact| (fact.submission.to_bytes()[0], fact.standing))
            .collect::<Vec<_>>()
    };
    let (record, own) = (
        measured(1, 82.0, Established),
        measured(9, 82.0, SelfReported),
    );
    for facts in [[record, own], [own, record]] {
        assert_eq!(who_told(&facts), [(1, Established)]);
    }
    // Once the record takes it back, the resident's own account is what there is.
    let gone = Fact {
        value: FactValue::Withdrawn,
        version: Version {
            updated: 1,
            ..record.version
        },
        ..record
    };
    assert_eq!(who_told(&[record, own, gone]), [(9, SelfReported)]);
    // Another value, another day or another unit is another measurement.
    let wider = measured(9, 83.0, SelfReported);
    let later = Fact {
        effective: date(2020, 1, 2),
        ..own
    };
    for other in [wider, later] {
        assert_eq!(who_told(&[record, other]).len(), 2);
    }
    // So are two parts of one submission that happen to agree.
    assert_eq!(who_told(&[record, Fact { part: 1, ..record }]).len(), 2);
}

#[test]
fn parts_of_one_version_stay_together() {
    let a = fact(1, 1, date(2020, 1, 1), FactValue::Present);
    let b = Fact { part: 1, ..a };
    let newer = fact(1, 2, date(2020, 1, 1), FactValue::Present);
    assert_eq!(seen(vec![a, b], date(2021, 1, 1)).len(), 2);
    assert_eq!(seen(vec![a, newer, b], date(2021, 1, 1)).len(), 1);
}

#[test]
fn ages_complete_on_the_birthday() {
    let cases = [
        (date(1975, 6, 15), date(2020, 6, 14), 44),
        (date(1975, 6, 15), date(2020, 6, 15), 45),
        (date(1976, 2, 29), date(2021, 2, 28), 44),
        (date(1976, 2, 29), date(2021, 3, 1), 45),
        (date(1976, 2, 29), date(2024, 2, 29), 48),
        (date(2020, 1, 1), date(2020, 1, 1), 0),
    ];
    for (birth, day, age) in cases {
        assert_eq!(
            BirthDate::on(birth).age_on(day),
            Some((age, age)),
            "{birth} {day}"
        );
    }
    assert_eq!(
        BirthDate::on(date(2020, 1, 2)).age_on(date(2020, 1, 1)),
        None
    );
    assert_eq!(BirthDate::UNKNOWN.age_on(date(2020, 1, 1)), None);
    let year = BirthDate::between(date(1970, 1, 1), date(1970, 12, 31)).expect("ordered");
    assert_eq!(year.age_on(date(2020, 7, 1)), Some((49, 50)));
    assert_eq!(BirthDate::between(date(1970, 1, 2), date(1970, 1, 1)), None);
}

#[test]
fn months_are_whole_calendar_months() {
    for (a, b, n) in [
        (date(2020, 1, 31), date(2020, 2, 29), 0),
        (date(2020, 1, 31), date(2020, 3, 1), 1),
        (date(2020, 1, 15), date(2021, 1, 14), 11),
        (date(2020, 1, 15), date(2021, 1, 15), 12),
        (date(2021, 1, 15), date(2020, 1, 15), 0),
    ] {
        assert_eq!(months_between(a, b), n, "{a} {b}");
    }
}

#[test]
fn a_limited_value_can_lie_in_every_band_it_does_not_exclude() {
    let q = |v, c| Quantity::new(v, Unit::Percent, c).expect("finite");
    let (below, from) = (Some((6.5, false)), Some((6.5, true)));
    for (quantity, in_lower, in_upper) in [
        (q(6.5, Comparator::Exactly), false, true),
        (q(6.4, Comparator::Exactly), true, false),
        (q(6.5, Comparator::Below), true, false),
        (q(6.5, Comparator::AtMost), true, true),
        (q(6.5, Comparator::AtLeast), false, true),
        (q(6.0, Comparator::Above), true, true),
        (q(14.0, Comparator::Above), false, true),
        (q(4.0, Comparator::Below), true, false),
    ] {
        assert_eq!(quantity.can_lie_in(None, below), in_lower);
        assert_eq!(quantity.can_lie_in(from, None), in_upper);
    }
    assert!(Quantity::new(f64::NAN, Unit::Percent, Comparator::Exactly).is_none());
    assert!(Quantity::new(f64::INFINITY, Unit::Percent, Comparator::Exactly).is_none());
}

#[test]
fn units_round_trip_through_their_codes() {
    for unit in Unit::ALL {
        assert_eq!(Unit::from_ucum(unit.ucum()), Some(unit));
    }
    assert_eq!(Unit::Inch.convert(40.0, Unit::Centimetre), Some(101.6));
    assert_eq!(Unit::Metre.convert(1.7, Unit::Centimetre), Some(170.0));
    assert_eq!(Unit::Pound.convert(100.0, Unit::Kilogram), Some(45.359_237));
    assert_eq!(Unit::Percent.convert(6.5, Unit::MillimolePerMole), None);
}

#[test]
fn debug_shows_no_value_and_no_date() {
    let fact = fact(7, 0, date(1999, 12, 31), FactValue::Present);
    let q = Quantity::new(47.25, Unit::MillimolePerMole, Comparator::Exactly).expect("finite");
    let register = Register {
        birth: BirthDate::on(date(1950, 5, 5)),
        ..Register::unknown()
    };
    let shown = format!("{fact:?} {q:?} {register:?} {:?}", register.birth);
    for secret in ["1999", "47.25", "1950"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
