//! Rounds as residents live them: a day at a time, every run decides, and what it asks for arrives.

use std::collections::BTreeSet;

use jiff::Span;
use jiff::civil::Date;
use preventiojyraa_core::orders::{Action, ActionKind, AskingTerms, Intent, Offered, intend};
use preventiojyraa_core::pathway::{
    Conclusion, Decision, Episode, Event, HandedOver, OrderedBecause, Stage, decide, follow,
};
use preventiojyraa_core::profile::{Comparator, ResidentId, Sex};

use super::pathway::{IFCC, MMOL, low, scoring, spanning};
use crate::support::core::{Someone, Statement, TODAY, row_id, rulebook};

/// A resident with a calendar.
struct Resident {
    someone: Someone,
    offered: Offered,
    said: Vec<String>,
}

fn all_kinds() -> Offered {
    Offered::Kinds(ActionKind::NAMES.iter().map(|(_, kind)| *kind).collect())
}

impl Resident {
    fn new(someone: Someone) -> Self {
        Self {
            someone,
            offered: all_kinds(),
            said: Vec::new(),
        }
    }

    fn offered(mut self, offered: Offered) -> Self {
        self.offered = offered;
        self
    }

    /// The run of a day, without taking in what it asks.
    fn decided(&self) -> (Decision, Intent) {
        let profile = self.someone.profile();
        let followed = follow(rulebook(), &profile, self.someone.episode.as_ref());
        let newest = followed.episode.as_ref();
        let decision = decide(rulebook(), &profile, newest, self.someone.lot);
        let who = ResidentId::from_bytes([1; 16]);
        let on = self.someone.index_date;
        let intent = intend(rulebook(), who, on, &followed, &decision, &self.offered);
        (decision, intent)
    }

    /// The run of the day, so many days after the first: everything it asks arrives the same day.
    fn on_day(&mut self, day: i64) -> &mut Self {
        self.someone.index_date = after(day);
        let (decision, intent) = self.decided();
        let mut asked: Vec<String> = intent.orders.iter().map(|o| o.action.name()).collect();
        asked.extend(
            intent
                .by_person
                .iter()
                .map(|a| format!("by a person {}", a.name())),
        );
        asked.extend(
            intent
                .without_channel
                .map(|k| format!("no channel for {}", k.name())),
        );
        asked.extend(intent.held.map(|k| format!("held {}", k.name())));
        self.said.push(format!(
            "{day}: {} by {}{}{}",
            decision.state.name(),
            row_id(decision.row),
            if asked.is_empty() { "" } else { "; " },
            asked.join(", ")
        ));
        for (round, event) in &intent.events {
            self.happens(*round, event);
        }
        for order in &intent.orders {
            let test = match &order.action {
                Action::Questionnaire => None,
                Action::Laboratory { test } => Some(test.clone()),
                Action::RemindQuestionnaire
                | Action::RemindLaboratory
                | Action::Message { .. }
                | Action::Contact { .. }
                | Action::Cancel { .. } => continue,
            };
            let on = self.someone.index_date;
            // Their turn comes the same day.
            if matches!(self.stage(), Stage::Queued { .. }) {
                let answer_by = AskingTerms::of(rulebook()).answer_by(on);
                self.happens(order.round, &Event::Asked { on, answer_by });
            }
            self.happens(order.round, &Event::Delivered { on, test });
        }
        self
    }

    fn happens(&mut self, round: u16, event: &Event) {
        let newest = self.someone.episode.take();
        let newest = newest.filter(|episode| episode.round == round);
        let mut episode = newest.unwrap_or_else(|| Episode::begin(round));
        episode.apply(event).expect("what a run asks for fits");
        self.someone.episode = Some(episode);
    }

    /// Something becomes known, so many days after the first.
    fn knows(&mut self, day: i64, statement: Statement) -> &mut Self {
        self.someone = self.someone.clone().with(statement.on(after(day)));
        self
    }

    fn story(&self) -> Vec<&str> {
        self.said.iter().map(String::as_str).collect()
    }

    fn stage(&self) -> &Stage {
        &self.someone.episode.as_ref().expect("a round").stage
    }
}

fn after(day: i64) -> Date {
    TODAY.saturating_add(Span::new().days(day))
}

fn fasting(value: f64) -> Statement {
    Statement::measured("fasting-plasma-glucose", value, MMOL)
}

fn hba1c(value: f64) -> Statement {
    Statement::measured("hba1c", value, IFCC)
}

fn answered(item: &str, answer: &str) -> Statement {
    Statement::answer(item, answer)
}

#[test]
fn who_does_not_answer_is_reminded_once_and_then_listed_by_name_of_the_state() {
    let mut resident = Resident::new(spanning(Sex::Female));
    for day in [0, 28, 29, 30, 50, 51, 400] {
        resident.on_day(day);
    }
    assert_eq!(
        resident.story(),
        [
            "0: asked by score-spans; questionnaire",
            "28: asked by score-spans",
            "29: asked by answer-overdue; questionnaire-reminder",
            "30: asked by score-spans",
            "50: asked by score-spans",
            "51: undecided-not-answered by not-answered",
            // Twelve months after the reminder's last day they are asked anew, in a round of its own.
            "400: undecided-not-answered by not-answered",
        ]
    );
    resident.said.clear();
    resident.on_day(50 + 366);
    assert_eq!(
        resident.story(),
        ["416: asked by score-spans; questionnaire"]
    );
    assert_eq!(resident.someone.episode.as_ref().map(|e| e.round), Some(2));
}

#[test]
fn a_late_answer_still_decides() {
    let mut resident = Resident::new(spanning(Sex::Female));
    resident.on_day(0).on_day(29).on_day(60);
    resident
        .knows(70, answered("high-glucose-answer", "yes"))
        .knows(70, answered("family-history-answer", "first-degree"))
        .on_day(71);
    assert_eq!(
        resident.story()[2..],
        [
            "60: undecided-not-answered by not-answered",
            "71: ordered by score-at-or-above; laboratory:fasting-plasma-glucose, laboratory:hba1c",
        ]
    );
}

#[test]
fn who_does_not_come_is_reminded_once_and_then_handed_to_a_nurse() {
    let mut resident = Resident::new(scoring(12));
    for day in [0, 60, 61, 62, 91, 92, 93] {
        resident.on_day(day);
    }
    assert_eq!(
        resident.story(),
        [
            "0: ordered by score-at-or-above; laboratory:fasting-plasma-glucose, laboratory:hba1c",
            "60: ordered by order-open",
            "61: overdue by sample-overdue; laboratory-reminder",
            "62: ordered by order-open",
            "91: ordered by order-open",
            "92: with-a-nurse by did-not-attend; contact:contact-overdue",
            "93: with-a-nurse by handed-to-a-nurse",
        ]
    );
    assert_eq!(
        *resident.stage(),
        Stage::WithANurse {
            since: after(92),
            why: HandedOver::DidNotAttend
        }
    );
    // Whoever comes after all has a result like anybody else.
    resident.knows(95, fasting(5.2)).knows(95, hba1c(37.0));
    resident.said.clear();
    resident.on_day(96);
    assert_eq!(
        resident.story(),
        ["96: offered-prevention by recently-normal-and-high-score; message:offer-prevention"]
    );
}

#[test]
fn every_result_ends_in_a_message_an_offer_or_a_professional() {
    let ordered =
        "0: ordered by score-at-or-above; laboratory:fasting-plasma-glucose, laboratory:hba1c";
    for (glucose, hemoglobin, told) in [
        (
            5.9,
            47.0,
            "9: offered-prevention by recently-normal-and-high-score; message:offer-prevention",
        ),
        (
            6.1,
            40.0,
            "9: offered-prevention by glucose-impaired; message:offer-prevention",
        ),
        (
            5.0,
            48.0,
            "9: confirming by result-diabetic-range; contact:contact-diabetic-range",
        ),
        (
            7.0,
            40.0,
            "9: confirming by result-diabetic-range; contact:contact-diabetic-range",
        ),
    ] {
        let mut resident = Resident::new(scoring(12));
        resident.on_day(0);
        resident
            .knows(8, fasting(glucose))
            .knows(8, hba1c(hemoglobin));
        resident.on_day(9).on_day(10);
        assert_eq!(resident.story()[..2], [ordered, told]);
        assert!(
            !resident.story()[2].contains(';'),
            "told once: {:?}",
            resident.story()
        );
    }
    // Of the sampled, a normal result is told with the day of the next look.
    let mut drawn = Resident::new(low().drawn());
    drawn.on_day(0);
    drawn.knows(8, fasting(5.0)).knows(8, hba1c(35.0));
    drawn.someone.index_date = after(9);
    let (_, intent) = drawn.decided();
    assert_eq!(
        intent.orders[0].recall_on,
        Some(jiff::civil::date(2028, 6, 23))
    );
    drawn.on_day(9);
    assert_eq!(
        drawn.story(),
        [
            "0: sampled-negative by sampled-negative; laboratory:fasting-plasma-glucose, laboratory:hba1c",
            "9: concluded by recently-normal; message:normal-result",
        ]
    );
}

#[test]
fn a_sampled_negative_is_remembered_with_the_probability_of_being_drawn() {
    let drawn = Resident::new(low().drawn());
    let (decision, intent) = drawn.decided();
    let inclusion = decision.lot.expect("drawn");
    assert_eq!(inclusion.billionths(), 20_000_000);
    let because = OrderedBecause::SampledNegative(inclusion);
    assert!(matches!(
        &intent.events[..],
        [(1, Event::TestsOrdered { because: stored, .. })] if *stored == because
    ));
    let flagged = Resident::new(scoring(12).drawn());
    assert!(matches!(
        &flagged.decided().1.events[..],
        [(
            1,
            Event::TestsOrdered {
                because: OrderedBecause::Flagged,
                ..
            }
        )]
    ));
}

#[test]
fn a_result_that_is_amended_to_a_high_one_reaches_a_professional() {
    let mut drawn = Resident::new(low().drawn());
    drawn.on_day(0);
    drawn.knows(8, fasting(5.0)).knows(8, hba1c(35.0)).on_day(9);
    let amended = |facts: &mut Vec<preventiojyraa_core::profile::Fact>| {
        let glucose = rulebook().catalogue.find("fasting-plasma-glucose");
        let mut newer = *facts
            .iter()
            .find(|fact| Some(fact.id) == glucose)
            .expect("a result");
        newer.version.updated += 1;
        newer.value = Statement::measured("fasting-plasma-glucose", 7.4, MMOL)
            .0
            .value;
        facts.push(newer);
    };
    amended(&mut drawn.someone.facts);
    drawn.on_day(12).on_day(13);
    assert_eq!(
        drawn.story()[1..],
        [
            "9: concluded by recently-normal; message:normal-result",
            "12: confirming by result-diabetic-range; contact:contact-diabetic-range",
            "13: confirming by result-diabetic-range",
        ]
    );
}

#[test]
fn a_normal_result_is_not_told_while_another_test_is_waited_for() {
    let mut drawn = Resident::new(low().drawn());
    drawn.on_day(0);
    drawn.knows(8, fasting(5.0)).on_day(9);
    drawn.knows(12, hba1c(50.0)).on_day(13);
    assert_eq!(
        drawn.story()[1..],
        [
            "9: ordered by order-open",
            "13: confirming by result-diabetic-range; contact:contact-diabetic-range",
        ]
    );
}

#[test]
fn whoever_was_left_with_a_nurse_is_asked_anew_after_a_year() {
    let mut resident = Resident::new(scoring(12));
    for day in [0, 61, 92, 93 + 366] {
        resident.on_day(day);
    }
    assert_eq!(
        resident.story()[2..],
        [
            "92: with-a-nurse by did-not-attend; contact:contact-overdue",
            "459: ordered by score-at-or-above; laboratory:fasting-plasma-glucose, laboratory:hba1c",
        ]
    );
    assert_eq!(resident.someone.episode.as_ref().map(|e| e.round), Some(2));
}

#[test]
fn results_that_decide_nothing_go_to_a_person() {
    let mut resident = Resident::new(scoring(12));
    resident.on_day(0);
    resident.knows(8, hba1c(41.0)).on_day(9);
    // A glucose that is only known to be above 5: it may be anything.
    let above = Statement::limited("fasting-plasma-glucose", Comparator::Above, 5.0, MMOL);
    resident.knows(10, above).on_day(11).on_day(12);
    assert_eq!(
        resident.story()[1..],
        [
            "9: ordered by order-open",
            "11: with-a-nurse by results-undecided",
            "12: with-a-nurse by handed-to-a-nurse",
        ]
    );
    assert_eq!(
        *resident.stage(),
        Stage::WithANurse {
            since: after(11),
            why: HandedOver::ResultsUndecided
        }
    );
}

#[test]
fn impaired_glucose_found_by_others_is_an_offer_too_and_a_normal_one_is_theirs_to_tell() {
    let mut impaired = Resident::new(low());
    impaired.knows(-30, fasting(6.5)).on_day(0).on_day(1);
    assert_eq!(
        impaired.story(),
        [
            "0: offered-prevention by glucose-impaired; message:offer-prevention",
            "1: offered-prevention by glucose-impaired",
        ]
    );
    let mut normal = Resident::new(low());
    normal.knows(-30, fasting(5.0)).on_day(0);
    assert_eq!(normal.story(), ["0: concluded by recently-normal"]);
    assert_eq!(normal.someone.episode, None);
}

#[test]
fn what_no_channel_takes_is_done_by_a_person_and_what_is_stopped_waits() {
    let laboratory_only = || Offered::Kinds(BTreeSet::from([ActionKind::Laboratory]));
    let mut resident = Resident::new(scoring(12)).offered(laboratory_only());
    resident.on_day(0).on_day(61);
    resident.knows(70, fasting(6.3)).knows(70, hba1c(40.0));
    resident.on_day(71);
    assert_eq!(
        resident.story()[1..],
        [
            "61: overdue by sample-overdue; by a person laboratory-reminder",
            "71: offered-prevention by glucose-impaired; by a person message:offer-prevention",
        ]
    );
    // Nobody starts a round for somebody else's result when there is no way to offer anything.
    let mut found = Resident::new(low()).offered(laboratory_only());
    found.knows(-30, fasting(6.5)).on_day(0);
    assert_eq!(found.story(), ["0: offered-prevention by glucose-impaired"]);

    let mut stopped = Resident::new(scoring(12));
    stopped.on_day(0);
    stopped.knows(8, fasting(5.0)).knows(8, hba1c(48.0));
    stopped.offered = Offered::Stopped;
    stopped.on_day(9);
    stopped.offered = all_kinds();
    stopped.on_day(10);
    assert_eq!(
        stopped.story()[1..],
        [
            "9: confirming by result-diabetic-range; held professional",
            "10: confirming by result-diabetic-range; contact:contact-diabetic-range",
        ]
    );
}

#[test]
fn whoever_leaves_the_scope_is_told_a_result_and_begins_no_round() {
    let open_round = || match all_kinds() {
        Offered::Kinds(kinds) => Offered::OpenRound(kinds),
        other @ (Offered::Stopped | Offered::OpenRound(_)) => panic!("{other:?}"),
    };
    let mut left = Resident::new(scoring(12));
    left.on_day(0);
    left.offered = open_round();
    left.on_day(61);
    left.knows(70, fasting(5.0)).knows(70, hba1c(48.0));
    left.on_day(71);
    assert_eq!(
        left.story()[1..],
        [
            "61: overdue by sample-overdue; laboratory-reminder",
            "71: confirming by result-diabetic-range; contact:contact-diabetic-range",
        ]
    );
    // Whoever was never inside is not tested, and not told what others have found.
    let mut outside = Resident::new(scoring(12)).offered(open_round());
    outside.on_day(0);
    assert!(
        outside.story()[0].ends_with("; held laboratory"),
        "{:?}",
        outside.story()
    );
    let mut found = Resident::new(low()).offered(open_round());
    found.knows(-30, fasting(6.5)).on_day(0);
    assert_eq!(found.story(), ["0: offered-prevention by glucose-impaired"]);
    assert_eq!(found.someone.episode, None);
}

#[test]
fn a_diagnosis_ends_the_round() {
    let mut resident = Resident::new(scoring(12));
    resident.on_day(0);
    resident
        .knows(8, fasting(7.5))
        .knows(8, hba1c(52.0))
        .on_day(9);
    resident
        .knows(20, Statement::present("diabetes-diagnosis"))
        .on_day(21);
    assert_eq!(resident.story()[2], "21: known-disease by diabetes-known");
    assert!(matches!(
        resident.stage(),
        Stage::Closed {
            conclusion: Conclusion::Left(_),
            ..
        }
    ));
}
