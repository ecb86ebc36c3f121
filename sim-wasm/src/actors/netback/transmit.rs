//! The transmit tasklet: from the guests' rings to dom0's stack (`net_tx_action` in `drivers/xen/netback/netback.c`).
//!
//! ```text
//!   1 dealloc      what nobody needs any more is unmapped and answered
//!   2 collect      one packet of each interface in turn, while 19 slots more have places in the pool
//!   3 map          one hypercall for all of them
//!   4 submit       headers are copied, packets are built and handed to the stack
//!   5 timer        for the oldest page that is held
//! ```
//!
//! Each interface gives one packet and goes to the end of the list: fair in packets, not in bytes or slots.
//!
//! In the driver of Xen 3.0 a pass ends at an interface whose credit is spent. Whoever stands behind it on the list is not
//! looked at until somebody's event, timer or freed slot has the tasklet run.
//!
//! Not modelled: a pass takes at most as many slots from an interface as its ring has, so that a forged producer cannot
//! keep it busy; linux-2.6.18-xen would go on for as long as the producer says (XSA-39). A guest whose vCPU runs during the
//! pass could publish more than a ring's worth honestly, but here nobody runs during a pass. Nor does memory for a packet's
//! head ever run out.

use alloc::vec::Vec;

use crate::actors::kernel::{Ask, Kernel, Task, Timer};
use crate::actors::log::Event;
use crate::actors::log::backend::{Backend, Refusal};
use crate::actors::netback::Netback;
use crate::actors::netback::credit::Verdict;
use crate::actors::netback::jiffies::Jiffies;
use crate::actors::netback::pool::{MAX_PENDING_REQS, Place};
use crate::actors::netback::settings::CopySkb;
use crate::actors::netback::vif::State;
use crate::actors::skb::{MAX_SKB_FRAGS, Segmentation};
use crate::hypervisor::grant_calls::MapOp;
use crate::hypervisor::grant_entry::Access;
use crate::protocols::netif::{TX_REQUEST_SIZE, TxRequest};
use crate::protocols::ring::Shared;
use crate::words::ids::VifId;

/// A packet whose pages are to be mapped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Collected {
    /// Whose.
    pub(super) vif: VifId,
    /// How many of the batch's operations are its own, one for each data slot.
    pub(super) slots: u8,
    /// Length of the whole packet.
    pub(super) total: u32,
    /// Bytes of the first slot that go into the head.
    pub(super) head: u16,
    /// Its segmentation.
    pub(super) gso: Segmentation,
}

/// What a pass collected: `packets` in order, and their data slots one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Batch {
    /// The packets.
    pub(super) packets: Vec<Collected>,
    /// Where each data slot is held.
    pub(super) places: Vec<Place>,
    /// How each is mapped.
    pub(super) maps: Vec<MapOp>,
}

/// What an interface's turn came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// It had its turn, whatever it used it for.
    Done,
    /// This pass has taken a whole ring of requests from it already.
    Enough,
    /// Its credit is spent.
    Spent,
}

impl Netback {
    /// One pass. True if there is work for another at once.
    pub(super) fn net_tx_action(&mut self, k: &mut Kernel) -> bool {
        self.pass += 1;
        if self.pool.released() > 0 || self.settings.repairs.always_scans {
            self.net_tx_action_dealloc(k);
        }
        self.collect(k);
        let mapped = !self.batch.maps.is_empty();
        if mapped {
            k.xen.map_grant_refs(k.skbs.domain(), &mut self.batch.maps);
            self.submit(k);
        }
        if mapped || self.settings.repairs.always_scans {
            self.set_pending_timer(k);
        }
        self.pool.released() > 0 || (self.has_work() && !self.broke_off)
    }

    /// Whether an interface waits and the pool is not more than half full (`maybe_schedule_tx_action`).
    pub(super) fn has_work(&self) -> bool {
        !self.schedule.is_empty() && self.pool.in_use() < MAX_PENDING_REQS / 2
    }

    /// Has the tasklet run if an interface waits and the pool is not more than half full.
    pub(super) fn maybe_schedule(&self, k: &mut Kernel) {
        if self.has_work() {
            k.ask(Ask::Run(Task::NetTx));
        }
    }

    /// Puts an interface on the list if its ring has requests, and asks for an event if it has none
    /// (`netif_schedule_work`).
    pub(super) fn schedule_work(&mut self, k: &mut Kernel, id: VifId) {
        let domain = k.domain();
        let Some(vif) = self.vifs[usize::from(id.0)].as_mut() else { return };
        if vif.tx.final_check_for_requests(vif.tx_page_mut(k.xen, domain)) {
            self.add_to_schedule(id);
        } else {
            let event = vif.tx.req_cons.plus(1).0;
            k.also(Event::RequestsAwaited { event });
        }
    }

    /// Puts an interface at the end of the list, unless it is on it or takes no part (`add_to_net_schedule_list_tail`).
    pub(super) fn add_to_schedule(&mut self, id: VifId) {
        let Some(vif) = self.vifs[usize::from(id.0)].as_mut() else { return };
        if !vif.is_scheduled && vif.state == State::Connected {
            vif.is_scheduled = true;
            self.schedule.push_back(id);
        }
    }

    fn collect(&mut self, k: &mut Kernel) {
        self.batch.packets.clear();
        self.batch.places.clear();
        self.batch.maps.clear();
        let now = self.clock.at(k.now);
        let mut turned_away = core::mem::take(&mut self.turned_away);
        let mut went_on = false;
        self.broke_off = false;
        while self.pool.in_use() + (MAX_SKB_FRAGS as u32) < MAX_PENDING_REQS
            && let Some(id) = self.schedule.pop_front()
        {
            match self.take_turn(k, id, now) {
                // Who goes back to the list has the tasklet run again.
                Turn::Done => went_on |= self.schedule.back() == Some(&id),
                Turn::Enough => turned_away.push(id),
                Turn::Spent if self.settings.breaks_off => {
                    self.broke_off = !went_on;
                    break;
                }
                Turn::Spent => {}
            }
        }
        turned_away.drain(..).for_each(|id| self.add_to_schedule(id));
        self.turned_away = turned_away;
    }

    /// One interface's turn: at most one packet.
    fn take_turn(&mut self, k: &mut Kernel, id: VifId, now: Jiffies) -> Turn {
        let (domain, repairs) = (k.domain(), self.settings.repairs);
        let vif = self.vifs[usize::from(id.0)].as_mut().expect("an interface leaves the list before it goes");
        vif.is_scheduled = false;
        k.log.about(id);
        let page = k.xen.mapped_page_mut(domain, vif.tx_handle).expect("a connected ring is mapped for writing");
        let req_prod = Shared::ReqProd.load(page);
        if repairs.shuts_down && vif.tx.request_prod_overflow(req_prod) {
            let distance = req_prod.since(vif.tx.rsp_prod_pvt);
            k.step(Event::OverflowCaught { distance });
            self.fatal_tx_err(k, id, Refusal::ProducerOverflow);
            return Turn::Done;
        }
        if !vif.tx.final_check_for_requests(page) {
            let event = vif.tx.req_cons.plus(1).0;
            vif.counters.spurious += 1;
            k.step(Event::RequestsAwaited { event });
            return Turn::Done;
        }
        if vif.pass.0 != self.pass {
            vif.pass = (self.pass, vif.tx.req_cons.plus(vif.tx.layout.entries()));
        }
        let available = vif.tx.unconsumed_requests(page).min(vif.pass.1.since(vif.tx.req_cons));
        if available == 0 {
            return Turn::Enough;
        }

        let first = TxRequest::decode(vif.tx.copy_request::<TX_REQUEST_SIZE>(page, vif.tx.req_cons));
        let size = first.size;
        match vif.credit.charge(size, size, now) {
            Verdict::Pass => {}
            Verdict::Waiting => return Turn::Spent,
            Verdict::Wait(until) => {
                let until = self.clock.timer(until, k.now);
                let remaining = vif.credit.remaining().min(u64::from(u32::MAX)) as u32;
                k.step(Event::Backend(Backend::CreditExhausted { wanted: u32::from(size), remaining, until: until.0 }));
                k.ask(Ask::Arm(Timer::Credit(id), Some(until)));
                return Turn::Spent;
            }
        }

        let outcome = self.gathered.gather(&vif.tx, page, (first, available), repairs);
        let packet = &self.gathered;
        let (index, count) = (vif.tx.req_cons, packet.slots());
        vif.counters.slots += u64::from(count);
        k.step(Event::RequestsTaken { index: index.0, id: packet.first.id, count });
        if packet.extras > 0 {
            let (kind, count) = (packet.extra_kind, u32::from(packet.extras));
            k.also(Event::Backend(Backend::ExtrasTaken { kind, count }));
        }
        match outcome {
            Ok(()) => {
                self.apply_race(k, id);
                self.keep(id);
                // With requests left, the final check would find them.
                if available > count { self.add_to_schedule(id) } else { self.schedule_work(k, id) }
            }
            Err(why) if repairs.shuts_down && why != Refusal::TooShort => self.fatal_tx_err(k, id, why),
            Err(why) => self.tx_err(k, id, why),
        }
        Turn::Done
    }

    /// Holds the slots of the packet that was read, adds them to the batch, and goes on after them (`netbk_get_requests`).
    #[inline]
    fn keep(&mut self, id: VifId) {
        let packet = &self.gathered;
        let vif = self.vifs[usize::from(id.0)].as_mut().expect("it is its turn");
        let slots = 1 + packet.count;
        let mut extras = packet.extras;
        for request in core::iter::once(&packet.first).chain(&packet.further) {
            let place = self.pool.take(id, *request, core::mem::take(&mut extras));
            let host = self.pool.window(place);
            self.batch.places.push(place);
            self.batch.maps.push(MapOp::new(host, vif.frontend, request.gref, Access::ReadOnly));
        }
        vif.references += u32::from(slots);
        vif.tx.req_cons = vif.tx.req_cons.plus(packet.slots());
        let all = usize::from(packet.count) >= MAX_SKB_FRAGS;
        let head = if all { packet.first.size } else { packet.first.size.min(self.settings.header) };
        let (total, gso) = (packet.total, packet.gso);
        self.batch.packets.push(Collected { vif: id, slots, total, head, gso });
    }

    /// Gives a frontend up whose ring has garbage in it (`netif_fatal_tx_err` of the repaired forks): nothing is taken from
    /// it or answered any more, except what is held.
    fn fatal_tx_err(&mut self, k: &mut Kernel, id: VifId, why: Refusal) {
        let vif = self.vifs[usize::from(id.0)].as_mut().expect("it is its turn");
        vif.state = State::Disabled;
        vif.counters.transmit_errors += 1;
        k.step(Event::Backend(Backend::FrontendDisabled { why }));
        k.ask(Ask::CarrierOff(id));
    }

    /// The oldest page that is watched has the tasklet run when it has been held for a second.
    fn set_pending_timer(&mut self, k: &mut Kernel) {
        if self.settings.copy_skb != CopySkb::Delayed {
            return;
        }
        if let Some(oldest) = self.watched.first() {
            let due = self.clock.timer(oldest.since.plus(self.clock.second()), k.now);
            if self.pending_due != Some(due) {
                self.pending_due = Some(due);
                k.ask(Ask::Arm(Timer::Pending, Some(due)));
            }
        }
    }
}
