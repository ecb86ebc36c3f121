//! What a netfront is told when it is made, the constants of both generations, and what it counts.
//!
//! Not modelled: settings that change while the interface is up.

use crate::actors::epoch::FrontEpoch;
use crate::actors::log::trouble::Attack;
use crate::actors::skb::MAX_SKB_FRAGS;
use crate::protocols::netif::{RX_RING, TX_RING};
use crate::protocols::ring::Index;

/// Bytes of a received packet that are copied out of its first page, `RX_COPY_THRESHOLD`.
pub const COPY_THRESHOLD: u16 = 256;
/// Packets that a receive poll takes at most, the weight that both drivers register with.
pub const POLL_WEIGHT: u32 = 64;
/// Nanoseconds until a driver without memory tries again to post buffers: `HZ / 10` jiffies.
pub const REFILL_DELAY: u64 = 100_000_000;
/// Buffers that the modern driver must have posted before it publishes any: the slots that every backend takes for a packet
/// (`XEN_NETIF_NR_SLOTS_MIN`), and one for an extra info (`NET_RX_SLOTS_MIN`).
pub const LEAST_BUFFERS: u32 = MAX_SKB_FRAGS as u32 + 1;
/// Buffers that the classic driver wants to have posted at first, and at least: `RX_DFL_MIN_TARGET`.
pub const FIRST_TARGET: u32 = 64;
/// The classic driver's target goes no lower, `RX_MIN_TARGET`.
const LEAST_TARGET: u32 = 8;
/// Bytes that the first request of a packet must have for netback to look at it: an Ethernet header.
pub(super) const HEADER_BYTES: u16 = 14;
/// Bytes that a request can say a packet has, `XEN_NETIF_MAX_TX_SIZE`. The classic driver does not test for it.
pub(super) const MOST_BYTES: u32 = 0xFFFF;

/// Slots in use at which the classic queue stops: 236.
pub const STOP_LINE: u32 = FrontEpoch::Classic.stop_line();

impl FrontEpoch {
    /// Slots in use from which on the queue is stopped: what is left takes the largest packet
    /// (`netfront_tx_slot_available`). The classic driver keeps a slot more for a head beside all fragments.
    #[must_use]
    pub const fn stop_line(self) -> u32 {
        let reserve = match self {
            FrontEpoch::Classic => MAX_SKB_FRAGS as u32 + 2,
            FrontEpoch::Modern => MAX_SKB_FRAGS as u32 + 1,
        };
        TX_RING.entries() - reserve
    }

    /// Requests with data that a packet may have; one with more "rides the rocket": the classic driver drops it, the modern
    /// one copies it together first. The modern bound is `MAX_XEN_SKB_FRAGS + 1`, one less than the classic one.
    #[must_use]
    pub const fn most_pieces(self) -> usize {
        match self {
            FrontEpoch::Classic => MAX_SKB_FRAGS + 1,
            FrontEpoch::Modern => MAX_SKB_FRAGS,
        }
    }

    /// The lowest id that a request carries. The classic driver keeps the head of its list of free ids in entry 0.
    #[must_use]
    pub const fn first_id(self) -> u16 {
        match self {
            FrontEpoch::Classic => 1,
            FrontEpoch::Modern => 0,
        }
    }
}

/// How one netfront is set up. Both rings have the layouts [`TX_RING`] and [`RX_RING`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrontSettings {
    /// Its generation.
    pub epoch: FrontEpoch,
    /// Where both rings begin, see [`Offer`](crate::actors::handshake::Offer).
    pub base: Index,
    /// Whether it sends and takes packets of several pieces, if the backend does.
    pub sg: bool,
    /// Whether it sends and takes packets to be segmented, if the backend does; not without `sg`.
    pub gso: bool,
    /// Whether pages are to be given for received packets instead of being copied to, if the backend can (the classic
    /// driver's parameter `rx_flip`). Without a word the classic driver asks for that, and gets copies all the same: the
    /// backends of its time say that they do not give pages. The modern driver cannot.
    pub rx_flip: bool,
    /// Whether it promises to notify when it has posted buffers; both drivers do.
    pub rx_notify: bool,
    /// Whether the backend may see what lies beside a packet (the key `trusted`; XSA-403). The classic driver trusts.
    pub trusted: bool,
    /// Whether each ring has an event channel of its own, if the backend has them. The classic driver does not.
    pub split_channels: bool,
    /// Buffers that the classic driver wants to have posted at least, from 8 on (`rxbuf_min` in sysfs).
    pub rx_min: u32,
    /// Buffers that the classic driver wants to have posted at most, `rx_min` to 256 (`rxbuf_max` in sysfs).
    pub rx_max: u32,
    /// Whether the machine is told how long each slot was on the transmit ring.
    pub timed: bool,
}

impl FrontSettings {
    /// The driver of linux-2.6.18-xen as it comes.
    pub const CLASSIC: FrontSettings = FrontSettings {
        epoch: FrontEpoch::Classic,
        base: Index(0),
        sg: true,
        gso: true,
        rx_flip: false,
        rx_notify: true,
        trusted: true,
        split_channels: false,
        rx_min: FIRST_TARGET,
        rx_max: RX_RING.entries(),
        timed: false,
    };

    /// The driver of mainline Linux as it comes.
    pub const MODERN: FrontSettings =
        FrontSettings { epoch: FrontEpoch::Modern, split_channels: true, ..FrontSettings::CLASSIC };
}

impl FrontSettings {
    /// The bounds of the target, put right as sysfs puts right what is written there (`store_rxbuf_min`, `store_rxbuf_max`).
    pub(super) fn rx_bounds(&self) -> (u32, u32) {
        let max = self.rx_max.clamp(LEAST_TARGET, RX_RING.entries());
        (self.rx_min.clamp(LEAST_TARGET, max), max)
    }
}

impl Default for FrontSettings {
    fn default() -> FrontSettings {
        FrontSettings::CLASSIC
    }
}

/// What a netfront did so far. Packets and bytes are the driver's own statistics, the rest is for whoever watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrontCounters {
    /// Packets put on the ring,
    pub tx_packets: u64,
    /// their bytes,
    pub tx_bytes: u64,
    /// and packets freed instead.
    pub tx_dropped: u64,
    /// Packets that were copied into pages of their own first, since they had too many pieces.
    pub linearized: u64,
    /// Packets that were copied into zeroed pages first.
    pub bounced: u64,
    /// Packets given to the guest's stack,
    pub rx_packets: u64,
    /// their bytes,
    pub rx_bytes: u64,
    /// and packets that were none.
    pub rx_errors: u64,
    /// Times that the queue stopped,
    pub stops: u64,
    /// and ran again.
    pub wakes: u64,
    /// Calls of the interrupt handler,
    pub interrupts: u64,
    /// and those among them that found nothing to do: a storm of them is XSA-391.
    pub spurious: u64,
    /// Notifications that a producer index made due.
    pub notifications: u64,
    /// Responses that were read, on both rings.
    pub responses: u64,
    /// Buffers that were posted.
    pub buffers: u64,
    /// Grants that could not be ended, with what became of them by epoch: lost, or put off.
    pub stuck_grants: u64,
}

/// Why a netfront does nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The classic driver met what it takes for impossible: the guest is down for good.
    Crashed(Attack),
    /// The modern driver gave the device up (`info->broken`), until it is set up again.
    Disabled(Attack),
}

/// What an interrupt found, which decides how the late end of it goes (`xen_irq_lateeoi`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    /// Work: the port may call again at once.
    Work,
    /// Nothing: `XEN_EOI_FLAG_SPURIOUS`.
    Nothing,
    /// A broken device: the modern driver never ends the interrupt, so that its port stays masked.
    Broken,
}

#[cfg(test)]
mod tests {
    use super::{FrontEpoch, LEAST_BUFFERS};

    #[test]
    fn the_largest_packet_fits_above_the_stop_line() {
        assert_eq!([FrontEpoch::Classic, FrontEpoch::Modern].map(FrontEpoch::stop_line), [236, 237]);
        for epoch in [FrontEpoch::Classic, FrontEpoch::Modern] {
            let extra = 1;
            assert_eq!(epoch.stop_line() - 1 + epoch.most_pieces() as u32 + extra, 255);
        }
        assert_eq!(LEAST_BUFFERS, 19);
    }
}
