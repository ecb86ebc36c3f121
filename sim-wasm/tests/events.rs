//! Event channels against sets of ports, and the ways a notification may and may not be lost.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::{Strategy, prop_oneof};
use proptest::{prop_assert, proptest};
use sim_wasm::hypervisor::event_calls::Sent;
use sim_wasm::hypervisor::event_channel::Channel;
use sim_wasm::hypervisor::shared_info::{self, Raised, UpcallScan};
use sim_wasm::hypervisor::xen::{Errno, Limits, Xen};
use sim_wasm::words::ids::{DomId, Port, VcpuId};

const GUEST: DomId = DomId(1);
const DOMAINS: [DomId; 2] = [DomId::DOM0, GUEST];
const VCPU: VcpuId = VcpuId(0);

fn machine() -> Xen {
    let mut xen = Xen::new(20);
    for id in DOMAINS {
        let limits = Limits { vcpus: 2, ..Limits::default() };
        xen.create_domain_with(id, 1, limits).expect("there is room for two domains");
    }
    xen
}

/// A channel between the guest's port, which is opened first, and dom0's.
fn connected() -> (Xen, Port, Port) {
    let mut xen = machine();
    let front = xen.alloc_unbound(GUEST, DomId::DOM0).expect("ports are free");
    let (back, _) = xen.bind_interdomain(DomId::DOM0, GUEST, front).expect("the port waits for dom0");
    (xen, front, back)
}

fn raised(sent: Result<Sent, Errno>) -> Option<Raised> {
    match sent {
        Ok(Sent::Delivered { raised, .. }) => Some(raised),
        Ok(Sent::Dropped | Sent::Consumed { .. }) | Err(_) => None,
    }
}

/// Serves everything that waits at the domain, as its upcall does; tells the ports in order.
fn upcall(xen: &mut Xen, domain: DomId, scan: &mut UpcallScan) -> Vec<Port> {
    let mut served = Vec::new();
    let page = xen.shared_info_mut(domain);
    scan.begin(page);
    while let Some(port) = scan.next_port(page) {
        shared_info::ack(page, port);
        served.push(port);
        assert_eq!(shared_info::unmask(page, port, VCPU), None);
    }
    served
}

#[test]
fn many_sends_are_one_event() {
    let (mut xen, front, back) = connected();
    assert!(shared_info::is_pending(xen.shared_info(DomId::DOM0), back), "binding tells the binder to look");
    let mut scan = UpcallScan::new(VCPU);
    assert_eq!(upcall(&mut xen, DomId::DOM0, &mut scan), [back]);
    let sent = xen.send(GUEST, front).expect("the channel stands");
    assert_eq!(sent.upcall(), Some((DomId::DOM0, VCPU)));
    for _ in 0..5 {
        let sent = xen.send(GUEST, front);
        assert_eq!(raised(sent), Some(Raised::Coalesced));
        assert_eq!(sent.ok().and_then(Sent::upcall), None);
    }
    assert_eq!(upcall(&mut xen, DomId::DOM0, &mut scan), [back]);
    assert_eq!(upcall(&mut xen, DomId::DOM0, &mut scan), []);
}

#[test]
fn a_masked_port_calls_when_it_is_unmasked() {
    let (mut xen, front, back) = connected();
    let page = xen.shared_info_mut(GUEST);
    shared_info::mask_all(page);
    assert_eq!(raised(xen.send(DomId::DOM0, back)), Some(Raised::Masked));
    let page = xen.shared_info_mut(GUEST);
    assert!(!shared_info::is_upcall_pending(page, VCPU));
    assert_eq!(shared_info::unmask(page, front, VCPU), Some(Raised::Upcall));
    assert!(shared_info::is_upcall_pending(page, VCPU));
    assert_eq!(shared_info::unmask(page, front, VCPU), None);
}

/// An event that comes while the handler runs is raised again at its end.
#[test]
fn an_event_during_its_handler_is_kept() {
    let (mut xen, front, back) = connected();
    let mut scan = UpcallScan::new(VCPU);
    assert_eq!(raised(xen.send(DomId::DOM0, back)), Some(Raised::Upcall));
    let page = xen.shared_info_mut(GUEST);
    scan.begin(page);
    assert_eq!(scan.next_port(page), Some(front));
    shared_info::ack(page, front);
    assert_eq!(raised(xen.send(DomId::DOM0, back)), Some(Raised::Masked));
    let page = xen.shared_info_mut(GUEST);
    assert_eq!(scan.next_port(page), None);
    assert_eq!(shared_info::unmask(page, front, VCPU), Some(Raised::Upcall));
    assert_eq!(upcall(&mut xen, GUEST, &mut scan), [front]);
}

#[test]
fn a_send_before_anybody_has_bound_is_dropped_and_made_up_for() {
    let mut xen = machine();
    let front = xen.alloc_unbound(GUEST, DomId::DOM0).expect("ports are free");
    assert_eq!(xen.send(GUEST, front), Ok(Sent::Dropped));
    let (back, sent) = xen.bind_interdomain(DomId::DOM0, GUEST, front).expect("the port waits for dom0");
    assert_eq!(sent, Sent::Delivered { domain: DomId::DOM0, port: back, vcpu: VCPU, raised: Raised::Upcall });
}

#[test]
fn what_makes_no_sense_is_refused() {
    let (mut xen, front, back) = connected();
    assert_eq!(front, Port(1), "port 0 is never given out");
    for port in [Port(0), Port(2), Port(4096), Port(u32::MAX)] {
        assert_eq!(xen.send(GUEST, port), Err(Errno::Invalid));
        assert_eq!(xen.close(GUEST, port), Err(Errno::Invalid));
        assert_eq!(xen.bind_vcpu(GUEST, port, VCPU), Err(Errno::Invalid));
    }
    assert_eq!(xen.bind_interdomain(DomId::DOM0, GUEST, front).map(drop), Err(Errno::Invalid), "it is bound already");
    assert_eq!(xen.bind_interdomain(DomId::DOM0, DomId(9), front).map(drop), Err(Errno::NoSuchDomain));
    let mine = xen.alloc_unbound(GUEST, GUEST).expect("ports are free");
    assert_eq!(xen.bind_interdomain(DomId::DOM0, GUEST, mine).map(drop), Err(Errno::Invalid), "it waits for another");
    assert_eq!(xen.bind_vcpu(GUEST, front, VcpuId(2)), Err(Errno::Invalid));
    assert_eq!(xen.bind_vcpu(GUEST, front, VcpuId(1)), Ok(()));
    assert_eq!(xen.send(DomId::DOM0, back).ok().and_then(Sent::upcall), Some((GUEST, VcpuId(1))));
    assert_eq!(Errno::Invalid.code(), -22);
    while xen.alloc_unbound(GUEST, GUEST).is_ok() {}
    assert_eq!(xen.alloc_unbound(GUEST, GUEST), Err(Errno::NoSpace));
    assert_eq!(xen.close(GUEST, Port(4095)), Ok(()));
    assert_eq!(xen.alloc_unbound(GUEST, GUEST), Ok(Port(4095)));
}

/// A port that is always busy does not keep the others waiting.
#[test]
fn the_walk_goes_on_after_the_port_served_last() {
    let mut xen = machine();
    let ports: Vec<Port> = (0..70).map(|_| xen.alloc_unbound(GUEST, DomId::DOM0).expect("ports are free")).collect();
    let watched = [ports[0], ports[40], ports[69]];
    let senders = watched.map(|port| xen.bind_interdomain(DomId::DOM0, GUEST, port).expect("it waits for dom0").0);
    let mut scan = UpcallScan::new(VCPU);
    let mut served = Vec::new();
    for _ in 0..7 {
        for sender in senders {
            xen.send(DomId::DOM0, sender).expect("the channels stand");
        }
        let page = xen.shared_info_mut(GUEST);
        scan.begin(page);
        let port = scan.next_port(page).expect("three ports are pending");
        shared_info::clear_pending(page, port);
        served.push(port);
    }
    let [low, middle, high] = watched;
    assert_eq!(served, [low, middle, high, low, middle, high, low]);
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Alloc(usize),
    Bind(usize, u32),
    Send(usize, u32),
    Close(usize, u32),
    Mask(usize, u32),
    Unmask(usize, u32),
    Upcall(usize),
    Reset(usize),
}

/// Ports on both sides of the border between the first two words.
fn any_op() -> impl Strategy<Value = Op> {
    let port = || prop_oneof![1_u32..5, 62_u32..67];
    prop_oneof![
        10 => (0_usize..2).prop_map(Op::Alloc),
        30 => (0_usize..2, port()).prop_map(|(domain, port)| Op::Bind(domain, port)),
        60 => (0_usize..2, port()).prop_map(|(domain, port)| Op::Send(domain, port)),
        10 => (0_usize..2, port()).prop_map(|(domain, port)| Op::Close(domain, port)),
        10 => (0_usize..2, port()).prop_map(|(domain, port)| Op::Mask(domain, port)),
        20 => (0_usize..2, port()).prop_map(|(domain, port)| Op::Unmask(domain, port)),
        30 => (0_usize..2).prop_map(Op::Upcall),
        1 => (0_usize..2).prop_map(Op::Reset),
    ]
}

/// One domain's ports in sets. The peer of a port that nobody has bound to is nothing.
#[derive(Clone, Debug, Default)]
struct Ports {
    peers: BTreeMap<u32, Option<u32>>,
    pending: BTreeSet<u32>,
    masked: BTreeSet<u32>,
}

impl Ports {
    fn lowest_free(&self) -> u32 {
        (1..).find(|port| !self.peers.contains_key(port)).expect("the numbers do not end")
    }

    fn waiting(&self) -> BTreeSet<u32> {
        self.pending.difference(&self.masked).copied().collect()
    }
}

/// Each domain's ports only ever wait for the other domain.
fn play(xen: &mut Xen, model: &mut [Ports; 2], scans: &mut [UpcallScan; 2], op: Op) {
    match op {
        Op::Alloc(at) => {
            let port = model[at].lowest_free();
            assert_eq!(xen.alloc_unbound(DOMAINS[at], DOMAINS[1 - at]), Ok(Port(port)));
            model[at].peers.insert(port, None);
        }
        Op::Bind(at, remote_port) => {
            let bound = xen.bind_interdomain(DOMAINS[at], DOMAINS[1 - at], Port(remote_port));
            if model[1 - at].peers.get(&remote_port) == Some(&None) {
                let port = model[at].lowest_free();
                assert_eq!(bound.map(|(port, _)| port), Ok(Port(port)));
                model[at].peers.insert(port, Some(remote_port));
                model[at].pending.insert(port);
                model[1 - at].peers.insert(remote_port, Some(port));
            } else {
                assert_eq!(bound.map(drop), Err(Errno::Invalid));
            }
        }
        Op::Send(at, port) => {
            let sent = xen.send(DOMAINS[at], Port(port));
            match model[at].peers.get(&port).copied() {
                None => assert_eq!(sent, Err(Errno::Invalid)),
                Some(None) => assert_eq!(sent, Ok(Sent::Dropped)),
                Some(Some(peer)) => {
                    let nothing_waited = model[1 - at].waiting().is_empty();
                    let coalesced = !model[1 - at].pending.insert(peer);
                    assert_eq!(raised(sent) == Some(Raised::Coalesced), coalesced);
                    if nothing_waited && !model[1 - at].waiting().is_empty() {
                        let owed = matches!(raised(sent), Some(Raised::Upcall | Raised::UpcallOwed | Raised::Selected));
                        assert!(owed, "{sent:?}");
                    }
                }
            }
        }
        Op::Close(at, port) => {
            let closed = xen.close(DOMAINS[at], Port(port));
            let expect = if close(model, at, port) { Ok(()) } else { Err(Errno::Invalid) };
            assert_eq!(closed, expect);
        }
        Op::Mask(at, port) => {
            shared_info::mask(xen.shared_info_mut(DOMAINS[at]), Port(port));
            model[at].masked.insert(port);
        }
        Op::Unmask(at, port) => {
            let raised = shared_info::unmask(xen.shared_info_mut(DOMAINS[at]), Port(port), VCPU);
            let was_masked = model[at].masked.remove(&port);
            assert_eq!(raised.is_some(), was_masked && model[at].pending.contains(&port));
        }
        Op::Upcall(at) => {
            let served = upcall(xen, DOMAINS[at], &mut scans[at]);
            let expect = model[at].waiting();
            assert_eq!(served.len(), expect.len());
            assert_eq!(served.iter().map(|port| port.0).collect::<BTreeSet<u32>>(), expect);
            model[at].pending.retain(|port| !expect.contains(port));
        }
        Op::Reset(at) => {
            xen.reset_channels(DOMAINS[at]);
            let ports: Vec<u32> = model[at].peers.keys().copied().collect();
            assert!(ports.into_iter().all(|port| close(model, at, port)));
        }
    }
}

/// Whether there was a port to close. Who was at its other end waits for the closer to bind again.
fn close(model: &mut [Ports; 2], at: usize, port: u32) -> bool {
    let Some(peer) = model[at].peers.remove(&port) else { return false };
    model[at].pending.remove(&port);
    if let Some(peer) = peer {
        model[1 - at].peers.insert(peer, None);
    }
    true
}

fn check(xen: &Xen, model: &[Ports; 2]) {
    for (at, domain) in DOMAINS.into_iter().enumerate() {
        let page = xen.shared_info(domain);
        let channels = &xen.domain(domain).expect("the domain was made").channels;
        for port in 0..130 {
            assert_eq!(shared_info::is_pending(page, Port(port)), model[at].pending.contains(&port));
            assert_eq!(shared_info::is_masked(page, Port(port)), model[at].masked.contains(&port));
            let expect = match model[at].peers.get(&port) {
                None if port == 0 => Channel::Reserved,
                None => Channel::Free,
                Some(None) => Channel::Unbound { remote: DOMAINS[1 - at] },
                Some(Some(peer)) => Channel::Interdomain { remote: DOMAINS[1 - at], remote_port: Port(*peer) },
            };
            assert_eq!(channels.channel(Port(port)), expect);
        }
        let owed = shared_info::is_upcall_pending(page, VCPU);
        assert!(owed || model[at].waiting().is_empty(), "an event waits and nobody is going to look");
    }
}

proptest! {
    #[test]
    fn the_bits_say_what_the_sets_say(ops in proptest::collection::vec(any_op(), 1..80)) {
        let mut xen = machine();
        let mut model = [Ports::default(), Ports::default()];
        let mut scans = [UpcallScan::new(VCPU); 2];
        for _ in 0..64 {
            for at in 0..2 {
                play(&mut xen, &mut model, &mut scans, Op::Alloc(at));
            }
        }
        for op in ops {
            play(&mut xen, &mut model, &mut scans, op);
            check(&xen, &model);
        }
        for at in 0..2 {
            play(&mut xen, &mut model, &mut scans, Op::Upcall(at));
            prop_assert!(model[at].waiting().is_empty());
        }
    }
}
