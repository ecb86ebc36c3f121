//! Interrupts from cards to guests: which vector of Xen's stands for which card's message, and who gets it.
//!
//! pciback and the device model say that a guest wants a card's message. Xen chooses a vector, makes an entry for it where
//! interrupts are remapped, and writes into the card what it is to send, which no guest learns: into its config space, or
//! into its [table](crate::machine::given_away::table).
//!
//! ```text
//!   card ─ message ─► unit ─► processor: vector ─► PV guest: port ─► driver
//!                        │                     └─► HVM guest: vector of its own ─► driver
//!                        └─ posted ─► HVM guest's vCPU: vector of its own ─► driver
//! ```
//!
//! Not modelled: processors other than the first.

use alloc::vec::Vec;

use crate::actors::hvm::Host;
use crate::hypervisor::message::Message;
use crate::hypervisor::passthrough::intremap::{Taken, Target};
use crate::hypervisor::pirqs::{IrqSource, PirqId};
use crate::hypervisor::vtd::interrupts::Arrival;
use crate::machine::given_away::hardware::line_of;
use crate::machine::given_away::settings::{CardId, GuestId};
use crate::machine::given_away::tally::Count;
use crate::machine::given_away::{GivenAway, Item};
use crate::protocols::pci::msi::Msi;
use crate::protocols::pci::msix;
use crate::protocols::pci::registers::PCI_COMMAND_INTX_DISABLE;
use crate::words::ids::{Bdf, DomId, Port};

/// The first of Xen's vectors for devices here; it keeps lower ones for itself.
const FIRST_VECTOR: u8 = 0x31;
/// The last one.
const LAST_VECTOR: u8 = 0xEF;

/// A message that a card was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Given {
    vector: u8,
    domain: DomId,
    bdf: Bdf,
    entry: u16,
    message: Message,
    /// Where it goes.
    target: Target,
    /// Whether Xen has masked its entry of the card's table; nothing for a message that has no entry.
    masked: Option<bool>,
}

impl Given {
    /// Whether it stands for a domain's mapping of a device's message.
    fn is_for(&self, domain: DomId, bdf: Bdf, entry: u16) -> bool {
        (self.domain, self.bdf, self.entry) == (domain, bdf, entry)
    }
}

/// Xen's vectors that are in use.
#[derive(Clone, Debug, Default)]
pub(super) struct Vectors(Vec<Given>);

impl Vectors {
    pub(super) const fn new() -> Vectors {
        Vectors(Vec::new())
    }

    fn free(&self) -> Option<u8> {
        // Those of programs' calls are left out.
        let usable = |vector: &u8| !matches!(vector, 0x80 | 0x82);
        let is_free = |vector: &u8| self.0.iter().all(|given| given.vector != *vector);
        (FIRST_VECTOR..=LAST_VECTOR).filter(usable).find(is_free)
    }
}

impl GivenAway {
    /// What Xen has a card send for an entry of its table, 0 for its one message.
    #[must_use]
    pub fn message_of(&self, card: CardId, entry: u16) -> Option<Message> {
        let bdf = self.hardware.place(card);
        self.vectors.0.iter().find(|given| (given.bdf, given.entry) == (bdf, entry)).map(|given| given.message)
    }

    /// Xen gives cards the messages that were mapped since the last call, and takes those back that were unmapped or lead
    /// elsewhere now.
    pub(super) fn program_messages(&mut self) {
        let mapped: Vec<_> = self.pirqs.messages().map(|(domain, _, bdf, entry)| (domain, bdf, entry)).collect();
        let is_mapped = |given: &Given| mapped.iter().any(|&(domain, bdf, entry)| given.is_for(domain, bdf, entry));
        let leads = |given: &Given| self.target_of(given.domain, given.bdf, given.entry, given.vector) == given.target;
        let goes = |given: &Given| !is_mapped(given) || !leads(given);
        let gone: Vec<Given> = self.vectors.0.iter().copied().filter(goes).collect();
        self.vectors.0.retain(|given| !gone.contains(given));
        for gone in gone {
            if gone.masked == Some(false) {
                self.write_mask(gone.bdf, gone.entry, true);
            }
            self.iommus.unmap_msi(&mut self.xen.memory, 0, gone.message);
        }
        for (domain, bdf, entry) in mapped {
            if self.vectors.0.iter().any(|given| given.is_for(domain, bdf, entry)) {
                continue;
            }
            let (Some(vector), Some(card)) = (self.vectors.free(), self.hardware.card_at(bdf)) else { continue };
            let target = self.target_of(domain, bdf, entry, vector);
            let Ok(message) = self.iommus.map_msi(&mut self.xen.memory, bdf, target) else { continue };
            let masked = self.program(card, entry, message);
            self.vectors.0.push(Given { vector, domain, bdf, entry, message, target, masked });
        }
        self.follow_masks();
        self.tell_xen();
    }

    /// Xen masks the entries that no guest has bound, or that their guest has masked, and unmasks the others.
    pub(super) fn follow_masks(&mut self) {
        for number in 0..self.vectors.0.len() {
            let given = self.vectors.0[number];
            let Some(masked) = given.masked else { continue };
            let wanted = !self.is_heard(given.domain, given.bdf, given.entry);
            if masked != wanted {
                self.vectors.0[number].masked = Some(wanted);
                self.write_mask(given.bdf, given.entry, wanted);
            }
        }
    }

    /// A card wants attention: by its message if that is on, else by its line.
    pub(super) fn signal(&mut self, card: CardId) {
        let now = self.now;
        let function = self.hardware.function(card);
        let by_line = function.config.command() & PCI_COMMAND_INTX_DISABLE == 0
            && Msi::of(&function.config).is_none_or(|msi| !msi.enabled)
            && !msix::is_enabled(&function.config);
        let held = msix::is_enabled(&function.config) && function.may_send(now);
        if let Some(Message { address, data }) = function.signal(now, 0) {
            self.write(card, address, &data.to_le_bytes());
        } else if by_line {
            let raised = self.pirqs.raise(IrqSource::Gsi(line_of(card).into()));
            self.tell_guests(Count::Interrupts, raised);
        } else if held {
            self.tally.one(Count::MessagesHeld);
        }
    }

    /// A card's message came to the processor.
    pub(super) fn arrived(&mut self, card: CardId, arrival: Arrival) {
        if let Arrival::Notified(_) = arrival {
            return self.take_over(card);
        }
        match self.iommus.taken(arrival) {
            Taken::Handled(vector) => self.handle(self.hardware.place(card), vector),
            Taken::HeldBack(_) | Taken::Noted => self.tally.one(Count::MessagesIgnored),
            Taken::Mistaken(_) | Taken::ByMode(_) => self.tally.one(Count::MessagesMistaken),
            Taken::XenStops(_) => self.tally.set(Count::HostStopped, 1),
        }
    }

    /// A processor takes a vector of Xen's.
    fn handle(&mut self, source: Bdf, vector: u8) {
        let Some(given) = self.vectors.0.iter().find(|given| given.vector == vector).copied() else {
            return self.tally.one(Count::MessagesIgnored);
        };
        let count = if given.bdf == source { Count::Interrupts } else { Count::ForgedInterrupts };
        let GivenAway { guests, xen, costs, now, log, pirqs, .. } = self;
        let guest = guests.iter_mut().find(|guest| guest.alive && guest.domain == given.domain);
        let Some(hvm) = guest.and_then(|guest| guest.hvm()) else {
            let raised = pirqs.raise(IrqSource::Message(given.bdf, given.entry));
            return self.tell_guests(count, raised);
        };
        let is_it = |&(domain, _, bdf, entry): &(DomId, PirqId, Bdf, u16)| given.is_for(domain, bdf, entry);
        let mut host = Host { xen, costs, now: *now, log };
        let pirq = pirqs.messages().find(is_it).map(|(_, pirq, ..)| pirq.0);
        let Some(to) = pirq.and_then(|pirq| hvm.messages.deliver(&mut host, &mut hvm.lines, pirq)) else {
            return self.tally.one(Count::MessagesIgnored);
        };
        self.tally.one(count);
        let delay = self.settings.delays.event;
        self.after(delay, Item::Interrupt(GuestId(given.domain.0 as u8 - 1), to.vector));
    }

    /// An interrupt becomes events of the guests that have it bound.
    fn tell_guests(&mut self, count: Count, raised: Vec<(DomId, PirqId, Port)>) {
        self.tally.one(if raised.is_empty() { Count::MessagesIgnored } else { count });
        for (domain, pirq, port) in raised {
            if self.xen.domain(domain).is_some() {
                let sent = self.xen.send_guest_pirq(domain, pirq, port);
                self.called(sent);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::hypervisor::passthrough::options::{GuestKind, Options, Version};
    use crate::machine::given_away::GivenAway;
    use crate::machine::given_away::settings::{CardId, GuestId, GuestSettings, Settings};
    use crate::machine::given_away::tally::Count;

    /// Both guests' messages have the same number with them; a vector that Xen still has for the other is nobody's.
    #[test]
    fn a_message_is_for_the_domain_that_it_is_mapped_for() {
        let guests = [0, 1].map(|card| GuestSettings::with(GuestKind::Hvm, CardId(card))).to_vec();
        let settings = Settings::new(Options::default_of(Version::Today), guests);
        let mut machine = GivenAway::new(&settings).expect("there is such a machine");
        machine.run();
        let counts =
            |machine: &GivenAway| [Count::Interrupts, Count::MessagesIgnored].map(|count| machine.tally().get(count));
        let card = machine.hardware.place(CardId(0));
        let vector = machine.vectors.0.iter().find(|given| given.bdf == card).expect("it has a message").vector;
        machine.handle(card, vector);
        assert_eq!(counts(&machine), [1, 0]);
        for given in machine.vectors.0.iter_mut().filter(|given| given.bdf == card) {
            given.domain = GivenAway::domain_of(GuestId(1));
        }
        machine.handle(card, vector);
        assert_eq!(counts(&machine), [1, 1]);
    }
}
