//! Precision, uptake, calibration and the recalibration that is proposed.

use super::cases::{
    Alike, Case, Place, Round, ScoreBand, Weighted, asked_among, predicted, score_bands,
};
use super::judged::{Judged, tested_among};
use super::uptake::{Population, UptakeFigures, population, uptake_figures};
use crate::calibration::{
    Estimate, Evaluation, Evidence, FEWEST_IN_GROUP, Figure, NotIdentifiable, Recalibration, Rung,
};
use crate::outcomes::{Account, Decided, Outcome};
use crate::rulebook::{Calibration, Estimand, EstimandsDiffer, Model, Observed, Score, ScoreUnit};

/// Whom calibration was looked at in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tested {
    /// The flagged, and a random sample of those below the level, weighted to stand for all.
    Everybody,
    /// The flagged alone, weighted to stand for those of them who did not come: nobody below the level was
    /// drawn, or too few were confirmed.
    FlaggedOnly,
}

impl Tested {
    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Everybody => "everybody who was decided about",
            Self::FlaggedOnly => "the flagged only",
        }
    }
}

/// A band of scores among the flagged, or among the sampled.
#[derive(Debug, Clone, PartialEq)]
pub struct BandFigures {
    /// The scores.
    pub band: ScoreBand,
    /// Whether tests were ordered because of the score, or by chance.
    pub flagged: bool,
    /// Tests were ordered for so many whose horizon is over.
    pub ordered: usize,
    /// So many of them had all tests.
    pub tested: usize,
    /// Of the tested so many were confirmed.
    pub confirmed: usize,
    /// Share of the ordered who were tested.
    pub uptake: Figure,
    /// Share of the ordered who were confirmed, tested or not.
    pub ppv_per_order: Figure,
    /// Share of the tested who were confirmed.
    pub ppv_per_result: Figure,
    /// Mean probability that the calibration in force gave the tested.
    pub predicted: Option<f64>,
}

/// How a calibration does on some people.
#[derive(Debug, Clone)]
pub struct Calibrated {
    /// All figures and curves.
    pub evaluation: Evaluation,
    /// O:E were every range of scores at its lowest.
    pub o_e_if_lowest: Figure,
    /// O:E were every range of scores at its highest.
    pub o_e_if_highest: Figure,
    /// Bounds of O:E where the odds of those who did not come are within
    /// [`ODDS_OF_NON_COMERS`](super::ODDS_OF_NON_COMERS) of those of the ones who did.
    pub o_e_within_odds: Figure,
    /// The same of the slope.
    pub slope_within_odds: Figure,
}

/// A recalibration that a person may accept.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The fit, its tests, and the update that they justify.
    pub recalibration: Recalibration,
    /// The calibration in force after the update.
    pub calibration: Calibration,
    /// How it would have done on the same people. The same data: it looks better than it will be.
    pub after: Calibrated,
}

impl RoundLearning {
    /// Diagnosed within the horizon without having been flagged or drawn: interval cases.
    #[must_use]
    pub fn interval_cases(&self) -> u64 {
        let confirmed = Outcome::ALL.into_iter().filter(|one| one.is_confirmed());
        let of = |outcome: Outcome| self.account.of(Decided::BelowLevel.name(), outcome.name());
        confirmed.map(of).sum()
    }

    /// Flagged, or drawn, and then treated before anything was known of them.
    #[must_use]
    pub fn treated(&self) -> u64 {
        let outcomes = self.account.outcomes();
        let below = Decided::BelowLevel.name();
        let treated = [true, false].map(|confirmed| Outcome::Treated { confirmed }.name());
        let of = |name: &str| {
            let all = outcomes.get(name).copied().unwrap_or(0);
            all - self.account.of(below, name)
        };
        treated.map(of).iter().sum()
    }
}

impl Calibrated {
    /// How far the numbers of confirmed and others carry.
    #[must_use]
    pub const fn evidence(&self) -> Evidence {
        self.evaluation.evidence
    }
}

impl Proposal {
    /// Whether it changes anything.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.recalibration.chosen != Rung::Original
    }
}

/// How the programme observes what a calibration predicts.
///
/// # Errors
///
/// [`EstimandsDiffer`] when it does not.
pub fn observed(calibration: &Calibration) -> Result<&Observed, EstimandsDiffer> {
    let estimand = &calibration.estimand;
    estimand.observed.as_ref().ok_or_else(|| EstimandsDiffer {
        one: estimand.to_string(),
        other: "what the programme observes: a professional's diagnosis after its own tests"
            .to_owned(),
    })
}

/// One round's figures.
#[derive(Debug, Clone)]
pub struct RoundLearning {
    /// Which.
    pub round: Round,
    /// Everybody by decision and outcome.
    pub account: Account,
    /// Share of the orders after which a diagnosis was confirmed.
    pub ppv_per_order: Figure,
    /// Share of the tested who were confirmed.
    pub ppv_per_result: Figure,
    /// Share of the flagged who would be confirmed if all came, were those who did like the others.
    pub ppv_if_all_came: Figure,
    /// Share of the ordered who were tested.
    pub uptake: Figure,
    /// Bands of scores, lowest first.
    pub bands: Vec<BandFigures>,
    /// Flagged in bands of which nobody was tested.
    pub uncovered: f64,
    /// The same figures by what is taken for granted of those who did not come.
    pub if_unlike: UptakeFigures,
    /// What holds for everybody, or why that cannot be known.
    pub population: Result<Population, NotIdentifiable>,
    /// Whom calibration was looked at in.
    pub tested: Tested,
    /// Verified people whose score was a range.
    pub ranges: usize,
    /// Verified people that calibration was looked at in.
    pub verified: usize,
    /// Of these so many were confirmed.
    pub confirmed: usize,
    /// The calibration in force, or why it cannot be judged.
    pub calibration: Result<Calibrated, NotIdentifiable>,
    /// What the outcomes would change, or why nothing is proposed.
    pub proposal: Result<Proposal, NotIdentifiable>,
}

/// Everything that was learned.
#[derive(Debug, Clone)]
pub struct Learning {
    /// What was predicted and observed.
    pub estimand: Estimand,
    /// The calibration in force, by name.
    pub calibration: String,
    /// From which score on tests are ordered.
    pub action_level: Score,
    /// What scores count.
    pub unit: ScoreUnit,
    /// First rounds.
    pub first: RoundLearning,
    /// Repeat rounds, where there are any.
    pub repeat: Option<RoundLearning>,
}

/// Holds cases against the calibration in force.
///
/// `observed` is what the cases' outcomes are of. A recalibration is proposed from first rounds.
///
/// # Errors
///
/// [`EstimandsDiffer`] when the calibration's probability is of something else.
pub fn learn(
    calibration: &Calibration,
    observed: &Estimand,
    (model, action_level): (&Model, Score),
    cases: &[Case],
) -> Result<Learning, EstimandsDiffer> {
    calibration.estimand.comparable(observed)?;
    let bands = score_bands(model, action_level);
    let of_round = |round: Round| {
        let cases: Vec<Case> = cases.iter().filter(|c| c.round == round).copied().collect();
        learn_round(calibration, (model, action_level), &bands, round, &cases)
    };
    let has_repeats = cases.iter().any(|case| case.round == Round::Repeat);
    Ok(Learning {
        estimand: observed.clone(),
        calibration: calibration.name(),
        action_level,
        unit: model.unit,
        first: of_round(Round::First),
        repeat: has_repeats.then(|| of_round(Round::Repeat)),
    })
}

/// A share of people with Wilson's limits; with fewer than ten it would describe single ones.
///
/// # Errors
///
/// [`NotIdentifiable::TooFewPeople`].
pub fn proportion(hits: usize, n: usize) -> Figure {
    if n < FEWEST_IN_GROUP {
        return Err(NotIdentifiable::TooFewPeople {
            found: n,
            needed: FEWEST_IN_GROUP,
        });
    }
    Ok(Estimate::wilson(hits, n))
}

fn learn_round(
    calibration: &Calibration,
    (model, level): (&Model, Score),
    bands: &[ScoreBand],
    round: Round,
    cases: &[Case],
) -> RoundLearning {
    let mut account = Account::default();
    for case in cases {
        account.add(case.decided, case.outcome);
    }
    let (flagged, sampled) = asked_among(cases);
    let whole = Counts::of(&flagged);
    let came = Weighted::of(&flagged, bands, Alike::InBandSexAndAge);
    let if_unlike = uptake_figures((model, level), bands, (&flagged, &sampled));
    let population = population((model, level), bands, (&flagged, &sampled), &if_unlike);
    let tested = tested_among(&sampled);
    let judged = Judged::among(bands, (&flagged, &sampled), tested);
    let verified = Counts::of(&judged.cases());
    RoundLearning {
        round,
        account,
        ppv_per_order: proportion(whole.found, whole.ordered),
        ppv_per_result: proportion(whole.confirmed, whole.tested),
        ppv_if_all_came: if_unlike.ppv.alike_in_kind,
        uptake: proportion(whole.tested, whole.ordered),
        bands: band_figures(calibration, bands, (&flagged, &sampled)),
        uncovered: came.uncovered,
        if_unlike,
        population,
        tested,
        ranges: judged.ranges(),
        verified: verified.tested,
        confirmed: verified.confirmed,
        calibration: judged.calibrated(calibration),
        proposal: judged.proposal(calibration),
    }
}

/// People counted.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) ordered: usize,
    /// Confirmed, tested or not.
    pub(super) found: usize,
    pub(super) tested: usize,
    pub(super) confirmed: usize,
}

impl Counts {
    pub(super) fn of(cases: &[Case]) -> Self {
        let mut counts = Self::default();
        for case in cases {
            let verified = case.outcome.verified();
            counts.ordered += 1;
            counts.found += usize::from(case.outcome.is_confirmed());
            counts.tested += usize::from(verified.is_some());
            counts.confirmed += usize::from(verified == Some(true));
        }
        counts
    }
}

fn band_figures(
    calibration: &Calibration,
    bands: &[ScoreBand],
    (flagged, sampled): (&[Case], &[Case]),
) -> Vec<BandFigures> {
    let mut figures = Vec::new();
    for band in bands {
        for (is_flagged, cases) in [(false, sampled), (true, flagged)] {
            let here: Vec<Case> = cases.iter().filter(|c| band.holds(c)).copied().collect();
            let counts = Counts::of(&here);
            if counts.ordered == 0 {
                continue;
            }
            let tested = here.iter().filter(|case| case.outcome.verified().is_some());
            let expected: f64 = tested
                .filter_map(|case| Some(predicted(calibration, case.score?, Place::Middle)))
                .sum();
            figures.push(BandFigures {
                band: band.clone(),
                flagged: is_flagged,
                ordered: counts.ordered,
                tested: counts.tested,
                confirmed: counts.confirmed,
                uptake: proportion(counts.tested, counts.ordered),
                ppv_per_order: proportion(counts.found, counts.ordered),
                ppv_per_result: proportion(counts.confirmed, counts.tested),
                predicted: (0 < counts.tested).then(|| expected / counts.tested as f64),
            });
        }
    }
    figures
}
