//! What can be seen of the machine, and what tells two of its states apart.
//!
//! Not modelled: nothing; a machine that is looked at goes on as if it was not.

use core::hash::Hash;

use crate::actors::log::Log;
use crate::hypervisor::io_permissions::IoPermissions;
use crate::hypervisor::passthrough::iommus::Iommus;
use crate::hypervisor::xen::Xen;
use crate::machine::given_away::GivenAway;
use crate::machine::given_away::guest::Guest;
use crate::machine::given_away::hardware::Hardware;
use crate::machine::given_away::settings::{CardId, GuestId};
use crate::machine::given_away::tally::{Count, Tally};
use crate::protocols::pci::owners::Owners;
use crate::words::hash::Fnv1a;
use crate::words::ids::{DomId, Mfn};
use crate::words::time::Time;

impl GivenAway {
    /// When the last appointment was kept.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.now
    }

    /// What was counted.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// What happened.
    #[must_use]
    pub const fn log(&self) -> &Log {
        &self.log
    }

    /// The hypervisor, to look at.
    #[must_use]
    pub const fn xen(&self) -> &Xen {
        &self.xen
    }

    /// Xen's units, tables and devices, to look at.
    #[must_use]
    pub const fn iommus(&self) -> &Iommus {
        &self.iommus
    }

    /// The owners of requester IDs as pciback and the toolstack see them.
    #[must_use]
    pub const fn owners(&self) -> &Owners {
        &self.owners
    }

    /// Who may touch which registers.
    #[must_use]
    pub const fn permissions(&self) -> &IoPermissions {
        &self.may
    }

    /// The buses and cards, to look at.
    #[must_use]
    pub const fn hardware(&self) -> &Hardware {
        &self.hardware
    }

    /// Whose a card is, as Xen has it.
    ///
    /// # Panics
    /// If there is no such card.
    #[must_use]
    pub fn owner(&self, card: CardId) -> DomId {
        self.iommus.device(self.hardware.place(card)).expect("the machine has the card").owner
    }

    /// The domain that a guest is, or was.
    #[must_use]
    pub const fn domain_of(guest: GuestId) -> DomId {
        DomId(guest.0 as u16 + 1)
    }

    /// Whether a guest runs.
    #[must_use]
    pub fn is_alive(&self, guest: GuestId) -> bool {
        self.guests.get(usize::from(guest.0)).is_some_and(|guest| guest.alive)
    }

    /// Whether a guest's driver runs a card.
    #[must_use]
    pub fn drives(&self, guest: GuestId, card: CardId) -> bool {
        self.guests.get(usize::from(guest.0)).is_some_and(|guest| guest.driver_of(card).is_some())
    }

    /// Whether a guest's pcifront waits for an answer of pciback's.
    #[must_use]
    pub fn is_asking(&self, guest: GuestId) -> bool {
        self.guests.get(usize::from(guest.0)).is_some_and(Guest::is_asking)
    }

    /// Whether the host has stopped, or is a card's plaything.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.tally.get(Count::HostStopped) + self.tally.get(Count::TablesOverwritten) > 0
    }

    /// Tells two states of a run apart, whatever was written down of the way to them: time, counts, owners, who may touch what,
    /// interrupts that are mapped, cards, and all frames. Equal on every machine.
    #[must_use]
    pub fn state(&self) -> u64 {
        let mut hash = Fnv1a::new();
        hash.write_u64(self.now.0);
        self.tally.hash(&mut hash);
        (&self.uses, &self.may, &self.pirqs, &self.hardware.cards).hash(&mut hash);
        for frame in (0..self.xen.memory.size()).map(Mfn) {
            if let Some(page) = self.xen.memory.bus_page(frame) {
                hash.write(page.bytes());
            }
        }
        for function in &self.hardware.functions {
            hash.write(function.config.bytes());
            if let Some(table) = &function.msix {
                hash.write(table.table());
                hash.write(table.pba());
            }
            hash.write_u32(u32::from(self.owners.of(function.bdf).map_or(u16::MAX, |owner| owner.0)));
        }
        Fnv1a::finish(hash)
    }

    /// Tells two runs apart: [`state`](GivenAway::state) and log.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hash = Fnv1a::new();
        hash.write_u64(self.state());
        hash.write_u64(self.log.hash());
        Fnv1a::finish(hash)
    }
}
