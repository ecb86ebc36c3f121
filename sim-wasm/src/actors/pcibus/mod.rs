//! How pciback and pcifront find each other, and how devices come and go: the toolstack's list in the store, and both halves as
//! state machines that watch each other's state.
//!
//! ```text
//!   boot     toolstack: list, each Initialising      back: InitWait, exports, each and itself Initialised
//!            front: grant, port, magic, Initialised ─► back: maps, binds, Connected ─► front: scans, Connected
//!   hotplug  toolstack: one more, Initialising; back's state Reconfiguring
//!            ─► front: Reconfiguring ─► back: exports, Reconfigured ─► front: scans again, Connected ─► back: Connected
//!   unplug   toolstack: one Closing; back's state Reconfiguring
//!            ─► front: removes it, Reconfiguring ─► back: releases it, Reconfigured ─► and so on as above
//! ```
//!
//! As in [`xenbus`](crate::actors::xenbus), the state machines touch no driver: what one is to do they say as a [`PciAction`],
//! and whoever has done it says how it went. In which order a device changes hands is the
//! [toolstack](crate::machine::given_away::toolstack)'s business.
//!
//! Sources: `xenbus.c` of pciback and pcifront in linux-2.6.18-xen; `drivers/xen/xen-pciback/xenbus.c` and
//! `drivers/pci/xen-pcifront.c` of mainline Linux; `tools/libs/light/libxl_pci.c`.
//!
//! Not modelled: resources in the store (ia64), suspending, and driver domains other than dom0.

mod keys;

mod toolstack;

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use crate::actors::log::pciif::{Pciif, Writer};
use crate::actors::log::{Event, Log};
use crate::actors::pcibus::keys::{
    DEV, DEVICE_STATE, EVENT_CHANNEL, MAGIC, PCI_OP_REF, ROOT, ROOT_NUM, Reader, VDEV, numbered, parse_root, root_text,
    vdev_text,
};
use crate::actors::xenbus::store::{Caller, Quotas, Token, Xenstore};
use crate::protocols::pciif::XEN_PCI_MAGIC;
use crate::protocols::xenbus::{XenbusState, key};
use crate::words::ids::{Bdf, DomId, GrantRef, Port};
use crate::words::text::Text;
use crate::words::time::Time;

/// Which domains the halves are in. A guest has one PCI device, number 0, whatever its list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PciAddress {
    /// The guest.
    pub frontend: DomId,
    /// The domain with pciback.
    pub backend: DomId,
}

impl PciAddress {
    /// The directory of the guest's half.
    #[must_use]
    pub fn front(self) -> String {
        let mut path = Text::new();
        path.push_str("/local/domain/").push_u32(self.frontend.0.into()).push_str("/device/pci/0");
        path.into_string()
    }

    /// The directory of the backend's half.
    #[must_use]
    pub fn back(self) -> String {
        let mut path = Text::new();
        path.push_str("/local/domain/").push_u32(self.backend.0.into()).push_str("/backend/pci/");
        path.push_u32(self.frontend.0.into()).push_str("/0");
        path.into_string()
    }
}

/// What the administrator says of one device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PciOptions {
    /// Where a guest with a device model is to see it.
    pub vdevfn: Option<u8>,
    /// The guest may write what no field keeps from it.
    pub permissive: bool,
    /// A message of the device's is to look like a line to the guest.
    pub msitranslate: bool,
    /// The guest may change the device's power.
    pub power_mgmt: bool,
}

/// What a driver, or the machine around it, has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PciAction {
    /// pcifront sets its page and its port up; [`PciBus::published`] is the answer.
    SetupFront,
    /// pciback gives the guest a device; [`PciBus::exported`] is the answer.
    Export {
        /// Its number in the list.
        index: u16,
        /// Which.
        real: Bdf,
    },
    /// pciback maps the page and binds the port; [`PciBus::attached`] is the answer.
    Attach {
        /// The page's grant.
        gref: GrantRef,
        /// The guest's port.
        port: Port,
    },
    /// pcifront scans these buses for what it does not know yet; [`PciBus::scanned`] is the answer.
    Scan(Vec<u8>),
    /// pcifront removes these devices, stopping their drivers first; [`PciBus::removed`] is the answer.
    Remove(Vec<Bdf>),
    /// pciback takes a device back; [`PciBus::released`] is the answer, when it is silent, reset and somebody else's.
    Release {
        /// Its number in the list.
        index: u16,
        /// Where the guest sees it.
        shown: Bdf,
    },
    /// pciback unmaps the page and closes the port.
    Detach,
}

/// Who watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watched {
    Backend,
    Frontend,
}

impl Watched {
    const fn token(self) -> Token {
        match self {
            Watched::Backend => Token(0),
            Watched::Frontend => Token(1),
        }
    }
}

/// What the backend's half has under way.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Under {
    /// Devices whose export or release is not answered yet.
    left: u16,
    /// The state that follows.
    then: XenbusState,
    /// Whether one went wrong.
    failed: bool,
}

/// Both halves of one guest's PCI device, and the store.
#[derive(Clone, Debug)]
pub struct PciBus {
    /// The store itself, for whoever reads it or damages it.
    pub store: Xenstore,
    address: PciAddress,
    front: String,
    back: String,
    under: Option<Under>,
    actions: VecDeque<PciAction>,
}

impl PciBus {
    /// The toolstack writes the list, and both halves begin.
    pub fn create(now: Time, log: &mut Log, address: PciAddress, devices: &[(Bdf, PciOptions)]) -> PciBus {
        let mut bus = PciBus {
            store: Xenstore::new(Quotas::default()),
            address,
            front: address.front(),
            back: address.back(),
            under: None,
            actions: VecDeque::new(),
        };
        toolstack::create(&mut bus.store, address, devices);
        bus.tell(now, log, Pciif::StateWritten { by: Writer::Toolstack, state: XenbusState::Initialising.number() });
        let paths = [(address.frontend, &bus.back, Watched::Backend), (address.backend, &bus.front, Watched::Frontend)];
        for (domain, directory, what) in paths {
            let path = Reader { caller: domain, directory }.path(key::STATE);
            bus.store.watch(domain, &path, what.token()).expect("the store is new");
        }
        bus.switch_back(now, log, XenbusState::InitWait);
        bus.export_list(XenbusState::Initialised);
        bus.actions.push_back(PciAction::SetupFront);
        bus
    }

    /// Lets one half react to the oldest event of the store; false if there is none.
    pub fn dispatch(&mut self, now: Time, log: &mut Log) -> bool {
        let Some(event) = self.store.next_event() else { return false };
        if event.token == Watched::Backend.token() {
            self.backend_changed(now, log);
        } else {
            self.frontend_changed(now, log);
        }
        true
    }

    /// The next thing to do.
    pub fn next_action(&mut self) -> Option<PciAction> {
        self.actions.pop_front()
    }

    /// The guest half's state.
    pub fn front_state(&mut self) -> XenbusState {
        let PciBus { store, front, address, .. } = self;
        Reader { caller: address.backend, directory: front }.state(store, key::STATE)
    }

    /// The backend half's state.
    pub fn back_state(&mut self) -> XenbusState {
        let PciBus { store, back, address, .. } = self;
        Reader { caller: address.frontend, directory: back }.state(store, key::STATE)
    }

    /// The toolstack adds a device to a guest that runs. The backend must be Connected; returns whether it was.
    pub fn attach_device(&mut self, now: Time, log: &mut Log, real: Bdf, options: PciOptions) -> bool {
        if self.back_state() != XenbusState::Connected {
            return false;
        }
        let index = toolstack::attach(&mut self.store, self.address, real, options);
        self.tell_reconfiguring(now, log, index, XenbusState::Initialising);
        true
    }

    /// The toolstack takes a device from a guest that runs. The backend must be Connected; returns its number in the list.
    pub fn detach_device(&mut self, now: Time, log: &mut Log, real: Bdf) -> Option<u16> {
        if self.back_state() != XenbusState::Connected {
            return None;
        }
        let index = toolstack::detach(&mut self.store, self.address, real)?;
        self.tell_reconfiguring(now, log, index, XenbusState::Closing);
        Some(index)
    }

    /// The number of a device of the list that is Closing.
    pub fn closing_of(&mut self, real: Bdf) -> Option<u16> {
        let PciBus { store, back, address, .. } = self;
        let list = Reader { caller: address.backend, directory: back };
        let closing = |index: &u16, store: &mut Xenstore| list.device_state(store, *index) == XenbusState::Closing;
        (0..list.devices(store)).find(|index| closing(index, store) && list.place(store, DEV, *index) == Some(real))
    }

    /// The toolstack removes a device's keys, once the backend is Connected again.
    pub fn forget_device(&mut self, index: u16) {
        toolstack::forget(&mut self.store, self.address, index);
    }

    /// pcifront has a page and a port; it says so and is Initialised.
    pub fn published(&mut self, now: Time, log: &mut Log, gref: GrantRef, port: Port) {
        self.published_as(now, log, gref, port, XEN_PCI_MAGIC);
    }

    /// The same with another magic word, for a pcifront of another age.
    pub fn published_as(&mut self, now: Time, log: &mut Log, gref: GrantRef, port: Port, magic: &str) {
        let PciBus { store, front, address, .. } = self;
        let front = Reader { caller: address.frontend, directory: front };
        front.write_number(store, PCI_OP_REF, gref.0.into());
        front.write_number(store, EVENT_CHANNEL, port.0.into());
        front.write(store, MAGIC, magic);
        self.switch_front(now, log, XenbusState::Initialised);
    }

    /// pciback gave the guest a device, which it will see at a place, on one of these buses; or it could not.
    pub fn exported(&mut self, now: Time, log: &mut Log, index: u16, outcome: Result<(Bdf, Vec<u8>), i16>) {
        match outcome {
            Ok((shown, roots)) => {
                let PciBus { store, back, address, .. } = self;
                let own = Reader { caller: address.backend, directory: back };
                own.write(store, &numbered(VDEV, index), &vdev_text(shown));
                for bus in roots {
                    publish_root(own, store, bus);
                }
                let state = XenbusState::Initialised.number();
                own.write_number(store, &numbered(DEVICE_STATE, index), state.into());
                self.tell(now, log, Pciif::DeviceStateWritten { by: Writer::Back, index, state });
            }
            Err(_) => {
                if let Some(under) = &mut self.under {
                    under.failed = true;
                }
            }
        }
        self.one_less(now, log);
    }

    /// pciback took a device back, and it is another's.
    pub fn released(&mut self, now: Time, log: &mut Log) {
        self.one_less(now, log);
    }

    /// pciback has the page and the port, or could not.
    pub fn attached(&mut self, now: Time, log: &mut Log, well: bool) {
        self.switch_back(now, log, if well { XenbusState::Connected } else { XenbusState::Closing });
    }

    /// pcifront has scanned, and has whatever there is.
    pub fn scanned(&mut self, now: Time, log: &mut Log) {
        self.switch_front(now, log, XenbusState::Connected);
    }

    /// pcifront has removed what was closing.
    pub fn removed(&mut self, now: Time, log: &mut Log) {
        self.switch_front(now, log, XenbusState::Reconfiguring);
    }

    /// The guest shuts down, or its driver is unloaded.
    pub fn close_front(&mut self, now: Time, log: &mut Log) {
        self.switch_front(now, log, XenbusState::Closing);
    }

    /// `pcifront_backend_changed`.
    fn backend_changed(&mut self, now: Time, log: &mut Log) {
        let own = self.front_state();
        match (self.back_state(), own) {
            (XenbusState::Connected, XenbusState::Initialised)
            | (XenbusState::Reconfigured, XenbusState::Reconfiguring) => {
                let roots = self.roots();
                self.actions.push_back(PciAction::Scan(roots));
            }
            (XenbusState::Reconfiguring, XenbusState::Connected) => {
                let closing = self.closing();
                let shown = closing.into_iter().map(|(_, shown)| shown).collect();
                self.actions.push_back(PciAction::Remove(shown));
            }
            (XenbusState::Closing | XenbusState::Closed, own) if own < XenbusState::Closing => {
                self.switch_front(now, log, XenbusState::Closed);
            }
            _ => {}
        }
    }

    /// `pciback_frontend_changed`.
    fn frontend_changed(&mut self, now: Time, log: &mut Log) {
        match self.front_state() {
            XenbusState::Initialised => self.attach(now, log),
            XenbusState::Reconfiguring => self.reconfigure(now, log),
            XenbusState::Connected if self.back_state() == XenbusState::Reconfigured => {
                self.switch_back(now, log, XenbusState::Connected);
            }
            XenbusState::Closing | XenbusState::Closed => {
                let closing = self.front_state();
                if self.back_state() < XenbusState::Closing {
                    self.actions.push_back(PciAction::Detach);
                }
                self.switch_back(now, log, closing);
            }
            XenbusState::Connected
            | XenbusState::Unknown
            | XenbusState::Initialising
            | XenbusState::InitWait
            | XenbusState::Reconfigured => {}
        }
    }

    /// `pciback_attach`: both halves are Initialised, and mean the same page.
    fn attach(&mut self, now: Time, log: &mut Log) {
        if self.back_state() != XenbusState::Initialised || self.front_state() != XenbusState::Initialised {
            return;
        }
        let PciBus { store, front, address, .. } = self;
        let other = Reader { caller: address.backend, directory: front };
        let gref = other.number(store, PCI_OP_REF).and_then(|gref| u32::try_from(gref).ok());
        let port = other.number(store, EVENT_CHANNEL).and_then(|port| u32::try_from(port).ok());
        let magic = store.read(Caller::of(address.backend), &other.path(MAGIC));
        let same = magic.is_ok_and(|magic| magic == XEN_PCI_MAGIC.as_bytes());
        match (gref, port) {
            (Some(gref), Some(port)) if same => {
                self.actions.push_back(PciAction::Attach { gref: GrantRef(gref), port: Port(port) });
            }
            _ => {
                self.tell(now, log, Pciif::MagicDiffers);
                self.switch_back(now, log, XenbusState::Closing);
            }
        }
    }

    /// `pciback_reconfigure`: what is Initialising comes, what is Closing goes.
    fn reconfigure(&mut self, now: Time, log: &mut Log) {
        if self.back_state() != XenbusState::Reconfiguring {
            return;
        }
        let closing = self.closing();
        self.export_list(XenbusState::Reconfigured);
        let under = self.under.as_mut().expect("the list was just begun");
        under.left += closing.len() as u16;
        let nothing = under.left == 0;
        let release = closing.into_iter().map(|(index, shown)| PciAction::Release { index, shown });
        self.actions.extend(release);
        if nothing {
            self.finish_list(now, log);
        }
    }

    /// Begins with every device of the list that is Initialising.
    fn export_list(&mut self, then: XenbusState) {
        let PciBus { store, back, address, .. } = self;
        let own = Reader { caller: address.backend, directory: back };
        let mut left = 0;
        for index in 0..own.devices(store) {
            let initialising = own.device_state(store, index) == XenbusState::Initialising;
            if let Some(real) = own.place(store, DEV, index).filter(|_| initialising) {
                left += 1;
                self.actions.push_back(PciAction::Export { index, real });
            }
        }
        self.under = Some(Under { left, then, failed: false });
    }

    fn one_less(&mut self, now: Time, log: &mut Log) {
        let Some(under) = &mut self.under else { return };
        under.left = under.left.saturating_sub(1);
        if under.left == 0 {
            self.finish_list(now, log);
        }
    }

    fn finish_list(&mut self, now: Time, log: &mut Log) {
        let Some(Under { then, failed, .. }) = self.under.take() else { return };
        // `xenbus_dev_fatal`: one device that cannot be given ends all of them, when the guest runs as well.
        if failed {
            return self.switch_back(now, log, XenbusState::Closing);
        }
        self.switch_back(now, log, then);
        // The other half may have been first.
        self.attach(now, log);
    }

    /// Devices of the list that are Closing: number, and where the guest sees them.
    fn closing(&mut self) -> Vec<(u16, Bdf)> {
        let PciBus { store, back, address, .. } = self;
        let list = Reader { caller: address.frontend, directory: back };
        let closing = (0..list.devices(store)).filter_map(|index| {
            let is_closing = list.device_state(store, index) == XenbusState::Closing;
            list.place(store, VDEV, index).filter(|_| is_closing).map(|shown| (index, shown))
        });
        closing.collect()
    }

    /// The buses that pciback has published; without any pcifront tries the first.
    fn roots(&mut self) -> Vec<u8> {
        let PciBus { store, back, address, .. } = self;
        let list = Reader { caller: address.frontend, directory: back };
        let Some(count) = list.number(store, ROOT_NUM).and_then(|count| u16::try_from(count).ok()) else {
            return Vec::from([0]);
        };
        let root = |index| {
            let path = list.path(&numbered(ROOT, index));
            store.read(Caller::of(list.caller), &path).ok().and_then(parse_root)
        };
        (0..count).filter_map(root).collect()
    }

    fn switch_front(&mut self, now: Time, log: &mut Log, state: XenbusState) {
        if self.front_state() == state {
            return;
        }
        let PciBus { store, front, address, .. } = self;
        let own = Reader { caller: address.frontend, directory: front };
        own.write_number(store, key::STATE, state.number().into());
        self.tell(now, log, Pciif::StateWritten { by: Writer::Front, state: state.number() });
    }

    fn switch_back(&mut self, now: Time, log: &mut Log, state: XenbusState) {
        if self.back_state() == state {
            return;
        }
        let PciBus { store, back, address, .. } = self;
        let own = Reader { caller: address.backend, directory: back };
        own.write_number(store, key::STATE, state.number().into());
        self.tell(now, log, Pciif::StateWritten { by: Writer::Back, state: state.number() });
    }

    fn tell_reconfiguring(&self, now: Time, log: &mut Log, index: u16, state: XenbusState) {
        self.tell(now, log, Pciif::DeviceStateWritten { by: Writer::Toolstack, index, state: state.number() });
        let state = XenbusState::Reconfiguring.number();
        log.also(now, Event::Pciif(Pciif::StateWritten { by: Writer::Toolstack, state }));
    }

    fn tell(&self, now: Time, log: &mut Log, event: Pciif) {
        log.step(now, Event::Pciif(event));
    }
}

/// Adds a bus to those that the guest is to scan, unless it is there (`pciback_publish_pci_root`).
fn publish_root(own: Reader<'_>, store: &mut Xenstore, bus: u8) {
    let count = own.number(store, ROOT_NUM).and_then(|count| u16::try_from(count).ok()).unwrap_or(0);
    let is_there = |index| {
        let path = own.path(&numbered(ROOT, index));
        store.read(Caller::of(own.caller), &path).ok().and_then(parse_root) == Some(bus)
    };
    if !(0..count).any(is_there) {
        own.write(store, &numbered(ROOT, count), &root_text(bus));
        own.write_number(store, ROOT_NUM, u64::from(count) + 1);
    }
}
