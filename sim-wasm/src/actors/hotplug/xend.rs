//! xend's half: the boot path (`_constructDomain`, `sync_pcidev_info`), attaching (`hvm_pci_device_create`), detaching (`hvm_destroyPCIDevice`),
//! and the wait for the device model (`signalDeviceModel`), all of release 3.3.1.
//!
//! ```text
//!   boot ──> test_assign_device ── no ──> error at once, and no guest
//!        └─> device model ──> look at vslots, every 0.1 s ── there ───> slots noted
//!                                                         └─ 20 times in vain ─> one line in the log, and the guest boots
//!
//!   attach ──> test_assign_device ── no ──> error at once
//!          └─> parameter, command ──> look at state, every 0.1 s ── pci-inserted ─> state restored, slot read
//!                                                                └─ 101 times in vain ─> error
//! ```
//!
//! A look is followed by a tenth of a second of sleep even when it succeeds, and the 101st look comes too late whatever it
//! finds: so the wait for slots takes 2 s in vain, that for an answer 10.1 s.
//!
//! Not modelled: `xm`, which talks to xend, what becomes of a domain's configuration, and that at boot the domain exists
//! already when Xen is asked, and is destroyed after a no.

use alloc::string::String;
use alloc::vec::Vec;

use crate::actors::hotplug::keys::{self, parse_slots, text, value};
use crate::actors::log::hotplug::{Hotplug, Key, Message, Outcome, Process, Value};
use crate::actors::log::{Event, Log};
use crate::actors::xenbus::store::Xenstore;
use crate::words::ids::{Bdf, DomId};
use crate::words::time::Time;

/// How long xend sleeps between two looks: 0.1 s.
pub const POLL_NANOS: u64 = 100_000_000;
/// How often it looks for the slots of a new guest.
pub const VSLOTS_POLLS: u16 = 20;
/// After so many looks for an answer it gives up, whatever the last one found.
pub const STATE_POLLS: u16 = 101;

/// What Xen says when it is asked whether a device could be a guest's (`xc_test_assign_device`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TestAssign {
    /// It could.
    Assignable,
    /// There is no IOMMU, or it is off: the call fails.
    NoIommu,
    /// It is another guest's, or none that Xen knows.
    Unavailable,
}

/// A device of the guest's, as xend's configuration has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PciDevice {
    /// Which.
    pub device: Bdf,
    /// Its virtual slot; 0 until it is known, and for good if it can never be taken out.
    pub vslot: u8,
}

/// What xend waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wait {
    Nothing,
    Slots { count: u16, found: Option<String> },
    State { want: Value, restore: String, count: u16, matched: bool, job: Job },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Job {
    Attach(Bdf),
    Detach(Bdf),
}

/// xend, as far as one guest's PCI devices go.
#[derive(Clone, Debug)]
pub struct Xend {
    guest: DomId,
    devices: Vec<PciDevice>,
    wait: Wait,
    wake: Option<Time>,
    outcome: Option<Outcome>,
}

impl Xend {
    /// xend with a guest that has no device.
    #[must_use]
    pub const fn new(guest: DomId) -> Xend {
        Xend { guest, devices: Vec::new(), wait: Wait::Nothing, wake: None, outcome: None }
    }

    /// The guest's devices, as xend knows them.
    #[must_use]
    pub fn devices(&self) -> &[PciDevice] {
        &self.devices
    }

    /// When it looks again, if it waits.
    #[must_use]
    pub const fn wake(&self) -> Option<Time> {
        self.wake
    }

    /// How the last thing that it was told to do ended, if it has.
    #[must_use]
    pub const fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }

    /// A guest is to be built with these devices (`_constructDomain`): whether it may. Xen's answer to the test is handed in.
    pub fn construct(&mut self, now: Time, log: &mut Log, devices: &[Bdf], assignable: TestAssign) -> bool {
        self.outcome = None;
        devices.iter().all(|&device| self.is_assignable(now, log, device, assignable))
    }

    /// The guest is built with these devices, and its device model was started: wait for the slots.
    pub fn boot(&mut self, store: &mut Xenstore, now: Time, log: &mut Log, devices: &[Bdf]) {
        self.devices = devices.iter().map(|&device| PciDevice { device, vslot: 0 }).collect();
        self.outcome = None;
        if devices.is_empty() {
            return self.end(now, log, Outcome::Done);
        }
        log.step(now, Event::Hotplug(Hotplug::PollBegan { key: Key::Vslots, most: VSLOTS_POLLS }));
        self.wait = Wait::Slots { count: 0, found: None };
        self.look(store, now);
    }

    /// A device is to come (`xm pci-attach`), into the slot that is wanted, 0 for any. Xen's answer to the test is handed in.
    pub fn attach(
        &mut self,
        store: &mut Xenstore,
        now: Time,
        log: &mut Log,
        wanted: PciDevice,
        assignable: TestAssign,
    ) {
        self.outcome = None;
        let PciDevice { device, vslot } = wanted;
        if vslot != 0 && self.devices.iter().any(|other| other.vslot == vslot) {
            return self.fail(now, log, Message::SlotTaken(vslot));
        }
        if self.devices.iter().any(|other| other.device == device) {
            return self.fail(now, log, Message::AlreadyInserted);
        }
        if !self.is_assignable(now, log, device, assignable) {
            return;
        }
        let parameter = Value::Device(device, vslot);
        self.signal(store, now, log, (Value::PciIns, Value::PciInserted), parameter, Job::Attach(device));
    }

    /// A device is to go (`xm pci-detach`). One whose slot is told as 0 is none that xend knows how to take out.
    pub fn detach(&mut self, store: &mut Xenstore, now: Time, log: &mut Log, device: Bdf) {
        self.outcome = None;
        let known = self.devices.iter().find(|other| other.device == device).filter(|known| known.vslot != 0);
        if known.is_none() {
            return self.fail(now, log, Message::NotConnected(device));
        }
        let parameter = Value::Leaving(device);
        self.signal(store, now, log, (Value::PciRem, Value::PciRemoved), parameter, Job::Detach(device));
    }

    /// Its sleep is over.
    pub fn handle_timer(&mut self, store: &mut Xenstore, now: Time, log: &mut Log) {
        if self.wake.is_none_or(|wake| wake > now) {
            return;
        }
        self.wake = None;
        match core::mem::replace(&mut self.wait, Wait::Nothing) {
            Wait::Nothing => {}
            Wait::Slots { count, found: None } if count + 1 < VSLOTS_POLLS => {
                self.wait = Wait::Slots { count: count + 1, found: None };
                self.look(store, now);
            }
            Wait::Slots { count, found } => self.slots_known(now, log, count + 1, found),
            Wait::State { want, restore, count, matched, job } => {
                let times = count + 1;
                if times >= STATE_POLLS {
                    log.step(now, Event::Hotplug(Hotplug::PollEnded { key: Key::State, times, found: matched }));
                    return self.fail(now, log, Message::TimedOut);
                }
                if matched {
                    return self.answered(store, now, log, times, (want, &restore), job);
                }
                self.wait = Wait::State { want, restore, count: times, matched, job };
                self.look(store, now);
            }
        }
    }

    /// The test before anything is done, and the error if it fails.
    fn is_assignable(&mut self, now: Time, log: &mut Log, device: Bdf, assignable: TestAssign) -> bool {
        log.step(now, Event::Hotplug(Hotplug::Tested { device, assignable: assignable == TestAssign::Assignable }));
        match assignable {
            TestAssign::Assignable => return true,
            TestAssign::NoIommu => self.fail(now, log, Message::NoVtd),
            TestAssign::Unavailable => self.fail(now, log, Message::NotAssignable(device)),
        }
        false
    }

    fn signal(
        &mut self,
        store: &mut Xenstore,
        now: Time,
        log: &mut Log,
        (command, want): (Value, Value),
        parameter: Value,
        job: Job,
    ) {
        let restore = keys::read(store, self.guest, Key::State).unwrap_or_default();
        for (key, is) in [(Key::Parameter, parameter), (Key::Command, command)] {
            log.step(now, Event::Hotplug(Hotplug::Written { by: Process::Xend, key, value: is }));
            keys::write(store, self.guest, key, &text(is));
        }
        log.step(now, Event::Hotplug(Hotplug::PollBegan { key: Key::State, most: STATE_POLLS }));
        self.wait = Wait::State { want, restore, count: 0, matched: false, job };
        self.look(store, now);
    }

    /// One look, and to sleep.
    fn look(&mut self, store: &mut Xenstore, now: Time) {
        match &mut self.wait {
            Wait::Nothing => return,
            Wait::Slots { found, .. } => *found = keys::read(store, self.guest, Key::Vslots),
            Wait::State { want, matched, .. } => {
                *matched = keys::read(store, self.guest, Key::State).is_some_and(|state| state == text(*want));
            }
        }
        self.wake = Some(now + POLL_NANOS);
    }

    fn slots_known(&mut self, now: Time, log: &mut Log, times: u16, found: Option<String>) {
        let key = Key::Vslots;
        log.step(now, Event::Hotplug(Hotplug::PollEnded { key, times, found: found.is_some() }));
        let Some(found) = found else {
            self.say(now, log, Message::NoVslots);
            return self.end(now, log, Outcome::Without);
        };
        log.also(now, Event::Hotplug(Hotplug::Read { by: Process::Xend, key, value: value(key, &found) }));
        let slots = parse_slots(&found);
        if slots.len() != self.devices.len() {
            self.say(now, log, Message::SlotsMismatch);
            return self.end(now, log, Outcome::Without);
        }
        for (device, slot) in self.devices.iter_mut().zip(slots) {
            device.vslot = slot;
        }
        self.end(now, log, Outcome::Done);
    }

    fn answered(
        &mut self,
        store: &mut Xenstore,
        now: Time,
        log: &mut Log,
        times: u16,
        (want, restore): (Value, &str),
        job: Job,
    ) {
        let by = Process::Xend;
        log.step(now, Event::Hotplug(Hotplug::PollEnded { key: Key::State, times, found: true }));
        log.also(now, Event::Hotplug(Hotplug::Read { by, key: Key::State, value: want }));
        keys::write(store, self.guest, Key::State, restore);
        let value = value(Key::State, restore);
        log.also(now, Event::Hotplug(Hotplug::Written { by, key: Key::State, value }));
        self.say(now, log, Message::StateRestored);
        match job {
            Job::Attach(device) => {
                let parameter = keys::read(store, self.guest, Key::Parameter).unwrap_or_default();
                let value = keys::value(Key::Parameter, &parameter);
                log.also(now, Event::Hotplug(Hotplug::Read { by, key: Key::Parameter, value }));
                let vslot = if let Value::Slot(slot) = value { slot } else { 0 };
                self.devices.push(PciDevice { device, vslot });
            }
            Job::Detach(device) => self.devices.retain(|other| other.device != device),
        }
        self.end(now, log, Outcome::Done);
    }

    fn fail(&mut self, now: Time, log: &mut Log, message: Message) {
        log.step(now, Event::Hotplug(Hotplug::Logged { by: Process::Xend, message }));
        self.end(now, log, Outcome::Failed);
    }

    fn say(&self, now: Time, log: &mut Log, message: Message) {
        log.also(now, Event::Hotplug(Hotplug::Logged { by: Process::Xend, message }));
    }

    fn end(&mut self, now: Time, log: &mut Log, outcome: Outcome) {
        self.outcome = Some(outcome);
        log.also(now, Event::Hotplug(Hotplug::Ended { outcome }));
    }
}
