//! A step of a packet's life as a hop: from lane to lane, with a word for what it does.
//!
//! Not modelled: what the figure's own entry lists.

use crate::actors::epoch::Epoch;
use crate::actors::log::backend::Backend;
use crate::actors::log::stack::Stack;
use crate::actors::log::{Entry, Event};
use crate::telling::drawing::Tone;

/// Where a step takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    Netfront,
    Ring,
    Grants,
    Netback,
    Bridge,
    Card,
}

pub(crate) const LANES: [Lane; 6] = [Lane::Netfront, Lane::Ring, Lane::Grants, Lane::Netback, Lane::Bridge, Lane::Card];

impl Lane {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Netfront => "guest: netfront",
            Self::Ring => "shared ring",
            Self::Grants => "Xen: grant table",
            Self::Netback => "dom0: netback",
            Self::Bridge => "dom0: bridge",
            Self::Card => "network card",
        }
    }

    /// What words of the page can name.
    pub(crate) const fn entity(self) -> &'static str {
        match self {
            Self::Netfront => "netfront",
            Self::Ring => "ring",
            Self::Grants => "grant-table",
            Self::Netback => "netback",
            Self::Bridge => "bridge",
            Self::Card => "card",
        }
    }

    pub(crate) const fn tone(self) -> Tone {
        match self {
            Self::Netfront => Tone::Domu,
            Self::Ring | Self::Grants => Tone::Xen,
            Self::Netback | Self::Bridge => Tone::Dom0,
            Self::Card => Tone::Hardware,
        }
    }
}

/// The lane of a step's first event, and a short word for what it does. Where Xen has copied the bytes already, netback
/// only builds a packet of them.
const fn place(event: &Event, back: Epoch) -> (Lane, &'static str) {
    match event {
        Event::PacketOffered { .. } => (Lane::Netfront, "send"),
        Event::GrantsGiven { .. } => (Lane::Grants, "grant"),
        Event::RequestWritten { .. } => (Lane::Ring, "put"),
        Event::RequestsPublished { .. } => (Lane::Ring, "publish"),
        Event::RequestsTaken { .. } | Event::RequestsAwaited { .. } => (Lane::Netback, "take"),
        Event::GrantsMapped { .. } => (Lane::Grants, "map"),
        Event::Backend(Backend::GrantsCopied { .. }) => (Lane::Grants, "copy"),
        Event::HeaderCopied { .. } => match back {
            Epoch::Classic => (Lane::Netback, "copy"),
            Epoch::GrantCopy | Epoch::ZeroCopy => (Lane::Netback, "build"),
        },
        Event::SlotReleased { .. } | Event::Backend(Backend::PagesOrphaned { .. }) => (Lane::Netback, "copy"),
        Event::Backend(Backend::ExtrasTaken { .. }) => (Lane::Netback, "extra"),
        Event::PacketReceived { .. } => (Lane::Bridge, "receive"),
        Event::PacketForwarded => (Lane::Bridge, "forward"),
        Event::PacketQueued { .. } => (Lane::Bridge, "queue"),
        Event::EgressOverflowed { .. } | Event::PacketDropped { .. } => (Lane::Bridge, "drop"),
        Event::Stack(Stack::Tapped { .. }) => (Lane::Bridge, "clone"),
        Event::Stack(Stack::TapFreed { .. }) => (Lane::Bridge, "read"),
        Event::DescriptorsPosted { .. } => (Lane::Card, "post"),
        Event::PacketSent { .. } => (Lane::Card, "sent"),
        Event::TransmitDone => (Lane::Card, "interrupt"),
        Event::PagesFreed { .. } => (Lane::Netback, "free"),
        Event::GrantsUnmapped { .. } => (Lane::Grants, "unmap"),
        Event::ResponsesWritten { .. } => (Lane::Ring, "answer"),
        Event::ResponsesPublished { .. } => (Lane::Ring, "publish"),
        Event::EventSent { .. } => (Lane::Ring, "event"),
        Event::GrantsEnded { .. } => (Lane::Grants, "end"),
        Event::ResponsesReaped { .. } => (Lane::Netfront, "reap"),
        Event::PacketFreed { .. } => (Lane::Netfront, "done"),
        Event::RingFull { .. }
        | Event::ProducerForged { .. }
        | Event::ResponsesAwaited { .. }
        | Event::QueueStopped { .. }
        | Event::QueueOverflowed { .. }
        | Event::PacketUnsent { .. }
        | Event::QueueWoken { .. } => (Lane::Netfront, "wait"),
        Event::OverflowCaught { .. } => (Lane::Netback, "refuse"),
        Event::Backend(_)
        | Event::Receive(_)
        | Event::Stack(_)
        | Event::Bus(_)
        | Event::Trouble(_)
        | Event::Summary(_)
        | Event::Pages(_)
        | Event::Hvm(_)
        | Event::Hotplug(_)
        | Event::Dma(_)
        | Event::Vtd(_)
        | Event::Migration(_)
        | Event::Pciif(_)
        | Event::Wakeups(_)
        | Event::Ways(_)
        | Event::Interleaving(_) => (Lane::Netback, ""),
    }
}

/// One step of the life.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hop {
    /// Where.
    pub(crate) lane: Lane,
    /// What, in a word.
    pub(crate) word: &'static str,
    /// Whether an event channel rings.
    pub(crate) rings: bool,
    /// Whether something is refused or dropped.
    pub(crate) fails: bool,
}

impl Hop {
    /// The hop of one step, told by its first event.
    pub(crate) fn of(entries: &[Entry], back: Epoch) -> Self {
        let (lane, word) = entries.first().map_or((Lane::Netfront, ""), |entry| place(&entry.event, back));
        let any = |test: fn(&Event) -> bool| entries.iter().any(|entry| test(&entry.event));
        Hop { lane, word, rings: any(|event| matches!(event, Event::EventSent { .. })), fails: any(Event::fails) }
    }
}
