//! What a stretch of time came to.
//!
//! Not modelled: other languages, and sentences for several events at once.

use crate::actors::log::summary::{Limiter, Place, Summary};
use crate::telling::narration::phrases::{count_of, push_time};
use crate::words::text::Text;
use crate::words::time::Time;

/// Writes the sentence of one event.
pub(crate) fn tell(out: &mut Text, event: &Summary) {
    match *event {
        Summary::Passed { nanos, offered: 0, sent: 0 } => {
            in_so_long(out, nanos);
            out.push_str("nothing is offered, and nothing leaves.");
        }
        Summary::Passed { nanos, offered, sent } => {
            in_so_long(out, nanos);
            count_of(out, offered, "packet");
            out.push_str(if offered == 1 { " is offered, and " } else { " are offered, and " });
            match sent {
                0 => out.push_str("none leaves through the card."),
                1 => out.push_str("1 leaves through the card."),
                sent => out.push_u32(sent).push_str(" leave through the card."),
            };
        }
        Summary::Lost { packets, place } => {
            out.push_str(match place {
                Place::GuestQueue => "Lost in the guest's own queue, which is full: ",
                Place::Backlog => "Lost in dom0's backlog, in front of the bridge: ",
                Place::Filter => "Dropped by dom0's packet filter: ",
                Place::CardQueue => "Lost in dom0's queue in front of the card, which is full: ",
                Place::VifQueue => "Lost in dom0's queue in front of an interface, which is full: ",
            });
            count_of(out, packets, "packet");
            out.push_char('.');
        }
        Summary::Taken { nanos, packets, bytes } => {
            in_so_long(out, nanos);
            out.push_str("netback takes ");
            count_of(out, packets, "packet");
            out.push_str(" off the ring, ");
            count_of(out, bytes, "byte");
            out.push_char('.');
        }
        Summary::Alternated { times } => {
            out.push_str("Meanwhile the guest's queue stops and runs again ");
            count_of(out, times, "time");
            out.push_str(" more.");
        }
        Summary::Reported { delay } => {
            out.push_str("The card reports ").push_u32(delay).push_str(" µs after a packet has left.");
        }
        Summary::Limited { from, to, by } => {
            out.push_str("Packets of ").push_u32(from);
            if to != from {
                out.push_str(" to ").push_u32(to);
            }
            out.push_str(match by {
                Limiter::Guest => " bytes leave as fast as guests make them.",
                Limiter::Ring => {
                    " bytes are held back by the ring: all its slots are in use, and the wire is idle at times."
                }
                Limiter::Pool => " bytes are held back by netback's pool: requests wait on the rings for it.",
                Limiter::Descriptors => {
                    " bytes are held back by the card's descriptors: packets wait in dom0 for them."
                }
                Limiter::Wire => " bytes are held back by the wire alone.",
            });
        }
    }
}

fn in_so_long(out: &mut Text, nanos: u32) {
    out.push_str("In ");
    push_time(out, Time(u64::from(nanos)));
    out.push_str(", ");
}
