//! The programme's report as a document of plain fields, ready to become JSON.

use serde::Serialize;

use super::{DriftReport, LearnDocument, ProgrammeReport};
use crate::learning::{Arm, flow};
use crate::report::{self, FirstPage};
use crate::rulebook::Language;

/// Everything that `preventio report --json` says.
#[derive(Debug, Serialize)]
pub struct ReportDocument {
    language: &'static str,
    first_page: FirstPageEntry,
    /// First rounds.
    verification: VerificationEntry,
    learned: LearnDocument,
    drift: DriftReport,
    model_card: Vec<LineEntry>,
    tripod: Vec<ItemEntry>,
    not_in_this_report: [&'static str; 4],
}

#[derive(Debug, Serialize)]
struct FirstPageEntry {
    title: String,
    known: Vec<String>,
    not_known: Vec<String>,
    closing: String,
}

#[derive(Debug, Serialize)]
struct VerificationEntry {
    decided: u64,
    flagged: ArmEntry,
    drawn: ArmEntry,
}

#[derive(Debug, Serialize)]
struct ArmEntry {
    decided: u64,
    not_over: u64,
    left_out: u64,
    counted: u64,
    tested: u64,
    confirmed: u64,
    treated: u64,
    confirmed_otherwise: u64,
}

#[derive(Debug, Serialize)]
struct LineEntry {
    of: &'static str,
    says: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ItemEntry {
    item: u8,
    heading: &'static str,
    says: Vec<String>,
}

impl ReportDocument {
    /// The document of a report, with its first page in a language.
    #[must_use]
    pub fn new(report: &ProgrammeReport, language: Language) -> Self {
        let reported = &report.reported;
        let FirstPage {
            title,
            known,
            not_known_title: _,
            not_known,
            closing,
        } = report::first_page(reported, language);
        let flow = flow(&reported.learning.first);
        let card = report::model_card(reported).into_iter();
        let items = report::tripod(reported).into_iter();
        Self {
            language: language.code(),
            first_page: FirstPageEntry {
                title,
                known,
                not_known,
                closing,
            },
            verification: VerificationEntry {
                decided: flow.decided,
                flagged: arm(flow.flagged),
                drawn: arm(flow.drawn),
            },
            learned: LearnDocument::new(&reported.learning, &reported.subject)
                .with_precision(&reported.precision),
            drift: DriftReport::new(
                &reported.rulebook.calibration,
                reported.subject.as_of,
                &reported.drift,
            ),
            model_card: card
                .map(|line| LineEntry {
                    of: line.what,
                    says: line.says,
                })
                .collect(),
            tripod: items
                .map(|item| ItemEntry {
                    item: item.number,
                    heading: item.heading,
                    says: item.says,
                })
                .collect(),
            not_in_this_report: report::not_in_this_report(),
        }
    }
}

fn arm(arm: Arm) -> ArmEntry {
    ArmEntry {
        decided: arm.decided,
        not_over: arm.not_over,
        left_out: arm.left_out,
        counted: arm.counted,
        tested: arm.tested,
        confirmed: arm.confirmed,
        treated: arm.treated,
        confirmed_otherwise: arm.confirmed_otherwise,
    }
}
