//! Reads a file of `scores/` that is a model of its own, and proves that it fits together.

use super::Ages;
use super::bands::Bands;
use super::catalogue::Catalogue;
use super::equation::{Equation, read_equation, read_layers};
use super::example_read::read_example;
use super::header::Header;
use super::model::{Amount, Class, Item, Model, Score, ScoreUnit};
use super::model_read::{MOST_SPAN, Scale, index, read_item};
use super::reader::Table;
use super::sum::groups;

impl Model {
    pub(super) fn read(root: &Table<'_>, catalogue: &Catalogue) -> Option<Self> {
        let header = Header::read(root);
        let equation = read_equation(root);
        let unit = match equation {
            Some(Equation::Points) => ScoreUnit::Points,
            Some(Equation::Logistic { .. } | Equation::Cox { .. } | Equation::Ladder) | None => {
                ScoreUnit::PartsPerMillion
            }
        };
        let layers = read_layers(root);
        if unit == ScoreUnit::Points && root.has("layer") {
            let message = "a table of points has no risk that a `[[layer]]` could recalibrate";
            root.report_at("layer", "layer-points", message, None);
        }
        let (min, max) = read_range(root, unit);
        let ages = read_ages(root);
        let tables = root.tables("item");
        let index = index(&tables);
        let scale = Scale {
            unit,
            index: &index,
        };
        let items: Vec<Item> = tables
            .iter()
            .filter_map(|t| read_item(t, catalogue, scale))
            .collect();
        let level = root.has("level").then(|| read_level(root, unit));
        let classes = root.has("class").then(|| {
            Bands::read(root, "class", |table| {
                let id = table.text("id");
                let name = table.text("name");
                Some(Class {
                    id: id?.to_owned(),
                    name: name?.to_owned(),
                })
            })
        });
        let examples = root
            .tables("example")
            .iter()
            .filter_map(|t| read_example(t, root, unit))
            .collect();
        root.finish();
        if items.is_empty() {
            root.report("model-without-items", "no `[[item]]` could be read");
        }
        let is_whole = tables.len() == items.len();
        if !is_whole {
            return None;
        }
        let found = |read: Option<Option<Bands<_>>>| match read {
            Some(read) => read.map(Some),
            None => Some(None),
        };
        let ages = ages?;
        for (item, table) in items.iter().zip(&tables) {
            let is_ln = item.terms.iter().any(super::term::Term::is_ln);
            if matches!(item.input, super::ItemInput::Age) && is_ln && ages.from <= 0 {
                let message =
                    "`ln` of an age needs `[ages]` from 1 on or later: 0 has no logarithm";
                table.report("item-range", message);
            }
        }
        let classes = match classes {
            Some(read) => Some(read?),
            None => None,
        };
        let model = Self {
            header: header?,
            file: root.document.file.path.clone(),
            unit,
            min: min?,
            max: max?,
            ages,
            groups: groups(&items),
            items,
            equation: equation?,
            layers: layers?,
            level: found(level)?,
            classes,
            examples,
            rungs: Vec::new(),
        };
        if unit == ScoreUnit::Points {
            model.prove_range(root);
        }
        model.prove_items(root, &tables);
        Some(model)
    }

    /// The items must add up to the range the form states.
    fn prove_range(&self, root: &Table<'_>) {
        let (low, high) = self.sum_bounds();
        let (min, max) = (self.min, self.max);
        if (low, high) != (Amount::from(min), Amount::from(max)) {
            let message = format!("the items add up to {low}-{high}, the range says {min}-{max}");
            root.report_at("range", "model-range", message, None);
        }
        if MOST_SPAN < high - low {
            let message = format!("scores span {} points, more than {MOST_SPAN}", high - low);
            root.report_at("range", "model-range", message, None);
        }
    }

    fn prove_items(&self, root: &Table<'_>, tables: &[Table<'_>]) {
        for (n, item) in self.items.iter().enumerate() {
            if self.items[..n].iter().any(|other| other.id == item.id) {
                root.report("item-twice", format!("item `{}` is there twice", item.id));
            }
        }
        for group in &self.groups {
            let lines = group.iter().filter(|item| self.items[**item].is_line());
            if 1 < lines.count() {
                tables[group[0]].report(
                    "item-group",
                    "of items that one another's terms speak of, only one may count by its number",
                );
            }
        }
    }
}

fn read_range(root: &Table<'_>, unit: ScoreUnit) -> (Option<Score>, Option<Score>) {
    match unit {
        ScoreUnit::PartsPerMillion => (Some(0), Some(1_000_000)),
        ScoreUnit::Points => {
            let Some(range) = root.required_table("range") else {
                return (None, None);
            };
            let ends = (range.whole("min"), range.whole("max"));
            range.finish();
            ends
        }
    }
}

fn read_ages(root: &Table<'_>) -> Option<Ages> {
    if !root.has("ages") {
        return Some(Ages::ALL);
    }
    let table = root.table("ages")?;
    let (from, below) = (table.whole("from"), table.optional_whole("below"));
    table.note_verification();
    table.finish();
    let ages = Ages {
        from: from?,
        below: below.unwrap_or(Ages::ALL.below),
    };
    if ages.below <= ages.from {
        table.report("ages-empty", "`below` is not above `from`");
        return None;
    }
    Some(ages)
}

/// Reads `[level]`: one score, or one for each stretch of ages.
fn read_level(root: &Table<'_>, unit: ScoreUnit) -> Option<Bands<Score>> {
    let table = root.table("level")?;
    let level = if table.has("by_age") {
        Bands::read(&table, "by_age", |band| read_score(band, unit))
    } else {
        read_score(&table, unit).map(Bands::everywhere)
    };
    table.note_verification();
    table.finish();
    level
}

/// Reads `points = 12`, or `percent = 7.5` where the score is a probability.
pub(super) fn read_score(table: &Table<'_>, unit: ScoreUnit) -> Option<Score> {
    match unit {
        ScoreUnit::Points => table.whole("points"),
        ScoreUnit::PartsPerMillion => {
            let percent = table.number("percent")?;
            if !(0.0..=100.0).contains(&percent) {
                let message = format!("{percent} is outside 0-100");
                table.report_at("percent", "probability-range", message, None);
                return None;
            }
            Some(percent_to_score(percent))
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a percentage lies in 0..=100, so its parts per million fit"
)]
pub(super) fn percent_to_score(percent: f64) -> Score {
    (percent * 1e4).round() as Score
}
