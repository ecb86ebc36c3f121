//! The way of a card's request to memory: past a remapping unit, by its tables or by what it remembers, to a page or to a
//! fault.
//!
//! Not modelled: requests of several pages, which are as many requests.

use crate::actors::log::Who;
use crate::words::ids::{Bdf, Mfn};

/// Events of a request, and what Xen does to the tables meanwhile.
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
    /// The request reached a frame; `meant` says whether it is what the driver meant, or at least its own guest's.
    FrameReached { frame: Mfn, write: bool, meant: bool },
    /// Nothing answers at that address.
    NothingThere { address: u64 },
    /// The write was an interrupt, and nothing looked at who sent it.
    InterruptForged { vector: u8 },
    /// The unit blocked the request, with this fault code.
    Blocked { code: u8, write: bool },
    /// The unit wrote a fault record.
    FaultRecorded { code: u8, source: Bdf },
    /// The fault left no trace: an earlier record was not read yet.
    FaultLost,
    /// Xen read the record and wrote a line into its own log; so many for this card.
    FaultLogged { count: u32 },
    /// Xen took the card its bus master bit.
    BusMasterCleared { source: Bdf },
    /// Xen cleared the entry of a page in the guest's table.
    EntryCleared { page: u64, frame: Mfn },
    /// Xen gave the page's frame to another guest.
    FrameGiven { frame: Mfn },
    /// Xen told the unit to forget what it remembers of a domain, and waited for it.
    Flushed { did: u16 },
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
            | Self::NothingThere { .. }
            | Self::InterruptForged { .. }
            | Self::Blocked { .. }
            | Self::FaultRecorded { .. }
            | Self::FaultLost => Who::Hardware,
            Self::FaultLogged { .. }
            | Self::BusMasterCleared { .. }
            | Self::EntryCleared { .. }
            | Self::FrameGiven { .. }
            | Self::Flushed { .. } => Who::Xen,
        }
    }

    /// Whether something was blocked, or reached what it must not reach.
    #[must_use]
    pub const fn fails(&self) -> bool {
        matches!(
            self,
            Self::FrameReached { meant: false, .. }
                | Self::NothingThere { .. }
                | Self::InterruptForged { .. }
                | Self::Blocked { .. }
                | Self::CardSilent
        )
    }
}
