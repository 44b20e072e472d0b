//! Reads the rows of a pathway.

use std::collections::BTreeMap;

use super::catalogue::{Catalogue, FactKind, Specimen, fact};
use super::condition::{Condition, RegisterFinding, ScorePosition, StageKind};
use super::definitions::{STANDINGS, Strength, named};
use super::pathway::{Exclusion, NextStep, Priority, Review, Row};
use super::reader::Table;
use super::state::State;
use super::thresholds::Category;

/// Conditions that several rows share, by name.
pub(super) type Named = BTreeMap<String, Condition>;

/// Reads `[condition.NAME]`.
pub(super) fn read_named(root: &Table<'_>, catalogue: &Catalogue) -> Named {
    let none = Named::new();
    let Some(table) = root.table("condition") else {
        return none;
    };
    let named = table.named_tables().into_iter();
    named
        .filter_map(|(name, table)| {
            let condition = read_condition(&table, catalogue, &none)?;
            Some((name.to_owned(), condition))
        })
        .collect()
}

fn read_review(table: &Table<'_>) -> Option<Review> {
    let priority = table.word("priority", &Priority::NAMES);
    let within_days = table.whole("within_days");
    table.finish();
    Some(Review {
        priority: priority?,
        within_days: within_days?,
    })
}

/// What stands behind an exclusion; how long it holds is said, also when it is for ever.
fn read_exclusion(table: &Table<'_>) -> Option<Exclusion> {
    let evidence = table.text("evidence").map(str::to_owned);
    let author = table.text("author").map(str::to_owned);
    let each_run = table.optional_flag("seen_anew_each_run").unwrap_or(false);
    let never_expires = table.optional_flag("never_expires").unwrap_or(false);
    let review_after_months: Option<u32> = table.optional_whole("review_after_months");
    let expires_after_months: Option<u32> = table.optional_whole("expires_after_months");
    let review = table.table("review").and_then(|table| read_review(&table));
    table.note_verification();
    table.finish();
    if each_run {
        if review_after_months.is_some() || expires_after_months.is_some() || never_expires {
            let message = "what each run sees anew is neither reviewed nor expires";
            table.report("exclusion-dates", message);
        }
    } else {
        if review_after_months.is_none() {
            table.report("exclusion-dates", "`review_after_months` is missing");
        }
        if never_expires == expires_after_months.is_some() {
            let message = "exactly one of `expires_after_months` and `never_expires` is needed";
            table.report("exclusion-dates", message);
        }
        let both = review_after_months.zip(expires_after_months);
        if both.is_some_and(|(review, expires)| expires < review) {
            table.report(
                "exclusion-dates",
                "it expires before anybody looks at it again",
            );
        }
    }
    Some(Exclusion {
        evidence: evidence?,
        author: author?,
        review_after_months,
        expires_after_months,
        review,
    })
}

/// States by which residents are passed over: nobody looks at them again unless the rules say when.
const EXCLUDING: [State; 5] = [
    State::Moved,
    State::OutsideAge,
    State::OutOfScope,
    State::OptedOut,
    State::KnownDisease,
];

pub(super) fn read_row(table: &Table<'_>, catalogue: &Catalogue, named: &Named) -> Option<Row> {
    let id = table.text("id");
    let when = table
        .required_table("when")
        .and_then(|t| read_condition(&t, catalogue, named));
    let state = table.optional_word("state", &State::NAMES);
    let next = if table.has("next") {
        read_next(table, catalogue)
    } else {
        None
    };
    let review = table.table("review").and_then(|t| read_review(&t));
    let exclusion = table.table("exclusion").and_then(|t| read_exclusion(&t));
    let contradiction = table.optional_flag("contradiction").unwrap_or(false);
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
    if outcome.is_none() && review.is_none() && !contradiction {
        table.report(
            "row-outcome",
            "a row needs `state` and `next`, or a `review`, or both, or is a `contradiction`",
        );
    }
    if contradiction && outcome.is_some() {
        table.report(
            "row-outcome",
            "a contradiction opens a review or is counted; it decides nothing",
        );
    }
    let excludes = outcome
        .as_ref()
        .is_some_and(|(state, _)| EXCLUDING.contains(state));
    if excludes != table.has("exclusion") {
        table.report(
            "row-exclusion",
            "a row that excludes, and no other, needs `exclusion`: evidence, author, and for how long",
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
        exclusion,
        contradiction,
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

/// The parts of `all` or `any`.
fn read_parts(
    table: &Table<'_>,
    key: &'static str,
    catalogue: &Catalogue,
    named: &Named,
) -> Option<Vec<Condition>> {
    let parts: Vec<Option<Condition>> = table
        .tables(key)
        .iter()
        .map(|t| read_condition(t, catalogue, named))
        .collect();
    if parts.len() < 2 {
        let message = format!("`{key}` needs two conditions or more");
        table.report_at(key, "row-condition", message, None);
    }
    parts.into_iter().collect()
}

fn read_condition(table: &Table<'_>, catalogue: &Catalogue, named: &Named) -> Option<Condition> {
    let condition = if table.has("all") {
        read_parts(table, "all", catalogue, named).map(Condition::All)
    } else if table.has("any") {
        read_parts(table, "any", catalogue, named).map(Condition::Any)
    } else if table.has("not") {
        let inner = table.table("not");
        let inner = inner.and_then(|t| read_condition(&t, catalogue, named));
        inner.map(|inner| Condition::Not(Box::new(inner)))
    } else if table.has("condition") {
        read_shared(table, named)
    } else if table.has("register") {
        read_register(table).map(Condition::Register)
    } else if table.has("episode") {
        read_episode(table)
    } else if table.has("lot") {
        let drawn = table.word("lot", &[("drawn", true), ("not-drawn", false)]);
        drawn.map(|drawn| Condition::Lot { drawn })
    } else if table.has("age") {
        table
            .word("age", &[("outside", ())])
            .map(|()| Condition::OutsideAge)
    } else if table.has("score") {
        table
            .word("score", &ScorePosition::NAMES)
            .map(Condition::Score)
    } else if table.has("newest") {
        let of = fact(catalogue, table, "newest");
        let below = table.word("below", &Category::WORDS);
        let within_months = table.optional_whole("within_months");
        of.zip(below).map(|(of, below)| Condition::NewestBelow {
            of,
            below,
            within_months: catalogue.look_back(table, of, within_months),
        })
    } else if table.has("test") {
        read_test(table)
    } else if table.has("definition") {
        read_defined(table, catalogue)
    } else if table.has("fact") {
        read_fact_condition(table, catalogue)
    } else {
        table.report(
            "row-condition",
            "`when` needs one of: register, episode, lot, age, score, test, newest, fact, definition, condition, all, any, not",
        );
        None
    };
    table.finish();
    condition
}

/// A condition that the file names once for several rows.
fn read_shared(table: &Table<'_>, named: &Named) -> Option<Condition> {
    let name = table.text("condition")?;
    let found = named.get(name).cloned();
    if found.is_none() {
        let known: Vec<&str> = named.keys().map(String::as_str).collect();
        table.report_at(
            "condition",
            "condition-unknown",
            format!("no `[condition.{name}]` could be read"),
            Some(super::reader::suggest(name, &known)),
        );
    }
    found
}

fn read_episode(table: &Table<'_>) -> Option<Condition> {
    let known = StageKind::NAMES.map(|(word, stage)| (word, Some(stage)));
    let words: Vec<(&str, Option<StageKind>)> = [("none", None)].into_iter().chain(known).collect();
    let stages = table.words("episode", &words);
    let within_months = table.optional_whole("within_months");
    let beyond_months = table.optional_whole("beyond_months");
    if within_months.is_some() && beyond_months.is_some() {
        let message = "`within_months` and `beyond_months` cannot both be given";
        table.report("row-condition", message);
    }
    (!stages.is_empty()).then_some(Condition::Episode {
        stages,
        within_months,
        beyond_months,
    })
}

fn read_defined(table: &Table<'_>, catalogue: &Catalogue) -> Option<Condition> {
    let definition = named(table, catalogue);
    let shows = table.optional_word("shows", &Strength::NAMES);
    let definition = definition?;
    let signals = definition.showing(shows);
    if signals.is_empty() {
        let message = format!("no signal of `{}` shows that", definition.id);
        table.report_at("shows", "row-condition", message, None);
    }
    Some(Condition::Defined {
        definition: definition.id.clone(),
        signals,
    })
}

fn read_register(table: &Table<'_>) -> Option<RegisterFinding> {
    table.word(
        "register",
        &[
            ("not-yet-born", RegisterFinding::NotYetBorn),
            ("deceased", RegisterFinding::Deceased),
            ("moved-away", RegisterFinding::MovedAway),
            ("second-entry", RegisterFinding::SecondEntry),
            ("elsewhere", RegisterFinding::Elsewhere),
            ("birth-date-unknown", RegisterFinding::BirthDateUnknown),
            ("sex-unknown", RegisterFinding::SexUnknown),
            ("sex-known", RegisterFinding::SexKnown),
            ("male", RegisterFinding::Male),
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
    let standing = table.optional_word("standing", &STANDINGS);
    let current = table.optional_flag("current").unwrap_or(false);
    let within_months = table.optional_whole("within_months");
    let id = id?;
    let within_months = catalogue.look_back(table, id, within_months);
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
