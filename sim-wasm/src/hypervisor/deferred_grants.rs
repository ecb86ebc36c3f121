//! Grants that a driver wants to end while the other side still has them mapped.
//!
//! The classic kernel gives up: it prints a warning and leaks reference and page (`gnttab_end_foreign_access` in
//! `drivers/xen/core/gnttab.c`). Mainline keeps them on a list and tries again by a timer, each second and a few at a time
//! (`gnttab_add_deferred`, `gnttab_handle_deferred` in `drivers/xen/grant-table.c`).
//!
//! Not modelled: that mainline leaks as well when it has no memory for the list, and its warnings.

use alloc::collections::VecDeque;

use crate::hypervisor::guest_grants::{EndAccess, GuestGrants};
use crate::hypervisor::memory::Memory;
use crate::words::ids::{GrantRef, Pfn};
use crate::words::time::Time;

/// Nanoseconds until the timer tries again: `HZ` jiffies.
pub const RETRY: u64 = 1_000_000_000;
/// Grants that the timer tries at a time, `free_per_iteration`.
pub const TRIES_PER_RETRY: u32 = 10;

/// What a guest does with a grant that is still in use when its driver is done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenInUse {
    /// As the classic kernel: forgets it.
    Leak,
    /// As mainline: tries again.
    Defer,
}

/// A grant with the page that is free when the grant has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deferred {
    /// The reference.
    pub gref: GrantRef,
    /// The page, if the grant is to free one.
    pub page: Option<Pfn>,
}

/// The grants that a guest could not end.
#[derive(Clone, Debug)]
pub struct DeferredGrants {
    when_in_use: WhenInUse,
    waiting: VecDeque<Deferred>,
    due: Option<Time>,
    leaked: u32,
}

impl DeferredGrants {
    /// A guest that could end everything so far.
    pub const fn new(when_in_use: WhenInUse) -> DeferredGrants {
        DeferredGrants { when_in_use, waiting: VecDeque::new(), due: None, leaked: 0 }
    }

    /// Ends a grant (`gnttab_end_foreign_access`). If it has ended, the reference is free, and the page is the caller's to
    /// free; if not, the caller must not touch either again.
    pub fn end_access(
        &mut self,
        grants: &mut GuestGrants,
        memory: &mut Memory,
        grant: Deferred,
        now: Time,
    ) -> EndAccess {
        if grants.end_access(memory, grant.gref) == EndAccess::Ended {
            grants.release_reference(grant.gref);
            return EndAccess::Ended;
        }
        match self.when_in_use {
            WhenInUse::Leak => self.leaked += 1,
            WhenInUse::Defer => {
                self.waiting.push_back(grant);
                self.due.get_or_insert(now + RETRY);
            }
        }
        EndAccess::StillInUse
    }

    /// The timer has fired (`gnttab_handle_deferred`): tries the oldest grants again, each at most once, and hands those that
    /// have ended to `freed`.
    pub fn handle(
        &mut self,
        grants: &mut GuestGrants,
        memory: &mut Memory,
        now: Time,
        mut freed: impl FnMut(Deferred),
    ) {
        let tries = self.waiting.len().min(TRIES_PER_RETRY as usize);
        for _ in 0..tries {
            let grant = self.waiting.pop_front().expect("a grant is tried at most once");
            if grants.end_access(memory, grant.gref) == EndAccess::Ended {
                grants.release_reference(grant.gref);
                freed(grant);
            } else {
                self.waiting.push_back(grant);
            }
        }
        self.due = (!self.waiting.is_empty()).then_some(now + RETRY);
    }

    /// When the timer fires, if it is set.
    pub const fn due(&self) -> Option<Time> {
        self.due
    }

    /// How many grants wait to be ended.
    pub fn waiting(&self) -> u32 {
        self.waiting.len() as u32
    }

    /// How many grants were forgotten, each with its page.
    pub const fn leaked(&self) -> u32 {
        self.leaked
    }
}
