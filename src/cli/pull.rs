//! `preventio pull`

use std::fs;
use std::path::PathBuf;

use preventiojyraa::daemon;
use preventiojyraa::fhir::IdentityKey;
use preventiojyraa::rules;
use preventiojyraa::steps::{self, Access, DataFolder, PullOptions, PullReport};

use super::{CommandResult, DataArguments, Outcome, RulesArguments, counts, show, tell};

/// Read an export folder into the data folder
///
/// Reads every `.ndjson`, `.ndjson.gz` and `.ndjson.zst` file of the folder. Nothing is dropped:
/// each line becomes facts, a register entry, a count of codes that no rule speaks of, or an issue
/// with its file and line. A file that is cut off leaves its residents undetermined.
///
/// Example: preventio pull --from export/2026-02-01 --data data
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The export folder
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    rules: RulesArguments,
    /// What the source is called; part of every resident's opaque id
    #[arg(long, value_name = "NAME", default_value = "export")]
    source: String,
    /// A file with 64 hexadecimal digits: the secret that makes ids opaque
    ///
    /// Needed once, for a new data folder with real people; the folder remembers it. Without it
    /// a key that everybody knows is used, and effects on people will refuse to start.
    #[arg(long, value_name = "FILE")]
    identity_key: Option<PathBuf>,
    /// Worker threads; all cores by default
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    let rulebook = rules::load(arguments.rules.rules.as_deref())?;
    let key = arguments.identity_key.as_ref().map(read_key).transpose()?;
    // Looked at before the data folder is made, so that a slip of the pen leaves none behind.
    steps::export_files(&arguments.from)?;
    let mut data = DataFolder::open(&arguments.data.data, Access::Write)?;
    let options = PullOptions {
        from: &arguments.from,
        source: &arguments.source,
        key,
        threads: arguments.threads.unwrap_or_else(super::all_cores),
        today: daemon::today(&rulebook, None)?,
        at: super::now(),
    };
    let report = steps::pull(&rulebook, &mut data, &options)?;
    if report.public_identity_key {
        tell(
            "note: identities are made with a key that everybody knows\nhint: for real people, give a new data folder its own with `--identity-key FILE`\n",
        );
    }
    show(&report, arguments.json, render)?;
    Ok(Outcome::Done)
}

fn read_key(path: &PathBuf) -> Result<IdentityKey, String> {
    let text = fs::read_to_string(path)
        .map_err(|error| format!("cannot read the identity key `{}`: {error}", path.display()))?;
    let digits = text.trim();
    let bytes: Option<Vec<u8>> = (0..digits.len())
        .step_by(2)
        .map(|at| {
            digits
                .get(at..at + 2)
                .and_then(|pair| u8::from_str_radix(pair, 16).ok())
        })
        .collect();
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .map(IdentityKey::from_bytes)
        .ok_or_else(|| {
            format!(
                "`{}` does not hold 64 hexadecimal digits\nhint: openssl rand -hex 32",
                path.display()
            )
        })
}

fn render(report: &PullReport) -> String {
    let lines = &report.lines;
    let mut text = format!(
        "Pull {}: {} lines from {} files\n",
        report.id,
        lines.read,
        report.slices.len()
    );
    text.push_str(&format!(
        "  {} entries of the register\n  {} with facts ({} facts)\n  {} taken back\n  {} with codes that no rule speaks of\n  {} of resource types not used\n  {} set aside\n",
        lines.register, lines.facts, report.facts, lines.withdrawn, lines.unmapped, lines.other_type, lines.set_aside
    ));
    if !report.issues.is_empty() {
        text.push_str("Issues\n");
        text.push_str(&counts(&report.issues));
    }
    if !report.unmapped.is_empty() {
        text.push_str("Codes most often met that no rule speaks of\n");
        for (resource_type, system, code, n) in &report.unmapped {
            text.push_str(&format!("  {n:>9}  {resource_type} {code} {system}\n"));
        }
    }
    for slice in report.slices.iter().filter(|slice| !slice.is_whole) {
        text.push_str(&format!(
            "Cut off: {}; residents of this source stay undetermined until a whole export comes\n",
            slice.file
        ));
    }
    if !report.ignored_files.is_empty() {
        text.push_str(&format!(
            "Not export files: {}\n",
            report.ignored_files.join(", ")
        ));
    }
    text
}
