//! A guest's own driver of a card: it writes descriptors into its memory and tails into the card's registers, and takes what
//! comes back.
//!
//! A PV guest's driver writes machine addresses, and may touch what registers its domain was permitted. An HVM guest's driver
//! writes its own addresses, and touches the registers where the device model has mapped them.
//!
//! A driver that is told to attack makes a descriptor point wherever it is told, which nobody looks at.
//!
//! Not modelled: bounce buffers, drivers that copy, and reads of registers.

use alloc::vec;
use alloc::vec::Vec;

use crate::hypervisor::io_permissions::MmioAccess;
use crate::hypervisor::page::{PAGE_SIZE, Page};
use crate::hypervisor::passthrough::options::GuestKind;
use crate::hypervisor::pirqs::PirqId;
use crate::hypervisor::vtd::structures::{address_of, frame_of};
use crate::machine::given_away::GivenAway;
use crate::machine::given_away::card::LONGEST;
use crate::machine::given_away::guest::DESCRIPTORS;
use crate::machine::given_away::settings::{CardId, GuestId};
use crate::machine::given_away::tally::Count;
use crate::protocols::e1000::{self, DESCRIPTOR, DONE, LENGTH, RCTL, RDBAL, STATUS, TAIL, TCTL, TDBAL};
use crate::words::ids::{Bdf, Pfn, Port};

/// Where in the page of rings the transmit ring begins.
const TRANSMIT: u32 = 2048;
/// The shortest packet.
pub(super) const SHORTEST: u16 = 60;

/// By what a driver hears of its card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hears {
    /// Nothing: it looks when it has something to do itself.
    Nothing,
    /// An event.
    Port { port: Port, pirq: PirqId, of: Rings },
    /// A vector of the guest's.
    Vector(u8),
}

/// What an event is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rings {
    /// A line, which needs an end.
    Line,
    /// The card's one message.
    Message,
    /// An entry of the card's table of messages.
    Entry,
}

/// A driver that runs a card.
#[derive(Clone, Debug)]
pub(super) struct Driver {
    pub(super) card: CardId,
    /// Where its guest sees the card.
    pub(super) place: Bdf,
    /// Where its guest has the registers.
    pub(super) registers: u64,
    pub(super) rings: Pfn,
    pub(super) hears: Hears,
    /// The next descriptor that it looks at, and the tail, of both rings.
    next: [u32; 2],
    tail: [u32; 2],
}

/// Which ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ring {
    Receive,
    Transmit,
}

impl Ring {
    const fn place(self, number: u32) -> usize {
        let base = match self {
            Ring::Receive => 0,
            Ring::Transmit => TRANSMIT,
        };
        (base + number % DESCRIPTORS * DESCRIPTOR) as usize
    }
}

impl Driver {
    pub(super) const fn new(card: CardId, place: Bdf, registers: u64, rings: Pfn, hears: Hears) -> Driver {
        Driver { card, place, registers, rings, hears, next: [0; 2], tail: [0; 2] }
    }

    const fn buffer(&self, ring: Ring, number: u32) -> Pfn {
        let first = match ring {
            Ring::Receive => 1,
            Ring::Transmit => 1 + DESCRIPTORS,
        };
        Pfn(self.rings.0 + first + number % DESCRIPTORS)
    }
}

impl GivenAway {
    /// A driver begins: the card anew, empty rings that are enabled, and then buffers to receive into.
    pub(super) fn start_driver(&mut self, guest: GuestId, driver: Driver) {
        let (card, rings) = (driver.card, driver.rings);
        self.guest(guest).drivers.push(driver);
        if let Ok(page) = self.xen.guest_page_mut(GivenAway::domain_of(guest), rings) {
            page.clear();
        }
        let Some(base) = self.address(guest, rings) else { return };
        for (register, value) in e1000::start(base, base + u64::from(TRANSMIT), DESCRIPTORS) {
            self.set(guest, card, register, value);
        }
        for number in 0..DESCRIPTORS - 1 {
            self.offer(guest, card, number);
        }
        self.set(guest, card, RDBAL + TAIL, DESCRIPTORS - 1);
        if let Some(driver) = self.guest(guest).driver_mut(card) {
            driver.tail[0] = DESCRIPTORS - 1;
        }
    }

    /// A driver ends: the card is told to stop.
    pub(super) fn stop_driver(&mut self, guest: GuestId, card: CardId) -> Option<Driver> {
        self.set(guest, card, RCTL, 0);
        self.set(guest, card, TCTL, 0);
        let drivers = &mut self.guest(guest).drivers;
        let place = drivers.iter().position(|driver| driver.card == card)?;
        Some(drivers.remove(place))
    }

    /// A driver sends a packet of so many bytes; false if it has no room.
    pub(super) fn transmit(&mut self, guest: GuestId, card: CardId, bytes: u16) -> bool {
        let packet = self.packet(bytes);
        let Some(driver) = self.guest(guest).driver_of(card) else { return false };
        let (number, buffer) = (driver.tail[1], driver.buffer(Ring::Transmit, driver.tail[1]));
        let Some(address) = self.address(guest, buffer) else { return false };
        let domain = GivenAway::domain_of(guest);
        if let Ok(page) = self.xen.guest_page_mut(domain, buffer) {
            page.write(0, &packet);
        }
        self.send_from(guest, card, number, address, packet.len() as u16)
    }

    /// A driver has its card read so many bytes from anywhere and send them.
    pub(super) fn peek(&mut self, guest: GuestId, card: CardId, address: u64, bytes: u16) -> bool {
        let Some(number) = self.guest(guest).driver_of(card).map(|driver| driver.tail[1]) else { return false };
        self.send_from(guest, card, number, address, bytes.min(LONGEST))
    }

    fn send_from(&mut self, guest: GuestId, card: CardId, number: u32, address: u64, len: u16) -> bool {
        self.reap(guest, card);
        let Some(driver) = self.guest(guest).driver_of(card) else { return false };
        if (driver.tail[1] + 1) % DESCRIPTORS == driver.next[1] {
            return false;
        }
        if !self.describe(guest, card, (Ring::Transmit, number), address, len) {
            return false;
        }
        let tail = (number + 1) % DESCRIPTORS;
        if let Some(driver) = self.guest(guest).driver_mut(card) {
            driver.tail[1] = tail;
        }
        self.set(guest, card, TDBAL + TAIL, tail);
        true
    }

    /// A driver points the descriptor that the card takes next anywhere.
    pub(super) fn aim(&mut self, guest: GuestId, card: CardId, address: u64) -> bool {
        self.reap(guest, card);
        let Some(number) = self.guest(guest).driver_of(card).map(|driver| driver.next[0]) else { return false };
        self.describe(guest, card, (Ring::Receive, number), address, 0)
    }

    /// A driver takes what its card has put down, and gives it fresh descriptors.
    pub(super) fn reap(&mut self, guest: GuestId, card: CardId) {
        loop {
            let Some(driver) = self.guest(guest).driver_of(card) else { return };
            let (number, rings) = (driver.next[0], driver.rings);
            let buffer = driver.buffer(Ring::Receive, number);
            let Some((status, len)) = self.descriptor(guest, rings, Ring::Receive.place(number)) else { break };
            if status & DONE == 0 {
                break;
            }
            let got = self.xen.guest_page(GivenAway::domain_of(guest), buffer).map(|page| is_whole(page, len));
            if len > 0 {
                self.tally.one(if got == Ok(true) { Count::Received } else { Count::Damaged });
            }
            let tail = self.guest(guest).driver_of(card).map_or(0, |driver| driver.tail[0]);
            self.offer(guest, card, tail);
            self.offer(guest, card, number);
            let tail = (tail + 1) % DESCRIPTORS;
            if let Some(driver) = self.guest(guest).driver_mut(card) {
                driver.next[0] = (number + 1) % DESCRIPTORS;
                driver.tail[0] = tail;
            }
            self.set(guest, card, RDBAL + TAIL, tail);
        }
        loop {
            let Some(driver) = self.guest(guest).driver_of(card) else { return };
            let (number, tail, rings) = (driver.next[1], driver.tail[1], driver.rings);
            let done = self.descriptor(guest, rings, Ring::Transmit.place(number));
            if number == tail || done.is_none_or(|(status, _)| status & DONE == 0) {
                return;
            }
            if let Some(driver) = self.guest(guest).driver_mut(card) {
                driver.next[1] = (number + 1) % DESCRIPTORS;
            }
        }
    }

    /// A buffer of the driver's to receive into.
    fn offer(&mut self, guest: GuestId, card: CardId, number: u32) {
        let buffer = self.guest(guest).driver_of(card).map(|driver| driver.buffer(Ring::Receive, number));
        let Some(buffer) = buffer else { return };
        if let Some(address) = self.address(guest, buffer) {
            self.describe(guest, card, (Ring::Receive, number), address, 0);
        }
    }

    fn describe(&mut self, guest: GuestId, card: CardId, (ring, number): (Ring, u32), address: u64, len: u16) -> bool {
        let Some(rings) = self.guest(guest).driver_of(card).map(|driver| driver.rings) else { return false };
        let at = ring.place(number);
        let Ok(page) = self.xen.guest_page_mut(GivenAway::domain_of(guest), rings) else { return false };
        page.write_u64(at, address);
        page.write_u16(at + LENGTH, len);
        page.write_u8(at + STATUS, 0);
        true
    }

    fn descriptor(&self, guest: GuestId, rings: Pfn, at: usize) -> Option<(u8, u16)> {
        let page = self.xen.guest_page(GivenAway::domain_of(guest), rings).ok()?;
        Some((page.read_u8(at + STATUS), page.read_u16(at + LENGTH)))
    }

    /// The address that a guest's driver writes for one of its pages.
    pub(super) fn address(&self, guest: GuestId, page: Pfn) -> Option<u64> {
        let guest = &self.guests[usize::from(guest.0)];
        let frame = self.xen.domain(guest.domain)?.mfn(page)?;
        Some(match guest.kind {
            GuestKind::Pv => address_of(frame),
            GuestKind::Hvm => u64::from(page.0) << 12,
        })
    }

    /// A driver writes a register of its card.
    pub(super) fn set(&mut self, guest: GuestId, card: CardId, register: u32, value: u32) {
        let Some(registers) = self.guest(guest).driver_of(card).map(|driver| driver.registers) else { return };
        self.touch(guest, registers + u64::from(register), value);
    }

    /// A guest writes four bytes of what it takes for a card's registers; false if nobody lets it.
    pub(super) fn touch(&mut self, guest: GuestId, address: u64, value: u32) -> bool {
        let domain = GivenAway::domain_of(guest);
        let machine = match self.guest(guest).hvm() {
            None => frame_of(address)
                .filter(|frame| self.may.frame(domain, *frame) == MmioAccess::ReadWrite)
                .map(|_| address),
            Some(hvm) => {
                if let Some((card, offset)) = hvm.trapped(address) {
                    return self.write_table(guest, card, offset, value);
                }
                hvm.translate(address)
            }
        };
        let Some((other, register)) = machine.and_then(|machine| self.hardware.answers(self.now, machine)) else {
            self.tally.one(Count::RegistersRefused);
            return false;
        };
        self.write_register(other, register, value);
        self.poke(other);
        true
    }

    /// The next packet: a number, and bytes that follow from it.
    pub(super) fn packet(&mut self, bytes: u16) -> Vec<u8> {
        self.packets += 1;
        let number = self.packets;
        let mut packet = vec![0; usize::from(bytes.clamp(SHORTEST, LONGEST))];
        packet[..4].copy_from_slice(&number.to_le_bytes());
        for (at, byte) in packet.iter_mut().enumerate().skip(4) {
            *byte = pattern(number, at);
        }
        packet
    }
}

const fn pattern(number: u32, at: usize) -> u8 {
    (number.wrapping_mul(31) as u8).wrapping_add((at as u8).wrapping_mul(7))
}

/// Whether a page begins with a packet of so many bytes as it was sent.
fn is_whole(page: &Page, len: u16) -> bool {
    let number = page.read_u32(0);
    let bytes = &page.bytes()[..usize::from(len).min(PAGE_SIZE)];
    len >= SHORTEST && bytes.iter().enumerate().skip(4).all(|(at, byte)| *byte == pattern(number, at))
}
