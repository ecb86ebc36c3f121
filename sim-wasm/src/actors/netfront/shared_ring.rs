//! One ring of an interface as its front has it: the page, its grant, the private half and the channel.
//!
//! Not modelled: rings of several pages.

use crate::actors::kernel::Kernel;
use crate::actors::netfront::device::Device;
use crate::hypervisor::grant_entry::Access;
use crate::hypervisor::guest_grants::EndAccess;
use crate::hypervisor::page::Page;
use crate::hypervisor::xen::Xen;
use crate::protocols::front_ring::FrontRing;
use crate::protocols::ring::{Index, RingLayout, Shared, shared_ring_init};
use crate::words::ids::{DomId, GrantRef, Pfn, Port};

/// What every driver may rely on between `set_up` and `tear_down`.
const SET_UP: &str = "a ring is used while it is set up";

/// A ring that is shared with a backend.
#[derive(Clone, Debug)]
pub(super) struct SharedRing {
    /// The private half.
    pub(super) half: FrontRing,
    /// The channel; shared by both rings, or this one's own.
    pub(super) port: Option<Port>,
    /// Its grant, while it is set up.
    pub(super) gref: Option<GrantRef>,
    domain: DomId,
    /// The page; nothing when a backend did not let go of it and there is no other yet.
    page: Option<Pfn>,
}

impl SharedRing {
    /// A ring that is not set up, for the guest's page `page`.
    pub(super) const fn new(domain: DomId, page: Pfn, layout: RingLayout) -> SharedRing {
        SharedRing { half: FrontRing::attach(layout, Index(0)), port: None, gref: None, domain, page: Some(page) }
    }

    /// Makes the page an empty ring at `base` and lets the backend in (`xenbus_setup_ring`). Nothing if there is no page or
    /// no reference.
    pub(super) fn set_up(&mut self, device: &mut Device, k: &mut Kernel, base: Index) -> Option<GrantRef> {
        let page = match self.page {
            Some(page) => page,
            None => k.skbs.alloc_page()?,
        };
        self.page = Some(page);
        let gref = device.grants.claim_reference()?;
        let bytes = k.xen.guest_page_mut(self.domain, page).expect("a ring's page is the guest's");
        bytes.clear();
        shared_ring_init(bytes, base);
        device.grant(k, gref, page, Access::ReadWrite);
        self.half = FrontRing::attach(self.half.layout, base);
        self.gref = Some(gref);
        Some(gref)
    }

    /// Takes the page back from the backend, or parts with it if the backend does not let go.
    pub(super) fn tear_down(&mut self, device: &mut Device, k: &mut Kernel) {
        self.port = None;
        let Some(gref) = self.gref.take() else { return };
        if device.end_foreign_access(k, gref, self.page) == EndAccess::StillInUse {
            self.page = None;
        }
        self.half = FrontRing::attach(self.half.layout, Index(0));
    }

    /// The shared page.
    #[inline]
    pub(super) fn page<'xen>(&self, xen: &'xen Xen) -> &'xen Page {
        xen.guest_page(self.domain, self.page.expect(SET_UP)).expect("a ring's page is the guest's")
    }

    /// The shared page, to write.
    #[inline]
    pub(super) fn page_mut<'xen>(&self, xen: &'xen mut Xen) -> &'xen mut Page {
        xen.guest_page_mut(self.domain, self.page.expect(SET_UP)).expect("a ring's page is the guest's")
    }

    /// How far the backend says that it has answered, unless it claims more than was asked.
    ///
    /// The modern driver compares with the ring's size (`RING_RESPONSE_PROD_OVERFLOW`), the classic one with nothing. Here
    /// both compare with what is under way: answers beyond that would make the count of slots in use negative.
    #[inline]
    pub(super) fn responses_until(&self, page: &Page) -> Option<Index> {
        let rsp_prod = Shared::RspProd.load(page);
        (rsp_prod.since(self.half.rsp_cons) <= self.half.outstanding()).then_some(rsp_prod)
    }

    /// Notifies the backend if the publishing made that due.
    #[inline]
    pub(super) fn notify(&self, device: &mut Device, k: &mut Kernel, due: bool) {
        if due {
            device.counters.notifications += 1;
            self.kick(k);
        }
    }

    /// Notifies the backend whether it asked for it or not.
    pub(super) fn kick(&self, k: &mut Kernel) {
        if let Some(port) = self.port {
            k.notify(port);
        }
    }
}
