//! `preventio explain`

use jiff::civil::Date;
use preventiojyraa::rules;
use preventiojyraa::steps::{self, Access, DataFolder};

use super::{CommandResult, DataArguments, Outcome, RulesArguments, print};

/// Say in sentences why a resident was decided about as they were
///
/// Names every fact with its age, every rule that held and every one that nearly did. What is
/// printed is about a person: it goes to the screen and nowhere else.
///
/// Example: preventio explain Patient/018f428e-34f6-4707-8009-5ad742f901e7 --data data
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The resident: the 32-digit id, or the source's Patient.id
    #[arg(value_name = "RESIDENT")]
    resident: String,
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    rules: RulesArguments,
    /// Another index date than that of the newest run, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    index_date: Option<Date>,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let rulebook = rules::load(arguments.rules.rules.as_deref())?;
    let data = DataFolder::open(&arguments.data.data, Access::Read)?;
    let explanation =
        steps::explain(&rulebook, &data, &arguments.resident, arguments.index_date)?;
    print(&explanation.text)?;
    Ok(Outcome::Done)
}
