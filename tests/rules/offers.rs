//! What becomes of an offer of the lifestyle service: which words count, and that none of them moves a recall.

use jiff::civil::{Date, date};
use preventiojyraa_core::pathway::{Episode, Event, Offer, Stage, follow};
use preventiojyraa_core::profile::{Standing, Version};
use preventiojyraa_core::report::offer_sentence;
use preventiojyraa_core::rulebook::OfferAnswer;

use super::pathway::MMOL;
use crate::support::core::{Someone, Statement, TODAY, fact_id, row_id, rulebook};

const MADE: Date = date(2025, 5, 2);
const BEFORE: Date = date(2025, 5, 1);
const LATER: Date = date(2025, 6, 2);

fn answered(answer: &str, on: Date) -> Statement {
    Statement::answer("lifestyle-service", answer).on(on)
}

/// The service's own word.
fn served(answer: &str, on: Date) -> Statement {
    answered(answer, on).by(Standing::Established)
}

/// Of a version that was written down so many microseconds after 1970.
fn written(statement: Statement, updated: i64) -> Statement {
    let version = Version {
        updated,
        ..statement.0.version
    };
    Statement(preventiojyraa_core::profile::Fact {
        version,
        ..statement.0
    })
}

/// Impaired glucose, an offer of one day, and what was told.
fn offered(told: &[Statement]) -> Someone {
    let impaired = Statement::measured("fasting-plasma-glucose", 6.5, MMOL).on(MADE);
    let mut someone = Someone::woman_of(55).with_lowest_answers().with(impaired);
    for statement in told {
        someone = someone.with(*statement);
    }
    someone.episode = Some(Episode {
        round: 1,
        stage: Stage::OfferedPrevention {
            since: MADE,
            offer: Offer::NotAnswered,
        },
    });
    someone
}

/// Where the offer stands after a look at what was told.
fn stands(someone: &Someone) -> Offer {
    let followed = follow(rulebook(), &someone.profile(), someone.episode.as_ref());
    let stage = followed.episode.expect("a round").stage;
    let Stage::OfferedPrevention { since: MADE, offer } = stage else {
        panic!("the offer stands: {stage:?}");
    };
    offer
}

#[test]
fn the_newest_word_about_an_offer_counts_from_the_day_it_was_made() {
    let accepted = answered("accepted", LATER);
    let same_day = [
        written(answered("accepted", LATER), 1),
        written(answered("declined", LATER), 2),
    ];
    let turned = [same_day[1], same_day[0]];
    for (told, expected) in [
        (&[][..], "not-answered"),
        (&[answered("accepted", BEFORE)], "not-answered"),
        (&[answered("accepted", MADE)], "accepted"),
        (&[accepted], "accepted"),
        (&[answered("declined", LATER)], "declined"),
        (&[answered("declined", MADE), accepted], "accepted"),
        (
            &[answered("accepted", MADE), served("started", LATER)],
            "started",
        ),
        (
            &[served("started", MADE), answered("declined", LATER)],
            "declined",
        ),
        (
            &[answered("accepted", MADE), served("finished", LATER)],
            "finished",
        ),
        (&[accepted, served("did-not-start", LATER)], "did-not-start"),
        // Of one day the word written down last counts, whatever the order in which they came.
        (&same_day, "declined"),
        (&turned, "declined"),
        // Nobody knows tomorrow's.
        (
            &[answered("accepted", TODAY.tomorrow().expect("a day"))],
            "not-answered",
        ),
        (&[answered("accepted", TODAY)], "accepted"),
    ] {
        assert_eq!(stands(&offered(told)).name(), expected);
    }
}

#[test]
fn every_word_is_one_event_and_one_that_is_taken_back_another() {
    let mut someone = offered(&[answered("accepted", LATER)]);
    let seen = |someone: &Someone| {
        let profile = someone.profile();
        follow(rulebook(), &profile, someone.episode.as_ref())
    };
    let followed = seen(&someone);
    let to = Offer::Told {
        answer: OfferAnswer::Accepted,
        on: LATER,
        by: Standing::SelfReported,
    };
    assert_eq!(followed.events, [(1, Event::OfferMoved { on: TODAY, to })]);
    someone.episode = followed.episode;
    assert_eq!(seen(&someone).events, []);
    let fact = fact_id("lifestyle-service");
    someone.facts.retain(|known| known.id != fact);
    let taken_back = Event::OfferMoved {
        on: TODAY,
        to: Offer::NotAnswered,
    };
    assert_eq!(seen(&someone).events, [(1, taken_back)]);
}

#[test]
fn whatever_becomes_of_an_offer_the_day_of_the_next_look_stays() {
    let words = OfferAnswer::NAMES.map(|(name, _)| vec![served(name, LATER)]);
    let plain = offered(&[]).decision();
    for told in words {
        let mut someone = offered(&told);
        let followed = follow(rulebook(), &someone.profile(), someone.episode.as_ref());
        someone.episode = followed.episode;
        let decision = someone.decision();
        assert_eq!(decision.next, plain.next);
        assert_eq!(row_id(decision.row), row_id(plain.row));
    }
}

#[test]
fn a_professional_reads_when_it_was_offered_and_who_said_what() {
    let read = |told: &[Statement]| {
        let since = MADE;
        let offer = stands(&offered(told));
        offer_sentence(&Stage::OfferedPrevention { since, offer }).expect("a sentence")
    };
    insta::assert_snapshot!(read(&[]), @"The lifestyle service was offered on 2 May 2025; nobody has answered yet.");
    insta::assert_snapshot!(read(&[answered("declined", LATER)]), @"The lifestyle service was offered on 2 May 2025; it was declined on 2 June 2025, as the resident told.");
    insta::assert_snapshot!(read(&[served("did-not-start", LATER)]), @"The lifestyle service was offered on 2 May 2025; it was accepted and then not started, found out on 2 June 2025, as the service told.");
    assert_eq!(offer_sentence(&Stage::Eligible), None);
}
