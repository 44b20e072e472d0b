//! Bytes changed at random in a rule file: refused or loaded, never a panic.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use preventiojyraa_core::report::{
    RuleBookSubject, rule_book_page, rule_book_shown, rule_book_text,
};
use preventiojyraa_core::risk::check_examples;
use preventiojyraa_core::rulebook::{Language, RuleFile, Rulebook, changes};

use crate::support::core::{Someone, rule_files};
use crate::support::draw::fixed;

/// Files changed per shipped file.
const CASES: u32 = 25;

/// Bytes that mean something in TOML, so that mutants stay interesting.
const TELLING: &[u8] = b"\"'[]{}=,.#\n\\-+_ 0123456789aeftrux\x00\x7f";

/// One change of a text at a place in thousandths of its length.
#[derive(Debug, Clone)]
enum Change {
    Replace(u32, u8),
    Insert(u32, u8),
    Cut(u32, u8),
    Repeat(u32, u8),
}

fn change() -> impl Strategy<Value = Change> {
    let byte = prop_oneof![3 => proptest::sample::select(TELLING), 1 => any::<u8>()];
    (0..4u8, any::<u32>(), byte).prop_map(|(kind, at, byte)| match kind {
        0 => Change::Replace(at, byte),
        1 => Change::Insert(at, byte),
        2 => Change::Cut(at, byte),
        _ => Change::Repeat(at, byte),
    })
}

fn mutated(text: &str, changes: &[Change]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for change in changes {
        let length = bytes.len();
        let place = |at: u32| usize::try_from(at).expect("64 bits") % length.max(1);
        let stretch = |at: u32, n: u8| place(at)..(place(at) + usize::from(n)).min(length);
        match *change {
            Change::Replace(at, byte) => {
                if let Some(old) = bytes.get_mut(place(at)) {
                    *old = byte;
                }
            }
            Change::Insert(at, byte) => bytes.insert(place(at), byte),
            Change::Cut(at, n) => drop(bytes.drain(stretch(at, n))),
            Change::Repeat(at, n) => {
                let copy = bytes[stretch(at, n)].to_vec();
                bytes.splice(place(at)..place(at), copy);
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Loads the files; what loads must also score somebody and run its examples.
fn exercise(files: &[RuleFile]) -> Result<(), TestCaseError> {
    match Rulebook::load(files) {
        Ok(rulebook) => {
            let _ = check_examples(&rulebook);
            let shown = rule_book_shown(&rulebook, &RuleBookSubject::default(), Language::Swedish);
            let _ = (rule_book_text(&shown), rule_book_page(&shown));
            let _ = changes(&rule_files(), &rulebook.files);
            for someone in [Someone::unknown(), Someone::woman_of(60)] {
                let _ =
                    preventiojyraa_core::pathway::decide(&rulebook, &someone.profile(), None, None);
            }
        }
        Err(mistakes) => {
            prop_assert!(!mistakes.is_empty(), "refused without saying why");
            for mistake in &mistakes {
                prop_assert!(0 < mistake.line && 0 < mistake.column, "{mistake}");
                prop_assert!(!mistake.message.is_empty());
            }
        }
    }
    Ok(())
}

#[test]
fn no_change_of_any_bytes_of_any_rule_file_panics_the_loader() {
    let shipped = rule_files();
    for n in 0..shipped.len() {
        let mut runner = TestRunner::new(fixed(CASES));
        let outcome = runner.run(&vec(change(), 1..6), |changes| {
            let mut files = shipped.clone();
            files[n].text = mutated(&shipped[n].text, &changes);
            exercise(&files)
        });
        outcome.unwrap_or_else(|failure| panic!("{}: {failure}", shipped[n].path));
    }
}
