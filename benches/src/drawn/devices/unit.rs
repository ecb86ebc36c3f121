//! A remapping unit by itself: tables that lead somewhere most of the time, requests, invalidations in either way, faults that
//! are cleared or not, and interrupts.

use sim::actors::log::Log;
use sim::actors::remapping::{dma_read, dma_write};
use sim::hypervisor::memory::{Memory, Owner};
use sim::hypervisor::message::Message;
use sim::hypervisor::vtd::caches::{CacheSizes, ContextScope, IotlbScope};
use sim::hypervisor::vtd::capabilities::{
    CAP_2M, CAP_CM, CAP_POSTING, CAP_PSI, Capabilities, ECAP_DEVICE_IOTLB, ECAP_SNOOP,
};
use sim::hypervisor::vtd::fault_records::Collapse;
use sim::hypervisor::vtd::interrupts::{InterruptEntry, SourceCheck, remappable};
use sim::hypervisor::vtd::invalidation::{Descriptor, Drain, EntryRange, Wait};
use sim::hypervisor::vtd::registers as reg;
use sim::hypervisor::vtd::structures::{ContextEntry, Did, Pte, RootEntry, address_of};
use sim::hypervisor::vtd::unit::Unit;
use sim::hypervisor::vtd::walk::{AddressType, Direction, Request};
use sim::words::hash::Fnv1a;
use sim::words::ids::{Bdf, Mfn};
use sim::words::time::Time;

use crate::drawn::Draw;
use crate::drawn::devices::{DeviceRun, take_in};

const FRAMES: u32 = 32;
const ROOT: Mfn = Mfn(1);
const CONTEXTS: Mfn = Mfn(2);
const QUEUE: Mfn = Mfn(3);
const STATUS: Mfn = Mfn(4);
const INTERRUPTS: Mfn = Mfn(5);
/// Two trees of four tables each; a unit of three levels is given the second table.
const TREES: [[Mfn; 4]; 2] = [[Mfn(6), Mfn(7), Mfn(8), Mfn(9)], [Mfn(10), Mfn(11), Mfn(12), Mfn(13)]];
/// The first frame that is no table; a posted interrupt's descriptors are in it.
const FIRST_PAGE: u32 = 14;

/// A bit of a context entry's upper half that must be zero.
const RESERVED: u64 = 1 << 40;

struct World {
    memory: Memory,
    unit: Unit,
    log: Log,
    now: Time,
    hash: Fnv1a,
}

pub(super) fn run(draw: &mut Draw) -> DeviceRun {
    let mut world = World::new(draw);
    for _ in 0..40 + draw.below(80) {
        world.now += draw.nanos(50_000);
        world.act(draw);
    }
    world.end()
}

impl World {
    fn new(draw: &mut Draw) -> World {
        let mut memory = Memory::new(FRAMES);
        while memory.alloc(Owner::Xen(None)).is_some() {}
        let capabilities = draw.capabilities();
        let sizes = CacheSizes { context_order: draw.below(3) as u8, iotlb_order: draw.below(4) as u8 };
        let collapse = draw.one_of(&[Collapse::SameFunction, Collapse::Never]);
        let mut unit = Unit::new(capabilities, sizes).with_collapse(collapse);
        memory.xen_page_mut(ROOT).write_u64(0, RootEntry::new(CONTEXTS).low);
        for (number, tree) in TREES.into_iter().enumerate() {
            for pair in tree.windows(2) {
                memory.xen_page_mut(pair[0]).write_u64(0, Pte::new(pair[1], 3).0);
            }
            for page in 0..8_u32 {
                let bits = if draw.once_in(4) { u64::from(draw.below(4)) } else { 3 };
                let frame = Mfn(FIRST_PAGE + draw.below(FRAMES - FIRST_PAGE));
                memory.xen_page_mut(tree[3]).write_u64(page as usize * 8, Pte::new(frame, bits).0);
            }
            for function in 0..4_u8 {
                let levels = if draw.once_in(3) { 3 } else { 4 };
                let mut entry = ContextEntry::new(tree[usize::from(4 - levels)], levels, Did(number as u16 + 1));
                entry.high |= if draw.once_in(10) { RESERVED } else { 0 };
                put_context(&mut memory, Bdf::new(0, number as u8, function), entry);
            }
        }
        for index in 0..16_u16 {
            draw.interrupt_entry(capabilities).write(memory.xen_page_mut(INTERRUPTS), usize::from(index) * 16);
        }
        unit.write_u64(&mut memory, reg::RTADDR, address_of(ROOT));
        unit.write_u64(&mut memory, reg::IQA, address_of(QUEUE));
        unit.write_u64(&mut memory, reg::IRTA, address_of(INTERRUPTS) | 7);
        unit.write_u64(&mut memory, reg::FEADDR, 0xFEE0_1000);
        unit.write_u32(&mut memory, reg::FEDATA, 0x55);
        unit.write_u32(&mut memory, reg::FECTL, if draw.once_in(4) { reg::EVENT_MASKED } else { 0 });
        let queue = if draw.once_in(3) { 0 } else { reg::GCMD_QIE };
        let remaps = if draw.once_in(3) { 0 } else { reg::GCMD_IRE };
        let old = if draw.once_in(3) { reg::GCMD_CFI } else { 0 };
        unit.write_u32(&mut memory, reg::GCMD, reg::GCMD_SRTP | queue);
        unit.write_u32(&mut memory, reg::GCMD, reg::GCMD_SIRTP | queue);
        unit.write_u32(&mut memory, reg::GCMD, reg::GCMD_TE | queue | remaps | old);
        World { memory, unit, log: Log::new(), now: Time::ZERO, hash: Fnv1a::new() }
    }

    fn act(&mut self, draw: &mut Draw) {
        let World { memory, unit, log, now, hash } = self;
        match draw.below(12) {
            0 | 1 => {
                let (frame, at, value) = draw.entry();
                memory.xen_page_mut(frame).write_u64(at, value);
            }
            2..=4 => {
                let (source, address) = (draw.source(), draw.address());
                let bytes: Vec<u8> = (0..draw.below(40)).map(|_| draw.rng.next_u32() as u8).collect();
                take_in(hash, &dma_write(log, *now, unit, memory, (source, address), &bytes));
            }
            5 | 6 => {
                let (source, address) = (draw.source(), draw.address());
                let mut bytes = vec![0; draw.below(40) as usize];
                take_in(hash, &dma_read(log, *now, unit, memory, (source, address), &mut bytes));
                hash.write(&bytes);
            }
            7 => {
                let direction = draw.one_of(&[Direction::Read, Direction::Write]);
                let address_type = draw.one_of(&[AddressType::Untranslated, AddressType::Translated]);
                let request = Request { source: draw.source(), address: draw.address(), direction, address_type };
                take_in(hash, &unit.translate(memory, request));
            }
            8 => self.invalidate(draw),
            9 => {
                let message = draw.message();
                let written = message.data.to_le_bytes();
                let source = draw.source();
                take_in(hash, &dma_write(log, *now, unit, memory, (source, message.address), &written));
            }
            10 => {
                // A record is cleared, then what stands in the status, or only one of them.
                let records = unit.capabilities().fault_records_at() + 8;
                let number = draw.below(u32::from(unit.capabilities().fault_records())) as u16;
                unit.write_u64(memory, records + number * reg::FRCD_SIZE, reg::FRCD_F);
                if draw.once_in(2) {
                    unit.write_u32(memory, reg::FSTS, reg::FSTS_PFO | reg::FSTS_IQE);
                }
            }
            _ => {
                let masked = if draw.once_in(3) { reg::EVENT_MASKED } else { 0 };
                unit.write_u32(memory, reg::FECTL, masked);
                let found = unit.take_messages();
                take_in(hash, &found);
            }
        }
    }

    fn invalidate(&mut self, draw: &mut Draw) {
        let World { memory, unit, hash, .. } = self;
        if unit.read_u32(reg::GSTS) & reg::GCMD_QIE == 0 {
            let (granularity, did) = (1 + u64::from(draw.below(3)), u64::from(draw.below(3)));
            if draw.once_in(2) {
                let source = u64::from(draw.source().0) << 16;
                let word = reg::CCMD_ICC | granularity << reg::CCMD_REQUEST_SHIFT | source | did;
                unit.write_u64(memory, reg::CCMD, word);
            } else {
                let iotlb = unit.capabilities().iotlb_registers_at() + 8;
                unit.write_u64(memory, iotlb - 8, u64::from(draw.below(8)) << 12);
                let word = reg::IOTLB_IVT | granularity << reg::IOTLB_REQUEST_SHIFT | did << 32;
                unit.write_u64(memory, iotlb, word);
            }
            return;
        }
        let tail = unit.read_u64(reg::IQT);
        let [low, high] = if draw.once_in(12) { [draw.rng.next_u64(), 0] } else { draw.descriptor().encode() };
        let page = memory.xen_page_mut(QUEUE);
        page.write_u64(tail as usize, low);
        page.write_u64(tail as usize + 8, high);
        unit.write_u64(memory, reg::IQT, (tail + 16) % 0x1000);
        while let Some(taken) = unit.take_descriptor(memory) {
            take_in(hash, &taken);
        }
    }

    fn end(mut self) -> DeviceRun {
        for frame in (0..FRAMES).map(Mfn) {
            self.hash.write(self.memory.xen_page(frame).bytes());
        }
        take_in(&mut self.hash, &self.unit);
        DeviceRun { log: self.log, state: self.hash.finish() }
    }
}

fn put_context(memory: &mut Memory, source: Bdf, entry: ContextEntry) {
    let (page, at) = (memory.xen_page_mut(CONTEXTS), usize::from(source.devfn()) * 16);
    page.write_u64(at, entry.low);
    page.write_u64(at + 8, entry.high);
}

impl Draw {
    fn capabilities(&mut self) -> Capabilities {
        let mut capabilities = Capabilities::typical().with_fault_records(1 + self.below(4) as u8);
        for bit in [CAP_CM, CAP_POSTING] {
            if self.once_in(3) {
                capabilities = capabilities.with_cap(bit);
            }
        }
        for bit in [CAP_PSI, CAP_2M] {
            if self.once_in(4) {
                capabilities = capabilities.without_cap(bit);
            }
        }
        for bit in [ECAP_SNOOP, ECAP_DEVICE_IOTLB] {
            if self.once_in(3) {
                capabilities = capabilities.with_ecap(bit);
            }
        }
        capabilities
    }

    /// One of the functions that have an entry, or another one.
    fn source(&mut self) -> Bdf {
        let bus = if self.once_in(10) { 1 } else { 0 };
        Bdf::new(bus, self.below(3) as u8, self.below(5) as u8)
    }

    /// Among the first pages, where tables lead somewhere, or anywhere.
    fn address(&mut self) -> u64 {
        match self.below(10) {
            0 => self.rng.next_u64() >> self.below(40),
            1 => u64::from(self.below(1 << 30)),
            _ => u64::from(self.below(9 << 12)),
        }
    }

    /// Where an entry is to be, and what.
    fn entry(&mut self) -> (Mfn, usize, u64) {
        let tree = self.one_of(&TREES);
        let to = Mfn(self.below(FRAMES + 4));
        match self.below(9) {
            0 => (ROOT, 8 * self.below(4) as usize, self.one_of(&[RootEntry::new(CONTEXTS).low, 0, 1 << 1])),
            1 | 2 => {
                let at = usize::from(self.source().devfn()) * 16;
                let levels = 3 + self.below(3) as u8;
                let entry = ContextEntry::new(tree[0], levels, Did(self.below(4) as u16));
                let type_bits = u64::from(self.below(4)) << 2;
                let bits = if self.once_in(3) { type_bits | u64::from(self.below(2)) << 1 } else { 0 };
                if self.once_in(2) { (CONTEXTS, at, entry.low | bits) } else { (CONTEXTS, at + 8, entry.high) }
            }
            3 => {
                let large = Pte::new(Mfn(512 * self.below(2)), 3).0 | 1 << 7;
                let entry = self.one_of(&[Pte::new(tree[3], 3).0, large, Pte::new(tree[3], 1).0, 0]);
                (tree[2], 0, entry)
            }
            4 => (tree[3], 8 * self.below(9) as usize, self.rng.next_u64()),
            _ => (tree[3], 8 * self.below(9) as usize, Pte::new(to, u64::from(self.below(4))).0),
        }
    }

    fn descriptor(&mut self) -> Descriptor {
        let did = Did(self.below(4) as u16);
        let drain = self.one_of(&[Drain::Nothing, Drain::ReadsAndWrites]);
        match self.below(9) {
            0 => Descriptor::Context(ContextScope::Global),
            1 => Descriptor::Context(ContextScope::Domain(did)),
            2 => {
                let (source, mask) = (self.source(), self.below(4) as u8);
                Descriptor::Context(ContextScope::Device { did, source, mask })
            }
            3 => Descriptor::Iotlb(IotlbScope::Global, drain),
            4 => Descriptor::Iotlb(IotlbScope::Domain(did), drain),
            5 => {
                let order = self.below(11) as u8;
                let first = u64::from(self.below(9)) >> order << order;
                Descriptor::Iotlb(IotlbScope::Pages { did, first, order }, drain)
            }
            6 => Descriptor::DeviceIotlb { source: self.source() },
            7 => {
                let range = EntryRange { first: self.below(16) as u16, order: self.below(5) as u8 };
                Descriptor::InterruptEntries((!self.once_in(3)).then_some(range))
            }
            _ => {
                let status = Some((address_of(STATUS), self.rng.next_u32()));
                Descriptor::Wait(Wait { status, interrupt: self.once_in(2) })
            }
        }
    }

    fn interrupt_entry(&mut self, capabilities: Capabilities) -> InterruptEntry {
        let (vector, processor) = (self.rng.next_u32() as u8, self.below(8) as u8);
        let check = match self.below(3) {
            0 => SourceCheck::Anybody,
            1 => SourceCheck::Function(self.source(), self.below(4) as u8),
            _ => SourceCheck::Buses(0, self.below(2) as u8),
        };
        match self.below(5) {
            0 => InterruptEntry::default(),
            1 if capabilities.has(CAP_POSTING) || self.once_in(3) => {
                InterruptEntry::posted(vector, address_of(Mfn(FIRST_PAGE)) + 64 * u64::from(self.below(4)), check)
            }
            2 if self.once_in(2) => InterruptEntry { low: self.rng.next_u64(), high: self.rng.next_u64() },
            _ => InterruptEntry::remapped(vector, processor, check),
        }
    }

    fn message(&mut self) -> Message {
        match self.below(5) {
            0 => Message { address: 0xFEE0_0000 | u64::from(self.below(1 << 20)), data: self.rng.next_u32() },
            1 => Message { address: 0xFEE0_0000 | u64::from(self.below(8)) << 12, data: self.below(0x1000) },
            _ => remappable(self.below(18) as u16),
        }
    }
}
