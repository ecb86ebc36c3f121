//! The card: a packet on its way to it, its queue, its rings and its interrupts.

use proptest::prelude::{prop_assert, prop_assert_eq, proptest};
use sim_wasm::actors::bridge::BridgePort::Card;
use sim_wasm::actors::handshake::Xmit;
use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::stack::Stack as Told;
use sim_wasm::actors::nic::{CardSettings, Moderation, Nic};
use sim_wasm::actors::skb::MAX_SKB_FRAGS;
use sim_wasm::actors::stack::{DeviceQueue, StackSettings};
use sim_wasm::words::time::Time;

use crate::dom0::{A, Dom0, OUTSIDE, guest, ignore, stack};

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

proptest! {
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
