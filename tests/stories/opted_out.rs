//! Who does not want the screening says so to a person, who puts it on record: by whom, why and until when.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::acting::Clinic;
use crate::support::site::{Said, opaque, text};
use crate::support::world::World;

const BY: [&str; 4] = [
    "--by",
    "Maija Meikäläinen",
    "--reason",
    "said so at the visit",
];
const DAY: &str = "2025-11-01";
const SAYS: &str = "has said no to this screening";

/// Somebody who is to be asked something.
fn aino() -> World {
    let mut world = World::new();
    drop(
        world
            .resident("aino")
            .woman_born("1965-06-06")
            .bmi(28.0, "2025-01-10"),
    );
    world.decides();
    world.decides_that("aino", "asked");
    world
}

#[track_caller]
fn says(world: &World, what: &[&str]) -> Said {
    world.site.does(&[&["opt-out"], what, &BY[..]].concat())
}

fn explained(world: &World, day: &str) -> String {
    world.runs_as_of(day);
    world.explanation_for("aino")
}

#[test]
fn a_refusal_that_a_person_puts_on_record_holds_until_its_last_day() {
    let world = aino();
    let said = says(
        &world,
        &["record", "aino", "--on", DAY, "--until", "2026-11-01"],
    )
    .ends_well();
    assert_snapshot!(world.with_names(&said), @"
    <aino>  opted-out on 2025-11-01 until 2026-11-01, by Maija Meikäläinen: said so at the visit
    On record: nothing is asked of this resident from the next decision on.
    ");
    let told = explained(&world, "2025-11-02");
    let rests_on = "The refusal was put on record by Maija Meikäläinen on 2025-11-01, until 2026-11-01: said so at the visit\n";
    assert!(told.contains(SAYS) && told.contains(rests_on), "{told}");
    // Both sides of the first and of the last day.
    for (day, is_out) in [
        ("2025-10-31", false),
        (DAY, true),
        ("2026-10-31", true),
        ("2026-11-01", false),
    ] {
        let told = explained(&world, day);
        assert_eq!(told.contains("Nothing is asked of her"), is_out, "{told}");
        assert_eq!(told.contains("put on record by"), is_out, "{day}: {told}");
    }
    world.site.is_whole();
}

#[test]
fn it_is_taken_back_by_name_and_both_stay_on_record() {
    let world = aino();
    says(&world, &["record", "aino", "--on", DAY]).ends_well();
    let out = world.runs_as_of("2025-11-03");
    world.decides_that("aino", "opted-out");
    let refused = says(&world, &["record", "aino", "--on", "2025-11-04"]).ends_with(1);
    assert_snapshot!(refused, @"
    error: Maija Meikäläinen has put a refusal on record that holds from 2025-11-01
    hint: `preventio opt-out undo` ends it; then another can be put on record
    ");
    let said = says(&world, &["undo", "aino", "--on", "2025-11-05"]).ends_well();
    assert_snapshot!(world.with_names(&said), @"
    <aino>  taken-back on 2025-11-05, by Maija Meikäläinen: said so at the visit
    Taken back: the next run decides about this resident again.
    ");
    world.runs_as_of("2025-11-05");
    world.decides_that("aino", "asked");
    // She had said no until then, and what was decided then is decided again.
    assert!(explained(&world, "2025-11-04").contains(SAYS));
    let run = out["run"].to_string();
    assert!(
        world
            .site
            .does(&["replay", &run])
            .ends_well()
            .contains("identical")
    );
    let refused = says(&world, &["undo", "aino", "--on", "2025-11-06"]).ends_with(1);
    assert_snapshot!(refused, @"
    error: no refusal that holds was put on record by hand
    hint: one that a source tells is taken back there; `preventio explain` says who told it
    ");
    says(&world, &["record", "aino", "--on", "2025-11-07"]).ends_well();
    world.runs_as_of("2025-11-08");
    world.decides_that("aino", "opted-out");
    let listed = world.site.does(&["opt-out", "list"]).ends_well();
    assert_snapshot!(world.with_names(&listed), @"
    <aino>  opted-out on 2025-11-01, by Maija Meikäläinen: said so at the visit
    <aino>  taken-back on 2025-11-05, by Maija Meikäläinen: said so at the visit
    <aino>  opted-out on 2025-11-07, by Maija Meikäläinen: said so at the visit
    ");
    let audit = world.site.does(&["audit", "list", "--json"]).ends_well();
    for act in ["opted-out", "took-back-opt-out", "listed-opt-outs"] {
        assert!(audit.contains(&format!("\"{act}\"")), "{act}: {audit}");
    }
    world.site.is_whole();
}

/// The question of the portal's form by which people refuse.
const REFUSES: &str = "en-halua-seulontaan";

#[test]
fn who_says_no_in_the_portals_form_is_not_asked_any_more_until_they_correct_it() {
    let mut world = aino();
    for (answer, written, state) in [
        ("ei", "2025-10-10T08:00:00Z", "asked"),
        ("kylla", "2025-10-11T08:00:00Z", "opted-out"),
        ("ei", "2025-10-12T08:00:00Z", "asked"),
    ] {
        let aino = world
            .resident("aino")
            .answers(&[(REFUSES, answer)], "2025-10-10");
        let meta = json!({ "lastUpdated": written });
        drop(aino.called("says-no").which_has("meta", meta));
        let report = world.pulls();
        assert_eq!(report["issues"], json!({}), "{report}");
        world.runs();
        world.decides_that("aino", state);
    }
    for run in ["1", "2", "3", "4"] {
        world.site.does(&["replay", run]).ends_well();
    }
    world.site.is_whole();
}

#[test]
fn what_makes_no_sense_is_refused_and_leaves_nothing() {
    let world = aino();
    let before = world.site.decisions_hash(DAY);
    let ends_first = ["record", "aino", "--on", DAY, "--until", DAY];
    assert_snapshot!(says(&world, &ends_first).ends_with(1), @"
    error: it would end on 2025-11-01 and begin on 2025-11-01
    hint: `--until` is the first day on which they may be asked again
    ");
    assert_snapshot!(says(&world, &["record", "nobody"]).ends_with(1), @"
    error: nobody on the register is called `nobody`
    hint: give the 32-digit resident id, or the source's `Patient.id`
    ");
    let nameless = [
        "opt-out", "record", "aino", "--by", " ", "--reason", "said so",
    ];
    assert_snapshot!(world.site.does(&nameless).ends_with(1), @"
    error: `--by` is empty
    hint: the name of the person who puts it on record
    ");
    let export = world.export();
    let called_so = world.site.does(&[
        "pull",
        "--from",
        &export.display().to_string(),
        "--source",
        "by-hand",
    ]);
    assert_snapshot!(called_so.ends_with(1), @"error: no source can be called `by-hand`: what people put on record comes from there");
    assert_eq!(
        world.site.does(&["opt-out", "list"]).ends_well(),
        "Nothing was put on record.\n"
    );
    assert_eq!(world.site.decisions_hash(DAY), before);
}

#[test]
fn an_order_that_has_not_left_does_not_leave_and_what_has_is_taken_back() {
    for has_left in [false, true] {
        let clinic = Clinic::with(2, &[]);
        clinic.acts();
        if has_left {
            clinic.delivers_everything();
        }
        let words = ["opt-out", "record", "resident-000", "--on", DAY];
        clinic.site().does(&[&words, &BY[..]].concat()).ends_well();
        clinic.acts();
        clinic.delivers_everything();
        let active = clinic.active_at_server();
        let of_others: Vec<String> = clinic
            .rows()
            .iter()
            .filter(|row| row.order.resident != opaque("resident-000"))
            .map(|row| row.order.key().to_string())
            .collect();
        assert_eq!(active.len(), of_others.len(), "left: {has_left}");
        assert!(active.iter().all(|key| of_others.contains(key)));
    }
}

#[test]
fn it_is_among_what_is_held_about_somebody_and_goes_with_them() {
    let world = aino();
    says(&world, &["record", "aino", "--on", DAY]).ends_well();
    let held = [
        "subject-access",
        "aino",
        "--by",
        "Olli",
        "--reason",
        "17/2026",
        "--json",
    ];
    let held = world.site.does(&held).ends_well();
    let held: Value = serde_json::from_str(&held).expect("JSON");
    let kinds = held["held"].as_array().expect("a list").iter();
    let kinds: Vec<String> = kinds.map(|one| text(&one["kind"])).collect();
    assert!(kinds.contains(&"opt_out".to_owned()), "{kinds:?}");
    let erases = [
        "erase",
        "aino",
        "--by",
        "Olli",
        "--reason",
        "request 17/2026",
    ];
    world.site.does(&erases).ends_well();
    assert_eq!(
        world.site.does(&["opt-out", "list"]).ends_well(),
        "Nothing was put on record.\n"
    );
    world.site.is_whole();
}

#[test]
fn what_people_put_on_record_is_no_source_that_falls_silent() {
    let world = aino();
    says(&world, &["record", "aino", "--on", DAY]).ends_well();
    let known = world.site.does(&["pull", "--status"]).ends_well();
    assert!(!known.contains("by-hand"), "{known}");
    let alarms = world.site.does(&["alarms", "--json", "--on", "2027-11-01"]);
    assert!(!alarms.out.contains("by-hand"), "{}", alarms.out);
    assert!(alarms.out.contains("pull-missing"), "{}", alarms.out);
}
