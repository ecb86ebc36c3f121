//! The machine of the figure: 32 frames of four owners, a guest with a card, and the tables that its card is looked up in.
//!
//! Which pages the card's tables have is written down here; a test has Xen's own bookkeeping
//! ([`passthrough`](crate::hypervisor::passthrough)) fill tables for the same machine, and finds the same.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec::Vec;

use crate::hypervisor::memory::{Memory, Owner, PageType};
use crate::hypervisor::message::is_for_interrupts;
use crate::hypervisor::passthrough::options::Quarantine;
use crate::hypervisor::passthrough::reaction::FaultCount;
use crate::hypervisor::passthrough::stores::{Stores, Visibility};
use crate::hypervisor::passthrough::table::{LEVELS, READ_WRITE, Table};
use crate::hypervisor::vtd::caches::CacheSizes;
use crate::hypervisor::vtd::capabilities::Capabilities;
use crate::hypervisor::vtd::registers as reg;
use crate::hypervisor::vtd::structures::{ContextEntry, Did, RootEntry, address_of};
use crate::hypervisor::vtd::unit::Unit;
use crate::telling::dma::guard::{Guard, P2M, PAGE_TABLE};
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
const MACHINE: u32 = 48;

/// A write of this interrupt vector: the one by which Linux tells another processor to look at its work.
const VECTOR: u8 = 0xFD;

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
    /// What it was looked up in before, until that is freed.
    former: Option<Table>,
    /// Where the card's context entry is.
    context: Option<Mfn>,
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
            former: None,
            context: None,
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
        (self.table, self.context) = (Some(table), Some(context));

        let mut unit = Unit::new(Capabilities::typical(), CacheSizes { context_order: 0, iotlb_order: 1 });
        unit.write_u64(memory, reg::RTADDR, address_of(root));
        unit.write_u32(memory, reg::GCMD, reg::GCMD_SRTP);
        unit.write_u64(memory, reg::IRTA, address_of(interrupts) | 7);
        unit.write_u32(memory, reg::GCMD, reg::GCMD_SIRTP);
        // Xen 3.3 lets messages of the old format pass (`intremap_setup`, `xen/drivers/passthrough/vtd/intremap.c`).
        let old_format = if guard.is_of_today() { 0 } else { reg::GCMD_CFI };
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

    /// Gives the card to whoever has it after its guest: dom0, behind dom0's tables, or nobody, behind empty ones. Answers the
    /// new table and its number. The unit is told nothing.
    pub(crate) fn take_card(&mut self, quarantine: Quarantine) -> Option<(Mfn, Did)> {
        const ENOUGH: &str = "the machine has frames for tables";
        let (memory, stores) = (&mut self.memory, &mut self.stores);
        let mut table = Table::new(memory).expect(ENOUGH);
        let mut did = Did(0);
        match quarantine {
            Quarantine::No => {
                for page in dom0_pages() {
                    table.map(memory, stores, Dfn(page), Mfn(page), READ_WRITE, 1).expect(ENOUGH);
                }
            }
            // The lowest number that is free, while the guest has the first.
            Quarantine::Basic | Quarantine::ScratchPage => did = Did(2),
        }
        let root = table.root();
        ContextEntry::new(root, LEVELS, did).write(memory.xen_page_mut(self.context?), CARD.devfn());
        self.former = self.table.replace(table);
        Some((root, did))
    }

    /// Has the unit forget whose the card was: the entry, and what it remembers of that domain.
    pub(crate) fn forget_card(&mut self) {
        if let Some(unit) = &mut self.unit {
            let (source, did) = (u64::from(CARD.0) << 16, u64::from(self.did.0));
            let command = reg::CCMD_ICC | 3 << reg::CCMD_REQUEST_SHIFT | source | did;
            unit.write_u64(&mut self.memory, reg::CCMD, command);
        }
        self.flush();
    }

    /// Frees the tables that the card was looked up in; answers how many frames those were.
    pub(crate) fn free_tables(&mut self) -> u32 {
        let (memory, stores) = (&mut self.memory, &mut self.stores);
        self.former.take().map_or(0, |mut table| table.free(memory, stores))
    }

    /// Takes back all frames that the guest has; answers how many.
    pub(crate) fn free_guest(&mut self) -> u32 {
        let owned = (0..FRAMES).filter(|frame| self.memory.owner(Mfn(*frame)) == Ok(Owner::Domain(GUEST)));
        let frames = owned.count() as u32;
        // Its own page tables are given up first.
        if matches!(self.memory.page_type(PAGE_TABLE), Ok((PageType::PageTable, _))) {
            self.memory.put_page_type(PAGE_TABLE);
        }
        self.memory.release_all(GUEST);
        frames
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
        Guard::PvInDom0s => dom0_pages().map(identical).collect(),
        // What the guest may write to, which its page tables are not.
        Guard::PvFilter => (2 * EACH..3 * EACH)
            .map(identical)
            .filter(|(_, frame)| !matches!(memory.page_type(*frame), Ok((PageType::PageTable, _))))
            .collect(),
        Guard::HvmTranslated | Guard::HvmUnquarantined => P2M.map(|(page, frame)| (page, Mfn(frame))).into(),
    }
}

/// What dom0's tables have: all memory but Xen's own.
const fn dom0_pages() -> core::ops::Range<u32> {
    EACH..FRAMES
}

/// What the card writes: a packet, or an interrupt.
pub(crate) fn bytes(address: u64) -> [u8; 4] {
    if is_for_interrupts(address) { u32::from(VECTOR).to_le_bytes() } else { *b"DMA!" }
}

#[cfg(test)]
mod tests {
    use super::{CARD, EACH, FRAMES, GUEST, NEIGHBOUR, World};
    use crate::hypervisor::memory::{Memory, Owner, PageType};
    use crate::hypervisor::passthrough::iommus::{Iommus, PciDevice};
    use crate::hypervisor::passthrough::options::{AssignError, GuestKind, Options, Version};
    use crate::hypervisor::vtd::capabilities::Capabilities;
    use crate::hypervisor::vtd::walk::Request;
    use crate::telling::dma::guard::{Guard, P2M, PAGE_TABLE};
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
            Guard::HvmUnquarantined => (Version::Today, Some("no-quarantine")),
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
        if guard.is_of_today() {
            for (page, frame) in P2M {
                iommus.p2m_changed(&mut memory, GUEST, Dfn(page), Some(Mfn(frame)), 0).expect(ROOM);
            }
        }
        let given = guard.quarantine().is_some();
        let expect = if given { Ok(()) } else { Err(AssignError::NotImplemented) };
        assert_eq!(iommus.assign(&mut memory, CARD, GUEST), expect, "{guard:?}");
        if !typed_first {
            typed(&mut memory, &mut iommus);
        }
        (memory, iommus)
    }

    const GUARDS: [Guard; 6] = [
        Guard::PvOpen,
        Guard::HvmOpen,
        Guard::PvInDom0s,
        Guard::PvFilter,
        Guard::HvmTranslated,
        Guard::HvmUnquarantined,
    ];

    /// Where Xen's own tables lead each page, for writes; reads are led alike.
    fn led(memory: &Memory, iommus: &mut Iommus, guard: Guard) -> Vec<Option<Mfn>> {
        let lead = |page: u32| {
            let address = u64::from(page) << 12;
            let [write, read] = [Request::write(CARD, address), Request::read(CARD, address)].map(|request| {
                if !iommus.are_enabled() {
                    return Some(Mfn(page));
                }
                let found = iommus.unit_mut(0).unit.translate(memory, request);
                found.ok().map(|found| Mfn((found.address >> 12) as u32))
            });
            assert_eq!(write, read, "{guard:?}, page {page}");
            write
        };
        (0..FRAMES).map(lead).collect()
    }

    /// The same of the figure's, and their number.
    fn agrees(world: &World, led: &[Option<Mfn>], guard: Guard) -> u32 {
        let reached = led.iter().flatten().fold(0, |bits, frame| bits | 1_u32 << frame.0);
        if guard.has_unit() {
            let own: Vec<_> = (0..FRAMES).map(|page| world.led_to(Dfn(page))).collect();
            assert_eq!(own, led, "{guard:?}");
        }
        assert_eq!(world.reachable(), reached, "{guard:?}");
        reached.count_ones()
    }

    /// What the figure writes into its tables is what Xen's own bookkeeping comes to: page by page, for either direction, and
    /// so in the number that the figure gives. And so it is when the guest is gone.
    #[test]
    fn a_card_is_led_where_xen_s_own_tables_lead_it() {
        for ((knob, guard), typed_first) in (0..).zip(GUARDS).flat_map(|guard| [(guard, true), (guard, false)]) {
            assert_eq!(Guard::of(knob), guard);
            let (mut memory, mut iommus) = xen(guard, typed_first);
            let mut world = World::new(guard);
            assert_eq!(iommus.are_enabled(), guard.has_unit(), "{guard:?}");
            if guard.has_unit() {
                assert_eq!(world.did, iommus.context(&memory, 0, CARD).did(), "{guard:?}");
            }
            let found = led(&memory, &mut iommus, guard);
            let before = agrees(&world, &found, guard);

            iommus.destroy_domain(&mut memory, GUEST).expect("nothing stands in the way");
            if let Some(quarantine) = guard.quarantine() {
                assert_eq!(iommus.options.quarantine, quarantine, "{guard:?}");
                let (_, did) = world.take_card(quarantine).expect("the card has a context entry");
                assert_eq!(did, iommus.context(&memory, 0, CARD).did(), "{guard:?}");
                world.forget_card();
            }
            let found = led(&memory, &mut iommus, guard);
            let after = agrees(&world, &found, guard);

            let mut player = Player::new(figure("dma").expect("the catalogue has it"), 0);
            player.set_knob(0, knob);
            for step in 0..=player.steps() {
                player.seek(step);
                assert_eq!(player.quantity("reachable"), Some(before.into()), "{}", player.state());
            }
            assert!(player.act('x'), "{}", player.state());
            player.seek(player.steps());
            assert_eq!(player.quantity("reachable"), Some(after.into()), "{}", player.state());
        }
    }
}
