//! What became of a decision: both sides of every boundary, and what is missing, late, amended.

use jiff::civil::{Date, date};
use preventiojyraa_core::outcomes::{
    Decided, IndexDecision, Lost, Negative, Outcome, Unverified, horizon_end, outcome,
};
use preventiojyraa_core::pathway::Inclusion;
use preventiojyraa_core::profile::{
    Death, Fact, FactValue, Recorded, Residence, Standing, SubmissionId, Unit, Version,
};

use crate::support::core::{Someone, Statement, rulebook};

/// Day zero.
const INDEX: Date = date(2024, 3, 1);
/// The last day that counts.
const LAST: Date = date(2025, 3, 1);
/// The first day on which the horizon is over.
const OVER: Date = date(2025, 3, 2);
const SOON: Date = date(2024, 4, 1);
const LATER: Date = date(2024, 6, 1);

const POSITIVE: Outcome = Outcome::Positive { tested: true };
const UNTESTED: Outcome = Outcome::Positive { tested: false };
const NORMAL: Outcome = Outcome::Negative(Negative::Normal);
const NOT_TESTED: Outcome = Outcome::Unverified(Unverified::NotTested);
const MISSING: Outcome = Outcome::Unverified(Unverified::ResultMissing);

fn someone() -> Someone {
    Someone::man_of(60)
}

/// Both tests on a day.
fn tested(fasting: f64, hba1c: f64, on: Date) -> Someone {
    fasted(someone(), fasting, on).with(long_term(hba1c, on))
}

fn fasted(someone: Someone, value: f64, on: Date) -> Someone {
    let glucose = Statement::measured("fasting-plasma-glucose", value, Unit::MillimolePerLitre);
    someone.with(glucose.on(on))
}

fn long_term(value: f64, on: Date) -> Statement {
    Statement::measured("hba1c", value, Unit::MillimolePerMole).on(on)
}

fn diagnosis(on: Date) -> Statement {
    Statement::present("diabetes-diagnosis").on(on)
}

fn recorded(mut statement: Statement, on: Date) -> Statement {
    statement.0.recorded = Recorded::On(on);
    statement
}

fn after(decided: Decided, someone: &Someone, seen_on: Date) -> Outcome {
    let calibration = &rulebook().calibration;
    let observed = calibration
        .estimand
        .observed
        .as_ref()
        .expect("it is observed");
    let index = IndexDecision {
        on: INDEX,
        decided,
        first_on: INDEX,
    };
    let later = someone.clone().seen_on(seen_on).profile();
    let months = calibration.estimand.horizon_months;
    outcome(rulebook(), observed, months, &index, &later)
}

#[track_caller]
fn check(rows: &[(&str, Someone, Outcome)]) {
    for (name, someone, expected) in rows {
        let found = after(Decided::Flagged, someone, OVER);
        assert_eq!(found, *expected, "{name}");
    }
}

#[test]
fn the_day_of_a_diagnosis_decides() {
    let diagnosed = |on| tested(8.0, 55.0, INDEX).with(diagnosis(on));
    check(&[
        ("before", diagnosed(date(2024, 2, 29)), Outcome::Prevalent),
        ("day zero", diagnosed(INDEX), Outcome::Prevalent),
        ("day one", diagnosed(date(2024, 3, 2)), POSITIVE),
        ("the last day", diagnosed(LAST), POSITIVE),
        (
            "the first day after",
            diagnosed(OVER),
            Outcome::Negative(Negative::NotConfirmed),
        ),
        ("undated", diagnosed(Fact::UNDATED), Outcome::Prevalent),
        (
            "begun before, written down after",
            tested(8.0, 55.0, SOON).with(recorded(diagnosis(date(2019, 1, 1)), LATER)),
            POSITIVE,
        ),
        (
            "written down too late to count",
            tested(8.0, 55.0, SOON).with(recorded(diagnosis(LATER), OVER)),
            Outcome::Negative(Negative::NotConfirmed),
        ),
        (
            "twice: the first counts",
            diagnosed(LATER).with(diagnosis(date(2024, 2, 1))),
            Outcome::Prevalent,
        ),
    ]);
}

#[test]
fn a_professional_confirms_and_nothing_else_does() {
    let unaccepted = diagnosis(LATER).by(Standing::Unaccepted);
    let drug = Statement::present("glucose-lowering-medication").on(LATER);
    let ended = diagnosis(LATER).until(date(2024, 7, 1));
    check(&[
        (
            "not accepted",
            tested(5.0, 38.0, SOON).with(unaccepted),
            NORMAL,
        ),
        ("a drug", tested(5.0, 38.0, SOON).with(drug), NORMAL),
        (
            "critical values",
            tested(25.0, 120.0, SOON),
            Outcome::Negative(Negative::NotConfirmed),
        ),
        (
            "a diagnosis since ended",
            tested(8.0, 55.0, SOON).with(ended),
            POSITIVE,
        ),
        ("no tests", someone().with(diagnosis(LATER)), UNTESTED),
        (
            "tests because of the diagnosis",
            tested(8.0, 55.0, date(2024, 6, 2)).with(diagnosis(LATER)),
            UNTESTED,
        ),
        (
            "tests on the day of the diagnosis",
            tested(8.0, 55.0, LATER).with(diagnosis(LATER)),
            POSITIVE,
        ),
    ]);
}

#[test]
fn a_negative_needs_the_whole_battery_within_the_horizon() {
    let own = long_term(38.0, SOON).by(Standing::SelfReported);
    let lesser = Statement::measured("hba1c-point-of-care", 38.0, Unit::MillimolePerMole).on(SOON);
    let capillary = Statement::measured("fasting-capillary-glucose", 5.0, Unit::MillimolePerLitre);
    check(&[
        ("nothing", someone(), NOT_TESTED),
        ("glucose alone", fasted(someone(), 5.0, SOON), MISSING),
        (
            "HbA1c alone",
            someone().with(long_term(38.0, SOON)),
            MISSING,
        ),
        ("both", tested(5.0, 38.0, SOON), NORMAL),
        (
            "apart",
            fasted(someone(), 5.0, SOON).with(long_term(38.0, LATER)),
            NORMAL,
        ),
        ("day zero", tested(5.0, 38.0, INDEX), NORMAL),
        (
            "the day before",
            tested(5.0, 38.0, date(2024, 2, 29)),
            NOT_TESTED,
        ),
        ("the last day", tested(5.0, 38.0, LAST), NORMAL),
        ("the first day after", tested(5.0, 38.0, OVER), NOT_TESTED),
        ("own meter", fasted(someone(), 5.0, SOON).with(own), MISSING),
        (
            "point of care",
            fasted(someone(), 5.0, SOON).with(lesser),
            MISSING,
        ),
        (
            "finger prick",
            someone()
                .with(long_term(38.0, SOON))
                .with(capillary.on(SOON)),
            MISSING,
        ),
    ]);
}

#[test]
fn the_worst_result_names_the_negative() {
    let intermediate = Outcome::Negative(Negative::Intermediate);
    let not_confirmed = Outcome::Negative(Negative::NotConfirmed);
    check(&[
        ("glucose 6.0", tested(6.0, 38.0, SOON), NORMAL),
        ("glucose 6.1", tested(6.1, 38.0, SOON), intermediate),
        ("glucose 6.9", tested(6.9, 38.0, SOON), intermediate),
        ("glucose 7.0", tested(7.0, 38.0, SOON), not_confirmed),
        ("HbA1c 47", tested(5.0, 47.0, SOON), NORMAL),
        ("HbA1c 48", tested(5.0, 48.0, SOON), not_confirmed),
        (
            "high once, then normal",
            fasted(tested(7.2, 40.0, SOON), 5.5, LATER),
            not_confirmed,
        ),
    ]);
}

#[test]
fn who_left_before_it_was_known_is_lost() {
    let died = |someone: Someone, on| someone.registered(|r| r.death = Death::On(on));
    let moved =
        |someone: Someone, on| someone.registered(|r| r.residence = Residence::MovedAway(on));
    let (dead, gone) = (Outcome::Lost(Lost::Died), Outcome::Lost(Lost::Moved));
    check(&[
        ("died on the last day", died(someone(), LAST), dead),
        (
            "died on the first day after",
            died(someone(), OVER),
            NOT_TESTED,
        ),
        (
            "died on a day not known",
            someone().registered(|r| r.death = Death::Undated),
            dead,
        ),
        ("moved on the last day", moved(someone(), Some(LAST)), gone),
        (
            "moved on the first day after",
            moved(someone(), Some(OVER)),
            NOT_TESTED,
        ),
        ("moved on a day not known", moved(someone(), None), gone),
        (
            "settled before dying",
            died(tested(5.0, 38.0, SOON), LATER),
            NORMAL,
        ),
        (
            "open when dying",
            died(tested(8.0, 55.0, SOON), LATER),
            dead,
        ),
        (
            "half tested when moving",
            moved(fasted(someone(), 5.0, SOON), Some(LATER)),
            gone,
        ),
        (
            "diagnosed before dying",
            died(tested(8.0, 55.0, SOON).with(diagnosis(LATER)), LAST),
            POSITIVE,
        ),
    ]);
}

#[test]
fn before_the_horizon_is_over_nobody_has_an_outcome() {
    let open = Outcome::Unverified(Unverified::HorizonNotOver);
    let diagnosed = tested(8.0, 55.0, SOON).with(diagnosis(LATER));
    for someone in [&diagnosed, &tested(5.0, 38.0, SOON), &someone()] {
        assert_eq!(after(Decided::Flagged, someone, LAST), open);
    }
    assert_eq!(after(Decided::Flagged, &diagnosed, OVER), POSITIVE);
    // What was there before is known at once.
    let known = someone().with(diagnosis(INDEX));
    assert_eq!(after(Decided::Flagged, &known, SOON), Outcome::Prevalent);
    assert_eq!(horizon_end(date(2024, 2, 29), 12), date(2025, 2, 28));
    assert_eq!(horizon_end(date(2023, 2, 28), 12), date(2024, 2, 28));
}

#[test]
fn an_amended_result_and_a_withdrawn_diagnosis_count_as_they_are_now() {
    let version = |mut statement: Statement, updated, value| {
        statement.0.version = Version {
            updated,
            pull: 1,
            digest: 0,
        };
        statement.0.submission = SubmissionId::from_bytes([7; 16]);
        statement.0.value = value;
        statement.0
    };
    let value = |v| long_term(v, SOON).0.value;
    let mut amended = fasted(someone(), 5.0, SOON);
    amended
        .facts
        .push(version(long_term(0.0, SOON), 1, value(52.0)));
    let not_confirmed = Outcome::Negative(Negative::NotConfirmed);
    assert_eq!(after(Decided::Flagged, &amended, OVER), not_confirmed);
    amended
        .facts
        .push(version(long_term(0.0, SOON), 2, value(40.0)));
    assert_eq!(after(Decided::Flagged, &amended, OVER), NORMAL);
    let mut withdrawn = tested(8.0, 55.0, SOON);
    withdrawn
        .facts
        .push(version(diagnosis(LATER), 1, FactValue::Present));
    assert_eq!(after(Decided::Flagged, &withdrawn, OVER), POSITIVE);
    withdrawn
        .facts
        .push(version(diagnosis(LATER), 2, FactValue::Withdrawn));
    assert_eq!(after(Decided::Flagged, &withdrawn, OVER), not_confirmed);
}

#[test]
fn only_decisions_by_the_score_are_followed() {
    let diagnosed = tested(8.0, 55.0, SOON).with(diagnosis(LATER));
    let sampled =
        Decided::SampledNegative(Inclusion::from_billionths(20_000_000).expect("a probability"));
    for decided in [Decided::Flagged, sampled, Decided::BelowLevel] {
        assert_eq!(after(decided, &diagnosed, OVER), POSITIVE);
    }
    for decided in [
        Decided::Undecided,
        Decided::NotEligible,
        Decided::NotCounted,
    ] {
        assert_eq!(after(decided, &diagnosed, OVER), Outcome::NotFollowed);
    }
}

#[test]
fn a_treatment_ends_the_time_at_risk_unless_something_was_known_before() {
    let drug = |on| Statement::present("glucose-lowering-medication").on(on);
    let service = |answer, on| Statement::answer("lifestyle-service", answer).on(on);
    let treated = |confirmed| Outcome::Treated { confirmed };
    let day = |day| date(2024, 5, day);
    check(&[
        (
            "a drug, and no test",
            someone().with(drug(SOON)),
            treated(false),
        ),
        (
            "the service, then tests",
            tested(5.0, 38.0, LATER).with(service("started", SOON)),
            treated(false),
        ),
        (
            "said yes, and no more",
            tested(5.0, 38.0, LATER).with(service("accepted", SOON)),
            NORMAL,
        ),
        (
            "finished, of which the beginning is not told",
            tested(5.0, 38.0, LATER).with(service("finished", SOON)),
            treated(false),
        ),
        (
            "found all the same",
            tested(8.0, 55.0, LATER)
                .with(drug(SOON))
                .with(diagnosis(LATER)),
            treated(true),
        ),
        (
            "on day zero",
            tested(5.0, 38.0, LATER).with(drug(INDEX)),
            NORMAL,
        ),
        (
            "on day one",
            tested(5.0, 38.0, LATER).with(drug(date(2024, 3, 2))),
            treated(false),
        ),
        (
            "again, and first long before",
            tested(5.0, 38.0, LATER)
                .with(drug(date(2019, 1, 1)))
                .with(drug(SOON)),
            NORMAL,
        ),
        (
            "on the last day",
            someone().with(drug(LAST)),
            treated(false),
        ),
        (
            "on the first day after",
            someone().with(drug(OVER)),
            NOT_TESTED,
        ),
        (
            "on the day of the last test",
            fasted(someone(), 5.0, day(1))
                .with(long_term(38.0, day(9)))
                .with(drug(day(9))),
            NORMAL,
        ),
        (
            "a day before it",
            fasted(someone(), 5.0, day(1))
                .with(long_term(38.0, day(9)))
                .with(drug(day(8))),
            treated(false),
        ),
        (
            "because of a result",
            fasted(someone(), 8.0, day(1))
                .with(long_term(55.0, day(9)))
                .with(drug(day(8)))
                .with(diagnosis(day(9))),
            POSITIVE,
        ),
        (
            "because of the diagnosis",
            someone().with(diagnosis(day(8))).with(drug(day(8))),
            UNTESTED,
        ),
        (
            "a day before the diagnosis, without any test",
            someone().with(diagnosis(day(9))).with(drug(day(8))),
            treated(true),
        ),
    ]);
}

#[test]
fn in_a_later_round_whoever_is_treated_since_the_first_decision_verifies_nothing() {
    let observed = rulebook().calibration.estimand.observed.as_ref();
    let observed = observed.expect("it is observed");
    let round = |first_on, begun| {
        let drug = Statement::present("glucose-lowering-medication").on(begun);
        let later = tested(5.0, 38.0, SOON).with(drug).seen_on(OVER).profile();
        let index = IndexDecision {
            on: INDEX,
            decided: Decided::Flagged,
            first_on,
        };
        outcome(rulebook(), observed, 12, &index, &later)
    };
    let begun = date(2022, 6, 1);
    let treated = Outcome::Treated { confirmed: false };
    assert_eq!(round(date(2022, 5, 31), begun), treated);
    // It was there when the programme came.
    assert_eq!(round(begun, begun), NORMAL);
}
