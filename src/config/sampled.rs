//! The approval to test residents below the action level by lot.

use preventiojyraa_core::pathway::Inclusion;
use serde::Deserialize;

/// The approval to test residents below the action level by lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampledNegatives {
    /// How probable it is that somebody below the level is drawn, once a round.
    pub inclusion: Inclusion,
    /// Who approved it.
    pub approved_by: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSampledNegatives {
    share: f64,
    approved_by: String,
}

impl RawSampledNegatives {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the share was just seen to lie in 0..=1, so its billionths fit"
    )]
    pub(super) fn checked(&self) -> Result<SampledNegatives, String> {
        let wrong = |what: &str| Err(format!("`[sampled_negatives]`: {what}"));
        if self.approved_by.trim().is_empty() {
            return wrong("`approved_by` names nobody");
        }
        let inclusion = (0.0..=1.0)
            .contains(&self.share)
            .then(|| (self.share * 1e9).round() as u32)
            .and_then(Inclusion::from_billionths);
        match inclusion {
            None => wrong("`share` is above 0 and at most 1; 0.02 is one in fifty"),
            Some(inclusion) => Ok(SampledNegatives {
                inclusion,
                approved_by: self.approved_by.trim().to_owned(),
            }),
        }
    }
}
