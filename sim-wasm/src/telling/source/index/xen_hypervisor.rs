//! Xen: the hypervisor itself.
//!
//! Not modelled: what no event and no article names.

use crate::telling::source::index::Place::Line;
use crate::telling::source::index::{SourceFile, function, structure};
use crate::telling::source::{Tree, XEN_DOMAIN, XEN_GRANTS, XEN_PASSTHROUGH_PCI};

/// Sorted by path, the entries by name.
pub(super) const FILES: &[SourceFile] = &[
    SourceFile {
        path: "xen/arch/x86/domain.c",
        tree: Tree::Xen,
        entries: &[function(
            "vcpu_mark_events_pending",
            Line(2247),
            "Notes that a virtual CPU has events to be told of, and wakes it if it sleeps or runs elsewhere.",
        )],
    },
    SourceFile {
        path: "xen/arch/x86/mm.c",
        tree: Tree::Xen,
        entries: &[function(
            "steal_page",
            Line(4323),
            "Takes a page from the domain that owns it, so that it belongs to nobody. Fails if anybody else holds \
                 a reference to it.",
        )],
    },
    SourceFile {
        path: XEN_DOMAIN,
        tree: Tree::Xen,
        entries: &[
            function("domain_destroy", Line(938), "Removes a domain once nobody holds a reference to it any more."),
            function(
                "domain_kill",
                Line(700),
                "Takes a dying domain apart: releases its mappings of other domains' pages, its event channels and \
                 its memory. A page that another domain has mapped keeps what is left of the domain around.",
            ),
        ],
    },
    SourceFile {
        path: "xen/common/event_2l.c",
        tree: Tree::Xen,
        entries: &[
            function(
                "evtchn_2l_set_pending",
                Line(18),
                "Sets a channel's pending bit. Only if it was clear, the channel unmasked and its word's bit clear \
                 too, is the virtual CPU told. So many sends make one upcall.",
            ),
            function(
                "evtchn_2l_unmask",
                Line(48),
                "Unmasks a channel, and tells the virtual CPU if the channel was pending all the time.",
            ),
        ],
    },
    SourceFile {
        path: "xen/common/event_channel.c",
        tree: Tree::Xen,
        entries: &[
            function("evtchn_alloc_unbound", Line(279), "Opens an event channel that another domain may bind to."),
            function(
                "evtchn_bind_interdomain",
                Line(343),
                "Connects a new channel to one that another domain left open, and sets it pending once, so that \
                 nothing sent before is lost.",
            ),
            function("evtchn_close", Line(600), "Closes an event channel. The other end becomes unbound."),
            function(
                "evtchn_send",
                Line(738),
                "Rings the other end of an event channel: sets its bit there and, if need be, wakes a virtual CPU. To \
                 a channel without another end it does nothing.",
            ),
            function(
                "evtchn_unmask",
                Line(1069),
                "The hypercall that unmasks a channel, so that an event that waited is delivered.",
            ),
        ],
    },
    SourceFile {
        path: XEN_GRANTS,
        tree: Tree::Xen,
        entries: &[
            function(
                "_set_status_v1",
                Line(730),
                "Marks a grant entry as in use: checks that it is valid for this domain, and sets reading and perhaps \
                 writing by compare-and-exchange, with five tries at most, since the guest may change it meanwhile.",
            ),
            function(
                "acquire_grant_for_copy",
                Line(2533),
                "Pins a granted page for a copy, after the same checks as for a mapping.",
            ),
            function(
                "get_maptrack_handle",
                Line(618),
                "Finds a free handle for a new mapping, and makes room for more up to the domain's limit.",
            ),
            function(
                "gnttab_copy",
                Line(3059),
                "Copies bytes between pages of two domains, operation by operation, each with a status of its own. \
                 The pages are held only while they are copied.",
            ),
            function(
                "gnttab_grow_table",
                Line(1859),
                "Adds frames to a guest's grant table, up to the limit, so that it has more entries.",
            ),
            function(
                "gnttab_map_grant_ref",
                Line(1315),
                "Maps granted pages, operation by operation, each with a status of its own and, if it worked, a \
                 handle for its end.",
            ),
            function(
                "gnttab_release_mappings",
                Line(3747),
                "Removes all mappings of other domains' pages that a dying domain still has.",
            ),
            function(
                "gnttab_transfer",
                Line(2203),
                "Gives pages away: takes each from its owner, checks that the other domain has offered an entry for \
                 it, and makes that domain its owner. A page that fails after it was taken is lost.",
            ),
            function(
                "gnttab_unmap_and_replace",
                Line(1701),
                "Removes a mapping and puts another page of the caller's in its place, in one step.",
            ),
            function(
                "gnttab_unmap_grant_ref",
                Line(1636),
                "Removes mappings, flushes the CPUs' memory of them, and then releases the entries. After the last \
                 mapping of an entry its reading and writing flags are cleared.",
            ),
            function(
                "map_grant_ref",
                Line(945),
                "Maps one granted page: finds the entry, marks it as in use, notes a handle, and enters the frame \
                 into the caller's page table.",
            ),
            function(
                "release_grant_for_copy",
                Line(2440),
                "Unpins a granted page after a copy, and clears its flags if nobody else uses it.",
            ),
            function(
                "unmap_common",
                Line(1339),
                "The first half of removing one mapping: finds it by its handle and takes it out of the page table.",
            ),
            function(
                "unmap_common_complete",
                Line(1532),
                "The second half of removing one mapping, after the flush: unpins the page, and clears the entry's \
                 flags after the last.",
            ),
        ],
    },
    SourceFile {
        path: XEN_PASSTHROUGH_PCI,
        tree: Tree::Xen,
        entries: &[
            function(
                "assign_device",
                Line(1507),
                "Gives a PCI device to a domain. Refuses if the domain's memory is managed in ways that do not go \
                 with DMA.",
            ),
            function("pci_release_devices", Line(973), "Takes all PCI devices back from a domain that dies."),
        ],
    },
    SourceFile {
        path: "xen/drivers/passthrough/vtd/iommu.c",
        tree: Tree::Xen,
        entries: &[
            function(
                "addr_to_dma_page_maddr",
                Line(275),
                "Walks a domain's DMA page table level by level to the entry for an address, and allocates missing \
                 levels if it may.",
            ),
            function(
                "bus_to_context_maddr",
                Line(250),
                "The first step of the IOMMU's walk: from a bus number, through the root table, to the table with \
                 that bus's devices.",
            ),
            function(
                "domain_context_mapping_one",
                Line(1354),
                "Enters, for one device by bus and function, which domain's page table its DMA goes through.",
            ),
            function(
                "domain_context_unmap_one",
                Line(1772),
                "Removes a device's context entry and flushes what the IOMMU remembers of it. From then on its DMA \
                 faults.",
            ),
            function(
                "intel_iommu_map_page",
                Line(1981),
                "Enters one frame into a domain's DMA page table, for reading, writing or both.",
            ),
            function(
                "intel_iommu_unmap_page",
                Line(2040),
                "Removes one frame from a domain's DMA page table and flushes it.",
            ),
            function(
                "iommu_page_fault_do_one",
                Line(877),
                "Reports one refused DMA: which device, which address, and why.",
            ),
            function(
                "reassign_device_ownership",
                Line(2547),
                "Moves a device from one domain to another: the context entries, and the list that it stands in.",
            ),
        ],
    },
    SourceFile {
        path: "xen/drivers/passthrough/vtd/iommu.h",
        tree: Tree::Xen,
        entries: &[
            structure(
                "context_entry",
                Line(204),
                "One entry of a bus's context table: which domain a device belongs to, and where the page table for \
                 its DMA begins.",
            ),
            structure(
                "dma_pte",
                Line(264),
                "One entry of a page table for DMA: the next table or the frame, and whether reading and writing are \
                 allowed.",
            ),
            structure(
                "root_entry",
                Line(194),
                "One entry of the IOMMU's root table, for one bus: where that bus's context table is.",
            ),
        ],
    },
];
