//! Who is woken how often: stretches of responses that are too many to be told one by one.
//!
//! Not modelled: what a hypercall or an interrupt costs: they are counted.

use crate::actors::log::Who;

/// What a stretch of responses came to. Indexes are those of `rsp_prod`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the line above each variant names its numbers")]
pub enum Wakeups {
    /// The back half published responses one at a time, and none was the one asked for.
    AnsweredSilently { old: u32, new: u32, event: u32 },
    /// The back half published responses one at a time and rang for each without looking at the event index; `pending` says
    /// that the port was pending all the time.
    Rung { old: u32, new: u32, pending: bool },
    /// Several rounds of bell and interrupt, summed.
    Repeated { old: u32, new: u32, bells: u32, interrupts: u32 },
    /// No response comes any more, and the front half sleeps beside those that are there.
    LeftWaiting { unread: u32, event: u32 },
}

impl Wakeups {
    /// Who did it.
    #[must_use]
    pub const fn who(&self) -> Who {
        match self {
            Self::AnsweredSilently { .. } | Self::Rung { .. } | Self::Repeated { .. } => Who::Dom0,
            Self::LeftWaiting { .. } => Who::Guest,
        }
    }

    /// Whether an event channel rang.
    #[must_use]
    pub const fn rings(&self) -> bool {
        matches!(self, Self::Rung { .. } | Self::Repeated { .. })
    }

    /// Whether something went wrong.
    #[must_use]
    pub const fn fails(&self) -> bool {
        matches!(self, Self::LeftWaiting { .. })
    }
}
