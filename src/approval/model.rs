//! What is signed of a change of the model: the proposal, its data, its code, its evidence.

use std::fmt::Write;

use jiff::Timestamp;

use super::manifest::one_line;

const FIRST: &str = "preventio model manifest 1";

/// What is signed of a proposal. Every manifest has exactly one text.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelManifest {
    /// The programme's id and version.
    pub programme: String,
    /// Fingerprint of the rule book.
    pub rules: String,
    /// Version of the program that judged it.
    pub program: String,
    /// The proposal's number.
    pub proposal: u32,
    /// The calibration that it changes: id and version.
    pub base: String,
    /// The recalibration in force that it starts from; nothing for the rule file's numbers.
    pub made_from: Option<u32>,
    /// What is added to the log odds, and what they are multiplied by.
    pub update: (f64, f64),
    /// SHA-256 over the decisions and outcomes that it was fitted on.
    pub fitted: String,
    /// SHA-256 over those that it was judged on, the fitted ones with them.
    pub judged: String,
    /// The newest pull and the newest event of rounds that were seen.
    pub seen: (u32, i64),
    /// Each gate with what it said, a line each.
    pub gates: String,
    /// SHA-256 over the whole report.
    pub evidence: String,
    /// Who signs.
    pub signer: String,
    /// When, as the signer says.
    pub signed_at: Timestamp,
}

impl ModelManifest {
    /// The text that is signed. Numbers are written so that no digit is lost.
    #[must_use]
    pub fn text(&self) -> String {
        let (intercept, slope) = self.update;
        let made_from = self.made_from;
        let made_from = made_from.map_or("none".to_owned(), |id| id.to_string());
        let mut text = format!(
            "{FIRST}\nprogramme {}\nrules {}\nprogram {}\nproposal {}\nbase {}\nmade-from {made_from}\n",
            self.programme, self.rules, self.program, self.proposal, self.base
        );
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "intercept {intercept:?}\nslope {slope:?}\nfitted {}\njudged {}\npull {}\nledger-event {}\n",
            self.fitted, self.judged, self.seen.0, self.seen.1
        );
        for gate in self.gates.lines() {
            let _ = writeln!(text, "gate {gate}");
        }
        let _ = write!(
            text,
            "evidence {}\nsigner {}\nsigned-at {}\n",
            self.evidence,
            one_line(&self.signer),
            self.signed_at
        );
        text
    }
}
