//! Xen's list of a guest's ports while two processors are at it: a vCPU that looks for its port, and a toolstack that takes a
//! stretch away.
//!
//! ```text
//!   walk    first ─> next ─> next ─> the one that has the port
//!   remove  unlink, free: at any moment of a walk, until XSA-491; since then before or after it
//! ```
//!
//! A list is walked by what each entry says of the next. An entry that was freed says whatever its memory says by then, and Xen
//! goes there. [`GuestPorts`](super::ports::GuestPorts) is the same list for whoever does one thing at a time.
//!
//! Sources: `g2m_portio_accept` in `xen/arch/x86/hvm/io.c`, `XEN_DOMCTL_ioport_mapping` in `xen/arch/x86/domctl.c`; XSA-491.
//!
//! Not modelled: several walks at once, and what the freed memory is used for.

use alloc::vec::Vec;

/// An entry of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    guest: u16,
    machine: u16,
    count: u16,
    next: Option<u16>,
    freed: bool,
}

/// The list, whose entries lie where they were allocated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortList {
    entries: Vec<Entry>,
    first: Option<u16>,
    /// Whether a walk and a removal exclude each other, which is the repair.
    locks: bool,
    walked: bool,
}

/// A walk under way: which entry is looked at next.
#[derive(Debug, PartialEq, Eq)]
pub struct Walk {
    port: u16,
    at: Option<u16>,
}

/// How far a walk has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walked {
    /// There is more to look at.
    Further,
    /// It is over, with the machine's port; nothing if no entry has the guest's.
    Ended(Option<u16>),
    /// It is over: the entry that it came to was freed.
    Freed,
}

/// What became of a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// It is done.
    Done,
    /// It waits until a walk is over.
    Waits,
    /// There is no such entry.
    NotThere,
}

impl PortList {
    /// A list without entries; `locks` is the repair of XSA-491.
    #[must_use]
    pub const fn new(locks: bool) -> PortList {
        PortList { entries: Vec::new(), first: None, locks, walked: false }
    }

    /// Adds a stretch of ports, before all others.
    pub fn add(&mut self, guest: u16, machine: u16, count: u16) {
        let next = self.first.replace(self.entries.len() as u16);
        self.entries.push(Entry { guest, machine, count, next, freed: false });
    }

    /// Takes the stretch away that begins at a guest's port.
    pub fn remove(&mut self, guest: u16) -> Removed {
        if self.locks && self.walked {
            return Removed::Waits;
        }
        let mut before: Option<u16> = None;
        let mut at = self.first;
        while let Some(number) = at {
            let Entry { guest: found, next, .. } = self.entries[usize::from(number)];
            if found == guest {
                match before {
                    None => self.first = next,
                    Some(before) => self.entries[usize::from(before)].next = next,
                }
                self.entries[usize::from(number)].freed = true;
                return Removed::Done;
            }
            before = at;
            at = next;
        }
        Removed::NotThere
    }

    /// A vCPU begins to look for its port.
    #[must_use]
    pub fn begin(&mut self, port: u16) -> Walk {
        self.walked = true;
        Walk { port, at: self.first }
    }

    /// It looks at one entry.
    pub fn step(&mut self, walk: &mut Walk) -> Walked {
        let walked = match walk.at.map(|at| self.entries[usize::from(at)]) {
            None => Walked::Ended(None),
            Some(Entry { freed: true, .. }) => Walked::Freed,
            Some(Entry { guest, machine, count, .. }) if walk.port.wrapping_sub(guest) < count => {
                Walked::Ended(Some(machine + (walk.port - guest)))
            }
            Some(Entry { next, .. }) => {
                walk.at = next;
                Walked::Further
            }
        };
        self.walked = walked == Walked::Further;
        walked
    }
}
