//! What is sent to guests, with the driver that copies every byte: one queue for all, and nineteen buffers or nothing.

use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use sim_wasm::actors::handshake::Xmit;
use sim_wasm::actors::kernel::Task;
use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::receive::{DropReason, Receive};
use sim_wasm::actors::netback::outcome::Disconnect;
use sim_wasm::actors::netback_upstream::grant_copy::GrantCopy;
use sim_wasm::actors::skb::Segmentation;
use sim_wasm::protocols::netif::{ExtraInfo, Gso, NETRXF_MORE_DATA};
use sim_wasm::protocols::ring::{Index, Shared};
use sim_wasm::words::ids::VifId;

use crate::drivers::grant_copy;
use crate::rig::{RX_PAGE, Rig, Wish};
use crate::slots::{Packet, Slot, send};

const VIF: VifId = VifId(0);

fn statuses(rig: &mut Rig<GrantCopy>, guest: usize) -> Vec<i16> {
    rig.take_buffers(guest).iter().map(|(response, _)| response.status).collect()
}

fn dropped(rig: &Rig<GrantCopy>, reason: DropReason) -> usize {
    rig.events(|event| matches!(event, Event::Receive(Receive::PacketRefused { why, .. }) if *why == reason))
}

#[test]
fn pieces_that_fit_share_a_buffer_and_those_that_do_not_begin_one() {
    for (head, frags, filled) in [
        (60, &[][..], &[60][..]),
        (100, &[200, 300], &[600]),
        (100, &[4000, 4000], &[100, 4000, 4000]),
        (100, &[3996, 3000, 2000], &[4096, 3000, 2000]),
        (138, &[4096, 4096, 4096], &[138, 4096, 4096, 4096]),
        (5000, &[3000], &[4096, 3904]),
        (4096, &[10], &[4096, 10]),
    ] {
        let mut rig = grant_copy(Wish { base: u32::MAX - 2, ..Wish::default() });
        rig.post(0, 40);
        let skb = rig.local(head, frags);
        let bytes = rig.bytes(skb);
        assert_eq!(rig.start_xmit(0, skb), Xmit::Sent);
        let taken = rig.take_buffers(0);
        let got: Vec<i16> = taken.iter().map(|(response, _)| response.status).collect();
        assert_eq!(got, filled, "{head} {frags:?}");
        assert_eq!(taken.iter().flat_map(|(_, bytes)| bytes.clone()).collect::<Vec<u8>>(), bytes);
        for (number, (response, _)) in taken.iter().enumerate() {
            let more = if number + 1 < taken.len() { NETRXF_MORE_DATA } else { 0 };
            assert_eq!(response.flags, more);
        }
        assert_eq!(rig.skbs.alive(), 0);
    }
}

#[test]
fn even_a_small_packet_needs_nineteen_buffers() {
    for (sg, posted, outcome) in
        [(true, 18, Xmit::Dropped), (true, 19, Xmit::Sent), (false, 0, Xmit::Dropped), (false, 1, Xmit::Sent)]
    {
        let mut rig = grant_copy(Wish::default());
        assert_eq!(rig.disconnect(0), Disconnect::Done);
        (rig.guests[0].offer.sg, rig.guests[0].offer.gso) = (sg, sg);
        rig.connect(0, Default::default()).expect("the interface is free");
        rig.post(0, posted);
        let skb = rig.local(60, &[]);
        assert_eq!(rig.start_xmit(0, skb), outcome, "{sg} {posted}");
        assert_eq!(dropped(&rig, DropReason::NoBuffers), usize::from(outcome == Xmit::Dropped));
        assert_eq!(rig.skbs.alive(), 0);
    }
}

#[test]
fn a_queue_stops_when_the_next_packet_might_not_find_its_buffers() {
    let mut rig = grant_copy(Wish::default());
    rig.post(0, 20);
    for (can_queue, event) in [(true, 1), (false, 21)] {
        let skb = rig.local(60, &[]);
        assert_eq!(rig.start_xmit(0, skb), Xmit::Sent);
        assert_eq!((rig.back.can_queue(VIF), rig.load(0, RX_PAGE, Shared::ReqEvent).0), (can_queue, event));
    }
    assert!(!rig.interrupt(0));
    rig.post(0, 1);
    assert!(rig.interrupt(0));
    assert!(rig.back.can_queue(VIF));
    rig.settle();
    assert_eq!(rig.woken, [VIF]);
    // A guest that does not tell is never waited for.
    let mut rig = grant_copy(Wish { rx_notify: false, ..Wish::default() });
    rig.post(0, 19);
    let skb = rig.local(60, &[]);
    assert_eq!((rig.start_xmit(0, skb), rig.back.can_queue(VIF)), (Xmit::Sent, true));
    let skb = rig.local(60, &[]);
    assert_eq!(rig.start_xmit(0, skb), Xmit::Dropped);
}

#[test]
fn a_pass_serves_all_guests_and_notifies_each_once() {
    let mut rig = grant_copy(Wish { guests: 2, ..Wish::default() });
    let notified =
        |rig: &Rig<GrantCopy>| rig.events(|event| matches!(event, Event::EventSent { from_guest: false, .. }));
    let before = notified(&rig);
    for guest in 0..2 {
        rig.post(guest, 100);
    }
    let skbs: Vec<_> = (0..6).map(|_| rig.local(60, &[500])).collect();
    for (number, skb) in skbs.into_iter().enumerate() {
        let vif = VifId(number as u16 % 2);
        assert_eq!(rig.start_xmit_only(vif, skb), Xmit::Sent);
    }
    assert!(!rig.run_once(Task::NetRx));
    assert_eq!(notified(&rig) - before, 2);
    assert_eq!((statuses(&mut rig, 0), statuses(&mut rig, 1)), (vec![560; 3], vec![560; 3]));
    let counters = rig.back.counters(VIF);
    assert_eq!((counters.receive_packets, counters.receive_bytes, counters.notifications), (3, 1680, 1));
}

#[test]
fn what_is_said_of_the_segmentation_follows_the_first_buffer() {
    let mut rig = grant_copy(Wish::default());
    rig.post(0, 40);
    let skb = rig.local(60, &[4096]);
    rig.skbs.get_mut(skb).gso = Segmentation { size: 1448, kind: 1 };
    assert_eq!(rig.start_xmit(0, skb), Xmit::Sent);
    let taken = rig.take_buffers(0);
    let [(first, _), (extra, _), (last, _)] = &taken[..] else { panic!("three slots were answered") };
    assert_eq!((first.flags, first.status, last.flags, last.status), (NETRXF_MORE_DATA | 8, 60, 0, 4096));
    assert_eq!(extra.encode(), ExtraInfo::gso(Gso { size: 1448, kind: 1, features: 0 }).encode());
}

#[test]
fn a_buffer_that_cannot_be_written_spoils_its_packet() {
    let mut rig = grant_copy(Wish::default());
    rig.post(0, 1);
    rig.post_bad(0);
    rig.post(0, 40);
    for _ in 0..2 {
        let skb = rig.local(8000, &[]);
        assert_eq!(rig.start_xmit(0, skb), Xmit::Sent);
    }
    assert_eq!(statuses(&mut rig, 0), [-1, -1, 4096, 3904]);
    assert_eq!(rig.back.counters(VIF).receive_errors, 1);
}

#[test]
fn from_guest_to_guest_a_packet_is_copied_twice() {
    let mut rig = grant_copy(Wish { guests: 2, ..Wish::default() });
    let bytes = send(&mut rig, 0, &Packet::of(&[Slot::new(0, 5, 66), Slot::new(1, 0, 4096), Slot::new(2, 9, 900)]), 0);
    // The sender has its slots back before the packet is on its way.
    assert_eq!(rig.reap(0).len(), 3);
    let (_, skb) = rig.received.remove(0);
    rig.post(1, 40);
    assert_eq!(rig.start_xmit(1, skb), Xmit::Sent);
    let came: Vec<u8> = rig.take_buffers(1).into_iter().flat_map(|(_, bytes)| bytes).collect();
    assert_eq!((came, rig.skbs.alive()), (bytes, 0));
}

#[test]
fn an_interface_goes_when_its_packets_have_gone() {
    let mut rig = grant_copy(Wish::default());
    rig.post(0, 40);
    let skb = rig.local(60, &[]);
    assert_eq!(rig.start_xmit_only(VIF, skb), Xmit::Sent);
    assert_eq!(rig.disconnect(0), Disconnect::Waiting(1));
    assert_eq!((rig.disconnect(0), rig.skbs.alive()), (Disconnect::Done, 0));
    let skb = rig.local(60, &[]);
    assert_eq!(rig.start_xmit(0, skb), Xmit::Dropped);
    assert_eq!(rig.skbs.alive(), 0);
}

#[test]
fn without_memory_for_a_head_its_packet_is_dropped() {
    let mut rig = grant_copy(Wish { pages: 8, ..Wish::default() });
    rig.post(0, 100);
    while rig.skbs.alloc_page().is_some() {}
    let skb = rig.local(60, &[]);
    assert_eq!(rig.start_xmit(0, skb), Xmit::Sent);
    assert_eq!((dropped(&rig, DropReason::NoMemory), rig.take_buffers(0).len(), rig.skbs.alive()), (1, 0, 0));
    rig.skbs.free_page(sim_wasm::words::ids::Pfn(0));
    for (head, statuses_then) in [(9000, vec![]), (4096, vec![4096])] {
        let skb = rig.local(head, &[]);
        assert_eq!(rig.start_xmit(0, skb), Xmit::Sent);
        assert_eq!(statuses(&mut rig, 0), statuses_then);
    }
    assert_eq!(rig.disconnect(0), Disconnect::Done);
}

#[derive(Clone, Debug)]
enum Step {
    Send(usize, Vec<u16>, bool),
    Post(u32),
    Run,
    Take,
}

fn step() -> impl Strategy<Value = Step> {
    let frags = proptest::collection::vec(prop_oneof![1_u16..200, 1_u16..4097], 0..8);
    prop_oneof![
        4 => (1_usize..6000, frags, any::<bool>()).prop_map(|(head, frags, gso)| Step::Send(head, frags, gso)),
        3 => (1_u32..60).prop_map(Step::Post),
        2 => any::<()>().prop_map(|()| Step::Run),
        2 => any::<()>().prop_map(|()| Step::Take),
    ]
}

proptest! {
    /// Every packet that is accepted arrives, in order, with its bytes, in buffers that were posted.
    #[test]
    fn packets_that_are_accepted_arrive(
        base in prop_oneof![any::<u32>(), u32::MAX - 60..u32::MAX],
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let mut rig = grant_copy(Wish { base, ..Wish::default() });
        let (mut sent, mut came, mut id) = (Vec::new(), Vec::new(), base);
        for step in steps.iter().chain([&Step::Run, &Step::Take]) {
            match step {
                Step::Send(head, frags, gso) => {
                    let skb = rig.local(*head, frags);
                    if *gso {
                        rig.skbs.get_mut(skb).gso = Segmentation { size: 1000, kind: 1 };
                    }
                    let bytes = rig.bytes(skb);
                    if rig.start_xmit_only(VIF, skb) == Xmit::Sent {
                        sent.push(bytes);
                    }
                }
                Step::Post(count) => {
                    let count = (*count).min(rig.guests[0].rx.free_requests());
                    rig.post(0, count);
                }
                Step::Run => rig.settle(),
                Step::Take => {
                    let (mut extra, mut more, mut open) = (false, false, Vec::new());
                    for (response, bytes) in rig.take_buffers(0) {
                        if extra {
                            extra = false;
                        } else {
                            prop_assert_eq!(response.id, id as u16 & 255);
                            prop_assert!(response.status > 0);
                            extra = response.flags & 8 != 0;
                            more = response.flags & NETRXF_MORE_DATA != 0;
                            open.extend(bytes);
                        }
                        id = id.wrapping_add(1);
                        if !more && !extra {
                            came.push(std::mem::take(&mut open));
                        }
                    }
                    prop_assert!(open.is_empty(), "a packet is published whole");
                }
            }
            prop_assert_eq!(rig.skbs.alive(), rig.back.waiting());
            let prod = rig.load(0, RX_PAGE, Shared::RspProd);
            prop_assert!(rig.load(0, RX_PAGE, Shared::ReqProd).since(prod) <= 256, "no buffer is filled that was not posted");
        }
        prop_assert_eq!(came, sent);
    }

    /// Any producer on the receive ring: every pass ends.
    #[test]
    fn any_buffers_do_no_harm(ahead in proptest::collection::vec(any::<u32>(), 1..20), garbage in any::<u64>()) {
        let mut rig = grant_copy(Wish::default());
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
