//! Backends that go and come back: what was under way is lost and told, and everything else starts anew.

use sim_wasm::actors::handshake::{BackFeatures, Xmit};
use sim_wasm::actors::kernel::Ask;
use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::bus::Bus;
use sim_wasm::actors::netfront::{FrontSettings, Netfront};
use sim_wasm::protocols::ring::Index;
use sim_wasm::words::ids::{DomId, VifId};

use crate::bench::{ALL, Bench, FLIP, GUEST, PAGES, REFERENCES, Taken, VIF};

/// The backend unmaps everything and goes; the front lets go of it.
fn lose_backend(bench: &mut Bench, open: Vec<Taken>) {
    for slot in open {
        if let Taken::Data(_, handle) = slot {
            bench.xen.unmap_grant_ref(DomId::DOM0, handle).expect("it was mapped");
        }
    }
    bench.detach();
    bench.call(Netfront::disconnect);
}

#[test]
fn packets_under_way_are_discarded_and_buffers_are_posted_again() {
    for settings in [FrontSettings::CLASSIC, FrontSettings::MODERN, FLIP] {
        for base in [0, u32::MAX - 3] {
            let mut bench = Bench::new(FrontSettings { base: Index(base), ..settings });
            for _ in 0..3 {
                let mut open = Vec::new();
                while !bench.front.is_stopped() {
                    assert_eq!(bench.send(3), Xmit::Sent);
                }
                let packets = bench.skbs.alive();
                open.extend(bench.take().expect("many were sent").slots);
                let posted = bench.front.posted_buffers();
                lose_backend(&mut bench, open);
                let front = &bench.front;
                assert_eq!((front.outstanding(), bench.skbs.alive(), front.free_references()), (0, 0, REFERENCES));
                assert!(front.is_stopped() && !front.is_up());

                bench.asks.clear();
                assert!(bench.reattach(ALL));
                assert!(bench.front.posted_buffers() >= posted && !bench.front.is_stopped());
                assert!(bench.asks.contains(&Ask::WakeFront(VIF)));
                let told = Event::Bus(Bus::Resumed { discarded: packets });
                assert!(bench.log.entries().iter().any(|entry| entry.event == told));
                assert_eq!(bench.send(1), Xmit::Sent);
                let slot = bench.take().expect("it was sent").slots[0];
                assert!(bench.answer(slot, 0));
                bench.interrupt(bench.offer.tx_port);
            }
            let posted = bench.front.posted_buffers() + bench.front.waiting_pages();
            assert_eq!(bench.skbs.free_pages() + posted, PAGES - 2);
        }
    }
}

#[test]
fn between_two_backends_packets_are_dropped() {
    for settings in [FrontSettings::CLASSIC, FrontSettings::MODERN] {
        let mut bench = Bench::new(settings);
        lose_backend(&mut bench, Vec::new());
        assert_eq!((bench.send(1), bench.front.counters().tx_dropped), (Xmit::Dropped, 1));
        assert!(!bench.call(Netfront::poll));
        bench.call(Netfront::disconnect);
        bench.call(Netfront::refill_timer);
        assert!(bench.reattach(ALL));
        assert_eq!(bench.send(1), Xmit::Sent);
    }
}

/// Pages that were given away to be flipped are missing when the next backend copies.
#[test]
fn the_way_of_reception_may_change() {
    let mut bench = Bench::new(FLIP);
    for rx_flip in [false, true, false] {
        lose_backend(&mut bench, Vec::new());
        assert!(bench.reattach(BackFeatures { rx_flip, ..ALL }));
        assert_eq!(bench.offer.rx_copy, !rx_flip);
        let posted = bench.front.posted_buffers() + bench.front.waiting_pages();
        assert_eq!((bench.skbs.free_pages() + posted, bench.front.posted_buffers() >= 64), (PAGES - 2, true));
    }
    bench.fill(0, &[7; 1000], 0);
    let arrived = bench.receive();
    assert_eq!(bench.bytes(arrived[0]), vec![7; 1000]);
}

#[test]
fn a_channel_for_each_ring_if_both_have_them() {
    for (settings, features, split) in [
        (FrontSettings::MODERN, ALL, true),
        (FrontSettings::MODERN, BackFeatures { split_event_channels: false, ..ALL }, false),
        (FrontSettings::CLASSIC, ALL, false),
    ] {
        let mut bench = Bench::with_pages(settings, PAGES, features);
        assert_eq!((bench.offer.is_split(), bench.tx.port != bench.rx.port), (split, split));
        // An event of one ring looks at the other only if they share it.
        assert_eq!(bench.send(1), Xmit::Sent);
        let slot = bench.take().expect("it was sent").slots[0];
        bench.answer(slot, 0);
        bench.interrupt(bench.offer.rx_port);
        assert_eq!(bench.front.outstanding(), u32::from(split));
    }
}

/// Without memory for a ring's page, references or ports there is no device, and nothing is lost by trying.
#[test]
fn a_device_that_cannot_be_set_up() {
    let mut bench = Bench::new(FrontSettings::MODERN);
    bench.call(Netfront::disconnect);
    let waiting = bench.front.waiting_grants();
    assert_eq!(waiting, 2, "the backend keeps both rings");
    let mut pages = Vec::new();
    while let Some(page) = bench.skbs.alloc_page() {
        pages.push(page);
    }
    let references = bench.front.free_references();
    assert!(!bench.reattach(ALL));
    assert_eq!(bench.front.free_references(), references);
    pages.into_iter().for_each(|page| bench.skbs.free_page(page));
    assert!(bench.reattach(ALL));
    assert_eq!(bench.send(1), Xmit::Sent);
}

/// Each interface of a guest has its own part of the grant table.
#[test]
fn a_guest_may_have_two_interfaces() {
    let mut bench = Bench::new(FrontSettings::CLASSIC);
    let rings = [bench.skbs.alloc_page(), bench.skbs.alloc_page()].map(|page| page.expect("the guest has pages"));
    let settings = FrontSettings::MODERN;
    let mut other = Netfront::new(&mut bench.xen, VifId(4), GUEST, DomId::DOM0, rings, settings);
    let offer = bench.call(|_, k| {
        let offer = other.setup_device(k, ALL).expect("a second interface finds its frames");
        other.connect(k);
        offer
    });
    assert_eq!((other.posted_buffers(), other.free_references()), (256, 1024 - 2 - 256));
    assert!(bench.offer.rx_ring.0 < 1024 && offer.tx_ring.0 >= 1024 && offer.rx_ring.0 >= 1024);
    assert_eq!(bench.send(1), Xmit::Sent);
    let (skb, _) = bench.packet(&[(0, 60)], 1).expect("the guest has pages");
    assert_eq!(bench.call(|_, k| other.start_xmit(k, skb)), Xmit::Sent);
    assert_eq!((bench.front.outstanding(), other.outstanding()), (1, 1));
    assert_eq!(bench.log.entries().last().map(|entry| entry.vif), Some(VifId(4)));
}
