//! The guest's half of a device.
//!
//! ```text
//!   Initialising ──backend InitWait: SetupDevice, keys──► Connected ──backend Closing──► Closed ──backend Closed: Disconnect
//!        ▲                                                    │ close                      ▲            │
//!        │                                                    └──► Closing ──backend Closing┘            │
//!        └──────────────────────────────── restart, resume: Disconnect ◄─────────────────────────────────┘
//! ```
//!
//! Rings and grants are let go only when the backend has said that it is closed, or is gone: before that it may still have
//! them mapped. A resumed guest does not wait, since its backend is another one.
//!
//! Not modelled: suspending without resuming, and several devices of a guest.

use crate::actors::epoch::FrontEpoch;
use crate::actors::handshake::Offer;
use crate::actors::log::bus::{Bus as Told, Half};
use crate::actors::xenbus::address::{VifAddress, Watched, token};
use crate::actors::xenbus::keys::{EINVAL, read_features, write_offer};
use crate::actors::xenbus::store::Caller;
use crate::actors::xenbus::toolstack::DeviceSettings;
use crate::actors::xenbus::{Bus, BusAction, join};
use crate::protocols::xenbus::{XenbusState, key, parse_mac};

/// What netfront has of rings and channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rings {
    /// Nothing.
    None,
    /// It was asked to set them up.
    Asked,
    /// They are there.
    There,
    /// They are there, and will be let go once the backend is closed.
    Parting,
    /// It was asked to let them go.
    Leaving(Then),
}

/// What comes after letting the rings go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Nothing,
    /// The driver begins again, from the state `Initialising`.
    Begin,
    /// The guest goes on at another address.
    Resume(VifAddress),
}

/// The half.
#[derive(Clone, Debug)]
pub(super) struct FrontDevice {
    address: VifAddress,
    epoch: FrontEpoch,
    state: XenbusState,
    rings: Rings,
}

impl FrontDevice {
    pub(super) const fn new(address: VifAddress, settings: &DeviceSettings) -> FrontDevice {
        FrontDevice { address, epoch: settings.front, state: XenbusState::Initialising, rings: Rings::None }
    }

    pub(super) const fn address(&self) -> VifAddress {
        self.address
    }

    pub(super) const fn state(&self) -> XenbusState {
        self.state
    }

    /// The driver finds the device (`netfront_probe`): it needs an address, and watches the other half.
    pub(super) fn probe(&mut self, bus: &mut Bus<'_>) {
        let VifAddress { vif, frontend, .. } = self.address;
        let mac = bus.store.read(Caller::of(frontend), &join(&self.address.front(), key::MAC));
        if mac.is_ok_and(|value| parse_mac(value).is_some()) {
            let path = join(&self.address.back(), key::STATE);
            // The watch is there already when the driver begins again.
            let _ = bus.store.watch(frontend, &path, token(vif, Watched::Backend));
        } else {
            self.fatal(bus, EINVAL);
        }
    }

    /// The other half's state changed, perhaps (`backend_changed`, `netback_changed`).
    pub(super) fn backend_changed(&mut self, bus: &mut Bus<'_>) {
        let backend = bus.state_of(self.address.frontend, &self.address.back()).unwrap_or(XenbusState::Unknown);
        match backend {
            XenbusState::InitWait => {
                if self.rings == Rings::Parting {
                    self.let_go(bus, Then::Nothing);
                } else if self.state == XenbusState::Initialising && self.rings == Rings::None {
                    self.network_connect(bus);
                }
            }
            XenbusState::Closing => self.closed(bus),
            XenbusState::Closed | XenbusState::Unknown => {
                // The classic driver looks at neither, so it notices nothing when a backend goes without closing first. The
                // modern one that has just begun waits for the other half to begin too.
                let notices = self.epoch == FrontEpoch::Modern && self.state != XenbusState::Initialising;
                if notices || self.rings == Rings::Parting {
                    self.closed(bus);
                }
                if self.rings == Rings::Parting {
                    self.let_go(bus, Then::Nothing);
                }
            }
            XenbusState::Connected => {
                if self.epoch == FrontEpoch::Modern && self.rings == Rings::There {
                    bus.act(BusAction::Announce(self.address.vif));
                }
            }
            XenbusState::Initialising
            | XenbusState::Initialised
            | XenbusState::Reconfiguring
            | XenbusState::Reconfigured => {}
        }
    }

    fn network_connect(&mut self, bus: &mut Bus<'_>) {
        let features = read_features(bus, self.address);
        self.rings = Rings::Asked;
        bus.act(BusAction::SetupDevice(self.address.vif, features));
    }

    /// The driver's rings are there, or it could not make them.
    pub(super) fn offered(&mut self, bus: &mut Bus<'_>, offer: Option<Offer>) {
        if self.rings != Rings::Asked {
            return;
        }
        let Some(offer) = offer else {
            // The modern driver says no to a backend that cannot copy, and stays where it is; others ran out of something.
            self.rings = Rings::None;
            return;
        };
        match write_offer(bus, self.address, self.epoch, &offer) {
            Ok(count) => {
                bus.tell(Told::KeysWritten { half: Half::Front, count });
                self.rings = Rings::There;
                bus.act(BusAction::ConnectFront(self.address.vif));
                self.switch(bus, XenbusState::Connected);
                if self.epoch == FrontEpoch::Classic {
                    bus.act(BusAction::Announce(self.address.vif));
                }
            }
            Err(error) => {
                self.let_go(bus, Then::Nothing);
                self.fatal(bus, error.errno());
            }
        }
    }

    /// The rings are gone.
    pub(super) fn disconnected(&mut self, bus: &mut Bus<'_>) {
        let Rings::Leaving(then) = self.rings else { return };
        self.rings = Rings::None;
        match then {
            Then::Nothing => {}
            Then::Begin => self.begin(bus),
            Then::Resume(address) => {
                self.address = address;
                self.begin(bus);
            }
        }
    }

    /// The driver is unloaded (`xennet_remove`): the other half is to close first.
    pub(super) fn close(&mut self, bus: &mut Bus<'_>) {
        match self.rings {
            Rings::There => {
                self.rings = Rings::Parting;
                self.switch(bus, XenbusState::Closing);
                // The other half may be closing already, or gone.
                self.backend_changed(bus);
            }
            Rings::None => self.switch(bus, XenbusState::Closed),
            Rings::Asked => {
                self.let_go(bus, Then::Nothing);
                self.switch(bus, XenbusState::Closed);
            }
            Rings::Parting | Rings::Leaving(_) => {}
        }
    }

    /// The driver is loaded again. If it still has rings, it lets them go whatever the other half does.
    pub(super) fn restart(&mut self, bus: &mut Bus<'_>) {
        self.leave_then(bus, Then::Begin);
    }

    /// The guest goes on after it was saved (`netfront_resume`).
    pub(super) fn resume(&mut self, bus: &mut Bus<'_>, address: VifAddress) {
        self.leave_then(bus, Then::Resume(address));
    }

    fn leave_then(&mut self, bus: &mut Bus<'_>, then: Then) {
        match self.rings {
            Rings::There | Rings::Parting => self.let_go(bus, then),
            Rings::Leaving(_) => self.rings = Rings::Leaving(then),
            Rings::None | Rings::Asked => {
                // An offer that is still to come is not taken any more, and the driver is told to forget it.
                self.let_go(bus, then);
            }
        }
    }

    fn let_go(&mut self, bus: &mut Bus<'_>, then: Then) {
        self.rings = Rings::Leaving(then);
        bus.act(BusAction::DisconnectFront(self.address.vif));
    }

    fn begin(&mut self, bus: &mut Bus<'_>) {
        self.switch(bus, XenbusState::Initialising);
        self.probe(bus);
        self.backend_changed(bus);
    }

    /// The other half closes, so this one is closed (`xenbus_frontend_closed`).
    fn closed(&mut self, bus: &mut Bus<'_>) {
        if self.rings == Rings::There {
            self.rings = Rings::Parting;
        }
        self.switch(bus, XenbusState::Closed);
    }

    fn switch(&mut self, bus: &mut Bus<'_>, state: XenbusState) {
        self.state = state;
        bus.switch_state(Half::Front, self.address.frontend, &self.address.front(), state);
    }

    /// The half gives up (`xenbus_dev_fatal`).
    fn fatal(&mut self, bus: &mut Bus<'_>, errno: i16) {
        bus.note_error(self.address.frontend, &self.address.front(), errno);
        self.switch(bus, XenbusState::Closing);
    }
}
