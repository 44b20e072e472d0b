//! `preventio learn`

use std::fs;
use std::path::PathBuf;

use jiff::civil::Date;
use preventiojyraa::config::Config;
use preventiojyraa::report;
use preventiojyraa::steps::{self, Access, DataFolder, HoldOut, LearnDocument, LearnOptions};

use super::{CommandResult, DataArguments, Outcome, RulesArguments, print, print_json, today_of};

/// Hold past decisions against what became of them, and propose a recalibration
///
/// Follows each resident's index decision to its outcome on the newest facts: confirmed by a
/// professional, verified negative, not known, or lost. Prints how precise the action level is and
/// how well the calibration in force fits, each figure with its interval and method, or the reason
/// why it cannot be had, also by sex, age, language, district and laboratory, with the days from flag to
/// diagnosis and the orders and tasks a week. A recalibration that the outcomes justify is put on record as a proposal;
/// it changes nothing. `preventio model` tests proposals, has them signed and puts them in force; in a
/// trial one person may do so alone.
///
/// Example: preventio learn --data data --html learned.html
/// and, in a trial: preventio learn --data data --config trial.toml --accept-as "Dr Aino Esimerkki"
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    rules: RulesArguments,
    /// Follow the decisions of one run only; by default each resident's decision that counts
    #[arg(long, value_name = "N")]
    index_run: Option<u32>,
    /// The day of looking back, YYYY-MM-DD; only a trial (`--config` with `trial = true`) chooses it
    #[arg(long, value_name = "DATE", requires = "config")]
    today: Option<Date>,
    /// The site's configuration
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Put the recalibration that is proposed in force, in this person's name; only in a trial
    /// (`--config` with `trial = true`)
    #[arg(long, value_name = "NAME", requires = "config")]
    accept_as: Option<String>,
    /// Write the figures with plots as one offline page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let rulebook = arguments.rules.load()?;
    let config = arguments.config.as_deref().map(Config::read).transpose()?;
    let is_trial = config.as_ref().is_some_and(|config| config.site.trial);
    if arguments.accept_as.is_some() && !is_trial {
        return Err("only in a trial does one name put a recalibration in force\nhint: `preventio model shadow`, then two signatures and `preventio model promote`".into());
    }
    let today = today_of(&rulebook, config.as_ref(), arguments.today)?;
    let mut data = DataFolder::open(&arguments.data.data, Access::WriteExisting)?;
    let options = LearnOptions {
        today,
        index_run: arguments.index_run,
        accept_as: arguments.accept_as.clone(),
        hold_out: HoldOut::Nobody,
        at: super::now(),
    };
    let learned = steps::learn(&rulebook, &mut data, &options)?;
    let (learning, subject) = (&learned.learning, &learned.subject);
    let precision = steps::precision(&rulebook, &data, (&learned.cases, today))?;
    if let Some(path) = &arguments.html {
        let page = report::learning_page(learning, subject, &precision);
        fs::write(path, page).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    if arguments.json {
        let document = LearnDocument::new(learning, subject);
        print_json(&document.with_precision(&precision))?;
    } else {
        print(&report::learning_text(learning, subject))?;
        print(&report::precision_text(&precision))?;
    }
    Ok(Outcome::Done)
}
