//! Any text in the place of one rule file: mistakes are told, with the file and the line, and nothing panics.
//!
//! The first byte says which file.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use preventiojyraa::rulebook::RuleFile;
use preventiojyraa::rules::{self, RulesError};

fuzz_target!(|data: &[u8]| {
    static SHIPPED: OnceLock<Vec<RuleFile>> = OnceLock::new();
    let shipped = SHIPPED.get_or_init(rules::shipped_files);
    let Some((which, text)) = data.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let mut files = shipped.clone();
    let n_files = files.len();
    let file = &mut files[usize::from(*which) % n_files];
    let programme = match file.path.contains("cardiovascular") {
        true => Some("cardiovascular"),
        false => None,
    };
    text.clone_into(&mut file.text);
    match rules::check(&files, programme) {
        Ok(_) => {}
        Err(RulesError::Mistakes(mistakes)) => {
            assert!(!mistakes.is_empty(), "refused without a mistake");
            for mistake in mistakes {
                assert!(!mistake.message.is_empty(), "a mistake without words");
            }
        }
        Err(RulesError::Unreadable { .. }) => panic!("texts in memory are read"),
    }
});
