//! The way of a card's request to memory.
//!
//! Not modelled: lines within a function, and releases between the trees that are named.

use crate::actors::log::dma::Dma;
use crate::telling::source::{E1000, SourceRef, Tree, xen};

const VTD: &str = "xen/drivers/passthrough/vtd/iommu.c";

/// The code behind an event; `None` for what cards and units do.
pub(crate) const fn of(event: &Dma) -> Option<SourceRef> {
    match event {
        Dma::DescriptorWritten { write, .. } => {
            let function = if *write { "e1000_alloc_rx_buffers()" } else { "e1000_tx_queue()" };
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
        | Dma::NothingThere { .. }
        | Dma::InterruptForged { .. }
        | Dma::Blocked { .. }
        | Dma::FaultRecorded { .. }
        | Dma::FaultLost => None,
        Dma::FaultLogged { .. } => xen("iommu_page_fault_do_one()", VTD),
        Dma::BusMasterCleared { .. } => xen("pci_check_disable_device()", "xen/drivers/passthrough/pci.c"),
        Dma::EntryCleared { .. } => xen("dma_pte_clear_one()", VTD),
        Dma::FrameGiven { .. } => xen("assign_pages()", "xen/common/page_alloc.c"),
        Dma::Flushed { .. } => xen("iommu_flush_iotlb()", VTD),
    }
}
