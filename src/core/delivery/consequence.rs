//! What becomes of people when a row of the outbox changes.

use super::{Delivery, DeliveryEvent, Found, Next, Refused};
use crate::orders::Action;
use crate::pathway::NotDelivered;

/// What a task asks of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskCode {
    /// An order may have arrived or not.
    DeliveryUnknown,
    /// The other side turned an order down.
    DeliveryRefused,
    /// What had left came back undelivered: it reached nobody.
    DeliveryReturned,
    /// An order could not leave in time.
    DeliveryTooLate,
    /// The program may not ask this resident by itself.
    DeliveryWithheld,
    /// The other side has an order more than once.
    DeliveryDoubled,
    /// The other side no longer has an order that it acknowledged.
    DeliveryMissing,
    /// The other side still has an order that was taken back.
    DeliveryNotTakenBack,
    /// What a result means could not be told to the resident, or may not have been.
    ResidentNotTold,
    /// A professional is to place an order in the record.
    PlaceOrder,
    /// A professional is to take an order back that was placed by hand.
    TakeBackOrder,
    /// No professional was asked to get in touch with the resident, or none may have been.
    ContactNotAsked,
    /// A result says that it answers an order for somebody else than it is about.
    ResultOfAnother,
    /// A result says that it answers an order, and tells nothing about the ordered test.
    ResultNotUnderstood,
    /// Entries seem to be of one person, and contradict each other.
    EntriesUnclear,
    /// Entries were taken for one person's, and are not any more.
    EntriesParted,
}

impl TaskCode {
    /// Every code with its name.
    pub const NAMES: [(&'static str, Self); 16] = [
        ("delivery-unknown", Self::DeliveryUnknown),
        ("delivery-refused", Self::DeliveryRefused),
        ("delivery-returned", Self::DeliveryReturned),
        ("delivery-too-late", Self::DeliveryTooLate),
        ("delivery-withheld", Self::DeliveryWithheld),
        ("delivery-doubled", Self::DeliveryDoubled),
        ("delivery-missing", Self::DeliveryMissing),
        ("delivery-not-taken-back", Self::DeliveryNotTakenBack),
        ("resident-not-told", Self::ResidentNotTold),
        ("place-order", Self::PlaceOrder),
        ("take-back-order", Self::TakeBackOrder),
        ("contact-not-asked", Self::ContactNotAsked),
        ("result-of-another", Self::ResultOfAnother),
        ("result-not-understood", Self::ResultNotUnderstood),
        ("entries-unclear", Self::EntriesUnclear),
        ("entries-parted", Self::EntriesParted),
    ];

    /// The name in the ledger and on the worklist.
    ///
    /// # Panics
    ///
    /// Never: every code is in [`TaskCode::NAMES`].
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(_, code)| *code == self);
        found.expect("every code has a name").0
    }
}

/// What a change of a row means for the episode and for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Consequence {
    /// For the episode: delivered, or not and why.
    pub episode: Option<Result<(), NotDelivered>>,
    /// For a person.
    pub task: Option<TaskCode>,
    /// Whether the other side is to take duplicates back.
    pub cancel_duplicates: bool,
}

/// What a change of a row from `before` to `after` by `event` means.
#[must_use]
pub fn consequence(
    action: &Action,
    before: &Delivery,
    event: &DeliveryEvent,
    after: &Delivery,
) -> Consequence {
    let is_doubled = matches!(
        event,
        DeliveryEvent::LookedUp {
            found: Found::Several { .. },
            ..
        }
    );
    let news = if before == after {
        None
    } else {
        match after {
            Delivery::Acknowledged { .. } => {
                let known = matches!(before, Delivery::Acknowledged { .. });
                (!known).then_some((Ok(()), None))
            }
            Delivery::Refused { why } => Some(match why {
                Refused::TurnedDown(_) | Refused::NotTaken | Refused::NotExpressible => (
                    Err(NotDelivered::TurnedDown),
                    Some(TaskCode::DeliveryRefused),
                ),
                Refused::TooLate => (Err(NotDelivered::TooLate), Some(TaskCode::DeliveryTooLate)),
                Refused::Withheld => (
                    Err(NotDelivered::Withheld),
                    Some(TaskCode::DeliveryWithheld),
                ),
                Refused::Withdrawn => (Err(NotDelivered::Withdrawn), None),
                // That a letter comes back says nothing about what the resident wants.
                Refused::Returned => (
                    Err(NotDelivered::Returned),
                    Some(TaskCode::DeliveryReturned),
                ),
            }),
            Delivery::Unknown {
                next: Next::Person, ..
            } => Some((Err(NotDelivered::Unknown), Some(TaskCode::DeliveryUnknown))),
            Delivery::Planned { .. }
            | Delivery::Sending { .. }
            | Delivery::Unknown {
                next: Next::LookUp { .. } | Next::Awaited { .. } | Next::SendAgain { .. },
                ..
            } => None,
        }
    };
    let (episode, task) = news.unzip();
    let task = task.flatten().map(|why| for_whoever_tells(action, why));
    Consequence {
        episode: episode.filter(|_| settles_a_stage(action)),
        task: if is_doubled {
            Some(TaskCode::DeliveryDoubled)
        } else {
            task
        },
        // What somebody has read cannot be unread; a test that was ordered twice can be taken back.
        cancel_duplicates: is_doubled && matches!(action, Action::Laboratory { .. }),
    }
}

/// Whether an episode waits for what becomes of an act. It knows its questions and its tests; that
/// somebody was reminded or told changes nothing about where the resident stands, and a
/// cancellation is between us and the other side.
const fn settles_a_stage(action: &Action) -> bool {
    match action {
        Action::Questionnaire | Action::Laboratory { .. } => true,
        Action::RemindQuestionnaire
        | Action::RemindLaboratory
        | Action::Message { .. }
        | Action::Contact { .. }
        | Action::Cancel { .. } => false,
    }
}

/// What a person is asked to do about an act that did not arrive. Of a message or a contact it does
/// not matter why: somebody has to tell the resident, or no result would end with anybody told.
const fn for_whoever_tells(action: &Action, why: TaskCode) -> TaskCode {
    match action {
        Action::Message { .. } => TaskCode::ResidentNotTold,
        Action::Contact { .. } => TaskCode::ContactNotAsked,
        Action::Questionnaire
        | Action::RemindQuestionnaire
        | Action::Laboratory { .. }
        | Action::RemindLaboratory
        | Action::Cancel { .. } => why,
    }
}
