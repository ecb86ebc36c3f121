//! Packets on their way to a guest: buffers, netback's receive side, and what netfront makes of them.
//!
//! Not modelled: what the guest's stack does with a packet afterwards.

use crate::actors::log::Who;

/// Why netback dropped a packet that was meant for a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// The interface is not connected, or has no carrier.
    NoCarrier,
    /// The guest posted too few buffers.
    NoBuffers,
    /// As many bytes wait as may wait.
    QueueFull,
    /// It waited too long.
    Expired,
    /// dom0 has no memory.
    NoMemory,
}

/// Events of the receiving side; counts are of slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the line above each variant names its numbers")]
pub enum Receive {
    /// The guest posted empty buffers; `target` is how many it wants to have posted.
    BuffersPosted { index: u32, count: u32, target: u32 },
    /// The guest has too little memory to post buffers, and tries again later.
    RefillPostponed { posted: u32 },
    /// The guest changed how many buffers it wants to have posted.
    TargetChanged { target: u32 },
    /// Netback accepted a packet for the guest.
    PacketAccepted { bytes: u32, slots: u32, waiting: u32 },
    /// Netback dropped a packet for the guest.
    PacketRefused { bytes: u32, why: DropReason, needed: u32, posted: u32 },
    /// Netback stopped its queue until the guest posts buffers up to `event`.
    QueueWaits { event: u32 },
    /// Netback let its queue run although nobody posted buffers, so that it drains by dropping.
    QueueDrains,
    /// The queue runs again, since there are buffers.
    QueueRuns,
    /// Pages were given to the guest, and fresh ones taken for them.
    PagesFlipped { count: u32 },
    /// Xen refused a transfer or a copy into the guest's buffer.
    DeliveryRefused { index: u32, status: i16 },
    /// Bytes were copied by the hypervisor into the guest's buffers.
    BytesCopied { count: u32, bytes: u32 },
    /// Xen has no page to replace a given one: reception pauses for everybody until `until`, in nanoseconds of the run.
    MemorySqueeze { until: u64 },
    /// Netback answered buffers.
    BuffersAnswered { index: u32, count: u32, bytes: u32 },
    /// Netback published the answers.
    AnswersPublished { old: u32, new: u32, event: u32, notify: bool },
    /// Netfront read answers.
    AnswersTaken { index: u32, count: u32 },
    /// Netfront handed a packet to the guest's stack.
    PacketDelivered { bytes: u32, slots: u32 },
    /// Netfront dropped what came: an error status, or pieces that make no packet.
    PacketSpoiled { status: i16 },
    /// Nobody took packets for so long that netback took the carrier off.
    CarrierLost,
    /// Buffers came, and the carrier is on again.
    CarrierBack,
    /// Netback copied a packet in dom0 before it accepted it; `pages` hold the copy, none if it is memory of the kernel's.
    CopiedFirst { bytes: u32, pages: u32 },
    /// A new domain got all of Xen's free frames.
    FramesTaken { count: u32 },
    /// That domain ended, and so many frames are free.
    FramesFreed { count: u32 },
    /// A program in dom0 began to listen: it gets a clone of each packet for the guest.
    ListenerBegan,
}

impl Receive {
    /// Who did it.
    #[must_use]
    pub const fn who(&self) -> Who {
        match self {
            Self::BuffersPosted { .. }
            | Self::RefillPostponed { .. }
            | Self::TargetChanged { .. }
            | Self::AnswersTaken { .. }
            | Self::PacketDelivered { .. }
            | Self::PacketSpoiled { .. } => Who::Guest,
            Self::PacketAccepted { .. }
            | Self::PacketRefused { .. }
            | Self::QueueWaits { .. }
            | Self::QueueDrains
            | Self::QueueRuns
            | Self::MemorySqueeze { .. }
            | Self::BuffersAnswered { .. }
            | Self::AnswersPublished { .. }
            | Self::CarrierLost
            | Self::CarrierBack
            | Self::CopiedFirst { .. }
            | Self::ListenerBegan => Who::Dom0,
            Self::PagesFlipped { .. }
            | Self::DeliveryRefused { .. }
            | Self::BytesCopied { .. }
            | Self::FramesTaken { .. }
            | Self::FramesFreed { .. } => Who::Xen,
        }
    }

    /// Whether something was refused or lost.
    #[must_use]
    pub const fn fails(&self) -> bool {
        matches!(
            self,
            Self::RefillPostponed { .. }
                | Self::PacketRefused { .. }
                | Self::DeliveryRefused { .. }
                | Self::MemorySqueeze { .. }
                | Self::PacketSpoiled { .. }
                | Self::CarrierLost
        )
    }
}
