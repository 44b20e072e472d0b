//! Lake: facts, register, issues and decisions as Parquet files that any tool reads.
//!
//! # What lives here
//!
//! The columns of each table ([`Table`]), version by version, writing and reading them, and the
//! [`Store`]: a folder in which whole generations of files appear at once; [`Away`], the same lake
//! in a bucket of an object store or in a folder elsewhere. No decision is made here, and no direct
//! identifier is stored here.
//!
//! # How the data flows
//!
//! `steps` hands rows to the staging functions of [`Store`]; [`Store::send`] brings the files to where the lake
//! lies; the ledger commits their names; then [`Store::publish`] moves them into place. Foreign readers
//! look at `lake/current/<table>/*.parquet` and see whole generations only; in a bucket they read the
//! list `generations/<n>.csv` with the largest number.
//!
//! # Invariants
//!
//! * Files are immutable and named by the SHA-256 of their content.
//! * `current` points at a whole generation at every instant; the one before it stays for those who read it.
//! * Every file says of which version its columns are. All earlier versions are read; a newer one, and
//!   a file that is not what it says, is refused by name before anything is changed.
//! * What the ledger names lies in the bucket before it is named there, and a generation's list is
//!   never overwritten; what is fetched is taken only when its content is what its name says.
//! * Rewriting files changes no row: each row is read back and compared. So a generation holds
//!   whatever any run on record saw, and none before it is needed to decide again. Only an erasure
//!   leaves rows out, all those about one resident.
//! * The ledger decides what belongs to a generation; whatever else lies in the
//!   folder is deleted at the next start.
//! * A resident under a safety non-disclosure has a null district in every table.
//!
//! # Example
//!
//! ```
//! use preventiojyraa::lake::{Store, Table};
//!
//! let folder = std::env::temp_dir().join(format!("lake-example-{}", std::process::id()));
//! let store = Store::open(&folder)?;
//! assert_eq!(store.files(Table::Facts)?.len(), 0);
//! std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Why it is so
//!
//! A file format that only this program reads would make every question of a
//! researcher our work. Hard links in a folder per generation cost nothing and
//! give `DuckDB` and pandas the same all-or-nothing view as ourselves; a
//! transaction log in the lake would need a reader that knows it. Small files are folded into larger
//! ones as pulls come: a year of daily pulls would otherwise be hundreds of files to read from at once.
//!
//! In a bucket the pointer to the newest generation is a list that is created on condition that it is
//! not there, not one object that is replaced: every S3-compatible store refuses the second of two
//! creations, replacing on condition of an earlier version is rarer, and a reader holds on to a
//! generation by its number. Steps that write ask the place before they commit and fail when it does
//! not answer: a commit whose files are on one disk only is what the bucket is there to prevent.
//!
//! A version can only add columns, and rows of before have null there: whoever reads old and new
//! files together, with whatever tool, then asks one question of both. How a column is added is said
//! at the top of `layout.rs`.

mod about;
mod away;
mod check;
mod compact;
mod copy;
mod decisions;
mod digest;
mod erase;
mod facts;
mod fold;
mod folder;
mod foreign;
mod issues;
mod layout;
mod parquet_file;
mod register;
mod spill;
mod store;
mod tables;
pub(crate) use folder::{not_private, private_folder};

pub use about::RowInWords;
pub use away::{Away, Lying, Place, Trouble};
pub use check::{Problem, TableLying};
pub use compact::{Compacted, ROWS_OF_A_FULL_FILE};
pub use decisions::{DecisionRow, DecisionsHash};
pub use erase::Without;
pub use facts::FactStreams;
pub use fold::Folded;
pub use foreign::{Cell, ForeignError};
pub(crate) use foreign::{is_parquet, read_foreign};
pub use issues::IssueRow;
pub use layout::FileVersion;
pub use register::{RegisterRow, RegisterStreams};
pub(crate) use spill::{Sorted, Sorter, SpillFile, Spilled, Spool};
pub use store::{ManifestFile, Staged, Store};

use std::path::PathBuf;

/// The tables of the lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Dated facts, sorted by resident.
    Facts,
    /// Register entries, sorted by resident.
    Register,
    /// What was wrong with what was sent.
    Issues,
    /// One decision per resident and run, sorted by resident.
    Decisions,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 4] = [Self::Facts, Self::Register, Self::Issues, Self::Decisions];

    /// Its folder name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Facts => "facts",
            Self::Register => "register",
            Self::Issues => "issues",
            Self::Decisions => "decisions",
        }
    }
}

/// Why the lake could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// A file or folder operation failed.
    #[error("lake: cannot {action} `{path}`")]
    Io {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A Parquet file could not be written or read.
    #[error("lake: Parquet in table `{table}`")]
    Parquet {
        /// Which table.
        table: &'static str,
        /// Why.
        #[source]
        source: parquet::errors::ParquetError,
    },
    /// A file of a later version of the program.
    #[error(
        "lake: `{file}` of table `{table}` is of version {found}, this program knows 1 to {known}\nhint: use the program that wrote it, or a newer one; nothing was changed"
    )]
    Newer {
        /// Which table.
        table: &'static str,
        /// Which file.
        file: String,
        /// Its version.
        found: u32,
        /// The newest that is known here.
        known: u32,
    },
    /// A file whose columns are not those of its version.
    #[error(
        "lake: `{file}` of table `{table}` is not what it says: {what}\nhint: restore the file from a backup; nothing was changed"
    )]
    Layout {
        /// Which table.
        table: &'static str,
        /// Which file.
        file: String,
        /// What differs, and what was expected.
        what: String,
    },
    /// Compacting would have changed what is known.
    #[error(
        "lake: the rows of table `{table}` did not come out as they went in\nhint: nothing was changed; is the disk sound? If so, this is a mistake of the program"
    )]
    RowsDiffer {
        /// Which table.
        table: &'static str,
    },
    /// A committed file is gone.
    #[error(
        "lake: `{file}` was committed and is neither staged nor in place\nhint: restore the data folder from a backup; where the lake lies away as well, the next command that writes fetches it"
    )]
    Lost {
        /// Its name.
        file: String,
    },
    /// A copy that is not what was committed.
    #[error(
        "lake: the copy of `{file}` is not what was committed\nhint: `preventio fsck` says whether the original is; is the disk sound?"
    )]
    Copied {
        /// Its name.
        file: String,
    },
    /// The place where the lake lies did not do what was asked.
    #[error(
        "lake: cannot {action} `{name}` at `{at}`\nhint: nothing was lost; the same command goes on when the place answers again"
    )]
    Away {
        /// What was asked.
        action: &'static str,
        /// Of which object.
        name: String,
        /// Where.
        at: String,
        /// Why.
        #[source]
        source: Trouble,
    },
    /// The place where the lake lies cannot be opened.
    #[error("lake: cannot open `{at}`")]
    Closed {
        /// Where.
        at: String,
        /// Why.
        #[source]
        source: Trouble,
    },
    /// A fetched file is not what its name says.
    #[error(
        "lake: `{name}` at `{at}` has other content than when it was committed; it was not taken\nhint: restore the object from the bucket's own versions or a backup"
    )]
    OtherContent {
        /// Which object.
        name: String,
        /// Where.
        at: String,
    },
    /// Another ledger's lake lies there.
    #[error(
        "lake: `{at}` holds the lake of another data folder\nhint: each data folder needs a prefix of its own"
    )]
    OthersLake {
        /// Where.
        at: String,
    },
    /// The place is further than the ledger.
    #[error(
        "lake: `{at}` is at generation {there}, this data folder at {here}\nhint: this ledger is an old copy, or a copy of it writes elsewhere; restore the newest ledger, or give this one a place of its own (`preventio lake move`)"
    )]
    Ahead {
        /// Where.
        at: String,
        /// The newest generation there.
        there: u32,
        /// The newest generation here.
        here: u32,
    },
    /// The place is behind the ledger.
    #[error(
        "lake: readers of `{at}` do not see generation {here} yet\nhint: the next command that writes shows it to them"
    )]
    Behind {
        /// Where.
        at: String,
        /// The newest generation here.
        here: u32,
    },
    /// The place has other files under the same number.
    #[error(
        "lake: generation {generation} at `{at}` has other files than this data folder committed: two data folders write to one place\nhint: find the other one; give one of them a place of its own (`preventio lake move`)"
    )]
    TwoWriters {
        /// Where.
        at: String,
        /// Which generation.
        generation: u32,
    },
    /// Rows that waited on disk came back as something else.
    #[error("lake: rows that waited on disk came back as something else\nhint: is the disk sound?")]
    Spilled,
    /// A file does not hold what its table promises.
    #[error("lake: table `{table}` holds {what}")]
    Content {
        /// Which table.
        table: &'static str,
        /// What is wrong.
        what: String,
    },
}

impl LakeError {
    fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    fn content(table: Table, what: impl Into<String>) -> Self {
        Self::Content {
            table: table.name(),
            what: what.into(),
        }
    }
}
