//! One way of asking for bells, played to its end: real ring halves on a real page, one response after the other.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec::Vec;

use crate::actors::epoch::FrontEpoch;
use crate::hypervisor::page::Page;
use crate::protocols::back_ring::BackRing;
use crate::protocols::front_ring::FrontRing;
use crate::protocols::netif::{NETIF_RSP_OKAY, TX_RESPONSE_SIZE, TX_RING, TxRequest, TxResponse};
use crate::protocols::ring::{Index, Shared, shared_ring_init};
use crate::words::ids::GrantRef;
use crate::words::time::Time;

/// Time from one response to the next: a packet of 1514 bytes on a wire of 1 Gb/s, in nanoseconds.
pub(crate) const PERIOD: u64 = 1514 * 8;

/// When the back end rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// At each response, whatever `rsp_event` says.
    Always,
    /// At the one half-way through what is out (`network_tx_buf_gc()` of linux-2.6.18-xen).
    HalfWay,
    /// At the next one after a look that found nothing more (`RING_FINAL_CHECK_FOR_RESPONSES`).
    Next,
}

impl Policy {
    /// In the order in which a picture shows them.
    pub(crate) const ALL: [Policy; 3] = [Policy::Always, Policy::HalfWay, Policy::Next];

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Always => "every answer",
            Self::HalfWay => "half-way",
            Self::Next => "next answer",
        }
    }

    /// The generation of netfront that asks so; the ringing at every answer is nobody's, and is played with the first.
    pub(crate) const fn front(self) -> FrontEpoch {
        match self {
            Self::Always | Self::HalfWay => FrontEpoch::Classic,
            Self::Next => FrontEpoch::Modern,
        }
    }

    /// The name that words of a page have for it, and that of its total.
    pub(crate) const fn entity(self) -> &'static str {
        match self {
            Self::Always => "every-answer",
            Self::HalfWay => "half-way",
            Self::Next => "next-answer",
        }
    }

    /// Who does it so.
    pub(crate) const fn remark(self) -> &'static str {
        match self {
            Self::Always => "rsp_event is not used",
            Self::HalfWay => "the classic netfront",
            Self::Next => "netfront of today",
        }
    }
}

/// What is played.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Play {
    pub(crate) policy: Policy,
    /// Requests that are out when the first response comes.
    pub(crate) out: u32,
    /// From a bell to netfront's look at the ring, in nanoseconds.
    pub(crate) delay: u64,
    /// Responses after which no more come.
    pub(crate) answers: u32,
}

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    /// A response is published: `rsp_prod` is now `index`. `event` is what `rsp_event` said.
    Answer { index: u32, event: u32, bell: Bell },
    /// Netfront reads what is there, and asks anew.
    Read { from: u32, to: u32, event: u32 },
}

/// What comes with a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bell {
    /// Nothing.
    Silent,
    /// A notification that interrupts the guest.
    Rings,
    /// A notification while the port is pending: it interrupts nobody.
    Merges,
}

/// A run of one policy.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) play: Play,
    /// What `rsp_event` says at the start.
    pub(crate) first_event: u32,
    /// In order of time.
    pub(crate) moments: Vec<(Time, Moment)>,
}

impl Trace {
    pub(crate) fn of(play: Play) -> Trace {
        let mut ring = Ring::with(play);
        let first_event = ring.rearm();
        let mut moments = Vec::new();
        let mut pending = None;
        for number in 1..=play.answers {
            let time = Time(PERIOD * u64::from(number));
            if let Some(due) = pending.take_if(|due| *due < time) {
                moments.push((due, ring.read()));
            }
            let event = Shared::RspEvent.load(&ring.page).0;
            let bell = match (ring.answer(number), pending) {
                (false, _) => Bell::Silent,
                (true, None) => Bell::Rings,
                (true, Some(_)) => Bell::Merges,
            };
            moments.push((time, Moment::Answer { index: number, event, bell }));
            if bell == Bell::Rings {
                pending = Some(Time(time.0 + play.delay));
            }
            if let Some(due) = pending.take_if(|due| *due <= time) {
                moments.push((due, ring.read()));
            }
        }
        if let Some(due) = pending {
            moments.push((due, ring.read()));
        }
        Trace { play, first_event, moments }
    }

    /// How far the run has come by a time, inclusively.
    pub(crate) fn by(&self, time: Time) -> Progress {
        self.after(self.moments.partition_point(|(at, _)| *at <= time))
    }

    /// The same after so many moments.
    pub(crate) fn after(&self, count: usize) -> Progress {
        let mut progress = Progress { event: self.first_event, ..Progress::default() };
        for (time, moment) in &self.moments[..count] {
            match *moment {
                Moment::Answer { index, bell, .. } => {
                    progress.answered = index;
                    progress.bells += u32::from(bell != Bell::Silent);
                }
                Moment::Read { to, event, .. } => {
                    progress.read = to;
                    progress.event = event;
                    progress.interrupts += 1;
                    progress.first_read = progress.first_read.or(Some(*time));
                    if progress.restart == 0 && self.is_stopped(0) && !self.is_stopped(to) {
                        progress.restart = to;
                    }
                }
            }
        }
        progress.count = count;
        progress
    }

    /// Whether the guest's queue stands still once so many answers are read.
    pub(crate) const fn is_stopped(&self, read: u32) -> bool {
        self.play.out - read >= self.play.policy.front().stop_line()
    }

    pub(crate) fn end(&self) -> Progress {
        self.after(self.moments.len())
    }
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Moments that are over.
    pub(crate) count: usize,
    /// `rsp_prod`.
    pub(crate) answered: u32,
    /// `rsp_cons`.
    pub(crate) read: u32,
    /// `rsp_event`.
    pub(crate) event: u32,
    /// Notifications sent.
    pub(crate) bells: u32,
    /// Interrupts taken.
    pub(crate) interrupts: u32,
    /// When netfront first looked.
    pub(crate) first_read: Option<Time>,
    /// Responses that had been read when the stopped queue ran again; 0 before.
    pub(crate) restart: u32,
}

/// A page and its two halves.
struct Ring {
    policy: Policy,
    page: Page,
    front: FrontRing,
    back: BackRing,
}

impl Ring {
    /// All requests are out, and the back end has taken them.
    fn with(play: Play) -> Ring {
        let mut page = Page::zeroed();
        shared_ring_init(&mut page, Index(0));
        let mut front = FrontRing::attach(TX_RING, Index(0));
        let mut back = BackRing::attach(TX_RING, Index(0));
        for id in 1..=play.out as u16 {
            let request = TxRequest { gref: GrantRef(u32::from(id) + 7), offset: 0, flags: 0, id, size: 1514 };
            front.write_request(&mut page, &request.encode());
        }
        front.push_requests(&mut page);
        back.req_cons = front.req_prod_pvt;
        Ring { policy: play.policy, page, front, back }
    }

    /// Publishes one response; whether it comes with a notification.
    fn answer(&mut self, number: u32) -> bool {
        let response = TxResponse { id: number as u16, status: NETIF_RSP_OKAY };
        self.back.write_response(&mut self.page, &response.encode());
        match self.policy {
            Policy::Always => {
                self.back.push_responses(&mut self.page);
                true
            }
            Policy::HalfWay | Policy::Next => self.back.push_responses_and_check_notify(&mut self.page),
        }
    }

    fn read(&mut self) -> Moment {
        let from = self.front.rsp_cons;
        let to = Shared::RspProd.load(&self.page);
        for (expected, index) in (from.0 + 1..).zip(from.until(to)) {
            let response = TxResponse::decode(self.front.copy_response::<TX_RESPONSE_SIZE>(&self.page, index));
            debug_assert_eq!(u32::from(response.id), expected, "responses come in order here");
        }
        self.front.rsp_cons = to;
        Moment::Read { from: from.0, to: to.0, event: self.rearm() }
    }

    /// Netfront asks for its next bell; what `rsp_event` says then.
    fn rearm(&mut self) -> u32 {
        match self.policy {
            Policy::Always => {}
            Policy::HalfWay => {
                let prod = Shared::RspProd.load(&self.page);
                let out = Shared::ReqProd.load(&self.page).since(prod);
                Shared::RspEvent.store(&mut self.page, prod.plus((out >> 1) + 1));
            }
            Policy::Next => {
                let more = self.front.final_check_for_responses(&mut self.page);
                debug_assert!(!more, "nothing comes between reading and asking");
            }
        }
        Shared::RspEvent.load(&self.page).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(policy: Policy, out: u32, delay: u64) -> Trace {
        Trace::of(Play { policy, out, delay, answers: out })
    }

    fn bells(trace: &Trace) -> Vec<u32> {
        let rung = |(_, moment): &(Time, Moment)| match moment {
            Moment::Answer { index, bell, .. } if *bell != Bell::Silent => Some(*index),
            Moment::Answer { .. } | Moment::Read { .. } => None,
        };
        trace.moments.iter().filter_map(rung).collect()
    }

    #[test]
    fn half_way_236_answers_ring_seven_times() {
        let trace = play(Policy::HalfWay, 236, 0);
        assert_eq!(bells(&trace), [119, 178, 208, 223, 230, 234, 236]);
        assert_eq!((trace.end().interrupts, trace.end().restart), (7, 119));
    }

    /// Each interrupt leaves a little less than half of what was out: `(out - 1) / 2`, rounded down.
    #[test]
    fn half_way_interrupts_grow_with_the_logarithm_of_what_is_out() {
        for out in 1..=255 {
            let trace = play(Policy::HalfWay, out, 0);
            assert_eq!(trace.end().interrupts, (out + 1).ilog2(), "{out} out");
            assert_eq!(bells(&trace).last(), Some(&out), "the last answer always rings");
        }
    }

    #[test]
    fn nobody_is_forgotten_whatever_the_rule_and_the_delay() {
        for policy in Policy::ALL {
            for out in 1..=255 {
                for delay in [0, 1, PERIOD - 1, PERIOD, PERIOD + 1, 50_000, 250_000, 10_000_000] {
                    let end = play(policy, out, delay).end();
                    assert_eq!((end.answered, end.read), (out, out), "{policy:?}, {out} out, {delay} ns");
                }
            }
        }
    }

    #[test]
    fn only_who_rings_without_looking_rings_in_vain() {
        for delay in [0, 50_000, 250_000] {
            let [always, half_way, next] = Policy::ALL.map(|policy| play(policy, 236, delay).end());
            assert_eq!(always.bells, 236);
            assert_eq!((half_way.bells, next.bells), (half_way.interrupts, next.interrupts));
            assert_eq!(always.interrupts, next.interrupts);
            assert!(half_way.interrupts < next.interrupts && half_way.first_read > next.first_read);
        }
        assert_eq!(play(Policy::Next, 236, 0).end().interrupts, 236);
    }

    #[test]
    fn one_answer_short_of_the_bell_nobody_is_woken() {
        let end = |answers| Trace::of(Play { policy: Policy::HalfWay, out: 236, delay: 0, answers }).end();
        assert_eq!((end(118).interrupts, end(118).read, end(118).restart), (0, 0, 0));
        assert_eq!((end(119).interrupts, end(119).read, end(119).restart), (1, 119, 119));
    }
}
