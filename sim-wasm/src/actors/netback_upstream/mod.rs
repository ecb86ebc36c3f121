//! Mainline netback in its two generations (`drivers/net/xen-netback/` of mainline Linux).
//!
//! ```text
//!   2.6.39 to 3.14   grant_copy   every byte is copied into dom0, slots go back at once; one thread for many guests
//!   since 3.15       zero_copy    128 bytes are copied, the rest is mapped; a poll and two threads for each guest
//! ```
//!
//! Both read the transmit ring in the same way (`requests`): what no honest frontend writes gets it disabled, where
//! the classic driver answered errors and went on. They differ in who waits for whom. Where all is copied, a slow card
//! never holds a guest back, and dom0 drops. Where the packet points into the guest's pages, it does, unless somebody in
//! dom0 wants a copy of the packet.
//!
//! Not modelled: several queues for an interface (each has one), XDP, the control ring with its hashes, rates that change,
//! and packets whose headers the driver parses to complete their checksums.

pub mod limits;

mod jiffies;

mod credit;

mod bounce;

mod link;

mod requests;

mod transmit_ring;

mod receive_ring;

mod pool;

pub mod grant_copy;

pub mod zero_copy;
