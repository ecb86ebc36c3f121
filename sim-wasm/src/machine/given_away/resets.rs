//! A card is reset: by itself, or with all that is on its bus.
//!
//! xend resets a card on a conventional bus by the bridge in front of it, and keeps the others' config spaces meanwhile, which
//! is all that it gives them back. dom0's kernel resets no bus that others are on, but has the card reset itself.
//!
//! Sources: `tools/python/xen/util/pci.py`, `do_FLR`, `do_secondary_bus_reset`; `drivers/pci/pci.c`, `pci_af_flr`,
//! `pci_parent_bus_reset` of mainline Linux.
//!
//! Not modelled: cards that cannot be reset.

use crate::actors::log::Event;
use crate::actors::log::pciif::Pciif;
use crate::machine::given_away::GivenAway;
use crate::machine::given_away::card::Card;
use crate::machine::given_away::settings::CardId;
use crate::protocols::pci::registers::PCI_BRIDGE_CTL_BUS_RESET;
use crate::protocols::pci::reset::{ResetMethod, ResetStep, Waits, choose, plan};
use crate::words::time::Time;

impl GivenAway {
    /// Begins a card's reset; how long it is to be waited for.
    pub(super) fn begin_reset(&mut self, card: CardId) -> u64 {
        let (now, old) = (self.now, self.is_old());
        let waits = if old { Waits::XEND } else { Waits::SPECIFIED };
        let real = self.hardware.place(card);
        let config = &self.hardware.functions[usize::from(card.0)].config;
        let method = match choose(real, config) {
            // A conventional card here can.
            ResetMethod::SecondaryBus if !old => ResetMethod::AdvancedFlr,
            method => method,
        };
        let mut nanos = 0;
        for step in plan(method, config, Some(&self.hardware.bridge), waits) {
            match step {
                ResetStep::Write { offset, width, value } => {
                    self.hardware.function(card).write(now, offset, width, value);
                }
                ResetStep::WriteBridge { offset, width, value } => {
                    self.hardware.bridge.write(offset, width, value);
                    if value & u32::from(PCI_BRIDGE_CTL_BUS_RESET) != 0 {
                        self.reset_bus(card, now + waits.bus_held);
                    }
                }
                ResetStep::Wait(wait) => nanos += wait,
                ResetStep::Save | ResetStep::Restore | ResetStep::Vendor => {}
            }
        }
        self.with_card(card, Card::reset);
        self.log.step(now, Event::Pciif(Pciif::DeviceReset { real }));
        nanos
    }

    /// A card's bus is reset, with all that is on it; what is not to be reset has its config space kept.
    fn reset_bus(&mut self, card: CardId, until: Time) {
        for other in self.hardware.reset_with(card) {
            let config = self.hardware.function(other).config.clone();
            self.hardware.function(other).bus_reset(until);
            if other != card {
                self.hardware.kept.push((other, config));
                self.with_card(other, Card::reset);
            }
        }
    }
}
