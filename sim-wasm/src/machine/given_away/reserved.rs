//! Memory that firmware has reserved for cards (RMRR): where it is, and for which.
//!
//! ```text
//!   0 ‥ Xen, dom0, guests, tables ‥ FRAMES ‥ reserved, region by region
//! ```
//!
//! A card may use it at any time, whoever has the card: where the machine has a unit, Xen maps it one to one in the tables of
//! whoever gets the card, and in those of quarantine. It is no domain's memory, and nobody else's cards are to reach it. Today a
//! card whose reserved memory is another card's too is not given away, unless the toolstack is told to be relaxed about it.
//!
//! Sources: `xen/drivers/passthrough/vtd/dmar.c`, `acpi_parse_one_rmrr`; `xen/arch/x86/mm.c`, `arch_init_memory`.
//!
//! Not modelled: reserved memory where an HVM guest has pages of its own, which xl's `rdm_policy=strict` refuses, and mistakes of
//! firmware.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::hypervisor::memory::Owner;
use crate::hypervisor::passthrough::iommus::{Iommus, Rmrr};
use crate::hypervisor::vtd::structures::address_of;
use crate::hypervisor::vtd::walk::Request;
use crate::hypervisor::xen::Xen;
use crate::machine::given_away::FRAMES;
use crate::machine::given_away::hardware::Hardware;
use crate::machine::given_away::settings::{CardId, Reserved};
use crate::words::ids::{Dfn, DomId, Mfn};

/// Pages that firmware may have reserved, at most.
pub const MOST_RESERVED: u32 = 16;

/// The frames that are reserved for a card, by region.
pub fn frames_of(reserved: &[Reserved], card: CardId) -> impl Iterator<Item = Mfn> {
    regions(reserved).filter(move |(_, region)| region.cards.contains(&card)).flat_map(|(first, region)| {
        let frames = first.0..first.0 + u32::from(region.pages);
        frames.map(Mfn)
    })
}

/// How many frames firmware has reserved.
pub(super) fn pages(reserved: &[Reserved]) -> u32 {
    reserved.iter().map(|region| u32::from(region.pages)).sum()
}

/// Each region that has pages, and its first frame.
fn regions(reserved: &[Reserved]) -> impl Iterator<Item = (Mfn, &Reserved)> {
    reserved.iter().filter(|region| region.pages > 0).scan(FRAMES, |next, region| {
        let first = Mfn(*next);
        *next += u32::from(region.pages);
        Some((first, region))
    })
}

/// Firmware has taken the last frames before anybody else gets any.
pub(super) fn take(xen: &mut Xen, reserved: &[Reserved]) {
    if reserved.is_empty() {
        return;
    }
    // Whoever comes next gets the lowest frame, as if nobody had been there.
    let all: Vec<Mfn> = core::iter::from_fn(|| xen.memory.alloc(Owner::Domain(DomId::IO))).collect();
    for frame in all.iter().rev().filter(|frame| frame.0 < FRAMES) {
        xen.memory.put_page(*frame);
    }
}

/// Xen reads firmware's table.
pub(super) fn announce(iommus: &mut Iommus, hardware: &Hardware, reserved: &[Reserved]) {
    for (first, region) in regions(reserved) {
        let devices =
            cards(hardware, region).into_iter().map(|card| hardware.functions[usize::from(card.0)].bdf).collect();
        iommus.add_rmrr(Rmrr { first: Dfn(first.0), pages: region.pages.into(), devices, usb: region.usb.is_on() });
    }
}

/// The cards that a region is for, as far as the machine has them, each once.
fn cards(hardware: &Hardware, region: &Reserved) -> BTreeSet<CardId> {
    region.cards.iter().copied().filter(|card| usize::from(card.0) < hardware.cards.len()).collect()
}

/// Cards begin to use it.
pub(super) fn begin_use(iommus: &mut Iommus, hardware: &Hardware, reserved: &[Reserved]) {
    for (first, region) in regions(reserved).filter(|(_, region)| region.in_use.is_on()) {
        for card in cards(hardware, region) {
            iommus.never_stops(0, Request::read(hardware.requester(card), address_of(first)));
        }
    }
}
