//! Reads the items, signals and examples of a points model.

use super::bands::Bands;
use super::catalogue::{Catalogue, FactKind, fact};
use super::model::{
    AnswerOption, Example, Item, ItemInput, MeasureBands, MeasureSource, Resolve, Signal,
    SignalTest,
};
use super::reader::Table;
use super::thresholds::{Category, read_unit};
use crate::profile::Unit;

/// Widest range of scores: sets of scores are kept in 128 bits.
pub(super) const MOST_SPAN: i32 = 120;
/// Most points an item can give or take: scores span fewer than 128 points.
const MOST_POINTS: i16 = 100;

/// Reads `points`, within what a score can hold.
fn read_points(table: &Table<'_>) -> Option<i16> {
    let points: i16 = table.whole("points")?;
    if !(-MOST_POINTS..=MOST_POINTS).contains(&points) {
        let message = format!("{points} points are outside -{MOST_POINTS} to {MOST_POINTS}");
        table.report_at("points", "item-points", message, None);
        return None;
    }
    Some(points)
}

pub(super) fn read_item(table: &Table<'_>, catalogue: &Catalogue) -> Option<Item> {
    let id = table.text("id");
    let name = table.text("name");
    let question = table.whole("question");
    let no_evidence = table.optional_text("no_evidence").map(str::to_owned);
    if let Some(freshness) = table.table("freshness") {
        freshness.note_verification();
        freshness.finish();
    }
    let input = if table.has("answers") {
        read_answers(table, catalogue)
    } else {
        read_measure(table, catalogue)
    };
    table.finish();
    let item = Item {
        id: id?.to_owned(),
        name: name?.to_owned(),
        question: question?,
        input: input?,
        no_evidence,
    };
    if item.no_evidence.is_none() && !matches!(item.input, ItemInput::Age(_)) {
        table.report(
            "item-without-evidence-of-no",
            "`no_evidence` is missing: what counts as evidence of no, and what leaves the item unknown?",
        );
    }
    Some(item)
}

fn read_measure(table: &Table<'_>, catalogue: &Catalogue) -> Option<ItemInput> {
    let measure = table.text("measure");
    let unit = read_unit(table, "unit");
    let points = read_points;
    if measure == Some("age") {
        if unit.is_some_and(|unit| unit != Unit::Year) {
            table.report_at("unit", "item-unit", "age is counted in years, `a`", None);
        }
        return Bands::read(table, "bands", points).map(ItemInput::Age);
    }
    let bands = if let Some(by_sex) = table.table("bands_by_sex") {
        let male = Bands::read(&by_sex, "male", points);
        let female = Bands::read(&by_sex, "female", points);
        by_sex.finish();
        Some(MeasureBands::BySex {
            male: male?,
            female: female?,
        })
    } else {
        Bands::read(table, "bands", points).map(MeasureBands::Common)
    };
    let sources: Vec<MeasureSource> = table
        .tables("from_facts")
        .iter()
        .filter_map(|t| read_source(t, catalogue))
        .collect();
    if sources.is_empty() {
        table.report("item-without-facts", "`from_facts` is missing or empty");
    }
    for source in &sources {
        prove_units(table, catalogue, unit, *source);
    }
    measure?;
    Some(ItemInput::Measure {
        unit: unit?,
        bands: bands?,
        sources,
    })
}

/// A measurement that can never be brought to the item's unit would leave the item unknown for ever.
fn prove_units(
    table: &Table<'_>,
    catalogue: &Catalogue,
    unit: Option<Unit>,
    source: MeasureSource,
) {
    let Some(unit) = unit else { return };
    let needs = match source {
        MeasureSource::Fact { fact, .. } => vec![(fact, unit)],
        MeasureSource::MassOverHeightSquared { mass, height, .. } => {
            if unit != Unit::KgPerSquareMetre {
                table.report_at(
                    "unit",
                    "item-unit",
                    "mass over height squared is in kg/m2",
                    None,
                );
            }
            vec![(mass, Unit::Kilogram), (height, Unit::Centimetre)]
        }
    };
    for (fact, wanted) in needs {
        let definition = catalogue.definition(fact);
        for (given, _, _) in &definition.plausible {
            if given.convert(1.0, wanted).is_none() {
                let name = &definition.id;
                let message = format!("`{name}` in {given} cannot be brought to {wanted}");
                table.report_at("unit", "item-unit", message, None);
            }
        }
    }
}

fn read_source(table: &Table<'_>, catalogue: &Catalogue) -> Option<MeasureSource> {
    let within_months = table.optional_whole("within_months");
    let source = if table.has("mass") {
        let mass = fact(catalogue, table, "mass");
        let height = fact(catalogue, table, "height");
        let height_from_age = table.whole("height_from_age");
        table.finish();
        MeasureSource::MassOverHeightSquared {
            mass: mass?,
            height: height?,
            height_from_age: height_from_age?,
            within_months,
        }
    } else {
        let fact = fact(catalogue, table, "fact");
        table.finish();
        MeasureSource::Fact {
            fact: fact?,
            within_months,
        }
    };
    Some(source)
}

fn read_answers(table: &Table<'_>, catalogue: &Catalogue) -> Option<ItemInput> {
    let tables = table.tables("answers");
    let options: Vec<AnswerOption> = tables
        .iter()
        .filter_map(|t| {
            let answer = t.text("answer");
            let points = read_points(t);
            let reads = t.text("reads");
            t.finish();
            Some(AnswerOption {
                answer: answer?.to_owned(),
                points: points?,
                reads: reads?.to_owned(),
            })
        })
        .collect();
    if options.len() < 2 || options.len() < tables.len() {
        table.report("item-answers", "two `answers` or more are needed");
        return None;
    }
    if options
        .windows(2)
        .any(|pair| pair[1].points < pair[0].points)
    {
        table.report_at(
            "answers",
            "item-answers",
            "answers stand in rising order of points",
            None,
        );
    }
    let resolve = table.word(
        "resolve",
        &[
            ("latest", Resolve::Latest),
            ("strongest", Resolve::Strongest),
        ],
    );
    let signals: Vec<Signal> = table
        .tables("signals")
        .iter()
        .filter_map(|t| read_signal(t, catalogue, &options))
        .collect();
    for (n, option) in options.iter().enumerate() {
        if !signals.iter().any(|signal| signal.means == n) {
            table.report(
                "item-answer-without-signal",
                format!("no signal ever means `{}`", option.answer),
            );
        }
    }
    Some(ItemInput::Answers {
        options,
        resolve: resolve?,
        signals,
    })
}

fn read_signal(
    table: &Table<'_>,
    catalogue: &Catalogue,
    options: &[AnswerOption],
) -> Option<Signal> {
    let fact = fact(catalogue, table, "fact");
    let answer = table.optional_text("answer");
    let category = table.optional_word("category_at_least", &Category::WORDS);
    let means = table.text("means");
    let at_least = table.optional_flag("at_least").unwrap_or(false);
    let within_months = table.optional_whole("within_months");
    table.finish();
    let fact = fact?;
    let definition = catalogue.definition(fact);
    let test = match (answer, category) {
        (Some(answer), None) => {
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
        (None, Some(category)) => SignalTest::CategoryAtLeast(category),
        (None, None) => SignalTest::Present,
        (Some(_), Some(_)) => {
            table.report(
                "signal-test",
                "`answer` and `category_at_least` cannot both be given",
            );
            return None;
        }
    };
    let expected = match test {
        SignalTest::Answer(_) => definition.kind == FactKind::Answer,
        SignalTest::CategoryAtLeast(_) => definition.kind == FactKind::Quantity,
        SignalTest::Present => !matches!(definition.kind, FactKind::Answer | FactKind::Quantity),
    };
    if !expected {
        table.report(
            "signal-test",
            format!("`{}` cannot be tested like this", definition.id),
        );
    }
    let means = means?;
    let Some(means) = options.iter().position(|option| option.answer == means) else {
        let known: Vec<&str> = options
            .iter()
            .map(|option| option.answer.as_str())
            .collect();
        table.report_at(
            "means",
            "answer-unknown",
            format!("this item has no answer `{means}`"),
            Some(super::reader::suggest(means, &known)),
        );
        return None;
    };
    Some(Signal {
        fact,
        test,
        means,
        at_least,
        within_months,
    })
}

pub(super) fn read_example(table: &Table<'_>, root: &Table<'_>) -> Option<Example> {
    let given_table = table.required_table("given");
    let low = table.whole("low");
    let high = table.whole("high");
    let why = table.text("why");
    table.finish();
    let mut given = Vec::new();
    let mut sex = None;
    for (key, value) in given_table.as_ref()?.entries() {
        match value.get_ref().as_str() {
            Some(text) if key == "sex" => sex = Some(text.to_owned()),
            Some(text) => given.push((key.to_owned(), text.to_owned())),
            None => given_table
                .as_ref()?
                .value_mistake(value, key, "a text in quotes"),
        }
    }
    why?;
    let line = root
        .document
        .file
        .text
        .get(..table.span().start)
        .map_or(1, |t| t.matches('\n').count() + 1);
    let file = root.document.file.path.clone();
    Some(Example {
        line,
        file,
        sex,
        given,
        low: low?,
        high: high?,
    })
}
