//! The walk: which fault is the first, and which bits matter in which unit.

use sim_wasm::hypervisor::memory::Memory;
use sim_wasm::hypervisor::vtd::capabilities::{CAP_2M, Capabilities, ECAP_DEVICE_IOTLB, ECAP_SNOOP};
use sim_wasm::hypervisor::vtd::fault::Fault;
use sim_wasm::hypervisor::vtd::structures::{ContextEntry, Did, Pte, RootEntry, address_of};
use sim_wasm::hypervisor::vtd::walk::{AddressType, Request, translate};
use sim_wasm::words::ids::Mfn;

use crate::world::{CONTEXTS, NOWHERE, ROOT, TREES, fault_of, function, memory, put, put_context};

/// Each fault, in the order of precedence, set up so that every later one is there too: a machine in which everything is wrong,
/// put right from the beginning of the walk on.
#[test]
fn the_first_thing_wrong_is_the_fault() {
    let card = function(0);
    let capabilities = Capabilities::typical().with_guest_width(39);
    let [top, middle, bottom] = TREES[0];
    let mut memory = memory();
    let at = usize::from(card.devfn()) * 16;
    let context = ContextEntry::new(top, 3, Did(1));
    put(&mut memory, ROOT, 0, 0);
    put(&mut memory, CONTEXTS, at, 0);
    put(&mut memory, CONTEXTS, at + 8, 0);
    for table in [top, middle, bottom] {
        put(&mut memory, table, 0, 0);
    }
    let write = Request::write(card, 1 << 40);
    let near = Request::write(card, 0);
    let mut found = Vec::new();
    let mut see = |memory: &Memory, root: u64, request: Request| {
        found.push(translate(memory, capabilities, root, request).err().map(|refusal| refusal.fault.code()));
    };
    let root = address_of(ROOT);
    see(&memory, NOWHERE, write);
    see(&memory, root, write);
    put(&mut memory, ROOT, 0, NOWHERE | 1 | 1 << 5);
    see(&memory, root, write);
    put(&mut memory, ROOT, 0, NOWHERE | 1);
    see(&memory, root, write);
    put(&mut memory, ROOT, 0, RootEntry::new(CONTEXTS).low);
    see(&memory, root, write);
    put(&mut memory, CONTEXTS, at, NOWHERE | 3 << 2 | 1 << 4 | 1);
    see(&memory, root, write);
    put(&mut memory, CONTEXTS, at, NOWHERE | 3 << 2 | 1);
    see(&memory, root, write);
    put(&mut memory, CONTEXTS, at, NOWHERE | 1);
    see(&memory, root, write);
    put(&mut memory, CONTEXTS, at + 8, context.high);
    see(&memory, root, Request { address_type: AddressType::Translated, ..write });
    see(&memory, root, write);
    see(&memory, root, near);
    put(&mut memory, CONTEXTS, at, context.low);
    see(&memory, root, near);
    put(&mut memory, top, 0, NOWHERE | 1 | 1 << 62);
    see(&memory, root, near);
    put(&mut memory, top, 0, NOWHERE | 2 | 1 << 62);
    see(&memory, root, near);
    put(&mut memory, top, 0, NOWHERE | 2);
    see(&memory, root, near);
    put(&mut memory, top, 0, Pte::new(middle, 3).0);
    put(&mut memory, middle, 0, Pte::new(bottom, 3).0 | 1 << 52);
    put(&mut memory, bottom, 0, Pte::new(Mfn(16), 2).0);
    see(&memory, root, near);
    see(&memory, root, Request::read(card, 0));
    let expect = [0x8, 0x1, 0xA, 0x9, 0x2, 0xB, 0x3, 0x3, 0xD, 0x4, 0x3, 0x5, 0x5, 0xC, 0x7];
    let expect: Vec<Option<u8>> = expect.into_iter().map(Some).chain([None, Some(6)]).collect();
    assert_eq!(found, expect);
}

#[test]
fn superpages_are_aligned_and_offered() {
    let card = function(0);
    let [top, middle, _] = TREES[0];
    let plain = Capabilities::typical();
    let mut memory = memory();
    let mut ask = |table, entry: u64, capabilities| {
        put(&mut memory, table, 0, entry);
        translate(&memory, capabilities, address_of(ROOT), Request::read(card, 0x12_3456))
            .map(|found| (found.address, found.level))
            .map_err(|refusal| refusal.fault)
    };
    assert_eq!(ask(middle, 0x4020_0083, plain), Ok((0x4032_3456, 2)));
    assert_eq!(ask(middle, 0x4020_1083, plain), Err(Fault::PteReserved));
    assert_eq!(ask(middle, 0x4020_0083, plain.without_cap(CAP_2M)), Err(Fault::PteReserved));
    assert_eq!(ask(top, 0x4000_0083, plain), Ok((0x4012_3456, 3)));
    assert_eq!(ask(top, 0x4020_0083, plain), Err(Fault::PteReserved));
}

#[test]
fn bits_of_a_leaf_that_some_units_know() {
    let (card, [_, _, bottom]) = (function(0), TREES[0]);
    let plain = Capabilities::typical();
    let mut memory = memory();
    for (bit, capability) in [(11, ECAP_SNOOP), (62, ECAP_DEVICE_IOTLB)] {
        put(&mut memory, bottom, 0, Pte::new(Mfn(16), 3).0 | 1 << bit);
        assert_eq!(fault_of(&memory, plain, Request::read(card, 0)), Some(Fault::PteReserved));
        assert_eq!(fault_of(&memory, plain.with_ecap(capability), Request::read(card, 0)), None);
    }
    // Ignored bits, Xen's own marks among them.
    put(&mut memory, bottom, 0, Pte::new(Mfn(16), 3).0 | 0xBFF0_0000_0000_067C | 1 << 7);
    assert_eq!(fault_of(&memory, plain, Request::read(card, 0)), None);
}

#[test]
fn four_levels_look_up_48_bits_and_three_the_first_of_their_tables() {
    let card = function(0);
    let capabilities = Capabilities::typical();
    let mut memory = memory();
    let (uppermost, [top, _, bottom]) = (Mfn(12), TREES[0]);
    put(&mut memory, uppermost, 0, Pte::new(top, 3).0);
    let mut see = |levels, table, address| {
        put_context(&mut memory, card, ContextEntry::new(table, levels, Did(1)));
        fault_of(&memory, capabilities, Request::read(card, address))
    };
    assert_eq!(see(4, uppermost, 0x1000), None);
    assert_eq!(see(3, top, 0x1000), None);
    assert_eq!(see(4, uppermost, 1 << 47), Some(Fault::ReadDenied));
    assert_eq!(see(3, top, 1 << 39), Some(Fault::AddressBeyondLimit));
    assert_eq!(see(4, uppermost, 1 << 48), Some(Fault::AddressBeyondLimit));
    assert_eq!(see(5, uppermost, 0), Some(Fault::ContextInvalid));
    // A unit of three levels that is given the root of four reads one table too high: the bottom is taken for a page.
    assert_eq!(see(3, uppermost, 0), None);
    put_context(&mut memory, card, ContextEntry::new(uppermost, 3, Did(1)));
    let found = translate(&memory, capabilities, address_of(ROOT), Request::read(card, 0)).expect("it maps something");
    assert_eq!(found.address, address_of(bottom));
}

#[test]
fn who_need_not_be_looked_up() {
    let card = function(0);
    let mut memory = memory();
    let capabilities = Capabilities::typical().with_ecap(ECAP_DEVICE_IOTLB);
    put_context(&mut memory, card, ContextEntry::pass_through(4, Did(1)));
    let mut translated = Request::read(card, 0x7777_0000);
    assert_eq!(fault_of(&memory, capabilities, translated), None);
    translated.address_type = AddressType::Translated;
    assert_eq!(fault_of(&memory, capabilities, translated), Some(Fault::RequestTypeBlocked));
    let mut entry = ContextEntry::new(TREES[0][0], 3, Did(1));
    entry.low |= 1 << 2;
    put_context(&mut memory, card, entry);
    assert_eq!(fault_of(&memory, capabilities, translated), None);
    assert_eq!(fault_of(&memory, Capabilities::typical(), translated), Some(Fault::ContextInvalid));
}
