//! `QuestionnaireResponse`: a form a resident has filled in.

use preventiojyraa_core::intake::{Answered, Content, Issue, SubmittedUnit, SubmittedValue};
use preventiojyraa_core::profile::{Comparator, Standing};

use super::frame::Frame;
use super::reading::{FirstCode, Reading, Resource};
use super::values::{one_value, quantity};
use super::wire::{FormAnswer, FormItem, QuestionnaireResponse};

pub(super) fn questionnaire_response<'p>(
    reading: &Reading<'_>,
    response: &'p QuestionnaireResponse<'_>,
    digest: u64,
) -> Result<Resource<'p>, Issue> {
    let frame = Frame {
        resource_type: "QuestionnaireResponse",
        id: response.id.as_deref(),
        meta: response.meta.as_ref(),
        subject: response.subject.as_ref(),
        digest,
        standing: Standing::SelfReported,
        effective: response.authored.as_deref(),
        until: None,
        recorded: response.authored.as_deref(),
        laboratory: None,
    };
    let questionnaire = response.questionnaire.as_deref().unwrap_or_default();
    let content = match response.status.as_deref().unwrap_or("missing") {
        "completed" | "amended" => {
            let mut answers = Vec::new();
            collect_answers(response.item.as_deref().unwrap_or_default(), &mut answers);
            Content::Form {
                questionnaire,
                answers,
            }
        }
        "entered-in-error" => Content::Withdrawn,
        other => Content::NotFinal(other),
    };
    let first_code = FirstCode {
        resource_type: "QuestionnaireResponse",
        system: "",
        code: questionnaire,
    };
    frame.statements(reading, vec![content], first_code)
}

/// Answers of all items, groups opened, in the order of the form.
fn collect_answers<'p>(items: &'p [FormItem<'_>], answers: &mut Vec<Answered<'p>>) {
    for item in items {
        let value = match item.answer.as_deref() {
            Some([answer]) => Some(answer_value(answer)),
            // Every question here has one answer; choosing one of several would be a guess.
            Some([_, _, ..]) => Some(SubmittedValue::Flag(true)),
            Some([]) | None => None,
        };
        if let (Some(link_id), Some(value)) = (item.link_id.as_deref(), value) {
            answers.push(Answered { link_id, value });
        }
        collect_answers(item.item.as_deref().unwrap_or_default(), answers);
    }
}

fn answer_value<'p>(answer: &'p FormAnswer<'_>) -> SubmittedValue<'p> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a whole number that a form asks for is small"
    )]
    let whole = answer.value_integer.map(|value| value as f64);
    let number = answer
        .value_decimal
        .or(whole)
        .map(|value| SubmittedValue::Quantity {
            value,
            comparator: Comparator::Exactly,
            unit: SubmittedUnit::Missing,
        });
    let code = answer
        .value_coding
        .as_ref()
        .and_then(|coding| coding.code.as_deref());
    let given = [
        number,
        answer.value_quantity.as_ref().map(quantity),
        code.map(SubmittedValue::Other),
        answer
            .value_boolean
            .map(|yes| SubmittedValue::Other(if yes { "true" } else { "false" })),
        answer.value_string.as_deref().map(SubmittedValue::Other),
    ];
    one_value(given, false)
}
