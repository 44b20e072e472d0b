//! The approval to test residents below the action level by lot.

use preventiojyraa_core::pathway::{Inclusion, Stratum};
use preventiojyraa_core::profile::Sex;
use preventiojyraa_core::rulebook::Score;
use serde::Deserialize;

use super::channel::Mode;

/// The approval to test residents below the action level by lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampledNegatives {
    /// How probable it is that somebody below the level is drawn, once a round.
    pub inclusion: Inclusion,
    /// Those who are drawn with another probability.
    pub strata: Vec<Stratum>,
    /// Who approved it.
    pub approved_by: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSampledNegatives {
    share: f64,
    approved_by: String,
    /// Whether tests of those drawn leave by themselves, or each once a person has approved it.
    #[serde(default)]
    pub(super) mode: Mode,
    #[serde(default)]
    stratum: Vec<RawStratum>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStratum {
    id: String,
    age_from: Option<i16>,
    age_below: Option<i16>,
    sex: Option<RawSex>,
    score_from: Option<Score>,
    score_below: Option<Score>,
    share: f64,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawSex {
    Female,
    Male,
}

impl RawSampledNegatives {
    pub(super) fn checked(&self) -> Result<SampledNegatives, String> {
        let wrong = |what: &str| Err(format!("`[sampled_negatives]`: {what}"));
        if self.approved_by.trim().is_empty() {
            return wrong("`approved_by` names nobody");
        }
        let Some(inclusion) = inclusion(self.share) else {
            return wrong("`share` is above 0 and at most 1; 0.02 is one in fifty");
        };
        let mut strata: Vec<Stratum> = Vec::new();
        for raw in &self.stratum {
            if strata.iter().any(|other| other.id == raw.id) {
                return wrong(&format!("stratum `{}` is there twice", raw.id));
            }
            let checked = raw.checked();
            strata.push(checked.map_err(|what| format!("`[sampled_negatives]`: {what}"))?);
        }
        Ok(SampledNegatives {
            inclusion,
            strata,
            approved_by: self.approved_by.trim().to_owned(),
        })
    }
}

impl RawStratum {
    fn checked(&self) -> Result<Stratum, String> {
        let id = &self.id;
        let is_empty = |from: Option<Score>, below: Option<Score>| {
            from.zip(below).is_some_and(|(from, below)| below <= from)
        };
        let (age_from, age_below) = (
            self.age_from.map(Score::from),
            self.age_below.map(Score::from),
        );
        if is_empty(age_from, age_below) || is_empty(self.score_from, self.score_below) {
            return Err(format!("stratum `{id}` ends before it begins"));
        }
        let limits = [age_from, age_below, self.score_from, self.score_below];
        if limits.iter().all(Option::is_none) && self.sex.is_none() {
            return Err(format!("stratum `{id}` is everybody: that is `share`"));
        }
        let Some(inclusion) = inclusion(self.share) else {
            return Err(format!(
                "the `share` of stratum `{id}` is above 0 and at most 1"
            ));
        };
        Ok(Stratum {
            id: id.clone(),
            age_from: self.age_from,
            age_below: self.age_below,
            sex: self.sex.map(|sex| match sex {
                RawSex::Female => Sex::Female,
                RawSex::Male => Sex::Male,
            }),
            score_from: self.score_from,
            score_below: self.score_below,
            inclusion,
        })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the share was just seen to lie in 0..=1, so its billionths fit"
)]
fn inclusion(share: f64) -> Option<Inclusion> {
    (0.0..=1.0)
        .contains(&share)
        .then(|| (share * 1e9).round() as u32)
        .and_then(Inclusion::from_billionths)
}
