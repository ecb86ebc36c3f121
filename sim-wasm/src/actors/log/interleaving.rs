//! One direction of a ring as two processors see it: every store twice, when it is made and when it becomes visible.
//!
//! Not modelled: which of a processor's parts does it.

use crate::actors::log::Who;

/// One micro-step of one side; the front half publishes requests, the back half takes them. Indexes are ring indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the line above each variant names its numbers")]
pub enum Interleaving {
    /// The front half wrote a request, into its processor's buffer.
    EntryStored { index: u32 },
    /// The front half moved `req_prod`, in the buffer.
    ProducerStored { index: u32 },
    /// The front half read `req_event`; `due` says whether it owes a notification.
    EventLoaded { event: u32, due: bool },
    /// The front half sent the notification.
    Notified,
    /// The request became visible.
    EntryVisible { index: u32 },
    /// `req_prod` became visible.
    ProducerVisible { index: u32 },
    /// `req_event` became visible.
    EventVisible { index: u32 },
    /// The back half read `req_prod`; `new` says whether there is a request to take.
    ProducerLoaded { index: u32, new: bool },
    /// The back half's processor read the slot before it knew that there is a request; `stale` says that there was none.
    EntryReadEarly { index: u32, stale: bool },
    /// The back half took the request; `stale` says that it took what was in the slot before.
    EntryTaken { index: u32, stale: bool },
    /// The back half moved `req_event`, in its processor's buffer.
    EventStored { index: u32 },
    /// The back half read `req_prod` again; `sleeps` says that it found nothing.
    ProducerRechecked { index: u32, sleeps: bool },
    /// The notification woke the back half.
    Woken,
    /// The back half sleeps, nobody will ring, and the request of this index waits.
    Forgotten { index: u32 },
}

impl Interleaving {
    /// Who did it.
    #[must_use]
    pub const fn who(&self) -> Who {
        match self {
            Self::EntryStored { .. }
            | Self::ProducerStored { .. }
            | Self::EventLoaded { .. }
            | Self::Notified
            | Self::EntryVisible { .. }
            | Self::ProducerVisible { .. } => Who::Guest,
            Self::EventVisible { .. }
            | Self::ProducerLoaded { .. }
            | Self::EntryReadEarly { .. }
            | Self::EntryTaken { .. }
            | Self::EventStored { .. }
            | Self::ProducerRechecked { .. }
            | Self::Woken
            | Self::Forgotten { .. } => Who::Dom0,
        }
    }

    /// Whether an event channel rang.
    #[must_use]
    pub const fn rings(&self) -> bool {
        matches!(self, Self::Notified)
    }

    /// Whether something went wrong.
    #[must_use]
    pub const fn fails(&self) -> bool {
        matches!(self, Self::Forgotten { .. } | Self::EntryTaken { stale: true, .. })
    }
}
