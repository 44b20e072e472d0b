//! Whose turn it is to be asked: every order is total, and what the rules must say about it.

use std::cmp::Reverse;

use jiff::civil::{Date, date};
use preventiojyraa_core::orders::Candidate;
use preventiojyraa_core::rulebook::AskFirst;
use proptest::prelude::*;

use super::loader::{PROGRAMME, mistakes_after};
use crate::support::core::rulebook;
use crate::support::draw::fixed;

fn day() -> impl Strategy<Value = Date> {
    (0_i64..30_000).prop_map(|days| {
        let days = jiff::Span::new().days(days);
        date(1960, 1, 1).saturating_add(days)
    })
}

fn standing() -> impl Strategy<Value = Candidate> {
    let scores = (-30..2_000_000, 0..2_000_000).prop_map(|(low, wide)| (low, low + wide));
    // Few values, so that many are alike.
    let near = prop_oneof![
        scores,
        (0..3, 0..3).prop_map(|(low, wide)| (low, low + wide))
    ];
    (near, prop::option::of(day()), day(), 0_u16..9).prop_map(
        |((low, high), seen_on, waits_since, questions)| Candidate {
            low,
            high,
            seen_on,
            waits_since,
            questions,
        },
    )
}

/// The order as it is said, word by word; a second way to the same answer.
fn goes_first(first: &[AskFirst], one: &Candidate, other: &Candidate) -> std::cmp::Ordering {
    let by = |word: &AskFirst| match word {
        AskFirst::HighestPossibleScore => Reverse(one.high).cmp(&Reverse(other.high)),
        AskFirst::HighestCertainScore => Reverse(one.low).cmp(&Reverse(other.low)),
        AskFirst::LongestUnseen => one.seen_on.cmp(&other.seen_on),
        AskFirst::LongestWaiting => one.waits_since.cmp(&other.waits_since),
        AskFirst::FewestQuestions => one.questions.cmp(&other.questions),
    };
    let told = first.iter().map(by);
    told.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
}

proptest! {
    #![proptest_config(fixed(2_000))]

    #[test]
    fn ranks_are_ordered_as_the_words_say(
        one in standing(),
        other in standing(),
        words in Just(AskFirst::NAMES.map(|(_, word)| word).to_vec()).prop_shuffle(),
        n in 1_usize..=5,
    ) {
        let first = &words[..n];
        let ranks = one.rank(first).cmp(&other.rank(first));
        prop_assert_eq!(ranks, goes_first(first, &one, &other), "{:?}", first);
    }
}

#[test]
fn each_word_alone_tells_two_residents_apart() {
    let alike = Candidate {
        low: 5,
        high: 14,
        seen_on: Some(date(2025, 3, 1)),
        waits_since: date(2026, 1, 5),
        questions: 3,
    };
    for (word, sooner) in [
        (
            AskFirst::HighestPossibleScore,
            Candidate { high: 15, ..alike },
        ),
        (AskFirst::HighestCertainScore, Candidate { low: 6, ..alike }),
        (
            AskFirst::LongestUnseen,
            Candidate {
                seen_on: None,
                ..alike
            },
        ),
        (
            AskFirst::LongestUnseen,
            Candidate {
                seen_on: Some(date(2025, 2, 28)),
                ..alike
            },
        ),
        (
            AskFirst::LongestWaiting,
            Candidate {
                waits_since: date(2026, 1, 4),
                ..alike
            },
        ),
        (
            AskFirst::FewestQuestions,
            Candidate {
                questions: 2,
                ..alike
            },
        ),
    ] {
        assert!(sooner.rank(&[word]) < alike.rank(&[word]), "{word:?}");
        for (_, other) in AskFirst::NAMES {
            if other != word {
                assert_eq!(sooner.rank(&[other]), alike.rank(&[other]), "{other:?}");
            }
        }
    }
}

#[test]
fn the_shipped_programme_says_how_many_and_who_first() {
    let asking = rulebook().programme.asking.as_ref().expect("it says so");
    assert!(0 < asking.per_week);
    assert!(!asking.first.is_empty());
    let said = |entry: &&preventiojyraa_core::rulebook::Unverified| entry.file == PROGRAMME;
    let mut unverified = rulebook().unverified.iter().filter(said);
    assert!(unverified.any(|entry| entry.why.contains("choice of the programme")));
}

#[test]
fn what_is_wrong_about_turns_is_said() {
    for (find, replace, code) in [
        ("per_week = 5000", "per_week = 0", "asking-nobody"),
        ("per_week = 5000", "per_week = -1", "rule-wrong-type"),
        ("per_week = 5000\n", "", "rule-missing-key"),
        (
            "\"longest-unseen\", \"longest-waiting\"]",
            "\"longest-unseem\"]",
            "rule-unknown-word",
        ),
        (
            "\"longest-unseen\", \"longest-waiting\"]",
            "\"highest-possible-score\"]",
            "asking-order",
        ),
        (
            "first = [\"highest-possible-score\", \"longest-unseen\", \"longest-waiting\"]",
            "first = []",
            "asking-order",
        ),
        ("per_week = 5000", "per_month = 5000", "rule-unknown-key"),
    ] {
        let found = mistakes_after(PROGRAMME, find, replace);
        let codes: Vec<&str> = found.iter().map(|mistake| mistake.code).collect();
        assert!(codes.contains(&code), "{replace}: {codes:?}");
    }
    let hearts = "programmes/cardiovascular.toml";
    let found = mistakes_after(hearts, "[\"longest-unseen\"", "[\"highest-certain-score\"");
    let codes: Vec<&str> = found.iter().map(|mistake| mistake.code).collect();
    assert_eq!(
        codes,
        ["asking-order"],
        "a ladder's scores are not compared"
    );
}
