//! The model's registry: list and show proposals, sign them, put them in force, take them back.
//!
//! A proposal that has passed its gates is signed by two people over one and the same text, decides about
//! a share of residents for some weeks, then about all. Taking back needs one name and a reason.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::in_force::{Registry, in_force};
use super::model_document::{
    ChangeShown, DataShown, ModelList, ModelShown, ProposalShown, ShadowDocument, ShadowShown,
    SharedShown,
};
use super::model_shadow::{Trying, trying};
use super::{DataFolder, StepError};
use crate::approval::{ModelManifest, NotApproved, Signed, Signers, SigningKey};
use crate::learning::{ModelChange, Standing};
use crate::ledger::{ModelShadow, ModelSignature, RecalibrationRecord};
use crate::pathway::Inclusion;
use crate::rulebook::Rulebook;

/// What signatures are over, as refusals call it.
const PROPOSAL: &str = "the proposal";
/// So many people stand for a proposal.
const SIGNATURES: usize = 2;

/// Why a proposal is not signed or put in force.
#[derive(Debug, thiserror::Error)]
pub enum NotPromoted {
    /// Nobody has looked at what it would do.
    #[error("recalibration {0} was not tried\nhint: `preventio model shadow {0}`")]
    NotTried(u32),
    /// Some gate is shut.
    #[error(
        "recalibration {id} has not passed its gates: {}\nhint: `preventio model show {id}` says why; newer outcomes may prove more", .shut.join(", ")
    )]
    GatesShut {
        /// The proposal.
        id: u32,
        /// The gates, each with what it said.
        shut: Vec<String>,
    },
    /// The evidence is of other rules, or of another program.
    #[error(
        "recalibration {id} was tried with {with}\nhint: `preventio model shadow {id}`, then sign again"
    )]
    TriedOtherwise {
        /// The proposal.
        id: u32,
        /// What is different.
        with: &'static str,
    },
    /// The evidence on record is not what was written.
    #[error("what is on record of recalibration {0} was changed: its fingerprint is another")]
    Changed(u32),
    /// A signature does not hold.
    #[error(transparent)]
    Signature(#[from] NotApproved),
    /// Too few people stand for it.
    #[error(
        "recalibration {id} is signed by {found} of two people\nhint: two different people with different keys: `preventio model sign {id} --key FILE --signer NAME`"
    )]
    TooFewSignatures {
        /// The proposal.
        id: u32,
        /// How many do.
        found: usize,
    },
    /// Another one is being tried on people.
    #[error(
        "recalibration {0} decides about a share of residents\nhint: promote it for all, or roll it back, first"
    )]
    AnotherShare(u32),
    /// All come after some.
    #[error(
        "recalibration {id} has not decided about a share of residents for {days} days\nhint: `preventio model promote {id} --share 0.1`, then runs over that time"
    )]
    ShareFirst {
        /// The proposal.
        id: u32,
        /// How many days.
        days: u16,
    },
    /// A share does not shrink: somebody would change sides.
    #[error("recalibration {0} decides about a larger share already\nhint: roll it back instead")]
    SmallerShare(u32),
}

/// A person's name and reason.
#[derive(Debug, Clone, Copy)]
pub struct ByPerson<'a> {
    /// The name.
    pub name: &'a str,
    /// The instant of now (UTC), for people.
    pub at: &'a str,
}

/// Whose signatures count, and on which day that is asked.
#[derive(Debug, Clone, Copy)]
pub struct Vouching<'a> {
    /// The signers.
    pub signers: &'a Signers,
    /// Today in the programme's time zone.
    pub today: Date,
}

/// Every proposal and what is in force.
///
/// # Errors
///
/// When the ledger cannot be read.
pub fn model_list(rulebook: &Rulebook, data: &DataFolder) -> Result<ModelList, StepError> {
    let registry = Registry::of(data)?;
    let standing = registry.standing();
    let in_force = in_force(rulebook, data)?;
    let proposals = registry.all.iter();
    let proposals = proposals.map(|known| listed(data, &registry, &standing, known));
    Ok(ModelList {
        in_force: in_force.rulebook.calibration.name(),
        shared: in_force.share().map(|(recalibration, share)| SharedShown {
            recalibration,
            share_e9: share.billionths(),
        }),
        proposals: proposals.collect::<Result<_, _>>()?,
    })
}

/// Everything on record of a proposal.
///
/// # Errors
///
/// When there is no such proposal, or the ledger cannot be read.
pub fn model_show(data: &DataFolder, id: u32) -> Result<ModelShown, StepError> {
    let registry = Registry::of(data)?;
    let known = registry.called(id).ok_or(StepError::UnknownProposal(id))?;
    let proposal = listed(data, &registry, &registry.standing(), known)?;
    let shadow = match data.ledger.model_shadows(id)?.pop() {
        None => None,
        Some(shadow) => {
            let signed = data.ledger.model_signatures(shadow.id)?.into_iter();
            Some(ShadowShown {
                shadow: shadow.id,
                program: shadow.program,
                evidence: shadow.evidence,
                signed: signed.map(|one| (one.signer, one.signed_at)).collect(),
                document: serde_json::from_str::<ShadowDocument>(&shadow.report).ok(),
            })
        }
    };
    let of_it = registry.changes.iter().filter(|c| c.recalibration == id);
    let history = of_it.map(|known| ChangeShown {
        what: match known.change {
            ModelChange::Accepted(_) => "accepted by one name, in a trial".to_owned(),
            ModelChange::Promoted(_, share) if share == Inclusion::EVERYBODY => {
                "promoted for all".to_owned()
            }
            ModelChange::Promoted(_, share) => format!("promoted for {}", in_percent(share)),
            ModelChange::RolledBack => "rolled back".to_owned(),
        },
        by: known.by.clone(),
        why: known.why.clone(),
        at: known.at.clone(),
    });
    Ok(ModelShown {
        proposal,
        data: DataShown {
            program: known.program.clone(),
            rules_fingerprint: known.rules_fingerprint.clone(),
            pull: known.pull,
            runs: known.runs.clone(),
            cases_hash: known.cases_hash.clone(),
            fitted_until: known.fitted_until.clone(),
            among: known.tested.clone(),
        },
        shadow,
        history: history.collect(),
    })
}

fn in_percent(share: Inclusion) -> String {
    format!("{} %", f64::from(share.billionths()) / 1e7)
}

fn listed(
    data: &DataFolder,
    registry: &Registry,
    standing: &Standing,
    known: &RecalibrationRecord,
) -> Result<ProposalShown, StepError> {
    Ok(ProposalShown {
        proposal: known.id,
        as_of: known.as_of.clone(),
        base: known.base.clone(),
        made_from: known.made_from,
        update: known.rung.clone(),
        intercept: known.intercept,
        slope: known.slope,
        verified: known.n,
        confirmed: known.events,
        standing: standing_of(data, registry, standing, known.id)?,
    })
}

/// How far a proposal has come.
fn standing_of(
    data: &DataFolder,
    registry: &Registry,
    standing: &Standing,
    id: u32,
) -> Result<String, StepError> {
    if registry.is_rolled_back(id) {
        return Ok("rolled back".to_owned());
    }
    if standing.for_all.last() == Some(&id) {
        return Ok("in force for all".to_owned());
    }
    if standing.for_all.contains(&id) {
        return Ok("in force before, and under the one in force".to_owned());
    }
    if let Some((_, share)) = standing.for_a_share.filter(|(of, _)| *of == id) {
        return Ok(format!("in force for {}", in_percent(share)));
    }
    let Some(shadow) = data.ledger.model_shadows(id)?.pop() else {
        return Ok("proposed".to_owned());
    };
    if !shadow.passed {
        return Ok("tried: not every gate lets it through".to_owned());
    }
    let signed = data.ledger.model_signatures(shadow.id)?.len();
    Ok(format!("passed its gates, signed by {signed} of two"))
}

/// The newest evidence of a proposal, when every gate let it through and it is about these rules, this
/// program and what is on record.
fn passed(rulebook: &Rulebook, data: &DataFolder, id: u32) -> Result<ModelShadow, StepError> {
    let newest = data.ledger.model_shadows(id)?.pop();
    let shadow = newest.ok_or(NotPromoted::NotTried(id))?;
    if super::model_shadow::sha256(&shadow.report) != shadow.evidence {
        return Err(NotPromoted::Changed(id).into());
    }
    if shadow.rules_fingerprint != rulebook.fingerprint {
        let with = "other rules than these";
        return Err(NotPromoted::TriedOtherwise { id, with }.into());
    }
    if shadow.program != env!("CARGO_PKG_VERSION") {
        let with = "another version of the program";
        return Err(NotPromoted::TriedOtherwise { id, with }.into());
    }
    if !shadow.passed {
        let lines = shadow.gates.lines();
        let shut = lines.filter(|line| !line.ends_with(" passed"));
        let shut = shut.map(str::to_owned).collect();
        return Err(NotPromoted::GatesShut { id, shut }.into());
    }
    Ok(shadow)
}

fn manifest(
    rulebook: &Rulebook,
    record: &RecalibrationRecord,
    shadow: &ModelShadow,
    (signer, signed_at): (&str, Timestamp),
) -> ModelManifest {
    let header = &rulebook.programme.header;
    ModelManifest {
        programme: format!("{} {}", header.id, header.version),
        rules: shadow.rules_fingerprint.clone(),
        program: shadow.program.clone(),
        proposal: record.id,
        base: record.base.clone(),
        made_from: record.made_from,
        update: (record.intercept, record.slope),
        fitted: record.cases_hash.clone(),
        judged: shadow.cases_hash.clone(),
        seen: (shadow.pull, shadow.ledger_event),
        gates: shadow.gates.clone(),
        evidence: shadow.evidence.clone(),
        signer: signer.to_owned(),
        signed_at,
    }
}

/// Signs a proposal that has passed its gates; returns the text that was signed.
///
/// # Errors
///
/// When it has not passed, the signer may not sign, the key is not theirs, or writing fails.
pub fn model_sign(
    rulebook: &Rulebook,
    data: &mut DataFolder,
    id: u32,
    (key, signer): (&SigningKey, &str),
    (vouching, now): (Vouching<'_>, Timestamp),
) -> Result<String, StepError> {
    let Trying { record, .. } = trying(rulebook, data, id)?;
    let shadow = passed(rulebook, data, id)?;
    let text = manifest(rulebook, &record, &shadow, (signer, now)).text();
    let signature = key.sign_bytes(text.as_bytes());
    let signed = ModelSignature {
        shadow: shadow.id,
        signer: signer.to_owned(),
        signed_at: now.to_string(),
        signature,
    };
    holds(rulebook, &record, &shadow, &signed, vouching)?;
    data.ledger.add_model_signature(&signed)?;
    Ok(text)
}

/// Whether a signature is over this proposal with this evidence, by somebody who may sign; returns their
/// public key.
fn holds(
    rulebook: &Rulebook,
    record: &RecalibrationRecord,
    shadow: &ModelShadow,
    signed: &ModelSignature,
    Vouching { signers, today }: Vouching<'_>,
) -> Result<String, NotPromoted> {
    let name = signed.signer.as_str();
    let forged = || NotApproved::Forged {
        what: PROPOSAL,
        name: name.to_owned(),
    };
    let signed_at: Timestamp = signed.signed_at.parse().map_err(|_| forged())?;
    let zone = TimeZone::get(&rulebook.programme.time_zone).unwrap_or(TimeZone::UTC);
    let text = manifest(rulebook, record, shadow, (name, signed_at)).text();
    let signed = Signed {
        what: PROPOSAL,
        signer: name,
        on: signed_at.to_zoned(zone).date(),
        text: &text,
        signature: &signed.signature,
    };
    Ok(signers.vouch(&signed, today)?.key.to_pem())
}

/// Puts a proposal in force for a share of residents, or for all, by a named person.
///
/// # Errors
///
/// [`NotPromoted`] says what is missing; otherwise when reading or writing fails.
pub fn model_promote(
    rulebook: &Rulebook,
    data: &mut DataFolder,
    (id, share): (u32, Inclusion),
    by: ByPerson<'_>,
    vouching: Vouching<'_>,
) -> Result<(), StepError> {
    let Trying { record, .. } = trying(rulebook, data, id)?;
    let shadow = passed(rulebook, data, id)?;
    let mut keys = Vec::new();
    for signed in data.ledger.model_signatures(shadow.id)? {
        keys.push(holds(rulebook, &record, &shadow, &signed, vouching)?);
    }
    // Two names with one key are one person.
    keys.sort();
    keys.dedup();
    if keys.len() < SIGNATURES {
        let found = keys.len();
        return Err(NotPromoted::TooFewSignatures { id, found }.into());
    }
    match Registry::of(data)?.standing().for_a_share {
        Some((other, _)) if other != id => return Err(NotPromoted::AnotherShare(other).into()),
        Some((_, before)) if share < before => return Err(NotPromoted::SmallerShare(id).into()),
        Some(_) | None => {}
    }
    if share == Inclusion::EVERYBODY {
        let limits = rulebook.programme.model_changes.as_ref();
        let days = limits.ok_or(StepError::NoModelChanges)?.days_with_a_share;
        if !has_decided_for(data, id, days, vouching.today)? {
            return Err(NotPromoted::ShareFirst { id, days }.into());
        }
    }
    Ok(data.ledger.promote(id, share, by.name, by.at)?)
}

/// Whether runs have been deciding about a share of residents by a recalibration for so many days.
fn has_decided_for(data: &DataFolder, id: u32, days: u16, today: Date) -> Result<bool, StepError> {
    let runs = data.ledger.runs()?.into_iter();
    let by_it = runs.filter(|run| run.shared.is_some_and(|(shared, _)| shared == id));
    let first: Option<Date> = by_it.filter_map(|run| run.index_date.parse().ok()).min();
    let days = jiff::Span::new().days(i64::from(days));
    Ok(first.is_some_and(|first| first.saturating_add(days) <= today))
}

/// Takes back the newest recalibration that is in force, for a share or for all: what was in force before
/// is again. Returns its number.
///
/// # Errors
///
/// When none is in force, or writing fails.
pub fn model_roll_back(
    data: &mut DataFolder,
    by: ByPerson<'_>,
    why: &str,
) -> Result<u32, StepError> {
    let newest = Registry::of(data)?.standing().newest();
    let id = newest.ok_or(StepError::NothingToRollBack)?;
    data.ledger.roll_back(id, by.name, why, by.at)?;
    Ok(id)
}
