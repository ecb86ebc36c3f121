//! The ring, and a packet on its way out.
//!
//! Not modelled: other languages, and sentences for several events at once.

use crate::actors::epoch::{Drivers, Epoch, FrontEpoch};
use crate::actors::log::{Event, Unsent};
use crate::telling::narration::phrases::{
    bell, count_of, push_entries, push_index, push_places, push_time, stretch, the, things,
};
use crate::words::text::Text;
use crate::words::time::Time;

/// Writes the sentence of one event; nothing for those that have a family of their own.
pub(super) fn tell(out: &mut Text, event: &Event, drivers: Drivers) {
    match *event {
        Event::RequestWritten { index, id, count } => {
            out.push_str("The front end writes ");
            things(out, count, "request", id);
            push_places(out, " at", index, count);
            out.push_str(". Only req_prod_pvt moves, so the back end does not look there yet.");
        }
        Event::RequestsPublished { old, new, event, notify } => {
            out.push_str("The front end publishes: req_prod goes from ");
            stretch(out, old, new);
            bell(out, event, notify, "back end");
        }
        Event::RingFull { outstanding } => {
            out.push_str("The front end may not put another request: ");
            count_of(out, outstanding, "slot");
            out.push_str(if outstanding == 1 { " is in use." } else { " are in use." });
        }
        Event::ProducerForged { to } => {
            out.push_str("A hostile front end sets req_prod to ");
            push_index(out, to);
            out.push_str(", and writes no request for it.");
        }
        Event::RequestsTaken { index, id, count } => {
            out.push_str("The back end copies ");
            things(out, count, "request", id);
            push_places(out, " from", index, count);
            out.push_str(if count == 1 {
                ". The slot may now carry a response."
            } else {
                ". The slots may now carry responses."
            });
        }
        Event::OverflowCaught { distance } => {
            out.push_str("The back end finds req_prod ").push_u32(distance);
            out.push_str(
                " ahead of its last response, more than the ring holds: it takes nothing, and gives this guest up.",
            );
        }
        Event::RequestsAwaited { event } => {
            out.push_str("The back end finds nothing more to take. It asks for an event at index ");
            push_index(out, event);
            out.push_str(", and looks once more.");
        }
        Event::ResponsesWritten { index, id, count } => {
            out.push_str("The back end writes ");
            things(out, count, "response", id);
            push_places(out, " at", index, count);
            out.push_str(if count == 1 {
                ", over a request that it has copied."
            } else {
                ", over requests that it has copied."
            });
        }
        Event::ResponsesPublished { old, new, event, notify } => {
            out.push_str("The back end publishes: rsp_prod goes from ");
            stretch(out, old, new);
            bell(out, event, notify, "front end");
        }
        Event::ResponsesReaped { index, id, count } => {
            out.push_str("The front end reads ");
            things(out, count, "response", id);
            push_places(out, " at", index, count);
            out.push_str(if count == 1 { ", and the slot is free again." } else { ", and the slots are free again." });
        }
        Event::ResponsesAwaited { event } => {
            out.push_str("The front end asks for an event at index ");
            push_index(out, event);
            out.push_char('.');
        }
        Event::QueueStopped { outstanding } => {
            out.push_str("With ").push_u32(outstanding);
            out.push_str(" of 256 slots in use netfront stops its queue: the largest packet might need ");
            out.push_str(match drivers.front {
                FrontEpoch::Classic => "20.",
                FrontEpoch::Modern => "19.",
            });
        }
        Event::QueueWoken { outstanding } => {
            out.push_str("With ");
            count_of(out, outstanding, "slot");
            out.push_str(" in use netfront lets its queue run again.");
        }
        Event::QueueOverflowed { bytes } => {
            out.push_str("The guest's own queue is full: a packet of ").push_u32(bytes);
            out.push_str(" bytes is dropped before it reaches netfront.");
        }
        Event::PacketUnsent { bytes, pieces, why } => {
            out.push_str("Netfront frees a packet of ").push_u32(bytes).push_str(" bytes instead of sending it: ");
            match why {
                Unsent::NoCarrier => {
                    out.push_str("the interface has no back end.");
                }
                Unsent::TooManyPieces => {
                    out.push_str("its ").push_u32(pieces).push_str(" pieces are more than a packet may have.");
                }
                Unsent::TooLong => {
                    out.push_str("a request cannot say such a length.");
                }
                Unsent::NotTaken => {
                    out.push_str("the back end does not take packets of several pieces, or none to be segmented.");
                }
                Unsent::NoMemory => {
                    out.push_str("it was to be copied first, and the guest has no page for it.");
                }
            }
        }
        Event::PacketOffered { bytes, slots } => {
            out.push_str("The guest's stack hands netfront a packet of ").push_u32(bytes).push_str(" bytes. It needs ");
            count_of(out, slots, "slot");
            out.push_char('.');
        }
        Event::GrantsGiven { first, frame, count, flags: _ } => {
            out.push_str("Netfront lets dom0 read ");
            the(out, count, "page");
            out.push_str(": grant entry ").push_u32(first.0);
            out.push_str(if count == 1 { " names frame 0x" } else { " names the first, frame 0x" });
            out.push_hex(u64::from(frame.0), 2).push_str(", read-only.");
        }
        Event::EventSent { port, from_guest } => {
            out.push_str("Xen marks port ").push_u32(port.0).push_str(" pending");
            out.push_str(if from_guest { " in dom0 and interrupts it." } else { " in the guest and interrupts it." });
        }
        Event::GrantsMapped { first, frame: _, count, flags: _ } => {
            out.push_str("One hypercall maps ");
            the(out, count, "page");
            out.push_str(" into dom0. Xen sets the reading bit of ");
            push_entries(out, first, count);
            out.push_str(if count == 1 {
                ": the guest cannot take this grant back now."
            } else {
                ": the guest cannot take these grants back now."
            });
        }
        Event::HeaderCopied { bytes, pages_kept } if drivers.back != Epoch::Classic => {
            tell_head(out, drivers.back, bytes, pages_kept);
        }
        Event::HeaderCopied { bytes, pages_kept: 0 } => {
            out.push_str("Netback copies all ").push_u32(bytes).push_str(" bytes, and needs the guest's page no more.");
        }
        Event::HeaderCopied { bytes, pages_kept } => {
            out.push_str("Netback copies the first ").push_u32(bytes).push_str(" bytes. The rest stays in ");
            if pages_kept == 1 {
                out.push_str("the guest's page, and the packet points to it.");
            } else {
                out.push_u32(pages_kept).push_str(" of the guest's pages, and the packet points to them.");
            }
        }
        Event::SlotReleased { id } if drivers.back != Epoch::Classic => {
            out.push_str("Netback has every byte of request ").push_u32(u32::from(id));
            out.push_str(" in memory of its own, and may answer it now.");
        }
        Event::SlotReleased { id } => {
            out.push_str("The slot goes to the dealloc ring at once: netback's next pass will answer request ");
            out.push_u32(u32::from(id)).push_char('.');
        }
        Event::PacketReceived { bytes } => {
            out.push_str("Netback hands ").push_u32(bytes);
            out.push_str(" bytes to dom0's network stack, as if a card had received them.");
        }
        Event::PacketForwarded => {
            out.push_str("The bridge sends the packet on, to the physical card.");
        }
        Event::PacketQueued { waiting } => {
            out.push_str("The card's ring is full. The packet waits in dom0's queue, where there are now ");
            out.push_u32(waiting).push_char('.');
        }
        Event::EgressOverflowed { bytes } => {
            out.push_str("The card's queue in dom0 is full too: dom0 drops the packet of ").push_u32(bytes);
            out.push_str(" bytes, and so frees it.");
        }
        Event::PacketDropped { bytes } => {
            out.push_str("dom0 drops the packet, and so frees it: its ").push_u32(bytes);
            out.push_str(" bytes go no further.");
        }
        Event::DescriptorsPosted { count } => {
            out.push_str("The driver tells the card where the bytes are, in ");
            count_of(out, count, "descriptor");
            out.push_char('.');
        }
        Event::PacketSent { bytes, nanos } => {
            out.push_str("The card has fetched the packet by DMA and sent it: ").push_u32(bytes).push_str(" bytes in ");
            push_time(out, Time(nanos));
            out.push_char('.');
        }
        Event::TransmitDone => {
            out.push_str("The card's interrupt tells its driver that the packet has left, and the driver frees it.");
        }
        Event::PagesFreed { count } if drivers.back != Epoch::Classic => {
            out.push_str("The packet is freed. Its callback puts ");
            the(out, count, "slot");
            out.push_str(" that it pointed to on netback's dealloc ring.");
        }
        Event::PagesFreed { count: 1 } => {
            out.push_str("The packet's page is foreign: instead of freeing it, the page allocator calls netback, ");
            out.push_str("which puts the slot on its dealloc ring.");
        }
        Event::PagesFreed { count } => {
            out.push_str("The packet's ").push_u32(count);
            out.push_str(" pages are foreign: instead of freeing them, the page allocator calls netback, ");
            out.push_str("which puts their slots on its dealloc ring.");
        }
        Event::GrantsUnmapped { first, count, flags: _ } => {
            out.push_str("One hypercall unmaps ");
            the(out, count, "page");
            out.push_str(". Xen clears the reading bit of ");
            push_entries(out, first, count);
            out.push_str(", and only now may netback answer.");
        }
        Event::GrantsEnded { first, count, flags: _ } => {
            out.push_str("Netfront ends ");
            the(out, count, "grant");
            out.push_str(if count == 1 { ": entry " } else { ", entry " }).push_u32(first.0);
            out.push_str(if count == 1 { " is free again." } else { " first, and their entries are free again." });
        }
        Event::PacketFreed { bytes } => {
            out.push_str("The guest frees the packet, and may use the memory of its ").push_u32(bytes);
            out.push_str(" bytes again.");
        }
        Event::Backend(_)
        | Event::Receive(_)
        | Event::Stack(_)
        | Event::Bus(_)
        | Event::Trouble(_)
        | Event::Summary(_)
        | Event::Pages(_)
        | Event::Hvm(_)
        | Event::Hotplug(_)
        | Event::Dma(_)
        | Event::Vtd(_)
        | Event::Migration(_)
        | Event::Pciif(_)
        | Event::Wakeups(_)
        | Event::Ways(_)
        | Event::Interleaving(_) => {}
    }
}

/// What later netbacks do with bytes that Xen has copied for them.
fn tell_head(out: &mut Text, back: Epoch, bytes: u32, pages_kept: u32) {
    out.push_str("Netback builds the packet: ");
    if pages_kept == 0 {
        out.push_str("all ").push_u32(bytes).push_str(" bytes are in its head.");
        return;
    }
    out.push_str("the first ").push_u32(bytes).push_str(" bytes are in its head, and it points to the rest in ");
    count_of(out, pages_kept, "page");
    out.push_str(if back == Epoch::GrantCopy { " of dom0's own." } else { " of the guest's." });
}
