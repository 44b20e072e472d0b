//! Not everybody can be asked at once: who waits, who goes first, and what they hear.

use std::collections::BTreeSet;
use std::fs;

use jiff::civil::Date;
use preventiojyraa::pathway::Event;
use serde_json::Value;

use crate::support::programme::{Programme, Resident};
use crate::support::rules::Rules;

/// A programme by rules that let so many be asked a week.
struct Capped {
    programme: Programme,
    rules: Rules,
    per_week: u32,
}

impl Capped {
    fn at(per_week: u32) -> Self {
        let programme = Programme::in_a_town();
        let rules = Rules::at(programme.site.beside("rules"));
        let mut capped = Self {
            programme,
            rules,
            per_week: 5000,
        };
        capped.now_lets(per_week);
        capped
    }

    fn now_lets(&mut self, per_week: u32) {
        let from = format!("per_week = {}\n", self.per_week);
        let to = format!("per_week = {per_week}\n");
        self.rules.says(self.rules.programme(), &[(&from, &to)]);
        self.per_week = per_week;
    }

    fn does(&self, words: &[&str]) -> Value {
        let rules = self.rules.name();
        let words = [words, &["--rules", &rules]].concat();
        self.programme.reports(&words)
    }

    fn decides(&self) -> Value {
        self.does(&["run", "--act"])
    }

    /// One dispatcher; what it says of those who wait.
    fn delivers(&self) -> Value {
        self.does(&["dispatch", "--once"])["asking"].clone()
    }

    fn waits_to_be_asked(&self, resident: &Resident) -> bool {
        matches!(
            self.programme.events_of(resident)[..],
            [Event::Queued { .. }]
        )
    }

    fn those_who_wait(&self) -> Vec<Resident> {
        let mut asked = self.everybody_asked();
        asked.retain(|one| self.waits_to_be_asked(one));
        asked
    }

    fn everybody_asked(&self) -> Vec<Resident> {
        self.programme.all_who_are("asked")
    }

    /// How many a person decides about, since nobody may know where they live.
    fn withheld(&self) -> u64 {
        let tasks = self.programme.worklist().into_iter();
        tasks
            .filter(|task| task.code == "delivery-withheld")
            .count() as u64
    }

    /// How many have been asked by now, at the other side.
    fn asked(&self) -> usize {
        let asked = self.everybody_asked();
        asked
            .iter()
            .filter(|one| !one.received().is_empty())
            .count()
    }
}

fn n(report: &Value, what: &str) -> u64 {
    report[what].as_u64().unwrap_or_else(|| panic!("{report}"))
}

#[test]
fn so_many_are_asked_in_a_week_by_however_many_dispatchers_and_the_others_wait_in_one_state() {
    let capped = Capped::at(4);
    capped.programme.pulls();
    let run = capped.decides();
    let all = n(&run["states"], "asked");
    assert!(12 < all, "the story needs a crowd: {all}");
    let told = &run["act"]["asking"];
    assert_eq!((n(told, "waiting"), n(told, "left")), (all, 0));
    assert_eq!(n(told, "further_weeks"), (all - 4).div_ceil(4));
    // Two at once, and one after them.
    let rules = capped.rules.name();
    let words = ["dispatch", "--once", "--rules", &rules];
    let running = [(); 2].map(|()| capped.programme.starts(&words));
    for mut dispatcher in running {
        let ended = dispatcher.0.wait().expect("a child ends");
        assert!(ended.success(), "a dispatcher fails");
    }
    let told = capped.delivers();
    // Whose address nobody may know waits for nothing: a person decides whether to ask them.
    let withheld = capped.withheld();
    let waiting = all - 4 - withheld;
    assert_eq!((n(&told, "waiting"), n(&told, "left")), (waiting, 4));
    assert_eq!(capped.asked(), 4);
    // Asked or waiting, everybody is in the same one state, and a second run asks for nothing twice.
    let again = capped.decides();
    assert_eq!(n(&again["states"], "asked"), all - withheld);
    assert_eq!(n(&again["act"], "planned"), 0);
    let status = capped
        .programme
        .does(&["effects", "status", "--rules", &capped.rules.name()]);
    let status = status.ends_well();
    let said =
        format!("4 of 4 questionnaires have left in the week from 2025-01-13, {waiting} wait");
    assert!(status.contains(&said), "{status}");
    assert!(
        status.contains("First go: highest-possible-score, then longest-unseen"),
        "{status}"
    );
}

#[test]
fn the_week_ends_on_sunday_and_a_cap_that_is_changed_holds_at_once() {
    let mut capped = Capped::at(3);
    capped.programme.pulls();
    capped.decides();
    // Wednesday to Sunday, 19 January 2025.
    capped.delivers();
    capped.programme.waits(4);
    assert_eq!(n(&capped.delivers(), "left"), 3);
    assert_eq!(capped.asked(), 3);
    capped.programme.waits(1);
    let monday = capped.delivers();
    assert_eq!(monday["week_from"], "2025-01-20");
    assert_eq!((n(&monday, "left"), capped.asked()), (3, 6));
    capped.now_lets(5);
    assert_eq!((n(&capped.delivers(), "left"), capped.asked()), (5, 8));
    capped.now_lets(1);
    assert_eq!((n(&capped.delivers(), "left"), capped.asked()), (5, 8));
}

#[test]
fn the_list_of_orders_says_who_waits_for_their_turn_and_names_no_last_day_for_them() {
    let capped = Capped::at(3);
    capped.programme.pulls();
    let run = capped.decides();
    let all = n(&run["states"], "asked");
    let listed = capped.programme.site.does(&["orders", "list"]).ends_well();
    let waits = |line: &&str| line.contains("  questionnaire  ");
    let waiting: Vec<&str> = listed.lines().filter(waits).collect();
    assert_eq!(waiting.len() as u64, all, "{listed}");
    for line in listed.lines() {
        let is_in_turn = waits(&line);
        assert_eq!(line.contains("waits for their turn"), is_in_turn, "{line}");
        assert_eq!(line.contains("leaves by 2025-"), !is_in_turn, "{line}");
    }
}

#[test]
fn a_trial_may_ask_everybody_at_once_and_nobody_else_may() {
    let capped = Capped::at(1);
    capped.programme.pulls();
    capped.decides();
    let path = capped.programme.site.beside("preventio.toml");
    let text = fs::read_to_string(&path).expect("a configuration");
    let lifted = text.replacen("trial = true", "trial = true\nno_weekly_cap = true", 1);
    let serious = lifted.replacen("trial = true\n", "", 1);
    fs::write(&path, &serious).expect("writable");
    let rules = capped.rules.name();
    let words = ["dispatch", "--once", "--rules", &rules];
    let refused = capped.programme.does(&words);
    assert!(
        refused.err.contains("only a trial lifts the weekly cap"),
        "{}",
        refused.err
    );
    assert_eq!(capped.asked(), 0);
    fs::write(&path, &lifted).expect("writable");
    capped.programme.delivers_by(&rules);
    assert_eq!(capped.asked(), capped.everybody_asked().len() - 1);
    assert_eq!(capped.withheld(), 1);
    // There is no pace to speak of.
    assert_eq!(capped.delivers(), Value::Null);
}

#[test]
fn who_waits_long_is_neither_too_late_nor_reminded_and_has_the_whole_time_when_their_turn_comes() {
    let mut capped = Capped::at(1);
    capped.programme.pulls();
    capped.decides();
    capped.delivers();
    // Longer than an order may wait to leave, and than an answer is waited for.
    for _ in 0..5 {
        capped.programme.waits(14);
        capped.programme.pulls();
        capped.decides();
        capped.delivers();
    }
    let waiting = capped.those_who_wait();
    assert!(5 < waiting.len(), "most of them wait: {}", waiting.len());
    for one in &waiting {
        let events = capped.programme.events_of(one);
        assert!(matches!(events[..], [Event::Queued { .. }]), "{events:?}");
    }
    let late: BTreeSet<String> = capped
        .programme
        .worklist()
        .into_iter()
        .map(|task| task.code)
        .filter(|code| code.starts_with("delivery-") && code != "delivery-withheld")
        .collect();
    assert!(late.is_empty(), "{late:?}");
    // Now everybody may be asked.
    capped.now_lets(500);
    capped.delivers();
    let asked_on: Date = "2025-03-26".parse().expect("a date");
    for one in waiting {
        let events = capped.programme.events_of(&one);
        let due: Date = "2025-04-23".parse().expect("a date");
        let asked = Event::Asked {
            on: asked_on,
            answer_by: due,
        };
        assert!(events.contains(&asked), "{events:?}");
    }
}

#[test]
fn who_says_no_while_they_wait_hears_nothing_and_the_next_one_has_their_turn() {
    let mut capped = Capped::at(2);
    capped.programme.pulls();
    capped.decides();
    capped.delivers();
    let waiting = capped.those_who_wait();
    let before = waiting.len() as u64;
    for one in &waiting[..3] {
        one.refuses();
    }
    capped.programme.waits(7);
    capped.programme.pulls();
    // No run in between: the refusal is seen when it is about to leave.
    let told = capped.delivers();
    assert_eq!((n(&told, "left"), n(&told, "waiting")), (2, before - 3 - 2));
    for one in &waiting[..3] {
        assert_eq!(one.received(), "");
    }
}
