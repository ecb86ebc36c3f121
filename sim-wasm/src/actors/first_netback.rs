//! The backend network driver, guest-to-outside, as in the classic kernel (`drivers/xen/netback/netback.c`,
//! linux-2.6.18-xen).
//!
//! ```text
//!            tx_action: take ──► map ──► copy the header ──► Skb ──► network stack ──► …
//!                 ▲                                                                    │
//!   make_tx_response ◄── unmap ◄── dealloc ring ◄── page_release ◄── the packet is freed
//! ```
//!
//! A slot goes back to the guest when the last reference to its page goes, not when its bytes have been read: so whoever
//! holds on to a packet holds the guest back.

use std::collections::VecDeque;

use crate::actors::log::{Event, Log};
use crate::hypervisor::event_calls::Sent;
use crate::hypervisor::grant_entry::Access;
use crate::hypervisor::page::PAGE_SIZE;
use crate::hypervisor::xen::Xen;
use crate::protocols::back_ring::BackRing;
use crate::protocols::netif::{
    NETIF_RSP_ERROR, NETIF_RSP_OKAY, NETTXF_MORE_DATA, TX_REQUEST_SIZE, TX_RING, TxRequest, TxResponse,
};
use crate::protocols::ring::{Index, Shared};
use crate::words::hash::Fnv1a;
use crate::words::ids::{DomId, GrantRef, Handle, Mfn, Port};
use crate::words::time::Time;

/// Slots of all guests that may be mapped at a time, `MAX_PENDING_REQS`.
pub const MAX_PENDING_REQS: u32 = 256;

/// Bytes of a packet that are copied rather than mapped when there are more, `PKT_PROT_LEN`.
pub const PKT_PROT_LEN: u16 = 64;

/// Further slots that a packet may have besides its first, `MAX_SKB_FRAGS`.
const MAX_SKB_FRAGS: usize = 18;

/// The shortest frame that Ethernet knows, `ETH_HLEN`.
const ETH_HLEN: u16 = 14;

/// A page of a guest that a packet in dom0 points into; the index is netback's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Which of the foreign pages it is.
    pending: u8,
    offset: u16,
    size: u16,
}

/// A packet in dom0: a head of its own, and fragments that are a guest's pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skb {
    /// Length of the whole packet.
    pub bytes: u32,
    /// What was copied.
    pub head: Vec<u8>,
    /// What was not.
    pub fragments: Vec<Fragment>,
}

/// A slot that netback holds.
#[derive(Clone, Copy, Debug)]
struct Pending {
    request: TxRequest,
    vif: usize,
    handle: Handle,
    frame: Mfn,
}

/// One interface of a guest, as its backend sees it.
#[derive(Clone, Debug)]
struct Vif {
    frontend: DomId,
    ring_handle: Handle,
    ring: BackRing,
    port: Port,
}

/// What a pass of the transmit tasklet gave.
#[derive(Clone, Debug, Default)]
pub struct Pass {
    /// Packets for the network stack.
    pub received: Vec<Skb>,
    /// Notifications that were sent to guests.
    pub sent: Vec<Sent>,
    /// Whether a slot was released in this pass, so that the tasklet must run again.
    pub again: bool,
}

/// The driver: one for all guests, with one pool for all.
#[derive(Clone, Debug)]
pub struct Netback {
    domain: DomId,
    vifs: Vec<Vif>,
    /// Free indexes of the pool, the next one first (`pending_ring`).
    free: VecDeque<u8>,
    pending: Vec<Option<Pending>>,
    /// Indexes whose pages nobody refers to any more (`dealloc_ring`).
    dealloc: VecDeque<u8>,
    /// Interfaces with work, the next one first (`net_schedule_list`).
    schedule: VecDeque<usize>,
}

/// A packet's requests as they were copied from the ring, or those to refuse.
enum Gathered {
    Packet(Vec<TxRequest>),
    Refused(Vec<TxRequest>),
}

impl Netback {
    /// A driver without interfaces.
    #[must_use]
    pub fn new(domain: DomId) -> Self {
        Self {
            domain,
            vifs: Vec::new(),
            free: (0..=u8::MAX).collect(),
            pending: vec![None; MAX_PENDING_REQS as usize],
            dealloc: VecDeque::new(),
            schedule: VecDeque::new(),
        }
    }

    /// Connects a guest's interface (`netif_map()`): maps its ring and binds its event channel.
    ///
    /// # Panics
    /// If the guest's offer is not one: a mistake in the scenario.
    pub fn connect(&mut self, xen: &mut Xen, frontend: DomId, ring: GrantRef, port: Port) {
        let mapped = xen.map_grant_ref(self.domain, frontend, ring, Access::ReadWrite).expect("the ring is granted");
        let (port, _) = xen.bind_interdomain(self.domain, frontend, port).expect("the port is unbound");
        let vif = Vif { frontend, ring_handle: mapped.handle, ring: BackRing::attach(TX_RING, Index(0)), port };
        self.vifs.push(vif);
    }

    /// Slots that are held, `NR_PENDING_REQS`.
    #[must_use]
    pub fn held(&self) -> u32 {
        MAX_PENDING_REQS - self.free.len() as u32
    }

    /// A guest's event: its interface has work (`netif_be_int()`). Returns whether the tasklet must run: with half of the
    /// pool in use it waits for a slot to be released, which always schedules it (`maybe_schedule_tx_action()`).
    pub fn be_int(&mut self, vif: usize) -> bool {
        if !self.schedule.contains(&vif) {
            self.schedule.push_back(vif);
        }
        self.held() < MAX_PENDING_REQS / 2
    }

    /// One pass of the transmit tasklet (`net_tx_action()`).
    pub fn tx_action(&mut self, xen: &mut Xen, now: Time, log: &mut Log) -> Pass {
        let mut pass = Pass::default();
        self.tx_action_dealloc(xen, now, log, &mut pass);
        let room = |free: &VecDeque<u8>| free.len() > MAX_SKB_FRAGS;
        while room(&self.free)
            && let Some(vif) = self.schedule.pop_front()
        {
            let Some(gathered) = self.gather(xen, vif, now, log) else { continue };
            match gathered {
                Gathered::Packet(requests) => {
                    if let Some(skb) = self.receive(xen, vif, &requests, now, log, &mut pass) {
                        pass.received.push(skb);
                    }
                }
                Gathered::Refused(requests) => self.refuse(xen, vif, &requests, now, log, &mut pass),
            }
            self.schedule.push_back(vif);
        }
        pass
    }

    /// A packet is freed, for whatever reason: each of its foreign pages has a destructor, which queues the slot to be
    /// answered (`netif_page_release()`, `netif_idx_release()`). Returns whether the tasklet must run.
    pub fn page_release(&mut self, skb: &Skb, now: Time, log: &mut Log) -> bool {
        let count = skb.fragments.len() as u32;
        if count == 0 {
            return false;
        }
        self.dealloc.extend(skb.fragments.iter().map(|fragment| fragment.pending));
        log.step(now, Event::PagesFreed { count });
        true
    }

    /// A fingerprint of a packet's bytes as a device reads them now: the head, then the guest's memory.
    #[must_use]
    pub fn fetch(&self, xen: &Xen, skb: &Skb) -> u64 {
        let mut hash = Fnv1a::new();
        hash.write(&skb.head);
        for fragment in &skb.fragments {
            let pending = self.pending[usize::from(fragment.pending)].as_ref().expect("a packet's pages are held");
            let page = xen.mapped_page(self.domain, pending.handle).expect("a held page is mapped");
            let start = usize::from(fragment.offset);
            hash.write(&page.bytes()[start..start + usize::from(fragment.size)]);
        }
        hash.finish()
    }

    /// Unmaps what nobody refers to any more and answers it, in that order (`net_tx_action_dealloc()`).
    fn tx_action_dealloc(&mut self, xen: &mut Xen, now: Time, log: &mut Log, pass: &mut Pass) {
        let released: Vec<u8> = self.dealloc.drain(..).collect();
        let entries: Vec<Pending> = released
            .iter()
            .map(|&index| self.pending[usize::from(index)].take().expect("a released slot was held"))
            .collect();
        let Some(first) = entries.first().copied() else { return };
        for entry in &entries {
            xen.unmap_grant_ref(self.domain, entry.handle).expect("a held page is mapped once");
        }
        let flags = self.guest_flags(xen, &first);
        log.step(now, Event::GrantsUnmapped { first: first.request.gref, count: entries.len() as u32, flags });
        for vif in 0..self.vifs.len() {
            let answers: Vec<TxResponse> = entries
                .iter()
                .filter(|entry| entry.vif == vif)
                .map(|entry| TxResponse { id: entry.request.id, status: NETIF_RSP_OKAY })
                .collect();
            self.answer(xen, vif, &answers, now, log, pass);
        }
        self.free.extend(released);
    }

    /// Copies the requests of one packet; nothing when the ring is empty, and then the next request will ring.
    fn gather(&mut self, xen: &mut Xen, vif: usize, now: Time, log: &mut Log) -> Option<Gathered> {
        let vif = &mut self.vifs[vif];
        let page = xen.mapped_page_mut(self.domain, vif.ring_handle).expect("a connected ring is mapped");
        if !vif.ring.final_check_for_requests(page) {
            let event = Shared::ReqEvent.load(page);
            log.also(now, Event::RequestsAwaited { event: event.0 });
            return None;
        }
        let first = vif.ring.req_cons;
        let available = vif.ring.unconsumed_requests(page);
        let mut requests: Vec<TxRequest> = Vec::new();
        let mut sound = true;
        for index in first.until(first.plus(available)) {
            let request = TxRequest::decode(vif.ring.copy_request::<TX_REQUEST_SIZE>(page, index));
            sound &= usize::from(request.offset) + usize::from(request.size) <= PAGE_SIZE || requests.is_empty();
            requests.push(request);
            if request.flags & NETTXF_MORE_DATA == 0 || requests.len() > MAX_SKB_FRAGS {
                break;
            }
        }
        vif.ring.req_cons = first.plus(requests.len() as u32);
        let count = requests.len() as u32;
        log.step(now, Event::RequestsTaken { index: first.0, id: requests[0].id, count });
        if sound && first_slot_bytes(&requests).is_some() {
            Some(Gathered::Packet(requests))
        } else {
            Some(Gathered::Refused(requests))
        }
    }

    /// Maps a packet's pages and builds the packet. A page that cannot be mapped makes the whole packet fail: its slot is
    /// answered with an error, the others go back through the dealloc ring.
    fn receive(
        &mut self,
        xen: &mut Xen,
        vif: usize,
        requests: &[TxRequest],
        now: Time,
        log: &mut Log,
        pass: &mut Pass,
    ) -> Option<Skb> {
        let mut held = Vec::new();
        let mut refused = Vec::new();
        for request in requests {
            match xen.map_grant_ref(self.domain, self.vifs[vif].frontend, request.gref, Access::ReadOnly) {
                Ok(mapped) => {
                    held.push(self.hold(Pending {
                        request: *request,
                        vif,
                        handle: mapped.handle,
                        frame: mapped.frame,
                    }));
                }
                Err(_) => refused.push(*request),
            }
        }
        if !refused.is_empty() {
            pass.again |= !held.is_empty();
            self.dealloc.extend(held);
            self.refuse(xen, vif, &refused, now, log, pass);
            return None;
        }
        let first = self.pending[usize::from(held[0])].expect("just held");
        let flags = self.guest_flags(xen, &first);
        let count = held.len() as u32;
        log.step(now, Event::GrantsMapped { first: first.request.gref, frame: first.frame, count, flags });
        let skb = self.build(xen, requests, &held, now, log, pass);
        log.step(now, Event::PacketReceived { bytes: skb.bytes });
        Some(skb)
    }

    /// Copies the start of the packet and keeps the rest as fragments. Where the first slot is copied whole, it is released
    /// at once.
    fn build(
        &mut self,
        xen: &Xen,
        requests: &[TxRequest],
        held: &[u8],
        now: Time,
        log: &mut Log,
        pass: &mut Pass,
    ) -> Skb {
        let first_bytes = first_slot_bytes(requests).expect("a gathered packet is sound");
        let further = requests.len() - 1;
        let copied = if first_bytes > PKT_PROT_LEN && further < MAX_SKB_FRAGS { PKT_PROT_LEN } else { first_bytes };
        let first = self.pending[usize::from(held[0])].as_ref().expect("just held");
        let page = xen.mapped_page(self.domain, first.handle).expect("a held page is mapped");
        let start = usize::from(first.request.offset);
        let head = page.bytes()[start..start + usize::from(copied)].to_vec();

        let mut fragments = Vec::new();
        if copied < first_bytes {
            fragments.push(Fragment {
                pending: held[0],
                offset: requests[0].offset + copied,
                size: first_bytes - copied,
            });
        }
        let rest = requests.iter().zip(held).skip(1);
        fragments.extend(rest.map(|(request, &pending)| Fragment {
            pending,
            offset: request.offset,
            size: request.size,
        }));
        log.step(now, Event::HeaderCopied { bytes: u32::from(copied), pages_kept: fragments.len() as u32 });
        if copied == first_bytes {
            self.dealloc.push_back(held[0]);
            pass.again = true;
            log.also(now, Event::SlotReleased { id: requests[0].id });
        }
        Skb { bytes: u32::from(requests[0].size), head, fragments }
    }

    fn hold(&mut self, entry: Pending) -> u8 {
        let index = self.free.pop_front().expect("a pass starts a packet only when its slots fit");
        self.pending[usize::from(index)] = Some(entry);
        index
    }

    fn refuse(&mut self, xen: &mut Xen, vif: usize, requests: &[TxRequest], now: Time, log: &mut Log, pass: &mut Pass) {
        let answers: Vec<TxResponse> =
            requests.iter().map(|request| TxResponse { id: request.id, status: NETIF_RSP_ERROR }).collect();
        self.answer(xen, vif, &answers, now, log, pass);
    }

    /// Answers slots (`make_tx_response()` for each), and notifies the guest when it asked for one of the answers.
    fn answer(&mut self, xen: &mut Xen, vif: usize, answers: &[TxResponse], now: Time, log: &mut Log, pass: &mut Pass) {
        let Some(first) = answers.first() else { return };
        let vif = &mut self.vifs[vif];
        let page = xen.mapped_page_mut(self.domain, vif.ring_handle).expect("a connected ring is mapped");
        let old = Shared::RspProd.load(page);
        let event = Shared::RspEvent.load(page);
        let mut notify = false;
        for answer in answers {
            vif.ring.write_response(page, &answer.encode());
            notify |= vif.ring.push_responses_and_check_notify(page);
        }
        let new = vif.ring.rsp_prod_pvt;
        log.step(now, Event::ResponsesWritten { index: old.0, id: first.id, count: answers.len() as u32 });
        log.step(now, Event::ResponsesPublished { old: old.0, new: new.0, event: event.0, notify });
        if notify {
            let sent = xen.send(self.domain, vif.port).expect("a connected port is bound");
            if let Sent::Delivered { port, .. } = sent {
                log.also(now, Event::EventSent { port, from_guest: false });
            }
            pass.sent.push(sent);
        }
    }

    /// The flags of a held grant in the guest's table, as they stand now.
    fn guest_flags(&self, xen: &Xen, entry: &Pending) -> u16 {
        let guest = xen.domain(self.vifs[entry.vif].frontend).expect("a connected guest exists");
        guest.grants.entry(&xen.memory, entry.request.gref).map_or(0, |grant| grant.flags)
    }
}

/// Bytes of a packet in its first slot: the whole length less all others. `None` when that makes no packet: its end not
/// among the slots that a packet may have or not published, others longer than the whole, shorter than a header, or across
/// a page's end.
fn first_slot_bytes(requests: &[TxRequest]) -> Option<u16> {
    let (first, others) = requests.split_first()?;
    let unfinished = requests.last()?.flags & NETTXF_MORE_DATA != 0;
    if unfinished || first.size < ETH_HLEN {
        return None;
    }
    let bytes = others.iter().try_fold(first.size, |left, other| left.checked_sub(other.size))?;
    (usize::from(first.offset) + usize::from(bytes) <= PAGE_SIZE).then_some(bytes)
}
