//! Runs the worked examples of a model, so that a rule file proves itself.

use jiff::civil::{Date, date};

use super::evidence::Known;
use super::{Assessment, Basis, assess_with, evidence};
use crate::profile::{BirthDate, Comparator, Profile, Quantity, Register, Sex};
use crate::rulebook::{
    Cell, Diagnostic, Example, Item, ItemInput, Model, Rulebook, Score, Severity,
};

/// Any day will do: ages are counted back from it.
const INDEX_DATE: Date = date(2025, 6, 15);

/// Evaluates every worked example of every score; each that does not hold is a finding.
#[must_use]
pub fn check_examples(rulebook: &Rulebook) -> Vec<Diagnostic> {
    let all = rulebook
        .models
        .iter()
        .flat_map(|model| model.examples.iter().map(move |example| (model, example)));
    all.filter_map(|(model, example)| check(rulebook, model, example).err())
        .collect()
}

/// What the worked examples of a score without regions give: lowest and highest score, in their order.
///
/// # Errors
///
/// The first example that says something that the score does not know.
pub fn example_ranges(rulebook: &Rulebook, model: &Model) -> Result<Vec<(Score, Score)>, String> {
    let examples = model.examples.iter();
    examples
        .map(|example| {
            let assessment = evaluate(rulebook, model, example)?;
            Ok((assessment.low(), assessment.high()))
        })
        .collect()
}

fn check(rulebook: &Rulebook, model: &Model, example: &Example) -> Result<(), Diagnostic> {
    let finding = |message: String| Diagnostic {
        file: example.file.clone(),
        line: example.line,
        column: 1,
        severity: Severity::Error,
        code: "example-fails",
        message,
        hint: None,
    };
    let region = example.region.as_deref();
    let Some(model) = model.in_region(region) else {
        let known = model.regions().join(", ");
        return Err(finding(format!("the example needs a `region`: {known}")));
    };
    let assessment = evaluate(rulebook, &model, example).map_err(finding)?;
    let used = &model.rung(assessment.rung()).header.id;
    if let Some(wanted) = &example.model
        && wanted != used
    {
        return Err(finding(format!(
            "the example uses `{used}`, it says `{wanted}`"
        )));
    }
    let (low, high) = (assessment.low(), assessment.high());
    let is_near = |found: i32, expected: i32| (found - expected).abs() <= example.within;
    if is_near(low, example.low) && is_near(high, example.high) {
        return Ok(());
    }
    Err(finding(format!(
        "the example gives {}-{}, it says {}-{}",
        model.unit.precise(low),
        model.unit.precise(high),
        model.unit.precise(example.low),
        model.unit.precise(example.high)
    )))
}

/// Scores an example without facts: bands and answers straight from the file.
fn evaluate(rulebook: &Rulebook, model: &Model, example: &Example) -> Result<Assessment, String> {
    let sex = match example.sex.as_deref() {
        Some("male") => Sex::Male,
        Some("female") => Sex::Female,
        None => Sex::Unknown,
        Some(other) => return Err(format!("`{other}` is not a sex")),
    };
    let given = |id: &str| {
        let mut given = example.given.iter();
        given
            .find(|(key, _)| key == id)
            .map(|(_, value)| value.as_str())
    };
    let ages = given("age").map(age).transpose()?;
    for (key, value) in &example.given {
        let items = model.models().flat_map(|model| &model.items);
        let mut items = items.filter(|item| item.id == *key).peekable();
        if items.peek().is_none() && key != "age" {
            return Err(format!("the model has no item `{key}`"));
        }
        for item in items {
            cell(item, value)?;
        }
    }
    // What the example does not give is as unknown as in an empty profile.
    let register = Register {
        sex,
        ..Register::unknown()
    };
    let nobody = Profile::as_of(register, Vec::new(), INDEX_DATE);
    let known = |model: &Model| -> Vec<Known> {
        let items = model.items.iter();
        items
            .map(|item| {
                let unknown = evidence::known(rulebook, &nobody, item);
                match given(&item.id).map(|value| cell(item, value)) {
                    Some(Ok(cell)) => Known {
                        cells: vec![cell],
                        // Only that something is known counts here.
                        basis: Some(Basis::Age(0, 0)),
                        ..unknown
                    },
                    Some(Err(_)) | None => unknown,
                }
            })
            .collect()
    };
    assess_with(model, sex, ages, known)
        .ok_or_else(|| "the model was not made for this age".to_owned())
}

fn age(value: &str) -> Result<(i16, i16), String> {
    let years = value.parse::<i16>().ok().filter(|y| (0..=150).contains(y));
    let years = years.ok_or_else(|| format!("`{value}` is not an age"))?;
    let birth = BirthDate::on(date(INDEX_DATE.year() - years, 1, 1));
    birth
        .age_on(INDEX_DATE)
        .ok_or_else(|| "an age is not negative".to_owned())
}

/// The value of an item, as the example writes it.
fn cell(item: &Item, value: &str) -> Result<Cell, String> {
    match &item.input {
        ItemInput::Age => age(value).map(|_| Cell::Given),
        ItemInput::Sex => Err(format!("`{}` is given as `sex`", item.id)),
        ItemInput::Measure { unit, .. } => {
            let number = value
                .parse::<f64>()
                .map_err(|_| format!("`{value}` is not a number"))?;
            let quantity = Quantity::new(number, *unit, Comparator::Exactly)
                .ok_or_else(|| format!("`{value}` is not a finite number"))?;
            Ok(Cell::At(quantity.value()))
        }
        ItemInput::Answers { options, .. } => {
            let at = options.iter().position(|option| option.answer == value);
            at.map(Cell::Answer)
                .ok_or_else(|| format!("`{}` has no answer `{value}`", item.id))
        }
    }
}
