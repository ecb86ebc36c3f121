//! The machine's memory: frames with an owner, a type and two counts of references, as in Xen's `struct page_info`.
//!
//! The general count says how many reasons there are to keep the frame: one for being allocated, one for each grant that
//! pins it. A frame whose count falls to zero is free. The type says what the frame is for while anybody relies on that:
//! a frame that is a page table may be read by its owner and never written, so a frame changes its type only while its
//! type count is zero (`xen/arch/x86/mm.c`, `get_page`, `get_page_type`).

use crate::hypervisor::page::{PAGE_SIZE, Page};
use crate::words::ids::{DomId, Mfn};

/// Whose frame it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Nobody's: on the free list.
    Nobody,
    /// The hypervisor's, lent to a domain that may write it or to no domain (`share_xen_page_with_guest`).
    Xen(Option<DomId>),
    /// A domain's own.
    Domain(DomId),
}

/// What a frame is relied on to be (`PGT_*` in `xen/arch/x86/include/asm/mm.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageType {
    /// Nothing in particular.
    None,
    /// Somebody has it mapped for writing. A shared ring is just this.
    Writable,
    /// Part of a paravirtual guest's page tables: only Xen writes it, after looking at what is written.
    PageTable,
}

/// Why an access was refused; the guest sees a fault (`-EFAULT`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessError {
    /// The frame, or the part of it, does not exist.
    NoSuchMemory,
    /// The frame is somebody else's.
    NotYours,
    /// The frame may be read only.
    ReadOnly,
}

/// One frame and what Xen knows about it.
#[derive(Clone, Debug)]
struct Frame {
    page: Page,
    owner: Owner,
    page_type: PageType,
    /// Whether one of the references is that of being allocated (`PGC_allocated`).
    allocated: bool,
    references: u32,
    type_references: u32,
}

/// All frames of the machine.
///
/// Frame 0 is always Xen's, so that no guest owns the frame that a zeroed grant entry names.
#[derive(Clone, Debug)]
pub struct Memory {
    frames: Vec<Frame>,
    /// Free frames; the next one to go is last.
    free: Vec<Mfn>,
}

impl Memory {
    /// A machine with so many frames, frame 0 Xen's and the rest free.
    pub fn new(frames: u32) -> Memory {
        let nobody = Frame {
            page: Page::zeroed(),
            owner: Owner::Nobody,
            page_type: PageType::None,
            allocated: false,
            references: 0,
            type_references: 0,
        };
        let mut memory = Memory { frames: vec![nobody; frames as usize], free: (0..frames).rev().map(Mfn).collect() };
        memory.alloc(Owner::Xen(None));
        memory
    }

    /// Takes the lowest frame that was never used, or the one freed last; nothing if memory is full.
    ///
    /// The frame is zeroed and has one reference, that of being allocated. A frame that Xen lends out is writable from
    /// the start and stays so.
    pub fn alloc(&mut self, owner: Owner) -> Option<Mfn> {
        assert!(owner != Owner::Nobody, "a frame is allocated for somebody");
        let mfn = self.free.pop()?;
        let frame = self.frame_mut(mfn);
        frame.page.clear();
        frame.owner = owner;
        frame.allocated = true;
        frame.references = 1;
        if let Owner::Xen(Some(_)) = owner {
            frame.page_type = PageType::Writable;
            frame.type_references = 1;
        }
        Some(mfn)
    }

    /// Gives a domain's frame back, once: drops the reference of being allocated. The domain loses sight of the frame at
    /// once, but while grants still pin it the frame keeps its owner and its bytes, and becomes free with the last pin.
    pub fn release(&mut self, domain: DomId, mfn: Mfn) -> Result<(), AccessError> {
        let frame = self.get_mut(mfn)?;
        if frame.owner != Owner::Domain(domain) || !frame.allocated {
            return Err(AccessError::NotYours);
        }
        frame.allocated = false;
        self.put_page(mfn);
        Ok(())
    }

    /// Takes a general reference to a frame that `owner` owns.
    pub fn get_page(&mut self, mfn: Mfn, owner: DomId) -> Result<(), AccessError> {
        if self.owner(mfn)? != Owner::Domain(owner) {
            return Err(AccessError::NotYours);
        }
        self.frame_mut(mfn).references += 1;
        Ok(())
    }

    /// Drops a general reference. With the last one the frame is free.
    ///
    /// # Panics
    /// If nobody holds a reference, or the last one goes while the type is still relied on.
    pub fn put_page(&mut self, mfn: Mfn) {
        let frame = self.frame_mut(mfn);
        assert!(frame.references > 0, "a frame without references has none to drop");
        frame.references -= 1;
        if frame.references == 0 {
            assert!(frame.type_references == 0, "a type reference is held together with a general one");
            frame.owner = Owner::Nobody;
            frame.page_type = PageType::None;
            self.free.push(mfn);
        }
    }

    /// Relies on a frame, to which a general reference is held, being of a type. Answers false, and changes nothing,
    /// while others rely on its being of another.
    pub fn get_page_type(&mut self, mfn: Mfn, page_type: PageType) -> bool {
        let frame = self.frame_mut(mfn);
        assert!(frame.references > 0, "a type reference is held together with a general one");
        if frame.type_references > 0 && frame.page_type != page_type {
            return false;
        }
        frame.page_type = page_type;
        frame.type_references += 1;
        true
    }

    /// Stops relying on a frame's type.
    ///
    /// # Panics
    /// If nobody relied on it.
    pub fn put_page_type(&mut self, mfn: Mfn) {
        let frame = self.frame_mut(mfn);
        assert!(frame.type_references > 0, "a frame without type references has none to drop");
        frame.type_references -= 1;
    }

    /// The page as its owner reads it.
    pub fn page(&self, domain: DomId, mfn: Mfn) -> Result<&Page, AccessError> {
        let frame = self.get(mfn)?;
        match frame.owner {
            Owner::Domain(owner) | Owner::Xen(Some(owner)) if owner == domain && frame.allocated => Ok(&frame.page),
            Owner::Nobody | Owner::Xen(_) | Owner::Domain(_) => Err(AccessError::NotYours),
        }
    }

    /// The page as its owner writes it: not while it is a page table.
    pub fn page_mut(&mut self, domain: DomId, mfn: Mfn) -> Result<&mut Page, AccessError> {
        self.page(domain, mfn)?;
        let frame = self.frame_mut(mfn);
        if frame.page_type == PageType::PageTable && frame.type_references > 0 {
            return Err(AccessError::ReadOnly);
        }
        Ok(&mut frame.page)
    }

    /// Reads bytes that may lie anywhere in the domain's frame, or reach beyond its end.
    pub fn read(&self, domain: DomId, mfn: Mfn, offset: u32, bytes: &mut [u8]) -> Result<(), AccessError> {
        let page = self.page(domain, mfn)?;
        check_bounds(offset, bytes)?;
        bytes.copy_from_slice(&page.bytes()[offset as usize..][..bytes.len()]);
        Ok(())
    }

    /// Writes bytes that may lie anywhere in the domain's frame, or reach beyond its end.
    pub fn write(&mut self, domain: DomId, mfn: Mfn, offset: u32, bytes: &[u8]) -> Result<(), AccessError> {
        let page = self.page_mut(domain, mfn)?;
        check_bounds(offset, bytes)?;
        page.write(offset as usize, bytes);
        Ok(())
    }

    /// The page as Xen itself sees it, whoever owns it.
    ///
    /// # Panics
    /// If the frame does not exist: Xen only follows frame numbers that it has checked.
    pub fn xen_page(&self, mfn: Mfn) -> &Page {
        &self.frame(mfn).page
    }

    /// The page as Xen itself writes it, whoever owns it.
    ///
    /// # Panics
    /// If the frame does not exist: Xen only follows frame numbers that it has checked.
    pub fn xen_page_mut(&mut self, mfn: Mfn) -> &mut Page {
        &mut self.frame_mut(mfn).page
    }

    /// Whose a frame is.
    pub fn owner(&self, mfn: Mfn) -> Result<Owner, AccessError> {
        self.get(mfn).map(|frame| frame.owner)
    }

    /// What a frame was last relied on to be, and by how many.
    pub fn page_type(&self, mfn: Mfn) -> Result<(PageType, u32), AccessError> {
        self.get(mfn).map(|frame| (frame.page_type, frame.type_references))
    }

    /// How many general references keep a frame.
    pub fn references(&self, mfn: Mfn) -> Result<u32, AccessError> {
        self.get(mfn).map(|frame| frame.references)
    }

    /// How many frames are free.
    pub fn free_frames(&self) -> u32 {
        self.free.len() as u32
    }

    fn get(&self, mfn: Mfn) -> Result<&Frame, AccessError> {
        self.frames.get(mfn.0 as usize).ok_or(AccessError::NoSuchMemory)
    }

    fn get_mut(&mut self, mfn: Mfn) -> Result<&mut Frame, AccessError> {
        self.frames.get_mut(mfn.0 as usize).ok_or(AccessError::NoSuchMemory)
    }

    fn frame(&self, mfn: Mfn) -> &Frame {
        self.get(mfn).expect("Xen's own frame numbers name frames of the machine")
    }

    fn frame_mut(&mut self, mfn: Mfn) -> &mut Frame {
        self.get_mut(mfn).expect("Xen's own frame numbers name frames of the machine")
    }
}

fn check_bounds(offset: u32, bytes: &[u8]) -> Result<(), AccessError> {
    let fits = PAGE_SIZE.checked_sub(offset as usize).is_some_and(|room| bytes.len() <= room);
    if fits { Ok(()) } else { Err(AccessError::NoSuchMemory) }
}

#[cfg(test)]
mod tests {
    use super::{AccessError, Memory, Owner, PageType};
    use crate::words::ids::{DomId, Mfn};

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
}
