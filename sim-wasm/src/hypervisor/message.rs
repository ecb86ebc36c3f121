//! A write that is an interrupt: what any device may send to the window in which processors listen and no memory is.
//!
//! ```text
//!   address  31:20 FEE   19:12 processor   the rest: how it is chosen, 0 by its number
//!   data     10:8 delivery, 0 fixed        7:0 vector
//! ```
//!
//! Source: `xen/include/asm-x86/msi.h`, `MSI_ADDR_HEADER`, `MSI_ADDR_DEST_ID`, `MSI_DATA_VECTOR`.
//!
//! Not modelled: the format that names an entry of a remapping table, which is in
//! [`interrupts`](crate::hypervisor::vtd::interrupts).

/// Where the window begins; it ends at FEEFFFFF.
pub const MSI_BASE: u64 = 0xFEE0_0000;

/// Whether a device's address is for interrupts: its bits 63:20 are FEE.
#[must_use]
#[inline]
pub const fn is_for_interrupts(address: u64) -> bool {
    address >> 20 == MSI_BASE >> 20
}

/// A write that is an interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// Where to.
    pub address: u64,
    /// What.
    pub data: u32,
}

impl Message {
    /// The message that rings a vector at a processor, fixed and by its number.
    #[must_use]
    pub const fn to(processor: u8, vector: u8) -> Message {
        Message { address: MSI_BASE | (processor as u64) << 12, data: vector as u32 }
    }
}

#[cfg(test)]
mod tests {
    use crate::hypervisor::message::{Message, is_for_interrupts};

    #[test]
    fn the_window_is_one_mebibyte() {
        for (address, expect) in [
            (0xFEDF_FFFF, false),
            (0xFEE0_0000, true),
            (0xFEEF_FFFF, true),
            (0xFEF0_0000, false),
            (0x1_FEE0_0000, false),
        ] {
            assert_eq!(is_for_interrupts(address), expect, "{address:x}");
        }
        assert_eq!(Message::to(3, 0x41), Message { address: 0xFEE0_3000, data: 0x41 });
        assert!(is_for_interrupts(Message::to(255, 0).address));
    }
}
