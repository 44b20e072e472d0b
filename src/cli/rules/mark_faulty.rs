//! `preventio rules mark-faulty`

use preventiojyraa::steps::{self, FaultyReport};

use super::super::{DataArguments, now};
use super::{CommandResult, Outcome, RulesArguments, print, tell};

/// Mark a version of a rule as faulty: nothing is sent by it any more, from now on, for good
///
/// Works in every process at once, as `effects stop` does: what is already on its way to a server
/// cannot be called back, scoring, looking up and same-day tasks for professionals go on, and every
/// command says why. It cannot be taken back; a new version of the rule is the way out.
/// `preventio look-back` then finds who was affected.
///
/// Example: preventio rules mark-faulty --rule findrisc --version 2025.1 --by "Maija Meikäläinen"
/// --why "waist bands of men are 10 cm off" --data data
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    rules: RulesArguments,
    /// The rule: the `id` of any rule file
    #[arg(long, value_name = "ID")]
    rule: String,
    /// The version that is faulty
    #[arg(long = "version", value_name = "VERSION", id = "rule_version")]
    version: String,
    /// Who found it faulty
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Why; every later command shows it
    #[arg(long, value_name = "TEXT")]
    why: String,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let said = |text: &str, argument: &str| -> Result<String, String> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match text.as_str() {
            "" => Err(format!("`{argument}` is empty")),
            _ => Ok(text),
        }
    };
    let mark = FaultyReport {
        rule: arguments.rule.clone(),
        version: arguments.version.clone(),
        by: said(&arguments.by, "--by")?,
        why: said(&arguments.why, "--why")?,
        at: now(),
    };
    let rulebook = arguments.rules.load()?;
    let marked = steps::mark_faulty(&arguments.data.data, &rulebook, &mark)?;
    print(&format!(
        "Nothing is sent any more by rules that hold {} {}.\n",
        mark.rule, mark.version
    ))?;
    if let Some(known) = &marked.unknown {
        tell(&format!(
            "note: no rule {} {} is known here, so make sure that it is written as in its file; known are {known}\n",
            mark.rule, mark.version
        ));
    }
    match marked.not_noted {
        None => Ok(Outcome::Done),
        Some(error) => {
            tell(
                "note: the mark holds, but the ledger could not note it; mark it again when it can\n",
            );
            Err(error.into())
        }
    }
}
