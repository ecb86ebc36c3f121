//! Where what lies in a config space: offsets and bits under Linux's names (`include/uapi/linux/pci_regs.h`, after the PCI
//! Local Bus and PCI Express base specifications).
//!
//! ```text
//!       0         1         2         3
//!   00  vendor ID           device ID
//!   04  command             status
//!   08  revision  class code (three bytes)
//!   0c  cacheline latency   header    BIST
//!   10  BAR 0 .. BAR 5, four bytes each
//!   28  cardbus CIS
//!   2c  subsystem vendor    subsystem ID
//!   30  ROM BAR
//!   34  cap ptr
//!   3c  int line  int pin   min gnt   max lat
//!   40  capabilities, linked by offset        100  extended capabilities, likewise
//! ```
//!
//! Not modelled: the type-2 header of cardbus bridges, and the windows of type-1 headers as more than plain bytes.

/// Vendor ID, two bytes. A function that is not there reads ones.
pub const PCI_VENDOR_ID: u16 = 0x00;
/// Device ID, two bytes.
pub const PCI_DEVICE_ID: u16 = 0x02;
/// Command register, two bytes.
pub const PCI_COMMAND: u16 = 0x04;
/// Status register, two bytes.
pub const PCI_STATUS: u16 = 0x06;
/// Revision in the lowest byte, class code in the three others.
pub const PCI_CLASS_REVISION: u16 = 0x08;
/// Cache line size in units of four bytes, one byte.
pub const PCI_CACHE_LINE_SIZE: u16 = 0x0C;
/// Latency timer, one byte.
pub const PCI_LATENCY_TIMER: u16 = 0x0D;
/// Header type, one byte; see [`PCI_HEADER_TYPE_MULTIFUNCTION`].
pub const PCI_HEADER_TYPE: u16 = 0x0E;
/// Built-in self test, one byte.
pub const PCI_BIST: u16 = 0x0F;
/// The first of six base address registers, four bytes each.
pub const PCI_BASE_ADDRESS_0: u16 = 0x10;
/// Subsystem vendor ID, two bytes.
pub const PCI_SUBSYSTEM_VENDOR_ID: u16 = 0x2C;
/// The ROM's base address register, four bytes.
pub const PCI_ROM_ADDRESS: u16 = 0x30;
/// Offset of the first capability, one byte.
pub const PCI_CAPABILITY_LIST: u16 = 0x34;
/// Interrupt line: a note of the firmware's for the system, one byte.
pub const PCI_INTERRUPT_LINE: u16 = 0x3C;
/// Interrupt pin: 0 none, 1 INTA to 4 INTD, one byte.
pub const PCI_INTERRUPT_PIN: u16 = 0x3D;

/// Type-1 header: the bus that the bridge stands on, one byte.
pub const PCI_PRIMARY_BUS: u16 = 0x18;
/// Type-1 header: the bus behind the bridge, one byte.
pub const PCI_SECONDARY_BUS: u16 = 0x19;
/// Type-1 header: the highest bus behind the bridge, one byte.
pub const PCI_SUBORDINATE_BUS: u16 = 0x1A;
/// Type-1 header: bridge control, two bytes.
pub const PCI_BRIDGE_CONTROL: u16 = 0x3E;
/// Bridge control: while set, everything behind the bridge is held in reset.
pub const PCI_BRIDGE_CTL_BUS_RESET: u16 = 1 << 6;

/// Command: answers in I/O space.
pub const PCI_COMMAND_IO: u16 = 1 << 0;
/// Command: answers in memory space.
pub const PCI_COMMAND_MEMORY: u16 = 1 << 1;
/// Command: may send requests of its own, interrupt messages too.
pub const PCI_COMMAND_MASTER: u16 = 1 << 2;
/// Command: listens to special cycles.
pub const PCI_COMMAND_SPECIAL: u16 = 1 << 3;
/// Command: may use memory write and invalidate.
pub const PCI_COMMAND_INVALIDATE: u16 = 1 << 4;
/// Command: snoops the VGA palette.
pub const PCI_COMMAND_VGA_PALETTE: u16 = 1 << 5;
/// Command: address stepping.
pub const PCI_COMMAND_WAIT: u16 = 1 << 7;
/// Command: fast back-to-back writes.
pub const PCI_COMMAND_FAST_BACK: u16 = 1 << 9;
/// Command: does not raise INTx.
pub const PCI_COMMAND_INTX_DISABLE: u16 = 1 << 10;

/// Status: there is a list of capabilities.
pub const PCI_STATUS_CAP_LIST: u16 = 1 << 4;
/// Status: the error bits, which writing ones clears.
pub const PCI_STATUS_ERRORS: u16 = 0xF900;

/// Header type: the device has more functions than function 0.
pub const PCI_HEADER_TYPE_MULTIFUNCTION: u8 = 1 << 7;
/// Header type of a bridge between PCI buses.
pub const PCI_HEADER_TYPE_BRIDGE: u8 = 1;

/// BIST: the function can test itself; without it nothing of the register can be written.
pub const PCI_BIST_CAPABLE: u8 = 1 << 7;
/// BIST: starts the test.
pub const PCI_BIST_START: u8 = 1 << 6;

/// Where a capability may begin at all: behind the header.
pub const PCI_STD_HEADER_SIZEOF: u16 = 0x40;
/// Where the extended capabilities begin.
pub const PCI_CFG_SPACE_SIZE: u16 = 0x100;
/// The end of an express function's config space.
pub const PCI_CFG_SPACE_EXP_SIZE: u16 = 0x1000;

/// Capability: power management.
pub const PCI_CAP_ID_PM: u8 = 0x01;
/// Capability: vital product data.
pub const PCI_CAP_ID_VPD: u8 = 0x03;
/// Capability: message signalled interrupts.
pub const PCI_CAP_ID_MSI: u8 = 0x05;
/// Capability: the vendor's own.
pub const PCI_CAP_ID_VNDR: u8 = 0x09;
/// Capability: PCI Express.
pub const PCI_CAP_ID_EXP: u8 = 0x10;
/// Capability: message signalled interrupts with a table.
pub const PCI_CAP_ID_MSIX: u8 = 0x11;
/// Capability: express features of a conventional function.
pub const PCI_CAP_ID_AF: u8 = 0x13;

/// Extended capability: access control services.
pub const PCI_EXT_CAP_ID_ACS: u16 = 0x0D;
/// Extended capability: address translation services.
pub const PCI_EXT_CAP_ID_ATS: u16 = 0x0F;
/// Extended capability: single root I/O virtualization.
pub const PCI_EXT_CAP_ID_SRIOV: u16 = 0x10;

/// PM: capabilities, two bytes.
pub const PCI_PM_PMC: u16 = 2;
/// PM: which states can wake the system, a field of the capabilities.
pub const PCI_PM_CAP_PME_MASK: u16 = 0xF800;
/// PM: control and status, two bytes.
pub const PCI_PM_CTRL: u16 = 4;
/// PM control: the power state, 0 for D0 to 3 for D3hot.
pub const PCI_PM_CTRL_STATE_MASK: u16 = 3;
/// PM control: coming back from D3hot does not reset.
pub const PCI_PM_CTRL_NO_SOFT_RESET: u16 = 1 << 3;
/// PM control: may wake the system.
pub const PCI_PM_CTRL_PME_ENABLE: u16 = 1 << 8;
/// PM control: which datum the data register shows.
pub const PCI_PM_CTRL_DATA_SEL_MASK: u16 = 0x1E00;
/// PM control: has woken the system; writing one clears it.
pub const PCI_PM_CTRL_PME_STATUS: u16 = 1 << 15;
/// Bytes of the PM capability.
pub const PCI_PM_SIZEOF: u16 = 8;

/// VPD: address and flag, two bytes.
pub const PCI_VPD_ADDR: u16 = 2;
/// VPD address: set by whoever asked for a write, by the device when a read is ready.
pub const PCI_VPD_ADDR_F: u16 = 1 << 15;
/// VPD: data, four bytes.
pub const PCI_VPD_DATA: u16 = 4;

/// PCIe: device capabilities, four bytes.
pub const PCI_EXP_DEVCAP: u16 = 4;
/// PCIe device capabilities: function level reset.
pub const PCI_EXP_DEVCAP_FLR: u32 = 1 << 28;
/// PCIe: device control, two bytes.
pub const PCI_EXP_DEVCTL: u16 = 8;
/// PCIe device control: starts a function level reset, and always reads 0.
pub const PCI_EXP_DEVCTL_BCR_FLR: u16 = 1 << 15;
/// PCIe device control after a reset: payload 128 bytes, reads of 512 bytes, relaxed ordering and no snoop allowed.
pub const PCI_EXP_DEVCTL_INIT: u16 = 0x2810;
/// PCIe: device status, two bytes.
pub const PCI_EXP_DEVSTA: u16 = 10;
/// PCIe device status: the error bits, which writing ones clears.
pub const PCI_EXP_DEVSTA_ERRORS: u16 = 0xF;
/// PCIe device status: requests of its own are still unanswered.
pub const PCI_EXP_DEVSTA_TRPND: u16 = 1 << 5;

/// AF: capabilities, one byte.
pub const PCI_AF_CAP: u16 = 3;
/// AF capabilities: transactions pending can be read.
pub const PCI_AF_CAP_TP: u8 = 1 << 0;
/// AF capabilities: function level reset.
pub const PCI_AF_CAP_FLR: u8 = 1 << 1;
/// AF: control, one byte.
pub const PCI_AF_CTRL: u16 = 4;
/// AF control: starts a function level reset, and always reads 0.
pub const PCI_AF_CTRL_FLR: u8 = 1 << 0;
/// Bytes of the AF capability.
pub const PCI_AF_SIZEOF: u16 = 6;

/// ACS: what the port can do, two bytes.
pub const PCI_ACS_CAP: u16 = 4;
/// ACS: what it is told to do, two bytes, with the same bits.
pub const PCI_ACS_CTRL: u16 = 6;
/// ACS: source validation: the requester's bus must lie behind the port.
pub const PCI_ACS_SV: u16 = 1 << 0;
/// ACS: translation blocking: no request may claim that its address is translated.
pub const PCI_ACS_TB: u16 = 1 << 1;
/// ACS: requests to a sibling go up instead.
pub const PCI_ACS_RR: u16 = 1 << 2;
/// ACS: completions to a sibling go up instead.
pub const PCI_ACS_CR: u16 = 1 << 3;
/// ACS: what was redirected further down goes on upwards.
pub const PCI_ACS_UF: u16 = 1 << 4;
/// ACS: translated requests go straight to the sibling all the same.
pub const PCI_ACS_DT: u16 = 1 << 6;
/// What Xen sets where it is offered (`pci_enable_acs` in `xen/drivers/passthrough/pci.c`).
pub const PCI_ACS_XEN: u16 = PCI_ACS_SV | PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_UF;

/// ATS: capabilities, two bytes: 4:0 how many invalidations it queues, 0 for 32.
pub const PCI_ATS_CAP: u16 = 4;
/// ATS: control, two bytes.
pub const PCI_ATS_CTRL: u16 = 6;
