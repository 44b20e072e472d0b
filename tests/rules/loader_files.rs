//! Rule books with a mistake of more than one place: whole files, several mistakes, sizes.

use preventiojyraa_core::report::{RuleBookSubject, rule_book_shown, rule_book_text};
use preventiojyraa_core::risk::check_examples;
use preventiojyraa_core::rulebook::{Diagnostic, Language, RuleFile, Rulebook};

use super::loader::{FAMILY, FORM, HUNT3, MAISA, MEASUREMENTS, PROGRAMME, SCORE, STEPWISE};
use super::loader::{edited, mistakes_after};
use crate::support::core::{rule_files, rulebook};

/// The shipped files and one more.
fn with_file(path: &str, text: String) -> Vec<RuleFile> {
    let mut files = rule_files();
    files.push(RuleFile {
        path: path.to_owned(),
        text,
    });
    files
}

#[test]
fn a_rule_book_holds_a_rule_at_one_version() {
    let book = rulebook();
    let version = &book.model.header.version;
    assert!(book.holds("findrisc", version));
    assert!(!book.holds("findrisc", "1999.1"));
    assert!(!book.holds("findrisk", version));
}

#[test]
fn two_files_that_call_themselves_alike_are_refused_whoever_names_them() {
    // One that the default programme names, one that only a ladder names, one that nobody names.
    for id in ["findrisc", "score2", "desir-2008"] {
        let shipped = format!("scores/{id}.toml");
        let files = rule_files();
        let copy = files.iter().find(|file| file.path == shipped);
        let files = with_file("scores/zz.toml", copy.expect("shipped").text.clone());
        let mistakes = Rulebook::load(&files).expect_err("two files of one id");
        let found: Vec<_> = mistakes.iter().map(|m| (m.file.as_str(), m.code)).collect();
        assert_eq!(found, [("scores/zz.toml", "rule-twice")], "{id}");
        let message = &mistakes[0].message;
        assert!(message.contains(&shipped) && message.contains("scores/zz.toml"));
    }
}

#[test]
fn files_of_two_kinds_cannot_share_an_id() {
    let (copy, _) = edited(HUNT3, "id = \"findrisc-hunt3-2019\"", "id = \"desir-2008\"");
    let text = copy.into_iter().find(|file| file.path == HUNT3);
    let files = with_file("calibrations/zz.toml", text.expect("shipped").text);
    let mistakes = Rulebook::load(&files).expect_err("a calibration called like a score");
    let found: Vec<_> = mistakes.iter().map(|m| (m.file.as_str(), m.code)).collect();
    assert_eq!(found, [("scores/desir-2008.toml", "rule-twice")]);
    assert!(mistakes[0].message.contains("calibrations/zz.toml"));
}

#[test]
fn every_model_of_a_ladder_is_shown_as_in_force() {
    let hearts = Rulebook::load_programme(&rule_files(), "cardiovascular").expect("shipped");
    let subject = RuleBookSubject::default();
    let shown = rule_book_text(&rule_book_shown(&hearts, &subject, Language::English));
    assert!(shown.contains("scores/score2-op.toml"));
    assert!(!shown.contains("The programme does not use this rule."));
}

#[test]
fn mistakes_in_several_files_are_told_at_once_in_order() {
    let mut files = rule_files();
    for (path, find, replace) in [
        (MAISA, "unit = \"cm\"", "unit = \"kg\""),
        (SCORE, "max = 26", "max = 27"),
        (SCORE, "{ from = 25, to", "{ from = 26, to"),
        (FORM, "probability = 0.5", "probability = 5"),
        (STEPWISE, "id = \"deceased\"", "id = \"born-later\""),
        (FAMILY, "[\"FTH\", ", "[\"FTH\", \"FTH\", "),
    ] {
        let file = files
            .iter_mut()
            .find(|file| file.path == path)
            .expect("shipped");
        assert!(file.text.contains(find), "{path}: {find}");
        file.text = file.text.replacen(find, replace, 1);
    }
    let mistakes = Rulebook::load(&files).expect_err("six mistakes");
    let places: Vec<_> = mistakes
        .iter()
        .map(|m| (&m.file, m.line, m.column, m.code))
        .collect();
    assert!(places.is_sorted(), "{places:?}");
    for code in [
        "item-unit",
        "band-gap",
        "probability-range",
        "row-twice",
        "fact-code-twice",
    ] {
        assert_eq!(
            mistakes.iter().filter(|m| m.code == code).count(),
            1,
            "{code}"
        );
    }
}

#[test]
fn a_missing_display_calibration_does_not_hide_a_missing_calibration() {
    let mistakes = mistakes_after(
        PROGRAMME,
        "calibration = \"findrisc-confirmed-12-months\"\ndisplay_calibration = \"findrisc-hunt3-2019\"",
        "calibration = \"x\"\ndisplay_calibration = \"y\"",
    );
    let codes: Vec<&str> = mistakes.iter().map(|mistake| mistake.code).collect();
    assert_eq!(codes, ["rule-not-found", "rule-not-found"]);
}

#[test]
fn a_file_of_two_megabytes_is_refused_without_being_read() {
    let padding = "# padding\n".repeat(200_000);
    let mistakes = mistakes_after(SCORE, "id = \"findrisc\"", &padding);
    let found = mistakes
        .iter()
        .find(|m| m.file == SCORE)
        .expect("a mistake");
    assert_eq!((found.line, found.code), (1, "rule-too-large"));
}

#[test]
fn deep_nesting_is_refused_and_does_not_end_the_process() {
    for (open, close) in [("[", "]"), ("{ a = ", " }"), ("[{ a = ", " }]")] {
        for depth in [33, 200, 100_000] {
            let text = format!("id = {}1{}\n", open.repeat(depth), close.repeat(depth));
            let mistakes = load_as(SCORE, text).expect_err("nested too deep");
            let found = mistakes.iter().any(|m| m.file == SCORE);
            assert!(found, "{open} {depth}");
        }
    }
    for text in [
        "a.".repeat(100_000) + "b = 1\n",
        format!("[{}b]\n", "a.".repeat(100_000)),
    ] {
        let mistakes = load_as(SCORE, text).expect_err("a chain of keys");
        assert!(mistakes.iter().any(|m| m.file == SCORE));
    }
}

/// The shipped files, one of them with another text.
fn load_as(path: &str, text: String) -> Result<Rulebook, Vec<Diagnostic>> {
    let mut files = rule_files();
    files
        .iter_mut()
        .find(|file| file.path == path)
        .expect("a shipped file")
        .text = text;
    Rulebook::load(&files)
}

#[test]
fn no_files_at_all_is_one_mistake_with_a_hint() {
    let mistakes = Rulebook::load(&[]).expect_err("nothing is in force");
    let found: Vec<_> = mistakes
        .iter()
        .map(|m| (m.file.as_str(), m.line, m.code))
        .collect();
    assert_eq!(found, [("programmes", 1, "programme-missing")]);
    assert!(mistakes[0].hint.is_some());
}

#[test]
fn each_file_that_is_in_force_is_missed_when_it_is_not_there() {
    let in_force = [SCORE, HUNT3, STEPWISE, MEASUREMENTS, FAMILY];
    for left_out in in_force {
        let files: Vec<RuleFile> = rule_files()
            .into_iter()
            .filter(|file| file.path != left_out)
            .collect();
        assert!(Rulebook::load(&files).is_err(), "without {left_out}");
    }
}

#[test]
fn a_programme_is_chosen_by_its_id_the_only_one_and_the_default_without_asking() {
    const HEARTS: &str = "programmes/cardiovascular.toml";
    let without = |path: &str| -> Vec<RuleFile> {
        let files = rule_files().into_iter();
        files.filter(|file| file.path != path).collect()
    };
    let id = |loaded: Result<Rulebook, Vec<Diagnostic>>| match loaded {
        Ok(rulebook) => rulebook.programme.header.id,
        Err(mistakes) => mistakes.iter().map(|m| m.code).collect(),
    };
    assert_eq!(id(Rulebook::load(&rule_files())), "type-2-diabetes");
    assert_eq!(id(Rulebook::load(&without(PROGRAMME))), "cardiovascular");
    let hearts = Rulebook::load_programme(&rule_files(), "cardiovascular");
    assert_eq!(id(hearts), "cardiovascular");
    let unknown = Rulebook::load_programme(&rule_files(), "gout");
    assert_eq!(id(unknown), "programme-unknown");
    let (unmarked, _) = edited(PROGRAMME, "default = true\n", "");
    assert_eq!(id(Rulebook::load(&unmarked)), "programme-default");
    let (twice, _) = edited(
        HEARTS,
        "status = \"draft\"",
        "status = \"draft\"\ndefault = true",
    );
    assert_eq!(id(Rulebook::load(&twice)), "programme-default");
    let (other, _) = edited(HEARTS, "id = \"cardiovascular\"", "id = \"hearts\"");
    assert_eq!(id(Rulebook::load(&other)), "programme-name");
}

#[test]
fn a_rule_book_is_the_files_that_its_programme_names_and_all_facts() {
    let hearts = Rulebook::load_programme(&rule_files(), "cardiovascular").expect("it holds");
    let files: Vec<&str> = hearts.files.iter().map(|file| file.path.as_str()).collect();
    for part in [
        "facts/circulation.toml",
        "facts/family.toml",
        "questionnaires/maisa-t2d.toml",
        "programmes/cardiovascular.toml",
        "scores/cardiovascular-ladder.toml",
        "scores/score2.toml",
        "texts/cardiovascular/sv.toml",
    ] {
        assert!(files.contains(&part), "{part}: {files:?}");
    }
    for other in [PROGRAMME, SCORE, STEPWISE, "texts/type-2-diabetes/sv.toml"] {
        assert!(!files.contains(&other), "{other}");
    }
    // What only another programme names changes nothing here, and is checked all the same.
    let (changed, _) = edited(STEPWISE, "points = 12", "points = 13");
    let after = Rulebook::load_programme(&changed, "cardiovascular").expect("it holds");
    assert_eq!(after.fingerprint, hearts.fingerprint);
    assert_ne!(
        Rulebook::load(&changed).expect("it holds").fingerprint,
        rulebook().fingerprint
    );
    let (broken, _) = edited(STEPWISE, "points = 12", "points = 99");
    assert!(Rulebook::load_programme(&broken, "cardiovascular").is_err());
}

#[test]
fn an_empty_file_and_a_file_in_no_folder_are_refused() {
    for file in rule_files() {
        assert!(
            load_as(&file.path, String::new()).is_err(),
            "{} empty",
            file.path
        );
    }
    let mut files = rule_files();
    files.push(RuleFile {
        path: "attic/old.toml".to_owned(),
        text: String::new(),
    });
    files.push(RuleFile {
        path: "notes.toml".to_owned(),
        text: String::new(),
    });
    let mistakes = Rulebook::load(&files).expect_err("two files nobody reads");
    let found: Vec<_> = mistakes.iter().map(|m| (m.file.as_str(), m.code)).collect();
    assert_eq!(
        found,
        [
            ("attic/old.toml", "rule-file-unknown"),
            ("notes.toml", "rule-file-unknown")
        ]
    );
}

#[test]
fn other_kinds_of_file_are_left_alone_and_the_order_of_files_does_not_matter() {
    let mut files = rule_files();
    files.reverse();
    files.push(RuleFile {
        path: "README.md".to_owned(),
        text: "[[".to_owned(),
    });
    let loaded = Rulebook::load(&files).expect("a reader's file is no rule");
    assert_eq!(loaded.fingerprint, rulebook().fingerprint);
    assert_eq!(loaded.facts_fingerprint, rulebook().facts_fingerprint);
}

#[test]
fn any_change_of_a_rule_changes_the_fingerprint_of_the_rule_book() {
    let comment = edited(SCORE, "max = 26", "max = 26 # the form").0;
    let loaded = Rulebook::load(&comment).expect("a comment is no mistake");
    assert_ne!(loaded.fingerprint, rulebook().fingerprint);
    assert_eq!(
        loaded.facts_fingerprint,
        rulebook().facts_fingerprint,
        "no fact changed"
    );
    let fact = edited(MEASUREMENTS, "[10, 90]", "[10, 91]").0;
    let loaded = Rulebook::load(&fact).expect("a wider range is no mistake");
    assert_ne!(loaded.facts_fingerprint, rulebook().facts_fingerprint);
}

#[test]
fn a_worked_example_that_does_not_hold_is_a_mistake() {
    assert_eq!(check_examples(rulebook()), []);
    for (find, replace) in [
        ("low = 6\nhigh = 6", "low = 7\nhigh = 7"),
        ("low = 0\nhigh = 0", "low = 0\nhigh = 1"),
        (
            "waist-circumference = \"102\"",
            "waist-circumference = \"102.1\"",
        ),
        ("body-mass-index = \"30\"", "body-mass-index = \"thirty\""),
        ("age = \"44\"", "ages = \"44\""),
        (
            "physical-activity = \"daily\"",
            "physical-activity = \"sometimes\"",
        ),
        (
            "sex = \"male\", body-mass-index = \"30\"",
            "sex = \"?\", body-mass-index = \"30\"",
        ),
    ] {
        let files = edited(SCORE, find, replace).0;
        let loaded = Rulebook::load(&files).expect("only the example is wrong");
        let failed = check_examples(&loaded);
        let found: Vec<_> = failed.iter().map(|m| (m.file.as_str(), m.code)).collect();
        assert_eq!(found, [(SCORE, "example-fails")], "{replace}");
        let text = &files
            .iter()
            .find(|file| file.path == SCORE)
            .expect("shipped")
            .text;
        assert_eq!(
            text.lines().nth(failed[0].line - 1),
            Some("[[example]]"),
            "{replace}"
        );
    }
}

#[test]
fn working_days_that_make_no_sense_are_refused() {
    for (find, replace, code) in [
        ("on = \"01-06\"", "on = \"6.1.\"", "holiday-day"),
        ("on = \"01-06\"", "on = \"02-30\"", "holiday-day"),
        (
            "on = \"01-06\"",
            "on = \"01-06\"\neaster = 3",
            "holiday-day",
        ),
        ("weekday = \"friday\"\n", "", "holiday-day"),
        ("easter = 39", "", "holiday-day"),
        ("name = \"Epiphany\"\n", "", "rule-missing-key"),
        (
            "[\"saturday\", \"sunday\"]",
            "[\"monday\", \"tuesday\", \"wednesday\", \"thursday\", \"friday\", \"saturday\", \"sunday\"]",
            "no-working-day",
        ),
        ("[\"saturday\"", "[\"caturday\"", "rule-unknown-word"),
    ] {
        let found = mistakes_after(PROGRAMME, find, replace);
        let codes: Vec<&str> = found.iter().map(|mistake| mistake.code).collect();
        assert_eq!(codes, [code], "{replace}: {found:?}");
    }
}

#[test]
fn a_deadline_of_the_shipped_programme_is_a_day_on_which_somebody_is_there() {
    use jiff::civil::date;
    let programme = &rulebook().programme;
    for (from, days, due) in [
        // From Friday before Christmas 2026; the same day also on a holiday.
        (date(2026, 12, 18), 0, date(2026, 12, 18)),
        (date(2026, 12, 18), 7, date(2026, 12, 23)),
        (date(2026, 12, 25), 0, date(2026, 12, 25)),
        (date(2026, 12, 25), 3, date(2026, 12, 28)),
        (date(2026, 12, 25), 2, date(2026, 12, 25)),
    ] {
        assert_eq!(programme.deadline(from, days), due, "{from} {days}");
    }
}

#[test]
fn what_does_not_hold_counts_in_the_proof_of_the_state_table() {
    let mut files = rule_files();
    let file = files.iter_mut().find(|file| file.path == STEPWISE);
    let file = file.expect("the pathway");
    let beyond = "{ episode = \"with-a-nurse\", beyond_months = 12 }";
    let not_within = "{ all = [{ episode = \"with-a-nurse\" }, \
                      { not = { episode = \"with-a-nurse\", within_months = 12 } }] }";
    assert_eq!(file.text.matches(beyond).count(), 2);
    file.text = file.text.replace(beyond, not_within);
    Rulebook::load(&files).expect("the same said otherwise");
}

#[test]
fn a_test_that_the_pathway_orders_needs_a_code() {
    let (mut files, _) = edited(
        "orders/laboratory.toml",
        "test = \"hba1c\"",
        "test = \"ldl-cholesterol\"",
    );
    files.retain(|file| !file.path.contains("cardiovascular") && !file.path.contains("lipids"));
    let mistakes = Rulebook::load(&files).expect_err("no code for a test");
    let codes: Vec<&str> = mistakes.iter().map(|mistake| mistake.code).collect();
    assert!(codes.contains(&"order-code-missing"), "{mistakes:?}");
}

#[test]
fn signed_rules_are_in_force_from_their_first_day_to_their_last() {
    use jiff::civil::date;
    let words = "\n[in_force]\nfrom = 2026-03-02\nuntil = 2027-03-01\n\n[words]";
    let (mut files, _) = edited(PROGRAMME, "\n[words]", words);
    let programme = files.iter_mut().find(|file| file.path == PROGRAMME);
    let programme = programme.expect("the programme");
    let draft = "status = \"draft\"";
    programme.text = programme.text.replacen(draft, "status = \"in-force\"", 1);
    let loaded = Rulebook::load(&files);
    let period = loaded.map(|book| book.programme.in_force);
    let period = period.expect("rules that are in force").expect("a period");
    for (day, holds) in [
        (date(2026, 3, 1), false),
        (date(2026, 3, 2), true),
        (date(2027, 3, 1), true),
        (date(2027, 3, 2), false),
    ] {
        assert_eq!(period.holds_on(day), holds, "{day}");
    }
}
