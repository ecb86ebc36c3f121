//! What a hostile dom0 can do to a guest through its network interface.
//!
//! Not modelled: attacks by other devices' backends and by the toolstack.

use crate::actors::log::trouble::Attack;

/// An attack on one guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BackAttack {
    /// Notifies again and again without having work.
    EventStorm {
        /// How often.
        events: u32,
        /// Nanoseconds from one to the next.
        every: u64,
    },
    /// Answers the next request while it has the page mapped, and keeps it mapped.
    AnswerWhileMapped,
    /// Looks at the whole page of each request from now on, not only at the packet's bytes.
    ReadBeside,
    /// Lets rings and channel go without a word.
    RemoveDevice,
    /// Answers the next request with an id that no request ever had.
    UnknownId,
    /// Answers the second request of a packet with the id of the first, as soon as there is such a packet.
    IdTwice,
    /// Moves the transmit ring's producer of answers so far beyond the requests.
    ForgeProducer {
        /// How far.
        distance: u32,
    },
    /// Moves the receive ring's producer of answers so far beyond the buffers.
    ForgeDeliveries {
        /// How far.
        distance: u32,
    },
    /// Says of the next packet for the guest that its first piece is longer than a page.
    LongDelivery,
    /// Says of the next packet for the guest that its first piece ends beyond its page.
    CrossingDelivery,
    /// Gives the answer about the next packet for the guest the id of another buffer.
    WrongBuffer,
    /// Announces a further piece after the next packet for the guest, which does not follow.
    EndlessDelivery,
    /// Writes drawn bytes as answers into both rings and publishes them.
    Garbage {
        /// Names the bytes.
        seed: u32,
        /// How many in each ring, at most 256.
        slots: u16,
    },
}

impl BackAttack {
    /// The advisory that describes it, 0 if none does by itself.
    #[must_use]
    pub const fn xsa(self) -> u16 {
        match self {
            Self::EventStorm { .. } => 391,
            Self::AnswerWhileMapped => 396,
            Self::ReadBeside => 403,
            Self::RemoveDevice => 465,
            Self::UnknownId
            | Self::IdTwice
            | Self::ForgeProducer { .. }
            | Self::ForgeDeliveries { .. }
            | Self::LongDelivery
            | Self::CrossingDelivery
            | Self::WrongBuffer
            | Self::EndlessDelivery
            | Self::Garbage { .. } => 0,
        }
    }

    /// The kind of attack, for the log.
    #[must_use]
    pub const fn kind(self) -> Attack {
        match self {
            Self::EventStorm { .. } => Attack::EventStorm,
            Self::AnswerWhileMapped => Attack::KeptMapping,
            Self::ReadBeside => Attack::ReadBeside,
            Self::RemoveDevice => Attack::RemovedDevice,
            Self::ForgeProducer { .. } | Self::ForgeDeliveries { .. } => Attack::ForgedProducer,
            Self::UnknownId
            | Self::IdTwice
            | Self::LongDelivery
            | Self::CrossingDelivery
            | Self::WrongBuffer
            | Self::EndlessDelivery
            | Self::Garbage { .. } => Attack::ForgedResponse,
        }
    }
}
