//! One register as a guest sees it: what a read gives, and what a write may do.
//!
//! Sources: `conf_space_header.c` and `conf_space_capability*.c` of `drivers/xen/pciback` in linux-2.6.18-xen and of
//! `drivers/xen/xen-pciback` in mainline Linux.
//!
//! Not modelled: see the list of [`overlay`](crate::actors::pciback::overlay).

use crate::actors::pciback::host::{Hardware, HostDevice};
use crate::actors::pciback::overlay::{Generation, OverlaySettings};
use crate::protocols::pci::config::Width;
use crate::protocols::pci::msi::PCI_MSI_FLAGS_ENABLE;
use crate::protocols::pci::msix::{PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE, PCI_MSIX_FLAGS_MASKALL};
use crate::protocols::pci::registers::{
    PCI_BIST_START, PCI_CAP_ID_MSI, PCI_CAP_ID_MSIX, PCI_COMMAND, PCI_COMMAND_FAST_BACK, PCI_COMMAND_INTX_DISABLE,
    PCI_COMMAND_INVALIDATE, PCI_COMMAND_IO, PCI_COMMAND_MASTER, PCI_COMMAND_MEMORY, PCI_COMMAND_SPECIAL,
    PCI_COMMAND_VGA_PALETTE, PCI_COMMAND_WAIT, PCI_PM_CAP_PME_MASK, PCI_PM_CTRL_DATA_SEL_MASK, PCI_PM_CTRL_PME_STATUS,
    PCI_PM_CTRL_STATE_MASK, PCI_VPD_ADDR_F,
};
use crate::protocols::pciif::XEN_PCI_ERR_ACCESS_DENIED;

/// The command bits that a permissive guest may change, and that it reads from the device (`PCI_COMMAND_GUEST`).
pub(super) const PCI_COMMAND_GUEST: u16 = PCI_COMMAND_MASTER
    | PCI_COMMAND_SPECIAL
    | PCI_COMMAND_INVALIDATE
    | PCI_COMMAND_VGA_PALETTE
    | PCI_COMMAND_WAIT
    | PCI_COMMAND_FAST_BACK;

/// The power bits that a guest may change (`PM_OK_BITS`): not those that wake the machine, which others share.
const PM_OK_BITS: u16 = PCI_PM_CTRL_PME_STATUS | PCI_PM_CTRL_DATA_SEL_MASK;

/// A register that is not simply dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) offset: u16,
    pub(super) width: Width,
    pub(super) kind: FieldKind,
}

/// What a register is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldKind {
    /// Vendor ID as dom0 knows it.
    Vendor,
    /// Device ID as dom0 knows it.
    Device,
    /// The command register.
    Command,
    /// The interrupt's number in dom0.
    IrqLine,
    /// The device's, and writes are ignored.
    ReadOnly,
    /// The device's, read and written.
    Direct,
    /// Self test.
    Bist,
    /// A BAR.
    Bar(Bar),
    /// Where in the vital product data.
    VpdAddress,
    /// Power capabilities.
    PmCaps,
    /// Power state.
    PmControl,
    /// Control of MSI.
    MsiFlags,
    /// Control of MSI-X.
    MsixFlags,
}

/// A BAR that only looks like one (`struct pci_bar_info`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bar {
    /// What it was when the device was seized.
    pub(super) val: u32,
    /// What it reads after ones were written.
    pub(super) len_val: u32,
    /// Bits that a write may leave out and still ask for the size.
    pub(super) low_bits: u32,
    /// Exactly this asks for the size as well.
    pub(super) ones: u32,
    /// Whether the guest has asked.
    pub(super) which: bool,
}

impl Bar {
    /// `bar_write`, `rom_write`: ones ask for the size, and the true value may be written back to a device that lost it.
    fn write(&mut self, hardware: &mut Hardware<'_>, offset: u16, value: u32) {
        self.which = value | self.low_bits == u32::MAX || value == self.ones;
        let lost = || hardware.read(offset, Width::Dword) != self.val;
        if !self.which && value == self.val && lost() {
            hardware.write(offset, Width::Dword, self.val);
        }
    }
}

/// What a field works with during one call.
pub(super) struct FieldCall<'call> {
    pub(super) hardware: Hardware<'call>,
    pub(super) host: &'call mut HostDevice,
    pub(super) settings: &'call OverlaySettings,
    /// The command register as the guest wrote it.
    pub(super) command: &'call mut u16,
}

impl Field {
    /// What the guest reads.
    pub(super) fn read(&self, call: &mut FieldCall<'_>) -> u32 {
        let real = || call.hardware.read(self.offset, self.width);
        match self.kind {
            FieldKind::Vendor => call.host.ids.0.into(),
            FieldKind::Device => call.host.ids.1.into(),
            FieldKind::Command => match call.settings.generation {
                Generation::Classic => real(),
                Generation::Modern => u32::from(real() as u16 & PCI_COMMAND_GUEST | *call.command & !PCI_COMMAND_GUEST),
            },
            FieldKind::IrqLine => call.host.irq.into(),
            FieldKind::Bar(bar) if bar.which => bar.len_val,
            FieldKind::Bar(bar) => bar.val,
            FieldKind::PmCaps => u32::from(real() as u16 & !PCI_PM_CAP_PME_MASK),
            FieldKind::ReadOnly
            | FieldKind::Direct
            | FieldKind::Bist
            | FieldKind::VpdAddress
            | FieldKind::PmControl
            | FieldKind::MsiFlags
            | FieldKind::MsixFlags => real(),
        }
    }

    /// What a guest's write does, and its error.
    pub(super) fn write(&mut self, call: &mut FieldCall<'_>, value: u32) -> i32 {
        let Field { offset, width, .. } = *self;
        match &mut self.kind {
            FieldKind::Vendor | FieldKind::Device | FieldKind::IrqLine | FieldKind::ReadOnly | FieldKind::PmCaps => 0,
            FieldKind::Command => {
                match call.settings.generation {
                    Generation::Classic => command_write_classic(call, value as u16),
                    Generation::Modern => command_write(call, value as u16),
                }
                0
            }
            FieldKind::Direct => {
                call.hardware.write(offset, width, value);
                0
            }
            FieldKind::Bist => {
                let (now, value) = (call.hardware.read(offset, Width::Byte) as u8, value as u8);
                if now & !PCI_BIST_START == value & !PCI_BIST_START || value == PCI_BIST_START {
                    call.hardware.write(offset, Width::Byte, value.into());
                }
                0
            }
            FieldKind::Bar(bar) => {
                bar.write(&mut call.hardware, offset, value);
                0
            }
            FieldKind::VpdAddress if value as u16 & PCI_VPD_ADDR_F != 0 => XEN_PCI_ERR_ACCESS_DENIED,
            FieldKind::VpdAddress => {
                call.hardware.write_u16(offset, value as u16);
                0
            }
            FieldKind::PmControl => pm_ctrl_write(call, offset, value as u16),
            FieldKind::MsiFlags => flags_write(call, offset, value as u16, Flags::MSI),
            FieldKind::MsixFlags => flags_write(call, offset, value as u16, Flags::MSIX),
        }
    }
}

const fn is_enable_cmd(value: u16) -> bool {
    value & (PCI_COMMAND_MEMORY | PCI_COMMAND_IO) != 0
}

/// The classic `command_write`: dom0's bookkeeping follows the guest, and then the guest's value goes to the device as it is.
fn command_write_classic(call: &mut FieldCall<'_>, value: u16) {
    let FieldCall { hardware, host, .. } = call;
    if !host.is_enabled && is_enable_cmd(value) {
        host.enable(hardware);
    } else if host.is_enabled && !is_enable_cmd(value) {
        host.disable(hardware);
    }
    if !host.is_busmaster && value & PCI_COMMAND_MASTER != 0 {
        host.set_master(hardware);
    }
    let refused = value & PCI_COMMAND_INVALIDATE != 0 && !host.set_mwi(hardware);
    hardware.write_u16(PCI_COMMAND, if refused { value & !PCI_COMMAND_INVALIDATE } else { value });
}

/// Today's `command_write`: the guest's value stays with dom0, and the device gets what dom0's own functions write.
fn command_write(call: &mut FieldCall<'_>, value: u16) {
    let FieldCall { hardware, host, settings, command } = call;
    let mut value = value;
    if !host.is_enabled && is_enable_cmd(value) {
        host.enable(hardware);
    } else if host.is_enabled && !is_enable_cmd(value) {
        host.disable(hardware);
    }
    let master = value & PCI_COMMAND_MASTER != 0;
    if !host.is_busmaster && master {
        host.set_master(hardware);
    } else if host.is_busmaster && !master {
        host.clear_master(hardware);
    }
    let turned = (**command ^ value) & PCI_COMMAND_INVALIDATE != 0;
    if turned && value & PCI_COMMAND_INVALIDATE != 0 {
        if !host.set_mwi(hardware) {
            value &= !PCI_COMMAND_INVALIDATE;
        }
    } else if turned {
        host.clear_mwi(hardware);
    }
    if settings.allow_interrupt_control && (**command ^ value) & PCI_COMMAND_INTX_DISABLE != 0 {
        host.intx(hardware, value & PCI_COMMAND_INTX_DISABLE == 0);
    }
    **command = value;
    if !settings.permissive {
        return;
    }
    let real = hardware.read_u16(PCI_COMMAND);
    if real != value {
        hardware.write_u16(PCI_COMMAND, value & PCI_COMMAND_GUEST | real & !PCI_COMMAND_GUEST);
    }
}

/// `pm_ctrl_write`: the state goes through dom0, and of the rest only what nobody else shares.
fn pm_ctrl_write(call: &mut FieldCall<'_>, offset: u16, value: u16) -> i32 {
    let old = call.hardware.read_u16(offset);
    if old & PM_OK_BITS != value & PM_OK_BITS {
        call.hardware.write_u16(offset, old & !PM_OK_BITS | value & PM_OK_BITS);
    }
    let done = call.host.set_power_state(&mut call.hardware, value & PCI_PM_CTRL_STATE_MASK);
    if done { 0 } else { XEN_PCI_ERR_ACCESS_DENIED }
}

/// Which bits of a control register are the enable bit and which may be changed (`struct msi_msix_field_config`).
#[derive(Clone, Copy, PartialEq, Eq)]
struct Flags {
    enable_bit: u16,
    allowed_bits: u16,
    kind: u8,
}

const INTX: u8 = 1;
const MSI: u8 = 2;
const MSIX: u8 = 4;

impl Flags {
    const MSI: Flags = Flags { enable_bit: PCI_MSI_FLAGS_ENABLE, allowed_bits: PCI_MSI_FLAGS_ENABLE, kind: MSI };
    const MSIX: Flags = Flags {
        enable_bit: PCI_MSIX_FLAGS_ENABLE,
        allowed_bits: PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL,
        kind: MSIX,
    };
}

/// `msi_msix_flags_write`: a device model's guest may turn one kind of interrupt on, and only if no other is.
fn flags_write(call: &mut FieldCall<'_>, offset: u16, value: u16, flags: Flags) -> i32 {
    let old = call.hardware.read_u16(offset);
    if !call.settings.permissive {
        if value == old {
            return 0;
        }
        if !call.settings.allow_interrupt_control || (value ^ old) & !flags.allowed_bits != 0 {
            return XEN_PCI_ERR_ACCESS_DENIED;
        }
        let others = interrupt_type(&call.hardware) & !flags.kind;
        if value & flags.enable_bit != 0 && others != 0 {
            return XEN_PCI_ERR_ACCESS_DENIED;
        }
    }
    call.hardware.write_u16(offset, value);
    0
}

/// Which kinds of interrupts are on, by the device's registers (`xen_pcibk_get_interrupt_type`).
fn interrupt_type(hardware: &Hardware<'_>) -> u8 {
    let config = &hardware.function.config;
    let is_on =
        |id, bit| config.find_capability(id).is_some_and(|at| hardware.read_u16(at + PCI_MSIX_FLAGS) & bit != 0);
    let bits = [
        (INTX, hardware.read_u16(PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE == 0),
        (MSI, is_on(PCI_CAP_ID_MSI, PCI_MSI_FLAGS_ENABLE)),
        (MSIX, is_on(PCI_CAP_ID_MSIX, PCI_MSIX_FLAGS_ENABLE)),
    ];
    bits.into_iter().filter(|(_, on)| *on).fold(0, |all, (bit, _)| all | bit)
}
