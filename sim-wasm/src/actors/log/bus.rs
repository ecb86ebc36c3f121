//! Devices that come and go: xenbus states, connecting and disconnecting.
//!
//! Not modelled: each single message to and from the store; the keys that decide something are told.

use crate::actors::log::Who;

/// Which half of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Half {
    /// The guest's.
    Front,
    /// dom0's.
    Back,
}

/// Events of the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the line above each variant names its numbers")]
pub enum Bus {
    /// One half wrote its state, a number of `enum xenbus_state`.
    StateChanged { half: Half, state: u8 },
    /// One half wrote the keys that tell the other how to connect.
    KeysWritten { half: Half, count: u32 },
    /// Netback read the keys, mapped the rings and bound the channel.
    Connected,
    /// Netback could not: a key is missing or wrong, or Xen refused; a negative errno.
    ConnectFailed { errno: i16 },
    /// Netback wants to let the interface go, and so many references to it are left.
    DisconnectWaits { references: u32 },
    /// Netback let the interface go: rings unmapped, channel closed.
    Disconnected,
    /// Netfront starts again after the guest was restored or its backend came back; so many packets in flight are lost.
    Resumed { discarded: u32 },
    /// The guest is gone but its memory is still pinned.
    Zombie { pinned: u32 },
}

impl Bus {
    /// Who did it.
    #[must_use]
    pub const fn who(&self) -> Who {
        match self {
            Self::StateChanged { half: Half::Front, .. } | Self::KeysWritten { half: Half::Front, .. } => Who::Guest,
            Self::Resumed { .. } => Who::Guest,
            Self::StateChanged { half: Half::Back, .. }
            | Self::KeysWritten { half: Half::Back, .. }
            | Self::Connected
            | Self::ConnectFailed { .. }
            | Self::DisconnectWaits { .. }
            | Self::Disconnected => Who::Dom0,
            Self::Zombie { .. } => Who::Xen,
        }
    }

    /// Whether something was refused or hangs.
    #[must_use]
    pub const fn fails(&self) -> bool {
        matches!(self, Self::ConnectFailed { .. } | Self::DisconnectWaits { .. } | Self::Zombie { .. })
    }
}
