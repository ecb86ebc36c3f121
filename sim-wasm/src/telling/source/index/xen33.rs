//! Xen 3.3: the hypervisor's support for HVM guests, the device model, and xend.
//!
//! Not modelled: what no event and no article names.

use crate::telling::source::index::Place::File;
use crate::telling::source::index::{SourceFile, function};
use crate::telling::source::{IOEMU_HELPER, Tree, XEN33_HVM, XEN33_INTERCEPT, XEN33_VMX};

/// Sorted by path, the entries by name.
pub(super) const FILES: &[SourceFile] = &[
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
        ],
    },
    SourceFile {
        path: XEN33_HVM,
        tree: Tree::Xen33,
        entries: &[
            function(
                "hvm_do_resume",
                File,
                "Before an HVM vCPU runs, looks into its I/O slot: takes an answer, waits for one, or crashes the domain \
                 over a state that cannot be.",
            ),
            function(
                "hvm_send_assist_req",
                File,
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
            File,
            "Where every VM exit of a guest on Intel's extensions arrives: reads the reason and calls what deals with it.",
        )],
    },
];
