//! The bridge's memory: which address is behind which port, as `net/bridge/br_fdb.c` keeps it, and the way out that
//! follows (`br_handle_frame_finish` in `net/bridge/br_input.c`).
//!
//! ```text
//!   source address ──learn──► address │ port │ seen ◄──look up── destination address
//!                                        │
//!     known: that port, unless the packet came in there     unknown, or everybody's: all other ports
//! ```
//!
//! An address counts until it was not seen for the ageing time, 300 s by default (`br->ageing_time`). A guest may send from
//! as many addresses as it likes, and the old kernels' table grows with them; this one stops learning at
//! [`MOST_ADDRESSES`], as `fdb_max_learned` of Linux 6.8 lets a host choose.
//!
//! Not modelled: the spanning tree, VLANs, multicast snooping, the forward delay of a fresh port, and the gathering of old
//! entries by timer (they go when their room is needed).

use alloc::vec::Vec;

use crate::words::ids::{Mac, VifId};
use crate::words::time::Time;

/// Addresses that are kept at most.
pub const MOST_ADDRESSES: usize = 4096;

/// How long an address counts after it was last seen, in nanoseconds: 300 seconds.
pub const AGEING_TIME: u64 = 300_000_000_000;

/// From one search for old entries to the next, in nanoseconds.
const SEARCH_INTERVAL: u64 = 1_000_000_000;

/// A port of dom0's bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BridgePort {
    /// The physical card.
    Card,
    /// dom0's half of a guest's interface.
    Vif(VifId),
    /// The bridge itself, as an interface of dom0's.
    Local,
}

impl BridgePort {
    /// The port's number in events: 0 the card, then the vifs from 1, and the last number for dom0 itself.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            BridgePort::Card => 0,
            BridgePort::Vif(VifId(vif)) => vif.saturating_add(1),
            BridgePort::Local => u16::MAX,
        }
    }
}

/// Where a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Out of one port.
    Port(BridgePort),
    /// Out of every port but the one that it came in by.
    Flood,
    /// Nowhere: its receiver is where it came from.
    Nowhere,
}

/// What learning an address changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learned {
    /// It was unknown, or behind another port.
    News,
    /// Nothing but the time at which it was last seen.
    Nothing,
}

/// An address (`struct net_bridge_fdb_entry`).
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// The address as a number, its first byte lowest.
    key: u64,
    port: BridgePort,
    seen: Time,
}

/// The table (`br->hash`, sorted instead of hashed).
#[derive(Clone, Debug)]
pub struct Bridge {
    entries: Vec<Entry>,
    /// dom0's own address, as a number.
    local: Option<u64>,
    ageing: u64,
    /// A full table is not searched for old entries again before this, so that a flood of addresses costs no more than a
    /// look each.
    next_search: Time,
}

const fn key(mac: Mac) -> u64 {
    let [b0, b1, b2, b3, b4, b5] = mac.0;
    u64::from_le_bytes([b0, b1, b2, b3, b4, b5, 0, 0])
}

impl Bridge {
    /// A bridge that knows nothing but its own address, if dom0 has one on it; `ageing` is in nanoseconds.
    #[must_use]
    pub const fn new(local: Option<Mac>, ageing: u64) -> Bridge {
        let local = match local {
            Some(mac) => Some(key(mac)),
            None => None,
        };
        Bridge { entries: Vec::new(), local, ageing, next_search: Time::ZERO }
    }

    /// Learns that an address is behind a port (`br_fdb_update`). Addresses for several receivers are nobody's, and dom0's
    /// own stays where it is, whoever claims it.
    #[inline]
    pub fn learn(&mut self, now: Time, port: BridgePort, source: Mac) -> Learned {
        let key = key(source);
        if source.is_multicast() || Some(key) == self.local || port == BridgePort::Local {
            return Learned::Nothing;
        }
        match self.entries.binary_search_by_key(&key, |entry| entry.key) {
            Ok(at) => {
                let entry = &mut self.entries[at];
                let fresh = entry.port == port && now.since(entry.seen) < self.ageing;
                (entry.port, entry.seen) = (port, now);
                if fresh { Learned::Nothing } else { Learned::News }
            }
            Err(at) => self.insert(now, at, Entry { key, port, seen: now }),
        }
    }

    /// Puts an unknown address where it belongs, if there is room for it.
    #[cold]
    fn insert(&mut self, now: Time, at: usize, entry: Entry) -> Learned {
        if self.entries.len() < MOST_ADDRESSES {
            self.entries.insert(at, entry);
            return Learned::News;
        }
        if now < self.next_search {
            return Learned::Nothing;
        }
        self.next_search = now + SEARCH_INTERVAL;
        let ageing = self.ageing;
        self.entries.retain(|entry| now.since(entry.seen) < ageing);
        let at = self.entries.partition_point(|other| other.key < entry.key);
        self.insert(now, at, entry)
    }

    /// The way of a packet that came in by `from`.
    #[must_use]
    #[inline]
    pub fn way(&self, now: Time, from: BridgePort, destination: Mac) -> Way {
        if destination.is_multicast() {
            return Way::Flood;
        }
        match self.look_up(now, destination) {
            Some(port) if port == from => Way::Nowhere,
            Some(port) => Way::Port(port),
            None => Way::Flood,
        }
    }

    /// The port that an address is behind, as far as the bridge knows (`__br_fdb_get`).
    #[must_use]
    #[inline]
    pub fn look_up(&self, now: Time, address: Mac) -> Option<BridgePort> {
        let key = key(address);
        if self.local == Some(key) {
            return Some(BridgePort::Local);
        }
        let at = self.entries.binary_search_by_key(&key, |entry| entry.key).ok()?;
        let entry = self.entries[at];
        (now.since(entry.seen) < self.ageing).then_some(entry.port)
    }

    /// Forgets what is behind a port (`br_fdb_delete_by_port`).
    pub fn forget(&mut self, port: BridgePort) {
        self.entries.retain(|entry| entry.port != port);
    }

    /// Addresses in the table, old ones included.
    #[must_use]
    pub fn addresses(&self) -> u32 {
        self.entries.len() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::{AGEING_TIME, Bridge, BridgePort, Learned, MOST_ADDRESSES, Way};
    use crate::words::ids::{Mac, VifId};
    use crate::words::time::Time;

    const A: BridgePort = BridgePort::Vif(VifId(0));
    const B: BridgePort = BridgePort::Vif(VifId(1));
    const OWN: Mac = Mac([0x00, 0x16, 0x3E, 0xFF, 0, 0]);

    fn bridge() -> Bridge {
        Bridge::new(Some(OWN), AGEING_TIME)
    }

    fn guest(number: u16) -> Mac {
        Mac::of_guest(VifId(number))
    }

    #[test]
    fn ports_have_numbers_of_their_own() {
        let numbers = [BridgePort::Card, A, B, BridgePort::Local].map(BridgePort::number);
        assert_eq!(numbers, [0, 1, 2, u16::MAX]);
    }

    #[test]
    fn the_way_follows_from_what_was_learned() {
        let mut bridge = bridge();
        assert_eq!(bridge.learn(Time(1), A, guest(0)), Learned::News);
        for (from, to, way) in [
            (B, guest(0), Way::Port(A)),
            (A, guest(0), Way::Nowhere),
            (A, guest(1), Way::Flood),
            (A, Mac::BROADCAST, Way::Flood),
            (A, OWN, Way::Port(BridgePort::Local)),
            (BridgePort::Local, OWN, Way::Nowhere),
        ] {
            assert_eq!(bridge.way(Time(2), from, to), way, "{from:?} to {to:?}");
        }
    }

    #[test]
    fn an_address_moves_and_grows_old() {
        let mut bridge = bridge();
        bridge.learn(Time(0), A, guest(0));
        assert_eq!(bridge.learn(Time(5), A, guest(0)), Learned::Nothing);
        assert_eq!(bridge.learn(Time(6), B, guest(0)), Learned::News);
        assert_eq!(bridge.look_up(Time(5 + AGEING_TIME), guest(0)), Some(B));
        assert_eq!(bridge.look_up(Time(6 + AGEING_TIME), guest(0)), None);
        assert_eq!(bridge.learn(Time(7 + AGEING_TIME), B, guest(0)), Learned::News);
        bridge.forget(B);
        assert_eq!((bridge.addresses(), bridge.look_up(Time(8 + AGEING_TIME), guest(0))), (0, None));
    }

    #[test]
    fn nobody_takes_an_address_that_is_not_his_to_have() {
        let mut bridge = bridge();
        assert_eq!(bridge.learn(Time(0), A, OWN), Learned::Nothing);
        assert_eq!(bridge.learn(Time(0), A, Mac::BROADCAST), Learned::Nothing);
        assert_eq!((bridge.addresses(), bridge.look_up(Time(0), OWN)), (0, Some(BridgePort::Local)));
    }

    #[test]
    fn a_flood_of_addresses_fills_the_table_and_no_more() {
        let mut bridge = bridge();
        for number in 0..=MOST_ADDRESSES as u16 {
            bridge.learn(Time(u64::from(number)), A, guest(number));
        }
        assert_eq!(bridge.addresses(), MOST_ADDRESSES as u32);
        assert_eq!(bridge.look_up(Time(9999), guest(MOST_ADDRESSES as u16)), None);
        // Once the first have grown old, there is room again.
        assert_eq!(bridge.learn(Time(10 + AGEING_TIME), A, guest(u16::MAX)), Learned::News);
        assert_eq!(bridge.addresses(), MOST_ADDRESSES as u32 - 10);
    }
}
