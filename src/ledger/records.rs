//! What the ledger records.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use jiff::civil::Date;
use preventiojyraa_core::delivery::{Policy, ReadBack, Route};
use preventiojyraa_core::orders::{ActionKind, Intent};
use preventiojyraa_core::pathway::{Inclusion, OrderedBecause};
use preventiojyraa_core::rulebook::Priority;

use super::links::Link;
use super::{Answer, EntryLink, OptOut, Waiting};
use crate::lake::ManifestFile;
use crate::profile::{ResidentId, SubmissionId, Version};

/// A committed set of lake files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    /// Its number, rising.
    pub number: u32,
    /// Its files.
    pub files: Vec<ManifestFile>,
}

/// An entry of the identity map. Direct identifiers: no `Debug`.
pub struct Identity {
    /// The opaque id.
    pub resident: ResidentId,
    /// `Patient.id` in the source of the pull.
    pub patient_id: String,
    /// National identifier, as sent, and whether it holds.
    pub national_id: Option<(String, bool)>,
    /// Whether a safety non-disclosure is in force.
    pub non_disclosure: bool,
}

/// A line that could not be read, kept whole. Holds what a source sent: no `Debug`.
pub struct Quarantined {
    /// File name in the export.
    pub file: String,
    /// Line in it.
    pub line: u64,
    /// Issue code.
    pub code: &'static str,
    /// The bytes, compressed with zstd.
    pub raw: Vec<u8>,
}

/// A pull, as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRecord {
    /// Its number.
    pub id: u32,
    /// Which source.
    pub source: String,
    /// When it was committed (UTC), for people.
    pub at: String,
    /// Fingerprint of the rules that decided which facts were read.
    pub facts_fingerprint: String,
    /// The report as JSON, opaque here.
    pub report: String,
}

/// A run, as recorded: everything its decisions depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRecord {
    /// Its number.
    pub id: u32,
    /// When it was committed (UTC), for people.
    pub at: String,
    /// The index date, ISO.
    pub index_date: String,
    /// The pull it saw.
    pub pull: u32,
    /// Fingerprint of the whole rule book.
    pub rules_fingerprint: String,
    /// Hash of its decisions.
    pub decisions_hash: String,
    /// Residents decided about.
    pub register: u64,
    /// Version of the program.
    pub program: String,
    /// The newest event of episodes that it saw.
    pub ledger_event: i64,
    /// Whether it asked anything of anybody.
    pub acted: bool,
    /// The recalibration in force that its probabilities are by; nothing for the rule file's.
    pub recalibration: Option<u32>,
    /// The one that its probabilities are by for a share of residents, and the share.
    pub shared: Option<(u32, Inclusion)>,
    /// The report as JSON, opaque here.
    pub report: String,
}

/// A recalibration that somebody's outcomes justify: everything needed to make it again.
#[derive(Debug, Clone, PartialEq)]
pub struct RecalibrationRecord {
    /// Its number.
    pub id: u32,
    /// When it was proposed (UTC), for people.
    pub at: String,
    /// The day of looking back, ISO.
    pub as_of: String,
    /// Version of the program.
    pub program: String,
    /// Fingerprint of the whole rule book.
    pub rules_fingerprint: String,
    /// Model and its version.
    pub model: String,
    /// The rule file's calibration and its version.
    pub base: String,
    /// The recalibration in force that it starts from; nothing for the rule file's numbers.
    pub made_from: Option<u32>,
    /// The last index date of the decisions that it was fitted on, ISO; nothing where that was not
    /// written down.
    pub fitted_until: Option<String>,
    /// What the probability is of.
    pub estimand: String,
    /// The newest pull seen.
    pub pull: u32,
    /// The newest event of episodes seen.
    pub ledger_event: i64,
    /// The runs whose decisions were followed, by number.
    pub runs: String,
    /// SHA-256 over the cases: who, which run, what was decided, what became of it.
    pub cases_hash: String,
    /// How many verified people.
    pub n: u64,
    /// How many of them were confirmed.
    pub events: u64,
    /// Whom it was fitted on.
    pub tested: String,
    /// How updates were tested.
    pub method: String,
    /// Which update was justified.
    pub rung: String,
    /// Added to the log odds.
    pub intercept: f64,
    /// What the log odds are multiplied by.
    pub slope: f64,
    /// The whole report as JSON, opaque here.
    pub report: String,
}

/// An order for tests, as an episode remembers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderedInRound {
    /// Who.
    pub resident: ResidentId,
    /// Which round.
    pub round: u16,
    /// The run that ordered.
    pub run: u32,
    /// Why.
    pub because: OrderedBecause,
}

/// What a pull adds beside lake files.
pub struct PullCommit<'a> {
    /// The record.
    pub record: &'a PullRecord,
    /// New lake files.
    pub files: &'a [ManifestFile],
    /// Files whose rows are all in new ones.
    pub replaced: &'a [ManifestFile],
    /// Codes that no rule knows: resource type, system, code, count.
    pub unmapped: &'a [(String, String, String, u64)],
    /// What the source has deleted of which nothing is stored, and when it said so.
    pub deleted: &'a [(SubmissionId, Version)],
    /// What a source beside the register calls residents, where nobody knew it yet.
    pub links: &'a [Link],
    /// What results say about the orders that they name.
    pub answers: &'a [Answer],
    /// What entries of the register say about others of the same person: each entry all that it says.
    pub entry_links: Option<&'a BTreeMap<ResidentId, BTreeSet<EntryLink>>>,
    /// What a person has put on record that a resident said, when that is all that the pull brings.
    pub by_hand: Option<&'a OptOut>,
    /// Who was erased since their period was over, and lives here again.
    pub returned: &'a [ResidentId],
}

impl<'a> PullCommit<'a> {
    /// A pull that brought no files and says nothing more than its record.
    #[must_use]
    pub const fn of(record: &'a PullRecord) -> Self {
        Self {
            record,
            files: &[],
            replaced: &[],
            unmapped: &[],
            deleted: &[],
            links: &[],
            answers: &[],
            entry_links: None,
            by_hand: None,
            returned: &[],
        }
    }
}

/// What a run adds when it acts; written in the transaction that records the run.
#[derive(Default)]
pub struct ActCommit {
    /// What each resident's decision asks of the world.
    pub intents: Vec<(ResidentId, Intent)>,
    /// Things for people to look at.
    pub tasks: Vec<NewTask>,
    /// The channel that takes each kind of act.
    pub channels: Vec<(ActionKind, ChannelTerms)>,
}

/// What became of [`ActCommit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Acted {
    /// Orders put into the outbox.
    pub planned: u64,
    /// Orders that were there already.
    pub repeated: u64,
    /// Residents whose episode had moved on since it was read; the next run decides again.
    pub moved_on: u64,
    /// Orders that are to be taken back at the other side.
    pub cancelled: u64,
    /// Tasks opened.
    pub tasks: u64,
    /// Who waits for their turn to be asked, afterwards.
    pub asking: Option<Waiting>,
}

/// Something for a person to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTask {
    /// About whom.
    pub resident: ResidentId,
    /// What: the id of a row of the pathway, or a code of this program.
    pub code: String,
    /// How soon.
    pub priority: Priority,
    /// Since when.
    pub opened_on: Date,
    /// Until when somebody should have looked.
    pub due: Date,
    /// The day of the fact it rests on: the same matter with a newer fact is another task.
    pub about: Option<Date>,
}

/// What leaves only once a person has approved it; what somebody has held never does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reviewing {
    /// Nothing.
    Nothing,
    /// Tests of residents who were drawn by lot from those below the action level.
    Drawn,
    /// Everything.
    Everything,
}

/// What the ledger needs to know of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelTerms {
    /// Its name in the configuration.
    pub name: String,
    /// The server's name there: channels to one server share its pace.
    pub server: String,
    /// The source whose names for residents its server understands.
    pub source: String,
    /// Whether it can be asked, by whichever way an order may have left, and how long to wait
    /// before it is.
    pub policy: Policy,
    /// Ways about which something else holds: whether the other side can be asked there.
    pub read_backs: BTreeMap<Route, ReadBack>,
    /// What leaves only once a person has approved it.
    pub reviewing: Reviewing,
    /// Requests a minute, by all processes together.
    pub per_minute: u32,
    /// How long a claim holds: more than twice as long as a request may take.
    pub lease: SignedDuration,
    /// How long a request may take.
    pub request_deadline: SignedDuration,
}

impl ChannelTerms {
    /// What holds for an order that left by a way; by an unknown one, what holds for all of them.
    #[must_use]
    pub fn policy_of(&self, way: Option<Route>) -> Policy {
        let read_back = way.and_then(|way| self.read_backs.get(&way));
        Policy {
            read_back: read_back.copied().unwrap_or(self.policy.read_back),
            ..self.policy
        }
    }
}
