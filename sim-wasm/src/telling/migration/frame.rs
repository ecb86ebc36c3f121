//! What a picture is drawn from: where the guest is, which way its packets go, what of its memory is where, and what it lost.
//!
//! Not modelled: what the figure's own entry lists.

use crate::actors::log::Event;
use crate::actors::log::migration::{Interface, Migration, Refusal, Step};
use crate::actors::migration::Place;

/// A step that somebody wanted, and what became of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    pub(crate) step: Step,
    pub(crate) refused: Option<Refusal>,
    /// Packets that it cost.
    pub(crate) lost: u64,
    /// Rounds of copying.
    pub(crate) rounds: u32,
}

impl Taken {
    /// Whether it was refused, and not only needless.
    pub(crate) const fn is_refused(&self) -> bool {
        !matches!(self.refused, None | Some(Refusal::AlreadyThere))
    }
}

/// A round of copying.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    pub(crate) number: u32,
    pub(crate) sent: u32,
}

/// The state after one step of the run, which may be one of several of an action.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) place: Place,
    pub(crate) active: Interface,
    pub(crate) has_card: bool,
    /// Pages that the other host lacks.
    pub(crate) missing: u64,
    /// Rounds of copying so far.
    pub(crate) rounds: u32,
    /// Pages sent so far, those with which the guest stood still included.
    pub(crate) sent: u64,
    pub(crate) lost: u64,
    /// The longest silence, and all of it, in nanoseconds.
    pub(crate) longest: u64,
    pub(crate) silent: u64,
    pub(crate) refused: u32,
    /// Whether a card was taken out while packets went through it.
    pub(crate) outage: bool,
    /// Steps that somebody wanted so far; the last one may still be under way.
    pub(crate) taken: usize,
    /// Whether nothing is under way, so that the reader may do something.
    pub(crate) rests: bool,
}

impl Frame {
    /// A guest at home, with its packets going through its card.
    pub(crate) const fn first(pages: u64) -> Frame {
        Frame {
            place: Place::Source,
            active: Interface::Card,
            has_card: true,
            missing: pages,
            rounds: 0,
            sent: 0,
            lost: 0,
            longest: 0,
            silent: 0,
            refused: 0,
            outage: false,
            taken: 0,
            rests: true,
        }
    }

    /// The state after one more event.
    pub(crate) fn after(mut self, event: &Event) -> Frame {
        let Event::Migration(event) = event else { return self };
        match *event {
            Migration::Refused { why, .. } => self.refused += u32::from(why != Refusal::AlreadyThere),
            Migration::Changed { to, .. } => self.active = to,
            Migration::Unplugged { in_use } => {
                self.has_card = false;
                self.outage |= in_use;
            }
            Migration::Plugged { .. } => self.has_card = true,
            Migration::RoundCopied { sent, dirty, .. } => {
                self.rounds += 1;
                self.sent += u64::from(sent);
                self.missing = u64::from(dirty);
            }
            Migration::Suspended { pages } => self.sent += u64::from(pages),
            Migration::Resumed { .. } => (self.place, self.missing) = (Place::Target, 0),
            Migration::Lost { packets, nanos } => {
                self.lost += u64::from(packets);
                self.silent += nanos;
                self.longest = self.longest.max(nanos);
            }
        }
        self
    }

    /// Whether it has arrived and is as it was before.
    pub(crate) const fn is_home(&self) -> bool {
        matches!(self.place, Place::Target) && matches!(self.active, Interface::Card) && self.has_card
    }
}
