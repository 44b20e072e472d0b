//! Random streams that belong to one resident and one purpose.
//!
//! A stream is a function of (seed, resident number, purpose) and of nothing else, so a resident does not change when
//! the register grows, when another kind of resource is generated first, or when more threads work.
//! `exp`, `log` and `cos` come from `libm`, so that every machine draws the same bits.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::numbers;

/// What a stream is for. The number is part of the seed: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Person = 1,
    Health = 2,
    Patient = 3,
    Vitals = 4,
    Laboratory = 5,
    Conditions = 6,
    Medications = 7,
    Family = 8,
    Questionnaires = 9,
    Consents = 10,
    Oddities = 11,
    Filler = 12,
    Life = 13,
    Circulation = 14,
    Smoking = 15,
    Statins = 16,
    Vessels = 17,
    SelfMeasured = 18,
}

/// The dice of one resident for one purpose.
#[derive(Debug)]
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of one resident for one purpose.
    pub(super) fn of(seed: u64, resident: u32, stream: Stream) -> Dice {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..12].copy_from_slice(&resident.to_le_bytes());
        key[12] = stream as u8;
        key[13..31].copy_from_slice(b"preventio stand-in");
        Dice(ChaCha8Rng::from_seed(key))
    }

    /// 64 random bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in the open interval (0, 1).
    pub(super) fn unit(&mut self) -> f64 {
        (numbers::real(self.bits() >> 11) + 0.5) / 9_007_199_254_740_992.0
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Uniform between two real numbers.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform over whole numbers, both ends included.
    pub(super) fn whole(&mut self, low: i32, high: i32) -> i32 {
        let width = f64::from(high - low) + 1.0;
        (low + numbers::rounded_days(libm::floor(self.unit() * width))).min(high)
    }

    /// Normally distributed (Box and Muller's first variate).
    pub(super) fn normal(&mut self, mean: f64, deviation: f64) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(self.unit()));
        mean + deviation * radius * libm::cos(std::f64::consts::TAU * self.unit())
    }

    /// Exponentially distributed with this mean.
    pub(super) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * libm::log(self.unit())
    }

    /// Poisson distributed (Knuth's product method; means here stay below ten).
    pub(super) fn poisson(&mut self, mean: f64) -> u32 {
        let floor = libm::exp(-mean);
        let mut product = self.unit();
        let mut count = 0;
        while product > floor {
            product *= self.unit();
            count += 1;
        }
        count
    }

    /// One of a list, all equally likely.
    pub(super) fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[numbers::position(self.unit(), list.len())]
    }

    /// One of a list by weight; the weights need not add up to one.
    pub(super) fn weighted<T: Copy>(&mut self, list: &[(f64, T)]) -> T {
        let total: f64 = list.iter().map(|(weight, _)| weight).sum();
        let mut left = self.unit() * total;
        for (weight, item) in list {
            left -= weight;
            if left < 0.0 {
                return *item;
            }
        }
        list[list.len() - 1].1
    }
}

/// The probability whose log odds are given.
pub(super) fn logistic(log_odds: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-log_odds))
}

/// Mixes words into 64 well-spread bits (the finaliser of `SplitMix64`).
pub(super) fn mixed(words: &[u64]) -> u64 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for word in words {
        state = (state ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^= state >> 31;
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_depends_on_seed_resident_and_purpose_only() {
        let draw = |seed, resident, stream| Dice::of(seed, resident, stream).bits();
        assert_eq!(draw(1, 2, Stream::Person), draw(1, 2, Stream::Person));
        assert_ne!(draw(1, 2, Stream::Person), draw(2, 2, Stream::Person));
        assert_ne!(draw(1, 2, Stream::Person), draw(1, 3, Stream::Person));
        assert_ne!(draw(1, 2, Stream::Person), draw(1, 2, Stream::Health));
    }

    #[test]
    fn whole_numbers_reach_both_ends_and_nothing_beyond() {
        let mut dice = Dice::of(1, 1, Stream::Person);
        let draws: Vec<i32> = (0..2_000).map(|_| dice.whole(3, 5)).collect();
        assert_eq!(draws.iter().min(), Some(&3));
        assert_eq!(draws.iter().max(), Some(&5));
    }
}
