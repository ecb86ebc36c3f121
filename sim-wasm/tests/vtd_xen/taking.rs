//! A device that never stops is taken from its guest, and goes into quarantine.

use sim_wasm::hypervisor::memory::Owner;
use sim_wasm::hypervisor::passthrough::options::{AssignError, GuestKind, Version};
use sim_wasm::hypervisor::passthrough::repairs::Repairs;
use sim_wasm::hypervisor::passthrough::step::Step;
use sim_wasm::hypervisor::vtd::capabilities::{CAP_48_BIT, CAP_RWBF, Capabilities, ECAP_COHERENT};
use sim_wasm::hypervisor::vtd::fault::Fault;
use sim_wasm::hypervisor::vtd::walk::Request;
use sim_wasm::hypervisor::vtd::write_requests::Ending;
use sim_wasm::words::ids::{DomId, Mfn};

use crate::world::{CARD, DOM1, DOM2, Machine, OTHER, machine, machine_with, options, rmrr, today};

/// XSA-302, XSA-306: the guest is gone, its card still writes.
#[test]
fn writes_under_way_after_teardown_hit_dom0_s_view_unless_there_is_quarantine() {
    for (text, expect) in
        [("no-quarantine", Some(true)), ("quarantine", Some(false)), ("quarantine=scratch-page", None)]
    {
        let mut machine = machine(options(Version::Today, Some(text)), &[Capabilities::typical()], GuestKind::Hvm);
        let victim = machine.guests[1][0];
        // The guest's page of the number of a frame of somebody else.
        let own = machine.guests[0][0];
        machine.p2m(DOM1, victim.0, Some(own)).expect("there is room");
        machine.assign(CARD, DOM1).expect("it is free");
        assert_eq!(machine.write(CARD, victim.0), Ending::Done);
        assert!(machine.was_touched(own) && !machine.was_touched(victim));
        machine.iommus.destroy_domain(&mut machine.memory, DOM1).expect("its card can be taken");
        machine.memory.release_all(DOM1);
        let ending = machine.write(CARD, victim.0);
        match expect {
            Some(true) => assert!(machine.was_touched(victim), "{ending:?}"),
            Some(false) => assert_eq!(ending, Ending::Blocked(Fault::WriteDenied)),
            None => assert!(ending == Ending::Done && !machine.was_touched(victim)),
        }
        if text != "no-quarantine" {
            assert_eq!(machine.iommus.device(CARD).map(|device| device.owner), Some(DomId::IO));
            machine.iommus.give_back(&mut machine.memory, CARD).expect("it is in quarantine");
        }
        assert_eq!(machine.reaches(CARD, victim.0), Some(victim), "dom0 sees everybody");
    }
}

/// XSA-378, XSA-386: a guest unmaps what is there for its device's reserved memory; then taking the device goes wrong half way.
#[test]
fn a_device_is_taken_even_if_its_reserved_memory_is_not_as_it_was() {
    for (repaired, expect) in [(true, None), (false, Some(true))] {
        let repairs = Repairs { protects_rmrr: repaired, finishes_deassign: repaired, ..Repairs::ALL };
        let options = options(Version::Today, None);
        let mut machine =
            machine_with(options, &[Capabilities::typical()], GuestKind::Hvm, repairs, Some(rmrr(&[CARD])));
        machine.assign(CARD, DOM1).expect("it is free");
        let unmapped = machine.p2m(DOM1, 300, None);
        assert_eq!(unmapped, if repaired { Err(AssignError::NotPermitted) } else { Ok(()) });
        let entry = machine.iommus.context(&machine.memory, 0, CARD);
        let destroyed = machine.iommus.destroy_domain(&mut machine.memory, DOM1);
        assert_eq!(destroyed, Ok(()), "without the repair nobody looks");
        let still = machine.iommus.context(&machine.memory, 0, CARD) == entry;
        assert_eq!(still, !repaired, "its context entry names tables that were freed");
        if expect.is_some() {
            // Whoever gets the frame next writes the device's tables: from the last taken to the first.
            let root = Mfn((entry.table() >> 12) as u32);
            let got = (0..40).map_while(|_| machine.memory.alloc(Owner::Domain(DOM2)));
            assert!(got.collect::<Vec<_>>().contains(&root));
            machine.memory.write(DOM2, root, 0, &0x83_u64.to_le_bytes()).expect("it is its own");
        }
    }
    // With the protection alone missing, the device is taken all the same.
    let repairs = Repairs { protects_rmrr: false, ..Repairs::ALL };
    let options = options(Version::Today, None);
    let mut machine = machine_with(options, &[Capabilities::typical()], GuestKind::Hvm, repairs, Some(rmrr(&[CARD])));
    machine.assign(CARD, DOM1).expect("it is free");
    machine.p2m(DOM1, 300, None).expect("nothing protects it");
    assert_eq!(machine.iommus.deassign(&mut machine.memory, CARD), Err(AssignError::Invalid));
    assert_eq!(machine.iommus.device(CARD).map(|device| device.owner), Some(DomId::IO));
}

/// XSA-390: quarantine's tables in a unit of three levels.
#[test]
fn quarantine_fits_the_unit() {
    let small = Capabilities::typical().without_cap(CAP_48_BIT).with_guest_width(39);
    for (fits_quarantine, expect) in [(true, Some(Mfn(300))), (false, None)] {
        let repairs = Repairs { fits_quarantine, ..Repairs::ALL };
        let options = options(Version::Today, None);
        let mut machine = machine_with(options, &[small], GuestKind::Hvm, repairs, Some(rmrr(&[CARD])));
        machine.assign(CARD, DOM1).expect("it is free");
        machine.iommus.deassign(&mut machine.memory, CARD).expect("it was the guest's");
        assert_eq!(machine.reaches(CARD, 300), expect);
        // One table too high, the first addresses lead into the tables themselves.
        assert_eq!(machine.reaches(CARD, 0).is_some(), !fits_quarantine);
    }
}

/// Quarantine's tables are written back before the unit is given them, as a guest's are.
#[test]
fn quarantine_s_tables_are_there_for_a_unit_that_sees_no_caches() {
    let hidden = Capabilities::typical().without_ecap(ECAP_COHERENT).with_cap(CAP_RWBF);
    let small = hidden.without_cap(CAP_48_BIT).with_guest_width(39);
    for (capabilities, text, reserved) in [
        (small, "quarantine", true),
        (small, "quarantine", false),
        (small, "quarantine=scratch-page", true),
        (hidden, "quarantine", true),
    ] {
        let options = options(Version::Today, Some(text));
        let rmrr = reserved.then(|| rmrr(&[CARD]));
        let mut machine = machine_with(options, &[capabilities], GuestKind::Hvm, Repairs::ALL, rmrr);
        assert_eq!(machine.iommus.stores().held(), 0);
        machine.assign(CARD, DOM1).expect("it is free");
        let steps = machine.iommus.take_steps();
        let written =
            steps.iter().position(|step| matches!(step, Step::ContextWritten { .. })).expect("it changed hands");
        let synced = steps.iter().position(|step| matches!(step, Step::CacheSynced { .. }));
        let flushed = steps.iter().position(|step| matches!(step, Step::WriteBufferFlushed { .. }));
        assert!(synced < flushed && synced.is_some() && flushed < Some(written), "{steps:?}");
        assert_eq!(machine.iommus.stores().held(), 0);
        if reserved {
            machine.iommus.never_stops(0, Request::write(CARD, 301 << 12));
        }
        machine.iommus.deassign(&mut machine.memory, CARD).expect("it was the guest's");
        assert_eq!(machine.iommus.stores().held(), 0);
        let steps = machine.iommus.take_steps();
        assert!(!steps.iter().any(|step| matches!(step, Step::InFlightBlocked { .. })), "{steps:?}");
        assert_eq!(machine.reaches(CARD, 300), if reserved { Some(Mfn(300)) } else { None });
        assert_eq!(machine.reaches(CARD, 0).is_some(), text == "quarantine=scratch-page");
    }
    // Nothing writes them back where that is not repaired.
    let repairs = Repairs { syncs_cache: false, ..Repairs::ALL };
    let mut machine =
        machine_with(options(Version::Today, None), &[small], GuestKind::Hvm, repairs, Some(rmrr(&[CARD])));
    machine.assign(CARD, DOM1).expect("it is free");
    machine.iommus.deassign(&mut machine.memory, CARD).expect("it was the guest's");
    assert!(machine.iommus.stores().held() > 0);
    assert_eq!(machine.reaches(CARD, 300), None);
}

/// Memory is full when a device is to be taken: quarantine's tables are there already, or the device was never given.
#[test]
fn a_device_can_be_taken_when_memory_is_full() {
    let (basic, scratch) = ("quarantine", "quarantine=scratch-page");
    // Frames: the scratch page, which stays; quarantine's tables, of which those that are shared by the scratch page are
    // copied on the way to reserved memory; and three tables of the guest's.
    for (text, stays, quarantine) in [(basic, 0, 4), (scratch, 1, 7)] {
        for room in 0..=stays + quarantine + 3 {
            let options = options(Version::Today, Some(text));
            let unit = Capabilities::typical().without_cap(CAP_48_BIT).with_guest_width(39);
            let mut machine = machine_with(options, &[unit], GuestKind::Hvm, Repairs::ALL, Some(rmrr(&[CARD])));
            while machine.memory.free_frames() > room {
                machine.memory.alloc(Owner::Domain(DOM2)).expect("there is room");
            }
            let assigned = machine.assign(CARD, DOM1);
            let owner = |machine: &Machine| machine.iommus.device(CARD).map(|device| device.owner);
            if room < stays + quarantine + 3 {
                assert_eq!((assigned, owner(&machine)), (Err(AssignError::NoMemory), Some(DomId::DOM0)), "{room}");
                if room < stays + quarantine {
                    assert_eq!(machine.memory.free_frames(), room - room.min(stays), "what was begun is given back");
                }
                machine.memory.release_all(DOM2);
                machine.assign(CARD, DOM1).expect("there is room");
                while machine.memory.alloc(Owner::Domain(DOM2)).is_some() {}
            }
            assert_eq!((machine.memory.free_frames(), owner(&machine)), (0, Some(DOM1)));
            assert_eq!(machine.iommus.deassign(&mut machine.memory, CARD), Ok(()));
            assert_eq!((owner(&machine), machine.reaches(CARD, 300)), (Some(DomId::IO), Some(Mfn(300))));
            assert_eq!(machine.iommus.destroy_domain(&mut machine.memory, DOM1), Ok(()));
        }
    }
}

/// A device that cannot be taken keeps its guest's tables where they are.
#[test]
fn a_domain_whose_device_cannot_be_taken_keeps_its_tables() {
    let mut machine = today(GuestKind::Hvm);
    let page = machine.guests[0][0];
    machine.p2m(DOM1, 9, Some(page)).expect("there is room");
    machine.assign(CARD, DOM1).expect("it is free");
    machine.assign(OTHER, DOM1).expect("it is free");
    let free = machine.memory.free_frames();
    machine.iommus.refuses = Some(CARD);
    assert_eq!(machine.iommus.deassign(&mut machine.memory, CARD), Err(AssignError::NoMemory));
    assert_eq!(machine.iommus.destroy_domain(&mut machine.memory, DOM1), Err(AssignError::NoMemory));
    let owners = [CARD, OTHER].map(|device| machine.iommus.device(device).map(|device| device.owner));
    assert_eq!(owners, [Some(DOM1), Some(DomId::IO)], "the other device is taken");
    assert_eq!((machine.memory.free_frames(), machine.reaches(CARD, 9)), (free, Some(page)));
    machine.iommus.refuses = None;
    assert_eq!(machine.iommus.destroy_domain(&mut machine.memory, DOM1), Ok(()));
    assert!(machine.memory.free_frames() > free && machine.reaches(CARD, 9).is_none());
}
