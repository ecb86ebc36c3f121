//! The cards' own logic: registers, two rings of descriptors in somebody's memory, and one packet at a time between them and
//! the wire.
//!
//! ```text
//!   register of the tail ─► descriptor fetched ─► packet read, or stored, request by request ─► descriptor written back ─► message
//! ```
//!
//! A card knows addresses and no owners. Whatever it asks of the bus it says as an `Ask`, one at a time, and the answer
//! says how to go on; what is in the way of a request is the [machine](crate::machine::given_away)'s business.
//!
//! Registers and descriptors are those of Intel's 8254x ([`e1000`](crate::protocols::e1000)). What comes from the wire while
//! reception is not enabled is dropped.
//!
//! What a card does when a request of its is refused differs from card to card. These drop the packet, give the descriptor back
//! with no bytes in it, and give up a ring that they cannot read.
//!
//! Not modelled: offloads, packets of several descriptors, causes of interrupts, and thresholds of descriptors.

use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;

use crate::machine::given_away::settings::AtReset;
use crate::protocols::e1000::{DESCRIPTOR, DONE, LENGTH, Registers, STATUS, parse};

/// Bytes of the registers' BAR.
pub const BAR_SIZE: u64 = 0x4000;
/// Bytes of one request to memory.
pub const REQUEST: u32 = 256;
/// The longest packet.
pub const LONGEST: u16 = 4096;
/// Packets that wait in the card for a descriptor.
const FIFO: usize = 16;

/// What a card wants of the bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// So many bytes from an address.
    Read(u64, u32),
    /// These bytes to an address.
    Write(u64, Vec<u8>),
    /// An interrupt.
    Signal,
}

/// Where it is with its packet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Work {
    Nothing,
    /// The descriptor of a packet to send is fetched.
    FetchToSend,
    /// The packet is read from memory.
    Reading {
        descriptor: u64,
        buffer: u64,
        len: u16,
        packet: Vec<u8>,
    },
    /// The descriptor of a buffer is fetched.
    FetchToStore {
        packet: Vec<u8>,
    },
    /// The packet is stored in memory.
    Storing {
        descriptor: u64,
        buffer: u64,
        packet: Vec<u8>,
        done: u32,
    },
    /// A descriptor is written back.
    WriteBack {
        at: u64,
        bytes: Vec<u8>,
    },
    /// The driver is to be told.
    Telling,
}

/// How the bus answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// With these bytes.
    Read(Vec<u8>),
    /// It took them.
    Taken,
    /// Not.
    Refused,
}

/// A card.
#[derive(Clone, Debug, Hash)]
pub struct Card {
    at_reset: AtReset,
    registers: Registers,
    work: Work,
    incoming: VecDeque<Vec<u8>>,
    sent: Vec<Vec<u8>>,
    /// Packets that found no room, or whose buffer could not be reached.
    dropped: u64,
}

impl Card {
    pub(super) fn new(at_reset: AtReset) -> Card {
        let (work, incoming, sent) = (Work::Nothing, VecDeque::new(), Vec::new());
        Card { at_reset, registers: Registers::new(), work, incoming, sent, dropped: 0 }
    }

    /// The packets that it sent.
    #[must_use]
    pub fn sent(&self) -> &[Vec<u8>] {
        &self.sent
    }

    /// Packets from the wire that nobody got.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Whether it is in the middle of a packet.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        !matches!(self.work, Work::Nothing)
    }

    /// Whether it goes on with what it has under way, whatever its config space says.
    pub(super) const fn is_restless(&self) -> bool {
        matches!(self.at_reset, AtReset::Finishes) && self.is_busy()
    }

    /// Somebody writes four bytes of its registers, by way of the processor or of another card.
    pub(super) fn write(&mut self, register: u32, value: u32) {
        if self.registers.write(register, value) {
            self.reset();
        }
    }

    /// A packet comes from the wire.
    pub(super) fn arrive(&mut self, packet: Vec<u8>) {
        if self.registers.receive.is_enabled() && self.incoming.len() < FIFO {
            self.incoming.push_back(packet);
        } else {
            self.dropped += 1;
        }
    }

    /// Its config space was reset, or its driver resets it.
    pub(super) fn reset(&mut self) {
        self.registers = Registers::new();
        self.dropped += self.incoming.len() as u64;
        self.incoming.clear();
        if self.at_reset == AtReset::Stops {
            let stored = matches!(self.work, Work::FetchToStore { .. } | Work::Storing { .. });
            self.dropped += u64::from(stored);
            self.work = Work::Nothing;
        }
    }

    /// What it wants of the bus next; nothing if it has nothing to do.
    pub(super) fn ask(&mut self) -> Option<Ask> {
        if self.work == Work::Nothing {
            if self.registers.receive.has_work()
                && let Some(packet) = self.incoming.pop_front()
            {
                self.work = Work::FetchToStore { packet };
            } else if self.registers.transmit.has_work() {
                self.work = Work::FetchToSend;
            }
        }
        Some(match &self.work {
            Work::Nothing => return None,
            Work::FetchToSend => Ask::Read(self.registers.transmit.next(), DESCRIPTOR),
            Work::FetchToStore { .. } => Ask::Read(self.registers.receive.next(), DESCRIPTOR),
            Work::Reading { buffer, len, packet, .. } => {
                let at = buffer.wrapping_add(packet.len() as u64);
                Ask::Read(at, request(at, u32::from(*len) - packet.len() as u32))
            }
            Work::Storing { buffer, packet, done, .. } => {
                let at = buffer.wrapping_add(u64::from(*done));
                let len = request(at, packet.len() as u32 - done);
                Ask::Write(at, packet[*done as usize..][..len as usize].to_vec())
            }
            Work::WriteBack { at, bytes } => Ask::Write(*at, bytes.clone()),
            Work::Telling => Ask::Signal,
        })
    }

    /// The bus answered what was asked last.
    pub(super) fn answer(&mut self, answer: Answer) {
        self.work = match (core::mem::replace(&mut self.work, Work::Nothing), answer) {
            (Work::FetchToSend, Answer::Read(bytes)) => {
                let (descriptor, (buffer, len)) = (self.registers.transmit.next(), parse(&bytes));
                self.registers.transmit.advance();
                match len.min(LONGEST) {
                    0 => sent(descriptor),
                    len => Work::Reading { descriptor, buffer, len, packet: Vec::new() },
                }
            }
            (Work::Reading { descriptor, buffer, len, mut packet }, Answer::Read(bytes)) => {
                packet.extend(bytes);
                if packet.len() < usize::from(len) {
                    Work::Reading { descriptor, buffer, len, packet }
                } else {
                    self.sent.push(packet);
                    sent(descriptor)
                }
            }
            (Work::FetchToStore { packet }, Answer::Read(bytes)) => {
                let (descriptor, (buffer, _)) = (self.registers.receive.next(), parse(&bytes));
                self.registers.receive.advance();
                Work::Storing { descriptor, buffer, packet, done: 0 }
            }
            (Work::Storing { descriptor, buffer, packet, done }, Answer::Taken) => {
                let done = done + request(buffer.wrapping_add(u64::from(done)), packet.len() as u32 - done);
                if (done as usize) < packet.len() {
                    Work::Storing { descriptor, buffer, packet, done }
                } else {
                    stored(descriptor, packet.len() as u16)
                }
            }
            (Work::WriteBack { .. }, Answer::Taken) => Work::Telling,
            // A buffer that cannot be reached: the driver gets its descriptor back, with nothing done.
            (Work::Reading { descriptor, .. }, _) => sent(descriptor),
            (Work::Storing { descriptor, .. }, _) => {
                self.dropped += 1;
                stored(descriptor, 0)
            }
            // A ring that cannot be reached is given up.
            (Work::FetchToSend, _) => {
                self.registers.transmit.disable();
                Work::Nothing
            }
            (Work::FetchToStore { .. }, _) => {
                self.dropped += 1;
                self.registers.receive.disable();
                Work::Nothing
            }
            (Work::WriteBack { .. } | Work::Telling | Work::Nothing, _) => Work::Nothing,
        };
    }
}

/// A descriptor of a packet that was sent, or could not be, goes back.
fn sent(descriptor: u64) -> Work {
    Work::WriteBack { at: descriptor.wrapping_add(STATUS as u64), bytes: vec![DONE] }
}

/// A descriptor goes back with so many bytes.
fn stored(descriptor: u64, len: u16) -> Work {
    let [low, high] = len.to_le_bytes();
    Work::WriteBack { at: descriptor.wrapping_add(LENGTH as u64), bytes: vec![low, high, 0, 0, DONE] }
}

/// Bytes of the request at an address of which so many bytes are left: none crosses a multiple of its size.
const fn request(at: u64, left: u32) -> u32 {
    let room = REQUEST - at as u32 % REQUEST;
    if left < room { left } else { room }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Ask, Card, FIFO};
    use crate::machine::given_away::settings::AtReset;
    use crate::protocols::e1000::{BYTES, CTRL, DESCRIPTOR, ENABLE, RCTL, RDBAL, RESET, TAIL};

    /// A card with a packet of 300 bytes for a buffer at 0x1F80.
    fn receiving(at_reset: AtReset) -> Card {
        let mut card = Card::new(at_reset);
        for (register, value) in [(RDBAL, 0x5000), (RDBAL + BYTES, 8 * DESCRIPTOR), (RCTL, ENABLE), (RDBAL + TAIL, 1)] {
            card.write(register, value);
        }
        card.arrive(vec![7; 300]);
        card
    }

    #[test]
    fn no_request_crosses_a_multiple_of_its_size() {
        let mut card = receiving(AtReset::Stops);
        assert_eq!(card.ask(), Some(Ask::Read(0x5000, 16)));
        let mut descriptor = vec![0; 16];
        descriptor[..2].copy_from_slice(&[0x80, 0x1F]);
        card.answer(Answer::Read(descriptor));
        for (at, len) in [(0x1F80, 128), (0x2000, 172)] {
            assert_eq!(card.ask(), Some(Ask::Write(at, vec![7; len])));
            card.answer(Answer::Taken);
        }
        assert_eq!(card.ask(), Some(Ask::Write(0x5008, vec![44, 1, 0, 0, 1])));
        card.answer(Answer::Taken);
        assert_eq!(card.ask(), Some(Ask::Signal));
        card.answer(Answer::Taken);
        assert_eq!((card.ask(), card.dropped()), (None, 0));
    }

    #[test]
    fn a_reset_ends_what_is_under_way_unless_the_card_does_not_heed_it() {
        for (at_reset, busy) in [(AtReset::Stops, false), (AtReset::Finishes, true)] {
            let mut card = receiving(at_reset);
            card.ask();
            card.reset();
            assert_eq!((card.is_busy(), card.is_restless()), (busy, busy));
        }
        let mut card = receiving(AtReset::Finishes);
        card.ask();
        card.answer(Answer::Refused);
        assert_eq!((card.is_restless(), card.dropped(), card.ask()), (false, 1, None));
    }

    #[test]
    fn a_ring_of_nothing_asks_for_nothing() {
        let mut card = Card::new(AtReset::Stops);
        for (register, value) in [(RCTL, ENABLE), (RDBAL + TAIL, 5), (RDBAL + BYTES, 0), (0x9000, 1)] {
            card.write(register, value);
        }
        card.arrive(vec![1]);
        assert_eq!(card.ask(), None);
    }

    /// Neither the wire nor a tail makes a card work whose driver has not enabled it.
    #[test]
    fn a_card_that_is_not_enabled_receives_nothing() {
        let mut card = Card::new(AtReset::Stops);
        for (register, value) in [(RDBAL, 0x5000), (RDBAL + BYTES, 8 * DESCRIPTOR), (RDBAL + TAIL, 1)] {
            card.write(register, value);
        }
        card.arrive(vec![7; 60]);
        assert_eq!((card.ask(), card.dropped()), (None, 1));
        card.write(RCTL, ENABLE);
        assert_eq!(card.ask(), None, "what was dropped does not come back");
        card.arrive(vec![8; 60]);
        assert_eq!(card.ask(), Some(Ask::Read(0x5000, 16)));
    }

    #[test]
    fn what_a_reset_or_a_full_card_loses_is_counted_at_once() {
        let mut card = Card::new(AtReset::Stops);
        card.write(RCTL, ENABLE);
        for _ in 0..FIFO + 2 {
            card.arrive(vec![7; 60]);
        }
        assert_eq!(card.dropped(), 2);
        card.write(CTRL, RESET);
        assert_eq!((card.dropped(), card.ask()), (FIFO as u64 + 2, None));
    }
}
