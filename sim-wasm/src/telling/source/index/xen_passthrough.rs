//! Xen: remapping units and assigned devices.
//!
//! Not modelled: what no event and no article names.

use crate::telling::source::index::Place::{File, Line};
use crate::telling::source::index::{SourceFile, function};
use crate::telling::source::{Tree, VTD_IOMMU, XEN_PAGING, XEN_PASSTHROUGH_PCI};

/// Sorted by path, the entries by name; those with lines are among the hypervisor's. The texts of these very versions were
/// not at hand.
pub(super) const FILES: &[SourceFile] = &[
    SourceFile {
        path: "xen/arch/x86/mm/p2m.c",
        tree: Tree::Xen,
        entries: &[function(
            "p2m_remove_page",
            Line(801),
            "Takes pages out of a guest's memory map. Refuses where memory reserved for a device of the guest is mapped \
                 as it is.",
        )],
    },
    SourceFile {
        path: XEN_PAGING,
        tree: Tree::Xen,
        entries: &[function(
            "paging_log_dirty_enable",
            Line(212),
            "Begins to note which pages a guest writes. Refuses with -EINVAL if the guest has a device, whose writes nobody \
                 would see.",
        )],
    },
    SourceFile {
        path: "xen/drivers/passthrough/iommu.c",
        tree: Tree::Xen,
        entries: &[
            function(
                "iommu_legacy_map",
                Line(292),
                "Maps pages for a domain's devices and has the units forget what was there.",
            ),
            function("parse_iommu_param", Line(56), "Reads the boot option iommu= word by word."),
        ],
    },
    SourceFile {
        path: XEN_PASSTHROUGH_PCI,
        tree: Tree::Xen,
        entries: &[
            function(
                "deassign_device",
                Line(915),
                "Takes a device from a domain: into quarantine, or to dom0 if there is none.",
            ),
            function(
                "pci_check_disable_device",
                Line(1084),
                "Counts a device's faults, halves the count if the last was more than 10 ms ago, and from ten on clears \
                     the device's bus master bit.",
            ),
        ],
    },
    SourceFile {
        path: VTD_IOMMU,
        tree: Tree::Xen,
        entries: &[
            function(
                "cleanup_domid_map",
                Line(141),
                "Frees the number that a unit knew a domain by: first whose it is, then the bit.",
            ),
            function(
                "context_set_domain_id",
                Line(99),
                "Finds the number that a unit knows a domain by, or takes a free one.",
            ),
            function("iommu_domain_teardown", Line(1938), "Frees the tables of a domain that goes."),
            function("iommu_flush_context_device", Line(409), "Has a unit forget the context entry of one function."),
            function("iommu_flush_iotlb_dsi", Line(502), "Has a unit forget all translations of one domain."),
            function(
                "iommu_flush_iotlb_psi",
                Line(520),
                "Has a unit forget translations of an aligned power of two of pages, or of the whole domain if it cannot \
                     name so many.",
            ),
            function(
                "iommu_flush_write_buffer",
                Line(331),
                "Has a chipset that holds table writes back let them through.",
            ),
            function(
                "sync_cache",
                Line(209),
                "Writes changed entries back from the processor's cache, for units that do not look there.",
            ),
        ],
    },
    SourceFile {
        path: "xen/drivers/passthrough/vtd/qinval.c",
        tree: Tree::Xen,
        entries: &[function(
            "queue_invalidate_wait",
            Line(151),
            "Puts a wait descriptor behind others and looks at the word that it writes until it is written.",
        )],
    },
    SourceFile {
        path: "xen/drivers/passthrough/x86/iommu.c",
        tree: Tree::Xen,
        entries: &[function(
            "iommu_identity_mapping",
            Line(176),
            "Maps or unmaps memory that firmware reserved for a device, one to one, and counts who needs it.",
        )],
    },
    SourceFile {
        path: "xen/drivers/passthrough/iommu.c",
        tree: Tree::Xen33,
        entries: &[function(
            "parse_iommu_param",
            File,
            "Reads the boot option iommu=, which turns the unit on: off, pv, no-pv, and force.",
        )],
    },
    SourceFile {
        path: VTD_IOMMU,
        tree: Tree::Xen33,
        entries: &[
            function(
                "intel_iommu_assign_device",
                Line(1822),
                "Moves a device to a domain, and maps its reserved memory after that, but none of USB controllers.",
            ),
            function("reassign_device_ownership", Line(1386), "Moves a device from one domain's tables to another's."),
        ],
    },
];
