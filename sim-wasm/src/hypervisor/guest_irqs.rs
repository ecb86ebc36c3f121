//! A guest's own side of event channels: how its kernel acknowledges a port, and when it lets the port call again.
//!
//! The classic flow (`drivers/xen/core/evtchn.c`) masks a port while its handler runs and unmasks it right after. An event
//! that came meanwhile calls at once, so whoever sends fast enough keeps the guest from doing anything else. The late flow
//! (`drivers/xen/events/events_base.c`, XSA-332) leaves the unmasking to the driver, which does it when its work is done,
//! and has the kernel put it off if the driver found nothing to do or the upcall has lasted too long:
//!
//! ```text
//!   classic:  idle ── ack ──> served ── end ──> idle
//!
//!   late:     idle ── late_ack ──> active ── late_eoi ──────────────────> idle
//!                                    │                                     ^
//!                                    └── late_eoi, put off ──> waiting ── late_eoi_worker
//! ```
//!
//! ```
//! use sim_wasm::hypervisor::guest_irqs::{Eoi, IrqLine, JIFFY};
//! use sim_wasm::hypervisor::page::Page;
//! use sim_wasm::hypervisor::shared_info::{self, Raised};
//! use sim_wasm::words::ids::{Port, VcpuId};
//! use sim_wasm::words::time::Time;
//!
//! let mut page = Page::zeroed();
//! let mut line = IrqLine::new(Port(5), VcpuId(0));
//! shared_info::set_pending(&mut page, Port(5), VcpuId(0));
//! assert!(line.late_ack(&mut page));
//! // An event that comes now waits for the end of the driver's work.
//! assert_eq!(shared_info::set_pending(&mut page, Port(5), VcpuId(0)), Raised::Masked);
//! let raised = Some(Raised::Selected);
//! assert_eq!(line.late_eoi(&mut page, Time::ZERO, false), Eoi::Now(raised));
//! // The second event in a row for which there is nothing to do is answered one jiffy late.
//! assert!(line.late_ack(&mut page));
//! assert_eq!(line.late_eoi(&mut page, Time::ZERO, true), Eoi::Now(None));
//! assert!(line.late_ack(&mut page));
//! assert_eq!(line.late_eoi(&mut page, Time::ZERO, true), Eoi::At(Time(JIFFY)));
//! ```
//!
//! Not modelled: virtual interrupts (VIRQ), interrupts between vCPUs (IPI) and physical ones, which take the classic flow;
//! moving a line to another vCPU; threaded handlers; and the FIFO form of the bits.

use crate::hypervisor::page::Page;
use crate::hypervisor::shared_info::{self, Raised};
use crate::words::ids::{Port, VcpuId};
use crate::words::time::Time;

/// Jiffies in a second: the guest's kernel is built with `CONFIG_HZ=250`.
pub const HZ: u64 = 250;
/// Nanoseconds in a jiffy.
pub const JIFFY: u64 = 1_000_000_000 / HZ;
/// Jiffies after which an upcall has lasted too long, `event_loop_timeout`.
pub const EVENT_LOOP_TIMEOUT: u64 = 2;
/// Jiffies by which an upcall that has lasted too long puts off the ends of its interrupts, `event_eoi_delay`.
pub const EVENT_EOI_DELAY: u64 = 10;
/// An upcall looks at the clock once in so many events (`handle_irq_for_port`).
const EVENTS_PER_LOOK: u32 = 256;

/// A vCPU's upcall, as far as it decides about ends of interrupts: `struct evtchn_loop_ctrl` and `irq_epoch`.
#[derive(Clone, Copy, Debug)]
pub struct EventLoop {
    /// Upcalls that this vCPU has finished.
    epoch: u32,
    /// Events that the present upcall has served.
    count: u32,
    /// When the present upcall will have lasted too long.
    timeout: Option<Time>,
    /// It has.
    defer_eoi: bool,
}

impl EventLoop {
    /// A vCPU that has served nothing yet.
    pub const fn new() -> EventLoop {
        EventLoop { epoch: 0, count: 0, timeout: None, defer_eoi: false }
    }

    /// Whether the present upcall has lasted too long.
    pub const fn defers(&self) -> bool {
        self.defer_eoi
    }

    /// Counts one event, before its line is acknowledged. The clock is first looked at after 256 events, and runs from then.
    pub fn count_event(&mut self, now: Time) {
        self.count += 1;
        if self.defer_eoi || !self.count.is_multiple_of(EVENTS_PER_LOOK) {
            return;
        }
        match self.timeout {
            None => self.timeout = Some(now + EVENT_LOOP_TIMEOUT * JIFFY),
            Some(timeout) => self.defer_eoi = now > timeout,
        }
    }

    /// Ends the upcall. Interrupts that end after this one are not put off for its length any more.
    pub fn finish(&mut self) {
        *self = EventLoop { epoch: self.epoch.wrapping_add(1), ..EventLoop::new() };
    }
}

impl Default for EventLoop {
    fn default() -> EventLoop {
        EventLoop::new()
    }
}

/// Whether the end of an interrupt has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eoi {
    /// It has: the port may call again, and if an event waited there, it was raised.
    Now(Option<Raised>),
    /// Not before this instant, at which [`IrqLine::late_eoi_worker`] is to be called.
    At(Time),
    /// It was put off already, or there was nothing to end.
    Nothing,
}

/// Why a port is masked (`EVT_MASK_REASON_*`), as bits.
const EXPLICIT: u8 = 1;
const EOI_PENDING: u8 = 4;

/// One interrupt line of a guest, bound to an event channel between domains (`struct irq_info`).
#[derive(Clone, Copy, Debug)]
pub struct IrqLine {
    /// Its port.
    pub port: Port,
    /// The vCPU that serves it.
    pub vcpu: VcpuId,
    /// Events in a row for which the driver may find nothing to do without being put off: 1, or the device's
    /// `spurious_threshold` in sysfs.
    pub spurious_threshold: u8,
    /// Events for which the driver found nothing to do.
    pub spurious_events: u32,
    /// Jiffies by which ends were put off for such events, `jiffies_eoi_delayed`.
    pub jiffies_eoi_delayed: u64,
    mask_reasons: u8,
    /// Such events since the last good one, as far as the delay counts them.
    spurious_count: u8,
    /// Acknowledged and not ended.
    active: bool,
    /// Before when the end may not come, in jiffies; 0 if it may at any time.
    eoi_time: u64,
    /// The upcall for whose length the end is put off.
    epoch: u32,
    /// On the list of ends that were put off.
    waiting: bool,
}

impl IrqLine {
    /// A line that was just bound to a port. The port's mask is left as it is.
    pub const fn new(port: Port, vcpu: VcpuId) -> IrqLine {
        IrqLine {
            port,
            vcpu,
            spurious_threshold: 1,
            spurious_events: 0,
            jiffies_eoi_delayed: 0,
            mask_reasons: 0,
            spurious_count: 0,
            active: false,
            eoi_time: 0,
            epoch: 0,
            waiting: false,
        }
    }

    /// Begins to serve the port in the classic flow: masked, its event taken off (`ack_dynirq`).
    pub fn ack(&self, page: &mut Page) {
        shared_info::ack(page, self.port);
    }

    /// Ends serving in the classic flow: unmasked, and an event that came meanwhile is raised (`end_dynirq`). A line that
    /// was disabled stays masked.
    pub fn end(&self, page: &mut Page) -> Option<Raised> {
        if self.mask_reasons & EXPLICIT != 0 { None } else { shared_info::unmask(page, self.port, self.vcpu) }
    }

    /// Keeps the port from calling until [`enable`](IrqLine::enable) (`disable_dynirq`).
    pub fn disable(&mut self, page: &mut Page) {
        self.mask(page, EXPLICIT);
    }

    /// Lets the port call, unless it is being served (`enable_dynirq`).
    pub fn enable(&mut self, page: &mut Page) -> Option<Raised> {
        self.unmask(page, EXPLICIT)
    }

    /// Begins to serve the port in the late flow: masked until the end, its event taken off (`lateeoi_ack_dynirq`). Answers
    /// false for a line that is being served already, whose handler is then not called.
    pub fn late_ack(&mut self, page: &mut Page) -> bool {
        if self.active {
            return false;
        }
        self.active = true;
        self.mask(page, EOI_PENDING);
        shared_info::clear_pending(page, self.port);
        true
    }

    /// As [`late_ack`](IrqLine::late_ack), within an upcall that counts: one that has lasted too long puts the end off.
    pub fn late_ack_within(&mut self, page: &mut Page, upcall: &EventLoop, now: Time) -> bool {
        let begun = self.late_ack(page);
        if begun && upcall.defer_eoi {
            self.epoch = upcall.epoch;
            self.eoi_time = jiffies(now) + EVENT_EOI_DELAY;
        }
        begun
    }

    /// The driver's work is done (`xen_irq_lateeoi`), and `spurious` if there was none. The upcall in which the line was
    /// acknowledged has finished: a driver that works in a tasklet, NAPI or thread of its own.
    pub fn late_eoi(&mut self, page: &mut Page, now: Time, spurious: bool) -> Eoi {
        self.eoi(page, now, spurious, false)
    }

    /// As [`late_eoi`](IrqLine::late_eoi), by a driver that works in its handler: during an upcall.
    pub fn late_eoi_within(&mut self, page: &mut Page, upcall: &EventLoop, now: Time, spurious: bool) -> Eoi {
        self.eoi(page, now, spurious, upcall.epoch == self.epoch)
    }

    /// The time has come to which the end was put off (`xen_irq_lateeoi_worker`). The line's count of events without work
    /// starts afresh: since the worker ends the interrupt as a good one, the doubling of `xen_irq_lateeoi_locked` never gets
    /// beyond one jiffy.
    pub fn late_eoi_worker(&mut self, page: &mut Page, now: Time) -> Eoi {
        if !self.waiting {
            return Eoi::Nothing;
        }
        if jiffies(now) < self.eoi_time {
            return Eoi::At(instant(self.eoi_time));
        }
        self.waiting = false;
        self.eoi_time = 0;
        self.eoi(page, now, false, false)
    }

    /// Whether the line was acknowledged and not ended.
    pub const fn is_active(&self) -> bool {
        self.active
    }

    fn eoi(&mut self, page: &mut Page, now: Time, spurious: bool, same_upcall: bool) -> Eoi {
        if self.waiting || !self.active {
            return Eoi::Nothing;
        }
        let delay = if spurious { self.count_spurious() } else { 0 };
        if !spurious {
            self.spurious_count = 0;
        }
        if delay > 0 {
            self.eoi_time = jiffies(now) + delay;
            self.jiffies_eoi_delayed += delay;
        }
        if self.eoi_time > 0 && (same_upcall || delay > 0) {
            self.waiting = true;
            // An end whose time has passed is put off by one jiffy all the same (`lateeoi_list_add`).
            return Eoi::At(instant(self.eoi_time.max(jiffies(now) + 1)));
        }
        self.eoi_time = 0;
        self.active = false;
        Eoi::Now(self.unmask(page, EOI_PENDING))
    }

    /// Counts one event without work and tells for how many jiffies it puts the end off: none up to the threshold, then 1,
    /// 2, 4 and so on up to a second (`xen_irq_lateeoi_locked`).
    fn count_spurious(&mut self) -> u64 {
        if 1_u64.checked_shl(u32::from(self.spurious_count)).is_some_and(|reached| reached < HZ << 2) {
            self.spurious_count += 1;
        }
        self.spurious_events += 1;
        match self.spurious_count.checked_sub(self.spurious_threshold.max(1)) {
            None | Some(0) => 0,
            Some(over) => (1 << (over - 1)).min(HZ),
        }
    }

    fn mask(&mut self, page: &mut Page, reason: u8) {
        if self.mask_reasons == 0 {
            shared_info::mask(page, self.port);
        }
        self.mask_reasons |= reason;
    }

    fn unmask(&mut self, page: &mut Page, reason: u8) -> Option<Raised> {
        self.mask_reasons &= !reason;
        if self.mask_reasons == 0 { shared_info::unmask(page, self.port, self.vcpu) } else { None }
    }
}

/// The kernel's clock at an instant.
const fn jiffies(now: Time) -> u64 {
    now.0 / JIFFY
}

/// When the kernel's clock gets there.
const fn instant(jiffies: u64) -> Time {
    Time(jiffies * JIFFY)
}
