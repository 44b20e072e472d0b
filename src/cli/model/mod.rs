//! `preventio model`: one way from a proposed recalibration to one that decides, and back.

mod drift_words;
mod refit_words;
mod words;

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;
use preventiojyraa::approval::{NotApproved, Signers, SigningKey};
use preventiojyraa::config::Config;
use preventiojyraa::pathway::Inclusion;
use preventiojyraa::report;
use preventiojyraa::rulebook::Rulebook;
use preventiojyraa::rules;
use preventiojyraa::steps::{
    self, Access, ByPerson, DataFolder, DriftOptions, HoldOut, LearnDocument, LearnOptions,
    RefitOptions, ShadowOptions, Vouching,
};

use super::{
    CommandResult, DataArguments, Outcome, RulesArguments, all_cores, now, print, print_json, show,
    today_of,
};

/// Test a proposed recalibration, have it signed, put it in force step by step, and take it back
///
/// A recalibration is proposed from older decisions and judged on newer ones (`propose`). It decides
/// about everybody beside the calibration in force, with nothing stored that acts, and every gate says
/// whether it may go on (`shadow`). Two people sign the same text (`sign`). It decides about a share of
/// residents first, then about all (`promote`). Taking it back gives the decisions of before, byte for
/// byte (`rollback`). Whether the calibration in force is as right as it was says `drift`; whether the points
/// of the score are, `refit`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    List(ListArguments),
    Show(ShowArguments),
    Propose(ProposeArguments),
    Shadow(ShadowArguments),
    Sign(SignArguments),
    Promote(PromoteArguments),
    Rollback(RollbackArguments),
    Drift(DriftArguments),
    Refit(RefitArguments),
}

/// List every proposal and say which calibration is in force
///
/// Example: preventio model list --data data
#[derive(clap::Args)]
struct ListArguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    rules: RulesArguments,
    /// Print the list as JSON
    #[arg(long)]
    json: bool,
}

/// Show a proposal: what it was made from, what its gates said, who signed, what was done with it
///
/// Example: preventio model show 2 --data data
#[derive(clap::Args)]
struct ShowArguments {
    /// The proposal's number
    #[arg(value_name = "ID")]
    id: u32,
    #[command(flatten)]
    data: DataArguments,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

/// The day of looking back.
#[derive(clap::Args)]
struct DayArguments {
    /// The day of looking back, YYYY-MM-DD; only a trial (`--config` with `trial = true`) chooses it
    #[arg(long, value_name = "DATE", requires = "config")]
    today: Option<Date>,
    /// The site's configuration
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl DayArguments {
    fn today(&self, rulebook: &Rulebook) -> Result<Date, Box<dyn std::error::Error>> {
        let config = self.config.as_deref().map(Config::read).transpose()?;
        today_of(rulebook, config.as_ref(), self.today)
    }
}

/// Propose a recalibration from older decisions, and keep the newest to judge it
///
/// As `preventio learn` does, without the newest decisions that have an outcome: the share that the
/// programme says (`held_out`). Nothing changes by it.
///
/// Example: preventio model propose --data data
#[derive(clap::Args)]
struct ProposeArguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    rules: RulesArguments,
    #[command(flatten)]
    day: DayArguments,
    /// Print the figures of the older decisions as JSON
    #[arg(long)]
    json: bool,
}

/// Let a proposal decide about everybody beside the calibration in force, and judge it
///
/// Nothing that it decides is stored and nobody is asked. Prints who would be decided about otherwise,
/// mean probabilities before and after by group, orders against capacity, and every gate with its
/// figures: passed, failed, or not judgeable. Numbers of few people are not told. What was found is put
/// on record with its fingerprint; that is what people sign.
/// Exit code 6 when a gate is shut.
///
/// Example: preventio model shadow 2 --data data
#[derive(clap::Args)]
struct ShadowArguments {
    /// The proposal's number
    #[arg(value_name = "ID")]
    id: u32,
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    rules: RulesArguments,
    #[command(flatten)]
    day: DayArguments,
    /// Worker threads; all cores by default. The answer does not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

/// Sign a proposal that has passed its gates; the text that is signed is printed
///
/// The text names the data, the rules, the program, every gate and the fingerprint of the evidence.
/// Whose signatures count says the file of signers that the configuration names (`[rules] signers`).
///
/// Example: preventio model sign 2 --key lead.pem --signer "Maija Meikäläinen" --data data --config preventio.toml
#[derive(clap::Args)]
struct SignArguments {
    /// The proposal's number
    #[arg(value_name = "ID")]
    id: u32,
    /// The signer's private key: Ed25519, PEM
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The signer's name, as in the file of signers
    #[arg(long, value_name = "NAME")]
    signer: String,
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    rules: RulesArguments,
    /// The site's configuration, which names the signers
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Put a signed proposal in force, for a share of residents first, then for all
///
/// Who belongs to the share is drawn once, by a key that is kept: a resident is in or out for good, and
/// a larger share holds everybody of a smaller one. All follow when runs have decided about a share for
/// as many days as the programme says (`days_with_a_share`).
///
/// Example: preventio model promote 2 --share 0.1 --by "Maija Meikäläinen" --data data --config preventio.toml
#[derive(clap::Args)]
struct PromoteArguments {
    /// The proposal's number
    #[arg(value_name = "ID")]
    id: u32,
    /// The share of residents: above 0, at most 1
    #[arg(long, value_name = "SHARE", value_parser = share)]
    share: Inclusion,
    /// Who puts it in force
    #[arg(long, value_name = "NAME")]
    by: String,
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    rules: RulesArguments,
    /// The site's configuration, which names the signers
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Take back the newest recalibration that is in force, for a share or for all
///
/// What was in force before is again, and later runs decide as they would have without it. The one that
/// is taken back is never put in force again.
///
/// Example: preventio model rollback --by "Maija Meikäläinen" --reason "too many calls" --data data
#[derive(clap::Args)]
struct RollbackArguments {
    /// Who takes it back
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    data: DataArguments,
}

/// Say whether the calibration in force is as right as it was, and which items have moved
///
/// Observed over expected by quarter of the index date, for verified decisions of first rounds; a month
/// since which it is another is told when chance hardly explains it. What is decided is known only when
/// its horizon is over, so a change is seen that much later. Each item of the score, a missing answer
/// being one more level, is held against the day until which the calibration was fitted, or the first run.
/// Nothing is stored and nobody is asked.
///
/// Example: preventio model drift --data data
#[derive(clap::Args)]
struct DriftArguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    rules: RulesArguments,
    #[command(flatten)]
    day: DayArguments,
    /// Worker threads; all cores by default. The answer does not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

/// Hold the points of the score against the programme's own outcomes, and write rules with other points
///
/// Each level of each item: points in force, what the outcomes say by themselves, that drawn towards the
/// points in force as strongly as the data ask for, and whole points again. Fitted are first rounds, each
/// verified decision standing for those like it, without the newest, which judge the new points
/// (`held_out`). While chance explains the difference, and where there are too few, points stay.
/// With `--out`, a folder of rules in which the score alone has other points, for `preventio rules diff`,
/// for rehearsals, and for two people to sign. Nothing else is stored and nobody is asked.
///
/// Example: preventio model refit --data data --out rules-refitted
#[derive(clap::Args)]
struct RefitArguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    rules: RulesArguments,
    #[command(flatten)]
    day: DayArguments,
    /// Write rules with the new points into this new folder
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Worker threads; all cores by default. The answer does not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

fn share(text: &str) -> Result<Inclusion, String> {
    let wrong = || format!("`{text}` is no share: above 0, at most 1, nine decimals at most");
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if 9 < part.len() || whole.is_empty() {
        return Err(wrong());
    }
    let billionths = format!("{whole}{part:0<9}").parse().map_err(|_| wrong())?;
    Inclusion::from_billionths(billionths).ok_or_else(wrong)
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    match &arguments.command {
        Command::List(arguments) => {
            let rulebook = arguments.rules.load()?;
            let data = DataFolder::open(&arguments.data.data, Access::Read)?;
            let list = steps::model_list(&rulebook, &data)?;
            show(&list, arguments.json, words::list)?;
            Ok(Outcome::Done)
        }
        Command::Show(arguments) => {
            let data = DataFolder::open(&arguments.data.data, Access::Read)?;
            let shown = steps::model_show(&data, arguments.id)?;
            show(&shown, arguments.json, words::shown)?;
            Ok(Outcome::Done)
        }
        Command::Propose(arguments) => propose(arguments),
        Command::Shadow(arguments) => shadow(arguments),
        Command::Sign(arguments) => sign(arguments),
        Command::Promote(arguments) => promote(arguments),
        Command::Rollback(arguments) => roll_back(arguments),
        Command::Drift(arguments) => drift(arguments),
        Command::Refit(arguments) => refit(arguments),
    }
}

fn propose(arguments: &ProposeArguments) -> CommandResult {
    let rulebook = arguments.rules.load()?;
    let today = arguments.day.today(&rulebook)?;
    let mut data = DataFolder::open(&arguments.data.data, Access::WriteExisting)?;
    let options = LearnOptions {
        today,
        index_run: None,
        accept_as: None,
        hold_out: HoldOut::Newest,
        at: now(),
    };
    let learned = steps::learn(&rulebook, &mut data, &options)?;
    let (learning, subject) = (&learned.learning, &learned.subject);
    if arguments.json {
        print_json(&LearnDocument::new(learning, subject))?;
        return Ok(Outcome::Done);
    }
    let mut text = report::learning_text(learning, subject);
    if let Some(held_out) = &learned.held_out {
        text.push_str(&format!(
            "Decisions until {} were fitted. The {} verified ones after that day are in no figure above; they judge what is proposed.\n",
            held_out.fitted_until, held_out.verified
        ));
    }
    print(&text)?;
    Ok(Outcome::Done)
}

fn shadow(arguments: &ShadowArguments) -> CommandResult {
    let rulebook = arguments.rules.load()?;
    let today = arguments.day.today(&rulebook)?;
    let mut data = DataFolder::open(&arguments.data.data, Access::WriteExisting)?;
    let options = ShadowOptions {
        today,
        threads: arguments.threads.unwrap_or_else(all_cores),
        at: now(),
    };
    let shadow = steps::model_shadow(&rulebook, &mut data, arguments.id, &options)?;
    if arguments.json {
        print_json(&shadow.document)?;
    } else {
        print(&words::shadow(&shadow.document))?;
        print(&format!(
            "On record as shadow {}, fingerprint {}\nEffects: none: nothing that was decided is stored, and nobody was asked\n",
            shadow.shadow, shadow.evidence
        ))?;
    }
    Ok(match shadow.document.passed {
        true => Outcome::Done,
        false => Outcome::OutOfBounds,
    })
}

fn drift(arguments: &DriftArguments) -> CommandResult {
    let rulebook = arguments.rules.load()?;
    let today = arguments.day.today(&rulebook)?;
    let data = DataFolder::open(&arguments.data.data, Access::Read)?;
    let options = DriftOptions {
        today,
        threads: arguments.threads.unwrap_or_else(all_cores),
    };
    let report = steps::model_drift(&rulebook, &data, options)?;
    show(&report, arguments.json, drift_words::report)?;
    Ok(Outcome::Done)
}

fn refit(arguments: &RefitArguments) -> CommandResult {
    let rulebook = arguments.rules.load()?;
    let today = arguments.day.today(&rulebook)?;
    let data = DataFolder::open(&arguments.data.data, Access::Read)?;
    let files = match &arguments.rules.rules {
        None => rules::shipped_files(),
        Some(folder) => rules::read_folder(folder)?.0,
    };
    let options = RefitOptions {
        today,
        threads: arguments.threads.unwrap_or_else(all_cores),
        out: arguments.out.as_deref().map(|folder| (&files[..], folder)),
    };
    let report = steps::model_refit(&rulebook, &data, options)?;
    show(&report, arguments.json, refit_words::report)?;
    Ok(Outcome::Done)
}

/// The configuration's signers and the day it is.
fn vouching<'c>(
    rulebook: &Rulebook,
    config: &'c Config,
) -> Result<(&'c Signers, Date), Box<dyn std::error::Error>> {
    let signers = config.signers.as_ref().ok_or(NotApproved::NoSigners)?;
    Ok((signers, today_of(rulebook, Some(config), None)?))
}

/// Now; in a trial that chooses its day, noon of that day.
fn instant(rulebook: &Rulebook, today: Date) -> Result<Timestamp, Box<dyn std::error::Error>> {
    let now = Timestamp::now();
    let zone = jiff::tz::TimeZone::get(&rulebook.programme.time_zone)?;
    if now.to_zoned(zone.clone()).date() == today {
        return Ok(now);
    }
    Ok(today.at(12, 0, 0, 0).to_zoned(zone)?.timestamp())
}

fn sign(arguments: &SignArguments) -> CommandResult {
    let rulebook = arguments.rules.load()?;
    let config = Config::read(&arguments.config)?;
    let (signers, today) = vouching(&rulebook, &config)?;
    let key = SigningKey::read(&arguments.key)?;
    let mut data = DataFolder::open(&arguments.data.data, Access::WriteExisting)?;
    let vouching = (Vouching { signers, today }, instant(&rulebook, today)?);
    let signer = arguments.signer.trim();
    let text = steps::model_sign(&rulebook, &mut data, arguments.id, (&key, signer), vouching)?;
    print(&text)?;
    Ok(Outcome::Done)
}

fn named<'t>(option: &str, text: &'t str) -> Result<&'t str, Box<dyn std::error::Error>> {
    let text = text.trim();
    if text.is_empty() {
        return Err(format!("`{option}` is empty").into());
    }
    Ok(text)
}

fn promote(arguments: &PromoteArguments) -> CommandResult {
    let rulebook = arguments.rules.load()?;
    let config = Config::read(&arguments.config)?;
    let (signers, today) = vouching(&rulebook, &config)?;
    let mut data = DataFolder::open(&arguments.data.data, Access::WriteExisting)?;
    let (name, at) = (named("--by", &arguments.by)?, now());
    let which = (arguments.id, arguments.share);
    let by = ByPerson { name, at: &at };
    let vouching = Vouching { signers, today };
    steps::model_promote(&rulebook, &mut data, which, by, vouching)?;
    let about = match arguments.share == Inclusion::EVERYBODY {
        true => "all residents".to_owned(),
        false => format!(
            "{} of the residents",
            super::share_in_words(arguments.share.billionths())
        ),
    };
    print(&format!(
        "Recalibration {} decides about {about} from the next run on.\n",
        arguments.id
    ))?;
    Ok(Outcome::Done)
}

fn roll_back(arguments: &RollbackArguments) -> CommandResult {
    let name = named("--by", &arguments.by)?;
    let reason = named("--reason", &arguments.reason)?;
    let mut data = DataFolder::open(&arguments.data.data, Access::WriteExisting)?;
    let at = now();
    let id = steps::model_roll_back(&mut data, ByPerson { name, at: &at }, reason)?;
    print(&format!(
        "Recalibration {id} was taken back; what was in force before it decides from the next run on.\n"
    ))?;
    Ok(Outcome::Done)
}
