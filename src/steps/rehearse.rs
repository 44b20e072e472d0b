//! Rehearse: everybody scored by any model of the rules, with nothing stored and nothing asked.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use super::explain::{find, on_record};
use super::run::checked_pulls;
use super::sources::Sources;
use super::{DataFolder, StepError};
use crate::ledger::AuditAct;
use crate::profile::Profile;
use crate::report;
use crate::risk::{self, Assessment};
use crate::rulebook::{Model, Rulebook, Score, ScorePosition};

/// What a model says of everybody on an index date.
#[derive(Debug, Clone, Serialize)]
pub struct RehearsalReport {
    /// The model.
    pub model: String,
    /// Its version.
    pub version: String,
    /// What its scores count: `points` or `per cent`.
    pub unit: &'static str,
    /// The day of the profiles.
    pub index_date: String,
    /// Residents on the register.
    pub register: usize,
    /// Who has a score, by the model that gave it: one, or those of a ladder.
    pub scored: BTreeMap<String, u64>,
    /// Who has none, by why.
    pub not_scored: BTreeMap<String, u64>,
    /// Who has one score and not a range.
    pub complete: u64,
    /// Where scores lie by the level that the model's authors name at each age.
    pub positions: BTreeMap<&'static str, u64>,
    /// What the form calls the scores; ranges over several classes apart.
    pub classes: BTreeMap<String, u64>,
    /// How many questions would decide, for those who could lie on either side of the level.
    pub questions: BTreeMap<usize, u64>,
    /// What is not known, by item.
    pub not_known: BTreeMap<String, u64>,
    /// Always `none`.
    pub effects: &'static str,
}

/// Scores everybody by a model; the data folder is only read.
///
/// The model's region is chosen: see [`Rulebook::model_called`].
///
/// # Errors
///
/// When nothing was pulled, the facts belong to other rules, or reading fails.
pub fn rehearse(
    rulebook: &Rulebook,
    model: &Model,
    data: &DataFolder,
    index_date: Date,
) -> Result<RehearsalReport, StepError> {
    let pulls = checked_pulls(rulebook, data)?;
    let sources = Sources::of(data, rulebook, &pulls)?;
    let register = data.store.register(None)?;
    let mut stored = data.store.facts(&rulebook.catalogue, None)?;
    let mut report = RehearsalReport {
        model: model.header.id.clone(),
        version: model.header.version.clone(),
        unit: model.unit.name(),
        index_date: index_date.to_string(),
        register: register.len(),
        scored: BTreeMap::new(),
        not_scored: BTreeMap::new(),
        complete: 0,
        positions: BTreeMap::new(),
        classes: BTreeMap::new(),
        questions: BTreeMap::new(),
        not_known: BTreeMap::new(),
        effects: "none",
    };
    for row in &register {
        let mut facts = Vec::new();
        stored.take_until(row.resident, &mut facts)?;
        let profile = sources.profile(row, facts, index_date);
        match scored(rulebook, model, &profile) {
            Ok(assessment) => report.add(model, &assessment),
            Err(why) => *report.not_scored.entry(why.to_owned()).or_default() += 1,
        }
    }
    Ok(report)
}

impl RehearsalReport {
    fn add(&mut self, model: &Model, assessment: &Assessment) {
        let used = model.rung(assessment.rung());
        *self.scored.entry(used.header.id.clone()).or_default() += 1;
        self.complete += u64::from(assessment.low() == assessment.high());
        for item in assessment.open_items(model) {
            let id = used.items[item].id.clone();
            *self.not_known.entry(id).or_default() += 1;
        }
        if let Some((from, to)) = risk::class(used, assessment) {
            let name = if from == to {
                from.name.clone()
            } else {
                format!("{} to {}", from.name, to.name)
            };
            *self.classes.entry(name).or_default() += 1;
        }
        let Some(level) = assessment.published_level() else {
            return;
        };
        let position = assessment.position(level);
        *self.positions.entry(named(position)).or_default() += 1;
        if position == ScorePosition::Spans {
            let asks = assessment.deciding_items(model, level).len();
            *self.questions.entry(asks).or_default() += 1;
        }
    }
}

const fn named(position: ScorePosition) -> &'static str {
    match position {
        ScorePosition::AtOrAbove => "at-or-above",
        ScorePosition::Below => "below",
        ScorePosition::Spans => "spans",
    }
}

/// One resident's score by a model, in sentences. That `viewer` looks is on record before.
///
/// # Errors
///
/// As for [`super::explain`].
pub fn rehearse_one(
    rulebook: &Rulebook,
    model: &Model,
    data: &mut DataFolder,
    viewer: &str,
    resident: &str,
    index_date: Option<Date>,
) -> Result<String, StepError> {
    let pulls = checked_pulls(rulebook, data)?;
    let resident = find(data, resident)?;
    data.audit(
        viewer,
        AuditAct::ViewedResident,
        Some(resident),
        &model.header.id,
    )?;
    let of_run = data.newest_index_date()?;
    let index_date = index_date.or(of_run).ok_or(StepError::NothingRun)?;
    let (entry, facts) = on_record(rulebook, data, resident)?;
    let sources = Sources::of(data, rulebook, &pulls)?;
    let profile = sources.profile(&entry, facts, index_date);
    let assessment = scored(rulebook, model, &profile).ok();
    Ok(report::explain_score(
        rulebook,
        model,
        &profile,
        assessment.as_ref(),
        &format!("Resident {resident}"),
    ))
}

/// The score, or why there is none.
fn scored(
    rulebook: &Rulebook,
    model: &Model,
    profile: &Profile,
) -> Result<Assessment, &'static str> {
    if profile.register().birth.is_after(profile.index_date()) {
        return Err("not-yet-born");
    }
    if profile.is_deceased() {
        return Err("deceased");
    }
    risk::assess_by(rulebook, model, profile).ok_or("of an age that the model was not made for")
}

/// The level of a model in words, for its report.
#[must_use]
pub fn level_in_words(model: &Model) -> String {
    let level = |model: &Model| -> Option<String> {
        let bands = model.level.as_ref()?.as_slice();
        let text = |score: Score| model.unit.text(score);
        let of_age = bands.iter().map(|band| match (band.from, band.to) {
            (None, None) => text(band.value),
            (None, Some(end)) => format!("{} under {}", text(band.value), end.at),
            (Some(end), _) => format!("{} from {} years on", text(band.value), end.at),
        });
        Some(of_age.collect::<Vec<_>>().join(", "))
    };
    let all = model.models().map(|model| {
        let level = level(model).unwrap_or_else(|| "none is published".to_owned());
        format!("{}: {level}", model.header.id)
    });
    all.collect::<Vec<_>>().join("; ")
}
