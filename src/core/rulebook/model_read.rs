//! Reads the items and signals of a model.

use super::catalogue::{Catalogue, fact};
use super::definitions::{named, read_test};
use super::model::{
    Amount, AnswerOption, Item, ItemInput, MeasureSource, Resolve, ScoreUnit, Signal, SignalTest,
};
use super::reader::Table;
use super::term::{
    BySex, ItemIndex, Kind, Term, Transform, Weights, read_bands, read_term, read_weight_by_sex,
};
use super::thresholds::read_unit;
use crate::profile::{FactId, Standing, Unit};

/// Widest range of scores: sets of scores are kept in 128 bits.
pub(super) const MOST_SPAN: Amount = 120;

/// What items are counted in, and which other items there are.
#[derive(Clone, Copy)]
pub(super) struct Scale<'i> {
    pub(super) unit: ScoreUnit,
    pub(super) index: &'i ItemIndex,
}

/// Ids of items with their answers; mistakes in them are reported where the items are read.
pub(super) fn index(tables: &[Table<'_>]) -> Vec<(String, Vec<String>)> {
    let text = |table: &Table<'_>, key: &str| {
        let entries = table.entries();
        let found = entries.iter().find(|(name, _)| *name == key)?;
        found.1.get_ref().as_str().map(str::to_owned)
    };
    let of = |table: &Table<'_>| {
        let answers = if table.has("answers") {
            table.quiet_tables("answers")
        } else {
            Vec::new()
        };
        let answers = answers.iter().filter_map(|answer| text(answer, "answer"));
        (text(table, "id").unwrap_or_default(), answers.collect())
    };
    tables.iter().map(of).collect()
}

pub(super) fn read_item(
    table: &Table<'_>,
    catalogue: &Catalogue,
    scale: Scale<'_>,
) -> Option<Item> {
    let id = table.text("id");
    let name = table.text("name");
    let question = table.whole("question");
    let no_evidence = table.optional_text("no_evidence").map(str::to_owned);
    let highest = table.optional_text("highest").map(str::to_owned);
    if let Some(freshness) = table.table("freshness") {
        freshness.note_verification();
        freshness.finish();
    }
    let read = if table.has("answers") {
        read_answers(table, catalogue, scale)
    } else {
        read_measure(table, catalogue, scale)
    };
    table.finish();
    let (input, terms) = read?;
    let item = Item {
        id: id?.to_owned(),
        name: name?.to_owned(),
        question: question?,
        input,
        terms,
        highest,
        no_evidence,
    };
    if item.no_evidence.is_none() && !item.is_given() {
        table.report(
            "item-without-evidence-of-no",
            "`no_evidence` is missing: what counts as evidence of no, and what leaves the item unknown?",
        );
    }
    prove_terms(table, &item);
    Some(item)
}

/// Between the ends of what a number can be, its item must only rise or only fall.
fn prove_terms(table: &Table<'_>, item: &Item) {
    let transform = |term: &Term| match term.weights.male {
        Weights::Line { transform, .. } => Some(transform == Transform::Ln),
        Weights::Constant(_) | Weights::Answers(_) | Weights::Bands(_) => None,
    };
    let mut transforms = item.terms.iter().map(transform);
    let first = transforms.next().flatten();
    if !item.is_given() && transforms.any(|other| other != first) {
        table.report(
            "item-shape",
            "the terms of a number are all bands, all `ln`, or all without `ln`: else the score would not only rise or fall with it",
        );
    }
    if item.is_given() && item.terms.iter().any(|term| !term.when.is_empty()) {
        table.report("term-when", "what age and sex add waits for no answer");
    }
    if (item.is_given() || item.is_line()) && item.highest.is_some() {
        let message = "`highest` is for answers and bands";
        table.report_at("highest", "item-shape", message, None);
    }
}

/// The terms of an item: those that stand in it, and its `[[item.term]]`.
fn read_terms(
    table: &Table<'_>,
    kind: Kind<'_>,
    own: Option<BySex<Weights>>,
    scale: Scale<'_>,
) -> Option<Vec<Term>> {
    let tables = table.tables("term");
    let more: Vec<Term> = tables
        .iter()
        .filter_map(|t| read_term(t, kind, scale.unit, scale.index))
        .collect();
    if more.len() < tables.len() {
        return None;
    }
    let own = own.map(|weights| Term {
        weights,
        times_age: None,
        when: Vec::new(),
    });
    Some(own.into_iter().chain(more).collect())
}

/// Where an item is known from, and what it adds.
type Read = (ItemInput, Vec<Term>);

fn read_measure(table: &Table<'_>, catalogue: &Catalogue, scale: Scale<'_>) -> Option<Read> {
    let measure = table.text("measure");
    if measure == Some("sex") {
        let weights = read_weight_by_sex(table, scale.unit)?;
        let own = BySex {
            male: Weights::Constant(weights.male),
            female: Weights::Constant(weights.female),
        };
        let terms = read_terms(table, Kind::Sex, Some(own), scale)?;
        return Some((ItemInput::Sex, terms));
    }
    let unit = read_unit(table, "unit");
    let own = if table.has("term") {
        Some(None)
    } else {
        read_bands(table, scale.unit).map(Some)
    };
    let terms = own.and_then(|own| read_terms(table, Kind::Number, own, scale));
    if measure == Some("age") {
        if unit.is_some_and(|unit| unit != Unit::Year) {
            table.report_at("unit", "item-unit", "age is counted in years, `a`", None);
        }
        return Some((ItemInput::Age, terms?));
    }
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
    let (unit, terms) = (unit?, terms?);
    let range = if terms.iter().any(Term::is_line) {
        Some(read_plausible(table, catalogue, unit, &sources, &terms)?)
    } else {
        None
    };
    let input = ItemInput::Measure {
        unit,
        sources,
        range,
    };
    Some((input, terms))
}

/// What a number can be while it is not known: what is plausible of its first fact.
fn read_plausible(
    table: &Table<'_>,
    catalogue: &Catalogue,
    unit: Unit,
    sources: &[MeasureSource],
    terms: &[Term],
) -> Option<(f64, f64)> {
    let range = sources.iter().find_map(|source| match source {
        MeasureSource::Fact { fact, .. } => {
            let plausible = &catalogue.definition(*fact).plausible;
            let own = plausible.iter().find(|(of, _, _)| *of == unit);
            own.map(|(_, low, high)| (*low, *high))
        }
        MeasureSource::MassOverHeightSquared { .. } => None,
    });
    let Some(range) = range else {
        table.report_at(
            "from_facts",
            "item-range",
            format!(
                "no fact says what is plausible in {unit}, so an unknown value would have no range"
            ),
            None,
        );
        return None;
    };
    // Of whichever fact it is known: no number of them is at 0 or below.
    let can_be_nought = sources.iter().any(|source| match source {
        MeasureSource::Fact { fact, .. } => {
            let plausible = &catalogue.definition(*fact).plausible;
            plausible.iter().any(|(_, low, _)| *low <= 0.0)
        }
        MeasureSource::MassOverHeightSquared { mass, height, .. } => {
            let facts = [mass, height].into_iter();
            let mut plausible = facts.flat_map(|fact| &catalogue.definition(*fact).plausible);
            plausible.any(|(_, low, _)| *low <= 0.0)
        }
    });
    if terms.iter().any(Term::is_ln) && can_be_nought {
        table.report_at(
            "from_facts",
            "item-range",
            "`ln` needs numbers above 0, and 0 is plausible",
            None,
        );
        return None;
    }
    Some(range)
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
        MeasureSource::Fact { fact, factor, .. } => {
            let plausible = &catalogue.definition(fact).plausible;
            let by_factor = factor.map(|(unit, _)| unit);
            if let Some((given, _, _)) = plausible.iter().find(|(given, _, _)| {
                given.convert(1.0, unit).is_none() && Some(*given) != by_factor
            }) {
                let name = &catalogue.definition(fact).id;
                let message = format!("`{name}` in {given} cannot be brought to {unit}");
                table.report_at("unit", "item-unit", message, None);
            }
            Vec::new()
        }
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
        let within_months = mass.and_then(|mass| catalogue.look_back(table, mass, within_months));
        table.finish();
        MeasureSource::MassOverHeightSquared {
            mass: mass?,
            height: height?,
            height_from_age: height_from_age?,
            within_months,
        }
    } else {
        let fact = fact(catalogue, table, "fact");
        let factor = table.table("factor").map(|t| read_factor(&t));
        let within_months = fact.and_then(|fact| catalogue.look_back(table, fact, within_months));
        table.finish();
        let factor = match factor {
            Some(read) => Some(read?),
            None => None,
        };
        MeasureSource::Fact {
            fact: fact?,
            factor,
            within_months,
        }
    };
    Some(source)
}

/// Reads `{ unit = "mg/dL", times = 0.02586 }`.
fn read_factor(table: &Table<'_>) -> Option<(Unit, f64)> {
    let unit = read_unit(table, "unit");
    let times = table.number("times");
    table.note_verification();
    table.finish();
    let times = times?;
    if times <= 0.0 {
        table.report_at("times", "item-unit", "`times` is above 0", None);
        return None;
    }
    Some((unit?, times))
}

fn read_answers(table: &Table<'_>, catalogue: &Catalogue, scale: Scale<'_>) -> Option<Read> {
    let tables = table.tables("answers");
    let (options, weights): (Vec<AnswerOption>, Vec<BySex<f64>>) = tables
        .iter()
        .filter_map(|t| {
            let answer = t.text("answer");
            let weight = read_weight_by_sex(t, scale.unit);
            let reads = t.text("reads");
            t.finish();
            let option = AnswerOption {
                answer: answer?.to_owned(),
                reads: reads?.to_owned(),
            };
            Some((option, weight?))
        })
        .unzip();
    if options.len() < 2 || options.len() < tables.len() {
        table.report("item-answers", "two `answers` or more are needed");
        return None;
    }
    let is_falling = weights
        .windows(2)
        .any(|pair| pair[1].male < pair[0].male || pair[1].female < pair[0].female);
    if scale.unit == ScoreUnit::Points && is_falling {
        table.report_at(
            "answers",
            "item-answers",
            "answers stand in rising order of points",
            None,
        );
    }
    let own = BySex {
        male: Weights::Answers(weights.iter().map(|weight| weight.male).collect()),
        female: Weights::Answers(weights.iter().map(|weight| weight.female).collect()),
    };
    let names: Vec<String> = options.iter().map(|option| option.answer.clone()).collect();
    let terms = read_terms(table, Kind::Answers(&names), Some(own), scale);
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
        .flat_map(|t| read_signals(t, catalogue, &options))
        .collect();
    for (n, option) in options.iter().enumerate() {
        if !signals.iter().any(|signal| signal.means == n) {
            table.report(
                "item-answer-without-signal",
                format!("no signal ever means `{}`", option.answer),
            );
        }
    }
    let input = ItemInput::Answers {
        options,
        resolve: resolve?,
        signals,
    };
    Some((input, terms?))
}

/// One signal, or all those of the definition that it names.
fn read_signals(table: &Table<'_>, catalogue: &Catalogue, options: &[AnswerOption]) -> Vec<Signal> {
    let means = table.text("means");
    let at_least = table.optional_flag("at_least").unwrap_or(false);
    let is_named = table.has("definition");
    let tests: Vec<(FactId, SignalTest, Option<Standing>, Option<u32>)> = if is_named {
        let definition = named(table, catalogue);
        let signals = definition.map_or(&[][..], |definition| &definition.signals);
        let each = signals.iter();
        each.map(|s| (s.fact, s.test, s.standing, s.within_months))
            .collect()
    } else {
        let fact = fact(catalogue, table, "fact");
        let test = fact.and_then(|fact| read_test(table, catalogue, fact));
        let within_months = table.optional_whole("within_months");
        let within_months = fact.and_then(|fact| catalogue.look_back(table, fact, within_months));
        let both = fact.zip(test);
        both.map(|(fact, test)| (fact, test, None, within_months))
            .into_iter()
            .collect()
    };
    table.finish();
    let Some(means) = means else {
        return Vec::new();
    };
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
        return Vec::new();
    };
    let signals = tests.into_iter();
    signals
        .map(|(fact, test, standing, within_months)| Signal {
            fact,
            test,
            standing,
            means,
            at_least,
            within_months,
        })
        .collect()
}
