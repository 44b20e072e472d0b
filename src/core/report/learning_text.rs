//! What was learned, as plain text.

use std::fmt::Write;

use jiff::civil::Date;

use super::evaluation_text::{caution, figure_cells, short};
use super::phrases::date_phrase;
use crate::calibration::{ENOUGH_FOR_FIGURES, FEWEST_IN_GROUP, Figure, Rung};
use crate::learning::{
    BandFigures, Calibrated, Learning, Measure, ODDS_OF_NON_COMERS, Proposal, Round, RoundLearning,
};
use crate::rulebook::ScoreUnit;

/// What a report of learning is about, beside its figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LearningSubject {
    /// The day of looking back.
    pub as_of: Date,
    /// Runs whose decisions were followed.
    pub runs: Vec<u32>,
    /// Whether these runs asked anything of anybody.
    pub has_acted: bool,
    /// Residents decided about; the account of the first round adds up to them.
    pub residents: u64,
    /// The number under which a recalibration is on record.
    pub proposal: Option<u32>,
    /// Who put it in force just now.
    pub accepted: Option<String>,
}

/// Writing to a `String` cannot fail.
macro_rules! say {
    ($text:expr, $($arguments:tt)*) => {
        writeln!($text, $($arguments)*).expect("writing to a String cannot fail")
    };
}

/// What the figures take for granted, one sentence each.
pub(super) fn assumptions(learning: &Learning, subject: &LearningSubject) -> Vec<String> {
    let mut all = vec![
        "Within a band of scores, a sex and ten years of age, those who came to the tests are taken to be like those who did not; \"per order\" and \"per result\" do not need that.".to_owned(),
        "Who is confirmed is who professionals diagnosed after these tests, not everybody with the disease.".to_owned(),
    ];
    let (low, high) = ODDS_OF_NON_COMERS;
    all.push(format!(
        "\"Others unlike\" are bounds: those of a cell who did not come may have {low} to {high} times the odds of those who did, in any bands of scores."
    ));
    if 0 < learning.first.ranges {
        all.push(format!(
            "{} of {} scores are ranges and stand at the middle of their log odds; O:E is also given with all of them at their lowest and at their highest.",
            learning.first.ranges, learning.first.verified
        ));
    }
    let repeat = learning.repeat.as_ref().map_or(0, RoundLearning::treated);
    let treated = learning.first.treated() + repeat;
    if 0 < treated {
        all.push(format!(
            "{treated} were treated after the programme's first decision and before anything was known of them ({repeat} of them in repeat rounds): they verify nothing and count as not tested, and within a band of scores, a sex and ten years of age those who were not treated are taken to stand for them. Otherwise what treatment prevents would be learned as a low risk.",
        ));
    }
    if !subject.has_acted {
        all.push(
            "No run has acted: whoever was tested was tested for other reasons, and is not like the others."
                .to_owned(),
        );
    }
    all
}

/// Everything that was learned, for reading in a terminal.
#[must_use]
pub fn learning_text(learning: &Learning, subject: &LearningSubject) -> String {
    let mut text = String::new();
    let runs: Vec<String> = subject.runs.iter().map(u32::to_string).collect();
    say!(
        text,
        "Learned as of {} from runs {}: {} residents",
        date_phrase(subject.as_of),
        if runs.is_empty() {
            "(none)".to_owned()
        } else {
            runs.join(", ")
        },
        subject.residents
    );
    say!(text, "Outcome: {}", learning.estimand);
    say!(text, "Calibration in force: {}", learning.calibration);
    round(&mut text, learning, &learning.first);
    if let Some(repeat) = &learning.repeat {
        round(&mut text, learning, repeat);
    }
    proposed(&mut text, learning, subject);
    say!(text, "\nTaken for granted");
    for assumption in assumptions(learning, subject) {
        say!(text, "  {assumption}");
    }
    say!(text, "  {}", size_rule());
    text
}

/// From how many people on a figure is given.
pub(super) fn size_rule() -> String {
    format!(
        "Shares need {FEWEST_IN_GROUP} people, O:E and slope {FEWEST_IN_GROUP} confirmed and {FEWEST_IN_GROUP} not, a recalibration {ENOUGH_FOR_FIGURES} of each; calibration of everybody and AUROC {FEWEST_IN_GROUP} confirmed among the sampled."
    )
}

pub(super) const fn round_name(round: Round) -> &'static str {
    match round {
        Round::First => "First rounds",
        Round::Repeat => "Repeat rounds",
    }
}

fn round(text: &mut String, learning: &Learning, round: &RoundLearning) {
    say!(text, "\n{}", round_name(round.round));
    for (decided, outcome, n) in round.account.entries() {
        say!(text, "  {decided:<18} {outcome:<34} {n:>9}");
    }
    say!(
        text,
        "  {:<18} {:<34} {:>9}",
        "all",
        "",
        round.account.total()
    );
    say!(
        text,
        "  Diagnosed though neither flagged nor drawn: {}",
        round.interval_cases()
    );
    head(
        text,
        &format!("From {} on", learning.unit.text(learning.action_level)),
    );
    for (name, figure) in precision(round) {
        line(text, name, figure);
    }
    if 0.0 < round.uncovered {
        say!(
            text,
            "  {} flagged are in bands of which nobody was tested, and in no figure",
            round.uncovered
        );
    }
    say!(text, "\nBy score");
    for band in &round.bands {
        band_lines(text, band);
    }
    head(text, "Everybody, the unflagged too");
    match &round.population {
        Err(reason) => {
            say!(
                text,
                "  sensitivity, specificity and what lies below the level: not identifiable: {reason}"
            );
        }
        Ok(known) => {
            say!(
                text,
                "  {} drawn below the level, {} tested, {} confirmed",
                known.sampled,
                known.tested,
                known.confirmed
            );
            for (name, figure) in [
                ("sensitivity", known.sensitivity),
                ("specificity", known.specificity),
                ("NPV", known.npv),
                ("AUROC of the score", known.auroc),
            ] {
                line(text, name, figure);
            }
        }
    }
    if_unlike(text, round);
    say!(
        text,
        "\nCalibration, among {}: {} verified, {} confirmed",
        round.tested.name(),
        round.verified,
        round.confirmed
    );
    match &round.calibration {
        Ok(known) => {
            if let Some(caution) = caution(known.evidence()) {
                say!(text, "  {caution}");
            }
            calibrated(text, known);
        }
        Err(reason) => say!(text, "  {reason}"),
    }
}

/// The same measures by what is taken for granted of those who did not come.
fn if_unlike(text: &mut String, round: &RoundLearning) {
    head(text, "By who did not come");
    for (name, measure) in round.if_unlike.named() {
        if measure.alike_in_kind.is_err() {
            line(text, name, measure.alike_in_kind);
            continue;
        }
        say!(text, "  {name}");
        for (what, figure) in taken_for_granted(measure) {
            say!(text, "    {what:<24} {}", figure_cells(figure));
        }
    }
    if let Some(weights) = round.if_unlike.weights {
        let caution = if FEW_CARRY_MUCH < weights.largest_over_mean {
            ": a few carry much"
        } else {
            ""
        };
        say!(
            text,
            "  {} tested say as much as {:.0} of equal weight; the largest weight is {:.1} times the mean{caution}",
            weights.people,
            weights.effective,
            weights.largest_over_mean
        );
    }
}

/// What is taken for granted of those who did not come, by name.
pub(super) fn taken_for_granted(measure: &Measure) -> [(String, Figure); 5] {
    let (low, high) = ODDS_OF_NON_COMERS;
    [
        ("left out (biased)".to_owned(), measure.among_tested),
        ("alike in band".to_owned(), measure.alike_in_band),
        ("alike in band, sex, age".to_owned(), measure.alike_in_kind),
        (
            format!("their odds {low} to {high} times"),
            measure.within_odds,
        ),
        ("whatever they have".to_owned(), measure.at_worst),
    ]
}

/// A weight so many times the mean is said to be extreme; a convention, nothing is cut.
const FEW_CARRY_MUCH: f64 = 10.0;

/// Precision at the action level by name.
pub(super) fn precision(round: &RoundLearning) -> [(&'static str, Figure); 4] {
    [
        ("PPV per order", round.ppv_per_order),
        ("PPV per result", round.ppv_per_result),
        ("PPV if all came", round.ppv_if_all_came),
        ("uptake", round.uptake),
    ]
}

/// Figures of a calibration by name.
pub(super) fn calibration_figures(known: &Calibrated) -> [(&'static str, Figure); 7] {
    let whole = &known.evaluation.whole;
    [
        ("O:E", whole.o_e),
        ("calibration-in-the-large", whole.calibration_in_the_large),
        ("calibration slope", whole.slope),
        ("O:E, ranges at lowest", known.o_e_if_lowest),
        ("O:E, ranges at highest", known.o_e_if_highest),
        ("O:E, others unlike", known.o_e_within_odds),
        ("slope, others unlike", known.slope_within_odds),
    ]
}

fn head(text: &mut String, name: &str) {
    say!(
        text,
        "\n{name:<26}  {:>9}  {:<22} method",
        "estimate",
        "95 % interval"
    );
}

fn line(text: &mut String, name: &str, figure: Figure) {
    say!(text, "  {name:<26} {}", figure_cells(figure));
}

fn calibrated(text: &mut String, known: &Calibrated) {
    for (name, figure) in calibration_figures(known) {
        line(text, name, figure);
    }
}

/// How a band is called.
pub(super) fn band_name(band: &BandFigures) -> String {
    let kind = if band.flagged { "flagged" } else { "sampled" };
    let unit = band.band.unit;
    let counted = match unit {
        ScoreUnit::Points => "",
        ScoreUnit::PartsPerMillion => " %",
    };
    format!(
        "{}-{}{counted} {}, {kind}",
        unit.number(band.band.from),
        unit.number(band.band.to),
        band.band.name
    )
}

fn band_lines(text: &mut String, band: &BandFigures) {
    let expected = band
        .predicted
        .map_or(String::new(), |p| format!(", predicted {}", short(p)));
    say!(
        text,
        "  {}: {} ordered for, {} tested, {} of them confirmed{expected}",
        band_name(band),
        band.ordered,
        band.tested,
        band.confirmed
    );
    for (name, figure) in [
        ("uptake", band.uptake),
        ("PPV per order", band.ppv_per_order),
        ("PPV per result", band.ppv_per_result),
    ] {
        say!(text, "    {name:<24} {}", figure_cells(figure));
    }
}

/// The proposed update in words.
pub(super) fn update(proposal: &Proposal) -> String {
    let (intercept, slope) = proposal.recalibration.update();
    match proposal.recalibration.chosen {
        Rung::Original => "keep the calibration in force as it is".to_owned(),
        Rung::Intercept => format!("add {} to the log odds", short(intercept)),
        Rung::InterceptAndSlope | Rung::Flexible => format!(
            "log odds become {} + {} × log odds",
            short(intercept),
            short(slope)
        ),
    }
}

/// What stands of the proposal, in a sentence.
pub(super) fn standing(proposal: &Proposal, subject: &LearningSubject) -> String {
    match (subject.proposal, &subject.accepted) {
        (None, _) if proposal.changes() => {
            "It is not on record: `preventio learn` or `preventio model propose` puts it there."
                .to_owned()
        }
        (None, _) => {
            "Nothing is proposed: the outcomes do not contradict the calibration in force."
                .to_owned()
        }
        (Some(id), None) => format!(
            "Recalibration {id} is proposed. It changes nothing until it has passed its gates and two people have signed it: `preventio model shadow {id}`."
        ),
        (Some(id), Some(by)) => {
            format!("Recalibration {id} is accepted by {by}, and in force for later runs.")
        }
    }
}

fn proposed(text: &mut String, learning: &Learning, subject: &LearningSubject) {
    let proposal = match &learning.first.proposal {
        Ok(proposal) => proposal,
        Err(reason) => {
            say!(text, "\nRecalibration: none: {reason}");
            return;
        }
    };
    say!(
        text,
        "\nRecalibration, by closed testing ({}): {}",
        proposal.recalibration.test.name(),
        update(proposal)
    );
    for step in &proposal.recalibration.steps {
        let name = format!("{} enough?", step.rung.name());
        say!(
            text,
            "  {name:<28} chi-squared {} on {} df, p {}",
            short(step.statistic),
            step.degrees,
            short(step.p_value)
        );
    }
    if proposal.changes() {
        say!(
            text,
            "After it, on the same people (the same data: it looks better than it will be)"
        );
        calibrated(text, &proposal.after);
        if let Some(limit) = limit(learning) {
            say!(text, "  {limit}");
        }
    }
    say!(text, "{}", standing(proposal, subject));
}

/// How far a proposal reaches.
pub(super) fn limit(learning: &Learning) -> Option<String> {
    match learning.first.tested {
        crate::learning::Tested::Everybody => None,
        crate::learning::Tested::FlaggedOnly => Some(format!(
            "It rests on people from {} on; below, it is an extrapolation that nobody has tested.",
            learning.unit.text(learning.action_level)
        )),
    }
}
