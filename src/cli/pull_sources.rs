//! `preventio pull --config`: the sources of a configuration, one after another.

use std::path::Path;
use std::time::Duration;

use preventiojyraa::config::{Config, People, Server, Source};
use preventiojyraa::daemon::{self, NetworkPullError, NetworkPullOptions, PullBy};
use preventiojyraa::fhir::{IdentityKey, TYPES_READ};
use preventiojyraa::rulebook::Rulebook;
use preventiojyraa::steps::{self, Access, DataFolder, FailedSource, PullReport, StepError};

use super::pull::{Arguments, threads, told};
use super::{CommandResult, Outcome, tell};

/// What a pull is asked to read: the one source of the command line, or those of a configuration.
pub(super) enum Asked {
    One(Option<(String, Source)>),
    Sources(Box<Config>),
}

impl Asked {
    pub(super) fn of(arguments: &Arguments) -> Result<Self, Box<dyn std::error::Error>> {
        let Some(config) = &arguments.config else {
            return Ok(Self::One(None));
        };
        let config = Config::read(config)?;
        if let Some(name) = &arguments.source
            && !config.sources.contains_key(name)
        {
            let known: Vec<&str> = config.sources.keys().map(String::as_str).collect();
            let known = known.join(", ");
            return Err(
                format!("no `[source.{name}]` in the configuration\nhint: known: {known}").into(),
            );
        }
        if arguments.from.is_none() {
            return Ok(Self::Sources(Box::new(config)));
        }
        let name = arguments.source.clone();
        let name = name.ok_or("which source sent the folder is not said\nhint: `--source NAME`")?;
        let profile = config.sources.get(&name).cloned();
        Ok(Self::One(profile.map(|profile| (name, profile))))
    }

    /// The name of the one source, and what the configuration says about it.
    pub(super) fn one<'a>(&'a self, arguments: &'a Arguments) -> (&'a str, Option<&'a Source>) {
        let named = arguments.source.as_deref().unwrap_or(EXPORT);
        match self {
            Self::One(Some((name, profile))) => (name, Some(profile)),
            Self::One(None) | Self::Sources(_) => (named, None),
        }
    }
}

/// What a source is called that nobody names.
pub(super) const EXPORT: &str = "export";

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
    let vocabulary = &rulebook.catalogue.vocabulary;
    let wrong = served.iter().filter_map(|served| {
        let laboratory = served.source.laboratory.as_deref()?;
        let known: Vec<&str> = vocabulary.laboratories.iter().map(|l| &*l.id).collect();
        (!known.contains(&laboratory)).then(|| {
            let (name, known) = (served.name, known.join(", "));
            format!("source `{name}`: the rules know no laboratory `{laboratory}`; known: {known}")
        })
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

/// Pulls every source of a configuration that has a server, the register first; gives up none for another.
pub(super) fn each_source(
    arguments: &Arguments,
    rulebook: &Rulebook,
    config: &Config,
    key: Option<&IdentityKey>,
) -> CommandResult {
    let served = served(config, arguments.source.as_deref());
    if served.is_empty() {
        return Err("no source of the configuration has a server\nhint: `server` and `group` in `[source.NAME]`".into());
    }
    let mistakes = mistakes(&served, rulebook, &arguments.data.data)?;
    if !mistakes.is_empty() {
        return Err(format!("nothing was pulled\n  {}", mistakes.join("\n  ")).into());
    }
    note_expected(arguments, rulebook, &self::served(config, None))?;
    let (mut failed, mut busy) = (Vec::new(), Vec::new());
    // What goes wrong beside the pulling keeps no other source from being pulled; the first is told.
    let mut beside = None;
    for one in &served {
        let told = match pull_source(arguments, rulebook, one, key) {
            Ok(report) => told(&report, arguments).map(drop),
            Err(error) => {
                let is_busy = error
                    .downcast_ref::<NetworkPullError>()
                    .is_some_and(NetworkPullError::is_busy);
                tell(&format!(
                    "source `{}` was not pulled: {}\n",
                    one.name,
                    chain(error.as_ref())
                ));
                if is_busy {
                    // Whoever is at it says how it ends.
                    busy.push(one.name);
                    Ok(())
                } else {
                    failed.push(one.name);
                    note_failed(arguments, rulebook, one)
                }
            }
        };
        beside = beside.or(told.err());
    }
    if let Some(error) = beside {
        return Err(error);
    }
    let of = served.len();
    let mut wrong = Vec::new();
    if !failed.is_empty() {
        let names = failed.join(", ");
        wrong.push(format!(
            "{} of {of} sources failed: {names}; whom they tell about stay undetermined",
            failed.len()
        ));
    }
    if !busy.is_empty() {
        let names = busy.join(", ");
        wrong.push(format!(
            "{} of {of} sources are being pulled by another process: {names}",
            busy.len()
        ));
    }
    if wrong.is_empty() {
        return Ok(Outcome::Done);
    }
    let wrong = wrong.join("\n");
    Err(format!("{wrong}\nhint: `preventio pull --status` says how many").into())
}

/// Puts on record that sources beside the register are still to come, before anything of the register
/// does: whoever is decided about when this ends early waits for them.
fn note_expected(
    arguments: &Arguments,
    rulebook: &Rulebook,
    served: &[Served<'_>],
) -> Result<(), Box<dyn std::error::Error>> {
    let root = &arguments.data.data;
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
            steps::source_failed(rulebook, &mut data, &failed_source(one))?;
        }
    }
    Ok(())
}

/// Puts on record that a source did not come.
fn note_failed(
    arguments: &Arguments,
    rulebook: &Rulebook,
    one: &Served<'_>,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut data = DataFolder::open(&arguments.data.data, Access::Write)?;
    steps::source_failed(rulebook, &mut data, &failed_source(one))?;
    Ok(())
}

fn failed_source<'a>(one: &Served<'a>) -> FailedSource<'a> {
    FailedSource {
        source: one.name,
        terms: one.source.terms(),
        server: &one.server.base,
        group: one.group,
        at: super::now(),
    }
}

/// An error with everything that caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

fn pull_source(
    arguments: &Arguments,
    rulebook: &Rulebook,
    one: &Served<'_>,
    key: Option<&IdentityKey>,
) -> Result<PullReport, Box<dyn std::error::Error>> {
    let network = &arguments.network;
    let Served {
        name,
        source,
        server,
        group,
    } = one;
    let options = NetworkPullOptions {
        root: arguments.data.data.clone(),
        rulebook,
        server: server.base.clone(),
        credentials: server.credentials()?,
        group: (*group).to_owned(),
        source: (*name).to_owned(),
        types: TYPES_READ.map(str::to_owned).into(),
        by: PullBy::Auto,
        members: None,
        at_once: network.at_once,
        changed: false,
        by_post: false,
        days: network.give_up_after,
        within: Some(Duration::from_secs(source.give_up_seconds.into())),
        key: key.cloned(),
        laboratory: source.laboratory.clone(),
        terms: source.terms(),
        threads: threads(arguments),
        today: daemon::today(rulebook, None)?,
        tell: &|text| tell(&format!("{name}: {text}\n")),
    };
    Ok(daemon::network_pull(&options)?)
}
