//! Score to probability: a named, dated, replaceable thing.

use std::fmt;

use super::bands::Bands;
use super::catalogue::{Catalogue, Specimen, fact};
use super::header::Header;
use super::model::Score;
use super::reader::Table;
use crate::profile::FactId;

/// What, once begun, makes the outcome less likely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Treatment {
    /// The fact that tells of it.
    pub fact: FactId,
    /// Of a fact with answers, those that say that it has begun, by position; empty where the fact
    /// itself says so.
    pub answers: Vec<u8>,
}

/// How the programme itself finds an outcome out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// The diagnosis that alone confirms, by a professional.
    pub confirmed_by: FactId,
    /// The tests that together verify its absence.
    pub verified_by: Vec<FactId>,
    /// Treatments after whose beginning an outcome says little of the risk before it.
    pub treated_by: Vec<Treatment>,
}

/// What a calibration's probability is a probability of.
///
/// Probabilities of different estimands are never compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estimand {
    /// What happens.
    pub outcome: String,
    /// Within how many months of the index date.
    pub horizon_months: u16,
    /// How it was found out.
    pub verification: String,
    /// How the programme itself finds it out; nothing when it does not.
    pub observed: Option<Observed>,
}

impl Estimand {
    /// Whether probabilities of the two may be compared.
    ///
    /// # Errors
    ///
    /// [`EstimandsDiffer`] names both.
    pub fn comparable(&self, other: &Self) -> Result<(), EstimandsDiffer> {
        if self == other {
            return Ok(());
        }
        Err(EstimandsDiffer {
            one: self.to_string(),
            other: other.to_string(),
        })
    }
}

impl fmt::Display for Estimand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, within {} months, by {}",
            self.outcome, self.horizon_months, self.verification
        )
    }
}

/// Two probabilities are of different things, and are not held against each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "probabilities of different things are not compared: one is of `{one}`, the other of `{other}`\nhint: hold outcomes against a calibration of the same outcome, horizon and verification"
)]
pub struct EstimandsDiffer {
    /// What one is of.
    pub one: String,
    /// What the other is of.
    pub other: String,
}

/// What a calibration may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalibrationUse {
    /// Shown beside the score, never compared with what is observed.
    Display,
    /// A prediction that observation will be held against.
    Prediction,
}

/// How a score becomes a probability.
#[derive(Debug, Clone, PartialEq)]
pub enum Conversion {
    /// Probability in units of 1e-9, by score.
    Bands(Bands<u32>),
    /// Log odds = intercept + slope × score.
    Logistic(Line),
    /// The score is a probability: its log odds, shifted and stretched by the line.
    Identity(Line),
}

/// A straight line of log odds over the score, or over the score's own log odds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Log odds at zero.
    pub intercept: f64,
    /// Log odds that a point, or one of the score's log odds, adds; above zero.
    pub slope: f64,
}

impl Line {
    /// The line that changes nothing.
    const UNCHANGED: Self = Self {
        intercept: 0.0,
        slope: 1.0,
    };

    /// Probability at a value, in units of 1e-9.
    fn at(self, x: f64) -> u32 {
        billionths(expit(self.intercept + self.slope * x))
    }

    /// The line after another shift and stretch.
    fn shifted(self, intercept: f64, slope: f64) -> Self {
        Self {
            intercept: intercept + slope * self.intercept,
            slope: slope * self.slope,
        }
    }
}

/// From score to probability.
#[derive(Debug, Clone)]
pub struct Calibration {
    /// The head of the file.
    pub header: Header,
    /// The model whose scores it reads.
    pub model: String,
    /// What it is for.
    pub use_for: CalibrationUse,
    /// What the probability is of.
    pub estimand: Estimand,
    /// How a score becomes a probability.
    pub conversion: Conversion,
    /// Whether somebody has seen its numbers where they come from.
    pub verified: bool,
    /// Who accepted which recalibration of the file's numbers, in words; nothing for the file as it is.
    pub recalibrated: Option<String>,
}

impl Calibration {
    /// Probability at a score, in units of 1e-9.
    ///
    /// # Formula
    ///
    /// `1 / (1 + exp(−(intercept + slope · score)))`, or what the score's band says, or the score
    /// itself where it is a probability; `exp` is that of the pinned `libm`, so the same on every
    /// machine.
    #[must_use]
    pub fn at(&self, score: Score) -> u32 {
        match &self.conversion {
            Conversion::Bands(bands) => *bands.at(f64::from(score)),
            Conversion::Logistic(line) => line.at(f64::from(score)),
            Conversion::Identity(line) => {
                let p = f64::from(score) / 1e6;
                if *line == Line::UNCHANGED {
                    billionths(p)
                } else {
                    line.at(log_odds(p))
                }
            }
        }
    }

    /// Lowest and highest probability over a range of scores, in units of 1e-9.
    ///
    /// A calibration need not rise with the score, so every score in the range counts.
    #[must_use]
    pub fn over(&self, low: Score, high: Score) -> (u32, u32) {
        let ends = (self.at(low), self.at(high));
        match &self.conversion {
            // Both rise with the score.
            Conversion::Logistic(_) | Conversion::Identity(_) => ends,
            Conversion::Bands(bands) => {
                let within = bands.as_slice().iter().filter(|band| {
                    // A whole number of the range lies in the band.
                    let first = band.from.map_or(low, |end| next_whole(end, low));
                    first <= high && band.contains(f64::from(first))
                });
                let all = within.map(|band| band.value).chain([ends.0, ends.1]);
                (
                    all.clone().min().unwrap_or(ends.0),
                    all.max().unwrap_or(ends.1),
                )
            }
        }
    }

    /// Its name in reports: id, version, and whether it was recalibrated.
    #[must_use]
    pub fn name(&self) -> String {
        let Header { id, version, .. } = &self.header;
        match &self.recalibrated {
            None => format!("{id} {version}"),
            Some(recalibrated) => format!("{id} {version}, {recalibrated}"),
        }
    }

    /// The same with log odds shifted and stretched: `intercept + slope × log odds`.
    ///
    /// Bands stay bands and a line stays a line. A probability of exactly 0 or 1 stays.
    #[must_use]
    pub fn shifted(&self, intercept: f64, slope: f64) -> Self {
        let conversion = match &self.conversion {
            Conversion::Logistic(line) => Conversion::Logistic(line.shifted(intercept, slope)),
            Conversion::Identity(line) => Conversion::Identity(line.shifted(intercept, slope)),
            Conversion::Bands(bands) => Conversion::Bands(bands.map(|p| {
                let p = f64::from(*p) / 1e9;
                billionths(expit(intercept + slope * log_odds(p)))
            })),
        };
        Self {
            conversion,
            ..self.clone()
        }
    }

    pub(super) fn read(root: &Table<'_>, catalogue: &Catalogue) -> Option<Self> {
        let header = Header::read(root);
        let model = root.text("model");
        let use_for = root.word(
            "use",
            &[
                ("display", CalibrationUse::Display),
                ("prediction", CalibrationUse::Prediction),
            ],
        );
        let estimand = root
            .required_table("estimand")
            .and_then(|table| read_estimand(&table, catalogue));
        let conversion = read_conversion(root);
        root.finish();
        let (header, (conversion, verified)) = (header?, conversion?);
        Some(Self {
            verified: verified && header.source.verified,
            header,
            model: model?.to_owned(),
            use_for: use_for?,
            estimand: estimand?,
            conversion,
            recalibrated: None,
        })
    }
}

fn read_estimand(table: &Table<'_>, catalogue: &Catalogue) -> Option<Estimand> {
    let outcome = table.text("outcome");
    let horizon_months = table.whole("horizon_months");
    let verification = table.text("verification");
    let observed = if table.has("confirmed_by") || table.has("verified_by") {
        let confirmed_by = fact(catalogue, table, "confirmed_by");
        let mut verified_by = Vec::new();
        for name in table.texts("verified_by") {
            match catalogue.find(name) {
                Some(id) if catalogue.definition(id).specimen == Some(Specimen::Venous) => {
                    verified_by.push(id)
                }
                Some(_) | None => {
                    let message = format!("`{name}` is no laboratory test of a venous sample");
                    table.report_at("verified_by", "estimand-test", message, None);
                }
            }
        }
        if verified_by.is_empty() {
            table.report(
                "estimand-test",
                "`verified_by` names no test, so nothing could verify an absence",
            );
        }
        let treatments = table.tables("treated_by").into_iter();
        let treated_by = treatments
            .filter_map(|treatment| read_treatment(&treatment, catalogue))
            .collect();
        confirmed_by.map(|confirmed_by| Observed {
            confirmed_by,
            verified_by,
            treated_by,
        })
    } else {
        None
    };
    table.finish();
    Some(Estimand {
        outcome: outcome?.to_owned(),
        horizon_months: horizon_months?,
        verification: verification?.to_owned(),
        observed,
    })
}

fn read_treatment(table: &Table<'_>, catalogue: &Catalogue) -> Option<Treatment> {
    let id = fact(catalogue, table, "fact");
    let names = table.texts("answers");
    table.finish();
    let id = id?;
    let known = &catalogue.definition(id).answers;
    if known.is_empty() != names.is_empty() {
        let message = match known.is_empty() {
            true => "the fact has no answers to choose from".to_owned(),
            false => "the fact can say several things, and `answers` names none".to_owned(),
        };
        table.report("estimand-treatment", message);
        return None;
    }
    let mut answers = Vec::new();
    for name in names {
        let at = known.iter().position(|answer| answer == name);
        match at.and_then(|at| u8::try_from(at).ok()) {
            Some(at) => answers.push(at),
            None => {
                let message = format!("`{name}` is no answer of this fact");
                let hint = Some(format!("answers: {}", known.join(", ")));
                table.report_at("answers", "estimand-treatment", message, hint);
            }
        }
    }
    Some(Treatment { fact: id, answers })
}

/// The first whole number at or above `low` that the lower end of a band lets in.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast of a float stops at the ends of the type"
)]
pub(super) fn next_whole(end: super::End, low: Score) -> Score {
    let first = if end.included {
        end.at.ceil()
    } else {
        end.at.floor() + 1.0
    };
    low.max(first as Score)
}

/// Bands, a line or the score itself, and whether its numbers are verified.
fn read_conversion(root: &Table<'_>) -> Option<(Conversion, bool)> {
    if root
        .optional_word("conversion", &[("identity", ())])
        .is_some()
    {
        for key in ["band", "logistic"] {
            if root.has(key) {
                let message = format!("`{key}` and `conversion` cannot both be given");
                root.report_at(key, "calibration-two-forms", message, None);
            }
        }
        return Some((Conversion::Identity(Line::UNCHANGED), true));
    }
    match (root.has("band"), root.has("logistic")) {
        (true, true) => {
            root.report_at(
                "logistic",
                "calibration-two-forms",
                "`band` and `logistic` cannot both be given",
                None,
            );
            None
        }
        (_, false) => {
            let bands = Bands::read(root, "band", read_probability)?;
            Some((Conversion::Bands(bands), true))
        }
        (false, true) => {
            let table = root.table("logistic")?;
            let (intercept, slope) = (table.number("intercept"), table.number("slope"));
            let verified = table.note_verification();
            table.finish();
            let line = Line {
                intercept: intercept?,
                slope: slope?,
            };
            if line.slope <= 0.0 {
                let message = "a higher score must mean a higher probability: `slope` is above 0";
                table.report_at("slope", "calibration-slope", message, None);
                return None;
            }
            Some((Conversion::Logistic(line), verified))
        }
    }
}

/// `ln(p / (1 − p))`; infinite at 0 and 1. `log1p` keeps the digits near 1.
pub(crate) fn log_odds(p: f64) -> f64 {
    libm::log(p) - libm::log1p(-p)
}

/// `1 / (1 + exp(−x))`, without overflow at either end.
pub(crate) fn expit(x: f64) -> f64 {
    if 0.0 <= x {
        1.0 / (1.0 + libm::exp(-x))
    } else {
        let e = libm::exp(x);
        e / (1.0 + e)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a probability lies in 0..=1, so its billionths fit"
)]
fn billionths(p: f64) -> u32 {
    (p * 1e9).round() as u32
}

fn read_probability(table: &Table<'_>) -> Option<u32> {
    let p = table.number("probability")?;
    if !(0.0..=1.0).contains(&p) {
        table.report_at(
            "probability",
            "probability-range",
            format!("{p} is outside 0-1"),
            None,
        );
        return None;
    }
    Some(billionths(p))
}
