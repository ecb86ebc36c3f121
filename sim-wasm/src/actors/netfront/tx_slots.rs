//! Which ids are under way on the transmit ring, and whose they are.
//!
//! Not modelled: the link of free ids through the array itself (`tx_skb_freelist`); the order of reuse is the same.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::skb::SkbId;
use crate::protocols::netif::TX_RING;
use crate::words::ids::GrantRef;
use crate::words::time::Time;

/// A request under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) gref: GrantRef,
    packet: u16,
}

/// A packet, and how many of its requests are under way. In the kernel each of them holds a reference to the `sk_buff`.
#[derive(Clone, Copy, Debug)]
struct Packet {
    skb: SkbId,
    left: u8,
    /// When it was put on the ring.
    since: Time,
}

/// All ids of a ring: as many as it has slots. The one returned last is the next to go.
#[derive(Clone, Debug)]
pub(super) struct TxSlots {
    first_id: u16,
    free: Vec<u16>,
    /// By id, from `first_id` on.
    slots: Vec<Option<Slot>>,
    packets: Vec<Packet>,
    free_packets: Vec<u16>,
}

impl TxSlots {
    /// No request under way; the lowest id is the first to go.
    pub(super) fn new(first_id: u16) -> TxSlots {
        let count = TX_RING.entries() as u16;
        TxSlots {
            first_id,
            free: (first_id..first_id + count).rev().collect(),
            slots: vec![None; usize::from(count)],
            packets: Vec::with_capacity(usize::from(count)),
            free_packets: Vec::with_capacity(usize::from(count)),
        }
    }

    /// Remembers a packet of which no request is under way yet; [`claim`](TxSlots::claim) is told its number.
    #[inline]
    pub(super) fn begin(&mut self, skb: SkbId, now: Time) -> u16 {
        let packet = Packet { skb, left: 0, since: now };
        match self.free_packets.pop() {
            Some(number) => {
                self.packets[usize::from(number)] = packet;
                number
            }
            None => {
                self.packets.push(packet);
                self.packets.len() as u16 - 1
            }
        }
    }

    /// Takes an id for a request of the packet.
    #[inline]
    pub(super) fn claim(&mut self, gref: GrantRef, packet: u16) -> u16 {
        let id = self.free.pop().expect("a ring has as many ids as slots");
        self.slots[usize::from(id - self.first_id)] = Some(Slot { gref, packet });
        self.packets[usize::from(packet)].left += 1;
        id
    }

    /// The request of that id, if it is under way.
    #[inline]
    pub(super) fn get(&self, id: u16) -> Option<Slot> {
        *self.slots.get(usize::from(id.checked_sub(self.first_id)?))?
    }

    /// The packet that a request under way is part of.
    pub(super) fn skb(&self, slot: Slot) -> SkbId {
        self.packets[usize::from(slot.packet)].skb
    }

    /// When the request of a slot was put on the ring.
    #[inline]
    pub(super) fn since(&self, slot: Slot) -> Time {
        self.packets[usize::from(slot.packet)].since
    }

    /// Returns an id whose request was answered or given up. If it was the last one of its packet, the packet is the
    /// caller's to free.
    #[inline]
    pub(super) fn release(&mut self, id: u16, slot: Slot) -> Option<SkbId> {
        self.slots[usize::from(id - self.first_id)] = None;
        self.free.push(id);
        let packet = &mut self.packets[usize::from(slot.packet)];
        packet.left -= 1;
        let done = (packet.left == 0).then_some(packet.skb);
        if done.is_some() {
            self.free_packets.push(slot.packet);
        }
        done
    }

    /// All ids, whether under way or not.
    pub(super) fn ids(&self) -> core::ops::Range<u16> {
        self.first_id..self.first_id + self.slots.len() as u16
    }

    /// How many ids are free.
    pub(super) fn free_ids(&self) -> u32 {
        self.free.len() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::TxSlots;
    use crate::actors::skb::Skbs;
    use crate::words::ids::{DomId, GrantRef};
    use crate::words::time::Time;

    #[test]
    fn an_id_that_came_back_goes_first_and_a_packet_goes_with_its_last() {
        let mut skbs = Skbs::new(DomId(1), Vec::new());
        let mut slots = TxSlots::new(1);
        let (one, two) = (skbs.alloc(), skbs.alloc());
        let number = slots.begin(one, Time::ZERO);
        let ids = [8, 9].map(|gref| slots.claim(GrantRef(gref), number));
        let other = slots.begin(two, Time::ZERO);
        assert_eq!((ids, slots.claim(GrantRef(10), other), slots.free_ids()), ([1, 2], 3, 253));
        let first = slots.get(1).expect("it is under way");
        assert_eq!((slots.release(1, first), slots.get(1).is_none()), (None, true));
        let second = slots.get(2).expect("it is under way");
        assert_eq!(slots.release(2, second), Some(one));
        let number = slots.begin(one, Time::ZERO);
        assert_eq!([11, 12].map(|gref| slots.claim(GrantRef(gref), number)), [2, 1]);
        assert!(slots.get(0).is_none() && slots.get(257).is_none() && slots.get(u16::MAX).is_none());
    }
}
