//! The backend's half of a device.
//!
//! ```text
//!   Initialising ──probe: features──► InitWait ──frontend Connected: ConnectBack──► Connected
//!                                       ▲                                              │ frontend Closing: DisconnectBack
//!                 frontend Initialising │                                              ▼
//!                                     Closed ◄────────── frontend Closed ────────── Closing
//! ```
//!
//! The mainline driver goes from any state to any other along this circle (`set_backend_state`), one step after the other;
//! the classic one answers each state of the frontend by itself. Since 2.6.39 `Connected` is written only when the script has
//! put the interface onto the bridge, so that no frontend sends where nobody listens (`hotplug_status_changed`).
//!
//! The classic driver forgets to let the rings of a frontend go that is `Closed` without having been `Closing`, and connects
//! again to the old ones. Here it lets them go.
//!
//! Not modelled: the debugging files of the driver, and keys of features that no driver here has.

use crate::actors::epoch::Epoch;
use crate::actors::handshake::BackFeatures;
use crate::actors::log::bus::{Bus as Told, Half};
use crate::actors::xenbus::address::{VifAddress, Watched, token};
use crate::actors::xenbus::keys::{EINVAL, read_offer, write_features};
use crate::actors::xenbus::store::{Caller, StoreError};
use crate::actors::xenbus::toolstack::DeviceSettings;
use crate::actors::xenbus::{BackOffer, Bus, BusAction, join};
use crate::protocols::ring::Index;
use crate::protocols::xenbus::{Rate, XenbusState, key, parse_mac};

/// What dom0 has of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Interface {
    /// No interface.
    Absent,
    /// An interface without rings.
    Apart,
    /// Netback was asked to connect.
    Connecting,
    /// Netback has the rings.
    Joined,
    /// Netback was asked to let the rings go, and has not done it.
    Leaving,
}

/// Whether the half stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stay {
    /// It does.
    Stays,
    /// It goes when the rings are let go, and writes a last state if the driver is unloaded.
    Goes(Option<XenbusState>),
    /// It is gone.
    Gone,
}

/// The half.
#[derive(Clone, Debug)]
pub(super) struct BackDevice {
    address: VifAddress,
    epoch: Epoch,
    features: BackFeatures,
    base: Index,
    /// The state that it has come to. What stands in the store may be an earlier one, while the script runs.
    state: XenbusState,
    /// The state that it wrote.
    written: XenbusState,
    interface: Interface,
    /// Whether it waits for the script before it writes its state.
    awaits_script: bool,
    /// Whether the other half's state has to be looked at again when the driver has answered.
    looks_again: bool,
    stay: Stay,
}

impl BackDevice {
    pub(super) const fn new(address: VifAddress, settings: &DeviceSettings) -> BackDevice {
        BackDevice {
            address,
            epoch: settings.back,
            features: settings.features,
            base: settings.base,
            state: XenbusState::Initialising,
            written: XenbusState::Initialising,
            interface: Interface::Absent,
            awaits_script: false,
            looks_again: false,
            stay: Stay::Stays,
        }
    }

    pub(super) const fn address(&self) -> VifAddress {
        self.address
    }

    /// The state that stands in the store.
    pub(super) const fn published(&self) -> XenbusState {
        self.written
    }

    pub(super) fn is_gone(&self) -> bool {
        self.stay == Stay::Gone
    }

    /// The driver finds the device (`netback_probe`).
    pub(super) fn probe(&mut self, bus: &mut Bus<'_>) {
        let VifAddress { vif, backend, .. } = self.address;
        let path = join(&self.address.front(), key::STATE);
        // The watch is there already if an earlier driver left it.
        let _ = bus.store.watch(backend, &path, token(vif, Watched::Frontend));
        match write_features(bus, self.address, self.epoch, self.features) {
            Ok(count) => bus.tell(Told::KeysWritten { half: Half::Back, count }),
            Err(error) => return self.fatal(bus, error.errno()),
        }
        self.switch(bus, XenbusState::InitWait);
        self.create_interface(bus);
    }

    /// The other half's state changed, perhaps (`frontend_changed`).
    pub(super) fn frontend_changed(&mut self, bus: &mut Bus<'_>) {
        if matches!(self.interface, Interface::Connecting | Interface::Leaving) || self.stay != Stay::Stays {
            self.looks_again = true;
            return;
        }
        self.looks_again = false;
        let frontend = bus.state_of(self.address.backend, &self.address.front());
        match frontend {
            Ok(XenbusState::Initialising) => {
                if self.epoch == Epoch::ZeroCopy || self.state == XenbusState::Closed {
                    self.go_to(bus, XenbusState::InitWait);
                }
            }
            Ok(XenbusState::Initialised) => {}
            Ok(XenbusState::Connected) => self.go_to(bus, XenbusState::Connected),
            Ok(XenbusState::Closing) => self.go_to(bus, XenbusState::Closing),
            Ok(XenbusState::Closed) => {
                self.go_to(bus, XenbusState::Closed);
                let online = bus.is_set(self.address.backend, &self.address.back(), key::ONLINE);
                if self.state == XenbusState::Closed && !online {
                    self.go(bus, None);
                }
            }
            Ok(XenbusState::Unknown) => self.go(bus, None),
            Ok(XenbusState::InitWait | XenbusState::Reconfiguring | XenbusState::Reconfigured) | Err(_) => {
                // No frontend is ever in such a state; once is enough to say so.
                if self.state != XenbusState::Closing {
                    self.fatal(bus, EINVAL);
                }
            }
        }
    }

    /// Goes towards a state, as far as no driver has to answer first (`set_backend_state`).
    fn go_to(&mut self, bus: &mut Bus<'_>, goal: XenbusState) {
        while self.state != goal {
            let joined = self.interface == Interface::Joined;
            let next = match (self.state, goal) {
                _ if joined && goal != XenbusState::Connected => return self.leave(bus),
                // The classic driver connects from wherever it is.
                (_, XenbusState::Connected) if self.epoch != Epoch::ZeroCopy => return self.connect(bus),
                (XenbusState::InitWait, XenbusState::Connected) => return self.connect(bus),
                (XenbusState::Closed, XenbusState::InitWait | XenbusState::Connected) => XenbusState::InitWait,
                (XenbusState::Closing, _) => XenbusState::Closed,
                (XenbusState::Closed, XenbusState::Closing) => XenbusState::Closing,
                (XenbusState::InitWait | XenbusState::Connected, _) => XenbusState::Closing,
                // A half that never came to wait has nothing to close.
                (_, goal) => goal,
            };
            self.switch(bus, next);
        }
    }

    /// Reads what the other half offers, and has the driver connect to it (`connect`).
    fn connect(&mut self, bus: &mut Bus<'_>) {
        let VifAddress { vif, frontend, backend, .. } = self.address;
        let back = self.address.back();
        if let Err(errno) = bus.scan(backend, &back, key::HANDLE) {
            return self.fatal(bus, errno);
        }
        self.create_interface(bus);
        let offer = match read_offer(bus, self.address, self.epoch, self.base) {
            Ok(offer) => offer,
            Err(errno) => return self.fatal(bus, errno),
        };
        let mac = bus.store.read(Caller::of(backend), &join(&back, key::MAC)).map(parse_mac);
        let Ok(Some(mac)) = mac else { return self.fatal(bus, StoreError::NoEntry.errno()) };
        let rate = bus.store.read(Caller::of(backend), &join(&back, key::RATE)).map_or(Rate::UNLIMITED, Rate::parse);
        self.interface = Interface::Connecting;
        bus.act(BusAction::ConnectBack(vif, BackOffer { frontend, offer, mac, rate }));
    }

    /// The driver has connected, or could not.
    pub(super) fn connected(&mut self, bus: &mut Bus<'_>, outcome: Result<(), i16>) {
        if self.interface != Interface::Connecting {
            return;
        }
        match outcome {
            Ok(()) => {
                self.interface = Interface::Joined;
                self.await_script(bus);
                self.switch(bus, XenbusState::Connected);
            }
            Err(errno) => {
                self.interface = Interface::Apart;
                self.fatal(bus, errno);
            }
        }
        // Meanwhile the other half may have thought better of it. If not, what has failed is not tried again.
        if self.looks_again || self.stay != Stay::Stays {
            self.look_again(bus);
        }
    }

    /// The driver has let the rings go.
    pub(super) fn disconnected(&mut self, bus: &mut Bus<'_>) {
        if self.interface != Interface::Leaving {
            return;
        }
        self.interface = Interface::Apart;
        if self.epoch == Epoch::Classic {
            self.remove_interface(bus);
        }
        if self.state == XenbusState::Connected {
            self.switch(bus, XenbusState::Closing);
        }
        self.look_again(bus);
    }

    /// The script has written what became of it.
    pub(super) fn hotplug_status_changed(&mut self, bus: &mut Bus<'_>) {
        let path = join(&self.address.back(), key::HOTPLUG_STATUS);
        let status = bus.store.read(Caller::of(self.address.backend), &path);
        if self.awaits_script && status.is_ok_and(|value| value == b"connected") {
            self.stop_awaiting(bus);
            self.switch(bus, self.state);
        }
    }

    /// The driver is unloaded (`netback_remove`, `xenbus_dev_remove`).
    pub(super) fn remove(&mut self, bus: &mut Bus<'_>) {
        self.go(bus, Some(XenbusState::Closed));
    }

    /// The half goes, once the rings are let go.
    fn go(&mut self, bus: &mut Bus<'_>, last: Option<XenbusState>) {
        self.stay = Stay::Goes(last);
        match self.interface {
            Interface::Absent | Interface::Apart => self.unregister(bus, last),
            Interface::Joined => self.leave(bus),
            Interface::Connecting | Interface::Leaving => {}
        }
    }

    fn look_again(&mut self, bus: &mut Bus<'_>) {
        match self.stay {
            Stay::Stays => self.frontend_changed(bus),
            Stay::Goes(last) => self.go(bus, last),
            Stay::Gone => {}
        }
    }

    fn unregister(&mut self, bus: &mut Bus<'_>, last: Option<XenbusState>) {
        let VifAddress { vif, backend, .. } = self.address;
        self.stop_awaiting(bus);
        self.remove_interface(bus);
        let path = join(&self.address.front(), key::STATE);
        // A half that gave up at once never watched.
        let _ = bus.store.unwatch(backend, &path, token(vif, Watched::Frontend));
        if let Some(state) = last {
            self.switch(bus, state);
        }
        self.stay = Stay::Gone;
        bus.act(BusAction::Unregister(vif));
    }

    fn leave(&mut self, bus: &mut Bus<'_>) {
        self.stop_awaiting(bus);
        self.interface = Interface::Leaving;
        bus.act(BusAction::DisconnectBack(self.address.vif));
    }

    fn create_interface(&mut self, bus: &mut Bus<'_>) {
        if self.interface == Interface::Absent {
            self.interface = Interface::Apart;
            bus.act(BusAction::CreateVif(self.address.vif));
        }
    }

    fn remove_interface(&mut self, bus: &mut Bus<'_>) {
        if self.interface == Interface::Apart {
            self.interface = Interface::Absent;
            bus.act(BusAction::RemoveVif(self.address.vif));
        }
    }

    /// From now on states are kept back until the script is done; the watch's first event looks whether it is.
    fn await_script(&mut self, bus: &mut Bus<'_>) {
        if self.epoch != Epoch::Classic && !self.awaits_script {
            let VifAddress { vif, backend, .. } = self.address;
            let path = join(&self.address.back(), key::HOTPLUG_STATUS);
            self.awaits_script = bus.store.watch(backend, &path, token(vif, Watched::Hotplug)).is_ok();
        }
    }

    fn stop_awaiting(&mut self, bus: &mut Bus<'_>) {
        if core::mem::take(&mut self.awaits_script) {
            let VifAddress { vif, backend, .. } = self.address;
            let path = join(&self.address.back(), key::HOTPLUG_STATUS);
            // A backend domain that was released has no watches any more.
            let _ = bus.store.unwatch(backend, &path, token(vif, Watched::Hotplug));
        }
    }

    fn switch(&mut self, bus: &mut Bus<'_>, state: XenbusState) {
        self.state = state;
        if !self.awaits_script {
            self.written = state;
            bus.switch_state(Half::Back, self.address.backend, &self.address.back(), state);
        }
    }

    /// The half gives up (`xenbus_dev_fatal`), until the other half begins again.
    fn fatal(&mut self, bus: &mut Bus<'_>, errno: i16) {
        bus.tell(Told::ConnectFailed { errno });
        bus.note_error(self.address.backend, &self.address.back(), errno);
        if self.interface == Interface::Joined {
            self.leave(bus);
        } else {
            self.switch(bus, XenbusState::Closing);
        }
    }
}
