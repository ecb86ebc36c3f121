//! Memory with tables for four functions, and a unit before it.

use sim_wasm::hypervisor::memory::{Memory, Owner};
use sim_wasm::hypervisor::vtd::caches::CacheSizes;
use sim_wasm::hypervisor::vtd::capabilities::Capabilities;
use sim_wasm::hypervisor::vtd::fault::Fault;
use sim_wasm::hypervisor::vtd::invalidation::Descriptor;
use sim_wasm::hypervisor::vtd::registers as reg;
use sim_wasm::hypervisor::vtd::structures::{ContextEntry, Did, Pte, RootEntry, address_of};
use sim_wasm::hypervisor::vtd::unit::Unit;
use sim_wasm::hypervisor::vtd::walk::{Request, translate};
use sim_wasm::words::ids::{Bdf, Mfn};

pub(crate) const ROOT: Mfn = Mfn(1);
pub(crate) const CONTEXTS: Mfn = Mfn(2);
pub(crate) const QUEUE: Mfn = Mfn(3);
pub(crate) const STATUS: Mfn = Mfn(4);
pub(crate) const IRT: Mfn = Mfn(5);
/// Two trees of three tables each.
pub(crate) const TREES: [[Mfn; 3]; 2] = [[Mfn(6), Mfn(7), Mfn(8)], [Mfn(9), Mfn(10), Mfn(11)]];
pub(crate) const FRAMES: u32 = 32;
/// No memory is there.
pub(crate) const NOWHERE: u64 = 0x1_0000_0000;

/// Functions 0 to 3 of device 5 on bus 0.
pub(crate) fn function(number: u8) -> Bdf {
    Bdf::new(0, 5, number)
}

pub(crate) fn put(memory: &mut Memory, frame: Mfn, offset: usize, value: u64) {
    memory.xen_page_mut(frame).write_u64(offset, value);
}

pub(crate) fn put_context(memory: &mut Memory, source: Bdf, entry: ContextEntry) {
    entry.write(memory.xen_page_mut(CONTEXTS), source.devfn());
}

/// Each tree maps its page 0 to frame 16 + 4 × tree, page 1 to the next, and so on, all for reading and writing; functions 0
/// and 1 have the first, functions 2 and 3 the second.
pub(crate) fn memory() -> Memory {
    let mut memory = Memory::new(FRAMES);
    while memory.alloc(Owner::Xen(None)).is_some() {}
    RootEntry::new(CONTEXTS).write(memory.xen_page_mut(ROOT), 0);
    for (tree, [top, middle, bottom]) in TREES.into_iter().enumerate() {
        put(&mut memory, top, 0, Pte::new(middle, 3).0);
        put(&mut memory, middle, 0, Pte::new(bottom, 3).0);
        for page in 0..4 {
            put(&mut memory, bottom, page * 8, Pte::new(Mfn((16 + 4 * tree + page) as u32), 3).0);
        }
        for number in 0..2 {
            let entry = ContextEntry::new(top, 3, Did(tree as u16 + 1));
            put_context(&mut memory, function(tree as u8 * 2 + number), entry);
        }
    }
    memory
}

pub(crate) fn unit(capabilities: Capabilities, memory: &mut Memory) -> Unit {
    let mut unit = Unit::new(capabilities, CacheSizes { context_order: 1, iotlb_order: 2 });
    unit.write_u64(memory, reg::RTADDR, address_of(ROOT));
    unit.write_u64(memory, reg::IQA, address_of(QUEUE));
    unit.write_u64(memory, reg::FEADDR, 0xFEE0_1000);
    unit.write_u32(memory, reg::FEDATA, 0x55);
    unit.write_u32(memory, reg::FECTL, 0);
    unit.write_u32(memory, reg::GCMD, reg::GCMD_SRTP | reg::GCMD_QIE);
    unit.write_u32(memory, reg::GCMD, reg::GCMD_TE | reg::GCMD_QIE);
    unit
}

/// Puts descriptors into the queue and lets the unit take all that it will.
pub(crate) fn submit(unit: &mut Unit, memory: &mut Memory, descriptors: &[Descriptor]) {
    queue(unit, memory, descriptors);
    while unit.take_descriptor(memory).is_some() {}
}

/// Puts descriptors into the queue, and the unit takes none yet.
pub(crate) fn queue(unit: &mut Unit, memory: &mut Memory, descriptors: &[Descriptor]) {
    let mut tail = unit.read_u64(reg::IQT);
    for descriptor in descriptors {
        let [low, high] = descriptor.encode();
        put(memory, QUEUE, tail as usize, low);
        put(memory, QUEUE, tail as usize + 8, high);
        tail = (tail + 16) % 0x1000;
    }
    unit.write_u64(memory, reg::IQT, tail);
}

pub(crate) fn fault_of(memory: &Memory, capabilities: Capabilities, request: Request) -> Option<Fault> {
    translate(memory, capabilities, address_of(ROOT), request).err().map(|refusal| refusal.fault)
}
