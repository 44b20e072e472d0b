//! The other side of the simulation: what it has, and what it does with a request.

use std::collections::{BTreeMap, BTreeSet};

use preventiojyraa::delivery::{Found, Route};
use preventiojyraa::orders::{Keep, OrderKey};

/// What the other side can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Creates only when nothing is there under the key; can be asked.
    Conditional,
    /// Creates whatever is sent; can be asked.
    Searchable,
    /// Creates whatever is sent; cannot be asked.
    Blind,
}

/// What it has under one key.
#[derive(Debug, Clone, Default)]
pub(crate) struct Placed {
    /// Orders that somebody may act on, by number.
    pub(crate) active: Vec<u64>,
    /// Orders ever created, by whichever way.
    pub(crate) created: u64,
    /// The ways by which they were: each knows its own only.
    ways: BTreeSet<Route>,
}

/// The other side.
pub(crate) struct Server {
    pub(crate) kind: Kind,
    pub(crate) placed: BTreeMap<OrderKey, Placed>,
    next: u64,
}

impl Server {
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
            placed: BTreeMap::new(),
            next: 0,
        }
    }

    /// Creates an order; what it calls it.
    pub(crate) fn create(&mut self, key: OrderKey, way: Route) -> String {
        let placed = self.placed.entry(key).or_default();
        if self.kind != Kind::Conditional || !placed.ways.contains(&way) {
            placed.ways.insert(way);
            self.next += 1;
            placed.active.push(self.next);
            placed.created += 1;
        }
        format!("ServiceRequest/{key}")
    }

    /// What is there under a key by one way, or by any where none is named.
    pub(crate) fn find(&self, key: OrderKey, way: Option<Route>) -> Found {
        let reference = format!("ServiceRequest/{key}");
        let placed = self.placed.get(&key);
        let placed = placed.filter(|placed| way.is_none_or(|way| placed.ways.contains(&way)));
        match placed {
            None => Found::Nothing,
            Some(placed) if 1 < placed.active.len() => Found::Several { reference },
            Some(_) => Found::One { reference },
        }
    }

    /// Whether some orders came by the one way and others by the other; none came by both.
    pub(crate) fn used_both_ways(&self) -> bool {
        let ways = self.placed.values().inspect(|placed| {
            assert!(placed.ways.len() < 2, "an order came by both ways");
        });
        let ways: BTreeSet<Route> = ways.flat_map(|placed| placed.ways.clone()).collect();
        1 < ways.len()
    }

    pub(crate) fn cancel(&mut self, key: OrderKey, keep: Keep) {
        if let Some(placed) = self.placed.get_mut(&key) {
            placed.active.truncate(usize::from(keep == Keep::Oldest));
        }
    }

    pub(crate) fn is_cancelled(&self, key: OrderKey, keep: Keep) -> bool {
        let n = self
            .placed
            .get(&key)
            .map_or(0, |placed| placed.active.len());
        n <= usize::from(keep == Keep::Oldest)
    }

    pub(crate) fn count(&self, key: OrderKey) -> u64 {
        self.placed.get(&key).map_or(0, |placed| placed.created)
    }
}
