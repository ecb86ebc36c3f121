//! Devices' accesses at a remapping unit, and what Xen does about units and devices.
//!
//! Not modelled: lines within a function, and releases between the trees that are named.

use crate::actors::log::vtd::Vtd;
use crate::hypervisor::passthrough::step::Step;
use crate::telling::source::{SourceRef, VTD_IOMMU, XEN_PASSTHROUGH_PCI, xen};

/// The code behind an event; `None` for what devices and units do.
pub(crate) const fn of(event: &Vtd) -> Option<SourceRef> {
    match event {
        Vtd::Passed { .. }
        | Vtd::Blocked { .. }
        | Vtd::Unanswered { .. }
        | Vtd::RangAsWritten { .. }
        | Vtd::RangRemapped { .. }
        | Vtd::PostedNotified { .. }
        | Vtd::Posted { .. }
        | Vtd::InterruptBlocked { .. }
        | Vtd::FaultRecorded { .. }
        | Vtd::FaultCollapsed { .. }
        | Vtd::FaultLost { .. }
        | Vtd::FaultEvent => None,
        Vtd::Xen(step) => of_step(step),
    }
}

const fn of_step(step: &Step) -> Option<SourceRef> {
    match step {
        Step::Mapped { .. } => xen("intel_iommu_map_page()", VTD_IOMMU),
        Step::Unmapped { .. } => xen("intel_iommu_unmap_page()", VTD_IOMMU),
        Step::SuperpageSplit { .. } => xen("addr_to_dma_page_maddr()", VTD_IOMMU),
        Step::CacheSynced { .. } => xen("sync_cache()", VTD_IOMMU),
        Step::WriteBufferFlushed { .. } => xen("iommu_flush_write_buffer()", VTD_IOMMU),
        Step::ContextWritten { .. } => xen("domain_context_mapping_one()", VTD_IOMMU),
        Step::ContextCleared { .. } => xen("domain_context_unmap_one()", VTD_IOMMU),
        Step::ContextFlushed { .. } => xen("iommu_flush_context_device()", VTD_IOMMU),
        Step::DomainFlushed { .. } => xen("iommu_flush_iotlb_dsi()", VTD_IOMMU),
        Step::PagesFlushed { .. } => xen("iommu_flush_iotlb_psi()", VTD_IOMMU),
        Step::WaitDone { .. } | Step::WaitAbandoned { .. } => {
            xen("queue_invalidate_wait()", "xen/drivers/passthrough/vtd/qinval.c")
        }
        Step::DidTaken { .. } => xen("context_set_domain_id()", VTD_IOMMU),
        Step::DidFreed { .. } => xen("cleanup_domid_map()", VTD_IOMMU),
        Step::RmrrMapped { .. } | Step::RmrrUnmapped { .. } => {
            xen("iommu_identity_mapping()", "xen/drivers/passthrough/x86/iommu.c")
        }
        Step::Reassigned { .. } => xen("reassign_device_ownership()", VTD_IOMMU),
        Step::AssignRefused { .. } | Step::DomainCrashed { .. } => xen("assign_device()", XEN_PASSTHROUGH_PCI),
        Step::TablesFreed { .. } => xen("iommu_domain_teardown()", VTD_IOMMU),
        Step::FaultLogged { .. } => xen("iommu_page_fault_do_one()", VTD_IOMMU),
        Step::BusMasterCleared { .. } => xen("pci_check_disable_device()", XEN_PASSTHROUGH_PCI),
        Step::RmrrKept { .. } => xen("p2m_remove_page()", "xen/arch/x86/mm/p2m.c"),
        Step::InFlightReached { .. } | Step::InFlightBlocked { .. } => None,
    }
}
