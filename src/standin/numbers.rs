//! Conversions between the simulation's real numbers and the whole numbers that are written.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "every value here is bounded far inside the target type: ages, measurements, days and list positions"
)]

/// The nearest whole number; halves away from zero.
pub(super) fn rounded(value: f64) -> i64 {
    libm::round(value) as i64
}

/// Like [`rounded`], for day counts and years.
pub(super) fn rounded_days(value: f64) -> i32 {
    libm::round(value) as i32
}

/// A list position from a fraction in `0.0..1.0`.
pub(super) fn position(fraction: f64, length: usize) -> usize {
    let raw = (fraction * length as f64) as usize;
    raw.min(length.saturating_sub(1))
}

/// A list position from random bits.
pub(super) fn position_of_bits(bits: u64, length: usize) -> usize {
    (bits % length.max(1) as u64) as usize
}

/// A count as a real number; counts stay far below 2^53, so nothing is lost.
pub(super) fn real(count: u64) -> f64 {
    count as f64
}

/// The low 32 bits.
pub(super) fn low_32(bits: u64) -> u32 {
    (bits & 0xffff_ffff) as u32
}

/// A length in bytes or a list position as 64 bits; no machine has longer lists.
pub(super) fn size(length: usize) -> u64 {
    length as u64
}
