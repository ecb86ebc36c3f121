//! The hypercall that copies between granted frames (`GNTTABOP_copy` in `xen/include/public/grant_table.h`).
//!
//! Not modelled: transitive and sub-page grants of version 2, and that Xen keeps a frame claimed from one copy of a batch
//! to the next, which only saves time.

use crate::hypervisor::domain::Life;
use crate::hypervisor::grant_entry::{Access, GrantStatus};
use crate::hypervisor::grant_table::{Purpose, claim_frame, release_frame};
use crate::hypervisor::page::PAGE_SIZE;
use crate::hypervisor::xen::Xen;
use crate::words::ids::{DomId, GrantRef, Mfn};

/// One side of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyFrame {
    /// A frame that another domain grants.
    Granted(DomId, GrantRef),
    /// A frame of the caller's own.
    Own(Mfn),
    /// A frame of another domain, named outright. Only a caller that tries its luck asks for that.
    Foreign(DomId, Mfn),
}

/// Where one side of a copy starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyPointer {
    /// In which frame.
    pub frame: CopyFrame,
    /// At which byte.
    pub offset: u16,
}

/// What one `GNTTABOP_copy` copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantCopy {
    /// From here,
    pub source: CopyPointer,
    /// to there,
    pub dest: CopyPointer,
    /// so many bytes.
    pub len: u16,
}

/// One `GNTTABOP_copy` of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyOp {
    /// What is to be copied.
    pub copy: GrantCopy,
    /// What Xen answered.
    pub result: Result<(), GrantStatus>,
}

impl CopyOp {
    /// A call that was not made yet.
    pub const fn new(copy: GrantCopy) -> CopyOp {
        CopyOp { copy, result: Err(GrantStatus::GeneralError) }
    }
}

impl Xen {
    /// Copies between frames, one after the other, in one hypercall.
    pub fn grant_copies(&mut self, caller: DomId, ops: &mut [CopyOp]) {
        self.calls.hypercalls += 1;
        self.calls.copies += ops.len() as u64;
        self.calls.copied_bytes += ops.iter().map(|op| u64::from(op.copy.len)).sum::<u64>();
        for op in ops {
            op.result = self.grant_copy(caller, op.copy);
        }
    }

    /// Copies between frames, each of the caller's own or granted to it. Both are pinned for as long as the copy takes; a
    /// copy that fails changes nothing.
    pub fn grant_copy(&mut self, caller: DomId, copy: GrantCopy) -> Result<(), GrantStatus> {
        self.check_domain(copy.source.frame)?;
        self.check_domain(copy.dest.frame)?;
        let source = self.claim(caller, copy.source.frame, Access::ReadOnly)?;
        let dest = match self.claim(caller, copy.dest.frame, Access::ReadWrite) {
            Ok(dest) => dest,
            Err(status) => {
                self.unclaim(source, copy.source.frame, Access::ReadOnly);
                return Err(status);
            }
        };
        let end = |pointer: CopyPointer| usize::from(pointer.offset) + usize::from(copy.len);
        let fits = end(copy.source) <= PAGE_SIZE && end(copy.dest) <= PAGE_SIZE;
        if fits {
            self.memory.xen_copy((source, copy.source.offset), (dest, copy.dest.offset), copy.len);
        }
        self.unclaim(dest, copy.dest.frame, Access::ReadWrite);
        self.unclaim(source, copy.source.frame, Access::ReadOnly);
        if fits { Ok(()) } else { Err(GrantStatus::BadCopyArgument) }
    }

    /// Whether the domain of one side exists and may be named like that (`gnttab_copy_lock_domain`).
    #[inline]
    fn check_domain(&self, frame: CopyFrame) -> Result<(), GrantStatus> {
        match frame {
            CopyFrame::Own(_) => Ok(()),
            CopyFrame::Foreign(..) => Err(GrantStatus::PermissionDenied),
            CopyFrame::Granted(granter, _) if self.domain(granter).is_none() => Err(GrantStatus::BadDomain),
            CopyFrame::Granted(..) => Ok(()),
        }
    }

    /// Pins one side (`gnttab_copy_claim_buf`). A grant of a dying domain can only be pinned for the first time: what its
    /// present pins stand on may be on its way out (`acquire_grant_for_copy`).
    #[inline]
    fn claim(&mut self, caller: DomId, frame: CopyFrame, access: Access) -> Result<Mfn, GrantStatus> {
        match frame {
            CopyFrame::Granted(granter, gref) => {
                let (memory, domain) = self.known_mut(granter);
                if domain.life == Life::Dying && domain.grants.pinned_frame(gref).is_some() {
                    return Err(GrantStatus::BadDomain);
                }
                domain.grants.pin(memory, gref, (caller, access, Purpose::Copy), |_, _| ())
            }
            CopyFrame::Own(mfn) => claim_frame(&mut self.memory, mfn, caller, access).map(|()| mfn),
            CopyFrame::Foreign(..) => Err(GrantStatus::PermissionDenied),
        }
    }

    #[inline]
    fn unclaim(&mut self, mfn: Mfn, frame: CopyFrame, access: Access) {
        match frame {
            CopyFrame::Granted(granter, gref) => {
                let (memory, domain) = self.known_mut(granter);
                domain.grants.unpin(memory, gref, access);
            }
            CopyFrame::Own(_) | CopyFrame::Foreign(..) => release_frame(&mut self.memory, mfn, access),
        }
    }
}
