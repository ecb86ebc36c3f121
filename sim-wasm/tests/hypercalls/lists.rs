//! What the hypervisor should answer, worked out from plain lists.

use std::collections::{BTreeMap, BTreeSet};

use sim_wasm::hypervisor::domain::Entry;
use sim_wasm::hypervisor::grant_entry::{
    Access, GTF_ACCEPT_TRANSFER, GTF_PERMIT_ACCESS, GTF_READONLY, GTF_SUB_PAGE, GTF_TYPE_MASK, GrantEntry, GrantStatus,
};
use sim_wasm::hypervisor::grant_table::{Purpose, Window};
use sim_wasm::hypervisor::memory::Owner;
use sim_wasm::hypervisor::xen::Xen;
use sim_wasm::words::ids::{DomId, GrantRef, Handle, Mfn, Pfn};

use crate::world::MAPPINGS;

/// A mapping that was made and not undone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) by: DomId,
    pub(crate) handle: Handle,
    pub(crate) granter: DomId,
    pub(crate) gref: GrantRef,
    pub(crate) access: Access,
    pub(crate) frame: Mfn,
    pub(crate) window: Window,
}

/// A domain that runs.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    /// What its kernel's pages map.
    pub(crate) entries: Vec<Entry>,
    /// The frames that are its own.
    pub(crate) owned: BTreeSet<Mfn>,
}

impl Running {
    pub(crate) fn entry(&self, pfn: Pfn) -> Option<Entry> {
        self.entries.get(pfn.0 as usize).copied()
    }

    /// The page's own frame, if the domain has it still.
    pub(crate) fn frame(&self, pfn: Pfn) -> Option<Mfn> {
        match self.entry(pfn) {
            Some(Entry::Own(mfn)) if self.owned.contains(&mfn) => Some(mfn),
            _ => None,
        }
    }
}

/// Who runs, and who holds what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lists {
    pub(crate) running: BTreeMap<DomId, Running>,
    pub(crate) dying: BTreeSet<DomId>,
    pub(crate) held: Vec<Held>,
}

impl Lists {
    pub(crate) fn exists(&self, id: DomId) -> bool {
        self.running.contains_key(&id) || self.dying.contains(&id)
    }

    pub(crate) fn pins(&self, granter: DomId, gref: GrantRef) -> impl Iterator<Item = &Held> {
        self.held.iter().filter(move |held| (held.granter, held.gref) == (granter, gref))
    }

    pub(crate) fn find(&self, by: DomId, handle: Handle) -> Option<Held> {
        self.held.iter().find(|held| (held.by, held.handle) == (by, handle)).copied()
    }

    /// Whether `by` may pin, given the guest's table as it stands, and which frame.
    pub(crate) fn pin(
        &self,
        xen: &Xen,
        (by, granter): (DomId, DomId),
        gref: GrantRef,
        (access, purpose): (Access, Purpose),
    ) -> Result<Mfn, GrantStatus> {
        let entry = xen.grant_entry(granter, gref).ok_or(GrantStatus::BadGrantRef)?;
        let pinned = self.pins(granter, gref).next();
        let writers = self.pins(granter, gref).filter(|held| held.access == Access::ReadWrite).count();
        let frame = match pinned {
            Some(held) if held.by != by => return Err(GrantStatus::GeneralError),
            Some(held) => held.frame,
            None => checked(entry, by, purpose)?,
        };
        if access == Access::ReadWrite && writers == 0 && entry.flags & GTF_READONLY != 0 {
            return Err(GrantStatus::GeneralError);
        }
        if xen.memory.owner(frame) != Ok(Owner::Domain(granter)) {
            return Err(GrantStatus::BadPage);
        }
        Ok(frame)
    }

    /// Whether `by` may map, and which frame; at a page, or by handle.
    pub(crate) fn map(
        &self,
        xen: &Xen,
        (by, granter): (DomId, DomId),
        (gref, access): (GrantRef, Access),
        host: Option<Pfn>,
    ) -> Result<Mfn, GrantStatus> {
        let entry = host.map(|pfn| self.running[&by].entry(pfn).ok_or(GrantStatus::BadVirtualAddress)).transpose()?;
        if !self.exists(granter) {
            return Err(GrantStatus::BadDomain);
        }
        if self.held.iter().filter(|held| held.by == by).count() >= MAPPINGS as usize {
            return Err(GrantStatus::NoSpace);
        }
        let frame = self.pin(xen, (by, granter), gref, (access, Purpose::Map))?;
        if entry.is_some_and(|entry| entry != Entry::Hole) { Err(GrantStatus::GeneralError) } else { Ok(frame) }
    }

    /// Whether `by` may unmap, at a page or by handle.
    pub(crate) fn unmap(&self, by: DomId, handle: Handle, host: Option<Pfn>) -> Result<(), GrantStatus> {
        let held = self.find(by, handle).ok_or(GrantStatus::BadHandle)?;
        let matches = match (host, held.window) {
            (None, Window::Handle) => true,
            (None, Window::Page) | (Some(_), Window::Handle) => false,
            (Some(pfn), Window::Page) => {
                let seen = Entry::Foreign { frame: held.frame, access: held.access };
                self.running[&by].entry(pfn) == Some(seen)
            }
        };
        if matches { Ok(()) } else { Err(GrantStatus::GeneralError) }
    }

    /// Whether the frame at the caller's page may leave it.
    pub(crate) fn steal(&self, by: DomId, pfn: Pfn) -> Result<Mfn, GrantStatus> {
        let frame = self.running[&by].frame(pfn).ok_or(GrantStatus::BadPage)?;
        if self.held.iter().any(|held| held.frame == frame) { Err(GrantStatus::BadPage) } else { Ok(frame) }
    }

    /// Whether `to` takes a frame that has left `by`.
    pub(crate) fn accept(&self, xen: &Xen, by: DomId, (to, gref): (DomId, GrantRef)) -> Result<(), GrantStatus> {
        if !self.exists(to) {
            return Err(GrantStatus::BadDomain);
        }
        let room = self.running.get(&to).is_some_and(|domain| domain.owned.len() < domain.entries.len());
        let waits = xen.grant_entry(to, gref);
        let waits = waits.is_some_and(|entry| (entry.flags, entry.domain) == (GTF_ACCEPT_TRANSFER, by));
        if room && waits { Ok(()) } else { Err(GrantStatus::GeneralError) }
    }

    /// A dying domain is gone when nobody holds anything of it.
    pub(crate) fn bury(&mut self) {
        let Lists { dying, held, .. } = self;
        dying.retain(|id| held.iter().any(|held| held.granter == *id));
    }
}

fn checked(entry: GrantEntry, by: DomId, purpose: Purpose) -> Result<Mfn, GrantStatus> {
    let whole = match purpose {
        Purpose::Map => entry.flags & GTF_SUB_PAGE == 0,
        Purpose::Copy => true,
    };
    let granted = entry.flags & GTF_TYPE_MASK == GTF_PERMIT_ACCESS && entry.domain == by;
    if granted && whole { Ok(entry.frame) } else { Err(GrantStatus::GeneralError) }
}
