//! Known wrong behaviour, asserted as it is; each `FIXME` says what would be right.
//!
//! When one of these fails, the core got better: turn the assertion round and
//! move it to where its subject is tested.

use preventiojyraa_core::profile::{Comparator, Unit};
use preventiojyraa_core::rulebook::{Rulebook, State};

use super::loader::{SCORE, STEPWISE, edited, mistakes_after};
use super::pathway::low;
use crate::support::core::{Statement, rulebook};

// FIXME: a middle band from 25 to 20 is empty, and values between 20 and 25 lie
// in the first band and in the last; the proof compares neighbours only. It
// should say `band-overlap`.
#[test]
fn a_band_that_ends_before_it_begins_hides_an_overlap() {
    let mistakes = mistakes_after(
        SCORE,
        "{ from = 25, to = 30, points = 1 },\n  { above = 30, points = 3 }",
        "{ from = 25, to = 20, points = 1 },\n  { above = 20, points = 3 }",
    );
    assert_eq!(mistakes, []);
}

// FIXME: `all` with one part (or none) is read as no condition, without a
// diagnostic, and the row is gone from the rule book. It should be refused.
#[test]
fn a_row_whose_all_has_one_part_vanishes_silently() {
    let find = "all = [{ score = \"spans\" }, { register = \"sex-unknown\" }]";
    let files = edited(STEPWISE, find, "all = [{ score = \"spans\" }]").0;
    let loaded = Rulebook::load(&files).expect("as it is");
    assert_eq!(loaded.pathway.rows.len() + 1, rulebook().pathway.rows.len());
}

// FIXME: three rows that together decide for every score leave nobody for a row
// after them; it can never hold and should be `row-unreachable`.
#[test]
fn a_row_after_the_last_score_row_is_not_called_unreachable() {
    let late = "[[row]]\nid = \"late\"\nwhen = { fact = \"hyperglycaemia-finding\" }\n\
        state = \"out-of-scope\"\nnext = \"nothing\"\nsays = \"is late\"\n\n[intervals]";
    assert_eq!(mistakes_after(STEPWISE, "[intervals]", late), []);
}

// FIXME: a display calibration that is not found ends the search, and the other
// missing calibration is told only after the first was mended.
#[test]
fn a_missing_display_calibration_hides_a_missing_calibration() {
    let mistakes = mistakes_after(
        "programme.toml",
        "calibration = \"findrisc-hunt3-2019\"\ndisplay_calibration = \"findrisc-form\"",
        "calibration = \"x\"\ndisplay_calibration = \"y\"",
    );
    assert_eq!(mistakes.len(), 1);
}

// FIXME: a result of "less than 25 mmol/L" may be normal: its comparator is not
// considered for critical limits. It should be of no meaning, as it is for bands.
#[test]
fn a_result_of_less_than_a_critical_value_is_read_as_critical() {
    let below = Statement::limited(
        "fasting-plasma-glucose",
        Comparator::Below,
        25.0,
        Unit::MillimolePerLitre,
    );
    let decision = low().with(below).decision();
    assert_eq!(
        (decision.state, decision.reviews.len()),
        (State::Confirming, 2)
    );
}

// FIXME: a critical limit of a test without bands is never looked at; it should
// be refused, as a band for an unknown test would be.
#[test]
fn a_critical_limit_of_something_that_is_no_test_is_accepted() {
    let mistakes = mistakes_after(
        "thresholds/glycaemia-finland.toml",
        "[[critical]]\nfact = \"fasting-plasma-glucose\"",
        "[[critical]]\nfact = \"body-weight\"",
    );
    assert_eq!(mistakes, []);
}
