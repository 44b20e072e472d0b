//! Every pattern of missing answers: the range is exactly what its completions span.
//!
//! One value stands for each band or option, so every form that the score can
//! tell apart is here: 4·3·3·2·2·2·2·3 = 1,728 complete ones and
//! 5·4·4·3·3·3·3·4 = 25,920 with gaps, for each sex.

use preventiojyraa_core::profile::{Fact, Profile, Register, Sex, Unit};
use preventiojyraa_core::risk::{Assessment, assess};
use preventiojyraa_core::rulebook::Score;

use crate::support::core::{Someone, Statement, TODAY, rulebook};

/// Options per question, in the order of the form.
pub(super) const OPTIONS: [usize; 8] = [4, 3, 3, 2, 2, 2, 2, 3];

/// Points the form gives per option; the waist's are the same for both sexes.
pub(super) const POINTS: [&[Score]; 8] = [
    &[0, 2, 3, 4],
    &[0, 1, 3],
    &[0, 3, 4],
    &[0, 2],
    &[0, 1],
    &[0, 2],
    &[0, 5],
    &[0, 3, 5],
];

const YEARS: [i16; 4] = [30, 50, 60, 70];

/// Which option of each question is known.
pub(super) type Pattern = [Option<usize>; 8];

/// Every form, complete or not.
pub(super) fn patterns() -> impl Iterator<Item = Pattern> {
    let n_patterns: usize = OPTIONS.iter().map(|options| options + 1).product();
    (0..n_patterns).map(|n| unfold(n, |options| options + 1).map(|digit| digit.checked_sub(1)))
}

/// The digits of `n` in a number system with one base per question.
fn unfold(mut n: usize, base: impl Fn(usize) -> usize) -> [usize; 8] {
    OPTIONS.map(|options| {
        let digit = n % base(options);
        n /= base(options);
        digit
    })
}

/// Every complete form that agrees with a pattern.
pub(super) fn completions(pattern: &Pattern) -> impl Iterator<Item = [usize; 8]> {
    let open = |question: usize| pattern[question].is_none();
    let n_completions: usize = (0..8).filter(|q| open(*q)).map(|q| OPTIONS[q]).product();
    (0..n_completions).map(move |mut n| {
        std::array::from_fn(|question| {
            pattern[question].unwrap_or_else(|| {
                let option = n % OPTIONS[question];
                n /= OPTIONS[question];
                option
            })
        })
    })
}

/// The facts of questions 2-8, one representative per option.
pub(super) struct Representatives {
    sex: Sex,
    facts: [Vec<Fact>; 7],
}

impl Representatives {
    pub(super) fn of(sex: Sex) -> Self {
        let waists: &[f64] = match sex {
            Sex::Male => &[90.0, 98.0, 110.0],
            Sex::Female => &[75.0, 84.0, 100.0],
            Sex::Unknown => &[75.0, 96.0, 110.0],
        };
        let measured = |fact, values: &[f64], unit| -> Vec<Fact> {
            values
                .iter()
                .map(|value| Statement::measured(fact, *value, unit).0)
                .collect()
        };
        let answers = |fact, answers: &[&str]| -> Vec<Fact> {
            answers
                .iter()
                .map(|answer| Statement::answer(fact, answer).0)
                .collect()
        };
        let facts = [
            measured(
                "body-mass-index",
                &[22.0, 27.0, 33.0],
                Unit::KgPerSquareMetre,
            ),
            measured("waist-circumference", waists, Unit::Centimetre),
            answers("physical-activity-answer", &["daily", "not-daily"]),
            answers("vegetables-answer", &["every-day", "not-every-day"]),
            answers("antihypertensive-answer", &["no", "yes"]),
            answers("high-glucose-answer", &["no", "yes"]),
            answers(
                "family-history-answer",
                &["none", "second-degree", "first-degree"],
            ),
        ];
        Self { sex, facts }
    }

    pub(super) fn profile(&self, pattern: &Pattern) -> Profile {
        let register = match pattern[0] {
            None => Register {
                sex: self.sex,
                ..Register::unknown()
            },
            Some(option) => Someone::of(self.sex, YEARS[option]).register,
        };
        let known = pattern[1..].iter().zip(&self.facts).zip(0u16..);
        let facts = known.filter_map(|((option, facts), part)| {
            option.map(|option| Fact {
                part,
                ..facts[option]
            })
        });
        Profile::as_of(register, facts.collect(), TODAY)
    }

    pub(super) fn assessment(&self, pattern: &Pattern) -> Assessment {
        assess(rulebook(), &self.profile(pattern)).expect("the form scores every age")
    }
}

/// The score of every complete form, by its options.
fn complete_scores(residents: &Representatives) -> Vec<Score> {
    let n_forms = OPTIONS.iter().product();
    let scores = (0..n_forms).map(|n| {
        let assessment = residents.assessment(&unfold(n, |options| options).map(Some));
        assert_eq!(
            assessment.low(),
            assessment.high(),
            "a complete form has one score"
        );
        assessment.low()
    });
    scores.collect()
}

fn position(form: &[usize; 8]) -> usize {
    form.iter()
        .zip(OPTIONS)
        .rev()
        .fold(0, |n, (option, base)| n * base + option)
}

#[track_caller]
fn check_ranges(sex: Sex) {
    let residents = Representatives::of(sex);
    let scores = complete_scores(&residents);
    for pattern in patterns() {
        let (mut least, mut most) = (Score::MAX, Score::MIN);
        for form in completions(&pattern) {
            let score = scores[position(&form)];
            (least, most) = (least.min(score), most.max(score));
        }
        let assessment = residents.assessment(&pattern);
        assert_eq!(
            (assessment.low(), assessment.high()),
            (least, most),
            "{pattern:?}"
        );
    }
}

#[test]
fn the_range_of_a_woman_is_what_her_completions_span() {
    check_ranges(Sex::Female);
}

#[test]
fn the_range_of_a_man_is_what_his_completions_span() {
    check_ranges(Sex::Male);
}

/// The score of a complete form is the sum of its points, for every form there is.
#[test]
fn every_complete_form_scores_the_sum_of_its_points() {
    for sex in [Sex::Female, Sex::Male] {
        let residents = Representatives::of(sex);
        for form in completions(&[None; 8]) {
            let points = form
                .iter()
                .zip(POINTS)
                .map(|(option, points)| points[*option]);
            let sum: Score = points.sum();
            let assessment = residents.assessment(&form.map(Some));
            assert_eq!(
                (assessment.low(), assessment.high()),
                (sum, sum),
                "{form:?}"
            );
        }
    }
}

/// A resident without a sex has the range of the two sexes together.
#[test]
fn a_sex_that_is_not_known_covers_both() {
    // Every third of the 25,920 patterns.
    let residents = Representatives::of(Sex::Unknown);
    for pattern in patterns().step_by(3) {
        let of = |sex| {
            let assessment = Representatives {
                sex,
                facts: residents.facts.clone(),
            };
            let assessment = assessment.assessment(&pattern);
            (assessment.low(), assessment.high())
        };
        let (woman, man) = (of(Sex::Female), of(Sex::Male));
        let both = (woman.0.min(man.0), woman.1.max(man.1));
        assert_eq!(of(Sex::Unknown), both, "{pattern:?}");
    }
}
