//! What a guest sends that is no packet, with the current driver: which mistakes cost the packet, and which the interface.

use sim_wasm::actors::kernel::Task;
use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::backend::{Backend, Refusal};
use sim_wasm::actors::netback::outcome::Disconnect;
use sim_wasm::protocols::netif::{Gso, NETTXF_EXTRA_INFO, NETTXF_MORE_DATA, TxRequest};
use sim_wasm::protocols::ring::{Index, Shared};
use sim_wasm::words::ids::{GrantRef, VifId};

use crate::drivers::zero_copy;
use crate::rig::{TX_PAGE, Wish};
use crate::slots::{Packet, Slot, at, errors, okay, send, write};
use crate::zero_copy_transmit::one;

const VIF: VifId = VifId(0);

#[test]
fn more_slots_than_every_frontend_may_use_are_dropped_and_more_still_are_malicious() {
    let chain = |further: u32| -> Packet {
        let slots: Vec<Slot> = (0..=further).map(|page| at(page, if page == 0 { 500 } else { 40 })).collect();
        Packet::of(&slots)
    };
    for further in [16, 17, 18] {
        let (mut rig, bytes, reaped) = one(&chain(further));
        let skb = rig.received[0].1;
        assert_eq!(rig.bytes(skb), bytes);
        let data = rig.skbs.get(skb);
        // With 17 further slots or more, the whole first slot is copied; with 18 there is still one fragment too many.
        let (head, frags, answers) = match further {
            16 => (128, 17, 0),
            17 => (500, 17, 1),
            _ => (500, 1, 19),
        };
        assert_eq!((data.head.len(), data.frags().len(), reaped.len()), (head, frags, answers), "{further}");
        rig.free(skb);
        assert_eq!((reaped.len() + rig.reap(0).len(), rig.back.held()), (further as usize + 1, 0));
    }
    for further in [19, 20] {
        let (rig, _, reaped) = one(&chain(further));
        assert_eq!((rig.received.len(), reaped), (0, errors(0..=further as u16)));
        assert!(!rig.back.is_disabled(VIF));
    }
    for further in [21, 40] {
        let (rig, _, reaped) = one(&chain(further));
        assert_eq!((rig.received.len(), reaped, rig.carriers_off.len()), (0, vec![], 1));
        assert!(rig.back.is_disabled(VIF));
    }
}

#[test]
fn what_no_honest_frontend_writes_disables_it_in_the_thread_and_not_in_the_poll() {
    for (bad, why) in [
        (Packet::of(&[at(0, 300), Slot::new(1, 4000, 97)]), Refusal::CrossesPage),
        (Packet::of(&[Slot::new(0, 4000, 97)]), Refusal::CrossesPage),
        (
            Packet { gso: Some(Gso { size: 0, kind: 1, features: 0 }), ..Packet::of(&[at(0, 100)]) },
            Refusal::BadSegmentation,
        ),
        (
            Packet { gso: Some(Gso { size: 9, kind: 3, features: 0 }), ..Packet::of(&[at(0, 100)]) },
            Refusal::BadSegmentation,
        ),
    ] {
        let mut rig = zero_copy(Wish::default());
        write(&mut rig, 0, &Packet::of(&[at(0, 100)]), 0);
        write(&mut rig, 0, &bad, 1);
        write(&mut rig, 0, &Packet::of(&[at(0, 100)]), 9);
        rig.publish(0);
        // The poll only marks; what it had taken before still goes on.
        assert!(!rig.run_once(Task::BackPoll(VIF)));
        assert!(rig.back.is_disabled(VIF) && rig.carriers_off.is_empty());
        assert_eq!(rig.events(|event| *event == Event::Backend(Backend::FrontendDisabled { why })), 1);
        rig.settle();
        assert_eq!((rig.carriers_off.len(), rig.received.len()), (1, 1));
        let reaped = rig.reap(0);
        assert_eq!(reaped, okay([0]));
        // From now on nothing is taken and nothing answered.
        for _ in 0..3 {
            rig.ring(0);
        }
        assert_eq!((rig.reap(0), rig.received.len(), rig.carriers_off.len()), (vec![], 1, 1));
        rig.free(rig.received[0].1);
        assert_eq!(rig.disconnect(0), Disconnect::Done);
    }
}

#[test]
fn what_an_honest_frontend_may_get_wrong_costs_its_packet_only() {
    for bad in [
        Packet::of(&[at(0, 13)]),
        // The first slot has too few bytes, though the packet has enough.
        Packet::of(&[at(0, 13), at(1, 500)]),
        // The frame is 64 KiB and more, so that the first request's size wraps.
        Packet { excess: -65_536, ..Packet::of(&[Slot::new(0, 0, 4096); 17]) },
        Packet { excess: -301, ..Packet::of(&[at(0, 300), at(1, 300)]) },
    ] {
        let mut rig = zero_copy(Wish::default());
        write(&mut rig, 0, &bad, 0);
        write(&mut rig, 0, &Packet::of(&[at(0, 100)]), 99);
        rig.publish(0);
        rig.ring(0);
        let reaped = rig.reap(0);
        let (last, first) = reaped.split_last().expect("everything is answered");
        assert_eq!((first, *last), (&errors(0..bad.slots.len() as u16)[..], (99, 0)));
        assert!(!rig.back.is_disabled(VIF));
        assert_eq!(rig.received.len(), 1);
    }
}

#[test]
fn a_packet_whose_end_is_not_published_is_malicious() {
    let mut rig = zero_copy(Wish::default());
    let gref = rig.guests[0].data(0);
    rig.write_request(0, TxRequest { gref, offset: 0, flags: NETTXF_MORE_DATA, id: 1, size: 100 });
    rig.publish(0);
    rig.ring(0);
    assert!(rig.back.is_disabled(VIF));

    let mut rig = zero_copy(Wish::default());
    rig.write_request(0, TxRequest { gref, offset: 0, flags: NETTXF_EXTRA_INFO, id: 1, size: 100 });
    rig.publish(0);
    rig.ring(0);
    assert!(rig.back.is_disabled(VIF));
}

#[test]
fn a_producer_out_of_reach_is_malicious_wherever_the_ring_began() {
    for base in [0, 77, u32::MAX - 100] {
        for (ahead, disabled) in [(1, false), (257, true), (1 << 31, true), (u32::MAX, true)] {
            let mut rig = zero_copy(Wish { base, ..Wish::default() });
            rig.write_request(0, TxRequest { gref: GrantRef(0), offset: 0, flags: 0, id: 1, size: 10 });
            rig.store(0, TX_PAGE, Shared::ReqProd, Index(base).plus(ahead));
            rig.ring(0);
            assert_eq!(rig.back.is_disabled(VIF), disabled, "{base} {ahead}");
            assert_eq!(rig.reap(0).len(), usize::from(!disabled));
        }
    }
}

#[test]
fn a_grant_that_fails_answers_its_own_slot_with_an_error_and_drops_the_packet() {
    let bad = |page, size| Slot { good: false, ..at(page, size) };
    for (slots, answers) in [
        // The head's copy fails.
        (vec![bad(0, 100)], vec![(0, -1)]),
        // The head's copy fails and so does the mapping of the same slot: one answer.
        (vec![bad(0, 300)], vec![(0, -1)]),
        (vec![bad(0, 300), at(1, 300)], vec![(0, -1), (1, 0)]),
        (vec![at(0, 300), bad(1, 300), at(2, 300)], vec![(1, -1), (0, 0), (2, 0)]),
        (vec![at(0, 66), bad(1, 300)], vec![(0, 0), (1, -1)]),
        // A slot that is in the head as well as a fragment shares the head's fate.
        (vec![bad(0, 66), at(1, 300)], vec![(0, -1), (1, -1)]),
        (vec![bad(0, 128), at(1, 300)], vec![(0, -1), (1, 0)]),
        (vec![at(0, 300), bad(1, 300), bad(2, 300)], vec![(1, -1), (0, 0), (2, -1)]),
    ] {
        let mut all = Packet::of(&slots);
        let (mut rig, _, reaped) = one(&all);
        assert_eq!((&reaped, rig.received.len(), rig.back.held()), (&answers, 0, 0), "{slots:?}");
        assert!((0..3).all(|page| !rig.in_use(0, rig.guests[0].data(page))));
        for slot in &mut all.slots {
            slot.good = true;
        }
        send(&mut rig, 0, &all, 9);
        assert_eq!(rig.received.len(), 1);
    }
}
