//! Observations that fill a full export, and statements about relatives written as observations.

use super::concepts::{self, Coding, coding, system};
use super::instant::Instant;
use super::lines::Kind;
use super::numbers;
use super::observations::{self, Codings, Effective, Found, Observed, Performer, UnitSpelling};
use super::person::Kinship;
use super::random::{Dice, Stream};
use super::scribe::Scribe;
use super::vitals::visit_day;

/// Mean number of Observations of a resident in full detail.
const MEAN_OBSERVATIONS: f64 = 25.0;

const RELATIVES: Coding = coding(
    system::SNOMED,
    "160303001",
    "Family history of diabetes mellitus",
);
const NO_RELATIVES: Coding = coding(system::SNOMED, "160274005", "No family history of diabetes");
const NOT_KNOWN: Coding = coding(system::SNOMED, "407559004", "Family history unknown");

/// Writes the statements, and in full detail everything else that records hold.
pub(super) fn write(scribe: &mut Scribe<'_>) {
    let mut dice = scribe.dice(Stream::Filler);
    write_statement(scribe, &mut dice);
    if !scribe.verbose() {
        return;
    }
    let wanted = dice.poisson(MEAN_OBSERVATIONS);
    for _ in scribe.written[Kind::Observation.place()]..wanted {
        write_unrelated(scribe, &mut dice);
    }
}

/// Six adults in a thousand.
fn write_statement(scribe: &mut Scribe<'_>, dice: &mut Dice) {
    let (stated, unknown) = (dice.chance(0.006), dice.chance(0.1));
    let Some(day) = visit_day(scribe, dice, 4.0) else {
        return;
    };
    if !stated || scribe.person.age < 18 {
        return;
    }
    let answer = match scribe.health.items.family_history {
        _ if unknown => NOT_KNOWN,
        Kinship::Close | Kinship::Distant => RELATIVES,
        Kinship::None => NO_RELATIVES,
    };
    let observed = Observed {
        observable: &concepts::FAMILY_STATEMENT,
        found: Found::Coded(answer),
        at: Instant::on(day, dice),
        issued: None,
        status: "final",
        unit: UnitSpelling::Ucum,
        effective: Effective::Instant,
        performer: Performer::Clinic,
        codings: Codings::Both,
    };
    observations::write(scribe, &observed);
}

fn write_unrelated(scribe: &mut Scribe<'_>, dice: &mut Dice) {
    let place = numbers::position(dice.unit(), concepts::UNRELATED.len());
    let (observable, typical, spread) = &concepts::UNRELATED[place];
    let value = dice.normal(*typical, *spread).max(0.3);
    let days = dice.whole(1, 5_000);
    let day = scribe.last_day().plus(-days).max(scribe.person.birth);
    let at = Instant::on(day, dice);
    let observed = Observed {
        observable,
        found: Found::Quantity(numbers::rounded(if observable.places == 0 {
            value
        } else {
            value * 10.0
        })),
        at,
        issued: Some(at.minutes_later(160)),
        status: "final",
        unit: UnitSpelling::Local,
        effective: Effective::Instant,
        performer: Performer::Laboratory,
        codings: Codings::Both,
    };
    observations::write(scribe, &observed);
}
