//! Faults on demand: what goes wrong with which request, by seed and rate.
//!
//! A request's fault is a function of the plan's seed, of the request (method, address, `If-None-Exist`) and of how often
//! it has come before. So a client that asks again gets another draw, and concurrent clients do not disturb each other.

use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::super::numbers;
use super::super::random::mixed;

/// How many kinds there are.
pub(super) const FAULTS: usize = 26;

/// Something that goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The connection closes; nothing has happened.
    LostRequest,
    /// It has happened; the connection closes without an answer.
    LostAnswer,
    /// 503; nothing has happened.
    Status503,
    /// 429 with `Retry-After`; nothing has happened.
    Status429,
    /// It has happened, and the answer is 500.
    Status500After,
    /// The answer comes late, or drips.
    Slow,
    /// The connection closes; a while later it happens all the same.
    Late,
    /// 201 without `Location`, `ETag` and body.
    NoLocation,
    /// It has happened, and the answer is a page for people.
    WrongType,
    /// It has happened, and the connection closes in the middle of the answer.
    CutShort,
    /// 429 with a date in `Retry-After`; nothing has happened.
    Status429Date,
    /// 429 with milliseconds since 1970 in `Retry-After`; nothing has happened.
    Status429Millis,
    /// 500 that will not pass; nothing has happened.
    Status500,
    /// 500 that says that it will pass; nothing has happened.
    Status500Transient,
    /// A file of an export ends early, and the connection does not show it.
    TruncatedFile,
    /// A manifest lacks its last file, and an `OperationOutcome` says that something went wrong.
    PartialManifest,
    /// A manifest says that the first resident of the group and an unknown result were deleted.
    DeletedResources,
    /// The address of a file has expired: 403 in the words of a store for files.
    ExpiredUrl,
    /// The token is not accepted, though it has not expired.
    ExpiredToken,
    /// A redirect to the same path on another origin, `elsewhere`.
    RedirectElsewhere,
    /// The next page of a search or of a manifest is on another origin, `elsewhere`.
    NextElsewhere,
    /// Lines of a file come twice and from last to first; the manifest does not count them.
    Duplicates,
    /// `$export` is answered with 200 and an empty searchset, as by a server that does not know it.
    EmptyExport,
    /// Entries of a search do not say that they are matches.
    NoMode,
    /// A bare 400 without effect, from the token address only.
    Token400,
    /// "This assertion was used before", from the token address only.
    ReplayedJti,
}

impl Fault {
    /// All of them, in the order in which rates are added up.
    pub(super) const ALL: [Fault; FAULTS] = [
        Fault::LostRequest,
        Fault::LostAnswer,
        Fault::Status503,
        Fault::Status429,
        Fault::Status500After,
        Fault::Slow,
        Fault::Late,
        Fault::NoLocation,
        Fault::WrongType,
        Fault::CutShort,
        Fault::Status429Date,
        Fault::Status429Millis,
        Fault::Status500,
        Fault::Status500Transient,
        Fault::TruncatedFile,
        Fault::PartialManifest,
        Fault::DeletedResources,
        Fault::ExpiredUrl,
        Fault::ExpiredToken,
        Fault::RedirectElsewhere,
        Fault::NextElsewhere,
        Fault::Duplicates,
        Fault::EmptyExport,
        Fault::NoMode,
        Fault::Token400,
        Fault::ReplayedJti,
    ];

    /// Its name in a plan.
    pub(super) fn name(self) -> &'static str {
        match self {
            Fault::LostRequest => "lost-request",
            Fault::LostAnswer => "lost-answer",
            Fault::Status503 => "status-503",
            Fault::Status429 => "status-429",
            Fault::Status500After => "status-500-after",
            Fault::Slow => "slow",
            Fault::Late => "late",
            Fault::NoLocation => "no-location",
            Fault::WrongType => "wrong-type",
            Fault::CutShort => "cut-short",
            Fault::Status429Date => "status-429-date",
            Fault::Status429Millis => "status-429-millis",
            Fault::Status500 => "status-500",
            Fault::Status500Transient => "status-500-transient",
            Fault::TruncatedFile => "truncated-file",
            Fault::PartialManifest => "partial-manifest",
            Fault::DeletedResources => "deleted-resources",
            Fault::ExpiredUrl => "expired-url",
            Fault::ExpiredToken => "expired-token",
            Fault::RedirectElsewhere => "redirect-elsewhere",
            Fault::NextElsewhere => "next-elsewhere",
            Fault::Duplicates => "duplicates",
            Fault::EmptyExport => "empty-export",
            Fault::NoMode => "no-mode",
            Fault::Token400 => "token-400",
            Fault::ReplayedJti => "replayed-jti",
        }
    }

    /// The one that has this name.
    pub(super) fn named(name: &str) -> Option<Fault> {
        Fault::ALL.into_iter().find(|fault| fault.name() == name)
    }

    /// True when it happens at the token address, and nowhere else.
    fn is_of_tokens(self) -> bool {
        matches!(self, Fault::Token400 | Fault::ReplayedJti)
    }

    /// True when it can happen to a request for this path, which begins with `fhir/` or `bulk/`.
    pub(super) fn concerns(self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let (is_manifest, is_file) = match parts[..] {
            ["bulk", _] => (true, false),
            ["bulk", _, _] => (false, true),
            _ => (false, false),
        };
        let is_export = parts.last() == Some(&"$export");
        match self {
            Fault::Token400 | Fault::ReplayedJti => false,
            Fault::TruncatedFile | Fault::ExpiredUrl => is_file,
            Fault::PartialManifest | Fault::DeletedResources => is_manifest,
            Fault::Duplicates => is_manifest || is_file,
            Fault::NextElsewhere => is_manifest || parts.len() == 2 && !is_export,
            Fault::NoMode => !is_export && parts.len() == 2 && parts[0] == "fhir",
            Fault::EmptyExport => is_export,
            Fault::LostRequest
            | Fault::LostAnswer
            | Fault::Status503
            | Fault::Status429
            | Fault::Status429Date
            | Fault::Status429Millis
            | Fault::Status500
            | Fault::Status500Transient
            | Fault::Status500After
            | Fault::Slow
            | Fault::Late
            | Fault::NoLocation
            | Fault::WrongType
            | Fault::CutShort
            | Fault::ExpiredToken
            | Fault::RedirectElsewhere => true,
        }
    }
}

/// How often each fault shall happen.
///
/// As text: `seed=7,lost-request=0.05,late=0.01,slow-ms=500`. A rate is a share of requests from 0 to 1, together at most 1.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultPlan {
    seed: u64,
    rates: [f64; FAULTS],
    /// How long a slow answer waits.
    pub(super) slow: Duration,
    /// How long a late effect waits.
    pub(super) late: Duration,
    /// What `Retry-After` says when it makes sense, in seconds.
    pub(super) retry_after: u32,
    /// The origin to which a client must not go.
    pub(super) elsewhere: String,
}

impl Default for FaultPlan {
    /// Nothing goes wrong.
    fn default() -> FaultPlan {
        FaultPlan {
            seed: 1,
            rates: [0.0; FAULTS],
            slow: Duration::from_secs(2),
            late: Duration::from_millis(1_500),
            retry_after: 1,
            elsewhere: "http://127.0.0.1:9".to_owned(),
        }
    }
}

/// Why a text is no plan of faults.
#[derive(Debug, thiserror::Error)]
pub enum FaultPlanError {
    /// A part has no value or an unknown name.
    #[error(
        "`{part}` is no fault\nhint: name=rate, with the names {names}; also seed=N, slow-ms=N, late-ms=N, retry-after=SECONDS, elsewhere=ORIGIN"
    )]
    Unknown {
        /// What was written.
        part: String,
        /// The names there are.
        names: String,
    },
    /// A value is not a number of the right range.
    #[error(
        "`{part}` has no usable value\nhint: rates lie between 0 and 1, all others are whole numbers"
    )]
    Value {
        /// What was written.
        part: String,
    },
    /// The rates add up to more than all requests.
    #[error("the rates add up to {sum}, more than 1\nhint: each request has one fault at most")]
    TooMany {
        /// Their sum.
        sum: f64,
    },
}

impl FromStr for FaultPlan {
    type Err = FaultPlanError;

    fn from_str(text: &str) -> Result<FaultPlan, FaultPlanError> {
        let mut plan = FaultPlan::default();
        // A bare number is the seed of a plan with a little of everything.
        if let Ok(seed) = text.parse() {
            plan.seed = seed;
            let some = [0.05, 0.05, 0.05, 0.05, 0.02, 0.02, 0.01, 0.05, 0.01, 0.01];
            plan.rates[..some.len()].copy_from_slice(&some);
            return Ok(plan);
        }
        for part in text.split(',').filter(|part| !part.is_empty()) {
            plan.set(part.trim())?;
        }
        // Faults of tokens are drawn for other requests than the rest.
        let rates = Fault::ALL.into_iter().zip(plan.rates);
        let of_others = rates.filter(|(fault, _)| !fault.is_of_tokens());
        let sum: f64 = of_others.map(|(_, rate)| rate).sum();
        if sum > 1.0 + 1e-9 {
            return Err(FaultPlanError::TooMany { sum });
        }
        Ok(plan)
    }
}

impl FaultPlan {
    fn set(&mut self, part: &str) -> Result<(), FaultPlanError> {
        let wrong = || FaultPlanError::Value {
            part: part.to_owned(),
        };
        let unknown = || FaultPlanError::Unknown {
            part: part.to_owned(),
            names: Fault::ALL.map(Fault::name).join(", "),
        };
        let (name, value) = part.split_once('=').ok_or_else(unknown)?;
        let whole = || value.parse::<u32>().map_err(|_| wrong());
        match name {
            "seed" => self.seed = value.parse().map_err(|_| wrong())?,
            "slow-ms" => self.slow = Duration::from_millis(whole()?.into()),
            "late-ms" => self.late = Duration::from_millis(whole()?.into()),
            "retry-after" => self.retry_after = whole()?,
            "elsewhere" => self.elsewhere = value.to_owned(),
            _ => {
                let place = Fault::ALL.iter().position(|fault| fault.name() == name);
                let rate: f64 = value.parse().map_err(|_| wrong())?;
                if !(0.0..=1.0).contains(&rate) {
                    return Err(wrong());
                }
                self.rates[place.ok_or_else(unknown)?] = rate;
            }
        }
        Ok(())
    }

    /// The fault that bits stand for: of requests for tokens, or of others.
    fn picked(&self, bits: u64, of_tokens: bool) -> Option<Fault> {
        let mut left = numbers::real(bits >> 11) / 9_007_199_254_740_992.0;
        let rates = Fault::ALL.into_iter().zip(self.rates);
        for (fault, rate) in rates.filter(|(fault, _)| fault.is_of_tokens() == of_tokens) {
            left -= rate;
            if left < 0.0 {
                return Some(fault);
            }
        }
        None
    }

    /// The fault of the request with this fingerprint that comes for the nth time, and bits for its variation.
    fn draw(&self, fingerprint: u64, nth: u64) -> (Option<Fault>, u64) {
        let bits = mixed(&[self.seed, fingerprint, nth, 0xfa17]);
        match self.picked(bits, false) {
            Some(fault) => (Some(fault), mixed(&[bits])),
            None => (None, bits),
        }
    }
}

/// How many requests are told apart; those that share a place share a count, which does no harm.
const PLACES: usize = 1 << 16;

/// The plan in force, and how often each request has come.
///
/// One lock for both; it is held for the draw only.
#[derive(Debug)]
pub(super) struct Faults(Mutex<(FaultPlan, Vec<u16>)>);

impl Faults {
    pub(super) fn new(plan: FaultPlan) -> Faults {
        Faults(Mutex::new((plan, vec![0; PLACES])))
    }

    /// Puts another plan in force.
    pub(super) fn set(&self, plan: FaultPlan) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0 = plan;
    }

    /// What goes wrong with a request for a token. Each such request is its own draw: assertions never repeat.
    pub(super) fn draw_for_token(&self) -> Option<Fault> {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (plan, counts) = &mut *guard;
        counts[0] = counts[0].wrapping_add(1);
        plan.picked(mixed(&[plan.seed, u64::from(counts[0]), 0x70ce]), true)
    }

    /// The plan in force.
    pub(super) fn plan(&self) -> FaultPlan {
        let guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        guard.0.clone()
    }

    /// What goes wrong with a request, bits for its variation, and the plan.
    pub(super) fn draw(&self, fingerprint: u64) -> Option<(Fault, u64, FaultPlan)> {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (plan, counts) = &mut *guard;
        let count = &mut counts[numbers::position_of_bits(fingerprint, PLACES)];
        let nth = u64::from(*count);
        *count = count.wrapping_add(1);
        let (fault, bits) = plan.draw(fingerprint, nth);
        fault.map(|fault| (fault, bits, plan.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_kept_and_the_seed_decides() {
        let plan: FaultPlan = "seed=7,lost-request=0.1,late=0.3,late-ms=20"
            .parse()
            .expect("a plan");
        let drawn: Vec<_> = (0..10_000).map(|n| plan.draw(n, 0).0).collect();
        let share = |fault| drawn.iter().filter(|f| **f == Some(fault)).count();
        assert!((900..1_100).contains(&share(Fault::LostRequest)));
        assert!((2_800..3_200).contains(&share(Fault::Late)));
        assert_eq!(share(Fault::Slow), 0);
        let again: Vec<_> = (0..10_000).map(|n| plan.draw(n, 0).0).collect();
        assert_eq!(drawn, again);
        let other = FaultPlan { seed: 8, ..plan };
        assert!(
            (0..10_000).any(|n| other.draw(n, 0).0 != drawn[usize::try_from(n).expect("small")])
        );
    }

    #[test]
    fn what_is_no_plan_is_refused_with_what_was_meant() {
        for (text, said) in [
            ("lost", "`lost` is no fault"),
            ("lost-mail=0.1", "`lost-mail=0.1` is no fault"),
            ("late=2", "`late=2` has no usable value"),
            ("late=0.6,slow=0.6", "the rates add up to 1.2, more than 1"),
        ] {
            let error = text.parse::<FaultPlan>().expect_err(text).to_string();
            assert!(error.starts_with(said), "{error}");
        }
    }
}
