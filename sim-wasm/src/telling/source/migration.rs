//! A guest on its way to another host.
//!
//! Not modelled: lines within a function, and where later releases moved it.

use crate::actors::log::migration::{Migration, Refusal};
use crate::telling::source::{
    BONDING, IOEMU_PASS_THROUGH, SourceRef, Tree, XC_DOMAIN_RESTORE, XC_DOMAIN_SAVE, XEN_PAGING, XEN_PASSTHROUGH_PCI,
    xen, xen33,
};

/// The code behind an event, Xen's refusals as they are today; `None` for what is refused by reason, and for packets that
/// nobody takes.
pub(crate) const fn of(event: &Migration) -> Option<SourceRef> {
    match event {
        Migration::Refused { why: Refusal::DevicePresent, .. } => xen("paging_log_dirty_enable()", XEN_PAGING),
        Migration::Refused { why: Refusal::PagesLogged, .. } => xen("assign_device()", XEN_PASSTHROUGH_PCI),
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
