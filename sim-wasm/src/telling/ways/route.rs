//! The hops of one packet on each way, with what each takes, and the sums of a burst.
//!
//! A page need not run five machines for this: the hops are written down here, and tests run the machines and find the same
//! sums after each.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::{Add, Mul};

use crate::actors::costs::Way;
use crate::actors::log::ways::Hop;
use crate::machine::own_card::Signal;
use crate::telling::ways::weights::Weights;

/// Where a packet is: columns of the picture, from the guest to the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Lane {
    Guest,
    Xen,
    DeviceModel,
    Dom0,
    Iommu,
    Card,
}

/// How many packets go at once when there is more than one.
pub(crate) const BURST: u32 = 32;

/// What was counted, the first six in the order of the picture's columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) exits: u32,
    pub(crate) hypercalls: u32,
    pub(crate) switches: u32,
    pub(crate) events: u32,
    /// Taken by guest and dom0.
    pub(crate) interrupts: u32,
    pub(crate) copies: u32,
    /// Requests of the card that the IOMMU looked up.
    pub(crate) look_ups: u32,
}

impl Counts {
    const NONE: Counts =
        Counts { exits: 0, hypercalls: 0, switches: 0, events: 0, interrupts: 0, copies: 0, look_ups: 0 };

    /// The columns of the picture.
    pub(crate) const fn columns(&self) -> [u32; 6] {
        [self.exits, self.hypercalls, self.switches, self.events, self.interrupts, self.copies]
    }
}

impl Add for Counts {
    type Output = Counts;

    fn add(self, more: Counts) -> Counts {
        Counts {
            exits: self.exits + more.exits,
            hypercalls: self.hypercalls + more.hypercalls,
            switches: self.switches + more.switches,
            events: self.events + more.events,
            interrupts: self.interrupts + more.interrupts,
            copies: self.copies + more.copies,
            look_ups: self.look_ups + more.look_ups,
        }
    }
}

impl Mul<u32> for Counts {
    type Output = Counts;

    fn mul(self, times: u32) -> Counts {
        Counts {
            exits: self.exits * times,
            hypercalls: self.hypercalls * times,
            switches: self.switches * times,
            events: self.events * times,
            interrupts: self.interrupts * times,
            copies: self.copies * times,
            look_ups: self.look_ups * times,
        }
    }
}

/// One hop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leg {
    pub(crate) hop: Hop,
    pub(crate) from: Lane,
    pub(crate) to: Lane,
    pub(crate) counts: Counts,
}

impl Leg {
    /// Whether it has to do with somebody: it begins or ends there, or passes through Xen's hands.
    pub(crate) fn touches(&self, lane: Lane) -> bool {
        let through_xen = lane == Lane::Xen && matches!(self.hop, Hop::Asked | Hop::Answered);
        self.from == lane || self.to == lane || through_xen
    }
}

const fn leg(hop: Hop, from: Lane, to: Lane, counts: Counts) -> Leg {
    Leg { hop, from, to, counts }
}

/// What the knobs say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) sends: bool,
    /// Whether netback copies a packet that is sent as a whole: it is no longer than what it copies in any case.
    pub(crate) short: bool,
    pub(crate) burst: bool,
    pub(crate) signal: Signal,
    pub(crate) weights: Weights,
}

impl Load {
    /// What exits, hypercalls and switches weigh together, in cycles; `None` when nothing is weighed.
    pub(crate) fn weighs(&self, counts: &Counts) -> Option<u32> {
        let Weights { exit, hypercall, switch } = self.weights;
        let sum = counts.exits * exit + counts.hypercalls * hypercall + counts.switches * switch;
        self.weights.weigh().then_some(sum)
    }
}

/// What all packets of a load take.
pub(crate) fn sum(way: Way, load: &Load) -> Counts {
    let single = route(way, load).iter().fold(Counts::NONE, |sum, leg| sum + leg.counts);
    if !load.burst {
        return single;
    }
    match way {
        Way::PvOwn | Way::Emulated | Way::HvmOwn => single * BURST,
        Way::Split => ring_burst(load).0,
        Way::HvmSplit => {
            let (mut counts, rings, upcalls) = ring_burst(load);
            counts.exits = rings + if load.signal == Signal::Line { upcalls } else { 0 };
            counts
        }
    }
}

/// What a burst takes on a ring, whose bells are for several at once; and of that the guest's bells and its upcalls.
fn ring_burst(load: &Load) -> (Counts, u32, u32) {
    let counted = |hypercalls, switches, events, interrupts, copies| Counts {
        hypercalls,
        switches,
        events,
        interrupts,
        copies,
        ..Counts::NONE
    };
    match (load.sends, load.short) {
        (true, true) => (counted(4, 2, 2, 2, BURST), 1, 1),
        (true, false) => (counted(39, 10, 6, 6, 0), 1, 5),
        (false, _) => (counted(2, 1, 1, 1, BURST), 0, 1),
    }
}

/// The hops of one packet.
pub(crate) fn route(way: Way, load: &Load) -> Vec<Leg> {
    match (way, load.sends) {
        (Way::Split | Way::HvmSplit, true) => ring_out(way, load),
        (Way::Split | Way::HvmSplit, false) => ring_in(way, load),
        (Way::PvOwn | Way::HvmOwn, _) => own(way, load),
        (Way::Emulated, true) => emulated_out(),
        (Way::Emulated, false) => emulated_in(),
    }
}

const CALL: Counts = Counts { hypercalls: 1, ..Counts::NONE };
const BELL: Counts = Counts { hypercalls: 1, events: 1, ..Counts::NONE };
const UPCALL: Counts = Counts { switches: 1, interrupts: 1, ..Counts::NONE };
const COPY: Counts = Counts { copies: 1, ..Counts::NONE };
const EXIT: Counts = Counts { exits: 1, ..Counts::NONE };
const INTERRUPT: Counts = Counts { interrupts: 1, ..Counts::NONE };

/// The guest's upcall; one that comes by a line ends at the local APIC.
fn guest_upcall(way: Way, load: &Load) -> Leg {
    let ends = u32::from(way == Way::HvmSplit && load.signal == Signal::Line);
    leg(Hop::GuestWoken, Lane::Xen, Lane::Guest, Counts { exits: ends, ..UPCALL })
}

fn ring_out(way: Way, load: &Load) -> Vec<Leg> {
    let exits = u32::from(way == Way::HvmSplit);
    // A page of which all was copied need not stay until the card is done.
    let unmapped = match load.short {
        true => leg(Hop::Released, Lane::Dom0, Lane::Xen, CALL),
        false => leg(Hop::Unmapped, Lane::Card, Lane::Dom0, CALL),
    };
    vec![
        leg(Hop::Granted, Lane::Guest, Lane::Guest, Counts::NONE),
        leg(Hop::Rang, Lane::Guest, Lane::Xen, Counts { exits, ..BELL }),
        leg(Hop::Dom0Woken, Lane::Xen, Lane::Dom0, UPCALL),
        leg(Hop::Mapped, Lane::Dom0, Lane::Xen, Counts { copies: u32::from(load.short), ..CALL }),
        leg(Hop::CardDriven, Lane::Dom0, Lane::Card, Counts::NONE),
        unmapped,
        leg(Hop::RangBack, Lane::Dom0, Lane::Xen, BELL),
        guest_upcall(way, load),
    ]
}

fn ring_in(way: Way, load: &Load) -> Vec<Leg> {
    vec![
        leg(Hop::Arrived, Lane::Card, Lane::Dom0, Counts::NONE),
        leg(Hop::Copied, Lane::Dom0, Lane::Xen, Counts { copies: 1, ..CALL }),
        leg(Hop::RangBack, Lane::Dom0, Lane::Xen, BELL),
        guest_upcall(way, load),
    ]
}

fn own(way: Way, load: &Load) -> Vec<Leg> {
    let moved = if load.sends { Hop::Fetched } else { Hop::Stored };
    let mut legs = vec![
        leg(Hop::Described, Lane::Guest, Lane::Guest, Counts::NONE),
        leg(Hop::TailWritten, Lane::Guest, Lane::Card, Counts::NONE),
        leg(moved, Lane::Card, Lane::Iommu, Counts { look_ups: 3, ..Counts::NONE }),
    ];
    if way == Way::PvOwn {
        let event = Counts { events: 1, ..Counts::NONE };
        legs.push(leg(Hop::Interrupted, Lane::Card, Lane::Xen, event));
        legs.push(leg(Hop::Handled, Lane::Xen, Lane::Guest, INTERRUPT));
        if load.signal == Signal::Line {
            legs.push(leg(Hop::Ended, Lane::Guest, Lane::Xen, CALL));
        }
    } else if load.signal == Signal::Posted {
        legs.push(leg(Hop::Noted, Lane::Card, Lane::Iommu, Counts::NONE));
        legs.push(leg(Hop::Handled, Lane::Iommu, Lane::Guest, INTERRUPT));
    } else {
        legs.push(leg(Hop::Interrupted, Lane::Card, Lane::Xen, EXIT));
        legs.push(leg(Hop::Handled, Lane::Xen, Lane::Guest, INTERRUPT));
        legs.push(leg(Hop::Ended, Lane::Guest, Lane::Xen, EXIT));
    }
    legs
}

/// An access to a register goes to the device model; the answer comes back in a hop of its own.
const ASKED: Leg = leg(
    Hop::Asked,
    Lane::Guest,
    Lane::DeviceModel,
    Counts { exits: 1, events: 1, switches: 1, interrupts: 1, ..Counts::NONE },
);
const ANSWERED: Leg = leg(
    Hop::Answered,
    Lane::DeviceModel,
    Lane::Guest,
    Counts { events: 1, hypercalls: 1, switches: 1, ..Counts::NONE },
);
/// The one of them that has the device model lower its line, a hypercall.
const LOWERED: Leg = Leg { counts: Counts { hypercalls: 2, ..ANSWERED.counts }, ..ANSWERED };

fn emulated_out() -> Vec<Leg> {
    let tapped = Counts { copies: 2, hypercalls: 1, ..Counts::NONE };
    vec![
        leg(Hop::Bounced, Lane::Guest, Lane::Guest, COPY),
        // Writes TSD.
        ASKED,
        leg(Hop::Tapped, Lane::DeviceModel, Lane::Dom0, tapped),
        leg(Hop::CardDriven, Lane::Dom0, Lane::Card, Counts::NONE),
        ANSWERED,
        // Reads it back.
        ASKED,
        ANSWERED,
        leg(Hop::Handled, Lane::Xen, Lane::Guest, INTERRUPT),
        // Reads ISR, writes it, reads TSD.
        ASKED,
        ANSWERED,
        ASKED,
        LOWERED,
        ASKED,
        ANSWERED,
        leg(Hop::Ended, Lane::Guest, Lane::Xen, EXIT),
    ]
}

fn emulated_in() -> Vec<Leg> {
    let filled = Counts { copies: 2, hypercalls: 1, ..Counts::NONE };
    let mut legs = vec![
        leg(Hop::Arrived, Lane::Card, Lane::Dom0, Counts::NONE),
        leg(Hop::Filled, Lane::Dom0, Lane::DeviceModel, filled),
        leg(Hop::Handled, Lane::Xen, Lane::Guest, INTERRUPT),
    ];
    // Three accesses of the handler and nine of the poll. The second masks the interrupt, which is what lowers the line; the
    // fifth says that there is a packet.
    for access in 1..=12 {
        legs.push(ASKED);
        legs.push(if access == 2 { LOWERED } else { ANSWERED });
        if access == 5 {
            legs.push(leg(Hop::TakenOut, Lane::Guest, Lane::Guest, COPY));
        }
    }
    legs.push(leg(Hop::Ended, Lane::Guest, Lane::Xen, EXIT));
    legs
}
