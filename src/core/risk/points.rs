//! Sets of points.

use crate::rulebook::Score;

/// The points an item, or a sum of items, can have: never empty.
///
/// Kept as a bit per value above the smallest, so a set spans at most 127
/// points; published scores span at most 47.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PointSet {
    base: Score,
    /// Bit `n`: `base + n` is in the set. Bit 0 is always set.
    bits: u128,
}

impl PointSet {
    /// A set of the given points.
    ///
    /// # Panics
    ///
    /// When there are none, or they span more than 127 points.
    #[must_use]
    pub fn of(points: impl IntoIterator<Item = Score>) -> Self {
        let points: Vec<Score> = points.into_iter().collect();
        let base = *points.iter().min().expect("an item always has some points");
        let bits = points.iter().fold(0u128, |bits, point| {
            let above = u32::try_from(point - base).expect("base is the smallest");
            bits | 1u128
                .checked_shl(above)
                .expect("scores span fewer than 128 points")
        });
        Self { base, bits }
    }

    /// The fewest points.
    #[must_use]
    pub const fn low(self) -> Score {
        self.base
    }

    /// The most points.
    ///
    /// # Panics
    ///
    /// Never: a set is not empty and spans at most 127 points.
    #[must_use]
    pub fn high(self) -> Score {
        let top = 127 - self.bits.leading_zeros();
        self.base + Score::try_from(top).expect("at most 127")
    }

    /// Whether only one value is possible.
    #[must_use]
    pub const fn is_certain(self) -> bool {
        self.bits == 1
    }

    /// Every value, smallest first.
    pub fn values(self) -> impl Iterator<Item = Score> {
        (0..128)
            .filter(move |n| self.bits >> n & 1 == 1)
            .map(move |n| self.base + n)
    }

    /// All sums of a value of one set and a value of the other.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let mut bits = 0;
        let mut rest = other.bits;
        while rest != 0 {
            let n = rest.trailing_zeros();
            bits |= self.bits << n;
            rest &= rest - 1;
        }
        Self {
            base: self.base + other.base,
            bits,
        }
    }

    /// Whether some value `v` has `from <= v` and `v < below`.
    ///
    /// # Panics
    ///
    /// Never: the limits are clamped to the width of a set.
    #[must_use]
    pub fn meets(self, from: Score, below: Score) -> bool {
        let shift = |x: Score| u32::try_from((x - self.base).clamp(0, 127)).expect("clamped");
        let (from, below) = (shift(from), shift(below));
        from < below && self.bits >> from << (128 - (below - from)) != 0
    }
}
