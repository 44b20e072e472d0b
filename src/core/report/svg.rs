//! Plots as SVG: a frame with axes, and marks in its coordinates.

use std::fmt::Write;

/// Writing to a `String` cannot fail.
macro_rules! draw {
    ($text:expr, $($arguments:tt)*) => {
        writeln!($text, $($arguments)*).expect("writing to a String cannot fail")
    };
}

/// A rectangle of data coordinates on a rectangle of the picture.
pub(super) struct Frame {
    /// Data at the left and the right edge.
    pub(super) x: (f64, f64),
    /// Data at the lower and the upper edge.
    pub(super) y: (f64, f64),
    /// Picture: left, top, width, height.
    pub(super) place: (f64, f64, f64, f64),
}

impl Frame {
    fn at(&self, x: f64, y: f64) -> (f64, f64) {
        let (left, top, width, height) = self.place;
        // Marks outside the frame stop at its edge.
        let x = x.clamp(self.x.0, self.x.1);
        let y = y.clamp(self.y.0, self.y.1);
        let right = (x - self.x.0) / (self.x.1 - self.x.0);
        let up = (y - self.y.0) / (self.y.1 - self.y.0);
        (left + width * right, top + height * (1.0 - up))
    }

    /// Both axes with their names, grid lines and about five numbers each.
    pub(super) fn axes(&self, svg: &mut String, x_name: &str, y_name: &str) {
        let (left, top, width, height) = self.place;
        draw!(
            svg,
            r#"<rect class="frame" x="{left}" y="{top}" width="{width}" height="{height}"/>"#
        );
        for value in ticks(self.x) {
            let (x, y) = self.at(value, self.y.0);
            draw!(
                svg,
                r#"<line class="grid" x1="{x:.1}" y1="{top}" x2="{x:.1}" y2="{y:.1}"/>"#
            );
            let below = y + 17.0;
            draw!(
                svg,
                r#"<text x="{x:.1}" y="{below:.1}" text-anchor="middle">{}</text>"#,
                tick(value)
            );
        }
        self.y_ticks(svg);
        let (middle, below) = (left + width / 2.0, top + height + 38.0);
        draw!(
            svg,
            r#"<text x="{middle:.1}" y="{below:.1}" text-anchor="middle">{x_name}</text>"#
        );
        let (beside, middle) = (left - 46.0, top + height / 2.0);
        draw!(
            svg,
            r#"<text transform="translate({beside:.1} {middle:.1}) rotate(-90)" text-anchor="middle">{y_name}</text>"#
        );
    }

    fn y_ticks(&self, svg: &mut String) {
        let (left, _, width, _) = self.place;
        let (right, beside) = (left + width, left - 6.0);
        for value in ticks(self.y) {
            let (_, y) = self.at(self.x.0, value);
            draw!(
                svg,
                r#"<line class="grid" x1="{left}" y1="{y:.1}" x2="{right}" y2="{y:.1}"/>"#
            );
            let middle = y + 4.0;
            draw!(
                svg,
                r#"<text x="{beside}" y="{middle:.1}" text-anchor="end">{}</text>"#,
                tick(value)
            );
        }
    }

    /// A line through points.
    pub(super) fn line(&self, svg: &mut String, class: &str, points: &[(f64, f64)]) {
        let points = self.path(points.iter().copied());
        draw!(svg, r#"<polyline class="{class}" points="{points}"/>"#);
    }

    /// The area between two lines over the same places: `(x, lower, upper)`.
    pub(super) fn band(&self, svg: &mut String, class: &str, points: &[(f64, f64, f64)]) {
        let upper = points.iter().map(|(x, _, high)| (*x, *high));
        let lower = points.iter().rev().map(|(x, low, _)| (*x, *low));
        let points = self.path(upper.chain(lower));
        draw!(svg, r#"<polygon class="{class}" points="{points}"/>"#);
    }

    /// A bar between two heights.
    pub(super) fn bar(&self, svg: &mut String, class: &str, x: (f64, f64), y: (f64, f64)) {
        let ((left, top), (right, bottom)) = (self.at(x.0, y.1), self.at(x.1, y.0));
        let (width, height) = ((right - left - 0.5).max(0.0), bottom - top);
        draw!(
            svg,
            r#"<rect class="{class}" x="{left:.1}" y="{top:.1}" width="{width:.1}" height="{height:.1}"/>"#
        );
    }

    /// A dot with its interval, lying.
    pub(super) fn interval(&self, svg: &mut String, y: f64, value: f64, limits: (f64, f64)) {
        let ((low, at), (high, _)) = (self.at(limits.0, y), self.at(limits.1, y));
        let (x, _) = self.at(value, y);
        draw!(
            svg,
            r#"<line class="loess" x1="{low:.1}" y1="{at:.1}" x2="{high:.1}" y2="{at:.1}"/>"#
        );
        draw!(
            svg,
            r#"<circle class="dot" cx="{x:.1}" cy="{at:.1}" r="4"/>"#
        );
    }

    /// A text at the height of a value, left of the frame.
    pub(super) fn row_name(&self, svg: &mut String, y: f64, name: &str) {
        let (_, at) = self.at(self.x.0, y);
        let (beside, middle) = (self.place.0 - 8.0, at + 4.0);
        draw!(
            svg,
            r#"<text x="{beside}" y="{middle:.1}" text-anchor="end">{name}</text>"#
        );
    }

    /// The x axis alone.
    pub(super) fn x_axis(&self, svg: &mut String, name: &str) {
        let (left, top, width, height) = self.place;
        draw!(
            svg,
            r#"<rect class="frame" x="{left}" y="{top}" width="{width}" height="{height}"/>"#
        );
        let bottom = top + height;
        for value in ticks(self.x) {
            let (x, _) = self.at(value, self.y.0);
            draw!(
                svg,
                r#"<line class="grid" x1="{x:.1}" y1="{top}" x2="{x:.1}" y2="{bottom}"/>"#
            );
            draw!(
                svg,
                r#"<text x="{x:.1}" y="{}" text-anchor="middle">{}</text>"#,
                bottom + 17.0,
                tick(value)
            );
        }
        let middle = left + width / 2.0;
        draw!(
            svg,
            r#"<text x="{middle}" y="{}" text-anchor="middle">{name}</text>"#,
            bottom + 38.0
        );
    }

    fn path(&self, points: impl Iterator<Item = (f64, f64)>) -> String {
        let mut path = String::new();
        for (x, y) in points {
            let (x, y) = self.at(x, y);
            write!(path, "{x:.1},{y:.1} ").expect("writing to a String cannot fail");
        }
        path.trim_end().to_owned()
    }
}

/// About five round numbers within a range.
fn ticks((low, high): (f64, f64)) -> Vec<f64> {
    let rough = (high - low) / 5.0;
    let power = libm::pow(10.0, libm::log10(rough).floor());
    let nice = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let step = nice
        .into_iter()
        .find(|step| rough <= *step)
        .unwrap_or(power * 10.0);
    let first = (low / step - 1e-9).ceil();
    (0..20)
        .map(|n| (first + f64::from(n)) * step)
        .take_while(|value| *value <= high + step * 1e-9)
        .collect()
}

fn tick(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    // Rounding leaves a sign on nothing.
    if text == "-0" {
        "0".to_owned()
    } else {
        text.replace('-', "−")
    }
}
