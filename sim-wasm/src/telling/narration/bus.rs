//! Devices that come and go.
//!
//! Not modelled: other languages, and sentences for several events at once.

use crate::actors::log::bus::{Bus, Half};
use crate::telling::narration::phrases::count_of;
use crate::words::text::Text;

/// Writes the sentence of one event.
pub(super) fn tell(out: &mut Text, event: &Bus) {
    match *event {
        Bus::StateChanged { half, state } => {
            out.push_str(driver(half)).push_str(" writes its state: ").push_u32(u32::from(state));
            out.push_str(", ").push_str(state_name(state)).push_char('.');
        }
        Bus::KeysWritten { half, count } => {
            out.push_str(driver(half)).push_str(" writes ");
            count_of(out, count, "key");
            out.push_str(match half {
                Half::Front => " into xenstore: where its rings are, which event channel, and what it can do.",
                Half::Back => " into xenstore: what it can do.",
            });
        }
        Bus::Connected => {
            out.push_str("Netback reads the keys, maps both rings and binds the event channel.");
        }
        Bus::ConnectFailed { errno } => {
            out.push_str("Netback cannot connect: a key is missing or wrong, or Xen refuses. The error is ");
            push_errno(out, errno);
            out.push_char('.');
        }
        Bus::DisconnectWaits { references } => {
            out.push_str("Netback wants to let the interface go, but ");
            count_of(out, references, "reference");
            out.push_str(if references == 1 { " is" } else { " are" });
            out.push_str(" left: dom0 still holds packets of this guest.");
        }
        Bus::Disconnected => {
            out.push_str("Netback lets the interface go: it unmaps the rings and closes the event channel.");
        }
        Bus::Resumed { discarded: 0 } => {
            out.push_str("Netfront starts again with empty rings. Nothing was under way.");
        }
        Bus::Resumed { discarded } => {
            out.push_str("Netfront starts again with empty rings. What was under way is lost: ");
            count_of(out, discarded, "packet");
            out.push_char('.');
        }
        Bus::Zombie { pinned } => {
            out.push_str("The guest is gone, but ");
            count_of(out, pinned, "page");
            out.push_str(if pinned == 1 { " of it is" } else { " of it are" });
            out.push_str(" still in use. Xen keeps the domain as a zombie.");
        }
    }
}

const fn driver(half: Half) -> &'static str {
    match half {
        Half::Front => "Netfront",
        Half::Back => "Netback",
    }
}

/// `enum xenbus_state` of `xen/include/public/io/xenbus.h`.
pub(super) const fn state_name(state: u8) -> &'static str {
    match state {
        0 => "Unknown",
        1 => "Initialising",
        2 => "InitWait",
        3 => "Initialised",
        4 => "Connected",
        5 => "Closing",
        6 => "Closed",
        7 => "Reconfiguring",
        8 => "Reconfigured",
        _ => "which has no name",
    }
}

/// A negative error number with its name (`include/uapi/asm-generic/errno-base.h` of Linux).
pub(super) fn push_errno(out: &mut Text, errno: i16) {
    let name = match errno {
        -1 => "EPERM",
        -2 => "ENOENT",
        -7 => "E2BIG",
        -11 => "EAGAIN",
        -12 => "ENOMEM",
        -13 => "EACCES",
        -14 => "EFAULT",
        -16 => "EBUSY",
        -17 => "EEXIST",
        -19 => "ENODEV",
        -22 => "EINVAL",
        -28 => "ENOSPC",
        -34 => "ERANGE",
        -95 => "EOPNOTSUPP",
        _ => {
            out.push_i32(i32::from(errno));
            return;
        }
    };
    out.push_str(name);
}
