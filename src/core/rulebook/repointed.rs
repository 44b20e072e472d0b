//! The file of a table of points, with other points: the text stays as it is but for what changes.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::model::Score;
use super::{Header, RuleFile, version_numbers};

/// What a new version of a table of points says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPoints {
    /// New points by item and points until now.
    pub points: BTreeMap<(String, Score), Score>,
    /// Lowest and highest score until now.
    pub old_range: (Score, Score),
    /// Lowest and highest score from now on.
    pub new_range: (Score, Score),
    /// The year of its source.
    pub year: i16,
    /// Author, title and place of its source.
    pub source: [String; 3],
    /// Where it is known not to hold.
    pub limit: String,
}

/// The version after one: a number more behind two, else the last number plus one.
#[must_use]
pub fn next_version(version: &str) -> String {
    let numbers = version_numbers(version).unwrap_or_default();
    match numbers.split_last() {
        Some((last, before)) if 2 <= before.len() => {
            let before: Vec<String> = before.iter().map(u64::to_string).collect();
            format!("{}.{}", before.join("."), last + 1)
        }
        Some(_) | None => format!("{version}.1"),
    }
}

/// The file with new points, a new version and the source of both; a draft, since nobody has signed it.
///
/// Its worked examples are as they were: [`with_examples`]. Nothing when it is not TOML or is no file of a
/// score.
#[must_use]
pub fn repointed(file: &RuleFile, header: &Header, new: &NewPoints) -> Option<RuleFile> {
    // What people call the range stands in comments too.
    let named = |(low, high): (Score, Score)| format!("{low}-{high} points");
    let text = file
        .text
        .replace(&named(new.old_range), &named(new.new_range));
    let file = RuleFile {
        path: file.path.clone(),
        text,
    };
    let mut edits = Edits::default();
    let table = DeTable::parse(&file.text).ok()?;
    let root = table.get_ref();
    edits.text(root.get("version")?, &next_version(&header.version));
    edits.text(root.get("status")?, "draft");
    let range = root.get("range")?.get_ref().as_table()?;
    edits.number(range.get("min")?, new.new_range.0);
    edits.number(range.get("max")?, new.new_range.1);
    let source = root.get("source")?.get_ref().as_table()?;
    for (key, said) in ["author", "title", "locator"].into_iter().zip(&new.source) {
        edits.text(source.get(key)?, said);
    }
    edits.number(source.get("year")?, Score::from(new.year));
    let limits = root.get("limits")?.span();
    let limit = format!("\n  {},", quoted(&new.limit));
    edits.0.push((limits.start + 1..limits.start + 1, limit));
    for item in root.get("item")?.get_ref().as_array()?.iter() {
        let item = item.get_ref().as_table()?;
        let id = item.get("id")?.get_ref().as_str()?;
        item_points(item, id, &new.points, &mut edits);
    }
    Some(edits.made(&file))
}

/// The file with what its worked examples give now, and why.
///
/// `found` holds lowest and highest score of each, in their order; `why` replaces the reason of those that
/// change or that tell their points.
#[must_use]
pub fn with_examples(file: &RuleFile, found: &[(Score, Score)], why: &str) -> Option<RuleFile> {
    let table = DeTable::parse(&file.text).ok()?;
    let mut edits = Edits::default();
    let examples = table.get_ref().get("example");
    let examples = examples.and_then(|examples| examples.get_ref().as_array());
    for (example, (low, high)) in examples.into_iter().flat_map(|all| all.iter()).zip(found) {
        let example = example.get_ref().as_table()?;
        let (low_now, high_now) = (example.get("low")?, example.get("high")?);
        let is_so = |value: &Spanned<DeValue<'_>>, score: Score| {
            value
                .get_ref()
                .as_integer()
                .is_some_and(|number| number.as_str() == score.to_string())
        };
        let reason = example.get("why")?;
        let tells_points = reason.get_ref().as_str()?.contains('+');
        if !is_so(low_now, *low) || !is_so(high_now, *high) || tells_points {
            edits.number(low_now, *low);
            edits.number(high_now, *high);
            edits.text(reason, why);
        }
    }
    Some(edits.made(file))
}

/// Replaces every number of points below an item.
fn item_points(
    table: &DeTable<'_>,
    id: &str,
    points: &BTreeMap<(String, Score), Score>,
    edits: &mut Edits,
) {
    for (key, value) in table.iter() {
        match (&**key.get_ref(), value.get_ref()) {
            ("points", DeValue::Integer(number)) => {
                edits.points(value, number.as_str(), id, points);
            }
            ("points_by_sex", DeValue::Table(by_sex)) => {
                for (_, value) in by_sex.iter() {
                    if let DeValue::Integer(number) = value.get_ref() {
                        edits.points(value, number.as_str(), id, points);
                    }
                }
            }
            (_, DeValue::Table(inner)) => item_points(inner, id, points, edits),
            (_, DeValue::Array(parts)) => {
                let tables = parts.iter().filter_map(|part| part.get_ref().as_table());
                tables.for_each(|inner| item_points(inner, id, points, edits));
            }
            (
                _,
                DeValue::String(_)
                | DeValue::Integer(_)
                | DeValue::Float(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_),
            ) => {}
        }
    }
}

/// Stretches of a text and what replaces them.
#[derive(Default)]
struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    fn text(&mut self, value: &Spanned<DeValue<'_>>, said: &str) {
        self.0.push((value.span(), quoted(said)));
    }

    fn number(&mut self, value: &Spanned<DeValue<'_>>, number: Score) {
        self.0.push((value.span(), number.to_string()));
    }

    fn points(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        known: &str,
        id: &str,
        points: &BTreeMap<(String, Score), Score>,
    ) {
        let known = known.parse().ok().map(|known| (id.to_owned(), known));
        if let Some(new) = known.and_then(|known| points.get(&known)) {
            self.number(value, *new);
        }
    }

    fn made(mut self, file: &RuleFile) -> RuleFile {
        self.0.sort_by_key(|(place, _)| place.start);
        let mut text = file.text.clone();
        for (place, said) in self.0.into_iter().rev() {
            text.replace_range(place, &said);
        }
        RuleFile {
            path: file.path.clone(),
            text,
        }
    }
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", text.replace('\n', " "))
}

#[cfg(test)]
mod tests {
    use super::next_version;

    #[test]
    fn the_next_version_comes_after_and_before_the_next_published_one() {
        for (version, next) in [
            ("2025.1", "2025.1.1"),
            ("2025.1.1", "2025.1.2"),
            ("2025.1.9", "2025.1.10"),
            ("7", "7.1"),
        ] {
            assert_eq!(next_version(version), next);
        }
    }
}
