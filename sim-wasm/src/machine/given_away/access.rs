//! A card's requests on their way: past the ports of the switch, the unit, or neither, to frames or another card's registers.
//!
//! ```text
//!   card ─► masters the bus? ─► switch ─ another card's registers, and no port redirects it ─► that card
//!                                  └─► unit, if there is one ─ blocked, or ─► frame, or ─► message
//! ```
//!
//! Not modelled: requests under way while others overtake them, and traffic between root ports.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::log::Event;
use crate::actors::log::dma::Dma;
use crate::actors::remapping;
use crate::hypervisor::memory::Owner;
use crate::hypervisor::message::{Message, is_for_interrupts};
use crate::hypervisor::page::PAGE_SIZE;
use crate::hypervisor::passthrough::host_errors::HostFate;
use crate::hypervisor::vtd::interrupts::{Arrival, as_written};
use crate::hypervisor::vtd::registers as reg;
use crate::hypervisor::vtd::structures::{PAGE_SHIFT, frame_of};
use crate::hypervisor::vtd::write_requests::Ending;
use crate::machine::given_away::card::{Answer, Ask, Card};
use crate::machine::given_away::reserved::frames_of;
use crate::machine::given_away::settings::CardId;
use crate::machine::given_away::tally::{Count, Landing};
use crate::machine::given_away::{GivenAway, Item, XEN_HEAP};
use crate::protocols::pci::config::Width;
use crate::protocols::pci::registers::{PCI_COMMAND, PCI_COMMAND_MASTER};
use crate::protocols::pci::topology::{PeerKind, PeerRequest, Route};
use crate::words::ids::{Dfn, DomId, Mfn};

/// Where a request goes once it has left the card.
enum Way {
    /// Up to the root complex.
    Up,
    /// To another card's registers.
    Down(CardId, u32),
    /// Nowhere: a port blocked it.
    Blocked,
}

impl GivenAway {
    /// A card may have something to do.
    pub(super) fn poke(&mut self, card: CardId) {
        let one = &mut self.uses[usize::from(card.0)];
        if !one.due {
            one.due = true;
            let delay = self.settings.delays.request;
            self.after(delay, Item::Card(card));
        }
    }

    /// A card makes its next request, if it may.
    pub(super) fn run_card(&mut self, card: CardId) {
        self.uses[usize::from(card.0)].due = false;
        let may = self.hardware.function(card).may_send(self.now) || self.hardware.card(card).is_restless();
        if !may {
            self.log.step(self.now, Event::Dma(Dma::CardSilent));
            return;
        }
        let Some(ask) = self.hardware.card(card).ask() else { return };
        let answer = match ask {
            Ask::Read(address, len) => self.read(card, address, len).map_or(Answer::Refused, Answer::Read),
            Ask::Write(address, bytes) => {
                if self.write(card, address, &bytes) {
                    Answer::Taken
                } else {
                    Answer::Refused
                }
            }
            Ask::Signal => {
                self.signal(card);
                Answer::Taken
            }
        };
        self.with_card(card, |card| card.answer(answer));
        self.poke_if_busy(card);
    }

    /// Lets something happen to a card, and counts the packets that it sent or lost by it.
    pub(super) fn with_card(&mut self, card: CardId, act: impl FnOnce(&mut Card)) {
        let counts = |card: &Card| (card.sent().len() as u64, card.dropped());
        let one = self.hardware.card(card);
        let before = counts(one);
        act(one);
        let after = counts(one);
        self.tally.add(Count::Sent, after.0 - before.0);
        self.tally.add(Count::Dropped, after.1 - before.1);
    }

    fn poke_if_busy(&mut self, card: CardId) {
        if self.hardware.card(card).ask().is_some() {
            self.poke(card);
        }
    }

    fn read(&mut self, card: CardId, address: u64, len: u32) -> Option<Vec<u8>> {
        let mut bytes = vec![0; len as usize];
        match self.way(card, address) {
            Way::Blocked => return None,
            Way::Down(_, _) => {
                // Registers read as zeros here.
                self.tally.add(Count::Read(Landing::Registers), u64::from(len));
                return Some(bytes);
            }
            Way::Up => {}
        }
        let source = self.hardware.requester(card);
        let frame = if self.iommus.are_enabled() {
            let GivenAway { iommus, xen, log, now, .. } = self;
            let unit = &mut iommus.unit_mut(0).unit;
            let completion = remapping::dma_read(log, *now, unit, &xen.memory, (source, address), &mut bytes);
            self.serve_faults();
            self.ended(completion.ending);
            completion.is_done().then_some(completion.frame?)?
        } else {
            self.log.step(self.now, Event::Dma(Dma::RequestSent { source, address, write: false }));
            let frame = frame_of(address);
            let page = frame.and_then(|frame| self.xen.memory.bus_page(frame)).filter(|_| !is_for_interrupts(address));
            let Some(page) = page else {
                self.ended(Ending::Unsupported);
                return None;
            };
            let at = address as usize % PAGE_SIZE;
            bytes.copy_from_slice(&page.bytes()[at..][..len as usize]);
            frame?
        };
        let landing = self.landing(card, frame);
        self.tally.add(Count::Read(landing), u64::from(len));
        let meant = is_meant(landing);
        self.log.also(self.now, Event::Dma(Dma::FrameReached { frame, write: false, meant }));
        Some(bytes)
    }

    /// A card writes; whether anybody took it.
    pub(super) fn write(&mut self, card: CardId, address: u64, bytes: &[u8]) -> bool {
        let source = self.hardware.requester(card);
        match self.way(card, address) {
            Way::Blocked => return false,
            Way::Down(other, register) => {
                self.tally.add(Count::Written(Landing::Registers), bytes.len() as u64);
                for (at, word) in (register..).step_by(4).zip(bytes.chunks_exact(4)) {
                    let value = word.try_into().map_or(0, u32::from_le_bytes);
                    self.write_register(other, at, value);
                }
                self.poke(other);
                return true;
            }
            Way::Up => {}
        }
        let frame = if self.iommus.are_enabled() {
            let GivenAway { iommus, xen, log, now, .. } = self;
            let unit = &mut iommus.unit_mut(0).unit;
            let completion = remapping::dma_write(log, *now, unit, &mut xen.memory, (source, address), bytes);
            self.serve_faults();
            self.ended(completion.ending);
            match completion.ending {
                Ending::Interrupt(arrival) => {
                    self.arrived(card, arrival);
                    return true;
                }
                Ending::Done => completion.frame,
                Ending::Blocked(_) | Ending::Unsupported => return false,
            }
        } else {
            self.log.step(self.now, Event::Dma(Dma::RequestSent { source, address, write: true }));
            if is_for_interrupts(address) {
                return self.rings(card, address, bytes);
            }
            let frame = frame_of(address);
            let Some(page) = frame.and_then(|frame| self.xen.memory.bus_page_mut(frame)) else {
                self.ended(Ending::Unsupported);
                return false;
            };
            page.write(address as usize % PAGE_SIZE, bytes);
            frame
        };
        if let Some(frame) = frame {
            self.landed(card, frame, bytes.len() as u64);
        }
        true
    }

    /// A write into the window of interrupts on a machine without a unit.
    fn rings(&mut self, card: CardId, address: u64, bytes: &[u8]) -> bool {
        let Some(data) = bytes.first_chunk().filter(|_| bytes.len() == 4 && address & 3 == 0) else {
            self.ended(Ending::Unsupported);
            return false;
        };
        let arrival = Arrival::AsWritten(as_written(Message { address, data: u32::from_le_bytes(*data) }));
        let source = self.hardware.requester(card);
        if let Some(event) = remapping::told(source, Dfn((address >> PAGE_SHIFT) as u32), Ending::Interrupt(arrival)) {
            self.log.also(self.now, Event::Vtd(event));
        }
        self.ended(Ending::Interrupt(arrival));
        self.arrived(card, arrival);
        true
    }

    /// Which way a request takes.
    fn way(&mut self, card: CardId, address: u64) -> Way {
        let Some((other, register)) = self.hardware.answers(self.now, address).filter(|(other, _)| *other != card)
        else {
            return Way::Up;
        };
        let (from, to) = (self.hardware.place(card), self.hardware.place(other));
        let requester = self.hardware.requester(card);
        let request = PeerRequest { from, requester, to, kind: PeerKind::Untranslated };
        match self.hardware.topology.route(request) {
            Route::Iommu => Way::Up,
            Route::Turned { .. } | Route::SameBus { .. } => Way::Down(other, register),
            Route::Blocked { .. } => {
                self.tally.one(Count::BlockedByPort);
                Way::Blocked
            }
        }
    }

    /// What the end of a request comes to, for the counts and for the host.
    fn ended(&mut self, ending: Ending) {
        match ending {
            Ending::Done | Ending::Interrupt(_) => {}
            Ending::Blocked(fault) if fault.is_interrupt() => self.tally.one(Count::MessagesBlocked),
            Ending::Blocked(_) => self.tally.one(Count::Blocked),
            Ending::Unsupported => self.tally.one(Count::Unanswered),
        }
        if self.iommus.host_fate(ending) == HostFate::Stops {
            self.tally.set(Count::HostStopped, 1);
        }
    }

    /// Xen looks at what the unit wrote down.
    pub(super) fn serve_faults(&mut self) {
        let pending = reg::FSTS_PPF | reg::FSTS_PFO;
        if self.iommus.unit(0).unit.read_u32(reg::FSTS) & pending == 0 {
            return;
        }
        let silenced = self.iommus.serve_faults(&mut self.xen.memory, 0, self.now);
        self.tell_xen();
        for bdf in silenced {
            let Some(card) = self.hardware.card_at(bdf) else { continue };
            let now = self.now;
            let function = self.hardware.function(card);
            let command = function.config.command() & !PCI_COMMAND_MASTER;
            function.write(now, PCI_COMMAND, Width::Word, command.into());
            self.tally.one(Count::Silenced);
        }
        self.tally.set(Count::FaultsRecorded, self.iommus.unit(0).unit.counts().recorded);
    }

    fn landed(&mut self, card: CardId, frame: Mfn, bytes: u64) {
        let landing = self.landing(card, frame);
        self.tally.add(Count::Written(landing), bytes);
        if self.uses[usize::from(card.0)].lost && !is_meant(landing) {
            self.tally.add(Count::WrittenLate, bytes);
        }
        let is_table = frame.0 >= XEN_HEAP && self.xen.memory.owner(frame) == Ok(Owner::Xen(None));
        if is_table && !self.is_scratch(frame) {
            self.tally.set(Count::TablesOverwritten, 1);
        }
        let meant = is_meant(landing);
        self.log.also(self.now, Event::Dma(Dma::FrameReached { frame, write: true, meant }));
    }

    /// Whether a frame is the one that quarantine leads everything to.
    fn is_scratch(&self, frame: Mfn) -> bool {
        self.iommus.scratch_page() == Some(frame)
    }

    fn landing(&self, card: CardId, frame: Mfn) -> Landing {
        // What is reserved for one of a domain's cards is in reach of all of them.
        let guest = self.uses[usize::from(card.0)].guest;
        let mut reserved = (0_u8..).map(CardId).zip(&self.uses).filter(|(_, one)| one.guest == guest);
        if reserved.any(|(other, _)| frames_of(&self.settings.reserved, other).any(|reserved| reserved == frame)) {
            return Landing::Reserved;
        }
        let user = guest.map_or(DomId::DOM0, GivenAway::domain_of);
        match self.xen.memory.owner(frame) {
            Ok(Owner::Domain(owner)) if owner == user => Landing::Own,
            Ok(Owner::Domain(DomId::DOM0)) => Landing::Dom0,
            // What is reserved for other cards.
            Ok(Owner::Domain(DomId::IO)) => Landing::Nobody,
            Ok(Owner::Domain(_)) => Landing::Neighbour,
            Ok(Owner::Xen(_)) => Landing::Xen,
            Ok(Owner::Nobody) | Err(_) => Landing::Nobody,
        }
    }
}

/// Whether a card has any business there.
const fn is_meant(landing: Landing) -> bool {
    matches!(landing, Landing::Own | Landing::Reserved)
}
