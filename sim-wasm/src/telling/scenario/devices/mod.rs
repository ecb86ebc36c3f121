//! What scenarios about cards that are given away are made of.
//!
//! Each has a guest with a card, a neighbour, and an attack that begins when both have long booted.
//!
//! Not modelled: several attacks of one run.

pub(super) mod reach;

pub(super) mod wrong_page;

pub(super) mod after_the_end;

pub(super) mod forged_message;

pub(super) mod peers;

pub(super) mod stale_page;

use alloc::vec;
use alloc::vec::Vec;

use crate::hypervisor::passthrough::options::{GuestKind, Options, Version};
use crate::machine::given_away::settings::{Act, CardId, GuestId, GuestSettings, Settings};
use crate::telling::scenario::Knob;
use crate::words::time::Time;

/// The guest that attacks, its card, and who is beside it.
pub(super) const GUEST: GuestId = GuestId(0);
pub(super) const CARD: CardId = CardId(0);
pub(super) const NEIGHBOUR: GuestId = GuestId(1);
pub(super) const NEIGHBOURS_CARD: CardId = CardId(1);

/// When an attack begins.
pub(super) const BEGIN: Time = Time::from_millis(5_000);
/// From one act to the next.
const BETWEEN: u64 = 100_000_000;

pub(super) const XEN: Knob = Knob::choice("xen", "which Xen, with the toolstack of its time", &["today", "3.3"]);
pub(super) const UNIT: Knob = Knob::choice("unit", "whether the machine has a remapping unit", &["present", "absent"]);
pub(super) const KIND: Knob = Knob::choice("guest", "what kind of guest has the card", &["pv", "hvm"]);

pub(super) const fn version(choice: u32) -> Version {
    match choice {
        0 => Version::Today,
        _ => Version::Xen33,
    }
}

pub(super) const fn kind(choice: u32) -> GuestKind {
    match choice {
        0 => GuestKind::Pv,
        _ => GuestKind::Hvm,
    }
}

/// A machine with the guest, its card and its neighbour, which has one too or not.
pub(super) fn machine(options: Options, kind: GuestKind, neighbour_has_card: bool) -> Settings {
    let neighbour =
        if neighbour_has_card { GuestSettings::with(kind, NEIGHBOURS_CARD) } else { GuestSettings::new(kind) };
    let mut settings = Settings::new(options, vec![GuestSettings::with(kind, CARD), neighbour]);
    settings.until = Time::from_millis(20_000);
    settings
}

/// Acts one after another, from the beginning on.
pub(super) fn in_turn(acts: impl IntoIterator<Item = Act>) -> Vec<(Time, Act)> {
    (0..).zip(acts).map(|(number, act)| (BEGIN + number * BETWEEN, act)).collect()
}
