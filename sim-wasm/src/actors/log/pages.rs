//! What becomes of one granted page beside its grant: the mark that makes it foreign, the packets that point to it, the
//! frame behind it.
//!
//! The drivers tell of their packets by [`Event`](crate::actors::log::Event)'s own variants; these are for runs that look at
//! a single page.
//!
//! Not modelled: pages of the guest's that nobody ever grants.

use crate::actors::log::Who;
use crate::words::ids::{GrantRef, Mfn, Pfn};

/// Events of a page and its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the line above each variant names its numbers")]
pub enum Pages {
    /// Netback marked the page of its window as foreign, and left its destructor there.
    MarkedForeign { window: Pfn },
    /// A packet was freed whose data others still share: so many.
    HeaderFreed { left: u32 },
    /// Netback answered: the guest may end the grant. `mapped` says whether netback still has the page mapped, which it must not.
    Answered { gref: GrantRef, mapped: bool },
    /// The guest wrote zero over the flags of an entry.
    EntryErased { gref: GrantRef, in_use: bool },
    /// The guest gave a frame back that is in use; Xen keeps so many references to it.
    FrameReturned { frame: Mfn, references: u32 },
    /// The last reference to a frame went, and it is nobody's.
    FrameFreed { frame: Mfn },
}

impl Pages {
    /// Who did it.
    #[must_use]
    pub const fn who(&self) -> Who {
        match self {
            Self::MarkedForeign { .. } | Self::HeaderFreed { .. } | Self::Answered { .. } => Who::Dom0,
            Self::EntryErased { .. } | Self::FrameReturned { .. } => Who::Guest,
            Self::FrameFreed { .. } => Who::Xen,
        }
    }

    /// Whether a rule was broken.
    #[must_use]
    pub const fn fails(&self) -> bool {
        matches!(
            self,
            Self::Answered { mapped: true, .. } | Self::EntryErased { in_use: true, .. } | Self::FrameReturned { .. }
        )
    }
}
