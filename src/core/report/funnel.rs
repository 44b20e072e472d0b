//! The funnel: how far everybody on the register has come, each counted once.

use std::collections::BTreeMap;

use super::course::{OnRecord, Place, Questions, Tests};
use crate::rulebook::State;

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
    pub says: &'static str,
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

    /// The lines, from the register down; the parts of each line follow it and add up to it.
    #[must_use]
    pub fn lines(&self) -> Vec<FunnelLine> {
        let mut lines = Vec::new();
        let mut line = |depth, id, says, n| lines.push(FunnelLine { id, depth, says, n });
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
        line(
            1,
            "known-diabetes",
            "known to have diabetes",
            untouched(&[State::KnownDiabetes]),
        );
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
                    && !matches!(state, State::KnownDiabetes | State::BelowLevel)
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
        for (id, says, place) in [
            (
                "found-offered",
                "offered the lifestyle service",
                OnRecord::Offered,
            ),
            (
                "found-awaiting",
                "in the range of diabetes, awaiting a professional",
                OnRecord::AwaitsProfessional,
            ),
            (
                "found-diagnosed",
                "in the range of diabetes, diagnosed",
                OnRecord::Diagnosed,
            ),
            ("found-ended", "ended otherwise", OnRecord::Ended),
        ] {
            line(2, id, says, at(Place::OnRecord(place)));
        }
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
        for (id, _, says, tests) in TESTS {
            line(2, id, says, at(Place::Flagged(tests)));
        }
        line(
            1,
            "sampled",
            "below the level, drawn by lot: tests ordered",
            self.sum(|p| matches!(p, Place::Sampled(_))),
        );
        for (_, id, says, tests) in TESTS {
            line(2, id, says, at(Place::Sampled(tests)));
        }
        lines
    }
}

/// How tests went: names for the flagged and for the sampled, in words.
const TESTS: [(&str, &str, &str, Tests); 10] = [
    (
        "flagged-waiting",
        "sampled-waiting",
        "a sample is waited for",
        Tests::Waiting,
    ),
    (
        "flagged-did-not-attend",
        "sampled-did-not-attend",
        "did not come, after a reminder; a nurse acts",
        Tests::DidNotAttend,
    ),
    (
        "flagged-not-delivered",
        "sampled-not-delivered",
        "the order did not arrive; a person acts",
        Tests::NotDelivered,
    ),
    (
        "flagged-left",
        "sampled-left",
        "left the programme before a result",
        Tests::Left,
    ),
    ("flagged-normal", "sampled-normal", "normal", Tests::Normal),
    (
        "flagged-offered",
        "sampled-offered",
        "impaired, or normal with a high score: lifestyle service offered",
        Tests::Offered,
    ),
    (
        "flagged-undecided",
        "sampled-undecided",
        "results that decide nothing; a person acts",
        Tests::Undecided,
    ),
    (
        "flagged-awaiting",
        "sampled-awaiting",
        "in the range of diabetes, awaiting a professional",
        Tests::AwaitsProfessional,
    ),
    (
        "flagged-diagnosed",
        "sampled-diagnosed",
        "in the range of diabetes, diagnosed",
        Tests::Diagnosed,
    ),
    (
        "flagged-left-unconfirmed",
        "sampled-left-unconfirmed",
        "in the range of diabetes, left before a diagnosis",
        Tests::LeftUnconfirmed,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

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
        for (_, _, _, tests) in TESTS {
            count(Place::Flagged(tests));
            count(Place::Sampled(tests));
        }
        for place in [
            OnRecord::Offered,
            OnRecord::AwaitsProfessional,
            OnRecord::Diagnosed,
            OnRecord::Ended,
        ] {
            count(Place::OnRecord(place));
        }
        for place in [
            Questions::BelowLevel,
            Questions::DecidedByOthers,
            Questions::Waiting,
            Questions::NotAnswered,
            Questions::NotDelivered,
            Questions::Left,
        ] {
            count(Place::Asked(place));
        }
        let lines = funnel.lines();
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
