//! Values of rule files in words.

use super::words::Words;
use super::{Cell, Line};
use crate::rulebook::Rulebook;
use crate::rulebook::tree::{Entry, Tree};

/// Keys that say how sure something is; the mark says it.
const MARKS: [&str; 2] = ["verified", "why"];
/// Keys that say where a stretch begins and ends.
const ENDS: [&str; 4] = ["from", "above", "below", "to"];

/// How values of one file are told.
#[derive(Clone, Copy)]
pub(super) struct Telling<'a> {
    pub(super) rulebook: &'a Rulebook,
    pub(super) words: Words,
    /// Whether no number here is verified: why is said above.
    pub(super) is_in_doubt: bool,
}

/// Why something is not verified: a table says so itself.
pub(super) fn doubt(tree: &Tree) -> Option<&str> {
    let unverified = tree.get("verified").and_then(Tree::scalar) == Some("false");
    unverified.then(|| tree.get("why").and_then(Tree::scalar).unwrap_or(""))
}

/// Every reason for doubt in a value, wherever it stands in it.
pub(super) fn doubts<'t>(tree: &'t Tree, found: &mut Vec<&'t str>) {
    found.extend(doubt(tree));
    match tree {
        Tree::Table(entries) => entries.iter().for_each(|entry| doubts(&entry.value, found)),
        Tree::List(parts) => parts.iter().for_each(|part| doubts(part, found)),
        Tree::Text(_) | Tree::Number(_) | Tree::Flag(_) => {}
    }
}

impl Telling<'_> {
    /// A value as a cell, with a mark for each reason to doubt it.
    pub(super) fn cell(self, value: &Tree) -> Cell {
        let mut cell = Cell {
            lines: self.lines(value).into_iter().map(Line::Plain).collect(),
        };
        cell.lines
            .retain(|line| *line != Line::Plain(String::new()));
        let mut reasons = Vec::new();
        doubts(value, &mut reasons);
        if has_number(value) && self.is_in_doubt {
            reasons.push("");
        }
        reasons.dedup();
        cell.lines
            .extend(reasons.into_iter().map(|why| self.mark(why)));
        cell
    }

    pub(super) fn mark(self, why: &str) -> Line {
        let words = self.words.say("not verified");
        Line::Unverified(match why {
            "" => words.to_owned(),
            why => format!("{words}: {why}"),
        })
    }

    /// A value in words, a line for each part.
    pub(super) fn lines(self, value: &Tree) -> Vec<String> {
        match value {
            Tree::Text(text) => text.trim().lines().map(|line| self.name(line)).collect(),
            Tree::Number(text) => vec![text.clone()],
            Tree::Flag(true) => vec![self.words.say("yes").to_owned()],
            Tree::Flag(false) => vec![self.words.say("no").to_owned()],
            Tree::List(parts) if value.is_flat_list() => {
                let parts = parts.iter().filter_map(Tree::scalar);
                vec![
                    parts
                        .map(|part| self.name(part))
                        .collect::<Vec<_>>()
                        .join(", "),
                ]
            }
            Tree::List(parts) => parts.iter().map(|part| self.phrase(part)).collect(),
            Tree::Table(entries) if entries.iter().all(|e| e.value.scalar().is_some()) => {
                vec![self.phrase(value)]
            }
            Tree::Table(entries) => {
                let told = entries.iter().filter(|entry| !MARKS.contains(&&*entry.key));
                let lines = told.flat_map(|entry| {
                    let key = self.key(&entry.key);
                    let lines = self.lines(&entry.value).into_iter();
                    lines.map(move |line| format!("{key}: {line}"))
                });
                lines.collect()
            }
        }
    }

    /// A table on one line: a stretch first, then what it means.
    pub(super) fn phrase(self, value: &Tree) -> String {
        let Tree::Table(entries) = value else {
            return self.lines(value).join(", ");
        };
        let rest = entries.iter().filter(|entry| {
            let is_end = ENDS.contains(&&*entry.key) && entry.value.scalar().is_some();
            !MARKS.contains(&&*entry.key) && !is_end
        });
        let rest: Vec<String> = rest.map(|entry| self.pair(entry)).collect();
        let rest = rest.join(", ");
        match (self.stretch(value), rest.as_str()) {
            (None, _) => rest,
            (Some(stretch), "") => stretch,
            (Some(stretch), rest) => format!("{stretch}: {rest}"),
        }
    }

    fn pair(self, entry: &Entry) -> String {
        let value = match &entry.value {
            Tree::Table(_) | Tree::List(_) => format!("({})", self.lines(&entry.value).join("; ")),
            Tree::Text(_) | Tree::Number(_) | Tree::Flag(_) => self.lines(&entry.value).join(" "),
        };
        match entry.key.as_str() {
            "points" if value == "1" => format!("{value} {}", self.words.say("point")),
            "points" => format!("{value} {}", self.words.say("points")),
            "within_months" => format!(
                "{} {value} {}",
                self.words.say("within"),
                self.words.say("months")
            ),
            "reads" | "is" | "answer" | "fact" | "display" => value,
            key => format!("{} {value}", self.key(key)),
        }
    }

    /// "from 94 to 102, both included"; nothing when the table is no stretch.
    pub(super) fn stretch(self, value: &Tree) -> Option<String> {
        let end = |key: &str| value.get(key).and_then(Tree::scalar);
        let say = |key: &'static str, n: &str| format!("{} {n}", self.words.say(key));
        let low = match (end("from"), end("above")) {
            (Some(n), _) => Some(say("from", n)),
            (None, Some(n)) => Some(say("above", n)),
            (None, None) => None,
        };
        let high = match (end("to"), end("below")) {
            (Some(n), _) => Some(say("to", n)),
            (None, Some(n)) => Some(say("below", n)),
            (None, None) => None,
        };
        let between = if end("below").is_some() { ", " } else { " " };
        match (low, high) {
            (None, None) => None,
            (low, high) => Some(
                [low, high]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(between),
            ),
        }
    }

    /// A key as words.
    pub(super) fn key(self, key: &str) -> String {
        self.words.key(key)
    }

    /// A fact by its name, anything else as it stands.
    pub(super) fn name(self, text: &str) -> String {
        match self.rulebook.catalogue.find(text) {
            Some(id) => self.rulebook.catalogue.definition(id).name.clone(),
            None => text.to_owned(),
        }
    }
}

/// Whether there is any number in a value.
fn has_number(value: &Tree) -> bool {
    match value {
        Tree::Number(_) => true,
        Tree::Table(entries) => entries.iter().any(|entry| has_number(&entry.value)),
        Tree::List(parts) => parts.iter().any(has_number),
        Tree::Text(_) | Tree::Flag(_) => false,
    }
}
