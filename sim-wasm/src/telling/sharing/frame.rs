//! The machine at a moment: what each guest has on its ring, what netback has taken and holds, and what the card sends.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec::Vec;

use crate::machine::metrics::counters::Count;
use crate::machine::network::Network;
use crate::telling::sharing::plan::{LISTENED, Plan, SENDERS};
use crate::words::ids::VifId;
use crate::words::time::Time;

/// Slots of the pool that shut the gate: half of it (`maybe_schedule_tx_action`).
pub(crate) const GATE: u32 = 128;

/// One guest.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OfGuest {
    /// Packets that netback has taken off its ring so far,
    pub(crate) packets: u64,
    /// and their bytes.
    pub(crate) bytes: u64,
    /// Slots of its ring that are in use.
    pub(crate) outstanding: u32,
    /// Slots that netback holds.
    pub(crate) held: u32,
    /// Packets in its own queue,
    pub(crate) queue: u32,
    /// and lost there.
    pub(crate) lost: u64,
    /// Bytes that it may still send in its window, if it has a limit.
    pub(crate) credit: Option<u64>,
}

/// All of it.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) time: Time,
    pub(crate) guests: [OfGuest; SENDERS],
    /// Slots that netback holds, all guests together.
    pub(crate) held: u32,
    /// Guests that wait for netback's next pass.
    pub(crate) turns: Vec<VifId>,
    /// Bytes that have left so far,
    pub(crate) sent_bytes: u64,
    /// and megabits a second that left lately.
    pub(crate) rate: u32,
    /// Whether a program in dom0 listens,
    pub(crate) listens: bool,
    /// and the packets that it keeps.
    pub(crate) kept: u32,
    /// Whether netback has taken nothing for a while.
    pub(crate) silent: bool,
}

impl Frame {
    /// The machine as it stands. Rate and silence are not known from one moment.
    pub(crate) fn of(network: &Network, time: Time) -> Frame {
        let levels = network.levels();
        let guests = core::array::from_fn(|guest| {
            let vif = VifId(guest as u16);
            let back = network.back_counters(vif);
            OfGuest {
                packets: back.transmit_packets,
                bytes: back.transmit_bytes,
                outstanding: levels.outstanding[guest],
                held: (back.slots - back.okay - back.errors) as u32,
                queue: levels.guest_queue[guest],
                lost: network.counted(vif, Count::LostInGuest),
                credit: network.credit(vif),
            }
        });
        let sent_bytes = (0..SENDERS as u16).map(|vif| network.counted(VifId(vif), Count::SentBytes)).sum();
        Frame {
            time,
            guests,
            held: levels.held,
            turns: network.turns(),
            sent_bytes,
            rate: 0,
            listens: network.is_listened_to(LISTENED),
            kept: network.tapped(LISTENED),
            silent: false,
        }
    }

    /// Whether an event finds netback unwilling to begin a pass.
    pub(crate) fn is_shut(&self, plan: &Plan) -> bool {
        plan.has_one_pool() && self.held >= GATE
    }

    /// A guest's part of all packets, or of all bytes, in percent.
    pub(crate) fn share(&self, guest: usize, of: fn(&OfGuest) -> u64) -> u64 {
        let all: u64 = self.guests.iter().map(of).sum();
        (of(&self.guests[guest]) * 100 + all / 2).checked_div(all).unwrap_or(0)
    }
}

/// Packets of a guest.
pub(crate) fn packets(guest: &OfGuest) -> u64 {
    guest.packets
}

/// Bytes of a guest.
pub(crate) fn bytes(guest: &OfGuest) -> u64 {
    guest.bytes
}
