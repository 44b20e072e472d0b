//! For whom the programme is right: by sex, age, language, district and laboratory, how soon, and by which
//! tests; and what it asks of those who work in it.

use std::fs;

use preventiojyraa::orders::Action;
use serde_json::{Value, json};

use crate::support::programme::Programme;
use crate::support::site::{count, text};
use crate::support::snapshots::reads;
use crate::support::world::{HIGHEST, World};

/// The day of the decisions.
const DECIDED: &str = "2024-03-01";
/// When those who came were tested.
const TESTED: &str = "2024-04-10";
/// The first day on which the horizon is over.
const OVER: &str = "2025-03-02";

/// A year after the decisions: 12 women in Itäinen, 11 men in Keskinen, 9 women in Läntinen, and so many more
/// whose place nobody may know.
fn a_year_later(n_hidden: usize) -> World {
    let mut world = World::new();
    let config = format!(
        "[site]\ntrial = true\ntoday = {OVER}\n\n[legal_basis]\nreference = \"trial without people\"\nvalid_from = 2024-01-01\nvalid_until = 2026-12-31\n"
    );
    fs::write(world.site.beside("preventio.toml"), config).expect("it can be written");
    let women = (0..12).map(|n| (format!("woman-{n:02}"), "fi", "Itäinen"));
    let men = (0..11).map(|n| (format!("man-{n:02}"), "sv", "Keskinen"));
    let others = (0..9).map(|n| (format!("other-{n:02}"), "en", "Läntinen"));
    let hidden = (0..n_hidden).map(|n| (format!("hidden-{n:02}"), "fi", "Pohjoinen"));
    for (name, language, district) in women.chain(men).chain(others).chain(hidden) {
        is_flagged(&mut world, &name, language, district);
    }
    world.pulls();
    world.runs_as_of(DECIDED);
    world
}

fn is_flagged(world: &mut World, name: &str, language: &str, district: &str) {
    let somebody = world
        .resident(name)
        .registered(
            "communication",
            json!([{
                "language": { "coding": [{ "system": "urn:ietf:bcp:47", "code": language }] },
                "preferred": true,
            }]),
        )
        .registered("address", json!([{ "district": district }]));
    let somebody = if name.starts_with("man") {
        somebody.man_born("1983-06-06")
    } else {
        somebody.woman_born("1950-06-06")
    };
    let somebody = if name.starts_with("hidden") {
        somebody.registered("meta", json!({ "security": [{ "code": "TURVAKIELTO" }] }))
    } else {
        somebody
    };
    somebody
        .bmi(33.0, "2024-02-01")
        .waist(104.0, "2024-02-01")
        .answers(&HIGHEST, "2024-02-01");
}

/// Both tests, out of order or not.
fn is_tested(world: &mut World, name: &str, is_high: bool) {
    let (fasting, hba1c) = if is_high { (8.1, 55.0) } else { (5.2, 37.0) };
    world
        .resident(name)
        .fasting_glucose(fasting, TESTED)
        .hba1c(hba1c, TESTED);
}

fn is_diagnosed(world: &mut World, name: &str, day: &str) {
    world.resident(name).diagnosed("E11.9", day);
}

/// Results of one laboratory, then of the other.
fn results_come(world: &mut World) {
    for n in 0..10 {
        let name = format!("woman-{n:02}");
        // The eighth was diagnosed though both tests were in order, the ninth without them.
        if n < 9 {
            is_tested(world, &name, n < 8);
        }
        is_diagnosed(world, &name, &format!("2024-05-{:02}", n + 1));
    }
    for n in 0..2 {
        let name = format!("woman-{n:02}");
        world
            .resident(&name)
            .measures("14995-5", 12.0, "mmol/L", TESTED);
    }
    // In order; the last of the women does not come.
    is_tested(world, "woman-10", false);
    world
        .resident("woman-10")
        .measures("14995-5", 6.0, "mmol/L", TESTED);
    let export = world.export();
    world.site.pulls(&export, &["--laboratory", "huslab"]);
    for n in 0..11 {
        let name = format!("man-{n:02}");
        is_tested(world, &name, n < 9);
        if n < 9 {
            is_diagnosed(world, &name, &format!("2024-06-{:02}", n + 1));
        }
    }
    for n in 0..9 {
        is_tested(world, &format!("other-{n:02}"), false);
    }
    let export = world.export();
    world.site.pulls(&export, &["--laboratory", "fimlab"]);
}

fn learns(world: &World, more: &[&str]) -> String {
    let config = world.site.beside("preventio.toml").display().to_string();
    let words = [&["learn", "--config", &config], more].concat();
    world.site.does(&words).ends_well()
}

fn by_group(world: &World) -> Value {
    let learned: Value = serde_json::from_str(&learns(world, &["--json"])).expect("JSON");
    learned["by_group"]["rounds"][0].clone()
}

/// A group by what people are told apart, and its name.
fn group<'v>(round: &'v Value, by: &str, name: &str) -> &'v Value {
    let groupings = round["groupings"].as_array().expect("a list");
    let found = groupings.iter().find(|one| one["by"] == by);
    let groups = found.expect("people are told apart so")["groups"].as_array();
    let mut groups = groups.expect("a list").iter();
    groups
        .find(|one| one["group"] == name)
        .unwrap_or_else(|| panic!("no {by} {name}: {round}"))
}

/// Ordered for, tested, confirmed of these, diagnosed of those ordered for.
fn counts(group: &Value) -> [u64; 4] {
    [
        "ordered_for",
        "tested_of_ordered_for",
        "confirmed_of_tested",
        "diagnosed_of_ordered_for",
    ]
    .map(|name| count(&group[name]))
}

#[test]
fn each_group_has_its_own_precision_with_its_own_denominators() {
    let mut world = a_year_later(3);
    results_come(&mut world);
    let round = by_group(&world);
    assert_eq!(counts(&round["all"]), [35, 30, 18, 19]);
    assert_eq!(round["not_counted"], 0);

    // Women: of 24 ordered for, ten of Itäinen and nine of Läntinen came.
    assert_eq!(counts(group(&round, "sex", "female")), [24, 19, 9, 10]);
    assert_eq!(counts(group(&round, "sex", "male")), [11, 11, 9, 9]);
    assert_eq!(counts(group(&round, "age", "70-79")), [24, 19, 9, 10]);
    assert_eq!(counts(group(&round, "age", "40-49")), [11, 11, 9, 9]);
    assert_eq!(counts(group(&round, "language", "fi")), [15, 10, 9, 10]);
    assert_eq!(counts(group(&round, "language", "sv")), [11, 11, 9, 9]);
    let share = |of: &Value| of["estimate"].as_f64().expect("a number");
    let women = group(&round, "sex", "female");
    assert!((share(&women["uptake"]) - 19.0 / 24.0).abs() < 1e-12);
    assert!((share(&women["ppv_per_order"]) - 10.0 / 24.0).abs() < 1e-12);
    assert!((share(&women["ppv_per_result"]) - 9.0 / 19.0).abs() < 1e-12);

    // Nine are too few, ten are enough.
    let few = group(&round, "language", "en");
    assert_eq!(counts(few), [9, 9, 0, 0]);
    for figure in ["uptake", "ppv_per_order", "ppv_per_result"] {
        let why = text(&few[figure]["not_identifiable"]);
        assert!(why.contains("9 of the 10 people needed"), "{why}");
    }
    // Ten women were diagnosed 61 to 70 days after the flag, and nine men.
    let days = &women["days_to_diagnosis"];
    assert_eq!(count(&days["diagnosed"]), 10);
    let days = ["lower_quartile", "median", "upper_quartile"].map(|name| count(&days[name]));
    assert_eq!(days, [63, 65, 68]);
    let days = &group(&round, "sex", "male")["days_to_diagnosis"];
    assert_eq!(count(&days["diagnosed"]), 9);
    assert!(text(&days["not_identifiable"]).contains("9 of the 10"));

    reads("learn-by-group", &learns(&world, &[]));
    let page = world.site.beside("learned.html").display().to_string();
    learns(&world, &["--html", &page]);
    let page = fs::read_to_string(page).expect("a page");
    for told in [
        "<h3>By district</h3>",
        "huslab",
        "uptake: tested of ordered for",
    ] {
        assert!(page.contains(told), "{told}");
    }
    assert!(!page.contains("Pohjoinen"));
}

#[test]
fn tests_and_laboratories_are_counted_by_whom_they_found_out() {
    let mut world = a_year_later(0);
    results_come(&mut world);
    let round = by_group(&world);
    let by = &round["flagged_found_out_by"];
    assert_eq!(count(&by["diagnosed"]), 19);
    assert_eq!(count(&by["verified_negative"]), 12);
    assert_eq!(count(&by["diagnosed_without_result_in_range"]), 2);
    let tests = by["tests"].as_array().expect("a list");
    let found: Vec<[u64; 3]> = tests
        .iter()
        .map(|test| {
            [
                "diagnosed_with_result",
                "diagnosed_in_range",
                "negatives_with_result",
            ]
            .map(|name| count(&test[name]))
        })
        .collect();
    // Two of the diagnosed and one of the others had a tolerance test beside the two that all had.
    assert_eq!(found.len(), 3, "only venous samples verify: {by}");
    assert!(found.contains(&[2, 2, 1]), "{by}");
    assert_eq!(found.iter().filter(|n| **n == [18, 17, 12]).count(), 2);
    assert_eq!(count(&round["sampled_found_out_by"]["diagnosed"]), 0);

    // Results that an earlier pull brought stay those of its laboratory.
    let laboratories = round["laboratories"]["told"].as_array().expect("a list");
    let told: Vec<(String, u64, u64)> = laboratories
        .iter()
        .map(|one| {
            let n = |name: &str| count(&one[name]);
            (
                text(&one["laboratory"]),
                n("tested"),
                n("confirmed_of_tested"),
            )
        })
        .collect();
    assert_eq!(
        told,
        [("fimlab".to_owned(), 20, 9), ("huslab".to_owned(), 10, 9)]
    );
}

#[test]
fn who_lives_where_nobody_may_know_is_in_no_district_and_not_to_be_had_by_subtraction() {
    let of_districts = |n_hidden: usize| {
        let mut world = a_year_later(n_hidden);
        results_come(&mut world);
        let round = by_group(&world);
        let groupings = round["groupings"].as_array().expect("a list").clone();
        let districts = groupings.into_iter().find(|one| one["by"] == "district");
        (
            count(&round["all"]["ordered_for"]),
            districts.expect("it is there"),
        )
    };
    let (nobody, without) = of_districts(0);
    let (three, with) = of_districts(3);
    assert_eq!((nobody, three), (32, 35));
    // Nothing that is told by district depends on whether there are any.
    assert_eq!(without, with);
    let names: Vec<String> = with["groups"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| text(&one["group"]))
        .collect();
    assert_eq!(names, ["Itäinen", "Keskinen", "Läntinen"]);
    let told = |name: &str| {
        let groups = with["groups"].as_array().expect("a list");
        let mut groups = groups.iter().filter(|one| one["group"] == name);
        groups.next().is_some_and(|one| one["not_told"].is_null())
    };
    assert_eq!(
        ["Itäinen", "Keskinen", "Läntinen"].map(told),
        [true, true, false]
    );
}

#[test]
fn the_orders_and_tasks_of_a_week_are_those_on_record() {
    let mut programme = Programme::in_a_town();
    programme.works();
    let first = programme.today();
    programme.reaches("2025-03-12");
    let learned = programme.reports(&["learn"]);
    let burden = &learned["by_group"]["burden"];
    let days = (programme.today() - first).get_days();
    let weeks = u64::try_from(days / 7).expect("time goes on");
    let counted = count(&burden["weeks"]);
    assert!((weeks..=weeks + 2).contains(&counted), "{weeks} {burden}");
    let rows = programme.rows();
    let line = |part: &str, what: &str| -> Value {
        let lines = burden[part].as_array().expect("a list").iter();
        let mut lines = lines.filter(|line| line["what"] == what);
        lines
            .next()
            .unwrap_or_else(|| panic!("no {what}: {burden}"))
            .clone()
    };
    let left = |is: fn(&Action) -> bool| {
        let rows = rows.iter().filter(|row| row.way.is_some());
        rows.filter(|row| is(&row.order.action)).count() as u64
    };
    let laboratory = line("orders", "laboratory orders");
    assert_eq!(
        count(&laboratory["total"]),
        left(|action| matches!(action, Action::Laboratory { .. }))
    );
    let asked = line("orders", "questionnaires");
    assert_eq!(
        count(&asked["total"]),
        left(|action| *action == Action::Questionnaire)
    );
    assert_eq!(
        count(&line("orders", "all orders")["total"]),
        left(|_| true)
    );
    assert!(count(&laboratory["busiest_week"]) <= count(&laboratory["total"]));
    // Tasks add up to those on record, open or closed.
    let tasks = burden["tasks"].as_array().expect("a list");
    let (all, each) = tasks.split_last().expect("a line for all");
    let sum: u64 = each.iter().map(|line| count(&line["total"])).sum();
    assert_eq!(count(&all["total"]), sum);
    assert!(programme.worklist().len() as u64 <= sum);
}
