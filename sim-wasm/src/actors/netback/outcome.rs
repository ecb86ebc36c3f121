//! What comes of connecting and disconnecting an interface, and what is counted on it.
//!
//! Not modelled: failures in dom0's own memory and tables while it connects, and statistics for each queue.

use crate::hypervisor::grant_entry::GrantStatus;
use crate::hypervisor::xen::Errno;

/// Why an interface could not be connected (`netif_map`, `xenvif_connect`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectError {
    /// It is connected, or not yet let go.
    Busy,
    /// Xen did not map the ring that the guest's requests to send are in.
    TransmitRing(GrantStatus),
    /// Xen did not map the ring that the guest's empty buffers are in.
    ReceiveRing(GrantStatus),
    /// Xen did not bind the event channel.
    Channel(Errno),
    /// The ring that was offered claims more requests than it has slots.
    RingInUse,
}

impl ConnectError {
    /// What `connect_rings` writes into the store beside the failure.
    #[must_use]
    pub const fn errno(self) -> i16 {
        match self {
            ConnectError::Busy => Errno::Exists.code(),
            // `map_frontend_pages` turns every status into `-EINVAL`.
            ConnectError::TransmitRing(_) | ConnectError::ReceiveRing(_) | ConnectError::RingInUse => {
                Errno::Invalid.code()
            }
            ConnectError::Channel(errno) => errno.code(),
        }
    }
}

/// How far disconnecting an interface came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an interface that somebody refers to is not gone yet"]
pub enum Disconnect {
    /// Its rings are unmapped and its channel is closed.
    Done,
    /// So many of its slots and packets are still somewhere in dom0; to be tried again when one was freed.
    Waiting(u32),
}

/// What happened on an interface since it was connected. Directions are the guest's: netback's own statistics call the
/// guest's transmission reception.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counters {
    /// Events that came from the guest.
    pub interrupts: u64,
    /// Of these, events that found nothing to do.
    pub spurious: u64,
    /// Notifications that were sent to the guest.
    pub notifications: u64,
    /// Slots taken from the ring, extra infos among them.
    pub slots: u64,
    /// Packets from the guest that reached dom0's stack.
    pub transmit_packets: u64,
    /// Their bytes.
    pub transmit_bytes: u64,
    /// Packets from the guest that were refused or lost here.
    pub transmit_errors: u64,
    /// Pages replaced by copies, or copied because of a clone.
    pub copied_pages: u64,
    /// Answers `NETIF_RSP_OKAY`.
    pub okay: u64,
    /// Answers `NETIF_RSP_ERROR`.
    pub errors: u64,
    /// Answers `NETIF_RSP_NULL`.
    pub nulls: u64,
    /// Packets that were delivered to the guest.
    pub receive_packets: u64,
    /// Their bytes.
    pub receive_bytes: u64,
    /// Packets for the guest that were dropped before delivery.
    pub receive_dropped: u64,
    /// Packets for the guest whose delivery Xen refused.
    pub receive_errors: u64,
}
