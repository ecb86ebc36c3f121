//! What a transmitting backend does beside its way with a sound packet.
//!
//! Not modelled: other languages, and sentences for several events at once.

use crate::actors::log::backend::{Backend, Refusal};
use crate::telling::narration::phrases::{count_of, push_grant_status, push_time, the};
use crate::words::text::Text;
use crate::words::time::Time;

/// Writes the sentence of one event.
pub(super) fn tell(out: &mut Text, event: &Backend) {
    match *event {
        Backend::PoolGateShut { held } => {
            out.push_str("An event came, but netback holds ").push_u32(held);
            out.push_str(" of its 256 slots. From 128 on it starts nothing new until a slot is released.");
        }
        Backend::CreditExhausted { wanted, remaining, until } => {
            out.push_str("The next packet has ").push_u32(wanted);
            out.push_str(" bytes, but the interface has a credit of ").push_u32(remaining);
            out.push_str(" left. Its requests wait on the ring until ");
            push_time(out, Time(until));
            out.push_char('.');
        }
        Backend::CreditGranted { remaining } => {
            out.push_str("The interface gets new credit: ").push_u32(remaining).push_str(" bytes may go.");
        }
        Backend::ExtrasTaken { kind, count } => {
            out.push_str("The back end takes ");
            count_of(out, count, "extra info");
            out.push_str(" off the ring");
            out.push_str(match kind {
                1 => ", about segmentation",
                2 => ", with a multicast address to listen to",
                3 => ", with a multicast address to listen to no more",
                4 => ", with the packet's hash",
                5 => ", with room to keep in front of the packet",
                _ => ", of no known type",
            });
            out.push_str(". Such a slot needs no grant.");
        }
        Backend::RequestsRefused { id, count, why } => {
            out.push_str("The back end answers ");
            if count == 1 {
                out.push_str("request ").push_u32(u32::from(id));
            } else {
                count_of(out, count, "slot");
                out.push_str(", request ").push_u32(u32::from(id)).push_str(" first,");
            }
            out.push_str(" with an error: ").push_str(reason(why)).push_char('.');
        }
        Backend::MapRefused { gref, status } => {
            out.push_str("Xen refuses to map the page of grant entry ").push_u32(gref.0).push_str(": ");
            push_grant_status(out, status);
            out.push_char('.');
        }
        Backend::PacketLinearized { bytes, count } => {
            out.push_str("Netback copies the packet's ").push_u32(bytes);
            out.push_str(" bytes into dom0's memory. ");
            slots_go(out, count);
            out.push_str(" back before the packet is sent.");
        }
        Backend::PageReplaced { pending } => {
            out.push_str("A packet has lingered in dom0. Netback copies its page ").push_u32(u32::from(pending));
            out.push_str(" and puts the copy in its place: the slot goes back, and the packet stays.");
        }
        Backend::PageBusy { pending } => {
            out.push_str("A packet has lingered in dom0, but a device knows the address of its page ");
            out.push_u32(u32::from(pending)).push_str(": the slot stays taken until the packet is freed.");
        }
        Backend::GrantsCopied { count, bytes, failed } => {
            out.push_str("One hypercall copies ").push_u32(bytes).push_str(" bytes into dom0's own pages, in ");
            count_of(out, count, "operation");
            out.push_char('.');
            if failed > 0 {
                out.push_str(" Xen refuses ").push_u32(failed).push_str(" of them.");
            }
        }
        Backend::PagesOrphaned { count, bytes } => {
            out.push_str("Somebody else in dom0 wants the packet too, so netback copies ");
            the(out, count, "page");
            out.push_str(", ").push_u32(bytes).push_str(" bytes. ");
            slots_go(out, count);
            out.push_str(" back at once.");
        }
        Backend::BudgetSpent { packets } => {
            out.push_str("Netback has taken ");
            count_of(out, packets, "packet");
            out.push_str(" in one poll, as many as it may, and lets others have their turn.");
        }
        Backend::FrontendDisabled { why } => {
            out.push_str("Netback gives this guest up: ").push_str(reason(why));
            out.push_str(". It takes nothing more from the ring, and answers nothing.");
        }
    }
}

fn slots_go(out: &mut Text, count: u32) {
    if count == 1 {
        out.push_str("Its slot goes");
    } else {
        out.push_str("Its ").push_u32(count).push_str(" slots go");
    }
}

/// The refusal as a clause.
const fn reason(why: Refusal) -> &'static str {
    match why {
        Refusal::ProducerOverflow => "its producer is further ahead than the ring is long",
        Refusal::Truncated => "the packet's end is not on the ring",
        Refusal::TooManySlots => "the packet has more slots than a packet may have",
        Refusal::LongerThanPacket => "a piece is longer than what is left of the packet",
        Refusal::CrossesPage => "a piece crosses the end of its page",
        Refusal::TooShort => "the packet is shorter than an Ethernet header",
        Refusal::BadExtra => "an extra info is missing or of no known type",
        Refusal::BadSegmentation => "its segments have no length, or are of no known type",
        Refusal::BadGrant => "Xen refused the grant",
        Refusal::NoMemory => "dom0 has no memory for the packet",
    }
}
