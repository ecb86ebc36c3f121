//! A device changes hands: in which order, with all its numbers and with its reserved memory.

use sim_wasm::hypervisor::memory::Owner;
use sim_wasm::hypervisor::passthrough::iommus::{PciDevice, Rmrr};
use sim_wasm::hypervisor::passthrough::options::{AssignError, GuestKind, Switch, Version};
use sim_wasm::hypervisor::passthrough::repairs::Repairs;
use sim_wasm::hypervisor::passthrough::step::Step;
use sim_wasm::hypervisor::vtd::capabilities::Capabilities;
use sim_wasm::hypervisor::vtd::walk::Request;
use sim_wasm::words::ids::{Bdf, Dfn, DomId, Mfn};

use crate::world::{CARD, DOM1, DOM2, FRAMES, OTHER, machine_with, options, rmrr, today};

#[test]
fn a_device_changes_hands_in_this_order() {
    let mut machine = machine_with(
        options(Version::Today, None),
        &[Capabilities::typical()],
        GuestKind::Hvm,
        Repairs::ALL,
        Some(rmrr(&[CARD])),
    );
    let old = machine.iommus.context(&machine.memory, 0, CARD).did();
    machine.assign(CARD, DOM1).expect("it is free");
    let new = machine.iommus.context(&machine.memory, 0, CARD).did();
    let steps = machine.iommus.take_steps();
    let order: Vec<Step> =
        steps.into_iter().filter(|step| !matches!(step, Step::Mapped { .. } | Step::WaitDone { .. })).collect();
    let table = machine.iommus.domain(DOM1).and_then(|domain| domain.table.as_ref()).expect("it has tables").root();
    assert_eq!(
        order,
        [
            Step::RmrrMapped { domain: DOM1, dfn: Dfn(300), pages: 2 },
            Step::DidTaken { unit: 0, domain: DOM1, did: new },
            Step::ContextWritten { source: CARD, did: new, table },
            Step::ContextFlushed { unit: 0, source: CARD, did: old },
            Step::DomainFlushed { unit: 0, did: old },
            Step::Reassigned { source: CARD, from: DomId::DOM0, to: DOM1 },
        ]
    );
}

#[test]
fn who_is_refused() {
    let mut machine = machine_with(
        options(Version::Today, None),
        &[Capabilities::typical()],
        GuestKind::Hvm,
        Repairs::ALL,
        Some(rmrr(&[CARD, OTHER])),
    );
    assert_eq!(machine.assign(Bdf::new(7, 0, 0), DOM1), Err(AssignError::NoSuchDevice));
    assert_eq!(machine.assign(CARD, DomId(9)), Err(AssignError::NoSuchDomain));
    assert_eq!(machine.assign(CARD, DOM1), Err(AssignError::NotPermitted), "its reserved memory is another's too");
    machine.iommus.relaxed_rdm = Switch::On;
    assert_eq!(machine.assign(CARD, DOM1), Ok(()));
    assert_eq!(machine.assign(CARD, DOM2), Err(AssignError::Busy));
    let last = machine.iommus.take_steps().last().copied();
    assert_eq!(last, Some(Step::AssignRefused { source: CARD, domain: DOM2, error: AssignError::Busy }));
}

/// A region's pages, the last one too and none beyond it, where its device is; nothing for another device, nor for one that is
/// not there.
#[test]
fn reserved_memory_goes_with_whom_it_names() {
    let absent = Bdf::new(9, 0, 0);
    for (named, pages) in [(CARD, vec![Mfn(300), Mfn(301)]), (OTHER, vec![]), (absent, vec![])] {
        let options = options(Version::Today, None);
        let region = Some(rmrr(&[named]));
        let mut machine = machine_with(options, &[Capabilities::typical()], GuestKind::Hvm, Repairs::ALL, region);
        machine.assign(CARD, DOM1).expect("it is free");
        assert_eq!(machine.reach(CARD), pages, "{named:?}");
        let mapped = machine.iommus.take_steps().iter().any(|step| matches!(step, Step::RmrrMapped { .. }));
        assert_eq!(mapped, named == CARD);
        machine.iommus.deassign(&mut machine.memory, CARD).expect("it is the guest's");
        let left = (0..FRAMES).filter(|page| machine.iommus.look_up(&machine.memory, DOM1, Dfn(*page)).is_some());
        assert_eq!(left.count(), 0, "the guest keeps none of it");
    }
}

#[test]
fn in_3_3_reserved_memory_is_mapped_after_the_move_and_not_for_usb() {
    for usb in [false, true] {
        let rmrr = Rmrr { usb, ..rmrr(&[CARD]) };
        let options = options(Version::Xen33, Some("1"));
        let mut machine = machine_with(options, &[Capabilities::typical()], GuestKind::Hvm, Repairs::ALL, Some(rmrr));
        machine.iommus.never_stops(0, Request::write(CARD, 300 << 12));
        machine.assign(CARD, DOM1).expect("it is free");
        let steps = machine.iommus.take_steps();
        assert!(steps.iter().any(|step| matches!(step, Step::InFlightBlocked { .. })), "cut off for a while");
        assert_eq!(machine.reaches(CARD, 300).is_some(), !usb);
    }
}

#[test]
fn all_of_a_device_s_numbers_go_with_it() {
    let (bridge, behind) = (Bdf::new(0, 30, 0), Bdf::new(5, 2, 0));
    let phantom = Bdf::new(5, 2, 4);
    let mut machine = today(GuestKind::Hvm);
    let device = PciDevice::new(behind, 0).behind_bridge(bridge, 5).with_phantoms(&[phantom]);
    machine.iommus.add_device(&mut machine.memory, device).expect("there is room");
    machine.p2m(DOM1, 5, Some(Mfn(20))).expect("there is room");
    machine.assign(behind, DOM1).expect("it is free");
    for source in [behind, bridge, Bdf::new(5, 0, 0), phantom] {
        assert_eq!(machine.reaches(source, 5), Some(Mfn(20)), "{source:?}");
    }
}

/// XSA-400: a device with reserved memory is never cut off from it, whoever gets it.
#[test]
fn reserved_memory_is_there_at_every_moment() {
    for (at_once, expect) in [(true, 0), (false, 1)] {
        let repairs = Repairs { switches_at_once: at_once, ..Repairs::ALL };
        let options = options(Version::Today, None);
        let mut machine =
            machine_with(options, &[Capabilities::typical()], GuestKind::Hvm, repairs, Some(rmrr(&[CARD])));
        machine.iommus.never_stops(0, Request::write(CARD, 301 << 12));
        machine.assign(CARD, DOM1).expect("it is free");
        machine.iommus.deassign(&mut machine.memory, CARD).expect("it was the guest's");
        machine.assign(CARD, DOM2).expect("it is free");
        let steps = machine.iommus.take_steps();
        let blocked = steps.iter().filter(|step| matches!(step, Step::InFlightBlocked { .. })).count();
        let reached = steps.iter().filter(|step| matches!(step, Step::InFlightReached { .. })).count();
        assert_eq!((blocked.min(1), reached > 0), (expect, true));
    }
}

/// XSA-449: a function of the device that cannot be moved.
#[test]
fn if_one_function_cannot_be_moved_none_is() {
    let (device, phantom) = (Bdf::new(4, 0, 0), Bdf::new(4, 0, 4));
    for (moves_all_or_none, expect) in [(true, Err(AssignError::NoMemory)), (false, Ok(()))] {
        let repairs = Repairs { moves_all_or_none, ..Repairs::ALL };
        let options = options(Version::Today, None);
        let mut machine = machine_with(options, &[Capabilities::typical()], GuestKind::Hvm, repairs, None);
        let found = PciDevice::new(device, 0).with_phantoms(&[phantom]);
        machine.iommus.add_device(&mut machine.memory, found).expect("there is room");
        machine.iommus.refuses = Some(phantom);
        assert_eq!(machine.assign(device, DOM1), expect);
        let victim = machine.guests[1][0];
        // Dom0's tables for the phantom; what the guest may do by it depends on whether the device is the guest's.
        let owner = machine.iommus.device(device).map(|device| device.owner);
        assert_eq!(owner, Some(if moves_all_or_none { DomId::DOM0 } else { DOM1 }));
        assert_eq!(machine.reaches(phantom, victim.0), Some(victim));
        assert_eq!(machine.reaches(device, victim.0).is_some(), moves_all_or_none);
    }
}

/// XSA-460: memory is full half way through reserved memory.
#[test]
fn reserved_memory_that_was_mapped_in_part_is_unmapped() {
    for (notes_first, leaks) in [(true, false), (false, true)] {
        let repairs = Repairs { notes_first, ..Repairs::ALL };
        // The two pages lie in tables of their own, of which the second is one too many.
        let rmrr = Rmrr { first: Dfn(511), ..rmrr(&[CARD]) };
        let options = options(Version::Today, None);
        let mut machine = machine_with(options, &[Capabilities::typical()], GuestKind::Hvm, repairs, Some(rmrr));
        machine.p2m(DOM1, 1, Some(Mfn(20))).expect("there is room");
        // It has been a guest's before, so that quarantine's tables are there.
        machine.assign(CARD, DOM2).expect("it is free");
        machine.iommus.deassign(&mut machine.memory, CARD).expect("it was the guest's");
        machine.iommus.give_back(&mut machine.memory, CARD).expect("it is in quarantine");
        while machine.memory.alloc(Owner::Domain(DOM2)).is_some() {}
        assert_eq!(machine.assign(CARD, DOM1), Err(AssignError::NoMemory));
        assert_eq!(machine.iommus.look_up(&machine.memory, DOM1, Dfn(511)).is_some(), leaks);
        assert_eq!(machine.iommus.device(CARD).map(|device| device.owner), Some(DomId::DOM0));
    }
}
