//! What a stack is made of, and what it counts.
//!
//! Not modelled: settings for each processor, and those that can change during a run, save the filter and the taps.

use crate::actors::bridge::AGEING_TIME;
use crate::actors::netfilter::Filter;
use crate::words::ids::Mac;

/// `netdev_max_backlog`. The test before a packet is put there is `<=`, so that one more finds room.
pub const NETDEV_MAX_BACKLOG: u32 = 1000;

/// Packets that one run of the softirq takes off the backlog at most, `weight_p` of `process_backlog`.
pub const BACKLOG_WEIGHT: u32 = 64;

/// `tx_queue_len` of an Ethernet device, a limit for each band of its queue.
pub const CARD_QUEUE_LEN: u32 = 1000;

/// `tx_queue_len` of a vif whose frontend notifies about new buffers (`netback_queue_length`); of others it is 1.
pub const VIF_QUEUE_LEN: u32 = 32;

/// What a stack is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackSettings {
    /// dom0's own address on the bridge.
    pub local: Option<Mac>,
    /// What the bridge may forward.
    pub filter: Filter,
    /// `netdev_max_backlog`, in packets.
    pub backlog: u32,
    /// Packets of one run of the softirq, at least 1.
    pub weight: u32,
    /// How long the bridge remembers an address, in nanoseconds.
    pub ageing: u64,
    /// Bytes after the Ethernet header that a port takes, unless it segments itself; nothing for no limit.
    pub mtu: Option<u32>,
}

impl Default for StackSettings {
    fn default() -> StackSettings {
        StackSettings {
            local: None,
            filter: Filter::ACCEPT,
            backlog: NETDEV_MAX_BACKLOG,
            weight: BACKLOG_WEIGHT,
            ageing: AGEING_TIME,
            mtu: None,
        }
    }
}

/// What happened to packets so far; a clone counts as a packet once it is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StackCounters {
    /// Came in from interfaces and from dom0 itself.
    pub received: u64,
    /// Lost before a full backlog.
    pub backlog_dropped: u64,
    /// Sent out of a port that the bridge knew.
    pub forwarded: u64,
    /// Sent out of all ports.
    pub flooded: u64,
    /// Clones made for that.
    pub copies: u64,
    /// Dropped by the filter, for one port each.
    pub filtered: u64,
    /// Freed because they had nowhere to go.
    pub not_forwarded: u64,
    /// Freed with the port in whose queue they waited.
    pub flushed: u64,
}
