//! What differs between two sets of rule files, number by number.

use std::collections::{BTreeMap, BTreeSet};

use super::{RuleFile, tree};

/// One value that is not the same in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The rule file.
    pub file: String,
    /// The keys that lead to the value, as in [`tree::values`]; empty for a whole file.
    pub key: String,
    /// What it was; nothing when it is new.
    pub old: Option<String>,
    /// What it is; nothing when it is gone.
    pub new: Option<String>,
}

/// What differs between rule files, sorted by file, in the order of the newer text; comments do not count.
#[must_use]
pub fn changes(old: &[RuleFile], new: &[RuleFile]) -> Vec<Change> {
    let by_path = |files: &[RuleFile]| -> BTreeMap<String, RuleFile> {
        let rules = files.iter().filter(|file| file.path.ends_with(".toml"));
        rules
            .map(|file| (file.path.clone(), file.clone()))
            .collect()
    };
    let (old, new) = (by_path(old), by_path(new));
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut found = Vec::new();
    for path in paths {
        match (old.get(path), new.get(path)) {
            (Some(before), Some(after)) if before.text != after.text => {
                found.extend(of_file(before, after));
            }
            (Some(_), Some(_)) | (None, None) => {}
            (before, after) => found.push(Change {
                file: path.clone(),
                key: String::new(),
                old: before.map(|_| "there".to_owned()),
                new: after.map(|_| "there".to_owned()),
            }),
        }
    }
    found
}

fn of_file(before: &RuleFile, after: &RuleFile) -> Vec<Change> {
    let change = |key: &str, old: Option<&String>, new: Option<&String>| Change {
        file: after.path.clone(),
        key: key.to_owned(),
        old: old.cloned(),
        new: new.cloned(),
    };
    let (Some(was), Some(is)) = (tree::values(before), tree::values(after)) else {
        return vec![change("", Some(&before.text), Some(&after.text))];
    };
    let was_by: BTreeMap<&String, &String> = was.iter().map(|(key, value)| (key, value)).collect();
    let is_by: BTreeMap<&String, &String> = is.iter().map(|(key, value)| (key, value)).collect();
    let gone = was.iter().filter(|(key, _)| !is_by.contains_key(key));
    let gone = gone.map(|(key, value)| change(key, Some(value), None));
    let other = is.iter().filter_map(|(key, value)| {
        let before = was_by.get(key).copied();
        (before != Some(value)).then(|| change(key, before, Some(value)))
    });
    other.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> [RuleFile; 1] {
        [RuleFile {
            path: "scores/x.toml".to_owned(),
            text: text.to_owned(),
        }]
    }

    #[track_caller]
    fn check(old: &str, new: &str, expected: &[(&str, Option<&str>, Option<&str>)]) {
        let found = changes(&file(old), &file(new));
        let found: Vec<_> = found
            .iter()
            .map(|c| (c.key.as_str(), c.old.as_deref(), c.new.as_deref()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_number_is_named_by_the_keys_that_lead_to_it() {
        let text = "[[item]]\nid = \"age\"\nmax = 1\n[[item]]\nid = \"waist\"\nbands = [{ below = 94, points = 0 }, { from = 94, points = 3 }]\n";
        check(text, text, &[]);
        check(text, &format!("# said\n{text}"), &[]);
        // What cannot be read differs as a whole, or not at all.
        check("a =", "a =", &[]);
        check("a =", "a = 1", &[("", Some("a ="), Some("a = 1"))]);
        check(
            text,
            &text.replace("94", "104"),
            &[
                ("item[waist].bands[1].below", Some("94"), Some("104")),
                ("item[waist].bands[2].from", Some("94"), Some("104")),
            ],
        );
        check(
            text,
            &text.replace(", points = 3", ""),
            &[("item[waist].bands[2].points", Some("3"), None)],
        );
    }

    #[test]
    fn an_item_that_comes_between_moves_no_other() {
        let text = "[[item]]\nid = \"a\"\nn = 1\n[[item]]\nid = \"b\"\nn = 2\n";
        let new = "[[item]]\nid = \"c\"\nn = 3\n".to_owned() + text;
        check(
            text,
            &new,
            &[
                ("item[c].id", None, Some("c")),
                ("item[c].n", None, Some("3")),
            ],
        );
    }

    #[test]
    fn a_file_that_comes_or_goes_is_one_change() {
        let found = changes(&[], &file("a = 1"));
        assert_eq!(found.len(), 1);
        assert_eq!(
            (&found[0].old, found[0].new.as_deref()),
            (&None, Some("there"))
        );
    }
}
