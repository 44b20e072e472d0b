//! A rule file as a tree of keys and values, for whoever compares or shows rules whatever they say.

use std::fmt::Write;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::RuleFile;

/// A key of a rule file with its value, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Line in the file, from 1.
    pub line: usize,
    /// The value.
    pub value: Tree,
}

/// A value of a rule file.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    /// A text.
    Text(String),
    /// A number or date, as it is written.
    Number(String),
    /// Yes or no.
    Flag(bool),
    /// A list.
    List(Vec<Tree>),
    /// A table.
    Table(Vec<Entry>),
}

impl Tree {
    /// The entries of a table; nothing for anything else.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match self {
            Self::Table(entries) => entries,
            Self::Text(_) | Self::Number(_) | Self::Flag(_) | Self::List(_) => &[],
        }
    }

    /// A value of a table.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        let found = self.entries().iter().find(|entry| entry.key == key);
        found.map(|entry| &entry.value)
    }

    /// The text or number, without quotes; nothing for lists and tables.
    #[must_use]
    pub fn scalar(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text),
            Self::Flag(true) => Some("true"),
            Self::Flag(false) => Some("false"),
            Self::List(_) | Self::Table(_) => None,
        }
    }

    /// Whether every part is a text, number or flag.
    #[must_use]
    pub fn is_flat_list(&self) -> bool {
        matches!(self, Self::List(parts) if parts.iter().all(|part| part.scalar().is_some()))
    }
}

/// The tree of a rule file; nothing when it is not TOML.
#[must_use]
pub fn tree(file: &RuleFile) -> Option<Tree> {
    let (table, errors) = DeTable::parse_recoverable(&file.text);
    errors.is_empty().then(|| {
        let lines = Lines::of(&file.text);
        of_table(table.get_ref(), &lines)
    })
}

/// Where each line starts, so that a place is found without counting from the top.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(breaks).collect())
    }

    fn line(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset)
    }
}

fn of_table(table: &DeTable<'_>, lines: &Lines) -> Tree {
    let mut keys: Vec<(&Spanned<_>, &Spanned<DeValue<'_>>)> = table.iter().collect();
    keys.sort_by_key(|(key, _)| key.span().start);
    let entries = keys.into_iter().map(|(key, value)| Entry {
        key: key.get_ref().to_string(),
        line: lines.line(key.span().start),
        value: of_value(value.get_ref(), lines),
    });
    Tree::Table(entries.collect())
}

fn of_value(value: &DeValue<'_>, lines: &Lines) -> Tree {
    match value {
        DeValue::String(text) => Tree::Text(text.to_string()),
        DeValue::Integer(number) => Tree::Number(number.as_str().to_owned()),
        DeValue::Float(number) => Tree::Number(number.as_str().to_owned()),
        DeValue::Boolean(flag) => Tree::Flag(*flag),
        DeValue::Datetime(date) => Tree::Number(date.to_string()),
        DeValue::Array(parts) => {
            let parts = parts.iter();
            Tree::List(parts.map(|part| of_value(part.get_ref(), lines)).collect())
        }
        DeValue::Table(table) => of_table(table, lines),
    }
}

/// Keys that tell one table of a list from another.
const NAMES: [&str; 9] = [
    "id", "link_id", "fact", "test", "unit", "system", "code", "answer", "sex",
];

/// Every value of a rule file with the path of keys that leads to it, in the order of the file.
///
/// A table of a list is called by what names it, else by its number: `item[waist].bands[2].to`.
#[must_use]
pub fn values(file: &RuleFile) -> Option<Vec<(String, String)>> {
    let mut found = Vec::new();
    flatten(&tree(file)?, String::new(), &mut found);
    Some(found)
}

fn flatten(value: &Tree, path: String, found: &mut Vec<(String, String)>) {
    match value {
        Tree::Table(entries) => {
            for entry in entries {
                let below = match path.as_str() {
                    "" => entry.key.clone(),
                    path => format!("{path}.{}", entry.key),
                };
                flatten(&entry.value, below, found);
            }
        }
        Tree::List(parts) if !value.is_flat_list() => {
            let mut seen: Vec<String> = Vec::new();
            for (n, part) in parts.iter().enumerate() {
                let names = NAMES.iter().filter_map(|name| part.get(name)?.scalar());
                let mut name = names.collect::<Vec<_>>().join(" ");
                if name.is_empty() {
                    name = (n + 1).to_string();
                } else {
                    let same = seen.iter().filter(|known| **known == name).count();
                    seen.push(name.clone());
                    if 0 < same {
                        // Writing to a String cannot fail.
                        let _ = write!(name, " #{}", same + 1);
                    }
                }
                flatten(part, format!("{path}[{name}]"), found);
            }
        }
        Tree::List(parts) => {
            let parts = parts.iter().filter_map(Tree::scalar);
            found.push((path, parts.collect::<Vec<_>>().join(", ")));
        }
        Tree::Text(text) | Tree::Number(text) => found.push((path, text.clone())),
        Tree::Flag(flag) => found.push((path, flag.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::{RuleFile, tree};

    #[test]
    fn each_key_has_its_line() {
        let file = RuleFile {
            path: "a.toml".to_owned(),
            text: "id = 1\n\n[table]\none = 1\ntwo = [\n  2,\n]\nthree = 3\n".to_owned(),
        };
        let tree = tree(&file).expect("TOML");
        let lines = |entries: &[super::Entry]| -> Vec<(String, usize)> {
            let lines = entries.iter().map(|entry| (entry.key.clone(), entry.line));
            lines.collect()
        };
        let of = |key: &str, line| (key.to_owned(), line);
        assert_eq!(lines(tree.entries()), [of("id", 1), of("table", 3)]);
        let table = tree.get("table").expect("a table");
        assert_eq!(
            lines(table.entries()),
            [of("one", 4), of("two", 5), of("three", 8)]
        );
    }
}
