//! Who did not answer, by district, age and language: without numbers that would tell of few people.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::cases::tens_of_age;
use crate::lake::RegisterRow;
use crate::report::without_small_numbers;
use crate::rulebook::Language;

/// Residents in the state `undecided-not-answered`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotAnsweredReport {
    /// By district; who is in none is in the sum only.
    pub by_district: Vec<Part>,
    /// By age in tens of years.
    pub by_age: Vec<Part>,
    /// By language of contact: `fi`, `sv`, `en`, or `other` for any other and none.
    pub by_language: Vec<Part>,
}

/// A part of a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Of what.
    pub name: String,
    /// How many; nothing where it is not told.
    pub n: Option<u64>,
}

/// Counts as residents pass.
#[derive(Default)]
pub(super) struct NotAnswered {
    by_district: BTreeMap<String, u64>,
    without_district: u64,
    by_age: BTreeMap<String, u64>,
    by_language: BTreeMap<String, u64>,
}

impl NotAnswered {
    pub(super) fn add(&mut self, entry: &RegisterRow, on: Date) {
        match &entry.district {
            Some(district) => {
                *self.by_district.entry(district.to_string()).or_default() += 1;
            }
            None => self.without_district += 1,
        }
        let age = tens_of_age(&entry.register.birth, on);
        *self.by_age.entry(age).or_default() += 1;
        let language = entry.language.as_deref().and_then(Language::of);
        let language = language.map_or("other", Language::code).to_owned();
        *self.by_language.entry(language).or_default() += 1;
    }

    /// What may be told; nothing when nobody is among them.
    pub(super) fn report(self) -> Option<NotAnsweredReport> {
        let n: u64 = self.by_age.values().sum();
        (0 < n).then(|| NotAnsweredReport {
            // Who is in no district may be somebody whose district nobody may know.
            by_district: told(self.by_district, Some(self.without_district)),
            by_age: told(self.by_age, None),
            by_language: told(self.by_language, None),
        })
    }
}

/// Parts without small numbers, and without those that would tell them by subtraction.
fn told(parts: BTreeMap<String, u64>, never: Option<u64>) -> Vec<Part> {
    let counts: Vec<u64> = parts.values().copied().chain(never).collect();
    let always = never.map(|_| parts.len());
    let Some(told) = without_small_numbers(&counts, always) else {
        return Vec::new();
    };
    let parts = parts.into_keys().zip(told);
    parts.map(|(name, n)| Part { name, n }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(of: &[(&str, u64)]) -> BTreeMap<String, u64> {
        of.iter()
            .map(|(name, n)| ((*name).to_owned(), *n))
            .collect()
    }

    #[test]
    fn small_numbers_are_not_told_nor_those_that_would_tell_them() {
        let rows = told(
            parts(&[("fi", 40), ("sv", 3), ("en", 12), ("other", 9)]),
            None,
        );
        let n: BTreeMap<&str, Option<u64>> = rows
            .iter()
            .map(|part| (part.name.as_str(), part.n))
            .collect();
        assert_eq!(n["sv"], None);
        assert!(1 < n.values().filter(|n| n.is_none()).count(), "{n:?}");
        let few = told(parts(&[("fi", 2), ("sv", 1)]), None);
        assert!(few.is_empty(), "not even which there are");
    }

    #[test]
    fn who_is_in_no_district_is_never_told() {
        let rows = told(parts(&[("Kallio", 30), ("Malmi", 20)]), Some(7));
        assert!(rows.iter().any(|part| part.n.is_none()), "{rows:?}");
        assert!(rows.iter().all(|part| part.name != "other"));
    }
}
