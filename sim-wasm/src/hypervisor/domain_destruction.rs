//! The end of a domain (`XEN_DOMCTL_destroydomain`: `domain_kill`, `domain_relinquish_resources`, `complete_domain_destroy`).
//!
//! ```text
//!   running ── destroy_domain ──> dying: a zombie, while others have its frames mapped ── last unmap ──> gone
//!      └──────────────────────────────────── nobody has any ────────────────────────────────────────────^
//! ```
//!
//! Not modelled: that the work is done in pieces, and that a number is not given again for a while.

use alloc::vec::Vec;

use crate::hypervisor::domain::Life;
use crate::hypervisor::xen::Xen;
use crate::words::ids::DomId;

impl Xen {
    /// Destroys a domain: closes its ports (`evtchn_destroy`), undoes its mappings (`gnttab_release_mappings`), and gives its
    /// frames back. Those that others have mapped stay until they unmap them, and so does the domain, its grant table
    /// included. A domain that does not exist, or is dying already, is left alone.
    ///
    /// A destroyed domain makes no hypercalls: who runs it must stop.
    pub fn destroy_domain(&mut self, id: DomId) {
        if self.domain(id).is_none_or(|domain| domain.life == Life::Dying) {
            return;
        }
        let (_, domain) = self.known_mut(id);
        domain.life = Life::Dying;
        self.reset_channels(id);
        let (_, domain) = self.known_mut(id);
        let handles: Vec<_> = domain.grants.handles().map(|(handle, _)| handle).collect();
        domain.entries.clear();
        domain.frames = 0;
        self.memory.release_all(id);
        for handle in handles {
            self.unmap(id, handle).expect("the handle names a mapping");
        }
        self.bury_if_unused(id);
    }

    /// Whether a domain was destroyed and is still there, because others have frames of its mapped.
    pub fn is_zombie(&self, id: DomId) -> bool {
        self.domain(id).is_some_and(|domain| domain.life == Life::Dying)
    }

    /// Takes away what is left of a dying domain when nobody has anything of it mapped any more.
    #[cold]
    pub(crate) fn bury_if_unused(&mut self, id: DomId) {
        let Some((memory, domain)) = self.split_mut(id) else { return };
        if domain.life == Life::Running || domain.grants.all_pins() > 0 || domain.grants.mappings() > 0 {
            return;
        }
        for frame in domain.grants.frames() {
            memory.reclaim(*frame);
        }
        memory.reclaim(domain.shared_info);
        self.forget(id);
    }
}
