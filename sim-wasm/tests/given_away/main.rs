//! Cards given to guests in one machine: toolstack, drivers, device model, Xen, units, cards.

mod attacks;
mod hvm;
mod pv;
mod world;
