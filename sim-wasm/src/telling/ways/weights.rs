//! What exits, hypercalls and switches weigh: processor cycles that papers measured on machines of their own. None of them is a
//! fact about this engine, and what a reader chooses is the reader's.
//!
//! Agesen: Ole Agesen et al., "Software Techniques for Avoiding Hardware Virtualization Exits", USENIX ATC 2012. Dall:
//! Christoffer Dall et al., "ARM Virtualization: Performance and Architectural Implications", ISCA 2016.
//!
//! Not modelled: what copies, events and interrupts weigh, and what caches lose.

/// An exit and the entry after it on a Westmere; Agesen.
pub(crate) const EXIT_WESTMERE: u32 = 761;

/// The same on a Penryn.
pub(crate) const EXIT_PENRYN: u32 = 1_266;

/// The same on a Prescott, one of the first processors that knew exits.
pub(crate) const EXIT_PRESCOTT: u32 = 3_963;

/// A hypercall that does nothing, Xen on x86; Dall.
pub(crate) const HYPERCALL: u32 = 1_228;

/// From one domain to another on the same processor, Xen on x86; Dall.
pub(crate) const SWITCH: u32 = 10_534;

/// What the reader has each weigh, in cycles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Weights {
    pub(crate) exit: u32,
    pub(crate) hypercall: u32,
    pub(crate) switch: u32,
}

impl Weights {
    /// Whether anything weighs something.
    pub(crate) const fn weigh(self) -> bool {
        self.exit > 0 || self.hypercall > 0 || self.switch > 0
    }
}
