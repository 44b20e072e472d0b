//! Terms: what an item adds to the sum, by sex, by age, and by what another item says.

use super::bands::Bands;
use super::model::{Amount, ScoreUnit};
use super::reader::Table;
use crate::profile::Sex;

/// One thing for men, one for women.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BySex<T> {
    /// For men.
    pub male: T,
    /// For women.
    pub female: T,
}

impl<T> BySex<T> {
    /// The same for both.
    pub fn same(value: T) -> Self
    where
        T: Clone,
    {
        Self {
            male: value.clone(),
            female: value,
        }
    }

    /// What holds for a sex; nothing when the sex is not known.
    pub const fn of(&self, sex: Sex) -> Option<&T> {
        match sex {
            Sex::Male => Some(&self.male),
            Sex::Female => Some(&self.female),
            Sex::Unknown => None,
        }
    }
}

/// What a number is turned into before its coefficient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Transform {
    /// The number itself.
    Identity,
    /// Its natural logarithm, `ln`.
    Ln,
    /// `(x − minus) / per`.
    Centred(Centred),
}

impl Transform {
    /// The transformed number.
    #[must_use]
    pub fn of(self, x: f64) -> f64 {
        match self {
            Self::Identity => x,
            Self::Ln => libm::log(x),
            Self::Centred(centred) => centred.of(x),
        }
    }
}

/// `(x − minus) / per`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Centred {
    /// What is taken away.
    pub minus: f64,
    /// What the rest is divided by; not zero.
    pub per: f64,
}

impl Centred {
    /// The centred and scaled number.
    #[must_use]
    pub fn of(self, x: f64) -> f64 {
        (x - self.minus) / self.per
    }
}

/// What a term adds at each value of its item.
#[derive(Debug, Clone, PartialEq)]
pub enum Weights {
    /// The same whatever the value: of a sex.
    Constant(f64),
    /// For each answer, in their order.
    Answers(Vec<f64>),
    /// For each band of a number.
    Bands(Bands<f64>),
    /// A coefficient times the transformed number.
    Line {
        /// What the number is turned into.
        transform: Transform,
        /// What that is multiplied by.
        coefficient: f64,
    },
}

/// That another item has one of some answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    /// The other item, by position.
    pub item: usize,
    /// For each of its answers: whether the term then counts.
    pub answers: Vec<bool>,
}

/// One summand of an item.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// What it adds.
    pub weights: BySex<Weights>,
    /// Multiplied by the centred age, for an interaction with age.
    pub times_age: Option<Centred>,
    /// Counts only when other items say so, all of them.
    pub when: Vec<When>,
}

/// A value of an item.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Value {
    /// Nothing to know: sex.
    Given,
    /// An answer, by position.
    Answer(usize),
    /// A number.
    Number(f64),
}

impl Term {
    /// What the term adds for a sex, an age in completed years, and a value.
    ///
    /// # Panics
    ///
    /// Never: the loader gave each item weights of its kind, and contexts know the sex.
    pub(crate) fn amount(&self, (sex, age): (Sex, i16), value: Value, unit: ScoreUnit) -> Amount {
        let weights = self.weights.of(sex);
        let weights = weights.expect("a context is of a man or a woman");
        let weight = match (weights, value) {
            (Weights::Constant(weight), _) => *weight,
            (Weights::Answers(weights), Value::Answer(at)) => weights[at],
            (Weights::Bands(bands), Value::Number(x)) => *bands.at(x),
            (
                Weights::Line {
                    transform,
                    coefficient,
                },
                Value::Number(x),
            ) => coefficient * transform.of(x),
            (Weights::Answers(_) | Weights::Bands(_) | Weights::Line { .. }, _) => {
                unreachable!("the loader gave each item weights of its kind")
            }
        };
        let factor = self
            .times_age
            .map_or(1.0, |centred| centred.of(f64::from(age)));
        amount(weight * factor, unit)
    }

    /// Whether it counts by the logarithm of the number.
    pub(super) fn is_ln(&self) -> bool {
        matches!(
            self.weights.male,
            Weights::Line {
                transform: Transform::Ln,
                ..
            }
        )
    }

    /// Whether it counts by the number itself and not by bands.
    pub(crate) fn is_line(&self) -> bool {
        matches!(self.weights.male, Weights::Line { .. })
    }
}

/// A summand as a whole number of amounts.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the loader keeps coefficients within reach; a cast of a float never wraps"
)]
pub(crate) fn amount(summand: f64, unit: ScoreUnit) -> Amount {
    (summand * unit.amounts()).round() as Amount
}

/// Most points an item can give or take: scores span fewer than 128 points.
const MOST_POINTS: i16 = 100;
/// Largest coefficient or intercept; published ones are below 30.
const MOST_COEFFICIENT: f64 = 1000.0;

/// Reads `points` or `coefficient`, whichever the model has.
pub(super) fn read_weight(table: &Table<'_>, unit: ScoreUnit) -> Option<f64> {
    match unit {
        ScoreUnit::Points => read_points(table, "points").map(f64::from),
        ScoreUnit::PartsPerMillion => read_coefficient(table, "coefficient"),
    }
}

fn read_points(table: &Table<'_>, key: &'static str) -> Option<i16> {
    let points: i16 = table.whole(key)?;
    if !(-MOST_POINTS..=MOST_POINTS).contains(&points) {
        let message = format!("{points} points are outside -{MOST_POINTS} to {MOST_POINTS}");
        table.report_at(key, "item-points", message, None);
        return None;
    }
    Some(points)
}

pub(super) fn read_coefficient(table: &Table<'_>, key: &'static str) -> Option<f64> {
    let coefficient = table.number(key)?;
    if MOST_COEFFICIENT < coefficient.abs() {
        let message = format!("{coefficient} is outside -{MOST_COEFFICIENT} to {MOST_COEFFICIENT}");
        table.report_at(key, "model-coefficient", message, None);
        return None;
    }
    Some(coefficient)
}

/// Reads `KEY = x`, or `KEY_by_sex = { male = x, female = y }`.
pub(super) fn read_weight_by_sex(table: &Table<'_>, unit: ScoreUnit) -> Option<BySex<f64>> {
    let key = match unit {
        ScoreUnit::Points => "points_by_sex",
        ScoreUnit::PartsPerMillion => "coefficient_by_sex",
    };
    if !table.has(key) {
        return read_weight(table, unit).map(BySex::same);
    }
    let pair = table.table(key)?;
    let read = |key| match unit {
        ScoreUnit::Points => read_points(&pair, key).map(f64::from),
        ScoreUnit::PartsPerMillion => read_coefficient(&pair, key),
    };
    let (male, female) = (read("male"), read("female"));
    pair.finish();
    Some(BySex {
        male: male?,
        female: female?,
    })
}

/// Reads a number for both sexes, or `{ male = x, female = y }`, under one key.
pub(super) fn read_number_by_sex(table: &Table<'_>, key: &'static str) -> Option<BySex<f64>> {
    if !table.has(key) {
        table.report("rule-missing-key", format!("`{key}` is missing"));
        return None;
    }
    if !table.is_table(key) {
        return read_coefficient(table, key).map(BySex::same);
    }
    let pair = table.table(key)?;
    let (male, female) = (
        read_coefficient(&pair, "male"),
        read_coefficient(&pair, "female"),
    );
    pair.finish();
    Some(BySex {
        male: male?,
        female: female?,
    })
}

/// What kind of item a term belongs to.
#[derive(Clone, Copy)]
pub(super) enum Kind<'k> {
    Number,
    Sex,
    Answers(&'k [String]),
}

/// Ids of all items of the file with their answers, for terms that wait for an answer.
pub(super) type ItemIndex = [(String, Vec<String>)];

/// Reads `bands` or `bands_by_sex`.
pub(super) fn read_bands(table: &Table<'_>, unit: ScoreUnit) -> Option<BySex<Weights>> {
    let read = |table: &Table<'_>, key| {
        Bands::read(table, key, |band| read_weight(band, unit)).map(Weights::Bands)
    };
    if let Some(by_sex) = table.table("bands_by_sex") {
        let (male, female) = (read(&by_sex, "male"), read(&by_sex, "female"));
        by_sex.finish();
        return Some(BySex {
            male: male?,
            female: female?,
        });
    }
    read(table, "bands").map(BySex::same)
}

/// Reads one `[[item.term]]`.
pub(super) fn read_term(
    table: &Table<'_>,
    kind: Kind<'_>,
    unit: ScoreUnit,
    index: &ItemIndex,
) -> Option<Term> {
    let weights = match kind {
        Kind::Sex => read_weight_by_sex(table, unit).map(|by_sex| map(by_sex, Weights::Constant)),
        Kind::Answers(answers) => read_answer_weights(table, answers, unit),
        Kind::Number if table.has("bands") || table.has("bands_by_sex") => read_bands(table, unit),
        Kind::Number => read_line(table, unit),
    };
    let times_age = table.table("times_age").map(|t| read_centred(&t, true));
    let whens = if table.is_table("when") {
        table.table("when").into_iter().collect()
    } else {
        table.tables("when")
    };
    let when: Option<Vec<When>> = whens.iter().map(|t| read_when(t, index)).collect();
    table.finish();
    let times_age = match times_age {
        Some(read) => Some(read?),
        None => None,
    };
    if times_age.is_some() && unit == ScoreUnit::Points {
        table.report_at(
            "times_age",
            "term-points",
            "points are whole: `times_age` is for equations",
            None,
        );
    }
    Some(Term {
        weights: weights?,
        times_age,
        when: when?,
    })
}

fn map<T: Copy, U>(by_sex: BySex<T>, of: impl Fn(T) -> U) -> BySex<U> {
    BySex {
        male: of(by_sex.male),
        female: of(by_sex.female),
    }
}

/// `answer = "yes"` and its coefficient; the other answers add nothing.
fn read_answer_weights(
    table: &Table<'_>,
    answers: &[String],
    unit: ScoreUnit,
) -> Option<BySex<Weights>> {
    let answer = table.text("answer");
    let weight = read_weight_by_sex(table, unit);
    let answer = answer?;
    let Some(at) = answers.iter().position(|known| known == answer) else {
        let known: Vec<&str> = answers.iter().map(String::as_str).collect();
        table.report_at(
            "answer",
            "answer-unknown",
            format!("this item has no answer `{answer}`"),
            Some(super::reader::suggest(answer, &known)),
        );
        return None;
    };
    Some(map(weight?, |weight| {
        let mut weights = vec![0.0; answers.len()];
        weights[at] = weight;
        Weights::Answers(weights)
    }))
}

fn read_line(table: &Table<'_>, unit: ScoreUnit) -> Option<BySex<Weights>> {
    if unit == ScoreUnit::Points {
        table.report(
            "term-points",
            "points are whole: a number counts by `bands` or `bands_by_sex`",
        );
        return None;
    }
    let weight = read_weight_by_sex(table, unit);
    #[derive(Clone, Copy)]
    enum Word {
        Identity,
        Ln,
        Centred,
    }
    let word = table.word(
        "transform",
        &[
            ("identity", Word::Identity),
            ("ln", Word::Ln),
            ("centred", Word::Centred),
        ],
    );
    let transform = match word? {
        Word::Identity => Transform::Identity,
        Word::Ln => Transform::Ln,
        Word::Centred => Transform::Centred(read_centred(table, false)?),
    };
    Some(map(weight?, |coefficient| Weights::Line {
        transform,
        coefficient,
    }))
}

fn read_centred(table: &Table<'_>, is_own_table: bool) -> Option<Centred> {
    let minus = table.number("minus");
    let per = table.optional_number("per");
    if is_own_table {
        table.finish();
    }
    let per = per.unwrap_or(1.0);
    if per <= 0.0 {
        table.report_at("per", "term-per", "`per` is above 0", None);
        return None;
    }
    Some(Centred { minus: minus?, per })
}

fn read_when(table: &Table<'_>, index: &ItemIndex) -> Option<When> {
    let id = table.text("item");
    let wanted = table.texts("answers");
    table.finish();
    let id = id?;
    let Some(item) = index.iter().position(|(known, _)| known == id) else {
        let known: Vec<&str> = index.iter().map(|(id, _)| id.as_str()).collect();
        table.report_at(
            "item",
            "item-unknown",
            format!("the model has no item `{id}`"),
            Some(super::reader::suggest(id, &known)),
        );
        return None;
    };
    let known: Vec<&str> = index[item].1.iter().map(String::as_str).collect();
    if let Some(other) = wanted.iter().find(|answer| !known.contains(answer)) {
        table.report_at(
            "answers",
            "answer-unknown",
            format!("`{id}` has no answer `{other}`"),
            Some(super::reader::suggest(other, &known)),
        );
        return None;
    }
    if wanted.is_empty() {
        table.report_at(
            "answers",
            "rule-empty",
            "`answers` is missing or empty",
            None,
        );
        return None;
    }
    let answers = known.iter().map(|known| wanted.contains(known)).collect();
    Some(When { item, answers })
}
