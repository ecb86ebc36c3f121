//! What the two halves of a device write into the store for each other: states, keys, and numbers as text
//! (`xen/include/public/io/xenbus.h`, `xen/include/public/io/netif.h`).
//!
//! ```text
//!   /local/domain/GUEST/device/vif/N/          the guest's:  state, tx-ring-ref, rx-ring-ref, event-channel, …
//!   /local/domain/0/backend/vif/GUEST/N/       dom0's:       state, feature-…, mac, rate, hotplug-status, …
//! ```
//!
//! Text is read as the kernel's `sscanf` and `simple_strtoul` read it, whoever wrote it: leading space is skipped, what
//! follows the digits does not count, and a number that is too long loses its upper bits.
//!
//! Not modelled: keys of several queues (`queue-N/…`, only their number is written and read), of the control ring, of
//! multicast lists and of XDP.

use alloc::string::String;

use crate::words::ids::{DomId, Mac};
use crate::words::text::Text;

/// `enum xenbus_state`: how far a half has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum XenbusState {
    /// There is no such half, or its state cannot be read.
    Unknown = 0,
    /// It begins.
    Initialising = 1,
    /// It has said what it can do, and waits for the other half.
    InitWait = 2,
    /// It has said where to find everything, and waits to be connected.
    Initialised = 3,
    /// It is connected.
    Connected = 4,
    /// It is about to close.
    Closing = 5,
    /// It is closed.
    Closed = 6,
    /// Its settings change.
    Reconfiguring = 7,
    /// Its settings have changed.
    Reconfigured = 8,
}

impl XenbusState {
    /// All states, by number.
    pub const ALL: [XenbusState; 9] = [
        XenbusState::Unknown,
        XenbusState::Initialising,
        XenbusState::InitWait,
        XenbusState::Initialised,
        XenbusState::Connected,
        XenbusState::Closing,
        XenbusState::Closed,
        XenbusState::Reconfiguring,
        XenbusState::Reconfigured,
    ];

    /// The state's number, as it stands in the store.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The state of that number.
    #[must_use]
    pub fn from_number(number: i64) -> Option<XenbusState> {
        usize::try_from(number).ok().and_then(|number| XenbusState::ALL.get(number).copied())
    }
}

/// Names of keys.
pub mod key {
    /// Either half's [`XenbusState`](super::XenbusState).
    pub const STATE: &str = "state";
    /// The address of the guest's interface.
    pub const MAC: &str = "mac";
    /// Which of the guest's interfaces it is.
    pub const HANDLE: &str = "handle";
    /// Where the other half is, in the guest's directory.
    pub const BACKEND: &str = "backend";
    /// Which domain the other half is in, in the guest's directory.
    pub const BACKEND_ID: &str = "backend-id";
    /// Where the other half is, in dom0's directory.
    pub const FRONTEND: &str = "frontend";
    /// Which domain the other half is in, in dom0's directory.
    pub const FRONTEND_ID: &str = "frontend-id";
    /// Whether the device stays when its halves are closed.
    pub const ONLINE: &str = "online";
    /// The script that puts the interface onto the bridge.
    pub const SCRIPT: &str = "script";
    /// The bridge.
    pub const BRIDGE: &str = "bridge";
    /// What became of the script: `connected` or `error`.
    pub const HOTPLUG_STATUS: &str = "hotplug-status";
    /// How much the guest may send: bytes, comma, microseconds.
    pub const RATE: &str = "rate";
    /// Why a half gave up.
    pub const ERROR: &str = "error";

    /// The grant of the transmit ring's page.
    pub const TX_RING_REF: &str = "tx-ring-ref";
    /// The grant of the receive ring's page.
    pub const RX_RING_REF: &str = "rx-ring-ref";
    /// The channel of both rings.
    pub const EVENT_CHANNEL: &str = "event-channel";
    /// The transmit ring's channel.
    pub const EVENT_CHANNEL_TX: &str = "event-channel-tx";
    /// The receive ring's channel.
    pub const EVENT_CHANNEL_RX: &str = "event-channel-rx";
    /// Received packets are to be copied.
    pub const REQUEST_RX_COPY: &str = "request-rx-copy";
    /// The frontend notifies about new buffers.
    pub const FEATURE_RX_NOTIFY: &str = "feature-rx-notify";
    /// Packets of several pieces are taken.
    pub const FEATURE_SG: &str = "feature-sg";
    /// Packets that are still to be segmented are taken.
    pub const FEATURE_GSO_TCPV4: &str = "feature-gso-tcpv4";
    /// Packets without their checksum are not taken.
    pub const FEATURE_NO_CSUM_OFFLOAD: &str = "feature-no-csum-offload";
    /// The backend can copy into buffers.
    pub const FEATURE_RX_COPY: &str = "feature-rx-copy";
    /// The backend can give pages away.
    pub const FEATURE_RX_FLIP: &str = "feature-rx-flip";
    /// The backend takes a channel for each ring.
    pub const FEATURE_SPLIT_EVENT_CHANNELS: &str = "feature-split-event-channels";
    /// Queues that the backend offers.
    pub const MULTI_QUEUE_MAX_QUEUES: &str = "multi-queue-max-queues";
    /// Queues that the frontend wants.
    pub const MULTI_QUEUE_NUM_QUEUES: &str = "multi-queue-num-queues";
}

/// The directory of a guest's half.
#[must_use]
pub fn frontend_path(frontend: DomId, handle: u16) -> String {
    let mut path = Text::new();
    path.push_str("/local/domain/")
        .push_u32(u32::from(frontend.0))
        .push_str("/device/vif/")
        .push_u32(u32::from(handle));
    path.into_string()
}

/// The directory of a backend's half.
#[must_use]
pub fn backend_path(backend: DomId, frontend: DomId, handle: u16) -> String {
    let mut path = Text::new();
    path.push_str("/local/domain/").push_u32(u32::from(backend.0)).push_str("/backend/vif/");
    path.push_u32(u32::from(frontend.0)).push_char('/').push_u32(u32::from(handle));
    path.into_string()
}

/// A number as text.
#[must_use]
pub fn number(number: u64) -> String {
    let mut text = Text::new();
    text.push_u64(number);
    text.into_string()
}

/// Digits at the start, and what follows them (`simple_strtoul` in base 10). Nothing if there are none.
fn digits(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let count = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = bytes.split_at(count);
    let value = digits.iter().fold(0_u64, |value, digit| value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')));
    (count > 0).then_some((value, rest))
}

/// A value read as `%u` or `%lu`; nothing if there is no digit where one must be.
#[must_use]
pub fn scan_unsigned(value: &[u8]) -> Option<u64> {
    digits(value.trim_ascii_start()).map(|(number, _)| number)
}

/// A value read as `%d`.
#[must_use]
pub fn scan_signed(value: &[u8]) -> Option<i64> {
    let value = value.trim_ascii_start();
    match value.strip_prefix(b"-") {
        Some(rest) => digits(rest).map(|(number, _)| (number as i64).wrapping_neg()),
        None => digits(value).map(|(number, _)| number as i64),
    }
}

/// An Ethernet address as text (`xen_net_read_mac`): six hexadecimal numbers with colons between, of which each keeps its
/// lowest byte.
#[must_use]
pub fn parse_mac(value: &[u8]) -> Option<Mac> {
    let mut mac = [0; 6];
    let mut parts = value.split(|&byte| byte == b':');
    for byte in &mut mac {
        let part = parts.next().filter(|part| !part.is_empty())?;
        for &digit in part {
            *byte = (*byte << 4) | char::from(digit).to_digit(16)? as u8;
        }
    }
    parts.next().is_none().then_some(Mac(mac))
}

/// An Ethernet address as text.
#[must_use]
pub fn mac_text(mac: Mac) -> String {
    let mut text = Text::new();
    for (place, byte) in mac.0.into_iter().enumerate() {
        if place > 0 {
            text.push_char(':');
        }
        text.push_hex(u64::from(byte), 2);
    }
    text.into_string()
}

/// How much a guest may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Bytes in a window.
    pub bytes: u64,
    /// The window in microseconds; 0 for no limit.
    pub usec: u64,
}

impl Rate {
    /// As much as it likes.
    pub const UNLIMITED: Rate = Rate { bytes: u64::MAX, usec: 0 };

    /// The rate in a value (`xen_net_read_rate`); what makes no sense limits nothing.
    #[must_use]
    pub fn parse(value: &[u8]) -> Rate {
        let parse = || {
            let (bytes, rest) = digits(value)?;
            let (usec, rest) = digits(rest.strip_prefix(b",")?)?;
            rest.is_empty().then_some(Rate { bytes, usec })
        };
        parse().unwrap_or(Rate::UNLIMITED)
    }

    /// The rate as text.
    #[must_use]
    pub fn text(self) -> String {
        let mut text = Text::new();
        text.push_u64(self.bytes).push_char(',').push_u64(self.usec);
        text.into_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{
        Rate, XenbusState, backend_path, frontend_path, mac_text, number, parse_mac, scan_signed, scan_unsigned,
    };
    use crate::words::ids::{DomId, Mac};

    #[test]
    fn states_have_the_header_s_numbers() {
        for (number, state) in XenbusState::ALL.into_iter().enumerate() {
            assert_eq!((usize::from(state.number()), XenbusState::from_number(number as i64)), (number, Some(state)));
        }
        assert_eq!([-1, 9, i64::MIN].map(XenbusState::from_number), [None; 3]);
    }

    #[test]
    fn directories_are_named_by_domain_and_handle() {
        assert_eq!(frontend_path(DomId(7), 0), "/local/domain/7/device/vif/0");
        assert_eq!(backend_path(DomId::DOM0, DomId(7), 2), "/local/domain/0/backend/vif/7/2");
    }

    #[test]
    fn numbers_are_read_as_the_kernel_reads_them() {
        for (text, unsigned, signed) in [
            ("8", Some(8), Some(8)),
            (" 8", Some(8), Some(8)),
            ("8 apples", Some(8), Some(8)),
            ("08", Some(8), Some(8)),
            ("-8", None, Some(-8)),
            ("", None, None),
            ("x", None, None),
            ("-", None, None),
            ("18446744073709551624", Some(8), Some(8)),
        ] {
            assert_eq!((scan_unsigned(text.as_bytes()), scan_signed(text.as_bytes())), (unsigned, signed), "`{text}`");
        }
    }

    #[test]
    fn addresses_and_rates_that_make_no_sense() {
        for text in ["", "00:16:3e:00:00", "00:16:3e:00:00:00:00", "00:16:3e::00:00", "00:16:3e:00:00:0g"] {
            assert_eq!(parse_mac(text.as_bytes()), None, "`{text}`");
        }
        assert_eq!(parse_mac(b"0:16:3E:0:1ff:2"), Some(Mac([0, 0x16, 0x3E, 0, 0xFF, 2])));
        for text in ["", "1000", "1000,", ",50", "1000,50x", " 1000,50", "1000, 50"] {
            assert_eq!(Rate::parse(text.as_bytes()), Rate::UNLIMITED, "`{text}`");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(value in any::<u64>(), usec in any::<u64>(), mac in any::<[u8; 6]>()) {
            prop_assert_eq!(scan_unsigned(number(value).as_bytes()), Some(value));
            prop_assert_eq!(parse_mac(mac_text(Mac(mac)).as_bytes()), Some(Mac(mac)));
            let rate = Rate { bytes: value, usec };
            prop_assert_eq!(Rate::parse(rate.text().as_bytes()), rate);
        }

        #[test]
        fn any_bytes_can_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = (scan_unsigned(&bytes), scan_signed(&bytes), parse_mac(&bytes), Rate::parse(&bytes));
        }
    }
}
