//! Tasks, for the people who do them.

use jiff::civil::Date;
use serde::Serialize;

use super::explain::stored;
use super::run::runs_of;
use super::{DataFolder, StepError};
use crate::config::Role;
use crate::delivery::TaskCode;
use crate::ledger::{Holder, Matter, NotClosed, NotHandedOver, OpenTask};
use crate::profile::ResidentId;
use crate::rulebook::{Priority, Rulebook, State};

/// Tasks that are open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenTasks {
    /// The day on which it is said what is late.
    pub on: String,
    /// How many are late.
    pub late: u64,
    /// What cannot wait a day first, then by the day until when somebody should have looked.
    pub tasks: Vec<TaskShown>,
}

/// An open task, as the person sees it who does it: by opaque ids only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskShown {
    /// Its number.
    pub task: u64,
    /// `same-day`, `urgent`, `soon` or `routine`.
    pub priority: &'static str,
    /// Until when somebody should have looked.
    pub due: String,
    /// Whether that day is over.
    pub is_late: bool,
    /// Who looks: `professional` where it is about somebody's health, `operator` where an order did not
    /// arrive as it should.
    pub owner: &'static str,
    /// Who has it in hand, the name of a person or a role; nobody unless it was handed over.
    pub holder: Option<String>,
    /// What there is to do: the id of a row of the pathway, an act, or a code of this program.
    pub what: String,
    /// The same in a sentence without a subject, where the rules have one.
    pub says: Option<String>,
    /// Whom it is about.
    pub resident: String,
    /// Since when.
    pub opened_on: String,
    /// The day of the fact it rests on.
    pub about: Option<String>,
    /// The key of the order it is about.
    pub order: Option<String>,
}

impl DataFolder {
    /// Tasks that are open, and which of them are late on a day.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub fn open_tasks(&self, rulebook: &Rulebook, on: Date) -> Result<OpenTasks, StepError> {
        let tasks = self.ledger.tasks()?.into_iter();
        let tasks: Vec<TaskShown> = tasks.map(|open| shown(rulebook, on, open)).collect();
        Ok(OpenTasks {
            on: on.to_string(),
            late: tasks.iter().filter(|task| task.is_late).count() as u64,
            tasks,
        })
    }

    /// Closes tasks, all of them or none: a person has done what there was to do, and says what came of it.
    ///
    /// # Errors
    ///
    /// [`NotClosed`] names the first task that cannot be closed.
    pub fn close_tasks(&mut self, ids: &[u64], by: &str, why: &str) -> Result<(), NotClosed> {
        self.ledger.close_tasks(ids, by, why)
    }

    /// Hands matters over to somebody, or back to nobody, all of them or none. No deadline moves, and
    /// nothing leaves the worklist.
    ///
    /// # Errors
    ///
    /// [`NotHandedOver`] names the first matter that cannot be handed over.
    pub fn hand_over(
        &mut self,
        matters: &[Matter],
        to: Option<&Holder>,
        by: &str,
        reason: &str,
    ) -> Result<(), NotHandedOver> {
        self.ledger.hand_over(matters, to, (by, reason))
    }

    /// Whether the newest run has a resident among those who are to be confirmed.
    ///
    /// # Errors
    ///
    /// When the ledger or the lake cannot be read.
    pub fn is_confirming(
        &self,
        rulebook: &Rulebook,
        resident: ResidentId,
    ) -> Result<bool, StepError> {
        let runs = runs_of(rulebook, self)?;
        let Some(run) = runs.last() else {
            return Ok(false);
        };
        let decided = stored(self, resident, run.id)?;
        Ok(decided.is_some_and(|row| row.known_state() == State::Confirming))
    }
}

/// Roles to which something can be handed over: those of people who see cases, or the state of orders.
pub const HOLDING: [Role; 3] = [Role::Clinician, Role::Operator, Role::MedicalLead];

/// The holder that is a role of this name, when something can be handed over to it.
#[must_use]
pub fn holding_role(name: &str) -> Option<Holder> {
    let role = HOLDING.iter().find(|role| role.name() == name);
    role.map(|role| Holder::Role(role.name().to_owned()))
}

pub(super) fn shown(rulebook: &Rulebook, on: Date, open: OpenTask) -> TaskShown {
    let OpenTask {
        id,
        task,
        order,
        holder,
    } = open;
    let rows = &rulebook.pathway.rows;
    let row = rows.iter().find(|row| row.id == task.code);
    TaskShown {
        task: id,
        priority: Priority::name(task.priority),
        due: task.due.to_string(),
        is_late: task.due < on,
        owner: owner(&task.code).name(),
        holder: holder.map(|holder| holder.name().to_owned()),
        says: row.map(|row| row.says.clone()),
        what: task.code,
        resident: task.resident.to_string(),
        opened_on: task.opened_on.to_string(),
        about: task.about.map(|day| day.to_string()),
        order: order.map(|key| key.to_string()),
    }
}

/// Who looks at a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// Where it is about somebody's health.
    Professional,
    /// Where an order did not arrive as it should.
    Operator,
}

impl Owner {
    const fn name(self) -> &'static str {
        match self {
            Self::Professional => "professional",
            Self::Operator => "operator",
        }
    }
}

/// Who looks at a task of this code.
pub(super) fn owner(code: &str) -> Owner {
    let code = TaskCode::NAMES.iter().find(|(name, _)| *name == code);
    match code.map(|(_, code)| code) {
        Some(
            TaskCode::DeliveryUnknown
            | TaskCode::DeliveryRefused
            | TaskCode::DeliveryTooLate
            | TaskCode::DeliveryDoubled
            | TaskCode::DeliveryMissing
            | TaskCode::DeliveryNotTakenBack,
        ) => Owner::Operator,
        // Rows of the pathway, acts done by hand, and whoever was not told or not asked.
        Some(
            TaskCode::DeliveryWithheld
            | TaskCode::DeliveryReturned
            | TaskCode::ResidentNotTold
            | TaskCode::PlaceOrder
            | TaskCode::TakeBackOrder
            | TaskCode::ContactNotAsked
            | TaskCode::ResultOfAnother
            | TaskCode::ResultNotUnderstood
            | TaskCode::EntriesUnclear
            | TaskCode::EntriesParted,
        )
        | None => Owner::Professional,
    }
}
