//! What a device reaches in every mode.

use sim_wasm::hypervisor::grant_entry::Access;
use sim_wasm::hypervisor::memory::{Memory, Owner, PageType};
use sim_wasm::hypervisor::passthrough::iommus::Iommus;
use sim_wasm::hypervisor::passthrough::options::{AssignError, GuestKind, Options, Version};
use sim_wasm::hypervisor::passthrough::step::Step;
use sim_wasm::hypervisor::vtd::capabilities::{CAP_48_BIT, Capabilities};
use sim_wasm::hypervisor::vtd::fault::Fault;
use sim_wasm::hypervisor::vtd::registers as reg;
use sim_wasm::hypervisor::vtd::structures::address_of;
use sim_wasm::hypervisor::vtd::walk::Request;
use sim_wasm::hypervisor::vtd::write_requests::Ending;
use sim_wasm::words::ids::{Dfn, DomId, Mfn};

use crate::world::{CARD, DOM1, DOM2, FRAMES, Machine, XEN_HEAP, machine, options, today};

#[test]
fn a_pv_guest_s_device_without_a_unit_reaches_any_page() {
    let mut machine = machine(options(Version::Xen33, None), &[Capabilities::typical()], GuestKind::Pv);
    assert!(!machine.iommus.are_enabled());
    assert_eq!(machine.assign(CARD, DOM1), Err(AssignError::NotImplemented));
    // A unit that nobody set up lets everything pass.
    let mut unit = sim_wasm::hypervisor::vtd::unit::Unit::new(Capabilities::typical(), Default::default());
    for frame in [Mfn(0), machine.dom0[0], machine.guests[1][0]] {
        assert!(unit.dma_write(&mut machine.memory, CARD, address_of(frame), &[0xEE]).is_done());
        assert!(machine.was_touched(frame), "{frame:?}");
    }
}

#[test]
fn a_unit_that_was_set_up_and_is_switched_off_lets_through_what_its_tables_would_block() {
    let mut machine = today(GuestKind::Pv);
    machine.assign(CARD, DOM1).expect("it is free");
    let strangers = [Mfn(1), machine.dom0[0], machine.guests[1][0]];
    let switch = |machine: &mut Machine, on: bool| {
        let unit = &mut machine.iommus.unit_mut(0).unit;
        let states = unit.read_u32(reg::GSTS) & reg::GCMD_STATES & !reg::GCMD_TE;
        unit.write_u32(&mut machine.memory, reg::GCMD, if on { states | reg::GCMD_TE } else { states });
    };
    for frame in strangers {
        assert_eq!(machine.write(CARD, frame.0), Ending::Blocked(Fault::WriteDenied), "{frame:?}");
        assert!(!machine.was_touched(frame), "{frame:?}");
        switch(&mut machine, false);
        assert_eq!(machine.write(CARD, frame.0), Ending::Done, "{frame:?}");
        assert!(machine.was_touched(frame), "{frame:?}");
        switch(&mut machine, true);
        assert_eq!(machine.write(CARD, frame.0), Ending::Blocked(Fault::WriteDenied), "{frame:?}");
    }
}

#[test]
fn an_hvm_guest_s_device_without_a_unit_hits_the_machine_s_page_of_the_same_number() {
    let mut memory = Memory::new(16);
    let dom0 = memory.alloc(Owner::Domain(DomId::DOM0)).expect("there is room");
    let own = memory.alloc(Owner::Domain(DOM1)).expect("there is room");
    let mut unit = sim_wasm::hypervisor::vtd::unit::Unit::new(Capabilities::typical(), Default::default());
    // The guest sees its frame 2 as page 1, and its driver writes 1 into a descriptor.
    assert_eq!((dom0, own), (Mfn(1), Mfn(2)));
    memory.xen_page_mut(own).write_u8(0, 7);
    assert!(unit.dma_write(&mut memory, CARD, 0x1000, &[9]).is_done());
    assert_eq!((memory.xen_page(dom0).read_u8(0), memory.xen_page(own).read_u8(0)), (9, 7));
    let mut sent = [0];
    assert!(unit.dma_read(&memory, CARD, 0x1000, &mut sent).is_done());
    assert_eq!(sent, [9], "and what it sends is dom0's");
    // A free frame takes bytes too and is zeroed before it is anybody's.
    assert!(unit.dma_write(&mut memory, CARD, 0x5000, &[9]).is_done());
    assert_eq!(memory.alloc(Owner::Domain(DOM2)), Some(Mfn(3)));
    assert!(!unit.dma_write(&mut memory, CARD, 0x1_0000, &[9]).is_done(), "there is no memory");
}

#[test]
fn in_3_3_without_pv_a_pv_guest_s_device_is_dom0_s() {
    let mut machine = machine(options(Version::Xen33, Some("1")), &[Capabilities::typical()], GuestKind::Pv);
    assert_eq!(machine.assign(CARD, DOM1), Err(AssignError::NotImplemented));
    let neighbour = machine.guests[1][0];
    assert_eq!(machine.write(CARD, neighbour.0), Ending::Done);
    assert!(machine.was_touched(neighbour));
    assert_eq!(machine.write(CARD, machine.dom0[0].0), Ending::Done);
    assert_eq!(machine.write(CARD, 2), Ending::Blocked(Fault::WriteDenied), "Xen's own is safe");
}

#[test]
fn a_pv_guest_s_tables_leave_out_what_is_not_its_own() {
    for (version, text) in [(Version::Xen33, Some("pv")), (Version::Today, None)] {
        let mut machine = machine(options(version, text), &[Capabilities::typical()], GuestKind::Pv);
        machine.assign(CARD, DOM1).expect("it is free");
        assert_eq!(machine.reach(CARD), machine.guests[0], "bus page N is frame N, or nothing");
        assert_eq!(machine.iommus.device(CARD).map(|device| device.owner), Some(DOM1));
    }
}

#[test]
fn dom0_s_devices_reach_what_its_mode_says() {
    for (dom0, expect) in [(None, FRAMES - XEN_HEAP), (Some("strict"), 2), (Some("passthrough"), FRAMES)] {
        let (options, _) = Options::parse(Version::Today, None, dom0);
        let mut machine = machine(options, &[Capabilities::typical()], GuestKind::Hvm);
        assert_eq!(machine.reach(CARD).len(), expect as usize, "{dom0:?}");
    }
}

#[test]
fn a_page_table_is_out_of_a_device_s_sight() {
    let mut machine = today(GuestKind::Pv);
    machine.assign(CARD, DOM1).expect("it is free");
    let frame = machine.guests[0][1];
    assert_eq!(machine.write(CARD, frame.0), Ending::Done);
    let (memory, iommus) = (&mut machine.memory, &mut machine.iommus);
    assert_eq!(iommus.get_page_type(memory, DOM1, frame, PageType::PageTable), Ok(true));
    assert_eq!(machine.write(CARD, frame.0), Ending::Blocked(Fault::WriteDenied));
    let (memory, iommus) = (&mut machine.memory, &mut machine.iommus);
    assert_eq!(iommus.get_page_type(memory, DOM1, frame, PageType::Writable), Ok(false));
    memory.put_page_type(frame);
    assert_eq!(machine.reaches(CARD, frame.0), None, "it keeps its type until it gets another");
    let (memory, iommus) = (&mut machine.memory, &mut machine.iommus);
    assert_eq!(iommus.get_page_type(memory, DOM1, frame, PageType::Writable), Ok(true));
    assert_eq!(machine.write(CARD, frame.0), Ending::Done);
}

#[test]
fn a_granted_page_is_there_while_it_is_mapped() {
    let mut machine = today(GuestKind::Pv);
    machine.assign(CARD, DOM1).expect("it is free");
    let frame = machine.guests[1][2];
    let see = |machine: &mut Machine, act: fn(&mut Iommus, &mut Memory, Mfn)| {
        act(&mut machine.iommus, &mut machine.memory, frame);
        let at = u64::from(frame.0) << 12;
        let unit = &mut machine.iommus.unit_mut(0).unit;
        [Request::read(CARD, at), Request::write(CARD, at)]
            .map(|request| unit.translate(&machine.memory, request).is_ok())
    };
    assert_eq!(see(&mut machine, |_, _, _| ()), [false, false]);
    assert_eq!(see(&mut machine, |i, m, f| i.grant_mapped(m, DOM1, f, Access::ReadOnly).expect("room")), [true, false]);
    assert_eq!(see(&mut machine, |i, m, f| i.grant_mapped(m, DOM1, f, Access::ReadWrite).expect("room")), [true, true]);
    assert_eq!(
        see(&mut machine, |i, m, f| i.grant_unmapped(m, DOM1, f, Access::ReadWrite).expect("room")),
        [true, false]
    );
    assert_eq!(
        see(&mut machine, |i, m, f| i.grant_unmapped(m, DOM1, f, Access::ReadOnly).expect("room")),
        [false, false]
    );
}

#[test]
fn a_large_page_is_split_when_a_part_of_it_goes() {
    let mut machine = today(GuestKind::Hvm);
    machine.assign(CARD, DOM1).expect("it is free");
    let (memory, iommus) = (&mut machine.memory, &mut machine.iommus);
    // The frames need not be there to be mapped.
    iommus.p2m_changed(memory, DOM1, Dfn(512), Some(Mfn(1024)), 9).expect("there is room");
    assert_eq!(machine.reaches(CARD, 515), Some(Mfn(1027)));
    machine.iommus.take_steps();
    machine.p2m(DOM1, 514, None).expect("there is room");
    let steps = machine.iommus.take_steps();
    assert_eq!(steps[0], Step::SuperpageSplit { domain: DOM1, dfn: Dfn(514), order: 9 });
    assert_eq!([513, 514, 515].map(|page| machine.reaches(CARD, page)), [Some(Mfn(1025)), None, Some(Mfn(1027))]);
}

#[test]
fn a_unit_of_three_levels_gets_the_first_of_the_tables_below_the_uppermost() {
    let small = Capabilities::typical().without_cap(CAP_48_BIT).with_guest_width(39);
    for capabilities in [Capabilities::typical(), small] {
        let mut machine = machine(options(Version::Today, None), &[capabilities], GuestKind::Hvm);
        machine.p2m(DOM1, 5, Some(Mfn(20))).expect("there is room");
        machine.assign(CARD, DOM1).expect("it is free");
        assert_eq!(machine.reaches(CARD, 5), Some(Mfn(20)));
        let entry = machine.iommus.context(&machine.memory, 0, CARD);
        assert_eq!(entry.levels(), if capabilities == small { 3 } else { 4 });
        machine.iommus.deassign(&mut machine.memory, CARD).expect("it was the guest's");
        assert_eq!(machine.reach(CARD), []);
    }
}
