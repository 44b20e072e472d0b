//! Runs the worked examples of a model, so that a rule file proves itself.

use jiff::civil::{Date, date};

use super::{Assessment, ItemResult, PointSet, assess};
use crate::profile::{BirthDate, Comparator, Profile, Quantity, Register, Sex};
use crate::rulebook::{Diagnostic, Example, Item, ItemInput, MeasureBands, Rulebook, Severity};

/// Any day will do: ages are counted back from it.
const INDEX_DATE: Date = date(2025, 6, 15);

/// Evaluates every worked example; each that does not hold is a finding.
#[must_use]
pub fn check_examples(rulebook: &Rulebook) -> Vec<Diagnostic> {
    rulebook
        .model
        .examples
        .iter()
        .filter_map(|example| check(rulebook, example).err())
        .collect()
}

fn check(rulebook: &Rulebook, example: &Example) -> Result<(), Diagnostic> {
    let finding = |message: String| Diagnostic {
        file: example.file.clone(),
        line: example.line,
        column: 1,
        severity: Severity::Error,
        code: "example-fails",
        message,
        hint: None,
    };
    let assessment = evaluate(rulebook, example).map_err(finding)?;
    if (assessment.low(), assessment.high()) == (example.low, example.high) {
        return Ok(());
    }
    Err(finding(format!(
        "the example gives {}-{}, it says {}-{}",
        assessment.low(),
        assessment.high(),
        example.low,
        example.high
    )))
}

/// Scores an example without facts: bands and answers straight from the file.
fn evaluate(rulebook: &Rulebook, example: &Example) -> Result<Assessment, String> {
    let sex = match example.sex.as_deref() {
        Some("male") => Sex::Male,
        Some("female") => Sex::Female,
        None => Sex::Unknown,
        Some(other) => return Err(format!("`{other}` is not a sex")),
    };
    let given = |id: &str| {
        example
            .given
            .iter()
            .find(|(key, _)| key == id)
            .map(|(_, value)| value)
    };
    if let Some((key, _)) = example
        .given
        .iter()
        .find(|(key, _)| !rulebook.model.items.iter().any(|item| item.id == *key))
    {
        return Err(format!("the model has no item `{key}`"));
    }
    // What the example does not give is as unknown as in an empty profile.
    let register = Register {
        sex,
        ..Register::unknown()
    };
    let empty = assess(rulebook, &Profile::as_of(register, Vec::new(), INDEX_DATE));
    let items = rulebook.model.items.iter().zip(empty.items());
    let results: Result<Vec<ItemResult>, String> = items
        .map(|(item, unknown)| match given(&item.id) {
            None => Ok(unknown.clone()),
            Some(value) => Ok(ItemResult {
                points: points(item, sex, value)?,
                ..unknown.clone()
            }),
        })
        .collect();
    Ok(Assessment::new(results?))
}

fn points(item: &Item, sex: Sex, value: &str) -> Result<PointSet, String> {
    let number = || {
        value
            .parse::<f64>()
            .map_err(|_| format!("`{value}` is not a number"))
    };
    match &item.input {
        ItemInput::Age(bands) => {
            let years: i16 = value
                .parse()
                .map_err(|_| format!("`{value}` is not an age"))?;
            if !(0..=150).contains(&years) {
                return Err(format!("`{value}` is not an age"));
            }
            let birth = BirthDate::on(date(INDEX_DATE.year() - years, 1, 1));
            let (age, _) = birth.age_on(INDEX_DATE).ok_or("an age is not negative")?;
            Ok(PointSet::of([*bands.at(f64::from(age))]))
        }
        ItemInput::Measure { unit, bands, .. } => {
            let quantity = Quantity::new(number()?, *unit, Comparator::Exactly)
                .ok_or_else(|| format!("`{value}` is not a finite number"))?;
            let bands = match (bands, sex) {
                (MeasureBands::Common(bands), _) => bands,
                (MeasureBands::BySex { male, .. }, Sex::Male) => male,
                (MeasureBands::BySex { female, .. }, Sex::Female) => female,
                (MeasureBands::BySex { .. }, Sex::Unknown) => {
                    return Err(format!("`{}` needs a sex", item.id));
                }
            };
            Ok(PointSet::of([*bands.at(quantity.value())]))
        }
        ItemInput::Answers { options, .. } => {
            let option = options.iter().find(|option| option.answer == value);
            let option = option.ok_or_else(|| format!("`{}` has no answer `{value}`", item.id))?;
            Ok(PointSet::of([option.points]))
        }
    }
}
