//! What the toolstack writes: a device's two directories, its removal, and its script's outcome
//! (`tools/libxl/libxl_nic.c`, `tools/hotplug/Linux/vif-bridge`).
//!
//! Not modelled: the domain's other devices and keys, and the script's own commands, of which only the outcome counts.

use crate::actors::epoch::{Epoch, FrontEpoch};
use crate::actors::handshake::BackFeatures;
use crate::actors::xenbus::address::VifAddress;
use crate::actors::xenbus::join;
use crate::actors::xenbus::store::{Caller, Permissions, Xenstore};
use crate::protocols::ring::Index;
use crate::protocols::xenbus::{Rate, XenbusState, key, mac_text, number};
use crate::words::ids::{DomId, Mac};

/// A device, as it is configured, and the drivers of its halves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceSettings {
    /// The address of the guest's interface.
    pub mac: Mac,
    /// What the guest may send.
    pub rate: Rate,
    /// The guest's driver.
    pub front: FrontEpoch,
    /// The backend's driver.
    pub back: Epoch,
    /// What the backend's driver can do.
    pub features: BackFeatures,
    /// Where the rings begin; no key says so.
    pub base: Index,
}

/// The toolstack is dom0's.
const TOOLSTACK: Caller = Caller::of(DomId::DOM0);

fn write(store: &mut Xenstore, directory: &str, name: &str, value: &str) {
    store.write(TOOLSTACK, &join(directory, name), value.as_bytes()).expect("dom0 may write everywhere");
}

/// Makes an empty directory that one domain owns and another may read.
fn make(store: &mut Xenstore, directory: &str, owner: DomId, reader: DomId) {
    // There may be nothing to remove.
    let _ = store.remove(TOOLSTACK, directory);
    store.mkdir(TOOLSTACK, directory).expect("dom0 may write everywhere");
    store
        .set_permissions(TOOLSTACK, directory, Permissions::shown_to(owner, reader))
        .expect("the directory was just made");
}

/// Writes a device into the store, in place of one that may be there.
pub(super) fn create(store: &mut Xenstore, address: VifAddress, settings: &DeviceSettings) {
    let (front, back) = (address.front(), address.back());
    let VifAddress { frontend, backend, handle, .. } = address;
    for (directory, owner, reader) in [(&front, frontend, backend), (&back, backend, frontend)] {
        make(store, directory, owner, reader);
    }
    let initialising = number(u64::from(XenbusState::Initialising.number()));
    let handle = number(u64::from(handle));
    let mac = mac_text(settings.mac);
    write(store, &back, key::FRONTEND, &front);
    write(store, &back, key::FRONTEND_ID, &number(u64::from(frontend.0)));
    write(store, &back, key::ONLINE, "1");
    write(store, &back, key::SCRIPT, "/etc/xen/scripts/vif-bridge");
    write(store, &back, key::BRIDGE, "xenbr0");
    write(store, &back, key::HANDLE, &handle);
    write(store, &back, key::MAC, &mac);
    if settings.rate != Rate::UNLIMITED {
        write(store, &back, key::RATE, &settings.rate.text());
    }
    write(store, &back, key::STATE, &initialising);
    write(store, &front, key::BACKEND, &back);
    write(store, &front, key::BACKEND_ID, &number(u64::from(backend.0)));
    write(store, &front, key::HANDLE, &handle);
    write(store, &front, key::MAC, &mac);
    write(store, &front, key::STATE, &initialising);
}

/// The backend's half is as the toolstack made it, whatever an earlier driver left there.
pub(super) fn renew_back(store: &mut Xenstore, address: VifAddress) {
    let back = address.back();
    if store.read(TOOLSTACK, &join(&back, key::STATE)).is_err() {
        return;
    }
    store.remove(TOOLSTACK, &join(&back, key::HOTPLUG_STATUS)).expect("its parent is there");
    write(store, &back, key::STATE, &number(u64::from(XenbusState::Initialising.number())));
}

/// The script writes what became of it.
pub(super) fn hotplug_ran(store: &mut Xenstore, address: VifAddress, well: bool) {
    let back = address.back();
    if store.read(TOOLSTACK, &join(&back, key::STATE)).is_ok() {
        write(store, &back, key::HOTPLUG_STATUS, if well { "connected" } else { "error" });
    }
}

/// Asks both halves to close, the backend's for good.
pub(super) fn detach(store: &mut Xenstore, address: VifAddress) {
    let back = address.back();
    if store.read(TOOLSTACK, &join(&back, key::STATE)).is_ok() {
        write(store, &back, key::ONLINE, "0");
        write(store, &back, key::STATE, &number(u64::from(XenbusState::Closing.number())));
    }
}

/// Removes both directories.
pub(super) fn destroy(store: &mut Xenstore, address: VifAddress) {
    for directory in [address.front(), address.back()] {
        // The parent may be gone as well.
        let _ = store.remove(TOOLSTACK, &directory);
    }
}
