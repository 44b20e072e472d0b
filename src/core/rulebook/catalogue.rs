//! The catalogue of facts: what exists, which codes mean it, what is plausible.

use std::collections::{BTreeMap, BTreeSet};

use super::definitions::Definition;
use super::progress::Progress;
use super::reader::Table;
use super::vocabulary::{LaboratoryId, Vocabulary};
use crate::profile::{FactId, Unit};

/// A coding system, as a type: a LOINC code can never be looked up as an ATC code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CodeSystem {
    /// LOINC.
    Loinc,
    /// SNOMED CT.
    Snomed,
    /// ICD-10, Finnish or international.
    Icd10,
    /// ICPC-2, Finnish.
    Icpc2,
    /// ATC.
    Atc,
    /// RxNorm.
    RxNorm,
    /// The Finnish municipalities' laboratory nomenclature.
    Kuntaliitto,
    /// Codes of this programme.
    Programme,
}

impl CodeSystem {
    /// The names used in rule files.
    pub const NAMES: [(&'static str, Self); 8] = [
        ("loinc", Self::Loinc),
        ("snomed", Self::Snomed),
        ("icd-10", Self::Icd10),
        ("icpc-2", Self::Icpc2),
        ("atc", Self::Atc),
        ("rxnorm", Self::RxNorm),
        ("kuntaliitto", Self::Kuntaliitto),
        ("programme", Self::Programme),
    ];
}

/// What kind of statement a fact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactKind {
    /// A measurement with a unit.
    Quantity,
    /// A diagnosis or finding.
    Condition,
    /// A prescription.
    Medication,
    /// One of a list of answers.
    Answer,
    /// What the resident has chosen (a refusal).
    Choice,
}

/// What a laboratory sample may decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Specimen {
    /// A venous laboratory sample.
    Venous,
    /// Capillary, meter, point-of-care, or fasting state unknown: opens a task, decides nothing.
    Lesser,
}

/// One kind of fact.
#[derive(Debug, Clone, PartialEq)]
pub struct FactDefinition {
    /// Its name in rule files and in the lake.
    pub id: String,
    /// Its name in a sentence.
    pub name: String,
    /// Its kind.
    pub kind: FactKind,
    /// For laboratory tests.
    pub specimen: Option<Specimen>,
    /// Units accepted, each with the lowest and highest plausible value.
    pub plausible: Vec<(Unit, f64, f64)>,
    /// The answers, for answers.
    pub answers: Vec<String>,
    /// What to ask when a value is not plausible.
    pub hint: Option<String>,
    /// How old a fact of this kind may be to count, in months, where a rule asks for no newer one;
    /// `None` for ever.
    pub look_back_months: Option<u32>,
}

/// Codes of one system: exact codes, and prefixes of which the longest wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Codes {
    pub(super) exact: BTreeMap<String, FactId>,
    pub(super) prefixes: BTreeMap<String, FactId>,
    /// Codes that mean something in one laboratory and something else, or nothing, in another.
    pub(super) of_laboratory: BTreeMap<(String, LaboratoryId), FactId>,
}

/// Every kind of fact the rules speak of.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    pub(super) facts: Vec<FactDefinition>,
    pub(super) codes: BTreeMap<CodeSystem, Codes>,
    pub(super) relatives: BTreeMap<String, FactId>,
    pub(super) relative_conditions: BTreeSet<FactId>,
    pub(super) questions: BTreeMap<CodeSystem, BTreeMap<String, Vec<FactId>>>,
    pub(super) named: Vec<Definition>,
    /// The fact that an open order of a test is.
    pub(super) orders: BTreeMap<FactId, FactId>,
    /// What tasks tell by how far they are.
    pub(super) progress: Vec<Progress>,
    /// Versions of coding systems, laboratories, and what unmapped codes may amount to.
    pub vocabulary: Vocabulary,
}

impl Catalogue {
    /// The facts that the value of a question-like code can mean; `None` when no code asks.
    #[must_use]
    pub fn question(&self, codings: &[(CodeSystem, &str)]) -> Option<&[FactId]> {
        let mut asked = codings.iter();
        asked
            .find_map(|(system, code)| self.questions.get(system)?.get(*code))
            .map(Vec::as_slice)
    }

    /// The definition of a fact.
    ///
    /// # Panics
    ///
    /// When the id comes from another catalogue.
    #[must_use]
    pub fn definition(&self, id: FactId) -> &FactDefinition {
        &self.facts[usize::from(id.0)]
    }

    /// Every definition, in the order of [`FactId`].
    #[must_use]
    pub fn definitions(&self) -> &[FactDefinition] {
        &self.facts
    }

    /// Looks a fact up by its name in rule files.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<FactId> {
        let at = self
            .facts
            .binary_search_by(|fact| fact.id.as_str().cmp(id))
            .ok()?;
        u16::try_from(at).ok().map(FactId)
    }

    /// The fact that a code means in any laboratory: an exact code first, else the longest listed
    /// prefix.
    #[must_use]
    pub fn meaning(&self, system: CodeSystem, code: &str) -> Option<FactId> {
        self.meaning_at(system, code, None)
    }

    /// The fact that a code means in one laboratory; a code that only laboratories give a meaning to
    /// means nothing where the laboratory is not known.
    #[must_use]
    pub fn meaning_at(
        &self,
        system: CodeSystem,
        code: &str,
        laboratory: Option<LaboratoryId>,
    ) -> Option<FactId> {
        let codes = self.codes.get(&system)?;
        if let Some(laboratory) = laboratory
            && let Some(id) = codes.of_laboratory.get(&(code.to_owned(), laboratory))
        {
            return Some(*id);
        }
        if let Some(id) = codes.exact.get(code) {
            return Some(*id);
        }
        (1..=code.len())
            .rev()
            .filter_map(|length| code.get(..length))
            .find_map(|prefix| codes.prefixes.get(prefix))
            .copied()
    }

    /// Whether some fact is that a relative has this condition.
    #[must_use]
    pub fn asks_of_relatives(&self, condition: FactId) -> bool {
        self.relative_conditions.contains(&condition)
    }

    /// Every code that means a fact in whatever laboratory, asks for one, or could matter, and whether it stands
    /// for all that begin with it.
    pub fn listed_codes(&self) -> impl Iterator<Item = (&str, bool)> {
        let exact = self.codes.values().flat_map(|codes| codes.exact.keys());
        let of_laboratory = self.codes.values().flat_map(|codes| {
            let codes = codes.of_laboratory.keys();
            codes.map(|(code, _)| code)
        });
        let prefixes = self.codes.values().flat_map(|codes| codes.prefixes.keys());
        let questions = self.questions.values().flat_map(BTreeMap::keys);
        let exact = exact.chain(of_laboratory).chain(questions);
        let exact = exact.map(|code| (code.as_str(), false));
        exact
            .chain(prefixes.map(|code| (code.as_str(), true)))
            .chain(self.vocabulary.listed_codes())
    }

    /// Whether a code means something in some laboratory.
    #[must_use]
    pub fn knows(&self, system: CodeSystem, code: &str) -> bool {
        let of_some = |codes: &Codes| codes.of_laboratory.keys().any(|(known, _)| known == code);
        self.meaning(system, code).is_some() || self.codes.get(&system).is_some_and(of_some)
    }

    /// A named definition by its id.
    #[must_use]
    pub fn definition_of(&self, id: &str) -> Option<&Definition> {
        self.named.iter().find(|definition| definition.id == id)
    }

    /// The ids of all named definitions, in the order of the files.
    #[must_use]
    pub fn definitions_named(&self) -> Vec<&str> {
        let named = self.named.iter();
        named.map(|definition| definition.id.as_str()).collect()
    }

    /// How old a fact may be for a rule: as the rule says, else as the fact's definition does; a rule
    /// that looks further back than the definition allows is a mistake.
    pub(super) fn look_back(
        &self,
        table: &Table<'_>,
        fact: FactId,
        within_months: Option<u32>,
    ) -> Option<u32> {
        self.prove_look_back(table, fact, within_months);
        within_months.or(self.definition(fact).look_back_months)
    }

    pub(super) fn prove_look_back(
        &self,
        table: &Table<'_>,
        fact: FactId,
        within_months: Option<u32>,
    ) {
        let definition = self.definition(fact);
        let Some((wanted, most)) = within_months.zip(definition.look_back_months) else {
            return;
        };
        if most < wanted {
            let message = format!("`{}` is not looked for beyond {most} months", definition.id);
            table.report_at("within_months", "look-back-exceeded", message, None);
        }
    }

    /// Every mapped code: its system, the code (a prefix ends in `*`), the laboratory in which it means
    /// that, and what it means.
    #[must_use]
    pub fn codes(&self) -> Vec<(CodeSystem, String, Option<LaboratoryId>, FactId)> {
        let mut all = Vec::new();
        for (system, codes) in &self.codes {
            let exact = codes.exact.iter();
            all.extend(exact.map(|(code, id)| (*system, code.clone(), None, *id)));
            let prefixes = codes.prefixes.iter();
            all.extend(prefixes.map(|(code, id)| (*system, format!("{code}*"), None, *id)));
            let own = codes.of_laboratory.iter();
            all.extend(own.map(|((code, at), id)| (*system, code.clone(), Some(*at), *id)));
        }
        all
    }

    /// The fact that an open order of a test is; `None` for tests whose orders do not matter.
    #[must_use]
    pub fn order_meaning(&self, test: FactId) -> Option<FactId> {
        self.orders.get(&test).copied()
    }

    /// What tasks of a code tell; `None` for tasks of which no rule speaks.
    #[must_use]
    pub fn progress(&self, codings: &[(CodeSystem, &str)]) -> Option<&Progress> {
        let is_its = |progress: &&Progress| codings.contains(&(progress.system, &progress.code));
        self.progress.iter().find(is_its)
    }

    /// The fact that a relative's condition means, by the relationship code.
    #[must_use]
    pub fn relative_meaning(&self, relationship: &str, condition: FactId) -> Option<FactId> {
        if !self.asks_of_relatives(condition) {
            return None;
        }
        self.relatives.get(relationship).copied()
    }
}

/// Looks a fact up; a name that leads nowhere is a mistake.
pub(super) fn find(
    catalogue: &Catalogue,
    table: &Table<'_>,
    key: &'static str,
    name: &str,
) -> Option<FactId> {
    let found = catalogue.find(name);
    if found.is_none() {
        let known: Vec<&str> = catalogue
            .facts
            .iter()
            .map(|fact| fact.id.as_str())
            .collect();
        table.report_at(
            key,
            "fact-unknown",
            format!("no fact is called `{name}`"),
            Some(super::reader::suggest(name, &known)),
        );
    }
    found
}

/// Reads a key that names a fact.
pub(super) fn fact(catalogue: &Catalogue, table: &Table<'_>, key: &'static str) -> Option<FactId> {
    let name = table.text(key)?;
    find(catalogue, table, key, name)
}
