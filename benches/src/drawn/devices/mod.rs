//! Runs of devices that are given away, drawn: a seed names a run, the same on every machine.
//!
//! Seeds take turns at six kinds: a remapping unit by itself, xend's handshake with the device model, pcifront and pciback over
//! their page, a guest that owns a card and moves, a few packets by one of the five ways, and a machine in which all of this
//! meets. What a run is compared by is its log and all that is there at its end, down to the bytes of its frames.

mod joined;
mod overlay;
mod unit;

use std::fmt::Debug;

use sim::actors::costs::Way;
use sim::actors::hotplug::qemu_dm::Libpci;
use sim::actors::hotplug::xend::{PciDevice, TestAssign};
use sim::actors::hvm::release::Release;
use sim::actors::log::Log;
use sim::actors::log::migration::Step;
use sim::actors::migration::{Migrating, MigrationSettings};
use sim::machine::emulated_nic::EmulatedNic;
use sim::machine::hotplug::{Attempt, Change, GuestSystem, Handshake, Settings, device};
use sim::machine::own_card::{Kind, OwnCard, Signal};
use sim::machine::ways::{Trial, spent};
use sim::words::hash::Fnv1a;
use sim::words::rng::Rng;

use crate::drawn::Draw;

/// What a run is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A unit's tables, requests, invalidations, faults and interrupts.
    Unit,
    /// A device that comes or goes.
    Handshake,
    /// A config space behind pciback.
    Overlay,
    /// A guest that moves.
    Migration,
    /// Packets by one of the ways.
    Ways,
    /// Cards that are given away.
    GivenAway,
}

impl About {
    /// All of them, in the order of their turns.
    pub const ALL: [About; 6] =
        [About::Unit, About::Handshake, About::Overlay, About::Migration, About::Ways, About::GivenAway];

    /// Of the run that a seed names.
    #[must_use]
    pub const fn of(seed: u64) -> About {
        About::ALL[(seed % About::ALL.len() as u64) as usize]
    }
}

/// A run at its end.
#[derive(Debug)]
pub struct DeviceRun {
    /// What happened.
    pub log: Log,
    /// The hash of what there is at the end, and of every answer on the way.
    pub state: u64,
}

/// The run that a seed names.
#[must_use]
pub fn run(seed: u64) -> DeviceRun {
    let mut draw = Draw { rng: Rng::new(seed), guests: 0 };
    match About::of(seed) {
        About::Unit => unit::run(&mut draw),
        About::Handshake => draw.handshake(),
        About::Overlay => overlay::run(&mut draw),
        About::Migration => draw.migration(),
        About::Ways => draw.ways(),
        About::GivenAway => joined::run(&mut draw),
    }
}

/// The way, and what goes it, of a seed whose run is about ways.
#[must_use]
pub fn trial(seed: u64) -> (Way, Trial) {
    Draw { rng: Rng::new(seed), guests: 0 }.trial()
}

/// Takes in a value as it is written out, which says all that it has.
fn take_in(hash: &mut Fnv1a, value: &impl Debug) {
    hash.write(format!("{value:?}").as_bytes());
}

fn hash_of(value: &impl Debug) -> u64 {
    let mut hash = Fnv1a::new();
    take_in(&mut hash, value);
    hash.finish()
}

impl Draw {
    fn handshake(&mut self) -> DeviceRun {
        let settings = Settings {
            attempt: Attempt::Boot { devices: 0 },
            release: self.one_of(&Release::ALL),
            libpci: if self.once_in(5) { Libpci::Missing } else { Libpci::Found },
            test: self.one_of(&[
                TestAssign::Assignable,
                TestAssign::Assignable,
                TestAssign::Assignable,
                TestAssign::NoIommu,
                TestAssign::Unavailable,
            ]),
            guest: if self.once_in(4) { GuestSystem::Deaf } else { GuestSystem::Cooperates },
            watch: self.nanos(300_000_000),
            answer: if self.once_in(2) { 50_000_000 } else { 10 * self.nanos(1_200_000_000) },
        };
        let devices = self.below(5) as u8;
        let mut run = Handshake::boot(&settings, devices);
        for _ in 0..self.below(6) {
            let device = device(self.below(6) as u8);
            let attaches = self.once_in(2);
            let vslot = if self.once_in(2) { 0 } else { self.below(34) as u8 };
            run.attempt(if attaches { Change::Attach(PciDevice { device, vslot }) } else { Change::Detach(device) });
        }
        let state = hash_of(&run);
        DeviceRun { log: run.log().clone(), state }
    }

    fn migration(&mut self) -> DeviceRun {
        let settings = MigrationSettings {
            pages: 1 + u64::from(self.below(1_000_000)),
            pages_per_second: 1_000 + u64::from(self.below(99_000)),
            dirty_per_second: u64::from(self.below(200_000)),
            working_set: u64::from(self.below(100_000)),
            packets_per_second: u64::from(self.below(100_000)),
            change: self.nanos(10_000_000),
            miimon: self.nanos(1_000_000_000),
            plug: self.nanos(1_000_000_000),
            resume: self.nanos(100_000_000),
        };
        // The order that works with mistakes in it, or any.
        let orderly = self.once_in(2);
        let steps = if orderly { Step::ALL.to_vec() } else { self.several(12, |draw| draw.one_of(&Step::ALL)) };
        let (mut guest, mut log, mut hash) = (Migrating::new(settings), Log::new(), Fnv1a::new());
        for step in steps {
            let step = if self.once_in(8) { self.one_of(&Step::ALL) } else { step };
            take_in(&mut hash, &guest.step(&mut log, step));
        }
        take_in(&mut hash, &guest);
        DeviceRun { log, state: hash.finish() }
    }

    fn trial(&mut self) -> (Way, Trial) {
        let way = self.one_of(&Way::ALL);
        let trial = Trial {
            sends: self.once_in(2),
            bytes: 60 + self.below(1_455) as u16,
            packets: 1 + self.below(32) as u16,
            signal: self.one_of(&[Signal::Line, Signal::Message, Signal::Posted]),
        };
        (way, trial)
    }

    fn ways(&mut self) -> DeviceRun {
        let (way, trial) = self.trial();
        let mut hash = Fnv1a::new();
        take_in(&mut hash, &spent(way, &trial));
        // The same once more with packets of any bytes, where the machine has both ends.
        let mut log = Log::new();
        let packets: Vec<Vec<u8>> = (0..trial.packets).map(|_| self.packet(trial.bytes)).collect();
        match way {
            Way::Emulated => {
                let mut machine = EmulatedNic::new(self.one_of(&Release::ALL));
                for packet in &packets {
                    let done = if self.once_in(2) { machine.transmit(packet) } else { machine.receive(packet) };
                    take_in(&mut hash, &done);
                }
                log = machine.log().clone();
                take_in(&mut hash, &machine);
            }
            Way::PvOwn | Way::HvmOwn => {
                let kind = if way == Way::PvOwn { Kind::Pv } else { Kind::Hvm };
                let mut machine = OwnCard::new(kind, trial.signal);
                for packet in &packets {
                    let done = if self.once_in(2) { machine.transmit(packet) } else { machine.receive(packet) };
                    take_in(&mut hash, &done);
                }
                take_in(&mut hash, &machine);
            }
            Way::Split | Way::HvmSplit => {}
        }
        DeviceRun { log, state: hash.finish() }
    }

    fn packet(&mut self, bytes: u16) -> Vec<u8> {
        (0..bytes).map(|_| self.rng.next_u32() as u8).collect()
    }
}
