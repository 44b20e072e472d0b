//! `preventio rules verify`

use std::path::PathBuf;

use jiff::civil::Date;
use preventiojyraa::approval::{NotApproved, Signers};
use preventiojyraa::config::Config;
use preventiojyraa::daemon;
use preventiojyraa::rulebook::{InForcePeriod, Programme, Status};
use preventiojyraa::rules;
use serde_json::json;

use super::{CommandResult, Outcome, print, print_json};

/// Say who stands for a rule book, or why nobody does
///
/// Holds the signature beside the rules against every byte of them and against the signers, as a run
/// that acts does. Exit code 1 when it does not hold. Signed rules that are a draft, or not in force
/// today, are told apart.
///
/// Example: preventio rules verify --rules rules --config preventio.toml
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The folder of the rules
    #[arg(long, value_name = "DIR")]
    rules: PathBuf,
    /// The programme, by the name of its file in `programmes/`; the default one otherwise
    #[arg(long, value_name = "ID")]
    programme: Option<String>,
    /// The site's configuration, which names the file of signers
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "signers",
        conflicts_with = "signers"
    )]
    config: Option<PathBuf>,
    /// A file of signers instead
    #[arg(long, value_name = "FILE")]
    signers: Option<PathBuf>,
    /// Another day than today, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    on: Option<Date>,
    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
}

/// Whether signed rules are in force.
#[derive(Debug, Clone, Copy)]
enum Standing {
    InForce(InForcePeriod),
    NotToday(InForcePeriod),
    Draft,
}

impl Standing {
    fn of(programme: &Programme, today: Date) -> Self {
        match (programme.header.status, programme.in_force) {
            (Status::InForce, Some(period)) if period.holds_on(today) => Self::InForce(period),
            (Status::InForce, Some(period)) => Self::NotToday(period),
            (Status::InForce, None) | (Status::Draft, _) => Self::Draft,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::InForce(_) => "in-force",
            Self::NotToday(_) => "not-in-force-today",
            Self::Draft => "draft",
        }
    }

    fn in_words(self, today: Date) -> String {
        match self {
            Self::InForce(period) => format!("in force until {}", period.until),
            Self::NotToday(period) => format!(
                "not in force on {today}, but from {} to {}",
                period.from, period.until
            ),
            Self::Draft => "a draft: nothing is done by it".to_owned(),
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let rulebook = rules::load(Some(&arguments.rules), arguments.programme.as_deref())?;
    let config = arguments.config.as_deref().map(Config::read).transpose()?;
    let today = match arguments.on {
        Some(day) => day,
        None => daemon::today(&rulebook, config.as_ref())?,
    };
    let signers = match (&arguments.signers, config) {
        (Some(path), _) => Signers::read(path).map_err(|wrong| wrong.join("; "))?,
        (None, Some(config)) => config.signers.ok_or(NotApproved::NoSigners)?,
        (None, None) => return Err(NotApproved::NoSigners.into()),
    };
    let programme = &rulebook.programme;
    let signature = rules::signature(Some(&arguments.rules), &rulebook)?;
    let signature = signature.ok_or_else(|| NotApproved::Unsigned {
        programme: programme.header.id.clone(),
    })?;
    let signer = signature.holds(&rulebook, &signers, today)?;
    let signed_at = signature.manifest().signed_at.to_string();
    let period = programme.in_force;
    let standing = Standing::of(programme, today);
    if arguments.json {
        print_json(&json!({
            "signer": signer.name,
            "signed_at": signed_at,
            "fingerprint": rulebook.fingerprint,
            "standing": standing.name(),
            "from": period.map(|period| period.from.to_string()),
            "until": period.map(|period| period.until.to_string()),
        }))?;
        return Ok(Outcome::Done);
    }
    let in_words = standing.in_words(today);
    print(&format!(
        "{} stands for {} {}, signed at {signed_at}: {in_words}\nFingerprint {}\n",
        signer.name, programme.header.id, programme.header.version, rulebook.fingerprint
    ))?;
    Ok(Outcome::Done)
}
