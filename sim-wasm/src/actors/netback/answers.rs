//! Answers to a guest's requests (`make_tx_response`, `netbk_tx_err` in `drivers/xen/netback/netback.c`).
//!
//! The driver publishes each answer by itself and notifies as soon as one is due. Answers to one interface that follow each
//! other are told as one here, with at most one notification: a guest asks for one by writing `rsp_event`, and cannot write
//! in between.
//!
//! Not modelled: the answer of linux-2.6.18-xen to extra infos that were never written, which takes a slot that the guest
//! did not give; and `netbk_tx_err` ending its loop by `cons >= end`, which is wrong across the wrap of the indexes (XSA-39).

use crate::actors::kernel::Kernel;
use crate::actors::log::Event;
use crate::actors::log::backend::{Backend, Refusal};
use crate::actors::netback::Netback;
use crate::protocols::netif::{
    NETIF_RSP_ERROR, NETIF_RSP_NULL, NETIF_RSP_OKAY, TX_REQUEST_SIZE, TxRequest, TxResponse,
};
use crate::protocols::ring::Shared;
use crate::words::ids::VifId;

/// An answer that is to be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    /// Whose request.
    pub(super) vif: VifId,
    /// Which.
    pub(super) id: u16,
    /// `NETIF_RSP_*`.
    pub(super) status: i16,
    /// Extra infos of the request that are answered with it.
    pub(super) extras: u8,
}

impl Netback {
    /// Writes and publishes answers of one interface, at least one, and notifies the guest if it asked for one of them.
    pub(super) fn make_tx_responses(&mut self, k: &mut Kernel, answers: &[Answer]) {
        let Some(first) = answers.first() else { return };
        let counts_extras = self.settings.repairs.counts_extras;
        let domain = k.domain();
        let vif = self.vifs[usize::from(first.vif.0)].as_mut().expect("who holds a slot is not gone");
        let page = k.xen.mapped_page_mut(domain, vif.tx_handle).expect("a connected ring is mapped for writing");
        let (old, event) = (vif.tx.rsp_prod_pvt, Shared::RspEvent.load(page));
        let mut notify = false;
        for answer in answers {
            vif.tx.write_response(page, &TxResponse { id: answer.id, status: answer.status }.encode());
            let nulls = if counts_extras { answer.extras } else { answer.extras.min(1) };
            for _ in 0..nulls {
                // The slot keeps whatever id stood there: nobody reads it.
                vif.tx.write_response(page, &TxResponse { id: 0, status: NETIF_RSP_NULL }.encode());
            }
            notify |= vif.tx.push_responses_and_check_notify(page);
            match answer.status {
                NETIF_RSP_OKAY => vif.counters.okay += 1,
                _ => vif.counters.errors += 1,
            }
            vif.counters.nulls += u64::from(nulls);
        }
        vif.counters.notifications += u64::from(notify);
        let (new, port) = (vif.tx.rsp_prod_pvt, vif.port);
        k.log.about(first.vif);
        k.step(Event::ResponsesWritten { index: old.0, id: first.id, count: new.since(old) });
        k.step(Event::ResponsesPublished { old: old.0, new: new.0, event: event.0, notify });
        if notify {
            k.notify(port);
        }
    }

    /// Answers what lies in `self.answers`, which may be several interfaces', in its order.
    pub(super) fn flush_answers(&mut self, k: &mut Kernel) {
        let mut answers = core::mem::take(&mut self.answers);
        for run in answers.chunk_by(|one, next| one.vif == next.vif) {
            self.make_tx_responses(k, run);
        }
        answers.clear();
        self.answers = answers;
    }

    /// Answers all slots of the packet that was read last with an error and goes on after them (`netbk_tx_err`). The ids of further requests are
    /// read from the ring again, as the driver does.
    pub(super) fn tx_err(&mut self, k: &mut Kernel, id: VifId, why: Refusal) {
        let (domain, packet) = (k.domain(), &self.gathered);
        let vif = self.vifs[usize::from(id.0)].as_mut().expect("a packet was taken from it");
        let page = vif.tx_page(k.xen, domain);
        let error = |request: &TxRequest, extras| Answer { vif: id, id: request.id, status: NETIF_RSP_ERROR, extras };
        self.answers.push(error(&packet.first, packet.extras));
        for number in 0..packet.count {
            let at = packet.place(&vif.tx, number);
            self.answers.push(error(&TxRequest::decode(vif.tx.copy_request::<TX_REQUEST_SIZE>(page, at)), 0));
        }
        vif.tx.req_cons = vif.tx.req_cons.plus(packet.slots());
        vif.counters.transmit_errors += 1;
        let refused = Backend::RequestsRefused { id: packet.first.id, count: packet.slots(), why };
        k.step(Event::Backend(refused));
        self.flush_answers(k);
        self.schedule_work(k, id);
    }
}
