//! A guest's own driver for the RTL8139, which knows nothing of Xen: Linux's `drivers/net/8139too.c` of 2.6.18, as far as it
//! touches registers while packets come and go.
//!
//! On a real card a register costs a microsecond at most. Under emulation every one of them is a trip to dom0 and back, so
//! what counts is how many there are:
//!
//! ```text
//!   rtl8139_start_xmit   write TSD, read it back                                                        2
//!   rtl8139_interrupt    read ISR, write ISR; rtl8139_tx_interrupt: read TSD                            3
//!
//!   rtl8139_interrupt    read ISR; write IMR, read it back                                              3
//!   rtl8139_poll         read ISR; rtl8139_rx: read CR, write CAPR, read ISR, write ISR, read it back,
//!                        read CR; write IMR, read it back                                               9
//! ```
//!
//! Reading back what was written is how the driver makes sure that a write has reached the card.
//!
//! Not modelled: errors, the watchdog thread, several packets in one poll beyond what the ring has, and link changes.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::hvm::rtl8139::{
    CAPR, CR, CR_BUFE, CR_RE, CR_TE, IMR, INT_ROK, INT_RXOVW, INT_TOK, ISR, RBSTART, RING_SIZE, RX_CRC, RX_HEADER,
    TSAD0, TSD_TOK, TSD0,
};
use crate::hypervisor::page::PAGE_SIZE;
use crate::hypervisor::xen::Xen;
use crate::words::ids::{DomId, Pfn};

/// Transmit descriptors of the card.
pub const NUM_TX_DESC: u32 = 4;
/// The shortest packet, `ETH_ZLEN`.
pub const ETH_ZLEN: u32 = 60;
/// Bits of the status that receiving answers for.
const RX_ACK_BITS: u16 = INT_ROK | INT_RXOVW;
/// What the driver wants to be interrupted for.
const INTR_MASK: u16 = INT_ROK | INT_TOK | INT_RXOVW;

/// The card's registers and the guest's memory, however they are reached: through a device model, or directly.
pub trait Card {
    /// Reads 1, 2 or 4 bytes.
    fn read(&mut self, offset: u8, size: u8) -> u32;
    /// Writes 1, 2 or 4 bytes.
    fn write(&mut self, offset: u8, size: u8, value: u32);
    /// The machine that the guest's memory is part of.
    fn xen(&mut self) -> &mut Xen;
    /// The driver copied a packet.
    fn copied(&mut self, bytes: u32);
}

/// The driver.
#[derive(Clone, Debug)]
pub struct Rtl8139Driver {
    guest: DomId,
    /// The first of four pages for packets to be sent.
    tx_pages: Pfn,
    /// The first of the receive ring's eight pages.
    ring_pages: Pfn,
    cur_tx: u32,
    dirty_tx: u32,
    cur_rx: u32,
}

impl Rtl8139Driver {
    /// A driver that has these pages of its kernel's: four to send from, and eight for the ring, each a row.
    #[must_use]
    pub const fn new(guest: DomId, tx_pages: Pfn, ring_pages: Pfn) -> Rtl8139Driver {
        Rtl8139Driver { guest, tx_pages, ring_pages, cur_tx: 0, dirty_tx: 0, cur_rx: 0 }
    }

    /// Packets handed to the card and not yet known to be sent.
    #[must_use]
    pub const fn in_flight(&self) -> u32 {
        self.cur_tx.wrapping_sub(self.dirty_tx)
    }

    /// Starts the card (`rtl8139_hw_start`).
    pub fn open(&mut self, card: &mut impl Card) {
        for entry in 0..NUM_TX_DESC {
            card.write(TSAD0 + 4 * entry as u8, 4, (self.tx_pages.0 + entry) * PAGE_SIZE as u32);
        }
        card.write(RBSTART, 4, self.ring_pages.0 * PAGE_SIZE as u32);
        card.write(CR, 1, u32::from(CR_TE | CR_RE));
        card.write(IMR, 2, u32::from(INTR_MASK));
    }

    /// Sends a packet (`rtl8139_start_xmit`); false if all descriptors are in use.
    ///
    /// # Panics
    /// If the packet is longer than a page: the stack hands over none that is.
    pub fn start_xmit(&mut self, card: &mut impl Card, packet: &[u8]) -> bool {
        if self.in_flight() == NUM_TX_DESC {
            return false;
        }
        let entry = self.cur_tx % NUM_TX_DESC;
        let pfn = Pfn(self.tx_pages.0 + entry);
        let page = card.xen().guest_page_mut(self.guest, pfn).expect("the driver's pages are its own");
        page.write(0, packet);
        card.copied(packet.len() as u32);
        let size = (packet.len() as u32).max(ETH_ZLEN);
        write_flushed(card, TSD0 + 4 * entry as u8, 4, size);
        self.cur_tx = self.cur_tx.wrapping_add(1);
        true
    }

    /// The card's line is high (`rtl8139_interrupt`, and the poll that it schedules): the packets that came in.
    pub fn interrupt(&mut self, card: &mut impl Card) -> Vec<Vec<u8>> {
        let status = card.read(ISR, 2) as u16;
        if status & INTR_MASK == 0 {
            return Vec::new();
        }
        let acknowledge = status & !RX_ACK_BITS;
        if acknowledge != 0 {
            card.write(ISR, 2, u32::from(acknowledge));
        }
        let polls = status & RX_ACK_BITS != 0;
        if polls {
            write_flushed(card, IMR, 2, u32::from(INTR_MASK & !RX_ACK_BITS));
        }
        if status & INT_TOK != 0 {
            self.tx_interrupt(card);
        }
        if polls { self.poll(card) } else { Vec::new() }
    }

    fn tx_interrupt(&mut self, card: &mut impl Card) {
        while self.in_flight() > 0 {
            let status = card.read(TSD0 + 4 * (self.dirty_tx % NUM_TX_DESC) as u8, 4);
            if status & TSD_TOK == 0 {
                return;
            }
            self.dirty_tx = self.dirty_tx.wrapping_add(1);
        }
    }

    fn poll(&mut self, card: &mut impl Card) -> Vec<Vec<u8>> {
        let mut packets = Vec::new();
        if card.read(ISR, 2) as u16 & RX_ACK_BITS != 0 {
            while card.read(CR, 1) as u8 & CR_BUFE == 0 {
                packets.push(self.take(card));
            }
            if packets.is_empty() {
                acknowledge_rx(card);
            }
        }
        write_flushed(card, IMR, 2, u32::from(INTR_MASK));
        packets
    }

    /// Takes the next packet out of the ring.
    fn take(&mut self, card: &mut impl Card) -> Vec<u8> {
        let length = self.ring(card, 2, 2);
        let size = u32::from(u16::from_le_bytes([length[0], length[1]])).saturating_sub(RX_CRC);
        let packet = self.ring(card, RX_HEADER, size);
        card.copied(size);
        self.cur_rx = (self.cur_rx + RX_HEADER + size + RX_CRC).next_multiple_of(4) % RING_SIZE;
        card.write(CAPR, 2, u32::from((self.cur_rx as u16).wrapping_sub(16)));
        acknowledge_rx(card);
        packet
    }

    /// Bytes of the ring, so many after where the driver is.
    fn ring(&self, card: &mut impl Card, after: u32, count: u32) -> Vec<u8> {
        let mut bytes = vec![0; count as usize];
        for (place, byte) in (self.cur_rx + after..).zip(&mut bytes) {
            let place = place % RING_SIZE;
            let pfn = Pfn(self.ring_pages.0 + place / PAGE_SIZE as u32);
            let page = card.xen().guest_page(self.guest, pfn).expect("the driver's pages are its own");
            *byte = page.read_u8(place as usize % PAGE_SIZE);
        }
        bytes
    }
}

fn acknowledge_rx(card: &mut impl Card) {
    if card.read(ISR, 2) as u16 & RX_ACK_BITS != 0 {
        write_flushed(card, ISR, 2, u32::from(RX_ACK_BITS));
    }
}

/// Writes and reads back (`RTL_W16_F`, `RTL_W32_F`).
fn write_flushed(card: &mut impl Card, offset: u8, size: u8, value: u32) {
    card.write(offset, size, value);
    card.read(offset, size);
}
