//! What is received: buffers are posted by each generation's rules, packets are put together again, and no page is lost.

use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sim_wasm::actors::epoch::FrontEpoch;
use sim_wasm::actors::kernel::{Ask, Task, Timer};
use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::receive::Receive;
use sim_wasm::actors::netfront::{FrontSettings, Netfront, REFILL_DELAY};
use sim_wasm::actors::skb::{Checksum, Segmentation};
use sim_wasm::protocols::netif::{
    NETRXF_CSUM_BLANK, NETRXF_DATA_VALIDATED, NETRXF_EXTRA_INFO, NETRXF_MORE_DATA, RxResponse,
};

use crate::bench::{ALL, Bench, FLIP, PAGES, REFERENCES, VIF};
use crate::flip::deliver;
use crate::transmit::any_settings;

/// The buffers of one packet: offset and bytes of each.
fn any_packet() -> impl Strategy<Value = Vec<(u16, u16)>> {
    let piece = prop_oneof![(0_u16..16, 14_u16..260), (0_u16..=40, 1000_u16..4000)];
    prop_oneof![4 => proptest::collection::vec(piece.clone(), 1), 1 => proptest::collection::vec(piece, 1..=18)]
}

pub(crate) fn content(number: usize, size: u16) -> Vec<u8> {
    (0..usize::from(size)).map(|at| (at * 3 + number) as u8).collect()
}

/// Every page of the guest: free, in a posted buffer, or waiting to be posted.
pub(crate) fn pages(bench: &Bench) -> u32 {
    bench.skbs.free_pages() + bench.front.posted_buffers() + bench.front.waiting_pages()
}

proptest! {
    /// Whatever comes, in bursts of whatever length: the bytes arrive in order, and pages and references add up.
    #[test]
    fn packets_arrive_as_they_were_sent(
        settings in any_settings(),
        bursts in proptest::collection::vec(proptest::collection::vec(any_packet(), 1..30), 1..12),
    ) {
        let mut bench = Bench::new(settings);
        let mut number = 0;
        for burst in bursts {
            let mut expect = Vec::new();
            for pieces in burst {
                let posted = bench.rx.req_prod(&bench.xen).wrapping_sub(bench.rx.req_cons);
                if (posted as usize) < pieces.len() {
                    continue;
                }
                let mut bytes = Vec::new();
                for (at, &(offset, size)) in pieces.iter().enumerate() {
                    let more = if at + 1 < pieces.len() { NETRXF_MORE_DATA } else { 0 };
                    number += 1;
                    let piece = content(number, size);
                    // A front that sleeps has asked for the very next response.
                    let due = bench.fill(offset, &piece, more);
                    prop_assert_eq!(due, expect.is_empty() && at == 0);
                    bytes.extend(piece);
                }
                expect.push(bytes);
            }
            let arrived = bench.receive();
            let read: Vec<Vec<u8>> = arrived.iter().map(|skb| bench.bytes(*skb)).collect();
            prop_assert_eq!(&read, &expect);
            for (&skb, bytes) in arrived.iter().zip(expect) {
                let data = bench.skbs.get(skb);
                prop_assert_eq!((data.len as usize, data.origin), (bytes.len(), VIF));
                prop_assert!(data.head.len() <= 256 && data.frags().len() <= 18);
                bench.skbs.free(skb);
            }
            prop_assert_eq!(pages(&bench), PAGES - 2);
            let front = &bench.front;
            prop_assert_eq!(front.free_references(), REFERENCES - 2 - front.posted_buffers());
            prop_assert_eq!(front.rx_ring().rsp_cons.0, bench.rx.rsp_prod);
            if settings.epoch == FrontEpoch::Modern {
                prop_assert_eq!(front.posted_buffers(), 256);
            }
        }
        prop_assert_eq!((bench.front.broken(), bench.front.counters().rx_errors), (None, 0));
    }

    /// Responses of any content in the place of a packet's: each buffer ends in a packet, on the ring or with the allocator.
    #[test]
    fn pages_add_up_whatever_is_answered(
        settings in any_settings(),
        flip in any::<bool>(),
        responses in proptest::collection::vec((any::<[u8; 8]>(), any::<bool>(), any::<bool>()), 1..400),
    ) {
        let settings = FrontSettings { rx_flip: flip, ..settings };
        let mut bench = Bench::new(settings);
        for (bytes, sane, poll) in responses {
            if bench.next_buffer().is_some() {
                let mut response = RxResponse::decode(bytes);
                if sane {
                    response.offset %= 64;
                    response.status = response.status.rem_euclid(2000);
                    response.flags &= 7;
                }
                bench.say(response);
            }
            if poll {
                for skb in bench.receive() {
                    bench.skbs.free(skb);
                }
                prop_assert_eq!(pages(&bench), PAGES - 2);
            }
        }
        prop_assert_eq!(bench.front.broken(), None);
        prop_assert!(bench.front.posted_buffers() > 0);
    }
}

/// Fills and delivers so many packets of 100 bytes, one poll for each.
fn trickle(bench: &mut Bench, count: u32) {
    for _ in 0..count {
        bench.fill(0, &[1; 100], 0);
        for skb in bench.receive() {
            bench.skbs.free(skb);
        }
    }
}

/// Fills so many and delivers them together.
fn flood(bench: &mut Bench, count: u32) {
    (0..count).for_each(|_| {
        bench.fill(0, &[1; 100], 0);
    });
    for skb in bench.receive() {
        bench.skbs.free(skb);
    }
}

fn state(bench: &Bench) -> (u32, u32, u32) {
    (bench.front.rx_target(), bench.front.posted_buffers(), bench.front.waiting_pages())
}

#[test]
fn the_classic_target_doubles_in_a_flood_and_falls_by_one_in_a_trickle() {
    let mut bench = Bench::new(FrontSettings::CLASSIC);
    assert_eq!(state(&bench), (128, 64, 0), "an empty ring is below a quarter of any target");
    // 64 posted of 128 wanted: half of the target is missing, and that is a batch.
    trickle(&mut bench, 1);
    assert_eq!(state(&bench), (128, 128, 0));
    flood(&mut bench, 97);
    assert_eq!(
        state(&bench),
        (256, 256, 0),
        "31 of 128 were left, and the second poll filled what the first had raised"
    );
    // More than three quarters are left after each of these polls, and so the target falls with what is posted.
    trickle(&mut bench, 10);
    assert_eq!(state(&bench), (246, 246, 0));
    trickle(&mut bench, 1000);
    assert_eq!(bench.front.rx_target(), 64);
    assert_eq!(pages(&bench), PAGES - 2);
}

#[test]
fn a_target_has_bounds_whatever_is_asked_for() {
    for (rx_min, rx_max, expect) in [(0, 0, 8), (300, 0, 8), (100, 50, 50), (300, 300, 256), (8, 256, 128)] {
        let bench = Bench::new(FrontSettings { rx_min, rx_max, ..FrontSettings::CLASSIC });
        assert_eq!(bench.front.rx_target(), expect, "{rx_min} {rx_max}");
    }
}

#[test]
fn the_classic_driver_posts_by_half_a_target() {
    let mut bench = Bench::new(FrontSettings { rx_max: 64, ..FrontSettings::CLASSIC });
    assert_eq!(state(&bench), (64, 64, 0));
    let before = bench.rx.req_prod(&bench.xen);
    flood(&mut bench, 31);
    assert_eq!((bench.rx.req_prod(&bench.xen), state(&bench)), (before, (64, 33, 31)));
    flood(&mut bench, 1);
    assert_eq!((bench.rx.req_prod(&bench.xen), state(&bench)), (before + 32, (64, 64, 0)));
}

#[test]
fn the_modern_driver_fills_its_ring_and_needs_nineteen() {
    let bench = Bench::new(FrontSettings::MODERN);
    assert_eq!((bench.front.posted_buffers(), bench.rx.req_prod(&bench.xen)), (256, 256));
    let postponed = |bench: &Bench| bench.asks.contains(&Ask::Arm(Timer::Refill(VIF), Some(bench.now + REFILL_DELAY)));
    // Short of memory it posts nothing of what it has written, and tries again later.
    for pages in [18, 19, 255] {
        let mut bench = Bench::with_pages(FrontSettings::MODERN, pages + 2, ALL);
        assert_eq!((bench.front.posted_buffers(), bench.rx.req_prod(&bench.xen)), (pages, 0), "{pages}");
        assert!(postponed(&bench));
        let told = Event::Receive(Receive::RefillPostponed { posted: pages });
        assert!(bench.log.entries().iter().any(|entry| entry.event == told));
        bench.call(Netfront::refill_timer);
        assert!(bench.asks.contains(&Ask::Run(Task::FrontPoll(VIF))));
    }
    let bench = Bench::with_pages(FrontSettings::MODERN, 258, ALL);
    assert_eq!((bench.rx.req_prod(&bench.xen), postponed(&bench)), (256, false));
}

#[test]
fn the_classic_driver_posts_what_little_it_has_and_waits_when_it_has_nothing() {
    let mut bench = Bench::with_pages(FrontSettings::CLASSIC, 2 + 5, ALL);
    assert_eq!((bench.rx.req_prod(&bench.xen), bench.front.rx_target()), (5, 64));
    bench.fill(0, &[1; 3000], 0);
    let arrived = bench.receive();
    let told = Event::Receive(Receive::RefillPostponed { posted: 4 });
    assert!(bench.log.entries().iter().any(|entry| entry.event == told));
    assert!(bench.asks.contains(&Ask::Arm(Timer::Refill(VIF), Some(bench.now + REFILL_DELAY))));
    arrived.into_iter().for_each(|skb| bench.skbs.free(skb));
    bench.call(Netfront::refill_timer);
    bench.receive();
    assert_eq!((bench.rx.req_prod(&bench.xen), bench.front.posted_buffers()), (6, 5));
}

#[test]
fn what_is_short_is_copied_and_its_page_is_free() {
    for (size, head, frags) in [(14, 14, 0), (256, 256, 0), (257, 256, 1), (4096, 256, 1)] {
        let mut bench = Bench::new(FrontSettings::CLASSIC);
        bench.fill(0, &content(5, size), 0);
        let [skb] = bench.receive()[..] else { panic!("one packet was sent") };
        let data = bench.skbs.get(skb);
        assert_eq!((data.head.len(), data.frags().len(), data.len), (head, frags, u32::from(size)));
        assert_eq!(bench.bytes(skb), content(5, size));
    }
}

#[test]
fn a_poll_takes_sixty_four_packets() {
    let mut bench = Bench::new(FrontSettings::MODERN);
    (0..65).for_each(|_| {
        bench.fill(0, &[1; 60], 0);
    });
    let port = bench.offer.rx_port;
    bench.interrupt(port);
    let polls = [0; 2].map(|_| (bench.call(Netfront::poll), bench.front.counters().rx_packets));
    assert_eq!(polls, [(true, 64), (false, 65)]);
    // The last poll asks for the next response before it ends.
    assert!(bench.fill(0, &[1; 60], 0));
}

#[test]
fn flags_of_reception_are_not_those_of_transmission() {
    let flags = [
        (0, Checksum::None),
        (NETRXF_DATA_VALIDATED, Checksum::Unnecessary),
        (NETRXF_CSUM_BLANK, Checksum::Partial),
        (NETRXF_CSUM_BLANK | NETRXF_DATA_VALIDATED, Checksum::Partial),
    ];
    for (flags, expect) in flags {
        let mut bench = Bench::new(FrontSettings::MODERN);
        bench.fill(0, &[1; 60], flags);
        let arrived = bench.receive();
        assert_eq!(bench.skbs.get(arrived[0]).checksum, expect, "{flags}");
    }
    assert_eq!((NETRXF_DATA_VALIDATED, NETRXF_CSUM_BLANK), (1, 2));
}

/// An extra info takes a buffer that holds nothing, and that is posted again as it is.
#[test]
fn extra_infos_tell_of_segmentation() {
    let gso = [1, 0, 0xA8, 5, 1, 0, 0, 0];
    let other = [4, 1, 0, 0, 0, 0, 0, 0];
    for (extras, expect) in [
        (vec![gso], Some(1448)),
        (vec![other, gso], Some(1448)),
        (vec![[1, 0, 0, 0, 1, 0, 0, 0]], None),
        (vec![[1, 0, 0xA8, 5, 9, 0, 0, 0]], None),
        (vec![[0, 0, 0, 0, 0, 0, 0, 0]], None),
        (vec![[6, 0, 0, 0, 0, 0, 0, 0]], None),
    ] {
        for settings in [FrontSettings::CLASSIC, FrontSettings::MODERN, FLIP] {
            let mut bench = Bench::new(settings);
            let flags = NETRXF_EXTRA_INFO | NETRXF_MORE_DATA;
            deliver(&mut bench, settings.rx_flip, 300, flags);
            for extra in &extras {
                bench.next_buffer().expect("buffers are posted");
                bench.rx.respond(&mut bench.xen, extra);
            }
            deliver(&mut bench, settings.rx_flip, 500, 0);
            let arrived = bench.receive();
            let read = arrived.first().map(|skb| bench.skbs.get(*skb));
            let read = read.map(|data| (data.gso, data.checksum, data.len));
            let modern = settings.epoch == FrontEpoch::Modern;
            let checksum = if modern { Checksum::Partial } else { Checksum::None };
            let expect = expect.map(|size| (Segmentation { size, kind: 1 }, checksum, 800));
            assert_eq!(read, expect, "{extras:?}");
            assert_eq!(bench.front.counters().rx_errors, u64::from(expect.is_none()));
            arrived.into_iter().for_each(|skb| bench.skbs.free(skb));
            assert_eq!(pages(&bench), PAGES - 2);
        }
    }
}

/// The first wrong thing counts, and the pages come back.
#[test]
fn what_makes_no_packet_is_an_error() {
    let ok = |flags| RxResponse { id: 0, offset: 0, flags, status: 100 };
    let more = NETRXF_MORE_DATA;
    let long: Vec<RxResponse> = (0..20).map(|at| ok(if at < 19 { more } else { 0 })).collect();
    for (responses, expect) in [
        (vec![RxResponse { status: -1, ..ok(0) }], -1),
        (vec![RxResponse { status: -2, ..ok(more) }, ok(0)], -2),
        (vec![RxResponse { offset: 4000, status: 97, ..ok(0) }], -22),
        (vec![RxResponse { offset: 65_535, status: 32_767, ..ok(0) }], -22),
        (vec![ok(more), RxResponse { status: 4097, ..ok(0) }], -22),
        (vec![ok(more)], -2),
        (vec![ok(NETRXF_EXTRA_INFO)], -53),
        (long, -7),
    ] {
        for settings in [FrontSettings::CLASSIC, FrontSettings::MODERN] {
            let mut bench = Bench::new(settings);
            for response in &responses {
                bench.next_buffer().expect("buffers are posted");
                bench.say(*response);
            }
            assert!(bench.receive().is_empty());
            let told = Event::Receive(Receive::PacketSpoiled { status: expect });
            assert!(bench.log.entries().iter().any(|entry| entry.event == told), "{responses:?}");
            assert_eq!((pages(&bench), bench.skbs.alive()), (PAGES - 2, 0));
            // The next packet is sound.
            trickle(&mut bench, 1);
            assert_eq!((bench.front.counters().rx_packets, bench.front.counters().rx_errors), (1, 1));
        }
    }
}

/// Nineteen buffers make a packet if the first of them is copied whole, eighteen otherwise.
#[test]
fn a_packet_has_eighteen_fragments() {
    for (first, count, sound) in [(256, 19, true), (257, 18, true), (257, 19, false), (256, 20, false)] {
        let mut bench = Bench::new(FrontSettings::CLASSIC);
        for at in 0..count {
            let size = if at == 0 { first } else { 10 };
            bench.fill(0, &content(at, size), if at + 1 < count { NETRXF_MORE_DATA } else { 0 });
        }
        let arrived = bench.receive();
        assert_eq!(arrived.len(), usize::from(sound), "{first} {count}");
        if let Some(skb) = arrived.first() {
            assert!(bench.skbs.get(*skb).frags().len() <= 18);
        }
    }
}

/// The id says nothing: a response belongs to the request whose slot it takes.
#[test]
fn a_response_is_known_by_its_slot() {
    let mut bench = Bench::new(FrontSettings::CLASSIC);
    bench.fill(0, &content(1, 100), 0);
    let at = bench.rx.slot(0);
    bench.rx.page_mut(&mut bench.xen).write_u16(at, 0xBEEF);
    let arrived = bench.receive();
    assert_eq!(bench.bytes(arrived[0]), content(1, 100));
}
