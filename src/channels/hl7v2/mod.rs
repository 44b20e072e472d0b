//! HL7 v2 as an order channel: by a listener (MLLP) that answers at once, or by files.
//!
//! MSH-10 is derived from the order's key: the same order is the same message, however often it comes.
//! A listener cannot be asked what it has. After a lost answer the message goes to a person, or, where
//! the receiver acts once on one MSH-10 (`repeats_are_safe`), is sent once more as it was.

mod message;
mod mllp;

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::handover::Handover;
use super::{Coming, OrderChannel, Placing, Writer, codes_of, taken_back};
use crate::config::Hl7Receiver;
use crate::delivery::{Answer, Found, Route, ServerNews, after};
use crate::ledger::{Addressee, NotExpressible};
use crate::orders::{Keep, Order};
use crate::rulebook::CodeSystem;
use message::{Acknowledgement, LaboratoryOrder, Parties, acknowledgement, number, number_of};
use mllp::Exchanged;

/// When to try again after a rejection that is not about the message, and after trouble with a folder.
const LATER: SignedDuration = SignedDuration::from_mins(5);
const SOON: SignedDuration = SignedDuration::from_secs(5);
/// A larger answer is not read.
const MAX_BYTES: u64 = 1 << 20;

/// A receiver of HL7 v2.
pub(super) struct Hl7Channel {
    settings: Hl7Receiver,
    deadline: Duration,
    now: fn() -> Timestamp,
}

impl Hl7Channel {
    pub(super) fn open(
        settings: &Hl7Receiver,
        deadline: SignedDuration,
        now: fn() -> Timestamp,
    ) -> Self {
        Self {
            settings: settings.clone(),
            deadline: Duration::try_from(deadline).unwrap_or_default(),
            now,
        }
    }

    fn files(&self) -> Option<Files> {
        let (folder, kept) = (self.settings.folder.as_ref()?, self.settings.kept.as_ref()?);
        let look = SignedDuration::from_secs(i64::from(self.settings.look_seconds));
        Some(Files {
            handover: Handover::new(folder, kept),
            acknowledged: self.settings.acknowledged.clone(),
            look_at: after((self.now)(), look),
            retry_at: after((self.now)(), LATER),
        })
    }

    async fn by_listener(&self, listener: &str, placing: Placing<'_>) -> (Answer, ServerNews) {
        let soon = after((self.now)(), SOON);
        let exchange = mllp::exchange(listener, placing.bytes);
        let Ok(exchanged) = tokio::time::timeout(self.deadline, exchange).await else {
            return (Answer::Silence, ServerNews::Failed);
        };
        let control_id = control_id(placing.order);
        match exchanged {
            Exchanged::Unsent => (Answer::NotSent { retry_at: soon }, ServerNews::Failed),
            Exchanged::Silence => (Answer::Silence, ServerNews::Failed),
            Exchanged::Answered(bytes) => {
                let answer = match acknowledgement(&bytes, &control_id) {
                    Some(Acknowledgement::Accepted) => Answer::Accepted {
                        reference: Some(format!("MSH-10 {control_id}")),
                    },
                    Some(Acknowledgement::Wrong) => Answer::NotTaken,
                    Some(Acknowledgement::Rejected) => Answer::Later {
                        retry_at: after((self.now)(), LATER),
                    },
                    // Whatever answers there is no receiver of ours: the rest waits for one that is, or
                    // every order would become somebody's task.
                    None => return (Answer::Silence, ServerNews::Failed),
                };
                (answer, ServerNews::Answered)
            }
        }
    }
}

/// Messages as files, one each.
struct Files {
    handover: Handover,
    acknowledged: Option<PathBuf>,
    look_at: Timestamp,
    retry_at: Timestamp,
}

impl Files {
    fn send(&self, control_id: &str, bytes: &[u8]) -> Answer {
        let name = format!("{control_id}.hl7");
        let there = self
            .handover
            .turn()
            .and_then(|turn| Ok((self.handover.handed_over(&name)?.is_some(), turn)));
        let (retry_at, look_at) = (self.retry_at, self.look_at);
        match there {
            Err(_) => Answer::NotSent { retry_at },
            Ok((true, _)) => Answer::HandedOver { look_at },
            Ok((false, turn)) => match turn.hand_over(&name, bytes, &[]) {
                Ok(()) => Answer::HandedOver { look_at },
                Err(_) => Answer::Silence,
            },
        }
    }

    fn look_up(&self, control_id: &str) -> Found {
        match self.handover.handed_over(&format!("{control_id}.hl7")) {
            Err(_) => Found::NotTold {
                retry_at: self.retry_at,
            },
            Ok(None) => Found::Nothing,
            Ok(Some(_)) => match self.answer(control_id) {
                Some(Acknowledgement::Accepted) => Found::One {
                    reference: format!("MSH-10 {control_id}"),
                },
                // The file lies there once; whoever rejects it for another reason looks again.
                Some(Acknowledgement::Wrong) => Found::NotTaken,
                Some(Acknowledgement::Rejected) | None => Found::Awaited {
                    look_at: self.look_at,
                },
            },
        }
    }

    fn answer(&self, control_id: &str) -> Option<Acknowledgement> {
        let path = self
            .acknowledged
            .as_ref()?
            .join(format!("{control_id}.ack"));
        let mut bytes = Vec::new();
        fs::File::open(path)
            .ok()?
            .take(MAX_BYTES)
            .read_to_end(&mut bytes)
            .ok()?;
        acknowledgement(&bytes, control_id)
    }
}

/// MSH-10 of the message that an order is.
fn control_id(order: &Order) -> String {
    number(order.key().as_bytes())
}

/// The name of a coding system in HL7 table 0396; `None` for systems under which nothing is ordered.
fn table_0396(system: CodeSystem) -> Option<&'static str> {
    match system {
        CodeSystem::Loinc => Some("LN"),
        // Local: the table leaves `99` and three characters to each site.
        CodeSystem::Kuntaliitto => Some("99KUN"),
        CodeSystem::Snomed
        | CodeSystem::Icd10
        | CodeSystem::Icpc2
        | CodeSystem::Atc
        | CodeSystem::RxNorm
        | CodeSystem::Programme => None,
    }
}

impl OrderChannel for Hl7Channel {
    fn route(&self) -> Route {
        Route::Hl7v2
    }

    fn author(
        &self,
        writer: Writer<'_>,
        order: &Order,
        to: Addressee<'_>,
    ) -> Result<Vec<u8>, NotExpressible> {
        let written = codes_of(writer, order)?
            .iter()
            .find_map(|code| Some((code, table_0396(code.system)?)));
        let (code, code_system) = written.ok_or(NotExpressible)?;
        let (placer_number, is_cancelled) = match taken_back(order) {
            None => (control_id(order), false),
            Some((placed, Keep::None)) => (number(placed.as_bytes()), true),
            // One order number is one order there: nothing is ever doubled.
            Some((_, Keep::Oldest)) => return Err(NotExpressible),
        };
        let settings = &self.settings;
        let parties = Parties {
            sending_application: &settings.sending_application,
            sending_facility: &settings.sending_facility,
            receiving_application: &settings.receiving_application,
            receiving_facility: &settings.receiving_facility,
            patient_authority: &settings.patient_authority,
            is_trial: writer.is_trial,
        };
        let group = format!("{} {} {}", order.resident, order.programme, order.round);
        let content = LaboratoryOrder {
            control_id: &control_id(order),
            placer_number: &placer_number,
            group_number: &number_of(&group),
            is_cancelled,
            patient_id: to.patient_id,
            code: &code.code,
            name: &code.display,
            code_system,
            written_on: &writer.on.strftime("%Y%m%d").to_string(),
            sample_by: &order.due.strftime("%Y%m%d").to_string(),
        };
        message::order_message(&parties, &content).map_err(|_| NotExpressible)
    }

    fn send<'a>(
        &'a self,
        placing: Placing<'a>,
        may_go_on: &'a (dyn Fn() -> bool + Sync),
    ) -> Coming<'a, (Answer, ServerNews)> {
        Box::pin(async move {
            let retry_at = after((self.now)(), SOON);
            if !may_go_on() {
                return (Answer::NotSent { retry_at }, ServerNews::NotAsked);
            }
            if let Some(listener) = &self.settings.listener {
                return self.by_listener(listener, placing).await;
            }
            let Some(files) = self.files() else {
                return (Answer::NotSent { retry_at }, ServerNews::NotAsked);
            };
            let (control_id, bytes) = (control_id(placing.order), placing.bytes.to_vec());
            let sent = tokio::task::spawn_blocking(move || files.send(&control_id, &bytes)).await;
            (sent.unwrap_or(Answer::Silence), ServerNews::NotAsked)
        })
    }

    fn look_up<'a>(&'a self, placing: Placing<'a>) -> Coming<'a, (Found, ServerNews)> {
        Box::pin(async move {
            let retry_at = after((self.now)(), LATER);
            let Some(files) = self.files() else {
                // Nobody can be asked; a repetition of the same message is what tells. Of an order whose
                // way is not known, the repetition might be the first by this one: a second order.
                let has_left_so = placing.way == Some(Route::Hl7v2);
                let found = if self.settings.repeats_are_safe && has_left_so {
                    Found::Nothing
                } else {
                    Found::NotTold { retry_at }
                };
                return (found, ServerNews::NotAsked);
            };
            let control_id = control_id(placing.order);
            let found = tokio::task::spawn_blocking(move || files.look_up(&control_id)).await;
            (
                found.unwrap_or(Found::NotTold { retry_at }),
                ServerNews::NotAsked,
            )
        })
    }
}
