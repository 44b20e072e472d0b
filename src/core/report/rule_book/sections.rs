//! What a rule file becomes: its head, then each of its keys as a table.

use super::cells::{Telling, doubt};
use super::words::Words;
use super::{Block, Cell, Table};
use crate::rulebook::tree::{Entry, Tree};
use crate::rulebook::{RuleFile, Rulebook};

/// Keys of the head of a file.
const HEAD: [&str; 8] = [
    "id", "version", "status", "summary", "why", "limits", "source", "language",
];

/// The language that a file is written in, when it is texts for people.
pub(super) fn language_of(tree: &Tree) -> Option<&str> {
    tree.get("language").and_then(Tree::scalar)
}

/// One rule file.
pub(super) fn file_section(
    rulebook: &Rulebook,
    file: &RuleFile,
    tree: &Tree,
    in_force: bool,
    words: Words,
) -> Vec<Block> {
    let text = |key: &str| tree.get(key).and_then(Tree::scalar).unwrap_or_default();
    let mut blocks = vec![
        Block::Heading(2, text("summary").to_owned()),
        Block::Paragraph(format!(
            "{} {} ({}; {} {})",
            text("id"),
            text("version"),
            file.path,
            words.say("status").to_lowercase(),
            text("status")
        )),
    ];
    if !in_force {
        blocks.push(Block::Caution(words.say("not in force").to_owned()));
    }
    blocks.push(Block::Paragraph(text("why").to_owned()));
    if let Some(Tree::List(limits)) = tree.get("limits")
        && !limits.is_empty()
    {
        let limits = limits.iter().filter_map(Tree::scalar).map(str::to_owned);
        blocks.push(Block::Heading(3, words.say("limits").to_owned()));
        blocks.push(Block::List(limits.collect()));
    }
    let mut unseen = None;
    if let Some(source) = tree.get("source") {
        let part = |key: &str| source.get(key).and_then(Tree::scalar).unwrap_or_default();
        let cited = format!(
            "{}: {} ({}). {}. {}",
            words.say("source"),
            part("author"),
            part("year"),
            part("title"),
            part("locator")
        );
        blocks.push(Block::Paragraph(cited));
        if doubt(source).is_some() {
            unseen = Some(format!("{} {}", words.say("source unseen"), part("title")));
            blocks.extend(unseen.clone().map(Block::Caution));
        }
    }
    let intervals = tree.get("intervals").and_then(doubt);
    let told = || tree.entries().iter().filter(|e| !HEAD.contains(&&*e.key));
    let is_plain = |entry: &Entry| entry.value.scalar().is_some() || entry.value.is_flat_list();
    let plain = Telling {
        rulebook,
        words,
        is_in_doubt: unseen.is_some(),
    };
    let rows: Vec<Vec<Cell>> = told()
        .filter(|entry| is_plain(entry))
        .map(|entry| vec![Cell::of(plain.key(&entry.key)), plain.cell(&entry.value)])
        .collect();
    if !rows.is_empty() {
        let head = Vec::new();
        blocks.push(Block::Table(Table { head, rows }));
    }
    for entry in told().filter(|entry| !is_plain(entry)) {
        let of_rows = intervals.filter(|_| entry.key == "row");
        let telling = Telling {
            rulebook,
            words,
            is_in_doubt: of_rows.is_some() || unseen.is_some(),
        };
        blocks.extend(section(telling, entry, of_rows));
    }
    blocks
}

/// One key of a file.
fn section(telling: Telling<'_>, entry: &Entry, of_rows: Option<&str>) -> Vec<Block> {
    let heading = Block::Heading(3, telling.words.heading(&entry.key));
    let table = match (&*entry.key, &entry.value) {
        ("row", Tree::List(rows)) => pathway(telling, rows),
        ("item", Tree::List(items)) if items.iter().any(|item| item.get("question").is_some()) => {
            score(telling, items)
        }
        ("texts", Tree::Table(texts)) => messages(telling, texts),
        (_, Tree::List(rows)) if !entry.value.is_flat_list() => listed(telling, rows),
        (_, Tree::Table(entries)) => pairs(telling, &entry.value, entries),
        (_, value) => Table {
            head: Vec::new(),
            rows: vec![vec![Cell::of(telling.key(&entry.key)), telling.cell(value)]],
        },
    };
    let intro = match &*entry.key {
        "row" => Some(Block::Paragraph(
            telling.words.say("pathway order").to_owned(),
        )),
        _ => None,
    };
    // Why, once; the marks stand beside the numbers.
    let why = doubt(&entry.value).or(of_rows);
    let caution = why.map(|why| match telling.mark(why) {
        super::Line::Plain(text) | super::Line::Unverified(text) => Block::Caution(text),
    });
    [Some(heading), intro, caution, Some(Block::Table(table))]
        .into_iter()
        .flatten()
        .collect()
}

/// A table with a row for each entry.
fn pairs(telling: Telling<'_>, table: &Tree, entries: &[Entry]) -> Table {
    let own = Telling {
        is_in_doubt: doubt(table).is_some() || telling.is_in_doubt,
        ..telling
    };
    let told = entries
        .iter()
        .filter(|entry| !["verified", "why"].contains(&&*entry.key));
    let rows = told
        .map(|entry| vec![Cell::of(telling.key(&entry.key)), own.cell(&entry.value)])
        .collect();
    Table {
        head: Vec::new(),
        rows,
    }
}

/// A table with a column for each key that any row has.
fn listed(telling: Telling<'_>, rows: &[Tree]) -> Table {
    let mut keys: Vec<&str> = Vec::new();
    let is_end = |entry: &Entry| {
        ["from", "above", "below", "to"].contains(&&*entry.key) && entry.value.scalar().is_some()
    };
    let has_stretch = rows.iter().any(|row| telling.stretch(row).is_some());
    for entry in rows.iter().flat_map(Tree::entries) {
        let key = entry.key.as_str();
        if !keys.contains(&key) && !is_end(entry) && !["verified", "why"].contains(&key) {
            keys.push(key);
        }
    }
    let mut head: Vec<String> = keys.iter().map(|key| telling.words.column(key)).collect();
    if has_stretch {
        head.insert(0, telling.words.say("stretch").to_owned());
    }
    // What a row itself says about its doubts stands in its last cell; why, where that is no doubt, too.
    let has_why = rows.iter().any(|row| row.get("why").is_some());
    if has_why {
        head.push(telling.words.say("why").to_owned());
    }
    let row = |row: &Tree| {
        let mut cells: Vec<Cell> = Vec::new();
        if has_stretch {
            cells.push(Cell::of(telling.stretch(row).unwrap_or_default()));
        }
        for key in &keys {
            let value = row.get(key);
            cells.push(value.map_or_else(Cell::default, |value| telling.cell(value)));
        }
        let own = doubt(row);
        if has_why {
            let why = row.get("why").filter(|_| own.is_none());
            cells.push(why.map_or_else(Cell::default, |why| telling.cell(why)));
        }
        if let (Some(why), Some(last)) = (own, cells.last_mut()) {
            last.lines.push(telling.mark(why));
        }
        cells
    };
    Table {
        head,
        rows: rows.iter().map(row).collect(),
    }
}

/// The items of a score: question, bands with points, what is known from where.
fn score(telling: Telling<'_>, items: &[Tree]) -> Table {
    let words = telling.words;
    let head = [
        "question",
        "item",
        "values and points",
        "known from",
        "otherwise",
    ];
    let row = |item: &Tree| {
        let scalar = |key: &str| item.get(key).and_then(Tree::scalar).unwrap_or_default();
        let mut name = scalar("name").to_owned();
        if !scalar("unit").is_empty() {
            name.push_str(&format!(" ({})", scalar("unit")));
        }
        name.push_str(&format!(" [{}]", scalar("id")));
        let told = |keys: &[&str]| {
            let entries = item.entries().iter().filter(|e| keys.contains(&&*e.key));
            let mut cell = Cell::default();
            for entry in entries {
                cell.lines.extend(telling.cell(&entry.value).lines);
            }
            cell
        };
        let points = ["bands", "bands_by_sex", "answers"];
        let otherwise = ["no_evidence"];
        let shown = [&points[..], &otherwise, &["id", "name", "question", "unit"]].concat();
        let rest = item.entries().iter().filter(|e| !shown.contains(&&*e.key));
        let known_from = rest.fold(Cell::default(), |mut cell, entry| {
            let key = telling.key(&entry.key);
            for line in telling.cell(&entry.value).lines {
                cell.lines.push(match line {
                    super::Line::Plain(text) => super::Line::Plain(format!("{key}: {text}")),
                    mark @ super::Line::Unverified(_) => mark,
                });
            }
            cell
        });
        vec![
            Cell::of(scalar("question")),
            Cell::of(name),
            told(&points),
            known_from,
            told(&otherwise),
        ]
    };
    Table {
        head: head.map(|name| words.say(name).to_owned()).to_vec(),
        rows: items.iter().map(row).collect(),
    }
}

/// The pathway: stage, finding, and what comes of them; the first row that holds decides.
fn pathway(telling: Telling<'_>, rows: &[Tree]) -> Table {
    let words = telling.words;
    let head = [
        "number", "stage", "finding", "state", "next", "person", "in words",
    ];
    let row = |(n, row): (usize, &Tree)| {
        let empty = Tree::Table(Vec::new());
        let when = row.get("when").unwrap_or(&empty);
        let (stage, finding) = conditions(telling, when);
        let value = |key: &str| row.get(key).map_or_else(Cell::default, |v| telling.cell(v));
        let mut next = value("next");
        let mut person = value("review");
        for entry in row.entries() {
            let shown = ["id", "when", "state", "next", "review", "says"];
            if shown.contains(&&*entry.key) {
                continue;
            }
            let key = telling.key(&entry.key);
            let told = telling.cell(&entry.value);
            let to = if entry.key == "contact" {
                &mut person
            } else {
                &mut next
            };
            for line in told.lines {
                to.lines.push(match line {
                    super::Line::Plain(text) => super::Line::Plain(format!("{key}: {text}")),
                    mark @ super::Line::Unverified(_) => mark,
                });
            }
        }
        let state = match row.get("state") {
            Some(state) => telling.cell(state),
            None => Cell::of(words.say("goes on")),
        };
        let says = row.get("says").and_then(Tree::scalar).unwrap_or_default();
        let id = row.get("id").and_then(Tree::scalar).unwrap_or_default();
        vec![
            Cell::of(format!("{}", n + 1)),
            Cell::of(stage),
            finding,
            state,
            next,
            person,
            Cell::of(format!("{says} [{id}]")),
        ]
    };
    Table {
        head: head.map(|name| words.say(name).to_owned()).to_vec(),
        rows: rows.iter().enumerate().map(row).collect(),
    }
}

/// The stage that a row is for, and what else must be so.
fn conditions(telling: Telling<'_>, when: &Tree) -> (String, Cell) {
    let words = telling.words;
    let parts: Vec<&Tree> = match when.get("all") {
        Some(Tree::List(parts)) => parts.iter().collect(),
        Some(_) | None => vec![when],
    };
    let mut stages = Vec::new();
    let mut finding = Cell::default();
    for part in parts {
        let episode = match part.get("episode") {
            Some(Tree::List(stages)) => stages.iter().filter_map(Tree::scalar).collect(),
            one => Vec::from_iter(one.and_then(Tree::scalar)),
        };
        stages.extend(episode.into_iter().map(str::to_owned));
        let rest = part.entries().iter().filter(|entry| entry.key != "episode");
        let rest: Vec<Entry> = rest.cloned().collect();
        if !rest.is_empty() {
            finding.lines.extend(telling.cell(&Tree::Table(rest)).lines);
        }
    }
    finding.lines.dedup();
    let stage = match stages.is_empty() {
        true => words.say("any stage").to_owned(),
        false => stages.join(", "),
    };
    (stage, finding)
}

/// Messages in one language: subject and text.
fn messages(telling: Telling<'_>, texts: &[Entry]) -> Table {
    let words = telling.words;
    let row = |entry: &Entry| {
        let part = |key: &str| {
            entry
                .value
                .get(key)
                .and_then(Tree::scalar)
                .unwrap_or_default()
        };
        let lines = part("text").trim().lines();
        let lines = std::iter::once(part("subject")).chain(lines);
        let lines = lines.map(|line| super::Line::Plain(line.to_owned()));
        vec![
            Cell::of(entry.key.clone()),
            Cell {
                lines: lines.collect(),
            },
        ]
    };
    Table {
        head: ["message", "text"]
            .map(|name| words.say(name).to_owned())
            .to_vec(),
        rows: texts.iter().map(row).collect(),
    }
}
