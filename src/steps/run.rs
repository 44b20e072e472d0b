//! Run: every resident of the register gets a decision.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::civil::Date;

use super::acting::{ActOptions, Acting, Asked, Collected};
use super::canonical::{Texts, canonical};
use super::cases::{Along, along};
use super::faulty::faulty_in;
use super::in_force::{InForce, in_force};
use super::not_answered::{NotAnswered, NotAnsweredReport};
use super::run_report::{RunReport, SharedModelReport, Tally, Told};
use super::sources::Sources;
use super::unmapped::over_limit;
use super::{DataFolder, StepError, persons, sampling};
use crate::lake::DecisionRow;
use crate::ledger::{EpisodeMap, PullRecord, RunRecord};
use crate::pathway::{self, Decision, Episode, Followed, Inclusion, Sampling};
use crate::profile::{Fact, Profile, Register, ResidentId};
use crate::risk;
use crate::rulebook::Rulebook;

/// What a run needs beside the rules and the data folder.
#[derive(Debug, Clone)]
pub struct RunOptions<'a> {
    /// The day profiles are taken.
    pub index_date: Date,
    /// Worker threads.
    pub threads: usize,
    /// The instant of the run (UTC), for people.
    pub at: String,
    /// How to act; `None` for a run that asks nothing of anybody.
    pub act: Option<ActOptions<'a>>,
    /// Where it is told how far it is; nowhere, where nobody looks.
    pub progress: Option<Arc<RunProgress>>,
}

/// How far a run is, for whoever looks on.
#[derive(Debug, Default)]
pub struct RunProgress {
    decided: AtomicU64,
    register: AtomicU64,
}

impl RunProgress {
    /// Residents decided about, and all of the register; nothing while no run decides.
    #[must_use]
    pub fn far(&self) -> Option<(u64, u64)> {
        let of = self.register.load(Ordering::Relaxed);
        (0 < of).then(|| (self.decided.load(Ordering::Relaxed).min(of), of))
    }

    fn begins(self: &Arc<Self>, register: usize) -> UnderWay {
        self.decided.store(0, Ordering::Relaxed);
        self.register.store(register as u64, Ordering::Relaxed);
        UnderWay(Arc::clone(self))
    }
}

/// A run that decides; however it ends, nobody is told any more that it does.
struct UnderWay(Arc<RunProgress>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.register.store(0, Ordering::Relaxed);
    }
}

/// What every decision of a run depends on, beside the resident.
#[derive(Clone, Copy)]
struct Deciding<'a> {
    in_force: &'a InForce,
    episodes: &'a EpisodeMap,
    acting: Option<&'a Acting>,
    sampling: Option<&'a Sampling>,
    sources: &'a Sources,
    index_date: Date,
}

/// A decision in canonical form, and what it asks of the world.
struct Decided {
    row: DecisionRow,
    asked: Option<Asked>,
    told: Told,
}

/// Decides about everybody and stores the decisions; unless told to act, it asks nothing of anybody.
///
/// # Errors
///
/// When nothing was pulled, the facts belong to other rules, or reading or
/// writing fails.
///
/// # Panics
///
/// Never by design: only when a rule book that the loader accepted cannot decide about somebody.
pub fn run(
    rulebook: &Rulebook,
    data: &mut DataFolder,
    options: &RunOptions<'_>,
) -> Result<RunReport, StepError> {
    let pulls = checked_pulls(rulebook, data)?;
    // A pull that was killed at its very end has left this to do.
    persons::settle(data, options.index_date)?;
    let act = options.act;
    let over_limit = over_limit(rulebook, &pulls);
    if act.is_some() && !over_limit.is_empty() {
        return Err(StepError::Unmapped(over_limit));
    }
    let in_force = &in_force(rulebook, data)?;
    let rulebook = &in_force.rulebook;
    let acting = act.map(|act| Acting::begin(rulebook, data, options.index_date, act));
    let acting = acting.transpose()?;
    let Everybody {
        mut report,
        mut collected,
        record,
        kept: staged,
    } = everybody(in_force, data, (options, acting.as_ref()), |run, next| {
        data.store.stage_decisions((run, options.index_date), next)
    })?;
    // Deciding takes its time: whoever stopped effects meanwhile is heard too.
    if let (Some(collected), Some(acting)) = (&mut collected, &acting)
        && let Some(why) = acting.stopped_since(rulebook, data)?
    {
        collected.stop(why);
    }
    let (commit, asked) = collected.map(|c| (c.commit, c.report)).unzip();
    let today = act.map(|act| act.today);
    let files = [staged.file];
    data.send(&files)?;
    let generation = data.ledger.commit_run(
        &record,
        &rulebook.files,
        &files,
        commit.as_ref().zip(today),
        |acted| {
            let asked = asked.zip(act);
            report.finish(asked.map(|(asked, act)| asked.with(acted, rulebook, &act)));
            serde_json::to_string(&report).expect("a report has no maps with odd keys")
        },
    )?;
    data.publish(generation)?;
    Ok(report)
}

/// Everybody decided about: what a run reports, asks and puts on record.
pub(super) struct Everybody<K> {
    /// The report without what was done to the world.
    pub(super) report: RunReport,
    /// What the decisions ask of the world, of a run that acts.
    pub(super) collected: Option<Collected>,
    /// The run, without its report.
    pub(super) record: RunRecord,
    /// What was kept of the decisions.
    pub(super) kept: K,
}

/// Hands over decisions, piece by piece, in order of residents.
type Next<'a> = dyn FnMut() -> Result<Option<Vec<DecisionRow>>, StepError> + 'a;

/// Decides about everybody. `keep` takes the decisions of the run with this number, to their end.
pub(super) fn everybody<K>(
    in_force: &InForce,
    data: &DataFolder,
    (options, acting): (&RunOptions<'_>, Option<&Acting>),
    keep: impl FnOnce(u32, &mut Next<'_>) -> Result<K, StepError>,
) -> Result<Everybody<K>, StepError> {
    let rulebook = &in_force.rulebook;
    let pulls = checked_pulls(rulebook, data)?;
    let act = options.act;
    // Only who may be asked for a test is drawn for one.
    let drawn = act.map(|act| sampling::in_force(data, act.config));
    let (sampling, sampled) = drawn.transpose()?.flatten().unzip();
    let sources = Sources::of(data, rulebook, &pulls)?;
    let register = residents(data, &sources)?;
    let id = data.ledger.newest_run()?.map_or(1, |run| run.id + 1);
    let (episodes, ledger_event) = data.ledger.episodes(None)?;
    let deciding = Deciding {
        in_force,
        episodes: &episodes,
        acting,
        sampling: sampling.as_ref(),
        sources: &sources,
        index_date: options.index_date,
    };
    let mut tally = Tally::default();
    let mut collected = acting
        .zip(act)
        .map(|(acting, act)| Collected::new(acting, act.config));
    let texts = Texts::new(rulebook);
    let ids: Vec<ResidentId> = register.iter().map(|(resident, _)| *resident).collect();
    let along_all = Along {
        store: &data.store,
        catalogue: &rulebook.catalogue,
        residents: &ids,
        threads: options.threads,
    };
    let work = |n: usize, facts| decide(deciding, &texts, register[n], facts);
    let progress = options.progress.as_ref();
    let under_way = progress.map(|progress| progress.begins(ids.len()));
    let (kept, passed_over) = along(along_all, work, |in_order| {
        keep(id, &mut || {
            let Some(decided) = in_order.next() else {
                return Ok(None);
            };
            let mut rows = Vec::with_capacity(decided.len());
            for Decided { row, asked, told } in decided {
                tally.add(&row, &told);
                if let (Some(collected), Some(asked)) = (&mut collected, asked) {
                    collected.add(asked);
                }
                rows.push(row);
            }
            if let Some(UnderWay(progress)) = &under_way {
                progress
                    .decided
                    .fetch_add(rows.len() as u64, Ordering::Relaxed);
            }
            Ok(Some(rows))
        })
    })?;
    drop(under_way);
    tally.passed_over = passed_over;
    let not_answered = not_answered(data, &tally.not_answered, options.index_date)?;
    let mut report = tally.report(rulebook, id, options, (&pulls, &sources), register.len());
    report.not_answered = not_answered;
    report.sampled_negatives = sampled;
    report.faulty = faulty_in(data, rulebook)?;
    report.unmapped_over_limit = over_limit(rulebook, &pulls);
    report.shared_model = SharedModelReport::of(in_force, &ids);
    let record = RunRecord {
        id,
        at: options.at.clone(),
        index_date: options.index_date.to_string(),
        pull: report.pull.id,
        rules_fingerprint: rulebook.fingerprint.clone(),
        decisions_hash: report.decisions_hash.clone(),
        register: report.register,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        ledger_event,
        acted: collected.is_some(),
        recalibration: in_force.recalibration,
        shared: in_force.share(),
        report: String::new(),
    };
    Ok(Everybody {
        report,
        collected,
        record,
        kept,
    })
}

/// Who did not answer, by what the register says of them; `residents` are in its order.
fn not_answered(
    data: &DataFolder,
    residents: &[ResidentId],
    on: Date,
) -> Result<Option<NotAnsweredReport>, StepError> {
    if residents.is_empty() {
        return Ok(None);
    }
    let mut counted = NotAnswered::default();
    for entry in &data.store.register(None)? {
        if residents.binary_search(&entry.resident).is_ok() {
            counted.add(entry, on);
        }
    }
    Ok(counted.report())
}

/// The pulls of a folder, when its facts belong to these rules and its rounds to no other programme.
pub(super) fn checked_pulls(
    rulebook: &Rulebook,
    data: &DataFolder,
) -> Result<Vec<PullRecord>, StepError> {
    let pulls = data.ledger.pulls()?;
    if pulls.is_empty() {
        return Err(StepError::NothingPulled);
    }
    if pulls
        .iter()
        .any(|pull| pull.facts_fingerprint != rulebook.facts_fingerprint)
    {
        return Err(StepError::OtherFacts);
    }
    // A resident's rounds do not say whose they are: a folder in which one programme acts is its own.
    let wanted = &rulebook.programme.header.id;
    match data.ledger.acting_programme()? {
        Some(acting) if acting != *wanted => Err(StepError::OtherProgramme {
            acting,
            wanted: wanted.clone(),
        }),
        Some(_) | None => Ok(pulls),
    }
}

/// The runs of a programme. Folders in which nobody acts may hold those of several.
pub(super) fn runs_of(rulebook: &Rulebook, data: &DataFolder) -> Result<Vec<RunRecord>, StepError> {
    let is_own = |run: &RunRecord| {
        let report = serde_json::from_str::<RunReport>(&run.report);
        report.is_ok_and(|report| report.rulebook.id == rulebook.programme.header.id)
    };
    let mut runs = data.ledger.runs()?;
    runs.retain(is_own);
    Ok(runs)
}

/// The register, sorted by resident; residents of a source with an open slice are incomplete.
fn residents(
    data: &DataFolder,
    sources: &Sources,
) -> Result<Vec<(ResidentId, Register)>, StepError> {
    let rows = data.store.register(None)?;
    Ok(rows
        .iter()
        .map(|row| (row.resident, sources.completed(row)))
        .collect())
}

fn decide(
    deciding: Deciding<'_>,
    texts: &Texts,
    (resident, register): (ResidentId, Register),
    facts: Vec<Fact>,
) -> Decided {
    let Deciding {
        in_force,
        episodes,
        acting,
        sampling,
        sources,
        index_date,
    } = deciding;
    let rulebook = in_force.rules_for(resident);
    let profile = sources.profile_of(resident, register, facts, index_date);
    let episode = episodes.get(&resident);
    let (followed, decision) = decided(rulebook, resident, &profile, episode, sampling);
    let asked =
        acting.map(|acting| acting.ask(rulebook, (resident, &profile), &followed, &decision));
    Decided {
        row: canonical(rulebook, texts, resident, &decision),
        asked,
        told: Told::of(rulebook, &followed, &decision),
    }
}

/// What came in for a resident's round, and what the rules then say.
pub(super) fn decided(
    rulebook: &Rulebook,
    resident: ResidentId,
    profile: &Profile,
    episode: Option<&Episode>,
    sampling: Option<&Sampling>,
) -> (Followed, Decision) {
    let followed = pathway::follow(rulebook, profile, episode);
    let newest = followed.episode.as_ref();
    let lot = lot_of(rulebook, resident, profile, newest, sampling);
    let decision = pathway::decide(rulebook, profile, newest, lot);
    (followed, decision)
}

/// What a resident has drawn, should they be below the level.
pub(super) fn lot_of(
    rulebook: &Rulebook,
    resident: ResidentId,
    profile: &Profile,
    newest: Option<&Episode>,
    sampling: Option<&Sampling>,
) -> Option<Inclusion> {
    let sampling = sampling?;
    let inclusion = if sampling.strata.is_empty() {
        sampling.inclusion
    } else {
        let highest = risk::assess(rulebook, profile).map(|assessment| assessment.high());
        sampling.inclusion_of(profile, highest)
    };
    let programme = &rulebook.programme.header.id;
    sampling.draws_with(inclusion, programme, resident, newest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_a_run_is_is_told_while_it_decides_and_not_after() {
        let progress = Arc::new(RunProgress::default());
        assert_eq!(progress.far(), None);
        let under_way = progress.begins(10);
        assert_eq!(progress.far(), Some((0, 10)));
        under_way.0.decided.fetch_add(4, Ordering::Relaxed);
        assert_eq!(progress.far(), Some((4, 10)));
        drop(under_way);
        assert_eq!(progress.far(), None);
    }
}
