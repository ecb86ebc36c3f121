//! The hostile drivers by themselves: they are plausible until they attack, they do what their attacks say, and nothing that
//! either of them does stops the other or the engine.

mod attacks;
mod bench;

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sim_wasm::actors::handshake::Xmit;
use sim_wasm::actors::hostile::advisories::{ADVISORIES, advisory};
use sim_wasm::actors::hostile::back_attack::BackAttack;
use sim_wasm::actors::hostile::front::BUFFERS;
use sim_wasm::actors::hostile::front_attack::{BadGrant, FrontAttack};
use sim_wasm::actors::netback::outcome::Disconnect;
use sim_wasm::actors::netback::settings::VifSettings;
use sim_wasm::actors::netfront::FrontSettings;
use sim_wasm::protocols::netif::TX_RING;
use sim_wasm::protocols::ring::Index;
use sim_wasm::words::time::Time;

use crate::attacks::{back_attacks, front_attacks};
use crate::bench::{BackKind, Bench, FrontKind, GUEST, GUEST_PAGES, VIF, packet};

fn settings() -> FrontSettings {
    FrontSettings { base: Index(u32::MAX - 5), ..FrontSettings::CLASSIC }
}

#[test]
fn both_behave_until_they_are_told_otherwise() {
    for split_channels in [false, true] {
        let mut bench =
            Bench::new(BackKind::Hostile, &[FrontKind::Hostile(FrontSettings { split_channels, ..settings() })]);
        for _ in 0..600 {
            assert_eq!(bench.send(VIF, &[60]), Xmit::Sent);
            assert_eq!(bench.send(VIF, &[1514, 4096, 100]), Xmit::Sent);
            assert_eq!(bench.send_back(VIF, &[1000, 500]), Xmit::Sent);
        }
        assert_eq!(bench.guest().received.len(), 1200);
        assert!(bench.guest().received.chunks(2).all(|pair| pair == [60, 5710]));
        assert_eq!(bench.guest().arrived, [1500; 600]);
        let answers = bench.hostile_front().answers();
        assert_eq!((answers.okay, answers.errors, answers.nulls, answers.unknown), (2400, 0, 0, 0));
        assert_eq!((bench.outstanding(VIF), bench.hostile_front().posted_buffers()), (0, u32::from(BUFFERS)));
        assert_eq!((bench.guest().skbs.alive(), bench.dom0.alive(), bench.dom0.free_pages()), (0, 0, 999));
    }
}

#[test]
fn disconnecting_gives_everything_back() {
    let mut bench = Bench::new(BackKind::Hostile, &[FrontKind::Hostile(settings())]);
    for _ in 0..3 {
        assert_eq!(bench.send(VIF, &[60]), Xmit::Sent);
        let free = bench.guest().skbs.free_pages();
        assert_eq!(bench.disconnect(VIF), Disconnect::Done);
        assert_eq!(bench.guest().skbs.free_pages(), free + u32::from(BUFFERS));
        assert_eq!((bench.guest().skbs.free_pages(), bench.ports(VIF).len()), (GUEST_PAGES, 0));
        assert!(bench.hostile_front().is_stopped());
        bench.connect(VIF, VifSettings::default());
    }
}

#[test]
fn attacks_put_on_the_ring_what_they_say() {
    let sound = [
        (FrontAttack::ManySlots { further: 18 }, 1900),
        (FrontAttack::SplitHeader { piece: 14 }, 66),
        (FrontAttack::SplitHeader { piece: 20 }, 66),
        (FrontAttack::TinySlots, 128),
        (FrontAttack::EmptySlots { count: 3 }, 66),
        (FrontAttack::Longest, 65_535),
    ];
    for (attack, bytes) in sound {
        let mut bench = Bench::new(BackKind::Hostile, &[FrontKind::Hostile(settings())]);
        bench.attack(attack);
        assert_eq!(bench.guest().received, [bytes], "{attack:?}");
        assert_eq!(bench.hostile_front().answers().errors, 0, "{attack:?}");
    }
    let bad = [
        FrontAttack::LongSlot,
        FrontAttack::Truncated,
        FrontAttack::CrossesPage,
        FrontAttack::Runt,
        FrontAttack::UnknownExtra,
        FrontAttack::BadSegmentation,
        FrontAttack::MissingExtra,
        FrontAttack::BadGrant { grant: BadGrant::NeverGiven, slots: 3, at: 1 },
        FrontAttack::BadGrant { grant: BadGrant::BeyondTable, slots: 1, at: 0 },
        FrontAttack::BadGrant { grant: BadGrant::Revoked, slots: 2, at: 1 },
        FrontAttack::BadGrant { grant: BadGrant::ToAnotherDomain, slots: 19, at: 18 },
    ];
    for attack in bad {
        let mut bench = Bench::new(BackKind::Hostile, &[FrontKind::Hostile(settings())]);
        bench.attack(attack);
        assert_eq!(bench.guest().received, [], "{attack:?}");
        assert!(bench.hostile_front().answers().errors > 0, "{attack:?}");
    }
}

#[test]
fn a_storm_rings_as_often_as_it_says() {
    let mut bench = Bench::new(BackKind::Hostile, &[FrontKind::Hostile(settings())]);
    let before = (bench.dom0_upcalls, bench.guest().upcalls);
    bench.attack(FrontAttack::EventStorm { events: 40, every: 1000 });
    bench.run_timers();
    assert_eq!((bench.dom0_upcalls - before.0, bench.now), (40, Time(39_000)));
    bench.attack_back(BackAttack::EventStorm { events: 30, every: 500 });
    bench.run_timers();
    assert_eq!((bench.guest().upcalls - before.1, bench.now), (30, Time(39_000 + 14_500)));
}

#[test]
fn withheld_buffers_run_out() {
    let mut bench = Bench::new(BackKind::Hostile, &[FrontKind::Hostile(settings())]);
    bench.attack(FrontAttack::WithholdBuffers { leave: 1 });
    for _ in 0..200 {
        let _sent = bench.send_back(VIF, &[700, 700]);
    }
    assert_eq!((bench.hostile_front().posted_buffers(), bench.guest().arrived.len()), (2, 63));
    assert_eq!(bench.hostile_back().counters(VIF).map(|counters| counters.receive_dropped), Some(200 - 63 - 64));
}

#[test]
fn a_snooping_back_end_tells_what_it_saw() {
    let mut bench = Bench::new(BackKind::Hostile, &[FrontKind::Hostile(settings())]);
    bench.attack_back(BackAttack::ReadBeside);
    let skb = packet(&mut bench.guests[0].skbs, &[60]);
    let page = bench.guest().skbs.get(skb).frags()[0].page.pfn();
    bench.xen.guest_page_mut(GUEST, page).expect("the guest has it").write(1000, &[7; 123]);
    assert_eq!(bench.send_skb(VIF, skb), Xmit::Sent);
    assert_eq!((bench.hostile_back().seen_beside(VIF), bench.guest().received.as_slice()), (123, &[60][..]));
}

#[test]
fn the_catalogue_is_in_order_and_attacks_name_it() {
    assert!(ADVISORIES.is_sorted_by(|one, next| one.xsa < next.xsa));
    for advisory in &ADVISORIES {
        assert!(!advisory.cves.is_empty() && advisory.cves.iter().all(|cve| cve.starts_with("CVE-")));
        assert!(!advisory.backs.is_empty() || !advisory.fronts.is_empty(), "{}", advisory.xsa);
        assert!([advisory.what, advisory.right].iter().all(|text| text.ends_with('.')), "{}", advisory.xsa);
    }
    for attack in [FrontAttack::Truncated, FrontAttack::TinySlots, FrontAttack::ChangeSize { to: 0 }] {
        assert!(advisory(attack.xsa()).is_some());
    }
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Send,
    SendBack,
    Front(FrontAttack),
    Back(BackAttack),
    Reconnect,
    Timers,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    vec(
        prop_oneof![
            4 => Just(Deed::Send),
            4 => Just(Deed::SendBack),
            4 => front_attacks().prop_map(Deed::Front),
            4 => back_attacks().prop_map(Deed::Back),
            1 => Just(Deed::Reconnect),
            1 => Just(Deed::Timers),
        ],
        0..60,
    )
}

proptest! {
    /// Whatever two hostile drivers do to each other, both come to rest, neither stops the engine, and dom0 loses nothing.
    #[test]
    fn two_hostile_drivers_come_to_rest(deeds in deeds(), base in any::<u32>(), split_channels in any::<bool>()) {
        let mut bench = Bench::new(BackKind::Hostile, &[FrontKind::Hostile(FrontSettings { base: Index(base), split_channels, ..settings() })]);
        for deed in deeds {
            match deed {
                Deed::Send => {
                    if bench.guest().skbs.free_pages() > 4 {
                        let _sent = bench.send(VIF, &[100, 2000]);
                    }
                }
                Deed::SendBack => {
                    let _sent = bench.send_back(VIF, &[100, 2000]);
                }
                Deed::Front(attack) => bench.attack(attack),
                Deed::Back(attack) => bench.attack_back(attack),
                Deed::Timers => bench.run_timers(),
                Deed::Reconnect => {
                    assert_eq!(bench.disconnect(VIF), Disconnect::Done);
                    bench.connect(VIF, VifSettings::default());
                }
            }
            prop_assert!(bench.outstanding(VIF) <= TX_RING.entries());
        }
        assert_eq!(bench.disconnect_back(VIF), Disconnect::Done);
        prop_assert_eq!((bench.dom0.alive(), bench.dom0.free_pages()), (0, 999));
    }
}
