//! What a stretch of time came to: for runs of thousands of packets, which are told by turning points and sums.
//!
//! The machine writes none of these. Whoever tells a long run counts what happened between two moments and adds the sum to a
//! log of its own, at the stretch's end.
//!
//! Not modelled: the order within a stretch.

use crate::actors::log::Who;

/// Where packets are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The guest's own queue in front of netfront.
    GuestQueue,
    /// Between dom0's netback and its stack.
    Backlog,
    /// dom0's packet filter.
    Filter,
    /// dom0's queue in front of the card.
    CardQueue,
    /// dom0's queue in front of an interface.
    VifQueue,
}

/// What holds packets back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limiter {
    /// Guests make no more.
    Guest,
    /// All slots of the rings are in use.
    Ring,
    /// Requests wait on the rings for netback's pool.
    Pool,
    /// All descriptors of the card's ring are in use.
    Descriptors,
    /// The wire is never idle.
    Wire,
}

/// Sums over a stretch of time that ends with the entry's own time. Counts are of packets unless the name says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the line above each variant names its numbers")]
pub enum Summary {
    /// Guests offered so many packets, and so many left through the card.
    Passed { nanos: u32, offered: u32, sent: u32 },
    /// Packets were lost at one place.
    Lost { packets: u32, place: Place },
    /// Netback took so many packets of one guest off its ring.
    Taken { nanos: u32, packets: u32, bytes: u32 },
    /// A guest's queue stopped and ran again so often.
    Alternated { times: u32 },
    /// The runs that follow have a card that reports so many microseconds after a packet has left.
    Reported { delay: u32 },
    /// In runs with packets of `from` to `to` bytes one thing held them back.
    Limited { from: u32, to: u32, by: Limiter },
}

impl Summary {
    /// Who did it; what passes, passes through the card at last.
    #[must_use]
    pub const fn who(&self) -> Who {
        match self {
            Self::Passed { .. }
            | Self::Reported { .. }
            | Self::Limited { by: Limiter::Descriptors | Limiter::Wire, .. } => Who::Hardware,
            Self::Lost { place: Place::GuestQueue, .. }
            | Self::Alternated { .. }
            | Self::Limited { by: Limiter::Guest | Limiter::Ring, .. } => Who::Guest,
            Self::Lost { place: Place::Backlog | Place::Filter | Place::CardQueue | Place::VifQueue, .. }
            | Self::Taken { .. }
            | Self::Limited { by: Limiter::Pool, .. } => Who::Dom0,
        }
    }

    /// Whether packets were lost.
    #[must_use]
    pub const fn fails(&self) -> bool {
        matches!(self, Self::Lost { .. })
    }
}
