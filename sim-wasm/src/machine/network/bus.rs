//! The machine's xenbus: what the halves of a device write is seen by the others some time later, and what they want done is
//! done by the drivers.
//!
//! A machine whose interfaces never come or go is connected without it, to the same state; what is taken away from such a
//! machine all the same goes without its guest's being asked.
//!
//! Not modelled: how long the script takes that puts an interface onto the bridge, and its failing.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::actors::bridge::BridgePort;
use crate::actors::log::Log;
use crate::actors::netback::outcome::{ConnectError, Disconnect};
use crate::actors::netback::settings::VifSettings;
use crate::actors::xenbus::{BackOffer, BusAction, DeviceSettings, VifAddress, Xenbus};
use crate::machine::network::guest::domain_of;
use crate::machine::network::lend::lend;
use crate::machine::network::settings::{FaultKind, Logging, Settings};
use crate::machine::network::{Appointment, Network};
use crate::protocols::ring::Index;
use crate::protocols::xenbus::{Rate, XenbusState};
use crate::words::ids::{Mac, VifId};
use crate::words::time::Time;

/// The bus and who waits for it.
#[derive(Clone, Debug, Default)]
pub(super) struct Bus {
    xenbus: Xenbus,
    /// Whether an appointment is put down for what waits in it.
    due: bool,
    /// Interfaces that netback has not let go yet.
    leaving: Vec<VifId>,
}

/// Whether a half in this state has ended, or never begun.
const fn is_gone(state: XenbusState) -> bool {
    matches!(state, XenbusState::Unknown | XenbusState::Closed)
}

/// Whether a run has interfaces that come or go.
pub(super) fn is_needed(settings: &Settings) -> bool {
    let comes_or_goes = |what: &FaultKind| {
        matches!(
            what,
            FaultKind::Unplug(_)
                | FaultKind::Plug(_)
                | FaultKind::UnloadBack(_)
                | FaultKind::LoadBack(_)
                | FaultKind::CloseFront(_)
                | FaultKind::RestartFront(_)
                | FaultKind::Destroy(_)
        )
    };
    settings.log == Logging::FromHandshake || settings.faults.iter().any(|fault| comes_or_goes(&fault.what))
}

impl Network {
    /// Something happens on the bus. Nothing does on a machine without one.
    pub(super) fn on_bus(&mut self, call: impl FnOnce(&mut Xenbus, Time, &mut Log)) {
        if let Some(bus) = &mut self.bus {
            call(&mut bus.xenbus, self.now, &mut self.log);
        }
        self.act_on_bus();
    }

    /// The toolstack writes a device for a guest, unless there is one.
    pub(super) fn create_device(&mut self, vif: VifId) {
        if self.is_back_gone(vif) && self.bus.as_deref().is_some_and(|bus| is_gone(bus.xenbus.front_state(vif))) {
            let (address, settings) = self.device(vif);
            self.log.about(vif);
            self.on_bus(|bus, now, log| bus.create(now, log, address, &settings));
        }
    }

    /// dom0's driver is loaded again, if it was unloaded.
    pub(super) fn load_back(&mut self, vif: VifId) {
        if self.is_back_gone(vif) {
            let (address, settings) = self.device(vif);
            self.on_bus(|bus, now, log| bus.probe_back(now, log, address, &settings));
        }
    }

    /// A guest's driver starts again, if it was closed.
    pub(super) fn restart_front(&mut self, vif: VifId) {
        let alive = self.guests[usize::from(vif.0)].alive;
        if alive && self.bus.as_deref().is_some_and(|bus| is_gone(bus.xenbus.front_state(vif))) {
            self.on_bus(|bus, now, log| bus.restart_front(now, log, vif));
        }
    }

    /// Whether a living guest has no backend half.
    fn is_back_gone(&self, vif: VifId) -> bool {
        let alive = self.guests[usize::from(vif.0)].alive;
        alive
            && self.dom0.back.ports(vif).is_none()
            && self.bus.as_deref().is_some_and(|bus| is_gone(bus.xenbus.back_state(vif)))
    }

    fn device(&self, vif: VifId) -> (VifAddress, DeviceSettings) {
        let guest = &self.settings.guests[usize::from(vif.0)];
        let settings = DeviceSettings {
            mac: Mac::of_guest(vif),
            rate: guest.credit.map_or(Rate::UNLIMITED, |(bytes, usec)| Rate { bytes, usec }),
            front: guest.front,
            back: self.settings.epoch,
            features: self.dom0.back.features(),
            base: Index(guest.base),
        };
        (VifAddress::first_of(domain_of(vif), vif), settings)
    }

    /// One half reacts to the oldest event of the store.
    pub(super) fn dispatch_bus(&mut self) {
        if let Some(bus) = &mut self.bus {
            bus.due = false;
            bus.xenbus.dispatch(self.now, &mut self.log);
        }
        self.act_on_bus();
    }

    /// Does what the halves want done, and looks again later if something still waits.
    fn act_on_bus(&mut self) {
        while let Some(action) = self.bus.as_mut().and_then(|bus| bus.xenbus.next_action()) {
            self.act(action);
        }
        if let Some(bus) = &mut self.bus
            && bus.xenbus.is_busy()
            && !bus.due
        {
            bus.due = true;
            self.agenda.push(self.now + self.settings.delays.xenbus, Appointment::Bus);
        }
    }

    fn act(&mut self, action: BusAction) {
        let now = self.now;
        match action {
            BusAction::SetupDevice(vif, _) | BusAction::ConnectFront(vif) | BusAction::DisconnectFront(vif)
                if !self.guests[usize::from(vif.0)].alive => {}
            BusAction::SetupDevice(vif, features) => {
                self.log.about(vif);
                let guest = &mut self.guests[usize::from(vif.0)];
                // A half that begins again has not always ended before.
                guest.front.disconnect(lend!(self, guest.skbs));
                let offer = guest.front.setup_device(lend!(self, guest.skbs), features);
                self.bind_front(vif);
                self.on_xenbus(|bus, log| bus.offered(now, log, vif, offer));
            }
            BusAction::ConnectFront(vif) => {
                let guest = &mut self.guests[usize::from(vif.0)];
                guest.front.connect(lend!(self, guest.skbs));
            }
            BusAction::Announce(vif) => self.dom0.stack.learn(now, BridgePort::Vif(vif), Mac::of_guest(vif)),
            BusAction::DisconnectFront(vif) => {
                self.unbind_front(vif);
                let guest = &mut self.guests[usize::from(vif.0)];
                guest.front.disconnect(lend!(self, guest.skbs));
                self.on_xenbus(|bus, log| bus.front_disconnected(now, log, vif));
            }
            BusAction::CreateVif(vif) => {
                self.add_port(vif);
                self.on_xenbus(|bus, _| bus.hotplug_ran(vif, true));
            }
            BusAction::ConnectBack(vif, offer) => self.connect_back(vif, &offer),
            BusAction::DisconnectBack(vif) => {
                self.unbind_back(vif);
                self.carrier_off(vif);
                self.let_go_on_bus(vif);
            }
            BusAction::RemoveVif(vif) => self.remove_port(vif),
            BusAction::Unregister(_) => {}
        }
    }

    fn on_xenbus(&mut self, call: impl FnOnce(&mut Xenbus, &mut Log)) {
        if let Some(bus) = &mut self.bus {
            call(&mut bus.xenbus, &mut self.log);
        }
    }

    fn connect_back(&mut self, vif: VifId, offer: &BackOffer) {
        let settings = Arc::clone(&self.settings);
        let limits = VifSettings {
            credit_bytes: offer.rate.bytes,
            credit_usec: offer.rate.usec,
            queue_len: settings.dom0.vif_queue,
        };
        let outcome = self.dom0.back.connect(lend!(self, self.dom0.skbs), vif, offer.frontend, &offer.offer, limits);
        if outcome.is_ok() {
            self.carrier_on(vif);
            self.bind_back(vif);
        }
        let now = self.now;
        self.on_xenbus(|bus, log| bus.back_connected(now, log, vif, outcome.map_err(ConnectError::errno)));
    }

    /// Netback is asked to let an interface go, and asked again whenever a packet was freed.
    fn let_go_on_bus(&mut self, vif: VifId) {
        let outcome = self.dom0.back.disconnect(lend!(self, self.dom0.skbs), vif);
        if let Some(bus) = &mut self.bus {
            match outcome {
                Disconnect::Done => bus.leaving.retain(|other| *other != vif),
                Disconnect::Waiting(_) if bus.leaving.contains(&vif) => {}
                Disconnect::Waiting(_) => bus.leaving.push(vif),
            }
        }
        let now = self.now;
        self.on_xenbus(|bus, log| bus.back_disconnected(now, log, vif, outcome));
    }

    /// Netback has run: an interface that waited for it may go now.
    pub(super) fn let_leaving_go(&mut self) {
        let Some(bus) = &mut self.bus else { return };
        if bus.leaving.is_empty() {
            return;
        }
        for vif in bus.leaving.clone() {
            self.let_go_on_bus(vif);
        }
        self.act_on_bus();
    }
}
