//! HVM guests, their device model and their devices: told from Xen 3.3, where all of it lies in one tree.
//!
//! Not modelled: lines within a function, and where later releases moved it.

use crate::actors::log::hvm::Hvm;
use crate::telling::source::{
    IOEMU_HELPER, IOEMU_PASS_THROUGH, IOEMU_PT_MSI, IOEMU_RTL8139, SourceRef, XEN33_DOMCTL, XEN33_HVM, XEN33_HVM_IO,
    XEN33_INTERCEPT, XEN33_PASSTHROUGH_IO, XEN33_VMSI, XEN33_VMX, XEN33_VMX_INTR, xen33,
};

/// The code behind an event.
pub(super) const fn of(event: &Hvm) -> Option<SourceRef> {
    match event {
        Hvm::Exited { .. } => xen33("vmx_vmexit_handler()", XEN33_VMX),
        Hvm::RequestPosted { .. } => xen33("hvm_send_assist_req()", XEN33_HVM),
        Hvm::WriteBuffered { .. } | Hvm::BufferFull { .. } => xen33("hvm_buffered_io_send()", XEN33_INTERCEPT),
        Hvm::RequestTaken { .. } | Hvm::NotReady { .. } => xen33("__cpu_get_ioreq()", IOEMU_HELPER),
        Hvm::PortOutOfRange { .. } => xen33("cpu_ioreq_pio()", IOEMU_HELPER),
        Hvm::BufferLooked { .. } => xen33("handle_buffered_io()", IOEMU_HELPER),
        Hvm::BufferedTaken { .. } => xen33("__handle_buffered_iopage()", IOEMU_HELPER),
        Hvm::RequestAnswered { .. } | Hvm::NotInService { .. } => xen33("cpu_handle_ioreq()", IOEMU_HELPER),
        Hvm::VcpuResumed { .. } | Hvm::DomainCrashed { .. } => xen33("hvm_do_resume()", XEN33_HVM),
        Hvm::PortTranslated { .. } => xen33("dpci_ioport_intercept()", XEN33_HVM_IO),
        Hvm::ConfigWritten { .. } => xen33("pt_pci_write_config()", IOEMU_PASS_THROUGH),
        Hvm::BarMapped { .. } | Hvm::BarUnmapped { .. } => xen33("pt_iomem_map()", IOEMU_PASS_THROUGH),
        Hvm::BarIgnored { .. } => xen33("pt_bar_reg_write()", IOEMU_PASS_THROUGH),
        Hvm::UnsupportedRequest => None,
        Hvm::OwnerChanged { .. } => xen33("arch_do_domctl()", XEN33_DOMCTL),
        Hvm::IntxAsserted { .. } => xen33("vmx_dirq_assist()", XEN33_VMX_INTR),
        Hvm::IntxDeasserted { .. } => xen33("hvm_dpci_eoi()", XEN33_PASSTHROUGH_IO),
        Hvm::PhysicalEoi { late: false, .. } => xen33("hvm_dpci_eoi()", XEN33_PASSTHROUGH_IO),
        Hvm::PhysicalEoi { late: true, .. } => xen33("pt_irq_time_out()", XEN33_PASSTHROUGH_IO),
        Hvm::MsiBound { .. } => xen33("pt_irq_create_bind_vtd()", XEN33_PASSTHROUGH_IO),
        Hvm::MsiInjected { .. } => xen33("vmsi_deliver()", XEN33_VMSI),
        // The device model that has the protocol is in none of the trees.
        Hvm::Unplugged { .. } | Hvm::StaleRead { .. } | Hvm::SectorLost { .. } => None,
        Hvm::FrameFetched { .. } | Hvm::FrameTapped { .. } => xen33("rtl8139_transmit_one()", IOEMU_RTL8139),
        Hvm::FrameStored { .. } | Hvm::FrameMissed { .. } => xen33("rtl8139_do_receive()", IOEMU_RTL8139),
        Hvm::LineSet { .. } => xen33("rtl8139_update_irq()", IOEMU_RTL8139),
        Hvm::TableWritten { .. } | Hvm::TableOverrun { .. } => xen33("pci_msix_writel()", IOEMU_PT_MSI),
    }
}
