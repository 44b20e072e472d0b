//! The life of an order on its way out, as a table: every state meets every event.

use jiff::{SignedDuration, Timestamp};
use preventiojyraa_core::delivery::{
    Answer, Delivery, DeliveryEvent, Found, Next, Policy, ReadBack, Refused, TaskCode, consequence,
};
use preventiojyraa_core::orders::Action;

use crate::support::snapshots::reads;

const SETTLE: SignedDuration = SignedDuration::from_secs(60);

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).expect("within the calendar")
}

fn policy(read_back: ReadBack) -> Policy {
    Policy {
        read_back,
        settle: SETTLE,
    }
}

/// Seconds from now.
fn when(at: Timestamp) -> String {
    match at.duration_since(now()).as_secs() {
        0 => "now".to_owned(),
        seconds => format!("{seconds:+} s"),
    }
}

fn state(delivery: &Delivery) -> String {
    match delivery {
        Delivery::Planned { not_before } => format!("planned from {}", when(*not_before)),
        Delivery::Sending {
            claim,
            lease_until,
            sends,
        } => format!(
            "sending #{sends}, claim {claim} until {}",
            when(*lease_until)
        ),
        Delivery::Unknown { sends, next } => match next {
            Next::LookUp { absent, at } => {
                format!("sent {sends}x, absent {absent}x, look up {}", when(*at))
            }
            Next::Awaited { at } => format!("sent {sends}x, waits to be taken, look {}", when(*at)),
            Next::SendAgain { at } => format!("sent {sends}x, send again {}", when(*at)),
            Next::Person => format!("sent {sends}x, a person"),
        },
        Delivery::Acknowledged { reference } => {
            format!("acknowledged {}", reference.as_deref().unwrap_or("unnamed"))
        }
        Delivery::Refused { why } => format!("refused {}", why.name()),
    }
}

fn later(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

fn states() -> Vec<Delivery> {
    let sending = |sends, until| Delivery::Sending {
        claim: 7,
        lease_until: later(until),
        sends,
    };
    let unknown = |sends, next| Delivery::Unknown { sends, next };
    vec![
        Delivery::planned(now()),
        Delivery::planned(later(5)),
        sending(1, 90),
        sending(2, 90),
        sending(1, 0),
        unknown(
            1,
            Next::LookUp {
                absent: 0,
                at: now(),
            },
        ),
        unknown(
            1,
            Next::LookUp {
                absent: 1,
                at: now(),
            },
        ),
        unknown(
            2,
            Next::LookUp {
                absent: 1,
                at: now(),
            },
        ),
        unknown(
            1,
            Next::LookUp {
                absent: 0,
                at: later(5),
            },
        ),
        unknown(1, Next::SendAgain { at: now() }),
        unknown(1, Next::Awaited { at: now() }),
        unknown(2, Next::Person),
        Delivery::Acknowledged {
            reference: Some("SR/1".to_owned()),
        },
        Delivery::Acknowledged { reference: None },
        Delivery::Refused {
            why: Refused::TurnedDown(422),
        },
    ]
}

fn events() -> Vec<(&'static str, DeliveryEvent)> {
    let answered = |claim, answer| DeliveryEvent::Answered { claim, answer };
    let reference = || "SR/1".to_owned();
    // The asking that began now, and one that began at another time.
    let looked_up = |until, found| DeliveryEvent::LookedUp { until, found };
    let claimed = DeliveryEvent::Claimed {
        claim: 8,
        lease_until: later(90),
    };
    vec![
        ("claimed", claimed),
        (
            "accepted",
            answered(
                7,
                Answer::Accepted {
                    reference: Some(reference()),
                },
            ),
        ),
        (
            "accepted, by another claim",
            answered(
                6,
                Answer::Accepted {
                    reference: Some(reference()),
                },
            ),
        ),
        ("turned down", answered(7, Answer::TurnedDown(422))),
        (
            "turned down, by another claim",
            answered(6, Answer::TurnedDown(422)),
        ),
        (
            "not now",
            answered(
                7,
                Answer::Later {
                    retry_at: later(30),
                },
            ),
        ),
        (
            "never left",
            answered(7, Answer::NotSent { retry_at: later(1) }),
        ),
        (
            "turned down without a status",
            answered(7, Answer::NotTaken),
        ),
        (
            "not by this way",
            answered(
                7,
                Answer::Closed {
                    retry_at: later(30),
                },
            ),
        ),
        (
            "handed over",
            answered(
                7,
                Answer::HandedOver {
                    look_at: later(300),
                },
            ),
        ),
        ("several are there", answered(7, Answer::Several)),
        ("no clear answer", answered(7, Answer::Silence)),
        ("asking", DeliveryEvent::Asking { until: later(90) }),
        ("not there", looked_up(now(), Found::Nothing)),
        (
            "not there, by another asking",
            looked_up(later(-1), Found::Nothing),
        ),
        (
            "there",
            looked_up(
                now(),
                Found::One {
                    reference: reference(),
                },
            ),
        ),
        (
            "there twice",
            looked_up(
                now(),
                Found::Several {
                    reference: reference(),
                },
            ),
        ),
        (
            "not told",
            looked_up(now(), Found::NotTold { retry_at: later(5) }),
        ),
        (
            "waits to be taken",
            looked_up(
                now(),
                Found::Awaited {
                    look_at: later(300),
                },
            ),
        ),
        ("looked at and refused", looked_up(now(), Found::NotTaken)),
        ("came back", looked_up(now(), Found::Returned)),
        ("taken back", DeliveryEvent::TakenBack),
        ("lease over", DeliveryEvent::LeaseOver),
        (
            "no longer wanted",
            DeliveryEvent::Stopped(Refused::Withdrawn),
        ),
        ("old copy noticed", DeliveryEvent::Doubted),
    ]
}

/// What becomes of each state; pairs that change nothing are only counted.
fn table(read_back: ReadBack) -> String {
    let action = Action::Laboratory {
        test: "hba1c".to_owned(),
    };
    let mut text = String::new();
    for before in states() {
        text.push_str(&format!("{}\n", state(&before)));
        let mut ignored = Vec::new();
        for (name, event) in events() {
            let after = before.apply(&policy(read_back), now(), &event);
            let Ok(after) = after else {
                ignored.push(name);
                continue;
            };
            let means = consequence(&action, &before, &event, &after);
            let task = means
                .task
                .map_or(String::new(), |task| format!("; task {}", task.name()));
            let cancels = if means.cancel_duplicates {
                "; take duplicates back"
            } else {
                ""
            };
            text.push_str(&format!("  {name} -> {}{task}{cancels}\n", state(&after)));
        }
        text.push_str(&format!("  no news: {}\n", ignored.join(", ")));
    }
    text
}

#[test]
fn where_the_other_side_can_be_asked_every_state_meets_every_event() {
    reads("deliveries-asked", &table(ReadBack::Possible));
}

#[test]
fn where_it_cannot_be_asked_a_doubt_is_for_a_person_at_once() {
    reads("deliveries-blind", &table(ReadBack::Impossible));
}

/// What an act that ends like this means: for the episode, for a person, for the other side.
fn meaning(action: &Action, event: &DeliveryEvent) -> String {
    let before = match event {
        DeliveryEvent::Stopped(_) => Delivery::planned(now()),
        DeliveryEvent::LookedUp { .. } => Delivery::Unknown {
            sends: 2,
            next: Next::LookUp {
                absent: 1,
                at: now(),
            },
        },
        DeliveryEvent::Claimed { .. }
        | DeliveryEvent::Answered { .. }
        | DeliveryEvent::Asking { .. }
        | DeliveryEvent::LeaseOver
        | DeliveryEvent::TakenBack
        | DeliveryEvent::Doubted => Delivery::Sending {
            claim: 7,
            lease_until: later(90),
            sends: 1,
        },
    };
    let after = before.apply(&policy(ReadBack::Possible), now(), event);
    let means = consequence(action, &before, event, &after.expect("it is news"));
    let episode = means.episode.map_or("-", |news| match news {
        Ok(()) => "delivered",
        Err(_) => "not delivered",
    });
    let task = means.task.map_or("-", TaskCode::name);
    let cancels = if means.cancel_duplicates {
        ", take duplicates back"
    } else {
        ""
    };
    format!("{episode}, {task}{cancels}")
}

#[test]
fn only_questions_and_tests_move_a_round_and_nobody_is_left_untold() {
    let named = |name: &str| Action::parse(name).expect("an act");
    let answered = |answer| DeliveryEvent::Answered { claim: 7, answer };
    let looked_up = |found| DeliveryEvent::LookedUp {
        until: now(),
        found,
    };
    let several = || Found::Several {
        reference: "x".to_owned(),
    };
    let accepted = answered(Answer::Accepted { reference: None });
    let refused = answered(Answer::TurnedDown(422));
    let unknown = looked_up(Found::Nothing);
    let doubled = looked_up(several());
    let late = DeliveryEvent::Stopped(Refused::TooLate);
    let hidden = DeliveryEvent::Stopped(Refused::Withheld);
    let unwanted = DeliveryEvent::Stopped(Refused::Withdrawn);
    let unwritten = DeliveryEvent::Stopped(Refused::NotExpressible);
    for (act, event, expected) in [
        ("laboratory:hba1c", &accepted, "delivered, -"),
        (
            "laboratory:hba1c",
            &refused,
            "not delivered, delivery-refused",
        ),
        (
            "laboratory:hba1c",
            &doubled,
            "delivered, delivery-doubled, take duplicates back",
        ),
        ("questionnaire", &accepted, "delivered, -"),
        ("questionnaire", &late, "not delivered, delivery-too-late"),
        ("questionnaire", &doubled, "delivered, delivery-doubled"),
        ("questionnaire-reminder", &accepted, "-, -"),
        ("questionnaire-reminder", &late, "-, delivery-too-late"),
        ("laboratory-reminder", &refused, "-, delivery-refused"),
        ("message:normal-result", &accepted, "-, -"),
        ("message:normal-result", &refused, "-, resident-not-told"),
        ("message:normal-result", &unknown, "-, resident-not-told"),
        ("message:normal-result", &hidden, "-, resident-not-told"),
        ("message:normal-result", &unwritten, "-, resident-not-told"),
        ("message:normal-result", &unwanted, "-, -"),
        ("message:normal-result", &doubled, "-, delivery-doubled"),
        ("contact:diabetic-range", &accepted, "-, -"),
        ("contact:diabetic-range", &late, "-, contact-not-asked"),
        ("contact:diabetic-range", &unknown, "-, contact-not-asked"),
        ("contact:diabetic-range", &unwritten, "-, contact-not-asked"),
        ("cancel:hba1c", &accepted, "-, -"),
        ("cancel:hba1c", &refused, "-, delivery-refused"),
        ("cancel:hba1c", &doubled, "-, delivery-doubled"),
    ] {
        assert_eq!(meaning(&named(act), event), expected, "{act} {event:?}");
    }
}

/// Whatever happens in whatever order, the promises of the room hold.
mod laws {
    use proptest::prelude::*;

    use super::*;
    use crate::support::draw::fixed;

    /// The event as whoever holds the row now would report it.
    fn of_this_moment(
        event: DeliveryEvent,
        claim: &mut u64,
        time: Timestamp,
        until: Timestamp,
    ) -> DeliveryEvent {
        if let DeliveryEvent::Claimed { .. } = event {
            *claim += 1;
            let lease_until = time + SignedDuration::from_secs(90);
            return DeliveryEvent::Claimed {
                claim: *claim,
                lease_until,
            };
        }
        if let DeliveryEvent::Answered { claim: 7, answer } = event {
            return DeliveryEvent::Answered {
                claim: *claim,
                answer,
            };
        }
        if let DeliveryEvent::LookedUp { found, .. } = event {
            return DeliveryEvent::LookedUp { until, found };
        }
        event
    }

    proptest! {
        #![proptest_config(fixed(4_000))]

        #[test]
        fn nothing_is_sent_a_second_time_unasked_and_never_a_third(
            picks in proptest::collection::vec((0..25usize, 0..200i64), 1..60),
            asked in any::<bool>(),
        ) {
            let read_back = if asked { ReadBack::Possible } else { ReadBack::Impossible };
            let policy = policy(read_back);
            let mut delivery = Delivery::planned(now());
            let mut time = now();
            let mut claim = 0;
            let (mut in_doubt, mut sends_in_doubt, mut absences) = (false, 0, 0);
            for (pick, seconds) in picks {
                time += SignedDuration::from_secs(seconds);
                // Events of this very moment: the claim in force, the asking in force.
                let until = if let Delivery::Unknown {
                    next: Next::LookUp { at, .. } | Next::Awaited { at },
                    ..
                } = &delivery
                {
                    *at
                } else {
                    time
                };
                let (_, event) = events().swap_remove(pick);
                let event = of_this_moment(event, &mut claim, time, until);
                let Ok(after) = delivery.apply(&policy, time, &event) else {
                    continue;
                };
                match (&event, &after) {
                    (DeliveryEvent::Claimed { .. }, _) => {
                        prop_assert!(!in_doubt || 2 <= absences, "sent again after {absences} look-ups");
                        prop_assert!(sends_in_doubt < 2, "a third time");
                        prop_assert!(asked || sends_in_doubt == 0, "a second time, blindly");
                        in_doubt = true;
                        absences = 0;
                        sends_in_doubt += 1;
                    }
                    (DeliveryEvent::Answered { answer: Answer::Later { .. } | Answer::NotSent { .. } | Answer::Closed { .. }, .. }, _) => {
                        // A clear answer: this send did nothing.
                        sends_in_doubt -= 1;
                        in_doubt = 0 < sends_in_doubt;
                        absences = 2;
                    }
                    (DeliveryEvent::LookedUp { found: Found::Nothing, .. }, _) => absences += 1,
                    (DeliveryEvent::Doubted, Delivery::Unknown { .. }) => {
                        in_doubt = true;
                        absences = 0;
                        sends_in_doubt = sends_in_doubt.max(1);
                    }
                    _ => {}
                }
                let is_back = after == Delivery::Refused { why: Refused::Returned };
                if matches!(delivery, Delivery::Acknowledged { .. }) {
                    let came_back = is_back && matches!(event, DeliveryEvent::LookedUp { found: Found::Returned, .. });
                    prop_assert!(came_back || matches!(after, Delivery::Acknowledged { .. }), "un-acknowledged");
                }
                let was_back = delivery == Delivery::Refused { why: Refused::Returned };
                prop_assert!(is_back || !was_back, "what came back has left again");
                // Another way is taken only when nothing is in doubt by the one before.
                prop_assert!(!after.may_take_any_way() || sends_in_doubt == 0, "two ways for one order");
                delivery = after;
            }
        }
    }
}
