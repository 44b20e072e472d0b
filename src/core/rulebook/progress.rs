//! Facts that a task tells by how far it is.

use std::collections::BTreeMap;

use super::catalogue::{self, Catalogue, CodeSystem, FactKind};
use super::reader::Table;
use crate::profile::FactId;

/// What tasks of one code tell, by how far they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The fact that they tell.
    pub fact: FactId,
    /// The system of the task's code, and of its business statuses.
    pub system: CodeSystem,
    /// The task's code.
    pub code: String,
    /// Answers of the fact, by position, by the task's status. One that is not here tells nothing.
    pub statuses: BTreeMap<String, u8>,
    /// The same by the task's business status, which goes before its status.
    pub business_statuses: BTreeMap<String, u8>,
}

impl Progress {
    pub(super) fn read(table: &Table<'_>, catalogue: &Catalogue) -> Option<Self> {
        let fact = catalogue::fact(catalogue, table, "fact");
        let system = table.word("system", &CodeSystem::NAMES);
        let code = table.text("code").map(str::to_owned);
        let (by_status, by_business) = (table.table("statuses"), table.table("business_statuses"));
        table.note_verification();
        table.finish();
        let (fact, system, code) = (fact?, system?, code?);
        if catalogue.definition(fact).kind != FactKind::Answer {
            let message = "only a fact with answers can be told by a task";
            table.report_at("fact", "progress-fact", message, None);
            return None;
        }
        let is_known = |other: &Self| (other.system, &other.code) == (system, &code);
        if catalogue.progress.iter().any(is_known) {
            let message = format!("tasks of code `{code}` tell two things");
            table.report_at("code", "fact-code-twice", message, None);
        }
        let answers = |table: Option<Table<'_>>| {
            table.map_or_else(BTreeMap::new, |table| read_answers(&table, catalogue, fact))
        };
        Some(Self {
            fact,
            system,
            code,
            statuses: answers(by_status),
            business_statuses: answers(by_business),
        })
    }
}

fn read_answers(table: &Table<'_>, catalogue: &Catalogue, fact: FactId) -> BTreeMap<String, u8> {
    let known = &catalogue.definition(fact).answers;
    let mut answers = BTreeMap::new();
    for (status, value) in table.entries() {
        let word = value.get_ref().as_str();
        let at = word.and_then(|word| known.iter().position(|answer| answer == word));
        match at.and_then(|at| u8::try_from(at).ok()) {
            Some(at) => drop(answers.insert(status.to_owned(), at)),
            None => {
                let expected = format!("one of: {}", known.join(", "));
                table.value_mistake(value, status, &expected);
            }
        }
    }
    answers
}
