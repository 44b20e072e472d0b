//! The gates that outcomes judge.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::over_time::over_time;
use super::people::{DIMENSIONS, DatedCase, People};
use super::{Gate, GateName, GateVerdict};
use crate::calibration::{
    Auroc, Estimate, FEWEST_IN_GROUP, Figure, NotIdentifiable, auroc, calibration_in_the_large,
    calibration_slope,
};
use crate::learning::cases::score_bands;
use crate::learning::figures::Tested;
use crate::rulebook::{Calibration, Model, ModelChanges, Score};

/// Areas of fitted and held-out people that differ by chance this rarely (two-sided 1 %) are held to differ.
const APART: f64 = 2.575_829_303_548_901;

/// By so much a figure of log odds may be further from what is right and count as no further: a
/// twentieth, which at a probability of 8 % is a third of a per cent.
const NO_FURTHER: f64 = 0.05;

/// A proposal, and what it would replace.
#[derive(Clone, Copy)]
pub struct Update<'a> {
    /// The calibration in force.
    pub in_force: &'a Calibration,
    /// The proposal.
    pub proposed: &'a Calibration,
    /// What log odds are multiplied by.
    pub slope: f64,
    /// Whom it was fitted on.
    pub tested: Tested,
    /// The last day of decisions that it was fitted on; nothing where that is not known.
    pub fitted_until: Option<Date>,
    /// The score.
    pub model: &'a Model,
    /// From which score on tests are ordered.
    pub action_level: Score,
}

/// Judges a proposal on the decisions after those that it was fitted on.
#[must_use]
pub fn judge(update: &Update<'_>, limits: &ModelChanges, cases: &[DatedCase]) -> Vec<Gate> {
    let names = [
        GateName::Outcomes,
        GateName::HeldOut,
        GateName::OverTime,
        GateName::NetBenefit,
        GateName::Groups,
        GateName::Bounds,
    ];
    let shut = |why: &str, evidence: Gate| -> Vec<Gate> {
        let rest = names.map(|name| Gate::new(name, GateVerdict::NotJudgeable(why.to_owned())));
        [evidence].into_iter().chain(rest).collect()
    };
    let Some(last) = update.fitted_until else {
        let why = "it is not known which decisions it was fitted on";
        let verdict = GateVerdict::NotJudgeable(why.to_owned());
        return shut(why, Gate::new(GateName::Evidence, verdict));
    };
    let bands = score_bands(update.model, update.action_level);
    let of = |days: &dyn Fn(Date) -> bool| People::of(cases, &bands, update.tested, days);
    let (held, fitted) = (of(&|on| last < on), of(&|on| on <= last));
    let evidence = evidence(&held, limits);
    if let Some(why) = evidence.verdict.why().map(str::to_owned) {
        return shut(&why, evidence);
    }
    let (old, new) = (update.in_force, update.proposed);
    let both = of(&|_| true);
    let judged = [
        evidence,
        outcomes_follow_the_score(&fitted, &held, old),
        held_out(&held, (old, new), limits),
        over_time(&both, new),
        net_benefit(&held, update, limits),
        groups(&held, (old, new), limits),
        bounds(&held, update, limits),
    ];
    judged.into_iter().collect()
}

fn evidence(held: &People<'_>, limits: &ModelChanges) -> Gate {
    let (events, fewest) = (held.events(), limits.fewest as usize);
    let others = held.rows.len() - events;
    let verdict = if held.limiting() < fewest {
        GateVerdict::NotJudgeable(format!(
            "insufficient evidence: {} confirmed or not among the held-out, {fewest} needed",
            held.limiting()
        ))
    } else {
        GateVerdict::Passed
    };
    let bounds = format!("at least {fewest}");
    Gate::new(GateName::Evidence, verdict)
        .counts(
            "confirmed among the held-out",
            events as f64,
            bounds.clone(),
        )
        .counts("not confirmed among the held-out", others as f64, bounds)
}

/// Whoever shuffles outcomes leaves no order by the score; whoever spoils some leaves another one.
fn outcomes_follow_the_score(fitted: &People<'_>, held: &People<'_>, old: &Calibration) -> Gate {
    let area = |people: &People<'_>| people.paired(old).and_then(|rows| auroc(&rows));
    let (then, now) = (area(fitted), area(held));
    let verdict = match (&then, &now) {
        (Ok(then), Ok(now)) => order(then, now),
        (Err(why), _) | (_, Err(why)) => GateVerdict::NotJudgeable(why.to_string()),
    };
    let shown = |area: Result<Auroc, NotIdentifiable>| area.map(|area| area.estimate);
    Gate::new(GateName::Outcomes, verdict)
        .shows("area under the curve, fitted", shown(then))
        .shows("area under the curve, held out", shown(now))
}

fn order(then: &Auroc, now: &Auroc) -> GateVerdict {
    let apart = (then.estimate.value - now.estimate.value).abs();
    for (area, who) in [(then, "fitted"), (now, "held-out")] {
        if area.estimate.upper < 0.5 {
            return GateVerdict::Failed(format!(
                "of the {who}, those with higher scores were confirmed less often"
            ));
        }
        if area.estimate.lower <= 0.5 {
            return GateVerdict::NotJudgeable(format!(
                "among the {who} outcomes may have nothing to do with the score"
            ));
        }
    }
    if APART * (then.variance + now.variance).sqrt() < apart {
        return GateVerdict::Failed(
            "outcomes of the held-out follow the score otherwise than those fitted".to_owned(),
        );
    }
    GateVerdict::Passed
}

/// Whether a figure is right, or nearer to what is right than it was.
fn is_no_worse(old: Figure, new: Figure, right: f64) -> bool {
    match (old, new) {
        (_, Ok(new)) if new.lower <= right && right <= new.upper => true,
        (Ok(old), Ok(new)) => (new.value - right).abs() <= (old.value - right).abs() + NO_FURTHER,
        (Err(_), _) | (_, Err(_)) => false,
    }
}

fn held_out(
    held: &People<'_>,
    (old, new): (&Calibration, &Calibration),
    limits: &ModelChanges,
) -> Gate {
    let figure =
        |of: fn(&_) -> Figure, by: &Calibration| held.paired(by).and_then(|rows| of(&rows));
    let in_the_large = [old, new].map(|by| figure(calibration_in_the_large, by));
    let slopes = [old, new].map(|by| figure(calibration_slope, by));
    let compared = held.compared(old, new);
    let score = compared.as_ref().map(|c| c.log_score());
    let brier = compared.as_ref().map(|c| c.brier());
    let margin = -limits.score_margin;
    let verdict = match (&score, &brier) {
        (Ok(score), Ok(_)) if score.upper < 0.0 => {
            GateVerdict::Failed("it predicts worse than the calibration in force".to_owned())
        }
        (Ok(_), Ok(brier)) if 0.0 < brier.lower => {
            GateVerdict::Failed("its squared error is larger".to_owned())
        }
        (Ok(score), Ok(_)) if score.value <= 0.0 => {
            GateVerdict::Failed("it predicts no better than the calibration in force".to_owned())
        }
        (Ok(score), Ok(_)) if score.lower < margin => GateVerdict::NotJudgeable(format!(
            "insufficient evidence: it may be worse by more than {}",
            limits.score_margin
        )),
        _ if !is_no_worse(in_the_large[0], in_the_large[1], 0.0) => {
            GateVerdict::Failed("its mean probability is further from what was seen".to_owned())
        }
        _ if !is_no_worse(slopes[0], slopes[1], 1.0) => {
            GateVerdict::Failed("its slope is further from 1".to_owned())
        }
        (Ok(_), Ok(_)) => GateVerdict::Passed,
        (Err(why), _) | (_, Err(why)) => GateVerdict::NotJudgeable(why.to_string()),
    };
    let own = |figure: Result<Estimate, &NotIdentifiable>| figure.map_err(|why| *why);
    Gate::new(GateName::HeldOut, verdict)
        .shows("log score, proposal less in force", own(score))
        .shows("Brier score, proposal less in force", own(brier))
        .shows("calibration-in-the-large, in force", in_the_large[0])
        .shows("calibration-in-the-large, proposal", in_the_large[1])
        .shows("calibration slope, in force", slopes[0])
        .shows("calibration slope, proposal", slopes[1])
}

/// At the probabilities that each of the two gives to the action level: one of them says what the
/// programme believed it was acting on, the other what it would.
fn net_benefit(held: &People<'_>, update: &Update<'_>, limits: &ModelChanges) -> Gate {
    let (old, new) = (update.in_force, update.proposed);
    let at = |by: &Calibration| f64::from(by.at(update.action_level)) / 1e9;
    let thresholds = [at(old), at(new)];
    let compared = match held.compared(old, new) {
        Ok(compared) if thresholds.iter().all(|at| *at < 1.0) => compared,
        Ok(_) => {
            let why = "everybody at the action level is certain to be confirmed".to_owned();
            return Gate::new(GateName::NetBenefit, GateVerdict::NotJudgeable(why));
        }
        Err(why) => {
            let verdict = GateVerdict::NotJudgeable(why.to_string());
            return Gate::new(GateName::NetBenefit, verdict);
        }
    };
    let differences = thresholds.map(|at| compared.net_benefit(at));
    let verdict = if differences.iter().any(|known| known.upper < 0.0) {
        GateVerdict::Failed("flagging by it at the action level does less good".to_owned())
    } else if differences
        .iter()
        .any(|known| known.lower < -limits.net_benefit_margin)
    {
        GateVerdict::NotJudgeable(format!(
            "insufficient evidence: it may do less good by more than {} a person",
            limits.net_benefit_margin
        ))
    } else {
        GateVerdict::Passed
    };
    let gate = Gate::new(GateName::NetBenefit, verdict);
    let among = match update.tested {
        Tested::Everybody => "",
        Tested::FlaggedOnly => ", among the flagged",
    };
    thresholds
        .iter()
        .zip(differences)
        .fold(gate, |gate, (at, difference)| {
            let what = format!("net benefit at {at:.4}{among}, proposal less in force");
            gate.shows(what, Ok(difference))
        })
}

/// A group of people, and how the proposal does in it.
enum InGroup {
    Unharmed,
    Harmed,
    Insufficient,
}

fn groups(
    held: &People<'_>,
    (old, new): (&Calibration, &Calibration),
    limits: &ModelChanges,
) -> Gate {
    let mut all: Vec<(usize, String)> = Vec::new();
    for dimension in 0..DIMENSIONS.len() {
        let rows = held.rows.iter();
        let names: BTreeSet<&String> = rows.map(|(case, _)| &case.groups[dimension]).collect();
        all.extend(names.into_iter().map(|name| (dimension, name.clone())));
    }
    let mut gate = Gate::new(GateName::Groups, GateVerdict::Passed);
    let (mut harmed, mut judged) = (Vec::new(), [0.0; DIMENSIONS.len()]);
    for (dimension, name) in all {
        let here = held.only(|case| case.groups[dimension] == name);
        let what = format!("{} {name}", DIMENSIONS[dimension]);
        let (found, figure) = in_group(&here, (old, new), limits);
        match found {
            InGroup::Unharmed => judged[dimension] += here.weight(),
            InGroup::Harmed => harmed.push(what.clone()),
            InGroup::Insufficient => gate.insufficient.push(what.clone()),
        }
        if let Some(figure) = figure {
            gate = gate.shows(format!("log score, {what}"), Ok(figure));
        }
    }
    let needed = limits.groups_judged * held.weight();
    let too_few = (0..DIMENSIONS.len()).find(|at| judged[*at] < needed);
    gate.verdict = match (harmed.is_empty(), too_few) {
        (false, _) => GateVerdict::Failed(format!("it harms {}", harmed.join(", "))),
        (true, Some(at)) => GateVerdict::NotJudgeable(format!(
            "insufficient evidence: by {}, under {} of the people are in groups that can be judged",
            DIMENSIONS[at], limits.groups_judged
        )),
        (true, None) => GateVerdict::Passed,
    };
    gate
}

/// Each group by its own limits of 95 %: where the proposal is better, a group that looks harmed by chance
/// is rare, and one that is harmed must not hide behind the others.
fn in_group(
    here: &People<'_>,
    (old, new): (&Calibration, &Calibration),
    limits: &ModelChanges,
) -> (InGroup, Option<Estimate>) {
    if here.limiting() < FEWEST_IN_GROUP {
        return (InGroup::Insufficient, None);
    }
    let Ok(compared) = here.compared(old, new) else {
        return (InGroup::Insufficient, None);
    };
    let figure = compared.log_score();
    let found = if figure.upper < 0.0 {
        InGroup::Harmed
    } else if figure.lower < -limits.group_margin {
        InGroup::Insufficient
    } else {
        InGroup::Unharmed
    };
    (found, Some(figure))
}

fn bounds(held: &People<'_>, update: &Update<'_>, limits: &ModelChanges) -> Gate {
    let ratio = held
        .compared(update.in_force, update.proposed)
        .map(|compared| compared.mean_ratio());
    let within = |value: f64, [least, most]: [f64; 2]| least <= value && value <= most;
    let verdict = match ratio {
        Err(why) => GateVerdict::NotJudgeable(why.to_string()),
        Ok(_) if !within(update.slope, limits.slope) => GateVerdict::Failed(
            "it stretches log odds by more than a recalibration should".to_owned(),
        ),
        Ok(ratio) if !within(ratio, limits.mean_risk) => GateVerdict::Failed(
            "it changes the mean probability by more than a recalibration should".to_owned(),
        ),
        Ok(_) => GateVerdict::Passed,
    };
    let between = |[least, most]: [f64; 2]| format!("{least} to {most}");
    let gate = Gate::new(GateName::Bounds, verdict).counts(
        "log odds are stretched by",
        update.slope,
        between(limits.slope),
    );
    match ratio {
        Ok(ratio) => gate.counts(
            "the mean probability is multiplied by",
            ratio,
            between(limits.mean_risk),
        ),
        Err(_) => gate,
    }
}
