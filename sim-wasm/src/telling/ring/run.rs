//! A run of the figure: real ring halves on a real page. Every action is one step; the picture of a step is drawn from the
//! page's bytes and the halves' private indexes as they stood after it.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec::Vec;

use crate::actors::log::{Event, Log};
use crate::actors::netfront::STOP_LINE;
use crate::hypervisor::page::Page;
use crate::protocols::back_ring::BackRing;
use crate::protocols::front_ring::FrontRing;
use crate::protocols::netif::{NETIF_RSP_OKAY, TX_REQUEST_SIZE, TX_RESPONSE_SIZE, TX_RING, TxRequest, TxResponse};
use crate::protocols::ring::{Index, RingLayout, Shared, shared_ring_init};
use crate::telling::drawing::Drawing;
use crate::telling::ring::FIGURE;
use crate::telling::ring::frame::{Frame, Registers, stop_line};
use crate::telling::ring::picture;
use crate::telling::story::{Answer, Layout, Run, Setup};
use crate::words::ids::GrantRef;
use crate::words::time::Time;

const SIZE: usize = 0;
const START: usize = 1;

/// A ring, its two drivers, and all frames so far.
pub(crate) struct RingRun {
    layout: RingLayout,
    page: Page,
    front: FrontRing,
    back: BackRing,
    /// Request ids that no request uses, the next one last.
    free_ids: Vec<u16>,
    /// Ids that the back end has copied and not answered, oldest first.
    taken: Vec<u16>,
    forged: bool,
    broken: bool,
    stopped: bool,
    frames: Vec<Frame>,
    log: Log,
}

impl RingRun {
    pub(crate) fn new(setup: &Setup) -> Self {
        let layout = RingLayout::with_entries(TX_REQUEST_SIZE as u16, setup.knobs[SIZE] as u16);
        let base = Index(setup.knobs[START]);
        let mut page = Page::zeroed();
        shared_ring_init(&mut page, base);
        let mut run = Self {
            layout,
            page,
            front: FrontRing::attach(layout, base),
            back: BackRing::attach(layout, base),
            free_ids: (1..=layout.entries() as u16).rev().collect(),
            taken: Vec::new(),
            forged: false,
            broken: false,
            stopped: false,
            frames: Vec::new(),
            log: Log::new(),
        };
        run.frames.push(run.frame());
        for letter in setup.letters(FIGURE.presets[setup.preset].script) {
            if !run.allows(letter) {
                break;
            }
            run.perform(letter);
            run.frames.push(run.frame());
        }
        run
    }

    /// Slots of this ring.
    pub(crate) fn entries(&self) -> u32 {
        self.layout.entries()
    }

    /// How many requests one action handles: a large ring is walked in strides, or nobody would reach its end.
    fn stride(&self) -> u32 {
        match self.entries() {
            256 => STOP_LINE / 4,
            32 => 4,
            _ => 1,
        }
    }

    fn perform(&mut self, letter: char) {
        match letter {
            'p' => self.put(),
            'u' => self.publish_requests(),
            'x' => self.forge(),
            't' => self.take(),
            'r' => self.answer(Order::Oldest),
            's' => self.answer(Order::Newest),
            'v' => self.publish_responses(),
            _ => self.reap(),
        }
    }

    fn put(&mut self) {
        let room = stop_line(self.entries()) - self.front.outstanding();
        let count = self.stride().min(room);
        if count == 0 {
            self.log.step(Time::ZERO, Event::RingFull { outstanding: self.front.outstanding() });
            return;
        }
        let first = self.front.req_prod_pvt;
        let mut first_id = 0;
        for position in 0..count {
            let id = self.free_ids.pop().expect("there are as many ids as slots");
            if position == 0 {
                first_id = id;
            }
            let request = TxRequest { gref: GrantRef(u32::from(id) + 7), offset: 0, flags: 0, id, size: 1514 };
            self.front.write_request(&mut self.page, &request.encode());
        }
        self.log.step(Time::ZERO, Event::RequestWritten { index: first.0, id: first_id, count });
        if self.entries() == TX_RING.entries() && self.front.outstanding() >= STOP_LINE {
            self.stopped = true;
            self.log.also(Time::ZERO, Event::QueueStopped { outstanding: self.front.outstanding() });
        }
    }

    fn publish_requests(&mut self) {
        let old = Shared::ReqProd.load(&self.page);
        let event = Shared::ReqEvent.load(&self.page);
        let notify = self.front.push_requests_and_check_notify(&mut self.page);
        let new = Shared::ReqProd.load(&self.page);
        self.log.step(Time::ZERO, Event::RequestsPublished { old: old.0, new: new.0, event: event.0, notify });
        self.await_responses();
    }

    /// Netfront asks to be woken when half of what is under way has been answered (`network_tx_buf_gc()`).
    fn await_responses(&mut self) {
        let rsp_prod = Shared::RspProd.load(&self.page);
        let under_way = Shared::ReqProd.load(&self.page).since(rsp_prod);
        let event = rsp_prod.plus(under_way / 2 + 1);
        if event != Shared::RspEvent.load(&self.page) {
            Shared::RspEvent.store(&mut self.page, event);
            self.log.also(Time::ZERO, Event::ResponsesAwaited { event: event.0 });
        }
    }

    fn forge(&mut self) {
        let to = Shared::ReqProd.load(&self.page).plus(1000);
        Shared::ReqProd.store(&mut self.page, to);
        self.forged = true;
        self.log.step(Time::ZERO, Event::ProducerForged { to: to.0 });
    }

    fn take(&mut self) {
        let req_prod = Shared::ReqProd.load(&self.page);
        if self.back.request_prod_overflow(req_prod) {
            self.broken = true;
            let distance = req_prod.since(self.back.rsp_prod_pvt);
            self.log.step(Time::ZERO, Event::OverflowCaught { distance });
            return;
        }
        let count = self.stride().min(self.back.unconsumed_requests(&self.page));
        if count == 0 {
            // Nothing can slip in between arming and looking again: a figure's actions take turns.
            let _ = self.back.final_check_for_requests(&mut self.page);
            let event = Shared::ReqEvent.load(&self.page);
            self.log.step(Time::ZERO, Event::RequestsAwaited { event: event.0 });
            return;
        }
        let first = self.back.req_cons;
        let oldest = self.taken.len();
        for _ in 0..count {
            let request = TxRequest::decode(self.back.copy_request(&self.page, self.back.req_cons));
            self.back.req_cons = self.back.req_cons.plus(1);
            self.taken.push(request.id);
        }
        self.log.step(Time::ZERO, Event::RequestsTaken { index: first.0, id: self.taken[oldest], count });
    }

    fn answer(&mut self, order: Order) {
        let count = self.stride().min(self.taken.len() as u32);
        let first = self.back.rsp_prod_pvt;
        let mut first_id = 0;
        for position in 0..count {
            let at = match order {
                Order::Oldest => 0,
                Order::Newest => self.taken.len() - 1,
            };
            let id = self.taken.remove(at);
            if position == 0 {
                first_id = id;
            }
            let response = TxResponse { id, status: NETIF_RSP_OKAY };
            self.back.write_response(&mut self.page, &response.encode());
        }
        self.log.step(Time::ZERO, Event::ResponsesWritten { index: first.0, id: first_id, count });
    }

    fn publish_responses(&mut self) {
        let old = Shared::RspProd.load(&self.page);
        let event = Shared::RspEvent.load(&self.page);
        let notify = self.back.push_responses_and_check_notify(&mut self.page);
        let new = Shared::RspProd.load(&self.page);
        self.log.step(Time::ZERO, Event::ResponsesPublished { old: old.0, new: new.0, event: event.0, notify });
    }

    fn reap(&mut self) {
        let first = self.front.rsp_cons;
        let count = self.front.unconsumed_responses(&self.page);
        let mut first_id = 0;
        for index in first.until(first.plus(count)) {
            let bytes: [u8; TX_RESPONSE_SIZE] = self.front.copy_response(&self.page, index);
            let response = TxResponse::decode(bytes);
            if index == first {
                first_id = response.id;
            }
            self.free_ids.push(response.id);
        }
        self.front.rsp_cons = first.plus(count);
        self.log.step(Time::ZERO, Event::ResponsesReaped { index: first.0, id: first_id, count });
        self.await_responses();
        if self.stopped && self.front.outstanding() < STOP_LINE {
            self.stopped = false;
            self.log.also(Time::ZERO, Event::QueueWoken { outstanding: self.front.outstanding() });
        }
    }

    fn allows(&self, letter: char) -> bool {
        let refused =
            matches!(self.log.of_step(self.log.steps()), [entry, ..] if matches!(entry.event, Event::RingFull { .. }));
        permits(&self.frame(), refused, self.forged, letter)
    }

    fn frame(&self) -> Frame {
        let page = &self.page;
        let registers = Registers {
            req_prod: Shared::ReqProd.load(page),
            req_event: Shared::ReqEvent.load(page),
            rsp_prod: Shared::RspProd.load(page),
            rsp_event: Shared::RspEvent.load(page),
            req_prod_pvt: self.front.req_prod_pvt,
            rsp_cons: self.front.rsp_cons,
            rsp_prod_pvt: self.back.rsp_prod_pvt,
            req_cons: self.back.req_cons,
        };
        let labelled = if self.entries() <= 32 { self.entries() } else { 0 };
        let ids = (0..labelled).map(|slot| self.id_in_slot(&registers, slot)).collect();
        Frame { entries: self.entries(), registers, ids, broken: self.broken }
    }

    /// The id that a slot's bytes hold: a response's where the back half wrote last, a request's elsewhere.
    fn id_in_slot(&self, registers: &Registers, slot: u32) -> u16 {
        let newest = registers.req_prod_pvt.0.wrapping_sub(1);
        let index = Index(newest.wrapping_sub(newest.wrapping_sub(slot) & (self.entries() - 1)));
        let answered = registers.rsp_prod_pvt.since(index).wrapping_sub(1) < self.entries();
        if answered {
            TxResponse::decode(self.page.read(self.layout.offset(index))).id
        } else {
            TxRequest::decode(self.page.read(self.layout.offset(index))).id
        }
    }
}

/// Which of the requests taken is answered.
#[derive(Clone, Copy)]
enum Order {
    Oldest,
    Newest,
}

/// Whether an action makes sense with the ring in this state.
fn permits(frame: &Frame, refused: bool, forged: bool, letter: char) -> bool {
    let now = &frame.registers;
    let work = now.req_prod != now.req_cons;
    match letter {
        'p' => !forged && !refused,
        'u' => !forged && now.req_prod != now.req_prod_pvt,
        'x' => !forged,
        'g' => now.rsp_prod != now.rsp_cons,
        't' => !frame.broken && (work || now.req_event != now.req_cons.plus(1)),
        'r' | 's' => !frame.broken && now.req_cons != now.rsp_prod_pvt,
        'v' => !frame.broken && now.rsp_prod != now.rsp_prod_pvt,
        _ => false,
    }
}

impl Run for RingRun {
    fn log(&self) -> &Log {
        &self.log
    }

    fn draw(&self, step: u32, layout: Layout) -> Drawing {
        let frame = &self.frames[step as usize];
        let before = &self.frames[step.saturating_sub(1) as usize];
        picture::draw(frame, before, self.log.of_step(step), layout)
    }

    fn value(&self, step: u32, quantity: usize) -> u64 {
        let frame = &self.frames[step as usize];
        let now = &frame.registers;
        let bells = || self.log.until(step).iter().filter(|entry| entry.event.rings()).count() as u64;
        u64::from(match quantity {
            0 => frame.outstanding(),
            1 => now.req_prod.since(now.req_cons),
            2 => now.rsp_prod.since(now.rsp_cons),
            3 => return bells(),
            4 => frame.in_progress(),
            5 => stop_line(frame.entries).saturating_sub(frame.outstanding()),
            6 => now.req_prod_pvt.0,
            7 => now.req_prod.0,
            8 => now.req_cons.0,
            9 => now.rsp_prod_pvt.0,
            10 => now.rsp_prod.0,
            11 => now.rsp_cons.0,
            12 => now.req_event.0,
            _ => now.rsp_event.0,
        })
    }

    /// How many slots were in use when netfront stopped; nothing in runs in which it does not.
    fn answer(&self) -> Option<Answer> {
        let value = self.log.entries().iter().find_map(|entry| match entry.event {
            Event::QueueStopped { outstanding } => Some(outstanding),
            _ => None,
        })?;
        Some(Answer {
            value,
            why: "Netfront asks after each packet whether the largest one would still fit: 18 pieces and 2 slots to spare, of 256.",
        })
    }

    fn can(&self, step: u32, letter: char) -> bool {
        let of_step = self.log.of_step(step);
        let refused = of_step.iter().any(|entry| matches!(entry.event, Event::RingFull { .. }));
        let forged = self.log.until(step).iter().any(|entry| matches!(entry.event, Event::ProducerForged { .. }));
        permits(&self.frames[step as usize], refused, forged, letter)
    }
}
