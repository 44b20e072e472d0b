//! `preventio pull --config`: the sources of a configuration, one after another.

use preventiojyraa::config::{Config, Source};
use preventiojyraa::daemon::{self, SourcePulls};
use preventiojyraa::fhir::IdentityKey;
use preventiojyraa::rulebook::Rulebook;

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
    let network = &arguments.network;
    let options = SourcePulls {
        root: arguments.data.data.clone(),
        rulebook,
        config,
        only: arguments.source.as_deref(),
        since: None,
        at_once: network.at_once,
        days: network.give_up_after,
        key,
        threads: threads(arguments),
        today: daemon::today(rulebook, None)?,
        tell: &|text| tell(&format!("{text}\n")),
    };
    // What goes wrong in telling keeps no other source from being pulled; the first is told.
    let mut beside = None;
    let pulled = daemon::pull_sources(&options, |name, pulled| match pulled {
        Ok(report) => {
            let told = told(&report, arguments).map(drop);
            beside = beside.take().or(told.err());
        }
        Err(error) => tell(&format!(
            "source `{name}` was not pulled: {}\n",
            chain(error)
        )),
    })?;
    if let Some(error) = beside {
        return Err(error);
    }
    let trouble = pulled.trouble();
    if trouble.is_empty() {
        return Ok(Outcome::Done);
    }
    let trouble = trouble.join("\n");
    Err(format!("{trouble}\nhint: `preventio pull --status` says how many").into())
}

/// An error with everything that caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
