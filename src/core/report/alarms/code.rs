//! What each alarm means, whose it is, and what they do.
//!
//! The runbook of every alarm stands here, once, and the command line prints it.

/// Who acts on an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlarmOwner {
    /// Who runs the program and its connections.
    Operator,
    /// Who leads the nurses of the programme.
    NurseLead,
    /// Who stands for the medicine of the programme.
    MedicalLead,
    /// Who speaks with the laboratories.
    LaboratoryLiaison,
}

impl AlarmOwner {
    /// As people read it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::NurseLead => "nurse lead",
            Self::MedicalLead => "medical lead",
            Self::LaboratoryLiaison => "laboratory liaison",
        }
    }
}

/// A kind of alarm. A closed list; names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlarmCode {
    /// Nothing leaves to residents any more.
    InvitationsSilent,
    /// No laboratory order leaves any more.
    OrdersSilent,
    /// No result comes any more.
    ResultsSilent,
    /// What was handed over is not acknowledged.
    OrdersNotTaken,
    /// What was planned does not leave.
    OrdersNotLeaving,
    /// What is handed over, acknowledged and closed does not agree.
    OrdersDiffer,
    /// Too much that could matter has codes that no rule knows.
    CodesNotUnderstood,
    /// A code that no rule knows has become frequent.
    CodeNewlyFrequent,
    /// So many, or so few, are flagged or to be asked as should not be.
    CohortOutOfBounds,
    /// Far more or fewer are flagged or to be asked than in the runs before.
    CohortJumped,
    /// Residents wait too long to be asked.
    AskingBehind,
    /// Tasks of people are late.
    TasksLate,
    /// More laboratory orders leave in a week than the laboratory can take.
    LaboratoryOverfull,
    /// Results in the range of the disease wait too long for a professional.
    ConfirmingLate,
    /// Exclusions should be looked at again.
    ExclusionsDue,
    /// Too many records contradict themselves.
    RecordsContradict,
    /// Too many are diagnosed whom the programme had passed over.
    IntervalCasesMany,
    /// The calibration in force is not as right as it was.
    CalibrationDrifts,
    /// Nothing was pulled from a source.
    PullMissing,
    /// Nobody was decided about.
    RunMissing,
}

impl AlarmCode {
    /// Every code with its name, in the order reports list them.
    pub const NAMES: [(&'static str, Self); 20] = [
        ("invitations-silent", Self::InvitationsSilent),
        ("orders-silent", Self::OrdersSilent),
        ("results-silent", Self::ResultsSilent),
        ("orders-not-taken", Self::OrdersNotTaken),
        ("orders-not-leaving", Self::OrdersNotLeaving),
        ("orders-differ", Self::OrdersDiffer),
        ("codes-not-understood", Self::CodesNotUnderstood),
        ("code-newly-frequent", Self::CodeNewlyFrequent),
        ("cohort-out-of-bounds", Self::CohortOutOfBounds),
        ("cohort-jumped", Self::CohortJumped),
        ("asking-behind", Self::AskingBehind),
        ("tasks-late", Self::TasksLate),
        ("laboratory-overfull", Self::LaboratoryOverfull),
        ("confirming-late", Self::ConfirmingLate),
        ("exclusions-due", Self::ExclusionsDue),
        ("records-contradict", Self::RecordsContradict),
        ("interval-cases-many", Self::IntervalCasesMany),
        ("calibration-drifts", Self::CalibrationDrifts),
        ("pull-missing", Self::PullMissing),
        ("run-missing", Self::RunMissing),
    ];

    /// The name.
    ///
    /// # Panics
    ///
    /// Never: every code is in [`AlarmCode::NAMES`].
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(_, code)| *code == self);
        found.expect("every code has a name").0
    }

    /// Who acts on it.
    #[must_use]
    pub const fn owner(self) -> AlarmOwner {
        match self {
            Self::InvitationsSilent
            | Self::OrdersNotTaken
            | Self::OrdersNotLeaving
            | Self::OrdersDiffer
            | Self::PullMissing
            | Self::RunMissing => AlarmOwner::Operator,
            Self::AskingBehind | Self::TasksLate => AlarmOwner::NurseLead,
            Self::OrdersSilent | Self::ResultsSilent | Self::LaboratoryOverfull => {
                AlarmOwner::LaboratoryLiaison
            }
            Self::CodesNotUnderstood
            | Self::CodeNewlyFrequent
            | Self::CohortOutOfBounds
            | Self::CohortJumped
            | Self::ConfirmingLate
            | Self::ExclusionsDue
            | Self::RecordsContradict
            | Self::IntervalCasesMany
            | Self::CalibrationDrifts => AlarmOwner::MedicalLead,
        }
    }

    /// When it is raised.
    #[must_use]
    pub const fn definition(self) -> &'static str {
        match self {
            Self::InvitationsSilent => {
                "questions, reminders and messages by one channel or to one district have stopped, or nearly, for longer than chance explains"
            }
            Self::OrdersSilent => {
                "laboratory orders by one channel or for one district have stopped, or nearly, for longer than chance explains"
            }
            Self::ResultsSilent => {
                "results of the tests that the programme orders, from one laboratory or of one district, have stopped, or nearly, for longer than chance explains"
            }
            Self::OrdersNotTaken => {
                "orders of a channel left more working days ago than `not_taken_days`, and nothing says that they were taken"
            }
            Self::OrdersNotLeaving => {
                "orders of a channel were decided more working days ago than `not_leaving_days`, and have not left"
            }
            Self::OrdersDiffer => {
                "what was handed over, acknowledged and closed does not agree in the ledger, or a comparison with the other side has left open tasks"
            }
            Self::CodesNotUnderstood => {
                "of a source, the share of resources that could matter and have codes that no rule knows is above the rules' limit"
            }
            Self::CodeNewlyFrequent => {
                "in the newest pull of a source, a code that no rule knows is far more frequent than in the pull before, by the rules' limit"
            }
            Self::CohortOutOfBounds => {
                "in the newest run, the residents to be asked or to be tested are fewer or more than `asked` or `flagged` allow"
            }
            Self::CohortJumped => {
                "in the newest run, the residents to be asked or to be tested are more or fewer than the median of the five runs before by over `jump_percent` and over `jump_residents`"
            }
            Self::AskingBehind => {
                "somebody has waited to be asked for more weeks than `waiting_weeks`"
            }
            Self::TasksLate => "more tasks than `late_tasks` are open after their last day",
            Self::LaboratoryOverfull => {
                "since Monday, or in the week before, more laboratory orders have left than `laboratory_orders_per_week`"
            }
            Self::ConfirmingLate => {
                "somebody with results in the range of the disease has waited for a professional for longer than the rules give for it"
            }
            Self::ExclusionsDue => {
                "in the newest run, more exclusions than `exclusions_due` are past the day on which somebody should look again"
            }
            Self::RecordsContradict => {
                "in the newest run, a contradiction is on record for more of every thousand residents than `contradictions_per_thousand`"
            }
            Self::IntervalCasesMany => {
                "in twelve months, more residents were diagnosed without ever having been flagged, for every thousand passed over, than `interval_cases_per_thousand`"
            }
            Self::CalibrationDrifts => {
                "since some month of index dates, more or fewer are confirmed than the calibration in force promises, compared with the months before and by more than chance explains, and it was not fitted on decisions of that time"
            }
            Self::PullMissing => "a source was never pulled, or not for more days than `pull_days`",
            Self::RunMissing => "no run has decided, or not for more days than `run_days`",
        }
    }

    /// What its owner does.
    #[must_use]
    pub const fn runbook(self) -> &'static str {
        match self {
            Self::InvitationsSilent => {
                "See whether anything is planned (`preventio effects status`): if effects are stopped, find out by whom and why. If orders wait, look at the dispatcher and at its channel's server or folder (`preventio server check`; is the disk full, may the folder be written?). If nothing is planned, look at the newest run: does the scope still name the district, did the register still bring it? When it runs again, see that the backlog leaves (`preventio reconcile`). A channel or district that has ended for good goes into `ended`."
            }
            Self::OrdersSilent => {
                "See whether orders wait (`preventio effects status`) and whether the channel of the laboratory answers (`preventio server check`). If nothing is planned, compare the newest run with the one before: has nobody scored at the level, or was a rule or a code changed? Tell the laboratory what to expect once the backlog leaves. What has ended for good goes into `ended`."
            }
            Self::ResultsSilent => {
                "Ask the laboratory whether it has reported, and the record system whether its interface has stopped; look whether pulls still bring other things of that source, and whether its results now come with codes that no rule knows (`code-newly-frequent`). Until results are back, residents who were tested look as if they had not come: do not let reminders go out (`preventio effects stop`) when it lasts. When they return, pull from before the gap. A laboratory that has ended goes into `ended`."
            }
            Self::OrdersNotTaken => {
                "Somebody on the other side has to take these: ask the printer, the laboratory or whoever empties the folder whether the files are there, and whether they can be opened. Never write them a second time by hand. If they are lost, say so (`refused` in the acknowledgement), and a person has each of them as a task. Afterwards `preventio reconcile` shows whether everything arrived."
            }
            Self::OrdersNotLeaving => {
                "Is a dispatcher running? Are effects stopped, is the legal basis over, does the channel wait for approvals (`preventio orders list`)? Can the server be reached and the folder be written? What cannot leave by its last day becomes a task for a person."
            }
            Self::OrdersDiffer => {
                "Run `preventio reconcile` with the configuration: it asks the other side and names each order that differs. Look at the tasks it opened (`preventio tasks list`), see to each, and close it with what came of it. Run it again until everything agrees."
            }
            Self::CodesNotUnderstood => {
                "Look at the codes in the report of the newest pull. Those that mean something for the programme go into the rules, with a source; those that do not are named there as of no matter. Until then decisions rest on less than the record holds: a run that acts refuses by itself. After the change, `preventio look-back` lists whose decision it would have changed."
            }
            Self::CodeNewlyFrequent => {
                "A source has begun to use another code. Ask it what the code means and since when; add it to the rules, with a source, pull anew, and let `preventio look-back` say for whom it matters. A result that comes under an unknown code is a result that nobody sees."
            }
            Self::CohortOutOfBounds => {
                "Nothing more should leave before somebody knows why: `preventio effects stop`. Compare the newest run with the one before, and the rules of both (`preventio rules diff`). Too few: is the register whole, was an age or a code lost? Too many: was a limit or a unit changed? If it is right, set the bounds anew, by name of whoever decided it."
            }
            Self::CohortJumped => {
                "Find what changed between the runs: rules (`preventio rules diff`), sources (a pull that brought much, or was cut short), or the register. If nobody can say, stop effects until somebody can. A first wave of questionnaires makes a jump that is right."
            }
            Self::AskingBehind => {
                "More residents are to be asked than may leave each week. See how many weeks it takes at this pace (`preventio effects status`), and decide with the medical lead: more a week, another order of who is first, or a smaller scope. Waiting must not become not being asked."
            }
            Self::TasksLate => {
                "List them (`preventio tasks list`): what cannot wait a day is first. Give each to somebody by name. If they are late each week, there are too few hands for the pace of asking: say so to the medical lead, who can lower it."
            }
            Self::LaboratoryOverfull => {
                "Ask the laboratory what it can take this week, and whether appointments are still to be had. Lower the number of questionnaires that leave a week, since orders follow answers; put the channel under review (`mode = \"reviewed\"`) if it cannot wait."
            }
            Self::ConfirmingLate => {
                "These residents may have the disease and have not heard it from a professional. Take their tasks first (`preventio tasks list`), find for each a professional who acts today, and ask why nobody has. What was done elsewhere is seen when the diagnosis comes with a pull."
            }
            Self::ExclusionsDue => {
                "Whoever was passed over for a reason that has grown old may be passed over wrongly. Have the exclusions of each row looked at: is the evidence still there, does it still hold? What does not is corrected in the record, and the next run decides anew."
            }
            Self::RecordsContradict => {
                "The record says two things about the same residents, and one of them is wrong; some may be passed over for a disease that they do not have. Look at a few of the row (`preventio explain`) for a common cause, as a code that is read wrongly. A common cause is corrected in the rules, single records by the professionals who answer for them."
            }
            Self::IntervalCasesMany => {
                "List them (`preventio alarms interval-cases`), and look at a sample with `preventio explain`: was a fact missing, too old, or read wrongly, or is the action level too high? The medical lead answers in the yearly report. Some are to be expected: a score is no proof."
            }
            Self::CalibrationDrifts => {
                "Read `preventio model drift`: since when, by how much, and which items have changed meanwhile. First look for a cause that is no change of people: a diagnosis that comes late or under another code, a laboratory with another method, a question that is asked otherwise, a test that is ordered for others. Such a cause is corrected where it lies. If people have changed, propose a recalibration (`preventio model propose`); the alarm ends when one is in force that was fitted on decisions of that time. Do not recalibrate downward for what treatment has prevented."
            }
            Self::PullMissing => {
                "Run the pull by hand and read what it says. Is the server there, the key still good, the permission in force, the disk full? Until it is pulled, decisions are about the past and silence of its results cannot be told from nobody asking."
            }
            Self::RunMissing => {
                "Run it by hand and read what it says; look at whatever starts it daily. Without runs nobody is asked, reminded or handed to a nurse, and new results are not seen."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_alarm_has_one_name_a_definition_an_owner_and_a_runbook() {
        for (n, (name, code)) in AlarmCode::NAMES.iter().enumerate() {
            let kebab = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
            assert!(name.bytes().all(kebab), "{name}");
            assert!(
                AlarmCode::NAMES[..n].iter().all(|(other, _)| other != name),
                "{name}"
            );
            assert_eq!(code.name(), *name);
            assert!(!code.owner().name().is_empty());
            assert!(40 < code.definition().len(), "{name}");
            assert!(120 < code.runbook().len(), "{name}");
        }
    }
}
