//! Requests that make no packet, and grants that are none: each slot is answered, and nothing is kept.

use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::backend::{Backend, Refusal};
use sim_wasm::actors::netback::settings::BackSettings;
use sim_wasm::protocols::netif::TxRequest;
use sim_wasm::words::ids::VifId;

use crate::world::{EXTRA, MORE, NO_GRANT, OLD, Slot, World, slot};

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
