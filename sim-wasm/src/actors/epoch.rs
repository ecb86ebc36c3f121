//! Which generation of the drivers runs: how netback treats a packet's pages changed twice, and netfront's habits once.
//!
//! Not modelled: releases between the generations, distributions' own patches, and drivers of other operating systems.

/// A generation of netback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Epoch {
    /// linux-2.6.18-xen and its forks up to 2.6.32: pages are mapped, and the packet points to them until it is freed.
    #[default]
    Classic,
    /// Mainline 2.6.39 to 3.14: every byte is copied into dom0, and the slot goes back at once.
    GrantCopy,
    /// Mainline since 3.15: the first 128 bytes are copied, the rest is mapped until the packet is freed or cloned.
    ZeroCopy,
}

/// A generation of netfront.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FrontEpoch {
    /// linux-2.6.18-xen: stops at 236 slots in use, asks for events half way, trusts its backend.
    #[default]
    Classic,
    /// Mainline: stops at 237, asks for the next response, checks what the backend says.
    Modern,
}

/// The drivers on both sides of an interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Drivers {
    /// The guest's.
    pub front: FrontEpoch,
    /// dom0's.
    pub back: Epoch,
}
