//! Faults become records in registers, and the first of them a message.
//!
//! ```text
//!   fault ─> a loss not acknowledged (PFO)? dropped ─> a record of the same function pending? it stands for this one too
//!     ─> next record still in use? PFO is set, dropped ─> written, the next record is next
//!                      └────────────── message, if nothing was pending before ──────────────┘
//! ```
//!
//! Software clears each record by its F bit, which clears PPF with the last, and a loss by PFO.
//!
//! Sources: VT-d specification, "Primary fault logging" and "Fault events"; QEMU 4.1 `vtd_report_dmar_fault`;
//! `xen/drivers/passthrough/vtd/iommu.c`, `__do_iommu_page_fault`.
//!
//! Not modelled: the advanced fault log.

use crate::hypervisor::vtd::fault::Fault;
use crate::hypervisor::vtd::registers as reg;
use crate::hypervisor::vtd::structures::ADDRESS_MASK;
use crate::hypervisor::vtd::unit::Unit;
use crate::hypervisor::vtd::walk::{Direction, Refusal, Request};
use crate::words::ids::Bdf;

/// Which faults one pending record stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collapse {
    /// Only its own.
    Never,
    /// All of the same function.
    SameFunction,
}

/// A fault record, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    /// Who asked.
    pub source: Bdf,
    /// The page's number; of an interrupt request, the entry's number.
    pub page: u64,
    /// Why it was blocked.
    pub reason: Fault,
    /// Which way.
    pub direction: Direction,
}

impl Unit {
    /// The record at an index, if it is pending.
    #[must_use]
    pub fn record(&self, index: u16) -> Option<Record> {
        let [low, high] = self.record_words(index);
        if high & reg::FRCD_F == 0 {
            return None;
        }
        let reason =
            Fault::of_code((high >> reg::FRCD_REASON_SHIFT) as u8).expect("the unit writes codes that it knows");
        let page = if reason.is_interrupt() { low >> 48 } else { low >> 12 };
        let direction = if high & reg::FRCD_READ != 0 { Direction::Read } else { Direction::Write };
        Some(Record { source: Bdf(high as u16), page, reason, direction })
    }

    /// The index of the first pending record (FRI); it means something only while one is pending.
    #[must_use]
    pub fn first_record(&self) -> u16 {
        (self.read_u32(reg::FSTS) >> reg::FSTS_FRI_SHIFT & 0xFF) as u16
    }

    pub(super) fn record_dma_fault(&mut self, request: Request, refusal: Refusal) {
        self.record_fault(request.source, request.address & ADDRESS_MASK, request.direction, refusal);
    }

    /// Writes a fault down; `low` is the record's lower half.
    pub(super) fn record_fault(&mut self, source: Bdf, low: u64, direction: Direction, refusal: Refusal) {
        if !refusal.recorded {
            return;
        }
        let status = self.read_u32(reg::FSTS);
        if status & reg::FSTS_PFO != 0 {
            self.counts.lost += 1;
            return;
        }
        if self.collapse == Collapse::SameFunction && self.pending().any(|record| record.source == source) {
            self.counts.collapsed += 1;
            return;
        }
        let index = self.next_record;
        if self.record(index).is_some() {
            self.counts.lost += 1;
            self.set_fault_status(reg::FSTS_PFO);
            return;
        }
        let read = match direction {
            Direction::Read => reg::FRCD_READ,
            Direction::Write => 0,
        };
        let reason = u64::from(refusal.fault.code()) << reg::FRCD_REASON_SHIFT;
        let at = self.record_offset(index);
        self.registers.write_u64(at, low);
        self.registers.write_u64(at + 8, reg::FRCD_F | read | reason | u64::from(source.0));
        self.counts.recorded += 1;
        self.next_record = (index + 1) % self.capabilities.fault_records();
        if status & reg::FSTS_PPF == 0 {
            self.write_first_record(index);
        }
        self.set_fault_status(reg::FSTS_PPF);
    }

    /// A descriptor that makes no sense.
    pub(super) fn queue_error(&mut self) {
        self.set_fault_status(reg::FSTS_IQE);
    }

    /// Sets a bit of FSTS, and sends the event if none was set before.
    fn set_fault_status(&mut self, bit: u32) {
        let status = self.read_u32(reg::FSTS);
        self.registers.write_u32(usize::from(reg::FSTS), status | bit);
        if status & (reg::FSTS_PFO | reg::FSTS_PPF | reg::FSTS_IQE | reg::FSTS_ICE_ITE) == 0 {
            self.send_event(reg::FECTL);
        }
    }

    /// Software writes ones over bits of FSTS to clear them.
    pub(super) fn clear_fault_status(&mut self, value: u32) {
        let cleared = value & (reg::FSTS_PFO | reg::FSTS_IQE | reg::FSTS_ICE_ITE);
        let status = self.read_u32(reg::FSTS) & !cleared;
        self.registers.write_u32(usize::from(reg::FSTS), status);
        self.forget_event_if_served();
    }

    /// Software clears a record. The index of the first one moves on to one that is pending: the specification does not say
    /// that it does, and software that clears them in order does not notice.
    pub(super) fn clear_record(&mut self, index: u16) {
        let at = self.record_offset(index) + 8;
        let high = self.registers.read_u64(at) & !reg::FRCD_F;
        self.registers.write_u64(at, high);
        let (first, records) = (self.first_record(), self.capabilities.fault_records());
        match (0..records).map(|step| (first + step) % records).find(|next| self.record(*next).is_some()) {
            Some(next) => self.write_first_record(next),
            None => {
                let status = self.read_u32(reg::FSTS) & !reg::FSTS_PPF;
                self.registers.write_u32(usize::from(reg::FSTS), status);
                self.forget_event_if_served();
            }
        }
    }

    /// A masked event is not sent any more when everything that it would have told of was seen.
    fn forget_event_if_served(&mut self) {
        let bits = reg::FSTS_PFO | reg::FSTS_PPF | reg::FSTS_IQE | reg::FSTS_ICE_ITE;
        if self.read_u32(reg::FSTS) & bits == 0 {
            let control = self.read_u32(reg::FECTL) & !reg::EVENT_PENDING;
            self.registers.write_u32(usize::from(reg::FECTL), control);
        }
    }

    fn write_first_record(&mut self, index: u16) {
        let status = self.read_u32(reg::FSTS) & !(0xFF << reg::FSTS_FRI_SHIFT);
        self.registers.write_u32(usize::from(reg::FSTS), status | u32::from(index) << reg::FSTS_FRI_SHIFT);
    }

    /// The index of the record that has a register in it.
    pub(super) fn record_at(&self, register: u16) -> Option<u16> {
        let index = register.checked_sub(self.capabilities.fault_records_at())? / reg::FRCD_SIZE;
        (index < self.capabilities.fault_records()).then_some(index)
    }

    fn pending(&self) -> impl Iterator<Item = Record> {
        (0..self.capabilities.fault_records()).filter_map(|index| self.record(index))
    }

    fn record_words(&self, index: u16) -> [u64; 2] {
        let at = self.record_offset(index);
        [self.registers.read_u64(at), self.registers.read_u64(at + 8)]
    }

    fn record_offset(&self, index: u16) -> usize {
        usize::from(self.capabilities.fault_records_at() + index * reg::FRCD_SIZE)
    }
}
