//! What advisories repaired in Xen's use of remapping units and of devices' tables of messages, each a switch.
//!
//! Not modelled: repairs that the model has no place for, see each advisory; that of XSA-399, an order which only another
//! processor would see, is in [`dids`](crate::hypervisor::passthrough::dids).

/// What was repaired. Each is a fault of an older Xen while it is false; some were faults on AMD's units, whose tables have
/// other layouts and the same order of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Repairs {
    /// Entries are written back to memory before a unit that does not see caches may read them (XSA-321).
    pub syncs_cache: bool,
    /// An invalidation that takes long is waited for (XSA-373). Without it, Xen goes on when its patience ends.
    pub waits: bool,
    /// A guest cannot unmap what is there for its device's reserved memory (XSA-378).
    pub protects_rmrr: bool,
    /// A device is taken from its guest even if something goes wrong on the way (XSA-386). Without it, its context entry
    /// still names the guest's tables when those are freed.
    pub finishes_deassign: bool,
    /// A unit of three levels gets the table of that level in quarantine too (XSA-390).
    pub fits_quarantine: bool,
    /// A context entry goes from one table to another in one store, and quarantine keeps reserved memory mapped (XSA-400).
    pub switches_at_once: bool,
    /// When a function changes hands, what is remembered with its old number is flushed (XSA-442). Without it, whoever gets
    /// the number next gets the translations too.
    pub flushes_old: bool,
    /// If one function of a device cannot be moved, none is (XSA-449).
    pub moves_all_or_none: bool,
    /// Reserved memory is noted as mapped before it is (XSA-460). Without it, what was mapped before a failure stays.
    pub notes_first: bool,
    /// Xen masks a device's messages where their table was when the device was found, not where its BAR says now (XSA-337).
    pub records_tables: bool,
    /// The chipset does not report unsupported requests as system errors (XSA-59).
    pub masks_errors: bool,
}

impl Repairs {
    /// All that was repaired.
    pub const ALL: Repairs = Repairs {
        syncs_cache: true,
        waits: true,
        protects_rmrr: true,
        finishes_deassign: true,
        fits_quarantine: true,
        switches_at_once: true,
        flushes_old: true,
        moves_all_or_none: true,
        notes_first: true,
        records_tables: true,
        masks_errors: true,
    };

    /// None of it.
    pub const NONE: Repairs = Repairs {
        syncs_cache: false,
        waits: false,
        protects_rmrr: false,
        finishes_deassign: false,
        fits_quarantine: false,
        switches_at_once: false,
        flushes_old: false,
        moves_all_or_none: false,
        notes_first: false,
        records_tables: false,
        masks_errors: false,
    };
}
