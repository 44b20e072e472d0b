//! `preventio letter`

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use preventiojyraa::rulebook::Language;
use preventiojyraa::steps::{self, Access, DataFolder};

use super::{CommandResult, DataArguments, Outcome, RulesArguments, account, print};

/// Write the letter that tells a resident what was decided about them and why, the negative decisions too
///
/// In plain words of the rules, in the resident's language of contact unless another is asked for. It is for
/// the resident who asks, or for the data-protection officer; what a professional needs, `explain` says.
/// It is about a person: it goes to the screen, or to a file that only its owner can read.
///
/// Example: preventio letter Patient/018f428e-34f6-4707-8009-5ad742f901e7 --lang sv --data data
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The resident: the 32-digit id, or the source's Patient.id
    #[arg(value_name = "RESIDENT")]
    resident: String,
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    rules: RulesArguments,
    /// The language: fi, sv or en
    #[arg(long, value_name = "LANG", value_parser = language)]
    lang: Option<Language>,
    /// Write one offline page into this new file instead of text
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

fn language(code: &str) -> Result<Language, String> {
    Language::called(code).ok_or_else(|| "letters are in `fi`, `sv` and `en`".to_owned())
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let rulebook = arguments.rules.load()?;
    let mut data = DataFolder::open(&arguments.data.data, Access::Read)?;
    let (viewer, name) = (account(), &arguments.resident);
    let letter = steps::letter(&rulebook, &mut data, &viewer, name, arguments.lang)?;
    match &arguments.html {
        None => print(&letter.text())?,
        Some(path) => {
            written(path, &letter.page()).map_err(|error| format!("{}: {error}", path.display()))?
        }
    }
    Ok(Outcome::Done)
}

/// Writes a new file that only its owner can read.
fn written(path: &Path, page: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(page.as_bytes())
}
