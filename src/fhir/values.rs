//! `value[x]`: one value, or a reason why there is none that can be used.

use preventiojyraa_core::intake::SubmittedValue;
use preventiojyraa_core::profile::Comparator;

use super::reading::Reading;
use super::systems::unit;
use super::wire::{Component, Observation, Quantity};

pub(super) fn quantity<'p>(quantity: &'p Quantity<'_>) -> SubmittedValue<'p> {
    let comparator = match quantity.comparator.as_deref() {
        None => Comparator::Exactly,
        Some("<") => Comparator::Below,
        Some("<=") => Comparator::AtMost,
        Some(">=") => Comparator::AtLeast,
        Some(">") => Comparator::Above,
        Some(_) => return SubmittedValue::Other("a comparator that FHIR does not have"),
    };
    match quantity.value {
        Some(value) => SubmittedValue::Quantity {
            value,
            comparator,
            unit: unit(quantity),
        },
        None => SubmittedValue::Other("a quantity without a number"),
    }
}

/// Observations and their components have the same value fields, in types of their own.
macro_rules! value_of {
    ($reading:expr, $part:expr) => {{
        let codes = |concept| SubmittedValue::Codes($reading.codings(Some(concept)));
        let text = |_| SubmittedValue::Other("a text");
        let bare_number = |_| SubmittedValue::Other("a number without a unit");
        let given = [
            $part.value_quantity.as_ref().map(quantity),
            $part.value_boolean.map(SubmittedValue::Flag),
            $part.value_codeable_concept.as_ref().map(codes),
            $part.value_string.as_ref().map(text),
            $part.value_integer.map(bare_number),
        ];
        one_value(given, $part.data_absent_reason.is_some())
    }};
}

/// The value of a component.
pub(super) fn value<'p>(reading: &Reading<'_>, part: &'p Component<'_>) -> SubmittedValue<'p> {
    value_of!(reading, part)
}

/// The value of an observation itself.
pub(super) fn own_value<'p>(
    reading: &Reading<'_>,
    observation: &'p Observation<'_>,
) -> SubmittedValue<'p> {
    value_of!(reading, observation)
}

/// The one value given; two are as bad as none.
pub(super) fn one_value<'p, const N: usize>(
    given: [Option<SubmittedValue<'p>>; N],
    is_absent: bool,
) -> SubmittedValue<'p> {
    let mut given = given.into_iter().flatten();
    match (given.next(), given.next()) {
        (Some(value), None) => value,
        (Some(_), Some(_)) => SubmittedValue::Other("two values"),
        (None, _) if is_absent => SubmittedValue::Absent,
        (None, _) => SubmittedValue::None,
    }
}
