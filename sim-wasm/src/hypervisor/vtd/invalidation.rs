//! What software says becomes forgotten entries: by registers, or by a queue of descriptors in memory.
//!
//! The queue is a ring of 16-byte descriptors. Software writes them and moves the tail; the unit takes them from the head,
//! one with each [`Unit::take_descriptor`], so that a slow unit can be had by not asking it. A *wait* descriptor says that
//! all before it are done, by writing a word into memory. A descriptor that makes no sense sets IQE, and the queue stands
//! until software has put it right and cleared the bit.
//!
//! Sources: VT-d specification, "Invalidation of translation caches"; `xen/drivers/passthrough/vtd/qinval.c`.
//!
//! Not modelled: devices that cache translations (their descriptor is taken, and no device listens), fences, which have
//! nothing to order here, and descriptors of 32 bytes.

use crate::hypervisor::memory::Memory;
use crate::hypervisor::message::Message;
use crate::hypervisor::vtd::caches::{ContextScope, IotlbScope};
use crate::hypervisor::vtd::capabilities::{CAP_PSI, ECAP_DEVICE_IOTLB, ECAP_INTERRUPTS};
use crate::hypervisor::vtd::registers as reg;
use crate::hypervisor::vtd::structures::{Did, frame_of};
use crate::hypervisor::vtd::unit::Unit;
use crate::words::ids::Bdf;

/// Bytes of a descriptor.
pub const DESCRIPTOR_SIZE: u16 = 16;

/// What remains of a translation when the unit has forgotten it: an access that it has let pass and that has not arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Drain {
    /// Those go on when they will.
    #[default]
    Nothing,
    /// They have arrived before the invalidation is done.
    ReadsAndWrites,
}

/// What a descriptor asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Descriptor {
    /// Forget context entries (type 1).
    Context(ContextScope),
    /// Forget translations (type 2).
    Iotlb(IotlbScope, Drain),
    /// A device is to forget translations (type 3).
    DeviceIotlb {
        /// Which.
        source: Bdf,
    },
    /// Forget interrupt remapping entries (type 4); all, or `2^order` from `first` on.
    InterruptEntries(Option<EntryRange>),
    /// Say that all before is done (type 5).
    Wait(Wait),
}

/// A stretch of interrupt remapping entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EntryRange {
    /// The first.
    pub first: u16,
    /// How many, as a power of two.
    pub order: u8,
}

/// What a wait descriptor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wait {
    /// Where and what it writes, if it does.
    pub status: Option<(u64, u32)>,
    /// Whether it sends an event.
    pub interrupt: bool,
}

impl Descriptor {
    /// Its two words, as they lie in memory.
    #[must_use]
    pub const fn encode(self) -> [u64; 2] {
        match self {
            Descriptor::Context(ContextScope::Global) => [1 | 1 << 4, 0],
            Descriptor::Context(ContextScope::Domain(did)) => [1 | 2 << 4 | (did.0 as u64) << 16, 0],
            Descriptor::Context(ContextScope::Device { did, source, mask }) => {
                [1 | 3 << 4 | (did.0 as u64) << 16 | (source.0 as u64) << 32 | (mask as u64 & 3) << 48, 0]
            }
            Descriptor::Iotlb(scope, drain) => {
                let drains = match drain {
                    Drain::Nothing => 0,
                    Drain::ReadsAndWrites => 3 << 6,
                };
                match scope {
                    IotlbScope::Global => [2 | 1 << 4 | drains, 0],
                    IotlbScope::Domain(did) => [2 | 2 << 4 | drains | (did.0 as u64) << 16, 0],
                    IotlbScope::Pages { did, first, order } => {
                        [2 | 3 << 4 | drains | (did.0 as u64) << 16, first << 12 | order as u64 & 0x3F]
                    }
                }
            }
            Descriptor::DeviceIotlb { source } => [3 | (source.0 as u64) << 32, 1 | !0xFFF],
            Descriptor::InterruptEntries(None) => [4, 0],
            Descriptor::InterruptEntries(Some(EntryRange { first, order })) => {
                [4 | 1 << 4 | (order as u64 & 0x1F) << 27 | (first as u64) << 32, 0]
            }
            Descriptor::Wait(Wait { status, interrupt }) => {
                let low = 5 | (interrupt as u64) << 4;
                match status {
                    Some((address, data)) => [low | 1 << 5 | (data as u64) << 32, address],
                    None => [low, 0],
                }
            }
        }
    }

    /// What two words ask for; nothing if they make no sense.
    #[must_use]
    pub const fn decode([low, high]: [u64; 2]) -> Option<Descriptor> {
        let (granularity, did) = (low >> 4 & 3, Did((low >> 16) as u16));
        let source = Bdf((low >> 32) as u16);
        Some(match (low & 0xF, granularity) {
            (1, 1) => Descriptor::Context(ContextScope::Global),
            (1, 2) => Descriptor::Context(ContextScope::Domain(did)),
            (1, 3) => Descriptor::Context(ContextScope::Device { did, source, mask: (low >> 48 & 3) as u8 }),
            (2, 1..=3) => {
                let drain = if low >> 6 & 3 == 0 { Drain::Nothing } else { Drain::ReadsAndWrites };
                let scope = match granularity {
                    1 => IotlbScope::Global,
                    2 => IotlbScope::Domain(did),
                    _ => IotlbScope::Pages { did, first: high >> 12, order: (high & 0x3F) as u8 },
                };
                Descriptor::Iotlb(scope, drain)
            }
            (3, _) => Descriptor::DeviceIotlb { source },
            (4, 0 | 2) => Descriptor::InterruptEntries(None),
            (4, _) => {
                let order = (low >> 27 & 0x1F) as u8;
                Descriptor::InterruptEntries(Some(EntryRange { first: (low >> 32) as u16, order }))
            }
            (5, _) => {
                let status = if low >> 5 & 1 != 0 { Some((high & !3, (low >> 32) as u32)) } else { None };
                Descriptor::Wait(Wait { status, interrupt: low >> 4 & 1 != 0 })
            }
            _ => return None,
        })
    }
}

impl Unit {
    /// Takes the next descriptor from the queue and does it; nothing if the queue is empty, off, or stands.
    pub fn take_descriptor(&mut self, memory: &mut Memory) -> Option<Descriptor> {
        let (head, tail, queue) = (self.read_u64(reg::IQH), self.read_u64(reg::IQT), self.read_u64(reg::IQA));
        let stands = self.read_u32(reg::FSTS) & reg::FSTS_IQE != 0;
        if self.status & reg::GCMD_QIE == 0 || stands || head == tail {
            return None;
        }
        let size = 0x1000_u64 << (queue & 7);
        let address = (queue & !0xFFF) + head;
        let read = frame_of(address).and_then(|frame| memory.bus_page(frame)).map(|page| {
            let at = (address & 0xFFF) as usize;
            [page.read_u64(at), page.read_u64(at + 8)]
        });
        let descriptor = read.and_then(Descriptor::decode).filter(|known| tail < size && self.accepts(*known));
        let Some(descriptor) = descriptor else {
            self.queue_error();
            return None;
        };
        self.obey(memory, descriptor);
        let next = head + u64::from(DESCRIPTOR_SIZE);
        self.registers.write_u64(usize::from(reg::IQH), if next == size { 0 } else { next });
        Some(descriptor)
    }

    /// Whether this unit can do it.
    fn accepts(&self, descriptor: Descriptor) -> bool {
        match descriptor {
            Descriptor::Iotlb(IotlbScope::Pages { order, .. }, _) => {
                self.capabilities.has(CAP_PSI) && order <= self.capabilities.largest_mask()
            }
            Descriptor::DeviceIotlb { .. } => self.capabilities.extends_to(ECAP_DEVICE_IOTLB),
            Descriptor::InterruptEntries(_) => self.capabilities.extends_to(ECAP_INTERRUPTS),
            Descriptor::Context(_) | Descriptor::Iotlb(..) | Descriptor::Wait(_) => true,
        }
    }

    fn obey(&mut self, memory: &mut Memory, descriptor: Descriptor) {
        match descriptor {
            Descriptor::Context(scope) => self.forget_contexts(scope),
            Descriptor::Iotlb(scope, drain) => {
                self.forget_translations(scope);
                if drain == Drain::ReadsAndWrites {
                    self.drain(memory);
                }
            }
            Descriptor::DeviceIotlb { source: _ } => (),
            Descriptor::InterruptEntries(range) => self.interrupt_entries.invalidate(range),
            Descriptor::Wait(wait) => {
                if let Some((address, data)) = wait.status
                    && let Some(page) = frame_of(address).and_then(|frame| memory.bus_page_mut(frame))
                {
                    page.write_u32((address & 0xFFC) as usize, data);
                }
                if wait.interrupt {
                    self.send_completion();
                }
            }
        }
    }

    fn forget_contexts(&mut self, scope: ContextScope) {
        self.counts.context_invalidations += 1;
        self.contexts.invalidate(scope);
    }

    fn forget_translations(&mut self, scope: IotlbScope) {
        self.counts.iotlb_invalidations += 1;
        self.iotlb.invalidate(scope);
    }

    /// The register CCMD. With the queue in use it does nothing, and says so by the granularity that was done.
    pub(super) fn context_command(&mut self, value: u64) {
        if value & reg::CCMD_ICC == 0 {
            self.registers.write_u64(usize::from(reg::CCMD), value);
            return;
        }
        let did = Did(value as u16);
        let scope = match value >> reg::CCMD_REQUEST_SHIFT & 3 {
            _ if self.status & reg::GCMD_QIE != 0 => None,
            1 => Some(ContextScope::Global),
            2 => Some(ContextScope::Domain(did)),
            3 => Some(ContextScope::Device { did, source: Bdf((value >> 16) as u16), mask: (value >> 32 & 3) as u8 }),
            _ => None,
        };
        let actual = if scope.is_some() { value >> reg::CCMD_REQUEST_SHIFT & 3 } else { 0 };
        if let Some(scope) = scope {
            self.forget_contexts(scope);
        }
        let kept = value & !(reg::CCMD_ICC | 3 << reg::CCMD_ACTUAL_SHIFT);
        self.registers.write_u64(usize::from(reg::CCMD), kept | actual << reg::CCMD_ACTUAL_SHIFT);
    }

    /// The IOTLB register. A unit without PSI forgets the whole domain instead of pages; one that is asked for more pages at
    /// once than it can name forgets none.
    pub(super) fn iotlb_command(&mut self, memory: &mut Memory, value: u64) {
        let register = usize::from(self.capabilities.iotlb_registers_at()) + 8;
        if value & reg::IOTLB_IVT == 0 {
            self.registers.write_u64(register, value);
            return;
        }
        let did = Did((value >> 32) as u16);
        let address = self.registers.read_u64(register - 8);
        let order = (address & 0x3F) as u8;
        let (scope, actual) = match value >> reg::IOTLB_REQUEST_SHIFT & 7 {
            _ if self.status & reg::GCMD_QIE != 0 => (None, 0),
            1 => (Some(IotlbScope::Global), 1),
            2 => (Some(IotlbScope::Domain(did)), 2),
            3 if !self.capabilities.has(CAP_PSI) => (Some(IotlbScope::Domain(did)), 2),
            3 if order <= self.capabilities.largest_mask() => {
                (Some(IotlbScope::Pages { did, first: address >> 12, order }), 3)
            }
            _ => (None, 0),
        };
        if let Some(scope) = scope {
            self.forget_translations(scope);
            if value & (reg::IOTLB_DRAIN_READS | reg::IOTLB_DRAIN_WRITES) != 0 {
                self.drain(memory);
            }
        }
        let kept = value & !(reg::IOTLB_IVT | 7 << reg::IOTLB_ACTUAL_SHIFT);
        self.registers.write_u64(register, kept | actual << reg::IOTLB_ACTUAL_SHIFT);
    }

    /// Software acknowledges the event of a wait descriptor.
    pub(super) fn clear_completion(&mut self, value: u32) {
        let left = self.read_u32(reg::ICS) & !(value & 1);
        self.registers.write_u32(usize::from(reg::ICS), left);
        if left == 0 {
            let control = self.read_u32(reg::IECTL) & !reg::EVENT_PENDING;
            self.registers.write_u32(usize::from(reg::IECTL), control);
        }
    }

    fn send_completion(&mut self) {
        if self.read_u32(reg::ICS) & 1 == 0 {
            self.registers.write_u32(usize::from(reg::ICS), 1);
            self.send_event(reg::IECTL);
        }
    }

    /// Sends the event of a control register (its data and address follow it), or remembers that it would have been sent.
    pub(super) fn send_event(&mut self, control: u16) {
        let state = self.read_u32(control);
        if state & reg::EVENT_MASKED != 0 {
            self.registers.write_u32(usize::from(control), state | reg::EVENT_PENDING);
        } else {
            let message = Message { address: self.read_u64(control + 8), data: self.read_u32(control + 4) };
            self.messages.push(message);
        }
    }

    /// Software masks or unmasks an event; one that was remembered is sent when it is unmasked.
    pub(super) fn mask_event(&mut self, control: u16, value: u32) {
        let pending = self.read_u32(control) & reg::EVENT_PENDING;
        let masked = value & reg::EVENT_MASKED;
        let kept = if masked == 0 { 0 } else { pending };
        self.registers.write_u32(usize::from(control), masked | kept);
        if masked == 0 && pending != 0 {
            self.send_event(control);
        }
    }
}
