//! Looking again, just before orders leave: death, move, refusal, diagnosis, non-disclosure, other rules.

use std::collections::HashMap;

use super::run::{checked_pulls, completed, decided, sources_with_open_slices};
use super::{DataFolder, StepError, sampling};
use crate::config::Config;
use crate::delivery::Refused;
use crate::lake::{FactStream, RegisterRow, Table};
use crate::ledger::{Checked, RowView, Stamp, Verdict};
use crate::orders::{Action, before_leaving, still_wanted};
use crate::pathway::Sampling;
use crate::profile::{Profile, ResidentId};
use crate::rulebook::Rulebook;

/// Decides again about every resident with an order that may still be sent, on the newest facts, and
/// stops what is no longer wanted. The same rules decide: there is no second list of reasons.
///
/// Orders whose residents' data may be incomplete stay, and do not leave. Returns false when the
/// lake is not what the ledger has committed (a pull is appearing just now, or was interrupted):
/// then nothing was looked at, and nothing leaves.
///
/// # Errors
///
/// When the lake or the ledger cannot be read or written.
pub fn recheck(
    rulebook: &Rulebook,
    data: &mut DataFolder,
    config: &Config,
    stamp: &Stamp,
) -> Result<bool, StepError> {
    let rows = data.ledger.unchecked(stamp)?;
    if rows.is_empty() {
        return Ok(true);
    }
    let before = published(data)?;
    if before.is_none() {
        return Ok(false);
    }
    let sampling = sampling::in_force(data, config)?.map(|(sampling, _)| sampling);
    let verdicts = verdicts(rulebook, data, sampling.as_ref(), stamp, &rows)?;
    // What appeared while reading was not wholly seen.
    if published(data)? != before || data.ledger.newest_pull()? != stamp.pull {
        return Ok(false);
    }
    data.ledger.checked(&config.terms(), stamp, &verdicts)?;
    Ok(true)
}

/// The generation that readers see, when it is the newest that was committed.
fn published(data: &DataFolder) -> Result<Option<u32>, StepError> {
    let committed = data.ledger.generation_number()?;
    Ok(committed.filter(|number| data.store.current() == Some(*number)))
}

fn verdicts(
    rulebook: &Rulebook,
    data: &DataFolder,
    sampling: Option<&Sampling>,
    stamp: &Stamp,
    rows: &[RowView],
) -> Result<Vec<Checked>, StepError> {
    let pulls = checked_pulls(rulebook, data)?;
    let open = sources_with_open_slices(&pulls);
    let register: HashMap<ResidentId, RegisterRow> = data
        .store
        .register(None)?
        .into_iter()
        .map(|row| (row.resident, row))
        .collect();
    let hidden = data.ledger.non_disclosed()?;
    let mut streams = Vec::new();
    for path in data.store.files(Table::Facts)? {
        streams.push(FactStream::open(&rulebook.catalogue, &path, None)?);
    }
    let mut verdicts = Vec::with_capacity(rows.len());
    for of_resident in rows.chunk_by(|a, b| a.order.resident == b.order.resident) {
        let resident = of_resident[0].order.resident;
        let mut facts = Vec::new();
        for stream in &mut streams {
            stream.take_until(resident, &mut facts)?;
        }
        let episode = data.ledger.episode(resident, None)?;
        let decision = register.get(&resident).map(|entry| {
            let profile = Profile::as_of(completed(entry, &open), facts, stamp.day);
            let before = before_leaving(episode.as_ref());
            decided(rulebook, resident, &profile, before.as_ref(), sampling).1
        });
        let language = register
            .get(&resident)
            .and_then(|entry| entry.language.clone());
        for row in of_resident {
            let is_order = !matches!(row.order.action, Action::Cancel { .. });
            let wanted = decision
                .as_ref()
                .map(|decision| still_wanted(rulebook, &row.order, episode.as_ref(), decision));
            let verdict = match wanted {
                _ if row.order.send_by < stamp.day => Verdict::Stop(Refused::TooLate),
                // Erased since: there is nobody to ask.
                None if is_order => Verdict::Stop(Refused::NotExpressible),
                Some(Some(false)) => Verdict::Stop(Refused::Withdrawn),
                _ if is_order && hidden.contains(&resident) => Verdict::Stop(Refused::Withheld),
                Some(None) => Verdict::Hold,
                Some(Some(true)) | None => Verdict::MayLeave,
            };
            verdicts.push(Checked {
                row: row.id,
                verdict,
                language: language.clone(),
            });
        }
    }
    Ok(verdicts)
}
