//! Points of levels, in the order in which they were published.

use super::levels::Level;

/// The nearest points in which no level passes one that was published above it, nor the reference.
///
/// Neighbours in the wrong order have their mean, weighted by `precision`.
pub(super) fn in_published_order(
    levels: &[Level],
    points: &[f64],
    precision: impl Fn(usize) -> f64,
) -> Vec<f64> {
    let mut ordered = points.to_vec();
    let mut items: Vec<usize> = levels.iter().map(|level| level.item).collect();
    items.dedup();
    for item in items {
        for is_above in [true, false] {
            let side = |level: &Level| (0.0 < level.points) == is_above;
            let own = levels.iter().enumerate();
            let own = own.filter(|(_, level)| level.item == item && side(level));
            let mut own: Vec<usize> = own.map(|(at, _)| at).collect();
            own.sort_by(|a, b| levels[*a].points.total_cmp(&levels[*b].points));
            // Mean, its precision, and how many levels it is of.
            let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
            for at in &own {
                blocks.push((points[*at], precision(*at), 1));
                while let [.., before, last] = blocks[..]
                    && last.0 < before.0
                {
                    blocks.truncate(blocks.len() - 2);
                    blocks.push(pooled(before, last));
                }
            }
            let values = blocks
                .iter()
                .flat_map(|(mean, _, n)| std::iter::repeat_n(*mean, *n));
            for (at, value) in own.iter().zip(values) {
                ordered[*at] = match is_above {
                    true => value.max(0.0),
                    false => value.min(0.0),
                };
            }
        }
    }
    ordered
}

/// Two blocks as one; a block of infinite precision does not move.
fn pooled(a: (f64, f64, usize), b: (f64, f64, usize)) -> (f64, f64, usize) {
    let n = a.2 + b.2;
    match (a.1.is_finite(), b.1.is_finite()) {
        (true, true) => ((a.0 * a.1 + b.0 * b.1) / (a.1 + b.1), a.1 + b.1, n),
        (false, _) => (a.0, a.1, n),
        (true, false) => (b.0, b.1, n),
    }
}
