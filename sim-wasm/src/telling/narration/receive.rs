//! Packets on their way to a guest.
//!
//! Not modelled: other languages, and sentences for several events at once.

use crate::actors::log::receive::{DropReason, Receive};
use crate::telling::narration::phrases::{
    bell, count_of, push_grant_status, push_index, push_places, push_time, stretch, the,
};
use crate::words::text::Text;
use crate::words::time::Time;

/// Writes the sentence of one event.
pub(super) fn tell(out: &mut Text, event: &Receive) {
    match *event {
        Receive::BuffersPosted { index, count, target } => {
            out.push_str("Netfront posts ");
            count_of(out, count, "empty buffer");
            push_places(out, " at", index, count);
            out.push_str(". It wants to have ").push_u32(target).push_str(" on the ring.");
        }
        Receive::RefillPostponed { posted } => {
            out.push_str("The guest has no page for another buffer. With ").push_u32(posted);
            out.push_str(" posted, netfront tries again later.");
        }
        Receive::TargetChanged { target } => {
            out.push_str("From now on netfront wants to have ");
            count_of(out, target, "buffer");
            out.push_str(" on the ring.");
        }
        Receive::PacketAccepted { bytes, slots, waiting } => {
            out.push_str("Netback takes a packet of ").push_u32(bytes).push_str(" bytes for the guest. It needs ");
            count_of(out, slots, "buffer");
            out.push_str(", and ").push_u32(waiting).push_str(if waiting == 1 {
                " packet waits."
            } else {
                " packets wait."
            });
        }
        Receive::PacketRefused { bytes, why, needed, posted } => {
            out.push_str("Netback drops a packet of ").push_u32(bytes).push_str(" bytes for the guest: ");
            match why {
                DropReason::NoCarrier => {
                    out.push_str("the interface is not connected, or has no carrier.");
                }
                DropReason::NoBuffers => {
                    out.push_str("it needs ");
                    count_of(out, needed, "buffer");
                    out.push_str(", and the guest has posted ").push_u32(posted).push_char('.');
                }
                DropReason::QueueFull => {
                    out.push_str("as many bytes wait for this guest as may wait.");
                }
                DropReason::Expired => {
                    out.push_str("it has waited too long.");
                }
                DropReason::NoMemory => {
                    out.push_str("dom0 has no memory.");
                }
            }
        }
        Receive::QueueWaits { event } => {
            out.push_str("Netback stops the queue in front of the guest, and asks for an event when buffers are posted up to index ");
            push_index(out, event);
            out.push_char('.');
        }
        Receive::QueueDrains => {
            out.push_str(
                "Nobody has posted buffers. Netback lets the queue run all the same, so that it drains by dropping.",
            );
        }
        Receive::QueueRuns => {
            out.push_str("There are buffers again: the queue in front of the guest runs.");
        }
        Receive::PagesFlipped { count } => {
            out.push_str("Xen moves ");
            the(out, count, "page");
            out.push_str(if count == 1 {
                " to the guest. dom0 has taken a fresh one in its place."
            } else {
                " to the guest. dom0 has taken fresh ones in their place."
            });
        }
        Receive::DeliveryRefused { index, status } => {
            out.push_str("Xen refuses to deliver into the buffer at index ");
            push_index(out, index);
            out.push_str(": ");
            push_grant_status(out, status);
            out.push_char('.');
        }
        Receive::BytesCopied { count, bytes } => {
            out.push_str("One hypercall copies ").push_u32(bytes).push_str(" bytes into the guest's buffers, in ");
            count_of(out, count, "operation");
            out.push_char('.');
        }
        Receive::MemorySqueeze { until } => {
            out.push_str(
                "Xen has no page to put in place of one that is given away: netback delivers nothing to anybody until ",
            );
            push_time(out, Time(until));
            out.push_char('.');
        }
        Receive::BuffersAnswered { index, count, bytes } => {
            out.push_str("Netback answers ");
            the(out, count, "buffer");
            push_places(out, " at", index, count);
            out.push_str(": ").push_u32(bytes).push_str(" bytes.");
        }
        Receive::AnswersPublished { old, new, event, notify } => {
            out.push_str("Netback publishes: rsp_prod of the receive ring goes from ");
            stretch(out, old, new);
            bell(out, event, notify, "front end");
        }
        Receive::AnswersTaken { index, count } => {
            out.push_str("Netfront reads ");
            count_of(out, count, "answer");
            push_places(out, " at", index, count);
            out.push_char('.');
        }
        Receive::PacketDelivered { bytes, slots } => {
            out.push_str("Netfront makes a packet of ").push_u32(bytes).push_str(" bytes out of ");
            count_of(out, slots, "buffer");
            out.push_str(", and hands it to the guest's stack.");
        }
        Receive::PacketSpoiled { status } if status < 0 => {
            out.push_str("Netfront drops what came: netback answered with the error ");
            out.push_i32(i32::from(status)).push_char('.');
        }
        Receive::PacketSpoiled { .. } => {
            out.push_str("Netfront drops what came: its pieces make no packet.");
        }
        Receive::CarrierLost => {
            out.push_str(
                "The guest has taken nothing for too long. Netback takes the carrier off, and gets no more to deliver.",
            );
        }
        Receive::CarrierBack => {
            out.push_str("The guest has posted buffers, and netback puts the carrier on again.");
        }
        Receive::FramesTaken { count } => {
            out.push_str("Another domain starts and gets all that was free of Xen's memory: ");
            count_of(out, count, "frame");
            out.push_char('.');
        }
        Receive::FramesFreed { count } => {
            out.push_str("The other domain ends, and ");
            count_of(out, count, "frame");
            out.push_str(if count == 1 { " is free again." } else { " are free again." });
        }
        Receive::ListenerBegan => {
            out.push_str("A program in dom0 listens from now on: it has a clone of each further packet for the guest.");
        }
        Receive::CopiedFirst { bytes, pages } => {
            out.push_str("Netback does not deliver the packet as it lies in dom0. It copies the ").push_u32(bytes);
            out.push_str(" bytes into ");
            if pages == 0 {
                out.push_str("one piece of memory first.");
            } else {
                count_of(out, pages, "fresh page");
                out.push_str(" first.");
            }
        }
    }
}
