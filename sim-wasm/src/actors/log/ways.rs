//! A packet on five ways to a card, one hop after the other.
//!
//! What a whole machine does on such a hop is told by families of its own; these are for runs that hold the ways against
//! each other.
//!
//! Not modelled: what a hop takes, which the run that tells it counts.

use crate::actors::costs::Way;
use crate::actors::log::Who;

/// Events of packets on their ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the line above each variant names its numbers")]
pub enum Ways {
    /// A packet made a hop.
    Hopped { way: Way, hop: Hop },
    /// So many packets went the whole way.
    Summed { way: Way, packets: u32, exits: u32, hypercalls: u32 },
}

/// What happens to a packet on one hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hop {
    /// The front end grants the packet's page and writes a request.
    Granted,
    /// The front end rings for dom0.
    Rang,
    /// dom0 runs and takes its upcall.
    Dom0Woken,
    /// The back end maps the page.
    Mapped,
    /// dom0's driver gives the packet to dom0's card.
    CardDriven,
    /// The card is done: the back end unmaps the page and answers.
    Unmapped,
    /// The back end has copied the whole packet, and unmaps the page and answers without waiting for the card.
    Released,
    /// dom0's card has a packet for the guest.
    Arrived,
    /// Xen copies it into a page of the guest's.
    Copied,
    /// The back end rings for the guest.
    RangBack,
    /// The guest runs and takes its upcall.
    GuestWoken,
    /// The guest's driver writes a descriptor for its own card.
    Described,
    /// The guest's driver writes the tail register of its own card.
    TailWritten,
    /// The card fetches descriptor and packet, and sends.
    Fetched,
    /// The card stores a packet from the wire.
    Stored,
    /// The card interrupts, and its message or line reaches Xen.
    Interrupted,
    /// The card interrupts, and the IOMMU notes it for the vCPU.
    Noted,
    /// The guest's driver takes the interrupt.
    Handled,
    /// The guest tells Xen that the interrupt is over.
    Ended,
    /// The guest's driver copies the packet into a buffer of the emulated card's.
    Bounced,
    /// The guest's driver copies the packet out of the emulated card's ring.
    TakenOut,
    /// The guest's driver touches a register of an emulated card.
    Asked,
    /// The device model answers.
    Answered,
    /// The device model passes the packet on to dom0's network, and raises the line.
    Tapped,
    /// dom0's network has a packet, which the device model stores in the guest, and raises the line.
    Filled,
}

impl Hop {
    /// All there are.
    pub const ALL: [Hop; 25] = [
        Hop::Granted,
        Hop::Rang,
        Hop::Dom0Woken,
        Hop::Mapped,
        Hop::CardDriven,
        Hop::Unmapped,
        Hop::Released,
        Hop::Arrived,
        Hop::Copied,
        Hop::RangBack,
        Hop::GuestWoken,
        Hop::Described,
        Hop::TailWritten,
        Hop::Fetched,
        Hop::Stored,
        Hop::Interrupted,
        Hop::Noted,
        Hop::Handled,
        Hop::Ended,
        Hop::Bounced,
        Hop::TakenOut,
        Hop::Asked,
        Hop::Answered,
        Hop::Tapped,
        Hop::Filled,
    ];

    const fn who(self) -> Who {
        match self {
            Hop::Granted
            | Hop::Rang
            | Hop::GuestWoken
            | Hop::Described
            | Hop::TailWritten
            | Hop::Handled
            | Hop::Ended
            | Hop::Bounced
            | Hop::TakenOut
            | Hop::Asked => Who::Guest,
            Hop::Dom0Woken
            | Hop::Mapped
            | Hop::CardDriven
            | Hop::Unmapped
            | Hop::Released
            | Hop::Arrived
            | Hop::RangBack
            | Hop::Answered
            | Hop::Tapped
            | Hop::Filled => Who::Dom0,
            Hop::Copied => Who::Xen,
            Hop::Interrupted | Hop::Fetched | Hop::Stored | Hop::Noted => Who::Hardware,
        }
    }
}

impl Ways {
    /// Who did it.
    #[must_use]
    pub const fn who(&self) -> Who {
        match self {
            Self::Hopped { hop, .. } => hop.who(),
            Self::Summed { .. } => Who::Guest,
        }
    }
}
