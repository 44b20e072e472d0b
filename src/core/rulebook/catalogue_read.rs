//! Reads the facts of the rules, and builds the catalogue.

use super::catalogue::{Catalogue, CodeSystem, FactDefinition, FactKind, Specimen, find};
use super::definitions;
use super::progress::Progress;
use super::reader::{Table, number};
use super::vocabulary::Vocabulary;
use crate::profile::{FactId, Unit};

/// Fact tables and relative tables of one file, before ids are known.
pub(super) struct RawFacts<'a> {
    facts: Vec<(Table<'a>, FactDefinition, Vec<RawCode>)>,
    relatives: Vec<RawRelatives<'a>>,
    questions: Vec<RawQuestion<'a>>,
    definitions: Vec<Table<'a>>,
    orders: Vec<Table<'a>>,
    progress: Vec<Table<'a>>,
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
    laboratory: Option<String>,
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
        definitions: root.tables("definition"),
        orders: root.tables("order_of"),
        progress: root.tables("progress"),
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
    let look_back = read_look_back(&table);
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
        look_back_months: look_back?,
    };
    Some((table, definition, codes))
}

/// How old a fact of this kind may be: `look_back = "ever"`, or months.
fn read_look_back(table: &Table<'_>) -> Option<Option<u32>> {
    let months = table.optional_whole("look_back_months");
    let ever = table.optional_word("look_back", &[("ever", ())]);
    match (months, ever) {
        (Some(months), None) => Some(Some(months)),
        (None, Some(())) => Some(None),
        (Some(_), Some(())) | (None, None) => {
            table.report(
                "fact-look-back",
                "exactly one of `look_back = \"ever\"` and `look_back_months` is needed",
            );
            None
        }
    }
}

fn read_code(table: &Table<'_>) -> Option<RawCode> {
    let system = table.word("system", &CodeSystem::NAMES);
    let exact = table.optional_text("code");
    let prefix = table.optional_text("prefix");
    let laboratory = table.optional_text("laboratory").map(str::to_owned);
    table.note_verification();
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
    if laboratory.is_some() && is_prefix {
        table.report(
            "fact-code",
            "a laboratory's own meaning is of one code, not of a `prefix`",
        );
    }
    Some(RawCode {
        system: system?,
        code: code.to_owned(),
        is_prefix,
        laboratory,
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
pub(super) fn build(files: Vec<RawFacts<'_>>, vocabulary: Vocabulary) -> Catalogue {
    let mut facts = Vec::new();
    let mut relatives = Vec::new();
    let mut questions = Vec::new();
    let mut named = Vec::new();
    let mut orders = Vec::new();
    let mut progress = Vec::new();
    for file in files {
        facts.extend(file.facts);
        relatives.extend(file.relatives);
        questions.extend(file.questions);
        named.extend(file.definitions);
        orders.extend(file.orders);
        progress.extend(file.progress);
    }
    facts.sort_by(|a, b| a.1.id.cmp(&b.1.id));
    let mut catalogue = Catalogue {
        vocabulary,
        ..Catalogue::default()
    };
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
            add_code(&mut catalogue, &table, id, code);
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
    for table in &orders {
        link_orders(&mut catalogue, table);
    }
    for table in &progress {
        let read = Progress::read(table, &catalogue);
        catalogue.progress.extend(read);
    }
    for table in &named {
        if let Some(definition) = definitions::read(table, &catalogue) {
            catalogue.named.push(definition);
        }
    }
    catalogue
}

/// Gives a code its meaning; one with two meanings is a mistake, also when only one laboratory gives
/// it the second.
fn add_code(catalogue: &mut Catalogue, table: &Table<'_>, id: FactId, raw: RawCode) {
    let RawCode {
        system,
        code,
        is_prefix,
        laboratory,
    } = raw;
    let vocabulary = &catalogue.vocabulary;
    vocabulary.prove_pinned(table, system);
    let laboratory = laboratory.map(|name| {
        let found = vocabulary.laboratory(&name);
        if found.is_none() {
            let known: Vec<&str> = vocabulary.laboratories.iter().map(|l| &*l.id).collect();
            table.report_at(
                "codes",
                "laboratory-unknown",
                format!("no laboratory is called `{name}`"),
                Some(super::reader::suggest(&name, &known)),
            );
        }
        found
    });
    let mut ambiguous = vocabulary.ambiguous.iter();
    let is_ambiguous = ambiguous.any(|other| other.system == system && other.code == code);
    if is_ambiguous && laboratory.is_none() {
        let message =
            format!("code `{code}` is listed as ambiguous and mapped for every laboratory");
        table.report("fact-code-ambiguous", message);
    }
    let index = catalogue.codes.entry(system).or_default();
    let before = match laboratory {
        Some(None) => None,
        Some(Some(laboratory)) => {
            let before = index.of_laboratory.insert((code.clone(), laboratory), id);
            before.or(index.exact.get(&code).copied())
        }
        None if is_prefix => index.prefixes.insert(code.clone(), id),
        None => {
            let mut elsewhere = index.of_laboratory.iter();
            let elsewhere = elsewhere.find(|((known, _), other)| *known == code && **other != id);
            let elsewhere = elsewhere.map(|(_, other)| *other);
            index.exact.insert(code.clone(), id).or(elsewhere)
        }
    };
    if before.is_some_and(|other| other != id) {
        table.report("fact-code-twice", format!("code `{code}` means two facts"));
    }
}

/// Reads which fact an open order of some tests is.
fn link_orders(catalogue: &mut Catalogue, table: &Table<'_>) {
    let fact = super::catalogue::fact(catalogue, table, "fact");
    let names = table.texts("tests");
    if names.is_empty() {
        table.report("rule-empty", "`tests` is missing or empty");
    }
    table.finish();
    for name in names {
        let test = find(catalogue, table, "tests", name);
        if let Some((fact, test)) = fact.zip(test)
            && catalogue.orders.insert(test, fact).is_some()
        {
            table.report(
                "order-of-twice",
                format!("orders of `{name}` mean two facts"),
            );
        }
    }
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
