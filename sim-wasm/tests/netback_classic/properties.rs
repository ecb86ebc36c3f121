//! Whatever honest and hostile guests, dom0's stack and time do: slots add up, answers are right, and hostile guests harm
//! nobody but themselves.

use proptest::prelude::{Just, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::test_runner::Config;
use sim_wasm::actors::log::Event;
use sim_wasm::actors::netback::settings::{BackSettings, VifSettings};
use sim_wasm::words::ids::VifId;

use crate::run::{Command, Run, Setup, command, setup};
use crate::world::{Slot, Wish, World, slot};

proptest! {
    #![proptest_config(Config { cases: 400, ..Config::default() })]

    #[test]
    fn slots_add_up(setup in setup(), commands in proptest::collection::vec(command(), 0..200)) {
        let mut run = Run::new(&setup);
        for command in &commands {
            run.obey(command);
            run.check()?;
        }
        run.finish()?;
    }
}

/// Names of events, without their numbers, and hashes of whole logs.
fn told(setup: &Setup, commands: &[Command]) -> (Vec<String>, u64) {
    let mut run = Run::new(setup);
    commands.iter().for_each(|command| run.obey(command));
    let name = |event: &Event| format!("{event:?}").split(' ').next().map(str::to_owned).unwrap_or_default();
    (run.world.told(|event| Some(name(event))), run.world.log.hash())
}

proptest! {
    #![proptest_config(Config { cases: 60, ..Config::default() })]

    #[test]
    fn the_same_commands_give_the_same_log(
        setup in setup(),
        commands in proptest::collection::vec(command(), 0..100),
    ) {
        prop_assert_eq!(told(&setup, &commands).1, told(&setup, &commands).1);
    }

    /// Where the rings begin changes indexes and nothing else. The hostile guest writes slots by their place in the page,
    /// so a ring is shifted by whole rings.
    #[test]
    fn where_a_ring_begins_does_not_matter(
        setup in setup(),
        rings in 0_u32..0x0100_0000,
        commands in proptest::collection::vec(command(), 0..100),
    ) {
        let shifted = Setup { bases: setup.bases.map(|base| base.wrapping_add(rings << 8)), ..setup.clone() };
        prop_assert_eq!(told(&setup, &commands).0, told(&shifted, &commands).0);
    }

    /// Between two packets of an interface, each other one that has packets all the while has exactly one turn.
    #[test]
    fn interfaces_take_turns(
        backlogs in proptest::collection::vec(1_u32..90, 2..5),
        held in proptest::collection::vec(any::<bool>(), 60),
    ) {
        let mut world = World::new(BackSettings::default(), 100, backlogs.len() as u32);
        for _ in &backlogs {
            world.add_guest(Wish::USUAL);
        }
        for (guest, backlog) in backlogs.iter().enumerate() {
            for number in 0..*backlog {
                let size = if held[(guest * 17 + number as usize) % held.len()] { 1_514 } else { 54 };
                prop_assert!(world.send_one(guest, size).is_some());
            }
        }
        let mut left = backlogs.clone();
        while left.iter().any(|left| *left > 0) {
            world.settle();
            world.free_all();
            let rounds = world.told(|event| match event {
                Event::PacketReceived { .. } => Some(()),
                _ => None,
            });
            if rounds.len() as u32 == backlogs.iter().sum::<u32>() {
                break;
            }
        }
        let order: Vec<u16> = world
            .log
            .entries()
            .iter()
            .filter(|entry| matches!(entry.event, Event::PacketReceived { .. }))
            .map(|entry| entry.vif.0)
            .collect();
        let mut expect = Vec::new();
        while left.iter().any(|left| *left > 0) {
            for (guest, left) in left.iter_mut().enumerate() {
                if *left > 0 {
                    *left -= 1;
                    expect.push(guest as u16);
                }
            }
        }
        prop_assert_eq!(order, expect);
    }

    /// In any stretch of time no more is taken than what may be saved up and a chunk for each window that begins in it.
    #[test]
    fn credit_bounds_what_is_taken(
        bytes in 500_u64..40_000,
        millis in 1_u64..100,
        hz in prop_oneof![Just(100_u32), Just(250), Just(1_000)],
        sizes in proptest::collection::vec((14_u16..4_096, 0_u16..60_000, 0_u64..120), 1..80),
    ) {
        let mut world = World::new(BackSettings { hz, ..BackSettings::default() }, 100, 1);
        let vif = VifSettings { credit_bytes: bytes, credit_usec: millis * 1_000, queue_len: 32 };
        let guest = world.add_guest(Wish { vif, ..Wish::USUAL });
        let mut sent = 0;
        let mut largest = 0;
        for (size, more, wait) in sizes {
            let further = (0..more / 4_000).map(|_| slot(0, 4_000));
            let total = size + more / 4_000 * 4_000;
            let slots: Vec<Slot> = std::iter::once(slot(0, total)).chain(further).collect();
            if world.send(guest, 0, &slots, &[]).is_some() {
                sent += 1;
                largest = largest.max(u64::from(total));
            }
            world.settle();
            world.free_all();
            world.pass(world.now + wait * 1_000_000);
            world.reap(guest);
        }
        for _ in 0..100_000 {
            if world.back.counters(VifId(0)).transmit_packets == sent {
                break;
            }
            world.settle();
            world.free_all();
            world.pass(world.now + 100_000_000);
        }
        let received: Vec<(u64, u64)> = world
            .log
            .entries()
            .iter()
            .filter_map(|entry| match entry.event {
                Event::PacketReceived { bytes } => Some((entry.time.0, u64::from(bytes))),
                _ => None,
            })
            .collect();
        prop_assert_eq!(received.len() as u64, sent, "what is in the ring is sent in the end");
        let saved = bytes.max(largest.min(131_072));
        let tick = 1_000_000_000 / u64::from(hz);
        let window = (millis * 1_000_000).div_ceil(tick) * tick;
        for (at, (from, _)) in received.iter().enumerate() {
            let mut sum = 0;
            for (to, bytes_sent) in &received[at..] {
                sum += bytes_sent;
                let most = saved + (to - from).div_ceil(window) * bytes;
                prop_assert!(sum <= most, "{sum} in {} ns, at most {most}", to - from);
            }
        }
    }
}
