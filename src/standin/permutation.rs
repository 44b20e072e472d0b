//! A seeded shuffle of `0..n` that needs no memory.
//!
//! A four-round Feistel network permutes the smallest even-bit power of two that holds `n`; positions that fall
//! outside are walked on until they fall inside, which keeps it a bijection.

use super::numbers;
use super::random::mixed;

/// A bijection of `0..length` onto itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Permutation {
    key: u64,
    length: u32,
    half_bits: u32,
}

impl Permutation {
    /// The permutation of `0..length` that this key names.
    pub(super) fn new(key: u64, length: u32) -> Permutation {
        let bits = 32 - length.saturating_sub(1).leading_zeros();
        Permutation {
            key,
            length,
            half_bits: bits.div_ceil(2).max(1),
        }
    }

    /// Where `position` goes; `position` must be below the length.
    pub(super) fn at(&self, position: u32) -> u32 {
        let mut value = u64::from(position);
        loop {
            value = self.round_trip(value);
            if value < u64::from(self.length) {
                return numbers::low_32(value);
            }
        }
    }

    fn round_trip(&self, value: u64) -> u64 {
        let mask = (1_u64 << self.half_bits) - 1;
        let (mut left, mut right) = (value >> self.half_bits, value & mask);
        for round in 0..4 {
            let mixed_right = mixed(&[self.key, round, right]) & mask;
            (left, right) = (right, left ^ mixed_right);
        }
        (left << self.half_bits) | right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_is_taken_once() {
        for length in [1, 2, 3, 5, 100, 1_000, 4_096] {
            let permutation = Permutation::new(7, length);
            let mut seen: Vec<u32> = (0..length).map(|i| permutation.at(i)).collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..length).collect::<Vec<_>>(), "length {length}");
        }
    }
}
