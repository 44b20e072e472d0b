//! Points models: items, their bands or answers, and what counts as evidence.

use super::bands::Bands;
use super::catalogue::{Catalogue, FactKind, fact};
use super::header::Header;
use super::reader::Table;
use super::thresholds::{Category, read_unit};
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
        let sum = |pick: fn((i16, i16)) -> i16| -> i16 {
            self.items
                .iter()
                .map(|item| pick(item.point_bounds()))
                .sum()
        };
        let (low, high) = (sum(|(low, _)| low), sum(|(_, high)| high));
        if (low, high) != (self.min, self.max) {
            root.report_at(
                "range",
                "model-range",
                format!(
                    "the items add up to {low}-{high}, the range says {}-{}",
                    self.min, self.max
                ),
                None,
            );
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

fn read_item(table: &Table<'_>, catalogue: &Catalogue) -> Option<Item> {
    let id = table.text("id");
    let name = table.text("name");
    let question = table.whole("question");
    let no_evidence = table.optional_text("no_evidence").map(str::to_owned);
    if let Some(freshness) = table.table("freshness") {
        freshness.note_verification();
        freshness.finish();
    }
    let input = if table.has("answers") {
        read_answers(table, catalogue)
    } else {
        read_measure(table, catalogue)
    };
    table.finish();
    let item = Item {
        id: id?.to_owned(),
        name: name?.to_owned(),
        question: question?,
        input: input?,
        no_evidence,
    };
    if item.no_evidence.is_none() && !matches!(item.input, ItemInput::Age(_)) {
        table.report(
            "item-without-evidence-of-no",
            "`no_evidence` is missing: what counts as evidence of no, and what leaves the item unknown?",
        );
    }
    Some(item)
}

fn read_measure(table: &Table<'_>, catalogue: &Catalogue) -> Option<ItemInput> {
    let measure = table.text("measure");
    let unit = read_unit(table, "unit");
    let points = |t: &Table<'_>| t.whole("points");
    if measure == Some("age") {
        if unit.is_some_and(|unit| unit != Unit::Year) {
            table.report_at("unit", "item-unit", "age is counted in years, `a`", None);
        }
        return Bands::read(table, "bands", points).map(ItemInput::Age);
    }
    let bands = if let Some(by_sex) = table.table("bands_by_sex") {
        let male = Bands::read(&by_sex, "male", points);
        let female = Bands::read(&by_sex, "female", points);
        by_sex.finish();
        Some(MeasureBands::BySex {
            male: male?,
            female: female?,
        })
    } else {
        Bands::read(table, "bands", points).map(MeasureBands::Common)
    };
    let sources: Vec<MeasureSource> = table
        .tables("from_facts")
        .iter()
        .filter_map(|t| read_source(t, catalogue))
        .collect();
    if sources.is_empty() {
        table.report("item-without-facts", "`from_facts` is missing or empty");
    }
    measure?;
    Some(ItemInput::Measure {
        unit: unit?,
        bands: bands?,
        sources,
    })
}

fn read_source(table: &Table<'_>, catalogue: &Catalogue) -> Option<MeasureSource> {
    let within_months = table.optional_whole("within_months");
    let source = if table.has("mass") {
        let mass = fact(catalogue, table, "mass");
        let height = fact(catalogue, table, "height");
        let height_from_age = table.whole("height_from_age");
        table.finish();
        MeasureSource::MassOverHeightSquared {
            mass: mass?,
            height: height?,
            height_from_age: height_from_age?,
            within_months,
        }
    } else {
        let fact = fact(catalogue, table, "fact");
        table.finish();
        MeasureSource::Fact {
            fact: fact?,
            within_months,
        }
    };
    Some(source)
}

fn read_answers(table: &Table<'_>, catalogue: &Catalogue) -> Option<ItemInput> {
    let tables = table.tables("answers");
    let options: Vec<AnswerOption> = tables
        .iter()
        .filter_map(|t| {
            let answer = t.text("answer");
            let points = t.whole("points");
            let reads = t.text("reads");
            t.finish();
            Some(AnswerOption {
                answer: answer?.to_owned(),
                points: points?,
                reads: reads?.to_owned(),
            })
        })
        .collect();
    if options.len() < 2 || options.len() < tables.len() {
        table.report("item-answers", "two `answers` or more are needed");
        return None;
    }
    if options
        .windows(2)
        .any(|pair| pair[1].points < pair[0].points)
    {
        table.report_at(
            "answers",
            "item-answers",
            "answers stand in rising order of points",
            None,
        );
    }
    let resolve = table.word(
        "resolve",
        &[
            ("latest", Resolve::Latest),
            ("strongest", Resolve::Strongest),
        ],
    );
    let signals: Vec<Signal> = table
        .tables("signals")
        .iter()
        .filter_map(|t| read_signal(t, catalogue, &options))
        .collect();
    for (n, option) in options.iter().enumerate() {
        if !signals.iter().any(|signal| signal.means == n) {
            table.report(
                "item-answer-without-signal",
                format!("no signal ever means `{}`", option.answer),
            );
        }
    }
    Some(ItemInput::Answers {
        options,
        resolve: resolve?,
        signals,
    })
}

fn read_signal(
    table: &Table<'_>,
    catalogue: &Catalogue,
    options: &[AnswerOption],
) -> Option<Signal> {
    let fact = fact(catalogue, table, "fact");
    let answer = table.optional_text("answer");
    let category = table.optional_word("category_at_least", &Category::WORDS);
    let means = table.text("means");
    let at_least = table.optional_flag("at_least").unwrap_or(false);
    let within_months = table.optional_whole("within_months");
    table.finish();
    let fact = fact?;
    let definition = catalogue.definition(fact);
    let test = match (answer, category) {
        (Some(answer), None) => {
            let at = definition.answers.iter().position(|a| a == answer);
            let Some(at) = at.and_then(|at| u8::try_from(at).ok()) else {
                let known: Vec<&str> = definition.answers.iter().map(String::as_str).collect();
                table.report_at(
                    "answer",
                    "answer-unknown",
                    format!("`{}` has no answer `{answer}`", definition.id),
                    Some(super::reader::suggest(answer, &known)),
                );
                return None;
            };
            SignalTest::Answer(at)
        }
        (None, Some(category)) => SignalTest::CategoryAtLeast(category),
        (None, None) => SignalTest::Present,
        (Some(_), Some(_)) => {
            table.report(
                "signal-test",
                "`answer` and `category_at_least` cannot both be given",
            );
            return None;
        }
    };
    let expected = match test {
        SignalTest::Answer(_) => definition.kind == FactKind::Answer,
        SignalTest::CategoryAtLeast(_) => definition.kind == FactKind::Quantity,
        SignalTest::Present => !matches!(definition.kind, FactKind::Answer | FactKind::Quantity),
    };
    if !expected {
        table.report(
            "signal-test",
            format!("`{}` cannot be tested like this", definition.id),
        );
    }
    let means = means?;
    let Some(means) = options.iter().position(|option| option.answer == means) else {
        let known: Vec<&str> = options
            .iter()
            .map(|option| option.answer.as_str())
            .collect();
        table.report_at(
            "means",
            "answer-unknown",
            format!("this item has no answer `{means}`"),
            Some(super::reader::suggest(means, &known)),
        );
        return None;
    };
    Some(Signal {
        fact,
        test,
        means,
        at_least,
        within_months,
    })
}

fn read_example(table: &Table<'_>, root: &Table<'_>) -> Option<Example> {
    let given_table = table.required_table("given");
    let low = table.whole("low");
    let high = table.whole("high");
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
    Some(Example {
        line,
        file,
        sex,
        given,
        low: low?,
        high: high?,
    })
}
