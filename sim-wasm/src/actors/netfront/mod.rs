//! The guest's network driver: from the guest's packets to grants and requests, from responses to packets of the guest.
//! [`Netfront`] is one interface; both generations of the driver are one code with different rules.
//!
//! ```text
//!          setup_device             connect
//!   down ───────────────> set up ───────────> up ── start_xmit, interrupt, poll ──┐
//!    ^                                         │ ^                                │
//!    └─────────────── disconnect ──────────────┘ └────────────────────────────────┘
//!
//!   up ── the backend breaks a rule ──> classic: the guest is down for good; modern: broken until set up again
//! ```
//!
//! The classic generation is `drivers/xen/netfront/netfront.c` of linux-2.6.18-xen, the modern one
//! `drivers/net/xen-netfront.c` of mainline Linux. Every call lends the guest's [`Kernel`]; what is to happen later is asked
//! of it: the receive poll, the timers, packets for the guest's stack, and that the stack may send again.
//!
//! Where a backend breaks the rules and the classic driver would follow a wild index or pointer, it ends here as its
//! `BUG()` does. Both generations refuse responses beyond what is under way, where the modern one only compares with the
//! ring's size and would be left with a queue that is stopped for ever.
//!
//! Not modelled: several queues, XDP, accelerators, the headroom of packets, segmentation and checksums of IPv6 packets
//! beyond the type, a free list of grant references shared by all drivers of a guest (each interface has two frames of the
//! table), a page of a packet that outlives it (a packet with a grant that cannot be ended stays whole), and responses that
//! change between two looks: each is copied once.

mod device;
mod fresh_pages;
mod rx;
mod rx_poll;
mod settings;
mod shared_ring;
mod tx;
mod tx_reap;
mod tx_slots;

pub use settings::{
    Broken, COPY_THRESHOLD, FIRST_TARGET, FrontCounters, FrontSettings, LEAST_BUFFERS, POLL_WEIGHT, REFILL_DELAY,
    STOP_LINE, Served,
};

use crate::actors::epoch::FrontEpoch;
use crate::actors::handshake::{BackFeatures, Offer, Xmit};
use crate::actors::kernel::{Ask, Kernel, Task, Timer};
use crate::actors::log::Event;
use crate::actors::log::bus::Bus;
use crate::actors::log::trouble::Attack;
use crate::actors::netfront::device::{Device, Link, Reception};
use crate::actors::netfront::rx::RxQueue;
use crate::actors::netfront::tx::TxQueue;
use crate::actors::parts;
use crate::actors::skb::SkbId;
use crate::hypervisor::xen::Xen;
use crate::protocols::front_ring::FrontRing;
use crate::protocols::netif::{RX_RING, TX_RING};
use crate::words::ids::{DomId, GrantRef, Pfn, Port, VifId};

/// One interface of a guest.
#[derive(Clone, Debug)]
pub struct Netfront {
    device: Device,
    tx: TxQueue,
    rx: RxQueue,
    /// Packets that the last loss of the backend cost, until the interface is up again.
    discarded: Option<u32>,
}

impl Netfront {
    /// An interface without a backend (`create_netdev`). `ring_pages` are two of the guest's pages that nobody else uses, for
    /// the transmit and the receive ring.
    ///
    /// # Panics
    /// If Xen has no frames for the interface's part of the grant table: a mistake in the scenario.
    pub fn new(
        xen: &mut Xen,
        vif: VifId,
        domain: DomId,
        backend: DomId,
        ring_pages: [Pfn; 2],
        settings: FrontSettings,
    ) -> Netfront {
        let [tx_page, rx_page] = ring_pages;
        Netfront {
            device: Device::new(xen, vif, domain, backend, settings),
            tx: TxQueue::new(domain, tx_page, settings.epoch),
            rx: RxQueue::new(domain, rx_page, &settings),
            discarded: None,
        }
    }

    /// Makes rings, grants and channels for a backend with these features (`talk_to_backend`, `talk_to_netback`), and says
    /// what to tell it. Nothing if the guest has no memory, references or ports for it, if the driver cannot work with such a
    /// backend, or if the guest has crashed.
    ///
    /// # Panics
    /// If the interface is set up already.
    #[must_use = "the backend connects to what is offered"]
    pub fn setup_device(&mut self, k: &mut Kernel, features: BackFeatures) -> Option<Offer> {
        if self.device.is_crashed() {
            return None;
        }
        assert!(self.device.link == Link::Down, "an interface is disconnected before it is set up again");
        k.log.about(self.device.vif);
        self.device.broken = None;
        self.device.reception = reception(&self.device.settings, features)?;
        let offer = self.offer(k, features);
        if offer.is_none() {
            self.tear_down(k);
        }
        offer
    }

    fn offer(&mut self, k: &mut Kernel, features: BackFeatures) -> Option<Offer> {
        let Netfront { device, tx, rx, .. } = self;
        let settings = device.settings;
        tx.references = device.grants.reserve(TX_RING.entries())?;
        rx.references = device.grants.reserve(RX_RING.entries())?;
        let tx_ring = tx.shared.set_up(device, k, settings.base)?;
        let rx_ring = rx.shared.set_up(device, k, settings.base)?;
        rx.reset(settings.base);
        let tx_port = k.xen.alloc_unbound(device.domain, device.backend).ok()?;
        tx.shared.port = Some(tx_port);
        let split = settings.split_channels && features.split_event_channels;
        // Without a second port the modern driver makes do with one.
        let own = if split { k.xen.alloc_unbound(device.domain, device.backend).ok() } else { None };
        let rx_port = own.unwrap_or(tx_port);
        rx.shared.port = Some(rx_port);
        device.sg = settings.sg && features.sg;
        device.gso = settings.gso && features.gso && device.sg;
        device.link = Link::SetUp;
        Some(Offer {
            tx_ring,
            rx_ring,
            tx_port,
            rx_port,
            rx_copy: device.reception == Reception::Copy,
            rx_notify: settings.rx_notify,
            sg: settings.sg,
            gso: settings.gso,
            no_csum_offload: false,
            base: settings.base,
        })
    }

    /// Turns the carrier on, kicks the backend and posts buffers (`network_connect`, `xennet_connect`). What the backend is
    /// not bound to yet swallows the notification, and its binding makes up for it.
    ///
    /// # Panics
    /// If the interface is not set up.
    pub fn connect(&mut self, k: &mut Kernel) {
        assert!(self.device.link == Link::SetUp, "an interface is set up before it connects");
        k.log.about(self.device.vif);
        if let Some(discarded) = self.discarded.take() {
            k.step(Event::Bus(Bus::Resumed { discarded }));
        }
        let Netfront { device, tx, rx, .. } = self;
        if device.settings.epoch == FrontEpoch::Classic {
            rx.requeue(device, k);
        }
        device.link = Link::Up;
        tx.shared.kick(k);
        if rx.shared.port != tx.shared.port {
            rx.shared.kick(k);
        }
        tx.tx_buf_gc(device, k);
        if device.broken.is_none() {
            rx.alloc_rx_buffers(device, k);
        }
    }

    /// Lets a lost backend go: the carrier is off, channels are closed, what was under way is discarded, and every grant ends
    /// or is given up (`netif_disconnect_backend`, `xennet_disconnect_backend`). Packets are dropped until the interface is up
    /// again, but for those that a stopped queue keeps with the stack. A crashed guest does nothing.
    pub fn disconnect(&mut self, k: &mut Kernel) {
        if self.device.link == Link::Down || self.device.is_crashed() {
            return;
        }
        k.log.about(self.device.vif);
        let discarded = self.tear_down(k);
        self.discarded = Some(self.discarded.unwrap_or(0) + discarded);
    }

    fn tear_down(&mut self, k: &mut Kernel) -> u32 {
        let Netfront { device, tx, rx, .. } = self;
        k.ask(Ask::Arm(Timer::Refill(device.vif), None));
        for port in [tx.shared.port, rx.shared.port.filter(|port| Some(*port) != tx.shared.port)].into_iter().flatten()
        {
            k.xen.close(device.domain, port).expect("a driver closes ports that it opened");
        }
        let discarded = tx.discard(device, k);
        rx.release(device, k);
        device.grants.unreserve(core::mem::take(&mut tx.references));
        device.grants.unreserve(core::mem::take(&mut rx.references));
        tx.shared.tear_down(device, k);
        rx.shared.tear_down(device, k);
        device.link = Link::Down;
        discarded
    }

    /// Sends a packet of the guest's stack (`network_start_xmit`, `xennet_start_xmit`). It must have at least one piece, and
    /// all of them in pages of the guest's own.
    ///
    /// # Panics
    /// If it has none: a mistake in the guest's stack.
    pub fn start_xmit(&mut self, k: &mut Kernel, skb: SkbId) -> Xmit {
        k.log.about(self.device.vif);
        self.tx.start_xmit(&mut self.device, k, skb)
    }

    /// Whether the guest's stack must keep its packets.
    #[must_use]
    pub const fn is_stopped(&self) -> bool {
        self.tx.stopped
    }

    /// An event came in at one of the interface's ports (`netif_int`, `xennet_interrupt`). What it found says how a late end
    /// of interrupt goes; the classic flow takes no interest.
    pub fn interrupt(&mut self, k: &mut Kernel, port: Port) -> Served {
        k.log.about(self.device.vif);
        let Netfront { device, tx, rx, .. } = self;
        device.counters.interrupts += 1;
        if device.broken.is_some() {
            return Served::Broken;
        }
        let mut worked = false;
        if device.is_up() && tx.shared.port == Some(port) {
            worked |= tx.tx_buf_gc(device, k);
        }
        if device.is_up() && rx.shared.port == Some(port) {
            worked |= handle_rx(device, rx, k);
        }
        match (device.broken, worked) {
            (Some(_), _) => Served::Broken,
            (None, true) => Served::Work,
            (None, false) => {
                device.counters.spurious += 1;
                Served::Nothing
            }
        }
    }

    /// Reads what was received (`netif_poll`, `xennet_poll`); true if it is to be called again.
    pub fn poll(&mut self, k: &mut Kernel) -> bool {
        k.log.about(self.device.vif);
        self.device.is_up() && parts::RECEPTION && self.rx.poll(&mut self.device, k)
    }

    /// There may be memory for buffers again (`rx_refill_timeout`): the poll looks.
    pub fn refill_timer(&mut self, k: &mut Kernel) {
        if self.device.is_up() {
            k.ask(Ask::Run(Task::FrontPoll(self.device.vif)));
        }
    }

    /// Tries again to end grants that a backend did not let go of (`gnttab_handle_deferred`).
    pub fn deferred_timer(&mut self, k: &mut Kernel) {
        k.log.about(self.device.vif);
        self.device.handle_deferred(k);
    }

    /// Why the driver does nothing more, if that is so.
    #[must_use]
    pub const fn broken(&self) -> Option<Broken> {
        self.device.broken
    }

    /// Whether the carrier is on, and nothing wrong.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.device.is_up()
    }

    /// The guest's interface.
    #[must_use]
    pub const fn vif(&self) -> VifId {
        self.device.vif
    }

    /// The guest.
    #[must_use]
    pub const fn domain(&self) -> DomId {
        self.device.domain
    }

    /// How it was set up.
    #[must_use]
    pub const fn settings(&self) -> &FrontSettings {
        &self.device.settings
    }

    /// Whether packets of several pieces may be sent, and packets to be segmented.
    #[must_use]
    pub const fn offloads(&self) -> (bool, bool) {
        (self.device.sg, self.device.gso)
    }

    /// Transmit slots whose responses were not read yet.
    #[must_use]
    pub const fn outstanding(&self) -> u32 {
        self.tx.shared.half.outstanding()
    }

    /// Receive buffers whose responses were not read yet.
    #[must_use]
    pub const fn posted_buffers(&self) -> u32 {
        self.rx.shared.half.outstanding()
    }

    /// Pages that wait to be posted together.
    #[must_use]
    pub fn waiting_pages(&self) -> u32 {
        self.rx.waiting_pages()
    }

    /// Buffers that the driver wants to have posted.
    #[must_use]
    pub fn rx_target(&self) -> u32 {
        self.rx.target_of(&self.device)
    }

    /// Grant references that are free: in the table, and reserved for each ring.
    #[must_use]
    pub fn free_references(&self) -> u32 {
        self.device.grants.free_references() + self.tx.references.len() + self.rx.references.len()
    }

    /// Request ids that are free.
    #[must_use]
    pub fn free_ids(&self) -> u32 {
        self.tx.slots.free_ids()
    }

    /// Grants that the backend did not let go of, and that will be tried again.
    #[must_use]
    pub fn waiting_grants(&self) -> u32 {
        self.device.waiting_grants()
    }

    /// The private half of the transmit ring.
    #[must_use]
    pub const fn tx_ring(&self) -> &FrontRing {
        &self.tx.shared.half
    }

    /// The private half of the receive ring.
    #[must_use]
    pub const fn rx_ring(&self) -> &FrontRing {
        &self.rx.shared.half
    }

    /// The grants of both rings' pages, while the interface is set up.
    #[must_use]
    pub fn ring_references(&self) -> Option<(GrantRef, GrantRef)> {
        Some((self.tx.shared.gref?, self.rx.shared.gref?))
    }

    /// Its ports, for the transmit and the receive ring, the same where they share one; nothing while there is no device.
    #[must_use]
    pub fn ports(&self) -> Option<[Port; 2]> {
        Some([self.tx.shared.port?, self.rx.shared.port?])
    }

    /// What it did so far.
    #[must_use]
    pub const fn counters(&self) -> &FrontCounters {
        &self.device.counters
    }
}

/// How packets are to come in, if driver and backend agree on any way. The classic driver flips when it was told to, or when
/// the backend cannot copy; the modern one only copies.
fn reception(settings: &FrontSettings, features: BackFeatures) -> Option<Reception> {
    match settings.epoch {
        FrontEpoch::Classic if settings.rx_flip && features.rx_flip => Some(Reception::Flip),
        FrontEpoch::Classic if settings.rx_flip || features.rx_copy => Some(Reception::Copy),
        FrontEpoch::Classic => Some(Reception::Flip),
        FrontEpoch::Modern => features.rx_copy.then_some(Reception::Copy),
    }
}

/// Sees to it that the receive poll runs if there are responses. The modern driver counts those that it knows of
/// (`xennet_handle_rx`): news is work, and fewer than before means that the backend took some back.
fn handle_rx(device: &mut Device, rx: &mut RxQueue, k: &mut Kernel) -> bool {
    let queued = rx.shared.half.unconsumed_responses(rx.shared.page(k.xen));
    let news = match device.settings.epoch {
        FrontEpoch::Classic => queued > 0,
        FrontEpoch::Modern => {
            if queued < rx.unconsumed {
                device.give_up(k, Attack::ForgedProducer);
                return false;
            }
            let news = queued > rx.unconsumed;
            rx.unconsumed = queued;
            news
        }
    };
    if queued > 0 {
        k.ask(Ask::Run(Task::FrontPoll(device.vif)));
    }
    news
}
