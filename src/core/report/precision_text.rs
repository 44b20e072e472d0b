//! For whom the programme is right, as plain text, and which of it may be told.

use std::fmt::Write;

use super::evaluation_text::{figure_cells, short};
use super::learning_text::round_name;
use super::phrases::date_phrase;
use super::suppression::without_small_numbers;
use crate::calibration::{Estimate, FEWEST_IN_GROUP, Figure, NotIdentifiable};
use crate::learning::{
    Burden, BurdenLine, GroupFigures, Grouped, Grouping, LaboratoryFigures, LeadTime,
    PrecisionByGroup, References, RoundPrecision,
};

/// Writing to a `String` cannot fail.
macro_rules! say {
    ($text:expr, $($arguments:tt)*) => {
        writeln!($text, $($arguments)*).expect("writing to a String cannot fail")
    };
}

/// A group as it may be told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum GroupTold<'a> {
    /// With its figures.
    Told(&'a GroupFigures),
    /// By name only: its numbers, taken from the sum, could tell where somebody lives whose place nobody
    /// may know, or would describe a few.
    NotTold(&'a str),
}

/// Groups as they may be told; nothing when not even their names and sizes may be.
///
/// Who lives where nobody may know is in no district. How many these are is never told, nor to be had
/// by subtraction: the district that would give it away is left out too.
#[must_use]
pub fn groups_told(grouped: &Grouped) -> Option<Vec<GroupTold<'_>>> {
    let groups = &grouped.groups;
    match grouped.by {
        Grouping::Sex | Grouping::Age | Grouping::Language | Grouping::Quarter => {
            Some(groups.iter().map(GroupTold::Told).collect())
        }
        Grouping::District if groups.is_empty() => Some(Vec::new()),
        Grouping::District => {
            let sizes = groups.iter().map(|group| group.ordered as u64);
            let sizes: Vec<u64> = sizes.chain([grouped.in_none as u64]).collect();
            let told = without_small_numbers(&sizes, Some(groups.len()))?;
            let told = groups.iter().zip(told).map(|(group, size)| match size {
                Some(_) => GroupTold::Told(group),
                None => GroupTold::NotTold(&group.name),
            });
            Some(told.collect())
        }
    }
}

/// Laboratories as they may be told: the tested of the others, and how many laboratories these are.
#[must_use]
pub fn laboratories_told(all: &[LaboratoryFigures]) -> (Vec<&LaboratoryFigures>, usize) {
    let sizes: Vec<u64> = all.iter().map(|one| one.tested as u64).collect();
    let told = without_small_numbers(&sizes, None).unwrap_or_else(|| vec![None; all.len()]);
    let told = all.iter().zip(told).filter(|(_, size)| size.is_some());
    let told: Vec<&LaboratoryFigures> = told.map(|(one, _)| one).collect();
    let n_hidden = all.len() - told.len();
    (told, n_hidden)
}

/// What the words of the figures mean, one sentence each.
pub(super) fn denominators(precision: &PrecisionByGroup) -> [String; 5] {
    let months = precision.horizon_months;
    [
        format!("Ordered for: the flagged whose {months} months are over. Tested: those of them who had all tests. Confirmed: those of the tested whom a professional diagnosed. Diagnosed: those of the ordered for whom a professional diagnosed, tested or not."),
        "Uptake is tested of ordered for; PPV per order, diagnosed of ordered for; PPV per result, confirmed of tested. PPV if all came takes those who came for like the others of their band of scores, sex and age.".to_owned(),
        format!("Days to diagnosis run from the flag to the day on which a professional wrote the diagnosis down, of those diagnosed within {months} months; who was diagnosed later is in none."),
        format!("Groups of fewer than {FEWEST_IN_GROUP} read \"insufficient evidence\". Intervals that overlap do not show that groups are alike, and with many groups one in twenty lies outside by chance."),
        "Who lives where nobody may know is in no district; districts whose numbers could tell of them by subtraction are named without numbers.".to_owned(),
    ]
}

/// The figures of a group, each by a name that says of whom it is.
fn named(group: &GroupFigures) -> [(String, Figure); 4] {
    let (ordered, tested) = (group.ordered, group.tested);
    [
        (format!("uptake, of {ordered} ordered for"), group.uptake),
        (
            format!("PPV per order, of {ordered} ordered for"),
            group.ppv_per_order,
        ),
        (
            format!("PPV per result, of {tested} tested"),
            group.ppv_per_result,
        ),
        (format!("PPV if all {ordered} came"), group.ppv_if_all_came),
    ]
}

/// Days to diagnosis in words.
fn lead_time(lead: &LeadTime) -> String {
    let of = lead.diagnosed;
    match lead.days {
        Ok(days) => format!(
            "of {of} diagnosed a quarter within {}, half within {}, three quarters within {}",
            days.lower, days.median, days.upper
        ),
        Err(reason) => reason.to_string(),
    }
}

/// How many are in a group, in words.
fn counts(group: &GroupFigures) -> String {
    format!(
        "{} ordered for, {} tested, {} of them confirmed; {} of the {} diagnosed",
        group.ordered, group.tested, group.confirmed, group.diagnosed, group.ordered
    )
}

/// Why a group has no figures; nothing when it has.
pub(super) const fn too_few(group: &GroupFigures) -> Option<NotIdentifiable> {
    if group.ordered < FEWEST_IN_GROUP {
        return Some(NotIdentifiable::TooFewPeople {
            found: group.ordered,
            needed: FEWEST_IN_GROUP,
        });
    }
    None
}

/// What is said where nobody is known to be in a group.
pub(super) const NOBODY: &str = "nobody is known to be in one";

/// What is said in place of districts of which nothing may be told.
pub(super) const NO_DISTRICT: &str =
    "nothing: with so few, somebody could be found whose place nobody may know";

/// Everything about precision by group, for reading in a terminal.
#[must_use]
pub fn precision_text(precision: &PrecisionByGroup) -> String {
    let mut text = String::new();
    for round in &precision.rounds {
        round_text(&mut text, round);
    }
    if let Some(burden) = &precision.burden {
        burden_text(&mut text, burden);
    }
    say!(text, "\nPrecision by group: what is counted");
    for sentence in denominators(precision) {
        say!(text, "  {sentence}");
    }
    text
}

fn round_text(text: &mut String, round: &RoundPrecision) {
    say!(
        text,
        "\n{}: for whom the programme is right",
        round_name(round.round)
    );
    say!(
        text,
        "  {} flagged are in no figure: their months are not over, or the diagnosis was there before",
        round.not_counted
    );
    group_text(text, &round.all);
    for grouped in &round.grouped {
        say!(text, "\nBy {}", grouped.by.name());
        match groups_told(grouped) {
            None => say!(text, "  {NO_DISTRICT}"),
            Some(groups) if groups.is_empty() => say!(text, "  {NOBODY}"),
            Some(groups) => {
                for group in groups {
                    match group {
                        GroupTold::Told(group) => group_text(text, group),
                        GroupTold::NotTold(name) => say!(text, "  {name}: not told"),
                    }
                }
            }
        }
    }
    laboratory_text(text, &round.laboratories);
    reference_text(text, "flagged", &round.flagged_by);
    reference_text(text, "sampled", &round.sampled_by);
}

fn group_text(text: &mut String, group: &GroupFigures) {
    if let Some(reason) = too_few(group) {
        say!(text, "  {}: {reason}", group.name);
        return;
    }
    say!(text, "  {}: {}", group.name, counts(group));
    for (name, figure) in named(group) {
        say!(text, "    {name:<34} {}", figure_cells(figure));
    }
    say!(
        text,
        "    {:<34} {}",
        "days to diagnosis",
        lead_time(&group.lead_time)
    );
}

fn laboratory_text(text: &mut String, all: &[LaboratoryFigures]) {
    say!(
        text,
        "\nBy laboratory: who had no result has none, so there is no uptake"
    );
    let (told, n_hidden) = laboratories_told(all);
    for one in told {
        say!(
            text,
            "  {}: {} tested, {} of them confirmed",
            one.name,
            one.tested,
            one.confirmed
        );
        let name = format!("PPV per result, of {} tested", one.tested);
        say!(text, "    {name:<34} {}", figure_cells(one.ppv_per_result));
    }
    if 0 < n_hidden {
        say!(text, "  {n_hidden} not told: the numbers are too small");
    }
    if all.is_empty() {
        say!(text, "  nobody was tested");
    }
}

fn reference_text(text: &mut String, whom: &str, by: &References) {
    if by.diagnosed + by.negatives == 0 {
        return;
    }
    say!(
        text,
        "\nBy which tests the {whom} were found out: {} diagnosed, {} with all tests and no diagnosis",
        by.diagnosed,
        by.negatives
    );
    for test in &by.tests {
        say!(
            text,
            "  {}: {} of the {} diagnosed had it before, {} of these in the range of the disease; {} of the {} others had it",
            test.name,
            test.diagnosed_with_result,
            by.diagnosed,
            test.diagnosed_in_range,
            test.negatives_with_result,
            by.negatives
        );
    }
    say!(
        text,
        "  no result in that range before the diagnosis: {} of the {} diagnosed",
        by.diagnosed_without_range,
        by.diagnosed
    );
}

/// What a burden is of, in words.
pub(super) fn burden_head(burden: &Burden) -> String {
    format!(
        "Orders that left and tasks that were opened, in {} weeks from {} to {}",
        burden.weeks,
        date_phrase(burden.from),
        date_phrase(burden.until)
    )
}

fn burden_text(text: &mut String, burden: &Burden) {
    say!(text, "\n{}", burden_head(burden));
    for line in burden.orders.iter().chain(&burden.tasks) {
        say!(text, "  {:<34} {}", line.what, burden_line(line));
    }
}

/// How often something happened, in words.
pub(super) fn burden_line(line: &BurdenLine) -> String {
    format!(
        "{} in all, {} a week on average, {} in the middle week, {} in the busiest, from {}",
        line.total,
        short(line.mean),
        line.median,
        line.busiest.1,
        date_phrase(line.busiest.0)
    )
}

/// A figure for a cell of a table, and of whom it is.
pub(super) fn cell(figure: Figure, of: &str) -> String {
    match figure {
        Ok(Estimate {
            value,
            lower,
            upper,
            method: _,
        }) => format!(
            "{} ({of})<br>{} to {}",
            short(value),
            short(lower),
            short(upper)
        ),
        Err(reason) => reason.to_string(),
    }
}
