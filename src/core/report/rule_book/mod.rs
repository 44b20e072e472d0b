//! A rule book as a person reads it before signing: every file, every number, nothing left out.
//!
//! The files are walked as trees, so that a key that this room does not know is shown
//! all the same, as a line of its own. What is not verified is marked beside it.

mod cells;
mod render;
mod sections;
mod words;

pub use render::{rule_book_page, rule_book_text};

use crate::rulebook::{Language, RuleFile, Rulebook, Status, tree};
use sections::{file_section, language_of};
use words::Words;

/// What is known of a rule book beside its files.
#[derive(Debug, Clone, Default)]
pub struct RuleBookSubject {
    /// Who has signed it and when, or why nobody's signature holds.
    pub signature: Option<Result<(String, String), String>>,
    /// Rules of it that are marked faulty, in words.
    pub faulty: Vec<String>,
}

/// A rule book, laid out for reading.
#[derive(Debug, Clone)]
pub struct RuleBookShown {
    language: Language,
    title: String,
    blocks: Vec<Block>,
}

/// A part of what is read.
#[derive(Debug, Clone)]
enum Block {
    Heading(u8, String),
    Paragraph(String),
    Caution(String),
    List(Vec<String>),
    Table(Table),
}

/// A table; the first cell of a row names it.
#[derive(Debug, Clone, Default)]
struct Table {
    head: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

/// What stands in one place of a table: lines, some of them a mark that something is not verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Cell {
    lines: Vec<Line>,
}

/// A line of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Line {
    Plain(String),
    Unverified(String),
}

impl Cell {
    fn of(text: impl Into<String>) -> Self {
        Self {
            lines: vec![Line::Plain(text.into())],
        }
    }
}

/// The order in which the files are read: what decides comes before what it is made of.
const FOLDERS: [&str; 8] = [
    "programmes/",
    "scores/",
    "calibrations/",
    "thresholds/",
    "pathways/",
    "orders/",
    "texts/",
    "questionnaires/",
];

/// Lays out a rule book in a language. The prose of the rules is as it stands in the files; texts for
/// people are those of the language.
#[must_use]
pub fn rule_book_shown(
    rulebook: &Rulebook,
    subject: &RuleBookSubject,
    language: Language,
) -> RuleBookShown {
    let words = Words(language);
    let header = &rulebook.programme.header;
    let mut blocks = opening(rulebook, subject, words);
    let mut files: Vec<&RuleFile> = rulebook.files.iter().collect();
    let place = |file: &RuleFile| {
        let known = FOLDERS
            .iter()
            .position(|folder| file.path.starts_with(folder));
        known.unwrap_or(FOLDERS.len())
    };
    files.sort_by_key(|file| (place(file), !is_in_force(rulebook, file), file.path.clone()));
    for file in files {
        let Some(tree) = tree::tree(file) else {
            continue;
        };
        if language_of(&tree).is_none_or(|known| known == language.code()) {
            let in_force = is_in_force(rulebook, file);
            blocks.extend(file_section(rulebook, file, &tree, in_force, words));
        }
    }
    blocks.push(Block::Heading(2, words.say("all not verified").to_owned()));
    let all = rulebook.unverified.iter();
    let all = all.map(|entry| format!("{}:{}: {}", entry.file, entry.line, entry.why));
    blocks.push(Block::List(all.collect()));
    RuleBookShown {
        language,
        title: format!("{}: {}", words.say("rule book"), header.summary),
        blocks,
    }
}

/// Whether the programme uses a file; facts are always used.
fn is_in_force(rulebook: &Rulebook, file: &RuleFile) -> bool {
    let programme = &rulebook.programme;
    let name = rulebook.names.iter().find(|name| name.file == file.path);
    let named = [
        Some(&programme.header.id),
        Some(&programme.model),
        Some(&programme.calibration),
        programme.display_calibration.as_ref(),
        Some(&programme.thresholds),
        Some(&programme.pathway),
        Some(&programme.orders),
        programme.form.as_ref(),
    ];
    // What a ladder uses is as much in force as the ladder.
    let is_rung = rulebook.model.models().any(|model| model.file == file.path);
    let is_named =
        is_rung || name.is_some_and(|name| named.into_iter().flatten().any(|id| *id == name.id));
    let chosen = [
        "scores/",
        "calibrations/",
        "thresholds/",
        "pathways/",
        "orders/",
    ];
    is_named || !chosen.iter().any(|folder| file.path.starts_with(folder))
}

fn opening(rulebook: &Rulebook, subject: &RuleBookSubject, words: Words) -> Vec<Block> {
    let header = &rulebook.programme.header;
    let mut blocks = Vec::new();
    for faulty in &subject.faulty {
        let text = format!("{}: {faulty}", words.say("faulty"));
        blocks.push(Block::Caution(text));
    }
    blocks.push(Block::Paragraph(words.say("device").to_owned()));
    let standing = match (header.status, rulebook.programme.in_force) {
        (Status::InForce, Some(period)) => {
            format!(
                "{} {} – {}",
                words.say("in force"),
                period.from,
                period.until
            )
        }
        (Status::InForce, None) | (Status::Draft, _) => words.say("draft").to_owned(),
    };
    let signed = match &subject.signature {
        None => words.say("nobody signed").to_owned(),
        Some(Ok((name, at))) => format!("{name}, {at}"),
        Some(Err(why)) => format!("{}: {why}", words.say("signature fails")),
    };
    let row = |name: &'static str, value: String| vec![Cell::of(words.say(name)), Cell::of(value)];
    let unverified = rulebook.unverified.len();
    blocks.push(Block::Table(Table {
        head: Vec::new(),
        rows: vec![
            row("programme", format!("{} {}", header.id, header.version)),
            row("fingerprint", rulebook.fingerprint.clone()),
            row("status", standing),
            row("signed by", signed),
            row("files", rulebook.files.len().to_string()),
            row("not verified count", unverified.to_string()),
            row("approve", words.say("approve line").to_owned()),
        ],
    }));
    blocks.push(Block::Paragraph(words.say("how to read").to_owned()));
    blocks
}
