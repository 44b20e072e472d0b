//! `Retry-After`: for how long a server wants to be left alone.
//!
//! RFC 9110, section 10.2.3: a number of seconds, or an HTTP date. Servers have been seen to write
//! milliseconds since 1970, which no number of seconds can be. What makes no sense (hours) is for the
//! caller to limit.

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// No server asks for patience in numbers above this.
const MOST_SECONDS: i64 = 100_000_000_000;

/// What the header asks for, counted from `now`; negative when its date has passed.
pub(super) fn told(headers: &HeaderMap, now: Timestamp) -> Option<SignedDuration> {
    wait(headers.get(RETRY_AFTER)?.to_str().ok()?, now)
}

/// What the text of a `Retry-After` header asks for, counted from `now`: negative when its date has
/// passed; `None` for what is neither seconds nor a date.
#[must_use]
pub fn wait(text: &str, now: Timestamp) -> Option<SignedDuration> {
    let text = text.trim();
    if let Ok(number) = text.parse::<i64>() {
        // Three thousand years of seconds: it is an instant, in milliseconds since 1970.
        if MOST_SECONDS < number {
            let at = Timestamp::from_millisecond(number).ok()?;
            return Some(at.duration_since(now));
        }
        return Some(SignedDuration::from_secs(number));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(date.timestamp().duration_since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_understood_and_nothing_else() {
        let now = Timestamp::from_second(784_111_777).expect("Sun, 06 Nov 1994 08:49:37 GMT");
        for (text, seconds) in [
            ("0", Some(0)),
            (" 17 ", Some(17)),
            ("18000", Some(18_000)),
            ("1790000000000", Some(1_790_000_000 - 784_111_777)),
            ("784111780000", Some(3)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some(30)),
            ("Sun, 06 Nov 1994 08:49:07 GMT", Some(-30)),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            let told = wait(text, now).map(|wait| wait.as_secs());
            assert_eq!(told, seconds, "{text}");
        }
    }
}
