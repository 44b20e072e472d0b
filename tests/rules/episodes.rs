//! Episodes as a table: every stage meets every event.

use jiff::civil::{Date, date};
use preventiojyraa_core::pathway::{
    Episode, Event, Finding, HandedOver, NotDelivered, Offer, OrderedBecause, Stage,
};
use preventiojyraa_core::profile::Standing;
use preventiojyraa_core::rulebook::{OfferAnswer, StageKind, State};

use crate::support::core::{TODAY, stages};
use crate::support::snapshots::reads;

const DAY: Date = date(2025, 7, 1);

#[test]
fn a_round_is_under_way_from_the_first_act_until_it_is_closed() {
    for stage in stages() {
        let is_under_way = match &stage {
            Stage::Eligible | Stage::Queued { .. } | Stage::Closed { .. } => false,
            Stage::Asked { .. }
            | Stage::Ordered { .. }
            | Stage::Confirming { .. }
            | Stage::OfferedPrevention { .. }
            | Stage::WithANurse { .. } => true,
        };
        let episode = Episode { round: 1, stage };
        assert_eq!(episode.is_under_way(), is_under_way, "{episode:?}");
    }
}

fn events() -> Vec<(&'static str, Event)> {
    let test = || Some("hba1c".to_owned());
    let not_delivered = |why| Event::NotDelivered {
        on: DAY,
        test: test(),
        why,
    };
    vec![
        ("queued", Event::Queued { on: DAY }),
        (
            "asked",
            Event::Asked {
                on: DAY,
                answer_by: DAY,
            },
        ),
        (
            "tests ordered",
            Event::TestsOrdered {
                on: DAY,
                tests: vec!["hba1c".to_owned()],
                sample_by: DAY,
                because: OrderedBecause::Flagged,
            },
        ),
        (
            "reminded",
            Event::Reminded {
                on: DAY,
                until: date(2025, 7, 31),
            },
        ),
        (
            "result received",
            Event::ResultReceived {
                on: DAY,
                test: "hba1c".to_owned(),
                sampled_on: DAY,
            },
        ),
        (
            "result received of another test",
            Event::ResultReceived {
                on: DAY,
                test: "lipids".to_owned(),
                sampled_on: DAY,
            },
        ),
        (
            "handed over",
            Event::HandedOver {
                on: DAY,
                why: HandedOver::DidNotAttend,
            },
        ),
        (
            "delivered",
            Event::Delivered {
                on: DAY,
                test: test(),
            },
        ),
        (
            "delivered, another test",
            Event::Delivered {
                on: DAY,
                test: Some("lipids".to_owned()),
            },
        ),
        ("turned down", not_delivered(NotDelivered::TurnedDown)),
        ("came back", not_delivered(NotDelivered::Returned)),
        ("unknown", not_delivered(NotDelivered::Unknown)),
        ("too late", not_delivered(NotDelivered::TooLate)),
        ("withheld", not_delivered(NotDelivered::Withheld)),
        ("withdrawn", not_delivered(NotDelivered::Withdrawn)),
        (
            "questions not delivered",
            Event::NotDelivered {
                on: DAY,
                test: None,
                why: NotDelivered::Unknown,
            },
        ),
        (
            "result in the range of diabetes",
            Event::ResultSeen {
                on: DAY,
                finding: Finding::DiseaseRange,
            },
        ),
        (
            "result impaired",
            Event::ResultSeen {
                on: DAY,
                finding: Finding::Impaired,
            },
        ),
        (
            "result normal",
            Event::ResultSeen {
                on: DAY,
                finding: Finding::Normal,
            },
        ),
        ("below the level", Event::BelowLevel { on: DAY }),
        (
            "left",
            Event::Left {
                on: DAY,
                state: State::OptedOut,
            },
        ),
        ("recall due", Event::RecallDue { on: DAY }),
        (
            "offer accepted",
            Event::OfferMoved {
                on: DAY,
                to: Offer::Told {
                    answer: OfferAnswer::Accepted,
                    on: DAY,
                    by: Standing::SelfReported,
                },
            },
        ),
    ]
}

fn kind(kind: StageKind) -> &'static str {
    let found = StageKind::NAMES.iter().find(|(_, known)| *known == kind);
    found.expect("every kind has a name").0
}

fn intended() -> Stage {
    let ordered = Event::TestsOrdered {
        on: DAY,
        tests: vec!["hba1c".to_owned()],
        sample_by: DAY,
        because: OrderedBecause::Flagged,
    };
    let stage = Stage::Eligible.apply(&ordered);
    stage.expect("a round begins with an order")
}

#[test]
fn every_stage_answers_every_event() {
    let mut text = String::new();
    let mut stages: Vec<(String, Stage)> = stages()
        .into_iter()
        .map(|stage| {
            let name = match stage {
                Stage::Queued { .. } => "eligible, waits for their turn",
                Stage::Eligible
                | Stage::Asked { .. }
                | Stage::Ordered { .. }
                | Stage::Confirming { .. }
                | Stage::OfferedPrevention { .. }
                | Stage::WithANurse { .. }
                | Stage::Closed { .. } => kind(stage.kind(TODAY)),
            };
            (name.to_owned(), stage)
        })
        .collect();
    stages.insert(6, ("ordered, not delivered yet".to_owned(), intended()));
    for (name, stage) in stages {
        text.push_str(&format!("{name}\n"));
        for (event_name, event) in events() {
            let after = match stage.apply(&event) {
                Ok(after) if after == stage => "as before".to_owned(),
                Ok(Stage::Queued { .. }) => "queued".to_owned(),
                Ok(Stage::Closed { conclusion, .. }) => format!("closed: {conclusion:?}"),
                Ok(Stage::WithANurse { why, .. }) => format!("with-a-nurse: {why:?}"),
                Ok(Stage::Ordered { tests, .. }) => format!("ordered: {tests:?}"),
                Ok(after) => kind(after.kind(TODAY)).to_owned(),
                Err(misfit) => format!("({misfit})"),
            };
            text.push_str(&format!("  {event_name} -> {after}\n"));
        }
    }
    reads("episodes", &text);
}

#[test]
fn a_round_waits_while_one_of_its_tests_is_still_with_somebody() {
    let ordered = Event::TestsOrdered {
        on: DAY,
        tests: vec!["hba1c".to_owned(), "fasting-plasma-glucose".to_owned()],
        sample_by: DAY,
        because: OrderedBecause::Flagged,
    };
    let fails = |test: &str, why| Event::NotDelivered {
        on: DAY,
        test: Some(test.to_owned()),
        why,
    };
    let one_failed = Stage::Eligible
        .apply(&ordered)
        .and_then(|stage| stage.apply(&fails("hba1c", NotDelivered::TurnedDown)))
        .expect("it fits");
    assert_eq!(one_failed.kind(DAY), StageKind::Ordered);
    // A reason for a person outweighs a withdrawal, whichever came last.
    let both = one_failed
        .apply(&fails("fasting-plasma-glucose", NotDelivered::Withdrawn))
        .expect("it fits");
    let with_a_nurse = Stage::WithANurse {
        since: DAY,
        why: HandedOver::NotDelivered(NotDelivered::TurnedDown),
    };
    assert_eq!(both, with_a_nurse);
}
