//! One packet's requests, copied off the transmit ring and checked (`xenvif_tx_build_gops`, `xenvif_count_requests`,
//! `xenvif_get_extras`; in 3.4 the same without `xenvif_`).
//!
//! ```text
//!   first request ── extra infos ── further requests        each copied once, then checked (XSA-155)
//!        │                │               │
//!        │                │               ├─ 19 or 20 of them, or longer than the packet ──> all answered with errors
//!        │                │               └─ more, unpublished, across a page's end ───────> the frontend is given up
//!        │                └─ missing, or of no known type ─────────────────────────────────> the frontend is given up
//!        └─ less than an Ethernet header in its page ──────────────────────────────────────> all answered with errors
//! ```
//!
//! A frontend with a larger `MAX_SKB_FRAGS`, or one that sends 64 KiB so that the first request's size wraps, is honest and
//! only loses its packet. Everything else that makes no packet is taken for an attack (XSA-39).
//!
//! Not modelled: what hash infos say.

use alloc::vec::Vec;

use crate::actors::kernel::Kernel;
use crate::actors::log::Event;
use crate::actors::log::backend::{Backend, Refusal};
use crate::actors::netback_upstream::credit::{Credit, Payment};
use crate::actors::netback_upstream::jiffies::Jiffies;
use crate::actors::netback_upstream::limits::{ETH_HLEN, FATAL_SKB_SLOTS, LEGACY_SLOTS_MAX, MULTICAST_ADDRESSES};
use crate::actors::netback_upstream::link::Link;
use crate::actors::skb::{Checksum, Segmentation};
use crate::hypervisor::page::PAGE_SIZE;
use crate::protocols::netif::{
    EXTRA_INFO_SIZE, ExtraInfo, NETIF_RSP_ERROR, NETIF_RSP_OKAY, NETTXF_CSUM_BLANK, NETTXF_DATA_VALIDATED,
    NETTXF_EXTRA_INFO, NETTXF_MORE_DATA, TX_REQUEST_SIZE, TxRequest, TxResponse, XEN_NETIF_EXTRA_FLAG_MORE,
    XEN_NETIF_EXTRA_TYPE_GSO, XEN_NETIF_GSO_TYPE_TCPV4, XEN_NETIF_GSO_TYPE_TCPV6,
};
use crate::protocols::ring::Index;
use crate::words::ids::{GrantRef, Mac};
use crate::words::time::Time;

/// Extra info: an address is put on the guest's list of groups, `XEN_NETIF_EXTRA_TYPE_MCAST_ADD`.
const EXTRA_TYPE_MCAST_ADD: u8 = 2;
/// Extra info: an address is struck from the list, `XEN_NETIF_EXTRA_TYPE_MCAST_DEL`.
const EXTRA_TYPE_MCAST_DEL: u8 = 3;

/// What a generation of the driver knows of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Linux 3.4: extra infos of segmentation only, for IPv4 only, and one null response however many there were.
    Linux34,
    /// Mainline: groups and hashes too, IPv6, and a null response for each.
    Mainline,
}

impl Dialect {
    /// The first type of extra info that is not known, `XEN_NETIF_EXTRA_TYPE_MAX`.
    const fn extra_types(self) -> u8 {
        match self {
            Dialect::Linux34 => 2,
            Dialect::Mainline => 6,
        }
    }

    const fn segments(self, kind: u8) -> bool {
        kind == XEN_NETIF_GSO_TYPE_TCPV4 || matches!(self, Dialect::Mainline) && kind == XEN_NETIF_GSO_TYPE_TCPV6
    }

    /// How many extra infos are answered.
    const fn answered(self, extras: u8) -> u8 {
        match self {
            Dialect::Linux34 if extras > 1 => 1,
            Dialect::Linux34 | Dialect::Mainline => extras,
        }
    }
}

const NO_REQUEST: TxRequest = TxRequest { gref: GrantRef(0), offset: 0, flags: 0, id: 0, size: 0 };

/// A packet's requests.
#[derive(Clone, Debug)]
pub(crate) struct Requests {
    /// Bytes of the whole packet.
    pub(crate) total: u16,
    /// The first request and the further ones, each with the bytes that are in its page.
    slots: [TxRequest; LEGACY_SLOTS_MAX + 1],
    count: usize,
    /// Extra infos to answer.
    pub(crate) extras: u8,
    /// What the packet says of its segmentation.
    pub(crate) gso: Segmentation,
}

impl Requests {
    pub(crate) const fn none() -> Requests {
        Requests { total: 0, slots: [NO_REQUEST; LEGACY_SLOTS_MAX + 1], count: 0, extras: 0, gso: Segmentation::NONE }
    }

    /// All requests, the first one first.
    pub(crate) fn slots(&self) -> &[TxRequest] {
        &self.slots[..self.count]
    }

    /// How many requests follow the first.
    pub(crate) const fn further(&self) -> usize {
        self.count - 1
    }

    /// What is said of the packet's checksum. One that is to be segmented has none yet, whatever its frontend says
    /// (`checksum_setup`).
    pub(crate) const fn checksum(&self) -> Checksum {
        let flags = self.slots[0].flags;
        if flags & NETTXF_CSUM_BLANK != 0 || self.gso.size != 0 {
            Checksum::Partial
        } else if flags & NETTXF_DATA_VALIDATED != 0 {
            Checksum::Unnecessary
        } else {
            Checksum::None
        }
    }
}

/// What came off the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Nothing: there are no requests.
    Nothing,
    /// Nothing: the guest has used its credit up. The timer is to be set to then, if it is not running.
    NoCredit(Option<Time>),
    /// A packet.
    Packet,
    /// Something that is no packet, and was answered at once.
    Answered,
    /// A packet that cannot be taken, and was answered with errors.
    Refused,
    /// Something no honest frontend writes.
    Fatal(Refusal),
}

/// The addresses of groups that a guest wants (`fe_mcast_addr`). They would choose what is sent to it if it had asked for
/// that (`request-multicast-control`).
#[derive(Clone, Debug, Default)]
pub(crate) struct Groups {
    addresses: Vec<Mac>,
}

impl Groups {
    fn add(&mut self, address: Mac) -> bool {
        let room = self.addresses.len() < MULTICAST_ADDRESSES;
        if room {
            self.addresses.push(address);
        }
        room
    }

    fn remove(&mut self, address: Mac) {
        if let Some(at) = self.addresses.iter().position(|&other| other == address) {
            self.addresses.remove(at);
        }
    }
}

/// What the extra infos of one packet say; of several of a type the last counts.
#[derive(Clone, Copy)]
struct Extras {
    gso: Option<ExtraInfo>,
    add: Option<Mac>,
    remove: Option<Mac>,
}

/// What taking a packet needs to know of its interface besides the ring.
pub(crate) struct Taking<'driver> {
    pub(crate) dialect: Dialect,
    pub(crate) clock: Jiffies,
    pub(crate) credit: &'driver mut Credit,
    pub(crate) groups: &'driver mut Groups,
}

impl Taking<'_> {
    /// Takes one packet's requests off the ring, or answers what makes no packet. A frontend that is found malicious keeps
    /// what it wrote: nothing more is taken or answered.
    pub(crate) fn take(&mut self, k: &mut Kernel, link: &mut Link, packet: &mut Requests) -> Taken {
        let claimed = link.transmit.claimed(k);
        if link.transmit.is_impossible(claimed) {
            k.step(Event::OverflowCaught { distance: claimed });
            return Taken::Fatal(Refusal::ProducerOverflow);
        }
        let mut waiting = link.transmit.unconsumed(k);
        if waiting == 0 {
            return Taken::Nothing;
        }
        let start = link.transmit.req_cons();
        let first = TxRequest::decode(link.transmit.copy::<TX_REQUEST_SIZE>(k, start));
        if let Some(unpaid) = self.pay(k, first.size) {
            return unpaid;
        }
        packet.total = first.size;
        packet.slots[0] = first;
        packet.count = 1;
        packet.extras = 0;
        packet.gso = Segmentation::NONE;

        waiting -= 1;
        link.transmit.consume_to(start.plus(1));
        let mut extras = Extras { gso: None, add: None, remove: None };
        if first.flags & NETTXF_EXTRA_INFO != 0 {
            if let Err(why) = self.extras(k, link, &mut waiting, &mut extras, packet) {
                return Taken::Fatal(why);
            }
            if let Some(status) = self.groups(&extras) {
                let taken = link.transmit.req_cons().since(start);
                link.counters.slots += u64::from(taken);
                k.step(Event::RequestsTaken { index: start.0, id: first.id, count: taken });
                link.transmit.answer(k, &mut link.counters, TxResponse { id: first.id, status }, packet.extras);
                link.transmit.publish(k, &mut link.counters);
                return Taken::Answered;
            }
        }
        let (slots, refusal) = match count(k, link, packet, waiting) {
            Ok(counted) => counted,
            Err(why) => return Taken::Fatal(why),
        };
        let end = link.transmit.req_cons().plus(slots);
        let taken = end.since(start);
        link.counters.slots += u64::from(taken);
        k.step(Event::RequestsTaken { index: start.0, id: first.id, count: taken });
        let first = packet.slots[0];
        let refusal = refusal.or((first.size < ETH_HLEN).then_some(Refusal::TooShort));
        if let Some(why) = refusal {
            refuse(k, link, packet, (end, why));
            return Taken::Refused;
        }
        if crosses_page(first) {
            return Taken::Fatal(Refusal::CrossesPage);
        }
        if let Some(gso) = extras.gso.and_then(|extra| extra.as_gso()) {
            if gso.size == 0 || !self.dialect.segments(gso.kind) {
                return Taken::Fatal(Refusal::BadSegmentation);
            }
            packet.gso = Segmentation { size: gso.size, kind: gso.kind };
        }
        link.transmit.consume_to(end);
        Taken::Packet
    }

    fn pay(&mut self, k: &mut Kernel, size: u16) -> Option<Taken> {
        match self.credit.pay(size, self.clock.at(k.now)) {
            Payment::Paid => None,
            Payment::Running => Some(Taken::NoCredit(None)),
            Payment::DueAt(jiffies) => {
                let until = self.clock.time(jiffies);
                let remaining = u32::try_from(self.credit.remaining()).unwrap_or(u32::MAX);
                let wanted = u32::from(size);
                k.step(Event::Backend(Backend::CreditExhausted { wanted, remaining, until: until.0 }));
                Some(Taken::NoCredit(Some(until)))
            }
        }
    }

    /// Takes the extra infos (`xenvif_get_extras`), each of which is consumed at once.
    fn extras(
        &mut self,
        k: &mut Kernel,
        link: &mut Link,
        waiting: &mut u32,
        extras: &mut Extras,
        packet: &mut Requests,
    ) -> Result<(), Refusal> {
        let (mut count, mut kind) = (0, 0);
        loop {
            if *waiting == 0 {
                return Err(Refusal::BadExtra);
            }
            *waiting -= 1;
            let index = link.transmit.req_cons();
            let extra = ExtraInfo::decode(link.transmit.copy::<EXTRA_INFO_SIZE>(k, index));
            link.transmit.consume_to(index.plus(1));
            if extra.kind == 0 || extra.kind >= self.dialect.extra_types() {
                return Err(Refusal::BadExtra);
            }
            kind = if count == 0 { extra.kind } else { kind };
            count += 1;
            match extra.kind {
                XEN_NETIF_EXTRA_TYPE_GSO => extras.gso = Some(extra),
                EXTRA_TYPE_MCAST_ADD => extras.add = Some(Mac(extra.payload)),
                EXTRA_TYPE_MCAST_DEL => extras.remove = Some(Mac(extra.payload)),
                _ => {}
            }
            if extra.flags & XEN_NETIF_EXTRA_FLAG_MORE == 0 {
                break;
            }
        }
        packet.extras = self.dialect.answered(count);
        k.step(Event::Backend(Backend::ExtrasTaken { kind, count: u32::from(count) }));
        Ok(())
    }

    /// What a request about groups is answered; nothing if it is a packet's.
    fn groups(&mut self, extras: &Extras) -> Option<i16> {
        if let Some(address) = extras.add {
            return Some(if self.groups.add(address) { NETIF_RSP_OKAY } else { NETIF_RSP_ERROR });
        }
        let address = extras.remove?;
        self.groups.remove(address);
        Some(NETIF_RSP_OKAY)
    }
}

fn crosses_page(request: TxRequest) -> bool {
    usize::from(request.offset) + usize::from(request.size) > PAGE_SIZE
}

/// Copies the further requests and takes their sizes off the first one's, and tells how many there are and whether the
/// packet is to be dropped for them. Nothing is consumed yet.
fn count(k: &Kernel, link: &Link, packet: &mut Requests, waiting: u32) -> Result<(u32, Option<Refusal>), Refusal> {
    let start = link.transmit.req_cons();
    let (mut slots, mut refusal) = (0, None);
    let mut more = packet.slots[0].flags & NETTXF_MORE_DATA != 0;
    while more {
        if slots >= waiting {
            return Err(Refusal::Truncated);
        }
        if slots >= FATAL_SKB_SLOTS {
            return Err(Refusal::TooManySlots);
        }
        if slots as usize >= LEGACY_SLOTS_MAX {
            refusal = refusal.or(Some(Refusal::TooManySlots));
        }
        let request = TxRequest::decode(link.transmit.copy::<TX_REQUEST_SIZE>(k, start.plus(slots)));
        if request.size > packet.slots[0].size {
            refusal = refusal.or(Some(Refusal::LongerThanPacket));
        }
        packet.slots[0].size = packet.slots[0].size.wrapping_sub(request.size);
        slots += 1;
        if crosses_page(request) {
            return Err(Refusal::CrossesPage);
        }
        more = request.flags & NETTXF_MORE_DATA != 0;
        if refusal.is_none() {
            packet.slots[packet.count] = request;
            packet.count += 1;
        }
    }
    Ok((slots, refusal))
}

/// Answers all of a packet's slots with errors, up to `end`, which then are consumed (`xenvif_tx_err`). The loop ends where
/// the index is `end`, not where it is greater: indexes wrap (XSA-39).
pub(crate) fn refuse(k: &mut Kernel, link: &mut Link, packet: &Requests, (end, why): (Index, Refusal)) {
    let id = packet.slots[0].id;
    let start = link.transmit.req_cons();
    let count = 1 + end.since(start);
    link.transmit.consume_to(end);
    k.step(Event::Backend(Backend::RequestsRefused { id, count, why }));
    link.transmit.answer(k, &mut link.counters, TxResponse { id, status: NETIF_RSP_ERROR }, packet.extras);
    for index in start.until(end) {
        // The answer before this one lies at most in this slot's predecessor, so the request is still there.
        let id = TxRequest::decode(link.transmit.copy::<TX_REQUEST_SIZE>(k, index)).id;
        link.transmit.answer(k, &mut link.counters, TxResponse { id, status: NETIF_RSP_ERROR }, 0);
    }
    link.counters.transmit_errors += 1;
    link.transmit.publish(k, &mut link.counters);
}

/// Answers all of a packet's slots with errors after they were consumed: it was sound, and dom0 cannot take it.
pub(crate) fn give_back(k: &mut Kernel, link: &mut Link, packet: &Requests, why: Refusal) {
    let (id, count) = (packet.slots[0].id, packet.count as u32 + u32::from(packet.extras));
    k.step(Event::Backend(Backend::RequestsRefused { id, count, why }));
    for (number, slot) in packet.slots().iter().enumerate() {
        let extras = if number == 0 { packet.extras } else { 0 };
        let answer = TxResponse { id: slot.id, status: NETIF_RSP_ERROR };
        link.transmit.answer(k, &mut link.counters, answer, extras);
    }
    link.counters.transmit_errors += 1;
    link.transmit.publish(k, &mut link.counters);
}
