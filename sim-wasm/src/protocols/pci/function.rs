//! A function on the bus: its config space, its table of messages, and what writes set going.
//!
//! ```text
//!   DevCtl bit 15, AF control bit 0 ──┐
//!   D3hot to D0 without "no soft reset"├──► registers as after a reset, silent for a while ──► as new
//!   bridge control bit 6 of its bridge ┘
//! ```
//!
//! [`Function::read`] and [`Function::write`] are the bus's accesses; time is an argument. While a function resets, its config
//! space reads ones and takes no write. In D3hot it answers config accesses only.
//!
//! Not modelled: how long a particular device takes (it is silent for the time that software must grant it), retry
//! completions, D1, D2 and D3cold.

use crate::hypervisor::message::Message;
use crate::protocols::pci::bar::{Region, decoded};
use crate::protocols::pci::config::{ConfigSpace, Width};
use crate::protocols::pci::msi::Msi;
use crate::protocols::pci::msix::{self, MsixMemory, MsixShape};
use crate::protocols::pci::registers::{
    PCI_AF_CAP, PCI_AF_CAP_FLR, PCI_AF_CTRL, PCI_AF_CTRL_FLR, PCI_CAP_ID_AF, PCI_CAP_ID_EXP, PCI_CAP_ID_PM,
    PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_FLR, PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR, PCI_EXP_DEVSTA, PCI_EXP_DEVSTA_TRPND,
    PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET, PCI_PM_CTRL_STATE_MASK,
};
use crate::protocols::pci::sriov::{PCI_SRIOV_NUM_VF, Sriov};
use crate::words::ids::Bdf;
use crate::words::time::Time;

/// How long a function may take for a function level reset, in nanoseconds.
pub const FLR_NANOS: u64 = 100_000_000;
/// How long a function may take from D3hot to D0, in nanoseconds.
pub const D3HOT_NANOS: u64 = 10_000_000;
/// The power state in which a function keeps nothing but its config space.
const D3HOT: u16 = 3;

/// What reset a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResetCause {
    /// PCI Express's function level reset.
    ExpressFlr,
    /// That of the advanced features.
    AdvancedFlr,
    /// From D3hot to D0.
    PowerState,
    /// Its bus.
    Bus,
}

/// A write to a config space that reaches the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HardwareWrite {
    /// Where.
    pub offset: u16,
    /// How many bytes.
    pub width: Width,
    /// What.
    pub value: u32,
}

/// One function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Where it is.
    pub bdf: Bdf,
    /// Its config space, for the device itself; the bus goes through [`Function::read`] and [`Function::write`].
    pub config: ConfigSpace,
    /// Its table of messages, if it has one.
    pub msix: Option<MsixMemory>,
    silent_until: Time,
    resets: u32,
}

impl Function {
    /// A function with this config space.
    #[must_use]
    pub fn new(bdf: Bdf, config: ConfigSpace) -> Function {
        let msix = MsixShape::of(&config).map(MsixMemory::new);
        Function { bdf, config, msix, silent_until: Time::ZERO, resets: 0 }
    }

    /// A read by the bus.
    ///
    /// # Panics
    /// If the access is not aligned: no bus carries it.
    #[must_use]
    pub fn read(&self, now: Time, offset: u16, width: Width) -> u32 {
        if self.is_silent(now) { width.ones() } else { self.config.read(offset, width) }
    }

    /// A write by the bus, and what it reset.
    ///
    /// # Panics
    /// If the access is not aligned: no bus carries it.
    pub fn write(&mut self, now: Time, offset: u16, width: Width, value: u32) -> Option<ResetCause> {
        if self.is_silent(now) || self.is_shut(offset) {
            return None;
        }
        let power_before = self.power_state();
        self.config.write(offset, width, value);
        let cause = self.reset_asked(power_before, HardwareWrite { offset, width, value })?;
        let nanos = if cause == ResetCause::PowerState { D3HOT_NANOS } else { FLR_NANOS };
        self.reset(now + nanos);
        Some(cause)
    }

    /// Whether it sends nothing any more: it may not, and nothing of it is unanswered.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        let express = self.config.find_capability(PCI_CAP_ID_EXP);
        let pending = express.is_some_and(|at| self.config.read_u16(at + PCI_EXP_DEVSTA) & PCI_EXP_DEVSTA_TRPND != 0);
        !self.config.masters_bus() && !pending
    }

    /// The function's bus is reset: silent for as long as the bus is, and as new afterwards.
    pub fn bus_reset(&mut self, until: Time) {
        self.reset(until);
    }

    /// Whether it does not answer yet.
    #[must_use]
    pub fn is_silent(&self, now: Time) -> bool {
        now < self.silent_until
    }

    /// How often it was reset.
    #[must_use]
    pub const fn resets(&self) -> u32 {
        self.resets
    }

    /// The power state, 0 for D0 to 3 for D3hot.
    #[must_use]
    pub fn power_state(&self) -> u8 {
        let at = self.config.find_capability(PCI_CAP_ID_PM);
        at.map_or(0, |at| (self.config.read_u16(at + PCI_PM_CTRL) & PCI_PM_CTRL_STATE_MASK) as u8)
    }

    /// Whether it may send requests now.
    #[must_use]
    pub fn may_send(&self, now: Time) -> bool {
        !self.is_silent(now) && self.power_state() == 0 && self.config.masters_bus()
    }

    /// Which of its regions an address belongs to, if it answers.
    #[must_use]
    pub fn answers(&self, now: Time, address: u64) -> Option<Region> {
        let awake = !self.is_silent(now) && self.power_state() == 0;
        decoded(&self.config).find(|region| awake && region.contains(address))
    }

    /// The function wants attention by a vector: the message that leaves it, by MSI-X if that is on, else by MSI.
    pub fn signal(&mut self, now: Time, vector: u16) -> Option<Message> {
        if !self.may_send(now) {
            return None;
        }
        match &mut self.msix {
            Some(memory) if msix::is_enabled(&self.config) => memory.signal(&self.config, vector),
            Some(_) | None => Msi::signal(&mut self.config, vector as u8),
        }
    }

    /// While virtual functions exist, their number stays as it is.
    fn is_shut(&self, offset: u16) -> bool {
        Sriov::of(&self.config).is_some_and(|sriov| sriov.enabled && offset & !1 == sriov.at + PCI_SRIOV_NUM_VF)
    }

    fn reset_asked(&self, power_before: u8, write: HardwareWrite) -> Option<ResetCause> {
        let config = &self.config;
        let flr = config.find_capability(PCI_CAP_ID_EXP).filter(|at| {
            config.read_u32(at + PCI_EXP_DEVCAP) & PCI_EXP_DEVCAP_FLR != 0
                && write.bits(at + PCI_EXP_DEVCTL) & PCI_EXP_DEVCTL_BCR_FLR != 0
        });
        if flr.is_some() {
            return Some(ResetCause::ExpressFlr);
        }
        let advanced = config.find_capability(PCI_CAP_ID_AF).filter(|at| {
            config.read_u8(at + PCI_AF_CAP) & PCI_AF_CAP_FLR != 0
                && write.bits(at + PCI_AF_CTRL) & u16::from(PCI_AF_CTRL_FLR) != 0
        });
        if advanced.is_some() {
            return Some(ResetCause::AdvancedFlr);
        }
        let power = config.find_capability(PCI_CAP_ID_PM)?;
        let resets = config.read_u16(power + PCI_PM_CTRL) & PCI_PM_CTRL_NO_SOFT_RESET == 0;
        let woken = u16::from(power_before) == D3HOT && self.power_state() == 0;
        (woken && resets).then_some(ResetCause::PowerState)
    }

    fn reset(&mut self, until: Time) {
        self.config.reset();
        if let Some(msix) = &mut self.msix {
            msix.reset();
        }
        self.silent_until = until;
        self.resets += 1;
    }
}

impl HardwareWrite {
    /// The bits that it writes to two bytes.
    fn bits(self, register: u16) -> u16 {
        let bytes = self.value.to_le_bytes();
        let byte = |at: u16| {
            let place = at.checked_sub(self.offset).filter(|&place| place < self.width.bytes());
            place.map_or(0, |place| u16::from(bytes[usize::from(place)]))
        };
        byte(register) | byte(register + 1) << 8
    }
}
