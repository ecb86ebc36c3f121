//! Xen's use of remapping units: what a device reaches in every mode, and what a hostile one reaches while things change.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sim_wasm::actors::log::vtd::Vtd;
use sim_wasm::actors::log::{Entry, Event, Log};
use sim_wasm::actors::remapping::{dma_read, dma_write, tell_steps};
use sim_wasm::hypervisor::grant_entry::Access;
use sim_wasm::hypervisor::memory::{Memory, Owner, PageType};
use sim_wasm::hypervisor::passthrough::dids::{Dids, Holder};
use sim_wasm::hypervisor::passthrough::intremap::{Guard, Target, guard_of};
use sim_wasm::hypervisor::passthrough::iommus::{Iommus, PciDevice, Rmrr};
use sim_wasm::hypervisor::passthrough::options::{
    AssignError, Dom0Mode, GuestKind, Options, Quarantine, Reach, Switch, UnitPresence, Verdict, Version, Wanted,
};
use sim_wasm::hypervisor::passthrough::repairs::Repairs;
use sim_wasm::hypervisor::passthrough::step::Step;
use sim_wasm::hypervisor::vtd::capabilities::{
    CAP_48_BIT, CAP_CM, CAP_POSTING, CAP_PSI, CAP_RWBF, Capabilities, ECAP_COHERENT, ECAP_QUEUED,
};
use sim_wasm::hypervisor::vtd::fault::Fault;
use sim_wasm::hypervisor::vtd::interrupts::{Arrival, Interrupt};
use sim_wasm::hypervisor::vtd::registers as reg;
use sim_wasm::hypervisor::vtd::structures::{Did, address_of};
use sim_wasm::hypervisor::vtd::unit::Message;
use sim_wasm::hypervisor::vtd::walk::{Direction, Request, translate};
use sim_wasm::hypervisor::vtd::write_requests::Ending;
use sim_wasm::words::ids::{Bdf, Dfn, DomId, Mfn};
use sim_wasm::words::time::Time;

const FRAMES: u32 = 400;
/// The first frames are Xen's.
const XEN_HEAP: u32 = 4;
const DOM1: DomId = DomId(1);
const DOM2: DomId = DomId(2);
const CARD: Bdf = Bdf::new(3, 0, 0);
const OTHER: Bdf = Bdf::new(3, 1, 0);

struct Machine {
    memory: Memory,
    iommus: Iommus,
    /// Two frames of dom0, and four each of both guests.
    dom0: Vec<Mfn>,
    guests: [Vec<Mfn>; 2],
}

fn options(version: Version, text: Option<&str>) -> Options {
    let (options, unknown) = Options::parse(version, text, None);
    assert_eq!(unknown, None);
    options
}

/// A machine with one unit, two devices of dom0, and two guests of a kind that may get them.
fn machine(options: Options, units: &[Capabilities], kind: GuestKind) -> Machine {
    machine_with(options, units, kind, Repairs::ALL, None)
}

fn machine_with(
    options: Options,
    units: &[Capabilities],
    kind: GuestKind,
    repairs: Repairs,
    rmrr: Option<Rmrr>,
) -> Machine {
    let mut memory = Memory::new(FRAMES);
    for _ in 1..XEN_HEAP {
        memory.alloc(Owner::Xen(None)).expect("there is room");
    }
    let mut take = |domain, count| -> Vec<Mfn> {
        (0..count).map(|_| memory.alloc(Owner::Domain(domain)).expect("there is room")).collect()
    };
    let (dom0, guests) = (take(DomId::DOM0, 2), [take(DOM1, 4), take(DOM2, 4)]);
    let mut iommus = Iommus::boot(&mut memory, options, units, XEN_HEAP).expect("it boots");
    iommus.repairs = repairs;
    if let Some(rmrr) = rmrr {
        iommus.add_rmrr(rmrr);
    }
    for device in [CARD, OTHER] {
        iommus.add_device(&mut memory, PciDevice::new(device, 0)).expect("there is room");
    }
    for guest in [DOM1, DOM2] {
        iommus.add_domain(&mut memory, guest, kind).expect("there is room");
    }
    iommus.take_steps();
    Machine { memory, iommus, dom0, guests }
}

fn today(kind: GuestKind) -> Machine {
    machine(options(Version::Today, None), &[Capabilities::typical()], kind)
}

impl Machine {
    /// A device writes a byte to the start of a page as it counts, or dies at the unit.
    fn write(&mut self, source: Bdf, page: u32) -> Ending {
        self.iommus.unit_mut(0).unit.dma_write(&mut self.memory, source, u64::from(page) << 12, &[0xEE]).ending
    }

    /// Where a device's page leads now, with what the unit remembers.
    fn reaches(&mut self, source: Bdf, page: u32) -> Option<Mfn> {
        let request = Request::write(source, u64::from(page) << 12);
        let found = self.iommus.unit_mut(0).unit.translate(&self.memory, request);
        found.ok().map(|found| Mfn((found.address >> 12) as u32))
    }

    /// Every page of so many that a device reaches.
    fn reach(&mut self, source: Bdf) -> Vec<Mfn> {
        (0..FRAMES).filter_map(|page| self.reaches(source, page)).collect()
    }

    fn assign(&mut self, source: Bdf, to: DomId) -> Result<(), AssignError> {
        self.iommus.assign(&mut self.memory, source, to)
    }

    fn p2m(&mut self, guest: DomId, page: u32, frame: Option<Mfn>) -> Result<(), AssignError> {
        self.iommus.p2m_changed(&mut self.memory, guest, Dfn(page), frame, 0)
    }

    fn was_touched(&self, frame: Mfn) -> bool {
        self.memory.xen_page(frame).read_u8(0) == 0xEE
    }
}

fn rmrr(devices: &[Bdf]) -> Rmrr {
    Rmrr { first: Dfn(300), pages: 2, devices: devices.to_vec(), usb: false }
}

// ---------------------------------------------------------------------------------------------------------------------------
// Options

#[test]
fn the_option_as_each_version_reads_it() {
    let old = |text| Options::parse(Version::Xen33, text, None);
    assert_eq!(old(None).0.wanted, Wanted::No);
    assert_eq!((old(Some("1")).0.wanted, old(Some("1")).0.pv), (Wanted::Yes, Switch::Off));
    assert_eq!((old(Some("pv,force")).0.wanted, old(Some("pv,force")).0.pv), (Wanted::Required, Switch::On));
    assert_eq!(old(Some("pv,no-pv")).0.pv, Switch::Off);
    assert_eq!(old(Some("pv,disable")).0.wanted, Wanted::No);
    assert_eq!(old(Some("intremap")).1, Some("intremap"));

    let (new, unknown) = Options::parse(Version::Today, Some("pv,no-intremap,quarantine=scratch-page"), Some("strict"));
    assert_eq!((unknown, new.wanted, new.pv), (Some("pv"), Wanted::Yes, Switch::On));
    assert_eq!((new.intremap, new.quarantine, new.dom0), (Switch::Off, Quarantine::ScratchPage, Dom0Mode::Strict));
    assert_eq!(options(Version::Today, Some("no-quarantine")).quarantine, Quarantine::No);
}

#[test]
fn what_an_assignment_comes_to() {
    let verdict = |version, text, guest, unit| options(version, text).verdict(guest, unit);
    let (present, absent) = (UnitPresence::Present, UnitPresence::Absent);
    let (old, new) = (Version::Xen33, Version::Today);
    for (version, text, guest, unit, expect) in [
        (old, None, GuestKind::Pv, present, Verdict::RunsUnassigned(Reach::AllMemory)),
        (old, Some("1"), GuestKind::Pv, present, Verdict::RunsUnassigned(Reach::Dom0Tables)),
        (old, Some("1,pv"), GuestKind::Pv, present, Verdict::Runs(Reach::OwnPages)),
        (old, Some("1,pv"), GuestKind::Pv, absent, Verdict::RunsUnassigned(Reach::AllMemory)),
        (old, None, GuestKind::Hvm, present, Verdict::Refused(AssignError::NotImplemented)),
        (old, Some("1"), GuestKind::Hvm, present, Verdict::Runs(Reach::OwnPages)),
        (old, Some("force"), GuestKind::Hvm, absent, Verdict::NoBoot),
        (new, None, GuestKind::Pv, present, Verdict::Runs(Reach::OwnPages)),
        (new, None, GuestKind::Pv, absent, Verdict::RunsUnassigned(Reach::AllMemory)),
        (new, None, GuestKind::Hvm, absent, Verdict::Refused(AssignError::NotImplemented)),
    ] {
        assert_eq!(verdict(version, text, guest, unit), expect, "{version:?} {text:?} {guest:?} {unit:?}");
    }
    assert_eq!(AssignError::NotImplemented.code(), -38);
}

// ---------------------------------------------------------------------------------------------------------------------------
// What a device reaches

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

// ---------------------------------------------------------------------------------------------------------------------------
// Assignment, step by step

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

// ---------------------------------------------------------------------------------------------------------------------------
// A device that never stops

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
        machine.iommus.destroy_domain(&mut machine.memory, DOM1);
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
        machine.iommus.destroy_domain(&mut machine.memory, DOM1);
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
        machine.iommus.destroy_domain(&mut machine.memory, DOM1);
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

/// XSA-399: a number that is freed while another processor takes one.
#[test]
fn a_number_s_owner_is_cleared_before_the_number_is_free() {
    let (gone, new) = (Holder::Domain(DOM1), Holder::Domain(DOM2));
    let mut right = Dids::new(1, false);
    let did = right.take(gone).expect("one is free");
    right.clear_holder(did);
    assert_eq!(right.take(new), None, "not yet");
    right.clear_bit(did);
    assert_eq!((right.take(new), right.of(new)), (Some(did), Some(did)));

    let mut wrong = Dids::new(1, false);
    let did = wrong.take(gone).expect("one is free");
    wrong.clear_bit(did);
    assert_eq!(wrong.take(new), Some(did));
    wrong.clear_holder(did);
    assert_eq!((wrong.of(new), wrong.is_in_use(did)), (None, true), "in use, and nobody's: it will never be flushed");
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
        while machine.memory.alloc(Owner::Domain(DOM2)).is_some() {}
        assert_eq!(machine.assign(CARD, DOM1), Err(AssignError::NoMemory));
        assert_eq!(machine.iommus.look_up(&machine.memory, DOM1, Dfn(511)).is_some(), leaks);
        assert_eq!(machine.iommus.device(CARD).map(|device| device.owner), Some(DomId::DOM0));
    }
}

// ---------------------------------------------------------------------------------------------------------------------------
// Faults

#[test]
fn the_tenth_fault_in_a_row_costs_the_device_its_bus_master_bit() {
    let mut machine = today(GuestKind::Hvm);
    machine.assign(CARD, DOM1).expect("it is free");
    let storm = |machine: &mut Machine, gap: u64, start: u64, faults: u64| -> Option<u64> {
        (1..=faults).find(|number| {
            machine.write(CARD, 7);
            let asked = machine.iommus.serve_faults(&mut machine.memory, 0, Time(start + number * gap));
            assert_eq!(machine.iommus.unit(0).unit.read_u32(reg::FSTS) & (reg::FSTS_PPF | reg::FSTS_PFO), 0);
            assert!(asked.is_empty() || asked == [CARD]);
            !asked.is_empty()
        })
    };
    assert_eq!(storm(&mut machine, 10_000_001, 0, 100), None, "seldom enough, the count never grows");
    assert_eq!(storm(&mut machine, 10_000_000, 2_000_000_000, 100), Some(10));

    let mut old = self::machine(options(Version::Xen33, Some("1")), &[Capabilities::typical()], GuestKind::Hvm);
    old.assign(CARD, DOM1).expect("it is free");
    assert_eq!(storm(&mut old, 1, 0, 100), None, "3.3 only printed");
}

#[test]
fn a_hundred_blocked_writes_may_be_one_line() {
    let mut machine = today(GuestKind::Hvm);
    machine.assign(CARD, DOM1).expect("it is free");
    for _ in 0..100 {
        assert_eq!(machine.write(CARD, 7), Ending::Blocked(Fault::WriteDenied));
    }
    machine.iommus.take_steps();
    machine.iommus.serve_faults(&mut machine.memory, 0, Time(1));
    let logged = Step::FaultLogged { source: CARD, page: 7, reason: Fault::WriteDenied };
    assert_eq!(machine.iommus.take_steps(), [logged]);
}

// ---------------------------------------------------------------------------------------------------------------------------
// Interrupts

fn ring(machine: &mut Machine, source: Bdf, message: Message) -> Ending {
    let unit = &mut machine.iommus.unit_mut(0).unit;
    unit.dma_write(&mut machine.memory, source, message.address, &message.data.to_le_bytes()).ending
}

#[test]
fn a_forged_message_rings_unless_interrupts_are_remapped() {
    let target = Target::Processor { vector: 0x41, processor: 2 };
    for remapped in [true, false] {
        let text = if remapped { None } else { Some("no-intremap") };
        let mut machine = machine(options(Version::Today, text), &[Capabilities::typical()], GuestKind::Hvm);
        let own = machine.iommus.map_msi(&mut machine.memory, CARD, target).expect("there is room");
        machine.assign(CARD, DOM1).expect("it is free");
        assert_eq!(machine.iommus.untrusted_msi.is_on(), !remapped);
        let interrupt = Interrupt { vector: 0x41, delivery: 0, destination: 2 };
        // The guest may have its other device write what is this one's, or write what it likes.
        let forged = Message { address: 0xFEE0_0000, data: 0x80 };
        if remapped {
            assert_eq!(ring(&mut machine, CARD, own), Ending::Interrupt(Arrival::Remapped(interrupt)));
            assert_eq!(ring(&mut machine, OTHER, own), Ending::Blocked(Fault::SourceMismatch));
            assert_eq!(ring(&mut machine, CARD, forged), Ending::Blocked(Fault::CompatibilityBlocked));
            machine.iommus.unmap_msi(&mut machine.memory, 0, own);
            assert_eq!(ring(&mut machine, CARD, own), Ending::Blocked(Fault::InterruptNotPresent));
        } else {
            assert_eq!(ring(&mut machine, OTHER, own), Ending::Interrupt(Arrival::AsWritten(interrupt)));
            let arrived = ring(&mut machine, CARD, forged);
            assert_eq!(
                arrived,
                Ending::Interrupt(Arrival::AsWritten(Interrupt { vector: 0x80, destination: 0, ..interrupt }))
            );
        }
    }
    assert_eq!(
        [0x0E, 0x80, 0x82, 0x41].map(guard_of),
        [Guard::HeldBack, Guard::Checked, Guard::Checked, Guard::Nothing]
    );
}

#[test]
fn an_entry_takes_interrupts_from_all_numbers_of_its_device() {
    let target = Target::Processor { vector: 0x51, processor: 0 };
    let mut machine = today(GuestKind::Hvm);
    let (phantoms, bridged) = (Bdf::new(4, 0, 0), Bdf::new(5, 2, 0));
    let device = PciDevice::new(phantoms, 0).with_phantoms(&[Bdf::new(4, 0, 4)]);
    machine.iommus.add_device(&mut machine.memory, device).expect("there is room");
    let device = PciDevice::new(bridged, 0).behind_bridge(Bdf::new(0, 30, 0), 5);
    machine.iommus.add_device(&mut machine.memory, device).expect("there is room");
    for (device, strangers) in [(phantoms, [Bdf::new(4, 0, 1), Bdf::new(4, 1, 0)]), (bridged, [Bdf::new(6, 0, 0); 2])] {
        let message = machine.iommus.map_msi(&mut machine.memory, device, target).expect("there is room");
        for source in machine.iommus.device(device).expect("it was added").sources() {
            assert!(
                matches!(ring(&mut machine, source, message), Ending::Interrupt(Arrival::Remapped(_))),
                "{source:?}"
            );
        }
        for stranger in strangers {
            assert_eq!(ring(&mut machine, stranger, message), Ending::Blocked(Fault::SourceMismatch));
        }
    }
}

#[test]
fn posting_is_off_unless_asked_for_and_the_unit_can() {
    let target = Target::Posted { vector: 0x61, descriptor: address_of(Mfn(30)) };
    let posts = Capabilities::typical().with_cap(CAP_POSTING);
    for (text, unit, expect) in
        [(None, posts, false), (Some("intpost"), Capabilities::typical(), false), (Some("intpost"), posts, true)]
    {
        let mut machine = machine(options(Version::Today, text), &[unit], GuestKind::Hvm);
        let message = machine.iommus.map_msi(&mut machine.memory, CARD, target);
        assert_eq!(message.is_ok(), expect);
        if let Ok(message) = message {
            assert!(matches!(ring(&mut machine, CARD, message), Ending::Interrupt(Arrival::Notified(_))));
            assert_eq!(ring(&mut machine, CARD, message), Ending::Interrupt(Arrival::Noted));
        }
    }
}

// ---------------------------------------------------------------------------------------------------------------------------
// Drawn runs

#[derive(Clone, Debug)]
enum Act {
    Assign {
        card: bool,
        to: u16,
    },
    Deassign {
        card: bool,
    },
    GiveBack {
        card: bool,
    },
    /// An HVM guest's page gets one of its frames, or none; a PV guest's frame a type.
    Change {
        guest: u16,
        page: u32,
        frame: Option<u32>,
    },
    Grant {
        guest: u16,
        frame: u32,
        writable: bool,
    },
    Ungrant {
        guest: u16,
        index: u32,
    },
    Dma {
        card: bool,
        page: u32,
        write: bool,
    },
}

fn acts() -> impl Strategy<Value = Act> {
    let guest = 0_u16..2;
    prop_oneof![
        2 => (any::<bool>(), guest.clone()).prop_map(|(card, to)| Act::Assign { card, to }),
        1 => any::<bool>().prop_map(|card| Act::Deassign { card }),
        1 => any::<bool>().prop_map(|card| Act::GiveBack { card }),
        3 => (guest.clone(), 0_u32..6, proptest::option::of(0_u32..4))
            .prop_map(|(guest, page, frame)| Act::Change { guest, page, frame }),
        1 => (guest.clone(), 0_u32..4, any::<bool>())
            .prop_map(|(guest, frame, writable)| Act::Grant { guest, frame, writable }),
        1 => (guest, any::<u32>()).prop_map(|(guest, index)| Act::Ungrant { guest, index }),
        6 => (any::<bool>(), 0_u32..32, any::<bool>()).prop_map(|(card, page, write)| Act::Dma { card, page, write }),
    ]
}

fn units() -> impl Strategy<Value = Capabilities> {
    let plain = Capabilities::typical();
    prop_oneof![
        2 => Just(plain),
        1 => Just(plain.with_cap(CAP_CM)),
        1 => Just(plain.without_cap(CAP_PSI)),
        1 => Just(plain.without_ecap(ECAP_QUEUED)),
        1 => Just(plain.without_ecap(ECAP_COHERENT).with_cap(CAP_RWBF)),
        1 => Just(plain.without_cap(CAP_48_BIT).with_guest_width(39)),
    ]
}

/// The frames that a device may reach for reading and for writing, from whose it is and what that one has.
fn allowed(machine: &Machine, kind: GuestKind, granted: &[Vec<(Mfn, bool)>; 2], source: Bdf, frame: Mfn) -> [bool; 2] {
    let device = machine.iommus.device(source).expect("it was added");
    // Tables are a domain's, so its other devices reach what is reserved for one of them.
    let holds = machine.iommus.device(CARD).is_some_and(|card| card.owner == device.owner && device.owner != DomId::IO);
    let reserved = (source == CARD || holds) && (300..302).contains(&frame.0);
    if reserved {
        return [true; 2];
    }
    let guest = match device.owner {
        DomId::DOM0 => return [frame.0 >= XEN_HEAP; 2],
        DomId::IO => return [false; 2],
        DomId(number) => usize::from(number) - 1,
    };
    let own = machine.guests[guest].contains(&frame);
    let is_table = machine.memory.page_type(frame).is_ok_and(|(page_type, _)| page_type == PageType::PageTable);
    if own {
        return [kind == GuestKind::Hvm || !is_table; 2];
    }
    let grants = granted[guest].iter().filter(|(other, _)| *other == frame);
    let (any, writes) = grants.fold((false, false), |(_, writes), (_, writable)| (true, writes || *writable));
    [any, writes]
}

proptest! {
    /// Whatever is assigned, mapped, typed and granted: an access that passes lands in what is its owner's, or granted, or
    /// reserved for it; one that does not pass touches nothing; and when Xen's calls have returned, what a unit remembers says
    /// nothing else than the tables.
    #[test]
    fn a_device_reaches_what_is_its_owner_s_and_nothing_else(
        acts in vec(acts(), 1..60),
        capabilities in units(),
        hvm in any::<bool>(),
        scratch in any::<bool>(),
        slow in 0_u32..3,
    ) {
        let kind = if hvm { GuestKind::Hvm } else { GuestKind::Pv };
        let text = if scratch { "quarantine=scratch-page" } else { "quarantine" };
        let options = options(Version::Today, Some(text));
        let mut machine = machine_with(options, &[capabilities], kind, Repairs::ALL, Some(rmrr(&[CARD])));
        let mut granted: [Vec<(Mfn, bool)>; 2] = [Vec::new(), Vec::new()];
        for act in acts {
            let source = |card| if card { CARD } else { OTHER };
            machine.iommus.unit_mut(0).slow = slow * 700;
            match act {
                Act::Assign { card, to } => {
                    let free = machine.iommus.device(source(card)).is_some_and(|device| matches!(device.owner, DomId::DOM0 | DomId::IO));
                    prop_assert_eq!(machine.assign(source(card), DomId(to + 1)).is_ok(), free);
                }
                Act::Deassign { card } => {
                    let given = machine.iommus.device(source(card)).is_some_and(|device| matches!(device.owner, DOM1 | DOM2));
                    prop_assert_eq!(machine.iommus.deassign(&mut machine.memory, source(card)).is_ok(), given);
                }
                Act::GiveBack { card } => {
                    machine.iommus.give_back(&mut machine.memory, source(card)).ok();
                }
                Act::Change { guest, page, frame } => {
                    let frames = machine.guests[usize::from(guest)].clone();
                    if hvm {
                        let frame = frame.map(|frame| frames[frame as usize]);
                        machine.p2m(DomId(guest + 1), page, frame).expect("it is no reserved memory");
                    } else {
                        let (memory, iommus) = (&mut machine.memory, &mut machine.iommus);
                        let target = frames[page as usize % 4];
                        let page_type = if frame.is_some() { PageType::PageTable } else { PageType::Writable };
                        let taken = iommus.get_page_type(memory, DomId(guest + 1), target, page_type);
                        if taken.expect("there is room") {
                            memory.put_page_type(target);
                        }
                    }
                }
                Act::Grant { guest, frame, writable } => {
                    if !hvm {
                        let frame = machine.guests[usize::from(1 - guest)][frame as usize];
                        let access = if writable { Access::ReadWrite } else { Access::ReadOnly };
                        let (memory, iommus) = (&mut machine.memory, &mut machine.iommus);
                        iommus.grant_mapped(memory, DomId(guest + 1), frame, access).expect("there is room");
                        granted[usize::from(guest)].push((frame, writable));
                    }
                }
                Act::Ungrant { guest, index } => {
                    let list = &mut granted[usize::from(guest)];
                    if !list.is_empty() {
                        let (frame, writable) = list.swap_remove(index as usize % list.len());
                        let access = if writable { Access::ReadWrite } else { Access::ReadOnly };
                        let (memory, iommus) = (&mut machine.memory, &mut machine.iommus);
                        iommus.grant_unmapped(memory, DomId(guest + 1), frame, access).expect("there is room");
                    }
                }
                Act::Dma { card, page, write } => {
                    let source = source(card);
                    let page = if page >= 30 { 270 + page } else { page };
                    let before = machine.memory.clone();
                    let address = u64::from(page) << 12;
                    // Dom0's devices reach Xen's tables, and dom0 is trusted not to have them written.
                    let owner = machine.iommus.device(source).map(|device| device.owner);
                    let write = write && !(owner == Some(DomId::DOM0) && machine.memory.owner(Mfn(page)) == Ok(Owner::Xen(None)));
                    let mut byte = [0];
                    let unit = &mut machine.iommus.unit_mut(0).unit;
                    let ending = if write {
                        unit.dma_write(&mut machine.memory, source, address, &[0xEE]).ending
                    } else {
                        unit.dma_read(&machine.memory, source, address, &mut byte).ending
                    };
                    let changed: Vec<Mfn> = (0..FRAMES).map(Mfn)
                        .filter(|frame| machine.memory.bus_page(*frame) != before.bus_page(*frame)).collect();
                    prop_assert!(changed.len() <= 1 && (ending == Ending::Done || changed.is_empty()));
                }
            }
            prop_assert_eq!(machine.iommus.stores().held(), 0);
            for cached in machine.iommus.unit(0).unit.contexts().entries() {
                let Ok(entry) = cached.found else { continue };
                let holder = machine.iommus.unit(0).dids.holder(entry.did());
                let Some(Holder::Domain(id)) = holder else { continue };
                let table = machine.iommus.domain(id).and_then(|domain| domain.table.as_ref()).expect("it has tables");
                let whole = entry.levels() < 4 || entry.table() == address_of(table.root());
                prop_assert!(whole, "a number of one domain with another's tables");
            }
            for source in [CARD, OTHER] {
                let entry = machine.iommus.context(&machine.memory, 0, source);
                let owner = machine.iommus.device(source).map(|device| device.owner).expect("it was added");
                let holder = if owner == DomId::IO { Holder::Quarantined(source) } else { Holder::Domain(owner) };
                prop_assert_eq!(machine.iommus.unit(0).dids.holder(entry.did()), Some(holder), "one owner, and the unit knows");
                for page in (0..24).chain(299..303) {
                    for direction in [Direction::Read, Direction::Write] {
                        let request = Request { direction, ..Request::read(source, page << 12) };
                        let root = machine.iommus.unit(0).unit.root();
                        let plain = translate(&machine.memory, capabilities, root, request).map(|found| found.address);
                        let cached = machine.iommus.unit_mut(0).unit.translate(&machine.memory, request);
                        prop_assert_eq!(cached.map(|found| found.address), plain);
                        if let Ok(address) = plain {
                            let frame = Mfn((address >> 12) as u32);
                            let [reads, writes] = allowed(&machine, kind, &granted, source, frame);
                            let quarantined = owner == DomId::IO && scratch && machine.memory.owner(frame) == Ok(Owner::Xen(None));
                            let right = if direction == Direction::Read { reads } else { writes };
                            prop_assert!(right || quarantined, "{:?} {:?} {:?}", owner, frame, direction);
                        }
                    }
                }
            }
        }
    }

    /// A device that never stops reaches, between any two steps, what is one owner's or the other's, and never a mixture; and
    /// after the last step what is the new owner's.
    #[test]
    fn between_two_steps_a_device_reaches_one_owner_s_pages_or_the_other_s(
        capabilities in units(), hops in vec(0_u8..4, 1..8), page in 0_u32..3,
    ) {
        let options = options(Version::Today, None);
        let mut machine = machine_with(options, &[capabilities], GuestKind::Hvm, Repairs::ALL, None);
        for guest in 0..2 {
            let frame = machine.guests[guest][page as usize];
            machine.p2m(DomId(guest as u16 + 1), page + 10, Some(frame)).expect("there is room");
        }
        machine.iommus.never_stops(0, Request::write(CARD, u64::from(page + 10) << 12));
        let target = |machine: &Machine| match machine.iommus.device(CARD).expect("it was added").owner {
            DomId::DOM0 => Some(Mfn(page + 10)),
            DomId::IO => None,
            DomId(number) => Some(machine.guests[usize::from(number) - 1][page as usize]),
        };
        for hop in hops {
            machine.iommus.take_steps();
            let old = target(&machine);
            match hop {
                0 | 1 => machine.assign(CARD, DomId(u16::from(hop) + 1)).ok(),
                2 => machine.iommus.deassign(&mut machine.memory, CARD).ok(),
                _ => machine.iommus.give_back(&mut machine.memory, CARD).ok(),
            };
            let new = target(&machine);
            let found: Vec<Option<Mfn>> = machine.iommus.take_steps().into_iter().filter_map(|step| match step {
                Step::InFlightReached { frame, .. } => Some(Some(frame)),
                Step::InFlightBlocked { .. } => Some(None),
                _ => None,
            }).collect();
            for reached in &found {
                prop_assert!(*reached == old || *reached == new, "{:?} is neither {:?} nor {:?}", reached, old, new);
            }
            prop_assert_eq!(found.last().copied().unwrap_or(new), new);
        }
    }

    /// Numbers that a unit knows domains by are unique, and few enough domains always get one.
    #[test]
    fn numbers_are_unique(takes in vec((0_u16..20, any::<bool>()), 1..60), caching in any::<bool>()) {
        let mut dids = Dids::new(16, caching);
        for (domain, take) in takes {
            let holder = Holder::Domain(DomId(domain));
            match (dids.of(holder), take) {
                (None, true) => {
                    if let Some(did) = dids.take(holder) {
                        prop_assert!(!caching || did != Did(0));
                        prop_assert_eq!(dids.of(holder), Some(did));
                    }
                }
                (Some(did), false) => {
                    dids.clear_holder(did);
                    dids.clear_bit(did);
                }
                _ => (),
            }
            let held = (0..20).filter_map(|domain| dids.of(Holder::Domain(DomId(domain)))).collect::<Vec<_>>();
            let used = (0..16).filter(|number| dids.is_in_use(Did(*number))).count();
            prop_assert_eq!(held.len() + usize::from(caching), used);
        }
    }
}

// ---------------------------------------------------------------------------------------------------------------------------
// What is told

#[test]
fn accesses_and_steps_are_told() {
    let mut machine = today(GuestKind::Hvm);
    let (mut log, now) = (Log::new(), Time(5));
    machine.p2m(DOM1, 9, Some(Mfn(30))).expect("there is room");
    machine.assign(CARD, DOM1).expect("it is free");
    tell_steps(&mut log, now, &mut machine.iommus);
    assert_eq!(log.steps(), 1);
    let told = log.entries().last().map(|entry| entry.event);
    let reassigned = Step::Reassigned { source: CARD, from: DomId::DOM0, to: DOM1 };
    assert_eq!(told, Some(Event::Vtd(Vtd::Xen(reassigned))));

    let Machine { memory, iommus, .. } = &mut machine;
    let unit = &mut iommus.unit_mut(0).unit;
    dma_write(&mut log, now, unit, memory, (CARD, 0x9FFC), &[1; 8]);
    dma_write(&mut log, now, unit, memory, (CARD, 0xFEE0_2000), &0x41_u32.to_le_bytes());
    dma_read(&mut log, now, unit, memory, (CARD, 0xB000), &mut [0; 4]);
    let events: Vec<Event> = (2..=log.steps()).flat_map(|step| log.of_step(step)).map(|entry| entry.event).collect();
    let expect = [
        Vtd::Passed { source: CARD, dfn: Dfn(9), frame: Mfn(30), direction: Direction::Write },
        Vtd::Blocked { source: CARD, dfn: Dfn(10), reason: Fault::WriteDenied },
        Vtd::FaultRecorded { source: CARD },
        Vtd::FaultEvent,
        Vtd::InterruptBlocked { source: CARD, reason: Fault::CompatibilityBlocked },
        Vtd::FaultCollapsed { source: CARD },
        Vtd::Blocked { source: CARD, dfn: Dfn(11), reason: Fault::ReadDenied },
        Vtd::FaultCollapsed { source: CARD },
    ];
    assert_eq!(events, expect.map(Event::Vtd));
    assert_eq!(size_of::<Entry>(), 40);
}
