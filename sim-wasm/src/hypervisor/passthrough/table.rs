//! A domain's second-level tables, as Xen builds them: four levels, made as pages are mapped.
//!
//! Entries above the last always let reads and writes pass, so that the last alone decides. A 3-level unit is given the first
//! table below the uppermost.
//!
//! Source: `xen/drivers/passthrough/vtd/iommu.c`, `addr_to_dma_page_maddr`, `intel_iommu_map_page`, `dma_pte_clear_one`,
//! `domain_pgd_maddr`, `fill_qpt`.
//!
//! Not modelled: merging of small pages into large ones again, tables shared with EPT, and freeing of tables that have become
//! empty before their domain goes.

use alloc::vec;
use alloc::vec::Vec;

use crate::hypervisor::memory::{Memory, Owner};
use crate::hypervisor::passthrough::options::AssignError;
use crate::hypervisor::passthrough::stores::Stores;
use crate::hypervisor::vtd::structures::{
    PAGE_SHIFT, PTE_READ, PTE_SUPERPAGE, PTE_WRITE, Pte, level_index, level_shift,
};
use crate::words::ids::{Dfn, Mfn};

/// Levels of every domain's tables (`DEFAULT_DOMAIN_ADDRESS_WIDTH`, 48 bits).
pub const LEVELS: u8 = 4;

/// What an entry that maps may let pass, and what Xen sets in every entry above.
pub const READ_WRITE: u64 = PTE_READ | PTE_WRITE;

/// Tables of one domain.
#[derive(Clone, Debug)]
pub struct Table {
    root: Mfn,
    /// Every frame that holds a table of this domain, the root first.
    frames: Vec<Mfn>,
    /// In tables that map everything to one page: the table of each level, from the lowest, that many entries share.
    shared: Vec<Mfn>,
}

/// What a change did besides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// What the page's entry was.
    pub old: Pte,
    /// The order of the large page that had to be split for it, 0 for none.
    pub split: u8,
}

impl Table {
    /// Tables that map nothing.
    ///
    /// # Errors
    /// Memory may be full.
    pub fn new(memory: &mut Memory) -> Result<Table, AssignError> {
        let root = take(memory)?;
        Ok(Table { root, frames: vec![root], shared: Vec::new() })
    }

    /// Tables that map every page to one frame, by four tables in all.
    ///
    /// # Errors
    /// Memory may be full; then it is as it was.
    pub fn of_one_page(memory: &mut Memory, stores: &mut Stores, page: Mfn) -> Result<Table, AssignError> {
        let mut shared = Vec::new();
        let mut below = page;
        for _ in 0..LEVELS {
            let frame = match take(memory) {
                Ok(frame) => frame,
                Err(error) => {
                    Table { root: below, frames: shared, shared: Vec::new() }.free(memory, stores);
                    return Err(error);
                }
            };
            for index in 0..512 {
                stores.write(memory, frame, index * 8, Pte::new(below, READ_WRITE).0);
            }
            shared.push(frame);
            below = frame;
        }
        Ok(Table { root: below, frames: shared.iter().rev().copied().collect(), shared })
    }

    /// The uppermost table.
    #[must_use]
    pub const fn root(&self) -> Mfn {
        self.root
    }

    /// The table to give to a unit that walks so many levels; it is made if nothing was mapped below it yet.
    ///
    /// # Errors
    /// Memory may be full.
    pub fn root_for(&mut self, memory: &mut Memory, stores: &mut Stores, levels: u8) -> Result<Mfn, AssignError> {
        let mut frame = self.root;
        for _ in levels..LEVELS {
            let entry = Pte(stores.read(memory, frame, 0));
            frame = if entry.is_present() { entry.frame() } else { self.insert(memory, stores, (frame, 0), None)? };
        }
        Ok(frame)
    }

    /// Every frame that holds a table.
    #[must_use]
    pub fn frames(&self) -> &[Mfn] {
        &self.frames
    }

    /// The entry that maps a page, and its level; one that lets nothing pass if none does.
    #[must_use]
    pub fn find(&self, memory: &Memory, stores: &Stores, dfn: Dfn) -> (Pte, u8) {
        let mut frame = self.root;
        for level in (1..=LEVELS).rev() {
            let entry = Pte(stores.read(memory, frame, offset(dfn, level)));
            if !entry.is_present() || entry.is_leaf(level) {
                return (entry, level);
            }
            frame = entry.frame();
        }
        unreachable!("entries of the last level map pages")
    }

    /// Where a page leads, and with which bits.
    #[must_use]
    pub fn look_up(&self, memory: &Memory, stores: &Stores, dfn: Dfn) -> Option<(Mfn, u64)> {
        let (entry, level) = self.find(memory, stores, dfn);
        let within = dfn.0 & ((1_u32 << (level_shift(level) - PAGE_SHIFT)) - 1);
        entry.is_present().then(|| (Mfn(entry.frame().0 + within), entry.0 & READ_WRITE))
    }

    /// Maps `2^(9 × (level − 1))` pages from `dfn` on; `bits` are what may pass. What is written is not visible to every unit
    /// yet.
    ///
    /// # Errors
    /// Memory may be full. Tables that were made on the way stay.
    pub fn map(
        &mut self,
        memory: &mut Memory,
        stores: &mut Stores,
        dfn: Dfn,
        frame: Mfn,
        bits: u64,
        level: u8,
    ) -> Result<Change, AssignError> {
        let size = if level > 1 { PTE_SUPERPAGE } else { 0 };
        self.set(memory, stores, dfn, Pte::new(frame, bits | size), level)
    }

    /// Unmaps a page; if it is part of a large one, the rest of that stays mapped by smaller entries.
    ///
    /// # Errors
    /// Memory may be full.
    pub fn unmap(&mut self, memory: &mut Memory, stores: &mut Stores, dfn: Dfn) -> Result<Change, AssignError> {
        if !self.find(memory, stores, dfn).0.is_present() {
            return Ok(Change::default());
        }
        self.set(memory, stores, dfn, Pte(0), 1)
    }

    /// Gives all tables back; answers how many frames those were.
    pub fn free(&mut self, memory: &mut Memory, stores: &mut Stores) -> u32 {
        let frames = core::mem::take(&mut self.frames);
        for frame in &frames {
            stores.forget(*frame);
            memory.put_page(*frame);
        }
        frames.len() as u32
    }

    fn set(
        &mut self,
        memory: &mut Memory,
        stores: &mut Stores,
        dfn: Dfn,
        new: Pte,
        wanted: u8,
    ) -> Result<Change, AssignError> {
        let mut change = Change::default();
        let mut frame = self.root;
        for level in (wanted + 1..=LEVELS).rev() {
            let at = offset(dfn, level);
            let entry = Pte(stores.read(memory, frame, at));
            let below = self.shared.get(usize::from(level) - 2).copied();
            frame = if !entry.is_present() {
                self.insert(memory, stores, (frame, at), None)?
            } else if entry.is_leaf(level) {
                change.split = level_shift(level) - PAGE_SHIFT;
                self.insert(memory, stores, (frame, at), Some(Contents::PiecesOf(entry, level)))?
            } else if Some(entry.frame()) == below {
                self.insert(memory, stores, (frame, at), Some(Contents::CopyOf(entry.frame())))?
            } else {
                entry.frame()
            };
        }
        let at = offset(dfn, wanted);
        change.old = Pte(stores.read(memory, frame, at));
        stores.write(memory, frame, at, new.0);
        Ok(change)
    }

    /// Puts a further table below an entry: filled first, then linked.
    fn insert(
        &mut self,
        memory: &mut Memory,
        stores: &mut Stores,
        (above, at): (Mfn, u16),
        contents: Option<Contents>,
    ) -> Result<Mfn, AssignError> {
        let frame = take(memory)?;
        self.frames.push(frame);
        for index in 0..512_u16 {
            let entry = match contents {
                None => break,
                Some(Contents::CopyOf(table)) => stores.read(memory, table, index * 8),
                Some(Contents::PiecesOf(entry, level)) => {
                    let piece = level_shift(level - 1);
                    let size = if level - 1 > 1 { PTE_SUPERPAGE } else { 0 };
                    let bits = entry.0 & READ_WRITE | size;
                    Pte((entry.address() + (u64::from(index) << piece)) | bits).0
                }
            };
            stores.write(memory, frame, index * 8, entry);
        }
        stores.write(memory, above, at, Pte::new(frame, READ_WRITE).0);
        Ok(frame)
    }
}

/// What a new table begins with, if not with nothing.
#[derive(Clone, Copy, Debug)]
enum Contents {
    CopyOf(Mfn),
    PiecesOf(Pte, u8),
}

fn take(memory: &mut Memory) -> Result<Mfn, AssignError> {
    memory.alloc(Owner::Xen(None)).ok_or(AssignError::NoMemory)
}

fn offset(dfn: Dfn, level: u8) -> u16 {
    level_index(u64::from(dfn.0) << PAGE_SHIFT, level) * 8
}
