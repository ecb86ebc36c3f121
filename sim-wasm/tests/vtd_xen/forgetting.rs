//! What a unit remembers, or does not see yet, while a page or a number becomes another's.

use sim_wasm::hypervisor::memory::Owner;
use sim_wasm::hypervisor::passthrough::options::{GuestKind, Version};
use sim_wasm::hypervisor::passthrough::repairs::Repairs;
use sim_wasm::hypervisor::passthrough::step::Step;
use sim_wasm::hypervisor::vtd::capabilities::{CAP_RWBF, Capabilities, ECAP_COHERENT};
use sim_wasm::hypervisor::vtd::write_requests::Ending;
use sim_wasm::words::ids::{Dfn, Mfn};

use crate::world::{CARD, DOM1, DOM2, OTHER, machine, machine_with, options};

/// XSA-442: what was remembered with the old number is forgotten, or the next domain of that number has it.
#[test]
fn translations_are_flushed_by_the_number_they_were_remembered_with() {
    for (flushes_old, leaks) in [(true, false), (false, true)] {
        let repairs = Repairs { flushes_old, ..Repairs::ALL };
        let options = options(Version::Today, None);
        let mut machine = machine_with(options, &[Capabilities::typical()], GuestKind::Hvm, repairs, None);
        let secret = machine.guests[0][0];
        machine.p2m(DOM1, 9, Some(secret)).expect("there is room");
        machine.assign(CARD, DOM1).expect("it is free");
        assert_eq!(machine.reaches(CARD, 9), Some(secret));
        machine.iommus.destroy_domain(&mut machine.memory, DOM1).expect("its card can be taken");
        // The second guest's other device gets the number that became free.
        machine.assign(OTHER, DOM2).expect("it is free");
        assert_eq!(machine.reaches(OTHER, 9) == Some(secret), leaks);
    }
}

/// XSA-373: a unit that takes long.
#[test]
fn a_page_is_another_s_only_when_the_unit_has_said_that_it_forgot() {
    for (waits, leaks) in [(true, false), (false, true)] {
        let repairs = Repairs { waits, ..Repairs::ALL };
        let options = options(Version::Today, None);
        let mut machine = machine_with(options, &[Capabilities::typical()], GuestKind::Hvm, repairs, None);
        let page = machine.guests[0][0];
        machine.p2m(DOM1, 9, Some(page)).expect("there is room");
        machine.assign(CARD, DOM1).expect("it is free");
        assert_eq!(machine.write(CARD, 9), Ending::Done);
        machine.iommus.unit_mut(0).slow = 5000;
        machine.p2m(DOM1, 9, None).expect("there is room");
        machine.memory.release(DOM1, page).expect("it is its own");
        let reused = machine.memory.alloc(Owner::Domain(DOM2)).expect("there is room");
        assert_eq!((reused, machine.was_touched(reused)), (page, false));
        machine.write(CARD, 9);
        assert_eq!(machine.was_touched(reused), leaks);
    }
}

/// XSA-321: a unit that does not see caches.
#[test]
fn entries_are_written_back_before_a_unit_that_sees_no_caches_reads_them() {
    let incoherent = Capabilities::typical().without_ecap(ECAP_COHERENT);
    for (syncs_cache, leaks) in [(true, false), (false, true)] {
        let mut machine = machine(options(Version::Today, None), &[incoherent], GuestKind::Hvm);
        let page = machine.guests[0][0];
        machine.p2m(DOM1, 9, Some(page)).expect("there is room");
        machine.assign(CARD, DOM1).expect("it is free");
        assert_eq!(machine.reaches(CARD, 9), Some(page));
        machine.iommus.repairs.syncs_cache = syncs_cache;
        machine.p2m(DOM1, 9, None).expect("there is room");
        assert_eq!(machine.iommus.look_up(&machine.memory, DOM1, Dfn(9)), None, "the processor sees it");
        assert_eq!(machine.reaches(CARD, 9) == Some(page), leaks);
        assert_eq!(machine.iommus.stores().held() > 0, leaks);
    }
}

#[test]
fn a_chipset_that_holds_writes_back_is_told_to_let_them_through() {
    let buffered = Capabilities::typical().with_cap(CAP_RWBF);
    let mut machine = machine(options(Version::Today, None), &[buffered], GuestKind::Hvm);
    machine.assign(CARD, DOM1).expect("it is free");
    machine.iommus.take_steps();
    machine.p2m(DOM1, 9, Some(Mfn(30))).expect("there is room");
    assert!(machine.iommus.take_steps().contains(&Step::WriteBufferFlushed { unit: 0 }));
    assert_eq!(machine.reaches(CARD, 9), Some(Mfn(30)));
}
