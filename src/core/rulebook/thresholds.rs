//! Bands of laboratory results.

use super::bands::Bands;
use super::catalogue::{Catalogue, Specimen, fact};
use super::confirmation::Confirmation;
use super::header::Header;
use super::reader::{Table, number};
use crate::profile::{FactId, Quantity, Unit};

/// What a laboratory result means, in rising order of concern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Says neither that the result is normal nor that it is not.
    Inconclusive,
    /// Normal.
    Normal,
    /// Between normal and the range of the disease.
    Intermediate,
    /// In the range of the disease the programme looks for; not a diagnosis.
    DiseaseRange,
    /// So high that a professional should look the same day.
    Critical,
}

impl Category {
    /// The words used in rule files.
    pub(super) const WORDS: [(&'static str, Self); 5] = [
        ("inconclusive", Self::Inconclusive),
        ("normal", Self::Normal),
        ("intermediate", Self::Intermediate),
        ("disease-range", Self::DiseaseRange),
        ("critical", Self::Critical),
    ];
}

/// What holds in one band of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct CategoryBand {
    /// The category.
    pub category: Category,
    /// How it reads in a sentence.
    pub reads: String,
}

/// A choice that sources leave open, made by name: in force or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its name.
    pub id: String,
    /// What it says, in a sentence.
    pub summary: String,
    /// Whether it is in force.
    pub in_force: bool,
    /// A test of which one abnormal result suffices, when the policy is about that.
    pub single_suffices: Option<FactId>,
}

/// The bands of every test, by the unit received.
#[derive(Debug, Clone)]
pub struct Thresholds {
    /// The head of the file.
    pub header: Header,
    /// The choices that the sources leave open.
    pub policies: Vec<Policy>,
    /// What abnormal results together confirm; `None` where the file has no such table.
    pub confirmation: Option<Confirmation>,
    tests: TestBands,
    critical: Vec<(FactId, Unit, f64)>,
}

type TestBands = Vec<(FactId, Unit, Bands<CategoryBand>)>;

impl Thresholds {
    /// The bands of a test in a unit.
    #[must_use]
    pub fn bands(&self, fact: FactId, unit: Unit) -> Option<&Bands<CategoryBand>> {
        self.tests
            .iter()
            .find(|(f, u, _)| (*f, *u) == (fact, unit))
            .map(|(_, _, bands)| bands)
    }

    /// The lowest category that a result can have, its comparator considered, and how it reads.
    ///
    /// `None` when the test has no bands in that unit.
    #[must_use]
    pub fn category(&self, fact: FactId, quantity: Quantity) -> Option<&CategoryBand> {
        let bands = self.bands(fact, quantity.unit())?.as_slice();
        let band = bands.iter().find(|band| band.admits(quantity))?;
        // "Below 30" lies in the lowest band for certain only when no other band admits it.
        let certain = bands.iter().filter(|band| band.admits(quantity)).count() == 1;
        let lowest = bands.first()?;
        if !certain && band.value.category == lowest.value.category {
            return None;
        }
        Some(&band.value)
    }

    /// Whether a result is, for certain, so high that a professional should look the same day.
    #[must_use]
    pub fn is_critical(&self, fact: FactId, quantity: Quantity) -> bool {
        self.critical.iter().any(|(f, u, at)| {
            let can_be_lower = quantity.can_lie_in(None, Some((*at, false)));
            *f == fact && *u == quantity.unit() && !can_be_lower
        })
    }

    /// Every test that has bands, once.
    #[must_use]
    pub fn tests(&self) -> Vec<FactId> {
        let mut facts: Vec<FactId> = self.tests.iter().map(|(fact, _, _)| *fact).collect();
        facts.sort_unstable();
        facts.dedup();
        facts
    }

    /// Whether one abnormal result of a test suffices, by a policy in force.
    #[must_use]
    pub fn single_suffices(&self, test: FactId) -> bool {
        let mut policies = self.policies.iter();
        policies.any(|policy| policy.in_force && policy.single_suffices == Some(test))
    }

    pub(super) fn read(root: &Table<'_>, catalogue: &Catalogue) -> Option<Self> {
        let header = Header::read(root);
        let mut tests = read_tests(root, catalogue);
        let mut policies: Vec<Policy> = Vec::new();
        for table in root.tables("policy") {
            let Some((policy, bands)) = read_policy(&table, catalogue) else {
                continue;
            };
            if policies.iter().any(|other| other.id == policy.id) {
                table.report("policy-twice", format!("`{}` is there twice", policy.id));
            }
            for (fact, unit, bands) in bands {
                let place = tests.iter_mut().find(|(f, u, _)| (*f, *u) == (fact, unit));
                match place {
                    None => table.report(
                        "policy-without-test",
                        format!("no test has bands for this in {unit}"),
                    ),
                    Some(place) if policy.in_force => place.2 = bands,
                    Some(_) => {}
                }
            }
            policies.push(policy);
        }
        let confirmation = root.table("confirmation");
        let confirmation = confirmation.and_then(|table| Confirmation::read(&table));
        let critical = root
            .tables("critical")
            .iter()
            .flat_map(|table| {
                let limits = read_critical(table, catalogue);
                for (fact, unit, _) in &limits {
                    if !tests.iter().any(|(f, u, _)| f == fact && u == unit) {
                        table.report(
                            "critical-without-test",
                            format!("no test has bands for this in {unit}"),
                        );
                    }
                }
                limits
            })
            .collect();
        root.finish();
        Some(Self {
            header: header?,
            policies,
            confirmation,
            tests,
            critical,
        })
    }

    /// A unit in which results are accepted but have no bands would be a silent gap.
    pub(super) fn prove_units(&self, root: &Table<'_>, catalogue: &Catalogue) {
        for id in self.tests() {
            let definition = catalogue.definition(id);
            for (unit, _, _) in &definition.plausible {
                if self.bands(id, *unit).is_none() {
                    root.report(
                        "test-without-bands",
                        format!(
                            "`{}` is accepted in {unit} but has no bands in it",
                            definition.id
                        ),
                    );
                }
            }
        }
    }
}

fn read_tests(root: &Table<'_>, catalogue: &Catalogue) -> TestBands {
    let mut tests: TestBands = Vec::new();
    for table in root.tables("test") {
        let fact = fact(catalogue, &table, "fact");
        let unit = read_unit(&table, "unit");
        let bands = Bands::read(&table, "bands", read_category);
        table.finish();
        if let (Some(fact), Some(unit), Some(bands)) = (fact, unit, bands) {
            if tests.iter().any(|(f, u, _)| (*f, *u) == (fact, unit)) {
                table.report("test-twice", "this test has bands in this unit already");
            }
            tests.push((fact, unit, bands));
        }
    }
    tests
}

/// A policy and the bands that it has, read and proved whether it is in force or not.
fn read_policy(table: &Table<'_>, catalogue: &Catalogue) -> Option<(Policy, TestBands)> {
    let id = table.text("id");
    let summary = table.text("summary");
    if !table.has("in_force") {
        table.report("rule-missing-key", "`in_force` is missing");
    }
    let in_force = table.optional_flag("in_force");
    let single_suffices = if table.has("single_suffices") {
        fact(catalogue, table, "single_suffices")
    } else {
        None
    };
    if single_suffices.is_some_and(|f| catalogue.definition(f).specimen != Some(Specimen::Venous)) {
        table.report("policy-test", "only a venous laboratory test can suffice");
    }
    let bands = read_tests(table, catalogue);
    if bands.is_empty() && single_suffices.is_none() {
        table.report(
            "policy-empty",
            "a policy has `[[policy.test]]` or `single_suffices`",
        );
    }
    if table.text("source").is_none() || !table.has("verified") {
        table.report(
            "policy-verified",
            "`source` and `verified` say where the choice comes from",
        );
    }
    table.note_verification();
    table.finish();
    let policy = Policy {
        id: id?.to_owned(),
        summary: summary?.to_owned(),
        in_force: in_force?,
        single_suffices,
    };
    Some((policy, bands))
}

fn read_category(table: &Table<'_>) -> Option<CategoryBand> {
    let category = table.word("is", &Category::WORDS);
    let reads = table.text("reads");
    Some(CategoryBand {
        category: category?,
        reads: reads?.to_owned(),
    })
}

fn read_critical(table: &Table<'_>, catalogue: &Catalogue) -> Vec<(FactId, Unit, f64)> {
    let fact = fact(catalogue, table, "fact");
    let from = table.required_table("from");
    table.note_verification();
    table.finish();
    let (Some(fact), Some(from)) = (fact, from) else {
        return Vec::new();
    };
    let mut limits = Vec::new();
    for (key, value) in from.entries() {
        match (Unit::from_ucum(key), number(value.get_ref())) {
            (Some(unit), Some(at)) => limits.push((fact, unit, at)),
            _ => from.value_mistake(value, key, "a known unit and a number"),
        }
    }
    limits
}

/// Reads a key that names a unit.
pub(super) fn read_unit(table: &Table<'_>, key: &'static str) -> Option<Unit> {
    let code = table.text(key)?;
    let unit = Unit::from_ucum(code);
    if unit.is_none() {
        let known: Vec<&str> = Unit::ALL.iter().map(|unit| unit.ucum()).collect();
        table.report_at(
            key,
            "unit-unknown-in-rule",
            format!("`{code}` is not a unit this program knows"),
            Some(super::reader::suggest(code, &known)),
        );
    }
    unit
}
