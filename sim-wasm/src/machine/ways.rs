//! The same packets by each of five ways to a card, and what each comes to.
//!
//! Each way is run: split drivers by [`network`](crate::machine::network), an emulated card by
//! [`emulated_nic`](crate::machine::emulated_nic), a card of the guest's own by [`own_card`](crate::machine::own_card). Only
//! what an HVM guest adds to split drivers follows from the run instead of being run: each of its hypercalls is an exit, and
//! an upcall that comes by a line ends at the local APIC, which is one more.
//!
//! ```
//! use sim_wasm::actors::costs::Way;
//! use sim_wasm::machine::own_card::Signal;
//! use sim_wasm::machine::ways::{Trial, spent};
//!
//! let trial = Trial { sends: true, bytes: 1514, packets: 1, signal: Signal::Message };
//! assert_eq!(spent(Way::PvOwn, &trial).costs.hypercalls, 0);
//! assert_eq!(spent(Way::Emulated, &trial).costs.requests, 5);
//! ```
//!
//! Switches are counted on one processor for all domains: each time that another domain than before has something to do.
//!
//! Not modelled: dom0's bridge and card behind an emulated card, the first bytes of a packet that netback and netfront copy
//! beside mapping or handing on its page, several packets for one interrupt of an emulated card or of
//! a guest's own, and the price of anything.

use alloc::vec;

use crate::actors::costs::{Costs, Way};
use crate::actors::hvm::release::Release;
use crate::actors::log::{Event, Log, Who};
use crate::actors::nic::CardSettings;
use crate::hypervisor::vm_exits::ExitReason;
use crate::machine::costs::of_network;
use crate::machine::emulated_nic::EmulatedNic;
use crate::machine::metrics::counters::Count;
use crate::machine::network::Network;
use crate::machine::network::settings::{Destination, Guest, Settings, Workload};
use crate::machine::own_card::{Kind, OwnCard, Signal, Spent};
use crate::words::ids::VifId;

/// What goes the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Trial {
    /// Whether the guest sends; it receives otherwise.
    pub sends: bool,
    /// Bytes of a packet, 60 to 1514.
    pub bytes: u16,
    /// How many, all at once; at most 32, which is what waits in front of a guest's interface without loss.
    pub packets: u16,
    /// How the card interrupts, and an HVM guest's upcalls: posted counts as a message for who has nothing to post.
    pub signal: Signal,
}

/// What a trial comes to, from the guest's first store to its last interrupt.
///
/// # Panics
/// If the trial is out of range, so that packets are lost.
#[must_use]
pub fn spent(way: Way, trial: &Trial) -> Spent {
    match way {
        Way::Split => Spent { costs: split(trial).0, ..Spent::default() },
        Way::HvmSplit => Spent { costs: hvm_split(trial), ..Spent::default() },
        Way::Emulated => Spent { costs: emulated(trial), ..Spent::default() },
        Way::PvOwn => own(Kind::Pv, trial),
        Way::HvmOwn => own(Kind::Hvm, trial),
    }
}

/// What split drivers come to, and how many of the hypercalls are the guest's.
fn split(trial: &Trial) -> (Costs, u64) {
    let (idle, _) = network(&Trial { packets: 0, ..*trial });
    let (busy, log) = network(trial);
    let calls = log.entries().iter().filter(|entry| matches!(entry.event, Event::EventSent { from_guest: true, .. }));
    let guest_calls = calls.count() as u64;
    let mut costs = busy.since(&idle);
    for entry in log.entries() {
        // A packet that is no longer than what netback copies in any case is copied whole.
        if let Event::HeaderCopied { bytes, pages_kept: 0 } = entry.event {
            costs.copy(bytes);
        }
    }
    costs.switches = switches(&log);
    (costs, guest_calls)
}

/// The machine of split drivers: one guest, and a load for it or from it.
#[must_use]
pub fn network_of(trial: &Trial) -> Network {
    let packets = Workload::at_once(trial.bytes.into(), trial.packets.into());
    let mut settings = Settings { card: CardSettings::e1000(1000), ..Settings::default() };
    let mut guest = Guest::default();
    if trial.sends {
        guest.sends = vec![packets];
    } else {
        settings.outside = vec![Workload { to: Destination::Guest(VifId(0)), ..packets }];
    }
    settings.guests = vec![guest];
    Network::new(&settings).expect("it is a machine")
}

fn network(trial: &Trial) -> (Costs, Log) {
    let mut network = network_of(trial);
    network.run();
    let counters = network.metrics().total().counters;
    let arrived = counters.get(if trial.sends { Count::Sent } else { Count::Delivered });
    assert_eq!(arrived, u64::from(trial.packets), "so few packets are not lost");
    let costs = of_network(&counters, network.log());
    (costs, network.into_log())
}

/// How often another domain than before did something.
fn switches(log: &Log) -> u64 {
    let whose = log.entries().iter().map(|entry| entry.event.who());
    let mut domains = whose.filter(|who| matches!(who, Who::Guest | Who::Dom0));
    let Some(mut runs) = domains.next() else { return 0 };
    let mut switches = 0;
    for who in domains {
        switches += u64::from(who != runs);
        runs = who;
    }
    switches
}

fn hvm_split(trial: &Trial) -> Costs {
    let (mut costs, guest_calls) = split(trial);
    (0..guest_calls).for_each(|_| costs.exits.count(ExitReason::Vmcall));
    if trial.signal == Signal::Line {
        (0..costs.guest_interrupts).for_each(|_| costs.exits.count(ExitReason::ApicAccess));
    }
    costs
}

fn emulated(trial: &Trial) -> Costs {
    let mut machine = EmulatedNic::new(Release::Xen33);
    let before = *machine.costs();
    let packet = vec![0x5A; usize::from(trial.bytes)];
    for _ in 0..trial.packets {
        let done = if trial.sends { machine.transmit(&packet) } else { machine.receive(&packet) };
        done.expect("the guest took everything before");
    }
    machine.costs().since(&before)
}

fn own(kind: Kind, trial: &Trial) -> Spent {
    let mut machine = OwnCard::new(kind, trial.signal);
    let packet = vec![0x5A; usize::from(trial.bytes)];
    for _ in 0..trial.packets {
        if trial.sends {
            machine.transmit(&packet);
        } else {
            machine.receive(&packet);
        }
    }
    machine.spent()
}
