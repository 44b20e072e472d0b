//! Named definitions: what several facts together are called, once for every rule that asks.

use super::catalogue::{Catalogue, FactKind};
use super::model::SignalTest;
use super::reader::Table;
use super::thresholds::{Category, read_unit};
use crate::profile::{FactId, Standing};

/// How surely a signal shows what a definition names, in falling order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strength {
    /// It is so.
    Certain,
    /// It may be so; a professional has to say.
    Doubtful,
    /// It often goes with it and has other reasons.
    Hint,
}

impl Strength {
    /// The words in rule files.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("certain", Self::Certain),
        ("doubtful", Self::Doubtful),
        ("hint", Self::Hint),
    ];
}

/// One fact that shows what a definition names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DefinitionSignal {
    /// The fact.
    pub fact: FactId,
    /// What must be true of it.
    pub test: SignalTest,
    /// Who must stand behind it; `None` for anybody.
    pub standing: Option<Standing>,
    /// How old it may be, in months; `None` for ever.
    pub within_months: Option<u32>,
    /// How surely it shows.
    pub shows: Strength,
}

/// What several facts together are called.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// Its name in rule files.
    pub id: String,
    /// Its name in a sentence.
    pub name: String,
    /// What shows it.
    pub signals: Vec<DefinitionSignal>,
}

impl Definition {
    /// The signals that show it this surely; all of them without a strength.
    pub(super) fn showing(&self, strength: Option<Strength>) -> Vec<DefinitionSignal> {
        let signals = self.signals.iter();
        let wanted = signals.filter(|signal| strength.is_none_or(|only| only == signal.shows));
        wanted.copied().collect()
    }
}

/// Reads a definition; it may take in others that stand before it.
pub(super) fn read(table: &Table<'_>, catalogue: &Catalogue) -> Option<Definition> {
    let id = table.text("id");
    let name = table.text("name");
    let signals: Vec<DefinitionSignal> = table
        .tables("signals")
        .iter()
        .flat_map(|signal| read_signals(signal, catalogue))
        .collect();
    if signals.is_empty() {
        table.report("definition-empty", "`signals` is missing or empty");
    }
    table.note_verification();
    table.finish();
    let id = id?.to_owned();
    if catalogue.definition_of(&id).is_some() {
        table.report("definition-twice", format!("`{id}` is defined twice"));
    }
    Some(Definition {
        id,
        name: name?.to_owned(),
        signals,
    })
}

/// One signal, or all those of a definition that this one takes in.
fn read_signals(table: &Table<'_>, catalogue: &Catalogue) -> Vec<DefinitionSignal> {
    let shows = table.word("shows", &Strength::NAMES);
    if table.has("definition") {
        let taken = named(table, catalogue);
        table.finish();
        let Some((definition, shows)) = taken.zip(shows) else {
            return Vec::new();
        };
        // What may be so there is no surer here.
        let signals = definition.signals.iter();
        let known = signals.filter(|signal| signal.shows != Strength::Hint);
        return known.map(|s| DefinitionSignal { shows, ..*s }).collect();
    }
    let fact = super::catalogue::fact(catalogue, table, "fact");
    let test = fact.and_then(|fact| read_test(table, catalogue, fact));
    let any = [("any", None)];
    let known = STANDINGS.map(|(word, standing)| (word, Some(standing)));
    let words: Vec<(&str, Option<Standing>)> = any.into_iter().chain(known).collect();
    let standing = table.word("standing", &words);
    let within_months: Option<u32> = table.optional_whole("within_months");
    let ever = table.optional_flag("ever").unwrap_or(false);
    if ever == within_months.is_some() {
        let message = "exactly one of `ever = true` and `within_months` is needed";
        table.report("definition-look-back", message);
    }
    table.finish();
    let (Some(fact), Some(test), Some(standing), Some(shows)) = (fact, test, standing, shows)
    else {
        return Vec::new();
    };
    catalogue.prove_look_back(table, fact, within_months);
    vec![DefinitionSignal {
        fact,
        test,
        standing,
        within_months,
        shows,
    }]
}

/// The definition that `definition` names.
pub(super) fn named<'c>(table: &Table<'_>, catalogue: &'c Catalogue) -> Option<&'c Definition> {
    let name = table.text("definition")?;
    let found = catalogue.definition_of(name);
    if found.is_none() {
        let known = catalogue.definitions_named();
        table.report_at(
            "definition",
            "definition-unknown",
            format!("no definition before this is called `{name}`"),
            Some(super::reader::suggest(name, &known)),
        );
    }
    found
}

/// Reads what must be true of a fact: an answer, a category of result, a number from here on, or that
/// it is there.
pub(super) fn read_test(
    table: &Table<'_>,
    catalogue: &Catalogue,
    fact: FactId,
) -> Option<SignalTest> {
    let answer = table.optional_text("answer");
    let category = table.optional_word("category_at_least", &Category::WORDS);
    let from = table
        .optional_number("from")
        .and_then(|from| Some((from, read_unit(table, "unit")?)));
    let definition = catalogue.definition(fact);
    let test = match (answer, category, from) {
        (Some(answer), None, None) => {
            let at = definition.answers.iter().position(|a| a == answer);
            let Some(at) = at.and_then(|at| u8::try_from(at).ok()) else {
                let known: Vec<&str> = definition.answers.iter().map(String::as_str).collect();
                table.report_at(
                    "answer",
                    "answer-unknown",
                    format!("`{}` has no answer `{answer}`", definition.id),
                    Some(super::reader::suggest(answer, &known)),
                );
                return None;
            };
            SignalTest::Answer(at)
        }
        (None, Some(category), None) => SignalTest::CategoryAtLeast(category),
        (None, None, Some((from, unit))) => SignalTest::From(from, unit),
        (None, None, None) => SignalTest::Present,
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
            table.report(
                "signal-test",
                "only one of `answer`, `category_at_least` and `from` can be given",
            );
            return None;
        }
    };
    let expected = match test {
        SignalTest::Answer(_) => definition.kind == FactKind::Answer,
        SignalTest::CategoryAtLeast(_) => definition.kind == FactKind::Quantity,
        SignalTest::From(_, unit) => definition.plausible.iter().any(|(of, _, _)| *of == unit),
        SignalTest::Present => !matches!(definition.kind, FactKind::Answer | FactKind::Quantity),
    };
    if !expected {
        table.report(
            "signal-test",
            format!("`{}` cannot be tested like this", definition.id),
        );
    }
    Some(test)
}

/// Who stands behind a fact, as rules ask for it.
pub(super) const STANDINGS: [(&str, Standing); 3] = [
    ("established", Standing::Established),
    ("unaccepted", Standing::Unaccepted),
    ("self-reported", Standing::SelfReported),
];
