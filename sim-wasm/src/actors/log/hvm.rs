//! An HVM guest: its exits, its I/O requests, its emulated and assigned devices, its interrupts.
//!
//! Not modelled: accesses that cause no exit; they change nothing but the device.

use crate::actors::log::Who;
use crate::hypervisor::vm_exits::ExitReason;

/// Events of an HVM guest. A state is the number of a [state](crate::protocols::ioreq::IoState); an address is a port or the
/// low half of a guest-physical address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the line above each variant names its numbers")]
pub enum Hvm {
    /// A vCPU left guest mode; `at` is the port or address of its access.
    Exited { reason: ExitReason, at: u32 },
    /// Xen wrote a request into a vCPU's slot, rang the device model and blocked the vCPU.
    RequestPosted { vcpu: u8, addr: u32, size: u8, reads: bool },
    /// Xen put a write into the buffered page; so many slots wait there now.
    WriteBuffered { addr: u32, waiting: u32, notify: bool },
    /// The buffered page had no room.
    BufferFull { waiting: u32 },
    /// The device model took a request.
    RequestTaken { vcpu: u8, addr: u32 },
    /// The device model looked into a slot that was in another state.
    NotReady { vcpu: u8, state: u8 },
    /// A request named a port beyond the last one.
    PortOutOfRange { addr: u32, clamped: bool },
    /// The device model took a buffered write.
    BufferedTaken { addr: u32, left: u32 },
    /// The device model wrote its answer and rang.
    RequestAnswered { vcpu: u8, data: u32, reads: bool },
    /// The device model wanted to answer, and the slot was no longer in service.
    NotInService { vcpu: u8, state: u8 },
    /// The vCPU runs again; without an answer if somebody emptied its slot.
    VcpuResumed { vcpu: u8, answered: bool },
    /// Xen found a slot in a state that cannot be, and crashed the domain.
    DomainCrashed { vcpu: u8, before: u8, found: u8 },
    /// Xen executed the guest's access to a port at the machine's port.
    PortTranslated { guest: u16, machine: u16, reads: bool },
    /// The guest wrote to the config space of its real device; `passed` are the bits of which hardware got the value.
    ConfigWritten { offset: u16, value: u32, passed: u32 },
    /// A BAR became visible at a page of the guest's; so many pages of it are trapped for the MSI-X table.
    BarMapped { bar: u8, page: u32, frame: u32, trapped: u16 },
    /// A BAR is no longer visible.
    BarUnmapped { bar: u8, page: u32 },
    /// A BAR lies above 4 GiB, and the device model does not map it.
    BarIgnored { bar: u8 },
    /// The guest touched a BAR that the device does not answer any more.
    UnsupportedRequest,
    /// The guest wrote to the trapped table; a bound entry is in use from now on.
    TableWritten { entry: u32, bound: bool },
    /// The guest wrote behind the end of the trapped table.
    TableOverrun { entry: u32, refused: bool },
    /// A real device became another domain's, at rest or with requests of its own still to come.
    OwnerChanged { owner: u16, rests: bool },
    /// Xen asserted a virtual line; so many of the machine's line wait for the guest now.
    IntxAsserted { gsi: u8, link: u8, pending: u32 },
    /// The guest's end of interrupt lowered a virtual line.
    IntxDeasserted { gsi: u8, pending: u32 },
    /// Xen ended the interrupt at the machine's line; late if the guest never answered.
    PhysicalEoi { irq: u8, late: bool },
    /// One of the machine's interrupts by message stands for a vector of the guest's.
    MsiBound { pirq: u16, vector: u8 },
    /// A message arrived and the guest was given its vector.
    MsiInjected { vector: u8, dest: u8 },
    /// The guest sent emulated devices away.
    Unplugged { mask: u16, devices: u8 },
    /// One of a disk's two ways read what is no longer true.
    StaleRead { sector: u32, split: bool },
    /// The device model wrote old data over newer.
    SectorLost { sector: u32 },
    /// An emulated card took a packet out of the guest's memory.
    FrameFetched { bytes: u32, descriptor: u8 },
    /// The device model handed a packet to dom0's network, through the tap device.
    FrameTapped { bytes: u32 },
    /// An emulated card put a packet into the guest's receive ring.
    FrameStored { bytes: u32 },
    /// An emulated card had no room, or was not told to receive.
    FrameMissed { bytes: u32 },
    /// The device model raised or lowered an emulated card's line.
    LineSet { gsi: u8, high: bool },
    /// The device model looked at the buffered writes: its timer was due, or it was notified.
    BufferLooked { waiting: u32, timer: bool },
}

impl Hvm {
    /// Who did it.
    #[must_use]
    pub const fn who(&self) -> Who {
        match self {
            Self::Exited { .. } => Who::Guest,
            Self::UnsupportedRequest => Who::Hardware,
            Self::RequestPosted { .. }
            | Self::WriteBuffered { .. }
            | Self::BufferFull { .. }
            | Self::VcpuResumed { .. }
            | Self::DomainCrashed { .. }
            | Self::PortTranslated { .. }
            | Self::OwnerChanged { .. }
            | Self::IntxAsserted { .. }
            | Self::IntxDeasserted { .. }
            | Self::PhysicalEoi { .. }
            | Self::MsiBound { .. }
            | Self::MsiInjected { .. } => Who::Xen,
            Self::RequestTaken { .. }
            | Self::NotReady { .. }
            | Self::PortOutOfRange { .. }
            | Self::BufferedTaken { .. }
            | Self::RequestAnswered { .. }
            | Self::NotInService { .. }
            | Self::ConfigWritten { .. }
            | Self::BarMapped { .. }
            | Self::BarUnmapped { .. }
            | Self::BarIgnored { .. }
            | Self::TableWritten { .. }
            | Self::TableOverrun { .. }
            | Self::Unplugged { .. }
            | Self::StaleRead { .. }
            | Self::SectorLost { .. }
            | Self::FrameFetched { .. }
            | Self::FrameTapped { .. }
            | Self::FrameStored { .. }
            | Self::FrameMissed { .. }
            | Self::LineSet { .. }
            | Self::BufferLooked { .. } => Who::Dom0,
        }
    }

    /// Whether an event channel rang.
    #[must_use]
    pub const fn rings(&self) -> bool {
        matches!(
            self,
            Self::RequestPosted { .. } | Self::RequestAnswered { .. } | Self::WriteBuffered { notify: true, .. }
        )
    }

    /// Whether something was refused or broken.
    #[must_use]
    pub const fn fails(&self) -> bool {
        matches!(
            self,
            Self::BufferFull { .. }
                | Self::NotReady { .. }
                | Self::PortOutOfRange { .. }
                | Self::NotInService { .. }
                | Self::VcpuResumed { answered: false, .. }
                | Self::DomainCrashed { .. }
                | Self::BarIgnored { .. }
                | Self::UnsupportedRequest
                | Self::TableOverrun { .. }
                | Self::OwnerChanged { owner: 0, rests: false }
                | Self::PhysicalEoi { late: true, .. }
                | Self::StaleRead { .. }
                | Self::SectorLost { .. }
                | Self::FrameMissed { .. }
        )
    }
}
