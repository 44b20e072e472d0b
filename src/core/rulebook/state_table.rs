//! The proof that the pathway decides about everybody, and the round-and-score part of it exactly once.
//!
//! The rows that ask only where a round stands, how the score lies, whether the lot drew the resident
//! and whether the register has a sex are *the state table*. Every combination of these closed lists has
//! exactly one such row. The other rows (exclusions, results) go before or between by their order.

use std::collections::BTreeSet;

use super::condition::{Condition, RegisterFinding, ScorePosition, StageKind};
use super::pathway::Row;
use super::reader::Table;

/// Where a round stands, and since how many months it does: more than `since` and at most the next limit.
#[derive(Clone, Copy)]
struct StageCell {
    stage: Option<StageKind>,
    /// Months that have surely passed; `None` for a stage that has only just begun.
    since: Option<u32>,
}

/// One combination of the closed lists.
#[derive(Clone, Copy)]
pub(super) struct Cell {
    stage: StageCell,
    score: ScorePosition,
    drawn: bool,
    sex_known: bool,
}

impl Cell {
    /// The combination in words.
    fn name(self) -> String {
        let word = |stage| {
            let mut names = StageKind::NAMES.iter();
            names.find(|(_, kind)| *kind == stage).map_or("", |n| n.0)
        };
        let round = self.stage.stage.map_or("no round", word);
        let since = self.stage.since;
        let since = since.map_or(String::new(), |months| format!(" for over {months} months"));
        let mut scores = ScorePosition::NAMES.iter();
        let score = scores.find(|(_, position)| *position == self.score);
        let score = score.map_or("", |(word, _)| word);
        let drawn = if self.drawn { "drawn" } else { "not drawn" };
        let sex = if self.sex_known { "known" } else { "unknown" };
        format!("round `{round}`{since}, score `{score}`, {drawn}, sex {sex}")
    }
}

/// What stands for answers where all that is looked at is closed.
const NOTHING_OPEN: &dyn Fn(&Condition) -> bool = &|_| false;

/// Whether a condition asks nothing beyond the closed lists of the state table.
pub(super) fn is_closed(condition: &Condition) -> bool {
    match condition {
        Condition::Episode { .. } | Condition::Lot { .. } | Condition::Score(_) => true,
        Condition::Register(finding) => matches!(
            finding,
            RegisterFinding::SexKnown | RegisterFinding::SexUnknown
        ),
        Condition::All(_) | Condition::Any(_) | Condition::Not(_) => {
            condition.parts().iter().all(is_closed)
        }
        Condition::OutsideAge
        | Condition::Fact { .. }
        | Condition::Defined { .. }
        | Condition::NewestBelow { .. }
        | Condition::Test { .. } => false,
    }
}

/// Whether a condition holds in a combination, where `open` answers what it asks beyond the closed lists.
pub(super) fn holds(condition: &Condition, cell: Cell, open: &dyn Fn(&Condition) -> bool) -> bool {
    match condition {
        Condition::Episode {
            stages,
            within_months,
            beyond_months,
        } => {
            let passed = |months: u32| cell.stage.since.is_some_and(|since| months <= since);
            stages.contains(&cell.stage.stage)
                && !within_months.is_some_and(passed)
                && beyond_months.is_none_or(passed)
        }
        Condition::Lot { drawn } => *drawn == cell.drawn,
        Condition::Score(position) => *position == cell.score,
        Condition::Register(finding) if is_closed(condition) => {
            cell.sex_known == (*finding == RegisterFinding::SexKnown)
        }
        Condition::All(parts) => parts.iter().all(|part| holds(part, cell, open)),
        Condition::Any(parts) => parts.iter().any(|part| holds(part, cell, open)),
        Condition::Not(part) => !holds(part, cell, open),
        Condition::Register(_)
        | Condition::OutsideAge
        | Condition::Fact { .. }
        | Condition::Defined { .. }
        | Condition::NewestBelow { .. }
        | Condition::Test { .. } => open(condition),
    }
}

/// Every limit of months that some row sets for a stage.
fn limits(condition: &Condition, of: Option<StageKind>, found: &mut BTreeSet<u32>) {
    if let Condition::Episode {
        stages,
        within_months,
        beyond_months,
    } = condition
        && stages.contains(&of)
    {
        found.extend(within_months.iter().chain(beyond_months));
    }
    for part in condition.parts() {
        limits(part, of, found);
    }
}

/// Every combination of the closed lists that some conditions tell apart.
pub(super) fn cells(conditions: &[&Condition]) -> Vec<Cell> {
    let kinds = StageKind::NAMES.map(|(_, kind)| Some(kind));
    let mut cells = Vec::new();
    for stage in [None].into_iter().chain(kinds) {
        let mut found = BTreeSet::new();
        // Nothing has begun: no time passes.
        if !matches!(stage, None | Some(StageKind::Eligible)) {
            for condition in conditions {
                limits(condition, stage, &mut found);
            }
        }
        for since in [None].into_iter().chain(found.into_iter().map(Some)) {
            for (_, score) in ScorePosition::NAMES {
                for drawn in [false, true] {
                    for sex_known in [false, true] {
                        cells.push(Cell {
                            stage: StageCell { stage, since },
                            score,
                            drawn,
                            sex_known,
                        });
                    }
                }
            }
        }
    }
    cells
}

/// Every resident meets a row that decides, each combination of round and score exactly one of the
/// state table, and every row can be met.
pub(super) fn prove(root: &Table<'_>, tables: &[Table<'_>], rows: &[Row]) {
    for (n, (row, table)) in rows.iter().zip(tables).enumerate() {
        if rows[..n].iter().any(|other| other.id == row.id) {
            table.report_at(
                "id",
                "row-twice",
                format!("row `{}` is there twice", row.id),
                None,
            );
        }
        if rows[..n]
            .iter()
            .any(|other| other.outcome.is_some() && other.when == row.when)
        {
            table.report(
                "row-unreachable",
                "an earlier row with the same condition decides already",
            );
        }
    }
    // Who is not alive has no score, so these rows alone can decide about them.
    for (word, finding) in [
        ("not-yet-born", RegisterFinding::NotYetBorn),
        ("deceased", RegisterFinding::Deceased),
    ] {
        let decided = rows
            .iter()
            .any(|row| row.when == Condition::Register(finding) && row.outcome.is_some());
        if !decided {
            root.report(
                "row-gap",
                format!("no row decides for a resident who is `{word}`"),
            );
        }
    }
    prove_state_table(root, tables, rows);
}

fn prove_state_table(root: &Table<'_>, tables: &[Table<'_>], rows: &[Row]) {
    let in_table: Vec<usize> = (0..rows.len())
        .filter(|n| rows[*n].outcome.is_some() && is_closed(&rows[*n].when))
        .collect();
    let conditions: Vec<&Condition> = rows.iter().map(|row| &row.when).collect();
    let cells = cells(&conditions);
    let mut gaps = Vec::new();
    let mut met = BTreeSet::new();
    let mut doubled: BTreeSet<(usize, usize)> = BTreeSet::new();
    for cell in &cells {
        let mut covering = in_table
            .iter()
            .filter(|n| holds(&rows[**n].when, *cell, NOTHING_OPEN));
        match (covering.next(), covering.next()) {
            (None, _) => gaps.push(cell.name()),
            (Some(first), None) => {
                met.insert(*first);
            }
            (Some(first), Some(second)) => {
                met.insert(*first);
                // One combination a pair of rows: the rest would say the same.
                if doubled.insert((*first, *second)) {
                    let message = format!(
                        "{} is covered by `{}` already",
                        cell.name(),
                        rows[*first].id
                    );
                    tables[*second].report("row-overlap", message);
                }
            }
        }
    }
    if let Some(first) = gaps.first() {
        let others = match gaps.len() - 1 {
            0 => String::new(),
            n => format!(", nor for {n} other combinations"),
        };
        root.report("row-gap", format!("no row decides for {first}{others}"));
    }
    for n in in_table {
        if !met.contains(&n) {
            let message = "no combination of round and score comes here first";
            tables[n].report("row-unreachable", message);
        }
    }
    if gaps.is_empty() {
        prove_reached(tables, rows, &cells);
    }
}

/// Once the rows of the state table have decided for every combination, nobody is left for a later row.
fn prove_reached(tables: &[Table<'_>], rows: &[Row], cells: &[Cell]) {
    let decides = |row: &Row, cell: Cell| {
        row.outcome.is_some() && is_closed(&row.when) && holds(&row.when, cell, NOTHING_OPEN)
    };
    let last = cells.iter().filter_map(|cell| {
        let mut all = rows.iter();
        all.position(|row| decides(row, *cell))
    });
    let Some(last) = last.max() else { return };
    for table in &tables[last + 1..] {
        table.report("row-unreachable", "the rows before decide for everybody");
    }
}
