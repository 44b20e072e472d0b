//! Rule books that would load and then fail somebody: each is refused.

use preventiojyraa_core::risk::check_examples;
use preventiojyraa_core::rulebook::{RuleFile, Rulebook};

use super::loader::{DEFINITIONS, MAISA, SCORE, STEPWISE, edited, mistakes_after};
use crate::support::core::rule_files;

#[track_caller]
fn refused(path: &str, find: &str, replace: &str, code: &str) {
    let mistakes = mistakes_after(path, find, replace);
    assert!(
        mistakes.iter().any(|mistake| mistake.code == code),
        "{mistakes:?}"
    );
}

#[test]
fn an_item_in_a_unit_that_its_facts_never_have() {
    refused(SCORE, "unit = \"cm\"", "unit = \"kg\"", "item-unit");
}

#[test]
fn a_version_that_has_no_place_among_others() {
    for version in ["v1", "2025.2-rc1", "2025.", "2025.01"] {
        let version = format!("version = \"{version}\"");
        refused(SCORE, "version = \"2025.1\"", &version, "rule-version");
        let (files, _) = edited(SCORE, "version = \"2025.1\"", &version);
        let kept = Rulebook::load_kept(&files).expect("what was kept with a run still loads");
        assert_eq!(
            format!("version = \"{}\"", kept.model.header.version),
            version
        );
    }
}

#[test]
fn a_programme_that_no_file_can_be_called_by() {
    for id in ["../type-2-diabetes", "Type-2", "a b", "diabetes\\n2", "ä"] {
        let id = format!("id = \"{id}\"");
        refused(
            "programmes/type-2-diabetes.toml",
            "id = \"type-2-diabetes\"",
            &id,
            "programme-id",
        );
    }
}

#[test]
fn a_file_name_that_no_manifest_can_list() {
    let mut files = rule_files();
    for file in &mut files {
        file.path = file.path.replace("scores/findrisc", "scores/find\nrisc");
    }
    let mistakes = Rulebook::load(&files).expect_err("a line break in a name");
    assert!(mistakes.iter().any(|mistake| mistake.code == "rule-path"));
}

#[test]
fn a_signal_of_a_category_of_something_without_bands() {
    refused(
        DEFINITIONS,
        "{ fact = \"fasting-plasma-glucose\", category_at_least",
        "{ fact = \"body-weight\", category_at_least",
        "signal-test",
    );
}

#[test]
fn two_forms_with_one_address() {
    let mut files = rule_files();
    let form = files.iter().find(|file| file.path == MAISA);
    let text = &form.expect("shipped").text;
    let text = text.replacen("id = \"maisa", "id = \"other-maisa", 1);
    let path = "questionnaires/other.toml".to_owned();
    files.push(RuleFile { path, text });
    let mistakes = Rulebook::load(&files).expect_err("one form, two files");
    assert_eq!(mistakes[0].code, "form-twice");
}

#[test]
fn points_that_no_score_can_hold() {
    refused(SCORE, "points = 4", "points = 32767", "item-points");
    refused(SCORE, "points = 4", "points = -32768", "item-points");
}

#[test]
fn scores_that_span_too_much() {
    let (files, _) = edited(SCORE, "points = 5", "points = 100");
    let mistakes = Rulebook::load(&files).expect_err("over 120 points");
    assert!(
        mistakes
            .iter()
            .any(|mistake| mistake.message.contains("span"))
    );
}

#[test]
fn a_pathway_without_a_row_for_the_dead_or_the_unborn() {
    for register in ["deceased", "not-yet-born"] {
        let find = format!("when = {{ register = \"{register}\" }}");
        refused(
            STEPWISE,
            &find,
            "when = { register = \"incomplete\" }",
            "row-gap",
        );
    }
}

#[test]
fn a_near_score_that_is_no_distance() {
    refused(STEPWISE, "near = 2", "near = -32768", "level-near");
    refused(STEPWISE, "near = 2", "near = 101", "level-near");
}

#[test]
fn an_example_with_an_age_that_nobody_has() {
    for age in ["20000", "-32768", "151", "x"] {
        let (files, _) = edited(SCORE, "age = \"44\"", &format!("age = \"{age}\""));
        let rulebook = Rulebook::load(&files).expect("an example is data until it runs");
        assert_eq!(check_examples(&rulebook)[0].code, "example-fails", "{age}");
    }
}

#[test]
fn brackets_in_a_comment_are_no_nesting() {
    let comment = format!("# {}\nmax = 26", "[".repeat(400));
    assert_eq!(mistakes_after(SCORE, "max = 26", &comment), []);
}

/// The messages of one kind after a change of the pathway.
#[track_caller]
fn told(find: &str, replace: &str, code: &str) -> Vec<String> {
    let mistakes = mistakes_after(STEPWISE, find, replace);
    let of_kind = mistakes.into_iter().filter(|mistake| mistake.code == code);
    of_kind.map(|mistake| mistake.message).collect()
}

#[test]
fn a_combination_of_round_and_score_without_a_row_is_named() {
    let gaps = told(
        "episode = [\"none\", \"eligible\", \"asked\", \"offered-prevention\", \"closed\"]",
        "episode = [\"none\", \"eligible\", \"asked\", \"closed\"]",
        "row-gap",
    );
    let [gap] = &gaps[..] else { panic!("{gaps:?}") };
    assert!(
        gap.starts_with("no row decides for round `offered-prevention`, score `spans`"),
        "{gap}"
    );
    let older = told("beyond_months = 12", "beyond_months = 18", "row-gap");
    assert!(
        older[0].contains("`with-a-nurse` for over 12 months"),
        "{older:?}"
    );
    let younger = told("beyond_months = 12", "beyond_months = 6", "row-overlap");
    assert!(
        younger[0].starts_with("round `with-a-nurse` for over 6 months"),
        "{younger:?}"
    );
}

#[test]
fn a_combination_with_two_rows_is_named_with_the_row_that_has_it() {
    let twice = told(
        "{ episode = \"ordered\" }\nstate",
        "{ episode = [\"ordered\", \"asked\"] }\nstate",
        "row-overlap",
    );
    assert!(
        twice
            .iter()
            .all(|m| m.starts_with("round `asked`")
                && m.ends_with("covered by `order-open` already")),
        "{twice:?}"
    );
    assert!(!twice.is_empty());
}
