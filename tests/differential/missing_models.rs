//! What is missing, for every shipped model: the range is what completions span, both ends are
//! reached, what is asked decides whatever the answers, and fewer or earlier questions would not.

use preventiojyraa_core::profile::{BirthDate, Quantity, Sex, Unit};
use preventiojyraa_core::risk::{Assessment, assess_by};
use preventiojyraa_core::rulebook::{
    FactKind, ItemInput, MeasureSource, Model, Score, ScorePosition, SignalTest, Weights,
};

use super::random::Random;
use crate::support::core::{Someone, Statement, rulebook};

const MODELS: [&str; 10] = [
    "findrisc",
    "ada-bang-2009",
    "leicester-2010",
    "ausdrisk",
    "cambridge-2000",
    "desir-2008",
    "framingham-office-2008",
    "score2",
    "score2-op",
    "cardiovascular-ladder",
];

fn model(id: &str) -> Model {
    rulebook().model_called(id).expect("shipped")
}

/// Statements that settle an item, one for each way in which it can count.
fn settling(model: &Model, item: usize) -> Vec<Statement> {
    let catalogue = &rulebook().catalogue;
    match &model.items[item].input {
        ItemInput::Age | ItemInput::Sex => Vec::new(),
        ItemInput::Measure {
            unit,
            sources,
            range,
        } => {
            let fact = sources.iter().find_map(|source| match source {
                MeasureSource::Fact { fact, .. } => Some(*fact),
                MeasureSource::MassOverHeightSquared { .. } => None,
            });
            let name = &catalogue.definition(fact.expect("a measurement")).id;
            let at = |value: f64| Statement::measured(name, value, *unit);
            match range {
                // Ends and some numbers between.
                Some((low, high)) => (0..=8)
                    .map(|n| at(low + (high - low) * f64::from(n) / 8.0))
                    .collect(),
                // A number in each band that a shipped score has.
                None => (5..=52).map(|n| at(f64::from(n) * 2.5)).collect(),
            }
        }
        ItemInput::Answers {
            options, signals, ..
        } => (0..options.len())
            .filter_map(|option| {
                let shows = signals.iter().find(|signal| {
                    signal.means == option
                        && !signal.at_least
                        && matches!(signal.test, SignalTest::Answer(_))
                })?;
                let definition = catalogue.definition(shows.fact);
                assert_eq!(definition.kind, FactKind::Answer);
                let SignalTest::Answer(at) = shows.test else {
                    return None;
                };
                let answer = &definition.answers[usize::from(at)];
                Some(Statement::answer(&definition.id, answer))
            })
            .collect(),
    }
}

fn assessed(model: &Model, someone: &Someone) -> Assessment {
    assess_by(rulebook(), model, &someone.profile()).expect("of an age it was made for")
}

/// Somebody of an age the model is for, with some items known.
fn somebody(model: &Model, random: &mut Random) -> Someone {
    let from = model.ages.from.max(20);
    let below = model.ages.below.min(95);
    let ages: Vec<i16> = (from..below).collect();
    let sex = random.one_of(&[Sex::Male, Sex::Female]);
    let mut someone = Someone::of(sex, random.one_of(&ages));
    for one in model.models() {
        for item in 0..one.items.len() {
            if random.whole(0, 2) == 0 {
                someone = completed(one, someone, item, random);
            }
        }
    }
    someone
}

fn completed(model: &Model, someone: Someone, item: usize, random: &mut Random) -> Someone {
    let ways = settling(model, item);
    if ways.is_empty() {
        return someone;
    }
    someone.with(random.one_of(&ways))
}

#[test]
fn completions_lie_within_the_range() {
    let mut random = Random::seeded(31);
    for id in MODELS {
        let model = model(id);
        for _ in 0..60 {
            let someone = somebody(&model, &mut random);
            let range = assessed(&model, &someone);
            for _ in 0..20 {
                let mut complete = someone.clone();
                for item in range.open_items(&model) {
                    complete = completed(model.rung(range.rung()), complete, item, &mut random);
                }
                let complete = assessed(&model, &complete);
                assert!(range.low() <= complete.low(), "{id}: {someone:?}");
                assert!(complete.high() <= range.high(), "{id}: {someone:?}");
            }
        }
    }
}

/// From a range, the item by item choice that keeps an end must lead to one score at that end.
#[test]
fn both_ends_of_a_range_are_reached_by_somebody() {
    let mut random = Random::seeded(32);
    for id in MODELS {
        let model = model(id);
        for _ in 0..12 {
            let someone = somebody(&model, &mut random);
            let range = assessed(&model, &someone);
            for (end, is_high) in [(range.low(), false), (range.high(), true)] {
                let mut now = someone.clone();
                for item in range.open_items(&model) {
                    let kept = settling(model.rung(range.rung()), item)
                        .into_iter()
                        .find(|way| {
                            let tried = assessed(&model, &now.clone().with(*way));
                            end == if is_high { tried.high() } else { tried.low() }
                        });
                    now = now.with(kept.unwrap_or_else(|| panic!("{id} item {item}: {someone:?}")));
                }
                let reached = assessed(&model, &now);
                assert_eq!(
                    (reached.low(), reached.high()),
                    (end, end),
                    "{id}: {someone:?}"
                );
            }
        }
    }
}

/// Levels that some of the open answers could reach and others not.
fn levels(range: &Assessment, random: &mut Random) -> Vec<Score> {
    let span = u32::try_from(range.high() - range.low()).expect("in order");
    if span == 0 {
        return Vec::new();
    }
    (0..3)
        .map(|_| range.low() + Score::try_from(random.whole(1, span)).expect("small"))
        .collect()
}

/// Whether every answer to these items leaves the score on one side, tried one by one.
fn decides(model: &Model, someone: &Someone, asked: &[usize], level: Score) -> bool {
    let Some((first, rest)) = asked.split_first() else {
        return assessed(model, someone).position(level) != ScorePosition::Spans;
    };
    settling(model, *first)
        .into_iter()
        .all(|way| decides(model, &someone.clone().with(way), rest, level))
}

/// Banded measurements have hundreds of values here, so models with two of them are tried less.
const SMALL: [&str; 4] = [
    "cambridge-2000",
    "desir-2008",
    "framingham-office-2008",
    "leicester-2010",
];

#[test]
fn what_is_asked_decides_and_fewer_questions_would_not() {
    let mut random = Random::seeded(33);
    let mut n_decided = 0;
    for id in SMALL {
        let model = model(id);
        for _ in 0..25 {
            let someone = somebody(&model, &mut random);
            let range = assessed(&model, &someone);
            let open = range.open_items(&model);
            if 4 < open.len() {
                continue;
            }
            for level in levels(&range, &mut random) {
                let asked = range.deciding_items(&model, level);
                assert!(asked.iter().all(|item| open.contains(item)));
                let is_decided = decides(&model, &someone, &asked, level);
                assert!(
                    is_decided || asked == open,
                    "{id} {asked:?} at {level}: {someone:?}"
                );
                if !is_decided {
                    continue;
                }
                n_decided += 1;
                for subset in 0..1usize << open.len() {
                    let fewer: Vec<usize> = open
                        .iter()
                        .enumerate()
                        .filter(|(n, _)| subset >> n & 1 == 1)
                        .map(|(_, item)| *item)
                        .collect();
                    // Numbers are tried at nine places only, so a set of fewer may seem to decide
                    // though a number between would not: it must then hold a number.
                    let has_number = fewer.iter().any(|item| is_number(&model, *item));
                    assert!(
                        (asked.len(), &asked) <= (fewer.len(), &fewer)
                            || has_number
                            || !decides(&model, &someone, &fewer, level),
                        "{id}: {fewer:?} would do instead of {asked:?} at {level}: {someone:?}"
                    );
                }
            }
        }
    }
    assert!(30 <= n_decided, "only {n_decided}");
}

/// Whether a number counts by itself and not by bands.
fn is_number(model: &Model, item: usize) -> bool {
    let mut terms = model.items[item].terms.iter();
    terms.any(|term| matches!(term.weights.male, Weights::Line { .. }))
}

/// Where no number is open, all answers can be tried: exactly the fewest and earliest are asked, also
/// where what one answer adds depends on another item.
#[test]
fn of_answers_the_fewest_and_earliest_that_decide_are_asked() {
    let mut random = Random::seeded(41);
    let mut n_fewer = 0;
    for id in SMALL {
        let model = model(id);
        for _ in 0..30 {
            let mut someone = somebody(&model, &mut random);
            let range = assessed(&model, &someone);
            for item in range.open_items(&model) {
                if is_number(&model, item) {
                    someone = completed(&model, someone, item, &mut random);
                }
            }
            let range = assessed(&model, &someone);
            let open = range.open_items(&model);
            if open.len() < 2 || 4 < open.len() {
                continue;
            }
            let (low, high) = (i64::from(range.low()), i64::from(range.high()));
            let mut sets: Vec<Vec<usize>> = (0..1usize << open.len())
                .map(|bits| {
                    let chosen = open.iter().enumerate();
                    let chosen = chosen.filter(|(n, _)| bits >> n & 1 == 1);
                    chosen.map(|(_, item)| *item).collect()
                })
                .collect();
            sets.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
            for tenth in 1..10 {
                let level = low + (high - low) * tenth / 10;
                let level = Score::try_from(level).expect("a score");
                let asked = range.deciding_items(&model, level);
                let best = sets
                    .iter()
                    .find(|set| decides(&model, &someone, set, level));
                assert_eq!(
                    asked,
                    *best.unwrap_or(&open),
                    "{id} at {level}: {someone:?}"
                );
                n_fewer += usize::from(asked.len() < open.len());
            }
        }
    }
    assert!(20 <= n_fewer, "only {n_fewer}");
}

/// A number is asked alone where it decides, though what it adds depends on other items: a waist of
/// AUSDRISK adds 0, 4 or 7 points, smoking 2, and the others are known.
#[test]
fn a_number_that_depends_on_other_items_is_asked_alone_where_it_decides() {
    let model = model("ausdrisk");
    let at = |id: &str| {
        let found = model.items.iter().position(|item| item.id == id);
        found.expect("an item")
    };
    let (waist, smoking) = (at("waist-circumference"), at("smoking"));
    // 6 points for the age, 2 for the treatment.
    let mut someone = Someone::woman_of(60);
    for item in 0..model.items.len() {
        let ways = settling(&model, item);
        let way = match item {
            _ if item == waist || item == smoking => None,
            _ if item == at("antihypertensive-medication") => ways.last(),
            _ => ways.first(),
        };
        if let Some(way) = way {
            someone = someone.with(*way);
        }
    }
    let range = assessed(&model, &someone);
    assert_eq!((range.low(), range.high()), (8, 17));
    for (level, asked) in [
        (8, &[][..]),
        // Without points for the waist, smoking decides.
        (9, &[smoking, waist]),
        (10, &[smoking, waist]),
        // Whatever is smoked, a waist that adds anything is enough, and another is not.
        (11, &[waist]),
        (12, &[waist]),
        // Four points for the waist and two for smoking.
        (13, &[smoking, waist]),
        (14, &[smoking, waist]),
        (15, &[waist]),
        (16, &[smoking, waist]),
        (18, &[]),
    ] {
        assert_eq!(range.deciding_items(&model, level), asked, "{level}");
    }
}

/// Whoever is decided about is asked nothing, on either side of the level and at it.
#[test]
fn nothing_is_asked_of_whom_is_decided_about() {
    let mut random = Random::seeded(37);
    for id in MODELS {
        let model = model(id);
        for _ in 0..12 {
            let someone = somebody(&model, &mut random);
            let range = assessed(&model, &someone);
            for level in [range.low(), range.low() - 1, range.high() + 1] {
                let asked = range.deciding_items(&model, level);
                assert_eq!(asked, Vec::<usize>::new(), "{id} at {level}: {someone:?}");
            }
        }
    }
}

/// An age that is known to a few years, or a sex that is not known: all of them count.
#[test]
fn a_range_covers_every_sex_and_age_that_is_possible() {
    let mut random = Random::seeded(34);
    for id in MODELS {
        let model = model(id);
        for _ in 0..20 {
            let someone = somebody(&model, &mut random);
            let vague = someone.clone().registered(|register| {
                let (born, _) = register.birth.bounds().expect("known");
                let earlier = born.checked_sub(jiff::Span::new().years(3)).expect("a day");
                register.birth = BirthDate::between(earlier, born).expect("in order");
                register.sex = Sex::Unknown;
            });
            let range = assessed(&model, &vague);
            let (mut low, mut high) = (Score::MAX, Score::MIN);
            let (born, _) = someone.register.birth.bounds().expect("known");
            for (years, sex) in (0..=3).flat_map(|y| [(y, Sex::Male), (y, Sex::Female)]) {
                let one = vague.clone().registered(|register| {
                    let day = born
                        .checked_sub(jiff::Span::new().years(years))
                        .expect("a day");
                    register.birth = BirthDate::on(day);
                    register.sex = sex;
                });
                if let Some(one) = assess_by(rulebook(), &model, &one.profile()) {
                    (low, high) = (low.min(one.low()), high.max(one.high()));
                }
            }
            assert_eq!((range.low(), range.high()), (low, high), "{id}: {vague:?}");
        }
    }
}

/// Where the possible ages belong to two models of a ladder, both count, and what is open is asked.
#[test]
fn a_range_covers_every_model_of_a_ladder_that_is_possible() {
    let model = model("cardiovascular-ladder");
    let someone = |years: i16, earlier: i64| {
        let someone = Someone::woman_of(years)
            .answers("smoking-answer", "never")
            .answers("diabetes-answer", "no")
            .with(Statement::measured(
                "hdl-cholesterol",
                1.2,
                Unit::MillimolePerLitre,
            ))
            .with(Statement::measured(
                "total-cholesterol",
                6.0,
                Unit::MillimolePerLitre,
            ));
        someone.registered(|register| {
            let (born, _) = register.birth.bounds().expect("known");
            let span = jiff::Span::new().years(earlier);
            let earliest = born.checked_sub(span).expect("a day");
            register.birth = BirthDate::between(earliest, born).expect("in order");
        })
    };
    let (younger, older) = (someone(69, 0), someone(70, 0));
    let (younger, older) = (assessed(&model, &younger), assessed(&model, &older));
    assert_ne!(younger.rung(), older.rung());
    let both = assessed(&model, &someone(69, 1));
    assert_eq!(both.low(), younger.low().min(older.low()));
    assert_eq!(both.high(), younger.high().max(older.high()));
    assert_eq!(both.other_rungs(), [older.rung()]);
    // Between the two highest scores only the older age's model is on both sides.
    let level = younger.high().max(older.high());
    assert_eq!(both.position(level), ScorePosition::Spans);
    assert_eq!(both.deciding_items(&model, level), both.open_items(&model));
}

/// A laboratory's `< 3.0` leaves open everything plausible below it, and nothing above.
#[test]
fn a_limited_value_leaves_open_what_it_leaves_open() {
    use preventiojyraa_core::profile::Comparator;
    let model = model("score2");
    let with = |statement: Statement| {
        let someone = Someone::man_of(55)
            .answers("smoking-answer", "never")
            .answers("diabetes-answer", "no")
            .with(Statement::measured(
                "hdl-cholesterol",
                1.2,
                Unit::MillimolePerLitre,
            ))
            .with(Statement::measured(
                "systolic-blood-pressure",
                130.0,
                Unit::MillimetreOfMercury,
            ))
            .with(statement);
        let found = assessed(&model, &someone);
        (found.low(), found.high())
    };
    let total = |comparator, value| {
        with(Statement::limited(
            "total-cholesterol",
            comparator,
            value,
            Unit::MillimolePerLitre,
        ))
    };
    let at = |value| total(Comparator::Exactly, value);
    assert_eq!(total(Comparator::Below, 3.0), (at(1.5).0, at(3.0).0));
    assert_eq!(total(Comparator::Above, 8.0), (at(8.0).0, at(20.0).0));
    // 193.35 mg/dL are 5 mmol/L by the factor of the file.
    let by_mass = with(Statement::measured(
        "total-cholesterol",
        193.35,
        Unit::MilligramPerDecilitre,
    ));
    let off = (by_mass.0 - at(5.0).0).abs();
    assert!(off < 20, "{off}");
    assert!(Quantity::new(f64::NAN, Unit::Year, Comparator::Exactly).is_none());
}
