//! Ledger: the SQL memory of what was done, and the only commit point.
//!
//! # What lives here
//!
//! Pulls, runs, generations of lake files, the identity map, the quarantine;
//! the events of episodes, the outbox, tasks, who stopped effects, the rule
//! books that runs used, which rules were found faulty, and who did and saw
//! what: in one `SQLite` file behind a synchronous door. No decisions of its own: what an
//! event means for an episode or an order is asked of the core, inside the
//! transaction. What is sent and received is opaque bytes here.
//!
//! # How the data flows
//!
//! `steps` stages files in the lake, then calls [`Ledger::commit_pull`] or
//! [`Ledger::commit_run`]: one transaction names the files and records the act.
//! What is not committed here did not happen. A dispatcher calls
//! [`Ledger::take`] before anything leaves and [`Ledger::save`] after.
//!
//! # Invariants
//!
//! * A transaction is on disk before its function returns (WAL, `synchronous = FULL`).
//! * Direct identifiers live in `identity` and `quarantine`, nowhere else.
//! * Rows of pulls, runs and episode events are never changed; an erasure or the end of a period alone takes rows away.
//! * A run, its rules, events, orders and tasks are one transaction.
//! * Leases are judged by the database's clock, and only inside transactions.
//!
//! # Example
//!
//! ```
//! use preventiojyraa::ledger::Ledger;
//!
//! let folder = std::env::temp_dir().join(format!("ledger-example-{}", std::process::id()));
//! std::fs::create_dir_all(&folder)?;
//! let ledger = Ledger::open(&folder.join("ledger.sqlite"))?;
//! assert!(ledger.generation()?.is_none());
//! std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Why it is so
//!
//! One embedded database gives a transaction over everything that must happen
//! together, without a server to run. The door is synchronous: a driver thread
//! that blocks is easier to reason about than one that is cancelled half-way.

mod act;
mod answers;
mod asking;
mod audit;
mod backup;
mod by_hand;
mod cards;
mod clock;
mod coming_back;
mod deletions;
mod departures;
mod due;
mod effects;
mod episodes;
mod erasures;
mod faulty;
mod handout;
mod handovers;
mod links;
mod models;
mod names;
mod notes;
mod opt_outs;
mod outbox;
mod outbox_row;
mod pace;
mod persons;
mod pulls;
mod recalibrations;
mod rechecked;
mod records;
mod removals;
mod reviews;
mod rule_books;
mod runs;
mod schema;
mod served;
mod settings;
mod tasks;
mod timeline;
mod undone;
mod untouched;
mod words;
mod write;

pub use answers::{Answer, Answered, LeftOrder, OrderStanding};
pub use asking::Waiting;
pub use audit::{AuditAct, AuditBroken, AuditEntry, AuditHead, AuditRecord};
pub use cards::{CardFeedback, CardOutcome, CardShown};
pub use clock::Clock;
pub use coming_back::StaysAway;
pub use departures::{Departure, Gone};
pub use effects::{EffectsChange, EffectsEntry, Epoch};
pub use episodes::EpisodeMap;
pub use erasures::{
    AboutResident, EraseCommit, Erased, ErasedRun, ErasedSince, LineSetAside, NotErased,
};
pub use faulty::{AskedAct, FaultyRule};
pub use handout::{Addressee, Handed, NotExpressible, TakeOptions, WordedBy, Written};
pub use handovers::{Holder, Matter, NotHandedOver};
pub use links::Link;
pub use models::{ModelChangeRecord, ModelShadow, ModelSignature};
pub use notes::{NotNoted, Note};
pub use opt_outs::{OptOut, OptOutChange};
pub use outbox::{RowView, Seen};
pub use persons::EntryLink;
pub use rechecked::{Checked, Stamp, Turn, Verdict};
pub use records::{
    ActCommit, Acted, ChannelTerms, Generation, Identity, NewTask, OrderedInRound, PullCommit,
    PullRecord, Quarantined, RecalibrationRecord, Reviewing, RunRecord,
};
pub use removals::Removal;
pub use reviews::{
    NotReviewed, NotTakenBack, Review, Reviewed, ReviewedAll, TakenBack, WaitingOrder,
};
pub use runs::WouldAct;
pub use served::{ServedOutcome, ServedStep};
pub use tasks::{NotClosed, OpenTask};
pub use timeline::{Happened, Happening, OpenOrder, When, WorkStamp};
pub use words::WordedOrder;

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use crate::lake::{LakeError, ManifestFile, Table};
use crate::profile::ResidentId;
use write::add_generation;

/// Why the ledger could not be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file could not be created.
    #[error("ledger: cannot create the file")]
    Create(#[source] std::io::Error),
    /// The database said no.
    #[error("ledger: {action}")]
    Sql {
        /// What was tried.
        action: &'static str,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// A newer program wrote this ledger.
    #[error("ledger: written by a newer program (schema {found}, this program knows {known})")]
    Newer {
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// A row to be written could not be had.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A row that should not be possible.
    #[error("ledger: {0}")]
    Content(String),
}

fn sql(action: &'static str) -> impl FnOnce(rusqlite::Error) -> LedgerError {
    move |source| LedgerError::Sql { action, source }
}

/// The ledger's door.
pub struct Ledger {
    connection: Connection,
    clock: Clock,
}

impl Ledger {
    /// Opens the file, creating it and its tables when they are not there.
    ///
    /// # Errors
    ///
    /// When the file cannot be created or opened, or a newer program wrote it.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        // Created here, so that the database and its log are private from the first byte.
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(LedgerError::Create)?;
        let connection = Connection::open(path).map_err(sql("cannot open"))?;
        connection
            .busy_timeout(std::time::Duration::from_secs(30))
            .map_err(sql("cannot set up"))?;
        connection
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(sql("cannot set up"))?;
        connection
            .pragma_update(None, "synchronous", "FULL")
            .map_err(sql("cannot set up"))?;
        connection
            .pragma_update(None, "foreign_keys", true)
            .map_err(sql("cannot set up"))?;
        Self::prepared(connection, Clock::Database)
    }

    /// A ledger in memory under a simulated clock, gone with its door.
    ///
    /// # Errors
    ///
    /// When the tables cannot be made.
    pub fn simulated(clock: Clock) -> Result<Self, LedgerError> {
        let connection = Connection::open_in_memory().map_err(sql("cannot open"))?;
        Self::prepared(connection, clock)
    }

    fn prepared(mut connection: Connection, clock: Clock) -> Result<Self, LedgerError> {
        schema::migrate(&mut connection)?;
        // The outbox alone has some thirty statements; the default of sixteen parses them anew.
        connection.set_prepared_statement_cache_capacity(128);
        Ok(Self { connection, clock })
    }

    /// Records files that hold the rows of those they replace, and nothing else.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be written; then nothing of it is written.
    pub fn commit_compacted(
        &mut self,
        files: &[ManifestFile],
        replaced: &[ManifestFile],
    ) -> Result<Generation, LedgerError> {
        let action = "cannot commit the compacted files";
        let transaction = self.begin(action)?;
        add_generation(&transaction, files, replaced).map_err(sql(action))?;
        transaction.commit().map_err(sql(action))?;
        self.committed()
    }

    /// The number of the newest committed generation.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn generation_number(&self) -> Result<Option<u32>, LedgerError> {
        self.connection
            .query_row("SELECT max(id) FROM generation", [], |row| row.get(0))
            .map_err(sql("cannot read the generation"))
    }

    /// The newest committed generation.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn generation(&self) -> Result<Option<Generation>, LedgerError> {
        let Some(number) = self.generation_number()? else {
            return Ok(None);
        };
        let mut statement = self
            .connection
            .prepare("SELECT table_name, sha256, bytes, rows FROM lake_file WHERE folded IS NULL ORDER BY id")
            .map_err(sql("cannot read lake files"))?;
        let rows = statement
            .query_map([], |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                ))
            })
            .map_err(sql("cannot read lake files"))?;
        let mut files = Vec::new();
        for row in rows {
            let (name, sha256, bytes, rows): (String, String, i64, i64) =
                row.map_err(sql("cannot read lake files"))?;
            let table = Table::ALL.into_iter().find(|table| table.name() == name);
            files.push(ManifestFile {
                table: table
                    .ok_or_else(|| LedgerError::Content(format!("unknown table `{name}`")))?,
                sha256,
                bytes: bytes.cast_unsigned(),
                rows: rows.cast_unsigned(),
            });
        }
        files.sort();
        files.dedup();
        Ok(Some(Generation { number, files }))
    }

    fn begin(&mut self, action: &'static str) -> Result<Transaction<'_>, LedgerError> {
        self.connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(sql(action))
    }

    fn committed(&self) -> Result<Generation, LedgerError> {
        self.generation()?
            .ok_or_else(|| LedgerError::Content("a commit left no generation".into()))
    }

    /// Residents whom any source calls by this `Patient.id`.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn residents_called(&self, patient_id: &str) -> Result<Vec<ResidentId>, LedgerError> {
        let action = "cannot read the identity map";
        let mut statement = self
            .connection
            .prepare(
                "SELECT resident FROM identity WHERE patient_id = ?1
                 UNION
                 SELECT resident FROM link AS newest
                 WHERE patient_id = ?1 AND resident IS NOT NULL
                   AND NOT EXISTS (SELECT 1 FROM link AS later
                                   WHERE later.source = newest.source
                                     AND later.patient_id = newest.patient_id
                                     AND newest.pull < later.pull)
                 ORDER BY resident",
            )
            .map_err(sql(action))?;
        let rows = statement
            .query_map([patient_id], |row| row.get::<_, [u8; 16]>(0))
            .map_err(sql(action))?;
        rows.map(|row| row.map(ResidentId::from_bytes).map_err(sql(action)))
            .collect()
    }

    /// What the source calls a resident; for talking to that source only.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn patient_id(&self, resident: ResidentId) -> Result<Option<String>, LedgerError> {
        self.connection
            .query_row(
                "SELECT patient_id FROM identity WHERE resident = ?1",
                [resident.as_bytes()],
                |row| row.get(0),
            )
            .optional()
            .map_err(sql("cannot read the identity map"))
    }

    /// The residents who hold a national identifier.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn holders(&self, national_id: &str) -> Result<Vec<ResidentId>, LedgerError> {
        let action = "cannot read the identity map";
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT resident FROM identity WHERE national_id = ?1 ORDER BY resident",
            )
            .map_err(sql(action))?;
        let rows = statement
            .query_map([national_id], |row| row.get::<_, [u8; 16]>(0))
            .map_err(sql(action))?;
        rows.map(|row| row.map(ResidentId::from_bytes).map_err(sql(action)))
            .collect()
    }

    /// Residents with a safety non-disclosure in force.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn non_disclosed(&self) -> Result<HashSet<ResidentId>, LedgerError> {
        let action = "cannot read the identity map";
        let mut statement = self
            .connection
            .prepare("SELECT resident FROM identity WHERE non_disclosure = 1")
            .map_err(sql(action))?;
        let rows = statement
            .query_map([], |row| row.get::<_, [u8; 16]>(0))
            .map_err(sql(action))?;
        rows.map(|row| row.map(ResidentId::from_bytes).map_err(sql(action)))
            .collect()
    }

    /// Whether nobody may know where a resident lives.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn is_non_disclosed(&self, resident: ResidentId) -> Result<bool, LedgerError> {
        self.connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM identity WHERE resident = ?1 AND non_disclosure = 1)",
            )
            .and_then(|mut statement| statement.query_row([resident.as_bytes()], |row| row.get(0)))
            .map_err(sql("cannot read the identity map"))
    }

    /// How many people the identity map knows.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn n_identities(&self) -> Result<u64, LedgerError> {
        self.connection
            .query_row("SELECT count(*) FROM identity", [], |row| {
                row.get::<_, i64>(0)
            })
            .map(i64::cast_unsigned)
            .map_err(sql("cannot read the identity map"))
    }

    /// What the database itself finds wrong with its file; empty when nothing.
    ///
    /// # Errors
    ///
    /// When the check cannot be run.
    pub fn integrity(&self) -> Result<Vec<String>, LedgerError> {
        let action = "cannot check the file";
        let mut statement = self
            .connection
            .prepare("PRAGMA integrity_check")
            .map_err(sql(action))?;
        let rows = statement
            .query_map([], |row| row.get::<_, String>(0))
            .map_err(sql(action))?;
        let lines: Result<Vec<String>, _> = rows.collect();
        Ok(lines
            .map_err(sql(action))?
            .into_iter()
            .filter(|line| line != "ok")
            .collect())
    }
}
