//! What both rings of an interface share: who and what it is, its part of the grant table, and what is wrong with it.
//!
//! Not modelled: the network device beyond its carrier: statistics of each processor, MTU, ethtool.

use alloc::vec::Vec;

use crate::actors::epoch::FrontEpoch;
use crate::actors::kernel::{Ask, Kernel, Timer};
use crate::actors::log::Event;
use crate::actors::log::trouble::{Attack, Trouble};
use crate::actors::netfront::settings::{Broken, FrontCounters, FrontSettings};
use crate::actors::skb::SkbId;
use crate::hypervisor::deferred_grants::{Deferred, DeferredGrants, WhenInUse};
use crate::hypervisor::grant_entry::Access;
use crate::hypervisor::guest_grants::{EndAccess, GuestGrants};
use crate::hypervisor::xen::Xen;
use crate::words::ids::{DomId, GrantRef, Pfn, VifId};

/// How far the interface has come with its backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// There are no rings.
    Down,
    /// There are rings, and the carrier is off.
    SetUp,
    /// The carrier is on.
    Up,
}

/// How packets come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reception {
    /// They are copied into posted pages.
    Copy,
    /// Their pages are given to the guest.
    Flip,
}

/// An interface without its rings.
#[derive(Clone, Debug)]
pub(super) struct Device {
    pub(super) vif: VifId,
    pub(super) domain: DomId,
    pub(super) backend: DomId,
    pub(super) settings: FrontSettings,
    pub(super) link: Link,
    /// Packets of several pieces may be sent.
    pub(super) sg: bool,
    /// Packets to be segmented may be sent.
    pub(super) gso: bool,
    pub(super) reception: Reception,
    pub(super) grants: GuestGrants,
    pub(super) counters: FrontCounters,
    pub(super) broken: Option<Broken>,
    deferred: DeferredGrants,
    /// Packets that must stay since a page of theirs is still granted.
    held: Vec<(GrantRef, SkbId)>,
}

impl Device {
    /// An interface without a backend.
    ///
    /// # Panics
    /// If Xen has no frames for the interface's part of the grant table: a mistake in the scenario.
    pub(super) fn new(xen: &mut Xen, vif: VifId, domain: DomId, backend: DomId, settings: FrontSettings) -> Device {
        let when_in_use = match settings.epoch {
            FrontEpoch::Classic => WhenInUse::Leak,
            FrontEpoch::Modern => WhenInUse::Defer,
        };
        Device {
            vif,
            domain,
            backend,
            settings,
            link: Link::Down,
            sg: false,
            gso: false,
            reception: Reception::Copy,
            grants: part_of_table(xen, domain),
            counters: FrontCounters::default(),
            broken: None,
            deferred: DeferredGrants::new(when_in_use),
            held: Vec::new(),
        }
    }

    /// Whether packets go through.
    #[inline]
    pub(super) fn is_up(&self) -> bool {
        self.link == Link::Up && self.broken.is_none()
    }

    /// Whether the guest is down for good.
    pub(super) const fn is_crashed(&self) -> bool {
        matches!(self.broken, Some(Broken::Crashed(_)))
    }

    /// Gives the device up, each generation in its way.
    pub(super) fn give_up(&mut self, k: &mut Kernel, attack: Attack) {
        let (broken, event) = match self.settings.epoch {
            FrontEpoch::Classic => (Broken::Crashed(attack), Trouble::GuestCrashed { attack }),
            FrontEpoch::Modern => (Broken::Disabled(attack), Trouble::DeviceBroken { attack }),
        };
        self.broken = Some(broken);
        k.step(Event::Trouble(event));
    }

    /// Lets the backend in to one of the guest's pages.
    #[inline]
    pub(super) fn grant(&self, k: &mut Kernel, gref: GrantRef, page: Pfn, access: Access) {
        let frame = k.xen.domain(self.domain).and_then(|guest| guest.mfn(page));
        let frame = frame.expect("a guest grants pages that it has");
        self.grants.grant_access(&mut k.xen.memory, gref, self.backend, frame, access);
    }

    /// Ends a grant for good, and gives its reference back to the table. If the backend does not let go, the classic guest
    /// loses reference and page, and the modern one tries again later; the caller has lost the page in either case.
    pub(super) fn end_foreign_access(&mut self, k: &mut Kernel, gref: GrantRef, page: Option<Pfn>) -> EndAccess {
        let grant = Deferred { gref, page };
        let ended = self.deferred.end_access(&mut self.grants, &mut k.xen.memory, grant, k.now);
        if ended == EndAccess::StillInUse {
            self.counters.stuck_grants += 1;
            k.also(Event::Trouble(match self.settings.epoch {
                FrontEpoch::Classic => Trouble::GrantLeaked { gref: gref.0 },
                FrontEpoch::Modern => Trouble::GrantDeferred { gref: gref.0 },
            }));
            self.arm(k);
        }
        ended
    }

    /// As [`end_foreign_access`](Device::end_foreign_access) for a page of a packet, which stays whole as long as the grant.
    pub(super) fn end_packet_access(&mut self, k: &mut Kernel, gref: GrantRef, skb: SkbId) {
        if self.end_foreign_access(k, gref, None) == EndAccess::StillInUse {
            let clone = k.skbs.clone_skb(skb);
            self.held.push((gref, clone));
        }
    }

    /// Tries again to end what the backend did not let go of (`gnttab_handle_deferred`).
    pub(super) fn handle_deferred(&mut self, k: &mut Kernel) {
        let Device { deferred, grants, held, .. } = self;
        let skbs = &mut *k.skbs;
        deferred.handle(grants, &mut k.xen.memory, k.now, |freed| {
            if let Some(page) = freed.page {
                skbs.free_page(page);
            }
            if let Some(at) = held.iter().position(|&(gref, _)| gref == freed.gref) {
                skbs.free(held.swap_remove(at).1);
            }
        });
        self.arm(k);
    }

    /// Grants that the backend did not let go of, and that will be tried again.
    pub(super) fn waiting_grants(&self) -> u32 {
        self.deferred.waiting()
    }

    fn arm(&self, k: &mut Kernel) {
        if let Some(due) = self.deferred.due() {
            k.ask(Ask::Arm(Timer::Deferred(self.domain), Some(due)));
        }
    }
}

/// Two frames of the domain's grant table for one interface: a reference for each slot of both rings, and for the rings
/// themselves. The first interface takes the frame that the domain began with.
fn part_of_table(xen: &mut Xen, domain: DomId) -> GuestGrants {
    const FRAMES: u32 = 2;
    const ROOM: &str = "a guest's grant table has two frames for each interface";
    let taken = xen.setup_table(domain, 1).expect(ROOM).to_vec();
    if taken.len() == 1 {
        return GuestGrants::new(domain, xen.setup_table(domain, FRAMES).expect(ROOM));
    }
    let mut grants = GuestGrants::new(domain, &taken);
    let others = grants.reserve(grants.free_references());
    drop(others);
    grants.expand(xen.setup_table(domain, taken.len() as u32 + FRAMES).expect(ROOM));
    grants
}
