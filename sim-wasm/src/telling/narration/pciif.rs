//! PCI pass-through for PV guests.
//!
//! Not modelled: other languages, and sentences for several events at once.

use crate::actors::log::pciif::{Pciif, Writer};
use crate::protocols::pciif::{
    EALREADY, EINVAL, ENODEV, ENXIO, XEN_PCI_ERR_ACCESS_DENIED, XEN_PCI_ERR_DEV_NOT_FOUND, XEN_PCI_ERR_INVALID_OFFSET,
    XEN_PCI_ERR_NOT_IMPLEMENTED, XEN_PCI_ERR_OP_FAILED, XEN_PCI_ERR_SUCCESS,
};
use crate::telling::narration::bus::{push_errno, state_name};
use crate::telling::narration::phrases::count_of;
use crate::words::ids::Bdf;
use crate::words::text::Text;

/// Writes the sentence of one event.
pub(super) fn tell(out: &mut Text, event: &Pciif) {
    match *event {
        Pciif::RequestPosted { cmd, place, offset, value } => posted(out, cmd, place, offset, value),
        Pciif::AnswerTaken { err: 0, value } => {
            out.push_str("Pcifront sees bit 0 clear and takes the answer: value 0x").push_hex(value.into(), 1);
            out.push_char('.');
        }
        Pciif::AnswerTaken { err, .. } => {
            out.push_str("Pcifront sees bit 0 clear and takes the answer: ");
            push_error(out, err);
            out.push_char('.');
        }
        Pciif::GaveUp { nanos } => {
            out.push_str("Pcifront has waited ").push_u64(nanos / 1_000_000).push_str(" ms. It clears bit 0 itself ");
            out.push_str("and says that there is no such device. Pciback knows nothing of that.");
        }
        Pciif::RequestQueued => {
            out.push_str("Pciback finds bit 0 set and puts its work down for a thread, which may sleep.");
        }
        Pciif::ConfigRead { offset, value, real } => {
            out.push_str("Pciback answers a read at offset 0x").push_hex(offset.into(), 2).push_str(": 0x");
            out.push_hex(value.into(), 1);
            if value == real {
                out.push_str(", as the device has it.");
            } else {
                out.push_str(". The device itself has 0x").push_hex(real.into(), 1).push_char('.');
            }
        }
        Pciif::ConfigWritten { offset, value, reached } => {
            out.push_str("Pciback takes a write of 0x").push_hex(value.into(), 1).push_str(" at offset 0x");
            out.push_hex(offset.into(), 2);
            if reached == 0 {
                out.push_str(" and keeps it to itself: the device hears nothing.");
            } else {
                out.push_str(": dom0 makes ");
                count_of(out, reached, "write");
                out.push_str(" to the device of it.");
            }
        }
        Pciif::WriteDropped { offset, value, warned } => {
            out.push_str("Pciback drops a write of 0x").push_hex(value.into(), 1).push_str(" at offset 0x");
            out.push_hex(offset.into(), 2).push_str(" and answers that it succeeded.");
            out.push_str(if warned { " dom0's log says so once." } else { " dom0's log has said so before." });
        }
        Pciif::RequestRefused { err } => {
            out.push_str("Pciback refuses: ");
            push_error(out, err);
            out.push_char('.');
        }
        Pciif::MessagesEnabled { count, pirq } => {
            out.push_str("dom0 and Xen turn ");
            count_of(out, count, "interrupt message");
            out.push_str(" on. The guest learns a number, ").push_u32(pirq.into());
            out.push_str(if count == 1 { "," } else { " for the first," });
            out.push_str(" and neither address nor data.");
        }
        Pciif::MessagesDisabled => {
            out.push_str("dom0 turns the device's interrupt messages off, and Xen unmaps their numbers.");
        }
        Pciif::RequestChanged { checked, used } => {
            out.push_str("Pciback has checked ").push_u32(checked).push_str(" and uses ").push_u32(used);
            out.push_str(": the guest has changed its request meanwhile.");
        }
        Pciif::OrderUnchecked { cmd } => {
            out.push_str("The guest asks to ").push_str(command(cmd));
            out.push_str(" when that makes no sense. Pciback does not look, and dom0's kernel stumbles over it.");
        }
        Pciif::Answered { err, value } => {
            out.push_str("Pciback writes ");
            push_error(out, err);
            out.push_str(" and value 0x").push_hex(value.into(), 1);
            out.push_str(", then clears bit 0 and notifies the guest.");
        }
        Pciif::AnsweredLate { value } => {
            out.push_str("But that request was given up: value 0x").push_hex(value.into(), 1);
            out.push_str(" is the answer to another one than the guest waits for now, if it waits.");
        }
        Pciif::ErrorReported { cmd, place } => {
            out.push_str("Pciback reports an error of device ");
            place.push(out);
            out.push_str(" by bit 2, on the port of the guest's own requests: ").push_str(command(cmd)).push_char('.');
        }
        Pciif::ErrorFoundBeside => {
            out.push_str("After its own request pcifront looks at bit 2 as well: waiting may have eaten the event.");
        }
        Pciif::ErrorHandled { result } => {
            out.push_str("The guest's driver answers the report with ").push_i32(result);
            out.push_str(". Pcifront clears bit 2 and notifies pciback.");
        }
        Pciif::DeviceExported { real, shown } => {
            out.push_str("Pciback gives the guest device ");
            real.push(out);
            out.push_str(", which it will see at ");
            shown.push(out);
            out.push_char('.');
        }
        Pciif::ExportFailed { real, errno } => {
            out.push_str("Pciback cannot give the guest device ");
            real.push(out);
            out.push_str(". The error is ");
            push_errno(out, errno);
            out.push_char('.');
        }
        Pciif::DeviceReleased { real } => {
            out.push_str("Pciback takes device ");
            real.push(out);
            out.push_str(" back: it answers nobody, masters no bus, and its interrupts are unmapped.");
        }
        Pciif::DeviceReset { real } => {
            out.push_str("dom0 resets device ");
            real.push(out);
            out.push_str(", so that nothing of its guest stays in it.");
        }
        Pciif::DeviceFound { place, vendor, device } => {
            out.push_str("Pcifront finds a device at ");
            place.push(out);
            out.push_str(": ").push_hex(vendor.into(), 4).push_char(':').push_hex(device.into(), 4).push_char('.');
        }
        Pciif::BarClaimed { place, index, base } => {
            out.push_str("Pcifront takes BAR ").push_u32(index.into()).push_str(" of device ");
            place.push(out);
            out.push_str(" as it is, at 0x").push_hex(base, 1).push_char('.');
        }
        Pciif::DeviceRemoved { place } => {
            out.push_str("Pcifront stops the driver of device ");
            place.push(out);
            out.push_str(" and forgets the device.");
        }
        Pciif::StateWritten { by, state } => {
            out.push_str(writer(by)).push_str(match by {
                Writer::Toolstack => " writes the backend's state: ",
                Writer::Back | Writer::Front => " writes its state: ",
            });
            out.push_u32(state.into()).push_str(", ").push_str(state_name(state)).push_char('.');
        }
        Pciif::DeviceStateWritten { by, index, state } => {
            out.push_str(writer(by)).push_str(" writes the state of device number ").push_u32(index.into());
            out.push_str(" of the list: ").push_u32(state.into()).push_str(", ").push_str(state_name(state));
            out.push_char('.');
        }
        Pciif::MagicDiffers => {
            out.push_str("Pciback finds other magic words than its own: the two halves mean different pages.");
        }
        Pciif::OwnerChanged { device, owner } => {
            out.push_str("Device ");
            device.push(out);
            out.push_str(" is domain ").push_u32(owner.0.into()).push_str("'s from now on.");
        }
    }
}

fn posted(out: &mut Text, cmd: u8, place: Bdf, offset: i32, value: u32) {
    let wanted = match cmd {
        6..=9 => "hear what only pciback reports",
        _ => command(cmd),
    };
    out.push_str("Pcifront asks to ").push_str(wanted).push_str(" of device ");
    place.push(out);
    match cmd {
        0 => {
            out.push_str(" at offset ").push_i32(offset);
        }
        1 => {
            out.push_str(" at offset ").push_i32(offset).push_str(" to 0x").push_hex(value.into(), 1);
        }
        _ => {}
    }
    out.push_str(", sets bit 0 and notifies dom0.");
}

/// `XEN_PCI_OP_*` of `xen/include/public/io/pciif.h`.
const fn command(cmd: u8) -> &'static str {
    match cmd {
        0 => "read the config space",
        1 => "write the config space",
        2 => "turn on MSI",
        3 => "turn off MSI",
        4 => "turn on MSI-X",
        5 => "turn off MSI-X",
        6 => "an error was detected",
        7 => "go on",
        8 => "memory answers again",
        9 => "the slot was reset",
        10 => "turn on several vectors of MSI",
        _ => "do what has no name",
    }
}

/// `XEN_PCI_ERR_*`, or an error number of Linux; all of them are negative.
fn push_error(out: &mut Text, err: i32) {
    out.push_str("error ").push_i32(err);
    let name = match err {
        XEN_PCI_ERR_SUCCESS => "success",
        XEN_PCI_ERR_DEV_NOT_FOUND => "no such device",
        XEN_PCI_ERR_INVALID_OFFSET => "no such access",
        XEN_PCI_ERR_ACCESS_DENIED => "not allowed",
        XEN_PCI_ERR_NOT_IMPLEMENTED => "not known",
        XEN_PCI_ERR_OP_FAILED => "it went wrong",
        ENXIO => "ENXIO",
        ENODEV => "ENODEV",
        EINVAL => "EINVAL",
        EALREADY => "EALREADY",
        _ => return,
    };
    out.push_str(" (").push_str(name).push_char(')');
}

const fn writer(by: Writer) -> &'static str {
    match by {
        Writer::Toolstack => "The toolstack",
        Writer::Back => "Pciback",
        Writer::Front => "Pcifront",
    }
}
