//! A real device's message in an HVM guest: which of the machine's interrupts stands for which vector of the guest's
//! (`pt_irq_create_bind_vtd` in `xen/drivers/passthrough/io.c`, `pt_msi_update` in `tools/ioemu/hw/pt-msi.c`).
//!
//! The guest writes address and data of a message into shadows; the device model takes vector and destination out of them and
//! binds. The device itself sends a message that Xen chose. An interrupt by message needs no end at the device, so there is
//! nothing to mask, and no timer.
//!
//! A guest that knows no messages can have the device's message shown as a line (`msitranslate`, which is younger than 3.3):
//! the device uses MSI, the guest sees INTx, and its EOI lowers the line as it does for
//! [a line of the machine's](crate::actors::hvm::intx).
//!
//! Not modelled: lowest-priority delivery, destinations of several vCPUs, and posted interrupts.

use alloc::vec::Vec;

use crate::actors::hvm::Host;
use crate::actors::hvm::intx::{DpciIrqs, IntxPin};
use crate::actors::log::hvm::Hvm;
use crate::hypervisor::message::{Message, is_for_interrupts};
use crate::hypervisor::vm_exits::ExitReason;

/// What kind of interrupt a binding of a message shows to the guest: `pt_irq_type_t`, of which 0 and 1 are lines of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum PtIrqType {
    /// A message.
    Msi = 2,
    /// A message of the device, shown as a line.
    MsiTranslate = 3,
}

/// What the guest gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GuestMsi {
    /// The vector.
    pub vector: u8,
    /// The local APIC's number.
    pub dest: u8,
}

impl GuestMsi {
    /// Reads a message as a local APIC takes it: vector in data bits 7:0, destination in address bits 19:12. Nothing if it is
    /// not to the processors, or has one of the vectors that are exceptions.
    #[must_use]
    pub fn of(message: Message) -> Option<GuestMsi> {
        let (vector, dest) = (message.data as u8, (message.address >> 12) as u8);
        (is_for_interrupts(message.address) && vector >= 16).then_some(GuestMsi { vector, dest })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Message(GuestMsi),
    Line,
}

/// A guest's bound messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MsiBindings(Vec<(u16, Shown)>);

impl MsiBindings {
    /// None.
    #[must_use]
    pub const fn new() -> MsiBindings {
        MsiBindings(Vec::new())
    }

    /// Binds one of the machine's interrupts to a message of the guest's; what it was bound to before is forgotten. Answers
    /// false, and binds nothing, if the message is none.
    pub fn bind(&mut self, host: &mut Host<'_>, lines: &mut DpciIrqs, pirq: u16, message: Message) -> bool {
        host.costs.hypercalls += 1;
        self.unbind(lines, pirq);
        let Some(to) = GuestMsi::of(message) else { return false };
        self.0.push((pirq, Shown::Message(to)));
        host.also(Hvm::MsiBound { pirq, vector: to.vector });
        true
    }

    /// Binds one of the machine's interrupts by message to one of the guest's lines, which ends it
    /// ([`DpciIrqs::guest_eoi`]).
    pub fn translate(&mut self, host: &mut Host<'_>, lines: &mut DpciIrqs, pirq: u16, pin: IntxPin) {
        host.costs.hypercalls += 1;
        self.unbind(lines, pirq);
        self.0.push((pirq, Shown::Line));
        lines.bind_message(pirq, pin);
    }

    /// Ends a binding.
    pub fn unbind(&mut self, lines: &mut DpciIrqs, pirq: u16) {
        self.0.retain(|(other, _)| *other != pirq);
        lines.unbind_message(pirq);
    }

    /// The kind of a binding.
    #[must_use]
    pub fn kind(&self, pirq: u16) -> Option<PtIrqType> {
        self.0.iter().find(|(other, _)| *other == pirq).map(|(_, shown)| match shown {
            Shown::Message(_) => PtIrqType::Msi,
            Shown::Line => PtIrqType::MsiTranslate,
        })
    }

    /// The message that a binding shows.
    #[must_use]
    pub fn message(&self, pirq: u16) -> Option<GuestMsi> {
        let &(_, shown) = self.0.iter().find(|(other, _)| *other == pirq)?;
        match shown {
            Shown::Message(to) => Some(to),
            Shown::Line => None,
        }
    }

    /// One of the machine's interrupts by message arrives; what the guest is interrupted by, if it is bound to a message.
    pub fn deliver(&self, host: &mut Host<'_>, lines: &mut DpciIrqs, pirq: u16) -> Option<GuestMsi> {
        let &(_, shown) = self.0.iter().find(|(other, _)| *other == pirq)?;
        host.costs.card_interrupts += 1;
        host.costs.exits.count(ExitReason::ExternalInterrupt);
        host.step(Hvm::Exited { reason: ExitReason::ExternalInterrupt, at: u32::from(pirq) });
        match shown {
            Shown::Message(to) => {
                host.costs.guest_interrupts += 1;
                host.also(Hvm::MsiInjected { vector: to.vector, dest: to.dest });
                Some(to)
            }
            Shown::Line => {
                lines.raise_message(host, pirq);
                None
            }
        }
    }
}
