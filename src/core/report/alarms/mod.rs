//! Alarms: what has stopped, does not agree, has grown too much or has not happened.
//!
//! Pure: counts come in, alarms go out. Each says who acts on it; what they do stands in its
//! [runbook](AlarmCode::runbook).

mod code;
mod counts;
mod judge;
mod silence;

pub use code::{AlarmCode, AlarmOwner};
pub use counts::{
    AlarmCounts, AlarmLimits, Bounds, LaboratoryWeeks, LeftOrders, NewCode, RunCounts, Waits, Week,
};
pub use judge::{Alarm, Judged, alarms};
pub use silence::{NotJudged, Stream, StreamKind, StreamTerms, StreamVerdict, Watched, watch};
