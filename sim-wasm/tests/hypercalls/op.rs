//! What a domain calls.

use proptest::sample::Index;
use sim_wasm::hypervisor::grant_entry::Access;
use sim_wasm::words::ids::{DomId, GrantRef, Handle, Mfn, Pfn};

/// One side of a copy.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Side {
    Granted(DomId, GrantRef),
    Page(Pfn),
    Own(Mfn),
    Foreign(DomId, Mfn),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Grant {
        by: DomId,
        gref: GrantRef,
        to: DomId,
        pfn: Pfn,
        flags: u16,
    },
    Scribble {
        by: DomId,
        gref: GrantRef,
        to: DomId,
        frame: Mfn,
        flags: u16,
    },
    End {
        by: DomId,
        gref: GrantRef,
    },
    Map {
        by: DomId,
        granter: DomId,
        gref: GrantRef,
        access: Access,
    },
    MapAt {
        by: DomId,
        host: Pfn,
        granter: DomId,
        gref: GrantRef,
        access: Access,
    },
    Unmap {
        by: DomId,
        handle: Handle,
    },
    UnmapAt {
        by: DomId,
        host: Pfn,
        handle: Handle,
    },
    Replace {
        by: DomId,
        host: Pfn,
        new: Pfn,
        handle: Handle,
    },
    Copy {
        by: DomId,
        source: Side,
        dest: Side,
        offsets: [u16; 2],
        len: u16,
    },
    Transfer {
        by: DomId,
        pfn: Pfn,
        to: DomId,
        gref: GrantRef,
    },
    UpdateMapping {
        by: DomId,
        pfn: Pfn,
        frame: Mfn,
    },
    Populate {
        by: DomId,
        pfn: Pfn,
    },
    Decrease {
        by: DomId,
        pfn: Pfn,
    },
    Write {
        by: DomId,
        pfn: Pfn,
        byte: u8,
    },
    /// Whoever is granted that maps it, at its next hole.
    MapGranted {
        granter: DomId,
        gref: GrantRef,
        access: Access,
    },
    /// Whoever is granted that copies from it into a page of its own.
    CopyGranted {
        granter: DomId,
        gref: GrantRef,
        into: Pfn,
    },
    /// Whoever is waited for gives a page away.
    TransferAwaited {
        to: DomId,
        gref: GrantRef,
        pfn: Pfn,
    },
    /// Whoever holds it undoes one mapping of all there are.
    UnmapHeld {
        which: Index,
    },
    Destroy {
        id: DomId,
    },
    Create {
        id: DomId,
    },
}
