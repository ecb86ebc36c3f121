//! A guest on its way to another host.
//!
//! Not modelled: lines within a function, and where later releases moved it.

use crate::actors::log::migration::Migration;
use crate::telling::source::{BONDING, IOEMU_PASS_THROUGH, SourceRef, Tree, XC_DOMAIN_RESTORE, XC_DOMAIN_SAVE, xen33};

/// The code behind an event; `None` for refusals, most of which only later releases have, and for packets that nobody takes.
pub(super) const fn of(event: &Migration) -> Option<SourceRef> {
    match event {
        Migration::Refused { .. } | Migration::Lost { .. } => None,
        Migration::Changed { .. } => {
            Some(SourceRef { function: "bond_change_active_slave()", file: BONDING, tree: Tree::Classic })
        }
        Migration::Unplugged { .. } => xen33("unregister_real_device()", IOEMU_PASS_THROUGH),
        Migration::Plugged { .. } => xen33("register_real_device()", IOEMU_PASS_THROUGH),
        Migration::RoundCopied { .. } | Migration::Suspended { .. } => xen33("xc_domain_save()", XC_DOMAIN_SAVE),
        Migration::Resumed { .. } => xen33("xc_domain_restore()", XC_DOMAIN_RESTORE),
    }
}
