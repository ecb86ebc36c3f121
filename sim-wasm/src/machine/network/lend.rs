//! How the machine lends a kernel to a driver: all that a call works with, beside the driver itself.
//!
//! The parts are fields of the machine, and the driver is another, so they are borrowed one by one; a method would borrow
//! the whole machine.
//!
//! Not modelled: two kernels at work at a time.

/// Lends the kernel whose packets are the second argument, a field of the machine's or of a guest.
macro_rules! lend {
    ($network:expr, $skbs:expr) => {
        &mut crate::actors::kernel::Kernel {
            xen: &mut $network.xen,
            skbs: &mut $skbs,
            now: $network.now,
            log: &mut $network.log,
            asks: &mut $network.asks,
        }
    };
}

pub(super) use lend;
