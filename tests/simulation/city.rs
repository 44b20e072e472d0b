//! A city that lives: people are born, come, leave, die, are entered twice, say no, answer, come to the
//! laboratory and are diagnosed. It tells what has changed as an export folder, and knows the truth.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Span;
use jiff::civil::Date;
use preventiojyraa::ledger::EpisodeMap;
use preventiojyraa::pathway::{Stage, TestOrder};
use preventiojyraa::profile::ResidentId;
use serde_json::{Value, json};

use crate::support::site::{Dice, opaque};

const CHOICES: &str = "https://maisa.example.org/fhir/CodeSystem/suostumus";
const FORM: &str = "https://maisa.example.org/fhir/Questionnaire/t2d-riskitesti";
const LANGUAGES: [&str; 5] = ["fi", "fi", "fi", "sv", "so"];

/// How somebody left the city.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    Died,
    Moved,
}

/// An entry of the register and the person behind it.
pub(super) struct Person {
    pub(super) name: String,
    pub(super) id: ResidentId,
    born: Date,
    is_woman: bool,
    language: &'static str,
    /// How ill they are, from 0 to 99: what results say follows from it.
    illness: usize,
    pub(super) left: Option<Left>,
    left_on: Date,
    /// Another entry of the same person, and whether this one has given way to it.
    pub(super) same_as: Option<usize>,
    pub(super) gave_way: bool,
}

/// What has happened so far, counted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lived {
    pub(super) born: u32,
    pub(super) came: u32,
    pub(super) died: u32,
    pub(super) moved: u32,
    pub(super) merged: u32,
    pub(super) parted: u32,
    pub(super) refused: u32,
    pub(super) answered: u32,
    pub(super) tested: u32,
    pub(super) diagnosed: u32,
}

impl Lived {
    /// By what it is called.
    pub(super) fn counts(&self) -> [(&'static str, u32); 10] {
        [
            ("born", self.born),
            ("coming", self.came),
            ("dead", self.died),
            ("moved", self.moved),
            ("merged", self.merged),
            ("parted", self.parted),
            ("refusing", self.refused),
            ("answering", self.answered),
            ("tested", self.tested),
            ("diagnosed", self.diagnosed),
        ]
    }
}

pub(super) struct City {
    dice: Dice,
    pub(super) today: Date,
    pub(super) people: Vec<Person>,
    pub(super) lived: Lived,
    /// Resources that changed since the last export, by type.
    changed: BTreeMap<&'static str, Vec<Value>>,
    n_resources: usize,
}

pub(super) fn days(n: usize) -> Span {
    Span::new().days(i64::try_from(n).expect("a few days"))
}

impl City {
    /// A city of so many, of whom most have records.
    pub(super) fn of(residents: usize, seed: u64, today: Date) -> Self {
        let mut city = Self {
            dice: Dice::new(seed),
            today,
            people: Vec::new(),
            lived: Lived::default(),
            changed: BTreeMap::new(),
            n_resources: 0,
        };
        for _ in 0..residents {
            let age = city.dice.below(95 * 365);
            city.comes(today.saturating_sub(days(age)), None);
        }
        city
    }

    /// Whether something with so many chances in a hundred thousand happens.
    fn happens(&mut self, chances: usize) -> bool {
        self.dice.below(100_000) < chances
    }

    fn comes(&mut self, born: Date, same_as: Option<usize>) {
        let n = self.people.len();
        let name = format!("entry-{n}");
        let like = same_as.map(|other| &self.people[other]);
        let person = Person {
            id: opaque(&name),
            born,
            is_woman: match like {
                Some(other) => other.is_woman,
                None => n.is_multiple_of(2),
            },
            language: like.map_or(LANGUAGES[n % LANGUAGES.len()], |other| other.language),
            illness: match like {
                Some(other) => other.illness,
                None => self.dice.below(100),
            },
            left: None,
            left_on: born,
            same_as,
            gave_way: false,
            name,
        };
        self.people.push(person);
        self.registers(n);
        if same_as.is_none() && self.happens(80_000) {
            self.is_measured(n);
        }
    }

    /// Their entry on the register, as it is now.
    fn registers(&mut self, n: usize) {
        let person = &self.people[n];
        let place = |code: &str| {
            json!([{
                "url": "https://hl7.fi/fhir/finnish-base-profiles/StructureDefinition/municipality-code",
                "valueCoding": { "system": "urn:oid:1.2.246.537.6.21", "code": code },
            }])
        };
        let mut entry = json!({
            "resourceType": "Patient",
            "id": person.name,
            "meta": { "lastUpdated": format!("{}T12:00:00+02:00", self.today) },
            "active": !person.gave_way,
            "gender": if person.is_woman { "female" } else { "male" },
            "birthDate": person.born.to_string(),
            "communication": [{ "language": { "coding": [{ "code": person.language }] } }],
            "extension": place("091"),
        });
        match person.left {
            Some(Left::Died) => entry["deceasedDateTime"] = json!(person.left_on.to_string()),
            Some(Left::Moved) => {
                let on = person.left_on.to_string();
                entry["address"] = json!([
                    { "period": { "end": on }, "extension": place("091") },
                    { "period": { "start": on }, "extension": place("049") },
                ]);
            }
            None => {}
        }
        if let (true, Some(other)) = (person.gave_way, person.same_as) {
            let other = format!("Patient/{}", self.people[other].name);
            entry["link"] = json!([{ "other": { "reference": other }, "type": "replaced-by" }]);
        }
        self.changed.entry("Patient").or_default().push(entry);
    }

    fn tells(&mut self, n: usize, kind: &'static str, mut resource: Value) {
        self.n_resources += 1;
        resource["resourceType"] = json!(kind);
        resource["id"] = json!(format!("r{}", self.n_resources));
        let whose = if kind == "Consent" {
            "patient"
        } else {
            "subject"
        };
        let reference = format!("Patient/{}", self.people[n].name);
        resource[whose] = json!({ "reference": reference });
        self.changed.entry(kind).or_default().push(resource);
    }

    fn measures(&mut self, n: usize, code: &str, value: f64, unit: &str) {
        let observation = json!({
            "status": "final",
            "code": { "coding": [{ "system": "http://loinc.org", "code": code }] },
            "effectiveDateTime": self.today.to_string(),
            "valueQuantity": { "value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit },
        });
        self.tells(n, "Observation", observation);
    }

    fn is_measured(&mut self, n: usize) {
        let illness = self.people[n].illness as f64;
        self.measures(n, "39156-5", 20.0 + illness / 7.0, "kg/m2");
        self.measures(n, "8280-0", 75.0 + illness / 2.5, "cm");
    }

    /// Lives on for some days; what the programme has asked of somebody is answered, or not.
    pub(super) fn lives(&mut self, n_days: usize, rounds: &EpisodeMap) {
        let from = self.today;
        self.today = from.saturating_add(days(n_days));
        // Chances in a hundred thousand people and year; some more than in life, so that a small city shows it.
        let of_year = |chances: usize| chances * n_days / 365;
        for n in 0..self.people.len() {
            if self.people[n].left.is_some() {
                continue;
            }
            if self.people[n].gave_way {
                self.is_parted(n, of_year(60_000));
                continue;
            }
            let day = from.saturating_add(days(1 + self.dice.below(n_days)));
            let age = self.today.year() - self.people[n].born.year();
            let dies = if 70 < age { 6_000 } else { 300 };
            if self.happens(of_year(dies)) {
                self.lived.died += 1;
                self.leaves(n, Left::Died, day);
                continue;
            }
            if self.happens(of_year(3_000)) {
                self.lived.moved += 1;
                self.leaves(n, Left::Moved, day);
                continue;
            }
            if self.happens(of_year(30_000)) {
                self.is_measured(n);
            }
            if self.happens(of_year(2_000)) {
                self.refuses(n);
            }
            if self.happens(of_year(6_000)) {
                self.is_entered_twice(n);
            }
            self.gives_way(n, of_year(300_000));
            let stage = rounds
                .get(&self.people[n].id)
                .map(|round| round.stage.clone());
            if let Some(stage) = stage {
                self.reacts(n, &stage);
            }
        }
        let n_people = self.people.iter().filter(|one| one.left.is_none()).count();
        for _ in 0..n_people {
            if self.happens(of_year(3_000)) {
                let day = from.saturating_add(days(1 + self.dice.below(n_days)));
                self.lived.born += 1;
                self.comes(day, None);
            }
            if self.happens(of_year(3_500)) {
                let age = self.dice.below(70 * 365);
                self.lived.came += 1;
                self.comes(self.today.saturating_sub(days(age)), None);
            }
        }
    }

    fn leaves(&mut self, n: usize, how: Left, day: Date) {
        self.people[n].left = Some(how);
        self.people[n].left_on = day;
        self.registers(n);
    }

    fn refuses(&mut self, n: usize) {
        self.lived.refused += 1;
        let consent = json!({
            "status": "active",
            "category": [{ "coding": [{ "system": CHOICES, "code": "t2d-seulonta" }] }],
            "dateTime": self.today.to_string(),
            "provision": { "type": "deny" },
        });
        self.tells(n, "Consent", consent);
    }

    fn is_entered_twice(&mut self, n: usize) {
        if self.people[n].same_as.is_none() {
            self.comes(self.people[n].born, Some(n));
        }
    }

    /// A second entry that somebody has found out gives way to the first.
    fn gives_way(&mut self, n: usize, chances: usize) {
        if self.people[n].same_as.is_some() && self.happens(chances) {
            self.people[n].gave_way = true;
            self.lived.merged += 1;
            self.registers(n);
        }
    }

    /// Somebody says that the two were not the same after all.
    fn is_parted(&mut self, n: usize, chances: usize) {
        if self.happens(chances) {
            self.people[n].gave_way = false;
            self.lived.parted += 1;
            self.registers(n);
        }
    }

    fn reacts(&mut self, n: usize, stage: &Stage) {
        let illness = self.people[n].illness as f64;
        match stage {
            // Some never answer, and some never come.
            Stage::Asked { .. } if !n.is_multiple_of(4) && self.happens(45_000) => {
                self.lived.answered += 1;
                let is_ill = 55.0 < illness;
                let said = |yes: &str, no: &str| {
                    if is_ill {
                        yes.to_owned()
                    } else {
                        no.to_owned()
                    }
                };
                let answers = [
                    ("liikunta", said("ei", "kylla")),
                    ("kasvikset", said("ei-paivittain", "paivittain")),
                    ("verenpainelaake", said("kylla", "ei")),
                    ("korkea-verensokeri", said("kylla", "ei")),
                    ("suku", said("lahi", "ei")),
                ];
                let items: Vec<Value> = answers
                    .iter()
                    .map(|(question, code)| {
                        json!({ "linkId": question, "answer": [{ "valueCoding": { "code": code } }] })
                    })
                    .collect();
                let response = json!({
                    "questionnaire": FORM,
                    "status": "completed",
                    "authored": self.today.to_string(),
                    "item": items,
                });
                self.tells(n, "QuestionnaireResponse", response);
            }
            Stage::Ordered { tests, .. } => {
                let delivered = |order: &TestOrder| matches!(order, TestOrder::Delivered);
                let comes = !n.is_multiple_of(6) && self.happens(60_000);
                if comes && tests.values().any(delivered) {
                    self.lived.tested += 1;
                    self.measures(n, "14771-0", 4.6 + illness / 36.0, "mmol/L");
                    // Some laboratories forget one of two.
                    if self.happens(95_000) {
                        self.measures(n, "59261-8", 31.0 + illness / 5.0, "mmol/mol");
                    }
                }
            }
            Stage::Confirming { .. } if self.happens(60_000) => {
                self.lived.diagnosed += 1;
                let condition = json!({
                    "code": { "coding": [{ "system": "urn:oid:1.2.246.537.6.1", "code": "E11.9" }] },
                    "category": [{ "coding": [{ "code": "encounter-diagnosis" }] }],
                    "recordedDate": self.today.to_string(),
                });
                self.tells(n, "Condition", condition);
            }
            Stage::Asked { .. }
            | Stage::Confirming { .. }
            | Stage::Eligible
            | Stage::Queued { .. }
            | Stage::OfferedPrevention { .. }
            | Stage::WithANurse { .. }
            | Stage::Closed { .. } => {}
        }
    }

    /// Writes what has changed since the last time as an export folder; nothing else.
    pub(super) fn exports(&mut self, folder: &Path) -> PathBuf {
        if folder.exists() {
            fs::remove_dir_all(folder).expect("the last export can be removed");
        }
        fs::create_dir_all(folder).expect("an export folder can be made");
        // An export without anything is no export.
        if self.changed.is_empty() {
            self.registers(0);
        }
        for (kind, resources) in std::mem::take(&mut self.changed) {
            // Of one entry that changed twice the last word is told.
            let mut told = BTreeSet::new();
            let newest = resources.iter().rev();
            let newest = newest.filter(|one| told.insert(one["id"].to_string()));
            let text: String = newest.map(|one| format!("{one}\n")).collect();
            let path = folder.join(format!("{kind}.ndjson"));
            fs::write(path, text).expect("an export file can be written");
        }
        folder.to_owned()
    }
}
