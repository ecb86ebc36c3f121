//! The stack under any commands.

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sim_wasm::actors::bridge::BridgePort::{self, Card, Local, Vif};
use sim_wasm::actors::handshake::Xmit;
use sim_wasm::actors::kernel::Kernel;
use sim_wasm::actors::netfilter::Filter;
use sim_wasm::actors::qdisc::Priority;
use sim_wasm::actors::skb::{FragPage, SkbId};
use sim_wasm::actors::stack::{DeviceQueue, Stack, StackSettings, TapSettings};
use sim_wasm::words::ids::{Mac, Pfn, VifId};

use crate::dom0::{A, B, C, Dom0, OUTSIDE, OWN, guest, ignore, stack};

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
}
