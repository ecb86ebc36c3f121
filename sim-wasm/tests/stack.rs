//! dom0's stack and its card: packets are neither lost nor doubled without a count that says so, queues keep their order and
//! their limits, and descriptors add up.

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sim_wasm::actors::bridge::BridgePort::{self, Card, Local, Vif};
use sim_wasm::actors::handshake::Xmit;
use sim_wasm::actors::kernel::{Ask, Kernel};
use sim_wasm::actors::log::stack::Stack as Told;
use sim_wasm::actors::log::{Event, Log};
use sim_wasm::actors::netfilter::{Filter, Match, Rule, Verdict};
use sim_wasm::actors::nic::{CardSettings, Moderation, Nic};
use sim_wasm::actors::qdisc::Priority;
use sim_wasm::actors::skb::{Frag, FragPage, MAX_SKB_FRAGS, SkbId, Skbs};
use sim_wasm::actors::stack::{DeviceQueue, Stack, StackSettings, TapSettings, VIF_QUEUE_LEN};
use sim_wasm::hypervisor::xen::Xen;
use sim_wasm::words::ids::{DomId, Mac, Pfn, VifId};
use sim_wasm::words::time::Time;

const OWN: Mac = Mac([0x00, 0x16, 0x3E, 0xFF, 0, 0]);
const OUTSIDE: Mac = Mac([0x00, 0x1B, 0x21, 0, 0, 1]);
const A: BridgePort = Vif(VifId(0));
const B: BridgePort = Vif(VifId(1));
const C: BridgePort = Vif(VifId(2));

/// dom0 with nothing but its packets.
struct Dom0 {
    xen: Xen,
    skbs: Skbs,
    log: Log,
    asks: Vec<Ask>,
    now: Time,
}

impl Dom0 {
    fn new() -> Dom0 {
        let mut xen = Xen::new(16);
        xen.create_domain(DomId::DOM0, 4).expect("there is room for dom0");
        Dom0 { xen, skbs: Skbs::new(DomId::DOM0, Vec::new()), log: Log::new(), asks: Vec::new(), now: Time::ZERO }
    }

    fn kernel(&mut self) -> Kernel<'_> {
        let Dom0 { xen, skbs, log, asks, now } = self;
        Kernel { xen, skbs, now: *now, log, asks }
    }

    /// A packet whose head is the Ethernet header; `foreign` pages of a guest follow it.
    fn packet(&mut self, to: Mac, from: Mac, foreign: u16) -> SkbId {
        let skb = self.skbs.alloc();
        let data = self.skbs.get_mut(skb);
        data.head.extend_from_slice(&to.0);
        data.head.extend_from_slice(&from.0);
        data.head.extend_from_slice(&[8, 0]);
        data.len = 14 + u32::from(foreign) * 100;
        for pending in 0..foreign {
            let page = FragPage::Foreign { host: Pfn(2), vif: VifId(0), pending };
            data.push_frag(Frag { page, offset: 0, size: 100 });
        }
        skb
    }

    fn events(&self) -> Vec<Event> {
        self.log.entries().iter().map(|entry| entry.event).collect()
    }
}

fn guest(number: u16) -> Mac {
    Mac::of_guest(VifId(number))
}

fn stack(settings: StackSettings) -> Stack {
    let mut stack = Stack::new(StackSettings { local: Some(OWN), ..settings });
    stack.add_port(Card, 1000);
    for vif in [A, B, C] {
        stack.add_port(vif, VIF_QUEUE_LEN);
    }
    stack.add_port(Local, 1000);
    for (port, address) in [(A, guest(0)), (B, guest(1)), (C, guest(2)), (Card, OUTSIDE)] {
        stack.learn(Time::ZERO, port, address);
    }
    stack
}

fn ignore(_: &mut Kernel<'_>, _: SkbId) {}

/// Every port that a packet comes out of.
fn receivers(stack: &mut Stack) -> Vec<BridgePort> {
    [Card, A, B, C, Local].into_iter().filter(|&port| stack.dequeue(port).is_some()).collect()
}

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
fn a_lone_packet_tells_what_it_always_told() {
    let mut dom0 = Dom0::new();
    let mut stack = stack(StackSettings::default());
    let mut nic = Nic::new(CardSettings { transmit: Moderation::after(50), ..CardSettings::e1000(1000) });
    let skb = dom0.packet(OUTSIDE, guest(0), 2);
    let k = &mut dom0.kernel();
    assert!(stack.netif_rx(k, A, skb));
    assert!(!stack.softirq(k, &mut ignore));
    stack.qdisc_run(k, Card, |k, skb| {
        (nic.xmit_frame(k, skb).map_or_else(Xmit::Busy, |()| Xmit::Sent), DeviceQueue::Runs)
    });
    assert_eq!((nic.begin(), nic.begin()), (Some(214 * 8), None));
    assert_eq!(nic.finish(k).interrupt, Some(Time(50)));
    k.now = Time(50);
    assert!(k.skbs.get(skb).dma_mapped && !nic.clean_tx_irq(k) && k.skbs.take_unpinned().is_some());
    assert_eq!(
        dom0.events(),
        [
            Event::PacketForwarded,
            Event::DescriptorsPosted { count: 3 },
            Event::PacketSent { bytes: 214, nanos: 1712 },
            Event::TransmitDone,
        ]
    );
    assert_eq!(dom0.log.steps(), 4);
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

#[test]
fn a_card_stops_its_queue_and_lets_it_run_again() {
    // The number of packets with two descriptors each after which the queue stops, and how many have to leave.
    for (settings, stops_after, wakes_after) in
        [(CardSettings::e1000(1000), 119, 7), (CardSettings::tg3(1000), 246, 55)]
    {
        let mut dom0 = Dom0::new();
        let mut nic = Nic::new(settings);
        let mut posted = 0;
        while !nic.is_stopped() {
            let skb = dom0.packet(OUTSIDE, guest(0), 1);
            nic.xmit_frame(&mut dom0.kernel(), skb).expect("a queue that runs has room for every packet");
            posted += 1;
        }
        assert_eq!(posted, stops_after);
        let mut left = 0;
        let woken = loop {
            nic.begin().expect("packets are left");
            nic.finish(&mut dom0.kernel());
            left += 1;
            if nic.clean_tx_irq(&mut dom0.kernel()) {
                break left;
            }
        };
        assert_eq!(woken, wakes_after);
        assert!(!nic.is_stopped());
    }
}

#[test]
fn a_stalled_card_finishes_one_packet_and_fetches_no_other() {
    let mut dom0 = Dom0::new();
    let mut nic = Nic::new(CardSettings::e1000(1000));
    for _ in 0..2 {
        let skb = dom0.packet(OUTSIDE, guest(0), 0);
        nic.xmit_frame(&mut dom0.kernel(), skb).expect("the ring is empty");
    }
    assert_eq!(nic.begin(), Some(112));
    nic.stall(&mut dom0.kernel());
    nic.stall(&mut dom0.kernel());
    nic.finish(&mut dom0.kernel());
    assert_eq!((nic.begin(), nic.in_ring()), (None, 1));
    nic.resume(&mut dom0.kernel());
    assert_eq!(nic.begin(), Some(112));
    let told = |which| dom0.events().iter().filter(|event| **event == Event::Stack(which)).count();
    assert_eq!((told(Told::CardStalled), told(Told::CardResumed)), (1, 1));
}

#[test]
fn the_receive_ring_has_so_many_buffers() {
    let mut dom0 = Dom0::new();
    let receive = Moderation { delay: 100, packets: 3 };
    let mut nic = Nic::new(CardSettings { receive, receive_descriptors: 4, ..CardSettings::e1000(1000) });
    let mut interrupts = Vec::new();
    for number in 0..6 {
        dom0.now = Time(number);
        let arrival = nic.receive(&mut dom0.kernel(), &[number as u8; 60]);
        interrupts.extend(arrival.and_then(|arrival| arrival.interrupt));
    }
    assert_eq!(interrupts, [Time(100), Time(2)]);
    assert_eq!((nic.counters().received, nic.counters().missed, nic.uncollected()), (4, 2, 4));
    assert!(!nic.receive_irq(Time(1)) && nic.receive_irq(Time(5)) && !nic.receive_irq(Time(100)));
    let first = nic.take_received().expect("four wait");
    assert_eq!((dom0.skbs.get(first).head.as_slice(), dom0.skbs.get(first).len), ([0; 60].as_slice(), 60));
}

/// What a property does to the stack.
#[derive(Clone, Copy, Debug)]
enum Command {
    Arrive(BridgePort, Mac, Mac, u16),
    Poll(BridgePort, Mac, Mac, u16),
    Send(Mac, u8),
    Softirq,
    Dequeue(BridgePort),
    Refuse(BridgePort),
    Stop(BridgePort),
    Wake(BridgePort),
    Carrier(BridgePort, bool),
    Remove(BridgePort),
    Add(BridgePort, u32),
    Tap(BridgePort, Option<TapSettings>),
    FreeTaps,
    Filter(u8),
    Wait(u64),
}

fn command() -> impl Strategy<Value = Command> {
    let port = || prop_oneof![4 => (0_u16..4).prop_map(|vif| Vif(VifId(vif))), 2 => Just(Card), 1 => Just(Local)];
    let outer = || prop_oneof![3 => (0_u16..4).prop_map(|vif| Vif(VifId(vif))), 1 => Just(Card)];
    let mac = || {
        prop_oneof![
            4 => (0_u16..4).prop_map(guest),
            2 => Just(Mac::BROADCAST),
            1 => Just(OUTSIDE),
            1 => Just(OWN),
            1 => any::<[u8; 6]>().prop_map(Mac),
        ]
    };
    let tap = (1_u64..400, 0_u32..4).prop_map(|(hold, limit)| TapSettings { hold, limit });
    prop_oneof![
        8 => (outer(), mac(), mac(), 0_u16..3).prop_map(|(port, to, from, foreign)| Command::Arrive(port, to, from, foreign)),
        4 => (outer(), mac(), mac(), 0_u16..3).prop_map(|(port, to, from, foreign)| Command::Poll(port, to, from, foreign)),
        2 => (mac(), any::<u8>()).prop_map(|(to, priority)| Command::Send(to, priority)),
        6 => Just(Command::Softirq),
        6 => port().prop_map(Command::Dequeue),
        2 => port().prop_map(Command::Refuse),
        1 => port().prop_map(Command::Stop),
        2 => port().prop_map(Command::Wake),
        1 => (port(), any::<bool>()).prop_map(|(port, carrier)| Command::Carrier(port, carrier)),
        1 => port().prop_map(Command::Remove),
        2 => (port(), 1_u32..4).prop_map(|(port, queue_len)| Command::Add(port, queue_len)),
        1 => (port(), proptest::option::of(tap)).prop_map(|(port, settings)| Command::Tap(port, settings)),
        2 => Just(Command::FreeTaps),
        1 => (0_u8..4).prop_map(Command::Filter),
        2 => (1_u64..200).prop_map(Command::Wait),
    ]
}

/// A stack, and what a property knows of its packets.
struct Watched {
    dom0: Dom0,
    stack: Stack,
    made: u64,
    taken: u64,
    orphans: u64,
}

impl Watched {
    fn new() -> Watched {
        let settings = StackSettings { backlog: 6, weight: 3, ageing: 500, ..StackSettings::default() };
        Watched { dom0: Dom0::new(), stack: stack(settings), made: 0, taken: 0, orphans: 0 }
    }

    fn packet(&mut self, to: Mac, from: Mac, foreign: u16) -> SkbId {
        self.made += 1;
        self.dom0.packet(to, from, foreign)
    }

    fn obey(&mut self, command: Command) {
        let mut orphans = 0;
        // A guest's pages are given up before there is a clone that points to them.
        let mut orphan = |k: &mut Kernel<'_>, skb: SkbId| {
            orphans += 1;
            let data = k.skbs.get(skb);
            assert!(data.dataref() == 1 || !data.has_foreign());
            for frag in k.skbs.get_mut(skb).frags_mut() {
                frag.page = FragPage::Own(Pfn(3));
            }
        };
        match command {
            Command::Arrive(port, to, from, foreign) => {
                let skb = self.packet(to, from, foreign);
                self.stack.netif_rx(&mut self.dom0.kernel(), port, skb);
            }
            Command::Poll(port, to, from, foreign) => {
                let skb = self.packet(to, from, foreign);
                self.stack.receive_skb(&mut self.dom0.kernel(), port, skb, &mut orphan);
            }
            Command::Send(to, priority) => {
                let skb = self.packet(to, OWN, 0);
                self.stack.transmit(&mut self.dom0.kernel(), skb, Priority(priority), &mut orphan);
            }
            Command::Softirq => {
                let before = self.stack.backlog();
                let again = self.stack.softirq(&mut self.dom0.kernel(), &mut orphan);
                assert_eq!((self.stack.backlog(), again), (before.saturating_sub(3), before > 3));
            }
            Command::Dequeue(port) => {
                if let Some(skb) = self.stack.dequeue(port) {
                    assert!(!self.stack.is_stopped(port));
                    self.dom0.skbs.free(skb);
                    self.taken += 1;
                }
            }
            Command::Refuse(port) => {
                let before = self.stack.waiting(port);
                self.stack.qdisc_run(&mut self.dom0.kernel(), port, |_, skb| (Xmit::Busy(skb), DeviceQueue::Runs));
                assert_eq!(self.stack.waiting(port), before);
            }
            Command::Stop(port) => self.stack.stop(port),
            Command::Wake(port) => self.stack.wake(port),
            Command::Carrier(port, carrier) => self.stack.set_carrier(&mut self.dom0.kernel(), port, carrier),
            Command::Remove(port) => self.stack.remove_port(&mut self.dom0.kernel(), port),
            Command::Add(port, queue_len) => self.stack.add_port(port, queue_len),
            Command::Tap(port, settings) => self.stack.set_tap(&mut self.dom0.kernel(), port, settings),
            Command::FreeTaps => self.stack.free_taps(&mut self.dom0.kernel()),
            Command::Filter(number) => self.stack.set_filter(match number {
                0 => Filter::DROP,
                1 => Filter::without(A),
                _ => Filter::ACCEPT,
            }),
            Command::Wait(nanos) => self.dom0.now += nanos,
        }
        self.orphans += orphans;
    }

    fn each(&self, level: impl Fn(&Stack, BridgePort) -> u32) -> u32 {
        self.stack.ports().iter().map(|&port| level(&self.stack, port)).sum()
    }
}

proptest! {
    /// Every header that exists is somewhere, and every packet that is gone was counted.
    #[test]
    fn no_packet_is_lost_or_doubled(commands in proptest::collection::vec(command(), 0..300)) {
        let mut watched = Watched::new();
        let mut removed_drops = 0;
        for command in commands {
            if let Command::Remove(port) = command {
                removed_drops += watched.stack.port_counters(port).dropped;
            }
            watched.obey(command);
            let waiting = watched.each(Stack::waiting);
            let there = watched.stack.backlog() + waiting + watched.each(Stack::tapped);
            prop_assert_eq!(watched.dom0.skbs.alive(), there, "after {:?}", command);
            let counters = *watched.stack.counters();
            let dropped: u64 = watched.stack.ports().iter().map(|&port| watched.stack.port_counters(port).dropped).sum();
            let gone = counters.backlog_dropped + counters.filtered + counters.not_forwarded + counters.flushed
                + dropped + removed_drops;
            prop_assert_eq!(counters.received, watched.made);
            prop_assert_eq!(
                counters.received + counters.copies,
                gone + watched.taken + u64::from(waiting) + u64::from(watched.stack.backlog()),
                "after {:?}", command
            );
            prop_assert!(watched.stack.backlog() <= 7);
            // A clone never has a guest's page: each was given up before.
            prop_assert!(watched.orphans >= counters.flooded);
        }
        // When everything is let go, everything is free.
        watched.stack.set_filter(Filter::DROP);
        while watched.stack.softirq(&mut watched.dom0.kernel(), &mut ignore) {}
        for port in watched.stack.ports().to_vec() {
            watched.stack.remove_port(&mut watched.dom0.kernel(), port);
        }
        prop_assert_eq!(watched.dom0.skbs.alive(), 0);
        let data: Vec<_> = std::iter::from_fn(|| watched.dom0.skbs.take_unpinned()).collect();
        let mut unique = data.clone();
        unique.sort();
        unique.dedup();
        prop_assert_eq!(data.len(), unique.len());
    }

    /// A flooded packet comes out of every other port exactly once, and never where it came in.
    #[test]
    fn a_flood_reaches_everybody_else_once(from in 0_usize..4, broadcast in any::<bool>()) {
        let from = [Card, A, B, C][from];
        let mut dom0 = Dom0::new();
        let mut stack = stack(StackSettings::default());
        let to = if broadcast { Mac::BROADCAST } else { guest(99) };
        let skb = dom0.packet(to, guest(50), 1);
        stack.receive_skb(&mut dom0.kernel(), from, skb, &mut ignore);
        for port in [Card, A, B, C, Local] {
            let expect = port != from && (broadcast || port != Local);
            prop_assert_eq!(stack.waiting(port), u32::from(expect), "{:?}", port);
        }
    }

    /// Packets from one port to another stay in order, whatever else goes on, unless their priorities differ.
    #[test]
    fn packets_stay_in_order(pairs in proptest::collection::vec((0_usize..3, 0_usize..3, any::<bool>()), 0..120)) {
        let mut dom0 = Dom0::new();
        let mut stack = stack(StackSettings::default());
        let vifs = [A, B, C];
        let mut last = [[0_u64; 3]; 3];
        for (number, (from, to, drain)) in pairs.into_iter().enumerate() {
            let skb = dom0.packet(guest(to as u16), guest(from as u16), 0);
            dom0.skbs.get_mut(skb).receipt = number as u64 + 1;
            dom0.skbs.get_mut(skb).origin = VifId(from as u16);
            stack.netif_rx(&mut dom0.kernel(), vifs[from], skb);
            if drain {
                stack.softirq(&mut dom0.kernel(), &mut ignore);
                while let Some(skb) = stack.dequeue(vifs[to]) {
                    let data = dom0.skbs.get(skb);
                    let before = &mut last[usize::from(data.origin.0)][to];
                    prop_assert!(*before < data.receipt);
                    *before = data.receipt;
                    dom0.skbs.free(skb);
                }
            }
        }
    }

    /// Equal commands, equal logs.
    #[test]
    fn a_stack_is_a_function_of_its_commands(commands in proptest::collection::vec(command(), 0..100)) {
        let run = || {
            let mut watched = Watched::new();
            commands.iter().for_each(|&command| watched.obey(command));
            watched.dom0.log.hash()
        };
        prop_assert_eq!(run(), run());
    }

    /// Descriptors in use are those of the packets that were posted and not cleaned; packets leave in order; a queue that
    /// runs has room for the largest packet; and with all interrupts served, everything is free.
    #[test]
    fn descriptors_add_up(
        ring in 32_u32..80,
        delay in 0_u64..500,
        packets in 1_u32..8,
        steps in proptest::collection::vec((0_u8..6, 0_u16..=MAX_SKB_FRAGS as u16), 0..300),
    ) {
        let mut dom0 = Dom0::new();
        let settings = CardSettings {
            descriptors: ring,
            transmit: Moderation { delay, packets },
            ..CardSettings::e1000(1000)
        };
        let mut nic = Nic::new(settings);
        let (mut inside, mut left) = (Vec::new(), Vec::new());
        let mut due: Vec<Time> = Vec::new();
        for (step, frags) in steps {
            dom0.now += 60;
            match step {
                0..=1 => {
                    let skb = dom0.packet(OUTSIDE, guest(0), frags);
                    let ran = !nic.is_stopped();
                    match nic.xmit_frame(&mut dom0.kernel(), skb) {
                        Ok(()) => inside.push((skb, u32::from(frags) + 1)),
                        Err(skb) => {
                            prop_assert!(!ran && nic.is_stopped());
                            dom0.skbs.free(skb);
                        }
                    }
                }
                2..=3 => {
                    if nic.begin().is_some() {
                        let departure = nic.finish(&mut dom0.kernel());
                        let oldest = inside.remove(0);
                        prop_assert_eq!(departure.skb, oldest.0);
                        left.push(oldest);
                        due.extend(departure.interrupt);
                    }
                }
                4 if due.iter().any(|&at| at <= dom0.now) => {
                    due.retain(|&at| at > dom0.now);
                    let stopped = nic.is_stopped();
                    let woken = nic.clean_tx_irq(&mut dom0.kernel());
                    if nic.uncleaned() == 0 {
                        left.clear();
                    }
                    prop_assert_eq!(woken, stopped && !nic.is_stopped());
                }
                4 => {}
                _ if nic.is_stalled() => nic.resume(&mut dom0.kernel()),
                _ => nic.stall(&mut dom0.kernel()),
            }
            let used: u32 = inside.iter().chain(&left).map(|(_, descriptors)| descriptors).sum();
            prop_assert_eq!((nic.used(), nic.used() + nic.free_descriptors()), (used, ring));
            prop_assert_eq!((nic.in_ring(), nic.uncleaned()), (inside.len() as u32, left.len() as u32));
            prop_assert_eq!(dom0.skbs.alive() as usize, inside.len() + left.len());
            prop_assert!(left.is_empty() || !due.is_empty(), "whatever has left, an interrupt will come for");
        }
        nic.resume(&mut dom0.kernel());
        while nic.begin().is_some() {
            due.extend(nic.finish(&mut dom0.kernel()).interrupt);
        }
        dom0.now += 1000;
        nic.clean_tx_irq(&mut dom0.kernel());
        prop_assert_eq!((nic.used(), dom0.skbs.alive(), nic.is_stopped()), (0, 0, false));
    }
}
