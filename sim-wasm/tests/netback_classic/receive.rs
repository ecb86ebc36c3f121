//! From dom0's stack into guests' buffers: who is accepted, where the bytes go, and who waits.

use sim_wasm::actors::handshake::Xmit;
use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::receive::{DropReason, Receive};
use sim_wasm::actors::netback::settings::BackSettings;
use sim_wasm::actors::skb::{Checksum, Segmentation};
use sim_wasm::protocols::netif::{
    ExtraInfo, NETRXF_CSUM_BLANK, NETRXF_DATA_VALIDATED, NETRXF_EXTRA_INFO, NETRXF_MORE_DATA, RX_RING, RxRequest,
    XEN_NETIF_GSO_TYPE_TCPV4,
};
use sim_wasm::protocols::ring::{Index, Shared};
use sim_wasm::words::ids::VifId;
use sim_wasm::words::time::Time;

use crate::world::{NO_GRANT, Wish, World, slot};

const SMALL: Wish = Wish { sg: false, gso: false, ..USUAL };
const FLIPS: Wish = Wish { rx_copy: false, ..USUAL };
const USUAL: Wish = Wish::USUAL;

fn world(wish: Wish) -> World {
    let mut world = World::new(BackSettings::default(), 600, 1);
    world.add_guest(wish);
    world
}

fn refused(world: &World) -> Vec<(DropReason, u32, u32)> {
    world.told(|event| match event {
        Event::Receive(Receive::PacketRefused { why, needed, posted, .. }) => Some((*why, *needed, *posted)),
        _ => None,
    })
}

/// A packet whose linear area lies in two places is copied so that its head is in one.
#[test]
fn a_head_is_in_one_place() {
    let mut world = world(USUAL);
    assert_eq!(world.back.queue_len(VifId(0)), 32);
    world.post(0, 64);
    for (head, linear) in [(0, 1), (0, 2), (60, 1)] {
        let skb = world.packet(head, &[500, 600]);
        world.skbs.get_mut(skb).linear = linear;
        let bytes = world.bytes_of(skb);
        assert_eq!(world.start_xmit(0, skb), Xmit::Sent);
        world.settle();
        world.take_received(0);
        assert_eq!(world.guests[0].packets.pop(), Some(Some(bytes)), "{head} {linear}");
    }
}

/// Where packets may have several pieces, twenty buffers must be posted for any; else one.
#[test]
fn nineteen_buffers_are_too_few_for_any_packet() {
    for (wish, posted, accepted) in [
        (USUAL, 19, false),
        (USUAL, 20, true),
        (Wish { sg: false, ..USUAL }, 19, false),
        (Wish { gso: false, ..USUAL }, 20, true),
        (SMALL, 0, false),
        (SMALL, 1, true),
    ] {
        let mut world = world(wish);
        world.post(0, posted);
        let skb = world.packet(60, &[]);
        let needed = if wish.sg || wish.gso { 20 } else { 1 };
        let sent = world.start_xmit(0, skb);
        assert_eq!(sent, if accepted { Xmit::Sent } else { Xmit::Dropped }, "{wish:?} {posted}");
        let why = (DropReason::NoBuffers, needed, posted);
        assert_eq!(refused(&world), if accepted { vec![] } else { vec![why] });
        world.settle();
        world.take_received(0);
        assert_eq!((world.guests[0].packets.len(), world.skbs.alive()), (usize::from(accepted), 0));
        assert_eq!(world.back.counters(VifId(0)).receive_dropped, u64::from(!accepted));
    }
}

/// Heads and fragments, with and without an extra info, arrive as they were, each piece in a buffer of its own.
#[test]
fn what_is_sent_arrives() {
    for base in [0, u32::MAX - 5] {
        for wish in [USUAL, FLIPS] {
            for (head, fragments, gso, answers) in [
                (60, &[][..], 0, 1),
                (1514, &[], 0, 1),
                (64, &[1450], 0, 2),
                (54, &[4096, 4096, 100], 1448, 4),
                (54, &[1; 18], 0, 19),
                (54, &[4096; 15], 1448, 16),
                // A head of more than fits beside what the kernel keeps in its page is copied into one that fits and a rest.
                (4000, &[], 0, 2),
            ] {
                let mut world = world(Wish { base, ..wish });
                world.post(0, 64);
                let free = world.skbs.free_pages();
                let frames = world.xen.memory.free_frames();
                let skb = world.packet(head, fragments);
                let kind = XEN_NETIF_GSO_TYPE_TCPV4;
                world.skbs.get_mut(skb).gso = Segmentation { size: gso, kind };
                let bytes = world.bytes_of(skb);
                assert_eq!(world.start_xmit(0, skb), Xmit::Sent);
                world.settle();
                world.take_received(0);
                let guest = &world.guests[0];
                assert_eq!(guest.packets, [Some(bytes)], "{wish:?} {head} {fragments:?}");
                // A packet that is given away lies in whole pages, so it may have fewer pieces than it had.
                assert!(guest.received.len() == answers || !wish.rx_copy, "{}", guest.received.len());
                let extra = guest.received[0].flags & NETRXF_EXTRA_INFO != 0;
                assert_eq!((extra, guest.extras.len()), (gso > 0, usize::from(gso > 0)));
                assert_eq!(guest.extras.first().and_then(ExtraInfo::as_gso).map_or(0, |gso| gso.size), gso);
                assert_eq!(guest.rx.outstanding(), 64 - guest.received.len() as u32 - u32::from(gso > 0));
                // One page may have become the driver's own, for heads.
                assert!(world.skbs.free_pages() + 1 >= free && world.skbs.alive() == 0);
                assert!(wish.rx_copy || world.xen.memory.free_frames() + 20 >= frames);
                assert_eq!(world.back.references(VifId(0)), 0);
            }
        }
    }
}

#[test]
fn flags_say_who_checks_the_checksum() {
    for (checksum, flags) in [
        (Checksum::None, 0),
        (Checksum::Unnecessary, NETRXF_DATA_VALIDATED),
        (Checksum::Partial, NETRXF_DATA_VALIDATED | NETRXF_CSUM_BLANK),
    ] {
        let mut world = world(USUAL);
        world.post(0, 64);
        let skb = world.packet(60, &[100]);
        world.skbs.get_mut(skb).checksum = checksum;
        assert_eq!(world.start_xmit(0, skb), Xmit::Sent);
        world.settle();
        world.take_received(0);
        let flagged: Vec<u16> = world.guests[0].received.iter().map(|response| response.flags).collect();
        assert_eq!(flagged, [flags | NETRXF_MORE_DATA, 0]);
    }
}

/// A guest that takes packets of one piece gets them so, and what does not fit in a buffer is dropped.
#[test]
fn packets_are_made_linear_for_whom_they_must_be() {
    for (fragments, arrives) in [(&[400, 500, 600][..], true), (&[4096, 4096], false)] {
        let mut world = world(SMALL);
        world.post(0, 64);
        let skb = world.packet(14, fragments);
        let bytes = world.bytes_of(skb);
        assert_eq!(world.start_xmit(0, skb), if arrives { Xmit::Sent } else { Xmit::Dropped });
        world.settle();
        world.take_received(0);
        assert_eq!(world.guests[0].packets, if arrives { vec![Some(bytes)] } else { vec![] });
        assert_eq!(world.skbs.alive(), 0);
    }
}

/// A packet from one guest to another is copied from grant to grant, and then the sender's slot goes back.
#[test]
fn guests_exchange_packets_without_dom0s_memory() {
    let mut world = World::new(BackSettings::default(), 20, 2);
    let (sender, receiver) = (world.add_guest(USUAL), world.add_guest(USUAL));
    world.post(receiver, 64);
    let ids = world.send(sender, 0, &[slot(100, 2500), slot(7, 1000)], &[]).expect("the guest has pages");
    world.settle();
    let (_, skb) = world.kept.remove(0);
    let bytes = world.bytes_of(skb);
    assert_eq!(world.answers(sender), []);
    assert_eq!(world.start_xmit(receiver, skb), Xmit::Sent);
    // The sender writes until its slots are answered, and what it wrote last is what arrives.
    let page = world.xen.guest_page_mut(world.guests[sender].domain, World::data_pfn(ids[1]));
    page.expect("it is the guest's").write(7, &[0xAB; 10]);
    world.settle();
    world.take_received(receiver);
    let mut expect = bytes;
    expect[1500..1510].fill(0xAB);
    assert_eq!(world.guests[receiver].packets, [Some(expect)]);
    assert_eq!(world.answers(sender), [(ids[0], 0), (ids[1], 0)]);
    assert_eq!((world.back.held(), world.skbs.alive()), (0, 0));
}

/// The queue stops when twenty buffers are not left, starts when they are posted, and drains after half a second if not.
#[test]
fn a_queue_waits_for_buffers_half_a_second() {
    for posts in [true, false] {
        let mut world = world(USUAL);
        world.post(0, 21);
        let skb = world.packet(60, &[]);
        assert_eq!(world.start_xmit(0, skb), Xmit::Sent);
        assert!(world.back.can_queue(VifId(0)), "twenty are left");
        let skb = world.packet(60, &[]);
        assert_eq!(world.start_xmit(0, skb), Xmit::Sent);
        assert!(!world.back.can_queue(VifId(0)));
        assert_eq!(Shared::ReqEvent.load(world.rx_page(0)), Index(22));
        let third = world.packet(60, &[]);
        assert_eq!(world.start_xmit(0, third), Xmit::Busy(third));
        world.settle();
        world.take_received(0);
        world.woken.clear();
        if posts {
            assert!(world.post(0, 1), "the guest notifies when the buffers that were asked for are there");
            assert_eq!((world.woken.clone(), world.back.can_queue(VifId(0))), (vec![VifId(0)], true));
            assert_eq!(world.start_xmit(0, third), Xmit::Sent);
        } else {
            world.pass(Time::from_millis(499));
            assert!(!world.back.can_queue(VifId(0)));
            world.pass(Time::from_millis(500));
            assert_eq!((world.woken.clone(), world.back.can_queue(VifId(0))), (vec![VifId(0)], true));
            assert_eq!(world.start_xmit(0, third), Xmit::Dropped);
            assert_eq!(refused(&world), [(DropReason::NoBuffers, 20, 19)]);
        }
    }
}

#[test]
fn without_notifications_the_queue_never_stops() {
    let mut world = world(Wish { rx_notify: false, ..USUAL });
    assert_eq!(world.back.queue_len(VifId(0)), 1);
    world.post(0, 20);
    for expect in [Xmit::Sent, Xmit::Dropped, Xmit::Dropped] {
        let skb = world.packet(60, &[]);
        assert_eq!(world.start_xmit(0, skb), expect);
        assert!(world.back.can_queue(VifId(0)));
    }
}

/// One notification for each guest in a batch, however many packets.
#[test]
fn a_batch_rings_once_for_each_guest() {
    let mut world = World::new(BackSettings::default(), 600, 3);
    for guest in 0..3 {
        world.add_guest(USUAL);
        world.post(guest, 256);
    }
    for _ in 0..2 {
        let before = world.log.entries().len();
        for round in 0..30 {
            let skb = world.packet(60, &[]);
            assert_eq!(world.start_xmit(round % 3, skb), Xmit::Sent);
        }
        world.settle();
        let rings: Vec<u16> = world.log.entries()[before..]
            .iter()
            .filter(|entry| matches!(entry.event, Event::EventSent { .. }))
            .map(|entry| entry.vif.0)
            .collect();
        assert_eq!(rings, [2, 1, 0]);
        (0..3).for_each(|guest| world.take_received(guest));
    }
}

/// Not more than 256 pieces go in one batch.
#[test]
fn a_batch_ends_with_its_arrays() {
    let mut world = World::new(BackSettings::default(), 600, 2);
    for guest in 0..2 {
        world.add_guest(USUAL);
        world.post(guest, 256);
    }
    for round in 0..28 {
        let skb = world.packet(60, &[10; 16]);
        assert_eq!(world.start_xmit(round % 2, skb), Xmit::Sent);
    }
    world.receive_tasklet();
    assert_eq!((world.back.waiting(), world.receive_due), (14, true));
    world.settle();
    (0..2).for_each(|guest| world.take_received(guest));
    assert_eq!((world.guests[0].packets.len(), world.guests[1].packets.len()), (14, 14));
}

/// A buffer whose grant is bad: all answers of its packet are errors, wherever it was.
#[test]
fn a_bad_buffer_spoils_its_packet() {
    for wish in [USUAL, FLIPS] {
        for bad in 0..3_u32 {
            let mut world = world(wish);
            world.post(0, 40);
            let at = RX_RING.offset(Index(bad));
            let page = world.rx_page(0);
            let request = RxRequest::decode(page.read(at));
            page.write(at, &RxRequest { gref: NO_GRANT, ..request }.encode());
            let frames = world.xen.memory.free_frames();
            for _ in 0..2 {
                let skb = world.packet(60, &[500, 4000]);
                assert_eq!(world.start_xmit(0, skb), Xmit::Sent);
            }
            world.settle();
            // What Xen refused to give, dom0 has lost, and has a fresh frame in its place.
            assert!(wish.rx_copy || world.xen.memory.free_frames() < frames);
            world.take_received(0);
            let guest = &world.guests[0];
            assert_eq!((guest.packets[0].is_none(), guest.packets[1].is_some()), (true, true));
            assert!(guest.received[..guest.received.len() / 2].iter().all(|response| response.status == -1));
            let refused = world.told(|event| match event {
                Event::Receive(Receive::DeliveryRefused { index, status }) => Some((*index, *status)),
                _ => None,
            });
            assert_eq!(refused.len(), 1);
            assert_eq!((refused[0].0, world.back.counters(VifId(0)).receive_errors), (bad, 1));
            assert_eq!((world.skbs.alive(), world.back.references(VifId(0))), (0, 0));
        }
    }
}

/// No fresh page, no page to give: everybody waits a second, copies too.
#[test]
fn a_squeeze_silences_everybody_for_a_second() {
    let mut world = World::new(BackSettings::default(), 600, 2);
    let (flips, copies) = (world.add_guest(FLIPS), world.add_guest(USUAL));
    world.post(flips, 40);
    world.post(copies, 40);
    let mut taken = Vec::new();
    while let Some(frame) = world.xen.memory.alloc(sim_wasm::hypervisor::memory::Owner::Xen(None)) {
        taken.push(frame);
    }
    let skb = world.packet(60, &[]);
    assert_eq!(world.start_xmit(flips, skb), Xmit::Sent);
    world.settle();
    let squeezes = |world: &World| {
        world.told(|event| match event {
            Event::Receive(Receive::MemorySqueeze { until }) => Some(*until),
            _ => None,
        })
    };
    assert_eq!(squeezes(&world), [1_000_000_000]);
    world.pass(Time::from_millis(400));
    let skb = world.packet(60, &[]);
    assert_eq!(world.start_xmit(copies, skb), Xmit::Sent);
    world.pass(Time::from_millis(999));
    assert_eq!(world.back.waiting(), 2);
    // Still none: another second.
    world.pass(Time::from_millis(1_000));
    assert_eq!((squeezes(&world).len(), world.back.waiting()), (2, 2));
    taken.into_iter().take(3).for_each(|frame| world.xen.memory.put_page(frame));
    world.pass(Time::from_millis(2_000));
    assert_eq!((squeezes(&world).len(), world.back.waiting()), (2, 0));
    [flips, copies].into_iter().for_each(|guest| world.take_received(guest));
    assert_eq!([flips, copies].map(|guest| world.guests[guest].packets.len()), [1, 1]);
}

/// A guest moves its producer back, or far ahead: it gets no more than a ring of promises, and errors for its trouble.
#[test]
fn a_forged_producer_stays_within_the_ring() {
    for forged in [0_u32.wrapping_sub(5), 5, 100_000] {
        let mut world = world(USUAL);
        world.post(0, 30);
        for _ in 0..600 {
            Shared::ReqProd.store(world.rx_page(0), Index(forged));
            let skb = world.packet(60, &[10]);
            if let Xmit::Busy(skb) = world.start_xmit(0, skb) {
                world.with(|_, k| k.skbs.free(skb));
            }
        }
        assert!(world.back.waiting() <= 128, "two buffers each");
        world.settle();
        assert_eq!((world.skbs.alive(), world.back.references(VifId(0))), (0, 0));
    }
}

#[test]
fn without_memory_for_heads_packets_are_dropped() {
    let mut world = world(USUAL);
    world.post(0, 64);
    let skb = world.packet(60, &[]);
    let rest: Vec<_> = std::iter::from_fn(|| world.skbs.alloc_page()).collect();
    assert_eq!(world.start_xmit(0, skb), Xmit::Dropped);
    assert_eq!(refused(&world)[0].0, DropReason::NoMemory);
    // One page is enough for many.
    world.skbs.free_page(rest[0]);
    for _ in 0..100 {
        let skb = world.packet(60, &[]);
        match world.start_xmit(0, skb) {
            Xmit::Sent => {}
            Xmit::Busy(skb) => world.with(|_, k| k.skbs.free(skb)),
            Xmit::Dropped => panic!("there is a page"),
        }
    }
    world.settle();
    world.take_received(0);
    assert_eq!(world.guests[0].packets.len(), 45);
    assert!(world.guests[0].packets.iter().all(|packet| packet.as_ref().is_some_and(|bytes| bytes.len() == 60)));
}

#[test]
fn who_is_not_connected_gets_nothing() {
    let mut world = world(USUAL);
    let skb = world.packet(60, &[]);
    assert_eq!(world.start_xmit(7, skb), Xmit::Dropped);
    assert_eq!(refused(&world), [(DropReason::NoCarrier, 0, 0)]);
    assert!(!world.back.can_queue(VifId(7)) && world.back.can_queue(VifId(0)));
}
