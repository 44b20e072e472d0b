//! Intake: submissions become facts, or are set aside with an issue.
//!
//! # What lives here
//!
//! The step from one [`Submission`] (what a source sent, already out of its
//! wire format) to an [`Intake`]: facts *and* issues. Codes get their meaning
//! from the rule book, units and plausible ranges are checked, dates are
//! checked. No FHIR JSON, and nothing is dropped silently: a submission ends
//! as facts, as issues, or as counted [`Intake::unmapped`].
//!
//! # How the data flows
//!
//! `fhir` reads a line into submissions; [`admit`] turns each into an
//! [`Intake`]; the lake stores facts and issues.
//!
//! # Invariants
//!
//! * A value is never guessed: an unknown unit, an impossible number or a date
//!   in the future sets the submission aside.
//! * A value keeps the unit it came in.
//! * A diagnosis or refusal without a date counts on every index date, with an issue;
//!   a measurement or prescription without one is set aside.
//! * A submission that the source withdrew yields exactly one withdrawal.
//!
//! # Example
//!
//! ```
//! use preventiojyraa_core::intake::IssueCode;
//!
//! assert_eq!(IssueCode::ValueImplausible.name(), "value-implausible");
//! ```
//!
//! # Why it is so
//!
//! One bad entry must not sink its neighbours, so bad data are values next to
//! the result, not errors. Two codes on one resource that mean two different
//! facts set it aside: choosing one of them would be a guess about a person.

mod issue;
mod submission;

pub use issue::{Issue, IssueCode, IssueSeverity};
pub use submission::{Answered, Content, Submission, SubmittedUnit, SubmittedValue};

use jiff::civil::Date;

use crate::profile::{Fact, FactId, FactValue, Quantity, Unit};
use crate::rulebook::{
    AnswerMeaning, Chosen, CodeSystem, FactDefinition, FactKind, LaboratoryId, Rulebook,
};

/// What became of one submission.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Intake {
    /// Facts it yielded.
    pub facts: Vec<Fact>,
    /// What was wrong with it.
    pub issues: Vec<Issue>,
    /// Whether none of its codes means anything to the rules.
    pub unmapped: bool,
}

/// Turns a submission into facts and issues; `today` is the day of the pull.
#[must_use]
pub fn admit(rulebook: &Rulebook, today: Date, submission: &Submission<'_>) -> Intake {
    let mut intake = Intake::default();
    match &submission.content {
        Content::Withdrawn => {
            // Without any date it was never true, on every index date.
            let date = submission
                .effective
                .or(submission.recorded)
                .unwrap_or(NO_DATE);
            intake
                .facts
                .push(fact(submission, FactId(0), 0, date, FactValue::Withdrawn));
            return intake;
        }
        Content::NotFinal(status) => {
            intake.issues.push(Issue::not_final(status));
            return intake;
        }
        Content::Coded {
            codings,
            value,
            part,
        } => {
            admit_coded(rulebook, submission, codings, value, *part, &mut intake);
        }
        Content::Relative {
            relationships,
            codings,
        } => {
            admit_relative(rulebook, submission, relationships, codings, &mut intake);
        }
        Content::Ordered { codings } => admit_order(rulebook, submission, codings, &mut intake),
        Content::Progress {
            codings,
            status,
            business,
        } => {
            let told = (*status, &business[..]);
            admit_progress(rulebook, submission, codings, told, &mut intake);
        }
        Content::Form {
            questionnaire,
            answers,
        } => {
            admit_form(rulebook, submission, questionnaire, answers, &mut intake);
        }
    }
    if let Some(issue) = date_issue(submission, today)
        && !intake.facts.is_empty()
    {
        let undated = submission.effective.is_none();
        intake.facts.retain(|fact| {
            let kind = rulebook.catalogue.definition(fact.id).kind;
            undated && matches!(kind, FactKind::Condition | FactKind::Choice)
        });
        intake.issues.push(issue);
    }
    intake
}

/// Why the dates of a submission cannot be used.
fn date_issue(submission: &Submission<'_>, today: Date) -> Option<Issue> {
    let Some(effective) = submission.effective else {
        return Some(Issue::date_missing(submission.effective_text));
    };
    if today < effective || submission.recorded.is_some_and(|recorded| today < recorded) {
        return Some(Issue::date_in_future());
    }
    None
}

/// For withdrawals, diagnoses and refusals without a date, and for facts that
/// [`date_issue`] is about to set aside.
const NO_DATE: Date = Fact::UNDATED;

fn fact(
    submission: &Submission<'_>,
    id: FactId,
    part: u16,
    effective: Date,
    value: FactValue,
) -> Fact {
    Fact {
        id,
        value,
        effective,
        until: submission.until,
        recorded: submission.recorded.map_or(
            crate::profile::Recorded::AsEffective,
            crate::profile::Recorded::On,
        ),
        standing: submission.standing,
        submission: submission.id,
        part,
        version: submission.version,
    }
}

/// The one fact that codings mean; `Err` when they mean several.
fn meaning(
    rulebook: &Rulebook,
    laboratory: Option<LaboratoryId>,
    codings: &[(CodeSystem, &str)],
) -> Result<Option<FactId>, Vec<FactId>> {
    let catalogue = &rulebook.catalogue;
    let mut meanings: Vec<FactId> = codings
        .iter()
        .filter_map(|(system, code)| catalogue.meaning_at(*system, code, laboratory))
        .collect();
    meanings.sort_unstable();
    meanings.dedup();
    match meanings[..] {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        _ => Err(meanings),
    }
}

fn admit_coded(
    rulebook: &Rulebook,
    submission: &Submission<'_>,
    codings: &[(CodeSystem, &str)],
    value: &SubmittedValue<'_>,
    part: u16,
    intake: &mut Intake,
) {
    if let Some(allowed) = rulebook.catalogue.question(codings) {
        admit_statement(rulebook, submission, allowed, value, part, intake);
        return;
    }
    let id = match meaning(rulebook, submission.laboratory, codings) {
        Ok(Some(id)) => id,
        Ok(None) => {
            intake.unmapped = true;
            return;
        }
        Err(several) => {
            let names: Vec<&str> = several
                .iter()
                .map(|id| rulebook.catalogue.definition(*id).id.as_str())
                .collect();
            intake.issues.push(Issue::codes_disagree(&names));
            return;
        }
    };
    match read_value(rulebook.catalogue.definition(id), value) {
        Ok(value) => {
            let effective = submission.effective.unwrap_or(NO_DATE);
            intake
                .facts
                .push(fact(submission, id, part, effective, value));
        }
        Err(issue) => intake.issues.push(issue),
    }
}

/// A code that asks and a value that answers: only answers that the rules list count, so that a
/// cause of death or a diagnosis ruled out never becomes a diagnosis.
fn admit_statement(
    rulebook: &Rulebook,
    submission: &Submission<'_>,
    allowed: &[FactId],
    value: &SubmittedValue<'_>,
    part: u16,
    intake: &mut Intake,
) {
    let SubmittedValue::Codes(codes) = value else {
        intake.issues.push(Issue::statement_not_understood());
        return;
    };
    match meaning(rulebook, submission.laboratory, codes) {
        Ok(Some(id)) if allowed.contains(&id) => {
            let effective = submission.effective.unwrap_or(NO_DATE);
            intake
                .facts
                .push(fact(submission, id, part, effective, FactValue::Present));
        }
        Ok(_) | Err(_) => intake.issues.push(Issue::statement_not_understood()),
    }
}

/// Reads a value as its fact's definition demands.
fn read_value(definition: &FactDefinition, value: &SubmittedValue<'_>) -> Result<FactValue, Issue> {
    match definition.kind {
        FactKind::Quantity => match value {
            SubmittedValue::Quantity {
                value,
                comparator,
                unit,
            } => {
                let unit = match unit {
                    SubmittedUnit::Known(unit) => *unit,
                    SubmittedUnit::Unknown(text) => {
                        return Err(Issue::unit_unknown(definition, text));
                    }
                    SubmittedUnit::Missing => return Err(Issue::unit_missing(definition)),
                };
                read_quantity(definition, *value, unit, *comparator)
            }
            SubmittedValue::Absent => Err(Issue::value_absent(definition)),
            SubmittedValue::None => Err(Issue::value_missing(definition)),
            SubmittedValue::Flag(_) | SubmittedValue::Codes(_) | SubmittedValue::Other(_) => {
                Err(Issue::value_not_understood(definition))
            }
        },
        FactKind::Condition | FactKind::Medication | FactKind::Choice => match value {
            SubmittedValue::None | SubmittedValue::Flag(true) => Ok(FactValue::Present),
            SubmittedValue::Flag(false)
            | SubmittedValue::Absent
            | SubmittedValue::Quantity { .. }
            | SubmittedValue::Codes(_)
            | SubmittedValue::Other(_) => Err(Issue::value_not_understood(definition)),
        },
        FactKind::Answer => Err(Issue::value_not_understood(definition)),
    }
}

fn read_quantity(
    definition: &FactDefinition,
    value: f64,
    unit: Unit,
    comparator: crate::profile::Comparator,
) -> Result<FactValue, Issue> {
    let Some((_, low, high)) = definition
        .plausible
        .iter()
        .find(|(known, _, _)| *known == unit)
    else {
        return Err(Issue::unit_not_accepted(definition, unit));
    };
    // NaN compares with nothing, so it fails here too.
    if !(*low <= value && value <= *high) {
        return Err(Issue::value_implausible(
            definition,
            value,
            unit,
            (*low, *high),
        ));
    }
    let quantity = Quantity::new(value, unit, comparator);
    quantity
        .map(FactValue::Quantity)
        .ok_or_else(|| Issue::value_not_understood(definition))
}

fn admit_relative(
    rulebook: &Rulebook,
    submission: &Submission<'_>,
    relationships: &[&str],
    codings: &[(CodeSystem, &str)],
    intake: &mut Intake,
) {
    let condition = match meaning(rulebook, submission.laboratory, codings) {
        Ok(Some(condition)) if rulebook.catalogue.asks_of_relatives(condition) => condition,
        // No rule speaks of it, or not of relatives who have it.
        Ok(_) | Err(_) => {
            intake.unmapped = true;
            return;
        }
    };
    let mut meanings: Vec<FactId> = relationships
        .iter()
        .filter_map(|code| rulebook.catalogue.relative_meaning(code, condition))
        .collect();
    meanings.sort_unstable();
    meanings.dedup();
    let effective = submission.effective.unwrap_or(NO_DATE);
    match meanings[..] {
        [id] => intake
            .facts
            .push(fact(submission, id, 0, effective, FactValue::Present)),
        _ => intake
            .issues
            .push(Issue::relationship_unknown(relationships)),
    }
}

fn admit_order(
    rulebook: &Rulebook,
    submission: &Submission<'_>,
    codings: &[(CodeSystem, &str)],
    intake: &mut Intake,
) {
    let test = meaning(rulebook, submission.laboratory, codings);
    let order = match test {
        Ok(Some(test)) => rulebook.catalogue.order_meaning(test),
        Ok(None) | Err(_) => None,
    };
    let Some(id) = order else {
        intake.unmapped = true;
        return;
    };
    let effective = submission.effective.unwrap_or(NO_DATE);
    let open = fact(submission, id, 0, effective, FactValue::Present);
    intake.facts.push(open);
}

fn admit_progress(
    rulebook: &Rulebook,
    submission: &Submission<'_>,
    codings: &[(CodeSystem, &str)],
    (status, business): (&str, &[(CodeSystem, &str)]),
    intake: &mut Intake,
) {
    let Some(progress) = rulebook.catalogue.progress(codings) else {
        intake.unmapped = true;
        return;
    };
    let mut own = business.iter().filter(|(of, _)| *of == progress.system);
    let answer = match own.next() {
        // Whoever says more than a status can means it.
        Some((_, code)) => {
            let answer = progress.business_statuses.get(*code);
            answer.ok_or_else(|| {
                let definition = rulebook.catalogue.definition(progress.fact);
                Issue::progress_unknown(definition)
            })
        }
        None => (progress.statuses.get(status)).ok_or_else(|| Issue::not_final(status)),
    };
    match answer {
        Ok(at) => {
            let effective = submission.effective.unwrap_or(NO_DATE);
            let value = FactValue::Answer(*at);
            let told = fact(submission, progress.fact, 0, effective, value);
            intake.facts.push(told);
        }
        Err(issue) => intake.issues.push(issue),
    }
}

fn admit_form(
    rulebook: &Rulebook,
    submission: &Submission<'_>,
    questionnaire: &str,
    answers: &[Answered<'_>],
    intake: &mut Intake,
) {
    // The canonical may carry `|version`.
    let (canonical, version) = match questionnaire.split_once('|') {
        Some((canonical, version)) => (canonical, Some(version)),
        None => (questionnaire, None),
    };
    let Some(form) = rulebook
        .questionnaires
        .iter()
        .find(|form| form.canonical == canonical)
    else {
        intake.unmapped = true;
        return;
    };
    // In another version the same link id may ask something else.
    let is_known = |version: &str| form.versions.iter().any(|known| known == version);
    if let Some(version) = version.filter(|version| !form.versions.is_empty() && !is_known(version))
    {
        let issue = Issue::form_version_unknown(version, &form.versions);
        intake.issues.push(issue);
        return;
    }
    let effective = submission.effective.unwrap_or(NO_DATE);
    for (n, answered) in answers.iter().enumerate() {
        let Some(item) = form.items.get(answered.link_id) else {
            intake
                .issues
                .push(Issue::question_unknown(answered.link_id));
            continue;
        };
        let definition = rulebook.catalogue.definition(item.fact);
        let value = match (&item.meaning, &answered.value) {
            (
                AnswerMeaning::NumberIn(unit),
                SubmittedValue::Quantity {
                    value,
                    comparator,
                    unit: given,
                },
            ) => {
                let unit = match given {
                    SubmittedUnit::Known(given) => *given,
                    SubmittedUnit::Missing => *unit,
                    SubmittedUnit::Unknown(text) => {
                        intake.issues.push(Issue::unit_unknown(definition, text));
                        continue;
                    }
                };
                read_quantity(definition, *value, unit, *comparator)
            }
            (AnswerMeaning::Codes(codes), SubmittedValue::Other(code)) => codes
                .get(*code)
                .map(|at| FactValue::Answer(*at))
                .ok_or_else(|| Issue::answer_unknown(definition, answered.link_id)),
            (AnswerMeaning::Choice(codes), SubmittedValue::Other(code)) => match codes.get(*code) {
                Some(Chosen::Yes) => Ok(FactValue::Present),
                // An earlier version of the same response may have said otherwise.
                Some(Chosen::No) => Ok(FactValue::Withdrawn),
                None => Err(Issue::answer_unknown(definition, answered.link_id)),
            },
            _ => Err(Issue::value_not_understood(definition)),
        };
        let part = u16::try_from(n).unwrap_or(u16::MAX);
        match value {
            Ok(value) => intake
                .facts
                .push(fact(submission, item.fact, part, effective, value)),
            Err(issue) => intake.issues.push(issue),
        }
    }
}

#[cfg(test)]
mod tests;
