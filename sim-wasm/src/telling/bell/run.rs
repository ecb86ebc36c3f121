//! A run of the figure: the chosen policy is told step by step, the two others lie beside it on the same clock.
//!
//! Not modelled: what the figure's own entry lists.

use alloc::vec;
use alloc::vec::Vec;

use crate::actors::epoch::Drivers;
use crate::actors::log::wakeups::Wakeups;
use crate::actors::log::{Event, Log};
use crate::telling::bell::picture;
use crate::telling::bell::policy::{Bell, Moment, PERIOD, Play, Policy, Progress, Trace};
use crate::telling::drawing::Drawing;
use crate::telling::story::{Answer, Layout, Run, Setup};
use crate::words::ids::VifId;
use crate::words::time::Time;

const POLICY: usize = 0;
const OUT: usize = 1;
const DELAY: usize = 2;
const ANSWERS: usize = 3;

/// Rounds of bell and interrupt that are told one by one when there are many.
const TOLD: u32 = 3;
/// Rounds up to which all are told.
const FEW: u32 = 24;
/// Steps that the others are summed up in.
const SUMS: u32 = 16;

/// Three traces, and the story of one.
pub(crate) struct BellRun {
    pub(crate) traces: [Trace; 3],
    /// Which of them is told.
    pub(crate) told: usize,
    /// How far the told one has come at each frame, and when.
    frames: Vec<(Time, Progress)>,
    log: Log,
}

impl BellRun {
    pub(crate) fn new(setup: &Setup) -> Self {
        let knob = |index: usize| setup.knobs[index];
        let out = knob(OUT);
        let answers = if knob(ANSWERS) == 0 { out } else { knob(ANSWERS).min(out) };
        let delay = u64::from(knob(DELAY)) * 1_000;
        let traces = Policy::ALL.map(|policy| Trace::of(Play { policy, out, delay, answers }));
        let told = knob(POLICY) as usize;
        let frames = vec![(Time::ZERO, traces[told].after(0))];
        let mut run = Self { traces, told, frames, log: Log::new() };
        run.tell();
        run
    }

    /// The trace that is told.
    pub(crate) fn trace(&self) -> &Trace {
        &self.traces[self.told]
    }

    /// How far each trace has come at a frame.
    pub(crate) fn progress(&self, step: u32) -> (Time, [Progress; 3]) {
        let (time, told) = self.frames[step as usize];
        let mut progress = [0, 1, 2].map(|index: usize| self.traces[index].by(time));
        progress[self.told] = told;
        (time, progress)
    }

    fn tell(&mut self) {
        let trace = &self.traces[self.told];
        let rounds = trace.end().interrupts;
        let told = if rounds <= FEW { rounds } else { TOLD };
        let mut at = 0;
        while at < trace.moments.len() {
            let before = trace.after(at);
            let count = if before.interrupts < told || rounds <= FEW {
                tell_one(&mut self.log, trace, at)
            } else {
                let sum = (rounds - TOLD).div_ceil(SUMS);
                tell_sum(&mut self.log, trace, at, (before, before.interrupts + sum))
            };
            at += count;
            let time = trace.moments[at - 1].0;
            self.frames.push((time, trace.after(at)));
        }
        let end = trace.end();
        if end.read < end.answered {
            let (time, unread) = (Time(PERIOD * u64::from(end.answered + 1)), end.answered - end.read);
            self.log.step(time, Event::Wakeups(Wakeups::LeftWaiting { unread, event: end.event }));
            self.frames.push((time, end));
        }
    }
}

/// Tells one bell, one interrupt, or a stretch of silent responses, as one step; how many moments it was.
fn tell_one(log: &mut Log, trace: &Trace, at: usize) -> usize {
    let (time, moment) = trace.moments[at];
    match moment {
        Moment::Answer { index, event, bell } => {
            let alike =
                |(_, moment): &&(Time, Moment)| matches!(moment, Moment::Answer { bell: next, .. } if *next == bell);
            let count = if bell == Bell::Rings { 1 } else { trace.moments[at..].iter().take_while(alike).count() };
            let (old, new) = (index - 1, index - 1 + count as u32);
            log.step(
                trace.moments[at + count - 1].0,
                match (trace.play.policy, bell) {
                    (_, Bell::Silent) => Event::Wakeups(Wakeups::AnsweredSilently { old, new, event }),
                    (Policy::Always, _) => Event::Wakeups(Wakeups::Rung { old, new, pending: bell == Bell::Merges }),
                    (Policy::HalfWay | Policy::Next, _) => Event::ResponsesPublished { old, new, event, notify: true },
                },
            );
            count
        }
        Moment::Read { from, to, event } => {
            log.step(time, Event::ResponsesReaped { index: from, id: from as u16 + 1, count: to - from });
            if trace.play.policy != Policy::Always {
                log.also(time, Event::ResponsesAwaited { event });
            }
            if trace.after(at).restart == 0 && trace.after(at + 1).restart > 0 {
                log.also(time, Event::QueueWoken { outstanding: trace.play.out - to });
            }
            1
        }
    }
}

/// Tells rounds up to so many interrupts, or to the end, as one step; how many moments it was.
fn tell_sum(log: &mut Log, trace: &Trace, at: usize, (before, interrupts): (Progress, u32)) -> usize {
    let mut taken = before.interrupts;
    let mut count = 0;
    while at + count < trace.moments.len() && taken < interrupts {
        taken += u32::from(matches!(trace.moments[at + count].1, Moment::Read { .. }));
        count += 1;
    }
    let after = trace.after(at + count);
    let (old, new) = (before.answered, after.answered);
    let (bells, interrupts) = (after.bells - before.bells, after.interrupts - before.interrupts);
    log.step(trace.moments[at + count - 1].0, Event::Wakeups(Wakeups::Repeated { old, new, bells, interrupts }));
    count
}

impl Run for BellRun {
    fn log(&self) -> &Log {
        &self.log
    }

    fn draw(&self, step: u32, layout: Layout) -> Drawing {
        picture::draw(self, step, layout)
    }

    fn can(&self, _step: u32, _letter: char) -> bool {
        false
    }

    fn value(&self, step: u32, quantity: usize) -> u64 {
        let (time, now) = self.frames[step as usize];
        let out = self.trace().play.out;
        let total = |policy: usize| self.traces[policy].end().interrupts;
        u64::from(match quantity {
            0 => now.interrupts,
            1 => out - now.read,
            2 => now.answered - now.read,
            3 => now.bells,
            4 => now.answered,
            5 => now.read,
            6 => now.event,
            7 => now.restart,
            8 => total(0),
            9 => total(1),
            10 => total(2),
            _ => return waiting(now.first_read, time),
        })
    }

    fn answer(&self) -> Option<Answer> {
        let why = match self.trace().play.policy {
            Policy::Always => "Each answer rings; only a bell that nobody has noticed yet swallows the next ones.",
            Policy::HalfWay => {
                "Netfront asks for its bell half-way through what is still out, so each interrupt leaves half as many to come."
            }
            Policy::Next => "Whenever netfront has read all there is, it asks to be told of the next answer.",
        };
        Some(Answer { value: self.trace().end().interrupts, why })
    }

    fn drivers(&self, _vif: VifId) -> Drivers {
        let front = self.trace().play.policy.front();
        Drivers { front, ..Drivers::default() }
    }
}

/// How long the first response has lain in its slot by now, or had when netfront read it.
pub(crate) fn waiting(first_read: Option<Time>, now: Time) -> u64 {
    first_read.unwrap_or(now).0.saturating_sub(PERIOD)
}
