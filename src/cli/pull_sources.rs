//! `preventio pull --config`: the sources of a configuration, one after another.

use preventiojyraa::config::{Config, People, Server, Source};
use preventiojyraa::daemon::{self, NetworkPullOptions, PullBy};
use preventiojyraa::fhir::{IdentityKey, TYPES_READ};
use preventiojyraa::rulebook::Rulebook;
use preventiojyraa::steps::{self, Access, DataFolder, FailedSource, PullReport};

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

/// Pulls every source of a configuration that has a server, the register first; gives up none for another.
pub(super) fn each_source(
    arguments: &Arguments,
    rulebook: &Rulebook,
    config: &Config,
    key: Option<&IdentityKey>,
) -> CommandResult {
    let wanted = |name: &String| {
        arguments
            .source
            .as_ref()
            .is_none_or(|wanted| wanted == name)
    };
    let named = config.sources.iter().filter(|(name, _)| wanted(name));
    let mut sources: Vec<(&String, &Source)> = named.collect();
    // Whoever is not on the register yet cannot be linked to it.
    sources.sort_by_key(|(_, source)| match source.people {
        People::Register => 0,
        People::Linked => 1,
    });
    let mut failed = Vec::new();
    let mut n_pulled = 0;
    for (name, source) in sources {
        let server = source
            .server
            .as_ref()
            .and_then(|server| config.servers.get(server));
        let Some((server, group)) = server.zip(source.group.as_ref()) else {
            continue;
        };
        n_pulled += 1;
        let pulled = pull_source(arguments, rulebook, (name, source), (server, group), key);
        match pulled {
            Ok(report) => {
                told(&report, arguments)?;
            }
            Err(error) => {
                tell(&format!(
                    "source `{name}` was not pulled: {}\n",
                    chain(error.as_ref())
                ));
                let mut data = DataFolder::open(&arguments.data.data, Access::Write)?;
                let what = FailedSource {
                    source: name,
                    terms: source.terms(),
                    server: &server.base,
                    group,
                    at: super::now(),
                };
                steps::source_failed(rulebook, &mut data, &what)?;
                failed.push(name.as_str());
            }
        }
    }
    if n_pulled == 0 {
        return Err("no source of the configuration has a server\nhint: `server` and `group` in `[source.NAME]`".into());
    }
    if !failed.is_empty() {
        return Err(format!(
            "{} of {n_pulled} sources failed: {}; whom they would tell about stay undetermined",
            failed.len(),
            failed.join(", ")
        )
        .into());
    }
    Ok(Outcome::Done)
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
    (name, source): (&str, &Source),
    (server, group): (&Server, &str),
    key: Option<&IdentityKey>,
) -> Result<PullReport, Box<dyn std::error::Error>> {
    let network = &arguments.network;
    let options = NetworkPullOptions {
        root: arguments.data.data.clone(),
        rulebook,
        server: server.base.clone(),
        credentials: server.credentials()?,
        group: group.to_owned(),
        source: name.to_owned(),
        types: TYPES_READ.map(str::to_owned).into(),
        by: PullBy::Auto,
        members: None,
        at_once: network.at_once,
        changed: false,
        by_post: false,
        days: network.give_up_after,
        key: key.cloned(),
        laboratory: source.laboratory.clone(),
        terms: source.terms(),
        threads: threads(arguments),
        today: daemon::today(rulebook, None)?,
        tell: &|text| tell(&format!("{name}: {text}\n")),
    };
    Ok(daemon::network_pull(&options)?)
}
