//! The way of a card's request to memory.
//!
//! Not modelled: lines within a function, and releases between the trees that are named.

use crate::actors::log::dma::Dma;
use crate::telling::source::{E1000, SourceRef, Tree, XEN_DOMAIN, xen};

/// The code behind an event; `None` for what cards and units do.
pub(crate) const fn of(event: &Dma) -> Option<SourceRef> {
    match event {
        Dma::DescriptorWritten { write, .. } => {
            let function = if *write { "e1000_alloc_rx_buffers()" } else { "e1000_xmit_frame()" };
            Some(SourceRef { function, file: E1000, tree: Tree::Classic })
        }
        Dma::RequestSent { .. }
        | Dma::CardSilent
        | Dma::RootRead { .. }
        | Dma::ContextRead { .. }
        | Dma::ContextRemembered { .. }
        | Dma::EntryRead { .. }
        | Dma::TranslationRemembered { .. }
        | Dma::FrameReached { .. }
        | Dma::DescriptorLeft { .. } => None,
        Dma::GuestDestroyed | Dma::FramesFreed { .. } => xen("domain_kill()", XEN_DOMAIN),
        Dma::FrameGiven { .. } => xen("steal_page()", "xen/arch/x86/mm.c"),
    }
}
