//! The end of a guest: Xen takes its cards and its memory, and then whoever worked for it in dom0 lets go.
//!
//! With the toolstack at work its cards were reset before. Without it, they are as the guest left them, perhaps in the middle of
//! a packet, while its pages go to whoever asks next.
//!
//! Not modelled: a domain that goes in pieces.

use alloc::vec::Vec;

use crate::machine::given_away::guest::Side;
use crate::machine::given_away::settings::{CardId, GuestId};
use crate::machine::given_away::{GivenAway, Item};
use crate::protocols::pci::function::FLR_NANOS;

impl GivenAway {
    /// Xen destroys a guest, with the cards that it has.
    pub(super) fn kill(&mut self, guest: GuestId) {
        let domain = GivenAway::domain_of(guest);
        if !self.guest(guest).alive {
            return;
        }
        self.guest(guest).alive = false;
        self.guest(guest).drivers.clear();
        let all = (0..self.hardware.cards.len() as u8).map(CardId);
        // A card that it had once is another's business.
        let cards: Vec<CardId> = all.filter(|card| self.has(guest, *card) || self.is_shown(guest, *card)).collect();
        // First the cards and their tables (`pci_release_devices`, `iommu_domain_destroy`), then the pages.
        let released = self.iommus.destroy_domain(&mut self.xen.memory, domain);
        for card in &cards {
            self.follow_owner(*card);
            let one = &mut self.uses[usize::from(card.0)];
            one.lost |= one.guest == Some(guest);
        }
        self.pirqs.unmap_domain(domain);
        self.program_messages();
        self.free_descriptor(guest);
        if released.is_ok() {
            self.xen.destroy_domain(domain);
        }
        for card in &cards {
            self.forbid(guest, *card);
            self.forget_user(guest, *card);
        }
        self.detach_back(guest);
        self.guest(guest).cards.clear();
    }

    /// Whether pciback, or the device model, has a card for a guest.
    pub(super) fn is_shown(&self, guest: GuestId, card: CardId) -> bool {
        match &self.guests[usize::from(guest.0)].side {
            Side::Pv(pv) => pv.back.slots.shown(self.hardware.place(card)).is_some(),
            Side::Hvm(hvm) => hvm.is_behind(card),
        }
    }

    /// pciback, or the device model, lets go of a card whose guest is gone, or is not to have it. Today's pciback resets it, whatever kind of guest
    /// it was (`pcistub_put_pci_dev`).
    pub(super) fn forget_user(&mut self, guest: GuestId, card: CardId) {
        let real = self.hardware.place(card);
        match &self.guest(guest).side {
            Side::Pv(_) => drop(self.with_back(guest, |back, call| back.release(call, real))),
            Side::Hvm(_) => self.unregister(guest, card),
        }
        self.program_messages();
        if !self.is_old() {
            self.begin_reset(card);
            self.after(FLR_NANOS, Item::Released(guest, card));
        }
    }
}
