//! The physical card: a ring of descriptors, a wire with a rate, and an interrupt some time after a packet has left.

use std::collections::VecDeque;

use crate::actors::first_netback::Skb;
use crate::actors::log::{Event, Log};
use crate::words::time::Time;

/// A card.
#[derive(Clone, Debug)]
pub struct Nic {
    /// Picoseconds that a byte takes on the wire.
    picos_per_byte: u64,
    /// Descriptors of the transmit ring; e1000's default.
    descriptors: u32,
    used: u32,
    /// Posted, oldest first; the first may be on the wire.
    waiting: VecDeque<Skb>,
    /// Gone, and still to be cleaned up.
    sent: Vec<Skb>,
    sending: bool,
}

impl Nic {
    /// A card with 256 transmit descriptors on a wire of so many megabits a second; at least 1.
    #[must_use]
    pub fn new(megabits: u32) -> Self {
        Self {
            picos_per_byte: 8_000_000 / u64::from(megabits.max(1)),
            descriptors: 256,
            used: 0,
            waiting: VecDeque::new(),
            sent: Vec::new(),
            sending: false,
        }
    }

    /// Descriptors that a packet takes: one for its head and one for each fragment.
    fn needs(packet: &Skb) -> u32 {
        1 + packet.fragments.len() as u32
    }

    /// Puts a packet into the ring (`e1000_xmit_frame()`), or gives it back when there is no room.
    pub fn xmit_frame(&mut self, packet: Skb, now: Time, log: &mut Log) -> Result<(), Skb> {
        let count = Self::needs(&packet);
        if self.used + count > self.descriptors {
            return Err(packet);
        }
        self.used += count;
        log.step(now, Event::DescriptorsPosted { count });
        self.waiting.push_back(packet);
        Ok(())
    }

    /// Starts on the next packet if the wire is free: how long it will take, in nanoseconds.
    pub fn begin(&mut self) -> Option<u64> {
        if self.sending {
            return None;
        }
        let nanos = self.wire_time(self.waiting.front()?);
        self.sending = true;
        Some(nanos)
    }

    /// The packet on the wire has left. Its descriptors stay in use until the driver cleans them.
    ///
    /// # Panics
    /// If none was being sent.
    pub fn finish(&mut self, now: Time, log: &mut Log) -> &Skb {
        assert!(self.sending, "a packet is on the wire");
        self.sending = false;
        let packet = self.waiting.pop_front().expect("the packet on the wire is the oldest in the ring");
        log.step(now, Event::PacketSent { bytes: packet.bytes, nanos: self.wire_time(&packet) });
        self.sent.push(packet);
        self.sent.last().expect("just put there")
    }

    /// The driver cleans the descriptors of all packets that have left, and frees those packets
    /// (`e1000_clean_tx_irq()`).
    pub fn clean_tx_irq(&mut self, now: Time, log: &mut Log) -> Vec<Skb> {
        log.step(now, Event::TransmitDone);
        let packets = std::mem::take(&mut self.sent);
        self.used -= packets.iter().map(Self::needs).sum::<u32>();
        packets
    }

    /// Packets that have left and were not cleaned up.
    #[must_use]
    pub fn uncleaned(&self) -> usize {
        self.sent.len()
    }

    /// How long a packet takes on the wire, in nanoseconds; preamble and gap are not counted.
    fn wire_time(&self, packet: &Skb) -> u64 {
        u64::from(packet.bytes) * self.picos_per_byte / 1000
    }

    /// Descriptors in use.
    #[must_use]
    pub fn used(&self) -> u32 {
        self.used
    }
}
