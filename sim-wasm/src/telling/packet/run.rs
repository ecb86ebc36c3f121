//! A run of the figure: one packet through a whole machine. Its steps are the machine's own events, and what is counted at a
//! step follows from the events up to it.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;

use crate::actors::bridge::BridgePort;
use crate::actors::epoch::{Drivers, Epoch, FrontEpoch};
use crate::actors::log::backend::Backend;
use crate::actors::log::stack::Stack;
use crate::actors::log::{Event, Log};
use crate::actors::netback::settings::BackSettings;
use crate::actors::netfilter::Filter;
use crate::actors::nic::{CardSettings, Moderation};
use crate::actors::stack::TapSettings;
use crate::machine::network::Network;
use crate::machine::network::settings::{Dom0, Guest, PacketLayout, Settings, Workload};
use crate::telling::drawing::Drawing;
use crate::telling::packet::held::{MAPPING, SKB, SLOT, held};
use crate::telling::packet::picture;
use crate::telling::story::{Answer, Layout, Run, Setup};
use crate::words::ids::VifId;

const BYTES: usize = 0;
const NETBACK: usize = 1;
const DELAY: usize = 2;
const DOM0: usize = 3;

/// The card's rate in Mb/s.
const MEGABITS: u32 = 1000;
/// A longer packet than this is sent to be segmented: what an Ethernet of large frames takes.
const LARGEST_FRAME: u32 = 9014;
/// Bytes of payload in a segment: what is left of 1500 after headers of IP and of TCP with timestamps.
const SEGMENT: u16 = 1448;
/// Bytes of headers in front of the segments' payload, which lie in a page of their own.
const SEGMENT_HEAD: u16 = 66;
/// How long tcpdump takes to read a packet, in nanoseconds: an assumption.
const TCPDUMP: u64 = 100_000;

/// One packet's whole life.
pub(crate) struct PacketRun {
    log: Log,
    drivers: Drivers,
    dropped: bool,
}

impl PacketRun {
    pub(crate) fn new(setup: &Setup) -> Self {
        let drivers = match setup.knobs[NETBACK] {
            0 => Drivers { front: FrontEpoch::Classic, back: Epoch::Classic },
            1 => Drivers { front: FrontEpoch::Modern, back: Epoch::GrantCopy },
            _ => Drivers { front: FrontEpoch::Modern, back: Epoch::ZeroCopy },
        };
        let delay = u64::from(setup.knobs[DELAY]) * 1_000;
        let mut settings = Settings {
            epoch: drivers.back,
            guests: vec![Guest { front: drivers.front, sends: vec![sends(setup.knobs[BYTES])], ..Guest::default() }],
            dom0: Dom0 { back: BackSettings::of(drivers.back), ..Dom0::default() },
            card: CardSettings { transmit: Moderation::after(delay), ..CardSettings::e1000(MEGABITS) },
            ..Settings::default()
        };
        match setup.knobs[DOM0] {
            1 => settings.dom0.stack.filter = Filter::DROP,
            2 => settings.dom0.taps.push((BridgePort::Card, TapSettings { hold: TCPDUMP, limit: 1 })),
            _ => {}
        }
        let mut network = Network::new(&settings).expect("the knobs offer what makes a machine");
        network.run();
        Self { log: network.into_log(), drivers, dropped: setup.knobs[DOM0] == 1 }
    }
}

/// The one packet.
fn sends(bytes: u32) -> Workload {
    let whole = Workload::at_once(bytes, 1);
    if bytes > LARGEST_FRAME {
        let layout = PacketLayout::Pieces { head: SEGMENT_HEAD, piece: 4096 };
        Workload { layout, gso: SEGMENT, ..whole }
    } else {
        whole
    }
}

impl Run for PacketRun {
    fn log(&self) -> &Log {
        &self.log
    }

    fn draw(&self, step: u32, layout: Layout) -> Drawing {
        picture::draw(&self.log, self.drivers.back, step, layout)
    }

    fn can(&self, _step: u32, _letter: char) -> bool {
        false
    }

    fn value(&self, step: u32, quantity: usize) -> u64 {
        let tally = Tally::of(&self.log, self.drivers.back, step);
        let stay = |hold: usize| held(&self.log)[hold].nanos(&self.log, step);
        match quantity {
            0 => u64::from(tally.slots),
            1 => u64::from(tally.grants),
            2 => u64::from(tally.mapped),
            3 => u64::from(tally.copied),
            4 => u64::from(tally.borrowed),
            5 => u64::from(tally.packets),
            6 => stay(SLOT),
            7 => stay(MAPPING),
            8 => stay(SKB),
            9 => u64::from(tally.responses),
            10 => u64::from(tally.grant_calls),
            _ => u64::from(tally.bells),
        }
    }

    /// What let the last slot go: a copy of all that was in it, or the packet's end.
    fn answer(&self) -> Option<Answer> {
        let answered = |event: &Event| matches!(event, Event::ResponsesWritten { .. });
        let last = self.log.entries().iter().rposition(|entry| answered(&entry.event))?;
        let before = self.log.entries()[..last].iter().rev();
        let released = before.map(|entry| entry.event).find(releases)?;
        let tapped = self.log.entries().iter().any(|entry| matches!(entry.event, Event::Stack(Stack::Tapped { .. })));
        let (value, why) = match released {
            Event::PagesFreed { .. } if self.dropped => {
                (FREED, "A packet that is dropped is freed, and with it the guest's page.")
            }
            Event::PagesFreed { .. } if tapped => {
                (FREED, "The guest's page is freed with the last clone, and tcpdump lets go of its clone last.")
            }
            Event::PagesFreed { .. } => {
                (FREED, "The packet points to the guest's page until it is freed, after the card's interrupt.")
            }
            Event::Backend(_) => {
                (COPIED, "For tcpdump's clone netback copies what it had mapped, and needs the page no more.")
            }
            _ if self.drivers.back == Epoch::GrantCopy => {
                (COPIED, "This netback copies every byte, and answers before dom0's stack has seen the packet.")
            }
            _ => (COPIED, "Every byte was copied, so nothing in dom0 needs the guest's page any more."),
        };
        Some(Answer { value, why })
    }

    fn drivers(&self, _vif: VifId) -> Drivers {
        self.drivers
    }
}

/// The first choice of the figure's guess.
const COPIED: u32 = 0;
/// Its last choice.
const FREED: u32 = 3;

/// Whether netback has no further use for a slot because of it.
const fn releases(event: &Event) -> bool {
    matches!(
        event,
        Event::SlotReleased { .. } | Event::PagesFreed { .. } | Event::Backend(Backend::PagesOrphaned { .. })
    )
}

/// What the events up to a step come to.
#[derive(Default)]
struct Tally {
    slots: u32,
    grants: u32,
    mapped: u32,
    copied: u32,
    borrowed: u32,
    packets: u32,
    responses: u32,
    grant_calls: u32,
    bells: u32,
    bytes: u32,
}

impl Tally {
    fn of(log: &Log, back: Epoch, step: u32) -> Tally {
        let mut tally = Tally::default();
        for entry in log.until(step) {
            tally.add(&entry.event, back);
        }
        tally
    }

    fn add(&mut self, event: &Event, back: Epoch) {
        match *event {
            Event::PacketOffered { bytes, .. } => self.bytes = bytes,
            Event::RequestWritten { count, .. } => self.slots += count,
            Event::ResponsesReaped { count, .. } => self.slots -= count,
            Event::ResponsesWritten { count, .. } => self.responses += count,
            Event::GrantsGiven { count, .. } => self.grants += count,
            Event::GrantsEnded { count, .. } => self.grants -= count,
            Event::GrantsMapped { count, .. } => {
                self.mapped += count;
                self.grant_calls += 1;
            }
            Event::GrantsUnmapped { count, .. } => {
                self.mapped -= count;
                self.grant_calls += 1;
            }
            Event::Backend(Backend::GrantsCopied { bytes, .. }) => {
                self.copied += bytes;
                self.grant_calls += 1;
            }
            Event::Backend(Backend::PagesOrphaned { bytes, .. }) => {
                self.copied += bytes;
                self.borrowed = 0;
            }
            Event::HeaderCopied { bytes, pages_kept } => {
                self.packets += 1;
                match back {
                    Epoch::Classic => self.copied += bytes,
                    // Xen has copied them already.
                    Epoch::GrantCopy | Epoch::ZeroCopy => {}
                }
                let mapped = back != Epoch::GrantCopy && pages_kept > 0;
                self.borrowed = if mapped { self.bytes - bytes } else { 0 };
            }
            Event::PagesFreed { .. } => self.borrowed = 0,
            Event::Stack(Stack::Tapped { .. }) => self.packets += 1,
            Event::TransmitDone | Event::PacketDropped { .. } | Event::Stack(Stack::TapFreed { .. }) => {
                self.packets -= 1;
            }
            Event::EventSent { .. } => self.bells += 1,
            _ => {}
        }
    }
}
