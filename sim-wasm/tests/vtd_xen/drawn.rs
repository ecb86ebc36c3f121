//! Drawn runs: whatever is assigned, mapped, typed and granted.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sim_wasm::hypervisor::grant_entry::Access;
use sim_wasm::hypervisor::memory::{Owner, PageType};
use sim_wasm::hypervisor::passthrough::dids::Holder;
use sim_wasm::hypervisor::passthrough::options::{GuestKind, Version};
use sim_wasm::hypervisor::passthrough::repairs::Repairs;
use sim_wasm::hypervisor::passthrough::step::Step;
use sim_wasm::hypervisor::vtd::capabilities::{
    CAP_48_BIT, CAP_CM, CAP_PSI, CAP_RWBF, Capabilities, ECAP_COHERENT, ECAP_QUEUED,
};
use sim_wasm::hypervisor::vtd::structures::{Pte, address_of};
use sim_wasm::hypervisor::vtd::walk::{Direction, Request, translate};
use sim_wasm::hypervisor::vtd::write_requests::Ending;
use sim_wasm::words::ids::{Bdf, DomId, Mfn};

use crate::world::{CARD, DOM1, DOM2, FRAMES, Machine, OTHER, XEN_HEAP, machine_with, options, rmrr};

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

pub(crate) fn units() -> impl Strategy<Value = Capabilities> {
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
                // A unit of three levels is given the table that the first entry of the uppermost names.
                let uppermost = machine.memory.xen_page(table.root());
                let given = if entry.levels() == 4 { address_of(table.root()) } else { Pte::read(uppermost, 0).address() };
                prop_assert_eq!(entry.levels(), if capabilities.has(CAP_48_BIT) { 4 } else { 3 });
                prop_assert_eq!(entry.table(), given, "a number of one domain with another's tables");
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
}
