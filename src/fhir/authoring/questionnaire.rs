//! `Questionnaire`: the questions that are asked, and no others. It travels inside what asks them.

use fhir_sdk::r4b::codes::{PublicationStatus, QuestionnaireItemType, ResourceType};
use fhir_sdk::r4b::resources::{
    Questionnaire, QuestionnaireItem, QuestionnaireItemAnswerOption,
    QuestionnaireItemAnswerOptionValue,
};
use fhir_sdk::r4b::types::{Extension, ExtensionValue};

use crate::AuthoringError;
use crate::parts::{Coded, CodedFields, coding, text, token};

/// The id of the form inside the resource that carries it.
pub(crate) const FORM: &str = "form";
/// FHIR's extension that names the unit of a number.
const UNIT: &str = "http://hl7.org/fhir/StructureDefinition/questionnaire-unit";
/// UCUM.
const UCUM: &str = "http://unitsofmeasure.org";

const QUESTION: CodedFields = CodedFields {
    system: "form.code.system",
    code: "form.code.code",
    display: "form.code.display",
};

const OPTION: CodedFields = CodedFields {
    system: "form.answers.system",
    code: "form.answers.code",
    display: "form.answers.display",
};

const UNIT_FIELDS: CodedFields = CodedFields {
    system: "form.unit",
    code: "form.unit",
    display: "form.unit",
};

/// A form: the questions whose answers decide.
///
/// It has no `Debug`: which questions somebody is asked says what is known of them.
#[derive(Clone, Copy, PartialEq)]
pub struct FormContent<'a> {
    /// The canonical address under which answers come back, without version.
    pub address: &'a str,
    /// The form's version.
    pub version: &'a str,
    /// Its title.
    pub title: &'a str,
    /// The language of its words (BCP 47).
    pub language: &'a str,
    /// The questions; not empty.
    pub questions: &'a [QuestionContent<'a>],
}

/// A question.
#[derive(Clone, Copy, PartialEq)]
pub struct QuestionContent<'a> {
    /// Its name on the form, by which its answer is known.
    pub link_id: &'a str,
    /// What it asks about, as a code: its meaning does not hang on its words.
    pub code: Coded<'a>,
    /// Its words.
    pub text: &'a str,
    /// What answers it.
    pub answer: AnswerContent<'a>,
}

/// What answers a question.
#[derive(Clone, Copy, PartialEq)]
pub enum AnswerContent<'a> {
    /// A number in a unit, by its UCUM code.
    Number {
        /// The unit.
        unit: &'a str,
    },
    /// One of these; not empty.
    OneOf(&'a [Coded<'a>]),
}

/// The typed form, to be put inside another resource. No question has to be answered.
pub(crate) fn form(content: &FormContent<'_>) -> Result<Questionnaire, AuthoringError> {
    if content.questions.is_empty() {
        return Err(AuthoringError::Text {
            field: "form.questions",
        });
    }
    let items = content.questions.iter().map(|q| question(q).map(Some));
    let built = Questionnaire::builder()
        .id(FORM.to_owned())
        .language(token("form.language", content.language)?)
        .url(token("form.address", content.address)?)
        .version(token("form.version", content.version)?)
        .title(text("form.title", content.title)?)
        .status(PublicationStatus::Active)
        .subject_type(vec![Some(ResourceType::Patient)])
        .item(items.collect::<Result<_, _>>()?)
        .build()?;
    Ok(built)
}

fn question(content: &QuestionContent<'_>) -> Result<QuestionnaireItem, AuthoringError> {
    let item = QuestionnaireItem::builder()
        .link_id(token("form.link_id", content.link_id)?)
        .code(vec![Some(coding(&QUESTION, &content.code)?)])
        .text(text("form.text", content.text)?);
    let item = match content.answer {
        AnswerContent::Number { unit } => {
            let unit = Coded {
                system: UCUM,
                code: unit,
                display: unit,
            };
            let extension = Extension::builder()
                .url(UNIT.to_owned())
                .value(ExtensionValue::Coding(coding(&UNIT_FIELDS, &unit)?))
                .build()?;
            item.r#type(QuestionnaireItemType::Decimal)
                .extension(vec![extension])
        }
        AnswerContent::OneOf([]) => {
            return Err(AuthoringError::Text {
                field: "form.answers",
            });
        }
        AnswerContent::OneOf(answers) => {
            let options = answers.iter().map(|answer| option(answer).map(Some));
            item.r#type(QuestionnaireItemType::Choice)
                .answer_option(options.collect::<Result<_, _>>()?)
        }
    };
    Ok(item.build()?)
}

fn option(answer: &Coded<'_>) -> Result<QuestionnaireItemAnswerOption, AuthoringError> {
    let value = QuestionnaireItemAnswerOptionValue::Coding(coding(&OPTION, answer)?);
    Ok(QuestionnaireItemAnswerOption::builder()
        .value(value)
        .build()?)
}
