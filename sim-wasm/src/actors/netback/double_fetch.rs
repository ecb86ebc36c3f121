//! What a guest gains by changing a request after netback has checked it (XSA-155).
//!
//! A ring is memory that the guest can write at any time. Who copies a request and checks the copy uses what was checked.
//! The driver of linux-2.6.18-xen copies with `memcpy`, and nothing keeps a compiler from reading the ring again where the
//! copy is used; that is what happens here while [`Repairs::copies_requests`] is false. A [`Race`] is the guest's other
//! processor, which writes a slot just between check and use.
//!
//! Not modelled: what real hardware would do with a piece beyond its page. The piece ends with the page here, and the event
//! says that the check was evaded.
//!
//! [`Repairs::copies_requests`]: crate::actors::netback::settings::Repairs::copies_requests

use crate::actors::kernel::Kernel;
use crate::actors::log::Event;
use crate::actors::log::trouble::{Attack, Party, Trouble};
use crate::actors::netback::Netback;
use crate::hypervisor::page::PAGE_SIZE;
use crate::protocols::netif::{TX_REQUEST_SIZE, TxRequest};
use crate::words::ids::VifId;

/// A write into the transmit ring that happens after the check of the interface's next packet and before its use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Race {
    /// Whose ring.
    pub vif: VifId,
    /// Which of the packet's data slots, from 0. A number that the packet does not have is never written.
    pub slot: u8,
    /// What.
    pub request: TxRequest,
}

impl Netback {
    /// Has a guest win a race once.
    pub fn race(&mut self, race: Race) {
        self.race = Some(race);
    }

    /// Runs the race if there is one for this packet, and reads the packet's requests again if the driver does.
    #[inline]
    pub(super) fn apply_race(&mut self, k: &mut Kernel, id: VifId) {
        let copies = self.settings.repairs.copies_requests;
        if copies && self.race.is_none() {
            return;
        }
        let (domain, packet) = (k.domain(), &mut self.gathered);
        let vif = self.vifs[usize::from(id.0)].as_ref().expect("it is its turn");
        let (ring, extras) = (vif.tx, u32::from(packet.extras));
        let slot = |number: u8| ring.req_cons.plus(if number == 0 { 0 } else { extras + u32::from(number) });
        if let Some(race) = self.race.take_if(|race| race.vif == id && race.slot <= packet.count) {
            let at = ring.layout.offset(slot(race.slot));
            vif.tx_page_mut(k.xen, domain).write(at, &race.request.encode());
        }
        if copies {
            return;
        }
        let page = vif.tx_page(k.xen, domain);
        let mut evaded = false;
        let first_len = packet.first.size;
        let mut total = 0;
        for number in 0..=packet.count {
            let again = TxRequest::decode(ring.copy_request::<TX_REQUEST_SIZE>(page, slot(number)));
            let (checked, mut used) = match number {
                // The first slot's length was computed from the sizes, and is not in the ring.
                0 => (packet.first, TxRequest { size: first_len, ..again }),
                number => (packet.further[usize::from(number) - 1], again),
            };
            used.offset = used.offset.min(PAGE_SIZE as u16);
            used.size = used.size.min(PAGE_SIZE as u16 - used.offset);
            evaded |= used != checked;
            total += u32::from(used.size);
            match number {
                0 => packet.first = used,
                number => packet.further[usize::from(number) - 1] = used,
            }
        }
        if evaded {
            // At most 19 pages, which may be more than the field of the wire has room for.
            packet.total = total;
            let (by, attack) = (Party::Frontend, Attack::ChangedRequest);
            k.also(Event::Trouble(Trouble::Attacked { by, attack, xsa: 155 }));
        }
    }
}
