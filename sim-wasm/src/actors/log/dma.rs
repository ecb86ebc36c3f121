//! The way of a card's request through the tables of a remapping unit, one look-up after the other.
//!
//! What comes of it is told by [`vtd`](crate::actors::log::vtd); these are for runs that look at a single request.
//!
//! Not modelled: requests of several pages, which are as many requests.

use crate::actors::log::Who;
use crate::words::ids::{Bdf, Mfn};

/// Events of a request on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the line above each variant names its numbers")]
pub enum Dma {
    /// The guest's driver wrote a buffer's address into a descriptor of its card; `write` says that the card is to write.
    DescriptorWritten { address: u64, write: bool },
    /// The card sent a request.
    RequestSent { source: Bdf, address: u64, write: bool },
    /// The card sends nothing: its bus master bit is clear.
    CardSilent,
    /// The unit read the root entry of the card's bus.
    RootRead { bus: u8 },
    /// The unit read the context entry of the card: the domain's number in the unit, and the levels of its tables.
    ContextRead { source: Bdf, did: u16, levels: u8 },
    /// The unit remembers the card's context entry.
    ContextRemembered { did: u16 },
    /// The unit read an entry of a second-level table.
    EntryRead { level: u8, index: u16, entry: u64 },
    /// The unit remembers what the page's address stands for.
    TranslationRemembered { did: u16, page: u64, frame: Mfn },
    /// The request reached a frame; `meant` says whether it is what the driver meant, or at least its own guest's, or reserved for its
    /// cards.
    FrameReached { frame: Mfn, write: bool, meant: bool },
    /// Xen gave the page's frame to another guest.
    FrameGiven { frame: Mfn },
    /// The guest was destroyed, and nobody stopped its card.
    GuestDestroyed,
    /// Xen took back what frames the guest had.
    FramesFreed { frames: u32 },
    /// The guest is gone; a descriptor that its driver wrote is still there.
    DescriptorLeft { address: u64, write: bool },
}

impl Dma {
    /// Who did it.
    #[must_use]
    pub const fn who(&self) -> Who {
        match self {
            Self::DescriptorWritten { .. } => Who::Guest,
            Self::RequestSent { .. }
            | Self::CardSilent
            | Self::RootRead { .. }
            | Self::ContextRead { .. }
            | Self::ContextRemembered { .. }
            | Self::EntryRead { .. }
            | Self::TranslationRemembered { .. }
            | Self::FrameReached { .. }
            | Self::DescriptorLeft { .. } => Who::Hardware,
            Self::FrameGiven { .. } | Self::GuestDestroyed | Self::FramesFreed { .. } => Who::Xen,
        }
    }

    /// Whether something was blocked, or reached what it must not reach.
    #[must_use]
    pub const fn fails(&self) -> bool {
        matches!(self, Self::FrameReached { meant: false, .. } | Self::CardSilent)
    }
}
