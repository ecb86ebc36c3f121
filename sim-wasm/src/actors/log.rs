//! What happened in a run: every state change is an [`Event`], and an [`Entry`] says when.
//!
//! The log is the one source of everything told about a run: narration, text version, the scrubber's marks, claims. Events
//! that belong together form a step: a step changes one thing that a reader has to understand.

use crate::words::hash::Fnv1a;
use crate::words::ids::{GrantRef, Mfn, Port};
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

/// One change of state. Indexes are free-running ring indexes; counts are of ring slots unless the name says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
        }
    }

    /// A number for the kind, and the numbers that it carries: what a log's hash is made of.
    const fn fields(&self) -> (u8, [u64; 4]) {
        match *self {
            Self::RequestWritten { index, id, count } => (1, [index as u64, id as u64, count as u64, 0]),
            Self::RequestsPublished { old, new, event, notify } => {
                (2, [old as u64, new as u64, event as u64, notify as u64])
            }
            Self::RingFull { outstanding } => (3, [outstanding as u64, 0, 0, 0]),
            Self::ProducerForged { to } => (4, [to as u64, 0, 0, 0]),
            Self::RequestsTaken { index, id, count } => (5, [index as u64, id as u64, count as u64, 0]),
            Self::OverflowCaught { distance } => (6, [distance as u64, 0, 0, 0]),
            Self::RequestsAwaited { event } => (7, [event as u64, 0, 0, 0]),
            Self::ResponsesWritten { index, id, count } => (8, [index as u64, id as u64, count as u64, 0]),
            Self::ResponsesPublished { old, new, event, notify } => {
                (9, [old as u64, new as u64, event as u64, notify as u64])
            }
            Self::ResponsesReaped { index, id, count } => (10, [index as u64, id as u64, count as u64, 0]),
            Self::ResponsesAwaited { event } => (11, [event as u64, 0, 0, 0]),
            Self::QueueStopped { outstanding } => (12, [outstanding as u64, 0, 0, 0]),
            Self::QueueWoken { outstanding } => (13, [outstanding as u64, 0, 0, 0]),
            Self::PacketOffered { bytes, slots } => (14, [bytes as u64, slots as u64, 0, 0]),
            Self::GrantsGiven { first, frame, count, flags } => {
                (15, [first.0 as u64, frame.0 as u64, count as u64, flags as u64])
            }
            Self::EventSent { port, from_guest } => (16, [port.0 as u64, from_guest as u64, 0, 0]),
            Self::GrantsMapped { first, frame, count, flags } => {
                (17, [first.0 as u64, frame.0 as u64, count as u64, flags as u64])
            }
            Self::HeaderCopied { bytes, pages_kept } => (18, [bytes as u64, pages_kept as u64, 0, 0]),
            Self::SlotReleased { id } => (19, [id as u64, 0, 0, 0]),
            Self::PacketReceived { bytes } => (20, [bytes as u64, 0, 0, 0]),
            Self::PacketForwarded => (21, [0; 4]),
            Self::PacketDropped { bytes } => (22, [bytes as u64, 0, 0, 0]),
            Self::DescriptorsPosted { count } => (23, [count as u64, 0, 0, 0]),
            Self::PacketSent { bytes, nanos } => (24, [bytes as u64, nanos, 0, 0]),
            Self::TransmitDone => (25, [0; 4]),
            Self::PagesFreed { count } => (26, [count as u64, 0, 0, 0]),
            Self::GrantsUnmapped { first, count, flags } => (27, [first.0 as u64, count as u64, flags as u64, 0]),
            Self::GrantsEnded { first, count, flags } => (28, [first.0 as u64, count as u64, flags as u64, 0]),
            Self::PacketFreed { bytes } => (29, [bytes as u64, 0, 0, 0]),
            Self::QueueOverflowed { bytes } => (30, [bytes as u64, 0, 0, 0]),
            Self::PacketQueued { waiting } => (31, [waiting as u64, 0, 0, 0]),
            Self::EgressOverflowed { bytes } => (32, [bytes as u64, 0, 0, 0]),
        }
    }

    /// Whether an event channel rang.
    #[must_use]
    pub const fn rings(&self) -> bool {
        matches!(
            self,
            Self::EventSent { .. }
                | Self::RequestsPublished { notify: true, .. }
                | Self::ResponsesPublished { notify: true, .. }
        )
    }

    /// Whether something was refused, dropped or attacked.
    #[must_use]
    pub const fn fails(&self) -> bool {
        matches!(
            self,
            Self::RingFull { .. }
                | Self::ProducerForged { .. }
                | Self::OverflowCaught { .. }
                | Self::PacketDropped { .. }
                | Self::EgressOverflowed { .. }
                | Self::QueueOverflowed { .. }
        )
    }
}

/// An event, and when it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Since the start of the run.
    pub time: Time,
    /// The step that it belongs to, from 1.
    pub step: u32,
    /// What happened.
    pub event: Event,
}

/// Everything that happened so far.
#[derive(Clone, Debug, Default)]
pub struct Log {
    entries: Vec<Entry>,
    steps: u32,
}

impl Log {
    /// A log without entries.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: Vec::new(), steps: 0 }
    }

    /// Begins a new step with this event.
    pub fn step(&mut self, time: Time, event: Event) {
        self.steps += 1;
        self.also(time, event);
    }

    /// Adds an event to the present step.
    pub fn also(&mut self, time: Time, event: Event) {
        self.entries.push(Entry { time, step: self.steps, event });
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
        let mut hash = Fnv1a::new();
        for entry in &self.entries {
            let (kind, numbers) = entry.event.fields();
            hash.write(&[kind]);
            hash.write_u64(entry.time.0);
            hash.write_u32(entry.step);
            for number in numbers {
                hash.write_u64(number);
            }
        }
        hash.finish()
    }
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
