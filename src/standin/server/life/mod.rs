//! What happens in the city while days pass: residents, the laboratory and clinicians react to what clients write.
//!
//! Each new day begins with a look at the orders, messages and tasks that clients have written since the last one; what
//! follows from them is put on the agenda, and what is due today happens. Every reaction is drawn from dice of its own,
//! by seed, resident, and how often this resident has been asked the like; so a resident's story does not depend on who
//! else was asked, nor on the order in which requests arrived.

mod agenda;
mod clinicians;
mod events;
mod forms;
mod offers;
mod rates;
mod records;
mod requests;
mod residents;
mod samples;
mod truth;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde_json::{Value, json};

use super::super::calendar::Day;
use super::super::random::{Dice, Stream, mixed};
use super::World;
use super::kinds::Kind;
use super::store::{Place, patient_of};
use agenda::Agenda;

pub(super) use residents::{dies, hides, moves, refuses};
pub(super) use truth::truth;

/// What a test wants a resident to do, instead of what the dice say. Days count from the request.
#[derive(Clone, Debug, Default)]
pub(super) struct Fate {
    /// After how many days they answer; `Some(None)` is never.
    answers: Option<Option<i32>>,
    /// After how many days they come to the laboratory; `Some(None)` is never.
    attends: Option<Option<i32>>,
    /// Whether their results are amended.
    amended: Option<bool>,
    /// How far they go with an offer of the lifestyle service.
    offer: Option<offers::Way>,
}

impl Fate {
    /// Reads `answers_after_days`, `attends_after_days` (a number, or null for never), `amended` and `offer`.
    pub(super) fn read(wanted: &Value) -> Fate {
        let days = |name: &str| {
            let given = wanted.get(name)?;
            Some(given.as_i64().and_then(|days| i32::try_from(days).ok()))
        };
        Fate {
            answers: days("answers_after_days"),
            attends: days("attends_after_days"),
            amended: wanted["amended"].as_bool(),
            offer: wanted["offer"].as_str().and_then(offers::Way::named),
        }
    }
}

/// What has happened, counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happened {
    AskedForAnswers,
    Answered,
    Refused,
    Ordered,
    AskedToOrder,
    Attended,
    Results,
    Amended,
    Repeated,
    Confirmed,
    Consulted,
    Prescribed,
    Offered,
    OfferDeclined,
    OfferAccepted,
    OfferNotStarted,
    OfferStarted,
    OfferFinished,
    Died,
    Moved,
}

impl Happened {
    fn name(self) -> &'static str {
        match self {
            Happened::AskedForAnswers => "asked-for-answers",
            Happened::Answered => "answered",
            Happened::Refused => "refused",
            Happened::Ordered => "ordered",
            Happened::AskedToOrder => "asked-to-order",
            Happened::Attended => "attended",
            Happened::Results => "results",
            Happened::Amended => "amended",
            Happened::Repeated => "repeated",
            Happened::Confirmed => "confirmed",
            Happened::Consulted => "consulted",
            Happened::Prescribed => "prescribed",
            Happened::Offered => "offered",
            Happened::OfferDeclined => "offer-declined",
            Happened::OfferAccepted => "offer-accepted",
            Happened::OfferNotStarted => "offer-not-started",
            Happened::OfferStarted => "offer-started",
            Happened::OfferFinished => "offer-finished",
            Happened::Died => "died",
            Happened::Moved => "moved",
        }
    }
}

/// Everything that is going to happen, and what is remembered of what did.
///
/// One lock around it, held for a day; while it is held the store's is taken and given back many times.
#[derive(Debug, Default)]
pub(super) struct Life {
    agenda: Agenda,
    /// From which place on what clients wrote has not been looked at.
    seen: Place,
    /// Orders that clinicians placed themselves, which are not looked at again.
    own: BTreeSet<Place>,
    /// How often a resident has been asked, by dice.
    asked: BTreeMap<(u32, Purpose), u32>,
    /// What somebody has decided to do about a resident, and when: what comes within days of it is
    /// dealt with together.
    agreed: BTreeMap<(u32, Purpose), Agreed>,
    fates: BTreeMap<u32, Fate>,
    /// Whose diabetes is written down, or about to be.
    diagnosed: BTreeSet<u32>,
    /// With whom a clinician has talked a risk over.
    consulted: BTreeSet<u32>,
    /// Who did not come, or will not, when last ordered to the laboratory.
    missed: BTreeSet<u32>,
    /// When a clinician last ordered a test again for a resident.
    repeated: BTreeMap<u32, Day>,
    /// Who has died or moved away, and reacts to nothing.
    gone: BTreeSet<u32>,
    counts: BTreeMap<Happened, u64>,
    /// The last day on which something happened.
    lived: Option<Day>,
}

/// A decision that stands for a while.
#[derive(Clone, Copy, Debug)]
struct Agreed {
    /// When it was made.
    on: Day,
    /// The day it is carried out; `None` when it is not.
    day: Option<Day>,
}

/// What dice are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Purpose {
    Answer = 1,
    Attend = 2,
    Sample = 3,
    Professional = 4,
    Clinician = 5,
    Diagnosis = 6,
    Refusal = 7,
    Move = 8,
    Truth = 9,
    Consultation = 10,
    Offer = 11,
}

impl Life {
    /// Dice for the next such thing of a resident, and how many came before it.
    fn dice(&mut self, world: &World, number: u32, purpose: Purpose) -> (Dice, u32) {
        let count = self.asked.entry((number, purpose)).or_default();
        let nth = *count;
        *count += 1;
        (dice(world, number, purpose, nth), nth)
    }

    /// The day on which something is done about a resident: as agreed some days ago, while that day
    /// has not come, or as is decided now.
    fn agree(
        &mut self,
        (number, purpose): (u32, Purpose),
        today: Day,
        decide: impl FnOnce(&mut Self) -> Option<i32>,
    ) -> Option<Day> {
        let known = self.agreed.get(&(number, purpose)).copied();
        let stands = known.filter(|agreed| {
            let is_recent = today <= agreed.on.plus(rates::TOGETHER_DAYS);
            is_recent && agreed.day.is_none_or(|day| today < day)
        });
        if let Some(agreed) = stands {
            return agreed.day;
        }
        let day = decide(self).map(|days| today.plus(days));
        let agreed = Agreed { on: today, day };
        self.agreed.insert((number, purpose), agreed);
        day
    }

    fn count(&mut self, what: Happened) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn fate(&self, number: u32) -> Fate {
        self.fates.get(&number).cloned().unwrap_or_default()
    }

    /// Decides what a resident will do.
    pub(super) fn decide(&mut self, number: u32, fate: Fate) {
        self.fates.insert(number, fate);
    }

    /// What has happened so far.
    pub(super) fn told(&self) -> Value {
        let counts = self.counts.iter();
        counts
            .map(|(what, count)| (what.name().to_owned(), json!(count)))
            .collect()
    }

    /// Where stands what clients wrote since the last look, in an order that does not depend on when they did.
    fn news(&mut self, world: &World) -> io::Result<Vec<(u32, Kind, Place)>> {
        let store = world.store();
        let mut news = Vec::new();
        for (place, stored) in store.from(self.seen) {
            let asks = matches!(
                stored.kind,
                Kind::ServiceRequest | Kind::Communication | Kind::Task
            );
            if !asks || self.own.contains(&place) {
                continue;
            }
            let resource = store.value(stored)?;
            let number = patient_of(stored.kind, &resource)
                .and_then(|patient| world.people.number_of(patient));
            let identifier = resource["identifier"].to_string();
            news.extend(number.map(|number| (number, stored.kind, identifier, place)));
        }
        self.seen = store.next();
        self.own.clear();
        drop(store);
        news.sort_unstable();
        let places = news.into_iter();
        Ok(places
            .map(|(number, kind, _, place)| (number, kind, place))
            .collect())
    }
}

/// Dice of a resident for the nth time that something is drawn.
fn dice(world: &World, number: u32, purpose: Purpose, nth: u32) -> Dice {
    let seed = mixed(&[world.people.seed(), purpose as u64, u64::from(nth)]);
    Dice::of(seed, number, Stream::Life)
}

/// The day it is.
pub(super) fn today(world: &World) -> Day {
    let days = world.clock.millis().div_euclid(86_400_000);
    Day(i32::try_from(days).expect("the clock counts days of this era"))
}

/// Lets one day pass; false when the clock is the machine's. After an error the day is half lived.
pub(super) fn next_day(world: &World) -> io::Result<bool> {
    let mut life = world.life();
    let before = today(world);
    if !world.clock.next_day() {
        return Ok(false);
    }
    let today = today(world);
    if life.lived.is_none() {
        clinicians::plan_usual_care(world, &mut life, before);
    }
    life.lived = Some(today);
    for (number, kind, place) in life.news(world)? {
        if let Some((_, resource)) = records::resource(world, place)? {
            events::notice(world, &mut life, before, (number, kind, place, &resource))?;
        }
    }
    while let Some((number, event)) = life.agenda.due(today) {
        if event.outlives() || !life.gone.contains(&number) {
            events::happen(world, &mut life, today, number, event)?;
        }
    }
    Ok(true)
}
