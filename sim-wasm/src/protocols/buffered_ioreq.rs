//! A page of small writes that need no answer, so that the guest need not wait for them (`struct buffered_iopage` in
//! `xen/include/public/hvm/ioreq.h`).
//!
//! ```text
//!   0      read_pointer u32       the device model's
//!   4      write_pointer u32      Xen's
//!   8      511 slots of 8 bytes:  type bits 7:0, padding 8, dir 9, size 11:10 (log2), addr 31:12, then data u32
//! ```
//!
//! A value of 8 bytes takes two slots, the second for its upper half. The pointers count on, and a slot is found by the
//! remainder by 511, which is no power of two: where `u32` ends, the sequence of slots would jump. Today's Xen brings both
//! pointers back below 511 in one atomic write before that can happen; 3.3 lets them run.
//!
//! Not modelled: the loop of compare-and-exchange that brings the pointers back while the device model reads.

use crate::hypervisor::page::{PAGE_SIZE, Page};
use crate::protocols::ioreq::{Direction, IoKind, IoReq};

/// Slots of the page, `IOREQ_BUFFER_SLOT_NUM`.
pub const BUFFER_SLOTS: u32 = 511;
/// The largest address that a slot has room for.
pub const LAST_ADDR: u64 = 0xF_FFFF;

const READ_POINTER: usize = 0;
const WRITE_POINTER: usize = 4;
const FIRST_SLOT: usize = 8;
const SLOT_SIZE: usize = 8;
const _: () = assert!(FIRST_SLOT + BUFFER_SLOTS as usize * SLOT_SIZE == PAGE_SIZE, "the slots fill the page");

const DIR_SHIFT: u32 = 9;
const SIZE_SHIFT: u32 = 10;
const ADDR_SHIFT: u32 = 12;

/// What came of an attempt to buffer a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buffered {
    /// It took so many slots.
    Taken {
        /// One or two.
        slots: u32,
    },
    /// It is none that can be buffered.
    Unsuited,
    /// There is no room: it goes the synchronous way.
    Full,
}

/// Why the device model stopped reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// There is nothing more.
    Empty,
    /// The lower half of an 8-byte value has no upper half.
    Torn,
}

/// How many slots wait for the device model.
#[must_use]
pub fn waiting(page: &Page) -> u32 {
    page.read_u32(WRITE_POINTER).wrapping_sub(page.read_u32(READ_POINTER))
}

/// Both pointers: how far the device model read, and how far Xen wrote.
#[must_use]
pub fn pointers(page: &Page) -> (u32, u32) {
    (page.read_u32(READ_POINTER), page.read_u32(WRITE_POINTER))
}

/// Puts a request into the page, if it can be there (`hvm_buffered_io_send`): one write, once, of 1, 2, 4 or 8 bytes, to an
/// address of 20 bits.
pub fn send(page: &mut Page, request: &IoReq) -> Buffered {
    let suited = request.direction == Direction::Write
        && request.addr <= LAST_ADDR
        && !request.data_is_ptr
        && request.count == 1
        && matches!(request.size, 1 | 2 | 4 | 8);
    if !suited {
        return Buffered::Unsuited;
    }
    let slots = if request.size == 8 { 2 } else { 1 };
    if waiting(page) > BUFFER_SLOTS - slots {
        return Buffered::Full;
    }
    let write = page.read_u32(WRITE_POINTER);
    let head = u32::from(request.kind)
        | u32::from(request.direction == Direction::Read) << DIR_SHIFT
        | request.size.ilog2() << SIZE_SHIFT
        | (request.addr as u32) << ADDR_SHIFT;
    for (index, data) in [request.data as u32, (request.data >> 32) as u32].into_iter().take(slots as usize).enumerate()
    {
        let slot = slot(write.wrapping_add(index as u32));
        page.write_u32(slot, head);
        page.write_u32(slot + 4, data);
    }
    page.write_u32(WRITE_POINTER, write.wrapping_add(slots));
    Buffered::Taken { slots }
}

/// Takes the next request out of the page (`__handle_buffered_iopage`).
pub fn take(page: &mut Page) -> Result<IoReq, Unread> {
    let read = page.read_u32(READ_POINTER);
    let slots = waiting(page);
    if slots == 0 {
        return Err(Unread::Empty);
    }
    let (head, mut data) = (page.read_u32(slot(read)), u64::from(page.read_u32(slot(read) + 4)));
    let size = 1 << (head >> SIZE_SHIFT & 3);
    let mut taken = 1;
    if size == 8 {
        if slots == 1 {
            return Err(Unread::Torn);
        }
        data |= u64::from(page.read_u32(slot(read.wrapping_add(1)) + 4)) << 32;
        taken = 2;
    }
    page.write_u32(READ_POINTER, read.wrapping_add(taken));
    let direction = if head >> DIR_SHIFT & 1 == 0 { Direction::Write } else { Direction::Read };
    let addr = u64::from(head >> ADDR_SHIFT);
    Ok(IoReq { addr, data, count: 1, size, direction, kind: head as u8, data_is_ptr: false, df: true })
}

/// Brings both pointers back below the number of slots, by the same multiple (`hvm_send_buffered_ioreq` of today's Xen).
pub fn bring_back(page: &mut Page) {
    let (read, write) = pointers(page);
    let whole = read / BUFFER_SLOTS * BUFFER_SLOTS;
    page.write_u32(READ_POINTER, read - whole);
    page.write_u32(WRITE_POINTER, write.wrapping_sub(whole));
}

/// A write of the guest's clock, the one request of 8 bytes that is buffered.
#[must_use]
pub const fn time_offset(seconds: u64) -> IoReq {
    let kind = IoKind::TimeOffset.number();
    IoReq {
        addr: 0,
        data: seconds,
        count: 1,
        size: 8,
        direction: Direction::Write,
        kind,
        data_is_ptr: false,
        df: false,
    }
}

const fn slot(pointer: u32) -> usize {
    FIRST_SLOT + (pointer % BUFFER_SLOTS) as usize * SLOT_SIZE
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;

    fn write(addr: u64, size: u32, data: u64) -> IoReq {
        IoReq::memory(addr, size, Direction::Write, data)
    }

    #[test]
    fn a_slot_has_the_header_s_bits() {
        let mut page = Page::zeroed();
        assert_eq!(send(&mut page, &write(0xA_1234, 2, 0x5566)), Buffered::Taken { slots: 1 });
        assert_eq!(page.read::<16>(0), [0, 0, 0, 0, 1, 0, 0, 0, 1, 0x44, 0x23, 0xA1, 0x66, 0x55, 0, 0]);
        assert_eq!(send(&mut page, &time_offset(0x1_0000_0002)), Buffered::Taken { slots: 2 });
        assert_eq!(pointers(&page), (0, 3));
        assert_eq!(
            take(&mut page).map(|request| (request.addr, request.size, request.data)),
            Ok((0xA_1234, 2, 0x5566))
        );
        assert_eq!(take(&mut page).map(|request| (request.size, request.data)), Ok((8, 0x1_0000_0002)));
        assert_eq!(take(&mut page), Err(Unread::Empty));
    }

    #[test]
    fn only_small_single_writes_are_buffered() {
        let read = IoReq { direction: Direction::Read, ..write(0, 4, 0) };
        let many = IoReq { count: 2, ..write(0, 4, 0) };
        let pointer = IoReq { data_is_ptr: true, ..write(0, 4, 0) };
        for unsuited in [read, many, pointer, write(LAST_ADDR + 1, 4, 0), write(0, 3, 0), write(0, 16, 0)] {
            assert_eq!(send(&mut Page::zeroed(), &unsuited), Buffered::Unsuited, "{unsuited:?}");
        }
        assert_eq!(send(&mut Page::zeroed(), &write(LAST_ADDR, 8, 0)), Buffered::Taken { slots: 2 });
    }

    #[test]
    fn a_full_page_takes_no_more() {
        let mut page = Page::zeroed();
        (0..510).for_each(|_| assert_eq!(send(&mut page, &write(0, 1, 0)), Buffered::Taken { slots: 1 }));
        assert_eq!(send(&mut page, &time_offset(1)), Buffered::Full);
        assert_eq!(send(&mut page, &write(0, 1, 0)), Buffered::Taken { slots: 1 });
        assert_eq!((send(&mut page, &write(0, 1, 0)), waiting(&page)), (Buffered::Full, 511));
    }

    #[test]
    fn half_a_value_is_torn() {
        let mut page = Page::zeroed();
        send(&mut page, &time_offset(1));
        page.write_u32(WRITE_POINTER, 1);
        assert_eq!((take(&mut page), pointers(&page)), (Err(Unread::Torn), (0, 1)));
    }

    /// 511 does not divide 2³², so where the pointers wrap, two that follow each other name slots that do not.
    #[test]
    fn only_pointers_that_are_brought_back_survive_the_wrap() {
        let jump = |pointer: u32| (slot(pointer), slot(pointer.wrapping_add(1)));
        assert_eq!(jump(u32::MAX - 1), (FIRST_SLOT + 30 * SLOT_SIZE, FIRST_SLOT + 31 * SLOT_SIZE));
        assert_eq!(jump(u32::MAX), (FIRST_SLOT + 31 * SLOT_SIZE, FIRST_SLOT));
        let mut page = Page::zeroed();
        page.write_u32(READ_POINTER, 511 * 3 + 7);
        page.write_u32(WRITE_POINTER, 511 * 4 + 2);
        bring_back(&mut page);
        assert_eq!((pointers(&page), waiting(&page)), ((7, 513), 506));
    }

    proptest! {
        /// Against a queue of plain values.
        #[test]
        fn what_is_taken_is_what_was_sent(steps in proptest::collection::vec((any::<bool>(), 0_u32..4, any::<u64>()), 0..2000)) {
            let mut page = Page::zeroed();
            let mut model = std::collections::VecDeque::new();
            for (sends, log, data) in steps {
                if sends {
                    let size = 1 << log;
                    let data = data & u64::MAX >> (64 - 8 * size);
                    let slots: u32 = model.iter().map(|(size, _)| if *size == 8 { 2 } else { 1 }).sum();
                    let room = slots + if size == 8 { 2 } else { 1 } <= BUFFER_SLOTS;
                    let sent = send(&mut page, &write(data & LAST_ADDR, size, data));
                    prop_assert_eq!(sent != Buffered::Full, room);
                    if room {
                        model.push_back((size, data));
                    }
                } else {
                    let taken = take(&mut page).map(|request| (request.size, request.data));
                    prop_assert_eq!(taken.ok(), model.pop_front());
                    bring_back(&mut page);
                }
            }
        }
    }
}
