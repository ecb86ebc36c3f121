//! Frames: whose they are, what they are relied on to be, and when they are free.

use proptest::prelude::{Just, any, prop_oneof};
use proptest::{prop_assert_eq, proptest};
use sim_wasm::hypervisor::memory::{AccessError, Memory, Owner, PageType};
use sim_wasm::hypervisor::page::{PAGE_SIZE, ZEROS};
use sim_wasm::words::ids::{DomId, Mfn};

const ALICE: DomId = DomId(1);
const BOB: DomId = DomId(2);

fn memory_with_one_frame() -> (Memory, Mfn) {
    let mut memory = Memory::new(4);
    let mfn = memory.alloc(Owner::Domain(ALICE)).expect("three frames are free");
    (memory, mfn)
}

#[test]
fn frames_run_out_and_come_back_zeroed() {
    let (mut memory, mfn) = memory_with_one_frame();
    assert_eq!(mfn, Mfn(1));
    memory.write(ALICE, mfn, 0, &[7]).expect("the owner may write");
    assert!(memory.alloc(Owner::Xen(None)).is_some() && memory.alloc(Owner::Xen(None)).is_some());
    assert_eq!(memory.alloc(Owner::Domain(BOB)), None);
    memory.release(ALICE, mfn).expect("the owner may release");
    assert_eq!(memory.alloc(Owner::Domain(BOB)), Some(mfn));
    assert_eq!(memory.page(BOB, mfn).map(|page| page.read_u8(0)), Ok(0));
}

#[test]
fn only_the_owner_comes_in() {
    let (mut memory, mfn) = memory_with_one_frame();
    assert_eq!(memory.write(BOB, mfn, 0, &[1]), Err(AccessError::NotYours));
    assert_eq!(memory.read(ALICE, Mfn(0), 0, &mut [0]), Err(AccessError::NotYours));
    assert_eq!(memory.read(ALICE, Mfn(4), 0, &mut [0]), Err(AccessError::NoSuchMemory));
    assert_eq!(memory.release(BOB, mfn), Err(AccessError::NotYours));
    assert_eq!(memory.get_page(mfn, BOB), Err(AccessError::NotYours));
    let lent = memory.alloc(Owner::Xen(Some(BOB))).expect("two frames are free");
    assert_eq!(memory.write(BOB, lent, 0, &[1]), Ok(()));
    assert_eq!(memory.release(BOB, lent), Err(AccessError::NotYours));
    assert!(!memory.get_page_type(lent, PageType::PageTable));
}

#[test]
fn bytes_stay_inside_the_frame() {
    let (mut memory, mfn) = memory_with_one_frame();
    assert_eq!(memory.write(ALICE, mfn, 4095, &[1]), Ok(()));
    assert_eq!(memory.write(ALICE, mfn, 4096, &[]), Ok(()));
    assert_eq!(memory.write(ALICE, mfn, 4095, &[1, 2]), Err(AccessError::NoSuchMemory));
    assert_eq!(memory.read(ALICE, mfn, u32::MAX, &mut [0]), Err(AccessError::NoSuchMemory));
}

#[test]
fn a_page_table_is_not_written() {
    let (mut memory, mfn) = memory_with_one_frame();
    assert!(memory.get_page_type(mfn, PageType::PageTable));
    assert_eq!(memory.write(ALICE, mfn, 0, &[1]), Err(AccessError::ReadOnly));
    assert!(!memory.get_page_type(mfn, PageType::Writable));
    assert_eq!(memory.page_type(mfn), Ok((PageType::PageTable, 1)));
    memory.put_page_type(mfn);
    assert_eq!(memory.write(ALICE, mfn, 0, &[1]), Ok(()));
}

#[test]
fn a_pinned_frame_outlives_its_release() {
    let (mut memory, mfn) = memory_with_one_frame();
    memory.get_page(mfn, ALICE).expect("the owner is right");
    memory.release(ALICE, mfn).expect("the owner may release");
    assert_eq!(memory.release(ALICE, mfn), Err(AccessError::NotYours));
    assert_eq!(memory.read(ALICE, mfn, 0, &mut [0]), Err(AccessError::NotYours));
    assert_eq!((memory.references(mfn), memory.free_frames()), (Ok(1), 2));
    memory.put_page(mfn);
    assert_eq!((memory.owner(mfn), memory.free_frames()), (Ok(Owner::Nobody), 3));
}

/// Reading makes no bytes, writing does, and neither changes what another copy of the machine sees.
#[test]
fn a_frame_that_nobody_wrote_is_the_page_of_zeros() {
    let (mut memory, mfn) = memory_with_one_frame();
    assert!(std::ptr::eq(memory.xen_page(mfn), &raw const ZEROS));
    assert_eq!(memory.page(ALICE, mfn).map(|page| page.read_u64(8)), Ok(0));
    assert!(std::ptr::eq(memory.xen_page(mfn), &raw const ZEROS), "nobody wrote yet");
    let before = memory.clone();
    memory.write(ALICE, mfn, 8, &[1]).expect("the owner may write");
    assert_eq!((memory.xen_page(mfn).read_u8(8), before.xen_page(mfn).read_u8(8)), (1, 0));
}

#[test]
fn a_machine_has_no_more_frames_than_it_has() {
    let mut memory = Memory::new(3);
    assert_eq!((memory.owner(Mfn(2)), memory.owner(Mfn(3))), (Ok(Owner::Nobody), Err(AccessError::NoSuchMemory)));
    assert_eq!(memory.get_page(Mfn(2), ALICE), Err(AccessError::NotYours));
    assert_eq!(memory.release(ALICE, Mfn(3)), Err(AccessError::NoSuchMemory));
    assert_eq!(memory.free_frames(), 2);
    let taken = [(); 3].map(|()| memory.alloc(Owner::Domain(ALICE)));
    assert_eq!(taken, [Some(Mfn(1)), Some(Mfn(2)), None]);
    memory.release_all(ALICE);
    assert_eq!((memory.free_frames(), memory.references(Mfn(1))), (2, Ok(0)));
}

#[test]
fn what_xen_lent_it_takes_back() {
    let mut memory = Memory::new(3);
    let lent = memory.alloc(Owner::Xen(Some(BOB))).expect("two frames are free");
    memory.write(BOB, lent, 0, &[9]).expect("what is lent may be written");
    memory.reclaim(lent);
    assert_eq!(memory.write(BOB, lent, 0, &[9]), Err(AccessError::NotYours));
    assert_eq!((memory.owner(lent), memory.alloc(Owner::Domain(ALICE))), (Ok(Owner::Nobody), Some(lent)));
    assert_eq!(memory.xen_page(lent).read_u8(0), 0);
}

proptest! {
    /// A copy does what a copy of the whole page beforehand would have done, also from a frame to itself and from one that
    /// nobody wrote.
    #[test]
    fn bytes_are_copied(
        frames in (1_u32..4, 1_u32..4),
        offsets in (0_u16..100, 0_u16..100),
        len in prop_oneof![0_u16..100, Just(PAGE_SIZE as u16 - 100)],
        salts in any::<[u8; 2]>(),
    ) {
        let mut memory = Memory::new(4);
        for salt in salts {
            let mfn = memory.alloc(Owner::Domain(ALICE)).expect("three frames are free");
            let bytes: Vec<u8> = (0..PAGE_SIZE).map(|at| (at as u8).wrapping_mul(salt | 1)).collect();
            prop_assert_eq!(memory.write(ALICE, mfn, 0, &bytes), Ok(()));
        }
        memory.alloc(Owner::Domain(ALICE)).expect("one frame is free");
        let (source, dest) = (Mfn(frames.0), Mfn(frames.1));
        let from = *memory.xen_page(source).bytes();
        let mut expect = *memory.xen_page(dest).bytes();
        let moved = &from[usize::from(offsets.0)..][..usize::from(len)];
        expect[usize::from(offsets.1)..][..usize::from(len)].copy_from_slice(moved);
        memory.xen_copy((source, offsets.0), (dest, offsets.1), len);
        prop_assert_eq!(memory.xen_page(dest).bytes(), &expect);
    }
}
