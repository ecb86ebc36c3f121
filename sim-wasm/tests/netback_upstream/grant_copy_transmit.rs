//! What guests send, with the driver that copies every byte: nothing is held, and slots go back before dom0's stack sees the
//! packet.

use proptest::prelude::{any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use sim_wasm::actors::kernel::Task;
use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::backend::{Backend, Refusal};
use sim_wasm::actors::log::bus::Bus;
use sim_wasm::actors::netback::outcome::{ConnectError, Disconnect};
use sim_wasm::actors::netback::settings::VifSettings;
use sim_wasm::actors::netback_upstream::grant_copy::GrantCopy;
use sim_wasm::protocols::netif::{ExtraInfo, Gso, NETTXF_EXTRA_INFO, TxRequest};
use sim_wasm::protocols::ring::{Index, Shared};
use sim_wasm::words::ids::VifId;
use sim_wasm::words::time::Time;

use crate::drivers::grant_copy;
use crate::rig::{Rig, TX_PAGE, Wish};
use crate::slots::{Packet, Slot, Verdict, at, errors, garbage, judge, okay, packet, scribble, send, write};

const VIF: VifId = VifId(0);

fn is_idle(rig: &Rig<GrantCopy>, guest: usize) -> bool {
    (0..24).all(|page| !rig.in_use(guest, rig.guests[guest].data(page)))
}

#[test]
fn every_byte_is_copied_and_every_slot_answered_at_once() {
    for (sizes, head, frags) in [
        (&[54][..], 54, 0),
        (&[138], 138, 0),
        (&[139], 138, 1),
        (&[1514], 138, 1),
        // A head that is too short is filled up from the fragments.
        (&[66, 1448], 138, 1),
        (&[66, 40], 106, 0),
        (&[14, 20, 20, 12, 1448], 138, 1),
        (&[200, 1000, 1000, 1000], 138, 2),
        // Further slots are put together: 8192 bytes are two pages, wherever one slot ends and the next begins.
        (&[200, 3000, 3000, 2192], 138, 3),
        (&[139, 4000, 4000, 4000, 4000], 138, 5),
    ] {
        let mut rig = grant_copy(Wish::default());
        let slots: Vec<Slot> = (0..).zip(sizes).map(|(page, &size)| at(page, size)).collect();
        let pages = rig.skbs.free_pages();
        let bytes = send(&mut rig, 0, &Packet::of(&slots), 0);
        let &[(VIF, skb)] = &rig.received[..] else { panic!("one packet came of {sizes:?}") };
        assert_eq!(rig.bytes(skb), bytes, "{sizes:?}");
        let data = rig.skbs.get(skb);
        assert_eq!((data.head.len(), data.frags().len()), (head, frags), "{sizes:?}");
        assert_eq!(rig.reap(0), okay(0..sizes.len() as u16), "{sizes:?}");
        assert!(is_idle(&rig, 0));
        assert_eq!(rig.disconnect(0), Disconnect::Done);
        assert_eq!(rig.bytes(skb), bytes);
        rig.free(skb);
        assert_eq!((rig.skbs.free_pages(), rig.skbs.alive()), (pages, 0));
    }
}

#[test]
fn the_log_of_a_lone_packet_tells_its_way() {
    let mut rig = grant_copy(Wish::default());
    send(&mut rig, 0, &Packet::of(&[at(0, 1514)]), 0);
    let name = |event: &Event| match event {
        Event::EventSent { .. } => "rings",
        Event::Bus(Bus::Connected) => "connected",
        Event::RequestsAwaited { .. } => "awaited",
        Event::RequestsTaken { count: 1, .. } => "taken",
        Event::Backend(Backend::GrantsCopied { count: 1, bytes: 1514, failed: 0 }) => "copied",
        Event::HeaderCopied { bytes: 138, pages_kept: 1 } => "header",
        Event::SlotReleased { id: 0 } => "released",
        Event::ResponsesWritten { count: 1, .. } => "written",
        Event::ResponsesPublished { notify: true, .. } => "published",
        Event::PacketReceived { bytes: 1514 } => "received",
        _ => "something else",
    };
    let names: Vec<&str> = rig.log.entries().iter().map(|entry| name(&entry.event)).collect();
    let way = [
        "rings",
        "connected",
        "awaited",
        "taken",
        "awaited",
        "copied",
        "header",
        "released",
        "written",
        "published",
        "rings",
        "received",
    ];
    assert_eq!(names, way);
}

#[test]
fn guests_take_turns_packet_by_packet() {
    let mut rig = grant_copy(Wish { guests: 3, ..Wish::default() });
    for guest in 0..3 {
        for id in 0..4 {
            write(&mut rig, guest, &Packet::of(&[at(0, 60 + 500 * guest as u16)]), id);
        }
        rig.publish(guest);
        rig.interrupt(guest);
    }
    assert!(!rig.run_once(Task::NetTx));
    rig.settle();
    let order: Vec<u16> = rig.received.iter().map(|(vif, _)| vif.0).collect();
    assert_eq!(order, [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
    let calls = rig.events(|event| matches!(event, Event::Backend(Backend::GrantsCopied { .. })));
    assert_eq!(calls, 1, "all are copied with one hypercall");
}

#[test]
fn a_pass_takes_fewer_than_two_hundred_and_thirty_eight_slots_and_one_packet() {
    let mut rig = grant_copy(Wish { guests: 2, ..Wish::default() });
    for guest in 0..2 {
        for id in 0..256 {
            write(&mut rig, guest, &Packet::of(&[at(u32::from(id), 60)]), id);
        }
        rig.publish(guest);
        rig.interrupt(guest);
    }
    assert!(rig.run_once(Task::NetTx));
    let taken = rig.reap(0).len() + rig.reap(1).len();
    assert_eq!(taken, 238);
    rig.settle();
    assert_eq!((rig.received.len(), rig.reap(0).len() + rig.reap(1).len()), (512, 512 - 238));
}

#[test]
fn slots_have_the_same_limits_as_later() {
    for (further, verdict) in
        [(18, Verdict::Sound), (19, Verdict::Error), (20, Verdict::Error), (21, Verdict::Fatal), (30, Verdict::Fatal)]
    {
        let slots: Vec<Slot> = (0..=further).map(|page| at(page, if page == 0 { 500 } else { 40 })).collect();
        let all = Packet::of(&slots);
        assert_eq!(judge(&all), verdict);
        let mut rig = grant_copy(Wish::default());
        let bytes = send(&mut rig, 0, &all, 0);
        let reaped = rig.reap(0);
        match verdict {
            Verdict::Sound => {
                // With eighteen further slots the whole first one is in the head.
                let skb = rig.received[0].1;
                let data = rig.skbs.get(skb);
                assert_eq!((data.head.len(), data.frags().len()), (500, 1));
                assert_eq!((rig.bytes(skb), reaped), (bytes, okay(0..19)));
            }
            Verdict::Error => assert_eq!((rig.received.len(), reaped), (0, errors(0..=further as u16))),
            Verdict::Fatal => {
                assert_eq!((rig.received.len(), reaped, &rig.carriers_off[..]), (0, vec![], &[VIF][..]));
            }
        }
        assert_eq!(rig.back.is_disabled(VIF), verdict == Verdict::Fatal);
    }
}

#[test]
fn a_malicious_guest_is_shut_down_at_once_and_the_others_go_on() {
    for (bad, why) in [
        (Packet::of(&[at(0, 300), Slot::new(1, 4000, 97)]), Refusal::CrossesPage),
        (Packet::of(&[Slot::new(0, 4000, 97)]), Refusal::CrossesPage),
        // Segmentation of IPv6 is not known yet.
        (
            Packet { gso: Some(Gso { size: 9, kind: 2, features: 0 }), ..Packet::of(&[at(0, 100)]) },
            Refusal::BadSegmentation,
        ),
    ] {
        let mut rig = grant_copy(Wish { guests: 2, ..Wish::default() });
        write(&mut rig, 0, &Packet::of(&[at(0, 100)]), 0);
        write(&mut rig, 0, &bad, 1);
        write(&mut rig, 0, &Packet::of(&[at(0, 100)]), 9);
        rig.publish(0);
        rig.interrupt(0);
        send(&mut rig, 1, &Packet::of(&[at(0, 100)]), 0);
        assert_eq!(rig.events(|event| *event == Event::Backend(Backend::FrontendDisabled { why })), 1);
        assert_eq!((rig.reap(0), rig.reap(1), rig.received.len()), (okay([0]), okay([0]), 2));
        rig.ring(0);
        send(&mut rig, 1, &Packet::of(&[at(0, 100)]), 1);
        assert_eq!((rig.reap(0), rig.reap(1), rig.carriers_off.len()), (vec![], okay([1]), 1));
        assert_eq!(rig.disconnect(0), Disconnect::Done);
    }
    let mut rig = grant_copy(Wish { base: u32::MAX - 7, ..Wish::default() });
    rig.store(0, TX_PAGE, Shared::ReqProd, Index(u32::MAX - 7).plus(257));
    rig.ring(0);
    assert!(rig.back.is_disabled(VIF));
}

#[test]
fn a_grant_that_fails_answers_its_page_with_an_error_and_drops_the_packet() {
    let bad = |page, size| Slot { good: false, ..at(page, size) };
    for (slots, answers) in [
        (vec![bad(0, 100)], vec![(0, -1)]),
        (vec![bad(0, 300), at(1, 300)], vec![(0, -1), (1, 0)]),
        // The second and the third are put into one page, and share its fate.
        (vec![at(0, 300), bad(1, 300), at(2, 300)], vec![(1, -1), (2, -1), (0, 0)]),
        // The third begins in the second's page and ends in another: both fail.
        (vec![at(0, 300), at(1, 4000), bad(2, 300)], vec![(1, -1), (0, 0), (2, -1)]),
        (vec![at(0, 300), at(1, 4000), at(2, 96), bad(3, 300)], vec![(3, -1), (0, 0), (1, 0), (2, 0)]),
        (vec![at(0, 300), bad(1, 4000), at(2, 96), bad(3, 300)], vec![(1, -1), (2, -1), (0, 0), (3, -1)]),
    ] {
        let mut rig = grant_copy(Wish::default());
        let pages = rig.skbs.free_pages();
        send(&mut rig, 0, &Packet::of(&slots), 0);
        assert_eq!((rig.reap(0), rig.received.len()), (answers, 0), "{slots:?}");
        assert_eq!((rig.skbs.free_pages(), rig.skbs.alive()), (pages, 0));
        assert!(is_idle(&rig, 0));
    }
}

#[test]
fn of_several_extra_infos_one_is_answered() {
    let mut rig = grant_copy(Wish::default());
    let gref = rig.guests[0].data(0);
    let gso = ExtraInfo::gso(Gso { size: 1000, kind: 1, features: 0 });
    rig.write_request(0, TxRequest { gref, offset: 0, flags: NETTXF_EXTRA_INFO, id: 5, size: 3000 });
    rig.write_slot(0, &ExtraInfo { flags: 1, ..gso }.encode());
    rig.write_slot(0, &gso.encode());
    rig.publish(0);
    rig.ring(0);
    let reaped = rig.reap(0);
    // The ring has lost a slot, which is its own guest's.
    assert_eq!((reaped.len(), reaped[0], reaped[1].1), (2, (5, 0), 1));
    assert_eq!(rig.back.transmit_indexes(VIF), Some((Index(3), Index(2))));
}

#[test]
fn without_memory_a_packet_is_answered_with_errors() {
    let mut rig = grant_copy(Wish { pages: 3, ..Wish::default() });
    let slots = [at(0, 300), at(1, 4000), at(2, 4000), at(3, 4000)];
    send(&mut rig, 0, &Packet::of(&slots), 0);
    assert_eq!((rig.reap(0), rig.skbs.free_pages()), (errors(0..4), 3));
    send(&mut rig, 0, &Packet::of(&slots[..2]), 9);
    assert_eq!((rig.reap(0), rig.received.len(), rig.skbs.free_pages()), (okay(9..11), 1, 1));
}

#[test]
fn a_rate_leaves_requests_in_the_ring() {
    let settings = VifSettings { credit_bytes: 4000, credit_usec: 50_000, ..VifSettings::default() };
    let mut rig = grant_copy(Wish { settings, ..Wish::default() });
    for id in 0..6 {
        write(&mut rig, 0, &Packet::of(&[at(0, 1500)]), id);
    }
    rig.publish(0);
    rig.ring(0);
    assert_eq!(rig.received.len(), 2);
    rig.advance(Time::from_millis(52));
    assert_eq!(rig.received.len(), 5);
    rig.advance(Time::from_millis(200));
    assert_eq!((rig.received.len(), rig.reap(0)), (6, okay(0..6)));
}

#[test]
fn an_interface_is_connected_once_and_again() {
    let mut rig = grant_copy(Wish { base: 99, ..Wish::default() });
    assert_eq!(rig.connect(0, VifSettings::default()), Err(ConnectError::Busy));
    assert_eq!((rig.disconnect(0), rig.disconnect(0)), (Disconnect::Done, Disconnect::Done));
    assert!(!rig.in_use(0, rig.guests[0].offer.tx_ring) && !rig.in_use(0, rig.guests[0].offer.rx_ring));
    rig.connect(0, VifSettings::default()).expect("the interface is free");
    send(&mut rig, 0, &Packet::of(&[at(0, 100)]), 0);
    assert_eq!(rig.reap(0), okay([0]));
    rig.guests[0].offer.rx_ring = crate::rig::BAD;
    assert_eq!(rig.disconnect(0), Disconnect::Done);
    assert!(matches!(rig.connect(0, VifSettings::default()), Err(ConnectError::ReceiveRing(_))));
    assert!(!rig.in_use(0, rig.guests[0].offer.tx_ring));
}

proptest! {
    /// Three guests send whatever they like. Sound packets arrive with their bytes, in the order of their guests; every slot
    /// of a guest that is not shut down is answered once, and no grant is in use when the thread is done.
    #[test]
    fn slots_are_conserved(
        base in prop_oneof![any::<u32>(), u32::MAX - 300..u32::MAX],
        packets in proptest::collection::vec((0_usize..3, packet(), any::<bool>()), 1..60),
    ) {
        let mut rig = grant_copy(Wish { guests: 3, base, ..Wish::default() });
        let pages = rig.skbs.free_pages();
        let mut disabled = [false; 3];
        let (mut owed, mut nulls) = ([const { Vec::new() }; 3], [0; 3]);
        for (number, (guest, packet, ring)) in packets.iter().enumerate() {
            let guest = *guest;
            if rig.guests[guest].tx.free_requests() < packet.len() {
                continue;
            }
            let id = number as u16 * 32;
            let bytes = send(&mut rig, guest, packet, id);
            if *ring {
                rig.ring(guest);
            }
            let mut come = std::mem::take(&mut rig.received);
            if !disabled[guest] {
                let ids = (0..packet.slots.len() as u16).map(|slot| id + slot);
                nulls[guest] += usize::from(packet.gso.is_some());
                match judge(packet) {
                    Verdict::Sound if packet.slots.iter().all(|slot| slot.good) => {
                        owed[guest].extend(ids.map(|id| (id, Some(0))));
                        prop_assert_eq!(come.len(), 1);
                        let (vif, skb) = come.remove(0);
                        prop_assert_eq!((usize::from(vif.0), rig.bytes(skb)), (guest, bytes));
                        rig.free(skb);
                    }
                    Verdict::Sound => owed[guest].extend(ids.zip(&packet.slots).map(|(id, slot)| (id, (!slot.good).then_some(-1)))),
                    Verdict::Error => owed[guest].extend(ids.map(|id| (id, Some(-1)))),
                    Verdict::Fatal => {
                        disabled[guest] = true;
                        nulls[guest] -= usize::from(packet.gso.is_some());
                    }
                }
            }
            prop_assert_eq!(come.len(), 0);
            for (id, status) in rig.reap(guest) {
                if status == 1 {
                    prop_assert!(nulls[guest] > 0);
                    nulls[guest] -= 1;
                    continue;
                }
                let at = owed[guest].iter().position(|&(other, _): &(u16, Option<i16>)| other == id);
                let Some(at) = at else { panic!("slot {id} is answered once") };
                let (_, expected) = owed[guest].swap_remove(at);
                prop_assert!(expected.is_none_or(|expected| expected == status));
            }
            prop_assert!(owed[guest].is_empty() && nulls[guest] == 0, "everything is answered at once");
            prop_assert_eq!(rig.back.is_disabled(VifId(guest as u16)), disabled[guest]);
            prop_assert!((0..3).all(|guest| is_idle(&rig, guest)));
            // Whoever sleeps has asked for the next request, so that no wake-up is lost.
            if !disabled[guest] {
                let (cons, _) = rig.back.transmit_indexes(VifId(guest as u16)).expect("it is connected");
                prop_assert_eq!(rig.load(guest, TX_PAGE, Shared::ReqEvent), cons.plus(1));
                prop_assert_eq!(rig.load(guest, TX_PAGE, Shared::ReqProd), cons);
            }
        }
        prop_assert_eq!((rig.skbs.alive(), rig.skbs.free_pages()), (0, pages));
        for guest in 0..3 {
            prop_assert_eq!(rig.disconnect(guest), Disconnect::Done);
        }
    }

    /// A guest writes any bytes anywhere into its ring; the other guest's packets arrive.
    #[test]
    fn any_bytes_do_no_harm(
        base in any::<u32>(),
        garbage in proptest::collection::vec(garbage(), 1..40),
    ) {
        let mut rig = grant_copy(Wish { guests: 2, base, pages: 60, ..Wish::default() });
        for (sent, garbage) in (0..).zip(garbage) {
            scribble(&mut rig, garbage);
            rig.ring(0);
            send(&mut rig, 1, &Packet::of(&[at(1, 200), at(2, 600)]), 2 * sent);
            prop_assert_eq!(rig.reap(1), okay([2 * sent, 2 * sent + 1]));
            prop_assert_eq!(rig.received.iter().filter(|(vif, _)| *vif == VifId(1)).count(), 1);
            for (_, skb) in std::mem::take(&mut rig.received) {
                rig.free(skb);
            }
        }
        prop_assert_eq!((rig.disconnect(0), rig.disconnect(1)), (Disconnect::Done, Disconnect::Done));
        prop_assert_eq!(rig.skbs.alive(), 0);
    }
}
