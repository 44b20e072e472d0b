//! Looking again, just before orders leave: death, move, refusal, diagnosis, non-disclosure.

use std::collections::HashMap;

use jiff::civil::Date;

use super::run::{checked_pulls, completed, sources_with_open_slices};
use super::{DataFolder, StepError};
use crate::delivery::Refused;
use crate::lake::{FactStream, RegisterRow, Table};
use crate::ledger::{ChannelTerms, RowView};
use crate::orders::{Action, still_wanted};
use crate::pathway;
use crate::profile::{Profile, ResidentId};
use crate::rulebook::Rulebook;

/// Decides again about every resident with an order that has not left, on the newest facts, and
/// takes back what is no longer wanted. The same rules decide: there is no second list of reasons.
///
/// Orders whose residents' data may be incomplete stay, and do not leave.
///
/// # Errors
///
/// When the lake or the ledger cannot be read or written.
pub fn recheck(
    rulebook: &Rulebook,
    data: &mut DataFolder,
    channels: &[ChannelTerms],
    today: Date,
) -> Result<(), StepError> {
    let (pull, rows) = data.ledger.unchecked(today)?;
    if rows.is_empty() {
        return Ok(());
    }
    let verdicts = verdicts(rulebook, data, today, &rows)?;
    data.ledger.checked(channels, (pull, today), &verdicts)?;
    Ok(())
}

type Verdict = Result<(), Refused>;

fn verdicts(
    rulebook: &Rulebook,
    data: &DataFolder,
    today: Date,
    rows: &[RowView],
) -> Result<Vec<(i64, Verdict)>, StepError> {
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
        let entry = register.get(&resident);
        let decision = match entry {
            None => None,
            Some(entry) => {
                let episode = data.ledger.episode(resident)?;
                let profile = Profile::as_of(completed(entry, &open), facts, today);
                Some(pathway::decide(rulebook, &profile, episode.as_ref()))
            }
        };
        for row in of_resident {
            let is_order = !matches!(row.order.action, Action::Cancel { .. });
            let wanted = decision
                .as_ref()
                .map(|decision| still_wanted(&row.order.action, decision));
            let verdict = match wanted {
                _ if row.order.send_by < today => Some(Err(Refused::TooLate)),
                _ if is_order && hidden.contains(&resident) => Some(Err(Refused::Withheld)),
                // Erased since: there is nobody to ask.
                None => Some(Err(Refused::NotExpressible)),
                Some(None) => None,
                Some(Some(true)) => Some(Ok(())),
                Some(Some(false)) => Some(Err(Refused::Withdrawn)),
            };
            verdicts.extend(verdict.map(|verdict| (row.id, verdict)));
        }
    }
    Ok(verdicts)
}
