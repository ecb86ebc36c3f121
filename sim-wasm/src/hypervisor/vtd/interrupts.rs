//! Interrupt requests become interrupts: as they are, by way of a table that says whose they may be, or posted.
//!
//! ```text
//!   write to FEExxxxx ─ remapping off ─────────────────────> vector and processor as the device wrote them
//!      └─ on ─ old format ─ allowed? ──────────────────────> the same;  25 if not
//!      └─ on ─ remappable ─ reserved? 20 ─ index? 21 ─ table? 23 ─ present? 22 ─ reserved? 24 ─ source? 26
//!              ├─ remapped ─> vector and processor as the table's entry says
//!              └─ posted ───> a bit in the vCPU's descriptor; a notification unless one is outstanding;  23 if there is none
//! ```
//!
//! Sources: VT-d specification, "Interrupt remapping" and "Interrupt posting"; `xen/drivers/passthrough/vtd/intremap.c`,
//! `vtd/iommu.h` `struct iremap_entry`, `xen/include/asm-x86/hvm/vmx/vmcs.h` `struct pi_desc`.
//!
//! Not modelled: I/O APICs' requests, logical destinations and lowest priority (both are kept as they were written), and
//! what a processor does with a vector.

use alloc::vec::Vec;

use crate::hypervisor::memory::Memory;
use crate::hypervisor::message::{MSI_BASE, Message};
use crate::hypervisor::page::Page;
use crate::hypervisor::vtd::caches::source_mask;
use crate::hypervisor::vtd::capabilities::{CAP_CM, CAP_POSTING, ECAP_EXTENDED_INTERRUPTS};
use crate::hypervisor::vtd::fault::Fault;
use crate::hypervisor::vtd::invalidation::EntryRange;
use crate::hypervisor::vtd::registers as reg;
use crate::hypervisor::vtd::structures::{ADDRESS_MASK, ENTRY_SIZE, frame_of};
use crate::hypervisor::vtd::unit::Unit;
use crate::hypervisor::vtd::walk::{Direction, Refusal};
use crate::words::ids::{Bdf, Mfn};

/// Bit 4 of a message's address: it has the remappable format.
pub const MSI_REMAPPABLE: u64 = 1 << 4;
/// Bit 3 of a remappable address: the data's lower half is added to the handle (SHV).
pub const MSI_SUBHANDLE: u64 = 1 << 3;

/// Bit 0 of an entry: it is present.
pub const IRTE_PRESENT: u64 = 1;
/// Bit 1: faults of this entry are not recorded (FPD).
pub const IRTE_FPD: u64 = 1 << 1;
/// Bit 15: the entry names a posted-interrupt descriptor (IM).
pub const IRTE_POSTED: u64 = 1 << 15;
/// Bit 14 of a posted entry: it notifies even if notifications are suppressed (URG).
pub const IRTE_URGENT: u64 = 1 << 14;
/// Where the vector is.
pub const IRTE_VECTOR_SHIFT: u32 = 16;
/// Bits 14:12 and 31:24 of a remapped entry, which must be zero.
const REMAPPED_RESERVED: u64 = 0xFF00_7000;
/// Bits 7:2, 13:12 and 37:24 of a posted entry, which must be zero.
const POSTED_RESERVED: u64 = 0x3F_FF00_30FC;
/// In the upper half, bits 63:20 of a remapped entry, which must be zero.
const REMAPPED_RESERVED_HIGH: u64 = !0xF_FFFF;
/// In the upper half, bits 31:20 of a posted entry, which must be zero.
const POSTED_RESERVED_HIGH: u64 = 0xFFF0_0000;
/// Without 32-bit numbers of processors, the bits of the destination field that must be zero.
const XAPIC_RESERVED: u64 = 0xFFFF_00FF << 32;

/// Where bits 255:0 of a posted-interrupt descriptor are: one for each vector (PIR).
pub const PI_REQUESTS: usize = 0;
/// Where bits 256 (outstanding, ON) and 257 (suppressed, SN) are.
pub const PI_CONTROL: usize = 32;
/// Where the notification's vector is (NV).
pub const PI_VECTOR: usize = 34;
/// Where the notification's processor is (NDST).
pub const PI_DESTINATION: usize = 36;
/// Outstanding: a notification was sent and nobody has looked since.
pub const PI_ON: u8 = 1;
/// Suppressed: the vCPU does not run, do not notify.
pub const PI_SN: u8 = 1 << 1;

/// An interrupt, as a processor's interface gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interrupt {
    /// Which of 256.
    pub vector: u8,
    /// Fixed 0, lowest priority 1, SMI 2, NMI 4, INIT 5, external 7.
    pub delivery: u8,
    /// Which processor, or which of them.
    pub destination: u32,
}

/// What came of an interrupt request that was not blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arrival {
    /// It was passed on as the device wrote it: whatever vector, to whatever processor.
    AsWritten(Interrupt),
    /// It was passed on as the table's entry says.
    Remapped(Interrupt),
    /// It was noted for a vCPU, and the vCPU's processor told.
    Notified(Interrupt),
    /// It was noted for a vCPU, which knows already or does not run.
    Noted,
}

/// An interrupt remapping entry (IRTE).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InterruptEntry {
    /// Bits 63:0.
    pub low: u64,
    /// Bits 127:64.
    pub high: u64,
}

/// From whom an entry takes requests: SVT and SQ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceCheck {
    /// Anybody (0).
    Anybody,
    /// A function, of whose number one, two or three low bits may be left out (1).
    Function(Bdf, u8),
    /// Any function on one of these buses, both included (2).
    Buses(u8, u8),
}

impl InterruptEntry {
    /// An entry for a vector of a processor (its number is below 256), fixed and physical.
    #[must_use]
    pub const fn remapped(vector: u8, processor: u8, check: SourceCheck) -> InterruptEntry {
        let low = IRTE_PRESENT | (vector as u64) << IRTE_VECTOR_SHIFT | (processor as u64) << 40;
        InterruptEntry { low, high: check_bits(check) }
    }

    /// An entry for a vector of a vCPU whose descriptor is at this address, a multiple of 64.
    #[must_use]
    pub const fn posted(vector: u8, descriptor: u64, check: SourceCheck) -> InterruptEntry {
        let address = descriptor >> 6;
        InterruptEntry {
            low: IRTE_PRESENT | IRTE_POSTED | (vector as u64) << IRTE_VECTOR_SHIFT | address << 38,
            high: check_bits(check) | descriptor & !0xFFFF_FFFF,
        }
    }

    /// The entry at an offset of a page of the table.
    #[must_use]
    pub fn read(table: &Page, offset: usize) -> InterruptEntry {
        InterruptEntry { low: table.read_u64(offset), high: table.read_u64(offset + 8) }
    }

    /// Writes the entry, lower half last, so that it is never present and wrong.
    pub fn write(self, table: &mut Page, offset: usize) {
        table.write_u64(offset + 8, self.high);
        table.write_u64(offset, self.low);
    }

    /// Whether it is there.
    #[must_use]
    pub const fn is_present(self) -> bool {
        self.low & IRTE_PRESENT != 0
    }

    /// Whether it names a descriptor rather than a processor.
    #[must_use]
    pub const fn is_posted(self) -> bool {
        self.low & IRTE_POSTED != 0
    }

    /// The vector.
    #[must_use]
    pub const fn vector(self) -> u8 {
        (self.low >> IRTE_VECTOR_SHIFT) as u8
    }

    /// Where the posted-interrupt descriptor is.
    #[must_use]
    pub const fn descriptor(self) -> u64 {
        (self.low >> 38 << 6) | self.high & !0xFFFF_FFFF
    }

    /// Whether a request of this function may use it; nothing for the value 3 of SVT, which has no meaning.
    #[must_use]
    pub const fn takes(self, source: Bdf) -> Option<bool> {
        let (sid, mask) = (self.high as u16, (self.high >> 16 & 3) as u8);
        match self.high >> 18 & 3 {
            0 => Some(true),
            1 => Some((source.0 ^ sid) & source_mask(mask) == 0),
            2 => Some((sid >> 8) as u8 <= source.bus() && source.bus() <= sid as u8),
            _ => None,
        }
    }

    const fn has_reserved_bits(self, extended: bool) -> bool {
        let (mut low, high) = if self.is_posted() {
            (POSTED_RESERVED, POSTED_RESERVED_HIGH)
        } else {
            (REMAPPED_RESERVED, REMAPPED_RESERVED_HIGH)
        };
        if !self.is_posted() && !extended {
            low |= XAPIC_RESERVED;
        }
        self.low & low != 0 || self.high & high != 0
    }
}

const fn check_bits(check: SourceCheck) -> u64 {
    match check {
        SourceCheck::Anybody => 0,
        SourceCheck::Function(source, mask) => 1 << 18 | (mask as u64 & 3) << 16 | source.0 as u64,
        SourceCheck::Buses(first, last) => 2 << 18 | (first as u64) << 8 | last as u64,
    }
}

/// A message's address and data in the old format: vector and processor.
#[must_use]
pub const fn as_written(message: Message) -> Interrupt {
    Interrupt {
        vector: message.data as u8,
        delivery: (message.data >> 8 & 7) as u8,
        destination: (message.address >> 12 & 0xFF) as u32,
    }
}

/// The message for an entry of the table, with the handle in its address and nothing in its data.
#[must_use]
pub const fn remappable(index: u16) -> Message {
    let (low, high) = ((index as u64 & 0x7FFF) << 5, (index as u64 >> 15) << 2);
    Message { address: MSI_BASE | low | MSI_REMAPPABLE | high, data: 0 }
}

/// The entry that a remappable message names.
#[must_use]
pub const fn index_of(message: Message) -> u32 {
    let handle = (message.address >> 5 & 0x7FFF) as u32 | ((message.address >> 2 & 1) as u32) << 15;
    if message.address & MSI_SUBHANDLE != 0 { handle + (message.data & 0xFFFF) } else { handle }
}

/// Remembered entries: a place for each of 64 rests of their numbers.
#[derive(Clone, Debug)]
pub struct EntryCache([Option<(u16, InterruptEntry)>; 64]);

impl EntryCache {
    pub(super) const fn new() -> EntryCache {
        EntryCache([None; 64])
    }

    fn find(&self, index: u16) -> Option<InterruptEntry> {
        self.0[usize::from(index) % 64].filter(|(other, _)| *other == index).map(|(_, entry)| entry)
    }

    fn insert(&mut self, index: u16, entry: InterruptEntry) {
        self.0[usize::from(index) % 64] = Some((index, entry));
    }

    /// Forgets all, or a stretch.
    pub(super) fn invalidate(&mut self, range: Option<EntryRange>) {
        for slot in &mut self.0 {
            // A stretch of 2^16 entries or more is all of them.
            let inside = |range: EntryRange, index| u32::from(index ^ range.first) >> range.order.min(16) == 0;
            if slot.is_some_and(|(index, _)| range.is_none_or(|range| inside(range, index))) {
                *slot = None;
            }
        }
    }
}

impl Unit {
    /// A device's interrupt request, or anybody's.
    ///
    /// # Errors
    /// A [`Refusal`] with one of the faults 20 to 26, which is recorded.
    pub fn interrupt(&mut self, memory: &mut Memory, source: Bdf, message: Message) -> Result<Arrival, Refusal> {
        let answer = self.remap(memory, source, message);
        if let Err(refusal) = answer {
            self.counts.blocked += 1;
            let index = match refusal.fault {
                Fault::CompatibilityBlocked | Fault::InterruptReserved => 0,
                _ => index_of(message),
            };
            self.record_fault(source, u64::from(index as u16) << 48, Direction::Write, refusal);
        }
        answer
    }

    fn remap(&mut self, memory: &mut Memory, source: Bdf, message: Message) -> Result<Arrival, Refusal> {
        if self.status & reg::GCMD_IRE == 0 {
            return Ok(Arrival::AsWritten(as_written(message)));
        }
        let extended = self.interrupt_table & reg::IRTA_EIME != 0;
        if message.address & MSI_REMAPPABLE == 0 {
            let allowed = self.status & reg::GCMD_CFI != 0 && !extended;
            let blocked = Refusal::outright(Fault::CompatibilityBlocked);
            return if allowed { Ok(Arrival::AsWritten(as_written(message))) } else { Err(blocked) };
        }
        if message.data >> 16 != 0 {
            return Err(Refusal::outright(Fault::InterruptReserved));
        }
        let index = index_of(message);
        if index >= 2 << (self.interrupt_table & 0xF) {
            return Err(Refusal::outright(Fault::InterruptIndexTooLarge));
        }
        let entry = self.fetch_entry(memory, index as u16)?;
        let blocked = |fault| Err(Refusal { fault, recorded: entry.low & IRTE_FPD == 0 });
        if !entry.is_present() {
            return blocked(Fault::InterruptNotPresent);
        }
        let extended = extended && self.capabilities.extends_to(ECAP_EXTENDED_INTERRUPTS);
        let unknown = entry.is_posted() && !self.capabilities.has(CAP_POSTING);
        let Some(takes) = entry.takes(source).filter(|_| !unknown && !entry.has_reserved_bits(extended)) else {
            return blocked(Fault::InterruptEntryReserved);
        };
        if !takes {
            return blocked(Fault::SourceMismatch);
        }
        if entry.is_posted() {
            return post(memory, entry).ok_or(Refusal::outright(Fault::InterruptTableUnreadable));
        }
        let destination = (entry.low >> 32) as u32;
        let destination = if extended { destination } else { destination >> 8 & 0xFF };
        let delivery = (entry.low >> 5 & 7) as u8;
        Ok(Arrival::Remapped(Interrupt { vector: entry.vector(), delivery, destination }))
    }

    fn fetch_entry(&mut self, memory: &Memory, index: u16) -> Result<InterruptEntry, Refusal> {
        if let Some(entry) = self.interrupt_entries.find(index) {
            return Ok(entry);
        }
        let address = (self.interrupt_table & ADDRESS_MASK) + u64::from(index) * ENTRY_SIZE as u64;
        let page = frame_of(address).and_then(|frame| memory.bus_page(frame));
        let page = page.ok_or(Refusal::outright(Fault::InterruptTableUnreadable))?;
        let entry = InterruptEntry::read(page, (address & 0xFFF) as usize);
        if entry.is_present() || self.capabilities.has(CAP_CM) {
            self.interrupt_entries.insert(index, entry);
        }
        Ok(entry)
    }
}

/// Notes an interrupt in a vCPU's descriptor; nothing if the descriptor is not in memory.
fn post(memory: &mut Memory, entry: InterruptEntry) -> Option<Arrival> {
    let address = entry.descriptor();
    let page = memory.bus_page_mut(frame_of(address)?)?;
    let at = (address & 0xFFF) as usize;
    let vector = entry.vector();
    let byte = at + PI_REQUESTS + usize::from(vector / 8);
    page.write_u8(byte, page.read_u8(byte) | 1 << (vector % 8));
    let control = page.read_u8(at + PI_CONTROL);
    let urgent = entry.low & IRTE_URGENT != 0;
    if control & PI_ON != 0 || (control & PI_SN != 0 && !urgent) {
        return Some(Arrival::Noted);
    }
    page.write_u8(at + PI_CONTROL, control | PI_ON);
    let vector = page.read_u8(at + PI_VECTOR);
    let destination = page.read_u32(at + PI_DESTINATION) >> 8 & 0xFF;
    Some(Arrival::Notified(Interrupt { vector, delivery: 0, destination }))
}

/// What a processor takes over when it runs the vCPU or is notified: the outstanding bit is cleared and the vectors are
/// taken, the highest first (`vmx_sync_pir_to_irr`).
pub fn take_posted(memory: &mut Memory, descriptor: u64) -> Vec<u8> {
    let frame: Mfn = frame_of(descriptor).expect("a vCPU's descriptor is in memory");
    let page = memory.xen_page_mut(frame);
    let at = (descriptor & 0xFFF) as usize;
    let control = page.read_u8(at + PI_CONTROL);
    page.write_u8(at + PI_CONTROL, control & !PI_ON);
    let mut vectors = Vec::new();
    for vector in (0..=255_u8).rev() {
        let byte = at + PI_REQUESTS + usize::from(vector / 8);
        let bits = page.read_u8(byte);
        if bits >> (vector % 8) & 1 != 0 {
            vectors.push(vector);
            page.write_u8(byte, bits & !(1 << (vector % 8)));
        }
    }
    vectors
}
