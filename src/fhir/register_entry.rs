//! An entry of the register, as read.

use preventiojyraa_core::intake::Issue;
use preventiojyraa_core::profile::{Register, ResidentId, Version};

use super::identity::NationalId;

/// A link to another entry about the same person.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// The other entry.
    pub other: ResidentId,
    /// FHIR's link type: `replaced-by`, `replaces`, `refer`, `seealso`.
    pub kind: String,
}

/// One entry of the register. Holds direct identifiers: no `Debug`.
#[derive(Clone)]
pub struct PatientEntry {
    /// The opaque id.
    pub resident: ResidentId,
    /// `Patient.id` in the source; for the ledger's identity map only.
    pub patient_id: String,
    /// National identifier, if any; for the ledger's identity map only.
    pub national_id: Option<NationalId>,
    /// Which version of the entry.
    pub version: Version,
    /// What decisions use.
    pub register: Register,
    /// District of residence; `None` under a safety non-disclosure.
    pub district: Option<String>,
    /// Language of contact, as a BCP 47 code.
    pub language: Option<String>,
    /// Whether a safety non-disclosure is in force.
    pub non_disclosure: bool,
    /// Links to other entries.
    pub links: Vec<Link>,
    /// What was wrong with it.
    pub issues: Vec<Issue>,
}
