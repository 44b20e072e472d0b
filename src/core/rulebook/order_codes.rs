//! What a laboratory is asked for when the pathway orders a test.

use std::collections::BTreeMap;

use super::catalogue::{Catalogue, CodeSystem, fact};
use super::header::Header;
use super::reader::Table;
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
}

impl OrderCodes {
    /// The codes by which a test is ordered, the laboratory's own first; empty for a test that is
    /// not ordered.
    #[must_use]
    pub fn of(&self, test: FactId) -> &[OrderCode] {
        self.codes.get(&test).map_or(&[], Vec::as_slice)
    }

    pub(super) fn read(root: &Table<'_>, catalogue: &Catalogue) -> Option<Self> {
        let header = Header::read(root);
        let mut codes = BTreeMap::new();
        for table in root.tables("order") {
            let test = fact(catalogue, &table, "test");
            let of_test: Vec<OrderCode> = table.tables("codes").iter().filter_map(read).collect();
            if of_test.is_empty() {
                table.report("rule-empty", "`codes` is missing or empty");
            }
            table.note_verification();
            table.finish();
            if let Some(test) = test
                && codes.insert(test, of_test).is_some()
            {
                table.report("order-twice", "the same test is there twice");
            }
        }
        root.finish();
        Some(Self {
            header: header?,
            codes,
        })
    }
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
