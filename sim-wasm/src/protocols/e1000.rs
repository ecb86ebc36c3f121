//! What the driver of an Intel 8254x and the card agree on: registers, and descriptors of 16 bytes in two rings.
//!
//! ```text
//!   0x0000 CTRL     bit 26 begins anew           0x0100 RCTL, 0x0400 TCTL   bit 1 enables a ring
//!   0x2800 RDBAL    receive ring: +4 high half, +8 bytes, +0x10 head, +0x18 tail
//!   0x3800 TDBAL    transmit ring, in the same way
//!
//!   descriptor      address 0, 8 bytes; length 8, 2 bytes; command 11; status 12
//! ```
//!
//! Descriptors from head to tail are the card's. A ring without its enabling bit, without descriptors, or whose head is its tail
//! has nothing to do.
//!
//! Source: `drivers/net/e1000/e1000_hw.h` (`E1000_RDBAL` and its like, `struct e1000_rx_desc`, `struct e1000_tx_desc`).
//!
//! Not modelled: every other register, and descriptors of later formats.

/// Bytes of a descriptor.
pub const DESCRIPTOR: u32 = 16;
/// Where a descriptor's length is.
pub const LENGTH: usize = 8;
/// Where its status is, of a received packet, too.
pub const STATUS: usize = 12;
/// Bit 0 of the status: the card is done (`E1000_TXD_STAT_DD`, `E1000_RXD_STAT_DD`).
pub const DONE: u8 = 1;

/// The card's own control (`E1000_CTRL`).
pub const CTRL: u32 = 0;
/// Bit 26 of it: the card begins anew (`E1000_CTRL_RST`).
pub const RESET: u32 = 1 << 26;
/// Enables reception (`E1000_RCTL`) and sending (`E1000_TCTL`), by bit 1.
pub const RCTL: u32 = 0x100;
/// See [`RCTL`].
pub const TCTL: u32 = 0x400;
/// What either of both needs to run (`E1000_RCTL_EN`, `E1000_TCTL_EN`).
pub const ENABLE: u32 = 1 << 1;
/// The receive ring's address, in two halves, its bytes, head and tail.
pub const RDBAL: u32 = 0x2800;
/// The transmit ring's.
pub const TDBAL: u32 = 0x3800;
/// The registers of a ring, from the first on.
pub const HIGH: u32 = 4;
/// Bytes of the ring.
pub const BYTES: u32 = 8;
/// The next descriptor that the card takes.
pub const HEAD: u32 = 0x10;
/// The first descriptor that is the driver's.
pub const TAIL: u32 = 0x18;

/// One ring as the card has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ring {
    base: u64,
    bytes: u32,
    head: u32,
    tail: u32,
    enabled: bool,
}

impl Ring {
    /// One that nobody has set up.
    #[must_use]
    pub const fn new() -> Ring {
        Ring { base: 0, bytes: 0, head: 0, tail: 0, enabled: false }
    }

    /// Whether it has its enabling bit.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Whether there is a descriptor for the card.
    #[must_use]
    pub const fn has_work(&self) -> bool {
        self.enabled && self.descriptors() > 0 && self.head != self.tail
    }

    /// Where the next descriptor is that the card takes.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.base.wrapping_add(self.head as u64 * DESCRIPTOR as u64)
    }

    /// The card has taken one.
    pub const fn advance(&mut self) {
        self.head = (self.head + 1) % self.modulus();
    }

    /// The card gives the ring up.
    pub const fn disable(&mut self) {
        self.enabled = false;
    }

    const fn descriptors(&self) -> u32 {
        self.bytes / DESCRIPTOR
    }

    const fn modulus(&self) -> u32 {
        if self.descriptors() == 0 { 1 } else { self.descriptors() }
    }

    fn write(&mut self, register: u32, value: u32) {
        match register {
            0 => self.base = self.base & !0xFFFF_FFFF | u64::from(value & !0xF),
            HIGH => self.base = self.base & 0xFFFF_FFFF | u64::from(value) << 32,
            BYTES => self.bytes = value & 0xF_FF80,
            HEAD => self.head = value % self.modulus(),
            TAIL => self.tail = value % self.modulus(),
            _ => {}
        }
    }
}

/// The registers of a card.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Registers {
    /// The ring of buffers for what comes.
    pub receive: Ring,
    /// The ring of packets to send.
    pub transmit: Ring,
}

impl Registers {
    /// As after a reset.
    #[must_use]
    pub const fn new() -> Registers {
        Registers { receive: Ring::new(), transmit: Ring::new() }
    }

    /// Four bytes are written. True if they reset the card, which is its own to do: registers are as new then.
    pub fn write(&mut self, register: u32, value: u32) -> bool {
        match register {
            CTRL if value & RESET != 0 => {
                *self = Registers::new();
                return true;
            }
            RCTL => self.receive.enabled = value & ENABLE != 0,
            TCTL => self.transmit.enabled = value & ENABLE != 0,
            RDBAL..TDBAL => self.receive.write(register - RDBAL, value),
            TDBAL.. => self.transmit.write(register - TDBAL, value),
            _ => {}
        }
        false
    }
}

/// What a driver writes to begin: the card anew, and two rings of so many descriptors, empty and then enabled
/// (`e1000_reset_hw`, `e1000_configure_rx`, `e1000_configure_tx`). Tails are moved afterwards.
#[must_use]
pub fn start(receive: u64, transmit: u64, descriptors: u32) -> [(u32, u32); 13] {
    let [a, b, c, d, e] = ring(RDBAL, receive, descriptors);
    let [f, g, h, i, j] = ring(TDBAL, transmit, descriptors);
    [(CTRL, RESET), a, b, c, d, e, (RCTL, ENABLE), f, g, h, i, j, (TCTL, ENABLE)]
}

const fn ring(first: u32, base: u64, descriptors: u32) -> [(u32, u32); 5] {
    [
        (first, base as u32),
        (first + HIGH, (base >> 32) as u32),
        (first + BYTES, descriptors * DESCRIPTOR),
        (first + TAIL, 0),
        (first + HEAD, 0),
    ]
}

/// Where a descriptor points, and the length in it.
#[must_use]
pub fn parse(descriptor: &[u8]) -> (u64, u16) {
    let address = descriptor.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let len = descriptor.get(LENGTH..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u16::from_le_bytes(*bytes));
    (address, len)
}

#[cfg(test)]
mod tests {
    use super::{BYTES, CTRL, ENABLE, HEAD, RCTL, RDBAL, RESET, Registers, TAIL, TCTL, TDBAL, start};

    /// Each of what is needed missing in turn.
    #[test]
    fn a_ring_works_when_all_of_it_is_set_up() {
        let all = [(RDBAL, 0x5000), (RDBAL + BYTES, 128), (RCTL, ENABLE), (RDBAL + TAIL, 7)];
        let with = |left_out: usize| {
            let mut registers = Registers::new();
            for (_, (register, value)) in all.into_iter().enumerate().filter(|(place, _)| *place != left_out) {
                assert!(!registers.write(register, value));
            }
            registers.receive.has_work()
        };
        assert_eq!([0, 1, 2, 3, 4].map(with), [true, false, false, false, true]);
    }

    #[test]
    fn a_driver_begins_with_empty_rings_whatever_was_there() {
        let mut registers = Registers::new();
        for (register, value) in [(RDBAL + BYTES, 4096), (RDBAL + HEAD, 200), (RDBAL + TAIL, 9), (TCTL, ENABLE)] {
            registers.write(register, value);
        }
        let resets = start(0x1_0000_5000, 0x5800, 8).map(|(register, value)| registers.write(register, value));
        assert_eq!(resets.map(usize::from).iter().sum::<usize>(), 1);
        assert_eq!((registers.receive.next(), registers.receive.has_work()), (0x1_0000_5000, false));
        registers.write(RDBAL + TAIL, 7);
        registers.write(TDBAL + TAIL, 1);
        assert!(registers.receive.has_work() && registers.transmit.has_work());
        assert!(registers.write(CTRL, RESET) && registers == Registers::new());
    }

    #[test]
    fn a_head_goes_round() {
        let mut registers = Registers::new();
        for (register, value) in start(0x5000, 0x5800, 8) {
            registers.write(register, value);
        }
        registers.write(RDBAL + HEAD, 7);
        assert_eq!(registers.receive.next(), 0x5070);
        registers.receive.advance();
        assert_eq!(registers.receive.next(), 0x5000);
    }
}
