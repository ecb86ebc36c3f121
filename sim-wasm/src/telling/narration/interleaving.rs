//! One direction of a ring as two processors see it.
//!
//! Not modelled: other languages, and sentences for several events at once.

use crate::actors::log::interleaving::Interleaving;
use crate::telling::narration::phrases::push_index;
use crate::words::text::Text;

/// Writes the sentence of one event.
pub(super) fn tell(out: &mut Text, event: &Interleaving) {
    let (before, number, after) = match *event {
        Interleaving::EntryStored { index } => (
            "The front end writes request ",
            Some(index),
            " into its slot. The store waits in its processor's buffer, where nobody else sees it.",
        ),
        Interleaving::ProducerStored { index } => {
            ("The front end sets req_prod to ", Some(index), ". The store waits in its processor's buffer.")
        }
        Interleaving::EventLoaded { event, due: true } => {
            ("The front end reads req_event and finds ", Some(event), ", which it has just passed: it owes a bell.")
        }
        Interleaving::EventLoaded { event, due: false } => (
            "The front end reads req_event and finds ",
            Some(event),
            ", passed long ago: no bell, and its work is done.",
        ),
        Interleaving::Notified => ("The front end rings: the back end's port is pending.", None, ""),
        Interleaving::EntryVisible { index } => ("Request ", Some(index), " becomes visible in its slot."),
        Interleaving::ProducerVisible { index } => ("Now req_prod becomes visible as ", Some(index), "."),
        Interleaving::EventVisible { index } => ("Now req_event becomes visible as ", Some(index), "."),
        Interleaving::ProducerLoaded { index, new: true } => {
            ("The back end reads req_prod and finds ", Some(index), ": there is a request to take.")
        }
        Interleaving::ProducerLoaded { index, new: false } => {
            ("The back end reads req_prod and finds ", Some(index), ": nothing new.")
        }
        Interleaving::EntryReadEarly { index, stale: true } => (
            "The back end's processor reads the slot of request ",
            Some(index),
            " ahead of time, and finds what was in it before.",
        ),
        Interleaving::EntryReadEarly { index, stale: false } => {
            ("The back end's processor reads the slot of request ", Some(index), " ahead of time, and finds it there.")
        }
        Interleaving::EntryTaken { index, stale: true } => (
            "The back end takes request ",
            Some(index),
            ", and has what was in the slot before: a request that nobody made.",
        ),
        Interleaving::EntryTaken { index, stale: false } => ("The back end takes request ", Some(index), "."),
        Interleaving::EventStored { index } => (
            "The back end asks for a bell at ",
            Some(index),
            ". Its store to req_event waits in its processor's buffer.",
        ),
        Interleaving::ProducerRechecked { index, sleeps: true } => {
            ("The back end looks once more, finds req_prod at ", Some(index), ", and goes to sleep.")
        }
        Interleaving::ProducerRechecked { index, sleeps: false } => {
            ("The back end looks once more, finds req_prod at ", Some(index), ", and stays awake.")
        }
        Interleaving::Woken => ("The bell wakes the back end, which looks again.", None, ""),
        Interleaving::Forgotten { index } => {
            ("Request ", Some(index), " lies in the ring. Nobody will ring, and the back end sleeps for ever.")
        }
    };
    out.push_str(before);
    if let Some(number) = number {
        push_index(out, number);
        out.push_str(after);
    }
}
