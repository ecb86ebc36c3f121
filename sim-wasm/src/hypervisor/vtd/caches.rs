//! What a unit remembers: context entries by function, and translations by page, each tagged with a domain's number.
//!
//! Both are arrays of sets with four places each, so that a hit is one comparison of a word or a few. A set that is full
//! gives up its places in turn, so what is remembered depends on the requests alone and never on chance.
//!
//! A unit remembers only what it found present, unless its capability register says caching mode (CM); then it may
//! remember what blocked a request, too. Whatever is remembered stays so until software has it invalidated, whatever
//! becomes of the tables.
//!
//! Source: VT-d specification, "Caching translation information".
//!
//! Not modelled: paging-structure caches, which remember entries above the last, and the real sizes, which no document
//! states.

use alloc::vec;
use alloc::vec::Vec;

use crate::hypervisor::vtd::fault::Fault;
use crate::hypervisor::vtd::structures::{ContextEntry, Did, PAGE_SHIFT, page_mask};
use crate::hypervisor::vtd::walk::{Refusal, Translation};
use crate::words::ids::Bdf;

/// Places in a set.
const WAYS: usize = 4;

/// How large the caches are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheSizes {
    /// Sets of four context entries, as a power of two.
    pub context_order: u8,
    /// Sets of four translations, as a power of two.
    pub iotlb_order: u8,
}

impl Default for CacheSizes {
    /// 64 context entries and 256 translations.
    fn default() -> CacheSizes {
        CacheSizes { context_order: 4, iotlb_order: 6 }
    }
}

/// Which context entries to forget (the granularities of the register CCMD and of a queued descriptor).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContextScope {
    /// All.
    Global,
    /// Those of a domain.
    Domain(Did),
    /// Those of a domain and a function; `mask` leaves out one, two or three low bits of the function's number, from the
    /// third down.
    Device {
        /// The domain that the entry had when it was remembered: the old one.
        did: Did,
        /// The function.
        source: Bdf,
        /// 0 to 3.
        mask: u8,
    },
}

/// Which translations to forget (the granularities of the IOTLB register and of a queued descriptor).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IotlbScope {
    /// All.
    Global,
    /// Those of a domain.
    Domain(Did),
    /// Those of a domain that map any of `2^order` pages from `first` on, which is a multiple of as many.
    Pages {
        /// The domain.
        did: Did,
        /// The first page's number, address / 4096.
        first: u64,
        /// The number of pages, as a power of two.
        order: u8,
    },
}

/// What is remembered of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CachedContext {
    /// The function.
    pub source: Bdf,
    /// Its entry, or why it has none. The latter is tagged with number 0, which is why that is nobody's in caching mode.
    pub found: Result<ContextEntry, Refusal>,
}

impl CachedContext {
    /// What it is tagged with.
    #[must_use]
    pub fn did(self) -> Did {
        self.found.map_or(Did(0), ContextEntry::did)
    }
}

/// Remembered context entries.
#[derive(Clone, Debug)]
pub struct ContextCache {
    slots: Vec<Option<CachedContext>>,
    /// In each set, the place that is given up next.
    next: Vec<u8>,
}

impl ContextCache {
    /// An empty cache of `2^order` sets.
    #[must_use]
    pub fn new(order: u8) -> ContextCache {
        ContextCache { slots: vec![None; WAYS << order], next: vec![0; 1 << order] }
    }

    /// What is remembered of a function.
    #[inline]
    pub fn find(&self, source: Bdf) -> Option<&CachedContext> {
        let start = self.set_of(source) * WAYS;
        self.slots[start..start + WAYS].iter().flatten().find(|cached| cached.source == source)
    }

    /// Remembers, in place of what was remembered of this function.
    pub fn insert(&mut self, cached: CachedContext) {
        let set = self.set_of(cached.source);
        let ways = &mut self.slots[set * WAYS..][..WAYS];
        let same = ways.iter().position(|way| way.is_some_and(|other| other.source == cached.source));
        let place = same.or_else(|| ways.iter().position(Option::is_none)).unwrap_or_else(|| turn(&mut self.next[set]));
        ways[place] = Some(cached);
    }

    /// Forgets.
    pub fn invalidate(&mut self, scope: ContextScope) {
        for slot in &mut self.slots {
            if slot.is_some_and(|cached| is_in_context_scope(cached, scope)) {
                *slot = None;
            }
        }
    }

    /// Everything that is remembered.
    pub fn entries(&self) -> impl Iterator<Item = CachedContext> {
        self.slots.iter().flatten().copied()
    }

    #[inline]
    fn set_of(&self, source: Bdf) -> usize {
        usize::from(source.0 ^ source.0 >> 8) & (self.next.len() - 1)
    }
}

fn is_in_context_scope(cached: CachedContext, scope: ContextScope) -> bool {
    match scope {
        ContextScope::Global => true,
        ContextScope::Domain(did) => cached.did() == did,
        ContextScope::Device { did, source, mask } => {
            cached.did() == did && (cached.source.0 ^ source.0) & source_mask(mask) == 0
        }
    }
}

/// Which bits of a requester ID are compared when so many of its low function bits are left out (FM, and SQ of an interrupt
/// remapping entry): bit 2, bits 2:1, bits 2:0.
#[must_use]
pub const fn source_mask(mask: u8) -> u16 {
    match mask & 3 {
        0 => 0xFFFF,
        1 => 0xFFFB,
        2 => 0xFFF9,
        _ => 0xFFF8,
    }
}

/// One remembered translation: two words.
///
/// `tag`: bit 63 in use, 62:47 domain, 46:2 page number >> 9 × (level − 1), 1:0 level. `value`: bits 63:12 the frame, bits
/// 11:4 the code of the fault if it is one, bit 2 whether it is recorded, bits 1:0 what may pass.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    tag: u64,
    value: u64,
}

/// Bits of the largest address that any tables look up: 5 levels.
const WIDEST: u8 = 57;

const IN_USE: u64 = 1 << 63;
const RECORDED: u64 = 1 << 2;

/// A remembered translation, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CachedTranslation {
    /// The domain.
    pub did: Did,
    /// The first page's number.
    pub first: u64,
    /// How many pages it maps: 1, 512 or 512 × 512.
    pub pages: u64,
    /// Where the first page is in the machine, and what may pass; or why nothing may.
    pub found: Result<Translation, Refusal>,
}

/// Remembered translations.
#[derive(Clone, Debug)]
pub struct Iotlb {
    slots: Vec<Slot>,
    next: Vec<u8>,
    /// How many of the remembered translations map 2 MiB and how many 1 GiB: while there are none they are not looked for.
    large: [u32; 2],
}

impl Iotlb {
    /// An empty cache of `2^order` sets.
    #[must_use]
    pub fn new(order: u8) -> Iotlb {
        Iotlb { slots: vec![Slot::default(); WAYS << order], next: vec![0; 1 << order], large: [0; 2] }
    }

    /// What is remembered of a page of a domain.
    #[inline]
    pub fn find(&self, did: Did, address: u64) -> Option<Result<Translation, Refusal>> {
        if address >> WIDEST != 0 {
            return None;
        }
        self.find_at(did, address, 1).or_else(|| {
            let [medium, largest] = self.large;
            let medium = if medium > 0 { self.find_at(did, address, 2) } else { None };
            medium.or_else(|| if largest > 0 { self.find_at(did, address, 3) } else { None })
        })
    }

    #[inline]
    fn find_at(&self, did: Did, address: u64, level: u8) -> Option<Result<Translation, Refusal>> {
        let tag = tag_of(did, address, level);
        let start = self.set_of(tag) * WAYS;
        let slot = self.slots[start..start + WAYS].iter().find(|slot| slot.tag == tag)?;
        Some(taken_apart(slot.value, did, address, level))
    }

    /// Remembers what a walk found for an address; but not that the address is beyond the limit of the tables, which is no
    /// matter of the domain.
    pub fn insert(&mut self, did: Did, address: u64, found: Result<Translation, Refusal>) {
        if address >> WIDEST != 0 || found.is_err_and(|refusal| refusal.fault == Fault::AddressBeyondLimit) {
            return;
        }
        let (level, value) = match found {
            Ok(translation) => {
                let lets = u64::from(translation.readable) | u64::from(translation.writable) << 1;
                (translation.level, translation.address & !page_mask(translation.level) | lets)
            }
            Err(refusal) => (1, u64::from(refusal.fault.code()) << 4 | if refusal.recorded { RECORDED } else { 0 }),
        };
        let tag = tag_of(did, address, level);
        let set = self.set_of(tag);
        let ways = &mut self.slots[set * WAYS..][..WAYS];
        let same = ways.iter().position(|slot| slot.tag == tag);
        let free = same.or_else(|| ways.iter().position(|slot| slot.tag == 0));
        let place = free.unwrap_or_else(|| turn(&mut self.next[set]));
        let old = core::mem::replace(&mut ways[place], Slot { tag, value });
        self.count(old.tag, -1);
        self.count(tag, 1);
    }

    /// Forgets.
    pub fn invalidate(&mut self, scope: IotlbScope) {
        for place in 0..self.slots.len() {
            let tag = self.slots[place].tag;
            if tag != 0 && is_in_iotlb_scope(tag, scope) {
                self.slots[place] = Slot::default();
                self.count(tag, -1);
            }
        }
    }

    /// Everything that is remembered.
    pub fn entries(&self) -> impl Iterator<Item = CachedTranslation> {
        self.slots.iter().filter(|slot| slot.tag != 0).map(|slot| {
            let (did, first, level) = parts_of(slot.tag);
            let found = taken_apart(slot.value, did, first << PAGE_SHIFT, level);
            CachedTranslation { did, first, pages: (page_mask(level) + 1) >> PAGE_SHIFT, found }
        })
    }

    /// A translation of this tag is remembered now (1), or not any more (-1); tag 0, an empty place, is none.
    fn count(&mut self, tag: u64, change: i32) {
        if let level @ 2.. = tag & 3 {
            let count = &mut self.large[level as usize - 2];
            *count = count.wrapping_add_signed(change);
        }
    }

    #[inline]
    fn set_of(&self, tag: u64) -> usize {
        // Pages in a row lie in sets in a row; domains and sizes are spread.
        let spread = (tag >> 2) ^ (tag >> 11) ^ (tag >> 47).wrapping_mul(7) ^ (tag & 3).wrapping_mul(0x15);
        spread as usize & (self.next.len() - 1)
    }
}

/// The place that is given up now; the next one is next.
fn turn(next: &mut u8) -> usize {
    let place = usize::from(*next);
    *next = (*next + 1) % WAYS as u8;
    place
}

#[inline]
const fn tag_of(did: Did, address: u64, level: u8) -> u64 {
    let page = address >> (PAGE_SHIFT + 9 * (level - 1));
    IN_USE | (did.0 as u64) << 47 | (page & 0x1FFF_FFFF_FFFF) << 2 | level as u64
}

/// Domain, first page and level.
const fn parts_of(tag: u64) -> (Did, u64, u8) {
    let level = (tag & 3) as u8;
    (Did((tag >> 47) as u16), (tag >> 2 & 0x1FFF_FFFF_FFFF) << (9 * (level - 1)), level)
}

fn is_in_iotlb_scope(tag: u64, scope: IotlbScope) -> bool {
    let (owner, page, level) = parts_of(tag);
    match scope {
        IotlbScope::Global => true,
        IotlbScope::Domain(did) => owner == did,
        IotlbScope::Pages { did, first, order } => {
            let shift = order.max(9 * (level - 1)).min(63);
            owner == did && page >> shift == first >> shift
        }
    }
}

#[inline]
fn taken_apart(value: u64, did: Did, address: u64, level: u8) -> Result<Translation, Refusal> {
    if value & 3 == 0 {
        let fault = Fault::of_code((value >> 4) as u8).expect("only faults are remembered without permission");
        return Err(Refusal { fault, recorded: value & RECORDED != 0 });
    }
    let mask = page_mask(level);
    let (readable, writable) = (value & 1 != 0, value & 2 != 0);
    Ok(Translation { address: value & !mask | address & mask, level, readable, writable, did })
}
