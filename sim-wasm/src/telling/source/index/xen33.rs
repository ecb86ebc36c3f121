//! Xen 3.3: the hypervisor's support for HVM guests, the device model, and xend.
//!
//! Not modelled: what no event and no article names.

use crate::telling::source::index::Place::{File, Line};
use crate::telling::source::index::{SourceFile, function};
use crate::telling::source::{
    IOEMU_HELPER, IOEMU_PASS_THROUGH, IOEMU_PIIX4ACPI, IOEMU_PT_MSI, IOEMU_RTL8139, IOEMU_XENSTORE, Tree,
    XC_DOMAIN_RESTORE, XC_DOMAIN_SAVE, XEN33_DOMCTL, XEN33_HVM, XEN33_HVM_IO, XEN33_HVMLOADER, XEN33_INTERCEPT,
    XEN33_PASSTHROUGH_IO, XEN33_VMSI, XEN33_VMX, XEN33_VMX_INTR, XEND_DOMAIN_INFO, XEND_IMAGE,
};

/// Sorted by path, the entries by name.
pub(super) const FILES: &[SourceFile] = &[
    SourceFile {
        path: XEN33_HVMLOADER,
        tree: Tree::Xen33,
        entries: &[function(
            "pci_setup",
            Line(143),
            "The guest's firmware goes through its PCI bus and gives each device that answers its addresses and its \
             interrupt.",
        )],
    },
    SourceFile {
        path: IOEMU_HELPER,
        tree: Tree::Xen33,
        entries: &[
            function(
                "__cpu_get_ioreq",
                File,
                "Takes a vCPU's request into service if it is ready, and says so in its log if it is not.",
            ),
            function(
                "__handle_buffered_iopage",
                File,
                "Takes one buffered write after the other out of the shared page and has its device do it, until the \
                 page is empty.",
            ),
            function(
                "cpu_handle_ioreq",
                File,
                "What the device model does on an event: first the buffered writes, then the request of the vCPU that \
                 rang, then the answer. Destroys the guest if the slot left its state meanwhile.",
            ),
            function(
                "cpu_ioreq_pio",
                File,
                "Serves a request for an I/O port: looks the port up in the tables of handlers and calls the device's.",
            ),
            function(
                "handle_buffered_io",
                File,
                "The device model's timer: does all buffered writes, and sets itself again for 100 ms later.",
            ),
        ],
    },
    SourceFile {
        path: XEN33_HVM,
        tree: Tree::Xen33,
        entries: &[
            function(
                "hvm_do_resume",
                Line(170),
                "Before an HVM vCPU runs, looks into its I/O slot: takes an answer, waits for one, or crashes the domain \
                 over a state that cannot be.",
            ),
            function(
                "hvm_send_assist_req",
                Line(733),
                "Marks a vCPU's I/O request ready, blocks the vCPU until the answer, and notifies the device model. \
                 Crashes the domain if the slot was in use.",
            ),
        ],
    },
    SourceFile {
        path: XEN33_INTERCEPT,
        tree: Tree::Xen33,
        entries: &[function(
            "hvm_buffered_io_send",
            File,
            "Puts a small write into the page of buffered requests so that the vCPU need not wait. Refuses what has no \
             place there, and everything while the page is full.",
        )],
    },
    SourceFile {
        path: XEN33_VMX,
        tree: Tree::Xen33,
        entries: &[function(
            "vmx_vmexit_handler",
            Line(2030),
            "Where every VM exit of a guest on Intel's extensions arrives: reads the reason and calls what deals with it.",
        )],
    },
    SourceFile {
        path: IOEMU_PASS_THROUGH,
        tree: Tree::Xen33,
        entries: &[
            function(
                "__insert_to_pci_slot",
                Line(720),
                "Chooses one of the two hot-plug slots for a device: the one that is wanted, or the first that is free.",
            ),
            function(
                "pt_bar_reg_write",
                Line(2224),
                "Keeps the address that the guest writes into a BAR. One in the upper half of a 64-bit BAR means that nothing \
                 is mapped.",
            ),
            function(
                "pt_iomem_map",
                Line(826),
                "Called when a memory BAR moves: takes the old mapping out of the guest, asks Xen for the new one, and cuts \
                 the page of the MSI-X table out again.",
            ),
            function(
                "pt_pci_write_config",
                Line(995),
                "Serves the guest's write to the config space of its real device: looks each register up, keeps the emulated \
                 bits, and writes the rest to hardware.",
            ),
            function(
                "register_real_device",
                Line(2741),
                "Makes a real device appear in the guest: finds it in libpci, takes a slot, asks Xen to assign it, and \
                 sets up its registers and its interrupt.",
            ),
            function(
                "unregister_real_device",
                Line(2865),
                "Takes a device out of the guest: interrupt, registers and mappings, and at last asks Xen to give it back \
                 to dom0.",
            ),
        ],
    },
    SourceFile {
        path: IOEMU_PIIX4ACPI,
        tree: Tree::Xen33,
        entries: &[
            function(
                "acpi_php_add",
                File,
                "Announces a device that was inserted: event byte, slot status, answer to xend, interrupt. Without a slot \
                 it only writes why, and xend goes on waiting.",
            ),
            function(
                "acpi_php_readb",
                File,
                "What the guest reads from the controller: the event byte, or a slot's status.",
            ),
            function(
                "acpi_php_writeb",
                File,
                "What the guest writes to the controller: 1 into a slot's byte ejects its device, and only then xend is told.",
            ),
            function(
                "acpi_sci_intr",
                File,
                "Sets the status bit of the hot-plug event and raises the ACPI interrupt, if the guest has enabled the \
                 event and taken the last one.",
            ),
        ],
    },
    SourceFile {
        path: IOEMU_PT_MSI,
        tree: Tree::Xen33,
        entries: &[function(
            "pci_msix_writel",
            File,
            "Serves the guest's write to the trapped page of its MSI-X table: keeps address and data, and binds the entry \
             when it is unmasked.",
        )],
    },
    SourceFile {
        path: IOEMU_RTL8139,
        tree: Tree::Xen33,
        entries: &[
            function(
                "rtl8139_do_receive",
                File,
                "Takes a packet that came in through the tap device: filters by address, copies it into the guest's ring, \
                 and sets the interrupt status.",
            ),
            function(
                "rtl8139_transmit_one",
                File,
                "Copies the packet of one transmit descriptor out of the guest's memory and hands it to the network.",
            ),
            function(
                "rtl8139_update_irq",
                File,
                "Raises or lowers the card's interrupt line, as status and mask have it.",
            ),
        ],
    },
    SourceFile {
        path: XEN33_VMX_INTR,
        tree: Tree::Xen33,
        entries: &[function(
            "vmx_dirq_assist",
            File,
            "Before the guest runs, hands it the interrupts that its real devices raised, and sets the timer that ends \
                 them if the guest does not.",
        )],
    },
    SourceFile {
        path: XEN33_VMSI,
        tree: Tree::Xen33,
        entries: &[function(
            "vmsi_deliver",
            File,
            "Hands the guest the vector that one of its real device's messages is bound to, at the local APIC it names.",
        )],
    },
    SourceFile {
        path: XEN33_PASSTHROUGH_IO,
        tree: Tree::Xen33,
        entries: &[
            function(
                "hvm_dpci_eoi",
                File,
                "The guest has ended an interrupt: lowers the virtual line, and ends the interrupt at the machine's line when \
                 nothing is pending any more.",
            ),
            function(
                "pt_irq_create_bind_vtd",
                File,
                "Binds an interrupt of the machine to a line or a vector of the guest that owns the device.",
            ),
            function(
                "pt_irq_time_out",
                File,
                "Eight milliseconds after an interrupt that the guest did not end: lowers its lines and ends it at the \
                 machine's line.",
            ),
        ],
    },
    SourceFile {
        path: XEN33_HVM_IO,
        tree: Tree::Xen33,
        entries: &[function(
            "dpci_ioport_intercept",
            File,
            "Serves the guest's access to a port of its real device: finds the machine's port and executes the access there.",
        )],
    },
    SourceFile {
        path: IOEMU_XENSTORE,
        tree: Tree::Xen33,
        entries: &[
            function(
                "xenstore_process_dm_command_event",
                File,
                "Reads a command that the toolstack wrote and does it. What it does not know it notes in its log, and \
                 answers nothing.",
            ),
            function(
                "xenstore_record_dm",
                File,
                "Writes a key of the device model's directory: its state, or a parameter.",
            ),
            function(
                "xenstore_write_vslots",
                File,
                "Writes the list of virtual slots of the devices that the guest boots with.",
            ),
        ],
    },
    SourceFile {
        path: XC_DOMAIN_RESTORE,
        tree: Tree::Xen33,
        entries: &[function(
            "xc_domain_restore",
            File,
            "Builds a guest anew from what the other host sends: pages in rounds, then the state of its processors and devices.",
        )],
    },
    SourceFile {
        path: XC_DOMAIN_SAVE,
        tree: Tree::Xen33,
        entries: &[function(
            "xc_domain_save",
            Line(749),
            "Sends a guest's memory in rounds while it runs, each with the pages written in the last one, then stops it and \
             sends the rest.",
        )],
    },
    SourceFile {
        path: XEND_DOMAIN_INFO,
        tree: Tree::Xen33,
        entries: &[
            function(
                "_constructDomain",
                Line(2030),
                "Makes a new domain in Xen, and tests an HVM guest's devices: if Xen would not assign one, this ends \
                 with an error.",
            ),
            function(
                "hvm_pci_device_create",
                Line(588),
                "Attaches a device to a running HVM guest: looks for conflicts, asks Xen whether it can be assigned, and \
                 tells the device model to insert it.",
            ),
            function(
                "pci_device_configure",
                Line(678),
                "Attaches or detaches a PCI device of a running guest and notes the slot. A device whose slot is 0x0 counts \
                 as not connected.",
            ),
            function(
                "sync_pcidev_info",
                Line(546),
                "After the device model was started, looks 20 times for the list of virtual slots. If it never comes, logs \
                 that and lets the guest boot.",
            ),
        ],
    },
    SourceFile {
        path: XEND_IMAGE,
        tree: Tree::Xen33,
        entries: &[
            function(
                "createDeviceModel",
                File,
                "Starts the device model of a guest, with the guest's devices as arguments.",
            ),
            function(
                "signalDeviceModel",
                File,
                "Writes a command for the device model and looks for its answer every tenth of a second, for ten seconds. \
                 Then puts the old state back.",
            ),
        ],
    },
    SourceFile {
        path: XEN33_DOMCTL,
        tree: Tree::Xen33,
        entries: &[function(
            "arch_do_domctl",
            Line(32),
            "The toolstack's calls that only x86 has: testing, assigning and taking back devices, mapping their memory and ports, and binding their interrupts.",
        )],
    },
];
