//! Reads the worked examples of a score.

use super::model::{Example, Score, ScoreUnit};
use super::model_file::percent_to_score;
use super::reader::Table;

pub(super) fn read_example(
    table: &Table<'_>,
    root: &Table<'_>,
    unit: ScoreUnit,
) -> Option<Example> {
    let given_table = table.required_table("given");
    let region = table.optional_text("region").map(str::to_owned);
    let model = table.optional_text("model").map(str::to_owned);
    let expected = match unit {
        ScoreUnit::Points => table
            .whole("low")
            .zip(table.whole("high"))
            .map(|ends| (ends, 0)),
        ScoreUnit::PartsPerMillion => read_percents(table),
    };
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
    let ((low, high), within) = expected?;
    Some(Example {
        line,
        file,
        sex,
        region,
        model,
        given,
        low,
        high,
        within,
    })
}

/// Reads `percent = "6.3"`, or `percent_low` and `percent_high`; the digits say how exact it is.
fn read_percents(table: &Table<'_>) -> Option<((Score, Score), Score)> {
    let keys = if table.has("percent") {
        ["percent", "percent"]
    } else {
        ["percent_low", "percent_high"]
    };
    let read = |key| {
        let text = table.text(key)?;
        // Digits and a point only: the digits say how exact it is, and `1e1` would have none.
        let is_plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let percent = text.parse::<f64>().ok().filter(|_| is_plain);
        let percent = percent.filter(|p| (0.0..=100.0).contains(p));
        let Some(percent) = percent else {
            let message = format!("`{text}` is not a number from 0 to 100, as it was published");
            table.report_at(key, "probability-range", message, None);
            return None;
        };
        let decimals = text.split_once('.').map_or(0, |(_, digits)| digits.len());
        // Half of the last digit: 0.05 % of a risk are 500 parts per million.
        let within = match decimals {
            0 => 5_000,
            1 => 500,
            2 => 50,
            3 => 5,
            // A score is whole parts per million, which are four decimals.
            4 => 0,
            _ => {
                let message = format!("`{text}` has more than four decimals");
                table.report_at(key, "probability-range", message, None);
                return None;
            }
        };
        Some((percent_to_score(percent), within))
    };
    let (low, high) = (read(keys[0]), read(keys[1]));
    let ((low, one), (high, other)) = (low?, high?);
    Some(((low, high), one.max(other)))
}
