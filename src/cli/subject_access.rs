//! `preventio subject-access`

use preventiojyraa::steps::{self, Access, DataFolder};

use super::erase::asked;
use super::{CommandResult, DataArguments, Outcome, show};

/// Everything held about one resident, in one document
///
/// Identifiers, register entries, facts with when and from which pull, issues, every decision with its
/// reasons, rounds, what was ordered and sent, tasks, lines that could not be read, and who was shown
/// all this before. Who asks and why is written down before anything is shown. The document is for the
/// resident: it is printed, and kept nowhere.
///
/// Example: preventio subject-access 1234 --by "Maija Meikäläinen" --reason "request 17/2026" --lang fi --data data
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    /// The resident: the 32-digit opaque id, or a source's `Patient.id`
    #[arg(value_name = "RESIDENT")]
    resident: String,
    /// Who asks for it; stays on record
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Why; stays on record
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The language of headings
    #[arg(long, value_name = "LANGUAGE", default_value = "fi", value_parser = steps::LANGUAGES)]
    lang: String,
    /// Print the document as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let asked = asked(&arguments.by, &arguments.reason)?;
    let mut data = DataFolder::open(&arguments.data.data, Access::Read)?;
    let document = steps::subject_access(&mut data, &arguments.resident, &asked)?;
    show(&document, arguments.json, |document| {
        document.text(&arguments.lang)
    })?;
    Ok(Outcome::Done)
}
