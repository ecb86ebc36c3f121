//! What several scenarios are made of: workloads by their rate, knobs for the drivers' generations, what is watched.
//!
//! Not modelled: values between the steps of a knob's range.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::epoch::{Epoch, FrontEpoch};
use crate::actors::netback::settings::{BackSettings, CopySkb};
use crate::actors::nic::{CardSettings, Moderation};
use crate::machine::metrics::Watch;
use crate::machine::metrics::counters::Count;
use crate::machine::metrics::level::Level;
use crate::machine::network::settings::{Destination, Dom0, Logging, Settings, Workload};
use crate::telling::scenario::Knob;
use crate::words::time::Time;

/// Packets that one workload of a scenario sends at most, so that no run is endless.
const MOST_PACKETS: u64 = 1_000_000;

/// The longest packet that is sent as it is; a longer one is segmented on its way.
const ETHERNET: u32 = 1514;

/// Payload of a segment of such a packet.
const SEGMENT: u16 = 1460;

pub(super) const EPOCH: Knob = Knob::choice("netback", "dom0's driver", &["maps", "copies", "maps and copies headers"]);

pub(super) const FRONT: Knob = Knob::choice("netfront", "the guests' driver", &["classic", "modern"]);

pub(super) const COPY_SKB: Knob = Knob::choice(
    "copy-skb",
    "what the classic netback does with packets that linger",
    &["copies late", "nothing", "copies all"],
);

/// The generation of netback that a knob names.
pub(super) const fn epoch(choice: u32) -> Epoch {
    match choice {
        0 => Epoch::Classic,
        1 => Epoch::GrantCopy,
        _ => Epoch::ZeroCopy,
    }
}

pub(super) const fn front(choice: u32) -> FrontEpoch {
    match choice {
        0 => FrontEpoch::Classic,
        _ => FrontEpoch::Modern,
    }
}

pub(super) const fn copy_skb(choice: u32) -> CopySkb {
    match choice {
        0 => CopySkb::Delayed,
        1 => CopySkb::Never,
        _ => CopySkb::Always,
    }
}

/// Packets of so many bytes that make so many megabits a second, for so many milliseconds.
pub(super) fn workload(to: Destination, bytes: u32, megabits: u32, millis: u32) -> Workload {
    let every = (u64::from(bytes) * 8_000 / u64::from(megabits.max(1))).max(1);
    let count = (u64::from(millis) * 1_000_000 / every).clamp(1, MOST_PACKETS);
    let gso = if bytes > ETHERNET { SEGMENT } else { 0 };
    Workload { to, gso, ..Workload::every(bytes, every, count) }
}

/// A card of so many megabits a second whose transmit interrupt waits for so many microseconds.
pub(super) fn card(megabits: u32, interrupt_delay: u32) -> CardSettings {
    CardSettings { transmit: Moderation::after(u64::from(interrupt_delay) * 1_000), ..CardSettings::e1000(megabits) }
}

/// dom0 with the driver of a generation.
pub(super) fn dom0(epoch: Epoch) -> Dom0 {
    Dom0 { back: BackSettings::of(epoch), ..Dom0::default() }
}

/// Settings without guests and log that end after so many milliseconds, and measure everything.
pub(super) fn settings(epoch: Epoch, millis: u32) -> Settings {
    Settings {
        epoch,
        guests: Vec::new(),
        dom0: dom0(epoch),
        until: Time::from_millis(u64::from(millis)),
        log: Logging::Off,
        watched: vec![
            Watch::Count(Count::Sent),
            Watch::Count(Count::LostInGuest),
            Watch::Level(Level::RingOutstanding),
            Watch::Level(Level::GuestQueue),
            Watch::Level(Level::CardQueue),
        ],
        ..Settings::default()
    }
}
