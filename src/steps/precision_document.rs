//! For whom the programme is right, as a document of plain fields, ready to become JSON.

use serde::Serialize;

use crate::evaluate::FigureEntry;
use crate::learning::{
    Burden, BurdenLine, GroupFigures, Grouped, LeadTime, PrecisionByGroup, Quartiles, References,
    Round, RoundPrecision, TestCounts,
};
use crate::report::{GroupTold, groups_told, laboratories_told};

/// Precision by group as `preventio learn --json` says it.
#[derive(Debug, Serialize)]
pub(super) struct PrecisionDocument {
    horizon_months: u16,
    rounds: Vec<RoundEntry>,
    /// Orders and tasks a week; `null` when there have been none.
    burden: Option<BurdenEntry>,
}

#[derive(Debug, Serialize)]
struct RoundEntry {
    round: &'static str,
    /// Flagged residents who are in no figure.
    not_counted: usize,
    all: GroupEntry,
    groupings: Vec<GroupingEntry>,
    laboratories: LaboratoriesEntry,
    flagged_found_out_by: ReferencesEntry,
    sampled_found_out_by: ReferencesEntry,
}

#[derive(Debug, Serialize)]
struct GroupingEntry {
    by: &'static str,
    /// Whether groups may be told at all.
    told: bool,
    groups: Vec<GroupToldEntry>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum GroupToldEntry {
    Told(Box<GroupEntry>),
    NotTold { group: String, not_told: bool },
}

#[derive(Debug, Serialize)]
struct GroupEntry {
    group: String,
    ordered_for: usize,
    tested_of_ordered_for: usize,
    confirmed_of_tested: usize,
    diagnosed_of_ordered_for: usize,
    uptake: FigureEntry,
    ppv_per_order: FigureEntry,
    ppv_per_result: FigureEntry,
    ppv_if_all_came: FigureEntry,
    days_to_diagnosis: LeadTimeEntry,
}

#[derive(Debug, Serialize)]
struct LeadTimeEntry {
    diagnosed: usize,
    #[serde(flatten)]
    days: DaysEntry,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum DaysEntry {
    Known {
        lower_quartile: i32,
        median: i32,
        upper_quartile: i32,
    },
    Unknown {
        not_identifiable: String,
    },
}

#[derive(Debug, Serialize)]
struct LaboratoriesEntry {
    told: Vec<LaboratoryEntry>,
    not_told: usize,
}

#[derive(Debug, Serialize)]
struct LaboratoryEntry {
    laboratory: String,
    tested: usize,
    confirmed_of_tested: usize,
    ppv_per_result: FigureEntry,
}

#[derive(Debug, Serialize)]
struct ReferencesEntry {
    diagnosed: usize,
    diagnosed_without_result_in_range: usize,
    verified_negative: usize,
    tests: Vec<TestEntry>,
}

#[derive(Debug, Serialize)]
struct TestEntry {
    test: String,
    diagnosed_with_result: usize,
    diagnosed_in_range: usize,
    negatives_with_result: usize,
}

#[derive(Debug, Serialize)]
struct BurdenEntry {
    from: String,
    until: String,
    weeks: usize,
    orders: Vec<BurdenLineEntry>,
    tasks: Vec<BurdenLineEntry>,
}

#[derive(Debug, Serialize)]
struct BurdenLineEntry {
    what: String,
    total: u64,
    mean_a_week: f64,
    median_week: u64,
    busiest_week: u64,
    busiest_from: String,
}

impl PrecisionDocument {
    pub(super) fn new(precision: &PrecisionByGroup) -> Self {
        Self {
            horizon_months: precision.horizon_months,
            rounds: precision.rounds.iter().map(round).collect(),
            burden: precision.burden.as_ref().map(burden),
        }
    }
}

fn round(round: &RoundPrecision) -> RoundEntry {
    let (told, not_told) = laboratories_told(&round.laboratories);
    let told = told.into_iter().map(|one| LaboratoryEntry {
        laboratory: one.name.clone(),
        tested: one.tested,
        confirmed_of_tested: one.confirmed,
        ppv_per_result: FigureEntry::of(one.ppv_per_result),
    });
    RoundEntry {
        round: match round.round {
            Round::First => "first",
            Round::Repeat => "repeat",
        },
        not_counted: round.not_counted,
        all: group(&round.all),
        groupings: round.grouped.iter().map(grouping).collect(),
        laboratories: LaboratoriesEntry {
            told: told.collect(),
            not_told,
        },
        flagged_found_out_by: references(&round.flagged_by),
        sampled_found_out_by: references(&round.sampled_by),
    }
}

fn grouping(grouped: &Grouped) -> GroupingEntry {
    let told = groups_told(grouped);
    let is_told = told.is_some();
    let groups = told.into_iter().flatten().map(|one| match one {
        GroupTold::Told(figures) => GroupToldEntry::Told(Box::new(group(figures))),
        GroupTold::NotTold(name) => GroupToldEntry::NotTold {
            group: name.to_owned(),
            not_told: true,
        },
    });
    GroupingEntry {
        by: grouped.by.name(),
        told: is_told,
        groups: groups.collect(),
    }
}

fn group(figures: &GroupFigures) -> GroupEntry {
    GroupEntry {
        group: figures.name.clone(),
        ordered_for: figures.ordered,
        tested_of_ordered_for: figures.tested,
        confirmed_of_tested: figures.confirmed,
        diagnosed_of_ordered_for: figures.diagnosed,
        uptake: FigureEntry::of(figures.uptake),
        ppv_per_order: FigureEntry::of(figures.ppv_per_order),
        ppv_per_result: FigureEntry::of(figures.ppv_per_result),
        ppv_if_all_came: FigureEntry::of(figures.ppv_if_all_came),
        days_to_diagnosis: lead_time(&figures.lead_time),
    }
}

fn lead_time(lead: &LeadTime) -> LeadTimeEntry {
    LeadTimeEntry {
        diagnosed: lead.diagnosed,
        days: match lead.days {
            Ok(Quartiles {
                lower,
                median,
                upper,
            }) => DaysEntry::Known {
                lower_quartile: lower,
                median,
                upper_quartile: upper,
            },
            Err(reason) => DaysEntry::Unknown {
                not_identifiable: reason.to_string(),
            },
        },
    }
}

fn references(by: &References) -> ReferencesEntry {
    let test = |test: &TestCounts| TestEntry {
        test: test.name.clone(),
        diagnosed_with_result: test.diagnosed_with_result,
        diagnosed_in_range: test.diagnosed_in_range,
        negatives_with_result: test.negatives_with_result,
    };
    ReferencesEntry {
        diagnosed: by.diagnosed,
        diagnosed_without_result_in_range: by.diagnosed_without_range,
        verified_negative: by.negatives,
        tests: by.tests.iter().map(test).collect(),
    }
}

fn burden(burden: &Burden) -> BurdenEntry {
    let line = |line: &BurdenLine| BurdenLineEntry {
        what: line.what.clone(),
        total: line.total,
        mean_a_week: line.mean,
        median_week: line.median,
        busiest_week: line.busiest.1,
        busiest_from: line.busiest.0.to_string(),
    };
    BurdenEntry {
        from: burden.from.to_string(),
        until: burden.until.to_string(),
        weeks: burden.weeks,
        orders: burden.orders.iter().map(line).collect(),
        tasks: burden.tasks.iter().map(line).collect(),
    }
}
