//! Netback since Linux 3.15, with all that was repaired until now (`drivers/net/xen-netback/{netback,rx,interface}.c`).
//!
//! ```text
//!            poll: take ──► copy 128 bytes, map the rest ──► packet ──► dom0's stack ──► …
//!             ▲                                                                        │
//!   interrupt ┘   answer ◄── unmap ◄── dealloc thread ◄── page_release: the packet is freed,
//!                                                         or orphan: somebody wanted a copy of it
//! ```
//!
//! - A guest has a pool of its own, as large as its ring, so guests do not wait for each other's slots.
//! - A slot whose bytes all were copied is answered at once; the others when their packet is freed, or earlier, when a
//!   clone or a local receiver makes the kernel copy the packet's pages.
//! - A malicious frontend is only marked where it is found, since a poll may not sleep (XSA-90); the receive thread takes
//!   its carrier off.
//! - Packets for the guest wait in a queue that is bounded in bytes, and not for ever (XSA-392).
//!
//! Threads and polls are passes here: each method does what the kernel does between two waits, and asks for the next.
//!
//! Not modelled: the delay of interrupts that bring no work, which is the machine's ([`ZeroCopy::interrupt`] tells it what
//! it needs), more than one queue, and dom0's refusal to clone a packet for whose copies it has no memory: such a packet
//! keeps the guest's pages.

mod transmit;

mod submit;

mod release;

mod receive;

mod deliver;

pub mod hash;

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::actors::handshake::{BackFeatures, Offer, Xmit};
use crate::actors::kernel::{Ask, Kernel, Task, Timer};
use crate::actors::log::Event;
use crate::actors::log::backend::{Backend, Refusal};
use crate::actors::log::bus::Bus;
use crate::actors::netback::outcome::{ConnectError, Counters, Disconnect};
use crate::actors::netback::settings::{BackSettings, VifSettings};
use crate::actors::netback_upstream::bounce::Bounce;
use crate::actors::netback_upstream::credit::Credit;
use crate::actors::netback_upstream::jiffies::Jiffies;
use crate::actors::netback_upstream::limits::{DRAIN_MILLIS, DRAIN_MILLIS_UNTOLD, MAX_PENDING_REQS, STALL_MILLIS};
use crate::actors::netback_upstream::link::{Attach, Link};
use crate::actors::netback_upstream::pool::Pool;
use crate::actors::netback_upstream::requests::{Groups, Requests};
use crate::actors::netback_upstream::zero_copy::deliver::Batch;
use crate::actors::netback_upstream::zero_copy::hash::HashMapping;
use crate::actors::netback_upstream::zero_copy::receive::ReceiveQueue;
use crate::actors::netback_upstream::zero_copy::submit::Pass;
use crate::actors::parts;
use crate::actors::skb::{Frag, SkbId};
use crate::hypervisor::grant_calls::UnmapOp;
use crate::protocols::ring::Index;
use crate::words::ids::{DomId, Pfn, Port, VifId};

/// Whether an interface works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    /// It does.
    Sound,
    /// Its frontend is malicious, and the receive thread will take the carrier off (`vif->disabled`).
    Disabled,
    /// The carrier is off for good.
    Down,
    /// It is being disconnected.
    Closing,
}

/// One interface, with its one queue (`struct xenvif`, `struct xenvif_queue`).
#[derive(Clone, Debug)]
struct Queue {
    link: Link,
    health: Health,
    credit: Credit,
    groups: Groups,
    pool: Pool,
    /// Packets in dom0 that point into the guest's pages (`inflight_packets`).
    inflight: u32,
    receive: ReceiveQueue,
    hash: HashMapping,
}

/// The driver.
#[derive(Clone, Debug)]
pub struct ZeroCopy {
    settings: BackSettings,
    clock: Jiffies,
    /// The interfaces, by number.
    queues: Vec<Option<Box<Queue>>>,
    /// Windows of interfaces that are gone.
    windows: Vec<Pfn>,
    bounce: Bounce,
    packet: Box<Requests>,
    pass: Pass,
    unmaps: Vec<UnmapOp>,
    batch: Batch,
    /// A packet's bytes or fragments on their way from one place to another.
    bytes: Vec<u8>,
    orphans: Vec<Frag>,
}

impl ZeroCopy {
    /// A driver without interfaces.
    #[must_use]
    pub fn new(_: &mut Kernel, settings: BackSettings) -> ZeroCopy {
        ZeroCopy {
            settings,
            clock: Jiffies::per_second(settings.hz),
            queues: Vec::new(),
            windows: Vec::new(),
            bounce: Bounce::default(),
            packet: Box::new(Requests::none()),
            pass: Pass::default(),
            unmaps: Vec::new(),
            batch: Batch::default(),
            bytes: Vec::new(),
            orphans: Vec::new(),
        }
    }

    /// What the driver says that it can do (`netback_probe`).
    #[must_use]
    pub fn features(&self) -> BackFeatures {
        let offload = self.settings.offload;
        BackFeatures { sg: offload, gso: offload, rx_copy: true, rx_flip: false, split_event_channels: true }
    }

    /// Connects an interface (`xenvif_connect_data`). The rings begin where their pages say that the last backend stopped.
    pub fn connect(
        &mut self,
        k: &mut Kernel,
        vif: VifId,
        frontend: DomId,
        offer: &Offer,
        settings: VifSettings,
    ) -> Result<(), ConnectError> {
        k.log.about(vif);
        let at = usize::from(vif.0);
        if self.queues.get(at).is_some_and(Option::is_some) {
            return Err(ConnectError::Busy);
        }
        let link = Link::connect(k, (vif, frontend), offer, Attach::AtResponses)?;
        let domain = k.domain();
        let windows = self.windows.pop();
        let windows = windows.unwrap_or_else(|| k.xen.add_holes(domain, MAX_PENDING_REQS));
        let now = self.clock.at(k.now);
        let (drain, stall) = match offer.rx_notify {
            true => (DRAIN_MILLIS, Some(self.clock.of_millis(STALL_MILLIS))),
            false => (DRAIN_MILLIS_UNTOLD, None),
        };
        if self.queues.len() <= at {
            self.queues.resize(at + 1, None);
        }
        self.queues[at] = Some(Box::new(Queue {
            link,
            health: Health::Sound,
            credit: Credit::new(&settings, self.clock, now),
            groups: Groups::default(),
            pool: Pool::new(windows),
            inflight: 0,
            receive: ReceiveQueue::new(self.clock.of_millis(drain), stall, now),
            hash: HashMapping::default(),
        }));
        // What was written before there was a channel is looked for once.
        k.ask(Ask::Run(Task::BackPoll(vif)));
        Ok(())
    }

    /// Disconnects an interface (`xenvif_disconnect_data`): both threads are stopped, and the dealloc thread stops only when
    /// no packet points into the guest's pages any more.
    pub fn disconnect(&mut self, k: &mut Kernel, vif: VifId) -> Disconnect {
        k.log.about(vif);
        let at = usize::from(vif.0);
        let Some(queue) = self.queues.get_mut(at).and_then(Option::as_mut) else { return Disconnect::Done };
        if queue.health != Health::Closing {
            queue.health = Health::Closing;
            queue.receive.purge(k, &mut queue.link.counters);
            let references = queue.inflight;
            if references > 0 {
                k.step(Event::Bus(Bus::DisconnectWaits { references }));
            }
            k.ask(Ask::Arm(Timer::Credit(vif), None));
            k.ask(Ask::Arm(Timer::RxQueue(vif), None));
        }
        self.dealloc(k, vif);
        let Some(queue) = self.queues[at].take() else { return Disconnect::Done };
        if queue.inflight > 0 {
            let inflight = queue.inflight;
            self.queues[at] = Some(queue);
            return Disconnect::Waiting(inflight);
        }
        assert!(queue.pool.held() == 0, "a slot that is held belongs to a packet");
        queue.link.disconnect(k);
        self.windows.push(queue.pool.window());
        Disconnect::Done
    }

    /// An event came from the guest, on the channel that both rings share (`xenvif_interrupt`). Tells whether there was
    /// anything to do; if not, the end of the interrupt is to be reported as spurious (XSA-332).
    pub fn interrupt(&mut self, k: &mut Kernel, vif: VifId) -> bool {
        let transmit = self.look_for_requests(k, vif);
        let receive = self.look_for_buffers(k, vif);
        self.count_interrupt(vif, transmit || receive)
    }

    /// An event came on the transmit ring's own channel (`xenvif_tx_interrupt`).
    pub fn transmit_interrupt(&mut self, k: &mut Kernel, vif: VifId) -> bool {
        let work = self.look_for_requests(k, vif);
        self.count_interrupt(vif, work)
    }

    /// An event came on the receive ring's own channel (`xenvif_rx_interrupt`).
    pub fn receive_interrupt(&mut self, k: &mut Kernel, vif: VifId) -> bool {
        let work = self.look_for_buffers(k, vif);
        self.count_interrupt(vif, work)
    }

    /// Does one pass of a task of its own; true if it has to run again.
    pub fn run(&mut self, k: &mut Kernel, task: Task) -> bool {
        match task {
            Task::BackPoll(vif) => self.poll(k, vif),
            Task::BackRx(vif) => parts::RECEPTION && self.guest_rx(k, vif),
            Task::BackDealloc(vif) => {
                self.dealloc(k, vif);
                false
            }
            Task::NetTx | Task::NetRx | Task::FrontPoll(_) => false,
        }
    }

    /// A timer fell due.
    pub fn timer(&mut self, k: &mut Kernel, timer: Timer) {
        match timer {
            Timer::Credit(vif) => self.tx_credit_callback(k, vif),
            Timer::RxQueue(vif) => {
                if let Some(queue) = self.queue_mut(vif) {
                    queue.receive.timer_ran();
                }
                k.ask(Ask::Run(Task::BackRx(vif)));
            }
            Timer::Pending | Timer::Squeeze | Timer::Refill(_) | Timer::Eoi(..) | Timer::Deferred(_) => {}
        }
    }

    /// Takes a packet for the guest (`xenvif_start_xmit`). It is queued or dropped, never refused.
    pub fn start_xmit(&mut self, k: &mut Kernel, vif: VifId, skb: SkbId) -> Xmit {
        self.queue_for_guest(k, vif, skb)
    }

    /// Whether the queue in front of the interface runs in dom0.
    #[must_use]
    pub fn can_queue(&self, vif: VifId) -> bool {
        self.queue(vif).is_none_or(|queue| !queue.receive.is_stopped())
    }

    /// Slots of all guests that are held.
    #[must_use]
    pub fn held(&self) -> u32 {
        self.queues.iter().flatten().map(|queue| queue.pool.held()).sum()
    }

    /// Slots of one guest that are held, of 256.
    #[must_use]
    pub fn held_by(&self, vif: VifId) -> u32 {
        self.queue(vif).map_or(0, |queue| queue.pool.held())
    }

    /// Slots of one guest whose pages wait to be unmapped; they are held, too.
    #[must_use]
    pub fn waiting_to_unmap(&self, vif: VifId) -> u32 {
        self.queue(vif).map_or(0, |queue| queue.pool.to_dealloc())
    }

    /// Packets and bytes that wait for the guest.
    #[must_use]
    pub fn waiting_for_guest(&self, vif: VifId) -> (u32, u32) {
        self.queue(vif).map_or((0, 0), |queue| queue.receive.waiting())
    }

    /// What was counted on an interface.
    #[must_use]
    pub fn counters(&self, vif: VifId) -> Counters {
        self.queue(vif).map_or(Counters::default(), |queue| queue.link.counters)
    }

    /// Whether the interface has its carrier.
    #[must_use]
    pub fn has_carrier(&self, vif: VifId) -> bool {
        self.queue(vif).is_some_and(|queue| queue.health == Health::Sound && !queue.receive.is_stalled())
    }

    /// Whether the frontend was found malicious.
    #[must_use]
    pub fn is_disabled(&self, vif: VifId) -> bool {
        self.queue(vif).is_some_and(|queue| matches!(queue.health, Health::Disabled | Health::Down))
    }

    /// dom0's ends of the channels for the transmit ring and the receive ring; the same where they share one.
    #[must_use]
    pub fn ports(&self, vif: VifId) -> Option<(Port, Port)> {
        self.queue(vif).map(|queue| (queue.link.transmit.port(), queue.link.receive.port()))
    }

    /// How far the transmit ring's requests are consumed and answered.
    #[must_use]
    pub fn transmit_indexes(&self, vif: VifId) -> Option<(Index, Index)> {
        self.queue(vif).map(|queue| (queue.link.transmit.req_cons(), queue.link.transmit.rsp_prod()))
    }

    fn queue(&self, vif: VifId) -> Option<&Queue> {
        self.queues.get(usize::from(vif.0))?.as_deref()
    }

    fn queue_mut(&mut self, vif: VifId) -> Option<&mut Queue> {
        self.queues.get_mut(usize::from(vif.0))?.as_deref_mut()
    }

    fn look_for_requests(&mut self, k: &mut Kernel, vif: VifId) -> bool {
        let work = self.queue(vif).is_some_and(|queue| {
            matches!(queue.health, Health::Sound | Health::Disabled) && queue.link.transmit.unconsumed(k) > 0
        });
        if work {
            k.ask(Ask::Run(Task::BackPoll(vif)));
        }
        work
    }

    fn look_for_buffers(&mut self, k: &mut Kernel, vif: VifId) -> bool {
        k.log.about(vif);
        let clock = self.clock;
        let work = self.queue_mut(vif).is_some_and(|queue| queue.has_rx_work(k, clock.at(k.now)));
        if work {
            k.ask(Ask::Run(Task::BackRx(vif)));
        }
        work
    }

    fn count_interrupt(&mut self, vif: VifId, work: bool) -> bool {
        if let Some(queue) = self.queue_mut(vif) {
            queue.link.counters.interrupts += 1;
            queue.link.counters.spurious += u64::from(!work);
        }
        work
    }
}

impl Queue {
    /// The frontend is malicious (`xenvif_fatal_tx_err`): it is marked, and the receive thread is woken to act.
    fn disable(&mut self, k: &mut Kernel, why: Refusal) {
        self.health = Health::Disabled;
        self.link.counters.transmit_errors += 1;
        k.step(Event::Backend(Backend::FrontendDisabled { why }));
        k.ask(Ask::Run(Task::BackRx(self.link.vif)));
    }
}
