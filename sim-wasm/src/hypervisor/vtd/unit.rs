//! A remapping unit: a page of registers, two caches, and what it took over from its registers.
//!
//! A device's request comes in by [`Unit::translate`], software's writes by [`Unit::write_u32`] and [`Unit::write_u64`]. What
//! the unit sends, it leaves in [`Unit::take_messages`].
//!
//! ```text
//!   request ─> context cache ──hit──> IOTLB ──hit──> translation
//!                   │ miss              │ miss            ▲
//!                   └─> root, context   └─> tables ───────┴─ or fault ─> fault record ─> message
//! ```
//!
//! Sources: VT-d specification; `xen/drivers/passthrough/vtd/iommu.c`.
//!
//! Not modelled: time (a register's command is done when the write returns), the scope of units in the DMAR table, units of
//! major version 6, which have no registers for invalidation, and an advanced fault log.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::hypervisor::memory::Memory;
use crate::hypervisor::message::Message;
use crate::hypervisor::page::Page;
use crate::hypervisor::vtd::caches::{CacheSizes, CachedContext, ContextCache, Iotlb};
use crate::hypervisor::vtd::capabilities::{CAP_CM, Capabilities};
use crate::hypervisor::vtd::fault::Fault;
use crate::hypervisor::vtd::fault_records::Collapse;
use crate::hypervisor::vtd::interrupts::EntryCache;
use crate::hypervisor::vtd::registers as reg;
use crate::hypervisor::vtd::structures::{ADDRESS_MASK, ContextEntry, Did};
use crate::hypervisor::vtd::walk::{
    Direction, Refusal, Request, Translation, context_entry, second_level, without_tables,
};
use crate::hypervisor::vtd::write_requests::WriteRequest;

/// How often a unit was asked, and what that cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counts {
    /// Requests.
    pub requests: u64,
    /// Requests whose context entry was not remembered: two reads of memory.
    pub context_misses: u64,
    /// Requests whose translation was not remembered: one read of memory for each level.
    pub iotlb_misses: u64,
    /// Requests that were blocked.
    pub blocked: u64,
    /// Faults that were written down.
    pub recorded: u64,
    /// Faults that were lost, since a record was in use or a loss was not acknowledged yet.
    pub lost: u64,
    /// Faults that an earlier record of the same function stands for.
    pub collapsed: u64,
    /// Invalidations of context entries.
    pub context_invalidations: u64,
    /// Invalidations of translations.
    pub iotlb_invalidations: u64,
}

/// A remapping unit (a DRHD of the DMAR table).
#[derive(Clone, Debug)]
pub struct Unit {
    /// What it can do.
    pub(super) capabilities: Capabilities,
    /// Its page of registers.
    pub(super) registers: Box<Page>,
    /// What it has done of GCMD, as in GSTS.
    pub(super) status: u32,
    /// RTADDR, as taken over.
    pub(super) root: u64,
    /// IRTA, as taken over.
    pub(super) interrupt_table: u64,
    pub(super) contexts: ContextCache,
    pub(super) iotlb: Iotlb,
    pub(super) interrupt_entries: EntryCache,
    /// Which faults one record stands for.
    pub(super) collapse: Collapse,
    /// The record that is written next.
    pub(super) next_record: u16,
    /// Writes that were translated and have not reached memory.
    pub(super) under_way: Vec<WriteRequest>,
    pub(super) messages: Vec<Message>,
    pub(super) counts: Counts,
}

impl Unit {
    /// A unit after reset: it lets every request pass as it is.
    #[must_use]
    pub fn new(capabilities: Capabilities, sizes: CacheSizes) -> Unit {
        let mut registers = Page::boxed();
        registers.write_u32(usize::from(reg::VER), 0x10);
        registers.write_u64(usize::from(reg::CAP), capabilities.cap);
        registers.write_u64(usize::from(reg::ECAP), capabilities.ecap);
        registers.write_u32(usize::from(reg::FECTL), reg::EVENT_MASKED);
        registers.write_u32(usize::from(reg::IECTL), reg::EVENT_MASKED);
        let records_end = capabilities.fault_records_at() + capabilities.fault_records() * reg::FRCD_SIZE;
        assert!(records_end <= 0x1000, "the fault records lie in the register page");
        Unit {
            capabilities,
            registers,
            status: 0,
            root: 0,
            interrupt_table: 0,
            contexts: ContextCache::new(sizes.context_order),
            iotlb: Iotlb::new(sizes.iotlb_order),
            interrupt_entries: EntryCache::new(),
            collapse: Collapse::SameFunction,
            next_record: 0,
            under_way: Vec::new(),
            messages: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// Chooses which faults one record stands for; the specification leaves it to the unit.
    #[must_use]
    pub const fn with_collapse(mut self, collapse: Collapse) -> Unit {
        self.collapse = collapse;
        self
    }

    /// What it can do.
    #[must_use]
    pub const fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    /// How often it was asked.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// The root table that it uses; another one may stand in RTADDR already.
    #[must_use]
    pub const fn root(&self) -> u64 {
        self.root
    }

    /// The context entries that it remembers.
    #[must_use]
    pub const fn contexts(&self) -> &ContextCache {
        &self.contexts
    }

    /// The translations that it remembers.
    #[must_use]
    pub const fn iotlb(&self) -> &Iotlb {
        &self.iotlb
    }

    /// Whether it translates.
    #[must_use]
    #[inline]
    pub const fn is_enabled(&self) -> bool {
        self.status & reg::GCMD_TE != 0
    }

    /// Takes the messages that it sent since the last call: events of faults and of invalidations.
    pub fn take_messages(&mut self) -> Vec<Message> {
        core::mem::take(&mut self.messages)
    }

    /// Translates a request, from what is remembered if possible, and writes a fault down if it is blocked.
    ///
    /// # Errors
    /// The [`Refusal`], as the tables say or said it.
    #[inline]
    pub fn translate(&mut self, memory: &Memory, request: Request) -> Result<Translation, Refusal> {
        self.counts.requests += 1;
        if !self.is_enabled() {
            let address = request.address;
            return Ok(Translation { address, level: 0, readable: true, writable: true, did: Did(0) });
        }
        let answer = self.look_up(memory, request);
        if let Err(refusal) = answer {
            self.counts.blocked += 1;
            self.record_dma_fault(request, refusal);
        }
        answer
    }

    #[inline]
    fn look_up(&mut self, memory: &Memory, request: Request) -> Result<Translation, Refusal> {
        let context = match self.contexts.find(request.source) {
            Some(cached) => cached.found,
            None => self.fetch_context(memory, request),
        }?;
        if let Some(translation) = without_tables(context, request)? {
            return Ok(translation);
        }
        match self.iotlb.find(context.did(), request.address) {
            Some(found) => {
                let found =
                    found.map_err(|refusal| Refusal::behind(context, denied(refusal.fault, request.direction)))?;
                permitted(context, found, request.direction)
            }
            None => self.fetch_translation(memory, context, request),
        }
    }

    #[cold]
    fn fetch_context(&mut self, memory: &Memory, request: Request) -> Result<ContextEntry, Refusal> {
        self.counts.context_misses += 1;
        let found = context_entry(memory, self.capabilities, self.root, request.source);
        if found.is_ok() || self.capabilities.has(CAP_CM) {
            self.contexts.insert(CachedContext { source: request.source, found });
        }
        found
    }

    fn fetch_translation(
        &mut self,
        memory: &Memory,
        context: ContextEntry,
        request: Request,
    ) -> Result<Translation, Refusal> {
        self.counts.iotlb_misses += 1;
        let found = second_level(memory, self.capabilities, context, request);
        let cached = found.is_ok()
            || self.capabilities.has(CAP_CM) && self.is_blocked_both_ways(memory, context, request, found);
        if cached {
            self.iotlb.insert(context.did(), request.address, found);
        }
        found
    }

    /// Whether a request is blocked for the same reason in the other direction, so that one remembered refusal can stand for
    /// both. An entry that lets the other direction pass is present, and is remembered when that is asked for.
    fn is_blocked_both_ways(
        &self,
        memory: &Memory,
        context: ContextEntry,
        request: Request,
        found: Result<Translation, Refusal>,
    ) -> bool {
        let direction = match request.direction {
            Direction::Read => Direction::Write,
            Direction::Write => Direction::Read,
        };
        let other = second_level(memory, self.capabilities, context, Request { direction, ..request });
        match (found, other) {
            (Err(one), Err(other)) => denied(one.fault, direction) == other.fault,
            _ => false,
        }
    }

    /// Software writes 4 bytes of a register.
    pub fn write_u32(&mut self, memory: &mut Memory, register: u16, value: u32) {
        match register {
            reg::GCMD => self.command(value),
            reg::FSTS => self.clear_fault_status(value),
            reg::FECTL | reg::IECTL => self.mask_event(register, value),
            reg::ICS => self.clear_completion(value),
            reg::FEDATA | reg::IEDATA => self.registers.write_u32(usize::from(register), value),
            _ => self.write_half(memory, register, value),
        }
    }

    /// Half of a register of 64 bits. Its command, if it has one, is in the upper half.
    fn write_half(&mut self, memory: &mut Memory, register: u16, value: u32) {
        let whole = register & !7;
        let old = self.read_u64(whole);
        if register & 4 == 0 {
            let value = old & !0xFFFF_FFFF | u64::from(value);
            if self.is_command(whole) {
                self.registers.write_u64(usize::from(whole), value);
            } else if self.record_at(whole).is_none() {
                self.write_u64(memory, whole, value);
            }
        } else {
            self.write_u64(memory, whole, old & 0xFFFF_FFFF | u64::from(value) << 32);
        }
    }

    /// Software writes 8 bytes of a register.
    pub fn write_u64(&mut self, memory: &mut Memory, register: u16, value: u64) {
        let at = usize::from(register);
        match register {
            reg::RTADDR | reg::IQA | reg::IRTA | reg::FEADDR | reg::IEADDR => self.registers.write_u64(at, value),
            reg::IQT => self.registers.write_u64(at, value & 0x7_FFF0),
            reg::CCMD => self.context_command(value),
            _ if register == self.capabilities.iotlb_registers_at() => self.registers.write_u64(at, value),
            _ if register == self.capabilities.iotlb_registers_at() + 8 => self.iotlb_command(memory, value),
            _ => {
                // The record's flag is in its upper half; the rest, and every other register, is read only.
                if let Some(record) = self.record_at(register)
                    && register & 8 != 0
                    && value & reg::FRCD_F != 0
                {
                    self.clear_record(record);
                }
            }
        }
    }

    /// 4 bytes of a register.
    #[must_use]
    pub fn read_u32(&self, register: u16) -> u32 {
        self.registers.read_u32(usize::from(register))
    }

    /// 8 bytes of a register.
    #[must_use]
    pub fn read_u64(&self, register: u16) -> u64 {
        self.registers.read_u64(usize::from(register))
    }

    /// A global command. Those that are states take effect by themselves, the others when their bit is written.
    fn command(&mut self, value: u32) {
        let states = value & reg::GCMD_STATES;
        if states & reg::GCMD_QIE != 0 && self.status & reg::GCMD_QIE == 0 {
            self.registers.write_u64(usize::from(reg::IQH), 0);
        }
        self.status = self.status & !reg::GCMD_STATES | states;
        if value & reg::GCMD_SRTP != 0 {
            // Nothing is forgotten by this: software invalidates both caches afterwards.
            self.root = self.read_u64(reg::RTADDR) & ADDRESS_MASK;
            self.status |= reg::GCMD_SRTP;
        }
        if value & reg::GCMD_SIRTP != 0 {
            self.interrupt_table = self.read_u64(reg::IRTA);
            self.status |= reg::GCMD_SIRTP;
        }
        self.registers.write_u32(usize::from(reg::GSTS), self.status);
    }

    fn is_command(&self, register: u16) -> bool {
        register == reg::CCMD || register == self.capabilities.iotlb_registers_at() + 8
    }
}

/// A remembered refusal of one direction stands for both: nothing may pass.
const fn denied(fault: Fault, direction: Direction) -> Fault {
    match (fault, direction) {
        (Fault::ReadDenied | Fault::WriteDenied, Direction::Read) => Fault::ReadDenied,
        (Fault::ReadDenied | Fault::WriteDenied, Direction::Write) => Fault::WriteDenied,
        (other, _) => other,
    }
}

/// A remembered translation, if it lets this direction pass.
#[inline]
fn permitted(context: ContextEntry, found: Translation, direction: Direction) -> Result<Translation, Refusal> {
    match direction {
        Direction::Read if !found.readable => Err(Refusal::behind(context, Fault::ReadDenied)),
        Direction::Write if !found.writable => Err(Refusal::behind(context, Fault::WriteDenied)),
        Direction::Read | Direction::Write => Ok(found),
    }
}
