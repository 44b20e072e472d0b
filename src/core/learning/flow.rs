//! How far those have come for whom tests were decided: verification as a flow of people.

use super::figures::RoundLearning;
use crate::outcomes::{Decided, Outcome};
use crate::pathway::Inclusion;

/// How far those have come for whom tests were decided, for one reason.
///
/// `not_over`, `left_out` and `counted` add up to `decided`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Arm {
    /// All of them.
    pub decided: u64,
    /// The horizon is not over for so many.
    pub not_over: u64,
    /// So many had the disease before, or are not followed.
    pub left_out: u64,
    /// So many stand in the figures.
    pub counted: u64,
    /// Of the counted so many had all tests.
    pub tested: u64,
    /// Of the tested so many were confirmed.
    pub confirmed: u64,
    /// Of the counted a treatment was begun for so many before it was known: they verify nothing.
    pub treated: u64,
    /// Of the counted so many were diagnosed without all tests, or once a treatment was begun.
    pub confirmed_otherwise: u64,
}

/// How far everybody of one round has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    /// Everybody who was decided about.
    pub decided: u64,
    /// The flagged.
    pub flagged: Arm,
    /// Those drawn by lot from below the level.
    pub drawn: Arm,
}

/// The way from decisions to confirmed diagnoses, in numbers of people.
#[must_use]
pub fn flow(round: &RoundLearning) -> Flow {
    // The name is the same whatever the probability of being drawn.
    let drawn = Decided::SampledNegative(Inclusion::EVERYBODY);
    Flow {
        decided: round.account.total(),
        flagged: arm(round, Decided::Flagged),
        drawn: arm(round, drawn),
    }
}

fn arm(round: &RoundLearning, decided: Decided) -> Arm {
    let mut arm = Arm::default();
    for outcome in Outcome::ALL {
        let n = round.account.of(decided.name(), outcome.name());
        arm.decided += n;
        if outcome.counts() {
            arm.counted += n;
        } else if matches!(outcome, Outcome::Unverified(_)) {
            arm.not_over += n;
        } else {
            arm.left_out += n;
        }
        match outcome {
            Outcome::Positive { tested: true } => {
                arm.tested += n;
                arm.confirmed += n;
            }
            Outcome::Positive { tested: false } => arm.confirmed_otherwise += n,
            Outcome::Treated { confirmed } => {
                arm.treated += n;
                arm.confirmed_otherwise += if confirmed { n } else { 0 };
            }
            Outcome::Negative(_) => arm.tested += n,
            Outcome::Unverified(_)
            | Outcome::Lost(_)
            | Outcome::Prevalent
            | Outcome::NotFollowed => {}
        }
    }
    arm
}
