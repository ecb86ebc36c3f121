//! Where a function's BARs lie in the guest, and what has to be mapped or taken out of the guest's memory when the guest
//! moves them (`pt_bar_mapping`, `pt_iomem_map` and `pt_ioport_map` in `tools/ioemu/hw/pass-through.c`).
//!
//! Hardware's own BARs never change. The guest writes addresses into shadows, and what it has there while decoding is on
//! becomes a mapping of its frames to the machine's. Address 0 of memory counts as none. 3.3 looks when the command register
//! is written, and ignores BARs that the guest put above 4 GiB; QEMU 4.1 looks at every write to a BAR too.
//!
//! Not modelled: BARs that overlap others, which are mapped with a warning.

use alloc::vec::Vec;

use crate::hypervisor::page::PAGE_SIZE;
use crate::protocols::pci::bar::Region;
use crate::protocols::pci::msix::MsixShape;

const PAGE: u64 = PAGE_SIZE as u64;

/// What the hypervisor is asked for (`XEN_DOMCTL_memory_mapping`, `XEN_DOMCTL_ioport_mapping`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapCall {
    /// The guest's frames from `gfn` on show the machine's from `mfn` on (`DPCI_ADD_MAPPING`).
    AddMemory {
        /// First frame as the guest counts.
        gfn: u64,
        /// First frame of the machine.
        mfn: u64,
        /// How many.
        pages: u64,
    },
    /// They show nothing any more (`DPCI_REMOVE_MAPPING`).
    RemoveMemory {
        /// First frame as the guest counts.
        gfn: u64,
        /// How many.
        pages: u64,
    },
    /// Ports from `guest` on mean the machine's from `machine` on.
    AddPorts {
        /// First port as the guest counts.
        guest: u16,
        /// First port of the machine.
        machine: u16,
        /// How many.
        count: u16,
    },
    /// They mean nothing any more.
    RemovePorts {
        /// First port as the guest counts.
        guest: u16,
        /// How many.
        count: u16,
    },
}

/// Bytes that a region takes in the guest: whole pages of memory.
#[must_use]
pub const fn emulated_size(region: &Region) -> u64 {
    if region.kind.is_io() { region.size } else { region.size.next_multiple_of(PAGE) }
}

/// The calls that map a region at an address.
#[must_use]
pub fn map(region: &Region, guest: u64, table: Option<&MsixShape>) -> Vec<MapCall> {
    let mut calls = Vec::new();
    if region.kind.is_io() {
        let (machine, count) = (region.base as u16, region.size as u16);
        calls.push(MapCall::AddPorts { guest: guest as u16, machine, count });
        return calls;
    }
    let pages = emulated_size(region) / PAGE;
    calls.push(MapCall::AddMemory { gfn: guest / PAGE, mfn: region.base / PAGE, pages });
    if let Some((first, count)) = table_pages(table) {
        calls.push(MapCall::RemoveMemory { gfn: guest / PAGE + first, pages: count });
    }
    calls
}

/// The calls that take it out again.
#[must_use]
pub fn unmap(region: &Region, guest: u64) -> MapCall {
    if region.kind.is_io() {
        MapCall::RemovePorts { guest: guest as u16, count: region.size as u16 }
    } else {
        MapCall::RemoveMemory { gfn: guest / PAGE, pages: emulated_size(region) / PAGE }
    }
}

/// Which pages of its BAR a table lies in: the first, and how many.
#[must_use]
pub fn table_pages(table: Option<&MsixShape>) -> Option<(u64, u64)> {
    let table = table?;
    let (start, end) = (u64::from(table.table.offset), u64::from(table.table.offset + table.table_size()));
    Some((start / PAGE, end.div_ceil(PAGE) - start / PAGE))
}
