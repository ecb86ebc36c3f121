//! What Xen does about devices, one change after another: the order is the point.
//!
//! Not modelled: locks, and what a step costs.

use crate::hypervisor::passthrough::options::AssignError;
use crate::hypervisor::vtd::fault::Fault;
use crate::hypervisor::vtd::structures::Did;
use crate::words::ids::{Bdf, Dfn, DomId, Mfn};

/// One step. `unit` counts remapping units from 0; `order` counts pages as a power of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the line above each variant names its numbers")]
pub enum Step {
    /// A page of a domain's devices leads to a frame.
    Mapped { domain: DomId, dfn: Dfn, frame: Mfn, writable: bool },
    /// A page of a domain's devices leads nowhere; devices may still go there.
    Unmapped { domain: DomId, dfn: Dfn },
    /// A table took the place of an entry for many pages.
    SuperpageSplit { domain: DomId, dfn: Dfn, order: u8 },
    /// Entries were written back from the processor's cache.
    CacheSynced { entries: u32 },
    /// A unit's chipset was told to let table writes through.
    WriteBufferFlushed { unit: u8 },
    /// A function's context entry names a table and a number.
    ContextWritten { source: Bdf, did: Did, table: Mfn },
    /// A function's context entry names nothing.
    ContextCleared { source: Bdf, did: Did },
    /// A unit was told to forget a function's context entry.
    ContextFlushed { unit: u8, source: Bdf, did: Did },
    /// A unit was told to forget all translations of a number.
    DomainFlushed { unit: u8, did: Did },
    /// A unit was told to forget translations of some pages.
    PagesFlushed { unit: u8, did: Did, dfn: Dfn, order: u8 },
    /// A unit said that it has done all that it was told.
    WaitDone { unit: u8, polls: u32 },
    /// Xen did not wait until it said so.
    WaitAbandoned { unit: u8, polls: u32 },
    /// A domain got a number in a unit.
    DidTaken { unit: u8, domain: DomId, did: Did },
    /// A number is free again.
    DidFreed { unit: u8, domain: DomId, did: Did },
    /// Reserved memory of a device is mapped in its owner's tables.
    RmrrMapped { domain: DomId, dfn: Dfn, pages: u32 },
    /// Reserved memory is not mapped any more.
    RmrrUnmapped { domain: DomId, dfn: Dfn, pages: u32 },
    /// A device changed hands.
    Reassigned { source: Bdf, from: DomId, to: DomId },
    /// A device did not change hands.
    AssignRefused { source: Bdf, domain: DomId, error: AssignError },
    /// A domain's tables were given back.
    TablesFreed { domain: DomId, frames: u32 },
    /// Xen printed a fault.
    FaultLogged { source: Bdf, page: u64, reason: Fault },
    /// Xen asks for a device's bus master bit to be cleared.
    BusMasterCleared { source: Bdf, faults: u8 },
    /// A guest's attempt to unmap reserved memory was refused.
    RmrrKept { domain: DomId, dfn: Dfn },
    /// A domain was crashed, since its devices could not be brought back.
    DomainCrashed { domain: DomId },
    /// What a device that never stops came to between two steps: the frame that it reached.
    InFlightReached { source: Bdf, dfn: Dfn, frame: Mfn },
    /// What a device that never stops came to between two steps: blocked.
    InFlightBlocked { source: Bdf, dfn: Dfn, reason: Fault },
}
