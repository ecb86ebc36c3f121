//! What the toolstack's steps do.
//!
//! Not modelled: see [`toolstack`](crate::machine::given_away::toolstack).

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::hotplug::xend::TestAssign;
use crate::actors::log::Event;
use crate::actors::log::hotplug::{self, Hotplug};
use crate::actors::log::hvm::Hvm;
use crate::actors::log::pciif::Pciif;
use crate::actors::pciback::resources::Resources;
use crate::hypervisor::passthrough::iommus::PciDevice;
use crate::hypervisor::passthrough::options::{AssignError, GuestKind};
use crate::hypervisor::pirqs::PirqId;
use crate::machine::given_away::card::BAR_SIZE;
use crate::machine::given_away::guest::{GUEST_PAGES, Guest};
use crate::machine::given_away::hardware::{REGISTERS, line_of, registers_of};
use crate::machine::given_away::settings::{CardId, GuestId};
use crate::machine::given_away::tally::Count;
use crate::machine::given_away::toolstack::{Outcome, Step};
use crate::machine::given_away::{GivenAway, Item};
use crate::protocols::pci::bar::{BarKind, Region};
use crate::protocols::xenbus::XenbusState;
use crate::words::ids::{Dfn, DomId, Pfn};

/// How often the toolstack looks at a state, and how far apart.
const LOOKS: u16 = 1_000;
const LOOK_NANOS: u64 = 10_000_000;
/// How often libxl asks whether a card is gone, and how far apart.
const MODEL_LOOKS: u8 = 10;
const MODEL_LOOK_NANOS: u64 = 1_000_000_000;

impl GivenAway {
    pub(super) fn take_step(&mut self, step: Step) -> Outcome {
        let done = match step {
            Step::Seize(card) => return self.seized(card),
            Step::Quarantine(card) => self.quarantine(card),
            Step::LetGo(card) => self.let_go(card),
            Step::Test(card) => self.tested(card),
            Step::CheckAssignable(card) => {
                let given = self.guests.iter().any(|guest| guest.alive && guest.cards.contains(&card));
                self.uses[usize::from(card.0)].assignable && !given
            }
            Step::CheckTogether(cards) => cards.iter().all(|card| self.is_given_alone(*card, &cards)),
            Step::CheckAttached(guest, card) => self.guest(guest).cards.contains(&card),
            Step::Reset(card) => {
                let nanos = self.begin_reset(card);
                return Outcome::Later(nanos, Step::Restore(card));
            }
            Step::Restore(card) => {
                let now = self.now;
                self.hardware.restore(card, now);
                true
            }
            Step::Assign(guest, card) => {
                return undone_by(self.assign(guest, card), Step::TakeBack(guest, card));
            }
            Step::Deassign(guest, card) => {
                self.deassign(guest, card);
                true
            }
            Step::TakeBack(guest, card) => {
                if self.has(guest, card) {
                    let steps = vec![Step::Reset(card), Step::Deassign(guest, card), Step::Forbid(guest, card)];
                    return Outcome::First(steps);
                }
                true
            }
            Step::TakeAll(guest) => {
                let cards = &self.guest(guest).cards;
                return Outcome::First(cards.iter().map(|card| Step::TakeBack(guest, *card)).collect());
            }
            Step::Permit(guest, card) => {
                return undone_by(self.permit(guest, card), Step::Forbid(guest, card));
            }
            Step::Forbid(guest, card) => {
                self.forbid(guest, card);
                true
            }
            Step::Create(guest) => return undone_by(self.create(guest), Step::Kill(guest)),
            Step::Announce(guest, cards) => {
                let told = self.guest(guest).alive && self.announce(guest, &cards);
                return undone_by(told, Step::Unexport(guest, cards));
            }
            Step::Unexport(guest, cards) => {
                for card in cards {
                    if self.is_shown(guest, card) {
                        self.forget_user(guest, card);
                    }
                }
                true
            }
            Step::AwaitConnected(guest, looks) => return self.await_connected(guest, looks),
            Step::Withdraw(guest, card) => {
                let real = self.hardware.place(card);
                self.with_bus(guest, |bus, now, log| bus.detach_device(now, log, real));
                true
            }
            Step::Forget(guest, card) => {
                self.forget(guest, card);
                true
            }
            Step::StartModel(guest, cards) => {
                let alive = self.guest(guest).alive;
                if alive {
                    self.start_model(guest, &cards);
                }
                alive
            }
            Step::Handshake(guest, card, attach) => {
                let alive = self.guest(guest).alive;
                if alive {
                    self.tell_xend(guest, card, attach);
                }
                alive
            }
            Step::AwaitXend(guest) => match self.xend_outcome(guest) {
                _ if !self.guest(guest).alive => false,
                None => return Outcome::Later(LOOK_NANOS, Step::AwaitXend(guest)),
                Some(outcome) => outcome != hotplug::Outcome::Failed,
            },
            Step::ModelAdd(guest, card, running) => {
                let shown = self.guest(guest).alive && self.order_add(guest, card, running);
                if shown && running {
                    // Nobody else gets the card before the guest has let it go, or was waited for long enough.
                    return Outcome::Undone(vec![Step::ModelRemove(guest, card), Step::AwaitModel(guest, card, 0)]);
                }
                // A guest that does not run yet is not asked: it is destroyed.
                shown
            }
            Step::ModelRemove(guest, card) => {
                // A device model goes with its guest.
                if self.guest(guest).alive {
                    self.order_remove(guest, card);
                }
                true
            }
            Step::AwaitModel(guest, card, looks) => match self.model_has(guest, card) {
                true if looks < MODEL_LOOKS && self.guest(guest).alive => {
                    return Outcome::Later(MODEL_LOOK_NANOS, Step::AwaitModel(guest, card, looks + 1));
                }
                there => !there,
            },
            Step::Start(guest) => {
                let delay = self.settings.delays.system;
                if self.guest(guest).kind == GuestKind::Hvm {
                    self.after(delay, Item::Booted(guest));
                }
                true
            }
            Step::Note(guest, card, comes) => {
                self.note(guest, card, comes);
                true
            }
            Step::Kill(guest) => {
                self.kill(guest);
                true
            }
        };
        if done { Outcome::Next } else { Outcome::Failed }
    }

    /// pciback takes a card, unless a guest has it.
    fn seized(&mut self, card: CardId) -> Outcome {
        let free = matches!(self.owner(card), DomId::DOM0 | DomId::IO);
        let had = self.uses[usize::from(card.0)].assignable;
        if !free {
            return Outcome::Failed;
        }
        self.uses[usize::from(card.0)].assignable = true;
        if had { Outcome::Next } else { Outcome::Undone(vec![Step::LetGo(card)]) }
    }

    fn quarantine(&mut self, card: CardId) -> bool {
        if self.owner(card) == DomId::IO {
            return true;
        }
        let done = self.iommus.quarantine(&mut self.xen.memory, self.hardware.place(card)).is_ok();
        self.follow_owner(card);
        done
    }

    fn let_go(&mut self, card: CardId) -> bool {
        let used = self.guests.iter().any(|guest| guest.cards.contains(&card) && guest.alive);
        if used || !matches!(self.owner(card), DomId::DOM0 | DomId::IO) {
            return false;
        }
        let free = self.owner(card) == DomId::DOM0
            || self.iommus.give_back(&mut self.xen.memory, self.hardware.place(card)).is_ok();
        self.follow_owner(card);
        self.uses[usize::from(card.0)].assignable &= !free;
        free
    }

    fn tested(&mut self, card: CardId) -> bool {
        let assignable = self.test_assign(card) == TestAssign::Assignable;
        self.log.step(self.now, Event::Hotplug(Hotplug::Tested { device: self.hardware.place(card), assignable }));
        assignable
    }

    /// Whether xend gives a guest a card behind a bridge: no other guest has a card there.
    fn is_given_alone(&self, card: CardId, cards: &[CardId]) -> bool {
        let neighbours = self.hardware.together(card);
        let mut others = neighbours.into_iter().filter(|other| !cards.contains(other));
        others.all(|other| self.test_assign(other) == TestAssign::Assignable)
    }

    /// Xen is to make a card a guest's. That it cannot for PV guests is no error to either toolstack.
    pub(super) fn assign(&mut self, guest: GuestId, card: CardId) -> bool {
        let (domain, kind) = (GivenAway::domain_of(guest), self.guest(guest).kind);
        if !self.guest(guest).alive {
            return false;
        }
        let outcome = self.iommus.assign(&mut self.xen.memory, self.hardware.place(card), domain);
        self.follow_owner(card);
        let tolerated = kind == GuestKind::Pv || !self.settings.heeds_test.is_on();
        let runs = match outcome {
            Ok(()) => true,
            Err(AssignError::NotImplemented) if tolerated => {
                // Two guests would have it, if the toolstack did not keep books.
                let taken =
                    self.guests.iter().any(|other| other.id != guest && other.alive && other.cards.contains(&card));
                if !taken {
                    self.tally.one(Count::Unassigned);
                }
                !taken
            }
            Err(_) => false,
        };
        if runs {
            let one = &mut self.uses[usize::from(card.0)];
            (one.guest, one.lost) = (Some(guest), false);
        }
        runs
    }

    /// Xen is to take a card from a guest.
    pub(super) fn deassign(&mut self, guest: GuestId, card: CardId) {
        let domain = GivenAway::domain_of(guest);
        if self.owner(card) == domain {
            // What goes wrong on the way, Xen has logged.
            let _ = self.iommus.deassign(&mut self.xen.memory, self.hardware.place(card));
            self.follow_owner(card);
        }
        let one = &mut self.uses[usize::from(card.0)];
        if one.guest == Some(guest)
            && self.iommus.device(self.hardware.place(card)).is_some_and(|device| device.owner != domain)
        {
            one.lost = true;
        }
    }

    /// Whether a guest has a card: it got it, and has not lost it.
    pub(super) fn has(&self, guest: GuestId, card: CardId) -> bool {
        let one = &self.uses[usize::from(card.0)];
        one.guest == Some(guest) && !one.lost
    }

    /// pciback and the toolstack learn whose a card is.
    pub(super) fn follow_owner(&mut self, card: CardId) {
        self.tell_xen();
        if self.iommus.are_enabled() {
            // A card that uses its reserved memory all the time may have been cut off from it on the way.
            self.serve_faults();
        }
        let owner = self.owner(card);
        let before = self.owners.of(self.hardware.place(card));
        let leaves_hvm = |guest: &Guest| guest.kind == GuestKind::Hvm && Some(guest.domain) == before;
        if before != Some(owner) && self.guests.iter().any(leaves_hvm) {
            let rests = self.hardware.function(card).is_quiet();
            self.log.also(self.now, Event::Hvm(Hvm::OwnerChanged { owner: owner.0, rests }));
        }
        let sources = self.iommus.device(self.hardware.place(card)).map_or(Vec::new(), PciDevice::sources);
        let moved = if before == Some(owner) { Vec::new() } else { self.owners.note(&sources, owner) };
        for device in moved {
            self.log.also(self.now, Event::Pciif(Pciif::OwnerChanged { device, owner }));
        }
    }

    /// A card's registers, as they were when it was found.
    fn resources(&self, card: CardId) -> Resources {
        let kind = BarKind::Memory32 { prefetchable: false };
        let registers = Region { place: REGISTERS, kind, base: registers_of(card), size: BAR_SIZE };
        Resources::noted([registers], &self.hardware.functions[usize::from(card.0)].config)
    }

    fn permit(&mut self, guest: GuestId, card: CardId) -> bool {
        let domain = GivenAway::domain_of(guest);
        if !self.guest(guest).alive {
            return false;
        }
        let toolstack = self.settings.toolstack();
        if self.resources(card).grant(&mut self.may, domain, toolstack).is_err() {
            return false;
        }
        // It may be mapped already.
        let _ = self.pirqs.map_gsi(domain, line_of(card).into());
        true
    }

    pub(super) fn forbid(&mut self, guest: GuestId, card: CardId) {
        let domain = GivenAway::domain_of(guest);
        self.resources(card).revoke(&mut self.may, domain);
        // It may be unmapped already.
        let _ = self.pirqs.unmap(domain, PirqId(line_of(card).into()));
    }

    fn create(&mut self, guest: GuestId) -> bool {
        let (domain, kind) = (GivenAway::domain_of(guest), self.guest(guest).kind);
        if self.xen.create_domain(domain, GUEST_PAGES).is_err() {
            return false;
        }
        let memory = &mut self.xen.memory;
        if self.iommus.add_domain(memory, domain, kind).is_err() {
            self.xen.destroy_domain(domain);
            return false;
        }
        if kind == GuestKind::Hvm {
            for page in 0..GUEST_PAGES {
                let frame = self.xen.domain(domain).and_then(|domain| domain.mfn(Pfn(page)));
                // Where memory for tables is short, cards do not get there.
                let _ = self.iommus.p2m_changed(&mut self.xen.memory, domain, Dfn(page), frame, 0);
            }
        }
        self.iommus.take_steps();
        if kind == GuestKind::Hvm {
            self.make_descriptor(guest);
        }
        self.guest(guest).alive = true;
        true
    }

    /// Both halves are done when both are Connected; a guest without any is.
    fn await_connected(&mut self, guest: GuestId, looks: u16) -> Outcome {
        if !self.guest(guest).alive {
            return Outcome::Failed;
        }
        match (self.back_state(guest), self.front_state(guest)) {
            (None, _) | (Some(XenbusState::Connected), Some(XenbusState::Connected)) => Outcome::Next,
            (Some(XenbusState::Closing | XenbusState::Closed), _) => Outcome::Failed,
            _ if looks >= LOOKS => Outcome::Failed,
            _ => Outcome::Later(LOOK_NANOS, Step::AwaitConnected(guest, looks + 1)),
        }
    }

    /// The keys of a card that went.
    fn forget(&mut self, guest: GuestId, card: CardId) {
        let real = self.hardware.place(card);
        self.with_bus(guest, |bus, _, _| {
            let closing: Vec<u16> = bus.closing_of(real).into_iter().collect();
            for index in closing {
                bus.forget_device(index);
            }
        });
    }

    fn note(&mut self, guest: GuestId, card: CardId, comes: bool) {
        let cards = &mut self.guest(guest).cards;
        let had = cards.contains(&card);
        match (comes, had) {
            (true, false) => cards.push(card),
            (false, true) => cards.retain(|other| *other != card),
            (true, true) | (false, false) => return,
        }
        self.tally.one(if comes { Count::Plugged } else { Count::Unplugged });
    }
}

/// What a step came to that another undoes.
fn undone_by(done: bool, step: Step) -> Outcome {
    if done { Outcome::Undone(vec![step]) } else { Outcome::Failed }
}
