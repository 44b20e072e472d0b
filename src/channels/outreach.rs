//! Signed files for the people who write to residents without a portal, or call them.
//!
//! The files are those of `list`, with other columns: whom to reach (by the source's own name for them:
//! no address and no telephone number is in this program), how, in which language, with which words and
//! until when. What became of a row the people say as there, in `FILE.ack`; an answer that is seen in a
//! later pull says it as well. Of whom is not to be reached any more after all, `called-off.csv` has the
//! rows, in a file that is written anew whenever it changes: it is looked at before anybody is reached.

use std::{fs, io};

use super::Writer;
use super::handover::replace;
use super::list::Sheet;
use crate::config::ListFolder;
use crate::delivery::Route;
use crate::fhir;
use crate::ledger::{Addressee, NotExpressible};
use crate::orders::{Action, Order, OrderKey};

/// Rows for the people who reach residents without a portal.
pub(super) const OUTREACH: Sheet = Sheet {
    route: Route::Outreach,
    name: "outreach",
    columns: &[
        "order", "act", "by", "patient", "language", "subject", "text", "until",
    ],
    row,
};

/// The file of rows that were handed over and are not to be acted on any more.
const CALLED_OFF: &str = "called-off.csv";

fn row(
    settings: &ListFolder,
    writer: Writer<'_>,
    order: &Order,
    to: Addressee<'_>,
) -> Result<Vec<String>, NotExpressible> {
    // Whoever has a portal is reached there.
    if !to.is_without_portal {
        return Err(NotExpressible);
    }
    let is_reminder = match &order.action {
        Action::RemindQuestionnaire | Action::RemindLaboratory => true,
        Action::Questionnaire | Action::Message { .. } => false,
        Action::Laboratory { .. } | Action::Contact { .. } | Action::Cancel { .. } => {
            return Err(NotExpressible);
        }
    };
    let by = settings
        .reminders_by
        .filter(|_| is_reminder)
        .or(settings.by);
    let by = by.ok_or(NotExpressible)?;
    let letter = fhir::letter(writer.rulebook, order, writer.on, to.language);
    let letter = letter.map_err(|_| NotExpressible)?;
    Ok(vec![
        order.key().to_string(),
        order.action.name(),
        by.name().to_owned(),
        to.patient_id.to_owned(),
        letter.language.code().to_owned(),
        letter.subject,
        letter.text,
        order.due.to_string(),
    ])
}

/// Writes down which rows are called off, where that has changed. All of them each time, so that a
/// file which was lost or never read is made up for by the next.
///
/// # Errors
///
/// When the folder cannot be written to.
pub fn call_off(settings: &ListFolder, keys: &[OrderKey]) -> io::Result<()> {
    let path = settings.folder.join(CALLED_OFF);
    let mut content = String::from("order\r\n");
    for key in keys {
        content.push_str(&format!("{key}\r\n"));
    }
    match fs::read(&path) {
        Ok(known) if known == content.as_bytes() => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound && keys.is_empty() => return Ok(()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(_) | Err(_) => {}
    }
    replace(&settings.folder, CALLED_OFF, content.as_bytes())
}
