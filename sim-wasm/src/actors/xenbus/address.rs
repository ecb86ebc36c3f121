//! Where a device's halves are in the store, and what their watches are called.
//!
//! Not modelled: further interfaces of a guest, and driver domains other than dom0, for which there are names here and no
//! machine.

use alloc::string::String;

use crate::actors::xenbus::store::Token;
use crate::protocols::xenbus::{backend_path, frontend_path};
use crate::words::ids::{DomId, VifId};

/// A device: which domains its halves are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VifAddress {
    /// The interface.
    pub vif: VifId,
    /// The guest.
    pub frontend: DomId,
    /// The domain with the driver.
    pub backend: DomId,
    /// Which of the guest's interfaces it is.
    pub handle: u16,
}

impl VifAddress {
    /// A guest's first interface, served by dom0.
    #[must_use]
    pub const fn first_of(frontend: DomId, vif: VifId) -> VifAddress {
        VifAddress { vif, frontend, backend: DomId::DOM0, handle: 0 }
    }

    /// The directory of the guest's half.
    #[must_use]
    pub fn front(self) -> String {
        frontend_path(self.frontend, self.handle)
    }

    /// The directory of the backend's half.
    #[must_use]
    pub fn back(self) -> String {
        backend_path(self.backend, self.frontend, self.handle)
    }
}

/// What a half watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Watched {
    /// The guest's half watches the other's state.
    Backend,
    /// The backend's half watches the other's state.
    Frontend,
    /// The backend's half watches what becomes of the script.
    Hotplug,
}

const KINDS: u32 = 3;

/// The token of a watch.
pub(super) fn token(vif: VifId, what: Watched) -> Token {
    let kind = match what {
        Watched::Backend => 0,
        Watched::Frontend => 1,
        Watched::Hotplug => 2,
    };
    Token(u32::from(vif.0) * KINDS + kind)
}

/// What a token says.
pub(super) fn watched(token: Token) -> (VifId, Watched) {
    let what = match token.0 % KINDS {
        0 => Watched::Backend,
        1 => Watched::Frontend,
        _ => Watched::Hotplug,
    };
    (VifId((token.0 / KINDS) as u16), what)
}
