//! What a netback can be told: as a module (`copy_skb`), by its fork's history, and by an interface's keys in the store.
//!
//! Not modelled: queues and threads as numbers to choose, and the modules' switches for debugging.

use crate::actors::epoch::Epoch;

/// When the classic netback copies a packet's pages (`netbk_copy_skb_mode` in `drivers/xen/netback/netback.c` of
/// linux-2.6.18-xen).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CopySkb {
    /// Never: a packet that stays somewhere in dom0 holds its slots as long (`copy_skb=0`).
    Never,
    /// At once, before the packet goes to the stack: Xen has no `GNTTABOP_unmap_and_replace`.
    Always,
    /// When a page has been held for half a second.
    #[default]
    Delayed,
}

/// What forks of the classic driver repaired in it. Each is a fault of linux-2.6.18-xen while it is false.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Repairs {
    /// A ring with garbage shuts its interface down (XSA-39). Without it garbage is answered with errors, and whatever
    /// follows is read as a packet.
    pub shuts_down: bool,
    /// A request is copied before it is checked (XSA-155). Without it, what is used is read again after the check.
    pub copies_requests: bool,
    /// A fault in the first further request refuses the packet. Without it `netbk_count_requests` returns minus zero, which
    /// is zero, and the packet is taken as one of a single slot.
    pub refuses_first_fragment: bool,
    /// Each of several extra infos is answered. Without it only one is, and the ring loses the slots of the others.
    pub counts_extras: bool,
    /// Pages held for long are looked for in every pass, and the timer is set after each. Without it only a pass that frees
    /// something looks, and only one that maps something sets the timer, so that a standstill may last.
    pub always_scans: bool,
}

impl Repairs {
    /// The driver of linux-2.6.18-xen.
    pub const NONE: Repairs = Repairs {
        shuts_down: false,
        copies_requests: false,
        refuses_first_fragment: false,
        counts_extras: false,
        always_scans: false,
    };

    /// All that was repaired later.
    pub const ALL: Repairs = Repairs {
        shuts_down: true,
        copies_requests: true,
        refuses_first_fragment: true,
        counts_extras: true,
        always_scans: true,
    };
}

/// A netback, whatever its interfaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BackSettings {
    /// Bytes of a packet that are copied in any case, `PKT_PROT_LEN` or `XEN_NETBACK_TX_COPY_LEN`.
    pub header: u16,
    /// When the classic driver copies the rest; the others do not look at it.
    pub copy_skb: CopySkb,
    /// What is repaired in the classic driver; the others do not look at it.
    pub repairs: Repairs,
    /// Whether a guest may send packets of several slots and have them segmented here (`feature-sg`, `feature-gso-tcpv4`).
    pub offload: bool,
    /// Whether a guest may take the pages themselves instead of copies (`feature-rx-flip`). No released driver says so in
    /// its defaults.
    pub rx_flip: bool,
    /// Whether the classic driver gives a packet away as it is if it lies alone in a page made for that, as the driver of
    /// Xen 3.0 did (`is_xen_skb`). linux-2.6.18-xen copies every packet first that it gives away.
    pub gives_own_pages: bool,
    /// Whether a pass of the classic driver ends for everybody where an interface's credit is spent, as in the driver of Xen
    /// 3.0. In linux-2.6.18-xen that interface alone misses its turn.
    pub breaks_off: bool,
    /// Timer ticks a second in dom0's kernel, `HZ`: timers and credit windows are rounded to them. From 1 to 1000.
    pub hz: u32,
}

impl BackSettings {
    /// What the drivers of an epoch do unless they are told otherwise: 64 bytes of header in the classic one, 138 (headers
    /// of Ethernet, a VLAN, IP and TCP at their longest) where all is copied, 128 in mainline. The classic driver answers
    /// garbage with errors and goes on, and has its other faults repaired.
    #[must_use]
    pub const fn of(epoch: Epoch) -> BackSettings {
        let header = match epoch {
            Epoch::Classic => 64,
            Epoch::GrantCopy => 138,
            Epoch::ZeroCopy => 128,
        };
        BackSettings {
            header,
            copy_skb: CopySkb::Delayed,
            repairs: Repairs { shuts_down: false, ..Repairs::ALL },
            offload: true,
            rx_flip: false,
            gives_own_pages: false,
            breaks_off: false,
            hz: 250,
        }
    }
}

impl Default for BackSettings {
    fn default() -> BackSettings {
        BackSettings::of(Epoch::default())
    }
}

/// One interface, as the tools set it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VifSettings {
    /// Bytes that the guest may send in a window (`rate` in the store, its first number); `u64::MAX` for no limit.
    pub credit_bytes: u64,
    /// Length of a window in microseconds (`rate`, its second number); 0 for no limit.
    pub credit_usec: u64,
    /// Packets that wait in dom0 for a guest that posts no buffers (`tx_queue_len` of the vif).
    pub queue_len: u32,
}

impl Default for VifSettings {
    /// No limit, and the queue of 32 packets that netback gives an interface.
    fn default() -> VifSettings {
        VifSettings { credit_bytes: u64::MAX, credit_usec: 0, queue_len: 32 }
    }
}
