//! Whatever comes in whatever order in however many pulls, what is known and decided is what one pull of
//! the final state gives.
//!
//! Real exports, a real lake and a real ledger. What agreement cannot prove: that either is right; the
//! stories about corrections say what should be so.
//!
//! Two things are left out, since they are not so on purpose. A deleted `Patient` stays on the
//! register, or somebody would silently be lost. And a version of which no rule speaks is not
//! stored, as most of a city's lines are such: one that comes in an earlier pull than an older version
//! which says something does not take that back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use jiff::civil::date;
use preventiojyraa::fhir::{Deletion, ReadBy, TYPES_READ};
use preventiojyraa::ledger::Ledger;
use preventiojyraa::profile::{Fact, Profile, ResidentId, Version};
use preventiojyraa::steps::{
    self, Access, DataFolder, LineReader, NetworkReport, PullOptions, PullWay, ReplayOptions,
    RunOptions, Verdict, WhichRuns,
};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::support::draw::fixed;
use crate::support::shipped::rulebook;
use crate::support::site::{TempFolder, opaque};

/// After everything that the source says.
const INDEX_DATE: jiff::civil::Date = date(2026, 6, 1);
const N_PATIENTS: usize = 4;
const N_STATEMENTS: usize = 5;

/// What a version of a statement says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    /// Something about a patient, one of three values.
    This { of: usize, value: usize },
    /// That it was an error, about a patient.
    Error { of: usize },
    /// Something that cannot be understood.
    Garbled { of: usize },
    /// Something that no rule speaks of.
    Nothing { of: usize },
    /// Nothing: the source has deleted it.
    Deleted,
}

fn says() -> impl Strategy<Value = Says> {
    let of = || 0..N_PATIENTS;
    prop_oneof![
        6 => (of(), 0..3usize).prop_map(|(of, value)| Says::This { of, value }),
        1 => of().prop_map(|of| Says::Error { of }),
        1 => of().prop_map(|of| Says::Garbled { of }),
        1 => of().prop_map(|of| Says::Nothing { of }),
        2 => Just(Says::Deleted),
    ]
}

/// What a version of a register entry says.
#[derive(Debug, Clone, Copy)]
struct Entry {
    municipality: &'static str,
    hidden: bool,
    died: bool,
    /// Who it is now said to be the same as.
    link: Option<(usize, &'static str)>,
}

fn entry() -> impl Strategy<Value = Entry> {
    let kinds = select(&["replaced-by", "replaces", "refer", "seealso"][..]);
    let link = proptest::option::weighted(0.4, (0..N_PATIENTS, kinds));
    let municipality = select(&["091", "091", "049"][..]);
    (
        municipality,
        any::<bool>(),
        proptest::bool::weighted(0.1),
        link,
    )
        .prop_map(|(municipality, hidden, died, link)| Entry {
            municipality,
            hidden,
            died,
            link,
        })
}

/// What a source says, version by version.
#[derive(Debug, Clone)]
struct Source {
    patients: Vec<Vec<Entry>>,
    statements: Vec<Vec<Says>>,
    /// Whether it dates its versions.
    is_dated: bool,
}

fn source(is_dated: bool) -> impl Strategy<Value = Source> {
    let patients = proptest::collection::vec(proptest::collection::vec(entry(), 1..3), N_PATIENTS);
    let statements =
        proptest::collection::vec(proptest::collection::vec(says(), 1..5), N_STATEMENTS);
    (patients, statements).prop_map(move |(patients, statements)| Source {
        patients,
        statements,
        is_dated,
    })
}

/// One version of one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    Patient(usize, usize),
    Statement(usize, usize),
}

/// When the source wrote a version down.
fn time(version: usize, resource: usize) -> String {
    format!("2026-01-{:02}T10:{resource:02}:00Z", version + 2)
}

impl Source {
    fn pieces(&self) -> Vec<Piece> {
        let patients = self.patients.iter().enumerate();
        let patients =
            patients.flat_map(|(n, all)| (0..all.len()).map(move |v| Piece::Patient(n, v)));
        let statements = self.statements.iter().enumerate();
        let statements =
            statements.flat_map(|(n, all)| (0..all.len()).map(move |v| Piece::Statement(n, v)));
        patients.chain(statements).collect()
    }

    fn says(&self, n: usize, version: usize) -> Says {
        self.statements[n][version]
    }

    fn line(&self, piece: Piece) -> Option<(&'static str, String)> {
        let (kind, mut resource, updated) = match piece {
            Piece::Patient(n, v) => ("Patient", self.patient(n, v), time(v, n)),
            Piece::Statement(n, v) => {
                let (kind, resource) = statement(n, self.says(n, v))?;
                (kind, resource, time(v, N_PATIENTS + n))
            }
        };
        if self.is_dated {
            resource["meta"]["lastUpdated"] = json!(updated);
        }
        resource["resourceType"] = json!(kind);
        Some((kind, format!("{resource}\n")))
    }

    fn patient(&self, n: usize, version: usize) -> Value {
        let Entry {
            municipality,
            hidden,
            died,
            link,
        } = self.patients[n][version];
        let mut patient = json!({
            "id": patient_id(n),
            "gender": if n.is_multiple_of(2) { "female" } else { "male" },
            "birthDate": format!("19{}-03-0{}", 50 + 9 * n, version + 1),
            "extension": [{
                "url": "https://hl7.fi/fhir/finnish-base-profiles/StructureDefinition/municipality-code",
                "valueCoding": { "system": "urn:oid:1.2.246.537.6.21", "code": municipality },
            }],
        });
        if hidden {
            patient["meta"]["security"] = json!([{ "code": "TURVAKIELTO" }]);
        }
        if died {
            patient["deceasedDateTime"] = json!("2026-01-20");
        }
        if let Some((other, kind)) = link {
            let other = format!("Patient/{}", patient_id(other));
            patient["link"] = json!([{ "other": { "reference": other }, "type": kind }]);
        }
        patient
    }

    /// The newest version of everything that is not deleted.
    fn final_state(&self) -> Vec<Piece> {
        let newest = self.pieces().into_iter().filter(|piece| match *piece {
            Piece::Patient(n, v) => v + 1 == self.patients[n].len(),
            Piece::Statement(n, v) => v + 1 == self.statements[n].len(),
        });
        newest.collect()
    }
}

fn patient_id(n: usize) -> String {
    format!("patient-{n}")
}

fn coding(system: &str, code: &str) -> Value {
    json!({ "coding": [{ "system": system, "code": code }] })
}

/// A statement: what it is depends on its number, what it says on its version.
fn statement(n: usize, says: Says) -> Option<(&'static str, Value)> {
    let (of, value, status) = match says {
        Says::This { of, value } => (of, value, "final"),
        Says::Error { of } => (of, 0, "entered-in-error"),
        Says::Garbled { of } | Says::Nothing { of } => (of, 0, "final"),
        Says::Deleted => return None,
    };
    let id = format!("statement-{n}");
    let subject = json!({ "reference": format!("Patient/{}", patient_id(of)) });
    let is_nothing = matches!(says, Says::Nothing { .. });
    if n == 1 {
        let code = ["E11.9", "I10", "E10.9"][value];
        let code = if is_nothing { "S52.5" } else { code };
        let verification = if status == "final" {
            "confirmed"
        } else {
            status
        };
        let mut resource = json!({
            "id": id,
            "subject": subject,
            "code": coding("urn:oid:1.2.246.537.6.1", code),
            "category": [{ "coding": [{ "code": "encounter-diagnosis" }] }],
            "verificationStatus": { "coding": [{ "code": verification }] },
            "recordedDate": "2025-03-01",
        });
        if matches!(says, Says::Garbled { .. }) {
            resource["recordedDate"] = json!("the day before yesterday");
        }
        return Some(("Condition", resource));
    }
    let (loinc, unit, values) = match n % 3 {
        0 => ("59261-8", "mmol/mol", [42.0, 52.0, 36.0]),
        1 => ("39156-5", "kg/m2", [22.0, 27.0, 34.0]),
        _ => ("14771-0", "mmol/L", [5.2, 7.4, 6.3]),
    };
    let loinc = if is_nothing { "2708-6" } else { loinc };
    let unit = match says {
        Says::Garbled { .. } => "bananas",
        Says::This { .. } | Says::Error { .. } | Says::Nothing { .. } | Says::Deleted => unit,
    };
    let resource = json!({
        "id": id,
        "subject": subject,
        "status": status,
        "code": coding("http://loinc.org", loinc),
        "effectiveDateTime": format!("2025-1{}-01", value % 3),
        "valueQuantity": { "value": values[value], "unit": unit, "code": unit,
            "system": "http://unitsofmeasure.org" },
    });
    Some(("Observation", resource))
}

/// A data folder that is pulled into.
struct Pulled {
    folder: TempFolder,
    data: DataFolder,
    n_pulls: usize,
}

impl Pulled {
    fn new() -> Self {
        let folder = TempFolder::new();
        let data = DataFolder::open(&folder.join("data"), Access::Write).expect("a data folder");
        Self {
            folder,
            data,
            n_pulls: 0,
        }
    }

    fn export(&self, source: &Source, pieces: &[Piece]) -> PathBuf {
        let place = self.folder.join(&format!("export-{}", self.n_pulls));
        fs::create_dir(&place).expect("a folder");
        let mut files: BTreeMap<&str, String> = BTreeMap::new();
        for (kind, line) in pieces.iter().filter_map(|piece| source.line(*piece)) {
            files.entry(kind).or_default().push_str(&line);
        }
        for (kind, text) in files {
            fs::write(place.join(format!("{kind}.ndjson")), text).expect("an export file");
        }
        place
    }

    /// Pulls versions, and what was deleted at one time.
    fn pulls(&mut self, source: &Source, pieces: &[Piece], reader: LineReader) {
        self.n_pulls += 1;
        let from = self.export(source, pieces);
        let gone = |piece: &&Piece| {
            let is_gone = |(n, v)| source.says(n, v) == Says::Deleted;
            matches!(**piece, Piece::Statement(n, v) if is_gone((n, v)))
        };
        let deleted: Vec<Deletion> = pieces
            .iter()
            .filter(gone)
            .filter_map(|piece| match *piece {
                Piece::Patient(..) => None,
                Piece::Statement(n, _) => Some(Deletion {
                    resource_type: if n == 1 { "Condition" } else { "Observation" }.to_owned(),
                    id: format!("statement-{n}"),
                }),
            })
            .collect();
        let deleted_at = pieces.iter().filter(gone).find_map(|piece| match *piece {
            Piece::Patient(..) => None,
            Piece::Statement(n, v) => Some(time(v, N_PATIENTS + n)),
        });
        let network = NetworkReport {
            job: format!("job-{}", self.n_pulls),
            way: PullWay::Export,
            server: "https://fhir.example.org".to_owned(),
            group: "group".to_owned(),
            listed: None,
            types: TYPES_READ.map(str::to_owned).to_vec(),
            // Everything first, then what changed.
            since: (1 < self.n_pulls).then(|| "2026-01-01T00:00:00Z".to_owned()),
            transaction_time: deleted_at.unwrap_or("2026-02-01T00:00:00Z".to_owned()),
            incomplete: Vec::new(),
            outcomes: 0,
            errors: 0,
            error: None,
            deleted: deleted.len() as u64,
        };
        let options = PullOptions {
            from: &from,
            source: "export",
            key: None,
            threads: 1,
            reader,
            read_by: ReadBy::default(),
            today: date(2026, 3, 1),
            at: "now".to_owned(),
            laboratory: None,
            terms: preventiojyraa::config::SourceTerms::default(),
            network: Some(&network),
            deleted: &deleted,
            lacking: &[],
        };
        steps::pull(rulebook(), &mut self.data, &options).expect("a pull");
    }

    /// Decides about everybody and says the hash.
    fn runs(&mut self) -> String {
        let options = RunOptions {
            index_date: INDEX_DATE,
            threads: 1,
            at: "now".to_owned(),
            act: None,
            progress: None,
        };
        let report = steps::run(rulebook(), &mut self.data, &options).expect("a run");
        report.decisions_hash
    }

    /// What is known of everybody: register entry, facts, who is hidden; by name, without what tells
    /// one pull from another.
    fn known(&self) -> BTreeMap<ResidentId, Known> {
        let data = self.folder.join("data");
        let store = preventiojyraa::lake::Store::open(&data.join("lake")).expect("a lake");
        let ledger = Ledger::open(&data.join("ledger.sqlite")).expect("a ledger");
        let hidden = ledger.non_disclosed().expect("identities");
        let register = store.register(None).expect("a register").into_iter();
        let each = register.map(|row| {
            let mut facts = Vec::new();
            let only = Some(row.resident);
            let mut stored = store.facts(&rulebook().catalogue, only).expect("facts");
            stored.take_until(row.resident, &mut facts).expect("facts");
            let profile = Profile::as_of(row.register, facts, INDEX_DATE);
            let of_no_pull = |fact: &Fact| Fact {
                version: Version {
                    pull: 0,
                    ..fact.version
                },
                ..*fact
            };
            let known = Known {
                register: format!("{:?} {:?} {:?}", row.district, row.language, row.source),
                entry: row.register,
                is_hidden: hidden.contains(&row.resident),
                facts: profile.facts().iter().map(of_no_pull).collect(),
            };
            (row.resident, known)
        });
        each.collect()
    }
}

/// What is known of one resident. No `Debug`: a failure says whose it is.
#[derive(PartialEq)]
struct Known {
    register: String,
    entry: preventiojyraa::profile::Register,
    is_hidden: bool,
    facts: Vec<Fact>,
}

/// Puts versions into pulls: in their order, cut where `cuts` say, with at most one time of deletion a
/// pull, and without older versions that come after a newer one of which no rule speaks.
fn split(source: &Source, pieces: &[Piece], cuts: &[bool]) -> Vec<Vec<Piece>> {
    let mut pulls: Vec<Vec<Piece>> = vec![Vec::new()];
    let mut silent_since: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    let mut spoken: BTreeSet<usize> = BTreeSet::new();
    let mut cuts = cuts.iter().cycle();
    let gone = |piece: &Piece| match *piece {
        Piece::Patient(..) => false,
        Piece::Statement(n, v) => source.says(n, v) == Says::Deleted,
    };
    for piece in pieces {
        let has_deletion = pulls.last().is_some_and(|pull| pull.iter().any(gone));
        if cuts.next() == Some(&true) || has_deletion && gone(piece) {
            pulls.push(Vec::new());
        }
        let now = pulls.len();
        if let Piece::Statement(n, v) = *piece {
            match source.says(n, v) {
                Says::Nothing { .. } if !spoken.contains(&n) => {
                    let since = silent_since.entry(n).or_insert((now, v));
                    since.1 = since.1.max(v);
                }
                Says::Nothing { .. } | Says::Deleted => {}
                Says::This { .. } | Says::Error { .. } | Says::Garbled { .. } => {
                    let too_late = silent_since
                        .get(&n)
                        .is_some_and(|(since, newest)| *since < now && v < *newest);
                    if too_late {
                        continue;
                    }
                    spoken.insert(n);
                }
            }
        }
        if let Some(pull) = pulls.last_mut() {
            pull.push(*piece);
        }
    }
    pulls.retain(|pull| !pull.is_empty());
    pulls
}

/// Pulls piece by piece and in one go, and compares.
fn gives_the_same(
    source: &Source,
    pulls: &[Vec<Piece>],
    reader: LineReader,
) -> Result<(), TestCaseError> {
    let mut pulled = Pulled::new();
    for (n, pieces) in pulls.iter().enumerate() {
        pulled.pulls(source, pieces, reader);
        if n == pulls.len() / 2 {
            pulled.runs();
        }
    }
    let decided = pulled.runs();
    let mut rebuilt = Pulled::new();
    rebuilt.pulls(source, &source.final_state(), LineReader::Reference);
    let rebuilt_decided = rebuilt.runs();
    let (known, expected) = (pulled.known(), rebuilt.known());
    for n in 0..N_PATIENTS {
        let who = opaque(&patient_id(n));
        let (known, expected) = (&known[&who], &expected[&who]);
        prop_assert!(known.facts == expected.facts, "facts of patient {}", n);
        prop_assert!(known.entry == expected.entry, "entry of patient {}", n);
        prop_assert_eq!(&known.register, &expected.register);
        prop_assert_eq!(known.is_hidden, expected.is_hidden);
    }
    prop_assert_eq!(known.len(), expected.len());
    prop_assert_eq!(decided, rebuilt_decided);
    // What was decided on the way is not touched by what came later.
    let options = ReplayOptions {
        which: WhichRuns::All,
        threads: 1,
    };
    let replayed = steps::replay(&pulled.data, &options).expect("runs can be decided again");
    prop_assert_eq!(replayed.runs.len(), 2);
    prop_assert_eq!(replayed.verdict(), Verdict::Identical);
    Ok(())
}

fn cases(of_the_gate: u32) -> u32 {
    let more = std::env::var("PREVENTIO_PULL_CASES").ok();
    more.and_then(|n| n.parse().ok()).unwrap_or(of_the_gate)
}

fn reader() -> impl Strategy<Value = LineReader> {
    select(&[LineReader::Filtered, LineReader::Reference][..])
}

proptest! {
    #![proptest_config(fixed(cases(60)))]

    /// New, corrected, withdrawn, deleted and moved; early, late and twice; in any order.
    #[test]
    fn dated_versions_in_any_order_give_what_the_final_state_gives(
        (source, order) in source(true).prop_flat_map(|source| {
            let pieces = source.pieces();
            let twice: Vec<Piece> = pieces.iter().chain(pieces.iter().step_by(3)).copied().collect();
            (Just(source), Just(twice).prop_shuffle())
        }),
        cuts in proptest::collection::vec(proptest::bool::weighted(0.2), 40),
        reader in reader(),
    ) {
        // Who is new in what changed waits until everything comes: so everybody is there from the first.
        let everybody = (0..N_PATIENTS).map(|n| Piece::Patient(n, 0)).collect();
        let mut pulls = vec![everybody];
        pulls.extend(split(&source, &order, &cuts));
        gives_the_same(&source, &pulls, reader)?;
    }

    /// Without dates the newest pull says what is so: versions come in their order, each once or again.
    #[test]
    fn undated_versions_pull_by_pull_give_what_the_final_state_gives(
        source in source(false),
        again in proptest::collection::vec(any::<bool>(), 40),
        reader in reader(),
    ) {
        let n_versions = source.statements.iter().map(Vec::len).max().unwrap_or(1);
        let mut again = again.iter().cycle();
        let mut pulls: Vec<Vec<Piece>> = Vec::new();
        for version in 0..n_versions.max(2) {
            let new = |piece: &Piece| match *piece {
                Piece::Patient(_, v) | Piece::Statement(_, v) => v == version,
            };
            let (mut pull, mut gone) = (Vec::new(), Vec::new());
            for piece in source.pieces() {
                let is_newest_so_far = match piece {
                    Piece::Patient(n, v) => v + 1 == source.patients[n].len() && v < version,
                    Piece::Statement(n, v) => v + 1 == source.statements[n].len() && v < version,
                };
                if new(&piece) || is_newest_so_far && again.next() == Some(&true) {
                    match piece {
                        Piece::Statement(n, v) if source.says(n, v) == Says::Deleted => gone.push(piece),
                        Piece::Statement(..) | Piece::Patient(..) => pull.push(piece),
                    }
                }
            }
            pulls.push(pull);
            pulls.extend(gone.into_iter().map(|piece| vec![piece]));
        }
        pulls.retain(|pull| !pull.is_empty());
        gives_the_same(&source, &pulls, reader)?;
    }
}
