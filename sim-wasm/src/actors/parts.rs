//! Which parts of the machine, and of what is told of it, this build has.
//!
//! A program has all of them. A module for a page is built without those that its figures never reach: where a part is
//! entered stands a condition that the compiler decides, and what nothing enters is left out. All of it is compiled and
//! checked in every build.
//!
//! Not modelled: nothing of a machine; this is about the program.

/// Netback that copies every byte (2.6.39 to 3.14).
pub const GRANT_COPY: bool = cfg!(feature = "grant-copy");

/// Netback that maps what it does not copy (since 3.15).
pub const ZERO_COPY: bool = cfg!(feature = "zero-copy");

/// The way of packets to guests: the card's receiving side and netback's.
pub const RECEPTION: bool = cfg!(feature = "reception");

/// Packet sockets in dom0.
pub const TAPS: bool = cfg!(feature = "taps");

/// Interfaces that come and go, whatever else goes wrong at an appointed time, and halves that break rules.
pub const TROUBLE: bool = cfg!(feature = "trouble");

/// What a reader puts in order: steps before a run, or a guess.
pub const ORDERS: bool = cfg!(feature = "orders");

/// What links of former times name, and figures have no more.
pub const RETIRED: bool = cfg!(feature = "retired");

/// A part was asked for that this build has not.
///
/// # Panics
/// Always: settings and figures that need a part are not for a module without it.
#[cold]
pub fn missing() -> ! {
    panic!("this build has no such part")
}
