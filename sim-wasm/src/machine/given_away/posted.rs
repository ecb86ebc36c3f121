//! Posted interrupts: a card's message to an HVM guest's vCPU, of which Xen hears nothing.
//!
//! ```text
//!   card ─ message ─► unit: entry names the vCPU's descriptor ─► a bit there, and a notification ─► the vCPU takes its bits
//! ```
//!
//! Where units post and `iommu=intpost` says so, each HVM guest's vCPU has a descriptor in a frame of Xen's, and what the device
//! model binds becomes an entry of the unit's table with the guest's own vector. What is bound to another vector later gets
//! another entry.
//!
//! Source: `xen/drivers/passthrough/vtd/intremap.c`, `pi_update_irte`; `xen/arch/x86/hvm/vmx/vmx.c`, `vmx_pi_hooks_assign`.
//!
//! Not modelled: vCPUs that do not run, for which notifications are suppressed or wake them, and messages that are posted for
//! one of several vCPUs.

use crate::hypervisor::memory::Owner;
use crate::hypervisor::passthrough::intremap::Target;
use crate::hypervisor::vtd::interrupts::{PI_VECTOR, take_posted};
use crate::hypervisor::vtd::structures::address_of;
use crate::machine::given_away::settings::{CardId, GuestId};
use crate::machine::given_away::table::pirq_of;
use crate::machine::given_away::tally::Count;
use crate::machine::given_away::{GivenAway, Item};
use crate::words::ids::{Bdf, DomId};

/// The vector of notifications; Xen's vectors for devices end before it.
const NOTIFICATION: u8 = 0xF2;

impl GivenAway {
    /// An HVM guest's vCPU gets its descriptor, where the unit posts.
    pub(super) fn make_descriptor(&mut self, guest: GuestId) {
        if !self.iommus.posts_interrupts(0) {
            return;
        }
        let Some(frame) = self.xen.memory.alloc(Owner::Xen(None)) else { return };
        self.xen.memory.xen_page_mut(frame).write_u8(PI_VECTOR, NOTIFICATION);
        if let Some(hvm) = self.guest(guest).hvm() {
            hvm.descriptor = Some(frame);
        }
    }

    /// It goes with the guest, when no entry names it any more.
    pub(super) fn free_descriptor(&mut self, guest: GuestId) {
        if let Some(frame) = self.guest(guest).hvm().and_then(|hvm| hvm.descriptor.take()) {
            self.xen.memory.put_page(frame);
        }
    }

    /// Where a message is to go that Xen has a vector for: to the vCPU whose device model has bound it, where it can be posted.
    pub(super) fn target_of(&self, domain: DomId, bdf: Bdf, entry: u16, vector: u8) -> Target {
        let guest = self.guests.iter().find(|guest| guest.alive && guest.domain == domain);
        let posted = guest.and_then(|guest| guest.hvm_ref()).and_then(|hvm| {
            let pirq = pirq_of(&self.pirqs, domain, bdf, entry)?;
            let bound = hvm.messages.message(pirq.0)?;
            Some(Target::Posted { vector: bound.vector, descriptor: address_of(hvm.descriptor?) })
        });
        posted.unwrap_or(Target::Processor { vector, processor: 0 })
    }

    /// A notification came, of something that a card sent: vCPUs take what was posted for them.
    pub(super) fn take_over(&mut self, card: CardId) {
        let delay = self.settings.delays.event;
        for place in 0..self.guests.len() as u8 {
            let guest = GuestId(place);
            let Some(frame) = self.guest(guest).hvm().and_then(|hvm| hvm.descriptor) else { continue };
            for vector in take_posted(&mut self.xen.memory, address_of(frame)) {
                let own = self.uses[usize::from(card.0)].guest == Some(guest);
                self.tally.one(if own { Count::Interrupts } else { Count::ForgedInterrupts });
                self.after(delay, Item::Interrupt(guest, vector));
            }
        }
    }
}
