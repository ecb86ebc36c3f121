//! What the two halves of an interface tell each other before they connect, and how a driver answers who hands it a packet.
//!
//! Real halves write these as keys below their device's directories in xenstore (`xen/include/public/io/netif.h`); here they
//! are values, and whoever models the store writes and reads the keys.
//!
//! Not modelled: several queues, the control ring, multicast lists, segmentation and checksums of IPv6, and the MTU.

use crate::actors::skb::SkbId;
use crate::protocols::ring::Index;
use crate::words::ids::{GrantRef, Port};

/// What a frontend offers: where its rings and channels are, and what it can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The transmit ring's page, for reading and writing (`tx-ring-ref`).
    pub tx_ring: GrantRef,
    /// The receive ring's page, for reading and writing (`rx-ring-ref`).
    pub rx_ring: GrantRef,
    /// The channel for the transmit ring, unbound (`event-channel-tx`); the one for both where they share it
    /// (`event-channel`).
    pub tx_port: Port,
    /// The channel for the receive ring, unbound (`event-channel-rx`); the same as `tx_port` where they share it.
    pub rx_port: Port,
    /// Packets are to be copied into the posted buffers, rather than pages given away for them (`request-rx-copy`).
    pub rx_copy: bool,
    /// The frontend notifies when it has posted buffers (`feature-rx-notify`).
    pub rx_notify: bool,
    /// It takes packets of several pieces (`feature-sg`).
    pub sg: bool,
    /// It takes packets that are still to be segmented (`feature-gso-tcpv4`).
    pub gso: bool,
    /// It takes no packets whose checksum is still to be computed (`feature-no-csum-offload`).
    pub no_csum_offload: bool,
    /// Where both rings begin. A driver begins at 0; any other place is as good, and near the end of `u32` it shows the
    /// wrap. No key says so: real halves know it, or read it off the ring's page.
    pub base: Index,
}

impl Offer {
    /// Whether each ring has a channel of its own.
    #[must_use]
    pub fn is_split(&self) -> bool {
        self.tx_port != self.rx_port
    }
}

/// What a backend says that it can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackFeatures {
    /// It takes packets of several pieces (`feature-sg`).
    pub sg: bool,
    /// It takes packets that are still to be segmented (`feature-gso-tcpv4`).
    pub gso: bool,
    /// It can copy into posted buffers (`feature-rx-copy`).
    pub rx_copy: bool,
    /// It can give pages away (`feature-rx-flip`).
    pub rx_flip: bool,
    /// It takes a channel for each ring (`feature-split-event-channels`).
    pub split_event_channels: bool,
}

/// What became of a packet that was handed to a driver to send (`netdev_tx_t`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a packet that the driver did not take is still the caller's"]
pub enum Xmit {
    /// The driver has it.
    Sent,
    /// The driver freed it.
    Dropped,
    /// The driver's queue is stopped, and the packet is still the caller's.
    Busy(SkbId),
}
