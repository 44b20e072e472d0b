//! Bands over a number line, proved to cover it without gap or overlap.

use super::reader::Table;
use crate::profile::Quantity;

/// One end of a band.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct End {
    /// Where it lies.
    pub at: f64,
    /// Whether the point itself belongs to the band.
    pub included: bool,
}

/// A stretch of the number line and what holds there.
#[derive(Debug, Clone, PartialEq)]
pub struct Band<T> {
    /// Lower end; `None` for no limit.
    pub from: Option<End>,
    /// Upper end; `None` for no limit.
    pub to: Option<End>,
    /// What holds in the band.
    pub value: T,
}

impl<T> Band<T> {
    /// Whether a number lies in the band.
    #[must_use]
    pub fn contains(&self, x: f64) -> bool {
        self.from.is_none_or(|end| {
            if end.included {
                end.at <= x
            } else {
                end.at < x
            }
        }) && self.to.is_none_or(|end| {
            if end.included {
                x <= end.at
            } else {
                x < end.at
            }
        })
    }

    /// Whether a measured quantity can lie in the band, its comparator considered.
    ///
    /// The quantity is in the unit the band is in.
    #[must_use]
    pub fn admits(&self, quantity: Quantity) -> bool {
        let pair = |end: Option<End>| end.map(|end| (end.at, end.included));
        quantity.can_lie_in(pair(self.from), pair(self.to))
    }
}

/// Bands from minus to plus infinity: every number lies in exactly one.
#[derive(Debug, Clone, PartialEq)]
pub struct Bands<T>(Vec<Band<T>>);

impl<T> Bands<T> {
    /// The bands, lowest first.
    #[must_use]
    pub fn as_slice(&self) -> &[Band<T>] {
        &self.0
    }

    /// What holds at a number.
    ///
    /// # Panics
    ///
    /// Never for a number; NaN has no band.
    #[must_use]
    pub fn at(&self, x: f64) -> &T {
        let band = self.0.iter().find(|band| band.contains(x));
        &band
            .expect("the loader proved that the bands cover the line")
            .value
    }

    /// One band over the whole line.
    pub(super) fn everywhere(value: T) -> Self {
        Self(vec![Band {
            from: None,
            to: None,
            value,
        }])
    }

    /// The same bands with other values.
    pub(super) fn map<U>(&self, of: impl Fn(&T) -> U) -> Bands<U> {
        let band = |band: &Band<T>| Band {
            from: band.from,
            to: band.to,
            value: of(&band.value),
        };
        Bands(self.0.iter().map(band).collect())
    }

    /// Reads and proves a list of band tables; `read` gives the value of each.
    pub(super) fn read(
        parent: &Table<'_>,
        key: &'static str,
        mut read: impl FnMut(&Table<'_>) -> Option<T>,
    ) -> Option<Self> {
        if !parent.has(key) {
            parent.report("rule-missing-key", format!("`{key}` is missing"));
            return None;
        }
        let tables = parent.tables(key);
        let mut bands = Vec::with_capacity(tables.len());
        for table in &tables {
            let ends = read_ends(table);
            let value = read(table);
            table.finish();
            if let (Some((from, to)), Some(value)) = (ends, value) {
                bands.push(Band { from, to, value });
            }
        }
        // With a band unreadable, gaps would be reported that are not there.
        if bands.len() < tables.len() {
            return None;
        }
        prove_cover(parent, key, &tables, &bands).then_some(Self(bands))
    }
}

/// Lower and upper end of one band.
type Ends = (Option<End>, Option<End>);

fn read_ends(table: &Table<'_>) -> Option<Ends> {
    let end = |included_key, excluded_key| match (
        table.optional_number(included_key),
        table.optional_number(excluded_key),
    ) {
        (Some(_), Some(_)) => {
            table.report(
                "band-two-ends",
                format!("`{included_key}` and `{excluded_key}` cannot both be given"),
            );
            None
        }
        (Some(at), None) => Some(Some(End { at, included: true })),
        (None, Some(at)) => Some(Some(End {
            at,
            included: false,
        })),
        (None, None) => Some(None),
    };
    let (from, to) = (end("from", "above"), end("to", "below"));
    Some((from?, to?))
}

fn prove_cover<T>(parent: &Table<'_>, key: &str, tables: &[Table<'_>], bands: &[Band<T>]) -> bool {
    let (Some(first), Some(last)) = (bands.first(), bands.last()) else {
        parent.report_at(key, "band-gap", format!("`{key}` is empty"), None);
        return false;
    };
    let mut whole = true;
    if let Some(end) = first.from {
        tables[0].report(
            "band-gap",
            format!("nothing covers values below {}", end.at),
        );
        whole = false;
    }
    if let Some(end) = last.to {
        tables[tables.len() - 1].report(
            "band-gap",
            format!("nothing covers values above {}", end.at),
        );
        whole = false;
    }
    for (band, table) in bands.iter().zip(tables) {
        if let (Some(from), Some(to)) = (band.from, band.to)
            && (to.at < from.at || (to.at <= from.at && !(from.included && to.included)))
        {
            table.report(
                "band-empty",
                format!("no value lies between {} and {}", from.at, to.at),
            );
            whole = false;
        }
    }
    for (pair, table) in bands.windows(2).zip(&tables[1..]) {
        if let Some((code, message)) = join_mistake(pair[0].to, pair[1].from) {
            table.report(code, message);
            whole = false;
        }
    }
    whole
}

/// What is wrong where one band ends and the next begins.
fn join_mistake(to: Option<End>, from: Option<End>) -> Option<(&'static str, String)> {
    let (Some(to), Some(from)) = (to, from) else {
        return Some((
            "band-overlap",
            "two bands have no end between them".to_owned(),
        ));
    };
    if to.at < from.at {
        return Some((
            "band-gap",
            format!("nothing covers values between {} and {}", to.at, from.at),
        ));
    }
    if from.at < to.at {
        return Some((
            "band-overlap",
            format!("values between {} and {} lie in two bands", from.at, to.at),
        ));
    }
    match (to.included, from.included) {
        (true, true) => Some((
            "band-overlap",
            format!("exactly {} lies in two bands", to.at),
        )),
        (false, false) => Some(("band-gap", format!("exactly {} lies in no band", to.at))),
        (true, false) | (false, true) => None,
    }
}
