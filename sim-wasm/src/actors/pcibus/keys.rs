//! Keys of a PCI device in the store: names, places as text, and reading both.
//!
//! Not modelled: the keys of xend that only xend reads (`uuid-N`, `vslots`), and `root-N` of other domains of buses than 0.

use alloc::string::String;

use crate::actors::xenbus::store::{Caller, Xenstore};
use crate::protocols::xenbus::{XenbusState, number, scan_signed};
use crate::words::ids::{Bdf, DomId};
use crate::words::text::{Text, scan_hex};

/// How many devices the list has.
pub(super) const NUM_DEVS: &str = "num_devs";
/// How many buses the guest is to scan.
pub(super) const ROOT_NUM: &str = "root_num";
/// The grant of the shared page.
pub(super) const PCI_OP_REF: &str = "pci-op-ref";
/// The channel.
pub(super) const EVENT_CHANNEL: &str = "event-channel";
/// The word by which both mean the same page.
pub(super) const MAGIC: &str = "magic";

/// Keys of one device of the list, each with its number behind.
pub(super) const DEV: &str = "dev";
pub(super) const VDEV: &str = "vdev";
pub(super) const VDEVFN: &str = "vdevfn";
pub(super) const DEVICE_STATE: &str = "state";
pub(super) const OPTS: &str = "opts";
pub(super) const ROOT: &str = "root";
/// All that one device of the list has.
pub(super) const OF_DEVICE: [&str; 5] = [DEV, VDEV, VDEVFN, DEVICE_STATE, OPTS];

/// `state-3`.
pub(super) fn numbered(name: &str, index: u16) -> String {
    let mut text = Text::new();
    text.push_str(name).push_char('-').push_u32(index.into());
    text.into_string()
}

/// `0000:02:1a.1`, as the toolstack writes a real place.
pub(super) fn dev_text(place: Bdf) -> String {
    let mut text = Text::new();
    place.push_with_domain(&mut text);
    text.into_string()
}

/// `0000:00:01.01`: the protocol has two digits for the function.
pub(super) fn vdev_text(place: Bdf) -> String {
    let mut text = Text::new();
    text.push_str(&root_text(place.bus())).push_char(':').push_hex(place.device().into(), 2);
    text.push_char('.').push_hex(place.function().into(), 2);
    text.into_string()
}

/// `0000:00`.
pub(super) fn root_text(bus: u8) -> String {
    let mut text = Text::new();
    text.push_str("0000:").push_hex(bus.into(), 2);
    text.into_string()
}

/// A place that is on a bus of domain 0; what stands behind it is not looked at.
pub(super) fn parse_place(value: &[u8]) -> Option<Bdf> {
    Bdf::scan(value).map(|(place, _)| place)
}

/// A bus of domain 0 (`%x:%x`).
pub(super) fn parse_root(value: &[u8]) -> Option<u8> {
    let (domain, rest) = scan_hex(value)?;
    let (bus, _) = scan_hex(rest.strip_prefix(b":")?)?;
    (domain == 0).then(|| u8::try_from(bus).ok()).flatten()
}

/// A half's directory with the reader who looks into it.
#[derive(Clone, Copy)]
pub(super) struct Reader<'store> {
    pub(super) caller: DomId,
    pub(super) directory: &'store str,
}

impl Reader<'_> {
    pub(super) fn path(self, name: &str) -> String {
        let mut path = Text::new();
        path.push_str(self.directory).push_char('/').push_str(name);
        path.into_string()
    }

    pub(super) fn number(self, store: &mut Xenstore, name: &str) -> Option<i64> {
        store.read(Caller::of(self.caller), &self.path(name)).ok().and_then(scan_signed)
    }

    pub(super) fn place(self, store: &mut Xenstore, name: &str, index: u16) -> Option<Bdf> {
        store.read(Caller::of(self.caller), &self.path(&numbered(name, index))).ok().and_then(parse_place)
    }

    pub(super) fn state(self, store: &mut Xenstore, name: &str) -> XenbusState {
        self.number(store, name).and_then(XenbusState::from_number).unwrap_or(XenbusState::Unknown)
    }

    pub(super) fn device_state(self, store: &mut Xenstore, index: u16) -> XenbusState {
        self.state(store, &numbered(DEVICE_STATE, index))
    }

    /// How many devices the list has, 0 if nobody says so.
    pub(super) fn devices(self, store: &mut Xenstore) -> u16 {
        self.number(store, NUM_DEVS).and_then(|count| u16::try_from(count).ok()).unwrap_or(0)
    }

    /// Writes a key. Who has no room left for it goes on without.
    pub(super) fn write(self, store: &mut Xenstore, name: &str, value: &str) {
        let _ = store.write(Caller::of(self.caller), &self.path(name), value.as_bytes());
    }

    pub(super) fn write_number(self, store: &mut Xenstore, name: &str, value: u64) {
        self.write(store, name, &number(value));
    }
}

#[cfg(test)]
mod tests {
    use super::{dev_text, parse_place, parse_root, root_text, vdev_text};
    use crate::words::ids::Bdf;

    #[test]
    fn places_are_written_with_one_digit_or_two() {
        let place = Bdf::new(2, 0x1A, 1);
        assert_eq!((dev_text(place).as_str(), vdev_text(place).as_str()), ("0000:02:1a.1", "0000:02:1a.01"));
        assert_eq!(root_text(0xFE), "0000:fe");
    }

    #[test]
    fn either_is_read() {
        for (text, place) in [
            ("0000:02:1a.1", Some(Bdf::new(2, 0x1A, 1))),
            ("0:2:1A.01 ", Some(Bdf::new(2, 0x1A, 1))),
            ("0001:02:1a.1", None),
            ("0000:02:20.1", None),
            ("0000:02:1a.8", None),
            ("0000:02:1a", None),
            ("", None),
            ("0000::1a.1", None),
        ] {
            assert_eq!(parse_place(text.as_bytes()), place, "`{text}`");
        }
        assert_eq!([parse_root(b"0000:00"), parse_root(b"0000:100"), parse_root(b"1:2")], [Some(0), None, None]);
    }
}
