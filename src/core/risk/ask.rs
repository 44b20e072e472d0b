//! Which questions decide.

use super::PointSet;

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
pub fn deciding_items(items: &[PointSet], askable: &[usize], level: i16) -> Vec<usize> {
    let low: i16 = items.iter().map(|item| item.low()).sum();
    let high: i16 = items.iter().map(|item| item.high()).sum();
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
    let mut best: Option<usize> = None;
    for subset in 1..sums.len() {
        let first = subset.trailing_zeros() as usize;
        sums[subset] = sums[subset & (subset - 1)].plus(items[open[first]]);
        let rest_low = low - sums[subset].low();
        let rest_high = high - sums[subset].high();
        // A sum of answers is undecided when the level lies within what the rest can add.
        let decides = !sums[subset].meets(level - rest_high, level - rest_low);
        let rank = |subset: usize| (subset.count_ones(), subset.reverse_bits() ^ usize::MAX);
        if decides && best.is_none_or(|best| rank(subset) < rank(best)) {
            best = Some(subset);
        }
    }
    match best {
        Some(subset) => open
            .iter()
            .enumerate()
            .filter(|(n, _)| subset >> n & 1 == 1)
            .map(|(_, item)| *item)
            .collect(),
        None => open,
    }
}
