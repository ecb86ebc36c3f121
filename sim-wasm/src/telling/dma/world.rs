//! The machine of the figure: 32 frames of four owners, a guest with a card, and the tables that its card is looked up in.
//!
//! Which pages the card's tables have is written down here; a test has Xen's own bookkeeping
//! ([`passthrough`](crate::hypervisor::passthrough)) fill tables for the same machine, and finds the same.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec::Vec;

use crate::hypervisor::memory::{Memory, Owner, PageType};
use crate::hypervisor::message::{MSI_BASE, is_for_interrupts};
use crate::hypervisor::passthrough::reaction::FaultCount;
use crate::hypervisor::passthrough::stores::{Stores, Visibility};
use crate::hypervisor::passthrough::table::{LEVELS, READ_WRITE, Table};
use crate::hypervisor::vtd::caches::CacheSizes;
use crate::hypervisor::vtd::capabilities::Capabilities;
use crate::hypervisor::vtd::registers as reg;
use crate::hypervisor::vtd::structures::{ContextEntry, Did, RootEntry, address_of};
use crate::hypervisor::vtd::unit::Unit;
use crate::words::ids::{Bdf, Dfn, DomId, Mfn};

/// The guest's card.
pub(crate) const CARD: Bdf = Bdf::new(3, 0, 0);

/// The guest that has the card, and its neighbour.
pub(crate) const GUEST: DomId = DomId(1);
pub(crate) const NEIGHBOUR: DomId = DomId(2);

/// Frames that are drawn: eight of Xen's, of dom0's, of the guest's and of its neighbour's, in this order.
pub(crate) const FRAMES: u32 = 32;
pub(crate) const EACH: u32 = 8;

/// Frames of the machine: those, and the tables.
const MACHINE: u32 = 40;

/// The page that the driver means, as its kernel counts it, and the frame that it is.
pub(crate) const BUFFER: u32 = 5;

/// The guest's frames, by its own count of pages.
const P2M: [u32; EACH as usize] = [18, 23, 16, 22, 19, 20, 17, 21];

/// The frame that is a page table of a paravirtual guest.
const PAGE_TABLE: Mfn = Mfn(19);

/// A write of this interrupt vector: the one by which Linux tells another processor to look at its work.
const VECTOR: u8 = 0xFD;

/// How a guest's card is kept from memory that is not the guest's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// A paravirtual guest and no IOMMU.
    PvOpen,
    /// A guest with hardware virtualisation and no IOMMU.
    HvmOpen,
    /// A paravirtual guest on Xen 3.3 with `iommu=1`: its card stays in dom0's tables.
    PvInDom0s,
    /// A paravirtual guest on Xen 3.3 with `iommu=pv`: a filter.
    PvFilter,
    /// A guest with hardware virtualisation behind an IOMMU of today, which remaps interrupts too.
    HvmTranslated,
}

impl Guard {
    pub(crate) const fn of(knob: u32) -> Guard {
        match knob {
            0 => Guard::PvOpen,
            1 => Guard::HvmOpen,
            2 => Guard::PvInDom0s,
            3 => Guard::PvFilter,
            _ => Guard::HvmTranslated,
        }
    }

    pub(crate) const fn has_unit(self) -> bool {
        !matches!(self, Guard::PvOpen | Guard::HvmOpen)
    }

    /// Whether the guest's addresses are the machine's.
    pub(crate) const fn is_paravirtual(self) -> bool {
        !matches!(self, Guard::HvmOpen | Guard::HvmTranslated)
    }

    /// Whether Xen takes a card's bus master bit after ten faults; Xen 3.3 only wrote lines.
    pub(crate) const fn stops_storms(self) -> bool {
        matches!(self, Guard::HvmTranslated)
    }
}

/// What the driver has its card do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// Its own buffer.
    Own,
    /// A page of another guest.
    Neighbour,
    /// A page of dom0.
    Dom0,
    /// A page of Xen.
    Xen,
    /// The guest's own page table.
    PageTable,
    /// The addresses at which writes are interrupts.
    Interrupts,
}

impl Aim {
    pub(crate) const fn of(knob: u32) -> Aim {
        match knob {
            0 => Aim::Own,
            1 => Aim::Neighbour,
            2 => Aim::Dom0,
            3 => Aim::Xen,
            4 => Aim::PageTable,
            _ => Aim::Interrupts,
        }
    }

    /// The address that the driver writes into the descriptor: a machine's address in a paravirtual guest, which knows them,
    /// and in another one its own buffer's or a number that it made up.
    pub(crate) fn address(self, guard: Guard) -> u64 {
        let own = |page: u32| if guard.is_paravirtual() { P2M[page as usize] } else { page };
        let page = match self {
            Aim::Own => own(BUFFER),
            Aim::PageTable => own(4),
            Aim::Neighbour => 27,
            Aim::Dom0 => 11,
            Aim::Xen => 3,
            Aim::Interrupts => return MSI_BASE,
        };
        u64::from(page) << 12
    }
}

/// Memory and, if there is one, the unit before it.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) memory: Memory,
    pub(crate) unit: Option<Unit>,
    pub(crate) did: Did,
    /// Faults of the card that Xen has counted.
    pub(crate) faults: FaultCount,
    /// What the card is looked up in, as Xen builds it.
    table: Option<Table>,
    stores: Stores,
}

impl World {
    pub(crate) fn new(guard: Guard) -> World {
        let mut memory = Memory::new(MACHINE);
        // Frame 0 is Xen's from the start.
        for number in 1..FRAMES {
            let owner = match number / EACH {
                0 => Owner::Xen(None),
                1 => Owner::Domain(DomId::DOM0),
                2 => Owner::Domain(GUEST),
                _ => Owner::Domain(NEIGHBOUR),
            };
            memory.alloc(owner).expect("the machine has more frames");
        }
        if guard.is_paravirtual() {
            let typed = memory.get_page_type(PAGE_TABLE, PageType::PageTable);
            debug_assert!(typed, "nobody uses the frame otherwise");
        }
        let mut world = World {
            memory,
            unit: None,
            // The lowest that is free: dom0's devices come first.
            did: Did(if guard == Guard::PvInDom0s { 0 } else { 1 }),
            faults: FaultCount::NONE,
            table: None,
            stores: Stores::new(Visibility::AtOnce),
        };
        if guard.has_unit() {
            world.set_up(guard);
        }
        world
    }

    /// Xen's part: tables in frames of its own, and the unit's registers.
    fn set_up(&mut self, guard: Guard) {
        const ENOUGH: &str = "the machine has frames for tables";
        let (memory, stores) = (&mut self.memory, &mut self.stores);
        let [root, context] = core::array::from_fn(|_| memory.alloc(Owner::Xen(None)).expect(ENOUGH));
        let mut table = Table::new(memory).expect(ENOUGH);
        for (page, frame) in mapped(memory, guard) {
            table.map(memory, stores, Dfn(page), frame, READ_WRITE, 1).expect(ENOUGH);
        }
        let interrupts = memory.alloc(Owner::Xen(None)).expect(ENOUGH);
        RootEntry::new(context).write(memory.xen_page_mut(root), CARD.bus());
        ContextEntry::new(table.root(), LEVELS, self.did).write(memory.xen_page_mut(context), CARD.devfn());
        self.table = Some(table);

        let mut unit = Unit::new(Capabilities::typical(), CacheSizes { context_order: 0, iotlb_order: 1 });
        unit.write_u64(memory, reg::RTADDR, address_of(root));
        unit.write_u32(memory, reg::GCMD, reg::GCMD_SRTP);
        unit.write_u64(memory, reg::IRTA, address_of(interrupts) | 7);
        unit.write_u32(memory, reg::GCMD, reg::GCMD_SIRTP);
        // Xen 3.3 lets messages of the old format pass (`intremap_setup`, `xen/drivers/passthrough/vtd/intremap.c`).
        let old_format = if guard == Guard::HvmTranslated { 0 } else { reg::GCMD_CFI };
        unit.write_u32(memory, reg::GCMD, reg::GCMD_TE | reg::GCMD_IRE | old_format);
        self.unit = Some(unit);
    }

    /// A machine without a remapping unit is one whose unit was never switched on: every request passes as it is.
    pub(crate) fn open_unit() -> Unit {
        Unit::new(Capabilities::typical(), CacheSizes { context_order: 0, iotlb_order: 0 })
    }

    /// Where a page of the device's addresses leads, if anywhere.
    pub(crate) fn led_to(&self, page: Dfn) -> Option<Mfn> {
        self.table.as_ref()?.look_up(&self.memory, &self.stores, page).map(|(frame, _)| frame)
    }

    /// Clears the entry of a page, and tells the unit nothing.
    pub(crate) fn clear_entry(&mut self, page: Dfn) {
        if let Some(table) = &mut self.table {
            table.unmap(&mut self.memory, &mut self.stores, page).expect("no table is made to clear an entry");
        }
    }

    /// Has the unit forget what it remembers of the card's domain, and wait for what is under way.
    pub(crate) fn flush(&mut self) {
        if let Some(unit) = &mut self.unit {
            let register = unit.capabilities().iotlb_registers_at() + 8;
            let drains = reg::IOTLB_DRAIN_READS | reg::IOTLB_DRAIN_WRITES;
            let command = reg::IOTLB_IVT | 2 << reg::IOTLB_REQUEST_SHIFT | drains | u64::from(self.did.0) << 32;
            unit.write_u64(&mut self.memory, register, command);
        }
    }

    /// Frames that the tables let the card reach, a bit for each that is drawn; without tables it reaches all.
    pub(crate) fn reachable(&self) -> u32 {
        if self.unit.is_none() {
            return u32::MAX;
        }
        let frames = (0..FRAMES).filter_map(|page| self.led_to(Dfn(page)));
        frames.fold(0, |bits, frame| bits | 1_u32.checked_shl(frame.0).unwrap_or(0))
    }
}

/// Pages and frames that the card's table has.
fn mapped(memory: &Memory, guard: Guard) -> Vec<(u32, Mfn)> {
    let identical = |frame: u32| (frame, Mfn(frame));
    match guard {
        Guard::PvOpen | Guard::HvmOpen => Vec::new(),
        // All memory but Xen's own.
        Guard::PvInDom0s => (EACH..FRAMES).map(identical).collect(),
        // What the guest may write to, which its page tables are not.
        Guard::PvFilter => (2 * EACH..3 * EACH)
            .map(identical)
            .filter(|(_, frame)| !matches!(memory.page_type(*frame), Ok((PageType::PageTable, _))))
            .collect(),
        Guard::HvmTranslated => (0..).zip(P2M.map(Mfn)).collect(),
    }
}

/// What the card writes: a packet, or an interrupt.
pub(crate) fn bytes(address: u64) -> [u8; 4] {
    if is_for_interrupts(address) { u32::from(VECTOR).to_le_bytes() } else { *b"DMA!" }
}

#[cfg(test)]
mod tests {
    use super::{CARD, EACH, FRAMES, GUEST, Guard, NEIGHBOUR, P2M, PAGE_TABLE, World};
    use crate::hypervisor::memory::{Memory, Owner, PageType};
    use crate::hypervisor::passthrough::iommus::{Iommus, PciDevice};
    use crate::hypervisor::passthrough::options::{AssignError, GuestKind, Options, Version};
    use crate::hypervisor::vtd::capabilities::Capabilities;
    use crate::hypervisor::vtd::walk::Request;
    use crate::telling::figure;
    use crate::telling::player::Player;
    use crate::words::ids::{Dfn, DomId, Mfn};

    /// The same owners and frames, with room for all that Xen itself sets up, and the guest's card assigned if Xen does that;
    /// the page table is one before the guest has tables for its card, or becomes one when it has the card.
    fn xen(guard: Guard, typed_first: bool) -> (Memory, Iommus) {
        const ROOM: &str = "there is room";
        let mut memory = Memory::new(200);
        for number in 1..FRAMES {
            let owners = [Owner::Xen(None), Owner::Domain(DomId::DOM0), Owner::Domain(GUEST), Owner::Domain(NEIGHBOUR)];
            assert_eq!(memory.alloc(owners[(number / EACH) as usize]), Some(Mfn(number)));
        }
        let (version, text) = match guard {
            Guard::PvOpen | Guard::HvmOpen => (Version::Xen33, None),
            Guard::PvInDom0s => (Version::Xen33, Some("1")),
            Guard::PvFilter => (Version::Xen33, Some("pv")),
            Guard::HvmTranslated => (Version::Today, None),
        };
        let (options, unknown) = Options::parse(version, text, None);
        assert_eq!(unknown, None);
        let mut iommus = Iommus::boot(&mut memory, options, &[Capabilities::typical()], EACH).expect("it boots");
        iommus.add_device(&mut memory, PciDevice::new(CARD, 0)).expect(ROOM);
        let typed = |memory: &mut Memory, iommus: &mut Iommus| {
            if guard.is_paravirtual() {
                assert_eq!(iommus.get_page_type(memory, GUEST, PAGE_TABLE, PageType::PageTable), Ok(true));
            }
        };
        if typed_first {
            typed(&mut memory, &mut iommus);
        }
        let kind = if guard.is_paravirtual() { GuestKind::Pv } else { GuestKind::Hvm };
        iommus.add_domain(&mut memory, GUEST, kind).expect(ROOM);
        iommus.add_domain(&mut memory, NEIGHBOUR, kind).expect(ROOM);
        if guard == Guard::HvmTranslated {
            for (page, frame) in (0..).zip(P2M) {
                iommus.p2m_changed(&mut memory, GUEST, Dfn(page), Some(Mfn(frame)), 0).expect(ROOM);
            }
        }
        let given = matches!(guard, Guard::PvFilter | Guard::HvmTranslated);
        let expect = if given { Ok(()) } else { Err(AssignError::NotImplemented) };
        assert_eq!(iommus.assign(&mut memory, CARD, GUEST), expect, "{guard:?}");
        if !typed_first {
            typed(&mut memory, &mut iommus);
        }
        (memory, iommus)
    }

    /// What the figure writes into its tables is what Xen's own bookkeeping comes to: page by page, for either direction, and
    /// so in the number that the figure gives.
    #[test]
    fn a_card_is_led_where_xen_s_own_tables_lead_it() {
        let guards = [Guard::PvOpen, Guard::HvmOpen, Guard::PvInDom0s, Guard::PvFilter, Guard::HvmTranslated];
        for ((knob, guard), typed_first) in (0..).zip(guards).flat_map(|guard| [(guard, true), (guard, false)]) {
            assert_eq!(Guard::of(knob), guard);
            let (memory, mut iommus) = xen(guard, typed_first);
            let world = World::new(guard);
            assert_eq!(iommus.are_enabled(), guard.has_unit(), "{guard:?}");
            if guard.has_unit() {
                assert_eq!(world.did, iommus.context(&memory, 0, CARD).did(), "{guard:?}");
            }
            let mut reached = 0_u32;
            for page in 0..FRAMES {
                let address = u64::from(page) << 12;
                let led = [Request::write(CARD, address), Request::read(CARD, address)].map(|request| {
                    if !iommus.are_enabled() {
                        return Some(Mfn(page));
                    }
                    let found = iommus.unit_mut(0).unit.translate(&memory, request);
                    found.ok().map(|found| Mfn((found.address >> 12) as u32))
                });
                assert_eq!(led[0], led[1], "{guard:?}, page {page}");
                if guard.has_unit() {
                    assert_eq!(world.led_to(Dfn(page)), led[0], "{guard:?}, page {page}");
                }
                reached |= led[0].map_or(0, |frame| 1 << frame.0);
            }
            assert_eq!(world.reachable(), reached, "{guard:?}");
            let mut player = Player::new(figure("dma").expect("the catalogue has it"), 0);
            player.set_knob(0, knob);
            for step in 0..=player.steps() {
                player.seek(step);
                assert_eq!(player.quantity("reachable"), Some(reached.count_ones().into()), "{}", player.state());
            }
        }
    }
}
