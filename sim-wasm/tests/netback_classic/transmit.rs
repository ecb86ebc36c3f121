//! From a guest's ring to dom0's stack and back: which slots are held, which are answered, with what, and when.

use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::backend::Refusal;
use sim_wasm::actors::netback::settings::BackSettings;
use sim_wasm::actors::skb::Checksum;
use sim_wasm::protocols::netif::{
    ExtraInfo, Gso, NETTXF_CSUM_BLANK, NETTXF_DATA_VALIDATED, XEN_NETIF_GSO_TYPE_TCPV4, XEN_NETIF_GSO_TYPE_TCPV6,
};
use sim_wasm::words::ids::VifId;

use crate::world::{OLD, World, slot};

fn gso(size: u16, kind: u8) -> ExtraInfo {
    ExtraInfo::gso(Gso { size, kind, features: 0 })
}

/// The name of an event, without its numbers.
fn name(event: &Event) -> String {
    let text = format!("{event:?}");
    text.split([' ', '(', '{']).next().unwrap_or_default().to_owned()
}

/// The figure about a packet is told from these events, in these steps.
#[test]
fn a_lone_packet_goes_through_these_steps() {
    let mut world = World::with_guest(BackSettings::default());
    let before = world.log.entries().len();
    world.send_one(0, 1514);
    world.settle();
    world.free_all();
    world.settle();
    let mut steps: Vec<String> = Vec::new();
    let mut last = 0;
    for entry in &world.log.entries()[before..] {
        let name = name(&entry.event);
        if entry.step == last {
            let step = steps.last_mut().expect("a step begins with an event");
            *step = format!("{step} {name}");
        } else {
            steps.push(name);
        }
        last = entry.step;
    }
    assert_eq!(
        steps,
        [
            "RequestsTaken RequestsAwaited",
            "GrantsMapped",
            "HeaderCopied",
            "PacketReceived",
            "PagesFreed",
            "GrantsUnmapped",
            "ResponsesWritten",
            "ResponsesPublished EventSent",
        ]
    );
    assert_eq!(world.answers(0), [(0, 0)]);
    assert_eq!((world.back.held(), world.back.references(VifId(0))), (0, 0));
    let counters = world.back.counters(VifId(0));
    assert_eq!((counters.transmit_packets, counters.transmit_bytes, counters.okay), (1, 1514, 1));
    assert_eq!((counters.interrupts, counters.notifications, counters.slots), (1, 1, 1));
}

/// Each packet's bytes in its head, fragments, and slots held while it is in dom0.
#[test]
fn a_header_of_more_than_64_bytes_holds_its_slot() {
    let slots = |first: u16, further: usize| {
        let mut slots = vec![slot(7, first + 20 * further as u16)];
        slots.extend((0..further).map(|_| slot(30, 20)));
        slots
    };
    for (first, further, head, fragments) in [
        (14, 0, 14, 0),
        (54, 0, 54, 0),
        (64, 0, 64, 0),
        (65, 0, 64, 1),
        (66, 0, 64, 1),
        (1514, 0, 64, 1),
        (4089, 0, 64, 1),
        (54, 1, 54, 1),
        (66, 1, 64, 2),
        (66, 17, 64, 18),
        (64, 18, 64, 18),
        (66, 18, 66, 18),
        (4000, 18, 4000, 18),
    ] {
        let mut world = World::with_guest(BackSettings::default());
        let ids = world.send(0, 0, &slots(first, further), &[]).expect("the guest has pages");
        world.tasklet();
        let (_, skb) = world.kept[0];
        let shared = world.skbs.get(skb);
        assert_eq!((shared.head.len(), shared.frags().len()), (head, fragments), "{first} and {further}");
        assert_eq!(shared.len, u32::from(first) + 20 * further as u32);
        let mut expect = vec![ids[0] as u8 ^ 0x5A; usize::from(first)];
        ids[1..].iter().for_each(|id| expect.extend([*id as u8 ^ 0x5A; 20]));
        assert_eq!(world.bytes_of(skb), expect);
        // A slot that was copied whole is answered by the next pass, not by this one.
        assert_eq!(world.answers(0), []);
        assert_eq!(world.back.held(), 1 + further as u32);
        world.settle();
        assert_eq!(world.back.held(), fragments as u32);
        let released = 1 + further - fragments;
        assert_eq!(world.answers(0), ids[..released].iter().map(|id| (*id, 0)).collect::<Vec<_>>());
        world.free_all();
        world.settle();
        assert_eq!(world.answers(0), ids[released..].iter().map(|id| (*id, 0)).collect::<Vec<_>>());
    }
}

#[test]
fn flags_say_who_checks_the_checksum() {
    for (flags, checksum) in [
        (0, Checksum::None),
        (NETTXF_DATA_VALIDATED, Checksum::Unnecessary),
        (NETTXF_CSUM_BLANK, Checksum::Partial),
        (NETTXF_CSUM_BLANK | NETTXF_DATA_VALIDATED, Checksum::Partial),
    ] {
        let mut world = World::with_guest(BackSettings::default());
        world.send(0, flags, &[slot(0, 100)], &[]).expect("the guest has pages");
        world.settle();
        assert_eq!(world.skbs.get(world.kept[0].1).checksum, checksum);
    }
}

#[test]
fn extra_infos_take_slots_and_are_answered_with_null() {
    let mut world = World::with_guest(BackSettings::default());
    let ids = world.send(0, 0, &[slot(0, 3000), slot(0, 1000)], &[gso(1448, XEN_NETIF_GSO_TYPE_TCPV4)]);
    let ids = ids.expect("the guest has pages");
    world.settle();
    let shared = world.skbs.get(world.kept[0].1);
    assert_eq!((shared.gso.size, shared.gso.kind, shared.len), (1448, XEN_NETIF_GSO_TYPE_TCPV4, 3000));
    assert_eq!(world.back.held(), 2);
    world.free_all();
    world.settle();
    let answers = world.answers(0);
    assert_eq!((answers[0], answers[1].1, answers[2]), ((ids[0], 0), 1, (ids[1], 0)));
    assert_eq!(world.back.counters(VifId(0)).nulls, 1);
}

/// Of several extra infos the old driver answers one; the guest never gets the other slots back.
#[test]
fn the_old_driver_loses_the_slots_of_chained_extra_infos() {
    for (settings, answers) in [(BackSettings::default(), 4), (OLD, 2)] {
        let mut world = World::with_guest(settings);
        world.send(0, 0, &[slot(0, 100)], &[gso(1448, 1), gso(1000, 1), gso(900, 1)]).expect("the guest has pages");
        world.settle();
        assert_eq!(world.skbs.get(world.kept[0].1).gso.size, 900, "the last one counts");
        world.free_all();
        world.settle();
        assert_eq!(world.answers(0).len(), answers);
    }
}

#[test]
fn segmentation_must_make_sense() {
    let bad = ExtraInfo { kind: 2, flags: 0, payload: [0; 6] };
    let none = ExtraInfo { kind: 0, flags: 0, payload: [0; 6] };
    for (extra, why) in [
        (gso(0, XEN_NETIF_GSO_TYPE_TCPV4), Some(Refusal::BadSegmentation)),
        (gso(1448, XEN_NETIF_GSO_TYPE_TCPV6), Some(Refusal::BadSegmentation)),
        (gso(1448, XEN_NETIF_GSO_TYPE_TCPV4), None),
        (bad, Some(Refusal::BadExtra)),
        (none, Some(Refusal::BadExtra)),
    ] {
        let mut world = World::with_guest(BackSettings::default());
        let ids = world.send(0, 0, &[slot(0, 3000)], &[extra]).expect("the guest has pages");
        world.settle();
        assert_eq!(world.refusals(), Vec::from_iter(why));
        world.free_all();
        world.settle();
        let answers = world.answers(0);
        assert_eq!((answers[0], answers[1].1), ((ids[0], if why.is_some() { -1 } else { 0 }), 1));
    }
}
