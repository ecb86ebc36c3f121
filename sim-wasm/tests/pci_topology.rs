//! Which way requests take between functions, under which ID they come, and whose the IDs are.

use std::collections::BTreeSet;

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use sim_wasm::protocols::pci::owners::{Owners, Refused};
use sim_wasm::protocols::pci::registers::{PCI_ACS_DT, PCI_ACS_RR, PCI_ACS_SV, PCI_ACS_TB, PCI_ACS_UF, PCI_ACS_XEN};
use sim_wasm::protocols::pci::topology::{Blocked, NodeKind, PeerKind, PeerRequest, Route, Topology};
use sim_wasm::words::ids::{Bdf, DomId};

const NIC: Bdf = Bdf::new(1, 0, 0);
const A: Bdf = Bdf::new(4, 0, 0);
const B: Bdf = Bdf::new(5, 0, 0);
const PORT_A: Bdf = Bdf::new(3, 0, 0);
const PORT_B: Bdf = Bdf::new(3, 1, 0);
const SOUND: Bdf = Bdf::new(7, 3, 0);
const MODEM: Bdf = Bdf::new(7, 4, 0);
const DEEP: Bdf = Bdf::new(8, 0, 0);

/// The machine of the module's picture, with one more conventional bus behind the first.
fn machine(acs: u16) -> Topology {
    let mut all = Topology::new();
    for (bdf, kind, first, last) in [
        (Bdf::new(0, 1, 0), NodeKind::RootPort, 1, 1),
        (Bdf::new(0, 2, 0), NodeKind::RootPort, 2, 5),
        (Bdf::new(0, 3, 0), NodeKind::RootPort, 6, 8),
        (Bdf::new(2, 0, 0), NodeKind::Upstream, 3, 5),
        (PORT_A, NodeKind::Downstream, 4, 4),
        (PORT_B, NodeKind::Downstream, 5, 5),
        (Bdf::new(6, 0, 0), NodeKind::PcieToPci, 7, 8),
        (Bdf::new(7, 5, 0), NodeKind::PciToPci, 8, 8),
    ] {
        all.add_bridge(bdf, kind, first, last).acs_offered = acs;
    }
    for bdf in [NIC, Bdf::new(1, 0, 1), A, Bdf::new(4, 0, 1), B, SOUND, MODEM, DEEP] {
        all.add(bdf, NodeKind::ENDPOINT).acs_offered = acs;
    }
    all
}

fn route(all: &Topology, from: Bdf, to: Bdf) -> Route {
    all.route(PeerRequest { from, requester: from, to, kind: PeerKind::Untranslated })
}

#[test]
fn below_a_switch_the_iommu_sees_nothing_until_ports_redirect() {
    let mut all = machine(0x7F);
    assert_eq!(route(&all, A, B), Route::Turned { at: PORT_B });
    all.enable_acs();
    assert_eq!(route(&all, A, B), Route::Iommu);
    let mut without = machine(0);
    without.enable_acs();
    assert_eq!(route(&without, A, B), Route::Turned { at: PORT_B });
}

#[test]
fn functions_of_one_device_reach_each_other() {
    let (zero, one) = (A, Bdf::new(4, 0, 1));
    let mut all = machine(PCI_ACS_RR | PCI_ACS_UF);
    assert_eq!(route(&all, zero, one), Route::Turned { at: zero });
    all.enable_acs();
    assert_eq!(route(&all, zero, one), Route::Iommu);
    // A port that does not forward what was redirected below it has nowhere to send it.
    let mut blunt = machine(PCI_ACS_RR);
    blunt.enable_acs();
    assert_eq!(route(&blunt, zero, one), Route::Blocked { at: PORT_A, why: Blocked::Redirected });
}

#[test]
fn root_ports_turn_if_the_chipset_does_so() {
    let mut all = machine(PCI_ACS_XEN);
    assert_eq!(route(&all, NIC, A), Route::Iommu);
    all.root_ports_turn = true;
    assert_eq!(route(&all, NIC, A), Route::Turned { at: Bdf::new(0, 2, 0) });
    all.enable_acs();
    assert_eq!(route(&all, NIC, A), Route::Iommu);
}

#[test]
fn on_a_conventional_bus_nothing_helps() {
    let mut all = machine(0x7F);
    all.enable_acs();
    assert_eq!(route(&all, SOUND, MODEM), Route::SameBus { bus: 7 });
    for (from, to) in [(SOUND, DEEP), (DEEP, SOUND)] {
        assert_eq!(route(&all, from, to), Route::SameBus { bus: 7 });
    }
    assert_eq!(route(&all, SOUND, NIC), Route::Iommu);
}

#[test]
fn ports_check_who_sends_and_what_is_translated() {
    let mut all = machine(PCI_ACS_SV | PCI_ACS_RR);
    all.enable_acs();
    let forged = PeerRequest { from: A, requester: B, to: NIC, kind: PeerKind::Untranslated };
    assert_eq!(all.route(forged), Route::Blocked { at: PORT_A, why: Blocked::Source });
    assert_eq!(machine(0).route(forged), Route::Iommu);

    let translated = PeerRequest { from: A, requester: A, to: B, kind: PeerKind::Translated };
    assert_eq!(all.route(translated), Route::Iommu);
    let with = |acs: u16| {
        let mut set = Topology::new();
        for node in all.nodes() {
            let bridge = node.buses != (0, 0);
            let (first, last) = node.buses;
            let new =
                if bridge { set.add_bridge(node.bdf, node.kind, first, last) } else { set.add(node.bdf, node.kind) };
            new.acs = acs;
        }
        set.route(translated)
    };
    assert_eq!(with(PCI_ACS_RR | PCI_ACS_DT), Route::Turned { at: PORT_B });
    assert_eq!(with(PCI_ACS_TB), Route::Blocked { at: PORT_A, why: Blocked::Translated });
}

#[test]
fn behind_a_bridge_to_pci_all_functions_are_one() {
    let all = machine(0);
    let names = [Bdf::new(6, 0, 0), Bdf::new(7, 0, 0)];
    assert_eq!(all.aliases(SOUND), [names[0], names[1], SOUND]);
    assert_eq!(all.group(SOUND), [SOUND, MODEM, DEEP]);
    assert_eq!((all.aliases(A), all.group(A)), (vec![A], vec![A]));
    assert_eq!(all.reset_with(SOUND), [SOUND, MODEM, DEEP]);
    assert_eq!(all.reset_with(DEEP), [SOUND, MODEM, DEEP]);
    assert_eq!(all.reset_bridge(DEEP).map(|node| node.bdf), Some(Bdf::new(6, 0, 0)));
    assert_eq!(all.reset_with(NIC), [NIC, Bdf::new(1, 0, 1)]);
}

#[test]
fn phantom_functions_are_aliases() {
    let mut all = Topology::new();
    let at = Bdf::new(9, 2, 0);
    all.add(at, NodeKind::Endpoint { phantom_bits: 1 });
    assert_eq!(all.aliases(at), [at, Bdf::new(9, 2, 4)]);
    let other = Bdf::new(9, 3, 0);
    all.add(other, NodeKind::Endpoint { phantom_bits: 2 });
    assert_eq!(all.aliases(other), [0, 2, 4, 6].map(|function| Bdf::new(9, 3, function)));
}

/// The IDs of all devices whose requests cannot be told from a device's own.
fn together(all: &Topology, bdf: Bdf) -> Vec<Bdf> {
    let ids: BTreeSet<Bdf> = all.group(bdf).into_iter().flat_map(|member| all.aliases(member)).collect();
    ids.into_iter().collect()
}

#[test]
fn devices_whose_requests_look_the_same_go_together() {
    let all = machine(0);
    let mut owners = Owners::new(&all);
    let (one, two) = (DomId(1), DomId(2));
    assert_eq!(owners.give(&all, SOUND, one).map(|rids| rids.len()), Ok(6));
    assert_eq!(owners.give(&all, MODEM, two), Err(Refused::Busy(Bdf::new(6, 0, 0))));
    assert_eq!(owners.note(&together(&all, SOUND), DomId::IO).len(), 6);
    assert_eq!(owners.of(DEEP), Some(DomId::IO));
    assert_eq!(owners.note(&together(&all, DEEP), DomId::IO), []);
    assert!(owners.give(&all, DEEP, two).is_ok());
    assert_eq!(owners.give(&all, Bdf::new(0x20, 0, 0), two), Err(Refused::NoDevice));
}

proptest! {
    /// With everything on that Xen turns on, no express function reaches another's memory unseen; and whatever is on, a request
    /// ends somewhere.
    #[test]
    fn with_access_control_the_iommu_sees_all_express_traffic(from in 0_usize..16, to in 0_usize..16, turn in any::<bool>()) {
        let mut all = machine(PCI_ACS_XEN);
        all.root_ports_turn = turn;
        let (from, to) = (all.nodes()[from], all.nodes()[to]);
        let express = |node: &sim_wasm::protocols::pci::topology::Node| node.bdf.bus() < 7 && node.kind == NodeKind::ENDPOINT;
        let before = route(&all, from.bdf, to.bdf);
        all.enable_acs();
        let after = route(&all, from.bdf, to.bdf);
        if from.bdf != to.bdf && express(&from) && express(&to) {
            prop_assert_eq!(after, Route::Iommu);
        }
        let turned = matches!(before, Route::Turned { .. });
        prop_assert!(before == after || turned);
    }

    /// At any time each ID has one owner, all IDs of one function have the same, and none goes from guest to guest.
    #[test]
    fn an_id_has_one_owner(steps in proptest::collection::vec((0_usize..16, 1_u16..4, any::<(bool, bool)>()), 1..40)) {
        let all = machine(0);
        let mut owners = Owners::new(&all);
        for (place, guest, (give, quarantine)) in steps {
            let (bdf, guest) = (all.nodes()[place].bdf, DomId(guest));
            let before = owners.clone();
            let to = if quarantine { DomId::IO } else { DomId::DOM0 };
            let has = owners.of(bdf) == Some(guest);
            let moved = match give {
                true => owners.give(&all, bdf, guest),
                false if has => Ok(owners.note(&together(&all, bdf), to)),
                false => Ok(Vec::new()),
            };
            prop_assert!(moved.is_ok() || owners == before);
            for rid in moved.into_iter().flatten() {
                let (old, new) = (before.of(rid).expect("it had one"), owners.of(rid).expect("it has one"));
                let free = |owner| owner == DomId::DOM0 || owner == DomId::IO;
                prop_assert!(free(old) != free(new), "{rid:?} from {old:?} to {new:?}");
            }
            for node in all.nodes().iter().filter(|node| node.kind == NodeKind::ENDPOINT) {
                for alias in all.aliases(node.bdf) {
                    prop_assert_eq!(owners.of(alias), owners.of(node.bdf));
                }
            }
        }
    }
}
