//! Sampled negatives in a run: who approved them, with which share and which key.

use serde::{Deserialize, Serialize};

use super::{DataFolder, StepError};
use crate::config::Config;
use crate::ledger::RunRecord;
use crate::pathway::{Inclusion, Sampling};

/// How a run drew residents below the action level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamplingReport {
    /// The probability of being drawn, in units of 1e-9.
    pub inclusion_e9: u32,
    /// Who approved it.
    pub approved_by: String,
    /// Which key drew, without telling the key: 32 hexadecimal digits.
    pub key: String,
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
        key: key.sampling_key(),
    };
    let report = SamplingReport {
        inclusion_e9: wanted.inclusion.billionths(),
        approved_by: wanted.approved_by.clone(),
        key: fingerprint(&sampling),
    };
    Ok(Some((sampling, report)))
}

/// The lot that a run on record drew with; `None` when it drew nobody.
pub(super) fn of_run(data: &DataFolder, run: &RunRecord) -> Result<Option<Sampling>, StepError> {
    #[derive(Deserialize)]
    struct Report {
        sampled_negatives: Option<SamplingReport>,
    }
    let report = serde_json::from_str::<Report>(&run.report).ok();
    let drawn = report.and_then(|report| report.sampled_negatives);
    let inclusion = drawn.and_then(|drawn| Inclusion::from_billionths(drawn.inclusion_e9));
    let key = data.identity_key_on_record()?;
    Ok(inclusion.zip(key).map(|(inclusion, key)| Sampling {
        inclusion,
        key: key.sampling_key(),
    }))
}

fn fingerprint(sampling: &Sampling) -> String {
    blake3::hash(&sampling.key).to_hex()[..32].to_owned()
}
