//! Taking back what was sent: from responses to free grants, ids and packets (`network_tx_buf_gc`, `xennet_tx_buf_gc`).
//!
//! Not modelled: what a kernel would do with a wild id that it does not refuse.

use crate::actors::epoch::FrontEpoch;
use crate::actors::kernel::{Ask, Kernel};
use crate::actors::log::Event;
use crate::actors::log::trouble::Attack;
use crate::actors::netfront::device::Device;
use crate::actors::netfront::tx::TxQueue;
use crate::hypervisor::guest_grants::EndAccess;
use crate::hypervisor::page::Page;
use crate::protocols::netif::{NETIF_RSP_NULL, TX_RESPONSE_SIZE, TxResponse};
use crate::protocols::ring::{Index, Shared};
use crate::words::ids::GrantRef;

/// Grants that were ended one after the other.
#[derive(Clone, Copy)]
struct Ended {
    first: GrantRef,
    count: u32,
}

impl TxQueue {
    /// Reads the responses, and lets the queue run again if there is room. Answers whether there was any.
    pub(super) fn tx_buf_gc(&mut self, device: &mut Device, k: &mut Kernel) -> bool {
        let mut worked = false;
        loop {
            let page = self.shared.page_mut(k.xen);
            let Some(rsp_prod) = self.shared.responses_until(page) else {
                device.give_up(k, Attack::ForgedProducer);
                return worked;
            };
            if rsp_prod == self.shared.half.rsp_cons && device.settings.epoch == FrontEpoch::Classic {
                // Most packets are sent while nothing has come back.
                if let Some(event) = self.await_half(page) {
                    k.also(Event::ResponsesAwaited { event: event.0 });
                }
                break;
            }
            self.responses.clear();
            let half = &self.shared.half;
            let responses =
                half.rsp_cons.until(rsp_prod).map(|index| half.copy_response::<TX_RESPONSE_SIZE>(page, index));
            self.responses.extend(responses.map(TxResponse::decode));
            worked |= !self.responses.is_empty();
            if let Err(attack) = self.reap(device, k) {
                device.give_up(k, attack);
                return worked;
            }
            if !self.has_more(device.settings.epoch, k) {
                break;
            }
        }
        if self.stopped && self.has_room(device) {
            self.wake(device, k);
        }
        worked
    }

    /// Lets the guest's stack send again.
    pub(super) fn wake(&mut self, device: &mut Device, k: &mut Kernel) {
        self.stopped = false;
        device.counters.wakes += 1;
        k.also(Event::QueueWoken { outstanding: self.shared.half.outstanding() });
        k.ask(Ask::WakeFront(device.vif));
    }

    /// Takes back what the responses that were read answer. Status is of no interest, but for `NETIF_RSP_NULL`: the slot was an
    /// extra info's, and had neither id nor grant.
    fn reap(&mut self, device: &mut Device, k: &mut Kernel) -> Result<(), Attack> {
        let start = self.shared.half.rsp_cons;
        self.whole.clear();
        let mut ended: Option<Ended> = None;
        let mut fault = None;
        for at in 0..self.responses.len() {
            let response = self.responses[at];
            if response.status != NETIF_RSP_NULL {
                match self.take_back(device, k, response.id) {
                    Ok(gref) => ended = Some(ended.map_or(Ended { first: gref, count: 1 }, Ended::one_more)),
                    Err(attack) => {
                        fault = Some(attack);
                        break;
                    }
                }
            }
            self.shared.half.rsp_cons = self.shared.half.rsp_cons.plus(1);
        }
        let count = self.shared.half.rsp_cons.since(start);
        device.counters.responses += u64::from(count);
        let asked = match (fault, device.settings.epoch) {
            (None, FrontEpoch::Classic) => self.await_half(self.shared.page_mut(k.xen)),
            (None, FrontEpoch::Modern) | (Some(_), _) => None,
        };
        if !k.log.is_off() {
            self.tell(device, k, (start, count), asked, ended);
        }
        match fault {
            Some(attack) => Err(attack),
            None => Ok(()),
        }
    }

    /// Ends the grant of one request, and frees its packet if it was the last of it.
    #[inline]
    fn take_back(&mut self, device: &Device, k: &mut Kernel, id: u16) -> Result<GrantRef, Attack> {
        let slot = self.slots.get(id).ok_or(Attack::ForgedResponse)?;
        // A kernel that looks first and then ends can be deceived in between (XSA-396): the answer of the ending counts.
        if device.grants.end_access(&mut k.xen.memory, slot.gref) == EndAccess::StillInUse {
            return Err(Attack::KeptMapping);
        }
        self.references.release(slot.gref);
        if device.settings.timed {
            k.ask(Ask::SlotReturned(device.vif, k.now.since(self.slots.since(slot))));
        }
        if let Some(skb) = self.slots.release(id, slot) {
            if !k.log.is_off() {
                self.whole.push(k.skbs.get(skb).len);
            }
            k.skbs.free(skb);
        }
        Ok(slot.gref)
    }

    /// Asks for the next event half way through what is still under way, as the classic driver does before it looks once
    /// more. Tells the index if it is another one than before.
    fn await_half(&self, page: &mut Page) -> Option<Index> {
        let rsp_prod = self.shared.half.rsp_cons;
        let under_way = Shared::ReqProd.load(page).since(rsp_prod);
        let event = rsp_prod.plus((under_way >> 1).wrapping_add(1));
        let changed = Shared::RspEvent.load(page) != event;
        Shared::RspEvent.store(page, event);
        changed.then_some(event)
    }

    /// Whether responses came meanwhile. The modern driver asks for the very next one before it looks
    /// (`RING_FINAL_CHECK_FOR_RESPONSES`).
    fn has_more(&self, epoch: FrontEpoch, k: &mut Kernel) -> bool {
        match epoch {
            FrontEpoch::Classic => self.shared.half.unconsumed_responses(self.shared.page(k.xen)) > 0,
            FrontEpoch::Modern => {
                let page = self.shared.page_mut(k.xen);
                let before = Shared::RspEvent.load(page);
                let more = self.shared.half.final_check_for_responses(page);
                let event = Shared::RspEvent.load(page);
                if event != before {
                    k.also(Event::ResponsesAwaited { event: event.0 });
                }
                more
            }
        }
    }

    fn tell(
        &self,
        device: &Device,
        k: &mut Kernel,
        (start, count): (Index, u32),
        asked: Option<Index>,
        ended: Option<Ended>,
    ) {
        if count > 0 {
            let first = self.shared.half.copy_response::<TX_RESPONSE_SIZE>(self.shared.page(k.xen), start);
            let id = TxResponse::decode(first).id;
            k.step(Event::ResponsesReaped { index: start.0, id, count });
        }
        if let Some(event) = asked {
            k.also(Event::ResponsesAwaited { event: event.0 });
        }
        if let Some(Ended { first, count }) = ended {
            let flags = device.grants.entry(&k.xen.memory, first).flags;
            k.step(Event::GrantsEnded { first, count, flags });
        }
        for &bytes in &self.whole {
            k.step(Event::PacketFreed { bytes });
        }
    }

    /// Gives up everything under way, as after the loss of a backend (`netif_release_tx_bufs`, `xennet_release_tx_bufs`),
    /// and tells how many packets that were. The classic kernel looks for requests under way when it connects again, and does
    /// not ask whether their grants ended; here both look when they disconnect, and ask.
    pub(super) fn discard(&mut self, device: &mut Device, k: &mut Kernel) -> u32 {
        let mut packets = 0;
        for id in self.slots.ids() {
            let Some(slot) = self.slots.get(id) else { continue };
            device.end_packet_access(k, slot.gref, self.slots.skb(slot));
            if let Some(skb) = self.slots.release(id, slot) {
                k.skbs.free(skb);
                packets += 1;
            }
        }
        packets
    }
}

impl Ended {
    fn one_more(self) -> Ended {
        Ended { count: self.count + 1, ..self }
    }
}
