//! What the machine's parts have counted by themselves, and how full they are.
//!
//! Not modelled: what counting costs: it takes no time.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::bridge::BridgePort;
use crate::machine::metrics::Metrics;
use crate::machine::metrics::counters::Count;
use crate::machine::metrics::level::Level;
use crate::machine::network::Network;
use crate::words::ids::VifId;

/// Counts of the parts, in the order in which [`Network::parts`] gives them.
type Parts = Vec<(Option<VifId>, Count, u64)>;

impl Network {
    /// Adds what the parts have counted.
    pub(super) fn add_parts(&self, metrics: &mut Metrics) {
        for (vif, what, amount) in self.parts() {
            match vif {
                Some(vif) => metrics.count(self.now, vif, what, amount),
                None => metrics.count_machine(self.now, what, amount),
            }
        }
    }

    /// Follows what is watched: the levels as they are after this appointment.
    pub(super) fn follow(&mut self) {
        let now = self.now;
        let sum = |levels: &[u32]| levels.iter().sum();
        let levels = self.levels();
        let vif_queue =
            (0..self.guests.len() as u16).map(|vif| self.dom0.stack.waiting(BridgePort::Vif(VifId(vif)))).sum();
        for (which, height) in [
            (Level::GuestQueue, sum(&levels.guest_queue)),
            (Level::RingOutstanding, sum(&levels.outstanding)),
            (Level::PoolHeld, levels.held),
            (Level::Backlog, levels.backlog),
            (Level::CardQueue, levels.card_queue),
            (Level::CardRing, levels.descriptors),
            (Level::VifQueue, vif_queue),
            (Level::BuffersPosted, sum(&levels.posted)),
        ] {
            self.metrics.level(now, which, height);
        }
    }

    fn parts(&self) -> Parts {
        let stack = self.dom0.stack.counters();
        let at_card = self.dom0.stack.port_counters(BridgePort::Card).dropped;
        let mut parts = vec![
            (None, Count::LostInBacklog, stack.backlog_dropped),
            (None, Count::Filtered, stack.filtered + stack.not_forwarded),
            (None, Count::LostAtCard, at_card),
            (None, Count::CardInterrupts, self.dom0.card.counters().interrupts),
            (None, Count::Hypercalls, self.xen.calls.hypercalls),
            (None, Count::Maps, self.xen.calls.maps),
            (None, Count::Copies, self.xen.calls.copies),
            (None, Count::CopiedBytes, self.xen.calls.copied_bytes),
        ];
        for guest in &self.guests {
            let vif = Some(guest.vif);
            let back = self.dom0.back.counters(guest.vif);
            let at_vif = self.dom0.stack.port_counters(BridgePort::Vif(guest.vif)).dropped;
            parts.extend([
                (vif, Count::Refused, back.transmit_errors),
                (vif, Count::LostAtVif, at_vif + back.receive_dropped),
                (
                    vif,
                    Count::Spoiled,
                    back.receive_errors + guest.front.honest().map_or(0, |front| front.counters().rx_errors),
                ),
                (vif, Count::SlotsAnswered, back.okay + back.errors),
            ]);
        }
        parts
    }
}
