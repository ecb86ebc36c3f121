//! The advisories' attacks, each against every generation of netback that it concerns, while another guest goes on.

mod bench;

use std::collections::BTreeSet;

use sim_wasm::actors::epoch::Epoch;
use sim_wasm::actors::handshake::Xmit;
use sim_wasm::actors::hostile::advisories::ADVISORIES;
use sim_wasm::actors::hostile::front_attack::{BadGrant, FrontAttack};
use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::receive::Receive;
use sim_wasm::actors::log::trouble::{Attack, Party, Trouble};
use sim_wasm::actors::netback::Race;
use sim_wasm::actors::netback::outcome::Disconnect;
use sim_wasm::actors::netback::settings::{BackSettings, Repairs, VifSettings};
use sim_wasm::actors::netback_upstream::limits::RX_QUEUE_BYTES;
use sim_wasm::actors::netback_upstream::zero_copy::hash::ControlStatus;
use sim_wasm::actors::netfront::FrontSettings;
use sim_wasm::protocols::netif::TxRequest;
use sim_wasm::protocols::ring::Index;
use sim_wasm::words::ids::GrantRef;
use sim_wasm::words::time::Time;

use crate::bench::{Back, BackKind, Bench, FrontKind, GUEST, OTHER, VIF};

/// Both rings wrap early.
const BASE: Index = Index(u32::MAX - 7);

/// The generations of netback, the classic one as it was and with all that was repaired in it.
const OLD: BackKind = netback(Epoch::Classic, Repairs::NONE);
const REPAIRED: BackKind = netback(Epoch::Classic, Repairs::ALL);
const GRANT_COPY: BackKind = netback(Epoch::GrantCopy, Repairs::ALL);
const ZERO_COPY: BackKind = netback(Epoch::ZeroCopy, Repairs::ALL);

const fn netback(epoch: Epoch, repairs: Repairs) -> BackKind {
    BackKind::Netback(epoch, BackSettings { repairs, ..BackSettings::of(epoch) })
}

/// A hostile guest and an honest one, each of which has sent a packet.
fn bench(back: BackKind) -> Bench {
    let settings = FrontSettings { base: BASE, ..FrontSettings::CLASSIC };
    let mut bench = Bench::new(back, &[FrontKind::Hostile(settings), FrontKind::Honest(settings)]);
    for vif in [VIF, OTHER] {
        assert_eq!(bench.send(vif, &[100]), Xmit::Sent);
        bench.guests[usize::from(vif.0)].received.clear();
    }
    bench
}

/// What netback makes of an attack.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Reaction {
    /// It answers so many requests with `OKAY`, `ERROR` and `NULL`, hands packets of these lengths to the stack, and goes on.
    Answers([u64; 3], &'static [u32]),
    /// It gives the interface up and answers nothing.
    GivesUp,
}

use Reaction::{Answers, GivesUp};

/// An attack; what became of it in the classic driver as it was, in the repaired one, in Linux 3.4's and in mainline's.
type Row = (u16, FrontAttack, [Reaction; 4]);

const fn bad_grant(grant: BadGrant, slots: u8, at: u8) -> FrontAttack {
    FrontAttack::BadGrant { grant, slots, at }
}

/// All as `drivers/xen/netback/netback.c` of linux-2.6.18-xen and `drivers/net/xen-netback/netback.c` of mainline have it.
/// Whatever is answered with errors and cut short is read on as a new packet by the classic driver. The driver that copies puts
/// a packet's further requests together in pages of its own, and answers those of one page alike.
const ROWS: [Row; 24] = [
    (39, FrontAttack::ForgeProducer { distance: 257 }, [Answers([0, 257, 0], &[]), GivesUp, GivesUp, GivesUp]),
    (39, FrontAttack::ForgeProducer { distance: 2000 }, [Answers([0, 2000, 0], &[]), GivesUp, GivesUp, GivesUp]),
    (
        39,
        FrontAttack::ManySlots { further: 19 },
        [Answers([1, 19, 0], &[100]), GivesUp, Answers([0, 20, 0], &[]), Answers([0, 20, 0], &[])],
    ),
    (
        39,
        FrontAttack::ManySlots { further: 20 },
        [Answers([0, 21, 0], &[]), GivesUp, Answers([0, 21, 0], &[]), Answers([0, 21, 0], &[])],
    ),
    (39, FrontAttack::ManySlots { further: 21 }, [Answers([1, 21, 0], &[100]), GivesUp, GivesUp, GivesUp]),
    (39, FrontAttack::ManySlots { further: 200 }, [Answers([0, 201, 0], &[]), GivesUp, GivesUp, GivesUp]),
    (
        39,
        FrontAttack::LongSlot,
        [Answers([2, 0, 0], &[200, 300]), GivesUp, Answers([0, 2, 0], &[]), Answers([0, 2, 0], &[])],
    ),
    (39, FrontAttack::Truncated, [Answers([0, 2, 0], &[]), GivesUp, GivesUp, GivesUp]),
    (90, FrontAttack::CrossesPage, [Answers([0, 1, 0], &[]), GivesUp, GivesUp, GivesUp]),
    (90, FrontAttack::MissingExtra, [Answers([0, 1, 0], &[]), GivesUp, GivesUp, GivesUp]),
    (90, FrontAttack::UnknownExtra, [Answers([0, 1, 1], &[]), GivesUp, GivesUp, GivesUp]),
    (90, FrontAttack::BadSegmentation, [Answers([0, 1, 1], &[]), GivesUp, GivesUp, GivesUp]),
    (0, FrontAttack::Runt, [ANSWERS_ONE_ERROR, ANSWERS_ONE_ERROR, ANSWERS_ONE_ERROR, ANSWERS_ONE_ERROR]),
    (361, bad_grant(BadGrant::NeverGiven, 3, 1), [TWO_OF_THREE, TWO_OF_THREE, Answers([1, 2, 0], &[]), TWO_OF_THREE]),
    (
        362,
        bad_grant(BadGrant::BeyondTable, 1, 0),
        [ANSWERS_ONE_ERROR, ANSWERS_ONE_ERROR, ANSWERS_ONE_ERROR, ANSWERS_ONE_ERROR],
    ),
    (362, bad_grant(BadGrant::Revoked, 3, 2), [TWO_OF_THREE, TWO_OF_THREE, Answers([1, 2, 0], &[]), TWO_OF_THREE]),
    (
        367,
        bad_grant(BadGrant::ToAnotherDomain, 19, 18),
        [ALL_BUT_ONE, ALL_BUT_ONE, Answers([1, 18, 0], &[]), ALL_BUT_ONE],
    ),
    (367, bad_grant(BadGrant::ToAnotherDomain, 19, 0), [ALL_BUT_ONE, ALL_BUT_ONE, ALL_BUT_ONE, ALL_BUT_ONE]),
    (423, FrontAttack::SplitHeader { piece: 14 }, [SPLIT, SPLIT, SPLIT, SPLIT]),
    (423, FrontAttack::SplitHeader { piece: 33 }, [HALVES, HALVES, HALVES, HALVES]),
    (432, FrontAttack::TinySlots, [TINY, TINY, TINY, TINY]),
    (448, FrontAttack::EmptySlots { count: 1 }, [EMPTY, EMPTY, EMPTY, EMPTY]),
    (0, FrontAttack::ManySlots { further: 18 }, [MOST, MOST, MOST, MOST]),
    (0, FrontAttack::Longest, [LONGEST, LONGEST, LONGEST, LONGEST]),
];

const ANSWERS_ONE_ERROR: Reaction = Answers([0, 1, 0], &[]);
const TWO_OF_THREE: Reaction = Answers([2, 1, 0], &[]);
const ALL_BUT_ONE: Reaction = Answers([18, 1, 0], &[]);
const SPLIT: Reaction = Answers([5, 0, 0], &[66]);
const HALVES: Reaction = Answers([2, 0, 0], &[66]);
const TINY: Reaction = Answers([19, 0, 0], &[128]);
const EMPTY: Reaction = Answers([2, 0, 0], &[66]);
const MOST: Reaction = Answers([19, 0, 0], &[1900]);
const LONGEST: Reaction = Answers([19, 0, 0], &[65_535]);

/// What netback made of it. Before and after, the other guest's packets go their way, and nothing stays behind in dom0.
fn reaction(back: BackKind, attack: FrontAttack) -> Reaction {
    let mut bench = bench(back);
    let before = (bench.hostile_front().answers(), bench.served);
    bench.attack(attack);
    assert!(bench.served - before.1 < 200, "{attack:?}: {} pieces of work", bench.served - before.1);
    assert_eq!((bench.held_slots(), bench.dom0.alive()), (0, 0), "{attack:?}");
    let after = bench.hostile_front().answers();
    let found = [after.okay - before.0.okay, after.errors - before.0.errors, after.nulls - before.0.nulls];
    let packets: &[u32] = Vec::leak(bench.guest().received.clone());
    for count in 1..=300 {
        assert_eq!(bench.send(OTHER, &[100, 2000]), Xmit::Sent, "{attack:?}");
        assert_eq!((bench.guests[1].received.len(), bench.outstanding(OTHER)), (count, 0), "{attack:?}");
    }
    let gives_up = bench.carrier_off.contains(&VIF);
    assert!(gives_up || !bench.is_disabled(VIF), "{attack:?}: who is disabled loses the carrier");
    let _sent = bench.send(VIF, &[100]);
    let went_on = bench.guest().received.len() > packets.len();
    match (gives_up, went_on) {
        (true, false) => {
            assert_eq!((found, packets.len()), ([0; 3], 0), "{attack:?}: whoever is given up gets no answer");
            GivesUp
        }
        (false, true) => Answers(found, packets),
        mixed => panic!("{attack:?}: {mixed:?}"),
    }
}

#[test]
fn each_attack_by_ring_has_its_reaction() {
    for (xsa, attack, expected) in ROWS {
        let found = [OLD, REPAIRED, GRANT_COPY, ZERO_COPY].map(|back| reaction(back, attack));
        assert_eq!(found, expected, "XSA-{xsa}, {attack:?}");
    }
}

/// XSA-155: the classic driver reads a size again when credit comes back. What is sent then is what was checked then, and
/// costs what it has.
#[test]
fn a_request_that_changes_while_it_waits_is_checked_again() {
    for back in [OLD, REPAIRED, GRANT_COPY, ZERO_COPY] {
        let mut bench = bench(back);
        assert_eq!(bench.disconnect(VIF), Disconnect::Done);
        // 150 bytes each tenth of a second.
        bench.connect(VIF, VifSettings { credit_bytes: 1500, credit_usec: 1_000_000, ..VifSettings::default() });
        for _ in 0..40 {
            assert_eq!(bench.send(VIF, &[100]), Xmit::Sent);
        }
        let taken = bench.guest().received.len();
        assert!((15..=16).contains(&taken), "{back:?}: {taken} packets need no credit to come back");
        bench.attack(FrontAttack::ChangeSize { to: 3000 });
        bench.run_until(Time::from_millis(10_000));
        let bytes: u32 = bench.guest().received.iter().sum();
        assert!(bytes <= 1500 * 11 + 3000, "{back:?}: {bytes} bytes in ten seconds");
        bench.run_until(Time::from_millis(100_000));
        assert!(bench.guest().received[taken..].iter().all(|bytes| *bytes == 3000), "{back:?}");
        assert_eq!((bench.guest().received.len(), bench.outstanding(VIF), bench.held_slots()), (40, 0, 0), "{back:?}");
    }
}

/// XSA-155: a request that changes between check and use, in the same pass. Who copies it uses what was checked.
#[test]
fn a_request_that_changes_between_check_and_use_is_copied_once() {
    for (back, bytes) in [(OLD, 4100), (REPAIRED, 200)] {
        let mut bench = bench(back);
        let granted = |gref: &u32| bench.xen.grant_entry(GUEST, GrantRef(*gref)).is_some_and(|entry| entry.flags == 1);
        let gref = (8..512).find(granted).map(GrantRef).expect("buffers are posted");
        let Back::Classic(netback) = &mut bench.back else { panic!("the race is the classic driver's") };
        netback.race(Race { vif: VIF, slot: 1, request: TxRequest { gref, offset: 0, flags: 0, id: 2, size: 4000 } });
        assert_eq!(bench.send(VIF, &[100, 100]), Xmit::Sent);
        let told = bench.log.entries().iter().any(|entry| {
            matches!(entry.event, Event::Trouble(Trouble::Attacked { attack: Attack::ChangedRequest, xsa: 155, .. }))
        });
        assert_eq!((bench.guest().received.as_slice(), told), (&[bytes][..], back == OLD));
        assert_eq!((bench.held_slots(), bench.dom0.alive()), (0, 0));
    }
}

/// XSA-332: each event without work is told apart, so that the end of its interrupt can be put off.
#[test]
fn events_without_work_are_counted() {
    for back in [OLD, REPAIRED, GRANT_COPY, ZERO_COPY] {
        let mut bench = bench(back);
        let before = (bench.counters(VIF), bench.counters(OTHER), bench.dom0_upcalls);
        bench.attack(FrontAttack::EventStorm { events: 100, every: 1000 });
        bench.run_timers();
        let after = bench.counters(VIF);
        assert_eq!((after.interrupts - before.0.interrupts, bench.dom0_upcalls - before.2), (100, 100), "{back:?}");
        if back == ZERO_COPY {
            assert_eq!(after.spurious - before.0.spurious, 100);
        }
        assert_eq!(bench.counters(OTHER), before.1);
        assert_eq!(bench.send(OTHER, &[100]), Xmit::Sent);
        assert_eq!(bench.guests[1].received, [100]);
    }
}

/// XSA-374: the interface is let go after it was given up, and connects again as if nothing had been.
#[test]
fn an_interface_that_was_given_up_is_let_go() {
    for back in [OLD, REPAIRED, GRANT_COPY, ZERO_COPY] {
        let mut bench = bench(back);
        bench.attack(FrontAttack::CrossesPage);
        assert_eq!(bench.disconnect(VIF), Disconnect::Done, "{back:?}");
        bench.run_until(Time::from_millis(120_000));
        bench.connect(VIF, VifSettings::default());
        assert!(!bench.is_disabled(VIF));
        assert_eq!((bench.send(VIF, &[100]), bench.send(OTHER, &[100])), (Xmit::Sent, Xmit::Sent));
        assert_eq!((bench.guest().received.as_slice(), bench.guests[1].received.as_slice()), (&[100][..], &[100][..]));
    }
}

/// XSA-392 and 424: packets for a guest that posts no buffers, or one where two are needed, are dropped beyond a bound.
#[test]
fn packets_for_who_posts_no_buffers_do_not_pile_up() {
    for (back, most) in [(OLD, 256), (REPAIRED, 256), (GRANT_COPY, 256), (ZERO_COPY, RX_QUEUE_BYTES / 6000 + 1)] {
        for leave in [0, 1] {
            let mut bench = bench(back);
            bench.attack(FrontAttack::WithholdBuffers { leave });
            for count in 1..=600 {
                let _sent = bench.send_back(VIF, &[2000, 4000]);
                assert_eq!(bench.send_back(OTHER, &[60]), Xmit::Sent);
                assert_eq!(bench.guests[1].arrived.len(), count, "{back:?}");
                assert!(bench.dom0.alive() <= most, "{back:?}: {} packets wait", bench.dom0.alive());
            }
            assert!(bench.guest().arrived.len() <= 64, "{back:?}: two buffers for each");
            bench.run_until(Time::from_millis(11_000));
            assert_eq!(bench.dom0.alive(), 0, "{back:?}: whatever waited is gone after ten seconds");
        }
    }
}

/// XSA-392: one buffer is no help where two are needed. Mainline takes the carrier off after a minute, and puts it on when
/// there are buffers again.
#[test]
fn a_stall_is_measured_by_what_the_next_packet_needs() {
    for leave in [0, 1] {
        let mut bench = bench(ZERO_COPY);
        bench.attack(FrontAttack::WithholdBuffers { leave });
        for second in 0..200 {
            bench.run_until(Time::from_millis(1000 * second));
            let _sent = bench.send_back(VIF, &[2000, 4000]);
            let _sent = bench.send_back(VIF, &[2000, 4000]);
        }
        let happened = |bench: &Bench, what: Receive| {
            bench.log.entries().iter().filter(|entry| entry.event == Event::Receive(what)).count()
        };
        // A queue that has emptied needs nothing, which counts as being ready: the carrier comes back until the next stall.
        assert!((1..=3).contains(&happened(&bench, Receive::CarrierLost)), "{leave}");
        bench.attack(FrontAttack::WithholdBuffers { leave: 100 });
        let changes = [Receive::CarrierLost, Receive::CarrierBack].map(|change| happened(&bench, change));
        assert_eq!(changes[0], changes[1], "{leave}");
        bench.guests[0].arrived.clear();
        assert_eq!(bench.send_back(VIF, &[300]), Xmit::Sent);
        assert_eq!(bench.guest().arrived.last(), Some(&300));
    }
}

/// XSA-270: offset and length are bounded together, also where their sum wraps.
#[test]
fn a_table_of_hashes_is_written_within_its_length() {
    let mut bench = bench(ZERO_COPY);
    let granted = |gref: &u32| bench.xen.grant_entry(GUEST, GrantRef(*gref)).is_some_and(|entry| entry.flags == 1);
    let gref = (8..512).find(granted).map(GrantRef).expect("buffers are posted");
    let table = [
        (128, 128, 0, ControlStatus::Success),
        (128, 1, 127, ControlStatus::Success),
        (128, 0, 128, ControlStatus::Success),
        (128, 1, 128, ControlStatus::InvalidParameter),
        (128, 128, 1, ControlStatus::InvalidParameter),
        (128, 2, u32::MAX, ControlStatus::InvalidParameter),
        (128, u32::MAX, 1, ControlStatus::InvalidParameter),
        (128, u32::MAX - 3, 8, ControlStatus::InvalidParameter),
        (4, 5, 0, ControlStatus::InvalidParameter),
        (0, 1, 0, ControlStatus::InvalidParameter),
    ];
    for (size, len, offset, status) in table {
        let found = bench.set_hash_mapping(VIF, size, (gref, len, offset));
        assert_eq!(found, status, "{len} entries at {offset} of {size}");
    }
    let Back::ZeroCopy(netback) = &mut bench.back else { panic!("only mainline has the table") };
    assert_eq!(netback.set_hash_mapping_size(VIF, 129), ControlStatus::InvalidParameter);
}

/// The catalogue and the tests know the same advisories.
#[test]
fn each_advisory_has_its_scenario() {
    let told: BTreeSet<u16> = [155, 270, 332, 374, 392, 424].into();
    for advisory in ADVISORIES.iter().filter(|advisory| advisory.by == Party::Frontend) {
        let by_ring = ROWS.iter().any(|(xsa, ..)| *xsa == advisory.xsa);
        assert!(by_ring != told.contains(&advisory.xsa), "XSA-{}", advisory.xsa);
    }
    assert!(ROWS.iter().all(|(xsa, attack, _)| *xsa == 0 || *xsa == attack.xsa() || (361..=367).contains(xsa)));
}
