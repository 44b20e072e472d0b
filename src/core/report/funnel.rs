//! The funnel: how far everybody on the register has come, each counted once.

use std::collections::BTreeMap;
use std::mem::discriminant;

use super::course::{OnRecord, Place, Questions, Tests};
use crate::rulebook::{OfferAnswer, State, Words};

/// Everybody on the register, each in one place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Funnel {
    places: BTreeMap<Place, u64>,
}

/// One line of a funnel: how deep it is indented, what it counts, and how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunnelLine {
    /// A stable name, kebab-case, unique in the funnel.
    pub id: &'static str,
    /// 0 for the register; a line's parts are one deeper and add up to it.
    pub depth: usize,
    /// In words.
    pub says: String,
    /// How many residents.
    pub n: u64,
}

impl Funnel {
    /// Counts a resident.
    pub fn count(&mut self, place: Place) {
        *self.places.entry(place).or_default() += 1;
    }

    fn sum(&self, is_part: impl Fn(Place) -> bool) -> u64 {
        let parts = self.places.iter().filter(|(place, _)| is_part(**place));
        parts.map(|(_, n)| n).sum()
    }

    /// The lines, from the register down, in the words of a programme; the parts of each line follow it
    /// and add up to it.
    #[must_use]
    pub fn lines(&self, words: &Words) -> Vec<FunnelLine> {
        let mut lines = Vec::new();
        let mut line = |depth, id, says: &str, n| {
            let says = says.to_owned();
            lines.push(FunnelLine { id, depth, says, n });
        };
        let of_tests = of_tests(words);
        let untouched = |states: &[State]| {
            self.sum(|place| matches!(place, Place::Untouched(state) if states.contains(&state)))
        };
        line(0, "register", "on the register", self.sum(|_| true));
        let outside = [
            State::Deceased,
            State::NotYetBorn,
            State::Moved,
            State::OutsideAge,
            State::OutOfScope,
            State::OptedOut,
        ];
        line(
            1,
            "not-for-them",
            "outside the programme: died, moved, not of its ages, refused, …",
            untouched(&outside),
        );
        line(1, "known", &words.known, untouched(&[State::KnownDisease]));
        let reviewed = [State::UnderReview, State::UndeterminedIncomplete];
        line(
            1,
            "under-review",
            "a person has to look first, or data are missing",
            untouched(&reviewed),
        );
        line(
            1,
            "below-level-on-record",
            "below the action level by the record alone",
            untouched(&[State::BelowLevel]),
        );
        let rest = |place| match place {
            Place::Untouched(state) => {
                !outside.contains(&state)
                    && !reviewed.contains(&state)
                    && !matches!(state, State::KnownDisease | State::BelowLevel)
            }
            Place::OnRecord(_) | Place::Asked(_) | Place::Flagged(_) | Place::Sampled(_) => false,
        };
        line(
            1,
            "tested-lately",
            "tested lately by others, or nothing is due",
            self.sum(rest),
        );
        let at = |place| self.places.get(&place).copied().unwrap_or(0);
        line(
            1,
            "found-on-record",
            "found by a result that was on record",
            self.sum(|p| matches!(p, Place::OnRecord(_))),
        );
        let Words {
            found, confirmed, ..
        } = words;
        line(
            2,
            "found-offered",
            "offered the lifestyle service",
            self.sum(|p| matches!(p, Place::OnRecord(OnRecord::Offered(_)))),
        );
        for ([id, _, _], says, answer) in OFFERS {
            line(3, id, says, at(Place::OnRecord(OnRecord::Offered(answer))));
        }
        line(
            2,
            "found-awaiting",
            &format!("{found}, awaiting a professional"),
            at(Place::OnRecord(OnRecord::AwaitsProfessional)),
        );
        line(
            2,
            "found-confirmed",
            &format!("{found}, {confirmed}"),
            at(Place::OnRecord(OnRecord::Confirmed)),
        );
        line(
            2,
            "found-ended",
            "ended otherwise",
            at(Place::OnRecord(OnRecord::Ended)),
        );
        line(
            1,
            "asked-only",
            "asked questions, no test ordered",
            self.sum(|p| matches!(p, Place::Asked(_))),
        );
        for (id, says, place) in [
            (
                "asked-below",
                "below the action level by their answers",
                Questions::BelowLevel,
            ),
            (
                "asked-decided-by-others",
                "a result of others decided first",
                Questions::DecidedByOthers,
            ),
            (
                "asked-queued",
                "wait until it is their turn to be asked",
                Questions::Queued,
            ),
            (
                "asked-waiting",
                "an answer is waited for",
                Questions::Waiting,
            ),
            (
                "asked-not-answered",
                "did not answer, after a reminder",
                Questions::NotAnswered,
            ),
            (
                "asked-not-delivered",
                "could not be reached; a person acts",
                Questions::NotDelivered,
            ),
            (
                "asked-left",
                "left the programme meanwhile",
                Questions::Left,
            ),
        ] {
            line(2, id, says, at(Place::Asked(place)));
        }
        line(
            1,
            "flagged",
            "at or above the action level: tests ordered",
            self.sum(|p| matches!(p, Place::Flagged(_))),
        );
        let went = |tests: Tests, place: Tests| discriminant(&tests) == discriminant(&place);
        for (id, _, says, tests) in &of_tests {
            let n = self.sum(|p| matches!(p, Place::Flagged(place) if went(*tests, place)));
            line(2, id, says, n);
            for ([_, id, _], says, answer) in offers_of(*tests) {
                line(3, id, says, at(Place::Flagged(Tests::Offered(*answer))));
            }
        }
        line(
            1,
            "sampled",
            "below the level, drawn by lot: tests ordered",
            self.sum(|p| matches!(p, Place::Sampled(_))),
        );
        for (_, id, says, tests) in &of_tests {
            let n = self.sum(|p| matches!(p, Place::Sampled(place) if went(*tests, place)));
            line(2, id, says, n);
            for ([_, _, id], says, answer) in offers_of(*tests) {
                line(3, id, says, at(Place::Sampled(Tests::Offered(*answer))));
            }
        }
        lines
    }
}

/// Names of a line about offers: of those found on record, of the flagged, and of the sampled.
type OfferIds = [&'static str; 3];

/// What became of offers, in words.
const OFFERS: [(OfferIds, &str, Option<OfferAnswer>); 6] = [
    (
        [
            "found-offer-not-answered",
            "flagged-offer-not-answered",
            "sampled-offer-not-answered",
        ],
        "have not answered",
        None,
    ),
    (
        [
            "found-offer-declined",
            "flagged-offer-declined",
            "sampled-offer-declined",
        ],
        "declined",
        Some(OfferAnswer::Declined),
    ),
    (
        [
            "found-offer-accepted",
            "flagged-offer-accepted",
            "sampled-offer-accepted",
        ],
        "accepted, and have not started yet",
        Some(OfferAnswer::Accepted),
    ),
    (
        [
            "found-offer-not-started",
            "flagged-offer-not-started",
            "sampled-offer-not-started",
        ],
        "accepted, and did not start",
        Some(OfferAnswer::DidNotStart),
    ),
    (
        [
            "found-offer-started",
            "flagged-offer-started",
            "sampled-offer-started",
        ],
        "started",
        Some(OfferAnswer::Started),
    ),
    (
        [
            "found-offer-finished",
            "flagged-offer-finished",
            "sampled-offer-finished",
        ],
        "finished",
        Some(OfferAnswer::Finished),
    ),
];

/// The parts of a line about tests that ended in an offer; none of any other.
fn offers_of(tests: Tests) -> &'static [(OfferIds, &'static str, Option<OfferAnswer>)] {
    match tests {
        Tests::Offered(_) => &OFFERS,
        Tests::Waiting
        | Tests::DidNotAttend
        | Tests::NotDelivered
        | Tests::Left
        | Tests::Normal
        | Tests::Undecided
        | Tests::AwaitsProfessional
        | Tests::Confirmed
        | Tests::TimeIsOver
        | Tests::LeftUnconfirmed => &[],
    }
}

/// How tests went: names for the flagged and for the sampled, in words.
fn of_tests(words: &Words) -> [(&'static str, &'static str, String, Tests); 11] {
    let Words {
        found,
        normal,
        between,
        confirmed,
        conclusion,
        ..
    } = words;
    [
        (
            "flagged-waiting",
            "sampled-waiting",
            "a sample is waited for".to_owned(),
            Tests::Waiting,
        ),
        (
            "flagged-did-not-attend",
            "sampled-did-not-attend",
            "did not come, after a reminder; a nurse acts".to_owned(),
            Tests::DidNotAttend,
        ),
        (
            "flagged-not-delivered",
            "sampled-not-delivered",
            "the order did not arrive; a person acts".to_owned(),
            Tests::NotDelivered,
        ),
        (
            "flagged-left",
            "sampled-left",
            "left the programme before a result".to_owned(),
            Tests::Left,
        ),
        (
            "flagged-normal",
            "sampled-normal",
            normal.clone(),
            Tests::Normal,
        ),
        (
            "flagged-offered",
            "sampled-offered",
            format!("{between}: lifestyle service offered"),
            Tests::Offered(None),
        ),
        (
            "flagged-undecided",
            "sampled-undecided",
            "results that decide nothing; a person acts".to_owned(),
            Tests::Undecided,
        ),
        (
            "flagged-awaiting",
            "sampled-awaiting",
            format!("{found}, awaiting a professional"),
            Tests::AwaitsProfessional,
        ),
        (
            "flagged-confirmed",
            "sampled-confirmed",
            format!("{found}, {confirmed}"),
            Tests::Confirmed,
        ),
        (
            "flagged-time-is-over",
            "sampled-time-is-over",
            format!("{found}, and {conclusion} not on record in time"),
            Tests::TimeIsOver,
        ),
        (
            "flagged-left-unconfirmed",
            "sampled-left-unconfirmed",
            format!("{found}, left before {conclusion}"),
            Tests::LeftUnconfirmed,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words {
        let word = str::to_owned;
        Words {
            known_state: word("known-thing"),
            known: word("known to have it"),
            found: word("in its range"),
            normal: word("out of its range"),
            between: word("in between"),
            confirmed: word("confirmed"),
            conclusion: word("a confirmation"),
        }
    }

    #[test]
    fn the_parts_of_each_line_add_up_to_it() {
        let mut funnel = Funnel::default();
        let mut n = 0;
        let mut count = |place| {
            n += 1;
            (0..n).for_each(|_| funnel.count(place));
        };
        State::NAMES
            .iter()
            .for_each(|(_, state)| count(Place::Untouched(*state)));
        for (_, _, _, tests) in of_tests(&words()) {
            count(Place::Flagged(tests));
            count(Place::Sampled(tests));
        }
        for (_, _, answer) in OFFERS {
            count(Place::Flagged(Tests::Offered(answer)));
            count(Place::Sampled(Tests::Offered(answer)));
            count(Place::OnRecord(OnRecord::Offered(answer)));
        }
        for place in [
            OnRecord::AwaitsProfessional,
            OnRecord::Confirmed,
            OnRecord::Ended,
        ] {
            count(Place::OnRecord(place));
        }
        for place in [
            Questions::BelowLevel,
            Questions::DecidedByOthers,
            Questions::Queued,
            Questions::Waiting,
            Questions::NotAnswered,
            Questions::NotDelivered,
            Questions::Left,
        ] {
            count(Place::Asked(place));
        }
        let lines = funnel.lines(&words());
        assert_eq!(lines[0].n, n * (n + 1) / 2);
        for (at, line) in lines.iter().enumerate() {
            let below = lines[at + 1..].iter().take_while(|l| line.depth < l.depth);
            let parts: Vec<u64> = below
                .filter(|l| l.depth == line.depth + 1)
                .map(|l| l.n)
                .collect();
            if !parts.is_empty() {
                assert_eq!(parts.iter().sum::<u64>(), line.n, "{}", line.id);
            }
        }
    }
}
