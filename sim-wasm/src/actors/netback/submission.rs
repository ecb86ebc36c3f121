//! Mapped slots become packets of dom0's stack (`netbk_tx_check_mop`, `netbk_fill_frags` and the second half of
//! `net_tx_action` in `drivers/xen/netback/netback.c`).
//!
//! ```text
//!   first slot of at most 64 bytes    all copied into the head; the slot is released
//!   first slot of more                64 bytes copied; the rest stays in the guest's page, and the slot is held
//!   18 further slots                  the first slot is copied whole, since all fragments are taken; it is released
//! ```
//!
//! A slot that Xen did not map is answered with an error at once. The others of its packet go through the dealloc ring and
//! are answered as if all were well, the header first, and nothing is sent.
//!
//! Not modelled: linux-2.6.18-xen releases the failing fragment in the place of each before it, whereby its free list gets a
//! place twice; here it is as in the later forks. Nor that a stack without memory for a linear copy drops the packet.

use crate::actors::kernel::{Ask, Kernel};
use crate::actors::log::Event;
use crate::actors::log::backend::Backend;
use crate::actors::netback::answers::Answer;
use crate::actors::netback::copying::linear_copy;
use crate::actors::netback::jiffies::Jiffies;
use crate::actors::netback::pool::Place;
use crate::actors::netback::settings::CopySkb;
use crate::actors::netback::transmit::{Batch, Collected};
use crate::actors::netback::watch::Watched;
use crate::actors::netback::{Netback, tell_of_call};
use crate::actors::skb::{Checksum, Frag, FragPage, SkbId};
use crate::hypervisor::grant_calls::MapOp;
use crate::protocols::netif::{NETIF_RSP_ERROR, NETTXF_CSUM_BLANK, NETTXF_DATA_VALIDATED};

impl Netback {
    /// Builds the packets of a batch whose pages have been mapped, as far as they have.
    pub(super) fn submit(&mut self, k: &mut Kernel) {
        let batch = core::mem::take(&mut self.batch);
        if !k.log.is_off() {
            tell_mapped(k, &batch);
        }
        let now = self.clock.at(k.now);
        let (mut places, mut maps) = (&batch.places[..], &batch.maps[..]);
        for packet in &batch.packets {
            let (its_places, its_maps);
            (its_places, places) = places.split_at(usize::from(packet.slots));
            (its_maps, maps) = maps.split_at(usize::from(packet.slots));
            k.log.about(packet.vif);
            if self.check_mops(k, packet, its_places, its_maps) {
                self.build(k, packet, its_places, now);
            }
        }
        self.batch = batch;
    }

    /// Takes note of what was mapped, and gives everything back if not all was (`netbk_tx_check_mop`). True if all was.
    fn check_mops(&mut self, k: &mut Kernel, packet: &Collected, places: &[Place], maps: &[MapOp]) -> bool {
        let mut failed = false;
        for (number, (place, map)) in places.iter().zip(maps).enumerate() {
            match map.result {
                Ok(mapped) => {
                    self.pool.get_mut(*place).handle = mapped.handle;
                    if failed {
                        self.pool.release(*place);
                    }
                }
                Err(status) => {
                    k.step(Event::Backend(Backend::MapRefused { gref: map.gref, status: status.code() }));
                    self.refuse_place(*place);
                    if !failed {
                        places[..number].iter().for_each(|place| self.pool.release(*place));
                    }
                    failed = true;
                }
            }
        }
        if failed {
            self.flush_answers(k);
            let vif = self.vifs[usize::from(packet.vif.0)].as_mut().expect("who holds a slot is not gone");
            vif.counters.transmit_errors += 1;
        }
        !failed
    }

    /// A place whose page was not mapped is free again, and an error is due for its slot.
    fn refuse_place(&mut self, place: Place) {
        let pending = self.pool.get(place);
        let (id, extras) = (pending.request.id, pending.extras);
        let vif = self.vifs[usize::from(pending.vif.0)].as_mut().expect("who holds a slot is not gone");
        vif.references -= 1;
        self.answers.push(Answer { vif: pending.vif, id, status: NETIF_RSP_ERROR, extras });
        self.pool.give_back(place);
    }

    fn build(&mut self, k: &mut Kernel, packet: &Collected, places: &[Place], now: Jiffies) {
        let domain = k.domain();
        let (first, further) = places.split_first().expect("a packet has a first slot");
        let (skb, shared) = k.skbs.alloc_mut();
        shared.len = packet.total;
        shared.gso = packet.gso;
        shared.born = k.now;
        shared.origin = packet.vif;

        let request = self.pool.get(*first).request;
        shared.checksum = if request.flags & NETTXF_CSUM_BLANK != 0 {
            Checksum::Partial
        } else if request.flags & NETTXF_DATA_VALIDATED != 0 {
            Checksum::Unnecessary
        } else {
            Checksum::None
        };
        let window = self.pool.window(*first);
        let page = k.xen.guest_page(domain, window).expect("the slot was mapped");
        let bytes = &page.bytes()[usize::from(request.offset)..][..usize::from(packet.head)];
        shared.head.extend_from_slice(bytes);
        let foreign = |place: Place, host| FragPage::Foreign { host, vif: packet.vif, pending: place.0 };
        if packet.head < request.size {
            let (offset, size) = (request.offset + packet.head, request.size - packet.head);
            shared.push_frag(Frag { page: foreign(*first, window), offset, size });
        }
        for place in further {
            let request = &self.pool.get(*place).request;
            let page = foreign(*place, self.pool.window(*place));
            shared.push_frag(Frag { page, offset: request.offset, size: request.size });
        }
        let pages_kept = shared.frags().len() as u32;
        k.step(Event::HeaderCopied { bytes: u32::from(packet.head), pages_kept });
        if packet.head == request.size {
            self.pool.release(*first);
            k.also(Event::SlotReleased { id: request.id });
        }
        let skb = match self.settings.copy_skb {
            CopySkb::Never => skb,
            CopySkb::Always => self.linearize(k, skb),
            CopySkb::Delayed => {
                let data = k.skbs.shared_of(skb);
                let kept = if packet.head < request.size { places } else { further };
                kept.iter().for_each(|place| self.watched.push(Watched { place: *place, since: now, data }));
                skb
            }
        };
        let vif = self.vifs[usize::from(packet.vif.0)].as_mut().expect("who holds a slot is not gone");
        vif.counters.transmit_packets += 1;
        vif.counters.transmit_bytes += u64::from(packet.total);
        k.step(Event::PacketReceived { bytes: packet.total });
        k.ask(Ask::Received(packet.vif, skb));
    }

    /// The same packet with all its bytes in its head (`skb_linearize`). The guest's pages are freed with the packet that it
    /// was, and their slots go back in the next pass.
    fn linearize(&mut self, k: &mut Kernel, skb: SkbId) -> SkbId {
        let (bytes, count) = (k.skbs.get(skb).len, k.skbs.get(skb).frags().len() as u32);
        if count == 0 {
            return skb;
        }
        let copy = linear_copy(k.xen, k.skbs, skb, &mut self.bytes);
        k.skbs.free(skb);
        k.step(Event::Backend(Backend::PacketLinearized { bytes, count }));
        copy
    }
}

/// Tells of the one hypercall that mapped a batch, packet by packet.
fn tell_mapped(k: &mut Kernel, batch: &Batch) {
    let mut at = 0;
    let mut told = false;
    for packet in &batch.packets {
        let maps = &batch.maps[at..at + usize::from(packet.slots)];
        at += usize::from(packet.slots);
        let mut mapped = maps.iter().filter_map(|map| Some((map, map.result.ok()?.frame)));
        let Some((first, frame)) = mapped.next() else { continue };
        let count = 1 + mapped.count() as u32;
        let flags = k.xen.grant_entry(first.granter, first.gref).map_or(0, |entry| entry.flags);
        k.log.about(packet.vif);
        let event = Event::GrantsMapped { first: first.gref, frame, count, flags };
        tell_of_call(k, &mut told, event);
    }
}
