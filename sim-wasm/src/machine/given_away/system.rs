//! An HVM guest's system: it finds its cards when it comes up, and takes the events of those that come and go; each card gets
//! registers somewhere in its memory, and a vector.
//!
//! Not modelled: the scan of the virtual bus, whose cards the system knows, and systems that know nothing of hot-plugging, which
//! [`hotplug`](crate::machine::hotplug) has.

use alloc::vec::Vec;

use crate::actors::hotplug::slots::{Asked, EJECT};
use crate::actors::log::Event;
use crate::actors::log::hotplug::Hotplug;
use crate::hypervisor::message::Message;
use crate::machine::given_away::GivenAway;
use crate::machine::given_away::driver::{Driver, Hears};
use crate::machine::given_away::hardware::{REGISTERS, TABLE};
use crate::machine::given_away::hvm::{HvmSide, Model};
use crate::machine::given_away::settings::{CardId, GuestId};
use crate::protocols::pci::config::Width;
use crate::protocols::pci::msi::{Msi, PCI_MSI_ADDRESS_HI, PCI_MSI_ADDRESS_LO, PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE};
use crate::protocols::pci::msix::{PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE, PCI_MSIX_FLAGS_MASKALL};
use crate::protocols::pci::registers::{PCI_CAP_ID_MSIX, PCI_COMMAND, PCI_COMMAND_MASTER, PCI_COMMAND_MEMORY};
use crate::words::ids::Bdf;

/// Where an HVM guest puts its first card's registers; each slot has a mebibyte.
const GUEST_BAR: u64 = 0xF300_0000;
/// The vector that its system gives the card in slot 0.
const GUEST_VECTOR: u8 = 0x51;

impl GivenAway {
    /// An HVM guest's system has come up and finds its cards.
    pub(super) fn system_booted(&mut self, guest: GuestId) {
        if !self.guest(guest).alive {
            return;
        }
        let found = self.guest(guest).hvm().map(|hvm| hvm.behind.iter().map(|behind| behind.card).collect::<Vec<_>>());
        let found = found.unwrap_or_default();
        self.log.step(self.now, Event::Hotplug(Hotplug::Booted { cards: found.len() as u8 }));
        for card in found {
            self.begin_hvm_driver(guest, card);
        }
    }

    /// An HVM guest's system takes the event of hot-plugging: a card came, or is to go.
    pub(super) fn system_event(&mut self, guest: GuestId) {
        if !self.guest(guest).alive {
            return;
        }
        let now = self.now;
        let Some(slots) = self.guest(guest).hvm().and_then(HvmSide::slots) else { return };
        slots.acknowledge_event();
        let Some((slot, added)) = slots.decode(slots.event()) else { return };
        let port = slots.port_of(slot);
        self.log.step(now, Event::Hotplug(Hotplug::EventSeen { slot, added }));
        let behind = self.guest(guest).hvm().and_then(|hvm| hvm.behind.iter().find(|behind| behind.slot == slot));
        let card = behind.map(|behind| behind.card);
        if added {
            if let Some(card) = card {
                self.begin_hvm_driver(guest, card);
            }
            return;
        }
        if let Some(card) = card {
            self.end_hvm_driver(guest, card);
        }
        let GivenAway { guests, log, .. } = self;
        let (Some(hvm), Some(port)) = (guests[usize::from(guest.0)].hvm(), port) else { return };
        match &mut hvm.model {
            Model::Old(old) => old.model.guest_writes(&mut old.store, now, log, port, EJECT),
            Model::Today { slots } => {
                if let Asked::Eject { slot, .. } = slots.write(port, EJECT) {
                    log.also(now, Event::Hotplug(Hotplug::SlotEjected { slot }));
                }
            }
        }
        self.model_did(guest);
    }

    /// A driver takes its card: registers somewhere in its guest's memory, a vector, the bus.
    fn begin_hvm_driver(&mut self, guest: GuestId, card: CardId) {
        let slot = self.guest(guest).hvm().and_then(|hvm| hvm.behind.iter().find(|behind| behind.card == card));
        let (Some(slot), Some(rings)) = (slot.map(|behind| behind.slot), self.guest(guest).room()) else { return };
        if self.guest(guest).driver_of(card).is_some() {
            return;
        }
        let registers = GUEST_BAR + (u64::from(slot) << 20);
        let vector = GUEST_VECTOR + slot;
        let mut write = |offset, width, value| self.config_write(guest, card, offset, width, value);
        write(REGISTERS.offset(), Width::Dword, registers as u32);
        write(PCI_COMMAND, Width::Word, u32::from(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER));
        if let Some(at) = self.hardware.function(card).config.find_capability(PCI_CAP_ID_MSIX) {
            let flags = at + PCI_MSIX_FLAGS;
            let whole = u32::from(PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
            self.config_write(guest, card, flags, Width::Word, whole);
            let Message { address, data } = Message::to(0, vector);
            let entry = [address as u32, 0, data, 0];
            for (at, word) in (registers + u64::from(TABLE.table.offset)..).step_by(4).zip(entry) {
                self.touch(guest, at, word);
            }
            self.config_write(guest, card, flags, Width::Word, PCI_MSIX_FLAGS_ENABLE.into());
        } else if let Some(msi) = Msi::of(&self.hardware.function(card).config) {
            let Message { address, data } = Message::to(0, vector);
            let mut write = |offset, width, value| self.config_write(guest, card, msi.at + offset, width, value);
            write(PCI_MSI_ADDRESS_LO, Width::Dword, address as u32);
            write(PCI_MSI_ADDRESS_HI, Width::Dword, 0);
            write(msi.shape.data(), Width::Word, data);
            write(PCI_MSI_FLAGS, Width::Word, PCI_MSI_FLAGS_ENABLE.into());
        }
        let place = Bdf::new(0, slot, 0);
        self.start_driver(guest, Driver::new(card, place, registers, rings, Hears::Vector(vector)));
    }

    /// An HVM guest's system puts a card's registers elsewhere, and its driver looks for them there.
    pub(super) fn move_registers(&mut self, guest: GuestId, card: CardId, to: u64) {
        if self.guest(guest).hvm().is_none() {
            return;
        }
        let Some(driver) = self.guest(guest).driver_mut(card) else { return };
        driver.registers = to;
        self.config_write(guest, card, REGISTERS.offset(), Width::Dword, to as u32);
        let command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
        self.config_write(guest, card, PCI_COMMAND, Width::Word, command.into());
    }

    fn end_hvm_driver(&mut self, guest: GuestId, card: CardId) {
        self.stop_driver(guest, card);
        let config = &self.hardware.function(card).config;
        let table = config.find_capability(PCI_CAP_ID_MSIX).map(|at| at + PCI_MSIX_FLAGS);
        if let Some(flags) = table.or_else(|| Msi::of(config).map(|msi| msi.at + PCI_MSI_FLAGS)) {
            self.config_write(guest, card, flags, Width::Word, 0);
        }
        self.config_write(guest, card, PCI_COMMAND, Width::Word, 0);
    }

    /// An HVM guest takes an interrupt.
    pub(super) fn take_interrupt(&mut self, guest: GuestId, vector: u8) {
        if !self.guest(guest).alive {
            return;
        }
        let of = |driver: &&Driver| driver.hears == Hears::Vector(vector);
        if let Some(card) = self.guest(guest).drivers.iter().find(of).map(|driver| driver.card) {
            self.reap(guest, card);
        }
    }
}
