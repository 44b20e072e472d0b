//! The sources of a configuration, pulled one after another.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::Date;

use super::dispatch::now;
use super::network_pull::{NetworkPullOptions, PullBy, network_pull};
use super::network_pull_error::NetworkPullError;
use crate::config::{Config, People, Server, Source};
use crate::fhir::{IdentityKey, TYPES_READ};
use crate::rulebook::Rulebook;
use crate::steps::{self, Access, DataFolder, FailedSource, PullReport, StepError};

/// What pulling the sources of a configuration needs.
pub struct SourcePulls<'a> {
    /// The data folder.
    pub root: PathBuf,
    /// The rules.
    pub rulebook: &'a Rulebook,
    /// The configuration that names the sources.
    pub config: &'a Config,
    /// The one source that is wanted; else all of them.
    pub only: Option<&'a str>,
    /// Sources of which something has come since this pull are left alone; none where it is not said.
    pub since: Option<u32>,
    /// How many residents are read at once where there is no export.
    pub at_once: usize,
    /// After how many days an export is given up.
    pub days: u32,
    /// The identity key, for a new data folder.
    pub key: Option<&'a IdentityKey>,
    /// Worker threads.
    pub threads: usize,
    /// The day of the pull.
    pub today: Date,
    /// Tells people how it goes.
    pub tell: &'a dyn Fn(&str),
}

/// How pulling the sources ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourcesPulled {
    /// How many were asked.
    pub of: usize,
    /// Those that failed: whom they tell about stay undetermined.
    pub failed: Vec<String>,
    /// Those that another process is pulling: it says how that ends.
    pub busy: Vec<String>,
}

impl SourcesPulled {
    /// What did not go well, a line each; nothing when all did.
    #[must_use]
    pub fn trouble(&self) -> Vec<String> {
        let told = |names: &[String], what: &str, then: &str| {
            let (n, of, names) = (names.len(), self.of, names.join(", "));
            (0 < n).then(|| format!("{n} of {of} sources {what}: {names}{then}"))
        };
        let failed = told(
            &self.failed,
            "failed",
            "; whom they tell about stay undetermined",
        );
        let busy = told(&self.busy, "are being pulled by another process", "");
        failed.into_iter().chain(busy).collect()
    }
}

/// Why no source was pulled.
#[derive(Debug, thiserror::Error)]
pub enum SourcePullsError {
    /// None can be asked.
    #[error(
        "no source of the configuration has a server\nhint: `server` and `group` in `[source.NAME]`"
    )]
    NoServer,
    /// What is wrong with the sources, all of it.
    #[error("nothing was pulled\n  {}", .0.join("\n  "))]
    Mistakes(Vec<String>),
    /// The folder cannot be used.
    #[error(transparent)]
    Step(#[from] StepError),
}

/// A source of a configuration, with the server that exports it and the group.
struct Served<'c> {
    name: &'c str,
    source: &'c Source,
    server: &'c Server,
    group: &'c str,
}

/// The sources that have a server, or the one that is named: the register first, since whoever is not on
/// it yet cannot be linked to it, then by precedence.
fn served<'c>(config: &'c Config, wanted: Option<&str>) -> Vec<Served<'c>> {
    let named = config.sources.iter();
    let named = named.filter(|(name, _)| wanted.is_none_or(|wanted| wanted == *name));
    let with_servers = named.filter_map(|(name, source)| {
        Some(Served {
            name,
            source,
            server: config.servers.get(source.server.as_ref()?)?,
            group: source.group.as_deref()?,
        })
    });
    let mut served: Vec<Served<'c>> = with_servers.collect();
    served.sort_by_key(|served| {
        let place = match served.source.people {
            People::Register => 0,
            People::Linked => 1,
        };
        (place, served.source.precedence.unwrap_or(u32::MAX))
    });
    served
}

/// Everything with which no pull could go well, before any server is asked.
fn mistakes(
    served: &[Served<'_>],
    rulebook: &Rulebook,
    data: &Path,
) -> Result<Vec<String>, StepError> {
    let wrong = served.iter().filter_map(|served| {
        let (laboratory, known) = served.source.unknown_laboratory(rulebook)?;
        let name = served.name;
        Some(format!(
            "source `{name}`: the rules know no laboratory `{laboratory}`; known: {known}"
        ))
    });
    let mut wrong: Vec<String> = wrong.collect();
    // A slip of the pen leaves no data folder behind.
    if data.exists() {
        let data = DataFolder::open(data, Access::Read)?;
        for one in served {
            let fits = steps::ready_to_pull(rulebook, &data, None, (one.name, one.source.terms()));
            wrong.extend(fits.err().map(|error| error.to_string()));
        }
    }
    wrong.dedup();
    Ok(wrong)
}

/// Pulls every source of a configuration that has a server, the register first; gives up none for
/// another. `pulled` hears of each as soon as it has come, or has not.
///
/// # Errors
///
/// When no source can be asked, or that one did not come cannot be put on record; the others were
/// pulled all the same then.
pub fn pull_sources(
    options: &SourcePulls<'_>,
    mut pulled: impl FnMut(&str, Result<PullReport, &NetworkPullError>),
) -> Result<SourcesPulled, SourcePullsError> {
    let served = served(options.config, options.only);
    if served.is_empty() {
        return Err(SourcePullsError::NoServer);
    }
    let mistakes = mistakes(&served, options.rulebook, &options.root)?;
    if !mistakes.is_empty() {
        return Err(SourcePullsError::Mistakes(mistakes));
    }
    note_expected(options, &self::served(options.config, None))?;
    let here = match options.since {
        Some(pull) if options.root.exists() => {
            DataFolder::open(&options.root, Access::Read)?.sources_since(pull)?
        }
        Some(_) | None => BTreeSet::new(),
    };
    let mut report = SourcesPulled {
        of: served.len(),
        ..SourcesPulled::default()
    };
    // What goes wrong beside the pulling keeps no other source from being pulled; the first is told.
    let mut beside = None;
    for one in served.iter().filter(|one| !here.contains(one.name)) {
        match pull_source(options, one) {
            Ok(come) => pulled(one.name, Ok(come)),
            Err(error) => {
                pulled(one.name, Err(&error));
                if error.is_busy() {
                    report.busy.push(one.name.to_owned());
                } else {
                    report.failed.push(one.name.to_owned());
                    beside = beside.or(note_failed(options, one).err());
                }
            }
        }
    }
    match beside {
        Some(error) => Err(error.into()),
        None => Ok(report),
    }
}

/// Puts on record that sources beside the register are still to come, before anything of the register
/// does: whoever is decided about when this ends early waits for them.
fn note_expected(options: &SourcePulls<'_>, served: &[Served<'_>]) -> Result<(), StepError> {
    let root = &options.root;
    let linked = served.iter().filter(|one| match one.source.people {
        People::Register => false,
        People::Linked => true,
    });
    let linked: Vec<&Served<'_>> = linked.collect();
    let names: Vec<&str> = linked.iter().map(|one| one.name).collect();
    if names.is_empty() || (root.exists() && DataFolder::open(root, Access::Read)?.knows(&names)?) {
        return Ok(());
    }
    let mut data = DataFolder::open(root, Access::Write)?;
    for one in linked {
        if !data.knows(&[one.name])? {
            steps::source_failed(options.rulebook, &mut data, &failed_source(one))?;
        }
    }
    Ok(())
}

/// Puts on record that a source did not come.
fn note_failed(options: &SourcePulls<'_>, one: &Served<'_>) -> Result<(), StepError> {
    let mut data = DataFolder::open(&options.root, Access::Write)?;
    steps::source_failed(options.rulebook, &mut data, &failed_source(one))?;
    Ok(())
}

fn failed_source<'a>(one: &Served<'a>) -> FailedSource<'a> {
    FailedSource {
        source: one.name,
        terms: one.source.terms(),
        server: &one.server.base,
        group: one.group,
        at: now().to_string(),
    }
}

fn pull_source(
    options: &SourcePulls<'_>,
    one: &Served<'_>,
) -> Result<PullReport, NetworkPullError> {
    let Served {
        name,
        source,
        server,
        group,
    } = one;
    network_pull(&NetworkPullOptions {
        root: options.root.clone(),
        rulebook: options.rulebook,
        server: server.base.clone(),
        credentials: server
            .credentials()
            .map_err(NetworkPullError::Credentials)?,
        group: (*group).to_owned(),
        source: (*name).to_owned(),
        types: [&TYPES_READ.map(str::to_owned), &source.more_types[..]].concat(),
        by: PullBy::Auto,
        members: None,
        at_once: options.at_once,
        changed: false,
        by_post: false,
        days: options.days,
        within: Some(Duration::from_secs(source.give_up_seconds.into())),
        key: options.key.cloned(),
        laboratory: source.laboratory.clone(),
        terms: source.terms(),
        threads: options.threads,
        today: options.today,
        tell: &|text| (options.tell)(&format!("{name}: {text}")),
    })
}
