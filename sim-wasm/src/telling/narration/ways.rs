//! A packet on five ways to a card.
//!
//! Not modelled: other languages, and sentences for several events at once.

use crate::actors::costs::Way;
use crate::actors::log::ways::{Hop, Ways};
use crate::telling::narration::phrases::count_of;
use crate::words::text::Text;

/// Writes the sentence of one event.
pub(crate) fn tell(out: &mut Text, event: &Ways) {
    match *event {
        Ways::Hopped { way, hop } => {
            out.push_str(name(way)).push_str(": ").push_str(hopped(way, hop)).push_char('.');
        }
        Ways::Summed { way, packets, exits, hypercalls } => {
            out.push_str(name(way)).push_str(": ");
            count_of(out, packets, "packet");
            out.push_str(if packets == 1 { " takes " } else { " take " });
            count_of(out, exits, "exit");
            out.push_str(" and ");
            count_of(out, hypercalls, "hypercall");
            out.push_char('.');
        }
    }
}

/// What a way is called.
pub(crate) const fn name(way: Way) -> &'static str {
    match way {
        Way::Split => "PV, split drivers",
        Way::PvOwn => "PV, own card",
        Way::Emulated => "HVM, emulated card",
        Way::HvmSplit => "HVM, PV drivers",
        Way::HvmOwn => "HVM, own card",
    }
}

const fn is_hvm(way: Way) -> bool {
    matches!(way, Way::Emulated | Way::HvmSplit | Way::HvmOwn)
}

const fn hopped(way: Way, hop: Hop) -> &'static str {
    match hop {
        Hop::Granted => "the front end grants the packet's page and writes a request into the ring",
        Hop::Rang if is_hvm(way) => "the front end rings for dom0, a hypercall and so an exit",
        Hop::Rang => "the front end rings for dom0, a hypercall",
        Hop::Dom0Woken => "dom0 runs and takes its upcall",
        Hop::Mapped => "the back end has Xen map the page",
        Hop::CardDriven => "dom0's driver gives the packet to the card",
        Hop::Unmapped => "the card is done, and the back end unmaps the page and answers",
        Hop::Released => "the back end has copied the whole packet, unmaps the page and answers",
        Hop::Arrived => "the card stores the packet in dom0's memory",
        Hop::Copied => "Xen copies the packet into a page that the guest has granted",
        Hop::RangBack => "the back end rings for the guest",
        Hop::GuestWoken => "the guest runs and takes its upcall",
        Hop::Described => "the driver writes a descriptor into the guest's memory",
        Hop::TailWritten => "the driver writes the card's tail register, and nobody is asked",
        Hop::Fetched => "the card fetches descriptor and packet past the IOMMU, and sends",
        Hop::Stored => "the card stores a packet in the guest's page, past the IOMMU",
        Hop::Interrupted if is_hvm(way) => "the card interrupts, and the guest exits to Xen",
        Hop::Interrupted => "the card interrupts, and Xen makes an event of it",
        Hop::Noted => "the card interrupts, and the IOMMU notes it for the guest's processor",
        Hop::Handled => "the guest's driver takes the interrupt",
        Hop::Ended if is_hvm(way) => "the guest ends the interrupt, an exit",
        Hop::Ended => "the guest ends the interrupt, a hypercall",
        Hop::Bounced => "the driver copies the packet into a buffer of the card's",
        Hop::TakenOut => "the driver copies the packet out of the card's ring",
        Hop::Asked => "the driver touches a register, exits, and waits for qemu-dm",
        Hop::Answered => "qemu-dm answers, and the guest runs again",
        Hop::Tapped => "qemu-dm copies the packet, passes it to dom0's network and raises the line",
        Hop::Filled => "qemu-dm gets the packet, copies it into the guest's ring and raises the line",
    }
}
