//! The hypervisor of one machine: its memory and its domains.
//!
//! Not modelled: scheduling (a hypercall takes no time and nothing comes in between), vCPU contexts, XSM policies,
//! hypercall continuations, and the control interface beyond making and destroying domains.

use alloc::vec::Vec;

use crate::hypervisor::domain::{Domain, Entry, Life};
use crate::hypervisor::event_channel::EventChannels;
use crate::hypervisor::grant_entry::Access;
use crate::hypervisor::grant_table::{CLASSIC_GRANT_FRAMES, ENTRIES_PER_CLASSIC_TABLE, GrantTable};
use crate::hypervisor::memory::{Memory, Owner};
use crate::hypervisor::page::Page;
use crate::hypervisor::shared_info::VCPUS;
use crate::words::ids::{DomId, Mfn, Pfn};

/// Why a hypercall failed (`xen/include/public/errno.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i16)]
pub enum Errno {
    /// There is no such domain, `-ESRCH`.
    NoSuchDomain = -3,
    /// Memory is full, `-ENOMEM`.
    NoMemory = -12,
    /// The frame is not the caller's, `-EFAULT`.
    Fault = -14,
    /// It exists already, `-EEXIST`.
    Exists = -17,
    /// The argument makes no sense in this state, `-EINVAL`.
    Invalid = -22,
    /// All ports are in use, `-ENOSPC`.
    NoSpace = -28,
}

impl Errno {
    /// The number that the guest sees.
    pub const fn code(self) -> i16 {
        self as i16
    }
}

/// What a domain may have at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// vCPUs, at most 32.
    pub vcpus: u8,
    /// Frames of its grant table.
    pub grant_frames: u32,
    /// Grants of others that it may have mapped at a time.
    pub mappings: u32,
}

impl Default for Limits {
    /// One vCPU, the four grant frames of the classic kernels, and as many mappings as those have entries.
    fn default() -> Limits {
        Limits { vcpus: 1, grant_frames: CLASSIC_GRANT_FRAMES, mappings: ENTRIES_PER_CLASSIC_TABLE }
    }
}

/// Domain numbers from here on mean something else, `DOMID_FIRST_RESERVED` (`xen/include/public/xen.h`).
pub const FIRST_RESERVED_DOMAIN: u16 = 0x7FF0;

/// In the table of places: no such domain.
const NOWHERE: u16 = u16::MAX;

/// How often the hypervisor was called for data, whoever called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Calls {
    /// Hypercalls about grants, events and pages that change hands; a batch is one.
    pub hypercalls: u64,
    /// Pages that were to be mapped.
    pub maps: u64,
    /// Copies that were to be made.
    pub copies: u64,
    /// Bytes that were to be copied.
    pub copied_bytes: u64,
    /// Pages that were to be given to another domain.
    pub transfers: u64,
    /// Frames that were taken from Xen for a hole.
    pub fresh: u64,
    /// Frames that were given back to Xen.
    pub returned: u64,
    /// Holes that got a frame which their domain owned already.
    pub placed: u64,
    /// Times that all processors were to forget translations.
    pub flushes: u64,
}

/// Whether processors have to forget what they know of a page-table entry that changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Translations {
    /// They may know nothing of it: it was empty.
    New,
    /// All of them do, at the end of the batch (`UVMF_TLB_FLUSH|UVMF_ALL`).
    Flushed,
}

/// The hypervisor. Hypercalls are its methods; the first argument of each is the domain that calls, which must exist:
/// a machine calls for the domains that it made.
#[derive(Clone, Debug)]
pub struct Xen {
    /// The machine's memory.
    pub memory: Memory,
    /// How often it was called for data.
    pub calls: Calls,
    domains: Vec<Domain>,
    /// Where each domain is in `domains`, by number.
    places: Vec<u16>,
}

impl Xen {
    /// A machine with so many frames and no domain.
    pub fn new(frames: u32) -> Xen {
        Xen { memory: Memory::new(frames), calls: Calls::default(), domains: Vec::new(), places: Vec::new() }
    }

    /// Makes a domain with so many pages and the usual limits. Beyond its pages it takes two of the machine's frames: the
    /// page that it shares with Xen, and the first frame of its grant table.
    pub fn create_domain(&mut self, id: DomId, pages: u32) -> Result<(), Errno> {
        self.create_domain_with(id, pages, Limits::default())
    }

    /// Makes a domain with so many pages. It starts with one frame of grant table.
    pub fn create_domain_with(&mut self, id: DomId, pages: u32, limits: Limits) -> Result<(), Errno> {
        if self.domain(id).is_some() {
            return Err(Errno::Exists);
        }
        if id.0 >= FIRST_RESERVED_DOMAIN || limits.vcpus > VCPUS || limits.vcpus == 0 || limits.grant_frames == 0 {
            return Err(Errno::Invalid);
        }
        if self.memory.free_frames() < pages.saturating_add(2) {
            return Err(Errno::NoMemory);
        }
        let mut take = |owner| self.memory.alloc(owner).expect("so many frames are free");
        let entries = (0..pages).map(|_| Entry::Own(take(Owner::Domain(id)))).collect();
        let shared_info = take(Owner::Xen(Some(id)));
        let mut grants = GrantTable::new(id, limits.grant_frames, limits.mappings);
        grants.grow(&mut self.memory, 1).expect("one frame is free");
        let channels = EventChannels::new();
        let (vcpus, life) = (limits.vcpus, Life::Running);
        self.domains.push(Domain { id, vcpus, shared_info, grants, channels, life, entries, frames: pages });
        self.index_domains();
        Ok(())
    }

    /// All domains, in the order in which they were made.
    pub fn domains(&self) -> &[Domain] {
        &self.domains
    }

    /// The domain of that number.
    #[inline]
    pub fn domain(&self, id: DomId) -> Option<&Domain> {
        let place = *self.places.get(usize::from(id.0))?;
        self.domains.get(usize::from(place))
    }

    /// Adds so many pages to the caller's kernel that have no frame, as windows for foreign ones, and tells the first
    /// (`alloc_empty_pages_and_pagevec` in `drivers/xen/balloon/balloon.c`, which takes pages of the kernel's own and gives
    /// their frames back).
    pub fn add_holes(&mut self, caller: DomId, count: u32) -> Pfn {
        let (_, domain) = self.known_mut(caller);
        let first = Pfn(domain.pages());
        domain.entries.extend((0..count).map(|_| Entry::Hole));
        first
    }

    /// Fills a hole at `pfn` with a fresh frame (`XENMEM_populate_physmap`).
    pub fn populate(&mut self, caller: DomId, pfn: Pfn) -> Result<Mfn, Errno> {
        let (memory, domain) = self.known_mut(caller);
        if domain.entry(pfn) != Some(Entry::Hole) {
            return Err(Errno::Invalid);
        }
        let mfn = memory.alloc(Owner::Domain(caller)).ok_or(Errno::NoMemory)?;
        domain.entries[pfn.0 as usize] = Entry::Own(mfn);
        domain.frames += 1;
        self.calls.fresh += 1;
        Ok(mfn)
    }

    /// Fills a hole at `pfn` with a frame that the caller owns already: one that it got by transfer
    /// (`HYPERVISOR_update_va_mapping`).
    pub fn update_va_mapping(&mut self, caller: DomId, pfn: Pfn, mfn: Mfn) -> Result<(), Errno> {
        let (memory, domain) = self.known_mut(caller);
        if domain.entry(pfn) != Some(Entry::Hole) {
            return Err(Errno::Invalid);
        }
        if memory.owner(mfn) != Ok(Owner::Domain(caller)) || memory.page(caller, mfn).is_err() {
            return Err(Errno::Fault);
        }
        domain.entries[pfn.0 as usize] = Entry::Own(mfn);
        self.calls.placed += 1;
        Ok(())
    }

    /// Gives the frame at `pfn` back and leaves a hole (`XENMEM_decrease_reservation`).
    pub fn decrease_reservation(&mut self, caller: DomId, pfn: Pfn) -> Result<(), Errno> {
        let (memory, domain) = self.known_mut(caller);
        let mfn = domain.mfn(pfn).ok_or(Errno::Invalid)?;
        memory.release(caller, mfn).map_err(|_| Errno::Fault)?;
        domain.entries[pfn.0 as usize] = Entry::Hole;
        domain.frames -= 1;
        self.calls.returned += 1;
        Ok(())
    }

    /// Counts the one call in which a kernel has Xen do what it gathered about its own pages (`HYPERVISOR_multicall`); the
    /// methods for single pages do their work at once, and count pages.
    pub fn multicall(&mut self, translations: Translations) {
        self.calls.hypercalls += 1;
        self.calls.flushes += u64::from(translations == Translations::Flushed);
    }

    /// The page at `pfn` as its domain reads it: its own, or the foreign one that its entry maps.
    #[inline]
    pub fn guest_page(&self, caller: DomId, pfn: Pfn) -> Result<&Page, Errno> {
        match self.known(caller).entry(pfn) {
            Some(Entry::Own(mfn)) => self.memory.page(caller, mfn).map_err(|_| Errno::Fault),
            Some(Entry::Foreign { frame, .. }) => Ok(self.memory.xen_page(frame)),
            Some(Entry::Hole) | None => Err(Errno::Fault),
        }
    }

    /// The page at `pfn` as its domain writes it: its own, or a foreign one that was mapped for writing.
    #[inline]
    pub fn guest_page_mut(&mut self, caller: DomId, pfn: Pfn) -> Result<&mut Page, Errno> {
        match self.known(caller).entry(pfn) {
            Some(Entry::Own(mfn)) => self.memory.page_mut(caller, mfn).map_err(|_| Errno::Fault),
            Some(Entry::Foreign { frame, access: Access::ReadWrite }) => Ok(self.memory.xen_page_mut(frame)),
            Some(Entry::Foreign { access: Access::ReadOnly, .. } | Entry::Hole) | None => Err(Errno::Fault),
        }
    }

    /// The page that a domain shares with Xen about events.
    pub fn shared_info(&self, caller: DomId) -> &Page {
        self.memory.xen_page(self.known(caller).shared_info)
    }

    /// The page that a domain shares with Xen about events, to write.
    pub fn shared_info_mut(&mut self, caller: DomId) -> &mut Page {
        let frame = self.known(caller).shared_info;
        self.memory.xen_page_mut(frame)
    }

    /// A domain that must exist: it calls, or others are tied to it.
    #[inline]
    pub(crate) fn known(&self, id: DomId) -> &Domain {
        self.domain(id).expect("who calls, grants or is bound to was made before")
    }

    /// The domain of that number, to change, beside the memory.
    #[inline]
    pub(crate) fn split_mut(&mut self, id: DomId) -> Option<(&mut Memory, &mut Domain)> {
        let place = *self.places.get(usize::from(id.0))?;
        let domain = self.domains.get_mut(usize::from(place))?;
        Some((&mut self.memory, domain))
    }

    /// A domain that must exist, to change, beside the memory.
    #[inline]
    pub(crate) fn known_mut(&mut self, id: DomId) -> (&mut Memory, &mut Domain) {
        self.split_mut(id).expect("who calls, grants or is bound to was made before")
    }

    /// Forgets a domain of which nothing is left.
    pub(crate) fn forget(&mut self, id: DomId) {
        self.domains.retain(|domain| domain.id != id);
        self.index_domains();
    }

    /// Writes down anew where each domain is.
    fn index_domains(&mut self) {
        let length = self.domains.iter().map(|domain| usize::from(domain.id.0) + 1).max().unwrap_or(0);
        self.places.clear();
        self.places.resize(length, NOWHERE);
        for (place, domain) in self.domains.iter().enumerate() {
            self.places[usize::from(domain.id.0)] = place as u16;
        }
    }
}
