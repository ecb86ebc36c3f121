//! Numbers that must not be mistaken for one another.
//!
//! Not modelled: nothing; these are words.

use crate::words::text::{Text, scan_hex};

/// A domain's number, `domid_t` (`xen/include/public/xen.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomId(pub u16);

impl DomId {
    /// The first domain: it owns the hardware and runs the backends.
    pub const DOM0: DomId = DomId(0);

    /// Nobody: whose devices are that stand in quarantine (`DOMID_IO`).
    pub const IO: DomId = DomId(0x7FF1);
}

/// A virtual processor of one domain, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VcpuId(pub u8);

/// A machine frame number: which 4096 bytes of the machine's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mfn(pub u32);

/// A pseudo-physical frame number: the frame as its own domain counts it, from 0 without holes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pfn(pub u32);

/// A device frame number: which 4096 bytes a device's address lies in, before any table is asked, `dfn_t`
/// (`xen/include/xen/iommu.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dfn(pub u32);

/// An index into a domain's grant table, `grant_ref_t` (`xen/include/public/grant_table.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GrantRef(pub u32);

/// What a mapping domain shows to unmap again, `grant_handle_t` (`xen/include/public/grant_table.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle(pub u32);

/// One domain's end of an event channel, `evtchn_port_t` (`xen/include/public/event_channel.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port(pub u32);

/// A network interface of a guest, counted through the whole machine from 0: the guest's half of it is an `eth`, dom0's half
/// the `vif` behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VifId(pub u16);

/// A requester ID: which function of which device on which bus speaks. Bits 15:8 are the bus, 7:3 the device, 2:0 the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bdf(pub u16);

impl Bdf {
    /// Bits of the bus.
    pub const BUS_BITS: u32 = u16::BITS - Bdf::DEVICE_BITS - Bdf::FUNCTION_BITS;
    /// Bits of the device.
    pub const DEVICE_BITS: u32 = 5;
    /// Bits of the function.
    pub const FUNCTION_BITS: u32 = 3;

    /// The function's place; `device` is below 32 and `function` below 8, higher bits are cut off.
    #[must_use]
    pub const fn new(bus: u8, device: u8, function: u8) -> Bdf {
        let device = device as u16 & ((1 << Bdf::DEVICE_BITS) - 1);
        let function = function as u16 & ((1 << Bdf::FUNCTION_BITS) - 1);
        Bdf((bus as u16) << (Bdf::DEVICE_BITS + Bdf::FUNCTION_BITS) | device << Bdf::FUNCTION_BITS | function)
    }

    /// The bus.
    #[must_use]
    pub const fn bus(self) -> u8 {
        (self.0 >> 8) as u8
    }

    /// Device and function in one byte, the index into a context table.
    #[must_use]
    pub const fn devfn(self) -> u8 {
        self.0 as u8
    }

    /// The device on its bus.
    #[must_use]
    pub const fn device(self) -> u8 {
        self.devfn() >> 3
    }

    /// The function of its device.
    #[must_use]
    pub const fn function(self) -> u8 {
        self.devfn() & 7
    }

    /// Writes it as tools do: `03:00.0`.
    pub fn push(self, out: &mut Text) -> &mut Text {
        out.push_hex(self.bus().into(), 2).push_char(':').push_hex(self.device().into(), 2);
        out.push_char('.').push_u32(self.function().into())
    }

    /// Writes it with its domain, which is 0, as the store and tools' lines do: `0000:03:00.0`.
    pub fn push_with_domain(self, out: &mut Text) -> &mut Text {
        self.push(out.push_str("0000:"))
    }

    /// Reads what [`Bdf::push_with_domain`] writes, with any number of hexadecimal digits; nothing if it is not all of the
    /// text, of a domain other than 0, or of no function that there can be.
    #[must_use]
    pub fn parse(text: &str) -> Option<Bdf> {
        Bdf::scan(text.as_bytes()).and_then(|(bdf, rest)| rest.is_empty().then_some(bdf))
    }

    /// Reads the same from a text's beginning, as `sscanf` does with `%x:%x:%x.%x`; the rest is behind it.
    #[must_use]
    pub fn scan(text: &[u8]) -> Option<(Bdf, &[u8])> {
        let (domain, rest) = scan_hex(text)?;
        let (bus, rest) = scan_hex(rest.strip_prefix(b":")?)?;
        let (device, rest) = scan_hex(rest.strip_prefix(b":")?)?;
        let (function, rest) = scan_hex(rest.strip_prefix(b".")?)?;
        let fits = domain == 0 && bus < 256 && device < 32 && function < 8;
        fits.then(|| (Bdf::new(bus as u8, device as u8, function as u8), rest))
    }
}

/// An Ethernet address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// Everybody's address.
    pub const BROADCAST: Mac = Mac([0xFF; 6]);

    /// Whether a frame to this address is for several receivers (the first byte's lowest bit).
    pub const fn is_multicast(self) -> bool {
        self.0[0] & 1 == 1
    }

    /// The address of a guest's interface, in the range that Xen's tools take theirs from (`00:16:3e`).
    pub const fn of_guest(vif: VifId) -> Mac {
        let [high, low] = vif.0.to_be_bytes();
        Mac([0x00, 0x16, 0x3E, 0x00, high, low])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};

    use super::Bdf;
    use crate::words::text::Text;

    #[test]
    fn an_address_is_read_to_its_end_or_not_at_all() {
        let place = Bdf::new(2, 0x1A, 1);
        for text in ["0000:02:1a.1", "0:2:1A.01"] {
            assert_eq!(Bdf::parse(text), Some(place), "`{text}`");
        }
        for text in [
            "",
            "02:1a.1",
            "0001:02:1a.1",
            "0000:100:1a.1",
            "0000:02:20.1",
            "0000:02:1a.8",
            "0000:02:1a",
            "0000::1a.1",
            "0000:02.1a.1",
            "0000:02:1a:1",
            " 0000:02:1a.1",
            "0000:+2:1a.1",
            "100000000:02:1a.1",
        ] {
            assert_eq!((Bdf::parse(text), Bdf::scan(text.as_bytes())), (None, None), "`{text}`");
        }
        for (text, rest) in [("0000:02:1a.1 ", " "), ("0000:02:1a.1@0x7", "@0x7"), ("0000:02:1a.1.1", ".1")] {
            assert_eq!(
                (Bdf::parse(text), Bdf::scan(text.as_bytes())),
                (None, Some((place, rest.as_bytes()))),
                "`{text}`"
            );
        }
    }

    proptest! {
        #[test]
        fn an_address_is_read_as_it_is_written(place in any::<u16>().prop_map(Bdf)) {
            let mut text = Text::new();
            place.push_with_domain(&mut text);
            prop_assert_eq!(Bdf::parse(text.as_str()), Some(place));
            let (bus, device, function) = (place.bus(), place.device(), place.function());
            prop_assert_eq!(text.into_string(), format!("0000:{bus:02x}:{device:02x}.{function}"));
        }
    }
}
