//! A score, told item by item, with the fact that each rests on and the fact's age.

use std::fmt::Write;

use jiff::civil::Date;

use super::phrases::{age_phrase, cut, date_phrase, list_phrase, number_phrase};
use crate::profile::{Fact, FactValue, Profile, Sex, Standing};
use crate::risk::{self, Adds, Assessment, Basis, ItemResult};
use crate::rulebook::{Amount, FactKind, Item, ItemInput, Model, Rulebook, Score, ScoreUnit};

/// How the resident is spoken of.
#[derive(Clone, Copy)]
pub(super) struct Person {
    /// Begins a sentence: `She`.
    pub(super) subject: &'static str,
    /// `her`.
    pub(super) object: &'static str,
    /// `Her`.
    pub(super) possessive: &'static str,
}

/// Writing to a `String` cannot fail.
macro_rules! say {
    ($text:expr, $($arguments:tt)*) => {
        writeln!($text, $($arguments)*).expect("writing to a String cannot fail")
    };
}
pub(super) use say;

/// The level that a score is held against.
#[derive(Clone, Copy)]
pub(super) enum Level {
    /// The programme's.
    Action(Score),
    /// The one that the model's authors name, where they name one.
    Published(Option<Score>),
}

/// Tells of one resident's score by one model.
pub(super) struct Telling<'a> {
    pub(super) rulebook: &'a Rulebook,
    /// The model, or the ladder it is one of.
    pub(super) model: &'a Model,
    pub(super) person: Person,
    pub(super) day: Date,
}

/// One resident's score by a model that need not be the programme's: no decision, only the score.
///
/// `label` is how the caller names the resident in the heading.
#[must_use]
pub fn explain_score(
    rulebook: &Rulebook,
    model: &Model,
    profile: &Profile,
    assessment: Option<&Assessment>,
    label: &str,
) -> String {
    let telling = Telling::of(rulebook, model, profile);
    let day = date_phrase(profile.index_date());
    let mut text = format!("{label}, as of {day}, by {}\n", model.header.id);
    let Some(assessment) = assessment else {
        say!(
            text,
            "\nNo score: not alive on that day, or of an age that the model was not made for."
        );
        return text;
    };
    let level = Level::Published(assessment.published_level());
    telling.score(&mut text, assessment, level);
    let used = model.rung(assessment.rung());
    if let Some((from, to)) = risk::class(used, assessment) {
        let to = if from == to {
            String::new()
        } else {
            format!(" to {}", to.name)
        };
        say!(text, "  The form calls it {}{to}.", from.name);
    }
    say!(
        text,
        "\nBy {} {} ({}, {}). A rehearsal: nothing is decided by it.",
        used.header.id,
        used.header.version,
        used.header.source.author,
        used.header.source.year
    );
    say!(
        text,
        "This program is not a certified medical device; a professional decides."
    );
    text
}

impl<'a> Telling<'a> {
    pub(super) fn of(rulebook: &'a Rulebook, model: &'a Model, profile: &Profile) -> Self {
        let person = match profile.register().sex {
            Sex::Female => Person {
                subject: "She",
                object: "her",
                possessive: "Her",
            },
            Sex::Male => Person {
                subject: "He",
                object: "him",
                possessive: "His",
            },
            Sex::Unknown => Person {
                subject: "The resident",
                object: "the resident",
                possessive: "The resident's",
            },
        };
        Self {
            rulebook,
            model,
            person,
            day: profile.index_date(),
        }
    }

    /// The score, the level, and a sentence for each item.
    pub(super) fn score(&self, text: &mut String, assessment: &Assessment, level: Level) {
        let model = self.model.rung(assessment.rung());
        let possessive = self.person.possessive;
        let unit = model.unit;
        let (low, high) = (assessment.low(), assessment.high());
        let beside = match level {
            Level::Action(level) | Level::Published(Some(level)) => Some(level),
            Level::Published(None) => None,
        };
        let number = |score| match beside {
            Some(level) => unit.number_beside(score, level),
            None => unit.number(score),
        };
        let (low, high) = (number(low), number(high));
        let (name, of) = match unit {
            ScoreUnit::Points => ("risk score", format!(" of {}", model.max)),
            ScoreUnit::PartsPerMillion => ("risk", " %".to_owned()),
        };
        let is = if low == high {
            format!("is {low}")
        } else {
            format!("lies between {low} and {high}")
        };
        let level = match (level, unit) {
            (Level::Action(level), ScoreUnit::Points) => format!("{level} is the action level"),
            (Level::Action(level), ScoreUnit::PartsPerMillion) => {
                format!("{} % is the action level", number(level))
            }
            (Level::Published(Some(level)), ScoreUnit::Points) => {
                format!("its authors act from {}", unit.text(level))
            }
            (Level::Published(Some(level)), ScoreUnit::PartsPerMillion) => {
                format!("its authors act from {} %", number(level))
            }
            (Level::Published(None), _) => "its authors name no level to act from".to_owned(),
        };
        say!(text, "\n{possessive} {name} {is}{of}; {level}.");
        let others = assessment.other_rungs().iter();
        let others: Vec<&str> = others.map(|n| &*self.model.rung(*n).header.id).collect();
        if !others.is_empty() {
            let (own, others) = (&model.header.id, list_phrase(&others));
            say!(
                text,
                "  {possessive} age leaves more than one model possible: the range covers {own} and {others}; what follows is {own}."
            );
        }
        for (item, result) in model.items.iter().zip(assessment.items()) {
            say!(text, "  {}", self.item_sentence(unit, item, result));
        }
        let together = counted_once(model);
        if !together.is_empty() {
            say!(
                text,
                "  Of {} only what adds most counts.",
                list_phrase(&together)
            );
        }
        if unit == ScoreUnit::PartsPerMillion {
            say!(text, "{}", self.sum_sentence(model, assessment));
        }
    }

    /// What is added beside the items, so that a reader can follow the sum.
    fn sum_sentence(&self, model: &Model, assessment: &Assessment) -> String {
        let (low, high) = assessment.constant(model);
        let constant = if low == high {
            signed(low)
        } else {
            format!("{} to {}", signed(low), signed(high))
        };
        format!(
            "  For everybody the equation adds {constant}; its curve makes the risk of the sum."
        )
    }

    fn adds_phrase(&self, unit: ScoreUnit, adds: &Adds) -> String {
        let (low, high) = (adds.low(), adds.high());
        match unit {
            ScoreUnit::Points if (low, high) == (1, 1) => "1 point".to_owned(),
            ScoreUnit::Points if low == high => format!("{low} points"),
            ScoreUnit::Points => format!("{low} to {high} points"),
            ScoreUnit::PartsPerMillion if low == high => signed(low),
            ScoreUnit::PartsPerMillion => format!("{} to {}", signed(low), signed(high)),
        }
    }

    fn item_sentence(&self, unit: ScoreUnit, item: &Item, result: &ItemResult) -> String {
        let adds = self.adds_phrase(unit, &result.adds);
        let known = match &result.basis {
            Some(basis) => self.basis_clause(item, basis),
            None => format!("{} {} is not known", self.person.possessive, item.name),
        };
        let mut sentence = format!("{known}: {adds}.");
        if let Some(fact) = &result.too_old {
            write!(sentence, " Too old to count: {}.", self.fact_phrase(fact))
                .expect("writing to a String cannot fail");
        }
        if let Some(fact) = &result.contradicted_by {
            write!(
                sentence,
                " A newer word disagrees: {}.",
                self.fact_phrase(fact)
            )
            .expect("writing to a String cannot fail");
        }
        sentence
    }

    fn basis_clause(&self, item: &Item, basis: &Basis) -> String {
        let Person {
            subject,
            possessive,
            ..
        } = self.person;
        match basis {
            Basis::Age(young, old) if young == old => format!("{subject} is {old}"),
            Basis::Age(young, old) => format!("{subject} is between {young} and {old}"),
            Basis::Sex(Sex::Male) => format!("{subject} is a man"),
            Basis::Sex(Sex::Female) => format!("{subject} is a woman"),
            Basis::Sex(Sex::Unknown) => format!("{possessive} sex is not known"),
            Basis::Measured(fact) => format!("{possessive} {}", self.measured_clause(fact)),
            Basis::MassOverHeightSquared {
                value,
                mass,
                height,
            } => format!(
                "{possessive} {} comes to {} kg/m²; {} {}, {} {}",
                item.name,
                cut(*value),
                possessive.to_lowercase(),
                self.measured_clause(mass),
                possessive.to_lowercase(),
                self.measured_clause(height)
            ),
            Basis::Shown {
                fact,
                answer,
                at_least,
            } => {
                let reads = match &item.input {
                    ItemInput::Answers { options, .. } => options[*answer].reads.as_str(),
                    ItemInput::Age | ItemInput::Sex | ItemInput::Measure { .. } => "",
                };
                let at_least = if *at_least { ", or more than that" } else { "" };
                format!("{subject} {reads}{at_least} ({})", self.fact_phrase(fact))
            }
        }
    }

    /// `waist was 91 cm on 14 March 2018, 1 year and 2 months earlier`.
    fn measured_clause(&self, fact: &Fact) -> String {
        let definition = self.rulebook.catalogue.definition(fact.id);
        let value = fact.quantity().map_or(String::new(), number_phrase);
        let own = if fact.standing == Standing::SelfReported {
            ", as measured at home"
        } else {
            ""
        };
        format!(
            "{} was {value} on {}{own}",
            definition.name,
            self.when(fact)
        )
    }

    fn when(&self, fact: &Fact) -> String {
        if fact.effective == Fact::UNDATED {
            return "a day not recorded".to_owned();
        }
        let (date, age) = (
            date_phrase(fact.effective),
            age_phrase(fact.effective, self.day),
        );
        format!("{date}, {age}")
    }

    /// A fact with its date and age.
    pub(super) fn fact_phrase(&self, fact: &Fact) -> String {
        let definition = self.rulebook.catalogue.definition(fact.id);
        let by = match (fact.standing, definition.kind) {
            (Standing::SelfReported, FactKind::Quantity) => ", as measured at home",
            (Standing::Unaccepted, _) => ", not accepted by a professional",
            (Standing::SelfReported | Standing::Established, _) => "",
        };
        let when = self.when(fact);
        match fact.value {
            FactValue::Quantity(quantity) => {
                let reads = self.rulebook.thresholds.category(fact.id, quantity);
                let reads = reads.map_or(String::new(), |band| format!(", {}", band.reads));
                format!(
                    "{} {}{reads}, on {when}{by}",
                    definition.name,
                    number_phrase(quantity)
                )
            }
            FactValue::Answer(at) => {
                let answer = definition
                    .answers
                    .get(usize::from(at))
                    .map_or("", String::as_str);
                format!("{} `{answer}`, on {when}", definition.name)
            }
            FactValue::Present | FactValue::Withdrawn => {
                format!("{}, {when}{by}", definition.name)
            }
        }
    }
}

/// Names of items of which only the highest counts.
fn counted_once(model: &Model) -> Vec<&str> {
    let items = model.items.iter().filter(|item| item.highest.is_some());
    items.map(|item| item.name.as_str()).collect()
}

/// A part of a linear predictor with three decimals: `+0.364`.
fn signed(amount: Amount) -> String {
    let text = format!(
        "{:+.3}",
        amount as f64 / ScoreUnit::PartsPerMillion.amounts()
    );
    match text.as_str() {
        "-0.000" => "+0.000".to_owned(),
        _ => text.replace('-', "−"),
    }
}
