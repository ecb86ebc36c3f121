//! Backends that break the rules: each generation notices, in its own way, and neither panics, loops or reuses a page that
//! somebody still has.

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sim_wasm::actors::handshake::Xmit;
use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::trouble::{Attack, Trouble};
use sim_wasm::actors::netfront::{Broken, FrontSettings, Netfront, Served};
use sim_wasm::hypervisor::grant_entry::Access;
use sim_wasm::protocols::netif::RxResponse;
use sim_wasm::words::ids::{DomId, GrantRef, Handle};

use crate::bench::{ALL, Bench, GUEST, PAGES, REFERENCES, Taken, VIF};
use crate::transmit::any_settings;

const BOTH: [FrontSettings; 2] = [FrontSettings::CLASSIC, FrontSettings::MODERN];

/// Checks that the driver gave up for that reason, said so, and does nothing more.
fn assert_gave_up(bench: &mut Bench, attack: Attack) {
    let classic = bench.front.settings().epoch == FrontSettings::CLASSIC.epoch;
    let (broken, trouble) = if classic {
        (Broken::Crashed(attack), Trouble::GuestCrashed { attack })
    } else {
        (Broken::Disabled(attack), Trouble::DeviceBroken { attack })
    };
    assert_eq!(bench.front.broken(), Some(broken));
    assert!(bench.log.entries().iter().any(|entry| entry.event == Event::Trouble(trouble)));
    let (events, stopped) = (bench.log.entries().len(), bench.front.is_stopped());
    let port = bench.offer.tx_port;
    assert_eq!(bench.interrupt(port), Served::Broken);
    assert!(!bench.call(Netfront::poll));
    assert_eq!(bench.log.entries().len(), events);
    if !stopped {
        assert_eq!(bench.send(1), Xmit::Dropped);
    }
}

/// Lets go of what the backend has of the rings, and connects anew.
fn start_again(bench: &mut Bench) -> bool {
    bench.detach();
    bench.call(Netfront::disconnect);
    bench.reattach(ALL)
}

/// A modern driver that gave up works again once it is set up again; a crashed guest never does.
fn assert_recovers(mut bench: Bench, kept: Vec<Handle>) {
    let crashed = matches!(bench.front.broken(), Some(Broken::Crashed(_)));
    let connected = start_again(&mut bench);
    assert_eq!(connected, !crashed);
    if crashed {
        return;
    }
    assert_eq!(bench.send(2), Xmit::Sent);
    let slots = bench.take().expect("it was sent").slots;
    for slot in slots {
        if bench.answer(slot, 0) {
            bench.interrupt(bench.offer.tx_port);
        }
    }
    for handle in kept {
        bench.xen.unmap_grant_ref(DomId::DOM0, handle).expect("the backend kept it");
    }
    for _ in 0..60 {
        bench.call(Netfront::deferred_timer);
    }
    let front = &bench.front;
    assert_eq!((front.outstanding(), front.waiting_grants(), bench.skbs.alive()), (0, 0, 0));
    assert_eq!(front.free_references(), REFERENCES - 2 - front.posted_buffers());
    assert_eq!(bench.skbs.free_pages() + front.posted_buffers() + front.waiting_pages(), PAGES - 2);
}

#[test]
fn responses_beyond_what_was_sent() {
    for settings in BOTH {
        for ahead in [1, 2, 256, 257, 0x8000_0000, u32::MAX] {
            let mut bench = Bench::new(settings);
            let base = bench.tx.rsp_prod;
            bench.tx.page_mut(&mut bench.xen).write_u32(8, base.wrapping_add(ahead));
            let port = bench.offer.tx_port;
            assert_eq!(bench.interrupt(port), Served::Broken, "{ahead}");
            assert_gave_up(&mut bench, Attack::ForgedProducer);
            assert_recovers(bench, Vec::new());
        }
    }
}

#[test]
fn received_packets_beyond_what_was_posted() {
    for settings in BOTH {
        let mut bench = Bench::new(settings);
        let posted = bench.front.posted_buffers();
        bench.rx.page_mut(&mut bench.xen).write_u32(8, posted + 1);
        bench.receive();
        assert_gave_up(&mut bench, Attack::ForgedProducer);
        assert_recovers(bench, Vec::new());
    }
}

/// The modern driver remembers how many responses it knows of.
#[test]
fn received_packets_that_are_taken_back() {
    let mut bench = Bench::new(FrontSettings::MODERN);
    bench.fill(0, &[1; 60], 0);
    let port = bench.offer.rx_port;
    assert_eq!(bench.interrupt(port), Served::Work);
    assert_eq!(bench.interrupt(port), Served::Nothing, "they are known");
    bench.rx.page_mut(&mut bench.xen).write_u32(8, 0);
    assert_eq!(bench.interrupt(port), Served::Broken);
    assert_gave_up(&mut bench, Attack::ForgedProducer);
}

#[test]
fn answers_to_what_was_not_asked() {
    for settings in BOTH {
        // The same id twice, one beyond all ids, and one that is free.
        for id in [settings.epoch.first_id(), 257, u16::MAX, 200] {
            let mut bench = Bench::new(settings);
            (0..3).for_each(|_| assert_eq!(bench.send(1), Xmit::Sent));
            let slot = bench.take().expect("three were sent").slots[0];
            bench.answer(slot, 0);
            let [i0, i1] = id.to_le_bytes();
            bench.tx.respond(&mut bench.xen, &[i0, i1, 0, 0]);
            let port = bench.offer.tx_port;
            assert_eq!(bench.interrupt(port), Served::Broken, "{id}");
            assert_gave_up(&mut bench, Attack::ForgedResponse);
            assert_recovers(bench, Vec::new());
        }
    }
}

/// XSA-396: the page is answered and still mapped. It must not be used again.
#[test]
fn a_page_that_was_answered_and_is_still_mapped() {
    for settings in BOTH {
        let mut bench = Bench::new(settings);
        assert_eq!(bench.send(1), Xmit::Sent);
        let Taken::Data(request, handle) = bench.take().expect("it was sent").slots[0] else { panic!("no extra info") };
        let [i0, i1] = request.id.to_le_bytes();
        bench.tx.respond(&mut bench.xen, &[i0, i1, 0, 0]);
        let port = bench.offer.tx_port;
        assert_eq!(bench.interrupt(port), Served::Broken);
        assert_gave_up(&mut bench, Attack::KeptMapping);
        assert_eq!(bench.skbs.alive(), 1, "the packet keeps its page");
        assert_recovers(bench, vec![handle]);
    }
}

#[test]
fn a_buffer_that_was_answered_and_is_still_mapped() {
    for settings in BOTH {
        let mut bench = Bench::new(settings);
        bench.fill(0, &[1; 2000], 4);
        let request = bench.next_buffer().expect("buffers are posted");
        let mapped = bench.xen.map_grant_ref(DomId::DOM0, GUEST, request.gref, Access::ReadWrite);
        let handle = mapped.expect("a posted buffer is granted").handle;
        bench.say(RxResponse { id: request.id, offset: 0, flags: 0, status: 100 });
        assert!(bench.receive().is_empty());
        assert_gave_up(&mut bench, Attack::KeptMapping);
        assert_recovers(bench, vec![handle]);
    }
}

/// A backend that goes and keeps pages mapped: the modern guest waits for them, the classic one loses them. Nobody gets
/// them in the meantime.
#[test]
fn pages_that_a_lost_backend_keeps() {
    for settings in BOTH {
        let mut bench = Bench::new(settings);
        assert_eq!(bench.send(3), Xmit::Sent);
        let slots = bench.take().expect("it was sent").slots;
        let buffer = bench.next_buffer().expect("buffers are posted");
        let mapped = bench.xen.map_grant_ref(DomId::DOM0, GUEST, buffer.gref, Access::ReadWrite);
        let kept: Vec<Handle> = slots
            .into_iter()
            .filter_map(|slot| match slot {
                Taken::Data(_, handle) => Some(handle),
                Taken::Extra(_) => None,
            })
            .chain(mapped.map(|mapped| mapped.handle))
            .collect();
        assert!(start_again(&mut bench));
        assert_eq!((bench.front.counters().stuck_grants, bench.skbs.alive()), (4, 3));
        let waiting = if settings == FrontSettings::CLASSIC { 0 } else { 4 };
        assert_eq!(bench.front.waiting_grants(), waiting);
        if waiting > 0 {
            bench.call(Netfront::deferred_timer);
            assert_eq!(bench.front.waiting_grants(), waiting);
            assert_recovers(bench, kept);
        } else {
            let posted = bench.front.posted_buffers();
            assert_eq!(bench.front.free_references(), REFERENCES - 2 - posted - 4);
            assert_eq!(bench.skbs.free_pages() + posted + bench.front.waiting_pages(), PAGES - 2 - 3 - 1);
        }
    }
}

/// A ring that the backend keeps mapped is replaced.
#[test]
fn rings_that_a_lost_backend_keeps() {
    for settings in BOTH {
        let mut bench = Bench::new(settings);
        let old = (bench.tx, bench.rx);
        bench.call(Netfront::disconnect);
        assert!(bench.reattach(ALL));
        assert_eq!(bench.front.counters().stuck_grants, 2);
        assert_eq!(bench.send(1), Xmit::Sent);
        assert_eq!((old.0.req_prod(&bench.xen), bench.tx.req_prod(&bench.xen)), (0, 1));
    }
}

/// XSA-391: events without work are counted, and cost nothing else. XSA-465: without rings there is nothing to look at.
#[test]
fn events_without_work_and_without_rings() {
    for settings in BOTH {
        let mut bench = Bench::new(settings);
        let events = bench.log.entries().len();
        let ports = [bench.offer.tx_port, bench.offer.rx_port];
        for at in 0..1000 {
            assert_eq!(bench.interrupt(ports[at % 2]), Served::Nothing);
        }
        bench.detach();
        bench.call(Netfront::disconnect);
        for at in 0..1000 {
            assert_eq!(bench.interrupt(ports[at % 2]), Served::Nothing);
            assert!(!bench.call(Netfront::poll));
        }
        assert_eq!((bench.front.counters().spurious, bench.log.entries().len()), (2000, events));
        assert_eq!(bench.send(1), Xmit::Dropped);
    }
}

#[derive(Clone, Debug)]
enum Op {
    /// Writes anywhere into one of the rings' pages.
    Scribble {
        tx: bool,
        at: u16,
        bytes: Vec<u8>,
    },
    /// Publishes so many responses, whatever lies there.
    Publish {
        tx: bool,
        count: u32,
    },
    /// Writes a response that looks almost right, and publishes it.
    Answer {
        id: u16,
        status: i16,
    },
    Receive {
        offset: u16,
        status: i16,
        flags: u16,
    },
    /// Maps what a request or a response names, or anything, and keeps it.
    Map {
        gref: u32,
    },
    Unmap,
    Send {
        slots: usize,
    },
    Interrupt {
        tx: bool,
    },
    Poll,
    Refill,
    Deferred,
    Restart,
}

fn any_op() -> impl Strategy<Value = Op> {
    let at = prop_oneof![3 => (0_u16..4).prop_map(|field| field * 4), 2 => 16_u16..4096];
    let count = prop_oneof![6 => 1_u32..4, 2 => 0_u32..300, 1 => any::<u32>()];
    let id = prop_oneof![6 => 0_u16..8, 1 => any::<u16>()];
    let status = prop_oneof![3 => Just(0), 2 => -2_i16..=1, 1 => any::<i16>(), 3 => 0_i16..2000];
    let scribble = (any::<bool>(), at, proptest::collection::vec(any::<u8>(), 1..13));
    prop_oneof![
        2 => scribble.prop_map(|(tx, at, bytes)| Op::Scribble { tx, at, bytes }),
        3 => (any::<bool>(), count).prop_map(|(tx, count)| Op::Publish { tx, count }),
        6 => (id, status.clone()).prop_map(|(id, status)| Op::Answer { id, status }),
        8 => (0_u16..3000, status, 0_u16..16).prop_map(|(offset, status, flags)| Op::Receive { offset, status, flags }),
        2 => prop_oneof![4 => 8_u32..24, 4 => 264_u32..280, 1 => any::<u32>()].prop_map(|gref| Op::Map { gref }),
        1 => Just(Op::Unmap),
        8 => (1_usize..22).prop_map(|slots| Op::Send { slots }),
        8 => any::<bool>().prop_map(|tx| Op::Interrupt { tx }),
        6 => Just(Op::Poll),
        1 => Just(Op::Refill),
        1 => Just(Op::Deferred),
        1 => Just(Op::Restart),
    ]
}

fn apply(bench: &mut Bench, op: Op, kept: &mut Vec<Handle>) {
    let half = |bench: &Bench, tx| if tx { bench.tx } else { bench.rx };
    match op {
        Op::Scribble { tx, at, bytes } => {
            let room = 4096 - usize::from(at);
            let bytes = &bytes[..bytes.len().min(room)];
            half(bench, tx).page_mut(&mut bench.xen).write(usize::from(at), bytes);
        }
        Op::Publish { tx, count } => {
            let page = half(bench, tx).page_mut(&mut bench.xen);
            let prod = page.read_u32(8).wrapping_add(count);
            page.write_u32(8, prod);
        }
        Op::Answer { id, status } => {
            let ([i0, i1], [s0, s1]) = (id.to_le_bytes(), status.to_le_bytes());
            bench.tx.respond(&mut bench.xen, &[i0, i1, s0, s1]);
        }
        Op::Receive { offset, status, flags } => {
            bench.say(RxResponse { id: 0, offset, flags, status });
        }
        Op::Map { gref } => {
            for access in [Access::ReadWrite, Access::ReadOnly] {
                if let Ok(mapped) = bench.xen.map_grant_ref(DomId::DOM0, GUEST, GrantRef(gref), access) {
                    kept.push(mapped.handle);
                }
            }
        }
        Op::Unmap => {
            for handle in kept.drain(..) {
                bench.xen.unmap_grant_ref(DomId::DOM0, handle).expect("the backend kept it");
            }
        }
        Op::Send { slots } => {
            if let Some((skb, _)) = bench.packet(&vec![(0, 100); slots], 1)
                && let Xmit::Busy(skb) = bench.call(|front, k| front.start_xmit(k, skb))
            {
                bench.skbs.free(skb);
            }
        }
        Op::Interrupt { tx } => {
            let port = if tx { bench.offer.tx_port } else { bench.offer.rx_port };
            bench.interrupt(port);
        }
        Op::Poll => {
            for skb in bench.receive() {
                bench.skbs.free(skb);
            }
        }
        Op::Refill => bench.call(Netfront::refill_timer),
        Op::Deferred => bench.call(Netfront::deferred_timer),
        Op::Restart => {
            if !matches!(bench.front.broken(), Some(Broken::Crashed(_))) {
                start_again(bench);
            }
        }
    }
}

proptest! {
    /// Whatever a backend writes into the rings, publishes, maps and rings for: no panic, no work beyond what is under way, and
    /// every page is free, posted, in a packet, or in a grant that somebody still has.
    #[test]
    fn no_backend_breaks_more_than_its_own_device(
        settings in any_settings(),
        ops in proptest::collection::vec(any_op(), 1..200),
    ) {
        let mut bench = Bench::new(settings);
        let mut kept = Vec::new();
        for op in ops {
            let before = bench.front.counters().responses;
            let under_way = u64::from(bench.front.outstanding() + bench.front.posted_buffers());
            apply(&mut bench, op, &mut kept);
            let counters = bench.front.counters();
            prop_assert!(counters.responses - before <= under_way + 256);
            prop_assert!(bench.front.outstanding() <= 256 && bench.front.posted_buffers() <= 256);
            bench.asks.clear();
        }
        if matches!(bench.front.broken(), Some(Broken::Crashed(_))) {
            return Ok(());
        }
        apply(&mut bench, Op::Unmap, &mut kept);
        start_again(&mut bench);
        for _ in 0..200 {
            bench.call(Netfront::deferred_timer);
        }
        let front = &bench.front;
        prop_assert!(front.is_up() && front.vif() == VIF);
        let classic = settings.epoch == FrontSettings::CLASSIC.epoch;
        let lost = if classic { front.counters().stuck_grants as u32 } else { 0 };
        prop_assert_eq!(front.waiting_grants(), 0);
        prop_assert_eq!(front.free_references() + front.posted_buffers() + 2 + lost, REFERENCES);
        if lost == 0 {
            prop_assert_eq!(bench.skbs.alive(), 0);
            let posted = front.posted_buffers() + front.waiting_pages();
            prop_assert_eq!(bench.skbs.free_pages() + posted, PAGES - 2);
        }
    }
}
