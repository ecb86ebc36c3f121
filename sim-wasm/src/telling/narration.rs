//! Events become sentences. One table feeds the line under the picture, the text version and the live region.

use crate::actors::log::{Entry, Event, Who};
use crate::words::ids::GrantRef;
use crate::words::text::Text;
use crate::words::time::Time;

/// The word for whoever acted.
#[must_use]
pub const fn name(who: Who) -> &'static str {
    match who {
        Who::Guest => "guest",
        Who::Dom0 => "dom0",
        Who::Xen => "Xen",
        Who::Hardware => "card",
    }
}

/// The class of that party in pages: its colour and its shape.
#[must_use]
pub const fn class(who: Who) -> &'static str {
    match who {
        Who::Guest => "domu",
        Who::Dom0 => "dom0",
        Who::Xen => "xen",
        Who::Hardware => "hw",
    }
}

/// Writes the sentences of some entries, one after the other.
pub fn tell_all(out: &mut Text, entries: &[Entry]) {
    for (position, entry) in entries.iter().enumerate() {
        if position > 0 {
            out.push_char(' ');
        }
        tell(out, &entry.event);
    }
}

/// Writes the sentence of one event.
pub fn tell(out: &mut Text, event: &Event) {
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
            out.push_str("The front end may not put another request: ").push_u32(outstanding);
            out.push_str(" slots are in use.");
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
            out.push_str(" of 256 slots in use netfront stops its queue: the largest packet might need 20.");
        }
        Event::QueueWoken { outstanding } => {
            out.push_str("With ").push_u32(outstanding).push_str(" slots in use netfront lets its queue run again.");
        }
        Event::QueueOverflowed { bytes } => {
            out.push_str("The guest's own queue is full: a packet of ").push_u32(bytes);
            out.push_str(" bytes is dropped before it reaches netfront.");
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
        Event::Backend(_) | Event::Receive(_) | Event::Stack(_) | Event::Bus(_) | Event::Trouble(_) => {}
    }
}

/// `3 pages`, `1 page`.
fn count_of(out: &mut Text, count: u32, thing: &str) {
    out.push_u32(count).push_char(' ').push_str(thing);
    if count != 1 {
        out.push_char('s');
    }
}

/// `the page`, `3 pages`.
fn the(out: &mut Text, count: u32, thing: &str) {
    if count == 1 {
        out.push_str("the ").push_str(thing);
    } else {
        count_of(out, count, thing);
    }
}

/// `request 3`, or `4 requests`.
fn things(out: &mut Text, count: u32, thing: &str, id: u16) {
    if count == 1 {
        out.push_str(thing).push_char(' ').push_u32(u32::from(id));
    } else {
        count_of(out, count, thing);
    }
}

/// ` at index 3`, or ` at indexes 3 to 6`.
fn push_places(out: &mut Text, preposition: &str, first: u32, count: u32) {
    out.push_str(preposition).push_str(if count == 1 { " index " } else { " indexes " });
    push_index(out, first);
    if count > 1 {
        out.push_str(" to ");
        push_index(out, first.wrapping_add(count - 1));
    }
}

/// `grant entry 9`, or `3 grant entries, 9 first`.
fn push_entries(out: &mut Text, first: GrantRef, count: u32) {
    if count == 1 {
        out.push_str("grant entry ").push_u32(first.0);
    } else {
        out.push_u32(count).push_str(" grant entries, ").push_u32(first.0).push_str(" first");
    }
}

fn stretch(out: &mut Text, old: u32, new: u32) {
    push_index(out, old);
    out.push_str(" to ");
    push_index(out, new);
    out.push_char('.');
}

fn bell(out: &mut Text, event: u32, notify: bool, who: &str) {
    out.push_str(" The ").push_str(who).push_str(" asked for an event at ");
    push_index(out, event);
    out.push_str(if notify {
        ", which lies in this stretch: the bell rings."
    } else {
        ", which lies outside this stretch: no bell."
    });
}

/// Writes a ring index: in decimal while it is small, in hexadecimal near the wrap.
pub fn push_index(out: &mut Text, index: u32) {
    if index < 100_000 {
        out.push_u32(index);
    } else {
        out.push_str("0x").push_hex(u64::from(index), 8);
    }
}

/// Writes a time with three digits at most after the point, in the unit that suits it.
pub fn push_time(out: &mut Text, time: Time) {
    let (unit, size) = match time.0 {
        0..1_000 => (" ns", 1),
        1_000..1_000_000 => (" µs", 1_000),
        1_000_000..1_000_000_000 => (" ms", 1_000_000),
        _ => (" s", 1_000_000_000),
    };
    out.push_u64(time.0 / size);
    let thousandths = time.0 % size * 1_000 / size;
    if thousandths > 0 {
        out.push_char('.');
        let (digits, width) = match thousandths {
            n if n % 100 == 0 => (n / 100, 1),
            n if n % 10 == 0 => (n / 10, 2),
            n => (n, 3),
        };
        out.push_padded(digits, width);
    }
    out.push_str(unit);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_take_the_unit_that_suits_them() {
        for (nanos, expect) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1 µs"),
            (12_112, "12.112 µs"),
            (2_860_000, "2.86 ms"),
            (2_006_000_000, "2.006 s"),
        ] {
            let mut text = Text::new();
            push_time(&mut text, Time(nanos));
            assert_eq!(text.as_str(), expect);
        }
    }

    #[test]
    fn a_bell_says_why() {
        let mut text = Text::new();
        tell(&mut text, &Event::RequestsPublished { old: 0, new: 2, event: 1, notify: true });
        assert_eq!(
            text.as_str(),
            "The front end publishes: req_prod goes from 0 to 2. The back end asked for an event at 1, which lies in this \
             stretch: the bell rings."
        );
    }
    #[test]
    fn several_slots_are_told_from_first_to_last() {
        let mut text = Text::new();
        tell(&mut text, &Event::ResponsesReaped { index: u32::MAX - 1, id: 3, count: 4 });
        assert_eq!(
            text.as_str(),
            "The front end reads 4 responses at indexes 0xfffffffe to 1, and the slots are free again."
        );
    }
}
