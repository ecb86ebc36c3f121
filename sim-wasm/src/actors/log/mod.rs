//! What happened in a run: every state change is an [`Event`], and an [`Entry`] says when.
//!
//! The log is the one source of everything told about a run: narration, text version, the scrubber's marks, claims. Events
//! that belong together form a step: a step changes one thing that a reader has to understand.
//!
//! The ring's events and those of a packet on its way out stand in [`Event`] itself; the rest of the path has families of
//! its own, which `Event` wraps.
//!
//! Not modelled: what is not a change of state: loads, comparisons, time passing.

pub mod backend;

pub mod receive;

pub mod stack;

pub mod bus;

pub mod trouble;

pub mod summary;

pub mod wakeups;

pub mod interleaving;

pub mod pages;

pub mod hvm;

pub mod dma;

pub mod hotplug;

pub mod vtd;

pub mod migration;

pub mod pciif;

pub mod ways;

use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use crate::actors::log::backend::Backend;
use crate::actors::log::bus::Bus;
use crate::actors::log::dma::Dma;
use crate::actors::log::hotplug::Hotplug;
use crate::actors::log::hvm::Hvm;
use crate::actors::log::interleaving::Interleaving;
use crate::actors::log::migration::Migration;
use crate::actors::log::pages::Pages;
use crate::actors::log::pciif::Pciif;
use crate::actors::log::receive::Receive;
use crate::actors::log::stack::Stack;
use crate::actors::log::summary::Summary;
use crate::actors::log::trouble::Trouble;
use crate::actors::log::vtd::Vtd;
use crate::actors::log::wakeups::Wakeups;
use crate::actors::log::ways::Ways;
use crate::words::hash::Fnv1a;
use crate::words::ids::{GrantRef, Mfn, Port, VifId};
use crate::words::time::Time;

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The guest.
    Guest,
    /// The driver domain.
    Dom0,
    /// The hypervisor.
    Xen,
    /// A device.
    Hardware,
}

/// Why netfront did not send a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unsent {
    /// There is no backend, or netfront has given it up.
    NoCarrier,
    /// It has more pieces than a packet may have.
    TooManyPieces,
    /// It is longer than a request can say.
    TooLong,
    /// The backend takes no packets of several pieces, or none to be segmented.
    NotTaken,
    /// It was to be copied, and the guest has no memory.
    NoMemory,
}

/// One change of state. Indexes are free-running ring indexes; counts are of ring slots unless the name says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the line above each variant names its numbers")]
pub enum Event {
    /// The front half wrote a request that nobody can see yet.
    RequestWritten { index: u32, id: u16, count: u32 },
    /// The front half moved the shared producer; `notify` says whether the event index lay in the stretch.
    RequestsPublished { old: u32, new: u32, event: u32, notify: bool },
    /// The front half had no free slot.
    RingFull { outstanding: u32 },
    /// The front half claimed requests that it never wrote.
    ProducerForged { to: u32 },
    /// The back half copied requests out of the ring.
    RequestsTaken { index: u32, id: u16, count: u32 },
    /// The back half saw a producer further ahead than the ring is long.
    OverflowCaught { distance: u32 },
    /// The back half found nothing and asked for an event.
    RequestsAwaited { event: u32 },
    /// The back half wrote responses that nobody can see yet.
    ResponsesWritten { index: u32, id: u16, count: u32 },
    /// The back half moved the shared producer.
    ResponsesPublished { old: u32, new: u32, event: u32, notify: bool },
    /// The front half read responses.
    ResponsesReaped { index: u32, id: u16, count: u32 },
    /// The front half found nothing and asked for an event.
    ResponsesAwaited { event: u32 },
    /// The guest's queue stopped.
    QueueStopped { outstanding: u32 },
    /// The guest's queue runs again.
    QueueWoken { outstanding: u32 },
    /// The guest's own queue was full, and the packet was lost in the guest.
    QueueOverflowed { bytes: u32 },
    /// The guest's stack handed a packet to netfront.
    PacketOffered { bytes: u32, slots: u32 },
    /// The guest let dom0 read pages; `flags` are those of the first grant entry from now on.
    GrantsGiven { first: GrantRef, frame: Mfn, count: u32, flags: u16 },
    /// An event channel became pending.
    EventSent { port: Port, from_guest: bool },
    /// Netback mapped the pages.
    GrantsMapped { first: GrantRef, frame: Mfn, count: u32, flags: u16 },
    /// Netback copied the start of the packet into memory of its own.
    HeaderCopied { bytes: u32, pages_kept: u32 },
    /// Netback has no further use for a slot: its page was copied whole.
    SlotReleased { id: u16 },
    /// Netback handed the packet to the network stack.
    PacketReceived { bytes: u32 },
    /// The bridge chose a way out.
    PacketForwarded,
    /// The card's ring was full, and the packet waits in dom0.
    PacketQueued { waiting: u32 },
    /// dom0's queue in front of the card was full, and the packet was lost there.
    EgressOverflowed { bytes: u32 },
    /// A packet filter in dom0 dropped the packet.
    PacketDropped { bytes: u32 },
    /// The driver put the packet into the card's ring.
    DescriptorsPosted { count: u32 },
    /// The card fetched the bytes and sent them.
    PacketSent { bytes: u32, nanos: u64 },
    /// The card told its driver that it is done.
    TransmitDone,
    /// The last reference to the packet's pages went, and their destructor ran.
    PagesFreed { count: u32 },
    /// Netback unmapped the pages.
    GrantsUnmapped { first: GrantRef, count: u32, flags: u16 },
    /// The guest withdrew its grants.
    GrantsEnded { first: GrantRef, count: u32, flags: u16 },
    /// The guest freed the packet.
    PacketFreed { bytes: u32 },
    /// What else a transmitting backend does.
    Backend(Backend),
    /// Packets on their way to a guest.
    Receive(Receive),
    /// dom0's network stack and the card.
    Stack(Stack),
    /// Devices that come and go.
    Bus(Bus),
    /// Rules broken, and what came of it.
    Trouble(Trouble),
    /// What a stretch of time came to.
    Summary(Summary),
    /// Who is woken how often, summed.
    Wakeups(Wakeups),
    /// A ring's stores and loads, one by one.
    Interleaving(Interleaving),
    /// One granted page, and the frame behind it.
    Pages(Pages),
    /// Netfront freed a packet instead of sending it.
    PacketUnsent { bytes: u32, pieces: u32, why: Unsent },
    /// An HVM guest, its device model and the devices that it sees.
    Hvm(Hvm),
    /// The toolstack, the device model and the guest over a device that comes or goes.
    Hotplug(Hotplug),
    /// A card's request on its way to memory.
    Dma(Dma),
    /// Devices' accesses at a remapping unit, and Xen's steps about both.
    Vtd(Vtd),
    /// A guest on its way to another host.
    Migration(Migration),
    /// Devices passed through to PV guests.
    Pciif(Pciif),
    /// A packet's way to a card.
    Ways(Ways),
}

impl Event {
    /// Who did it.
    #[must_use]
    pub const fn who(&self) -> Who {
        match self {
            Self::RequestWritten { .. }
            | Self::RequestsPublished { .. }
            | Self::RingFull { .. }
            | Self::ProducerForged { .. }
            | Self::ResponsesReaped { .. }
            | Self::ResponsesAwaited { .. }
            | Self::QueueStopped { .. }
            | Self::QueueWoken { .. }
            | Self::QueueOverflowed { .. }
            | Self::PacketUnsent { .. }
            | Self::PacketOffered { .. }
            | Self::GrantsGiven { .. }
            | Self::GrantsEnded { .. }
            | Self::PacketFreed { .. } => Who::Guest,
            Self::RequestsTaken { .. }
            | Self::OverflowCaught { .. }
            | Self::RequestsAwaited { .. }
            | Self::ResponsesWritten { .. }
            | Self::ResponsesPublished { .. }
            | Self::HeaderCopied { .. }
            | Self::SlotReleased { .. }
            | Self::PacketReceived { .. }
            | Self::PacketForwarded
            | Self::PacketQueued { .. }
            | Self::EgressOverflowed { .. }
            | Self::PacketDropped { .. }
            | Self::DescriptorsPosted { .. }
            | Self::PagesFreed { .. } => Who::Dom0,
            Self::EventSent { .. } | Self::GrantsMapped { .. } | Self::GrantsUnmapped { .. } => Who::Xen,
            Self::PacketSent { .. } | Self::TransmitDone => Who::Hardware,
            Self::Backend(event) => event.who(),
            Self::Receive(event) => event.who(),
            Self::Stack(event) => event.who(),
            Self::Bus(event) => event.who(),
            Self::Trouble(event) => event.who(),
            Self::Summary(event) => event.who(),
            Self::Wakeups(event) => event.who(),
            Self::Interleaving(event) => event.who(),
            Self::Pages(event) => event.who(),
            Self::Hvm(event) => event.who(),
            Self::Hotplug(event) => event.who(),
            Self::Dma(event) => event.who(),
            Self::Vtd(event) => event.who(),
            Self::Migration(event) => event.who(),
            Self::Pciif(event) => event.who(),
            Self::Ways(event) => event.who(),
        }
    }

    /// Whether an event channel rang.
    #[must_use]
    pub const fn rings(&self) -> bool {
        match self {
            Self::EventSent { .. }
            | Self::RequestsPublished { notify: true, .. }
            | Self::ResponsesPublished { notify: true, .. } => true,
            Self::Wakeups(event) => event.rings(),
            Self::Hvm(event) => event.rings(),
            Self::Interleaving(event) => event.rings(),
            Self::Pciif(event) => event.rings(),
            _ => false,
        }
    }

    /// Whether the run goes on otherwise from here: a queue, a card or an interface stops, or goes on.
    #[must_use]
    pub const fn turns(&self) -> bool {
        matches!(
            self,
            Self::QueueStopped { .. }
                | Self::QueueWoken { .. }
                | Self::Stack(
                    Stack::CardStalled | Stack::CardResumed | Stack::TapOpened { .. } | Stack::TapClosed { .. }
                )
                | Self::Backend(
                    Backend::PoolGateShut { .. }
                        | Backend::CreditExhausted { .. }
                        | Backend::CreditGranted { .. }
                        | Backend::FrontendDisabled { .. }
                )
                | Self::Receive(
                    Receive::QueueWaits { .. }
                        | Receive::QueueDrains
                        | Receive::QueueRuns
                        | Receive::MemorySqueeze { .. }
                        | Receive::CarrierLost
                        | Receive::CarrierBack
                )
        )
    }

    /// Whether something was refused, dropped or attacked.
    #[must_use]
    pub const fn fails(&self) -> bool {
        match self {
            Self::RingFull { .. }
            | Self::ProducerForged { .. }
            | Self::OverflowCaught { .. }
            | Self::PacketDropped { .. }
            | Self::EgressOverflowed { .. }
            | Self::QueueOverflowed { .. }
            | Self::PacketUnsent { .. } => true,
            Self::Backend(event) => event.fails(),
            Self::Receive(event) => event.fails(),
            Self::Stack(event) => event.fails(),
            Self::Bus(event) => event.fails(),
            Self::Trouble(_) => true,
            Self::Summary(event) => event.fails(),
            Self::Wakeups(event) => event.fails(),
            Self::Interleaving(event) => event.fails(),
            Self::Pages(event) => event.fails(),
            Self::Hvm(event) => event.fails(),
            Self::Hotplug(event) => event.fails(),
            Self::Dma(event) => event.fails(),
            Self::Vtd(event) => event.fails(),
            Self::Migration(event) => event.fails(),
            Self::Pciif(event) => event.fails(),
            _ => false,
        }
    }
}

/// An event, and when it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Since the start of the run.
    pub time: Time,
    /// The step that it belongs to, from 1.
    pub step: u32,
    /// The interface that it is about; the first one where it is about none.
    pub vif: VifId,
    /// What happened.
    pub event: Event,
}

/// Everything that happened so far.
#[derive(Clone, Debug, Default)]
pub struct Log {
    entries: Vec<Entry>,
    steps: u32,
    vif: VifId,
    keeps: Keeps,
}

/// What is written down: a run that only counts is several times faster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Keeps {
    #[default]
    All,
    TurningPoints,
    Nothing,
}

impl Log {
    /// A log without entries.
    #[must_use]
    pub const fn new() -> Self {
        Self::that_keeps(Keeps::All)
    }

    /// A log of [turning points](Event::turns), for runs too long to be told event by event.
    #[must_use]
    pub const fn of_turning_points() -> Self {
        Self::that_keeps(Keeps::TurningPoints)
    }

    /// A log that stays empty.
    #[must_use]
    pub const fn off() -> Self {
        Self::that_keeps(Keeps::Nothing)
    }

    const fn that_keeps(keeps: Keeps) -> Self {
        Self { entries: Vec::new(), steps: 0, vif: VifId(0), keeps }
    }

    /// A log of what comes after this one: empty, and its steps are counted on.
    #[must_use]
    pub const fn successor(&self) -> Self {
        Self { entries: Vec::new(), steps: self.steps, vif: self.vif, keeps: self.keeps }
    }

    /// Whether events are not written down, save perhaps turning points: what only tells need not be worked out.
    #[must_use]
    pub const fn is_off(&self) -> bool {
        !matches!(self.keeps, Keeps::All)
    }

    const fn keeps(&self, event: &Event) -> bool {
        match self.keeps {
            Keeps::All => true,
            Keeps::TurningPoints => event.turns(),
            Keeps::Nothing => false,
        }
    }

    /// What follows is about this interface.
    pub const fn about(&mut self, vif: VifId) {
        self.vif = vif;
    }

    /// Begins a new step with this event.
    #[inline]
    pub fn step(&mut self, time: Time, event: Event) {
        if self.keeps(&event) {
            self.steps += 1;
            self.entries.push(Entry { time, step: self.steps, vif: self.vif, event });
        }
    }

    /// Adds an event to the present step.
    #[inline]
    pub fn also(&mut self, time: Time, event: Event) {
        if self.keeps(&event) {
            self.entries.push(Entry { time, step: self.steps, vif: self.vif, event });
        }
    }

    /// The number of steps.
    #[must_use]
    pub const fn steps(&self) -> u32 {
        self.steps
    }

    /// All entries, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entries of one step, from 1; empty for step 0.
    #[must_use]
    pub fn of_step(&self, step: u32) -> &[Entry] {
        let start = self.entries.partition_point(|entry| entry.step < step);
        let end = self.entries.partition_point(|entry| entry.step <= step);
        &self.entries[start..end]
    }

    /// The entries up to the end of a step.
    #[must_use]
    pub fn until(&self, step: u32) -> &[Entry] {
        &self.entries[..self.entries.partition_point(|entry| entry.step <= step)]
    }

    /// A fingerprint of all entries: equal logs, equal hashes, on every machine.
    #[must_use]
    pub fn hash(&self) -> u64 {
        hash_of(&self.entries)
    }

    /// A fingerprint of the entries up to the end of a step.
    #[must_use]
    pub fn hash_until(&self, step: u32) -> u64 {
        hash_of(self.until(step))
    }
}

fn hash_of(entries: &[Entry]) -> u64 {
    let mut hash = Fnv1a::new();
    for entry in entries {
        hash.write_u64(entry.time.0);
        hash.write_u32(entry.step);
        entry.vif.hash(&mut hash);
        entry.event.hash(&mut hash);
    }
    Hasher::finish(&hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_by_their_step() {
        let mut log = Log::new();
        log.step(Time(1), Event::PacketForwarded);
        log.also(Time(1), Event::TransmitDone);
        log.step(Time(2), Event::PacketForwarded);
        assert_eq!((log.steps(), log.of_step(0).len(), log.of_step(1).len(), log.of_step(2).len()), (2, 0, 2, 1));
        assert_eq!((log.until(0).len(), log.until(1).len(), log.until(9).len()), (0, 2, 3));
    }

    #[test]
    fn a_log_of_turning_points_leaves_out_the_rest() {
        let mut log = Log::of_turning_points();
        log.step(Time(1), Event::QueueStopped { outstanding: 236 });
        log.step(Time(2), Event::PacketForwarded);
        log.also(Time(3), Event::QueueWoken { outstanding: 117 });
        assert_eq!((log.steps(), log.of_step(1).len(), log.is_off()), (1, 2, true));
        assert!(log.successor().keeps(&Event::QueueStopped { outstanding: 1 }));
    }

    #[test]
    fn a_hash_tells_logs_apart() {
        let log = |time, event| {
            let mut log = Log::new();
            log.step(Time(time), event);
            log.hash()
        };
        let same = log(1, Event::PagesFreed { count: 1 });
        assert_eq!(same, log(1, Event::PagesFreed { count: 1 }));
        assert_ne!(same, log(2, Event::PagesFreed { count: 1 }));
        assert_ne!(same, log(1, Event::PagesFreed { count: 2 }));
        assert_ne!(same, log(1, Event::RingFull { outstanding: 1 }));
    }
}
