//! The shared ring's page: four indexes and an array of slots that requests and responses share
//! (`xen/include/public/io/ring.h`).
//!
//! ```text
//!   0           4            8           12           16          64
//!   | req_prod  | req_event  | rsp_prod  | rsp_event  | padding   | slot 0 | slot 1 | …
//!     front       back         back        front
//! ```
//!
//! The names below the fields say who writes them. Each side has two more indexes of its own, which the other never sees:
//! [`FrontRing`](crate::protocols::front_ring::FrontRing) and [`BackRing`](crate::protocols::back_ring::BackRing). One
//! array carries both directions: a response takes the slot of a request that was consumed, and copied, before.
//!
//! Not modelled: rings of several pages, the later rings of bytes (`DEFINE_XEN_FLEX_RING`), and memory order, which is
//! [`notification_model`](crate::protocols::notification_model)'s subject.

use crate::hypervisor::page::{PAGE_SIZE, Page};

/// A field of the shared page that holds an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Shared {
    /// Requests are published up to here, exclusively. Written by the front.
    ReqProd = 0,
    /// The back wants to be notified when `req_prod` reaches this. Written by the back.
    ReqEvent = 4,
    /// Responses are published up to here, exclusively. Written by the back.
    RspProd = 8,
    /// The front wants to be notified when `rsp_prod` reaches this. Written by the front.
    RspEvent = 12,
}

impl Shared {
    /// The field's value.
    pub fn load(self, page: &Page) -> Index {
        Index(page.read_u32(self as usize))
    }

    /// Replaces the field's value.
    pub fn store(self, page: &mut Page, index: Index) {
        page.write_u32(self as usize, index.0);
    }
}

/// Where the padding begins: 48 bytes that nobody uses on a network ring.
const PADDING: usize = 16;
/// Where the slots begin.
pub const SLOTS: usize = 64;

/// A position in the endless sequence of requests and responses (`RING_IDX`).
///
/// Indexes run freely through all of `u32` and wrap; two of them are compared by their distance, never by size, and only
/// the access to a slot takes the low bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index(pub u32);

impl Index {
    /// The position `steps` further on.
    #[must_use]
    pub const fn plus(self, steps: u32) -> Index {
        Index(self.0.wrapping_add(steps))
    }

    /// How many steps lead from `earlier` to here.
    pub const fn since(self, earlier: Index) -> u32 {
        self.0.wrapping_sub(earlier.0)
    }

    /// The positions from here to `end`, exclusively.
    pub fn until(self, end: Index) -> impl ExactSizeIterator<Item = Index> + use<> {
        (0..end.since(self)).map(move |step| self.plus(step))
    }
}

/// How a ring's slots lie in its page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingLayout {
    entry_size: u16,
    entries: u16,
}

impl RingLayout {
    /// The layout that real drivers use: as many slots of `entry_size` bytes as fit, rounded down to a power of two
    /// (`__RING_SIZE`). An entry is as large as the larger of request and response.
    ///
    /// # Panics
    /// If not even one fits, or an entry has no bytes.
    pub const fn that_fits(entry_size: u16) -> RingLayout {
        let most = (PAGE_SIZE - SLOTS) as u16 / entry_size;
        assert!(most > 0, "an entry fits in a page");
        RingLayout { entry_size, entries: 1 << most.ilog2() }
    }

    /// A layout with fewer slots than would fit, for a ring that one can look at as a whole.
    ///
    /// # Panics
    /// If `entries` is no power of two, or they do not fit.
    pub const fn with_entries(entry_size: u16, entries: u16) -> RingLayout {
        assert!(entries.is_power_of_two() && entries <= RingLayout::that_fits(entry_size).entries, "a ring has a size");
        RingLayout { entry_size, entries }
    }

    /// Slots in the ring, a power of two.
    pub const fn entries(self) -> u32 {
        self.entries as u32
    }

    /// Bytes in a slot.
    pub const fn entry_size(self) -> u32 {
        self.entry_size as u32
    }

    /// The slot of a position.
    pub const fn slot(self, index: Index) -> u32 {
        index.0 & (self.entries() - 1)
    }

    /// Where the slot of a position begins in the page.
    pub const fn offset(self, index: Index) -> usize {
        SLOTS + self.slot(index) as usize * self.entry_size as usize
    }
}

/// Makes a page an empty ring whose first request will be at `base` (`SHARED_RING_INIT`, where `base` is 0). The slots
/// keep what the page held.
pub fn shared_ring_init(page: &mut Page, base: Index) {
    Shared::ReqProd.store(page, base);
    Shared::RspProd.store(page, base);
    Shared::ReqEvent.store(page, base.plus(1));
    Shared::RspEvent.store(page, base.plus(1));
    page.write(PADDING, &[0; SLOTS - PADDING]);
}

/// Whether a producer that moved from `old` to `new` owes a notification to a consumer that asked for `event`
/// (`RING_PUSH_REQUESTS_AND_CHECK_NOTIFY`). It does if `event` is one of the positions just passed: after `old`, up to
/// and including `new`.
pub const fn notify_due(old: Index, new: Index, event: Index) -> bool {
    new.since(event) < new.since(old)
}

#[cfg(test)]
mod tests {
    use super::{Index, RingLayout, SLOTS, Shared, notify_due, shared_ring_init};
    use crate::hypervisor::page::Page;
    use crate::words::rng::Rng;

    #[test]
    fn network_rings_have_256_slots() {
        assert_eq!(RingLayout::that_fits(12), RingLayout::with_entries(12, 256));
        assert_eq!(RingLayout::that_fits(8).entries(), 256);
        assert_eq!(RingLayout::that_fits(4032).entries(), 1);
        assert_eq!(RingLayout::that_fits(112).entries(), 32);
    }

    #[test]
    fn slots_repeat_across_the_wrap() {
        let layout = RingLayout::with_entries(12, 8);
        let slots: Vec<u32> = Index(u32::MAX - 1).until(Index(2)).map(|index| layout.slot(index)).collect();
        assert_eq!(slots, [6, 7, 0, 1]);
        assert_eq!(layout.offset(Index(9)), SLOTS + 12);
    }

    #[test]
    fn an_empty_ring_asks_for_its_first_entries() {
        let mut page = Page::zeroed();
        page.write(0, &[0xFF; 80]);
        shared_ring_init(&mut page, Index(u32::MAX));
        let fields = [Shared::ReqProd, Shared::ReqEvent, Shared::RspProd, Shared::RspEvent];
        assert_eq!(fields.map(|field| field.load(&page).0), [u32::MAX, 0, u32::MAX, 0]);
        assert_eq!(page.read::<48>(16), [0; 48]);
        assert_eq!(page.read::<16>(64), [0xFF; 16]);
    }

    /// The rule as the set that it stands for, by walking.
    fn passed(old: Index, new: Index, event: Index) -> bool {
        old.plus(1).until(new.plus(1)).any(|index| index == event)
    }

    #[test]
    fn a_notification_is_due_exactly_when_the_event_was_passed() {
        for base in [0, 5, u32::MAX - 20, u32::MAX / 2 - 20, u32::MAX - 41] {
            for (old, new) in (0..40).flat_map(|old| (old..40).map(move |new| (old, new))) {
                for event in 0..40 {
                    let [old, new, event] = [old, new, event].map(|step| Index(base).plus(step));
                    assert_eq!(notify_due(old, new, event), passed(old, new, event), "{old:?} {new:?} {event:?}");
                }
            }
        }
    }

    /// Five million drawn cases: a push of any length up to a whole ring, an event anywhere near or anywhere at all.
    /// `event` lies in `(old, new]` exactly if it is 1 to `new - old` steps after `old`; adding a constant to all three
    /// indexes changes nothing.
    #[test]
    fn the_rule_does_not_depend_on_where_the_indexes_are() {
        let mut rng = Rng::new(12);
        for _ in 0..5_000_000_u32 {
            let (draw, shift) = (rng.next_u64(), rng.next_u32());
            let old = Index((draw >> 32) as u32);
            let pushed = draw as u32 & 0x1FF;
            let ahead = if draw & 0x200 == 0 { draw as u32 >> 22 } else { shift ^ draw as u32 };
            let (new, event) = (old.plus(pushed), old.plus(ahead));
            let due = (1..=pushed).contains(&ahead);
            assert_eq!(notify_due(old, new, event), due);
            assert_eq!(notify_due(old.plus(shift), new.plus(shift), event.plus(shift)), due);
        }
    }
}
