//! dom0's network stack and the card.
//!
//! Not modelled: other languages, and sentences for several events at once.

use crate::actors::log::stack::Stack;
use crate::words::text::Text;

/// Writes the sentence of one event.
pub(crate) fn tell(out: &mut Text, event: &Stack) {
    match *event {
        Stack::BacklogOverflowed { bytes } => {
            out.push_str("dom0's backlog is full: a packet of ").push_u32(bytes);
            out.push_str(" bytes is lost before the bridge sees it.");
        }
        Stack::AddressLearned { port } => {
            out.push_str("The bridge learns that the sender lives behind ");
            push_port(out, port);
            out.push_char('.');
        }
        Stack::ForwardedTo { port } => {
            out.push_str("The bridge sends the packet out of ");
            push_port(out, port);
            out.push_char('.');
        }
        Stack::Flooded { copies } => {
            out.push_str("The receiver is everybody, or unknown: the bridge sends the packet out of each other port, ");
            out.push_u32(copies).push_str(" in all. The clones share its pages.");
        }
        Stack::NotForwarded { bytes } => {
            out.push_str("The packet has no way out, or none but the one that it came in by: the bridge frees its ");
            out.push_u32(bytes).push_str(" bytes.");
        }
        Stack::PortOverflowed { port, bytes } => {
            out.push_str("The queue in front of ");
            push_port(out, port);
            out.push_str(" is full: a packet of ").push_u32(bytes).push_str(" bytes is lost there.");
        }
        Stack::PortQueued { port, waiting } => {
            out.push_str("The packet waits in the queue in front of ");
            push_port(out, port);
            out.push_str(", where there are now ").push_u32(waiting).push_char('.');
        }
        Stack::TapOpened { port } => {
            out.push_str("A packet socket is opened on ");
            push_port(out, port);
            out.push_str(", as by tcpdump: it is to have a clone of each packet that passes there.");
        }
        Stack::TapClosed { port, clones } => {
            out.push_str("The packet socket on ");
            push_port(out, port);
            out.push_str(" is closed. Clones that it kept, and that are freed now: ").push_u32(clones).push_char('.');
        }
        Stack::Tapped { bytes } => {
            out.push_str("A packet socket in dom0, such as tcpdump's, keeps a clone of the packet's ");
            out.push_u32(bytes).push_str(" bytes.");
        }
        Stack::TapFreed { bytes } => {
            out.push_str("The packet socket lets go its clone of ").push_u32(bytes).push_str(" bytes.");
        }
        Stack::CardStalled => {
            out.push_str("The card stops fetching. What lies in its ring stays there.");
        }
        Stack::CardResumed => {
            out.push_str("The card fetches again.");
        }
        Stack::WireReceived { bytes } => {
            out.push_str("The card receives a packet of ").push_u32(bytes).push_str(" bytes from the wire.");
        }
        Stack::WireMissed { bytes } => {
            out.push_str("The card has no buffer for a packet of ").push_u32(bytes);
            out.push_str(" bytes from the wire, and the packet is lost.");
        }
    }
}

/// A port of the bridge, see `BridgePort::number`.
fn push_port(out: &mut Text, port: u16) {
    match port {
        0 => out.push_str("the card"),
        u16::MAX => out.push_str("dom0 itself"),
        vif => out.push_str("port ").push_u32(u32::from(vif)),
    };
}
