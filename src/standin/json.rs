//! A small JSON writer: straight into a byte buffer, members in the order they are called.
//!
//! The registers written here are tens of gigabytes at city size, and the order of members is part of "byte-identical", so
//! nothing is built in memory first.

use super::calendar::Day;
use super::instant::Instant;

/// The members of one object.
pub(super) struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

/// The elements of one array.
pub(super) struct List<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

/// Writes one object at the end of the buffer.
pub(super) fn object(out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
    out.push(b'{');
    fill(&mut Object { out, empty: true });
    out.push(b'}');
}

impl Object<'_> {
    /// A string member.
    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        string(self.out, value);
    }

    /// A string member, when there is one.
    pub(super) fn text_if(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// A boolean member.
    pub(super) fn flag(&mut self, name: &str, value: bool) {
        self.name(name);
        self.out
            .extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// A decimal member: `scaled` in units of ten to the minus `places`.
    pub(super) fn decimal(&mut self, name: &str, scaled: i64, places: usize) {
        self.name(name);
        decimal(self.out, scaled, places);
    }

    /// A date member, to the day.
    pub(super) fn day(&mut self, name: &str, day: Day) {
        self.name(name);
        self.out.push(b'"');
        write_day(self.out, day);
        self.out.push(b'"');
    }

    /// A date-time member with Helsinki's offset.
    pub(super) fn instant(&mut self, name: &str, instant: Instant) {
        self.name(name);
        self.out.push(b'"');
        instant.write(self.out);
        self.out.push(b'"');
    }

    /// A member that is an object.
    pub(super) fn object(&mut self, name: &str, fill: impl FnOnce(&mut Object<'_>)) {
        self.name(name);
        object(self.out, fill);
    }

    /// A member that is an array.
    pub(super) fn list(&mut self, name: &str, fill: impl FnOnce(&mut List<'_>)) {
        self.name(name);
        self.out.push(b'[');
        fill(&mut List {
            out: self.out,
            empty: true,
        });
        self.out.push(b']');
    }

    fn name(&mut self, name: &str) {
        separate(self.out, &mut self.empty);
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }
}

impl List<'_> {
    /// An object element.
    pub(super) fn object(&mut self, fill: impl FnOnce(&mut Object<'_>)) {
        separate(self.out, &mut self.empty);
        object(self.out, fill);
    }

    /// A string element.
    pub(super) fn text(&mut self, value: &str) {
        separate(self.out, &mut self.empty);
        string(self.out, value);
    }
}

/// A day as `YYYY-MM-DD`.
pub(super) fn write_day(out: &mut Vec<u8>, day: Day) {
    let (year, month, day_of_month) = day.civil();
    digits(out, year, 4);
    out.push(b'-');
    digits(out, month, 2);
    out.push(b'-');
    digits(out, day_of_month, 2);
}

/// A number below ten to the `width`, with leading zeros.
pub(super) fn digits(out: &mut Vec<u8>, value: i32, width: u32) {
    for place in (0..width).rev() {
        let digit = value / 10_i32.pow(place) % 10;
        out.push(b'0' + u8::try_from(digit).expect("a decimal digit of a non-negative number"));
    }
}

fn separate(out: &mut Vec<u8>, empty: &mut bool) {
    if !*empty {
        out.push(b',');
    }
    *empty = false;
}

fn decimal(out: &mut Vec<u8>, scaled: i64, places: usize) {
    let text = format!("{:0width$}", scaled.unsigned_abs(), width = places + 1);
    if scaled < 0 {
        out.push(b'-');
    }
    let (whole, fraction) = text.split_at(text.len() - places);
    out.extend_from_slice(whole.as_bytes());
    if places > 0 {
        out.push(b'.');
        out.extend_from_slice(fraction.as_bytes());
    }
}

fn string(out: &mut Vec<u8>, value: &str) {
    out.push(b'"');
    for byte in value.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            0..=31 => out.push(b' '),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_their_places() {
        for (scaled, places, text) in [
            (61, 1, "6.1"),
            (5, 1, "0.5"),
            (-5, 2, "-0.05"),
            (42, 0, "42"),
            (600, 2, "6.00"),
        ] {
            let mut out = Vec::new();
            decimal(&mut out, scaled, places);
            assert_eq!(String::from_utf8(out).expect("ascii"), text);
        }
    }

    #[test]
    fn members_and_elements_are_separated_and_strings_escaped() {
        let mut out = Vec::new();
        object(&mut out, |o| {
            o.text("a", "\"\\\n");
            o.list("b", |l| {
                l.text("x");
                l.object(|o| o.flag("c", true));
            });
            o.day("d", Day::from_civil(2026, 1, 5));
        });
        assert_eq!(
            String::from_utf8(out).expect("utf-8"),
            r#"{"a":"\"\\\n","b":["x",{"c":true}],"d":"2026-01-05"}"#
        );
    }
}
