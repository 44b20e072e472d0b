//! What a demonstration showed: in words, and as one page that needs nothing else.

use std::fmt::{self, Write};

use jiff::civil::Date;

use super::evaluation_page::{STYLE, escaped, figure_table, table};
use super::evaluation_plots::{self as plots, Plot};
use super::evaluation_text::{caution, figure_cells, figures};
use super::funnel::FunnelLine;
use super::learning_page::learning_section;
use super::learning_text::{LearningSubject, calibration_figures, precision, update};
use super::phrases::date_phrase;
use crate::calibration::{Evaluation, Figure, NotIdentifiable};
use crate::learning::{Learning, Tested};
use crate::rulebook::{State, Words};

/// How near two calibrations come to what is really so in a made-up city.
///
/// "Really so" means: confirmed by tests and professionals, had everybody been
/// ordered the tests and come. Both are held against the same people of first rounds.
#[derive(Debug, Clone)]
pub struct Truth {
    /// Among whom: those in whom the recalibration was made.
    pub among: Tested,
    /// The calibration that the demonstration began with.
    pub before: Evaluation,
    /// The one in force at the end, when a recalibration was accepted.
    pub after: Option<Evaluation>,
    /// Residents at or above the action level.
    pub flagged: u64,
    /// Those of them who are really so.
    pub flagged_confirmed: u64,
}

impl Truth {
    /// The share of the flagged who are really so.
    ///
    /// # Errors
    ///
    /// With fewer than ten flagged it would describe single ones.
    pub fn ppv(&self) -> Figure {
        crate::learning::proportion(
            usize::try_from(self.flagged_confirmed).unwrap_or(usize::MAX),
            usize::try_from(self.flagged).unwrap_or(usize::MAX),
        )
    }
}

/// One look back: what was learned, and what about.
pub type Look<'a> = (&'a Learning, &'a LearningSubject);

/// What looking back has shown.
#[derive(Clone, Copy)]
pub struct Learned<'a> {
    /// The look whose recalibration was put in force; else the last.
    pub recalibrated: Look<'a>,
    /// The last look.
    pub last: Look<'a>,
    /// How far the recalibration has come.
    pub way: ProposalWay<'a>,
}

/// How far a recalibration has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposalWay<'a> {
    /// None was proposed when it could be judged.
    None,
    /// It decides about a share of residents.
    ForAShare,
    /// It decides about all since a day.
    ForAll(Date),
    /// These gates have not let it through.
    Shut(&'a [String]),
}

impl fmt::Display for ProposalWay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => write!(f, "proposed; nobody has signed it"),
            Self::ForAShare => write!(
                f,
                "every gate let it through, two keys of the demonstration signed it; it decides about three in ten residents"
            ),
            Self::ForAll(day) => write!(
                f,
                "every gate let it through, two keys of the demonstration signed it; it decided about three in ten residents first, and about all from {} on",
                date_phrase(*day)
            ),
            Self::Shut(gates) => write!(f, "proposed; not let through by: {}", gates.join(", ")),
        }
    }
}

/// What was shown.
pub struct DemonstrationShown<'a> {
    /// Residents asked for.
    pub residents: u32,
    /// Which city.
    pub seed: u64,
    /// The first and the last run.
    pub days: (Date, Date),
    /// How many runs.
    pub runs: u16,
    /// What things are called in the programme.
    pub words: &'a Words,
    /// How far everybody has come.
    pub funnel: &'a [FunnelLine],
    /// Residents by state, at the last run.
    pub states: &'a [(State, u64)],
    /// What was learned, or of what the calibration is that the programme cannot observe, in words.
    pub learned: Result<Learned<'a>, String>,
    /// What is really so; nothing when there were too few people to say.
    pub truth: Option<&'a Truth>,
}

/// Writing to a `String` cannot fail.
macro_rules! say {
    ($text:expr, $($arguments:tt)*) => {
        writeln!($text, $($arguments)*).expect("writing to a String cannot fail")
    };
}

/// Whom a resident in this state waits for, and for what; `None` where nobody waits.
#[must_use]
pub const fn waits_for(state: State) -> Option<&'static str> {
    match state {
        State::Asked => Some("the resident, to answer"),
        State::Ordered | State::SampledNegative => Some("the resident, to come to the laboratory"),
        State::Overdue => Some("the resident, who was reminded"),
        State::Confirming => Some("a professional, to confirm or not"),
        State::WithANurse => Some("a nurse"),
        State::OfferedPrevention => Some("the resident, to take up the lifestyle service"),
        State::UnderReview => Some("a professional, to look at the record"),
        State::UndeterminedIncomplete => Some("the record system, to send what is missing"),
        State::Deceased
        | State::NotYetBorn
        | State::Moved
        | State::OutsideAge
        | State::OutOfScope
        | State::OptedOut
        | State::KnownDisease
        | State::UndecidedNotAnswered
        | State::BelowLevel
        | State::Concluded => None,
    }
}

fn waiting(shown: &DemonstrationShown<'_>) -> Vec<(State, u64, &'static str)> {
    // Most urgent first: a result in the range of the disease before everything else.
    let order = [
        State::Confirming,
        State::WithANurse,
        State::UnderReview,
        State::Overdue,
        State::Ordered,
        State::SampledNegative,
        State::Asked,
        State::OfferedPrevention,
        State::UndeterminedIncomplete,
    ];
    let n = |state| shown.states.iter().find(|(of, _)| *of == state);
    let waiting = order.into_iter().filter_map(|state| {
        let (_, n) = n(state)?;
        Some((state, *n, waits_for(state)?))
    });
    waiting.filter(|(_, n, _)| 0 < *n).collect()
}

fn opening(shown: &DemonstrationShown<'_>) -> String {
    format!(
        "A made-up Helsinki of {} residents (seed {}), {} runs from {} to {}.",
        shown.residents,
        shown.seed,
        shown.runs,
        date_phrase(shown.days.0),
        date_phrase(shown.days.1)
    )
}

/// The figures that a look found, or the one reason why there are none.
fn calibration_of(look: Look<'_>) -> Result<[(&'static str, Figure); 7], NotIdentifiable> {
    look.0
        .first
        .calibration
        .as_ref()
        .map(calibration_figures)
        .map_err(|reason| *reason)
}

/// What a demonstration showed, for reading in a terminal.
#[must_use]
pub fn demonstration_text(shown: &DemonstrationShown<'_>) -> String {
    let mut text = String::new();
    say!(text, "{}\n", opening(shown));
    say!(text, "How far everybody has come");
    for line in shown.funnel.iter().filter(|line| 0 < line.n) {
        say!(
            text,
            "{:>9}  {}{}",
            line.n,
            "  ".repeat(line.depth),
            line.says
        );
    }
    say!(text, "\nWho waits for whom");
    for (state, n, whom) in waiting(shown) {
        say!(text, "{n:>9}  {}: for {whom}", shown.words.state(state));
    }
    match &shown.learned {
        Ok(learned) => {
            precision_text(&mut text, shown, learned.last);
            recalibration_text(&mut text, shown, learned.recalibrated);
        }
        Err(estimand) => say!(text, "\n{}", not_observed(estimand)),
    }
    text
}

/// What a programme cannot say that does not observe what its calibration is of.
fn not_observed(estimand: &str) -> String {
    format!(
        "What the model predicts is {estimand}. This programme does not observe that, so it says nothing of the model's precision or calibration, and proposes no recalibration."
    )
}

fn precision_text(text: &mut String, shown: &DemonstrationShown<'_>, look: Look<'_>) {
    let (learning, subject) = look;
    say!(
        text,
        "\nPrecision of the action level ({}), first rounds, as of {}",
        learning.unit.text(learning.action_level),
        date_phrase(subject.as_of)
    );
    for (name, figure) in precision(&learning.first) {
        say!(text, "  {name:<26}{}", figure_cells(figure));
    }
    if let Some(truth) = shown.truth {
        say!(
            text,
            "  {:<26}{}",
            "really so (truth)",
            figure_cells(truth.ppv())
        );
    }
}

fn recalibration_text(text: &mut String, shown: &DemonstrationShown<'_>, look: Look<'_>) {
    let (learning, subject) = look;
    say!(
        text,
        "\nCalibration, as of {}: {} verified, {} confirmed",
        date_phrase(subject.as_of),
        learning.first.verified,
        learning.first.confirmed
    );
    if let Ok(learned) = &shown.learned
        && learned.way != ProposalWay::None
    {
        say!(
            text,
            "  of the older decisions; the newer ones have judged what these propose"
        );
    }
    match calibration_of(look) {
        Err(reason) => say!(text, "  {reason}"),
        Ok(figures) => {
            say!(text, "  {}", learning.calibration);
            for (name, figure) in figures {
                say!(text, "    {name:<28}{}", figure_cells(figure));
            }
        }
    }
    match &learning.first.proposal {
        Err(reason) => say!(text, "  no recalibration is proposed: {reason}"),
        Ok(proposal) => {
            say!(text, "  {}", update(proposal));
            if proposal.changes()
                && let Ok(learned) = &shown.learned
            {
                say!(text, "  {}", learned.way);
            }
        }
    }
    if let Some(truth) = shown.truth {
        say!(
            text,
            "\nHeld against what is really so, among {}: {} residents, {} of them confirmed",
            truth.among.name(),
            truth.before.whole.n,
            truth.before.whole.events
        );
        if let Some(caution) = caution(truth.before.evidence) {
            say!(text, "  {caution}");
        }
        for (_, name, evaluation) in sides(truth) {
            say!(text, "  {name}");
            for (name, figure) in against_truth(evaluation) {
                say!(text, "    {name:<28}{}", figure_cells(figure));
            }
        }
    }
}

/// Id, what it is, and how it fits.
fn sides(truth: &Truth) -> Vec<(&'static str, &'static str, &Evaluation)> {
    let before = (
        "truth-before",
        "the calibration it began with, wrong on purpose",
        &truth.before,
    );
    let after = truth
        .after
        .as_ref()
        .map(|after| ("truth-after", "the calibration in force at the end", after));
    [before].into_iter().chain(after).collect()
}

fn against_truth(evaluation: &Evaluation) -> [(&'static str, Figure); 3] {
    let [_, o_e, in_the_large, slope, ..] = figures(&evaluation.whole);
    [o_e, in_the_large, slope]
}

/// One offline page.
///
/// Every plot has a text alternative and a table of its numbers. Nothing is
/// loaded from anywhere, nothing is run.
#[must_use]
pub fn demonstration_page(shown: &DemonstrationShown<'_>) -> String {
    let title = "A screening programme, start to finish";
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>{STYLE}\n.depth-1 {{ fill: #12579b; }} .depth-2 {{ fill: #7fa8d1; }}\n</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    page.push_str(&format!(
        "<p>{}</p>\n<p class=\"caution\">Nobody in it exists, and how its people behave is assumed. The rules are an unsigned draft. Not a certified medical device.</p>\n",
        escaped(&opening(shown))
    ));
    page.push_str(&funnel(shown));
    page.push_str(&waiting_table(shown));
    match &shown.learned {
        Ok(learned) => page.push_str(&learned_section(shown, learned)),
        Err(estimand) => page.push_str(&format!(
            "<h2>What was learned</h2>\n<p class=\"caution\">{}</p>\n",
            escaped(&not_observed(estimand))
        )),
    }
    page.push_str(
        "<p>Made by PreventioJyrää. Not a certified medical device.</p>\n</body>\n</html>\n",
    );
    page
}

fn learned_section(shown: &DemonstrationShown<'_>, learned: &Learned<'_>) -> String {
    let (learning, subject) = learned.last;
    let mut last: Vec<(&str, Figure)> = precision(&learning.first).into();
    if let Some(truth) = shown.truth {
        last.push(("really so (truth)", truth.ppv()));
    }
    format!(
        "<h2>How precise the action level is</h2>\n<p>From {} tests are ordered. First rounds, as of {}.</p>\n{}{}<h2>What was learned by {}</h2>\n{}",
        learning.unit.text(learning.action_level),
        date_phrase(subject.as_of),
        figure_table("figure", &last),
        truth_section(shown.truth),
        date_phrase(learned.recalibrated.1.as_of),
        learning_section(learned.recalibrated.0, learned.recalibrated.1)
    )
}

fn funnel(shown: &DemonstrationShown<'_>) -> String {
    let rows: Vec<Vec<String>> = shown
        .funnel
        .iter()
        .map(|line| {
            let indent = "\u{2003}".repeat(line.depth);
            vec![
                format!("{indent}{}", escaped(&line.says)),
                line.n.to_string(),
            ]
        })
        .collect();
    format!(
        "<h2>From the register to {}</h2>\n<p>Everybody is counted once; the parts of each line add up to it.</p>\n<figure>\n{}\n<figcaption>Residents by how far they have come; parts of a line are paler and indented.</figcaption>\n</figure>\n<details open><summary>The numbers</summary>\n{}</details>\n",
        escaped(&shown.words.conclusion),
        funnel_plot(shown.funnel).svg,
        table(&["how far", "residents"], &rows)
    )
}

/// Bars of everybody's place, longest for the register.
fn funnel_plot(lines: &[FunnelLine]) -> Plot {
    const ROW: f64 = 22.0;
    const LEFT: f64 = 404.0;
    const WIDTH: f64 = 178.0;
    let lines: Vec<&FunnelLine> = lines
        .iter()
        .filter(|line| 0 < line.n && 0 < line.depth)
        .collect();
    let most = lines.iter().map(|line| line.n).max().unwrap_or(1).max(1);
    let mut marks = String::new();
    let mut at = 6.0;
    for line in &lines {
        let share = wide(line.n) / wide(most);
        let (width, middle) = ((WIDTH * share).max(1.0), at + ROW * 0.68);
        say!(
            marks,
            r#"<text x="{:.1}" y="{middle:.1}" text-anchor="end">{}</text>"#,
            LEFT - 8.0,
            escaped(&shortened(line))
        );
        say!(
            marks,
            r#"<rect class="depth-{}" x="{LEFT:.1}" y="{:.1}" width="{width:.1}" height="{:.1}"/>"#,
            line.depth,
            at + 3.0,
            ROW - 6.0
        );
        say!(
            marks,
            r#"<text x="{:.1}" y="{middle:.1}">{}</text>"#,
            LEFT + width + 6.0,
            line.n
        );
        at += ROW;
    }
    let says: Vec<String> = lines
        .iter()
        .map(|line| format!("{}: {}", line.says, line.n))
        .collect();
    Plot::new(
        "funnel",
        at + 6.0,
        "How far everybody has come",
        &escaped(&says.join("; ")),
        &marks,
    )
}

/// What a line says up to its first comma, colon or semicolon: the table below has all of it.
fn shortened(line: &FunnelLine) -> String {
    let end = line.says.find([':', ';']).unwrap_or(line.says.len());
    line.says[..end].to_owned()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of residents are far below 2^53"
)]
const fn wide(n: u64) -> f64 {
    n as f64
}

fn waiting_table(shown: &DemonstrationShown<'_>) -> String {
    let rows: Vec<Vec<String>> = waiting(shown)
        .into_iter()
        .map(|(state, n, whom)| {
            vec![
                shown.words.state(state).to_owned(),
                n.to_string(),
                whom.to_owned(),
            ]
        })
        .collect();
    format!(
        "<h2>Who waits for whom</h2>\n{}",
        table(&["state", "residents", "waits for"], &rows)
    )
}

fn truth_section(truth: Option<&Truth>) -> String {
    let heading = "<h2>Held against what is really so</h2>\n";
    let Some(truth) = truth else {
        return format!("{heading}<p class=\"caution\">Too few people to say.</p>\n");
    };
    let mut text = format!(
        "{heading}<p>A made-up city knows the answer: who would be confirmed by tests and professionals, had everybody been ordered the tests and come. Among {}: {} residents, {} of them would be.</p>\n",
        truth.among.name(),
        truth.before.whole.n,
        truth.before.whole.events
    );
    if let Some(caution) = caution(truth.before.evidence) {
        text.push_str(&format!("<p class=\"caution\">{caution}</p>\n"));
    }
    for (id, name, evaluation) in sides(truth) {
        let plot = plots::calibration_named(evaluation, id, name);
        text.push_str(&format!(
            "<h3>{name}</h3>\n{}<figure>\n{}\n<figcaption>Observed (truth) against predicted risk; the dashed diagonal is perfect calibration.</figcaption>\n</figure>\n",
            figure_table("figure", &against_truth(evaluation)),
            plot.svg
        ));
    }
    text
}
