//! How the halves of a device find each other: the store, the toolstack that writes a device into it, and the two halves as
//! state machines that watch each other's state.
//!
//! ```text
//!   toolstack ──► both directories, state Initialising
//!   back:  features ──► InitWait ─────────────────────────────► reads the keys, maps the rings ──► Connected
//!   front:                  └──► rings, channels, keys ──► Connected ──┘
//! ```
//!
//! The state machines touch no driver. What a driver is to do they say as a [`BusAction`], and whoever has done it says how
//! it went. The machine's part is this loop:
//!
//! 1. [`Xenbus::dispatch`] lets one half react to one event of the store.
//! 2. [`Xenbus::next_action`], until there is none; each is carried out at once and answered where its description says so.
//!
//! Sources are `drivers/xen/netfront/netfront.c`, `drivers/xen/netback/xenbus.c` and `drivers/xen/xenbus/xenbus_client.c` of
//! linux-2.6.18-xen, and `drivers/net/xen-netfront.c` and `drivers/net/xen-netback/xenbus.c` of mainline Linux.
//!
//! Not modelled: several queues, changes of `rate` while connected, suspending without resuming, and that in the classic
//! kernel one thread serves all watches, so that a device that waits to be let go holds up all others.

pub mod store;

pub mod address;

mod keys;

mod front;

mod back;

mod toolstack;

pub use crate::actors::xenbus::address::VifAddress;
pub use crate::actors::xenbus::toolstack::DeviceSettings;

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use crate::actors::handshake::{BackFeatures, Offer};
use crate::actors::log::bus::{Bus as Told, Half};
use crate::actors::log::{Event, Log};
use crate::actors::netback::outcome::Disconnect;
use crate::actors::xenbus::address::{Watched, watched};
use crate::actors::xenbus::back::BackDevice;
use crate::actors::xenbus::front::FrontDevice;
use crate::actors::xenbus::store::{Caller, Quotas, StoreError, Xenstore};
use crate::protocols::xenbus::{Rate, XenbusState, key, number, scan_signed};
use crate::words::ids::{DomId, Mac, VifId};
use crate::words::time::Time;

/// What a driver, or the machine around it, has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BusAction {
    /// Netfront sets its rings and channels up for a backend with these features; [`Xenbus::offered`] is the answer.
    SetupDevice(VifId, BackFeatures),
    /// Netfront connects: its keys are written.
    ConnectFront(VifId),
    /// Netfront says on the network where it is (`send_fake_arp`, `netdev_notify_peers`).
    Announce(VifId),
    /// Netfront lets its rings and channels go; [`Xenbus::front_disconnected`] is the answer.
    DisconnectFront(VifId),
    /// dom0 has an interface more, and its script is run, which puts it onto the bridge; [`Xenbus::hotplug_ran`] is the
    /// answer, which may come later.
    CreateVif(VifId),
    /// Netback connects; [`Xenbus::back_connected`] is the answer.
    ConnectBack(VifId, BackOffer),
    /// Netback lets the interface go; [`Xenbus::back_disconnected`] is the answer. One that has to wait is asked again by
    /// whoever knows that a packet was freed, and answered again.
    DisconnectBack(VifId),
    /// dom0 has an interface less, and it leaves the bridge.
    RemoveVif(VifId),
    /// The backend half is gone.
    Unregister(VifId),
}

/// What netback read from the store to connect with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackOffer {
    /// The guest.
    pub frontend: DomId,
    /// What it wrote.
    pub offer: Offer,
    /// The address of its interface.
    pub mac: Mac,
    /// What it may send.
    pub rate: Rate,
}

/// What a half works with during one call.
struct Bus<'call> {
    store: &'call mut Xenstore,
    actions: &'call mut VecDeque<BusAction>,
    log: &'call mut Log,
    now: Time,
}

impl Bus<'_> {
    fn tell(&mut self, event: Told) {
        self.log.step(self.now, Event::Bus(event));
    }

    fn act(&mut self, action: BusAction) {
        self.actions.push_back(action);
    }

    /// A half's state, as anybody reads it (`xenbus_read_driver_state`); a number without a name is given as it is.
    fn state_of(&mut self, reader: DomId, directory: &str) -> Result<XenbusState, i64> {
        match self.scan(reader, directory, key::STATE) {
            Ok(number) => XenbusState::from_number(number).ok_or(number),
            Err(_) => Ok(XenbusState::Unknown),
        }
    }

    /// A key's number (`xenbus_scanf` with `%d`), or the negative error number.
    fn scan(&mut self, reader: DomId, directory: &str, name: &str) -> Result<i64, i16> {
        let value = self.store.read(Caller::of(reader), &join(directory, name)).map_err(StoreError::errno)?;
        scan_signed(value).ok_or(ERANGE)
    }

    /// Whether a key says yes; one that is missing or makes no sense says no.
    fn is_set(&mut self, reader: DomId, directory: &str, name: &str) -> bool {
        self.scan(reader, directory, name).is_ok_and(|number| number != 0)
    }

    /// Writes a half's state (`xenbus_switch_state`), unless it is that already, or the directory is gone: nobody is to
    /// bring a device back to life that is being taken apart.
    fn switch_state(&mut self, half: Half, domain: DomId, directory: &str, state: XenbusState) {
        let Ok(present) = self.scan(domain, directory, key::STATE) else { return };
        if present == i64::from(state.number()) {
            return;
        }
        let value = number(u64::from(state.number()));
        if self.store.write(Caller::of(domain), &join(directory, key::STATE), value.as_bytes()).is_ok() {
            self.tell(Told::StateChanged { half, state: state.number() });
        }
    }

    /// Writes down why a half gives up (`xenbus_dev_error`).
    fn note_error(&mut self, domain: DomId, directory: &str, errno: i16) {
        let value = number(u64::from(errno.unsigned_abs()));
        // Whoever has no room left for this has an error all the same.
        let _ = self.store.write(Caller::of(domain), &join(directory, key::ERROR), value.as_bytes());
    }
}

/// A value that is no number, `-ERANGE` of `xenbus_scanf`.
const ERANGE: i16 = -34;

/// A key's path.
fn join(directory: &str, name: &str) -> String {
    let mut path = String::with_capacity(directory.len() + 1 + name.len());
    path.push_str(directory);
    path.push('/');
    path.push_str(name);
    path
}

/// The store, and both halves of each device.
#[derive(Clone, Debug)]
pub struct Xenbus {
    /// The store itself, for whoever reads it or damages it.
    pub store: Xenstore,
    fronts: Vec<Option<FrontDevice>>,
    backs: Vec<Option<BackDevice>>,
    actions: VecDeque<BusAction>,
}

impl Default for Xenbus {
    fn default() -> Xenbus {
        Xenbus::new(Quotas::default())
    }
}

impl Xenbus {
    /// A store without devices.
    #[must_use]
    pub fn new(quotas: Quotas) -> Xenbus {
        Xenbus { store: Xenstore::new(quotas), fronts: Vec::new(), backs: Vec::new(), actions: VecDeque::new() }
    }

    /// The toolstack writes a device into the store, and both halves begin (`probe`).
    pub fn create(&mut self, now: Time, log: &mut Log, address: VifAddress, settings: &DeviceSettings) {
        toolstack::create(&mut self.store, address, settings);
        self.probe_back(now, log, address, settings);
        self.probe_front(now, log, address, settings);
    }

    /// The backend half begins, or begins again after [`BusAction::Unregister`]: dom0's driver was loaded again. Its
    /// directory is as the toolstack makes it.
    pub fn probe_back(&mut self, now: Time, log: &mut Log, address: VifAddress, settings: &DeviceSettings) {
        toolstack::renew_back(&mut self.store, address);
        put(&mut self.backs, address.vif, BackDevice::new(address, settings));
        self.with_back(now, log, address.vif, BackDevice::probe);
    }

    fn probe_front(&mut self, now: Time, log: &mut Log, address: VifAddress, settings: &DeviceSettings) {
        put(&mut self.fronts, address.vif, FrontDevice::new(address, settings));
        self.with_front(now, log, address.vif, FrontDevice::probe);
    }

    /// Lets one half react to the oldest event of the store; false if there is none.
    pub fn dispatch(&mut self, now: Time, log: &mut Log) -> bool {
        let Some(event) = self.store.next_event() else { return false };
        let (vif, what) = watched(event.token);
        match what {
            Watched::Backend => self.with_front(now, log, vif, FrontDevice::backend_changed),
            Watched::Frontend => self.with_back(now, log, vif, BackDevice::frontend_changed),
            Watched::Hotplug => self.with_back(now, log, vif, BackDevice::hotplug_status_changed),
        }
        true
    }

    /// The next thing to do.
    pub fn next_action(&mut self) -> Option<BusAction> {
        self.actions.pop_front()
    }

    /// Whether an event or an action waits.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.store.has_event() || !self.actions.is_empty()
    }

    /// Netfront is set up and offers this, or could not be set up.
    pub fn offered(&mut self, now: Time, log: &mut Log, vif: VifId, offer: Option<Offer>) {
        self.with_front(now, log, vif, |front, bus| front.offered(bus, offer));
    }

    /// Netfront has let its rings go.
    pub fn front_disconnected(&mut self, now: Time, log: &mut Log, vif: VifId) {
        self.with_front(now, log, vif, FrontDevice::disconnected);
    }

    /// The script of a vif has ended, well or not; it writes that into the store itself.
    pub fn hotplug_ran(&mut self, vif: VifId, well: bool) {
        if let Some(back) = self.backs.get(usize::from(vif.0)).and_then(Option::as_ref) {
            toolstack::hotplug_ran(&mut self.store, back.address(), well);
        }
    }

    /// Netback is connected, or gives a negative error number.
    pub fn back_connected(&mut self, now: Time, log: &mut Log, vif: VifId, outcome: Result<(), i16>) {
        self.with_back(now, log, vif, |back, bus| back.connected(bus, outcome));
    }

    /// Netback has let an interface go, or has to wait.
    pub fn back_disconnected(&mut self, now: Time, log: &mut Log, vif: VifId, outcome: Disconnect) {
        if outcome == Disconnect::Done {
            self.with_back(now, log, vif, BackDevice::disconnected);
        }
    }

    /// The guest's driver is unloaded, or the guest shuts down: it closes the device in order.
    pub fn close_front(&mut self, now: Time, log: &mut Log, vif: VifId) {
        self.with_front(now, log, vif, FrontDevice::close);
    }

    /// The guest's driver is loaded again.
    pub fn restart_front(&mut self, now: Time, log: &mut Log, vif: VifId) {
        self.with_front(now, log, vif, FrontDevice::restart);
    }

    /// The guest was saved, and goes on: perhaps as another domain, with directories that the toolstack has made afresh and a
    /// backend that never heard of it (`netfront_resume`). The old backend's half must be gone.
    pub fn resume(&mut self, now: Time, log: &mut Log, address: VifAddress, settings: &DeviceSettings) {
        if let Some(old) = self.fronts.get(usize::from(address.vif.0)).and_then(Option::as_ref) {
            let old = old.address();
            self.store.release(old.frontend);
            toolstack::destroy(&mut self.store, old);
        }
        toolstack::create(&mut self.store, address, settings);
        self.probe_back(now, log, address, settings);
        self.with_front(now, log, address.vif, |front, bus| front.resume(bus, address));
    }

    /// dom0's driver is unloaded: it lets the interface go whatever the guest does. [`BusAction::Unregister`] ends it.
    pub fn remove_back(&mut self, now: Time, log: &mut Log, vif: VifId) {
        self.with_back(now, log, vif, BackDevice::remove);
    }

    /// The toolstack takes a device away in order: both halves are asked to close, and the backend half then goes.
    pub fn detach(&mut self, vif: VifId) {
        if let Some(back) = self.backs.get(usize::from(vif.0)).and_then(Option::as_ref) {
            toolstack::detach(&mut self.store, back.address());
        }
    }

    /// The toolstack removes a device's directories, whatever the halves do: the guest is gone, or is no longer asked.
    pub fn destroy(&mut self, vif: VifId) {
        if let Some(back) = self.backs.get(usize::from(vif.0)).and_then(Option::as_ref) {
            toolstack::destroy(&mut self.store, back.address());
        }
    }

    /// The guest half's state, as it knows it; `Unknown` if there is none.
    #[must_use]
    pub fn front_state(&self, vif: VifId) -> XenbusState {
        let front = self.fronts.get(usize::from(vif.0)).and_then(Option::as_ref);
        front.map_or(XenbusState::Unknown, FrontDevice::state)
    }

    /// The backend half's state, as it stands in the store; `Unknown` if there is none.
    #[must_use]
    pub fn back_state(&self, vif: VifId) -> XenbusState {
        let back = self.backs.get(usize::from(vif.0)).and_then(Option::as_ref);
        back.map_or(XenbusState::Unknown, BackDevice::published)
    }

    fn with_front(&mut self, now: Time, log: &mut Log, vif: VifId, call: impl FnOnce(&mut FrontDevice, &mut Bus<'_>)) {
        let Xenbus { store, fronts, actions, .. } = self;
        let Some(front) = fronts.get_mut(usize::from(vif.0)).and_then(Option::as_mut) else { return };
        log.about(vif);
        call(front, &mut Bus { store, actions, log, now });
    }

    fn with_back(&mut self, now: Time, log: &mut Log, vif: VifId, call: impl FnOnce(&mut BackDevice, &mut Bus<'_>)) {
        let Xenbus { store, backs, actions, .. } = self;
        let Some(back) = backs.get_mut(usize::from(vif.0)).and_then(Option::as_mut) else { return };
        log.about(vif);
        call(back, &mut Bus { store, actions, log, now });
        if back.is_gone() {
            backs[usize::from(vif.0)] = None;
        }
    }
}

fn put<T>(places: &mut Vec<Option<T>>, vif: VifId, device: T) {
    let place = usize::from(vif.0);
    if places.len() <= place {
        places.resize_with(place + 1, || None);
    }
    places[place] = Some(device);
}
