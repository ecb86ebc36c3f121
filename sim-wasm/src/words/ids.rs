//! Numbers that must not be mistaken for one another.
//!
//! Not modelled: nothing; these are words.

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

/// A network interface of a guest, counted through the whole machine from 0: the guest's half of it is an `eth`, dom0's half
/// the `vif` behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VifId(pub u16);

/// An Ethernet address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// Everybody's address.
    pub const BROADCAST: Mac = Mac([0xFF; 6]);

    /// Whether a frame to this address is for several receivers (the first byte's lowest bit).
    pub const fn is_multicast(self) -> bool {
        self.0[0] & 1 == 1
    }

    /// The address of a guest's interface, in the range that Xen's tools take theirs from (`00:16:3e`).
    pub const fn of_guest(vif: VifId) -> Mac {
        let [high, low] = vif.0.to_be_bytes();
        Mac([0x00, 0x16, 0x3E, 0x00, high, low])
    }
}
