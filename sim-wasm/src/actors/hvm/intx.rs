//! A real device's level-triggered interrupt in an HVM guest: from the machine's line to a virtual one, and the guest's end
//! of interrupt back (in 3.3 `vmx_dirq_assist` of `xen/arch/x86/hvm/vmx/intr.c` and `hvm_dpci_eoi` of
//! `xen/drivers/passthrough/io.c`).
//!
//! ```text
//!   line raised ─► Xen masks it ─► each bound virtual line asserted, pending + 1 ─► guest's handler
//!   line unmasked ◄─ physical EOI ◄── pending = 0 ◄── virtual line lowered, pending − 1 ◄─ guest's EOI
//! ```
//!
//! The machine's line stays masked from the interrupt until the guest is done, so one assertion has one end. A guest that
//! never answers would block everybody on that line; so 3.3 waits 8 ms and then ends the interrupt itself, which today's Xen
//! no longer does.
//!
//! A message of the machine's that is shown as a line (`msitranslate`) takes the same way back: the guest's EOI lowers the
//! virtual line. But there is nothing to mask meanwhile, so there is no physical EOI and no timer, and a message that finds
//! the line high adds nothing to it.
//!
//! Where a virtual line leads is arithmetic: device and pin give one of 32 global interrupts from 16 on, and one of four links
//! to the old interrupt controllers.
//!
//! Not modelled: the vIOAPIC's mask and edges, the old interrupt controllers, Xen's count of messages that find their line
//! high, on which nothing depends, and 3.3's count going below zero when an EOI
//! comes after the timer: here it finds nothing pending and does nothing.

use alloc::vec::Vec;

use crate::actors::hvm::Host;
use crate::actors::hvm::release::Release;
use crate::actors::log::hvm::Hvm;
use crate::hypervisor::vm_exits::ExitReason;
use crate::words::time::Time;

/// How long 3.3 waits for the guest's end of interrupt, `PT_IRQ_TIME_OUT`: 8 ms.
pub const PT_IRQ_TIME_OUT: u64 = 8_000_000;

/// A guest's device and its pin, 0 for INTA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IntxPin {
    /// The device's number on the guest's bus, below 32.
    pub device: u8,
    /// The pin, below 4.
    pub intx: u8,
}

impl IntxPin {
    /// The guest's global interrupt, `hvm_pci_intx_gsi`: 16 to 47.
    #[must_use]
    pub const fn gsi(self) -> u8 {
        (((self.device << 2) + (self.device >> 3) + self.intx) & 31) + 16
    }

    /// The link to the old interrupt controllers, `hvm_pci_intx_link`: 0 to 3.
    #[must_use]
    pub const fn link(self) -> u8 {
        (self.device + self.intx) & 3
    }
}

/// What of the machine a guest gets as a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// A line.
    Line(u8),
    /// A message, by the number of its interrupt.
    Message(u16),
}

/// One of the machine's interrupts that a guest gets as a line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct MachineIrq {
    origin: Origin,
    pins: Vec<IntxPin>,
    /// How many virtual lines wait for the guest's EOI.
    pending: u32,
    /// Whether the machine's line is masked until the physical EOI.
    in_service: bool,
    timer: Option<Time>,
}

/// What came of a line that was raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raised {
    /// The guest is to be interrupted.
    Asserted,
    /// The line is masked: the last interrupt is not over.
    Masked,
    /// No guest has it.
    Unbound,
}

/// A guest's bound lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DpciIrqs {
    release: Release,
    irqs: Vec<MachineIrq>,
    /// Which virtual lines are high.
    high: Vec<IntxPin>,
}

impl DpciIrqs {
    /// A guest without any.
    #[must_use]
    pub const fn new(release: Release) -> DpciIrqs {
        DpciIrqs { release, irqs: Vec::new(), high: Vec::new() }
    }

    /// Binds one of the machine's lines to a guest's pin (`XEN_DOMCTL_bind_pt_irq` of type PCI).
    pub fn bind(&mut self, irq: u8, pin: IntxPin) {
        self.bind_origin(Origin::Line(irq), pin);
    }

    /// Binds one of the machine's messages to a guest's pin (`XEN_DOMCTL_bind_pt_irq` of type MSI_TRANSLATE).
    pub fn bind_message(&mut self, pirq: u16, pin: IntxPin) {
        self.bind_origin(Origin::Message(pirq), pin);
    }

    fn bind_origin(&mut self, origin: Origin, pin: IntxPin) {
        match self.irqs.iter_mut().find(|other| other.origin == origin) {
            Some(found) if found.pins.contains(&pin) => {}
            Some(found) => found.pins.push(pin),
            None => {
                let pins = Vec::from([pin]);
                self.irqs.push(MachineIrq { origin, pins, pending: 0, in_service: false, timer: None });
            }
        }
    }

    /// Ends the binding of a message; its virtual line is lowered.
    pub fn unbind_message(&mut self, pirq: u16) {
        for ended in self.irqs.extract_if(.., |other| other.origin == Origin::Message(pirq)) {
            self.high.retain(|high| !ended.pins.contains(high));
        }
    }

    /// A device raises one of the machine's lines.
    pub fn raise(&mut self, host: &mut Host<'_>, irq: u8) -> Raised {
        let origin = Origin::Line(irq);
        let Some(found) = self.irqs.iter_mut().find(|other| other.origin == origin) else { return Raised::Unbound };
        if found.in_service {
            return Raised::Masked;
        }
        host.costs.card_interrupts += 1;
        host.costs.exits.count(ExitReason::ExternalInterrupt);
        host.step(Hvm::Exited { reason: ExitReason::ExternalInterrupt, at: u32::from(irq) });
        found.in_service = true;
        for &pin in &found.pins {
            if !self.high.contains(&pin) {
                self.high.push(pin);
            }
            found.pending += 1;
            host.costs.guest_interrupts += 1;
            host.also(Hvm::IntxAsserted { gsi: pin.gsi(), link: pin.link(), pending: found.pending });
        }
        if self.release == Release::Xen33 {
            found.timer = Some(host.now + PT_IRQ_TIME_OUT);
        }
        Raised::Asserted
    }

    /// A device's message arrives that is shown as a line. Xen has taken it and ends it at once.
    pub(super) fn raise_message(&mut self, host: &mut Host<'_>, pirq: u16) {
        let origin = Origin::Message(pirq);
        let Some(found) = self.irqs.iter_mut().find(|other| other.origin == origin) else { return };
        for &pin in &found.pins {
            if !self.high.contains(&pin) {
                self.high.push(pin);
                found.pending += 1;
                host.costs.guest_interrupts += 1;
                host.also(Hvm::IntxAsserted { gsi: pin.gsi(), link: pin.link(), pending: found.pending });
            }
        }
    }

    /// The guest ends the interrupt of a global interrupt of its; whether a physical EOI followed.
    pub fn guest_eoi(&mut self, host: &mut Host<'_>, gsi: u8) -> bool {
        host.costs.exits.count(ExitReason::ApicAccess);
        host.step(Hvm::Exited { reason: ExitReason::ApicAccess, at: APIC_EOI });
        let lowered: Vec<IntxPin> = self.high.extract_if(.., |pin| pin.gsi() == gsi).collect();
        let mut ended = false;
        for found in &mut self.irqs {
            let waiting = lowered.iter().filter(|pin| found.pins.contains(pin)).count() as u32;
            if waiting == 0 || found.pending == 0 {
                continue;
            }
            found.pending = found.pending.saturating_sub(waiting);
            host.also(Hvm::IntxDeasserted { gsi, pending: found.pending });
            if found.pending == 0 {
                ended |= end(found, host, false);
            }
        }
        ended
    }

    /// When the next of its timers is due.
    #[must_use]
    pub fn timer(&self) -> Option<Time> {
        self.irqs.iter().filter_map(|found| found.timer).min()
    }

    /// Ends the interrupts whose guest never answered (`pt_irq_time_out`); how many.
    pub fn handle_timer(&mut self, host: &mut Host<'_>) -> u32 {
        let mut ended = 0;
        for found in &mut self.irqs {
            if found.timer.is_none_or(|timer| timer > host.now) {
                continue;
            }
            self.high.retain(|high| !found.pins.contains(high));
            found.pending = 0;
            ended += u32::from(end(found, host, true));
        }
        ended
    }

    /// Whether the virtual line of a pin is high.
    #[must_use]
    pub fn is_high(&self, pin: IntxPin) -> bool {
        self.high.contains(&pin)
    }

    /// How many virtual lines of one of the machine's wait for the guest, and whether it is masked.
    #[must_use]
    pub fn pending(&self, irq: u8) -> (u32, bool) {
        self.pending_of(Origin::Line(irq))
    }

    /// How many virtual lines of one of the machine's messages wait for the guest.
    #[must_use]
    pub fn pending_message(&self, pirq: u16) -> u32 {
        self.pending_of(Origin::Message(pirq)).0
    }

    fn pending_of(&self, origin: Origin) -> (u32, bool) {
        let found = self.irqs.iter().find(|other| other.origin == origin);
        found.map_or((0, false), |found| (found.pending, found.in_service))
    }
}

/// The end-of-interrupt register of a local APIC, where every guest has it.
pub const APIC_EOI: u32 = 0xFEE0_00B0;

/// The physical end: the machine's line is unmasked.
fn end(found: &mut MachineIrq, host: &mut Host<'_>, late: bool) -> bool {
    let ends = found.in_service;
    if let Origin::Line(irq) = found.origin
        && ends
    {
        host.also(Hvm::PhysicalEoi { irq, late });
    }
    found.in_service = false;
    found.timer = None;
    ends
}

#[cfg(test)]
mod tests {
    use super::IntxPin;

    #[test]
    fn lines_follow_from_device_and_pin() {
        let pin = |device, intx| IntxPin { device, intx };
        assert_eq!([pin(0, 0), pin(1, 0), pin(6, 0), pin(7, 0)].map(IntxPin::gsi), [16, 20, 40, 44]);
        assert_eq!([pin(8, 0), pin(31, 3), pin(3, 2)].map(IntxPin::gsi), [17, 18, 30]);
        assert_eq!([pin(3, 1), pin(5, 2), pin(31, 3)].map(IntxPin::link), [0, 3, 2]);
        assert!(
            (0..32)
                .flat_map(|device| (0..4).map(move |intx| pin(device, intx).gsi()))
                .all(|gsi| (16..48).contains(&gsi))
        );
    }
}
