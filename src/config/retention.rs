//! For how long things are kept.

use serde::Deserialize;

/// For how long things are kept, in months; for ever, where nothing is said.
///
/// Nothing goes by itself: `preventio retention` lists what is past its period, and a named person
/// removes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Residents who have died or left the area, with everything held about them, since that day.
    pub left_months: Option<u16>,
    /// The bytes of lines set aside, since the day of their pull.
    pub lines_set_aside_months: Option<u16>,
}

/// A century: who means longer means for ever.
const LONGEST_MONTHS: u16 = 1200;

impl Retention {
    /// What is kept for how long, in the words of a report.
    #[must_use]
    pub const fn periods(&self) -> [(&'static str, Option<u16>); 2] {
        [
            ("residents who have died or left the area", self.left_months),
            ("lines set aside", self.lines_set_aside_months),
        ]
    }

    pub(super) fn mistakes(&self, mistakes: &mut Vec<String>) {
        let keys = [
            ("left_months", self.left_months),
            ("lines_set_aside_months", self.lines_set_aside_months),
        ];
        for (key, months) in keys {
            if months.is_some_and(|months| !(1..=LONGEST_MONTHS).contains(&months)) {
                mistakes.push(format!("retention: `{key}` is 1 to {LONGEST_MONTHS}"));
            }
        }
    }
}
