//! From a guest's ring to dom0's stack and back: which slots are held, which are answered, with what, and when.

use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::backend::{Backend, Refusal};
use sim_wasm::actors::log::trouble::{Attack, Trouble};
use sim_wasm::actors::netback::settings::{BackSettings, CopySkb, Repairs};
use sim_wasm::actors::netback::{MAX_PENDING_REQS, Race};
use sim_wasm::actors::skb::{Checksum, FragPage};
use sim_wasm::protocols::netif::{
    ExtraInfo, Gso, NETTXF_CSUM_BLANK, NETTXF_DATA_VALIDATED, TxRequest, XEN_NETIF_GSO_TYPE_TCPV4,
    XEN_NETIF_GSO_TYPE_TCPV6,
};
use sim_wasm::protocols::ring::{Index, Shared};
use sim_wasm::words::ids::{Pfn, VifId};
use sim_wasm::words::time::Time;

use crate::world::{EXTRA, MORE, NO_GRANT, Slot, Wish, World, slot};

const OLD: BackSettings = with(Repairs::NONE);

const fn with(repairs: Repairs) -> BackSettings {
    let settings = BackSettings::of(sim_wasm::actors::epoch::Epoch::Classic);
    BackSettings { repairs, ..settings }
}

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

/// Requests as they are written, and the packets and answers that come of them, in the driver of later forks and in the
/// old one.
#[test]
fn what_makes_no_packet_is_answered_with_errors() {
    type Request = (u16, u16, u16);
    struct Case {
        name: &'static str,
        requests: &'static [Request],
        why: &'static [Refusal],
        packets: &'static [u32],
        answers: &'static [(u16, i16)],
        old: &'static [(u16, i16)],
        old_packets: &'static [u32],
    }
    let cases = [
        Case {
            name: "shorter than a header",
            requests: &[(0, 13, 0), (0, 100, 0)],
            why: &[Refusal::TooShort],
            packets: &[100],
            answers: &[(0, -1), (1, 0)],
            old: &[(0, -1), (1, 0)],
            old_packets: &[100],
        },
        Case {
            name: "first slot shorter than a header",
            requests: &[(0, 100, MORE), (0, 87, 0), (0, 100, 0)],
            why: &[Refusal::TooShort],
            packets: &[100],
            answers: &[(0, -1), (1, -1), (2, 0)],
            old: &[(0, -1), (1, -1), (2, 0)],
            old_packets: &[100],
        },
        Case {
            name: "first slot across its page's end",
            requests: &[(4000, 97, 0), (0, 100, 0)],
            why: &[Refusal::CrossesPage],
            packets: &[100],
            answers: &[(0, -1), (1, 0)],
            old: &[(0, -1), (1, 0)],
            old_packets: &[100],
        },
        Case {
            name: "further slot across its page's end",
            requests: &[(0, 300, MORE), (4000, 97, MORE), (0, 100, 0)],
            why: &[Refusal::CrossesPage],
            packets: &[100],
            answers: &[(0, -1), (1, -1), (2, 0)],
            old: &[(0, -1), (1, -1), (2, 0)],
            old_packets: &[100],
        },
        Case {
            name: "further slot longer than what is left: the first is refused, the rest is read as a packet",
            requests: &[(0, 100, MORE), (0, 101, 0)],
            why: &[Refusal::LongerThanPacket],
            packets: &[101],
            answers: &[(0, -1), (1, 0)],
            old: &[(0, 0), (1, 0)],
            old_packets: &[100, 101],
        },
        Case {
            name: "second further slot longer than what is left",
            requests: &[(0, 100, MORE), (0, 20, MORE), (0, 81, 0)],
            why: &[Refusal::LongerThanPacket],
            packets: &[81],
            answers: &[(0, -1), (1, -1), (2, 0)],
            old: &[(0, -1), (1, -1), (2, 0)],
            old_packets: &[81],
        },
        Case {
            name: "the end is not published",
            requests: &[(0, 100, MORE)],
            why: &[Refusal::Truncated],
            packets: &[],
            answers: &[(0, -1)],
            old: &[(0, 0)],
            old_packets: &[100],
        },
        Case {
            name: "the end is not published, after a further slot",
            requests: &[(0, 100, MORE), (0, 20, MORE)],
            why: &[Refusal::Truncated],
            packets: &[],
            answers: &[(0, -1), (1, -1)],
            old: &[(0, -1), (1, -1)],
            old_packets: &[],
        },
        Case {
            name: "an extra info is promised and not published",
            requests: &[(0, 100, EXTRA)],
            why: &[Refusal::BadExtra],
            packets: &[],
            answers: &[(0, -1)],
            old: &[(0, -1)],
            old_packets: &[],
        },
    ];
    for case in cases {
        for (settings, answers, packets) in
            [(BackSettings::default(), case.answers, case.packets), (OLD, case.old, case.old_packets)]
        {
            let mut world = World::with_guest(settings);
            let requests: Vec<TxRequest> = (0..)
                .zip(case.requests)
                .map(|(id, &(offset, size, flags))| {
                    let gref = world.grant(0, id);
                    TxRequest { gref, offset, flags, id, size }
                })
                .collect();
            world.send_raw(0, &requests);
            world.settle();
            let kept: Vec<u32> = world.kept.iter().map(|(_, skb)| world.skbs.get(*skb).len).collect();
            assert_eq!(kept, packets, "{}", case.name);
            if settings != OLD {
                assert_eq!(world.refusals(), case.why, "{}", case.name);
            }
            world.free_all();
            world.settle();
            assert_eq!(world.answers(0), answers, "{}", case.name);
            assert_eq!((world.back.held(), world.back.references(VifId(0))), (0, 0));
        }
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

#[test]
fn a_packet_has_eighteen_further_slots_at_most() {
    let chain = |further: usize| -> Vec<Slot> {
        let first = slot(0, 1000);
        std::iter::once(first).chain((0..further).map(|_| slot(0, 20))).collect()
    };
    let mut world = World::with_guest(BackSettings::default());
    world.send(0, 0, &chain(18), &[]).expect("the guest has pages");
    world.settle();
    assert_eq!(world.kept.len(), 1);
    // The first nineteen are refused together; what is left is read as a packet of its own.
    let ids = world.send(0, 0, &chain(19), &[]).expect("the guest has pages");
    world.settle();
    assert_eq!(world.refusals(), [Refusal::TooManySlots]);
    let last = world.kept[1].1;
    assert_eq!(world.skbs.get(last).len, 20);
    world.free_all();
    world.settle();
    let answers = world.answers(0);
    let of = |id: u16| answers.iter().find(|(other, _)| *other == id).map(|(_, status)| *status);
    assert!(ids[..19].iter().all(|id| of(*id) == Some(-1)) && of(ids[19]) == Some(0));
}

/// The failing slots are answered with errors at once; the good ones follow as if all were well, the header first.
#[test]
fn a_bad_grant_fails_its_packet_and_its_own_slot() {
    for (bad, errors, rest) in [
        (vec![0], vec![0], vec![1, 2, 3]),
        (vec![1], vec![1], vec![0, 2, 3]),
        (vec![2], vec![2], vec![0, 1, 3]),
        (vec![3], vec![3], vec![0, 1, 2]),
        (vec![1, 3], vec![1, 3], vec![0, 2]),
        (vec![0, 2], vec![0, 2], vec![1, 3]),
        (vec![0, 1, 2, 3], vec![0, 1, 2, 3], vec![]),
    ] {
        for settings in [BackSettings::default(), OLD] {
            let mut world = World::with_guest(settings);
            let slots: Vec<Slot> = (0..4)
                .map(|at| Slot { offset: 0, size: if at == 0 { 600 } else { 100 }, good: !bad.contains(&at) })
                .collect();
            let ids = world.send(0, 0, &slots, &[]).expect("the guest has pages");
            world.tasklet();
            assert_eq!(world.answers(0), errors.iter().map(|at| (ids[*at as usize], -1)).collect::<Vec<_>>());
            world.settle();
            assert_eq!(world.answers(0), rest.iter().map(|at: &u16| (ids[usize::from(*at)], 0)).collect::<Vec<_>>());
            assert!(world.kept.is_empty());
            assert_eq!((world.back.held(), world.back.references(VifId(0))), (0, 0));
            let refused = world.told(|event| match event {
                Event::Backend(Backend::MapRefused { gref, status }) => Some((*gref, *status)),
                _ => None,
            });
            assert_eq!(refused, vec![(NO_GRANT, -3); bad.len()]);
            // The pool is whole: all of it can be used, each place once.
            world.send_many(0, 238);
            world.settle();
            assert_eq!(world.back.held(), 238);
        }
    }
}

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

/// A producer far ahead: the old driver reads garbage, a ring's worth in each pass; a repaired one gives the guest up. The
/// other guest is served all the same.
#[test]
fn a_forged_producer_costs_a_ring_for_each_pass() {
    for shuts_down in [false, true] {
        let mut world = World::new(with(Repairs { shuts_down, ..Repairs::ALL }), 600, 2);
        let (bad, good) = (world.add_guest(Wish::default()), world.add_guest(Wish::default()));
        Shared::ReqProd.store(world.tx_page(bad), Index(1_000_000));
        world.interrupt(bad);
        world.send_one(good, 1514);
        for pass in 1..20 {
            world.tasklet();
            let taken = world.told(|event| match event {
                Event::RequestsTaken { count, id, .. } if *id == 0 => Some(*count),
                _ => None,
            });
            let garbage: u32 = taken.iter().sum::<u32>();
            assert!(garbage <= pass * 256 + 1, "{garbage} after {pass}");
            assert_eq!(garbage == 1, shuts_down);
        }
        assert_eq!(world.kept.len(), 1);
        assert_eq!(world.carriers_off.len(), usize::from(shuts_down));
        let caught = world.told(|event| match event {
            Event::OverflowCaught { distance } => Some(*distance),
            _ => None,
        });
        assert_eq!(caught, if shuts_down { vec![1_000_000] } else { vec![] });
        // A guest that was given up is not heard any more.
        let before = world.log.entries().len();
        world.interrupt(bad);
        world.transmit_due = true;
        world.tasklet();
        assert_eq!(world.log.entries().len() == before, shuts_down);
    }
}

#[test]
fn garbage_shuts_a_repaired_driver_down() {
    for (requests, why) in [
        (vec![(0, 100, MORE)], Some(Refusal::Truncated)),
        (vec![(0, 100, EXTRA)], Some(Refusal::BadExtra)),
        (vec![(4000, 97, 0)], Some(Refusal::CrossesPage)),
        (vec![(0, 100, MORE), (0, 101, 0)], Some(Refusal::LongerThanPacket)),
        (vec![(0, 13, 0)], None),
    ] {
        let mut world = World::with_guest(with(Repairs::ALL));
        let held = world.send_one(0, 1514).expect("the guest has pages");
        world.settle();
        let requests: Vec<TxRequest> = (20..)
            .zip(&requests)
            .map(|(id, &(offset, size, flags))| TxRequest { gref: NO_GRANT, offset, flags, id, size })
            .collect();
        world.send_raw(0, &requests);
        world.settle();
        let disabled = world.told(|event| match event {
            Event::Backend(Backend::FrontendDisabled { why }) => Some(*why),
            _ => None,
        });
        assert_eq!(disabled, Vec::from_iter(why));
        world.free_all();
        world.settle();
        // What is held is answered all the same.
        let answers = world.answers(0);
        assert!(answers.contains(&(held, 0)));
        assert_eq!(answers.contains(&(20, -1)), why.is_none());
    }
}

/// The guest changes a request between netback's check and its use.
#[test]
fn what_is_checked_is_what_is_used_if_it_was_copied() {
    for copies_requests in [true, false] {
        for (slot_number, offset, size) in [(1, 4000, 500), (1, 0xFFFF, 0xFFFF), (0, 4090, 100)] {
            let mut world = World::with_guest(with(Repairs { copies_requests, ..Repairs::ALL }));
            let ids = world.send(0, 0, &[slot(0, 1000), slot(0, 500)], &[]).expect("the guest has pages");
            let gref = world.grant(0, 77);
            let request = TxRequest { gref, offset, flags: 0, id: ids[usize::from(slot_number)], size };
            world.with(|back, _| back.race(Race { vif: VifId(0), slot: slot_number, request }));
            world.settle();
            let (_, skb) = world.kept[0];
            let bytes = world.bytes_of(skb);
            let attacks = world.told(|event| match event {
                Event::Trouble(Trouble::Attacked { attack: Attack::ChangedRequest, xsa, .. }) => Some(*xsa),
                _ => None,
            });
            if copies_requests {
                assert_eq!((bytes.len(), attacks), (1000, vec![]));
            } else {
                assert_eq!(attacks, [155]);
                let len = match slot_number {
                    0 => 6 + 500,
                    _ => 500 + (4096 - usize::from(offset.min(4096))),
                };
                assert_eq!((bytes.len(), world.skbs.get(skb).len), (len, len as u32), "it ends with its page");
            }
            world.free_all();
            world.settle();
            assert_eq!(world.back.held(), 0);
        }
    }
}
