//! The model's registry as it is printed and written as JSON; what was shown of a proposal is kept so.

use serde::{Deserialize, Serialize};

use super::Gained;
use crate::calibration::Estimate;
use crate::learning::{Gate, GateFigure, GateNumber};

/// Everything that was found when a proposal decided beside the calibration in force.
///
/// Numbers of people are to the ten below, or not told where they are small.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ShadowDocument {
    /// The proposal's number.
    pub proposal: u32,
    /// The calibration in force, by name.
    pub in_force: String,
    /// Which update was justified.
    pub update: String,
    /// Added to the log odds.
    pub intercept: f64,
    /// What the log odds are multiplied by.
    pub slope: f64,
    /// The last index date that was fitted.
    pub fitted_until: Option<String>,
    /// The day of looking back, and that of the profiles.
    pub as_of: String,
    /// Whether every gate let it through.
    pub passed: bool,
    /// The gates.
    pub gates: Vec<GateShown>,
    /// Residents on the register.
    pub register: u64,
    /// Residents whose decision changes; not told when fewer than five.
    pub changed: Option<u64>,
    /// Residents of whom only score, probability or reasons change; not told when fewer than five.
    pub only_scores: Option<u64>,
    /// Residents whom the programme is about, by the calibration in force.
    pub cohort_before: u64,
    /// The same by the proposal.
    pub cohort_after: u64,
    /// Residents for whom tests are asked, by the calibration in force and by the proposal.
    pub laboratory: [u64; 2],
    /// Tests that can be taken a week beside those ordered now.
    pub laboratory_per_week: u32,
    /// Residents who are asked questions, likewise.
    pub questionnaires: [u64; 2],
    /// Questionnaires that may begin to leave a week; nothing where all may.
    pub questionnaires_per_week: Option<u32>,
    /// Mean probabilities by group.
    pub means: Vec<MeansShown>,
    /// Decisions that are lost and gained, by state.
    pub gained: Vec<Gained>,
}

/// A gate and what it rests on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GateShown {
    /// Which.
    pub gate: String,
    /// `passed`, `failed` or `not-judgeable`.
    pub verdict: String,
    /// Why not; nothing where it passed.
    pub why: Option<String>,
    /// Figures with intervals.
    pub figures: Vec<FigureShown>,
    /// Numbers without.
    pub numbers: Vec<NumberShown>,
    /// Groups of which nothing can be said.
    pub insufficient_evidence: Vec<String>,
}

/// A figure with its interval of 95 %, or why there is none.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FigureShown {
    /// Of what.
    pub what: String,
    /// The figure: value, lower and upper limit.
    pub figure: Option<[f64; 3]>,
    /// How the limits were made, or why there is no figure.
    pub method: String,
}

/// A number and the bounds within which it has to lie.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NumberShown {
    /// Of what.
    pub what: String,
    /// The number.
    pub value: f64,
    /// The bounds, in words.
    pub bounds: String,
}

/// The mean probability of some people, by two calibrations.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MeansShown {
    /// By what they are told apart.
    pub by: String,
    /// Who they are.
    pub group: String,
    /// How many have a score, to the ten below.
    pub residents: u64,
    /// By the calibration in force.
    pub before: f64,
    /// By the proposal.
    pub after: f64,
}

/// Every proposal, and what is in force.
#[derive(Debug, Clone, Serialize)]
pub struct ModelList {
    /// What decides about all residents, by name.
    pub in_force: String,
    /// What decides about a share of them.
    pub shared: Option<SharedShown>,
    /// Every proposal, oldest first.
    pub proposals: Vec<ProposalShown>,
}

/// A recalibration that decides about a share of residents.
#[derive(Debug, Clone, Serialize)]
pub struct SharedShown {
    /// Its number.
    pub recalibration: u32,
    /// The share, in units of 1e-9.
    pub share_e9: u32,
}

/// A proposal in a list.
#[derive(Debug, Clone, Serialize)]
pub struct ProposalShown {
    /// Its number.
    pub proposal: u32,
    /// The day of looking back.
    pub as_of: String,
    /// The calibration that it changes, with the recalibration that it starts from.
    pub base: String,
    /// The recalibration that it starts from; nothing for the rule file's numbers.
    pub made_from: Option<u32>,
    /// Which update was justified.
    pub update: String,
    /// Added to the log odds.
    pub intercept: f64,
    /// What the log odds are multiplied by.
    pub slope: f64,
    /// How many verified people it was fitted on.
    pub verified: u64,
    /// How many of them were confirmed.
    pub confirmed: u64,
    /// How far it has come, in words.
    pub standing: String,
}

/// One proposal with all that is on record of it.
#[derive(Debug, Clone, Serialize)]
pub struct ModelShown {
    /// As in a list.
    #[serde(flatten)]
    pub proposal: ProposalShown,
    /// What it was made from.
    pub data: DataShown,
    /// What was shown of it last.
    pub shadow: Option<ShadowShown>,
    /// Everything that people did with it, oldest first.
    pub history: Vec<ChangeShown>,
}

/// What a proposal was made from, and by what.
#[derive(Debug, Clone, Serialize)]
pub struct DataShown {
    /// Version of the program.
    pub program: String,
    /// Fingerprint of the rule book.
    pub rules_fingerprint: String,
    /// The newest pull seen.
    pub pull: u32,
    /// The runs whose decisions were followed, by number.
    pub runs: String,
    /// SHA-256 over decisions and outcomes.
    pub cases_hash: String,
    /// The last index date that was fitted.
    pub fitted_until: Option<String>,
    /// Whom it was fitted on.
    pub among: String,
}

/// What was shown of a proposal, and who signed it.
#[derive(Debug, Clone, Serialize)]
pub struct ShadowShown {
    /// The number under which it is on record.
    pub shadow: u32,
    /// Version of the program that judged it.
    pub program: String,
    /// SHA-256 over the document.
    pub evidence: String,
    /// Who signed, and when they say they did.
    pub signed: Vec<(String, String)>,
    /// Everything that was found; nothing when this program cannot read it.
    pub document: Option<ShadowDocument>,
}

/// Something that a person did.
#[derive(Debug, Clone, Serialize)]
pub struct ChangeShown {
    /// What, in words.
    pub what: String,
    /// Who.
    pub by: String,
    /// Why; empty where nobody was asked.
    pub why: String,
    /// When (UTC).
    pub at: String,
}

impl From<&Gate> for GateShown {
    fn from(gate: &Gate) -> Self {
        Self {
            gate: gate.name.name().to_owned(),
            verdict: gate.verdict.name().to_owned(),
            why: gate.verdict.why().map(str::to_owned),
            figures: gate.figures.iter().map(FigureShown::from).collect(),
            numbers: gate.numbers.iter().map(NumberShown::from).collect(),
            insufficient_evidence: gate.insufficient.clone(),
        }
    }
}

impl From<&GateFigure> for FigureShown {
    fn from(shown: &GateFigure) -> Self {
        let what = shown.what.clone();
        // JSON has no number for what nothing bounds.
        let is_bounded = |known: &Estimate| {
            [known.value, known.lower, known.upper]
                .iter()
                .all(|number| number.is_finite())
        };
        match &shown.figure {
            Ok(known) if is_bounded(known) => Self {
                what,
                figure: Some([known.value, known.lower, known.upper]),
                method: known.method.name().to_owned(),
            },
            Ok(_) => Self {
                what,
                figure: None,
                method: "nothing bounds it".to_owned(),
            },
            Err(why) => Self {
                what,
                figure: None,
                method: why.to_string(),
            },
        }
    }
}

impl From<&GateNumber> for NumberShown {
    fn from(shown: &GateNumber) -> Self {
        Self {
            what: shown.what.clone(),
            value: shown.value,
            bounds: shown.bounds.clone(),
        }
    }
}
