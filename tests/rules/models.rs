//! The shipped models beside FINDRISC: both sides of every boundary, and rules that are refused.

use preventiojyraa_core::profile::Sex;
use preventiojyraa_core::risk::{Basis, assess_by};
use preventiojyraa_core::rulebook::{Amount, Diagnostic, Rulebook, Score};

use super::loader::edited;
use crate::support::core::{Someone, rulebook};

/// What an item adds for somebody, as the least and the most.
#[track_caller]
fn adds(model: &str, item: &str, someone: &Someone) -> (Amount, Amount) {
    let model = rulebook().model_called(model).expect("shipped");
    let found = assess_by(rulebook(), &model, &someone.profile()).expect("of its ages");
    let at = model.items.iter().position(|known| known.id == item);
    let adds = &found.items()[at.expect("an item of the model")].adds;
    (adds.low(), adds.high())
}

/// `value points` pairs, separated by commas.
#[track_caller]
fn check(model: &str, item: &str, table: &str, someone: impl Fn(f64) -> Someone) {
    for cell in table.split(',') {
        let (value, points) = cell.trim().split_once(' ').expect("value and points");
        let value: f64 = value.parse().expect("a number");
        let points: Amount = points.trim().parse().expect("points");
        let found = adds(model, item, &someone(value));
        assert_eq!(found, (points, points), "{model} {item} at {value}");
    }
}

#[expect(clippy::cast_possible_truncation, reason = "ages are whole and small")]
fn aged(years: f64) -> Someone {
    Someone::woman_of(years as i16)
}

#[test]
fn ages_count_on_both_sides_of_each_boundary() {
    check(
        "ada-bang-2009",
        "age",
        "39 0, 40 1, 49 1, 50 2, 59 2, 60 3, 90 3",
        aged,
    );
    check(
        "leicester-2010",
        "age",
        "49 0, 50 5, 59 5, 60 9, 69 9, 70 13",
        aged,
    );
    check(
        "ausdrisk",
        "age",
        "34 0, 35 2, 44 2, 45 4, 54 4, 55 6, 64 6, 65 8",
        aged,
    );
}

#[test]
fn measurements_count_on_both_sides_of_each_boundary() {
    let bmi = |value| Someone::woman_of(50).bmi(value);
    check(
        "ada-bang-2009",
        "body-mass-index",
        "24.9 0, 25 1, 29.9 1, 30 2, 39.9 2, 40 3",
        bmi,
    );
    check(
        "leicester-2010",
        "body-mass-index",
        "24.9 0, 25 3, 29.9 3, 30 5, 34.9 5, 35 8",
        bmi,
    );
    let ten_to_9 =
        "24.9 0, 25 699000000, 27.4 699000000, 27.5 1970000000, 29.9 1970000000, 30 2518000000";
    let cambridge = ten_to_9.replace("000000,", "000000000,") + "000";
    check("cambridge-2000", "body-mass-index", &cambridge, bmi);
    let man = |value| Someone::man_of(50).waist(value);
    let woman = |value| Someone::woman_of(50).waist(value);
    check(
        "ada-bang-2009",
        "waist-circumference",
        "93.9 0, 94 1, 101.5 1, 101.6 2, 126.9 2, 127 3",
        man,
    );
    check(
        "ada-bang-2009",
        "waist-circumference",
        "80 0, 80.1 1, 88.8 1, 88.9 2, 124.4 2, 124.5 3",
        woman,
    );
    check(
        "leicester-2010",
        "waist-circumference",
        "89.9 0, 90 4, 99.9 4, 100 6, 109.9 6, 110 9",
        man,
    );
}

#[test]
fn a_waist_counts_by_where_somebody_comes_from() {
    let of = |sex, descent: &'static str, born: &'static str| {
        move |waist: f64| {
            Someone::of(sex, 50)
                .answers("ancestry-answer", descent)
                .answers("birthplace-answer", born)
                .waist(waist)
        }
    };
    let indigenous = "indigenous-australian-pacific-maori";
    let item = "waist-circumference";
    let others = "101.9 0, 102 4, 110 4, 110.1 7";
    check("ausdrisk", item, others, of(Sex::Male, "other", "other"));
    check(
        "ausdrisk",
        item,
        others,
        of(Sex::Male, "other", "middle-east-north-africa-south-europe"),
    );
    check(
        "ausdrisk",
        item,
        "89.9 0, 90 4, 100 4, 100.1 7",
        of(Sex::Male, "other", "asia"),
    );
    check(
        "ausdrisk",
        item,
        "89.9 0, 90 4, 100 4, 100.1 7",
        of(Sex::Male, indigenous, "other"),
    );
    check(
        "ausdrisk",
        item,
        "87.9 0, 88 4, 100 4, 100.1 7",
        of(Sex::Female, "other", "other"),
    );
    check(
        "ausdrisk",
        item,
        "79.9 0, 80 4, 90 4, 90.1 7",
        of(Sex::Female, "other", "asia"),
    );
    // Not knowing where from, either may be so.
    let open = Someone::woman_of(50).waist(95.0);
    assert_eq!(adds("ausdrisk", item, &open), (4, 7));
}

#[test]
fn a_model_scores_the_ages_it_was_made_for_and_acts_from_its_own_level() {
    let level = |id: &str, years| -> Option<Option<Score>> {
        let model = rulebook().model_called(id).expect("shipped");
        let found = assess_by(rulebook(), &model, &Someone::man_of(years).profile());
        found.map(|found| found.published_level())
    };
    assert_eq!(level("score2", 39), None);
    assert_eq!(level("score2", 40), Some(Some(75_000)));
    assert_eq!(level("score2", 49), Some(Some(75_000)));
    assert_eq!(level("score2", 50), Some(Some(100_000)));
    assert_eq!(level("score2", 69), Some(Some(100_000)));
    assert_eq!(level("score2", 70), None);
    assert_eq!(level("score2-op", 69), None);
    assert_eq!(level("score2-op", 70), Some(Some(150_000)));
    assert_eq!(level("framingham-office-2008", 29), None);
    assert_eq!(level("framingham-office-2008", 30), Some(None));
    assert_eq!(level("framingham-office-2008", 74), Some(None));
    assert_eq!(level("framingham-office-2008", 75), None);
    assert_eq!(level("ada-bang-2009", 30), Some(Some(5)));
    assert_eq!(level("leicester-2010", 30), Some(Some(16)));
    assert_eq!(level("ausdrisk", 30), Some(Some(12)));
    assert_eq!(level("cambridge-2000", 30), Some(None));
}

/// One change to a shipped file, and what must be said in its line.
#[track_caller]
fn refused(path: &str, find: &str, replace: &str, code: &str, at: &str) {
    let (files, _) = edited(path, find, replace);
    let mistakes = Rulebook::load(&files).err().unwrap_or_default();
    let text = &files
        .iter()
        .find(|file| file.path == path)
        .expect("shipped")
        .text;
    let lines: Vec<usize> = text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.contains(at))
        .map(|(n, _)| n + 1)
        .collect();
    let all: Vec<String> = mistakes.iter().map(Diagnostic::to_string).collect();
    let is_told = mistakes
        .iter()
        .any(|m| m.file == path && m.code == code && lines.contains(&m.line));
    assert!(
        is_told,
        "no `{code}` in {path} at {lines:?}:\n{}",
        all.join("\n")
    );
}

#[test]
fn a_model_with_a_mistake_is_refused_in_its_line() {
    const FRAMINGHAM: &str = "scores/framingham-office-2008.toml";
    const SCORE2: &str = "scores/score2.toml";
    const CAMBRIDGE: &str = "scores/cambridge-2000.toml";
    const AUSDRISK: &str = "scores/ausdrisk.toml";
    const LADDER: &str = "scores/cardiovascular-ladder.toml";
    let table = [
        (
            FRAMINGHAM,
            "transform = \"ln\"",
            "transform = \"log\"",
            "rule-unknown-word",
            "\"log\"",
        ),
        (
            FRAMINGHAM,
            "male = 0.88431",
            "male = 1.2",
            "probability-range",
            "baseline_survival",
        ),
        (
            FRAMINGHAM,
            "male = 0.88431",
            "male = 0",
            "probability-range",
            "baseline_survival",
        ),
        (
            FRAMINGHAM,
            ", female = 0.94833 }",
            " }",
            "rule-missing-key",
            "baseline_survival",
        ),
        (
            FRAMINGHAM,
            ", female = 2.72107 }",
            " }",
            "rule-missing-key",
            "male = 3.11296 }",
        ),
        (
            FRAMINGHAM,
            "unit = \"mm[Hg]\"",
            "unit = \"mmHg\"",
            "unit-unknown-in-rule",
            "mmHg",
        ),
        (
            FRAMINGHAM,
            "[cox.source]",
            "[cox.sauce]",
            "rule-without-source",
            "[cox]",
        ),
        (
            FRAMINGHAM,
            "item = \"blood-pressure-treatment\", answers = [\"no\"]",
            "item = \"treatment\", answers = [\"no\"]",
            "item-unknown",
            "\"treatment\"",
        ),
        (
            FRAMINGHAM,
            "item = \"blood-pressure-treatment\", answers = [\"no\"]",
            "item = \"blood-pressure-treatment\", answers = [\"never\"]",
            "answer-unknown",
            "\"never\"",
        ),
        (
            FRAMINGHAM,
            "below = 75",
            "below = 20",
            "ages-empty",
            "[ages]",
        ),
        (
            CAMBRIDGE,
            "{ from = 25, below = 27.5,",
            "{ from = 26, below = 27.5,",
            "band-gap",
            "from = 26",
        ),
        (
            CAMBRIDGE,
            "intercept = -6.322",
            "intercept = -6322",
            "model-coefficient",
            "-6322",
        ),
        (
            CAMBRIDGE,
            "percent = \"87.28\"",
            "percent = \"872.8\"",
            "probability-range",
            "872.8",
        ),
        (
            SCORE2,
            "link = \"complementary-log-log\"",
            "link = \"cloglog\"",
            "rule-unknown-word",
            "cloglog",
        ),
        (
            SCORE2,
            "male = [-0.5699, 0.7476]",
            "male = [-0.5699, -0.7476]",
            "layer-slope",
            "-0.5699, -0.7476",
        ),
        (
            SCORE2,
            "male = [-0.5699, 0.7476]",
            "male = [-0.5699]",
            "rule-wrong-type",
            "male = [-0.5699]",
        ),
        (SCORE2, "per = 20\n", "per = 0\n", "term-per", "per = 0"),
        (
            SCORE2,
            "transform = \"centred\"\nminus = 120\nper = 20\ncoefficient_by_sex = { male = 0.2777",
            "transform = \"ln\"\ncoefficient_by_sex = { male = 0.2777",
            "item-shape",
            "[[item]]",
        ),
        (
            AUSDRISK,
            "points_by_sex = { male = 3, female = 0 }",
            "points_by_sex = { male = 3 }",
            "rule-missing-key",
            "points_by_sex",
        ),
        (
            AUSDRISK,
            "points_by_sex = { male = 3, female = 0 }",
            "points_by_sex = { male = 4, female = 0 }",
            "model-range",
            "[range]",
        ),
        (
            LADDER,
            "model = \"score2\"",
            "model = \"score3\"",
            "rule-not-found",
            "score3",
        ),
        (
            LADDER,
            "model = \"score2\"",
            "model = \"findrisc\"",
            "ladder-unit",
            "findrisc",
        ),
        (
            LADDER,
            "\"total-cholesterol\"",
            "\"cholesterol\"",
            "item-unknown",
            "\"cholesterol\"",
        ),
        (
            "programmes/type-2-diabetes.toml",
            "name = \"moderate\"",
            "name = \"modest\"",
            "region-without-layer",
            "region",
        ),
    ];
    for (path, find, replace, code, at) in table {
        refused(path, find, replace, code, at);
    }
}

#[test]
fn a_programme_cannot_take_points_for_a_probability_or_forget_the_region() {
    const PROGRAMME: &str = "programmes/type-2-diabetes.toml";
    const FORM: &str = "calibrations/findrisc-confirmed-12-months.toml";
    let (mut files, _) = edited(
        FORM,
        "model = \"findrisc\"",
        "model = \"findrisc\"\nconversion = \"identity\"",
    );
    let file = files
        .iter_mut()
        .find(|file| file.path == FORM)
        .expect("shipped");
    let start = file.text.find("[logistic]").expect("a line");
    file.text.truncate(start);
    let mistakes = Rulebook::load(&files).err().unwrap_or_default();
    let told = mistakes
        .iter()
        .any(|m| m.file == PROGRAMME && m.message.contains("takes the score for a probability"));
    assert!(told, "{mistakes:?}");
    let mut files = edited(PROGRAMME, "model = \"findrisc\"", "model = \"score2\"").0;
    let file = files
        .iter_mut()
        .find(|file| file.path == PROGRAMME)
        .expect("shipped");
    file.text = file.text.replace("region = {", "municipality = {");
    let mistakes = Rulebook::load(&files).err().unwrap_or_default();
    assert!(
        mistakes.iter().any(|m| m.code == "region-unknown"),
        "{mistakes:?}"
    );
}

#[test]
fn a_risk_beside_a_level_is_told_on_its_own_side() {
    use preventiojyraa_core::rulebook::ScoreUnit::{PartsPerMillion, Points};
    for (score, level, text) in [
        (99_790, 100_000, "9.98"),
        (99_996, 100_000, "9.9996"),
        (100_000, 100_000, "10"),
        (100_001, 100_000, "10.0001"),
        (100_400, 100_000, "10.04"),
        (74_960, 75_000, "7.496"),
        (72_500, 72_500, "7.25"),
        (63_210, 75_000, "6.3"),
        (0, 75_000, "0"),
    ] {
        assert_eq!(PartsPerMillion.number_beside(score, level), text);
    }
    for score in 99_000..101_000 {
        let told = PartsPerMillion.number_beside(score, 100_000);
        let told: f64 = told.parse().expect("a number");
        assert_eq!(told.total_cmp(&10.0), score.cmp(&100_000), "{score}");
    }
    assert_eq!(Points.number_beside(12, 12), "12");
}

/// Both sides of the largest coefficient that is believed.
#[test]
fn a_coefficient_is_believed_up_to_a_thousand() {
    const CAMBRIDGE: &str = "scores/cambridge-2000.toml";
    for (intercept, is_refused) in [
        ("-1000.0", false),
        ("1000.0", false),
        ("-1000.1", true),
        ("1000.1", true),
    ] {
        let written = format!("intercept = {intercept}");
        let (files, _) = edited(CAMBRIDGE, "intercept = -6.322", &written);
        // Its examples do not come out any more, whatever is believed.
        let mistakes = Rulebook::load(&files).err().unwrap_or_default();
        let codes: Vec<&str> = mistakes.iter().map(|mistake| mistake.code).collect();
        assert_eq!(
            codes.contains(&"model-coefficient"),
            is_refused,
            "{written}: {codes:?}"
        );
    }
}

#[test]
fn numbers_that_no_equation_can_count_are_refused() {
    const FRAMINGHAM: &str = "scores/framingham-office-2008.toml";
    const AUSDRISK: &str = "scores/ausdrisk.toml";
    // The logarithm of an age of 0.
    refused(
        FRAMINGHAM,
        "from = 30",
        "from = 0",
        "item-range",
        "[[item]]",
    );
    // Published digits that no score has, or that say nothing of how exact they are.
    for text in ["16.750001", "16.75000000000001", "1e1", "+16.75", "inf"] {
        let (replace, at) = (format!("percent = \"{text}\""), format!("\"{text}\""));
        refused(
            FRAMINGHAM,
            "percent = \"16.75\"",
            &replace,
            "probability-range",
            &at,
        );
    }
    // Points that fall for women only.
    refused(
        AUSDRISK,
        "{ answer = \"yes\", points = 3,",
        "{ answer = \"yes\", points_by_sex = { male = 3, female = -1 },",
        "item-answers",
        "answers = [",
    );
}

#[test]
fn an_own_child_with_diabetes_leaves_open_whether_a_parent_or_sibling_has_it() {
    let child = Someone::woman_of(50).has("family-history-first-degree");
    assert_eq!(adds("ausdrisk", "family-history", &child), (0, 3));
    let answered = Someone::woman_of(50).answers("family-history-answer", "first-degree");
    assert_eq!(adds("ausdrisk", "family-history", &answered), (0, 3));
    let named = child
        .clone()
        .answers("relatives-answer", "parent-or-sibling");
    assert_eq!(adds("ausdrisk", "family-history", &named), (3, 3));
    let (least, most) = adds("cambridge-2000", "relatives", &child);
    assert_eq!((least, most), (0, 753_000_000_000));
    let (least, most) = adds("cambridge-2000", "relatives", &named);
    assert_eq!((least, most), (728_000_000_000, 728_000_000_000));
}

/// What an explanation says they rest on.
#[test]
fn age_and_sex_rest_on_the_register() {
    let model = rulebook().model_called("ada-bang-2009").expect("shipped");
    let at = |id: &str| {
        let found = model.items.iter().position(|item| item.id == id);
        found.expect("an item of the model")
    };
    let basis = |someone: &Someone, id: &str| {
        let found = assess_by(rulebook(), &model, &someone.profile()).expect("of its ages");
        found.items()[at(id)].basis.clone()
    };
    let woman = Someone::woman_of(50);
    assert_eq!(basis(&woman, "age"), Some(Basis::Age(50, 50)));
    assert_eq!(basis(&woman, "sex"), Some(Basis::Sex(Sex::Female)));
    let unknown = Someone::of(Sex::Unknown, 50);
    assert_eq!(basis(&unknown, "sex"), None);
}
