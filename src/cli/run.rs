//! `preventio run`

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;

use jiff::civil::Date;
use preventiojyraa::config::Config;
use preventiojyraa::daemon;
use preventiojyraa::ledger::AuditAct;
use preventiojyraa::rulebook::{Model, Rulebook, State, Words};
use preventiojyraa::rules;
use preventiojyraa::steps::{
    self, Access, ActOptions, ActReport, DataFolder, DryRun, Load, NotAnsweredReport,
    RehearsalReport, RunOptions, RunReport,
};

use super::{
    CommandResult, DataArguments, Outcome, RulesArguments, account, counts, share_in_words, show,
};

/// Decide about everybody, as of an index date
///
/// Scores each resident on what was true and recorded by the index date and stores a decision for
/// everybody, the negative ones too. Nothing is asked of anybody unless `--act` is given; then
/// orders and tasks are put on record together with the run, and `preventio dispatch` delivers them.
///
/// Examples: preventio run --data data --index-date 2026-02-01
/// and: preventio run --act --data data --config preventio.toml
/// and, before it: preventio run --dry-run --data data --config preventio.toml
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    rules: RulesArguments,
    /// The day profiles are taken, YYYY-MM-DD; today by default
    #[arg(long, value_name = "DATE")]
    index_date: Option<Date>,
    /// Plan what the decisions ask of others; needs a legal basis in the configuration
    #[arg(long, requires = "config")]
    act: bool,
    /// The same as `--act` as a rehearsal: tell what would be asked of whom, and store nothing
    ///
    /// What stands against acting today is told first, and does not end the rehearsal. `--json` names
    /// every order with its resident; the text has numbers only.
    #[arg(long, requires = "config", conflicts_with_all = ["act", "model"])]
    dry_run: bool,
    /// The site's configuration
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Rehearse: score everybody by this model of the rules; nothing is stored, nothing is asked
    ///
    /// The model's own published level is used, where there is one. The programme's own model runs
    /// as always.
    #[arg(long, value_name = "ID")]
    model: Option<String>,
    /// Worker threads; all cores by default. The answer does not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let rulebook = arguments.rules.load()?;
    let config = arguments.config.as_deref().map(Config::read).transpose()?;
    let today = daemon::today(&rulebook, config.as_ref())?;
    let index_date = arguments.index_date.unwrap_or(today);
    if today < index_date {
        super::tell(
            "note: the index date is in the future; nobody knows yet what will have happened by then\n",
        );
    }
    if let Some(id) = other_model(arguments, &rulebook)? {
        let model = rulebook.model_called(id)?;
        let data = DataFolder::open(&arguments.data.data, Access::Read)?;
        let report = steps::rehearse(&rulebook, &model, &data, index_date)?;
        show(&report, arguments.json, |report| rehearsed(report, &model))?;
        return Ok(Outcome::Done);
    }
    let mut data = DataFolder::open(&arguments.data.data, Access::WriteExisting)?;
    if let Some(config) = &config {
        data.lies_as(config)?;
    }
    // Who asks nothing of anybody needs nobody's signature, whole or broken.
    let signature = if arguments.act || arguments.dry_run {
        rules::signature(arguments.rules.rules.as_deref(), &rulebook)?
    } else {
        None
    };
    let act = config.as_ref().map(|config| ActOptions {
        config,
        today,
        signature: signature.as_ref(),
    });
    let options = RunOptions {
        index_date,
        threads: arguments.threads.unwrap_or_else(super::all_cores),
        at: super::now(),
        act: act.filter(|_| arguments.act),
        progress: None,
    };
    let words = &rulebook.programme.words;
    if let Some(act) = act.filter(|_| arguments.dry_run) {
        let dry = steps::dry_run(&rulebook, &mut data, (&options, act))?;
        if arguments.json {
            let n = dry.orders.len().to_string();
            data.audit(&account(), AuditAct::ListedOrders, None, &n)?;
        }
        show(&dry, arguments.json, |dry| dry_run(dry, words))?;
        return Ok(Outcome::Done);
    }
    let report = steps::run(&rulebook, &mut data, &options)?;
    show(&report, arguments.json, |report| render(report, words))?;
    Ok(Outcome::Done)
}

/// The model to rehearse, when it is not the programme's own.
fn other_model<'a>(
    arguments: &'a Arguments,
    rulebook: &Rulebook,
) -> Result<Option<&'a str>, Box<dyn Error>> {
    let own = rulebook.model.header.id.as_str();
    let other = arguments.model.as_deref().filter(|id| *id != own);
    if arguments.act && other.is_some() {
        return Err(format!(
            "nobody is acted for by another model than the programme's\nhint: leave `--act` out to rehearse, or name `{own}`"
        )
        .into());
    }
    Ok(other)
}

fn rehearsed(report: &RehearsalReport, model: &Model) -> String {
    let mut text = format!(
        "Rehearsal by {} {}: {} residents as of {}\n",
        report.model, report.version, report.register, report.index_date
    );
    text.push_str("Scored\n");
    text.push_str(&counts(&report.scored));
    text.push_str(&format!("  of these complete  {}\n", report.complete));
    if !report.not_scored.is_empty() {
        text.push_str("Not scored\n");
        text.push_str(&counts(&report.not_scored));
    }
    text.push_str(&format!(
        "From here on its authors act: {}\n",
        steps::level_in_words(model)
    ));
    let positions = report.positions.iter();
    let positions: BTreeMap<String, u64> = positions.map(|(k, n)| ((*k).to_owned(), *n)).collect();
    text.push_str(&counts(&positions));
    if !report.questions.is_empty() {
        text.push_str("Questions that would decide, and for how many\n");
        for (questions, residents) in &report.questions {
            text.push_str(&format!("  {questions:>2}  {residents:>9}\n"));
        }
    }
    if !report.classes.is_empty() {
        text.push_str("Classes\n");
        text.push_str(&counts(&report.classes));
    }
    if !report.not_known.is_empty() {
        text.push_str("Not known\n");
        text.push_str(&counts(&report.not_known));
    }
    text.push_str("Effects: none: a rehearsal stores nothing and asks nobody\n");
    text
}

fn render(report: &RunReport, words: &Words) -> String {
    let faulty = report.faulty.iter();
    let mut text: String = faulty
        .map(|mark| format!("Do not act on this: {mark}\n"))
        .collect();
    text.push_str(&format!(
        "Run {}: {} residents as of {}\n",
        report.run, report.register, report.index_date
    ));
    let states = State::NAMES
        .iter()
        .filter_map(|(_, state)| report.states.get_key_value(words.state(*state)));
    text.push_str(&counts(states));
    if !report.reviews.is_empty() {
        text.push_str("Reviews for professionals\n");
        text.push_str(&counts(&report.reviews));
    }
    for (heading, rows) in [
        (
            "Records that contradict themselves\n",
            &report.contradictions,
        ),
        ("Exclusions due for review\n", &report.exclusions_due),
        (
            "Results to confirm, by what the confirmation table says\n",
            &report.to_confirm,
        ),
        (
            "Offers of the lifestyle service, by what became of them\n",
            &report.offers,
        ),
    ] {
        if !rows.is_empty() {
            text.push_str(heading);
            text.push_str(&counts(rows));
        }
    }
    if let Some(not_answered) = &report.not_answered {
        text.push_str(&did_not_answer(not_answered));
    }
    for over in &report.unmapped_over_limit {
        text.push_str(&format!(
            "Not understood: {over}. A run that acts refuses.\n"
        ));
    }
    if !report.issues.is_empty() {
        text.push_str("Issues in the data seen\n");
        text.push_str(&counts(&report.issues));
    }
    if !report.pull.is_complete {
        text.push_str(
            "The newest pull was cut off: nobody of its source is decided to be below the level.\n",
        );
    }
    text.push_str(&format!(
        "By {} {} ({}), {}, {}; {} numbers in it are not verified\n",
        report.rulebook.id,
        report.rulebook.version,
        report.rulebook.status,
        report.rulebook.model,
        report.rulebook.calibration,
        report.rulebook.unverified
    ));
    if let Some(shared) = &report.shared_model {
        text.push_str(&format!(
            "{} of them, {}, by {}\n",
            shared.residents,
            share_in_words(shared.share_e9),
            shared.calibration
        ));
    }
    text.push_str(&format!("Effects: {}\n", report.effects));
    if let Some(act) = &report.act {
        text.push_str(&acted(act));
    }
    text.push_str(&format!("Decisions {}\n", report.decisions_hash));
    text
}

fn dry_run(dry: &DryRun, words: &Words) -> String {
    let mut text = "Dry run: nothing is stored, nothing is asked of anybody\n".to_owned();
    if !dry.obstacles.is_empty() {
        text.push_str("What stands against acting today\n");
        for obstacle in &dry.obstacles {
            let lines = obstacle.lines().map(|line| format!("  {line}\n"));
            text.extend(lines);
        }
    }
    text.push_str("What would be asked, and how much work that is\n");
    for load in &dry.load {
        text.push_str(&work(load));
    }
    text.push_str("Tasks for professionals\n");
    if dry.tasks.is_empty() {
        text.push_str("  none\n");
    }
    for task in &dry.tasks {
        text.push_str(&format!(
            "  {:>9}  {}, {}\n",
            task.n, task.code, task.priority
        ));
    }
    text + &render(&dry.report, words)
}

fn work(load: &Load) -> String {
    let Load {
        kind,
        channel,
        planned,
        waiting,
        ..
    } = load;
    let mut text = format!("  {kind}, by channel {channel}: {planned} new");
    if 0 < *waiting {
        text.push_str(&format!(", {waiting} of earlier runs have not left yet"));
    }
    if 0 < load.without_portal {
        let n = load.without_portal;
        text.push_str(&format!(
            "; {n} not by the portal but by letter, phone or a person"
        ));
    }
    text.push_str(match load.approved_first {
        "everything" => "; a person approves each",
        "drawn" => "; a person approves those of residents drawn by lot",
        _ => "",
    });
    if let (Some(n), Some(weeks)) = (load.per_week, load.further_weeks) {
        text.push_str(&match weeks {
            0 => format!("; within the {n} of this week"),
            1 => format!("; at {n} a week, one week more than this one"),
            weeks => format!("; at {n} a week, {weeks} weeks more than this one"),
        });
    }
    text.push('\n');
    for (act, n) in &load.acts {
        text.push_str(&format!("  {n:>9}  {act}\n"));
    }
    text
}

/// Who did not answer, where it may be told.
fn did_not_answer(report: &NotAnsweredReport) -> String {
    let mut text = String::from("Did not answer after a reminder; numbers of few are not told\n");
    for (by, parts) in [
        ("by district", &report.by_district),
        ("by age", &report.by_age),
        ("by language", &report.by_language),
    ] {
        let told = parts.iter().map(|part| match part.n {
            Some(n) => format!("{} {n}", part.name),
            None => format!("{} -", part.name),
        });
        let told = told.collect::<Vec<_>>().join(", ");
        let told = if told.is_empty() {
            "too few"
        } else {
            told.as_str()
        };
        text.push_str(&format!("  {by}: {told}\n"));
    }
    text
}

fn acted(act: &ActReport) -> String {
    let mut text = counts(&act.orders);
    if 0 < act.repeated {
        text.push_str(&format!("{} orders were planned before\n", act.repeated));
    }
    if 0 < act.moved_on {
        text.push_str(&format!(
            "{} residents' episodes moved on meanwhile; the next run decides again\n",
            act.moved_on
        ));
    }
    if !act.out_of_scope.is_empty() {
        text.push_str("Outside the scope of effects: nothing is asked\n");
        text.push_str(&counts(&act.out_of_scope));
    }
    if !act.held.is_empty() {
        text.push_str("Residents who are asked for nothing while effects are stopped\n");
        text.push_str(&counts(&act.held));
    }
    if !act.without_channel.is_empty() {
        text.push_str("Residents whom nobody is there to ask: no channel in the configuration\n");
        text.push_str(&counts(&act.without_channel));
    }
    if let Some(asking) = &act.asking {
        text.push_str(&format!("{asking}\n"));
    }
    text.push_str(&format!(
        "{} tasks opened for professionals\n",
        act.tasks_opened
    ));
    text
}
