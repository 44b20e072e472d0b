//! A planner asks what another action level would mean, before anybody changes it.

use std::collections::{BTreeMap, BTreeSet};

use preventiojyraa::lake::{DecisionRow, RegisterRow};
use preventiojyraa::profile::{ResidentId, Sex};
use serde_json::Value;

use crate::support::acting::copy;
use crate::support::rules::Rules;
use crate::support::site::{Site, TempFolder, count, made_up_register, text};
use crate::support::snapshots::reads;

const DAY: &str = "2025-01-15";
const PATHWAY: &str = "pathways/stepwise.toml";
const CALIBRATION: &str = "calibrations/findrisc-confirmed-12-months.toml";

/// The rows of the shipped pathway in which the score decides, and the one that comes when it does not
/// after a normal result.
const DECIDED_BY_SCORE: [&str; 10] = [
    "recently-normal-and-high-score",
    "recently-normal",
    "order-open-elsewhere",
    "score-at-or-above",
    "sampled-negative",
    "score-below",
    "sex-decides",
    "answer-overdue",
    "not-answered",
    "score-spans",
];

/// A made-up register with one run by the shipped rules.
fn town(residents: u32) -> Site {
    let folder = TempFolder::new();
    let export = made_up_register(&folder, residents, 5);
    let site = Site::new();
    site.pulls(&export, &[]);
    site.runs(DAY, &[]);
    site
}

#[track_caller]
fn report(site: &Site, words: &[&str]) -> Value {
    let said = site
        .does(&[&["what-if", "--json"], words].concat())
        .ends_well();
    serde_json::from_str(&said).expect("JSON")
}

type Decisions = BTreeMap<ResidentId, DecisionRow>;

/// What a real run decides by rules with the level.
fn run_at(site: &Site, level: i32) -> Decisions {
    let other = Site::new();
    copy(&site.data(), &other.data());
    let rules = Rules::at(other.beside("rules"));
    rules.says(PATHWAY, &[("points = 12", &format!("points = {level}"))]);
    other.runs(DAY, &["--rules", &rules.name()]);
    other.decisions()
}

fn tens(n: usize) -> u64 {
    let n = u64::try_from(n).expect("few");
    n - n % 10
}

/// Counts in a level's entry against those of a run at the level, of some residents.
#[track_caller]
fn is_as_decided(
    entry: &Value,
    level: i32,
    decided: &Decisions,
    open: &BTreeSet<ResidentId>,
    who: impl Fn(&ResidentId) -> bool,
) {
    let of = |is: &dyn Fn(&ResidentId, &DecisionRow) -> bool| {
        let residents = decided.iter().filter(|(id, _)| who(id));
        tens(residents.filter(|(id, row)| is(id, row)).count())
    };
    let lies = |row: &DecisionRow| row.score.map(|(low, high)| (level <= low, level <= high));
    for (name, counted) in [
        (
            "flagged",
            of(&|id, row| open.contains(id) && lies(row) == Some((true, true))),
        ),
        (
            "possible",
            of(&|id, row| open.contains(id) && lies(row) == Some((false, true))),
        ),
        (
            "laboratory",
            of(&|_, row| row.next.starts_with("order-laboratory")),
        ),
        ("by_lot", of(&|_, row| row.state == "sampled-negative")),
        (
            "questionnaires",
            of(&|_, row| row.state == "asked" && (&*row.next == "ask" || &*row.next == "remind")),
        ),
    ] {
        assert_eq!(count(&entry[name]), counted, "{name} at {level}");
    }
}

#[test]
fn the_numbers_are_those_of_real_runs_by_rules_with_each_level() {
    let site = town(3_000);
    let before = site.decisions();
    let report = report(&site, &["--thresholds", "1..26", "--by", "sex,age"]);
    let at = |level: i32| run_at(&site, level);
    let open = before
        .iter()
        .filter(|(_, row)| DECIDED_BY_SCORE.contains(&&*row.row));
    let open: BTreeSet<ResidentId> = open.map(|(id, _)| *id).collect();
    assert!(1_000 < open.len(), "{} are open to the score", open.len());
    let register = site.register();
    let sexes: BTreeMap<ResidentId, &str> = register
        .iter()
        .map(|row: &RegisterRow| {
            let sex = match row.register.sex {
                Sex::Female => "female",
                Sex::Male => "male",
                Sex::Unknown => "unknown",
            };
            (row.resident, sex)
        })
        .collect();
    let ages: BTreeMap<ResidentId, String> = register
        .iter()
        .map(|row| {
            let day = DAY.parse().expect("a date");
            let age = row.register.birth.age_on(day);
            let name = age.map_or("unknown".to_owned(), |(age, _)| {
                let from = age.div_euclid(10) * 10;
                format!("{from}-{}", from + 9)
            });
            (row.resident, name)
        })
        .collect();
    let mut strata = 0;
    for level in [1, 8, 11, 12, 13, 15, 26] {
        let decided = at(level);
        let nth = usize::try_from(level - 1).expect("from 1 on");
        let all = &report["all"]["levels"][nth];
        assert_eq!(text(&all["level"]), level.to_string());
        is_as_decided(all, level, &decided, &open, |_| true);
        for stratum in report["strata"].as_array().expect("a list") {
            let (sex, age) = (text(&stratum["of"]["sex"]), text(&stratum["of"]["age"]));
            let Some(entry) = stratum["levels"].get(nth) else {
                panic!("a stratum told as nobody is left out");
            };
            strata += 1;
            is_as_decided(entry, level, &decided, &open, |id| {
                sexes[id] == sex && ages[id] == age
            });
        }
    }
    assert!(50 < strata, "{strata}");
    is_as_decided(&report["all"]["in_force"], 12, &before, &open, |_| true);
    let moves: BTreeSet<u64> = (0..26)
        .map(|level: usize| count(&report["all"]["levels"][level]["laboratory"]))
        .collect();
    assert!(8 < moves.len(), "levels differ: {moves:?}");
    site.is_whole();
    assert_eq!(site.decisions().len(), before.len(), "nothing was stored");
}

#[test]
fn who_lives_where_nobody_may_know_is_told_with_the_smallest_districts() {
    let site = town(3_000);
    let report = report(&site, &["--thresholds", "12", "--by", "district"]);
    let about = |row: &DecisionRow| {
        ![
            "deceased",
            "not-yet-born",
            "moved",
            "outside-age",
            "out-of-scope",
            "opted-out",
            "known-disease",
        ]
        .contains(&row.state)
    };
    let decisions = site.decisions();
    let mut sizes: BTreeMap<Option<String>, usize> = BTreeMap::new();
    for row in site.register() {
        let district = row.district.as_deref().map(str::to_owned);
        *sizes.entry(district).or_default() += usize::from(about(&decisions[&row.resident]));
    }
    let nowhere = sizes.remove(&None).expect("somebody lives nowhere");
    let mut smallest_first: Vec<(usize, Option<String>)> =
        sizes.iter().map(|(name, n)| (*n, name.clone())).collect();
    smallest_first.sort();
    let mut n = 0;
    for (more, name) in smallest_first {
        if nowhere.max(10) <= n {
            break;
        }
        n += more;
        sizes.remove(&name);
    }
    let strata = report["strata"].as_array().expect("a list");
    let told: BTreeMap<String, u64> = strata
        .iter()
        .map(|stratum| {
            (
                text(&stratum["of"]["district"]),
                count(&stratum["residents"]),
            )
        })
        .collect();
    let mut expected: BTreeMap<String, u64> = sizes
        .into_iter()
        .filter_map(|(name, n)| name.map(|name| (name, tens(n))))
        .collect();
    expected.retain(|_, n| 0 < *n);
    expected.insert("other".to_owned(), tens(n + nowhere));
    assert!(0 < nowhere && 0 < n);
    assert_eq!(told, expected);
}

#[test]
fn a_planner_reads_a_table() {
    let site = town(3_000);
    let words = ["what-if", "--thresholds", "10..15", "--by", "sex"];
    reads("what-if", &site.does(&words).ends_well());
    let day = ["--index-date", DAY];
    let words = ["what-if", "--programme", "cardiovascular", "--step", "2.5"];
    let words = [&words[..], &["--thresholds", "5..12.5"], &day].concat();
    reads("what-if-per-cent", &site.does(&words).ends_well());
}

#[test]
fn cases_are_expected_by_a_verified_calibration_alone() {
    let site = town(3_000);
    let shipped = report(&site, &["--thresholds", "11..13"]);
    assert!(shipped["all"]["in_force"]["expected_cases"].is_null());
    let why = text(&shipped["expected_by"]["not_known"]);
    assert!(why.contains("not verified"), "{why}");
    let rules = Rules::at(site.beside("rules"));
    rules.says(CALIBRATION, &[("verified = false", "verified = true")]);
    let name = rules.name();
    let words = ["--thresholds", "11..13", "--rules", &name];
    let verified = report(&site, &words);
    assert!(verified["expected_by"]["not_known"].is_null());
    let levels = verified["all"]["levels"].as_array().expect("a list");
    for (level, entry) in (11..).zip(levels) {
        // Each who is tested adds what the calibration gives their lowest and highest score.
        let p = |score: i32| {
            let log_odds = -5.2575 + 0.18796 * f64::from(score);
            1.0 / (1.0 + (-log_odds).exp())
        };
        let decided = run_at(&site, level);
        let ordered = decided.values();
        let ordered = ordered.filter(|row| row.next.starts_with("order-laboratory"));
        let (mut least, mut most, mut n) = (0.0, 0.0, 0.0);
        for (low, high) in ordered.filter_map(|row| row.score) {
            (least, most, n) = (least + p(low), most + p(high), n + 1.0);
        }
        let limits = |name: &str| {
            let limit = |at: usize| entry[name][at].as_f64().expect("a number");
            (limit(0), limit(1))
        };
        let cases = limits("expected_cases");
        assert!(
            cases.0 <= least && most <= cases.1,
            "{level}: {cases:?}, {least} to {most}"
        );
        assert!(
            least - cases.0 < 5.0 && cases.1 - most < 5.0,
            "{level}: {cases:?}"
        );
        let needed = limits("needed_to_test");
        assert!(
            needed.0 <= n / most && n / least <= needed.1,
            "{level}: {needed:?}"
        );
    }
    let words = [&["what-if"][..], &words].concat();
    let said = site.does(&words).ends_well();
    assert!(said.contains("tested for a case") && said.contains("by findrisc-confirmed-12-months"));
}

#[test]
fn a_run_can_be_looked_at_again_as_it_saw_everybody() {
    let site = town(600);
    let of_the_day = report(&site, &["--thresholds", "10..14", "--index-date", DAY]);
    site.runs("2025-06-15", &[]);
    let of_the_run = report(&site, &["--thresholds", "10..14", "--run", "1"]);
    assert_eq!(of_the_run["all"], of_the_day["all"]);
    assert_eq!(of_the_run["index_date"], DAY);
    assert_eq!(of_the_run["other_rules_than_the_run"], false);
    let newest = report(&site, &["--thresholds", "10..14"]);
    assert_eq!(newest["index_date"], "2025-06-15");
    let said = site.does(&["what-if", "--thresholds", "12", "--run", "9"]);
    insta::assert_snapshot!(said.ends_with(1), @"error: no run has the number 9");
}

#[test]
fn levels_that_cannot_be_are_refused() {
    let site = town(50);
    let refused = |words: &[&str]| site.does(&[&["what-if"], words].concat()).ends_with(1);
    insta::assert_snapshot!(refused(&["--thresholds", "15..10"]), @"error: the range of action levels `15..10` ends before it begins");
    insta::assert_snapshot!(refused(&["--thresholds", "10-15"]), @r"
    error: `10-15` is no range of action levels in points
    hint: the first and the last with two dots between, such as `10..15`
    ");
    insta::assert_snapshot!(refused(&["--thresholds", "10..40"]), @"error: action levels lie from 1 to 26 points here, `10..40` does not");
    let said = site.does(&["what-if", "--thresholds", "12", "--by", "town"]);
    assert_eq!(said.code, Some(2), "{}", said.err);
}
