//! Forms: which question means which fact.

use std::collections::BTreeMap;

use super::catalogue::{Catalogue, CodeSystem, FactKind, fact};
use super::header::Header;
use super::model::{Item, ItemInput, MeasureSource, SignalTest};
use super::reader::Table;
use super::thresholds::read_unit;
use crate::profile::{FactId, Unit};

/// A form whose answers become facts.
#[derive(Debug, Clone)]
pub struct Questionnaire {
    /// The head of the file.
    pub header: Header,
    /// Canonical address, without version.
    pub canonical: String,
    /// The versions of the form that the map is for; any where none are named.
    pub versions: Vec<String>,
    /// The coding system of its answers, for a form that is sent.
    pub answer_system: Option<String>,
    /// Its items by link id.
    pub items: BTreeMap<String, QuestionnaireItem>,
}

/// One question.
#[derive(Debug, Clone)]
pub struct QuestionnaireItem {
    /// Its place on the form.
    pub position: usize,
    /// What the question is called in LOINC, where it has a name there.
    pub loinc: Option<String>,
    /// The fact its answer becomes.
    pub fact: FactId,
    /// How the answer is read.
    pub meaning: AnswerMeaning,
}

/// How an answer is read.
#[derive(Debug, Clone)]
pub enum AnswerMeaning {
    /// A number in this unit.
    NumberIn(Unit),
    /// A code; each means one answer of the fact, by position.
    Codes(BTreeMap<String, u8>),
    /// A code; each means that the resident chooses so, or that they do not.
    Choice(BTreeMap<String, Chosen>),
}

/// What an answer says of a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chosen {
    /// The resident chooses so.
    Yes,
    /// They do not; of other submissions it takes nothing back.
    No,
}

impl Chosen {
    /// The words in rule files.
    const NAMES: [(&'static str, Self); 2] = [("chosen", Self::Yes), ("not-chosen", Self::No)];
}

impl AnswerMeaning {
    /// The codes that people choose from, sorted as they are shown; none for a number.
    #[must_use]
    pub fn codes(&self) -> Vec<&str> {
        match self {
            Self::NumberIn(_) => Vec::new(),
            Self::Codes(codes) => {
                let mut codes: Vec<(&String, &u8)> = codes.iter().collect();
                codes.sort_by_key(|(_, at)| **at);
                codes.into_iter().map(|(code, _)| code.as_str()).collect()
            }
            Self::Choice(codes) => codes.keys().map(String::as_str).collect(),
        }
    }
}

impl Questionnaire {
    pub(super) fn read(root: &Table<'_>, catalogue: &Catalogue) -> Option<Self> {
        let header = Header::read(root);
        let canonical = root.text("questionnaire");
        let answer_system = root.optional_text("answer_system");
        let versions: Vec<String> = root
            .texts("versions")
            .into_iter()
            .map(str::to_owned)
            .collect();
        if root.has("versions") && versions.is_empty() {
            let message = "no version is named: leave `versions` out where the map is for all";
            root.report_at("versions", "form-versions", message, None);
        }
        let mut items = BTreeMap::new();
        for (position, table) in root.tables("item").into_iter().enumerate() {
            let link_id = table.text("link_id");
            let item = read_item(&table, catalogue, position);
            table.finish();
            if let (Some(link_id), Some(item)) = (link_id, item)
                && items.insert(link_id.to_owned(), item).is_some()
            {
                table.report("item-twice", format!("`{link_id}` is there twice"));
            }
        }
        root.finish();
        Some(Self {
            header: header?,
            canonical: canonical?.to_owned(),
            versions,
            answer_system: answer_system.map(str::to_owned),
            items,
        })
    }

    /// The questions whose answers say what an item of a score needs to know, in the form's order;
    /// none when the form does not ask it.
    #[must_use]
    pub fn questions_about(&self, item: &Item) -> Vec<(&str, &QuestionnaireItem)> {
        let facts = facts_asked_of_people(item);
        let items = self.items.iter();
        let mut found: Vec<(&str, &QuestionnaireItem)> = items
            .filter(|(_, question)| facts.contains(&question.fact))
            .map(|(link_id, question)| (link_id.as_str(), question))
            .collect();
        found.sort_by_key(|(_, question)| question.position);
        found
    }
}

impl Item {
    /// Whether only a laboratory can say it, so that no resident is asked for it.
    #[must_use]
    pub fn is_laboratory(&self, catalogue: &Catalogue) -> bool {
        let facts = facts_asked_of_people(self);
        let is_sample = |fact: &FactId| catalogue.definition(*fact).specimen.is_some();
        !facts.is_empty() && facts.iter().all(is_sample)
    }
}

/// The facts of an item that somebody can be asked for.
fn facts_asked_of_people(item: &Item) -> Vec<FactId> {
    match &item.input {
        ItemInput::Age | ItemInput::Sex => Vec::new(),
        ItemInput::Measure { sources, .. } => sources
            .iter()
            .flat_map(|source| match source {
                MeasureSource::Fact { fact, .. } => vec![*fact],
                MeasureSource::MassOverHeightSquared { mass, height, .. } => vec![*mass, *height],
            })
            .collect(),
        ItemInput::Answers { signals, .. } => signals
            .iter()
            .filter(|signal| matches!(signal.test, SignalTest::Answer(_)))
            .map(|signal| signal.fact)
            .collect(),
    }
}

/// A question must not be called by the code of another fact than its answer becomes.
fn prove_code(table: &Table<'_>, catalogue: &Catalogue, fact: FactId, code: &str) {
    let other = catalogue.meaning(CodeSystem::Loinc, code);
    if let Some(other) = other.filter(|other| *other != fact) {
        let name = &catalogue.definition(other).id;
        let message = format!("LOINC `{code}` means `{name}`, and the answer becomes another fact");
        table.report_at("loinc", "item-code", message, None);
    }
}

fn read_item(
    table: &Table<'_>,
    catalogue: &Catalogue,
    position: usize,
) -> Option<QuestionnaireItem> {
    let fact = fact(catalogue, table, "fact");
    let unit = if table.has("unit") {
        read_unit(table, "unit")
    } else {
        None
    };
    let answers = table.table("answers");
    let loinc = table.optional_text("loinc").map(str::to_owned);
    let fact = fact?;
    if let Some(code) = &loinc {
        prove_code(table, catalogue, fact, code);
    }
    let definition = catalogue.definition(fact);
    let meaning = match (definition.kind, unit, answers) {
        (FactKind::Quantity, Some(unit), None) => {
            if !definition
                .plausible
                .iter()
                .any(|(known, _, _)| *known == unit)
            {
                table.report_at(
                    "unit",
                    "item-unit",
                    format!("`{}` is not measured in {unit}", definition.id),
                    None,
                );
            }
            AnswerMeaning::NumberIn(unit)
        }
        (FactKind::Answer, None, Some(answers)) => {
            let mut codes = BTreeMap::new();
            for (code, value) in answers.entries() {
                let at = value
                    .get_ref()
                    .as_str()
                    .and_then(|text| definition.answers.iter().position(|a| a == text))
                    .and_then(|at| u8::try_from(at).ok());
                match at {
                    Some(at) => drop(codes.insert(code.to_owned(), at)),
                    None => answers.value_mistake(
                        value,
                        code,
                        &format!("one of: {}", definition.answers.join(", ")),
                    ),
                }
            }
            AnswerMeaning::Codes(codes)
        }
        (FactKind::Choice, None, Some(answers)) => {
            let mut codes = BTreeMap::new();
            for (code, value) in answers.entries() {
                let word = value.get_ref().as_str();
                let known = Chosen::NAMES.iter().find(|(name, _)| word == Some(name));
                match known {
                    Some((_, chosen)) => drop(codes.insert(code.to_owned(), *chosen)),
                    None => answers.value_mistake(value, code, "one of: chosen, not-chosen"),
                }
            }
            AnswerMeaning::Choice(codes)
        }
        _ => {
            table.report(
                "item-reading",
                "a quantity needs `unit`, an answer or a choice needs `answers`",
            );
            return None;
        }
    };
    Some(QuestionnaireItem {
        position,
        loinc,
        fact,
        meaning,
    })
}
