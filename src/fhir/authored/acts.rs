//! Acts in the words of a way: who reads them, in which language, with which questions.

use std::collections::BTreeMap;

use jiff::civil::Date;
use preventiojyraa_authoring::{
    AnswerContent, AuthoringError, BusinessIdentifier, Coded, CommunicationContent, FormContent,
    QuestionContent, Recipient, RequestStanding, TaskContent, communication, task,
};
use preventiojyraa_core::orders::{Action, Order, ScoreNote};
use preventiojyraa_core::rulebook::{
    AnswerMeaning, CodeSystem, LaboratoryId, Language, Questionnaire, QuestionnaireItem, Rulebook,
    Text, TextValues,
};

use super::super::channel::{ORDERS, Way};
use super::super::systems;

/// The system of the names that facts have in the rules.
const FACTS: &str = "https://preventiojyraa.example.org/fhir/CodeSystem/fact";

/// Somebody at the other side who takes what goes to professionals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    /// A resource there, `PractitionerRole/screening`.
    Resource(String),
    /// Somebody whom the other side knows by an identifier, `system|value`.
    Identifier {
        /// Its namespace.
        system: String,
        /// Its value.
        value: String,
    },
}

impl To {
    /// Reads `Type/id` or `system|value`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some((system, value)) = text.split_once('|') {
            let is_whole = !system.is_empty() && !value.is_empty();
            return is_whole.then(|| Self::Identifier {
                system: system.to_owned(),
                value: value.to_owned(),
            });
        }
        let (kind, id) = text.rsplit_once('/')?;
        let kind = kind.rsplit('/').next().unwrap_or_default();
        let is_type = kind.starts_with(|c: char| c.is_ascii_uppercase());
        (is_type && !id.is_empty()).then(|| Self::Resource(text.to_owned()))
    }

    /// Whether it is a `Group`, which can be written to but can own no task.
    #[must_use]
    pub fn is_group(&self) -> bool {
        match self {
            Self::Resource(text) => text.rsplit('/').nth(1).is_some_and(|kind| kind == "Group"),
            Self::Identifier { .. } => false,
        }
    }

    fn recipient(&self) -> Recipient<'_> {
        match self {
            Self::Resource(text) => Recipient::Reference(text),
            Self::Identifier { system, value } => {
                Recipient::Identifier(BusinessIdentifier { system, value })
            }
        }
    }
}

/// Why an act was not put into words.
#[derive(Debug, thiserror::Error)]
pub enum NotWritten {
    /// The way carries no such act.
    #[error("`{0}` does not leave as {kind}", kind = .1.resource_type())]
    OtherWay(String, Way),
    /// Nobody has scored the resident.
    #[error("there is no score to write back")]
    NoScore,
    /// The rules give no code for the test.
    #[error("the rules give no code for the test")]
    NoCode,
    /// The rules have no such text, or it tells a day that the act does not know.
    #[error("the rules have no text `{0}`, or not all that it tells is known")]
    NoText(String),
    /// The rules name no form, or it does not ask what is to be asked.
    #[error("the form of the rules does not ask what is to be asked")]
    NoQuestion,
    /// The words are not what FHIR allows.
    #[error(transparent)]
    Authoring(#[from] AuthoringError),
}

/// How acts are written: by which way, for whom among professionals, and when.
#[derive(Debug, Clone, Copy)]
pub struct Writing<'a> {
    /// The rules, with texts and form.
    pub rulebook: &'a Rulebook,
    /// The way.
    pub way: Way,
    /// Who takes what goes to professionals.
    pub to: &'a [To],
    /// The language in which professionals are written to.
    pub language: Language,
    /// Which laboratory takes the orders, where the rules have codes of its own.
    pub laboratory: Option<LaboratoryId>,
    /// The resident's score, where it is written back.
    pub score: Option<&'a ScoreNote>,
    /// The day it is written.
    pub on: Date,
}

/// An act as the bytes of one JSON resource.
///
/// `patient_id` is the resident's `Patient.id` where it goes, `language` their
/// language of contact by the register. A resident whose language is not known,
/// or is one in which there are no texts, is written to in Finnish, with a
/// sentence in each other language on how to have it in that one.
///
/// # Errors
///
/// [`NotWritten`] says what is missing; it never shows a resident's data.
pub fn written(
    writing: &Writing<'_>,
    order: &Order,
    patient_id: &str,
    language: Option<&str>,
) -> Result<Vec<u8>, NotWritten> {
    let act = Act::of(writing, order, patient_id, language);
    match (&order.action, writing.way) {
        (Action::Laboratory { test }, Way::ServiceRequest) => {
            super::service_request(writing, order, test, patient_id, RequestStanding::Placed)
        }
        (Action::Laboratory { test }, Way::Observation) => {
            super::score::score_observation(writing, order, test, patient_id)
        }
        (Action::Laboratory { test }, Way::Communication) => {
            let codes = super::codes(writing.rulebook, writing.laboratory, test)?;
            act.to_professionals(Some(test), &codes, None)
        }
        (Action::Cancel { test, .. }, Way::Communication) => {
            let about = order
                .taken_back()
                .map(|(placed, _)| placed.key().to_string());
            // Without the test as a code: whoever orders what a message codes would order it anew.
            act.to_professionals(Some(test), &[], about.as_deref())
        }
        (Action::Questionnaire | Action::RemindQuestionnaire, Way::Communication | Way::Task) => {
            act.asking()
        }
        (Action::RemindLaboratory | Action::Message { .. }, Way::Communication) => {
            act.to_resident()
        }
        (Action::Contact { .. }, Way::Communication) => act.to_professionals(None, &[], None),
        (Action::Contact { .. }, Way::Task) => act.task_for_professionals(),
        (
            Action::Questionnaire
            | Action::RemindQuestionnaire
            | Action::RemindLaboratory
            | Action::Message { .. }
            | Action::Contact { .. }
            | Action::Cancel { .. },
            Way::ServiceRequest | Way::Observation,
        )
        | (
            Action::Laboratory { .. }
            | Action::RemindLaboratory
            | Action::Message { .. }
            | Action::Cancel { .. },
            Way::Task,
        ) => Err(NotWritten::OtherWay(order.action.name(), writing.way)),
    }
}

pub(super) struct Act<'a> {
    writing: &'a Writing<'a>,
    order: &'a Order,
    resident: String,
    key: String,
    /// The resident's, when it is one in which there are texts.
    language: Option<Language>,
}

/// A question with the words of its answers.
struct Question<'a> {
    link_id: &'a str,
    item: &'a QuestionnaireItem,
    text: &'a str,
    answers: Vec<Coded<'a>>,
}

impl<'a> Act<'a> {
    pub(super) fn of(
        writing: &'a Writing<'a>,
        order: &'a Order,
        patient_id: &str,
        language: Option<&str>,
    ) -> Self {
        Self {
            writing,
            order,
            resident: format!("Patient/{patient_id}"),
            key: order.key().to_string(),
            language: language.and_then(Language::of),
        }
    }

    /// The questions of the order as they are asked, each with the answers to choose from.
    pub(super) fn asked_in_words(
        &self,
        language: Language,
    ) -> Result<Vec<(String, Vec<String>)>, NotWritten> {
        let form = self.form().ok_or(NotWritten::NoQuestion)?;
        let words = |question: Question<'_>| {
            let answers = question.answers.iter();
            let answers = answers.map(|answer| answer.display.to_owned());
            (question.text.to_owned(), answers.collect())
        };
        let asked = self.questions(form, language)?;
        Ok(asked.into_iter().map(words).collect())
    }

    fn identifier(&self) -> BusinessIdentifier<'_> {
        BusinessIdentifier {
            system: ORDERS,
            value: &self.key,
        }
    }

    pub(super) fn text(
        &self,
        language: Language,
        id: &str,
        test: Option<&str>,
    ) -> Result<Text, NotWritten> {
        let values = TextValues {
            recall_on: self.order.recall_on,
            due: Some(self.order.due),
            test,
            ..TextValues::default()
        };
        let texts = &self.writing.rulebook.texts;
        let text = texts.message(language, id, values);
        text.ok_or_else(|| NotWritten::NoText(id.to_owned()))
    }

    /// What the resident reads, and in which language.
    pub(super) fn for_resident(&self) -> Result<(Language, Text), NotWritten> {
        let id = self.order.action.text();
        const FIRST: Language = Language::NAMES[0].1;
        if let Some(language) = self.language {
            return Ok((language, self.text(language, id, None)?));
        }
        let mut text = self.text(FIRST, id, None)?;
        for (_, other) in Language::NAMES.iter().skip(1) {
            let note = self.text(*other, "other-languages", None)?;
            text.text.push_str("\n\n");
            text.text.push_str(&note.text);
        }
        Ok((FIRST, text))
    }

    /// The form that goes with the act: whoever is offered something can answer where they read it.
    fn form(&self) -> Option<&'a Questionnaire> {
        let rulebook = self.writing.rulebook;
        match &self.order.action {
            Action::Questionnaire | Action::RemindQuestionnaire => rulebook.form(),
            Action::Message { text } => rulebook.offer_form(text),
            Action::Laboratory { .. }
            | Action::RemindLaboratory
            | Action::Contact { .. }
            | Action::Cancel { .. } => None,
        }
    }

    fn to_resident(&self) -> Result<Vec<u8>, NotWritten> {
        if self.form().is_some() {
            return self.asking();
        }
        let (language, text) = self.for_resident()?;
        let to = [Recipient::Reference(&self.resident)];
        self.said(language, &text, Said::to(&to))
    }

    fn to_professionals(
        &self,
        test: Option<&str>,
        tests: &[Coded<'_>],
        about: Option<&str>,
    ) -> Result<Vec<u8>, NotWritten> {
        let name = match test {
            // The laboratory's own name of it comes first.
            Some(test) => super::codes(self.writing.rulebook, self.writing.laboratory, test)?
                .first()
                .map(|code| code.display),
            None => None,
        };
        let language = self.writing.language;
        let text = self.text(language, self.order.action.text(), name)?;
        let to: Vec<Recipient<'_>> = self.writing.to.iter().map(To::recipient).collect();
        let about = about.map(|value| BusinessIdentifier {
            system: ORDERS,
            value,
        });
        let said = Said {
            tests,
            about,
            ..Said::to(&to)
        };
        self.said(language, &text, said)
    }

    fn said(&self, language: Language, text: &Text, said: Said<'_>) -> Result<Vec<u8>, NotWritten> {
        Ok(communication(&CommunicationContent {
            identifier: self.identifier(),
            resident: &self.resident,
            recipients: said.to,
            subject: &text.subject,
            text: &text.text,
            language: language.code(),
            sent_on: &self.writing.on.to_string(),
            tests: said.tests,
            about: said.about,
            form: said.form,
        })?)
    }

    fn task_for_professionals(&self) -> Result<Vec<u8>, NotWritten> {
        let language = self.writing.language;
        let text = self.text(language, self.order.action.text(), None)?;
        let owner = self.writing.to.first().map(To::recipient);
        let nobody = AuthoringError::Recipient { field: "owner" };
        self.task(owner.ok_or(nobody)?, language, &text, None)
    }

    fn task(
        &self,
        owner: Recipient<'_>,
        language: Language,
        text: &Text,
        form: Option<FormContent<'_>>,
    ) -> Result<Vec<u8>, NotWritten> {
        Ok(task(&TaskContent {
            identifier: self.identifier(),
            resident: &self.resident,
            owner,
            subject: &text.subject,
            text: &text.text,
            language: language.code(),
            written_on: &self.writing.on.to_string(),
            due: &self.order.due.to_string(),
            form,
        })?)
    }

    /// Asks the resident the questions of the act, and no others.
    fn asking(&self) -> Result<Vec<u8>, NotWritten> {
        let (language, text) = self.for_resident()?;
        let form = self.form().ok_or(NotWritten::NoQuestion)?;
        let asked = self.questions(form, language)?;
        let questions: Vec<QuestionContent<'_>> = asked
            .iter()
            .map(|question| QuestionContent {
                link_id: question.link_id,
                code: self.code(question.item),
                text: question.text,
                answer: match &question.item.meaning {
                    AnswerMeaning::NumberIn(unit) => AnswerContent::Number { unit: unit.ucum() },
                    AnswerMeaning::Codes(_) | AnswerMeaning::Choice(_) => {
                        AnswerContent::OneOf(&question.answers)
                    }
                },
            })
            .collect();
        let form = FormContent {
            address: &form.canonical,
            version: &form.header.version,
            title: &text.subject,
            language: language.code(),
            questions: &questions,
        };
        let resident = [Recipient::Reference(&self.resident)];
        match self.writing.way {
            Way::Task => self.task(resident[0], language, &text, Some(form)),
            Way::Communication | Way::ServiceRequest | Way::Observation => {
                let said = Said {
                    form: Some(form),
                    ..Said::to(&resident)
                };
                self.said(language, &text, said)
            }
        }
    }

    /// What a question asks about: by LOINC, else by the name of the fact in the rules.
    fn code<'q>(&'q self, item: &'q QuestionnaireItem) -> Coded<'q> {
        let definition = self.writing.rulebook.catalogue.definition(item.fact);
        let (system, code) = match &item.loinc {
            Some(loinc) => (systems::uri(CodeSystem::Loinc), loinc.as_str()),
            None => (FACTS, definition.id.as_str()),
        };
        Coded {
            system,
            code,
            display: &definition.name,
        }
    }

    /// The questions about the items that are asked, or all of an offer, each once, in the form's order.
    fn questions<'q>(
        &'q self,
        form: &'q Questionnaire,
        language: Language,
    ) -> Result<Vec<Question<'q>>, NotWritten> {
        let rulebook = self.writing.rulebook;
        let mut asked: Vec<(&str, &QuestionnaireItem)> = Vec::new();
        if matches!(self.order.action, Action::Message { .. }) {
            let all = form.items.iter();
            asked.extend(all.map(|(link_id, item)| (link_id.as_str(), item)));
        }
        for id in &self.order.asks {
            let item = rulebook.model.item(id);
            let item = item.ok_or(NotWritten::NoQuestion)?;
            let about = form.questions_about(item);
            if about.is_empty() && !item.is_laboratory(&rulebook.catalogue) {
                return Err(NotWritten::NoQuestion);
            }
            asked.extend(about);
        }
        asked.sort_by_key(|(_, item)| item.position);
        asked.dedup_by_key(|(_, item)| item.position);
        if asked.is_empty() {
            return Err(NotWritten::NoQuestion);
        }
        let each = asked.into_iter().map(|(link_id, item)| {
            let words = rulebook.texts.question(language, link_id);
            let words = words.ok_or_else(|| NotWritten::NoText(link_id.to_owned()))?;
            Ok(Question {
                link_id,
                item,
                text: &words.text,
                answers: answers(form, item, &words.answers),
            })
        });
        each.collect()
    }
}

/// What a message carries beside its words.
#[derive(Clone, Copy)]
struct Said<'a> {
    to: &'a [Recipient<'a>],
    tests: &'a [Coded<'a>],
    about: Option<BusinessIdentifier<'a>>,
    form: Option<FormContent<'a>>,
}

impl<'a> Said<'a> {
    const fn to(to: &'a [Recipient<'a>]) -> Self {
        Self {
            to,
            tests: &[],
            about: None,
            form: None,
        }
    }
}

/// The answers to choose from, in the order of the fact's own list.
fn answers<'q>(
    form: &'q Questionnaire,
    item: &'q QuestionnaireItem,
    words: &'q BTreeMap<String, String>,
) -> Vec<Coded<'q>> {
    let codes = item.meaning.codes().into_iter();
    codes
        .map(|code| Coded {
            system: form.answer_system.as_deref().unwrap_or_default(),
            code,
            display: words.get(code).map_or("", String::as_str),
        })
        .collect()
}
