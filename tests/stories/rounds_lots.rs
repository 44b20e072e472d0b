//! Residents below the level are tested by lot, when somebody has approved it by name.

use std::collections::BTreeSet;
use std::fs;

use preventiojyraa::pathway::{Event, OrderedBecause};

use crate::support::programme::Programme;

const HALF: &str = "[sampled_negatives]\nshare = 0.5\napproved_by = \"Dr Test\"\n";
const ALL: &str = "[sampled_negatives]\nshare = 1.0\napproved_by = \"Dr Test\"\n";

fn drawn(programme: &Programme) -> BTreeSet<String> {
    programme.patients_who_are("sampled-negative")
}

#[test]
fn some_below_the_level_are_drawn_and_tested_and_how_probable_that_was_is_on_record() {
    let mut programme = Programme::of("apotti", 300, HALF);
    programme.works();
    let (drawn, others) = (drawn(&programme), programme.patients_who_are("below-level"));
    assert!(
        !drawn.is_empty() && !others.is_empty(),
        "{drawn:?} {others:?}"
    );
    for patient in &drawn {
        let resident = programme.resident(patient);
        let events = programme.events_of(&resident);
        let because = events.iter().find_map(|event| {
            if let Event::TestsOrdered { because, .. } = event {
                return Some(*because);
            }
            None
        });
        match because {
            Some(OrderedBecause::SampledNegative(inclusion)) => {
                assert_eq!(inclusion.billionths(), 500_000_000);
            }
            other => panic!("{other:?}"),
        }
    }
    let aino = programme.somebody_who_is("sampled-negative");
    aino.comes_after(5);
    programme.reaches("2025-02-26");
    insta::assert_snapshot!(programme.diary_of(&aino), @r"
    2025-01-15 sampled-negative
    2025-01-15   laboratory:fasting-plasma-glucose
    2025-01-15   laboratory:hba1c
    2025-01-29 concluded
    2025-01-29   message:normal-result
    ");
    insta::assert_snapshot!(aino.received(), @r"
    2025-01-15 Communication to professionals, completed: Pyyntö laboratoriotutkimuksesta: B-HbA1c
    2025-01-15 Communication to professionals, completed: Pyyntö laboratoriotutkimuksesta: fP-Gluk
    2025-01-29 Communication to the resident, completed: Verikokeidesi tulokset ovat normaalit
    ");
    for patient in &others {
        let events = programme.events_of(&programme.resident(patient));
        let is_order = |event: &Event| matches!(event, Event::TestsOrdered { .. });
        assert!(!events.iter().any(is_order), "not drawn later either");
    }
    programme.everybody_is_accounted_for();
}

#[test]
fn nobody_below_the_level_is_tested_unless_somebody_has_approved_it() {
    let mut programme = Programme::in_a_town();
    programme.works();
    assert_eq!(drawn(&programme), BTreeSet::new());
    let below = programme.patients_who_are("below-level");
    programme.is_now_configured(ALL);
    programme.waits(1);
    programme.works();
    assert!(below.is_subset(&drawn(&programme)), "all are drawn of all");
}

#[test]
fn the_key_of_the_folder_decides_who_is_drawn() {
    let drawn_with = |key: Option<&str>| {
        let mut programme = Programme::of("apotti", 150, HALF);
        let file = programme.site.beside("identity.key");
        match key {
            None => drop(programme.pulls()),
            Some(key) => {
                fs::write(&file, key).expect("a key can be written");
                let file = file.display().to_string();
                programme.pulls_with(&["--identity-key", &file]);
            }
        }
        programme.decides();
        drawn(&programme)
    };
    let public = drawn_with(None);
    assert_eq!(drawn_with(None), public, "the same again");
    let (one, other) = ("5a".repeat(32), "a5".repeat(32));
    let of_one = drawn_with(Some(&one));
    assert_eq!(drawn_with(Some(&one)), of_one);
    let of_other = drawn_with(Some(&other));
    assert!(!of_one.is_empty() && !of_other.is_empty());
    assert!(of_one != public && of_other != public && of_one != of_other);
}
