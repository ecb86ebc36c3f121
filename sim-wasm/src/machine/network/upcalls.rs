//! Event channels of the machine: which port belongs to whom, and how a vCPU works off what is pending.
//!
//! The classic drivers end an interrupt when their handler returns. Mainline's netfront does the same with a late end, so
//! that events without work are put off; mainline's netback ends an interrupt when its poll has completed (XSA-332, 391).
//!
//! Not modelled: several vCPUs of a domain, and the moving of a port from one to another.

use alloc::vec::Vec;

use crate::actors::epoch::{Epoch, FrontEpoch};
use crate::actors::kernel::{Ask, Timer};
use crate::actors::log::Event;
use crate::actors::log::trouble::{Party, Trouble};
use crate::actors::netfront::Served;
use crate::hypervisor::guest_irqs::{Eoi, EventLoop, IrqLine};
use crate::hypervisor::shared_info::{self, Raised, UpcallScan};
use crate::machine::metrics::counters::Count;
use crate::machine::network::Network;
use crate::machine::network::guest::{domain_of, vif_of};
use crate::machine::network::lend::lend;
use crate::words::ids::{DomId, Port, VcpuId, VifId};

/// The one vCPU of each domain.
const VCPU: VcpuId = VcpuId(0);

/// One bound port.
#[derive(Clone, Copy, Debug)]
struct Line {
    irq: IrqLine,
    vif: VifId,
    late: bool,
    /// What the event that is being served brought.
    served: Served,
}

/// A domain's ports and its walk over them.
#[derive(Clone, Debug)]
pub(super) struct Interrupts {
    scan: UpcallScan,
    upcall: EventLoop,
    /// By port.
    lines: Vec<Option<Line>>,
}

impl Interrupts {
    pub(super) const fn new() -> Interrupts {
        Interrupts { scan: UpcallScan::new(VCPU), upcall: EventLoop::new(), lines: Vec::new() }
    }

    fn bind(&mut self, port: Port, vif: VifId, late: bool) {
        let at = port.0 as usize;
        if self.lines.len() <= at {
            self.lines.resize(at + 1, None);
        }
        self.lines[at] = Some(Line { irq: IrqLine::new(port, VCPU), vif, late, served: Served::Nothing });
    }

    fn unbind(&mut self, vif: VifId) {
        for line in &mut self.lines {
            if line.is_some_and(|line| line.vif == vif) {
                *line = None;
            }
        }
    }

    fn line(&mut self, port: Port) -> Option<&mut Line> {
        self.lines.get_mut(port.0 as usize)?.as_mut()
    }
}

impl Network {
    /// Binds netback's handler to the ports of an interface.
    pub(super) fn bind_back(&mut self, vif: VifId) {
        let late = self.settings.epoch == Epoch::ZeroCopy;
        for port in self.dom0.back.ports(vif).into_iter().flatten() {
            self.bind(DomId::DOM0, port, vif, late);
        }
    }

    /// Binds netfront's handler to the ports of an interface.
    pub(super) fn bind_front(&mut self, vif: VifId) {
        let late = self.settings.guests[usize::from(vif.0)].front == FrontEpoch::Modern;
        for port in self.guests[usize::from(vif.0)].front.ports().into_iter().flatten() {
            self.bind(domain_of(vif), port, vif, late);
        }
    }

    /// Gives a port its handler, and lets it call: it may have been masked when it belonged to another device.
    fn bind(&mut self, domain: DomId, port: Port, vif: VifId, late: bool) {
        self.interrupts(domain).bind(port, vif, late);
        let raised = shared_info::unmask(self.xen.shared_info_mut(domain), port, VCPU);
        self.raise_again(domain, raised);
    }

    /// Takes netback's handlers away again.
    pub(super) fn unbind_back(&mut self, vif: VifId) {
        self.interrupts(DomId::DOM0).unbind(vif);
    }

    /// Takes netfront's handlers away again.
    pub(super) fn unbind_front(&mut self, vif: VifId) {
        self.interrupts(domain_of(vif)).unbind(vif);
    }

    /// A vCPU works off its pending ports (`evtchn_do_upcall`).
    pub(super) fn upcall(&mut self, domain: DomId, _vcpu: VcpuId) {
        if !self.lives(domain) {
            return;
        }
        if domain == DomId::DOM0 {
            self.metrics.count_machine(self.now, Count::Dom0Interrupts, 1);
        } else {
            self.metrics.count(self.now, vif_of(domain), Count::GuestInterrupts, 1);
        }
        let mut scan = self.interrupts(domain).scan;
        scan.begin(self.xen.shared_info_mut(domain));
        while let Some(port) = scan.next_port(self.xen.shared_info(domain)) {
            self.serve_port(domain, port);
        }
        let interrupts = self.interrupts(domain);
        interrupts.scan = scan;
        interrupts.upcall.finish();
    }

    fn serve_port(&mut self, domain: DomId, port: Port) {
        let now = self.now;
        let mut upcall = self.interrupts(domain).upcall;
        upcall.count_event(now);
        self.interrupts(domain).upcall = upcall;
        let Some(mut line) = self.interrupts(domain).line(port).copied() else {
            // Nobody has a handler for it: the kernel masks what it does not expect.
            shared_info::ack(self.xen.shared_info_mut(domain), port);
            return;
        };
        let page = self.xen.shared_info_mut(domain);
        if !line.late {
            line.irq.ack(page);
        } else if !line.irq.late_ack_within(page, &upcall, now) {
            return;
        }
        line.served = self.handle(domain, line.vif, port);
        self.store_line(domain, port, line);
        if !line.late {
            let raised = line.irq.end(self.xen.shared_info_mut(domain));
            self.raise_again(domain, raised);
        } else if domain != DomId::DOM0 || line.served == Served::Nothing {
            self.end_late(domain, port);
        }
    }

    /// Calls the driver.
    fn handle(&mut self, domain: DomId, vif: VifId, port: Port) -> Served {
        if domain == DomId::DOM0 {
            let worked = self.dom0.back.interrupt(lend!(self, self.dom0.skbs), vif, port);
            return if worked { Served::Work } else { Served::Nothing };
        }
        let guest = &mut self.guests[usize::from(vif.0)];
        let served = guest.front.interrupt(lend!(self, guest.skbs), port);
        self.asks.push(Ask::WakeFront(vif));
        served
    }

    /// Ends the interrupts of an interface whose poll in dom0 has completed.
    pub(super) fn end_polled(&mut self, vif: VifId) {
        let Some(ports) = self.dom0.back.ports(vif) else { return };
        for port in ports {
            self.end_late(DomId::DOM0, port);
        }
    }

    fn end_late(&mut self, domain: DomId, port: Port) {
        let (now, Some(mut line)) = (self.now, self.interrupts(domain).line(port).copied()) else { return };
        if line.served == Served::Broken {
            // The driver never ends this interrupt, so that its port stays masked.
            return;
        }
        let spurious = line.served == Served::Nothing;
        let eoi = line.irq.late_eoi(self.xen.shared_info_mut(domain), now, spurious);
        let events = line.irq.spurious_events;
        let vif = line.vif;
        self.store_line(domain, port, line);
        match eoi {
            Eoi::Now(raised) => self.raise_again(domain, raised),
            Eoi::At(time) => {
                self.log.about(vif);
                let by = if domain == DomId::DOM0 { Party::Backend } else { Party::Frontend };
                let deferred = Trouble::EventDeferred { by, spurious: events, until: time.0 };
                self.log.also(now, Event::Trouble(deferred));
                self.asks.push(Ask::Arm(Timer::Eoi(domain, port), Some(time)));
            }
            Eoi::Nothing => {}
        }
    }

    /// The time has come to which an interrupt's end was put off.
    pub(super) fn eoi_worker(&mut self, domain: DomId, port: Port) {
        let (now, Some(mut line)) = (self.now, self.interrupts(domain).line(port).copied()) else { return };
        let eoi = line.irq.late_eoi_worker(self.xen.shared_info_mut(domain), now);
        self.store_line(domain, port, line);
        match eoi {
            Eoi::Now(raised) => self.raise_again(domain, raised),
            Eoi::At(time) => self.asks.push(Ask::Arm(Timer::Eoi(domain, port), Some(time))),
            Eoi::Nothing => {}
        }
    }

    fn store_line(&mut self, domain: DomId, port: Port, line: Line) {
        if let Some(place) = self.interrupts(domain).line(port) {
            *place = line;
        }
    }

    fn raise_again(&mut self, domain: DomId, raised: Option<Raised>) {
        if raised == Some(Raised::Upcall) {
            self.asks.push(Ask::Upcall(domain, VCPU));
        }
    }

    fn interrupts(&mut self, domain: DomId) -> &mut Interrupts {
        if domain == DomId::DOM0 {
            &mut self.dom0.interrupts
        } else {
            &mut self.guests[usize::from(vif_of(domain).0)].interrupts
        }
    }
}
