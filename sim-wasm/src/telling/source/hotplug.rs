//! The toolstack, the device model and the guest over a PCI device that comes or goes, in release 3.3.1.
//!
//! Not modelled: lines within a function, and where later releases moved it.

use crate::actors::log::hotplug::{Hotplug, Key, Message, Process};
use crate::telling::source::{
    IOEMU_PASS_THROUGH, IOEMU_PIIX4ACPI, IOEMU_XENSTORE, SourceRef, XEN33_DOMCTL, XEN33_HVMLOADER, XEND_DOMAIN_INFO,
    XEND_IMAGE, xen33,
};

/// The code behind an event; `None` for keys that nobody in the guest writes.
pub(crate) const fn of(event: &Hotplug) -> Option<SourceRef> {
    match event {
        Hotplug::ModelStarted { .. } => xen33("createDeviceModel()", XEND_IMAGE),
        Hotplug::Written { by, key, .. } | Hotplug::Read { by, key, .. } => spoken(*by, *key),
        Hotplug::PollBegan { key, .. } | Hotplug::PollEnded { key, .. } => spoken(Process::Xend, *key),
        Hotplug::Logged { message, .. } => logged(*message),
        Hotplug::Tested { .. } => xen33("arch_do_domctl()", XEN33_DOMCTL),
        Hotplug::Assigned { .. } => xen33("register_real_device()", IOEMU_PASS_THROUGH),
        Hotplug::Deassigned { .. } => xen33("unregister_real_device()", IOEMU_PASS_THROUGH),
        Hotplug::SlotFilled { .. } => xen33("__insert_to_pci_slot()", IOEMU_PASS_THROUGH),
        Hotplug::EventRaised { .. } => xen33("acpi_sci_intr()", IOEMU_PIIX4ACPI),
        Hotplug::EventSeen { .. } => xen33("acpi_php_readb()", IOEMU_PIIX4ACPI),
        Hotplug::SlotEjected { .. } => xen33("acpi_php_writeb()", IOEMU_PIIX4ACPI),
        Hotplug::Booted { .. } => xen33("pci_setup()", XEN33_HVMLOADER),
        Hotplug::Ended { .. } => xen33("pci_device_configure()", XEND_DOMAIN_INFO),
    }
}

const fn spoken(by: Process, key: Key) -> Option<SourceRef> {
    match (by, key) {
        (Process::Xend, Key::Vslots) => xen33("sync_pcidev_info()", XEND_DOMAIN_INFO),
        (Process::Xend, Key::State | Key::Command | Key::Parameter) => xen33("signalDeviceModel()", XEND_IMAGE),
        (Process::QemuDm, Key::Vslots) => xen33("xenstore_write_vslots()", IOEMU_XENSTORE),
        (Process::QemuDm, Key::Command) => xen33("xenstore_process_dm_command_event()", IOEMU_XENSTORE),
        (Process::QemuDm, Key::State | Key::Parameter) => xen33("xenstore_record_dm()", IOEMU_XENSTORE),
        (Process::Guest, _) => None,
    }
}

const fn logged(message: Message) -> Option<SourceRef> {
    match message {
        Message::NoVslots | Message::SlotsMismatch => xen33("sync_pcidev_info()", XEND_DOMAIN_INFO),
        Message::NoVtd | Message::NotAssignable(_) | Message::SlotTaken(_) | Message::AlreadyInserted => {
            xen33("hvm_pci_device_create()", XEND_DOMAIN_INFO)
        }
        Message::NotConnected(_) => xen33("pci_device_configure()", XEND_DOMAIN_INFO),
        Message::TimedOut | Message::StateRestored => xen33("signalDeviceModel()", XEND_IMAGE),
        Message::HotInsert | Message::HotRemove | Message::UnknownCommand(_) => {
            xen33("xenstore_process_dm_command_event()", IOEMU_XENSTORE)
        }
        Message::NoLiveMigration | Message::NoSuchDevice | Message::AssignFailed => {
            xen33("register_real_device()", IOEMU_PASS_THROUGH)
        }
        Message::SlotExceeds(_) => xen33("acpi_php_add()", IOEMU_PIIX4ACPI),
        Message::SciGenerated => xen33("acpi_sci_intr()", IOEMU_PIIX4ACPI),
    }
}
