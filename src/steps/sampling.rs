//! Sampled negatives in a run: who approved them, with which share and which key.

use serde::{Deserialize, Serialize};

use super::{DataFolder, StepError};
use crate::config::Config;
use crate::ledger::RunRecord;
use crate::pathway::{Inclusion, Sampling, Stratum};
use crate::profile::Sex;
use crate::rulebook::Score;

/// How a run drew residents below the action level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamplingReport {
    /// The probability of being drawn, in units of 1e-9.
    pub inclusion_e9: u32,
    /// Strata with a probability of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strata: Vec<StratumReport>,
    /// Who approved it.
    pub approved_by: String,
    /// Which key drew, without telling the key: 32 hexadecimal digits.
    pub key: String,
}

/// Some of those below the action level, as a run drew them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StratumReport {
    id: String,
    age_from: Option<i16>,
    age_below: Option<i16>,
    /// `female`, `male` or nothing.
    sex: Option<String>,
    score_from: Option<Score>,
    score_below: Option<Score>,
    inclusion_e9: u32,
}

impl StratumReport {
    fn of(stratum: &Stratum) -> Self {
        let sex = stratum.sex.map(Sex::name);
        Self {
            id: stratum.id.clone(),
            age_from: stratum.age_from,
            age_below: stratum.age_below,
            sex: sex.map(str::to_owned),
            score_from: stratum.score_from,
            score_below: stratum.score_below,
            inclusion_e9: stratum.inclusion.billionths(),
        }
    }

    fn stratum(&self) -> Option<Stratum> {
        let sex = self.sex.as_deref().map(|sex| match sex {
            "female" => Sex::Female,
            "male" => Sex::Male,
            _ => Sex::Unknown,
        });
        Some(Stratum {
            id: self.id.clone(),
            age_from: self.age_from,
            age_below: self.age_below,
            sex,
            score_from: self.score_from,
            score_below: self.score_below,
            inclusion: Inclusion::from_billionths(self.inclusion_e9)?,
        })
    }
}

/// The lot that a configuration puts in force, and what a run reports of it.
pub(super) fn in_force(
    data: &DataFolder,
    config: &Config,
) -> Result<Option<(Sampling, SamplingReport)>, StepError> {
    let Some(wanted) = &config.sampled_negatives else {
        return Ok(None);
    };
    let Some(key) = data.identity_key_on_record()? else {
        return Ok(None);
    };
    let sampling = Sampling {
        inclusion: wanted.inclusion,
        strata: wanted.strata.clone(),
        key: key.sampling_key(),
    };
    let report = SamplingReport {
        inclusion_e9: wanted.inclusion.billionths(),
        strata: wanted.strata.iter().map(StratumReport::of).collect(),
        approved_by: wanted.approved_by.clone(),
        key: fingerprint(&sampling),
    };
    Ok(Some((sampling, report)))
}

/// What a run on record says of its lot.
fn drawn(run: &RunRecord) -> Option<SamplingReport> {
    #[derive(Deserialize)]
    struct Report {
        sampled_negatives: Option<SamplingReport>,
    }
    let report = serde_json::from_str::<Report>(&run.report).ok();
    report.and_then(|report| report.sampled_negatives)
}

/// The lot that a run on record drew with; `None` when it drew nobody.
pub(super) fn of_run(data: &DataFolder, run: &RunRecord) -> Result<Option<Sampling>, StepError> {
    let drawn = drawn(run).and_then(|drawn| {
        let strata = drawn.strata.iter().map(StratumReport::stratum);
        let strata: Option<Vec<Stratum>> = strata.collect();
        Inclusion::from_billionths(drawn.inclusion_e9).zip(strata)
    });
    let key = data.identity_key_on_record()?;
    Ok(drawn.zip(key).map(|((inclusion, strata), key)| Sampling {
        inclusion,
        strata,
        key: key.sampling_key(),
    }))
}

/// Whether the key by which a run on record drew is that of the folder; so it is when it drew nobody.
pub(super) fn is_held(data: &DataFolder, run: &RunRecord) -> Result<bool, StepError> {
    let drawn = drawn(run).map(|drawn| drawn.key);
    let held = of_run(data, run)?.map(|sampling| fingerprint(&sampling));
    Ok(drawn == held)
}

fn fingerprint(sampling: &Sampling) -> String {
    blake3::hash(&sampling.key).to_hex()[..32].to_owned()
}
