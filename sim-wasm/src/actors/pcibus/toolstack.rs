//! What the toolstack writes: the list of a guest's devices, and what is to become of each.
//!
//! Sources: `tools/python/xen/xend/server/pciif.py` of Xen 3.3, `tools/libs/light/libxl_pci.c` of today.
//!
//! Not modelled: `uuid-N` and `vslots` of xend; whether xend clears a device's state after unplugging. Keys go as libxl removes
//! them.

use alloc::string::String;
use alloc::vec::Vec;

use crate::actors::pcibus::keys::{DEV, DEVICE_STATE, NUM_DEVS, OF_DEVICE, OPTS, Reader, VDEVFN, dev_text, numbered};
use crate::actors::pcibus::{PciAddress, PciOptions};
use crate::actors::xenbus::store::{Caller, Permissions, Xenstore};
use crate::protocols::xenbus::{XenbusState, key, number};
use crate::words::ids::{Bdf, DomId};
use crate::words::text::Text;

const TOOLSTACK: DomId = DomId::DOM0;

/// Both directories, with a device each of the list.
pub(super) fn create(store: &mut Xenstore, address: PciAddress, devices: &[(Bdf, PciOptions)]) {
    let (front, back) = (address.front(), address.back());
    for (directory, owner, reader) in
        [(&front, address.frontend, address.backend), (&back, address.backend, address.frontend)]
    {
        // There may be nothing to remove.
        let _ = store.remove(Caller::of(TOOLSTACK), directory);
        store.mkdir(Caller::of(TOOLSTACK), directory).expect("dom0 may write everywhere");
        let permissions = Permissions::shown_to(owner, reader);
        store.set_permissions(Caller::of(TOOLSTACK), directory, permissions).expect("the directory was just made");
    }
    let initialising = u64::from(XenbusState::Initialising.number());
    let of = |directory| Reader { caller: TOOLSTACK, directory };
    of(&back).write(store, key::FRONTEND, &front);
    of(&back).write_number(store, key::FRONTEND_ID, address.frontend.0.into());
    of(&back).write_number(store, key::ONLINE, 1);
    of(&front).write(store, key::BACKEND, &back);
    of(&front).write_number(store, key::BACKEND_ID, address.backend.0.into());
    for (index, &(real, options)) in (0..).zip(devices) {
        write_device(store, address, index, real, options);
    }
    of(&back).write_number(store, NUM_DEVS, devices.len() as u64);
    of(&front).write_number(store, key::STATE, initialising);
    of(&back).write_number(store, key::STATE, initialising);
}

fn write_device(store: &mut Xenstore, address: PciAddress, index: u16, real: Bdf, options: PciOptions) {
    let directory = address.back();
    let back = Reader { caller: TOOLSTACK, directory: &directory };
    let PciOptions { vdevfn, permissive, msitranslate, power_mgmt } = options;
    back.write(store, &numbered(DEV, index), &dev_text(real));
    if let Some(vdevfn) = vdevfn {
        let mut text = Text::new();
        text.push_str("0x").push_hex(vdevfn.into(), 1);
        back.write(store, &numbered(VDEVFN, index), text.as_str());
    }
    let mut opts = Text::new();
    for (name, on) in [("msitranslate=", msitranslate), (",power_mgmt=", power_mgmt), (",permissive=", permissive)] {
        opts.push_str(name).push_u32(on.into());
    }
    back.write(store, &numbered(OPTS, index), opts.as_str());
    back.write_number(store, &numbered(DEVICE_STATE, index), XenbusState::Initialising.number().into());
}

/// Adds a device to a list that is in use; returns its number.
pub(super) fn attach(store: &mut Xenstore, address: PciAddress, real: Bdf, options: PciOptions) -> u16 {
    let directory = address.back();
    let back = Reader { caller: TOOLSTACK, directory: &directory };
    let index = back.devices(store);
    write_device(store, address, index, real, options);
    back.write_number(store, NUM_DEVS, u64::from(index) + 1);
    back.write_number(store, key::STATE, XenbusState::Reconfiguring.number().into());
    index
}

/// Asks both halves to let a device go; its number, or nothing if the list has none such.
pub(super) fn detach(store: &mut Xenstore, address: PciAddress, real: Bdf) -> Option<u16> {
    let directory = address.back();
    let back = Reader { caller: TOOLSTACK, directory: &directory };
    let index = (0..back.devices(store)).find(|&index| back.place(store, DEV, index) == Some(real))?;
    back.write_number(store, &numbered(DEVICE_STATE, index), XenbusState::Closing.number().into());
    back.write_number(store, key::STATE, XenbusState::Reconfiguring.number().into());
    Some(index)
}

/// Removes a device's keys when both halves have let it go; those behind it move down.
pub(super) fn forget(store: &mut Xenstore, address: PciAddress, index: u16) {
    let directory = address.back();
    let back = Reader { caller: TOOLSTACK, directory: &directory };
    let count = back.devices(store);
    if index >= count {
        return;
    }
    for name in OF_DEVICE {
        for at in index..count {
            let next: Option<Vec<u8>> = match at + 1 < count {
                true => store.read(Caller::of(TOOLSTACK), &back.path(&numbered(name, at + 1))).ok().map(<[u8]>::to_vec),
                false => None,
            };
            let path: String = back.path(&numbered(name, at));
            match next {
                Some(value) => store.write(Caller::of(TOOLSTACK), &path, &value).expect("dom0 may write everywhere"),
                // There may be nothing to remove.
                None => drop(store.remove(Caller::of(TOOLSTACK), &path)),
            }
        }
    }
    back.write(store, NUM_DEVS, &number(u64::from(count) - 1));
}
