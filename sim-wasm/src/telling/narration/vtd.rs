//! Devices' accesses at a remapping unit, and what Xen does about units and devices.
//!
//! Not modelled: other languages, and sentences for several events at once.

use crate::actors::log::vtd::Vtd;
use crate::hypervisor::passthrough::options::AssignError;
use crate::hypervisor::passthrough::step::Step;
use crate::hypervisor::vtd::fault::Fault;
use crate::hypervisor::vtd::walk::Direction;
use crate::telling::narration::phrases::count_of;
use crate::words::ids::{Bdf, DomId, Mfn};
use crate::words::text::Text;

/// Writes the sentence of one event.
pub(crate) fn tell(out: &mut Text, event: &Vtd) {
    match *event {
        Vtd::Passed { source, dfn, frame, direction } => {
            device(out, source)
                .push_char(' ')
                .push_str(match direction {
                    Direction::Read => "reads",
                    Direction::Write => "writes",
                })
                .push_str(" at its page ");
            hex(out, u64::from(dfn.0)).push_str(", which is the machine's frame ");
            hex(out, u64::from(frame.0)).push_char('.');
        }
        Vtd::Blocked { source, dfn, reason } => {
            out.push_str("The unit blocks what ");
            small_device(out, source).push_str(" does at its page ");
            hex(out, u64::from(dfn.0));
            push_reason(out, reason);
        }
        Vtd::Unanswered { source, dfn } => {
            out.push_str("Nothing answers ");
            small_device(out, source).push_str(" at its page ");
            hex(out, u64::from(dfn.0)).push_str(": there is no memory, or it is for interrupts.");
        }
        Vtd::RangAsWritten { source, vector, destination } => {
            device(out, source).push_str(" writes where interrupts are, and nobody checks it: vector ");
            rings(out, vector, destination);
        }
        Vtd::RangRemapped { source, vector, destination } => {
            device(out, source).push_str(" interrupts as its remapping entry says: vector ");
            rings(out, vector, destination);
        }
        Vtd::PostedNotified { source, vector, destination } => {
            device(out, source).push_str("'s interrupt is noted for a vCPU; its processor is notified: vector ");
            rings(out, vector, destination);
        }
        Vtd::Posted { source } => {
            device(out, source).push_str("'s interrupt is noted for a vCPU, and nobody needs to be told.");
        }
        Vtd::InterruptBlocked { source, reason } => {
            out.push_str("The unit blocks an interrupt of ");
            small_device(out, source);
            push_reason(out, reason);
        }
        Vtd::FaultRecorded { source } => {
            out.push_str("The unit writes a fault of ");
            small_device(out, source).push_str(" into a record.");
        }
        Vtd::FaultCollapsed { source } => {
            out.push_str("The unit has a record of ");
            small_device(out, source).push_str(" that nobody has read: it stands for this fault too.");
        }
        Vtd::FaultLost { source } => {
            out.push_str("The unit has no free record, and forgets the fault of ");
            small_device(out, source).push_char('.');
        }
        Vtd::FaultEvent => {
            out.push_str("The unit sends Xen an interrupt: there are faults to look at.");
        }
        Vtd::Xen(step) => tell_step(out, step),
    }
}

fn tell_step(out: &mut Text, step: Step) {
    match step {
        Step::Mapped { domain, dfn, frame, writable } => {
            out.push_str("Xen lets devices of ");
            push_domain(out, domain).push_str(" at page ");
            hex(out, u64::from(dfn.0)).push_str(" get to frame ");
            let frame = hex(out, u64::from(frame.0));
            frame.push_str(if writable { "." } else { ", for reading." });
        }
        Step::Unmapped { domain, dfn } => {
            out.push_str("Xen clears the entry of page ");
            hex(out, u64::from(dfn.0)).push_str(" in the tables of ");
            push_domain(out, domain).push_str(". A unit may remember it still.");
        }
        Step::SuperpageSplit { domain, dfn, order } => {
            out.push_str("Xen puts a table in place of the large entry of ");
            count_of(out, 1_u32.checked_shl(u32::from(order)).unwrap_or(u32::MAX), "page");
            out.push_str(" around page ");
            hex(out, u64::from(dfn.0)).push_str(" of ");
            push_domain(out, domain).push_char('.');
        }
        Step::CacheSynced { entries } => {
            out.push_str(
                "Xen writes what it changed back from the processor's cache, where this unit does not look. Entries: ",
            );
            out.push_u32(entries).push_char('.');
        }
        Step::WriteBufferFlushed { unit } => {
            out.push_str("Xen has the chipset of ");
            push_unit(out, unit).push_str(" let writes to tables through.");
        }
        Step::ContextWritten { source, did, table } => {
            out.push_str("Xen gives ");
            small_device(out, source).push_str(" the tables at frame ");
            push_frame(out, table).push_str(" and the number ");
            out.push_u32(u32::from(did.0)).push_str(", in one store.");
        }
        Step::ContextCleared { source, did } => {
            out.push_str("Xen takes the tables of number ");
            out.push_u32(u32::from(did.0)).push_str(" from ");
            small_device(out, source).push_str(", which has none now.");
        }
        Step::ContextFlushed { unit, source, did } => {
            out.push_str("Xen has ");
            push_unit(out, unit).push_str(" forget which tables ");
            small_device(out, source).push_str(" had, under number ");
            out.push_u32(u32::from(did.0)).push_char('.');
        }
        Step::DomainFlushed { unit, did } => {
            out.push_str("Xen has ");
            push_unit(out, unit).push_str(" forget every translation of number ");
            out.push_u32(u32::from(did.0)).push_char('.');
        }
        Step::PagesFlushed { unit, did, dfn, order } => {
            out.push_str("Xen has ");
            push_unit(out, unit).push_str(" forget translations of number ");
            out.push_u32(u32::from(did.0)).push_str(", from page ");
            hex(out, u64::from(dfn.0)).push_str(" on: ");
            count_of(out, 1_u32.checked_shl(u32::from(order)).unwrap_or(u32::MAX), "page");
            out.push_char('.');
        }
        Step::WaitDone { unit, polls } => {
            out.push_str("Xen sees that ");
            push_unit(out, unit).push_str(" has done what it was told. Looks at the word: ");
            out.push_u32(polls).push_char('.');
        }
        Step::WaitAbandoned { unit, polls } => {
            out.push_str("Xen goes on before ");
            push_unit(out, unit).push_str(" has done what it was told. Looks at the word: ");
            out.push_u32(polls).push_char('.');
        }
        Step::DidTaken { unit, domain, did } => {
            out.push_str("Xen gives ");
            push_domain(out, domain).push_str(" the number ");
            out.push_u32(u32::from(did.0)).push_str(" in ");
            push_unit(out, unit).push_char('.');
        }
        Step::DidFreed { unit, domain, did } => {
            out.push_str("Xen frees the number ");
            out.push_u32(u32::from(did.0)).push_str(", which ");
            push_domain(out, domain).push_str(" had in ");
            push_unit(out, unit).push_char('.');
        }
        Step::RmrrMapped { domain, dfn, pages } => {
            out.push_str("Xen has mapped memory that firmware reserved for the device, for ");
            reserved(out, domain, dfn.0, pages);
        }
        Step::RmrrUnmapped { domain, dfn, pages } => {
            out.push_str("Xen has unmapped memory that firmware reserved for the device, for ");
            reserved(out, domain, dfn.0, pages);
        }
        Step::Reassigned { source, from, to } => {
            device(out, source).push_str(" is no longer with ");
            push_domain(out, from).push_str(" but with ");
            push_domain(out, to).push_char('.');
        }
        Step::AssignRefused { source, domain, error } => {
            out.push_str("Xen does not give ");
            small_device(out, source).push_str(" to ");
            push_domain(out, domain).push_str(": ").push_str(error_of(error)).push_char('.');
        }
        Step::TablesFreed { domain, frames } => {
            out.push_str("Xen frees the tables of ");
            push_domain(out, domain).push_str(". Frames: ");
            out.push_u32(frames).push_char('.');
        }
        Step::FaultLogged { source, page, reason } => {
            out.push_str("Xen prints a fault of ");
            small_device(out, source).push_str(" at page ");
            hex(out, page);
            push_reason(out, reason);
        }
        Step::BusMasterCleared { source, faults } => {
            out.push_str("Xen clears the bus master bit of ");
            small_device(out, source).push_str(". Its count of faults is ");
            out.push_u32(u32::from(faults)).push_char('.');
        }
        Step::RmrrKept { domain, dfn } => {
            out.push_str("Xen does not let ");
            push_domain(out, domain).push_str(" change page ");
            hex(out, u64::from(dfn.0)).push_str(", which firmware reserved for its device.");
        }
        Step::DomainCrashed { domain } => {
            out.push_str("Xen cannot bring a device back, and crashes ");
            push_domain(out, domain).push_char('.');
        }
        Step::InFlightReached { source, dfn, frame } => {
            out.push_str("At this moment ");
            small_device(out, source).push_str(" gets from page ");
            hex(out, u64::from(dfn.0)).push_str(" to frame ");
            push_frame(out, frame).push_char('.');
        }
        Step::InFlightBlocked { source, dfn, reason } => {
            out.push_str("At this moment ");
            small_device(out, source).push_str(" is blocked at page ");
            hex(out, u64::from(dfn.0));
            push_reason(out, reason);
        }
    }
}

/// `Device 03:00.0`.
fn device(out: &mut Text, source: Bdf) -> &mut Text {
    out.push_str("Device ");
    source.push(out)
}

/// `device 03:00.0`.
fn small_device(out: &mut Text, source: Bdf) -> &mut Text {
    out.push_str("device ");
    source.push(out)
}

fn hex(out: &mut Text, number: u64) -> &mut Text {
    out.push_str("0x").push_hex(number, 1)
}

fn push_frame(out: &mut Text, frame: Mfn) -> &mut Text {
    hex(out, u64::from(frame.0))
}

fn push_unit(out: &mut Text, unit: u8) -> &mut Text {
    out.push_str("unit ").push_u32(u32::from(unit))
}

fn push_domain(out: &mut Text, domain: DomId) -> &mut Text {
    match domain {
        DomId::DOM0 => out.push_str("dom0"),
        DomId::IO => out.push_str("quarantine"),
        DomId(number) => out.push_str("domain ").push_u32(u32::from(number)),
    }
}

fn rings(out: &mut Text, vector: u8, destination: u32) {
    hex(out, u64::from(vector)).push_str(" at processor ");
    out.push_u32(destination).push_char('.');
}

fn reserved(out: &mut Text, domain: DomId, first: u32, pages: u32) {
    push_domain(out, domain).push_str(", from page ");
    hex(out, u64::from(first)).push_str(" on: ");
    count_of(out, pages, "page");
    out.push_char('.');
}

/// The fault as a clause that ends the sentence: `: reads are not allowed (fault 0x6).`
fn push_reason(out: &mut Text, reason: Fault) {
    out.push_str(": ").push_str(match reason {
        Fault::RootNotPresent => "its bus has no table",
        Fault::ContextNotPresent => "it has no tables",
        Fault::ContextInvalid => "its context entry makes no sense",
        Fault::AddressBeyondLimit => "the address is beyond the limit",
        Fault::WriteDenied => "no write may pass",
        Fault::ReadDenied => "no read may pass",
        Fault::TableUnreadable => "a table cannot be read",
        Fault::RootTableUnreadable => "the root table cannot be read",
        Fault::ContextTableUnreadable => "the context table cannot be read",
        Fault::RootReserved => "the root entry has reserved bits set",
        Fault::ContextReserved => "the context entry has reserved bits set",
        Fault::PteReserved => "a table's entry has reserved bits set",
        Fault::RequestTypeBlocked => "it may not translate by itself",
        Fault::InterruptReserved => "the message has reserved bits set",
        Fault::InterruptIndexTooLarge => "the message names an entry beyond the table",
        Fault::InterruptNotPresent => "the message names an empty entry",
        Fault::InterruptTableUnreadable => "the interrupt table cannot be read",
        Fault::InterruptEntryReserved => "the entry has reserved bits set",
        Fault::CompatibilityBlocked => "the message has the old format",
        Fault::SourceMismatch => "the entry is another device's",
    });
    out.push_str(" (fault 0x").push_hex(u64::from(reason.code()), 1).push_str(").");
}

const fn error_of(error: AssignError) -> &'static str {
    match error {
        AssignError::NotPermitted => "EPERM, since reserved memory is in the way",
        AssignError::NoSuchDomain => "ESRCH, since there is no such domain",
        AssignError::NoMemory => "ENOMEM, since something is used up",
        AssignError::Busy => "EBUSY, since another guest has it",
        AssignError::NoSuchDevice => "ENODEV, since there is no such device",
        AssignError::Invalid => "EINVAL, since that makes no sense now",
        AssignError::NotImplemented => "ENOSYS, since there is no unit for such a domain",
    }
}
