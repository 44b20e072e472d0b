//! Dates, ages, numbers and lists, as people say them.

use jiff::civil::Date;

use crate::profile::{Comparator, Quantity, months_between};

/// `14 March 2018`.
#[must_use]
pub fn date_phrase(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}

/// How long before `day` something was: `1 year and 2 months earlier`.
#[must_use]
pub fn age_phrase(date: Date, day: Date) -> String {
    let months = months_between(date, day);
    let count = |n: u32, unit: &str| format!("{n} {unit}{}", if n == 1 { "" } else { "s" });
    match (months / 12, months % 12) {
        (0, 0) => match (day - date).get_days() {
            0 => "the same day".to_owned(),
            1 => "the day before".to_owned(),
            days => format!("{days} days earlier"),
        },
        (0, months) => format!("{} earlier", count(months, "month")),
        (years, 0) => format!("{} earlier", count(years, "year")),
        (years, months) => {
            format!(
                "{} and {} earlier",
                count(years, "year"),
                count(months, "month")
            )
        }
    }
}

/// A measured number with its unit, cut (not rounded) after two decimals, so
/// that what is shown never lies on the wrong side of a lower limit.
#[must_use]
pub fn number_phrase(quantity: Quantity) -> String {
    let sign = match quantity.comparator() {
        Comparator::Exactly => "",
        Comparator::Below => "below ",
        Comparator::AtMost => "at most ",
        Comparator::AtLeast => "at least ",
        Comparator::Above => "above ",
    };
    format!("{sign}{} {}", cut(quantity.value()), quantity.unit())
}

/// Cuts after two decimals.
pub(super) fn cut(value: f64) -> String {
    let shortest = format!("{value}");
    match shortest.split_once('.') {
        Some((whole, decimals)) if decimals.len() > 2 => {
            let kept = decimals[..2].trim_end_matches('0');
            if kept.is_empty() {
                whole.to_owned()
            } else {
                format!("{whole}.{kept}")
            }
        }
        _ => shortest,
    }
}

/// `a`, `a and b`, `a, b and c`.
#[must_use]
pub fn list_phrase(items: &[&str]) -> String {
    match items {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::profile::Unit;

    #[test]
    fn ages_read_as_people_say_them() {
        let day = date(2020, 3, 15);
        for (then, phrase) in [
            (date(2020, 3, 15), "the same day"),
            (date(2020, 3, 14), "the day before"),
            (date(2020, 2, 16), "28 days earlier"),
            (date(2020, 2, 15), "1 month earlier"),
            (date(2019, 3, 15), "1 year earlier"),
            (date(2018, 1, 15), "2 years and 2 months earlier"),
        ] {
            assert_eq!(age_phrase(then, day), phrase);
        }
        assert_eq!(date_phrase(day), "15 March 2020");
    }

    #[test]
    fn numbers_are_cut_not_rounded() {
        for (value, phrase) in [
            (6.4996, "6.49 %"),
            (6.5, "6.5 %"),
            (30.0, "30 %"),
            (30.004, "30 %"),
            (0.05, "0.05 %"),
        ] {
            let q = Quantity::new(value, Unit::Percent, Comparator::Exactly).expect("finite");
            assert_eq!(number_phrase(q), phrase);
        }
        assert_eq!(list_phrase(&["a", "b", "c"]), "a, b and c");
    }
}
