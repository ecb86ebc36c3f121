//! Events become sentences. One table feeds the line under the picture, the text version and the live region.
//!
//! A sentence is true of the drivers that ran: some do the same thing in another way. Which interface it is about is said
//! only in runs with several, by [`push_interface`].
//!
//! Not modelled: other languages than English.

pub mod phrases;

mod path;

mod backend;

mod receive;

pub(crate) mod stack;

mod bus;

mod trouble;

pub(crate) mod summary;

mod wakeups;

mod interleaving;

mod pages;

mod hvm;

pub(crate) mod dma;

pub(crate) mod hotplug;

pub(crate) mod vtd;

pub(crate) mod ways;

pub(crate) mod migration;

mod pciif;

use crate::actors::epoch::Drivers;
use crate::actors::log::summary::Summary;
use crate::actors::log::{Entry, Event, Who};
use crate::words::text::Text;

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

/// Writes the sentence of one event: at least one, with a full stop.
pub fn tell(out: &mut Text, event: &Event, drivers: Drivers) {
    match event {
        Event::Backend(event) => backend::tell(out, event),
        Event::Receive(event) => receive::tell(out, event),
        Event::Stack(event) => stack::tell(out, event),
        Event::Bus(event) => bus::tell(out, event),
        Event::Trouble(event) => trouble::tell(out, event),
        Event::Summary(event) => summary::tell(out, event),
        Event::Wakeups(event) => wakeups::tell(out, event),
        Event::Interleaving(event) => interleaving::tell(out, event),
        Event::Pages(event) => pages::tell(out, event),
        Event::Hvm(event) => hvm::tell(out, event),
        Event::Hotplug(event) => hotplug::tell(out, event),
        Event::Dma(event) => dma::tell(out, event),
        Event::Vtd(event) => vtd::tell(out, event),
        Event::Migration(event) => migration::tell(out, event),
        Event::Pciif(event) => pciif::tell(out, event),
        Event::Ways(event) => ways::tell(out, event),
        event => path::tell(out, event, drivers),
    }
}

/// The same for the ring and a packet on its way out; nothing for other events.
pub fn tell_way_out(out: &mut Text, event: &Event, drivers: Drivers) {
    path::tell(out, event, drivers);
}

/// The same for a packet on its way out, with what netback does beside and dom0's stack; nothing for other events.
pub fn tell_packet(out: &mut Text, event: &Event, drivers: Drivers) {
    match event {
        Event::Backend(event) => backend::tell(out, event),
        Event::Stack(event) => stack::tell(out, event),
        event => path::tell(out, event, drivers),
    }
}

/// The same for packets on their way to a guest; nothing for other events.
pub fn tell_way_in(out: &mut Text, event: &Event, drivers: Drivers) {
    match event {
        Event::Receive(event) => receive::tell(out, event),
        event => path::tell(out, event, drivers),
    }
}

/// The same for a ring and its sums of bells; nothing for other events.
pub fn tell_wakeups(out: &mut Text, event: &Event, drivers: Drivers) {
    match event {
        Event::Wakeups(event) => wakeups::tell(out, event),
        event => path::tell(out, event, drivers),
    }
}

/// The same for one granted page, and a packet on its way out; nothing for other events.
pub fn tell_grants(out: &mut Text, event: &Event, drivers: Drivers) {
    match event {
        Event::Backend(event) => backend::tell(out, event),
        Event::Stack(event) => stack::tell(out, event),
        Event::Trouble(event) => trouble::tell(out, event),
        Event::Pages(event) => pages::tell(out, event),
        event => path::tell(out, event, drivers),
    }
}

/// The same for a ring's stores and loads; nothing for other events.
pub fn tell_interleaving(out: &mut Text, event: &Event, _drivers: Drivers) {
    if let Event::Interleaving(event) = event {
        interleaving::tell(out, event);
    }
}

/// The same for what several guests' packets come to, for what turns in netback, and for dom0's stack; nothing for the rest.
pub fn tell_sharing(out: &mut Text, event: &Event, drivers: Drivers) {
    match event {
        Event::Summary(event) => summary::tell(out, event),
        Event::Backend(event) => backend::tell(out, event),
        Event::Stack(event) => stack::tell(out, event),
        event => path::tell(out, event, drivers),
    }
}

/// Writes which interface an entry is about, as `Interface 2: `; nothing for what concerns the bridge's ports or the card.
pub fn push_interface(out: &mut Text, entry: &Entry) {
    let machines =
        matches!(entry.event, Event::Stack(_) | Event::TransmitDone | Event::Summary(Summary::Passed { .. }));
    if !machines {
        out.push_str("Interface ").push_u32(u32::from(entry.vif.0)).push_str(": ");
    }
}
