//! A guest on its way to another host.
//!
//! Not modelled: single pages, and single packets.

use crate::actors::log::Who;

/// What somebody does to a guest that is to move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The bond is told to use the split interface.
    FailOver,
    /// The card is taken out of the guest.
    Unplug,
    /// The guest's memory goes over while it runs.
    Copy,
    /// The guest stops here and runs there.
    Switch,
    /// A card is put into the guest.
    Plug,
    /// The bond is told to use the card.
    FailBack,
}

impl Step {
    /// All there are, in the order that works.
    pub const ALL: [Step; 6] = [Step::FailOver, Step::Unplug, Step::Copy, Step::Switch, Step::Plug, Step::FailBack];
}

/// Why a step cannot be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The guest has a device, so Xen logs no dirty pages: `-EINVAL`.
    DevicePresent,
    /// Xen logs dirty pages, so it assigns no device: `-EXDEV`.
    PagesLogged,
    /// Nothing was copied yet.
    NothingCopied,
    /// The guest has no card.
    NoCard,
    /// It is so already.
    AlreadyThere,
}

/// One of a bond's interfaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Interface {
    /// The card itself, eth1.
    Card,
    /// Netfront, eth0.
    Split,
}

/// Events of a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the line above each variant names its numbers")]
pub enum Migration {
    /// A step was refused.
    Refused { step: Step, why: Refusal },
    /// The bond uses another interface, told to or because it noticed that its card is gone.
    Changed { to: Interface, noticed: bool },
    /// The card was taken out, perhaps with packets going through it.
    Unplugged { in_use: bool },
    /// A round of copying is over; so many pages were written meanwhile.
    RoundCopied { round: u32, sent: u32, dirty: u32 },
    /// The guest was stopped with so many pages still to go.
    Suspended { pages: u32 },
    /// It runs on the other host, after so long.
    Resumed { nanos: u64 },
    /// A card was put in, on the host that the guest runs on.
    Plugged { target: bool },
    /// Packets found nobody for so long.
    Lost { packets: u32, nanos: u64 },
}

impl Migration {
    /// Who did it.
    #[must_use]
    pub const fn who(&self) -> Who {
        match self {
            Self::Refused { why: Refusal::DevicePresent | Refusal::PagesLogged, .. } => Who::Xen,
            Self::Refused { .. }
            | Self::Unplugged { .. }
            | Self::RoundCopied { .. }
            | Self::Suspended { .. }
            | Self::Resumed { .. }
            | Self::Plugged { .. } => Who::Dom0,
            Self::Changed { .. } => Who::Guest,
            Self::Lost { .. } => Who::Hardware,
        }
    }

    /// Whether something was refused or lost.
    #[must_use]
    pub const fn fails(&self) -> bool {
        match self {
            Self::Refused { why, .. } => !matches!(why, Refusal::AlreadyThere),
            Self::Unplugged { in_use: true } => true,
            Self::Lost { packets, .. } => *packets > 0,
            Self::Changed { .. }
            | Self::Unplugged { in_use: false }
            | Self::RoundCopied { .. }
            | Self::Suspended { .. }
            | Self::Resumed { .. }
            | Self::Plugged { .. } => false,
        }
    }
}
