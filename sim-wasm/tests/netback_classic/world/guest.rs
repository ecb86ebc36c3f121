//! The guests' halves of the rings: requests written, answers read, buffers posted.

use sim_wasm::hypervisor::grant_entry::Access;
use sim_wasm::hypervisor::guest_grants::{EndAccess, EndTransfer};
use sim_wasm::hypervisor::page::Page;
use sim_wasm::protocols::netif::{
    ExtraInfo, NETIF_RSP_ERROR, NETIF_RSP_NULL, NETIF_RSP_OKAY, NETRXF_EXTRA_INFO, NETRXF_MORE_DATA, RX_RESPONSE_SIZE,
    RX_RING, RxRequest, RxResponse, TX_RESPONSE_SIZE, TxRequest, TxResponse, XEN_NETIF_EXTRA_FLAG_MORE,
};
use sim_wasm::protocols::ring::Shared;
use sim_wasm::words::ids::{GrantRef, Pfn};

use crate::world::{BUFFERS, DATA, DOM0, EXTRA, MORE, NO_GRANT, RX_PAGE, Slot, TX_PAGE, World, slot};

impl World {
    /// Writes a packet into a guest's ring and publishes it; the first slot's size is what the request says of the whole.
    /// Answers the pages that it lies in, which are its ids; nothing if the guest has too few pages or slots.
    pub(crate) fn send(&mut self, number: usize, flags: u16, slots: &[Slot], extras: &[ExtraInfo]) -> Option<Vec<u16>> {
        let guest = &mut self.guests[number];
        let room = 256 - guest.tx.outstanding() as usize;
        if guest.free_pages.len() < slots.len() || room < slots.len() + extras.len() {
            return None;
        }
        let mut ids = Vec::new();
        for (at, slot) in slots.iter().enumerate() {
            let id = guest.free_pages.pop().expect("they were counted");
            ids.push(id);
            guest.expected[usize::from(id)] = if slot.good { NETIF_RSP_OKAY } else { NETIF_RSP_ERROR };
            let pfn = Pfn(DATA + u32::from(id));
            let frame = self.xen.domain(guest.domain).and_then(|domain| domain.mfn(pfn)).expect("the guest has it");
            let gref = if slot.good {
                let gref = guest.grants.claim_reference().expect("references are free");
                guest.grants.grant_access(&mut self.xen.memory, gref, DOM0, frame, Access::ReadOnly);
                guest.under_way[usize::from(id)] = Some(gref);
                gref
            } else {
                NO_GRANT
            };
            let fill = [id as u8 ^ 0x5A; 4096];
            self.xen.guest_page_mut(guest.domain, pfn).expect("the guest has it").write(0, &fill);
            let more = if at + 1 < slots.len() { MORE } else { 0 };
            let extra = if at == 0 && !extras.is_empty() { EXTRA } else { 0 };
            let flags = if at == 0 { flags } else { 0 } | more | extra;
            let request = TxRequest { gref, offset: slot.offset, flags, id, size: slot.size };
            let page = self.xen.guest_page_mut(guest.domain, TX_PAGE).expect("the guest has it");
            guest.tx.write_request(page, &request.encode());
            if at == 0 {
                for (at, extra) in extras.iter().enumerate() {
                    let more = if at + 1 < extras.len() { XEN_NETIF_EXTRA_FLAG_MORE } else { 0 };
                    guest.tx.write_request(page, &ExtraInfo { flags: extra.flags | more, ..*extra }.encode());
                }
            }
        }
        guest.nulls.0 += extras.len() as u32;
        let page = self.xen.guest_page_mut(guest.domain, TX_PAGE).expect("the guest has it");
        let notify = guest.tx.push_requests_and_check_notify(page);
        if notify {
            self.interrupt(number);
        }
        Some(ids)
    }

    /// A packet of one slot of so many bytes, and the interrupt that it causes.
    pub(crate) fn send_one(&mut self, number: usize, size: u16) -> Option<u16> {
        self.send(number, 0, &[slot(0, size)], &[]).map(|ids| ids[0])
    }

    /// So many packets of one slot of 1514 bytes each, which hold their slots.
    pub(crate) fn send_many(&mut self, number: usize, count: u32) {
        (0..count).for_each(|_| assert!(self.send_one(number, 1514).is_some()));
    }

    /// Sends whatever data slots are given, lengths included, one after the other.
    pub(crate) fn send_raw(&mut self, number: usize, requests: &[TxRequest]) {
        let guest = &mut self.guests[number];
        guest.free_pages.retain(|page| requests.iter().all(|request| request.id != *page));
        let page = self.xen.guest_page_mut(guest.domain, TX_PAGE).expect("the guest has it");
        for request in requests {
            guest.tx.write_request(page, &request.encode());
        }
        guest.tx.push_requests(page);
        self.interrupt(number);
    }

    /// The transmit ring's page, for whoever writes into it by hand.
    pub(crate) fn tx_page(&mut self, number: usize) -> &mut Page {
        self.xen.guest_page_mut(self.guests[number].domain, TX_PAGE).expect("the guest has it")
    }

    /// The receive ring's page.
    pub(crate) fn rx_page(&mut self, number: usize) -> &mut Page {
        self.xen.guest_page_mut(self.guests[number].domain, RX_PAGE).expect("the guest has it")
    }

    /// A grant of a guest's data page for reading.
    pub(crate) fn grant(&mut self, number: usize, page: u16) -> GrantRef {
        let guest = &mut self.guests[number];
        let pfn = Pfn(DATA + u32::from(page));
        let frame = self.xen.domain(guest.domain).and_then(|domain| domain.mfn(pfn)).expect("the guest has it");
        let gref = guest.grants.claim_reference().expect("references are free");
        guest.grants.grant_access(&mut self.xen.memory, gref, DOM0, frame, Access::ReadOnly);
        gref
    }

    pub(crate) fn data_pfn(page: u16) -> Pfn {
        Pfn(DATA + u32::from(page))
    }

    /// The guest reads its answers. An answer to a slot whose page is still in use by Xen is a fault of the backend.
    pub(crate) fn reap(&mut self, number: usize) {
        let guest = &mut self.guests[number];
        let page = self.xen.guest_page(guest.domain, TX_PAGE).expect("the guest has it");
        let fresh: Vec<TxResponse> = guest
            .tx
            .rsp_cons
            .until(Shared::RspProd.load(page))
            .map(|index| TxResponse::decode(guest.tx.copy_response::<TX_RESPONSE_SIZE>(page, index)))
            .collect();
        guest.tx.rsp_cons = guest.tx.rsp_cons.plus(fresh.len() as u32);
        for response in fresh {
            guest.answers.push((response.id, response.status));
            if response.status == NETIF_RSP_NULL {
                guest.nulls.1 += 1;
                continue;
            }
            if self.is_sound {
                assert_eq!(response.status, guest.expected[usize::from(response.id)]);
            }
            if let Some(gref) = guest.under_way[usize::from(response.id)].take() {
                assert_eq!(guest.grants.end_access(&mut self.xen.memory, gref), EndAccess::Ended);
                guest.grants.release_reference(gref);
            }
            assert!(!guest.free_pages.contains(&response.id), "an id is answered once");
            guest.free_pages.push(response.id);
        }
        let event = guest.tx.rsp_cons.plus(1);
        Shared::RspEvent.store(self.tx_page(number), event);
    }

    /// The guest posts so many empty buffers. Answers whether it notified.
    pub(crate) fn post(&mut self, number: usize, count: u32) -> bool {
        let copies = self.guests[number].offer.rx_copy;
        let guest = &mut self.guests[number];
        for _ in 0..count {
            if guest.rx.is_full() {
                break;
            }
            let Some(buffer) = guest.free_buffers.pop() else { break };
            let gref = guest.grants.claim_reference().expect("references are free");
            let pfn = Pfn(BUFFERS + u32::from(buffer));
            if copies {
                let frame = self.xen.domain(guest.domain).and_then(|domain| domain.mfn(pfn));
                let frame = frame.expect("the guest has it");
                guest.grants.grant_access(&mut self.xen.memory, gref, DOM0, frame, Access::ReadWrite);
            } else {
                self.xen.decrease_reservation(guest.domain, pfn).expect("the guest has it");
                guest.grants.grant_transfer(&mut self.xen.memory, gref, DOM0, pfn);
            }
            let page = self.xen.guest_page_mut(guest.domain, RX_PAGE).expect("the guest has it");
            let index = guest.rx.write_request(page, &RxRequest { id: buffer, gref }.encode());
            guest.posted[RX_RING.slot(index) as usize] = Some((buffer, gref));
        }
        let page = self.xen.guest_page_mut(guest.domain, RX_PAGE).expect("the guest has it");
        let notify = guest.rx.push_requests_and_check_notify(page);
        if notify {
            self.interrupt(number);
        }
        notify
    }

    /// The guest reads what came, and frees the buffers. Each answer must be where its buffer was posted.
    pub(crate) fn take_received(&mut self, number: usize) {
        let (mut bytes, mut sound, mut more, mut extra) = (Vec::new(), true, false, false);
        loop {
            let guest = &mut self.guests[number];
            let page = self.xen.guest_page(guest.domain, RX_PAGE).expect("the guest has it");
            let index = guest.rx.rsp_cons;
            if index == Shared::RspProd.load(page) {
                assert!(!more && !extra, "a packet is answered whole");
                Shared::RspEvent.store(self.rx_page(number), index.plus(1));
                return;
            }
            let raw = guest.rx.copy_response::<RX_RESPONSE_SIZE>(page, index);
            guest.rx.rsp_cons = index.plus(1);
            let posted = guest.posted[RX_RING.slot(index) as usize].take();
            let (buffer, gref) = posted.expect("a posted buffer is answered once");
            let content = self.end_buffer(number, buffer, gref);
            let guest = &mut self.guests[number];
            guest.free_buffers.push(buffer);
            if std::mem::take(&mut extra) {
                guest.extras.push(ExtraInfo::decode(raw));
            } else {
                let response = RxResponse::decode(raw);
                assert_eq!(response.id, buffer, "an answer lies where its buffer was posted");
                more = response.flags & NETRXF_MORE_DATA != 0;
                extra = response.flags & NETRXF_EXTRA_INFO != 0;
                sound &= response.status >= 0;
                if sound {
                    let content = content.expect("Xen wrote into the buffer");
                    bytes.extend(&content[usize::from(response.offset)..][..response.status as usize]);
                }
                guest.received.push(response);
            }
            if !more && !extra {
                guest.packets.push(std::mem::replace(&mut sound, true).then(|| std::mem::take(&mut bytes)));
                bytes.clear();
            }
        }
    }

    /// The guest takes a buffer back, and what is in it.
    pub(super) fn end_buffer(&mut self, number: usize, buffer: u16, gref: GrantRef) -> Option<[u8; 4096]> {
        let guest = &mut self.guests[number];
        let pfn = Pfn(BUFFERS + u32::from(buffer));
        if guest.offer.rx_copy {
            assert_eq!(guest.grants.end_access(&mut self.xen.memory, gref), EndAccess::Ended);
        } else {
            match guest.grants.end_transfer(&mut self.xen.memory, gref) {
                EndTransfer::Completed(frame) => {
                    self.xen.update_va_mapping(guest.domain, pfn, frame).expect("the page has no frame");
                }
                EndTransfer::NotStarted => {
                    self.xen.populate(guest.domain, pfn).expect("there is memory");
                }
                EndTransfer::UnderWay => panic!("a transfer takes no time"),
            }
        }
        guest.grants.release_reference(gref);
        self.xen.guest_page(guest.domain, pfn).ok().map(|page| *page.bytes())
    }

    /// The answers to a guest's packets since last asked, as (id, status).
    pub(crate) fn answers(&mut self, number: usize) -> Vec<(u16, i16)> {
        self.reap(number);
        std::mem::take(&mut self.guests[number].answers)
    }
}
