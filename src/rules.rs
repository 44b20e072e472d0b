//! The rule book that travels inside the binary, and rule folders on disk.
//!
//! A folder is read with bounds: whatever lies in it, no more memory is used than
//! a large rule book needs, and what is beyond a bound is a mistake with its place.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use include_dir::{Dir, include_dir};
use preventiojyraa_core::risk;
use preventiojyraa_core::rulebook::{Diagnostic, RuleFile, Rulebook, Severity};

use crate::approval::{Signature, SignatureError};

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
        Some(folder) => {
            let (files, mut mistakes) = read_folder(folder)?;
            let checked = check(&files, programme);
            if mistakes.is_empty() {
                return checked;
            }
            if let Err(RulesError::Mistakes(others)) = checked {
                mistakes.extend(others);
            }
            mistakes.sort_by(|a, b| (&a.file, a.line, a.code).cmp(&(&b.file, b.line, b.code)));
            Err(RulesError::Mistakes(mistakes))
        }
    }
}

/// The signature that lies beside rules; the shipped ones have none.
///
/// # Errors
///
/// When it cannot be read.
pub fn signature(
    folder: Option<&Path>,
    rulebook: &Rulebook,
) -> Result<Option<Signature>, SignatureError> {
    let programme = &rulebook.programme.header.id;
    folder.map_or(Ok(None), |folder| Signature::read(folder, programme))
}

/// Longest rule file that is read, in bytes; one more is read to know that a file is longer.
const MAX_BYTES: u64 = 1 << 20;
/// Most rule files in a folder.
const MAX_FILES: usize = 1_000;
/// Deepest folder below the rules folder.
const MAX_DEPTH: usize = 8;

/// Reads every `.toml` file of a folder and its folders, with what is wrong with it before any rule is read.
///
/// # Errors
///
/// [`RulesError::Unreadable`].
pub fn read_folder(folder: &Path) -> Result<(Vec<RuleFile>, Vec<Diagnostic>), RulesError> {
    let mut found = Found::default();
    let unreadable = |source| RulesError::Unreadable {
        folder: folder.display().to_string(),
        source,
    };
    found.collect(folder, "", 0).map_err(unreadable)?;
    found.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((found.files, found.mistakes))
}

/// What was found in a rules folder.
#[derive(Default)]
struct Found {
    files: Vec<RuleFile>,
    mistakes: Vec<Diagnostic>,
}

impl Found {
    fn collect(&mut self, folder: &Path, below: &str, depth: usize) -> std::io::Result<()> {
        let mut entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if below.is_empty() {
                name.clone()
            } else {
                format!("{below}/{name}")
            };
            if entry.file_type()?.is_dir() {
                if MAX_DEPTH <= depth {
                    let what = format!("folders are more than {MAX_DEPTH} deep");
                    self.mistake(&path, 1, "rule-folder-too-deep", what);
                } else {
                    self.collect(&entry.path(), &path, depth + 1)?;
                }
            } else if name.ends_with(".toml") {
                if self.files.len() == MAX_FILES {
                    let what = format!("there are more than {MAX_FILES} rule files");
                    self.mistake(&path, 1, "rule-files-too-many", what);
                    return Ok(());
                }
                self.read(&entry.path(), path)?;
            }
        }
        Ok(())
    }

    fn read(&mut self, place: &Path, path: String) -> std::io::Result<()> {
        // Follows links; a pipe would never end.
        if !fs::metadata(place)?.is_file() {
            self.mistake(
                &path,
                1,
                "rule-no-file",
                "this is no ordinary file".to_owned(),
            );
            return Ok(());
        }
        let mut bytes = Vec::new();
        File::open(place)?
            .take(MAX_BYTES + 1)
            .read_to_end(&mut bytes)?;
        if MAX_BYTES < bytes.len() as u64 {
            let what = format!("the file is over the limit of {MAX_BYTES} bytes");
            self.mistake(&path, 1, "rule-too-large", what);
            return Ok(());
        }
        match String::from_utf8(bytes) {
            Ok(text) => self.files.push(RuleFile { path, text }),
            Err(error) => {
                let before = error.as_bytes().get(..error.utf8_error().valid_up_to());
                let line = before.map_or(0, |text| memchr::memchr_iter(b'\n', text).count()) + 1;
                let what = "the file is not UTF-8 from here on".to_owned();
                self.mistake(&path, line, "rule-not-utf8", what);
            }
        }
        Ok(())
    }

    fn mistake(&mut self, path: &str, line: usize, code: &'static str, message: String) {
        self.mistakes.push(Diagnostic {
            file: path.to_owned(),
            line,
            column: 1,
            severity: Severity::Error,
            code,
            message,
            hint: None,
        });
    }
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
