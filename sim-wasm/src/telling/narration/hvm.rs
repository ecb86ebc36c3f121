//! HVM guests, their device model and their devices.
//!
//! Not modelled: other languages, and sentences for several events at once.

use crate::actors::log::hvm::Hvm;
use crate::hypervisor::vm_exits::ExitReason;
use crate::telling::narration::phrases::count_of;
use crate::words::ids::DomId;
use crate::words::text::Text;

/// Writes the sentence of one event.
pub(super) fn tell(out: &mut Text, event: &Hvm) {
    match *event {
        Hvm::Exited { reason, at } => exited(out, reason, at),
        Hvm::RequestPosted { vcpu, addr, size, reads } => {
            out.push_str("Xen writes a request into the slot of ");
            push_vcpu(out, vcpu);
            out.push_str(if reads { ", to read " } else { ", to write " });
            count_of(out, u32::from(size), "byte");
            push_at(out, " at ", addr);
            out.push_str(", rings the device model and blocks the vCPU.");
        }
        Hvm::WriteBuffered { addr, waiting, notify } => {
            push_at(out, "Xen buffers a write to ", addr);
            out.push_str(", and the guest goes on. Slots that wait: ").push_u32(waiting);
            out.push_str(if notify {
                ". It rings the device model."
            } else {
                ". Nobody is told: the device model looks within 100 ms, or before its next request."
            });
        }
        Hvm::BufferFull { waiting } => {
            out.push_str("The page of buffered writes is full with ");
            count_of(out, waiting, "slot");
            out.push_str(": this one goes the synchronous way.");
        }
        Hvm::RequestTaken { vcpu, addr } => {
            out.push_str("The device model takes the request of ");
            push_vcpu(out, vcpu);
            push_at(out, " at ", addr);
            out.push_str(" into service.");
        }
        Hvm::NotReady { vcpu, state } => {
            out.push_str("The device model looks into the slot of ");
            push_vcpu(out, vcpu);
            out.push_str(" and finds ");
            push_state(out, state);
            out.push_str(": “I/O request not ready”.");
        }
        Hvm::PortOutOfRange { addr, clamped } => {
            push_at(out, "The request names port ", addr);
            out.push_str(if clamped {
                ", which no machine has. The device model keeps the lower 16 bits."
            } else {
                ", which no machine has. The device model follows it beyond the end of its table."
            });
        }
        Hvm::BufferedTaken { addr, left } => {
            push_at(out, "The device model takes a buffered write to ", addr);
            out.push_str(". Slots left: ").push_u32(left).push_char('.');
        }
        Hvm::RequestAnswered { vcpu, data, reads } => {
            out.push_str("The device model answers ");
            push_vcpu(out, vcpu);
            if reads {
                push_at(out, " with ", data);
            }
            out.push_str(" and rings back.");
        }
        Hvm::NotInService { vcpu, state } => {
            out.push_str("The device model wants to answer ");
            push_vcpu(out, vcpu);
            out.push_str(", but the slot is in ");
            push_state(out, state);
            out.push_str(": “Badness in I/O request”, and it destroys the guest.");
        }
        Hvm::VcpuResumed { vcpu, answered: true } => {
            out.push_str("Xen takes the answer, empties the slot, and ");
            push_vcpu(out, vcpu);
            out.push_str(" runs again.");
        }
        Hvm::VcpuResumed { vcpu, answered: false } => {
            out.push_str("Xen finds the slot of ");
            push_vcpu(out, vcpu);
            out.push_str(" empty, and the vCPU runs again without an answer.");
        }
        Hvm::DomainCrashed { vcpu, before, found } => {
            out.push_str("Xen finds the slot of ");
            push_vcpu(out, vcpu);
            out.push_str(" in ");
            push_state(out, found);
            out.push_str(" after ");
            push_state(out, before);
            out.push_str(": it crashes the domain.");
        }
        Hvm::PortTranslated { guest, machine, reads } => {
            out.push_str(if reads { "Xen reads port 0x" } else { "Xen writes port 0x" });
            out.push_hex(u64::from(machine), 1);
            push_at(out, " of the machine, which is the guest's ", u32::from(guest));
            out.push_str(". The device model is not asked.");
        }
        Hvm::ConfigWritten { offset, value, passed } => {
            push_at(out, "The guest writes ", value);
            push_at(out, " to its device's config space at ", u32::from(offset));
            if passed == 0 {
                out.push_str(". Nothing of it reaches hardware.");
            } else {
                push_at(out, ". Hardware gets the bits ", passed);
                out.push_str(" of it.");
            }
        }
        Hvm::BarMapped { bar, page, frame, trapped } => {
            out.push_str("BAR ").push_u32(u32::from(bar));
            push_at(out, " is mapped: the guest's page ", page);
            push_at(out, " shows frame ", frame);
            out.push_str(", and accesses no longer exit.");
            if trapped > 0 {
                out.push_str(" Pages cut out for the MSI-X table: ").push_u32(u32::from(trapped)).push_char('.');
            }
        }
        Hvm::BarUnmapped { bar, page } => {
            out.push_str("BAR ").push_u32(u32::from(bar));
            push_at(out, " is taken out of the guest's memory at page ", page);
            out.push_char('.');
        }
        Hvm::BarIgnored { bar } => {
            out.push_str("The guest has put BAR ").push_u32(u32::from(bar));
            out.push_str(" above 4 GiB, and the device model does not map it.");
        }
        Hvm::UnsupportedRequest => {
            out.push_str("The guest touches a BAR that its device no longer decodes: an unsupported request, which can stop the host.");
        }
        Hvm::TableWritten { entry, bound } => {
            out.push_str("The guest writes entry ")
                .push_u32(entry)
                .push_str(" of its MSI-X table, and the device model ");
            out.push_str(if bound { "binds it to a vector of the guest's." } else { "keeps it for later." });
        }
        Hvm::TableOverrun { entry, refused } => {
            out.push_str("The guest writes entry ").push_u32(entry).push_str(" of its MSI-X table, which has fewer. ");
            out.push_str(if refused {
                "The device model ignores it."
            } else {
                "The device model writes behind its own table."
            });
        }
        Hvm::OwnerChanged { owner, rests } => {
            out.push_str("Xen makes the device ");
            match DomId(owner) {
                DomId::DOM0 => out.push_str("dom0's"),
                DomId::IO => out.push_str("nobody's"),
                DomId(guest) => out.push_str("domain ").push_u32(u32::from(guest)).push_str("'s"),
            };
            out.push_str(if rests { ". It is at rest." } else { ", though it may still send requests of its own." });
        }
        Hvm::IntxAsserted { gsi, link, pending } => {
            out.push_str("Xen raises the guest's global interrupt ").push_u32(u32::from(gsi));
            out.push_str(", link ").push_u32(u32::from(link));
            out.push_str(". Ends that it waits for: ").push_u32(pending).push_char('.');
        }
        Hvm::IntxDeasserted { gsi, pending } => {
            out.push_str("The guest ends its interrupt, and Xen lowers global interrupt ").push_u32(u32::from(gsi));
            out.push_str(". Ends that it still waits for: ").push_u32(pending).push_char('.');
        }
        Hvm::PhysicalEoi { irq, late } => {
            out.push_str("Xen ends the interrupt at the machine's line ").push_u32(u32::from(irq));
            out.push_str(if late {
                ", since the guest has not answered for 8 ms."
            } else {
                ", which may interrupt again."
            });
        }
        Hvm::MsiBound { pirq, vector } => {
            out.push_str("Xen binds interrupt ").push_u32(u32::from(pirq));
            push_at(out, " of the machine to the guest's vector ", u32::from(vector));
            out.push_char('.');
        }
        Hvm::MsiInjected { vector, dest } => {
            push_at(out, "Xen gives the guest vector ", u32::from(vector));
            out.push_str(" at its local APIC ").push_u32(u32::from(dest)).push_char('.');
        }
        Hvm::Unplugged { mask, devices } => {
            push_at(out, "The guest writes the unplug mask ", u32::from(mask));
            out.push_str(", and the device model takes ");
            count_of(out, u32::from(devices), "emulated device");
            out.push_str(" away.");
        }
        Hvm::StaleRead { sector, split } => {
            out.push_str(if split { "The split driver" } else { "The emulated disk" });
            out.push_str(" reads sector ").push_u32(sector);
            out.push_str(" and gets what was there before the other way wrote it.");
        }
        Hvm::SectorLost { sector } => {
            out.push_str("The device model writes out sector ").push_u32(sector);
            out.push_str(" and overwrites what the split driver wrote after it.");
        }
        Hvm::FrameFetched { bytes, descriptor } => {
            out.push_str("The emulated card copies ");
            count_of(out, bytes, "byte");
            out.push_str(" out of the guest's buffer ").push_u32(u32::from(descriptor)).push_char('.');
        }
        Hvm::FrameTapped { bytes } => {
            out.push_str("The device model writes ");
            count_of(out, bytes, "byte");
            out.push_str(" to its tap device: a packet of dom0's now.");
        }
        Hvm::FrameStored { bytes } => {
            out.push_str("The device model reads ");
            count_of(out, bytes, "byte");
            out.push_str(" from its tap device, and the emulated card copies them into the guest's receive ring.");
        }
        Hvm::FrameMissed { bytes } => {
            out.push_str("The emulated card has no room for ");
            count_of(out, bytes, "byte");
            out.push_str(" and drops them.");
        }
        Hvm::LineSet { gsi, high } => {
            out.push_str("The device model calls Xen to ").push_str(if high { "raise" } else { "lower" });
            out.push_str(" the guest's global interrupt ").push_u32(u32::from(gsi)).push_char('.');
        }
        Hvm::BufferLooked { waiting, timer } => {
            out.push_str(if timer { "The device model's timer is due" } else { "The device model was rung" });
            out.push_str(", and it looks at the buffered writes. Slots that wait: ").push_u32(waiting).push_char('.');
        }
    }
}

fn exited(out: &mut Text, reason: ExitReason, at: u32) {
    out.push_str("The guest stops for a VM exit: ").push_str(reason.name());
    match reason {
        ExitReason::IoInstruction => push_at(out, ", port ", at),
        ExitReason::ExceptionNmi | ExitReason::ApicAccess | ExitReason::EptViolation => push_at(out, " at ", at),
        ExitReason::ExternalInterrupt | ExitReason::PendingInterrupt | ExitReason::Hlt | ExitReason::Vmcall => {}
    }
    out.push_char('.');
}

/// Writes `state IOREQ_READY`, or `state 9`, which is none (`STATE_IOREQ_*` of `xen/include/public/hvm/ioreq.h`).
fn push_state(out: &mut Text, state: u8) {
    out.push_str("state ");
    match state {
        0 => out.push_str("NONE"),
        1 => out.push_str("IOREQ_READY"),
        2 => out.push_str("IOREQ_INPROCESS"),
        3 => out.push_str("IORESP_READY"),
        _ => out.push_u32(u32::from(state)),
    };
}

fn push_vcpu(out: &mut Text, vcpu: u8) {
    out.push_str("vCPU ").push_u32(u32::from(vcpu));
}

fn push_at(out: &mut Text, before: &str, number: u32) {
    out.push_str(before).push_str("0x").push_hex(u64::from(number), 1);
}
