//! The items of a table of points, each with the amounts that it can add.

use std::collections::BTreeMap;

use super::refit::NoPoints;
use crate::rulebook::{Amount, Band, Item, ItemInput, Model, Score, ScoreUnit, Weights};

/// An item that adds its points by itself.
pub(super) struct PointItem {
    pub(super) id: String,
    pub(super) name: String,
    /// Fewest points first, each amount once.
    pub(super) levels: Vec<PointLevel>,
}

/// An amount that an item can add, and when.
pub(super) struct PointLevel {
    pub(super) points: Score,
    pub(super) name: String,
}

impl PointItem {
    /// The points that stay, since the others are held against them: none, or else the fewest.
    pub(super) fn reference(&self) -> Score {
        let mut points = self.levels.iter().map(|level| level.points);
        let fewest = self.levels.first().map_or(0, |level| level.points);
        if points.any(|points| points == 0) {
            0
        } else {
            fewest
        }
    }
}

/// Every item with its levels.
pub(super) fn point_items(model: &Model) -> Result<Vec<PointItem>, NoPoints> {
    model.items.iter().map(point_item).collect()
}

fn point_item(item: &Item) -> Result<PointItem, NoPoints> {
    let not_by_itself = || NoPoints::NotByItself(item.id.clone());
    let [term] = &item.terms[..] else {
        return Err(not_by_itself());
    };
    if item.highest.is_some() || term.times_age.is_some() || !term.when.is_empty() {
        return Err(not_by_itself());
    }
    let mut names: BTreeMap<Score, Vec<String>> = BTreeMap::new();
    let sexes = [("men", &term.weights.male), ("women", &term.weights.female)];
    let is_by_sex = term.weights.male != term.weights.female;
    for (whose, weights) in sexes.into_iter().take(if is_by_sex { 2 } else { 1 }) {
        for (points, name) in named(item, weights).ok_or_else(not_by_itself)? {
            let name = match (is_by_sex, name.is_empty()) {
                (false, _) => name,
                (true, true) => whose.to_owned(),
                (true, false) => format!("{whose} {name}"),
            };
            names.entry(points).or_default().push(name);
        }
    }
    let levels = names.into_iter().map(|(points, names)| PointLevel {
        points,
        name: names.join(", "),
    });
    Ok(PointItem {
        id: item.id.clone(),
        name: item.name.clone(),
        levels: levels.collect(),
    })
}

/// Points with the values that have them; nothing for what counts by its number.
fn named(item: &Item, weights: &Weights) -> Option<Vec<(Score, String)>> {
    match weights {
        Weights::Constant(points) => Some(vec![(score(*points)?, String::new())]),
        Weights::Answers(points) => {
            let ItemInput::Answers { options, .. } = &item.input else {
                return None;
            };
            let both = points.iter().zip(options);
            both.map(|(points, option)| Some((score(*points)?, option.answer.clone())))
                .collect()
        }
        Weights::Bands(bands) => {
            let bands = bands.as_slice().iter();
            bands
                .map(|band| Some((score(band.value)?, band_name(band))))
                .collect()
        }
        Weights::Line { .. } => None,
    }
}

fn score(points: f64) -> Option<Score> {
    let amount: Amount = crate::rulebook::amount(points, ScoreUnit::Points);
    Score::try_from(amount).ok()
}

/// `from 45 to below 55`, `above 30`.
fn band_name(band: &Band<f64>) -> String {
    let from = band.from.map(|end| match end.included {
        true => format!("from {}", end.at),
        false => format!("above {}", end.at),
    });
    let to = band.to.map(|end| match end.included {
        true => format!("to {}", end.at),
        false => format!("below {}", end.at),
    });
    let words = from.into_iter().chain(to);
    words.collect::<Vec<_>>().join(" ")
}
