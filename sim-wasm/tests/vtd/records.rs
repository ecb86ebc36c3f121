//! Fault records, the status and the messages about them.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sim_wasm::hypervisor::vtd::caches::ContextScope;
use sim_wasm::hypervisor::vtd::capabilities::Capabilities;
use sim_wasm::hypervisor::vtd::fault::Fault;
use sim_wasm::hypervisor::vtd::fault_records::Collapse;
use sim_wasm::hypervisor::vtd::invalidation::Descriptor;
use sim_wasm::hypervisor::vtd::registers as reg;
use sim_wasm::hypervisor::vtd::structures::{ContextEntry, Did};
use sim_wasm::hypervisor::vtd::walk::Direction;
use sim_wasm::hypervisor::vtd::write_requests::Ending;
use sim_wasm::words::ids::{Bdf, Mfn};

use crate::world::{FRAMES, TREES, function, memory, put, put_context, submit, unit};

#[derive(Clone, Debug)]
enum Trouble {
    Fault(u8),
    Clear(u16),
    Acknowledge,
    Mask(bool),
}

fn troubles() -> impl Strategy<Value = Trouble> {
    prop_oneof![
        4 => (0_u8..4).prop_map(Trouble::Fault),
        2 => (0_u16..4).prop_map(Trouble::Clear),
        1 => Just(Trouble::Acknowledge),
        1 => any::<bool>().prop_map(Trouble::Mask),
    ]
}

proptest! {
    #[test]
    fn records_status_and_messages_agree(
        troubles in vec(troubles(), 1..60),
        records in 1_u8..=4,
        collapse in any::<bool>(),
    ) {
        let mut memory = memory();
        let capabilities = Capabilities::typical().with_fault_records(records);
        let collapse = if collapse { Collapse::SameFunction } else { Collapse::Never };
        let mut unit = unit(capabilities, &mut memory).with_collapse(collapse);
        let (mut lost, mut unserved) = (0, 0);
        for trouble in troubles {
            match trouble {
                Trouble::Fault(number) => {
                    let before = unit.counts();
                    let bytes = memory.clone();
                    let ending = unit.dma_write(&mut memory, function(number), 0x8000, &[0xAA; 8]).ending;
                    prop_assert_eq!(ending, Ending::Blocked(Fault::WriteDenied));
                    for frame in 0..FRAMES {
                        prop_assert_eq!(memory.xen_page(Mfn(frame)), bytes.xen_page(Mfn(frame)), "no effect on memory");
                    }
                    let after = unit.counts();
                    prop_assert!(after.recorded - before.recorded <= 1);
                    lost += after.lost - before.lost;
                }
                Trouble::Clear(index) => {
                    let at = capabilities.fault_records_at() + index * 16 + 12;
                    if index < u16::from(records) {
                        unit.write_u32(&mut memory, at, 1 << 31);
                        prop_assert_eq!(unit.record(index), None);
                    }
                }
                Trouble::Acknowledge => {
                    unit.write_u32(&mut memory, reg::FSTS, reg::FSTS_PFO);
                    lost = 0;
                }
                Trouble::Mask(masked) => {
                    unit.write_u32(&mut memory, reg::FECTL, u32::from(masked) << 31);
                }
            }
            let status = unit.read_u32(reg::FSTS);
            let pending = (0..u16::from(records)).filter(|index| unit.record(*index).is_some()).count();
            prop_assert_eq!(status & reg::FSTS_PPF != 0, pending > 0);
            prop_assert!(status & reg::FSTS_PFO == 0 || lost > 0, "an overflow without a loss");
            if pending > 0 {
                prop_assert!(unit.record(unit.first_record()).is_some());
            }
            unserved += unit.take_messages().len();
            prop_assert!(unserved <= 1, "a second message before the first was served");
            if status & (reg::FSTS_PFO | reg::FSTS_PPF) == 0 {
                unserved = 0;
                prop_assert_eq!(unit.read_u32(reg::FECTL) & reg::EVENT_PENDING, 0);
            }
        }
    }
}

#[test]
fn a_record_says_who_where_which_way_and_why() {
    let mut memory = memory();
    let mut unit = unit(Capabilities::typical(), &mut memory);
    put(&mut memory, TREES[0][2], 8, 0);
    let mut byte = [0; 1];
    assert_eq!(unit.dma_read(&memory, function(1), 0x1FFF, &mut byte).ending, Ending::Blocked(Fault::ReadDenied));
    let at = unit.capabilities().fault_records_at();
    let high = 1 << 63 | 1 << 62 | 6 << 32 | u64::from(function(1).0);
    assert_eq!((unit.read_u64(at), unit.read_u64(at + 8)), (0x1000, high));
    let record = unit.record(0).expect("it is pending");
    assert_eq!(
        (record.source, record.page, record.reason, record.direction),
        (function(1), 1, Fault::ReadDenied, Direction::Read)
    );
}

#[test]
fn an_entry_may_ask_for_silence_and_blocks_all_the_same() {
    let mut memory = memory();
    let mut unit = unit(Capabilities::typical(), &mut memory);
    let mut entry = ContextEntry::new(TREES[0][0], 3, Did(1));
    entry.low |= 2;
    put_context(&mut memory, function(0), entry);
    assert_eq!(unit.dma_write(&mut memory, function(0), 0x9000, &[1]).ending, Ending::Blocked(Fault::WriteDenied));
    assert_eq!((unit.read_u32(reg::FSTS), unit.counts().blocked), (0, 1));
    // Not even an entry that is not present is heard of, but a bus without a table is.
    put_context(&mut memory, function(0), ContextEntry { low: 2, high: 0 });
    submit(&mut unit, &mut memory, &[Descriptor::Context(ContextScope::Global)]);
    assert_eq!(unit.dma_write(&mut memory, function(0), 0, &[1]).ending, Ending::Blocked(Fault::ContextNotPresent));
    assert_eq!(unit.counts().recorded, 0);
    assert_eq!(unit.dma_write(&mut memory, Bdf::new(9, 0, 0), 0, &[1]).ending, Ending::Blocked(Fault::RootNotPresent));
    assert_eq!(unit.counts().recorded, 1);
}
