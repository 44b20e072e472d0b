//! A run sees what was true and written down on its index date, and nothing later.

use serde_json::json;

use crate::support::world::World;

#[test]
fn who_dies_after_the_index_date_is_alive_on_it() {
    let mut world = World::new();
    world
        .resident("later")
        .woman_born("1960-01-01")
        .dies("2025-11-02");
    world
        .resident("that-day")
        .woman_born("1960-01-01")
        .dies("2025-11-01");
    world
        .resident("some-day")
        .woman_born("1960-01-01")
        .registered("deceasedBoolean", json!(true));
    world.decides();
    world.decides_that("later", "asked");
    world.decides_that("that-day", "deceased");
    world.decides_that("some-day", "deceased");
}

#[test]
fn who_is_born_after_the_index_date_is_not_born_yet() {
    let mut world = World::new();
    world.resident("tomorrow").man_born("2025-11-02");
    world.resident("today").man_born("2025-11-01");
    world.resident("eighteen").man_born("2007-11-01");
    world.resident("not-quite").man_born("2007-11-02");
    world.decides();
    world.decides_that("tomorrow", "not-yet-born");
    world.decides_that("today", "outside-age");
    world.decides_that("eighteen", "asked");
    world.decides_that("not-quite", "outside-age");
}

#[test]
fn who_moves_after_the_index_date_still_lives_here() {
    let mut world = World::new();
    world
        .resident("later")
        .woman_born("1960-01-01")
        .leaves("2025-11-02");
    world
        .resident("before")
        .woman_born("1960-01-01")
        .leaves("2025-10-31");
    world.decides();
    world.decides_that("later", "asked");
    world.decides_that("before", "moved");
}

#[test]
fn a_result_written_down_after_the_index_date_is_not_seen() {
    let mut world = World::new();
    world
        .resident("late-answer")
        .woman_born("1960-01-01")
        .hba1c(52.0, "2025-10-30")
        .which_has("issued", json!("2025-11-02T09:00:00+02:00"));
    world
        .resident("in-time")
        .woman_born("1960-01-01")
        .hba1c(52.0, "2025-10-30")
        .which_has("issued", json!("2025-11-01T09:00:00+02:00"));
    world.decides();
    world.decides_that("late-answer", "asked");
    world.decides_that("in-time", "confirming");
    world.runs_as_of("2025-11-02");
    world.decides_that("late-answer", "confirming");
}

#[test]
fn a_diagnosis_made_after_the_index_date_is_not_seen() {
    let mut world = World::new();
    world
        .resident("aino")
        .woman_born("1960-01-01")
        .diagnosed("E11.9", "2025-11-02");
    world.decides();
    world.decides_that("aino", "asked");
    world.runs_as_of("2025-11-02");
    world.decides_that("aino", "known-disease");
    // Going back shows the same as before.
    world.runs();
    world.decides_that("aino", "asked");
}

#[test]
fn an_onset_long_ago_does_not_make_a_diagnosis_known_before_it_was_written_down() {
    let mut world = World::new();
    world
        .resident("aino")
        .woman_born("1960-01-01")
        .diagnosed("E11.9", "2025-10-20")
        .which_has("onsetDateTime", json!("2015"));
    world.pulls();
    world.runs_as_of("2025-10-19");
    world.decides_that("aino", "asked");
    world.runs_as_of("2025-10-20");
    world.decides_that("aino", "known-disease");
}

#[test]
fn an_instant_near_midnight_belongs_to_the_day_in_helsinki() {
    let mut world = World::new();
    // Half past eleven in the evening in London is half past one the next day here.
    world
        .resident("aino")
        .woman_born("1960-01-01")
        .hba1c(52.0, "2025-11-01T23:30:00Z");
    world.decides();
    world.decides_that("aino", "asked");
    world.runs_as_of("2025-11-02");
    world.decides_that("aino", "confirming");
}
