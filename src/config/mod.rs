//! The site's configuration: what the program may do here, and whom it talks to.
//!
//! Longer than other files: every key of the one file is declared and checked in one place.
//! One TOML file, read at start. It holds no medicine (that is `rules/`) and no
//! secret (those are files of their own, named here).

mod alarms;
mod cds;
mod channel;
mod destinations;
mod lake;
mod retention;
mod sampled;
mod schedule;
mod scope;
mod sections;
mod server;
mod source;
mod web;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use preventiojyraa_core::delivery::Route;
use preventiojyraa_core::orders::{ActionKind, AskingTerms, Offered};
use preventiojyraa_core::report::AlarmLimits;
use preventiojyraa_core::rulebook::{Language, Rulebook, Status};
use preventiojyraa_core::schedule::{Step, Timetable};
use serde::Deserialize;

use crate::approval::{NotApproved, Signature, Signers};
use crate::fhir::IdentityKey;
use crate::lake::Place;
use crate::ledger::{ChannelTerms, Reviewing};
use alarms::RawAlarms;
use cds::RawCds;
pub use cds::{Cds, CdsClient};
pub use channel::Channel;
use channel::{Mode, RawChannel, channel};
pub use destinations::{Hl7Receiver, ListFolder, OutreachBy};
pub use retention::Retention;
use sampled::RawSampledNegatives;
pub use sampled::SampledNegatives;
use schedule::RawSchedule;
pub use schedule::Serve;
pub use scope::Scope;
pub use server::Server;
pub use source::{BY_HAND, People, Source, SourceTerms, Trust};
use web::RawWeb;
pub use web::{ClientSecret, Grant, Provider, Reach, Role, Web};

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read `{path}`")]
    Unreadable {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is not what a configuration looks like.
    #[error("the configuration `{path}` cannot be used\n{message}")]
    Shape {
        /// Where.
        path: PathBuf,
        /// What is wrong, with its line.
        message: String,
    },
    /// Values that do not go together; all of them.
    #[error("the configuration `{path}` cannot be used: {}", .mistakes.join("; "))]
    Values {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        mistakes: Vec<String>,
    },
}

/// Why nothing may be asked of anybody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoEffects {
    /// The rules are not signed.
    #[error(
        "the rules are an unsigned draft: effects on people refuse to start\nhint: `status = \"in-force\"` in the programme and a signature (`preventio rules sign`), or a trial against this machine alone (`[site] trial = true`)"
    )]
    DraftRules,
    /// Signed, and not for today.
    #[error(
        "the rules are in force from {from} to {until}, and today is {today}: effects on people refuse to start\nhint: `[in_force]` in the signed programme"
    )]
    NotInForce {
        /// First day.
        from: Date,
        /// Last day.
        until: Date,
        /// Today.
        today: Date,
    },
    /// Nobody whose signature counts stands for these rules.
    #[error(transparent)]
    NotApproved(#[from] NotApproved),
    /// Nobody stands for the texts.
    #[error(
        "the texts in {} are a draft that nobody stands for: effects on people refuse to start\nhint: `status = \"reviewed\"` and `reviewer` in `texts/`, or a trial against this machine alone (`[site] trial = true`)", .0.join(", ")
    )]
    DraftTexts(Vec<&'static str>),
    /// The rules have nothing to say.
    #[error(
        "the rules have no texts, and the configuration names channels that send some\nhint: `texts/` in the rules, one file a language"
    )]
    NoTexts,
    /// The rules do not know the laboratory that is to take orders.
    #[error(
        "the configuration names the laboratory `{0}`, which the rules do not know: no effect starts\nhint: one of `facts/laboratories.toml`"
    )]
    UnknownLaboratory(String),
    /// The law's permission is missing today.
    #[error(
        "the legal basis `{reference}` holds from {from} to {until}, and today is {today}: no effect starts\nhint: `[legal_basis]` in the configuration"
    )]
    LegalBasis {
        /// What it is called.
        reference: String,
        /// First day.
        from: Date,
        /// Last day.
        until: Date,
        /// Today.
        today: Date,
    },
    /// Everybody knows the identity key.
    #[error(
        "identities in this data folder are made with a key that everybody knows: effects on people refuse to start\nhint: pull into a new data folder with `--identity-key FILE`"
    )]
    PublicKey,
    /// The index date is not today.
    #[error("a run that acts decides as of today, {today}, not as of {index_date}")]
    NotToday {
        /// Today.
        today: Date,
        /// The date given.
        index_date: Date,
    },
}

/// A configuration that holds together.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it was read from.
    pub path: PathBuf,
    /// What the program may do here.
    pub site: Site,
    /// The law's permission.
    pub legal_basis: LegalBasis,
    /// Whose signatures under rules count; nobody's, when it is not said.
    pub signers: Option<Signers>,
    /// Where data come from, by name.
    pub sources: BTreeMap<String, Source>,
    /// Servers the program talks to, by name.
    pub servers: BTreeMap<String, Server>,
    /// Who takes which kind of act, by kind.
    pub channels: Vec<(ActionKind, Channel)>,
    /// Whether residents below the action level are drawn to be tested all the same; nobody, unless
    /// somebody has approved it by name.
    pub sampled_negatives: Option<SampledNegatives>,
    /// Where the lake lies beside the data folder; nothing where it does not.
    pub lake: Option<Place>,
    /// Whom effects may concern.
    pub scope: Scope,
    /// What is done by itself, and when; nothing where it is not said.
    pub schedule: Option<Timetable>,
    /// How the daemon is watched and ended.
    pub serve: Serve,
    /// From when on something is an alarm.
    pub alarms: AlarmLimits,
    /// For how long things are kept.
    pub retention: Retention,
    /// Pages for people; none where it is not said.
    pub web: Option<Web>,
    /// Cards for professionals in their own systems; none where it is not said.
    pub cds: Option<Cds>,
}

/// What the program may do here.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// A trial without people: every server is on this machine. Only then may rules be drafts,
    /// unsigned or out of their period, texts be drafts, the identity key be public, the day be chosen
    /// (`today`) and the weekly cap of questionnaires be lifted (`no_weekly_cap`). The law's permission is needed all the same.
    #[serde(default)]
    pub trial: bool,
    /// The day it is in a trial; else the clock says it.
    #[serde(default, deserialize_with = "optional_date")]
    pub today: Option<Date>,
    /// Whether all who are to be asked may be asked at once, whatever the rules say of a week: a
    /// rehearsal with a city has no use for waiting.
    #[serde(default)]
    pub no_weekly_cap: bool,
    /// The file that remembers, outside the data folder and outside its backups, how often orders
    /// were handed over. Default: beside the data folder, `DATA.epoch`.
    pub epoch_file: Option<PathBuf>,
}

/// The law's permission to decide about people automatically.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalBasis {
    /// What it is called: a decision and its number.
    pub reference: String,
    /// First day on which it holds.
    #[serde(deserialize_with = "date")]
    pub valid_from: Date,
    /// Last day on which it holds.
    #[serde(deserialize_with = "date")]
    pub valid_until: Date,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRules {
    signers: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    site: Site,
    rules: Option<RawRules>,
    legal_basis: LegalBasis,
    #[serde(default)]
    server: BTreeMap<String, Server>,
    #[serde(default)]
    source: BTreeMap<String, Source>,
    #[serde(default)]
    channel: BTreeMap<String, RawChannel>,
    sampled_negatives: Option<RawSampledNegatives>,
    lake: Option<Place>,
    scope: Option<Scope>,
    schedule: Option<RawSchedule>,
    #[serde(default)]
    serve: Serve,
    #[serde(default)]
    alarms: RawAlarms,
    #[serde(default)]
    retention: Retention,
    web: Option<RawWeb>,
    cds: Option<RawCds>,
}

/// The folder of the configuration.
fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

impl File {
    /// Whether tests of those drawn by lot leave by themselves.
    fn mode_of_drawn(&self) -> Mode {
        let sampled = self.sampled_negatives.as_ref();
        sampled.map_or(Mode::default(), |sampled| sampled.mode)
    }

    fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            path: path.to_path_buf(),
            source,
        })?;
        sections::read(&text).map_err(|message| ConfigError::Shape {
            path: path.to_path_buf(),
            message,
        })
    }

    /// Whose signatures count; a relative place is in the folder of the configuration.
    fn signers(&self, folder: &Path, mistakes: &mut Vec<String>) -> Option<Signers> {
        let signers = self.rules.as_ref();
        let signers = signers.map(|rules| Signers::read(&folder.join(&rules.signers)));
        signers.transpose().unwrap_or_else(|wrong| {
            mistakes.extend(wrong);
            None
        })
    }
}

impl LegalBasis {
    fn mistakes(&self, mistakes: &mut Vec<String>) {
        if self.valid_until < self.valid_from {
            mistakes.push("the legal basis ends before it begins".to_owned());
        }
        if self.reference.trim().is_empty() {
            mistakes.push("the legal basis has no reference".to_owned());
        }
    }
}

fn date<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let text = toml::value::Datetime::deserialize(deserializer)?.to_string();
    text.parse()
        .map_err(|_| serde::de::Error::custom(format!("`{text}` is not a date like 2026-02-01")))
}

fn optional_date<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Date>, D::Error> {
    date(deserializer).map(Some)
}

impl Config {
    /// The day it is, when a trial has chosen one.
    #[must_use]
    pub const fn trial_day(&self) -> Option<Date> {
        self.site.today
    }

    /// Reads and checks a configuration.
    ///
    /// # Errors
    ///
    /// When it cannot be read, has keys that nobody knows, or values that do not go together.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let file = File::read(path)?;
        let mut mistakes = Vec::new();
        file.legal_basis.mistakes(&mut mistakes);
        if file.site.today.is_some() && !file.site.trial {
            mistakes.push("only a trial chooses the day it is".to_owned());
        }
        if file.site.no_weekly_cap && !file.site.trial {
            mistakes.push("only a trial lifts the weekly cap of questionnaires".to_owned());
        }
        for (name, server) in &file.server {
            server.mistakes(name, file.site.trial, &mut mistakes);
        }
        source::mistakes(&file.source, &file.server, &mut mistakes);
        // Relative places are beside the configuration.
        let folder = folder_of(path);
        let signers = file.signers(folder, &mut mistakes);
        let drawn = file.mode_of_drawn();
        let sampled = file.sampled_negatives.map(|raw| raw.checked()).transpose();
        let sampled_negatives = sampled.unwrap_or_else(|mistake| {
            mistakes.push(mistake);
            None
        });
        let lake = file
            .lake
            .map(|place| lake::checked(place, folder, file.site.trial, &mut mistakes));
        if let Some(scope) = &file.scope {
            scope.mistakes(&mut mistakes);
        }
        let schedule = file.schedule.as_ref();
        let schedule = schedule.map(|schedule| schedule.checked(&mut mistakes));
        file.serve.mistakes(&mut mistakes);
        let has_servers = file.source.values().any(|source| source.server.is_some());
        if schedule
            .as_ref()
            .is_some_and(|table| table.times.contains_key(&Step::Pull))
            && !has_servers
        {
            mistakes.push("schedule: `pull` has a time, and no source has a server".to_owned());
        }
        let alarms = file.alarms.checked(&mut mistakes);
        file.retention.mistakes(&mut mistakes);
        let web = file
            .web
            .as_ref()
            .map(|web| web.checked(folder, file.site.trial, &mut mistakes));
        let cds = file
            .cds
            .as_ref()
            .map(|cds| cds.checked((folder, file.site.trial), &file.source, &mut mistakes));
        let mut channels = Vec::new();
        for (name, raw) in &file.channel {
            match channel(name, raw, &file.server, (file.site.trial, drawn)) {
                Ok(channel) => channels.push(channel),
                Err(wrong) => {
                    let told = wrong.into_iter();
                    mistakes.extend(told.map(|what| format!("channel `{name}`: {what}")));
                }
            }
        }
        if !mistakes.is_empty() {
            return Err(ConfigError::Values {
                path: path.to_path_buf(),
                mistakes,
            });
        }
        Ok(Self {
            path: path.to_path_buf(),
            site: file.site,
            legal_basis: file.legal_basis,
            signers,
            sources: file.source,
            servers: file.server,
            channels,
            sampled_negatives,
            lake,
            scope: file.scope.unwrap_or_default(),
            schedule,
            serve: file.serve,
            alarms,
            retention: file.retention,
            web,
            cds,
        })
    }

    /// How questionnaires leave by a rule book here: a trial may lift the weekly cap.
    #[must_use]
    pub fn asking(&self, rulebook: &Rulebook) -> AskingTerms {
        let terms = AskingTerms::of(rulebook);
        AskingTerms {
            per_week: terms.per_week.filter(|_| !self.site.no_weekly_cap),
            ..terms
        }
    }

    /// The files with secrets, and what each is for.
    #[must_use]
    pub fn secrets(&self) -> Vec<(String, &Path)> {
        let servers = self.servers.iter().flat_map(|(name, server)| {
            let files = [&server.token_file, &server.key_file];
            files.map(|file| (format!("server `{name}`"), file.as_deref()))
        });
        let channels = self.channels.iter().flat_map(|(_, channel)| {
            let lists = [&channel.list, &channel.outreach].into_iter().flatten();
            lists.map(|list| {
                let what = format!("channel `{}`", channel.terms.name);
                (what, Some(list.signing_key.as_path()))
            })
        });
        let lake = self
            .lake
            .as_ref()
            .map(|place| ("lake".to_owned(), place.secret_key_file.as_deref()));
        let web = self.web.as_ref().and_then(|web| web.provider.as_ref());
        let web = web.map(|provider| match &provider.client_secret {
            ClientSecret::File(file) => ("web".to_owned(), Some(file.as_path())),
            ClientSecret::None | ClientSecret::Variable(_) => ("web".to_owned(), None),
        });
        let all = servers.chain(channels).chain(lake).chain(web);
        all.filter_map(|(what, file)| Some((what, file?))).collect()
    }

    /// The kinds of acts that somebody here takes.
    #[must_use]
    pub fn offered(&self) -> Offered {
        Offered::Kinds(self.channels.iter().map(|(kind, _)| *kind).collect())
    }

    /// What the ledger needs to know of every channel.
    #[must_use]
    pub fn terms(&self) -> Vec<ChannelTerms> {
        let terms = self.channels.iter().map(|(_, channel)| &channel.terms);
        terms.cloned().collect()
    }

    /// Where the epoch outside the data folder is kept; a relative place is beside the configuration.
    ///
    /// # Errors
    ///
    /// When the data folder is not there, or the file would lie in it: then it would go back in time
    /// together with the ledger.
    pub fn epoch_file(&self, data: &Path) -> Result<PathBuf, ConfigError> {
        let data = canonical(data)?;
        let file = match &self.site.epoch_file {
            None => {
                let mut name = data.file_name().unwrap_or_default().to_os_string();
                name.push(".epoch");
                data.with_file_name(name)
            }
            Some(file) => {
                let config = canonical(&self.path)?;
                config.parent().unwrap_or(Path::new("/")).join(file)
            }
        };
        let folder = canonical(file.parent().unwrap_or(Path::new("/")))?;
        if folder.starts_with(&data) {
            return Err(ConfigError::Values {
                path: self.path.clone(),
                mistakes: vec!["`epoch_file` lies in the data folder".to_owned()],
            });
        }
        Ok(file)
    }

    /// Whether effects may start today by a rule book and the signature that lies beside it.
    ///
    /// # Errors
    ///
    /// [`NoEffects`] says what is missing.
    pub fn allows_effects(
        &self,
        rulebook: &Rulebook,
        signature: Option<&Signature>,
        key: Option<&IdentityKey>,
        today: Date,
    ) -> Result<(), NoEffects> {
        self.may_go_on(rulebook, signature, today)?;
        for (_, channel) in &self.channels {
            if let (Some(name), None) = (&channel.laboratory, channel.laboratory(rulebook)) {
                return Err(NoEffects::UnknownLaboratory(name.clone()));
            }
        }
        if self.sends_texts() && rulebook.texts.is_empty() {
            return Err(NoEffects::NoTexts);
        }
        if self.site.trial {
            return Ok(());
        }
        let drafts = rulebook.texts.drafts();
        if self.sends_texts() && !drafts.is_empty() {
            let codes = drafts.into_iter().map(Language::code);
            return Err(NoEffects::DraftTexts(codes.collect()));
        }
        if key.is_none_or(|key| *key == IdentityKey::PUBLIC) {
            return Err(NoEffects::PublicKey);
        }
        Ok(())
    }

    /// This configuration with the law's permission, the signers, the scope and the channels' modes as
    /// they are written now: a key may be revoked, a permission withdrawn, a scope narrowed and a
    /// channel put under review while a dispatcher runs.
    ///
    /// Folders, keys and servers stay as they were: one that cannot be reached now is its own
    /// channel's trouble, and keeps no other channel from sending. A channel that is not written there
    /// any more sends what was approved, and nothing else.
    ///
    /// # Errors
    ///
    /// When the configuration or the signers cannot be read any more, or what is taken from them does
    /// not hold together.
    pub fn with_permission_of_now(&self) -> Result<Self, ConfigError> {
        let file = File::read(&self.path)?;
        let mut mistakes = Vec::new();
        file.legal_basis.mistakes(&mut mistakes);
        let signers = file.signers(folder_of(&self.path), &mut mistakes);
        if let Some(scope) = &file.scope {
            scope.mistakes(&mut mistakes);
        }
        if !mistakes.is_empty() {
            return Err(ConfigError::Values {
                path: self.path.clone(),
                mistakes,
            });
        }
        let mut channels = self.channels.clone();
        for (_, channel) in &mut channels {
            let written = file.channel.get(&channel.terms.name);
            channel.terms.reviewing = written.map_or(Reviewing::Everything, |raw| {
                raw.reviewing(file.mode_of_drawn())
            });
        }
        Ok(Self {
            legal_basis: file.legal_basis,
            signers,
            scope: file.scope.unwrap_or_default(),
            channels,
            ..self.clone()
        })
    }

    /// The terms of the channel of a name.
    #[must_use]
    pub fn terms_of(&self, name: &str) -> Option<&ChannelTerms> {
        let mut terms = self.channels.iter().map(|(_, channel)| &channel.terms);
        terms.find(|terms| terms.name == name)
    }

    /// Whether a day is within the law's permission and the period of the rules.
    ///
    /// # Errors
    ///
    /// [`NoEffects`] says what does not hold on that day.
    pub fn holds_on(&self, rulebook: &Rulebook, today: Date) -> Result<(), NoEffects> {
        self.legal_basis_holds(today)?;
        if self.site.trial {
            return Ok(());
        }
        let programme = &rulebook.programme;
        let period = programme.in_force;
        let Some(period) = period.filter(|_| programme.header.status == Status::InForce) else {
            return Err(NoEffects::DraftRules);
        };
        if period.holds_on(today) {
            return Ok(());
        }
        Err(NoEffects::NotInForce {
            from: period.from,
            until: period.until,
            today,
        })
    }

    /// Whether what may end while effects go on still holds: the law's permission, and the rules'.
    ///
    /// # Errors
    ///
    /// [`NoEffects`] says what does not hold any more.
    pub fn may_go_on(
        &self,
        rulebook: &Rulebook,
        signature: Option<&Signature>,
        today: Date,
    ) -> Result<(), NoEffects> {
        self.holds_on(rulebook, today)?;
        if self.site.trial {
            return Ok(());
        }
        let programme = &rulebook.programme;
        let signature = signature.ok_or_else(|| NotApproved::Unsigned {
            programme: programme.header.id.clone(),
        })?;
        let signers = self.signers.as_ref().ok_or(NotApproved::NoSigners)?;
        signature.holds(rulebook, signers, today)?;
        Ok(())
    }

    /// Whether a channel may send words; a laboratory order has none but codes.
    fn sends_texts(&self) -> bool {
        let mut routes = self
            .channels
            .iter()
            .flat_map(|(_, channel)| &channel.routes);
        routes.any(|route| matches!(route, Route::Communication | Route::Task))
    }

    /// Whether the law's permission holds on a day.
    ///
    /// # Errors
    ///
    /// [`NoEffects::LegalBasis`].
    pub fn legal_basis_holds(&self, today: Date) -> Result<(), NoEffects> {
        let LegalBasis {
            reference,
            valid_from,
            valid_until,
        } = &self.legal_basis;
        if *valid_from <= today && today <= *valid_until {
            return Ok(());
        }
        Err(NoEffects::LegalBasis {
            reference: reference.clone(),
            from: *valid_from,
            until: *valid_until,
            today,
        })
    }
}

/// A path without links and dots: one file, however it is spelled.
fn canonical(path: &Path) -> Result<PathBuf, ConfigError> {
    path.canonicalize()
        .map_err(|source| ConfigError::Unreadable {
            path: path.to_path_buf(),
            source,
        })
}

#[cfg(test)]
mod tests;
