//! How the toolstack, the device model and the guest agree on a PCI device that comes or goes: xend 3.3.1 and the device
//! model of its time, over xenstore.
//!
//! Two ways lead to a device. While the guest is built, the device model gets the devices as an argument and tells the slots
//! that it chose; while the guest runs, xend gives a command and looks for the answer:
//!
//! ```text
//!   xend                           xenstore                        qemu-dm                     guest
//!   test_assign_device
//!   start, pci=… ─────────────────────────────────────────────────► assign, choose slots
//!   look 20 times ◄──────────────── …/pci/N/0/vslots ◄───────────── "0x6;0x7;"
//!
//!   test_assign_device
//!   parameter, command pci-ins ──► …/device-model/N/ ──── watch ──► choose a slot, assign
//!   look 101 times ◄─────────────── state ◄──────────────────────── pci-inserted, SCI ────────► reads slot, loads driver
//!   state as before ─────────────►
//! ```
//!
//! Xen can say no, and is asked first. After that, nobody in this talk can. A device model that was built without the headers of libpci has none of the code on its
//! side: it takes the argument and forgets it, and calls the command unknown in a log that nobody reads. So xend learns of
//! every failure from time passing, and of the first kind not even the administrator learns: the guest boots without its
//! device.
//!
//! [`xend`] and [`qemu_dm`] are the two halves, [`slots`] the controller through which the guest learns of it, [`messages`]
//! what each writes into its log.
//!
//! Not modelled: what xend does besides (reset of the device, configuration files, resources of paravirtual guests), several
//! devices in one command, and later toolstacks.

pub mod keys;

pub mod messages;

pub mod slots;

pub mod xend;

pub mod qemu_dm;
