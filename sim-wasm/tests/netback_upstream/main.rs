//! Mainline netback in both its generations, driven by guests that write plain bytes.

mod drivers;

mod rig;

mod slots;

mod zero_copy_transmit;

mod zero_copy_refused;

mod zero_copy_drawn;

mod zero_copy_receive;

mod grant_copy_transmit;

mod grant_copy_receive;

mod hash;
