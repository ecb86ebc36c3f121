//! A machine is made: domains, drivers, interfaces connected.
//!
//! Not modelled: booting: domains are there, with all their memory.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::actors::log::Log;
use crate::actors::netback::settings::VifSettings;
use crate::actors::parts;
use crate::hypervisor::xen::{Calls, Limits, Xen};
use crate::machine::metrics::{Metrics, Watch};
use crate::machine::network::accounts::Receipts;
use crate::machine::network::bus;
use crate::machine::network::dom0::Dom0;
use crate::machine::network::guest::{self, Guest, Plug, domain_of};
use crate::machine::network::lend::lend;
use crate::machine::network::settings::{Logging, Settings, SettingsError};
use crate::machine::network::{Appointment, Network};
use crate::words::ids::{DomId, VifId};
use crate::words::rng::Rng;
use crate::words::time::{Agenda, Time};

/// Grants that dom0 may have mapped for each guest: all of its pool, and two rings.
const MAPPINGS_PER_GUEST: u32 = 258;

impl Network {
    /// A machine with its interfaces connected, unless the run is to begin with the handshake.
    pub fn new(settings: &Settings) -> Result<Network, SettingsError> {
        settings.check()?;
        let count = settings.guests.len() as u32;
        let mut xen = Xen::new(settings.dom0.pages + count * (guest::PAGES + 8) + 64);
        let limits = Limits { mappings: count * MAPPINGS_PER_GUEST, ..Limits::default() };
        xen.create_domain_with(DomId::DOM0, settings.dom0.pages, limits)
            .expect("the machine was made large enough for dom0");
        let guests = settings
            .guests
            .iter()
            .zip(0..)
            .map(|(spec, number)| {
                let vif = VifId(number);
                xen.create_domain(domain_of(vif), guest::PAGES)
                    .expect("the machine was made large enough for its guests");
                Guest::new(&mut xen, vif, spec, !settings.watched.is_empty())
            })
            .collect();
        let dom0 = Dom0::new(&mut xen, settings);
        let mut network = Network {
            xen,
            guests,
            dom0,
            bus: None,
            agenda: Agenda::new(),
            now: Time::ZERO,
            kept: 0,
            follows: settings.watched.iter().any(|watch| matches!(watch, Watch::Level(_))),
            due: Vec::new(),
            timers: Vec::new(),
            asks: Vec::new(),
            rng: Rng::new(settings.seed),
            metrics: Metrics::new(settings.guests.len() as u16, &settings.watched),
            receipts: Receipts::default(),
            log: Log::off(),
            settings: Arc::new(settings.clone()),
        };
        network.begin();
        Ok(network)
    }

    /// Connects the interfaces and puts down what is going to happen from outside.
    fn begin(&mut self) {
        let settings = Arc::clone(&self.settings);
        if settings.log == Logging::FromHandshake {
            self.log = Log::new();
        }
        self.plug_in(&settings);
        if settings.log != Logging::FromHandshake {
            self.come_to_rest();
        }
        match settings.log {
            Logging::On => self.log = Log::new(),
            Logging::TurningPoints => self.log = Log::of_turning_points(),
            Logging::Off | Logging::FromHandshake => {}
        }
        for (spec, vif) in settings.guests.iter().zip(0..) {
            for (workload, number) in spec.sends.iter().zip(0..) {
                self.agenda.push(workload.start, Appointment::Send(VifId(vif), number));
            }
        }
        for (workload, number) in settings.outside.iter().zip(0..) {
            self.agenda.push(workload.start, Appointment::Outside(number));
        }
        for &(port, tap) in &settings.dom0.taps {
            if !parts::TAPS {
                parts::missing();
            }
            self.set_tap(port, Some(tap));
        }
        for (fault, number) in settings.faults.iter().zip(0..) {
            self.agenda.push(fault.at, Appointment::Fault(number));
        }
    }

    /// Connects all interfaces: over the bus where interfaces come or go, at once otherwise.
    fn plug_in(&mut self, settings: &Settings) {
        let vifs = (0..settings.guests.len() as u16).map(VifId);
        if parts::TROUBLE && bus::is_needed(settings) {
            self.bus = Some(Box::default());
            vifs.for_each(|vif| self.create_device(vif));
            return;
        }
        vifs.for_each(|vif| self.connect(vif));
    }

    /// Connects an interface at once, as the two halves do after their handshake.
    pub(super) fn connect(&mut self, vif: VifId) {
        let settings = Arc::clone(&self.settings);
        let spec = &settings.guests[usize::from(vif.0)];
        self.log.about(vif);
        let features = self.dom0.back.features();
        let guest = &mut self.guests[usize::from(vif.0)];
        let offer = guest.front.setup_device(lend!(self, guest.skbs), features);
        let Some(offer) = offer else { return };
        let mut limits = VifSettings { queue_len: settings.dom0.vif_queue, ..VifSettings::default() };
        if let Some((bytes, micros)) = spec.credit {
            limits.credit_bytes = bytes;
            limits.credit_usec = micros;
        }
        let connected = self.dom0.back.connect(lend!(self, self.dom0.skbs), vif, domain_of(vif), &offer, limits);
        if connected.is_err() {
            return;
        }
        self.add_port(vif);
        self.carrier_on(vif);
        let guest = &mut self.guests[usize::from(vif.0)];
        guest.plug = Plug::In;
        guest.front.connect(lend!(self, guest.skbs));
        self.bind_front(vif);
        self.bind_back(vif);
        self.settle();
    }

    /// Does all that connecting has left to do, as if it took no time: a run begins with drivers at rest.
    fn come_to_rest(&mut self) {
        while let Some((_, appointment)) = self.agenda.pop() {
            if matches!(appointment, Appointment::Timer(_)) {
                continue;
            }
            self.keep(appointment);
            self.settle();
        }
        self.timers.clear();
        self.xen.calls = Calls::default();
        self.metrics = Metrics::new(self.guests.len() as u16, &self.settings.watched);
    }
}
