//! The remapping unit by itself: the order of faults, what is remembered and forgotten, the queue, the records, interrupts.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sim_wasm::hypervisor::memory::{Memory, Owner};
use sim_wasm::hypervisor::message::{Message, is_for_interrupts};
use sim_wasm::hypervisor::vtd::caches::{CacheSizes, ContextScope, IotlbScope};
use sim_wasm::hypervisor::vtd::capabilities::{
    CAP_2M, CAP_CM, CAP_POSTING, CAP_PSI, Capabilities, ECAP_DEVICE_IOTLB, ECAP_SNOOP,
};
use sim_wasm::hypervisor::vtd::fault::Fault;
use sim_wasm::hypervisor::vtd::fault_records::Collapse;
use sim_wasm::hypervisor::vtd::interrupts::{
    Arrival, IRTE_FPD, Interrupt, InterruptEntry, MSI_REMAPPABLE, MSI_SUBHANDLE, PI_CONTROL, PI_DESTINATION, PI_ON,
    PI_SN, PI_VECTOR, SourceCheck, index_of, remappable, take_posted,
};
use sim_wasm::hypervisor::vtd::invalidation::{Descriptor, Drain, EntryRange, Wait};
use sim_wasm::hypervisor::vtd::registers as reg;
use sim_wasm::hypervisor::vtd::structures::{ContextEntry, Did, Pte, RootEntry, address_of};
use sim_wasm::hypervisor::vtd::unit::Unit;
use sim_wasm::hypervisor::vtd::walk::{AddressType, Direction, Request, behind_context, context_entry, translate};
use sim_wasm::hypervisor::vtd::write_requests::Ending;
use sim_wasm::words::ids::{Bdf, Mfn};

const ROOT: Mfn = Mfn(1);
const CONTEXTS: Mfn = Mfn(2);
const QUEUE: Mfn = Mfn(3);
const STATUS: Mfn = Mfn(4);
const IRT: Mfn = Mfn(5);
/// Two trees of three tables each.
const TREES: [[Mfn; 3]; 2] = [[Mfn(6), Mfn(7), Mfn(8)], [Mfn(9), Mfn(10), Mfn(11)]];
const FRAMES: u32 = 32;
/// No memory is there.
const NOWHERE: u64 = 0x1_0000_0000;

/// Functions 0 to 3 of device 5 on bus 0.
fn function(number: u8) -> Bdf {
    Bdf::new(0, 5, number)
}

fn put(memory: &mut Memory, frame: Mfn, offset: usize, value: u64) {
    memory.xen_page_mut(frame).write_u64(offset, value);
}

fn put_context(memory: &mut Memory, source: Bdf, entry: ContextEntry) {
    entry.write(memory.xen_page_mut(CONTEXTS), source.devfn());
}

/// Each tree maps its page 0 to frame 16 + 4 × tree, page 1 to the next, and so on, all for reading and writing; functions 0
/// and 1 have the first, functions 2 and 3 the second.
fn memory() -> Memory {
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

fn unit(capabilities: Capabilities, memory: &mut Memory) -> Unit {
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
fn submit(unit: &mut Unit, memory: &mut Memory, descriptors: &[Descriptor]) {
    let mut tail = unit.read_u64(reg::IQT);
    for descriptor in descriptors {
        let [low, high] = descriptor.encode();
        put(memory, QUEUE, tail as usize, low);
        put(memory, QUEUE, tail as usize + 8, high);
        tail = (tail + 16) % 0x1000;
    }
    unit.write_u64(memory, reg::IQT, tail);
    while unit.take_descriptor(memory).is_some() {}
}

fn fault_of(memory: &Memory, capabilities: Capabilities, request: Request) -> Option<Fault> {
    translate(memory, capabilities, address_of(ROOT), request).err().map(|refusal| refusal.fault)
}

// ---------------------------------------------------------------------------------------------------------------------------
// The walk

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

// ---------------------------------------------------------------------------------------------------------------------------
// Caches

#[derive(Clone, Debug)]
enum Act {
    /// An entry of a tree's table at a level (0 the uppermost) becomes this.
    Write {
        tree: usize,
        level: usize,
        index: usize,
        entry: u64,
    },
    /// A function gets a tree, or none.
    Attach {
        number: u8,
        tree: Option<usize>,
        silent: bool,
    },
    Ask {
        number: u8,
        page: u64,
        direction: Direction,
    },
    ForgetContexts(ContextScope),
    Forget(IotlbScope),
}

fn entries() -> impl Strategy<Value = u64> {
    let frame = prop_oneof![4 => 6_u32..FRAMES, 1 => Just(0x10_0000_u32)];
    let bits = prop_oneof![4 => 0_u64..4, 1 => Just(0x83_u64), 1 => Just(1_u64 << 62 | 3)];
    (frame, bits).prop_map(|(frame, bits)| if bits == 0x83 { 0x83 } else { address_of(Mfn(frame)) | bits })
}

fn scopes() -> impl Strategy<Value = IotlbScope> {
    prop_oneof![
        Just(IotlbScope::Global),
        (1_u16..3).prop_map(|did| IotlbScope::Domain(Did(did))),
        (1_u16..3, 0_u64..4, 0_u8..2).prop_map(|(did, page, order)| IotlbScope::Pages {
            did: Did(did),
            first: page >> order << order,
            order
        }),
    ]
}

fn context_scopes() -> impl Strategy<Value = ContextScope> {
    prop_oneof![
        Just(ContextScope::Global),
        (0_u16..3).prop_map(|did| ContextScope::Domain(Did(did))),
        (0_u16..3, 0_u8..4, 0_u8..4).prop_map(|(did, number, mask)| ContextScope::Device {
            did: Did(did),
            source: function(number),
            mask
        }),
    ]
}

fn directions() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::Read), Just(Direction::Write)]
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => (0_usize..2, 0_usize..3, 0_usize..4, entries())
            .prop_map(|(tree, level, index, entry)| Act::Write { tree, level, index, entry }),
        1 => (0_u8..4, proptest::option::of(0_usize..2), any::<bool>())
            .prop_map(|(number, tree, silent)| Act::Attach { number, tree, silent }),
        8 => (0_u8..4, 0_u64..4, directions())
            .prop_map(|(number, page, direction)| Act::Ask { number, page, direction }),
        1 => context_scopes().prop_map(Act::ForgetContexts),
        2 => scopes().prop_map(Act::Forget),
    ]
}

/// From when on, by number in the history, memory may be what an answer is from.
struct Floors {
    contexts: [usize; 4],
    pages: [[usize; 4]; 3],
}

impl Floors {
    fn raise_contexts(&mut self, history: &[Memory], capabilities: Capabilities, scope: ContextScope) {
        let now = history.len() - 1;
        for number in 0..4_u8 {
            let (did, exact) = match scope {
                ContextScope::Global => (None, true),
                ContextScope::Domain(did) => (Some(did), true),
                ContextScope::Device { did, source, mask } => {
                    let kept = [7, 3, 1, 0][usize::from(mask)];
                    (Some(did), (source.function() ^ number) & kept == 0)
                }
            };
            // What may be remembered with another number than is named stays.
            let floor = self.contexts[usize::from(number)];
            let tags = history[floor..].iter().map(|memory| {
                context_entry(memory, capabilities, address_of(ROOT), function(number))
                    .map_or(Did(0), ContextEntry::did)
            });
            let all = did.is_none_or(|did| tags.into_iter().all(|tag| tag == did));
            if exact && all {
                self.contexts[usize::from(number)] = now;
            }
        }
    }

    fn raise_pages(&mut self, now: usize, scope: IotlbScope) {
        for (did, pages) in self.pages.iter_mut().enumerate() {
            for (page, floor) in pages.iter_mut().enumerate() {
                let named = match scope {
                    IotlbScope::Global => true,
                    IotlbScope::Domain(Did(named)) => usize::from(named) == did,
                    IotlbScope::Pages { did: Did(named), first, order } => {
                        usize::from(named) == did && page as u64 >> order == first >> order
                    }
                };
                if named {
                    *floor = now;
                }
            }
        }
    }
}

type Answer = Result<u64, Fault>;

/// Every answer that memory, as it was at some time since it was last forgotten, gives to a request.
fn answers(history: &[Memory], floors: &Floors, capabilities: Capabilities, request: Request) -> Vec<(Answer, bool)> {
    let now = history.len() - 1;
    let caching = capabilities.has(CAP_CM);
    let mut answers = Vec::new();
    for i in floors.contexts[usize::from(request.source.function())]..=now {
        let context = match context_entry(&history[i], capabilities, address_of(ROOT), request.source) {
            Ok(context) => context,
            Err(refusal) => {
                if i == now || caching {
                    answers.push((Err(refusal.fault), refusal.recorded));
                }
                continue;
            }
        };
        let page = (request.address >> 12) as usize;
        let floor = floors.pages[usize::from(context.did().0)][page];
        for (j, memory) in history.iter().enumerate().skip(floor) {
            let ask = |direction| behind_context(memory, capabilities, context, Request { direction, ..request });
            let present = ask(Direction::Read).is_ok() || ask(Direction::Write).is_ok();
            if j == now || caching || present {
                answers.push(match ask(request.direction) {
                    Ok(found) => (Ok(found.address), false),
                    Err(refusal) => (Err(refusal.fault), refusal.recorded),
                });
            }
        }
    }
    answers
}

proptest! {
    /// What a unit answers is what its tables say now, or said at some time since the last invalidation that names the
    /// function or the page; and whatever is remembered, a request is allowed what every entry on one such way allows.
    #[test]
    fn answers_are_from_tables_since_the_last_invalidation(
        acts in vec(acts(), 1..80),
        caching in any::<bool>(),
    ) {
        let mut capabilities = Capabilities::typical();
        if caching {
            capabilities = capabilities.with_cap(CAP_CM);
        }
        let mut memory = memory();
        let mut unit = unit(capabilities, &mut memory);
        let mut history = vec![memory.clone()];
        let mut floors = Floors { contexts: [0; 4], pages: [[0; 4]; 3] };
        for act in acts {
            match act {
                Act::Write { tree, level, index, entry } => {
                    put(&mut memory, TREES[tree][level], index * 8, entry);
                    history.push(memory.clone());
                }
                Act::Attach { number, tree, silent } => {
                    let mut entry = tree.map_or(ContextEntry::default(), |tree| {
                        ContextEntry::new(TREES[tree][0], 3, Did(tree as u16 + 1))
                    });
                    entry.low |= u64::from(silent) << 1;
                    put_context(&mut memory, function(number), entry);
                    history.push(memory.clone());
                }
                Act::Ask { number, page, direction } => {
                    let request = Request { direction, ..Request::read(function(number), page << 12 | 0x123) };
                    let before = unit.counts();
                    let found = unit.translate(&memory, request);
                    let answer = match found {
                        Ok(found) => (Ok(found.address), false),
                        Err(refusal) => (Err(refusal.fault), refusal.recorded),
                    };
                    let allowed = answers(&history, &floors, capabilities, request);
                    prop_assert!(allowed.contains(&answer), "{:?} not among {:?}", answer, allowed);
                    let after = unit.counts();
                    let noted = after.recorded + after.lost + after.collapsed
                        - before.recorded - before.lost - before.collapsed;
                    prop_assert_eq!(noted, u64::from(answer.1), "a fault is written down at most once, if it is to be");
                }
                Act::ForgetContexts(scope) => {
                    floors.raise_contexts(&history, capabilities, scope);
                    submit(&mut unit, &mut memory, &[Descriptor::Context(scope)]);
                }
                Act::Forget(scope) => {
                    floors.raise_pages(history.len() - 1, scope);
                    submit(&mut unit, &mut memory, &[Descriptor::Iotlb(scope, Drain::Nothing)]);
                }
            }
        }
        // When all is forgotten the unit says what the tables say.
        submit(&mut unit, &mut memory, &[
            Descriptor::Context(ContextScope::Global),
            Descriptor::Iotlb(IotlbScope::Global, Drain::Nothing),
        ]);
        prop_assert_eq!(unit.contexts().entries().count() + unit.iotlb().entries().count(), 0);
        for number in 0..4 {
            for page in 0..4 {
                for direction in [Direction::Read, Direction::Write] {
                    let request = Request { direction, ..Request::read(function(number), page << 12) };
                    let plain = translate(&memory, capabilities, address_of(ROOT), request);
                    let first = unit.translate(&memory, request);
                    prop_assert_eq!(first.map(|found| found.address), plain.map(|found| found.address));
                    let again = unit.translate(&memory, request);
                    prop_assert_eq!(first, again, "hit and miss say the same");
                }
            }
        }
    }

    /// Forgetting what is one domain's leaves what is another's.
    #[test]
    fn a_domain_s_invalidation_leaves_the_other_s_entries(pages in vec((0_u8..4, 0_u64..4), 1..12), scope in scopes()) {
        let mut memory = memory();
        let mut unit = unit(Capabilities::typical(), &mut memory);
        for (number, page) in pages {
            let found = unit.translate(&memory, Request::read(function(number), page << 12));
            prop_assert!(found.is_ok());
        }
        let named = match scope {
            IotlbScope::Global => return Ok(()),
            IotlbScope::Domain(did) | IotlbScope::Pages { did, .. } => did,
        };
        let others = |unit: &Unit| unit.iotlb().entries().filter(|entry| entry.did != named).collect::<Vec<_>>();
        let before = others(&unit);
        submit(&mut unit, &mut memory, &[Descriptor::Iotlb(scope, Drain::Nothing)]);
        prop_assert_eq!(others(&unit), before);
        if let IotlbScope::Pages { did, first, order } = scope {
            let left = unit.iotlb().entries().any(|entry| entry.did == did && entry.first >> order == first >> order);
            prop_assert!(!left);
        }
    }

    /// Forgetting context entries leaves those that were not named, and none that was.
    #[test]
    fn an_invalidation_of_context_entries_forgets_those_it_names(numbers in vec(0_u8..4, 1..8), scope in context_scopes()) {
        let mut memory = memory();
        let mut unit = unit(Capabilities::typical(), &mut memory);
        for number in numbers {
            prop_assert!(unit.translate(&memory, Request::read(function(number), 0)).is_ok());
        }
        let named = |source: Bdf, tag: Did| match scope {
            ContextScope::Global => true,
            ContextScope::Domain(did) => tag == did,
            ContextScope::Device { did, source: other, mask } => {
                let kept = [7, 3, 1, 0][usize::from(mask)];
                tag == did && (source.function() ^ other.function()) & kept == 0
            }
        };
        let before: Vec<_> = unit.contexts().entries().filter(|entry| !named(entry.source, entry.did())).collect();
        submit(&mut unit, &mut memory, &[Descriptor::Context(scope)]);
        prop_assert_eq!(unit.contexts().entries().collect::<Vec<_>>(), before);
    }

    /// Bounded caches, however many pages are asked for.
    #[test]
    fn remembering_one_thing_more_forgets_another(pages in vec(0_u64..512, 1..200)) {
        let mut memory = memory();
        for page in 0..512 {
            put(&mut memory, TREES[0][2], page as usize * 8, Pte::new(Mfn(16 + page % 8), 3).0);
        }
        let mut unit = unit(Capabilities::typical(), &mut memory);
        for page in pages {
            let found = unit.translate(&memory, Request::read(function(0), page << 12)).expect("it is mapped");
            prop_assert_eq!(found.address, address_of(Mfn(16 + page as u32 % 8)));
            prop_assert!(unit.iotlb().entries().count() <= 16);
        }
    }

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
fn a_cleared_entry_stops_nothing_until_it_is_forgotten() {
    let mut memory = memory();
    let mut unit = unit(Capabilities::typical(), &mut memory);
    let card = function(0);
    let write = |unit: &mut Unit, memory: &mut Memory, byte| unit.dma_write(memory, card, 0x1000, &[byte]).ending;
    assert_eq!(write(&mut unit, &mut memory, 1), Ending::Done);
    put(&mut memory, TREES[0][2], 8, 0);
    assert_eq!(write(&mut unit, &mut memory, 2), Ending::Done);
    assert_eq!(memory.xen_page(Mfn(17)).read_u8(0), 2);
    let wait = Descriptor::Wait(Wait { status: Some((address_of(STATUS), 7)), interrupt: false });
    let pages = IotlbScope::Pages { did: Did(1), first: 1, order: 0 };
    submit(&mut unit, &mut memory, &[Descriptor::Iotlb(pages, Drain::ReadsAndWrites), wait]);
    assert_eq!(memory.xen_page(STATUS).read_u32(0), 7);
    assert_eq!(write(&mut unit, &mut memory, 3), Ending::Blocked(Fault::WriteDenied));
    assert_eq!(memory.xen_page(Mfn(17)).read_u8(0), 2);
}

#[test]
fn a_write_under_way_arrives_before_an_invalidation_that_drains_is_done() {
    for drain in [Drain::Nothing, Drain::ReadsAndWrites] {
        let mut memory = memory();
        let mut unit = unit(Capabilities::typical(), &mut memory);
        assert!(unit.post_write(&mut memory, function(0), 0xFFE, &[1, 2, 3, 4]).is_done());
        assert_eq!(unit.under_way().len(), 2, "one request for each page");
        submit(&mut unit, &mut memory, &[Descriptor::Iotlb(IotlbScope::Domain(Did(1)), drain)]);
        let left = unit.under_way().len();
        assert_eq!((drain, left), if left == 0 { (Drain::ReadsAndWrites, 0) } else { (Drain::Nothing, 2) });
        assert_eq!(memory.xen_page(Mfn(17)).read_u16(0) == 0x0403, left == 0);
    }
}

#[test]
fn a_unit_in_caching_mode_remembers_that_nothing_was_there() {
    for (capabilities, expect) in [
        (Capabilities::typical(), Ending::Done),
        (Capabilities::typical().with_cap(CAP_CM), Ending::Blocked(Fault::WriteDenied)),
    ] {
        let mut memory = memory();
        let mut unit = unit(capabilities, &mut memory);
        put(&mut memory, TREES[0][2], 0, 0);
        assert_eq!(unit.dma_write(&mut memory, function(0), 0, &[1]).ending, Ending::Blocked(Fault::WriteDenied));
        put(&mut memory, TREES[0][2], 0, Pte::new(Mfn(16), 3).0);
        assert_eq!(unit.dma_write(&mut memory, function(0), 0, &[1]).ending, expect);
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

// ---------------------------------------------------------------------------------------------------------------------------
// Fault records

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

// ---------------------------------------------------------------------------------------------------------------------------
// Interrupts

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
