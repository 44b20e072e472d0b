//! Points models: items, their bands or answers, and what counts as evidence.

use super::bands::Bands;
use super::catalogue::Catalogue;
use super::header::Header;
use super::model_read::{MOST_SPAN, read_example, read_item};
use super::reader::Table;
use super::thresholds::Category;
use crate::profile::{FactId, Unit};

/// A score that adds points of items.
#[derive(Debug, Clone)]
pub struct Model {
    /// The head of the file.
    pub header: Header,
    /// Lowest possible score.
    pub min: i16,
    /// Highest possible score.
    pub max: i16,
    /// The items, in the order of the form.
    pub items: Vec<Item>,
    /// Classes the form gives to scores.
    pub classes: Bands<Class>,
    /// Worked examples.
    pub examples: Vec<Example>,
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
    /// Where its points come from.
    pub input: ItemInput,
    /// What counts as evidence of *no*, in words; else the item is unknown.
    pub no_evidence: Option<String>,
}

/// Where an item's points come from.
#[derive(Debug, Clone)]
pub enum ItemInput {
    /// Age in completed years.
    Age(Bands<i16>),
    /// A measurement in one unit.
    Measure {
        /// The unit of the bands.
        unit: Unit,
        /// The bands.
        bands: MeasureBands,
        /// Facts it may come from; the newest measurement counts.
        sources: Vec<MeasureSource>,
    },
    /// One of a list of answers, each shown by signals.
    Answers {
        /// The answers, in rising order of points.
        options: Vec<AnswerOption>,
        /// How signals that disagree are settled.
        resolve: Resolve,
        /// What counts as evidence of which answer.
        signals: Vec<Signal>,
    },
}

/// Bands of a measurement, the same for all or by sex.
#[derive(Debug, Clone)]
pub enum MeasureBands {
    /// The same for everybody.
    Common(Bands<i16>),
    /// Different for men and women.
    BySex {
        /// For men.
        male: Bands<i16>,
        /// For women.
        female: Bands<i16>,
    },
}

/// A fact a measurement may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeasureSource {
    /// The measurement itself.
    Fact {
        /// Which.
        fact: FactId,
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

/// One answer and its points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerOption {
    /// Its id.
    pub answer: String,
    /// Its points.
    pub points: i16,
    /// How it reads in a sentence.
    pub reads: String,
}

/// How signals that disagree are settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolve {
    /// The newest signal counts (habits).
    Latest,
    /// The signal with the most points counts, however old ("ever").
    Strongest,
}

/// Evidence of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal {
    /// The fact.
    pub fact: FactId,
    /// What must be true of it.
    pub test: SignalTest,
    /// The answer it shows, by position.
    pub means: usize,
    /// Whether a stronger answer stays possible.
    pub at_least: bool,
    /// How old it may be, in months.
    pub within_months: Option<u32>,
}

/// What must be true of a fact for it to be a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignalTest {
    /// That it is there.
    Present,
    /// That it is this answer.
    Answer(u8),
    /// That the result is in this category or a worse one.
    CategoryAtLeast(Category),
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
    /// Item id and its value or answer; items not named are unknown.
    pub given: Vec<(String, String)>,
    /// Lowest score expected.
    pub low: i16,
    /// Highest score expected.
    pub high: i16,
}

impl Model {
    pub(super) fn read(root: &Table<'_>, catalogue: &Catalogue) -> Option<Self> {
        let header = Header::read(root);
        let range = root.required_table("range");
        let (min, max) = range
            .as_ref()
            .map_or((None, None), |t| (t.whole("min"), t.whole("max")));
        if let Some(range) = &range {
            range.finish();
        }
        let tables = root.tables("item");
        let items: Vec<Item> = tables
            .iter()
            .filter_map(|t| read_item(t, catalogue))
            .collect();
        let classes = Bands::read(root, "class", |table| {
            let id = table.text("id");
            let name = table.text("name");
            Some(Class {
                id: id?.to_owned(),
                name: name?.to_owned(),
            })
        });
        let examples = root
            .tables("example")
            .iter()
            .filter_map(|t| read_example(t, root))
            .collect();
        root.finish();
        if items.is_empty() {
            root.report("model-without-items", "no `[[item]]` could be read");
        }
        let model = Self {
            header: header?,
            min: min?,
            max: max?,
            items,
            classes: classes?,
            examples,
        };
        if tables.len() == model.items.len() {
            model.prove_range(root);
        }
        model.prove_ids(root);
        Some(model)
    }

    /// The items must add up to the range the form states.
    fn prove_range(&self, root: &Table<'_>) {
        let bounds = self.items.iter().map(Item::point_bounds);
        let (low, high) = bounds.fold((0, 0), |(low, high), (least, most)| {
            (low + i32::from(least), high + i32::from(most))
        });
        if (low, high) != (i32::from(self.min), i32::from(self.max)) {
            let (min, max) = (self.min, self.max);
            let message = format!("the items add up to {low}-{high}, the range says {min}-{max}");
            root.report_at("range", "model-range", message, None);
        }
        if MOST_SPAN < high - low {
            let message = format!("scores span {} points, more than {MOST_SPAN}", high - low);
            root.report_at("range", "model-range", message, None);
        }
    }

    fn prove_ids(&self, root: &Table<'_>) {
        for (n, item) in self.items.iter().enumerate() {
            if self.items[..n].iter().any(|other| other.id == item.id) {
                root.report("item-twice", format!("item `{}` is there twice", item.id));
            }
        }
    }
}

impl Model {
    /// Items with a signal that waits for a laboratory category, and of which fact.
    pub(super) fn category_signals(&self) -> impl Iterator<Item = (&str, FactId)> {
        self.items.iter().flat_map(|item| {
            let signals = match &item.input {
                ItemInput::Answers { signals, .. } => &signals[..],
                ItemInput::Age(_) | ItemInput::Measure { .. } => &[],
            };
            signals
                .iter()
                .filter(|signal| matches!(signal.test, SignalTest::CategoryAtLeast(_)))
                .map(|signal| (item.id.as_str(), signal.fact))
        })
    }
}

impl Item {
    /// Fewest and most points the item can give.
    #[must_use]
    pub fn point_bounds(&self) -> (i16, i16) {
        let of = |bands: &Bands<i16>| {
            let points = bands.as_slice().iter().map(|band| band.value);
            (points.clone().min().unwrap_or(0), points.max().unwrap_or(0))
        };
        match &self.input {
            ItemInput::Age(bands)
            | ItemInput::Measure {
                bands: MeasureBands::Common(bands),
                ..
            } => of(bands),
            ItemInput::Measure {
                bands: MeasureBands::BySex { male, female },
                ..
            } => {
                let (m, f) = (of(male), of(female));
                (m.0.min(f.0), m.1.max(f.1))
            }
            ItemInput::Answers { options, .. } => {
                let points = options.iter().map(|option| option.points);
                (points.clone().min().unwrap_or(0), points.max().unwrap_or(0))
            }
        }
    }
}
