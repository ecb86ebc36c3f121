//! Devices' accesses and Xen's steps become events: the unit and Xen do them, this writes them down.
//!
//! ```text
//!   device ── dma_write, dma_read ──> unit ──> events: passed, blocked, rang; recorded, collapsed, lost
//!   toolstack ── assign, … ──> Xen ── tell_steps ──> events
//! ```
//!
//! Not modelled: a device's own logic, and when a device makes its accesses: whoever drives it says so.

use crate::actors::log::vtd::Vtd;
use crate::actors::log::{Event, Log};
use crate::hypervisor::memory::Memory;
use crate::hypervisor::passthrough::iommus::Iommus;
use crate::hypervisor::vtd::interrupts::{Arrival, Interrupt};
use crate::hypervisor::vtd::structures::PAGE_SHIFT;
use crate::hypervisor::vtd::unit::{Counts, Unit};
use crate::hypervisor::vtd::walk::Request;
use crate::hypervisor::vtd::write_requests::{Completion, Ending};
use crate::words::ids::{Bdf, Dfn};
use crate::words::time::Time;

/// Writes down what Xen did since the last call; each call is a step of the log.
pub fn tell_steps(log: &mut Log, now: Time, iommus: &mut Iommus) {
    for (place, step) in iommus.take_steps().into_iter().enumerate() {
        let event = Event::Vtd(Vtd::Xen(step));
        if place == 0 {
            log.step(now, event);
        } else {
            log.also(now, event);
        }
    }
}

/// A device writes.
pub fn dma_write(
    log: &mut Log,
    now: Time,
    unit: &mut Unit,
    memory: &mut Memory,
    (source, address): (Bdf, u64),
    bytes: &[u8],
) -> Completion {
    let before = unit.counts();
    let completion = unit.dma_write(memory, source, address, bytes);
    tell_access(log, now, Request::write(source, address), completion);
    tell_faults(log, now, unit, source, before);
    completion
}

/// A device reads.
pub fn dma_read(
    log: &mut Log,
    now: Time,
    unit: &mut Unit,
    memory: &Memory,
    (source, address): (Bdf, u64),
    bytes: &mut [u8],
) -> Completion {
    let before = unit.counts();
    let completion = unit.dma_read(memory, source, address, bytes);
    tell_access(log, now, Request::read(source, address), completion);
    tell_faults(log, now, unit, source, before);
    completion
}

fn tell_access(log: &mut Log, now: Time, request: Request, completion: Completion) {
    let Request { source, address, direction, address_type: _ } = request;
    let first = Dfn((address >> PAGE_SHIFT) as u32);
    let dfn = Dfn((address.wrapping_add(u64::from(completion.moved)) >> PAGE_SHIFT) as u32);
    if let Some(frame) = completion.frame {
        log.step(now, Event::Vtd(Vtd::Passed { source, dfn: first, frame, direction }));
    }
    let Some(event) = told(source, dfn, completion.ending) else { return };
    if completion.moved > 0 {
        log.also(now, Event::Vtd(event));
    } else {
        log.step(now, Event::Vtd(event));
    }
}

/// How the end of an access at a page is told; nothing if all bytes moved.
#[must_use]
pub fn told(source: Bdf, dfn: Dfn, ending: Ending) -> Option<Vtd> {
    Some(match ending {
        Ending::Done => return None,
        Ending::Blocked(reason) if reason.is_interrupt() => Vtd::InterruptBlocked { source, reason },
        Ending::Blocked(reason) => Vtd::Blocked { source, dfn, reason },
        Ending::Unsupported => Vtd::Unanswered { source, dfn },
        Ending::Interrupt(Arrival::AsWritten(Interrupt { vector, destination, delivery: _ })) => {
            Vtd::RangAsWritten { source, vector, destination }
        }
        Ending::Interrupt(Arrival::Remapped(Interrupt { vector, destination, delivery: _ })) => {
            Vtd::RangRemapped { source, vector, destination }
        }
        Ending::Interrupt(Arrival::Notified(Interrupt { vector, destination, delivery: _ })) => {
            Vtd::PostedNotified { source, vector, destination }
        }
        Ending::Interrupt(Arrival::Noted) => Vtd::Posted { source },
    })
}

/// What became of a fault in the unit's records.
fn tell_faults(log: &mut Log, now: Time, unit: &mut Unit, source: Bdf, before: Counts) {
    let after = unit.counts();
    let mut tell = |event| log.also(now, Event::Vtd(event));
    if after.recorded > before.recorded {
        tell(Vtd::FaultRecorded { source });
    }
    if after.collapsed > before.collapsed {
        tell(Vtd::FaultCollapsed { source });
    }
    if after.lost > before.lost {
        tell(Vtd::FaultLost { source });
    }
    for _ in unit.take_messages() {
        tell(Vtd::FaultEvent);
    }
}
