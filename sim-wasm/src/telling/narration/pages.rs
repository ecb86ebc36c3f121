//! What becomes of one granted page.
//!
//! Not modelled: other languages, and sentences for several events at once.

use crate::actors::log::pages::Pages;
use crate::telling::narration::phrases::count_of;
use crate::words::text::Text;

/// Writes the sentence of one event.
pub(super) fn tell(out: &mut Text, event: &Pages) {
    match *event {
        Pages::MarkedForeign { window } => {
            out.push_str("Netback sees it as its page ").push_u32(window.0);
            out.push_str(" and marks that as foreign: whoever frees the page will call netback.");
        }
        Pages::HeaderFreed { left } => {
            out.push_str("A packet is freed, and ");
            count_of(out, left, "clone");
            out.push_str(if left == 1 { " still points" } else { " still point" });
            out.push_str(" to the page: it stays.");
        }
        Pages::Answered { gref, mapped } => {
            out.push_str("Netback answers: the guest may end grant ").push_u32(gref.0);
            out.push_str(if mapped {
                ". But it still has the page mapped, and should have waited."
            } else {
                " and use the page again."
            });
        }
        Pages::EntryErased { gref, in_use } => {
            out.push_str("The guest writes zero over the flags of its grant entry ").push_u32(gref.0);
            out.push_str(if in_use {
                ", which is in use. Xen has counted the mapping for itself, and keeps it."
            } else {
                ". Nobody uses the entry, and nobody can from now on."
            });
        }
        Pages::FrameReturned { frame, references } => {
            out.push_str("The guest gives frame 0x").push_hex(u64::from(frame.0), 2);
            out.push_str(" back to Xen, though dom0 uses it. Xen counts ");
            count_of(out, references, "reference");
            out.push_str(" to it, so nobody else gets the frame yet.");
        }
        Pages::FrameFreed { frame } => {
            out.push_str("With the last reference frame 0x").push_hex(u64::from(frame.0), 2);
            out.push_str(" is free, and may become anybody's.");
        }
    }
}
