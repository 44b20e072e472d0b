//! What is going to happen, day by day.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::super::calendar::Day;
use super::super::super::laboratory::Test;
use super::super::store::Place;
use super::offers::Way;

/// Something that is going to happen to a resident.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// They answer the form of this message or task.
    Answer(Place),
    /// A professional orders what this message or task asks for.
    Order(Place, Vec<Test>),
    /// They come to the laboratory for this order.
    Visit(Place, Vec<Test>),
    /// The laboratory reports these results of this order.
    Report(Place, Vec<Value>),
    /// The laboratory corrects the result at this place.
    Amend(Place),
    /// A clinician looks at a resident whom a message was about.
    Look,
    /// A clinician repeats a test unasked.
    Repeat(Vec<Test>),
    /// A clinician writes down a diagnosis.
    Confirm,
    /// They say yes or no to the offer of this message.
    AnswerOffer(Place, Way),
    /// The lifestyle service takes them in who has said yes to this message.
    Enrol(Place, Way),
    /// They begin with the service, or do not come, by this task of the service's.
    Begin(Place, Way),
    /// They have been there to the end.
    Finish(Place),
    /// The resident dies.
    Die,
    /// The resident leaves the city.
    Move,
}

impl Event {
    /// True of what the laboratory does with a sample it has, whatever has become of the resident.
    pub(super) fn outlives(&self) -> bool {
        matches!(self, Event::Report(..) | Event::Amend(_))
    }
}

/// Events by day, resident, and the order in which they were planned.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    events: BTreeMap<(Day, u32, u64), Event>,
    planned: u64,
}

impl Agenda {
    /// Plans an event.
    pub(super) fn add(&mut self, day: Day, number: u32, event: Event) {
        self.planned += 1;
        self.events.insert((day, number, self.planned), event);
    }

    /// The next event that is due by today.
    pub(super) fn due(&mut self, today: Day) -> Option<(u32, Event)> {
        let entry = self.events.first_entry()?;
        let (day, number, _) = *entry.key();
        (day <= today).then(|| (number, entry.remove()))
    }
}
