//! Gates: what a proposed recalibration must prove before people may sign it.
//!
//! The newest decisions with an outcome are kept out of the fit. On them the proposal is held against the
//! calibration in force, person by person; elsewhere it would only be asked whether it remembers what it
//! was made from. A gate that cannot be judged stays shut.

mod over_time;
mod people;
mod register;
mod statistics;

pub(super) use over_time::{blocks, named, quarter};
pub use people::{DIMENSIONS, DatedCase, fitted_until};
pub use register::{RegisterChange, judge_register};
pub use statistics::{Update, judge};

use crate::calibration::Figure;

/// What has to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GateName {
    /// Enough people were held out, confirmed and not.
    Evidence,
    /// Outcomes follow the score, among the held-out as among the fitted.
    Outcomes,
    /// Among the held-out it predicts better, and no worse than allowed.
    HeldOut,
    /// It is as right in one quarter as in the next.
    OverTime,
    /// Flagging by it at the action level does no worse.
    NetBenefit,
    /// It harms no group of people.
    Groups,
    /// It changes no more than a recalibration should.
    Bounds,
    /// Not too many decisions change, nor the number of people whom the programme is about.
    Decisions,
    /// Laboratories and the portal can bear what it asks for.
    Capacity,
}

impl GateName {
    /// Every gate with its name.
    pub const NAMES: [(&'static str, Self); 9] = [
        ("evidence", Self::Evidence),
        ("outcomes-follow-the-score", Self::Outcomes),
        ("held-out", Self::HeldOut),
        ("over-time", Self::OverTime),
        ("net-benefit", Self::NetBenefit),
        ("groups", Self::Groups),
        ("bounds", Self::Bounds),
        ("decisions", Self::Decisions),
        ("capacity", Self::Capacity),
    ];

    /// The name in reports and in what is signed.
    ///
    /// # Panics
    ///
    /// Never: every gate is in [`GateName::NAMES`].
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(_, gate)| *gate == self);
        found.expect("every gate has a name").0
    }
}

/// What a gate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateVerdict {
    /// It holds.
    Passed,
    /// It does not, and why.
    Failed(String),
    /// Nobody can say, and why; then it is as if it did not hold.
    NotJudgeable(String),
}

impl GateVerdict {
    /// The name in reports and in what is signed.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::NotJudgeable(_) => "not-judgeable",
        }
    }

    /// Why not; nothing where it holds.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Passed => None,
            Self::Failed(why) | Self::NotJudgeable(why) => Some(why),
        }
    }
}

/// A figure that a gate rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct GateFigure {
    /// Of what.
    pub what: String,
    /// The figure with its interval, or why there is none.
    pub figure: Figure,
}

/// A number that a gate rests on, without an interval.
#[derive(Debug, Clone, PartialEq)]
pub struct GateNumber {
    /// Of what.
    pub what: String,
    /// The number.
    pub value: f64,
    /// Within which bounds it has to lie, in words.
    pub bounds: String,
}

/// One gate with all that it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// Which.
    pub name: GateName,
    /// What it says.
    pub verdict: GateVerdict,
    /// Figures with intervals.
    pub figures: Vec<GateFigure>,
    /// Numbers without.
    pub numbers: Vec<GateNumber>,
    /// Groups of people of which nothing can be said: there is insufficient evidence.
    pub insufficient: Vec<String>,
}

impl Gate {
    fn new(name: GateName, verdict: GateVerdict) -> Self {
        Self {
            name,
            verdict,
            figures: Vec::new(),
            numbers: Vec::new(),
            insufficient: Vec::new(),
        }
    }

    fn shows(mut self, what: impl Into<String>, figure: Figure) -> Self {
        let what = what.into();
        self.figures.push(GateFigure { what, figure });
        self
    }

    fn counts(mut self, what: impl Into<String>, value: f64, bounds: impl Into<String>) -> Self {
        self.numbers.push(GateNumber {
            what: what.into(),
            value,
            bounds: bounds.into(),
        });
        self
    }
}

/// Whether every gate is there and holds.
#[must_use]
pub fn all_pass(gates: &[Gate]) -> bool {
    GateName::NAMES.iter().all(|(_, name)| {
        let mut of_name = gates.iter().filter(|gate| gate.name == *name);
        let found = of_name.next();
        found.is_some_and(|gate| gate.verdict == GateVerdict::Passed) && of_name.next().is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_that_is_missing_shut_or_there_twice_lets_nothing_through() {
        let gate = |name| Gate::new(name, GateVerdict::Passed);
        let all: Vec<Gate> = GateName::NAMES
            .iter()
            .map(|(_, name)| gate(*name))
            .collect();
        assert!(all_pass(&all));
        assert!(!all_pass(&all[1..]));
        assert!(!all_pass(&[&all[..], &all[..1]].concat()));
        for verdict in [
            GateVerdict::Failed(String::new()),
            GateVerdict::NotJudgeable(String::new()),
        ] {
            let mut one_shut = all.clone();
            one_shut[4].verdict = verdict;
            assert!(!all_pass(&one_shut));
        }
    }
}
