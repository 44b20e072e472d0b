//! What every rule file says about itself.

use super::reader::Table;

/// Whether people have signed a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nobody has signed it; it may be looked at, not acted on.
    Draft,
    /// Signed by the medical lead.
    InForce,
}

/// Where a rule's numbers come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Who wrote it.
    pub author: String,
    /// When.
    pub year: i16,
    /// What.
    pub title: String,
    /// The table, question or page.
    pub locator: String,
    /// Whether the source itself was seen.
    pub verified: bool,
}

/// The head of a rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The rule's name, used by other files.
    pub id: String,
    /// Its version; a changed number is a new version.
    pub version: String,
    /// Draft or in force.
    pub status: Status,
    /// What it is, in a sentence.
    pub summary: String,
    /// Why it is so.
    pub why: String,
    /// Where it is known not to hold.
    pub limits: Vec<String>,
    /// Where it comes from.
    pub source: Source,
}

impl Header {
    pub(super) fn read(root: &Table<'_>) -> Option<Self> {
        let id = root.text("id");
        let version = root.text("version");
        let status = root.word(
            "status",
            &[("draft", Status::Draft), ("in-force", Status::InForce)],
        );
        let summary = root.text("summary");
        let why = root.text("why");
        if !root.has("limits") {
            root.report("rule-missing-key", "`limits` is missing");
        }
        let limits = root.texts("limits");
        let source = read_source(root);
        Some(Self {
            id: id?.to_owned(),
            version: version?.to_owned(),
            status: status?,
            summary: summary?.to_owned(),
            why: why?.to_owned(),
            limits: limits.into_iter().map(str::to_owned).collect(),
            source: source?,
        })
    }
}

pub(super) fn read_source(root: &Table<'_>) -> Option<Source> {
    if !root.has("source") {
        root.document.report(
            root.span(),
            "rule-without-source",
            "`[source]` is missing",
            Some("name author, year, title and the table or page".to_owned()),
        );
        return None;
    }
    let table = root.table("source")?;
    let author = table.text("author");
    let year = table.whole("year");
    let title = table.text("title");
    let locator = table.text("locator");
    if !table.has("verified") {
        table.report(
            "rule-missing-key",
            "`verified` is missing: has the source itself been seen?",
        );
    }
    let verified = table.optional_flag("verified");
    if let (Some(false), Some(title)) = (verified, title) {
        table.note_unverified(&format!("the source itself was not seen: {title}"));
    }
    table.finish();
    Some(Source {
        author: author?.to_owned(),
        year: year?,
        title: title?.to_owned(),
        locator: locator?.to_owned(),
        verified: verified?,
    })
}
