//! Where the code stands that does what an event tells: function, file and tree, one line per event.
//!
//! Three generations of drivers do it in three trees, so the answer depends on the [`Drivers`] that ran.
//!
//! [`index`] says for each in which line, of which version, and what it does; the native build has it, a page does not.
//!
//! Not modelled: lines within a function, and releases between the trees that are named.

mod path;

mod backend;

mod receive;

mod stack;

mod bus;

mod trouble;

pub(crate) mod summary;

mod wakeups;

mod interleaving;

mod pages;

mod hvm;

pub(crate) mod dma;

pub(crate) mod hotplug;

pub(crate) mod vtd;

pub(crate) mod ways;

pub(crate) mod migration;

pub(crate) mod pciif;

#[cfg(not(target_arch = "wasm32"))]
pub mod index;

use crate::actors::epoch::{Drivers, Epoch, FrontEpoch};
use crate::actors::log::Event;
use crate::words::text::Text;

/// A place in public source code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceRef {
    /// The function or macro, with its parentheses.
    pub function: &'static str,
    /// The file's path in its tree.
    pub file: &'static str,
    /// The tree.
    pub tree: Tree,
}

/// A tree of public source code, at one age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tree {
    /// linux-2.6.18-xen, the classic drivers.
    Classic,
    /// Mainline Linux 3.4, whose netback copies.
    Linux34,
    /// Mainline Linux of today.
    Upstream,
    /// Xen's own tree.
    Xen,
    /// Xen 3.3, with its toolstack and the device model that it took from QEMU.
    Xen33,
}

impl Tree {
    /// Every tree, in the order of their age.
    pub const ALL: [Self; 5] = [Self::Classic, Self::Linux34, Self::Upstream, Self::Xen, Self::Xen33];

    /// The word for it in narration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Linux34 => "linux 3.4",
            Self::Upstream => "linux",
            Self::Xen => "xen",
            Self::Xen33 => "xen 3.3",
        }
    }

    /// The word for it in names of references.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Linux34 => "3.4",
            Self::Xen33 => "xen3.3",
            Self::Classic | Self::Upstream | Self::Xen => self.name(),
        }
    }
}

impl SourceRef {
    /// Writes the name under which pages and articles find the reference: `classic/net_tx_action`.
    pub fn push_key(&self, out: &mut Text) {
        out.push_str(self.tree.key()).push_char('/').push_str(self.name());
    }

    /// The name without its parentheses.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.function.strip_suffix("()").unwrap_or(self.function)
    }

    /// The file's name without its folder.
    #[must_use]
    pub fn file_name(&self) -> &'static str {
        let start = self.file.bytes().rposition(|byte| byte == b'/').map_or(0, |slash| slash + 1);
        self.file.get(start..).unwrap_or(self.file)
    }
}

/// The code behind an event; `None` where no public code does it (wires, cards and attackers).
#[must_use]
pub const fn of(event: &Event, drivers: Drivers) -> Option<SourceRef> {
    match event {
        Event::Backend(event) => backend::of(event, drivers.back),
        Event::Receive(event) => receive::of(event, drivers),
        Event::Stack(event) => stack::of(event, drivers.back),
        Event::Bus(event) => bus::of(event, drivers),
        Event::Trouble(event) => trouble::of(event, drivers.front),
        Event::Summary(event) => summary::of(event, drivers),
        Event::Wakeups(event) => wakeups::of(event, drivers.front),
        Event::Interleaving(event) => interleaving::of(event, drivers.back),
        Event::Pages(event) => pages::of(event, drivers.back),
        Event::Hvm(event) => hvm::of(event),
        Event::Hotplug(event) => hotplug::of(event),
        Event::Dma(event) => dma::of(event),
        Event::Vtd(event) => vtd::of(event),
        Event::Migration(event) => migration::of(event),
        Event::Pciif(event) => pciif::of(event, drivers),
        Event::Ways(event) => ways::of(event),
        event => path::of(event, drivers),
    }
}

/// The same for the ring and a packet on its way out; `None` for other events.
#[must_use]
pub const fn of_way_out(event: &Event, drivers: Drivers) -> Option<SourceRef> {
    path::of(event, drivers)
}

/// The same for a packet on its way out, with what netback does beside and dom0's stack; `None` for other events.
#[must_use]
pub const fn of_packet(event: &Event, drivers: Drivers) -> Option<SourceRef> {
    match event {
        Event::Backend(event) => backend::of(event, drivers.back),
        Event::Stack(event) => stack::of(event, drivers.back),
        event => path::of(event, drivers),
    }
}

/// The same for packets on their way to a guest; `None` for other events.
#[must_use]
pub const fn of_way_in(event: &Event, drivers: Drivers) -> Option<SourceRef> {
    match event {
        Event::Receive(event) => receive::of(event, drivers),
        event => path::of(event, drivers),
    }
}

/// The same for a ring and its sums of bells; `None` for other events.
#[must_use]
pub const fn of_wakeups(event: &Event, drivers: Drivers) -> Option<SourceRef> {
    match event {
        Event::Wakeups(event) => wakeups::of(event, drivers.front),
        event => path::of(event, drivers),
    }
}

/// The same for one granted page, and a packet on its way out; `None` for other events.
#[must_use]
pub const fn of_grants(event: &Event, drivers: Drivers) -> Option<SourceRef> {
    match event {
        Event::Backend(event) => backend::of(event, drivers.back),
        Event::Stack(event) => stack::of(event, drivers.back),
        Event::Trouble(event) => trouble::of(event, drivers.front),
        Event::Pages(event) => pages::of(event, drivers.back),
        event => path::of(event, drivers),
    }
}

/// The same for a ring's stores and loads; `None` for other events.
#[must_use]
pub const fn of_interleaving(event: &Event, drivers: Drivers) -> Option<SourceRef> {
    match event {
        Event::Interleaving(event) => interleaving::of(event, drivers.back),
        _ => None,
    }
}

/// The same for what several guests' packets come to, and for what turns in netback; `None` for the rest.
#[must_use]
pub const fn of_sharing(event: &Event, drivers: Drivers) -> Option<SourceRef> {
    match event {
        Event::Summary(event) => summary::of(event, drivers),
        Event::Backend(event) => backend::of(event, drivers.back),
        Event::Stack(event) => stack::of(event, drivers.back),
        event => path::of(event, drivers),
    }
}

/// A function's name and its file's path.
type Place = (&'static str, &'static str);

const fn xen(function: &'static str, file: &'static str) -> Option<SourceRef> {
    Some(SourceRef { function, file, tree: Tree::Xen })
}

/// What Xen 3.3, its toolstack or its device model does.
const fn xen33(function: &'static str, file: &'static str) -> Option<SourceRef> {
    Some(SourceRef { function, file, tree: Tree::Xen33 })
}

/// What the guest's kernel does, by its generation.
const fn by_front(epoch: FrontEpoch, classic: Place, modern: Place) -> Option<SourceRef> {
    let ((function, file), tree) = match epoch {
        FrontEpoch::Classic => (classic, Tree::Classic),
        FrontEpoch::Modern => (modern, Tree::Upstream),
    };
    Some(SourceRef { function, file, tree })
}

/// What dom0's kernel does, by its generation.
const fn by_back(epoch: Epoch, classic: Place, linux34: Place, upstream: Place) -> Option<SourceRef> {
    let ((function, file), tree) = match epoch {
        Epoch::Classic => (classic, Tree::Classic),
        Epoch::GrantCopy => (linux34, Tree::Linux34),
        Epoch::ZeroCopy => (upstream, Tree::Upstream),
    };
    Some(SourceRef { function, file, tree })
}

/// What dom0's kernel has done in one place ever since.
const fn in_dom0(epoch: Epoch, function: &'static str, file: &'static str) -> Option<SourceRef> {
    by_back(epoch, (function, file), (function, file), (function, file))
}

const RING: &str = "xen/include/public/io/ring.h";
const XEN_GRANTS: &str = "xen/common/grant_table.c";
const XEN_DOMAIN: &str = "xen/common/domain.c";
const XEN_PAGING: &str = "xen/arch/x86/mm/paging.c";
const XEN_PASSTHROUGH_PCI: &str = "xen/drivers/passthrough/pci.c";
const VTD_IOMMU: &str = "xen/drivers/passthrough/vtd/iommu.c";

const NETFRONT: &str = "drivers/xen/netfront/netfront.c";
const XEN_NETFRONT: &str = "drivers/net/xen-netfront.c";

const NETBACK: &str = "drivers/xen/netback/netback.c";
const NETBACK_INTERFACE: &str = "drivers/xen/netback/interface.c";
const NETBACK_XENBUS: &str = "drivers/xen/netback/xenbus.c";
const XEN_NETBACK: &str = "drivers/net/xen-netback/netback.c";
const XEN_NETBACK_RX: &str = "drivers/net/xen-netback/rx.c";
const XEN_NETBACK_INTERFACE: &str = "drivers/net/xen-netback/interface.c";
const XEN_NETBACK_XENBUS: &str = "drivers/net/xen-netback/xenbus.c";

const GNTTAB: &str = "drivers/xen/core/gnttab.c";
const GRANT_TABLE: &str = "drivers/xen/grant-table.c";
const XENBUS_CLIENT: &str = "drivers/xen/xenbus/xenbus_client.c";
const EVENTS_BASE: &str = "drivers/xen/events/events_base.c";

const CORE_DEV: &str = "net/core/dev.c";
const SKBUFF: &str = "net/core/skbuff.c";
const NETDEVICE: &str = "include/linux/netdevice.h";
const SCH_GENERIC: &str = "net/sched/sch_generic.c";
const AF_PACKET: &str = "net/packet/af_packet.c";
const BR_FORWARD: &str = "net/bridge/br_forward.c";
const BR_INPUT: &str = "net/bridge/br_input.c";
const BR_FDB: &str = "net/bridge/br_fdb.c";
const E1000: &str = "drivers/net/e1000/e1000_main.c";
const RTL8139: &str = "drivers/net/8139too.c";
const INTEL_E1000: &str = "drivers/net/ethernet/intel/e1000/e1000_main.c";

const XEN33_HVM: &str = "xen/arch/x86/hvm/hvm.c";
const XEN33_INTERCEPT: &str = "xen/arch/x86/hvm/intercept.c";
const XEN33_VMX: &str = "xen/arch/x86/hvm/vmx/vmx.c";
const IOEMU_HELPER: &str = "tools/ioemu/target-i386-dm/helper2.c";
const IOEMU_XENSTORE: &str = "tools/ioemu/xenstore.c";
const IOEMU_PASS_THROUGH: &str = "tools/ioemu/hw/pass-through.c";
const IOEMU_PIIX4ACPI: &str = "tools/ioemu/hw/piix4acpi.c";
const XEN33_HVMLOADER: &str = "tools/firmware/hvmloader/hvmloader.c";
const XEND_DOMAIN_INFO: &str = "tools/python/xen/xend/XendDomainInfo.py";
const XEND_IMAGE: &str = "tools/python/xen/xend/image.py";
const XEN33_DOMCTL: &str = "xen/arch/x86/domctl.c";
const XEN33_HVM_IO: &str = "xen/arch/x86/hvm/io.c";
const IOEMU_PT_MSI: &str = "tools/ioemu/hw/pt-msi.c";
const XEN33_VMX_INTR: &str = "xen/arch/x86/hvm/vmx/intr.c";
const XEN33_PASSTHROUGH_IO: &str = "xen/drivers/passthrough/io.c";
const IOEMU_RTL8139: &str = "tools/ioemu/hw/rtl8139.c";
const XEN33_VMSI: &str = "xen/arch/x86/hvm/vmsi.c";
const XC_DOMAIN_SAVE: &str = "tools/libxc/xc_domain_save.c";
const XC_DOMAIN_RESTORE: &str = "tools/libxc/xc_domain_restore.c";
const BONDING: &str = "drivers/net/bonding/bond_main.c";
