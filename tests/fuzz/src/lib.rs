//! What the fuzz targets share: the shipped rules, both ways to read a line, and what must hold of them.

use std::sync::OnceLock;

use jiff::civil::{Date, date};
use preventiojyraa::fhir::{
    Filter, Glance, IdentityKey, Reading, Resource, read_line, read_line_once,
};
use preventiojyraa::intake::{Issue, admit};
use preventiojyraa::profile::{Fact, FactValue};
use preventiojyraa::rulebook::Rulebook;

/// The day of every pull here.
const TODAY: Date = date(2026, 1, 15);

/// The shipped rules, with all that reading needs of them.
pub struct World {
    rulebook: &'static Rulebook,
    reading: Reading<'static>,
    filter: Filter,
}

/// The one world: rules are loaded once.
pub fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let rulebook = preventiojyraa::rules::shipped().expect("the shipped rules hold");
        let rulebook: &'static Rulebook = Box::leak(Box::new(rulebook));
        let reading = Reading::new(rulebook, IdentityKey::PUBLIC, "fuzz");
        World {
            rulebook,
            reading: reading.expect("a known time zone").for_pull(1, TODAY),
            filter: Filter::new(rulebook),
        }
    })
}

/// What a line came to, as something that can be compared.
#[derive(PartialEq)]
pub enum Said {
    /// An entry of the register, in all its parts.
    Entry(String, Vec<Issue>),
    /// Facts and issues about somebody.
    Facts {
        /// Type, id and resident.
        of: String,
        /// What was understood.
        facts: Vec<Fact>,
        /// What was wrong.
        issues: Vec<Issue>,
    },
    /// A type that is not used.
    OtherType(String),
    /// Set aside.
    SetAside(Issue),
}

fn said(resource: Resource<'_>) -> Said {
    match resource {
        Resource::OtherType(name) => Said::OtherType(name),
        Resource::Register(entry) => {
            let links = entry.links.iter();
            let links: Vec<String> = links
                .map(|link| format!("{} {}", link.kind, link.other))
                .collect();
            let birth = entry.register.birth.bounds();
            let text = format!(
                "{} {} {:?} {birth:?} {:?} {} {:?} {:?} {} {links:?} {}",
                entry.resident,
                entry.patient_id,
                entry.version,
                entry.register.sex,
                entry.register.complete,
                entry.district,
                entry.language,
                entry.non_disclosure,
                entry.national_id.is_some(),
            );
            Said::Entry(text, entry.issues.clone())
        }
        Resource::Statements {
            resource_type,
            id,
            resident,
            submissions,
            ..
        } => {
            let mut said = (Vec::new(), Vec::new());
            for submission in &submissions {
                let intake = admit(world().rulebook, TODAY, submission);
                said.0.extend(intake.facts);
                said.1.extend(intake.issues);
            }
            Said::Facts {
                of: format!("{resource_type} {id} {resident}"),
                facts: said.0,
                issues: said.1,
            }
        }
    }
}

/// Reads one line in every way there is, and checks that they agree.
///
/// # Panics
///
/// When a fast way finds something else than the reference, but for what a glance may do: count by
/// its code a line of no interest that is damaged inside.
pub fn check_line(line: &[u8]) {
    let world = world();
    let reference = read_line(&world.reading, line, said).unwrap_or_else(Said::SetAside);
    let once = read_line_once(&world.reading, line, said).unwrap_or_else(Said::SetAside);
    assert!(once == reference, "one pass finds something else");
    match (world.filter.glance(line), &reference) {
        (Glance::Unclear, _) | (_, Said::SetAside(_)) => {}
        (Glance::OtherType(name), Said::OtherType(known)) => assert_eq!(name, known),
        (
            Glance::NoInterest {
                resource_type, id, ..
            },
            Said::Facts { of, facts, .. },
        ) => {
            assert!(
                of.starts_with(&format!("{resource_type} {id} ")),
                "another id"
            );
            let is_fact = |fact: &&Fact| fact.value != FactValue::Withdrawn;
            assert_eq!(
                facts.iter().filter(is_fact).count(),
                0,
                "a fact was passed over"
            );
            assert!(facts.is_empty(), "what is taken back was passed over");
        }
        (Glance::OtherType(_) | Glance::NoInterest { .. }, _) => {
            panic!("the glance and the reference see another kind of resource")
        }
    }
}
