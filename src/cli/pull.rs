//! `preventio pull`

use std::fs;
use std::path::{Path, PathBuf};

use preventiojyraa::config::{Config, People, Source, SourceTerms, Trust};
use preventiojyraa::daemon::{self, NetworkPullOptions, PullBy, PullStatus};
use preventiojyraa::fhir::{Credentials, IdentityKey, ReadBy, TYPES_READ};
use preventiojyraa::rulebook::Rulebook;
use preventiojyraa::steps::{
    self, Access, CodesReport, DataFolder, LineReader, PullOptions, PullReport, SourceKnown,
};

use super::pull_sources::{Asked, EXPORT, each_source};
use super::{CommandResult, DataArguments, Outcome, RulesArguments, counts, show, tell};

/// Read an export into the data folder, from a folder or over the network
///
/// From a folder, every `.ndjson`, `.ndjson.gz` and `.ndjson.zst` file is read. Over the network, a
/// group's bulk export is asked for, waited for and fetched; killed at any moment, the same command
/// goes on where it was. Nothing is dropped: each line becomes facts, a register entry, a count of
/// codes that no rule speaks of, or an issue with its file and line; what is already known is
/// counted and not stored again. What is cut off or missing leaves its residents undetermined.
///
/// Example: preventio pull --from export/2026-02-01 --data data
///
/// Example: `preventio pull --server https://fhir.example.org/R4 --client-id preventio --key private.pem --group e3a5 --data data`
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The export folder
    #[arg(
        long,
        value_name = "DIR",
        required_unless_present_any = ["server", "status", "config"],
        conflicts_with = "server"
    )]
    pub(super) from: Option<PathBuf>,
    #[command(flatten)]
    pub(super) data: DataArguments,
    #[command(flatten)]
    rules: RulesArguments,
    /// What the source is called; part of every resident's opaque id [default: `export`, or with
    /// `--config` every source in turn]
    #[arg(long, value_name = "NAME")]
    pub(super) source: Option<String>,
    /// The site's configuration, whose `[source.NAME]` say where data come from
    ///
    /// Every source that has a server is pulled, the register first, or the one that `--source` names.
    /// One that fails is told, the others are pulled all the same, and whom it would tell about stay
    /// undetermined until it comes whole. With `--from`, the folder holds what `--source` sent; with
    /// `--status`, sources that were never pulled are named as well.
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    pub(super) config: Option<PathBuf>,
    /// A file with 64 hexadecimal digits: the secret that makes ids opaque
    ///
    /// Needed once, for a new data folder with real people; the folder remembers it. Without it
    /// a key that everybody knows is used, and effects on people will refuse to start.
    #[arg(long, value_name = "FILE")]
    identity_key: Option<PathBuf>,
    /// The laboratory whose results the source has, by its name in the rules
    ///
    /// Some codes mean another test in each laboratory. A result that names the laboratory that made
    /// it is read by that name; the others by this one. Without either, such codes are not understood.
    #[arg(long, value_name = "NAME")]
    laboratory: Option<String>,
    /// Worker threads; all cores by default
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// How lines are read: those of no interest pass a filter unparsed, or every line is parsed; both
    /// give the same
    #[arg(long, value_name = "READER", default_value = "filtered", value_parser = ["filtered", "reference"])]
    reader: String,
    /// Read files past the system's memory for files, where the file system can: for an export that is
    /// larger than that memory
    #[arg(long)]
    direct: bool,
    /// Say how far each source and group is: what is known of it, and what is under way; nothing is
    /// asked or read
    #[arg(long, conflicts_with_all = ["from", "server"])]
    status: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    // Last: what follows its heading would stand under it.
    #[command(flatten)]
    pub(super) network: NetworkArguments,
}

/// A server that exports, and what of it.
#[derive(clap::Args)]
#[command(next_help_heading = "Over the network")]
pub(super) struct NetworkArguments {
    /// FHIR R4 base address of a server with bulk export of groups; https unless on this machine
    #[arg(long, value_name = "URL", requires = "group")]
    server: Option<String>,
    /// Which group to export; the hospital says its id
    #[arg(long, value_name = "ID", requires = "server")]
    group: Option<String>,
    /// What the server calls this program (SMART Backend Services)
    #[arg(long, value_name = "ID", requires_all = ["server", "key"])]
    client_id: Option<String>,
    /// The private key of the client: PEM (PKCS #8) or JWK; P-384 signs ES384, RSA signs RS384
    #[arg(long, value_name = "FILE", requires = "client_id")]
    key: Option<PathBuf>,
    /// What the server calls the key [default: the JWK's `kid`, else the key's thumbprint]
    #[arg(long, value_name = "ID", requires = "key")]
    key_id: Option<String>,
    /// The scope to ask for, in the server's words [default: `system/Patient.rs` and its like, one for each type]
    #[arg(long, value_name = "SCOPES", requires = "key")]
    scope: Option<String>,
    /// A file with a bearer token that somebody else renews, instead of a client id and a key
    #[arg(
        long,
        value_name = "FILE",
        requires = "server",
        conflicts_with = "client_id"
    )]
    token_file: Option<PathBuf>,
    /// Resource types to ask for, separated by commas [default: all that decisions rest on; `Task` as
    /// well tells who takes up the lifestyle service]
    #[arg(long, value_name = "TYPES", value_delimiter = ',', requires = "server")]
    types: Vec<String>,
    /// How to ask: by bulk export, resident by resident, or the second where the first fails
    ///
    /// `auto` asks for an export, and reads resident by resident where the server has none, cannot
    /// finish it, or has not finished it after `--give-up-after` days. Both give the same facts.
    #[arg(long, value_name = "WAY", default_value = "auto", value_parser = ["auto", "export", "crawl"], requires = "server")]
    by: String,
    /// A file with the `Patient.id`s of the group, one a line, for reading resident by resident from a
    /// server that does not say who is in a group
    #[arg(long, value_name = "FILE", requires = "server")]
    members: Option<PathBuf>,
    /// Residents read at once, resident by resident
    #[arg(long, value_name = "N", default_value_t = 4, requires = "server")]
    pub(super) at_once: usize,
    /// Ask only for what changed since the last pull of this group that lacked nothing
    ///
    /// Needs a server that dates its resources (Epic does not). Whoever joined the group since may
    /// lack what was recorded before: pull everything now and then.
    #[arg(long, requires = "server")]
    changed: bool,
    /// Ask by POST with repeated parameters (Bulk Data STU4), not by GET with lists
    #[arg(long, requires = "server")]
    post: bool,
    /// Give an export up after so many days
    #[arg(long, value_name = "DAYS", default_value_t = 21, requires = "server")]
    pub(super) give_up_after: u32,
    /// Give up the pull of this group that is under way, here and at the server
    #[arg(long, requires = "server")]
    cancel: bool,
}

pub(super) fn run(arguments: &Arguments) -> CommandResult {
    if arguments.status {
        let config = arguments.config.as_deref().map(Config::read).transpose()?;
        let sources = config.iter().flat_map(|config| &config.sources);
        let terms: Vec<_> = sources
            .map(|(name, source)| (&**name, source.terms()))
            .collect();
        let status = daemon::pull_status(&arguments.data.data, &terms)?;
        show(&status, arguments.json, status_told)?;
        return Ok(Outcome::Done);
    }
    let rulebook = arguments.rules.load()?;
    let key = arguments.identity_key.as_ref().map(read_key).transpose()?;
    let from = Asked::of(arguments)?;
    let report = match (&arguments.from, &arguments.network.server, &from) {
        (None, _, Asked::Sources(config)) => {
            return each_source(arguments, &rulebook, config, key.as_ref());
        }
        (_, Some(server), _) => match over_the_network(arguments, &rulebook, server, key)? {
            Some(report) => report,
            None => return Ok(Outcome::Done),
        },
        (Some(folder), None, from) => from_a_folder(arguments, &rulebook, folder, key, from)?,
        // The command line asks for one of the two.
        (None, None, Asked::One(_)) => return Ok(Outcome::Done),
    };
    told(&report, arguments)
}

pub(super) fn told(report: &PullReport, arguments: &Arguments) -> CommandResult {
    if report.public_identity_key {
        tell(
            "note: identities are made with a key that everybody knows\nhint: for real people, give a new data folder its own with `--identity-key FILE`\n",
        );
    }
    show(report, arguments.json, render)?;
    Ok(Outcome::Done)
}

pub(super) fn threads(arguments: &Arguments) -> usize {
    arguments.threads.unwrap_or_else(super::all_cores)
}

fn from_a_folder(
    arguments: &Arguments,
    rulebook: &Rulebook,
    from: &Path,
    key: Option<IdentityKey>,
    asked: &Asked,
) -> Result<PullReport, Box<dyn std::error::Error>> {
    let (source, profile) = asked.one(arguments);
    // Looked at before the data folder is made, so that a slip of the pen leaves none behind.
    steps::export_files(from)?;
    let mut data = DataFolder::open(&arguments.data.data, Access::Write)?;
    let options = PullOptions {
        from,
        source,
        key,
        threads: threads(arguments),
        reader: if arguments.reader == "reference" {
            LineReader::Reference
        } else {
            LineReader::Filtered
        },
        read_by: if arguments.direct {
            ReadBy::Direct
        } else {
            ReadBy::Plain
        },
        today: daemon::today(rulebook, None)?,
        at: super::now(),
        laboratory: (arguments.laboratory.as_deref())
            .or_else(|| profile.and_then(|profile| profile.laboratory.as_deref())),
        terms: profile.map_or_else(SourceTerms::default, Source::terms),
        network: None,
        deleted: &[],
        lacking: &[],
    };
    Ok(steps::pull(rulebook, &mut data, &options)?)
}

/// Pulls a group, or cancels its export; then there is no report.
fn over_the_network(
    arguments: &Arguments,
    rulebook: &Rulebook,
    server: &str,
    key: Option<IdentityKey>,
) -> Result<Option<PullReport>, Box<dyn std::error::Error>> {
    let network = &arguments.network;
    let client = (network.client_id.clone(), network.key.clone());
    let credentials = Credentials::of(network.token_file.clone(), client, network.key_id.clone())?
        .with_scope(network.scope.clone());
    let types = if network.types.is_empty() {
        TYPES_READ.map(str::to_owned).into()
    } else {
        network.types.clone()
    };
    let options = NetworkPullOptions {
        root: arguments.data.data.clone(),
        rulebook,
        server: server.to_owned(),
        credentials,
        group: network.group.clone().unwrap_or_default(),
        source: arguments.source.clone().unwrap_or(EXPORT.to_owned()),
        types,
        by: match network.by.as_str() {
            "export" => PullBy::Export,
            "crawl" => PullBy::Crawl,
            _ => PullBy::Auto,
        },
        members: network.members.as_deref().map(members).transpose()?,
        at_once: network.at_once,
        changed: network.changed,
        by_post: network.post,
        days: network.give_up_after,
        within: None,
        key,
        laboratory: arguments.laboratory.clone(),
        terms: SourceTerms::default(),
        threads: threads(arguments),
        today: daemon::today(rulebook, None)?,
        tell: &|text| tell(&format!("{text}\n")),
    };
    if network.cancel {
        let was_there = daemon::cancel_pull(&options)?;
        let text = if was_there {
            "The export was given up.\n"
        } else {
            "No export of this group is under way.\n"
        };
        super::print(text)?;
        return Ok(None);
    }
    Ok(Some(daemon::network_pull(&options)?))
}

/// The ids in a file, one a line, with or without `Patient/` before them.
fn members(path: &Path) -> Result<Vec<String>, String> {
    let text = fs::read_to_string(path)
        .map_err(|error| format!("cannot read the members `{}`: {error}", path.display()))?;
    let ids = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let ids = ids.map(|line| line.strip_prefix("Patient/").unwrap_or(line).to_owned());
    let ids: Vec<String> = ids.collect();
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    match ids
        .iter()
        .position(|id| id.is_empty() || 64 < id.len() || !id.chars().all(allowed))
    {
        // The line is not repeated: it may hold anything.
        Some(n) => Err(format!(
            "line {} of `{}` is not a FHIR id\nhint: one `Patient.id` a line",
            n + 1,
            path.display()
        )),
        None if ids.is_empty() => Err(format!("`{}` names nobody", path.display())),
        None => Ok(ids),
    }
}

pub(super) fn read_key(path: &PathBuf) -> Result<IdentityKey, String> {
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

fn status_told(status: &PullStatus) -> String {
    let mut text = String::new();
    // A single source is the register, and its groups say everything of it.
    if 1 < status.sources.len() || status.sources.iter().any(|source| source.failed) {
        text.extend(status.sources.iter().map(source_told));
    }
    for slice in status.slices.iter().filter(|slice| !slice.failed) {
        let known = match &slice.watermark {
            Some(at) => format!("everything up to {at}"),
            None => "nothing whole yet".to_owned(),
        };
        text.push_str(&format!(
            "Group {} of {} at {}: {known}; newest pull {}\n",
            slice.group, slice.source, slice.server, slice.pull
        ));
        if !slice.incomplete.is_empty() {
            text.push_str(&format!(
                "  incomplete: {}; residents of this source stay undetermined\n",
                slice.incomplete.join(", ")
            ));
        }
        if 0 < slice.undetermined {
            text.push_str(&format!(
                "  {} residents of this source stay undetermined by themselves\n",
                slice.undetermined
            ));
        }
    }
    for pull in &status.under_way {
        let what = match pull.way {
            "crawl" => "residents",
            _ => "files",
        };
        let far = match (pull.here, pull.of) {
            (Some(here), Some(of)) => format!(", {here} of {of} {what} here"),
            (None, _) | (_, None) => String::new(),
        };
        text.push_str(&format!(
            "Under way: group {} at {}, {} since {}: {}{far}\n",
            pull.group, pull.server, pull.way, pull.began, pull.stage
        ));
    }
    if text.is_empty() {
        text.push_str("Nothing was pulled over the network, and nothing is under way.\n");
    }
    text
}

fn source_told(known: &SourceKnown) -> String {
    let people = match known.terms.people {
        People::Register => "the register",
        People::Linked => "linked to the register",
    };
    let trust = match known.terms.trust {
        Trust::Record => "",
        Trust::Resident => ", the residents' own word",
    };
    let precedence =
        (known.terms.precedence).map_or_else(String::new, |n| format!(", precedence {n}"));
    let far = match (known.pull, &known.at) {
        (Some(pull), Some(at)) if known.failed => format!("failed at {at} (pull {pull})"),
        (Some(pull), Some(at)) => format!("newest pull {pull} at {at}"),
        (None, _) | (_, None) => "never pulled".to_owned(),
    };
    let mut text = format!(
        "Source {}, {people}{trust}{precedence}: {far}\n",
        known.source
    );
    if known.pull.is_some() {
        text.push_str(&format!(
            "  tells about {} residents; {} of them stay undetermined until more of it comes\n",
            known.residents, known.undetermined
        ));
    }
    text
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
        "  {} entries of the register\n  {} with facts ({} facts)\n  {} taken back\n  {} known before\n  {} with codes that no rule speaks of\n  {} of resource types not used\n  {} set aside\n",
        lines.register, lines.facts, report.facts, lines.withdrawn, lines.unchanged, lines.unmapped, lines.other_type, lines.set_aside
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
    if let Some(codes) = &report.codes {
        text.push_str(&codes_told(codes));
    }
    if let Some(network) = &report.network {
        let which = match &network.since {
            Some(since) => format!("what changed since {since}"),
            None => "everything".to_owned(),
        };
        text.push_str(&format!(
            "Group {}, {which}, as of {}\n",
            network.group, network.transaction_time
        ));
        if !network.incomplete.is_empty() {
            text.push_str(&format!(
                "Incomplete: {}; residents of this source stay undetermined until a whole export comes\n",
                network.incomplete.join(", ")
            ));
        }
        if let Some(error) = &network.error {
            text.push_str(&format!("The server says of the export: {error}\n"));
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

/// What of the codes could matter and is not understood, and what is news.
fn codes_told(codes: &CodesReport) -> String {
    let mut text = format!(
        "Of {} resources with codes, the rules understand {}; {} more could matter\n",
        codes.bearing, codes.mapped, codes.could_matter
    );
    for (resource_type, system, code, n) in &codes.matter {
        text.push_str(&format!("  {n:>9}  {resource_type} {code} {system}\n"));
    }
    if !codes.newly_frequent.is_empty() {
        text.push_str("Newly frequent since the pull before\n");
    }
    for (resource_type, system, code, n, before) in &codes.newly_frequent {
        text.push_str(&format!(
            "  {n:>9}  {resource_type} {code} {system}, {before} before\n"
        ));
    }
    if 0 < codes.not_listed {
        text.push_str(&format!(
            "{} resources of too many different codes are in no list\n",
            codes.not_listed
        ));
    }
    text
}
