//! One decision, explained in sentences.

use std::fmt::Write;

use jiff::Span;
use jiff::civil::Date;

use super::phrases::{cut, date_phrase, list_phrase};
use super::telling::{Level, Person, Telling, say};
use super::waiting;
use crate::pathway::{Decision, NearMiss, Reason, ReasonVerdict};
use crate::profile::{Fact, Profile, Sex};
use crate::risk::{self, Assessment};
use crate::rulebook::{Calibration, Model, NextStep, Rulebook, State, Status};

/// What an explanation is made from.
struct Explained<'a> {
    rulebook: &'a Rulebook,
    profile: &'a Profile,
    decision: &'a Decision,
    person: Person,
    day: Date,
    telling: Telling<'a>,
}

/// Explains a decision to a professional, in sentences, with the age of each fact.
///
/// `label` is how the caller names the resident in the heading.
#[must_use]
pub fn explain(rulebook: &Rulebook, profile: &Profile, decision: &Decision, label: &str) -> String {
    let telling = Telling::of(rulebook, &rulebook.model, profile);
    let (person, day) = (telling.person, profile.index_date());
    let explained = Explained {
        rulebook,
        profile,
        decision,
        person,
        day,
        telling,
    };
    let mut text = format!("{label}, as of {}\n\n", date_phrase(day));
    explained.who(&mut text);
    explained.next_step(&mut text);
    text.push_str(&waiting::sentences(rulebook, decision));
    explained.reviews(&mut text);
    if let Some(assessment) = &decision.assessment {
        let level = rulebook.pathway.level(profile.age_in_years());
        let level = Level::Action(level);
        explained.telling.score(&mut text, assessment, level);
        if explained.is_about_the_future() {
            explained.probability(&mut text, assessment);
        }
    }
    explained.reasons(&mut text);
    explained.footing(&mut text);
    text
}

impl Explained<'_> {
    fn who(&self, text: &mut String) {
        let is_child = self
            .profile
            .age_in_years()
            .is_some_and(|(_, oldest)| oldest < self.rulebook.pathway.age_from);
        let noun = match (self.profile.register().sex, is_child) {
            (Sex::Female, false) => "A woman",
            (Sex::Male, false) => "A man",
            (Sex::Female, true) => "A girl",
            (Sex::Male, true) => "A boy",
            (Sex::Unknown, _) => "A resident",
        };
        let alive = self.decision.assessment.is_some();
        match self.profile.age_in_years() {
            Some((young, old)) if alive && young == old => say!(text, "{noun} of {old}."),
            Some((young, old)) if alive => say!(text, "{noun} of {young} to {old}."),
            _ => {}
        }
        let row = &self.rulebook.pathway.rows[self.decision.row];
        say!(text, "{} {}.", self.person.subject, row.says);
    }

    fn next_step(&self, text: &mut String) {
        let after = |months: u16, from: Date| {
            let then = from.saturating_add(Span::new().months(i64::from(months)));
            date_phrase(then)
        };
        let decided_by = self.deciding_fact().map_or(self.day, |fact| fact.effective);
        match &self.decision.next {
            NextStep::Nothing => say!(text, "Nothing is asked of {}.", self.person.object),
            NextStep::Recall { months } => {
                say!(
                    text,
                    "No test is needed now; look again from {}.",
                    after(*months, decided_by)
                );
            }
            NextStep::Ask => say!(text, "{}", self.ask_sentence()),
            NextStep::Remind => say!(text, "Next: a reminder, once."),
            NextStep::OrderLaboratory { tests } => {
                let names: Vec<&str> = tests
                    .iter()
                    .map(|id| self.rulebook.catalogue.definition(*id).name.as_str())
                    .collect();
                say!(
                    text,
                    "Next: a laboratory visit for {}.",
                    list_phrase(&names)
                );
            }
            NextStep::Task => say!(text, "Next: a professional looks at this."),
            NextStep::OfferPrevention { recall_months } => say!(
                text,
                "Next: an offer of the lifestyle service, and a new test from {}.",
                after(*recall_months, decided_by)
            ),
            NextStep::CompleteRecord => {
                say!(
                    text,
                    "Next: get the missing data; until then nothing is decided."
                );
            }
        }
    }

    fn ask_sentence(&self) -> String {
        let names: Vec<&str> = self
            .decision
            .asks
            .iter()
            .map(|n| self.model().items[*n].name.as_str())
            .collect();
        let object = self.person.object;
        if names.is_empty() {
            return format!("Next: ask {object}; no question alone decides.");
        }
        format!(
            "Next: ask {object} about {}; whatever the answers, they decide.",
            list_phrase(&names)
        )
    }

    fn deciding_fact(&self) -> Option<Fact> {
        self.decision.fact_of(self.decision.row)
    }

    fn reviews(&self, text: &mut String) {
        for (row, review) in &self.decision.reviews {
            let when = match review.within_days {
                0 => "today".to_owned(),
                1 => "within a day".to_owned(),
                days => format!("within {days} days"),
            };
            let says = &self.rulebook.pathway.rows[*row].says;
            let subject = self.person.subject;
            say!(
                text,
                "For a professional ({}, {when}): {subject} {says}.",
                review.priority.name()
            );
        }
    }

    /// A score predicts the start of a disease: it says nothing of use where the disease may be
    /// there already, or where nobody is screened.
    fn is_about_the_future(&self) -> bool {
        !matches!(
            self.decision.state,
            State::KnownDisease
                | State::UnderReview
                | State::Confirming
                | State::OutsideAge
                | State::OutOfScope
                | State::Moved
        )
    }

    fn probability(&self, text: &mut String, assessment: &Assessment) {
        let expected = &self.rulebook.calibration;
        let standing = match (&expected.recalibrated, expected.verified) {
            (Some(recalibrated), _) => recalibrated.as_str(),
            (None, true) => expected.header.source.author.as_str(),
            (None, false) => "a draft: these numbers are not verified",
        };
        say!(
            text,
            "  Of people with such scores, {} are expected to meet this within {}: {} ({standing}).",
            share(expected, assessment),
            horizon(expected),
            expected.estimand.outcome
        );
        if let Some(shown) = &self.rulebook.display_calibration {
            say!(
                text,
                "  Not to be compared with that: of people with such scores, {} met this within {}: {} ({}, {}).",
                share(shown, assessment),
                horizon(shown),
                shown.estimand.outcome,
                shown.header.source.author,
                shown.header.source.year
            );
        }
        match risk::class(self.model(), assessment) {
            None => {}
            Some((from, to)) if from == to => {
                say!(text, "  The form calls this score {}.", from.name);
            }
            Some((from, to)) => say!(
                text,
                "  The form calls such scores {} to {}.",
                from.name,
                to.name
            ),
        }
    }

    /// The model that was used: one of a ladder, or the only one.
    fn model(&self) -> &Model {
        let assessment = self.decision.assessment.as_ref();
        let rung = assessment.map_or(0, Assessment::rung);
        self.rulebook.model.rung(rung)
    }

    fn reasons(&self, text: &mut String) {
        say!(text, "\nWhy:");
        let (held, nearly): (Vec<_>, Vec<_>) = self
            .decision
            .reasons
            .iter()
            .partition(|reason| reason.verdict == ReasonVerdict::Held);
        for reason in held {
            say!(text, "  {}", self.reason_sentence(reason));
        }
        if nearly.is_empty() {
            return;
        }
        say!(text, "Nearly, but not:");
        for reason in nearly {
            say!(text, "  {}", self.reason_sentence(reason));
        }
    }

    fn reason_sentence(&self, reason: &Reason) -> String {
        let row = &self.rulebook.pathway.rows[reason.row];
        let Person { subject, .. } = self.person;
        let fact = reason.fact.as_ref().map_or(String::new(), |fact| {
            format!(" ({})", self.telling.fact_phrase(fact))
        });
        let lacked = match reason.verdict {
            ReasonVerdict::Held if row.contradiction => {
                return format!(
                    "A contradiction: {subject} {}{fact}. [{}]",
                    row.says, row.id
                );
            }
            ReasonVerdict::Held => return format!("{subject} {}{fact}. [{}]", row.says, row.id),
            ReasonVerdict::Nearly(NearMiss::TooOld) => "too old to count",
            ReasonVerdict::Nearly(NearMiss::Ended) => "it has ended",
            ReasonVerdict::Nearly(NearMiss::OtherStanding) => "not with the standing this asks for",
            ReasonVerdict::Nearly(NearMiss::Superseded) => "a later result says otherwise",
            ReasonVerdict::Nearly(NearMiss::JustBelow) => "the score comes close to the level",
            ReasonVerdict::Nearly(NearMiss::Expired) => {
                "it was so long ago that it excludes no more"
            }
        };
        format!(
            "That {} {}: {lacked}{fact}. [{}]",
            subject.to_lowercase(),
            row.says,
            row.id
        )
    }

    fn footing(&self, text: &mut String) {
        let programme = &self.rulebook.programme.header;
        let draft = match programme.status {
            Status::Draft => ", an unsigned draft",
            Status::InForce => "",
        };
        say!(
            text,
            "\nBy {} {}{draft}, with {} {}, {} {} and {} {}.",
            programme.id,
            programme.version,
            self.model().header.id,
            self.model().header.version,
            self.rulebook.pathway.header.id,
            self.rulebook.pathway.header.version,
            self.rulebook.thresholds.header.id,
            self.rulebook.thresholds.header.version
        );
        say!(
            text,
            "This program is not a certified medical device; a professional decides."
        );
    }
}

/// The probability of a score range in words.
fn share(calibration: &Calibration, assessment: &Assessment) -> String {
    let (low, high) = risk::probability(calibration, assessment);
    let percent = |p: u32| format!("{} %", cut((f64::from(p) / 1e6).round() / 10.0));
    if percent(low) == percent(high) {
        percent(low)
    } else {
        format!("between {} and {}", percent(low), percent(high))
    }
}

/// A calibration's horizon in words: months up to a year, then years.
fn horizon(calibration: &Calibration) -> String {
    match calibration.estimand.horizon_months {
        months @ ..=12 => format!("{months} months"),
        months => format!("{} years", months / 12),
    }
}
