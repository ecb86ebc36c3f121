//! A guest's network driver that behaves until it is told to [attack](HostileFront::attack).
//!
//! It is a plausible guest: it sends what it is handed, keeps buffers posted and takes what comes, so an attack meets a netback
//! in the middle of its work. It never stops by itself: whatever netback answers, it reads and takes back what it can.
//!
//! Not modelled: segmentation of what it is handed, checksums, giving pages away for reception, and several queues.

use alloc::vec::Vec;

use crate::actors::handshake::{BackFeatures, Offer};
use crate::actors::hostile::front_attack::FrontAttack;
use crate::actors::kernel::{Ask, Kernel, Task, Timer};
use crate::actors::log::Event;
use crate::actors::log::trouble::{Attack, Party, Trouble};
use crate::actors::netfront::{FrontSettings, Served};
use crate::actors::skb::SkbId;
use crate::hypervisor::grant_entry::Access;
use crate::hypervisor::guest_grants::{EndAccess, GuestGrants};
use crate::hypervisor::page::Page;
use crate::hypervisor::xen::Xen;
use crate::protocols::front_ring::FrontRing;
use crate::protocols::netif::{NETIF_RSP_NULL, NETIF_RSP_OKAY, RX_RING, TX_RESPONSE_SIZE, TX_RING, TxResponse};
use crate::protocols::ring::{Shared, shared_ring_init};
use crate::words::ids::{DomId, GrantRef, Mfn, Pfn, Port, VifId};

/// Buffers that it keeps posted while it behaves: with both rings and all requests, one frame of grant table has room for
/// them.
pub const BUFFERS: u16 = 128;
/// Slots in use at which its queue stops.
const STOP_LINE: u32 = TX_RING.entries() - 20;

/// What it got as answers to its requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Answers {
    /// `NETIF_RSP_OKAY`.
    pub okay: u64,
    /// `NETIF_RSP_ERROR` and whatever else is not all right.
    pub errors: u64,
    /// `NETIF_RSP_NULL`.
    pub nulls: u64,
    /// Of all these, answers to ids that were not under way.
    pub unknown: u64,
    /// Packets that it received.
    pub received: u64,
}

/// What a request holds until it is answered.
#[derive(Clone, Copy, Debug)]
pub(super) enum Hold {
    /// A header of a packet that it was handed.
    Packet(SkbId),
    /// A page of an attack.
    Page(Pfn),
}

/// A request under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// Its grant.
    pub(super) gref: GrantRef,
    pub(super) hold: Hold,
}

/// A posted buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Buffer {
    pub(super) gref: GrantRef,
    pub(super) page: Pfn,
}

/// Notifications that are still to come.
#[derive(Clone, Copy, Debug)]
struct Storm {
    left: u32,
    every: u64,
}

/// One interface of a hostile guest.
#[derive(Clone, Debug)]
pub struct HostileFront {
    pub(super) vif: VifId,
    pub(super) domain: DomId,
    pub(super) backend: DomId,
    pub(super) ring_pages: [Pfn; 2],
    pub(super) settings: FrontSettings,
    pub(super) grants: GuestGrants,
    ring_grefs: Option<[GrantRef; 2]>,
    pub(super) ports: [Port; 2],
    pub(super) tx: FrontRing,
    pub(super) rx: FrontRing,
    /// Ids that no request has, the next one last.
    pub(super) free_ids: Vec<u16>,
    /// By id.
    pub(super) slots: Vec<Option<Slot>>,
    /// By slot of the receive ring.
    pub(super) buffers: Vec<Option<Buffer>>,
    /// The packet whose pieces are coming.
    pub(super) coming: Option<SkbId>,
    pub(super) leave: u16,
    pub(super) buffer_access: Access,
    storm: Option<Storm>,
    pub(super) connected: bool,
    pub(super) answers: Answers,
}

impl HostileFront {
    /// A driver whose device is not set up yet. `ring_pages` are the pages of the transmit and the receive ring.
    ///
    /// # Panics
    /// If the domain has no grant table.
    #[must_use]
    pub fn new(
        xen: &mut Xen,
        vif: VifId,
        domain: DomId,
        backend: DomId,
        ring_pages: [Pfn; 2],
        settings: FrontSettings,
    ) -> HostileFront {
        let frames = xen.setup_table(domain, 1).expect("a domain has a frame of grant table").to_vec();
        let base = settings.base;
        HostileFront {
            vif,
            domain,
            backend,
            ring_pages,
            settings,
            grants: GuestGrants::new(domain, &frames),
            ring_grefs: None,
            ports: [Port(0); 2],
            tx: FrontRing::attach(TX_RING, base),
            rx: FrontRing::attach(RX_RING, base),
            free_ids: Vec::new(),
            slots: Vec::new(),
            buffers: Vec::new(),
            coming: None,
            leave: BUFFERS,
            buffer_access: Access::ReadWrite,
            storm: None,
            connected: false,
            answers: Answers::default(),
        }
    }

    /// Makes rings and channels, as an honest driver does (`setup_device`). Nothing when its backend keeps too much of its
    /// grant table.
    #[must_use = "the backend connects to what is offered"]
    pub fn setup_device(&mut self, k: &mut Kernel, features: BackFeatures) -> Option<Offer> {
        if self.grants.free_references() < 2 {
            return None;
        }
        let base = self.settings.base;
        self.tx = FrontRing::attach(TX_RING, base);
        self.rx = FrontRing::attach(RX_RING, base);
        let ids = TX_RING.entries() as u16;
        self.free_ids.clear();
        self.free_ids.extend((1..=ids).rev());
        self.slots.clear();
        self.slots.resize(usize::from(ids) + 1, None);
        self.buffers.clear();
        self.buffers.resize(RX_RING.entries() as usize, None);
        let grefs = self.ring_pages.map(|page| {
            shared_ring_init(ring_page_mut(k.xen, self.domain, page), base);
            let gref = self.grants.claim_reference().expect("two references are free");
            let frame = frame_of(k.xen, self.domain, page);
            self.grants.grant_access(&mut k.xen.memory, gref, self.backend, frame, Access::ReadWrite);
            gref
        });
        self.ring_grefs = Some(grefs);
        let split = self.settings.split_channels && features.split_event_channels;
        let port = k.xen.alloc_unbound(self.domain, self.backend).ok()?;
        let second = if split { k.xen.alloc_unbound(self.domain, self.backend).ok() } else { None };
        self.ports = [port, second.unwrap_or(port)];
        Some(Offer {
            tx_ring: grefs[0],
            rx_ring: grefs[1],
            tx_port: self.ports[0],
            rx_port: self.ports[1],
            rx_copy: true,
            rx_notify: self.settings.rx_notify,
            sg: self.settings.sg,
            gso: false,
            no_csum_offload: false,
            base,
        })
    }

    /// The backend is there: posts buffers and notifies it.
    pub fn connect(&mut self, k: &mut Kernel) {
        k.log.about(self.vif);
        self.connected = true;
        self.post_buffers(k);
        k.notify(self.ports[0]);
    }

    /// The backend is gone: takes back what it can and frees the rest.
    pub fn disconnect(&mut self, k: &mut Kernel) {
        self.connected = false;
        self.storm = None;
        k.ask(Ask::Arm(Timer::Refill(self.vif), None));
        for id in 0..self.slots.len() {
            if let Some(slot) = self.slots[id].take() {
                self.take_back(k, slot);
            }
        }
        for at in 0..self.buffers.len() {
            if let Some(buffer) = self.buffers[at].take()
                && self.end(k, buffer.gref)
            {
                k.skbs.free_page(buffer.page);
            }
        }
        if let Some(skb) = self.coming.take() {
            k.skbs.free(skb);
        }
        for gref in self.ring_grefs.take().into_iter().flatten() {
            self.end(k, gref);
        }
        let split = self.ports[0] != self.ports[1];
        for port in self.ports.into_iter().take(1 + usize::from(split)) {
            let _ = k.xen.close(self.domain, port);
        }
    }

    /// Its ports: transmit and receive, the same where they share one.
    #[must_use]
    pub fn ports(&self) -> [Port; 2] {
        self.ports
    }

    /// Whether its stack must keep its packets.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        !self.connected || self.outstanding() >= STOP_LINE
    }

    /// Requests without an answer that it has read.
    #[must_use]
    pub fn outstanding(&self) -> u32 {
        self.tx.outstanding()
    }

    /// Buffers that it has posted.
    #[must_use]
    pub fn posted_buffers(&self) -> u32 {
        self.rx.outstanding()
    }

    /// What it got as answers.
    #[must_use]
    pub fn answers(&self) -> Answers {
        self.answers
    }

    /// An event came: reads the answers, and has what came looked at.
    pub fn interrupt(&mut self, k: &mut Kernel, _port: Port) -> Served {
        k.log.about(self.vif);
        if !self.connected {
            return Served::Nothing;
        }
        let reaped = self.reap(k);
        let arrived = self.rx.unconsumed_responses(ring_page(k.xen, self.domain, self.ring_pages[1])) > 0;
        if arrived {
            k.ask(Ask::Run(Task::FrontPoll(self.vif)));
        }
        if reaped || arrived { Served::Work } else { Served::Nothing }
    }

    /// Its timer: the next notification of a storm.
    pub fn refill_timer(&mut self, k: &mut Kernel) {
        k.log.about(self.vif);
        let Some(storm) = self.storm.as_mut().filter(|_| self.connected) else { return };
        storm.left -= 1;
        let (left, every) = (storm.left, storm.every);
        k.step(Event::Trouble(Trouble::Attacked { by: Party::Frontend, attack: Attack::EventStorm, xsa: 332 }));
        k.notify(self.ports[0]);
        if left == 0 {
            self.storm = None;
        } else {
            k.ask(Ask::Arm(Timer::Refill(self.vif), Some(k.now + every)));
        }
    }

    /// Breaks a rule. Nothing happens while it is not connected, or when the ring has no room for it.
    pub fn attack(&mut self, k: &mut Kernel, attack: FrontAttack) {
        if !self.connected {
            return;
        }
        k.log.about(self.vif);
        if let FrontAttack::EventStorm { events, every } = attack {
            self.storm = (events > 0).then_some(Storm { left: events, every });
            return self.refill_timer(k);
        }
        k.step(Event::Trouble(Trouble::Attacked { by: Party::Frontend, attack: attack.kind(), xsa: attack.xsa() }));
        match attack {
            FrontAttack::WithholdBuffers { leave } => {
                self.leave = leave;
                self.post_buffers(k);
            }
            FrontAttack::ReadOnlyBuffers => self.buffer_access = Access::ReadOnly,
            other => self.attack_by_ring(k, other),
        }
    }

    /// Reads the answers to its requests; true if there were any.
    pub(super) fn reap(&mut self, k: &mut Kernel) -> bool {
        let first = self.tx.rsp_cons;
        let page = ring_page(k.xen, self.domain, self.ring_pages[0]);
        let rsp_prod = Shared::RspProd.load(page);
        let count = rsp_prod.since(first).min(TX_RING.entries());
        if count > 0 {
            let head = TxResponse::decode(self.tx.copy_response::<TX_RESPONSE_SIZE>(page, first));
            k.step(Event::ResponsesReaped { index: first.0, id: head.id, count });
        }
        for index in first.until(first.plus(count)) {
            let page = ring_page(k.xen, self.domain, self.ring_pages[0]);
            let response = TxResponse::decode(self.tx.copy_response::<TX_RESPONSE_SIZE>(page, index));
            self.take_answer(k, response);
        }
        self.tx.rsp_cons = rsp_prod;
        // Whoever claims requests that it never wrote gets answers to them.
        if self.tx.outstanding() > TX_RING.entries() {
            self.tx.req_prod_pvt = rsp_prod;
        }
        let _ = self.tx.final_check_for_responses(ring_page_mut(k.xen, self.domain, self.ring_pages[0]));
        if count > 0 && !self.is_stopped() {
            k.ask(Ask::WakeFront(self.vif));
        }
        count > 0
    }

    fn take_answer(&mut self, k: &mut Kernel, response: TxResponse) {
        match response.status {
            NETIF_RSP_NULL => {
                self.answers.nulls += 1;
                return;
            }
            NETIF_RSP_OKAY => self.answers.okay += 1,
            _ => self.answers.errors += 1,
        }
        match self.slots.get_mut(usize::from(response.id)).and_then(Option::take) {
            Some(slot) => {
                self.take_back(k, slot);
                self.free_ids.push(response.id);
            }
            None => self.answers.unknown += 1,
        }
    }

    /// Takes back what a request held, unless its grant is still in use: then it is lost.
    pub(super) fn take_back(&mut self, k: &mut Kernel, slot: Slot) {
        if self.end(k, slot.gref) {
            match slot.hold {
                Hold::Packet(skb) => k.skbs.free(skb),
                Hold::Page(page) => k.skbs.free_page(page),
            }
        }
    }

    /// Ends a grant; false if it is still in use, and lost with its page.
    pub(super) fn end(&mut self, k: &mut Kernel, gref: GrantRef) -> bool {
        if self.grants.end_access(&mut k.xen.memory, gref) == EndAccess::StillInUse {
            return false;
        }
        self.grants.release_reference(gref);
        true
    }
}

/// The page of a ring, to read.
pub(super) fn ring_page(xen: &Xen, domain: DomId, page: Pfn) -> &Page {
    xen.guest_page(domain, page).expect("the ring's page is the guest's")
}

/// The page of a ring, to write.
pub(super) fn ring_page_mut(xen: &mut Xen, domain: DomId, page: Pfn) -> &mut Page {
    xen.guest_page_mut(domain, page).expect("the ring's page is the guest's")
}

/// The frame of a page of the guest's own.
pub(super) fn frame_of(xen: &Xen, domain: DomId, page: Pfn) -> Mfn {
    xen.domain(domain).and_then(|guest| guest.mfn(page)).expect("a guest's page has a frame")
}
