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
//! [`model_refit`]: the points of the score held against outcomes, and rules with other points.
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
//! let options = steps::RunOptions { index_date: jiff::civil::date(2026, 2, 1), threads: 2, at: "now".into(), act: None, progress: None };
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
mod dry_run;
mod earlier;
mod effects;
mod erase;
mod error;
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
mod model_refit;
mod model_refit_document;
mod model_shadow;
mod network;
mod not_answered;
mod notes;
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
mod report;
mod report_document;
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
mod worklist_choice;

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
pub use dry_run::{DryRun, Load, TaskLoad, WouldLeave, dry_run};
pub(crate) use effects::replace;
pub use effects::{
    EffectsStatus, EpochFile, Stopped, Switch, effects_status, notice_old_copy, resume, stop,
};
pub use erase::{EraseReport, erase, lift_erasure};
pub use error::StepError;
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
pub use model_refit::{NotRefitted, RefitOptions, model_refit};
pub use model_refit_document::{
    ComparedShown, FitShown, ItemRefitted, LevelRefitted, RefitDocument,
};
pub use model_shadow::{ShadowOptions, ShadowReport, model_shadow};
pub use network::{NetworkReport, PullWay, SliceKnown, ready_to_pull};
pub use not_answered::{NotAnsweredReport, Part};
pub use notes::{LONGEST_NOTE, NotWritten, NoteShown};
pub use opt_outs::{NotOptedOut, OptOutAsked, OptOutShown, opt_out};
pub use precision::precision;
pub use pull::{LineReader, PullOptions, PullReport, export_files, pull};
pub use recheck::recheck;
pub use reconcile::{Difference, Evidence, ReconcileReport, reconcile};
pub use rehearse::{RehearsalReport, level_in_words, rehearse, rehearse_one};
pub use replay::{ReplayOptions, WhichRuns, replay};
pub use replay_document::{DecidedAgain, Replay, ReplayedRun, Verdict};
pub use report::{ProgrammeReport, programme_report};
pub use report_document::ReportDocument;
pub use resident_shown::{Measured, ResidentShown, Series, resident_shown};
pub use retention::{Kind, PastIs, PastPeriod, Removed, RetentionReport, retention};
pub use reviewing::{OrderShown, WaitingOrders};
pub use rules_diff::{
    BookShown, Cell, DiffOptions, Gained, Guard, RulesDiff, kept_rules, rules_diff,
};
pub use run::{RunOptions, RunProgress, run};
pub use run_report::RunReport;
pub use sampling::SamplingReport;
pub use served::{ServedAlone, ServedReport, served_alone};
pub use sources::SourceKnown;
pub use subject_access::{Held, LANGUAGES, SubjectAccess, subject_access};
pub use tasks::{HOLDING, OpenTasks, TaskShown, holding_role};
pub use unmapped::{CodesReport, OverLimit};
pub use what_if::{AsOf, Dimension, WhatIfOptions, what_if};
pub use what_if_document::{AtLevel, ExpectedBy, StratumShown, WhatIf};
pub use worklist::{Waiting, WaitsFor, Worklist, Worklists};
pub use worklist_choice::{Choice, Chosen, Whose};
