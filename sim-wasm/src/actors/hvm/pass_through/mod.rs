//! A real function given to an HVM guest by the device model: which bits of its config space are real, where its BARs are
//! mapped, and what still exits.
//!
//! ```text
//!   guest's access                 goes to
//!   config space (cf8, cfc)        device model ─► tables ─► shadow, hardware, or nowhere
//!   memory BAR                     hardware, once it is mapped: no exit
//!     its MSI-X table's pages      device model: they are cut out of the mapping
//!   I/O BAR                        Xen, which executes the access at the machine's port
//! ```
//!
//! [`PtDevice`](device::PtDevice) is the function as the guest sees it, [`tables`] says which bits are whose,
//! [`mappings`] what is mapped where, [`msix`] the table that is trapped, and [`ports`] Xen's list of ports. How it goes again is
//! the [machine](crate::machine::given_away)'s business.
//!
//! Not modelled: the ROM's contents, graphics cards, host bridges, VPD and AER, extended config space, which the device
//! models read here do not show, and back doors of the device itself, such as registers that are its config space once more, or
//! firmware that can be replaced: no table keeps a guest from those, and Xen has no cure but to say so (XSA-124).

pub mod tables;

pub mod mappings;

pub mod msix;

pub mod ports;

pub mod port_walks;

pub mod device;
