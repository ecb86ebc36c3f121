//! Reserved memory regions: buffers of the firmware that a device may use at any time (the DMAR table's RMRR entries).
//!
//! Whoever owns the device must leave its region mapped to itself, address to same address, for a USB controller's firmware
//! or a graphics unit does not ask. A region that several devices share ties them together.
//!
//! Not modelled: the table's bytes, and the scopes that name a device by its path of bridges.

use alloc::vec::Vec;

use crate::words::ids::Bdf;

/// One region and who uses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rmrr {
    /// The first address.
    pub base: u64,
    /// The last address.
    pub limit: u64,
    /// The devices.
    pub owners: Vec<Bdf>,
}

/// What is wrong with a region as the firmware gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RmrrFault {
    /// It ends before it begins, and is rejected.
    Inverted,
    /// None of its devices is there, and it is left out with a warning.
    NoDevice,
}

impl Rmrr {
    /// Whether an address lies in the region.
    #[must_use]
    pub const fn contains(&self, address: u64) -> bool {
        self.base <= address && address <= self.limit
    }

    /// Whether more devices than one use it, so that none of them can be given away alone without a laxer policy.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.owners.len() > 1
    }

    /// The page frames that it touches, first and last.
    #[must_use]
    pub const fn frames(&self) -> (u64, u64) {
        (self.base >> 12, self.limit >> 12)
    }

    /// What the system finds wrong with it, if `present` says which functions are there.
    pub fn fault(&self, present: impl Fn(Bdf) -> bool) -> Option<RmrrFault> {
        if self.base > self.limit {
            return Some(RmrrFault::Inverted);
        }
        (!self.owners.iter().any(|&owner| present(owner))).then_some(RmrrFault::NoDevice)
    }
}

/// The regions of a function.
pub fn regions_of(regions: &[Rmrr], bdf: Bdf) -> impl Iterator<Item = &Rmrr> {
    regions.iter().filter(move |region| region.owners.contains(&bdf))
}
