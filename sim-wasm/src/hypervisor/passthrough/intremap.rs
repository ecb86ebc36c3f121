//! A device's interrupt becomes an entry of the unit's table and the message that names it; without a table, a message that
//! any device could write.
//!
//! A device that writes to FEE00000 rings whatever it writes, unless interrupts are remapped, and so does a guest that drives
//! it. Today's Xen guards what hurts most (CVE-2011-1898): vectors below 0x20, which processors take for exceptions, are
//! always held back by the task priority register. The entries for software interrupts 0x80 and 0x82 believe that a program
//! called; once a guest has a device whose interrupts are not remapped ([`Iommus::untrusted_msi`]), they look first whether
//! the vector is in service, and if it is, Xen stops: the guest takes the host down, but does not take it over. Xen 3.3 has
//! none of this.
//!
//! ```text
//!   message ─> unit ─ as it was written ─ below 0x20? ─ 3.3: an exception's handler ─ today: held back
//!               │                        └ 0x80, 0x82? ─ a call ─ where messages are not trusted: Xen stops
//!               └─ by the table, whose vectors are Xen's ──> the handler of the vector
//! ```
//!
//! Sources: `xen/drivers/passthrough/vtd/intremap.c`, `enable_intremap`, `msi_msg_to_remap_entry`, `set_msi_source_id`;
//! `xen/drivers/passthrough/vtd/iommu.c`, `reassign_device_ownership`; `xen/arch/x86/apic.c`, `setup_local_APIC`,
//! `check_for_unexpected_msi`; `xen/arch/x86/pv/hypercall.c`, `do_entry_int82`; `xen/arch/x86/x86_64/entry.S`,
//! `int80_direct_trap`.
//!
//! Not modelled: I/O APICs' entries, messages for several vectors, tables of more than one page, what an exception's handler
//! or a call does with what it finds, and that a processor takes vectors below 0x10 for an error of its controller. AMD's
//! tables are [elsewhere](crate::hypervisor::passthrough::amd_interrupts).

use crate::hypervisor::memory::{Memory, Owner};
use crate::hypervisor::message::Message;
use crate::hypervisor::passthrough::drhd::Drhd;
use crate::hypervisor::passthrough::iommus::{Iommus, PciDevice};
use crate::hypervisor::passthrough::options::AssignError;
use crate::hypervisor::vtd::capabilities::{CAP_CM, CAP_POSTING};
use crate::hypervisor::vtd::fault::Fault;
use crate::hypervisor::vtd::interrupts::{
    Arrival, Interrupt, InterruptEntry, SourceCheck, as_written, index_of, remappable,
};
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

/// What today's Xen has against a vector that a device wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// The task priority register holds it back.
    HeldBack,
    /// The entry looks into the interrupt controller if messages are not trusted, and Xen stops if the vector is in service.
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

/// What comes of an interrupt at the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Taken {
    /// The handler of this vector runs.
    Handled(u8),
    /// Nothing runs: the vector stays requested.
    HeldBack(u8),
    /// What runs is not meant for interrupts: an exception's handler, or the entry of a program's call.
    Mistaken(u8),
    /// Xen finds the vector in service where programs call, and stops, with all guests.
    XenStops(u8),
    /// It goes by no vector but by this delivery mode (SMI, NMI, INIT, external), which no task priority holds back.
    ByMode(u8),
    /// It was noted for a vCPU, and no processor is told.
    Noted,
}

impl Iommus {
    /// A device sends a message: through its unit, if it has one, to the processor.
    ///
    /// # Errors
    /// The fault for which the unit blocked it.
    ///
    /// # Panics
    /// If there is no such device.
    pub fn send_message(&mut self, memory: &mut Memory, source: Bdf, message: Message) -> Result<Taken, Fault> {
        let number = self.device(source).expect("messages are sent by devices that were added").unit;
        let arrival = match self.units.get_mut(usize::from(number)) {
            Some(drhd) => drhd.unit.interrupt(memory, source, message).map_err(|refusal| refusal.fault)?,
            None => Arrival::AsWritten(as_written(message)),
        };
        Ok(self.taken(arrival))
    }

    /// What comes of an interrupt that the unit let pass.
    #[must_use]
    pub const fn taken(&self, arrival: Arrival) -> Taken {
        match arrival {
            Arrival::AsWritten(Interrupt { delivery: mode @ 2.., .. }) => Taken::ByMode(mode),
            Arrival::AsWritten(Interrupt { vector, .. }) => match guard_of(vector) {
                Guard::HeldBack if !self.is_old() => Taken::HeldBack(vector),
                Guard::Checked if !self.is_old() && self.untrusted_msi.is_on() => Taken::XenStops(vector),
                Guard::HeldBack | Guard::Checked => Taken::Mistaken(vector),
                Guard::Nothing => Taken::Handled(vector),
            },
            Arrival::Remapped(Interrupt { vector, .. }) | Arrival::Notified(Interrupt { vector, .. }) => {
                Taken::Handled(vector)
            }
            Arrival::Noted => Taken::Noted,
        }
    }

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

    /// Whether a unit posts interrupts: it can, its interrupts are remapped, and `iommu=intpost` says so.
    #[must_use]
    pub fn posts_interrupts(&self, number: u8) -> bool {
        let can = |drhd: &Drhd| drhd.interrupts.is_some() && drhd.unit.capabilities().has(CAP_POSTING);
        self.options.intpost.is_on() && self.units.get(usize::from(number)).is_some_and(can)
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
        let posts = self.posts_interrupts(number);
        let entry = match (remaps, target) {
            (None, Target::Processor { vector, processor }) => {
                return Ok(Message::to(processor, vector));
            }
            (Some(_), Target::Processor { vector, processor }) => InterruptEntry::remapped(vector, processor, check),
            (Some(_), Target::Posted { vector, descriptor }) if posts => {
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
