//! Risk by a horizon, when not everybody is followed that long.

use super::estimate::{Estimate, Figure, Method, NotIdentifiable};
use super::limits::Z;
use super::numbers::{Sum, sum};
use super::outcomes::{
    OutcomesError, PairedOutcomes, check_predictions, check_weights, same_length,
};

/// How long people were followed, and up to when risk is counted.
#[derive(Debug, Clone, Default)]
pub struct FollowUp {
    /// Time to the event, the competing event or the end of observation; zero or more.
    pub times: Vec<f64>,
    /// Whether an event that makes the event of interest impossible came first; nobody's where absent.
    pub competing: Option<Vec<bool>>,
    /// The time by which risk was predicted, in the same unit; above zero.
    pub horizon: f64,
}

/// What ended the observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Event,
    Competing,
    Censored,
}

/// One person.
#[derive(Debug, Clone, Copy)]
struct Person {
    time: f64,
    ending: Ending,
    predicted: f64,
    weight: f64,
}

/// People in order of time, with the estimates that depend on all of them.
#[derive(Debug)]
pub(super) struct Followed {
    people: Vec<Person>,
    horizon: f64,
    is_weighted: bool,
    has_competing: bool,
}

/// What happens at one time: weights at risk and of each ending.
struct Moment {
    time: f64,
    at_risk: f64,
    events: f64,
    competing: f64,
    censored: f64,
    /// One past the last person of this time.
    end: usize,
}

impl Followed {
    pub(super) fn new(
        predicted: &[f64],
        occurred: &[bool],
        weights: Option<&[f64]>,
        follow_up: &FollowUp,
    ) -> Result<Self, OutcomesError> {
        check_predictions(predicted)?;
        same_length(predicted, occurred.len(), "outcomes")?;
        same_length(predicted, follow_up.times.len(), "times")?;
        if let Some(weights) = weights {
            same_length(predicted, weights.len(), "weights")?;
            check_weights(weights)?;
        }
        if let Some(competing) = &follow_up.competing {
            same_length(predicted, competing.len(), "competing events")?;
        }
        let horizon = follow_up.horizon;
        if !(0.0 < horizon && horizon.is_finite()) {
            return Err(OutcomesError::Horizon { value: horizon });
        }
        let is_time = |time: &f64| (0.0..f64::INFINITY).contains(time);
        if let Some(row) = follow_up.times.iter().position(|time| !is_time(time)) {
            let value = follow_up.times[row];
            return Err(OutcomesError::Time { row, value });
        }
        let person = |row: usize| Person {
            time: follow_up.times[row],
            ending: match (occurred[row], &follow_up.competing) {
                (true, _) => Ending::Event,
                (false, Some(competing)) if competing[row] => Ending::Competing,
                (false, _) => Ending::Censored,
            },
            predicted: predicted[row],
            weight: weights.map_or(1.0, |weights| weights[row]),
        };
        let everybody = (0..predicted.len()).map(person);
        let mut people: Vec<Person> = everybody.filter(|person| 0.0 < person.weight).collect();
        people.sort_unstable_by(|a, b| {
            let by_time = a
                .time
                .total_cmp(&b.time)
                .then(a.predicted.total_cmp(&b.predicted));
            by_time.then(a.weight.total_cmp(&b.weight))
        });
        // Whoever was seen for as long as the longest-followed person answers for those beyond.
        let longest = people.last().map_or(0.0, |person| person.time);
        if longest < horizon {
            return Err(OutcomesError::FollowUpTooShort { longest, horizon });
        }
        Ok(Self {
            people,
            horizon,
            is_weighted: weights.is_some(),
            has_competing: follow_up.competing.is_some(),
        })
    }

    pub(super) fn n(&self) -> usize {
        self.people.len()
    }

    /// How many had the event by the horizon.
    pub(super) fn events(&self) -> usize {
        let by_horizon = |p: &&Person| p.ending == Ending::Event && p.time <= self.horizon;
        self.people.iter().filter(by_horizon).count()
    }

    /// How many have at least this prediction.
    pub(super) fn flagged(&self, threshold: f64) -> usize {
        let is_flagged = |p: &&Person| threshold <= p.predicted;
        self.people.iter().filter(is_flagged).count()
    }

    pub(super) fn mean_prediction(&self) -> f64 {
        let total = sum(self.people.iter().map(|p| p.weight));
        sum(self.people.iter().map(|p| p.weight * p.predicted)) / total
    }

    /// Every time at which somebody's observation ends.
    fn moments(&self) -> Vec<Moment> {
        let mut at_risk = Sum::default();
        self.people
            .iter()
            .for_each(|person| at_risk.add(person.weight));
        let mut moments = Vec::new();
        let mut start = 0;
        while start < self.people.len() {
            let time = self.people[start].time;
            let mut moment = Moment {
                time,
                at_risk: at_risk.value(),
                events: 0.0,
                competing: 0.0,
                censored: 0.0,
                end: start,
            };
            for person in &self.people[start..] {
                if time < person.time {
                    break;
                }
                match person.ending {
                    Ending::Event => moment.events += person.weight,
                    Ending::Competing => moment.competing += person.weight,
                    Ending::Censored => moment.censored += person.weight,
                }
                at_risk.add(-person.weight);
                moment.end += 1;
            }
            start = moment.end;
            moments.push(moment);
        }
        moments
    }

    /// Observed risk by the horizon.
    ///
    /// # Formula
    ///
    /// Without competing events `1 − Π (1 − d/Y)` (Kaplan-Meier) with Greenwood's
    /// variance on the scale `log(−log S)`; with them, or with weights,
    /// `Σ S(t−) d/Y` (Aalen-Johansen) with the infinitesimal jackknife
    /// `Σ (w ∂F/∂w)²` on the log scale.
    ///
    /// # Source
    ///
    /// Kaplan, Meier, J Am Stat Assoc 1958;53:457-481; Aalen, Johansen, Scand J
    /// Stat 1978;5:141-150; limits as R survival's `survfit` computes them.
    pub(super) fn observed_risk(&self) -> Figure {
        if self.events() == 0 {
            return Err(NotIdentifiable::NoEvents);
        }
        if self.has_competing || self.is_weighted {
            self.aalen_johansen()
        } else {
            Ok(self.kaplan_meier())
        }
    }

    fn kaplan_meier(&self) -> Estimate {
        let (mut survival, mut greenwood) = (1.0, 0.0);
        for moment in self.moments() {
            if moment.time <= self.horizon {
                let left = moment.at_risk - moment.events;
                survival *= left / moment.at_risk;
                greenwood += moment.events / (moment.at_risk * left);
            }
        }
        let reach = Z * greenwood.sqrt() / libm::log(survival);
        let limit = |reach: f64| 1.0 - libm::pow(survival, libm::exp(reach));
        Estimate {
            value: 1.0 - survival,
            // `log S` is negative: the signs turn around.
            lower: limit(-reach).min(limit(reach)),
            upper: limit(-reach).max(limit(reach)),
            method: Method::GreenwoodLogLog,
        }
    }

    fn aalen_johansen(&self) -> Figure {
        let moments = self.moments();
        let before = moments
            .iter()
            .take_while(|moment| moment.time <= self.horizon);
        let (mut survival, mut risk) = (1.0, 0.0);
        // Survival just before each moment, and the risk just after it.
        let mut course = Vec::new();
        for moment in before {
            let was = survival;
            risk += was * moment.events / moment.at_risk;
            survival *= 1.0 - (moment.events + moment.competing) / moment.at_risk;
            course.push((moment, was, risk));
        }
        let mut variance = Sum::default();
        // What everybody at risk has lost to the influence of others' events so far.
        let mut shared = 0.0;
        let mut start = 0;
        for (moment, was, after) in &course {
            let all = (moment.events + moment.competing) / moment.at_risk;
            // Nobody is left: no risk comes after, and the ratio has no meaning.
            let ahead = if all < 1.0 {
                (risk - after) / (1.0 - all)
            } else {
                0.0
            };
            shared -= (was * moment.events / moment.at_risk - ahead * all) / moment.at_risk;
            for person in &self.people[start..moment.end] {
                let own = match person.ending {
                    Ending::Event => (was - ahead) / moment.at_risk,
                    Ending::Competing => -ahead / moment.at_risk,
                    Ending::Censored => 0.0,
                };
                let influence = person.weight * (own + shared);
                variance.add(influence * influence);
            }
            start = moment.end;
        }
        for person in &self.people[start..] {
            let influence = person.weight * shared;
            variance.add(influence * influence);
        }
        let se = variance.value().sqrt();
        let limits = Estimate::log_normal(risk, se / risk, Method::JackknifeLog);
        Ok(limits.within_unit())
    }

    /// Everybody whose state at the horizon is known, weighted for those for whom it is not.
    ///
    /// # Formula
    ///
    /// `w / Ĝ(T−)` for an event or competing event at `T` by the horizon `H`,
    /// `w / Ĝ(H−)` for whoever is observed to `H` or longer without one, nothing
    /// for the others; `Ĝ` is the Kaplan-Meier estimate of staying uncensored,
    /// with events before censorings of the same time.
    ///
    /// # Source
    ///
    /// Graf et al., Stat Med 1999;18:2529-2545, section 3; with competing events:
    /// Schoop et al., Biom J 2011;53:88-112.
    pub(super) fn reduced(&self) -> Result<PairedOutcomes, OutcomesError> {
        let (mut predicted, mut occurred, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        let mut uncensored = 1.0;
        let mut start = 0;
        for moment in self.moments() {
            for person in &self.people[start..moment.end] {
                let is_known = self.horizon <= person.time || person.ending != Ending::Censored;
                if is_known {
                    let by_horizon = person.time <= self.horizon;
                    predicted.push(person.predicted);
                    occurred.push(by_horizon && person.ending == Ending::Event);
                    weights.push(person.weight / uncensored);
                }
            }
            // From the horizon on, the estimate stays what it was just before.
            if moment.time < self.horizon {
                let at_risk = moment.at_risk - moment.events - moment.competing;
                if 0.0 < moment.censored {
                    uncensored *= 1.0 - moment.censored / at_risk;
                }
            }
            start = moment.end;
        }
        PairedOutcomes::new(predicted, occurred, Some(weights))
    }
}
