//! Units: codes read back, conversions that can be undone, and those that are never made.

use preventiojyraa_core::profile::Unit;
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::draw::fixed;

/// Each conversion and how many of the first unit make one of the second.
///
/// Inch and pound are exact by the agreement of 1959.
const CONVERSIONS: [(Unit, Unit, f64); 5] = [
    (Unit::Metre, Unit::Centimetre, 0.01),
    (Unit::Millimetre, Unit::Centimetre, 10.0),
    (Unit::Inch, Unit::Centimetre, 1.0 / 2.54),
    (Unit::Gram, Unit::Kilogram, 1000.0),
    (Unit::Pound, Unit::Kilogram, 1.0 / 0.453_592_37),
];

proptest! {
    #![proptest_config(fixed(2_000))]

    #[test]
    fn a_conversion_can_be_undone(
        (from, to, size) in select(&CONVERSIONS[..]),
        value in 0.0..1000.0f64,
    ) {
        let converted = from.convert(value, to).expect("a conversion there is");
        // Nine decimals are kept, so the way back is as near as their size.
        prop_assert!((converted * size - value).abs() <= 1e-9 * size.max(1.0) + value * 1e-12);
    }

    #[test]
    fn a_conversion_keeps_the_order(
        (from, to, _) in select(&CONVERSIONS[..]),
        a in 0.0..1000.0f64,
        b in 0.0..1000.0f64,
    ) {
        let (low, high) = (a.min(b), a.max(b));
        prop_assert!(from.convert(low, to) <= from.convert(high, to));
    }

    #[test]
    fn a_value_in_its_own_unit_stays_as_it_is(unit in select(&Unit::ALL[..]), value in any::<f64>()) {
        let kept = unit.convert(value, unit).expect("its own unit");
        prop_assert_eq!(kept.to_bits(), value.to_bits());
    }

    #[test]
    fn centimetres_in_decimal_survive_the_way_through_metres(tenths in 300..2_500u32) {
        let centimetres = f64::from(tenths) / 10.0;
        let metres = f64::from(tenths) / 1000.0;
        let converted = Unit::Metre.convert(metres, Unit::Centimetre).expect("a length");
        prop_assert_eq!(converted.to_bits(), centimetres.to_bits());
    }

    #[test]
    fn no_text_but_a_unit_s_own_code_is_read_as_it(text in "[ -~]{0,9}") {
        let read = Unit::from_ucum(&text);
        prop_assert!(read.is_none_or(|unit| unit.ucum() == text));
    }
}

#[test]
fn every_unit_is_read_back_from_its_code() {
    for unit in Unit::ALL {
        assert_eq!(Unit::from_ucum(unit.ucum()), Some(unit));
    }
}

#[test]
fn glycaemia_is_never_converted() {
    let glycaemic = [
        Unit::MillimolePerMole,
        Unit::Percent,
        Unit::MillimolePerLitre,
        Unit::MilligramPerDecilitre,
    ];
    for from in glycaemic {
        for to in Unit::ALL.into_iter().filter(|to| *to != from) {
            assert_eq!(from.convert(6.5, to), None, "{from} to {to}");
        }
    }
}

#[test]
fn only_the_listed_conversions_are_made() {
    let made = Unit::ALL
        .into_iter()
        .flat_map(|from| Unit::ALL.map(|to| (from, to)));
    let made = made.filter(|(from, to)| from != to && from.convert(1.0, *to).is_some());
    let mut made: Vec<(Unit, Unit)> = made.collect();
    let mut listed: Vec<(Unit, Unit)> = CONVERSIONS.map(|(from, to, _)| (from, to)).to_vec();
    made.sort();
    listed.sort();
    assert_eq!(made, listed);
}
