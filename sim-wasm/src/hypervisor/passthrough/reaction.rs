//! Faults become lines in Xen's log, and a storm of them a device that can no longer write.
//!
//! Xen counts the faults of each device; the count halves if the last was more than 10 ms ago. The tenth has it clear the
//! device's bus master bit, by itself, whoever owns the device. Xen 3.3 only printed. What a bridge puts its number to is
//! nobody's fault in particular, and is not counted (`pci_get_real_pdev`).
//!
//! Sources: `xen/drivers/passthrough/vtd/iommu.c`, `__do_iommu_page_fault`, `iommu_page_fault_do_one`;
//! `xen/drivers/passthrough/pci.c`, `pci_check_disable_device`.
//!
//! Not modelled: the tasklet in which this is done, limits of printing, and Xen's loop over the records, which goes one too
//! far before it wraps. Config space is another part's: the bit is asked for.

use alloc::vec::Vec;

use crate::hypervisor::memory::Memory;
use crate::hypervisor::passthrough::iommus::{Iommus, PciDevice};
use crate::hypervisor::passthrough::step::Step;
use crate::hypervisor::vtd::registers as reg;
use crate::words::ids::Bdf;
use crate::words::time::Time;

/// Faults that are too many (`PT_FAULT_THRESHOLD`).
pub const FAULT_THRESHOLD: u8 = 10;

/// Nanoseconds after which a device's count halves: 10 ms.
pub const FAULT_MEMORY: u64 = 10_000_000;

/// A device's faults (`struct pci_dev`'s `fault`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultCount {
    count: u8,
    last: Option<Time>,
}

impl FaultCount {
    /// No fault yet.
    pub const NONE: FaultCount = FaultCount { count: 0, last: None };

    /// Counts one more; says whether it is one too many.
    pub fn one_more(&mut self, now: Time) -> bool {
        if self.last.is_some_and(|last| now.since(last) > FAULT_MEMORY) {
            self.count /= 2;
        }
        self.last = Some(now);
        self.count = self.count.saturating_add(1);
        self.count >= FAULT_THRESHOLD
    }

    /// How many it has come to.
    #[must_use]
    pub const fn count(self) -> u8 {
        self.count
    }
}

impl Iommus {
    /// Serves a unit's fault event: prints and clears every record, from the first pending one on, and the overflow. Answers
    /// with the functions whose bus master bit is to be cleared.
    pub fn serve_faults(&mut self, memory: &mut Memory, unit: u8, now: Time) -> Vec<Bdf> {
        let mut silenced = Vec::new();
        let capabilities = self.unit(unit).unit.capabilities();
        let (records, first) = (capabilities.fault_records(), self.unit(unit).unit.first_record());
        for place in 0..records {
            let index = (first + place) % records;
            let Some(record) = self.unit(unit).unit.record(index) else { continue };
            let at = capabilities.fault_records_at() + index * reg::FRCD_SIZE + 12;
            self.unit_mut(unit).unit.write_u32(memory, at, 1 << 31);
            let (source, page, reason) = (record.source, record.page, record.reason);
            self.step(memory, Step::FaultLogged { source, page, reason });
            let device = if self.is_old() { None } else { self.count_fault(memory, source, now) };
            silenced.extend(device.filter(|device| !silenced.contains(device)));
        }
        self.unit_mut(unit).unit.write_u32(memory, reg::FSTS, reg::FSTS_PFO);
        silenced
    }

    /// Counts a fault of the device whose own ID a request had, or a phantom function's; the device, if it is to be silenced.
    fn count_fault(&mut self, memory: &Memory, source: Bdf, now: Time) -> Option<Bdf> {
        let is_it = |device: &PciDevice| {
            let stands_there = (device.source.bus(), device.source.device()) == (source.bus(), source.device());
            device.source == source || (stands_there && device.aliases.contains(&source))
        };
        let device = self.devices.iter_mut().find(|device| is_it(device))?;
        if !device.faults.one_more(now) {
            return None;
        }
        let (source, faults) = (device.source, device.faults.count);
        self.step(memory, Step::BusMasterCleared { source, faults });
        Some(source)
    }
}
