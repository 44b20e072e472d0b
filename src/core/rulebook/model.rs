//! Models: the items of a score, what each adds, and how the sum becomes the score.

use super::bands::Bands;
use super::equation::{Equation, Layers};
use super::header::Header;
use super::ladder::Rung;
use super::term::Term;
use super::thresholds::Category;
use crate::profile::{FactId, Standing, Unit};

/// A score: points, or a probability in parts per million; the model says which.
pub type Score = i32;

/// What an item adds to the sum: points, or the linear predictor in units of 1e-12.
///
/// A whole number, so that a sum is the same in any order.
pub type Amount = i64;

/// What a score counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScoreUnit {
    /// Points of a form: no probability.
    Points,
    /// Probability in parts per million.
    PartsPerMillion,
}

impl ScoreUnit {
    /// Amounts in one unit of the sum: a point, or one of the linear predictor.
    #[must_use]
    pub const fn amounts(self) -> f64 {
        match self {
            Self::Points => 1.0,
            Self::PartsPerMillion => 1e12,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Points => "points",
            Self::PartsPerMillion => "per cent",
        }
    }

    /// The score as people read it, without its unit: `12`, or `7.5` for 75,000 parts per million.
    #[must_use]
    pub fn number(self, score: Score) -> String {
        match self {
            Self::Points => score.to_string(),
            Self::PartsPerMillion => {
                let tenths = (f64::from(score) / 1e3).round();
                let text = format!("{:.1}", tenths / 10.0);
                text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
            }
        }
    }

    /// The score beside a level, on the same side of it as it is: `9.98` below a level of 10 %,
    /// where one digit would say `10`.
    #[must_use]
    pub fn number_beside(self, score: Score, level: Score) -> String {
        match self {
            Self::Points => score.to_string(),
            Self::PartsPerMillion => {
                // Tenths of a per cent, hundredths, and so on to the last digit that a score has.
                let steps = [(1, 1_000), (2, 100), (3, 10)];
                let told = steps.into_iter().find(|(_, step)| {
                    let half = step / 2;
                    let rounded = (score + half).div_euclid(*step) * step;
                    rounded.cmp(&level) == score.cmp(&level)
                });
                let (digits, step) = told.unwrap_or((4, 1));
                let rounded = (score + step / 2).div_euclid(step) * step;
                let text = format!("{:.digits$}", f64::from(rounded) / 1e4);
                let text = text.trim_end_matches('0');
                text.trim_end_matches('.').to_owned()
            }
        }
    }

    /// The score with all its digits: `12`, or `7.5012 %`.
    #[must_use]
    pub fn precise(self, score: Score) -> String {
        match self {
            Self::Points => score.to_string(),
            Self::PartsPerMillion => format!("{:.4} %", f64::from(score) / 1e4),
        }
    }

    /// The score with its unit: `12 points`, `7.5 %`.
    #[must_use]
    pub fn text(self, score: Score) -> String {
        match (self, score) {
            (Self::Points, 1) => "1 point".to_owned(),
            (Self::Points, _) => format!("{score} points"),
            (Self::PartsPerMillion, _) => format!("{} %", self.number(score)),
        }
    }
}

/// Ages a model was made for, in completed years.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ages {
    /// Youngest.
    pub from: i16,
    /// First that is too old.
    pub below: i16,
}

impl Ages {
    /// Every age: the model sets no limit.
    pub const ALL: Self = Self {
        from: i16::MIN,
        below: i16::MAX,
    };

    /// Whether the model was made for this age.
    #[must_use]
    pub const fn contains(self, age: i16) -> bool {
        self.from <= age && age < self.below
    }
}

/// A score: a table of points, an equation, or a ladder of several of them.
#[derive(Debug, Clone)]
pub struct Model {
    /// The head of the file.
    pub header: Header,
    /// The file, relative to the rules folder.
    pub file: String,
    /// What its scores count.
    pub unit: ScoreUnit,
    /// Lowest possible score.
    pub min: Score,
    /// Highest possible score.
    pub max: Score,
    /// For whom it was made.
    pub ages: Ages,
    /// The items, in the order of the form; none of a ladder.
    pub items: Vec<Item>,
    /// Items that cannot be looked at one by one, since one says how another counts.
    pub(crate) groups: Vec<Vec<usize>>,
    /// How the sum of the items becomes the score.
    pub equation: Equation,
    /// What recalibrates an equation's risk.
    pub layers: Layers,
    /// From which score on its authors act, by age; nothing where they name none.
    pub level: Option<Bands<Score>>,
    /// Classes the form gives to scores.
    pub classes: Option<Bands<Class>>,
    /// Worked examples.
    pub examples: Vec<Example>,
    /// The models of a ladder, first choice first; none of a single model.
    pub rungs: Vec<Rung>,
}

/// A named interval of scores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// Its id.
    pub id: String,
    /// Its name in a sentence.
    pub name: String,
}

/// One question of the form.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its id.
    pub id: String,
    /// Its name in a sentence.
    pub name: String,
    /// Its number on the form.
    pub question: u8,
    /// Where it is known from.
    pub input: ItemInput,
    /// What it adds to the sum.
    pub terms: Vec<Term>,
    /// Of the items with the same word here, only the one that adds most counts.
    pub highest: Option<String>,
    /// What counts as evidence of *no*, in words; else the item is unknown.
    pub no_evidence: Option<String>,
}

/// Where an item is known from.
#[derive(Debug, Clone)]
pub enum ItemInput {
    /// Age in completed years, by the register.
    Age,
    /// Sex, by the register.
    Sex,
    /// A measurement in one unit.
    Measure {
        /// The unit of its bands or coefficients.
        unit: Unit,
        /// Facts it may come from; the newest measurement counts.
        sources: Vec<MeasureSource>,
        /// What it can be while it is not known, where it counts by its value and not by bands.
        range: Option<(f64, f64)>,
    },
    /// One of a list of answers, each shown by signals.
    Answers {
        /// The answers, weakest first.
        options: Vec<AnswerOption>,
        /// How signals that disagree are settled.
        resolve: Resolve,
        /// What counts as evidence of which answer.
        signals: Vec<Signal>,
    },
}

/// A fact a measurement may come from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MeasureSource {
    /// The measurement itself.
    Fact {
        /// Which.
        fact: FactId,
        /// Another unit it may be in, and how much one of that is in the item's unit.
        factor: Option<(Unit, f64)>,
        /// How old it may be, in months.
        within_months: Option<u32>,
    },
    /// Mass (kg) divided by the square of height (m).
    MassOverHeightSquared {
        /// The mass; its date is the date of the result.
        mass: FactId,
        /// The newest height measured at `height_from_age` or later.
        height: FactId,
        /// Youngest age, in completed years, at which a height counts as final.
        height_from_age: i16,
        /// How old the mass may be, in months.
        within_months: Option<u32>,
    },
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerOption {
    /// Its id.
    pub answer: String,
    /// How it reads in a sentence.
    pub reads: String,
}

/// How signals that disagree are settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolve {
    /// The newest signal counts (habits).
    Latest,
    /// The signal of the strongest answer counts, however old ("ever").
    Strongest,
}

/// Evidence of an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Signal {
    /// The fact.
    pub fact: FactId,
    /// What must be true of it.
    pub test: SignalTest,
    /// Who must stand behind it; `None` for anybody.
    pub standing: Option<Standing>,
    /// The answer it shows, by position.
    pub means: usize,
    /// Whether a stronger answer stays possible.
    pub at_least: bool,
    /// How old it may be, in months.
    pub within_months: Option<u32>,
}

/// What must be true of a fact for it to be a signal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SignalTest {
    /// That it is there.
    Present,
    /// That it is this answer.
    Answer(u8),
    /// That the result is in this category or a worse one.
    CategoryAtLeast(Category),
    /// That the result is a number from here on, in this unit.
    From(f64, Unit),
}

/// A worked example of the rule file.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// Line in the file.
    pub line: usize,
    /// The file.
    pub file: String,
    /// `male`, `female` or nothing.
    pub sex: Option<String>,
    /// The region whose layers count, for models that have regions.
    pub region: Option<String>,
    /// For a ladder: the model that is used.
    pub model: Option<String>,
    /// Item id and its value or answer; items not named are unknown.
    pub given: Vec<(String, String)>,
    /// Lowest score expected.
    pub low: Score,
    /// Highest score expected.
    pub high: Score,
    /// How far from that it may be: half of the last digit that was published.
    pub within: Score,
}

impl Model {
    /// The same with the layers of a region in force; nothing when a region is needed and not there.
    #[must_use]
    pub fn in_region(&self, region: Option<&str>) -> Option<Self> {
        let rungs: Option<Vec<Rung>> = self
            .rungs
            .iter()
            .map(|rung| {
                Some(Rung {
                    model: rung.model.in_region(region)?,
                    needs: rung.needs.clone(),
                })
            })
            .collect();
        Some(Self {
            layers: self.layers.in_region(region)?,
            rungs: rungs?,
            ..self.clone()
        })
    }

    /// Every region that the model, or a model of the ladder, has numbers for.
    #[must_use]
    pub fn regions(&self) -> Vec<&str> {
        let mut regions = self.layers.regions();
        for rung in &self.rungs {
            for region in rung.model.layers.regions() {
                if !regions.contains(&region) {
                    regions.push(region);
                }
            }
        }
        regions
    }

    /// The model itself, or every model of the ladder.
    pub fn models(&self) -> impl Iterator<Item = &Self> {
        let own = self.rungs.is_empty().then_some(self);
        own.into_iter()
            .chain(self.rungs.iter().map(|rung| &rung.model))
    }

    /// The model of a rung of the ladder; the model itself where there is no ladder.
    #[must_use]
    pub fn rung(&self, n: usize) -> &Self {
        self.rungs.get(n).map_or(self, |rung| &rung.model)
    }

    /// The item of this id, of the model or of any model of the ladder.
    #[must_use]
    pub fn item(&self, id: &str) -> Option<&Item> {
        let mut items = self.models().flat_map(|model| &model.items);
        items.find(|item| item.id == id)
    }

    /// The class that the form gives to a score; bands of an equation are in per cent.
    #[must_use]
    pub fn class_at(&self, score: Score) -> Option<&Class> {
        let at = match self.unit {
            ScoreUnit::Points => f64::from(score),
            ScoreUnit::PartsPerMillion => f64::from(score) / 1e4,
        };
        self.classes.as_ref().map(|classes| classes.at(at))
    }

    /// The first score of each class.
    pub(crate) fn class_starts(&self) -> Vec<Score> {
        let per_unit = match self.unit {
            ScoreUnit::Points => 1.0,
            ScoreUnit::PartsPerMillion => 1e4,
        };
        let classes = self.classes.iter().flat_map(|classes| classes.as_slice());
        let ends = classes.filter_map(|band| band.from);
        ends.map(|end| {
            let scaled = super::End {
                at: end.at * per_unit,
                ..end
            };
            super::calibration::next_whole(scaled, self.min)
        })
        .collect()
    }

    /// From which score on the model's authors act at an age; nothing where they name none.
    #[must_use]
    pub fn level_at(&self, age: i16) -> Option<Score> {
        self.level.as_ref().map(|level| *level.at(f64::from(age)))
    }

    /// Items with a signal that waits for a laboratory category, and of which fact.
    pub(super) fn category_signals(&self) -> impl Iterator<Item = (&str, FactId)> {
        self.models()
            .flat_map(|model| &model.items)
            .flat_map(|item| {
                let signals = match &item.input {
                    ItemInput::Answers { signals, .. } => &signals[..],
                    ItemInput::Age | ItemInput::Sex | ItemInput::Measure { .. } => &[],
                };
                signals
                    .iter()
                    .filter(|signal| matches!(signal.test, SignalTest::CategoryAtLeast(_)))
                    .map(|signal| (item.id.as_str(), signal.fact))
            })
    }
}
