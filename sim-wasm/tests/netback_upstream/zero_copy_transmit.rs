//! What a guest sends, with the current driver: copies of heads, mappings of the rest, and how slots come back.

use sim_wasm::actors::kernel::Task;
use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::backend::Backend;
use sim_wasm::actors::log::bus::Bus;
use sim_wasm::actors::netback::outcome::{ConnectError, Disconnect};
use sim_wasm::actors::netback::settings::VifSettings;
use sim_wasm::actors::netback_upstream::zero_copy::ZeroCopy;
use sim_wasm::actors::skb::Checksum;
use sim_wasm::protocols::netif::{ExtraInfo, Gso, NETTXF_CSUM_BLANK, NETTXF_EXTRA_INFO, TxRequest};
use sim_wasm::protocols::ring::{Index, Shared};
use sim_wasm::words::ids::VifId;
use sim_wasm::words::time::Time;

use crate::drivers::zero_copy;
use crate::rig::{Rig, TX_PAGE, Wish};
use crate::slots::{Packet, Slot, at, okay, send, write};

const VIF: VifId = VifId(0);

/// Sends one packet to a fresh driver. Tells the rig, the bytes that were sent, and what was answered at once.
pub(crate) fn one(packet: &Packet) -> (Rig<ZeroCopy>, Vec<u8>, Vec<(u16, i16)>) {
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
