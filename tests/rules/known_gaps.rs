//! Known wrong behaviour, asserted as it is; each `FIXME` says what would be right.
//!
//! When one of these fails, the core got better: turn the assertion round and
//! move it to where its subject is tested.

use preventiojyraa_core::rulebook::{RuleFile, Rulebook};

use super::loader::{MAISA, SCORE, mistakes_after};
use crate::support::core::rule_files;

// FIXME: an item in kilograms whose facts come in centimetres can never be
// known; it should be `item-unit`.
#[test]
fn an_item_in_a_unit_that_its_facts_never_have_is_accepted() {
    assert_eq!(mistakes_after(SCORE, "unit = \"cm\"", "unit = \"kg\""), []);
}

// FIXME: a signal that waits for a category of a test without bands never comes;
// it should be refused.
#[test]
fn a_signal_of_a_category_of_something_without_bands_is_accepted() {
    let mistakes = mistakes_after(
        SCORE,
        "{ fact = \"fasting-plasma-glucose\", category_at_least",
        "{ fact = \"body-weight\", category_at_least",
    );
    assert_eq!(mistakes, []);
}

// FIXME: of two forms with one address only the first is ever read; the second
// should be refused, as a second model of one name is.
#[test]
fn two_forms_with_one_address_are_accepted() {
    let mut files = rule_files();
    let form = files
        .iter()
        .find(|file| file.path == MAISA)
        .expect("shipped")
        .text
        .clone();
    files.push(RuleFile {
        path: "questionnaires/other.toml".to_owned(),
        text: form,
    });
    let loaded = Rulebook::load(&files).expect("as it is");
    assert_eq!(loaded.questionnaires.len(), 2);
}

// FIXME: brackets are counted in comments and texts too, so a text with many
// that are not closed is refused as too deep.
#[test]
fn brackets_in_a_comment_count_as_nesting() {
    let comment = format!("# {}\nmax = 26", "[".repeat(40));
    let mistakes = mistakes_after(SCORE, "max = 26", &comment);
    assert!(
        mistakes
            .iter()
            .any(|mistake| mistake.code == "rule-too-large")
    );
}
