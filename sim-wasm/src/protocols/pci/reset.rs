//! How a device is made forget its last owner: which reset a toolstack chooses, and the accesses that do it.
//!
//! ```text
//!   express, with FLR ──────────────────────────► FLR
//!   express, without, on bus 0 ─────────────────► D3hot and back, else the vendor's own way
//!   express, without, elsewhere ────────────────► reset of the bus behind its port
//!   conventional, on bus 0, with AF ────────────► AF's FLR
//!   conventional, on bus 0, without ────────────► D3hot and back, else the vendor's own way
//!   conventional, elsewhere ────────────────────► reset of the bus behind its bridge
//! ```
//!
//! That is xend's order in 3.3 (`do_FLR` in `tools/python/xen/util/pci.py`), which it follows when a device is taken from a
//! guest, and not when a guest gets one. A bus reset takes every function of the bus with it, so all of them must be one
//! guest's; [`Topology::reset_with`](crate::protocols::pci::topology::Topology::reset_with) says which. [`plan`] says the accesses one by one, with the times to wait as its argument.
//!
//! Not modelled: the vendor's own ways (only that one is wanted is said), and resets of slots and links.

use alloc::vec;
use alloc::vec::Vec;

use crate::protocols::pci::config::{ConfigSpace, Width};
use crate::protocols::pci::registers::{
    PCI_AF_CAP, PCI_AF_CAP_FLR, PCI_AF_CAP_TP, PCI_AF_CTRL, PCI_AF_CTRL_FLR, PCI_BRIDGE_CONTROL,
    PCI_BRIDGE_CTL_BUS_RESET, PCI_CAP_ID_AF, PCI_CAP_ID_EXP, PCI_CAP_ID_PM, PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_FLR,
    PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR, PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK,
};
use crate::words::ids::Bdf;

/// A way to reset a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResetMethod {
    /// PCI Express's function level reset.
    ExpressFlr,
    /// That of the advanced features.
    AdvancedFlr,
    /// Into D3hot and back.
    PowerState,
    /// Whatever the vendor has for it.
    Vendor,
    /// The bus that it stands on, with everything else there.
    SecondaryBus,
}

/// How long to wait after what, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// After a function level reset was started.
    pub flr: u64,
    /// After each change of the power state.
    pub power: u64,
    /// While the bus is held in reset.
    pub bus_held: u64,
    /// After it was let go.
    pub bus_released: u64,
}

impl Waits {
    /// xend's in 3.3.
    pub const XEND: Waits =
        Waits { flr: 200_000_000, power: 10_000_000, bus_held: 200_000_000, bus_released: 200_000_000 };
    /// The least that the specifications allow: 100 ms after a function level reset, 10 ms after D3hot, 1 ms of bus reset and
    /// 100 ms after it.
    pub const SPECIFIED: Waits =
        Waits { flr: 100_000_000, power: 10_000_000, bus_held: 1_000_000, bus_released: 100_000_000 };
}

/// One thing to do, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetStep {
    /// Keep the config space of what is going to be reset.
    Save,
    /// Write to the function's config space.
    Write {
        /// Where.
        offset: u16,
        /// How many bytes.
        width: Width,
        /// What.
        value: u32,
    },
    /// Write to the config space of the bridge in front of its bus.
    WriteBridge {
        /// Where.
        offset: u16,
        /// How many bytes.
        width: Width,
        /// What.
        value: u32,
    },
    /// Wait so many nanoseconds.
    Wait(u64),
    /// Do it the vendor's way.
    Vendor,
    /// Write back what was kept.
    Restore,
}

/// What xend 3.3 chooses for a function.
#[must_use]
pub fn choose(bdf: Bdf, config: &ConfigSpace) -> ResetMethod {
    let on_root_bus = bdf.bus() == 0;
    match config.find_capability(PCI_CAP_ID_EXP) {
        Some(at) if config.read_u32(at + PCI_EXP_DEVCAP) & PCI_EXP_DEVCAP_FLR != 0 => ResetMethod::ExpressFlr,
        Some(_) if on_root_bus => integrated(config),
        None if on_root_bus && has_advanced_flr(config) => ResetMethod::AdvancedFlr,
        None if on_root_bus => integrated(config),
        Some(_) | None => ResetMethod::SecondaryBus,
    }
}

/// xend wants to be able to ask whether requests are pending, too.
fn has_advanced_flr(config: &ConfigSpace) -> bool {
    let wanted = PCI_AF_CAP_TP | PCI_AF_CAP_FLR;
    config.find_capability(PCI_CAP_ID_AF).is_some_and(|at| config.read_u8(at + PCI_AF_CAP) & wanted == wanted)
}

/// A device in the chipset has no bus that could be reset alone. xend does not look whether a change of power resets it
/// ([`PCI_PM_CTRL_NO_SOFT_RESET`](crate::protocols::pci::registers::PCI_PM_CTRL_NO_SOFT_RESET)): one that keeps its registers keeps all that its guest left there.
fn integrated(config: &ConfigSpace) -> ResetMethod {
    match config.find_capability(PCI_CAP_ID_PM) {
        Some(_) => ResetMethod::PowerState,
        None => ResetMethod::Vendor,
    }
}

/// The steps of a method for a function. A method that the function does not have has none.
#[must_use]
pub fn plan(method: ResetMethod, config: &ConfigSpace, bridge: Option<&ConfigSpace>, waits: Waits) -> Vec<ResetStep> {
    let mut steps = match method {
        ResetMethod::ExpressFlr => config.find_capability(PCI_CAP_ID_EXP).map(|at| {
            let offset = at + PCI_EXP_DEVCTL;
            let value = u32::from(config.read_u16(offset) | PCI_EXP_DEVCTL_BCR_FLR);
            vec![ResetStep::Write { offset, width: Width::Word, value }, ResetStep::Wait(waits.flr)]
        }),
        ResetMethod::AdvancedFlr => config.find_capability(PCI_CAP_ID_AF).map(|at| {
            let (offset, value) = (at + PCI_AF_CTRL, PCI_AF_CTRL_FLR.into());
            vec![ResetStep::Write { offset, width: Width::Byte, value }, ResetStep::Wait(waits.flr)]
        }),
        ResetMethod::PowerState => config.find_capability(PCI_CAP_ID_PM).map(|at| {
            let offset = at + PCI_PM_CTRL;
            let awake = config.read_u16(offset) & !PCI_PM_CTRL_STATE_MASK;
            let write = |value: u16| ResetStep::Write { offset, width: Width::Word, value: value.into() };
            let wait = ResetStep::Wait(waits.power);
            vec![write(awake | PCI_PM_CTRL_STATE_MASK), wait, write(awake), wait]
        }),
        ResetMethod::Vendor => Some(vec![ResetStep::Vendor]),
        ResetMethod::SecondaryBus => bridge.map(|bridge| {
            let (offset, width) = (PCI_BRIDGE_CONTROL, Width::Word);
            let free = bridge.read_u16(offset) & !PCI_BRIDGE_CTL_BUS_RESET;
            let write = |value: u16| ResetStep::WriteBridge { offset, width, value: value.into() };
            let (held, released) = (ResetStep::Wait(waits.bus_held), ResetStep::Wait(waits.bus_released));
            vec![write(free | PCI_BRIDGE_CTL_BUS_RESET), held, write(free), released]
        }),
    }
    .unwrap_or_default();
    if !steps.is_empty() {
        steps.insert(0, ResetStep::Save);
        steps.push(ResetStep::Restore);
    }
    steps
}
