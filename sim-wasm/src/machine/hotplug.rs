//! xend, the device model, the store and the guest's system joined into a run: a guest that boots with devices, then
//! attempts, one after the other, at a device that comes or goes. [`Handshake::run`] makes one attempt; [`Handshake::boot`]
//! and [`Handshake::attempt`] make as many as are wanted.
//!
//! The store's watches take a [delay](Settings::watch) and so does the guest's system. Everything else is xend's own
//! tenth of a second.
//!
//! ```
//! use sim_wasm::actors::hotplug::qemu_dm::Libpci;
//! use sim_wasm::actors::log::hotplug::Outcome;
//! use sim_wasm::machine::hotplug::{Attempt, Handshake, Settings};
//!
//! let settings = Settings { libpci: Libpci::Missing, ..Settings::new(Attempt::Attach { wanted: 0 }) };
//! let run = Handshake::run(&settings);
//! assert_eq!(run.outcome(), Outcome::Failed);
//! assert_eq!(run.took(), 10_100_000_000);
//! ```
//!
//! Not modelled: several attempts at once.

use alloc::vec::Vec;

use crate::actors::hotplug::qemu_dm::{Assignable, Libpci, QemuDm};
use crate::actors::hotplug::slots::{EJECT, HotplugSlots};
use crate::actors::hotplug::xend::{PciDevice, TestAssign, Xend};
use crate::actors::hvm::release::Release;
use crate::actors::log::hotplug::{Hotplug, Outcome};
use crate::actors::log::{Event, Log};
use crate::actors::xenbus::store::{Quotas, WatchEvent, Xenstore};
use crate::words::ids::{Bdf, DomId};
use crate::words::time::{Agenda, Time};

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The guest boots with so many devices.
    Boot {
        /// How many.
        devices: u8,
    },
    /// A device comes while the guest runs.
    Attach {
        /// The slot that is wanted, 0 for any.
        wanted: u8,
    },
    /// The guest boots with so many devices, and the one of that number, from 0, is taken out.
    Detach {
        /// How many it boots with.
        devices: u8,
        /// Which goes.
        which: u8,
    },
}

/// What changes while the guest runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A device comes, into the slot that is wanted, 0 for any.
    Attach(PciDevice),
    /// A device goes.
    Detach(Bdf),
}

/// A guest's system, as far as hot-plugging goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuestSystem {
    /// It has a driver for the event and lets devices go.
    Cooperates,
    /// It knows nothing of the event.
    Deaf,
}

/// What a run is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What is tried.
    pub attempt: Attempt,
    /// How old everything is.
    pub release: Release,
    /// What the device model was built with.
    pub libpci: Libpci,
    /// What Xen answers when it is asked for the device.
    pub test: TestAssign,
    /// The guest's system.
    pub guest: GuestSystem,
    /// From a change in the store to whoever watches, in nanoseconds: an assumption.
    pub watch: u64,
    /// From an interrupt in the guest to what its system does about it, in nanoseconds: an assumption.
    pub answer: u64,
}

impl Settings {
    /// An attempt in which everything is as it should be.
    #[must_use]
    pub const fn new(attempt: Attempt) -> Settings {
        Settings {
            attempt,
            release: Release::Xen33,
            libpci: Libpci::Found,
            test: TestAssign::Assignable,
            guest: GuestSystem::Cooperates,
            watch: 1_000_000,
            answer: 50_000_000,
        }
    }
}

/// From the end of the boot, or of an attempt, to the next one: an assumption, long enough for the device model to listen.
pub const GUEST_RUNS: u64 = 1_000_000_000;

const GUEST: DomId = DomId(1);

/// The device of a number: functions of their own on bus 3.
#[must_use]
pub const fn device(number: u8) -> Bdf {
    Bdf::new(3, number, 0)
}

#[derive(Clone, Debug)]
enum Item {
    Begin { devices: u8 },
    Try(Change),
    Watch(WatchEvent),
    Xend,
    GuestEvent,
}

/// A run.
#[derive(Clone, Debug)]
pub struct Handshake {
    settings: Settings,
    store: Xenstore,
    xend: Xend,
    model: QemuDm,
    agenda: Agenda<Item>,
    present: Vec<Bdf>,
    log: Log,
    now: Time,
    /// When the last attempt began.
    began: Time,
    runs: bool,
}

impl Handshake {
    /// Runs the settings' attempt to its end.
    #[must_use]
    pub fn run(settings: &Settings) -> Handshake {
        let devices = match settings.attempt {
            Attempt::Boot { devices } | Attempt::Detach { devices, .. } => devices,
            Attempt::Attach { .. } => 0,
        };
        let mut run = Handshake::boot(settings, devices);
        match settings.attempt {
            Attempt::Boot { .. } => {}
            Attempt::Attach { wanted } => run.attempt(Change::Attach(PciDevice { device: device(0), vslot: wanted })),
            Attempt::Detach { which, .. } => run.attempt(Change::Detach(device(which))),
        }
        run
    }

    /// Boots a guest with so many devices. The settings' own attempt is not made.
    #[must_use]
    pub fn boot(settings: &Settings, devices: u8) -> Handshake {
        let mut run = Handshake {
            settings: *settings,
            store: Xenstore::new(Quotas::default()),
            xend: Xend::new(GUEST),
            model: QemuDm::new(GUEST, settings.release, settings.libpci),
            agenda: Agenda::new(),
            present: (0..32).map(device).collect(),
            log: Log::new(),
            now: Time::ZERO,
            began: Time::ZERO,
            runs: false,
        };
        run.agenda.push(Time::ZERO, Item::Begin { devices });
        run.drain();
        if run.xend.outcome() != Some(Outcome::Failed) {
            run.runs = true;
            let cards = run.model.devices().count() as u8;
            run.log.step(run.quiet_since(), Event::Hotplug(Hotplug::Booted { cards }));
        }
        run
    }

    /// Makes one more attempt, a while after the last, and lets it end. Without a guest there is nothing to try.
    pub fn attempt(&mut self, change: Change) {
        if self.runs {
            self.began = self.quiet_since() + GUEST_RUNS;
            self.agenda.push(self.began, Item::Try(change));
            self.drain();
        }
    }

    /// Whether there is a guest that runs.
    #[must_use]
    pub const fn guest_runs(&self) -> bool {
        self.runs
    }

    /// How it ended.
    ///
    /// # Panics
    /// Never: a run ends.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.xend.outcome().expect("xend's waits end")
    }

    /// How long xend took for the last attempt, in nanoseconds.
    #[must_use]
    pub fn took(&self) -> u64 {
        let ended = |event: &Event| matches!(event, Event::Hotplug(Hotplug::Ended { .. }));
        let last = self.log.entries().iter().rev().find(|entry| ended(&entry.event));
        last.map_or(0, |entry| entry.time.since(self.began))
    }

    /// What happened: the transcript.
    #[must_use]
    pub const fn log(&self) -> &Log {
        &self.log
    }

    /// xend, as it ended.
    #[must_use]
    pub const fn xend(&self) -> &Xend {
        &self.xend
    }

    /// The device model, as it ended.
    #[must_use]
    pub const fn model(&self) -> &QemuDm {
        &self.model
    }

    /// The store, as it ended.
    #[must_use]
    pub const fn store(&self) -> &Xenstore {
        &self.store
    }

    fn take(&mut self, item: Item) {
        let machine = Assignable { present: &self.present, iommu: self.settings.test != TestAssign::NoIommu };
        let (now, log, store) = (self.now, &mut self.log, &mut self.store);
        match item {
            Item::Begin { devices } => {
                let devices: Vec<Bdf> = (0..devices).map(device).collect();
                if !self.xend.construct(now, log, &devices, self.settings.test) {
                    return;
                }
                self.model.start(store, now, log, &devices, machine);
                let cooperates = self.settings.guest == GuestSystem::Cooperates;
                if let Some(slots) = self.model.slots_mut() {
                    slots.enable_event(cooperates);
                }
                self.xend.boot(store, now, log, &devices);
            }
            Item::Try(Change::Attach(wanted)) => self.xend.attach(store, now, log, wanted, self.settings.test),
            Item::Try(Change::Detach(device)) => self.xend.detach(store, now, log, device),
            Item::Watch(event) => self.model.handle_event(store, now, log, &event, machine),
            Item::Xend => self.xend.handle_timer(store, now, log),
            Item::GuestEvent => self.guest_event(),
        }
        self.settle();
    }

    /// The guest reads the event byte, and ejects what is to go.
    fn guest_event(&mut self) {
        let Some(slots) = self.model.slots_mut() else { return };
        slots.acknowledge_event();
        let Some((slot, added)) = slots.decode(slots.event()) else { return };
        let port = slots.port_of(slot);
        self.log.step(self.now, Event::Hotplug(Hotplug::EventSeen { slot, added }));
        if let (false, Some(port)) = (added, port) {
            self.model.guest_writes(&mut self.store, self.now, &mut self.log, port, EJECT);
        }
    }

    /// When the last thing happened that anybody noticed.
    fn quiet_since(&self) -> Time {
        self.log.entries().last().map_or(Time::ZERO, |entry| entry.time)
    }

    fn drain(&mut self) {
        while let Some((time, item)) = self.agenda.pop() {
            self.now = time;
            self.take(item);
        }
    }

    /// Puts down what is to happen next.
    fn settle(&mut self) {
        while let Some(event) = self.store.next_event() {
            self.agenda.push(self.now + self.settings.watch, Item::Watch(event));
        }
        let sci = self.model.slots().is_some_and(HotplugSlots::holds_sci);
        let waits = self.agenda.iter().any(|(_, item)| matches!(item, Item::GuestEvent));
        if sci && !waits {
            self.agenda.push(self.now + self.settings.answer, Item::GuestEvent);
        }
        if let Some(wake) = self.xend.wake()
            && !self.agenda.iter().any(|(_, item)| matches!(item, Item::Xend))
        {
            self.agenda.push(wake, Item::Xend);
        }
    }
}
