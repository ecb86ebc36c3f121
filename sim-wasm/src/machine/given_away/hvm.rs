//! An HVM guest's device model: real cards in virtual slots, BARs in the guest's memory, messages bound.
//!
//! In 3.3 xend and the device model speak over the store ([`hotplug`](crate::actors::hotplug)), and it is the device model that
//! has Xen assign a card. Today's toolstack tells its device model, and assigns by itself.
//!
//! Where the guest moves a BAR to, Xen has the guest's pages lead to the machine's registers, for the processor and for cards
//! alike.
//!
//! Not modelled: the ports of the controller as VM exits, and lines of cards, which [`intx`](crate::actors::hvm::intx) has.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::actors::hotplug::qemu_dm::{Assignable, Libpci, QemuDm};
use crate::actors::hotplug::slots::HotplugSlots;
use crate::actors::hotplug::xend::{PciDevice, TestAssign, Xend};
use crate::actors::hvm::Host;
use crate::actors::hvm::intx::DpciIrqs;
use crate::actors::hvm::msi_binding::MsiBindings;
use crate::actors::hvm::pass_through::device::{PtDevice, PtSettings};
use crate::actors::hvm::pass_through::mappings::MapCall;
use crate::actors::hvm::pass_through::msix::MsixTable;
use crate::actors::hvm::release::Release;
use crate::actors::log::Event;
use crate::actors::log::hotplug::{Hotplug, Outcome};
use crate::actors::xenbus::store::{Quotas, WatchEvent, Xenstore};
use crate::hypervisor::message::Message;
use crate::hypervisor::pirqs::PirqId;
use crate::machine::given_away::settings::{CardId, GuestId, Settings};
use crate::machine::given_away::table::GuestTable;
use crate::machine::given_away::{GivenAway, Item};
use crate::protocols::pci::config::Width;
use crate::protocols::pci::msi::{Msi, PCI_MSI_ADDRESS_HI, PCI_MSI_ADDRESS_LO};
use crate::protocols::pci::msix::MsixShape;
use crate::words::ids::{Bdf, Dfn, DomId, Mfn};

/// A card behind the device model.
#[derive(Clone, Debug)]
pub(super) struct Behind {
    pub(super) card: CardId,
    pub(super) slot: u8,
    pub(super) device: PtDevice,
    pirq: Option<PirqId>,
    /// What the guest has in place of the card's table of messages, if it has one.
    pub(super) table: Option<GuestTable>,
}

/// xend and the device model of 2008, and the store between them.
#[derive(Clone, Debug)]
pub(super) struct Old {
    xend: Xend,
    pub(super) model: QemuDm,
    pub(super) store: Xenstore,
}

/// A device model's talk with the toolstack.
#[derive(Clone, Debug)]
pub(super) enum Model {
    /// Over the store, with xend.
    Old(Box<Old>),
    /// By orders.
    Today { slots: HotplugSlots },
}

/// An HVM guest's devices.
#[derive(Clone, Debug)]
pub(super) struct HvmSide {
    pub(super) model: Model,
    pub(super) behind: Vec<Behind>,
    pub(super) lines: DpciIrqs,
    pub(super) messages: MsiBindings,
    /// Where its pages show machine frames that are no memory: first page, first frame, how many.
    shown: Vec<(u64, u64, u64)>,
    /// The frame of its vCPU's descriptor, where interrupts are posted.
    pub(super) descriptor: Option<Mfn>,
}

impl HvmSide {
    pub(super) fn new(domain: DomId, settings: &Settings) -> HvmSide {
        let release = settings.release();
        let model = match release {
            Release::Xen33 => Model::Old(Box::new(Old {
                xend: Xend::new(domain),
                model: QemuDm::new(domain, release, Libpci::Found),
                store: Xenstore::new(Quotas::default()),
            })),
            Release::Today => Model::Today { slots: HotplugSlots::new(release) },
        };
        let (lines, messages) = (DpciIrqs::new(release), MsiBindings::new());
        HvmSide { model, behind: Vec::new(), lines, messages, shown: Vec::new(), descriptor: None }
    }

    /// The machine's address behind a guest's, where it sees registers.
    pub(super) fn translate(&self, address: u64) -> Option<u64> {
        let page = address >> 12;
        let &(first, frame, _) = self.shown.iter().find(|(first, _, pages)| (*first..first + pages).contains(&page))?;
        Some((frame + (page - first)) << 12 | address & 0xFFF)
    }

    pub(super) fn slots(&mut self) -> Option<&mut HotplugSlots> {
        match &mut self.model {
            Model::Old(old) => old.model.slots_mut(),
            Model::Today { slots } => Some(slots),
        }
    }

    pub(super) fn is_behind(&self, card: CardId) -> bool {
        self.behind.iter().any(|behind| behind.card == card)
    }
}

impl GivenAway {
    /// What Xen says when it is asked for a card, or what the toolstack makes of it.
    pub(super) fn test_assign(&self, card: CardId) -> TestAssign {
        let owner = self.owner(card);
        match () {
            () if !self.settings.heeds_test.is_on() => TestAssign::Assignable,
            () if !self.iommus.are_enabled() => TestAssign::NoIommu,
            () if owner == DomId::DOM0 || owner == DomId::IO => TestAssign::Assignable,
            () => TestAssign::Unavailable,
        }
    }

    /// The device model of 2008 begins, with the cards that the guest boots with.
    pub(super) fn start_model(&mut self, guest: GuestId, cards: &[CardId]) {
        let devices: Vec<Bdf> = cards.iter().map(|card| self.hardware.place(*card)).collect();
        let present: Vec<Bdf> = self.hardware.functions.iter().map(|function| function.bdf).collect();
        let machine = Assignable { present: &present, iommu: self.iommus.are_enabled() };
        let GivenAway { guests, log, now, .. } = self;
        let Some(hvm) = guests[usize::from(guest.0)].hvm() else { return };
        match &mut hvm.model {
            Model::Old(old) => {
                old.model.start(&mut old.store, *now, log, &devices, machine);
                old.xend.boot(&mut old.store, *now, log, &devices);
            }
            Model::Today { slots } => slots.settle(),
        }
        if let Some(slots) = hvm.slots() {
            slots.enable_event(true);
        }
        self.model_did(guest);
    }

    /// xend begins to attach or detach a card while a guest runs.
    pub(super) fn tell_xend(&mut self, guest: GuestId, card: CardId, attach: bool) {
        let (test, device) = (self.test_assign(card), self.hardware.place(card));
        let GivenAway { guests, log, now, .. } = self;
        let Some(Model::Old(old)) = guests[usize::from(guest.0)].hvm().map(|hvm| &mut hvm.model) else {
            return;
        };
        if attach {
            let wanted = PciDevice { device, vslot: 0 };
            old.xend.attach(&mut old.store, *now, log, wanted, test);
        } else {
            old.xend.detach(&mut old.store, *now, log, device);
        }
        self.model_did(guest);
    }

    /// How what xend was told last ended, if it has.
    pub(super) fn xend_outcome(&mut self, guest: GuestId) -> Option<Outcome> {
        match &self.guest(guest).hvm()?.model {
            Model::Old(old) => old.xend.outcome(),
            Model::Today { .. } => None,
        }
    }

    /// Today's device model shows the guest a card; false if it has no slot.
    pub(super) fn order_add(&mut self, guest: GuestId, card: CardId, running: bool) -> bool {
        let (now, device) = (self.now, self.hardware.place(card));
        let GivenAway { guests, log, .. } = self;
        let Some(slots) = guests[usize::from(guest.0)].hvm().and_then(HvmSide::slots) else { return false };
        let Ok(slot) = slots.insert(device, 0) else { return false };
        log.step(now, Event::Hotplug(Hotplug::SlotFilled { device, slot, removable: true }));
        if running {
            let sci = slots.announce_added(slot);
            log.also(now, Event::Hotplug(Hotplug::EventRaised { byte: slots.event(), sci }));
        } else {
            slots.settle();
        }
        self.model_did(guest);
        true
    }

    /// Today's device model asks the guest to let a card go.
    pub(super) fn order_remove(&mut self, guest: GuestId, card: CardId) {
        let (now, device) = (self.now, self.hardware.place(card));
        let GivenAway { guests, log, .. } = self;
        let Some(slots) = guests[usize::from(guest.0)].hvm().and_then(HvmSide::slots) else { return };
        let Some(slot) = slots.slot_of(device) else { return };
        let sci = slots.announce_removal(slot);
        log.step(now, Event::Hotplug(Hotplug::EventRaised { byte: slots.event(), sci }));
        self.model_did(guest);
    }

    /// Whether the device model has a card.
    pub(super) fn model_has(&mut self, guest: GuestId, card: CardId) -> bool {
        self.guest(guest).hvm().is_some_and(|hvm| hvm.is_behind(card))
    }

    /// The device model of 2008 sees a change in the store.
    pub(super) fn model_changed(&mut self, guest: GuestId, event: &WatchEvent) {
        if !self.guest(guest).alive {
            return;
        }
        let present: Vec<Bdf> = self.hardware.functions.iter().map(|function| function.bdf).collect();
        let machine = Assignable { present: &present, iommu: self.iommus.are_enabled() };
        let GivenAway { guests, log, now, .. } = self;
        if let Some(Model::Old(old)) = guests[usize::from(guest.0)].hvm().map(|hvm| &mut hvm.model) {
            old.model.handle_event(&mut old.store, *now, log, event, machine);
        }
        self.model_did(guest);
    }

    /// xend's sleep is over.
    pub(super) fn run_xend(&mut self, guest: GuestId) {
        if !self.guest(guest).alive {
            return;
        }
        let GivenAway { guests, log, now, .. } = self;
        if let Some(Model::Old(old)) = guests[usize::from(guest.0)].hvm().map(|hvm| &mut hvm.model) {
            old.xend.handle_timer(&mut old.store, *now, log);
        }
        self.model_did(guest);
    }

    /// What follows from something that the device model or xend did: cards came or went, watches fire, the guest is called.
    pub(super) fn model_did(&mut self, guest: GuestId) {
        let old = self.is_old();
        let Some(hvm) = self.guest(guest).hvm() else { return };
        let named: Vec<Bdf> = match &hvm.model {
            Model::Old(old) => old.model.devices().collect(),
            Model::Today { slots } => slots.devices().map(|(_, device)| device).collect(),
        };
        let behind: Vec<CardId> = hvm.behind.iter().map(|behind| behind.card).collect();
        let gone: Vec<CardId> =
            behind.into_iter().filter(|card| !named.contains(&self.hardware.place(*card))).collect();
        for card in gone {
            self.unregister(guest, card);
            if old {
                // 3.3's device model has Xen take the card at once.
                self.deassign(guest, card);
            }
        }
        for (place, device) in named.into_iter().enumerate() {
            let Some(card) = self.hardware.card_at(device) else { continue };
            if !self.model_has(guest, card) {
                self.register(guest, card, place as u8);
                if old {
                    self.assign(guest, card);
                }
            }
        }
        let (watch, system) = (self.settings.delays.watch, self.settings.delays.system);
        let Some(hvm) = self.guest(guest).hvm() else { return };
        let sci = hvm.slots().is_some_and(|slots| slots.holds_sci());
        let (mut events, mut wake) = (Vec::new(), None);
        if let Model::Old(old) = &mut hvm.model {
            events.extend(core::iter::from_fn(|| old.store.next_event()));
            wake = old.xend.wake();
        }
        for event in events {
            self.after(watch, Item::Model(guest, event));
        }
        let waits = |machine: &GivenAway, test: fn(&Item, GuestId) -> bool| {
            machine.agenda.iter().any(|(_, item)| test(item, guest))
        };
        if sci && !waits(self, |item, guest| matches!(item, Item::System(other) if *other == guest)) {
            self.after(system, Item::System(guest));
        }
        if let Some(wake) = wake
            && !waits(self, |item, guest| matches!(item, Item::Xend(other) if *other == guest))
        {
            self.agenda.push(wake, Item::Xend(guest));
        }
    }

    /// The device model opens a real function.
    fn register(&mut self, guest: GuestId, card: CardId, place: u8) {
        let release = self.settings.release();
        let GivenAway { guests, hardware, xen, costs, now, log, .. } = self;
        let Some(hvm) = guests[usize::from(guest.0)].hvm() else { return };
        let slot = hvm.slots().and_then(|slots| slots.slot_of(hardware.place(card))).unwrap_or(place);
        let mut host = Host { xen, costs, now: *now, log };
        let settings = PtSettings { release, permissive: false };
        let device = PtDevice::new(hardware.function(card), settings, &mut host);
        let shape = MsixShape::of(&hardware.function(card).config);
        let table = shape.map(|shape| GuestTable::new(MsixTable::new(shape, release)));
        hvm.behind.push(Behind { card, slot, device, pirq: None, table });
    }

    /// The device model lets a real function go (`unregister_real_device`).
    pub(super) fn unregister(&mut self, guest: GuestId, card: CardId) {
        let domain = GivenAway::domain_of(guest);
        let GivenAway { guests, xen, costs, now, log, pirqs, .. } = self;
        let Some(hvm) = guests[usize::from(guest.0)].hvm() else { return };
        let Some(at) = hvm.behind.iter().position(|behind| behind.card == card) else { return };
        let mut behind = hvm.behind.remove(at);
        let calls = behind.device.unmap_all(&mut Host { xen, costs, now: *now, log });
        let entries = behind.table.as_mut().map_or(Vec::new(), GuestTable::unbind);
        for pirq in behind.pirq.into_iter().chain(entries) {
            hvm.messages.unbind(&mut hvm.lines, pirq.0);
            // It may be unmapped already, with all of the guest's.
            let _ = pirqs.unmap(domain, pirq);
        }
        self.apply(guest, &calls);
        self.program_messages();
    }

    /// Xen maps what the device model asks for.
    fn apply(&mut self, guest: GuestId, calls: &[MapCall]) {
        let domain = GivenAway::domain_of(guest);
        for call in calls {
            let (first, pages, frame) = match *call {
                MapCall::AddMemory { gfn, mfn, pages } => (gfn, pages, Some(mfn)),
                MapCall::RemoveMemory { gfn, pages } => (gfn, pages, None),
                MapCall::AddPorts { .. } | MapCall::RemovePorts { .. } => continue,
            };
            if let Some(hvm) = self.guest(guest).hvm() {
                match frame {
                    Some(mfn) => hvm.shown.push((first, mfn, pages)),
                    None => hvm.shown = hvm.shown.iter().flat_map(|shown| without(*shown, first, pages)).collect(),
                }
            }
            for page in 0..pages {
                let to = frame.map(|mfn| Mfn((mfn + page) as u32));
                // Where memory for tables is short, cards do not get there.
                let _ = self.iommus.p2m_changed(&mut self.xen.memory, domain, Dfn((first + page) as u32), to, 0);
            }
        }
        self.tell_xen();
    }

    /// The guest writes to its card's config space.
    pub(super) fn config_write(&mut self, guest: GuestId, card: CardId, offset: u16, width: Width, value: u32) {
        let GivenAway { guests, hardware, xen, costs, now, log, .. } = self;
        let Some(hvm) = guests[usize::from(guest.0)].hvm() else { return };
        let Some(behind) = hvm.behind.iter_mut().find(|behind| behind.card == card) else { return };
        let mut host = Host { xen, costs, now: *now, log };
        let (_, calls) = behind.device.write(&mut host, hardware.function(card), offset, width, value);
        self.apply(guest, &calls);
        self.bind_message(guest, card);
        if self.hardware.function(card).msix.is_some() {
            self.bind_entries(guest, card);
        }
    }

    /// The device model follows the guest's turning a message on or off (`pt_msi_update`).
    fn bind_message(&mut self, guest: GuestId, card: CardId) {
        let (domain, place) = (GivenAway::domain_of(guest), self.hardware.place(card));
        let owner = self.owners.of(place);
        let GivenAway { guests, hardware, xen, costs, now, log, pirqs, .. } = self;
        let function = hardware.function(card);
        let Some(msi) = Msi::of(&function.config) else { return };
        let Some(hvm) = guests[usize::from(guest.0)].hvm() else { return };
        let Some(behind) = hvm.behind.iter_mut().find(|behind| behind.card == card) else { return };
        let mut host = Host { xen, costs, now: *now, log };
        match (msi.enabled, behind.pirq) {
            (true, None) => {
                let Ok(pirq) = pirqs.map_message(domain, owner, place, 0) else {
                    // The guest is not told that its messages are off.
                    return Msi::enable(&mut function.config, false);
                };
                let read = |offset| behind.device.read(&host, function, msi.at + offset, Width::Dword);
                let address = u64::from(read(PCI_MSI_ADDRESS_HI)) << 32 | u64::from(read(PCI_MSI_ADDRESS_LO));
                let message = Message { address, data: read(msi.shape.data()) & 0xFFFF };
                hvm.messages.bind(&mut host, &mut hvm.lines, pirq.0, message);
                behind.pirq = Some(pirq);
            }
            (false, Some(pirq)) => {
                hvm.messages.unbind(&mut hvm.lines, pirq.0);
                // It may be unmapped already.
                let _ = pirqs.unmap(domain, pirq);
                behind.pirq = None;
            }
            (true, Some(_)) | (false, None) => return,
        }
        self.program_messages();
    }
}

/// What is left of pages that show machine frames when some of them show nothing any more.
fn without((page, frame, count): (u64, u64, u64), first: u64, pages: u64) -> impl Iterator<Item = (u64, u64, u64)> {
    let end = page + count;
    let (before, after) = (first.clamp(page, end), (first + pages).clamp(page, end));
    let left = [(page, frame, before - page), (after, frame + (after - page), end - after)];
    left.into_iter().filter(|(.., count)| *count > 0)
}
