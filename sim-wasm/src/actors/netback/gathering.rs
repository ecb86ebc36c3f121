//! One packet's requests, from the ring into netback's memory, and whether they make a packet (`netbk_get_extras`,
//! `netbk_count_requests` and the checks after them in `net_tx_action`, `drivers/xen/netback/netback.c`).
//!
//! ```text
//!   first request │ extra infos … │ further requests …
//!   size: of the whole packet       size: their own; what is left is the first one's
//! ```
//!
//! The length that is checked against an Ethernet header's is the first slot's, after the others' have been subtracted: the
//! stack will look for the header there.
//!
//! Not modelled: extra infos other than segmentation are read and forgotten, as they are in the driver.

use alloc::vec::Vec;

use crate::actors::log::backend::Refusal;
use crate::actors::netback::settings::Repairs;
use crate::actors::skb::{MAX_SKB_FRAGS, Segmentation};
use crate::hypervisor::page::{PAGE_SIZE, Page};
use crate::protocols::back_ring::BackRing;
use crate::protocols::netif::{
    EXTRA_INFO_SIZE, ExtraInfo, NETTXF_EXTRA_INFO, NETTXF_MORE_DATA, TX_REQUEST_SIZE, TxRequest,
    XEN_NETIF_EXTRA_FLAG_MORE, XEN_NETIF_EXTRA_TYPE_GSO, XEN_NETIF_GSO_TYPE_TCPV4,
};
use crate::protocols::ring::Index;
use crate::words::ids::GrantRef;

/// The shortest frame that Ethernet knows, `ETH_HLEN`.
const ETH_HLEN: u16 = 14;

/// The first extra type that the driver does not know, `XEN_NETIF_EXTRA_TYPE_MAX` of its time.
const EXTRA_TYPE_MAX: u8 = 2;

/// A packet's requests.
#[derive(Clone, Debug)]
pub(super) struct Gathered {
    /// The first request; its size is what the first slot holds.
    pub(super) first: TxRequest,
    /// Length of the whole packet.
    pub(super) total: u32,
    /// Extra infos after it,
    pub(super) extras: u8,
    /// the first one's type, 0 for none,
    pub(super) extra_kind: u8,
    /// and what they say of segmentation.
    pub(super) gso: Segmentation,
    /// How many further requests there are.
    pub(super) count: u8,
    /// and which.
    pub(super) further: Vec<TxRequest>,
}

impl Gathered {
    /// Nothing was read yet.
    pub(super) const fn new() -> Gathered {
        Gathered {
            first: TxRequest { gref: GrantRef(0), offset: 0, flags: 0, id: 0, size: 0 },
            total: 0,
            extras: 0,
            extra_kind: 0,
            gso: Segmentation::NONE,
            count: 0,
            further: Vec::new(),
        }
    }

    /// Slots of the ring, extra infos included.
    pub(super) fn slots(&self) -> u32 {
        1 + u32::from(self.extras) + u32::from(self.count)
    }
}

impl Gathered {
    /// Reads the packet that begins where the ring's consumer is with the request `first`, out of `available` slots, at least
    /// one, in the place of the packet that was read before. The ring's consumer does not move: it belongs after all slots
    /// of the packet, also if they are refused. Answers why they are, if so.
    pub(super) fn gather(
        &mut self,
        ring: &BackRing,
        page: &Page,
        (first, available): (TxRequest, u32),
        repairs: Repairs,
    ) -> Result<(), Refusal> {
        self.first = first;
        self.total = u32::from(first.size);
        (self.extras, self.extra_kind, self.gso) = (0, 0, Segmentation::NONE);
        self.count = 0;
        self.further.clear();
        self.read(ring, page, available - 1, repairs)
    }

    fn read(&mut self, ring: &BackRing, page: &Page, available: u32, repairs: Repairs) -> Result<(), Refusal> {
        let gso = self.get_extras(ring, page, available)?;
        let available = available - u32::from(self.extras);
        match self.count_requests(ring, page, available) {
            Err(_) if self.count == 0 && !repairs.refuses_first_fragment => {}
            counted => counted?,
        }
        if self.first.size < ETH_HLEN {
            return Err(Refusal::TooShort);
        }
        if crosses_page(&self.first) {
            return Err(Refusal::CrossesPage);
        }
        if let Some(gso) = gso {
            if gso.size == 0 || gso.kind != XEN_NETIF_GSO_TYPE_TCPV4 {
                return Err(Refusal::BadSegmentation);
            }
            self.gso = gso;
        }
        Ok(())
    }

    /// The extra infos (`netbk_get_extras`); the last one about segmentation counts.
    fn get_extras(&mut self, ring: &BackRing, page: &Page, available: u32) -> Result<Option<Segmentation>, Refusal> {
        let mut gso = None;
        let mut more = self.first.flags & NETTXF_EXTRA_INFO != 0;
        while more {
            if u32::from(self.extras) >= available {
                return Err(Refusal::BadExtra);
            }
            let at = ring.req_cons.plus(1 + u32::from(self.extras));
            let extra = ExtraInfo::decode(ring.copy_request::<EXTRA_INFO_SIZE>(page, at));
            if self.extras == 0 {
                self.extra_kind = extra.kind;
            }
            // At most 255, since there are 256 slots and one is the first request's.
            self.extras += 1;
            if extra.kind == 0 || extra.kind >= EXTRA_TYPE_MAX {
                return Err(Refusal::BadExtra);
            }
            if extra.kind == XEN_NETIF_EXTRA_TYPE_GSO {
                gso = extra.as_gso().map(|gso| Segmentation { size: gso.size, kind: gso.kind });
            }
            more = extra.flags & XEN_NETIF_EXTRA_FLAG_MORE != 0;
        }
        Ok(gso)
    }

    /// The further requests (`netbk_count_requests`). Those that were seen before a fault count as taken.
    fn count_requests(&mut self, ring: &BackRing, page: &Page, available: u32) -> Result<(), Refusal> {
        let mut more = self.first.flags & NETTXF_MORE_DATA != 0;
        while more {
            if u32::from(self.count) >= available {
                return Err(Refusal::Truncated);
            }
            if usize::from(self.count) >= MAX_SKB_FRAGS {
                return Err(Refusal::TooManySlots);
            }
            let request = TxRequest::decode(ring.copy_request::<TX_REQUEST_SIZE>(page, self.place(ring, self.count)));
            let Some(left) = self.first.size.checked_sub(request.size) else {
                return Err(Refusal::LongerThanPacket);
            };
            self.first.size = left;
            self.further.push(request);
            self.count += 1;
            if crosses_page(&request) {
                return Err(Refusal::CrossesPage);
            }
            more = request.flags & NETTXF_MORE_DATA != 0;
        }
        Ok(())
    }

    /// Where a further request, counted from 0, lies in the ring.
    pub(super) fn place(&self, ring: &BackRing, number: u8) -> Index {
        ring.req_cons.plus(1 + u32::from(self.extras) + u32::from(number))
    }
}

/// Whether a piece reaches beyond its page.
pub(super) fn crosses_page(request: &TxRequest) -> bool {
    usize::from(request.offset) + usize::from(request.size) > PAGE_SIZE
}
