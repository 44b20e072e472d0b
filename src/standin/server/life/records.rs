//! How what happens gets into the record.

use std::io;

use serde_json::{Value, json};

use super::super::super::calendar::Day;
use super::super::super::instant::Instant;
use super::super::super::lines;
use super::super::super::random::Dice;
use super::super::super::scribe::Scribe;
use super::super::World;
use super::super::kinds::Kind;
use super::super::store::{Place, parsed};

/// What somebody writes about a resident today, resource by resource, without ids.
pub(super) fn written<T>(
    world: &World,
    number: u32,
    today: Day,
    act: impl FnOnce(&mut Scribe<'_>) -> T,
) -> (T, Vec<(Kind, Value)>) {
    let (acted, lines) = world.people.write_later(number, today, act);
    let mut written = Vec::new();
    for kind in lines::Kind::ALL {
        let bytes = lines.bytes(kind).split(|byte| *byte == b'\n');
        for line in bytes.filter(|line| !line.is_empty()) {
            let known = Kind::named(kind.name());
            written.extend(known.map(|kind| (kind, parsed(line))));
        }
    }
    (acted, written)
}

/// Stores a resource.
pub(super) fn store(world: &World, kind: Kind, resource: Value) -> io::Result<Place> {
    world.store().create(kind, resource, world.clock.millis())
}

/// What stands at a place.
pub(super) fn resource(world: &World, place: Place) -> io::Result<Option<(Kind, Value)>> {
    let store = world.store();
    let stored = store.at(place);
    stored
        .map(|stored| Ok((stored.kind, store.value(stored)?)))
        .transpose()
}

/// Changes a resource's status, if it still has the one it is changed from.
pub(super) fn change_status(
    world: &World,
    place: Place,
    from: &[&str],
    to: &str,
) -> io::Result<()> {
    let mut store = world.store();
    let Some(stored) = store.at(place) else {
        return Ok(());
    };
    let mut resource = store.value(stored)?;
    if resource["status"]
        .as_str()
        .is_some_and(|status| from.contains(&status))
    {
        resource["status"] = json!(to);
        store.update(place, resource, world.clock.millis())?;
    }
    Ok(())
}

/// Writes one record of the kind that exports have.
pub(super) fn write(
    world: &World,
    number: u32,
    today: Day,
    dice: &mut Dice,
    record: impl FnOnce(&mut Scribe<'_>, Day, &mut Dice),
) -> io::Result<()> {
    let (_, resources) = written(world, number, today, |scribe| record(scribe, today, dice));
    for (kind, resource) in resources {
        store(world, kind, resource)?;
    }
    Ok(())
}

pub(super) fn instant(at: Instant) -> String {
    let mut text = Vec::new();
    at.write(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// The day of an instant that the stand-in wrote.
pub(super) fn day_of(text: &str) -> Option<Day> {
    let date: jiff::civil::Date = text.get(..10)?.parse().ok()?;
    Some(Day::from(date))
}
