//! Netback of Linux 2.6.39 to 3.14, as it stood at the end of 3.4 (`drivers/net/xen-netback/netback.c`).
//!
//! ```text
//!   guests, one packet in turn ──► take ──► copy every byte ──► answer ──► packet of dom0's own ──► dom0's stack
//!                                           one hypercall a pass
//! ```
//!
//! Nothing of a guest is held from one pass to the next: its slots go back before dom0's stack sees the packet. So a guest
//! sends as fast as this thread copies, however slow the card is, and packets are lost in dom0's queues. Further slots are
//! put together in pages of dom0's, as many as fit.
//!
//! One thread serves a group of guests in both directions. There is one group for each processor; here there is one.
//!
//! Where the driver of 3.4 itself went wrong, this one does what it meant: a failed copy of one page is not taken for
//! another page's, slots are answered once when dom0 has no memory, and the buffers of a packet for a guest are counted as
//! they are then filled.
//!
//! Not modelled: more groups than one, and the spreading of guests over them.

mod transmit;

mod submit;

mod receive;

mod deliver;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::actors::handshake::{BackFeatures, Offer, Xmit};
use crate::actors::kernel::{Ask, Kernel, Task, Timer};
use crate::actors::log::Event;
use crate::actors::log::bus::Bus;
use crate::actors::netback::outcome::{ConnectError, Counters, Disconnect};
use crate::actors::netback::settings::{BackSettings, VifSettings};
use crate::actors::netback_upstream::bounce::Bounce;
use crate::actors::netback_upstream::credit::Credit;
use crate::actors::netback_upstream::grant_copy::deliver::Batch;
use crate::actors::netback_upstream::grant_copy::submit::Pass;
use crate::actors::netback_upstream::jiffies::Jiffies;
use crate::actors::netback_upstream::link::{Attach, Link};
use crate::actors::netback_upstream::requests::{Groups, Requests};
use crate::actors::parts;
use crate::actors::skb::{SharedId, SkbId};
use crate::protocols::ring::Index;
use crate::words::ids::{DomId, Port, VifId};

/// Whether an interface works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    /// It does.
    Sound,
    /// Its frontend is malicious: the carrier is off, and it is taken off the schedule.
    Down,
    /// It is being disconnected.
    Closing,
}

/// One interface (`struct xenvif`).
#[derive(Clone, Debug)]
struct Vif {
    link: Link,
    health: Health,
    credit: Credit,
    groups: Groups,
    /// Whether it is on the schedule.
    scheduled: bool,
    /// Buffers are promised to packets up to here (`rx_req_cons_peek`).
    peek: Index,
    /// Whether the guest tells when it has posted buffers, so that the queue may be stopped (`can_queue`).
    can_queue: bool,
    /// Whether the queue in front of the interface is stopped.
    stopped: bool,
    /// Packets for the guest that wait for the thread, each of which refers to the interface.
    waiting: u32,
    /// Whether the guest is to be notified at the end of the pass (`notify_list`).
    notify: bool,
}

/// The driver.
#[derive(Clone, Debug)]
pub struct GrantCopy {
    settings: BackSettings,
    clock: Jiffies,
    /// The interfaces, by number.
    vifs: Vec<Option<Box<Vif>>>,
    /// Interfaces with requests, the next one first (`net_schedule_list`).
    schedule: VecDeque<VifId>,
    /// Packets for all guests, in order (`rx_queue`).
    receive_queue: VecDeque<(VifId, SkbId)>,
    packet: Box<Requests>,
    pass: Pass,
    batch: Batch,
    bounce: Bounce,
}

impl GrantCopy {
    /// A driver without interfaces.
    #[must_use]
    pub fn new(_: &mut Kernel, settings: BackSettings) -> GrantCopy {
        GrantCopy {
            settings,
            clock: Jiffies::per_second(settings.hz),
            vifs: Vec::new(),
            schedule: VecDeque::new(),
            receive_queue: VecDeque::new(),
            packet: Box::new(Requests::none()),
            pass: Pass::default(),
            batch: Batch::default(),
            bounce: Bounce::default(),
        }
    }

    /// What the driver says that it can do (`netback_probe`).
    #[must_use]
    pub fn features(&self) -> BackFeatures {
        let offload = self.settings.offload;
        BackFeatures { sg: offload, gso: offload, rx_copy: true, rx_flip: false, split_event_channels: false }
    }

    /// Connects an interface (`xenvif_connect`). Both rings begin where the frontend says.
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
        if self.vifs.get(at).is_some_and(Option::is_some) {
            return Err(ConnectError::Busy);
        }
        let link = Link::connect(k, (vif, frontend), offer, Attach::At(offer.base))?;
        if self.vifs.len() <= at {
            self.vifs.resize(at + 1, None);
        }
        self.vifs[at] = Some(Box::new(Vif {
            link,
            health: Health::Sound,
            credit: Credit::new(&settings, self.clock, self.clock.at(k.now)),
            groups: Groups::default(),
            scheduled: false,
            peek: offer.base,
            can_queue: offer.rx_notify,
            stopped: false,
            waiting: 0,
            notify: false,
        }));
        self.check_transmit(k, vif);
        Ok(())
    }

    /// Disconnects an interface (`xenvif_disconnect`): it is taken off the schedule, and goes when no packet for its guest
    /// waits any more.
    pub fn disconnect(&mut self, k: &mut Kernel, vif: VifId) -> Disconnect {
        k.log.about(vif);
        let at = usize::from(vif.0);
        let Some(entry) = self.vifs.get_mut(at).and_then(Option::as_mut) else { return Disconnect::Done };
        if entry.health != Health::Closing {
            entry.health = Health::Closing;
            let references = entry.waiting;
            if references > 0 {
                k.step(Event::Bus(Bus::DisconnectWaits { references }));
            }
            self.deschedule(vif);
            k.ask(Ask::Arm(Timer::Credit(vif), None));
        }
        let Some(entry) = self.vifs[at].take() else { return Disconnect::Done };
        if entry.waiting > 0 {
            let waiting = entry.waiting;
            self.vifs[at] = Some(entry);
            k.ask(Ask::Run(Task::NetRx));
            return Disconnect::Waiting(waiting);
        }
        entry.link.disconnect(k);
        Disconnect::Done
    }

    /// An event came from the guest (`xenvif_interrupt`): it may have requests, or have posted buffers. Tells whether there
    /// was anything to do.
    pub fn interrupt(&mut self, k: &mut Kernel, vif: VifId) -> bool {
        k.log.about(vif);
        let Some(entry) = self.vif(vif) else { return false };
        let mut work = entry.health == Health::Sound && entry.link.transmit.unconsumed(k) > 0;
        self.schedule_vif(k, vif);
        if let Some(entry) = self.vif_mut(vif) {
            work |= entry.wake_if_schedulable(k);
            entry.link.counters.interrupts += 1;
            entry.link.counters.spurious += u64::from(!work);
        }
        work
    }

    /// Does one pass of the thread in one of its directions; true if it has to run again.
    pub fn run(&mut self, k: &mut Kernel, task: Task) -> bool {
        match task {
            Task::NetTx => self.tx_action(k),
            Task::NetRx => parts::RECEPTION && self.rx_action(k),
            Task::BackPoll(_) | Task::BackRx(_) | Task::BackDealloc(_) | Task::FrontPoll(_) => false,
        }
    }

    /// A timer fell due.
    pub fn timer(&mut self, k: &mut Kernel, timer: Timer) {
        match timer {
            Timer::Credit(vif) => self.tx_credit_callback(k, vif),
            Timer::RxQueue(_)
            | Timer::Pending
            | Timer::Squeeze
            | Timer::Refill(_)
            | Timer::Eoi(..)
            | Timer::Deferred(_) => {}
        }
    }

    /// Takes a packet for the guest (`xenvif_start_xmit`), or drops it for want of buffers.
    pub fn start_xmit(&mut self, k: &mut Kernel, vif: VifId, skb: SkbId) -> Xmit {
        self.queue_for_guest(k, vif, skb)
    }

    /// Whether the queue in front of the interface runs in dom0.
    #[must_use]
    pub fn can_queue(&self, vif: VifId) -> bool {
        self.vif(vif).is_none_or(|vif| !vif.stopped)
    }

    /// No packet points into a guest's pages here: the data only go back.
    pub fn page_release(&mut self, k: &mut Kernel, data: SharedId) {
        k.skbs.recycle(data);
    }

    /// No packet points into a guest's pages here, so there is nothing to copy.
    pub fn orphan(&mut self, _: &mut Kernel, _: SkbId) {}

    /// Slots that are held: none, between two passes.
    #[must_use]
    pub fn held(&self) -> u32 {
        0
    }

    /// Packets for all guests that wait for the thread.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        self.receive_queue.len() as u32
    }

    /// What was counted on an interface.
    #[must_use]
    pub fn counters(&self, vif: VifId) -> Counters {
        self.vif(vif).map_or(Counters::default(), |vif| vif.link.counters)
    }

    /// Whether the frontend was found malicious.
    #[must_use]
    pub fn is_disabled(&self, vif: VifId) -> bool {
        self.vif(vif).is_some_and(|vif| vif.health == Health::Down)
    }

    /// dom0's ends of the channels for the transmit ring and the receive ring, which are the same: this driver offers no
    /// others.
    #[must_use]
    pub fn ports(&self, vif: VifId) -> Option<(Port, Port)> {
        self.vif(vif).map(|vif| (vif.link.transmit.port(), vif.link.receive.port()))
    }

    /// How far the transmit ring's requests are consumed and answered.
    #[must_use]
    pub fn transmit_indexes(&self, vif: VifId) -> Option<(Index, Index)> {
        self.vif(vif).map(|vif| (vif.link.transmit.req_cons(), vif.link.transmit.rsp_prod()))
    }

    fn vif(&self, vif: VifId) -> Option<&Vif> {
        self.vifs.get(usize::from(vif.0))?.as_deref()
    }

    fn vif_mut(&mut self, vif: VifId) -> Option<&mut Vif> {
        self.vifs.get_mut(usize::from(vif.0))?.as_deref_mut()
    }

    /// Puts an interface at the schedule's end (`xen_netbk_schedule_xenvif`). The thread would wait while half of its slots
    /// are held, but between two passes none are.
    fn schedule_vif(&mut self, k: &mut Kernel, vif: VifId) {
        if let Some(entry) = self.vif_mut(vif)
            && !entry.scheduled
            && entry.health == Health::Sound
        {
            entry.scheduled = true;
            self.schedule.push_back(vif);
        }
        if !self.schedule.is_empty() {
            k.ask(Ask::Run(Task::NetTx));
        }
    }

    fn deschedule(&mut self, vif: VifId) {
        if let Some(entry) = self.vif_mut(vif)
            && entry.scheduled
        {
            entry.scheduled = false;
            self.schedule.retain(|&other| other != vif);
        }
    }
}
