//! The confirmation table: which abnormal results together confirm, and what is asked for until they do.

use super::reader::Table;

/// What the abnormal results of one resident amount to. A closed list; whoever has one falls under
/// exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Abnormal {
    /// Two different tests, in one sample or in two.
    DifferentTests,
    /// The same test, in samples of different days.
    SameTestOnDifferentDays,
    /// One test that suffices alone, by a policy in force.
    OneThatSuffices,
    /// One test, while another says otherwise.
    OneAgainstAnother,
    /// One test, and no other.
    OneAlone,
    /// Only a sample that cannot decide.
    LesserSampleOnly,
}

impl Abnormal {
    /// The words in rule files.
    pub const NAMES: [(&'static str, Self); 6] = [
        ("different-tests", Self::DifferentTests),
        ("same-test-on-different-days", Self::SameTestOnDifferentDays),
        ("one-that-suffices", Self::OneThatSuffices),
        ("one-against-another", Self::OneAgainstAnother),
        ("one-alone", Self::OneAlone),
        ("lesser-sample-only", Self::LesserSampleOnly),
    ];
}

/// What a professional is asked for next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NextTest {
    /// No further test: the results confirm each other, the professional concludes.
    Conclude,
    /// The abnormal test once more, on another day.
    RepeatTheAbnormal,
    /// Another test of the programme, or the same on another day.
    AnotherTest,
    /// Whether there are symptoms; else a venous test.
    AskForSymptoms,
}

impl NextTest {
    /// The words in rule files.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("conclude", Self::Conclude),
        ("repeat-the-abnormal", Self::RepeatTheAbnormal),
        ("another-test", Self::AnotherTest),
        ("ask-for-symptoms", Self::AskForSymptoms),
    ];
}

/// One row of the confirmation table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmationRow {
    /// Its id.
    pub id: String,
    /// For which results.
    pub when: Abnormal,
    /// What is asked for next.
    pub asks: NextTest,
    /// How it reads, as a sentence without its full stop.
    pub says: String,
}

/// The confirmation table: one row for each of [`Abnormal`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// How far before the newest abnormal result others are taken together with it, in months.
    pub within_months: u32,
    /// The rows.
    pub rows: Vec<ConfirmationRow>,
}

impl Confirmation {
    pub(super) fn read(table: &Table<'_>) -> Option<Self> {
        let within_months = table.whole("within_months");
        let rows: Vec<ConfirmationRow> = table.tables("row").iter().filter_map(read_row).collect();
        table.note_verification();
        table.finish();
        for (name, when) in Abnormal::NAMES {
            let covered: Vec<&str> = rows
                .iter()
                .filter(|row| row.when == when)
                .map(|row| row.id.as_str())
                .collect();
            match covered[..] {
                [_] => {}
                [] => table.report(
                    "confirmation-gap",
                    format!("no row says what is asked for after `{name}`"),
                ),
                _ => table.report(
                    "confirmation-overlap",
                    format!("`{name}` is covered by {}", covered.join(" and ")),
                ),
            }
        }
        Some(Self {
            within_months: within_months?,
            rows,
        })
    }
}

fn read_row(table: &Table<'_>) -> Option<ConfirmationRow> {
    let id = table.text("id");
    let when = table.word("when", &Abnormal::NAMES);
    let asks = table.word("asks", &NextTest::NAMES);
    let says = table.text("says");
    table.note_verification();
    table.finish();
    Some(ConfirmationRow {
        id: id?.to_owned(),
        when: when?,
        asks: asks?,
        says: says?.to_owned(),
    })
}
