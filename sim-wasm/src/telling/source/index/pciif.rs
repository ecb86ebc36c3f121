//! pcifront, pciback and their toolstacks, in all trees.
//!
//! Not modelled: what no event and no article names.

use crate::telling::source::Tree;
use crate::telling::source::index::Place::{File, Line};
use crate::telling::source::index::{SourceFile, constant, function};
use crate::telling::source::pciif::{
    LIBXL_PCI, PCIBACK_CONF_SPACE, PCIBACK_MSI, PCIBACK_OPS, PCIBACK_XENBUS, PCIFRONT_OP, PCIFRONT_XENBUS,
    XEN_PCIBACK_CONF_SPACE, XEN_PCIBACK_OPS, XEN_PCIBACK_STUB, XEN_PCIBACK_XENBUS, XEN_PCIFRONT, XEND_PCI, XEND_PCIIF,
};

const CONFIG_READ: &str = "Answers a guest's read of a config space: what the device has, with what dom0 keeps to itself \
     put over it.";
const CONFIG_WRITE: &str = "Takes a guest's write to a config space: each register that it touches decides for itself. \
     What none of them takes is dropped, and the guest is told that it succeeded.";
const EXPORT_DEVICE: &str = "Gives a guest one device: finds it among those that pciback holds, gives it a place on the \
     guest's bus and publishes that place.";
const REMOVE_DEVICE: &str = "Takes one device from a guest again and hands it back to the stub, which resets it.";
const SETUP_BACKEND: &str = "Reads the list of devices that the toolstack wrote, exports each, and publishes the buses \
     that the guest is to scan.";
const ATTACH: &str = "Reads grant, port and magic word of the frontend, maps the page and binds the channel. Another \
     magic word ends it.";
const ENABLE_MSI: &str = "Turns a device's MSI on for a guest, and answers with the number of the interrupt.";
const ENABLE_MSIX: &str = "Turns a device's MSI-X on for a guest, and answers with one number for each entry.";
const DISABLE_MSI: &str = "Turns a device's MSI off, and answers with the number of its interrupt line.";
const DO_PCI_OP: &str = "Carries a request to dom0: copies it into the shared page, sets bit 0, notifies, and polls \
     until the bit is clear. After two seconds it clears the bit itself and says that there is no such device.";
const CLAIM: &str = "Takes a device's BARs as they are, since pciback would not move them.";
const SCAN_ROOT: &str = "Makes a bus of the guest's own from one root that pciback has published, and looks for devices \
     on it.";
const DETACH_DEVICES: &str = "Removes each device whose state the toolstack has set to Closing, then says that it \
     reconfigures.";

/// Sorted by path within each tree, the entries by name.
pub(super) const FILES: &[SourceFile] = &[
    SourceFile {
        path: PCIBACK_CONF_SPACE,
        tree: Tree::Classic,
        entries: &[
            function("pciback_config_read", File, CONFIG_READ),
            function("pciback_config_write", File, CONFIG_WRITE),
        ],
    },
    SourceFile {
        path: PCIBACK_MSI,
        tree: Tree::Classic,
        entries: &[
            function("pciback_disable_msi", Line(28), DISABLE_MSI),
            function("pciback_enable_msi", Line(10), ENABLE_MSI),
            function("pciback_enable_msix", Line(37), ENABLE_MSIX),
        ],
    },
    SourceFile {
        path: "drivers/xen/pciback/conf_space_header.c",
        tree: Tree::Classic,
        entries: &[
            function(
                "bar_write",
                Line(97),
                "Takes a guest's write to a BAR: all ones make it show its size, anything else its address again. The \
                 device's own BAR is only written to give it back what it lost.",
            ),
            function(
                "command_write",
                Line(21),
                "Takes a guest's write to the command register: has dom0 enable or disable the device, and writes the \
                 guest's value to the device as it is.",
            ),
        ],
    },
    SourceFile {
        path: PCIBACK_OPS,
        tree: Tree::Classic,
        entries: &[
            function(
                "pciback_do_op",
                File,
                "Carries out a guest's request where it lies in the shared page, then clears bit 0 and notifies.",
            ),
            function(
                "test_and_schedule_op",
                File,
                "Looks whether the guest has a request and none is at work, and puts the work down for a thread.",
            ),
        ],
    },
    SourceFile {
        path: PCIBACK_XENBUS,
        tree: Tree::Classic,
        entries: &[
            function("pciback_attach", Line(104), ATTACH),
            function("pciback_export_device", Line(186), EXPORT_DEVICE),
            function("pciback_remove_device", Line(223), REMOVE_DEVICE),
            function("pciback_setup_backend", Line(500), SETUP_BACKEND),
        ],
    },
    SourceFile {
        path: PCIFRONT_OP,
        tree: Tree::Classic,
        entries: &[
            function("do_pci_op", Line(156), DO_PCI_OP),
            function("pcifront_claim_resource", Line(397), CLAIM),
            function("pcifront_scan_root", Line(414), SCAN_ROOT),
        ],
    },
    SourceFile {
        path: PCIFRONT_XENBUS,
        tree: Tree::Classic,
        entries: &[function("pcifront_detach_devices", Line(282), DETACH_DEVICES)],
    },
    SourceFile {
        path: XEN_PCIFRONT,
        tree: Tree::Upstream,
        entries: &[
            function("do_pci_op", Line(111), DO_PCI_OP),
            function("pcifront_claim_resource", Line(386), CLAIM),
            function("pcifront_detach_devices", Line(903), DETACH_DEVICES),
            function(
                "pcifront_do_aer",
                Line(618),
                "Has the guest's driver handle an error that dom0 reports, clears bit 2, notifies, and looks whether \
                 another report came meanwhile.",
            ),
            function("pcifront_scan_root", Line(437), SCAN_ROOT),
        ],
    },
    SourceFile {
        path: XEN_PCIBACK_CONF_SPACE,
        tree: Tree::Upstream,
        entries: &[
            function("xen_pcibk_config_read", Line(147), CONFIG_READ),
            function("xen_pcibk_config_write", Line(204), CONFIG_WRITE),
        ],
    },
    SourceFile {
        path: "drivers/xen/xen-pciback/conf_space_header.c",
        tree: Tree::Upstream,
        entries: &[
            constant(
                "PCI_COMMAND_GUEST",
                Line(30),
                "The bits of the command register that a guest reads from the device, and may write if it is \
                 permissive. Decoding is not among them (XSA-120).",
            ),
            function(
                "bar_init",
                Line(210),
                "Makes a BAR's address and size mask from what dom0 knows of the device, without asking the device.",
            ),
            function(
                "command_write",
                Line(62),
                "Takes a guest's write to the command register: keeps it in a shadow, and has dom0 enable, disable or \
                 master the device.",
            ),
        ],
    },
    SourceFile {
        path: XEN_PCIBACK_STUB,
        tree: Tree::Upstream,
        entries: &[
            function(
                "common_process",
                Line(760),
                "Reports an error of a device to the guest that has it: writes the report, sets bit 2, notifies, and \
                 waits for the answer.",
            ),
            function(
                "pcistub_put_pci_dev",
                Line(296),
                "Takes a device back from a guest: resets it, restores what dom0 saved of its config space, and makes \
                 its overlay as new.",
            ),
        ],
    },
    SourceFile {
        path: XEN_PCIBACK_OPS,
        tree: Tree::Upstream,
        entries: &[
            function("xen_pcibk_disable_msi", Line(177), DISABLE_MSI),
            function(
                "xen_pcibk_do_op",
                Line(397),
                "Copies a guest's request, carries the copy out, writes error and value back, then clears bit 0 and \
                 notifies.",
            ),
            function("xen_pcibk_enable_msi", Line(142), ENABLE_MSI),
            function("xen_pcibk_enable_msix", Line(197), ENABLE_MSIX),
            function(
                "xen_pcibk_test_and_schedule_op",
                Line(293),
                "Looks whether the guest has a request and none is at work, and puts the work down for a thread. Also \
                 wakes whoever waits for the answer to a report.",
            ),
        ],
    },
    SourceFile {
        path: XEN_PCIBACK_XENBUS,
        tree: Tree::Upstream,
        entries: &[
            function("xen_pcibk_attach", Line(142), ATTACH),
            function("xen_pcibk_export_device", Line(226), EXPORT_DEVICE),
            function("xen_pcibk_remove_device", Line(273), REMOVE_DEVICE),
            function("xen_pcibk_setup_backend", Line(562), SETUP_BACKEND),
        ],
    },
    SourceFile {
        path: LIBXL_PCI,
        tree: Tree::Xen,
        entries: &[function(
            "libxl__device_pci_add_xenstore",
            Line(117),
            "Adds a device to the list in xenstore, and asks pciback to reconfigure.",
        )],
    },
    SourceFile {
        path: XEND_PCI,
        tree: Tree::Xen33,
        entries: &[function(
            "do_FLR",
            File,
            "Resets a function in the best way that it offers: its own reset, a change of power, or the reset of the \
             whole bus.",
        )],
    },
    SourceFile {
        path: XEND_PCIIF,
        tree: Tree::Xen33,
        entries: &[function(
            "reconfigureDevice",
            File,
            "Adds devices to the list in xenstore or marks them as closing, and asks pciback to reconfigure.",
        )],
    },
];
