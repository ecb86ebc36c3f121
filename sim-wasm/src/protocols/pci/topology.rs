//! Ports, switches and bridges between the functions: which way a request takes, and whose ID it carries.
//!
//! ```text
//!   root complex ── IOMMU
//!    ├─ root port 00:01.0 ── 01 ── endpoint
//!    ├─ root port 00:02.0 ── 02 ── upstream port ── 03 ┬ downstream port 03:00.0 ── 04 ── endpoint A
//!    │                                                 └ downstream port 03:01.0 ── 05 ── endpoint B
//!    └─ root port 00:03.0 ── 06 ── bridge to PCI ── 07 ── conventional devices
//! ```
//!
//! A request from A to an address of B's turns round in the switch, and no IOMMU sees it, unless port 03:00.0 is told to
//! redirect it ([`PCI_ACS_RR`]). On a conventional bus devices hear each other always. What comes through a bridge to PCI
//! carries the bridge's ID or that of device 0 on the bus behind it, so that all functions behind it are one to the IOMMU.
//!
//! Sources: `pci_enable_acs` in `xen/drivers/passthrough/pci.c`, `domain_context_mapping` in
//! `xen/drivers/passthrough/vtd/iommu.c`; the rules are those of the PCI Express base specification.
//!
//! Not modelled: what a request does where it arrives, egress control vectors, multicast, address windows of ports (a request is given with its target), and
//! traffic between root ports below the IOMMU beyond one yes or no ([`Topology::root_ports_turn`]).

use alloc::vec::Vec;

use crate::protocols::pci::registers::{
    PCI_ACS_CR, PCI_ACS_DT, PCI_ACS_RR, PCI_ACS_SV, PCI_ACS_TB, PCI_ACS_UF, PCI_ACS_XEN,
};
use crate::words::ids::Bdf;

/// What a function is to its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// A device's function.
    Endpoint {
        /// How many bits of the function number it may use for requests of its own.
        phantom_bits: u8,
    },
    /// A port of the root complex.
    RootPort,
    /// A switch's port towards the root.
    Upstream,
    /// A switch's port towards a device.
    Downstream,
    /// A bridge from express to a conventional bus.
    PcieToPci,
    /// A bridge between conventional buses.
    PciToPci,
}

impl NodeKind {
    /// A function without phantoms.
    pub const ENDPOINT: NodeKind = NodeKind::Endpoint { phantom_bits: 0 };

    const fn is_bridge(self) -> bool {
        !matches!(self, NodeKind::Endpoint { .. })
    }
}

/// A function and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where it is.
    pub bdf: Bdf,
    /// What it is.
    pub kind: NodeKind,
    /// For a port or bridge: the bus behind it and the highest one further behind.
    pub buses: (u8, u8),
    /// What access control it offers.
    pub acs_offered: u16,
    /// What access control is on.
    pub acs: u16,
}

/// Everything on the buses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topology {
    nodes: Vec<Node>,
    /// Whether the root complex passes requests from one root port to another by itself, where no port redirects them.
    pub root_ports_turn: bool,
}

/// What kind of packet is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PeerKind {
    /// A request with an address for the IOMMU to translate.
    Untranslated,
    /// A request whose address the device had translated before (ATS).
    Translated,
    /// An answer.
    Completion,
}

/// A packet from one function to another's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerRequest {
    /// Who really sends it.
    pub from: Bdf,
    /// Who it says it is.
    pub requester: Bdf,
    /// Whose address it is for.
    pub to: Bdf,
    /// What it is.
    pub kind: PeerKind,
}

/// Where a packet ends up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// At the root complex, where the IOMMU looks at it.
    Iommu,
    /// Straight at the sibling: it turned round at this port or bridge. None knows of it.
    Turned {
        /// The port that sent it down; the function itself within a device.
        at: Bdf,
    },
    /// On one conventional bus, where everybody hears everybody.
    SameBus {
        /// Which.
        bus: u8,
    },
    /// Refused by a port.
    Blocked {
        /// Which.
        at: Bdf,
        /// Why.
        why: Blocked,
    },
}

/// Why a port refused a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blocked {
    /// The requester's bus does not lie behind the port.
    Source,
    /// It claims to be translated, and may not.
    Translated,
    /// It was redirected below and would have to go down again the way it came.
    Redirected,
}

impl Topology {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Topology {
        Topology { nodes: Vec::new(), root_ports_turn: false }
    }

    /// Adds a function.
    ///
    /// # Panics
    /// If there is one already at its place.
    pub fn add(&mut self, bdf: Bdf, kind: NodeKind) -> &mut Node {
        self.put(Node { bdf, kind, buses: (0, 0), acs_offered: 0, acs: 0 })
    }

    /// Adds a port or bridge with the buses behind it, `secondary` to `subordinate`.
    ///
    /// # Panics
    /// If there is one already at its place, or the buses do not lie behind it.
    pub fn add_bridge(&mut self, bdf: Bdf, kind: NodeKind, secondary: u8, subordinate: u8) -> &mut Node {
        assert!(kind.is_bridge() && bdf.bus() < secondary && secondary <= subordinate, "buses are counted downwards");
        self.put(Node { bdf, kind, buses: (secondary, subordinate), acs_offered: 0, acs: 0 })
    }

    fn put(&mut self, node: Node) -> &mut Node {
        let place = self.nodes.partition_point(|other| other.bdf < node.bdf);
        assert!(self.nodes.get(place).is_none_or(|other| other.bdf != node.bdf), "a place has one function");
        self.nodes.insert(place, node);
        &mut self.nodes[place]
    }

    /// All functions, by place.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The function at a place.
    #[must_use]
    pub fn node(&self, bdf: Bdf) -> Option<&Node> {
        let place = self.nodes.binary_search_by_key(&bdf, |node| node.bdf).ok()?;
        self.nodes.get(place)
    }

    /// Turns on everywhere what Xen turns on where it is offered.
    pub fn enable_acs(&mut self) {
        for node in &mut self.nodes {
            node.acs = node.acs_offered & PCI_ACS_XEN;
        }
    }

    /// The port or bridge in front of a bus; nothing for a root bus.
    #[must_use]
    pub fn bridge_of(&self, bus: u8) -> Option<&Node> {
        self.nodes.iter().find(|node| node.kind.is_bridge() && node.buses.0 == bus)
    }

    /// The functions on a bus.
    pub fn on_bus(&self, bus: u8) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(move |node| node.bdf.bus() == bus)
    }

    /// The ports and bridges from a function to the root, nearest first.
    pub fn path(&self, bdf: Bdf) -> impl Iterator<Item = &Node> {
        core::iter::successors(self.bridge_of(bdf.bus()), |node| self.bridge_of(node.bdf.bus()))
    }

    /// The requester IDs under which the IOMMU may meet a function's requests: its own, its phantoms', and those that bridges
    /// to conventional buses put in its place (`domain_context_mapping`).
    #[must_use]
    pub fn aliases(&self, bdf: Bdf) -> Vec<Bdf> {
        let mut aliases = Vec::from([bdf]);
        if let Some(Node { kind: NodeKind::Endpoint { phantom_bits }, .. }) = self.node(bdf) {
            let stride = 8_u8 >> (*phantom_bits).min(3);
            aliases.extend((1..8 / stride).map(|n| Bdf(bdf.0 ^ u16::from(n * stride))));
        }
        for bridge in self.path(bdf) {
            match bridge.kind {
                NodeKind::PcieToPci => aliases.extend([bridge.bdf, Bdf::new(bridge.buses.0, 0, 0)]),
                NodeKind::PciToPci => aliases.push(bridge.bdf),
                NodeKind::RootPort | NodeKind::Upstream | NodeKind::Downstream | NodeKind::Endpoint { .. } => {}
            }
        }
        aliases.sort_unstable();
        aliases.dedup();
        aliases
    }

    /// The functions that can only go to one owner together, for their requests cannot be told apart. Bridges are left out.
    #[must_use]
    pub fn group(&self, bdf: Bdf) -> Vec<Bdf> {
        let mine = self.aliases(bdf);
        let shares = |node: &&Node| node.bdf == bdf || self.aliases(node.bdf).iter().any(|alias| mine.contains(alias));
        self.nodes.iter().filter(|node| !node.kind.is_bridge()).filter(shares).map(|node| node.bdf).collect()
    }

    /// The bridge whose bus is reset for a function: for a conventional one the uppermost conventional bridge, else the port in
    /// front of it (`find_coassigned_devices`, `find_parent` of xend). Nothing on a root bus.
    #[must_use]
    pub fn reset_bridge(&self, bdf: Bdf) -> Option<&Node> {
        let conventional = |node: &&Node| matches!(node.kind, NodeKind::PcieToPci | NodeKind::PciToPci);
        self.path(bdf).filter(conventional).last().or_else(|| self.bridge_of(bdf.bus()))
    }

    /// The functions that a reset of a function's bus takes along, itself among them.
    #[must_use]
    pub fn reset_with(&self, bdf: Bdf) -> Vec<Bdf> {
        let (first, last) = self.reset_bridge(bdf).map_or((bdf.bus(), bdf.bus()), |bridge| bridge.buses);
        let behind = |node: &&Node| (first..=last).contains(&node.bdf.bus()) && !node.kind.is_bridge();
        self.nodes.iter().filter(behind).map(|node| node.bdf).collect()
    }

    /// Which way a packet from one function to another's address takes.
    #[must_use]
    pub fn route(&self, request: PeerRequest) -> Route {
        let PeerRequest { from, to, .. } = request;
        if let Some(bus) = self.shared_bus(from, to) {
            return Route::SameBus { bus };
        }
        let mut redirected = false;
        // Functions of one device need no port to reach each other.
        if from.bus() == to.bus() && from.device() == to.device() {
            let acs = self.node(from).map_or(0, |node| node.acs);
            if !redirects(acs, request.kind) {
                return Route::Turned { at: from };
            }
            redirected = true;
        }
        for port in self.path(from) {
            if !matches!(port.kind, NodeKind::RootPort | NodeKind::Downstream) {
                // A switch's upstream port and bridges send on upwards whatever is not for behind them.
                continue;
            }
            if let Some(why) = refuses(port, request) {
                return Route::Blocked { at: port.bdf, why };
            }
            // The root complex looks at what comes to a root port redirected; further down that is a service of its own.
            if redirected && port.kind == NodeKind::Downstream && behind(port, to) && port.acs & PCI_ACS_UF == 0 {
                return Route::Blocked { at: port.bdf, why: Blocked::Redirected };
            }
            if redirects(port.acs, request.kind) {
                redirected = true;
            } else if !redirected && let Some(at) = self.sibling_towards(port, to) {
                return Route::Turned { at };
            }
        }
        Route::Iommu
    }

    /// The port beside this one behind which a function lies, if packets may turn round between them.
    fn sibling_towards(&self, port: &Node, to: Bdf) -> Option<Bdf> {
        if port.kind == NodeKind::RootPort && !self.root_ports_turn {
            return None;
        }
        let other = self.on_bus(port.bdf.bus()).find(|node| node.kind.is_bridge() && behind(node, to))?;
        (other.bdf != port.bdf).then_some(other.bdf)
    }

    /// The first conventional bus on the way up where the target is heard: it stands there, or a bridge there leads down to it.
    fn shared_bus(&self, from: Bdf, to: Bdf) -> Option<u8> {
        let above = |bus: &u8| self.bridge_of(*bus).map(|bridge| bridge.bdf.bus());
        let mut buses = core::iter::successors(Some(from.bus()), above).take_while(|&bus| self.is_conventional(bus));
        let leads = |bus| self.on_bus(bus).any(|node| node.kind.is_bridge() && behind(node, to));
        buses.find(|&bus| bus == to.bus() || leads(bus))
    }

    fn is_conventional(&self, bus: u8) -> bool {
        self.bridge_of(bus).is_some_and(|node| matches!(node.kind, NodeKind::PcieToPci | NodeKind::PciToPci))
    }
}

const fn behind(port: &Node, bdf: Bdf) -> bool {
    port.buses.0 <= bdf.bus() && bdf.bus() <= port.buses.1
}

const fn redirects(acs: u16, kind: PeerKind) -> bool {
    match kind {
        PeerKind::Untranslated => acs & PCI_ACS_RR != 0,
        PeerKind::Translated => acs & PCI_ACS_RR != 0 && acs & PCI_ACS_DT == 0,
        PeerKind::Completion => acs & PCI_ACS_CR != 0,
    }
}

const fn refuses(port: &Node, request: PeerRequest) -> Option<Blocked> {
    if port.acs & PCI_ACS_SV != 0 && !behind(port, request.requester) {
        return Some(Blocked::Source);
    }
    if port.acs & PCI_ACS_TB != 0 && matches!(request.kind, PeerKind::Translated) {
        return Some(Blocked::Translated);
    }
    None
}
