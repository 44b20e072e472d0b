//! `Task`: something that somebody follows up for a resident, and how far it is.

use preventiojyraa_core::intake::{Content, Issue};
use preventiojyraa_core::profile::Standing;

use super::channel::ORDERS;
use super::frame::{Frame, first_code};
use super::reading::{Reading, Resource};
use super::wire::Task;

/// What a task tells of a resident. Our own tasks are known from the ledger and say nothing here.
pub(super) fn task<'p>(
    reading: &Reading<'_>,
    task: &'p Task<'_>,
    digest: u64,
) -> Result<Resource<'p>, Issue> {
    let status = task.status.as_deref().unwrap_or("missing");
    let period = task.execution_period.as_ref();
    // The day on which it began, or ended, is told apart from the day on which somebody wrote it down.
    let since = match status {
        "in-progress" => period.and_then(|period| period.start.as_deref()),
        "completed" => period.and_then(|period| period.end.as_deref()),
        _ => None,
    };
    let (modified, authored) = (task.last_modified.as_deref(), task.authored_on.as_deref());
    let frame = Frame {
        resource_type: "Task",
        id: task.id.as_deref(),
        meta: task.meta.as_ref(),
        subject: task.subject.as_ref(),
        digest,
        standing: Standing::Established,
        effective: since.or(modified).or(authored),
        until: None,
        recorded: modified,
        laboratory: None,
    };
    let mut identifiers = task.identifier.iter().flatten();
    let is_own = identifiers.any(|identifier| identifier.system.as_deref() == Some(ORDERS));
    let codings = if is_own {
        Vec::new()
    } else {
        reading.codings(task.code.as_ref())
    };
    let is_told = reading.is_progress(&codings);
    let content = match status {
        "entered-in-error" if is_told || (task.code.is_none() && !is_own) => Content::Withdrawn,
        _ => Content::Progress {
            codings,
            status,
            business: reading.codings(task.business_status.as_ref()),
        },
    };
    frame.statements(
        reading,
        vec![content],
        first_code("Task", task.code.as_ref()),
    )
}
