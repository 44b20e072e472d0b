//! Why a step did not finish, in words for whoever called it.

use std::path::PathBuf;

use super::{NotOptedOut, NotPromoted, NotRefitted, OverLimit};
use crate::config::{BY_HAND, NoEffects};
use crate::lake::LakeError;
use crate::learning::NoPoints;
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
    /// The score cannot be refitted.
    #[error(transparent)]
    NoPoints(#[from] NoPoints),
    /// No rules with new points were written.
    #[error(transparent)]
    NotRefitted(#[from] NotRefitted),
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
pub(super) fn first(mistakes: &[Diagnostic]) -> String {
    mistakes
        .first()
        .map_or_else(String::new, ToString::to_string)
}

impl StepError {
    pub(super) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}
