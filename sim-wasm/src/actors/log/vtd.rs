//! Devices' accesses at a remapping unit, and what Xen does about units and devices.
//!
//! Not modelled: what else happens on the bus, and invalidations one descriptor at a time.

use crate::actors::log::Who;
use crate::hypervisor::passthrough::step::Step;
use crate::hypervisor::vtd::fault::Fault;
use crate::hypervisor::vtd::walk::Direction;
use crate::words::ids::{Bdf, Dfn, Mfn};

/// What happened at a unit. Pages are the device's, frames the machine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the line above each variant names its numbers")]
pub enum Vtd {
    /// A device's access began at this page; `frame` is where the page led.
    Passed { source: Bdf, dfn: Dfn, frame: Mfn, direction: Direction },
    /// A device's access to this page was blocked.
    Blocked { source: Bdf, dfn: Dfn, reason: Fault },
    /// Nothing answered a device's access.
    Unanswered { source: Bdf, dfn: Dfn },
    /// A device's write was an interrupt, passed on as the device wrote it.
    RangAsWritten { source: Bdf, vector: u8, destination: u32 },
    /// A device's write was an interrupt, passed on as the remapping entry says.
    RangRemapped { source: Bdf, vector: u8, destination: u32 },
    /// A device's write was an interrupt for a vCPU, whose processor was notified.
    PostedNotified { source: Bdf, vector: u8, destination: u32 },
    /// A device's write was an interrupt for a vCPU, and nobody was told.
    Posted { source: Bdf },
    /// A device's interrupt was blocked.
    InterruptBlocked { source: Bdf, reason: Fault },
    /// The unit wrote a fault down.
    FaultRecorded { source: Bdf },
    /// The unit did not write a fault down, since a record of the same function was pending.
    FaultCollapsed { source: Bdf },
    /// The unit lost a fault, since its records were in use.
    FaultLost { source: Bdf },
    /// The unit told Xen that there are faults.
    FaultEvent,
    /// A step of Xen's.
    Xen(Step),
}

impl Vtd {
    /// Who did it.
    #[must_use]
    pub const fn who(&self) -> Who {
        match self {
            Self::Passed { .. }
            | Self::Blocked { .. }
            | Self::Unanswered { .. }
            | Self::RangAsWritten { .. }
            | Self::RangRemapped { .. }
            | Self::PostedNotified { .. }
            | Self::Posted { .. }
            | Self::InterruptBlocked { .. }
            | Self::FaultRecorded { .. }
            | Self::FaultCollapsed { .. }
            | Self::FaultLost { .. }
            | Self::FaultEvent
            | Self::Xen(Step::InFlightReached { .. } | Step::InFlightBlocked { .. }) => Who::Hardware,
            Self::Xen(_) => Who::Xen,
        }
    }

    /// Whether something was refused or blocked.
    #[must_use]
    pub const fn fails(&self) -> bool {
        match self {
            Self::Blocked { .. }
            | Self::Unanswered { .. }
            | Self::InterruptBlocked { .. }
            | Self::FaultLost { .. }
            | Self::Xen(
                Step::AssignRefused { .. }
                | Step::WaitAbandoned { .. }
                | Step::BusMasterCleared { .. }
                | Step::RmrrKept { .. }
                | Step::DomainCrashed { .. }
                | Step::InFlightBlocked { .. },
            ) => true,
            Self::Passed { .. }
            | Self::RangAsWritten { .. }
            | Self::RangRemapped { .. }
            | Self::PostedNotified { .. }
            | Self::Posted { .. }
            | Self::FaultRecorded { .. }
            | Self::FaultCollapsed { .. }
            | Self::FaultEvent
            | Self::Xen(_) => false,
        }
    }
}
