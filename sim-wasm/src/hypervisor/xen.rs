//! The hypervisor of one machine: its memory and its domains.

use crate::hypervisor::event_channel::EventChannels;
use crate::hypervisor::grant_table::GrantTable;
use crate::hypervisor::memory::{Memory, Owner};
use crate::hypervisor::page::Page;
use crate::hypervisor::shared_info::VCPUS;
use crate::words::ids::{DomId, Mfn, Pfn, VcpuId};

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
        Limits { vcpus: 1, grant_frames: 4, mappings: 2048 }
    }
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
    /// Where its frames are: a paravirtual guest's own table, which holds machine frame numbers and may have holes.
    p2m: Vec<Option<Mfn>>,
}

impl Domain {
    /// The machine frame at `pfn`, unless there is a hole.
    pub fn mfn(&self, pfn: Pfn) -> Option<Mfn> {
        self.p2m.get(pfn.0 as usize).copied().flatten()
    }

    /// How far the domain's frames go, holes included.
    pub fn pages(&self) -> u32 {
        self.p2m.len() as u32
    }

    /// Whether the domain has this vCPU.
    pub fn has_vcpu(&self, vcpu: VcpuId) -> bool {
        vcpu.0 < self.vcpus
    }
}

/// The hypervisor. Hypercalls are its methods; the first argument of each is the domain that calls, which must exist:
/// a machine calls for the domains that it made.
#[derive(Clone, Debug)]
pub struct Xen {
    /// The machine's memory.
    pub memory: Memory,
    domains: Vec<Domain>,
}

impl Xen {
    /// A machine with so many frames and no domain.
    pub fn new(frames: u32) -> Xen {
        Xen { memory: Memory::new(frames), domains: Vec::new() }
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
        if limits.vcpus > VCPUS || limits.vcpus == 0 || limits.grant_frames == 0 {
            return Err(Errno::Invalid);
        }
        if self.memory.free_frames() < pages.saturating_add(2) {
            return Err(Errno::NoMemory);
        }
        let mut take = |owner| self.memory.alloc(owner).expect("so many frames are free");
        let p2m = (0..pages).map(|_| Some(take(Owner::Domain(id)))).collect();
        let shared_info = take(Owner::Xen(Some(id)));
        let mut grants = GrantTable::new(id, limits.grant_frames, limits.mappings);
        grants.grow(&mut self.memory, 1).expect("one frame is free");
        let channels = EventChannels::new();
        self.domains.push(Domain { id, vcpus: limits.vcpus, shared_info, grants, channels, p2m });
        Ok(())
    }

    /// All domains, in the order in which they were made.
    pub fn domains(&self) -> &[Domain] {
        &self.domains
    }

    /// The domain of that number.
    pub fn domain(&self, id: DomId) -> Option<&Domain> {
        self.domains.iter().find(|domain| domain.id == id)
    }

    /// Fills a hole at `pfn` with a fresh frame (`XENMEM_populate_physmap`).
    pub fn populate(&mut self, caller: DomId, pfn: Pfn) -> Result<Mfn, Errno> {
        let at = self.index(caller);
        if self.domains[at].mfn(pfn).is_some() || pfn.0 >= self.domains[at].pages() {
            return Err(Errno::Invalid);
        }
        let mfn = self.memory.alloc(Owner::Domain(caller)).ok_or(Errno::NoMemory)?;
        self.domains[at].p2m[pfn.0 as usize] = Some(mfn);
        Ok(mfn)
    }

    /// Gives the frame at `pfn` back and leaves a hole (`XENMEM_decrease_reservation`).
    pub fn decrease_reservation(&mut self, caller: DomId, pfn: Pfn) -> Result<(), Errno> {
        let at = self.index(caller);
        let mfn = self.domains[at].mfn(pfn).ok_or(Errno::Invalid)?;
        self.memory.release(caller, mfn).map_err(|_| Errno::Fault)?;
        self.domains[at].p2m[pfn.0 as usize] = None;
        Ok(())
    }

    /// The page at `pfn` as its domain reads it.
    pub fn guest_page(&self, caller: DomId, pfn: Pfn) -> Result<&Page, Errno> {
        let mfn = self.known(caller).mfn(pfn).ok_or(Errno::Fault)?;
        self.memory.page(caller, mfn).map_err(|_| Errno::Fault)
    }

    /// The page at `pfn` as its domain writes it.
    pub fn guest_page_mut(&mut self, caller: DomId, pfn: Pfn) -> Result<&mut Page, Errno> {
        let mfn = self.known(caller).mfn(pfn).ok_or(Errno::Fault)?;
        self.memory.page_mut(caller, mfn).map_err(|_| Errno::Fault)
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
    pub(crate) fn known(&self, id: DomId) -> &Domain {
        self.domain(id).expect("who calls, grants or is bound to was made before")
    }

    /// The domain of that number, to change, beside the memory.
    pub(crate) fn split_mut(&mut self, id: DomId) -> Option<(&mut Memory, &mut Domain)> {
        let domain = self.domains.iter_mut().find(|domain| domain.id == id)?;
        Some((&mut self.memory, domain))
    }

    /// A domain that must exist, to change, beside the memory.
    pub(crate) fn known_mut(&mut self, id: DomId) -> (&mut Memory, &mut Domain) {
        self.split_mut(id).expect("who calls, grants or is bound to was made before")
    }

    fn index(&self, id: DomId) -> usize {
        let place = self.domains.iter().position(|domain| domain.id == id);
        place.expect("who calls, grants or is bound to was made before")
    }
}
