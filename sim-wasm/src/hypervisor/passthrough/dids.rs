//! The numbers by which one unit tells domains apart: who has which.
//!
//! A bitmap says which are in use and a map whose they are, and they are not changed at once. Whoever frees a number clears
//! the map first: once the bit is clear, another processor may take the number, and an owner that is cleared after that is
//! the new one (XSA-399).
//!
//! Source: `xen/drivers/passthrough/vtd/iommu.c`, `context_set_domain_id`, `cleanup_domid_map`.
//!
//! Not modelled: the lock that orders these steps today.

use alloc::vec;
use alloc::vec::Vec;

use crate::hypervisor::vtd::structures::Did;
use crate::words::ids::{Bdf, DomId};

/// For whom a number stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Holder {
    /// A domain, with all its devices.
    Domain(DomId),
    /// A device in quarantine: each has a number and tables of its own.
    Quarantined(Bdf),
}

/// One unit's numbers.
#[derive(Clone, Debug)]
pub struct Dids {
    in_use: Vec<bool>,
    holders: Vec<Option<Holder>>,
}

impl Dids {
    /// So many numbers. In caching mode 0 is nobody's, since what is not present is remembered with it.
    #[must_use]
    pub fn new(numbers: u32, caching_mode: bool) -> Dids {
        let mut in_use = vec![false; numbers as usize];
        in_use[0] = caching_mode;
        Dids { in_use, holders: vec![None; numbers as usize] }
    }

    /// The number that stands for somebody.
    #[must_use]
    pub fn of(&self, holder: Holder) -> Option<Did> {
        self.holders.iter().position(|other| *other == Some(holder)).map(|number| Did(number as u16))
    }

    /// For whom a number stands.
    #[must_use]
    pub fn holder(&self, did: Did) -> Option<Holder> {
        *self.holders.get(usize::from(did.0))?
    }

    /// Whether a number is in use.
    #[must_use]
    pub fn is_in_use(&self, did: Did) -> bool {
        self.in_use.get(usize::from(did.0)) == Some(&true)
    }

    /// Takes the lowest free number; nothing if there is none.
    pub fn take(&mut self, holder: Holder) -> Option<Did> {
        let number = self.in_use.iter().position(|used| !used)?;
        self.in_use[number] = true;
        self.holders[number] = Some(holder);
        Some(Did(number as u16))
    }

    /// Half of freeing a number: nobody has it.
    pub fn clear_holder(&mut self, did: Did) {
        self.holders[usize::from(did.0)] = None;
    }

    /// The other half: it may be taken.
    pub fn clear_bit(&mut self, did: Did) {
        self.in_use[usize::from(did.0)] = false;
    }
}
