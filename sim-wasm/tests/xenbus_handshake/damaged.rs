//! Keys that are missing or make no sense, and states that are not the other half's to be in.

use sim_wasm::actors::epoch::{Epoch, FrontEpoch};
use sim_wasm::actors::xenbus::BackOffer;
use sim_wasm::actors::xenbus::store::Caller;
use sim_wasm::protocols::xenbus::XenbusState::{Closed, Connected};
use sim_wasm::protocols::xenbus::{Rate, key};

use crate::machine::{ADDRESS, BACKS, GUEST, Machine, TOOLS, pairs};

/// What is damaged in a key.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Missing,
    Not,
    Empty,
    Huge,
    Negative,
    Foreign,
    Long,
}

const DAMAGES: [Damage; 7] =
    [Damage::Missing, Damage::Not, Damage::Empty, Damage::Huge, Damage::Negative, Damage::Foreign, Damage::Long];

fn damage(machine: &mut Machine, path: &str, damage: Damage) {
    let store = &mut machine.bus.store;
    let done = match damage {
        Damage::Missing => store.remove(TOOLS, path),
        Damage::Not => store.write(TOOLS, path, b"ring\xFF"),
        Damage::Empty => store.write(TOOLS, path, b""),
        // Beyond 64 bits: what is left of it is 9, which is not what was offered.
        Damage::Huge => store.write(TOOLS, path, b"18446744073709551625"),
        Damage::Negative => store.write(TOOLS, path, b"-10"),
        Damage::Foreign => store.write(TOOLS, path, b"4000"),
        // Still 0.
        Damage::Long => store.write(TOOLS, path, &[b'0'; 2000]),
    };
    done.expect("dom0 may write everywhere");
}

#[test]
fn every_key_damaged_in_every_way() {
    for (front, back) in pairs() {
        for damaged in DAMAGES {
            let cases: [(String, &str, i16, i16); 6] = [
                // The key, and the error where it is missing and where it is no number.
                (ADDRESS.front(), key::TX_RING_REF, -2, -22),
                (ADDRESS.front(), key::RX_RING_REF, -2, -22),
                (ADDRESS.front(), key::EVENT_CHANNEL, -2, -22),
                (ADDRESS.front(), key::REQUEST_RX_COPY, if back == Epoch::Classic { 0 } else { -95 }, -34),
                (ADDRESS.back(), key::HANDLE, -2, -34),
                (ADDRESS.back(), key::MAC, -2, -2),
            ];
            for (directory, name, missing, senseless) in cases {
                let case = format!("{front:?} {back:?} {name} {damaged:?}");
                let mut machine = Machine::new(front, back);
                let split = front == FrontEpoch::Modern && back == Epoch::ZeroCopy && name == key::EVENT_CHANNEL;
                machine.run_to_the_offer();
                let path = format!("{directory}/{name}{}", if split { "-tx" } else { "" });
                damage(&mut machine, &path, damaged);
                machine.run();
                let signed = matches!(name, key::REQUEST_RX_COPY | key::HANDLE);
                let expect = match damaged {
                    Damage::Missing => missing,
                    Damage::Not | Damage::Empty => senseless,
                    Damage::Negative if !signed => senseless,
                    Damage::Huge | Damage::Foreign | Damage::Long | Damage::Negative => match name {
                        key::TX_RING_REF | key::RX_RING_REF | key::EVENT_CHANNEL => -22,
                        key::MAC => -2,
                        key::HANDLE => 0,
                        // A number that is not 0 says yes, and "000…" says no.
                        _ => match damaged {
                            Damage::Long if back != Epoch::Classic => -95,
                            _ => 0,
                        },
                    },
                };
                // The offer that netback refuses is one that netfront did not make; flipping is another offer too.
                let failures = machine.failures();
                let flipped = back == Epoch::Classic
                    && name == key::REQUEST_RX_COPY
                    && matches!(damaged, Damage::Missing | Damage::Long);
                if split && matches!(damaged, Damage::Missing | Damage::Not | Damage::Empty | Damage::Negative) {
                    // Without both channels it looks for the one.
                    assert_eq!(failures, [-2], "{case}");
                } else if flipped {
                    assert!(!machine.offers[0].offer.rx_copy, "{case}");
                } else if expect == 0 {
                    assert_eq!(
                        (machine.states(), failures.as_slice()),
                        ((Connected, Connected), [].as_slice()),
                        "{case}"
                    );
                } else {
                    assert_eq!(failures, [expect], "{case}");
                }
                if !failures.is_empty() {
                    // Both halves close, and nothing is left mapped.
                    assert_eq!(machine.states(), (Closed, Closed), "{case}");
                    assert_eq!((machine.mapped, machine.rings), (None, None), "{case}");
                    assert!(machine.told().contains(&"Back Closing".to_owned()), "{case}");
                    assert_ne!(machine.back_key(key::ERROR), "NoEntry", "{case}");
                }
            }
        }
    }
}

#[test]
fn features_and_rates_that_make_no_sense_are_not_there() {
    for damaged in [Damage::Missing, Damage::Not, Damage::Empty] {
        let mut machine = Machine::new(FrontEpoch::Classic, Epoch::Classic);
        machine.run_to_the_offer();
        for name in [key::FEATURE_SG, key::FEATURE_GSO_TCPV4, key::FEATURE_RX_NOTIFY, key::FEATURE_NO_CSUM_OFFLOAD] {
            damage(&mut machine, &format!("{}/{name}", ADDRESS.front()), damaged);
        }
        damage(&mut machine, &format!("{}/{}", ADDRESS.back(), key::RATE), damaged);
        machine.run();
        let BackOffer { offer, rate, .. } = machine.offers[0];
        assert_eq!((offer.sg, offer.gso, offer.rx_notify, offer.no_csum_offload), (false, false, false, false));
        assert_eq!(rate, Rate::UNLIMITED);
    }
}

#[test]
fn a_guest_that_asks_for_queues_that_are_not_there_is_refused() {
    for (number, fails) in [("0", true), ("1", false), ("2", true), ("x", false), ("4294967297", true)] {
        let mut machine = Machine::new(FrontEpoch::Modern, Epoch::ZeroCopy);
        machine.run_to_the_offer();
        let path = format!("{}/{}", ADDRESS.front(), key::MULTI_QUEUE_NUM_QUEUES);
        machine.bus.store.write(Caller::of(GUEST), &path, number.as_bytes()).expect("it is the guest's own");
        machine.run();
        assert_eq!(machine.failures(), if fails { vec![-22] } else { vec![] }, "{number}");
    }
}

#[test]
fn no_state_of_the_other_half_is_more_than_a_word() {
    // From every state of the backend's half, each number that a frontend may write.
    for back in BACKS {
        for reached in 0..5 {
            for number in ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "-1", "x", "", "99999999999999999999"] {
                let mut machine = Machine::new(FrontEpoch::Classic, back);
                for _ in 0..reached * 3 {
                    machine.act();
                    machine.bus.dispatch(machine.now, &mut machine.log);
                }
                let path = format!("{}/{}", ADDRESS.front(), key::STATE);
                machine.bus.store.write(Caller::of(GUEST), &path, number.as_bytes()).expect("it is the guest's own");
                machine.run();
                let (_, state) = machine.states();
                let joined = machine.mapped.is_some();
                assert_eq!(joined, state == Connected, "{back:?} {reached} {number}: {state:?}");
            }
        }
    }
}
