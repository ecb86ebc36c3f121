//! Requests: answered, given up, answered late, and changed while they are worked on.

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use sim_wasm::actors::log::Event;
use sim_wasm::actors::log::pciif::Pciif;
use sim_wasm::actors::pciback::{After, Pciback};
use sim_wasm::actors::pcifront::{PCIBIOS_DEVICE_NOT_FOUND, Poll, Reply, read_result};
use sim_wasm::hypervisor::pirqs::{IrqSource, PirqId};
use sim_wasm::protocols::pciif::{MsixEntry, PciOp, Place, XEN_PCIF_ACTIVE, is_set};
use sim_wasm::words::ids::Bdf;

use crate::pair::{CARD, GUEST, Pair, SHOWN};

#[test]
fn a_request_goes_there_and_back() {
    for modern in [false, true] {
        let mut pair = Pair::new(modern);
        assert_eq!((pair.read(0, 4), pair.read(0x3C, 1)), (Ok(0x10FB_8086), Ok(17)));
        assert_eq!(pair.read(1, 4), Err(0x87));
        let absent = pair.ask(PciOp::conf_read(Place::new(Bdf::new(0, 9, 0)), 0, 4));
        // The front would take -19 for an absent device that reads 0, but the back says -1.
        assert_eq!((absent.err, read_result(absent.err, 0)), (-1, Err(PCIBIOS_DEVICE_NOT_FOUND)));
        assert_eq!(read_result(-19, 5), Ok(0));
        let strange = pair.ask(PciOp { cmd: 77, ..PciOp::conf_read(SHOWN, 0, 4) });
        assert_eq!(strange.err, -4);
        let elsewhere = pair.ask(PciOp { domain: 1, ..PciOp::conf_read(SHOWN, 0, 4) });
        assert_eq!(elsewhere.err, -1);
    }
}

#[test]
fn a_silent_backend_is_given_up() {
    let mut pair = Pair::new(true);
    let began = pair.now;
    pair.post(PciOp::conf_read(SHOWN, 0, 4));
    let seconds = 1_000_000_000;
    assert_eq!(pair.poll(), Poll::Wait(began + 3 * seconds));
    // An event that is none of its own makes another poll of three seconds.
    pair.now = began + seconds;
    assert_eq!(pair.poll(), Poll::Wait(began + 4 * seconds));
    pair.now = began + 2 * seconds;
    assert_eq!(pair.poll(), Poll::Wait(began + 5 * seconds));
    pair.now = began + (2 * seconds + 1);
    let Poll::Done(reply) = pair.poll() else { panic!("two seconds are over") };
    assert_eq!((reply.err, is_set(&pair.page, XEN_PCIF_ACTIVE)), (-1, false));
    assert!(!pair.front.is_waiting());
}

/// The back reads a request, the front gives it up and makes another one, and the answer to the first completes the second.
#[test]
fn a_late_answer_completes_the_next_request() {
    let mut pair = Pair::new(true);
    pair.post(PciOp::conf_read(SHOWN, 0, 4));
    assert!(pair.back(Pciback::handle_event));
    pair.back(Pciback::begin_op);
    pair.now += 3_000_000_000;
    assert!(matches!(pair.poll(), Poll::Done(Reply { err: -1, .. })));
    pair.post(PciOp::conf_read(SHOWN, 0x3C, 1));
    assert!(!pair.back(Pciback::handle_event), "it is at work");
    assert_eq!(pair.back(Pciback::finish_op), After::Notify);
    let Poll::Done(reply) = pair.poll() else { panic!("bit 0 is clear") };
    assert_eq!((reply.err, reply.value), (0, 0x10FB_8086), "IDs instead of an interrupt line");
    assert_eq!(pair.told(|event| matches!(event, Pciif::AnsweredLate { .. })), 1);
    // Nobody looks at the second request any more, and the third is answered as it should be.
    assert_eq!(pair.read(0x3C, 1), Ok(17));
}

#[test]
#[should_panic(expected = "one request is under way at a time")]
fn a_second_request_is_never_under_way() {
    let mut pair = Pair::new(true);
    pair.post(PciOp::conf_read(SHOWN, 0, 4));
    pair.post(PciOp::conf_read(SHOWN, 0, 4));
}

/// A guest changes its request while it is worked on (XSA-155).
#[test]
fn the_classic_back_uses_what_it_did_not_check() {
    for (modern, offset) in [(false, 0x04), (true, 0x2C)] {
        let mut pair = Pair::new(modern);
        pair.post(PciOp::conf_write(SHOWN, 0x2C, 2, 0x0006));
        assert!(pair.back(Pciback::handle_event));
        pair.back(Pciback::begin_op);
        PciOp::conf_write(SHOWN, 4, 2, 0x0007).store(&mut pair.page);
        assert_eq!(pair.back(Pciback::finish_op), After::Notify);
        let command = pair.functions[0].config.command();
        assert_eq!((command, modern), if offset == 4 { (7, false) } else { (0, true) });
        assert_eq!(pair.told(|event| matches!(event, Pciif::RequestChanged { .. })), usize::from(!modern));
    }
    // The entry of MSI-X that was checked is not the one that is used.
    for modern in [false, true] {
        let mut pair = Pair::new(modern);
        pair.ask(PciOp::conf_write(SHOWN, 4, 2, 6));
        pair.front(|front, call| front.enable_msix(call, SHOWN, &[0, 1])).expect("two fit");
        assert!(pair.back(Pciback::handle_event));
        pair.back(Pciback::begin_op);
        MsixEntry { vector: 0, entry: 0x700 }.store(&mut pair.page, 1);
        assert_eq!(pair.back(Pciback::finish_op), After::Notify);
        let mapped = pair.pirqs.raise(IrqSource::Message(CARD, 0x700));
        let last = pair.pirqs.source(GUEST, PirqId(254));
        let used = if modern { 1 } else { 0x700 };
        assert_eq!((mapped, last), (vec![], Some(IrqSource::Message(CARD, used))));
    }
}

proptest! {
    /// Whoever does what when: each request comes to one answer or is given up, and whoever takes an answer takes the one to
    /// his own request, unless somebody gave up before; then it may be the one that the back was at work on. In which order
    /// bit 0 and the answer become visible cannot be seen in one page: `protocols::pciif_model` walks every such order.
    #[test]
    fn each_request_comes_to_its_own_answer(steps in proptest::collection::vec((0_u8..6, any::<u16>()), 1..80)) {
        let mut alone = Pair::new(true);
        let answers: Vec<u32> = (0..16).map(|register| alone.read(register * 4, 4).expect("the device is shown")).collect();
        let mut pair = Pair::new(true);
        // Registers: of the request under way, of the one that the back has read, and of the last that was answered.
        let (mut asked, mut at_work, mut answered) = (None, None, None);
        let (mut posted, mut taken, mut given_up) = (0, 0, 0);
        for (step, number) in steps {
            pair.now += u64::from(number) * 20_000;
            match step {
                0 if !pair.front.is_waiting() => {
                    let register = usize::from(number >> 2 & 0xF);
                    pair.post(PciOp::conf_read(SHOWN, register as i32 * 4, 4));
                    prop_assert!(is_set(&pair.page, XEN_PCIF_ACTIVE));
                    asked = Some(register);
                    posted += 1;
                }
                1 => {
                    let (waits, works) = (is_set(&pair.page, XEN_PCIF_ACTIVE), pair.back.is_working());
                    let queued = pair.back(Pciback::handle_event);
                    prop_assert_eq!(queued, waits && !works, "one is at work at a time");
                }
                2 if pair.back.is_working() && at_work.is_none() => {
                    pair.back(Pciback::begin_op);
                    // Who gave up meanwhile has left the request where it was.
                    at_work = asked;
                }
                3 if at_work.is_some() => {
                    let after = pair.back(Pciback::finish_op);
                    answered = at_work.take();
                    prop_assert_eq!(after, After::Notify, "bit 0 has just fallen");
                    let lying = PciOp::load(&pair.page);
                    let told = pair.log.entries().iter().rev().find_map(|entry| match entry.event {
                        Event::Pciif(Pciif::Answered { err, value }) => Some((err, value)),
                        _ => None,
                    });
                    prop_assert_eq!(told, Some((lying.err, lying.value)));
                    prop_assert_eq!((lying.err, lying.value), (0, answers[answered.expect("it was at work")]));
                    prop_assert!(!is_set(&pair.page, XEN_PCIF_ACTIVE) && !pair.back.is_working());
                }
                4 if pair.front.is_waiting() => {
                    let falls = !is_set(&pair.page, XEN_PCIF_ACTIVE);
                    match pair.poll() {
                        Poll::Wait(_) => prop_assert!(!falls),
                        Poll::Done(reply) if falls => {
                            taken += 1;
                            let whose = answered.expect("only the back lets bit 0 fall while somebody waits");
                            prop_assert_eq!((reply.err, reply.value), (0, answers[whose]));
                            prop_assert!(given_up > 0 || Some(whose) == asked, "{:?} for {:?}", whose, asked);
                        }
                        Poll::Done(reply) => {
                            given_up += 1;
                            prop_assert!(reply.err != 0 && !is_set(&pair.page, XEN_PCIF_ACTIVE));
                        }
                    }
                }
                _ => {}
            }
            prop_assert_eq!(posted - taken - given_up, i32::from(pair.front.is_waiting()), "one at a time, and none is lost");
        }
    }
}
