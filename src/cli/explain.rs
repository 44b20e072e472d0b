//! `preventio explain`

use std::error::Error;

use jiff::civil::Date;
use preventiojyraa::fhir;
use preventiojyraa::steps::{self, Access, DataFolder, Explanation};

use super::{CommandResult, DataArguments, Outcome, RulesArguments, account, print, tell};

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
    /// Print the score as a FHIR R4 `RiskAssessment` instead
    #[arg(long)]
    fhir: bool,
    /// Show the score by this model of the rules instead of the decision
    #[arg(long, value_name = "ID", conflicts_with = "fhir")]
    model: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let rulebook = arguments.rules.load()?;
    let mut data = DataFolder::open(&arguments.data.data, Access::Read)?;
    let viewer = account();
    if let Some(id) = &arguments.model {
        let model = rulebook.model_called(id)?;
        let name = &arguments.resident;
        let day = arguments.index_date;
        let text = steps::rehearse_one(&rulebook, &model, &mut data, &viewer, name, day)?;
        print(&text)?;
        return Ok(Outcome::Done);
    }
    let (name, day) = (&arguments.resident, arguments.index_date);
    let explanation = steps::explain(&rulebook, &mut data, &viewer, name, day)?;
    if arguments.fhir {
        for mark in &explanation.faulty {
            tell(&format!("note: do not rely on this: {mark}\n"));
        }
        print(&format!("{}\n", resource(&explanation)?))?;
    } else {
        print(&explanation.text)?;
    }
    Ok(Outcome::Done)
}

fn resource(explanation: &Explanation) -> Result<String, Box<dyn Error>> {
    let (Some(assessment), Some(patient_id)) =
        (&explanation.decision.assessment, &explanation.patient_id)
    else {
        return Err("a resident who is not alive on the index date has no score".into());
    };
    let bytes = fhir::risk_assessment(
        &explanation.rulebook,
        explanation.resident,
        patient_id,
        explanation.index_date,
        assessment,
    )?;
    Ok(String::from_utf8(bytes)?)
}
