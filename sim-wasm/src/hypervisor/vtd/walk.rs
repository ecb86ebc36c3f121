//! The walk: tables in memory and a request become a translation or a fault. [`translate`] is all of it, and remembers
//! nothing.
//!
//! ```text
//!   root table readable? 8 ─> present? 1 ─> reserved bits? A ─> context table readable? 9 ─> present? 2 ─> reserved bits? B
//!     ─> width and type known? 3 ─> request type allowed? D ─> address within limit? 4
//!     ─> each level: table readable? 3 for the uppermost, else 7 ─> permission? 5 or 6 ─> reserved bits? C
//! ```
//!
//! The first that fails is the fault, so an empty entry is never "not present": it lets nothing pass, which is 5 or 6. What
//! may pass in the end is what every entry on the way lets pass.
//!
//! Where an entry of type 2 lets a request pass, no limit is looked at. Which bits are reserved the capability registers say.
//!
//! Sources: VT-d specification, "Address translation faults"; for the order, QEMU 4.1 `vtd_do_iommu_translate`
//! (`hw/i386/intel_iommu.c`).
//!
//! Not modelled: a device's requests for translations, memory that returns bad data, zero-length reads, which pass where
//! only writes may, and the caching of entries between the context and the last.

use crate::hypervisor::memory::Memory;
use crate::hypervisor::vtd::capabilities::{Capabilities, ECAP_DEVICE_IOTLB, ECAP_PASS_THROUGH};
use crate::hypervisor::vtd::fault::Fault;
use crate::hypervisor::vtd::structures::{
    ADDRESS_MASK, ContextEntry, Did, Pte, RootEntry, TranslationType, level_index, page_mask, table_at, width_of,
};
use crate::words::ids::Bdf;

/// Where bytes go, seen from the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From memory to the device.
    Read,
    /// From the device to memory.
    Write,
}

/// Whether a device looked its address up itself (the field AT of a request).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AddressType {
    /// It did not.
    #[default]
    Untranslated,
    /// It says that it did, and the address is the machine's.
    Translated,
}

/// One access of a device, within one page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// Who asks.
    pub source: Bdf,
    /// Where, as the device counts.
    pub address: u64,
    /// Which way.
    pub direction: Direction,
    /// What kind of address.
    pub address_type: AddressType,
}

impl Request {
    /// An untranslated read.
    #[must_use]
    pub const fn read(source: Bdf, address: u64) -> Request {
        Request { source, address, direction: Direction::Read, address_type: AddressType::Untranslated }
    }

    /// An untranslated write.
    #[must_use]
    pub const fn write(source: Bdf, address: u64) -> Request {
        Request { source, address, direction: Direction::Write, address_type: AddressType::Untranslated }
    }
}

/// Where a request may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Translation {
    /// The machine's address.
    pub address: u64,
    /// The level of the entry that maps it: 1 is 4 KiB, 2 is 2 MiB, 3 is 1 GiB; 0 if there was no table.
    pub level: u8,
    /// Whether every entry on the way lets reads pass.
    pub readable: bool,
    /// Whether every entry on the way lets writes pass.
    pub writable: bool,
    /// What the translation is tagged with.
    pub did: Did,
}

/// A request that was blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub fault: Fault,
    /// Whether the unit is to record it; an entry's FPD bit may say no.
    pub recorded: bool,
}

impl Refusal {
    /// A fault without an entry that could ask for silence.
    #[must_use]
    pub const fn outright(fault: Fault) -> Refusal {
        Refusal { fault, recorded: true }
    }

    /// A fault behind a context entry.
    #[must_use]
    pub const fn behind(context: ContextEntry, fault: Fault) -> Refusal {
        Refusal { fault, recorded: context.records_faults() || !fault.is_qualified() }
    }
}

/// What the tables say to a request: these frames, this root table (the register RTADDR), this unit, this request; a
/// translation or a fault.
///
/// # Errors
/// A [`Refusal`] with the first fault in the order of the module's picture.
///
/// ```
/// use sim_wasm::hypervisor::memory::{Memory, Owner};
/// use sim_wasm::hypervisor::vtd::capabilities::Capabilities;
/// use sim_wasm::hypervisor::vtd::fault::Fault;
/// use sim_wasm::hypervisor::vtd::structures::{ContextEntry, Did, Pte, RootEntry, address_of};
/// use sim_wasm::hypervisor::vtd::walk::{Request, translate};
/// use sim_wasm::words::ids::Bdf;
///
/// let mut memory = Memory::new(16);
/// let mut frame = || memory.alloc(Owner::Xen(None)).expect("16 are enough");
/// let (root, context, top, middle, bottom, page) = (frame(), frame(), frame(), frame(), frame(), frame());
/// let card = Bdf::new(3, 0, 1);
///
/// RootEntry::new(context).write(memory.xen_page_mut(root), card.bus());
/// ContextEntry::new(top, 3, Did(7)).write(memory.xen_page_mut(context), card.devfn());
/// // Address 0x1000: entries 0, 0 and 1. The last but one lets only reads pass.
/// memory.xen_page_mut(top).write_u64(0, Pte::new(middle, 3).0);
/// memory.xen_page_mut(middle).write_u64(0, Pte::new(bottom, 1).0);
/// memory.xen_page_mut(bottom).write_u64(8, Pte::new(page, 3).0);
///
/// let ask = |request| translate(&memory, Capabilities::typical(), address_of(root), request);
/// let found = ask(Request::read(card, 0x1234)).expect("reads pass");
/// assert_eq!((found.address, found.did, found.writable), (address_of(page) + 0x234, Did(7), false));
/// assert_eq!(ask(Request::write(card, 0x1234)).map_err(|refusal| refusal.fault), Err(Fault::WriteDenied));
/// assert_eq!(ask(Request::read(card, 0x2000)).map_err(|refusal| refusal.fault), Err(Fault::ReadDenied));
/// assert_eq!(ask(Request::read(Bdf::new(4, 0, 0), 0)).map_err(|refusal| refusal.fault), Err(Fault::RootNotPresent));
/// ```
pub fn translate(
    memory: &Memory,
    capabilities: Capabilities,
    root: u64,
    request: Request,
) -> Result<Translation, Refusal> {
    let context = context_entry(memory, capabilities, root, request.source)?;
    behind_context(memory, capabilities, context, request)
}

/// The context entry of a function, checked as far as it can be without a request.
///
/// # Errors
/// A [`Refusal`] with one of the faults 1, 2, 3, 8, 9, A and B.
pub fn context_entry(
    memory: &Memory,
    capabilities: Capabilities,
    root: u64,
    source: Bdf,
) -> Result<ContextEntry, Refusal> {
    let blocked = |fault| Err(Refusal::outright(fault));
    let Some(table) = table_at(memory, root & ADDRESS_MASK) else { return blocked(Fault::RootTableUnreadable) };
    let entry = RootEntry::read(table, source.bus());
    if !entry.is_present() {
        return blocked(Fault::RootNotPresent);
    }
    if entry.has_reserved_bits(capabilities.host_width) {
        return blocked(Fault::RootReserved);
    }
    let Some(table) = table_at(memory, entry.context_table()) else { return blocked(Fault::ContextTableUnreadable) };
    let context = ContextEntry::read(table, source.devfn());
    let blocked = |fault| Err(Refusal::behind(context, fault));
    if !context.is_present() {
        return blocked(Fault::ContextNotPresent);
    }
    if context.has_reserved_bits(capabilities.host_width) {
        return blocked(Fault::ContextReserved);
    }
    let known = match context.translation_type() {
        Some(TranslationType::MultiLevel) => true,
        Some(TranslationType::DeviceIotlb) => capabilities.extends_to(ECAP_DEVICE_IOTLB),
        Some(TranslationType::PassThrough) => capabilities.extends_to(ECAP_PASS_THROUGH),
        None => false,
    };
    if known && capabilities.has_width(context.address_width()) { Ok(context) } else { blocked(Fault::ContextInvalid) }
}

/// What the tables behind a checked context entry say to a request.
///
/// # Errors
/// A [`Refusal`] with one of the faults 3 to 7, C and D.
pub fn behind_context(
    memory: &Memory,
    capabilities: Capabilities,
    context: ContextEntry,
    request: Request,
) -> Result<Translation, Refusal> {
    match without_tables(context, request)? {
        Some(translation) => Ok(translation),
        None => second_level(memory, capabilities, context, request),
    }
}

/// The answer that needs no table: requests that pass as they are.
#[inline]
pub(super) fn without_tables(context: ContextEntry, request: Request) -> Result<Option<Translation>, Refusal> {
    let as_it_is =
        Translation { address: request.address, level: 0, readable: true, writable: true, did: context.did() };
    match (context.translation_type(), request.address_type) {
        (Some(TranslationType::MultiLevel | TranslationType::DeviceIotlb) | None, AddressType::Untranslated) => {
            Ok(None)
        }
        (Some(TranslationType::DeviceIotlb), AddressType::Translated)
        | (Some(TranslationType::PassThrough), AddressType::Untranslated) => Ok(Some(as_it_is)),
        (Some(TranslationType::MultiLevel | TranslationType::PassThrough) | None, AddressType::Translated) => {
            Err(Refusal::behind(context, Fault::RequestTypeBlocked))
        }
    }
}

/// The walk through the second-level tables.
pub(super) fn second_level(
    memory: &Memory,
    capabilities: Capabilities,
    context: ContextEntry,
    request: Request,
) -> Result<Translation, Refusal> {
    let blocked = |fault| Err(Refusal::behind(context, fault));
    let address = request.address;
    if address >> width_of(context.levels()).min(capabilities.guest_width()) != 0 {
        return blocked(Fault::AddressBeyondLimit);
    }
    let rules = capabilities.pte_rules();
    let (denied, bit) = match request.direction {
        Direction::Read => (Fault::ReadDenied, 1),
        Direction::Write => (Fault::WriteDenied, 2),
    };
    let (mut table, mut level, mut lets) = (context.table(), context.levels(), 3);
    loop {
        let Some(page) = table_at(memory, table) else {
            let uppermost = level == context.levels();
            return blocked(if uppermost { Fault::ContextInvalid } else { Fault::TableUnreadable });
        };
        let entry = Pte::read(page, level_index(address, level));
        lets &= entry.0;
        if entry.0 & bit == 0 {
            return blocked(denied);
        }
        if entry.has_reserved_bits(level, rules) {
            return blocked(Fault::PteReserved);
        }
        if entry.is_leaf(level) {
            let address = entry.address() & !page_mask(level) | address & page_mask(level);
            let (readable, writable) = (lets & 1 != 0, lets & 2 != 0);
            return Ok(Translation { address, level, readable, writable, did: context.did() });
        }
        table = entry.address();
        level -= 1;
    }
}
