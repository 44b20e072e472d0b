//! Worklist: who waits for a professional, one row each, what cannot wait first.
//!
//! The newest run says where residents stand; tasks and orders are read as they are now. It is kept
//! until work has changed in the ledger, and so is which rows each choice of them shows: a page of a hundred
//! thousand rows costs what it shows.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use jiff::civil::Date;

use super::run::runs_of;
use super::tasks::{Owner, owner};
use super::worklist_choice::{Choice, Chosen, Whose};
use super::{Access, DataFolder, StepError};
use crate::ledger::{AuditAct, Holder, OpenOrder, OpenTask, WorkStamp};
use crate::profile::{ResidentId, Sex};
use crate::rulebook::{Priority, Rulebook, Score, State};

/// Why somebody is on the worklist; what comes first is looked at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WaitsFor {
    /// Somebody to look the same day.
    SameDay,
    /// A professional to confirm, or rule out, what a result suggests.
    Confirming,
    /// A professional to look, for another reason.
    Professional,
    /// An order to leave: it can be approved or held.
    OrderToLeave,
    /// A sample to be taken and its result.
    Result,
}

impl WaitsFor {
    /// Every reason with its name, in the order of the worklist.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("same-day", Self::SameDay),
        ("confirm", Self::Confirming),
        ("look", Self::Professional),
        ("order-to-leave", Self::OrderToLeave),
        ("result", Self::Result),
    ];

    /// The name in addresses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        Self::NAMES[self as usize].0
    }
}

/// Somebody on the worklist. No `Debug`: it is about a person.
pub struct Waiting {
    /// Who.
    pub resident: ResidentId,
    /// For what.
    pub waits_for: WaitsFor,
    /// Their district, where it is known and anybody's to know.
    pub district: Option<Arc<str>>,
    /// Sex, as the register has it.
    pub sex: Sex,
    /// Youngest and oldest possible age on the day of the list.
    pub age: Option<(i16, i16)>,
    /// Where the newest run has them; `None` when it has not decided about them.
    pub state: Option<State>,
    /// Lowest and highest score in the newest run.
    pub score: Option<(Score, Score)>,
    /// Lowest and highest probability of that score, in units of 1e-9, by the calibration of the run.
    pub probability: Option<(u32, u32)>,
    /// The row of the pathway that decided.
    pub row: Option<Arc<str>>,
    /// Open tasks of professionals, what cannot wait first.
    pub tasks: Vec<OpenTask>,
    /// Who has it in hand to confirm them, when that was handed over.
    pub holder: Option<Holder>,
    /// Laboratory orders without an answer.
    pub orders: Vec<OpenOrder>,
    /// The day until when somebody should have looked, or a sample should be there.
    pub due: Option<Date>,
}

impl Waiting {
    /// Who has in hand what a professional is to do, matter by matter; nothing where there is nothing to do.
    #[must_use]
    pub fn holders(&self) -> Vec<Option<&Holder>> {
        let mut holders: Vec<Option<&Holder>> =
            self.tasks.iter().map(|open| open.holder.as_ref()).collect();
        let is_to_confirm = self.waits_for == WaitsFor::Confirming;
        if self.holder.is_some() || is_to_confirm && holders.is_empty() {
            holders.push(self.holder.as_ref());
        }
        holders
    }

    /// Whether any of it is somebody's, or nobody's.
    #[must_use]
    pub fn is_of(&self, whose: &Whose) -> bool {
        let holders = self.holders().into_iter();
        holders.into_iter().any(|holder| whose.holds(holder))
    }

    /// Whether the day is over until when somebody should have looked.
    #[must_use]
    pub fn is_late(&self, on: Date) -> bool {
        self.due.is_some_and(|due| due < on)
    }

    /// What looking at them first is worth: how probable the outcome is, times the days since it was
    /// decided. Only among those who wait for the same.
    fn delayed_benefit(&self, on: Date) -> u64 {
        let decided = self.orders.iter().map(|order| order.decided_on).min();
        let days = decided.map_or(0, |day| (on - day).get_days().max(0));
        let probability = self
            .probability
            .map_or(0, |(low, high)| u64::from(low).midpoint(u64::from(high)));
        probability.saturating_mul(u64::try_from(days).unwrap_or(0) + 1)
    }
}

/// Who waits for a professional.
pub struct Worklist {
    /// The day of the list.
    pub on: Date,
    /// One row for each resident, what cannot wait first.
    pub rows: Vec<Waiting>,
    /// The newest run, and the day as of which it decided.
    pub run: Option<(u32, Date)>,
    /// Which rows were shown to whom, since it was made.
    pub(super) chosen: Mutex<Vec<(Choice, Arc<Chosen>)>>,
}

/// The worklist of a data folder, kept as long as work does not change in the ledger.
pub struct Worklists {
    root: PathBuf,
    held: Option<Held>,
}

struct Held {
    data: DataFolder,
    version: i64,
    stamp: WorkStamp,
    list: Arc<Worklist>,
    /// What the lake says of those on it, by the pull and the run that it was read after.
    cards: Cards,
}

impl Held {
    /// Whether no work has changed since the list was read. That others look is written too, and is none.
    fn is_as_it_was(&mut self) -> Result<bool, StepError> {
        let version = self.data.ledger.data_version()?;
        if version == self.version {
            return Ok(true);
        }
        let is_same = self.data.ledger.work_stamp()? == self.stamp;
        if is_same {
            self.version = version;
        }
        Ok(is_same)
    }
}

/// What lake and register say of residents.
struct Cards {
    of: (u32, u32),
    by_resident: HashMap<ResidentId, Card>,
}

struct Card {
    district: Option<Arc<str>>,
    sex: Sex,
    age: Option<(i16, i16)>,
    decided: Option<DecidedCard>,
}

struct DecidedCard {
    state: State,
    row: Arc<str>,
    score: Option<(Score, Score)>,
    probability: Option<(u32, u32)>,
}

impl Worklists {
    /// The worklist of a data folder; nothing is read yet.
    #[must_use]
    pub const fn of(root: PathBuf) -> Self {
        Self { root, held: None }
    }

    /// The worklist on a day, once it is on record that `viewer` looks at it.
    ///
    /// # Errors
    ///
    /// When lake or ledger cannot be read, or that somebody looks cannot be written down.
    pub fn shown_to(
        &mut self,
        rulebook: &Rulebook,
        viewer: &str,
        on: Date,
    ) -> Result<Arc<Worklist>, StepError> {
        let list = self.current(rulebook, on)?;
        if let Some(held) = &mut self.held {
            // By the connection that is held: what it writes itself is no news to it.
            let n = list.rows.len().to_string();
            held.data.audit(viewer, AuditAct::ListedTasks, None, &n)?;
        }
        Ok(list)
    }

    fn current(&mut self, rulebook: &Rulebook, on: Date) -> Result<Arc<Worklist>, StepError> {
        if let Some(held) = &mut self.held
            && held.list.on == on
            && held.is_as_it_was()?
        {
            return Ok(Arc::clone(&held.list));
        }
        let data = DataFolder::open(&self.root, Access::Read)?;
        // Read before the list: what is written meanwhile makes it be read again.
        let version = data.ledger.data_version()?;
        let stamp = data.ledger.work_stamp()?;
        let before = self.held.take().filter(|held| held.list.on == on);
        let (list, cards) = listed(rulebook, &data, on, before.map(|held| held.cards))?;
        let list = Arc::new(list);
        self.held = Some(Held {
            data,
            version,
            stamp,
            list: Arc::clone(&list),
            cards,
        });
        Ok(list)
    }
}

/// What waits, by resident.
#[derive(Default)]
struct Matters {
    tasks: Vec<OpenTask>,
    orders: Vec<OpenOrder>,
    holder: Option<Holder>,
}

fn listed(
    rulebook: &Rulebook,
    data: &DataFolder,
    on: Date,
    before: Option<Cards>,
) -> Result<(Worklist, Cards), StepError> {
    let mut matters: BTreeMap<ResidentId, Matters> = BTreeMap::new();
    for open in data.ledger.tasks()? {
        if owner(&open.task.code) == Owner::Professional {
            let resident = open.task.resident;
            matters.entry(resident).or_default().tasks.push(open);
        }
    }
    for order in data.ledger.open_orders(None)? {
        let resident = order.resident;
        matters.entry(resident).or_default().orders.push(order);
    }
    let runs = runs_of(rulebook, data)?;
    let run = runs.last();
    let day = run.map(|run| run.index_date.parse().map_err(|_| StepError::NothingRun));
    let run = run.map(|run| run.id).zip(day.transpose()?);
    let pull = data.ledger.pulls()?.last().map_or(0, |pull| pull.id);
    let of = (pull, run.map_or(0, |(id, _)| id));
    let is_known = |cards: &Cards| {
        let known = &cards.by_resident;
        cards.of == of && matters.keys().all(|resident| known.contains_key(resident))
    };
    let cards = match before.filter(is_known) {
        Some(cards) => cards,
        None => Cards {
            of,
            by_resident: cards(data, &matters, run, on)?,
        },
    };
    let known = cards.by_resident.iter();
    let mut in_hand = data.ledger.confirming_in_hand(None)?;
    let rows = known.filter_map(|(resident, card)| {
        let mut matters = matters.remove(resident).unwrap_or_default();
        matters.holder = in_hand.remove(resident);
        row(*resident, card, matters)
    });
    let mut rows: Vec<Waiting> = rows.collect();
    rows.sort_by_cached_key(|row| {
        let due = row.due.unwrap_or(Date::MAX);
        let benefit = std::cmp::Reverse(row.delayed_benefit(on));
        match row.waits_for {
            WaitsFor::SameDay | WaitsFor::Confirming | WaitsFor::Professional => {
                (row.waits_for, due, benefit, row.resident)
            }
            WaitsFor::OrderToLeave | WaitsFor::Result => {
                (row.waits_for, Date::MIN, benefit, row.resident)
            }
        }
    });
    let list = Worklist {
        on,
        rows,
        run,
        chosen: Mutex::default(),
    };
    Ok((list, cards))
}

/// What lake and register say of everybody about whom something waits, or whom the run left to a
/// professional.
fn cards(
    data: &DataFolder,
    matters: &BTreeMap<ResidentId, Matters>,
    run: Option<(u32, Date)>,
    on: Date,
) -> Result<HashMap<ResidentId, Card>, StepError> {
    let mut decided = HashMap::new();
    if let Some((run, _)) = run {
        data.store.decisions_of(run, |row| {
            let state = row.known_state();
            if state == State::Confirming || matters.contains_key(&row.resident) {
                let card = DecidedCard {
                    state,
                    row: row.row,
                    score: row.score,
                    probability: row.probability,
                };
                decided.insert(row.resident, card);
            }
        })?;
    }
    let mut cards = HashMap::new();
    for entry in data.store.register(None)? {
        let resident = entry.resident;
        let decided = decided.remove(&resident);
        if decided.is_none() && !matters.contains_key(&resident) {
            continue;
        }
        let card = Card {
            district: entry.district,
            sex: entry.register.sex,
            age: entry.register.birth.age_on(on),
            decided,
        };
        cards.insert(resident, card);
    }
    // Whoever has been erased meanwhile is on no register, and a task of theirs is nobody's.
    Ok(cards)
}

/// Somebody's row; none when nothing waits.
fn row(resident: ResidentId, card: &Card, matters: Matters) -> Option<Waiting> {
    let Matters {
        tasks,
        mut orders,
        holder,
    } = matters;
    let decided = card.decided.as_ref();
    let state = decided.map(|decided| decided.state);
    let is_out = matches!(state, Some(State::Ordered | State::Overdue));
    // An order that has left counts as long as its result is waited for, not for ever.
    orders.retain(|order| order.waits || is_out);
    let is_today = |open: &OpenTask| open.task.priority == Priority::SameDay;
    let waits_for = if tasks.iter().any(is_today) {
        WaitsFor::SameDay
    } else if state == Some(State::Confirming) {
        WaitsFor::Confirming
    } else if !tasks.is_empty() {
        WaitsFor::Professional
    } else if orders.iter().any(|order| order.waits) {
        WaitsFor::OrderToLeave
    } else if !orders.is_empty() {
        WaitsFor::Result
    } else {
        return None;
    };
    let looked_at = tasks.iter().map(|open| open.task.due).min();
    let left = orders.iter().filter(|order| order.waits);
    let due = match waits_for {
        WaitsFor::SameDay | WaitsFor::Confirming | WaitsFor::Professional => looked_at,
        WaitsFor::OrderToLeave => left.map(|order| order.send_by).min(),
        WaitsFor::Result => orders.iter().map(|order| order.due).min(),
    };
    Some(Waiting {
        resident,
        waits_for,
        district: card.district.clone(),
        sex: card.sex,
        age: card.age,
        state,
        score: decided.and_then(|decided| decided.score),
        probability: decided.and_then(|decided| decided.probability),
        row: decided.map(|decided| Arc::clone(&decided.row)),
        tasks,
        // A hand-over of a confirming says nothing where there is nothing to confirm any more.
        holder: holder.filter(|_| state == Some(State::Confirming)),
        orders,
        due,
    })
}
