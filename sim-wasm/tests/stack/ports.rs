//! The stack: which ports a packet leaves by, and where it waits until it does.

use sim_wasm::actors::bridge::BridgePort::{Card, Local};
use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::stack::Stack as Told;
use sim_wasm::actors::netfilter::{Filter, Match, Rule, Verdict};
use sim_wasm::actors::stack::{StackSettings, TapSettings};
use sim_wasm::words::ids::Mac;
use sim_wasm::words::time::Time;

use crate::dom0::{A, B, C, Dom0, OUTSIDE, OWN, guest, ignore, receivers, stack};

#[test]
fn a_packet_leaves_by_the_ports_that_it_is_meant_for() {
    for (from, source, to, expect) in [
        (A, guest(0), OUTSIDE, vec![Card]),
        (A, guest(0), guest(1), vec![B]),
        (A, guest(0), guest(0), vec![]),
        (A, guest(0), OWN, vec![Local]),
        (A, guest(0), guest(77), vec![Card, B, C]),
        (A, guest(0), Mac::BROADCAST, vec![Card, B, C, Local]),
        (Card, OUTSIDE, guest(2), vec![C]),
        (Card, OUTSIDE, Mac::BROADCAST, vec![A, B, C, Local]),
        (Local, OWN, guest(1), vec![B]),
        (Local, OWN, Mac::BROADCAST, vec![Card, A, B, C]),
    ] {
        let mut dom0 = Dom0::new();
        let mut stack = stack(StackSettings::default());
        let skb = dom0.packet(to, source, 1);
        stack.receive_skb(&mut dom0.kernel(), from, skb, &mut ignore);
        let copies = expect.len().saturating_sub(1) as u64;
        assert_eq!(stack.counters().copies, copies, "{from:?} to {to:?}");
        assert_eq!(dom0.skbs.alive() as usize, expect.len(), "{from:?} to {to:?}");
        assert_eq!(receivers(&mut stack), expect, "{from:?} to {to:?}");
    }
}

#[test]
fn the_backlog_takes_a_thousand_and_one() {
    let mut dom0 = Dom0::new();
    let mut stack = stack(StackSettings::default());
    for number in 0..1003 {
        let skb = dom0.packet(OUTSIDE, guest(0), 0);
        assert_eq!(stack.netif_rx(&mut dom0.kernel(), A, skb), number == 0);
    }
    assert_eq!((stack.backlog(), stack.counters().backlog_dropped, dom0.skbs.alive()), (1001, 2, 1001));
    assert!(dom0.events().iter().all(|event| *event == Event::Stack(Told::BacklogOverflowed { bytes: 14 })));
    // 64 a run.
    let mut runs = 1;
    while stack.softirq(&mut dom0.kernel(), &mut ignore) {
        runs += 1;
    }
    assert_eq!((runs, stack.waiting(Card)), (16, 1000));
    assert_eq!(stack.port_counters(Card).dropped, 1);
}

#[test]
fn a_stopped_vif_keeps_a_broadcast_until_its_queue_is_full() {
    let mut dom0 = Dom0::new();
    let mut stack = stack(StackSettings::default());
    stack.stop(B);
    for _ in 0..40 {
        let skb = dom0.packet(Mac::BROADCAST, guest(0), 1);
        stack.receive_skb(&mut dom0.kernel(), A, skb, &mut ignore);
        for port in [Card, B, C, Local] {
            while let Some(clone) = stack.dequeue(port) {
                dom0.skbs.free(clone);
            }
        }
    }
    // 32 of 40 are still pinned, by clones in one queue; 8 found it full.
    assert_eq!((stack.waiting(B), stack.port_counters(B).dropped, dom0.skbs.alive()), (32, 8, 32));
    assert_eq!(std::iter::from_fn(|| dom0.skbs.take_unpinned()).count(), 8);
    assert!(!stack.has_work(B));
    stack.wake(B);
    assert!(stack.has_work(B));
}

#[test]
fn filters_drop_by_port_and_a_flood_port_by_port() {
    let mut dom0 = Dom0::new();
    let only = |port| Match::Port(port);
    let rule = |from, to| Rule { from, to, verdict: Verdict::Drop };
    let filter = Filter { rules: vec![rule(only(A), only(B)), rule(only(A), only(Card))], policy: Verdict::Accept };
    let mut stack = stack(StackSettings { filter, ..StackSettings::default() });
    let skb = dom0.packet(Mac::BROADCAST, guest(0), 0);
    stack.receive_skb(&mut dom0.kernel(), A, skb, &mut ignore);
    assert_eq!(receivers(&mut stack), [C, Local]);
    assert_eq!((stack.counters().filtered, stack.counters().copies), (2, 3));
    stack.set_filter(Filter::DROP);
    let skb = dom0.packet(OUTSIDE, guest(0), 0);
    stack.receive_skb(&mut dom0.kernel(), A, skb, &mut ignore);
    assert_eq!((receivers(&mut stack), dom0.events().last()), (vec![], Some(&Event::PacketDropped { bytes: 14 })));
}

#[test]
fn a_tap_keeps_a_clone_until_it_was_read() {
    let mut dom0 = Dom0::new();
    let mut stack = stack(StackSettings::default());
    stack.set_tap(&mut dom0.kernel(), Card, Some(TapSettings { hold: 1000, limit: 2 }));
    for number in 0..3 {
        dom0.now = Time(number);
        let skb = dom0.packet(OUTSIDE, guest(0), 1);
        let mut orphaned = Vec::new();
        stack.receive_skb(&mut dom0.kernel(), A, skb, &mut |_, skb| orphaned.push(skb));
        assert_eq!(orphaned, if number < 2 { vec![skb] } else { vec![] });
        let sent = stack.dequeue(Card).expect("it waits for the card");
        dom0.skbs.free(sent);
    }
    assert_eq!((stack.tapped(Card), stack.port_counters(Card).tap_missed, dom0.skbs.alive()), (2, 1, 2));
    assert_eq!(stack.taps_due(), Some(Time(1000)));
    dom0.now = Time(1000);
    stack.free_taps(&mut dom0.kernel());
    assert_eq!((stack.taps_due(), dom0.skbs.alive()), (Some(Time(1001)), 1));
    stack.set_tap(&mut dom0.kernel(), Card, None);
    assert_eq!((stack.taps_due(), dom0.skbs.alive()), (None, 0));
}

#[test]
fn a_port_takes_what_waits_with_it() {
    let mut dom0 = Dom0::new();
    let mut stack = stack(StackSettings::default());
    for (from, source, to) in [(A, guest(0), guest(1)), (B, guest(1), guest(0))] {
        let skb = dom0.packet(to, source, 0);
        stack.receive_skb(&mut dom0.kernel(), from, skb, &mut ignore);
    }
    let late = dom0.packet(OUTSIDE, guest(1), 0);
    assert!(stack.netif_rx(&mut dom0.kernel(), B, late));
    stack.remove_port(&mut dom0.kernel(), B);
    assert_eq!((stack.counters().flushed, dom0.skbs.alive()), (1, 2));
    // What it had left on the backlog has no interface any more.
    stack.softirq(&mut dom0.kernel(), &mut ignore);
    assert_eq!((stack.counters().not_forwarded, dom0.skbs.alive()), (1, 1));
    // Its address is forgotten: the packet is flooded.
    let skb = dom0.packet(guest(1), guest(0), 0);
    stack.receive_skb(&mut dom0.kernel(), A, skb, &mut ignore);
    assert_eq!(receivers(&mut stack), [Card, A, C]);
    // A port without a carrier gets nothing.
    stack.set_carrier(&mut dom0.kernel(), C, false);
    let skb = dom0.packet(guest(1), guest(0), 0);
    stack.receive_skb(&mut dom0.kernel(), A, skb, &mut ignore);
    assert_eq!(receivers(&mut stack), [Card]);
}

#[test]
fn a_port_takes_no_more_than_its_mtu() {
    let mut dom0 = Dom0::new();
    let mut stack = stack(StackSettings { mtu: Some(1500), ..StackSettings::default() });
    for (len, gso, passes) in [(1514, 0, true), (1515, 0, false), (1515, 1460, true)] {
        let skb = dom0.packet(OUTSIDE, guest(0), 0);
        let data = dom0.skbs.get_mut(skb);
        (data.len, data.gso.size) = (len, gso);
        stack.receive_skb(&mut dom0.kernel(), A, skb, &mut ignore);
        assert_eq!(stack.dequeue(Card).is_some(), passes, "{len}");
    }
}
