//! A device's accesses on the bus: bytes that go from and to frames, or a write that is an interrupt.
//!
//! Writes to FEE00000 to FEEFFFFF are interrupt requests and never looked up in tables of addresses: any device that can write
//! there rings processors, with whatever vector it writes, unless interrupts are remapped. Memory that lies behind such bus
//! addresses cannot be used by devices.
//!
//! A write is posted: the unit lets it pass, and it arrives later. In between, taking its translation away does not stop
//! it; an invalidation that drains waits until it has arrived.
//!
//! Sources: PCI Express Base Specification, memory requests, which do not cross 4 KiB; VT-d specification, "Interrupt
//! address range".
//!
//! Not modelled: reads under way (a read is answered at once), completions with errors of their own, ordering among
//! functions, and accesses from one device to another, which a switch may send past the unit.

use alloc::vec::Vec;

use crate::hypervisor::memory::Memory;
use crate::hypervisor::message::{Message, is_for_interrupts};
use crate::hypervisor::page::PAGE_SIZE;
use crate::hypervisor::vtd::fault::Fault;
use crate::hypervisor::vtd::interrupts::Arrival;
use crate::hypervisor::vtd::structures::frame_of;
use crate::hypervisor::vtd::unit::Unit;
use crate::hypervisor::vtd::walk::Request;
use crate::words::ids::{Bdf, Mfn};

/// A write that the unit let pass, on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteRequest {
    /// Who wrote.
    pub source: Bdf,
    /// The machine's address.
    pub address: u64,
    /// What.
    pub bytes: Vec<u8>,
}

/// How an access ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// All bytes moved.
    Done,
    /// The unit blocked it.
    Blocked(Fault),
    /// Nothing answers at that address: unsupported request.
    Unsupported,
    /// It was an interrupt.
    Interrupt(Arrival),
}

/// What came of an access of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Completion {
    /// Bytes that moved before it ended.
    pub moved: u32,
    /// The frame where the first of them was or went.
    pub frame: Option<Mfn>,
    /// How it ended.
    pub ending: Ending,
}

impl Completion {
    const fn new((moved, frame): (usize, Option<Mfn>), ending: Ending) -> Completion {
        Completion { moved: moved as u32, frame, ending }
    }

    /// Whether all bytes moved.
    #[must_use]
    pub const fn is_done(self) -> bool {
        matches!(self.ending, Ending::Done)
    }
}

impl Unit {
    /// A device reads; what was not moved is left as it was. Each page is a request of its own.
    pub fn dma_read(&mut self, memory: &Memory, source: Bdf, address: u64, bytes: &mut [u8]) -> Completion {
        let whole = bytes.len();
        let (mut moved, mut first) = (0, None);
        while moved < whole {
            let at = address.wrapping_add(moved as u64);
            let len = within_page(at, whole - moved);
            if is_for_interrupts(at) {
                return Completion::new((moved, first), Ending::Unsupported);
            }
            let translation = match self.translate(memory, Request::read(source, at)) {
                Ok(translation) => translation,
                Err(refusal) => return Completion::new((moved, first), Ending::Blocked(refusal.fault)),
            };
            let Some(page) = frame_of(translation.address).and_then(|frame| memory.bus_page(frame)) else {
                return Completion::new((moved, first), Ending::Unsupported);
            };
            first = first.or(frame_of(translation.address));
            bytes[moved..moved + len].copy_from_slice(&page.bytes()[offset_of(translation.address)..][..len]);
            moved += len;
        }
        Completion::new((moved, first), Ending::Done)
    }

    /// A device writes, and everything that was under way arrives.
    pub fn dma_write(&mut self, memory: &mut Memory, source: Bdf, address: u64, bytes: &[u8]) -> Completion {
        let completion = self.post_write(memory, source, address, bytes);
        self.drain(memory);
        completion
    }

    /// A device writes, and what the unit lets pass is under way until [`drain`](Unit::drain). An interrupt does not wait.
    pub fn post_write(&mut self, memory: &mut Memory, source: Bdf, address: u64, bytes: &[u8]) -> Completion {
        if is_for_interrupts(address) {
            return Completion::new((0, None), self.interrupt_write(memory, source, address, bytes));
        }
        let (mut moved, mut first) = (0, None);
        while moved < bytes.len() {
            let at = address.wrapping_add(moved as u64);
            let len = within_page(at, bytes.len() - moved);
            if is_for_interrupts(at) {
                return Completion::new((moved, first), Ending::Unsupported);
            }
            let translation = match self.translate(memory, Request::write(source, at)) {
                Ok(translation) => translation,
                Err(refusal) => return Completion::new((moved, first), Ending::Blocked(refusal.fault)),
            };
            if frame_of(translation.address).is_none_or(|frame| memory.bus_page(frame).is_none()) {
                return Completion::new((moved, first), Ending::Unsupported);
            }
            first = first.or(frame_of(translation.address));
            let bytes = bytes[moved..moved + len].to_vec();
            self.under_way.push(WriteRequest { source, address: translation.address, bytes });
            moved += len;
        }
        Completion::new((moved, first), Ending::Done)
    }

    /// The writes that the unit let pass and that have not arrived.
    #[must_use]
    pub fn under_way(&self) -> &[WriteRequest] {
        &self.under_way
    }

    /// Everything under way arrives, in the order in which it was let pass.
    pub fn drain(&mut self, memory: &mut Memory) {
        for WriteRequest { source: _, address, bytes } in self.under_way.drain(..) {
            let page = frame_of(address).and_then(|frame| memory.bus_page_mut(frame));
            page.expect("it was looked for when the write was posted").write(offset_of(address), &bytes);
        }
    }

    fn interrupt_write(&mut self, memory: &mut Memory, source: Bdf, address: u64, bytes: &[u8]) -> Ending {
        let Some(data) = bytes.first_chunk().filter(|_| bytes.len() == 4 && address & 3 == 0) else {
            return Ending::Unsupported;
        };
        match self.interrupt(memory, source, Message { address, data: u32::from_le_bytes(*data) }) {
            Ok(arrival) => Ending::Interrupt(arrival),
            Err(refusal) => Ending::Blocked(refusal.fault),
        }
    }
}

fn offset_of(address: u64) -> usize {
    address as usize & (PAGE_SIZE - 1)
}

/// How many of so many bytes lie in the page of an address.
fn within_page(address: u64, len: usize) -> usize {
    len.min(PAGE_SIZE - offset_of(address))
}
