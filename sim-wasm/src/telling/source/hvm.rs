//! HVM guests, their device model and their devices: told from Xen 3.3, where all of it lies in one tree.
//!
//! Not modelled: lines within a function, and where later releases moved it.

use crate::actors::log::hvm::Hvm;
use crate::telling::source::{IOEMU_HELPER, SourceRef, XEN33_HVM, XEN33_INTERCEPT, XEN33_VMX, xen33};

/// The code behind an event.
pub(super) const fn of(event: &Hvm) -> Option<SourceRef> {
    match event {
        Hvm::Exited { .. } => xen33("vmx_vmexit_handler()", XEN33_VMX),
        Hvm::RequestPosted { .. } => xen33("hvm_send_assist_req()", XEN33_HVM),
        Hvm::WriteBuffered { .. } | Hvm::BufferFull { .. } => xen33("hvm_buffered_io_send()", XEN33_INTERCEPT),
        Hvm::RequestTaken { .. } | Hvm::NotReady { .. } => xen33("__cpu_get_ioreq()", IOEMU_HELPER),
        Hvm::PortOutOfRange { .. } => xen33("cpu_ioreq_pio()", IOEMU_HELPER),
        Hvm::BufferedTaken { .. } => xen33("__handle_buffered_iopage()", IOEMU_HELPER),
        Hvm::RequestAnswered { .. } | Hvm::NotInService { .. } => xen33("cpu_handle_ioreq()", IOEMU_HELPER),
        Hvm::VcpuResumed { .. } | Hvm::DomainCrashed { .. } => xen33("hvm_do_resume()", XEN33_HVM),
    }
}
