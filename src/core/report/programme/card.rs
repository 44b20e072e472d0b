//! The model card: what the model in force is, from the rules and the registry.

use super::super::phrases::date_phrase;
use super::{NOT_STATED, ProposalOnRecord, Reported};
use crate::rulebook::{Ages, Conversion, Header, Rulebook, Source, Status};

/// A line of the model card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardLine {
    /// Of what.
    pub what: &'static str,
    /// What is known of it; never empty.
    pub says: Vec<String>,
}

/// The model card of what is in force; what nothing is known of says so.
#[must_use]
pub fn model_card(reported: &Reported) -> Vec<CardLine> {
    let rules = &reported.rulebook;
    let (model, calibration) = (&rules.model, &rules.calibration);
    let learning = &reported.learning;
    let line = |what, says: Vec<String>| CardLine {
        what,
        says: if says.is_empty() {
            vec![NOT_STATED.to_owned()]
        } else {
            says
        },
    };
    vec![
        line(
            "Score",
            vec![named(&model.header), model.header.why.clone()],
        ),
        line("Source of the score", vec![source(&model.header.source)]),
        line("Made for ages", ages(model.ages)),
        line("Known limits of the score", model.header.limits.clone()),
        line("Probability", probability(rules)),
        line(
            "Source of the probability",
            vec![source(&calibration.header.source)],
        ),
        line(
            "Known limits of the probability",
            calibration.header.limits.clone(),
        ),
        line(
            "Outcome, horizon and verification",
            vec![learning.estimand.to_string()],
        ),
        line(
            "Intended use",
            vec![
                rules.programme.header.summary.clone(),
                format!(
                    "Tests are asked for from {} on.",
                    learning.unit.text(learning.action_level)
                ),
                "A professional makes every diagnosis; the program proposes.".to_owned(),
            ],
        ),
        line("Rules", standing_of_rules(rules)),
        line("Recalibrations on record", registry(reported)),
        line(
            "Looked at",
            vec![format!(
                "{} residents, decisions of runs {}, as of {}",
                reported.subject.residents,
                runs(reported),
                date_phrase(reported.subject.as_of)
            )],
        ),
        // No rule file has a place for it.
        line("Contact", Vec::new()),
    ]
}

pub(super) fn runs(reported: &Reported) -> String {
    let runs: Vec<String> = reported.subject.runs.iter().map(u32::to_string).collect();
    if runs.is_empty() {
        "(none)".to_owned()
    } else {
        runs.join(", ")
    }
}

fn named(header: &Header) -> String {
    format!("{} {}: {}", header.id, header.version, header.summary)
}

pub(super) fn source(source: &Source) -> String {
    let seen = if source.verified {
        ""
    } else {
        "; the source itself was not seen"
    };
    format!(
        "{}, {}: {}; {}{seen}",
        source.author, source.year, source.title, source.locator
    )
}

fn ages(ages: Ages) -> Vec<String> {
    if ages == Ages::ALL {
        return Vec::new();
    }
    vec![format!("from {}, below {}", ages.from, ages.below)]
}

pub(super) fn probability(rules: &Rulebook) -> Vec<String> {
    let calibration = &rules.calibration;
    let how = match &calibration.conversion {
        Conversion::Bands(_) => "a probability for each band of scores".to_owned(),
        Conversion::Logistic(line) => {
            format!(
                "log odds = {:.4} + {:.4} × score",
                line.intercept, line.slope
            )
        }
        Conversion::Identity(line) => format!(
            "log odds = {:.4} + {:.4} × log odds of the score",
            line.intercept, line.slope
        ),
    };
    let verified = if calibration.verified {
        "Its numbers were checked at their source."
    } else {
        "A draft: its numbers are not verified."
    };
    vec![
        format!("{}: {}", calibration.name(), calibration.header.summary),
        how,
        verified.to_owned(),
    ]
}

fn standing_of_rules(rules: &Rulebook) -> Vec<String> {
    let header = &rules.programme.header;
    let status = match header.status {
        Status::Draft => "an unsigned draft",
        Status::InForce => "in force",
    };
    vec![
        format!("{} {}, {status}", header.id, header.version),
        format!("fingerprint {}", rules.fingerprint),
        format!(
            "{} numbers of its files are not verified",
            rules.unverified.len()
        ),
    ]
}

pub(super) fn registry(reported: &Reported) -> Vec<String> {
    let registry = &reported.registry;
    let proposal = |known: &ProposalOnRecord| {
        let gates: Vec<String> = known
            .gates
            .iter()
            .map(|(gate, said)| format!("{gate} {said}"))
            .collect();
        let gates = if gates.is_empty() {
            "not tried".to_owned()
        } else {
            gates.join(", ")
        };
        format!(
            "{}, as of {}: {:.4} + {:.4} × log odds, fitted on {} verified, {} confirmed; {}; gates: {gates}",
            known.number,
            known.as_of,
            known.intercept,
            known.slope,
            known.verified,
            known.confirmed,
            known.standing
        )
    };
    let mut all: Vec<String> = registry.proposals.iter().map(proposal).collect();
    if let Some((number, share)) = &registry.shared {
        all.push(format!("{number} decides about {share} of residents"));
    }
    if all.is_empty() {
        all.push("none".to_owned());
    }
    all
}
