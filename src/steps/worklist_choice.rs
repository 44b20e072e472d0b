//! Which rows of the worklist somebody wants to see: made once for each choice, and kept as long as the list is.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use jiff::civil::Date;

use super::worklist::{Waiting, WaitsFor, Worklist};
use crate::config::{Reach, Role};
use crate::ledger::Holder;

/// Whose what waits is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// Nobody has it in hand.
    Nobodys,
    /// Somebody has it in hand who is called so, or whoever has one of these roles.
    Of(String, Vec<Role>),
}

impl Whose {
    /// Whether something that this holder has in hand is meant. Names are the same in capitals and without.
    pub(super) fn holds(&self, holder: Option<&Holder>) -> bool {
        match (self, holder) {
            (Self::Nobodys, holder) => holder.is_none(),
            (Self::Of(name, _), Some(Holder::Person(held))) => {
                held.to_lowercase() == name.to_lowercase()
            }
            (Self::Of(_, roles), Some(Holder::Role(held))) => {
                roles.iter().any(|role| role.name() == held)
            }
            (Self::Of(..), None) => false,
        }
    }
}

/// Which rows somebody wants to see.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Choice {
    /// Whom they may see.
    pub reach: Reach,
    /// Those who wait for this only.
    pub waits_for: Option<WaitsFor>,
    /// Those of this district only.
    pub district: Option<String>,
    /// Those who should have been looked at already only.
    pub late_only: bool,
    /// Those of whom somebody has something in hand, or nobody has, only.
    pub whose: Option<Whose>,
}

impl Choice {
    fn holds(&self, row: &Waiting, on: Date) -> bool {
        let district = row.district.as_deref();
        self.reach.holds(district)
            && self.waits_for.is_none_or(|wanted| wanted == row.waits_for)
            && (self.district.is_none() || district == self.district.as_deref())
            && (!self.late_only || row.is_late(on))
            && self.whose.as_ref().is_none_or(|whose| row.is_of(whose))
    }
}

/// The rows of a choice.
pub struct Chosen {
    /// Their places in the list, in its order.
    places: Vec<usize>,
    /// How many of them should have been looked at already.
    pub late: usize,
    /// The districts in which somebody waits whom the reach holds, in order.
    pub districts: BTreeSet<Arc<str>>,
    /// Whoever has something in hand about those whom the reach holds, in order.
    pub holders: BTreeSet<Holder>,
}

impl Chosen {
    /// How many rows there are.
    #[must_use]
    pub fn n(&self) -> usize {
        self.places.len()
    }

    /// Some rows of the list that it was chosen from, from one on.
    pub fn some<'l>(
        &'l self,
        list: &'l Worklist,
        from: usize,
        most: usize,
    ) -> impl Iterator<Item = &'l Waiting> {
        let places = self.places.iter().skip(from).take(most);
        places.filter_map(|place| list.rows.get(*place))
    }
}

/// More choices than this are not kept: whoever types districts that do not exist fills no memory.
const MOST_CHOICES: usize = 64;

impl Worklist {
    /// The rows of a choice, kept as long as the list is.
    #[must_use]
    pub fn choose(&self, choice: &Choice) -> Arc<Chosen> {
        let mut kept = self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, chosen)) = kept.iter().find(|(known, _)| known == choice) {
            return Arc::clone(chosen);
        }
        let rows = self.rows.iter();
        let numbered = rows.clone().enumerate();
        let wanted = numbered.filter(|(_, row)| choice.holds(row, self.on));
        let places: Vec<usize> = wanted.map(|(place, _)| place).collect();
        let late = places
            .iter()
            .filter(|place| self.rows[**place].is_late(self.on));
        let districts = rows.filter_map(|row| row.district.as_ref());
        let districts: BTreeSet<&Arc<str>> = districts.collect();
        let within = districts
            .into_iter()
            .filter(|name| choice.reach.holds(Some(name)));
        let reached = self.rows.iter();
        let reached = reached.filter(|row| choice.reach.holds(row.district.as_deref()));
        let holders = reached.flat_map(|row| row.holders().into_iter().flatten().cloned());
        let chosen = Arc::new(Chosen {
            holders: holders.collect(),
            late: late.count(),
            districts: within.cloned().collect(),
            places,
        });
        if MOST_CHOICES <= kept.len() {
            kept.clear();
        }
        kept.push((choice.clone(), Arc::clone(&chosen)));
        chosen
    }
}
