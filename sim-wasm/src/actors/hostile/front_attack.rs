//! What a hostile guest can do to dom0 through its network interface.
//!
//! Not modelled: attacks on the store and on the hypervisor itself.

use crate::actors::log::trouble::Attack;

/// What is wrong with a grant that a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BadGrant {
    /// The entry was never filled.
    NeverGiven,
    /// The table has no such entry.
    BeyondTable,
    /// It was given, and taken back before anybody could use it.
    Revoked,
    /// It is for another domain than dom0.
    ToAnotherDomain,
}

/// An attack. Packets that it makes are for the host behind the card, with the guest's own address, in pages of the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrontAttack {
    /// Moves the transmit ring's producer so far ahead of what was written; more than 256 is more than there can be.
    ForgeProducer {
        /// Requests that are claimed and were never written.
        distance: u32,
    },
    /// Fills slots of the transmit ring with drawn bytes and publishes them.
    TransmitGarbage {
        /// Names the bytes.
        seed: u32,
        /// How many slots, at most 256; fewer if fewer are free.
        slots: u16,
    },
    /// Fills slots of the receive ring with drawn bytes and publishes them as buffers.
    BufferGarbage {
        /// Names the bytes.
        seed: u32,
        /// How many slots, at most 256; fewer if fewer are free.
        slots: u16,
    },
    /// Sends a packet with so many requests after its first, of 100 bytes each. More than 18 are too many.
    ManySlots {
        /// Requests after the first.
        further: u8,
    },
    /// Sends a packet whose second request is longer than the whole packet.
    LongSlot,
    /// Sends a packet whose last request announces another, which does not follow.
    Truncated,
    /// Sends a packet whose only request goes beyond the end of its page.
    CrossesPage,
    /// Sends a packet shorter than an Ethernet header.
    Runt,
    /// Announces an extra info and publishes only the request.
    MissingExtra,
    /// Sends a packet with an extra info of a type that nobody knows.
    UnknownExtra,
    /// Sends a packet to be cut into segments of 0 bytes.
    BadSegmentation,
    /// Writes another size into each of its requests that was published and not answered.
    ChangeSize {
        /// The new size.
        to: u16,
    },
    /// Sends a packet of which one request names a bad grant.
    BadGrant {
        /// What is wrong with it.
        grant: BadGrant,
        /// Requests of the packet, from 1 to 19.
        slots: u8,
        /// Which of them is the bad one, from 0.
        at: u8,
    },
    /// Posts buffers whose grants are for reading only, which nobody can fill.
    ReadOnlyBuffers,
    /// Notifies again and again without having work.
    EventStorm {
        /// How often.
        events: u32,
        /// Nanoseconds from one to the next.
        every: u64,
    },
    /// Posts buffers only until so many are posted.
    WithholdBuffers {
        /// How many.
        leave: u16,
    },
    /// Sends a packet of 66 bytes, which end within its headers, in requests of so many bytes each.
    SplitHeader {
        /// Bytes of a request, from 14 on: netback wants the Ethernet header in the first one.
        piece: u8,
    },
    /// Sends a packet of 19 requests with 128 bytes together, no more than netback copies as headers.
    TinySlots,
    /// Sends a packet of 66 bytes followed by so many requests without bytes.
    EmptySlots {
        /// How many, at most 18.
        count: u8,
    },
    /// Sends the longest packet in the most requests that the rules allow: 65535 bytes in 19.
    Longest,
}

impl FrontAttack {
    /// The advisory that describes it, 0 if none does by itself.
    #[must_use]
    pub const fn xsa(self) -> u16 {
        match self {
            Self::ForgeProducer { .. }
            | Self::TransmitGarbage { .. }
            | Self::ManySlots { .. }
            | Self::LongSlot
            | Self::Truncated => 39,
            Self::CrossesPage | Self::MissingExtra | Self::UnknownExtra | Self::BadSegmentation => 90,
            Self::ChangeSize { .. } => 155,
            Self::EventStorm { .. } => 332,
            Self::BadGrant { .. } => 362,
            Self::WithholdBuffers { .. } => 392,
            Self::SplitHeader { .. } => 423,
            Self::TinySlots => 432,
            Self::EmptySlots { .. } => 448,
            Self::BufferGarbage { .. } | Self::Runt | Self::ReadOnlyBuffers | Self::Longest => 0,
        }
    }

    /// The kind of attack, for the log.
    #[must_use]
    pub const fn kind(self) -> Attack {
        match self {
            Self::ForgeProducer { .. } => Attack::ForgedProducer,
            Self::TransmitGarbage { .. }
            | Self::BufferGarbage { .. }
            | Self::ManySlots { further: 19.. }
            | Self::LongSlot
            | Self::Truncated
            | Self::CrossesPage
            | Self::Runt
            | Self::MissingExtra
            | Self::UnknownExtra
            | Self::BadSegmentation => Attack::MalformedPacket,
            Self::ManySlots { .. }
            | Self::SplitHeader { .. }
            | Self::TinySlots
            | Self::EmptySlots { .. }
            | Self::Longest => Attack::AwkwardPacket,
            Self::ChangeSize { .. } => Attack::ChangedRequest,
            Self::BadGrant { .. } | Self::ReadOnlyBuffers => Attack::ForgedGrant,
            Self::EventStorm { .. } => Attack::EventStorm,
            Self::WithholdBuffers { .. } => Attack::WithheldBuffers,
        }
    }
}
