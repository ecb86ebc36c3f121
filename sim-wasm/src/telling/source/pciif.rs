//! PCI pass-through for PV guests.
//!
//! Not modelled: lines within a function, and releases between the trees that are named.

use crate::actors::epoch::{Drivers, Epoch, FrontEpoch};
use crate::actors::log::pciif::{Pciif, Writer};
use crate::telling::source::{Place, SourceRef, Tree, XEN_PASSTHROUGH_PCI, XENBUS_CLIENT, by_front, xen};

pub(crate) const PCIFRONT_OP: &str = "drivers/xen/pcifront/pci_op.c";
pub(crate) const PCIFRONT_XENBUS: &str = "drivers/xen/pcifront/xenbus.c";
pub(crate) const XEN_PCIFRONT: &str = "drivers/pci/xen-pcifront.c";

pub(crate) const PCIBACK_OPS: &str = "drivers/xen/pciback/pciback_ops.c";
pub(crate) const PCIBACK_CONF_SPACE: &str = "drivers/xen/pciback/conf_space.c";
pub(crate) const PCIBACK_MSI: &str = "drivers/xen/pciback/conf_space_capability_msi.c";
pub(crate) const PCIBACK_XENBUS: &str = "drivers/xen/pciback/xenbus.c";
pub(crate) const XEN_PCIBACK_OPS: &str = "drivers/xen/xen-pciback/pciback_ops.c";
pub(crate) const XEN_PCIBACK_CONF_SPACE: &str = "drivers/xen/xen-pciback/conf_space.c";
pub(crate) const XEN_PCIBACK_STUB: &str = "drivers/xen/xen-pciback/pci_stub.c";
pub(crate) const XEN_PCIBACK_XENBUS: &str = "drivers/xen/xen-pciback/xenbus.c";

pub(crate) const XEND_PCI: &str = "tools/python/xen/util/pci.py";
pub(crate) const XEND_PCIIF: &str = "tools/python/xen/xend/server/pciif.py";
pub(crate) const LIBXL_PCI: &str = "tools/libxl/libxl_pci.c";

/// The code behind an event. Reports of errors exist in today's drivers only.
pub(super) const fn of(event: &Pciif, Drivers { front, back }: Drivers) -> Option<SourceRef> {
    match event {
        Pciif::RequestPosted { .. } | Pciif::AnswerTaken { .. } | Pciif::GaveUp { .. } | Pciif::ErrorFoundBeside => {
            by_front(front, ("do_pci_op()", PCIFRONT_OP), ("do_pci_op()", XEN_PCIFRONT))
        }
        Pciif::RequestQueued => in_pciback(
            back,
            ("test_and_schedule_op()", PCIBACK_OPS),
            ("xen_pcibk_test_and_schedule_op()", XEN_PCIBACK_OPS),
        ),
        Pciif::ConfigRead { .. } => in_pciback(
            back,
            ("pciback_config_read()", PCIBACK_CONF_SPACE),
            ("xen_pcibk_config_read()", XEN_PCIBACK_CONF_SPACE),
        ),
        Pciif::ConfigWritten { .. } | Pciif::WriteDropped { .. } => in_pciback(
            back,
            ("pciback_config_write()", PCIBACK_CONF_SPACE),
            ("xen_pcibk_config_write()", XEN_PCIBACK_CONF_SPACE),
        ),
        Pciif::RequestRefused { .. }
        | Pciif::Answered { .. }
        | Pciif::AnsweredLate { .. }
        | Pciif::RequestChanged { .. } => {
            in_pciback(back, ("pciback_do_op()", PCIBACK_OPS), ("xen_pcibk_do_op()", XEN_PCIBACK_OPS))
        }
        Pciif::MessagesEnabled { count: 1, .. } | Pciif::OrderUnchecked { .. } => {
            in_pciback(back, ("pciback_enable_msi()", PCIBACK_MSI), ("xen_pcibk_enable_msi()", XEN_PCIBACK_OPS))
        }
        Pciif::MessagesEnabled { .. } => {
            in_pciback(back, ("pciback_enable_msix()", PCIBACK_MSI), ("xen_pcibk_enable_msix()", XEN_PCIBACK_OPS))
        }
        Pciif::MessagesDisabled => {
            in_pciback(back, ("pciback_disable_msi()", PCIBACK_MSI), ("xen_pcibk_disable_msi()", XEN_PCIBACK_OPS))
        }
        Pciif::ErrorReported { .. } => upstream("common_process()", XEN_PCIBACK_STUB),
        Pciif::ErrorHandled { .. } => upstream("pcifront_do_aer()", XEN_PCIFRONT),
        Pciif::DeviceExported { .. } | Pciif::ExportFailed { .. } => in_pciback(
            back,
            ("pciback_export_device()", PCIBACK_XENBUS),
            ("xen_pcibk_export_device()", XEN_PCIBACK_XENBUS),
        ),
        Pciif::DeviceReleased { .. } => in_pciback(
            back,
            ("pciback_remove_device()", PCIBACK_XENBUS),
            ("xen_pcibk_remove_device()", XEN_PCIBACK_XENBUS),
        ),
        // In 3.3 the toolstack resets, since then dom0's kernel.
        Pciif::DeviceReset { .. } => match back {
            Epoch::Classic => xen33("do_FLR()", XEND_PCI),
            Epoch::GrantCopy | Epoch::ZeroCopy => upstream("pcistub_put_pci_dev()", XEN_PCIBACK_STUB),
        },
        Pciif::DeviceFound { .. } => {
            let function = "pcifront_scan_root()";
            by_front(front, (function, PCIFRONT_OP), (function, XEN_PCIFRONT))
        }
        Pciif::BarClaimed { .. } => {
            let function = "pcifront_claim_resource()";
            by_front(front, (function, PCIFRONT_OP), (function, XEN_PCIFRONT))
        }
        Pciif::DeviceRemoved { .. } => {
            let function = "pcifront_detach_devices()";
            by_front(front, (function, PCIFRONT_XENBUS), (function, XEN_PCIFRONT))
        }
        Pciif::StateWritten { by: Writer::Front, .. } => switch_state(matches!(front, FrontEpoch::Classic)),
        Pciif::StateWritten { by: Writer::Back, .. } => switch_state(matches!(back, Epoch::Classic)),
        Pciif::StateWritten { by: Writer::Toolstack, .. } | Pciif::DeviceStateWritten { by: Writer::Toolstack, .. } => {
            match back {
                Epoch::Classic => xen33("reconfigureDevice()", XEND_PCIIF),
                Epoch::GrantCopy | Epoch::ZeroCopy => xen("libxl__device_pci_add_xenstore()", LIBXL_PCI),
            }
        }
        Pciif::DeviceStateWritten { by: Writer::Back | Writer::Front, .. } => in_pciback(
            back,
            ("pciback_setup_backend()", PCIBACK_XENBUS),
            ("xen_pcibk_setup_backend()", XEN_PCIBACK_XENBUS),
        ),
        Pciif::MagicDiffers => {
            in_pciback(back, ("pciback_attach()", PCIBACK_XENBUS), ("xen_pcibk_attach()", XEN_PCIBACK_XENBUS))
        }
        Pciif::OwnerChanged { .. } => xen("assign_device()", XEN_PASSTHROUGH_PCI),
    }
}

/// pciback has two ages, netback three.
const fn in_pciback(back: Epoch, classic: Place, modern: Place) -> Option<SourceRef> {
    match back {
        Epoch::Classic => Some(SourceRef { function: classic.0, file: classic.1, tree: Tree::Classic }),
        Epoch::GrantCopy | Epoch::ZeroCopy => upstream(modern.0, modern.1),
    }
}

const fn switch_state(classic: bool) -> Option<SourceRef> {
    let tree = if classic { Tree::Classic } else { Tree::Upstream };
    Some(SourceRef { function: "xenbus_switch_state()", file: XENBUS_CLIENT, tree })
}

const fn upstream(function: &'static str, file: &'static str) -> Option<SourceRef> {
    Some(SourceRef { function, file, tree: Tree::Upstream })
}

const fn xen33(function: &'static str, file: &'static str) -> Option<SourceRef> {
    Some(SourceRef { function, file, tree: Tree::Xen33 })
}
