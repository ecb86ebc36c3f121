//! Who is woken how often.
//!
//! Not modelled: other languages, and sentences for several events at once.

use crate::actors::log::wakeups::Wakeups;
use crate::telling::narration::phrases::{bell, count_of, push_index, stretch};
use crate::words::text::Text;

/// Writes the sentence of one event.
pub(super) fn tell(out: &mut Text, event: &Wakeups) {
    match *event {
        Wakeups::AnsweredSilently { old, new, event } => {
            out.push_str("The back end answers ");
            count_of(out, new.wrapping_sub(old), "request");
            out.push_str(", one at a time, and publishes each answer by itself: rsp_prod goes from ");
            stretch(out, old, new);
            bell(out, event, false, "front end");
        }
        Wakeups::Rung { old, new, pending } => {
            out.push_str("The back end publishes up to ");
            push_index(out, new);
            match new.wrapping_sub(old) {
                1 => {
                    out.push_str(" and rings");
                }
                count => {
                    out.push_str(", one answer at a time, and rings ").push_u32(count).push_str(" times");
                }
            }
            out.push_str(", without a look at rsp_event.");
            out.push_str(if pending {
                " The port is pending already: the guest will see one interrupt for all of it."
            } else {
                " The port becomes pending, and the guest is interrupted."
            });
        }
        Wakeups::Repeated { old, new, bells, interrupts } => {
            out.push_str("It goes on like this while rsp_prod goes from ");
            push_index(out, old);
            out.push_str(" to ");
            push_index(out, new);
            out.push_str(": the back end rings ");
            count_of(out, bells, "time");
            out.push_str(", and the front end takes ");
            count_of(out, interrupts, "interrupt");
            out.push_char('.');
        }
        Wakeups::LeftWaiting { unread, event } => {
            out.push_str("The card has stalled, and no more answers come. Answers in the ring: ");
            out.push_u32(unread).push_str(". The front end sleeps beside them, since it asked for a bell at ");
            push_index(out, event);
            out.push_char('.');
        }
    }
}
