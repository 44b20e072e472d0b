//! FHIR as an order channel.

use super::{Coming, OrderChannel, Placing, Writer};
use crate::delivery::{Answer, Found, Route, ServerNews};
use crate::fhir::{self, FhirChannel, Writing};
use crate::ledger::{Addressee, NotExpressible};
use crate::orders::{Order, ScoreNote};

impl OrderChannel for FhirChannel {
    fn route(&self) -> Route {
        self.way().route()
    }

    fn author(
        &self,
        writer: Writer<'_>,
        order: &Order,
        to: Addressee<'_>,
    ) -> Result<Vec<u8>, NotExpressible> {
        if !self.takes(&order.action) {
            return Err(NotExpressible);
        }
        // What lies in a portal that somebody does not have is read by nobody.
        if to.is_without_portal && order.action.is_for_resident() {
            return Err(NotExpressible);
        }
        // What is changed at the other side is read from there first.
        if !self.is_written(&order.action) {
            return Ok(Vec::new());
        }
        let score = to.score.and_then(ScoreNote::parse);
        let writing = Writing {
            rulebook: writer.rulebook,
            way: self.way(),
            to: &writer.channel.to,
            language: writer.channel.language,
            laboratory: writer.laboratory(),
            score: score.as_ref(),
            on: writer.on,
        };
        fhir::written(&writing, order, to.patient_id, to.language).map_err(|_| NotExpressible)
    }

    fn ready(&self) -> Coming<'_, ()> {
        Box::pin(FhirChannel::ready(self))
    }

    fn send<'a>(
        &'a self,
        placing: Placing<'a>,
        may_go_on: &'a (dyn Fn() -> bool + Sync),
    ) -> Coming<'a, (Answer, ServerNews)> {
        let Placing {
            order,
            patient_id,
            bytes,
            is_awaited: _,
            way: _,
        } = placing;
        Box::pin(FhirChannel::send(self, order, patient_id, bytes, may_go_on))
    }

    fn look_up<'a>(&'a self, placing: Placing<'a>) -> Coming<'a, (Found, ServerNews)> {
        Box::pin(FhirChannel::look_up(
            self,
            placing.order,
            placing.patient_id,
        ))
    }
}
