//! A folder of several programmes: which one is wanted, and whose texts are whose.

use std::collections::BTreeSet;

use super::load::{Parsed, Shelf};
use super::reader::{Findings, Table};
use super::texts_proof;
use super::{Diagnostic, Programme, Severity, TextFile};

/// The programme that is wanted; without a wish the only one, or the one that says it is the default.
pub(super) fn which(
    findings: &Findings,
    parsed: &[Parsed<'_>],
    programmes: &Shelf<Programme>,
    wanted: Option<&str>,
) -> Option<String> {
    let known: Vec<&str> = programmes
        .iter()
        .map(|(_, programme)| programme.header.id.as_str())
        .collect();
    let missing = |code, message: String, hint: String| {
        findings.push(Diagnostic {
            file: "programmes".to_owned(),
            line: 1,
            column: 1,
            severity: Severity::Error,
            code,
            message,
            hint: Some(hint),
        });
    };
    let defaults: Vec<&(usize, Programme)> = programmes
        .iter()
        .filter(|(_, programme)| programme.is_default)
        .collect();
    if let [_, second, ..] = defaults[..] {
        let file = &parsed[second.0];
        let root = Table::root(&file.document, &file.table);
        root.report_at(
            "default",
            "programme-default",
            "another programme is the default already",
            None,
        );
    }
    match (wanted, &known[..], defaults.first()) {
        (Some(wanted), [_, ..], _) => {
            if !known.contains(&wanted) {
                let message = format!("no programme is called `{wanted}`");
                missing(
                    "programme-unknown",
                    message,
                    super::reader::suggest(wanted, &known),
                );
            }
            Some(wanted.to_owned())
        }
        (None, [only], _) => Some((*only).to_owned()),
        (None, _, Some((_, programme))) => Some(programme.header.id.clone()),
        (None, [_, _, ..], None) => {
            let message = "there are several programmes, and none says `default = true`".to_owned();
            missing(
                "programme-default",
                message,
                format!("known here: {}", known.join(", ")),
            );
            None
        }
        // Its own mistakes say why it is not there.
        (_, [], _) if parsed.iter().any(is_programme) => None,
        (_, [], _) => {
            let message = "there is no readable `programmes/ID.toml`".to_owned();
            missing(
                "programme-missing",
                message,
                "it names the rules in force".to_owned(),
            );
            None
        }
    }
}

fn is_programme(file: &Parsed<'_>) -> bool {
    file.document.file.path.starts_with("programmes/")
}

/// The set of a file of texts: the folder that it lies in.
pub(super) fn set_of(file: &Parsed<'_>) -> Option<String> {
    let (set, _) = file
        .document
        .file
        .path
        .strip_prefix("texts/")?
        .split_once('/')?;
    Some(set.to_owned())
}

/// The texts of a set, with the tables that say where they stand.
pub(super) fn texts_of<'p, 'a>(
    parsed: &'p [Parsed<'a>],
    all: &Shelf<TextFile>,
    set: &str,
) -> Vec<(usize, Table<'p>, TextFile)>
where
    'a: 'p,
{
    all.iter()
        .filter(|(at, _)| set_of(&parsed[*at]).as_deref() == Some(set))
        .map(|(at, texts)| {
            let root = Table::root(&parsed[*at].document, &parsed[*at].table);
            (*at, root, texts.clone())
        })
        .collect()
}

/// Every set of texts is whole, also one that no programme names.
pub(super) fn prove_texts(parsed: &[Parsed<'_>], all: &Shelf<TextFile>) {
    let sets: BTreeSet<String> = all
        .iter()
        .filter_map(|(at, _)| set_of(&parsed[*at]))
        .collect();
    for set in sets {
        let texts = texts_of(parsed, all, &set);
        let texts: Vec<(Table<'_>, TextFile)> = texts
            .into_iter()
            .map(|(_, root, texts)| (root, texts))
            .collect();
        let n_files = parsed
            .iter()
            .filter(|file| set_of(file).as_ref() == Some(&set))
            .count();
        texts_proof::prove_files(&texts, n_files);
    }
}
