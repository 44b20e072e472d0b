//! One writer at a time; readers are not kept waiting.

use preventiojyraa::steps::{Access, DataFolder};

use crate::support::site::INDEX_DATE;
use crate::support::world::World;

#[test]
fn a_second_writer_is_told_to_wait_and_a_reader_is_not() {
    let mut world = World::new();
    world
        .resident("aino")
        .woman_born("1961-04-30")
        .bmi(31.2, "2025-10-01");
    world.decides();
    let export = world.export().display().to_string();
    let site = &world.site;
    let explained = world.explanation_for("aino");
    let writer = DataFolder::open(&site.data(), Access::WriteExisting).expect("nobody else writes");
    for words in [
        &["pull", "--from", &export][..],
        &["run", "--index-date", INDEX_DATE],
        &["fsck"],
    ] {
        let said = site.does(words).ends_with(1);
        let place = site.data().display().to_string();
        assert_eq!(
            said,
            format!(
                "error: another pull or run is writing to `{place}`\nhint: wait until it has finished\n"
            )
        );
    }
    assert_eq!(world.explanation_for("aino"), explained);
    drop(writer);
    site.is_whole();
    world.runs();
}
