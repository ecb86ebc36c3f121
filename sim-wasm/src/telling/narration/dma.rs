//! The way of a card's request to memory.
//!
//! Not modelled: other languages, and sentences for several events at once.

use crate::actors::log::dma::Dma;
use crate::telling::narration::phrases::count_of;
use crate::words::text::Text;

/// Writes the sentence of one event.
pub(crate) fn tell(out: &mut Text, event: &Dma) {
    match *event {
        Dma::DescriptorWritten { address, write } => {
            out.push_str("The guest's driver writes address 0x").push_hex(address, 1);
            out.push_str(" into a descriptor: ");
            out.push_str(if write {
                "the card is to store a packet there."
            } else {
                "the card is to fetch a packet there."
            });
        }
        Dma::RequestSent { source, address, write } => {
            out.push_str("The card sends a request to ").push_str(if write { "write" } else { "read" });
            out.push_str(" at 0x").push_hex(address, 1).push_str(", signed ");
            source.push(out);
            out.push_char('.');
        }
        Dma::CardSilent => {
            out.push_str("The card sends nothing: its bus master bit is clear.");
        }
        Dma::RootRead { bus } => {
            out.push_str("The IOMMU reads the root entry of bus ").push_u32(bus.into());
            out.push_str(": it names a context table.");
        }
        Dma::ContextRead { source, did, levels } => {
            out.push_str("The IOMMU reads the context entry of ");
            source.push(out);
            out.push_str(": domain number ").push_u32(did.into()).push_str(", tables of ").push_u32(levels.into());
            out.push_str(" levels.");
        }
        Dma::ContextRemembered { did } => {
            out.push_str("The IOMMU remembers whose card it is: domain number ").push_u32(did.into()).push_char('.');
        }
        Dma::EntryRead { level, index, entry } => {
            out.push_str("Level ").push_u32(level.into()).push_str(": entry ").push_u32(index.into());
            if entry & 3 == 0 {
                out.push_str(" is empty and lets nothing pass.");
                return;
            }
            out.push_str(if level == 1 { " names frame " } else { " names the next table, frame " });
            out.push_u64(entry >> 12 & 0xF_FFFF).push_str(", and lets ").push_str(permitted(entry)).push_str(" pass.");
        }
        Dma::TranslationRemembered { did, page, frame } => {
            out.push_str("The IOTLB remembers, for domain number ").push_u32(did.into()).push_str(", that page ");
            out.push_u64(page).push_str(" is frame ").push_u32(frame.0).push_str(". No table is read.");
        }
        Dma::FrameReached { frame, write, meant } => {
            out.push_str(if write { "The card writes into frame " } else { "The card reads frame " }).push_u32(frame.0);
            out.push_str(if meant { ", as the driver meant it." } else { ". It is not the guest's." });
        }
        Dma::FrameGiven { frame } => {
            out.push_str("Xen gives frame ").push_u32(frame.0).push_str(" to domU 2.");
        }
        Dma::GuestDestroyed => {
            out.push_str("DomU 1 is destroyed. Nobody has stopped its card.");
        }
        Dma::FramesFreed { frames } => {
            out.push_str("Xen takes back ");
            count_of(out, frames, "frame");
            out.push_str(" of domU 1: they are free for anybody.");
        }
        Dma::DescriptorLeft { address, write } => {
            out.push_str("The card still has a descriptor of the dead guest's driver: it is to ");
            out.push_str(if write { "store" } else { "fetch" });
            out.push_str(" a packet at 0x").push_hex(address, 1).push_char('.');
        }
    }
}

const fn permitted(entry: u64) -> &'static str {
    match entry & 3 {
        1 => "reads",
        2 => "writes",
        _ => "reads and writes",
    }
}
