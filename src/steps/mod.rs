//! Steps: pull, run, explain and check, each once, for whoever calls them.
//!
//! # What lives here
//!
//! The order in which the edges and the core work together. The command line
//! and, later, the daemon call these and nothing below them. No rule, no FHIR
//! field name and no SQL.
//!
//! # How the data flows
//!
//! [`pull`]: export folder → `fhir` → `intake` → lake and ledger, without what is stored already.
//! [`run`]: lake → profile → `pathway` → lake and ledger.
//! [`explain`]: the same for one resident, held against the stored decision.
//! [`letter`]: that decision in plain words for the resident.
//! [`card`]: the same as of now, for whoever has the record open.
//! [`rules_diff`]: the register under two rule books; [`look_back`]: runs again, with a corrected rule.
//! [`replay`]: runs again, by their own rules, held against what they decided.
//! [`what_if`]: the register at other action levels.
//! [`model_shadow`]: the register by a proposed recalibration; [`model_promote`] puts it in force, [`model_roll_back`] takes it back.
//! [`Worklists`]: who waits for a professional; [`resident_shown`]: one of them, with all that has happened.
//! [`model_drift`]: the calibration in force through time, and items then and now.
//! [`coverage`]: where everybody on the register stands, and who is forgotten.
//! [`subject_access`]: everything held about one resident; [`erase`]: all of it goes.
//! [`retention`]: what is past its period, listed or removed.
//! [`alarms`]: what has stopped, does not agree or has not happened, from lake and ledger.
//! [`check`]: whether the data folder is whole.
//!
//! # Invariants
//!
//! * One writer at a time: a lock file guards pull, run and check.
//! * A step that ends early, however it ends, leaves the folder as it was
//!   before or as it is after; the next start completes or removes the rest.
//! * The clock is an argument.
//!
//! # Example
//!
//! ```no_run
//! use preventiojyraa::{rules, steps};
//!
//! let rulebook = rules::shipped()?;
//! let mut data = steps::DataFolder::open("data".as_ref(), steps::Access::Write)?;
//! let options = steps::RunOptions { index_date: jiff::civil::date(2026, 2, 1), threads: 2, at: "now".into(), act: None };
//! let report = steps::run(&rulebook, &mut data, &options)?;
//! println!("{} residents", report.register);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Why it is so
//!
//! When every caller composed the rooms itself, the command line and the
//! daemon would differ in some small way that nobody tests. A room for the
//! composition costs one more name and gives one place to read the whole.

mod acting;
mod alarm_counts;
mod alarms;
mod answered;
mod asking;
mod audit;
mod backup;
mod canonical;
mod card;
mod cases;
mod check;
mod coverage;
mod coverage_document;
mod data;
mod earlier;
mod effects;
mod erase;
mod explain;
mod failed_source;
mod faulty;
mod funnel;
mod harvest;
mod in_force;
mod interval_cases;
mod lake;
mod learn;
mod learn_document;
mod letter;
mod line;
mod links;
mod look_back;
mod look_back_document;
mod look_back_words;
mod model;
mod model_document;
mod model_drift;
mod model_shadow;
mod network;
mod not_answered;
mod opt_outs;
mod outgoing;
mod persons;
mod precision;
mod precision_document;
mod pull;
mod recheck;
mod reconcile;
mod rehearse;
mod replay;
mod replay_document;
mod resident_shown;
mod retention;
mod returning;
mod reviewing;
mod rules_diff;
mod run;
mod run_report;
mod sampling;
mod second_look;
mod seen;
mod served;
mod sources;
mod subject_access;
mod tasks;
mod unchanged;
mod unmapped;
mod waiting;
mod waiting_bytes;
mod what_if;
mod what_if_document;
mod whole;
mod worklist;

pub use acting::{ActOptions, ActReport};
pub use alarms::{
    AlarmForOthers, AlarmShown, AlarmsForOthers, AlarmsReport, StreamNotJudged, StreamShown, alarms,
};
pub use asking::{AskingReport, waiting_to_be_asked};
pub use audit::{
    AuditList, AuditShown, AuditVerified, HeadShown, add_checkpoints, read_checkpoints,
};
pub use backup::{BackupReport, back_up};
pub use card::{CardAnswer, CardAsked, CardMade, card};
pub use check::{CheckReport, check};
pub use coverage::coverage;
pub use coverage_document::{
    CoverageForOthers, CoverageReport, GroupForOthers, GroupShown, StandingForOthers, StandingShown,
};
pub use data::{Access, DataFolder};
pub(crate) use effects::replace;
pub use effects::{
    EffectsStatus, EpochFile, Stopped, Switch, effects_status, notice_old_copy, resume, stop,
};
pub use erase::{EraseReport, erase, lift_erasure};
pub use explain::{Explanation, explain};
pub use failed_source::{FailedSource, source_failed};
pub use faulty::{FaultyMarks, FaultyReport, Marked, faulty_in, faulty_rules, mark_faulty};
pub use funnel::funnel;
pub use in_force::{InForce, in_force};
pub use interval_cases::{IntervalCase, IntervalCasesReport, interval_cases};
pub use lake::{
    CompactReport, LakeReport, LyingReport, TableReport, VersionReport, compact, lake_report,
    move_lake,
};
pub use learn::{FollowedCase, HeldOut, HoldOut, LearnOptions, LearnReport, learn};
pub use learn_document::LearnDocument;
pub use letter::letter;
pub use look_back::{LookBackOptions, look_back};
pub use look_back_document::{
    ActSince, Affected, DecidedOtherwise, DecisionShown, LookBack, LookedBack, RunLookedAt,
    WordedOtherwise, Words, WordsLookBack,
};
pub use model::{
    ByPerson, NotPromoted, Vouching, model_list, model_promote, model_roll_back, model_show,
    model_sign,
};
pub use model_document::{
    ChangeShown, DataShown, FigureShown, GateShown, MeansShown, ModelList, ModelShown, NumberShown,
    ProposalShown, ShadowDocument, ShadowShown, SharedShown,
};
pub use model_drift::{
    DriftChangeShown, DriftOptions, DriftReport, InputShown, InputsShown, StretchShown, model_drift,
};
pub use model_shadow::{ShadowOptions, ShadowReport, model_shadow};
pub use network::{NetworkReport, PullWay, SliceKnown, ready_to_pull};
pub use not_answered::{NotAnsweredReport, Part};
pub use opt_outs::{NotOptedOut, OptOutAsked, OptOutShown, opt_out};
pub use precision::precision;
pub use pull::{LineReader, PullOptions, PullReport, export_files, pull};
pub use recheck::recheck;
pub use reconcile::{Difference, Evidence, ReconcileReport, reconcile};
pub use rehearse::{RehearsalReport, level_in_words, rehearse, rehearse_one};
pub use replay::{ReplayOptions, WhichRuns, replay};
pub use replay_document::{DecidedAgain, Replay, ReplayedRun, Verdict};
pub use resident_shown::{Measured, ResidentShown, Series, resident_shown};
pub use retention::{Kind, PastIs, PastPeriod, Removed, RetentionReport, retention};
pub use reviewing::{OrderShown, WaitingOrders};
pub use rules_diff::{
    BookShown, Cell, DiffOptions, Gained, Guard, RulesDiff, kept_rules, rules_diff,
};
pub use run::{RunOptions, run};
pub use run_report::RunReport;
pub use sampling::SamplingReport;
pub use served::{ServedAlone, ServedReport, served_alone};
pub use sources::SourceKnown;
pub use subject_access::{Held, LANGUAGES, SubjectAccess, subject_access};
pub use tasks::{OpenTasks, TaskShown};
pub use unmapped::{CodesReport, OverLimit};
pub use what_if::{AsOf, Dimension, WhatIfOptions, what_if};
pub use what_if_document::{AtLevel, ExpectedBy, StratumShown, WhatIf};
pub use worklist::{Waiting, WaitsFor, Worklist, Worklists};

use std::path::PathBuf;

use crate::config::{BY_HAND, NoEffects};
use crate::lake::LakeError;
use crate::ledger::{LedgerError, NotErased};
use crate::report::NoLetter;
use crate::rulebook::{Diagnostic, EstimandsDiffer};

/// Why a step did not finish.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The lake said no.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The ledger said no.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A file operation failed.
    #[error("cannot {action} `{path}`")]
    Io {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another process is writing.
    #[error("another pull or run is writing to `{0}`\nhint: wait until it has finished")]
    Busy(PathBuf),
    /// Another process serves it.
    #[error("another `preventio serve` is at work on `{0}`\nhint: one serves a data folder")]
    Served(PathBuf),
    /// Something is where a backup is to be.
    #[error("`{0}` is there already\nhint: a backup is a new folder")]
    BackupThere(PathBuf),
    /// A backup in what it is of.
    #[error("`{0}` lies in the data folder\nhint: a backup belongs on another disk")]
    BackupInside(PathBuf),
    /// There is no data folder.
    #[error(
        "there is no data folder at `{0}`\nhint: `preventio pull --from DIR --data DATA` creates one"
    )]
    NoData(PathBuf),
    /// The export folder has no export files.
    #[error("no `.ndjson`, `.ndjson.gz` or `.ndjson.zst` file in `{0}`")]
    NothingToPull(PathBuf),
    /// A line of a file of checkpoints is none.
    #[error(
        "line {line} of `{path}` is no checkpoint of the audit\nhint: `preventio audit checkpoint --to FILE` writes such files"
    )]
    NoCheckpoint {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u32,
    },
    /// Nothing was pulled yet.
    #[error("nothing was pulled yet\nhint: `preventio pull --from DIR --data DATA`")]
    NothingPulled,
    /// No run decided yet.
    #[error("no run has decided yet\nhint: `preventio run --data DATA --index-date YYYY-MM-DD`")]
    NothingRun,
    /// The ledger does not say where the lake lies in a way that can be read.
    #[error(
        "the ledger does not say where the lake lies in a way that this program reads\nhint: `preventio lake move --config FILE` says it anew"
    )]
    LakeAt,
    /// The configuration says of the lake what is not so.
    #[error(
        "the configuration has the lake at `{wanted}`, and it lies in {at}\nhint: `preventio lake move --config FILE --data DATA` brings it there"
    )]
    LakeElsewhere {
        /// Where it should be.
        wanted: String,
        /// Where it is.
        at: String,
    },
    /// There is nothing to collect.
    #[error("the lake lies in the data folder alone, which keeps nothing that is not needed")]
    LakeHere,
    /// A place of the lake that is the data folder itself.
    #[error(
        "`{0}` lies in the data folder\nhint: `[lake] at` is a place of its own, such as another disk"
    )]
    LakeInside(String),
    /// The facts were read with other rules.
    #[error(
        "the facts in this folder were read with other fact definitions than these rules have\nhint: pull into a new folder"
    )]
    OtherFacts,
    /// The rounds of this folder are another programme's.
    #[error(
        "programme `{acting}` has asked residents in this data folder, `{wanted}` cannot decide in it\nhint: pull into a data folder of its own for `--programme {wanted}`"
    )]
    OtherProgramme {
        /// The programme that has acted here.
        acting: String,
        /// The one that is to decide.
        wanted: String,
    },
    /// Too much of what could matter is not understood.
    #[error(
        "{}\nhint: `preventio pull` lists the codes; map them in `facts/`, or pull with the laboratory named (`--laboratory`). A rehearsal (`run` without `--act`) goes on", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    )]
    Unmapped(Vec<OverLimit>),
    /// A refusal was not put on record.
    #[error(transparent)]
    NotOptedOut(#[from] NotOptedOut),
    /// A source beside what is put on record by hand is called so.
    #[error("no source can be called `{BY_HAND}`: what people put on record comes from there")]
    ByHand,
    /// No laboratory of the rules is called so.
    #[error("no laboratory is called `{0}`\nhint: {1}")]
    UnknownLaboratory(String, String),
    /// The time zone of the programme is not known.
    #[error("the programme's time zone `{0}` is not in the time-zone database")]
    TimeZone(String),
    /// The identity key does not fit the folder.
    #[error("this data folder was made with another identity key")]
    OtherKey,
    /// The source was something else to the programme when it was pulled before.
    #[error(
        "source `{0}` was pulled before with other `people` or another `trust`; nothing was pulled of it\nhint: `--config FILE` with the same words as before; or a new data folder, into which everything is pulled by the new words"
    )]
    OtherTerms(String),
    /// Nothing may be asked of anybody.
    #[error(transparent)]
    NoEffects(#[from] NoEffects),
    /// A trial must not touch what is for people, nor the other way round.
    #[error(
        "`[site] trial` is not what this data folder was first used for\nhint: a trial and the real thing each need a data folder of their own"
    )]
    OtherPurpose,
    /// The file that remembers how often orders were handed over cannot be understood.
    #[error(
        "`{0}` does not say how often orders were handed over\nhint: effects do not start before a person has found out why"
    )]
    Epoch(PathBuf),
    /// Nobody is called like that.
    #[error(
        "nobody on the register is called `{0}`\nhint: give the 32-digit resident id, or the source's `Patient.id`"
    )]
    UnknownResident(String),
    /// There are no words for a letter.
    #[error(transparent)]
    NoLetter(#[from] NoLetter),
    /// A letter would tell what no run has decided.
    #[error(
        "the newest run decided otherwise about this resident than would be decided now: facts or rules have changed\nhint: a new run, and then the letter"
    )]
    DecidedOtherwise,
    /// No run has that number.
    #[error("no run has the number {0}")]
    UnknownRun(u32),
    /// Probabilities of one thing, outcomes of another.
    #[error(transparent)]
    Estimands(#[from] EstimandsDiffer),
    /// There is no proposal.
    #[error("nothing to accept: no recalibration is proposed ({0})")]
    NothingToAccept(String),
    /// No proposal has that number.
    #[error("no recalibration has the number {0}\nhint: `preventio model list`")]
    UnknownProposal(u32),
    /// It is in force.
    #[error("recalibration {0} is in force for all already")]
    InForceAlready(u32),
    /// It starts from what is not in force.
    #[error(
        "recalibration {0} starts from a calibration that is not the one in force\nhint: `preventio model propose` makes one that does"
    )]
    OutOfDate(u32),
    /// Nothing was put in force.
    #[error("no recalibration is in force: the calibration of the rule file decides")]
    NothingToRollBack,
    /// It may not be put in force, or not yet.
    #[error(transparent)]
    NotPromoted(#[from] NotPromoted),
    /// The programme says nothing about changes of the model.
    #[error(
        "the programme does not say what a change of the model must keep\nhint: `[model_changes]` in its file"
    )]
    NoModelChanges,
    /// A proposal cannot be judged by what it was made from.
    #[error(
        "every decision with an outcome is of one day, so none can be held out to judge a proposal\nhint: `preventio learn` proposes from all of them; decisions of later days judge it once they have outcomes"
    )]
    NobodyToHoldOut,
    /// Somebody has taken it back.
    #[error(
        "recalibration {0} was rolled back\nhint: newer outcomes make another proposal; this one stays out of force"
    )]
    RolledBack(u32),
    /// A name is what makes an acceptance somebody's.
    #[error("`--accept-as` is empty\nhint: the name of the person who accepts the recalibration")]
    AcceptedByNobody,
    /// Nobody knows the rule.
    #[error(
        "no rule `{rule}` of version `{version}` is in the rules, nor in a rule book that a run here used\nhint: known are {known}; `--rules DIR` for rules of another folder"
    )]
    UnknownRule {
        /// The rule's id.
        rule: String,
        /// The version.
        version: String,
        /// What is known.
        known: String,
    },
    /// No run held it.
    #[error(
        "no run here was made with rule `{rule}` from version {from} until before {corrected}: nobody was affected here"
    )]
    NoRunHeld {
        /// The rule's id.
        rule: String,
        /// The first faulty version.
        from: String,
        /// The corrected version.
        corrected: String,
    },
    /// Nothing was put into words by a faulty version.
    #[error(
        "nothing has left here by rule `{rule}` from version {from} until before {corrected}: nobody was affected here"
    )]
    NothingLeftBy {
        /// The rule's id.
        rule: String,
        /// The first faulty version.
        from: String,
        /// The corrected version.
        corrected: String,
    },
    /// What should correct it does not.
    #[error(
        "the corrected rules hold `{rule}` at version {corrected}, which does not come after {from}\nhint: a changed number is a new version; name the rules with `--corrected DIR`"
    )]
    NotCorrected {
        /// The rule's id.
        rule: String,
        /// The first faulty version.
        from: String,
        /// The version found.
        corrected: String,
    },
    /// Nobody can say what comes before it.
    #[error(
        "`{0}` is no version that others come before or after\nhint: whole numbers with dots between them, such as 2025.1; `0` is before all"
    )]
    NoVersion(String),
    /// The rule says how facts are read, and they were read by the faulty one.
    #[error(
        "rule `{0}` says how facts are read, and what is stored here was read by the faulty version\nhint: pull the same exports into a new data folder with the corrected rules, run there as of the same days, and compare"
    )]
    FactsCorrected(String),
    /// Rules that a run used do not load with this program.
    #[error("the rules kept for a run do not load: {}", first(.0))]
    KeptRules(Vec<Diagnostic>),
    /// The corrected file does not fit the other rules of a run.
    #[error("the corrected rule does not fit the other rules of a run: {}", first(.0))]
    CorrectedRules(Vec<Diagnostic>),
    /// Nobody knows these rules.
    #[error(
        "`{0}` is neither a folder of rules nor the beginning of the fingerprint of one rule book that a run here used\nhint: `preventio run --json` says the fingerprint of its rules"
    )]
    UnknownRules(String),
    /// Nothing may be erased yet.
    #[error(transparent)]
    NotErased(#[from] NotErased),
    /// What stays on record of an erasure would tell whose it was.
    #[error(
        "`--by` or `--reason` has an identifier of a resident who is erased, and stays on record\nhint: the number of the request says enough"
    )]
    ErasureTells,
    /// There is nothing to lift.
    #[error(
        "nobody with the opaque id `{0}` was erased here\nhint: the issue `erased-resident` of a pull says the 32-digit id"
    )]
    NotErasedBefore(String),
    /// Several are.
    #[error("{0} residents are called `{1}`\nhint: give the 32-digit resident id")]
    AmbiguousResident(usize, String),
}

/// The first of several mistakes.
fn first(mistakes: &[Diagnostic]) -> String {
    mistakes
        .first()
        .map_or_else(String::new, ToString::to_string)
}

impl StepError {
    fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}
