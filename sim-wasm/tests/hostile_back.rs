//! Both generations of netfront against a backend that breaks the rules: XSA-391, 396, 403 and 465, and forged answers.

mod attacks;
mod bench;

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sim_wasm::actors::handshake::Xmit;
use sim_wasm::actors::hostile::back_attack::BackAttack;
use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::trouble::{Attack, Trouble};
use sim_wasm::actors::netback::outcome::Disconnect;
use sim_wasm::actors::netback::settings::VifSettings;
use sim_wasm::actors::netfront::{Broken, FrontSettings};
use sim_wasm::hypervisor::grant_entry::{GTF_READING, GTF_WRITING};
use sim_wasm::protocols::ring::Index;
use sim_wasm::words::ids::{DomId, GrantRef};

use crate::attacks::back_attacks;
use crate::bench::{BackKind, Bench, FrontKind, GUEST, GUEST_PAGES, VIF, packet};

const BASE: Index = Index(u32::MAX - 2);
const CLASSIC: FrontSettings = FrontSettings { base: BASE, ..FrontSettings::CLASSIC };
const MODERN: FrontSettings = FrontSettings { base: BASE, split_channels: false, ..FrontSettings::MODERN };

fn start(settings: FrontSettings) -> Bench {
    let mut bench = Bench::new(BackKind::Hostile, &[FrontKind::Honest(settings)]);
    assert_eq!((bench.send(VIF, &[60]), bench.send_back(VIF, &[500])), (Xmit::Sent, Xmit::Sent));
    assert_eq!((bench.guest().received.as_slice(), bench.guest().arrived.as_slice()), (&[60][..], &[500][..]));
    bench
}

/// What an attack leads to.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// The driver notices, and is down: the classic one with its guest.
    Down(Attack),
    /// The next packet for the guest is lost, and nothing else.
    Spoiled,
    /// Nothing comes of it.
    Nothing,
}

#[test]
fn each_forged_answer_has_its_outcome() {
    let table = [
        (BackAttack::AnswerWhileMapped, Outcome::Down(Attack::KeptMapping)),
        (BackAttack::UnknownId, Outcome::Down(Attack::ForgedResponse)),
        (BackAttack::IdTwice, Outcome::Down(Attack::ForgedResponse)),
        (BackAttack::ForgeProducer { distance: 1 }, Outcome::Down(Attack::ForgedProducer)),
        (BackAttack::ForgeProducer { distance: 300 }, Outcome::Down(Attack::ForgedProducer)),
        (BackAttack::ForgeDeliveries { distance: 300 }, Outcome::Down(Attack::ForgedProducer)),
        (BackAttack::LongDelivery, Outcome::Spoiled),
        (BackAttack::CrossingDelivery, Outcome::Spoiled),
        (BackAttack::EndlessDelivery, Outcome::Spoiled),
        (BackAttack::WrongBuffer, Outcome::Nothing),
    ];
    for (attack, outcome) in table {
        for settings in [CLASSIC, MODERN] {
            let mut bench = start(settings);
            bench.attack_back(attack);
            let (_sent, _back) = (bench.send(VIF, &[60, 100]), bench.send_back(VIF, &[700]));
            let found = match (bench.broken(), bench.guest().arrived.as_slice()) {
                (Some(Broken::Crashed(found)), _) if settings == CLASSIC => Outcome::Down(found),
                (Some(Broken::Disabled(found)), _) if settings == MODERN => Outcome::Down(found),
                (None, [500]) => Outcome::Spoiled,
                (None, [500, 700]) => Outcome::Nothing,
                other => panic!("{attack:?}: {other:?}"),
            };
            assert_eq!(found, outcome, "{attack:?}");
            if found == Outcome::Spoiled || found == Outcome::Nothing {
                assert_eq!(bench.send_back(VIF, &[800]), Xmit::Sent);
                assert_eq!((bench.guest().arrived.last(), bench.outstanding(VIF)), (Some(&800), 0), "{attack:?}");
            }
        }
    }
}

/// XSA-396: a page that is still mapped is never used for anything else. The modern driver is set up again by hot-plugging,
/// and the grant ends when the backend lets go of it.
#[test]
fn a_page_that_the_backend_keeps_is_not_used_again() {
    for settings in [CLASSIC, MODERN] {
        let mut bench = start(settings);
        bench.attack_back(BackAttack::AnswerWhileMapped);
        assert_eq!(bench.send(VIF, &[60]), Xmit::Sent);
        assert!(bench.broken().is_some());
        let pinned: Vec<u32> = (0..1024).filter(|&gref| is_pinned(&bench, gref)).collect();
        assert_eq!(pinned.len(), 3, "both rings, and the page that the backend kept: {pinned:?}");
        assert_eq!(bench.hostile_back().held(), 1);
        if settings == MODERN {
            assert_eq!(bench.disconnect(VIF), Disconnect::Done);
            bench.connect(VIF, VifSettings::default());
            assert_eq!((bench.broken(), bench.send(VIF, &[60])), (None, Xmit::Sent));
            bench.run_timers();
            assert_eq!(bench.honest_front(VIF).waiting_grants(), 0);
        }
    }
}

fn is_pinned(bench: &Bench, gref: u32) -> bool {
    let entry = bench.xen.grant_entry(GUEST, GrantRef(gref));
    entry.is_some_and(|entry| entry.flags & (GTF_READING | GTF_WRITING) != 0 && entry.domain == DomId::DOM0)
}

/// XSA-403: only a driver that does not trust its backend copies packets into pages of zeros.
#[test]
fn bytes_beside_a_packet_are_seen_by_who_is_trusted() {
    let table = [(CLASSIC, 1000), (MODERN, 1000), (FrontSettings { trusted: false, ..MODERN }, 0)];
    for (settings, seen) in table {
        let mut bench = start(settings);
        bench.attack_back(BackAttack::ReadBeside);
        let skb = packet(&mut bench.guests[0].skbs, &[60]);
        let page = bench.guest().skbs.get(skb).frags()[0].page.pfn();
        bench.xen.guest_page_mut(GUEST, page).expect("the page is the guest's").write(3000, &[0x5E; 1000]);
        assert_eq!(bench.send_skb(VIF, skb), Xmit::Sent);
        assert_eq!((bench.hostile_back().seen_beside(VIF), bench.guest().received.len()), (seen, 2));
        let told = bench
            .log
            .entries()
            .iter()
            .any(|entry| matches!(entry.event, Event::Trouble(Trouble::BytesSeen { bytes }) if bytes == seen));
        assert!(told);
    }
}

/// XSA-391: the driver says of each event that it brought no work; what the guest's kernel makes of that is its business.
#[test]
fn events_without_work_are_told_apart() {
    for settings in [CLASSIC, MODERN] {
        let mut bench = start(settings);
        let before = bench.guest().idle_events;
        bench.attack_back(BackAttack::EventStorm { events: 50, every: 10 });
        bench.run_timers();
        assert_eq!((bench.guest().idle_events - before, bench.broken()), (50, None));
        assert_eq!((bench.send(VIF, &[60]), bench.guest().received.len()), (Xmit::Sent, 2));
    }
}

/// XSA-465: a device is removed that was not set up again, and removed once more.
#[test]
fn a_device_is_removed_when_it_has_no_queues() {
    for settings in [CLASSIC, MODERN] {
        let mut bench = start(settings);
        bench.attack_back(BackAttack::RemoveDevice);
        assert_eq!((bench.send(VIF, &[60]), bench.outstanding(VIF), bench.ports(VIF).len()), (Xmit::Sent, 1, 0));
        for _ in 0..3 {
            assert_eq!(bench.disconnect(VIF), Disconnect::Done);
            assert_eq!((bench.outstanding(VIF), pages(&bench), bench.guest().skbs.alive()), (0, GUEST_PAGES, 0));
        }
        bench.connect(VIF, VifSettings::default());
        assert_eq!((bench.send(VIF, &[60]), bench.broken()), (Xmit::Sent, None));
    }
}

/// Pages that the guest's kernel has for packets: free ones, and those that its driver keeps for the next connection.
fn pages(bench: &Bench) -> u32 {
    bench.guest().skbs.free_pages() + bench.honest_front(VIF).waiting_pages()
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Send(u16),
    SendBack(u16),
    Attack(BackAttack),
    Reconnect,
    Timers,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        6 => (1_u16..4000).prop_map(Deed::Send),
        6 => (14_u16..4000).prop_map(Deed::SendBack),
        2 => back_attacks().prop_map(Deed::Attack),
        1 => Just(Deed::Reconnect),
        1 => Just(Deed::Timers),
    ];
    vec(deed, 0..80)
}

proptest! {
    /// Whatever a backend does, the guest's driver comes to rest, never holds more requests than the ring has, and keeps
    /// account of every page: each is free, in a posted buffer, in a packet, or behind a grant that did not end.
    #[test]
    fn no_backend_makes_a_guest_lose_count(deeds in deeds(), base in any::<u32>(), modern in any::<bool>()) {
        let generation = if modern { MODERN } else { CLASSIC };
        let mut bench = Bench::new(BackKind::Hostile, &[FrontKind::Honest(FrontSettings { base: Index(base), ..generation })]);
        for deed in deeds {
            match deed {
                Deed::Send(size) => {
                    if bench.guest().skbs.free_pages() > 300 {
                        let _sent = bench.send(VIF, &[size, 100]);
                    }
                }
                Deed::SendBack(size) => {
                    let _sent = bench.send_back(VIF, &[size]);
                }
                Deed::Attack(attack) => bench.attack_back(attack),
                Deed::Reconnect => {
                    assert_eq!(bench.disconnect(VIF), Disconnect::Done);
                    bench.connect(VIF, VifSettings::default());
                }
                Deed::Timers => bench.run_timers(),
            }
            prop_assert!(bench.outstanding(VIF) <= 255);
        }
        assert_eq!(bench.disconnect(VIF), Disconnect::Done);
        bench.run_timers();
        prop_assert_eq!((bench.dom0.alive(), bench.dom0.free_pages()), (0, 999));
        if !matches!(bench.broken(), Some(Broken::Crashed(_))) {
            let stuck = bench.honest_front(VIF).counters().stuck_grants as u32;
            let lost = GUEST_PAGES - pages(&bench);
            prop_assert!(if modern { lost == 0 } else { lost <= stuck }, "{} pages lost, {} grants stuck", lost, stuck);
        }
    }
}
