//! The hypercall by which a page changes its owner (`GNTTABOP_transfer` in `xen/include/public/grant_table.h`).
//!
//! ```text
//!   the receiver's entry:  accept_transfer ──> + transfer_committed ──> + transfer_completed, frame
//!   the page:              the caller's ── stolen ──────────────────> the receiver's
//!                                             └── anything wrong ───> nobody's: the caller has lost it
//! ```
//!
//! Not modelled: the machine-to-physical table, and frames too high for the receiver (`GNTST_address_too_big`).

use crate::hypervisor::domain::{Entry, Life};
use crate::hypervisor::grant_entry::GrantStatus;
use crate::hypervisor::page::Page;
use crate::hypervisor::xen::Xen;
use crate::words::ids::{DomId, GrantRef, Mfn, Pfn};

/// One `GNTTABOP_transfer` of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferOp {
    /// The caller's page,
    pub pfn: Pfn,
    /// to whom it goes,
    pub to: DomId,
    /// and the entry at which it is waited for.
    pub gref: GrantRef,
    /// What Xen answered.
    pub result: Result<(), GrantStatus>,
}

impl TransferOp {
    /// A call that was not made yet.
    pub const fn new(pfn: Pfn, to: DomId, gref: GrantRef) -> TransferOp {
        TransferOp { pfn, to, gref, result: Err(GrantStatus::GeneralError) }
    }
}

impl Xen {
    /// Gives pages away, one after the other, in one hypercall.
    pub fn transfers(&mut self, caller: DomId, ops: &mut [TransferOp]) {
        self.calls.hypercalls += 1;
        for op in ops {
            op.result = self.transfer_against(caller, op.pfn, (op.to, op.gref), |_, _| ());
        }
    }

    /// Gives the frame at page `pfn` of the caller to `to`, which waits for it at its entry `gref`. The caller is left with
    /// a hole, whether `to` gets the frame or not; only with [`GrantStatus::BadPage`] the frame stays where it is: somebody
    /// has it mapped, or it is not the caller's.
    ///
    /// The receiver finds the frame's number in its entry and maps it itself, see [`Xen::update_va_mapping`].
    pub fn transfer(&mut self, caller: DomId, pfn: Pfn, to: DomId, gref: GrantRef) -> Result<(), GrantStatus> {
        self.calls.hypercalls += 1;
        self.transfer_against(caller, pfn, (to, gref), |_, _| ())
    }

    /// As [`transfer`](Xen::transfer), while another vCPU of the receiver keeps writing the entry, see
    /// [`Xen::map_grant_ref_against`].
    pub fn transfer_against(
        &mut self,
        caller: DomId,
        pfn: Pfn,
        (to, gref): (DomId, GrantRef),
        rival: impl FnMut(&mut Page, u32),
    ) -> Result<(), GrantStatus> {
        self.calls.transfers += 1;
        let mfn = self.steal_page(caller, pfn)?;
        let accepted = self.prepare_for_transfer(caller, (to, gref), rival);
        let (memory, receiver) = match (accepted, self.split_mut(to)) {
            (Ok(()), Some(split)) => split,
            (Err(status), _) => return Err(self.lose_page(caller, mfn, status)),
            (Ok(()), None) => return Err(self.lose_page(caller, mfn, GrantStatus::BadDomain)),
        };
        memory.assign(mfn, caller, to);
        receiver.frames += 1;
        receiver.grants.complete_transfer(memory, gref, mfn);
        Ok(())
    }

    /// Takes the frame away from the caller, who still owns it for the moment (`steal_page`).
    fn steal_page(&mut self, caller: DomId, pfn: Pfn) -> Result<Mfn, GrantStatus> {
        let (memory, domain) = self.known_mut(caller);
        let mfn = domain.mfn(pfn).filter(|mfn| memory.is_stealable(caller, *mfn)).ok_or(GrantStatus::BadPage)?;
        domain.entries[pfn.0 as usize] = Entry::Hole;
        domain.frames -= 1;
        Ok(mfn)
    }

    /// Whether the receiver has room for a frame and waits for it (`gnttab_prepare_for_transfer`).
    fn prepare_for_transfer(
        &mut self,
        caller: DomId,
        (to, gref): (DomId, GrantRef),
        rival: impl FnMut(&mut Page, u32),
    ) -> Result<(), GrantStatus> {
        let (memory, receiver) = self.split_mut(to).ok_or(GrantStatus::BadDomain)?;
        if receiver.life == Life::Dying || receiver.frames >= receiver.pages() {
            return Err(GrantStatus::GeneralError);
        }
        receiver.grants.commit_transfer(memory, gref, caller, rival)
    }

    fn lose_page(&mut self, caller: DomId, mfn: Mfn, status: GrantStatus) -> GrantStatus {
        self.memory.release(caller, mfn).expect("a stolen frame is still the caller's");
        status
    }
}
