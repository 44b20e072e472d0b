//! What reports and letters ask of a model: its items by name, its scores in words, its classes.

use preventiojyraa_core::learning::score_bands;
use preventiojyraa_core::risk::{PointSet, assess_by};
use preventiojyraa_core::rulebook::{Rulebook, ScoreUnit};

use super::loader::edited;
use crate::support::core::{Someone, rulebook};

#[test]
fn each_item_of_each_model_of_a_ladder_is_found_by_its_id() {
    for id in ["findrisc", "score2", "cardiovascular-ladder"] {
        let model = rulebook().model_called(id).expect("shipped");
        for item in model.models().flat_map(|model| &model.items) {
            let found = model.item(&item.id).map(|found| &found.id);
            assert_eq!(found, Some(&item.id), "{id}");
        }
        assert!(model.item("shoe-size").is_none(), "{id}");
    }
}

#[test]
fn scores_read_as_points_or_per_cent() {
    for (unit, score, text) in [
        (ScoreUnit::Points, 0, "0"),
        (ScoreUnit::Points, 12, "12"),
        (ScoreUnit::PartsPerMillion, 75_000, "7.5"),
        (ScoreUnit::PartsPerMillion, 74_949, "7.5"),
        (ScoreUnit::PartsPerMillion, 70_000, "7"),
        (ScoreUnit::PartsPerMillion, 400, "0"),
        (ScoreUnit::PartsPerMillion, 600, "0.1"),
    ] {
        assert_eq!(unit.number(score), text, "{unit:?} {score}");
    }
}

#[test]
fn classes_of_an_equation_begin_at_their_per_cent() {
    let classes = "[[class]]\nbelow = 2.5\nid = \"low\"\nname = \"low\"\n\n\
                   [[class]]\nfrom = 2.5\nbelow = 7\nid = \"middle\"\nname = \"middle\"\n\n\
                   [[class]]\nfrom = 7\nid = \"high\"\nname = \"high\"\n\n[[example]]";
    let (files, _) = edited("scores/framingham-office-2008.toml", "[[example]]", classes);
    let edited = Rulebook::load(&files).expect("rules with classes");
    let model = edited.model_called("framingham-office-2008").expect("it");
    let bands = score_bands(&model, 100_000);
    let bands: Vec<_> = bands
        .iter()
        .map(|band| (band.name.as_str(), band.from, band.to))
        .collect();
    assert_eq!(
        bands,
        [
            ("low", model.min, 24_999),
            ("middle", 25_000, 69_999),
            ("high", 70_000, 99_999),
            ("high", 100_000, model.max),
        ]
    );
}

#[test]
fn the_values_of_a_set_of_points_are_those_it_was_made_of() {
    for points in [vec![0], vec![-2, 0, 5], vec![3, 4, 130]] {
        let set = PointSet::of(points.iter().copied());
        assert_eq!(set.values().collect::<Vec<_>>(), points);
    }
}

/// A number that no band cuts leaves every amount between two possible; points never do.
#[test]
fn what_a_missing_number_adds_is_a_stretch_and_what_points_add_is_not() {
    let someone = Someone::man_of(50);
    for (id, has_stretch) in [("framingham-office-2008", true), ("findrisc", false)] {
        let model = rulebook().model_called(id).expect("shipped");
        let found = assess_by(rulebook(), &model, &someone.profile()).expect("of its ages");
        let mut adds = found.items().iter().map(|item| &item.adds);
        assert_eq!(adds.any(|adds| adds.is_stretch()), has_stretch, "{id}");
        let certain = found.items().iter().filter(|item| item.adds.is_certain());
        let stretched = certain.filter(|item| item.adds.is_stretch()).count();
        assert_eq!(stretched, 0, "{id}");
    }
}
