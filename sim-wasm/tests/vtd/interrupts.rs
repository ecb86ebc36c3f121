//! Interrupt requests: forged, remapped, posted, blocked.

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use sim_wasm::hypervisor::memory::Memory;
use sim_wasm::hypervisor::message::{Message, is_for_interrupts};
use sim_wasm::hypervisor::vtd::capabilities::{CAP_POSTING, Capabilities};
use sim_wasm::hypervisor::vtd::fault::Fault;
use sim_wasm::hypervisor::vtd::interrupts::{
    Arrival, IRTE_FPD, Interrupt, InterruptEntry, MSI_REMAPPABLE, MSI_SUBHANDLE, PI_CONTROL, PI_DESTINATION, PI_ON,
    PI_SN, PI_VECTOR, SourceCheck, index_of, remappable, take_posted,
};
use sim_wasm::hypervisor::vtd::invalidation::{Descriptor, EntryRange};
use sim_wasm::hypervisor::vtd::registers as reg;
use sim_wasm::hypervisor::vtd::structures::address_of;
use sim_wasm::hypervisor::vtd::unit::Unit;
use sim_wasm::hypervisor::vtd::write_requests::Ending;
use sim_wasm::words::ids::{Bdf, Mfn};

use crate::world::{FRAMES, IRT, NOWHERE, function, memory, submit, unit};

fn remapping_unit(capabilities: Capabilities, memory: &mut Memory) -> Unit {
    let mut unit = unit(capabilities, memory);
    // 2^(7 + 1) entries fill a page.
    unit.write_u64(memory, reg::IRTA, address_of(IRT) | 7);
    let states = reg::GCMD_TE | reg::GCMD_QIE;
    unit.write_u32(memory, reg::GCMD, states | reg::GCMD_SIRTP);
    unit.write_u32(memory, reg::GCMD, states | reg::GCMD_IRE);
    unit
}

fn ring(unit: &mut Unit, memory: &mut Memory, source: Bdf, message: Message) -> Ending {
    unit.dma_write(memory, source, message.address, &message.data.to_le_bytes()).ending
}

#[test]
fn without_remapping_a_device_rings_what_it_likes() {
    let mut memory = memory();
    let mut unit = unit(Capabilities::typical(), &mut memory);
    // The tables know nothing of this address, and are not asked.
    let forged = Message { address: 0xFEE0_3000, data: 0x0000_0480 };
    let expect = Interrupt { vector: 0x80, delivery: 4, destination: 3 };
    assert_eq!(ring(&mut unit, &mut memory, function(0), forged), Ending::Interrupt(Arrival::AsWritten(expect)));
    assert_eq!(unit.dma_write(&mut memory, function(0), 0xFEE0_0000, &[0; 8]).ending, Ending::Unsupported);
    assert_eq!(unit.dma_read(&memory, function(0), 0xFEE0_0000, &mut [0; 4]).ending, Ending::Unsupported);
    assert_eq!(unit.counts().requests, 0);
}

#[test]
fn with_remapping_the_old_format_is_blocked_unless_it_is_allowed() {
    let mut memory = memory();
    let mut unit = remapping_unit(Capabilities::typical(), &mut memory);
    let forged = Message { address: 0xFEE0_3000, data: 0x80 };
    assert_eq!(ring(&mut unit, &mut memory, function(0), forged), Ending::Blocked(Fault::CompatibilityBlocked));
    unit.write_u32(&mut memory, reg::GCMD, reg::GCMD_TE | reg::GCMD_IRE | reg::GCMD_CFI);
    assert!(matches!(ring(&mut unit, &mut memory, function(0), forged), Ending::Interrupt(Arrival::AsWritten(_))));
}

#[test]
fn each_fault_of_an_interrupt_request() {
    let card = function(0);
    for (fault, entry, message) in [
        (Fault::InterruptReserved, InterruptEntry::default(), Message { data: 0x1_0000, ..remappable(1) }),
        (Fault::InterruptIndexTooLarge, InterruptEntry::default(), remappable(256)),
        (Fault::InterruptNotPresent, InterruptEntry::default(), remappable(1)),
        (Fault::InterruptEntryReserved, InterruptEntry { low: 1 | 1 << 12, high: 0 }, remappable(1)),
        (Fault::InterruptEntryReserved, InterruptEntry { low: 1, high: 3 << 18 }, remappable(1)),
        (Fault::InterruptEntryReserved, InterruptEntry::posted(1, 0x1000, SourceCheck::Anybody), remappable(1)),
        (
            Fault::SourceMismatch,
            InterruptEntry::remapped(0x31, 0, SourceCheck::Function(function(1), 0)),
            remappable(1),
        ),
    ] {
        let mut memory = memory();
        let mut unit = remapping_unit(Capabilities::typical(), &mut memory);
        entry.write(memory.xen_page_mut(IRT), 16);
        assert_eq!(ring(&mut unit, &mut memory, card, message), Ending::Blocked(fault));
        let record = unit.record(0).expect("it is recorded");
        let index = if fault == Fault::InterruptReserved { 0 } else { u64::from(index_of(message)) };
        assert_eq!((record.reason, record.page), (fault, index));
    }
    let mut memory = memory();
    let mut unit = remapping_unit(Capabilities::typical(), &mut memory);
    unit.write_u64(&mut memory, reg::IRTA, NOWHERE | 7);
    unit.write_u32(&mut memory, reg::GCMD, reg::GCMD_IRE | reg::GCMD_SIRTP);
    assert_eq!(ring(&mut unit, &mut memory, card, remappable(1)), Ending::Blocked(Fault::InterruptTableUnreadable));
}

/// As for a table that cannot be read; the entry's wish for silence is none about that.
#[test]
fn a_posted_interrupt_whose_descriptor_is_not_in_memory_is_blocked() {
    for silent in [0, IRTE_FPD] {
        let mut memory = memory();
        let mut unit = remapping_unit(Capabilities::typical().with_cap(CAP_POSTING), &mut memory);
        // Beyond the machine's frames, and where no frame has a number.
        for (index, descriptor) in [(1, NOWHERE), (2, address_of(Mfn(FRAMES)) + 64), (3, 1 << 45)] {
            let mut entry = InterruptEntry::posted(0x61, descriptor, SourceCheck::Anybody);
            entry.low |= silent;
            assert_eq!(entry.descriptor(), descriptor);
            entry.write(memory.xen_page_mut(IRT), usize::from(index) * 16);
            let before = memory.clone();
            let ending = ring(&mut unit, &mut memory, function(0), remappable(index));
            assert_eq!(ending, Ending::Blocked(Fault::InterruptTableUnreadable));
            let record = unit.record(0).expect("it is recorded");
            assert_eq!((record.reason.code(), record.page, record.source), (0x23, u64::from(index), function(0)));
            let at = unit.capabilities().fault_records_at();
            unit.write_u64(&mut memory, at + 8, reg::FRCD_F);
            for frame in (0..FRAMES).map(Mfn) {
                assert_eq!(memory.xen_page(frame), before.xen_page(frame), "nothing is noted anywhere");
            }
        }
    }
}

proptest! {
    /// An entry that checks its source rings for that source alone.
    #[test]
    fn an_interrupt_is_from_whom_its_entry_names(
        source in any::<u16>(), owner in any::<u16>(), mask in 0_u8..4, flip in 0_u16..8, buses in any::<bool>(),
        vector in any::<u8>(), index in 0_u16..256, silent in any::<bool>(),
    ) {
        let mut memory = memory();
        let mut unit = remapping_unit(Capabilities::typical(), &mut memory);
        // Sources that differ in few bits are of interest.
        let source = Bdf(if flip < 7 { owner ^ flip } else { source });
        let check = if buses {
            SourceCheck::Buses((owner >> 8) as u8, owner as u8)
        } else {
            SourceCheck::Function(Bdf(owner), mask)
        };
        let mut entry = InterruptEntry::remapped(vector, 3, check);
        entry.low |= u64::from(silent) * IRTE_FPD;
        entry.write(memory.xen_page_mut(IRT), usize::from(index) * 16);
        let left_out = [0, 4, 6, 7][usize::from(mask)];
        let matches = if buses {
            ((owner >> 8) as u8..=owner as u8).contains(&source.bus())
        } else {
            source.0 | left_out == owner | left_out
        };
        for _ in 0..2 {
            let ending = ring(&mut unit, &mut memory, source, remappable(index));
            let interrupt = Interrupt { vector, delivery: 0, destination: 3 };
            let expect = if matches {
                Ending::Interrupt(Arrival::Remapped(interrupt))
            } else {
                Ending::Blocked(Fault::SourceMismatch)
            };
            prop_assert_eq!(ending, expect);
        }
        prop_assert_eq!(unit.record(0).is_some(), !matches && !silent);
    }
}

#[test]
fn a_remembered_interrupt_entry_counts_until_it_is_forgotten() {
    let mut memory = memory();
    let mut unit = remapping_unit(Capabilities::typical(), &mut memory);
    let write = |memory: &mut Memory, vector| {
        InterruptEntry::remapped(vector, 0, SourceCheck::Anybody).write(memory.xen_page_mut(IRT), 16);
    };
    let vector = |ending| match ending {
        Ending::Interrupt(Arrival::Remapped(interrupt)) => interrupt.vector,
        other => panic!("{other:?}"),
    };
    write(&mut memory, 0x31);
    assert_eq!(vector(ring(&mut unit, &mut memory, function(0), remappable(1))), 0x31);
    for (new, stays, goes) in [
        (0x32, EntryRange { first: 2, order: 0 }, EntryRange { first: 0, order: 1 }),
        (0x33, EntryRange { first: 0x8000, order: 15 }, EntryRange { first: 0, order: 15 }),
        (0x34, EntryRange { first: 0x100, order: 8 }, EntryRange { first: 0x8000, order: 16 }),
        (0x35, EntryRange { first: 2, order: 1 }, EntryRange { first: 0xFFFF, order: 31 }),
    ] {
        write(&mut memory, new);
        for (range, expect) in [(stays, new - 1), (goes, new)] {
            submit(&mut unit, &mut memory, &[Descriptor::InterruptEntries(Some(range))]);
            assert_eq!(vector(ring(&mut unit, &mut memory, function(0), remappable(1))), expect, "{range:?}");
        }
    }
}

#[test]
fn a_posted_interrupt_notifies_once_until_somebody_looks() {
    let mut memory = memory();
    let mut unit = remapping_unit(Capabilities::typical().with_cap(CAP_POSTING), &mut memory);
    let descriptor = address_of(Mfn(20)) + 128;
    InterruptEntry::posted(0x61, descriptor, SourceCheck::Anybody).write(memory.xen_page_mut(IRT), 16);
    InterruptEntry::posted(0x45, descriptor, SourceCheck::Anybody).write(memory.xen_page_mut(IRT), 32);
    let page = memory.xen_page_mut(Mfn(20));
    page.write_u8(128 + PI_VECTOR, 0xF2);
    page.write_u32(128 + PI_DESTINATION, 5 << 8);
    let mut ring = |memory: &mut Memory, index| ring(&mut unit, memory, function(0), remappable(index));
    let notified = Ending::Interrupt(Arrival::Notified(Interrupt { vector: 0xF2, delivery: 0, destination: 5 }));
    assert_eq!(ring(&mut memory, 1), notified);
    assert_eq!(memory.xen_page(Mfn(20)).read_u8(128 + PI_CONTROL), PI_ON);
    assert_eq!(ring(&mut memory, 2), Ending::Interrupt(Arrival::Noted));
    assert_eq!(take_posted(&mut memory, descriptor), [0x61, 0x45]);
    // The vCPU does not run: noted, and nobody is told.
    memory.xen_page_mut(Mfn(20)).write_u8(128 + PI_CONTROL, PI_SN);
    assert_eq!(ring(&mut memory, 2), Ending::Interrupt(Arrival::Noted));
    memory.xen_page_mut(Mfn(20)).write_u8(128 + PI_CONTROL, 0);
    assert_eq!(ring(&mut memory, 1), notified);
    assert_eq!(take_posted(&mut memory, descriptor), [0x61, 0x45]);
}

proptest! {
    /// A remappable message is a write into the window that names its entry.
    #[test]
    fn handles_of_messages_come_back(index in any::<u16>(), subhandle in any::<u16>()) {
        let mut message = remappable(index);
        prop_assert_eq!((index_of(message), message.data), (u32::from(index), 0));
        prop_assert!(is_for_interrupts(message.address) && message.address & 3 == 0 && message.address & MSI_REMAPPABLE != 0);
        message.address |= MSI_SUBHANDLE;
        message.data = u32::from(subhandle);
        prop_assert_eq!(index_of(message), u32::from(index) + u32::from(subhandle));
    }
}
