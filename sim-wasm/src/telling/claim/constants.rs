//! The constants that articles may name, under the kernels' names where they have one.
//!
//! Each comes from the code that runs, so a text that names it cannot differ from the engine. What is called the same in two
//! generations of the drivers has the later one's number under a name with `MODERN` in it.
//!
//! Not modelled: constants of code that the engine does not run.

use crate::actors::epoch::{Epoch, FrontEpoch};
use crate::actors::hotplug::slots::{self, ACPI_PHP_GPE_BIT};
use crate::actors::migration::{FEW_PAGES, MAX_FACTOR, MAX_ROUNDS, MIIMON};
use crate::actors::netback;
use crate::actors::netback::settings::BackSettings;
use crate::actors::netback_upstream::limits;
use crate::actors::netfront;
use crate::actors::nic::CardSettings;
use crate::actors::skb;
use crate::actors::stack;
use crate::hypervisor::grant_entry::{
    ENTRIES_PER_FRAME, ENTRY_SIZE, GTF_ACCEPT_TRANSFER, GTF_PERMIT_ACCESS, GTF_READING, GTF_READONLY,
    GTF_TRANSFER_COMMITTED, GTF_TRANSFER_COMPLETED, GTF_WRITING, RESERVED_ENTRIES,
};
use crate::hypervisor::grant_table::{CLASSIC_GRANT_FRAMES, CURRENT_GRANT_FRAMES};
use crate::hypervisor::guest_irqs::{EVENT_EOI_DELAY, EVENT_LOOP_TIMEOUT};
use crate::hypervisor::page::PAGE_SIZE;
use crate::hypervisor::passthrough::reaction::FAULT_THRESHOLD;
use crate::hypervisor::shared_info::{PORTS, VCPUS};
use crate::hypervisor::vtd::fault::Fault;
use crate::hypervisor::vtd::structures::LEVEL_STRIDE;
use crate::protocols::ioreq::IOREQ_SIZE;
use crate::protocols::netif::{
    EXTRA_INFO_SIZE, RX_REQUEST_SIZE, RX_RESPONSE_SIZE, RX_RING, TX_REQUEST_SIZE, TX_RESPONSE_SIZE, TX_RING,
};
use crate::protocols::ring::SLOTS;
use crate::telling::ways::weights;
use crate::words::ids::Bdf;

/// A number with a name.
#[derive(Clone, Copy, Debug)]
pub struct Constant {
    /// The name in claims.
    pub name: &'static str,
    /// The number.
    pub value: u64,
    /// What it counts, in a phrase.
    pub meaning: &'static str,
    /// Where it comes from: a file of a public tree, and what it is called there if that differs; or a
    /// paper's address.
    pub source: &'static str,
}

const fn constant(name: &'static str, value: u64, meaning: &'static str, source: &'static str) -> Constant {
    Constant { name, value, meaning, source }
}

/// Ole Agesen et al., "Software Techniques for Avoiding Hardware Virtualization Exits", USENIX ATC 2012.
const AGESEN: &str =
    "usenix.org/conference/usenixfederatedconferencesweek/software-techniques-avoiding-hardware-virtualization-exits";

/// Christoffer Dall et al., "ARM Virtualization: Performance and Architectural Implications", ISCA 2016.
const DALL: &str = "doi.org/10.1109/ISCA.2016.35";

const CARD: CardSettings = CardSettings::e1000(1000);
const TG3: CardSettings = CardSettings::tg3(1000);

/// All of them, in the order of a packet's way.
pub static CONSTANTS: &[Constant] = &[
    constant("PAGE_SIZE", PAGE_SIZE as u64, "bytes of a page", "xen/include/asm-x86/page.h"),
    constant("RING_HEADER", SLOTS as u64, "bytes before the first slot of a ring", "xen/include/public/io/ring.h"),
    constant(
        "NET_TX_RING_SIZE",
        TX_RING.entries() as u64,
        "slots of a transmit ring",
        "drivers/xen/netfront/netfront.c",
    ),
    constant(
        "NET_RX_RING_SIZE",
        RX_RING.entries() as u64,
        "slots of a receive ring",
        "drivers/xen/netfront/netfront.c",
    ),
    constant(
        "TX_REQUEST_SIZE",
        TX_REQUEST_SIZE as u64,
        "bytes of a transmit request",
        "xen/include/public/io/netif.h, struct netif_tx_request",
    ),
    constant(
        "TX_RESPONSE_SIZE",
        TX_RESPONSE_SIZE as u64,
        "bytes of a transmit response",
        "xen/include/public/io/netif.h, struct netif_tx_response",
    ),
    constant(
        "RX_REQUEST_SIZE",
        RX_REQUEST_SIZE as u64,
        "bytes of a receive request",
        "xen/include/public/io/netif.h, struct netif_rx_request",
    ),
    constant(
        "RX_RESPONSE_SIZE",
        RX_RESPONSE_SIZE as u64,
        "bytes of a receive response",
        "xen/include/public/io/netif.h, struct netif_rx_response",
    ),
    constant(
        "EXTRA_INFO_SIZE",
        EXTRA_INFO_SIZE as u64,
        "bytes of an extra info",
        "xen/include/public/io/netif.h, struct netif_extra_info",
    ),
    constant(
        "STOP_LINE",
        netfront::STOP_LINE as u64,
        "slots in use at which the classic netfront stops its queue",
        "drivers/xen/netfront/netfront.c, netfront_tx_slot_available",
    ),
    constant(
        "STOP_LINE_MODERN",
        FrontEpoch::Modern.stop_line() as u64,
        "slots in use at which mainline's netfront stops its queue",
        "drivers/net/xen-netfront.c, netfront_tx_slot_available",
    ),
    constant("TX_QUEUE_LEN", 1000, "packets that wait in a guest", "net/ethernet/eth.c, tx_queue_len"),
    constant(
        "MAX_SKB_FRAGS",
        skb::MAX_SKB_FRAGS as u64,
        "fragments of a packet in the classic kernel",
        "include/linux/skbuff.h of 2.6.18",
    ),
    constant(
        "MAX_SKB_FRAGS_MODERN",
        limits::MAX_SKB_FRAGS as u64,
        "fragments of a packet in mainline",
        "include/linux/skbuff.h",
    ),
    constant(
        "XEN_NETIF_MAX_TX_SIZE",
        u16::MAX as u64,
        "bytes that a request can say a packet has",
        "xen/include/public/io/netif.h",
    ),
    constant("ETH_HLEN", limits::ETH_HLEN as u64, "bytes of an Ethernet header", "include/linux/if_ether.h"),
    constant(
        "RX_COPY_THRESHOLD",
        netfront::COPY_THRESHOLD as u64,
        "bytes of a received packet that netfront copies",
        "drivers/xen/netfront/netfront.c",
    ),
    constant(
        "RX_DFL_MIN_TARGET",
        netfront::FIRST_TARGET as u64,
        "receive buffers that the classic netfront posts at first",
        "drivers/xen/netfront/netfront.c",
    ),
    constant("GRANT_ENTRY_SIZE", ENTRY_SIZE as u64, "bytes of a grant entry", "xen/include/public/grant_table.h"),
    constant(
        "GRANTS_PER_FRAME",
        ENTRIES_PER_FRAME as u64,
        "entries in a frame of a grant table",
        "xen/common/grant_table.c, GRANT_PER_PAGE",
    ),
    constant(
        "NR_RESERVED_ENTRIES",
        RESERVED_ENTRIES as u64,
        "first entries of a grant table, which the tools keep",
        "drivers/xen/core/gnttab.c",
    ),
    constant(
        "CLASSIC_GRANT_FRAMES",
        CLASSIC_GRANT_FRAMES as u64,
        "frames of a grant table in Xen 3",
        "xen/common/grant_table.c, max_nr_grant_frames",
    ),
    constant(
        "CURRENT_GRANT_FRAMES",
        CURRENT_GRANT_FRAMES as u64,
        "frames of a grant table in current Xen",
        "xen/common/grant_table.c, opt_max_grant_frames",
    ),
    gtf("GTF_permit_access", GTF_PERMIT_ACCESS, "the type of an entry that lets another domain use the frame"),
    gtf("GTF_accept_transfer", GTF_ACCEPT_TRANSFER, "the type of an entry that waits for a page"),
    gtf("GTF_readonly", GTF_READONLY, "the bit of an entry that may only be read"),
    gtf("GTF_reading", GTF_READING, "the bit that Xen sets while a frame is mapped or read"),
    gtf("GTF_writing", GTF_WRITING, "the bit that Xen sets while a frame may be written"),
    gtf("GTF_transfer_committed", GTF_TRANSFER_COMMITTED, "the bit that Xen sets before a page is given"),
    gtf("GTF_transfer_completed", GTF_TRANSFER_COMPLETED, "the bit that Xen sets after a page was given"),
    constant("EVENT_CHANNELS", PORTS as u64, "event channels of a 64-bit domain", "xen/include/public/xen.h"),
    constant(
        "XEN_LEGACY_MAX_VCPUS",
        VCPUS as u64,
        "virtual CPUs in a shared page",
        "xen/include/public/arch-x86/xen.h",
    ),
    constant(
        "EVENT_LOOP_TIMEOUT",
        EVENT_LOOP_TIMEOUT,
        "jiffies after which events are put off",
        "drivers/xen/events/events_base.c",
    ),
    constant(
        "EVENT_EOI_DELAY",
        EVENT_EOI_DELAY,
        "jiffies that an event is put off",
        "drivers/xen/events/events_base.c",
    ),
    constant(
        "MAX_PENDING_REQS",
        netback::MAX_PENDING_REQS as u64,
        "places for slots in netback: of all guests in the classic one, of each guest in mainline",
        "drivers/xen/netback/netback.c",
    ),
    constant(
        "PENDING_GATE",
        netback::MAX_PENDING_REQS as u64 / 2,
        "places in use from which on an event does not wake the classic netback",
        "drivers/xen/netback/netback.c, maybe_schedule_tx_action",
    ),
    constant(
        "PKT_PROT_LEN",
        BackSettings::of(Epoch::Classic).header as u64,
        "bytes of a packet that the classic netback copies in any case",
        "drivers/xen/netback/netback.c",
    ),
    constant(
        "XEN_NETBACK_TX_COPY_LEN",
        BackSettings::of(Epoch::ZeroCopy).header as u64,
        "bytes of a packet that mainline's netback copies in any case",
        "drivers/net/xen-netback/netback.c",
    ),
    constant(
        "XEN_NETBK_LEGACY_SLOTS_MAX",
        limits::LEGACY_SLOTS_MAX as u64,
        "slots that every back end takes for a packet",
        "drivers/net/xen-netback/common.h",
    ),
    constant(
        "FATAL_SKB_SLOTS",
        limits::FATAL_SKB_SLOTS as u64,
        "slots of a packet from which on a guest is taken for malicious",
        "drivers/net/xen-netback/netback.c, fatal_skb_slots",
    ),
    constant(
        "NAPI_POLL_WEIGHT",
        limits::NAPI_BUDGET as u64,
        "packets that a poll takes at most",
        "include/linux/netdevice.h",
    ),
    constant(
        "COPY_BATCH_SIZE",
        limits::COPY_BATCH as u64,
        "copies that are gathered for one hypercall",
        "drivers/net/xen-netback/common.h",
    ),
    constant(
        "RX_BATCH_SIZE",
        limits::RX_BATCH as u64,
        "packets for a guest that are handled at a time",
        "drivers/net/xen-netback/rx.c",
    ),
    constant(
        "XENVIF_RX_QUEUE_BYTES",
        limits::RX_QUEUE_BYTES as u64,
        "bytes that may wait for a guest",
        "drivers/net/xen-netback/interface.c",
    ),
    constant(
        "RX_DRAIN_TIMEOUT",
        limits::DRAIN_MILLIS,
        "milliseconds that a packet waits for a guest's buffers",
        "drivers/net/xen-netback/netback.c, rx_drain_timeout_msecs",
    ),
    constant(
        "RX_STALL_TIMEOUT",
        limits::STALL_MILLIS,
        "milliseconds after which a guest without buffers loses its carrier",
        "drivers/net/xen-netback/netback.c, rx_stall_timeout_msecs",
    ),
    constant(
        "MOST_SAVED_CREDIT",
        limits::LEAST_BURST,
        "bytes up to which credit is saved for one large packet",
        "drivers/xen/netback/netback.c, tx_add_credit",
    ),
    constant(
        "VIF_QUEUE_LEN",
        stack::VIF_QUEUE_LEN as u64,
        "packets that wait in dom0 for a guest",
        "drivers/xen/netback/interface.c, tx_queue_len",
    ),
    constant(
        "CARD_QUEUE_LEN",
        stack::CARD_QUEUE_LEN as u64,
        "packets that wait in dom0 for the card, in each of three bands",
        "net/sched/sch_generic.c, tx_queue_len",
    ),
    constant(
        "NETDEV_MAX_BACKLOG",
        stack::NETDEV_MAX_BACKLOG as u64,
        "packets that wait between netback and the bridge",
        "net/core/dev.c, netdev_max_backlog",
    ),
    constant(
        "BACKLOG_WEIGHT",
        stack::BACKLOG_WEIGHT as u64,
        "packets that the backlog takes in one run",
        "net/core/dev.c, weight_p",
    ),
    constant(
        "E1000_DEFAULT_TXD",
        CARD.descriptors as u64,
        "transmit descriptors of an e1000",
        "drivers/net/e1000/e1000_param.c",
    ),
    constant(
        "TX_WAKE_THRESHOLD",
        CARD.wake_at as u64,
        "free descriptors at which an e1000's queue runs again",
        "drivers/net/e1000/e1000_main.c",
    ),
    constant("TG3_DEF_TX_RING_PENDING", TG3.descriptors as u64, "transmit descriptors of a tg3", "drivers/net/tg3.c"),
    constant(
        "IOREQ_SIZE",
        IOREQ_SIZE as u64,
        "bytes of a request to the device model",
        "xen/include/public/hvm/ioreq.h",
    ),
    constant(
        "RID_BUS_BITS",
        Bdf::BUS_BITS as u64,
        "bits of a requester ID that are the bus",
        "xen/include/xen/pci.h, PCI_BUS",
    ),
    constant(
        "RID_DEVICE_BITS",
        Bdf::DEVICE_BITS as u64,
        "bits of a requester ID that are the device",
        "xen/include/xen/pci.h, PCI_SLOT",
    ),
    constant(
        "RID_FUNCTION_BITS",
        Bdf::FUNCTION_BITS as u64,
        "bits of a requester ID that are the function",
        "xen/include/xen/pci.h, PCI_FUNC",
    ),
    constant(
        "LEVEL_STRIDE",
        LEVEL_STRIDE as u64,
        "bits of an address that a level of tables looks up",
        "xen/drivers/passthrough/vtd/iommu.h",
    ),
    constant(
        "WRITE_DENIED",
        Fault::WriteDenied.code() as u64,
        "the code of a write that an entry does not let pass",
        "xen/drivers/passthrough/vtd/iommu.c, dma_remap_fault_reasons",
    ),
    constant(
        "READ_DENIED",
        Fault::ReadDenied.code() as u64,
        "the code of a read that an entry does not let pass",
        "xen/drivers/passthrough/vtd/iommu.c, dma_remap_fault_reasons",
    ),
    constant(
        "FAULT_THRESHOLD",
        FAULT_THRESHOLD as u64,
        "faults of a device after which Xen takes its bus master bit",
        "xen/drivers/passthrough/pci.c, PT_FAULT_THRESHOLD",
    ),
    constant(
        "PHP_FIRST_SLOT",
        slots::FIRST_SLOT as u64,
        "the PCI slot of the first hot-plug slot in Xen 3.3",
        "tools/ioemu/hw/piix4acpi.c",
    ),
    constant("PHP_SLOTS", slots::SLOTS as u64, "hot-plug slots of a guest in Xen 3.3", "tools/ioemu/hw/piix4acpi.c"),
    constant(
        "PHP_SLOTS_MODERN",
        slots::SLOTS_MODERN as u64,
        "hot-plug slots of a guest since Xen 3.4, emulated devices' among them",
        "hw/piix4acpi.c of qemu-xen-traditional",
    ),
    constant(
        "ACPI_PHP_GPE_BIT",
        ACPI_PHP_GPE_BIT as u64,
        "the bit of general-purpose events that hot-plugging sets",
        "tools/ioemu/hw/piix4acpi.c",
    ),
    constant("DEF_MAX_ITERS", MAX_ROUNDS as u64, "rounds of copying at most", "tools/libxc/xc_domain_save.c"),
    constant(
        "DEF_MAX_FACTOR",
        MAX_FACTOR,
        "how many times a guest's memory is sent at most",
        "tools/libxc/xc_domain_save.c",
    ),
    constant("FEW_PAGES", FEW_PAGES, "pages below which a round is the last", "tools/libxc/xc_domain_save.c"),
    constant("MIIMON", MIIMON, "nanoseconds between two looks at a link", "drivers/net/bonding/bond_main.c, miimon"),
    constant(
        "EXIT_CYCLES_WESTMERE",
        weights::EXIT_WESTMERE as u64,
        "cycles of an exit and the entry after it, on a Westmere",
        AGESEN,
    ),
    constant(
        "EXIT_CYCLES_PENRYN",
        weights::EXIT_PENRYN as u64,
        "cycles of an exit and the entry after it, on a Penryn",
        AGESEN,
    ),
    constant(
        "EXIT_CYCLES_PRESCOTT",
        weights::EXIT_PRESCOTT as u64,
        "cycles of an exit and the entry after it, on a Prescott",
        AGESEN,
    ),
    constant(
        "HYPERCALL_CYCLES",
        weights::HYPERCALL as u64,
        "cycles of a hypercall that does nothing, Xen on x86",
        DALL,
    ),
    constant(
        "SWITCH_CYCLES",
        weights::SWITCH as u64,
        "cycles from one domain to another on one processor, Xen on x86",
        DALL,
    ),
];

/// A flag of a grant entry.
const fn gtf(name: &'static str, flag: u16, meaning: &'static str) -> Constant {
    constant(name, flag as u64, meaning, "xen/include/public/grant_table.h")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::network::settings::Guest;

    #[test]
    fn every_constant_has_a_name_of_its_own_a_meaning_and_a_source() {
        for (at, constant) in CONSTANTS.iter().enumerate() {
            assert!(
                CONSTANTS[..at].iter().all(|other| other.name != constant.name),
                "{} is there twice",
                constant.name
            );
            let name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            assert!(constant.name.bytes().all(name), "{}", constant.name);
            assert!(!constant.meaning.is_empty() && constant.source.contains('/'), "{}", constant.name);
        }
    }

    #[test]
    fn a_number_that_is_written_out_is_the_machines() {
        let queue = CONSTANTS.iter().find(|constant| constant.name == "TX_QUEUE_LEN").expect("it is listed");
        assert_eq!(queue.value, u64::from(Guest::default().queue));
    }
}
