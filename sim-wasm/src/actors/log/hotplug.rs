//! The toolstack, the device model and the guest over a PCI device that comes or goes: who said what, who waited for what,
//! and what each wrote into its own log.
//!
//! Not modelled: reads that found nothing new; a poll is told when it begins and when it ends.

use crate::actors::log::Who;
use crate::words::ids::Bdf;

/// Who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Process {
    /// The toolstack's daemon in dom0.
    Xend,
    /// The guest's device model in dom0.
    QemuDm,
    /// The guest's system.
    Guest,
}

/// A key of the store that they speak by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// `/local/domain/0/device-model/N/state`.
    State,
    /// `/local/domain/0/device-model/N/command`.
    Command,
    /// `/local/domain/0/device-model/N/parameter`.
    Parameter,
    /// `/local/domain/0/backend/pci/N/0/vslots`.
    Vslots,
}

impl Key {
    /// The last part of its path.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Command => "command",
            Self::Parameter => "parameter",
            Self::Vslots => "vslots",
        }
    }
}

/// What stands in such a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// `running`.
    Running,
    /// `pci-ins`.
    PciIns,
    /// `pci-rem`.
    PciRem,
    /// `pci-inserted`.
    PciInserted,
    /// `pci-removed`.
    PciRemoved,
    /// A device and the slot that is wanted for it, 0 for any.
    Device(Bdf, u8),
    /// A device that is to go.
    Leaving(Bdf),
    /// The slot that was chosen.
    Slot(u8),
    /// `no free hotplug slots`.
    NoFreeSlots,
    /// `wrong bdf or vslot`.
    WrongSlot,
    /// The slots of so many devices, of which so many can be removed.
    Slots(u8, u8),
    /// Something else.
    Other,
}

/// What a process wrote into its own log, word for word in [`Message::text`](crate::actors::hotplug::messages).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// xend polled for the slots in vain while the guest was built.
    NoVslots,
    /// xend found another number of slots than of devices.
    SlotsMismatch,
    /// xend was told that there is no IOMMU.
    NoVtd,
    /// xend was told that this device cannot be assigned.
    NotAssignable(Bdf),
    /// xend polled for the answer in vain.
    TimedOut,
    /// xend knows of a device in that slot.
    SlotTaken(u8),
    /// xend knows that the guest has the device.
    AlreadyInserted,
    /// xend knows of no slot that the device could be taken out of.
    NotConnected(Bdf),
    /// xend puts the device model's state back.
    StateRestored,
    /// The device model begins to insert.
    HotInsert,
    /// The device model begins to remove.
    HotRemove,
    /// The device model knows no such command.
    UnknownCommand(Value),
    /// The device model has no hot-plug slot left for a device of the start.
    NoLiveMigration,
    /// The device model has no such device among those of libpci.
    NoSuchDevice,
    /// The device model's call of the hypervisor failed.
    AssignFailed,
    /// The device model found no slot to insert into.
    SlotExceeds(i8),
    /// The device model raises the interrupt of hot-plugging.
    SciGenerated,
}

/// How an attempt ended for whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// With the device where it should be.
    Done,
    /// The guest runs without what it was to have.
    Without,
    /// With an error.
    Failed,
}

/// Events of hot-plugging.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the line above each variant names its numbers")]
pub enum Hotplug {
    /// xend starts the device model with so many devices in its `pci=` argument; one that was built without pass-through takes
    /// the argument and forgets it.
    ModelStarted { devices: u8, heeded: bool },
    /// Somebody wrote a key.
    Written { by: Process, key: Key, value: Value },
    /// Somebody read a key and knows it now.
    Read { by: Process, key: Key, value: Value },
    /// xend begins to look at a key, every tenth of a second, so many times at most.
    PollBegan { key: Key, most: u16 },
    /// xend stopped looking, after so many times.
    PollEnded { key: Key, times: u16, found: bool },
    /// A process wrote a line into its log.
    Logged { by: Process, message: Message },
    /// xend asked Xen whether the device could be assigned, and changed nothing by it.
    Tested { device: Bdf, assignable: bool },
    /// A process asked Xen to make the device the guest's.
    Assigned { by: Process, device: Bdf, done: bool },
    /// A process asked Xen to take the device back.
    Deassigned { by: Process, device: Bdf },
    /// The device model put a device into a virtual slot.
    SlotFilled { device: Bdf, slot: u8, removable: bool },
    /// The device model announced a change of a slot and raised the interrupt, unless the guest has not asked for it.
    EventRaised { byte: u8, sci: bool },
    /// The guest read the event byte and learned of a slot.
    EventSeen { slot: u8, added: bool },
    /// The guest let go of a slot's device and ejected it.
    SlotEjected { slot: u8 },
    /// The guest's system boots and finds so many of the cards on its PCI bus.
    Booted { cards: u8 },
    /// What the guest or the administrator has in the end.
    Ended { outcome: Outcome },
}

impl Hotplug {
    /// Who did it.
    #[must_use]
    pub const fn who(&self) -> Who {
        match self {
            Self::EventSeen { .. } | Self::SlotEjected { .. } | Self::Booted { .. } => Who::Guest,
            Self::Written { by, .. }
            | Self::Read { by, .. }
            | Self::Logged { by, .. }
            | Self::Assigned { by, .. }
            | Self::Deassigned { by, .. } => match by {
                Process::Guest => Who::Guest,
                Process::Xend | Process::QemuDm => Who::Dom0,
            },
            Self::Tested { .. } => Who::Xen,
            Self::ModelStarted { .. }
            | Self::PollBegan { .. }
            | Self::PollEnded { .. }
            | Self::SlotFilled { .. }
            | Self::EventRaised { .. }
            | Self::Ended { .. } => Who::Dom0,
        }
    }

    /// Whether something was refused, ignored or given up.
    #[must_use]
    pub const fn fails(&self) -> bool {
        match self {
            Self::ModelStarted { devices, heeded } => *devices > 0 && !*heeded,
            Self::PollEnded { found, .. } => !*found,
            Self::Tested { assignable, .. } => !*assignable,
            Self::Assigned { done, .. } => !*done,
            Self::Logged { message, .. } => !matches!(
                message,
                Message::StateRestored | Message::HotInsert | Message::HotRemove | Message::SciGenerated
            ),
            Self::Ended { outcome } => !matches!(outcome, Outcome::Done),
            Self::Written { value, .. } => matches!(value, Value::NoFreeSlots | Value::WrongSlot),
            Self::Read { .. }
            | Self::PollBegan { .. }
            | Self::Deassigned { .. }
            | Self::SlotFilled { .. }
            | Self::EventRaised { .. }
            | Self::EventSeen { .. }
            | Self::SlotEjected { .. }
            | Self::Booted { .. } => false,
        }
    }
}
