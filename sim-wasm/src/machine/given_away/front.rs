//! pcifront's work, request by request: it scans, has cards enabled for their drivers, and disabled again.
//!
//! ```text
//!   scan ─► for each card: command register, messages ─► driver: port, rings, registers
//!   remove ─► driver: registers ─► messages off, command register ─► gone
//! ```
//!
//! One request is under way at a time. A card with a table of messages is asked for one of its entries, and for its one message
//! if that is refused; a card whose message is refused is driven by its line.
//!
//! Not modelled: drivers that fail, and a driver's look at the capabilities before it asks.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::actors::epoch::FrontEpoch;
use crate::actors::log::Event;
use crate::actors::log::pciif::Pciif;
use crate::actors::pcibus::PciBus;
use crate::actors::pcifront::scan::{Found, Places, Scan};
use crate::actors::pcifront::{Call, Pcifront, Poll, Reply};
use crate::hypervisor::pirqs::PirqId;
use crate::machine::given_away::driver::{Driver, Hears, Rings};
use crate::machine::given_away::guest::SHARED_PAGE;
use crate::machine::given_away::hardware::Hardware;
use crate::machine::given_away::settings::{CardId, GuestId};
use crate::machine::given_away::{GivenAway, Item};
use crate::protocols::pci::bar::regions;
use crate::protocols::pci::function::Function;
use crate::protocols::pci::registers::{PCI_COMMAND, PCI_COMMAND_MASTER, PCI_COMMAND_MEMORY};
use crate::protocols::pciif::{PciCmd, PciOp, Place, XEN_PCI_ERR_SUCCESS};
use crate::words::ids::{Bdf, Port};
use crate::words::time::Time;

/// What pcifront is to do.
#[derive(Clone, Debug)]
pub(super) enum FrontTask {
    /// It looks for what it does not know yet.
    Scan(Box<Scan>),
    /// It tells that it has scanned.
    Scanned,
    /// A card is enabled for its driver.
    Enable(Box<Found>),
    /// An entry of the card's table of messages is asked for.
    EnableMsix(Box<Found>),
    /// The card's one message is asked for.
    EnableMsi(Box<Found>),
    /// The card's messages are given up.
    DisableMsix(Bdf),
    /// Its one message is.
    DisableMsi(Bdf),
    /// The card is disabled.
    Disable(Bdf),
    /// It tells that it has removed what it was to.
    Removed,
}

impl FrontTask {
    /// The request that it makes next; nothing if it needs none any more.
    fn op(&self) -> Option<PciOp> {
        let command =
            |place: Bdf, value: u16| PciOp::conf_write(Place::new(place), PCI_COMMAND.into(), 2, value.into());
        match self {
            FrontTask::Scan(scan) => scan.next_op(),
            FrontTask::Enable(found) => Some(command(found.place, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)),
            FrontTask::EnableMsi(found) => Some(PciOp::new(PciCmd::EnableMsi, Place::new(found.place))),
            FrontTask::DisableMsix(place) => Some(PciOp::new(PciCmd::DisableMsix, Place::new(*place))),
            FrontTask::DisableMsi(place) => Some(PciOp::new(PciCmd::DisableMsi, Place::new(*place))),
            FrontTask::Disable(place) => Some(command(*place, 0)),
            // pcifront makes that one itself.
            FrontTask::EnableMsix(_) | FrontTask::Scanned | FrontTask::Removed => None,
        }
    }
}

impl GivenAway {
    /// Lets pcifront do something with its page.
    fn with_front<T>(&mut self, guest: GuestId, act: impl FnOnce(&mut Pcifront, &mut Call<'_>) -> T) -> Option<T> {
        let GivenAway { guests, xen, now, log, .. } = self;
        let guest = &mut guests[usize::from(guest.0)];
        let domain = guest.domain;
        let front = guest.pv()?.front.as_mut()?;
        let page = xen.guest_page_mut(domain, SHARED_PAGE).ok()?;
        Some(act(front, &mut Call { page, now: *now, log }))
    }

    pub(super) fn front_scans(&mut self, guest: GuestId, roots: &[u8]) {
        let places = match self.settings.front() {
            FrontEpoch::Classic => Places::Slots,
            FrontEpoch::Modern => Places::All,
        };
        let known: Vec<Bdf> = self.guest(guest).drivers.iter().map(|driver| driver.place).collect();
        let scans = roots.iter().map(|bus| {
            let known = known.iter().copied().filter(|place| place.bus() == *bus);
            FrontTask::Scan(Box::new(Scan::new(*bus, places, known)))
        });
        let tasks = scans.chain([FrontTask::Scanned]).collect::<Vec<_>>();
        self.front_does(guest, tasks);
    }

    pub(super) fn front_removes(&mut self, guest: GuestId, places: &[Bdf]) {
        let mut tasks = Vec::new();
        for place in places {
            let driver = self.guest(guest).drivers.iter().find(|driver| driver.place == *place);
            if let Some((card, hears)) = driver.map(|driver| (driver.card, driver.hears)) {
                self.end_pv_driver(guest, card);
                let quiet = match hears {
                    Hears::Port { of: Rings::Entry, .. } => FrontTask::DisableMsix(*place),
                    Hears::Port { .. } | Hears::Nothing | Hears::Vector(_) => FrontTask::DisableMsi(*place),
                };
                tasks.extend([quiet, FrontTask::Disable(*place)]);
            }
        }
        tasks.push(FrontTask::Removed);
        self.front_does(guest, tasks);
    }

    fn front_does(&mut self, guest: GuestId, tasks: Vec<FrontTask>) {
        let Some(pv) = self.guest(guest).pv() else { return };
        let idle = pv.tasks.is_empty();
        pv.tasks.extend(tasks);
        if idle {
            self.front_goes_on(guest);
        }
    }

    /// pcifront makes the next request, or tells that nothing is left.
    fn front_goes_on(&mut self, guest: GuestId) {
        loop {
            let Some(pv) = self.guest(guest).pv() else { return };
            let Some(task) = pv.tasks.first() else { return };
            let asks = if let FrontTask::EnableMsix(found) = task {
                let place = Place::new(found.place);
                self.with_front(guest, |front, call| front.enable_msix(call, place, &[0]).expect("one entry fits"));
                true
            } else if let Some(op) = task.op() {
                self.with_front(guest, |front, call| front.post(call, op));
                true
            } else {
                false
            };
            if asks {
                self.front_rings(guest);
                return self.poll_front(guest);
            }
            let Some(pv) = self.guest(guest).pv() else { return };
            match pv.tasks.remove(0) {
                FrontTask::Scan(scan) => {
                    let found = scan.into_found().into_iter().map(|found| FrontTask::Enable(Box::new(found)));
                    pv.tasks.splice(0..0, found);
                }
                FrontTask::Scanned => drop(self.with_bus(guest, PciBus::scanned)),
                FrontTask::Removed => drop(self.with_bus(guest, PciBus::removed)),
                FrontTask::Enable(_)
                | FrontTask::EnableMsix(_)
                | FrontTask::EnableMsi(_)
                | FrontTask::DisableMsix(_)
                | FrontTask::DisableMsi(_)
                | FrontTask::Disable(_) => {}
            }
        }
    }

    fn front_rings(&mut self, guest: GuestId) {
        let port = self.guest(guest).pv().and_then(|pv| pv.shared).map(|shared| shared.front);
        if let Some(port) = port
            && let Ok(sent) = self.xen.send(GivenAway::domain_of(guest), port)
        {
            self.called(sent);
        }
    }

    /// pcifront looks for its answer.
    pub(super) fn poll_front(&mut self, guest: GuestId) {
        let waits = self.guest(guest).alive
            && self.guest(guest).pv().is_some_and(|pv| pv.front.as_ref().is_some_and(Pcifront::is_waiting));
        if !waits {
            return;
        }
        match self.with_front(guest, Pcifront::poll) {
            Some(Poll::Wait(until)) => self.wait_front(guest, until),
            Some(Poll::Done(reply)) => {
                self.front_answered(guest, &reply);
                self.front_goes_on(guest);
            }
            None => {}
        }
    }

    /// One appointment at a time reminds pcifront of its patience's end.
    fn wait_front(&mut self, guest: GuestId, until: Time) {
        let waits = self.agenda.iter().any(|(_, item)| matches!(item, Item::Poll(other) if *other == guest));
        if !waits {
            self.agenda.push(until, Item::Poll(guest));
        }
    }

    fn front_answered(&mut self, guest: GuestId, reply: &Reply) {
        let GivenAway { guests, log, now, hardware, .. } = self;
        let Some(pv) = guests[usize::from(guest.0)].pv() else { return };
        if let Some(FrontTask::Scan(scan)) = pv.tasks.first_mut() {
            return scan.answer(*now, log, reply.err, reply.value);
        }
        if pv.tasks.is_empty() {
            return;
        }
        match pv.tasks.remove(0) {
            FrontTask::Enable(found) => {
                let card = card_of(hardware, &found);
                let has_table = card.is_some_and(|card| hardware.function(card).msix.is_some());
                pv.tasks.insert(0, if has_table { FrontTask::EnableMsix(found) } else { FrontTask::EnableMsi(found) });
            }
            FrontTask::EnableMsix(found) => match reply.entries.first() {
                Some(entry) if reply.err == XEN_PCI_ERR_SUCCESS => {
                    self.begin_pv_driver(guest, &found, PirqId(entry.vector), Rings::Entry);
                }
                Some(_) | None => pv.tasks.insert(0, FrontTask::EnableMsi(found)),
            },
            FrontTask::EnableMsi(found) => {
                let (pirq, of) = match reply.err {
                    XEN_PCI_ERR_SUCCESS => (reply.value as u16, Rings::Message),
                    _ => (found.interrupt.0.into(), Rings::Line),
                };
                self.begin_pv_driver(guest, &found, PirqId(pirq), of);
            }
            FrontTask::Disable(place) => log.step(*now, Event::Pciif(Pciif::DeviceRemoved { place })),
            FrontTask::DisableMsix(_)
            | FrontTask::DisableMsi(_)
            | FrontTask::Scan(_)
            | FrontTask::Scanned
            | FrontTask::Removed => {}
        }
    }

    /// A driver takes a card that was found, with a number that rings.
    fn begin_pv_driver(&mut self, guest: GuestId, found: &Found, pirq: PirqId, of: Rings) {
        let domain = GivenAway::domain_of(guest);
        let Some(registers) = found.regions.first().map(|region| region.base) else { return };
        let (Some(card), Some(rings)) = (card_of(&self.hardware, found), self.guest(guest).room()) else { return };
        if self.guest(guest).driver_of(card).is_some() {
            return;
        }
        let hears = match self.xen.bind_pirq(domain, pirq) {
            Ok(port) if self.pirqs.bind(domain, pirq, port).is_ok() => Hears::Port { port, pirq, of },
            Ok(port) => {
                self.xen.close(domain, port).expect("it was just bound");
                Hears::Nothing
            }
            Err(_) => Hears::Nothing,
        };
        self.follow_masks();
        self.start_driver(guest, Driver::new(card, found.place, registers, rings, hears));
    }

    /// A driver lets its card go.
    fn end_pv_driver(&mut self, guest: GuestId, card: CardId) {
        let driver = self.stop_driver(guest, card);
        if let Some(Hears::Port { port, .. }) = driver.map(|driver| driver.hears) {
            self.xen.close(GivenAway::domain_of(guest), port).expect("the driver bound it");
            self.follow_masks();
        }
    }

    /// A port that is no half's rang: a driver's card interrupts.
    pub(super) fn driver_hears(&mut self, guest: GuestId, port: Port) {
        let hearing = self.guest(guest).drivers.iter().find_map(|driver| match driver.hears {
            Hears::Port { port: own, pirq, of } if own == port => Some((driver.card, pirq, of)),
            Hears::Port { .. } | Hears::Nothing | Hears::Vector(_) => None,
        });
        let Some((card, pirq, of)) = hearing else { return };
        self.reap(guest, card);
        if of == Rings::Line {
            let domain = GivenAway::domain_of(guest);
            let ended = self.xen.pirq_eoi(domain, pirq).is_ok();
            if ended {
                // The line is free again; nobody else has it.
                let _ = self.pirqs.end(domain, pirq);
            }
        }
    }
}

/// The card whose registers a guest found.
fn card_of(hardware: &Hardware, found: &Found) -> Option<CardId> {
    let registers = found.regions.first()?.base;
    let has = |function: &Function| regions(&function.config).any(|region| region.contains(registers));
    hardware.functions.iter().position(has).map(|card| CardId(card as u8))
}
