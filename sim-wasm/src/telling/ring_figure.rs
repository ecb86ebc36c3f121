//! Figure "ring": how two parties share one array without a lock, and what happens at 2³².
//!
//! The run drives real ring halves on a real page. Every action of the catalogue is one step; the picture of a step is drawn
//! from the page's bytes and the halves' private indexes as they stood after it.

use crate::actors::log::{Event, Log, Who};
use crate::hypervisor::page::Page;
use crate::protocols::back_ring::BackRing;
use crate::protocols::front_ring::FrontRing;
use crate::protocols::netif::{NETIF_RSP_OKAY, TX_REQUEST_SIZE, TX_RESPONSE_SIZE, TxRequest, TxResponse};
use crate::protocols::ring::{Index, RingLayout, Shared, shared_ring_init};
use crate::telling::drawing::Drawing;
use crate::telling::ring_picture;
use crate::telling::story::{ActionSpec, FigureSpec, Knob, KnobOption, Layout, Preset, Run, Setup};
use crate::words::ids::GrantRef;
use crate::words::time::Time;

/// The classic netfront's stop line on its ring of 256: slots kept for the largest packet are 18 fragments, its header and
/// its extra information (`netfront_tx_slot_available()`, `MAX_SKB_FRAGS + 2`).
pub const STOP_LINE: u32 = 256 - 20;

const SIZE: usize = 0;
const START: usize = 1;

/// The figure's entry in the catalogue.
pub static FIGURE: FigureSpec = FigureSpec {
    name: "ring",
    title: "The shared ring and its indexes",
    question: "How do two domains share one array of slots without a lock, and what happens when an index passes 2³²?",
    presets: &[
        Preset {
            name: "one-request",
            title: "One request",
            says: "An empty ring in one shared page. Step to see one request go out and its answer come back.",
            knobs: &[8, 0],
            script: "puttrvg",
            film: &[
                (0, "Empty: all indexes agree."),
                (1, "Written, and still private."),
                (2, "Published, and the bell rings."),
                (3, "Copied: the slot may carry an answer."),
                (6, "Answered, in the very same slot, and the bell rings."),
                (7, "Read: the slot is free again."),
            ],
        },
        Preset {
            name: "burst",
            title: "A burst, answered out of order",
            says: "Four requests go out with one bell. The last one is answered first: a slot's place says nothing about whose answer it holds.",
            knobs: &[8, 0],
            script: "pppputtttsrvgtrrvg",
            film: &[
                (4, "Four requests, none of them published."),
                (5, "One publication, one bell."),
                (10, "Request 4 is answered first, in slot 0."),
                (13, "Two answers read, in slot order."),
            ],
        },
        Preset {
            name: "wrap",
            title: "Across 2³²",
            says: "Watch the indexes pass 2³². Nothing special happens: only their differences count, and those stay right.",
            knobs: &[8, 0xffff_fffc],
            script: "ppputttrrvgpppputttrrrrvg",
            film: &[
                (0, "Four short of 2³²."),
                (4, "Three requests, all before the wrap."),
                (16, "req_prod has passed zero."),
                (25, "Four answers read, two on either side of the wrap."),
            ],
        },
        Preset {
            name: "stops",
            title: "Netfront stops at 236",
            says: "Netfront sends, 59 requests at a time, and no answer comes. At 236 of 256 slots it stops, and it has asked for no bell before answer 119.",
            knobs: &[256, 0],
            script: "putputputpuptrvrvrvg",
            film: &[
                (2, "The first 59 requests."),
                (10, "236 in use: the queue stops."),
                (15, "59 answers, and no bell."),
                (19, "177 answers, 119 among them: the bell."),
                (20, "Answers read: the queue runs again."),
            ],
        },
        Preset {
            name: "lying-index",
            title: "A front end that lies",
            says: "One honest request, and then the claim of a thousand more. No ring holds as many, and the back end can count.",
            knobs: &[8, 0],
            script: "puxt",
            film: &[
                (2, "One honest request."),
                (3, "req_prod claims a thousand more."),
                (4, "More than the ring holds: caught."),
            ],
        },
    ],
    knobs: &[
        Knob {
            name: "size",
            title: "Ring size",
            unit: "slots",
            options: &[
                KnobOption { value: 4, title: "4" },
                KnobOption { value: 8, title: "8" },
                KnobOption { value: 32, title: "32" },
                KnobOption { value: 256, title: "256" },
            ],
        },
        Knob {
            name: "start",
            title: "Start index",
            unit: "",
            options: &[
                KnobOption { value: 0, title: "0" },
                KnobOption { value: 0xffff_fff0, title: "0xfffffff0" },
                KnobOption { value: 0xffff_fffc, title: "0xfffffffc" },
            ],
        },
    ],
    actions: &[
        ActionSpec {
            letter: 'p',
            title: "Put",
            who: Who::Guest,
            hint: "write a request into the next slot: req_prod_pvt moves",
        },
        ActionSpec {
            letter: 'u',
            title: "Publish",
            who: Who::Guest,
            hint: "move req_prod up to req_prod_pvt, and ring if the back end asked for it",
        },
        ActionSpec {
            letter: 'g',
            title: "Reap",
            who: Who::Guest,
            hint: "read all published responses: rsp_cons moves",
        },
        ActionSpec {
            letter: 'x',
            title: "Lie",
            who: Who::Guest,
            hint: "move req_prod by a thousand, without any request",
        },
        ActionSpec {
            letter: 't',
            title: "Take",
            who: Who::Dom0,
            hint: "copy the next request: req_cons moves; if there is none, ask for an event",
        },
        ActionSpec {
            letter: 'r',
            title: "Answer",
            who: Who::Dom0,
            hint: "answer the oldest request taken: rsp_prod_pvt moves",
        },
        ActionSpec {
            letter: 's',
            title: "Answer newest",
            who: Who::Dom0,
            hint: "answer the newest request taken: rsp_prod_pvt moves",
        },
        ActionSpec {
            letter: 'v',
            title: "Publish",
            who: Who::Dom0,
            hint: "move rsp_prod up to rsp_prod_pvt, and ring if the front end asked for it",
        },
    ],
    not_modelled: &[
        "time",
        "memory barriers and the order in which stores become visible",
        "netfront publishing every packet by itself, and reaping responses while it sends",
        "single requests in large rings (one press handles 4 of 32 slots, or 59 of 256)",
        "what the requests ask for",
        "the classic netback, which believes a lie up to one ringful and does not give up",
    ],
    run: |setup| Box::new(RingRun::new(setup)),
};

/// The eight indexes, the shared ones as the page's bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Registers {
    pub(crate) req_prod: Index,
    pub(crate) req_event: Index,
    pub(crate) rsp_prod: Index,
    pub(crate) rsp_event: Index,
    pub(crate) req_prod_pvt: Index,
    pub(crate) rsp_cons: Index,
    pub(crate) rsp_prod_pvt: Index,
    pub(crate) req_cons: Index,
}

/// What a picture is drawn from.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) registers: Registers,
    /// The id in every slot; empty for rings whose slots are too many to label.
    pub(crate) ids: Vec<u16>,
    /// Set once the back end has given the device up.
    pub(crate) broken: bool,
}

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

    /// Slots that may be in use when the front end still puts a request.
    fn stop_line(&self) -> u32 {
        if self.entries() == 256 { STOP_LINE } else { self.entries() }
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
        let room = self.stop_line() - self.front.outstanding();
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
        if self.entries() == 256 && self.front.outstanding() >= STOP_LINE {
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
        Frame { registers, ids, broken: self.broken }
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
        ring_picture::draw(self.entries(), frame, before, self.log.of_step(step), layout)
    }

    fn can(&self, step: u32, letter: char) -> bool {
        let of_step = self.log.of_step(step);
        let refused = of_step.iter().any(|entry| matches!(entry.event, Event::RingFull { .. }));
        let forged = self.log.until(step).iter().any(|entry| matches!(entry.event, Event::ProducerForged { .. }));
        permits(&self.frames[step as usize], refused, forged, letter)
    }
}
