//! Rules broken, and what came of it.
//!
//! Not modelled: other languages, and sentences for several events at once.

use crate::actors::log::trouble::{Attack, Party, Trouble};
use crate::telling::narration::phrases::push_time;
use crate::words::text::Text;
use crate::words::time::Time;

/// Writes the sentence of one event.
pub(super) fn tell(out: &mut Text, event: &Trouble) {
    match *event {
        Trouble::Attacked { by, attack, xsa } => {
            out.push_str(match by {
                Party::Frontend => "A hostile front end ",
                Party::Backend => "A hostile back end ",
            });
            out.push_str(deed(attack));
            if xsa > 0 {
                out.push_str(" (XSA-").push_u32(u32::from(xsa)).push_char(')');
            }
            out.push_char('.');
        }
        Trouble::DeviceBroken { attack } => {
            out.push_str("Netfront notices that its back end ").push_str(deed(attack));
            out.push_str(". It marks the device as broken and uses it no more.");
        }
        Trouble::GuestCrashed { attack } => {
            out.push_str("Netfront notices that its back end ").push_str(deed(attack));
            out.push_str(", and knows no way to go on: the whole guest stops.");
        }
        Trouble::EventDeferred { by: _, spurious, until } => {
            out.push_str("An event came without work. Its channel stays masked until ");
            push_time(out, Time(until));
            out.push_str(", and the count of such events is ").push_u32(spurious).push_char('.');
        }
        Trouble::BytesSeen { bytes } => {
            out.push_str("dom0 looks beside the packet in the granted page. Bytes there that are not zero: ");
            out.push_u32(bytes).push_char('.');
        }
        Trouble::GrantLeaked { gref } => {
            out.push_str("dom0 still uses the page of grant entry ").push_u32(gref);
            out.push_str(", so the guest gives up both page and entry for good.");
        }
        Trouble::GrantDeferred { gref } => {
            out.push_str("dom0 still uses the page of grant entry ").push_u32(gref);
            out.push_str(". The guest will try again to end this grant.");
        }
    }
}

/// What was done, as a clause without its subject.
const fn deed(attack: Attack) -> &'static str {
    match attack {
        Attack::ForgedProducer => "publishes what it never wrote",
        Attack::ChangedRequest => "changes a request that it has published",
        Attack::ForgedGrant => "names a grant that was never given",
        Attack::MalformedPacket => "writes a packet that makes no sense",
        Attack::AwkwardPacket => "writes a packet that keeps every rule and that nobody sends by chance",
        Attack::EventStorm => "rings without having work",
        Attack::WithheldBuffers => "posts no more buffers",
        Attack::ForgedResponse => "answers what was never asked, or twice",
        Attack::KeptMapping => "maps a page while its owner takes it back",
        Attack::ReadBeside => "reads what else lies in a granted page",
        Attack::RemovedDevice => "takes the device away",
    }
}
