//! Exclusions have evidence, an author, and an end: due for review on one day, over on another.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use preventiojyraa_core::pathway::{NearMiss, ReasonVerdict};
use preventiojyraa_core::profile::Fact;
use preventiojyraa_core::rulebook::State;

use crate::support::core::{Someone, Statement, TODAY, row_id, rulebook};

fn ago(months: i32) -> Date {
    TODAY.checked_sub(months.months()).expect("in the calendar")
}

fn a_day_before(day: Date) -> Date {
    day.yesterday().expect("in the calendar")
}

#[test]
fn every_row_that_excludes_says_on_what_by_whom_and_for_how_long() {
    let mut table = Vec::new();
    for row in &rulebook().pathway.rows {
        let Some(exclusion) = &row.exclusion else {
            continue;
        };
        assert!(!exclusion.evidence.is_empty() && !exclusion.author.is_empty());
        let months = [
            exclusion.review_after_months,
            exclusion.expires_after_months,
        ];
        table.push((row.id.as_str(), months));
    }
    assert_eq!(
        table,
        [
            ("second-entry", [None, None]),
            ("moved-away", [None, None]),
            ("lives-elsewhere", [None, None]),
            ("opted-out", [Some(36), None]),
            ("diabetes-known", [Some(120), None]),
            ("outside-age", [None, None]),
            ("pregnant", [Some(10), Some(10)]),
            ("end-of-life-care", [Some(12), Some(36)]),
        ]
    );
}

#[test]
fn an_exclusion_is_due_for_review_from_the_day_after_its_months_and_still_holds() {
    for (fact, row, months) in [
        ("screening-opt-out", "opted-out", 36),
        ("diabetes-diagnosis", "diabetes-known", 120),
        ("palliative-care", "end-of-life-care", 12),
    ] {
        for (on, is_due) in [(ago(months), false), (a_day_before(ago(months)), true)] {
            let someone = Someone::woman_of(60).with(Statement::present(fact).on(on));
            let decision = someone.decision();
            assert_eq!(row_id(decision.row), row, "{on}");
            assert_eq!(
                decision.due_for_review.map(row_id),
                is_due.then_some(row),
                "{on}"
            );
        }
    }
}

#[test]
fn a_newer_word_renews_an_exclusion() {
    let refusal = Statement::present("screening-opt-out");
    let someone = Someone::woman_of(60)
        .with(refusal.on(date(2010, 1, 1)))
        .with(refusal.on(ago(1)));
    assert_eq!(someone.decision().due_for_review, None);
}

#[test]
fn an_exclusion_past_its_end_no_longer_holds_and_is_named() {
    for (on, holds) in [(ago(36), true), (a_day_before(ago(36)), false)] {
        let care = Statement::present("palliative-care").on(on);
        let decision = Someone::woman_of(60).with(care).decision();
        assert_eq!(decision.state == State::OutOfScope, holds, "{on}");
        let expired = decision.reasons.iter().any(|reason| {
            row_id(reason.row) == "end-of-life-care"
                && reason.verdict == ReasonVerdict::Nearly(NearMiss::Expired)
        });
        assert_eq!(expired, !holds, "{on}");
    }
}

#[test]
fn an_exclusion_without_a_date_never_ends_by_itself_and_is_due() {
    for fact in ["palliative-care", "screening-opt-out"] {
        let undated = Statement::present(fact).on(Fact::UNDATED);
        let decision = Someone::woman_of(60).with(undated).decision();
        assert!(decision.due_for_review.is_some(), "{fact}");
        assert_eq!(decision.due_for_review, Some(decision.row));
    }
}

#[test]
fn a_due_exclusion_opens_the_review_that_its_row_names() {
    let care = Statement::present("palliative-care").on(a_day_before(ago(12)));
    let someone = Someone::woman_of(60).with(care);
    let decision = someone.decision();
    let opened: Vec<&str> = decision
        .reviews
        .iter()
        .map(|(row, _)| row_id(*row))
        .collect();
    assert_eq!(opened, ["end-of-life-care"]);
    let text =
        preventiojyraa_core::report::explain(rulebook(), &someone.profile(), &decision, "She");
    assert!(
        text.contains("This exclusion is due for review: it rests on a recorded decision"),
        "{text}"
    );
}
