//! Numbers that must not be mistaken for one another.

/// A domain's number, `domid_t` (`xen/include/public/xen.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomId(pub u16);

impl DomId {
    /// The first domain: it owns the hardware and runs the backends.
    pub const DOM0: DomId = DomId(0);
}

/// A virtual processor of one domain, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VcpuId(pub u8);

/// A machine frame number: which 4096 bytes of the machine's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mfn(pub u32);

/// A pseudo-physical frame number: the frame as its own domain counts it, from 0 without holes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pfn(pub u32);

/// An index into a domain's grant table, `grant_ref_t` (`xen/include/public/grant_table.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GrantRef(pub u32);

/// What a mapping domain shows to unmap again, `grant_handle_t` (`xen/include/public/grant_table.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle(pub u32);

/// One domain's end of an event channel, `evtchn_port_t` (`xen/include/public/event_channel.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port(pub u32);
