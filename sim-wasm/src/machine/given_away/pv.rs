//! pciback for a PV guest, and how the store, the page and the event channel between the two halves are used.
//!
//! The page is the guest's, granted to dom0, which maps it; both halves work on the bytes of that one frame. What the halves
//! [are to do](PciAction) they do here.
//!
//! Not modelled: one store for all guests (each has its own), and a pcifront that is unloaded and loaded again.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::actors::log::Log;
use crate::actors::pciback::slots::{DeviceKind, SlotPolicy};
use crate::actors::pciback::{After, Call, Pciback};
use crate::actors::pcibus::{PciAction, PciAddress, PciBus, PciOptions};
use crate::actors::pcifront::Pcifront;
use crate::hypervisor::event_calls::Sent;
use crate::hypervisor::grant_entry::Access;
use crate::hypervisor::guest_grants::GuestGrants;
use crate::hypervisor::page::Page;
use crate::hypervisor::shared_info;
use crate::machine::given_away::front::FrontTask;
use crate::machine::given_away::guest::{SHARED_PAGE, Side};
use crate::machine::given_away::hardware::line_of;
use crate::machine::given_away::settings::{CardId, GuestId, Settings};
use crate::machine::given_away::{GivenAway, Item};
use crate::protocols::pci::function::FLR_NANOS;
use crate::protocols::xenbus::XenbusState;
use crate::words::ids::{Bdf, DomId, GrantRef, Handle, Port};
use crate::words::time::Time;

/// What both halves share, once they do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shared {
    pub(super) front: Port,
    /// dom0's mapping and port.
    pub(super) back: Option<(Handle, Port)>,
}

/// A PV guest's devices.
#[derive(Clone, Debug)]
pub(super) struct PvSide {
    pub(super) bus: Option<PciBus>,
    pub(super) back: Pciback,
    pub(super) front: Option<Pcifront>,
    pub(super) shared: Option<Shared>,
    /// What pcifront has before it, the next first.
    pub(super) tasks: Vec<FrontTask>,
    /// What stands in for the page before it is mapped.
    unmapped: Box<Page>,
}

impl PvSide {
    pub(super) fn new(domain: DomId, settings: &Settings) -> PvSide {
        let back = Pciback::new(domain, settings.overlay(), SlotPolicy::VirtualPci);
        PvSide { bus: None, back, front: None, shared: None, tasks: Vec::new(), unmapped: Page::boxed() }
    }
}

impl GivenAway {
    /// The toolstack tells both halves of a guest's first cards, or of one more.
    pub(super) fn announce(&mut self, guest: GuestId, cards: &[CardId]) -> bool {
        let (now, address) = (self.now, address_of(guest));
        let places: Vec<Bdf> = cards.iter().map(|card| self.hardware.place(*card)).collect();
        let GivenAway { guests, log, .. } = self;
        let Some(pv) = guests[usize::from(guest.0)].pv() else { return true };
        let done = match &mut pv.bus {
            None => {
                let list: Vec<_> = places.iter().map(|place| (*place, PciOptions::default())).collect();
                pv.bus = Some(PciBus::create(now, log, address, &list));
                true
            }
            Some(bus) => places.iter().all(|place| bus.attach_device(now, log, *place, PciOptions::default())),
        };
        self.settle_bus(guest);
        done
    }

    /// The state of pciback's half of a guest's device, if there is one.
    pub(super) fn back_state(&mut self, guest: GuestId) -> Option<XenbusState> {
        self.guest(guest).pv()?.bus.as_mut().map(PciBus::back_state)
    }

    /// The state of pcifront's half.
    pub(super) fn front_state(&mut self, guest: GuestId) -> Option<XenbusState> {
        self.guest(guest).pv()?.bus.as_mut().map(PciBus::front_state)
    }

    /// Does something with the store that a guest's halves share.
    pub(super) fn with_bus<T>(
        &mut self,
        guest: GuestId,
        act: impl FnOnce(&mut PciBus, Time, &mut Log) -> T,
    ) -> Option<T> {
        let GivenAway { guests, log, now, .. } = self;
        let bus = guests[usize::from(guest.0)].pv()?.bus.as_mut()?;
        let done = act(bus, *now, log);
        self.settle_bus(guest);
        Some(done)
    }

    /// Lets pciback do something for a guest.
    pub(super) fn with_back<T>(
        &mut self,
        guest: GuestId,
        act: impl FnOnce(&mut Pciback, &mut Call<'_>) -> T,
    ) -> Option<T> {
        let GivenAway { guests, xen, hardware, pirqs, owners, now, log, .. } = self;
        let pv = guests[usize::from(guest.0)].pv()?;
        let mapped = pv.shared.and_then(|shared| shared.back).map(|(handle, _)| handle);
        let page = match mapped {
            Some(handle) => xen.mapped_page_mut(DomId::DOM0, handle).ok()?,
            None => &mut *pv.unmapped,
        };
        let mut call = Call { page, functions: &mut hardware.functions, pirqs, owners, now: *now, log };
        Some(act(&mut pv.back, &mut call))
    }

    /// Watches fire, and what halves are to do is done.
    fn settle_bus(&mut self, guest: GuestId) {
        while let Some(action) = self.guest(guest).pv().and_then(|pv| pv.bus.as_mut()?.next_action()) {
            self.do_action(guest, action);
        }
        // A front half that is at work sees nothing new until it is done: its watches have one thread.
        let fires = self
            .guest(guest)
            .pv()
            .is_some_and(|pv| pv.tasks.is_empty() && pv.bus.as_ref().is_some_and(|bus| bus.store.has_event()));
        let waits = self.agenda.iter().any(|(_, item)| matches!(item, Item::Store(other) if *other == guest));
        if fires && !waits {
            let delay = self.settings.delays.watch;
            self.after(delay, Item::Store(guest));
        }
    }

    /// A half sees what the other wrote.
    pub(super) fn store_changed(&mut self, guest: GuestId) {
        let idle = self.guest(guest).pv().is_some_and(|pv| pv.tasks.is_empty());
        if idle && self.guest(guest).alive {
            self.with_bus(guest, PciBus::dispatch);
        }
    }

    fn do_action(&mut self, guest: GuestId, action: PciAction) {
        match action {
            PciAction::SetupFront => self.set_up_front(guest),
            PciAction::Export { index, real } => {
                let line = self.hardware.card_at(real).map_or(0, line_of);
                let exported = self.with_back(guest, |back, call| {
                    back.export(call, real, DeviceKind::Function, None, line).map_err(|why| why as i16)
                });
                let outcome = exported.unwrap_or(Err(-19)).map(|shown| {
                    let roots = self.guest(guest).pv().map(|pv| pv.back.slots.clone());
                    (shown, roots.map_or(Vec::new(), |slots| slots.roots(&self.hardware.topology)))
                });
                self.with_bus(guest, |bus, now, log| bus.exported(now, log, index, outcome));
            }
            PciAction::Attach { gref, port } => {
                let well = self.attach_back(guest, gref, port);
                self.with_bus(guest, |bus, now, log| bus.attached(now, log, well));
            }
            PciAction::Scan(roots) => self.front_scans(guest, &roots),
            PciAction::Remove(places) => self.front_removes(guest, &places),
            PciAction::Release { shown, .. } => {
                let real = self.guest(guest).pv().and_then(|pv| pv.back.slots.published(shown));
                match real.and_then(|real| self.hardware.card_at(real)) {
                    Some(card) => self.release(guest, card),
                    None => drop(self.with_bus(guest, PciBus::released)),
                }
            }
            PciAction::Detach => self.detach_back(guest),
        }
    }

    /// pciback takes a card back. Today's resets it itself, and waits (`pcistub_put_pci_dev`).
    fn release(&mut self, guest: GuestId, card: CardId) {
        let real = self.hardware.place(card);
        self.with_back(guest, |back, call| back.release(call, real));
        self.program_messages();
        if self.is_old() {
            self.with_bus(guest, PciBus::released);
        } else {
            self.begin_reset(card);
            self.after(FLR_NANOS, Item::Released(guest, card));
        }
    }

    /// The card that pciback reset is there again.
    pub(super) fn released(&mut self, guest: GuestId, card: CardId) {
        let now = self.now;
        self.hardware.restore(card, now);
        if self.guest(guest).alive {
            self.with_bus(guest, PciBus::released);
        }
    }

    /// pcifront's page and port.
    fn set_up_front(&mut self, guest: GuestId) {
        let (domain, epoch) = (GivenAway::domain_of(guest), self.settings.front());
        let frames = self.xen.setup_table(domain, 1).map(<[_]>::to_vec).unwrap_or_default();
        let mut grants = GuestGrants::new(domain, &frames);
        let frame = self.xen.domain(domain).and_then(|domain| domain.mfn(SHARED_PAGE));
        let (Some(gref), Some(frame)) = (grants.claim_reference(), frame) else { return };
        let Ok(port) = self.xen.alloc_unbound(domain, DomId::DOM0) else { return };
        grants.grant_access(&mut self.xen.memory, gref, DomId::DOM0, frame, Access::ReadWrite);
        let GivenAway { guests, xen, .. } = self;
        if let (Some(pv), Ok(page)) = (guests[usize::from(guest.0)].pv(), xen.guest_page_mut(domain, SHARED_PAGE)) {
            pv.front = Some(Pcifront::new(epoch, page));
            pv.shared = Some(Shared { front: port, back: None });
        }
        self.with_bus(guest, |bus, now, log| bus.published(now, log, gref, port));
    }

    /// pciback maps the page and binds the port that the store names.
    fn attach_back(&mut self, guest: GuestId, gref: GrantRef, port: Port) -> bool {
        let domain = GivenAway::domain_of(guest);
        let Ok(mapped) = self.xen.map_grant_ref(DomId::DOM0, domain, gref, Access::ReadWrite) else { return false };
        let Ok((own, sent)) = self.xen.bind_interdomain(DomId::DOM0, domain, port) else {
            self.xen.unmap_grant_ref(DomId::DOM0, mapped.handle).expect("it was just mapped");
            return false;
        };
        if let Some(shared) = self.guest(guest).pv().and_then(|pv| pv.shared.as_mut()) {
            shared.back = Some((mapped.handle, own));
        }
        self.called(sent);
        true
    }

    /// pciback lets go of page and port.
    pub(super) fn detach_back(&mut self, guest: GuestId) {
        let shared = self.guest(guest).pv().and_then(|pv| pv.shared.as_mut());
        let Some((handle, port)) = shared.and_then(|shared| shared.back.take()) else { return };
        self.xen.close(DomId::DOM0, port).expect("pciback bound it");
        self.xen.unmap_grant_ref(DomId::DOM0, handle).expect("pciback mapped it");
    }

    /// An event was sent: whoever is to be called is.
    pub(super) fn called(&mut self, sent: Sent) {
        if let Some((domain, _)) = sent.upcall() {
            let delay = self.settings.delays.event;
            self.after(delay, Item::Upcall(domain));
        }
    }

    /// A domain's vCPU looks at its pending ports.
    pub(super) fn upcall(&mut self, domain: DomId) {
        if domain == DomId::DOM0 {
            let GivenAway { dom0, xen, .. } = self;
            dom0.begin(xen.shared_info_mut(domain));
            while let Some(port) = self.dom0.next_port(self.xen.shared_info(domain)) {
                shared_info::clear_pending(self.xen.shared_info_mut(domain), port);
                let guest = self.guests.iter_mut().find_map(|guest| {
                    let id = guest.id;
                    let (_, own) = guest.pv()?.shared?.back?;
                    (own == port).then_some(id)
                });
                if let Some(guest) = guest
                    && self.with_back(guest, Pciback::handle_event) == Some(true)
                {
                    let delay = self.settings.delays.work;
                    self.after(delay, Item::Back(guest));
                }
            }
            return;
        }
        let Some(guest) = self.guests.iter().find(|guest| guest.alive && guest.domain == domain) else { return };
        let (id, mut scan) = (guest.id, guest.scan);
        scan.begin(self.xen.shared_info_mut(domain));
        while let Some(port) = scan.next_port(self.xen.shared_info(domain)) {
            shared_info::clear_pending(self.xen.shared_info_mut(domain), port);
            self.port_rang(id, port);
        }
        self.guest(id).scan = scan;
    }

    fn port_rang(&mut self, guest: GuestId, port: Port) {
        match &mut self.guest(guest).side {
            Side::Pv(pv) if pv.shared.is_some_and(|shared| shared.front == port) => self.poll_front(guest),
            Side::Pv(_) | Side::Hvm(_) => self.driver_hears(guest, port),
        }
    }

    /// pciback's work on a request.
    pub(super) fn work(&mut self, guest: GuestId) {
        let is_working = self.guest(guest).pv().is_some_and(|pv| pv.back.is_working());
        let back = self.guest(guest).pv().and_then(|pv| pv.shared?.back);
        let Some((_, port)) = back.filter(|_| is_working) else { return };
        let after = self.with_back(guest, Pciback::do_op);
        self.program_messages();
        if let Ok(sent) = self.xen.send(DomId::DOM0, port) {
            self.called(sent);
        }
        if after == Some(After::NotifyAndBegin) {
            let delay = self.settings.delays.work;
            self.after(delay, Item::Back(guest));
        }
    }
}

const fn address_of(guest: GuestId) -> PciAddress {
    PciAddress { frontend: GivenAway::domain_of(guest), backend: DomId::DOM0 }
}
