//! What a card is made of, and what a packet takes of it: descriptors, and time on the wire.
//!
//! Not modelled: pieces that a descriptor cannot hold, and a card's own buffers.

use crate::actors::nic::Moderation;
use crate::actors::skb::{MAX_SKB_FRAGS, Shared};

/// Ethernet, IPv4 and TCP headers without options, which every segment of a packet has.
const HEADERS: u32 = 14 + 20 + 20;

/// What Ethernet adds to each frame on the wire: preamble and start 8, checksum 4, gap 12.
const FRAME_OVERHEAD: u32 = 8 + 4 + 12;

/// The shortest frame without its checksum; shorter ones are filled up.
const SHORTEST_FRAME: u32 = 60;

/// What counts as a packet's bytes on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// Its own bytes.
    #[default]
    Bytes,
    /// Preamble, checksum and gap too, and the filling of short frames.
    Ethernet,
}

/// What a card is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardSettings {
    /// The wire's rate, at least 1.
    pub megabits: u32,
    /// Descriptors of the transmit ring, at least 32.
    pub descriptors: u32,
    /// The driver stops its queue when fewer are free.
    pub stop_below: u32,
    /// It lets the queue run again when as many are free.
    pub wake_at: u32,
    /// What takes time on the wire.
    pub framing: Framing,
    /// From beginning with a packet to its first bit, in nanoseconds for each descriptor: card and wire take turns.
    pub fetch: u64,
    /// When the transmit interrupt comes.
    pub transmit: Moderation,
    /// When the receive interrupt comes.
    pub receive: Moderation,
    /// Buffers of the receive ring.
    pub receive_descriptors: u32,
}

impl CardSettings {
    /// An e1000 with its defaults: 256 descriptors each way, `TX_WAKE_THRESHOLD` 32.
    #[must_use]
    pub const fn e1000(megabits: u32) -> CardSettings {
        CardSettings {
            megabits,
            descriptors: 256,
            stop_below: MAX_SKB_FRAGS as u32 + 2,
            wake_at: 32,
            framing: Framing::Bytes,
            fetch: 0,
            transmit: Moderation::after(0),
            receive: Moderation::after(0),
            receive_descriptors: 256,
        }
    }

    /// A tg3 with its defaults: 511 of 512 descriptors, woken with more than a quarter of them (`TG3_TX_WAKEUP_THRESH`), and
    /// 200 receive buffers (`TG3_DEF_RX_RING_PENDING`).
    #[must_use]
    pub const fn tg3(megabits: u32) -> CardSettings {
        CardSettings { descriptors: 511, wake_at: 129, receive_descriptors: 200, ..CardSettings::e1000(megabits) }
    }
}

impl CardSettings {
    /// The settings moved into their ranges: a queue that stops must be able to run again.
    pub(super) fn in_range(self) -> CardSettings {
        let descriptors = self.descriptors.max(32);
        let stop_below = self.stop_below.min(descriptors);
        let wake_at = self.wake_at.clamp(stop_below, descriptors);
        CardSettings { megabits: self.megabits.max(1), descriptors, stop_below, wake_at, ..self }
    }

    /// How long a packet takes, in nanoseconds.
    pub(super) fn nanos(&self, data: &Shared) -> u64 {
        let bytes = u64::from(wire_bytes(self.framing, data));
        bytes * 8000 / u64::from(self.megabits) + u64::from(descriptors(data)) * self.fetch
    }
}

/// Descriptors that a packet takes: one for its head and one for each fragment.
pub(super) fn descriptors(data: &Shared) -> u32 {
    let head = u32::from(!data.head.is_empty());
    (head + data.frags().len() as u32).max(1)
}

/// Bytes of a packet on the wire. One that the card segments has its headers in every segment.
fn wire_bytes(framing: Framing, data: &Shared) -> u32 {
    let segments = match u32::from(data.gso.size) {
        0 => 1,
        size => data.len.saturating_sub(HEADERS).div_ceil(size).max(1),
    };
    let bytes = data.len + (segments - 1) * HEADERS;
    match framing {
        Framing::Bytes => bytes,
        Framing::Ethernet => bytes.max(SHORTEST_FRAME) + segments * FRAME_OVERHEAD,
    }
}

#[cfg(test)]
mod tests {
    use super::{CardSettings, Framing, descriptors, wire_bytes};
    use crate::actors::skb::{Frag, FragPage, Segmentation, Skbs};
    use crate::words::ids::{DomId, Pfn};

    #[test]
    fn bytes_on_the_wire() {
        let mut skbs = Skbs::new(DomId::DOM0, Vec::new());
        let skb = skbs.alloc();
        for (len, gso, bytes, ethernet) in [
            (1514, 0, 1514, 1538),
            (42, 0, 42, 84),
            // 44 segments of 1460 bytes at most: 43 headers more.
            (64_054, 1460, 64_054 + 43 * 54, 64_054 + 43 * 54 + 44 * 24),
            (54, 1460, 54, 84),
            (1514, 1460, 1514, 1538),
            (1515, 1460, 1569, 1617),
        ] {
            let data = skbs.get_mut(skb);
            (data.len, data.gso) = (len, Segmentation { size: gso, kind: 1 });
            let found = (wire_bytes(Framing::Bytes, data), wire_bytes(Framing::Ethernet, data));
            assert_eq!(found, (bytes, ethernet), "{len} in segments of {gso}");
        }
    }

    #[test]
    fn the_time_on_the_wire_is_bits_by_rate() {
        let mut skbs = Skbs::new(DomId::DOM0, Vec::new());
        let skb = skbs.alloc();
        skbs.get_mut(skb).len = 1514;
        for (megabits, nanos) in [(10, 1_211_200), (1_000, 12_112), (10_000, 1_211), (3_000, 4_037), (0, 12_112_000)] {
            assert_eq!(CardSettings::e1000(megabits).in_range().nanos(skbs.get(skb)), nanos, "{megabits}");
        }
    }

    #[test]
    fn a_head_and_each_fragment_take_a_descriptor() {
        let mut skbs = Skbs::new(DomId::DOM0, Vec::new());
        let skb = skbs.alloc();
        assert_eq!(descriptors(skbs.get(skb)), 1);
        skbs.get_mut(skb).head.push(0);
        skbs.get_mut(skb).push_frag(Frag { page: FragPage::Own(Pfn(1)), offset: 0, size: 9 });
        assert_eq!(descriptors(skbs.get(skb)), 2);
        skbs.get_mut(skb).head.clear();
        assert_eq!(descriptors(skbs.get(skb)), 1);
    }

    #[test]
    fn a_card_with_odd_settings_still_wakes() {
        let odd = CardSettings { descriptors: 1, stop_below: 500, wake_at: 900, ..CardSettings::e1000(1) };
        let CardSettings { descriptors, stop_below, wake_at, .. } = odd.in_range();
        assert_eq!((descriptors, stop_below, wake_at), (32, 32, 32));
    }
}
