//! The rules of a demonstration.

use include_dir::{Dir, include_dir};

use crate::rulebook::Rulebook;
use crate::rules::{self, RulesError};

/// Calibrations that are wrong on purpose, by the id of the rule that they stand for.
static WRONG: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/demo/calibrations");

/// The rules of a demonstration: the shipped ones of a programme; where it has a calibration, with one that is
/// wrong on purpose.
///
/// # Errors
///
/// When there is no such programme.
pub fn rulebook(programme: Option<&str>) -> Result<Rulebook, RulesError> {
    let mut files = rules::shipped_files();
    for file in &mut files {
        let name = file.path.strip_prefix("calibrations/");
        let wrong = name.and_then(|name| WRONG.get_file(name));
        if let Some(wrong) = wrong.and_then(|wrong| wrong.contents_utf8()) {
            wrong.clone_into(&mut file.text);
        }
    }
    rules::check(&files, programme)
}
