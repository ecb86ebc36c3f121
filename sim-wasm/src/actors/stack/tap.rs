//! A packet socket on a port, as tcpdump opens it (`net/packet/af_packet.c`): it keeps a clone of each packet until the
//! program has read it.
//!
//! Not modelled: sockets whose ring of frames is mapped and which copy, and filters on what is kept.

use alloc::collections::VecDeque;

use crate::actors::skb::SkbId;
use crate::words::time::Time;

/// How a packet socket behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TapSettings {
    /// How long the program takes to read a packet, in nanoseconds.
    pub hold: u64,
    /// Clones that fit into its buffer (`sk_rcvbuf`); with a full buffer packets pass unseen.
    pub limit: u32,
}

/// The socket.
#[derive(Clone, Debug)]
pub(super) struct Tap {
    settings: TapSettings,
    kept: VecDeque<(Time, SkbId)>,
}

impl Tap {
    pub(super) const fn new(settings: TapSettings) -> Tap {
        Tap { settings, kept: VecDeque::new() }
    }

    pub(super) fn has_room(&self) -> bool {
        (self.kept.len() as u32) < self.settings.limit
    }

    pub(super) fn keep(&mut self, now: Time, clone: SkbId) {
        self.kept.push_back((now + self.settings.hold, clone));
    }

    /// When the program will have read the oldest packet.
    pub(super) fn due(&self) -> Option<Time> {
        self.kept.front().map(|(due, _)| *due)
    }

    /// A packet that the program has read by now.
    pub(super) fn take(&mut self, now: Time) -> Option<SkbId> {
        if self.due()? > now {
            return None;
        }
        self.kept.pop_front().map(|(_, clone)| clone)
    }

    pub(super) fn kept(&self) -> u32 {
        self.kept.len() as u32
    }

    /// The socket closes: everything that it kept.
    pub(super) fn close(self) -> impl Iterator<Item = SkbId> {
        self.kept.into_iter().map(|(_, clone)| clone)
    }
}
