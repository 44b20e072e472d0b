//! One resident's rounds, and where they are in the funnel.

use jiff::civil::Date;

use crate::pathway::{Conclusion, Episode, Event, Finding, HandedOver, OrderedBecause, Stage};
use crate::rulebook::{OfferAnswer, StageKind, State};

/// How a round went for somebody who was asked questions and not ordered any test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Questions {
    /// What is known now puts the score below the level.
    BelowLevel,
    /// A result of somebody else's decided first.
    DecidedByOthers,
    /// They wait for their turn: not everybody may be asked at once.
    Queued,
    /// An answer is waited for.
    Waiting,
    /// No answer came, after a reminder.
    NotAnswered,
    /// The questions did not reach them, and a person acts.
    NotDelivered,
    /// The programme was no longer for them.
    Left,
}

/// How a round went for somebody for whom tests were ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tests {
    /// A sample is waited for.
    Waiting,
    /// No sample was taken, after a reminder; a person acts.
    DidNotAttend,
    /// The order did not reach anybody, and a person acts.
    NotDelivered,
    /// The programme was no longer for them before there was a result.
    Left,
    /// Every result is normal.
    Normal,
    /// Between normal and the range of the disease, or normal with a high score: the lifestyle service is
    /// offered, and so much was told of it.
    Offered(Option<OfferAnswer>),
    /// The results decide nothing, and a person acts.
    Undecided,
    /// In the range of the disease: a professional acts.
    AwaitsProfessional,
    /// In the range of the disease, and a professional has concluded.
    Confirmed,
    /// In the range of the disease, and the time of a professional's look is over without a conclusion on record.
    TimeIsOver,
    /// In the range of the disease, and the programme was no longer for them before a professional decided.
    LeftUnconfirmed,
}

/// How somebody's round went who was found by a result that others had ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OnRecord {
    /// The lifestyle service is offered, and so much was told of it.
    Offered(Option<OfferAnswer>),
    /// In the range of the disease: a professional acts.
    AwaitsProfessional,
    /// In the range of the disease, and a professional has concluded.
    Confirmed,
    /// The round ended otherwise.
    Ended,
}

/// Where one resident is in the funnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// Nothing was asked of anybody for them; their state says why.
    Untouched(State),
    /// A result on record started their round.
    OnRecord(OnRecord),
    /// They were asked questions.
    Asked(Questions),
    /// Tests were ordered since their score reached the level.
    Flagged(Tests),
    /// Tests were ordered since they were drawn from those below the level.
    Sampled(Tests),
}

/// One resident's rounds, event by event.
#[derive(Debug, Clone, Default)]
pub struct Course {
    newest: Option<Episode>,
    finding: Option<Finding>,
    received: bool,
    asked: bool,
    ordered: Option<OrderedBecause>,
    /// What was told of the offer that the round made.
    offer: Option<OfferAnswer>,
    /// The newest round that ordered tests, as it ended; a later round without tests does not hide it.
    tested: Option<(OrderedBecause, Tests)>,
}

impl Course {
    /// Takes the next event in, in the order of the ledger; late news of an earlier round is passed over.
    pub fn add(&mut self, round: u16, event: &Event) {
        let is_new = self.newest.as_ref().is_none_or(|e| e.round < round);
        if is_new {
            self.keep();
            *self = Self {
                newest: Some(Episode::begin(round)),
                tested: self.tested,
                ..Self::default()
            };
        }
        let Some(episode) = self.newest.as_mut().filter(|e| e.round == round) else {
            return;
        };
        if episode.apply(event).is_err() {
            return;
        }
        match event {
            Event::Queued { .. } | Event::Asked { .. } => self.asked = true,
            Event::TestsOrdered { because, .. } => self.ordered = Some(*because),
            Event::ResultSeen { finding, .. } => self.finding = Some(*finding),
            Event::ResultReceived { .. } => self.received = true,
            Event::OfferMoved { to, .. } => self.offer = to.answer(),
            Event::Reminded { .. }
            | Event::HandedOver { .. }
            | Event::Delivered { .. }
            | Event::NotDelivered { .. }
            | Event::BelowLevel { .. }
            | Event::Left { .. }
            | Event::RecallDue { .. } => {}
        }
    }

    fn keep(&mut self) {
        if let (Some(because), Some(episode)) = (self.ordered, &self.newest) {
            let seen = (self.finding, self.received, self.offer);
            self.tested = Some((because, tests(&episode.stage, seen)));
        }
    }

    /// Where the resident is on a day, whose last run put them in `state`.
    #[must_use]
    pub fn place(mut self, state: State, on: Date) -> Place {
        self.keep();
        let Some(episode) = &self.newest else {
            return Place::Untouched(state);
        };
        match self.tested {
            Some((OrderedBecause::Flagged, tests)) => Place::Flagged(tests),
            Some((OrderedBecause::SampledNegative(_), tests)) => Place::Sampled(tests),
            None if self.asked => Place::Asked(questions(&episode.stage, self.finding, on)),
            None => match self.finding {
                Some(finding) => Place::OnRecord(on_record(&episode.stage, finding, self.offer)),
                None => Place::Untouched(state),
            },
        }
    }
}

fn tests(
    stage: &Stage,
    (finding, received, offer): (Option<Finding>, bool, Option<OfferAnswer>),
) -> Tests {
    let was_high = finding == Some(Finding::DiseaseRange);
    match stage {
        Stage::Eligible | Stage::Queued { .. } | Stage::Asked { .. } | Stage::Ordered { .. } => {
            Tests::Waiting
        }
        Stage::Confirming { .. } => Tests::AwaitsProfessional,
        Stage::OfferedPrevention { .. } => Tests::Offered(offer),
        Stage::WithANurse { why, .. } => match why {
            HandedOver::NotDelivered(_) => Tests::NotDelivered,
            HandedOver::DidNotAttend => Tests::DidNotAttend,
            HandedOver::ResultsUndecided => Tests::Undecided,
        },
        Stage::Closed { conclusion, .. } => match conclusion {
            Conclusion::Normal => Tests::Normal,
            Conclusion::Recalled if was_high => Tests::TimeIsOver,
            Conclusion::Recalled => Tests::Offered(offer),
            // Result and diagnosis may have come between two runs.
            Conclusion::Left(State::KnownDisease) if was_high || received => Tests::Confirmed,
            Conclusion::Left(_) if was_high => Tests::LeftUnconfirmed,
            Conclusion::Left(_) if finding == Some(Finding::Impaired) => Tests::Offered(offer),
            Conclusion::Left(_) | Conclusion::Withdrawn | Conclusion::BelowLevel => Tests::Left,
        },
    }
}

fn questions(stage: &Stage, finding: Option<Finding>, on: Date) -> Questions {
    if finding.is_some() {
        return Questions::DecidedByOthers;
    }
    match stage {
        Stage::Queued { .. } => Questions::Queued,
        Stage::Asked { .. } => match stage.kind(on) {
            StageKind::NotAnswered => Questions::NotAnswered,
            StageKind::Eligible
            | StageKind::Asked
            | StageKind::AnswerOverdue
            | StageKind::Ordered
            | StageKind::SampleOverdue
            | StageKind::DidNotAttend
            | StageKind::Resulted
            | StageKind::Confirming
            | StageKind::OfferedPrevention
            | StageKind::WithANurse
            | StageKind::Closed => Questions::Waiting,
        },
        Stage::WithANurse { .. } => Questions::NotDelivered,
        Stage::Closed { conclusion, .. } => match conclusion {
            Conclusion::BelowLevel => Questions::BelowLevel,
            Conclusion::Recalled => Questions::NotAnswered,
            Conclusion::Normal | Conclusion::Left(_) | Conclusion::Withdrawn => Questions::Left,
        },
        Stage::Eligible
        | Stage::Ordered { .. }
        | Stage::Confirming { .. }
        | Stage::OfferedPrevention { .. } => Questions::Waiting,
    }
}

fn on_record(stage: &Stage, finding: Finding, offer: Option<OfferAnswer>) -> OnRecord {
    match (stage, finding) {
        (Stage::Confirming { .. }, _) => OnRecord::AwaitsProfessional,
        (Stage::OfferedPrevention { .. }, _) => OnRecord::Offered(offer),
        (
            Stage::Closed {
                conclusion: Conclusion::Left(State::KnownDisease),
                ..
            },
            Finding::DiseaseRange,
        ) => OnRecord::Confirmed,
        (
            Stage::Closed {
                conclusion: Conclusion::Recalled,
                ..
            },
            _,
        ) => OnRecord::Offered(offer),
        _ => OnRecord::Ended,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::pathway::{NotDelivered, Offer};
    use crate::profile::Standing;

    const DAY: Date = date(2026, 3, 2);

    fn ordered(because: OrderedBecause) -> Event {
        Event::TestsOrdered {
            on: DAY,
            tests: vec!["hba1c".to_owned()],
            sample_by: DAY,
            because,
        }
    }

    fn seen(finding: Finding) -> Event {
        Event::ResultSeen { on: DAY, finding }
    }

    fn finished() -> Event {
        Event::OfferMoved {
            on: DAY,
            to: Offer::Told {
                answer: OfferAnswer::Finished,
                on: DAY,
                by: Standing::Established,
            },
        }
    }

    fn place(events: &[(u16, Event)], state: State) -> Place {
        let mut course = Course::default();
        events
            .iter()
            .for_each(|(round, event)| course.add(*round, event));
        course.place(state, DAY)
    }

    #[test]
    fn everybody_is_in_one_place() {
        let flagged = || (1, ordered(OrderedBecause::Flagged));
        let left = |state| (1, Event::Left { on: DAY, state });
        let asked = || {
            (
                1,
                Event::Asked {
                    on: DAY,
                    answer_by: DAY,
                },
            )
        };
        for (events, state, expected) in [
            (
                vec![],
                State::BelowLevel,
                Place::Untouched(State::BelowLevel),
            ),
            (
                vec![asked()],
                State::Asked,
                Place::Asked(Questions::Waiting),
            ),
            (
                vec![asked(), (1, Event::BelowLevel { on: DAY })],
                State::BelowLevel,
                Place::Asked(Questions::BelowLevel),
            ),
            (
                vec![
                    asked(),
                    flagged(),
                    (1, seen(Finding::DiseaseRange)),
                    left(State::KnownDisease),
                ],
                State::KnownDisease,
                Place::Flagged(Tests::Confirmed),
            ),
            (
                vec![flagged(), left(State::KnownDisease)],
                State::KnownDisease,
                Place::Flagged(Tests::Left),
            ),
            (
                vec![
                    flagged(),
                    (1, seen(Finding::DiseaseRange)),
                    left(State::Moved),
                ],
                State::Moved,
                Place::Flagged(Tests::LeftUnconfirmed),
            ),
            (
                vec![(1, seen(Finding::Impaired))],
                State::OfferedPrevention,
                Place::OnRecord(OnRecord::Offered(None)),
            ),
            (
                vec![
                    flagged(),
                    (
                        1,
                        Event::NotDelivered {
                            on: DAY,
                            test: Some("hba1c".to_owned()),
                            why: NotDelivered::Withheld,
                        },
                    ),
                ],
                State::WithANurse,
                Place::Flagged(Tests::NotDelivered),
            ),
            // A later round without tests does not hide the one that had them.
            (
                vec![
                    flagged(),
                    (1, seen(Finding::Impaired)),
                    (1, Event::RecallDue { on: DAY }),
                    (
                        2,
                        Event::Asked {
                            on: DAY,
                            answer_by: DAY,
                        },
                    ),
                ],
                State::Asked,
                Place::Flagged(Tests::Offered(None)),
            ),
            // What was told of an offer outlives its round.
            (
                vec![
                    flagged(),
                    (1, seen(Finding::Impaired)),
                    (1, finished()),
                    (1, Event::RecallDue { on: DAY }),
                ],
                State::Ordered,
                Place::Flagged(Tests::Offered(Some(OfferAnswer::Finished))),
            ),
        ] {
            assert_eq!(place(&events, state), expected, "{events:?}");
        }
    }
}
