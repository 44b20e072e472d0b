//! Results over time as a picture; the numbers stand beside it, for whoever does not see it.

use jiff::civil::Date;
use maud::{Markup, html};

use crate::steps::Series;

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 160.0;
/// Room for the numbers at the left and the years below.
const LEFT: f64 = 50.0;
const BELOW: f64 = 24.0;
const EDGE: f64 = 12.0;

/// A line through the values of a test.
pub(super) fn chart(series: &Series) -> Markup {
    let (Some(first), Some(last)) = (series.values.first(), series.values.last()) else {
        return html! {};
    };
    let values = series.values.iter().map(|measured| measured.value);
    let (least, most) = values.fold((f64::MAX, f64::MIN), |(least, most), value| {
        (least.min(value), most.max(value))
    });
    // A flat line lies in the middle.
    let (low, high) = match least < most {
        true => (least, most),
        false => (least - 1.0, most + 1.0),
    };
    let days = f64::from((last.on - first.on).get_days().max(1));
    let x = |day: Date| {
        let share = f64::from((day - first.on).get_days()) / days;
        LEFT + share * (WIDTH - LEFT - EDGE)
    };
    let y = |value: f64| {
        let share = (value - low) / (high - low);
        HEIGHT - BELOW - share * (HEIGHT - BELOW - EDGE)
    };
    let at = |n: f64| format!("{n:.1}");
    let points: Vec<(String, String)> = series
        .values
        .iter()
        .map(|measured| (at(x(measured.on)), at(y(measured.value))))
        .collect();
    let line: Vec<String> = points.iter().map(|(x, y)| format!("{x},{y}")).collect();
    let floor = HEIGHT - BELOW;
    html! {
        svg.chart viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) width=(WIDTH) height=(HEIGHT)
            role="img" aria-label=(format!("{} ({})", series.name, series.unit))
        {
            line.axis x1=(LEFT) y1=(floor) x2=(WIDTH) y2=(floor) {}
            line.axis x1=(LEFT) y1="0" x2=(LEFT) y2=(floor) {}
            text x=(LEFT - 6.0) y=(at(y(most) + 4.0)) text-anchor="end" { (number(most)) }
            @if least < most {
                text x=(LEFT - 6.0) y=(at(y(least) + 4.0)) text-anchor="end" { (number(least)) }
            }
            text x=(LEFT) y=(HEIGHT - 6.0) { (first.on) }
            @if first.on < last.on {
                text x=(WIDTH - EDGE) y=(HEIGHT - 6.0) text-anchor="end" { (last.on) }
            }
            @if 1 < points.len() { polyline.line points=(line.join(" ")) {} }
            @for (x, y) in &points { circle.point cx=(x) cy=(y) r="3.5" {} }
        }
    }
}

fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::steps::Measured;

    fn series(values: &[(Date, f64)]) -> Series {
        let values = values.iter().map(|(on, value)| Measured {
            on: *on,
            value: *value,
            says: value.to_string(),
        });
        Series {
            name: "HbA1c".to_owned(),
            unit: "mmol/mol".to_owned(),
            values: values.collect(),
        }
    }

    #[test]
    fn values_stand_between_their_least_and_most_in_the_order_of_their_days() {
        let drawn = chart(&series(&[
            (date(2024, 1, 1), 40.0),
            (date(2025, 1, 1), 44.0),
            (date(2026, 1, 1), 42.0),
        ]));
        let text = drawn.into_string();
        assert!(
            text.contains("points=\"50.0,136.0 259.3,12.0 468.0,74.0\""),
            "{text}"
        );
    }

    #[test]
    fn nothing_and_one_value_are_drawn_too() {
        assert_eq!(chart(&series(&[])).into_string(), "");
        let one = chart(&series(&[(date(2026, 1, 1), 41.0)])).into_string();
        assert!(one.contains("<circle"), "{one}");
        assert!(!one.contains("polyline"), "{one}");
        assert!(!one.contains("NaN"), "{one}");
    }
}
