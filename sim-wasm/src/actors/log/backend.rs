//! What a transmitting backend does beside its way with a sound packet: credit, refusals, copies, and giving up.
//!
//! Not modelled: counters in sysfs and messages in the kernel's log.

use crate::actors::log::Who;
use crate::words::ids::GrantRef;

/// Why requests were answered with an error, or a frontend was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The producer is further ahead than the ring is long.
    ProducerOverflow,
    /// The packet's end is not among the published requests.
    Truncated,
    /// The packet has more slots than a packet may have.
    TooManySlots,
    /// A further request is longer than what is left of the packet.
    LongerThanPacket,
    /// A piece crosses the end of its page.
    CrossesPage,
    /// The packet is shorter than an Ethernet header.
    TooShort,
    /// An extra info is missing or of no known type.
    BadExtra,
    /// The segmentation's size is 0, or its type is unknown.
    BadSegmentation,
    /// Xen refused the grant.
    BadGrant,
    /// dom0 has no memory for the packet.
    NoMemory,
}

/// A backend's events; counts are of slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the line above each variant names its numbers")]
pub enum Backend {
    /// An event came, and does nothing until a slot is released: at least 128 are held.
    PoolGateShut { held: u32 },
    /// An interface used its credit up, and its requests wait until `until`, in nanoseconds of the run.
    CreditExhausted { wanted: u32, remaining: u32, until: u64 },
    /// Credit came back.
    CreditGranted { remaining: u32 },
    /// Extra infos were taken off the ring; `kind` is the first one's type.
    ExtrasTaken { kind: u8, count: u32 },
    /// Requests were answered with an error.
    RequestsRefused { id: u16, count: u32, why: Refusal },
    /// Xen refused to map a page.
    MapRefused { gref: GrantRef, status: i16 },
    /// A packet's pages were copied so that its slots go back before it is sent (`copy_skb`).
    PacketLinearized { bytes: u32, count: u32 },
    /// A packet lingered, and its page was replaced by a copy: its slot goes back, the packet stays.
    PageReplaced { pending: u16 },
    /// A packet lingered, and its page cannot be replaced: a device knows its address.
    PageBusy { pending: u16 },
    /// Bytes were copied by the hypervisor into dom0's own pages; `failed` operations of `count` had no success.
    GrantsCopied { count: u32, bytes: u32, failed: u32 },
    /// A clone or a local receiver made netback copy the packet's pages, and its slots go back at once.
    PagesOrphaned { count: u32, bytes: u32 },
    /// A poll used up its budget and yields.
    BudgetSpent { packets: u32 },
    /// A frontend broke the rules beyond repair; nothing more is taken from it or answered.
    FrontendDisabled { why: Refusal },
}

impl Backend {
    /// Who did it.
    #[must_use]
    pub const fn who(&self) -> Who {
        match self {
            Self::MapRefused { .. } | Self::GrantsCopied { .. } => Who::Xen,
            Self::PoolGateShut { .. }
            | Self::CreditExhausted { .. }
            | Self::CreditGranted { .. }
            | Self::ExtrasTaken { .. }
            | Self::RequestsRefused { .. }
            | Self::PacketLinearized { .. }
            | Self::PageReplaced { .. }
            | Self::PageBusy { .. }
            | Self::PagesOrphaned { .. }
            | Self::BudgetSpent { .. }
            | Self::FrontendDisabled { .. } => Who::Dom0,
        }
    }

    /// Whether something was refused.
    #[must_use]
    pub const fn fails(&self) -> bool {
        matches!(
            self,
            Self::RequestsRefused { .. }
                | Self::MapRefused { .. }
                | Self::PageBusy { .. }
                | Self::FrontendDisabled { .. }
        )
    }
}
