//! A refit of points as whoever asked for it reads it.

use jiff::civil::Date;
use serde::Serialize;

use super::model_document::FigureShown;
use crate::calibration::{Estimate, Figure};
use crate::learning::{GateFigure, PointsHeldOut, PointsRefit, RefitItem, RefitLevel, Tested};
use crate::rulebook::{Rulebook, Score};

/// A refit of points.
#[derive(Debug, Clone, Serialize)]
pub struct RefitDocument {
    /// The day of looking back.
    pub as_of: String,
    /// The score, by id and version.
    pub score: String,
    /// What the outcomes are of.
    pub outcome: String,
    /// The last day of decisions that were fitted.
    pub fitted_until: String,
    /// Verified decisions that were fitted.
    pub fitted: usize,
    /// Of them so many were confirmed.
    pub fitted_confirmed: usize,
    /// Verified decisions after that day.
    pub held_out: usize,
    /// Of them so many were confirmed.
    pub held_out_confirmed: usize,
    /// Verified decisions that were left out, since an item was not known.
    pub incomplete: usize,
    /// Whom the fit is of.
    pub among: String,
    /// What that leaves unknown.
    pub not_identifiable: Option<String>,
    /// SHA-256 over the cases.
    pub cases_hash: String,
    /// The fit of all levels together.
    pub fit: Option<FitShown>,
    /// Why no point changes; nothing where one does.
    pub stays: Option<String>,
    /// Every item, in the order of the form.
    pub items: Vec<ItemRefitted>,
    /// Lowest and highest score, in force and proposed.
    pub ranges: [[Score; 2]; 2],
    /// On those held out; nothing where no point changes.
    pub compared: Option<ComparedShown>,
    /// The folder that rules with the proposed points were written to.
    pub written: Option<String>,
}

/// The fit of all levels together.
#[derive(Debug, Clone, Serialize)]
pub struct FitShown {
    /// Log odds of one point.
    pub per_point: f64,
    /// Chi-squared statistic of the points in force.
    pub statistic: f64,
    /// Its degrees of freedom.
    pub degrees: usize,
    /// Probability of as large a statistic if they are right.
    pub p_value: f64,
    /// Standard deviation of the truth around the points in force, in points.
    pub spread: f64,
}

/// An item.
#[derive(Debug, Clone, Serialize)]
pub struct ItemRefitted {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its levels, fewest points first.
    pub levels: Vec<LevelRefitted>,
}

/// A level of an item.
#[derive(Debug, Clone, Serialize)]
pub struct LevelRefitted {
    /// Which values they are.
    pub level: String,
    /// Points in force.
    pub published: Score,
    /// Points proposed.
    pub proposed: Score,
    /// Whether the others of the item are held against it.
    pub reference: bool,
    /// Points by the data alone, with an interval of 95 %; where there are none, why.
    pub alone: Option<FigureShown>,
    /// Points drawn towards those in force, not yet whole.
    pub drawn: Option<f64>,
    /// Verified decisions, where there are enough.
    pub verified: Option<usize>,
    /// Of them so many were confirmed.
    pub confirmed: Option<usize>,
}

/// Proposed points beside those in force, on those held out.
#[derive(Debug, Clone, Serialize)]
pub struct ComparedShown {
    /// Whether they speak against the proposed points.
    pub worse: bool,
    /// The figures.
    pub figures: Vec<FigureShown>,
}

impl RefitDocument {
    pub(super) fn new(
        rulebook: &Rulebook,
        refit: &PointsRefit,
        (as_of, cases_hash): (Date, &str),
    ) -> Self {
        let header = &rulebook.model.header;
        let range = |of: fn(&RefitLevel) -> Score| {
            let ends = refit.items.iter().map(|item| {
                let points = item.levels.iter().map(of);
                [points.clone().min().unwrap_or(0), points.max().unwrap_or(0)]
            });
            ends.fold([0, 0], |sum, one| [sum[0] + one[0], sum[1] + one[1]])
        };
        let stays = match &refit.fit {
            Err(why) => Some(why.to_string()),
            Ok(_) if refit.changes() => None,
            Ok(fit) if fit.contradicts() => {
                Some("drawn towards the points in force, every level rounds to them".to_owned())
            }
            Ok(_) => Some("the outcomes do not contradict the points in force".to_owned()),
        };
        Self {
            as_of: as_of.to_string(),
            score: format!("{} {}", header.id, header.version),
            outcome: rulebook.calibration.estimand.to_string(),
            fitted_until: refit.fitted_until.to_string(),
            fitted: refit.fitted[0],
            fitted_confirmed: refit.fitted[1],
            held_out: refit.held_out[0],
            held_out_confirmed: refit.held_out[1],
            incomplete: refit.incomplete,
            among: refit.tested.name().to_owned(),
            not_identifiable: match refit.tested {
                Tested::Everybody => None,
                Tested::FlaggedOnly => Some("too few below the action level were tested at random, so that what a level adds is known only together with others that lead to the action level; that it adds the same below it cannot be known".to_owned()),
            },
            cases_hash: cases_hash.to_owned(),
            fit: refit.fit.as_ref().ok().map(|fit| FitShown {
                per_point: fit.per_point,
                statistic: fit.statistic,
                degrees: fit.degrees,
                p_value: fit.p_value,
                spread: fit.spread,
            }),
            stays,
            items: refit.items.iter().map(ItemRefitted::from).collect(),
            ranges: [range(|level| level.published), range(|level| level.proposed)],
            compared: refit.compared.as_ref().map(|found| match found {
                Ok(held) => ComparedShown::from(held),
                Err(why) => ComparedShown {
                    worse: false,
                    figures: vec![shown("log score, proposed less in force", Err(*why))],
                },
            }),
            written: None,
        }
    }
}

impl From<&RefitItem> for ItemRefitted {
    fn from(item: &RefitItem) -> Self {
        let level = |level: &RefitLevel| {
            let enough = level.found.filter(|found| found.alone.is_ok());
            LevelRefitted {
                level: level.name.clone(),
                published: level.published,
                proposed: level.proposed,
                reference: level.found.is_none(),
                alone: level
                    .found
                    .map(|found| shown("points by the data alone", found.alone)),
                drawn: level.found.map(|found| found.drawn),
                verified: enough.map(|found| found.people),
                confirmed: enough.map(|found| found.confirmed),
            }
        };
        Self {
            id: item.id.clone(),
            name: item.name.clone(),
            levels: item.levels.iter().map(level).collect(),
        }
    }
}

impl From<&PointsHeldOut> for ComparedShown {
    fn from(held: &PointsHeldOut) -> Self {
        let [old, new] = held.auroc;
        let threshold = held.threshold;
        let known = |estimate: Estimate| Ok(estimate);
        Self {
            worse: held.is_worse(),
            figures: vec![
                shown("log score, proposed less in force", known(held.log_score)),
                shown("area under the curve, in force", old),
                shown("area under the curve, proposed", new),
                shown(
                    &format!("net benefit at {threshold:.4}, proposed less in force"),
                    known(held.net_benefit),
                ),
            ],
        }
    }
}

fn shown(what: &str, figure: Figure) -> FigureShown {
    let what = what.to_owned();
    FigureShown::from(&GateFigure { what, figure })
}
