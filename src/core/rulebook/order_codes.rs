//! What a laboratory is asked for when the pathway orders a test.

use std::collections::BTreeMap;

use super::catalogue::{Catalogue, CodeSystem, fact};
use super::header::Header;
use super::reader::Table;
use super::vocabulary::LaboratoryId;
use crate::profile::FactId;

/// A code by which a test is ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderCode {
    /// Its coding system.
    pub system: CodeSystem,
    /// The code.
    pub code: String,
    /// Its name there.
    pub display: String,
}

/// How tests are ordered, in force.
///
/// Apart from the codes by which results are understood: a result may come
/// under many codes, an order goes out under those the laboratory takes.
#[derive(Debug, Clone)]
pub struct OrderCodes {
    /// The head of the file.
    pub header: Header,
    codes: BTreeMap<FactId, Vec<OrderCode>>,
    /// Codes of one laboratory, where they are not those of all.
    of_laboratory: BTreeMap<(FactId, LaboratoryId), Vec<OrderCode>>,
}

impl OrderCodes {
    /// The codes by which a test is ordered, the laboratory's own first; empty for a test that is
    /// not ordered there.
    ///
    /// Where the rules have none of their own for `laboratory`, those for all laboratories hold.
    #[must_use]
    pub fn of(&self, test: FactId, laboratory: Option<LaboratoryId>) -> &[OrderCode] {
        let own = laboratory.and_then(|at| self.of_laboratory.get(&(test, at)));
        own.or_else(|| self.codes.get(&test))
            .map_or(&[], Vec::as_slice)
    }

    pub(super) fn read(root: &Table<'_>, catalogue: &Catalogue) -> Option<Self> {
        let header = Header::read(root);
        let mut codes = BTreeMap::new();
        let mut of_laboratory = BTreeMap::new();
        for table in root.tables("order") {
            let test = fact(catalogue, &table, "test");
            let of_test: Vec<OrderCode> = table.tables("codes").iter().filter_map(read).collect();
            if of_test.is_empty() {
                table.report("rule-empty", "`codes` is missing or empty");
            }
            let laboratory = table.optional_text("laboratory");
            table.note_verification();
            table.finish();
            let Some(test) = test else { continue };
            let before = match laboratory {
                None => codes.insert(test, of_test),
                Some(name) => {
                    let Some(laboratory) = known(&table, catalogue, name) else {
                        continue;
                    };
                    of_laboratory.insert((test, laboratory), of_test)
                }
            };
            if before.is_some() {
                table.report("order-twice", "the same test is there twice");
            }
        }
        root.finish();
        Some(Self {
            header: header?,
            codes,
            of_laboratory,
        })
    }
}

fn known(table: &Table<'_>, catalogue: &Catalogue, name: &str) -> Option<LaboratoryId> {
    let vocabulary = &catalogue.vocabulary;
    let found = vocabulary.laboratory(name);
    if found.is_none() {
        let laboratories = vocabulary.laboratories.iter();
        let names: Vec<&str> = laboratories.map(|other| other.id.as_str()).collect();
        table.report_at(
            "laboratory",
            "laboratory-unknown",
            format!("no laboratory is called `{name}`"),
            Some(super::reader::suggest(name, &names)),
        );
    }
    found
}

fn read(table: &Table<'_>) -> Option<OrderCode> {
    let system = table.word("system", &CodeSystem::NAMES);
    let code = table.text("code");
    let display = table.text("display");
    table.finish();
    Some(OrderCode {
        system: system?,
        code: code?.to_owned(),
        display: display?.to_owned(),
    })
}
