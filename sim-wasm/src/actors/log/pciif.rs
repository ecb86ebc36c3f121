//! PCI pass-through for PV guests: the requests of pcifront, what pciback makes of them, and devices that come and go.
//!
//! Not modelled: what a driver of the guest does with its device once it has it.

use crate::actors::log::Who;
use crate::words::ids::{Bdf, DomId};

/// Who writes the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Writer {
    /// The toolstack.
    Toolstack,
    /// pciback.
    Back,
    /// pcifront.
    Front,
}

/// Events of pass-through by pcifront and pciback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the line above each variant names its numbers")]
pub enum Pciif {
    /// pcifront wrote a request, set bit 0 and notified; `cmd` is a number of `XEN_PCI_OP_*`.
    RequestPosted { cmd: u8, place: Bdf, offset: i32, value: u32 },
    /// pcifront found bit 0 clear and took error and value.
    AnswerTaken { err: i32, value: u32 },
    /// pcifront waited too long, so many nanoseconds, and cleared bit 0 itself.
    GaveUp { nanos: u64 },
    /// pciback found bit 0 set and put its work down for later.
    RequestQueued,
    /// A read of the config space was answered with `value`, where the device has `real`.
    ConfigRead { offset: u16, value: u32, real: u32 },
    /// A write to the config space succeeded, and so many writes to the device came of it.
    ConfigWritten { offset: u16, value: u32, reached: u32 },
    /// A write to the config space succeeded and was dropped; `warned` if pciback noted it in its kernel's log.
    WriteDropped { offset: u16, value: u32, warned: bool },
    /// A request was refused.
    RequestRefused { err: i32 },
    /// pciback turned message signalled interrupts on, so many, the first of which is this physical interrupt.
    MessagesEnabled { count: u32, pirq: u16 },
    /// pciback turned message signalled interrupts off.
    MessagesDisabled,
    /// pciback worked with something else than what it had checked, since the guest changed it meanwhile.
    RequestChanged { checked: u32, used: u32 },
    /// The guest asked for interrupts in an order that the kernel does not bear, and pciback did not look.
    OrderUnchecked { cmd: u8 },
    /// pciback wrote error and value, cleared bit 0 and notified.
    Answered { err: i32, value: u32 },
    /// It answered a request that pcifront had given up, into the place of another one.
    AnsweredLate { value: u32 },
    /// pciback reported an error to the guest by bit 2.
    ErrorReported { cmd: u8, place: Bdf },
    /// pcifront found bit 2 set after a request of its own: the event was eaten by waiting.
    ErrorFoundBeside,
    /// pcifront's driver answered a report.
    ErrorHandled { result: i32 },
    /// pciback gave a device to the guest and said where the guest will see it.
    DeviceExported { real: Bdf, shown: Bdf },
    /// pciback could not; a negative errno.
    ExportFailed { real: Bdf, errno: i16 },
    /// pciback took a device back.
    DeviceReleased { real: Bdf },
    /// A device was reset, so that nothing of its guest stays in it.
    DeviceReset { real: Bdf },
    /// pcifront found a device.
    DeviceFound { place: Bdf, vendor: u16, device: u16 },
    /// pcifront took the addresses of a BAR as they are.
    BarClaimed { place: Bdf, index: u8, base: u64 },
    /// pcifront removed a device.
    DeviceRemoved { place: Bdf },
    /// One half, or the toolstack for one, wrote a state of `enum xenbus_state`.
    StateWritten { by: Writer, state: u8 },
    /// The state of one device of the list was written.
    DeviceStateWritten { by: Writer, index: u16, state: u8 },
    /// The magic words of the two halves differ.
    MagicDiffers,
    /// Xen gave a device to another domain.
    OwnerChanged { device: Bdf, owner: DomId },
}

impl Pciif {
    /// Who did it.
    #[must_use]
    pub const fn who(&self) -> Who {
        match self {
            Self::RequestPosted { .. }
            | Self::AnswerTaken { .. }
            | Self::GaveUp { .. }
            | Self::ErrorFoundBeside
            | Self::ErrorHandled { .. }
            | Self::DeviceFound { .. }
            | Self::BarClaimed { .. }
            | Self::DeviceRemoved { .. }
            | Self::StateWritten { by: Writer::Front, .. }
            | Self::DeviceStateWritten { by: Writer::Front, .. } => Who::Guest,
            Self::RequestQueued
            | Self::ConfigRead { .. }
            | Self::ConfigWritten { .. }
            | Self::WriteDropped { .. }
            | Self::RequestRefused { .. }
            | Self::MessagesEnabled { .. }
            | Self::MessagesDisabled
            | Self::RequestChanged { .. }
            | Self::OrderUnchecked { .. }
            | Self::Answered { .. }
            | Self::AnsweredLate { .. }
            | Self::ErrorReported { .. }
            | Self::DeviceExported { .. }
            | Self::ExportFailed { .. }
            | Self::DeviceReleased { .. }
            | Self::DeviceReset { .. }
            | Self::StateWritten { by: Writer::Toolstack | Writer::Back, .. }
            | Self::DeviceStateWritten { by: Writer::Toolstack | Writer::Back, .. }
            | Self::MagicDiffers => Who::Dom0,
            Self::OwnerChanged { .. } => Who::Xen,
        }
    }

    /// Whether something was refused, given up or attacked.
    #[must_use]
    pub const fn fails(&self) -> bool {
        matches!(
            self,
            Self::GaveUp { .. }
                | Self::WriteDropped { .. }
                | Self::RequestRefused { .. }
                | Self::RequestChanged { .. }
                | Self::OrderUnchecked { .. }
                | Self::AnsweredLate { .. }
                | Self::ErrorReported { .. }
                | Self::ExportFailed { .. }
                | Self::MagicDiffers
        )
    }

    /// Whether an event channel rang.
    #[must_use]
    pub const fn rings(&self) -> bool {
        matches!(
            self,
            Self::RequestPosted { .. } | Self::Answered { .. } | Self::ErrorReported { .. } | Self::ErrorHandled { .. }
        )
    }
}
