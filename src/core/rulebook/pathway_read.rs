//! Reads the rows of a pathway.

use super::catalogue::{Catalogue, FactKind, Specimen, fact};
use super::pathway::{
    Condition, NextStep, Priority, RegisterFinding, Review, Row, ScorePosition, StageKind,
};
use super::reader::Table;
use super::state::State;
use super::thresholds::Category;
use crate::profile::Standing;

pub(super) fn read_row(table: &Table<'_>, catalogue: &Catalogue) -> Option<Row> {
    let id = table.text("id");
    let when = table
        .required_table("when")
        .and_then(|t| read_condition(&t, catalogue));
    let state = table.optional_word("state", &State::NAMES);
    let next = if table.has("next") {
        read_next(table, catalogue)
    } else {
        None
    };
    let review = table.table("review").and_then(|t| {
        let priority = t.word("priority", &Priority::NAMES);
        let within_days = t.whole("within_days");
        t.finish();
        Some(Review {
            priority: priority?,
            within_days: within_days?,
        })
    });
    let says = table.text("says");
    let message = table.optional_text("message").map(str::to_owned);
    let contact = table.optional_text("contact").map(str::to_owned);
    table.finish();
    let outcome = match (state, next) {
        (Some(state), Some(next)) => Some((state, next)),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => {
            table.report("row-outcome", "`state` and `next` go together");
            return None;
        }
    };
    if outcome.is_none() && review.is_none() {
        table.report(
            "row-outcome",
            "a row needs `state` and `next`, or a `review`, or both",
        );
    }
    let is_task = matches!(outcome, Some((_, NextStep::Task)));
    if is_task && review.is_none() {
        table.report(
            "row-task-without-owner",
            "a task needs a `review` with priority and days",
        );
    }
    Some(Row {
        id: id?.to_owned(),
        when: when?,
        outcome,
        review,
        message,
        contact,
        says: says?.to_owned(),
    })
}

#[derive(Clone, Copy)]
enum NextWord {
    Nothing,
    Recall,
    Ask,
    Remind,
    OrderLaboratory,
    Task,
    OfferPrevention,
    CompleteRecord,
}

fn read_next(table: &Table<'_>, catalogue: &Catalogue) -> Option<NextStep> {
    let word = table.word(
        "next",
        &[
            ("nothing", NextWord::Nothing),
            ("recall", NextWord::Recall),
            ("ask", NextWord::Ask),
            ("remind", NextWord::Remind),
            ("order-laboratory", NextWord::OrderLaboratory),
            ("task", NextWord::Task),
            ("offer-prevention", NextWord::OfferPrevention),
            ("complete-record", NextWord::CompleteRecord),
        ],
    )?;
    Some(match word {
        NextWord::Nothing => NextStep::Nothing,
        NextWord::Recall => NextStep::Recall {
            months: table.whole("recall_months")?,
        },
        NextWord::Ask => NextStep::Ask,
        NextWord::Remind => NextStep::Remind,
        NextWord::Task => NextStep::Task,
        NextWord::CompleteRecord => NextStep::CompleteRecord,
        NextWord::OfferPrevention => NextStep::OfferPrevention {
            recall_months: table.whole("recall_months")?,
        },
        NextWord::OrderLaboratory => {
            let mut tests = Vec::new();
            for name in table.texts("tests") {
                let id = super::catalogue::find(catalogue, table, "tests", name)?;
                if catalogue.definition(id).specimen != Some(Specimen::Venous) {
                    table.report_at(
                        "tests",
                        "row-test",
                        format!("`{name}` is not a venous laboratory test"),
                        None,
                    );
                }
                tests.push(id);
            }
            if tests.is_empty() {
                table.report("row-test", "`tests` is missing or empty");
                return None;
            }
            NextStep::OrderLaboratory { tests }
        }
    })
}

fn read_condition(table: &Table<'_>, catalogue: &Catalogue) -> Option<Condition> {
    let condition = if table.has("all") {
        let parts: Vec<Option<Condition>> = table
            .tables("all")
            .iter()
            .map(|t| read_condition(t, catalogue))
            .collect();
        if parts.len() < 2 {
            table.report_at(
                "all",
                "row-condition",
                "`all` needs two conditions or more",
                None,
            );
        }
        let parts: Option<Vec<Condition>> = parts.into_iter().collect();
        parts.map(Condition::All)
    } else if table.has("register") {
        read_register(table).map(Condition::Register)
    } else if table.has("episode") {
        let stage = table.word("episode", &StageKind::NAMES);
        let within_months = table.optional_whole("within_months");
        stage.map(|stage| Condition::Episode {
            stage,
            within_months,
        })
    } else if table.has("lot") {
        table
            .word("lot", &[("drawn", ())])
            .map(|()| Condition::Drawn)
    } else if table.has("age") {
        table
            .word(
                "age",
                &[("outside", Condition::OutsideAge)].map(|(w, _)| (w, ())),
            )
            .map(|()| Condition::OutsideAge)
    } else if table.has("score") {
        table
            .word(
                "score",
                &[
                    ("at-or-above", ScorePosition::AtOrAbove),
                    ("below", ScorePosition::Below),
                    ("spans", ScorePosition::Spans),
                ],
            )
            .map(Condition::Score)
    } else if table.has("test") {
        read_test(table)
    } else if table.has("fact") {
        read_fact_condition(table, catalogue)
    } else {
        table.report(
            "row-condition",
            "`when` needs one of: register, episode, lot, age, score, test, fact, all",
        );
        None
    };
    table.finish();
    condition
}

fn read_register(table: &Table<'_>) -> Option<RegisterFinding> {
    table.word(
        "register",
        &[
            ("not-yet-born", RegisterFinding::NotYetBorn),
            ("deceased", RegisterFinding::Deceased),
            ("moved-away", RegisterFinding::MovedAway),
            ("elsewhere", RegisterFinding::Elsewhere),
            ("birth-date-unknown", RegisterFinding::BirthDateUnknown),
            ("sex-unknown", RegisterFinding::SexUnknown),
            ("incomplete", RegisterFinding::Incomplete),
        ],
    )
}

fn read_test(table: &Table<'_>) -> Option<Condition> {
    let category = table.word("test", &Category::WORDS);
    let specimen = table.optional_word(
        "specimen",
        &[("venous", Specimen::Venous), ("lesser", Specimen::Lesser)],
    );
    let within_months = table.optional_whole("within_months");
    Some(Condition::Test {
        category: category?,
        specimen,
        within_months,
    })
}

fn read_fact_condition(table: &Table<'_>, catalogue: &Catalogue) -> Option<Condition> {
    let id = fact(catalogue, table, "fact");
    let standing = table.optional_word(
        "standing",
        &[
            ("established", Standing::Established),
            ("unaccepted", Standing::Unaccepted),
            ("self-reported", Standing::SelfReported),
        ],
    );
    let current = table.optional_flag("current").unwrap_or(false);
    let within_months = table.optional_whole("within_months");
    let id = id?;
    if matches!(
        catalogue.definition(id).kind,
        FactKind::Quantity | FactKind::Answer
    ) {
        table.report_at(
            "fact",
            "row-condition",
            "a row asks whether a condition, a drug or a choice is there; results are asked for by `test`",
            None,
        );
    }
    Some(Condition::Fact {
        fact: id,
        standing,
        current,
        within_months,
    })
}
