//! The physical card and its driver: two rings of descriptors, a wire with a rate, and interrupts some time after something
//! has happened.
//!
//! ```text
//!   queue ─xmit_frame─► descriptors ─begin─► wire ─finish─► done, not cleaned ─clean_tx_irq─► freed
//!     ▲                      └──────────────── in use ────────────────┘            │
//!     └───────────────────── the queue runs again, with enough descriptors ◄───────┘
//! ```
//!
//! A packet is freed when the driver cleans its descriptors, not when its last bit has left: whoever holds back interrupts
//! holds back everything that waits for the packet's pages.
//!
//! Numbers are those of the e1000 (`drivers/net/e1000/e1000_main.c`) and of the tg3 (`drivers/net/tg3.c`) in linux-2.6.18.
//!
//! Not modelled: descriptors for the segmentation's and the checksum's context, pieces that a descriptor cannot hold,
//! several queues, pause frames, errors on the wire, and the time that descriptors take to be written back.

mod settings;

mod moderation;

pub use crate::actors::nic::moderation::Moderation;
pub use crate::actors::nic::settings::{CardSettings, Framing};

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::actors::kernel::Kernel;
use crate::actors::log::Event;
use crate::actors::log::stack::Stack as Told;
use crate::actors::nic::moderation::Cause;
use crate::actors::nic::settings::descriptors;
use crate::actors::skb::{Checksum, SkbId};
use crate::words::ids::VifId;
use crate::words::time::Time;

/// What a card did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CardCounters {
    /// Packets that left.
    pub sent: u64,
    /// Their bytes.
    pub sent_bytes: u64,
    /// Packets that were given back for want of descriptors.
    pub refused: u64,
    /// Interrupts of either kind.
    pub interrupts: u64,
    /// Packets that came from the wire.
    pub received: u64,
    /// Packets that came from the wire when no buffer was free (`rx_missed_errors`).
    pub missed: u64,
}

/// A packet in the transmit ring.
#[derive(Clone, Copy, Debug)]
struct Posted {
    skb: SkbId,
    descriptors: u32,
    nanos: u64,
}

/// A packet has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Departure {
    /// The packet, which is the card's until its descriptors are cleaned.
    pub skb: SkbId,
    /// When the transmit interrupt comes, if that is new.
    pub interrupt: Option<Time>,
}

/// A packet has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The packet, which is the card's until [`Nic::take_received`].
    pub skb: SkbId,
    /// When the receive interrupt comes, if that is new.
    pub interrupt: Option<Time>,
}

/// A card.
#[derive(Clone, Debug)]
pub struct Nic {
    settings: CardSettings,
    /// Descriptors in use.
    used: u32,
    /// Posted, oldest first; the first may be on the wire.
    posted: VecDeque<Posted>,
    /// Gone, and still to be cleaned up, oldest first.
    sent: Vec<Posted>,
    sending: bool,
    stalled: bool,
    stopped: bool,
    transmit: Cause,
    /// Received and still in the card's ring, oldest first.
    received: VecDeque<SkbId>,
    receive: Cause,
    counters: CardCounters,
}

impl Nic {
    /// An idle card. Settings out of range are moved into it: a queue that stops must be able to run again.
    #[must_use]
    pub fn new(settings: CardSettings) -> Nic {
        Nic {
            settings: settings.in_range(),
            used: 0,
            posted: VecDeque::new(),
            sent: Vec::new(),
            sending: false,
            stalled: false,
            stopped: false,
            transmit: Cause::default(),
            received: VecDeque::new(),
            receive: Cause::default(),
            counters: CardCounters::default(),
        }
    }

    /// Puts a packet into the ring (`e1000_xmit_frame`), or gives it back when there is no room. Either may stop the queue,
    /// see [`Nic::is_stopped`].
    #[inline]
    pub fn xmit_frame(&mut self, k: &mut Kernel<'_>, skb: SkbId) -> Result<(), SkbId> {
        let data = k.skbs.get_mut(skb);
        let descriptors = descriptors(data);
        if self.used + descriptors > self.settings.descriptors {
            self.stopped = true;
            self.counters.refused += 1;
            return Err(skb);
        }
        data.dma_mapped = true;
        let nanos = self.settings.nanos(data);
        let origin = data.origin;
        self.used += descriptors;
        self.posted.push_back(Posted { skb, descriptors, nanos });
        self.stopped |= self.free_descriptors() < self.settings.stop_below;
        k.log.about(origin);
        k.step(Event::DescriptorsPosted { count: descriptors });
        Ok(())
    }

    /// Starts on the next packet if the card is free and not stalled: how long it will take, in nanoseconds.
    #[inline]
    pub fn begin(&mut self) -> Option<u64> {
        if self.sending || self.stalled {
            return None;
        }
        let nanos = self.posted.front()?.nanos;
        self.sending = true;
        Some(nanos)
    }

    /// The packet on the wire has left. Its descriptors stay in use until the driver cleans them.
    ///
    /// # Panics
    /// If none was being sent.
    #[inline]
    pub fn finish(&mut self, k: &mut Kernel<'_>) -> Departure {
        assert!(self.sending, "a packet is on the wire");
        self.sending = false;
        let posted = self.posted.pop_front().expect("the packet on the wire is the oldest in the ring");
        let data = k.skbs.get(posted.skb);
        let (bytes, origin) = (data.len, data.origin);
        self.counters.sent += 1;
        self.counters.sent_bytes += u64::from(bytes);
        self.sent.push(posted);
        k.log.about(origin);
        k.step(Event::PacketSent { bytes, nanos: posted.nanos });
        Departure { skb: posted.skb, interrupt: self.transmit.packet(k.now, self.settings.transmit) }
    }

    /// The transmit interrupt: the driver cleans the descriptors of all packets that have left, and frees those packets
    /// (`e1000_clean_tx_irq`). True if a stopped queue runs again. Does nothing when no interrupt is due.
    pub fn clean_tx_irq(&mut self, k: &mut Kernel<'_>) -> bool {
        if !self.transmit.take(k.now) {
            return false;
        }
        self.counters.interrupts += 1;
        if let Some(posted) = self.sent.first() {
            let origin = k.skbs.get(posted.skb).origin;
            k.log.about(origin);
        }
        k.step(Event::TransmitDone);
        for posted in self.sent.drain(..) {
            self.used -= posted.descriptors;
            k.skbs.free(posted.skb);
        }
        let wakes = self.stopped && self.free_descriptors() >= self.settings.wake_at;
        self.stopped &= !wakes;
        wakes
    }

    /// A packet comes from the wire into a buffer; nothing if none is free, and then the packet is lost.
    pub fn receive(&mut self, k: &mut Kernel<'_>, bytes: &[u8]) -> Option<Arrival> {
        let len = bytes.len() as u32;
        k.log.about(VifId::default());
        if self.received.len() as u32 >= self.settings.receive_descriptors {
            self.counters.missed += 1;
            k.step(Event::Stack(Told::WireMissed { bytes: len }));
            return None;
        }
        self.counters.received += 1;
        k.step(Event::Stack(Told::WireReceived { bytes: len }));
        let skb = k.skbs.alloc();
        let data = k.skbs.get_mut(skb);
        data.head.extend_from_slice(bytes);
        data.len = len;
        data.checksum = Checksum::Unnecessary;
        data.born = k.now;
        data.origin = VifId::default();
        self.received.push_back(skb);
        Some(Arrival { skb, interrupt: self.receive.packet(k.now, self.settings.receive) })
    }

    /// Whether the receive interrupt comes now; then everything is to be [taken](Nic::take_received).
    pub fn receive_irq(&mut self, now: Time) -> bool {
        let comes = self.receive.take(now);
        self.counters.interrupts += u64::from(comes);
        comes
    }

    /// The oldest packet in the receive ring, whose buffer is replaced by a fresh one (`e1000_clean_rx_irq`). It is the
    /// stack's now (`netif_rx`).
    pub fn take_received(&mut self) -> Option<SkbId> {
        self.received.pop_front()
    }

    /// The card stops fetching; the packet on the wire still leaves.
    pub fn stall(&mut self, k: &mut Kernel<'_>) {
        if !self.stalled {
            self.stalled = true;
            k.step(Event::Stack(Told::CardStalled));
        }
    }

    /// The card fetches again, see [`Nic::begin`].
    pub fn resume(&mut self, k: &mut Kernel<'_>) {
        if self.stalled {
            self.stalled = false;
            k.step(Event::Stack(Told::CardResumed));
        }
    }

    /// Whether the driver has stopped its queue.
    #[must_use]
    pub const fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Whether the card does not fetch.
    #[must_use]
    pub const fn is_stalled(&self) -> bool {
        self.stalled
    }

    /// Descriptors in use.
    #[must_use]
    pub const fn used(&self) -> u32 {
        self.used
    }

    /// Descriptors that are free.
    #[must_use]
    pub const fn free_descriptors(&self) -> u32 {
        self.settings.descriptors - self.used
    }

    /// Packets in the transmit ring that have not left.
    #[must_use]
    pub fn in_ring(&self) -> u32 {
        self.posted.len() as u32
    }

    /// Packets that have left and were not cleaned up.
    #[must_use]
    pub fn uncleaned(&self) -> u32 {
        self.sent.len() as u32
    }

    /// Packets in the receive ring.
    #[must_use]
    pub fn uncollected(&self) -> u32 {
        self.received.len() as u32
    }

    /// What happened so far.
    #[must_use]
    pub const fn counters(&self) -> &CardCounters {
        &self.counters
    }
}
