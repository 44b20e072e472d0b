//! How often signing in may be tried.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Tries a minute from one address: behind a proxy all people have the same one.
const A_MINUTE: u32 = 60;
/// Addresses that are counted in one minute; more at once is an attack, and whoever is new waits.
const MOST: usize = 10_000;
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// Tries by address, in the minute that has begun last. The lock is held for one look.
pub(super) struct Limits(Mutex<(Timestamp, HashMap<IpAddr, u32>)>);

impl Limits {
    pub(super) fn new(now: Timestamp) -> Self {
        Self(Mutex::new((now, HashMap::new())))
    }

    /// Whether one more try is let through; it counts.
    pub(super) fn lets(&self, from: IpAddr, now: Timestamp) -> bool {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, by_address) = &mut *tries;
        if MINUTE <= now.duration_since(*since) {
            *since = now;
            by_address.clear();
        }
        if MOST <= by_address.len() && !by_address.contains_key(&from) {
            return false;
        }
        let n = by_address.entry(from).or_default();
        *n = n.saturating_add(1);
        *n <= A_MINUTE
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn an_address_that_tries_too_often_waits_for_the_next_minute() {
        let now = Timestamp::constant(1_700_000_000, 0);
        let limits = Limits::new(now);
        let [one, other] = [1, 2].map(|n| IpAddr::from(Ipv4Addr::new(10, 0, 0, n)));
        for _ in 0..A_MINUTE {
            assert!(limits.lets(one, now));
        }
        assert!(!limits.lets(one, now));
        assert!(limits.lets(other, now));
        let just = now + SignedDuration::from_secs(59);
        assert!(!limits.lets(one, just));
        assert!(limits.lets(one, now + MINUTE));
    }
}
