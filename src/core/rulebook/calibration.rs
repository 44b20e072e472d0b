//! Score to probability: a named, dated, replaceable thing.

use super::bands::Bands;
use super::header::Header;
use super::reader::Table;

/// What a calibration's probability is a probability of.
///
/// Probabilities of different estimands are never compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estimand {
    /// What happens.
    pub outcome: String,
    /// Within how many months.
    pub horizon_months: u16,
    /// How it was found out.
    pub verification: String,
}

/// What a calibration may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalibrationUse {
    /// Shown beside the score, never compared with what is observed.
    Display,
    /// A prediction that observation will be held against.
    Prediction,
}

/// A table from score to probability.
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
    /// Probability in units of 1e-9, by score.
    pub probability: Bands<u32>,
}

impl Calibration {
    pub(super) fn read(root: &Table<'_>) -> Option<Self> {
        let header = Header::read(root);
        let model = root.text("model");
        let use_for = root.word(
            "use",
            &[
                ("display", CalibrationUse::Display),
                ("prediction", CalibrationUse::Prediction),
            ],
        );
        let estimand = root.required_table("estimand").and_then(|table| {
            let outcome = table.text("outcome");
            let horizon_months = table.whole("horizon_months");
            let verification = table.text("verification");
            table.finish();
            Some(Estimand {
                outcome: outcome?.to_owned(),
                horizon_months: horizon_months?,
                verification: verification?.to_owned(),
            })
        });
        let probability = Bands::read(root, "band", read_probability);
        root.finish();
        Some(Self {
            header: header?,
            model: model?.to_owned(),
            use_for: use_for?,
            estimand: estimand?,
            probability: probability?,
        })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number was just seen to lie in 0..=1, so its billionths fit"
)]
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
    Some((p * 1e9).round() as u32)
}
