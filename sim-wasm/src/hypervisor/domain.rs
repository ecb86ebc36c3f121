//! One domain, as Xen knows it, and what its kernel's pages map.
//!
//! A paravirtual kernel sees its memory through page-table entries. Normally the entry of page `pfn` maps the domain's own
//! frame of that number. A kernel may also give a frame back and keep the page's entry as a window, through which it sees
//! frames that others grant it: the `mmap_pages` of `drivers/xen/netback/netback.c` are such windows, made by
//! `alloc_empty_pages_and_pagevec`.
//!
//! ```text
//!   own frame ── decrease_reservation, transfer ──> hole ── map_grant_ref ──> foreign frame
//!             <── populate, update_va_mapping ────       <── unmap_grant_ref ──
//!             <─────────────────────── unmap_and_replace ────────────────────
//! ```
//!
//! Not modelled: page tables as bytes (an entry is Rust's own), user mappings, TLBs, and translated guests.

use alloc::vec::Vec;

use crate::hypervisor::event_channel::EventChannels;
use crate::hypervisor::grant_entry::Access;
use crate::hypervisor::grant_table::GrantTable;
use crate::words::ids::{DomId, Mfn, Pfn, VcpuId};

/// What the entry of a kernel page maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Nothing: a window that nothing is seen through.
    Hole,
    /// A frame of the domain's own.
    Own(Mfn),
    /// A frame that another domain, or this one, grants.
    Foreign {
        /// Which.
        frame: Mfn,
        /// What the entry is good for.
        access: Access,
    },
}

/// Whether a domain runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It does.
    Running,
    /// It does not any more, and stays only because others have its frames mapped.
    Dying,
}

/// One domain, as Xen knows it.
#[derive(Clone, Debug)]
pub struct Domain {
    /// Its number.
    pub id: DomId,
    /// Its vCPUs.
    pub vcpus: u8,
    /// The page that it shares with Xen about events.
    pub shared_info: Mfn,
    /// Its grant table, and its mappings of others' grants.
    pub grants: GrantTable,
    /// Its ports.
    pub channels: EventChannels,
    /// Whether it runs.
    pub life: Life,
    /// What its kernel's pages map.
    pub(crate) entries: Vec<Entry>,
    /// How many frames it owns, not counting those that it gave back while they were mapped elsewhere (`tot_pages`).
    pub(crate) frames: u32,
}

impl Domain {
    /// What the entry of a page maps; nothing beyond the kernel's pages.
    #[inline]
    pub fn entry(&self, pfn: Pfn) -> Option<Entry> {
        self.entries.get(pfn.0 as usize).copied()
    }

    /// The domain's own machine frame at `pfn`, unless there is a hole or a foreign frame.
    #[inline]
    pub fn mfn(&self, pfn: Pfn) -> Option<Mfn> {
        match self.entry(pfn)? {
            Entry::Own(mfn) => Some(mfn),
            Entry::Hole | Entry::Foreign { .. } => None,
        }
    }

    /// How far the domain's pages go, holes included.
    pub fn pages(&self) -> u32 {
        self.entries.len() as u32
    }

    /// How many frames the domain owns.
    pub fn frames(&self) -> u32 {
        self.frames
    }

    /// Whether the domain has this vCPU.
    pub fn has_vcpu(&self, vcpu: VcpuId) -> bool {
        vcpu.0 < self.vcpus
    }
}
