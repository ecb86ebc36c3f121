//! The card that 3.3's device model shows when nothing else is asked for: an RTL8139, register by register
//! (`tools/ioemu/hw/rtl8139.c`).
//!
//! ```text
//!   00 IDR    address          10 TSD0..3   status of four transmit descriptors     20 TSAD0..3  where their packets are
//!   30 RBSTART receive ring    37 CR        0 ring empty, 2 transmit, 3 receive, 4 reset
//!   38 CAPR   read up to, less 16           3a CBR written up to
//!   3c IMR    3e ISR           0 received, 2 transmitted, 4 ring overflown: the line is high while both have a bit
//! ```
//!
//! A packet is sent by writing its size into a descriptor's status with bit 13 clear; the card sets bit 13 when it has the
//! packet and bit 15 when it has sent it, which here is at once. A packet received lies in the ring behind four bytes of status
//! and length, and is followed by four of checksum.
//!
//! Every packet is copied twice on either way: between the guest's memory and the device model, and between the device model
//! and dom0's kernel by way of the tap device.
//!
//! Not modelled: filters by address, the C+ descriptors, checksums and wrapping modes of the ring, the timer, the PHY, and the
//! configuration registers.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::hvm::Host;
use crate::actors::hvm::intx::IntxPin;
use crate::actors::log::hvm::Hvm;
use crate::hypervisor::page::PAGE_SIZE;
use crate::words::ids::{DomId, Pfn};

/// Transmit status of descriptor 0; each has four bytes.
pub const TSD0: u8 = 0x10;
/// Transmit address of descriptor 0; each has four bytes.
pub const TSAD0: u8 = 0x20;
/// Where the receive ring is, four bytes.
pub const RBSTART: u8 = 0x30;
/// Command, one byte.
pub const CR: u8 = 0x37;
/// How far the guest has read the ring, less 16, two bytes.
pub const CAPR: u8 = 0x38;
/// How far the card has written it, two bytes.
pub const CBR: u8 = 0x3A;
/// Interrupt mask, two bytes.
pub const IMR: u8 = 0x3C;
/// Interrupt status, two bytes; writing ones clears them.
pub const ISR: u8 = 0x3E;

/// Command: the ring is empty.
pub const CR_BUFE: u8 = 1 << 0;
/// Command: transmit.
pub const CR_TE: u8 = 1 << 2;
/// Command: receive.
pub const CR_RE: u8 = 1 << 3;
/// Command: reset.
pub const CR_RST: u8 = 1 << 4;

/// Interrupt: received.
pub const INT_ROK: u16 = 1 << 0;
/// Interrupt: transmitted.
pub const INT_TOK: u16 = 1 << 2;
/// Interrupt: the ring is full.
pub const INT_RXOVW: u16 = 1 << 4;

/// Transmit status: the size.
pub const TSD_SIZE: u32 = 0x1FFF;
/// Transmit status: the card has the packet.
pub const TSD_OWN: u32 = 1 << 13;
/// Transmit status: it was sent.
pub const TSD_TOK: u32 = 1 << 15;

/// Bytes of the receive ring, as Linux asks for it.
pub const RING_SIZE: u32 = 32 * 1024;
/// Bytes in front of a received packet.
pub const RX_HEADER: u32 = 4;
/// Bytes behind it.
pub const RX_CRC: u32 = 4;
/// Header: the packet is sound.
const RX_STATUS_OK: u16 = 1;

/// The card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rtl8139 {
    guest: DomId,
    pin: IntxPin,
    registers: [u8; 256],
    high: bool,
}

impl Rtl8139 {
    /// A card of a guest's, after a reset.
    #[must_use]
    pub const fn new(guest: DomId, pin: IntxPin) -> Rtl8139 {
        let mut registers = [0; 256];
        registers[CR as usize] = CR_BUFE;
        // CAPR is 16 less than what was read.
        registers[CAPR as usize] = 0xF0;
        registers[CAPR as usize + 1] = 0xFF;
        Rtl8139 { guest, pin, registers, high: false }
    }

    /// Whether its line is high.
    #[must_use]
    pub const fn is_high(&self) -> bool {
        self.high
    }

    /// The global interrupt that its line leads to.
    #[must_use]
    pub const fn gsi(&self) -> u8 {
        self.pin.gsi()
    }

    /// What the guest reads: 1, 2 or 4 bytes.
    #[must_use]
    pub fn read(&self, offset: u8, size: u8) -> u32 {
        let mut bytes = [0; 4];
        for (place, byte) in bytes.iter_mut().enumerate().take(usize::from(size)) {
            *byte = self.registers[usize::from(offset.wrapping_add(place as u8))];
        }
        u32::from_le_bytes(bytes)
    }

    /// What the guest writes: 1, 2 or 4 bytes. A packet that is sent by it is returned.
    pub fn write(&mut self, host: &mut Host<'_>, offset: u8, size: u8, value: u32) -> Option<Vec<u8>> {
        let mut sent = None;
        match offset {
            ISR => self.put16(ISR, self.get16(ISR) & !(value as u16)),
            CR if value as u8 & CR_RST != 0 => {
                *self = Rtl8139 { high: self.high, ..Rtl8139::new(self.guest, self.pin) }
            }
            CR => {
                let empty = self.registers[usize::from(CR)] & CR_BUFE;
                self.registers[usize::from(CR)] = value as u8 & (CR_TE | CR_RE) | empty;
            }
            CAPR => {
                self.put16(CAPR, value as u16);
                self.note_empty();
            }
            CBR => {}
            TSD0..TSAD0 if size == 4 => {
                self.put32(offset, value);
                sent = self.transmit(host, (offset - TSD0) / 4);
            }
            _ => {
                for (place, byte) in value.to_le_bytes().into_iter().enumerate().take(usize::from(size)) {
                    self.registers[usize::from(offset.wrapping_add(place as u8))] = byte;
                }
            }
        }
        self.update_irq(host);
        sent
    }

    /// A packet came in through the tap device; whether there was room.
    pub fn receive(&mut self, host: &mut Host<'_>, packet: &[u8]) -> bool {
        let bytes = packet.len() as u32;
        host.costs.copy(bytes);
        let needed = (RX_HEADER + bytes + RX_CRC).next_multiple_of(4);
        let used = u32::from(self.get16(CBR)).wrapping_sub(self.read_up_to()) % RING_SIZE;
        if self.registers[usize::from(CR)] & CR_RE == 0 || used + needed >= RING_SIZE {
            host.step(Hvm::FrameMissed { bytes });
            self.put16(ISR, self.get16(ISR) | INT_RXOVW);
            self.update_irq(host);
            return false;
        }
        let mut stored = Vec::with_capacity(needed as usize);
        stored.extend(RX_STATUS_OK.to_le_bytes());
        stored.extend(((bytes + RX_CRC) as u16).to_le_bytes());
        stored.extend_from_slice(packet);
        stored.resize(needed as usize, 0);
        let start = self.get32(RBSTART);
        let mut at = u32::from(self.get16(CBR)) % RING_SIZE;
        for &byte in &stored {
            self.store(host, start + at, byte);
            at = (at + 1) % RING_SIZE;
        }
        host.costs.copy(bytes);
        host.step(Hvm::FrameStored { bytes });
        self.put16(CBR, at as u16);
        self.note_empty();
        self.put16(ISR, self.get16(ISR) | INT_ROK);
        self.update_irq(host);
        true
    }

    fn transmit(&mut self, host: &mut Host<'_>, descriptor: u8) -> Option<Vec<u8>> {
        let (tsd, tsad) = (TSD0 + 4 * descriptor, TSAD0 + 4 * descriptor);
        let status = self.get32(tsd);
        if status & TSD_OWN != 0 || self.registers[usize::from(CR)] & CR_TE == 0 {
            return None;
        }
        let (bytes, from) = (status & TSD_SIZE, self.get32(tsad));
        let mut packet = vec![0; bytes as usize];
        for (address, byte) in (from..).zip(&mut packet) {
            *byte = self.fetch(host, address);
        }
        host.costs.copy(bytes);
        host.also(Hvm::FrameFetched { bytes, descriptor });
        host.costs.copy(bytes);
        host.also(Hvm::FrameTapped { bytes });
        self.put32(tsd, status | TSD_OWN | TSD_TOK);
        self.put16(ISR, self.get16(ISR) | INT_TOK);
        Some(packet)
    }

    /// The line follows status and mask; each change is a call of the hypervisor (`HVMOP_set_pci_intx_level`).
    fn update_irq(&mut self, host: &mut Host<'_>) {
        let high = self.get16(ISR) & self.get16(IMR) != 0;
        if high == self.high {
            return;
        }
        self.high = high;
        host.costs.hypercalls += 1;
        host.also(Hvm::LineSet { gsi: self.pin.gsi(), high });
    }

    fn note_empty(&mut self) {
        let empty = u32::from(self.get16(CBR)) % RING_SIZE == self.read_up_to();
        let cr = self.registers[usize::from(CR)] & !CR_BUFE;
        self.registers[usize::from(CR)] = cr | if empty { CR_BUFE } else { 0 };
    }

    fn read_up_to(&self) -> u32 {
        u32::from(self.get16(CAPR).wrapping_add(16)) % RING_SIZE
    }

    /// A byte of the guest's memory; zero where there is none.
    fn fetch(&self, host: &Host<'_>, address: u32) -> u8 {
        let page = host.xen.guest_page(self.guest, Pfn(address / PAGE_SIZE as u32));
        page.map_or(0, |page| page.read_u8(address as usize % PAGE_SIZE))
    }

    /// Writes a byte of the guest's memory; where there is none it is lost.
    fn store(&self, host: &mut Host<'_>, address: u32, byte: u8) {
        if let Ok(page) = host.xen.guest_page_mut(self.guest, Pfn(address / PAGE_SIZE as u32)) {
            page.write_u8(address as usize % PAGE_SIZE, byte);
        }
    }

    fn get16(&self, offset: u8) -> u16 {
        self.read(offset, 2) as u16
    }

    fn get32(&self, offset: u8) -> u32 {
        self.read(offset, 4)
    }

    fn put16(&mut self, offset: u8, value: u16) {
        self.registers[usize::from(offset)..][..2].copy_from_slice(&value.to_le_bytes());
    }

    fn put32(&mut self, offset: u8, value: u32) {
        self.registers[usize::from(offset)..][..4].copy_from_slice(&value.to_le_bytes());
    }
}
