//! Invalidations as software writes them: descriptors in a queue, and two registers.

use proptest::prelude::{any, prop_assert_eq, proptest};
use sim_wasm::hypervisor::memory::Memory;
use sim_wasm::hypervisor::message::Message;
use sim_wasm::hypervisor::vtd::caches::{ContextScope, IotlbScope};
use sim_wasm::hypervisor::vtd::capabilities::{CAP_PSI, Capabilities};
use sim_wasm::hypervisor::vtd::invalidation::{Descriptor, Drain, EntryRange, Wait};
use sim_wasm::hypervisor::vtd::registers as reg;
use sim_wasm::hypervisor::vtd::structures::{Did, address_of};
use sim_wasm::hypervisor::vtd::unit::Unit;
use sim_wasm::hypervisor::vtd::walk::Request;

use crate::world::{QUEUE, STATUS, function, memory, put, submit, unit};

proptest! {
    #[test]
    fn descriptors_are_read_as_they_are_written(words in any::<[u64; 2]>(), status in any::<u32>(), entry in any::<u16>()) {
        if let Some(descriptor) = Descriptor::decode(words) {
            prop_assert_eq!(Descriptor::decode(descriptor.encode()), Some(descriptor));
        }
        let wait = Descriptor::Wait(Wait { status: Some((address_of(STATUS), status)), interrupt: true });
        prop_assert_eq!(Descriptor::decode(wait.encode()), Some(wait));
        let range = Descriptor::InterruptEntries(Some(EntryRange { first: entry, order: 3 }));
        prop_assert_eq!(Descriptor::decode(range.encode()), Some(range));
    }
}

#[test]
fn the_iotlb_register_invalidates_too_and_says_what_was_done() {
    for (psi, cases) in [
        (true, [(1, 0, 1), (2, 0, 2), (3, 0, 3), (3, 9, 3), (3, 10, 0), (0, 0, 0)]),
        // A unit that cannot name pages forgets the domain's.
        (false, [(1, 0, 1), (2, 0, 2), (3, 0, 2), (3, 9, 2), (3, 10, 2), (0, 0, 0)]),
    ] {
        let capabilities = if psi { Capabilities::typical() } else { Capabilities::typical().without_cap(CAP_PSI) };
        let mut memory = memory();
        let mut unit = unit(capabilities, &mut memory);
        let iotlb = unit.capabilities().iotlb_registers_at() + 8;
        let ask = |unit: &mut Unit, memory: &mut Memory, granularity: u64, mask: u64| {
            unit.write_u64(memory, iotlb - 8, 0x1000 | mask);
            unit.write_u64(memory, iotlb, 1 << 63 | granularity << 60 | 1 << 32);
            (unit.read_u64(iotlb) >> 63, unit.read_u64(iotlb) >> 57 & 7)
        };
        // Two pages of the domain that is named, 1 and 3, and one of another's.
        let fill = |unit: &mut Unit, memory: &Memory| {
            for (number, page) in [(0, 1), (0, 3), (2, 1)] {
                assert!(unit.translate(memory, Request::read(function(number), page << 12)).is_ok());
            }
        };
        let left = |unit: &Unit| {
            let mut left: Vec<(u16, u64)> = unit.iotlb().entries().map(|entry| (entry.did.0, entry.first)).collect();
            left.sort_unstable();
            left
        };
        let all = [(1, 1), (1, 3), (2, 1)];
        fill(&mut unit, &memory);
        assert_eq!(ask(&mut unit, &mut memory, 1, 0), (0, 0), "the queue is in use");
        assert_eq!(left(&unit), all);
        unit.write_u32(&mut memory, reg::GCMD, reg::GCMD_TE);
        for (granularity, mask, actual) in cases {
            fill(&mut unit, &memory);
            assert_eq!(left(&unit), all);
            assert_eq!(ask(&mut unit, &mut memory, granularity, mask), (0, actual), "{granularity} {mask}");
            let expect: &[(u16, u64)] = match (actual, mask) {
                (0, _) => &all,
                (1, _) => &[],
                (3, 0) => &[(1, 3), (2, 1)],
                _ => &[(2, 1)],
            };
            assert_eq!(left(&unit), expect, "{granularity} {mask}");
        }
    }
}

#[test]
fn the_context_register_invalidates_too_and_says_what_was_done() {
    let mut memory = memory();
    let mut unit = unit(Capabilities::typical(), &mut memory);
    let ask = |unit: &mut Unit, memory: &mut Memory, granularity: u64, did: u64, mask: u64| {
        let fields = mask << 32 | u64::from(function(0).0) << 16 | did;
        unit.write_u64(memory, reg::CCMD, 1 << 63 | granularity << 61 | fields);
        let found = unit.read_u64(reg::CCMD);
        assert_eq!((found >> 61 & 3, found & 0x3_FFFF_FFFF), (granularity, fields), "what was asked for can be read");
        (found >> 63, found >> 59 & 3)
    };
    // Functions 0 and 1 are domain 1's, 2 and 3 are domain 2's.
    let fill = |unit: &mut Unit, memory: &Memory| {
        for number in 0..4 {
            assert!(unit.translate(memory, Request::read(function(number), 0)).is_ok());
        }
    };
    let left =
        |unit: &Unit| (0..4).filter(|number| unit.contexts().find(function(*number)).is_some()).collect::<Vec<u8>>();
    fill(&mut unit, &memory);
    assert_eq!(ask(&mut unit, &mut memory, 1, 0, 0), (0, 0), "the queue is in use");
    assert_eq!(left(&unit), [0, 1, 2, 3]);
    unit.write_u32(&mut memory, reg::GCMD, reg::GCMD_TE);
    let cases: [(u64, u64, u64, &[u8]); 7] = [
        (1, 0, 0, &[]),
        (2, 1, 0, &[2, 3]),
        (2, 2, 0, &[0, 1]),
        (3, 1, 0, &[1, 2, 3]),
        (3, 2, 0, &[0, 1, 2, 3]),
        (3, 1, 3, &[2, 3]),
        (0, 1, 0, &[0, 1, 2, 3]),
    ];
    for (granularity, did, mask, expect) in cases {
        fill(&mut unit, &memory);
        assert_eq!(ask(&mut unit, &mut memory, granularity, did, mask), (0, granularity));
        assert_eq!(left(&unit), expect, "{granularity} {did} {mask}");
    }
}

#[test]
fn a_descriptor_that_makes_no_sense_stops_the_queue() {
    let mut memory = memory();
    let mut unit = unit(Capabilities::typical().without_cap(CAP_PSI), &mut memory);
    put(&mut memory, QUEUE, 0, 0xF);
    let wait = Descriptor::Wait(Wait { status: Some((address_of(STATUS), 1)), interrupt: false }).encode();
    put(&mut memory, QUEUE, 16, wait[0]);
    put(&mut memory, QUEUE, 24, wait[1]);
    unit.write_u64(&mut memory, reg::IQT, 32);
    assert_eq!(unit.take_descriptor(&mut memory), None);
    assert_eq!((unit.read_u32(reg::FSTS), unit.read_u64(reg::IQH)), (reg::FSTS_IQE, 0));
    assert_eq!(unit.take_messages(), [Message { address: 0xFEE0_1000, data: 0x55 }]);
    // Put right, but for the bit.
    put(&mut memory, QUEUE, 0, Descriptor::Context(ContextScope::Global).encode()[0]);
    assert_eq!(unit.take_descriptor(&mut memory), None);
    unit.write_u32(&mut memory, reg::FSTS, reg::FSTS_IQE);
    assert!(unit.take_descriptor(&mut memory).is_some() && unit.take_descriptor(&mut memory).is_some());
    assert_eq!((memory.xen_page(STATUS).read_u32(0), unit.read_u64(reg::IQH)), (1, 32));
    // Single pages are not for this unit.
    let pages = IotlbScope::Pages { did: Did(1), first: 0, order: 0 };
    submit(&mut unit, &mut memory, &[Descriptor::Iotlb(pages, Drain::Nothing)]);
    assert_eq!(unit.read_u32(reg::FSTS), reg::FSTS_IQE);
}
