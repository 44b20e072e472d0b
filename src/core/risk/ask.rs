//! Which questions decide.

use super::{Assessment, PointSet};
use crate::rulebook::{Amount, Cell, Context, Model, Score, ScoreUnit, Value};

/// Most open items for which all subsets are tried: 2^12 subsets.
const MAX_OPEN: usize = 12;

/// The fewest open items that, once known, put the score on one side of the level.
///
/// `items` are all items of the model; `askable` are the positions of those a
/// resident can be asked. Whatever the answers to the returned items, the
/// remaining uncertainty lies on one side of `level`. Of several smallest sets
/// the one with the earliest questions is returned. Empty when the score is
/// decided already; all open askable items when not even they decide (an item
/// that cannot be asked is open too), or when more than twelve are open.
#[must_use]
pub fn deciding_items(items: &[PointSet], askable: &[usize], level: Score) -> Vec<usize> {
    let low: Score = items.iter().map(|item| item.low()).sum();
    let high: Score = items.iter().map(|item| item.high()).sum();
    if level <= low || high < level {
        return Vec::new();
    }
    let open: Vec<usize> = askable
        .iter()
        .copied()
        .filter(|n| !items[*n].is_certain())
        .collect();
    if MAX_OPEN < open.len() {
        return open;
    }
    // What the open items do not hold, and their own sums, subset by subset.
    let mut sums = vec![PointSet::of([0]); 1 << open.len()];
    let mut deciding = Vec::new();
    for subset in 1..sums.len() {
        let first = subset.trailing_zeros() as usize;
        sums[subset] = sums[subset & (subset - 1)].plus(items[open[first]]);
        let rest_low = low - sums[subset].low();
        let rest_high = high - sums[subset].high();
        // A sum of answers is undecided when the level lies within what the rest can add.
        if !sums[subset].meets(level - rest_high, level - rest_low) {
            deciding.push(subset);
        }
    }
    let rank = |subset: &usize| (subset.count_ones(), subset.reverse_bits() ^ usize::MAX);
    match deciding.into_iter().min_by_key(rank) {
        Some(subset) => members(&open, subset),
        None => open,
    }
}

/// The items of a subset, whose bits are their places among all.
fn members(items: &[usize], subset: usize) -> Vec<usize> {
    let items = items.iter().enumerate();
    let chosen = items.filter(|(n, _)| subset >> n & 1 == 1);
    chosen.map(|(_, item)| *item).collect()
}

/// What can still become of the sum once some items are answered in one way: any level above
/// `low` and up to `high` stays open, unless the answers leave nothing open at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Left {
    low: Amount,
    high: Amount,
    is_open: bool,
}

impl Left {
    const fn plus(self, other: Self) -> Self {
        Self {
            low: self.low + other.low,
            high: self.high + other.high,
            is_open: self.is_open || other.is_open,
        }
    }
}

/// As [`deciding_items`], for any model: the positions of the items to ask.
pub(super) fn deciding(model: &Model, assessment: &Assessment, level: Score) -> Vec<usize> {
    let (items, contexts) = (assessment.items(), &assessment.contexts);
    let is_askable = |n: usize| !model.items[n].is_given();
    // Points that add up item by item are kept as sets of bits, which is far quicker.
    if model.unit == ScoreUnit::Points && model.groups.iter().all(|group| group.len() == 1) {
        let sets: Vec<PointSet> = items.iter().map(|item| item.adds.point_set()).collect();
        let askable: Vec<usize> = (0..sets.len()).filter(|n| is_askable(*n)).collect();
        return deciding_items(&sets, &askable, level);
    }
    if level <= assessment.low() || assessment.high() < level {
        return Vec::new();
    }
    let open = open_items(model, assessment);
    // A model for another possible age may need more: everything open is asked.
    if MAX_OPEN < open.len() || !assessment.other_rungs().is_empty() {
        return open;
    }
    let start = start(model, contexts, level);
    let mut subsets: Vec<usize> = (1..1 << open.len()).collect();
    subsets.sort_by_key(|subset: &usize| (subset.count_ones(), subset.reverse_bits() ^ usize::MAX));
    let is_asked = |subset: usize, item: usize| {
        open.iter()
            .position(|other| *other == item)
            .is_some_and(|n| subset >> n & 1 == 1)
    };
    // Of each group, what each set of its items would leave open; the bits are the group's items.
    let of_groups: Vec<Vec<Option<Vec<Left>>>> = model
        .groups
        .iter()
        .map(|group| {
            let can_ask: Vec<bool> = group.iter().map(|item| open.contains(item)).collect();
            let of_mask = |mask: usize| {
                let asked: Vec<bool> = (0..group.len()).map(|n| mask >> n & 1 == 1).collect();
                let is_possible = asked
                    .iter()
                    .zip(&can_ask)
                    .all(|(asked, can)| *can || !asked);
                is_possible.then(|| left(model, contexts, (group, &asked), &assessment.cells))
            };
            (0..1 << group.len()).map(of_mask).collect()
        })
        .collect();
    let decides = |subset: &usize| {
        let mut sums = vec![start];
        for (group, of_mask) in model.groups.iter().zip(&of_groups) {
            let bits = group.iter().enumerate();
            let mask = bits.fold(0, |mask, (n, item)| {
                mask | usize::from(is_asked(*subset, *item)) << n
            });
            let left = of_mask[mask].as_deref().unwrap_or_default();
            let all = sums
                .iter()
                .flat_map(|sum| left.iter().map(|more| sum.plus(*more)));
            sums = all.collect();
            sums.sort_unstable();
            sums.dedup();
        }
        // The start counts from the level, so that the level is at nought.
        !sums
            .iter()
            .any(|sum| sum.is_open && sum.low < 0 && 0 <= sum.high)
    };
    match subsets.into_iter().find(|subset| decides(subset)) {
        Some(subset) => members(&open, subset),
        None => open,
    }
}

/// Items that can be asked and would tell something.
pub(super) fn open_items(model: &Model, assessment: &Assessment) -> Vec<usize> {
    let all = 0..model.items.len();
    all.filter(|n| !model.items[*n].is_given() && is_open(model, assessment, *n))
        .collect()
}

/// Whether knowing the item could change the sum, or what another item adds.
fn is_open(model: &Model, assessment: &Assessment, n: usize) -> bool {
    let waits_for = |other: &crate::rulebook::Item| {
        let mut terms = other.terms.iter();
        terms.any(|term| term.when.iter().any(|when| when.item == n))
    };
    let is_known = match assessment.cells[n][..] {
        [Cell::Between(low, high)] => low.total_cmp(&high).is_eq(),
        [_] => true,
        _ => false,
    };
    // What is known may still count in several ways, by what another item says: that one is open then.
    !is_known && (!assessment.items()[n].adds.is_certain() || model.items.iter().any(waits_for))
}

/// What everybody of the contexts starts from, counted from where the score reaches the level.
fn start(model: &Model, contexts: &[Context], level: Score) -> Left {
    let starts = contexts.iter().map(|context| {
        let reached = reached_at(model, *context, level);
        model.constant(*context) - reached
    });
    let (low, high) = (starts.clone().min(), starts.max());
    let (low, high) = (low.unwrap_or(0), high.unwrap_or(0));
    Left {
        low,
        high,
        is_open: low < high,
    }
}

/// Sums beyond this are not reached by any model: a thousand on either side of nought.
const FAR: Amount = 1_000_000_000_000_000;

/// The smallest sum at which the score reaches the level.
fn reached_at(model: &Model, (sex, _): Context, level: Score) -> Amount {
    if model.unit == ScoreUnit::Points {
        return Amount::from(level);
    }
    let layers = model.layers.in_force();
    let reaches = |sum: Amount| level <= model.equation.score(layers, sex, sum);
    let (mut below, mut at) = (-FAR, FAR);
    if !reaches(at) {
        // Far beyond what any item adds, so nobody ever does.
        return FAR;
    }
    while 1 < at - below {
        let middle = below.midpoint(at);
        if reaches(middle) {
            at = middle;
        } else {
            below = middle;
        }
    }
    at
}

/// What is left open of a group for each way in which its asked items can be answered.
fn left(
    model: &Model,
    contexts: &[Context],
    (group, asked): (&[usize], &[bool]),
    cells: &[Vec<Cell>],
) -> Vec<Left> {
    let mut found = Vec::new();
    let mut chosen = Vec::new();
    choose(
        group,
        asked,
        cells,
        &mut chosen,
        &mut |chosen: &[Option<Cell>]| {
            // A stretch that is asked is known to a point once it is answered: its ends are looked at apart.
            let ends = |end: usize| {
                let values: Vec<Option<Value>> = chosen
                    .iter()
                    .map(|cell| {
                        cell.map(|cell| {
                            let (first, other) = cell.ends();
                            if end == 0 {
                                first
                            } else {
                                other.unwrap_or(first)
                            }
                        })
                    })
                    .collect();
                span(model, contexts, group, &values, cells)
            };
            let (one, other) = (ends(0), ends(1));
            found.push(Left {
                low: one.0.min(other.0),
                high: one.1.max(other.1),
                is_open: one.0 < one.1 || other.0 < other.1,
            });
        },
    );
    found.sort_unstable();
    found.dedup();
    found
}

/// Goes through the cells of the asked items; the others stay as they are.
fn choose(
    group: &[usize],
    asked: &[bool],
    cells: &[Vec<Cell>],
    chosen: &mut Vec<Option<Cell>>,
    each: &mut impl FnMut(&[Option<Cell>]),
) {
    let n = chosen.len();
    if n == group.len() {
        each(chosen);
        return;
    }
    if !asked[n] {
        chosen.push(None);
        choose(group, asked, cells, chosen, each);
        chosen.pop();
        return;
    }
    for cell in &cells[group[n]] {
        chosen.push(Some(*cell));
        choose(group, asked, cells, chosen, each);
        chosen.pop();
    }
}

/// Least and most that a group adds when some of its items have given values, over all contexts.
fn span(
    model: &Model,
    contexts: &[Context],
    group: &[usize],
    values: &[Option<Value>],
    cells: &[Vec<Cell>],
) -> (Amount, Amount) {
    let (mut low, mut high) = (Amount::MAX, Amount::MIN);
    let mut chosen = Vec::with_capacity(group.len());
    complete(group, values, cells, &mut chosen, &mut |all: &[Value]| {
        for context in contexts {
            let amount = model.group_amount(group, *context, all);
            (low, high) = (low.min(amount), high.max(amount));
        }
    });
    (low, high)
}

/// Goes through the values of the items that have none given, both ends of a stretch apart.
fn complete(
    group: &[usize],
    given: &[Option<Value>],
    cells: &[Vec<Cell>],
    chosen: &mut Vec<Value>,
    each: &mut impl FnMut(&[Value]),
) {
    let n = chosen.len();
    if n == group.len() {
        each(chosen);
        return;
    }
    let mut go_on = |value: Value| {
        chosen.push(value);
        complete(group, given, cells, chosen, each);
        chosen.pop();
    };
    match given[n] {
        Some(value) => go_on(value),
        None => {
            for cell in &cells[group[n]] {
                let (first, other) = cell.ends();
                go_on(first);
                other.into_iter().for_each(&mut go_on);
            }
        }
    }
}
