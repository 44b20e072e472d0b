//! Ladders: several models for one purpose, each for those it was made for.

use super::example_read::read_example;
use super::header::Header;
use super::model::{Model, ScoreUnit};
use super::reader::Table;
use super::{Ages, Equation, Example, Layers, suggest_among};

/// One model of a ladder.
#[derive(Debug, Clone)]
pub struct Rung {
    /// The model.
    pub model: Model,
    /// Items that must be known, by position; else the ladder goes on to the next model.
    pub needs: Vec<usize>,
}

/// A ladder as its file says it, before its models are looked up.
pub(super) struct RawLadder<'a> {
    header: Header,
    file: String,
    uses: Vec<(Table<'a>, String, Vec<String>)>,
    examples: Vec<Example>,
}

/// Whether a file of `scores/` is a ladder.
pub(super) fn is_ladder(root: &Table<'_>) -> bool {
    root.has("use")
}

pub(super) fn read<'a>(root: &Table<'a>) -> Option<RawLadder<'a>> {
    let header = Header::read(root);
    let tables = root.tables("use");
    let n_uses = tables.len();
    let mut uses = Vec::new();
    for table in tables {
        let model = table.text("model").map(str::to_owned);
        let needs = table
            .texts("needs")
            .into_iter()
            .map(str::to_owned)
            .collect();
        table.finish();
        if let Some(model) = model {
            uses.push((table, model, needs));
        }
    }
    let examples = root
        .tables("example")
        .iter()
        .filter_map(|t| read_example(t, root, ScoreUnit::PartsPerMillion))
        .collect();
    root.finish();
    if n_uses == 0 {
        root.report_at("use", "rule-empty", "`use` is empty", None);
    }
    (uses.len() == n_uses && 0 < n_uses).then_some(RawLadder {
        header: header?,
        file: root.document.file.path.clone(),
        uses,
        examples,
    })
}

/// Looks the models up; nothing when one is missing or they do not go together.
pub(super) fn build(raw: RawLadder<'_>, models: &[Model]) -> Option<Model> {
    let mut rungs: Vec<Rung> = Vec::new();
    for (table, id, needs) in &raw.uses {
        let Some(model) = models.iter().find(|model| model.header.id == *id) else {
            let known: Vec<&str> = models.iter().map(|m| m.header.id.as_str()).collect();
            table.report_at(
                "model",
                "rule-not-found",
                format!("no model is called `{id}`, or its file has mistakes"),
                Some(suggest_among(id, &known)),
            );
            return None;
        };
        if model.unit == ScoreUnit::Points {
            table.report_at(
                "model",
                "ladder-unit",
                format!("`{id}` counts points: points of two forms are not one score"),
                None,
            );
            return None;
        }
        let mut positions = Vec::new();
        for need in needs {
            let Some(at) = model.items.iter().position(|item| item.id == *need) else {
                let known: Vec<&str> = model.items.iter().map(|i| i.id.as_str()).collect();
                table.report_at(
                    "needs",
                    "item-unknown",
                    format!("model `{id}` has no item `{need}`"),
                    Some(suggest_among(need, &known)),
                );
                return None;
            };
            positions.push(at);
        }
        rungs.push(Rung {
            model: model.clone(),
            needs: positions,
        });
    }
    let from = rungs.iter().map(|rung| rung.model.ages.from).min()?;
    let below = rungs.iter().map(|rung| rung.model.ages.below).max()?;
    let gap = (from.max(0)..below.min(super::sum::OLDEST))
        .find(|age| !rungs.iter().any(|rung| rung.model.ages.contains(*age)));
    if let Some(age) = gap {
        raw.uses[0].0.report(
            "ladder-gap",
            format!("no model of the ladder was made for the age of {age}"),
        );
        return None;
    }
    let first = &rungs[0].model;
    Some(Model {
        header: raw.header,
        file: raw.file,
        unit: first.unit,
        min: first.min,
        max: first.max,
        ages: Ages { from, below },
        items: Vec::new(),
        groups: Vec::new(),
        equation: Equation::Ladder,
        layers: Layers::Chosen(Vec::new()),
        level: None,
        classes: None,
        examples: raw.examples,
        rungs,
    })
}
