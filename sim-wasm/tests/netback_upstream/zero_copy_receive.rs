//! What is sent to a guest, with the current driver: the queue's bounds in bytes and time, buffers in order, and the carrier.

use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use sim_wasm::actors::handshake::Xmit;
use sim_wasm::actors::kernel::{Task, Timer};
use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::receive::{DropReason, Receive};
use sim_wasm::actors::netback::outcome::Disconnect;
use sim_wasm::actors::netback_upstream::zero_copy::ZeroCopy;
use sim_wasm::actors::skb::{Checksum, Segmentation};
use sim_wasm::protocols::netif::{ExtraInfo, Gso, NETRXF_CSUM_BLANK, NETRXF_DATA_VALIDATED, NETRXF_MORE_DATA};
use sim_wasm::protocols::ring::{Index, Shared};
use sim_wasm::words::ids::VifId;
use sim_wasm::words::time::Time;

use crate::drivers::zero_copy;
use crate::rig::{RX_PAGE, Rig, Wish};
use crate::slots::{Packet, Slot, send};

const VIF: VifId = VifId(0);

/// Statuses of the buffers that were filled, and all their bytes.
fn filled(rig: &mut Rig<ZeroCopy>, guest: usize) -> (Vec<i16>, Vec<u8>) {
    let buffers = rig.take_buffers(guest);
    let bytes = buffers.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
    (buffers.iter().map(|(response, _)| response.status).collect(), bytes)
}

fn dropped(rig: &Rig<ZeroCopy>, reason: DropReason) -> usize {
    rig.events(|event| matches!(event, Event::Receive(Receive::PacketRefused { why, .. }) if *why == reason))
}

#[test]
fn buffers_are_filled_to_their_ends() {
    for (head, frags, statuses) in [
        (60, &[][..], &[60][..]),
        (4096, &[], &[4096]),
        (4097, &[], &[4096, 1]),
        (100, &[4000, 4000], &[4096, 4004]),
        (0, &[1, 2, 3, 4096], &[4096, 6]),
        (9000, &[3288], &[4096, 4096, 4096]),
        (
            54,
            &[4096; 15],
            &[4096, 4096, 4096, 4096, 4096, 4096, 4096, 4096, 4096, 4096, 4096, 4096, 4096, 4096, 4096, 54],
        ),
    ] {
        let mut rig = zero_copy(Wish { base: u32::MAX - 5, ..Wish::default() });
        rig.post(0, 20);
        let skb = rig.local(head, frags);
        let bytes = rig.bytes(skb);
        assert_eq!(rig.start_xmit(0, skb), Xmit::Sent);
        let taken = rig.take_buffers(0);
        let got: Vec<i16> = taken.iter().map(|(response, _)| response.status).collect();
        assert_eq!(got, statuses, "{head} {frags:?}");
        assert_eq!(taken.iter().flat_map(|(_, bytes)| bytes.clone()).collect::<Vec<u8>>(), bytes);
        for (number, (response, _)) in taken.iter().enumerate() {
            let more = if number + 1 < taken.len() { NETRXF_MORE_DATA } else { 0 };
            assert_eq!((response.flags, response.offset), (more, 0));
            assert_eq!(response.id, Index(u32::MAX - 5).plus(number as u32).0 as u16 & 255);
        }
        assert_eq!((rig.skbs.alive(), rig.back.waiting_for_guest(VIF)), (0, (0, 0)));
    }
}

#[test]
fn what_is_said_of_a_packet_goes_with_its_first_buffer() {
    let mut rig = zero_copy(Wish::default());
    rig.post(0, 20);
    for (checksum, flags) in [
        (Checksum::None, 0),
        (Checksum::Partial, NETRXF_CSUM_BLANK | NETRXF_DATA_VALIDATED),
        (Checksum::Unnecessary, NETRXF_DATA_VALIDATED),
    ] {
        let skb = rig.local(60, &[4096]);
        rig.skbs.get_mut(skb).checksum = checksum;
        assert_eq!(rig.start_xmit(0, skb), Xmit::Sent);
        let taken = rig.take_buffers(0);
        assert_eq!((taken[0].0.flags, taken[1].0.flags), (flags | NETRXF_MORE_DATA, 0));
    }
    let skb = rig.local(60, &[4096]);
    rig.skbs.get_mut(skb).gso = Segmentation { size: 1448, kind: 1 };
    assert_eq!(rig.start_xmit(0, skb), Xmit::Sent);
    let taken = rig.take_buffers(0);
    let [(first, _), (extra, _), (last, _)] = &taken[..] else { panic!("three slots were answered") };
    assert_eq!((first.flags, first.status, last.status), (NETRXF_MORE_DATA | 8, 4096, 60));
    let expected = ExtraInfo::gso(Gso { size: 1448, kind: 1, features: 0 });
    assert_eq!(extra.encode(), expected.encode());
}

#[test]
fn a_packet_waits_for_as_many_buffers_as_it_needs() {
    let mut rig = zero_copy(Wish { base: u32::MAX, ..Wish::default() });
    rig.post(0, 2);
    let skb = rig.local(9000, &[]);
    assert_eq!(rig.start_xmit(0, skb), Xmit::Sent);
    assert_eq!((rig.take_buffers(0).len(), rig.back.waiting_for_guest(VIF)), (0, (1, 9000)));
    assert_eq!(rig.load(0, RX_PAGE, Shared::ReqEvent), Index(2));
    assert_eq!(rig.events(|event| *event == Event::Receive(Receive::QueueWaits { event: 2 })), 1);
    rig.post(0, 1);
    assert!(rig.interrupt(0));
    rig.settle();
    assert_eq!(filled(&mut rig, 0).0, [4096, 4096, 808]);
}

#[test]
fn so_many_bytes_wait_and_no_more() {
    let mut rig = zero_copy(Wish::default());
    let mut sent = 0;
    loop {
        let skb = rig.local(32_768, &[]);
        match rig.start_xmit(0, skb) {
            Xmit::Sent => sent += 1,
            Xmit::Dropped => break,
            Xmit::Busy(_) => panic!("a modern driver takes what it is given"),
        }
    }
    assert_eq!((sent, rig.back.waiting_for_guest(VIF).1, rig.back.can_queue(VIF)), (16, 524_288, false));
    assert_eq!(dropped(&rig, DropReason::QueueFull), 1);
    rig.post(0, 8);
    rig.ring(0);
    assert_eq!((rig.woken.len(), rig.back.can_queue(VIF)), (1, true));
}

#[test]
fn what_waits_too_long_is_dropped() {
    for (rx_notify, millis) in [(true, 10_000), (false, 32)] {
        let mut rig = zero_copy(Wish { rx_notify, ..Wish::default() });
        let skb = rig.local(60, &[]);
        assert_eq!(rig.start_xmit(0, skb), Xmit::Sent);
        rig.advance(Time::from_millis(millis / 2));
        let skb = rig.local(60, &[]);
        assert_eq!(rig.start_xmit(0, skb), Xmit::Sent);
        rig.advance(Time(Time::from_millis(millis).0 - 1));
        assert_eq!(dropped(&rig, DropReason::Expired), 0);
        rig.advance(Time::from_millis(millis));
        assert_eq!((dropped(&rig, DropReason::Expired), rig.skbs.alive()), (1, 1));
        rig.advance(Time::from_millis(2 * millis));
        assert_eq!((dropped(&rig, DropReason::Expired), rig.skbs.alive()), (2, 0));
        assert!(rig.timers.is_empty());
    }
}

#[test]
fn buffers_that_are_posted_in_silence_are_found_when_a_packet_is_old() {
    let mut rig = zero_copy(Wish { rx_notify: false, ..Wish::default() });
    let skb = rig.local(60, &[]);
    assert_eq!(rig.start_xmit(0, skb), Xmit::Sent);
    rig.post(0, 1);
    rig.advance(Time::from_millis(31));
    assert_eq!(rig.take_buffers(0).len(), 0);
    rig.advance(Time::from_millis(32));
    assert_eq!(rig.take_buffers(0).len(), 1);
}

/// A guest that leaves one buffer where two are needed stalls just as one that leaves none (XSA-392).
#[test]
fn a_guest_that_posts_too_few_buffers_loses_its_carrier() {
    for (posted, rx_notify, stalls) in [(0, true, true), (1, true, true), (0, false, false)] {
        let mut rig = zero_copy(Wish { rx_notify, ..Wish::default() });
        rig.post(0, posted);
        for second in (0..=60).step_by(5) {
            rig.advance(Time::from_millis(second * 1000));
            assert!(rig.back.has_carrier(VIF));
            let skb = rig.local(5000, &[]);
            assert_eq!(rig.start_xmit(0, skb), Xmit::Sent);
        }
        // A minute and a jiffy after the last delivery, which here is the connection, the next packet wakes the thread.
        rig.advance(Time::from_millis(60_004));
        let skb = rig.local(5000, &[]);
        assert_eq!(rig.start_xmit(0, skb), Xmit::Sent);
        let skb = rig.local(5000, &[]);
        let outcome = rig.start_xmit(0, skb);
        if !stalls {
            assert_eq!((outcome, rig.back.has_carrier(VIF)), (Xmit::Sent, true));
            continue;
        }
        assert_eq!((outcome, rig.back.has_carrier(VIF)), (Xmit::Dropped, false));
        assert_eq!(rig.events(|event| *event == Event::Receive(Receive::CarrierLost)), 1);
        assert_eq!(dropped(&rig, DropReason::NoCarrier), 1);
        // Two buffers let one packet through; the carrier comes back when the next packet has its buffers, too.
        rig.post(0, 2);
        rig.ring(0);
        assert!(!rig.back.has_carrier(VIF));
        rig.post(0, 64);
        rig.ring(0);
        assert!(rig.back.has_carrier(VIF));
        assert_eq!(rig.events(|event| *event == Event::Receive(Receive::CarrierBack)), 1);
    }
}

#[test]
fn from_guest_to_guest_the_hypervisor_copies_by_both_grants() {
    let mut rig = zero_copy(Wish { guests: 2, ..Wish::default() });
    let bytes = send(&mut rig, 0, &Packet::of(&[Slot::new(0, 5, 66), Slot::new(1, 0, 4096), Slot::new(2, 9, 900)]), 0);
    let (_, skb) = rig.received.remove(0);
    assert_eq!(rig.back.held(), 2);
    rig.post(1, 8);
    assert_eq!(rig.start_xmit(1, skb), Xmit::Sent);
    assert_eq!(filled(&mut rig, 1), (vec![4096, 966], bytes));
    // The copy ends the packet, and so its sender's slots come back.
    assert_eq!((rig.back.held(), rig.skbs.alive(), rig.reap(0).len()), (0, 0, 3));
}

#[test]
fn a_buffer_that_cannot_be_written_carries_the_status_of_its_copy() {
    let mut rig = zero_copy(Wish::default());
    rig.post(0, 1);
    rig.post_bad(0);
    rig.post(0, 3);
    for _ in 0..2 {
        let skb = rig.local(8000, &[]);
        assert_eq!(rig.start_xmit(0, skb), Xmit::Sent);
    }
    let (statuses, _) = filled(&mut rig, 0);
    assert_eq!(statuses.len(), 4);
    assert_eq!((statuses[0], statuses[2], statuses[3]), (4096, 4096, 3904));
    assert!(statuses[1] < 0);
    assert_eq!(rig.events(|event| matches!(event, Event::Receive(Receive::DeliveryRefused { index: 1, .. }))), 1);
    assert_eq!(rig.back.counters(VIF).receive_errors, 1);
}

#[test]
fn a_round_takes_sixty_four_packets_and_calls_xen_after_sixty_four_copies() {
    let mut rig = zero_copy(Wish::default());
    for _ in 0..100 {
        let skb = rig.local(60, &[60]);
        assert_eq!(rig.start_xmit(0, skb), Xmit::Sent);
    }
    rig.post(0, 256);
    assert!(rig.run_once(Task::BackRx(VIF)));
    assert_eq!(rig.take_buffers(0).len(), 64);
    let calls = |rig: &Rig<ZeroCopy>| rig.events(|event| matches!(event, Event::Receive(Receive::BytesCopied { .. })));
    assert_eq!(calls(&rig), 2);
    assert!(!rig.run_once(Task::BackRx(VIF)));
    assert_eq!((rig.take_buffers(0).len(), calls(&rig)), (36, 4));
}

#[test]
fn a_guest_that_is_gone_leaves_nothing_behind() {
    let mut rig = zero_copy(Wish { guests: 2, ..Wish::default() });
    send(&mut rig, 0, &Packet::of(&[Slot::new(0, 0, 1514)]), 0);
    let (_, skb) = rig.received.remove(0);
    assert_eq!(rig.start_xmit(1, skb), Xmit::Sent);
    assert!(rig.timers.iter().any(|&(timer, _)| timer == Timer::RxQueue(VifId(1))));
    // What waits for the second guest holds the first one's slot, until the second one's queue is purged.
    assert_eq!(rig.disconnect(0), Disconnect::Waiting(1));
    assert_eq!(rig.disconnect(1), Disconnect::Done);
    assert_eq!((rig.disconnect(0), rig.skbs.alive(), rig.timers.len()), (Disconnect::Done, 0, 0));
    let skb = rig.local(60, &[]);
    assert_eq!(rig.start_xmit(0, skb), Xmit::Dropped);
    assert_eq!(rig.skbs.alive(), 0);
}

#[test]
fn nothing_is_delivered_to_a_disabled_frontend() {
    let mut rig = zero_copy(Wish::default());
    let skb = rig.local(60, &[]);
    assert_eq!(rig.start_xmit(0, skb), Xmit::Sent);
    rig.post(0, 10);
    send(&mut rig, 0, &Packet::of(&[Slot::new(0, 4000, 500)]), 0);
    assert_eq!((rig.carriers_off.len(), rig.take_buffers(0).len(), rig.skbs.alive()), (1, 0, 0));
    let skb = rig.local(60, &[]);
    assert_eq!(rig.start_xmit(0, skb), Xmit::Dropped);
}

#[derive(Clone, Debug)]
enum Step {
    Send(usize, Vec<u16>, bool),
    Post(u32),
    Ring,
    Wait(u64),
    Take,
}

fn step() -> impl Strategy<Value = Step> {
    let frags = proptest::collection::vec(prop_oneof![1_u16..200, 1_u16..4097], 0..8);
    prop_oneof![
        4 => (1_usize..6000, frags, any::<bool>()).prop_map(|(head, frags, gso)| Step::Send(head, frags, gso)),
        3 => (1_u32..12).prop_map(Step::Post),
        2 => any::<()>().prop_map(|()| Step::Ring),
        1 => (0_u64..6_000).prop_map(Step::Wait),
        2 => any::<()>().prop_map(|()| Step::Take),
    ]
}

proptest! {
    /// Whatever is sent, whenever buffers are posted: packets that are not dropped arrive in order with their bytes, each in
    /// the buffers that were posted for it, and an event is asked for whenever the thread waits.
    #[test]
    fn packets_arrive_in_order(
        base in prop_oneof![any::<u32>(), u32::MAX - 60..u32::MAX],
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let mut rig = zero_copy(Wish { base, ..Wish::default() });
        let (mut sent, mut now, mut id) = (Vec::new(), 0, base);
        let mut came: Vec<Vec<u8>> = Vec::new();
        let mut open = None;
        for step in steps.iter().chain([&Step::Take]) {
            match step {
                Step::Send(head, frags, gso) => {
                    let skb = rig.local(*head, frags);
                    if *gso {
                        rig.skbs.get_mut(skb).gso = Segmentation { size: 1000, kind: 1 };
                    }
                    let bytes = rig.bytes(skb);
                    if rig.start_xmit(0, skb) == Xmit::Sent {
                        sent.push(bytes);
                    }
                }
                Step::Post(count) => {
                    let count = (*count).min(rig.guests[0].rx.free_requests());
                    rig.post(0, count);
                }
                Step::Ring => rig.ring(0),
                Step::Wait(millis) => {
                    now += millis;
                    rig.advance(Time::from_millis(now));
                }
                Step::Take => {
                    let (mut extra, mut more) = (false, false);
                    for (response, bytes) in rig.take_buffers(0) {
                        if extra {
                            extra = false;
                        } else {
                            prop_assert_eq!(response.id, id as u16 & 255);
                            prop_assert!(response.status > 0);
                            extra = response.flags & 8 != 0;
                            more = response.flags & NETRXF_MORE_DATA != 0;
                            open.get_or_insert_with(Vec::new).extend(bytes);
                        }
                        if !more && !extra {
                            came.extend(open.take());
                        }
                        id = id.wrapping_add(1);
                    }
                }
            }
            let (waiting, bytes) = rig.back.waiting_for_guest(VIF);
            prop_assert_eq!(rig.skbs.alive(), waiting);
            prop_assert!(bytes < 524_288 + 40_000);
            // No lost wake-up: whoever waits has asked for the next buffer, or will look by the clock.
            if waiting > 0 {
                prop_assert!(rig.timers.iter().any(|&(timer, _)| timer == Timer::RxQueue(VIF)));
            }
        }
        prop_assert!(open.is_none(), "a packet is published whole");
        let mut left = sent.iter();
        for packet in came {
            prop_assert!(left.any(|other| *other == packet), "a packet came out of order, or with other bytes");
        }
    }

    /// Any producer and any grants on the receive ring: every round ends.
    #[test]
    fn any_buffers_do_no_harm(ahead in proptest::collection::vec(any::<u32>(), 1..20), garbage in any::<u64>()) {
        let mut rig = zero_copy(Wish::default());
        for ahead in ahead {
            let page = rig.xen.guest_page_mut(rig.guests[0].id, RX_PAGE).expect("a guest has its ring");
            page.write_u64(64 + 8 * (ahead as usize % 256), garbage ^ u64::from(ahead));
            rig.store(0, RX_PAGE, Shared::ReqProd, Index(ahead));
            for _ in 0..3 {
                let skb = rig.local(5000, &[100]);
                let _ = rig.start_xmit(0, skb);
            }
            rig.ring(0);
        }
        prop_assert_eq!(rig.disconnect(0), Disconnect::Done);
        prop_assert_eq!(rig.skbs.alive(), 0);
    }
}
