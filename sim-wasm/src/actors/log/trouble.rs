//! Rules broken by a hostile or a broken party, and what came of it.
//!
//! Not modelled: what an attacker would gain in a real machine: only that a rule was broken is told, and what came of it.

use crate::actors::log::Who;

/// What a party did that no honest one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Attack {
    /// Published requests or responses that were never written.
    ForgedProducer,
    /// Changed a request after it was published.
    ChangedRequest,
    /// Named a grant that it never gave.
    ForgedGrant,
    /// Wrote a packet that makes no sense.
    MalformedPacket,
    /// Wrote a packet that keeps every rule and that nobody sends by chance.
    AwkwardPacket,
    /// Rang without work.
    EventStorm,
    /// Posts no more buffers.
    WithheldBuffers,
    /// Answered what was not asked, or twice.
    ForgedResponse,
    /// Mapped a page again while its owner took it back.
    KeptMapping,
    /// Read what else lay in a granted page.
    ReadBeside,
    /// Took the device away under the guest's feet.
    RemovedDevice,
}

/// Trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the line above each variant names its numbers")]
pub enum Trouble {
    /// A party attacked; `xsa` is the advisory, 0 for none.
    Attacked { by: Party, attack: Attack, xsa: u16 },
    /// Netfront found that its backend broke the rules, and gave the device up (`info->broken`).
    DeviceBroken { attack: Attack },
    /// The classic netfront found that its backend broke the rules, and the guest stopped (`BUG()`).
    GuestCrashed { attack: Attack },
    /// An event brought `by` no work, and its channel stays masked until `until`, in nanoseconds of the run.
    EventDeferred { by: Party, spurious: u32, until: u64 },
    /// dom0 found bytes in granted pages that belong to no packet, and are not zero.
    BytesSeen { bytes: u32 },
    /// A grant could not be ended, and page and reference are lost to the guest.
    GrantLeaked { gref: u32 },
    /// A grant could not be ended yet; the guest will try again.
    GrantDeferred { gref: u32 },
}

/// A party to the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Party {
    /// A guest.
    Frontend,
    /// dom0.
    Backend,
}

impl Trouble {
    /// Who did it.
    #[must_use]
    pub const fn who(&self) -> Who {
        match self {
            Self::Attacked { by: Party::Backend, .. }
            | Self::EventDeferred { by: Party::Backend, .. }
            | Self::BytesSeen { .. } => Who::Dom0,
            Self::Attacked { by: Party::Frontend, .. }
            | Self::DeviceBroken { .. }
            | Self::GuestCrashed { .. }
            | Self::EventDeferred { by: Party::Frontend, .. }
            | Self::GrantLeaked { .. }
            | Self::GrantDeferred { .. } => Who::Guest,
        }
    }
}
