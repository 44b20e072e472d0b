//! The proof that no row of a pathway, and no clause of a row, is true of everybody or of nobody.
//!
//! `not x or not y` of two things that are never both so holds for everybody, and a rule that holds
//! for everybody says nothing, however much it looks like one. What a clause asks is tried out: every
//! place of a round, every position of the score, drawn or not, with and without a sex, and every way
//! in which its other questions can be answered. These are taken to be independent of each other, so a
//! clause that is refused says nothing whatever the register holds; one that says nothing for a deeper
//! reason (a result below the lowest there is) is left to tests on residents.

use super::condition::Condition;
use super::pathway::Row;
use super::reader::Table;
use super::state_table::{cells, holds, is_closed};

/// With more other questions than this a clause is taken as it is: nobody can read it anyway.
const QUESTIONS: usize = 12;

/// No row and no clause of a row is vacuous, and none asks the same twice.
pub(super) fn prove(tables: &[Table<'_>], rows: &[Row]) {
    for (row, table) in rows.iter().zip(tables) {
        if let Some((code, message)) = vacuous(&row.when) {
            table.report_at("when", code, message, None);
        }
    }
}

/// What is wrong with a condition or with the first of its parts.
fn vacuous(condition: &Condition) -> Option<(&'static str, &'static str)> {
    match outcomes(condition) {
        (true, true) => {}
        (true, false) => {
            return Some((
                "clause-always-true",
                "this is true of everybody, or a part of it is: it says nothing",
            ));
        }
        (false, _) => {
            return Some((
                "clause-never-true",
                "this is true of nobody, or a part of it is: it can never matter",
            ));
        }
    }
    let parts = condition.parts();
    let is_twice = |n: usize| parts[..n].contains(&parts[n]);
    if (1..parts.len()).any(is_twice) {
        return Some((
            "clause-twice",
            "the same is asked twice: one of them was meant to be something else",
        ));
    }
    parts.iter().find_map(vacuous)
}

/// Whether a condition can be true, and whether it can be false.
fn outcomes(condition: &Condition) -> (bool, bool) {
    let mut questions = Vec::new();
    open_questions(condition, &mut questions);
    if QUESTIONS < questions.len() {
        return (true, true);
    }
    let (mut is_true, mut is_false) = (false, false);
    let cells = cells(&[condition]);
    for answers in 0..1_u32 << questions.len() {
        let answer = |question: &Condition| {
            let at = questions.iter().position(|known| *known == question);
            at.is_some_and(|at| answers >> at & 1 == 1)
        };
        for cell in &cells {
            match holds(condition, *cell, &answer) {
                true => is_true = true,
                false => is_false = true,
            }
            if is_true && is_false {
                return (true, true);
            }
        }
    }
    (is_true, is_false)
}

/// What a condition asks beyond the closed lists of the state table, each once.
fn open_questions<'c>(condition: &'c Condition, found: &mut Vec<&'c Condition>) {
    for part in condition.parts() {
        open_questions(part, found);
    }
    if condition.parts().is_empty() && !is_closed(condition) && !found.contains(&condition) {
        found.push(condition);
    }
}
