//! Whatever is written, asked and forgotten, an answer is from tables since the last invalidation that named it.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use sim_wasm::hypervisor::memory::Memory;
use sim_wasm::hypervisor::vtd::caches::{ContextScope, IotlbScope};
use sim_wasm::hypervisor::vtd::capabilities::{CAP_CM, Capabilities};
use sim_wasm::hypervisor::vtd::fault::Fault;
use sim_wasm::hypervisor::vtd::invalidation::{Descriptor, Drain};
use sim_wasm::hypervisor::vtd::structures::{ContextEntry, Did, address_of};
use sim_wasm::hypervisor::vtd::walk::{Direction, Request, behind_context, context_entry, translate};
use sim_wasm::words::ids::Mfn;

use crate::caches::{context_scopes, scopes};
use crate::world::{FRAMES, ROOT, TREES, function, memory, put, put_context, submit, unit};

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
}
