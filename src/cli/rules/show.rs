//! `preventio rules show`

use std::error::Error;
use std::path::PathBuf;

use clap::ValueEnum;
use preventiojyraa::config::Config;
use preventiojyraa::daemon;
use preventiojyraa::report::{RuleBookSubject, rule_book_page, rule_book_shown, rule_book_text};
use preventiojyraa::rulebook::{Language, Rulebook};
use preventiojyraa::rules;
use preventiojyraa::steps::{self, Access, DataFolder, FaultyReport};

use super::{CommandResult, Outcome, RulesArguments, print};

/// Show a rule book as a person reads it before signing
///
/// Every rule in words and tables, with its source; every number that nobody has verified is marked
/// beside it. The rules' own prose is as it stands in the files; texts for people are those of the
/// language.
///
/// Example: preventio rules show --lang sv --format html > rules.html
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    rules: RulesArguments,
    /// The language of headings and of the texts for people
    #[arg(long, value_name = "LANGUAGE", default_value = "en")]
    lang: Tongue,
    /// Text for a terminal, or one page that needs nothing else
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// A data folder: then rules that are marked faulty there are said to be so
    #[arg(long, value_name = "DATA")]
    data: Option<PathBuf>,
    /// The site's configuration: then the signature is held against its signers
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Tongue {
    Fi,
    Sv,
    En,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Html,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let rulebook = arguments.rules.load()?;
    let language = match arguments.lang {
        Tongue::Fi => Language::Finnish,
        Tongue::Sv => Language::Swedish,
        Tongue::En => Language::English,
    };
    let data = arguments.data.as_deref();
    let data = data
        .map(|folder| DataFolder::open(folder, Access::Read))
        .transpose()?;
    let faulty = match &data {
        Some(data) => steps::faulty_in(data, &rulebook)?,
        None => Vec::new(),
    };
    let subject = RuleBookSubject {
        signature: signature(arguments, &rulebook)?,
        faulty: faulty.iter().map(FaultyReport::to_string).collect(),
    };
    let shown = rule_book_shown(&rulebook, &subject, language);
    print(&match arguments.format {
        Format::Text => rule_book_text(&shown),
        Format::Html => rule_book_page(&shown),
    })?;
    Ok(Outcome::Done)
}

/// Who signed and when, or why that does not hold.
type Signed = Option<Result<(String, String), String>>;

fn signature(arguments: &Arguments, rulebook: &Rulebook) -> Result<Signed, Box<dyn Error>> {
    let Some(signature) = rules::signature(arguments.rules.rules.as_deref(), rulebook)? else {
        return Ok(None);
    };
    let config = arguments.config.as_deref().map(Config::read).transpose()?;
    let manifest = signature.manifest();
    let (name, at) = (manifest.signer.clone(), manifest.signed_at.to_string());
    let Some(signers) = config.as_ref().and_then(|config| config.signers.as_ref()) else {
        let changed = manifest.differing(rulebook);
        return Ok(Some(match changed.is_empty() {
            true => Ok((
                name,
                format!("{at} (not held against any signers: `--config FILE`)"),
            )),
            false => Err(format!(
                "changed since {name} signed: {}",
                changed.join(", ")
            )),
        }));
    };
    let today = daemon::today(rulebook, config.as_ref())?;
    let holds = signature.holds(rulebook, signers, today);
    Ok(Some(holds.map(|_| (name, at)).map_err(|error| {
        let text = error.to_string();
        text.lines().next().unwrap_or_default().to_owned()
    })))
}
