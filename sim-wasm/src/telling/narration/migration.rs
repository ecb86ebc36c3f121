//! A guest on its way to another host.
//!
//! Not modelled: other languages, and sentences for several events at once.

use crate::actors::log::migration::{Interface, Migration, Refusal, Step};
use crate::telling::narration::phrases::{count_of, push_time};
use crate::words::text::Text;
use crate::words::time::Time;

/// Writes the sentence of one event.
pub(crate) fn tell(out: &mut Text, event: &Migration) {
    match *event {
        Migration::Refused { step, why } => {
            out.push_str(match step {
                Step::FailOver => "Failing over",
                Step::Unplug => "Unplugging the card",
                Step::Copy => "Copying the memory",
                Step::Switch => "Switching to the other host",
                Step::Plug => "Plugging a card",
                Step::FailBack => "Failing back",
            });
            out.push_str(match why {
                Refusal::DevicePresent => " is refused: the guest has a device, and Xen answers -EINVAL.",
                Refusal::PagesLogged => " is refused: Xen logs the pages that the guest writes, and answers -EXDEV.",
                Refusal::NothingCopied => " is refused: none of its memory is there.",
                Refusal::NoCard => " is refused: the guest has no card.",
                Refusal::AlreadyThere => " is not needed: it is so already.",
            });
        }
        Migration::Changed { to, noticed } => {
            out.push_str(if noticed {
                "The bond notices that its card is gone, and uses "
            } else {
                "The bond is told to use "
            });
            out.push_str(match to {
                Interface::Card => "eth1, the card itself.",
                Interface::Split => "eth0, the split interface.",
            });
        }
        Migration::Unplugged { in_use } => {
            out.push_str("The card is taken out of the guest");
            out.push_str(if in_use { " while its packets go through it." } else { ", which does not use it." });
        }
        Migration::RoundCopied { round, sent, dirty } => {
            out.push_str("Round ").push_u32(round).push_str(" has copied ");
            count_of(out, sent, "page");
            out.push_str("; written meanwhile: ").push_u32(dirty).push_char('.');
        }
        Migration::Suspended { pages } => {
            out.push_str("The guest stops, with ");
            count_of(out, pages, "page");
            out.push_str(" still to go.");
        }
        Migration::Resumed { nanos } => {
            out.push_str("The guest runs on the other host, ");
            push_time(out, Time(nanos));
            out.push_str(" after it stopped here.");
        }
        Migration::Plugged { target } => {
            out.push_str("A card of the ").push_str(if target { "new" } else { "old" });
            out.push_str(" host is put into the guest.");
        }
        Migration::Lost { packets, nanos } => {
            out.push_str("Nobody takes the guest's packets for ");
            push_time(out, Time(nanos));
            out.push_str(": ").push_u32(packets).push_str(" lost.");
        }
    }
}
