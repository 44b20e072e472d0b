//! The catalogue of facts: what exists, which codes mean it, what is plausible.

use std::collections::{BTreeMap, BTreeSet};

use super::reader::{Table, number};
use crate::profile::{FactId, Unit};

/// A coding system, as a type: a LOINC code can never be looked up as an ATC code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CodeSystem {
    /// LOINC.
    Loinc,
    /// SNOMED CT.
    Snomed,
    /// ICD-10, Finnish or international.
    Icd10,
    /// ICPC-2, Finnish.
    Icpc2,
    /// ATC.
    Atc,
    /// RxNorm.
    RxNorm,
    /// The Finnish municipalities' laboratory nomenclature.
    Kuntaliitto,
    /// Codes of this programme.
    Programme,
}

impl CodeSystem {
    /// The names used in rule files.
    pub const NAMES: [(&'static str, Self); 8] = [
        ("loinc", Self::Loinc),
        ("snomed", Self::Snomed),
        ("icd-10", Self::Icd10),
        ("icpc-2", Self::Icpc2),
        ("atc", Self::Atc),
        ("rxnorm", Self::RxNorm),
        ("kuntaliitto", Self::Kuntaliitto),
        ("programme", Self::Programme),
    ];
}

/// What kind of statement a fact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactKind {
    /// A measurement with a unit.
    Quantity,
    /// A diagnosis or finding.
    Condition,
    /// A prescription.
    Medication,
    /// One of a list of answers.
    Answer,
    /// What the resident has chosen (a refusal).
    Choice,
}

/// What a laboratory sample may decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Specimen {
    /// A venous laboratory sample.
    Venous,
    /// Capillary, meter, point-of-care, or fasting state unknown: opens a task, decides nothing.
    Lesser,
}

/// One kind of fact.
#[derive(Debug, Clone, PartialEq)]
pub struct FactDefinition {
    /// Its name in rule files and in the lake.
    pub id: String,
    /// Its name in a sentence.
    pub name: String,
    /// Its kind.
    pub kind: FactKind,
    /// For laboratory tests.
    pub specimen: Option<Specimen>,
    /// Units accepted, each with the lowest and highest plausible value.
    pub plausible: Vec<(Unit, f64, f64)>,
    /// The answers, for answers.
    pub answers: Vec<String>,
    /// What to ask when a value is not plausible.
    pub hint: Option<String>,
}

/// Codes of one system: exact codes, and prefixes of which the longest wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Codes {
    exact: BTreeMap<String, FactId>,
    prefixes: BTreeMap<String, FactId>,
}

/// Every kind of fact the rules speak of.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    facts: Vec<FactDefinition>,
    codes: BTreeMap<CodeSystem, Codes>,
    relatives: BTreeMap<String, FactId>,
    relative_conditions: BTreeSet<FactId>,
    questions: BTreeMap<CodeSystem, BTreeMap<String, Vec<FactId>>>,
}

impl Catalogue {
    /// The facts that the value of a question-like code can mean; `None` when no code asks.
    #[must_use]
    pub fn question(&self, codings: &[(CodeSystem, &str)]) -> Option<&[FactId]> {
        let mut asked = codings.iter();
        asked
            .find_map(|(system, code)| self.questions.get(system)?.get(*code))
            .map(Vec::as_slice)
    }

    /// The definition of a fact.
    ///
    /// # Panics
    ///
    /// When the id comes from another catalogue.
    #[must_use]
    pub fn definition(&self, id: FactId) -> &FactDefinition {
        &self.facts[usize::from(id.0)]
    }

    /// Every definition, in the order of [`FactId`].
    #[must_use]
    pub fn definitions(&self) -> &[FactDefinition] {
        &self.facts
    }

    /// Looks a fact up by its name in rule files.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<FactId> {
        let at = self
            .facts
            .binary_search_by(|fact| fact.id.as_str().cmp(id))
            .ok()?;
        u16::try_from(at).ok().map(FactId)
    }

    /// The fact that a code means: an exact code first, else the longest listed prefix.
    #[must_use]
    pub fn meaning(&self, system: CodeSystem, code: &str) -> Option<FactId> {
        let codes = self.codes.get(&system)?;
        if let Some(id) = codes.exact.get(code) {
            return Some(*id);
        }
        (1..=code.len())
            .rev()
            .filter_map(|length| code.get(..length))
            .find_map(|prefix| codes.prefixes.get(prefix))
            .copied()
    }

    /// Whether some fact is that a relative has this condition.
    #[must_use]
    pub fn asks_of_relatives(&self, condition: FactId) -> bool {
        self.relative_conditions.contains(&condition)
    }

    /// Every code that means a fact or asks for one, and whether it stands for all that begin with it.
    pub fn listed_codes(&self) -> impl Iterator<Item = (&str, bool)> {
        let exact = self.codes.values().flat_map(|codes| codes.exact.keys());
        let prefixes = self.codes.values().flat_map(|codes| codes.prefixes.keys());
        let questions = self.questions.values().flat_map(BTreeMap::keys);
        let exact = exact.chain(questions).map(|code| (code.as_str(), false));
        exact.chain(prefixes.map(|code| (code.as_str(), true)))
    }

    /// The fact that a relative's condition means, by the relationship code.
    #[must_use]
    pub fn relative_meaning(&self, relationship: &str, condition: FactId) -> Option<FactId> {
        if !self.asks_of_relatives(condition) {
            return None;
        }
        self.relatives.get(relationship).copied()
    }
}

/// Fact tables and relative tables of one file, before ids are known.
pub(super) struct RawFacts<'a> {
    facts: Vec<(Table<'a>, FactDefinition, Vec<RawCode>)>,
    relatives: Vec<RawRelatives<'a>>,
    questions: Vec<RawQuestion<'a>>,
}

/// A code that asks, and the facts that its values can mean.
struct RawQuestion<'a> {
    table: Table<'a>,
    system: CodeSystem,
    code: String,
    facts: Vec<String>,
}

struct RawRelatives<'a> {
    table: Table<'a>,
    fact: String,
    relationships: Vec<String>,
    conditions: String,
}

struct RawCode {
    system: CodeSystem,
    code: String,
    is_prefix: bool,
}

/// Reads the facts of one file.
pub(super) fn read_facts<'a>(root: &Table<'a>) -> RawFacts<'a> {
    let facts = root
        .tables("fact")
        .into_iter()
        .filter_map(read_fact)
        .collect();
    let relatives = root
        .tables("relatives")
        .into_iter()
        .filter_map(read_relatives)
        .collect();
    let questions = root
        .tables("question")
        .into_iter()
        .filter_map(read_question)
        .collect();
    RawFacts {
        facts,
        relatives,
        questions,
    }
}

fn read_question(table: Table<'_>) -> Option<RawQuestion<'_>> {
    let system = table.word("system", &CodeSystem::NAMES);
    let code = table.text("code");
    let facts: Vec<String> = table
        .texts("facts")
        .into_iter()
        .map(str::to_owned)
        .collect();
    if facts.is_empty() {
        table.report("rule-empty", "`facts` is missing or empty");
    }
    table.finish();
    Some(RawQuestion {
        system: system?,
        code: code?.to_owned(),
        facts,
        table,
    })
}

fn read_relatives(table: Table<'_>) -> Option<RawRelatives<'_>> {
    let fact = table.text("fact");
    let conditions = table.text("conditions");
    let relationships = table.texts("relationships");
    if relationships.is_empty() {
        table.report("rule-empty", "`relationships` is missing or empty");
    }
    table.finish();
    Some(RawRelatives {
        fact: fact?.to_owned(),
        relationships: relationships.into_iter().map(str::to_owned).collect(),
        conditions: conditions?.to_owned(),
        table,
    })
}

fn read_fact(table: Table<'_>) -> Option<(Table<'_>, FactDefinition, Vec<RawCode>)> {
    let id = table.text("id");
    let name = table.text("name");
    let kind = table.word(
        "kind",
        &[
            ("quantity", FactKind::Quantity),
            ("condition", FactKind::Condition),
            ("medication", FactKind::Medication),
            ("answer", FactKind::Answer),
            ("choice", FactKind::Choice),
        ],
    );
    let specimen = table.optional_word(
        "specimen",
        &[("venous", Specimen::Venous), ("lesser", Specimen::Lesser)],
    );
    let plausible = table
        .table("plausible")
        .map(|t| read_plausible(&t))
        .unwrap_or_default();
    let answers: Vec<String> = table
        .texts("answers")
        .into_iter()
        .map(str::to_owned)
        .collect();
    let hint = table.optional_text("hint").map(str::to_owned);
    let codes = table.tables("codes").iter().filter_map(read_code).collect();
    table.note_verification();
    table.finish();
    let kind = kind?;
    if (kind == FactKind::Quantity) == plausible.is_empty() {
        table.report(
            "fact-units",
            "a quantity, and only a quantity, needs `plausible` units",
        );
    }
    if (kind == FactKind::Answer) != (answers.len() >= 2) {
        table.report(
            "fact-answers",
            "an answer, and only an answer, needs two `answers` or more",
        );
    }
    let definition = FactDefinition {
        id: id?.to_owned(),
        name: name?.to_owned(),
        kind,
        specimen,
        plausible,
        answers,
        hint,
    };
    Some((table, definition, codes))
}

fn read_code(table: &Table<'_>) -> Option<RawCode> {
    let system = table.word("system", &CodeSystem::NAMES);
    let exact = table.optional_text("code");
    let prefix = table.optional_text("prefix");
    table.finish();
    let (code, is_prefix) = match (exact, prefix) {
        (Some(code), None) => (code, false),
        (None, Some(code)) => (code, true),
        (Some(_), Some(_)) | (None, None) => {
            table.report("fact-code", "exactly one of `code` and `prefix` is needed");
            return None;
        }
    };
    if code.trim() != code || code.is_empty() {
        table.report(
            "fact-code",
            "a code is not empty and has no blanks around it",
        );
        return None;
    }
    Some(RawCode {
        system: system?,
        code: code.to_owned(),
        is_prefix,
    })
}

/// Reads `{ "unit" = [low, high] }`.
fn read_plausible(table: &Table<'_>) -> Vec<(Unit, f64, f64)> {
    let mut ranges = Vec::new();
    for (key, value) in table.entries() {
        let Some(unit) = Unit::from_ucum(key) else {
            let known: Vec<&str> = Unit::ALL.iter().map(|unit| unit.ucum()).collect();
            table.report_at(
                key,
                "unit-unknown-in-rule",
                format!("`{key}` is not a unit this program knows"),
                Some(super::reader::suggest(key, &known)),
            );
            continue;
        };
        let limits: Vec<f64> = value
            .get_ref()
            .as_array()
            .map(|array| array.iter().filter_map(|v| number(v.get_ref())).collect())
            .unwrap_or_default();
        match limits[..] {
            [low, high] if low < high => ranges.push((unit, low, high)),
            _ => table.value_mistake(value, key, "`[lowest, highest]`"),
        }
    }
    ranges
}

/// Gives facts their ids and builds the code index; doubles are mistakes.
pub(super) fn build(files: Vec<RawFacts<'_>>) -> Catalogue {
    let mut facts = Vec::new();
    let mut relatives = Vec::new();
    let mut questions = Vec::new();
    for file in files {
        facts.extend(file.facts);
        relatives.extend(file.relatives);
        questions.extend(file.questions);
    }
    facts.sort_by(|a, b| a.1.id.cmp(&b.1.id));
    let mut catalogue = Catalogue::default();
    for (table, definition, codes) in facts {
        if catalogue
            .facts
            .last()
            .is_some_and(|last| last.id == definition.id)
        {
            table.report(
                "fact-twice",
                format!("fact `{}` is defined twice", definition.id),
            );
            continue;
        }
        let id = FactId(
            u16::try_from(catalogue.facts.len()).expect("files are too small for 65,536 facts"),
        );
        catalogue.facts.push(definition);
        for code in codes {
            let index = catalogue.codes.entry(code.system).or_default();
            let map = if code.is_prefix {
                &mut index.prefixes
            } else {
                &mut index.exact
            };
            if map
                .insert(code.code.clone(), id)
                .is_some_and(|other| other != id)
            {
                table.report(
                    "fact-code-twice",
                    format!("code `{}` means two facts", code.code),
                );
            }
        }
    }
    for raw in relatives {
        link_relatives(&mut catalogue, &raw);
    }
    for raw in questions {
        let facts: Vec<FactId> = raw
            .facts
            .iter()
            .filter_map(|name| find(&catalogue, &raw.table, "facts", name))
            .collect();
        let is_fact = catalogue.meaning(raw.system, &raw.code).is_some();
        let questions = catalogue.questions.entry(raw.system).or_default();
        if is_fact || questions.insert(raw.code.clone(), facts).is_some() {
            raw.table.report(
                "fact-code-twice",
                format!("code `{}` means two things", raw.code),
            );
        }
    }
    catalogue
}

fn link_relatives(catalogue: &mut Catalogue, raw: &RawRelatives<'_>) {
    let fact = find(catalogue, &raw.table, "fact", &raw.fact);
    let condition = find(catalogue, &raw.table, "conditions", &raw.conditions);
    let (Some(fact), Some(condition)) = (fact, condition) else {
        return;
    };
    catalogue.relative_conditions.insert(condition);
    for relationship in &raw.relationships {
        if catalogue
            .relatives
            .insert(relationship.clone(), fact)
            .is_some()
        {
            raw.table.report(
                "fact-code-twice",
                format!("relationship `{relationship}` is listed twice"),
            );
        }
    }
}

/// Looks a fact up; a name that leads nowhere is a mistake.
pub(super) fn find(
    catalogue: &Catalogue,
    table: &Table<'_>,
    key: &'static str,
    name: &str,
) -> Option<FactId> {
    let found = catalogue.find(name);
    if found.is_none() {
        let known: Vec<&str> = catalogue
            .facts
            .iter()
            .map(|fact| fact.id.as_str())
            .collect();
        table.report_at(
            key,
            "fact-unknown",
            format!("no fact is called `{name}`"),
            Some(super::reader::suggest(name, &known)),
        );
    }
    found
}

/// Reads a key that names a fact.
pub(super) fn fact(catalogue: &Catalogue, table: &Table<'_>, key: &'static str) -> Option<FactId> {
    let name = table.text(key)?;
    find(catalogue, table, key, name)
}
