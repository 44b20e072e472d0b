//! Folding files together changes neither what is known of anybody nor how it is read.

use std::collections::BTreeMap;

use preventiojyraa::lake::{ManifestFile, RegisterRow, Store, Table};
use preventiojyraa_core::profile::{Fact, FactId, FactValue, Register, ResidentId, Version};
use proptest::prelude::*;

use crate::support::draw::{facts, fixed, register};
use crate::support::shipped::rulebook;
use crate::support::site::TempFolder;

fn resident(n: u8) -> ResidentId {
    ResidentId::from_bytes([n; 16])
}

/// What one pull brings: facts and an entry of some of twenty residents.
fn pull() -> impl Strategy<Value = BTreeMap<u8, (Vec<Fact>, Register)>> {
    proptest::collection::btree_map(0..20u8, (facts(6), register()), 0..12)
}

/// A generation of lake files, pull by pull.
struct Lake {
    store: Store,
    generation: u32,
    files: Vec<ManifestFile>,
    _folder: TempFolder,
}

impl Lake {
    fn new() -> Self {
        let folder = TempFolder::new();
        Self {
            store: Store::open(&folder.join("lake")).expect("a lake"),
            generation: 0,
            files: Vec::new(),
            _folder: folder,
        }
    }

    fn add(&mut self, facts: &[(ResidentId, Fact)], entries: Vec<RegisterRow>) {
        let catalogue = &rulebook().catalogue;
        let n_facts = facts.len() as u64;
        let new = facts.iter().map(|row| Ok(*row));
        let facts = self.store.stage_facts(catalogue, &self.files, n_facts, new);
        let n_entries = entries.len() as u64;
        let new = entries.into_iter().map(Ok);
        let entries = self.store.stage_register(&self.files, n_entries, new);
        for folded in [facts.expect("staged"), entries.expect("staged")] {
            self.files.retain(|file| !folded.replaced.contains(file));
            self.files.push(folded.staged.file);
        }
        self.generation += 1;
        let published = self.store.publish(self.generation, &self.files);
        published.expect("published");
    }

    fn rows(&self, table: Table) -> Vec<u64> {
        let of_table = self.files.iter().filter(|file| file.table == table);
        let mut rows: Vec<u64> = of_table.map(|file| file.rows).collect();
        rows.sort_unstable();
        rows
    }
}

fn sorted(mut facts: Vec<Fact>) -> Vec<Fact> {
    facts.sort_by_key(|fact| (fact.submission, fact.version, fact.part, fact.id));
    facts
}

proptest! {
    #![proptest_config(fixed(40))]

    #[test]
    fn nothing_is_lost_changed_or_added(pulls in proptest::collection::vec(pull(), 1..9)) {
        let mut lake = Lake::new();
        let mut known: BTreeMap<ResidentId, Vec<Fact>> = BTreeMap::new();
        let mut entries: Vec<(ResidentId, Version)> = Vec::new();
        for (n, pull) in (1..).zip(&pulls) {
            let (mut facts, mut rows) = (Vec::new(), Vec::new());
            for (who, (of_resident, register)) in pull {
                let resident = resident(*who);
                // A withdrawal takes back a whole submission: it is of no kind.
                let can_be = |fact: &&Fact| {
                    fact.value != FactValue::Withdrawn || fact.id == FactId(0)
                };
                let of_resident = of_resident.iter().filter(can_be).map(|fact| {
                    let version = Version { pull: n, ..fact.version };
                    (resident, Fact { version, ..*fact })
                });
                facts.extend(of_resident);
                let version = Version { updated: i64::MIN, pull: n, digest: 7 };
                rows.push(RegisterRow {
                    resident,
                    source: "source".into(),
                    version,
                    register: *register,
                    district: None,
                    language: Some("sv".into()),
                });
                entries.push((resident, version));
            }
            for (resident, fact) in &facts {
                known.entry(*resident).or_default().push(*fact);
            }
            lake.add(&facts, rows);

            // Each file holds more rows than all smaller ones together.
            for table in [Table::Facts, Table::Register] {
                let rows = lake.rows(table);
                let mut smaller = 0;
                for rows in rows {
                    prop_assert!(smaller == 0 || smaller < rows);
                    smaller += rows;
                }
            }
        }
        let mut stored = lake.store.facts(&rulebook().catalogue, None).expect("facts");
        for (resident, facts) in known {
            prop_assert_eq!(stored.next_resident().expect("readable"), Some(resident));
            let mut found = Vec::new();
            prop_assert_eq!(stored.take_until(resident, &mut found).expect("readable"), 0);
            prop_assert!(sorted(found) == sorted(facts));
        }
        prop_assert_eq!(stored.next_resident().expect("readable"), None);
        entries.sort();
        let mut stored = lake.store.register_rows().expect("readable");
        let mut versions = Vec::new();
        while let Some(resident) = stored.next_resident().expect("readable") {
            let mut rows = Vec::new();
            stored.take_until(resident, &mut rows).expect("readable");
            versions.extend(rows.iter().map(|row| (row.resident, row.version)));
        }
        versions.sort();
        prop_assert_eq!(versions, entries);
    }
}
