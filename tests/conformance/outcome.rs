//! What becomes of one resource, in words.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::{Date, date};
use preventiojyraa::fhir::{IdentityKey, PatientEntry, Reading, Resource, read_line};
use preventiojyraa::intake::{self, Intake, Issue, Submission};
use preventiojyraa::profile::{Comparator, Death, Fact, FactValue, Residence, Sex, Standing};
use preventiojyraa::rulebook::Rulebook;
use preventiojyraa::rules;

/// The day everything happens on unless the fixture's deviation is its date.
const DAY: Date = date(2025, 10, 1);
const DAY_OF_PULL: Date = date(2025, 11, 1);

pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Reads fixtures with the shipped rules.
pub(super) struct Reader {
    rulebook: Rulebook,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self {
            rulebook: rules::shipped().expect("the shipped rules hold"),
        }
    }

    /// What becomes of a fixture.
    pub(super) fn outcome(&self, fixture: &str) -> String {
        let path = folder().join(format!("{fixture}.json"));
        let bytes = fs::read(&path).unwrap_or_else(|_| panic!("no fixture `{fixture}`"));
        let reading = Reading::new(&self.rulebook, IdentityKey::PUBLIC, "fixtures");
        let reading = reading.expect("a known time zone");
        let resident = reading.resident("example");
        let read = read_line(
            &reading,
            bytes.trim_ascii_end(),
            |resource| match resource {
                Resource::Register(entry) => {
                    assert_eq!(entry.resident, resident, "{fixture}");
                    person(&entry)
                }
                Resource::Statements {
                    resident: about,
                    submissions,
                    ..
                } => {
                    assert_eq!(about, resident, "{fixture} is about somebody else");
                    self.statements(&submissions)
                }
                Resource::OtherType(name) => format!("passed over: {name}"),
            },
        );
        match read {
            Ok(outcome) => outcome,
            Err(issue) if issue.at.is_empty() => format!("refused: {}", issue.code.name()),
            Err(issue) => format!("refused: {} at {}", issue.code.name(), issue.at),
        }
    }

    fn statements(&self, submissions: &[Submission<'_>]) -> String {
        let intakes = submissions
            .iter()
            .map(|s| intake::admit(&self.rulebook, DAY_OF_PULL, s));
        let mut words = Vec::new();
        let mut unmapped = submissions.is_empty();
        for Intake {
            facts,
            issues,
            unmapped: is_unmapped,
        } in intakes
        {
            words.extend(facts.iter().map(|fact| self.fact(fact)));
            words.extend(issue_words(&issues));
            unmapped |= is_unmapped;
        }
        if words.is_empty() {
            words.push(
                if unmapped {
                    "passed over"
                } else {
                    "says nothing"
                }
                .to_owned(),
            );
        }
        words.join(", ")
    }

    fn fact(&self, fact: &Fact) -> String {
        let definition = self.rulebook.catalogue.definition(fact.id);
        let mut words = match fact.value {
            FactValue::Withdrawn => return "taken back".to_owned(),
            FactValue::Present => definition.id.clone(),
            FactValue::Answer(n) => {
                format!("{} {}", definition.id, definition.answers[usize::from(n)])
            }
            FactValue::Quantity(quantity) => {
                let limit = match quantity.comparator() {
                    Comparator::Exactly => "",
                    Comparator::Below => "< ",
                    Comparator::AtMost => "<= ",
                    Comparator::AtLeast => ">= ",
                    Comparator::Above => "> ",
                };
                let (value, unit) = (quantity.value(), quantity.unit());
                format!("{} {limit}{value} {unit}", definition.id)
            }
        };
        words.push_str(match fact.standing {
            Standing::Established => "",
            Standing::Unaccepted => ", not accepted",
            Standing::SelfReported => ", self-reported",
        });
        if fact.effective != DAY {
            words.push_str(&format!(" on {}", fact.effective));
        }
        if let Some(until) = fact.until {
            words.push_str(&format!(" until {until}"));
        }
        words
    }
}

fn issue_words(issues: &[Issue]) -> Vec<String> {
    issues
        .iter()
        .map(|issue| {
            assert!(
                !issue.expected.is_empty(),
                "{} says what was expected",
                issue.code.name()
            );
            format!("set aside: {}", issue.code.name())
        })
        .collect()
}

fn person(entry: &PatientEntry) -> String {
    let register = &entry.register;
    let mut words = vec![match register.sex {
        Sex::Female => "woman".to_owned(),
        Sex::Male => "man".to_owned(),
        Sex::Unknown => "somebody".to_owned(),
    }];
    words.push(match register.birth.bounds() {
        None => "born some day".to_owned(),
        Some((from, to)) if from == to => format!("born {from}"),
        Some((from, to)) => format!("born {from} to {to}"),
    });
    words.push(match register.residence {
        Residence::InArea => "in the area".to_owned(),
        Residence::MovedAway(Some(day)) => format!("moved {day}"),
        Residence::MovedAway(None) => "moved some day".to_owned(),
        Residence::Elsewhere => "elsewhere".to_owned(),
        Residence::Unknown => "somewhere".to_owned(),
    });
    match register.death {
        Death::Alive => {}
        Death::On(day) => words.push(format!("died {day}")),
        Death::Undated => words.push("died some day".to_owned()),
    }
    if entry.district.is_none() {
        words.push("without district".to_owned());
    }
    if entry.non_disclosure {
        words.push("not disclosed".to_owned());
    }
    if entry.national_id.is_none() {
        words.push("without national identifier".to_owned());
    }
    words.extend(issue_words(&entry.issues));
    words.join(", ")
}
