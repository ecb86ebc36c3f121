//! AMD's units remap interrupts as well: a message's data names an entry, and the entry says as what and where the interrupt
//! arrives. Whose table that is decides who can ring what.
//!
//! ```text
//!   device ─> message to FEE00000 and up ─> table of the device ─> entry 10:0 of the data ─> vector, processor
//!                                           until XSA-36: one table for all devices
//!
//!   entry  0 present   4:2 delivery   6 logical   15:8 processor   23:16 vector
//! ```
//!
//! No entry says which function may use it, as one of VT-d does: a function uses whatever stands in its table. With one table
//! for the whole machine, which Xen chose to get round a fault of early units, a guest that drives one device rings with every
//! entry of every other device. Besides, entries of interrupts that were torn down stayed, and could be rung ever after.
//!
//! Sources: `xen/drivers/passthrough/amd/iommu_intr.c`, `update_intremap_entry_from_msi_msg`, `get_intremap_offset`,
//! `amd_iommu_perdev_intremap`; AMD I/O Virtualization Technology specification, "Interrupt Remapping Tables"; XSA-36.
//!
//! Not modelled: AMD's tables of addresses and of devices (a function without a table of interrupts is blocked), entries of 128
//! bits, delivery modes above 3, whose entries lie in a second page, I/O APICs, and the unit's memory of entries.

use alloc::vec::Vec;

use crate::hypervisor::memory::{Memory, Owner};
use crate::hypervisor::message::Message;
use crate::hypervisor::passthrough::options::AssignError;
use crate::hypervisor::vtd::interrupts::{Interrupt, as_written};
use crate::words::ids::{Bdf, Mfn};

/// Bit 0 of an entry: it is used.
pub const INT_REMAP_ENTRY_REMAPEN: u32 = 1;
/// Where the delivery mode is, three bits.
pub const INT_REMAP_ENTRY_INTTYPE_SHIFT: u32 = 2;
/// Where the processor is, eight bits.
pub const INT_REMAP_ENTRY_DEST_SHIFT: u32 = 8;
/// Where the vector is, eight bits.
pub const INT_REMAP_ENTRY_VECTOR_SHIFT: u32 = 16;

const ENTRY_SIZE: usize = 4;
/// Entries of a table of one page.
const ENTRIES: u32 = 1024;

/// What XSA-36 repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AmdRepairs {
    /// Each device has a table of its own (`amd_iommu_perdev_intremap`).
    pub own_tables: bool,
    /// The entry of an interrupt that is torn down is cleared.
    pub clears_entries: bool,
}

impl AmdRepairs {
    /// Both.
    pub const ALL: AmdRepairs = AmdRepairs { own_tables: true, clears_entries: true };

    /// Neither.
    pub const NONE: AmdRepairs = AmdRepairs { own_tables: false, clears_entries: false };
}

/// Why a unit blocked an interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AmdBlocked {
    /// The function has no table.
    NoTable,
    /// The table ends before the entry.
    Beyond,
    /// The entry is not used.
    NotPresent,
}

/// The tables of an AMD unit, in frames of Xen's, and what Xen keeps about them.
#[derive(Clone, Debug)]
pub struct AmdInterrupts {
    repairs: AmdRepairs,
    /// Each table with the function whose it is; the shared one is nobody's.
    tables: Vec<(Option<Bdf>, Mfn)>,
}

impl AmdInterrupts {
    /// A unit that remaps, without any table.
    #[must_use]
    pub const fn new(repairs: AmdRepairs) -> AmdInterrupts {
        AmdInterrupts { repairs, tables: Vec::new() }
    }

    /// The message that a device is to write for a vector of a processor. It looks like one that is not remapped.
    ///
    /// # Errors
    /// [`AssignError::NoMemory`]; and [`AssignError::Busy`] if the table has that vector already.
    pub fn map(&mut self, memory: &mut Memory, source: Bdf, vector: u8, processor: u8) -> Result<Message, AssignError> {
        let message = Message::to(processor, vector);
        let holder = self.repairs.own_tables.then_some(source);
        let table = match self.table_of(source) {
            Some(table) => table,
            None => {
                let table = memory.alloc(Owner::Xen(None)).ok_or(AssignError::NoMemory)?;
                self.tables.push((holder, table));
                table
            }
        };
        let page = memory.xen_page_mut(table);
        let at = index_of(message) as usize * ENTRY_SIZE;
        if page.read_u32(at) & INT_REMAP_ENTRY_REMAPEN != 0 {
            return Err(AssignError::Busy);
        }
        let place = u32::from(processor) << INT_REMAP_ENTRY_DEST_SHIFT;
        page.write_u32(at, INT_REMAP_ENTRY_REMAPEN | place | u32::from(vector) << INT_REMAP_ENTRY_VECTOR_SHIFT);
        Ok(message)
    }

    /// A device's message is torn down.
    pub fn unmap(&mut self, memory: &mut Memory, source: Bdf, message: Message) {
        if let Some(table) = self.table_of(source).filter(|_| self.repairs.clears_entries) {
            memory.xen_page_mut(table).write_u32(index_of(message) as usize * ENTRY_SIZE, 0);
        }
    }

    /// A device writes a message, or whatever a guest has it write.
    ///
    /// # Errors
    /// Why it rings nobody.
    pub fn interrupt(&self, memory: &Memory, source: Bdf, message: Message) -> Result<Interrupt, AmdBlocked> {
        let table = self.table_of(source).ok_or(AmdBlocked::NoTable)?;
        let index = index_of(message);
        if index >= ENTRIES {
            return Err(AmdBlocked::Beyond);
        }
        let entry = memory.xen_page(table).read_u32(index as usize * ENTRY_SIZE);
        if entry & INT_REMAP_ENTRY_REMAPEN == 0 {
            return Err(AmdBlocked::NotPresent);
        }
        Ok(Interrupt {
            vector: (entry >> INT_REMAP_ENTRY_VECTOR_SHIFT) as u8,
            delivery: (entry >> INT_REMAP_ENTRY_INTTYPE_SHIFT & 7) as u8,
            destination: entry >> INT_REMAP_ENTRY_DEST_SHIFT & 0xFF,
        })
    }

    fn table_of(&self, source: Bdf) -> Option<Mfn> {
        let holder = self.repairs.own_tables.then_some(source);
        self.tables.iter().find(|(other, _)| *other == holder).map(|(_, table)| *table)
    }
}

/// The entry that a message names: delivery mode, then vector.
fn index_of(message: Message) -> u32 {
    let Interrupt { vector, delivery, .. } = as_written(message);
    u32::from(delivery) << 8 | u32::from(vector)
}
