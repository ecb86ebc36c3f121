//! What is sent: slots, ids and references are conserved, the queue stops and runs where it should, and the backend reads
//! the bytes that were sent.

use std::collections::BTreeSet;

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sim_wasm::actors::epoch::FrontEpoch;
use sim_wasm::actors::handshake::{BackFeatures, Xmit};
use sim_wasm::actors::log::{Event, Unsent};
use sim_wasm::actors::netfront::{FrontSettings, Served};
use sim_wasm::actors::skb::{Checksum, Segmentation};
use sim_wasm::protocols::netif::{NETTXF_CSUM_BLANK, NETTXF_DATA_VALIDATED, NETTXF_EXTRA_INFO, NETTXF_MORE_DATA};
use sim_wasm::protocols::ring::Index;
use sim_wasm::words::ids::DomId;

use crate::bench::{ALL, Bench, PAGES, REFERENCES, Taken};

pub(crate) fn any_base() -> impl Strategy<Value = Index> {
    prop_oneof![Just(0), Just(u32::MAX), u32::MAX - 600..u32::MAX, any::<u32>()].prop_map(Index)
}

pub(crate) fn any_settings() -> impl Strategy<Value = FrontSettings> {
    let generation = prop_oneof![Just(FrontSettings::CLASSIC), Just(FrontSettings::MODERN)];
    (generation, any_base(), any::<bool>(), any::<bool>()).prop_map(|(settings, base, trusted, split_channels)| {
        FrontSettings { base, trusted, split_channels: split_channels && settings.split_channels, ..settings }
    })
}

#[derive(Clone, Debug)]
enum Op {
    Send { pieces: Vec<(u16, u16)>, gso: bool },
    Take(usize),
    Answer(usize, usize),
    Extra,
}

fn any_op() -> impl Strategy<Value = Op> {
    let piece = prop_oneof![
        4 => Just((0, 100)),
        2 => (0_u16..4000, 14_u16..96),
        1 => Just((0, 4096)),
        1 => Just((4090, 6)),
    ];
    let count = prop_oneof![4 => 1_usize..4, 1 => 17_usize..22];
    let pieces = count.prop_flat_map(move |count| proptest::collection::vec(piece.clone(), count));
    prop_oneof![
        6 => (pieces, any::<bool>()).prop_map(|(pieces, gso)| Op::Send { pieces, gso }),
        3 => (1_usize..40).prop_map(Op::Take),
        4 => (1_usize..60, any::<usize>()).prop_map(|(count, start)| Op::Answer(count, start)),
        1 => Just(Op::Extra),
    ]
}

struct Run {
    bench: Bench,
    /// Packets that were sent and not taken: their bytes.
    sent: Vec<Vec<u8>>,
    /// Slots that were taken and not answered.
    open: Vec<Taken>,
    /// Data slots that are under way.
    data: u32,
    /// Slots that are under way, and those among them that carry extra infos.
    slots: u32,
}

impl Run {
    fn step(&mut self, op: Op) {
        let settings = *self.bench.front.settings();
        match op {
            Op::Send { pieces, gso } => self.send(&settings, &pieces, gso),
            Op::Take(count) => (0..count).for_each(|_| self.take()),
            Op::Answer(count, start) => (0..count).for_each(|_| self.answer(start)),
            // An event that nothing is behind.
            Op::Extra => {
                self.bench.interrupt(self.bench.offer.tx_port);
            }
        }
        self.check(&settings);
    }

    fn send(&mut self, settings: &FrontSettings, pieces: &[(u16, u16)], gso: bool) {
        let Some((skb, bytes)) = self.bench.packet(pieces, 1) else { return };
        if gso {
            self.bench.mark(skb, Segmentation { size: 1448, kind: 1 }, Checksum::Partial);
        }
        let pages = self.bench.skbs.free_pages();
        let (before, stopped) = (self.bench.front.tx_ring().req_prod_pvt, self.bench.front.is_stopped());
        let answer = self.bench.call(|front, k| front.start_xmit(k, skb));
        let most = settings.epoch.most_pieces();
        match answer {
            Xmit::Busy(same) => {
                assert!(stopped && same == skb);
                self.bench.skbs.free(skb);
            }
            Xmit::Dropped => {
                let hopeless = settings.epoch == FrontEpoch::Classic && pieces.len() > most;
                let poor = (pages as usize) < bytes.len().div_ceil(4096);
                assert!(!stopped && (hopeless || poor || bytes.len() > 65_535), "{pieces:?}");
            }
            Xmit::Sent => {
                assert!(!stopped && (settings.epoch == FrontEpoch::Modern || pieces.len() <= most));
                let slots = self.bench.front.tx_ring().req_prod_pvt.since(before);
                self.data += slots - u32::from(gso);
                self.slots += slots;
                self.sent.push(bytes);
            }
        }
    }

    fn take(&mut self) {
        let Some(packet) = self.bench.take() else {
            return self.bench.tx.await_request(&mut self.bench.xen);
        };
        assert_eq!(packet.bytes, self.sent.remove(0));
        if !self.bench.front.settings().trusted && self.bench.front.settings().epoch == FrontEpoch::Modern {
            for slot in &packet.slots {
                self.assert_bounced(slot);
            }
        }
        self.open.extend(packet.slots);
        let ids: BTreeSet<u16> = self.open.iter().filter_map(id).collect();
        assert_eq!(ids.len(), self.open.iter().filter(|slot| id(slot).is_some()).count(), "ids are unique");
    }

    /// Nothing but zeros is left in a page behind what was sent.
    fn assert_bounced(&self, slot: &Taken) {
        let Taken::Data(request, handle) = slot else { return };
        let page = self.bench.xen.mapped_page(DomId::DOM0, *handle).expect("it is mapped");
        let end = if request.flags & NETTXF_MORE_DATA == 0 { usize::from(request.size) } else { 4096 };
        assert!(request.offset == 0 && page.bytes()[end.min(4096)..].iter().all(|byte| *byte != 0xEE));
    }

    fn answer(&mut self, start: usize) {
        if self.open.is_empty() {
            return;
        }
        let slot = self.open.swap_remove(start % self.open.len());
        let status = [0, -1, -2][start % 3];
        self.slots -= 1;
        self.data -= u32::from(id(&slot).is_some());
        if self.bench.answer(slot, status) {
            assert_eq!(self.bench.interrupt(self.bench.offer.tx_port), Served::Work);
        }
    }

    fn check(&self, settings: &FrontSettings) {
        let (bench, front) = (&self.bench, &self.bench.front);
        // The front may have read fewer answers than there are.
        let unread = bench.tx.rsp_prod.wrapping_sub(front.tx_ring().rsp_cons.0);
        assert!(front.outstanding() <= 255 && front.outstanding() == self.slots + unread);
        assert!(!(front.is_stopped() && unread == 0 && self.slots < settings.epoch.stop_line()));
        let held = 256 - front.free_ids();
        assert!((self.data..=self.data + unread).contains(&held));
        assert_eq!(front.free_references(), REFERENCES - 2 - held - front.posted_buffers());
    }
}

fn id(slot: &Taken) -> Option<u16> {
    match slot {
        Taken::Data(request, _) => Some(request.id),
        Taken::Extra(_) => None,
    }
}

proptest! {
    /// Whatever is sent and in whatever order it is answered, with a notification only where one was asked for: nothing is
    /// lost, no slot is held for ever, and the queue runs again.
    #[test]
    fn slots_ids_and_references_are_conserved(
        settings in any_settings(),
        ops in proptest::collection::vec(any_op(), 1..120),
    ) {
        let mut run = Run { bench: Bench::new(settings), sent: Vec::new(), open: Vec::new(), data: 0, slots: 0 };
        for op in ops {
            run.step(op);
        }
        while !run.sent.is_empty() {
            run.take();
        }
        while !run.open.is_empty() {
            run.answer(7);
        }
        let front = &run.bench.front;
        prop_assert_eq!(front.broken(), None);
        prop_assert_eq!((front.outstanding(), front.is_stopped(), front.free_ids()), (0, false, 256));
        prop_assert_eq!(front.free_references(), REFERENCES - 2 - front.posted_buffers());
        prop_assert_eq!(run.bench.skbs.alive(), 0);
        prop_assert_eq!(run.bench.skbs.free_pages() + front.posted_buffers() + front.waiting_pages(), PAGES - 2);
        for entry in run.bench.log.entries() {
            if let Event::QueueStopped { outstanding } = entry.event {
                prop_assert!((settings.epoch.stop_line()..=255).contains(&outstanding));
            }
        }
    }
}

fn fill_up(settings: FrontSettings) -> (Bench, Vec<Taken>) {
    let mut bench = Bench::new(settings);
    while !bench.front.is_stopped() {
        assert_eq!(bench.send(1), Xmit::Sent);
    }
    let mut open = Vec::new();
    while let Some(packet) = bench.take() {
        open.extend(packet.slots);
    }
    (bench, open)
}

/// Answers one slot after the other; at which responses interrupts were asked for, and after which the queue ran.
fn drain(bench: &mut Bench, open: Vec<Taken>) -> (Vec<usize>, usize) {
    let (mut interrupts, mut woken) = (Vec::new(), 0);
    for (number, slot) in (1..).zip(open) {
        if bench.answer(slot, 0) {
            interrupts.push(number);
            bench.interrupt(bench.offer.tx_port);
        }
        if woken == 0 && !bench.front.is_stopped() {
            woken = number;
        }
    }
    (interrupts, woken)
}

#[test]
fn the_classic_driver_is_interrupted_half_way_each_time() {
    for base in [0, u32::MAX - 100] {
        let (mut bench, open) = fill_up(FrontSettings { base: Index(base), ..FrontSettings::CLASSIC });
        assert_eq!(open.len(), 236);
        assert_eq!(drain(&mut bench, open), (vec![119, 178, 208, 223, 230, 234, 236], 119));
        assert_eq!((bench.send(1), bench.send(1)), (Xmit::Sent, Xmit::Sent));
        let open: Vec<Taken> = (0..2).flat_map(|_| bench.take().expect("two were sent").slots).collect();
        assert_eq!(drain(&mut bench, open).0, [2]);
    }
}

#[test]
fn the_modern_driver_is_interrupted_by_each_response_that_it_waits_for() {
    let (mut bench, open) = fill_up(FrontSettings::MODERN);
    assert_eq!(open.len(), 237);
    assert_eq!(drain(&mut bench, open), ((1..=237).collect(), 1));
}

#[test]
fn the_largest_packet_fits_just_below_the_stop_line() {
    for (settings, pieces) in [(FrontSettings::CLASSIC, 19), (FrontSettings::MODERN, 18)] {
        let mut bench = Bench::new(settings);
        let line = settings.epoch.stop_line();
        (1..line).for_each(|_| assert_eq!(bench.send(1), Xmit::Sent));
        assert!(!bench.front.is_stopped());
        let (skb, _) = bench.packet(&vec![(0, 100); pieces], 1).expect("the guest has pages");
        bench.mark(skb, Segmentation { size: 50, kind: 1 }, Checksum::Partial);
        assert_eq!(bench.call(|front, k| front.start_xmit(k, skb)), Xmit::Sent);
        assert_eq!((bench.front.outstanding(), bench.front.is_stopped()), (255, true));
    }
}

#[test]
fn a_packet_of_too_many_pieces_is_dropped_or_copied_together() {
    let mut classic = Bench::new(FrontSettings::CLASSIC);
    assert_eq!((classic.send(19), classic.send(20)), (Xmit::Sent, Xmit::Dropped));
    assert_eq!((classic.front.outstanding(), classic.front.counters().tx_dropped), (19, 1));
    let told = Event::PacketUnsent { bytes: 2000, pieces: 20, why: Unsent::TooManyPieces };
    assert!(classic.log.entries().iter().any(|entry| entry.event == told));

    let mut modern = Bench::new(FrontSettings::MODERN);
    assert_eq!(modern.send(18), Xmit::Sent);
    let (skb, bytes) = modern.packet(&[(100, 3000); 19], 1).expect("the guest has pages");
    assert_eq!(modern.call(|front, k| front.start_xmit(k, skb)), Xmit::Sent);
    assert_eq!((modern.front.outstanding(), modern.front.counters().linearized), (18 + 14, 1));
    modern.take();
    assert_eq!(modern.take().map(|packet| packet.bytes), Some(bytes));
    let (skb, _) = modern.packet(&[(0, 4096); 17], 1).expect("the guest has pages");
    assert_eq!(modern.call(|front, k| front.start_xmit(k, skb)), Xmit::Dropped);
}

#[test]
fn the_first_request_speaks_for_the_packet() {
    let mut bench = Bench::new(FrontSettings::CLASSIC);
    let (skb, bytes) = bench.packet(&[(4000, 96), (10, 200), (0, 5)], 1).expect("the guest has pages");
    bench.mark(skb, Segmentation { size: 120, kind: 1 }, Checksum::Partial);
    assert_eq!(bench.call(|front, k| front.start_xmit(k, skb)), Xmit::Sent);
    let (skb, _) = bench.packet(&[(0, 60)], 1).expect("the guest has pages");
    bench.mark(skb, Segmentation::NONE, Checksum::Unnecessary);
    assert_eq!(bench.call(|front, k| front.start_xmit(k, skb)), Xmit::Sent);

    let packet = bench.take().expect("two were sent");
    assert_eq!(packet.bytes, bytes);
    let [Taken::Data(first, _), Taken::Extra(extra), Taken::Data(second, _), Taken::Data(third, _)] = packet.slots[..]
    else {
        panic!("a packet is its first request, its extra info, and the others: {:?}", packet.slots)
    };
    let flags = NETTXF_CSUM_BLANK | NETTXF_DATA_VALIDATED | NETTXF_MORE_DATA | NETTXF_EXTRA_INFO;
    assert_eq!((first.size, first.offset, first.flags, first.id), (301, 4000, flags, 1));
    assert_eq!(extra, [1, 0, 120, 0, 1, 0, 0, 0]);
    assert_eq!((second.size, second.flags, second.id), (200, NETTXF_MORE_DATA, 2));
    assert_eq!((third.size, third.flags, third.id), (5, 0, 3));
    let Taken::Data(lone, _) = bench.take().expect("two were sent").slots[0] else { panic!("it has no extra info") };
    assert_eq!((lone.size, lone.flags, lone.id), (60, NETTXF_DATA_VALIDATED, 4));
}

/// A length of 64 KiB and more does not fit in the first request. The classic driver does not look.
#[test]
fn a_length_beyond_16_bits_wraps_in_the_classic_driver() {
    let mut bench = Bench::new(FrontSettings::CLASSIC);
    let mut pieces = vec![(0, 4096); 16];
    pieces.push((0, 14));
    let (skb, _) = bench.packet(&pieces, 1).expect("the guest has pages");
    assert_eq!(bench.call(|front, k| front.start_xmit(k, skb)), Xmit::Sent);
    let at = bench.tx.slot(0);
    assert_eq!(bench.tx.page(&bench.xen).read_u16(at + 10), 14);
}

#[test]
fn features_that_the_backend_lacks_are_not_used() {
    for settings in [FrontSettings::CLASSIC, FrontSettings::MODERN] {
        let features = BackFeatures { sg: false, ..ALL };
        let mut bench = Bench::with_pages(settings, PAGES, features);
        assert_eq!(bench.front.offloads(), (false, false));
        assert_eq!((bench.send(1), bench.send(2), bench.front.outstanding()), (Xmit::Sent, Xmit::Dropped, 1));
        let (skb, _) = bench.packet(&[(0, 100)], 1).expect("the guest has pages");
        bench.mark(skb, Segmentation { size: 50, kind: 1 }, Checksum::Partial);
        assert_eq!(bench.call(|front, k| front.start_xmit(k, skb)), Xmit::Dropped);
    }
}

/// The modern driver copies what begins too close to the end of a page, since netback wants a whole header at first.
#[test]
fn a_header_across_a_page_s_end_is_copied_in_front() {
    let mut bench = Bench::new(FrontSettings::MODERN);
    for (offset, bounced) in [(4082, 0), (4083, 1)] {
        let (skb, bytes) = bench.packet(&[(offset, 4096 - offset), (0, 50)], 2).expect("the guest has pages");
        assert_eq!(bench.call(|front, k| front.start_xmit(k, skb)), Xmit::Sent);
        assert_eq!(bench.front.counters().bounced, bounced);
        assert_eq!(bench.take().map(|packet| packet.bytes), Some(bytes));
    }
}
