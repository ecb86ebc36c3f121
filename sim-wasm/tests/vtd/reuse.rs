//! A page that was unmapped is somebody else's only when the unit has said that it forgot it.
//!
//! Software clears an entry, queues an invalidation and a wait descriptor, and goes on; the unit takes descriptors when it
//! will. Between the first and the last an old translation may be used or not. After the wait descriptor's word is there, never.

use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::Index;
use sim_wasm::hypervisor::memory::Memory;
use sim_wasm::hypervisor::vtd::caches::IotlbScope;
use sim_wasm::hypervisor::vtd::capabilities::{CAP_CM, Capabilities};
use sim_wasm::hypervisor::vtd::invalidation::{Descriptor, Drain, Wait};
use sim_wasm::hypervisor::vtd::structures::{Did, Pte, address_of};
use sim_wasm::hypervisor::vtd::unit::Unit;
use sim_wasm::hypervisor::vtd::walk::Request;
use sim_wasm::words::ids::{Bdf, Mfn};

use crate::world::{FRAMES, STATUS, TREES, function, memory, put, queue, unit};

/// Pages of a tree that are mapped and unmapped.
const PAGES: usize = 4;
/// Where in a frame a device writes.
const MARK: usize = 8;

#[derive(Clone, Debug)]
enum Act {
    /// A page leads nowhere from now on, and the unit is to forget it.
    Unmap { tree: usize, page: usize, scope: u8 },
    /// A page leads to a frame that is free, as far as software can know.
    Map { tree: usize, page: usize, frame: Index },
    /// A device writes, or only asks.
    Ask { number: u8, page: usize, writes: bool },
    /// The unit takes a descriptor.
    Take,
    /// What is under way arrives.
    Arrive,
}

fn acts() -> impl Strategy<Value = Act> {
    let place = || (0_usize..2, 0..PAGES);
    prop_oneof![
        3 => (place(), 0_u8..4).prop_map(|((tree, page), scope)| Act::Unmap { tree, page, scope }),
        4 => (place(), any::<Index>()).prop_map(|((tree, page), frame)| Act::Map { tree, page, frame }),
        8 => (0_u8..4, 0..PAGES, any::<bool>()).prop_map(|(number, page, writes)| Act::Ask { number, page, writes }),
        4 => proptest::strategy::Just(Act::Take),
        1 => proptest::strategy::Just(Act::Arrive),
    ]
}

/// What a page led to, and from when on it may still be what a unit answers from.
#[derive(Clone, Debug)]
struct Past {
    values: Vec<Option<Mfn>>,
    floor: usize,
}

impl Past {
    fn now(&self) -> Option<Mfn> {
        *self.values.last().expect("it was mapped in the beginning")
    }
}

/// An invalidation that was queued with a wait descriptor of this number.
struct Queued {
    number: u32,
    /// Pages that it names, and the value each had then.
    floors: Vec<(usize, usize, usize)>,
    /// The frame that nobody may have until it is done.
    frame: Option<Mfn>,
}

/// Software, which knows of the unit only what the wait descriptors write.
struct Software {
    drain: Drain,
    pages: [[Past; PAGES]; 2],
    free: Vec<Mfn>,
    queued: Vec<Queued>,
    numbers: u32,
}

/// What devices of a tree write through a page.
const fn mark(tree: usize, page: usize) -> u8 {
    (tree * PAGES + page + 1) as u8
}

impl Software {
    fn new(drain: Drain) -> Software {
        let page = |tree: usize, page: usize| Past { values: vec![Some(Mfn((16 + 4 * tree + page) as u32))], floor: 0 };
        let pages = [0, 1].map(|tree| [0, 1, 2, 3].map(|number| page(tree, number)));
        Software { drain, pages, free: (24..FRAMES).map(Mfn).collect(), queued: Vec::new(), numbers: 0 }
    }

    fn write_entry(&mut self, memory: &mut Memory, (tree, page): (usize, usize), to: Option<Mfn>) {
        put(memory, TREES[tree][2], page * 8, to.map_or(0, |frame| Pte::new(frame, 3).0));
        self.pages[tree][page].values.push(to);
    }

    /// Queues an invalidation that names a page at least, and a wait descriptor.
    fn flush(&mut self, unit: &mut Unit, memory: &mut Memory, (tree, page): (usize, usize), by: (u8, Option<Mfn>)) {
        let (scope, frame) = by;
        let did = Did(tree as u16 + 1);
        let pages = |order: u8| IotlbScope::Pages { did, first: page as u64 >> order << order, order };
        let scope = match scope {
            0 => pages(0),
            1 => pages(1),
            2 => IotlbScope::Domain(did),
            _ => IotlbScope::Global,
        };
        let mut floors = Vec::new();
        for (other, past) in self.pages.iter().enumerate() {
            for (number, past) in past.iter().enumerate() {
                let named = match scope {
                    IotlbScope::Global => true,
                    IotlbScope::Domain(_) => other == tree,
                    IotlbScope::Pages { first, order, .. } => other == tree && number as u64 >> order == first >> order,
                };
                if named {
                    floors.push((other, number, past.values.len() - 1));
                }
            }
        }
        self.numbers += 1;
        let wait = Wait { status: Some((address_of(STATUS), self.numbers)), interrupt: false };
        queue(unit, memory, &[Descriptor::Iotlb(scope, self.drain), Descriptor::Wait(wait)]);
        self.queued.push(Queued { number: self.numbers, floors, frame });
    }

    /// Looks at the word that wait descriptors write. What is done is done for good: frames are wiped and free.
    fn look(&mut self, memory: &mut Memory) {
        let done = memory.xen_page(STATUS).read_u32(0);
        for queued in self.queued.extract_if(.., |queued| queued.number <= done) {
            for (tree, page, floor) in queued.floors {
                let past = &mut self.pages[tree][page];
                past.floor = past.floor.max(floor);
            }
            if let Some(frame) = queued.frame {
                memory.xen_page_mut(frame).write_u8(MARK, 0);
                self.free.push(frame);
            }
        }
    }

    /// Where a page may lead as far as software can know.
    fn may_lead(&self, tree: usize, page: usize, caching: bool) -> Vec<Option<Mfn>> {
        let past = &self.pages[tree][page];
        let old = past.values[past.floor..].iter().copied().filter(|value| caching || value.is_some());
        old.chain([past.now()]).collect()
    }

    /// A frame that is free, or mapped, whose bytes are neither wiped nor its user's.
    fn spoiled(&self, memory: &Memory) -> Option<Mfn> {
        let mark_of = |frame: Mfn| memory.xen_page(frame).read_u8(MARK);
        let free = self.free.iter().copied().find(|frame| mark_of(*frame) != 0);
        let places = (0..2).flat_map(|tree| (0..PAGES).map(move |page| (tree, page)));
        let mut mapped = places.filter_map(|(tree, page)| Some((self.pages[tree][page].now()?, mark(tree, page))));
        free.or_else(|| mapped.find(|(frame, mark)| ![0, *mark].contains(&mark_of(*frame))).map(|(frame, _)| frame))
    }
}

fn source_of(number: u8) -> (Bdf, usize) {
    (function(number), usize::from(number / 2))
}

fn led_to(unit: &mut Unit, memory: &Memory, source: Bdf, page: usize) -> Option<Mfn> {
    let found = unit.translate(memory, Request::write(source, (page as u64) << 12));
    found.ok().map(|found| Mfn((found.address >> 12) as u32))
}

proptest! {
    /// Before the wait descriptor's word is there a request is answered from what its page led to at some time since the last
    /// word that vouches for it; after that, only from what came later. A frame that goes to somebody else after the word is
    /// never written through the page that it was before, not even by what was under way, if the invalidation drains.
    #[test]
    fn nobody_reaches_a_page_that_was_reused_after_the_wait(
        acts in vec(acts(), 1..100),
        drains in any::<bool>(),
        caching in any::<bool>(),
    ) {
        let mut capabilities = Capabilities::typical();
        if caching {
            capabilities = capabilities.with_cap(CAP_CM);
        }
        let mut memory = memory();
        let mut unit = unit(capabilities, &mut memory);
        let mut software = Software::new(if drains { Drain::ReadsAndWrites } else { Drain::Nothing });
        for act in acts {
            match act {
                Act::Unmap { tree, page, scope } => {
                    let frame = software.pages[tree][page].now();
                    if frame.is_some() {
                        software.write_entry(&mut memory, (tree, page), None);
                        software.flush(&mut unit, &mut memory, (tree, page), (scope, frame));
                    }
                }
                Act::Map { tree, page, frame } => {
                    if software.pages[tree][page].now().is_none() && !software.free.is_empty() {
                        let frame = software.free.swap_remove(frame.index(software.free.len()));
                        software.write_entry(&mut memory, (tree, page), Some(frame));
                        if caching {
                            // That there was nothing may be remembered.
                            software.flush(&mut unit, &mut memory, (tree, page), (0, None));
                        }
                    }
                }
                Act::Ask { number, page, writes } => {
                    let (source, tree) = source_of(number);
                    let allowed = software.may_lead(tree, page, caching);
                    let found = if writes {
                        let done = unit.post_write(&mut memory, source, (page << 12 | MARK) as u64, &[mark(tree, page)]);
                        done.frame
                    } else {
                        led_to(&mut unit, &memory, source, page)
                    };
                    prop_assert!(allowed.contains(&found), "{:?} not among {:?}", found, allowed);
                    let others = software.free.iter().copied().chain(
                        software.pages.iter().flatten().enumerate()
                            .filter(|(place, _)| *place != tree * PAGES + page)
                            .filter_map(|(_, past)| past.now()),
                    );
                    prop_assert!(found.is_none() || others.into_iter().all(|frame| Some(frame) != found));
                }
                Act::Take => {
                    unit.take_descriptor(&mut memory);
                    software.look(&mut memory);
                }
                Act::Arrive => unit.drain(&mut memory),
            }
            prop_assert!(!drains || software.spoiled(&memory).is_none(), "{:?}", software.spoiled(&memory));
        }
        // When all is taken, the last word is there, and the unit says what the tables say.
        while unit.take_descriptor(&mut memory).is_some() {}
        software.look(&mut memory);
        prop_assert!(software.queued.is_empty());
        prop_assert_eq!(memory.xen_page(STATUS).read_u32(0), software.numbers);
        for number in 0..4 {
            let (source, tree) = source_of(number);
            for page in 0..PAGES {
                prop_assert_eq!(led_to(&mut unit, &memory, source, page), software.pages[tree][page].now());
            }
        }
        unit.drain(&mut memory);
        prop_assert!(!drains || software.spoiled(&memory).is_none());
    }
}

/// Each of the three parts is needed: the invalidation, its wait, and, for what is under way, that it drains.
#[test]
fn a_page_that_is_reused_too_early_is_written_by_its_former_user() {
    // How many descriptors the unit has taken when the frame changes hands, whether it drains, and who is harmed.
    let cases = [
        (0, Drain::ReadsAndWrites, [true, true]),
        (1, Drain::ReadsAndWrites, [false, false]),
        (1, Drain::Nothing, [false, true]),
        (2, Drain::ReadsAndWrites, [false, false]),
        (2, Drain::Nothing, [false, true]),
    ];
    for (taken, drain, harmed) in cases {
        let found = [false, true].map(|under_way| {
            let mut memory = memory();
            let mut unit = unit(Capabilities::typical(), &mut memory);
            let mut software = Software::new(drain);
            let frame = software.pages[0][1].now().expect("it is mapped");
            assert_eq!(led_to(&mut unit, &memory, function(0), 1), Some(frame), "the unit remembers it now");
            let write = |unit: &mut Unit, memory: &mut Memory| {
                unit.post_write(memory, function(0), (1 << 12 | MARK) as u64, &[mark(0, 1)]);
            };
            if under_way {
                write(&mut unit, &mut memory);
            }
            software.write_entry(&mut memory, (0, 1), None);
            software.flush(&mut unit, &mut memory, (0, 1), (0, Some(frame)));
            for _ in 0..taken {
                assert!(unit.take_descriptor(&mut memory).is_some());
            }
            assert_eq!(memory.xen_page(STATUS).read_u32(0), u32::from(taken == 2), "software knows when both are done");
            // Wiped, and somebody else's.
            memory.xen_page_mut(frame).write_u8(MARK, 0);
            if !under_way {
                write(&mut unit, &mut memory);
            }
            unit.drain(&mut memory);
            memory.xen_page(frame).read_u8(MARK) != 0
        });
        assert_eq!(found, harmed, "{taken} taken, {drain:?}");
    }
}
