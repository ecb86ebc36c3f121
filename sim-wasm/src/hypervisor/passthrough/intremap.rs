//! A device's interrupt becomes an entry of the unit's table and the message that names it; without a table, a message that
//! any device could write.
//!
//! A device that writes to FEE00000 rings whatever it writes, unless interrupts are remapped, and so does a guest that drives
//! it. Xen notes when it gives such a device away ([`Iommus::untrusted_msi`]), and then guards what hurts most: vectors below
//! 0x20, which processors take for exceptions, are held back by the task priority register, and the entries for software
//! interrupts 0x80 and 0x82 look whether an interrupt is in service before they believe that a program called
//! (CVE-2011-1898).
//!
//! Sources: `xen/drivers/passthrough/vtd/intremap.c`, `enable_intremap`, `msi_msg_to_remap_entry`, `set_msi_source_id`;
//! `xen/drivers/passthrough/pci.c`, `assign_device`; `xen/arch/x86/traps.c`.
//!
//! Not modelled: I/O APICs' entries, messages for several vectors, and tables of more than one page. AMD's tables are
//! [elsewhere](crate::hypervisor::passthrough::amd_interrupts).

use crate::hypervisor::memory::{Memory, Owner};
use crate::hypervisor::message::Message;
use crate::hypervisor::passthrough::iommus::{Iommus, PciDevice};
use crate::hypervisor::passthrough::options::AssignError;
use crate::hypervisor::vtd::capabilities::{CAP_CM, CAP_POSTING};
use crate::hypervisor::vtd::interrupts::{InterruptEntry, SourceCheck, index_of, remappable};
use crate::hypervisor::vtd::invalidation::{Descriptor, EntryRange};
use crate::hypervisor::vtd::registers as reg;
use crate::hypervisor::vtd::structures::{ENTRY_SIZE, address_of};
use crate::words::ids::Bdf;

/// Entries of a table of one page: `2^(n + 1)` with n in IRTA.
const ENTRIES: u16 = 256;

/// Where a device's interrupt is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// To a processor.
    Processor {
        /// As what.
        vector: u8,
        /// Which, below 256.
        processor: u8,
    },
    /// To a vCPU, whose descriptor is at an address that is a multiple of 64.
    Posted {
        /// As what.
        vector: u8,
        /// Where.
        descriptor: u64,
    },
}

/// What a Xen that does not trust messages does about a vector that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// The task priority register holds it back.
    HeldBack,
    /// The entry looks into the interrupt controller, and ends a forged interrupt.
    Checked,
    /// Nothing: it is taken for an interrupt, which it is.
    Nothing,
}

/// What guards against a forged vector.
#[must_use]
pub const fn guard_of(vector: u8) -> Guard {
    match vector {
        0..0x20 => Guard::HeldBack,
        0x80 | 0x82 => Guard::Checked,
        _ => Guard::Nothing,
    }
}

impl Iommus {
    /// Turns remapping on in every unit that can; part of booting.
    pub(super) fn enable_intremap(&mut self, memory: &mut Memory) -> Result<(), AssignError> {
        for drhd in &mut self.units {
            let table = memory.alloc(Owner::Xen(None)).ok_or(AssignError::NoMemory)?;
            drhd.interrupts = Some(table);
            let unit = &mut drhd.unit;
            unit.write_u64(memory, reg::IRTA, address_of(table) | 7);
            let states = unit.read_u32(reg::GSTS) & reg::GCMD_STATES;
            unit.write_u32(memory, reg::GCMD, states | reg::GCMD_SIRTP);
            unit.write_u32(memory, reg::GCMD, states | reg::GCMD_IRE);
        }
        Ok(())
    }

    /// The message that a device is to write for an interrupt. With remapping it names an entry that takes it from the device
    /// alone.
    ///
    /// # Errors
    /// The table may be full; [`AssignError::NotImplemented`] for a posted interrupt where the unit posts none.
    ///
    /// # Panics
    /// If there is no such device.
    pub fn map_msi(&mut self, memory: &mut Memory, source: Bdf, target: Target) -> Result<Message, AssignError> {
        let device = self.device(source).expect("interrupts are for devices that were added");
        let (number, check) = (device.unit, source_check(device));
        let remaps = self.units.get(usize::from(number)).and_then(|drhd| drhd.interrupts);
        let posts = self.are_enabled() && self.unit(number).unit.capabilities().has(CAP_POSTING);
        let entry = match (remaps, target) {
            (None, Target::Processor { vector, processor }) => {
                return Ok(Message::to(processor, vector));
            }
            (Some(_), Target::Processor { vector, processor }) => InterruptEntry::remapped(vector, processor, check),
            (Some(_), Target::Posted { vector, descriptor }) if posts && self.options.intpost.is_on() => {
                InterruptEntry::posted(vector, descriptor, check)
            }
            (_, Target::Posted { .. }) => return Err(AssignError::NotImplemented),
        };
        let table = remaps.expect("without a table there is no entry");
        let offset = |index: u16| usize::from(index) * ENTRY_SIZE;
        let free = |index: &u16| !InterruptEntry::read(memory.xen_page(table), offset(*index)).is_present();
        let index = (0..ENTRIES).find(free).ok_or(AssignError::NoMemory)?;
        entry.write(memory.xen_page_mut(table), offset(index));
        if self.unit(number).unit.capabilities().has(CAP_CM) {
            self.forget_entry(memory, number, index);
        }
        Ok(remappable(index))
    }

    /// A message rings no more; without remapping nothing can be done about it.
    pub fn unmap_msi(&mut self, memory: &mut Memory, number: u8, message: Message) {
        let Some(table) = self.units.get(usize::from(number)).and_then(|drhd| drhd.interrupts) else { return };
        let index = index_of(message) as u16 % ENTRIES;
        InterruptEntry::default().write(memory.xen_page_mut(table), usize::from(index) * ENTRY_SIZE);
        self.forget_entry(memory, number, index);
    }

    fn forget_entry(&mut self, memory: &mut Memory, number: u8, index: u16) {
        let range = EntryRange { first: index, order: 0 };
        self.submit(memory, number, Descriptor::InterruptEntries(Some(range)));
    }
}

/// From whom a device's entry takes requests: its own number, with as many low bits left out as its phantom functions need;
/// behind a bridge, any number on the buses from the bridge's to the device's.
fn source_check(device: &PciDevice) -> SourceCheck {
    let own = device.source;
    let other_bus = device.aliases.iter().map(|alias| alias.bus()).filter(|bus| *bus < own.bus()).min();
    if let Some(first) = other_bus {
        return SourceCheck::Buses(first, own.bus());
    }
    let differing = device.aliases.iter().fold(0, |bits, alias| bits | (alias.0 ^ own.0) & 7);
    let mask = match differing {
        0 => 0,
        4 => 1,
        2 | 6 => 2,
        _ => 3,
    };
    SourceCheck::Function(own, mask)
}
