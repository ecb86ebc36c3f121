//! Devices given away: accesses to a card's config space as a guest makes them through pciback, and the five ways to a card
//! beside each other.

use std::hint::black_box;

use sim::actors::costs::Way;
use sim::actors::pciback::overlay::{Overlay, OverlaySettings};
use sim::machine::own_card::Signal;
use sim::machine::ways::{Trial, spent};
use sim::protocols::pci::bar::BarKind;
use sim::protocols::pci::builder::Builder;
use sim::protocols::pci::function::Function;
use sim::protocols::pci::msi::MsiShape;
use sim::protocols::pci::msix::{InBar, MsixShape};
use sim::protocols::pci::registers::PCI_STD_HEADER_SIZEOF;
use sim::words::ids::Bdf;
use sim::words::time::Time;

/// Accesses of a run.
pub const ACCESSES: u32 = 1_000_000;

/// Comparisons of a run.
pub const COMPARISONS: u32 = 200;

/// The one packet that goes each way.
const PACKET: Trial = Trial { sends: true, bytes: 1514, packets: 1, signal: Signal::Message };

/// A card of a guest's behind today's overlay.
pub struct ConfigAccesses {
    card: Function,
    overlay: Overlay,
}

impl Default for ConfigAccesses {
    fn default() -> Self {
        let (table, pba) = (InBar { bar: 3, offset: 0 }, InBar { bar: 3, offset: 0x800 });
        let config = Builder::new(0x8086, 0x10FB, 0x02_0000)
            .interrupt(1, 11)
            .bar(0, BarKind::Memory64 { prefetchable: true }, 0x8_0000, 0xF_8000_0000)
            .bar(2, BarKind::Io, 0x20, 0xC000)
            .bar(3, BarKind::Memory32 { prefetchable: false }, 0x1000, 0xFEBE_0000)
            .power_management(0, true)
            .vital_product_data()
            .msi(MsiShape { vectors_log2: 0, is_64: true, has_masks: true })
            .msix(MsixShape { entries: 64, table, pba })
            .flr()
            .build();
        let mut card = Function::new(Bdf::new(3, 0, 0), config);
        let overlay = Overlay::seize(&mut card, Time::ZERO, OverlaySettings::MODERN, None, 17);
        Self { card, overlay }
    }
}

impl ConfigAccesses {
    /// Reads the 64 double words of the first 256 bytes in turn, fields and others.
    ///
    /// # Panics
    /// If one is refused.
    pub fn read(&mut self) {
        for access in 0..ACCESSES {
            let offset = (access % 64 * 4) as i32;
            let answer = self.overlay.read(&mut self.card, Time::ZERO, black_box(offset), 4);
            assert_eq!(black_box(answer).err, 0);
        }
    }

    /// Writes the header's sixteen double words in turn, ones and zeros: sizes of BARs are asked for and decoding, mastering
    /// and interrupts turned on and off. What reached the card is taken as pciback takes it.
    ///
    /// # Panics
    /// If one is refused.
    pub fn write(&mut self) {
        let registers = u32::from(PCI_STD_HEADER_SIZEOF) / 4;
        for access in 0..ACCESSES {
            let offset = (access % registers * 4) as i32;
            let value = if access / registers % 2 == 0 { u32::MAX } else { 0 };
            let answer = self.overlay.write(&mut self.card, Time::ZERO, black_box(offset), 4, value);
            assert_eq!(black_box(answer).err, 0);
            black_box(self.overlay.take_writes());
        }
    }

    /// How many function resets the card has gone through: none, or what was measured is its silence.
    #[must_use]
    pub fn resets(&self) -> u32 {
        self.card.resets()
    }
}

/// Compares the five ways by one packet, as often as a run has it: each time every machine is made, and runs to its end.
pub fn compare() {
    for _ in 0..COMPARISONS {
        for way in Way::ALL {
            black_box(spent(way, black_box(&PACKET)));
        }
    }
}
