//! Reports of errors, which go the other way.

use sim_wasm::actors::pciback::{self, After, Pciback};
use sim_wasm::actors::pcifront::{Pcifront, Poll};
use sim_wasm::protocols::pciif::{PciCmd, PciOp};

use crate::pair::{CARD, Pair, SHOWN};

#[test]
fn a_report_that_nobody_answers_is_given_up() {
    let mut pair = Pair::new(true);
    assert!(pair.back(|back, call| back.report_error(call, PciCmd::AerDetected, CARD, 2)));
    pair.now += pciback::AER_WAIT_NANOS - 1;
    assert!(!pair.back(Pciback::give_up_report));
    pair.now += 1;
    assert!(pair.back(Pciback::give_up_report) && !pair.back(Pciback::give_up_report));
    assert!(!pair.front(Pcifront::handle_event), "bit 2 is clear");
}

#[test]
fn a_report_is_found_beside_a_request() {
    let mut pair = Pair::new(true);
    pair.post(PciOp::conf_read(SHOWN, 0, 4));
    assert!(pair.back(Pciback::handle_event));
    assert!(pair.back(|back, call| back.report_error(call, PciCmd::AerDetected, CARD, 2)));
    assert!(!pair.back(|back, call| back.report_error(call, PciCmd::AerDetected, CARD, 2)), "one at a time");
    assert!(!pair.front(Pcifront::handle_event), "the wait eats the event");
    assert_eq!(pair.back(Pciback::do_op), After::Notify);
    let Poll::Done(reply) = pair.poll() else { panic!("it is answered") };
    assert!(reply.report);
    let report = pair.front(|front, call| front.report(call));
    assert_eq!((report.cmd, report.err, report.bus, report.devfn), (6, 2, 0, 0));
    assert!(pair.back.aer_deadline().is_some());
    assert!(!pair.front(|front, call| front.do_aer(call, 3)));
    assert!(!pair.back(Pciback::handle_event));
    assert_eq!(pair.back.aer_deadline(), None);
    // Without a request under way the event is enough; the classic front handles none.
    assert!(pair.back(|back, call| back.report_error(call, PciCmd::AerResume, CARD, 0)));
    assert!(pair.front(Pcifront::handle_event));
    let mut classic = Pair::new(false);
    assert!(!classic.back(|back, call| back.report_error(call, PciCmd::AerDetected, CARD, 2)));
}
