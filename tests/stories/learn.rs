//! A year later: what became of those who were decided about, and what that changes.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::acting::copy;
use crate::support::rules::Rules;
use crate::support::site::{Dice, Said, count, text};
use crate::support::snapshots::reads;
use crate::support::world::{HIGHEST, LOWEST, World};

/// The day of the decisions.
const DECIDED: &str = "2024-03-01";
/// When some of them began a drug: before their tests.
const TREATED: &str = "2024-03-20";
/// When those who came were tested, and when some of them were diagnosed.
const TESTED: &str = "2024-04-10";
const DIAGNOSED: &str = "2024-05-20";
/// The first day on which the horizon is over.
const OVER: &str = "2025-03-02";

/// A programme that decided a year ago.
pub(super) struct Programme {
    pub(super) world: World,
    names: Vec<String>,
}

/// Points of the portal's questions, in the order of [`LOWEST`].
const POINTS: [i32; 5] = [2, 1, 2, 5, 5];
/// What age, body-mass index and waist give.
const KNOWN: i32 = 11;

impl Programme {
    pub(super) fn new() -> Self {
        let mut programme = Self {
            world: World::new(),
            names: Vec::new(),
        };
        programme.configured(OVER);
        programme
    }

    /// So many residents whose scores run through all that their answers can give.
    pub(super) fn of(n: usize) -> Self {
        let mut programme = Self::new();
        for at in 0..n {
            let name = format!("resident-{at:04}");
            programme.scoring(&name, at % 32);
        }
        programme
    }

    /// Somebody with the answers of a pattern: a bit a question.
    pub(super) fn scoring(&mut self, name: &str, pattern: usize) -> i32 {
        let is_high = |at: usize| (pattern >> at) & 1 == 1;
        let answers: Vec<(&str, &str)> = (0..5)
            .map(|at| if is_high(at) { HIGHEST[at] } else { LOWEST[at] })
            .collect();
        self.world
            .resident(name)
            .woman_born("1950-06-06")
            .bmi(33.0, "2024-02-01")
            .waist(101.0, "2024-02-01")
            .answers(&answers, "2024-02-01");
        self.names.push(name.to_owned());
        KNOWN
            + (0..5)
                .filter(|at| is_high(*at))
                .map(|at| POINTS[at])
                .sum::<i32>()
    }

    /// The day it is.
    fn configured(&mut self, today: &str) {
        let text = format!(
            "[site]\ntrial = true\ntoday = {today}\n\n[legal_basis]\nreference = \"trial without people\"\nvalid_from = 2024-01-01\nvalid_until = 2026-12-31\n"
        );
        fs::write(self.config(), text).expect("a configuration can be written");
    }

    pub(super) fn config(&self) -> PathBuf {
        self.world.site.beside("preventio.toml")
    }

    #[track_caller]
    pub(super) fn decides(&self) {
        self.world.pulls();
        self.world.runs_as_of(DECIDED);
    }

    /// Both tests, with these values.
    fn is_tested(&mut self, name: &str, fasting: f64, hba1c: f64) {
        self.world
            .resident(name)
            .fasting_glucose(fasting, TESTED)
            .hba1c(hba1c, TESTED);
    }

    pub(super) fn is_diagnosed(&mut self, name: &str) {
        self.is_tested(name, 8.1, 55.0);
        self.world.resident(name).diagnosed("E11.9", DIAGNOSED);
    }

    /// Three of four come; the higher the pattern's score, the more often they have it.
    pub(super) fn a_year_passes(&mut self) {
        let mut dice = Dice::new(2024);
        for (at, name) in self.names.clone().iter().enumerate() {
            let score = KNOWN
                + (0..5)
                    .filter(|bit| ((at % 32) >> bit) & 1 == 1)
                    .map(|bit| POINTS[bit])
                    .sum::<i32>();
            if dice.below(4) == 0 {
                continue;
            }
            let has_it = dice.below(40) < usize::try_from(score).expect("positive");
            match has_it {
                true => self.is_diagnosed(name),
                false => self.is_tested(name, 5.4, 38.0),
            }
        }
        self.world.pulls();
    }

    fn learns(&self, more: &[&str]) -> Said {
        let config = self.config().display().to_string();
        let words = [&["learn", "--config", &config], more].concat();
        self.world.site.does(&words)
    }

    #[track_caller]
    fn learned(&self, more: &[&str]) -> Value {
        let said = self.learns(&[more, &["--json"]].concat()).ends_well();
        serde_json::from_str(&said).expect("the report is JSON")
    }

    /// How many have a decision and an outcome.
    fn has(&self, learned: &Value, decision: &str, outcome: &str) -> u64 {
        let account = learned["account"].as_array().expect("a list");
        let found = account
            .iter()
            .find(|entry| entry["decision"] == decision && entry["outcome"] == outcome);
        found.map_or(0, |entry| count(&entry["n"]))
    }
}

#[test]
fn a_few_outcomes_are_counted_and_prove_little() {
    let mut programme = Programme::new();
    for (name, pattern) in [
        ("aino", 31),
        ("bertta", 31),
        ("cecilia", 31),
        ("dagny", 3),
        ("eeva", 5),
        ("fanny", 9),
        ("greta", 17),
        ("helmi", 7),
        ("iiris", 13),
        ("jenny", 21),
        ("kerttu", 0),
        ("lempi", 0),
        ("oili", 25),
        ("pirkko", 25),
    ] {
        programme.scoring(name, pattern);
    }
    programme.world.resident("martta").woman_born("1960-01-01");
    programme.world.resident("nelli").woman_born("2015-01-01");
    programme.decides();
    programme.is_diagnosed("aino");
    programme.is_diagnosed("bertta");
    programme.is_tested("cecilia", 5.2, 37.0);
    programme.is_tested("dagny", 6.4, 40.0);
    programme.is_tested("eeva", 7.4, 49.0);
    let world = &mut programme.world;
    world.resident("fanny").fasting_glucose(5.0, TESTED);
    world.resident("greta").dies("2024-09-01");
    world.resident("helmi").leaves("2024-09-01");
    // Known elsewhere before the decision, and sent only now.
    world.resident("iiris").diagnosed("E11.9", "2024-01-10");
    // Diagnosed without the programme's tests.
    world.resident("jenny").diagnosed("E11.9", DIAGNOSED);
    world.resident("kerttu").diagnosed("E11.9", DIAGNOSED);
    // Treated before their tests: neither what was found nor what was not says what the risk had been.
    for name in ["oili", "pirkko"] {
        let world = &mut programme.world;
        world.resident(name).prescribed("A10BA02", TREATED);
    }
    programme.is_tested("oili", 5.1, 36.0);
    programme.is_diagnosed("pirkko");
    programme.world.pulls();
    let learned = programme.learned(&[]);
    for (decision, outcome, n) in [
        ("flagged", "treated-not-confirmed", 1),
        ("flagged", "treated-then-confirmed", 1),
        ("flagged", "verified-positive", 2),
        ("flagged", "verified-negative", 1),
        ("flagged", "verified-negative-intermediate", 1),
        ("flagged", "verified-negative-not-confirmed", 1),
        ("flagged", "result-missing", 1),
        ("flagged", "lost-died", 1),
        ("flagged", "lost-moved", 1),
        ("flagged", "prevalent-at-index", 1),
        ("flagged", "diagnosed-untested", 1),
        ("below-level", "diagnosed-untested", 1),
        ("below-level", "not-tested", 1),
        ("undecided", "not-followed", 1),
        ("not-eligible", "not-followed", 1),
    ] {
        assert_eq!(
            programme.has(&learned, decision, outcome),
            n,
            "{decision} {outcome}"
        );
    }
    assert_eq!(count(&learned["total"]), 16);
    assert_eq!(count(&learned["residents"]), 16);
    assert!(learned["calibration"]["insufficient_evidence"].is_string());
    assert!(learned["population"]["not_identifiable"].is_string());
    assert_eq!(learned["proposal"], Value::Null);
    reads("learn-a-few", &programme.learns(&[]).ends_well());
    let refused = programme.learns(&["--accept-as", "Dr Test"]).ends_with(1);
    assert!(refused.contains("nothing to accept"), "{refused}");
}

#[test]
fn on_the_last_day_of_the_horizon_nobody_has_an_outcome() {
    let mut programme = Programme::of(64);
    programme.decides();
    programme.a_year_passes();
    let learned = programme.learned(&["--today", "2025-03-01"]);
    assert_eq!(programme.has(&learned, "flagged", "horizon-not-over"), 62);
    assert_eq!(programme.has(&learned, "flagged", "verified-positive"), 0);
    let learned = programme.learned(&["--today", OVER]);
    assert_eq!(programme.has(&learned, "flagged", "horizon-not-over"), 0);
    assert!(0 < programme.has(&learned, "flagged", "verified-positive"));
}

#[test]
fn outcomes_propose_a_person_accepts_and_later_runs_use_it() {
    let mut programme = Programme::of(640);
    programme.decides();
    let site = &programme.world.site;
    let before = site.decisions();
    programme.a_year_passes();
    let site = &programme.world.site;

    // Proposed, twice the same, and nothing is changed by it.
    let page = site.beside("learned.html").display().to_string();
    let learned = programme.learned(&["--html", &page]);
    assert_eq!(learned["proposal"], 1);
    assert_eq!(learned["accepted_by"], Value::Null);
    assert_eq!(programme.learned(&[])["proposal"], 1);
    let run = programme.world.runs_as_of("2024-03-02");
    assert_eq!(
        run["rulebook"]["calibration"],
        "findrisc-confirmed-12-months 2026.1"
    );
    let page = fs::read_to_string(page).expect("a page");
    for outside in ["http", "src=", "@import", "url(", "<script"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert_eq!(page.matches("<svg").count(), 2);
    assert_eq!(page.matches("<desc").count(), 2);

    // Precision with its methods.
    let ppv = &learned["precision"]["ppv_per_result"];
    assert_eq!(ppv["method"], "Wilson");
    let (lower, upper) = (ppv["lower"].as_f64(), ppv["upper"].as_f64());
    assert!(lower < ppv["estimate"].as_f64() && ppv["estimate"].as_f64() < upper);
    let per_order = learned["precision"]["ppv_per_order"]["estimate"].as_f64();
    assert!(per_order < ppv["estimate"].as_f64());

    // Before and after, on the same people.
    let calibration = &learned["calibration"];
    assert_eq!(calibration["among"], "the flagged only");
    let o_e = |when: &str| {
        calibration[when]["o_e"]["estimate"]
            .as_f64()
            .expect("a number")
    };
    assert!(1.5 < o_e("before"), "{calibration}");
    assert!((o_e("after") - 1.0).abs() < 1e-6);

    // Accepted by name; from now on it decides, and says so.
    let accepted = programme.learned(&["--accept-as", "Dr Aino Esimerkki"]);
    assert_eq!(accepted["proposal"], 1);
    assert_eq!(accepted["accepted_by"], "Dr Aino Esimerkki");
    let run = programme.world.runs_as_of("2024-03-03");
    let named = text(&run["rulebook"]["calibration"]);
    assert!(
        named.contains("recalibration 1 accepted by Dr Aino Esimerkki"),
        "{named}"
    );
    let after = programme.world.site.decisions();
    let moved = before.values().filter(|old| {
        let new = &after[&old.resident];
        old.score == new.score && old.probability != new.probability
    });
    assert!(600 < moved.count());

    // What is in force is not contradicted by the data it came from.
    let again = programme.learned(&[]);
    assert_eq!(again["calibration"]["recalibration"]["update"], "original");
    assert_eq!(again["proposal"], Value::Null);

    // A run of before the acceptance is explained by what was in force then.
    let explain = |day: &str| {
        let words = ["explain", "resident-0031", "--index-date", day];
        programme.world.site.does(&words).ends_well()
    };
    let (then, now) = (explain("2024-03-02"), explain("2024-03-03"));
    assert!(then.contains("This is what run 2 decided."), "{then}");
    assert!(then.contains("not verified"), "{then}");
    assert!(now.contains("This is what run 3 decided."), "{now}");
    assert!(now.contains("accepted by Dr Aino Esimerkki"), "{now}");

    // A later version of the score with the same numbers affects nobody, before the acceptance or after.
    let site = &programme.world.site;
    let corrected = Rules::at(site.beside("corrected"));
    corrected.have_a_new_version_of_the_score();
    let looked = corrected.look_back(site, &["--json"]).ends_well();
    let looked: Value = serde_json::from_str(&looked).expect("JSON");
    let runs = looked["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 3);
    assert!(runs.iter().all(|run| run["replayed"] == true), "{looked}");
    assert_eq!(
        (&looked["residents"], &looked["only_scores"]),
        (&0.into(), &0.into())
    );
    site.is_whole();
}

#[test]
fn ten_year_figures_are_not_held_against_a_year_of_diagnoses() {
    let mut programme = Programme::of(64);
    let rules = programme.world.site.beside("rules");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rules"), &rules);
    let file = rules.join("programmes/type-2-diabetes.toml");
    let shipped = fs::read_to_string(&file).expect("it is there");
    let other = shipped.replacen("findrisc-confirmed-12-months", "findrisc-hunt3-2019", 1);
    fs::write(&file, other).expect("it can be written");
    programme.decides();
    programme.a_year_passes();
    let rules = rules.display().to_string();
    let refused = programme.learns(&["--rules", &rules]).ends_with(1);
    reads("learn-across-estimands", &refused);
}

#[test]
fn nobody_accepts_anonymously_and_only_a_trial_chooses_the_day() {
    let programme = Programme::of(32);
    programme.decides();
    let refused = programme.learns(&["--accept-as", " "]).ends_with(1);
    assert!(refused.contains("the name of the person"), "{refused}");
    let refused = programme.learns(&["--index-run", "7"]).ends_with(1);
    assert!(refused.contains("no run has the number 7"), "{refused}");
    let real = "[site]\n\n[legal_basis]\nreference = \"x\"\nvalid_from = 2024-01-01\nvalid_until = 2026-12-31\n";
    fs::write(programme.config(), real).expect("a configuration can be written");
    let refused = programme.learns(&["--today", OVER]).ends_with(1);
    assert!(
        refused.contains("only a trial chooses the day"),
        "{refused}"
    );
}

#[test]
fn the_decisions_of_one_run_add_up_to_its_register() {
    let mut programme = Programme::of(64);
    programme.decides();
    // Answered after the first run, which asked.
    programme.world.resident("late").woman_born("1950-06-06");
    programme.world.pulls();
    programme.world.runs_as_of("2024-03-05");
    programme
        .world
        .resident("late")
        .answers(&HIGHEST, "2024-03-06");
    programme
        .world
        .resident("late")
        .bmi(33.0, "2024-03-06")
        .waist(101.0, "2024-03-06")
        .which_has("issued", json!("2024-03-06T10:00:00Z"));
    programme.world.pulls();
    programme.world.runs_as_of("2024-03-07");
    let of_run = |run: &str| programme.learned(&["--index-run", run]);
    let first = of_run("1");
    assert_eq!(count(&first["total"]), 64);
    assert_eq!(programme.has(&first, "flagged", "not-tested"), 62);
    let second = of_run("2");
    assert_eq!(count(&second["total"]), 65);
    assert_eq!(programme.has(&second, "not-counted", "not-followed"), 64);
    assert_eq!(programme.has(&second, "undecided", "not-followed"), 1);
    let third = of_run("3");
    assert_eq!(count(&third["total"]), 65);
    assert_eq!(programme.has(&third, "flagged", "horizon-not-over"), 1);
    assert_eq!(count(&programme.learned(&[])["total"]), 65);
}

/// A trial that acts, and draws every second resident below the level for the same tests.
fn that_draws_half(programme: &Programme) {
    let config = programme.config();
    let text = fs::read_to_string(&config).expect("it is there");
    let text = text.replacen(&format!("today = {OVER}"), &format!("today = {DECIDED}"), 1)
        + r#"
[sampled_negatives]
share = 0.5
approved_by = "Dr Test"

[server.standin]
base = "http://127.0.0.1:9/fhir"
source = "export"
requests_per_minute = 600

[channel.laboratory]
way = "service-request"
server = "standin"
"#;
    fs::write(config, text).expect("a configuration can be written");
}

#[test]
fn residents_drawn_by_lot_stand_for_those_below_the_level() {
    let mut programme = Programme::new();
    // Patterns of 11 points stay below the level, all others are above it.
    for at in 0..240 {
        programme.scoring(&format!("low-{at:03}"), 0);
    }
    for at in 0..120 {
        programme.scoring(&format!("high-{at:03}"), 1 + at % 31);
    }
    that_draws_half(&programme);
    programme.world.pulls();
    let config = programme.config().display().to_string();
    let words = ["run", "--act", "--config", &config];
    programme.world.site.does(&words).ends_well();
    let states: Vec<(String, &str)> = programme
        .names
        .iter()
        .map(|name| (name.clone(), programme.world.site.state_of(name)))
        .collect();
    let (mut drawn, mut found) = (0, 0);
    for (at, (name, state)) in states.iter().enumerate() {
        match (*state, at % 4) {
            ("below-level", _) => {}
            // One in four does not come.
            ("sampled-negative", 3) | ("ordered", 3) => {
                drawn += u64::from(*state == "sampled-negative");
            }
            ("sampled-negative", 0) => {
                drawn += 1;
                found += 1;
                programme.is_diagnosed(name);
            }
            ("sampled-negative", _) => {
                drawn += 1;
                programme.is_tested(name, 5.2, 37.0);
            }
            ("ordered", 0 | 1) => programme.is_diagnosed(name),
            ("ordered", _) => programme.is_tested(name, 5.2, 37.0),
            (other, _) => panic!("{name} is {other}"),
        }
    }
    assert!((90..150).contains(&drawn), "{drawn} of 240 at one half");
    programme.world.pulls();
    let learned = programme.learned(&["--today", OVER]);
    assert_eq!(learned["acted"], true);
    let population = &learned["population"];
    assert_eq!(count(&population["sampled"]), drawn);
    assert_eq!(count(&population["confirmed"]), found);
    assert_eq!(
        learned["calibration"]["among"],
        "everybody who was decided about"
    );
    // Of 120 flagged two in three have it, of 240 below about one in three: the flagged find half.
    let sensitivity = population["sensitivity"]["estimate"]
        .as_f64()
        .expect("a number");
    assert!((0.42..0.58).contains(&sensitivity), "{sensitivity}");
    let npv = &population["npv"];
    assert_eq!(npv["method"], "weighted Poisson counts");
    // What is taken for granted of the fourth who did not come widens the limits, and never narrows them.
    let measures = learned["if_unlike"]["measures"].as_array().expect("a list");
    assert_eq!(measures.len(), 5);
    for measure in measures {
        let width = |of: &str| {
            let limit = |end: &str| measure[of][end].as_f64().expect("a number");
            limit("upper") - limit("lower")
        };
        let (alike, odds) = (width("alike_in_band_sex_and_age"), width("within_odds"));
        assert!(alike < odds && odds < width("at_worst"), "{measure}");
    }
    assert!(
        1.0 < learned["if_unlike"]["weights"]["largest_over_mean"]
            .as_f64()
            .expect("a number")
    );
    let o_e = &learned["calibration"]["before"]["o_e"];
    assert_eq!(o_e["method"], "log scale, linearised with design variance");
    let told = programme.learns(&["--today", OVER]).ends_well();
    let bands = told
        .lines()
        .filter(|line| line.contains("sampled: "))
        .count();
    assert_eq!(bands, 1, "{told}");
}
