//! A packet as a frontend writes it, and what becomes of it by the rules, stated once more.

use proptest::prelude::{Strategy, any, prop_oneof};

use sim_wasm::protocols::netif::{ExtraInfo, Gso, NETTXF_EXTRA_INFO, NETTXF_MORE_DATA, TxRequest};
use sim_wasm::protocols::ring::Shared;

use crate::rig::{BAD, Back, Rig, TX_PAGE};

/// One slot of a packet: from which page, where, how many bytes, and whether its grant is a good one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(crate) page: u32,
    pub(crate) offset: u16,
    pub(crate) size: u16,
    pub(crate) good: bool,
}

impl Slot {
    pub(crate) const fn new(page: u32, offset: u16, size: u16) -> Slot {
        Slot { page, offset, size, good: true }
    }
}

/// A slot in the middle of a page of its own.
pub(crate) fn at(page: u32, size: u16) -> Slot {
    Slot::new(page, 7, size)
}

/// Answers that say yes.
pub(crate) fn okay(ids: impl IntoIterator<Item = u16>) -> Vec<(u16, i16)> {
    ids.into_iter().map(|id| (id, 0)).collect()
}

/// Answers that say no.
pub(crate) fn errors(ids: impl IntoIterator<Item = u16>) -> Vec<(u16, i16)> {
    ids.into_iter().map(|id| (id, -1)).collect()
}

/// A packet to write.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    /// What the first request says beyond the sum of the slots, which is what it ought to say.
    pub(crate) excess: i32,
    pub(crate) slots: Vec<Slot>,
    pub(crate) gso: Option<Gso>,
}

impl Packet {
    pub(crate) fn of(slots: &[Slot]) -> Packet {
        Packet { excess: 0, slots: slots.to_vec(), gso: None }
    }

    /// Bytes that the first slot has by what the packet says.
    pub(crate) fn first_len(&self) -> u16 {
        let others: u16 = self.slots.iter().skip(1).fold(0, |sum, slot| sum.wrapping_add(slot.size));
        self.total().wrapping_sub(others)
    }

    pub(crate) fn total(&self) -> u16 {
        let sum: i32 = self.slots.iter().map(|slot| i32::from(slot.size)).sum();
        (sum + self.excess) as u16
    }

    /// Slots of the ring that it takes.
    pub(crate) fn len(&self) -> u32 {
        self.slots.len() as u32 + u32::from(self.gso.is_some())
    }
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It reaches dom0's stack, if its grants are good.
    Sound,
    /// All its slots are answered with errors.
    Error,
    /// Its frontend is disabled.
    Fatal,
}

pub(crate) fn judge(packet: &Packet) -> Verdict {
    let (mut left, mut verdict) = (u32::from(packet.total()), Verdict::Sound);
    for (number, slot) in packet.slots.iter().skip(1).enumerate() {
        if number >= 20 || u32::from(slot.offset) + u32::from(slot.size) > 4096 {
            return Verdict::Fatal;
        }
        if number >= 18 || u32::from(slot.size) > left {
            verdict = Verdict::Error;
        }
        left = left.saturating_sub(u32::from(slot.size));
    }
    if verdict == Verdict::Error || left < 14 {
        return Verdict::Error;
    }
    let over = u32::from(packet.slots[0].offset) + left > 4096;
    let segments = packet.gso.is_none_or(|gso| gso.size > 0 && gso.kind == 1);
    if over || !segments { Verdict::Fatal } else { Verdict::Sound }
}

/// Writes a packet, with identifiers from `id` on; nothing is published. Tells the bytes that it should have in dom0.
pub(crate) fn write<B: Back>(rig: &mut Rig<B>, guest: usize, packet: &Packet, id: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (number, slot) in packet.slots.iter().enumerate() {
        let more = if number + 1 < packet.slots.len() { NETTXF_MORE_DATA } else { 0 };
        let extra = if number == 0 && packet.gso.is_some() { NETTXF_EXTRA_INFO } else { 0 };
        let gref = if slot.good { rig.guests[guest].data(slot.page) } else { BAD };
        let size = if number == 0 { packet.total() } else { slot.size };
        let id = id.wrapping_add(number as u16);
        rig.write_request(guest, TxRequest { gref, offset: slot.offset, flags: more | extra, id, size });
        if number == 0
            && let Some(gso) = packet.gso
        {
            rig.write_slot(guest, &ExtraInfo::gso(gso).encode());
        }
        let len = if number == 0 { packet.first_len() } else { slot.size };
        if usize::from(slot.offset) + usize::from(len) <= 4096 {
            bytes.extend(rig.written(guest, slot.page, slot.offset, len));
        }
    }
    bytes
}

/// Sends one packet and lets the driver run.
pub(crate) fn send<B: Back>(rig: &mut Rig<B>, guest: usize, packet: &Packet, id: u16) -> Vec<u8> {
    let bytes = write(rig, guest, packet, id);
    rig.publish(guest);
    rig.ring(guest);
    bytes
}

fn slot() -> impl Strategy<Value = Slot> {
    let size = prop_oneof![0_u16..40, 40_u16..200, 100_u16..4097];
    (0_u32..24, 0_u16..4096, size, 0_u8..40).prop_map(|(page, offset, size, luck)| {
        let offset = if luck == 0 { offset } else { offset.min(4096_u16.saturating_sub(size)) };
        Slot { page, offset, size, good: luck != 1 }
    })
}

/// Packets of all kinds, most of them sound.
pub(crate) fn packet() -> impl Strategy<Value = Packet> {
    let count = prop_oneof![6 => 1_usize..4, 2 => 4_usize..18, 1 => 17_usize..24];
    let excess = prop_oneof![20 => 0..1, 1 => -700..1];
    let kind = prop_oneof![8 => 0_u8..1, 2 => 1_u8..2, 1 => 3_u8..4];
    (proptest::collection::vec(slot(), 24), count, excess, kind, 14_u16..200).prop_map(
        |(mut slots, count, excess, kind, least)| {
            slots.truncate(count);
            slots[0].size = slots[0].size.max(least);
            slots[0].offset = slots[0].offset.min(4096_u16.saturating_sub(slots[0].size));
            let gso = (kind != 0).then_some(Gso { size: 1448, kind, features: 0 });
            Packet { excess, slots, gso }
        },
    )
}

/// Numbers for [`scribble`]: what it does, and with what.
pub(crate) type Garbage = (u8, u64, u64, u16);

pub(crate) fn garbage() -> impl Strategy<Value = Garbage> {
    (0_u8..4, any::<u64>(), any::<u64>(), 0_u16..400)
}

/// The first guest writes anything anywhere into its ring.
pub(crate) fn scribble<B: Back>(rig: &mut Rig<B>, (kind, first, second, number): Garbage) {
    match kind {
        0 => {
            let offset = (64 + usize::from(number) * 8).min(4088);
            let page = rig.xen.guest_page_mut(rig.guests[0].id, TX_PAGE).expect("a guest has its ring");
            page.write_u64(offset, first);
        }
        // A request that is nearly good.
        1 => {
            let request = TxRequest {
                gref: rig.guests[0].data(first as u32),
                offset: (second % 2100) as u16,
                flags: (second >> 32) as u16 & 15,
                id: number,
                size: (first >> 32) as u16 % 2100,
            };
            rig.write_request(0, request);
        }
        2 => {
            let prod = rig.load(0, TX_PAGE, Shared::ReqProd);
            rig.store(0, TX_PAGE, Shared::ReqProd, prod.plus(u32::from(number)));
        }
        _ => {
            let prod = rig.load(0, TX_PAGE, Shared::RspProd);
            rig.store(0, TX_PAGE, Shared::RspProd, prod.plus(first as u32 % 3));
        }
    }
}
