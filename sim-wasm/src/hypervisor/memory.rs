//! The machine's memory: frames with an owner, a type and two counts of references, as in Xen's `struct page_info`.
//!
//! The general count says how many reasons there are to keep the frame: one for being allocated, one for each grant that
//! pins it. A frame whose count falls to zero is free. The type says what the frame is for while anybody relies on that:
//! a frame that is a page table may be read by its owner and never written, so a frame changes its type only while its
//! type count is zero (`xen/arch/x86/mm.c`, `get_page`, `get_page_type`).
//!
//! A frame's bytes come to be when they are first written, and reading before that sees zeros, as it would after Xen's
//! scrubbing. So a machine costs what its guests touch: one with thousands of frames is copied in microseconds.
//!
//! Not modelled: NUMA nodes, page sharing and paging out, superpages, and the reference that each page-table entry of a
//! guest takes on the frame that it maps.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::hypervisor::page::{PAGE_SIZE, Page, ZEROS};
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

/// No domain's number (`DOMID_INVALID` lies below it too): nobody sees the frame.
const UNSEEN: DomId = DomId(u16::MAX);

/// One frame and what Xen knows about it.
#[derive(Clone, Debug)]
struct Frame {
    /// The bytes, once somebody has written any.
    page: Option<Box<Page>>,
    owner: Owner,
    /// Who sees it, derived from the others: the domain that it is allocated for or lent to, or [`UNSEEN`].
    seen_by: DomId,
    page_type: PageType,
    /// Whether one of the references is that of being allocated (`PGC_allocated`).
    allocated: bool,
    references: u32,
    type_references: u32,
}

impl Frame {
    const UNUSED: Frame = Frame {
        page: None,
        owner: Owner::Nobody,
        seen_by: UNSEEN,
        page_type: PageType::None,
        allocated: false,
        references: 0,
        type_references: 0,
    };

    /// Makes it somebody's, or nobody's.
    fn assign(&mut self, owner: Owner, allocated: bool) {
        self.owner = owner;
        self.allocated = allocated;
        self.seen_by = match owner {
            Owner::Domain(domain) | Owner::Xen(Some(domain)) if allocated => domain,
            Owner::Nobody | Owner::Xen(_) | Owner::Domain(_) => UNSEEN,
        };
    }

    #[inline]
    fn page(&self) -> &Page {
        self.page.as_deref().unwrap_or(&ZEROS)
    }

    #[inline]
    fn page_mut(&mut self) -> &mut Page {
        self.page.get_or_insert_with(Page::boxed)
    }
}

/// All frames of the machine.
///
/// Frame 0 is always Xen's, so that no guest owns the frame that a zeroed grant entry names.
#[derive(Clone, Debug)]
pub struct Memory {
    /// The frames that were ever in use; those after them are free.
    frames: Vec<Frame>,
    /// How many frames the machine has.
    size: u32,
    /// Frames that were in use and are free again; the next one to go is last.
    freed: Vec<Mfn>,
}

impl Memory {
    /// A machine with so many frames, frame 0 Xen's and the rest free.
    pub fn new(frames: u32) -> Memory {
        let mut memory = Memory { frames: Vec::new(), size: frames, freed: Vec::new() };
        memory.alloc(Owner::Xen(None));
        memory
    }

    /// Takes the frame freed last, or the lowest one that was never used; nothing if memory is full.
    ///
    /// The frame is zeroed and has one reference, that of being allocated. A frame that Xen lends out is writable from
    /// the start and stays so.
    pub fn alloc(&mut self, owner: Owner) -> Option<Mfn> {
        assert!(owner != Owner::Nobody, "a frame is allocated for somebody");
        let mfn = match self.freed.pop() {
            Some(mfn) => mfn,
            None if self.frames.len() as u32 == self.size => return None,
            None => {
                self.frames.push(Frame::UNUSED);
                Mfn(self.frames.len() as u32 - 1)
            }
        };
        let frame = self.frame_mut(mfn);
        if let Some(page) = &mut frame.page {
            page.clear();
        }
        frame.assign(owner, true);
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
        frame.assign(frame.owner, false);
        self.put_page(mfn);
        Ok(())
    }

    /// Takes a frame back that Xen lent to a domain: when the domain is gone, so are its shared pages.
    ///
    /// # Panics
    /// If Xen did not lend the frame.
    pub fn reclaim(&mut self, mfn: Mfn) {
        let frame = self.frame_mut(mfn);
        assert!(matches!(frame.owner, Owner::Xen(Some(_))), "Xen reclaims what it lent");
        frame.assign(frame.owner, false);
        self.put_page_type(mfn);
        self.put_page(mfn);
    }

    /// Gives every frame of a domain back, as [`release`](Memory::release) does one.
    pub fn release_all(&mut self, domain: DomId) {
        for number in 0..self.frames.len() as u32 {
            let frame = self.frame(Mfn(number));
            if frame.owner == Owner::Domain(domain) && frame.allocated {
                self.release(domain, Mfn(number)).expect("the domain owns the frame");
            }
        }
    }

    /// Whether a domain could part with a frame: it owns it, and nobody else has a reason to keep it (`steal_page`).
    pub fn is_stealable(&self, domain: DomId, mfn: Mfn) -> bool {
        self.get(mfn).is_ok_and(|frame| {
            frame.owner == Owner::Domain(domain)
                && frame.allocated
                && (frame.references, frame.type_references) == (1, 0)
        })
    }

    /// Makes a frame another domain's, bytes and all (`assign_pages` after `steal_page`).
    ///
    /// # Panics
    /// If `from` could not part with it.
    pub fn assign(&mut self, mfn: Mfn, from: DomId, to: DomId) {
        assert!(self.is_stealable(from, mfn), "a frame is stolen before it is assigned");
        self.frame_mut(mfn).assign(Owner::Domain(to), true);
    }

    /// Takes a general reference to a frame that `owner` owns.
    #[inline]
    pub fn get_page(&mut self, mfn: Mfn, owner: DomId) -> Result<(), AccessError> {
        let frame = self.get_mut(mfn)?;
        if frame.owner != Owner::Domain(owner) {
            return Err(AccessError::NotYours);
        }
        frame.references += 1;
        Ok(())
    }

    /// Drops a general reference. With the last one the frame is free.
    ///
    /// # Panics
    /// If nobody holds a reference, or the last one goes while the type is still relied on.
    #[inline]
    pub fn put_page(&mut self, mfn: Mfn) {
        let frame = self.frame_mut(mfn);
        assert!(frame.references > 0, "a frame without references has none to drop");
        frame.references -= 1;
        if frame.references == 0 {
            assert!(frame.type_references == 0, "a type reference is held together with a general one");
            frame.assign(Owner::Nobody, frame.allocated);
            frame.page_type = PageType::None;
            self.freed.push(mfn);
        }
    }

    /// Relies on a frame, to which a general reference is held, being of a type. Answers false, and changes nothing,
    /// while others rely on its being of another.
    #[inline]
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
    #[inline]
    pub fn put_page_type(&mut self, mfn: Mfn) {
        let frame = self.frame_mut(mfn);
        assert!(frame.type_references > 0, "a frame without type references has none to drop");
        frame.type_references -= 1;
    }

    /// The page as its owner reads it.
    #[inline]
    pub fn page(&self, domain: DomId, mfn: Mfn) -> Result<&Page, AccessError> {
        let frame = self.get(mfn)?;
        if frame.seen_by == domain { Ok(frame.page()) } else { Err(AccessError::NotYours) }
    }

    /// The page as its owner writes it: not while it is a page table.
    #[inline]
    pub fn page_mut(&mut self, domain: DomId, mfn: Mfn) -> Result<&mut Page, AccessError> {
        let frame = self.get_mut(mfn)?;
        if frame.seen_by != domain {
            return Err(AccessError::NotYours);
        }
        if frame.page_type == PageType::PageTable && frame.type_references > 0 {
            return Err(AccessError::ReadOnly);
        }
        Ok(frame.page_mut())
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
    #[inline]
    pub fn xen_page(&self, mfn: Mfn) -> &Page {
        self.frame(mfn).page()
    }

    /// The page as Xen itself writes it, whoever owns it.
    ///
    /// # Panics
    /// If the frame does not exist: Xen only follows frame numbers that it has checked.
    #[inline]
    pub fn xen_page_mut(&mut self, mfn: Mfn) -> &mut Page {
        self.frame_mut(mfn).page_mut()
    }

    /// The page as a device sees it on the bus, whoever owns it, if anybody; nothing where the machine has no memory.
    #[inline]
    pub fn bus_page(&self, mfn: Mfn) -> Option<&Page> {
        self.get(mfn).ok().map(Frame::page)
    }

    /// The page as a device writes it on the bus, whoever owns it, if anybody: neither owner nor type is asked for. Nothing
    /// where the machine has no memory.
    pub fn bus_page_mut(&mut self, mfn: Mfn) -> Option<&mut Page> {
        if mfn.0 >= self.size {
            return None;
        }
        let used = self.frames.len() as u32;
        if mfn.0 >= used {
            // A free frame takes the bytes too. It stays as free as it was, and no sooner taken than before.
            self.freed.splice(0..0, (used..=mfn.0).rev().map(Mfn));
            self.frames.resize(mfn.0 as usize + 1, Frame::UNUSED);
        }
        self.frames.get_mut(mfn.0 as usize).map(Frame::page_mut)
    }

    /// How many frames the machine has.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// Copies bytes from one frame to another, or within one, whoever owns them.
    ///
    /// # Panics
    /// If a frame does not exist, or the bytes reach beyond its end: Xen checks both before.
    pub fn xen_copy(&mut self, from: (Mfn, u16), to: (Mfn, u16), len: u16) {
        let ((source, from), (dest, to), len) = (from, to, usize::from(len));
        let (from, to) = (usize::from(from), usize::from(to));
        if source == dest {
            if let Some(page) = &mut self.frame_mut(dest).page {
                page.copy_within(from, to, len);
            }
            return;
        }
        let frames = self.frames.get_disjoint_mut([source.0 as usize, dest.0 as usize]);
        let [source, dest] = frames.expect("Xen's own frame numbers name frames of the machine");
        dest.page_mut().write(to, &source.page().bytes()[from..][..len]);
    }

    /// Whose a frame is.
    #[inline]
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
        self.size - self.frames.len() as u32 + self.freed.len() as u32
    }

    /// What Xen knows of a frame of the machine.
    #[inline]
    fn get(&self, mfn: Mfn) -> Result<&Frame, AccessError> {
        match self.frames.get(mfn.0 as usize) {
            Some(frame) => Ok(frame),
            None if mfn.0 < self.size => Ok(const { &Frame::UNUSED }),
            None => Err(AccessError::NoSuchMemory),
        }
    }

    /// What Xen knows of a frame that was in use at some time. One that never was is nobody's.
    #[inline]
    fn get_mut(&mut self, mfn: Mfn) -> Result<&mut Frame, AccessError> {
        match self.frames.get_mut(mfn.0 as usize) {
            Some(frame) => Ok(frame),
            None if mfn.0 < self.size => Err(AccessError::NotYours),
            None => Err(AccessError::NoSuchMemory),
        }
    }

    #[inline]
    fn frame(&self, mfn: Mfn) -> &Frame {
        self.get(mfn).expect("Xen's own frame numbers name frames of the machine")
    }

    #[inline]
    fn frame_mut(&mut self, mfn: Mfn) -> &mut Frame {
        self.get_mut(mfn).expect("Xen's own frame numbers name frames that are in use")
    }
}

fn check_bounds(offset: u32, bytes: &[u8]) -> Result<(), AccessError> {
    let fits = PAGE_SIZE.checked_sub(offset as usize).is_some_and(|room| bytes.len() <= room);
    if fits { Ok(()) } else { Err(AccessError::NoSuchMemory) }
}
