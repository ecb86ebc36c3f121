//! The device model's half: it puts devices into slots, asks Xen to assign them, and answers over the store
//! (`tools/ioemu/hw/pass-through.c` `pt_init`, `tools/ioemu/xenstore.c` `xenstore_process_dm_command_event`,
//! `tools/ioemu/hw/piix4acpi.c`).
//!
//! All of that is compiled only if the makefile found the headers of libpci in `/usr/include/pci` (`CONFIG_PASSTHROUGH`).
//! Without them the program is the same but for this: nobody reads the argument, nobody writes the slots, and the command is
//! unknown.
//!
//! In 3.3 it is the device model that makes a device the guest's (`assign_device`), and it goes on if that fails: guest and
//! toolstack see a device that reaches no memory. Later toolstacks assign it themselves.
//!
//! Not modelled: the device's registers (they are the pass-through code's), and further functions of a slot.

use alloc::vec::Vec;

use crate::actors::hotplug::keys::{self, parse_device, text};
use crate::actors::hotplug::slots::{Asked, HotplugSlots, NoSlot};
use crate::actors::hvm::release::Release;
use crate::actors::log::hotplug::{Hotplug, Key, Message, Process, Value};
use crate::actors::log::{Event, Log};
use crate::actors::xenbus::store::{Token, WatchEvent, Xenstore};
use crate::words::ids::{Bdf, DomId};
use crate::words::text::Text;
use crate::words::time::Time;

/// What the makefile found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Libpci {
    /// The headers: pass-through is built in.
    Found,
    /// Nothing: it is left out, without a word.
    Missing,
}

/// What the machine knows of devices, as the device model finds out when it tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assignable<'machine> {
    /// The devices that libpci lists.
    pub present: &'machine [Bdf],
    /// Whether Xen assigns a device of these when it is asked: there is an IOMMU for this guest.
    pub iommu: bool,
}

/// Its watch on the command.
pub const COMMAND_TOKEN: Token = Token(0xD0);

/// A guest's device model, as far as hot-plugging goes.
#[derive(Clone, Debug)]
pub struct QemuDm {
    guest: DomId,
    libpci: Libpci,
    slots: HotplugSlots,
    /// Devices in ordinary slots, which stay.
    fixed: Vec<Bdf>,
}

impl QemuDm {
    /// A device model that was not started yet.
    #[must_use]
    pub fn new(guest: DomId, release: Release, libpci: Libpci) -> QemuDm {
        QemuDm { guest, libpci, slots: HotplugSlots::new(release), fixed: Vec::new() }
    }

    /// The controller that the guest sees; a device model without pass-through has none.
    #[must_use]
    pub fn slots(&self) -> Option<&HotplugSlots> {
        (self.libpci == Libpci::Found).then_some(&self.slots)
    }

    /// The same, for what the guest does with it.
    pub fn slots_mut(&mut self) -> Option<&mut HotplugSlots> {
        (self.libpci == Libpci::Found).then_some(&mut self.slots)
    }

    /// The guest's devices: those in hot-plug slots, then those that stay.
    pub fn devices(&self) -> impl Iterator<Item = Bdf> {
        self.slots.devices().map(|(_, device)| device).chain(self.fixed.iter().copied())
    }

    /// It starts, with the devices of its argument (`pt_init`), and then listens for commands.
    pub fn start(&mut self, store: &mut Xenstore, now: Time, log: &mut Log, argument: &[Bdf], machine: Assignable<'_>) {
        let heeded = self.libpci == Libpci::Found;
        let devices = argument.len() as u8;
        log.step(now, Event::Hotplug(Hotplug::ModelStarted { devices, heeded }));
        if heeded {
            self.init(store, now, log, argument, machine);
        }
        self.write(store, now, log, Key::State, Value::Running);
        let path = keys::path(self.guest, Key::Command);
        store.watch(DomId::DOM0, &path, COMMAND_TOKEN).expect("it watches once");
    }

    /// Its watch fired: there may be a command.
    pub fn handle_event(
        &mut self,
        store: &mut Xenstore,
        now: Time,
        log: &mut Log,
        event: &WatchEvent,
        machine: Assignable<'_>,
    ) {
        if event.token != COMMAND_TOKEN {
            return;
        }
        let by = Process::QemuDm;
        let Some(command) = keys::read(store, self.guest, Key::Command) else { return };
        let command = keys::value(Key::Command, &command);
        log.step(now, Event::Hotplug(Hotplug::Read { by, key: Key::Command, value: command }));
        let insert = match command {
            Value::PciIns if self.libpci == Libpci::Found => true,
            Value::PciRem if self.libpci == Libpci::Found => false,
            unknown => return self.say(now, log, Message::UnknownCommand(unknown)),
        };
        self.say(now, log, if insert { Message::HotInsert } else { Message::HotRemove });
        let Some(parameter) = keys::read(store, self.guest, Key::Parameter) else { return };
        let value = keys::value(Key::Parameter, &parameter);
        log.also(now, Event::Hotplug(Hotplug::Read { by, key: Key::Parameter, value }));
        let named = parse_device(&parameter);
        if insert { self.insert(store, now, log, named, machine) } else { self.remove(now, log, named) }
    }

    /// The guest wrote to a port of the controller.
    pub fn guest_writes(&mut self, store: &mut Xenstore, now: Time, log: &mut Log, port: u16, value: u8) {
        if let Asked::Eject { slot, device } = self.slots.write(port, value) {
            log.also(now, Event::Hotplug(Hotplug::SlotEjected { slot }));
            if let Some(device) = device {
                log.also(now, Event::Hotplug(Hotplug::Deassigned { by: Process::QemuDm, device }));
            }
            self.write(store, now, log, Key::State, Value::PciRemoved);
        }
    }

    fn init(&mut self, store: &mut Xenstore, now: Time, log: &mut Log, argument: &[Bdf], machine: Assignable<'_>) {
        let mut list = Text::new();
        for &device in argument {
            if !machine.present.contains(&device) {
                // The rest of the devices, and the list, go with it.
                return self.say(now, log, Message::NoSuchDevice);
            }
            let slot = self.slots.insert(device, 0).ok();
            if slot.is_none() {
                self.say(now, log, Message::NoLiveMigration);
                self.fixed.push(device);
            }
            let (shown, removable) = (slot.unwrap_or(0), slot.is_some());
            log.also(now, Event::Hotplug(Hotplug::SlotFilled { device, slot: shown, removable }));
            self.assign(now, log, device, machine);
            list.push_str("0x").push_hex(u64::from(shown), 1).push_char(';');
        }
        self.slots.settle();
        if !argument.is_empty() {
            let value = keys::value(Key::Vslots, list.as_str());
            keys::write(store, self.guest, Key::Vslots, list.as_str());
            log.step(now, Event::Hotplug(Hotplug::Written { by: Process::QemuDm, key: Key::Vslots, value }));
        }
    }

    fn insert(
        &mut self,
        store: &mut Xenstore,
        now: Time,
        log: &mut Log,
        named: Option<(Bdf, Option<u8>)>,
        machine: Assignable<'_>,
    ) {
        let chosen =
            named.map_or(Err(NoSlot::Unusable), |(device, wanted)| self.slots.insert(device, wanted.unwrap_or(0)));
        let (slot, device) = match (chosen, named) {
            (Ok(slot), Some((device, _))) => (slot, device),
            (Err(NoSlot::NoneFree), _) => {
                self.say(now, log, Message::SlotExceeds(0));
                return self.write(store, now, log, Key::Parameter, Value::NoFreeSlots);
            }
            (Err(NoSlot::Unusable) | Ok(_), _) => {
                self.say(now, log, Message::SlotExceeds(-1));
                return self.write(store, now, log, Key::Parameter, Value::WrongSlot);
            }
        };
        let sci = self.slots.announce_added(slot);
        if machine.present.contains(&device) {
            log.also(now, Event::Hotplug(Hotplug::SlotFilled { device, slot, removable: true }));
            self.assign(now, log, device, machine);
        } else {
            self.say(now, log, Message::NoSuchDevice);
        }
        self.write(store, now, log, Key::Parameter, Value::Slot(slot));
        self.write(store, now, log, Key::State, Value::PciInserted);
        self.raised(now, log, sci);
    }

    fn remove(&mut self, now: Time, log: &mut Log, named: Option<(Bdf, Option<u8>)>) {
        let slot = named.and_then(|(device, _)| self.slots.slot_of(device));
        let Some(slot) = slot else { return self.say(now, log, Message::SlotExceeds(-1)) };
        let sci = self.slots.announce_removal(slot);
        self.raised(now, log, sci);
    }

    fn assign(&self, now: Time, log: &mut Log, device: Bdf, machine: Assignable<'_>) {
        let by = Process::QemuDm;
        log.also(now, Event::Hotplug(Hotplug::Assigned { by, device, done: machine.iommu }));
        if !machine.iommu {
            self.say(now, log, Message::AssignFailed);
        }
    }

    fn raised(&self, now: Time, log: &mut Log, sci: bool) {
        log.also(now, Event::Hotplug(Hotplug::EventRaised { byte: self.slots.event(), sci }));
        if sci {
            self.say(now, log, Message::SciGenerated);
        }
    }

    fn write(&self, store: &mut Xenstore, now: Time, log: &mut Log, key: Key, value: Value) {
        keys::write(store, self.guest, key, &text(value));
        log.step(now, Event::Hotplug(Hotplug::Written { by: Process::QemuDm, key, value }));
    }

    fn say(&self, now: Time, log: &mut Log, message: Message) {
        log.also(now, Event::Hotplug(Hotplug::Logged { by: Process::QemuDm, message }));
    }
}
