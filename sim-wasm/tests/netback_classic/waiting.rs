//! Slots that wait: for a place in the pool, for credit, and for packets that linger in dom0.

use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::backend::Backend;
use sim_wasm::actors::netback::MAX_PENDING_REQS;
use sim_wasm::actors::netback::settings::{BackSettings, CopySkb, Repairs, VifSettings};
use sim_wasm::actors::skb::FragPage;
use sim_wasm::words::ids::{Pfn, VifId};
use sim_wasm::words::time::Time;

use crate::world::{Wish, World, slot, with};

/// With half of the pool in use an event does nothing; the tasklet runs when a slot is released, and then takes what waits.
#[test]
fn half_a_pool_in_use_silences_events() {
    for (held, silent) in [(127, false), (128, true)] {
        let mut world = World::new(BackSettings::default(), 600, 2);
        let (busy, other) = (world.add_guest(Wish::default()), world.add_guest(Wish::default()));
        world.send_many(busy, held);
        world.settle();
        world.send_one(other, 1514);
        assert_eq!(world.transmit_due, !silent);
        let shut = world.told(|event| match event {
            Event::Backend(Backend::PoolGateShut { held }) => Some(*held),
            _ => None,
        });
        assert_eq!(shut, if silent { vec![held] } else { vec![] });
        world.settle();
        assert_eq!(world.kept.len() as u32, held + u32::from(!silent));
        world.free(0);
        world.settle();
        assert_eq!(world.kept.len() as u32, held);
        assert_eq!(world.kept.last().map(|(vif, _)| *vif), Some(VifId(other as u16)));
    }
}

#[test]
fn the_pool_takes_packets_while_nineteen_slots_are_free() {
    let mut world = World::new(BackSettings::default(), 600, 3);
    for _ in 0..3 {
        world.add_guest(Wish::default());
    }
    for _ in 0..200 {
        (0..3).for_each(|guest| world.send_many(guest, 1));
    }
    world.settle();
    assert_eq!(world.back.held(), 238);
    // Turns go round, one packet each.
    let order: Vec<u16> = world.kept.iter().map(|(vif, _)| vif.0).collect();
    assert!(order.chunks(3).all(|round| round == &[0, 1, 2][..round.len()]), "{order:?}");
    // A longer packet may fill the pool to its end, and no packet overflows it.
    world.free_all();
    world.settle();
    assert!(world.back.held() <= MAX_PENDING_REQS);
}

/// One packet lingers; what becomes of it after half a second and more depends on whether a device knows its pages.
#[test]
fn what_lingers_is_copied_unless_a_device_has_it() {
    for device in [false, true] {
        let mut world = World::with_guest(BackSettings::default());
        let ids = world.send(0, 0, &[slot(0, 1514), slot(100, 500)], &[]).expect("the guest has pages");
        world.settle();
        let (_, skb) = world.kept[0];
        let bytes = world.bytes_of(skb);
        let free = world.skbs.free_pages();
        if device {
            world.skbs.get_mut(skb).dma_mapped = true;
        }
        world.pass(Time::from_millis(999));
        assert_eq!((world.answers(0), world.back.held()), (vec![], 2));
        world.pass(Time::from_millis(1_010));
        if device {
            // It is given up for good, even if the device is done with it.
            world.skbs.get_mut(skb).dma_mapped = false;
            world.pass(Time::from_millis(10_000));
            assert_eq!((world.answers(0), world.back.held(), world.timers.len()), (vec![], 2, 0));
            let busy = |event: &Event| matches!(event, Event::Backend(Backend::PageBusy { .. })).then_some(());
            assert_eq!(world.told(busy).len(), 2);
        } else {
            assert_eq!(world.answers(0), [(ids[0], 0), (ids[1], 0)]);
            assert_eq!((world.back.held(), world.back.references(VifId(0))), (0, 0));
            assert_eq!(world.skbs.free_pages(), free - 2);
            assert_eq!(world.back.counters(VifId(0)).copied_pages, 2);
            assert!(world.skbs.get(skb).frags().iter().all(|frag| matches!(frag.page, FragPage::Own(_))));
            // The guest has its pages back, and writes them; the packet is what it was.
            for id in &ids {
                let page = world.xen.guest_page_mut(world.guests[0].domain, World::data_pfn(*id));
                page.expect("it is the guest's").write(0, &[0xEE; 4096]);
            }
        }
        assert_eq!(world.bytes_of(skb), bytes);
        world.free_all();
        world.settle();
        assert_eq!((world.back.held(), world.skbs.free_pages()), (0, free));
        world.answers(0);
        // Windows that changed their pages serve as before; a second round comes to all places of the pool.
        for _ in 0..2 {
            world.send_many(0, 238);
            world.settle();
            assert_eq!(world.back.held(), 238);
            world.free_all();
            world.settle();
            assert_eq!((world.back.held(), world.skbs.free_pages(), world.answers(0).len()), (0, free, 238));
        }
    }
}

/// A packet that a clone keeps alive is copied for both.
#[test]
fn clones_see_the_copy() {
    let mut world = World::with_guest(BackSettings::default());
    world.send_one(0, 1514);
    world.settle();
    let (_, skb) = world.kept[0];
    let clone = world.skbs.clone_skb(skb);
    world.free_all();
    world.pass(Time::from_millis(1_010));
    assert_eq!(world.back.held(), 0);
    assert_eq!(world.bytes_of(clone), vec![0x5A; 1514]);
    world.with(|_, k| k.skbs.free(clone));
    assert_eq!(world.skbs.free_pages(), 600);
}

#[test]
fn without_memory_nothing_is_copied() {
    let mut world = World::with_guest(BackSettings::default());
    world.send_many(0, 2);
    world.settle();
    let pages: Vec<Pfn> = std::iter::from_fn(|| world.skbs.alloc_page()).collect();
    world.pass(Time::from_millis(3_000));
    assert_eq!((world.back.held(), world.back.counters(VifId(0)).copied_pages), (2, 0));
    world.skbs.free_page(pages[0]);
    world.pass(Time::from_millis(3_100));
    assert_eq!((world.back.held(), world.back.counters(VifId(0)).copied_pages), (1, 1));
}

/// The old driver looks for what lingers only when something else is freed.
#[test]
fn a_standstill_may_last_in_the_old_driver() {
    for (always_scans, held) in [(true, 0), (false, 2)] {
        let mut world = World::with_guest(with(Repairs { always_scans, ..Repairs::ALL }));
        world.send_many(0, 2);
        world.settle();
        world.pass(Time::from_millis(10_000));
        assert_eq!(world.back.held(), held);
        // A third packet of one slot that is copied whole is freed by the next pass, which looks.
        world.send_one(0, 54);
        world.settle();
        assert_eq!(world.back.held(), 0);
    }
}

#[test]
fn a_driver_that_copies_all_holds_nothing() {
    let mut world = World::with_guest(BackSettings { copy_skb: CopySkb::Always, ..BackSettings::default() });
    assert!(!world.back.features().sg && !world.back.features().gso);
    for round in 0..300 {
        let id = world.send_one(0, 1514).expect("slots come back at once");
        world.settle();
        assert_eq!(world.answers(0), [(id, 0)]);
        let (_, skb) = world.kept[round];
        assert_eq!((world.back.held(), world.skbs.get(skb).head.len()), (0, 1514));
        assert_eq!(world.bytes_of(skb), vec![id as u8 ^ 0x5A; 1514]);
    }
    let linearized = |event: &Event| match event {
        Event::Backend(Backend::PacketLinearized { bytes, count }) => Some((*bytes, *count)),
        _ => None,
    };
    assert_eq!(world.told(linearized), vec![(1514, 1); 300]);
}

#[test]
fn a_driver_that_never_copies_waits_for_ever() {
    let mut world = World::with_guest(BackSettings { copy_skb: CopySkb::Never, ..BackSettings::default() });
    world.send_one(0, 1514);
    world.settle();
    world.pass(Time::from_millis(100_000));
    assert_eq!((world.back.held(), world.timers.len()), (1, 0));
}

/// A guest with a rate: what it may not send yet stays in its ring, dom0 holds nothing, and no event makes it faster.
#[test]
fn credit_keeps_requests_in_the_ring() {
    let mut world = World::new(BackSettings { hz: 100, ..BackSettings::default() }, 600, 2);
    let vif = VifSettings { credit_bytes: 5_000, credit_usec: 50_000, queue_len: 32 };
    let (slow, fast) = (world.add_guest(Wish { vif, ..Wish::USUAL }), world.add_guest(Wish::USUAL));
    world.send_many(slow, 200);
    world.settle();
    let told = |world: &World| {
        world.told(|event| match event {
            Event::Backend(Backend::CreditExhausted { wanted, remaining, until }) => {
                Some((*wanted, *remaining, *until))
            }
            Event::Backend(Backend::CreditGranted { remaining }) => Some((0, *remaining, 0)),
            _ => None,
        })
    };
    assert_eq!((world.kept.len(), told(&world)), (3, vec![(1_514, 5_000 - 3 * 1_514, 50_000_000)]));
    world.free_all();
    world.settle();
    assert_eq!(world.back.held(), 0);
    // Events bring nothing while the timer runs; the other guest is served.
    world.interrupt(slow);
    world.send_many(fast, 10);
    world.settle();
    assert_eq!((world.kept.len(), told(&world).len()), (10, 1));
    world.free_all();
    world.pass(Time::from_millis(49));
    assert!(world.kept.is_empty());
    // A window is worth 5000 bytes, and credit is saved up to as much: three packets again.
    world.pass(Time::from_millis(50));
    assert_eq!((world.kept.len(), told(&world)[1..].to_vec()), (3, vec![(0, 5_000, 0), (1_514, 458, 100_000_000)]));
    world.pass(Time::from_millis(1_000));
    assert_eq!(world.kept.len(), 20 * 3);
}
