//! A medical lead reads the rules before signing them: everything is there, and what is not verified is marked.

use std::collections::BTreeSet;

use preventiojyraa::report::{RuleBookSubject, rule_book_page, rule_book_shown, rule_book_text};
use preventiojyraa::rulebook::{Language, tree};
use preventiojyraa::rules;

use crate::support::rules::{Rules, key};
use crate::support::site::{Site, preventio};
use crate::support::snapshots::reads;

fn shown(more: &[&str]) -> String {
    preventio(&[&["rules", "show"], more].concat()).ends_well()
}

#[test]
fn every_value_of_every_rule_is_shown_in_every_language() {
    let rulebook = rules::shipped().expect("the shipped rules hold");
    for (code, language) in Language::NAMES {
        let shown = rule_book_shown(&rulebook, &RuleBookSubject::default(), language);
        let text = rule_book_text(&shown);
        let page = rule_book_page(&shown);
        let words: BTreeSet<&str> = text.split_whitespace().collect();
        for file in rulebook.files.iter() {
            let is_other = |tree: tree::Tree| {
                let written_in = tree
                    .get("language")
                    .and_then(|l| l.scalar().map(str::to_owned));
                written_in.is_some_and(|written_in| written_in != code)
            };
            if tree::tree(file).is_none_or(is_other) {
                continue;
            }
            for (key, value) in tree::values(file).expect("TOML") {
                // What marks say is shown as a mark; a flag as a word.
                if key.ends_with("verified") || ["true", "false"].contains(&&*value) {
                    continue;
                }
                for part in value.split_whitespace() {
                    let part = part.trim_matches(',');
                    let by_name = |id: &str| {
                        let fact = rulebook.catalogue.find(id)?;
                        Some(rulebook.catalogue.definition(fact).name.clone())
                    };
                    let part = by_name(part).unwrap_or_else(|| part.to_owned());
                    let is_there = words.contains(part.as_str()) || text.contains(&part);
                    assert!(
                        is_there,
                        "{code}: {}: {key}: `{part}` is not shown",
                        file.path
                    );
                }
            }
        }
        for entry in &rulebook.unverified {
            assert!(text.contains(&entry.why), "{code}: {}", entry.why);
        }
        let escaped = page.replace("https://", "").replace("http://", "");
        for outside in ["<script", "src=", "href=", "@import", "url("] {
            assert!(!escaped.contains(outside), "the page needs {outside}");
        }
        assert!(page.contains(&format!("<html lang=\"{code}\">")));
    }
}

#[test]
fn a_number_that_nobody_verified_is_marked_beside_it() {
    let text = shown(&[]);
    let after = |what: &str| {
        let at = text
            .find(what)
            .unwrap_or_else(|| panic!("`{what}` is shown"));
        text[at..].lines().take(6).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(after("Action level\n"), @r#"
    Action level
    ! ⚠ not verified: 12 is one Finnish region's order level; 15 is the alternative; the medical lead decides
      points:
          12
          ⚠ not verified
      near:
    "#);
    insta::assert_snapshot!(after("Critical values\n"), @r#"
    Critical values
      Fact fasting plasma glucose
          From: mmol/L 20, mg/dL 360
          Why: ⚠ not verified: no published limit was found for the programme; a draft for the medical lead to set
      Fact two-hour glucose in a tolerance test
          From: mmol/L 20, mg/dL 360
    "#);
    insta::assert_snapshot!(after("Probability from the score\n"), @r#"
    Probability from the score
    ! ⚠ not verified: derived from published figures by the calculation above, with an assumption that no source gives; not observed anywhere
      intercept:
          -5.2575
          ⚠ not verified
      slope:
    "#);
}

#[test]
fn the_beginning_the_score_and_the_pathway_are_read_in_each_language() {
    for language in ["fi", "sv", "en"] {
        let text = shown(&["--lang", language]);
        let start: Vec<&str> = text.lines().take(40).collect();
        let pathway = text.lines().position(|line| line.contains('×'));
        let pathway: Vec<&str> = text
            .lines()
            .skip(pathway.expect("a pathway"))
            .take(60)
            .collect();
        // The fingerprint changes with every rule; the story is not about it.
        let is_kept = |line: &&&str| !line.contains("SHA-256");
        let kept: Vec<&str> = start
            .iter()
            .chain(&pathway)
            .filter(is_kept)
            .copied()
            .collect();
        reads(&format!("rules-shown-{language}"), &kept.join("\n"));
    }
}

#[test]
fn a_page_is_one_file_and_says_who_signed() {
    let site = Site::new();
    let rules = Rules::at(site.beside("rules"));
    let folder = rules.name();
    let lead = site.beside("lead.pem");
    key(&lead);
    rules.are_in_force("2026-01-01", "2027-12-31");
    rules.signed(&lead, "Maija <Meikäläinen>").ends_well();
    let page = shown(&["--rules", &folder, "--format", "html"]);
    assert!(page.starts_with("<!DOCTYPE html>"));
    assert!(page.contains("Maija &lt;Meikäläinen&gt;"));
    assert!(page.contains("2026-01-01 – 2027-12-31"));
    rules.says("texts/type-2-diabetes/fi.toml", &[("Kaupunki", "kaupunki")]);
    let page = shown(&["--rules", &folder, "--format", "html"]);
    assert!(page.contains(
        "The signature does not hold: changed since Maija &lt;Meikäläinen&gt; signed: texts/type-2-diabetes/fi.toml"
    ));
}
