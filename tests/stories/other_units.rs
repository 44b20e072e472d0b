//! Results in the units of other countries are judged in the unit they came in.

use crate::support::world::World;

const DAY: &str = "2025-10-01";

#[test]
fn six_and_a_half_per_cent_is_in_the_range_of_diabetes_and_its_conversion_is_not() {
    let mut world = World::new();
    world
        .resident("per-cent")
        .woman_born("1960-01-01")
        .hba1c_percent(6.5, DAY);
    world
        .resident("converted")
        .woman_born("1960-01-01")
        .hba1c(47.5, DAY);
    world
        .resident("just-under")
        .woman_born("1960-01-01")
        .hba1c_percent(6.49, DAY);
    world
        .resident("at-48")
        .woman_born("1960-01-01")
        .hba1c(48.0, DAY);
    world.decides();
    world.decides_that("per-cent", "confirming");
    world.decides_that("at-48", "confirming");
    // Below the range, an HbA1c rules nothing out: the question stays open.
    world.decides_that("converted", "asked");
    world.decides_that("just-under", "asked");
}

#[test]
fn a_fasting_glucose_of_126_milligrams_goes_to_a_professional() {
    let mut world = World::new();
    for (name, milligrams) in [("at-126", 126.0), ("at-125", 125.9), ("at-109", 109.9)] {
        world
            .resident(name)
            .man_born("1960-01-01")
            .measures("1558-6", milligrams, "mg/dL", DAY);
    }
    world.decides();
    world.decides_that("at-126", "confirming");
    world.decides_that("at-125", "offered-prevention");
    world.decides_that("at-109", "concluded");
}

#[test]
fn a_high_glucose_of_unknown_fasting_state_opens_a_review_and_never_decides() {
    let mut world = World::new();
    for code in ["2345-7", "2339-0"] {
        world
            .resident(code)
            .woman_born("1960-01-01")
            .measures(code, 250.0, "mg/dL", DAY);
    }
    world
        .resident("low")
        .woman_born("1960-01-01")
        .measures("2345-7", 90.0, "mg/dL", DAY);
    world.decides();
    for code in ["2345-7", "2339-0"] {
        world.decides_that(code, "asked");
        assert_eq!(world.site.reviews_of(code), "lesser-sample-high:soon:30");
    }
    world.decides_that("low", "asked");
    assert_eq!(world.site.reviews_of("low"), "");
}

#[test]
fn feet_inches_and_pounds_make_a_body_mass_index() {
    let mut world = World::new();
    world
        .resident("american")
        .man_born("1960-01-01")
        .measures("8302-2", 70.0, "[in_i]", DAY)
        .measures("29463-7", 220.0, "[lb_av]", DAY)
        .measures("8280-0", 40.0, "[in_i]", DAY);
    world.decides();
    // 99.8 kg at 1.778 m is 31.6 kg/m2, and 40 inches are 101.6 cm.
    let said = world.explanation_for("american");
    assert!(said.contains("31.5") || said.contains("31.6"), "{said}");
    assert!(
        said.contains("101.6 cm") || said.contains("40 in"),
        "{said}"
    );
}
