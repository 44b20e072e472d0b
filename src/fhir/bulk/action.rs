//! What an export asks its driver to do.

use jiff::Timestamp;

use super::job::Failure;
use super::manifest::FileKind;

/// What to ask of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// For an export.
    KickOff,
    /// How far it is.
    Status(String),
    /// To forget it.
    Delete(String),
}

/// What to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// Where it is.
    pub url: String,
    /// Whether the token goes along.
    pub with_token: bool,
    /// What it holds.
    pub kind: FileKind,
    /// The name it gets, without the ending of its packing.
    pub name: String,
}

/// What to do; in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Write the job to disk before anything that follows.
    Save,
    /// Ask, and say what was heard.
    Ask(Call),
    /// Fetch a file, and say what came of it.
    Fetch(Fetch),
    /// Wait until then.
    WaitUntil(Timestamp),
    /// Tell people.
    Tell(String),
    /// Remove files that were fetched.
    Clear,
    /// Every file is here: store its facts, and say so.
    Store,
    /// Forget the job.
    Forget,
    /// It is over.
    Ended(Option<Failure>),
}

/// When an export is given up.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// After so many days.
    pub days: u32,
}
