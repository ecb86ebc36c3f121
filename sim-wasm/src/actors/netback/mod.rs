//! The classic netback, dom0's driver for guests' network interfaces (`drivers/xen/netback/netback.c` of
//! linux-2.6.18-xen), and what all generations of the driver are told and tell.
//!
//! ```text
//!   a guest's transmit ring ── collect, map, submit ──> dom0's stack        [transmit], [submission]
//!        ^                                                 │
//!        └── answers <── unmap <── dealloc ring <── pages freed             [release], [answers]
//!
//!   dom0's stack ── start_xmit ──> one queue for all ── copy or flip ──> a guest's buffers     [receive], [delivery]
//! ```
//!
//! There is one driver for all interfaces: one pool of 256 slots, one list of interfaces with work, one tasklet for each
//! direction, and one queue of packets for guests. Whatever one guest's packets wait for in dom0, the others' slots wait for
//! too. A packet's pages are the guest's own, mapped, and its slots go back when the last reference to it is gone.
//!
//! "Transmit" is from a guest to the outside throughout, and "receive" is to a guest, as on the rings.
//!
//! Not modelled: groups and kernel threads of later forks, `netloop`, the debugging interrupt, statistics in sysfs, and
//! multicast filters.

pub mod settings;

pub mod outcome;

mod jiffies;

mod credit;

mod pool;

mod watch;

mod vif;

mod connection;

mod gathering;

mod double_fetch;

mod transmit;

mod submission;

mod answers;

mod release;

mod copying;

mod receive;

mod heads;

mod delivery;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::actors::handshake::BackFeatures;
use crate::actors::kernel::{Kernel, Task, Timer};
use crate::actors::log::Event;
use crate::actors::netback::answers::Answer;
use crate::actors::netback::delivery::Deliveries;
use crate::actors::netback::gathering::Gathered;
use crate::actors::netback::heads::Heads;
use crate::actors::netback::jiffies::Clock;
use crate::actors::netback::outcome::Counters;
use crate::actors::netback::pool::{Place, Pool};
use crate::actors::netback::settings::{BackSettings, CopySkb};
use crate::actors::netback::transmit::Batch;
use crate::actors::netback::vif::Vif;
use crate::actors::netback::watch::WatchList;
use crate::actors::parts;
use crate::actors::skb::SkbId;
use crate::hypervisor::grant_calls::UnmapOp;
use crate::words::ids::{Port, VifId};
use crate::words::time::Time;

pub use crate::actors::netback::double_fetch::Race;
pub use crate::actors::netback::pool::MAX_PENDING_REQS;

/// The driver: one for all guests.
#[derive(Clone, Debug)]
pub struct Netback {
    settings: BackSettings,
    clock: Clock,
    /// By number.
    vifs: Vec<Option<Vif>>,
    pool: Pool,
    /// Pages that packets have, for delayed copies.
    watched: WatchList,
    /// What the timer for the oldest of them is set for (`netbk_tx_pending_timer`).
    pending_due: Option<Time>,
    /// Interfaces with work, the next one first (`net_schedule_list`).
    schedule: VecDeque<VifId>,
    /// Passes of the transmit tasklet.
    pass: u64,
    /// Whether the last one ended at an interface without credit, and nobody who had a turn before it is to have another.
    broke_off: bool,
    race: Option<Race>,
    /// Packets for guests, the next one first (`rx_queue`).
    rx_queue: VecDeque<(VifId, SkbId)>,
    /// Until when reception pauses for want of pages (`net_timer`).
    squeezed_until: Option<Time>,
    heads: Heads,
    // What follows is memory that a call works in; it means nothing between calls.
    batch: Batch,
    gathered: Gathered,
    deliveries: Deliveries,
    answers: Vec<Answer>,
    unmaps: Vec<UnmapOp>,
    done: Vec<Place>,
    turned_away: Vec<VifId>,
    bytes: Vec<u8>,
}

impl Netback {
    /// The driver without interfaces, in the kernel that is lent.
    #[must_use]
    pub fn new(k: &mut Kernel, settings: BackSettings) -> Netback {
        Netback {
            settings,
            clock: Clock::new(settings.hz),
            vifs: Vec::new(),
            pool: Pool::new(k.xen, k.skbs.domain()),
            watched: WatchList::new(),
            pending_due: None,
            schedule: VecDeque::new(),
            pass: 0,
            broke_off: false,
            race: None,
            rx_queue: VecDeque::new(),
            squeezed_until: None,
            heads: Heads::default(),
            deliveries: Deliveries::default(),
            batch: Batch::default(),
            gathered: Gathered::new(),
            answers: Vec::new(),
            unmaps: Vec::new(),
            done: Vec::new(),
            turned_away: Vec::new(),
            bytes: Vec::new(),
        }
    }

    /// What the driver tells a frontend that it can do. A driver that copies every packet takes only those of one slot.
    #[must_use]
    pub fn features(&self) -> BackFeatures {
        let offload = self.settings.offload && self.settings.copy_skb != CopySkb::Always;
        BackFeatures {
            sg: offload,
            gso: offload,
            rx_copy: true,
            rx_flip: self.settings.rx_flip,
            split_event_channels: false,
        }
    }

    /// Runs a tasklet; true if it is to run again at once. Tasks that are not this driver's do nothing.
    pub fn run(&mut self, k: &mut Kernel, task: Task) -> bool {
        match task {
            Task::NetTx => self.net_tx_action(k),
            Task::NetRx => parts::RECEPTION && self.net_rx_action(k),
            Task::BackPoll(_) | Task::BackRx(_) | Task::BackDealloc(_) | Task::FrontPoll(_) => false,
        }
    }

    /// A timer ran. Timers that are not this driver's do nothing.
    pub fn timer(&mut self, k: &mut Kernel, timer: Timer) {
        match timer {
            Timer::Credit(vif) => self.credit_callback(k, vif),
            Timer::Pending => self.pending_timeout(k),
            Timer::RxQueue(vif) => self.queue_callback(k, vif),
            Timer::Squeeze => self.squeeze_alarm(k),
            Timer::Refill(_) | Timer::Eoi(..) | Timer::Deferred(_) => {}
        }
    }

    /// Slots that are held or wait to be answered (`NR_PENDING_REQS`), of all interfaces together; at most 256.
    #[must_use]
    pub fn held(&self) -> u32 {
        self.pool.in_use()
    }

    /// Of these, slots that nobody needs any more and that the next pass answers.
    #[must_use]
    pub fn released(&self) -> u32 {
        self.pool.released()
    }

    /// Packets that wait for delivery to guests, of all interfaces together.
    #[must_use]
    pub fn waiting(&self) -> u32 {
        self.rx_queue.len() as u32
    }

    /// Interfaces that wait for their turn, the next one first.
    pub fn schedule(&self) -> impl Iterator<Item = VifId> {
        self.schedule.iter().copied()
    }

    /// Bytes that an interface may still send in its window; nothing if it has no limit or is not connected.
    #[must_use]
    pub fn credit(&self, vif: VifId) -> Option<u64> {
        self.vif(vif).filter(|vif| vif.credit.is_limited()).map(|vif| vif.credit.remaining())
    }

    /// dom0's end of an interface's channel, while it is connected.
    #[must_use]
    pub fn port(&self, vif: VifId) -> Option<Port> {
        self.vif(vif).map(|vif| vif.port)
    }

    /// The reasons why an interface cannot go: slots that are held, and packets that wait for delivery.
    #[must_use]
    pub fn references(&self, vif: VifId) -> u32 {
        self.vif(vif).map_or(0, |vif| vif.references)
    }

    /// What happened on an interface since it was connected; nothing once it is gone.
    #[must_use]
    pub fn counters(&self, vif: VifId) -> Counters {
        self.vif(vif).map_or(Counters::default(), |vif| vif.counters)
    }

    fn vif(&self, vif: VifId) -> Option<&Vif> {
        self.vifs.get(usize::from(vif.0))?.as_ref()
    }

    fn vif_mut(&mut self, vif: VifId) -> Option<&mut Vif> {
        self.vifs.get_mut(usize::from(vif.0))?.as_mut()
    }
}

/// Tells what one hypercall did, interface by interface: it is one step, which the first event begins.
fn tell_of_call(k: &mut Kernel, told: &mut bool, event: Event) {
    if core::mem::replace(told, true) {
        k.also(event);
    } else {
        k.step(event);
    }
}
