//! Equations: from the sum of the items to a risk, and the layers that recalibrate it.

use super::calibration::{expit, log_odds};
use super::header::read_source;
use super::model::{Amount, Score, ScoreUnit};
use super::reader::{Table, number};
use super::term::{BySex, amount, read_number_by_sex};
use crate::profile::Sex;

/// How the sum of the items becomes the score.
#[derive(Debug, Clone, PartialEq)]
pub enum Equation {
    /// The sum is the score.
    Points,
    /// Risk = `1 / (1 + exp(−(intercept + sum)))`.
    Logistic {
        /// By sex.
        intercept: BySex<f64>,
    },
    /// Risk = `1 − survival^exp(sum − mean)`.
    Cox {
        /// Share without the event at the horizon where the sum equals the mean; within 0 and 1.
        survival: BySex<f64>,
        /// What is taken from the sum.
        mean: BySex<f64>,
    },
    /// None of its own: each rung has one.
    Ladder,
}

impl Equation {
    /// What is added to the sum for everybody of a sex.
    pub(crate) fn constant(&self, sex: Sex) -> Amount {
        let of = |by_sex: &BySex<f64>, sign: f64| {
            let value = by_sex.of(sex).copied().unwrap_or_default();
            amount(sign * value, ScoreUnit::PartsPerMillion)
        };
        match self {
            Self::Points | Self::Ladder => 0,
            Self::Logistic { intercept } => of(intercept, 1.0),
            Self::Cox { mean, .. } => of(mean, -1.0),
        }
    }

    /// The score at a sum, the constant included; it never falls as the sum rises.
    pub(crate) fn score(&self, layers: &[Layer], sex: Sex, sum: Amount) -> Score {
        let x = sum as f64 / ScoreUnit::PartsPerMillion.amounts();
        let risk = match self {
            Self::Points | Self::Ladder => {
                return Score::try_from(sum).expect("the loader keeps points within 127");
            }
            Self::Logistic { .. } => expit(x),
            Self::Cox { survival, .. } => {
                let survival = survival.of(sex).copied().unwrap_or(1.0);
                // Not `1 − pow`: the digits of a small risk would be lost.
                -libm::expm1(libm::exp(x) * libm::log(survival))
            }
        };
        let risk = layers.iter().fold(risk, |risk, layer| layer.of(sex, risk));
        parts_per_million(risk)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a probability lies in 0..=1, so its parts per million fit"
)]
fn parts_per_million(p: f64) -> Score {
    (p * 1e6).round() as Score
}

/// A recalibration that an equation brings along.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layer {
    /// On which scale.
    pub link: LayerLink,
    /// Intercept and slope on it; the slope is above zero.
    pub line: BySex<(f64, f64)>,
}

/// The scale of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerLink {
    /// `ln(−ln(1 − risk))`, as in SCORE2.
    ComplementaryLogLog,
    /// `ln(risk / (1 − risk))`.
    LogOdds,
}

impl Layer {
    fn of(&self, sex: Sex, risk: f64) -> f64 {
        let (intercept, slope) = self.line.of(sex).copied().unwrap_or((0.0, 1.0));
        match self.link {
            LayerLink::ComplementaryLogLog => {
                let x = intercept + slope * libm::log(-libm::log1p(-risk));
                -libm::expm1(-libm::exp(x))
            }
            LayerLink::LogOdds => expit(intercept + slope * log_odds(risk)),
        }
    }
}

/// The layers of an equation, the same for all or by region.
#[derive(Debug, Clone, PartialEq)]
pub enum Layers {
    /// In force.
    Chosen(Vec<Layer>),
    /// One list for each region; none is in force until a region is named.
    ByRegion(Vec<(String, Vec<Layer>)>),
}

impl Layers {
    /// The names of the regions; none when there is nothing to choose.
    #[must_use]
    pub fn regions(&self) -> Vec<&str> {
        match self {
            Self::Chosen(_) => Vec::new(),
            Self::ByRegion(by_region) => by_region.iter().map(|(name, _)| name.as_str()).collect(),
        }
    }

    /// The same with the layers of a region in force; nothing when there is no such region.
    #[must_use]
    pub fn in_region(&self, region: Option<&str>) -> Option<Self> {
        match self {
            Self::Chosen(_) => Some(self.clone()),
            Self::ByRegion(by_region) => by_region
                .iter()
                .find(|(name, _)| Some(name.as_str()) == region)
                .map(|(_, layers)| Self::Chosen(layers.clone())),
        }
    }

    /// The layers in force.
    ///
    /// # Panics
    ///
    /// When no region was chosen: the loader and `Model::in_region` choose it before anybody is scored.
    pub(crate) fn in_force(&self) -> &[Layer] {
        match self {
            Self::Chosen(layers) => layers,
            Self::ByRegion(_) => panic!("a region is chosen before anybody is scored"),
        }
    }
}

/// Reads `[logistic]` or `[cox]`; a file without either is a table of points.
pub(super) fn read_equation(root: &Table<'_>) -> Option<Equation> {
    match (root.has("logistic"), root.has("cox")) {
        (false, false) => Some(Equation::Points),
        (true, true) => {
            root.report_at(
                "cox",
                "model-two-equations",
                "`logistic` and `cox` cannot both be given",
                None,
            );
            None
        }
        (true, false) => {
            let table = root.table("logistic")?;
            let intercept = read_number_by_sex(&table, "intercept");
            read_table_source(&table);
            table.finish();
            Some(Equation::Logistic {
                intercept: intercept?,
            })
        }
        (false, true) => {
            let table = root.table("cox")?;
            let survival = read_number_by_sex(&table, "baseline_survival");
            let mean = read_number_by_sex(&table, "mean");
            read_table_source(&table);
            table.finish();
            let survival = survival?;
            for share in [survival.male, survival.female] {
                if share <= 0.0 || 1.0 <= share {
                    table.report_at(
                        "baseline_survival",
                        "probability-range",
                        format!("{share} is not between 0 and 1"),
                        Some("it is the share without the event at the horizon".to_owned()),
                    );
                    return None;
                }
            }
            Some(Equation::Cox {
                survival,
                mean: mean?,
            })
        }
    }
}

/// Every table of coefficients says where its numbers come from.
fn read_table_source(table: &Table<'_>) {
    let _ = read_source(table);
}

/// Reads `[[layer]]`, from the first that is applied to the last.
pub(super) fn read_layers(root: &Table<'_>) -> Option<Layers> {
    let tables = root.tables("layer");
    let mut whole = true;
    let mut layers: Vec<ReadLayer> = Vec::new();
    for table in &tables {
        let layer = read_layer(table);
        whole &= layer.is_some();
        layers.extend(layer);
    }
    if !whole {
        return None;
    }
    let regional = layers
        .iter()
        .position(|(_, lines)| lines.iter().any(|(name, _)| name.is_some()));
    let Some(regional) = regional else {
        let chosen = layers.iter().map(|(link, lines)| Layer {
            link: *link,
            line: lines[0].1,
        });
        return Some(Layers::Chosen(chosen.collect()));
    };
    let names: Vec<String> = layers[regional]
        .1
        .iter()
        .filter_map(|(name, _)| name.clone())
        .collect();
    let mut by_region = Vec::new();
    for name in names {
        let mut chosen = Vec::new();
        for ((link, lines), table) in layers.iter().zip(&tables) {
            let line = lines
                .iter()
                .find(|(of, _)| of.is_none() || of.as_ref() == Some(&name));
            let Some((_, line)) = line else {
                table.report(
                    "layer-region",
                    format!("this layer has no numbers for region `{name}`, another one has"),
                );
                return None;
            };
            chosen.push(Layer {
                link: *link,
                line: *line,
            });
        }
        by_region.push((name, chosen));
    }
    Some(Layers::ByRegion(by_region))
}

/// A layer as it stands in the file: its scale, and a line for each region or for all.
type ReadLayer = (LayerLink, Vec<(Option<String>, BySex<(f64, f64)>)>);

fn read_layer(table: &Table<'_>) -> Option<ReadLayer> {
    let link = table.word(
        "link",
        &[
            ("complementary-log-log", LayerLink::ComplementaryLogLog),
            ("log-odds", LayerLink::LogOdds),
        ],
    );
    let mut lines = Vec::new();
    if table.has("by_region") {
        for (name, region) in table.table("by_region")?.named_tables() {
            let line = read_line_by_sex(&region);
            region.finish();
            lines.push((Some(name.to_owned()), line?));
        }
        if lines.is_empty() {
            table.report_at("by_region", "rule-empty", "`by_region` is empty", None);
            return None;
        }
    } else {
        lines.push((None, read_line_by_sex(table)?));
    }
    read_table_source(table);
    table.finish();
    Some((link?, lines))
}

/// `male = [intercept, slope]`, `female = [intercept, slope]`, or `both = […]`.
fn read_line_by_sex(table: &Table<'_>) -> Option<BySex<(f64, f64)>> {
    if table.has("both") {
        return read_pair(table, "both").map(BySex::same);
    }
    let (male, female) = (read_pair(table, "male"), read_pair(table, "female"));
    Some(BySex {
        male: male?,
        female: female?,
    })
}

fn read_pair(table: &Table<'_>, key: &'static str) -> Option<(f64, f64)> {
    if !table.has(key) {
        table.report("rule-missing-key", format!("`{key}` is missing"));
        return None;
    }
    let value = table
        .entries()
        .into_iter()
        .find(|(name, _)| *name == key)
        .map(|(_, value)| value)?;
    let numbers: Vec<f64> = value
        .get_ref()
        .as_array()
        .map(|array| array.iter().filter_map(|v| number(v.get_ref())).collect())
        .unwrap_or_default();
    match numbers[..] {
        [intercept, slope] if 0.0 < slope => Some((intercept, slope)),
        [_, _] => {
            let message = "a higher risk must stay a higher risk: the slope is above 0";
            table.report_at(key, "layer-slope", message, None);
            None
        }
        _ => {
            table.value_mistake(value, key, "`[intercept, slope]`");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BySex, Layer, LayerLink};
    use crate::profile::Sex;

    /// Python 3.11: `1/(1+exp(-(a + b*log(r/(1-r)))))` and `1-exp(-exp(a + b*log(-log(1-r))))`.
    #[test]
    fn a_layer_is_a_line_on_its_scale() {
        for (intercept, slope, risk, log_odds, log_log) in [
            (
                0.5,
                0.9,
                0.1,
                0.185_805_005_866_069_54,
                0.195_511_916_056_558_15,
            ),
            (
                -0.25,
                1.2,
                0.6,
                0.558_865_280_920_211_4,
                0.504_029_800_862_840_5,
            ),
        ] {
            let line = BySex {
                male: (intercept, slope),
                female: (0.0, 1.0),
            };
            for (link, expected) in [
                (LayerLink::LogOdds, log_odds),
                (LayerLink::ComplementaryLogLog, log_log),
            ] {
                let layer = Layer { link, line };
                let found = layer.of(Sex::Male, risk);
                assert!((found - expected).abs() < 1e-12, "{link:?}: {found}");
                for as_it_was in [Sex::Female, Sex::Unknown] {
                    assert!((layer.of(as_it_was, risk) - risk).abs() < 1e-12);
                }
            }
        }
    }
}
