//! Authoring: the FHIR R4 resources that we send, built so that a required field cannot be forgotten.
//!
//! # What lives here
//!
//! One function per resource. Plain text and numbers go in, the bytes of one
//! JSON resource come out. Nothing of ours is imported, nothing is sent, and
//! nothing is read: parsing belongs to the reader, which keeps what it cannot
//! understand, whereas the typed models behind this door would drop it.
//!
//! # How the data flows
//!
//! [`RiskAssessmentContent`] → [`risk_assessment`] → `Vec<u8>`, or an
//! [`AuthoringError`] that names the field at fault; [`ServiceRequestContent`] →
//! [`service_request`], [`CommunicationContent`] → [`communication`] and
//! [`TaskContent`] → [`task`] likewise, the last two with a [`FormContent`]
//! inside when questions are asked.
//!
//! # Invariants
//!
//! * No type of `fhir-sdk` is part of this door, so no caller instantiates its generics.
//! * No empty string, array or object is ever written.
//! * An error names a field and never shows its value, which is a resident's.
//! * The same content gives the same bytes; no clock is read and no id is invented.
//!
//! # Why it is so
//!
//! The typed builders refuse to build a resource that lacks a required field,
//! and every resource reads back unchanged with the same models in the tests.
//! Their price is compile time, hence a package of its own. The models are
//! those of R4B (4.3.0), because the library has none of R4 (4.0.1); the
//! elements used here have the same shape in both.

#[cfg(test)]
mod asking_tests;
mod communication;
mod error;
mod measure_report;
mod parts;
mod questionnaire;
mod risk_assessment;
mod score_observation;
mod service_request;
mod task;
#[cfg(test)]
mod tests;

pub use communication::{CommunicationContent, communication};
pub use error::AuthoringError;
pub use measure_report::{MeasureReportContent, ShareContent, measure_report};
pub use parts::{BusinessIdentifier, Coded, Recipient};
pub use questionnaire::{AnswerContent, FormContent, QuestionContent};
pub use risk_assessment::{RiskAssessmentContent, ScoreIn, risk_assessment};
pub use score_observation::{ScoreObservationContent, score_observation};
pub use service_request::{RequestStanding, ServiceRequestContent, service_request};
pub use task::{TaskContent, task};
