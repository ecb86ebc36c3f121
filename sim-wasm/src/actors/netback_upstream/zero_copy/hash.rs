//! Which queue a guest wants a packet of some hash in: the table that it sets by the control ring (`xenvif_set_hash_mapping`
//! in `drivers/net/xen-netback/hash.c`, `xen/include/public/io/netif.h`).
//!
//! The guest says how long the table is, and then has parts of it copied out of a page that it grants. Offset and length are
//! its own numbers: their sum may wrap, and was once compared with the table's length all the same (XSA-270).
//!
//! Not modelled: the ring by which the guest asks, keys and algorithms, and any use of the table, since there is one queue.

use alloc::vec::Vec;

use crate::actors::kernel::Kernel;
use crate::actors::netback_upstream::bounce::Bounce;
use crate::actors::netback_upstream::zero_copy::ZeroCopy;
use crate::hypervisor::grant_copies::{CopyFrame, CopyPointer, GrantCopy};
use crate::hypervisor::page::PAGE_SIZE;
use crate::words::ids::{GrantRef, VifId};

/// Entries that a table may have, `XEN_NETBK_MAX_HASH_MAPPING_SIZE`.
pub const MAX_HASH_MAPPING_SIZE: u32 = 128;
/// Bytes of an entry.
const ENTRY: u32 = 4;
/// Queues of an interface.
const QUEUES: u32 = 1;

/// What a control request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum ControlStatus {
    /// It is done, `XEN_NETIF_CTRL_STATUS_SUCCESS`.
    Success = 0,
    /// The table cannot be that long, the part lies outside, or a queue does not exist,
    /// `XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER`. Nothing has changed.
    InvalidParameter = 2,
}

/// A table: each hash's queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct HashMapping {
    queues: Vec<u32>,
}

impl ZeroCopy {
    /// Makes an interface's table that long, all entries 0.
    pub fn set_hash_mapping_size(&mut self, vif: VifId, size: u32) -> ControlStatus {
        let Some(queue) = self.queue_mut(vif).filter(|_| size <= MAX_HASH_MAPPING_SIZE) else {
            return ControlStatus::InvalidParameter;
        };
        queue.hash.queues.clear();
        queue.hash.queues.resize(size as usize, 0);
        ControlStatus::Success
    }

    /// Copies `len` entries out of the start of a granted page into the table, from entry `offset` on.
    pub fn set_hash_mapping(
        &mut self,
        k: &mut Kernel,
        vif: VifId,
        (gref, len, offset): (GrantRef, u32, u32),
    ) -> ControlStatus {
        let Self { queues, bounce, .. } = self;
        let Some(queue) = queues.get_mut(usize::from(vif.0)).and_then(Option::as_deref_mut) else {
            return ControlStatus::InvalidParameter;
        };
        let end = offset.checked_add(len).filter(|&end| end <= queue.hash.queues.len() as u32);
        let Some(end) = end.filter(|_| len <= PAGE_SIZE as u32 / ENTRY) else {
            return ControlStatus::InvalidParameter;
        };
        if len == 0 {
            return ControlStatus::Success;
        }
        let bytes = (len * ENTRY) as u16;
        bounce.clear();
        let Some(place) = bounce.reserve(k, bytes) else { return ControlStatus::InvalidParameter };
        let source = CopyPointer { frame: CopyFrame::Granted(queue.link.frontend, gref), offset: 0 };
        let dest = CopyPointer { frame: CopyFrame::Own(place.frame), offset: place.offset };
        let domain = k.domain();
        if k.xen.grant_copy(domain, GrantCopy { source, dest, len: bytes }).is_err() {
            return ControlStatus::InvalidParameter;
        }
        let entries = Bounce::read(k, place, bytes).chunks_exact(ENTRY as usize);
        let entries = entries.map(|entry| u32::from_le_bytes(entry.try_into().expect("a chunk has four bytes")));
        if entries.clone().any(|entry| entry >= QUEUES) {
            return ControlStatus::InvalidParameter;
        }
        for (place, entry) in queue.hash.queues[offset as usize..end as usize].iter_mut().zip(entries) {
            *place = entry;
        }
        ControlStatus::Success
    }
}
