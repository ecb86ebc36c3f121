//! Cards given to guests in one machine: toolstack, drivers, device model, Xen, units, cards.

mod attacks;
mod bridge;
mod histories;
mod hvm;
mod invariants;
mod posted;
mod pv;
mod refused;
mod reserved;
mod tables;
mod world;
