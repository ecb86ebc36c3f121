//! The buses of the machine: where its cards are, and what is in front of them.
//!
//! ```text
//!   root complex ── unit
//!    ├─ root port 00:01.0 ── 01 ── upstream ── 02 ┬ downstream 02:00.0 ── 03:00.0 card 0
//!    │                                            └ downstream 02:01.0 ── 04:00.0 card 1
//!    ├─ root port 00:02.0 ── 05:00.0 card 2
//!    ├─ …
//!    └─ root port 00:08.0 ── 0b:00.0 bridge to PCI ── 0c:01.0 card 0, if it is conventional, 0c:02.0 card 1, …
//! ```
//!
//! The bridge, with its port, is there if a card is behind it. Whatever comes from there says that it comes from 0c:00.0, where
//! nothing is, so that to the unit all of it is one.
//!
//! Not modelled: virtual functions, and bridges behind bridges, which [`topology`](crate::protocols::pci::topology) knows.

use alloc::vec::Vec;

use crate::hypervisor::passthrough::iommus::PciDevice;
use crate::hypervisor::passthrough::options::Switch;
use crate::machine::given_away::card::{BAR_SIZE, Card};
use crate::machine::given_away::settings::{CardId, CardSettings, Messages, Stands};
use crate::protocols::pci::bar::{BarKind, BarPlace};
use crate::protocols::pci::builder::{Builder, ExpressType};
use crate::protocols::pci::config::{ConfigSpace, Width};
use crate::protocols::pci::function::Function;
use crate::protocols::pci::msi::MsiShape;
use crate::protocols::pci::msix::{InBar, MsixShape};
use crate::protocols::pci::msix_base::MsixBase;
use crate::protocols::pci::registers::{PCI_ACS_XEN, PCI_COMMAND, PCI_COMMAND_MEMORY};
use crate::protocols::pci::topology::{NodeKind, Topology};
use crate::words::ids::Bdf;
use crate::words::time::Time;

/// Cards of a machine, at most.
pub const MOST_CARDS: u8 = 8;
/// The registers' BAR.
pub(super) const REGISTERS: BarPlace = BarPlace::Bar(0);
/// The table of messages of a card that has one: on a page among the registers where nothing else is.
pub(super) const TABLE: MsixShape = MsixShape {
    entries: 3,
    table: InBar { bar: REGISTERS.index(), offset: 0x1000 },
    pba: InBar { bar: REGISTERS.index(), offset: 0x1800 },
};
const FIRST_BAR: u64 = 0xF7A0_0000;
/// The first card's line; the others' follow.
const FIRST_IRQ: u8 = 16;

/// The bridge to the conventional bus, and that bus.
const BRIDGE: Bdf = Bdf::new(11, 0, 0);
const CONVENTIONAL: u8 = 12;

/// Where a card is.
const fn place_of(card: CardId, stands: Stands) -> Bdf {
    match stands {
        Stands::Alone => Bdf::new(3 + card.0, 0, 0),
        Stands::BehindBridge => Bdf::new(CONVENTIONAL, 1 + card.0, 0),
    }
}

/// Where the machine has a card's registers.
#[must_use]
pub const fn registers_of(card: CardId) -> u64 {
    FIRST_BAR + card.0 as u64 * BAR_SIZE
}

/// Where the machine has a card's table of messages, if it has one.
#[must_use]
pub const fn table_of(card: CardId) -> u64 {
    registers_of(card) + TABLE.table.offset as u64
}

/// A card's line.
pub(super) const fn line_of(card: CardId) -> u8 {
    FIRST_IRQ + card.0
}

/// Everything on the buses.
#[derive(Clone, Debug)]
pub struct Hardware {
    /// What is where.
    pub topology: Topology,
    /// The cards as functions on the bus, in their order.
    pub functions: Vec<Function>,
    /// The cards' own logic, in their order.
    pub cards: Vec<Card>,
    /// Where Xen found the cards' tables of messages.
    pub(super) tables: Vec<Option<MsixBase>>,
    /// The bridge's config space.
    pub(super) bridge: ConfigSpace,
    /// Config spaces that are kept while the bus of their cards is reset for another card.
    pub(super) kept: Vec<(CardId, ConfigSpace)>,
}

impl Hardware {
    pub(super) fn new(cards: &[CardSettings], access_control: Switch, trusts_record: bool) -> Hardware {
        let mut topology = Topology::new();
        let offered = if access_control.is_on() { PCI_ACS_XEN } else { 0 };
        topology.add_bridge(Bdf::new(0, 1, 0), NodeKind::RootPort, 1, 4).acs_offered = PCI_ACS_XEN;
        topology.add_bridge(Bdf::new(1, 0, 0), NodeKind::Upstream, 2, 4);
        for port in 0..2 {
            topology.add_bridge(Bdf::new(2, port, 0), NodeKind::Downstream, 3 + port, 3 + port).acs_offered = offered;
        }
        let mut hardware = Hardware {
            topology,
            functions: Vec::new(),
            cards: Vec::new(),
            tables: Vec::new(),
            bridge: bridge(),
            kept: Vec::new(),
        };
        if cards.iter().any(|card| card.stands == Stands::BehindBridge) {
            let topology = &mut hardware.topology;
            topology.add_bridge(Bdf::new(0, 8, 0), NodeKind::RootPort, BRIDGE.bus(), CONVENTIONAL).acs_offered =
                PCI_ACS_XEN;
            topology.add_bridge(BRIDGE, NodeKind::PcieToPci, CONVENTIONAL, CONVENTIONAL);
        }
        for (number, settings) in (0..).zip(cards) {
            let card = CardId(number);
            let bdf = place_of(card, settings.stands);
            if number >= 2 && settings.stands == Stands::Alone {
                let port = Bdf::new(0, number, 0);
                hardware.topology.add_bridge(port, NodeKind::RootPort, bdf.bus(), bdf.bus()).acs_offered = PCI_ACS_XEN;
            }
            hardware.topology.add(bdf, NodeKind::ENDPOINT);
            let mut function = Function::new(bdf, config(card, *settings));
            // Firmware has switched decoding on, and nothing else.
            function.write(Time::ZERO, PCI_COMMAND, Width::Word, PCI_COMMAND_MEMORY.into());
            hardware.tables.push(MsixBase::record(&function.config, trusts_record));
            hardware.functions.push(function);
            hardware.cards.push(Card::new(settings.at_reset));
        }
        hardware
    }

    /// The card at a place.
    #[must_use]
    pub fn card_at(&self, bdf: Bdf) -> Option<CardId> {
        let place = self.functions.iter().position(|function| function.bdf == bdf)?;
        Some(CardId(place as u8))
    }

    /// The card that answers an address of the bus, and how far from its registers' beginning that is.
    #[must_use]
    pub fn answers(&self, now: Time, address: u64) -> Option<(CardId, u32)> {
        self.functions.iter().enumerate().find_map(|(number, function)| {
            let region = function.answers(now, address).filter(|region| region.place == REGISTERS)?;
            Some((CardId(number as u8), (address - region.base) as u32))
        })
    }

    /// Where a card is.
    #[must_use]
    pub fn place(&self, card: CardId) -> Bdf {
        self.functions[usize::from(card.0)].bdf
    }

    /// The ID that a card's requests carry: its own, or that of the first place behind the bridge.
    #[must_use]
    pub fn requester(&self, card: CardId) -> Bdf {
        let place = self.place(card);
        if place.bus() == CONVENTIONAL { Bdf::new(CONVENTIONAL, 0, 0) } else { place }
    }

    /// A card as Xen has it when it has found it.
    pub(super) fn device(&self, card: CardId) -> PciDevice {
        let place = self.place(card);
        let device = PciDevice::new(place, 0);
        if place.bus() == CONVENTIONAL { device.behind_bridge(BRIDGE, CONVENTIONAL) } else { device }
    }

    /// The cards whose requests carry the same ID as a card's, itself among them.
    pub(super) fn together(&self, card: CardId) -> Vec<CardId> {
        self.topology.group(self.place(card)).into_iter().filter_map(|bdf| self.card_at(bdf)).collect()
    }

    /// The cards that a reset of a card's bus takes along, itself among them.
    pub(super) fn reset_with(&self, card: CardId) -> Vec<CardId> {
        self.topology.reset_with(self.place(card)).into_iter().filter_map(|bdf| self.card_at(bdf)).collect()
    }

    pub(super) fn function(&mut self, card: CardId) -> &mut Function {
        &mut self.functions[usize::from(card.0)]
    }

    pub(super) fn card(&mut self, card: CardId) -> &mut Card {
        &mut self.cards[usize::from(card.0)]
    }

    /// A card's registers are put where the firmware had them, after a reset that forgot it (`pci_restore_state`).
    pub(super) fn restore(&mut self, card: CardId, now: Time) {
        let function = self.function(card);
        function.write(now, REGISTERS.offset(), Width::Dword, registers_of(card) as u32);
        function.write(now, PCI_COMMAND, Width::Word, PCI_COMMAND_MEMORY.into());
        for (other, config) in core::mem::take(&mut self.kept) {
            self.function(other).config = config;
        }
    }
}

fn bridge() -> ConfigSpace {
    let builder = Builder::new(0x8086, 0x244E, 0x06_0400).bridge(BRIDGE.bus(), CONVENTIONAL, CONVENTIONAL);
    builder.express(ExpressType::PcieToPci, 0).build()
}

fn config(card: CardId, settings: CardSettings) -> ConfigSpace {
    let bar = BarKind::Memory32 { prefetchable: false };
    let builder = match settings.stands {
        Stands::Alone => Builder::new(0x8086, 0x10D3, 0x02_0000),
        Stands::BehindBridge => Builder::conventional(0x8086, 0x100E, 0x02_0000),
    }
    .interrupt(1, line_of(card))
    .bar(REGISTERS.index(), bar, BAR_SIZE, registers_of(card))
    .msi(MsiShape { vectors_log2: 0, is_64: true, has_masks: false });
    let builder = match settings.messages {
        Messages::Msi => builder,
        Messages::MsiX => builder.msix(TABLE),
    };
    match settings.stands {
        Stands::Alone => builder.flr(),
        Stands::BehindBridge => builder.advanced_features(true),
    }
    .build()
}
