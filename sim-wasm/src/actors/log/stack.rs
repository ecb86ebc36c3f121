//! dom0's network stack between the interfaces, and the card.
//!
//! Not modelled: the parts of dom0's stack that no packet here passes.

use crate::actors::log::Who;

/// Events of dom0's stack and of the card. `port` is a port of the bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the line above each variant names its numbers")]
pub enum Stack {
    /// The backlog in front of the stack was full, and the packet was lost.
    BacklogOverflowed { bytes: u32 },
    /// The bridge learned behind which port an address is.
    AddressLearned { port: u16 },
    /// The bridge sends the packet out of one port.
    ForwardedTo { port: u16 },
    /// The bridge knows no port for the address, or it is everybody's: it goes out of each other port, as so many
    /// packets that share their data.
    Flooded { copies: u32 },
    /// The packet would leave by the port that it came in, or has nowhere to go.
    NotForwarded { bytes: u32 },
    /// The queue in front of a port was full, and the packet was lost.
    PortOverflowed { port: u16, bytes: u32 },
    /// The packet waits in the queue in front of a port.
    PortQueued { port: u16, waiting: u32 },
    /// A packet socket in dom0 keeps a clone.
    Tapped { bytes: u32 },
    /// The packet socket let its clone go.
    TapFreed { bytes: u32 },
    /// The card stopped fetching.
    CardStalled,
    /// The card fetches again.
    CardResumed,
    /// The card received a packet from the wire.
    WireReceived { bytes: u32 },
    /// The card had no buffer for a packet from the wire, and the packet was lost.
    WireMissed { bytes: u32 },
    /// A packet socket in dom0 was opened on a port.
    TapOpened { port: u16 },
    /// A packet socket in dom0 was closed, and its clones were freed.
    TapClosed { port: u16, clones: u32 },
}

impl Stack {
    /// Who did it.
    #[must_use]
    pub const fn who(&self) -> Who {
        match self {
            Self::CardStalled | Self::CardResumed | Self::WireReceived { .. } | Self::WireMissed { .. } => {
                Who::Hardware
            }
            Self::BacklogOverflowed { .. }
            | Self::AddressLearned { .. }
            | Self::ForwardedTo { .. }
            | Self::Flooded { .. }
            | Self::NotForwarded { .. }
            | Self::PortOverflowed { .. }
            | Self::PortQueued { .. }
            | Self::TapOpened { .. }
            | Self::TapClosed { .. }
            | Self::Tapped { .. }
            | Self::TapFreed { .. } => Who::Dom0,
        }
    }

    /// Whether a packet was lost.
    #[must_use]
    pub const fn fails(&self) -> bool {
        matches!(
            self,
            Self::BacklogOverflowed { .. } | Self::PortOverflowed { .. } | Self::CardStalled | Self::WireMissed { .. }
        )
    }
}
