//! What a guest sends, with the current driver: copies of heads, mappings of the rest, and how slots come back.

use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::test_runner::TestCaseError;

use sim_wasm::actors::kernel::Task;
use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::backend::{Backend, Refusal};
use sim_wasm::actors::log::bus::Bus;
use sim_wasm::actors::netback::outcome::{ConnectError, Disconnect};
use sim_wasm::actors::netback::settings::VifSettings;
use sim_wasm::actors::netback_upstream::zero_copy::ZeroCopy;
use sim_wasm::actors::skb::{Checksum, SkbId};
use sim_wasm::protocols::netif::{ExtraInfo, Gso, NETTXF_CSUM_BLANK, NETTXF_EXTRA_INFO, NETTXF_MORE_DATA, TxRequest};
use sim_wasm::protocols::ring::{Index, Shared};
use sim_wasm::words::ids::{GrantRef, VifId};
use sim_wasm::words::time::Time;

use crate::drivers::zero_copy;
use crate::rig::{Rig, TX_PAGE, Wish};
use crate::slots::{Packet, Slot, Verdict, judge, packet, send, write};

const VIF: VifId = VifId(0);

/// A slot in the middle of a page of its own.
fn at(page: u32, size: u16) -> Slot {
    Slot::new(page, 7, size)
}

fn okay(ids: impl IntoIterator<Item = u16>) -> Vec<(u16, i16)> {
    ids.into_iter().map(|id| (id, 0)).collect()
}

fn errors(ids: impl IntoIterator<Item = u16>) -> Vec<(u16, i16)> {
    ids.into_iter().map(|id| (id, -1)).collect()
}

/// Sends one packet to a fresh driver. Tells the rig, the bytes that were sent, and what was answered at once.
fn one(packet: &Packet) -> (Rig<ZeroCopy>, Vec<u8>, Vec<(u16, i16)>) {
    let mut rig = zero_copy(Wish::default());
    let bytes = send(&mut rig, 0, packet, 0);
    let reaped = rig.reap(0);
    (rig, bytes, reaped)
}

#[test]
fn a_slot_that_is_copied_whole_goes_back_at_once_and_is_never_mapped() {
    // Sizes of the slots; bytes in the head, fragments, and how many slots are answered before the packet is freed.
    for (sizes, head, frags, at_once) in [
        (&[54][..], 54, 0, 1),
        (&[66], 66, 0, 1),
        (&[128], 128, 0, 1),
        (&[129], 128, 1, 0),
        (&[1514], 128, 1, 0),
        (&[54, 1460], 128, 1, 1),
        (&[66, 1448], 128, 1, 1),
        (&[14, 20, 20, 12, 1448], 128, 1, 4),
        (&[54, 74], 128, 0, 2),
        (&[128, 1000], 128, 1, 1),
        (&[130, 1000], 128, 2, 0),
        (&[14, 114, 300, 300], 128, 2, 2),
    ] {
        let slots: Vec<Slot> = (0..).zip(sizes).map(|(page, &size)| at(page, size)).collect();
        let (mut rig, bytes, reaped) = one(&Packet::of(&slots));
        let &[(VIF, skb)] = &rig.received[..] else { panic!("one packet came of {sizes:?}") };
        assert_eq!(rig.bytes(skb), bytes, "{sizes:?}");
        let data = rig.skbs.get(skb);
        assert_eq!((data.head.len(), data.frags().len()), (head, frags), "{sizes:?}");
        assert_eq!(reaped, okay(0..at_once), "{sizes:?}");
        assert_eq!(rig.back.held(), sizes.len() as u32 - u32::from(at_once), "{sizes:?}");
        let mapped = (0..sizes.len() as u32).filter(|&page| rig.in_use(0, rig.guests[0].data(page)));
        assert_eq!(mapped.count(), frags, "{sizes:?}");
        rig.free(skb);
        assert_eq!(rig.reap(0), okay(at_once..sizes.len() as u16), "{sizes:?}");
        assert_eq!(rig.back.held(), 0);
        assert_eq!(rig.back.disconnect_done(0), Disconnect::Done);
    }
}

trait Done {
    fn disconnect_done(&self, vif: u16) -> Disconnect;
}

impl Done for ZeroCopy {
    /// Whether a disconnection would find anything in its way.
    fn disconnect_done(&self, vif: u16) -> Disconnect {
        match self.held_by(VifId(vif)) {
            0 => Disconnect::Done,
            held => Disconnect::Waiting(held),
        }
    }
}

#[test]
fn the_log_of_a_lone_packet_tells_its_way() {
    let (mut rig, _, _) = one(&Packet::of(&[at(0, 66), at(1, 1448)]));
    let skb = rig.received[0].1;
    rig.free(skb);
    let names: Vec<&str> = rig.log.entries().iter().map(|entry| name(&entry.event)).collect();
    let way = [
        "rings",
        "connected",
        "awaited",
        "taken",
        "copied",
        "mapped",
        "header",
        "released",
        "written",
        "published",
        "rings",
        "received",
        "awaited",
        "freed",
        "unmapped",
        "written",
        "published",
        "rings",
    ];
    assert_eq!(names, way);
}

fn name(event: &Event) -> &'static str {
    match event {
        Event::EventSent { .. } => "rings",
        Event::Bus(Bus::Connected) => "connected",
        Event::RequestsTaken { count: 2, .. } => "taken",
        Event::RequestsAwaited { .. } => "awaited",
        Event::Backend(Backend::GrantsCopied { count: 2, bytes: 128, failed: 0 }) => "copied",
        Event::GrantsMapped { count: 1, flags: 13, .. } => "mapped",
        Event::HeaderCopied { bytes: 128, pages_kept: 1 } => "header",
        Event::SlotReleased { id: 0 } => "released",
        Event::ResponsesWritten { count: 1, .. } => "written",
        Event::ResponsesPublished { notify: true, .. } => "published",
        Event::PacketReceived { bytes: 1514 } => "received",
        Event::PagesFreed { count: 1 } => "freed",
        Event::GrantsUnmapped { count: 1, flags: 5, .. } => "unmapped",
        _ => "something else",
    }
}

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

#[test]
fn further_slots_without_bytes_are_answered_at_once() {
    let slots = [at(0, 200), at(1, 0), at(2, 300), at(3, 0)];
    let (mut rig, bytes, reaped) = one(&Packet::of(&slots));
    assert_eq!(reaped, okay([1, 3]));
    let skb = rig.received[0].1;
    assert_eq!((rig.bytes(skb), rig.skbs.get(skb).frags().len(), rig.back.held()), (bytes, 2, 2));
    rig.free(skb);
    assert_eq!(rig.reap(0), okay([0, 2]));
    // Eighteen slots within 128 bytes: all go into the head (XSA-432).
    let mut slots = vec![at(0, 20)];
    slots.extend((1..19).map(|page| at(page, 6)));
    let (rig, bytes, reaped) = one(&Packet::of(&slots));
    assert_eq!((rig.bytes(rig.received[0].1), reaped, rig.back.held()), (bytes, okay(0..19), 0));
}

#[test]
fn extra_infos_are_answered_with_their_packet() {
    let gso = Some(Gso { size: 1448, kind: 2, features: 0 });
    let (mut rig, _, reaped) = one(&Packet { gso, ..Packet::of(&[at(0, 300), at(1, 3000)]) });
    assert_eq!(reaped, vec![]);
    let skb = rig.received[0].1;
    let data = rig.skbs.get(skb);
    assert_eq!((data.gso.size, data.gso.kind, data.checksum), (1448, 2, Checksum::Partial));
    rig.free(skb);
    let reaped = rig.reap(0);
    assert_eq!(reaped.len(), 3);
    assert_eq!((reaped[0], reaped[1].1, reaped[2]), ((0, 0), 1, (1, 0)));
}

#[test]
fn addresses_of_groups_are_answered_and_are_no_packets() {
    let mut rig = zero_copy(Wish::default());
    let gref = rig.guests[0].data(0);
    let mut ask = |kind, count: u16| {
        for id in 0..count {
            let flags = NETTXF_EXTRA_INFO;
            rig.write_request(0, TxRequest { gref, offset: 0, flags, id, size: 14 });
            rig.write_slot(0, &ExtraInfo { kind, flags: 0, payload: [1, 0, 0, 0, 0, id as u8] }.encode());
        }
        rig.publish(0);
        rig.ring(0);
        let statuses: Vec<i16> = rig.reap(0).into_iter().map(|(_, status)| status).collect();
        statuses.chunks(2).filter(|pair| *pair == [0, 1]).count()
    };
    assert_eq!((ask(2, 70), ask(3, 10), ask(2, 20)), (64, 10, 10));
    assert!(rig.received.is_empty() && !rig.back.is_disabled(VIF));
}

#[test]
fn a_poll_takes_sixty_four_packets() {
    let mut rig = zero_copy(Wish::default());
    for id in 0..200 {
        write(&mut rig, 0, &Packet::of(&[at(0, 60)]), id);
    }
    rig.publish(0);
    let spent: Vec<bool> = (0..4).map(|_| rig.run_once(Task::BackPoll(VIF))).collect();
    assert_eq!(spent, [true, true, true, false]);
    rig.settle();
    assert_eq!((rig.received.len(), rig.reap(0)), (200, okay(0..200)));
    assert_eq!(rig.events(|event| *event == Event::Backend(Backend::BudgetSpent { packets: 64 })), 3);
}

#[test]
fn a_full_ring_of_mapped_slots_holds_the_whole_pool_and_no_other_guests() {
    let mut rig = zero_copy(Wish { guests: 2, ..Wish::default() });
    for id in 0..256 {
        write(&mut rig, 0, &Packet::of(&[at(u32::from(id), 1514)]), id);
    }
    rig.publish(0);
    rig.ring(0);
    assert_eq!((rig.back.held_by(VIF), rig.received.len()), (256, 256));
    send(&mut rig, 1, &Packet::of(&[at(0, 1514)]), 7);
    assert_eq!((rig.back.held_by(VifId(1)), rig.received.len()), (1, 257));
    for (_, skb) in std::mem::take(&mut rig.received) {
        rig.skbs.free(skb);
    }
    rig.settle();
    assert_eq!((rig.back.held(), rig.reap(0), rig.reap(1)), (0, okay(0..256), okay([7])));
}

#[test]
fn an_orphaned_packet_keeps_its_bytes_and_gives_its_slots_back() {
    let (mut rig, bytes, _) = one(&Packet::of(&[at(0, 300), Slot::new(1, 0, 4096), at(2, 3000)]));
    let skb = rig.received[0].1;
    let pages = rig.skbs.free_pages();
    rig.orphan(skb);
    assert_eq!((rig.reap(0), rig.back.held(), rig.skbs.free_pages()), (okay(0..3), 0, pages - 2));
    assert_eq!(rig.bytes(skb), bytes);
    rig.orphan(skb);
    assert_eq!(rig.disconnect(0), Disconnect::Done);
    rig.free(skb);
    assert_eq!((rig.skbs.free_pages(), rig.skbs.alive()), (pages, 0));
}

#[test]
fn without_memory_for_copies_a_packet_keeps_the_guests_pages() {
    let (mut rig, bytes, _) = one(&Packet::of(&[at(0, 300), at(1, 3000)]));
    while rig.skbs.alloc_page().is_some() {}
    let skb = rig.received[0].1;
    rig.orphan(skb);
    assert_eq!((rig.bytes(skb), rig.back.held()), (bytes, 2));
    rig.free(skb);
    assert_eq!(rig.reap(0), okay(0..2));
    // A packet with too many fragments needs pages, and is lost without.
    let slots: Vec<Slot> = (0..19).map(|page| at(page, 500)).collect();
    send(&mut rig, 0, &Packet::of(&slots), 0);
    assert_eq!((rig.received.len(), rig.reap(0).len(), rig.back.held()), (1, 19, 0));
    assert_eq!(rig.skbs.alive(), 0);
}

#[test]
fn a_rate_leaves_requests_in_the_ring_until_the_window_ends() {
    let settings = VifSettings { credit_bytes: 4000, credit_usec: 50_000, ..VifSettings::default() };
    let mut rig = zero_copy(Wish { settings, ..Wish::default() });
    for id in 0..6 {
        write(&mut rig, 0, &Packet::of(&[at(0, 1500)]), id);
    }
    rig.publish(0);
    rig.ring(0);
    assert_eq!((rig.received.len(), rig.back.held()), (2, 2));
    // An event while the timer runs finds work, but no credit.
    assert!(rig.interrupt(0));
    rig.settle();
    assert_eq!(rig.received.len(), 2);
    // 50 ms are 13 jiffies at 250 a second.
    rig.advance(Time::from_millis(51));
    assert_eq!(rig.received.len(), 2);
    rig.advance(Time::from_millis(52));
    assert_eq!(rig.received.len(), 5);
    rig.advance(Time::from_millis(200));
    assert_eq!(rig.received.len(), 6);
}

#[test]
fn connecting_goes_on_where_the_ring_says() {
    let mut rig = zero_copy(Wish { base: u32::MAX - 3, ..Wish::default() });
    assert_eq!(rig.connect(0, VifSettings::default()), Err(ConnectError::Busy));
    for id in 0..10 {
        send(&mut rig, 0, &Packet::of(&[at(0, 1500)]), id);
    }
    assert_eq!(rig.disconnect(0), Disconnect::Waiting(10));
    // What comes now is not taken, and what is freed is still answered.
    send(&mut rig, 0, &Packet::of(&[at(0, 1500)]), 10);
    for (_, skb) in std::mem::take(&mut rig.received) {
        rig.free(skb);
    }
    assert_eq!((rig.reap(0), rig.disconnect(0)), (okay(0..10), Disconnect::Done));
    assert_eq!(rig.disconnect(0), Disconnect::Done);
    rig.connect(0, VifSettings::default()).expect("the interface is free");
    rig.settle();
    assert_eq!(rig.back.transmit_indexes(VIF), Some((Index(7), Index(6))));
    assert_eq!((rig.received.len(), rig.back.held()), (1, 1));
    rig.free(rig.received[0].1);
    assert_eq!((rig.reap(0), rig.disconnect(0)), (okay([10]), Disconnect::Done));
    // A ring that claims more than it can hold is not taken.
    rig.store(0, TX_PAGE, Shared::ReqProd, Index(7 + 257));
    assert_eq!(rig.connect(0, VifSettings::default()), Err(ConnectError::RingInUse));
    rig.store(0, TX_PAGE, Shared::ReqProd, Index(7));
    rig.connect(0, VifSettings::default()).expect("a failure left nothing behind");
}

#[test]
fn an_event_without_work_is_spurious() {
    let mut rig = zero_copy(Wish::default());
    assert!(!rig.interrupt(0));
    write(&mut rig, 0, &Packet::of(&[at(0, 100)]), 0);
    rig.publish(0);
    assert!(rig.interrupt(0));
    let counters = rig.back.counters(VIF);
    assert_eq!((counters.interrupts, counters.spurious), (2, 1));
}

#[test]
fn flags_of_the_checksum_are_the_first_requests() {
    let mut rig = zero_copy(Wish::default());
    let gref = rig.guests[0].data(0);
    for (id, flags) in [(0, 0), (1, NETTXF_CSUM_BLANK), (2, 2)] {
        rig.write_request(0, TxRequest { gref, offset: 0, flags, id, size: 100 });
    }
    rig.publish(0);
    rig.ring(0);
    let checksums: Vec<Checksum> = rig.received.iter().map(|&(_, skb)| rig.skbs.get(skb).checksum).collect();
    assert_eq!(checksums, [Checksum::None, Checksum::Partial, Checksum::Unnecessary]);
}

/// What may happen to a machine.
#[derive(Clone, Debug)]
enum Step {
    Send(usize, Packet),
    Free(usize),
    Clone(usize, bool),
    Reap(usize),
    Ring(usize),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0_usize..3, packet()).prop_map(|(guest, packet)| Step::Send(guest, packet)),
        4 => any::<u16>().prop_map(|which| Step::Free(usize::from(which))),
        1 => (any::<u16>(), any::<bool>()).prop_map(|(which, orphan)| Step::Clone(usize::from(which), orphan)),
        3 => (0_usize..3).prop_map(Step::Reap),
        1 => (0_usize..3).prop_map(Step::Ring),
        1 => (0_u64..100_000_000).prop_map(Step::Wait),
    ]
}

/// What the test knows of a guest.
#[derive(Default)]
struct Account {
    next: u16,
    /// Slots that are to be answered, by identifier: with an error, or not, or one or the other.
    owed: Vec<(u16, Option<i16>)>,
    /// Extra infos that are to be answered.
    nulls: usize,
    disabled: bool,
    /// Bytes of the packets that must have come, in order.
    expected: Vec<Vec<u8>>,
}

/// What each slot of a packet that is sound but for its grants is answered, as far as that is certain; nothing if all
/// grants that are used are good. Also where the packet's head ends, since a slot that is in part in the head may be
/// answered for another's fault.
fn faults(packet: &Packet) -> Option<Vec<Option<i16>>> {
    let further = packet.slots.len() - 1;
    let mut head = packet.total().min(128);
    if further >= 17 {
        head = head.max(packet.first_len());
    }
    let mut good = true;
    let answers = packet.slots.iter().enumerate().map(|(number, slot)| {
        let size = if number == 0 { packet.first_len() } else { slot.size };
        let copied = head.min(size);
        let used = head > 0 || size > 0;
        head -= copied;
        good &= slot.good || !used;
        match (slot.good || !used, copied > 0 && copied < size) {
            (true, false) => Some(0),
            (true, true) => None,
            (false, _) => Some(-1),
        }
    });
    let answers = answers.collect();
    (!good).then_some(answers)
}

fn settle_account(rig: &mut Rig<ZeroCopy>, guest: usize, account: &mut Account) -> Result<(), TestCaseError> {
    for (id, status) in rig.reap(guest) {
        if status == 1 {
            prop_assert!(account.nulls > 0, "an extra info is answered once");
            account.nulls -= 1;
            continue;
        }
        let owed = account.owed.iter().position(|&(other, _)| other == id);
        let Some(owed) = owed else { panic!("slot {id} of guest {guest} is answered once") };
        let (_, expected) = account.owed.swap_remove(owed);
        prop_assert!(expected.is_none_or(|expected| expected == status), "{id}: {status}");
    }
    Ok(())
}

fn run(base: u32, steps: &[Step]) -> Result<(), TestCaseError> {
    let mut rig = zero_copy(Wish { guests: 3, base, ..Wish::default() });
    let mut accounts: [Account; 3] = Default::default();
    let mut kept: Vec<(SkbId, Vec<u8>)> = Vec::new();
    for step in steps {
        match step {
            Step::Send(guest, packet) => {
                let account = &mut accounts[*guest];
                // An honest frontend leaves the ring's last slots alone.
                if rig.guests[*guest].tx.free_requests() < packet.len() {
                    continue;
                }
                let bytes = send(&mut rig, *guest, packet, account.next);
                let ids = (0..packet.slots.len() as u16).map(|number| account.next.wrapping_add(number));
                if !account.disabled {
                    match judge(packet) {
                        Verdict::Sound => match faults(packet) {
                            Some(answers) => account.owed.extend(ids.zip(answers)),
                            None => {
                                account.owed.extend(ids.map(|id| (id, Some(0))));
                                account.expected.push(bytes);
                            }
                        },
                        Verdict::Error => account.owed.extend(ids.map(|id| (id, Some(-1)))),
                        Verdict::Fatal => account.disabled = true,
                    }
                    account.nulls += usize::from(packet.gso.is_some() && !account.disabled);
                }
                account.next = account.next.wrapping_add(packet.slots.len() as u16);
            }
            Step::Free(which) => {
                if !kept.is_empty() {
                    let (skb, bytes) = kept.swap_remove(which % kept.len());
                    prop_assert_eq!(rig.bytes(skb), bytes);
                    rig.free(skb);
                }
            }
            Step::Clone(which, orphan) => {
                if !kept.is_empty() {
                    let (skb, bytes) = kept[which % kept.len()].clone();
                    if *orphan && rig.skbs.get(skb).dataref() == 1 {
                        rig.orphan(skb);
                    }
                    let clone = rig.skbs.clone_skb(skb);
                    kept.push((clone, bytes));
                }
            }
            Step::Reap(guest) => settle_account(&mut rig, *guest, &mut accounts[*guest])?,
            Step::Ring(guest) => rig.ring(*guest),
            Step::Wait(nanos) => {
                let to = rig.now + *nanos;
                rig.advance(to);
            }
        }
        for (vif, skb) in std::mem::take(&mut rig.received) {
            let account = &mut accounts[usize::from(vif.0)];
            prop_assert!(!account.expected.is_empty(), "a packet came that nobody sent");
            let expected = account.expected.remove(0);
            prop_assert_eq!(rig.bytes(skb), expected.clone());
            kept.push((skb, expected));
        }
        for (guest, account) in accounts.iter().enumerate() {
            let vif = VifId(guest as u16);
            prop_assert_eq!(account.expected.len(), 0, "a sound packet is not lost");
            prop_assert_eq!(rig.back.is_disabled(vif), account.disabled);
            prop_assert_eq!(rig.back.waiting_to_unmap(vif), 0, "the dealloc thread has run");
            let (cons, prod) = rig.back.transmit_indexes(vif).expect("it is connected");
            prop_assert!(cons.since(prod) <= 256 && rig.back.held_by(vif) <= cons.since(prod));
            // Whoever sleeps has asked for the next request, so that no wake-up is lost.
            if !account.disabled {
                prop_assert_eq!(rig.load(guest, TX_PAGE, Shared::ReqEvent), cons.plus(1));
                prop_assert_eq!(rig.load(guest, TX_PAGE, Shared::ReqProd), cons);
            }
        }
    }
    for (skb, bytes) in kept {
        prop_assert_eq!(rig.bytes(skb), bytes);
        rig.free(skb);
    }
    for (guest, account) in accounts.iter_mut().enumerate() {
        settle_account(&mut rig, guest, account)?;
        prop_assert_eq!((account.owed.len(), account.nulls), (0, 0), "every slot is answered");
        prop_assert_eq!(rig.disconnect(guest), Disconnect::Done);
        for page in 0..24 {
            prop_assert!(!rig.in_use(guest, rig.guests[guest].data(page)), "what is answered is unmapped");
        }
        prop_assert!(!rig.in_use(guest, rig.guests[guest].offer.tx_ring));
    }
    prop_assert_eq!((rig.skbs.alive(), rig.back.held()), (0, 0));
    Ok(())
}

proptest! {
    /// Three guests send whatever they like, dom0 frees, clones and copies as it likes. Every sound packet arrives with its
    /// bytes, every slot of a guest that is not disabled is answered once and rightly, no page stays mapped, and nobody
    /// touches another guest's slots.
    #[test]
    fn slots_are_conserved(base in prop_oneof![any::<u32>(), u32::MAX - 300..u32::MAX], steps in proptest::collection::vec(step(), 1..60)) {
        run(base, &steps)?;
    }

    /// A guest writes any bytes anywhere into its rings. The driver ends every pass, and holds nothing that it does not
    /// account for; the other guest's packets arrive.
    #[test]
    fn any_bytes_do_no_harm(
        base in any::<u32>(),
        garbage in proptest::collection::vec((0_u8..4, any::<u64>(), any::<u64>(), 0_u16..400), 1..40),
    ) {
        let mut rig = zero_copy(Wish { guests: 2, base, pages: 60, ..Wish::default() });
        for (sent, (kind, first, second, number)) in (0..).zip(garbage) {
            match kind {
                0 => {
                    let offset = (64 + usize::from(number) * 8).min(4088);
                    let page = rig.xen.guest_page_mut(rig.guests[0].id, TX_PAGE).expect("a guest has its ring");
                    page.write_u64(offset, first);
                }
                // A request that is nearly good.
                1 => {
                    let request = TxRequest {
                        gref: rig.guests[0].data(first as u32),
                        offset: (second % 2100) as u16,
                        flags: (second >> 32) as u16 & 15,
                        id: number,
                        size: (first >> 32) as u16 % 2100,
                    };
                    rig.write_request(0, request);
                }
                2 => {
                    let prod = rig.load(0, TX_PAGE, Shared::ReqProd);
                    rig.store(0, TX_PAGE, Shared::ReqProd, prod.plus(u32::from(number)));
                }
                _ => {
                    let prod = rig.load(0, TX_PAGE, Shared::RspProd);
                    rig.store(0, TX_PAGE, Shared::RspProd, prod.plus(first as u32 % 3));
                }
            }
            rig.ring(0);
            send(&mut rig, 1, &Packet::of(&[at(1, 200), at(2, 600)]), 2 * sent);
            let of_other = rig.received.iter().filter(|(vif, _)| *vif == VifId(1)).count();
            prop_assert_eq!(of_other, 1, "the other guest's packet arrives");
            for (_, skb) in std::mem::take(&mut rig.received) {
                rig.free(skb);
            }
            prop_assert_eq!(rig.back.held(), 0);
            prop_assert_eq!(rig.reap(1).len(), 2);
        }
        prop_assert_eq!(rig.disconnect(0), Disconnect::Done);
        prop_assert_eq!(rig.disconnect(1), Disconnect::Done);
        prop_assert_eq!(rig.skbs.alive(), 0);
    }
}
