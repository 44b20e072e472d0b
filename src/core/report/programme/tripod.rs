//! What the program knows under the headings of TRIPOD+AI.

use super::super::learning_text::{assumptions, size_rule};
use super::card::{probability, registry, runs, source};
use super::{NOT_STATED, Reported, not_in_this_report};
use crate::calibration::Figure;
use crate::learning::flow;

/// An item of the checklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TripodItem {
    /// Its number, 1 to 27.
    pub number: u8,
    /// Its heading.
    pub heading: &'static str,
    /// What is known; `not stated` where nothing is.
    pub says: Vec<String>,
}

/// Every item of TRIPOD+AI with what rules, registry and figures say; nothing is made up.
///
/// # Source
///
/// Collins GS et al., BMJ 2024;385:e078378, doi 10.1136/bmj-2023-078378; headings shortened.
#[must_use]
pub fn tripod(reported: &Reported) -> Vec<TripodItem> {
    let known = [
        heading(reported),
        methods(reported),
        open_science(),
        results(reported),
        discussion(reported),
    ];
    let known = known.into_iter().flatten().zip(1..);
    known
        .map(|((heading, says), number)| TripodItem {
            number,
            heading,
            says: if says.is_empty() {
                vec![NOT_STATED.to_owned()]
            } else {
                says
            },
        })
        .collect()
}

type Items = Vec<(&'static str, Vec<String>)>;

fn heading(reported: &Reported) -> Items {
    let rules = &reported.rulebook;
    let header = &rules.model.header;
    vec![
        ("Title", vec![format!(
            "Evaluation of {} {} with {}",
            header.id, header.version, reported.learning.calibration
        )]),
        ("Abstract", vec!["the first page of this report".to_owned()]),
        ("Background", vec![header.summary.clone(), header.why.clone()]),
        ("Objectives", vec![
            "to say how precise the action level is and how well the calibration in force fits, and whether the outcomes justify another".to_owned(),
        ]),
    ]
}

fn methods(reported: &Reported) -> Items {
    let (rules, learning, subject) = (&reported.rulebook, &reported.learning, &reported.subject);
    let estimand = &learning.estimand;
    let items = rules.model.items.iter();
    let items: Vec<&str> = items.map(|item| item.name.as_str()).collect();
    vec![
        ("Data", vec![format!(
            "the programme's own decisions of runs {}, followed until {}",
            runs(reported),
            subject.as_of
        )]),
        ("Participants", vec![
            rules.programme.header.summary.clone(),
            format!("{} residents of the register were decided about", subject.residents),
        ]),
        ("Data preparation", vec![
            "facts that cannot be right or read are set aside with an issue, and never guessed".to_owned(),
        ]),
        ("Outcome", vec![format!(
            "{}, within {} months of the index date",
            estimand.outcome, estimand.horizon_months
        ), format!("verified by {}", estimand.verification)]),
        ("Predictors", if items.is_empty() { Vec::new() } else { vec![items.join("; ")] }),
        ("Sample size", vec![
            format!("{} verified, {} confirmed", learning.first.verified, learning.first.confirmed),
            size_rule(),
        ]),
        ("Missing data", vec![
            "an unknown item gives a range of scores; nothing is imputed".to_owned(),
            format!("{} of {} verified have a range", learning.first.ranges, learning.first.verified),
        ]),
        ("Analytical methods", assumptions(learning, subject)),
        ("Class imbalance", vec!["no rows are left out, added or weighted because of their class".to_owned()]),
        ("Fairness", vec!["precision, uptake and days to diagnosis by sex, age, language and district, under Equity and the tables by group; a group of fewer than ten has no figure".to_owned()]),
        ("Model output", vec![
            format!("a score of {} to {}", learning.unit.text(rules.model.min), learning.unit.text(rules.model.max)),
            format!("tests are asked for from {} on", learning.unit.text(learning.action_level)),
        ]),
        ("Training and evaluation", vec![
            "a recalibration is judged on newer decisions than it was fitted on; figures after it in this report are on the same people".to_owned(),
        ]),
        ("Ethical approval", Vec::new()),
    ]
}

fn open_science() -> Items {
    // Funding, conflicts, protocol, registration and sharing are the site's to say; no file has a place for them.
    vec![
        ("Open science", Vec::new()),
        ("Patient and public involvement", Vec::new()),
    ]
}

fn results(reported: &Reported) -> Items {
    let round = &reported.learning.first;
    let flow = flow(round);
    let flagged = flow.flagged;
    let figure = |name: &str, figure: Figure| match figure {
        Ok(known) => format!(
            "{name} {:.4} ({:.4} to {:.4}, {})",
            known.value,
            known.lower,
            known.upper,
            known.method.name()
        ),
        Err(reason) => format!("{name}: not identifiable: {reason}"),
    };
    let whole = round.calibration.as_ref().map_err(|reason| *reason);
    let whole = whole.map(|known| &known.evaluation.whole);
    vec![
        (
            "Participants (results)",
            vec![format!(
                "{} decided about, {} flagged, {} with their horizon over, {} with all tests, {} confirmed",
                flow.decided, flagged.decided, flagged.counted, flagged.tested, flagged.confirmed
            )],
        ),
        (
            "Model development",
            vec![source(&reported.rulebook.model.header.source)],
        ),
        ("Model specification", {
            let mut says = probability(&reported.rulebook);
            says.push(format!(
                "rules of fingerprint {}",
                reported.rulebook.fingerprint
            ));
            says
        }),
        (
            "Model performance",
            vec![
                figure("PPV per result", round.ppv_per_result),
                figure("PPV per order", round.ppv_per_order),
                figure("O:E", whole.and_then(|whole| whole.o_e)),
                figure("calibration slope", whole.and_then(|whole| whole.slope)),
                figure(
                    "sensitivity",
                    round
                        .population
                        .as_ref()
                        .map_err(|reason| *reason)
                        .and_then(|known| known.sensitivity),
                ),
            ],
        ),
        ("Model updating", registry(reported)),
    ]
}

fn discussion(reported: &Reported) -> Items {
    let rules = &reported.rulebook;
    let limits = [&rules.model.header.limits, &rules.calibration.header.limits];
    let limits = limits.into_iter().flatten().cloned();
    let not_in = not_in_this_report().into_iter().map(str::to_owned);
    vec![
        ("Interpretation", Vec::new()),
        ("Limitations", limits.chain(not_in).collect()),
        ("Usability", vec![
            "an item that is not known widens the range; only the questions that decide are asked".to_owned(),
        ]),
    ]
}
