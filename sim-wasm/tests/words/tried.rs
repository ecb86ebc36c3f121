//! Every event that is tried, and every pair of drivers.

use sim_wasm::actors::epoch::{Drivers, Epoch, FrontEpoch};
use sim_wasm::actors::log::Event;

use crate::devices::{dma_events, hotplug_events, hvm_events, migration_events, pciif_events, vtd_events, ways_events};
use crate::network::{
    backend_events, bus_events, interleaving_events, pages_events, path_events, receive_events, stack_events,
    summary_events, trouble_events, wakeup_events,
};

/// Every event with these numbers, and with either answer to whether a bell rings.
pub(crate) fn events(count: u32, index: u32, small: u16, notify: bool) -> Vec<Event> {
    let mut events = path_events(count, index, small, notify);
    events.extend(backend_events(count, small).into_iter().map(Event::Backend));
    events.extend(receive_events(count, index, small, notify).into_iter().map(Event::Receive));
    events.extend(stack_events(count, small).into_iter().map(Event::Stack));
    events.extend(bus_events(count, small).into_iter().map(Event::Bus));
    events.extend(trouble_events(count, small).into_iter().map(Event::Trouble));
    events.extend(summary_events(count, index).into_iter().map(Event::Summary));
    for either in [notify, !notify] {
        events.extend(wakeup_events(count, index, either).into_iter().map(Event::Wakeups));
        events.extend(interleaving_events(index, either).into_iter().map(Event::Interleaving));
    }
    events.extend(pages_events(count, index, notify).into_iter().map(Event::Pages));
    for either in [notify, !notify] {
        events.extend(hvm_events(count, index, small, either).into_iter().map(Event::Hvm));
        events.extend(hotplug_events(small, either).into_iter().map(Event::Hotplug));
        events.extend(migration_events(count, index, either).into_iter().map(Event::Migration));
    }
    events.extend(dma_events(index, small, notify).into_iter().map(Event::Dma));
    events.extend(ways_events(count).into_iter().map(Event::Ways));
    events.extend(vtd_events(count, index, small, notify).into_iter().map(Event::Vtd));
    events.extend(pciif_events(count, index, small, notify).into_iter().map(Event::Pciif));
    events
}

pub(crate) fn drivers() -> impl Iterator<Item = Drivers> {
    [FrontEpoch::Classic, FrontEpoch::Modern]
        .into_iter()
        .flat_map(|front| [Epoch::Classic, Epoch::GrantCopy, Epoch::ZeroCopy].map(|back| Drivers { front, back }))
}
