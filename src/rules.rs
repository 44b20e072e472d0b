//! The rule book that travels inside the binary, and rule folders on disk.

use std::fs;
use std::path::Path;

use include_dir::{Dir, include_dir};
use preventiojyraa_core::risk;
use preventiojyraa_core::rulebook::{Diagnostic, RuleFile, Rulebook};

/// `rules/` as it was when the program was built.
static SHIPPED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/rules");

/// Why a rules folder could not be used.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// The folder or a file in it could not be read.
    #[error("cannot read rules in `{folder}`: {source}")]
    Unreadable {
        /// The folder.
        folder: String,
        /// Why.
        source: std::io::Error,
    },
    /// The rules have mistakes; all of them.
    #[error("{}", list(.0))]
    Mistakes(Vec<Diagnostic>),
}

fn list(diagnostics: &[Diagnostic]) -> String {
    let mut text: String = diagnostics.iter().map(|d| format!("{d}\n")).collect();
    let n = diagnostics.len();
    text.push_str(&format!(
        "{n} mistake{} in the rules",
        if n == 1 { "" } else { "s" }
    ));
    text
}

/// The shipped rules of the default programme.
///
/// # Errors
///
/// Never in a released binary: the tests check the shipped rules.
pub fn shipped() -> Result<Rulebook, RulesError> {
    check(&shipped_files(), None)
}

/// The shipped rule files, sorted by path.
#[must_use]
pub fn shipped_files() -> Vec<RuleFile> {
    let mut files = Vec::new();
    collect_shipped(&SHIPPED, &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn collect_shipped(dir: &Dir<'static>, files: &mut Vec<RuleFile>) {
    for file in dir.files() {
        if let (Some(path), Some(text)) = (file.path().to_str(), file.contents_utf8())
            && path.ends_with(".toml")
        {
            files.push(RuleFile {
                path: path.to_owned(),
                text: text.to_owned(),
            });
        }
    }
    for inner in dir.dirs() {
        collect_shipped(inner, files);
    }
}

/// The rules of a programme in a folder, or of one that is shipped; without a name, of the default one.
///
/// # Errors
///
/// [`RulesError::Unreadable`], or all mistakes.
pub fn load(folder: Option<&Path>, programme: Option<&str>) -> Result<Rulebook, RulesError> {
    match folder {
        None => check(&shipped_files(), programme),
        Some(folder) => check(&read_folder(folder)?, programme),
    }
}

/// Reads every `.toml` file of a folder and its folders.
///
/// Bytes that are not UTF-8 are kept as replacement characters, so that the
/// checker reports the file instead of the reader giving up on the folder.
///
/// # Errors
///
/// [`RulesError::Unreadable`].
pub fn read_folder(folder: &Path) -> Result<Vec<RuleFile>, RulesError> {
    let mut files = Vec::new();
    let unreadable = |source| RulesError::Unreadable {
        folder: folder.display().to_string(),
        source,
    };
    collect(folder, "", &mut files).map_err(unreadable)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn collect(folder: &Path, below: &str, files: &mut Vec<RuleFile>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() {
            name.clone()
        } else {
            format!("{below}/{name}")
        };
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &path, files)?;
        } else if name.ends_with(".toml") {
            let bytes = fs::read(entry.path())?;
            files.push(RuleFile {
                path,
                text: String::from_utf8_lossy(&bytes).into_owned(),
            });
        }
    }
    Ok(())
}

/// Checks files and runs the worked examples of a programme; without a name, of the default one.
///
/// # Errors
///
/// All mistakes.
pub fn check(files: &[RuleFile], programme: Option<&str>) -> Result<Rulebook, RulesError> {
    let rulebook = match programme {
        Some(id) => Rulebook::load_programme(files, id),
        None => Rulebook::load(files),
    };
    let rulebook = rulebook.map_err(RulesError::Mistakes)?;
    let failed = risk::check_examples(&rulebook);
    if failed.is_empty() {
        Ok(rulebook)
    } else {
        Err(RulesError::Mistakes(failed))
    }
}
