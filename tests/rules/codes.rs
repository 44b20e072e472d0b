//! The golden set of code mappings: which code means which fact, in each coding system and laboratory.
//!
//! A changed, lost or new mapping fails here until somebody has looked at it and changed
//! `fixtures/codes/golden.csv` as well.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use preventiojyraa_core::rulebook::{CodeSystem, LaboratoryId};

use crate::support::core::rulebook;

/// Rows of the golden set: system, code, laboratory or `any`, fact or `-`.
fn golden() -> Vec<[String; 4]> {
    let path = Path::new(crate::ROOT).join("fixtures/codes/golden.csv");
    let text = fs::read_to_string(path).expect("the golden set is readable");
    let rows = text.lines().skip(1).filter(|line| !line.is_empty());
    rows.map(|line| {
        let cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        cells
            .try_into()
            .unwrap_or_else(|_| panic!("four cells: {line}"))
    })
    .collect()
}

fn system(name: &str) -> CodeSystem {
    let found = CodeSystem::NAMES.iter().find(|(known, _)| *known == name);
    found
        .unwrap_or_else(|| panic!("no system is called `{name}`"))
        .1
}

fn laboratory(name: &str) -> Option<LaboratoryId> {
    if name == "any" {
        return None;
    }
    let found = rulebook().catalogue.vocabulary.laboratory(name);
    Some(found.unwrap_or_else(|| panic!("no laboratory is called `{name}`")))
}

#[test]
fn each_code_means_what_the_golden_set_says() {
    let catalogue = &rulebook().catalogue;
    for [of, code, at, fact] in golden() {
        // A block is tried by itself and by a code in it.
        let codes = match code.strip_suffix('*') {
            Some(block) => vec![block.to_owned(), format!("{block}.9")],
            None => vec![code.clone()],
        };
        for code in codes {
            let found = catalogue.meaning_at(system(&of), &code, laboratory(&at));
            let found = found.map_or("-", |id| catalogue.definition(id).id.as_str());
            assert_eq!(found, fact, "{of} {code} at {at}");
        }
    }
}

#[test]
fn each_mapping_of_the_rules_is_in_the_golden_set() {
    let catalogue = &rulebook().catalogue;
    let laboratories = &catalogue.vocabulary.laboratories;
    let name = |of: CodeSystem| {
        let mut names = CodeSystem::NAMES.iter();
        names
            .find(|(_, known)| *known == of)
            .expect("a name")
            .0
            .to_owned()
    };
    let shipped = catalogue.codes().into_iter().map(|(of, code, at, fact)| {
        let at = at.map_or("any", |at| laboratories[usize::from(at.0)].id.as_str());
        let fact = &catalogue.definition(fact).id;
        [name(of), code, at.to_owned(), fact.clone()]
    });
    let golden: BTreeSet<[String; 4]> = golden().into_iter().collect();
    let shipped: BTreeSet<[String; 4]> = shipped.collect();
    let missing: Vec<_> = shipped.difference(&golden).collect();
    assert!(missing.is_empty(), "not in the golden set: {missing:?}");
    let is_listed = |row: &&[String; 4]| {
        let [of, code, _, fact] = row;
        let anywhere = [of.clone(), code.clone(), "any".to_owned(), fact.clone()];
        shipped.contains(*row) || shipped.contains(&anywhere)
    };
    let meant = golden
        .iter()
        .filter(|[_, _, at, fact]| at != "any" && fact != "-");
    let lost: Vec<_> = meant.filter(|row| !is_listed(row)).collect();
    assert!(
        lost.is_empty() && !shipped.is_empty(),
        "not listed: {lost:?}"
    );
}

#[test]
fn a_code_is_known_when_it_means_something_in_some_laboratory() {
    let catalogue = &rulebook().catalogue;
    for [of, code, _, fact] in golden() {
        let code = code.trim_end_matches('*');
        if fact != "-" {
            assert!(catalogue.knows(system(&of), code), "{of} {code}");
        }
    }
    for (of, code) in [
        (CodeSystem::Kuntaliitto, "99999"),
        (CodeSystem::Loinc, "718-7"),
        (CodeSystem::Atc, ""),
    ] {
        assert!(!catalogue.knows(of, code), "{of:?} {code}");
    }
}

#[test]
fn each_code_that_means_something_is_listed_for_whoever_looks_for_codes() {
    let catalogue = &rulebook().catalogue;
    let listed: BTreeSet<(&str, bool)> = catalogue.listed_codes().collect();
    for [of, code, _, fact] in golden() {
        // What lies in a block follows from the block.
        let is_in_a_block = || {
            let mut blocks = listed.iter().filter(|(_, is_block)| *is_block);
            blocks.any(|(block, _)| code.starts_with(block))
        };
        let (word, is_block) = match code.strip_suffix('*') {
            Some(block) => (block, true),
            None => (code.as_str(), false),
        };
        let is_listed = listed.contains(&(word, is_block)) || is_in_a_block();
        assert!(fact == "-" || is_listed, "{of} {code}");
    }
}

#[test]
fn an_open_order_of_a_test_is_a_fact_of_its_own() {
    let catalogue = &rulebook().catalogue;
    let of = |test: &str| {
        let test = catalogue.find(test).expect("a test");
        catalogue
            .order_meaning(test)
            .map(|id| catalogue.definition(id).id.as_str())
    };
    for test in ["hba1c", "fasting-plasma-glucose", "ogtt-2h-plasma-glucose"] {
        assert_eq!(of(test), Some("glucose-test-ordered"), "{test}");
    }
    assert_eq!(of("waist-circumference"), None);
}

#[test]
fn a_laboratory_is_known_by_each_name_it_signs_with_and_by_no_other() {
    let vocabulary = &rulebook().catalogue.vocabulary;
    let mut n_names = 0;
    for laboratory in &vocabulary.laboratories {
        let id = vocabulary.laboratory(&laboratory.id);
        for name in &laboratory.performers {
            n_names += 1;
            for signed in [name.clone(), name.to_uppercase(), format!("  {name} ")] {
                assert_eq!(vocabulary.performer(&signed), id, "{signed}");
            }
            assert_eq!(vocabulary.performer(&format!("{name} 2")), None);
        }
    }
    assert!(0 < n_names);
    assert_eq!(vocabulary.performer(""), None);
}

#[test]
fn every_system_in_use_has_a_version_and_every_ambiguous_code_could_matter() {
    let vocabulary = &rulebook().catalogue.vocabulary;
    let pinned: BTreeSet<CodeSystem> = vocabulary.systems.iter().map(|s| s.system).collect();
    let used: BTreeSet<CodeSystem> = rulebook().catalogue.codes().iter().map(|c| c.0).collect();
    assert!(used.is_subset(&pinned), "{used:?} {pinned:?}");
    let versions = vocabulary.systems.iter();
    let versions: Vec<&str> = versions.map(|s| s.version.as_str()).collect();
    assert_eq!(
        versions,
        [
            "1999",
            "2007",
            "2007",
            "2.80",
            "2025-01-01",
            "2025-01-06",
            "2006",
            "2026.1"
        ]
    );
    for (of, code, could_matter) in [
        (Some(CodeSystem::Kuntaliitto), "20271", true),
        (Some(CodeSystem::Kuntaliitto), "1483", true),
        (Some(CodeSystem::Kuntaliitto), "2086", false),
        (Some(CodeSystem::Atc), "A10X", true),
        (Some(CodeSystem::Atc), "N02BE01", false),
        (Some(CodeSystem::Loinc), "718-7", false),
        (None, "anything", true),
    ] {
        assert_eq!(
            vocabulary.could_matter(of, code),
            could_matter,
            "{of:?} {code}"
        );
    }
}

/// A relative's diabetes counts by how near the relative is; another condition, or another person, says nothing.
#[test]
fn a_relative_counts_by_nearness_and_only_with_the_disease() {
    use crate::support::core::fact_id;
    let catalogue = &rulebook().catalogue;
    for (relationship, condition, means) in [
        (
            "MTH",
            "diabetes-diagnosis",
            Some("family-history-first-degree"),
        ),
        (
            "GRMTH",
            "diabetes-diagnosis",
            Some("family-history-second-degree"),
        ),
        ("SPS", "diabetes-diagnosis", None),
        ("MTH", "pregnancy", None),
    ] {
        let found = catalogue.relative_meaning(relationship, fact_id(condition));
        assert_eq!(found, means.map(fact_id), "{relationship} {condition}");
    }
}
