//! What becomes of offers of the lifestyle service: yes, no, begun, finished, not begun, or nothing.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use preventiojyraa::pathway::{Event, Offer};
use serde_json::Value;

use crate::support::programme::{Programme, Resident};
use crate::support::site::count;

/// The ways that somebody can go with an offer, and how each is counted at the end.
const WAYS: [(&str, &str); 5] = [
    ("ignores", "not-answered"),
    ("declines", "declined"),
    ("does-not-start", "did-not-start"),
    ("starts", "started"),
    ("finishes", "finished"),
];

/// A town in which somebody goes each way with an offer made on 29 January.
fn town_of_offers() -> (Programme, Vec<(Resident, &'static str)>) {
    let mut programme = Programme::in_a_town().that_reads_tasks();
    programme.works();
    let all = ["ordered", "asked"].map(|state| programme.all_who_are(state));
    let chosen: Vec<_> = all.into_iter().flatten().zip(WAYS).collect();
    assert_eq!(chosen.len(), WAYS.len(), "enough residents are at work");
    programme.waits(14);
    let offered = chosen.into_iter().map(|(resident, (way, counted))| {
        resident.never_comes().never_answers();
        resident.goes_with_an_offer(way);
        resident.has_results(6.5, 40.0);
        (resident, counted)
    });
    let offered = offered.collect();
    programme.works();
    (programme, offered)
}

/// What a report says of offers.
fn offers(report: &Value) -> BTreeMap<String, u64> {
    let offers = report["offers"].as_object().expect("offers are counted");
    let each = offers.iter().map(|(name, n)| (name.clone(), count(n)));
    each.collect()
}

/// What the explanation of a resident says of the offer.
fn told(programme: &Programme, resident: &Resident) -> String {
    let text = programme.explanation_for(resident);
    let mut lines = text.lines();
    let line = lines.find(|line| line.starts_with("The lifestyle service"));
    line.unwrap_or_else(|| panic!("{text}")).to_owned()
}

#[test]
fn each_offer_goes_its_own_way_and_everybody_keeps_the_day_of_the_next_look() {
    let (mut programme, offered) = town_of_offers();
    let recall = |programme: &Programme, resident: &Resident| {
        let text = programme.explanation_for(resident);
        let mut lines = text.lines().map(str::to_owned);
        lines.find(|line| line.starts_with("Next:"))
    };
    let before: Vec<_> = offered
        .iter()
        .map(|(resident, _)| recall(&programme, resident))
        .collect();
    programme.reaches("2025-12-10");
    let report = programme.decides();
    let run = offers(&report);
    for ((resident, _), before) in offered.iter().zip(before) {
        assert_eq!(recall(&programme, resident), before);
    }
    let sentences = offered
        .iter()
        .map(|(resident, _)| told(&programme, resident));
    assert_snapshot!(sentences.collect::<Vec<_>>().join("\n"), @r"
    The lifestyle service was offered on 29 January 2025; nobody has answered yet.
    The lifestyle service was offered on 29 January 2025; it was declined on 5 February 2025, as the resident told.
    The lifestyle service was offered on 29 January 2025; it was accepted and then not started, found out on 20 March 2025, as the service told.
    The lifestyle service was offered on 29 January 2025; it was started on 14 February 2025, as the service told.
    The lifestyle service was offered on 29 January 2025; it was finished on 14 May 2025, as the service told.
    ");
    // All that stand are counted once, by the run and by whoever looks where everybody stands.
    let standing = programme.site.covers();
    assert_eq!(offers(&standing), run);
    for (_, counted) in &offered {
        assert!(0 < run[*counted], "{counted}: {run:?}");
    }
    let at_an_offer = programme.all_who_are("offered-prevention").len() as u64;
    assert_eq!(run.values().sum::<u64>(), at_an_offer);
    programme.everybody_is_accounted_for();
}

#[test]
fn who_said_what_and_when_stays_on_record() {
    let (mut programme, offered) = town_of_offers();
    programme.reaches("2025-12-10");
    let words = offered.iter().map(|(resident, counted)| {
        let events = programme.events_of(resident).into_iter();
        let moved = events.filter_map(|event| {
            let Event::OfferMoved { to, .. } = event else {
                return None;
            };
            Some(match to {
                Offer::NotAnswered => "nothing".to_owned(),
                Offer::Told { answer, by, .. } => {
                    format!("{} by {by:?}", answer.name())
                }
            })
        });
        let moved: Vec<String> = moved.collect();
        match &moved[..] {
            [] => format!("{counted}: -"),
            _ => format!("{counted}: {}", moved.join(", ")),
        }
    });
    assert_snapshot!(words.collect::<Vec<_>>().join("\n"), @r"
    not-answered: -
    declined: declined by SelfReported
    did-not-start: accepted by Established, did-not-start by Established
    started: accepted by Established, started by Established
    finished: accepted by Established, started by Established, finished by Established
    ");
}

#[test]
fn where_no_tasks_are_read_the_residents_own_answers_count_all_the_same() {
    let mut programme = Programme::in_a_town();
    programme.works();
    let aino = programme.somebody_who_is("ordered");
    aino.never_comes().goes_with_an_offer("finishes");
    programme.waits(14);
    aino.has_results(6.5, 40.0);
    programme.works();
    programme.reaches("2025-12-10");
    assert_snapshot!(told(&programme, &aino), @"The lifestyle service was offered on 29 January 2025; it was accepted on 8 February 2025, as the resident told.");
}

#[test]
fn an_offer_that_nobody_answers_ends_with_the_next_look_and_not_before() {
    let (mut programme, offered) = town_of_offers();
    let (silent, _) = &offered[0];
    programme.reaches("2026-01-28");
    assert_snapshot!(told(&programme, silent), @"The lifestyle service was offered on 29 January 2025; nobody has answered yet.");
    programme.reaches("2026-02-11");
    assert_snapshot!(programme.diary_of(silent), @r"
    2025-01-15 ordered
    2025-01-15   laboratory:fasting-plasma-glucose
    2025-01-15   laboratory:hba1c
    2025-01-29 offered-prevention
    2025-01-29   message:offer-prevention
    2026-02-11 ordered
    2026-02-11   laboratory:fasting-plasma-glucose
    2026-02-11   laboratory:hba1c
    ");
    programme.everybody_is_accounted_for();
}
